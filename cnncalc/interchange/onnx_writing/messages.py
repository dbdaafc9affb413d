"""The messages of an ONNX file as bytes, with the numbers of fields of onnx/onnx.proto (github.com/onnx/onnx, 1.23)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from cnncalc.interchange import protobuf_writer as wire
from cnncalc.record import Record

FLOAT, INT64 = 1, 7


class TensorData(Record):
    """A tensor: its name, type, sizes, and its numbers."""

    name: str
    kind: int
    dims: tuple[int, ...]
    values: tuple[float, ...]

    def encode(self) -> bytes:
        code = "f" if self.kind == FLOAT else "q"
        raw = struct.pack(f"<{len(self.values)}{code}", *self.values)
        named = wire.text(8, self.name) if self.name else b""
        return wire.wholes(1, self.dims) + wire.whole(2, self.kind) + named + wire.data(9, raw)


# Bytes are an encoded tensor.
Attribute: TypeAlias = "int | float | str | tuple[int, ...] | bytes"


class WrittenNode(Record):
    """An operator: its names, its attributes, and metadata of its layer."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    metadata: Mapping[str, str] = MappingProxyType({})

    def encode(self) -> bytes:
        return b"".join(
            (
                wire.texts(1, self.inputs),
                wire.texts(2, self.outputs),
                wire.text(3, self.name) if self.name else b"",
                wire.text(4, self.op),
                *(wire.data(5, encode_attribute(key, value)) for key, value in self.attributes.items()),
                *(wire.data(9, encode_entry(key, value)) for key, value in self.metadata.items()),
            )
        )


def encode_attribute(name: str, value: Attribute) -> bytes:
    named = wire.text(1, name)
    if isinstance(value, bytes):
        return named + wire.data(5, value) + wire.whole(20, 4)
    if isinstance(value, tuple):
        return named + wire.wholes(8, value) + wire.whole(20, 7)
    if isinstance(value, str):
        return named + wire.text(4, value) + wire.whole(20, 3)
    if isinstance(value, float):
        return named + wire.real(2, value) + wire.whole(20, 1)
    return named + wire.whole(3, value) + wire.whole(20, 2)


def encode_entry(key: str, value: str) -> bytes:
    """An entry of metadata."""
    return wire.text(1, key) + wire.text(2, value)


def encode_value(name: str, sizes: Sequence[int | str]) -> bytes:
    """An input, an output or a tensor within a graph, of 32-bit numbers."""
    dims = b"".join(
        wire.data(1, wire.text(2, size) if isinstance(size, str) else wire.whole(1, size)) for size in sizes
    )
    tensor = wire.whole(1, FLOAT) + wire.data(2, dims)
    return wire.text(1, name) + wire.data(2, wire.data(1, tensor))
