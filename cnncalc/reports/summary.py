"""The summary of a network as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc import surface
from cnncalc.analyses.totals import Sum, Totals, stored, totals
from cnncalc.analyses.tree import Figure, Node, Row, full_label, heaviest, layers_below, own_figure, tree
from cnncalc.errors import SpecError, listed
from cnncalc.formats.shapes import kernel, padding, shape, stride, window
from cnncalc.formats.table import Cell, Column, Items, Line, Memory, Ordinal, Table, to_cell
from cnncalc.layers.contract import Operations
from cnncalc.layers.shapes import DTYPES, Shape, SlidingWindow
from cnncalc.network.records import Layer, LayerGraph, LeftOut
from cnncalc.record import Record
from cnncalc.reports.network_table import (
    NamedRow,
    describe_inputs,
    name_rows,
    quantity_columns,
    select_layers,
    select_rows,
)
from cnncalc.spec.quantities import MEMORIES, PEAKS, QUANTITIES, SUMS
from cnncalc.text import Share, alike, coordinates, exact, integer, percent, size

if TYPE_CHECKING:
    from cnncalc.analyses.receptive_field import Field

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


def summary(network: LayerGraph, view: SummaryView) -> Table:
    """The per-layer table with its header and footer."""
    kept = stored(network)
    counted = totals(network, kept)
    root = tree(network, kept)
    memories = _memories(network, view)
    notes: list[tuple[str, str]] = _footer(counted, root, view)
    notes += [_memory_note(key, amounts, network) for key, amounts in memories.items()]
    notes += [("", _explain_left_out(each, network)) for each in network.left_out]
    if view.sort or view.top:
        shown, note = _sorted(network, root, view, memories)
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
        _line(each, counted, columns, view, fields, memories=memories) for each in name_rows(shown, is_flat=flat)
    )
    return Table(network.name, _header(network, view), columns, lines, tuple(notes))


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
    network: LayerGraph, root: Node, view: SummaryView, memories: Mapping[str, Mapping[str, int]]
) -> tuple[list[Row], str]:
    """The layers sorted by a quantity, without their blocks."""
    key = view.sort or "params"
    leaves = select_layers(root)
    if key in memories:
        return _sorted_by_memory(network, leaves, view, memories[key])
    quantity = SUMS[key]
    leaves.sort(key=lambda row: (row.node.training_only, -quantity.amount(own_figure(row.node))))
    chosen = leaves[: view.top] if view.top else leaves
    whole = quantity.amount(root.figure)
    part = sum(quantity.amount(own_figure(row.node)) for row in chosen if not row.node.training_only)
    held = f" hold {percent(Share(part, whole))} % of the {_noun(key)}" if whole else ""
    if view.top:
        return chosen, f"the {len(chosen)} heaviest of {len(network.layers)} layers{held}"
    return chosen, f"{len(network.layers)} layers by {_noun(key)}"


def _sorted_by_memory(
    network: LayerGraph, leaves: list[Row], view: SummaryView, amounts: Mapping[str, int]
) -> tuple[list[Row], str]:
    """The layers sorted by a memory quantity, those without one last."""
    leaves.sort(key=lambda row: -amounts.get(row.node.name, -1))
    if not view.top:
        return leaves, f"{len(network.layers)} layers by {_noun(view.sort)}"
    chosen, whole = leaves[: view.top], sum(amounts.values())
    held = ""
    if view.sort not in PEAKS and whole and len(amounts) == len(network.layers):
        part = sum(amounts.get(row.node.name, 0) for row in chosen)
        held = f" hold {percent(Share(part, whole))} % of the {_noun(view.sort)}"
    return chosen, f"the {len(chosen)} heaviest of {len(network.layers)} layers{held}"


def _noun(key: str) -> str:
    return "parameters" if key == "params" else QUANTITIES[key].label


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
    counted: Totals,
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
            else _cell(column.key, named, figure, counted, view)
            for column in columns
        ]
    )
    return Line(cells, named.level, bool(node.children) and not row.folded, node.training_only)


def _cell(key: str, named: NamedRow, figure: Figure | None, counted: Totals, view: SummaryView) -> Cell:
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
    if key == "params" and layer is not None and layer.frozen:
        return "frozen"
    if figure is not None and key in SUMS:
        quantity = SUMS[key]
        return to_cell(quantity.amount(figure, view.batch, DTYPES[view.dtype]), quantity.unit)
    if figure is not None and key in SHARE_OF:
        part, whole = (SUMS[SHARE_OF[key]].amount(figures) for figures in (figure, counted))
        return Share(part, whole) if part and not node.training_only else None
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


def _footer(counted: Totals, root: Node, view: SummaryView) -> list[tuple[str, str]]:
    """The totals, and the layers that dominate them."""
    each = DTYPES[view.dtype]
    sums = counted.inference
    batch = view.batch
    plural = "layer" if counted.weight_layers == 1 else "layers"
    notes = [
        ("parameters", f"{integer(sums.params)} learnable ({size(sums.params * each)} as {view.dtype})"),
        ("buffers", f"{integer(sums.buffers)} ({size(sums.buffers * each)})" if sums.buffers else "0"),
        ("MACs", integer(sums.macs * batch)),
        ("FLOPs", f"{integer(sums.flops * batch)} (2 x MACs + {integer(_rest(sums.operations) * batch)} others)"),
        ("activations", f"{integer(sums.activations * batch)} ({size(sums.activations * batch * each)})"),
        ("depth", f"{counted.weight_layers} convolution and linear {plural} on the longest path"),
    ]
    if counted.training != counted.inference:
        notes.append(("in training", _training(counted.training, batch)))
    dominant = _dominant(root)
    if dominant:
        notes.append(("", dominant))
    return notes


def _rest(operations: Operations) -> int:
    return operations.flops - 2 * operations.multiply_accumulates


def _training(sums: Sum, batch: int) -> str:
    return f"{integer(sums.params)} parameters, {integer(sums.macs * batch)} MACs, including auxiliary heads"


def _dominant(root: Node) -> str:
    """The note about the layers with most of the parameters and operations."""
    found = [(quantity, row) for quantity in ("params", "macs") if (row := heaviest(root, quantity))]
    held = [
        f"{percent(Share(getattr(row.node.figure, quantity) * row.times, getattr(root.figure, quantity)))} %"
        f" of the {_noun(quantity)}"
        for quantity, row in found
    ]
    if len(found) == 2 and found[0][1] == found[1][1]:
        return f"{full_label(found[0][1])} {_verb(found[0][1], 'holds', 'hold')} {held[0]} and {held[1]}"
    verbs = {"params": ("holds", "hold"), "macs": ("does", "do")}
    return "; ".join(
        f"{full_label(row)} {_verb(row, *verbs[quantity])} {share}"
        for (quantity, row), share in zip(found, held, strict=True)
    )


def _verb(row: Row, one: str, several: str) -> str:
    return one if row.times == 1 else several
