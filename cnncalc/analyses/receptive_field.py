"""Receptive fields: the positions of the network's inputs that an output of each layer depends on.

Along one axis of an input, an output's field extends from the first to the last position that it
depends on, including the holes of dilation. Positions before 0 or after the input's end are padding:
by the usual convention, the field extends beyond the border. A layer's field has

- a size: that of the largest output, if outputs differ (after a transposed convolution);
- a stride: the distance between the fields of consecutive outputs, a fraction if several outputs share
  their positions; None if no single number describes it;
- a start and a center: those of the first output.

Through a window they compose as in Araujo, Norris and Sim, "Computing Receptive Fields of
Convolutional Neural Networks" (Distill, 2019): SIZE, STRIDE, START and CENTER below. The computation
uses the first and last position of every output, as a periodic rule, so fractional strides need no
rounding. The field of several branches is their exact union.

If a layer reads a whole axis (a global pool), every output has the same field: it is cut to the input,
and its stride is 0. Fields ignore the statistics of normalizations. They also ignore gates by default:
inputs of a join that are broadcast over the positions of another, as in squeeze-and-excitation.

An output is a position with all of its channels. If a reshape or permute turns positions into channels,
single channels depend on fewer positions than all channels together. This is followed while layers keep
channels separate, so that channels that become positions again have their original fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import chain, pairwise, product
from math import gcd, inf, lcm, prod
from operator import is_
from typing import TypeAlias

from cnncalc import limits
from cnncalc.layers.contract import Move, Reading
from cnncalc.layers.shapes import POINT, DigitWindow, Shape, SlidingWindow, WholeWindow, Window, quotient
from cnncalc.limits import Cost
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record

Number: TypeAlias = "int | Fraction"

# The growth of a field through a sliding window, as expressions: `size`, `stride` and `start` are those of the
# previous layer (in CENTER, of the layer itself), `step` is the window's own stride.
SIZE = "size + (kernel - 1) * stride"
DILATED_SIZE = "size + dilation * (kernel - 1) * stride"
STRIDE = "stride * step"
START = "start - before * stride"
CENTER = "start + (size - 1) / 2"

# The longest period of a rule, in outputs.
LONGEST_PERIOD = 4096
# Branches with more different strides than this have no rule.
MOST_STRANDS = 64
# The largest count of paths, which double with each join.
MOST_PATHS = 10**1000
# The longest period of rules that are fitted to channels that become positions again.
LONGEST_FITTED = 16
# The number of cached fields, and the longest period of a cached field.
MOST_KEPT = 4096
LONGEST_KEPT = 16


class Reach(Record):
    """The first and the last position that outputs depend on along an axis, in all or through one path.

    The rule is periodic: output i + len(lows) reaches the positions of output i, shifted by `advance`. None
    marks an output that depends on nothing.
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
    def is_monotone(self) -> bool:
        """Whether first and last positions never decrease from one output to the next."""
        if self.period == 1:
            return self.lows[0] is not None
        if None in self.lows:
            return False
        return all(
            all(one <= two for one, two in pairwise((*ends, ends[0] + self.advance)))  # type: ignore[operator]
            for ends in (self.lows, self.highs)
        )

    @property
    def stride(self) -> Number:
        return self.advance if self.period == 1 else _whole(Fraction(self.advance, self.period))

    @property
    def size(self) -> int:
        """The number of positions from the first to the last, for the output with the widest reach."""
        return max((last - first + 1 for first, last in self.known()), default=0)

    def known(self) -> list[tuple[int, int]]:
        """The reach of each output of one period that depends on anything."""
        return [(low, high) for low, high in zip(self.lows, self.highs, strict=True) if None not in (low, high)]  # type: ignore[misc]


class Path(Record):
    """A path through the network with its own reach; `layer` is the last that changed the reach."""

    layer: Layer | None
    reach: Reach
    before: Path | None

    def steps(self) -> list[Path]:
        """The parts of the path, from the first layer to the last."""
        path: Path | None = self
        steps = []
        while path is not None and path.layer is not None:
            steps.append(path)
            path = path.before
        return steps[::-1]


class NoRule(Enum):
    """Why no rule describes the reach of outputs."""

    PERIOD = "its period exceeds LONGEST_PERIOD outputs"
    STRANDS = "branches have more than MOST_STRANDS different strides"
    NUMBERS = "its positions exceed the largest number"
    WORK = "its computation exceeds the work limit"
    ORDER = "elements were reordered in a way that is not followed"
    BRANCHES = "channels come from several branches"


class Strand(Record):
    """The reach of outputs through all branches of one stride, and the widest of their paths.

    `axis` is the axis of the output along which it moves, None if it does not move. `edges` are the first and the
    last position within the input that any output reads: windows that do not fit leave the input's end unread, and
    then no later layer sees it. `channels` is the reach of single channels, along the channels, if they differ; None
    if all have the same reach.
    """

    axis: int | None
    reach: Reach | NoRule
    path: Path
    edges: tuple[int, int]
    channels: Reach | NoRule | None = None


# The strands along one axis of an input: several if branches have different strides.
Strands: TypeAlias = tuple[Strand, ...]


