"""The memory of a training step as a table: what each layer keeps for the backward pass, and the sum of all parts."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analyses.training_memory import Optimizer, TrainingMemory, check_known, training_memory
from cnncalc.analyses.tree import Row, layers_below, tree
from cnncalc.errors import Problem, SpecError, did_you_mean, quoted
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Cell, Column, Line, MeasuredMemory, Table
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.reports.memory.inference import MOST_ROWS, describe_bytes
from cnncalc.reports.network_table import describe_inputs, name_rows, select_layers, select_rows
from cnncalc.text import integer

OPTIMIZERS = tuple(optimizer.key for optimizer in Optimizer)
DEFAULT_OPTIMIZER = Optimizer.ADAM.key
COLUMNS = {"layer": (False, 0), "type": (False, 2), "output": (False, 1), "kept": (True, 0)}


class TrainingView(Record):
    """The options of the table. `depth` 0 folds automatically; `fit` is the memory that a batch has to fit, or None."""

    depth: int = 0
    batch: int = 1
    dtype: str = "float32"
    optimizer: str = DEFAULT_OPTIMIZER
    mixed: bool = False
    checkpoints: tuple[str, ...] = ()
    fit: int | None = None
    language: str = "en"
    exact: bool = False

    def memory(self, network: LayerGraph) -> TrainingMemory:
        """The memory of a step. Raises SpecError for a pattern without a block, and where a layer is unknown."""
        try:
            found = training_memory(
                network,
                element_size=DTYPES[self.dtype],
                optimizer=Optimizer.named(self.optimizer),
                mixed=self.mixed,
                checkpoints=self.checkpoints,
            )
        except KeyError as error:
            pattern = str(error.args[0])
            blocks = [group.name for group in network.groups]
            hint = did_you_mean(pattern, blocks, "`cnncalc summary --depth all` shows the blocks")
            if not blocks:
                hint = "the network has no blocks; write the layers to recompute as one"
            message = f"--checkpoint {quoted(pattern)} matches no block"
            raise SpecError([Problem(None, message, hint)]) from None
        check_known(network, found, mixed=self.mixed)
        return found


def training_table(network: LayerGraph, view: TrainingView) -> Table:
    """What each layer keeps, largest parts below. Raises SpecError where that is unknown."""
    say = Speaker(view.language, "training")
    found = view.memory(network)
    kept = _kept_by_layer(network, found, view.batch)
    root = tree(network)
    shown = select_layers(root) if view.exact else select_rows(root, view.depth, MOST_ROWS)
    named = list(name_rows(shown, is_flat=view.exact, joins_single_parts=True))
    whole = max(found.saved_for_backward(view.batch), 1)
    lines = tuple(
        Line(
            tuple(_cell(key, each.row, each.name, kept, whole) for key in COLUMNS),
            each.level,
            bool(each.row.node.children) and not each.row.folded,
        )
        for each in named
    )
    columns = tuple(Column(key, say(key), is_numeric, drop) for key, (is_numeric, drop) in COLUMNS.items())
    notes = [*_notes(found, say, view)]
    if any(row.folded for row in shown):
        notes.append(("", say("folded", layers=len(network.layers), rows=len(lines))))
    inputs = describe_inputs(network, row=say.row)
    dtype = say("mixed") if view.mixed else view.dtype
    scale = say("scale", inputs=inputs, batch=integer(view.batch), dtype=dtype, optimizer=view.optimizer)
    header = (network.source, scale) if network.source else (scale,)
    left_out = say("left_out", columns="{columns}")
    return Table(network.name, header, columns, lines, tuple(notes), left_out, view.language)


def _kept_by_layer(network: LayerGraph, found: TrainingMemory, batch: int) -> dict[str, int]:
    """The bytes that each layer keeps until the backward pass; of a recomputed block, the first keeps its input."""
    kept = {each.layer: each.size.amount(batch) for each in found.layers}
    inputs = {block.name: block.kept.amount(batch) for block in found.blocks}
    for layer in network.layers if inputs else ():
        if layer.name not in kept:
            above = (layer.name[:place] for place, letter in enumerate(layer.name) if letter == ".")
            block = next((name for name in above if name in inputs), None)
            kept[layer.name] = 0 if block is None else inputs.pop(block)
    return kept


def _cell(key: str, row: Row, name: str, kept: dict[str, int], whole: int) -> Cell:
    node = row.node
    if key == "layer":
        return name
    if key == "type":
        return node.kind
    if key == "output":
        last = row.last.output_shape if row.folded else node.layer.output_shape if node.layer else None
        return None if last is None else shape(last)
    if row.folded:
        layers = [layer for each in row.nodes for layer in layers_below(each)]
    elif node.layer:
        layers = [node.layer]
    else:
        return None
    return MeasuredMemory(sum(kept.get(layer.name, 0) for layer in layers), whole)


def _notes(found: TrainingMemory, say: Speaker, view: TrainingView) -> Iterator[tuple[str, str]]:
    """The parts of the sum, what recomputation saves and costs, and the largest batch."""
    batch = view.batch
    for key in ("params", "buffers", "gradients", "optimizer_state"):
        yield say(key), describe_bytes(getattr(found, key).amount(batch), say)
    yield say("saved"), describe_bytes(found.saved_for_backward(batch), say)
    yield say("total"), describe_bytes(found.amount(batch), say)
    if found.blocks:
        if block := found.peak_block(batch):
            after_forward = describe_bytes(found.kept.amount(batch), say)
            yield "", say("saved_in_block", block=block, size=after_forward)
        less = found.all_saved.amount(batch) - found.saved_for_backward(batch)
        yield (
            say("recomputed"),
            say(
                "recomputed_of" if less >= 0 else "recomputed_in_vain",
                blocks=integer(len(found.blocks)),
                size=describe_bytes(abs(less), say),
                macs=integer(batch * found.recomputed_macs),
            ),
        )
    if view.fit is not None:
        most = found.fit(view.fit)
        key = "fits_any" if most is None else "fits" if most else "fits_none"
        yield say("fit"), say(key, batch=integer(most or 0), size=describe_bytes(view.fit, say))
    yield "", say("not_counted")
