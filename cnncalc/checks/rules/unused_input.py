"""An input of the network that no layer reads.

Why it matters
    The network's output does not depend on it. Usually a branch starts from the wrong tensor, and the
    figures describe a network with one input less.

What triggers it
    input: {left: [3, 64, 64], right: [3, 64, 64]}
    layers:
      - conv: {filters: 16, kernel: 3}
        from: left

What is better
    input: {left: [3, 64, 64], right: [3, 64, 64]}
    layers:
      - subtract:
        from: [left, right]
      - conv: {filters: 16, kernel: 3}

When to leave it
    Never: remove the input.

Source
    Practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, located
from cnncalc.errors import quoted

CODE = "CNN042"
NAME = "unused-input"
SEVERITY = Severity.ERROR


def check(subject: Subject) -> Iterator[Found]:
    """Find inputs that no layer reads."""
    for name, template in subject.spec.inputs:
        if not subject.readers[name] and name not in subject.outputs:
            yield Found(
                located(template.span),
                "",
                f"no layer reads the input {quoted(name)}",
                f"read it with from: {name}, or remove it",
            )