class Flaw(Enum):
    """Why size, stride and center do not fully describe the field of a join."""

    STRIDES = "branches move at different strides"
    GAP = "branches leave a hole between them"
    CENTERS = "branches have different centers"
    AXES = "branches follow different axes of the output"
    PARTS = "the branches are consecutive parts of the axis"


class Misalignment(Record):
    """A join whose branches are not aligned, along one axis of an input.

    `numbers` are the strides, the width of the hole, or the distance between the centers.
    """

    layer: str
    input: str
    axis: int
    flaw: Flaw
    numbers: tuple[Number, ...]


class Gate(Record):
    """An input of a join that is broadcast over the positions of the others."""

    layer: str
    source: str


class AxisField(Record):
    """The field along one axis of an input, in its positions.

    `strides` has several values if branches are not aligned. `period` is the number of outputs after which
    fields repeat; with 1, all fields are equal, a stride apart. `whole` means that every output sees every
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
        """The distance between the fields of consecutive outputs; None if branches have several."""
        return self.strides[0] if len(self.strides) == 1 else None


Field: TypeAlias = tuple[AxisField, ...]


class Fields(Record):
    """The fields of a network: for each layer, and each input that it depends on, the strands along each axis.

    `through_gates` tells whether gates count; `gates` are all gates. `paths` counts the paths from an input to a
    layer; None means more than MOST_PATHS.
    """

    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    strands: dict[str, dict[str, tuple[Strands, ...]]]
    misalignments: tuple[Misalignment, ...]
    gates: tuple[Gate, ...]
    through_gates: bool
    paths: dict[str, dict[str, int | None]]
    known: dict[tuple[int, tuple[int, ...]], dict[str, Field | None]]

    def of(self, layer: str) -> dict[str, Field | None]:
        """A layer's field on each input that it depends on; None without a rule, or without positions."""
        # Layers that do not change the field share its record.
        key = (id(self.strands[layer]), self.outputs[layer].spatial)
        if key not in self.known:
            self.known[key] = {
                name: _field(axes, self.outputs[layer], self.inputs[name]) for name, axes in self.strands[layer].items()
            }
        return self.known[key]

    def missing(self, layer: str, name: str) -> NoRule | None:
        """Why a layer has no field on an input; None if it has one, or depends on no position."""
        every = chain.from_iterable(self.strands[layer][name])
        return next((strand.reach for strand in every if isinstance(strand.reach, NoRule)), None)

    def is_shared(self, layer: str, name: str) -> bool:
        """Whether no positions of an input became channels on the way to a layer's output."""
        return all(
            strand.channels in (None, NoRule.BRANCHES) for strand in chain.from_iterable(self.strands[layer][name])
        )

    def path(self, layer: str, name: str, axis: int) -> Path:
        """The widest path from an input to a layer, along one axis of the input."""
        return max((strand.path for strand in self.strands[layer][name][axis]), key=lambda path: path.reach.size)

    def extent(self, layer: str, name: str, position: tuple[int, ...]) -> tuple[tuple[int, int] | None, ...]:
        """The first and last position of one output's field along each axis of an input, including padding."""
        return tuple(
            _hull(
                one.reach.at(0 if one.axis is None else position[one.axis])
                for one in strands
                if isinstance(one.reach, Reach)
            )
            for strands in self.strands[layer].get(name, ())
        )


# The fields that were computed last: several parts of a report ask for those of one network.
_latest: list[tuple[LayerGraph, bool, Fields]] = []


def fields(network: LayerGraph, *, through_gates: bool = False) -> Fields:
    """The fields of all layers. Raises SpecError if they are too many, on very many inputs."""
    for known, gated, found in _latest:
        if known is network and gated == through_gates:
            return found
    with limits.counted():
        found = _Walk(network, through_gates=through_gates).fields()
    _latest[:] = [(network, through_gates, found)]
    return found


def receptive_fields(network: LayerGraph) -> dict[str, Field | None]:
    """The field of each layer by its name, without gates.

    None if no single field describes it: branches have different strides, or the fields on several inputs
    differ.
    """
    found = fields(network)
    plain: dict[str, Field | None] = {}
    memo: dict[int, Field | None] = {}
    for layer in network.layers:
        fields_of = found.of(layer.name)
        if id(fields_of) not in memo:
            every = set(fields_of.values())
            one = every.pop() if len(every) == 1 else None
            memo[id(fields_of)] = one if one is not None and all(axis.stride is not None for axis in one) else None
        plain[layer.name] = memo[id(fields_of)]
    return plain


def on_the_way(network: LayerGraph, gates: tuple[Gate, ...]) -> set[str]:
    """The layers that reach an output or an end of the network other than through a gate."""
    ignored = {(gate.layer, gate.source) for gate in gates}
    read = {source for layer in network.layers for source in layer.inputs}
    reached = {layer.name for layer in network.layers if layer.name not in read} | set(network.outputs)
    for layer in reversed(network.layers):
        if layer.name in reached:
            reached.update(source for source in layer.inputs if (layer.name, source) not in ignored)
    return reached


