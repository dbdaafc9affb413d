"""Unnamed layers from which no path leads to an output of the network.

Why it matters
    If a `from:` names an earlier layer, nothing may read the previous one. The layers that compute it
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
    If a spec selects an earlier output with `outputs:`, to count the first part of a network. For named
    dead ends, see CNN043, unused-output.

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
    """Find dead ends without a given name."""
    for end in dead_ends(subject):
        if not end.name:
            message = f"no layer reads {end.layer.name}, and it is not an output: {end.cost}"
            hint = "name it and read it by this name, or remove it"
            yield Found(end.span, end.layer.name, message, hint, len(end.layers))
