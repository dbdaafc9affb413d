"""Receptive fields as a table of the layers that change them."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from cnncalc.analyses.receptive_field import AxisField, Field, Fields, fields, on_the_way
from cnncalc.analyses.tree import Node, Row, tree
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Cell, Column, Line, Table
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.reports.field.remarks import describe_flaws, describe_gates, describe_no_axes, describe_reason
from cnncalc.reports.network_table import ALL, name_rows, select_rows, write_header
from cnncalc.reports.summary import FIELD_CELLS
from cnncalc.text import Share

MOST_ROWS = 30


class FieldQuery(Record):
    """The options of a report. `every` has a row for each layer; `depth` 0 folds automatically.

    `at` is a position of the output, None for the middle one; a channel may follow it, although all channels
    read the same.
    """

    through_gates: bool = False
    language: str = "en"
    every: bool = False
    depth: int = 0
    at: tuple[int, ...] | None = None
    plot: bool = False


def field_table(network: LayerGraph, query: FieldQuery) -> Table:
    """The layers that change the field, with their fields."""
    say = Speaker(query.language, "field")
    found = fields(network, through_gates=query.through_gates)
    main = on_the_way(network, () if query.through_gates else found.gates)
    changing = {layer.name for layer in network.layers if query.every or changes(network, found, layer)}
    kept = changing if query.every else changing & main
    root = tree(network)
    ends = _ends(root)
    _prune(root, kept)
    shown = select_rows(root, query.depth or (ALL if query.every else 0), MOST_ROWS)
    several = len(network.inputs) > 1
    named = name_rows(shown, joins_single_parts=True)
    lines = [line for row, name, level in named for line in _lines(row, level, name, found, ends)]
    columns = [
        Column("name", say("layer")),
        Column("type", say("type"), drop=3),
        Column("output", say("output"), drop=2),
    ]
    columns += [Column("input", say("of"))] if several else []
    columns += [Column(key, say(key), numeric=True) for key in ("size", "stride", "start", "center")]
    columns.append(Column("sees", say("sees"), numeric=True, drop=1))
    means = ("size", "stride", "start", "center", "sees") if lines else ()
    notes = [(say(key), say(f"means_{key}")) for key in means]
    notes += [("", words) for words in _remarks(network, found, main, say)]
    if any(row.folded for row in shown):
        folded = say("folded", changing=len(kept), layers=len(network.layers), rows=len(lines))
        notes.append(("", folded))
    elif not query.every and lines:
        notes.append(("", say("left_out_layers", rows=len(kept), layers=len(network.layers))))
    elif not query.every and any(sizes.rank for _, sizes in network.inputs):
        notes.append(("", say("nothing_changes")))
    header = write_header(network, say)
    title = say("title", network=network.name)
    left_out = say("left_out", columns="{columns}")
    return Table(title, header, tuple(columns), tuple(lines), tuple(notes), left_out, query.language)


def changes(network: LayerGraph, found: Fields, layer: Layer) -> bool:
    """Whether a layer's field differs from that of each of its inputs."""
    known = dict(network.inputs)
    own = found.of(layer.name)
    for source in layer.inputs:
        if source in known:
            # The field of an input itself: each of its positions.
            before: dict[str, Field | None] = {source: _of_input(known[source])}
        else:
            before = found.of(source)
        if _plain(before) == _plain(own):
            return False
    return True


def _of_input(sizes: Shape) -> Field:
    return tuple(AxisField(1, (1,), 0, 0, 1, whole=size == 1) for size in sizes.spatial)


def _plain(one: dict[str, Field | None]) -> dict[str, Any]:
    """Fields without figures that depend only on the number of outputs."""
    return {name: field and tuple(axis._replace(whole=False) for axis in field) for name, field in one.items()}


def _ends(root: Node) -> dict[str, Layer]:
    """The last layer of each block by the block's name; for a layer, the layer itself."""
    ends: dict[str, Layer] = {}

    def end(node: Node) -> Layer | None:
        last = node.layer
        for child in node.children:
            last = end(child) or last
        if last is not None:
            ends[node.name] = last
        return last

    end(root)
    return ends


