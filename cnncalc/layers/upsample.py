from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._elementwise import for_each
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import NO_OPERATIONS, Formulas, Operations, Role, Shapes, feature_map
from cnncalc.layers.shapes import POINT, ResizeWindow, Shape, Window
from cnncalc.syntax.settings import PerAxis, choice, on_axes, per_axis


class Upsample(Moving, name="upsample"):
    """The input enlarged by a factor, or resized: `nearest` copies elements, `bilinear` mixes neighbors.

    Bilinear is linear along each axis, also in 1-D (linear) and 3-D (trilinear), with half-pixel
    centers (PyTorch's `align_corners=False`). It mixes two elements per axis, n in total (4 in an
    image): an output element costs n multiplies and n - 1 adds. The interpolation weights are the same
    for all channels and samples and do not count.
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

    factor: PerAxis | None = per_axis("how many times larger the output is", default=None, absent="follows from size")
    size: PerAxis | None = per_axis("size of the output", default=None, absent="follows from factor")
    mode: str = choice("interpolation between input elements", ("nearest", "bilinear"), default="nearest")

    role = Role.RESAMPLING

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        return Shape((image.channels, *(window.outputs for window in self.windows(inputs))))

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        if self.mode == "nearest":
            return NO_OPERATIONS
        mixed = 2**output.rank
        return for_each(output.elements, Operations(adds=mixed - 1, multiplies=mixed))

    def windows(self, inputs: Shapes) -> tuple[ResizeWindow, ...]:
        spatial = inputs[0].spatial
        if self.factor is not None and self.size is not None:
            raise RuleError("factor and size are mutually exclusive", "size", "remove one of them")
        if self.factor is not None:
            factors = on_axes(self.factor, len(spatial), "factor")
            sizes = tuple(size * factor for size, factor in zip(spatial, factors, strict=True))
        elif self.size is not None:
            sizes = on_axes(self.size, len(spatial), "size")
        else:
            raise RuleError("upsample needs a factor or a size", None, "write factor: 2 to double the input")
        return tuple(ResizeWindow(size, taps=1 if self.mode == "nearest" else 2) for size in sizes)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        formulas = {
            "out_channels": "in_channels",
            "out_size": "in_size * factor" if isinstance(self.factor, int) else "outputs",
        }
        if self.mode == "nearest":
            return formulas
        return {**formulas, "adds": "out_elements * (2 ** rank - 1)", "multiplies": "out_elements * 2 ** rank"}
