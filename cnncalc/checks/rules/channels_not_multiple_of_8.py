"""Layers whose output channels are not a multiple of 8 waste part of the matrix units.

Why it matters
    Tensor cores multiply blocks of 8 numbers of 16 bits (or 16 of 8 bits), vector units of processors
    blocks of 8 numbers of 32 bits. Channels that do not fill a block are padded with zeros: 100 channels
    cost as much as 104, and 12 as much as 16, a third more. Older libraries do not use tensor cores at
    all in this case.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: {filters: 50, kernel: 3, padding: 1}
      - relu
      - conv: {filters: 100, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 48, kernel: 3, padding: 1}
      - relu
      - conv: {filters: 96, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

When to leave it
    On hardware without such blocks. A network has at most one finding, and only if padding adds
    2 % or more to its multiply-accumulates and there are at least 10 million of them: in a smaller
    network, a GPU spends more time starting layers than computing. Output layers, which have one channel
    per class, and depthwise layers, which use no matrix, do not count.

Source
    NVIDIA, Deep Learning Performance, Optimizing Convolutional Layers, "Channels In and Out".
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import WEIGHTED, Found, Subject, matrices_of, number, percent, place, some
from cnncalc.errors import plural
from cnncalc.layers.shapes import quotient, round_up
from cnncalc.network.records import Layer

CODE = "CNN023"
NAME = "channels-not-multiple-of-8"
SEVERITY = Severity.NOTE

BLOCK = 8
# A fiftieth.
LEAST_SHARE = 50
# A GPU of 10 TFLOPS does as many in 2 microseconds, and takes longer to start a layer.
LEAST_MACS = 10_000_000
MOST_NAMED = 2


def check(subject: Subject) -> Iterator[Found]:
    """Report all such layers as one finding, at the layer that wastes most."""
    last, whole = _last(subject), subject.totals.macs
    if whole < LEAST_MACS:
        return
    wasted = {
        layer.name: waste
        for layer in subject.of_role(*WEIGHTED)
        if layer.name not in last and not layer.training_only and (waste := _padding(layer))
    }
    if not wasted or LEAST_SHARE * sum(wasted.values()) < whole:
        return
    worst, *others = sorted(wasted, key=lambda name: -wasted[name])
    channels = dict.fromkeys(subject.by_name[name].output_shape.channels for name in (worst, *others))
    better = ", ".join(f"{round_up(count, BLOCK)} for {count}" for count in list(channels)[:MOST_NAMED])
    yield Found(
        place(subject.by_name[worst], "filters", "features", "multiplier"),
        worst,
        f"{plural(len(wasted), 'layer')} {'has' if len(wasted) == 1 else 'have'} output channels that are not a"
        f" multiple of 8 ({some(map(number, channels))}); on hardware that works in blocks of 8, padding adds"
        f" {percent(sum(wasted.values()), whole)} to the multiply-accumulates",
        f"use a multiple of 8, such as {better}",
    )


def _padding(layer: Layer) -> int:
    """The multiply-accumulates added by padding channels to full blocks."""
    matrices = matrices_of(layer)
    if matrices is not None and matrices.rows == 1:
        return 0
    channels = layer.output_shape.channels
    added = layer.macs * (round_up(channels, BLOCK) - channels)
    return quotient(round_up(added, channels), channels)


def _last(subject: Subject) -> set[str]:
    """The last layers with weights before each output."""
    found, waiting = set(), list(subject.network.outputs)
    seen = set(waiting)
    while waiting:
        layer: Layer | None = subject.by_name.get(waiting.pop())
        if layer is None:
            continue
        if layer.figures.type.role in WEIGHTED:
            found.add(layer.name)
            continue
        waiting += (name for name in layer.inputs if name not in seen)
        seen.update(layer.inputs)
    return found
