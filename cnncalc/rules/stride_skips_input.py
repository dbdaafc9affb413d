"""A stride larger than the kernel: positions of the map that only other layers read.

Why it matters
    The shortcut of a residual block that halves the map is a 1x1 convolution with stride 2 in ResNet:
    it sees 1 of every 4 positions, and the sum carries only those on. ResNet-D averages 2x2 positions
    first and convolves with stride 1: not a parameter more, and 77.16 % top-1 accuracy on ImageNet
    where the same network without it (ResNet-50-C) has 76.87 %.

What triggers it
    input: [64, 56, 56]
    layers:
      - add:
          residual: [conv: {filters: 128, kernel: 3, stride: 2, padding: 1}]
          shortcut: [conv: {filters: 128, kernel: 1, stride: 2}]

What is better
    input: [64, 56, 56]
    layers:
      - add:
          residual: [conv: {filters: 128, kernel: 3, stride: 2, padding: 1}]
          shortcut: [avg_pool: {kernel: 2, stride: 2}, conv: {filters: 128, kernel: 1}]

When to leave it
    In a ResNet as published: the residual branch reads what the shortcut leaves out.

Source
    He et al. 2018, Bag of Tricks for Image Classification with Convolutional Neural Networks,
    arXiv:1812.01187, section 4 and Table 5.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.rule import Found, Subject, number, percent, place
from cnncalc.rules._reading import is_lost, skipped

CODE = "CNN002"
NAME = "stride-skips-input"
SEVERITY = Severity.NOTE


def check(subject: Subject) -> Iterator[Found]:
    """Where another layer reads what a kernel passes over."""
    for layer in subject.layers:
        found = skipped(layer)
        if found is not None and not is_lost(subject, found):
            skips = found.positions - found.read
            yield Found(
                place(layer, "stride", "kernel"),
                layer.name,
                f"{found.told} reads {number(found.read)} of {number(found.positions)} positions"
                f" and skips {percent(skips, found.positions)} of them",
                found.hint,
                skips * layer.input_shapes[0].channels,
            )
