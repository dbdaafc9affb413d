"""Shapes of tensors and the windows that slide over them; the only module with floor division.

Sizes are exact integers, without the batch and with channels first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import gcd, prod
from typing import Protocol

from cnncalc.errors import RuleError
from cnncalc.record import Record

AXIS_NAMES = {1: ("width",), 2: ("height", "width"), 3: ("depth", "height", "width")}

# Bytes of an element by data type.
DTYPES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8": 1, "int8": 1}


class Shape(tuple[int, ...]):
    """The axes of a tensor: channels, then spatial axes. A vector has channels only."""

    __slots__ = ()

    @property
    def channels(self) -> int:
        return self[0]

    @property
    def spatial(self) -> tuple[int, ...]:
        """The sizes of the spatial axes: (height, width) of an image."""
        return self[1:]

    @property
    def rank(self) -> int:
        """Number of spatial axes: 2 for an image, 0 for a vector."""
        return len(self) - 1

    @property
    def positions(self) -> int:
        """Number of positions: height x width."""
        return prod(self[1:])

    @property
    def elements(self) -> int:
        return prod(self)

    def __str__(self) -> str:
        return times(self)

    @property
    def described(self) -> str:
        """The shape for use in a sentence: `a 64x56x56 feature map`, `a vector of 4096`."""
        return f"a {self} feature map" if self.rank else f"a vector of {self.channels}"


def times(sizes: tuple[int, ...]) -> str:
    """Sizes joined by x: 3x224x224."""
    return "x".join(map(str, sizes))


def axis_count(shape: Shape) -> str:
    """The number of axes with its noun: `1 axis`, `3 axes`."""
    return "1 axis" if len(shape) == 1 else f"{len(shape)} axes"


def axis_names(rank: int) -> tuple[str, ...]:
    """The names of the spatial axes, outermost first."""
    return AXIS_NAMES.get(rank) or tuple(f"axis {number + 1}" for number in range(rank))


# Channel counts of images, and the smallest height and width by which an image is recognized.
IMAGE_CHANNELS = (1, 3, 4)
LEAST_SIDE = 16


def with_channels_first(shape: Shape) -> Shape | None:
    """The shape with channels first, if it looks like an image with channels last; else None."""
    sides = shape[1:-1] if shape.rank == 3 and shape[0] == 1 else shape[:-1]
    if shape.rank >= 2 and shape[-1] in IMAGE_CHANNELS and min(sides) >= LEAST_SIDE:
        return Shape((shape[-1], *sides))
    return None


def quotient(whole: int, part: int) -> int:
    """`whole / part` of numbers that are known to divide, such as channels and groups."""
    result, rest = divmod(whole, part)
    if rest:
        raise ValueError(f"{part} does not divide {whole}")
    return result


def remainder(number: int, size: int) -> int:
    """What is left of a number without whole multiples of `size`, with the number's sign."""
    return number % size if number >= 0 else -(-number % size)


def floor(number: Fraction) -> int:
    """The largest whole number that is not above a fraction."""
    return number.numerator // number.denominator


def divides(part: int, whole: int) -> bool:
    """Whether `part` divides `whole` without remainder."""
    return whole % part == 0


