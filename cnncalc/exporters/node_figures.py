"""What viewers of graphs show beside a layer: its settings, and its parameters, operations and memory."""

from __future__ import annotations

from cnncalc.network.records import Layer
from cnncalc.outline.series import given_settings
from cnncalc.outline.text import setting_texts
from cnncalc.text import size

# Sizes are those of 32-bit numbers and one sample.
ELEMENT_BYTES = 4
# What figures of layers are called, by the keys of quantities.
SUMMED = {"params": "parameters", "buffers": "buffers", "macs": "MACs", "flops": "FLOPs"}


def figure_texts(figures: dict[str, int]) -> dict[str, str]:
    """The sums of a layer, a block or a network as text, without those that are 0."""
    shown = {SUMMED[key]: f"{number:,}" for key, number in figures.items() if number}
    weights = (figures["params"] + figures["buffers"]) * ELEMENT_BYTES
    return {**shown, "memory of weights": size(weights)} if weights else shown


def sums_of(layer: Layer) -> dict[str, int]:
    return {key: getattr(layer, key) for key in SUMMED}


def attribute_texts(layer: Layer) -> dict[str, str]:
    """All that is shown of a layer, by its label."""
    found = setting_texts(given_settings(layer), type(layer.figures.type))
    found |= figure_texts(sums_of(layer))
    found["memory of output"] = size(layer.output_shape.elements * ELEMENT_BYTES)
    if layer.weights_from:
        found["weights of"] = layer.weights_from
    if layer.frozen:
        found["frozen"] = "true"
    if layer.training_only:
        found["training only"] = "true"
    return found
