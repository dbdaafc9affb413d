"""The wire format of protocol buffers, read lazily: fields are places in the data, and only those asked for are read.

A message is a run of fields, each a number, a wire type and a value (protobuf.dev/programming-guides/encoding). The
data may be a memory map of gigabytes: a field that holds weights is skipped by its length.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError

Data: TypeAlias = "bytes | mmap.mmap"

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10
# Bytes of a field that is skipped.
LARGE = 2**16
# Fields of a file for each layer that a network may have.
FIELDS_PER_LAYER = 60


class Field:
    """A field of a message: its number, and its value as a whole number or as the place of its bytes."""

    __slots__ = ("kind", "number", "start", "stop", "value", "wire")

    def __init__(self, wire: Wire, key: int, value: int, start: int, stop: int) -> None:
        self.wire = wire
        self.number, self.kind = key >> 3, key & 7
        self.value, self.start, self.stop = value, start, stop

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.stop - self.start

    def message(self) -> Iterator[Field]:
        """The fields of the message that this field holds."""
        self._check_kind(BYTES)
        return self.wire.fields(self.start, self.stop)

    def bytes(self) -> bytes:
        self._check_kind(BYTES)
        return self.wire.data[self.start : self.stop]

    def text(self) -> str:
        return self.bytes().decode(errors="replace")

    def whole(self) -> int:
        """A whole number with a sign."""
        self._check_kind(VARINT)
        return signed(self.value)

    def real(self) -> float:
        """A number of 32 bits."""
        self._check_kind(FIXED32)
        return float(struct.unpack("<f", self.value.to_bytes(4, "little"))[0])

    def wholes(self, most: int) -> list[int]:
        """Whole numbers: one, or all of a packed list."""
        if self.kind == VARINT:
            return [signed(self.value)]
        self._check_kind(BYTES)
        found: list[int] = []
        at = self.start
        while at < self.stop:
            if len(found) >= most:
                raise self.wire.refuse(f"a list has more than {most:,} numbers", self.start)
            value, at = self.wire.varint(at, self.stop)
            found.append(signed(value))
        return found

    def numbers(self, code: str, most: int) -> list[float]:
        """Numbers of a fixed size, as `struct` names them: one, or all of a packed list."""
        size = struct.calcsize(f"<{code}")
        if self.kind in (FIXED32, FIXED64):
            data = self.value.to_bytes(4 if self.kind == FIXED32 else 8, "little")
        else:
            self._check_kind(BYTES)
            if self.size > most * size:
                raise self.wire.refuse(f"a list has more than {most:,} numbers", self.start)
            data = self.bytes()
        if len(data) % size:
            raise self.wire.refuse(f"{len(data):,} bytes are no list of numbers of {size} bytes", self.start)
        return [number for (number,) in struct.iter_unpack(f"<{code}", data)]

    def _check_kind(self, kind: int) -> None:
        if self.kind != kind:
            raise self.wire.refuse(f"field {self.number} has wire type {self.kind}, not {kind}", self.start)


class Wire:
    """The fields of a file. Raises SpecError with the position of a byte that is wrong."""

    def __init__(self, data: Data, file: str) -> None:
        self.data = data
        self.file = file
        self.left = FIELDS_PER_LAYER * limits.current().layers

    def fields(self, start: int = 0, stop: int | None = None) -> Iterator[Field]:
        """The fields between two positions, by default of the whole file."""
        at = start
        stop = len(self.data) if stop is None else stop
        while at < stop:
            self.left -= 1
            if self.left < 0:
                most = FIELDS_PER_LAYER * limits.current().layers
                hint = limits.raised("layers")
                raise SpecError([Problem(self.span, f"the file has more than {most:,} fields", hint)])
            begin = at
            key, at = self.varint(at, stop)
            number, kind, value = key >> 3, key & 7, 0
            if kind == VARINT:
                first = at
                value, at = self.varint(at, stop)
            elif kind == BYTES:
                size, first = self.varint(at, stop)
                at = first + size
            elif kind in (FIXED32, FIXED64):
                first, at = at, at + (4 if kind == FIXED32 else 8)
            else:
                raise self.refuse(f"wire type {kind} does not exist", begin)
            if number == 0:
                raise self.refuse("a field has number 0", begin)
            if at > stop:
                raise self.refuse(f"a field of {at - first:,} bytes exceeds the {stop - first:,} that are left", begin)
            if kind in (FIXED32, FIXED64):
                value = int.from_bytes(self.data[first:at], "little")
            if at - first >= LARGE:
                self._release(first, at)
            yield Field(self, key, value, first, at)

    def varint(self, at: int, stop: int) -> tuple[int, int]:
        """The whole number at a position, and the position behind it."""
        data, value = self.data, 0
        for place in range(min(LONGEST_VARINT, stop - at)):
            byte = data[at + place]
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                return value & (2**64 - 1), at + place + 1
        if stop - at < LONGEST_VARINT:
            raise self.refuse("the data ends within a number", at)
        raise self.refuse(f"a number has more than {LONGEST_VARINT} bytes", at)

    def _release(self, start: int, stop: int) -> None:
        """Give back the memory of what is skipped: the system maps pages around those that are read."""
        if isinstance(self.data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
            self.data.madvise(mmap.MADV_DONTNEED, first, stop - first)

    @property
    def span(self) -> Span:
        return Span(self.file, 0, 0)

    def refuse(self, message: str, at: int) -> SpecError:
        hint = "the file may be truncated, or in another format"
        return SpecError([Problem(self.span, f"{message} at byte {at:,}", hint)])


def signed(value: int) -> int:
    """A whole number of 64 bits with its sign."""
    return value - 2**64 if value >= 2**63 else value
