"""Receptive fields: which positions of the network's inputs an output of each layer depends on.

Along one axis of an input, an output's field is what lies between the first and the last position
that it depends on; holes that dilation leaves are within it. Positions before 0 or behind the
input's end are those that padding stands for: the field goes on beyond the border, as it is commonly
given. A layer's field is

- its size: that of the largest of its outputs, where they differ (behind a transposed convolution);
- its stride: how far it moves from one output to the next, a fraction where several outputs share
  their positions; None where no one number says it;
- its start and its centre: those of the first output.

Through a window they compose as in Araujo, Norris and Sim, "Computing Receptive Fields of
Convolutional Neural Networks" (Distill, 2019): SIZE, STRIDE, START and CENTER below. Computed are
the first and the last position of every output, as a rule that repeats, so that nothing is rounded
where strides are fractions. Over branches the field is their exact union.

What reads an axis whole (a global pool) sees the same in every output: its field is cut to the input,
and moves by 0. Statistics of normalisations are left aside, and so are gates unless told: inputs of
a join that are repeated over the positions of another, as in squeeze-and-excitation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import chain, product
from math import gcd, lcm
from operator import is_
from typing import NamedTuple, TypeAlias

from cnncalc.layer_type import Reading
from cnncalc.network import Layer, Network
from cnncalc.records import brief
from cnncalc.shapes import POINT, Shape, Window, quotient

Number: TypeAlias = "int | Fraction"

# How a field grows through a sliding window, in the language of expressions: `size`, `stride` and `start` are
# those of the layer before (in CENTER, of the layer), `step` is the window's own stride.
SIZE = "size + (kernel - 1) * stride"
DILATED_SIZE = "size + dilation * (kernel - 1) * stride"
STRIDE = "stride * step"
START = "start - before * stride"
CENTER = "start + (size - 1) / 2"

# A rule that repeats only after more outputs than this is none that anybody could use.
LONGEST_PERIOD = 4096
ALONG = (0, 1, 2)
# How many fields are kept, for layers that see the same.
MOST_KEPT = 4096


@brief
class Reach(NamedTuple):
    """The first and the last position that outputs depend on along an axis, alone or through one path.

    The rule repeats: output i + len(lows) reaches what output i does, `advance` positions further. None
    is an output that depends on nothing.
    """

    lows: tuple[int | None, ...]
    highs: tuple[int | None, ...]
    advance: int

    def at(self, position: int) -> tuple[int, int] | None:
        """The first and the last position that the output at `position` depends on."""
        rounds, place = divmod(position, len(self.lows))
        low, high = self.lows[place], self.highs[place]
        if low is None or high is None:
            return None
        return low + rounds * self.advance, high + rounds * self.advance

    @property
    def period(self) -> int:
        return len(self.lows)

    @property
    def stride(self) -> Number:
        return self.advance if self.period == 1 else _whole(Fraction(self.advance, self.period))

    @property
    def size(self) -> int:
        """From the first to the last position, of the output that reaches furthest."""
        return max((last - first + 1 for first, last in self.known()), default=0)

    def known(self) -> list[tuple[int, int]]:
        """What the outputs of one period reach, those left out that depend on nothing."""
        return [(low, high) for low, high in zip(self.lows, self.highs, strict=True) if None not in (low, high)]  # type: ignore[misc]


@brief
class Path(NamedTuple):
    """A way through the network, and what it alone reaches; `layer` is the last that changed it."""

    layer: Layer | None
    reach: Reach
    before: Path | None

    def steps(self) -> list[Path]:
        """Its parts from the first layer to the last."""
        path: Path | None = self
        steps = []
        while path is not None and path.layer is not None:
            steps.append(path)
            path = path.before
        return steps[::-1]


@brief
class Strand(NamedTuple):
    """What outputs reach through all branches that move at one pace, and the widest of their paths.

    `axis` is the axis of the output along which it moves, None where it does not. Without a reach there is
    no rule.
    """

    axis: int | None
    reach: Reach | None
    path: Path


# Along one axis of an input: one strand, or several where branches move at different paces.
Strands: TypeAlias = tuple[Strand, ...]


class Flaw(Enum):
    """Why the field of a join is not what one says of its size, stride and centre."""

    STRIDES = "branches move at different strides"
    GAP = "branches leave a hole between them"
    CENTERS = "branches have other centres"
    AXES = "branches follow different axes of the output"
    PARTS = "the branches are parts of the axis, one behind the other"


@brief
class Misalignment(NamedTuple):
    """A join whose branches are not aligned, along one axis of an input.

    `numbers` are the strides, the width of the hole, or how far the centres are apart.
    """

    layer: str
    input: str
    axis: int
    flaw: Flaw
    numbers: tuple[Number, ...]


@brief
class Gate(NamedTuple):
    """An input of a join that is repeated over the positions of the others."""

    layer: str
    source: str


@brief
class AxisField(NamedTuple):
    """The field along one axis of an input, in its positions.

    `strides` are several where branches are not aligned. `period` is the number of outputs after which
    fields repeat: with 1 they are all alike, a stride apart. `whole` says that every output sees every
    position.
    """

    size: int
    strides: tuple[Number, ...]
    start: int
    center: Number
    period: int
    whole: bool

    @property
    def stride(self) -> Number | None:
        """How far it moves from one output to the next; None where no one number says it."""
        return self.strides[0] if len(self.strides) == 1 else None


Field: TypeAlias = tuple[AxisField, ...]


@brief
class Fields(NamedTuple):
    """The fields of a network: for each layer, and each input that it depends on, the strands along each axis.

    `through_gates` says whether gates are counted; `gates` are all there are. `paths` counts the ways from
    an input to a layer.
    """

    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    strands: dict[str, dict[str, tuple[Strands, ...]]]
    misalignments: tuple[Misalignment, ...]
    gates: tuple[Gate, ...]
    through_gates: bool
    paths: dict[str, dict[str, int]]

    def of(self, layer: str) -> dict[str, Field | None]:
        """A layer's field on each input that it depends on; None where there is no rule, or no position."""
        found: dict[str, Field | None] = {}
        for name, axes in self.strands[layer].items():
            sizes = self.inputs[name].spatial
            fields = [_axis_field(one, self.outputs[layer], size) for one, size in zip(axes, sizes, strict=True)]
            known = tuple(field for field in fields if field is not None)
            found[name] = known if len(known) == len(fields) else None
        return found

    def path(self, layer: str, name: str, axis: int) -> Path:
        """The widest path from an input to a layer, along one axis of the input."""
        return max((strand.path for strand in self.strands[layer][name][axis]), key=lambda path: path.reach.size)

    def extent(self, layer: str, name: str, position: tuple[int, ...]) -> tuple[tuple[int, int] | None, ...]:
        """Along each axis of an input the first and last position of one output's field, padding included."""
        return tuple(
            _hull(
                one.reach.at(0 if one.axis is None else position[one.axis]) for one in strands if one.reach is not None
            )
            for strands in self.strands[layer].get(name, ())
        )


