"""The JSON Schema of the spec language, derived from the declarations, for completion and checks in editors.

Draft 7, which the editors' YAML services support best. Editors read scalars as YAML 1.2 does; a text is
an expression wherever a number, true, false or a list is wanted, so that what it comes to is left
to cnncalc, as are names: a word that is no layer type may be a block of the file.

Every alternative of an `anyOf` has another JSON type, as far as can be: then an editor knows which of
them was meant, and shows what is wrong at its place; where none is nearest, it is the first that it
shows. `errorMessage` and `patternErrorMessage` are words of the services of VS Code, which others pass over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from cnncalc import layers
from cnncalc.layers.contract import LayerType
from cnncalc.reports.reference import (
    BRANCH_DOCS,
    CONTAINER_DOCS,
    JOIN_DOC,
    MODIFIER_DOCS,
    NETWORK_DOCS,
    TOP_DOCS,
    TYPE_CALL_DOCS,
    declare,
    signature,
    summary_of,
)
from cnncalc.spec.guards import BOUNDS, EXPECT, LIMITED
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.spec.records import BRANCH_KEYS, MODIFIERS, NETWORK, NETWORK_MODIFIERS, RESERVED, SET, TYPE, is_one_list
from cnncalc.syntax.settings import JsonSchema, Setting
from cnncalc.text import number

# Letters, digits and _, not beginning with a digit. What is not ASCII is taken for letters: the
# regular expressions of editors and of Python differ in what they call one.
LETTER = r"[^\x00-@\[-^`{-\x7f]"
WORD_CHARACTER = r"[^\x00-/:-@\[-^`{-\x7f]"
# The channels and up to three spatial axes.
MAX_SIZES = 4
NAME = rf"{LETTER}{WORD_CHARACTER}*"
# Names of layers may also hold - + / . and expressions in braces.
LAYER_NAME = r"^([^\x00-*,:-@\[-^`{-\x7f]|\{[^{}]*\})+$"
BRANCH_NAME = r"^[^\x00-*,.:-@\[-^`{-\x7f]+$"


def write() -> Iterator[str]:
    """The lines of the schema's JSON text."""
    yield json.dumps(schema(), indent=2)


