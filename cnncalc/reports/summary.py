"""The summary of a network as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from cnncalc import surface
from cnncalc.analyses.totals import Sum, Totals, stored, totals
from cnncalc.analyses.tree import Figure, Node, Row, full_label, heaviest, layers_below, own_figure, rows, tree
from cnncalc.errors import SpecError, listed
from cnncalc.formats.shapes import kernel, padding, shape, stride, window
from cnncalc.formats.table import Cell, Column, Items, Line, Memory, Ordinal, Table, to_cell
from cnncalc.layers.contract import Operations
from cnncalc.layers.shapes import DTYPES, Shape, SlidingWindow
from cnncalc.network.records import Layer, LayerGraph, LeftOut
from cnncalc.record import Record
from cnncalc.reports.network_table import (
    ALL,
    NamedRow,
    describe_inputs,
    name_rows,
    quantity_columns,
    select_layers,
    select_rows,
)
from cnncalc.spec.quantities import MEMORIES, OPERATIONS, PEAKS, QUANTITIES, SUMS
from cnncalc.text import Share, alike, coordinates, exact, integer, percent, size

if TYPE_CHECKING:
    from cnncalc.analyses.receptive_field import Field
    from cnncalc.analyses.recount import Recount

MOST_ROWS = 50

SHARES = {
    "params": Column("share", "% params", numeric=True, drop=3),
    "macs": Column("macs_share", "% MACs", numeric=True, drop=3),
}
COLUMNS = (
    Column("name", "layer"),
    Column("type", "type", drop=2),
    Column("input", "input", drop=8),
    Column("output", "output", drop=1),
    Column("window", "k/s/p", drop=4),
    Column("kernel", "kernel", drop=4),
    Column("stride", "stride", drop=4),
    Column("padding", "padding", drop=4),
    Column("weights", "weights", drop=9),
    *quantity_columns({"params": 0, "macs": 1}, SHARES),
    Column("field", "field", numeric=True, drop=9),
    Column("field_stride", "field stride", numeric=True, drop=9),
    Column("field_start", "field start", numeric=True, drop=9),
    Column("field_center", "field center", numeric=True, drop=9),
    Column("inputs", "reads", drop=9),
    Column("line", "line", numeric=True, drop=9),
)
BY_KEY = {column.key: column for column in COLUMNS}
SHARE_OF = {column.key: key for key, column in SHARES.items()}
DEFAULT_COLUMNS = ("name", "type", "output", "window", "params", "share", "macs")
FIELD_CELLS: dict[str, Callable[[Field], Cell]] = {
    "field": lambda field: _same([axis.size for axis in field]) or alike([integer(axis.size) for axis in field]),
    "field_stride": lambda field: (
        _same([axis.stride for axis in field]) or alike([", ".join(map(exact, axis.strides)) for axis in field])
    ),
    "field_start": lambda field: (
        _same([axis.start for axis in field]) or coordinates([integer(axis.start) for axis in field])
    ),
    "field_center": lambda field: (
        _same([axis.center for axis in field]) or coordinates([exact(axis.center) for axis in field])
    ),
}
SORTABLE = (*SUMS, *MEMORIES)


class Amounts(Record):
    """The amounts of quantities that are sums, for one sample: the network's own, or those of a convention.

    An amount is None if the convention counts none, or has layers whose rules are unknown.
    """

    root: Node
    counted: Totals
    recount: Recount | None = None

    def has_own(self, key: str) -> bool:
        """Whether a quantity does not depend on the convention."""
        return self.recount is None or not self.recount.replaces(key)

    def total(self, key: str) -> int | None:
        if self.recount is None or self.has_own(key):
            return SUMS[key].amount(self.counted)
        return self.recount.total(key)

    def of_layer(self, key: str, row: Row) -> int | None:
        """The amount of a layer's row."""
        if self.recount is None or self.has_own(key):
            return SUMS[key].amount(own_figure(row.node))
        return self.recount.of_layers(key, filter(None, [row.node.layer]))

    def of_row(self, key: str, row: Row) -> int | None:
        """The amount of all layers of a row."""
        if self.recount is None or self.has_own(key):
            return SUMS[key].amount(row.node.figure) * row.times
        return self.recount.of_nodes(key, row.nodes or (row.node,))

    def is_unknown(self, key: str, row: Row) -> bool:
        """Whether a row has layers that the convention counts by rules that are not modeled."""
        if self.recount is None or self.recount.amounts(key) is not self.recount.operations:
            return False
        layers = [layer for node in row.nodes or (row.node,) for layer in layers_below(node)]
        return any(layer.name in self.recount.unknown for layer in layers)


