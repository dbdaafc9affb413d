"""Regions: the very positions of the network's inputs that one output of a layer reads, by following its taps.

Nothing is extended beyond the borders here: what falls in the padding of any layer on the way reads
nothing. Positions along an axis are kept as runs, so that wide regions cost no more than small ones.
Channels are followed as an axis of their own, since they may become positions.
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

# First and last position of each run, in order and apart.
Runs: TypeAlias = tuple[tuple[int, int], ...]
# What is read is the product of what is read along each axis.
Box: TypeAlias = tuple[Runs, ...]
# Which channels are read, and where; None are channels that are not known.
Part: TypeAlias = "tuple[Runs | None, Box]"

# More boxes than this, and more positions in a run that leaves holes, are taken as what they lie within.
MOST_BOXES = 64
LONGEST_RUN = 100_000


class Region(Record):
    """What an output reads of one tensor: boxes that may overlap, and the tensor's shape; no box if nothing.

    Where it is not `exact`, less than this may be read.
    """

    shape: Shape
    boxes: tuple[Box, ...]
    exact: bool = True

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
    network: LayerGraph, layer: str, position: tuple[int, ...], gates: Iterable[tuple[str, str]] = ()
) -> dict[str, Region]:
    """What the output at `position` of a layer reads of each input of the network.

    `gates` are inputs of joins, as pairs of a layer and what it reads, that are not followed. Raises SpecError
    where following it takes more than the limit of work.
    """
    left_aside = set(gates)
    with limits.counted():
        following = _Following()
        wanted: dict[str, list[Part]] = {}
        for placed in reversed(network.layers):
            parts = wanted.pop(placed.name, None)
            if placed.name == layer:
                parts = [_output(placed, position)]
            for source, shape, read in following.reads(placed, parts) if parts else ():
                if (placed.name, source) not in left_aside:
                    wanted[source] = following.apart([*wanted.get(source, ()), *read], shape.channels)
        return {name: following.region(shape, wanted.get(name, [])) for name, shape in network.inputs}


def directly(network: LayerGraph, layer: str, position: tuple[int, ...]) -> dict[str, Region]:
    """What the output at `position` of a layer reads of each tensor that comes in."""
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
    """Follows taps from layer to layer; `exact` for as long as no more than what is read was taken."""

    def __init__(self) -> None:
        self.exact = True

    def region(self, shape: Shape, parts: list[Part]) -> Region:
        boxes = self.apart([(None, box) for _, box in parts], shape.channels)
        return Region(shape, tuple(box for _, box in boxes), self.exact)

    def reads(self, layer: Layer, parts: list[Part]) -> Iterator[tuple[str, Shape, list[Part]]]:
        """What parts of a layer's output read of each of its inputs."""
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
            # Each channel reads some of the positions alone.
            self.exact = False
        if channels is None and reading.is_part:
            self.exact = False
        if window is None and channels == _all(output.channels) and not reading.scattered:
            return _all(shape.channels)
        if window is None or (channels is None and not isinstance(window, WholeWindow)):
            return None if shape.channels > 1 else _all(1)
        return self.through(_all(1) if channels is None else channels, window, shape.channels)

    def along(self, box: Box, reading: Reading, shape: Shape) -> Box | None:
        """What the outputs of a box read along each axis of an input; None where that is nothing."""
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
                # Each tap reads what its neighbors do, moved along.
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
        """All from the first to the last position that outputs in a row read."""
        ends = [reads for at in (first, last) if (reads := window.reads(at, size))]
        if ends:
            yield from self.pieces(range(ends[0][0], ends[-1][-1] + 1), 0, size)

    def pieces(self, reads: range, longer: int, size: int) -> Iterator[tuple[int, int]]:
        """The runs of a read, each `longer` positions longer, as far as they lie in 0 to size - 1."""
        if not reads:
            return
        if reads.step <= longer + 1:
            pieces = [(reads[0], reads[-1] + longer)]
        elif min(reads[-1] - reads[0], size) > LONGEST_RUN * reads.step:
            self.exact = False
            pieces = [(reads[0], reads[-1] + longer)]
        else:
            # Only these lie where the input is.
            skipped = max(-(-(-longer - reads.start) // reads.step), 0)
            inside = reads[skipped : skipped + size + 1]
            limits.spend(Cost.RUN * min(len(inside), size // reads.step + 2))
            pieces = [(first, first + longer) for first in takewhile(lambda first: first < size, inside)]
        for first, last in pieces:
            if first < size and last >= 0:
                yield max(first, 0), min(last, size - 1)

    # --- axes that move to other places ---------------------------------------------------------

    def moved(self, channels: Runs | None, box: Box, reading: Reading, shapes: tuple[Shape, Shape]) -> Iterator[Part]:
        """The parts of an input whose numbers a part of the output has."""
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
        """Parts without those that lie within another."""
        kept: list[Part] = []
        for part in parts:
            if not any(_within(part, other) for other in kept):
                kept = [*(other for other in kept if not _within(other, part)), part]
        if len(kept) <= MOST_BOXES:
            return kept
        self.exact = False
        box = tuple(_merged(run for _, box in kept for run in box[axis]) for axis in range(len(kept[0][1])))
        return [(_all(channels), box)]


def _flat(runs: list[Runs], sizes: list[int]) -> Runs:
    """Positions along several axes as positions of the one that has all of them in order."""
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
    """Positions of one axis as boxes of the several that it has in order."""
    if len(sizes) == 1:
        return [(flat,)]
    limits.spend(Cost.RUN * len(flat))
    below, inner = prod(sizes[1:]), _all(prod(sizes[1:]))
    # By what is read of it, where each line stands.
    lines: dict[Runs, list[tuple[int, int]]] = {}
    parts: dict[int, list[tuple[int, int]]] = {}
    for first, last in flat:
        (start, before), (stop, behind) = divmod(first, below), divmod(last, below)
        if start == stop:
            parts.setdefault(start, []).append((before, behind))
            continue
        if before:
            parts.setdefault(start, []).append((before, below - 1))
            start += 1
        if behind < below - 1:
            parts.setdefault(stop, []).append((0, behind))
            stop -= 1
        if start <= stop:
            lines.setdefault(inner, []).append((start, stop))
    for line, own in parts.items():
        lines.setdefault(tuple(own), []).append((line, line))
    return [(_merged(where), *box) for own, where in lines.items() for box in _unflat(own, sizes[1:])]


def _closes(window: Window, first: int, period: int, size: int) -> bool:
    """Whether neighboring outputs, from `first` on, read without a hole between them."""
    if period > LONGEST_RUN:
        return False
    limits.spend(Cost.RUN * period)
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


def _within(part: Part, other: Part) -> bool:
    """Whether all of a part lies in another; of channels that are not known nothing does but they themselves."""
    (channels, box), (own, outer) = part, other
    if channels != own and (channels is None or own is None or not _lie_in(channels, own)):
        return False
    return all(map(_lie_in, box, outer))


def _lie_in(inner: Runs, outer: Runs) -> bool:
    """Whether each run lies in one of the others, both in order and apart."""
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
