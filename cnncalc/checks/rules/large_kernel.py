"""A large kernel that a stack of 3x3 convolutions could replace with at least a quarter fewer weights.

Why it matters
    Two 3x3 convolutions see 5x5 positions and three see 7x7, with activations between them. With C channels
    in and out, a 5x5 has 25 C^2 weights and two 3x3 have 18 C^2, 28 % fewer; a 7x7 has 49 C^2 and three 3x3
    have 27 C^2, 45 % fewer. The comparison assumes a stack as wide as the layer's output: with few input
    channels, as in a first layer, the large kernel costs less.

What triggers it
    input: [64, 28, 28]
    layers:
      - conv: {filters: 64, kernel: 7, padding: 3}

What is better
    input: [64, 28, 28]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1}
      - relu
      - conv: {filters: 64, kernel: 3, padding: 1}
      - relu
      - conv: {filters: 64, kernel: 3, padding: 1}

When to leave it
    If memory matters more than weights: training stores the output of each layer of the stack. Depthwise
    and grouped convolutions are not reported, nor are stacks that save less than a quarter.

Source
    CS231n, Convolutional Networks, "Prefer a stack of small filter CONV to one large receptive field
    CONV layer"; Simonyan and Zisserman 2014, arXiv:1409.1556, section 2.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, is_dense, number, percent, place, sliding_of
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import half, times
from cnncalc.network.records import Layer

CODE = "CNN008"
NAME = "large-kernel"
SEVERITY = Severity.NOTE

# A quarter, which C channels in and out save with 5x5.
LEAST_SAVING = 4
WORDS = {2: "two", 3: "three", 4: "four", 5: "five"}


def check(subject: Subject) -> Iterator[Found]:
    """Find kernels for which the stack saves enough weights."""
    for layer in subject.of_role(Role.CONVOLUTION):
        weights = _weights_of_stack(layer)
        own = layer.weights[0].size
        if layer.weights_from or not weights or LEAST_SAVING * (own - weights) < own:
            continue
        kernel = tuple(window.kernel for window in sliding_of(layer))
        count = half(kernel[0])
        small = times((3,) * len(kernel))
        kept = layer.output_shape.spatial == layer.input_shapes[0].spatial
        stacked = number(weights * layer.output_shape.positions)
        macs = f" and {stacked} multiply-accumulates, not {number(layer.macs)}"
        yield Found(
            place(layer, "kernel"),
            layer.name,
            f"{layer.name} is a {times(kernel)} convolution with {number(own)} weights;"
            f" {WORDS.get(count, str(count))} {small} convolutions have the same receptive field with {number(weights)}"
            f" ({percent(own - weights, own)} fewer)" + (macs if kept else ""),
            f"stack these with {layer.output_shape.channels} filters each and activations between them",
            own - weights,
        )


def _weights_of_stack(layer: Layer) -> int:
    """The weights of a stack of 3x3 kernels with the same field, each as wide as the output; 0 if there is none."""
    windows = sliding_of(layer)
    kernels = {window.kernel for window in windows}
    slides = all(window.stride == window.dilation == 1 for window in windows)
    kernel = min(kernels, default=0)
    if not slides or len(kernels) > 1 or kernel < 5 or kernel % 2 == 0 or not is_dense(layer):
        return 0
    filters = layer.output_shape.channels
    small = prod(3 for _ in windows)
    return small * filters * (layer.input_shapes[0].channels + (half(kernel) - 1) * filters)