def schema() -> JsonSchema:
    """The JSON Schema of a spec."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cnncalc spec",
        "description": "A convolutional network: its input, and its layers from the first to the last.",
        "type": "object",
        "properties": {key: {"description": doc, **_top(key)} for key, doc in TOP_DOCS.items()},
        "additionalProperties": False,
        # A spec that starts from another needs nothing of its own, and a library has blocks alone.
        "if": {"anyOf": [{"required": ["extends"]}, _library()]},
        "else": {"required": ["input", "layers"]},
        "definitions": {**_shared(), **_layers()},
    }


def _library() -> JsonSchema:
    """A file of blocks for other specs."""
    others = ("input", "layers", "outputs", "override", *BOUNDS, "assert")
    return {"required": ["blocks"], "not": {"anyOf": [{"required": [key]} for key in others]}}


def _shared() -> dict[str, JsonSchema]:
    """Definitions that several places of a spec use."""
    return {
        "expression": {
            "type": "string",
            "minLength": 1,
            "description": "an expression, such as 64 * 2 ** index, kernel // 2 or in_channels",
        },
        "value": {"anyOf": _value()},
        "sizes": {"anyOf": _sizes()},
        "name": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": LAYER_NAME}]},
        "names": {"anyOf": [_reference("name"), _list(_reference("name"), minItems=1)]},
        "loop": {
            "type": "object",
            "additionalProperties": {"anyOf": [_list(_reference("argument")), _reference("expression")]},
            "propertyNames": {"pattern": rf"^\s*{NAME}(\s*,\s*{NAME})*\s*$"},
            "minProperties": 1,
        },
        # A block takes layer types with their settings as well, such as act: {leaky_relu: 0.1}.
        "argument": {"anyOf": [*_value("argument"), _reference("type with arguments")]},
        "type with arguments": {
            "type": "object",
            "additionalProperties": _reference("arguments"),
            "propertyNames": _word(),
            "minProperties": 1,
            "maxProperties": 1,
        },
        "arguments": {
            "anyOf": [
                {"type": "object", "additionalProperties": _reference("argument"), "propertyNames": _word()},
                *_value("argument"),
            ],
        },
        "items": {"anyOf": [_list(_reference("item")), {"type": "null"}]},
        "item": _item(),
        "branch": _branch(),
        "branches": {
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": _reference("branch"),
                    "propertyNames": {"pattern": BRANCH_NAME},
                    "minProperties": 1,
                },
                _list(_reference("branch"), minItems=1),
            ]
        },
    }


def _reference(definition: str) -> JsonSchema:
    return {"$ref": f"#/definitions/{definition}"}


def _same(definition: str) -> JsonSchema:
    """A reference that allows keywords beside it: draft 7 ignores keywords beside a bare $ref."""
    return {"allOf": [_reference(definition)]}


def _list(items: JsonSchema, **bounds: int) -> JsonSchema:
    return {"type": "array", "items": items, **bounds}


def _word() -> JsonSchema:
    return {"pattern": f"^{NAME}$"}


def _value(item: str = "value") -> list[JsonSchema]:
    """A value, or a list of the definition `item`."""
    return [{"type": ["number", "boolean", "string", "null"]}, _list(_reference(item))]


def _sizes() -> list[JsonSchema]:
    """The sizes of an input, channels first: a list, the channels alone, or an expression."""
    size = {"type": "integer", "minimum": 1}
    expression = _reference("expression")
    return [_list({"anyOf": [size, expression]}, minItems=1, maxItems=MAX_SIZES), size, expression]


def _top(key: str) -> JsonSchema:
    """The schema of a top-level key's value."""
    text = {"type": ["string", "number"]}
    several = {
        "type": "object",
        "additionalProperties": _reference("sizes"),
        "propertyNames": {**_word(), "not": {"enum": list(RESERVED)}},
        "minProperties": 1,
    }
    signatures = rf"^\s*{NAME}\s*(\(.*\))?\s*$"
    # A block may not have the name of a layer type.
    words = "|".join((*layers.all_types(), *(word for word in CONTAINER_DOCS if word != NETWORK)))
    taken = rf"^\s*({words})\s*(\(|$)"
    schemas: dict[str, JsonSchema] = {
        "name": text,
        "source": text,
        "family": text,
        "task": text,
        "year": {"type": "integer", "minimum": 1000, "maximum": 2999},
        "extends": {"anyOf": [_file(), _list(_file(), minItems=1)]},
        "override": {
            "type": ["object", "null"],
            "additionalProperties": {"type": "object", "additionalProperties": _reference("value")},
        },
        "input": {"anyOf": [several, *_sizes()], "examples": [[3, 224, 224]]},
        "variables": {
            "type": ["object", "null"],
            "additionalProperties": _reference("argument"),
            "propertyNames": _word(),
        },
        "blocks": {
            "type": ["object", "null"],
            "additionalProperties": {"description": "the layers of the block", **_same("items")},
            "propertyNames": {"pattern": signatures, "not": {"pattern": taken}},
        },
        "layers": _list(_reference("item"), minItems=1),
        "outputs": _same("names"),
        **{guard: _guards(guard) for guard in BOUNDS},
        "assert": {"anyOf": [_list({"type": "string", "minLength": 1}), {"type": ["string", "null"]}]},
    }
    return schemas[key]


def _file() -> JsonSchema:
    """The name of a spec: a file of the same folder, a bundled network, or a library of blocks."""
    return {"type": "string", "pattern": r"^(blocks/)?[^/\\]+$"}


def _guards(guard: str) -> JsonSchema:
    """The schema of `budget` or `expect`: quantities with a value or a mapping of bounds."""
    names = "|".join(QUANTITIES if guard == EXPECT else LIMITED)
    bounds = {
        "type": "object",
        "properties": {word: {"description": doc, **_same("value")} for word, doc in BOUNDS[guard].items()},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": rf"^([^.]+\.)*({names})$"},
        "additionalProperties": {"anyOf": [bounds, *_value()]},
    }


