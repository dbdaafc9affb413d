"""The map before a global decision sees only parts of the input.

Why it matters
    A global pool computes the mean over positions: the relation between two parts of the image is lost unless
    a single position before the pool sees both. A network whose positions see 33x33 of 224x224 pixels decides
    by counting local features, wherever they are; its top-5 accuracy on ImageNet is still 87.6 %
    (BagNet).

What triggers it
    input: [3, 224, 224]
    layers:
      - conv: {filters: 32, kernel: 3, padding: 1, stride: 2}
      - relu
      - conv: {filters: 64, kernel: 3, padding: 1, stride: 2}
      - relu
      - global_avg_pool
      - linear: 10

What is better
    input: [3, 28, 28]
    layers:
      - conv: {filters: 32, kernel: 3, padding: 1, stride: 2}
      - relu
      - conv: {filters: 64, kernel: 3, padding: 1, stride: 2}
      - relu
      - conv: {filters: 64, kernel: 7, padding: 3}
      - relu
      - global_avg_pool
      - linear: 10

When to leave it
    If textures or single places are enough: materials, defects, words in a recording. Before a pool, a field
    is reported if it misses 10 % or more of all pairs of positions; before a linear layer, which can compare
    the positions of the map, if it is less than half of the input.

Source
    Brendel and Bethge 2019, Approximating CNNs with Bag-of-local-Features Models Works Surprisingly Well
    on ImageNet, arXiv:1904.00760; Araujo, Norris and Sim 2019, Computing Receptive Fields of
    Convolutional Neural Networks, Distill.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, number
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import times
from cnncalc.network.records import Layer

CODE = "CNN030"
NAME = "field-smaller-than-input"
SEVERITY = Severity.NOTE

# A tenth.
LEAST_SHARE = 10
POOLING = frozenset({Role.GLOBAL_POOL, Role.AVERAGE_POOL, Role.MAX_POOL})
JUDGING = POOLING | {Role.REARRANGEMENT, Role.LINEAR}


def check(subject: Subject) -> Iterator[Found]:
    """Find layers that reduce a map to one position, outside gates, and whose input has too small a field.

    Only networks with one output for the whole input make such decisions.
    """
    if subject.gives_map:
        return
    for layer in subject.of_role(*JUDGING):
        image = layer.input_shapes[0]
        source = subject.source(layer)
        if image.positions == 1 or layer.output_shape.positions > 1 or layer.training_only or source is None:
            continue
        if layer.figures.type.role is Role.REARRANGEMENT and layer.output_shape.elements < image.elements:
            continue  # it takes one position out, such as a class token, and reads no other
        if layer.name in subject.on_the_way:
            yield from _found(subject, layer, source)


def _misses_pairs(axes: list[tuple[int, int]]) -> bool:
    """Whether at least a tenth of all pairs of positions are too far apart to be seen together."""
    together = prod(size * size - max(size - seen, 0) * (size - seen + 1) for seen, size in axes)
    return LEAST_SHARE * together <= (LEAST_SHARE - 1) * prod(size * size for _, size in axes)


def _sizes(sizes: tuple[int, ...]) -> str:
    return number(sizes[0]) if len(sizes) == 1 else times(sizes)


def _found(subject: Subject, layer: Layer, source: Layer) -> Iterator[Found]:
    pools = layer.figures.type.role in POOLING
    for name, field in subject.field_of(source).items():
        if field is None:
            continue
        sizes = next(shape.spatial for own, shape in subject.network.inputs if own == name)
        axes = [(axis.size, size) for axis, size in zip(field, sizes, strict=True) if not axis.whole]
        if _misses_pairs(axes) if pools else any(2 * seen < size for seen, size in axes):
            seen = tuple(min(axis.size, size) for axis, size in zip(field, sizes, strict=True))
            yield Found(
                layer.span,
                layer.name,
                f"{layer.name} {'pools' if pools else 'reads'} {_sizes(layer.input_shapes[0].spatial)} positions that"
                f" see only {_sizes(seen)} of the input's {_sizes(sizes)}",
                "add layers, stride or dilation before it, or use a smaller input",
            )
