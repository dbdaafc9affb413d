"""Layers whose output channels are no multiple of 8, as matrix units want them.

Why it matters
    Tensor cores multiply blocks of 8 numbers of 16 bits (16 of 8 bits), vector units of processors 8 of
    32 bits. Channels that do not fill a block are padded with zeros up to the next: 100 channels cost
    what 104 do, 12 what 16 do, a third more. Older libraries did without tensor cores altogether.

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
    Where the network is small, or runs where channels do not come in blocks. One finding is for the
    whole network, and only if such layers do 1 % of its multiply-accumulates or more; layers that give
    an output have as many channels as there are classes and are not counted.

Source
    NVIDIA, Deep Learning Performance, Optimizing Convolutional Layers, "Channels In and Out".
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.network import Layer
from cnncalc.problem import plural
from cnncalc.rule import WEIGHTED, Found, Subject, percent, place, some
from cnncalc.shapes import divides

CODE = "CNN023"
NAME = "channels-not-multiple-of-8"
SEVERITY = Severity.NOTE

BLOCK = 8
LEAST_SHARE = 100


def check(subject: Subject) -> Iterator[Found]:
    """All such layers as one, the one that does most named first."""
    last = _last(subject)
    uneven = [
        layer
        for layer in subject.of_role(*WEIGHTED)
        if not divides(BLOCK, layer.output_shape.channels) and layer.name not in last and not layer.training_only
    ]
    macs, whole = sum(layer.macs for layer in uneven), subject.totals.macs
    if not uneven or LEAST_SHARE * macs < whole:
        return
    counts: dict[int, int] = {}
    for layer in sorted(uneven, key=lambda layer: -layer.macs):
        counts[layer.output_shape.channels] = counts.get(layer.output_shape.channels, 0) + 1
    have = "has" if len(uneven) == 1 else "have"
    widest = uneven[0]
    yield Found(
        place(widest, "filters", "features", "multiplier"),
        widest.name,
        f"{plural(len(uneven), 'layer')} that {'does' if len(uneven) == 1 else 'do'} {percent(macs, whole)} of the"
        f" multiply-accumulates {have} channels in no multiple of 8: {some(map(str, counts))}",
        "hardware works in blocks of 8 or more and pads what is missing",
    )


def _last(subject: Subject) -> set[str]:
    """The layers with weights that give an output, through layers without."""
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
