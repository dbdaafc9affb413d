"""A static memory plan: one offset per tensor, so that tensors that are alive together do not overlap.

The plan is that of TensorFlow Lite Micro: buffers are placed from the largest to the smallest, each into the first gap
among the placed buffers that are alive at the same time as it (tensorflow/lite/micro/memory_planner/
greedy_memory_planner.cc; Pisarchyk and Lee 2020, arXiv:2001.03288, "greedy by size"). Of buffers of equal size, the one
that is created last is placed first, as there: its list is filled from the tail. Sizes are rounded up to ALIGNMENT.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc import limits
from cnncalc.analyses.liveness import Storage
from cnncalc.limits import Cost
from cnncalc.record import Record

# Bytes to which the interpreter aligns buffers (MicroArenaBufferAlignment in micro_arena_constants.h).
ALIGNMENT = 16


class Buffer(Record):
    """A storage with its place in the arena, in bytes; `size` is aligned."""

    storage: Storage
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


class Plan(Record):
    """The buffers of an arena in the order of their creation, and the bytes that the arena needs."""

    buffers: tuple[Buffer, ...]
    size: int


def plan(storages: Sequence[Storage], element_size: int = 1) -> Plan:
    """Place storages greedily by size. `element_size` is the bytes of an element, of the whole batch.

    Raises SpecError if more pairs of storages are alive together than the limit `work` allows.
    """
    with limits.counted():
        return _placed(storages, element_size)


def _placed(storages: Sequence[Storage], element_size: int) -> Plan:
    sizes = [_aligned(storage.elements * element_size) for storage in storages]
    offsets = [0] * len(storages)
    placed: list[bool] = [False] * len(storages)
    neighbors = _neighbors(storages)
    for number in sorted(range(len(storages)), key=lambda each: (-sizes[each], -each)):
        size, candidate = sizes[number], 0
        occupied = [(offsets[other], sizes[other]) for other in neighbors[number] if placed[other]]
        for offset, other in sorted(occupied):
            if offset - candidate >= size:
                break
            candidate = max(candidate, offset + other)
        offsets[number] = candidate
        placed[number] = True
    buffers = tuple([Buffer(*each) for each in zip(storages, offsets, sizes, strict=True)])
    return Plan(buffers, max([buffer.end for buffer in buffers], default=0))


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _neighbors(storages: Sequence[Storage]) -> list[list[int]]:
    """The storages that are alive together with each."""
    found: list[list[int]] = [[] for _ in storages]
    alive: list[int] = []
    for number in sorted(range(len(storages)), key=lambda each: storages[each].first):
        start = storages[number].first
        alive = [other for other in alive if storages[other].last >= start]
        limits.spend(len(alive) * Cost.OVERLAP, "the plan of the arena")
        for other in alive:
            found[other].append(number)
        found[number] = list(alive)
        alive.append(number)
    return found
