"""The contract of layer types, which every file of this folder fulfills.

A layer type is a class whose attributes declare its settings and whose methods answer, for its settings and the shapes
of its inputs: the output shape, the weights it keeps, the operations it does, and which inputs each output reads.
Rules raise RuleError and know nothing of files and names.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import prod
from typing import Any, ClassVar, TypeAlias

from cnncalc.errors import RuleError, listed
from cnncalc.layers.shapes import POINT, Shape, SlidingWindow, WholeWindow, Window
from cnncalc.record import LONGEST, Record, cut, short_value
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import Setting

Shapes: TypeAlias = tuple[Shape, ...]
Formulas: TypeAlias = dict[str, str]


class Weight(Record):
    """A named tensor that a layer keeps: learned (a parameter) or not (a buffer)."""

    name: str
    shape: tuple[int, ...]
    learned: bool = True

    @property
    def size(self) -> int:
        return prod(self.shape)


class Operations(Record):
    """How often a layer does what, for one sample, at inference; no kind counts for another.

    Subtractions are adds; exponentials are exp, log, tanh, roots and powers alike. What is unclassified is of a
    kind that nobody declared.
    """

    multiply_accumulates: int = 0
    adds: int = 0
    multiplies: int = 0
    divides: int = 0
    compares: int = 0
    exponentials: int = 0
    unclassified: int = 0

    @property
    def flops(self) -> int:
        """Two for a multiply-accumulate, one for all others."""
        return sum(self) + self.multiply_accumulates


class Aliasing(Enum):
    """Whether a layer's output shares memory with its input while a network is trained."""

    NEW = "in memory of its own"
    IN_PLACE = "in the memory of its input, which the backward pass does not need again"
    VIEW = "it is its input, read in another way"


class Role(Enum):
    """What a layer is there for: what others may ask instead of its type's name."""

    CONVOLUTION = "filters that slide over a map, each position read alike or with weights of its own"
    LINEAR = "weighted sums of all inputs"
    BATCH_NORM = "each channel is brought to mean 0 over the whole batch in training"
    CHANNEL_NORM = "each channel of a sample is brought to mean 0 for itself"
    NORMALIZATION = "numbers of several channels are normalized together"
    SCALING = "numbers are scaled or shifted by learned ones"
    ACTIVATION = "a function that is not linear, of each number or of a few channels of its position"
    PROBABILITIES = "scores become probabilities, or their logarithms"
    DROPOUT = "something is left out at random in training"
    MAX_POOL = "the largest number of each window"
    AVERAGE_POOL = "the mean of each window, or its sum"
    GLOBAL_POOL = "one number for each channel, of all positions"
    SUM = "inputs are added or subtracted, number by number"
    PRODUCT = "inputs are multiplied, number by number"
    MATRIX_PRODUCT = "inputs are multiplied, and the products are summed along some axes"
    CONCATENATION = "inputs stand one behind the other"
    REARRANGEMENT = "numbers stay what they are, and are moved, repeated, left out or put beside zeros"
    RESAMPLING = "a map is stretched to another size"
    WEIGHTS = "learned numbers that nothing comes into"
    OTHER = "none of these"


class Wiring(Record):
    """How a layer's weights join its outputs to its inputs, each weight counted as often as it is used.

    `connections` are the pairs of an input and an output number with a weight between them; those on
    padding, or on what is taken off an output, are among them, as in the multiply-accumulates. `biases`
    are the output numbers that a bias is added to. `full` is the same layer with every output channel
    reading every input channel; None where that is so already, or where channels stay apart by nature.
    """

    connections: int
    biases: int
    full: LayerType | None = None


class Matrices(Record):
    """A convolution as the matrix products that im2col makes of it, one a group.

    Each multiplies a `rows` x `inner` matrix of weights by an `inner` x `columns` one. What slides is
    unrolled: the input, a column for each place of the filter (Chellapilla et al. 2006), or where
    filters `spread` over the output, the product, which is then added up in its places.
    """

    products: int
    rows: int
    inner: int
    columns: int
    spread: bool

    @property
    def unrolled(self) -> int:
        """How many numbers the unrolled matrices have, of all groups."""
        return self.products * (self.rows if self.spread else self.inner) * self.columns


