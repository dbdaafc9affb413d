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

from collections.abc import Mapping
from math import prod
from typing import ClassVar

from cnncalc.layers._axes import find_axes
from cnncalc.layers.contract import (
    INPUT,
    STATISTIC_BYTES,
    Formulas,
    LayerType,
    Matrices,
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
from cnncalc.layers.shapes import POINT, Shape, Window, quotient, times
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import PerAxis, axis_list

# The remark on the learnable parameters, by whether there is a scale and a shift.
LEARNED = {
    (True, True): "norm_learned_channel",
    (True, False): "norm_learned_scale",
    (False, True): "norm_learned_center",
    (False, False): "norm_nothing_learned",
}
FOLDED: Formulas = {"adds": "in_elements", "multiplies": "in_elements"}


def set_operations(elements: int, sets: int, *, affine: bool, center: bool | None = None) -> Operations:
    """The operations that normalize `elements` elements in `sets` sets of equal size.

    If `affine`, the elements are also scaled, and shifted unless `center` is false.
    """
    center = affine if center is None else center
    return Operations(
        adds=(4 if center else 3) * elements - sets,
        multiplies=(3 if affine else 2) * elements,
        divides=3 * sets,
        exponentials=sets,
    )


def set_formulas(sets: str, *, affine: bool, center: bool | None = None) -> Formulas:
    """The formulas of `set_operations`, with the number of sets as a formula."""
    center = affine if center is None else center
    return {
        "adds": f"{4 if center else 3} * in_elements - {sets}",
        "multiplies": f"{3 if affine else 2} * in_elements",
        "divides": f"3 * {sets}",
        "exponentials": sets,
    }


def affine_weights(shape: tuple[int, ...], *, affine: bool, center: bool | None = None) -> tuple[Weight, ...]:
    """The learnable scale and shift."""
    center = affine if center is None else center
    return (*((Weight("weight", shape),) if affine else ()), *((Weight("bias", shape),) if center else ()))


class AxesNorm(LayerType):
    """The base of layer_norm and rms_norm: elements along chosen axes are a set, for each index of the others."""

    axes: str | PerAxis = axis_list("axes that are normalized together", words=("all", "channels"), default="all")
    affine: bool
    # The remark on the learnable parameters, by the normalized axes.
    learned: ClassVar[Mapping[str, str]]

    role = Role.NORMALIZATION

    def output_shape(self, inputs: Shapes) -> Shape:
        self.together(inputs[0])
        return inputs[0]

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (INPUT, own(2 * self.sets(inputs[0]), STATISTIC_BYTES))

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        over = self.axes if isinstance(self.axes, str) else "axes"
        learned = remark(self.learned[over] if self.affine else "norm_nothing_learned")
        sizes = {} if over != "axes" else {"sizes": times(self.together(inputs[0]))}
        about = remark(f"{self.name}_{over}", **sizes)
        return (about, learned, remark("statistics_not_tracked"))

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "together": prod(self.together(inputs[0]))}

    def together(self, image: Shape) -> tuple[int, ...]:
        """The sizes of the axes that are normalized together."""
        if isinstance(self.axes, str):
            return tuple(image) if self.axes == "all" else (image.channels,)
        return tuple(image[axis] for axis in find_axes(self.axes, image))

    def sets(self, image: Shape) -> int:
        """The number of sets that are normalized separately."""
        return quotient(image.elements, prod(self.together(image)))

    @property
    def set_texts(self) -> tuple[str, str]:
        """The formulas of the number of sets and of the size of each."""
        words = {"all": ("1", "in_elements"), "channels": ("in_positions", "in_channels")}
        return words.get(str(self.axes), ("in_elements / together", "together"))


class ChannelNorm(LayerType):
    """The base of batch_norm and instance_norm: each channel is a set, whose statistics may be tracked."""

    affine: bool
    track_statistics: bool

    @property
    def has_scale(self) -> bool:
        """Whether each channel has a learnable scale."""
        return self.affine

    @property
    def has_center(self) -> bool:
        """Whether each channel has a learnable shift."""
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
        learned = remark(LEARNED[self.has_scale, self.has_center])
        over = remark(f"{self.name}_{where}", batch_of_32=32 * inputs[0].positions)
        if not self.track_statistics:
            return (over, learned, remark("statistics_not_tracked"))
        in_training = remark(f"{self.name}_in_training")._replace(unless_frozen=True)
        return (over._replace(unless_frozen=True), learned, remark("statistics_tracked"), in_training)

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
