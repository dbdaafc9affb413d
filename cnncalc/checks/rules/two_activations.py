"""Two activations in a row, or one directly before or after a softmax.

Why it matters
    The two functions fix what the second does to the output of the first, and no weight between them can
    change it: relu of relu is relu, relu of sigmoid is sigmoid, sigmoid of relu is never below a half.
    Before a softmax, relu sets all scores below 0 to 0, so that these classes look the same and get
    no gradient; sigmoid leaves no two scores more than 1 apart, so that none of 10 classes gets a
    probability above e / (e + 9), 23 %. After a softmax, relu changes nothing, and all others turn its
    numbers into something other than probabilities; after a log_softmax, relu makes them all 0.

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
    Where a function is composed of two, such as a leaky ReLU that is cut at the top.

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
    """Where an activation reads an activation, or one of the two is a softmax; two softmaxes are another rule's."""
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
