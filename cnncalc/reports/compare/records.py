"""Records of comparisons for JSON and its schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, TypeAlias

from cnncalc.analyses.compare import Heaviest, Size, ToolCounts, front
from cnncalc.analyses.stages import Stage, stages
from cnncalc.formats.records import ABSENT, Absent, Count, Flat, Keywords, Number, Positive, fill
from cnncalc.layers.shapes import DTYPES
from cnncalc.record import Record
from cnncalc.reports.compare.networks import ComparedNetwork, ComparisonView, labels, ordered, ratio
from cnncalc.reports.compare.sizes import Results
from cnncalc.reports.convention_records import ConventionCountsRecord, UsedConventionRecord, used_convention
from cnncalc.reports.summary_records import Counts, Input, Memories, Sums, input_of
from cnncalc.spec.quantities import COUNTS, amounts_of, counts_of

Share: TypeAlias = Annotated[float, Keywords(minimum=0)]


class HeaviestRecord(Record):
    """The layers with the most of a quantity, its amount in each of them, and its share of the total."""

    layers: tuple[str, ...]
    each: Count
    share: Share


class BothHeaviestRecord(Record):
    """The heaviest layers of a network."""

    params: HeaviestRecord | None
    macs: HeaviestRecord | None


class CompareRatiosRecord(Record):
    """Counts as multiples of those of another network; null if that has none."""

    ratios: Annotated[Flat, Keywords(**dict.fromkeys(COUNTS, Share | None))]


class CompareNetworkRecord(Record):
    """A network with its figures."""

    spec: str
    name: str
    source: str
    family: str | None
    year: int | None
    input: Input
    sums: Sums
    memories: Memories
    weight_layers: Count
    layers: Count
    receptive_field: tuple[int, ...] | None
    heaviest: BothHeaviestRecord
    pareto: bool
    ratios: CompareRatiosRecord | Absent = ABSENT
    convention_counts: ConventionCountsRecord | Absent = ABSENT


class CompareRecord(Record):
    """Networks side by side; operations and activations are those of the whole batch."""

    schema: Literal[1]
    batch: Positive
    dtype: str
    relative_to: str | None
    networks: Iterator[CompareNetworkRecord]
    convention: UsedConventionRecord | Absent = ABSENT


class FittingSizeRecord(Record):
    """A network at a size of its input."""

    at: Positive
    input: Input
    counts: Counts
    problem: None


class ImpossibleSizeRecord(Record):
    """A size of the input that does not fit a network, with the reason."""

    at: Positive
    problem: str


SizeRecord: TypeAlias = FittingSizeRecord | ImpossibleSizeRecord


class SizesOfNetworkRecord(Record):
    """A network at several input sizes."""

    spec: str
    name: str
    sizes: tuple[SizeRecord, ...]


class SizesComparison(Record):
    """Networks at several input sizes."""

    schema: Literal[1]
    batch: Positive
    at: tuple[Positive, ...]
    networks: Iterator[SizesOfNetworkRecord]


class StageRecord(Record):
    """The layers of a network at one stride, which is null for outputs of one position."""

    stride: Number | None
    sizes: tuple[tuple[int, ...], ...]
    layers: Count
    params: Count
    params_share: Share | None
    macs: Count
    macs_share: Share | None


class StagesOfNetworkRecord(Record):
    """A network stage by stage."""

    spec: str
    name: str
    input: Input
    params: Count
    macs: Count
    stages: tuple[StageRecord, ...]


class StagesComparison(Record):
    """Networks stage by stage."""

    schema: Literal[1]
    batch: Positive
    networks: Iterator[StagesOfNetworkRecord]


RECORDS = (CompareRecord, SizesComparison, StagesComparison)


def comparison_record(entries: Sequence[ComparedNetwork], view: ComparisonView) -> CompareRecord:
    """The record of networks side by side, with all figures, whatever the table shows."""
    names = labels(entries)
    ahead = front([(entry.facts.totals.params, entry.facts.totals.macs) for entry in entries])

    def networks() -> Iterator[CompareNetworkRecord]:
        for place in ordered(entries, names, view):
            yield _network(entries[place], view, _ratios(own[place], own, view), is_ahead=ahead[place])

    # All keys but those of the convention have cnncalc's figures.
    own = [entry._replace(facts=entry.facts._replace(tool=None)) for entry in entries]
    base = None if view.base is None else entries[view.base].spec
    tool = entries[0].facts.tool
    used = ABSENT if tool is None else used_convention(tool.key, tool.convention)
    return CompareRecord(1, view.batch, view.dtype, base, networks(), used)


def _network(
    entry: ComparedNetwork, view: ComparisonView, ratios: CompareRatiosRecord | Absent, *, is_ahead: bool
) -> CompareNetworkRecord:
    network, facts = entry.network, entry.facts
    return fill(
        CompareNetworkRecord,
        network,
        spec=entry.spec,
        family=network.family or None,
        input=input_of(network),
        sums=Flat(amounts_of(facts.totals, view.batch, DTYPES[view.dtype])),
        memories=Flat(facts.memory),
        weight_layers=facts.totals.weight_layers,
        layers=facts.totals.layers,
        receptive_field=facts.field,
        heaviest=BothHeaviestRecord(_heaviest(facts.heaviest_params, 1), _heaviest(facts.heaviest_macs, view.batch)),
        pareto=is_ahead,
        ratios=ratios,
        convention_counts=ABSENT if facts.tool is None else _counts(facts.tool, view.batch),
    )


def _counts(tool: ToolCounts, batch: int) -> ConventionCountsRecord:
    operations = None if tool.operations is None else tool.operations * batch
    return ConventionCountsRecord(operations, tool.params, tuple(tool.unknown))


def _heaviest(found: Heaviest | None, batch: int) -> HeaviestRecord | None:
    return found and HeaviestRecord(found.layers, found.amount * batch, found.amount / found.whole)


def _ratios(
    entry: ComparedNetwork, entries: Sequence[ComparedNetwork], view: ComparisonView
) -> CompareRatiosRecord | Absent:
    if view.base is None:
        return ABSENT
    pairs = {key: ratio(key, entry, entries, view) for key in COUNTS}
    return CompareRatiosRecord(
        Flat({key: pair.part / pair.whole if pair and pair.whole else None for key, pair in pairs.items()})
    )


def sizes_record(results: Results) -> SizesComparison:
    """The record of networks at several input sizes."""
    networks = (
        SizesOfNetworkRecord(spec, name, tuple(_size(one, results.batch) for one in found))
        for spec, name, found in results.networks
    )
    return SizesComparison(1, results.batch, results.sizes, networks)


def _size(one: Size, batch: int) -> SizeRecord:
    if one.network is None or one.totals is None:
        return ImpossibleSizeRecord(one.size, one.reason)
    return FittingSizeRecord(one.size, input_of(one.network), Flat(counts_of(one.totals, batch)), None)


def stages_record(entries: Sequence[ComparedNetwork], batch: int) -> StagesComparison:
    """The record of networks stage by stage."""
    return StagesComparison(1, batch, (_stages(entry, batch) for entry in entries))


def _stages(entry: ComparedNetwork, batch: int) -> StagesOfNetworkRecord:
    params, macs = entry.facts.totals.params, entry.facts.totals.macs

    def record(stage: Stage) -> StageRecord:
        shares = stage.params / params if params else None, stage.macs / macs if macs else None
        return fill(StageRecord, stage, params_share=shares[0], macs=stage.macs * batch, macs_share=shares[1])

    network = entry.network
    found = tuple(map(record, stages(network)))
    return StagesOfNetworkRecord(entry.spec, network.name, input_of(network), params, macs * batch, found)
