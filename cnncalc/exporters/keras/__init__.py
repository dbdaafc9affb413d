"""Keras 3 source code, as a person would write it: one function for each block, loops for repetitions.

The code does not depend on cnncalc. Tensors have their channels last, the default of Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from cnncalc.errors import SpecError
from cnncalc.exporters.keras.blocks import write_blocks
from cnncalc.exporters.keras.flat import write_flat
from cnncalc.exporters.keras.layers import MixedUse
from cnncalc.exporters.keras.module import KerasModule, refuse

if TYPE_CHECKING:
    from cnncalc.exporters import ExportedNetwork
    from cnncalc.network.records import LayerGraph


def export(source: ExportedNetwork) -> Iterator[str]:
    """The lines of a module with a function that builds the network. Raises SpecError for what Keras cannot hold."""
    spec, network = source.spec, source.network
    _refuse_unused(network)
    module = KerasModule()
    stem = PurePath(spec.file).name.partition(".")[0]
    function = module.take_function(stem if stem != "-" else spec.name, "network")
    try:
        write_blocks(module, spec, network, function)
    except (MixedUse, SpecError) as error:
        # Layer by layer, all layers that Keras cannot hold are found at once.
        module = KerasModule()
        module.identifiers.taken.add(function)
        write_flat(module, network, function)
        if isinstance(error, SpecError):
            raise
    return module.lines()


def _refuse_unused(network: LayerGraph) -> None:
    """Raise SpecError for a layer with weights that feeds no output: a functional model has no such layers."""
    needed = set(network.outputs)
    for layer in reversed(network.layers):
        if layer.training_only:
            continue
        if layer.name in needed:
            needed.update(layer.inputs)
        elif layer.weights:
            message = f"{layer.name} feeds no output of the network, and a Keras model has only layers that do"
            raise refuse(layer.span, message, "name it under outputs: or remove it")
