"""Finding layers and blocks of a network by name."""

from __future__ import annotations

from cnncalc.errors import Problem, SpecError, did_you_mean, listed, plural, quoted
from cnncalc.network.records import Layer, LayerGraph

MOST_NAMED = 6


def find(network: LayerGraph, name: str) -> tuple[Layer, ...]:
    """The layer with a name, or the layers of a block in order.

    The end of a name is enough if only one layer, or else one block, has this ending. Raises SpecError if no
    name matches, or several do.
    """
    names = [layer.name for layer in network.layers]
    blocks = [group.name for group in network.groups]
    ending = [other for other in names if other.endswith(f".{name}")]
    ending_blocks = [other for other in blocks if other.endswith(f".{name}")]
    for meant in ([name], ending, ending_blocks):
        if len(meant) == 1 and (found := _layers_of(network, meant[0])):
            return found
    hint = _hint(name, ending or ending_blocks, [*names, *blocks], network.name)
    raise SpecError([Problem(None, f"no layer or block has the name {quoted(name)}", hint)])


def _layers_of(network: LayerGraph, name: str) -> tuple[Layer, ...]:
    own = tuple(layer for layer in network.layers if layer.name == name)
    return own or tuple(layer for layer in network.layers if layer.name.startswith(f"{name}."))


def find_layer(network: LayerGraph, name: str) -> Layer:
    """The layer with a name. Raises SpecError as `find` does, and for a block."""
    found = find(network, name)
    if f".{found[0].name}".endswith(f".{name}"):
        return found[0]
    message = f"{quoted(name)} is a block of {plural(len(found), 'layer')}, but only single layers can be explained"
    raise SpecError([Problem(None, message, _choose([layer.name for layer in found]))])


def _choose(names: list[str]) -> str:
    """A hint that asks for one of several names."""
    if len(names) > MOST_NAMED:
        return f"name one of {', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    return f"did you mean {names[0]!r}?" if len(names) == 1 else f"name {listed(names, 'or')}"


def _hint(name: str, ending: list[str], names: list[str], network: str) -> str:
    """A hint with names that end alike, that begin alike at the same depth, or that are spelled alike."""
    begin = [other for other in names if other.lower().startswith(name.lower()) and other.count(".") == name.count(".")]
    if ending or begin:
        return _choose(ending or begin)
    return did_you_mean(name, names, f"`cnncalc summary --depth all` shows all names of {network}")
