"""Which names the templates of a spec use."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.expressions import Expression
from cnncalc.spec import Block, BlockCall, Spec
from cnncalc.templates import Computed


def used_in(record: object) -> Iterator[str]:
    """The names that expressions anywhere in a record use; those of blocks are left to their own."""
    waiting = [record]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Computed | Expression):
            expression = part.expression if isinstance(part, Computed) else part
            yield from (name for name, _ in expression.names)
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, tuple):
            waiting += part


def used_in_block(block: Block) -> frozenset[str]:
    """The names that a block's items and its parameters' defaults use."""
    return frozenset(used_in((block.items, tuple(parameter.default for parameter in block.parameters))))


def calls_in(record: object) -> Iterator[str]:
    """The blocks that are called anywhere in a record."""
    waiting = [record]
    while waiting:
        part = waiting.pop()
        if isinstance(part, BlockCall):
            yield part.block
        elif isinstance(part, tuple):
            waiting += part


def reached_blocks(spec: Spec) -> frozenset[str]:
    """The blocks that the layers call, themselves or through other blocks."""
    waiting, reached = list(calls_in(spec.items)), set()
    while waiting:
        name = waiting.pop()
        if name not in reached and name in spec.blocks:
            reached.add(name)
            waiting += calls_in(spec.blocks[name].items)
    return frozenset(reached)
