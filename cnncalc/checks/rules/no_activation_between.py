"""Two layers with weights and no activation between them compute no more than a single layer can.

Why it matters
    A weighted sum of weighted sums is a weighted sum: without an activation between them, linear layers
    from 784 to 512 and from 512 to 10 compute nothing that one from 784 to 10 cannot, with 407,050
    parameters instead of 7,850. The same applies to two convolutions, whose kernels of 3 and 3 are equivalent
    to one of 5, and to a convolution and a linear layer that reads its whole map. Dropout, flattening,
    average pools and batch norm between them (at inference a scale and a shift for each channel) do not
    change that.

What triggers it
    input: [784]
    layers:
      - linear: 512
      - linear: 10

What is better
    input: [784]
    layers:
      - linear: 512
      - relu
      - linear: 10

When to leave it
    A pair with a narrow middle is a low-rank matrix and saves weights, so it is not reported. Neither are
    1x1, depthwise, grouped and 1x7 with 7x1 convolutions, which factorize a convolution, a first layer with
    other readers, as in a feature pyramid, or convolutions with a pixel shuffle between them.

Source
    Goodfellow, Bengio and Courville 2016, Deep Learning, section 6.1: without a nonlinear function
    "the feedforward network as a whole would remain a linear function of its input".
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import WEIGHTED, Found, Subject, is_dense, number, sliding_of
from cnncalc.layers.contract import Role
from cnncalc.network.records import Layer

CODE = "CNN011"
NAME = "no-activation-between"
SEVERITY = Severity.WARNING

BETWEEN = frozenset({Role.DROPOUT, Role.REARRANGEMENT, Role.AVERAGE_POOL, Role.BATCH_NORM, Role.SCALING})


def check(subject: Subject) -> Iterator[Found]:
    """Find pairs of which the second reads the first, and the middle is not the narrowest part."""
    for layer in subject.of_role(*WEIGHTED):
        first = subject.before(layer, BETWEEN)
        if first is None or first.figures.type.role not in WEIGHTED or len(subject.only_readers(first)) != 1:
            continue
        if layer.figures.type.role is Role.LINEAR:
            middle = first.output_shape.elements
            if middle >= min(first.input_shapes[0].elements, layer.output_shape.elements):
                yield Found(layer.span, layer.name, *_linear(first, layer), weight=layer.weights[0].size)
        elif _slides(first) & _slides(layer) and layer.input_shapes[0].channels == first.output_shape.channels:
            narrow = first.output_shape.channels
            if narrow >= min(first.input_shapes[0].channels, layer.output_shape.channels):
                message = (
                    f"{layer.name} reads {first.name} without an activation between: one convolution can do the same"
                )
                yield Found(layer.span, layer.name, message, "add an activation between them", layer.weights[0].size)


def _linear(first: Layer, layer: Layer) -> tuple[str, str]:
    """The message, with the parameters of the equivalent linear layer if it has fewer, and the hint."""
    message = f"{layer.name} reads {first.name} without an activation between: one linear layer can do the same"
    if first.figures.type.role is Role.LINEAR:
        features = layer.output_shape.elements
        one = features * first.input_shapes[0].elements + features
        two = first.figures.params + layer.figures.params
        if one < two:
            message += f" with {number(one)} parameters, not {number(two)}"
    return message, "add an activation between them"


def _slides(layer: Layer) -> set[int]:
    """The axes along which a convolution over all channels has a kernel larger than 1."""
    if not is_dense(layer):
        return set()
    return {axis for axis, window in enumerate(sliding_of(layer)) if window.kernel > 1}