def fields(network: Network, *, through_gates: bool = False) -> Fields:
    """The fields of all layers."""
    return _Walk(network, through_gates=through_gates).fields()


def receptive_fields(network: Network) -> dict[str, Field | None]:
    """The field of each layer by its name, gates left aside.

    None where one rule does not say it: branches that move at different strides, inputs that are seen
    differently.
    """
    found = fields(network)
    plain: dict[str, Field | None] = {}
    memo: dict[tuple[int, tuple[int, ...]], Field | None] = {}
    for layer in network.layers:
        # Layers that leave the field as it is hand the same record on.
        key = (id(found.strands[layer.name]), layer.output_shape.spatial)
        if key not in memo:
            every = set(found.of(layer.name).values())
            one = every.pop() if len(every) == 1 else None
            memo[key] = one if one is not None and all(axis.stride is not None for axis in one) else None
        plain[layer.name] = memo[key]
    return plain


def on_the_way(network: Network, gates: tuple[Gate, ...]) -> set[str]:
    """The layers that reach an output of the network, or end, otherwise than through a gate."""
    left_aside = {(gate.layer, gate.source) for gate in gates}
    read = {source for layer in network.layers for source in layer.inputs}
    reached = {layer.name for layer in network.layers if layer.name not in read} | set(network.outputs)
    for layer in reversed(network.layers):
        if layer.name in reached:
            reached.update(source for source in layer.inputs if (layer.name, source) not in left_aside)
    return reached


