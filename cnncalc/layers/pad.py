from __future__ import annotations

from cnncalc.errors import RuleError, plural
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import INPUT, Formulas, Remark, Role, Saved, Shapes, feature_map, remark
from cnncalc.layers.shapes import (
    POINT,
    CircularWindow,
    ReflectWindow,
    ReplicateWindow,
    Shape,
    SlidingWindow,
    Window,
    times,
)
from cnncalc.syntax.settings import PerAxis, choice, on_sides, per_side

WINDOWS = {
    "zero": SlidingWindow,
    "reflect": ReflectWindow,
    "replicate": ReplicateWindow,
    "circular": CircularWindow,
}


class Pad(Moving, name="pad"):
    """Adds rows, columns and channels around the input; negative numbers crop them.

    Added channels are zeros, as in the parameter-free shortcuts of ResNet's option A (He et al.
    2015). `reflect` mirrors the input without its border, `replicate` repeats the border, and `circular`
    continues at the other end of the input. Negative numbers crop, as in PyTorch's `pad`.
    """

    also_known_as = (
        "ZeroPad2d",
        "ZeroPadding2D",
        "ConstantPad2d",
        "ReflectionPad2d",
        "ReplicationPad2d",
        "CircularPad2d",
        "padding",
        "填充",
    )

    padding: PerAxis = per_side("rows and columns on each side", default=0, minimum=None)
    mode: str = choice("content of the added rows and columns", tuple(WINDOWS), default="zero")
    channels: PerAxis = per_side("channels of zeros before and after the input's", default=0, minimum=None)

    role = Role.REARRANGEMENT
    pytorch = "torch.pad"

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs) if self.padding else inputs[0]
        windows = self.windows(inputs)
        for window, size in zip(windows, image.spatial, strict=True):
            most = max(window.before, window.after)
            if self.mode == "reflect" and most >= size:
                raise RuleError(
                    f"reflect padding of {most} needs more than {size} {'position' if size == 1 else 'positions'}",
                    "padding",
                    f"use padding of at most {size - 1}, or mode replicate" if size > 1 else "use mode replicate",
                )
            if self.mode == "circular" and most > size:
                raise RuleError(
                    f"circular padding of {most} exceeds the size of {size}",
                    "padding",
                    f"use a padding of at most {size}",
                )
        sizes = (window.slide(size) for window, size in zip(windows, image.spatial, strict=True))
        output = Shape((image.channels + sum(self._channels), *sizes))
        if min(output) < 1:
            raise RuleError(
                f"the negative padding crops the whole {image}: the output would be {times(output)}",
                "channels" if output.channels < 1 else "padding",
                "crop less than the size of each axis",
            )
        return output

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (INPUT,) if self.mode in ("reflect", "replicate") else ()

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        windows = self.windows(inputs)
        crops = min(*self._channels, *(side for window in windows for side in (window.before, window.after))) < 0
        return (remark("pad_and_crop" if crops else "pad"),)

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        sides = on_sides(self.padding, inputs[0].rank, "padding")
        return tuple(WINDOWS[self.mode](1, before=before, after=after) for before, after in sides)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        before, after = self._channels
        return SlidingWindow(1, before=before, after=after) if before or after else POINT

    def formulas(self) -> Formulas:
        channels = f"in_channels + {sum(self._channels)}" if any(self._channels) else "in_channels"
        return {"out_channels": channels, "out_size": "in_size + before + after"}

    @property
    def _channels(self) -> tuple[int, int]:
        """The numbers of channels before and after."""
        if isinstance(self.channels, int):
            return self.channels, self.channels
        if len(self.channels) != 2:
            raise RuleError(
                f"channels has {plural(len(self.channels), 'number')}",
                "channels",
                "write one number, or two (before and after)",
            )
        return self.channels
