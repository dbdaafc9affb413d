"""The contract of layer types, which every file of this folder fulfills.

A layer type is a class whose attributes declare its settings. From the settings and the input shapes, its methods
compute the output shape, the weights, the operations, and which inputs each output reads. They raise RuleError
and know no files or names.
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
    """A named tensor of a layer: learnable (a parameter) or not (a buffer)."""

    name: str
    shape: tuple[int, ...]
    learned: bool = True

    @property
    def size(self) -> int:
        return prod(self.shape)


class Operations(Record):
    """Operation counts of a layer for one sample at inference; each operation counts in one field only.

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
        """Floating-point operations: 2 per multiply-accumulate, 1 per other operation."""
        return sum(self) + self.multiply_accumulates


class Aliasing(Enum):
    """Where a layer's output is stored during training."""

    NEW = "in new memory"
    IN_PLACE = "in place: in the memory of its input, which the backward pass does not need"
    VIEW = "a view of its input, without memory of its own"


class MixedPrecision(Enum):
    """What a layer computes under PyTorch's automatic mixed precision."""

    HALF = "its inputs and weights are cast to float16"
    FULL = "its inputs are cast to float32"
    PROMOTED = "it reads its inputs as they are, and its output is float32"
    WIDEST = "its output has the widest type of its inputs"
    UNKNOWN = "kernels of a GPU decide"


class SavedSource(Enum):
    """Which tensor a layer keeps for the backward pass."""

    INPUT = "one of its inputs"
    OUTPUT = "its output"
    OVERWRITTEN = "its output if that overwrites the input, else the input"
    OWN = "a tensor of its own"


# Instead of the number of an input in `needed_for`: the layer's learnable weights.
WEIGHTS = -1


class Saved(Record):
    """A tensor that a layer keeps in memory until the backward pass, as PyTorch's autograd saves it.

    `number` is that of the input. An own tensor has `elements` per sample, or per batch if not `per_sample`. An
    element takes the bytes of the layer's output, but at least `least_bytes`; in mixed precision `mixed_bytes`, if that
    is not 0. The tensor is kept only if a gradient is computed for something in `needed_for`, numbers of inputs or
    WEIGHTS; if that is empty, for anything at all.
    """

    source: SavedSource
    number: int = 0
    elements: int = 0
    least_bytes: int = 0
    per_sample: bool = True
    needed_for: tuple[int, ...] | range = ()
    mixed_bytes: int = 0


INPUT = Saved(SavedSource.INPUT)
OUTPUT = Saved(SavedSource.OUTPUT)
OVERWRITTEN = Saved(SavedSource.OVERWRITTEN)
# PyTorch's indices are int64, and its statistics are at least float32.
INDEX_BYTES = 8
STATISTIC_BYTES = 4
HALF_BYTES = 2


def own(elements: int, least_bytes: int = 0, *, per_sample: bool = True, needed_for: tuple[int, ...] = ()) -> Saved:
    """A tensor that only the backward pass uses."""
    return Saved(SavedSource.OWN, 0, elements, least_bytes, per_sample, needed_for)


class Role(Enum):
    """The purpose of a layer type; code outside this folder asks for the role instead of the name."""

    CONVOLUTION = "filters slide over a feature map, with weights shared between positions or separate"
    LINEAR = "weighted sums of all inputs"
    BATCH_NORM = "each channel is normalized over the batch in training"
    CHANNEL_NORM = "each channel of a sample is normalized separately"
    NORMALIZATION = "several channels are normalized together"
    SCALING = "elements are scaled or shifted by learnable parameters"
    ACTIVATION = "a nonlinear function of each element, or of a few channels at its position"
    PROBABILITIES = "scores become probabilities or log-probabilities"
    DROPOUT = "elements or branches are dropped at random in training"
    MAX_POOL = "the maximum of each window"
    AVERAGE_POOL = "the mean or the sum of each window"
    GLOBAL_POOL = "each channel is reduced to one number"
    SUM = "inputs are added or subtracted elementwise"
    PRODUCT = "inputs are multiplied elementwise"
    MATRIX_PRODUCT = "inputs are multiplied, and the products are summed along some axes"
    CONCATENATION = "inputs are concatenated along an axis"
    REARRANGEMENT = "elements are moved, repeated, dropped or padded with zeros, and keep their values"
    RESAMPLING = "a feature map is resized"
    WEIGHTS = "a learnable tensor without an input"
    OTHER = "none of these"


class Wiring(Record):
    """How a layer's weights connect its outputs to its inputs, with each weight counted once per use.

    `connections` counts the pairs of an input and an output element with a weight between them. As in
    multiply-accumulates, pairs in the padding or in cropped outputs count. `biases` counts the output
    elements that have a bias. `full` is the same layer with every output channel reading every input
    channel; None if this layer does so already, or if its channels are separate by definition.
    """

    connections: int
    biases: int
    full: LayerType | None = None


