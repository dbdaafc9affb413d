"""A network's parameters with and without sharing, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnncalc.analyses.sharing import (
    Counts,
    ExactRatio,
    Sharing,
    all_connections,
    connectivity,
    reads,
    sharing,
    total,
    wiring,
)
from cnncalc.analyses.tree import Node, Row, tree
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Cell, Column, Line, Table
from cnncalc.languages import Speaker
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.reports.network_table import name_rows, select_layers, select_rows, write_header
from cnncalc.text import Share, decimals, integer, percent

MOST_ROWS = 30
WAYS = ("unshared", "fully_connected", "ungrouped", "merged", "untied")

# Each column with the key of its header, whether it is numeric, and its `drop`.
COLUMNS: dict[str, tuple[str, bool, int]] = {
    "layer": ("layer", False, 0),
    "type": ("type", False, 5),
    "output": ("output", False, 6),
    "params": ("params", True, 0),
    "unshared": ("unshared", True, 0),
    "unshared_ratio": ("times", True, 4),
    "fully_connected": ("fully_connected", True, 1),
    "fully_connected_ratio": ("times", True, 4),
    "reads": ("reads", True, 6),
    "connectivity": ("connectivity", True, 6),
    "ungrouped": ("ungrouped", True, 2),
    "ungrouped_ratio": ("times", True, 4),
    "merged": ("merged", True, 3),
    "merged_ratio": ("times", True, 4),
    "untied": ("untied", True, 2),
    "weights_from": ("weights_from", False, 7),
}
COUNTED = {key: key == "params" or key.removesuffix("_ratio") in WAYS for key in COLUMNS}
ALWAYS = ("layer", "type", "params", "unshared", "unshared_ratio", "fully_connected")


class SharingView(Record):
    """The options of the table. Without `columns`, those that differ in the network; `depth` 0 folds automatically.

    `exact` is for programs: every layer, ratios as plain decimals, no totals among the rows.
    """

    columns: tuple[str, ...] = ()
    depth: int = 0
    language: str = "en"
    exact: bool = False


def sharing_table(network: LayerGraph, view: SharingView) -> Table:
    """The parameters of each layer, current and in the other variants, with totals and notes."""
    facts = sharing(network)
    say = Speaker(view.language, "sharing")
    keys = view.columns or default_columns(facts, view)
    columns = tuple(_column(key, say) for key in keys)
    root = tree(network._replace(layers=tuple(layer for layer, _ in facts.layers)))
    cells = _SharingCells({layer.name: counts for layer, counts in facts.layers}, root, say, view)
    shown = select_layers(root) if view.exact else select_rows(root, view.depth, MOST_ROWS)
    named = name_rows(shown, is_flat=view.exact, joins_single_parts=True)
    lines = [_line(row, name, level, keys, cells) for row, name, level in named]
    count = len(lines)
    if not view.exact and facts.layers:
        lines += _totals(facts, keys, cells)
    notes = [*_meanings(keys, facts, say), *(("", words) for words in _sentences(network, facts, say))]
    if any(row.folded for row in shown):
        notes.append(("", say("folded", layers=len(facts.layers), rows=count)))
    left_out = say("left_out", columns="{columns}")
    header = write_header(network, say)
    return Table(network.name, header, columns, tuple(lines), tuple(notes), left_out, view.language)


def default_columns(facts: Sharing, view: SharingView) -> tuple[str, ...]:
    """The columns that differ in the network; for programs, always the same."""
    if view.exact:
        return ("layer", "type", "params", *WAYS)
    sums = facts.training
    differ = {
        "ungrouped": sums.ungrouped != sums.params,
        "merged": sums.merged != sums.ungrouped,
        "untied": sums.untied != sums.params,
    }
    return (*ALWAYS, *(way for way, tells in differ.items() if tells))


def _column(key: str, say: Speaker) -> Column:
    header, numeric, drop = COLUMNS[key]
    return Column(key, say(header), numeric, drop)


# --- the rows -------------------------------------------------------------------------------------


class _SharingCells:
    """The cells of a row."""

    def __init__(self, counts: dict[str, Counts], root: Node, say: Speaker, view: SharingView) -> None:
        self.counts = counts
        self.blocks: dict[str, Node] = {}
        waiting = [root]
        while waiting:
            at = waiting.pop()
            self.blocks[at.name] = at
            waiting += [child for child in at.children if child.children]
        self.say = say
        self.exact = view.exact

    def of(self, row: Row) -> Counts | None:
        """The contribution of a row to the total; none for an open block, whose rows follow."""
        if row.folded:
            # Equal blocks may be merged with different layers, so each is summed.
            siblings = self.blocks[row.node.above].children
            first = siblings.index(row.node)
            return total(map(self.below, siblings[first : first + row.times]))
        return self.counts[row.node.name] if row.node.layer else None

    def below(self, node: Node) -> Counts:
        """The sum of a block, without training-only layers unless the whole block is training-only."""
        own = [self.counts[node.name]] if node.layer else []
        counted = (child for child in node.children if node.training_only or not child.training_only)
        return total([*own, *map(self.below, counted)])

    def number(self, key: str, counts: Counts) -> Cell:
        """A count, or a ratio to the current parameters."""
        if not key.endswith("_ratio"):
            number: int = getattr(counts, key)
            return number
        return self.ratio(counts.ratio(key.removesuffix("_ratio")))

    def ratio(self, pair: ExactRatio) -> Cell:
        if not pair.whole:
            return None
        return Share(*pair) if self.exact else times(pair)

    def of_layer(self, key: str, layer: Layer) -> Cell:
        """Cells that only single layers have, and only if their weights connect outputs to inputs."""
        if key == "output":
            return shape(layer.output_shape)
        if key == "weights_from":
            return layer.weights_from
        linked, read = connectivity(layer), reads(layer)
        if linked is None or read is None:
            return None
        if key == "connectivity":
            return Share(*linked)
        if self.exact:
            return read.numerator if read.denominator == 1 else Share(read.numerator, read.denominator)
        return self.say("reads_of", reads=decimals(read), inputs=integer(_inputs(layer)))


def _line(row: Row, name: str, indent: int, keys: tuple[str, ...], cells: _SharingCells) -> Line:
    counts = cells.of(row)
    node = row.node
    layer = None if row.folded else node.layer
    written: list[Cell] = []
    for key in keys:
        if key == "layer":
            written.append(name)
        elif key == "type":
            in_training = node.training_only and counts is not None
            written.append(cells.say("training", type=node.kind) if in_training else node.kind)
        elif key == "params" and layer is not None and layer.weights_from and not cells.exact:
            written.append(cells.say("tied"))
        elif counts is not None and COUNTED[key]:
            written.append(cells.number(key, counts))
        else:
            written.append(cells.of_layer(key, layer) if layer is not None else None)
    return Line(tuple(written), indent, bool(node.children) and not row.folded, node.training_only)


def _totals(facts: Sharing, keys: tuple[str, ...], cells: _SharingCells) -> list[Line]:
    """The sums, and their ratios to the current parameters."""
    sums: list[Cell] = [cells.number(key, facts.total) if COUNTED[key] else None for key in keys]
    ratios: list[Cell] = [cells.ratio(facts.total.ratio(key)) if key in WAYS else None for key in keys]
    if "layer" in keys:
        place = keys.index("layer")
        sums[place], ratios[place] = cells.say("total"), cells.say("ratio")
    if "connectivity" in keys:
        sums[keys.index("connectivity")] = Share(*facts.connections)
    return [Line(tuple(sums), heading=True), Line(tuple(ratios), heading=True)]


# --- below the table ------------------------------------------------------------------------------


def _meanings(keys: tuple[str, ...], facts: Sharing, say: Speaker) -> Iterator[tuple[str, str]]:
    for way in WAYS:
        if way in keys and facts.layers:
            yield say(way), say(f"means_{way}")


def _sentences(network: LayerGraph, facts: Sharing, say: Speaker) -> Iterator[str]:
    """Notes about the totals."""
    sums = facts.total
    if not facts.layers:
        yield say("nothing_learned", name=network.name)
        return
    yield _on_sharing(facts, say)
    yield from _on_connections(facts, say)
    if sums.merged != sums.ungrouped:
        yield _instead("if_merged", sums, "merged", say, macs=integer(facts.merged_macs), own=integer(facts.macs))
    elif sums.ungrouped != sums.params:
        yield _instead("if_full", sums, "ungrouped", say, macs=integer(facts.ungrouped_macs), own=integer(facts.macs))
    if sums.untied != sums.params:
        yield _instead("if_untied", sums, "untied", say)
    if facts.kept:
        kept = (say("kept_layer", type=name, params=integer(params)) for name, params in facts.kept.items())
        yield say("kept", layers=say("comma").join(kept))
    if facts.training != sums:
        numbers = {key: integer(number) for key, number in facts.training._asdict().items()}
        yield say("in_training", **numbers)


def _instead(key: str, sums: Counts, way: str, say: Speaker, **values: str) -> str:
    return say(key, params=integer(getattr(sums, way)), ratio=times(sums.ratio(way)), **values)


def _on_sharing(facts: Sharing, say: Speaker) -> str:
    sums = facts.total
    if sums.unshared == sums.params:
        return say("not_shared")
    layer, most = max(
        ((layer, counts) for layer, counts in facts.layers if not layer.training_only),
        key=lambda each: each[1].unshared - each[1].untied,
    )
    uses = ExactRatio(most.unshared, most.untied)
    return say(
        "shared",
        unshared=integer(sums.unshared),
        ratio=times(sums.ratio("unshared")),
        layer=layer.name,
        own=integer(most.untied),
        uses=say("used_on_average" if uses.part % uses.whole else "used", uses=times(uses)),
    )


def _on_connections(facts: Sharing, say: Speaker) -> Iterator[str]:
    part, whole = facts.connections
    if not part:
        return
    if part >= whole:
        yield say("not_sparse")
        return
    connecting = [layer for layer, _ in facts.layers if wiring(layer) is not None and not layer.training_only]
    largest = max(connecting, key=all_connections)
    read = reads(largest)
    values = {
        "layer": largest.name,
        "reads": decimals(read) if read is not None else "",
        "inputs": integer(_inputs(largest)),
    }
    if whole >= 10 * part:
        yield say("sparse", ratio=times(ExactRatio(whole, part)), **values)
    else:
        yield say("partly_sparse", percent=percent(Share(part, whole)), **values)


def _inputs(layer: Layer) -> int:
    """The number of input elements."""
    return sum(sizes.elements for sizes in layer.input_shapes)


def times(pair: ExactRatio) -> str:
    """A ratio, rounded half up to its significant digits: 1.02, 111.9, 3,025."""
    digits = 2 if pair.part < 10 * pair.whole else 1 if pair.part < 1000 * pair.whole else 0
    return decimals(Fraction(pair.part, pair.whole), digits)