# --- items --------------------------------------------------------------------------------------


def _item() -> JsonSchema:
    """An item of a list of layers: a mapping of one type and its modifiers, or a word."""
    kinds = layers.all_types()
    incomplete = [*(name for name, kind in kinds.items() if _required(kind)), *CONTAINER_DOCS, *MODIFIERS]
    return {
        "anyOf": [
            {
                "type": "string",
                "pattern": rf"^(?!({'|'.join(incomplete)})$){NAME}$",
                "patternErrorMessage": "write settings: only blocks and some layer types need none",
            },
            {
                "type": "object",
                "title": "layer",
                "properties": {
                    **{name: _reference(f"layer.{name}") for name in kinds},
                    "layers": {"description": CONTAINER_DOCS["layers"], **_same("items")},
                    "branch": {"description": CONTAINER_DOCS["branch"], **_same("branches")},
                    NETWORK: {"description": CONTAINER_DOCS[NETWORK], **_file()},
                    **{key: {"description": MODIFIER_DOCS[key], **_modifier(key)} for key in MODIFIERS},
                    **{key: {"description": NETWORK_DOCS[key], **_modifier(key)} for key in NETWORK_MODIFIERS},
                    **{key: {"description": doc, **_type_call(key)} for key, doc in TYPE_CALL_DOCS.items()},
                },
                "additionalProperties": {
                    "description": "arguments of the block, by position or by name",
                    **_same("arguments"),
                },
                "propertyNames": _word(),
                # An item has a type, and beside that of a layer only modifiers.
                "if": {"type": "object", "propertyNames": {"enum": list(MODIFIERS)}},
                "then": {"required": ["a type"], "errorMessage": "this item has no type: name a layer type or a block"},
                "dependencies": {
                    **{name: {"propertyNames": _beside(name)} for name in (*kinds, *CONTAINER_DOCS)},
                    SET: {"anyOf": [{"required": [TYPE]}, {"required": [NETWORK]}]},
                },
                "maxProperties": len(MODIFIERS) + len(NETWORK_MODIFIERS) + 1,
            },
        ]
    }


def _type_call(key: str) -> JsonSchema:
    """What stands behind a key of an item whose type is the value of an expression."""
    return _same("expression") if key == TYPE else _same("arguments")


def _beside(name: str) -> JsonSchema:
    """The keys that are allowed beside a type."""
    message = f"this key cannot be beside {name}: indent settings below it, and begin another layer with '- '"
    return {"enum": [name, *MODIFIERS, *(NETWORK_MODIFIERS if name == NETWORK else ())], "errorMessage": message}


def _modifier(key: str) -> JsonSchema:
    """The schema of a modifier's value, of an item or of a branch."""
    one_each = {"type": "object", "additionalProperties": _reference("name"), "minProperties": 1}
    frozen = {"enum": list(layers.all_types())}
    schemas: dict[str, JsonSchema] = {
        "name": {**_same("name"), "not": {"enum": list(RESERVED)}},
        "from": {"anyOf": [_reference("names"), one_each]},
        "repeat": {"anyOf": [{"type": "integer", "minimum": 0}, _reference("expression")]},
        "for": _same("loop"),
        "when": {"anyOf": [{"type": "boolean"}, _reference("expression")]},
        "weights": _same("name"),
        "share_weights": {"type": "boolean", "default": False},
        "frozen": {"anyOf": [{"type": "boolean"}, frozen, _list(frozen, minItems=1)], "default": False},
        "training_only": {"type": "boolean", "default": False},
        "layers": _same("items"),
        "set": {"type": "object", "additionalProperties": _reference("value"), "propertyNames": _word()},
        "outputs": _same("names"),
    }
    return schemas[key]


def _branch() -> JsonSchema:
    """A branch: a list of layers, or a mapping of it and of its modifiers."""
    return {
        "anyOf": [
            {
                "type": "object",
                "properties": {key: {"description": BRANCH_DOCS[key], **_modifier(key)} for key in BRANCH_KEYS},
                "additionalProperties": False,
            },
            _list(_reference("item")),
            {"type": "null"},
        ]
    }


