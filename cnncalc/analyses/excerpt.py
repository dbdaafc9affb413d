"""A block of a network as a network of its own."""

from __future__ import annotations

from cnncalc.analyses.tree import Node, layers_below
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record


class Excerpts(Record):
    """What the blocks of a network need for excerpts: the shape of each tensor, and the layers that read it."""

    network: LayerGraph
    shapes: dict[str, Shape]
    readers: dict[str, list[str]]

    @classmethod
    def of(cls, network: LayerGraph) -> Excerpts:
        shapes = dict(network.inputs) | {layer.name: layer.output_shape for layer in network.layers}
        readers: dict[str, list[str]] = {}
        for layer in network.layers:
            for name in layer.inputs:
                readers.setdefault(name, []).append(layer.name)
        return cls(network, shapes, readers)

    def excerpt(self, block: Node) -> LayerGraph:
        """The block as a network: its layers with the rest of their names, the tensors from outside as inputs.

        Its outputs are the tensors that layers outside read, and those of the network.
        """
        layers = list(layers_below(block))
        inside = {layer.name: _rest(layer.name, block.name) for layer in layers}
        taken = set(inside.values())
        outside: dict[str, str] = {}
        for layer in layers:
            for name in layer.inputs:
                if name not in inside and name not in outside:
                    outside[name] = _free(name, taken)
        names = inside | outside
        outputs = [
            inside[name]
            for name in inside
            if name in self.network.outputs or any(reader not in inside for reader in self.readers.get(name, ()))
        ]
        groups = [
            group._replace(name=_rest(group.name, block.name))
            for group in self.network.groups
            if group.name.startswith(f"{block.name}.")
        ]
        return self.network._replace(
            name=block.name,
            source="",
            inputs=tuple((names[name], self.shapes[name]) for name in outside),
            layers=tuple(_renamed(layer, names) for layer in layers),
            groups=tuple(groups),
            outputs=tuple(outputs),
            left_out=(),
        )


def _renamed(layer: Layer, names: dict[str, str]) -> Layer:
    return layer._replace(name=names[layer.name], inputs=tuple(names[name] for name in layer.inputs))


def _rest(name: str, block: str) -> str:
    """A name inside a block; that of a layer with the block's own name is its last word."""
    return name[len(block) + 1 :] or name.rpartition(".")[2]


def _free(name: str, taken: set[str]) -> str:
    """A name that is not taken, and takes it."""
    while name in taken:
        name = f"{name}'"
    taken.add(name)
    return name
