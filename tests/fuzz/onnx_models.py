"""Small networks as ONNX files: the wire format of protocol buffers, written by hand (onnx/onnx.proto, opset 17)."""

from __future__ import annotations

import struct
from math import prod

from fuzz.choices import Choices
from fuzz.models import INPUT, Name, Net

FLOAT, INT64 = 1, 7
OPERATORS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "elu": "Elu"}


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes((*parts, number))


def field(number: int, value: int | str | bytes) -> bytes:
    """A field of a message: a number, or a text or message with its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(name: str, value: int | str | tuple[int, ...]) -> bytes:
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return field(1, name) + field(4, value) + field(20, 3)
    return field(1, name) + b"".join(field(8, one) for one in value) + field(20, 7)


def tensor(name: str, shape: tuple[int, ...], kind: int = FLOAT, data: bytes | None = None) -> bytes:
    raw = bytes(4 * prod(shape)) if data is None else data
    return b"".join(field(1, size) for size in shape) + field(2, kind) + field(8, name) + field(9, raw)


def value_info(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(field(1, field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, dims)))


class GraphWriter:
    """Collects nodes and initializers."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.initializers: list[bytes] = []

    def node(self, kind: str, name: str, reads: list[str], **attributes: int | str | tuple[int, ...]) -> str:
        made = b"".join(field(1, one) for one in reads) + field(2, f"{name}:0") + field(3, name) + field(4, kind)
        made += b"".join(field(5, attribute(key, value)) for key, value in attributes.items())
        self.nodes.append(made)
        return f"{name}:0"

    def weight(self, name: str, *shape: int) -> str:
        self.initializers.append(tensor(name, shape))
        return name


def write_onnx(net: Net, name: Name, choices: Choices) -> bytes:
    graph = GraphWriter()
    values = {INPUT: "data"}
    for at, layer in enumerate(net.layers):
        reads = [values[one] for one in layer.inputs]
        own, shape = name(at), net.shape(layer.inputs[0])
        if layer.kind in ("conv", "norm_conv"):
            padding = layer.kernel // 2 if layer.is_padded else 0
            reads.append(graph.weight(f"{own}.w", layer.filters, shape[0] // layer.groups, layer.kernel, layer.kernel))
            if layer.kind == "conv":
                reads.append(graph.weight(f"{own}.b", layer.filters))
            settings: dict[str, tuple[int, ...]] = {"strides": (layer.stride,) * 2, "pads": (padding,) * 4}
            kernel = {"kernel_shape": (layer.kernel,) * 2} if choices.chance(50) else {}
            value = graph.node("Conv", own, reads, group=layer.groups, **settings, **kernel)
            if layer.kind == "norm_conv":
                statistics = [graph.weight(f"{own}.{key}", layer.filters) for key in ("scale", "bias", "mean", "var")]
                value = graph.node("BatchNormalization", f"{own}_norm", [value, *statistics])
        elif layer.kind == "dense":
            if len(shape) > 1:
                reads = [graph.node("Flatten", f"{own}_flatten", reads)]
            reads += [graph.weight(f"{own}.w", layer.filters, prod(shape)), graph.weight(f"{own}.b", layer.filters)]
            value = graph.node("Gemm", own, reads, transB=1)
        elif layer.kind == "upsample":
            scales = tensor(f"{own}.s", (4,), FLOAT, struct.pack("<4f", 1, 1, 2, 2))
            graph.initializers.append(scales)
            modes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            value = graph.node("Resize", own, [*reads, "", f"{own}.s"], **modes)
        elif layer.kind == "pool":
            value = graph.node("MaxPool", own, reads, kernel_shape=(2, 2), strides=(2, 2))
        elif layer.kind in ("concat", "softmax"):
            value = graph.node(layer.kind.capitalize(), own, reads, axis=1)
        else:
            kinds = {"activation": OPERATORS.get(layer.function, ""), "global_pool": "GlobalAveragePool", "add": "Add"}
            value = graph.node(kinds.get(layer.kind, "Dropout"), own, reads)
        values[at] = value
    read = {one for layer in net.layers for one in layer.inputs}
    ends = [value_info(values[at], (1, *layer.shape)) for at, layer in enumerate(net.layers) if at not in read]
    body = b"".join(field(1, node) for node in graph.nodes) + field(2, "made")
    body += b"".join(field(5, one) for one in graph.initializers) + field(11, value_info("data", (1, *net.input)))
    body += b"".join(field(12, end) for end in ends)
    return field(1, 8) + field(7, body) + field(8, field(1, "") + field(2, 17))
