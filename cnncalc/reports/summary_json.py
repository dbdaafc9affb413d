"""The summary of a network as JSON: stable keys, one layer a line, and the JSON Schema of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnncalc.analyses.receptive_field import Field, receptive_fields
from cnncalc.analyses.totals import stored, totals
from cnncalc.analyses.tree import Figure
from cnncalc.formats.json import dumps, object_of
from cnncalc.network.records import Layer, Network
from cnncalc.spec.quantities import COUNTS, SUMS, amounts_of, counts_of
from cnncalc.text import number

VERSION = 1


def write(network: Network, *, batch: int = 1, dtype_size: int = 4) -> Iterator[str]:
    """The lines of the JSON text. Operations and activations are of the whole batch."""
    inputs: Any = {name: list(shape) for name, shape in network.inputs}
    if len(network.inputs) == 1:
        (inputs,) = inputs.values()
    head = {
        "schema": VERSION,
        "name": network.name,
        "source": network.source,
        "input": inputs,
        "batch": batch,
        "outputs": list(network.outputs),
    }
    yield "{"
    for key, value in head.items():
        yield f"  {dumps(key)}: {dumps(value)},"
    yield '  "layers": ['
    fields = receptive_fields(network)
    kept = stored(network)
    for position, layer in enumerate(network.layers):
        comma = "," if position + 1 < len(network.layers) else ""
        yield f"    {dumps(_layer(layer, kept[layer.name], fields[layer.name], batch))}{comma}"
    yield "  ],"
    counted = totals(network, kept)
    whole = {
        **amounts_of(counted.inference, batch, dtype_size),
        "weight_layers": counted.weight_layers,
        "layers": counted.layers,
        "training": amounts_of(counted.training, batch, dtype_size),
    }
    yield f'  "totals": {dumps(whole)}'
    yield "}"


def _layer(layer: Layer, stored: int, field: Field | None, batch: int) -> dict[str, Any]:
    return {
        "name": layer.name,
        "type": layer.type,
        "inputs": list(layer.inputs),
        "input_shapes": [list(shape) for shape in layer.input_shapes],
        "output_shape": list(layer.output_shape),
        **counts_of(Figure.of_layer(layer, stored), batch),
        "weights": {weight.name: list(weight.shape) for weight in layer.weights},
        "weights_from": layer.weights_from,
        "training_only": layer.training_only,
        "receptive_field": None if field is None else _field(field),
        "settings": {key: number(value) for key, value in layer.settings.items()},
        "file": layer.span.file,
        "line": layer.span.line,
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "size": [number(axis.size) for axis in field],
        "stride": [number(axis.stride) for axis in field],
        "start": [number(axis.start) for axis in field],
    }


def schema() -> dict[str, Any]:
    """The JSON Schema of what `write` gives."""
    count = {"type": "integer", "minimum": 0}
    shape = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 4}
    numbers = {"type": "array", "items": {"type": "number"}}
    sums = dict.fromkeys(SUMS, count)
    layer = object_of(
        {
            "name": {"type": "string"},
            "type": {"type": "string"},
            "inputs": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "input_shapes": {"type": "array", "items": shape, "minItems": 1},
            "output_shape": shape,
            **dict.fromkeys(COUNTS, count),
            "weights": {"type": "object", "additionalProperties": shape | {"maxItems": 8}},
            "weights_from": {"type": ["string", "null"]},
            "training_only": {"type": "boolean"},
            "receptive_field": {
                "anyOf": [{"type": "null"}, object_of({"size": numbers, "stride": numbers, "start": numbers})]
            },
            "settings": {"type": "object"},
            "file": {"type": "string"},
            "line": {"type": "integer", "minimum": 1},
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cnncalc summary",
        **object_of(
            {
                "schema": {"const": VERSION},
                "name": {"type": "string"},
                "source": {"type": "string"},
                "input": {"anyOf": [shape, {"type": "object", "additionalProperties": shape, "minProperties": 2}]},
                "batch": {"type": "integer", "minimum": 1},
                "outputs": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "layers": {"type": "array", "items": layer},
                "totals": object_of({**sums, "weight_layers": count, "layers": count, "training": object_of(sums)}),
            }
        ),
    }