@brief
class Branch(NamedTuple):
    """An input of a layer: how it is read, its shape, and what it reaches along each axis of an input."""

    reading: Reading
    shape: Shape
    strands: tuple[Strands, ...]

    def is_part(self, output: Shape, axis: int) -> bool:
        """Whether some outputs of a join do not read it at all, along an axis of an input."""
        for along in {strand.axis for strand in self.strands[axis] if strand.axis is not None}:
            window, own, size = self.reading.windows[along], self.reading.axes[along], self.shape.spatial[along]
            last = 0 if own is None else output.spatial[own] - 1
            if window.reads(0, size)[0] < 0 or window.reads(last, size)[-1] >= size:
                return True
        return False


class _Walk:
    """Goes through a network from its inputs, layer by layer."""

    def __init__(self, network: Network, *, through_gates: bool) -> None:
        self.network = network
        self.through_gates = through_gates
        self.sizes = {name: shape.spatial for name, shape in network.inputs}
        self.gates: list[Gate] = []
        self.misalignments: list[Misalignment] = []
        self.readings: dict[int, tuple[Reading, ...]] = {}
        self.reaches: dict[tuple[Reach, type, Window, int, int], Reach | None] = {}

    def fields(self) -> Fields:
        one = Reach((0,), (0,), 1)
        state: dict[str, dict[str, tuple[Strands, ...]]] = {}
        paths = {name: {name: 1} for name, _ in self.network.inputs}
        for name, shape in self.network.inputs:
            start = Path(None, one, None)
            state[name] = {name: tuple((Strand(axis, one, start),) for axis in range(shape.rank))}
        for layer in self.network.layers:
            counted = self.counted(layer)
            state[layer.name] = self.layer(layer, counted, [state[source] for source in layer.inputs])
            paths[layer.name] = _sums([paths[layer.inputs[number]] for number in counted])
        layers = {layer.name: state[layer.name] for layer in self.network.layers}
        outputs = {layer.name: layer.output_shape for layer in self.network.layers}
        flaws, gates = tuple(self.misalignments), tuple(self.gates)
        return Fields(dict(self.network.inputs), outputs, layers, flaws, gates, self.through_gates, paths)

    def counted(self, layer: Layer) -> list[int]:
        """Which of a layer's inputs count, by their places: gates do not unless told."""
        readings = self.read(layer)
        repeated = [number for number, reading in enumerate(readings) if reading.repeated]
        if not repeated or len(repeated) == len(readings):
            return list(range(len(readings)))
        self.gates += [Gate(layer.name, layer.inputs[number]) for number in repeated]
        return [number for number in range(len(readings)) if self.through_gates or number not in repeated]

    def read(self, layer: Layer) -> tuple[Reading, ...]:
        key = id(layer.figures)
        if key not in self.readings:
            self.readings[key] = layer.figures.type.readings(layer.input_shapes, layer.output_shape)
        return self.readings[key]

    def layer(
        self, layer: Layer, counted: list[int], incoming: list[dict[str, tuple[Strands, ...]]]
    ) -> dict[str, tuple[Strands, ...]]:
        """What a layer's outputs reach, from what its inputs do."""
        readings = self.read(layer)
        if len(incoming) == 1 and _keeps(readings[0]):
            return incoming[0]
        outgoing: dict[str, tuple[Strands, ...]] = {}
        for name, sizes in self.sizes.items():
            branches = [
                Branch(readings[number], layer.input_shapes[number], incoming[number][name])
                for number in counted
                if name in incoming[number]
            ]
            if branches:
                outgoing[name] = tuple(self.axis(layer, branches, name, axis) for axis in range(len(sizes)))
        if len(incoming) == 1 and all(all(map(is_, outgoing[name], axes)) for name, axes in incoming[0].items()):
            return incoming[0]
        return outgoing

    def axis(self, layer: Layer, branches: list[Branch], name: str, axis: int) -> Strands:
        """What a layer's outputs reach along one axis of an input of the network."""
        size = self.sizes[name][axis]
        slid = [
            tuple(self.through(layer, branch, strand, size) for strand in branch.strands[axis]) for branch in branches
        ]
        if len(layer.inputs) == 1:
            before = branches[0].strands[axis]
            return before if all(map(is_, slid[0], before)) else slid[0]
        strands = tuple(chain.from_iterable(slid))
        for strand in strands:
            # Nothing is added to what has no rule, or is the whole input.
            if strand.reach is None or (_is_constant(strand.reach) and _covers(strand.reach, 1, size)):
                return (strand,)
        groups: dict[tuple[int | None, Number], list[Strand]] = {}
        for strand in strands:
            if strand.reach is not None:
                groups.setdefault((strand.axis, strand.reach.stride), []).append(strand)
        for flaw, numbers in _flaws(layer, branches, axis, groups, max(map(len, slid))):
            self.misalignments.append(Misalignment(layer.name, name, axis, flaw, numbers))
        return tuple(map(_together, groups.values()))

    def through(self, layer: Layer, branch: Branch, strand: Strand, size: int) -> Strand:
        """What a layer's outputs reach along an axis of an input of the network, `size` long."""
        if strand.axis is None:
            return strand
        window, axis = branch.reading.windows[strand.axis], branch.reading.axes[strand.axis]
        if strand.reach is None:
            return strand._replace(axis=axis)
        along = branch.shape.spatial[strand.axis]
        reach = self.slid(strand.reach, window, along, size)
        if reach is None:
            return Strand(axis, None, strand.path)
        own, path = strand.path.reach, strand.path
        alone = reach if own is strand.reach else self.slid(own, window, along, size)
        if alone is not None and alone != own:
            path = Path(layer, alone, path)
        axis = axis if reach.advance else None
        return strand if reach is strand.reach and axis == strand.axis else Strand(axis, reach, path)

    def slid(self, reach: Reach, window: Window, along: int, size: int) -> Reach | None:
        """A reach through a window over `along` positions; None where it repeats too late to be a rule."""
        if window == POINT:
            return reach
        # Windows are tuples: those of two types may be equal.
        key = (reach, type(window), window, along, size)
        if key not in self.reaches:
            self.reaches[key] = _slid(reach, window, along, size)
        return self.reaches[key]


