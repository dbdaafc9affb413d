"""A network as a sequence of stages from its input to its output, and where its parameters and operations are."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from cnncalc.analyses.sharing import is_dense, wiring
from cnncalc.analyses.totals import Totals, totals
from cnncalc.analyses.tree import NOTHING, Figure, Node, tree
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph, inference_layers
from cnncalc.record import Record

MOST_STAGES = 14


class StoryStage(Record):
    """Consecutive parts of a network whose outputs have the same scale.

    `scale` is the distance between its positions in input positions, None after the last feature map; `shape`
    is its output shape. `from_input` tells whether it reads an input of the network, like each of two
    towers. `weight_layers` are the layers that count as depth.
    """

    nodes: tuple[Node, ...]
    scale: Fraction | None
    from_input: bool
    shape: Shape
    figure: Figure
    layers: int
    weight_layers: int


class Part(Record):
    """The sum over a kind of layers: those that share weights over positions, or those that use each weight once."""

    layers: int
    params: int
    macs: int


class Story(Record):
    """A network from its input to its output.

    `sliding` are the layers that share weights over positions, `dense` those that use each weight once, `products`
    those that multiply tensors with each other, and `other` the rest. `most_params` and `most_macs` are the
    heaviest layers, None if no layer has any.
    """

    network: LayerGraph
    totals: Totals
    stages: tuple[StoryStage, ...]
    sliding: Part
    dense: Part
    products: Part
    other: Part
    most_params: Layer | None
    most_macs: Layer | None
    training_only: int


def story(network: LayerGraph) -> Story:
    """The stages of a network, and its heaviest layers."""
    rest = inference_layers(network.layers)
    wired = [layer for layer in rest if wiring(layer) is not None]
    dense = [layer for layer in wired if is_dense(layer)]
    sliding = [layer for layer in wired if not is_dense(layer)]
    products = [layer for layer in rest if is_product(layer)]
    other = [
        layer for layer in rest if wiring(layer) is None and (layer.params or layer.macs) and not is_product(layer)
    ]
    return Story(
        network,
        totals(network),
        stages(network),
        _part(sliding),
        _part(dense),
        _part(products),
        _part(other),
        max((layer for layer in rest if layer.params), key=lambda layer: layer.params, default=None),
        max((layer for layer in rest if layer.macs), key=lambda layer: layer.macs, default=None),
        len(network.layers) - len(rest),
    )


def is_product(layer: Layer) -> bool:
    """Whether a layer multiplies tensors with each other, and sums."""
    return layer.figures.type.role is Role.MATRIX_PRODUCT and layer.macs > 0


def _part(layers: Iterable[Layer]) -> Part:
    found = list(layers)
    return Part(len(found), sum(layer.params for layer in found), sum(layer.macs for layer in found))


def stages(network: LayerGraph) -> tuple[StoryStage, ...]:
    """The network split where the scale of its feature maps changes.

    A block is split only if it has more than two scales inside: a block that halves its map, or squeezes it to
    a vector and back, is one part. If the parts then form no sequence, as with parallel streams, they are those of the
    spec.
    """
    scales = _scales(network)
    root = tree(network)
    from_map = any(shape.positions > 1 for _, shape in network.inputs)
    cut = _cut([unit for unit in _units(root, scales) if not unit.training_only], scales, from_map=from_map)
    if len(cut) > MOST_STAGES:
        cut = _cut([unit for unit in root.children if not unit.training_only], scales, from_map=from_map)
    return tuple(_stage(tuple(nodes), scales) for nodes in cut)


def _cut(units: list[Node], scales: dict[str, Fraction | None], *, from_map: bool) -> list[list[Node]]:
    """The parts in runs of one scale; `from_map` tells whether the first reads a feature map."""
    found: list[list[Node]] = []
    own = [_scale(unit, scales) for unit in units]
    # For each part, the scale of the first map from there on.
    next_maps: list[Fraction | None] = [None]
    for scale in reversed(own):
        next_maps.append(next_maps[-1] if scale is None else scale)
    next_maps.reverse()
    # The scale of a run is that of its first map.
    run: Fraction | None = None
    for position, (unit, scale) in enumerate(zip(units, own, strict=True)):
        more = next_maps[position] is not None
        # A squeeze to one number per channel between maps belongs to the map.
        squeezed = scale is None and more and run in (next_maps[position], None) and (from_map or run is not None)
        unknown = len(found) == 1 and run is None and from_map and more
        if found and (squeezed or unknown or scale == run):
            found[-1].append(unit)
            run = scale if run is None else run
        else:
            found.append([unit])
            run = scale
    return found


def _scale_of(nodes: Iterable[Node], scales: dict[str, Fraction | None]) -> Fraction | None:
    """The scale of a run: that of its first map."""
    return next((scale for node in nodes if (scale := _scale(node, scales)) is not None), None)


def _scales(network: LayerGraph) -> dict[str, Fraction | None]:
    """The distance between outputs in input positions, along the last axis; None for one position."""
    scales = {name: Fraction(1) for name, _ in network.inputs}
    for layer in network.layers:
        if not layer.inputs:
            # Learnable tensors have no positions on the input.
            scales[layer.name] = Fraction(0)
            continue
        largest = max(layer.input_shapes, key=lambda shape: (shape.rank, shape.positions))
        numerator, denominator = 1, 1
        if largest.rank and layer.output_shape.rank == largest.rank:
            size, left = largest.spatial[-1], layer.output_shape.spatial[-1]
            window = layer.figures.type.windows(layer.input_shapes)[-1]
            numerator, denominator = (size, 1) if left == 1 else window.pace(size)
        # A gate is broadcast over the map and has its scale.
        shapes = zip(layer.inputs, layer.input_shapes, strict=True)
        incoming = max(scales[name] for name, shape in shapes if shape.positions == largest.positions)
        scales[layer.name] = incoming * Fraction(numerator, denominator) if numerator else incoming
    maps = {layer.name for layer in network.layers if layer.output_shape.positions > 1}
    return {layer.name: (scales[layer.name] or None) if layer.name in maps else None for layer in network.layers}


def _scale(node: Node, scales: dict[str, Fraction | None]) -> Fraction | None:
    """The scale of a part's output."""
    while node.children:
        node = [child for child in node.children if node.training_only or not child.training_only][-1]
    return scales[node.name]


def _units(node: Node, scales: dict[str, Fraction | None]) -> Iterable[Node]:
    for child in node.children:
        inside = {scales[leaf.name] for leaf in _leaves(child)} - {None}
        if child.children and len(inside) > 2 and not child.training_only:
            yield from _units(child, scales)
        else:
            yield child


def _leaves(node: Node) -> Iterable[Node]:
    if node.layer is not None:
        yield node
    for child in node.children:
        yield from _leaves(child)


def _stage(nodes: tuple[Node, ...], scales: dict[str, Fraction | None]) -> StoryStage:
    figure = NOTHING
    for node in nodes:
        figure += node.figure
    inside = [leaf.layer for node in nodes for leaf in _leaves(node) if leaf.layer and not leaf.layer.training_only]
    shape = nodes[-1].output_shape
    if shape is None:
        raise TypeError("a stage has a layer")
    return StoryStage(
        nodes,
        _scale_of(nodes, scales),
        not set(inside[0].inputs) <= scales.keys(),
        shape,
        figure,
        len(inside),
        sum(layer.figures.type.added_depth for layer in inside),
    )
