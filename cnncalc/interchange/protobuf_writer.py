"""The wire format of protocol buffers, written. The fields of a message go in the order of their numbers."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from cnncalc.interchange.protobuf import BYTES, FIXED32, VARINT


def varint(value: int) -> bytes:
    """A whole number in groups of 7 bits; a negative one takes 10 bytes."""
    value &= 2**64 - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def whole(number: int, value: int) -> bytes:
    return varint(number << 3 | VARINT) + varint(value)


def data(number: int, value: bytes) -> bytes:
    """A field of bytes or of a message."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def text(number: int, value: str) -> bytes:
    """A field of text; what UTF-8 does not have becomes a question mark."""
    return data(number, value.encode(errors="replace"))


def real(number: int, value: float) -> bytes:
    """A field of a number of 32 bits."""
    return varint(number << 3 | FIXED32) + struct.pack("<f", value)


def texts(number: int, values: Iterable[str]) -> bytes:
    return b"".join(text(number, value) for value in values)


def wholes(number: int, values: Iterable[int]) -> bytes:
    return b"".join(whole(number, value) for value in values)


def reals(number: int, values: Iterable[float]) -> bytes:
    return b"".join(real(number, value) for value in values)
