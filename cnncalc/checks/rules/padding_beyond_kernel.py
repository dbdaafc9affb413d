"""Padding as large as the kernel, or larger: some outputs read only padding.

Why it matters
    These outputs equal the bias: a 1x1 convolution with padding 1 on a 13x13 map outputs
    15x15 positions. A quarter of them, 56, do not depend on the image, but cost as much as the others, and
    a later pool averages them into each score.

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
    """Find layers with windows that are completely in the padding."""
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
    """The number of outputs along an axis that read a position of the input."""
    outputs = range(window.slide(size))
    if window.dilation <= size:
        # Taps are close enough that a kernel that overlaps the input has a tap inside.
        return _count(outputs, window, 1 - window.extent, size - 1)
    if window.kernel > MOST_TAPS:
        return len(outputs)
    # At most one tap is inside.
    limits.spend(window.kernel)
    taps = range(0, window.extent, window.dilation)
    return sum(_count(outputs, window, -tap, size - 1 - tap) for tap in taps)


def _count(outputs: range, window: SlidingWindow, first: int, last: int) -> int:
    """The number of windows that start at positions from `first` to `last` of the input."""
    start = max(-(-(first + window.before) // window.stride), outputs.start)
    stop = min((last + window.before) // window.stride + 1, outputs.stop)
    return max(stop - start, 0)
