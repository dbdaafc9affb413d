"""A parameter of a block that the block does not use.

Why it matters
    Callers pass a value that changes nothing: with a stride that is accepted but never passed on, the maps
    are larger than the call suggests.

What triggers it
    input: [3, 32, 32]
    blocks:
      conv_bn(filters, stride=1): [conv: {filters: filters, kernel: 3, bias: false}, batch_norm, relu]
    layers:
      - conv_bn: [16, 2]

What is better
    input: [3, 32, 32]
    blocks:
      conv_bn(filters, stride=1):
        [conv: {filters: filters, kernel: 3, stride: stride, bias: false}, batch_norm, relu]
    layers:
      - conv_bn: [16, 2]

When to leave it
    If blocks must take the same arguments to be interchangeable.

Source
    Practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject
from cnncalc.errors import quoted
from cnncalc.spec.records import names_used_in_block

CODE = "CNN047"
NAME = "unused-parameter"
SEVERITY = Severity.WARNING


def check(subject: Subject) -> Iterator[Found]:
    """Find parameters that neither the block's layers nor a later parameter's default use."""
    for name, block in subject.spec.blocks.items():
        if block.span.file != subject.spec.file:
            continue
        used = names_used_in_block(block)
        for parameter in block.parameters:
            if parameter.name not in used:
                message = f"the block {quoted(name)} does not use its parameter {quoted(parameter.name)}"
                yield Found(block.span, "", message, "use it or remove it")
