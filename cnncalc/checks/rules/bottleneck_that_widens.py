"""The middle of a bottleneck is wider than its ends.

Why it matters
    In a residual block of 1x1, 3x3 and 1x1 convolutions, the first reduces the channels so that the
    expensive 3x3 reads few of them, and the last restores them: at 256 channels with a middle of 64, the 3x3
    has 36,864 weights. With a middle of 512 it has 2,359,296, 64 times as many. A common cause is that the
    arguments for width and expansion are swapped.

What triggers it
    input: [256, 14, 14]
    layers:
      - add:
          residual:
            - conv: {filters: 512, kernel: 1}
            - relu
            - conv: {filters: 512, kernel: 3, padding: 1}
            - relu
            - conv: {filters: 256, kernel: 1}
          shortcut: []

What is better
    input: [256, 14, 14]
    layers:
      - add:
          residual:
            - conv: {filters: 64, kernel: 1}
            - relu
            - conv: {filters: 64, kernel: 3, padding: 1}
            - relu
            - conv: {filters: 256, kernel: 1}
          shortcut: []

When to leave it
    Inverted residuals (MobileNetV2) widen on purpose, for a depthwise convolution in the middle. They
    are not reported, nor are grouped convolutions.

Source
    He et al. 2015, arXiv:1512.03385, section 4.1, "Deeper Bottleneck Architectures"; Sandler et al.
    2018, arXiv:1801.04381.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import KEEPS_MAP, Found, Subject, is_dense, kernel_of, number, place
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import times
from cnncalc.network.records import Layer

CODE = "CNN022"
NAME = "bottleneck-that-widens"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find branches of a sum that end in 1x1, kxk and 1x1 with the middle as the widest."""
    for joined in subject.of_role(Role.SUM):
        for name in joined.inputs:
            last = _passed(subject, subject.by_name.get(name))
            middle = None if last is None or not _is_point(last) else _passed(subject, subject.source(last))
            first = None if middle is None or not _is_large(middle) else _passed(subject, subject.source(middle))
            if last is None or middle is None or first is None or not _is_point(first):
                continue
            wide = middle.output_shape.channels
            ends = (first.input_shapes[0].channels, last.output_shape.channels)
            if wide > max(ends):
                yield Found(
                    place(middle, "filters"),
                    middle.name,
                    f"{middle.name} is the middle of a bottleneck and has {wide} channels, its ends {ends[0]} and"
                    f" {ends[1]}: a {times(kernel_of(middle))} convolution with {number(middle.weights[0].size)}"
                    " weights",
                    "use fewer channels than at the ends, or a depthwise convolution",
                    middle.weights[0].size,
                )


def _passed(subject: Subject, layer: Layer | None) -> Layer | None:
    """A layer of a branch, skipping layers that only normalize or activate; None outside the branch.

    The branch begins after a layer that the shortcut reads, too.
    """
    while layer is not None and len(subject.readers[layer.name]) == 1 and layer.name not in subject.outputs:
        if layer.figures.type.role not in KEEPS_MAP:
            return layer
        layer = subject.source(layer)
    return None


def _is_point(layer: Layer) -> bool:
    return is_dense(layer) and max(kernel_of(layer)) == 1


def _is_large(layer: Layer) -> bool:
    return is_dense(layer) and max(kernel_of(layer)) > 1
