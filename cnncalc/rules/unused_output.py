"""A named layer, block or branch whose output is neither read nor an output of the network.

Why it matters
    Something was given a name to be read, and nobody reads it: a skip connection that was never joined,
    a head that is missing under `outputs:`. What computes it counts in all figures and works for nothing.

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
    Where a spec stops short of the network's end with `outputs:`, to count its first part.

Source
    Practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.problem import quoted
from cnncalc.rule import Found, Subject
from cnncalc.rules._dead import dead_ends

CODE = "CNN043"
NAME = "unused-output"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Where a dead end has a name that the spec gave it."""
    for end in dead_ends(subject):
        if end.name:
            message = f"{quoted(end.name)} is neither read nor an output: {end.cost}"
            hint = f"from: reads it and outputs: gives it, each by the name {end.name}"
            yield Found(end.span, end.layer.name, message, hint, len(end.layers))