def round_up(number: int, part: int) -> int:
    """The smallest multiple of `part` that is at least `number`."""
    return -(-number // part) * part


def stride_between(size: int, smaller: int) -> int | None:
    """The stride for which ceil(size / stride) is `smaller`, or None."""
    if smaller > size:
        return None
    stride = -(-size // smaller)
    return stride if -(-size // stride) == smaller else None


def largest_divisor(number: int, most: int) -> int:
    """The largest divisor of `number` that is at most `most`, for a hint.

    The search is bounded: if none of the 100,000 numbers up to `most` divides, the result is 1.
    """
    most = min(most, number)
    return next((part for part in range(most, max(most - 100_000, 0), -1) if number % part == 0), 1)


class Window(Protocol):
    """Which input positions each output position reads, along one axis."""

    def slide(self, size: int) -> int:
        """Number of outputs for an input of `size` positions; below 1 if the window does not fit."""
        ...

    def reads(self, position: int, size: int) -> range:
        """The input positions that the output at `position` reads; positions outside 0..size-1 are padding.

        For positions outside the output, in a later layer's padding, the input is assumed to continue.
        """
        ...

    def span(self, size: int) -> int:
        """The largest distance from the first to the last input position of one output, both included."""
        ...

    def pace(self, size: int) -> tuple[int, int]:
        """The stride n/d, as numerator and denominator: d outputs further on, a window reads n positions further on.

        It is above 0, and not always in lowest terms.
        """
        ...


class SlidingWindow(Record):
    """A kernel that slides over the input, as in convolution and pooling, along one axis.

    `before` and `after` are the padding; negative padding crops. `ceil` rounds the number of
    outputs up if the last window still starts inside the input or the padding before it
    (PyTorch's rule for pooling).
    """

    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1
    ceil: bool = False

    @property
    def extent(self) -> int:
        """The size of the dilated kernel: dilation * (kernel - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    def slide(self, size: int) -> int:
        """floor((W - F + P) / S) + 1, the output-size formula."""
        room = size + self.before + self.after - self.extent
        if not self.ceil:
            return max(room // self.stride + 1, 0)
        # With rounding up, a window may extend beyond the input by less than a stride.
        count = max(-(-room // self.stride) + 1, 0)
        return count if (count - 1) * self.stride < size + self.before else count - 1

    def reads(self, position: int, size: int) -> range:
        first = position * self.stride - self.before
        return range(first, first + self.extent, self.dilation)

    def span(self, size: int) -> int:
        return self.extent

    def pace(self, size: int) -> tuple[int, int]:
        return self.stride, 1

    def most_taps(self, size: int) -> int:
        """The largest number of taps within an input of `size` positions."""
        return min(self.kernel, -(-size // self.dilation))

    def overlaps(self, outputs: int) -> bool:
        """Whether two of `outputs` windows read the same position.

        Outputs k apart share a position if k strides equal a distance between two taps.
        """
        common = gcd(self.stride, self.dilation)
        return self.dilation // common < outputs and self.stride // common < self.kernel

    def skips(self, outputs: int) -> bool:
        """Whether `outputs` windows that do not overlap leave a position unread between the first and the last."""
        from_first_to_last = (outputs - 1) * self.stride + self.extent
        return not self.overlaps(outputs) and outputs * self.kernel < from_first_to_last


class BorderWindow(SlidingWindow):
    """A window of one position whose padding copies elements of the input, selected by subclasses."""

    __slots__ = ()

    def copied(self, first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
        """Ranges of positions that the outputs from `first` to `last` copy into the padding."""
        start, end = first - self.before, last - self.before
        if start < 0:
            yield self.copied_before(start, min(end, -1), size)
        if end >= size:
            yield self.copied_after(max(start, size), end, size)

    def copied_before(self, start: int, end: int, size: int) -> tuple[int, int]:
        """The range copied to the negative positions from `start` to `end`."""
        raise NotImplementedError

    def copied_after(self, start: int, end: int, size: int) -> tuple[int, int]:
        """The range copied to the positions from `start` to `end`, which are at least `size`."""
        raise NotImplementedError


class ReflectWindow(BorderWindow):
    """A window over the input and its mirror image, without repeating the border."""

    __slots__ = ()

    def copied_before(self, start: int, end: int, size: int) -> tuple[int, int]:
        return -end, -start

    def copied_after(self, start: int, end: int, size: int) -> tuple[int, int]:
        return 2 * (size - 1) - end, 2 * (size - 1) - start


class ReplicateWindow(BorderWindow):
    """A window over the input, whose border is repeated."""

    __slots__ = ()

    def copied_before(self, start: int, end: int, size: int) -> tuple[int, int]:
        return 0, 0

    def copied_after(self, start: int, end: int, size: int) -> tuple[int, int]:
        return size - 1, size - 1


class CircularWindow(BorderWindow):
    """A window over the input, which goes on at its other end."""

    __slots__ = ()

    def copied_before(self, start: int, end: int, size: int) -> tuple[int, int]:
        return start + size, end + size

    def copied_after(self, start: int, end: int, size: int) -> tuple[int, int]:
        return start - size, end - size


class AnywhereWindow(SlidingWindow):
    """A window whose taps are moved by numbers that the network computes, so that they may lie anywhere."""

    __slots__ = ()

    def reads(self, position: int, size: int) -> range:
        return range(size)

    def span(self, size: int) -> int:
        return size

    def pace(self, size: int) -> tuple[int, int]:
        return 0, 1


class SpreadWindow(Record):
    """A kernel that every input position spreads over the output, as in transposed convolution, along one axis."""

    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1
    output_padding: int = 0

    def slide(self, size: int) -> int:
        extent = self.dilation * (self.kernel - 1) + 1
        return (size - 1) * self.stride - self.before - self.after + extent + self.output_padding

    def reads(self, position: int, size: int) -> range:
        common = gcd(self.stride, self.dilation)
        every = self.stride // common
        place = position + self.before
        if place % common:
            return range(0)
        # A tap reads an input position if place - tap * dilation is a multiple of the stride.
        first = place // common * pow(self.dilation // common, -1, every) % every
        if first >= self.kernel:
            return range(0)
        last = first + (self.kernel - 1 - first) // every * every
        lowest, highest = (quotient(place - tap * self.dilation, self.stride) for tap in (last, first))
        return range(lowest, highest + 1, self.dilation // common)

    def span(self, size: int) -> int:
        # Only one in `stride` / gcd taps meets an input position; the others fall between two.
        every = self.stride // gcd(self.stride, self.dilation)
        return (self.kernel - 1) // every * every * self.dilation // self.stride + 1

    def pace(self, size: int) -> tuple[int, int]:
        return 1, self.stride

    def most_taps(self, size: int) -> int:
        """The largest number of positions, of an input of `size`, that reach one output."""
        common = gcd(self.stride, self.dilation)
        taps = (self.kernel - 1) // (self.stride // common) + 1
        return min(taps, -(-size // (self.dilation // common)))


class PartitionWindow(Record):
    """The input divided into `outputs` parts of almost equal size, as in adaptive pooling, along one axis."""

    outputs: int

    def slide(self, size: int) -> int:
        return self.outputs

    def reads(self, position: int, size: int) -> range:
        if self.outputs == 1:
            return range(size)
        return range(position * size // self.outputs, -(-(position + 1) * size // self.outputs))

    def covered(self, size: int) -> int:
        """Sum of the sizes of all parts.

        Two neighbors share a position unless the border between them falls between two positions,
        as only gcd(size, outputs) of the borders do.
        """
        return size + self.outputs - gcd(size, self.outputs)

    def span(self, size: int) -> int:
        return -(-(size - gcd(size, self.outputs)) // self.outputs) + 1

    def pace(self, size: int) -> tuple[int, int]:
        return (size, self.outputs) if self.outputs > 1 else (0, 1)


class ResizeWindow(Record):
    """The input stretched to `outputs` positions, along one axis: nearest copies, linear mixes two, cubic four.

    `step` is how many positions of the input one of the output is, as numerator and denominator; None is the ratio
    of the sizes. With `corners` the first and the last positions of both lie on each other.
    """

    outputs: int
    taps: int = 1
    step: tuple[int, int] | None = None
    corners: bool = False

    def slide(self, size: int) -> int:
        return self.outputs

    def reads(self, position: int, size: int) -> range:
        numerator, denominator = self.pace(size)
        if self.taps == 1:
            first = position * numerator // denominator
            return range(first, first + 1)
        if self.corners:
            first, between = divmod(position * numerator, denominator)
        else:
            # Half-pixel centers: output i lies at (i + 1/2) * step - 1/2 of the input.
            first, between = divmod((2 * position + 1) * numerator - denominator, 2 * denominator)
        # Where that is a position itself, its neighbors have no part; beyond the border the nearest is repeated.
        around = self.taps // 2
        return range(first - around + 1, first + around + 1) if between else range(first, first + 1)

    def span(self, size: int) -> int:
        return self.taps

    def pace(self, size: int) -> tuple[int, int]:
        if self.corners:
            return (size - 1, self.outputs - 1) if self.outputs > 1 else (0, 1)
        return self.step or (size, self.outputs)


class SliceWindow(Record):
    """Every `step`-th position from `start` to before `stop`, along one axis."""

    start: int
    stop: int
    step: int = 1

    def slide(self, size: int) -> int:
        return len(range(self.start, min(self.stop, size), self.step))

    def reads(self, position: int, size: int) -> range:
        first = self.start + position * self.step
        return range(first, first + 1)

    def span(self, size: int) -> int:
        return 1

    def pace(self, size: int) -> tuple[int, int]:
        return self.step, 1


class StackWindow(Record):
    """An axis that is followed by `others`, the positions of other inputs."""

    others: int

    def slide(self, size: int) -> int:
        return size + self.others

    def reads(self, position: int, size: int) -> range:
        return range(position, position + 1)

    def span(self, size: int) -> int:
        return 1

    def pace(self, size: int) -> tuple[int, int]:
        return 1, 1


class WholeWindow(Record):
    """Each of `outputs` positions reads the whole input, along one axis."""

    outputs: int = 1

    def slide(self, size: int) -> int:
        return self.outputs

    def reads(self, position: int, size: int) -> range:
        return range(size)

    def span(self, size: int) -> int:
        return size

    def pace(self, size: int) -> tuple[int, int]:
        return 0, 1


class CenteredWindow(Record):
    """Each of `outputs` equal parts of the input reads `kernel` positions around its middle, along one axis."""

    outputs: int
    kernel: int

    def slide(self, size: int) -> int:
        return self.outputs

    def reads(self, position: int, size: int) -> range:
        # The middle of a part, (i + 1/2) * size / outputs, is that of the positions read.
        first = ((2 * position + 1) * size - self.kernel * self.outputs) // (2 * self.outputs)
        return range(first, first + self.kernel)

    def span(self, size: int) -> int:
        return self.kernel

    def pace(self, size: int) -> tuple[int, int]:
        return size, self.outputs


class DigitWindow(Record):
    """An axis merged into an axis of `outputs` positions, on which a step along it is `below` positions long.

    If rows and columns of a map of width W become one axis, the rows have `below` W and the columns 1.
    """

    outputs: int
    below: int

    def slide(self, size: int) -> int:
        return self.outputs

    def reads(self, position: int, size: int) -> range:
        first = position // self.below
        if size * self.below < self.outputs:
            first %= size
        return range(first, first + 1)

    def span(self, size: int) -> int:
        return 1

    def pace(self, size: int) -> tuple[int, int]:
        return (0, size * self.below) if size * self.below < self.outputs else (1, self.below)


POINT = SlidingWindow(1)


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TensorFlow's SAME: the padding (before, after) for ceil(size / stride) outputs.

    If the total is odd, `after` is larger by 1.
    """
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def same_crop(kernel: int, stride: int, dilation: int) -> tuple[int, int, int]:
    """TensorFlow's SAME for a transposed convolution, for `stride` outputs per input.

    Returns (cropped before, cropped after, added after); if the total is odd, one more is cropped after.
    """
    surplus = dilation * (kernel - 1) + 1 - stride
    before = max(surplus, 0) // 2
    return before, max(surplus, 0) - before, max(-surplus, 0)


def within(positions: range, size: int) -> range:
    """The part of `positions` that is within 0 to size - 1."""
    first = positions.start if positions.start >= 0 else positions.start % positions.step
    return range(first, min(positions.stop, size), positions.step)


def half(number: int) -> int:
    """Half of `number`, rounded down: the limit of padding on each of two sides."""
    return number // 2


def slide_all(
    windows: tuple[SlidingWindow, ...],
    shape: Shape,
    *,
    may_pad: Callable[[SlidingWindow, int], bool] = lambda _window, _padding: True,
) -> tuple[int, ...]:
    """The output's spatial sizes. Raises RuleError with a hint if a kernel does not fit.

    `may_pad` tells whether the layer accepts a padding on both sides, for the hint.
    """
    sizes = tuple([window.slide(size) for window, size in zip(windows, shape.spatial, strict=True)])
    if min(sizes, default=1) >= 1:
        return sizes
    axis = next(number for number, size in enumerate(sizes) if size < 1)
    window, size = windows[axis], shape.spatial[axis]
    room = size + window.before + window.after
    dilated = f", dilated to {window.extent}," if window.dilation > 1 else ""
    padded = f" with padding {window.before}" if window.before == window.after and window.before else ""
    if window.before != window.after:
        padded = f" with padding {window.before} before and {window.after} after"
    most = (room - 1) // window.dilation + 1
    padding = -(-(window.extent - size) // 2)
    fitting = [f"padding {padding}"] if may_pad(window, padding) else []
    fitting.append(f"a kernel of at most {most}")
    message = f"kernel {window.kernel}{dilated} does not fit the {times(shape.spatial)} input{padded}"
    raise RuleError(message, "kernel", f"use {' or '.join(fitting)}")