class LayerInput(Record):
    """An input of a layer: its reading, its shape, the layer's output shape, and its strands per network input axis."""

    reading: Reading
    shape: Shape
    output: Shape
    strands: tuple[Strands, ...]

    def is_part(self, axis: int) -> bool:
        """Whether some outputs of a join do not read this input at all, along an axis of a network input."""
        for along in {strand.axis for strand in self.strands[axis] if strand.axis is not None}:
            window, own, size = self.reading.windows[along], self.reading.axes[along], self.shape.spatial[along]
            last = 0 if own is None else self.output.spatial[own] - 1
            if window.reads(0, size)[0] < 0 or window.reads(last, size)[-1] >= size:
                return True
        return False


class _Walk:
    """Computes the fields of a network from its inputs on, layer by layer."""

    def __init__(self, network: LayerGraph, *, through_gates: bool) -> None:
        self.network = network
        self.through_gates = through_gates
        self.sizes = {name: shape.spatial for name, shape in network.inputs}
        self.gates: list[Gate] = []
        self.misalignments: list[Misalignment] = []
        self.readings: dict[int, tuple[Reading, ...]] = {}
        self.reaches: dict[tuple[Reach, type, Window, int, tuple[int, int]], Reach | NoRule] = {}

    def fields(self) -> Fields:
        one = Reach((0,), (0,), 1)
        state: dict[str, dict[str, tuple[Strands, ...]]] = {}
        paths: dict[str, dict[str, int | None]] = {name: {name: 1} for name, _ in self.network.inputs}
        for name, shape in self.network.inputs:
            start = Path(None, one, None)
            axes = enumerate(shape.spatial)
            state[name] = {name: tuple((Strand(axis, one, start, (0, size - 1)),) for axis, size in axes)}
        for layer in self.network.layers:
            counted = self.counted(layer, [bool(paths[source]) for source in layer.inputs])
            paths[layer.name] = _sums([paths[layer.inputs[number]] for number in counted])
            further = max(len(paths[layer.name]) - 1, 0)
            limits.spend(Cost.FURTHER_INPUT * further, f"the receptive field of each layer on {further + 1:,} inputs")
            state[layer.name] = self.layer(layer, counted, [state[source] for source in layer.inputs])
        layers = {layer.name: state[layer.name] for layer in self.network.layers}
        outputs = {layer.name: layer.output_shape for layer in self.network.layers}
        flaws, gates = tuple(self.misalignments), tuple(self.gates)
        return Fields(dict(self.network.inputs), outputs, layers, flaws, gates, self.through_gates, paths, {})

    def counted(self, layer: Layer, depends: list[bool]) -> list[int]:
        """The indices of the layer's inputs that count; gates count only with `through_gates`.

        `depends` tells which inputs depend on an input of the network; learnable tensors do not, and are not gates.
        """
        readings = self.read(layer)
        repeated = [number for number, reading in enumerate(readings) if reading.repeated and depends[number]]
        if not repeated or len(repeated) == sum(depends):
            return list(range(len(readings)))
        self.gates += [Gate(layer.name, layer.inputs[number]) for number in repeated]
        return [number for number in range(len(readings)) if self.through_gates or number not in repeated]

    def read(self, layer: Layer) -> tuple[Reading, ...]:
        key = id(layer.figures)
        if key not in self.readings:
            readings = layer.figures.type.readings(layer.input_shapes, layer.output_shape)
            # The branch of each channel is not followed.
            self.readings[key] = tuple([one._replace(channels=None) if one.is_part else one for one in readings])
        return self.readings[key]

    def layer(
        self, layer: Layer, counted: list[int], incoming: list[dict[str, tuple[Strands, ...]]]
    ) -> dict[str, tuple[Strands, ...]]:
        """The strands of a layer's outputs, from those of its inputs."""
        readings = self.read(layer)
        if len(incoming) == 1 and _keeps(readings[0]):
            return incoming[0]
        outgoing: dict[str, tuple[Strands, ...]] = {}
        branches: dict[str, list[LayerInput]] = {}
        for number in counted:
            for name, strands in incoming[number].items():
                branch = LayerInput(readings[number], layer.input_shapes[number], layer.output_shape, strands)
                branches.setdefault(name, []).append(branch)
        for name, each in branches.items():
            axes = range(len(self.sizes[name]))
            outgoing[name] = tuple([self.axis(layer, each, name, axis) for axis in axes])
        if len(incoming) == 1 and all(all(map(is_, outgoing[name], axes)) for name, axes in incoming[0].items()):
            return incoming[0]
        return outgoing

    def axis(self, layer: Layer, branches: list[LayerInput], name: str, axis: int) -> Strands:
        """The strands of a layer's outputs along one axis of an input of the network."""
        slid = [tuple([self.through(layer, branch, strand) for strand in branch.strands[axis]]) for branch in branches]
        if len(layer.inputs) == 1:
            before = branches[0].strands[axis]
            return before if all(map(is_, slid[0], before)) else self.affordable(slid[0], layer.output_shape)
        strands = tuple(chain.from_iterable(slid))
        joined = self.joined(layer, branches, (name, axis), slid)
        if any(branch.reading.channels is None and not branch.reading.moves for branch in branches):
            # Each channel comes from one branch.
            differ = len(branches) < len(layer.inputs) or len({strand[:2] for strand in strands}) > 1
            channels = {strand.channels for strand in strands} - {None}
            rule = NoRule.BRANCHES if channels <= {NoRule.BRANCHES} else NoRule.ORDER
            if differ or channels:
                return tuple([strand._replace(channels=rule) for strand in joined])
        return joined

    def joined(self, layer: Layer, branches: list[LayerInput], along: tuple[str, int], slid: list[Strands]) -> Strands:
        """The strands of a join along one axis of an input of the network, from those of its branches."""
        (name, axis), strands = along, tuple(chain.from_iterable(slid))
        size = self.sizes[name][axis]
        for strand in strands:
            # Other branches change nothing if one has no rule, or covers the whole input.
            if isinstance(strand.reach, NoRule):
                return (strand,)
            if _is_constant(strand.reach) and _covers(strand.reach, 1, size):
                return (strand if strand.channels is None else strand._replace(channels=_channels(strands)),)
        groups: dict[tuple[int | None, Number], list[Strand]] = {}
        for strand in strands:
            if isinstance(strand.reach, Reach):
                groups.setdefault((strand.axis, strand.reach.stride), []).append(strand)
        if len(groups) > MOST_STRANDS:
            return (_lost(strands[0], NoRule.STRANDS),)
        # Layers that move axes, such as matrix products, are not expected to keep them aligned.
        aligned = not any(branch.reading.moves for branch in branches)
        for flaw, numbers in _flaws(branches, axis, groups, max(map(len, slid))) if aligned else ():
            self.misalignments.append(Misalignment(layer.name, name, axis, flaw, numbers))
        return self.affordable(tuple(map(_together, groups.values())), layer.output_shape)

    def affordable(self, strands: Strands, output: Shape) -> Strands:
        """The strands, or a strand without a rule if computing their field takes too long."""
        reaches = [(strand.axis, strand.reach) for strand in strands if isinstance(strand.reach, Reach)]
        if len(strands) == 1 or len(reaches) < len(strands):
            return strands
        count = _positions(reaches, output)
        if count is None:
            return (_lost(strands[0], NoRule.PERIOD),)
        affordable = limits.affords(Cost.STRAND * len(strands) + Cost.OUTPUT * count)
        return strands if affordable else (_lost(strands[0], NoRule.WORK),)

    def through(self, layer: Layer, branch: LayerInput, strand: Strand) -> Strand:
        """The strand of a layer's outputs, from a strand of one of its inputs."""
        if strand.axis is None and strand.channels is None:
            return strand
        reading = branch.reading
        if reading.moves:
            moved = self.moved(layer, branch, strand)
            return moved if branch.output.channels > 1 or moved.channels is None else moved._replace(channels=None)
        if strand.channels is not None:
            strand = self.in_channels(branch, strand)
        if strand.axis is None:
            return strand
        window, axis = reading.windows[strand.axis], reading.axes[strand.axis]
        return self.slid_strand(layer, strand, (window, branch.shape.spatial[strand.axis]), axis)

    def in_channels(self, branch: LayerInput, strand: Strand) -> Strand:
        """A strand with different channels, through a layer that leaves positions in place."""
        reading, rule = branch.reading, strand.channels
        window = reading.channels
        if rule is NoRule.BRANCHES and not isinstance(window, WholeWindow):
            # The branches that are read are not followed, so all count.
            return strand
        if reading.scattered:
            return _lost(strand, NoRule.ORDER)
        if isinstance(window, WholeWindow):
            return strand._replace(channels=None)
        if window is None:
            rule = NoRule.ORDER
        elif window is not POINT:
            # Not all channels may be read.
            if isinstance(rule, Reach):
                rule = self.slid(rule, window, branch.shape.channels, strand.edges)
            else:
                rule = NoRule.ORDER
            together = rule
            if isinstance(rule, Reach):
                together = self.slid(rule, WholeWindow(), branch.output.channels, strand.edges)
            strand = strand._replace(axis=None, reach=together)
        return strand._replace(channels=None if branch.output.channels == 1 else rule)

    def slid_strand(self, layer: Layer, strand: Strand, over: tuple[Window, int], axis: int | None) -> Strand:
        """A strand through a window over a number of positions; the result moves along `axis`."""
        window, along = over
        if isinstance(strand.reach, NoRule):
            return strand._replace(axis=axis)
        reach = self.slid(strand.reach, window, along, strand.edges)
        if isinstance(reach, NoRule):
            return strand._replace(axis=axis, reach=reach, channels=None)
        own, path = strand.path.reach, strand.path
        alone = reach if own is strand.reach else self.slid(own, window, along, strand.edges)
        if isinstance(alone, Reach) and alone != own:
            path = Path(layer, alone, path)
        axis = None if _is_constant(reach) else axis
        same = reach is strand.reach and axis == strand.axis
        if same and path is strand.path:
            return strand
        edges = _edges(reach, 1 if axis is None else layer.output_shape.spatial[axis], strand.edges)
        return Strand(axis, reach, path, edges, strand.channels)

    def slid(self, reach: Reach, window: Window, along: int, edges: tuple[int, int]) -> Reach | NoRule:
        """A reach through a window over `along` positions."""
        if window == POINT and type(window) is SlidingWindow:
            return reach
        # The type is part of the key because windows are tuples, and windows of two types may be equal.
        key = (reach, type(window), window, along, edges)
        if key not in self.reaches:
            self.reaches[key] = _slid(reach, window, along, edges)
        return self.reaches[key]

    # --- axes that move to other places ---------------------------------------------------------

    def moved(self, layer: Layer, branch: LayerInput, strand: Strand) -> Strand:
        """A strand through a layer that changes the shape of its input."""
        lost = _lost(strand, NoRule.ORDER)
        own = 0 if strand.axis is None else strand.axis + 1
        moves = {axis: move for move in branch.reading.moves for axis in move.inputs}
        if isinstance(strand.reach, NoRule):
            return lost._replace(reach=strand.reach)
        if strand.channels is not None and 0 not in moves:
            # Every output reads all channels.
            strand = strand._replace(channels=None)
        if strand.channels is not None and not self.stay(moves, strand):
            return lost
        if own not in moves:
            return self.slid_strand(layer, strand, (WholeWindow(), branch.shape[own]), None)
        move, along = moves[own], branch.shape[own]
        rule = strand.reach if own else strand.channels
        if not isinstance(rule, Reach):
            return strand
        if len(move.outputs) > 1:
            return self.split(layer, branch, strand, move) if len(move.inputs) == 1 else lost
        place = move.outputs[0]
        window: Window = POINT
        if len(move.inputs) > 1:
            below = prod(branch.shape[axis] for axis in move.inputs[move.inputs.index(own) + 1 :])
            window = DigitWindow(branch.output[place], below)
        if place and own:
            return self.slid_strand(layer, strand, (window, along), place - 1)
        slid = self.slid(rule, window, along, strand.edges)
        if place:
            return _out_of_channels(layer, strand, slid, place - 1)
        return self.into_channels(layer, strand, along)._replace(channels=slid)

    def into_channels(self, layer: Layer, strand: Strand, along: int) -> Strand:
        """The strand of all channels together, after an axis of `along` positions has moved to the channels."""
        return strand if strand.axis is None else self.slid_strand(layer, strand, (WholeWindow(), along), None)

    def stay(self, moves: dict[int, Move], strand: Strand) -> bool:
        """Whether different channels are followed: those with a rule, and others if they remain channels."""
        if isinstance(strand.channels, Reach):
            return True
        return moves[0].outputs == (0,) and (strand.axis is None or 0 not in moves.get(strand.axis + 1, ((), ()))[1])

    def split(self, layer: Layer, branch: LayerInput, strand: Strand, move: Move) -> Strand:
        """A strand along an axis that is split into several; it then moves along one of them."""
        rule = strand.channels if strand.axis is None else strand.reach
        along = prod(sizes := tuple([branch.output[axis] for axis in move.outputs]))
        for number, place in enumerate(move.outputs):
            digit = _digit(rule, sizes, number) if isinstance(rule, Reach) else None
            if digit is not None and place:
                channels = None if strand.axis is None else strand.channels
                return _out_of_channels(layer, strand, digit, place - 1)._replace(channels=channels)
            if digit is not None:
                return self.into_channels(layer, strand, along)._replace(channels=digit)
        if strand.axis is not None and len(sizes) == 2 and move.outputs[0] == 0:
            # The channels of an output together read positions at equal distances.
            apart = SlidingWindow(sizes[0], dilation=sizes[1])
            together = self.slid_strand(layer, strand, (apart, along), move.outputs[1] - 1)
            return together._replace(channels=NoRule.ORDER)
        return _lost(strand, NoRule.ORDER)


