"""Programs of torch.export as layers: records by hand, in the order and with the shapes that PyTorch gives."""

import contextlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError
from cnncalc.interchange.graph import to_spec
from cnncalc.interchange.torch import read_module
from cnncalc.interchange.torch_graph import read_program
from cnncalc.interchange.torch_program import ModuleCall, NodeRef, StoredTensor, TorchNode, TorchProgram
from cnncalc.network.build import build
from cnncalc.spec.decode import decode
from cnncalc.spec.locate import ParsedFile

TARGET = "nets:tiny"
IMAGE = (1, 4, 8, 8)


def argument(value):
    """A tensor is written as %name."""
    if isinstance(value, str) and value.startswith("%"):
        return NodeRef(value[1:])
    return tuple(map(argument, value)) if isinstance(value, list | tuple) else value


def node(name, operator, shapes, path="", call="", in_place=False, **arguments):
    shapes = (shapes,) if all(isinstance(size, int) for size in shapes) else tuple(shapes)
    parts = path.split(".") if path else []
    paths = [".".join(parts[:end]) for end in range(len(parts) + 1)]
    calls = tuple(ModuleCall(each, f"Class{len(each)}", each + call) for each in paths)
    named = {key: argument(value) for key, value in arguments.items()}
    return TorchNode(name, operator, named, shapes, calls, in_place)


def program(*nodes, x=IMAGE, outputs=(), frozen=(), constants=(), **stored):
    """A program of nodes; `stored` has the shapes of parameters, whose names have _ for dots."""
    tensors = {
        key: StoredTensor(key if "." in key else key.replace("_", "."), shape, key not in frozen)
        for key, shape in stored.items()
    }
    inputs = x if isinstance(x, dict) else {"x": x}
    return TorchProgram(inputs, tensors, dict(constants), nodes, outputs or (nodes[-1].name,))


def network_of(graph):
    return build(decode((ParsedFile(to_spec(graph), "", TARGET),)))


def shown(layer, network):
    settings = " ".join(f"{key}={value}".replace(" ", "") for key, value in layer.settings.items())
    return " ".join(filter(None, (layer.type, settings, "->", str(network.shape_of(layer.name)))))


def read(*nodes, **options):
    """The layers of a program as `type settings -> shape`."""
    graph = read_program(program(*nodes, **options), TARGET)
    network = network_of(graph)
    return [shown(layer, network) for layer in graph.layers]


def refused(*nodes, **options):
    with pytest.raises(SpecError) as error:
        read_program(program(*nodes, **options), TARGET)
    return [str(problem) for problem in error.value.problems]


def conv(name, x="%x", shape=(1, 8, 8, 8), path="", **settings):
    given = {"bias": None, "stride": [1, 1], "padding": [1, 1], "dilation": [1, 1], "groups": 1, **settings}
    return node(name, "conv2d", shape, path, input=x, weight=f"%{path.replace('.', '_') or name}_weight", **given)


# --- one operator ---

