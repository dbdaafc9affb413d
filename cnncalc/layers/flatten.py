from __future__ import annotations

from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Aliasing, Formulas, Reading, Role, Shapes, moved, regrouped, whole_axes
from cnncalc.layers.shapes import Shape, Window


class Flatten(Moving, name="flatten"):
    """A feature map as one vector: the elements of the first channel, then of the second, and so on."""

    also_known_as = ("Flattening", "展平")

    role = Role.REARRANGEMENT
    aliasing = Aliasing.VIEW

    def output_shape(self, inputs: Shapes) -> Shape:
        return Shape((inputs[0].elements,))

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return whole_axes(inputs)

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return (moved(inputs[0], regrouped(inputs[0], output)),)

    def formulas(self) -> Formulas:
        return {"out_channels": "in_elements"}
