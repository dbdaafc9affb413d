"""Regions: the exact input positions that one output of a layer reads, found by following its taps.

Unlike fields, regions end at the borders: a tap in the padding of any layer reads nothing. Positions
along an axis are stored as runs, so that wide regions cost no more than small ones. Channels are
followed as a separate axis, because they may become positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise, product, takewhile
from math import gcd, prod
from typing import TypeAlias

from cnncalc import limits
from cnncalc.layers.contract import Reading
from cnncalc.layers.shapes import POINT, BorderWindow, Shape, SlidingWindow, WholeWindow, Window, quotient
from cnncalc.limits import Cost
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record

# The first and last position of each run, sorted and not adjacent.
Runs: TypeAlias = tuple[tuple[int, int], ...]
# The product of the runs along each axis.
Box: TypeAlias = tuple[Runs, ...]
# The channels that are read, and a box of positions; None for unknown channels.
Part: TypeAlias = "tuple[Runs | None, Box]"

# More boxes than this are replaced by their bounding box, and longer runs with holes by runs without.
MOST_BOXES = 64
LONGEST_RUN = 100_000


class Region(Record):
    """The part of a tensor that an output reads: boxes that may overlap, and the tensor's shape.

    If it is not `exact`, the output may read less.
    """

    shape: Shape
    boxes: tuple[Box, ...]
    exact: bool = True

    def along(self, axis: int) -> Runs:
        """The positions along one axis that occur in any box."""
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
    network: LayerGraph, layer: str, position: tuple[int, ...], gates: Iterable[tuple[str, str]] = ()
) -> dict[str, Region]:
    """The region of each input of the network that the output at `position` of a layer reads.

    `gates` are inputs of joins that are not followed, as pairs of a layer and its source. Raises SpecError
    if following the output exceeds the work limit.
    """
    ignored = set(gates)
    with limits.counted():
        following = _Following()
        wanted: dict[str, list[Part]] = {}
        for placed in reversed(network.layers):
            parts = wanted.pop(placed.name, None)
            if placed.name == layer:
                parts = [_output(placed, position)]
            for source, shape, read in following.reads(placed, parts) if parts else ():
                if (placed.name, source) not in ignored:
                    wanted[source] = following.apart([*wanted.get(source, ()), *read], shape.channels)
        return {name: following.region(shape, wanted.get(name, [])) for name, shape in network.inputs}


def directly(network: LayerGraph, layer: str, position: tuple[int, ...]) -> dict[str, Region]:
    """The region of each input of a layer that its output at `position` reads."""
    placed = next(one for one in network.layers if one.name == layer)
    with limits.counted():
        following = _Following()
        found: dict[str, tuple[Shape, list[Part]]] = {}
        for source, shape, read in following.reads(placed, [_output(placed, position)]):
            found.setdefault(source, (shape, []))[1].extend(read)
        return {source: following.region(shape, parts) for source, (shape, parts) in found.items()}


def _output(layer: Layer, position: tuple[int, ...]) -> Part:
    """An output with all of its channels."""
    return _all(layer.output_shape.channels), tuple(((place, place),) for place in position)


def _all(size: int) -> Runs:
    return ((0, size - 1),)


class _Following:
    """Follows taps from layer to layer; `exact` until a region is replaced by a larger one."""

    def __init__(self) -> None:
        self.exact = True

    def region(self, shape: Shape, parts: list[Part]) -> Region:
        boxes = self.apart([(None, box) for _, box in parts], shape.channels)
        return Region(shape, tuple(box for _, box in boxes), self.exact)

    def reads(self, layer: Layer, parts: list[Part]) -> Iterator[tuple[str, Shape, list[Part]]]:
        """The parts of each input of a layer that parts of its output read."""
        readings = layer.figures.type.readings(layer.input_shapes, layer.output_shape)
        for source, shape, reading in zip(layer.inputs, layer.input_shapes, readings, strict=True):
            read: list[Part] = []
            for channels, box in parts:
                if reading.moves:
                    read.extend(self.moved(channels, box, reading, (shape, layer.output_shape)))
                else:
                    own = self.channels(channels, reading, (shape, layer.output_shape))
                    along = self.along(box, reading, shape)
                    read += [] if own == () or along is None else [(own, along)]
            yield source, shape, read

    def channels(self, channels: Runs | None, reading: Reading, shapes: tuple[Shape, Shape]) -> Runs | None:
        """The channels of an input that channels of an output read."""
        (shape, output), window = shapes, reading.channels
        if channels != _all(output.channels) and (reading.scattered or reading.gathered):
            # Each channel reads only some of the positions.
            self.exact = False
        if channels is None and reading.is_part:
            self.exact = False
        if window is None and channels == _all(output.channels) and not reading.scattered:
            return _all(shape.channels)
        if window is None or (channels is None and not isinstance(window, WholeWindow)):
            return None if shape.channels > 1 else _all(1)
        return self.through(_all(1) if channels is None else channels, window, shape.channels)

    def along(self, box: Box, reading: Reading, shape: Shape) -> Box | None:
        """The positions along each axis of an input that the outputs of a box read; None if they read nothing."""
        axes = []
        for window, axis, size in zip(reading.windows, reading.axes, shape.spatial, strict=True):
            runs = self.through(_all(1) if axis is None else box[axis], window, size)
            if not runs:
                return None
            axes.append(runs)
        return tuple(axes)

    def through(self, runs: Runs, window: Window, size: int) -> Runs:
        """The positions, 0 to size - 1, that outputs read through a window."""
        if window == POINT and type(window) is SlidingWindow:
            return runs
        limits.spend(Cost.RUN * (len(runs) - 1))
        return _merged(self.pieces_of(runs, window, size))

    def pieces_of(self, runs: Runs, window: Window, size: int) -> Iterator[tuple[int, int]]:
        numerator, denominator = window.pace(size)
        period = quotient(denominator, gcd(numerator, denominator)) if numerator else 1
        for first, last in runs if numerator else runs[:1]:
            if isinstance(window, BorderWindow):
                yield from window.copied(first, last, size)
            if not numerator:
                yield from self.pieces(window.reads(first, size), 0, size)
            elif numerator == denominator == 1:
                # Each output reads the positions of its neighbor, shifted by one.
                yield from self.pieces(window.reads(first, size), last - first, size)
            elif last - first > period and _closes(window, first, period, size):
                yield from self.between(window, first, last, size)
            elif last - first > LONGEST_RUN:
                self.exact = False
                yield from self.between(window, first, last, size)
            else:
                limits.spend(Cost.RUN * (last - first))
                for position in range(first, last + 1):
                    yield from self.pieces(window.reads(position, size), 0, size)

    def between(self, window: Window, first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
        """All positions between the first and the last that consecutive outputs read."""
        ends = [reads for at in (first, last) if (reads := window.reads(at, size))]
        if ends:
            yield from self.pieces(range(ends[0][0], ends[-1][-1] + 1), 0, size)

    def pieces(self, reads: range, longer: int, size: int) -> Iterator[tuple[int, int]]:
        """The runs of a read, each extended by `longer` positions and cut to 0 to size - 1."""
        if not reads:
            return
        if reads.step <= longer + 1:
            pieces = [(reads[0], reads[-1] + longer)]
        elif min(reads[-1] - reads[0], size) > LONGEST_RUN * reads.step:
            self.exact = False
            pieces = [(reads[0], reads[-1] + longer)]
        else:
            # Only these are inside the input.
            skipped = max(-(-(-longer - reads.start) // reads.step), 0)
            inside = reads[skipped : skipped + size + 1]
            limits.spend(Cost.RUN * min(len(inside), size // reads.step + 2))
            pieces = [(first, first + longer) for first in takewhile(lambda first: first < size, inside)]
        for first, last in pieces:
            if first < size and last >= 0:
                yield max(first, 0), min(last, size - 1)

    # --- axes that move to other places ---------------------------------------------------------

    def moved(self, channels: Runs | None, box: Box, reading: Reading, shapes: tuple[Shape, Shape]) -> Iterator[Part]:
        """The parts of an input whose elements are in a part of the output."""
        image, output = shapes
        if channels is None and any(0 in move.outputs and move != ((0,), (0,)) for move in reading.moves):
            self.exact = False
            channels = _all(output.channels)
        axes = (_all(output.channels) if channels is None else channels, *box)
        places: list[list[Box]] = []
        for move in reading.moves:
            runs = [axes[axis] for axis in move.outputs]
            if len(move.inputs) > 1 or len(move.outputs) > 1:
                flat = _flat(runs, [output[axis] for axis in move.outputs])
                places.append(_unflat(flat, [image[axis] for axis in move.inputs]))
            else:
                places.append([(runs[0],)])
        limits.spend(Cost.RUN * prod(map(len, places)))
        for boxes in product(*places):
            along: list[Runs] = list(map(_all, image))
            for move, own in zip(reading.moves, boxes, strict=True):
                for axis, runs_of in zip(move.inputs, own, strict=True):
                    along[axis] = runs_of
            is_known = channels is not None or ((0,), (0,)) not in reading.moves
            yield along[0] if is_known else None, tuple(along[1:])

    def apart(self, parts: list[Part], channels: int) -> list[Part]:
        """The parts that are not within other parts."""
        outer: list[Part] = []
        for part in parts:
            if not any(_within(part, other) for other in outer):
                outer = [*(other for other in outer if not _within(other, part)), part]
        if len(outer) <= MOST_BOXES:
            return outer
        self.exact = False
        box = tuple(_merged(run for _, box in outer for run in box[axis]) for axis in range(len(outer[0][1])))
        return [(_all(channels), box)]


def _flat(runs: list[Runs], sizes: list[int]) -> Runs:
    """Positions along several axes, as positions along their flattened axis."""
    flat = runs[0]
    for own, size in zip(runs[1:], sizes[1:], strict=True):
        if own == _all(size):
            flat = tuple([(first * size, last * size + size - 1) for first, last in flat])
            continue
        limits.spend(Cost.RUN * len(own) * sum(last - first + 1 for first, last in flat))
        places = (place * size for first, last in flat for place in range(first, last + 1))
        flat = _merged((place + first, place + last) for place in places for first, last in own)
    return flat


def _unflat(flat: Runs, sizes: list[int]) -> list[Box]:
    """Positions along a flattened axis, as boxes along the axes that it consists of."""
    if len(sizes) == 1:
        return [(flat,)]
    limits.spend(Cost.RUN * len(flat))
    below, inner = prod(sizes[1:]), _all(prod(sizes[1:]))
    # The indices of the lines that are read in the same way.
    lines: dict[Runs, list[tuple[int, int]]] = {}
    parts: dict[int, list[tuple[int, int]]] = {}
    for first, last in flat:
        (start, before), (stop, after) = divmod(first, below), divmod(last, below)
        if start == stop:
            parts.setdefault(start, []).append((before, after))
            continue
        if before:
            parts.setdefault(start, []).append((before, below - 1))
            start += 1
        if after < below - 1:
            parts.setdefault(stop, []).append((0, after))
            stop -= 1
        if start <= stop:
            lines.setdefault(inner, []).append((start, stop))
    for line, own in parts.items():
        lines.setdefault(tuple(own), []).append((line, line))
    return [(_merged(where), *box) for own, where in lines.items() for box in _unflat(own, sizes[1:])]


def _closes(window: Window, first: int, period: int, size: int) -> bool:
    """Whether consecutive outputs, starting at `first`, read without holes between them."""
    if period > LONGEST_RUN:
        return False
    limits.spend(Cost.RUN * period)
    reads = [window.reads(position, size) for position in range(first, first + period + 1)]
    if any(not read or (len(read) > 1 and read.step > 1) for read in reads):
        return False
    return all(one[0] <= two[0] <= one[-1] + 1 and one[-1] <= two[-1] for one, two in pairwise(reads))


def _merged(runs: Iterable[tuple[int, int]]) -> Runs:
    """The runs sorted, with overlapping and adjacent ones merged."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(runs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _within(part: Part, other: Part) -> bool:
    """Whether a part is within another; unknown channels are only within unknown channels."""
    (channels, box), (own, outer) = part, other
    if channels != own and (channels is None or own is None or not _lie_in(channels, own)):
        return False
    return all(map(_lie_in, box, outer))


def _lie_in(inner: Runs, outer: Runs) -> bool:
    """Whether each run is within one of the others; both are sorted and not adjacent."""
    limits.spend(1)
    if inner is outer:
        return True
    if inner[0][0] < outer[0][0] or inner[-1][1] > outer[-1][1]:
        return False
    limits.spend((len(inner) + len(outer)) // Cost.PER_NAME)
    others = iter(outer)
    start, stop = next(others)
    for first, last in inner:
        while last > stop:
            start, stop = next(others)
        if first < start:
            return False
    return True