def _keeps(reading: Reading) -> bool:
    """Whether every output reads its own position alone, along the same axes."""
    return all(window is POINT for window in reading.windows) and reading.axes == ALONG[: len(reading.axes)]


def _flaws(
    layer: Layer,
    branches: list[Branch],
    axis: int,
    groups: dict[tuple[int | None, Number], list[Strand]],
    most: int,
) -> Iterator[tuple[Flaw, tuple[Number, ...]]]:
    """How the branches of a join are not aligned; `most` are the strides that one of them had before."""
    if any(branch.is_part(layer.output_shape, axis) for branch in branches):
        yield Flaw.PARTS, ()
    elif len(groups) > most and len({axis for axis, _ in groups} - {None}) > 1:
        yield Flaw.AXES, ()
    elif len(groups) > most:
        yield Flaw.STRIDES, tuple(sorted({stride for _, stride in groups}))
    else:
        for group in groups.values():
            flaw = _offset([strand.reach for strand in group if strand.reach is not None])
            if flaw is not None:
                yield flaw[0], (flaw[1],)


def _sums(counts: list[dict[str, int]]) -> dict[str, int]:
    if len(counts) == 1:
        return counts[0]
    sums: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            sums[name] = sums.get(name, 0) + count
    return sums


def _slid(reach: Reach, window: Window, along: int, size: int) -> Reach | None:
    numerator, denominator = window.pace(along)
    common = gcd(numerator, denominator)
    step, positions = quotient(numerator, common), quotient(denominator, common)
    rounds = quotient(reach.period, gcd(reach.period, step))
    if positions * rounds > LONGEST_PERIOD:
        return None
    advance = reach.advance * quotient(step * rounds, reach.period)
    ends = [_ends(reach, window.reads(position, along)) for position in range(positions * rounds)]
    if not advance:
        # Every output sees the same, so that there is nothing to go on beyond the border.
        ends = [_cut(end, size) for end in ends]
        ends = ends[:1] if len(set(ends)) == 1 else ends
    lows = tuple(None if end is None else end[0] for end in ends)
    return Reach(lows, tuple(None if end is None else end[1] for end in ends), advance)


