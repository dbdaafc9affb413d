"""The names of layers: the paths of modules where a file has them, else the names of nodes.

Files of torch say in which module a node was made: the names of nodes are paths (/layer1/layer1.0/conv1/Conv), or
metadata lists the scopes. A layer gets the path of its module, layer1.0.conv1, or that path and its type, layer1.0.add.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cnncalc.interchange.building import GraphBuilder
from cnncalc.interchange.graph import Graph, GraphLayer
from cnncalc.interchange.onnx_file import OnnxNode
from cnncalc.interchange.onnx_graph import LayerOrigin
from cnncalc.record import Record

QUOTED = re.compile(r"'([^']*)'")
# The tensors of a module, by which its path is known.
OF_MODULE = re.compile(r"([\w.]+)\.(?:weight|bias|weight_ih|weight_hh)")
PARAMETER = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
MOST_SCOPES = 64


class ScopedName(Record):
    """Where a layer belongs: the path of its module, what it is there, and whether it has weights."""

    scope: str
    label: str
    is_weighted: bool


def rename_layers(graph: Graph, origins: Mapping[str, LayerOrigin]) -> Graph:
    """The graph with layers named after the modules of the source, if it has them, and the classes of modules."""
    nodes = [origins[layer.name].node for layer in graph.layers]
    marked = {layer.name: layer.name for layer in graph.layers if origins[layer.name].is_marked}
    if len(marked) == len(graph.layers):
        return graph
    if any(_scope_of(node) for node in nodes):
        wanted = _scoped_names({layer.name: _scoped_name(layer, origins[layer.name]) for layer in graph.layers})
    else:
        wanted = {layer.name: origins[layer.name].node.span.node for layer in graph.layers}
    wanted |= marked
    names = GraphBuilder({})
    taken: dict[str, str] = {source: source for source in graph.inputs}
    for layer in graph.layers:
        taken[layer.name] = names.take_name(wanted[layer.name], layer.type)
    layers = tuple(
        layer._replace(
            name=taken[layer.name],
            inputs=tuple(taken[source] for source in layer.inputs),
            weights_from=taken.get(layer.weights_from, ""),
        )
        for layer in graph.layers
    )
    outputs = tuple(taken[source] for source in graph.outputs)
    prefixes = {prefix for layer in layers for prefix in _prefixes(layer.name)}
    classes = {scope: name for scope, name in _classes(nodes).items() if scope in prefixes}
    return graph._replace(layers=layers, outputs=outputs, classes=classes)


def _scoped_names(scoped: Mapping[str, ScopedName]) -> dict[str, str]:
    """The names of all layers, by those that they have."""
    inner = {prefix for name in scoped.values() for prefix in _prefixes(name.scope)}
    members: dict[str, list[str]] = {}
    for key, name in scoped.items():
        members.setdefault(name.scope, []).append(key)
    wanted: dict[str, str] = {}
    for scope, found in members.items():
        is_leaf = bool(scope) and scope not in inner
        wanted |= _names_in(scope, {name: scoped[name] for name in found}, is_leaf=is_leaf)
    return wanted


def _names_in(scope: str, members: Mapping[str, ScopedName], *, is_leaf: bool) -> dict[str, str]:
    """The names of the layers of one module. A module without others in it is a layer, as far as it can be."""
    weighted = [layer for layer, name in members.items() if name.is_weighted]
    if is_leaf and len({name.label for name in members.values()}) == 1:
        return dict.fromkeys(members, scope)
    prefix = f"{scope}." if scope else ""
    if is_leaf and len(weighted) == 1:
        return {layer: scope if layer in weighted else f"{scope}_{name.label}" for layer, name in members.items()}
    return {layer: f"{prefix}{name.label}" for layer, name in members.items()}


def _scoped_name(layer: GraphLayer, origin: LayerOrigin) -> ScopedName:
    for tensor in origin.weights:
        if match := OF_MODULE.fullmatch(tensor):
            return ScopedName(match.group(1), layer.type, is_weighted=True)
    if len(origin.weights) == 1 and PARAMETER.fullmatch(origin.weights[0]) and layer.type in ("parameter", "bias"):
        scope, _, label = origin.weights[0].rpartition(".")
        return ScopedName(scope, label, is_weighted=True)
    return ScopedName(_scope_of(origin.node) or "", layer.type, is_weighted=bool(origin.weights))


def _prefixes(path: str) -> Iterable[str]:
    at = path.find(".")
    while at >= 0:
        yield path[:at]
        at = path.find(".", at + 1)


def _scope_of(node: OnnxNode) -> str | None:
    """The path of the module that a node was made in; None if the file does not have it."""
    if node.scopes:
        scopes = QUOTED.findall(node.scopes)
        return scopes[-2] if len(scopes) > 1 else ""
    if not node.name.startswith("/"):
        return None
    path: list[str] = []
    for part in node.name.split("/")[1:-1][:MOST_SCOPES]:
        if path and part.startswith(f"{path[-1]}."):
            path.pop()
        path.append(part)
    return ".".join(path)


def _classes(nodes: Iterable[OnnxNode]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        pairs = zip(QUOTED.findall(node.scopes)[:-1], QUOTED.findall(node.classes)[:-1], strict=False)
        found |= {scope: kind.rpartition(".")[2] for scope, kind in pairs if scope}
    return found
