"""What changed between two networks as JSON: stable keys, one change a line, and the JSON Schema of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cnncalc.analyses.alignment import Match
from cnncalc.analyses.diff import MOST_TOGETHER, Cause, Cost, Diff, InputChange, Kind, LayerChange
from cnncalc.analyses.totals import Totals
from cnncalc.analyses.tree import Figure
from cnncalc.network import Layer, Network
from cnncalc.report.format import number
from cnncalc.report.json import dumps
from cnncalc.shapes import Shape

VERSION = 1
PER_SAMPLE = ("macs", "flops", "activations")


def write(facts: Diff, *, batch: int = 1) -> Iterator[str]:
    """The lines of the JSON text. Operations and activations are of the whole batch.

    Layers that were added or removed are changes, each by itself; `blocks` has blocks that were renamed, or are in
    one of the networks alone. A cause is named by its place in `causes`, from 0. `downstream_of_all` stands where all
    causes come together, and there are more than MOST_TOGETHER.
    """
    yield "{"
    yield f'  "schema": {VERSION},'
    yield f'  "old": {dumps(_network(facts.old))},'
    yield f'  "new": {dumps(_network(facts.new))},'
    yield f'  "batch": {batch},'
    yield f'  "changed": {dumps(facts.anything)},'
    yield from _list("inputs", map(_input, facts.inputs))
    yield from _list("blocks", _blocks(facts))
    yield from _list("changes", (_change(change, batch) for change in facts.changes))
    yield from _list("causes", (_cause(cause, batch) for cause in facts.causes))
    together = (
        {"causes": list(each.causes), "cost": _cost(each.cost, batch), "reached": list(each.reached)}
        for each in facts.shared
    )
    yield from _list("shared", together)
    yield f'  "totals": {dumps(_totals(facts.old_totals, facts.new_totals, batch))}'
    yield "}"


def _list(key: str, items: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A key with a list, an item a line."""
    lines = [dumps(item) for item in items]
    if not lines:
        yield f'  "{key}": [],'
        return
    yield f'  "{key}": ['
    yield from (f"    {line}{',' if place + 1 < len(lines) else ''}" for place, line in enumerate(lines))
    yield "  ],"


def _network(network: Network) -> dict[str, Any]:
    return {
        "name": network.name,
        "file": network.file,
        "inputs": {name: list(shape) for name, shape in network.inputs},
        "outputs": list(network.outputs),
    }


def _input(change: InputChange) -> dict[str, Any]:
    def one(side: tuple[str, Shape] | None) -> dict[str, Any] | None:
        return None if side is None else {"name": side[0], "shape": list(side[1])}

    return {"old": one(change.old), "new": one(change.new), "cause": change.cause}


def _blocks(facts: Diff) -> Iterator[dict[str, Any]]:
    for match in facts.root.walk():
        if match.node.layer is None and match.node.depth and _block_changed(match):
            yield {
                "old": match.old and match.old.name,
                "new": match.new and match.new.name,
                "old_type": match.old and match.old.kind,
                "new_type": match.new and match.new.kind,
            }


def _block_changed(match: Match) -> bool:
    return match.renamed or match.old is None or match.new is None


def _change(change: LayerChange, batch: int) -> dict[str, Any]:
    # Each layer with all causes would make the text grow with the square of the layers.
    everyone = len(change.upstream_causes) > MOST_TOGETHER
    return {
        "change": change.kind.value,
        "old": _layer(change.old),
        "new": _layer(change.new),
        "settings": {each.name: {"old": number(each.old), "new": number(each.new)} for each in change.settings},
        "type_changed": change.retyped,
        "renamed": change.renamed or change.regrouped,
        "moved": change.moved,
        "rewired": change.rewired,
        "sharing_changed": change.shared,
        "cause": change.cause,
        "own": _cost(change.own, batch),
        "downstream_of": [] if everyone else list(change.upstream_causes),
        **({"downstream_of_all": True} if everyone else {}),
        "downstream": _cost(change.upstream, batch),
    }


def _layer(layer: Layer | None) -> dict[str, Any] | None:
    if layer is None:
        return None
    return {
        "name": layer.name,
        "type": layer.type,
        "inputs": list(layer.inputs),
        "input_shapes": [list(shape) for shape in layer.input_shapes],
        "output_shape": list(layer.output_shape),
        "weights_from": layer.weights_from,
        "training_only": layer.training_only,
        "file": layer.span.file,
        "line": layer.span.line,
    }


