"""Convolutions that read a map whose positions all see the whole input already.

Why it matters
    A kernel larger than 1 combines information from different positions. If each position of its input
    map already sees the whole input, there is nothing more to combine: in the paper's experiments, such
    layers added almost nothing to the accuracy. They can be removed, or the input enlarged. If
    paths join, only the narrowest counts: through a shortcut or a 1x1 branch, a position sees little of the
    input, so that a deep residual network still gains.

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
    If depth was found to help nevertheless. Only networks with one output for the whole input are
    reported, and only if a quarter or more of their convolutions are unproductive. 1x1 convolutions do not
    count, nor do kernels that slide over axes other than positions, such as channels after a global pool.

Source
    Richter, Schöning, Wiedenroth and Krumnack 2021, Should You Go Deeper? Optimizing Convolutional
    Neural Network Architectures without Training by Receptive Field Analysis, arXiv:2106.12307.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, number, percent, sliding_of
from cnncalc.checks.rules._narrowest import narrowest_fields
from cnncalc.errors import plural
from cnncalc.layers.contract import Role

CODE = "CNN031"
NAME = "unproductive-layers"
SEVERITY = Severity.NOTE

LEAST_SHARE = 4


def check(subject: Subject) -> Iterator[Found]:
    """Report all such layers as one finding, at the first of them."""
    if subject.gives_map:
        return
    fields = narrowest_fields(subject.network)
    spatial = [
        (layer, field)
        for layer in subject.of_role(Role.CONVOLUTION)
        if not layer.training_only and any(window.kernel > 1 for window in sliding_of(layer))
        if (field := fields[layer.inputs[0]])
    ]
    grown = [layer for layer, field in spatial if all(axis.sees_all for axis in field)]
    if LEAST_SHARE * len(grown) < len(spatial) or not grown:
        return
    macs, first = sum(layer.macs for layer in grown), grown[0]
    which = f"{number(len(grown))} of {plural(len(spatial), 'convolution')} with kernels larger than 1"
    reads = f"{which}, from {first.name} on, read maps" if len(grown) > 1 else f"{first.name}, {which}, reads a map"
    yield Found(
        first.span,
        first.name,
        f"{reads} whose positions all see the whole input already ({percent(macs, subject.totals.macs)} of the"
        " multiply-accumulates)",
        "use a larger input or fewer layers",
    )
