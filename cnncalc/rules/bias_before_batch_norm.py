"""A convolution or linear layer has a bias, and the batch norm behind it takes it away again.

Why it matters
    Batch norm subtracts each channel's mean, and a bias is a part of that mean: whatever it learns is
    gone behind the norm, which has an addend of its own. The bias costs a parameter, its gradient and
    its optimizer state for each filter, and an add for each output number: in VGG-16 with batch norm
    4,224 parameters and 13.5 million adds an image that change nothing.

What triggers it
    input: [3, 224, 224]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1}
      - batch_norm
      - relu

What is better
    input: [3, 224, 224]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1, bias: false}
      - batch_norm
      - relu

When to leave it
    Where the parameters must match published weights, such as torchvision's vgg16_bn, which has them.

Source
    Ioffe and Szegedy 2015, Batch Normalization, arXiv:1502.03167, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.layer_type import Role
from cnncalc.network import Layer
from cnncalc.problem import listed, plural
from cnncalc.rule import WEIGHTED, Found, Subject, number, place

CODE = "CNN003"
NAME = "bias-before-batch-norm"
SEVERITY = Severity.WARNING

CANCEL = (Role.BATCH_NORM, Role.CHANNEL_NORM)


def check(subject: Subject) -> Iterator[Found]:
    """Where nothing but such norms reads a layer with one bias a channel."""
    for layer in subject.of_role(*WEIGHTED):
        readers = subject.only_readers(layer)
        cancelled = bool(readers) and all(reader.figures.type.role in CANCEL for reader in readers)
        if cancelled and layer.params and _has_one_bias_a_channel(layer):
            biases = layer.output_shape.channels
            yield Found(
                place(layer, "bias"),
                layer.name,
                f"{layer.name}: its bias is taken away again by {listed(reader.name for reader in readers)},"
                f" which subtract{'s' if len(readers) == 1 else ''} each channel's mean",
                f"bias: false saves {plural(biases, 'parameter') if biases < 1000 else f'{number(biases)} parameters'}"
                " and changes nothing",
                biases,
            )


def _has_one_bias_a_channel(layer: Layer) -> bool:
    return any(weight.name == "bias" and weight.shape == layer.output_shape[:1] for weight in layer.weights)
