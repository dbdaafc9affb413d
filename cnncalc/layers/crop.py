from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Aliasing, Formulas, Role, Shapes, feature_map
from cnncalc.layers.shapes import POINT, Shape, SlidingWindow, Window, times
from cnncalc.syntax.settings import PerAxis, on_sides, per_side


class Crop(Moving, name="crop"):
    """Removes rows and columns at the sides of the input, as for U-Net's skip connections (Ronneberger et al. 2015).

    Its windows have negative padding.
    """

    also_known_as = ("Cropping2D", "CenterCrop", "裁剪")

    amount: PerAxis = per_side("rows and columns removed from each side")

    role = Role.REARRANGEMENT
    aliasing = Aliasing.VIEW

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        windows = self.windows(inputs)
        for window, size in zip(windows, image.spatial, strict=True):
            if window.slide(size) < 1:
                raise RuleError(
                    f"removing {-window.before} and {-window.after} of {size} positions leaves nothing"
                    f" of the {times(image.spatial)} input",
                    "amount",
                    f"remove fewer than {size} in total",
                )
        return Shape(
            (image.channels, *(window.slide(size) for window, size in zip(windows, image.spatial, strict=True)))
        )

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        sides = on_sides(self.amount, inputs[0].rank, "amount")
        return tuple(SlidingWindow(1, before=-before, after=-after) for before, after in sides)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels", "out_size": "in_size + before + after"}
