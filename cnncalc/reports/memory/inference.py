"""A network's memory at inference, layer by layer, and the plan of its arena, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analyses.arena import ALIGNMENT, Plan, plan
from cnncalc.analyses.inference_memory import InferenceMemory, inference_memory
from cnncalc.analyses.liveness import LiveStep, OutputStorage, Storage
from cnncalc.analyses.tree import Row, layers_below, tree
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Cell, Column, Line, MeasuredMemory, Memory, Table
from cnncalc.languages import Speaker
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.reports.memory.plot import draw_timeline
from cnncalc.reports.network_table import describe_inputs, name_rows, select_layers, select_rows
from cnncalc.text import Share, integer, percent, size

MOST_ROWS = 30
ORDERS = ("file", "best")

# Each column with whether it is numeric, its `drop`, and that of its bars.
COLUMNS = {
    "layer": (False, 0, 0),
    "type": (False, 3, 0),
    "output": (False, 2, 0),
    "size": (True, 1, 0),
    "live": (True, 0, 4),
    "live_share": (True, 5, 0),
}
DEFAULT_COLUMNS = ("layer", "type", "output", "size", "live")
ARENA_COLUMNS = ("tensor", "size", "offset", "end", "first", "last")


class MemoryView(Record):
    """The options of the tables. `depth` 0 folds automatically.

    `folds`: batch norms are folded into the layer before. `exact` is for programs: every layer, sizes in bytes;
    `plots` adds the timeline as a plot.
    """

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    depth: int = 0
    batch: int = 1
    dtype: str = "float32"
    weights_dtype: str = "float32"
    order: str = "file"
    folds: bool = False
    language: str = "en"
    exact: bool = False
    plots: bool = False

    @property
    def element(self) -> int:
        """The bytes of an element of one sample, for the whole batch."""
        return self.batch * DTYPES[self.dtype]

    def memory(self, network: LayerGraph) -> InferenceMemory:
        return inference_memory(network, best=self.order == "best", folds=self.folds)


def memory_table(network: LayerGraph, view: MemoryView) -> Table:
    """The live memory while each layer runs, in the order of execution, with its totals."""
    say = Speaker(view.language, "memory")
    found = view.memory(network)
    steps = {step.layer.name: step for step in found.liveness.steps}
    root = tree(network._replace(layers=tuple(step.layer for step in found.liveness.steps)))
    shown = select_layers(root) if view.exact else select_rows(root, view.depth, MOST_ROWS)
    cells = _MemoryCells(steps, found, say, view)
    named = list(name_rows(shown, is_flat=view.exact, joins_single_parts=True))
    lines = tuple(
        Line(
            tuple(cells.of(key, each.row, each.name) for key in view.columns),
            each.level,
            bool(each.row.node.children) and not each.row.folded,
        )
        for each in named
    )
    columns = tuple(Column(key, say(key), *COLUMNS[key]) for key in view.columns)
    notes = _notes(found, say, view)
    if view.plots:
        notes += _timeline(found, say, view)
    notes += [("", words) for words in _sentences(network, found, say, view)]
    if any(row.folded for row in shown):
        notes.append(("", say("folded", layers=len(steps), rows=len(lines))))
    left_out = say("left_out", columns="{columns}")
    return Table(network.name, _header(network, say, view), columns, lines, tuple(notes), left_out, view.language)


def arena_table(network: LayerGraph, view: MemoryView) -> Table:
    """The plan of an arena: the offset of each tensor. Raises SpecError if it takes too much work."""
    say = Speaker(view.language, "memory")
    found = view.memory(network)
    steps = found.liveness.steps
    planned = plan(found.liveness.storages, view.element)
    lines = []
    for buffer in planned.buffers:
        storage = buffer.storage
        spans = [steps[at].layer.name if steps else None for at in (storage.first, storage.last)]
        name = storage.name if view.exact else _tensor(storage, say)
        # Offsets are exact bytes for people, too.
        places = [each if view.exact else integer(each) for each in (buffer.offset, buffer.end)]
        lines.append(Line((name, Memory(buffer.size), *places, *spans)))
    columns = tuple(
        Column(key, say("aligned") if key == "size" else say(key), key in ("size", "offset", "end"), drop)
        for key, drop in zip(ARENA_COLUMNS, (0, 1, 0, 4, 2, 2), strict=True)
    )
    notes = [*_arena_notes(found, planned, say, view), *_notes(found, say, view)]
    notes += [("", words) for words in _sentences(network, found, say, view)]
    left_out = say("left_out", columns="{columns}")
    header = _header(network, say, view)
    return Table(network.name, header, columns, tuple(lines), tuple(notes), left_out, view.language)


class _MemoryCells:
    """The cells of a row."""

    def __init__(self, steps: dict[str, LiveStep], found: InferenceMemory, say: Speaker, view: MemoryView) -> None:
        self.steps = steps
        self.found = found
        self.say = say
        self.view = view

    def of(self, key: str, row: Row, name: str) -> Cell:
        node = row.node
        layer = None if row.folded else node.layer
        if key == "layer":
            return name
        if key == "type":
            return node.kind
        if key == "output":
            last = row.last.output_shape if layer or row.folded else None
            return None if last is None else shape(layer.output_shape if layer else last)
        if key == "size":
            return None if layer is None else self.size(self.steps[layer.name])
        live = self.live(row)
        if live is None:
            return None
        if key == "live_share":
            return Share(live, self.found.liveness.peak)
        element = self.view.element
        return MeasuredMemory(live * element, self.found.liveness.peak * element)

    def size(self, step: LiveStep) -> Cell:
        """The size of a layer's output, or how it uses the memory of its input."""
        if step.own_storage is OutputStorage.NEW or self.view.exact:
            return Memory(step.output * self.view.element)
        return self.say("in_place" if step.own_storage is OutputStorage.IN_PLACE else "view")

    def live(self, row: Row) -> int | None:
        """The live memory of a layer, or the most in folded blocks; None for an open block, whose rows follow."""
        if not row.folded:
            return self.steps[row.node.layer.name].live if row.node.layer else None
        return max(self.steps[layer.name].live for node in row.nodes for layer in layers_below(node))


