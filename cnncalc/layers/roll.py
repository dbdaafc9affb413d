from __future__ import annotations

from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Formulas, Role, Shapes, feature_map
from cnncalc.layers.shapes import POINT, CircularWindow, Shape, Window, remainder
from cnncalc.syntax.settings import PerAxis, on_axes, per_axis


class Roll(Moving, name="roll"):
    """Shifts all positions along the spatial axes; what leaves at one end comes in at the other.

    Swin's cyclic shift of its windows (Liu et al. 2021, arXiv:2103.14030) and PyTorch's `roll`: a positive shift
    moves numbers to higher positions. Its field is given like that of a padding that goes on at the other end.
    """

    also_known_as = ("cyclic_shift", "circular_shift", "循环移位")

    shift: PerAxis = per_axis("positions that numbers move along each axis", minimum=None, example=3)

    is_reserved = False
    role = Role.REARRANGEMENT

    def output_shape(self, inputs: Shapes) -> Shape:
        on_axes(self.shift, feature_map(inputs).rank, "shift")
        return inputs[0]

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        shifts = on_axes(self.shift, inputs[0].rank, "shift")
        moved = tuple(remainder(shift, size) for shift, size in zip(shifts, inputs[0].spatial, strict=True))
        return tuple(CircularWindow(1, before=shift, after=-shift) for shift in moved)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels"}
