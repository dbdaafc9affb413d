"""Two activations in a row, or one directly in front of the softmax.

Why it matters
    What the second does to the first's output is settled by the two functions, and no weight between
    them can change it: relu of relu is relu, relu of sigmoid is sigmoid, sigmoid of relu never goes
    below a half. In front of a softmax, relu sets all scores below 0 to 0, so that these classes
    cannot be told apart and get no gradient; sigmoid leaves no two scores more than 1 apart, so that
    of 10 classes none gets a probability above e / (e + 9), 23 %.

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
    Where a function is put together from two, such as a leaky ReLU that is cut at the top.

Source
    Goodfellow, Bengio and Courville 2016, Deep Learning, sections 6.2.2.3 (softmax) and 6.3 (hidden units).
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.layer_type import Role
from cnncalc.rule import Found, Subject

CODE = "CNN010"
NAME = "two-activations"
SEVERITY = Severity.WARNING

BETWEEN = frozenset({Role.DROPOUT, Role.MOVING})


def check(subject: Subject) -> Iterator[Found]:
    """Where an activation or a softmax reads what an activation gives."""
    for layer in subject.of_role(Role.ACTIVATION, Role.PROBABILITIES):
        first = subject.before(layer, BETWEEN)
        if first is None or first.figures.type.role is not Role.ACTIVATION:
            continue
        message = f"{layer.name} reads what {first.name} gives: two activations with no weights between them"
        hint = "one of them is enough"
        if layer.figures.type.role is Role.PROBABILITIES:
            message = f"{layer.name}: its scores have gone through {first.name}"
            hint = f"without {first.name} they come as the layer before it gives them"
        yield Found(layer.span, layer.name, message, hint)
