"""One linear layer that reads a whole map has more than half of all parameters.

Why it matters
    It has a weight for each feature, channel and position: fc6 of VGG-16 reads a 7x7 map of 512
    channels and has 102,764,544 of the network's 138,357,544 parameters. After a global average pool,
    it has only one weight for each feature and channel, 2,101,248 parameters, and overfits less. Network in
    Network, GoogLeNet and nearly all later networks have no such layer.

What triggers it
    input: [3, 32, 32]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1}
      - relu
      - flatten
      - linear: 10

What is better
    input: [3, 32, 32]
    layers:
      - conv: {filters: 64, kernel: 3, padding: 1}
      - relu
      - global_avg_pool
      - linear: 10

When to leave it
    If the answer depends on positions in the map, which an average discards.

Source
    Lin, Chen and Yan 2013, Network in Network, arXiv:1312.4400, section 3.2; CS231n, Convolutional
    Networks, on where VGG's parameters are.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import KEEPS_MAP, Found, Subject, number, percent
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer

CODE = "CNN020"
NAME = "linear-holds-most"
SEVERITY = Severity.NOTE


def check(subject: Subject) -> Iterator[Found]:
    """Find linear layers that read a flattened map of several positions."""
    whole = subject.totals.params
    for layer in subject.of_role(Role.LINEAR):
        if 2 * layer.params <= whole or layer.training_only:
            continue
        image = _image(subject, layer)
        if image is None:
            continue
        features = layer.output_shape.channels
        pooled = layer.params - features * (image.elements - image.channels)
        yield Found(
            layer.span,
            layer.name,
            f"{layer.name} has {percent(layer.params, whole)} of all parameters ({number(layer.params)} of"
            f" {number(whole)}), because it reads every position of the {image} map",
            f"add a global average pool before it, so that it has {number(pooled)}",
        )


def _image(subject: Subject, layer: Layer) -> Shape | None:
    """The map of several positions that a layer reads as one vector."""
    source: Layer | None = layer
    while source is not None:
        shape = source.input_shapes[0]
        if shape.rank:
            flattens = shape.elements == layer.input_shapes[0].elements
            return shape if flattens and shape.positions > 1 else None
        source = subject.source(source)
        if source is not None and source.figures.type.role not in KEEPS_MAP | {Role.REARRANGEMENT}:
            return None
    return None
