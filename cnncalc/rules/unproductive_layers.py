"""Convolutions whose every position sees the whole input already before them.

Why it matters
    A kernel larger than 1 is there to bring together what lies apart. Where the map that it reads sees
    the whole input from each of its positions, there is nothing further to bring in: in the experiments
    of the paper, layers behind that border added next to nothing to the accuracy, and could be taken
    away, or the input enlarged.

What triggers it
    input: [3, 8, 8]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1, stride: 2}
      - relu
      - conv: {filters: 16, kernel: 5, padding: 2}
      - relu
      - conv: {filters: 16, kernel: 5, padding: 2}
      - relu
      - conv: {filters: 16, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 16, kernel: 3, padding: 1, stride: 2}
      - relu
      - conv: {filters: 16, kernel: 5, padding: 2}
      - relu
      - conv: {filters: 16, kernel: 5, padding: 2}
      - relu
      - conv: {filters: 16, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

When to leave it
    The field is an upper bound, and the middle of it counts most: with shortcuts, through which most of
    the signal goes by fewer layers, deep residual networks still gain. Only networks are judged that
    give one answer for the whole input, and only where it is a quarter of the convolutions or more; 1x1
    convolutions are not counted.

Source
    Richter, Schöning, Wiedenroth and Krumnack 2021, Should You Go Deeper? Optimizing Convolutional
    Neural Network Architectures without Training by Receptive Field Analysis, arXiv:2106.12307.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.layer_type import Role
from cnncalc.network import Layer
from cnncalc.problem import plural
from cnncalc.rule import Found, Subject, number, percent, sliding_of

CODE = "CNN031"
NAME = "unproductive-layers"
SEVERITY = Severity.NOTE

LEAST_SHARE = 4


def check(subject: Subject) -> Iterator[Found]:
    """All such layers as one, the first of them named."""
    if any(subject.network.shape_of(name).positions > 1 for name in subject.network.outputs):
        return
    spatial = [
        layer
        for layer in subject.of_role(Role.CONVOLUTION)
        if not layer.training_only and any(window.kernel > 1 for window in sliding_of(layer))
    ]
    grown = [layer for layer in spatial if _sees_all(subject, layer)]
    if LEAST_SHARE * len(grown) < len(spatial) or not grown:
        return
    macs, first = sum(layer.macs for layer in grown), grown[0]
    which, read = f"the first of them {first.name},", "read maps"
    if len(grown) == 1:
        which, read = f"{first.name},", "reads a map"
    yield Found(
        first.span,
        first.name,
        f"{number(len(grown))} of {plural(len(spatial), 'convolution')} with kernels larger than 1, {which} {read} each"
        f" of whose positions sees the whole input; {percent(macs, subject.totals.macs)} of the multiply-accumulates",
        "a larger input would use them, a network of fewer layers do without",
    )


def _sees_all(subject: Subject, layer: Layer) -> bool:
    """Whether each position of the map that a layer reads sees every input from end to end."""
    source = subject.by_name.get(layer.inputs[0])
    if source is None or source.output_shape.positions == 1:
        return False
    fields = subject.field_of(source)
    whole = all(field is not None and all(axis.whole for axis in field) for field in fields.values())
    return whole and len(fields) == len(subject.network.inputs)