class SummaryView(Record):
    """The options of a summary.

    `depth` 0 folds automatically to MOST_ROWS rows; `top` 0 shows all; `flat` lists the layers by
    full name, without blocks.
    """

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    depth: int = 0
    sort: str = ""
    top: int = 0
    layout: str = "chw"
    batch: int = 1
    dtype: str = "float32"
    flat: bool = False


def summary(network: LayerGraph, view: SummaryView, recount: Recount | None = None) -> Table:
    """The per-layer table with its header and footer; `recount` has the counts of a convention, if it uses one."""
    kept = stored(network)
    counted = totals(network, kept)
    root = tree(network, kept)
    memories = _memories(network, view)
    amounts_of = Amounts(root, counted, recount)
    notes: list[tuple[str, str]] = _footer(amounts_of, view)
    notes += [_memory_note(key, amounts, network) for key, amounts in memories.items()]
    notes += [("", _explain_left_out(each, network)) for each in network.left_out]
    if view.sort or view.top:
        shown, note = _sorted(network, amounts_of, view, memories)
        notes.append(("", note))
    elif view.flat:
        shown = select_layers(root)
    else:
        shown = select_rows(root, view.depth, MOST_ROWS)
        if not view.depth and any(row.folded for row in shown):
            advice = surface.advice("--depth all shows every layer")
            notes.append(("", f"{len(network.layers)} layers in {len(shown)} rows{advice}"))
    columns = tuple(BY_KEY[key] for key in view.columns)
    flat = bool(view.flat or view.sort or view.top)
    fields = _fields(network, view.columns)
    lines = tuple(
        _line(each, amounts_of, columns, view, fields, memories=memories) for each in name_rows(shown, is_flat=flat)
    )
    header = _header(network, view)
    if recount is not None:
        from cnncalc.reports.conventions import describe_convention, head_columns

        header += (describe_convention(recount.convention, recount.bundled),)
        columns = head_columns(columns, recount.convention)
    return Table(network.name, header, columns, lines, tuple(notes))


def tree_table(network: LayerGraph, view: SummaryView, most: int) -> tuple[Table, tuple[Node, ...]]:
    """The table of layers and blocks, at most the first `most`, each with its own sums, and the node of each line."""
    kept = stored(network)
    root = tree(network, kept)
    amounts = Amounts(root, totals(network, kept))
    memories = _memories(network, view)
    columns = tuple(BY_KEY[key] for key in view.columns)
    fields = _fields(network, view.columns)
    named = [each._replace(row=_closed(each.row)) for each in islice(name_rows(rows(root, ALL)), most)]
    lines = [_line(each, amounts, columns, view, fields, memories=memories) for each in named]
    table = Table(network.name, _header(network, view), columns, tuple(lines), ())
    return table, tuple([each.row.node for each in named])


def _closed(row: Row) -> Row:
    """The row of a block that is not open, which has its sums."""
    return Row(row.node, row.node, 1, folded=True, nodes=(row.node,)) if row.node.children else row


def _explain_left_out(part: LeftOut, network: LayerGraph) -> str:
    """The sentence about the layers of a network that none of the outputs asked for needs; whole blocks by name."""
    own = f"{part.item}."
    partial = {layer.name.removeprefix(own).split(".")[0] for layer in network.layers if layer.name.startswith(own)}
    layers = [name.removeprefix(own) for name in part.layers]
    blocks = (name if (first := name.split(".")[0]) in partial else first for name in layers)
    names = listed(dict.fromkeys(blocks))
    if len(layers) == 1:
        return f"{part.item} leaves out {names} ({integer(part.params)} parameters), which its outputs do not need"
    count = f"{len(layers)} layers ({integer(part.params)} parameters) that its outputs do not need"
    return f"{part.item} leaves out {count}: {names}"


