"""Layers without a name from which no output of the network is reached.

Why it matters
    A `from:` that starts from an earlier layer leaves the previous one unread. The layers that compute it
    count in all figures but change no output of the network.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1}
        name: stem
      - conv: {filters: 16, kernel: 3, padding: 1}
      - relu
      - conv: {filters: 32, kernel: 3, padding: 1}
        from: stem

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1}
        name: stem
      - conv: {filters: 16, kernel: 3, padding: 1}
      - relu
      - conv: {filters: 32, kernel: 3, padding: 1}

When to leave it
    Where a spec stops short of the network's end with `outputs:`, to count its first part. A dead end
    that has a name is CNN043, unused-output.

Source
    Practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject
from cnncalc.checks.rules._dead import dead_ends

CODE = "CNN044"
NAME = "unreachable-layers"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Where a dead end has no name of its own."""
    for end in dead_ends(subject):
        if not end.name:
            message = f"no layer reads {end.layer.name}, and it is not an output: {end.cost}"
            hint = "give it a name to read it by, or remove it"
            yield Found(end.span, end.layer.name, message, hint, len(end.layers))
