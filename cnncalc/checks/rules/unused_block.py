"""A block that no layer uses.

Why it matters
    It is checked, and people read it, but it is not part of the network. Often it was meant
    instead of another block with a similar name.

What triggers it
    input: [3, 32, 32]
    blocks:
      conv_relu(filters): [conv: [filters, 3], relu]
      conv_bn(filters): [conv: {filters: filters, kernel: 3, bias: false}, batch_norm, relu]
    layers:
      - conv_bn: 16

What is better
    input: [3, 32, 32]
    blocks:
      conv_bn(filters): [conv: {filters: filters, kernel: 3, bias: false}, batch_norm, relu]
    layers:
      - conv_bn: 16

When to leave it
    In a spec that others extend with `extends`. Blocks of an extended spec are not reported.

Source
    Practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject
from cnncalc.checks.rules._names import calls_in, reached_blocks
from cnncalc.errors import listed, quoted

CODE = "CNN046"
NAME = "unused-block"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find blocks of the spec's own file that no layer calls, directly or through other blocks."""
    spec = subject.spec
    reached = reached_blocks(spec)
    called: dict[str, list[str]] = {}
    for name, block in spec.blocks.items():
        for other in dict.fromkeys(calls_in(block.items)):
            called.setdefault(other, []).append(quoted(name))
    for name, block in spec.blocks.items():
        if name in reached or block.span.file != spec.file:
            continue
        callers = [caller for caller in called.get(name, []) if caller != quoted(name)]
        by = f" but {listed(callers)}, which {'is' if len(callers) == 1 else 'are'} not used either" if callers else ""
        yield Found(block.span, "", f"nothing uses the block {quoted(name)}{by}", "use it or remove it")
