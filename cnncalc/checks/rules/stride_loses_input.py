"""A stride larger than the kernel: no layer reads some positions of the map.

Why it matters
    A 1x1 convolution with stride 2 skips 3 of every 4 positions of a map, so computing them was
    wasted. The published ResNet-50 has such strides in the 1x1 convolutions at the start of three
    stages. Moving them to the next 3x3 convolutions, which read every position, raises top-1 accuracy on
    ImageNet from 76.21 to 76.66 % with the same parameters (ResNet-B, also called v1.5).

What triggers it
    input: [64, 56, 56]
    layers:
      - conv: {filters: 128, kernel: 1, stride: 2}
      - relu
      - conv: {filters: 128, kernel: 3, padding: 1}

What is better
    input: [64, 56, 56]
    layers:
      - conv: {filters: 128, kernel: 1}
      - relu
      - conv: {filters: 128, kernel: 3, stride: 2, padding: 1}

When to leave it
    To reproduce a published network exactly, or to subsample a map on purpose, as a cheap way to make
    it smaller.

Source
    He et al. 2018, Bag of Tricks for Image Classification with Convolutional Neural Networks,
    arXiv:1812.01187, section 4 and Table 5.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, number, percent, place, some
from cnncalc.checks.rules._reading import Skipped, skipping_layers, takes_stride

CODE = "CNN001"
NAME = "stride-loses-input"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Report each map of which all readers skip the same positions."""
    by_map: dict[str, list[Skipped]] = {}
    for found, is_lost in skipping_layers(subject):
        if is_lost:
            by_map.setdefault(found.layer.inputs[0], []).append(found)
    for readers in by_map.values():
        movable = ((found, behind) for found in readers if (behind := takes_stride(subject, found)) is not None)
        found, behind = next(movable, (readers[0], None))
        lost = found.positions - found.read
        names = [found.layer.name, *(other.layer.name for other in readers if other is not found)]
        yield Found(
            place(found.layer, "stride", "kernel"),
            found.layer.name,
            f"{some(names)} {'reads' if len(names) == 1 else 'read'} {number(found.read)} of"
            f" {number(found.positions)} positions ({found.kernel}), and no layer reads the other"
            f" {percent(lost, found.positions)}",
            f"move the stride to {behind.name}, whose kernel reads every position" if behind else found.advice,
            lost * found.layer.input_shapes[0].channels,
        )