def _header(network: LayerGraph, view: SummaryView) -> tuple[str, ...]:
    batch = f", batch {view.batch}" if view.batch > 1 else ""
    layout = " (height x width x channels)" if view.layout == "hwc" else ""
    lines = (network.source, f"input {describe_inputs(network, view.layout)}{layout}{batch}")
    return tuple(line for line in lines if line)


def _sorted(
    network: LayerGraph, amounts: Amounts, view: SummaryView, memories: Mapping[str, Mapping[str, int]]
) -> tuple[list[Row], str]:
    """The layers sorted by a quantity, without their blocks."""
    key = view.sort or ("macs" if amounts.total("params") is None else "params")
    leaves = select_layers(amounts.root)
    if key in memories:
        return _sorted_by_memory(network, leaves, view, memories[key])
    leaves.sort(key=lambda row: (row.node.training_only, -(amounts.of_layer(key, row) or 0)))
    chosen = leaves[: view.top] if view.top else leaves
    # The inputs are activations of no layer.
    whole = SUMS[key].amount(amounts.root.figure) if amounts.has_own(key) else amounts.total(key)
    part = sum(amounts.of_layer(key, row) or 0 for row in chosen if not row.node.training_only)
    noun = _noun(key, amounts)
    held = f" hold {percent(Share(part, whole))} % of the {noun}" if whole else ""
    if view.top:
        return chosen, f"the {len(chosen)} heaviest of {len(network.layers)} layers{held}"
    return chosen, f"{len(network.layers)} layers by {noun}"


def _sorted_by_memory(
    network: LayerGraph, leaves: list[Row], view: SummaryView, amounts: Mapping[str, int]
) -> tuple[list[Row], str]:
    """The layers sorted by a memory quantity, those without one last."""
    label = QUANTITIES[view.sort].label
    leaves.sort(key=lambda row: -amounts.get(row.node.name, -1))
    if not view.top:
        return leaves, f"{len(network.layers)} layers by {label}"
    chosen, whole = leaves[: view.top], sum(amounts.values())
    held = ""
    if view.sort not in PEAKS and whole and len(amounts) == len(network.layers):
        part = sum(amounts.get(row.node.name, 0) for row in chosen)
        held = f" hold {percent(Share(part, whole))} % of the {label}"
    return chosen, f"the {len(chosen)} heaviest of {len(network.layers)} layers{held}"


def _noun(key: str, amounts: Amounts) -> str:
    if amounts.recount is not None and SUMS[key].tool_count == OPERATIONS:
        return amounts.recount.convention.unit
    return "parameters" if key == "params" else SUMS[key].label


def _fields(network: LayerGraph, columns: tuple[str, ...]) -> dict[str, Field | None]:
    """The receptive fields of the layers, if a column needs them."""
    if not any(key in FIELD_CELLS for key in columns):
        return {}
    from cnncalc.analyses.receptive_field import receptive_fields

    return receptive_fields(network)


def _memories(network: LayerGraph, view: SummaryView) -> dict[str, Mapping[str, int]]:
    """The memory quantities of the layers for the selected columns; empty for one that takes too much work.

    Layers for which one is unknown are left out.
    """
    keys = [key for key in MEMORIES if key in view.columns or key == view.sort]
    if not keys:
        return {}
    from cnncalc.analyses.memory_quantities import MemoryQuantities

    memories = MemoryQuantities(network, batch=view.batch, dtype_size=DTYPES[view.dtype])
    amounts: dict[str, Mapping[str, int]] = {}
    for key in keys:
        try:
            amounts[key] = memories.of_layers(key)
        except SpecError:
            amounts[key] = {}
    return amounts


def _memory_note(key: str, amounts: Mapping[str, int], network: LayerGraph) -> tuple[str, str]:
    """A memory quantity of the network, below the table."""
    if key in PEAKS:
        return QUANTITIES[key].label, _largest(amounts)
    unknown = [layer for layer in network.layers if layer.name not in amounts]
    if unknown:
        return QUANTITIES[key].label, f"unknown for {listed([f'{layer.name} ({layer.type})' for layer in unknown])}"
    whole = sum(amounts.values())
    return QUANTITIES[key].label, f"{integer(whole)} bytes ({size(whole)})"


