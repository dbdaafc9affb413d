"""The map that a global decision is made from sees only parts of the input.

Why it matters
    A global pool takes the mean over positions: what two parts of the image have to do with each other
    must be seen by a single position before it, or is not seen at all. A network whose positions see
    33x33 of 224x224 pixels decides by counting local features, wherever they are; it still has the class
    among its best five for 87.6 % of ImageNet's images (BagNet). A linear layer that reads the whole map
    can compare its positions: there, only a field of less than half of the input is reported.

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
    Where the answer lies in textures, or in any one place: materials, defects, words in a recording.

Source
    Brendel and Bethge 2019, Approximating CNNs with Bag-of-local-Features Models Works Surprisingly Well
    on ImageNet, arXiv:1904.00760; Araujo, Norris and Sim 2019, Computing Receptive Fields of
    Convolutional Neural Networks, Distill.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.finding import Severity
from cnncalc.layer_type import Role
from cnncalc.network import Layer
from cnncalc.rule import Found, Subject, number
from cnncalc.shapes import times

CODE = "CNN030"
NAME = "field-smaller-than-input"
SEVERITY = Severity.NOTE

POOLING = frozenset({Role.GLOBAL_POOL, Role.AVERAGE_POOL, Role.MAX_POOL})
JUDGING = POOLING | {Role.MOVING, Role.LINEAR}


def check(subject: Subject) -> Iterator[Found]:
    """Where a layer takes a map to one position, otherwise than in a gate, and its input's field is too small.

    Only networks that give one answer for the whole input take such decisions.
    """
    if any(subject.network.shape_of(name).positions > 1 for name in subject.network.outputs):
        return
    for layer in subject.of_role(*JUDGING):
        image = layer.input_shapes[0]
        source = subject.source(layer)
        if image.positions == 1 or layer.output_shape.positions > 1 or layer.training_only or source is None:
            continue
        if layer.name in subject.on_the_way:
            yield from _found(subject, layer, source)


def _sizes(sizes: tuple[int, ...]) -> str:
    return number(sizes[0]) if len(sizes) == 1 else times(sizes)


def _found(subject: Subject, layer: Layer, source: Layer) -> Iterator[Found]:
    pools = layer.figures.type.role in POOLING
    for name, field in subject.field_of(source).items():
        if field is None:
            continue
        sizes = next(shape.spatial for own, shape in subject.network.inputs if own == name)
        axes = [(axis.size, size) for axis, size in zip(field, sizes, strict=True) if not axis.whole]
        if any(seen < size if pools else 2 * seen < size for seen, size in axes):
            seen = tuple(min(axis.size, size) for axis, size in zip(field, sizes, strict=True))
            yield Found(
                layer.span,
                layer.name,
                f"{layer.name}: takes one decision from a map of {_sizes(layer.input_shapes[0].spatial)} positions,"
                f" each of which sees {_sizes(seen)} of {_sizes(sizes)} of the input",
                "more layers, larger strides or dilation in front of it, or a smaller input, would let it see all",
            )
