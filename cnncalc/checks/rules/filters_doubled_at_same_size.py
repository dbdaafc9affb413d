"""A costly convolution at least doubles the filters without making the map smaller.

Why it matters
    A convolution's cost grows with its input channels, its filters and the positions of its map. Twice
    the channels in and out cost four times as much; if height and width are halved at the same time,
    the cost stays the same. In this way VGG, ResNet and most later networks spread the work evenly over
    their stages. If only the filters double, every later layer on that map costs four times as much.

What triggers it
    input: [3, 64, 64]
    layers:
      - conv: {filters: 32, kernel: 3, padding: 1}
      - relu
      - conv: {filters: 64, kernel: 3, padding: 1}
      - relu

What is better
    input: [3, 64, 64]
    layers:
      - conv: {filters: 32, kernel: 3, padding: 1}
      - relu
      - max_pool: 2
      - conv: {filters: 64, kernel: 3, padding: 1}
      - relu

When to leave it
    In a stem, whose first layers are narrow on purpose. Only convolutions with 10 % or more of the
    network's multiply-accumulates are reported, except 1x1 and grouped convolutions.

Source
    Simonyan and Zisserman 2014, arXiv:1409.1556; He et al. 2015, arXiv:1512.03385, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import KEEPS_MAP, Found, Subject, is_dense, kernel_of, number, percent, place
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import quotient, round_up, times
from cnncalc.network.records import Layer

CODE = "CNN021"
NAME = "filters-doubled-at-same-size"
SEVERITY = Severity.NOTE

# A tenth.
LEAST_SHARE = 10


def check(subject: Subject) -> Iterator[Found]:
    """Find pairs with kernels larger than 1 over all channels, with no other convolutions between them."""
    whole = subject.totals.macs
    for layer in subject.of_role(Role.CONVOLUTION):
        if layer.training_only or LEAST_SHARE * layer.macs < whole or not _is_spatial(layer):
            continue
        before = subject.before(layer, KEEPS_MAP)
        if before is None or before.figures.type.role is not Role.CONVOLUTION or not _is_spatial(before):
            continue
        filters, earlier = layer.output_shape.channels, before.output_shape.channels
        if filters < 2 * earlier or not _is_kept(before, layer):
            continue
        sizes = layer.output_shape.spatial
        halved = tuple(quotient(round_up(size, 2), 2) for size in sizes)
        cost = quotient(layer.macs, layer.output_shape.positions) * prod(halved)
        yield Found(
            place(layer, "filters"),
            layer.name,
            f"{layer.name} goes from {earlier} to {filters} filters on the same {times(sizes)} map and does"
            f" {number(layer.macs)} multiply-accumulates, {percent(layer.macs, whole)} of all",
            f"add a stride or pool of 2 before it, so that it does {number(cost)} on a {times(halved)} map",
            layer.macs,
        )


def _is_spatial(layer: Layer) -> bool:
    return is_dense(layer) and max(kernel_of(layer)) > 1


def _is_kept(before: Layer, layer: Layer) -> bool:
    """Whether the map is about as large as before; a kernel without padding crops only a little."""
    sizes = zip(before.output_shape.spatial, layer.output_shape.spatial, strict=True)
    return all(3 * new > 2 * old for old, new in sizes)
