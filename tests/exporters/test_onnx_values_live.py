"""What layers of ONNX files compute, held to the functions of torch, on random inputs.

Weights are the constants of the exporter: factors and variances 1, biases 0, others 0.1 by the number of inputs.
"""

from math import prod

import pytest
from exporters.conftest import source_of, spec_of_example
from exporters.test_onnx import WRITTEN
from layers.test_every_layer import layer_of, shapes_of

from cnncalc.exporters import export

pytestmark = pytest.mark.live

torch = pytest.importorskip("torch")
numpy = pytest.importorskip("numpy")
runtime = pytest.importorskip("onnxruntime")
F = torch.nn.functional
EPSILON = 1e-5


def rank(x):
    return x.dim() - 2


def of_rank(name, x):
    return getattr(F, f"{name}{rank(x)}d")


def axes_of(settings, x, default):
    axes = settings.get("axes", default)
    if axes is None or axes == "all":
        return list(range(1, x.dim()))
    listed = [0] if axes == "channels" else [axes] if isinstance(axes, int) else axes
    return [axis % (x.dim() - 1) + 1 for axis in listed]


def per_axis(value, x):
    return (value,) * rank(x) if isinstance(value, int) else tuple(value)


def normalize(x, axes, *, center=True):
    centered = x - x.mean(axes, keepdim=True) if center else x
    return centered / (centered.pow(2).mean(axes, keepdim=True) + EPSILON).sqrt()


def pool(name):
    def compute(x, s, _output):
        known = {"kernel_size": s["kernel"], "stride": s.get("stride"), "padding": s.get("padding", 0)}
        known["ceil_mode"] = s.get("rounding") == "ceil"
        known |= {key: s[key] for key in ("dilation", "count_include_pad") if key in s}
        return of_rank(name, x)(x, **known)

    return compute


