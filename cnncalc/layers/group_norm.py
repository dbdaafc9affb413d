from __future__ import annotations

from cnncalc.layers._groups import check_groups
from cnncalc.layers._normalizing import affine_weights, set_formulas, set_operations
from cnncalc.layers.contract import (
    INPUT,
    STATISTIC_BYTES,
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
    pointwise,
    remark,
)
from cnncalc.layers.shapes import POINT, Shape, Window, quotient
from cnncalc.syntax.settings import flag, whole


class GroupNorm(LayerType, name="group_norm"):
    """Group normalization: each group of channels to mean 0 and variance 1 (Wu & He 2018, arXiv:1803.08494).

    An element costs 3 adds (4 if `affine`) and 2 (3) multiplies; a group 1 add less, 3 divides and
    1 exponential.
    """

    also_known_as = ("GroupNormalization", "gn", "norm", "normalization", "组归一化")

    groups: int = whole("number of channel groups, each normalized separately", example=4)
    affine: bool = flag("whether each channel has a learnable scale and shift", default=True)

    role = Role.NORMALIZATION
    pytorch = "GroupNorm"
    mixed = MixedPrecision.FULL

    def output_shape(self, inputs: Shapes) -> Shape:
        check_groups("groups", self.groups, (inputs[0].channels, "channels"))
        return inputs[0]

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return affine_weights((inputs[0].channels,), affine=self.affine)

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (INPUT, own(2 * self.groups, STATISTIC_BYTES))

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        learned = remark("norm_learned_channel" if self.affine else "norm_nothing_learned")
        together = quotient(inputs[0].elements, self.groups)
        return (remark("group_norm", together=together), learned, remark("statistics_not_tracked"))

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return set_operations(output.elements, self.groups, affine=self.affine)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        weights = {"weight": "in_channels", "bias": "in_channels"} if self.affine else {}
        return {"out_channels": "in_channels", **weights, **set_formulas("groups", affine=self.affine)}
