"""The input and output of one layer need more than twice the memory of the rest of the network.

Why it matters
    At inference the memory for tensors is that of its peak: a microcontroller or a small GPU needs it as a whole,
    even if all other layers need a fraction of it. It is often in the first layers: those of efficient networks need
    an order of magnitude more memory than the rest (MCUNetV2).

    Counted is what is alive while each layer runs, in the order of the file and without weights, as `cnncalc memory
    --fold-batch-norm` does. The rest of the network are the layers that run while none of the two tensors is alive.
    Peaks of fewer than 262,144 elements, 256 KiB in 8 bits, are ignored.

What triggers it
    input: [3, 128, 128]
    layers:
      - conv: {filters: 64, kernel: 7, padding: 3}
      - relu
      - max_pool: 2
      - conv: {filters: 32, kernel: 3, stride: 2, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

What is better
    input: [3, 128, 128]
    layers:
      - conv: {filters: 64, kernel: 7, stride: 4, padding: 3}
      - relu
      - conv: {filters: 32, kernel: 3, stride: 2, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

When to leave it
    If memory is no limit, if the network needs its maps at full size, or if the program that runs it computes
    these layers in parts, without the whole map.

Source
    Lin, Chen, Cai, Gan and Han 2021, MCUNetV2: Memory-Efficient Patch-based Inference for Tiny Deep Learning,
    arXiv:2110.15352, section 2.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analyses.liveness import Liveness, OutputStorage, Storage, liveness
from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, number
from cnncalc.layers.contract import Role

CODE = "CNN024"
NAME = "memory-peak"
SEVERITY = Severity.NOTE

# The fewest elements of a peak, and how many times the rest of the network it has to be.
FEWEST_ELEMENTS = 256 * 1024
MOST_TIMES = 2


def check(subject: Subject) -> Iterator[Found]:
    """Find the layer at the peak if only its own input and output are alive."""
    found = liveness(subject.network, folds=True)
    if found.at is None or found.peak < FEWEST_ELEMENTS:
        return
    step = found.steps[found.at]
    layer, alive = step.layer, found.alive
    # Interpreters compute most activations in the memory of their input, or within the layer before.
    if step.own_storage is not OutputStorage.NEW or layer.figures.type.role is Role.ACTIVATION or len(alive) != 2:
        return
    written = next(storage for storage in alive if layer.name in storage.tensors)
    read = next(storage for storage in alive if storage is not written)
    if set(layer.inputs).isdisjoint(read.tensors):
        return
    rest = _largest(found, alive)
    if not rest or found.peak <= MOST_TIMES * rest:
        return
    larger = max(alive, key=lambda storage: storage.elements)
    without = max(step.live - larger.elements * _is_alive(larger, at) for at, step in enumerate(found.steps))
    yield Found(
        layer.span,
        layer.name,
        f"{layer.name} makes the peak of memory at inference: it reads {number(read.elements)} and writes"
        f" {number(written.elements)} elements, and the layers that use neither need at most {number(rest)}",
        f"shrink the map of {larger.name} earlier, with a larger stride or a pool before it; or compute the layers that"
        f" write and read it in parts: without the whole map the peak is {number(without)}",
    )


def _is_alive(storage: Storage, at: int) -> bool:
    return storage.first <= at <= storage.last


def _largest(found: Liveness, alive: tuple[Storage, ...]) -> int:
    """The largest live memory while none of some storages is alive."""
    steps = enumerate(found.steps)
    return max((step.live for at, step in steps if not any(_is_alive(storage, at) for storage in alive)), default=0)
