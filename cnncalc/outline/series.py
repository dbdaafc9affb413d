"""A flat network -> parts: chains of layers and joins, as far as its graph is series-parallel.

A layer that alone reads a tensor continues the chain that computes it. A join whose branches start from one tensor
is, together with them, like a layer that reads this tensor. What remains reads its tensors by their names.
"""

from __future__ import annotations

from collections import Counter

from cnncalc.layers.contract import Role
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.outline.tree import JoinNode, LeafNode, Nodes
from cnncalc.record import Record

# Branches of joins within more joins are parts of their own.
DEEPEST_JOINS = 6
# The most inputs of a concatenation that are compared with those of earlier ones.
MOST_COMPARED = 256


class ChainPart(Record):
    """A chain with the tensors that it reads, and the names of its layers in the order of a spec: the last is its end.

    `uses` counts how often it reads its tensor, and `depth` is the number of joins within joins. If it `skips`, it
    concatenates a tensor with what is computed from it.
    """

    reads: tuple[str, ...]
    nodes: Nodes
    layers: list[str]
    uses: int
    depth: int
    skips: bool = False

    @property
    def end(self) -> str:
        return self.layers[-1]


class SeriesBuilder:
    """Finds the parts of a network."""

    def __init__(self, network: LayerGraph) -> None:
        self.network = network
        self.inputs = inputs_of(network)
        self.readers = Counter(name for names in self.inputs.values() for name in names)
        self.readers.update(network.outputs)
        self.channels = {name: shape[0] for name, shape in network.inputs}
        self.channels |= {layer.name: layer.output_shape[0] for layer in network.layers}
        self.parts: dict[str, ChainPart] = {}
        self.shared = {
            name for layer in network.layers if layer.weights_from for name in (layer.name, layer.weights_from)
        }

    def find_parts(self) -> list[ChainPart]:
        """The parts, each after those that it reads."""
        for layer in self.network.layers:
            part = self._place(layer)
            above = self.parts.get(part.reads[0]) if len(part.reads) == 1 else None
            if above is not None and self.readers[above.end] == part.uses:
                del self.parts[above.end]
                nodes, layers = above.nodes, above.layers
                nodes += part.nodes
                layers += part.layers
                depth, skips = max(above.depth, part.depth), above.skips or part.skips
                part = ChainPart(above.reads, nodes, layers, above.uses, depth, skips)
            self.parts[part.end] = part
        return self._in_order()

    def _in_order(self) -> list[ChainPart]:
        """The parts in the order of their layers, as far as each can follow those whose tensors or weights it uses."""
        numbers = {layer.name: number for number, layer in enumerate(self.network.layers)}
        owners = {layer.name: layer.weights_from for layer in self.network.layers if layer.weights_from}
        part_of = {name: part.end for part in self.parts.values() for name in part.layers}
        waiting = sorted(self.parts.values(), key=lambda part: min(numbers[name] for name in part.layers))
        needs = {
            part.end: {
                part_of[name]
                for name in (*part.reads, *(owners[own] for own in part.layers if own in owners))
                if name in part_of and part_of[name] != part.end
            }
            for part in waiting
        }
        # Each part follows, after those that it needs; weights that are needed in a circle cannot be named.
        order: dict[str, ChainPart] = {}
        above: set[str] = set()
        stack = [part.end for part in reversed(waiting)]
        while stack:
            end = stack[-1]
            missing = [name for name in needs[end] if name not in order and name not in above]
            if end in order or not missing:
                stack.pop()
                above.discard(end)
                order.setdefault(end, self.parts[end])
            else:
                above.add(end)
                stack += missing
        return list(order.values())

    def _place(self, layer: Layer) -> ChainPart:
        """The part of a layer, with the branches that it joins; these are parts no longer."""
        inputs = self.inputs[layer.name]
        if not layer.figures.type.is_merge or len(inputs) == 1:
            leaf = LeafNode(
                layer.type,
                given_settings(layer),
                layer.name,
                layer.input_shapes[0][0] if layer.input_shapes else 0,
                weights=layer.weights_from or "",
                frozen=layer.frozen,
                training_only=layer.training_only,
                source=layer.name,
                is_shared=layer.name in self.shared,
            )
            return ChainPart(inputs, [leaf], [layer.name], len(inputs), 0)
        branches = [self._branch(name) for name in inputs]
        # A branch that starts with a learnable tensor reads nothing.
        read = [part.reads if part else (name,) for name, part in zip(inputs, branches, strict=True)]
        sources = {name for names in read for name in names}
        depth = max((part.depth + 1 for part in branches if part), default=0)
        join = JoinNode(layer.type, given_settings(layer), (), name=layer.name, training_only=layer.training_only)
        skips = layer.figures.type.role is Role.CONCATENATION and not all(branches)
        # The levels of a U-Net would be joins within joins: its decoder reads them by name.
        is_nested = skips and any(part.skips for part in branches if part)
        if len(sources) != 1 or depth > DEEPEST_JOINS or is_nested:
            return ChainPart(inputs, [join], [layer.name], 0, 0)
        layers = [name for part in branches if part for name in part.layers]
        for part in branches:
            if part:
                del self.parts[part.end]
        source = sources.pop()
        join = join._replace(
            branches=tuple(part.nodes if part else [] for part in branches),
            conditions=("",) * len(branches),
            in_channels=self.channels[source],
        )
        uses = sum(part.uses if part else 1 for part in branches)
        skips = skips or any(part.skips for part in branches if part)
        return ChainPart((source,), [join], [*layers, layer.name], uses, depth, skips)

    def _branch(self, name: str) -> ChainPart | None:
        """The part that computes a tensor, if nothing else reads it and it starts from one tensor itself."""
        part = self.parts.get(name)
        return part if part and self.readers[name] == 1 and len(part.reads) < 2 else None


def inputs_of(network: LayerGraph) -> dict[str, tuple[str, ...]]:
    """The inputs of each layer; a concatenation that begins like an earlier one reads that one instead."""
    found: dict[str, tuple[str, ...]] = {}
    earlier: dict[tuple[object, tuple[str, ...]], str] = {}
    for layer in network.layers:
        inputs = layer.inputs
        if layer.figures.type.role is Role.CONCATENATION:
            settings = tuple(layer.settings.items())
            for length in range(min(len(inputs) - 1, MOST_COMPARED), 1, -1):
                if name := earlier.get((settings, inputs[:length])):
                    inputs = (name, *inputs[length:])
                    break
            earlier.setdefault((settings, layer.inputs), layer.name)
        found[layer.name] = inputs
    return found


def given_settings(layer: Layer) -> dict[str, object]:
    """The settings of a layer other than defaults."""
    declared = layer.figures.type.settings
    return {
        key: value for key, value in layer.settings.items() if declared[key].required or value != declared[key].default
    }