def _prune(node: Node, kept: set[str]) -> bool:
    """Remove layers that are not kept, and empty blocks, from a tree. Returns whether anything is left."""
    node.children = [child for child in node.children if _prune(child, kept)]
    return bool(node.children) or (node.layer is not None and node.layer.name in kept)


def _lines(row: Row, indent: int, name: str, found: Fields, ends: dict[str, Layer]) -> Iterator[Line]:
    """The lines of a row: one for each input on which its layer, or its block's last layer, depends."""
    node, several = row.node, len(found.inputs) > 1
    if node.layer is None and not row.folded:
        yield Line((name, node.kind, *(None,) * (7 + several - 1)), indent, heading=True, faint=node.training_only)
        return
    layer = ends[row.last.name] if row.folded else node.layer
    if layer is None:
        return
    own = found.of(layer.name)
    for position, (of, field) in enumerate((own or {"": None}).items()):
        start: tuple[Cell, ...] = (name, node.kind, shape(layer.output_shape)) if position == 0 else ("", "", "")
        cells = (*start, *((of,) if several else ()), *_cells(layer, field, found, of))
        yield Line(cells, indent, faint=node.training_only)


def _cells(layer: Layer, field: Field | None, found: Fields, of: str) -> tuple[Cell, ...]:
    if not field:
        return (None,) * 5
    return (
        *(cell(field) for cell in FIELD_CELLS.values()),
        _seen(layer, found, of),
    )


def _seen(layer: Layer, found: Fields, of: str) -> Share | None:
    """The share of an input in the field of the middle output."""
    sizes = found.inputs[of].spatial
    seen = []
    for end, size in zip(found.extent(layer.name, of, middle(layer.output_shape)), sizes, strict=True):
        seen.append(0 if end is None else max(min(end[1], size - 1) - max(end[0], 0) + 1, 0))
    return Share(prod(seen), prod(sizes))


def middle(output: Shape) -> tuple[int, ...]:
    """The middle position, or the first of two."""
    return tuple((size - 1) >> 1 for size in output.spatial)


# --- below the table ------------------------------------------------------------------------------


def _remarks(network: LayerGraph, found: Fields, main: set[str], say: Speaker) -> Iterator[str]:
    for name, sizes in network.inputs:
        if not sizes.rank:
            yield describe_no_axes(network, name, say)
    first = _whole_from(network, found, main)
    if first is not None:
        yield say("whole_from", layer=first)
    every = ((layer, name) for layer in network.layers for name in found.strands[layer.name])
    unruled = next(((layer.name, rule) for layer, name in every if (rule := found.missing(layer.name, name))), None)
    if unruled is not None:
        yield say("no_rule_from", layer=unruled[0], reason=describe_reason(unruled[1], say))
    maps = (layer.name for layer in network.layers if layer.output_shape.positions > 1)
    apart = next((name for name in maps if not _is_shared(found, name)), None)
    if apart is not None:
        yield say("channels_apart", layer=apart)
    yield from describe_flaws(found.misalignments, network, say)
    yield from describe_gates(found.gates, say, counted=found.through_gates)


def _is_shared(found: Fields, layer: str) -> bool:
    """Whether all channels of a layer's output depend on the same positions of every input."""
    return all(found.is_shared(layer, name) for name in found.strands[layer])


def _whole_from(network: LayerGraph, found: Fields, main: set[str]) -> str | None:
    """The first layer from which on every output sees all inputs completely, along the main path."""
    first = None
    for layer in network.layers:
        if layer.name in main and not layer.training_only:
            every = found.of(layer.name).values()
            whole = bool(every) and all(field and all(axis.whole for axis in field) for field in every)
            whole = whole and _is_shared(found, layer.name)
            first = (first or layer.name) if whole else None
    return first
