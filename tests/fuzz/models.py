"""Small networks as files of other programs: one random network, as the text of each format.

`model_formats` has all of them; binary ones have a module of their own."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from math import prod
from typing import Any, NamedTuple

from fuzz.choices import Choices

INPUT = -1
Name = Callable[[int], str]


class NetLayer(NamedTuple):
    """A layer of a network, with the numbers of the layers that it reads; the input is -1."""

    kind: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    filters: int = 0
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    is_padded: bool = True
    function: str = ""


class Net(NamedTuple):
    """A network of one input; only its first layer reads that."""

    input: tuple[int, int, int]
    layers: tuple[NetLayer, ...]

    def shape(self, number: int) -> tuple[int, ...]:
        return self.input if number == INPUT else self.layers[number].shape


class Figures(NamedTuple):
    """What a network has, by the textbook."""

    params: int
    buffers: int
    macs: int


ACTIVATIONS = {
    "relu": ("relu", "ReLU", "relu"),
    "sigmoid": ("logistic", "Sigmoid", "sigmoid"),
    "tanh": ("tanh", "TanH", "tanh"),
    "elu": ("elu", "ELU", "elu"),
}
VECTORS = ("dense", "activation", "dropout", "softmax")
MAPS = ("conv", "norm_conv", "activation", "pool", "global_pool", "add", "concat", "upsample", "dense", "dropout")


def make_net(choices: Choices) -> Net:
    """A random network that every format can express."""
    channels, height, width = (choices.pick(sizes) for sizes in ((3, 1, 4), (8, 7, 12), (8, 9, 6)))
    net = Net((channels, height, width), ())
    for number in range(choices.integer(1, 9)):
        source = number - 1 if number == 0 or choices.chance(75) else choices.integer(0, number - 1)
        kinds = ("conv",) if number == 0 else VECTORS if len(net.shape(source)) == 1 else MAPS
        net = net._replace(layers=(*net.layers, _layer(net, choices.pick(kinds), source, choices)))
    return net


def _layer(net: Net, kind: str, source: int, choices: Choices) -> NetLayer:
    shape = net.shape(source)
    filled = NetLayer(kind, (source,), shape)
    if kind in ("conv", "norm_conv"):
        groups = choices.pick([1, 1, *(count for count in (2, 3, 4, shape[0]) if shape[0] % count == 0)])
        filters = groups * choices.integer(1, 4)
        kernel = choices.pick([1, *(size for size in (3, 5) if size <= min(shape[1:]))])
        stride, is_padded = choices.pick((1, 2)), choices.chance(50)
        lost = 0 if is_padded else kernel - 1
        sizes = tuple((size - lost - 1) // stride + 1 for size in shape[1:])
        return NetLayer(kind, (source,), (filters, *sizes), filters, kernel, stride, groups, is_padded)
    if kind == "dense":
        filters = choices.integer(1, 9)
        return filled._replace(shape=(filters,), filters=filters)
    if kind == "activation":
        return filled._replace(function=choices.pick(tuple(ACTIVATIONS)))
    if kind == "pool" and not any(size % 2 for size in shape[1:]):
        return filled._replace(shape=(shape[0], *(size // 2 for size in shape[1:])))
    if kind == "global_pool":
        return filled._replace(shape=(shape[0], 1, 1))
    if kind == "upsample" and max(shape[1:]) < 50:
        return filled._replace(shape=(shape[0], *(2 * size for size in shape[1:])))
    if kind in ("add", "concat"):
        fits = shape[1:] if kind == "concat" else shape
        others = [at for at, one in enumerate(net.layers) if one.shape[-len(fits) :] == fits and len(one.shape) == 3]
        inputs = (source, choices.pick([at for at in others if at != source] or [source]))
        channels = sum(net.shape(at)[0] for at in inputs) if kind == "concat" else shape[0]
        if inputs[0] != inputs[1]:
            return NetLayer(kind, inputs, (channels, *shape[1:]))
    return filled._replace(kind="dropout" if kind != "softmax" else kind)


def figures(net: Net, *, folds: bool = False) -> Figures:
    """The figures of a network; if it `folds`, each normalization is a bias of the convolution before it."""
    params = buffers = macs = 0
    for layer in net.layers:
        shape = net.shape(layer.inputs[0])
        weights = 0
        if layer.kind in ("conv", "norm_conv"):
            weights = layer.filters * shape[0] // layer.groups * layer.kernel**2
            macs += weights * prod(layer.shape[1:])
        elif layer.kind == "dense":
            weights = layer.filters * prod(shape)
            macs += weights
        # A bias, or the factor and addend of a normalization with its two statistics.
        normalizes = layer.kind == "norm_conv" and not folds
        params += weights + layer.filters * (2 if normalizes else 1)
        buffers += 2 * layer.filters if normalizes else 0
    return Figures(params, buffers, macs)


# --- Darknet ------------------------------------------------------------------------------------


def write_darknet(net: Net, name: Name, choices: Choices) -> bytes:
    """Sections are referred to by their numbers; names stand in comments."""
    channels, height, width = net.input
    lines = ["[net]", f"channels={channels}", f"height={height}", f"width={width}"]
    numbers: dict[int, int] = {}
    count = 0

    def section(kind: str, *options: str) -> None:
        nonlocal count
        lines.extend(("", f"[{kind}]", *options))
        count += 1

    def refer(number: int) -> int:
        return numbers[number] - count if choices.chance(50) else numbers[number]

    for at, layer in enumerate(net.layers):
        first = layer.inputs[0]
        if layer.kind != "concat" and first != INPUT and numbers[first] != count - 1:
            section("route", f"layers={refer(first)}")
        lines.append(f"# {name(at)!r}")
        if layer.kind in ("conv", "norm_conv"):
            options = [f"filters={layer.filters}", f"size={layer.kernel}", f"stride={layer.stride}"]
            options += [f"groups={layer.groups}"] * (layer.groups > 1) + ["pad=1"] * layer.is_padded
            options += ["batch_normalize=1"] * (layer.kind == "norm_conv")
            section("convolutional", *options, "activation=linear")
        elif layer.kind == "dense":
            section("connected", f"output={layer.filters}", "activation=linear")
        elif layer.kind == "activation":
            section("activation", f"activation={ACTIVATIONS[layer.function][0]}")
        elif layer.kind == "pool":
            section("maxpool", "size=2", "stride=2", "padding=0")
        elif layer.kind == "global_pool":
            section("avgpool")
        elif layer.kind == "add":
            section("shortcut", f"from={refer(layer.inputs[1])}", "activation=linear")
        elif layer.kind == "concat":
            section("route", f"layers={', '.join(str(refer(one)) for one in layer.inputs)}")
        else:
            section(layer.kind, *(["stride=2"] if layer.kind == "upsample" else []))
        numbers[at] = count - 1
    return "\n".join(lines).encode()


# --- Caffe --------------------------------------------------------------------------------------


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def write_caffe(net: Net, name: Name, choices: Choices) -> bytes:
    """Layers of version 1 or 2; activations may write into the blob that they read, if nothing else reads it."""
    is_old = choices.chance(30)
    may_overwrite = choices.chance(50)
    readers = Counter(one for layer in net.layers for one in layer.inputs)
    blobs = {INPUT: "data"}
    dims = " ".join(f"dim: {size}" for size in (1, *net.input))
    lines = ['name: "made"', f'input: "data" input_shape {{ {dims} }}']

    def layer_text(kind: str, title: str, bottoms: tuple[str, ...], top: str, fields: str = "") -> None:
        read = " ".join(f"bottom: {_text(bottom)}" for bottom in bottoms)
        word, named = ("layers", re.sub(r"\B(?=[A-Z][a-z])", "_", kind).upper()) if is_old else ("layer", f'"{kind}"')
        lines.append(f"{word} {{ name: {_text(title)} type: {named} {read} top: {_text(top)}\n  {fields} }}")

    for at, layer in enumerate(net.layers):
        bottoms = tuple(blobs[one] for one in layer.inputs)
        own = name(at)
        is_in_place = may_overwrite and layer.kind in ("activation", "dropout") and readers[layer.inputs[0]] == 1
        top = blobs[at] = bottoms[0] if is_in_place else own
        if layer.kind in ("conv", "norm_conv"):
            fields = f"num_output: {layer.filters} kernel_size: {layer.kernel} stride: {layer.stride}"
            fields += f" group: {layer.groups}" if layer.groups > 1 else ""
            fields += f" pad: {layer.kernel // 2}" if layer.is_padded else ""
            normalizes = layer.kind == "norm_conv"
            fields += " bias_term: false" if normalizes else ""
            layer_text("Convolution", own, bottoms, top, f"convolution_param {{ {fields} }}")
            if normalizes:
                layer_text("BatchNorm", f"{own}_norm", (own,), own)
                layer_text("Scale", f"{own}_scale", (own,), own, "scale_param { bias_term: true }")
        elif layer.kind == "dense":
            layer_text("InnerProduct", own, bottoms, top, f"inner_product_param {{ num_output: {layer.filters} }}")
        elif layer.kind == "activation":
            layer_text(ACTIVATIONS[layer.function][1], own, bottoms, top)
        elif layer.kind == "pool":
            layer_text("Pooling", own, bottoms, top, "pooling_param { pool: MAX kernel_size: 2 stride: 2 }")
        elif layer.kind == "global_pool":
            layer_text("Pooling", own, bottoms, top, "pooling_param { pool: AVE global_pooling: true }")
        elif layer.kind == "add":
            layer_text("Eltwise", own, bottoms, top, "eltwise_param { operation: SUM }" if choices.chance(50) else "")
        elif layer.kind == "upsample":
            layer_text("Upsample", own, bottoms, top, "upsample_param { scale: 2 }")
        else:
            layer_text({"concat": "Concat", "softmax": "Softmax"}.get(layer.kind, "Dropout"), own, bottoms, top)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


# --- Keras --------------------------------------------------------------------------------------


def sequential(layer: dict[str, Any]) -> dict[str, Any]:
    """A model of one layer."""
    inner = {key: value for key, value in layer.items() if key != "inbound_nodes"}
    return {"class_name": "Sequential", "config": {"name": layer["name"], "layers": [inner]}}


def write_keras(net: Net, name: Name, choices: Choices) -> bytes:
    """A functional model, with the nodes of Keras 3 or those of Keras 2; layers may be models of one layer."""
    is_new, nests = choices.chance(50), choices.chance(30)
    layers: list[dict[str, Any]] = []
    last: dict[int, str] = {INPUT: "data"}

    def put(kind: str, title: str, sources: list[str], **config: Any) -> str:
        if is_new:
            tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [one, 0, 0]}} for one in sources]
            nodes: list[Any] = [{"args": tensors if len(tensors) == 1 else [tensors], "kwargs": {}}] if sources else []
        else:
            nodes = [[[one, 0, 0, {}] for one in sources]] if sources else []
        made = {"class_name": kind, "config": {"name": title, **config}, "name": title, "inbound_nodes": nodes}
        if nests and len(sources) == 1 and choices.chance(50):
            made = {**sequential(made), "name": title, "inbound_nodes": nodes}
        layers.append(made)
        return title

    channels, *sizes = net.input
    put("InputLayer", "data", [], batch_shape=[None, *sizes, channels])
    for at, layer in enumerate(net.layers):
        sources = [last[one] for one in layer.inputs]
        own = name(at)
        if layer.kind in ("conv", "norm_conv"):
            normalizes = layer.kind == "norm_conv"
            padding = "same" if layer.is_padded else "valid"
            config = {"filters": layer.filters, "kernel_size": [layer.kernel] * 2, "strides": [layer.stride] * 2}
            config |= {"padding": padding, "groups": layer.groups, "use_bias": not normalizes}
            last[at] = put("Conv2D", own, sources, **config)
            if normalizes:
                last[at] = put("BatchNormalization", f"{own}_norm", [own], axis=-1)
        elif layer.kind == "dense":
            if len(net.shape(layer.inputs[0])) > 1:
                sources = [put("Flatten", f"{own}_flatten", sources)]
            last[at] = put("Dense", own, sources, units=layer.filters)
        elif layer.kind == "activation":
            last[at] = put("Activation", own, sources, activation=ACTIVATIONS[layer.function][2])
        elif layer.kind == "pool":
            last[at] = put("MaxPooling2D", own, sources, pool_size=[2, 2])
        elif layer.kind == "global_pool":
            last[at] = put("GlobalAveragePooling2D", own, sources, keepdims=True)
        elif layer.kind == "upsample":
            last[at] = put("UpSampling2D", own, sources, size=[2, 2])
        else:
            classes = {"add": "Add", "concat": "Concatenate", "softmax": "Softmax"}
            last[at] = put(classes.get(layer.kind, "Dropout"), own, sources)
    read = {one for layer in net.layers for one in layer.inputs}
    ends = [[last[at], 0, 0] for at in range(len(net.layers)) if at not in read]
    config = {"name": "made", "layers": layers, "input_layers": [["data", 0, 0]], "output_layers": ends}
    model = {"class_name": "Functional", "config": config}
    return json.dumps(model, indent=choices.pick((None, 1)), ensure_ascii=choices.chance(50)).encode(
        "utf-8", "surrogatepass"
    )


def write_archive(net: Net, name: Name, choices: Choices) -> bytes:
    data = BytesIO()
    method = choices.pick((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(data, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("metadata.json"), "{}")
        archive.writestr(zipfile.ZipInfo("config.json"), write_keras(net, name, choices), method)
    return data.getvalue()


def text_of_archive(data: bytes) -> bytes:
    """The text in which the places of an archive's problems are."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.read("config.json")
    except Exception:  # noqa: BLE001 - of a mutated archive, there may be no text
        return b""
