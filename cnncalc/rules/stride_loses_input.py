"""A stride larger than the kernel: positions of the map that nothing reads.

Why it matters
    What a 1x1 convolution with stride 2 passes over was computed for nothing: 3 of every 4 positions
    of an image's map. ResNet-50 as published has its strides there, in the 1x1 convolutions at the
    start of three stages. Moved into the 3x3 convolution behind, which reads all positions, the same
    parameters raise its top-1 accuracy on ImageNet from 76.21 to 76.66 % (ResNet-B, also called v1.5).

What triggers it
    input: [64, 56, 56]
    layers:
      - conv: {filters: 128, kernel: 1, stride: 2}
      - conv: {filters: 128, kernel: 3, padding: 1}

What is better
    input: [64, 56, 56]
    layers:
      - conv: {filters: 128, kernel: 1}
      - conv: {filters: 128, kernel: 3, stride: 2, padding: 1}

When to leave it
    Where a published network is to be reproduced as it is, or a map is thinned out on purpose, as a
    cheap way to a smaller image.

Source
    He et al. 2018, Bag of Tricks for Image Classification with Convolutional Neural Networks,
    arXiv:1812.01187, section 4 and Table 5.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.rule import Found, Subject, number, percent, place
from cnncalc.rules._reading import is_lost, skipped

CODE = "CNN001"
NAME = "stride-loses-input"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Where all that read a map pass over the same positions of it."""
    for layer in subject.layers:
        found = skipped(layer)
        if found is not None and is_lost(subject, found):
            lost = found.positions - found.read
            share = percent(lost, found.positions)
            yield Found(
                place(layer, "stride", "kernel"),
                layer.name,
                f"{found.told} reads {number(found.read)} of {number(found.positions)} positions,"
                f" and no layer reads the others ({share})",
                found.hint,
                lost * layer.input_shapes[0].channels,
            )
