"""Conversion of channels to positions, and of positions to channels (Shi et al. 2016, arXiv:1609.05158)."""

from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Formulas, Reading, Role, Shapes, feature_map
from cnncalc.layers.shapes import ResizeWindow, Shape, SlidingWindow, divides, quotient, round_up, times
from cnncalc.syntax.settings import whole


class PixelShuffle(Moving, name="pixel_shuffle"):
    """Every factor x factor channels become one channel with factor times the height and width.

    With a `conv` before it, this is the sub-pixel convolution of super-resolution. In 1-D, `factor`
    channels become one; in 3-D, factor^3.
    """

    also_known_as = ("DepthToSpace", "subpixel")

    factor: int = whole("how many times larger the output is, along each axis")

    role = Role.REARRANGEMENT
    pytorch = "PixelShuffle"

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        together = self.factor**image.rank
        if not divides(together, image.channels):
            raise RuleError(
                f"{image.channels} channels are not a multiple of {together}, as factor {self.factor} needs",
                "factor",
                f"use {round_up(image.channels, together)} channels",
            )
        sizes = (window.outputs for window in self.windows(inputs))
        return Shape((quotient(image.channels, together), *sizes))

    def windows(self, inputs: Shapes) -> tuple[ResizeWindow, ...]:
        return tuple(ResizeWindow(size * self.factor) for size in inputs[0].spatial)

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return (super().readings(inputs, output)[0]._replace(scattered=True),)

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels / factor ** rank", "out_size": "in_size * factor"}


class PixelUnshuffle(Moving, name="pixel_unshuffle"):
    """Every factor x factor positions become one position with factor x factor times the channels.

    Also called space to depth or reorg (Redmon & Farhadi 2016, YOLOv2), focus (YOLOv5) and patchify.
    """

    also_known_as = ("SpaceToDepth", "reorg")

    factor: int = whole("how many times smaller the output is, along each axis")

    role = Role.REARRANGEMENT
    pytorch = "PixelUnshuffle"

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        for size in image.spatial:
            if not divides(self.factor, size):
                raise RuleError(
                    f"factor {self.factor} does not divide the {times(image.spatial)} input",
                    "factor",
                    "pad or crop the input, or use a factor that divides it",
                )
        sizes = (window.slide(size) for window, size in zip(self.windows(inputs), image.spatial, strict=True))
        return Shape((image.channels * self.factor**image.rank, *sizes))

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        return (SlidingWindow(self.factor, self.factor),) * inputs[0].rank

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return (super().readings(inputs, output)[0]._replace(gathered=True),)

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels * factor ** rank", "out_size": "in_size / factor"}
