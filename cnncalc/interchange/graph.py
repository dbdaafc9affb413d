"""The graph that every importer creates, and the equivalent spec: one item per layer, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError
from cnncalc.record import Record
from cnncalc.syntax import source

Plain: TypeAlias = "bool | int | str | tuple[Plain, ...]"


class GraphLayer(Record):
    """A layer: a type of cnncalc with its settings, and the names of the layers or inputs that it reads.

    `span` is where the source defines it. `weights_from` names the layer whose weights it shares. The weights of a
    `frozen` layer are not learned.
    """

    name: str
    type: str
    settings: Mapping[str, Plain]
    inputs: tuple[str, ...]
    span: Span
    weights_from: str = ""
    frozen: bool = False


class Graph(Record):
    """A network as another program's file describes it, each layer after those that it reads.

    `inputs` are the shapes, channels first, by name; `origin` describes the file. A scope is a dotted prefix of layer
    names, such as layer1.0 of layer1.0.conv1; `classes` has the name of its class, such as Bottleneck, if it is known.
    `notes` are sentences about what the file does not tell.
    """

    name: str
    origin: str
    inputs: Mapping[str, tuple[int, ...]]
    layers: tuple[GraphLayer, ...]
    outputs: tuple[str, ...]
    span: Span
    classes: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()


def to_spec(graph: Graph) -> source.Mapping:
    """The located nodes of a flat spec; each has the position of its source.

    Raises SpecError if they exceed the number of values that a spec may have.
    """
    top = graph.span
    most = limits.current().values
    values = 0
    for layer in graph.layers:
        values += 4 + 2 * len(layer.settings) + len(layer.inputs)
        if values > most:
            message = f"the file converts to a spec with more than {most:,} keys and values"
            raise SpecError([Problem(layer.span, message, limits.raised("values"))])
    names = {name: _input_name(name, graph) for name in graph.inputs}
    shapes = {names[name]: _node(shape, top) for name, shape in graph.inputs.items()}
    entries: dict[str, source.Node] = {
        "name": _scalar(graph.name, top),
        "source": _scalar(graph.origin, top),
        "input": shapes["input"] if list(shapes) == ["input"] else _mapping(shapes, top),
        "outputs": source.Sequence(tuple(_scalar(name, top) for name in graph.outputs), top),
        "layers": source.Sequence(tuple(_items(graph, names)), top),
    }
    return _mapping(entries, top)


def _input_name(name: str, graph: Graph) -> str:
    """A single input is named as in any spec."""
    return "input" if len(graph.inputs) == 1 else name


def _items(graph: Graph, names: Mapping[str, str]) -> Iterator[source.Mapping]:
    previous = next(iter(graph.inputs)) if len(graph.inputs) == 1 else ""
    for layer in graph.layers:
        settings = {key: _node(value, layer.span) for key, value in layer.settings.items()}
        entries: dict[str, source.Node] = {
            layer.type: _mapping(settings, layer.span),
            "name": _scalar(layer.name, layer.span),
        }
        # A layer that reads nothing, such as a learned tensor, says so by its type.
        if layer.inputs and layer.inputs != (previous,):
            sources = tuple(_scalar(names.get(name, name), layer.span) for name in layer.inputs)
            entries["from"] = sources[0] if len(sources) == 1 else source.Sequence(sources, layer.span)
        if layer.weights_from:
            entries["weights"] = _scalar(layer.weights_from, layer.span)
        if layer.frozen:
            entries["frozen"] = _node(value=True, span=layer.span)
        yield _mapping(entries, layer.span)
        previous = layer.name


def _mapping(entries: Mapping[str, source.Node], span: Span) -> source.Mapping:
    return source.Mapping(tuple((_scalar(key, span), node) for key, node in entries.items()), span)


def _scalar(text: str, span: Span) -> source.Scalar:
    return source.Scalar(text, plain=False, span=span, literal=False)


def _node(value: Plain, span: Span) -> source.Node:
    if isinstance(value, tuple):
        return source.Sequence(tuple(_node(item, span) for item in value), span)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return source.Scalar(text, plain=True, span=span, literal=False)
