"""A named layer, block or branch whose output is neither read nor an output of the network.

Why it matters
    It has a name so that other layers can read it, but none does: a skip connection that was never joined, or
    a head that is missing under `outputs:`. Its layers count in all figures but have no effect.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1}
        name: encoder
      - conv: {filters: 16, kernel: 1}
        name: skip
      - conv: {filters: 16, kernel: 3, padding: 1}
        from: encoder

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1}
        name: encoder
      - conv: {filters: 16, kernel: 1}
        name: skip
      - conv: {filters: 16, kernel: 3, padding: 1}
        from: encoder
      - add:
        from: [previous, skip]

When to leave it
    If a spec selects an earlier output with `outputs:`, to count the first part of a network.

Source
    Practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject
from cnncalc.checks.rules._dead import dead_ends
from cnncalc.errors import quoted

CODE = "CNN043"
NAME = "unused-output"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find dead ends with a given name."""
    for end in dead_ends(subject):
        if end.name:
            message = f"no layer reads {quoted(end.name)}, and it is not an output: {end.cost}"
            hint = f"read it with from: {end.name}, list it as an output, or remove it"
            yield Found(end.span, end.layer.name, message, hint, len(end.layers))
