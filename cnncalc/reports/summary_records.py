"""Records of the summary for JSON and its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cnncalc.analyses.memory_quantities import MemoryQuantities
from cnncalc.analyses.receptive_field import Field, receptive_fields
from cnncalc.analyses.totals import Totals, stored, totals
from cnncalc.analyses.tree import Figure
from cnncalc.formats.records import ABSENT, Absent, Count, Flat, Keywords, Number, Positive, Sizes, fill
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.reports.convention_records import (
    ConventionCountsRecord,
    UsedConventionRecord,
    layer_counts,
    network_counts,
    used_convention,
)
from cnncalc.spec.quantities import COUNTS, MEMORIES, SUMS, amounts_of, counts_of

if TYPE_CHECKING:
    from cnncalc.analyses.recount import Recount

Counts: TypeAlias = Annotated[Flat, Keywords(**dict.fromkeys(COUNTS, Count))]
Sums: TypeAlias = Annotated[Flat, Keywords(**dict.fromkeys(SUMS, Count))]
# Null if it takes too much work, or is unknown for a layer. The peak always is known.
Memories: TypeAlias = Annotated[Flat, Keywords(**{**dict.fromkeys(MEMORIES, Count | None), "peak_memory": Count})]
# The shape of the input, or a mapping from names to shapes if there are several.
Input: TypeAlias = Sizes | Annotated[dict[str, Sizes], Keywords(minProperties=2)]


class SummaryFieldRecord(Record):
    """A receptive field with a number for each axis; a stride is null if branches have several."""

    size: tuple[int, ...]
    stride: tuple[Number | None, ...]
    start: tuple[int | None, ...]


class SummaryLayerRecord(Record):
    """A layer with its decoded settings; counts are those of the batch."""

    name: str
    type: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Sizes, ...]
    output_shape: Sizes
    counts: Counts
    weights: dict[str, Annotated[Sizes, Keywords(maxItems=8)]]
    weights_from: str | None
    training_only: bool
    frozen: bool
    receptive_field: SummaryFieldRecord | None
    settings: dict[str, Any]
    file: str
    line: Positive | None
    convention_counts: ConventionCountsRecord | Absent = ABSENT


class SumsRecord(Record):
    """The totals of a network."""

    sums: Sums


class SummaryTotalsRecord(Record):
    """The totals of a network at inference and in training.

    The arena is null if its plan takes too much work, memory in training if a layer does not tell what it keeps.
    """

    sums: Sums
    memories: Memories
    weight_layers: Count
    layers: Count
    training: SumsRecord
    convention_counts: ConventionCountsRecord | Absent = ABSENT


class LeftOutRecord(Record):
    """The layers of a network used as an item that none of the outputs asked for needs."""

    item: str
    layers: Annotated[tuple[str, ...], Keywords(minItems=1)]
    params: Count


class Summary(Record):
    """All figures of a network; operations and activations are those of the whole batch."""

    schema: Literal[1]
    name: str
    source: str
    input: Input
    batch: Positive
    outputs: Annotated[tuple[str, ...], Keywords(minItems=1)]
    left_out: tuple[LeftOutRecord, ...]
    layers: Iterator[SummaryLayerRecord]
    totals: SummaryTotalsRecord
    convention: UsedConventionRecord | Absent = ABSENT


RECORDS = (Summary,)


def summary_record(
    network: LayerGraph, *, batch: int = 1, dtype_size: int = 4, recount: Recount | None = None
) -> Summary:
    """The record of a network, with the counts of a convention, if any; its layers are made while they are read."""
    kept = stored(network)
    memory = MemoryQuantities(network, batch=batch, dtype_size=dtype_size).affordable()
    layers, counted = _layers(network, kept, batch, recount), _totals(totals(network, kept), memory, batch, dtype_size)
    used: UsedConventionRecord | Absent = ABSENT
    if recount is not None:
        used = used_convention(recount.key, recount.convention)
        counted = counted._replace(convention_counts=network_counts(recount, batch))
    left_out = tuple(LeftOutRecord(*each) for each in network.left_out)
    own = {"schema": 1, "input": input_of(network), "batch": batch, "left_out": left_out}
    return fill(Summary, network, **own, layers=layers, totals=counted, convention=used)


def input_of(network: LayerGraph) -> Input:
    """The shape of the input, or a mapping from names to shapes if there are several."""
    return network.inputs[0][1] if len(network.inputs) == 1 else dict(network.inputs)


def _totals(counted: Totals, memory: dict[str, int | None], batch: int, dtype_size: int) -> SummaryTotalsRecord:
    inference, training = (Flat(amounts_of(each, batch, dtype_size)) for each in (counted.inference, counted.training))
    return SummaryTotalsRecord(inference, Flat(memory), counted.weight_layers, counted.layers, SumsRecord(training))


def _layers(
    network: LayerGraph, kept: dict[str, int], batch: int, recount: Recount | None
) -> Iterator[SummaryLayerRecord]:
    fields = receptive_fields(network)
    for layer in network.layers:
        yield fill(
            SummaryLayerRecord,
            layer,
            counts=Flat(counts_of(Figure.of_layer(layer, kept[layer.name]), batch)),
            weights={weight.name: weight.shape for weight in layer.weights},
            receptive_field=_field(fields[layer.name]),
            file=layer.span.file,
            line=layer.span.line or None,
            convention_counts=ABSENT if recount is None else layer_counts(recount, layer, batch),
        )


def _field(field: Field | None) -> SummaryFieldRecord | None:
    if field is None:
        return None
    size, stride, start = (tuple(getattr(axis, key) for axis in field) for key in SummaryFieldRecord._fields)
    return SummaryFieldRecord(size, stride, start)