def convolve(x, s, _output):
    groups = s.get("groups", 1)
    shape = (s["filters"], x.shape[1] // groups, *per_axis(s["kernel"], x))
    weight = torch.full(shape, 0.1 / prod(shape[1:]))
    return of_rank("conv", x)(x, weight, None, s.get("stride", 1), s.get("padding", 0), s.get("dilation", 1), groups)


def spread(x, s, _output):
    groups = s.get("groups", 1)
    shape = (x.shape[1], s["filters"] // groups, *per_axis(s["kernel"], x))
    weight = torch.full(shape, 0.1 / prod((x.shape[1] // groups, *shape[2:])))
    further = (s.get("stride", 1), s.get("padding", 0), s.get("output_padding", 0), groups, s.get("dilation", 1))
    return of_rank("conv_transpose", x)(x, weight, None, *further)


def upsample(x, s, _output):
    smooth = {1: "linear", 2: "bilinear", 3: "trilinear"}[rank(x)]
    mode = {"nearest": "nearest", "bilinear": smooth, "bicubic": "bicubic"}[s.get("mode", "nearest")]
    corners = {} if mode == "nearest" else {"align_corners": s.get("align_corners", False)}
    if "size" in s:
        return F.interpolate(x, size=s["size"], mode=mode, **corners)
    factor = tuple(map(float, s["factor"])) if isinstance(s["factor"], tuple) else float(s["factor"])
    return F.interpolate(x, scale_factor=factor, mode=mode, **corners)


def pad(x, s, _output):
    mode = s.get("mode", "zero")
    return F.pad(x, [s["padding"]] * 2 * rank(x), mode="constant" if mode == "zero" else mode)


def reduce(x, s, _output):
    axes, keep = axes_of(s, x, None), s.get("keep_dims", False)
    if s["op"] == "norm":
        found = x.pow(2).sum(axes, keepdim=keep).sqrt()
    else:
        found = getattr(x, {"max": "amax", "min": "amin"}.get(s["op"], s["op"]))(axes, keepdim=keep)
    return found if found.dim() > 1 else found[:, None]


def cut(x, s, _output):
    places = [slice(None)] * x.dim()
    places[s.get("axis", 0) % (x.dim() - 1) + 1] = slice(s.get("start", 0), s.get("stop"), s.get("step", 1))
    return x[tuple(places)]


def local_norm(x, s, _output):
    size = s.get("size", 5)
    alpha, beta, k = (float(s.get(key, default)) for key, default in (("alpha", 1e-4), ("beta", 0.75), ("k", 2)))
    return F.local_response_norm(x, size, alpha * size, beta, k)


def window_settings(s):
    return s["kernel"], s.get("dilation", 1), s.get("padding", 0), s.get("stride", 1)


# A function of the input, the settings and the output's shape for each type, and the settings that it does not know.
FUNCTIONS = {
    "absolute": lambda x, _s, _o: x.abs(),
    "adaptive_avg_pool": lambda x, s, _o: of_rank("adaptive_avg_pool", x)(x, s["size"]),
    "adaptive_max_pool": lambda x, s, _o: of_rank("adaptive_max_pool", x)(x, s["size"]),
    "avg_pool": pool("avg_pool"),
    "batch_norm": lambda x, s, _o: (
        x / (1 + EPSILON) ** 0.5 if s.get("track_statistics", True) else normalize(x, [0, *range(2, x.dim())])
    ),
    "conv": convolve,
    "conv_transpose": spread,
    "elu": lambda x, s, _o: F.elu(x, float(s.get("alpha", 1))),
    "fold": lambda x, s, o: F.fold(x.flatten(2), tuple(o[1:]), *window_settings(s)),
    "gelu": lambda x, s, _o: F.gelu(x, approximate=s.get("approximate", "none")),
    "group_norm": lambda x, s, _o: F.group_norm(x, s["groups"]),
    "hard_sigmoid": lambda x, _s, _o: F.hardsigmoid(x),
    "hard_swish": lambda x, _s, _o: F.hardswish(x),
    "instance_norm": lambda x, s, _o: (
        x / (1 + EPSILON) ** 0.5 if s.get("track_statistics") else normalize(x, list(range(2, x.dim())))
    ),
    "layer_norm": lambda x, s, _o: normalize(x, axes_of(s, x, "all")),
    "leaky_relu": lambda x, s, _o: F.leaky_relu(x, float(s.get("slope", 0.01))),
    "log_softmax": lambda x, s, _o: x.log_softmax(s.get("axis", 0) % (x.dim() - 1) + 1),
    "lrn": local_norm,
    "max_pool": pool("max_pool"),
    "maxout": lambda x, s, o: x.reshape(len(x), o[0], s["pieces"], *o[1:]).amax(2),
    "mish": lambda x, _s, _o: F.mish(x),
    "pad": pad,
    "pixel_shuffle": lambda x, s, _o: F.pixel_shuffle(x, s["factor"]),
    "pixel_unshuffle": lambda x, s, _o: F.pixel_unshuffle(x, s["factor"]),
    "reduce": reduce,
    "relu": lambda x, _s, _o: x.relu(),
    "relu6": lambda x, _s, _o: F.relu6(x),
    "rms_norm": lambda x, s, _o: normalize(x, axes_of(s, x, "all"), center=False),
    "roll": lambda x, s, _o: x.roll(per_axis(s["shift"], x), tuple(range(2, x.dim()))),
    "selu": lambda x, _s, _o: F.selu(x),
    "silu": lambda x, _s, _o: F.silu(x),
    "slice": cut,
    "softmax": lambda x, s, _o: x.softmax(s.get("axis", 0) % (x.dim() - 1) + 1),
    "softplus": lambda x, _s, _o: F.softplus(x),
    "threshold": lambda x, s, _o: (x >= float(s.get("threshold", 0))).float(),
    "unfold": lambda x, s, o: F.unfold(x, *window_settings(s)).reshape(len(x), *o),
    "upsample": upsample,
}
# Functions of torch that know only images.
OF_IMAGES = {"fold", "pixel_shuffle", "pixel_unshuffle", "unfold"}


def is_known(example):
    s, axes = example.settings, len(example.inputs[0]) if example.inputs else 0
    return (
        example.type in FUNCTIONS
        and s.get("padding", 0) not in ("same", "valid")
        and not isinstance(s.get("padding", 0), tuple)
        and not {"connections", "standardize", "channels"} & set(s)
        and not (example.type == "conv_transpose" and "size" in s)
        and not (example.type in OF_IMAGES and axes != 3)
        and not (example.type == "lrn" and axes == 1)
    )


@pytest.mark.parametrize("example", [*filter(is_known, WRITTEN)], ids=lambda example: example.label)
def test_layers_compute_what_those_of_torch_do(example, tmp_path):
    generator = torch.Generator().manual_seed(0)
    (shape,) = example.inputs
    x = torch.randn((2, *shape), generator=generator) * 3
    wanted = FUNCTIONS[example.type](x, example.settings, layer_of(example).output_shape(shapes_of(example)))
    path = tmp_path / "net.yaml"
    path.write_text(spec_of_example(example))
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(export(source_of(str(path)), "onnx"), options)
    (found,) = session.run(None, {"input": x.numpy()})
    numpy.testing.assert_allclose(found, wanted.numpy(), rtol=1e-3, atol=2e-4)
