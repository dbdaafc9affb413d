"""A flat network -> the spec that a person would write: blocks with parameters, joins with branches, loops.

The spec is built again and compared with the network layer by layer. A block that does not give the same layers is
given up, until all are the same: an outline is never wrong, only longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count

from cnncalc import limits
from cnncalc.errors import SpecError
from cnncalc.network.build import load
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.outline.blocks import Outliner
from cnncalc.outline.flat import write_head
from cnncalc.outline.series import ChainPart, SeriesBuilder
from cnncalc.outline.text import name_text, wrapped, write_block, write_nodes
from cnncalc.outline.tree import CallNode, GroupNode, JoinNode, LeafNode, OutlineBlock, OutlineNode, lists_in
from cnncalc.spec.locate import Place

MOST_ATTEMPTS = 20
# The most layers that are built again, in all attempts together.
MOST_LAYERS = 40_000


def outline(network: LayerGraph, classes: Mapping[str, str], *, by_scopes: bool) -> list[str] | None:
    """The lines of a spec with blocks for a network; None if no outline gives the same layers.

    `classes` are the names of the classes of scopes, which are dotted prefixes of the names of layers.
    """
    banned: set[int] = set()
    attempts = min(MOST_ATTEMPTS, 1 + MOST_LAYERS // len(network.layers))
    for attempt in range(attempts + 1):
        builder = SeriesBuilder(network)
        parts = builder.find_parts()
        order = [name for part in parts for name in part.layers]
        outliner = Outliner([part.nodes for part in parts], frozenset(banned))
        if attempt < attempts:
            # Where the work is used up, no more blocks are found.
            with limits.counted():
                outliner.find_blocks(classes if by_scopes else None)
        lines = [line for long in _write(network, parts, outliner.blocks) for line in wrapped(long)]
        if len(lines) > limits.current().values // 3:
            # Nobody could read it.
            return None
        wrong = _find_difference(network, builder, order, lines)
        if wrong is None:
            return lines
        banned.add(outliner.attempts.get(wrong, max(outliner.attempts.values(), default=0)))
    return None


def _write(network: LayerGraph, parts: list[ChainPart], blocks: Mapping[str, OutlineBlock]) -> Iterator[str]:
    """The lines of a spec."""
    _name_ends(network, parts)
    names = {name: name for name, _ in network.inputs}
    for part in parts:
        names |= {
            node.source: node.name for nodes in lists_in(part.nodes) for node in nodes if isinstance(node, LeafNode)
        }
        names[part.end] = _reference(part.nodes[-1])
    yield from write_head(network)
    if network.outputs != (parts[-1].end,):
        yield f"outputs: [{', '.join(name_text(names[name]) for name in network.outputs)}]"
    if blocks:
        yield ""
        yield "blocks:"
    for number, block in enumerate(blocks.values()):
        if number:
            yield ""
        yield from (f"  {line}" for line in write_block(block))
    yield ""
    yield "layers:"
    previous = network.inputs[0][0] if len(network.inputs) == 1 else ""
    for part in parts:
        nodes = [_with_weights(node, names) for node in part.nodes]
        if part.reads not in ((previous,), ()):
            nodes[0] = _with_reads(nodes[0], tuple(names[name] for name in part.reads))
        yield from (f"  {line}" for line in write_nodes(nodes))
        previous = part.end


def _with_reads(node: OutlineNode, reads: tuple[str, ...]) -> OutlineNode:
    """A node that reads tensors by their names. Passes of a loop would all read them: a group does it for the loop."""
    if isinstance(node, CallNode) and node.repeat is not None:
        return GroupNode([node._replace(name="")], node.name, reads=reads)
    return node._replace(reads=reads)


def _with_weights(node: OutlineNode, names: Mapping[str, str]) -> OutlineNode:
    """A node with the final name of the layer whose weights it uses."""
    if isinstance(node, LeafNode) and node.weights:
        return node._replace(weights=names[node.weights])
    if isinstance(node, JoinNode):
        return node._replace(branches=tuple([_with_weights(one, names) for one in branch] for branch in node.branches))
    if isinstance(node, GroupNode):
        return node._replace(nodes=[_with_weights(one, names) for one in node.nodes])
    return node


def _name_ends(network: LayerGraph, parts: list[ChainPart]) -> None:
    """Give a name to the last node of each part that others read by name, in place."""
    previous = network.inputs[0][0] if len(network.inputs) == 1 else ""
    read = {name for name in network.outputs if network.outputs != (parts[-1].end,)}
    for part in parts:
        read.update(part.reads if part.reads != (previous,) else ())
        previous = part.end
    taken = {name for name, _ in network.inputs} | {part for layer in network.layers for part in layer.name.split(".")}
    names = (name for number in count(1) if (name := f"map{number}") not in taken)
    for part in parts:
        last = part.nodes[-1]
        if part.end in read and not last.name:
            part.nodes[-1] = last._replace(name=next(names))


def _reference(node: OutlineNode) -> str:
    """The name of the output of a node; of a loop, that of its last pass."""
    if isinstance(node, CallNode) and isinstance(node.repeat, int):
        match = re.search(r"\{index(?: \+ ([0-9]+))?\}", node.name)
        if match:
            last = node.repeat - 1 + int(match.group(1) or 0)
            return f"{node.name[: match.start()]}{last}{node.name[match.end() :]}"
    return node.name


def _find_difference(network: LayerGraph, builder: SeriesBuilder, order: list[str], lines: list[str]) -> str | None:
    """The block in which a spec first differs from the network; empty if that is in none, None if both are equal."""
    try:
        built = load(Place("-", "outline", text="\n".join(lines)))
    except SpecError as error:
        problem = error.problems[0]
        return _block_at(lines, problem.span.line if problem.span else 0)
    layers_by_name = {layer.name: layer for layer in network.layers}
    names = {name: name for name, _ in network.inputs}
    for name, layer in zip(order, built.layers, strict=False):
        names[name] = layer.name
        own = layers_by_name[name]
        inputs = tuple(names.get(one, "") for one in builder.inputs[name])
        weights = names.get(own.weights_from or "", own.weights_from)
        if _compared_parts(own, inputs, weights) != _compared_parts(layer, layer.inputs, layer.weights_from):
            return next((group.kind for group in reversed(built.groups) if layer.name.startswith(f"{group.name}.")), "")
    if len(order) != len(built.layers):
        return ""
    outputs = tuple(names[name] for name in network.outputs)
    return None if outputs == built.outputs else ""


def _compared_parts(layer: Layer, inputs: tuple[str, ...], weights: str | None) -> tuple[object, ...]:
    """What must be equal in a layer and its counterpart, which has these inputs and weights."""
    figures = layer.figures
    return (layer.type, layer.settings, figures.output_shape, inputs, weights, layer.frozen, layer.training_only)


def _block_at(lines: list[str], number: int) -> str:
    """The name of the block whose definition has a line."""
    for line in reversed(lines[:number]):
        if line == "layers:":
            return ""
        if match := re.match(r"  (\w+)(\(.*\))?:$", line):
            return match.group(1)
    return ""