# --- below the table ------------------------------------------------------------------------------


def _header(network: LayerGraph, say: Speaker, view: MemoryView) -> tuple[str, ...]:
    inputs = describe_inputs(network, row=say.row)
    scale = say("scale", inputs=inputs, batch=integer(view.batch), dtype=view.dtype)
    return (network.source, scale) if network.source else (scale,)


def describe_bytes(number: int, say: Speaker) -> str:
    """Bytes for people, and exactly."""
    return (
        say("bytes", bytes=integer(number))
        if number < 1024
        else say("amount", size=size(number), bytes=integer(number))
    )


def _tensor(storage: Storage, say: Speaker) -> str:
    """The name of a storage: its first tensor, and the last one that shares its memory."""
    if len(storage.tensors) == 1:
        return storage.name
    return say("shared", first=storage.name, last=storage.tensors[-1])


def _notes(found: InferenceMemory, say: Speaker, view: MemoryView) -> list[tuple[str, str]]:
    """The peak with its tensors, inputs, outputs and weights."""
    live, each = found.liveness, view.element
    peak = describe_bytes(live.peak * each, say)
    if live.at is not None:
        peak = say("peak_at", peak=peak, layer=live.steps[live.at].layer.name)
    alive = [say("named", name=_tensor(one, say), size=size(one.elements * each)) for one in live.alive]
    weight = DTYPES[view.weights_dtype]
    weights = (found.params + found.buffers) * weight
    return [
        (say("peak"), peak),
        (say("alive"), say.row(alive)),
        (say("inputs"), describe_bytes(live.inputs * each, say)),
        (say("outputs"), describe_bytes(live.outputs * each, say)),
        (
            say("weights"),
            say(
                "weights_of",
                size=describe_bytes(weights, say),
                dtype=view.weights_dtype,
                params=integer(found.params),
                buffers=integer(found.buffers),
            ),
        ),
        (say("total"), describe_bytes(live.peak * each + weights, say)),
    ]


def _timeline(found: InferenceMemory, say: Speaker, view: MemoryView) -> list[tuple[str, str]]:
    """The live memory while each layer runs, as a plot."""
    steps, at = found.liveness.steps, found.liveness.at
    if at is None:
        return []
    below = say("axis", peak=steps[at].layer.name, first=steps[0].layer.name, last=steps[-1].layer.name)
    top = size(found.liveness.peak * view.element)
    return draw_timeline([step.live for step in steps], say("timeline"), top, below)


def _arena_notes(found: InferenceMemory, planned: Plan, say: Speaker, view: MemoryView) -> Iterator[tuple[str, str]]:
    bound = found.liveness.peak * view.element
    words = describe_bytes(planned.size, say)
    if planned.size > bound > 0:
        more = percent(Share(planned.size - bound, bound))
        words = say("above_peak", size=words, percent=more, bytes=integer(planned.size - bound))
    yield say("arena"), words
    yield "", say("planner", alignment=ALIGNMENT)


def _sentences(network: LayerGraph, found: InferenceMemory, say: Speaker, view: MemoryView) -> Iterator[str]:
    """Notes about the order of execution, and what the figures assume."""
    live, each = found.liveness, view.element
    if found.is_exact is not None:
        own = size(found.own_peak * each)
        is_smaller = live.peak < found.own_peak
        if found.is_exact:
            yield say("order_exact", own=own) if is_smaller else say("order_same")
        else:
            yield say("order_found", own=own) if is_smaller else say("order_none_found")
    has_batch_norm = any(step.layer.figures.type.role is Role.BATCH_NORM for step in live.steps)
    if has_batch_norm and not view.folds:
        folded = view._replace(folds=True).memory(network).liveness.peak
        if folded != live.peak:
            yield say("if_folded", size=size(folded * each))
    yield say("not_counted")
