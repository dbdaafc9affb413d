"""The base of layers that only move, drop or repeat elements."""

from __future__ import annotations

from cnncalc.layers.contract import (
    NO_OPERATIONS,
    NO_WEIGHTS,
    LayerType,
    Operations,
    Remark,
    Shapes,
    Weight,
    remark,
)
from cnncalc.layers.shapes import Shape


class Moving(LayerType):
    """Has no weights and does no operations."""

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark(self.name),)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return NO_OPERATIONS
