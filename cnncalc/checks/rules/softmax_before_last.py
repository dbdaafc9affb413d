"""A softmax that is not the last layer: a layer with weights, or another softmax, reads it.

Why it matters
    The outputs of a softmax are positive and their sum is 1. A layer that reads them sees how the scores
    compare, but not how large they are; if one score dominates, the gradient nearly vanishes:
    it is multiplied by p (1 - p), 0.01 at p = 0.99. After two softmaxes in a row (also if the loss
    includes one), no probability of 10 classes is above e / (e + 9), 23 %.

What triggers it
    input: [784]
    layers:
      - linear: 512
      - softmax
      - linear: 10

What is better
    input: [784]
    layers:
      - linear: 512
      - relu
      - linear: 10
      - softmax

When to leave it
    If the next layer should see probabilities, as in a cascade of classifiers. Attention, in which a
    softmax is multiplied by a map, is not reported, nor are weighted means: a 1x1 convolution or linear
    layer without bias that no norm reads, such as the expected value over bins of a distance, or a layer
    with a single output channel.

Source
    Goodfellow, Bengio and Courville 2016, Deep Learning, section 6.2.2.3, on how a softmax saturates;
    Li et al. 2020, Generalized Focal Loss, arXiv:2006.04388, on expected values over bins.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import KEEPS_MAP, NORMS, POOLS, WEIGHTED, Found, Subject, kernel_of
from cnncalc.layers.contract import Role
from cnncalc.network.records import Layer

CODE = "CNN012"
NAME = "softmax-before-last"
SEVERITY = Severity.WARNING

THROUGH = POOLS | KEEPS_MAP | {Role.REARRANGEMENT, Role.RESAMPLING, Role.GLOBAL_POOL}


def check(subject: Subject) -> Iterator[Found]:
    """Find softmaxes that weights or another softmax read, with only layers of one input between them."""

    def reads_scores(layer: Layer) -> bool:
        role = layer.figures.type.role
        return role is Role.PROBABILITIES or (role in WEIGHTED and not _is_mean(subject, layer))

    softmaxes = list(subject.of_role(Role.PROBABILITIES))
    behind = subject.first_behind(reads_scores, THROUGH) if softmaxes else {}
    for layer in softmaxes:
        if layer.name in behind:
            reader = behind[layer.name]
            twice = reader.figures.type.role is Role.PROBABILITIES
            yield Found(
                layer.span,
                layer.name,
                f"{layer.name} is not the last layer: {reader.name} reads its probabilities",
                f"remove {layer.name}" if twice else "use an activation here, and a softmax at the end",
            )


def _is_mean(subject: Subject, layer: Layer) -> bool:
    """Whether a layer computes weighted means of the probabilities at each position."""
    if max(kernel_of(layer), default=1) > 1:
        return False
    has_bias = any(weight.name == "bias" for weight in layer.weights)
    is_normed = any(reader.figures.type.role in NORMS for reader in subject.readers[layer.name])
    return layer.output_shape.channels == 1 or not (has_bias or is_normed)
