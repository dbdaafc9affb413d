"""What layers share that only move numbers, leave some out or repeat them."""

from __future__ import annotations

from cnncalc.layer_type import NO_OPERATIONS, NO_WEIGHTS, LayerType, Operations, Shapes, Weight
from cnncalc.shapes import Shape


class Moving(LayerType):
    """Has no weights and does no operations."""

    counts_as_depth = False

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return NO_OPERATIONS
