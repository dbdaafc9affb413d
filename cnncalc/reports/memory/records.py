"""Records of a network's memory for JSON and its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from cnncalc.analyses.arena import ALIGNMENT, Plan, plan
from cnncalc.analyses.inference_memory import InferenceMemory
from cnncalc.analyses.liveness import OutputStorage
from cnncalc.formats.records import ABSENT, Absent, Count, Keywords, Positive, Sizes
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.reports.memory.inference import MemoryView
from cnncalc.reports.memory.training import TrainingView
from cnncalc.reports.summary_records import Input, input_of


class LiveLayerRecord(Record):
    """A layer in the order of execution: the bytes of its own output, and of all live tensors while it runs."""

    name: str
    type: str
    output_shape: Sizes
    storage: OutputStorage
    size: Count
    live: Count


class LiveTensorRecord(Record):
    """Memory that one or more tensors use, by their names."""

    tensors: Annotated[tuple[str, ...], Keywords(minItems=1)]
    size: Count


class MemoryPeakRecord(Record):
    """The largest sum of live tensors, the layer that runs then, and the tensors that are alive."""

    size: Count
    layer: str | None
    tensors: tuple[LiveTensorRecord, ...]


class WeightsMemoryRecord(Record):
    """The memory of the weights."""

    dtype: str
    params: Count
    buffers: Count
    size: Count


class ArenaBufferRecord(Record):
    """The place of tensors in the arena; its positions in the order of execution are the first and last step."""

    tensors: Annotated[tuple[str, ...], Keywords(minItems=1)]
    offset: Count
    size: Count
    first: Count
    last: Count


class ArenaRecord(Record):
    """The plan of the arena."""

    size: Count
    alignment: Positive
    buffers: tuple[ArenaBufferRecord, ...]


class MemoryRecord(Record):
    """A network's memory at inference, in bytes, for the whole batch.

    `exact` tells whether no other order has a smaller peak; null for the order of the file.
    """

    schema: Literal[1]
    name: str
    source: str
    input: Input
    batch: Positive
    dtype: str
    order: Literal["file", "best"]
    exact: bool | None
    folded_batch_norm: bool
    peak: MemoryPeakRecord
    peak_in_file_order: Count
    inputs: Count
    outputs: Count
    weights: WeightsMemoryRecord
    total: Count
    arena: ArenaRecord | Absent
    layers: Iterator[LiveLayerRecord]


class KeptLayerRecord(Record):
    """A layer, and the bytes that it is the first to keep for the backward pass."""

    name: str
    type: str
    output_shape: Sizes
    kept: Count


class RecomputationRecord(Record):
    """A block that runs again in the backward pass: the bytes that it keeps, those of its second run, and its MACs."""

    name: str
    kept: Count
    recomputed: Count
    macs: Count


class TrainingMemoryRecord(Record):
    """The memory of a training step in bytes. `fitting_batch` is null if any batch fits.

    `peak_block` is the recomputed block during whose backward pass the most is kept; null if that is when the forward
    pass ends.
    """

    schema: Literal[1]
    name: str
    source: str
    input: Input
    batch: Positive
    dtype: str
    mixed_precision: bool
    optimizer: str
    params: Count
    buffers: Count
    gradients: Count
    optimizer_state: Count
    saved_for_backward: Count
    total: Count
    recomputed: tuple[RecomputationRecord, ...]
    peak_block: str | None
    fitting_batch: Count | Absent | None
    layers: Iterator[KeptLayerRecord]


RECORDS = (MemoryRecord, TrainingMemoryRecord)


def memory_record(network: LayerGraph, view: MemoryView, *, arena: bool = False) -> MemoryRecord:
    """The record of a network, with the plan of its arena if `arena`; its layers are made while they are read."""
    found = view.memory(network)
    live, each = found.liveness, view.element
    weight = DTYPES[view.weights_dtype]
    weights = (found.params + found.buffers) * weight
    return MemoryRecord(
        1,
        network.name,
        network.source,
        input_of(network),
        view.batch,
        view.dtype,
        view.order,  # type: ignore[arg-type]  # one of ORDERS
        found.is_exact,
        view.folds,
        MemoryPeakRecord(
            live.peak * each,
            None if live.at is None else live.steps[live.at].layer.name,
            tuple(LiveTensorRecord(one.tensors, one.elements * each) for one in live.alive),
        ),
        found.own_peak * each,
        live.inputs * each,
        live.outputs * each,
        WeightsMemoryRecord(view.weights_dtype, found.params, found.buffers, weights),
        live.peak * each + weights,
        _arena(plan(live.storages, each)) if arena else ABSENT,
        _layers(found, each),
    )


def _arena(planned: Plan) -> ArenaRecord:
    buffers = tuple(
        ArenaBufferRecord(one.storage.tensors, one.offset, one.size, one.storage.first, one.storage.last)
        for one in planned.buffers
    )
    return ArenaRecord(planned.size, ALIGNMENT, buffers)


def _layers(found: InferenceMemory, each: int) -> Iterator[LiveLayerRecord]:
    for step in found.liveness.steps:
        layer = step.layer
        yield LiveLayerRecord(
            layer.name, layer.type, layer.output_shape, step.own_storage, step.output * each, step.live * each
        )


def training_record(network: LayerGraph, view: TrainingView) -> TrainingMemoryRecord:
    """The record of a network. Raises SpecError where what a layer keeps is unknown."""
    found, batch = view.memory(network), view.batch
    kept = {each.layer: each.size.amount(batch) for each in found.layers}
    return TrainingMemoryRecord(
        1,
        network.name,
        network.source,
        input_of(network),
        batch,
        view.dtype,
        view.mixed,
        view.optimizer,
        found.params.amount(batch),
        found.buffers.amount(batch),
        found.gradients.amount(batch),
        found.optimizer_state.amount(batch),
        found.saved_for_backward(batch),
        found.amount(batch),
        tuple(
            RecomputationRecord(
                block.name, block.kept.amount(batch), block.recomputed.amount(batch), batch * block.macs
            )
            for block in found.blocks
        ),
        found.peak_block(batch),
        ABSENT if view.fit is None else found.fit(view.fit),
        (
            KeptLayerRecord(layer.name, layer.type, layer.output_shape, kept.get(layer.name, 0))
            for layer in network.layers
        ),
    )
