"""FlatBuffers: tables of a binary file, of which only the fields that are asked for are read.

The format: https://flatbuffers.dev/internals. Files are untrusted: each offset is checked against the file's end,
and lengths against a limit, so that a wrong file costs no more time or memory than a valid one.
"""

from __future__ import annotations

from collections.abc import Iterator
from mmap import mmap
from struct import calcsize, unpack_from

from cnncalc.errors import Problem, Span, SpecError

LONGEST_TEXT = 1_000
OFFSET = 4


class FlatFile:
    """The bytes of a file, and its name for messages."""

    def __init__(self, data: bytes | mmap, name: str) -> None:
        self.data = data
        self.name = name

    def root(self) -> FlatTable:
        return FlatTable(self, self.follow(0))

    def refuse(self, message: str, position: int) -> SpecError:
        return SpecError([Problem(Span(self.name, 0, 0), f"{message} at byte {position:,}")])

    def check(self, position: int, size: int, subject: str) -> None:
        """Raise SpecError unless `size` bytes at a position are in the file."""
        if position < 0 or position + size > len(self.data):
            message = (
                f"{subject} of {size:,} bytes begins at byte {position:,}, and the file has {len(self.data):,} bytes"
            )
            raise SpecError([Problem(Span(self.name, 0, 0), message, "it may be damaged, or only a part of a file")])

    def numbers(self, position: int, code: str, count: int = 1) -> tuple[int | float, ...]:
        """Numbers of a type of `struct` side by side."""
        self.check(position, count * calcsize(f"<{code}"), "a field")
        return unpack_from(f"<{count}{code}", self.data, position)

    def integer(self, position: int, code: str) -> int:
        return int(self.numbers(position, code)[0])

    def follow(self, position: int) -> int:
        """The position that the offset at a position gives; offsets lead forward, never in circles."""
        return position + self.integer(position, "I")


class FlatTable:
    """A table: its fields by their numbers in the schema, each with a default if the file leaves it out."""

    def __init__(self, file: FlatFile, position: int) -> None:
        self.file = file
        self.position = position
        self.fields = position - file.integer(position, "i")
        self.fields_end = self.fields + file.integer(self.fields, "H")

    def number(self, field: int, code: str, default: int = 0) -> int:
        """A whole number; a boolean is 0 or 1."""
        place = self._place(field)
        return self.file.integer(place, code) if place else default

    def real(self, field: int, default: float = 0) -> float:
        place = self._place(field)
        return float(self.file.numbers(place, "f")[0]) if place else default

    def numbers(self, field: int, code: str, most: int) -> tuple[int, ...]:
        """The whole numbers of a vector. Raises SpecError if there are more than `most`."""
        start, count = self.vector(field)
        if count > most:
            raise self.file.refuse(f"a list of {count:,} numbers, where at most {most:,} are expected,", start)
        return tuple(map(int, self.file.numbers(start, code, count)))

    def text(self, field: int) -> str:
        """A text, of which at most the first 1,000 bytes are read."""
        start, count = self.vector(field)
        self.file.check(start, count, "a text")
        return self.file.data[start : start + min(count, LONGEST_TEXT)].decode(errors="replace")

    def table(self, field: int) -> FlatTable | None:
        place = self._place(field)
        return FlatTable(self.file, self.file.follow(place)) if place else None

    def tables(self, field: int) -> FlatTables:
        return FlatTables(self.file, *self.vector(field))

    def vector(self, field: int) -> tuple[int, int]:
        """The position of the first element of a vector, and the number of elements."""
        place = self._place(field)
        if not place:
            return 0, 0
        start = self.file.follow(place)
        return start + OFFSET, self.file.integer(start, "I")

    def _place(self, field: int) -> int:
        """The position of a field; 0 if the file leaves it out."""
        entry = self.fields + 4 + 2 * field
        if entry + 2 > self.fields_end:
            return 0
        distance = self.file.integer(entry, "H")
        return self.position + distance if distance else 0


class FlatTables:
    """A vector of tables, of which each is read when it is asked for."""

    def __init__(self, file: FlatFile, start: int, count: int) -> None:
        self.file = file
        self.start = start
        self.count = count
        file.check(start, OFFSET * count, "a list of tables")

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> FlatTable:
        """A table by its number, which the caller has compared with the length."""
        return FlatTable(self.file, self.file.follow(self.start + OFFSET * index))

    def __iter__(self) -> Iterator[FlatTable]:
        return (self[index] for index in range(self.count))
