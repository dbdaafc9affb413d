"""What layers share that only move numbers, leave some out or repeat them."""

from __future__ import annotations

from cnncalc.layers.contract import (
    NO_OPERATIONS,
    NO_WEIGHTS,
    LayerType,
    Matrices,
    Operations,
    Remark,
    Shapes,
    Weight,
    Wiring,
    remark,
)
from cnncalc.layers.shapes import Shape


class Moving(LayerType):
    """Has no weights and does no operations."""

    counts_as_depth = False

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark(self.name),)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return NO_OPERATIONS
