"""A stride larger than the kernel: the layer skips positions that only other layers read.

Why it matters
    In ResNet, the shortcut of a residual block that halves the map is a 1x1 convolution with stride 2. It
    reads 1 of every 4 positions, and adds only those to the sum. ResNet-D averages 2x2 positions first
    and convolves with stride 1: with as many parameters it reaches 77.16 % top-1 accuracy on ImageNet,
    while the same network without the average (ResNet-50-C) reaches 76.87 %.

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
    To reproduce a published ResNet: its residual branch reads the positions that the shortcut skips. Layers
    that divide the positions of one map between them, each after a different shift, are not reported.

Source
    He et al. 2018, Bag of Tricks for Image Classification with Convolutional Neural Networks,
    arXiv:1812.01187, section 4 and Table 5.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, number, percent, place
from cnncalc.checks.rules._reading import origins, skipping_layers

CODE = "CNN002"
NAME = "stride-skips-input"
SEVERITY = Severity.NOTE


def check(subject: Subject) -> Iterator[Found]:
    """Find layers that skip positions which another layer reads, unless layers divide the map between them."""
    skipping = [found for found, is_lost in skipping_layers(subject) if not is_lost]
    origin = origins(subject) if skipping else {}
    copies: dict[str, set[str]] = {}
    for found in skipping:
        name = found.layer.inputs[0]
        copies.setdefault(origin[name], set()).add(name)
    for found in skipping:
        if len(copies[origin[found.layer.inputs[0]]]) > 1:
            continue
        skips = found.positions - found.read
        yield Found(
            place(found.layer, "stride", "kernel"),
            found.layer.name,
            f"{found.layer.name} reads {number(found.read)} of {number(found.positions)} positions ({found.kernel})"
            f" and skips {percent(skips, found.positions)}",
            found.advice,
            skips * found.layer.input_shapes[0].channels,
        )
