"""A network written back as a flat spec: every block, repeat and expression resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from cnncalc.formats.json import dumps
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.syntax.expressions import decimal

# What JSON has for a character beyond U+FFFF that is escaped.
PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def write(network: LayerGraph) -> Iterator[str]:
    """The lines of a spec without blocks for the same network."""
    yield f"name: {_text(network.name)}"
    for key, words in (("source", network.source), ("family", network.family), ("task", network.task)):
        if words:
            yield f"{key}: {_text(words)}"
    if network.year is not None:
        yield f"year: {network.year}"
    if len(network.inputs) == 1 and network.inputs[0][0] == "input":
        yield f"input: {list(network.inputs[0][1])}"
    else:
        yield "input:"
        for name, shape in network.inputs:
            yield f"  {_word(name)}: {list(shape)}"
    # By default, the last layer is the output.
    if network.outputs != (network.layers[-1].name,):
        yield f"outputs: [{', '.join(map(_word, network.outputs))}]"
    yield "layers:"
    previous = network.inputs[0][0] if len(network.inputs) == 1 else ""
    for layer in network.layers:
        yield from _item(layer, previous)
        previous = layer.name


def _item(layer: Layer, previous: str) -> Iterator[str]:
    """A layer with settings other than defaults, and its input if that is not the layer above."""
    kind = layer.figures.type
    given = {
        key: value
        for key, value in layer.settings.items()
        if kind.settings[key].required or value != kind.settings[key].default
    }
    texts = {key: dumps(value) if kind.settings[key].takes_text else _value(value) for key, value in given.items()}
    settings = ", ".join(f"{key}: {text}" for key, text in texts.items())
    yield f"  - {layer.type}: {{{settings}}}"
    yield f"    name: {_word(layer.name)}"
    if layer.inputs not in ((previous,), ()):
        names = ", ".join(map(_word, layer.inputs))
        yield f"    from: {names if len(layer.inputs) == 1 else f'[{names}]'}"
    if layer.weights_from:
        yield f"    weights: {_word(layer.weights_from)}"
    if layer.frozen:
        yield "    frozen: true"
    if layer.training_only:
        yield "    training_only: true"


def _text(words: str) -> str:
    """A text in quotes as in JSON, except that a surrogate pair becomes one escape of YAML."""
    return PAIR.sub(_one_escape, dumps(words, ascii_only=False))


def _one_escape(pair: re.Match[str]) -> str:
    high, low = (int(part, 16) for part in pair.groups())
    return f"\\U{0x10000 + (high - 0xD800 << 10) + low - 0xDC00:08x}"


def _word(name: str) -> str:
    """A name, in quotes if YAML would read it differently."""
    return name if re.fullmatch(r"[A-Za-z][\w./]*", name) and name not in ("null", "Null", "NULL") else f'"{name}"'


def _value(value: object) -> str:
    """A decoded setting in the notation of specs."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, int | Fraction):
        return decimal(value)
    return str(value)