def _lost(strand: Strand, rule: NoRule) -> Strand:
    """The strand without a rule, for the given reason."""
    return Strand(None, rule, strand.path, strand.edges)


def _keeps(reading: Reading) -> bool:
    """Whether every output reads only its own position and channel, along the same axes."""
    if reading.channels is not POINT and not (reading.moves and reading.moves[0] == ((0,), (0,))):
        return False
    return all(window is POINT for window in reading.windows) and reading.axes == tuple(range(len(reading.axes)))


def _out_of_channels(layer: Layer, strand: Strand, reach: Reach | NoRule, axis: int) -> Strand:
    """A strand that now moves along an axis of the output, by a rule of another axis or of the channels."""
    if isinstance(reach, NoRule):
        return _lost(strand, reach)
    path = strand.path if reach == strand.path.reach else Path(layer, reach, strand.path)
    return Strand(None if _is_constant(reach) else axis, reach, path, strand.edges)


def _digit(reach: Reach, sizes: tuple[int, ...], number: int) -> Reach | None:
    """The rule of a split axis along one of the new axes; None if the reach depends on other new axes."""
    total, below = prod(sizes), prod(sizes[number + 1 :])
    block = sizes[number] * below
    repeated, blocks = min(reach.period, total - block), min(lcm(reach.period, below), total)
    if blocks > LONGEST_PERIOD or not limits.affords(Cost.OUTPUT * (repeated + blocks)):
        return None
    if any(reach.at(position) != reach.at(position + block) for position in range(repeated)):
        return None
    if any(reach.at(place - 1) != reach.at(place) for place in range(1, blocks) if place % below):
        return None
    fitted = None
    if sizes[number] <= LONGEST_PERIOD and limits.affords(Cost.OUTPUT * sizes[number]):
        fitted = _fitted([reach.at(position) for position in range(0, block, below)])
    if fitted is not None:
        return fitted
    rounds = quotient(reach.period, gcd(reach.period, below))
    ends = [reach.at(position * below) for position in range(rounds)]
    return Reach(*_sides(ends), reach.advance * quotient(below * rounds, reach.period))


