"""Network: placed layers with their shapes. Immutable records of exact integers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from cnncalc.errors import Span
from cnncalc.layers.contract import LayerType, Operations, Shapes, Weight
from cnncalc.layers.shapes import Shape
from cnncalc.record import Record, cut

if TYPE_CHECKING:
    from cnncalc.spec.templates import Template
    from cnncalc.syntax.expressions import Value


# Size of the cache of figures, for networks that are built again or are alike.
MOST_FIGURES = 16_384
# The longest names and shapes, and the most inputs, in a layer's repr.
LONGEST_SHOWN = 60
MOST_SHOWN = 10


class Figures(Record):
    """What a layer type answers for one set of input shapes; equal layers share it. `frozen`: no weight is learned."""

    type: LayerType
    input_shapes: Shapes
    output_shape: Shape
    weights: tuple[Weight, ...]
    operations: Operations
    params: int
    buffers: int
    frozen: bool = False


@lru_cache(maxsize=MOST_FIGURES)
def figures_of(layer_type: LayerType, input_shapes: Shapes) -> Figures:
    """Compute the figures of a layer type. Raises RuleError if the inputs do not fit."""
    output = layer_type.output_shape(input_shapes)
    weights = layer_type.weights(input_shapes)
    operations = layer_type.operations(input_shapes, output)
    learned = kept = 0
    for weight in weights:
        if weight.learned:
            learned += weight.size
        else:
            kept += weight.size
    return Figures(layer_type, input_shapes, output, weights, operations, learned, kept)


def freeze(figures: Figures) -> Figures:
    """The figures of a layer all of whose weights are buffers."""
    if figures.frozen or not figures.params:
        return figures
    weights = tuple([weight._replace(learned=False) for weight in figures.weights])
    return figures._replace(weights=weights, params=0, buffers=figures.params + figures.buffers, frozen=True)


class Layer(Record):
    """A layer of a network. `inputs` are names of layers or of the network's inputs.

    `weights_from` names the layer whose weights it shares: they count there, not here.
    `written` are the settings as the spec writes them.
    """

    name: str
    figures: Figures
    inputs: tuple[str, ...]
    weights_from: str | None
    training_only: bool
    span: Span
    written: Mapping[str, Template]

    def __repr__(self) -> str:
        name = repr(cut(self.name, LONGEST_SHOWN))[1:-1]
        inputs = cut(" and ".join(map(str, self.input_shapes[:MOST_SHOWN])), LONGEST_SHOWN)
        return f"<Layer {name}: {self.type}, {inputs} to {self.output_shape}, {self.params:,} parameters>"

    def __hash__(self) -> int:
        """A hash that agrees with equality, without `written`: a mapping has no hash."""
        return hash((self.name, self.figures, self.inputs, self.span))

    @property
    def type(self) -> str:
        return self.figures.type.name

    @property
    def settings(self) -> dict[str, object]:
        """The decoded settings, defaults included."""
        return dict(vars(self.figures.type))

    @property
    def input_shapes(self) -> Shapes:
        return self.figures.input_shapes

    @property
    def output_shape(self) -> Shape:
        return self.figures.output_shape

    @property
    def frozen(self) -> bool:
        """Whether the spec freezes it: its weights are buffers."""
        return self.figures.frozen

    @property
    def weights(self) -> tuple[Weight, ...]:
        """The parameters and buffers that it uses, its own or shared."""
        return self.figures.weights

    @property
    def params(self) -> int:
        """Number of learnable parameters, without shared ones."""
        return 0 if self.weights_from else self.figures.params

    @property
    def buffers(self) -> int:
        """Number of buffer elements, without shared ones."""
        return 0 if self.weights_from else self.figures.buffers

    @property
    def operations(self) -> Operations:
        """The operations for one sample."""
        return self.figures.operations

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample."""
        return self.figures.operations.multiply_accumulates

    @property
    def flops(self) -> int:
        """2 x MACs plus all other operations, for one sample."""
        return self.figures.operations.flops


class Group(Record):
    """An inner node of the tree of names: a block, a branch or the passes of a repeat.

    `arguments` are a block's parameters with their values, including defaults.
    """

    name: str
    kind: str
    span: Span
    arguments: tuple[tuple[str, Value], ...] = ()


class LeftOut(Record):
    """The layers of a network used as an item that none of the outputs asked for needs, with their parameters."""

    item: str
    layers: tuple[str, ...]
    params: int


class LayerGraph(Record):
    """A network: its layers in the order of the file, each after its inputs."""

    name: str
    source: str
    family: str
    year: int | None
    file: str
    inputs: tuple[tuple[str, Shape], ...]
    layers: tuple[Layer, ...]
    groups: tuple[Group, ...]
    outputs: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    task: str = ""

    def shape_of(self, name: str) -> Shape:
        """The shape of a layer's output or of an input of the network."""
        shapes = dict(self.inputs)
        if name in shapes:
            return shapes[name]
        return next(layer.output_shape for layer in self.layers if layer.name == name)


def inference_layers(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """The layers without those that exist only in training."""
    return tuple(layer for layer in layers if not layer.training_only)