class Matrices(Record):
    """A convolution as the matrix products of im2col, one per group.

    Each multiplies a `rows` x `inner` weight matrix by an `inner` x `columns` matrix. The input is
    unrolled, one column per filter position (Chellapilla et al. 2006). If filters `spread` over the
    output, the product is unrolled instead, and overlapping elements are added up.
    """

    products: int
    rows: int
    inner: int
    columns: int
    spread: bool

    @property
    def unrolled(self) -> int:
        """Elements of the unrolled matrices of all groups."""
        return self.products * (self.rows if self.spread else self.inner) * self.columns


class Remark(Record):
    """A property of a layer that explanations mention; the sentence for it is in the languages.

    `key` names the property and `values` are its numbers, in addition to `symbols`. `formula` is the
    function of an element x, as an expression that may use exp, ln, erf, sqrt and tanh. `of_source`
    means that the remark is about the layer whose weights compute the input, `unless_frozen` that it does not
    hold where training leaves the weights unchanged.
    """

    key: str
    values: Mapping[str, Value]
    formula: str = ""
    of_source: bool = False
    unless_frozen: bool = False


class Move(Record):
    """Input axes whose elements, in the order of these axes, become those of the given output axes.

    Axes count from 0, the channels; axes of size 1, and axes that every output reads whole, are omitted.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Reading(Record):
    """How a layer reads one of its inputs: which positions an output reads along each spatial axis of the input.

    `windows` has a window for each axis of the input, and `axes` the output axis along which it slides; None
    means that every output reads the same positions. If `repeated`, the input is broadcast over the positions
    of the output, such as a gate of one number per channel. `channels` is the window over the input's channels;
    None if the layer type does not tell which channels an output channel reads, so that it may read all.
    If `scattered`, channels become neighboring positions; if `gathered`, neighboring positions become
    channels. A layer that reshapes its input describes this by `moves`; `windows` then apply only to the
    axes that stay in place.
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
        """Whether some output channels read nothing from this input: they hold zeros or read another input."""
        window = self.channels
        return type(window) is SlidingWindow and (window.before > 0 or window.after > 0)


# What a layer without weights keeps for the backward pass unless its type tells otherwise. Roles that are not listed
# do not tell: their layers count as unknown, never as 0.
SAVED_BY_ROLE: dict[Role, tuple[Saved, ...]] = {
    Role.ACTIVATION: (INPUT,),
    Role.PROBABILITIES: (OUTPUT,),
    Role.GLOBAL_POOL: (),
    Role.SUM: (),
    Role.CONCATENATION: (),
    Role.REARRANGEMENT: (),
    Role.RESAMPLING: (),
}

# What layers compute in mixed precision unless their type tells otherwise; WIDEST for roles that are not listed.
MIXED_BY_ROLE = {
    Role.CONVOLUTION: MixedPrecision.HALF,
    Role.LINEAR: MixedPrecision.HALF,
    Role.MATRIX_PRODUCT: MixedPrecision.HALF,
    Role.PROBABILITIES: MixedPrecision.FULL,
    Role.SCALING: MixedPrecision.PROMOTED,
}

NO_WEIGHTS: tuple[Weight, ...] = ()
NO_OPERATIONS = Operations()
NO_REMARKS: tuple[Remark, ...] = ()


def remark(key: str, formula: str = "", **values: Value) -> Remark:
    """A remark with its values."""
    return Remark(key, values, formula)


