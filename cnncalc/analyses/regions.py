"""Regions: the very positions of the network's inputs that one output of a layer reads, by following its taps.

Nothing is extended beyond the borders here: what falls in the padding of any layer on the way reads
nothing. Positions along an axis are kept as runs, so that wide regions cost no more than small ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import gcd
from typing import NamedTuple, TypeAlias

from cnncalc.layer_type import Reading
from cnncalc.network import Network
from cnncalc.records import brief
from cnncalc.shapes import BorderWindow, Shape, Window, quotient

# First and last position of each run, in order and apart.
Runs: TypeAlias = tuple[tuple[int, int], ...]
# What is read is the product of what is read along each axis.
Box: TypeAlias = tuple[Runs, ...]

# More boxes than this, and more positions in a run that leaves holes, are taken as what they lie within.
MOST_BOXES = 64
LONGEST_RUN = 100_000


@brief
class Region(NamedTuple):
    """What an output reads of one tensor: boxes that may overlap, and the tensor's shape; no box if nothing."""

    shape: Shape
    boxes: tuple[Box, ...]

    def along(self, axis: int) -> Runs:
        """The positions along one axis that are read anywhere."""
        return _merged(run for box in self.boxes for run in box[axis])

    def reads(self, position: tuple[int, ...]) -> bool:
        """Whether the position is read."""
        return any(
            all(any(first <= at <= last for first, last in runs) for runs, at in zip(box, position, strict=True))
            for box in self.boxes
        )

    @property
    def whole(self) -> bool:
        """Whether every position is read."""
        everything = tuple(((0, size - 1),) for size in self.shape.spatial)
        return everything in self.boxes


def region(
    network: Network, layer: str, position: tuple[int, ...], gates: Iterable[tuple[str, str]] = ()
) -> dict[str, Region]:
    """What the output at `position` of a layer reads of each input of the network.

    `gates` are inputs of joins, as pairs of a layer and what it reads, that are not followed.
    """
    left_aside = set(gates)
    wanted: dict[str, list[Box]] = {layer: [tuple(((place, place),) for place in position)]}
    for placed in reversed(network.layers):
        boxes = wanted.pop(placed.name, None)
        if not boxes:
            continue
        readings = placed.figures.type.readings(placed.input_shapes, placed.output_shape)
        for source, shape, reading in zip(placed.inputs, placed.input_shapes, readings, strict=True):
            if (placed.name, source) not in left_aside:
                read = (_read(box, reading, shape) for box in boxes)
                wanted[source] = _apart([*wanted.get(source, ()), *(box for box in read if box is not None)])
    return {name: Region(shape, tuple(wanted.get(name, ()))) for name, shape in network.inputs}


def directly(network: Network, layer: str, position: tuple[int, ...]) -> dict[str, Region]:
    """What the output at `position` of a layer reads of each tensor that comes in."""
    placed = next(one for one in network.layers if one.name == layer)
    readings = placed.figures.type.readings(placed.input_shapes, placed.output_shape)
    found: dict[str, Region] = {}
    for source, shape, reading in zip(placed.inputs, placed.input_shapes, readings, strict=True):
        box = _read(tuple(((place, place),) for place in position), reading, shape)
        before = found[source].boxes if source in found else ()
        found[source] = Region(shape, before if box is None else tuple(_apart([*before, box])))
    return found


def _read(box: Box, reading: Reading, shape: Shape) -> Box | None:
    """What the outputs of a box read of an input; None where that is nothing."""
    axes = []
    for window, axis, size in zip(reading.windows, reading.axes, shape.spatial, strict=True):
        runs = _merged(_read_along(((0, 0),) if axis is None else box[axis], window, size))
        if not runs:
            return None
        axes.append(runs)
    return tuple(axes)


def _read_along(runs: Runs, window: Window, size: int) -> Iterator[tuple[int, int]]:
    """The runs of positions, 0 to size - 1, that outputs read through a window."""
    numerator, denominator = window.pace(size)
    period = quotient(denominator, gcd(numerator, denominator))
    for first, last in runs if numerator else runs[:1]:
        if isinstance(window, BorderWindow):
            yield from window.copied(first, last, size)
        if not numerator:
            yield from _pieces(window.reads(first, size), 0, size)
        elif numerator == denominator == 1:
            # Each tap reads what its neighbours do, moved along.
            yield from _pieces(window.reads(first, size), last - first, size)
        elif last - first > LONGEST_RUN or (last - first > period and _closes(window, first, period, size)):
            ends = [reads for at in (first, last) if (reads := window.reads(at, size))]
            if ends:
                yield from _pieces(range(ends[0][0], ends[-1][-1] + 1), 0, size)
        else:
            for position in range(first, last + 1):
                yield from _pieces(window.reads(position, size), 0, size)


def _pieces(reads: range, longer: int, size: int) -> Iterator[tuple[int, int]]:
    """The runs of a read, each `longer` positions longer, as far as they lie in 0 to size - 1."""
    if not reads:
        return
    if reads.step <= longer + 1 or min(reads[-1] - reads[0], size) > LONGEST_RUN * reads.step:
        pieces = [(reads[0], reads[-1] + longer)]
    else:
        # Only these lie where the input is.
        skipped = max(-(-(-longer - reads.start) // reads.step), 0)
        inside = reads[skipped : skipped + size + 1]
        pieces = [(first, first + longer) for first in inside if first < size]
    for first, last in pieces:
        if first < size and last >= 0:
            yield max(first, 0), min(last, size - 1)


def _closes(window: Window, first: int, period: int, size: int) -> bool:
    """Whether neighbouring outputs, from `first` on, read without a hole between them."""
    if period > LONGEST_RUN:
        return False
    reads = [window.reads(position, size) for position in range(first, first + period + 1)]
    if any(not read or (len(read) > 1 and read.step > 1) for read in reads):
        return False
    return all(one[0] <= two[0] <= one[-1] + 1 and one[-1] <= two[-1] for one, two in pairwise(reads))


def _merged(runs: Iterable[tuple[int, int]]) -> Runs:
    """Runs in order, those that touch made one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(runs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _apart(boxes: list[Box]) -> list[Box]:
    """Boxes without those that lie within another."""
    kept: list[Box] = []
    for box in boxes:
        if not any(_within(box, other) for other in kept):
            kept = [*(other for other in kept if not _within(other, box)), box]
    if len(kept) > MOST_BOXES:
        return [tuple(_merged(run for box in kept for run in box[axis]) for axis in range(len(kept[0])))]
    return kept


def _within(box: Box, other: Box) -> bool:
    return all(
        all(any(start <= first and last <= stop for start, stop in outer) for first, last in inner)
        for inner, outer in zip(box, other, strict=True)
    )
