"""Records of differences for JSON and its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

from cnncalc.analyses.alignment import Match
from cnncalc.analyses.diff import MOST_TOGETHER, Cause, CostChange, Diff, InputChange, Kind, LayerChange
from cnncalc.analyses.memory_quantities import MemoryQuantities
from cnncalc.formats.records import ABSENT, Absent, Count, Flat, Keywords, NamedShape, Positive, Sizes, fill
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.spec.quantities import COUNTS, MEMORIES, SUMS, amounts_of, counts_of

Differences: TypeAlias = Annotated[Flat, Keywords(**dict.fromkeys(COUNTS, int))]


class DiffNetworkRecord(Record):
    """One of the two networks."""

    name: str
    file: str
    inputs: Annotated[dict[str, Sizes], Keywords(minProperties=1)]
    outputs: tuple[str, ...]


class InputRecord(Record):
    """An input that changed; a cause is named by its place in `causes`, from 0."""

    old: NamedShape | None
    new: NamedShape | None
    cause: Count


class BlockRecord(Record):
    """A block that was renamed, or is in only one of the networks."""

    old: str | None
    new: str | None
    old_type: str | None
    new_type: str | None


class DiffLayerRecord(Record):
    """A layer of one of the networks."""

    name: str
    type: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Sizes, ...]
    output_shape: Sizes
    weights_from: str | None
    training_only: bool
    frozen: bool
    file: str
    line: Positive | None


class SettingRecord(Record):
    """A setting before and after."""

    old: Any
    new: Any


class DifferenceRecord(Record):
    """A difference in every count."""

    differences: Differences


class CostRecord(Record):
    """A difference in every count, at inference and in training."""

    differences: Differences
    training: DifferenceRecord


class ChangeRecord(Record):
    """A changed layer: its direct cost (`own`), and the causes upstream."""

    change: Kind
    old: DiffLayerRecord | None
    new: DiffLayerRecord | None
    settings: dict[str, SettingRecord]
    type_changed: bool
    renamed: bool
    moved: bool
    rewired: bool
    sharing_changed: bool
    cause: Count | None
    own: CostRecord
    downstream_of: tuple[Count, ...]
    downstream: CostRecord
    # Replaces `downstream_of` if more than MOST_TOGETHER causes come together.
    downstream_of_all: Literal[True] | Absent = ABSENT


class CauseRecord(Record):
    """An edit, with its direct and downstream costs."""

    change: Literal["added", "removed", "replaced", "changed", "inputs", "outputs"]
    layers: tuple[str, ...]
    own: CostRecord
    downstream: CostRecord
    reached: tuple[str, ...]


class SharedRecord(Record):
    """The shared cost of several causes."""

    causes: Annotated[tuple[Count, ...], Keywords(minItems=2)]
    cost: CostRecord
    reached: tuple[str, ...]


class AmountRecord(Record):
    """An amount before and after."""

    old: Count
    new: Count
    difference: int


Amounts: TypeAlias = Annotated[Flat, Keywords(**dict.fromkeys(SUMS, AmountRecord))]
# As `Memories` of the summary.
MemoryAmounts: TypeAlias = Annotated[
    Flat, Keywords(**{**dict.fromkeys(MEMORIES, AmountRecord | None), "peak_memory": AmountRecord})
]


class DiffTrainingRecord(Record):
    """The networks' totals in training."""

    sums: Amounts


class DiffTotalsRecord(Record):
    """The networks' totals at inference and in training.

    The arena is null if its plan takes too much work, memory in training if a layer does not tell what it keeps.
    """

    sums: Amounts
    memories: MemoryAmounts
    weight_layers: AmountRecord
    layers: AmountRecord
    training: DiffTrainingRecord


class Difference(Record):
    """A difference; operations and activations are those of the whole batch.

    Each added or removed layer is a change.
    """

    schema: Literal[1]
    old: DiffNetworkRecord
    new: DiffNetworkRecord
    batch: Positive
    changed: bool
    inputs: Iterator[InputRecord]
    blocks: Iterator[BlockRecord]
    changes: Iterator[ChangeRecord]
    causes: Iterator[CauseRecord]
    shared: Iterator[SharedRecord]
    totals: DiffTotalsRecord


