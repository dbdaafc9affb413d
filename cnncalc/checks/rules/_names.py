"""Which blocks of a spec are called."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.spec.records import BlockCall, Spec
from cnncalc.spec.templates import Computed, Constant, TypeWithArguments
from cnncalc.syntax.expressions import Value


def calls_in(record: object) -> Iterator[str]:
    """The blocks that are called anywhere in a record, and words that may choose one."""
    waiting = [record]
    while waiting:
        part = waiting.pop()
        if isinstance(part, BlockCall):
            yield part.block
        if isinstance(part, TypeWithArguments):
            yield part.word
        elif isinstance(part, Computed):
            yield from part.words
            continue
        if isinstance(part, Constant):
            yield from _words_in(part.value)
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, tuple):
            waiting += part


def _words_in(value: Value) -> Iterator[str]:
    """The words in a value, which may choose a block."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, tuple):
            waiting += part


def reached_blocks(spec: Spec) -> frozenset[str]:
    """The blocks that the layers and variables call, themselves or through other blocks."""
    waiting, reached = list(calls_in((spec.items, spec.variables))), set()
    while waiting:
        name = waiting.pop()
        if name not in reached and name in spec.blocks:
            reached.add(name)
            block = spec.blocks[name]
            waiting += calls_in((block.items, tuple(parameter.default for parameter in block.parameters)))
    return frozenset(reached)