def _fitted(ends: list[tuple[int, int] | None]) -> Reach | None:
    """The rule with the shortest period for a given reach of outputs; None if that period is too long."""
    for period in range(1, min(LONGEST_FITTED, len(ends) - 1) + 1):
        first, later = ends[0], ends[period]
        advance = 0 if first is None or later is None else later[0] - first[0]
        rule = Reach(*_sides(ends[:period]), advance)
        if advance >= 0 and all(rule.at(position) == end for position, end in enumerate(ends)):
            return rule
    return None


def _sides(ends: Sequence[tuple[int, int] | None]) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
    """The first positions, and the last positions."""
    lows = tuple([None if end is None else end[0] for end in ends])
    return lows, tuple([None if end is None else end[1] for end in ends])


def _flaws(
    branches: list[LayerInput], axis: int, groups: dict[tuple[int | None, Number], list[Strand]], most: int
) -> Iterator[tuple[Flaw, tuple[Number, ...]]]:
    """The misalignments of the branches of a join; `most` is the largest number of strides of one branch."""
    if any(branch.is_part(axis) for branch in branches):
        yield Flaw.PARTS, ()
    elif len(groups) > most and len({axis for axis, _ in groups} - {None}) > 1:
        yield Flaw.AXES, ()
    elif len(groups) > most:
        yield Flaw.STRIDES, tuple(sorted({stride for _, stride in groups}))
    else:
        for group in groups.values():
            flaw = _offset(list({strand.reach: None for strand in group if isinstance(strand.reach, Reach)}))
            if flaw is not None:
                yield flaw[0], (flaw[1],)