# Against a git revision it is a list.
RECORDS = (Difference, tuple[Difference, ...])


def difference_record(facts: Diff, *, batch: int = 1, dtype_size: int = 4) -> Difference:
    """The record of a difference; its lists are made while they are read."""
    return Difference(
        1,
        _network(facts.old),
        _network(facts.new),
        batch,
        facts.anything,
        map(_input, facts.inputs),
        _blocks(facts),
        (_change(change, batch) for change in facts.changes),
        (_cause(cause, batch) for cause in facts.causes),
        (SharedRecord(each.causes, _cost(each.cost, batch), each.reached) for each in facts.shared),
        _totals(facts, batch, dtype_size),
    )


def _network(network: LayerGraph) -> DiffNetworkRecord:
    return fill(DiffNetworkRecord, network, inputs=dict(network.inputs))


def _input(change: InputChange) -> InputRecord:
    def one(side: tuple[str, Shape] | None) -> NamedShape | None:
        return side and NamedShape(*side)

    return InputRecord(one(change.old), one(change.new), change.cause)


def _blocks(facts: Diff) -> Iterator[BlockRecord]:
    for match in facts.root.walk():
        if match.node.layer is None and match.node.depth and _block_changed(match):
            (old, old_type), (new, new_type) = (
                (None, None) if node is None else (node.name, node.kind) for node in (match.old, match.new)
            )
            yield BlockRecord(old, new, old_type, new_type)


def _block_changed(match: Match) -> bool:
    return match.renamed or match.old is None or match.new is None


def _change(change: LayerChange, batch: int) -> ChangeRecord:
    # Listing all causes of each layer would make the text quadratic in the layers.
    is_everyone = len(change.upstream_causes) > MOST_TOGETHER
    return fill(
        ChangeRecord,
        change,
        change=change.kind,
        old=_layer(change.old),
        new=_layer(change.new),
        settings={each.name: SettingRecord(each.old, each.new) for each in change.settings},
        type_changed=change.retyped,
        renamed=change.renamed or change.regrouped,
        sharing_changed=change.shared,
        own=_cost(change.own, batch),
        downstream_of=() if is_everyone else change.upstream_causes,
        downstream=_cost(change.upstream, batch),
        downstream_of_all=True if is_everyone else ABSENT,
    )


def _layer(layer: Layer | None) -> DiffLayerRecord | None:
    return layer and fill(DiffLayerRecord, layer, file=layer.span.file, line=layer.span.line or None)


def _cause(cause: Cause, batch: int) -> CauseRecord:
    kinds = {change.kind for change in cause.changes}
    if cause.roots:
        kind = "replaced" if len(kinds) > 1 else "added" if Kind.ADDED in kinds else "removed"
    else:
        kind = "inputs" if cause.inputs else "outputs" if cause.outputs else "changed"
    layers = tuple(change.layer.name for change in cause.changes)
    return CauseRecord(kind, layers, _cost(cause.own, batch), _cost(cause.downstream, batch), cause.reached)  # type: ignore[arg-type]


def _cost(cost: CostChange, batch: int) -> CostRecord:
    inference, training = (Flat(counts_of(figure, batch)) for figure in (cost.inference, cost.training))
    return CostRecord(inference, DifferenceRecord(training))


def _totals(facts: Diff, batch: int, dtype_size: int) -> DiffTotalsRecord:
    old, new = facts.old_totals, facts.new_totals
    before, now = (
        MemoryQuantities(each, batch=batch, dtype_size=dtype_size).affordable() for each in (facts.old, facts.new)
    )

    def pair(one: int, two: int) -> AmountRecord:
        return AmountRecord(one, two, two - one)

    def known_pair(one: int | None, two: int | None) -> AmountRecord | None:
        return None if one is None or two is None else pair(one, two)

    def sums(*both: Any) -> Flat:
        before, after = (amounts_of(each, batch, dtype_size) for each in both)
        return Flat({key: pair(before[key], after[key]) for key in SUMS})

    return DiffTotalsRecord(
        sums(old.inference, new.inference),
        Flat({key: known_pair(before[key], now[key]) for key in MEMORIES}),
        pair(old.weight_layers, new.weight_layers),
        pair(old.layers, new.layers),
        DiffTrainingRecord(sums(old.training, new.training)),
    )
