"""A softmax that is not at the end: another layer with weights, or another softmax, reads it.

Why it matters
    A softmax makes its numbers positive and their sum 1. A layer behind it sees how the scores compare
    and no longer how large they are; where one is clearly the largest the gradient all but vanishes,
    p (1 - p) of what comes back: 0.01 at p = 0.99. Twice in a row (a softmax whose loss has one of its
    own, too) no probability of 10 classes gets above e / (e + 9), 23 %.

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
    Where probabilities are what the next layer is to see, as in a cascade of classifiers. Attention,
    in which a softmax is multiplied with a map, is not reported.

Source
    Goodfellow, Bengio and Courville 2016, Deep Learning, section 6.2.2.3, on how a softmax saturates.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.layer_type import Role
from cnncalc.network import Layer
from cnncalc.rule import POOLS, WEIGHTED, Found, Subject

CODE = "CNN012"
NAME = "softmax-before-last"
SEVERITY = Severity.WARNING

THROUGH = POOLS | {
    Role.DROPOUT,
    Role.MOVING,
    Role.RESAMPLING,
    Role.GLOBAL_POOL,
    Role.ACTIVATION,
    Role.SCALING,
    Role.BATCH_NORM,
    Role.CHANNEL_NORM,
    Role.NORMALIZATION,
}


def check(subject: Subject) -> Iterator[Found]:
    """Where a softmax is read by weights, with nothing but layers of one input between."""
    softmaxes = list(subject.of_role(Role.PROBABILITIES))
    behind = subject.first_behind(_is_no_end, THROUGH) if softmaxes else {}
    for layer in softmaxes:
        if layer.name in behind:
            yield Found(
                layer.span,
                layer.name,
                f"{layer.name} is not the last: {behind[layer.name].name} reads numbers that are positive and add up"
                " to 1",
                "put it at the end, and an activation here",
            )


def _is_no_end(layer: Layer) -> bool:
    return layer.figures.type.role in WEIGHTED | {Role.PROBABILITIES}