def _sums(counts: list[dict[str, int | None]]) -> dict[str, int | None]:
    if len(counts) == 1:
        return counts[0]
    sums: dict[str, int | None] = {}
    for each in counts:
        limits.spend(Cost.FURTHER_INPUT * (len(each) - 1), f"the receptive field of each layer on {len(each):,} inputs")
        for name, count in each.items():
            before = sums.get(name, 0)
            total = None if before is None or count is None else before + count
            sums[name] = total if total is not None and total <= MOST_PATHS else None
    return sums


def _slid(reach: Reach, window: Window, along: int, edges: tuple[int, int]) -> Reach | NoRule:
    numerator, denominator = window.pace(along)
    common = gcd(numerator, denominator) if numerator else 1
    step, positions = quotient(numerator, common), quotient(denominator, common)
    rounds = quotient(reach.period, gcd(reach.period, step))
    outputs = positions * rounds
    if outputs > LONGEST_PERIOD:
        return NoRule.PERIOD
    rises = reach.is_monotone
    further = max(outputs, reach.period) - 1
    if further and not limits.affords(Cost.OUTPUT * further * (1 if rises else 4)):
        return NoRule.WORK
    advance = reach.advance * quotient(step * rounds, reach.period)
    if positions == 1 and rises:
        reads = window.reads(0, along)
        ends = _spread(reach, reads[0], reads[-1], step, outputs) if reads else [None]
    else:
        extremes = _Extremes(reach)
        ends = [extremes.of(window.reads(position, along)) for position in range(outputs)]
    if not advance and len(set(ends)) == 1:
        # Every output sees the same positions, so the field does not extend beyond the border.
        ends = [_cut(ends[0], edges)]
    found = Reach(*_sides(ends), advance)
    furthest = max([advance, *[-low for low in found.lows if low], *[high for high in found.highs if high]])
    return NoRule.NUMBERS if furthest > limits.current().number else found


def _spread(reach: Reach, first: int, last: int, step: int, outputs: int) -> list[tuple[int, int] | None]:
    """The reach of outputs on a monotone rule: the first reads `first` to `last`, each next one `step` further."""
    if reach.period == outputs == 1:
        return [((reach.lows[0] or 0) + first * reach.advance, (reach.highs[0] or 0) + last * reach.advance)]
    lows = [_moved(reach.lows, first + position * step, reach.advance) for position in range(outputs)]
    highs = [_moved(reach.highs, last + position * step, reach.advance) for position in range(outputs)]
    return list(zip(lows, highs, strict=True))


def _moved(ends: tuple[int | None, ...], position: int, advance: int) -> int:
    rounds, place = divmod(position, len(ends))
    return (ends[place] or 0) + rounds * advance


