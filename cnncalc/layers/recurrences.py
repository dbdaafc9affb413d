"""Recurrent layers: they read a sequence step by step, with the same weights at each step.

The input has its features as channels, and the sequence as its one spatial axis: CxT. The output has the hidden
state of the last layer after each step; `slice` takes the last step. With `bidirectional`, a second network reads
the sequence backwards, and the channels are the states of both, concatenated. The weights are those of PyTorch,
with two biases per gate instead of the one of Keras; the tensors of all directions, and of all layers above the
first, are stacked.

Each weight costs one multiply-accumulate per step. The other operations are those of the gates, in their cheapest
form: a sigmoid is an exponential, an add and a divide, a hyperbolic tangent an exponential, and each bias an add.
"""

from __future__ import annotations

from typing import ClassVar

from cnncalc.errors import RuleError
from cnncalc.layers._elementwise import for_each, formulas_for_each
from cnncalc.layers.contract import (
    INPUT,
    WEIGHTS,
    Formulas,
    LayerType,
    Matrices,
    MixedPrecision,
    Operations,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    Wiring,
    own,
    remark,
)
from cnncalc.layers.shapes import Shape, SlidingWindow, WholeWindow, Window
from cnncalc.syntax.settings import flag, whole

# The parts of an element of the state that are kept, of both types: gates, the cell, and what they are computed from.
KEPT_OF_EACH = 6


class Recurrence(LayerType):
    """The base of lstm and gru: per unit, `gates` weighted sums of input and state, and the operations of `cell`."""

    hidden: int = whole("elements of the state in each direction", example=128)
    layers: int = whole("number of stacked layers", default=1)
    bidirectional: bool = flag("whether a second network reads backwards", default=False)
    bias: bool = flag("whether each gate has two biases", default=True)

    gates: ClassVar[int]
    cell: ClassVar[Operations]
    role = Role.OTHER
    # It runs on GPUs, where kernels of cuDNN decide.
    mixed = MixedPrecision.UNKNOWN
    counts_as_depth = True

    @property
    def added_depth(self) -> int:
        return self.layers

    def output_shape(self, inputs: Shapes) -> Shape:
        if inputs[0].rank != 1:
            raise RuleError(
                f"{self.name} needs a sequence CxT, got {inputs[0].described}",
                None,
                "use a reshape, such as [-1, 26] for 26 steps",
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

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # What PyTorch's own kernels keep, not those of cuDNN and oneDNN, whose reserve is not documented. The gradients
        # of the weights need the inputs of all layers, and the state before each step.
        states = self.layers * output.elements
        inputs_of_upper = states - output.elements
        of_weights = own(inputs_of_upper + states, needed_for=(WEIGHTS,))
        return (INPUT._replace(needed_for=(WEIGHTS,)), of_weights, own(KEPT_OF_EACH * states))

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        # An output depends on earlier inputs through the states in between, not by a weight for each.
        return None

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        both = (remark("bidirectional"),) if self.bidirectional else ()
        return (remark(self.name), *both)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        # A step reads itself and all earlier steps; with both directions, all steps.
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
        """The operations of one element of the state, without the weighted sums."""
        return self.cell._replace(adds=self.cell.adds + 2 * self.gates) if self.bias else self.cell


class Lstm(Recurrence, name="lstm"):
    """Long short-term memory: three gates control what a cell keeps, adds and outputs (Hochreiter & Schmidhuber 1997).

    Each element of the state costs three sigmoids and two hyperbolic tangents; c = f * c + i * g and
    h = o * tanh(c) are three multiplies and one add.
    """

    is_reserved = False
    also_known_as = ("LSTMCell", "CuDNNLSTM", "BiLSTM", "长短期记忆网络", "循环层")

    gates = 4
    cell = Operations(adds=4, multiplies=3, divides=3, exponentials=5)

    pytorch = "LSTM"


class Gru(Recurrence, name="gru"):
    """Gated recurrent unit: two gates select the state to use and to replace (Cho et al. 2014, arXiv:1406.1078).

    Each element of the state costs two sigmoids and one hyperbolic tangent. A gate multiplies the tangent's sum
    over the state before it is added; with h = n + z * (h - n), these are two multiplies and three adds, as
    PyTorch computes it.
    """

    is_reserved = False
    also_known_as = ("GRUCell", "CuDNNGRU", "BiGRU", "门控循环单元", "循环层")

    gates = 3
    cell = Operations(adds=5, multiplies=2, divides=2, exponentials=3)

    pytorch = "GRU"