# operator, its shape, its arguments, what it becomes; the input is 4x8x8 where no `x` is given.
OPERATORS = [
    ("relu", IMAGE, {}, ["relu -> 4x8x8"]),
    ("sigmoid", IMAGE, {}, ["sigmoid -> 4x8x8"]),
    ("hardswish", IMAGE, {}, ["hard_swish -> 4x8x8"]),
    ("hardtanh", IMAGE, {"min_val": 0.0, "max_val": 6.0}, ["relu6 -> 4x8x8"]),
    ("hardtanh", IMAGE, {"min_val": -1.0, "max_val": 1.0}, ["apply function=min(max(x,-1),1) -> 4x8x8"]),
    ("clamp", IMAGE, {"min": 0, "max": None}, ["relu -> 4x8x8"]),
    ("clamp", IMAGE, {"min": None, "max": 2}, ["apply function=min(x,2) -> 4x8x8"]),
    ("gelu", IMAGE, {"approximate": "none"}, ["gelu -> 4x8x8"]),
    ("gelu", IMAGE, {"approximate": "tanh"}, ["gelu approximate=tanh -> 4x8x8"]),
    ("leaky_relu", IMAGE, {"negative_slope": 0.2}, ["leaky_relu slope=0.2 -> 4x8x8"]),
    ("elu", IMAGE, {"alpha": 1.0}, ["elu -> 4x8x8"]),
    ("elu", IMAGE, {"alpha": 0.5}, ["elu alpha=0.5 -> 4x8x8"]),
    ("celu", IMAGE, {"alpha": 2.0}, ["apply function=xifx>0else2*(exp(x/2)-1) -> 4x8x8"]),
    ("softplus", IMAGE, {"beta": 1, "threshold": 20}, ["softplus -> 4x8x8"]),
    ("softplus", IMAGE, {"beta": 2, "threshold": 20}, ["apply function=softplus(2*x)/2 -> 4x8x8"]),
    ("threshold", IMAGE, {"threshold": 0.1, "value": 0}, ["apply function=xifx>0.1else0 -> 4x8x8"]),
    ("hardshrink", IMAGE, {"lambd": 0.5}, ["apply function=xifabs(x)>0.5else0 -> 4x8x8"]),
    ("softshrink", IMAGE, {"lambd": 0.5}, ["apply function=max(x-0.5,0)+min(x+0.5,0) -> 4x8x8"]),
    ("exp", IMAGE, {}, ["apply function=exp(x) -> 4x8x8"]),
    ("softmax", IMAGE, {"dim": 1}, ["softmax -> 4x8x8"]),
    ("softmax", IMAGE, {"dim": -1}, ["softmax axis=-1 -> 4x8x8"]),
    ("softmax", IMAGE, {"dim": 2}, ["softmax axis=1 -> 4x8x8"]),
    ("log_softmax", IMAGE, {"dim": 1}, ["log_softmax -> 4x8x8"]),
    ("dropout", IMAGE, {"p": 0.5, "train": False}, ["dropout rate=0.5 -> 4x8x8"]),
    ("add", IMAGE, {"other": 1.5, "alpha": 1}, ["apply function=x+1.5 -> 4x8x8"]),
    ("add", IMAGE, {"other": 1.5, "alpha": 2}, ["apply function=x+3 -> 4x8x8"]),
    ("sub", IMAGE, {"other": -1, "alpha": 1}, ["apply function=x+1 -> 4x8x8"]),
    ("rsub", IMAGE, {"other": 1, "alpha": 1}, ["apply function=-x+1 -> 4x8x8"]),
    ("mul", IMAGE, {"other": -2}, ["apply function=x*(-2) -> 4x8x8"]),
    ("div", IMAGE, {"other": 4, "rounding_mode": None}, ["apply function=x/4 -> 4x8x8"]),
    ("pow", IMAGE, {"exponent": 2}, ["apply function=x**2 -> 4x8x8"]),
    ("add", IMAGE, {"other": "%x", "alpha": 1}, ["apply function=x*2 -> 4x8x8"]),
    ("mul", IMAGE, {"other": "%x"}, ["apply function=x**2 -> 4x8x8"]),
    (
        "glu",
        (1, 2, 8, 8),
        {"dim": 1},
        ["slice stop=2 -> 2x8x8", "slice start=2 -> 2x8x8", "apply function=x*sigmoid(y) -> 2x8x8"],
    ),
    (
        "slice",
        (1, 4, 8, 3),
        {"dim": 3, "start": 1, "end": 2**63 - 1, "step": 3},
        ["slice axis=2 start=1 step=3 -> 4x8x3"],
    ),
    ("slice", (1, 4, 7, 8), {"dim": 2, "start": None, "end": -1, "step": 1}, ["slice axis=1 stop=7 -> 4x7x8"]),
    ("narrow", (1, 2, 8, 8), {"dim": 1, "start": 1, "length": 2}, ["slice start=1 stop=3 -> 2x8x8"]),
    ("select", (1, 8, 8), {"dim": 1, "index": -1}, ["slice start=3 -> 1x8x8", "flatten end=1 -> 8x8"]),
    ("roll", IMAGE, {"shifts": [-3, 2], "dims": [2, 3]}, ["roll shift=(-3,2) -> 4x8x8"]),
    (
        "pad",
        (1, 4, 11, 11),
        {"pad": [1, 2, 3, 0], "mode": "constant", "value": None},
        ["pad padding=(3,0,1,2) -> 4x11x11"],
    ),
    (
        "pad",
        (1, 6, 8, 8),
        {"pad": [0, 0, 0, 0, 1, 1], "mode": "constant", "value": 0.0},
        ["pad padding=0 channels=(1,1) -> 6x8x8"],
    ),
    ("pad", (1, 4, 10, 10), {"pad": [1, 1, 1, 1], "mode": "reflect"}, ["pad padding=1 mode=reflect -> 4x10x10"]),
    ("constant_pad_nd", (1, 4, 7, 8), {"pad": [0, 0, -1, 0], "value": 0}, ["pad padding=(-1,0,0,0) -> 4x7x8"]),
    ("pixel_shuffle", (1, 1, 16, 16), {"upscale_factor": 2}, ["pixel_shuffle factor=2 -> 1x16x16"]),
    ("pixel_unshuffle", (1, 16, 4, 4), {"downscale_factor": 2}, ["pixel_unshuffle factor=2 -> 16x4x4"]),
    ("channel_shuffle", IMAGE, {"groups": 2}, ["channel_shuffle groups=2 -> 4x8x8"]),
    ("repeat", (1, 8, 8, 8), {"repeats": [1, 2, 1, 1]}, ["gather shape=(8,) axis=0 -> 8x8x8"]),
    ("repeat_interleave", (1, 4, 8, 16), {"repeats": 2, "dim": 3}, ["gather shape=(16,) -> 4x8x16"]),
    ("index_select", (1, 4, 8, 5), {"dim": -1, "index": "%places"}, ["gather shape=(5,) -> 4x8x5"]),
    ("flatten", (1, 256), {"start_dim": 1, "end_dim": -1}, ["flatten -> 256"]),
    ("flatten", (1, 4, 64), {"start_dim": 2, "end_dim": -1}, ["flatten start=1 -> 4x64"]),
    ("view", (1, 2, 2, 8, 8), {"size": [1, 2, 2, 8, 8]}, ["reshape shape=(2,2,8,8) -> 2x2x8x8"]),
    ("mean", (1, 4), {"dim": [2, 3], "keepdim": False}, ["global_avg_pool -> 4"]),
    ("mean", (1, 4, 1, 1), {"dim": [-1, -2], "keepdim": True}, ["global_avg_pool keep_dims=True -> 4x1x1"]),
    ("amax", (1, 4), {"dim": [2, 3], "keepdim": False}, ["global_max_pool -> 4"]),
    ("mean", (1, 1, 8, 8), {"dim": [1], "keepdim": True}, ["reduce op=mean axes=0 keep_dims=True -> 1x8x8"]),
    ("sum", (1, 4, 8), {"dim": [3], "keepdim": False}, ["reduce op=sum axes=2 -> 4x8"]),
    ("mean", (), {}, ["reduce op=mean -> 1"]),
    (
        "linalg_vector_norm",
        (1, 1, 8, 8),
        {"ord": 2, "dim": [1], "keepdim": True},
        ["reduce op=norm axes=0 keep_dims=True -> 1x8x8"],
    ),
    (
        "max_pool2d",
        (1, 4, 4, 4),
        {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1], "dilation": 1, "ceil_mode": False},
        ["max_pool kernel=3 stride=2 padding=1 -> 4x4x4"],
    ),
    (
        "max_pool2d",
        (1, 4, 4, 4),
        {"kernel_size": [2], "stride": [], "padding": 0, "dilation": 1, "ceil_mode": False},
        ["max_pool kernel=2 -> 4x4x4"],
    ),
    (
        "max_pool2d",
        (1, 4, 4, 4),
        {"kernel_size": [3, 3], "stride": [2, 2], "padding": 0, "dilation": 1, "ceil_mode": True},
        ["max_pool kernel=3 stride=2 rounding=ceil -> 4x4x4"],
    ),
    (
        "avg_pool2d",
        IMAGE,
        {"kernel_size": [3, 3], "stride": [1, 1], "padding": [1, 1], "ceil_mode": False, "count_include_pad": False},
        ["avg_pool kernel=3 stride=1 padding=1 count_include_pad=False -> 4x8x8"],
    ),
    ("adaptive_avg_pool2d", (1, 4, 1, 1), {"output_size": [1, 1]}, ["global_avg_pool keep_dims=True -> 4x1x1"]),
    ("adaptive_avg_pool2d", (1, 4, 3, 5), {"output_size": [3, 5]}, ["adaptive_avg_pool size=(3,5) -> 4x3x5"]),
    (
        "upsample_nearest2d",
        (1, 4, 16, 16),
        {"output_size": None, "scale_factors": [2.0, 2.0]},
        ["upsample factor=2 -> 4x16x16"],
    ),
    (
        "upsample_bilinear2d",
        (1, 4, 16, 16),
        {"output_size": [16, 16], "align_corners": True, "scale_factors": None},
        ["upsample size=16 mode=bilinear align_corners=True -> 4x16x16"],
    ),
    (
        "im2col",
        (1, 36, 64),
        {"kernel_size": [3, 3], "dilation": [1, 1], "padding": [1, 1], "stride": [1, 1]},
        ["unfold kernel=3 padding=1 -> 36x8x8", "flatten start=1 -> 36x64"],
    ),
    ("masked_fill", IMAGE, {"mask": "%places", "value": 0}, ["relu -> 4x8x8"]),
]


