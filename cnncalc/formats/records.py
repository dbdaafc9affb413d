"""Records as JSON and their JSON Schema: both follow from the annotations of a named tuple.

A field is a key. Its type determines its JSON and its schema:

    int, str, bool, float             the same in JSON; `int | Fraction` is a number
    tuple[X, ...], dict[str, X]       a list, an object
    Iterator[X]                       a list with one item per line, made while it is written
    an enumeration                    its values
    another record                    an object
    X | None                          X, or null
    Annotated[X, Keywords(minimum=1)] X, with further keywords of JSON Schema
    Annotated[Flat, Keywords(key=X)]  keys of the record itself, known when the program runs
    Any                               any JSON

A field that may be ABSENT, as its type says, is left out where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from fractions import Fraction
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from cnncalc.formats.json import dumps
from cnncalc.record import Record
from cnncalc.syntax.settings import MOST_AXES
from cnncalc.text import number


class Keywords:
    """Keywords that an annotation adds to a type; hashable, unlike a dictionary, as required for types."""

    def __init__(self, **words: Any) -> None:
        self.words = words


Count: TypeAlias = Annotated[int, Keywords(minimum=0)]
Positive: TypeAlias = Annotated[int, Keywords(minimum=1)]
Sizes: TypeAlias = Annotated[tuple[Positive, ...], Keywords(minItems=1, maxItems=MOST_AXES)]
Number: TypeAlias = int | Fraction

PLAIN = {int: "integer", str: "string", bool: "boolean", float: "number", NoneType: "null"}


class Flat(dict[str, Any]):
    """Additional keys and values of a record."""


class Absent(Enum):
    """The value of an omitted key."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


class NamedShape(Record):
    """A tensor's name and its shape."""

    name: str
    shape: Sizes


Kind = TypeVar("Kind")
# The kinds that are written with indentation, and whether in ASCII alone.
_INDENTED: dict[type, bool] = {}


def indented(*, ascii_only: bool = True) -> Callable[[type[Kind]], type[Kind]]:
    """Have the JSON of a kind of record indented throughout, where people read it as well."""

    def decorate(kind: type[Kind]) -> type[Kind]:
        _INDENTED[kind] = ascii_only
        return kind

    return decorate


def write(record: Any) -> Iterator[str]:
    """The lines of a record as JSON: one key per line, and one item per line in lists that are iterators."""
    if type(record) in _INDENTED:
        yield dumps(to_plain(record), indent=2, ascii_only=_INDENTED[type(record)])
        return
    yield "{"
    yield from _fields(record)
    yield "}"


def write_list(records: Iterable[Any]) -> Iterator[str]:
    """The lines of a list of records, each as in `write`; nothing is written before the first record is made."""
    start = "["
    for record in records:
        yield start
        yield from write(record)
        start = ","
    if start == "[":
        yield start
    yield "]"


def _fields(record: Any) -> Iterator[str]:
    pending = ""
    for key, hint in _hints_of(record).items():
        value = getattr(record, key)
        if value is ABSENT:
            continue
        if pending:
            yield f"{pending},"
        if get_origin(hint) is not Iterator:
            convert = _converter(hint)
            pending = f"  {dumps(_key(key))}: {dumps(convert(value) if convert else value)}"
            continue
        convert = _converter(get_args(hint)[0])
        line = ""
        for item in value:
            yield f"{line}," if line else f"  {dumps(_key(key))}: ["
            line = f"    {dumps(convert(item) if convert else item)}"
        if line:
            yield line
        pending = "  ]" if line else f"  {dumps(_key(key))}: []"
    yield pending


def to_plain(record: Any) -> dict[str, Any]:
    """A record as dictionaries and lists."""
    return _record_converter_of(record)(record)


def fill(kind: Callable[..., Kind], source: object, **given: Any) -> Kind:
    """A record of what is given; its other fields are the attributes of `source` with their names."""
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    return kind(*[given[key] if key in given else getattr(source, key) for key in fields])


def schema(title: str, *kinds: Any) -> dict[str, Any]:
    """The JSON Schema of one of several kinds of records, or of lists of them, `tuple[Record, ...]`."""
    described = [_described(kind) for kind in kinds]
    whole = described[0] if len(described) == 1 else {"anyOf": described}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **whole}


# --- from types ---------------------------------------------------------------------------------


def _hints_of(record: Any) -> dict[str, Any]:
    return _hints(type(record))  # type: ignore[arg-type]  # a type can be hashed


