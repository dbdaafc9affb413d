"""The base of normalizations: sets of elements are normalized to mean 0 and variance 1, then scaled and shifted.

Operations for a set of n elements: the mean takes n - 1 adds and 1 divide; the variance n adds (the
differences), n multiplies, n - 1 adds and 1 divide; its inverse root 1 add (epsilon),
1 exponential (the root) and 1 divide; then n multiplies, and with learnable weights n more
multiplies and n adds.

Statistics tracked in training need no computation at inference: they and the learnable weights fold
into one multiply and one add per element.

In a normalization's windows each output reads its own position only. By convention, receptive fields
ignore that the statistics depend on all positions.
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

FOLDED: Formulas = {"adds": "in_elements", "multiplies": "in_elements"}


def set_operations(elements: int, sets: int, *, affine: bool) -> Operations:
    """The operations that normalize `elements` in `sets` of equal size."""
    return Operations(
        adds=(4 if affine else 3) * elements - sets,
        multiplies=(3 if affine else 2) * elements,
        divides=3 * sets,
        exponentials=sets,
    )


def set_formulas(sets: str, *, affine: bool) -> Formulas:
    """The formulas of `set_operations`, with the number of sets as a formula."""
    return {
        "adds": f"{4 if affine else 3} * in_elements - {sets}",
        "multiplies": f"{3 if affine else 2} * in_elements",
        "divides": f"3 * {sets}",
        "exponentials": sets,
    }


def affine_weights(shape: tuple[int, ...], *, affine: bool) -> tuple[Weight, ...]:
    """The learnable scale and shift."""
    return (Weight("weight", shape), Weight("bias", shape)) if affine else ()


class ChannelNorm(LayerType):
    """The base of batch_norm and instance_norm: each channel is a set, whose statistics may be tracked."""

    affine: bool
    track_statistics: bool

    def output_shape(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        channels = (inputs[0].channels,)
        tracked = (
            Weight("running_mean", channels, learned=False),
            Weight("running_var", channels, learned=False),
        )
        return (*affine_weights(channels, affine=self.affine), *(tracked if self.track_statistics else ()))

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        where = "map" if inputs[0].rank else "vector"
        keys: tuple[str, ...] = ("statistics_not_tracked",)
        if self.track_statistics:
            keys = ("statistics_tracked", f"{self.name}_in_training")
        learned = remark("norm_learned_channel" if self.affine else "norm_nothing_learned")
        over = remark(f"{self.name}_{where}", batch_of_32=32 * inputs[0].positions)
        return (over, learned, *map(remark, keys))

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        if self.track_statistics:
            return Operations(adds=output.elements, multiplies=output.elements)
        return set_operations(output.elements, output.channels, affine=self.affine)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        kept = [weight.name for weight in self.weights((Shape((1,)),))]
        work = FOLDED if self.track_statistics else set_formulas("in_channels", affine=self.affine)
        return {"out_channels": "in_channels", **dict.fromkeys(kept, "in_channels"), **work}
