"""Layers from which no path leads to an output of the network."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.checks.rule import Subject, number
from cnncalc.errors import Span, plural
from cnncalc.network.records import Layer
from cnncalc.record import Record


class DeadEnd(Record):
    """A layer that nothing reads and that is not an output, with all layers that only it depends on.

    `name` is that of the outermost named branch, block or layer that ends with it and is completely dead,
    "" if none has a given name.
    """

    layer: Layer
    layers: tuple[Layer, ...]
    name: str
    span: Span

    @property
    def cost(self) -> str:
        """The wasted costs."""
        params, macs = sum(one.params for one in self.layers), sum(one.macs for one in self.layers)
        return (
            f"{plural(len(self.layers), 'layer')} with {number(params)} parameters and {number(macs)}"
            f" multiply-accumulates {'is' if len(self.layers) == 1 else 'are'} wasted"
        )


def dead_ends(subject: Subject) -> Iterator[DeadEnd]:
    """The dead ends of a network at inference; layers that exist only in training are read by the loss."""
    reached = set(subject.outputs)
    for layer in reversed(subject.layers):
        if layer.name in reached or layer.training_only:
            reached.update((layer.name, *layer.inputs))
    taken = set(reached)
    alive = {name[:end] for name in reached for end in (*_dots(name), len(name))}
    for layer in subject.layers:
        if layer.name not in reached and not subject.readers[layer.name]:
            chain = _upstream(subject, layer, taken)
            name, span = _named(subject, layer, alive)
            yield DeadEnd(layer, tuple(chain), name, span)


def _upstream(subject: Subject, end: Layer, taken: set[str]) -> Iterator[Layer]:
    """A dead end and the layers that lead only to it; layers of two dead ends belong to the first."""
    waiting = [end.name]
    while waiting:
        layer = subject.by_name.get(waiting.pop())
        if layer is not None and layer.name not in taken:
            taken.add(layer.name)
            yield layer
            waiting += layer.inputs


def _named(subject: Subject, end: Layer, alive: set[str]) -> tuple[str, Span]:
    """The outermost given name of a dead end below which nothing is `alive`, and its place."""
    for dot in (*_dots(end.name), len(end.name)):
        path = end.name[:dot]
        if path not in alive and path.rpartition(".")[2] in subject.spec.names:
            return path, subject.spans_of_groups.get(path, end.span)
    return "", end.span


def _dots(name: str) -> list[int]:
    """The offsets of the dots in a full name."""
    return [place for place, character in enumerate(name) if character == "."]
