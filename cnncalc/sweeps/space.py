"""The designs of a sweep: the values of each variable, and the order of their combinations.

A design is its number; the values follow from it, so that no list of designs is ever made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import prod
from random import Random

from cnncalc import limits, surface
from cnncalc.errors import Problem, SpecError, listed, plural, quoted
from cnncalc.record import Record
from cnncalc.syntax.expressions import Number, decimal, fraction

NUMERAL = r"-?(?:[0-9]{1,30}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})"
RANGE = re.compile(rf"\s*({NUMERAL})\s*\.\.\s*({NUMERAL})\s*(?::\s*({NUMERAL})\s*)?")
# What is meant as a range, but is not one.
LIKE_RANGE = re.compile(r"\s*[-\w.]+\s*\.\.")
CLOSING = {"[": "]", "(": ")", "{": "}"}
# The most values of a range: their number must be a length of a list.
MOST_VALUES = 10**12
GRID, ZIP, RANDOM = "grid", "zip", "random"


class Steps(Sequence[str]):
    """The values of a range as texts: from `start`, `count` of them with distance `step`."""

    def __init__(self, start: Number, step: Number, count: int) -> None:
        self.start = start
        self.step = step
        self.length = count

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: int) -> str:  # type: ignore[override]  # one value, never a slice
        if not 0 <= place < self.length:
            raise IndexError(place)
        number = self.start + place * self.step
        return decimal(number.numerator if number.denominator == 1 else number)


class Joined(Sequence[str]):
    """Several sequences one after the other."""

    def __init__(self, parts: Sequence[Sequence[str]]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, place: int) -> str:  # type: ignore[override]  # one value, never a slice
        for part in self.parts:
            if place < len(part):
                return part[place]
            place -= len(part)
        raise IndexError(place)


class SweepAxis(Record):
    """A variable with its values as texts. `given` are those that the caller of Python passed, if it was one."""

    name: str
    texts: Sequence[str]
    given: Sequence[object] | None = None

    @property
    def listed(self) -> Iterator[str]:
        """The values that are listed one by one, rather than in a range."""
        parts = self.texts.parts if isinstance(self.texts, Joined) else (self.texts,)
        return (text for part in parts if not isinstance(part, Steps) for text in part)


class Space(Record):
    """The designs of a sweep: all combinations of the values, `sample` of them at random, or their rows (ZIP).

    In a grid, the values of the last axis change first.
    """

    axes: tuple[SweepAxis, ...]
    mode: str = GRID
    sample: int = 0
    seed: int = 0

    @property
    def size(self) -> int:
        """The number of all combinations."""
        counts = [len(axis.texts) for axis in self.axes]
        return min(counts, default=1) if self.mode == ZIP else prod(counts)

    @property
    def designs(self) -> int:
        """The number of designs."""
        return min(self.sample, self.size) if self.mode == RANDOM else self.size

    def places(self, number: int) -> tuple[int, ...]:
        """The place of each value of a combination among the values of its axis."""
        if self.mode == ZIP:
            return (number,) * len(self.axes)
        found = []
        for axis in reversed(self.axes):
            number, place = divmod(number, len(axis.texts))
            found.append(place)
        return tuple(reversed(found))

    def numbers(self, start: int = 0) -> Iterator[int]:
        """The number of each design's combination, from the design `start` on."""
        if self.mode != RANDOM:
            yield from range(start, self.size)
            return
        # Fisher and Yates, with only the moved numbers in memory: none repeats, however large the grid.
        generator, size = Random(self.seed), self.size  # noqa: S311 - no secret
        moved: dict[int, int] = {}
        for number in range(self.designs):
            place = generator.randrange(number, size)
            chosen = moved.pop(place, place)
            if place != number:
                moved[place] = moved.pop(number, number)
            if number >= start:
                yield chosen


def read_values(text: str, option: str) -> Sequence[str]:
    """The values of a list such as `16,24,32`, `2..8`, `128..256:32` or `[3,4,6,3],[2,2,2,2]`.

    Raises SpecError, whose message begins with the `option`.
    """
    parts: list[Sequence[str]] = []
    for piece in _split(text, option):
        if match := RANGE.fullmatch(piece):
            parts.append(_read_range(piece.strip(), match, option))
        elif LIKE_RANGE.match(piece):
            refuse(f"{option}: {quoted(piece.strip())} is not a range", "write one such as 2..8 or 128..256:32")
        elif parts and isinstance(parts[-1], list):
            parts[-1].append(piece.strip())
        else:
            parts.append([piece.strip()])
    return parts[0] if len(parts) == 1 else Joined(parts)


def _split(text: str, option: str) -> list[str]:
    """The pieces between commas that are in no brackets and no quotes."""
    pieces, start, open_brackets, quote = [], 0, "", ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in CLOSING:
            open_brackets += CLOSING[character]
        elif open_brackets and character == open_brackets[-1]:
            open_brackets = open_brackets[:-1]
        elif character == "," and not open_brackets:
            pieces.append(text[start:place])
            start = place + 1
    pieces.append(text[start:])
    if open_brackets or quote:
        refuse(f"{option}: {quoted(text)} ends inside a list or text", f"add {open_brackets[-1:] or quote}")
    if not all(piece.strip() for piece in pieces):
        such = "values such as 16,24,32 or 2..8"
        refuse(f"{option} has {'no values' if len(pieces) == 1 else 'an empty value'}", f"write {such}")
    return pieces


def _read_range(piece: str, match: re.Match[str], option: str) -> Steps:
    first, last, distance = match.groups()
    start, stop, step = fraction(first), fraction(last), fraction(distance or "1")
    if step <= 0:
        refuse(f"{option}: the step of {piece} is not above 0", "write a positive step, such as 128..256:32")
    if stop < start:
        rest = f":{distance}" if distance else ""
        refuse(f"{option}: the range {piece} is empty", f"write {last}..{first}{rest}")
    count = int((stop - start) // step) + 1
    if count > MOST_VALUES:
        refuse(f"{option}: the range {piece} has more than {MOST_VALUES:,} values", "write a larger step")
    return Steps(start, step, count)


def check_space(space: Space) -> None:
    """Raise SpecError for rows of different lengths, and for more designs than the limit."""
    seen: set[str] = set()
    for axis in space.axes:
        if axis.name in seen:
            refuse(f"{quoted(axis.name)} is varied twice", "list all of its values at once")
        seen.add(axis.name)
    lengths = {axis.name: len(axis.texts) for axis in space.axes}
    if space.mode == ZIP and len(set(lengths.values())) > 1:
        counted = listed(f"{name} has {plural(count, 'value')}" for name, count in lengths.items())
        refuse(f"zip pairs lists of equal length, but {counted}", "give equally many, or combine all of them in a grid")
    most = limits.current().designs
    if space.designs > most:
        such = "" if space.mode == RANDOM else f"draw some of them with {surface.option('random')}"
        hint = limits.raised("designs", such)
        refuse(f"the sweep has {space.designs:,} designs, more than {most:,}", hint)


def refuse(message: str, hint: str = "") -> None:
    """Raise SpecError for a problem without a place."""
    raise SpecError([Problem(None, message, hint)])


def describe_values(texts: Sequence[str]) -> tuple[object, ...]:
    """What makes the values of an axis the same, without listing a range."""
    if isinstance(texts, Steps):
        return str(texts.start), str(texts.step), texts.length
    if isinstance(texts, Joined):
        return tuple(map(describe_values, texts.parts))
    return tuple(texts)
