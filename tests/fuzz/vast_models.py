"""Files of other programs whose structure is adversarial: models in models that multiply, wide joins, long names.

A further format joins as an entry of WRITERS: a function of choices and about how many layers the largest files have.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fuzz.choices import Choices
from fuzz.vast import COMMANDS, Case, expect_bounds

LAYERS = 40_000
NUMBERS = (1, 2, 3, 7, 16, 255, 4_096, 65_537, 1_000_000, 999_999_999)


def vast_model(choices: Choices, layers: int = LAYERS) -> Case:
    """A command and the files that it is given."""
    suffix = choices.pick(tuple(WRITERS))
    command = choices.pick(COMMANDS)
    first = WRITERS[suffix](choices, layers)
    files = (first, choices.pick((first, WRITERS[suffix](choices, layers)))) if command.startswith("diff") else (first,)
    return Case(command, files, suffix)


def models_are_bounded(choices: Choices) -> None:
    """Whatever its structure, a file takes ten seconds and 500 MB at most."""
    expect_bounds(vast_model(choices))


def _count(choices: Choices, layers: int) -> int:
    return max(2, choices.pick((2, 9, layers >> 6, layers >> 3, layers >> 1, layers)))


def _name(choices: Choices, layers: int) -> str:
    return "n" * choices.pick((1, 1, 1, 200, layers * 25))


# --- Darknet ------------------------------------------------------------------------------------


def darknet_file(choices: Choices, layers: int) -> str:
    size = choices.pick((8, 64, 416, choices.pick(NUMBERS)))
    parts = [f"[net]\nchannels=3\nheight={size}\nwidth={size}\n[convolutional]\nfilters={choices.pick(NUMBERS)}\n"]
    parts += [choices.pick(DARKNET)(choices, _count(choices, layers)) for _ in range(choices.integer(1, 4))]
    return "".join(parts)


def _sections(choices: Choices, count: int) -> str:
    section = choices.pick(
        (
            "[convolutional]\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\n", "[activation]\nactivation=mish\n",
            "[maxpool]\nsize=2\nstride=1\n", "[upsample]\nstride=2\n",
            "[shortcut]\nfrom=-2\nweights_type=per_channel\n",
            "[shortcut]\nfrom=0\n", "[route]\nlayers=-1,-1\n", "[route]\nlayers=-1\ngroups=2\n", "[reorg]\nstride=2\n",
            "[convolutional]\nfilters=8\nshare_index=0\n", "[sam]\nfrom=-1\n", "[cost]\n", "[yolo]\n", "[gru]\n",
            f"[local]\nfilters={choices.pick(NUMBERS)}\nsize=3\npad=1\n", "[connected]\noutput=1000000\n", "[typo]\n",
            "[upsample]\nstride=2\n[shortcut]\nfrom=-2\n", "[avgpool]\n", "[reorg]\nextra=1\n", "fliters=3\n",
        )
    )  # fmt: skip
    return section * count


def _wide_routes(choices: Choices, count: int) -> str:
    """Routes or shortcuts of many sections, often of maps that do not fit."""
    count = min(count, 4_000)
    kind, key = choices.pick((("route", "layers"), ("shortcut", "from")))
    listed = ",".join(choices.pick(("0", "-1", str(-at - 1))) for at in range(choices.pick((9, count))))
    between = choices.pick(("", "[upsample]\n", "[convolutional]\n"))
    return f"{between}[{kind}]\n{key}={listed}\n" * choices.pick((1, 3, count >> 3 or 1))


def _options(choices: Choices, count: int) -> str:
    return "[convolutional]\n" + "".join(f"option{at}={'9' * choices.pick((1, 30))}\n" for at in range(count))


def _long_lines(choices: Choices, count: int) -> str:
    line = choices.pick(("[{}]\n", "{}=1\n", "filters={}\n", "activation={}\n", "#{}\n", "[route]\nlayers={},\n"))
    return line.format(choices.pick(("a", "9", "-1,", "[", "=")) * count * 20)


DARKNET = (_sections, _sections, _sections, _wide_routes, _options, _long_lines)

# --- Caffe --------------------------------------------------------------------------------------


def _caffe_layer(kind: str, name: str, bottoms: list[str], tops: list[str], fields: str = "") -> str:
    read = " ".join(f'bottom: "{bottom}"' for bottom in bottoms)
    write = " ".join(f'top: "{top}"' for top in tops)
    return f'layer {{ name: "{name}" type: "{kind}" {read} {write} {fields} }}\n'


def caffe_file(choices: Choices, layers: int) -> str:
    size = choices.pick((9, 64, 224, choices.pick(NUMBERS)))
    parts = [f'input: "data" input_shape {{ dim: 1 dim: 3 dim: {size} dim: {size} }}\n']
    for _ in range(choices.integer(1, 4)):
        parts += [choices.pick(CAFFE)(choices, _count(choices, layers), _name(choices, layers))]
    return "".join(parts)


def _caffe_chain(choices: Choices, count: int, name: str) -> str:
    kind, fields = choices.pick(
        (
            ("Convolution", "convolution_param { num_output: 8 kernel_size: 3 pad: 1 } param { name: 'w' }"),
            ("ReLU", ""),
            ("BatchNorm", ""),
            ("Scale", "scale_param { bias_term: true }"),
            ("LRN", "lrn_param { norm_region: WITHIN_CHANNEL }"),
            ("Pooling", "pooling_param { kernel_size: 3 stride: 1 pad: 1 }"),
            ("Deconvolution", "convolution_param { num_output: 8 kernel_size: 2 stride: 2 }"),
            ("InnerProduct", "inner_product_param { num_output: 1000000000 }"),
            ("Unknown", ""),
        )
    )
    is_in_place = choices.chance(40)
    tops = ["data", *("data" if is_in_place else f"{name[:300]}{at}" for at in range(count))]
    return "".join(_caffe_layer(kind, f"{name[:300]}{at}", [tops[at]], [tops[at + 1]], fields) for at in range(count))


def _caffe_wide(choices: Choices, count: int, name: str) -> str:
    """Layers of very many bottoms or tops."""
    count = min(count, 9_000)
    tops = [f"t{at}" for at in range(count)]
    first = choices.pick(
        (
            _caffe_layer("Split", name, ["data"], tops),
            _caffe_layer("Slice", name, ["data"], tops),
            _caffe_layer("ReLU", name, ["data"], tops),
            _caffe_layer("Pooling", name, ["data"], tops, "pooling_param { kernel_size: 1 }"),
            "".join(f'input: "t{at}" ' for at in range(count)),
        )
    )
    kind = choices.pick(("Concat", "Eltwise", "Convolution", "Silence", "Scale"))
    return first + _caffe_layer(kind, "join", tops, ["joined"]) * choices.pick((1, 3, 50))


def _caffe_nested(choices: Choices, count: int, name: str) -> str:
    opening = choices.pick(("a {", "layer {", "a <", "layer { convolution_param {", "a: ["))
    return opening * count + choices.pick(("", "}" * count))


def _caffe_fields(choices: Choices, count: int, name: str) -> str:
    field = choices.pick(('name: "{}" ', "phase: {} ", "param: '{}' ", "include {{ stage: '{}' }} ", "dim: 1 "))
    fields = field.format(name) * min(count, 2_000_000 // len(name) or 1)
    return _caffe_layer("ReLU", "fields", ["data"], ["data"], fields)


CAFFE = (_caffe_chain, _caffe_chain, _caffe_wide, _caffe_nested, _caffe_fields)

# --- Keras --------------------------------------------------------------------------------------


def _keras_layer(kind: str, name: str, reads: list[list[Any]], **config: Any) -> dict[str, Any]:
    nodes = [[[*read, {}] for read in node] for node in reads]
    return {"class_name": kind, "config": {"name": name, **config}, "name": name, "inbound_nodes": nodes}


def _keras_model(name: str, layers: list[dict[str, Any]], outputs: list[Any], size: int | None = 8) -> dict[str, Any]:
    image = _keras_layer("InputLayer", "image", [], batch_shape=[None, size, size, 3])
    config = {"name": name, "layers": [image, *layers], "input_layers": [["image", 0, 0]], "output_layers": outputs}
    return {"class_name": "Functional", "config": config}


def keras_file(choices: Choices, layers: int) -> str:
    count = _count(choices, layers)
    model = choices.pick(KERAS)(choices, count, _name(choices, layers))
    return model if isinstance(model, str) else json.dumps(model)


def _keras_chain(choices: Choices, count: int, name: str) -> Any:
    kind, config = choices.pick(
        (
            ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "relu"}),
            ("Rescaling", {"scale": [1.5, 2.5, 3.5]}),
            ("Add", {}),
            ("UpSampling2D", {"size": choices.pick((2, 99_999))}),
            ("Unknown", {}),
            ("Reshape", {"target_shape": [-1, 8, 3]}),
        )
    )
    reads = [["image", 0, 0], *([f"{name[:300]}{at}", 0, 0] for at in range(count))]
    again = choices.pick((1, 2))
    layers = [
        _keras_layer(kind, f"{name[:300]}{at}", [[reads[at]] * (again if kind == "Add" else 1)], **config)
        for at in range(count)
    ]
    return _keras_model(name, choices.pick((layers, layers[::-1])), [reads[-1]])


def _keras_shared(choices: Choices, count: int, name: str) -> Any:
    """One layer called very often, on its own output or on the image."""
    reads: list[list[Any]] = [[["image", 0, 0]]]
    reads += [[choices.pick((["image", 0, 0], ["shared", at, 0]))] for at in range(count)]
    layer = _keras_layer("Conv2D", "shared", reads, filters=3, kernel_size=3, padding="same")
    return _keras_model(name, [layer], [["shared", choices.pick((0, count)), 0]])


def _keras_multiplied(choices: Choices, count: int, name: str) -> Any:
    """Models in models, each called twice or more often: a billion layers from a small file."""
    times = choices.pick((1, 2, 10))
    inner: dict[str, Any] = _keras_layer("ReLU", "relu", [[["image", 0, 0]]])
    last = "relu"
    for depth in range(choices.pick((3, 25, 40))):
        model = _keras_model(
            f"{name[:99]}{depth}", [inner], [[last, choices.pick((0, len(inner["inbound_nodes"]) - 1)), 0]]
        )
        nodes = [[["image", 0, 0, {}]], *([[[f"model{depth}", at, 0, {}]] for at in range(times - 1)])]
        inner, last = {**model, "name": f"model{depth}", "inbound_nodes": nodes}, f"model{depth}"
    return _keras_model(name, [inner], [[last, times - 1, 0]])


def _keras_wide(choices: Choices, count: int, name: str) -> Any:
    layers = [_keras_layer("ReLU", f"r{at}", [[["image", 0, 0]]]) for at in range(count)]
    join = choices.pick(("Concatenate", "Add", "Maximum", "Average"))
    reads: list[list[Any]] = [[[f"r{at}", 0, 0] for at in range(count)]] * choices.pick((1, 1, 9))
    return _keras_model(name, [*layers, _keras_layer(join, "join", reads)], [["join", 0, 0]])


def _keras_nested(choices: Choices, count: int, name: str) -> Any:
    opening = choices.pick(('{"class_name": ', '{"class_name": "Sequential", "config": {"layers": [', "[", '{"a":'))
    return f'{{"class_name": "Sequential", "config": {opening * count}'


def _keras_lists(choices: Choices, count: int, name: str) -> Any:
    """Settings that are lists of very many or deep values."""
    value: Any = choices.pick(([1] * count, [[1]] * count, "a" * count, {str(at): at for at in range(count)}))
    key = choices.pick(("axis", "target_shape", "padding", "dims", "kernel_size", "scale", "activation", "name"))
    kind = choices.pick(("Conv2D", "Softmax", "Reshape", "Permute", "ZeroPadding2D", "Rescaling", "Activation"))
    layer = _keras_layer(kind, "one", [[["image", 0, 0]]], filters=3)
    layer["config"][key] = value
    return _keras_model(name, [layer], [["one", 0, 0]])


KERAS = (_keras_chain, _keras_chain, _keras_shared, _keras_multiplied, _keras_wide, _keras_nested, _keras_lists)

WRITERS: dict[str, Callable[[Choices, int], str]] = {
    ".cfg": darknet_file,
    ".prototxt": caffe_file,
    ".json": keras_file,
}
