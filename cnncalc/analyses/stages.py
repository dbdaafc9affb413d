"""Parameters and operations of a network by the stride of its feature maps."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from cnncalc.analyses.receptive_field import Number, fields
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph, inference_layers
from cnncalc.record import Record


class Stage(Record):
    """All layers with outputs at a distance of `stride` input positions, and their sums.

    Without a stride, outputs have a single position: a vector, or a 1x1 map. `sizes` are the spatial
    sizes of their outputs in the order of the network, which differ if kernels without padding shrink maps.
    """

    stride: Number | None
    sizes: tuple[tuple[int, ...], ...]
    layers: int
    params: int
    macs: int


def stages(network: LayerGraph) -> tuple[Stage, ...]:
    """The stages of a network, the finest first; each layer at inference is in one of them."""
    layers = inference_layers(network.layers)
    strides = _strides(network, layers)
    found: dict[Number | None, list[Layer]] = {}
    for layer in layers:
        found.setdefault(strides[layer.name], []).append(layer)
    stages = (
        Stage(
            stride,
            tuple(dict.fromkeys(layer.output_shape.spatial for layer in inside)),
            len(inside),
            sum(layer.params for layer in inside),
            sum(layer.macs for layer in inside),
        )
        for stride, inside in found.items()
    )
    return tuple(sorted(stages, key=lambda stage: (stage.stride is None, stage.stride or 0)))


def _strides(network: LayerGraph, layers: tuple[Layer, ...]) -> dict[str, Number | None]:
    """The exact distance between the outputs of each layer in the input: the stride of their receptive fields.

    If there is no single number (branches with different strides, a global value that is spread again, an
    input without positions), it is that of another layer of this size, or else the power of 2 that is
    closest to the ratio of input and output size.
    """
    exact = {}
    found = fields(network)
    for layer in layers:
        shape = layer.output_shape
        if shape.positions > 1:
            axes = [axis.stride for field in found.of(layer.name).values() for axis in field or ()]
            known = [stride for stride in axes if stride]
            exact[layer.name] = max(known) if known and len(known) == len(axes) else None
    by_size = {layer.output_shape.spatial: stride for layer in reversed(layers) if (stride := exact.get(layer.name))}
    return {layer.name: _stride(layer.output_shape, exact.get(layer.name), by_size, network) for layer in layers}


def _stride(
    shape: Shape, exact: Number | None, by_size: Mapping[tuple[int, ...], Number], network: LayerGraph
) -> Number | None:
    if shape.positions == 1:
        return None
    if exact is not None:
        return exact
    if shape.spatial in by_size:
        return by_size[shape.spatial]
    longest = [max(sizes.spatial, default=0) for _, sizes in network.inputs]
    if not any(longest):
        longest = [max(layer.output_shape.spatial, default=0) for layer in inference_layers(network.layers)]
    return _nearest_power(Fraction(max(longest), max(shape.spatial)))


def _nearest_power(ratio: Fraction) -> Number:
    """The power of 2 with the smallest ratio to a number."""
    power = Fraction(1)
    while ratio * ratio >= 2 * power * power:
        power *= 2
    while 2 * ratio * ratio < power * power:
        power /= 2
    return power.numerator if power.denominator == 1 else power