class _Extremes:
    """The first and the last position of reads at equal distances, without a pass over all reads.

    For each distance, tables hold the combined reach of 1, 2, 4, ... reads.
    """

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.is_monotone = reach.is_monotone
        self.tables: dict[int, tuple[list[list[float]], list[list[float]]]] = {}

    def of(self, reads: range) -> tuple[int, int] | None:
        """The first and the last position in the reach of `reads`."""
        if not reads:
            return None
        reach = self.reach
        if self.is_monotone:
            advance = reach.advance
            return _moved(reach.lows, reads[0], advance), _moved(reach.highs, reads[-1], advance)
        # Among reads a period apart, the first has the lowest position and the last the highest.
        cycle = quotient(reach.period, gcd(reach.period, reads.step))
        lowest, highest = self.table(reads.step)
        level = min(len(reads), cycle).bit_length() - 1
        while len(lowest) <= level:
            self.double(reads.step)
        few = min(len(reads), cycle)
        rest = (few - 2**level) * reads.step
        last = reads[-1] - (few - 1) * reads.step
        low = min(self.at(lowest[level], reads[0]), self.at(lowest[level], reads[0] + rest))
        high = max(self.at(highest[level], last), self.at(highest[level], last + rest))
        return None if low == inf else (int(low), int(high))

    def table(self, step: int) -> tuple[list[list[float]], list[list[float]]]:
        if step not in self.tables:
            lows: list[float] = [inf if low is None else low for low in self.reach.lows]
            highs: list[float] = [-inf if high is None else high for high in self.reach.highs]
            self.tables[step] = [lows], [highs]
        return self.tables[step]

    def double(self, step: int) -> None:
        """Add a table for twice as many reads."""
        lowest, highest = self.tables[step]
        apart = step * 2 ** (len(lowest) - 1)
        for tables, choose in ((lowest, min), (highest, max)):
            before = tables[-1]
            tables.append([choose(end, self.at(before, place + apart)) for place, end in enumerate(before)])

    def at(self, ends: list[float], position: int) -> float:
        rounds, place = divmod(position, len(ends))
        return ends[place] + rounds * self.reach.advance


def _cut(end: tuple[int, int] | None, edges: tuple[int, int]) -> tuple[int, int] | None:
    if end is None:
        return None
    first, last = max(end[0], edges[0]), min(end[1], edges[1])
    return (first, last) if first <= last else None


def _edges(reach: Reach, outputs: int, before: tuple[int, int]) -> tuple[int, int]:
    """The first and the last position that `outputs` outputs read, within those of the previous layer."""
    period = min(reach.period, outputs)
    ends = [end for place in (*range(period), *range(outputs - period, outputs)) if (end := reach.at(place))]
    if not ends:
        return before
    return max(before[0], min(low for low, _ in ends)), min(before[1], max(high for _, high in ends))


def _is_constant(reach: Reach) -> bool:
    return not reach.advance and reach.period == 1


def _covers(reach: Reach, outputs: int, size: int) -> bool:
    """Whether each of the outputs reaches all of 0 to size - 1."""
    first = [reach.at(position) for position in range(min(reach.period, outputs))]
    last = [reach.at(position) for position in range(max(outputs - reach.period, 0), outputs)]
    return all(end is not None and end[1] >= size - 1 for end in first) and all(
        end is not None and end[0] <= 0 for end in last
    )


def _common_period(reaches: Iterable[Reach]) -> int | None:
    """The common period of all rules; None if it is too long."""
    period = 1
    for reach in reaches:
        period = lcm(period, reach.period)
        if period > LONGEST_PERIOD:
            return None
    return period


def _offset(reaches: list[Reach]) -> tuple[Flaw, Number] | None:
    """The misalignment of branches of one stride, with its size; None if aligned, or if the check takes too long."""
    period = _common_period(reaches)
    if len(reaches) == 1 or period is None or not limits.affords(Cost.OUTPUT * period * len(reaches)):
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
    apart = _whole(max(centers) - min(centers)) if centers else 0
    return (Flaw.CENTERS, apart) if apart else None


def _mean_center(reach: Reach) -> Fraction:
    """The center of the first output's field, averaged over the outputs of one period."""
    ends = list(zip(range(reach.period), reach.lows, reach.highs, strict=True))
    known = [(place, low + high) for place, low, high in ends if low is not None and high is not None]
    twice = sum(both for _, both in known) * reach.period - 2 * reach.advance * sum(place for place, _ in known)
    return Fraction(twice, 2 * reach.period * len(known))


def _together(strands: list[Strand]) -> Strand:
    """Merge strands of one stride into one."""
    axis, path = strands[0].axis, max((strand.path for strand in strands), key=lambda path: path.reach.size)
    reaches = list({strand.reach: None for strand in strands if isinstance(strand.reach, Reach)})
    edges = min(strand.edges[0] for strand in strands), max(strand.edges[1] for strand in strands)
    return Strand(axis, _union(reaches), path, edges, _channels(strands))


def _channels(strands: Sequence[Strand]) -> Reach | NoRule | None:
    """The reach of single channels through several strands."""
    if all(strand.channels is None for strand in strands):
        return None
    if {strand.channels for strand in strands} <= {None, NoRule.BRANCHES}:
        return NoRule.BRANCHES
    if any(strand.axis is not None for strand in strands):
        return NoRule.ORDER
    rules = {strand.reach if strand.channels is None else strand.channels: None for strand in strands}
    reaches = [rule for rule in rules if isinstance(rule, Reach)]
    if len(reaches) < len(rules) or len({reach.stride for reach in reaches}) > 1:
        return NoRule.ORDER
    return _union(reaches)


