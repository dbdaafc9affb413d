"""How kernels end on the axes of their input: what they do not reach, and which settings would make them fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from cnncalc.layers.shapes import SlidingWindow, axis_names, half, same_padding
from cnncalc.network.records import Layer
from cnncalc.record import Record

# The search range for settings that fit the output-size formula.
NEAREST = 4


class AxisFit(Record):
    """The fit of a kernel at the end of an axis, and settings that would fit.

    `lost` are the input's last positions that no output reads, `unused` those of the padding after it;
    `between` are the positions skipped between windows. `beyond` is the part of the last window after input and
    padding, if sizes are rounded up. `remedies` are settings with values, each of which is sufficient, the
    smaller first; a padding of two numbers is before and after.
    """

    axis: str
    size: int
    window: SlidingWindow
    outputs: int
    lost: int
    unused: int
    between: int
    beyond: int
    remedies: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def uneven(self) -> bool:
        """Whether the padding before and after differs, as given or as far as it is read."""
        return self.window.before != self.window.after

    @property
    def remarkable(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.lost or self.unused or self.between or self.beyond or self.uneven)


def fits(layer: Layer) -> tuple[AxisFit, ...]:
    """The fit of the kernel of a convolution or pool on each axis, if it is remarkable."""
    if "kernel" not in layer.settings:
        return ()
    image = max(layer.input_shapes, key=lambda shape: shape.rank)
    windows = layer.figures.type.windows(layer.input_shapes)
    axes = zip(axis_names(image.rank), image.spatial, windows, strict=True)
    found = (_fit(axis, size, window) for axis, size, window in axes if type(window) is SlidingWindow)
    return tuple(fit for fit in found if fit.remarkable)


@lru_cache(maxsize=1_000)
def _fit(axis: str, size: int, window: SlidingWindow) -> AxisFit:
    outputs = window.slide(size)
    end = window.reads(outputs - 1, size)[-1] + 1
    lost = max(size - max(end, 0), 0)
    unused, beyond = max(size + window.after - max(end, size), 0), max(end - size - window.after, 0)
    between = max(window.stride - window.extent, 0)
    found = AxisFit(axis, size, window, outputs, lost, unused, between, beyond, ())
    return found._replace(remedies=tuple(_remedies(size, window, found)))


def _remedies(size: int, window: SlidingWindow, fit: AxisFit) -> Iterable[tuple[str, tuple[int, ...]]]:
    """Single settings close to the given ones that fit: the padding, else kernel, stride or size."""
    both = window.before + window.after

    def extent(kernel: int) -> int:
        return window.dilation * (kernel - 1) + 1

    if fit.between:
        wide = window.kernel + -(-fit.between // window.dilation)
        if extent(wide) <= size + both:
            yield "kernel", (wide,)
        yield "stride", (window.extent,)
        return

    def fitting(size: int, kernel: int, stride: int) -> bool:
        """Whether the kernel ends at the end of the padding; uneven padding must become even, as with `same`."""
        around = both
        if fit.uneven:
            before, after = same_padding(size, kernel, stride, window.dilation)
            if before != after:
                return False
            around = before + after
        room = size + around - extent(kernel)
        return room >= 0 and room % stride == 0 and stride <= extent(kernel)

    def nearest(value: int, fits: Callable[[int], bool]) -> tuple[int, ...]:
        near = (value - step for away in range(1, NEAREST + 1) for step in (away, -away))
        return tuple(sorted([other for other in near if other >= 1 and fits(other)][:2]))

    # Padding that fits repeats with a period of `stride`.
    ending = both + (window.extent - size - both) % window.stride
    even = [
        half(around)
        for around in (ending - window.stride, ending, ending + window.stride)
        if around % 2 == 0 and max(window.extent - size, 0) <= around < 2 * window.extent
        if abs(around - both) <= window.stride and (around != both or fit.uneven)
    ]
    if even:
        yield "padding", (min(even, key=lambda side: abs(2 * side - both)),)
    elif not fit.uneven:
        # One side only: more if pixels are not read or the kernel exceeds the end, less if padding is not read.
        missing = -(size + both - window.extent) % window.stride
        yield "padding", (window.before, window.after + (-fit.unused if fit.unused and not fit.lost else missing))
    settings: tuple[tuple[str, int, Callable[[int], bool]], ...] = (
        ("kernel", window.kernel, lambda kernel: fitting(size, kernel, window.stride)),
        ("stride", window.stride, lambda stride: fitting(size, window.kernel, stride)),
        ("size", size, lambda other: fitting(other, window.kernel, window.stride)),
    )
    for setting, value, fits_with in settings:
        if values := nearest(value, fits_with):
            yield setting, values