def _cause(cause: Cause, batch: int) -> dict[str, Any]:
    kinds = {change.kind for change in cause.changes}
    kind = "inputs" if cause.inputs else "outputs" if cause.outputs else "changed"
    if cause.roots:
        kind = "replaced" if len(kinds) > 1 else "added" if Kind.ADDED in kinds else "removed"
    return {
        "change": kind,
        "layers": [change.layer.name for change in cause.changes],
        "own": _cost(cause.own, batch),
        "downstream": _cost(cause.downstream, batch),
        "reached": list(cause.reached),
    }


def _cost(cost: Cost, batch: int) -> dict[str, Any]:
    """The numbers at inference, and those of training where they are others."""
    return {**_figure(cost.inference, batch), "training": _figure(cost.training, batch)}


def _figure(figure: Figure, batch: int) -> dict[str, int]:
    return {key: value * (batch if key in PER_SAMPLE else 1) for key, value in figure._asdict().items()}


def _totals(old: Totals, new: Totals, batch: int) -> dict[str, Any]:
    def row(one: int, two: int) -> dict[str, int]:
        return {"old": one, "new": two, "difference": two - one}

    def sums(one: Any, two: Any) -> dict[str, Any]:
        scales = {key: batch if key in PER_SAMPLE else 1 for key in Figure._fields}
        return {key: row(getattr(one, key) * scale, getattr(two, key) * scale) for key, scale in scales.items()}

    return {
        **sums(old.inference, new.inference),
        "weight_layers": row(old.weight_layers, new.weight_layers),
        "layers": row(old.layers, new.layers),
        "training": sums(old.training, new.training),
    }


def schema() -> dict[str, Any]:
    """The JSON Schema of what `cnncalc diff` writes: what `write` gives or, against a revision, a list of it."""
    whole, word, flag = ({"type": kind} for kind in ("integer", "string", "boolean"))
    count = {"type": "integer", "minimum": 0}
    shape = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 4}
    names = {"type": "array", "items": word}
    optional = {"type": ["string", "null"]}
    figure = dict.fromkeys(Figure._fields, whole)
    cost = _object({**figure, "training": _object(figure)})
    layer = _object(
        {
            "name": word,
            "type": word,
            "inputs": names,
            "input_shapes": {"type": "array", "items": shape, "minItems": 1},
            "output_shape": shape,
            "weights_from": optional,
            "training_only": flag,
            "file": word,
            "line": {"type": "integer", "minimum": 0},
        }
    )
    network = _object(
        {
            "name": word,
            "file": word,
            "inputs": {"type": "object", "additionalProperties": shape, "minProperties": 1},
            "outputs": names,
        }
    )
    change = _object(
        {
            "change": {"enum": [kind.value for kind in Kind]},
            "old": _or_null(layer),
            "new": _or_null(layer),
            "settings": {"type": "object", "additionalProperties": _object({"old": {}, "new": {}})},
            "type_changed": flag,
            "renamed": flag,
            "moved": flag,
            "rewired": flag,
            "sharing_changed": flag,
            "cause": _or_null(count),
            "own": cost,
            "downstream_of": {"type": "array", "items": count},
            "downstream": cost,
        }
    )
    change["properties"]["downstream_of_all"] = {"const": True}
    cause = _object(
        {
            "change": {"enum": ["added", "removed", "replaced", "changed", "inputs", "outputs"]},
            "layers": names,
            "own": cost,
            "downstream": cost,
            "reached": names,
        }
    )
    together = _object({"causes": {"type": "array", "items": count, "minItems": 2}, "cost": cost, "reached": names})
    side = _or_null(_object({"name": word, "shape": shape}))
    row = _object({"old": count, "new": count, "difference": whole})
    sums = dict.fromkeys(Figure._fields, row)
    block = _object(dict.fromkeys(("old", "new", "old_type", "new_type"), optional))
    difference = _object(
        {
            "schema": {"const": VERSION},
            "old": network,
            "new": network,
            "batch": {"type": "integer", "minimum": 1},
            "changed": flag,
            "inputs": _array(_object({"old": side, "new": side, "cause": count})),
            "blocks": _array(block),
            "changes": _array(change),
            "causes": _array(cause),
            "shared": _array(together),
            "totals": _object({**sums, "weight_layers": row, "layers": row, "training": _object(sums)}),
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cnncalc diff",
        "$defs": {"difference": difference},
        "anyOf": [{"$ref": "#/$defs/difference"}, _array({"$ref": "#/$defs/difference"})],
    }


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "null"}, schema]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
