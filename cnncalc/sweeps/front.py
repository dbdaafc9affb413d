"""The Pareto front of designs, one after the other."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Generic, TypeVar

from cnncalc.errors import Problem, SpecError, did_you_mean
from cnncalc.record import Record

Kept = TypeVar("Kept")

# Quantities of which more is better, unless the objective says otherwise.
LARGER_IS_BETTER = ("field", "receptive_field")
MOST_ON_FRONT = 20_000


class Objective(Record):
    """A quantity that is minimized, or with `sign` -1 maximized."""

    quantity: str
    sign: int


def read_objectives(text: str, known: tuple[str, ...], option: str) -> tuple[Objective, ...]:
    """The objectives of `macs,field` or `min:macs,max:field`. Raises SpecError."""
    found = []
    for word in (part.strip() for part in text.split(",")):
        match = re.fullmatch(r"(?:(min|max):)?\s*(\w+)", word)
        name = match.group(2) if match else word
        if match is None or name not in known:
            hint = did_you_mean(name, known, f"choose from {', '.join(known)}, each after min: or max:, or alone")
            raise SpecError([Problem(None, f"{option}: unknown quantity {name[:60]!r}", hint)])
        largest = match.group(1) == "max" if match.group(1) else name in LARGER_IS_BETTER
        found.append(Objective(name, -1 if largest else 1))
    names = [objective.quantity for objective in found]
    if len(set(names)) < len(names) or len(names) < 2:
        raise SpecError([Problem(None, f"{option} takes at least two different quantities", "such as macs,field")])
    return tuple(found)


class Front(Generic[Kept]):
    """The designs that no other design surpasses: none is as good in all objectives, and better in one."""

    def __init__(self) -> None:
        # In the order of their points; in two dimensions, the second coordinate then falls.
        self.points: list[tuple[int, ...]] = []
        self.kept: list[Kept] = []

    def add(self, point: tuple[int, ...], design: Kept) -> None:
        """Add a design, and drop those that it surpasses; smaller coordinates are better."""
        place = bisect_left(self.points, point)
        if len(point) == 2:
            equal = place < len(self.points) and self.points[place] == point
            if not equal and place and self.points[place - 1][1] <= point[1]:
                return
            end = place
            while end < len(self.points) and self.points[end] != point and self.points[end][1] >= point[1]:
                end += 1
            del self.points[place:end], self.kept[place:end]
        else:
            # A point that surpasses another one precedes it.
            if any(_surpasses(other, point) for other in self.points[:place]):
                return
            stay = [number for number in range(place, len(self.points)) if not _surpasses(point, self.points[number])]
            self.points[place:] = [self.points[number] for number in stay]
            self.kept[place:] = [self.kept[number] for number in stay]
        self.points.insert(place, point)
        self.kept.insert(place, design)
        if len(self.points) > MOST_ON_FRONT:
            message = f"the Pareto front has more than {MOST_ON_FRONT:,} designs"
            raise SpecError([Problem(None, message, "use fewer objectives, or a condition")])


def _surpasses(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one != other and all(own <= its for own, its in zip(one, other, strict=True))