class Remark(Record):
    """Something particular to a layer, for those who explain it; the words are theirs.

    `key` says what it is and `values` are its numbers, beside those of `symbols`. `formula` is what
    becomes of a number x, as an expression that may use exp, ln, erf, sqrt and tanh. `of_source` is
    said of the layer whose weights compute the input.
    """

    key: str
    values: Mapping[str, Value]
    formula: str = ""
    of_source: bool = False


class Move(Record):
    """Axes of an input, one after the other, whose numbers in that order are those of axes of the output.

    Axes count from 0, the channels; those of size 1 are left out, and those that every output reads whole.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Reading(Record):
    """How a layer reads one of its inputs: for each spatial axis of it, which positions an output reads.

    `windows` slide along the axes of the input, at the output's position along those of `axes`; None is
    an axis of which every output reads the same. `repeated` says that the input is repeated over the
    positions of the output, as a gate of one number a channel is. `channels` slides over the input's channels
    at the output's channel; None where the layer type does not say which of them each channel reads, all of them
    together. `scattered` says that channels become positions beside each other, `gathered` that positions beside each
    other become channels. A layer that gives numbers another
    shape says so by its `moves`, and then `windows` hold only for axes that stay as they are.
    """

    windows: tuple[Window, ...]
    axes: tuple[int | None, ...]
    repeated: bool = False
    channels: Window | None = None
    scattered: bool = False
    gathered: bool = False
    moves: tuple[Move, ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether some channels of the output read none of the input: zeros, or those of another input."""
        window = self.channels
        return type(window) is SlidingWindow and (window.before > 0 or window.after > 0)


NO_WEIGHTS: tuple[Weight, ...] = ()
NO_OPERATIONS = Operations()
NO_REMARKS: tuple[Remark, ...] = ()


def remark(key: str, formula: str = "", **values: Value) -> Remark:
    """A remark with its values."""
    return Remark(key, values, formula)


class LayerType:
    """A layer of one type with its settings; immutable, and equal to another with the same settings.

    A type says its `role` and answers `output_shape`, `weights`, `operations`, `windows` and `formulas`. The other
    answers have defaults that are true of a type without weights whose output is new memory.
    """

    name: ClassVar[str]
    # Other names of the type, in frameworks, papers and Chinese: messages and the reference know them.
    also_known_as: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[Mapping[str, Setting]]
    _defaults: ClassVar[Mapping[str, object]]
    _required: ClassVar[set[str]]
    is_merge: ClassVar[bool] = False
    # What a layer that is no merge may read after its input, in words; empty where it reads nothing else.
    further_inputs: ClassVar[str] = ""
    # Items that show how to write the type, and inputs that it takes, where they do not follow from its settings.
    written: ClassVar[tuple[str, ...]] = ()
    sample_inputs: ClassVar[Shapes] = ()
    # How many tensors must come in: 0 for a type whose output depends on its weights alone.
    least_inputs: ClassVar[int] = 1
    role: ClassVar[Role]
    counts_as_depth: ClassVar[bool] = False
    aliasing: ClassVar[Aliasing] = Aliasing.NEW

    def __init_subclass__(cls, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        inherited = getattr(cls, "settings", {})
        own = {key: value for key, value in vars(cls).items() if isinstance(value, Setting)}
        cls.settings = {**inherited, **own}
        cls._defaults = {key: setting.default for key, setting in cls.settings.items()}
        cls._required = {key for key, setting in cls.settings.items() if setting.required}
        for key in own:
            delattr(cls, key)
        if name:
            cls.name = name

    def __init__(self, **values: Any) -> None:
        """A layer from decoded settings; those that are left out take their defaults."""
        if not self._required <= values.keys():
            missing = [key for key in self.settings if key in self._required and key not in values]
            raise TypeError(f"{self.name} needs {listed(missing)}")
        if not values.keys() <= self._defaults.keys():
            unknown = [key for key in values if key not in self._defaults]
            raise TypeError(f"{self.name} has no {listed(unknown, 'or')}")
        self.__dict__.update({**self._defaults, **values})

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"a layer type is immutable: {key} cannot be set")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.__dict__.values())))

    def __repr__(self) -> str:
        settings = ", ".join(f"{key}={short_value(value)}" for key, value in self.__dict__.items())
        return cut(f"{type(self).__name__}({settings})", LONGEST)

    @property
    def added_depth(self) -> int:
        """How many convolution and linear layers it adds to the depth."""
        return int(self.counts_as_depth)

    def output_shape(self, inputs: Shapes) -> Shape:
        """The shape that leaves. Raises RuleError where the settings do not go with the inputs."""
        raise NotImplementedError

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        """The named tensors that the layer keeps."""
        raise NotImplementedError

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        """The operations for one sample at inference."""
        raise NotImplementedError

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        """How weights join outputs to inputs; None where none does.

        So it is in a layer without weights, in one whose weights only scale and shift numbers where
        they are (normalizations, activations), and in one that does not tell. A type with weights answers itself.
        """
        return None

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        """The matrix products that im2col makes of the layer; None where its filters do not slide or do not share.

        A type with weights answers itself.
        """
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        """What is particular to the layer, and said by no other answer."""
        return NO_REMARKS

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        """For each spatial axis of the first input (in a join: of the largest), how the outputs are laid over it.

        Where the output has as many axes as the input, each window's `slide` gives the output's size;
        where it has not, every window reads its axis whole (`whole_axes`). None without inputs.
        """
        raise NotImplementedError

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        """How each input is read: what `windows` say, of a layer with one input whose axes stay in their places.

        Other types say it themselves.
        """
        rank = inputs[0].rank
        axes = tuple(range(rank)) if output.rank == rank else (None,) * rank
        return (Reading(self.windows(inputs), axes, channels=self.channel_window(inputs, output)),)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        """Which channels of its one input each channel of the output reads; None where the type does not say."""
        return None

    def formulas(self) -> Formulas:
        """The rules as text in the language of expressions, one for each answer that is not 0.

        Keys and what they give:

        - `out_channels`, and `out_size` along each spatial axis. Without `out_size` the spatial axes
          keep their sizes (in a join: the largest along each axis), or the output has none.
        - `out_elements`, instead of both, where the numbers only move (reshape, permute).
        - the name of a weight: how many numbers it has; the name of an operation: how often it is done.

        A formula may use the names of `symbols`; `out_size` also `in_size` and the fields of the axis's
        window, which come before a symbol of the same name.
        """
        raise NotImplementedError

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        """The names that the formulas may use, with their numbers."""
        image = inputs[0]
        return {
            **{key: value for key, value in self.__dict__.items() if type(value) is int},
            "in_channels": image.channels,
            "in_positions": image.positions,
            "in_elements": image.elements,
            "rank": image.rank,
            "out_channels": output.channels,
            "out_positions": output.positions,
            "out_elements": output.elements,
            "inputs": len(inputs),
        }


