"""Which blocks of a spec are called."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.spec.records import BlockCall, Spec


def calls_in(record: object) -> Iterator[str]:
    """The names of the blocks that a record calls."""
    waiting = [record]
    while waiting:
        part = waiting.pop()
        if isinstance(part, BlockCall):
            yield part.block
        elif isinstance(part, tuple):
            waiting += part


def reached_blocks(spec: Spec) -> frozenset[str]:
    """The blocks that the layers call, directly or through other blocks."""
    waiting, reached = list(calls_in(spec.items)), set()
    while waiting:
        name = waiting.pop()
        if name not in reached and name in spec.blocks:
            reached.add(name)
            waiting += calls_in(spec.blocks[name].items)
    return frozenset(reached)
