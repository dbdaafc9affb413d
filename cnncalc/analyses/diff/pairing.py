"""Pairs of corresponding layers and inputs of two networks."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analyses.alignment import align
from cnncalc.analyses.diff.records import SettingChange
from cnncalc.analyses.totals import stored, totals
from cnncalc.network.records import Layer, LayerGraph


class PairedNetworks:
    """Two aligned networks.

    `partner` has the old name of each layer and input in both networks, `back` the new name. `moved` are the new
    names of moved layers in the order of the network, which numbers the causes.
    """

    def __init__(self, old: LayerGraph, new: LayerGraph) -> None:
        self.old = old
        self.new = new
        kept = stored(old), stored(new)
        self.old_totals, self.new_totals = totals(old, kept[0]), totals(new, kept[1])
        self.root = align(old, new, kept)
        self.matches = [match for match in self.root.walk() if match.node.layer is not None]
        self.old_layers = {layer.name: layer for layer in old.layers}
        self.new_layers = {layer.name: layer for layer in new.layers}
        self.partner = _pair_inputs(old, new)
        self.moved: dict[str, None] = {}
        for match in self.matches:
            if match.old is not None and match.new is not None:
                self.partner[match.new.name] = match.old.name
                if match.moved:
                    self.moved[match.new.name] = None
        self.back = {one: two for two, one in self.partner.items()}
        self.old_readers = _find_readers(old)
        self.new_readers = _find_readers(new)

    def old_layer(self, new: Layer) -> Layer:
        """The old layer of a layer in both networks."""
        return self.old_layers[self.partner[new.name]]

    def is_sharing_changed(self, old: Layer, new: Layer) -> bool:
        """Whether a layer shares the weights of another layer than before."""
        if old.weights_from is None or new.weights_from is None:
            return old.weights_from is not new.weights_from
        return self.partner.get(new.weights_from) != old.weights_from


def changed_settings(old: Layer, new: Layer) -> Iterator[SettingChange]:
    """The changed settings among those that both types have."""
    one, two = vars(old.figures.type), vars(new.figures.type)
    if one is not two:
        for name, value in two.items():
            if name in one and one[name] != value:
                yield SettingChange(name, one[name], value)


def _pair_inputs(old: LayerGraph, new: LayerGraph) -> dict[str, str]:
    """The old names of the new network's inputs: by name, then by their order."""
    olds = {name: None for name, _ in old.inputs}
    pairs = {name: name for name, _ in new.inputs if name in olds}
    left = [name for name in olds if name not in pairs]
    pairs.update(zip((name for name, _ in new.inputs if name not in pairs), left, strict=False))
    return pairs


def _find_readers(network: LayerGraph) -> dict[str, list[str]]:
    """The layers that read each tensor; an output of the network has one more reader, without a name."""
    readers: dict[str, list[str]] = {name: [] for name, _ in network.inputs}
    for layer in network.layers:
        readers.setdefault(layer.name, [])
        for name in layer.inputs:
            readers[name].append(layer.name)
    for name in network.outputs:
        readers[name].append("")
    return readers