@pytest.mark.parametrize(
    ("operator", "shape", "arguments", "becomes"), OPERATORS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_operators(operator, shape, arguments, becomes):
    made = [node("y", operator, shape, self="%x", **arguments)]
    if operator == "masked_fill":
        made.append(node("z", "relu", shape, self="%y"))
    assert read(*made, constants={"places": (5,)}) == becomes


# What changes only names of axes, or nothing, adds no layer.
NOTHING = [
    ("contiguous", IMAGE, {}),
    ("to", IMAGE, {"dtype": "torch.float32"}),
    ("dropout", IMAGE, {"p": 0.0, "train": False}),
    ("pad", IMAGE, {"pad": [0, 0, 0, 0], "mode": "constant"}),
    ("slice", IMAGE, {"dim": 1, "start": 0, "end": 2**63 - 1, "step": 1}),
    ("permute", (1, 8, 8, 4), {"dims": [0, 2, 3, 1]}),
    ("transpose", (4, 1, 8, 8), {"dim0": 0, "dim1": 1}),
    ("unsqueeze", (1, 4, 8, 8, 1), {"dim": 4}),
    ("mul", IMAGE, {"other": 1}),
    ("add", IMAGE, {"other": 0, "alpha": 1}),
    ("expand", IMAGE, {"size": [1, -1, -1, -1]}),
]


@pytest.mark.parametrize(("operator", "shape", "arguments"), NOTHING, ids=lambda value: str(value)[:20])
def test_what_moves_nothing_adds_no_layer(operator, shape, arguments):
    after = node("z", "relu", shape, self="%y")
    assert len(read(node("y", operator, shape, self="%x", **arguments), after)) == 1


# operator, shape, arguments, parameters, what it becomes, learned parameters and buffers, by hand
WEIGHTED = [
    (
        "conv2d",
        (1, 8, 4, 4),
        {"stride": [2, 2], "padding": [1, 1]},
        {"weight": (8, 4, 3, 3), "bias": (8,)},
        "conv filters=8 kernel=3 stride=2 padding=1 -> 8x4x4",
        296,
        0,
    ),
    (
        "conv2d",
        IMAGE,
        {"padding": "same", "groups": 2},
        {"weight": (4, 2, 3, 3)},
        "conv filters=4 kernel=3 padding=same groups=2 bias=False -> 4x8x8",
        72,
        0,
    ),
    (
        "conv2d",
        (1, 8, 8, 4),
        {"padding": [1, 0], "dilation": [1, 2], "groups": 4},
        {"weight": (8, 1, 3, 3)},
        "depthwise_conv kernel=3 padding=(1,0) dilation=(1,2) multiplier=2 bias=False -> 8x8x4",
        72,
        0,
    ),
    (
        "conv_transpose2d",
        (1, 6, 16, 16),
        {"stride": [2, 2], "padding": [1, 1], "output_padding": [1, 1]},
        {"weight": (4, 6, 3, 3), "bias": (6,)},
        "conv_transpose filters=6 kernel=3 stride=2 padding=1 output_padding=1 -> 6x16x16",
        222,
        0,
    ),
    (
        "batch_norm",
        IMAGE,
        {},
        {"weight": (4,), "bias": (4,), "running_mean": (4,), "running_var": (4,)},
        "batch_norm -> 4x8x8",
        8,
        8,
    ),
    ("batch_norm", IMAGE, {}, {"running_mean": (4,), "running_var": (4,)}, "batch_norm affine=False -> 4x8x8", 0, 8),
    ("batch_norm", IMAGE, {}, {"weight": (4,), "bias": (4,)}, "batch_norm track_statistics=False -> 4x8x8", 8, 0),
    ("instance_norm", IMAGE, {}, {}, "instance_norm -> 4x8x8", 0, 0),
    ("group_norm", IMAGE, {"num_groups": 2}, {"weight": (4,), "bias": (4,)}, "group_norm groups=2 -> 4x8x8", 8, 0),
    (
        "layer_norm",
        IMAGE,
        {"normalized_shape": [4, 8, 8]},
        {"weight": (4, 8, 8), "bias": (4, 8, 8)},
        "layer_norm -> 4x8x8",
        512,
        0,
    ),
    (
        "layer_norm",
        IMAGE,
        {"normalized_shape": [8]},
        {"weight": (8,), "bias": (8,)},
        "layer_norm axes=2 -> 4x8x8",
        16,
        0,
    ),
    ("rms_norm", IMAGE, {"normalized_shape": [8]}, {"weight": (8,)}, "rms_norm axes=2 -> 4x8x8", 8, 0),
    ("linear", (1, 4, 8, 5), {}, {"weight": (5, 8), "bias": (5,)}, "linear features=5 axis=2 -> 4x8x5", 45, 0),
    ("prelu", IMAGE, {}, {"weight": (4,)}, "prelu per_channel=True -> 4x8x8", 4, 0),
    ("prelu", IMAGE, {}, {"weight": (1,)}, "prelu -> 4x8x8", 1, 0),
    ("mul", IMAGE, {}, {"other": (4, 1, 1)}, "scale -> 4x8x8", 4, 0),
    ("mul", IMAGE, {}, {"other": (1,)}, "scale per_channel=False -> 4x8x8", 1, 0),
    ("add", IMAGE, {"alpha": 1}, {"other": (1, 4, 1, 1)}, "bias -> 4x8x8", 4, 0),
]


@pytest.mark.parametrize(
    ("operator", "shape", "arguments", "stored", "becomes", "params", "buffers"),
    WEIGHTED,
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_layers_with_weights(operator, shape, arguments, stored, becomes, params, buffers):
    tensors = {f"layer_{key}": sizes for key, sizes in stored.items()}
    first = "self" if operator in ("mul", "add", "prelu") else "input"
    weights = {key: f"%layer_{key}" for key in stored}
    statistics = [key for key in tensors if "running" in key]
    made = program(
        node("y", operator, shape, "layer", **{first: "%x", **weights, **arguments}), frozen=statistics, **tensors
    )
    graph = read_program(made, TARGET)
    network = network_of(graph)
    assert [shown(layer, network) for layer in graph.layers] == [becomes]
    assert (totals(network).params, totals(network).buffers) == (params, buffers)


# --- sums and products ---


def test_joins():
    relu = node("a", "relu", IMAGE, self="%x")
    for operator, becomes in (
        ("add", "add -> 4x8x8"),
        ("sub", "subtract -> 4x8x8"),
        ("mul", "multiply -> 4x8x8"),
        ("div", "apply function=x/y -> 4x8x8"),
        ("maximum", "apply function=max(x,y) -> 4x8x8"),
    ):
        assert read(relu, node("y", operator, IMAGE, self="%a", other="%x"))[1:] == [becomes]


def test_a_vector_is_broadcast_over_a_map():
    pool = node("p", "mean", (1, 4, 1, 1), self="%x", dim=[2, 3], keepdim=True)
    layers = read(pool, node("y", "mul", IMAGE, self="%p", other="%x"))
    assert layers == ["global_avg_pool keep_dims=True -> 4x1x1", "multiply -> 4x8x8"]


def test_a_concatenation_along_a_new_axis():
    relu = node("a", "relu", IMAGE, self="%x")
    layers = read(relu, node("y", "stack", (1, 4, 2, 8, 8), tensors=["%x", "%a"], dim=2))
    assert layers[-1] == "concat axis=3 -> 4x8x8x2"
    layers = read(relu, node("y", "cat", (1, 8, 8, 8), tensors=["%x", "%a"], dim=1))
    assert layers == ["relu -> 4x8x8", "concat -> 8x8x8"]


def test_a_factor_and_an_addend_of_each_channel_are_one_layer():
    made = (
        node("a", "mul", IMAGE, self="%x", other="%factor"),
        node("y", "add", IMAGE, self="%a", other="%addend", alpha=1),
    )
    stored = {"factor": (4, 1, 1), "addend": (4, 1, 1)}
    assert read(*made, **stored) == ["scale bias=True -> 4x8x8"]
    read_twice = node("z", "mul", IMAGE, self="%a", other="%y")
    assert read(*made, read_twice, **stored) == ["scale -> 4x8x8", "bias -> 4x8x8", "multiply -> 4x8x8"]


def test_addcmul_is_a_product_and_a_sum():
    stored = {"factor": (1, 4, 1, 1), "addend": (1, 4, 1, 1)}
    made = node("y", "addcmul", IMAGE, self="%addend", tensor1="%factor", tensor2="%x", value=1)
    assert read(made, **stored) == ["scale bias=True -> 4x8x8"]


# --- axes ---


def test_channels_last_is_no_layer():
    """ConvNeXt's normalization and linear layers between two permutes: the channels stay first."""
    last = (1, 8, 8, 4)
    layers = read(
        node("a", "permute", last, self="%x", dims=[0, 2, 3, 1]),
        node("b", "layer_norm", last, "n", input="%a", normalized_shape=[4], weight="%n_weight", bias="%n_bias"),
        node("c", "linear", (1, 8, 8, 6), "l", input="%b", weight="%l_weight", bias="%l_bias"),
        node("y", "permute", (1, 6, 8, 8), self="%c", dims=[0, 3, 1, 2]),
        n_weight=(4,),
        n_bias=(4,),
        l_weight=(6, 4),
        l_bias=(6,),
    )
    assert layers == ["layer_norm axes=channels -> 4x8x8", "linear features=6 axis=0 -> 6x8x8"]


def test_windows_are_cut_as_the_bundled_networks_cut_them():
    """Swin: 4x8x8 as 4 windows of 4x4 positions."""
    layers = read(
        node("a", "permute", (1, 8, 8, 4), self="%x", dims=[0, 2, 3, 1]),
        node("b", "view", (1, 2, 4, 2, 4, 4), self="%a", size=[1, 2, 4, 2, 4, 4]),
        node("c", "permute", (1, 2, 2, 4, 4, 4), self="%b", dims=[0, 1, 3, 2, 4, 5]),
        node("y", "reshape", (4, 16, 4), self="%c", shape=[4, 16, 4]),
    )
    assert layers == [
        "reshape shape=(4,2,4,2,4) -> 4x2x4x2x4",
        "permute axes=(0,1,3,2,4) -> 4x2x2x4x4",
        "reshape shape=(4,4,16) -> 4x4x16",
    ]


def test_a_channel_shuffle_is_recognized():
    made = [
        node("a", "view", (1, 2, 2, 8, 8), self="%x", size=[1, 2, 2, 8, 8]),
        node("b", "transpose", (1, 2, 2, 8, 8), self="%a", dim0=1, dim1=2),
        node("c", "contiguous", (1, 2, 2, 8, 8), self="%b"),
        node("y", "view", IMAGE, self="%c", size=IMAGE),
    ]
    assert read(*made) == ["channel_shuffle groups=2 -> 4x8x8"]
    # Without the transpose, the elements are where they were.
    assert read(made[0], node("y", "view", IMAGE, self="%a", size=IMAGE), node("z", "relu", IMAGE, self="%y")) == [
        "relu -> 4x8x8"
    ]


def test_a_split_is_slices_of_the_parts_that_are_read():
    layers = read(
        node("a", "chunk", [(1, 2, 8, 8), (1, 2, 8, 8)], self="%x", chunks=2, dim=1),
        TorchNode("b", "getitem", {"0": NodeRef("a"), "1": 1}, ((1, 2, 8, 8),)),
    )
    assert layers == ["slice start=2 -> 2x8x8"]


def test_samples_are_an_axis_of_a_map():
    """A network of images that treats the 5 images of a sample as a batch: a kernel of 1 along them."""
    layers = read(
        node("a", "flatten", (5, 4, 8, 8), self="%x", start_dim=0, end_dim=1),
        conv("y", "%a", (5, 8, 8, 8)),
        x=(1, 5, 4, 8, 8),
        y_weight=(8, 4, 3, 3),
    )
    assert layers == [
        "permute axes=(1,0,2,3) -> 4x5x8x8",
        "conv filters=8 kernel=(1,3,3) padding=(0,1,1) bias=False -> 8x5x8x8",
    ]


def test_a_vector_follows_a_global_pool():
    layers = read(
        node("a", "adaptive_avg_pool2d", (1, 4, 1, 1), self="%x", output_size=[1, 1]),
        node("b", "flatten", (1, 4), self="%a", start_dim=1, end_dim=-1),
        node("y", "linear", (1, 5), "fc", input="%b", weight="%fc_weight", bias=None),
        fc_weight=(5, 4),
    )
    assert layers == ["global_avg_pool -> 4", "linear features=5 bias=False -> 5"]


# --- attention ---


def test_attention():
    """A class token, positions, and attention of 2 heads of 4 channels: 5 tokens of 8 channels."""
    tokens, heads = (1, 5, 8), (1, 2, 5, 4)
    made = []
    for name in "qkv":
        made += [
            node(f"{name}0", "linear", tokens, f"{name}", input="%s", weight=f"%{name}_weight", bias=None),
            node(f"{name}1", "view", (1, 5, 2, 4), self=f"%{name}0", size=[1, 5, 2, 4]),
            node(f"{name}2", "transpose", heads, self=f"%{name}1", dim0=1, dim1=2),
        ]
    layers = read(
        node("f", "flatten", (1, 8, 4), self="%x", start_dim=2, end_dim=-1),
        node("t", "transpose", (1, 4, 8), self="%f", dim0=1, dim1=2),
        node("c", "cat", tokens, tensors=["%token", "%t"], dim=1),
        node("s", "add", tokens, self="%c", other="%positions", alpha=1),
        *made,
        node("a", "scaled_dot_product_attention", heads, query="%q2", key="%k2", value="%v2", scale=None),
        node("b", "transpose", (1, 5, 2, 4), self="%a", dim0=1, dim1=2),
        node("y", "reshape", tokens, self="%b", shape=tokens),
        x=(1, 8, 2, 2),
        token=(1, 1, 8),
        positions=(1, 5, 8),
        q_weight=(8, 8),
        k_weight=(8, 8),
        v_weight=(8, 8),
    )
    assert layers == [
        "flatten start=1 -> 8x4",
        "parameter shape=(8,1) -> 8x1",
        "concat axis=1 -> 8x5",
        "parameter shape=(8,5) -> 8x5",
        "add -> 8x5",
        *["linear features=8 axis=0 bias=False -> 8x5", "reshape shape=(2,4,5) -> 2x4x5"] * 3,
        "apply function=x/sqrt(4) -> 2x4x5",
        "einsum equation=hdn,hdm->hnm -> 2x5x5",
        "softmax axis=-1 -> 2x5x5",
        "einsum equation=hnm,hdm->hdn -> 2x4x5",
        "flatten end=1 -> 8x5",
    ]


def test_products_of_matrices():
    layers = read(
        node("a", "transpose", (1, 4, 8, 8), self="%x", dim0=2, dim1=3),
        node("y", "matmul", (1, 4, 8, 8), self="%x", other="%a"),
    )
    assert layers == ["einsum equation=hnd,hmd->hmn -> 4x8x8"]
    layers = read(node("y", "einsum", (1, 8, 8), equation="bcij, bcjk -> bik", tensors=["%x", "%x"]))
    assert [layer.split()[-1] for layer in layers] == ["8x8"]


def test_a_position_bias_is_looked_up():
    """Swin: a table of 2 heads for 9 offsets, at the 16 pairs of 4 positions."""
    layers = read(
        node("a", "index", (16, 2), self="%table", indices=["%places"]),
        node("b", "view", (4, 4, 2), self="%a", size=[4, 4, 2]),
        node("c", "permute", (2, 4, 4), self="%b", dims=[2, 0, 1]),
        node("d", "unsqueeze", (1, 2, 4, 4), self="%c", dim=0),
        node("y", "add", (1, 2, 4, 4), self="%x", other="%d", alpha=1),
        x=(1, 2, 4, 4),
        table=(9, 2),
        places=(16,),
        frozen=["places"],
    )
    assert layers == [
        "parameter shape=(2,9) -> 2x9",
        "gather shape=(16,) -> 2x16",
        "reshape shape=(2,4,4) -> 2x4x4",
        "add -> 2x4x4",
    ]


def test_masks_of_shapes_alone_are_not_written():
    layers = read(
        node("m", "new_zeros", (8, 8), self="%x", size=[8, 8]),
        node("n", "eq", (8, 8), self="%m", other=0),
        node("o", "masked_fill", (8, 8), self="%m", mask="%n", value=-100.0),
        node("p", "add", IMAGE, self="%x", other="%o", alpha=1),
        node("y", "softmax", IMAGE, self="%p", dim=-1),
    )
    assert layers == ["softmax axis=-1 -> 4x8x8"]


def test_constants_are_frozen_parameters():
    made = program(node("a", "arange", (8,), end=8), node("y", "add", IMAGE, self="%x", other="%a", alpha=1))
    graph = read_program(made, TARGET)
    assert next((layer.type, layer.frozen) for layer in graph.layers) == ("parameter", True)
    assert totals(network_of(graph)).buffers == 8


def test_standardized_convolutions():
    """timm's StdConv2d and ScaledStdConv2d normalize their weights by a batch norm of these."""
    weights = [
        node("a", "reshape", (1, 8, 36), self="%c_weight", shape=[1, 8, 36]),
        node("b", "batch_norm", (1, 8, 36), input="%a", weight=None, bias=None, training=True),
        node("d", "reshape", (8, 4, 3, 3), self="%b", shape=[8, 4, 3, 3]),
    ]
    y = node("y", "conv2d", (1, 8, 6, 6), "c", input="%x", weight="%d", bias=None)
    assert read(*weights, y, c_weight=(8, 4, 3, 3)) == ["conv filters=8 kernel=3 standardize=plain bias=False -> 8x6x6"]
    weights[1] = node("b", "batch_norm", (1, 8, 36), input="%a", weight="%c_gain", bias=None, training=True)
    layers = read(*weights, y, c_weight=(8, 4, 3, 3), c_gain=(8, 1, 1, 1))
    assert layers == ["conv filters=8 kernel=3 standardize=gain bias=False -> 8x6x6"]


def test_a_fold():
    """4 elements at each of 64 positions: windows of 2x2, side by side."""
    made = node("y", "col2im", (1, 1, 16, 16), self="%x", output_size=[16, 16], kernel_size=[2, 2], dilation=[1, 1],
                padding=[0, 0], stride=[2, 2])  # fmt: skip
    layers = read(made, x=(1, 4, 64))
    assert layers == ["reshape shape=(4,8,8) -> 4x8x8", "fold kernel=2 stride=2 size=(16,16) -> 1x16x16"]


def test_recurrences_and_embeddings():
    params = [f"%l_{key}" for key in ("w0", "r0", "b0", "c0")]
    layers = read(
        node("e", "embedding", (1, 6, 8), "e", weight="%e_weight", indices="%x"),
        node(
            "r",
            "gru",
            [(1, 6, 3), (1, 1, 3)],
            "l",
            input="%e",
            params=params,
            has_biases=True,
            num_layers=1,
            bidirectional=False,
            batch_first=True,
        ),
        TorchNode("y", "getitem", {"0": NodeRef("r"), "1": 0}, ((1, 6, 3),)),
        x=(1, 6),
        e_weight=(10, 8),
        l_w0=(9, 8),
        l_r0=(9, 3),
        l_b0=(9,),
        l_c0=(9,),
    )
    assert layers == ["reshape shape=(1,6) -> 1x6", "embedding vocabulary=10 features=8 -> 8x6", "gru hidden=3 -> 3x6"]


# --- names ---


def names(*nodes, **options):
    return [layer.name for layer in read_program(program(*nodes, **options), TARGET).layers]


def test_names_are_those_of_modules():
    """A module of one layer names it; functions have their type within the module that calls them."""
    block = "layer1.0"
    found = names(
        conv("a", path=f"{block}.conv1"),
        node("b", "relu", (1, 8, 8, 8), f"{block}.act", self="%a"),
        node("c", "add", (1, 8, 8, 8), block, self="%b", other="%a", alpha=1),
        node("y", "relu", (1, 8, 8, 8), f"{block}.act", "@1", self="%c"),
        layer1_0_conv1_weight=(8, 4, 3, 3),
    )
    assert found == ["layer1.0.conv1", "layer1.0.act", "layer1.0.add", "layer1.0.act_2"]


def test_weights_that_a_function_uses_name_its_layer():
    found = names(
        node("y", "linear", (1, 4, 8, 5), "attn", input="%x", weight="%attn_qkv_weight", bias=None),
        node("z", "linear", (1, 4, 8, 6), "attn", input="%y", weight="%attn.in_proj_weight", bias=None),
        **{"attn_qkv_weight": (5, 8), "attn.in_proj_weight": (6, 5)},
    )
    assert found == ["attn.qkv", "attn.in_proj"]


def test_no_layer_has_the_name_of_a_scope():
    found = names(
        node("a", "batch_norm", IMAGE, "bn", input="%x", running_mean="%bn_running_mean"),
        node("y", "relu", IMAGE, "bn.act", self="%a"),
        bn_running_mean=(4,),
        frozen=["bn_running_mean"],
    )
    assert found == ["bn.batch_norm", "bn.act"]


def test_classes_of_scopes():
    graph = read_program(program(node("y", "relu", IMAGE, "layer1.0.act", self="%x")), TARGET)
    assert graph.classes == {"layer1": "Class6", "layer1.0": "Class8", "layer1.0.act": "Class12"}
    assert (graph.name, graph.origin) == ("tiny", "a PyTorch module")


# --- weights ---


def test_tied_weights_and_frozen_ones():
    graph = read_program(
        program(
            conv("a", shape=IMAGE, path="one"),
            node("y", "conv2d", IMAGE, "two", input="%a", weight="%one_weight", bias=None, padding=[1, 1]),
            one_weight=(4, 4, 3, 3),
            frozen=["one_weight"],
        ),
        TARGET,
    )
    assert [(layer.name, layer.weights_from, layer.frozen) for layer in graph.layers] == [
        ("one", "", True),
        ("two", "one", True),
    ]
    figures = totals(network_of(graph))
    assert (figures.params, figures.buffers) == (0, 144)


def test_layers_that_share_a_part_of_their_weights_are_refused():
    made = [
        conv("a", shape=IMAGE, path="one"),
        node("y", "conv2d", IMAGE, "two", input="%a", weight="%one_weight", bias="%two_bias", padding=[1, 1]),
    ]
    (problem,) = refused(*made, one_weight=(4, 4, 3, 3), two_bias=(4,))
    assert problem == "nets:tiny: node 'y': 'conv2d' in two shares a part of its weights; share all with one, or none"


def test_parts_of_a_parameter_are_weights():
    """Attention to another sequence: the first third of the rows for the query, the others for keys and values."""
    made = [
        node("s", "split_with_sizes", [(8, 8), (16, 8)], self="%a_weight", split_sizes=[8, 16], dim=0),
        TorchNode("q", "getitem", {"0": NodeRef("s"), "1": 0}, ((8, 8),)),
        TorchNode("k", "getitem", {"0": NodeRef("s"), "1": 1}, ((16, 8),)),
        node("y", "linear", (1, 4, 8, 8), "a", input="%x", weight="%q", bias=None),
        node("z", "linear", (1, 4, 8, 16), "a", input="%y", weight="%k", bias=None),
    ]
    graph = read_program(program(*made, a_weight=(24, 8)), TARGET)
    assert totals(network_of(graph)).params == 24 * 8
    # The same part again, cut out once more, has the weights of the first.
    again = [
        node("t", "split_with_sizes", [(8, 8), (16, 8)], self="%a_weight", split_sizes=[8, 16], dim=0),
        TorchNode("r", "getitem", {"0": NodeRef("t"), "1": 0}, ((8, 8),)),
        node("w", "linear", (1, 4, 8, 8), "a", "@1", input="%y", weight="%r", bias=None),
    ]
    graph = read_program(program(*made, *again, a_weight=(24, 8), outputs=("z", "w")), TARGET)
    assert totals(network_of(graph)).params == 24 * 8


def test_a_bias_that_is_computed_is_added():
    """BEiT: the keys have a bias of zeros, which is not learned."""
    made = program(
        node("b", "cat", (6,), tensors=["%q", "%k", "%v"], dim=0),
        node("y", "linear", (1, 4, 8, 6), "a", input="%x", weight="%a_weight", bias="%b"),
        a_weight=(6, 8),
        q=(2,),
        k=(2,),
        v=(2,),
        frozen=["k"],
    )
    graph = read_program(made, TARGET)
    assert [layer.type for layer in graph.layers] == ["linear", *["parameter"] * 3, "concat", "reshape", "add"]
    figures = totals(network_of(graph))
    assert (figures.params, figures.buffers) == (48 + 4, 2)


def test_a_frozen_batch_norm_is_recognized():
    """FrozenBatchNorm2d of torchvision: x * (weight * rsqrt(var + eps)) + (bias - mean * weight * rsqrt(var + eps))."""
    column = (1, 4, 1, 1)
    tensors = ("weight", "bias", "running_mean", "running_var")
    made = [
        *(node(f"r{part}", "reshape", column, "bn", self=f"%bn.{part}", shape=column) for part in tensors),
        node("a", "add", column, "bn", self="%rrunning_var", other=1e-5, alpha=1),
        node("b", "rsqrt", column, "bn", self="%a"),
        node("c", "mul", column, "bn", self="%rweight", other="%b"),
        node("d", "mul", column, "bn", self="%rrunning_mean", other="%c"),
        node("e", "sub", column, "bn", self="%rbias", other="%d", alpha=1),
        node("f", "mul", IMAGE, "bn", self="%x", other="%c"),
        node("y", "add", IMAGE, "bn", self="%f", other="%e", alpha=1),
    ]
    stored = {f"bn.{part}": (4,) for part in tensors}
    graph = read_program(program(*made, frozen=list(stored), **stored), TARGET)
    assert [(layer.type, layer.frozen) for layer in graph.layers] == [("batch_norm", True)]
    assert totals(network_of(graph)).buffers == 16
    # What is learned is no frozen norm.
    graph = read_program(program(*made, **stored), TARGET)
    assert graph.layers[-1].type == "add"


def test_one_filter_for_each_channel():
    """A blur: 9 numbers, 4 * 9 multiply-accumulates for each of 4x4 positions."""
    made = program(
        node("k", "expand", (4, 1, 3, 3), self="%blur", size=[4, 1, 3, 3]),
        node("y", "conv2d", (1, 4, 4, 4), input="%x", weight="%k", bias=None, stride=[2, 2], padding=[1, 1], groups=4),
        blur=(1, 1, 3, 3),
        frozen=["blur"],
    )
    graph = read_program(made, TARGET)
    assert [layer.type for layer in graph.layers] == ["reshape", "conv", "flatten"]
    figures = totals(network_of(graph))
    assert (figures.params, figures.buffers, figures.macs) == (0, 9, 4 * 9 * 16)


def test_a_filter_that_is_repeated_otherwise_is_refused():
    (problem,) = refused(
        node("k", "expand", (8, 4, 3, 3), self="%one", size=[8, 4, 3, 3]),
        node("y", "conv2d", (1, 8, 6, 6), input="%x", weight="%k", bias=None),
        one=(8, 1, 3, 3),
    )
    assert "repeats the 72 numbers of one as its weights" in problem


def test_a_layer_norm_without_addend_is_followed_by_a_factor():
    made = node("y", "layer_norm", IMAGE, input="%x", normalized_shape=[4, 8, 8], weight="%w", bias=None)
    layers = read(made, w=(4, 8, 8))
    assert layers == ["layer_norm affine=False -> 4x8x8", "parameter shape=(4,8,8) -> 4x8x8", "multiply -> 4x8x8"]
    made = node("y", "group_norm", IMAGE, input="%x", num_groups=1, weight="%w", bias=None)
    assert read(made, w=(4,)) == ["group_norm groups=1 affine=False -> 4x8x8", "scale -> 4x8x8"]


# --- what cannot be read ---


def test_all_unknown_operators_at_once():
    problems = refused(
        node("a", "cumsum", IMAGE, "block", self="%x", dim=1),
        node("b", "relu", IMAGE, self="%a"),
        node("y", "sort", IMAGE, self="%x", dim=1),
        outputs=("b", "y"),
    )
    assert problems == [
        "nets:tiny: node 'a': the operator 'cumsum' in block cannot be read; it reads 1x4x8x8",
        "nets:tiny: node 'y': the operator 'sort' cannot be read; it reads 1x4x8x8",
    ]


REFUSED = [
    ("index", (1, 4), {"indices": ["%x"]}, "looks up by computed indices"),
    ("index", (1, 5), {"indices": [None, "%places", "%places"]}, "looks up several axes together"),
    (
        "avg_pool2d",
        IMAGE,
        {"kernel_size": [1, 1], "divisor_override": 2},
        "divides by another number than that of its window",
    ),
    ("pad", (1, 4, 8, 9), {"pad": [0, 1], "mode": "constant", "value": 3.0}, "pads with 3.0"),
    ("masked_fill", IMAGE, {"mask": "%x", "value": 0}, "chooses between numbers by a computed mask"),
    ("roll", IMAGE, {"shifts": [1], "dims": [1]}, "shifts the channels"),
    ("div", IMAGE, {"other": 2, "rounding_mode": "floor"}, "rounds its quotients"),
    ("relu", (1, 4, 8, 9), {}, "gives 1x4x8x9, but as layers 1x4x8x8"),
]


@pytest.mark.parametrize(("operator", "shape", "arguments", "message"), REFUSED, ids=lambda value: str(value)[:20])
def test_what_has_no_equivalent_is_refused(operator, shape, arguments, message):
    (problem,) = refused(node("y", operator, shape, self="%x", **arguments), constants={"places": (5,)})
    assert problem.startswith(f"nets:tiny: node 'y': '{operator}' {message}")


def test_weights_that_are_computed_are_refused():
    (problem,) = refused(
        node("w", "_weight_norm", (8, 4, 3, 3), v="%v", g="%g"),
        node("y", "conv2d", (1, 8, 6, 6), input="%x", weight="%w", bias=None),
        v=(8, 4, 3, 3),
        g=(8, 1, 1, 1),
    )
    assert "has weights that are computed by _weight_norm" in problem


def test_a_part_that_changes_in_place_and_is_read_again_is_refused():
    part = node("a", "slice", (1, 2, 8, 8), self="%x", dim=1, start=0, end=2, step=1)
    change = node("b", "relu", (1, 2, 8, 8), self="%a", in_place=True)
    (problem,) = refused(part, change, node("y", "sigmoid", IMAGE, self="%x"))
    assert "'relu_' changes a part of a tensor in place, and the tensor is read again" in problem
    assert read(part, change) == ["slice stop=2 -> 2x8x8", "relu -> 2x8x8"]


def test_the_last_state_of_a_recurrence_is_refused():
    params = [f"%l_{key}" for key in ("w0", "r0", "b0", "c0")]
    (problem,) = refused(
        node(
            "r",
            "lstm",
            [(1, 6, 3), (1, 1, 3)],
            input="%x",
            params=params,
            has_biases=True,
            num_layers=1,
            bidirectional=False,
            batch_first=True,
        ),
        TorchNode("s", "getitem", {"0": NodeRef("r"), "1": 1}, ((1, 1, 3),)),
        node("y", "relu", (1, 1, 3), self="%s"),
        x=(1, 6, 8),
        l_w0=(12, 8),
        l_r0=(12, 3),
        l_b0=(12,),
        l_c0=(12,),
    )
    assert problem.startswith("nets:tiny: node 'y': reads the last state of a recurrent layer")


def test_layers_that_no_output_needs_are_left_out():
    assert read(node("a", "sigmoid", IMAGE, self="%x"), node("y", "relu", IMAGE, self="%x")) == ["relu -> 4x8x8"]


def test_several_inputs():
    graph = read_program(
        program(
            node("y", "add", IMAGE, self="%image", other="%depth", alpha=1),
            x={"image": IMAGE, "depth": (1, 1, 8, 8)},
        ),
        TARGET,
    )
    assert graph.inputs == {"image": (4, 8, 8), "depth": (1, 8, 8)}
    assert [(layer.type, layer.inputs) for layer in graph.layers] == [("add", ("image", "depth"))]


# --- the module that a target names: without PyTorch, what is wrong with it is known before an export ---


@pytest.fixture
def nets(tmp_path, monkeypatch):
    """A module of the current folder, and a PyTorch that has no more than a class of modules."""

    class StandIn:
        pass

    torch = ModuleType("torch")
    torch.nn = SimpleNamespace(Module=StandIn)
    torch.float32 = torch.int64 = None
    torch.device = lambda name: contextlib.nullcontext()
    for name in ("torch", "torch.export"):
        monkeypatch.setitem(sys.modules, name, torch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(text):
        Path("made_nets.py").write_text(text, encoding="utf-8")

    yield write
    sys.modules.pop("made_nets", None)


WRONG = [
    ("made_nets", "", "'made_nets' names no function of a Python module; write module:function"),
    ("made nets:net", "", "'made nets:net' names no function of a Python module"),
    (
        "no_such_module:net",
        "",
        "there is no Python module 'no_such_module'; run in the folder",
    ),
    ("made_nets.inner:net", "", "there is no Python module 'made_nets.inner'"),
    ("made_nets:nett", "def net(): pass", "'made_nets' has no 'nett'; did you mean 'net'?"),
    ("made_nets:net.part", "def net(): pass", "'made_nets' has no 'net.part'"),
    ("made_nets:net", "net = 3", "'made_nets:net' is of the type int, not a torch.nn.Module"),
    ("made_nets:net", "def net(): return 3", "'made_nets:net()' is of the type int, not a torch.nn.Module"),
    ("made_nets:net", "def net(a, b, c=1, *d, **e): pass", "'made_nets:net' needs a and b, but is called without"),
    ("made_nets:net", "\nimport no_such_module", "made_nets.py:2:1: importing 'made_nets' failed: ModuleNotFoundError"),
    ("made_nets:net", "\n\nx = = 2", "made_nets.py:3:5: importing 'made_nets' failed: SyntaxError"),
    (
        "made_nets:net",
        "raise ValueError('no\\nsuch')",
        "made_nets.py:1:1: importing 'made_nets' failed: ValueError",
    ),
    ("made_nets:net", "exit(1)", "made_nets.py:1:1: importing 'made_nets' failed: SystemExit: 1"),
    (
        "made_nets:net",
        "def net():\n    return {}['k']",
        "made_nets.py:2:1: calling 'made_nets:net' failed: KeyError",
    ),
]


@pytest.mark.parametrize(("target", "text", "message"), WRONG, ids=range(len(WRONG)))
def test_targets_that_are_no_modules(target, text, message, nets):
    nets(text)
    with pytest.raises(SpecError) as error:
        read_module(target, {"": (3, 8, 8)})
    (problem,) = error.value.problems
    assert str(problem).startswith(message)


def test_without_pytorch_there_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SpecError) as error:
        read_module("made_nets:net", {})
    (problem,) = error.value.problems
    assert "PyTorch is needed to read its modules" in str(problem)
    assert str(problem).endswith("install it with pip install 'cnncalc[torch]'")
