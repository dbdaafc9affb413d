"""Padding as large as the kernel, or larger: some outputs read nothing but padding.

Why it matters
    Those outputs hold the bias and nothing else: a 1x1 convolution with padding 1 on a 13x13 map gives
    15x15, of which 56 positions, a quarter, do not depend on the image, cost as much as the others, and
    are averaged into each score by a pool that follows.

What triggers it
    input: [512, 13, 13]
    layers:
      - conv: {filters: 1000, kernel: 1, padding: 1}
      - global_avg_pool

What is better
    input: [512, 13, 13]
    layers:
      - conv: {filters: 1000, kernel: 1}
      - global_avg_pool

When to leave it
    To reproduce published weights, such as those of SqueezeNet's conv10 in Caffe.

Source
    The output-size formula, (W - F + 2P) / S + 1: with P >= F the first output's window ends before
    the input begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnncalc import limits
from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, number, percent, place, sliding_of
from cnncalc.checks.rules._reading import alike
from cnncalc.layers.shapes import SlidingWindow

CODE = "CNN006"
NAME = "padding-beyond-kernel"
SEVERITY = Severity.WARNING
# Kernels with more taps along an axis, farther apart than the input is long, are not examined.
MOST_TAPS = 10_000


def check(subject: Subject) -> Iterator[Found]:
    """Where a window lies in the padding as a whole."""
    for layer in subject.layers:
        windows = sliding_of(layer)
        if not any(max(window.before, window.after) >= window.extent for window in windows):
            continue
        sizes = layer.input_shapes[0].spatial
        inside = prod(_inside(window, size) for window, size in zip(windows, sizes, strict=True))
        positions = layer.output_shape.positions
        if inside < positions:
            empty = positions - inside
            yield Found(
                place(layer, "padding"),
                layer.name,
                f"{layer.name} has padding {alike(max(one.before, one.after) for one in windows)} and a kernel of"
                f" {alike(one.kernel for one in windows)}: {number(empty)} of {number(positions)} outputs"
                f" ({percent(empty, positions)}) read nothing but padding",
                _hint(windows),
                empty,
            )


def _hint(windows: tuple[SlidingWindow, ...]) -> str:
    most = alike(one.extent - 1 for one in windows)
    return f"use padding of at most {most}" if any(one.extent > 1 for one in windows) else "use padding 0"


def _inside(window: SlidingWindow, size: int) -> int:
    """How many outputs along an axis read a position of the input."""
    outputs = range(window.slide(size))
    if window.dilation <= size:
        # Some tap lies inside wherever the kernel as a whole reaches inside.
        return _count(outputs, window, 1 - window.extent, size - 1)
    if window.kernel > MOST_TAPS:
        return len(outputs)
    # At most one tap lies inside.
    limits.spend(window.kernel)
    taps = range(0, window.extent, window.dilation)
    return sum(_count(outputs, window, -tap, size - 1 - tap) for tap in taps)


def _count(outputs: range, window: SlidingWindow, first: int, last: int) -> int:
    """How many windows start at the positions from `first` to `last` of the input."""
    start = max(-(-(first + window.before) // window.stride), outputs.start)
    stop = min((last + window.before) // window.stride + 1, outputs.stop)
    return max(stop - start, 0)