def _union(reaches: list[Reach]) -> Reach | NoRule:
    """The combined reach of several rules of one stride."""
    if len(reaches) == 1:
        return reaches[0]
    period = _common_period(reaches)
    if period is None:
        return NoRule.PERIOD
    if not limits.affords(Cost.OUTPUT * period * len(reaches)):
        return NoRule.WORK
    ends = [_hull([reach.at(position) for reach in reaches]) for position in range(period)]
    return Reach(*_sides(ends), reaches[0].advance * quotient(period, reaches[0].period))


def _field(axes: tuple[Strands, ...], output: Shape, image: Shape) -> Field | None:
    """The field along all axes of an input."""
    fields = [_axis_field(strands, output, size) for strands, size in zip(axes, image.spatial, strict=True)]
    known = tuple(field for field in fields if field is not None)
    return known if len(known) == len(fields) else None


def _axis_field(strands: Strands, output: Shape, size: int) -> AxisField | None:
    """The field along an axis of `size` input positions, over all outputs of a layer."""
    reaches = [(strand.axis, strand.reach) for strand in strands if isinstance(strand.reach, Reach)]
    if len(reaches) < len(strands):
        return None
    if len(reaches) == 1:
        axis, reach = reaches[0]
        of_one = _field_of_one if reach.period <= LONGEST_KEPT else _field_of_one.__wrapped__
        field: AxisField | None = of_one(reach, 1 if axis is None else output.spatial[axis], size)
        unread = strands[0].edges != (0, size - 1)
        return field._replace(whole=False) if field is not None and unread else field
    along = _along_axes(reaches, output)
    # If the first output depends on nothing, the first known one counts, with the last axis varying fastest.
    first = [ends[0] for ends in along if ends[0] is not None] or [end for end in _last_known(along) if end][:1]
    known = [[end for end in ends if end is not None] for ends in along]
    known = [ends for ends in known if ends]
    if not known:
        return None
    start, last = min(low for low, _ in first), max(high for _, high in first)
    # Positions along different axes occur in every combination.
    largest = max(
        max(high - low for low, high in one) if one is other else max(high for _, high in one) - min(other)[0]
        for one, other in product(known, repeat=2)
    )
    # One branch may see the first position, and another the last.
    edges = [strand.edges for strand in strands]
    sees_first = [rule for rule, (first, _) in zip(reaches, edges, strict=True) if first == 0]
    sees_last = [rule for rule, (_, last) in zip(reaches, edges, strict=True) if last == size - 1]
    whole = any(
        all(end is not None and end[0] <= 0 for end in ends) for ends in _along_axes(sees_first, output)
    ) and any(all(end is not None and end[1] >= size - 1 for end in ends) for ends in _along_axes(sees_last, output))
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
    """The field of a single rule over `outputs` outputs; cached because most layers and both image axes share it."""
    if reach.period == 1:
        low, high = reach.lows[0], reach.highs[0]
        if low is None or high is None:
            return None
        center = high if low == high else _whole(Fraction(low + high, 2))
        whole = high >= size - 1 and low + (outputs - 1) * reach.advance <= 0
        return AxisField(high - low + 1, (reach.advance,), low, center, 1, whole)
    ends = [end for end in map(reach.at, range(min(reach.period, outputs))) if end is not None]
    if not ends:
        return None
    start, last = ends[0]
    largest = max([high - low for low, high in ends]) + 1
    center = _whole(Fraction(start + last, 2))
    return AxisField(largest, (reach.stride,), start, center, reach.period, _covers(reach, outputs, size))


Reaches: TypeAlias = "list[tuple[int | None, Reach]]"


def _along(reaches: Reaches, output: Shape) -> Iterator[tuple[list[Reach], int, int]]:
    """The rules along each axis of an output, with their common period and the number of positions."""
    for axis in sorted({axis for axis, _ in reaches}, key=lambda axis: -1 if axis is None else axis):
        own = [reach for at, reach in reaches if at == axis]
        count = 1 if axis is None else output.spatial[axis]
        yield own, min(lcm(*(reach.period for reach in own)), count), count


def _positions(reaches: Reaches, output: Shape) -> int | None:
    """The number of positions at which the rules must be evaluated for the field; None if too many."""
    periods = [(period, len(own)) for own, period, _ in _along(reaches, output)]
    if max(period for period, _ in periods) > LONGEST_PERIOD:
        return None
    return sum(2 * period * rules for period, rules in periods)


def _along_axes(reaches: Reaches, output: Shape) -> list[list[tuple[int, int] | None]]:
    """The reach of outputs by position along each axis: one period at each end."""
    found = []
    for own, period, count in _along(reaches, output):
        positions = dict.fromkeys((*range(period), *range(count - period, count)))
        found.append([_hull([reach.at(position) for reach in own]) for position in positions])
    return found


def _last_known(along: list[list[tuple[int, int] | None]]) -> list[tuple[int, int] | None]:
    """The last axis on which any output depends on a position; empty if there is none."""
    return next((ends for ends in reversed(along) if any(ends)), [])


def _whole(number: Number) -> Number:
    return number.numerator if number.denominator == 1 else number


def _hull(ends: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    """The range from the first to the last position of all; None without positions."""
    known = [end for end in ends if end is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None
