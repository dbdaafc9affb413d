"""Records of parameter sharing for JSON and its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from cnncalc.analyses.sharing import Counts, connectivity, sharing
from cnncalc.formats.records import Count, Flat, Keywords, Sizes, fill
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.reports.sharing import WAYS
from cnncalc.reports.summary_records import Input, input_of

Ways: TypeAlias = Annotated[Flat, Keywords(**dict.fromkeys(Counts._fields, Count))]
Ratios: TypeAlias = Annotated[Flat, Keywords(**dict.fromkeys(WAYS, float | None))]


class SharingLayerRecord(Record):
    """A layer with learnable weights, in all variants; its connections are null if they are unknown."""

    name: str
    type: str
    input_shapes: tuple[Sizes, ...]
    output_shape: Sizes
    counts: Ways
    connections: Count | None
    all_connections: Count | None
    weights_from: str | None
    training_only: bool


class SharingTrainingRecord(Record):
    """The totals in training."""

    counts: Ways


class SharingTotalsRecord(Record):
    """The totals at inference; `kept` has parameters that connect nothing, by layer type."""

    counts: Ways
    connections: Count
    all_connections: Count
    macs: Count
    ungrouped_macs: Count
    merged_macs: Count
    kept: dict[str, Count]
    training: SharingTrainingRecord


class SharingRatiosRecord(Record):
    """The ratio of each variant to the current parameters; null if there are none."""

    ratios: Ratios


class SharingRecord(Record):
    """A network's parameters in all variants; all numbers except ratios are exact."""

    schema: Literal[1]
    name: str
    source: str
    input: Input
    layers: Iterator[SharingLayerRecord]
    totals: SharingTotalsRecord
    ratios: SharingRatiosRecord


RECORDS = (SharingRecord,)


def sharing_record(network: LayerGraph) -> SharingRecord:
    """The record of a network; its layers are made while they are read."""
    facts = sharing(network)
    connections, every = facts.connections
    counts, training = Flat(facts.total._asdict()), SharingTrainingRecord(Flat(facts.training._asdict()))
    totals = fill(
        SharingTotalsRecord, facts, counts=counts, connections=connections, all_connections=every, training=training
    )
    ratios = {way: pair.part / pair.whole if pair.whole else None for way in WAYS for pair in [facts.total.ratio(way)]}
    layers = (_layer(layer, counts) for layer, counts in facts.layers)
    return SharingRecord(
        1, network.name, network.source, input_of(network), layers, totals, SharingRatiosRecord(Flat(ratios))
    )


def _layer(layer: Layer, counts: Counts) -> SharingLayerRecord:
    connections, all_connections = connectivity(layer) or (None, None)
    flat = Flat(counts._asdict())
    return fill(SharingLayerRecord, layer, counts=flat, connections=connections, all_connections=all_connections)
