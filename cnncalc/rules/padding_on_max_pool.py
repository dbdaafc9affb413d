"""A max pool that makes the map smaller is padded.

Why it matters
    Padding can never be the largest number, so that windows on the border choose among fewer: with
    3x3, stride 2 and padding 1 a corner has 4 numbers of the map where others have 9. Pools are not
    padded as a rule: sizes fit without, with windows that reach to the end (`rounding: ceil`, as Caffe
    has it) or an input of another size. Where padding is written as zeros, in a layer of its own, a map of
    negative numbers even gets 0 for its largest.

What triggers it
    input: [64, 112, 112]
    layers:
      - max_pool: {kernel: 3, stride: 2, padding: 1}

What is better
    input: [64, 112, 112]
    layers:
      - max_pool: {kernel: 3, stride: 2, rounding: ceil}

When to leave it
    Where published weights were trained so, as torchvision's ResNets. A pool with stride 1 needs its
    padding to keep the size, as in an Inception module: it is not reported.

Source
    CS231n, Convolutional Networks, on pooling layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnncalc.finding import Severity
from cnncalc.layer_type import Role
from cnncalc.network import Layer
from cnncalc.problem import plural
from cnncalc.rule import Found, Subject, number, place, sliding_of
from cnncalc.shapes import times

CODE = "CNN007"
NAME = "padding-on-max-pool"
SEVERITY = Severity.NOTE


def check(subject: Subject) -> Iterator[Found]:
    """Where a max pool has padding and a stride."""
    for layer in subject.of_role(Role.MAX_POOL):
        windows = sliding_of(layer)
        padded = any(window.before or window.after for window in windows)
        if not padded or all(window.stride == 1 for window in windows):
            continue
        fewest, whole = _fewest(layer), prod(window.kernel for window in windows)
        if fewest < whole:
            yield Found(
                place(layer, "padding"),
                layer.name,
                f"{layer.name}: a max pool with padding: a window in the corner chooses among"
                f" {plural(fewest, 'number')}, others among {number(whole)}",
                _hint(layer),
                whole,
            )


def _fewest(layer: Layer) -> int:
    """How many positions of the map a window in a corner reads, in that corner where they are fewest."""
    axes = zip(sliding_of(layer), layer.input_shapes[0].spatial, strict=True)
    return prod(
        min(sum(0 <= at < size for at in window.reads(end, size)) for end in (0, window.slide(size) - 1))
        for window, size in axes
    )


def _hint(layer: Layer) -> str:
    sizes = layer.input_shapes[0].spatial
    bare = [window._replace(before=0, after=0, ceil=True) for window in sliding_of(layer)]
    slid = tuple(window.slide(size) for window, size in zip(bare, sizes, strict=True))
    if slid == layer.output_shape.spatial:
        return f"rounding: ceil gives the same {times(slid)} without padding"
    return "without padding every window is full"
