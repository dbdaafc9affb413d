"""Recurrent layers: a sequence is read step by step, with the same weights at each step.

The input has its features as channels, and the sequence as its one spatial axis: CxT. The output has the hidden
state of the last layer after each step; `slice` takes the last step. With `bidirectional` a second network reads
the sequence backwards, and the states of both follow one another in the channels. Weights are those of PyTorch,
which has two biases per gate where Keras has one: the tensors of all directions, and of all layers above the first,
are one below the other.

Each weight is one multiply-accumulate per step, in which the sums over the input and over the state are one. The
other operations are those of the gates, written as they need the fewest: a sigmoid is an exponential, an add and a
divide, a hyperbolic tangent an exponential, and each bias an add.
"""

from __future__ import annotations

from typing import ClassVar

from cnncalc.errors import RuleError
from cnncalc.layers._elementwise import for_each, formulas_for_each
from cnncalc.layers.contract import (
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Remark,
    Role,
    Shapes,
    Weight,
    Wiring,
    remark,
)
from cnncalc.layers.shapes import Shape, SlidingWindow, WholeWindow, Window
from cnncalc.syntax.settings import flag, whole


class Recurrence(LayerType):
    """What lstm and gru share: `gates` weighted sums of the input and the state per unit, and the work of `cell`."""

    hidden: int = whole("numbers of the state in each direction", example=128)
    layers: int = whole("layers on top of each other", default=1)
    bidirectional: bool = flag("whether a second network reads backwards", default=False)
    bias: bool = flag("whether each gate has two biases", default=True)

    gates: ClassVar[int]
    cell: ClassVar[Operations]
    role = Role.OTHER
    counts_as_depth = True

    @property
    def added_depth(self) -> int:
        return self.layers

    def output_shape(self, inputs: Shapes) -> Shape:
        if inputs[0].rank != 1:
            raise RuleError(
                f"{self.name} needs a sequence, CxT, but {inputs[0].described} comes in",
                None,
                "a reshape gives one, such as [-1, 26] for 26 steps",
            )
        return Shape((self._directions * self.hidden, *inputs[0].spatial))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        rows = self._directions * self.gates * self.hidden
        weights = [Weight("weight_ih", (rows, inputs[0].channels))]
        if self.layers > 1:
            weights.append(Weight("weight_ih_upper", ((self.layers - 1) * rows, self._directions * self.hidden)))
        weights.append(Weight("weight_hh", (self.layers * rows, self.hidden)))
        if self.bias:
            weights += [Weight(name, (self.layers * rows,)) for name in ("bias_ih", "bias_hh")]
        return tuple(weights)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        states = self.layers * output.elements
        products = sum(weight.size for weight in self.weights(inputs) if len(weight.shape) > 1)
        return for_each(states, self._of_each)._replace(multiply_accumulates=output.positions * products)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        # An output reaches the inputs through the states of all steps before, not by a weight for each.
        return None

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        both = (remark("bidirectional"),) if self.bidirectional else ()
        return (remark(self.name), *both)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        # A step reads itself and all before it, in both directions all.
        (steps,) = inputs[0].spatial
        return (WholeWindow(steps) if self.bidirectional else SlidingWindow(steps, before=steps - 1),)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(output.channels)

    def formulas(self) -> Formulas:
        directions = "2 * " if self.bidirectional else ""
        rows, above = f"{directions}{self.gates} * hidden", "" if self.layers == 1 else "layers * "
        reads = "in_channels + hidden"
        formulas = {"out_channels": f"{directions}hidden", "weight_ih": f"{rows} * in_channels"}
        if self.layers > 1:
            formulas["weight_ih_upper"] = f"(layers - 1) * {rows} * {directions}hidden"
            reads += f" + (layers - 1) * ({directions}hidden + hidden)"
        formulas["weight_hh"] = f"{above}{rows} * hidden"
        if self.bias:
            formulas |= dict.fromkeys(("bias_ih", "bias_hh"), f"{above}{rows}")
        formulas["multiply_accumulates"] = f"in_positions * {rows} * ({reads})"
        return {**formulas, **formulas_for_each(f"{above}out_elements", self._of_each)}

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _of_each(self) -> Operations:
        """The operations of one number of the state, beside the sums."""
        return self.cell._replace(adds=self.cell.adds + 2 * self.gates) if self.bias else self.cell


class Lstm(Recurrence, name="lstm"):
    """Long short-term memory: three gates decide what a cell keeps, takes in and gives (Hochreiter & Schmidhuber 1997).

    Per number of the state three sigmoids and two hyperbolic tangents; c = f * c + i * g and h = o * tanh(c) are
    three multiplies and one add.
    """

    is_reserved = False
    also_known_as = ("LSTMCell", "CuDNNLSTM", "BiLSTM", "长短期记忆网络", "循环层")

    gates = 4
    cell = Operations(adds=4, multiplies=3, divides=3, exponentials=5)


class Gru(Recurrence, name="gru"):
    """Gated recurrent unit: two gates decide what of the state is used and replaced (Cho et al. 2014, arXiv:1406.1078).

    Per number of the state two sigmoids and one hyperbolic tangent, whose sum over the state is multiplied by a gate
    before it is added; h = n + z * (h - n): two multiplies and three adds, as PyTorch computes it.
    """

    is_reserved = False
    also_known_as = ("GRUCell", "CuDNNGRU", "BiGRU", "门控循环单元", "循环层")

    gates = 3
    cell = Operations(adds=5, multiplies=2, divides=2, exponentials=3)
