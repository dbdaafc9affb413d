"""What the normalizations share: numbers are brought to mean 0 and variance 1 in sets, then scaled and shifted.

Counted for a set of n numbers: the mean is n - 1 adds and 1 divide; the variance n adds (the
differences), n multiplies, n - 1 adds and 1 divide; one over the root of it 1 add (epsilon),
1 exponential (the root) and 1 divide; then n multiplies, and with learned weights n more
multiplies and n adds.

With statistics that were tracked in training there is nothing left to compute at inference: they
and the learned weights fold into one multiply and one add per number.

In a normalization's windows each output reads its own position alone: that all positions have a
part in the statistics is left aside, as receptive fields are commonly given.
"""

from __future__ import annotations

from cnncalc.layers.contract import (
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Remark,
    Shapes,
    Weight,
    Wiring,
    pointwise,
    remark,
)
from cnncalc.layers.shapes import POINT, Shape, Window

# The remark on what is learned of each channel: a factor or not, an addend or not.
LEARNED = {
    (True, True): "norm_learned_channel",
    (True, False): "norm_learned_scale",
    (False, True): "norm_learned_center",
    (False, False): "norm_nothing_learned",
}
FOLDED: Formulas = {"adds": "in_elements", "multiplies": "in_elements"}


def set_operations(elements: int, sets: int, *, affine: bool, center: bool | None = None) -> Operations:
    """The operations of normalizing `elements` numbers in `sets` of equal size.

    `affine` says whether they are scaled, and shifted as well unless `center` says otherwise.
    """
    center = affine if center is None else center
    return Operations(
        adds=(4 if center else 3) * elements - sets,
        multiplies=(3 if affine else 2) * elements,
        divides=3 * sets,
        exponentials=sets,
    )


def set_formulas(sets: str, *, affine: bool, center: bool | None = None) -> Formulas:
    """The texts of `set_operations`, with the number of sets as a text."""
    center = affine if center is None else center
    return {
        "adds": f"{4 if center else 3} * in_elements - {sets}",
        "multiplies": f"{3 if affine else 2} * in_elements",
        "divides": f"3 * {sets}",
        "exponentials": sets,
    }


def affine_weights(shape: tuple[int, ...], *, affine: bool, center: bool | None = None) -> tuple[Weight, ...]:
    """The learned factor and the learned addend."""
    center = affine if center is None else center
    return (*((Weight("weight", shape),) if affine else ()), *((Weight("bias", shape),) if center else ()))


class ChannelNorm(LayerType):
    """What batch_norm and instance_norm share: each channel is a set, whose statistics may be tracked."""

    affine: bool
    track_statistics: bool

    @property
    def has_scale(self) -> bool:
        """Whether each channel has a learned factor."""
        return self.affine

    @property
    def has_center(self) -> bool:
        """Whether each channel has a learned addend."""
        return self.affine

    def output_shape(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        channels = (inputs[0].channels,)
        tracked = (
            Weight("running_mean", channels, learned=False),
            Weight("running_var", channels, learned=False),
        )
        return (
            *affine_weights(channels, affine=self.has_scale, center=self.has_center),
            *(tracked if self.track_statistics else ()),
        )

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        where = "map" if inputs[0].rank else "vector"
        keys: tuple[str, ...] = ("statistics_not_tracked",)
        if self.track_statistics:
            keys = ("statistics_tracked", f"{self.name}_in_training")
        learned = remark(LEARNED[self.has_scale, self.has_center])
        over = remark(f"{self.name}_{where}", batch_of_32=32 * inputs[0].positions)
        return (over, learned, *map(remark, keys))

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        if self.track_statistics:
            return Operations(adds=output.elements, multiplies=output.elements)
        return set_operations(output.elements, output.channels, affine=self.has_scale, center=self.has_center)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        kept = [weight.name for weight in self.weights((Shape((1,)),))]
        work = FOLDED
        if not self.track_statistics:
            work = set_formulas("in_channels", affine=self.has_scale, center=self.has_center)
        return {"out_channels": "in_channels", **dict.fromkeys(kept, "in_channels"), **work}
