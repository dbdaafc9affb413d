from __future__ import annotations

from fractions import Fraction

from cnncalc.errors import RuleError
from cnncalc.layers._elementwise import for_each
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import NO_OPERATIONS, Formulas, Operations, Role, Shapes, feature_map
from cnncalc.layers.shapes import POINT, ResizeWindow, Shape, Window, floor
from cnncalc.syntax.expressions import Number, Value
from cnncalc.syntax.settings import PerAxis, choice, flag, number_per_axis, on_axes, per_axis

# Input elements that are interpolated along each axis.
TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4}


class Upsample(Moving, name="upsample"):
    """The input enlarged by a factor, or to a size: `nearest` copies elements, other modes interpolate.

    `bilinear` is linear along each axis, also in 1-D (linear) and 3-D (trilinear), with half-pixel centers, or with
    aligned corners if `align_corners`; `bicubic` is for images. They interpolate 2 or 4 elements per axis: with n
    elements in total (4 or 16 in an image), an output element costs n multiplies and n - 1 adds. The interpolation
    weights are the same for all channels and samples, and are not counted. A fractional `factor` gives
    floor(size * factor), as in PyTorch.
    """

    also_known_as = (
        "UpSampling2D",
        "UpsamplingNearest2d",
        "UpsamplingBilinear2d",
        "Resize",
        "interpolate",
        "Interp",
        "上采样",
    )

    factor: Number | tuple[Number, ...] | None = number_per_axis(
        "ratio of output size to input size", default=None, absent="follows from size", example=2
    )
    size: PerAxis | None = per_axis("size of the output", default=None, absent="follows from factor", example=7)
    mode: str = choice("method of interpolation", tuple(TAPS), default="nearest")
    align_corners: bool = flag("whether the corner pixels of input and output are aligned", default=False)

    role = Role.RESAMPLING
    pytorch = "Upsample"

    @property
    def implementation(self) -> str:
        return self.pytorch if self.mode == "nearest" else f"{self.pytorch}.{self.mode}"

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        windows = self.windows(inputs)
        for window, size in zip(windows, image.spatial, strict=True):
            if window.outputs < 1:
                raise RuleError(
                    f"the factor reduces a size of {size} to 0", "factor", f"use a factor of at least 1/{size}"
                )
        return Shape((image.channels, *(window.outputs for window in windows)))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        if self.mode == "nearest":
            return NO_OPERATIONS
        mixed = TAPS[self.mode] ** output.rank
        return for_each(output.elements, Operations(adds=mixed - 1, multiplies=mixed))

    def windows(self, inputs: Shapes) -> tuple[ResizeWindow, ...]:
        spatial = inputs[0].spatial
        if self.mode == "bicubic" and len(spatial) != 2:
            raise RuleError(f"bicubic needs an image, got {inputs[0].described}", "mode", "use bilinear")
        if self.mode == "nearest" and self.align_corners:
            raise RuleError("nearest has no corners to align", "align_corners", "use bilinear or bicubic")
        if self.factor is not None and self.size is not None:
            raise RuleError("factor and size are mutually exclusive", "size", "remove one of them")
        steps: list[tuple[int, int] | None] = [None] * len(spatial)
        if self.factor is not None:
            factors = [Fraction(factor) for factor in on_axes(self.factor, len(spatial), "factor")]
            sizes = tuple(floor(size * factor) for size, factor in zip(spatial, factors, strict=True))
            steps = [(factor.denominator, factor.numerator) for factor in factors]
        elif self.size is not None:
            sizes = on_axes(self.size, len(spatial), "size")
        else:
            raise RuleError("upsample needs a factor or a size", None, "write factor: 2 to double the input")
        return tuple(
            ResizeWindow(size, TAPS[self.mode], step, self.align_corners)
            for size, step in zip(sizes, steps, strict=True)
        )

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        size = "outputs"
        if not isinstance(self.factor, tuple | None):
            size = "in_size * factor" if isinstance(self.factor, int) else "floor(in_size * factor)"
        formulas = {"out_channels": "in_channels", "out_size": size}
        if self.mode == "nearest":
            return formulas
        taps = TAPS[self.mode]
        return {
            **formulas,
            "adds": f"out_elements * ({taps} ** rank - 1)",
            "multiplies": f"out_elements * {taps} ** rank",
        }

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        factor = {} if isinstance(self.factor, tuple | None) else {"factor": self.factor}
        return {**super().symbols(inputs, output), **factor}