def _largest(amounts: Mapping[str, int]) -> str:
    """The largest amount, with the first layer that has it."""
    if not amounts:
        return f"not computed{surface.advice('--limit work=30M allows more operations')}"
    layer = max(amounts, key=lambda name: amounts[name])
    return f"{integer(amounts[layer])} bytes ({size(amounts[layer])}) while {layer} runs"


def _memory(key: str, row: Row, amounts: Mapping[str, int]) -> Cell:
    """A memory quantity of a layer or of folded blocks: at inference the largest of its layers, in training their sum.

    None for open blocks, layers that do not run at inference, and where it is unknown.
    """
    if not row.folded:
        layer = row.node.layer
        return Memory(amounts[layer.name]) if layer and layer.name in amounts else None
    layers = [layer.name for node in row.nodes for layer in layers_below(node)]
    found = [amounts[name] for name in layers if name in amounts]
    if key not in PEAKS:
        return Memory(sum(found)) if len(found) == len(layers) else None
    return Memory(max(found)) if found else None


def _line(
    named: NamedRow,
    amounts: Amounts,
    columns: tuple[Column, ...],
    view: SummaryView,
    fields: dict[str, Field | None],
    *,
    memories: dict[str, Mapping[str, int]],
) -> Line:
    row = named.row
    node, figure = row.node, row.figure
    cells = tuple(
        [
            _field(column.key, row, fields)
            if column.key in FIELD_CELLS
            else _memory(column.key, row, memories[column.key])
            if column.key in memories
            else _cell(column.key, named, figure, amounts, view)
            for column in columns
        ]
    )
    return Line(cells, named.level, bool(node.children) and not row.folded, node.training_only)


def _cell(key: str, named: NamedRow, figure: Figure | None, amounts: Amounts, view: SummaryView) -> Cell:
    row = named.row
    node, layer = row.node, None if row.folded else row.node.layer
    if key == "name":
        return named.name
    if key == "type":
        return f"{node.kind} (training)" if node.training_only and (layer or row.folded) else node.kind
    if key == "output":
        last = row.last.output_shape if layer or row.folded else None
        return None if last is None else shape(layer.output_shape if layer else last, view.layout)
    if key == "params" and layer is not None and layer.weights_from:
        return f"as {layer.weights_from}"
    if key == "params" and layer is not None and layer.frozen and not amounts.of_layer(key, row):
        return "frozen"
    if figure is not None and key in SUMS:
        quantity = SUMS[key]
        if amounts.has_own(key):
            return to_cell(quantity.amount(figure, view.batch, DTYPES[view.dtype]), quantity.unit)
        amount = amounts.of_row(key, row) if row.folded else amounts.of_layer(key, row)
        if amount is None:
            return "unknown" if amounts.is_unknown(key, row) and not view.flat else None
        return to_cell(quantity.scaled(amount, view.batch, DTYPES[view.dtype]), quantity.unit)
    if figure is not None and key in SHARE_OF:
        share_of = SHARE_OF[key]
        part = amounts.of_row(share_of, row) if row.folded else amounts.of_layer(share_of, row)
        whole = amounts.total(share_of)
        return Share(part, whole) if part and whole and not node.training_only else None
    return None if layer is None else _of_layer(key, layer, view)


def _same(numbers: Sequence[int | Fraction | None]) -> int | None:
    """A nonzero whole number that is equal along all axes, else None; tables write 0 as empty."""
    first = numbers[0]
    return first if isinstance(first, int) and len(set(numbers)) == 1 and first else None


def _field(key: str, row: Row, fields: dict[str, Field | None]) -> Cell:
    """A number of the receptive field, of a layer or of the last layer in a folded block; None for open blocks."""
    node = row.last
    while row.folded and node.children:
        node = node.children[-1]
    field = fields[node.layer.name] if node.layer else None
    return FIELD_CELLS[key](field) if field else None


def _of_layer(key: str, layer: Layer, view: SummaryView) -> Cell:
    """Cells that only single layers have."""
    if key == "input":
        return Items(shape(sizes, view.layout) for sizes in layer.input_shapes)
    if key == "weights":
        return ", ".join(f"{weight.name} {shape(Shape(weight.shape))}" for weight in layer.weights)
    if key == "inputs":
        return Items(layer.inputs)
    if key == "line":
        return Ordinal(layer.span.line) if layer.span.line else None
    if "kernel" not in layer.figures.type.settings:
        return None
    windows = layer.figures.type.windows(layer.input_shapes)
    if key == "window":
        return window(windows)
    sliding = tuple(axis for axis in windows if isinstance(axis, SlidingWindow))
    if not sliding:
        return None
    return {"kernel": kernel, "stride": stride, "padding": padding}[key](sliding)