class LayerType:
    """A layer of one type with its settings; immutable, and equal to a layer of the same type and settings.

    A type sets its `role` and implements `output_shape`, `weights`, `operations`, `windows` and `formulas`. The
    defaults of the other methods fit a type without weights whose output is stored in new memory.
    """

    name: ClassVar[str]
    # Names of the type in other frameworks, papers and Chinese, for messages and the reference.
    also_known_as: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[Mapping[str, Setting]]
    _defaults: ClassVar[Mapping[str, object]]
    _required: ClassVar[set[str]]
    is_merge: ClassVar[bool] = False
    # A description of what a layer that is not a merge reads after its first input; empty if it reads nothing else.
    further_inputs: ClassVar[str] = ""
    # Example items and input shapes, if they do not follow from the settings.
    written: ClassVar[tuple[str, ...]] = ()
    sample_inputs: ClassVar[Shapes] = ()
    # The least number of inputs: 0 for a type whose output depends on its weights alone.
    least_inputs: ClassVar[int] = 1
    # Whether blocks of specs may not have the name; False for types that were added after such specs existed.
    is_reserved: ClassVar[bool] = True
    role: ClassVar[Role]
    # The class of torch.nn that computes the layer, without its rank (`Conv` for Conv2d), or the operator or function
    # of torch; empty if PyTorch has neither.
    pytorch: ClassVar[str] = ""
    counts_as_depth: ClassVar[bool] = False
    aliasing: ClassVar[Aliasing] = Aliasing.NEW
    # What the layer keeps for the backward pass, if that does not depend on settings; None if unknown. Without it,
    # it is SAVED_BY_ROLE.
    keeps: ClassVar[tuple[Saved, ...] | None]
    # What it computes in mixed precision; by default MIXED_BY_ROLE.
    mixed: ClassVar[MixedPrecision]

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
        """Create a layer from decoded settings; omitted settings take their defaults."""
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
    def implementation(self) -> str:
        """The class of torch.nn, the function or the operator that computes the layer, with its mode if it has any."""
        return self.pytorch

    @property
    def added_depth(self) -> int:
        """The number of convolution and linear layers that it adds to the depth."""
        return int(self.counts_as_depth)

    def output_shape(self, inputs: Shapes) -> Shape:
        """The output shape. Raises RuleError if the settings do not fit the inputs."""
        raise NotImplementedError

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        """The layer's parameters and buffers."""
        raise NotImplementedError

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        """The operations for one sample at inference."""
        raise NotImplementedError

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        """How weights connect outputs to inputs; None if no weight does.

        None applies to layers without weights, to layers whose weights only scale and shift elements in place
        (normalizations, activations), and to layers of unknown structure. A type with weights must override this.
        """
        return None

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        """The matrix products of im2col; None if the layer has no sliding filters with shared weights.

        A type with weights must override this.
        """
        return None

    def window_positions(self, inputs: Shapes) -> int:
        """The number of positions in the window of an output element, padding included."""
        sizes = zip(self.windows(inputs), inputs[0].spatial, strict=True)
        return prod(size if type(window) is WholeWindow else getattr(window, "kernel", 1) for window, size in sizes)

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...] | None:
        """What PyTorch keeps for the backward pass, without weights; None if unknown.

        `frozen` layers learn nothing. A type with weights must override this, or set `keeps`.
        """
        return getattr(self, "keeps", SAVED_BY_ROLE.get(self.role))

    @property
    def in_mixed_precision(self) -> MixedPrecision:
        """What it computes in mixed precision."""
        default = MIXED_BY_ROLE.get(self.role, MixedPrecision.WIDEST)
        return getattr(self, "mixed", default)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        """Properties to explain that no other method reports."""
        return NO_REMARKS

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        """The window along each spatial axis of the first input (of a join: of its largest input).

        If the output has as many axes as the input, each window's `slide` gives the output's size;
        otherwise every window reads its whole axis (`whole_axes`). Empty without inputs.
        """
        raise NotImplementedError

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        """How each input is read. The default follows `windows`, for one input whose axes stay in place.

        Other types override this.
        """
        rank = inputs[0].rank
        axes = tuple(range(rank)) if output.rank == rank else (None,) * rank
        return (Reading(self.windows(inputs), axes, channels=self.channel_window(inputs, output)),)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        """Which channels of its one input each output channel reads; None if unknown."""
        return None

    def formulas(self) -> Formulas:
        """The layer's rules as expressions, one for each quantity that is not 0.

        Keys and their values:

        - `out_channels`, and `out_size` along each spatial axis. Without `out_size`, the spatial axes
          keep their sizes (in a join: the largest along each axis), or the output has no spatial axes.
        - `out_elements`, instead of both, if elements only move (reshape, permute).
        - the name of a weight: its number of elements; the name of an operation: its count.

        A formula may use the names of `symbols`. `out_size` may also use `in_size` and the fields of the
        axis's window, which take precedence over symbols.
        """
        raise NotImplementedError

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        """The values of the names that formulas may use."""
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
    """The only input. Raises RuleError if it has no spatial axes."""
    if not inputs[0].rank:
        raise RuleError(
            f"expected a feature map, got {inputs[0].described}",
            None,
            "move it above the flatten, linear layer or global pool that removes the spatial axes",
        )
    return inputs[0]


def pointwise(inputs: Shapes) -> tuple[Window, ...]:
    """Windows of a layer whose outputs each read only their own position."""
    return (POINT,) * inputs[0].rank


def regrouped(image: Shape, output: Shape) -> tuple[Move, ...]:
    """The moves of axes that make up a reshape, each with as few axes as possible."""
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
    """The reading of an input whose axes only move."""
    places = {move.inputs[0]: move.outputs[0] for move in moves if len(move.inputs) == len(move.outputs) == 1}
    axes = tuple(places[axis] - 1 if places.get(axis, 0) else None for axis in range(1, len(image)))
    windows = tuple(WholeWindow() if axis is None else POINT for axis in axes)
    return Reading(windows, axes, moves=moves)


def whole_axes(inputs: Shapes) -> tuple[Window, ...]:
    """Windows of a layer that removes the spatial axes and may read every position."""
    return (WholeWindow(),) * inputs[0].rank