@cache
def _hints(record: type) -> dict[str, Any]:
    return get_type_hints(record, include_extras=True)


def _key(name: str) -> str:
    """The key of a field, without the underscore after names that are keywords of Python."""
    return name.removesuffix("_")


def _is_record(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "_fields")


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """The types of a union, without None."""
    return tuple(each for each in get_args(hint) if each not in (NoneType, Absent))


def _record_converter_of(record: Any) -> Callable[[Any], dict[str, Any]]:
    return _record_converter(type(record))  # type: ignore[arg-type]  # a type can be hashed


@cache
def _record_converter(record: type) -> Callable[[Any], dict[str, Any]]:
    fields = [(_key(name), _converter(hint)) for name, hint in _hints(record).items()]
    keys = [key for key, _ in fields]
    converted = [(key, convert) for key, convert in fields if convert]
    has_flat = any(_is_flat(hint) for hint in _hints(record).values())
    may_be_absent = any(map(_may_be_absent, _hints(record).values()))

    def convert_record(value: Any) -> dict[str, Any]:
        found = dict(zip(keys, value, strict=True))
        for key, convert in converted:
            if found[key] is not ABSENT:
                found[key] = convert(found[key])
        if may_be_absent:
            found = {key: each for key, each in found.items() if each is not ABSENT}
        if not has_flat:
            return found
        flattened: dict[str, Any] = {}
        for key, each in found.items():
            flattened.update(each if isinstance(each, Flat) else {key: each})
        return flattened

    return convert_record


def _may_be_absent(hint: Any) -> bool:
    return Absent in get_args(hint)


def _is_flat(hint: Any) -> bool:
    return get_origin(hint) is Annotated and get_args(hint)[0] is Flat


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    """A function that converts values of a type for `json`; None if they need no conversion."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _flat_converter(arguments[1].words) if arguments[0] is Flat else _converter(arguments[0])
    if origin in (Union, UnionType):
        kinds = _alternatives(hint)
        if any(map(_is_record, kinds)):
            return lambda value: _record_converter_of(value)(value) if hasattr(value, "_fields") else value
        convert = number if Fraction in kinds else next(filter(None, map(_converter, kinds)), None)
        return convert and (lambda value: None if value is None else convert(value))
    if origin in (tuple, dict, Iterator):
        inner = _converter(arguments[1] if origin is dict else arguments[0])
        if inner is None:
            return list if origin is Iterator else None
        each = inner
        if origin is dict:
            return lambda value: {key: each(item) for key, item in value.items()}
        return lambda value: [each(item) for item in value]
    if hint is Any:
        return _generic
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: value.value
    return _record_converter(hint) if _is_record(hint) else None


def _flat_converter(kinds: dict[str, Any]) -> Callable[[Any], Any] | None:
    converters = {key: convert for key, kind in kinds.items() if (convert := _converter(kind))}
    if not converters:
        return None
    return lambda value: Flat(
        {key: converters[key](item) if key in converters else item for key, item in value.items()}
    )


def _generic(value: Any) -> Any:
    """A value of any type: fractions as numbers, tuples as lists."""
    if isinstance(value, dict):
        return {key: _generic(item) for key, item in value.items()}
    return number(value)


def _described(hint: Any) -> dict[str, Any]:
    """The JSON Schema of a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return {}
    if origin is Annotated:
        return {**_described(arguments[0]), **{key: word for each in arguments[1:] for key, word in each.words.items()}}
    if origin in (Union, UnionType):
        kinds = [_described(kind) for kind in _alternatives(hint) if kind is not Fraction]
        if Fraction in arguments:
            kinds = [{"type": "number"} if kind == {"type": "integer"} else kind for kind in kinds]
        if NoneType in arguments:
            kinds.append({"type": "null"})
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (tuple, Iterator):
        return {"type": "array", "items": _described(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _described(arguments[1])}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    return _described_record(hint) if _is_record(hint) else {"type": PLAIN[hint]}


def _described_record(record: type) -> dict[str, Any]:
    """The schema of an object with exactly the keys of a record."""
    properties: dict[str, Any] = {}
    for name, hint in _hints(record).items():
        if _is_flat(hint):
            properties.update({key: _described(kind) for key, kind in get_args(hint)[1].words.items()})
        else:
            properties[_key(name)] = _described(hint)
    optional = {_key(name) for name, hint in _hints(record).items() if _may_be_absent(hint)}
    return {
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key not in optional],
        "additionalProperties": False,
    }