def _ends(reach: Reach, reads: range) -> tuple[int, int] | None:
    """The first and the last position that is reached through all of `reads`."""
    if not reads:
        return None
    # Among reads a period apart the first reaches furthest to one side, the last to the other.
    cycle = quotient(reach.period, gcd(reach.period, reads.step))
    firsts = [end[0] for end in map(reach.at, reads[:cycle]) if end is not None]
    lasts = [end[1] for end in map(reach.at, reads[-cycle:]) if end is not None]
    return (min(firsts), max(lasts)) if firsts else None


def _cut(end: tuple[int, int] | None, size: int) -> tuple[int, int] | None:
    if end is None:
        return None
    first, last = max(end[0], 0), min(end[1], size - 1)
    return (first, last) if first <= last else None


def _is_constant(reach: Reach) -> bool:
    return not reach.advance and reach.period == 1


def _covers(reach: Reach, outputs: int, size: int) -> bool:
    """Whether each of the outputs reaches all of 0 to size - 1."""
    first = [reach.at(position) for position in range(min(reach.period, outputs))]
    last = [reach.at(position) for position in range(max(outputs - reach.period, 0), outputs)]
    return all(end is not None and end[1] >= size - 1 for end in first) and all(
        end is not None and end[0] <= 0 for end in last
    )


def _offset(reaches: list[Reach]) -> tuple[Flaw, Number] | None:
    """What is wrong with branches of one stride, and by how much."""
    return _offset_of(tuple(dict.fromkeys(reaches)))


@lru_cache(maxsize=MOST_KEPT)
def _offset_of(reaches: tuple[Reach, ...]) -> tuple[Flaw, Number] | None:
    period = lcm(*(reach.period for reach in reaches))
    if len(reaches) == 1 or period > LONGEST_PERIOD:
        return None
    hole = 0
    for position in range(period):
        ends = sorted(end for end in (reach.at(position) for reach in reaches) if end is not None)
        reached = ends[0][1] if ends else 0
        for first, last in ends:
            hole = max(hole, first - reached - 1)
            reached = max(reached, last)
    if hole:
        return Flaw.GAP, hole
    centers = [_mean_center(reach) for reach in reaches if reach.known()]
    apart = _whole(max(centers) - min(centers))
    return (Flaw.CENTERS, apart) if apart else None


def _mean_center(reach: Reach) -> Fraction:
    """The centre of the first output's field, freed of how those of one period differ."""
    middles = [
        Fraction(low + high, 2) - position * Fraction(reach.advance, reach.period)
        for position, (low, high) in enumerate(zip(reach.lows, reach.highs, strict=True))
        if low is not None and high is not None
    ]
    return sum(middles, Fraction(0)) / len(middles)