# --- below the table ----------------------------------------------------------------------------


def _footer(amounts: Amounts, view: SummaryView) -> list[tuple[str, str]]:
    """The totals, and the layers that dominate them."""
    counted, each, batch = amounts.counted, DTYPES[view.dtype], view.batch
    sums = counted.inference
    plural = "layer" if counted.weight_layers == 1 else "layers"
    notes = [
        *(_own_counts(sums, view) if amounts.recount is None else _tool_counts(amounts.recount, view)),
        ("activations", f"{integer(sums.activations * batch)} ({size(sums.activations * batch * each)})"),
        ("depth", f"{counted.weight_layers} convolution and linear {plural} on the longest path"),
    ]
    if amounts.recount is None and counted.training != counted.inference:
        notes.append(("in training", _training(counted.training, batch)))
    dominant = _dominant(amounts)
    if dominant:
        notes.append(("", dominant))
    for name, module in amounts.recount.added if amounts.recount else ():
        notes.append(("", f"{name} includes the {module.partition('.')[0]} that torchvision runs after it"))
    return notes


def _own_counts(sums: Sum, view: SummaryView) -> list[tuple[str, str]]:
    """The parameters and operations as cnncalc counts them."""
    each, batch = DTYPES[view.dtype], view.batch
    return [
        ("parameters", f"{integer(sums.params)} learnable ({size(sums.params * each)} as {view.dtype})"),
        ("buffers", f"{integer(sums.buffers)} ({size(sums.buffers * each)})" if sums.buffers else "0"),
        ("MACs", integer(sums.macs * batch)),
        ("FLOPs", f"{integer(sums.flops * batch)} (2 x MACs + {integer(_rest(sums.operations) * batch)} others)"),
    ]


def _tool_counts(recount: Recount, view: SummaryView) -> list[tuple[str, str]]:
    """The parameters and operations as a convention counts them."""
    from cnncalc.analyses.recount import explain_missing
    from cnncalc.reports.conventions import explain_unknown

    convention, params, operations = recount.convention, recount.total("params"), recount.total("macs")
    notes = []
    if params is None:
        notes.append(("parameters", explain_missing("params", convention)))
    else:
        notes.append(("parameters", f"{integer(params)} ({size(params * DTYPES[view.dtype])} as {view.dtype})"))
    if operations is not None:
        notes.append((convention.unit, integer(operations * view.batch)))
    elif convention.unit:
        notes.append((convention.unit, explain_unknown(recount.unknown, convention)))
    else:
        notes.append(("operations", explain_missing("macs", convention)))
    return notes


def _rest(operations: Operations) -> int:
    return operations.flops - 2 * operations.multiply_accumulates


def _training(sums: Sum, batch: int) -> str:
    return f"{integer(sums.params)} parameters, {integer(sums.macs * batch)} MACs, including auxiliary heads"


def _dominant(amounts: Amounts) -> str:
    """The note about the layers with most of the parameters and operations."""
    found: list[tuple[str, Row, str]] = []
    for key in ("params", "macs"):
        # The figures of nodes also have layers that exist only in training.
        whole = amounts.total(key)
        row = heaviest(amounts.root, key, lambda row, key=key: amounts.of_row(key, row) or 0) if whole else None  # type: ignore[misc]
        if row is not None and whole:
            share = Share(amounts.of_row(key, row) or 0, whole)
            found.append((key, row, f"{percent(share)} % of the {_noun(key, amounts)}"))
    if len(found) == 2 and found[0][1] == found[1][1]:
        row = found[0][1]
        return f"{full_label(row)} {_verb(row, 'holds', 'hold')} {found[0][2]} and {found[1][2]}"
    verbs = {"params": ("holds", "hold"), "macs": ("does", "do")}
    return "; ".join(f"{full_label(row)} {_verb(row, *verbs[key])} {held}" for key, row, held in found)


def _verb(row: Row, one: str, several: str) -> str:
    return one if row.times == 1 else several
