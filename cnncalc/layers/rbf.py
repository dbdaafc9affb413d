from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.contract import (
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
    whole_axes,
)
from cnncalc.layers.shapes import Shape, WholeWindow, Window
from cnncalc.syntax.settings import whole


class Rbf(LayerType, name="rbf"):
    """Euclidean radial basis function units: each gives its squared distance from the input, sum (x - w)^2.

    The output layer of LeNet-5 (LeCun et al. 1998), whose centers are 7x12 bitmaps set by hand.
    The centers are not learnable: they are buffers. One add (the difference) and one
    multiply-accumulate (its square) for each pair of a unit and an input.
    """

    units: int = whole("number of units, each with a fixed center", example=10)

    role = Role.OTHER
    mixed = MixedPrecision.PROMOTED
    counts_as_depth = True

    def output_shape(self, inputs: Shapes) -> Shape:
        if inputs[0].rank:
            raise RuleError(
                f"expected a vector, got {inputs[0].described}",
                None,
                "add a flatten or global_avg_pool above it",
            )
        return Shape((self.units,))

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # The difference of each unit from the input, which is squared.
        return (own(self.units * inputs[0].elements),)

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return (Weight("centres", (self.units, inputs[0].elements), learned=False),)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("rbf"),)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        return Wiring(self.units * inputs[0].elements, 0)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        pairs = self.units * inputs[0].elements
        return Operations(multiply_accumulates=pairs, adds=pairs)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return whole_axes(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(output.channels)

    def formulas(self) -> Formulas:
        pairs = "units * in_elements"
        return {"out_channels": "units", "centres": pairs, "multiply_accumulates": pairs, "adds": pairs}
