"""`Record`, the named tuple that all records are: quick to create, and with a short repr.

The record of a network holds all of its layers, which are too long for a prompt.
"""

from __future__ import annotations

from collections import namedtuple
from enum import Enum
from numbers import Rational
from typing import TYPE_CHECKING, Any

__all__ = ["LONGEST", "Record", "cut", "short_value"]

# The longest repr, field, and text or number in a field.
LONGEST = 200
LONGEST_FIELD = 72
LONGEST_TEXT = 48
LONGEST_NUMBER = 128
# Of longer lists, only the length is shown.
MOST_ITEMS = 4
DEEPEST = 3


def _short_repr(record: Any) -> str:
    return cut(f"{type(record).__name__}({', '.join(_fields(record, 0))})", LONGEST)


def short_value(value: object, depth: int = 0) -> str:
    """A short repr of a field's value."""
    if isinstance(value, str):
        return repr(cut(value, LONGEST_TEXT))
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Rational) and (bits := int(value.numerator).bit_length()) > LONGEST_NUMBER:
        return f"<a number of {bits} bits>"
    if isinstance(value, tuple | list | dict | set | frozenset):
        return _collection(value, depth)
    if type(value).__repr__ is object.__repr__:
        return f"<{type(value).__name__}>"
    return cut(repr(value), LONGEST_FIELD)


def cut(text: str, longest: int) -> str:
    """A text, shortened to at most `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _collection(value: Any, depth: int) -> str:
    is_record = hasattr(value, "_fields")
    name = type(value).__name__
    counted = f"{name}(...)" if is_record else f"<{name} of {len(value)}>"
    is_deep = depth >= DEEPEST and not all(isinstance(item, int) for item in value)
    if is_deep or (len(value) > MOST_ITEMS and not is_record):
        return counted
    if is_record:
        text = f"{name}({', '.join(_fields(value, depth))})"
    elif isinstance(value, dict):
        items = [f"{short_value(key, depth + 1)}: {short_value(item, depth + 1)}" for key, item in value.items()]
        text = f"{{{', '.join(items)}}}"
    else:
        inner = ", ".join(short_value(item, depth + 1) for item in value)
        text = f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    return text if len(text) <= LONGEST_FIELD else counted


def _fields(record: Any, depth: int) -> list[str]:
    return [f"{key}={short_value(value, depth + 1)}" for key, value in zip(record._fields, record, strict=True)]


if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:

    class _RecordMaker(type):
        def __new__(cls, name: str, _: tuple[type, ...], body: dict[str, Any]) -> type:
            fields = body["__annotations__"]
            defaults = [body[key] for key in fields if key in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # noqa: PYI024
            made.__repr__ = _short_repr
            for key, value in body.items():
                if key not in fields:
                    setattr(made, key, value)
            return made

    # `typing.NamedTuple` compiles the annotation of every field. Hundreds of records make that a tenth of the start-up;
    # nothing here needs more than their texts.
    Record = type.__new__(_RecordMaker, "Record", (), {"__doc__": "The base of records, written as a `NamedTuple` is."})
