"""A convolution or linear layer has a bias that the batch norm after it removes.

Why it matters
    Batch norm subtracts each channel's mean, which includes the bias: its value has no effect after
    the norm, which adds its own learnable bias. The bias costs a parameter, its gradient and
    its optimizer state for each filter, and an add per output element: in VGG-16 with batch norm,
    4,224 parameters and 13.5 million adds per image that change nothing.

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
    If the parameters must match published weights, such as torchvision's vgg16_bn, which has these biases.

Source
    Ioffe and Szegedy 2015, Batch Normalization, arXiv:1502.03167, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import WEIGHTED, Found, Subject, number, place, some, uses_batch_statistics
from cnncalc.errors import Span, listed
from cnncalc.layers.contract import Role
from cnncalc.network.records import Layer

CODE = "CNN003"
NAME = "bias-before-batch-norm"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Report, for each line, layers with one bias per channel that only such norms read."""
    weighted = list(subject.of_role(*WEIGHTED))
    needed = {layer.weights_from or layer.name for layer in weighted if not _norms(subject, layer)}
    removed: dict[Span, list[Layer]] = {}
    kept: dict[Span, list[Layer]] = {}
    for layer in weighted:
        if layer.params and _has_one_bias_a_channel(layer):
            by_line = kept if layer.name in needed else removed
            by_line.setdefault(place(layer, "bias"), []).append(layer)
    for span, layers in removed.items():
        biases = sum(layer.output_shape.channels for layer in layers)
        saved = f"bias: false saves {number(biases)} parameter{'s' if biases > 1 else ''}"
        others = kept.get(span, [])
        hint = f"{saved} and changes nothing else"
        if others:
            hint = f"{saved} there, but {some(layer.name for layer in others)} on the same line must keep theirs"
        yield Found(span, layers[0].name, _message(subject, layers), hint)


def _message(subject: Subject, layers: list[Layer]) -> str:
    if len(layers) > 1:
        return (
            f"{number(len(layers))} layers have a bias that the norm after each of them removes:"
            f" {some(layer.name for layer in layers)}"
        )
    norms = _norms(subject, layers[0])
    removes = "removes" if len(norms) == 1 else "remove"
    return f"{layers[0].name} has a bias that {listed(norm.name for norm in norms)} {removes} again"


def _norms(subject: Subject, layer: Layer) -> list[Layer]:
    """The norms that read a layer; empty if another layer reads it, too."""
    readers = subject.only_readers(layer)
    return readers if all(map(_removes_mean, readers)) else []


def _removes_mean(layer: Layer) -> bool:
    return uses_batch_statistics(layer) or layer.figures.type.role is Role.CHANNEL_NORM


def _has_one_bias_a_channel(layer: Layer) -> bool:
    return any(weight.name == "bias" and weight.shape == layer.output_shape[:1] for weight in layer.weights)
