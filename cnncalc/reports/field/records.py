"""Records of receptive fields, of all layers or of one, for JSON and its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from cnncalc.analyses.receptive_field import Field, Gate, Misalignment, fields
from cnncalc.analyses.regions import Region
from cnncalc.formats.records import Count, Keywords, Number, Sizes, fill
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.reports.field.layer import FieldOfLayer
from cnncalc.reports.field.output import outside, slices


class LayerFieldRecord(Record):
    """The field on one input, with a number for each axis; a stride is null if branches have several."""

    size: tuple[int, ...]
    stride: tuple[Number | None, ...]
    strides: tuple[tuple[Number, ...], ...]
    start: tuple[int, ...]
    center: tuple[Number, ...]
    period: tuple[int, ...]
    whole: tuple[bool, ...]


# By the name of the input; null if the field has no rule.
FieldsOfInputs: TypeAlias = dict[str, LayerFieldRecord | None]


class FieldLayerRecord(Record):
    """A layer."""

    name: str
    type: str
    output_shape: Sizes
    training_only: bool


class LayerFieldsRecord(Record):
    """A layer with its fields."""

    name: str
    type: str
    output_shape: Sizes
    training_only: bool
    fields: FieldsOfInputs


class MisalignmentRecord(Record):
    """A join whose branches are not aligned along an axis of an input."""

    layer: str
    input: str
    axis: Count
    flaw: Literal["strides", "gap", "centers", "axes", "parts"]
    numbers: tuple[Number, ...]


class NetworkFields(Record):
    """The fields of all layers of a network."""

    schema: Literal[1]
    name: str
    source: str
    inputs: dict[str, Sizes]
    through_gates: bool
    layers: Iterator[LayerFieldsRecord]
    misalignments: tuple[MisalignmentRecord, ...]
    gates: tuple[Gate, ...]


class StepRecord(Record):
    """A layer on the widest path, with its field; without a start if the path reads nothing."""

    layer: str
    size: int
    stride: Number
    start: int | None


Run: TypeAlias = Annotated[tuple[int, ...], Keywords(minItems=2, maxItems=2)]


class ReadRecord(Record):
    """The positions that an output reads of an input: runs along each axis, and positions in the padding."""

    runs: tuple[tuple[Run, ...], ...]
    slice: str
    slice_channels_first: str
    padding: tuple[tuple[Run, ...], ...]
    exact: bool


class OutputRecord(Record):
    """One output, with the positions that it reads of each input; null if following it takes too long."""

    position: tuple[Count, ...]
    reads: dict[str, ReadRecord | None] | None


class LayerField(Record):
    """The growth of one layer's field, and the positions that one of its outputs reads."""

    schema: Literal[1]
    name: str
    inputs: dict[str, Sizes]
    through_gates: bool
    layer: FieldLayerRecord
    fields: FieldsOfInputs
    paths: dict[str, int | None]
    widest: dict[str, tuple[tuple[StepRecord, ...], ...]]
    output: OutputRecord
    misalignments: tuple[MisalignmentRecord, ...]
    gates: tuple[Gate, ...]


RECORDS = (NetworkFields, LayerField)


def fields_record(network: LayerGraph, *, through_gates: bool) -> NetworkFields:
    """The record of a network's fields; its layers are made while they are read."""
    found = fields(network, through_gates=through_gates)
    return NetworkFields(
        1,
        network.name,
        network.source,
        dict(network.inputs),
        through_gates,
        (fill(LayerFieldsRecord, layer, fields=_fields(found.of(layer.name))) for layer in network.layers),
        tuple(map(_misalignment, found.misalignments)),
        found.gates,
    )


def layer_record(subject: FieldOfLayer) -> LayerField:
    """The record of a layer's field."""
    return LayerField(
        1,
        subject.network.name,
        dict(subject.network.inputs),
        subject.query.through_gates,
        fill(FieldLayerRecord, subject.layer),
        _fields(subject.fields),
        subject.found.paths[subject.layer.name],
        {
            name: tuple(_path(subject, name, axis) for axis in range(len(own)))
            for name, own in subject.fields.items()
            if own
        },
        OutputRecord(subject.position, _reads(subject)),
        tuple(map(_misalignment, subject.misalignments)),
        subject.gates,
    )


def _fields(own: dict[str, Field | None]) -> FieldsOfInputs:
    return {name: None if field is None else _field(field) for name, field in own.items()}


def _field(field: Field) -> LayerFieldRecord:
    return LayerFieldRecord(*(tuple(getattr(axis, key) for axis in field) for key in LayerFieldRecord._fields))


def _path(subject: FieldOfLayer, name: str, axis: int) -> tuple[StepRecord, ...]:
    steps = []
    for step in subject.found.path(subject.layer.name, name, axis).steps():
        start = step.reach.at(0)
        at = step.layer.name if step.layer else name
        steps.append(StepRecord(at, step.reach.size, step.reach.stride, None if start is None else start[0]))
    return tuple(steps)


def _reads(subject: FieldOfLayer) -> dict[str, ReadRecord | None] | None:
    regions = subject.regions
    return None if regions is None else {name: _read(subject, name, regions[name]) for name in subject.fields}


def _read(subject: FieldOfLayer, name: str, read: Region) -> ReadRecord | None:
    if not read.boxes:
        return None
    extents = subject.found.extent(subject.layer.name, name, subject.position)
    beyond = [[] if end is None else outside(end, size) for end, size in zip(extents, read.shape.spatial, strict=True)]
    hwc, chw = slices(subject.name_of(name), read)
    runs = tuple(tuple(read.along(axis)) for axis in range(read.shape.rank))
    return ReadRecord(runs, hwc, chw, tuple(map(tuple, beyond)), read.exact)


def _misalignment(each: Misalignment) -> MisalignmentRecord:
    flaw = each.flaw.name.lower()
    return MisalignmentRecord(each.layer, each.input, each.axis, flaw, each.numbers)  # type: ignore[arg-type]