def _together(strands: list[Strand]) -> Strand:
    """Strands of one stride as one."""
    path = max((strand.path for strand in strands), key=lambda path: path.reach.size)
    reaches = list({strand.reach: None for strand in strands if strand.reach is not None})
    if len(reaches) == 1:
        return Strand(strands[0].axis, reaches[0], path)
    period = lcm(*(reach.period for reach in reaches))
    if period > LONGEST_PERIOD:
        return Strand(strands[0].axis, None, path)
    ends = [[end for end in (reach.at(position) for reach in reaches) if end] for position in range(period)]
    lows = tuple(min((low for low, _ in end), default=None) for end in ends)
    highs = tuple(max((high for _, high in end), default=None) for end in ends)
    advance = reaches[0].advance * quotient(period, reaches[0].period)
    return Strand(strands[0].axis, Reach(lows, highs, advance), path)


def _axis_field(strands: Strands, output: Shape, size: int) -> AxisField | None:
    """The field along an axis that is `size` long, of the outputs that there are."""
    if len(strands) == 1:
        axis, reach, _ = strands[0]
        return None if reach is None else _field_of_one(reach, 1 if axis is None else output.spatial[axis], size)
    reaches = [(strand.axis, strand.reach) for strand in strands if strand.reach is not None]
    if len(reaches) < len(strands):
        return None
    along = _along_axes(reaches, output)
    # The first outputs may depend on nothing; they are counted with the last axis fastest.
    first = [ends[0] for ends in along if ends[0] is not None] or [end for end in _last_known(along) if end][:1]
    known = [[end for end in ends if end is not None] for ends in along]
    known = [ends for ends in known if ends]
    if not known:
        return None
    start, last = min(low for low, _ in first), max(high for _, high in first)
    # Positions along different axes go with one another in every way.
    largest = max(
        max(high - low for low, high in one) if one is other else max(high for _, high in one) - min(other)[0]
        for one, other in product(known, repeat=2)
    )
    whole = any(_covers(reach, 1 if axis is None else output.spatial[axis], size) for axis, reach in reaches)
    return AxisField(
        largest + 1,
        tuple(sorted(reach.stride for _, reach in reaches)),
        start,
        _whole(Fraction(start + last, 2)),
        lcm(*(reach.period for _, reach in reaches)),
        whole,
    )


@lru_cache(maxsize=MOST_KEPT)
def _field_of_one(reach: Reach, outputs: int, size: int) -> AxisField | None:
    """The field of so many outputs in a row that move at one pace, as nearly all do: the axes of an image alike."""
    ends = [end for end in map(reach.at, range(min(reach.period, outputs))) if end is not None]
    if not ends:
        return None
    start, last = ends[0]
    largest = max([high - low for low, high in ends]) + 1
    center = _whole(Fraction(start + last, 2))
    return AxisField(largest, (reach.stride,), start, center, reach.period, _covers(reach, outputs, size))


def _along_axes(reaches: list[tuple[int | None, Reach]], output: Shape) -> list[list[tuple[int, int] | None]]:
    """What outputs reach by their position along each axis: all that differ, and where strides do those at the ends."""
    found = []
    for axis in sorted({axis for axis, _ in reaches}, key=lambda axis: -1 if axis is None else axis):
        own = [reach for at, reach in reaches if at == axis]
        count = 1 if axis is None else output.spatial[axis]
        period = min(lcm(*(reach.period for reach in own)), LONGEST_PERIOD, count)
        positions = dict.fromkeys((*range(period), *range(count - period, count)))
        found.append([_hull([reach.at(position) for reach in own]) for position in positions])
    return found


def _last_known(along: list[list[tuple[int, int] | None]]) -> list[tuple[int, int] | None]:
    """Of the axes that tell anything the last one; nothing where none does."""
    return next((ends for ends in reversed(along) if any(ends)), [])


def _whole(number: Number) -> Number:
    return number.numerator if number.denominator == 1 else number


def _hull(ends: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    """From the first to the last position of all; None where there are none."""
    known = [end for end in ends if end is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None
