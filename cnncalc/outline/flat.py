"""A network written back as a flat spec: every block, repeat and expression resolved."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.network.records import Layer, LayerGraph
from cnncalc.outline.series import given_settings
from cnncalc.outline.text import name_text, setting_texts, text


def write_head(network: LayerGraph) -> Iterator[str]:
    """The lines of a spec before its outputs and layers."""
    yield f"name: {text(network.name)}"
    for key, words in (("source", network.source), ("family", network.family), ("task", network.task)):
        if words:
            yield f"{key}: {text(words)}"
    if network.year is not None:
        yield f"year: {network.year}"
    if len(network.inputs) == 1 and network.inputs[0][0] == "input":
        yield f"input: {list(network.inputs[0][1])}"
    else:
        yield "input:"
        for name, shape in network.inputs:
            yield f"  {name_text(name)}: {list(shape)}"


def write(network: LayerGraph) -> Iterator[str]:
    """The lines of a spec without blocks for the same network."""
    yield from write_head(network)
    # By default, the last layer is the output.
    if network.outputs != (network.layers[-1].name,):
        yield f"outputs: [{', '.join(map(name_text, network.outputs))}]"
    yield "layers:"
    previous = network.inputs[0][0] if len(network.inputs) == 1 else ""
    for layer in network.layers:
        yield from _item(layer, previous)
        previous = layer.name


def _item(layer: Layer, previous: str) -> Iterator[str]:
    """A layer with settings other than defaults, and its input if that is not the layer above."""
    texts = setting_texts(given_settings(layer), type(layer.figures.type))
    settings = ", ".join(f"{key}: {words}" for key, words in texts.items())
    yield f"  - {layer.type}: {{{settings}}}"
    yield f"    name: {name_text(layer.name)}"
    if layer.inputs not in ((previous,), ()):
        names = ", ".join(map(name_text, layer.inputs))
        yield f"    from: {names if len(layer.inputs) == 1 else f'[{names}]'}"
    if layer.weights_from:
        yield f"    weights: {name_text(layer.weights_from)}"
    if layer.frozen:
        yield "    frozen: true"
    if layer.training_only:
        yield "    training_only: true"