# --- layers -------------------------------------------------------------------------------------


def _layers() -> dict[str, JsonSchema]:
    """A definition for each layer type, and one for each of its settings."""
    definitions = {}
    for kind in layers.all_types().values():
        definitions[f"layer.{kind.name}"] = {
            "title": kind.name,
            "description": _description(kind),
            "anyOf": _join(kind) if kind.is_merge else _ways(kind),
        }
        for setting in kind.settings.values():
            definitions[f"layer.{kind.name}.{setting.name}"] = _setting(setting)
    return definitions


def _description(kind: type[LayerType]) -> str:
    """A description of a type in a few lines, for editors."""
    inside = signature(kind)
    return f"{summary_of(kind)}\n\n{kind.name}({inside})" if inside else summary_of(kind)


def _settings(kind: type[LayerType]) -> dict[str, JsonSchema]:
    return {name: _reference(f"layer.{kind.name}.{name}") for name in kind.settings}


def _required(kind: type[LayerType]) -> list[str]:
    return [setting.name for setting in kind.settings.values() if setting.required]


def _ways(kind: type[LayerType]) -> list[JsonSchema]:
    """The schema of a layer type's arguments: settings by name, by position, or only the main one."""
    settings = _settings(kind)
    required = _required(kind)
    one_list = is_one_list(tuple(kind.settings.values()))
    main = next(iter(kind.settings.values()), None)
    ways: list[JsonSchema] = []
    if main is not None and set(required) <= {main.name}:
        alone = _setting(main)["anyOf"]
        ways += [choice for choice in alone if one_list or choice.get("type") != "array"]
    by_name = {"title": f"settings of {kind.name}", "type": "object", "properties": settings}
    ways.append({**by_name, "additionalProperties": False, **({"required": required} if required else {})})
    if not one_list:
        # What is required comes first: a list that is long enough holds all of it.
        by_position = {"type": "array", "minItems": len(required), "maxItems": len(settings)}
        ways.append({**by_position, "items": list(settings.values())} if settings else by_position)
    if not required and {"type": "null"} not in ways:
        ways.append({"type": "null"})
    return ways


def _join(kind: type[LayerType]) -> list[JsonSchema]:
    """What stands behind a join: its settings and branches; nothing where its inputs are named beside it.

    A join with a setting that is required has it alone, by name or by position.
    """
    by_name = {
        "type": "object",
        "title": f"branches of {kind.name}",
        "properties": {**_settings(kind), "branches": {"description": JOIN_DOC, **_same("branches")}},
        "additionalProperties": {"description": "a branch: a list of layers", **_same("branch")},
        "propertyNames": {"pattern": BRANCH_NAME},
    }
    if required := _required(kind):
        by_position = {"type": "array", "minItems": len(required), "maxItems": len(kind.settings)}
        return [
            {**by_name, "required": required},
            _reference(f"layer.{kind.name}.{required[0]}"),
            {**by_position, "items": list(_settings(kind).values())},
        ]
    return [by_name, _list(_reference("branch"), minItems=1), {"type": "null"}]


def _setting(setting: Setting) -> JsonSchema:
    """The schema of a setting, with its description and default."""
    values = _with_expressions(setting.schema())
    described: JsonSchema = {
        "title": setting.name,
        "description": f"{setting.doc}\n\n{declare(setting).values}",
        **values,
    }
    if setting.required:
        return described
    if setting.default is None:
        described["anyOf"].append({"type": "null"})
        return described
    return {**described, "default": number(setting.default)}


def _with_expressions(literal: JsonSchema) -> JsonSchema:
    """A schema of literal values, with an expression allowed instead of any of them."""
    opened = [
        {**choice, "items": _with_expressions(choice["items"])} if choice.get("type") == "array" else choice
        for choice in literal.get("anyOf", [literal])
    ]
    return {"anyOf": [*opened, _reference("expression")]}
