"""The spec of an imported network, with a comment that says where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap

import cnncalc
from cnncalc.analyses.totals import totals
from cnncalc.interchange.graph import Graph
from cnncalc.network.records import LayerGraph
from cnncalc.outline import flat, outline
from cnncalc.text import plain

WIDEST = 100
# The ways to find blocks: by the scopes in the names of layers, or by the structure of the graph.
SCOPES, STRUCTURE = "scopes", "structure"
# Kinds of groups of a spec that are no block.
UNNAMED = frozenset({"branch", "layers"})


def write(network: LayerGraph, shown: str, graph: Graph | None, name_from: str, *, is_flat: bool) -> Iterator[str]:
    """The lines of a spec with blocks, or of a flat one, for a network that a file `shown` describes.

    `name_from` is SCOPES, STRUCTURE, or empty: scopes if the file has some.
    """
    lines = None if is_flat else find_blocks(network, graph, name_from)
    notes = graph.notes if graph else ()
    if lines is None and not is_flat:
        notes = (*notes, "No blocks that give the same layers were found: the layers are listed one by one.")
    yield from _comment(network, shown, notes)
    yield from lines or flat.write(network)


def find_blocks(network: LayerGraph, graph: Graph | None, name_from: str = "") -> list[str] | None:
    """The lines of a spec with blocks; None if none gives the same layers."""
    kinds = {one.name: one.kind for one in network.groups if one.kind not in UNNAMED}
    classes = dict(graph.classes) if graph else kinds
    return outline(network, classes, by_scopes=has_scopes(network, classes, name_from))


def has_scopes(network: LayerGraph, classes: Mapping[str, str], name_from: str) -> bool:
    """Whether blocks follow the scopes in the names of layers."""
    return name_from == SCOPES or (not name_from and (bool(classes) or _are_dotted(network)))


def _are_dotted(network: LayerGraph) -> bool:
    """Whether most layers with weights have a name in a scope, such as layer1.0.conv1."""
    names = [layer.name for layer in network.layers if layer.weights]
    return bool(names) and 2 * sum("." in name for name in names) > len(names)


def _comment(network: LayerGraph, shown: str, notes: tuple[str, ...]) -> Iterator[str]:
    counts = totals(network)
    sentences = (
        f"Made by cnncalc {cnncalc.__version__} from {plain(shown)}.",
        f"Its {len(network.layers):,} layers are those of the source, one by one.",
        f"{counts.params:,} parameters, {counts.macs:,} multiply-accumulates.",
        *notes,
    )
    for sentence in sentences:
        yield from wrap(
            plain(sentence),
            WIDEST,
            initial_indent="# ",
            subsequent_indent="# ",
            break_on_hyphens=False,
            break_long_words=False,
        )
    yield ""
