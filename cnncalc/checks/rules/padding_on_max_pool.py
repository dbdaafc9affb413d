"""A strided max pool has unnecessary padding.

Why it matters
    Padding is never the maximum, so windows that overlap the padding select from fewer positions than the
    others. 2x2 windows with padding 1 on an 8x8 map read one position in each corner and two along
    the edges, and the output is 5x5, although 4x4 full windows read everything. Later maps have half
    as many positions again, and each pair of rows is split.

What triggers it
    input: [64, 112, 112]
    layers:
      - max_pool: {kernel: 2, padding: 1}

What is better
    input: [64, 112, 112]
    layers:
      - max_pool: {kernel: 2}

When to leave it
    If the output must have this size to be joined with another map. Padding that a pool
    needs to read every position, or to divide the size of its map by its stride, rounded up, is not
    reported, such as padding 1 of a 3x3 pool with stride 2.

Source
    CS231n, Convolutional Networks, on pooling layers: "it is not common to pad the input using
    zero-padding".
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, number, place, sliding_of
from cnncalc.checks.rules._reading import skipped
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import SlidingWindow, quotient, round_up, times

CODE = "CNN007"
NAME = "padding-on-max-pool"
SEVERITY = Severity.NOTE


def check(subject: Subject) -> Iterator[Found]:
    """Find strided max pools that need no padding along any axis."""
    for layer in subject.of_role(Role.MAX_POOL):
        windows, sizes = sliding_of(layer), layer.input_shapes[0].spatial
        each = list(zip(windows, sizes, strict=True)) if windows else []
        padded = [(window, size) for window, size in each if window.before or window.after]
        if not padded or skipped(layer) or not all(_is_needless(window, size) for window, size in padded):
            continue
        bare = tuple(_without_padding(window).slide(size) for window, size in each)
        fewest, whole = prod(_fewest(*one) for one in each), prod(window.kernel for window in windows)
        reads = "window reads" if prod(bare) == 1 else "windows read"
        larger = "" if bare == layer.output_shape.spatial else f", and outputs {times(layer.output_shape.spatial)}"
        yield Found(
            place(layer, "padding"),
            layer.name,
            f"{layer.name} reads only {number(fewest)} of {number(whole)} positions in a corner window because of its"
            f" padding{larger}; without padding, {times(bare)} {reads} the whole map of {times(sizes)}",
            "use padding 0",
            whole - fewest,
        )


def _without_padding(window: SlidingWindow) -> SlidingWindow:
    return window._replace(before=0, after=0)


def _is_needless(window: SlidingWindow, size: int) -> bool:
    """Whether windows without padding read a whole axis, and each reads more than the padded window at an end.

    Padding that makes the output size / stride is needed: shortcuts and other branches have this size.
    """
    bare = _without_padding(window)
    count, outputs = bare.slide(size), window.slide(size)
    if window.stride == 1 or count == 0 or bare.reads(count - 1, size)[-1] < size - 1:
        return False
    divided = quotient(round_up(size, window.stride), window.stride)
    return (outputs == count or outputs != divided) and _fewest(bare, size) > _fewest(window, size)


def _fewest(window: SlidingWindow, size: int) -> int:
    """The fewest positions of an axis that the window at one of its ends reads."""
    return min(_count_inside(window.reads(end, size), size) for end in (0, window.slide(size) - 1))


def _count_inside(taps: range, size: int) -> int:
    """The number of taps within 0 to size - 1."""
    first = taps.start if taps.start >= 0 else taps.start % taps.step
    return len(range(first, min(taps.stop, size), taps.step))
