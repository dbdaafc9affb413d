"""Two activations in a row, or one directly before or after a softmax.

Why it matters
    Without weights between them, the two functions have a fixed combined effect that training cannot
    change: relu of relu is relu, relu of sigmoid is sigmoid, sigmoid of relu is never below a half.
    Before a softmax, relu sets all scores below 0 to 0, so that these classes look the same and get
    no gradient; after sigmoid, no two scores differ by more than 1, so that none of 10 classes gets a
    probability above e / (e + 9), 23 %. After a softmax, relu changes nothing, and other activations
    output numbers that are not probabilities; after a log_softmax, relu makes all of them 0.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: {filters: 10, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10
      - relu
      - softmax

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 10, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10
      - softmax

When to leave it
    If a function is composed of two, such as a leaky ReLU with an upper limit.

Source
    Goodfellow, Bengio and Courville 2016, Deep Learning, sections 6.2.2.3 (softmax) and 6.3 (hidden units).
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject
from cnncalc.layers.contract import Role

CODE = "CNN010"
NAME = "two-activations"
SEVERITY = Severity.WARNING

ACTIVATIONS = frozenset({Role.ACTIVATION, Role.PROBABILITIES})
BETWEEN = frozenset({Role.DROPOUT, Role.REARRANGEMENT})


def check(subject: Subject) -> Iterator[Found]:
    """Find pairs of activations, one of which may be a softmax; two softmaxes belong to another rule."""
    for layer in subject.of_role(*ACTIVATIONS):
        first = subject.before(layer, BETWEEN)
        if first is None or first.figures.type.role not in ACTIVATIONS:
            continue
        role, before = layer.figures.type.role, first.figures.type.role
        if role is before is Role.ACTIVATION:
            message = f"{layer.name} reads the output of {first.name}, with no weights between the two activations"
            yield Found(layer.span, layer.name, message, f"remove {first.name} or {layer.name}")
        elif role is Role.PROBABILITIES and before is Role.ACTIVATION:
            message = f"{layer.name} reads scores that {first.name} has already changed"
            yield Found(layer.span, layer.name, message, f"remove {first.name}")
        elif role is Role.ACTIVATION:
            message = f"{layer.name} reads the probabilities of {first.name}"
            yield Found(layer.span, layer.name, message, f"remove {layer.name}")
