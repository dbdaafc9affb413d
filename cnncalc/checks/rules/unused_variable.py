"""A variable that nothing uses.

Why it matters
    It looks as if it could be changed, with `--set` for example, but changing it has no effect: somewhere
    the number is written out instead of the variable.

What triggers it
    input: [3, 32, 32]
    variables: {classes: 10, width: 64}
    layers:
      - conv: {filters: 64, kernel: 3}
      - global_avg_pool
      - linear: classes

What is better
    input: [3, 32, 32]
    variables: {classes: 10, width: 64}
    layers:
      - conv: {filters: width, kernel: 3}
      - global_avg_pool
      - linear: classes

When to leave it
    In a spec that others extend with `extends`. Variables of an extended spec are not reported.

Source
    Practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, located
from cnncalc.errors import quoted
from cnncalc.spec.records import variables_used

CODE = "CNN048"
NAME = "unused-variable"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find variables that no expression uses, apart from parameters with the same name."""
    spec = subject.spec
    used = variables_used(spec)
    for name, template in spec.variables.items():
        if name not in used and (located(template.span) is None or template.span.file == spec.file):
            message = f"nothing uses the variable {quoted(name)}"
            yield Found(located(template.span), "", message, "use it or remove it")