def feature_map(inputs: Shapes) -> Shape:
    """The one input, which must have spatial axes."""
    if not inputs[0].rank:
        raise RuleError(
            f"a feature map is needed, but {inputs[0].described} comes in",
            None,
            "put it above the flatten, linear or global pool that takes the spatial axes away",
        )
    return inputs[0]


def pointwise(inputs: Shapes) -> tuple[Window, ...]:
    """Windows of a layer whose every output reads its own position alone."""
    return (POINT,) * inputs[0].rank


def regrouped(image: Shape, output: Shape) -> tuple[Move, ...]:
    """The moves of axes, each of as few as there can be, that give numbers another shape in the same order."""
    inputs = [axis for axis, size in enumerate(image) if size > 1]
    outputs = [axis for axis, size in enumerate(output) if size > 1]
    moves = []
    while inputs:
        before, after = [inputs.pop(0)], [outputs.pop(0)]
        while (count := prod(image[axis] for axis in before)) != (other := prod(output[axis] for axis in after)):
            if count < other:
                before.append(inputs.pop(0))
            else:
                after.append(outputs.pop(0))
        moves.append(Move(tuple(before), tuple(after)))
    return tuple(moves)


def moved(image: Shape, moves: tuple[Move, ...]) -> Reading:
    """How an input is read whose axes only move."""
    places = {move.inputs[0]: move.outputs[0] for move in moves if len(move.inputs) == len(move.outputs) == 1}
    axes = tuple(places[axis] - 1 if places.get(axis, 0) else None for axis in range(1, len(image)))
    windows = tuple(WholeWindow() if axis is None else POINT for axis in axes)
    return Reading(windows, axes, moves=moves)


def whole_axes(inputs: Shapes) -> tuple[Window, ...]:
    """Windows of a layer that takes the spatial axes away, and may read every position."""
    return (WholeWindow(),) * inputs[0].rank
