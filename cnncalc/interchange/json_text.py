"""JSON -> objects that know their line and column."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange.building import TextPlaces, real

Json: TypeAlias = "JsonObject | list[Json] | str | int | float | bool | None"

TOKEN = re.compile(
    r'[ \t\n\r]*(?:(?P<text>"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*){0,1000}")'
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>true|false|null|NaN|-?Infinity)|(?P<sign>[][{},:]))"
)
WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}
LONGEST_WHOLE = 18
LARGEST_NUMBER = 1_000_000_000
# Files of networks are larger than specs: each layer has the settings of its initializers.
VALUES_PER_VALUE = 10


class JsonObject(dict[str, Any]):
    """An object, and where it is. Its questions raise SpecError for values of another kind."""

    def __init__(self, span: Span) -> None:
        super().__init__()
        self.span = span

    def refuse(self, key: str, wanted: str) -> SpecError:
        value = self.get(key)
        shown = "a list" if isinstance(value, list) else quoted(str(value))
        shown = "an object" if isinstance(value, JsonObject) else shown
        return SpecError([Problem(self.span, f"{key} takes {wanted}, not {shown}")])

    def object(self, key: str) -> JsonObject:
        """An object; an empty one if it is missing."""
        value = self.get(key)
        if value is None:
            return JsonObject(self.span)
        if not isinstance(value, JsonObject):
            raise self.refuse(key, "an object")
        return value

    def objects(self, key: str) -> list[JsonObject]:
        """The objects of a list; none if it is missing."""
        value = self.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, JsonObject) for item in value):
            raise self.refuse(key, "a list of objects")
        return value

    def word(self, key: str, default: str = "") -> str:
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.refuse(key, "a text")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refuse(key, "true or false")
        return value

    def number(self, key: str, default: int, least: int = 0) -> int:
        value = self.get(key)
        if value is None:
            return default
        if not is_whole(value, least):
            raise self.refuse(key, f"a whole number from {least} to {LARGEST_NUMBER:,}")
        return int(value)

    def numbers(self, key: str, count: int, default: int, least: int = 0) -> tuple[int, ...]:
        """One whole number for each of `count` axes, from a list of them or one for all."""
        value = self.get(key)
        if value is None:
            value = default
        values = value if isinstance(value, list) else [value] * count
        if len(values) != count or not all(is_whole(item, least) for item in values):
            raise self.refuse(key, f"whole numbers from {least} to {LARGEST_NUMBER:,}, one or {count}")
        return tuple(values)

    def real(self, key: str, default: str) -> str:
        """A number as expressions write it."""
        value = self.get(key)
        return default if value is None else as_real(value, self.span, key)


def is_whole(value: Json, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_NUMBER


def as_real(value: Json, span: Span, key: str) -> str:
    """A number as expressions write it. Raises SpecError for anything else."""
    return real(repr(value) if isinstance(value, int | float) else str(value), span, key)


def parse(text: str, file: str) -> Json:
    """The value of a text. Raises SpecError at the first thing that is not JSON."""
    return _JsonParser(text, file).parse()


class _JsonParser:
    """Reads values within values, as deep as the limits allow."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.places = TextPlaces(text, file)
        self.start = self.position = 0
        self.count = 0
        self.limits = limits.current()

    def parse(self) -> Json:
        value = self._read_value(*self._take(), 0)
        if self.text[self.position :].strip():
            self.start = self.position
            raise self._refusal("the end of the file")
        return value

    def _read_value(self, kind: str, found: str, depth: int) -> Json:
        self.count += 1
        most = VALUES_PER_VALUE * self.limits.values
        if self.count > most:
            raise self._excess(f"the file has more than {most:,} values", "values")
        if depth > self.limits.nesting:
            raise self._excess(f"nested more than {self.limits.nesting} deep", "nesting")
        if kind == "text":
            return _text_of(found)
        if kind == "word":
            return WORDS[found] if found in WORDS else float(found.replace("Infinity", "inf"))
        if kind == "number":
            return int(found) if found.lstrip("-").isdigit() and len(found) <= LONGEST_WHOLE else float(found)
        if found == "{":
            return self._read_object(depth + 1)
        if found == "[":
            return self._read_list(depth + 1)
        raise self._refusal("a value")

    def _read_object(self, depth: int) -> JsonObject:
        values = JsonObject(self._span())
        token = self._take()
        while token != ("sign", "}"):
            if token[0] != "text":
                raise self._refusal("a name in quotes")
            if self._take() != ("sign", ":"):
                raise self._refusal("a colon")
            values[_text_of(token[1])] = self._read_value(*self._take(), depth)
            token = self._next("}")
        return values

    def _read_list(self, depth: int) -> list[Json]:
        values: list[Json] = []
        token = self._take()
        while token != ("sign", "]"):
            values.append(self._read_value(*token, depth))
            token = self._next("]")
        return values

    def _next(self, closing: str) -> tuple[str, str]:
        """The token behind a comma, or the closing sign."""
        token = self._take()
        if token == ("sign", ","):
            token = self._take()
            if token == ("sign", closing):
                raise self._refusal("a value")
        elif token != ("sign", closing):
            raise self._refusal(f"a comma or {closing}")
        return token

    def _excess(self, message: str, key: str) -> SpecError:
        return SpecError([Problem(self._span(), message, limits.raised(key))])

    def _take(self) -> tuple[str, str]:
        match = TOKEN.match(self.text, self.position)
        if match is None:
            self.start = len(self.text) - len(self.text[self.position :].lstrip())
            raise self._refusal("JSON")
        kind = match.lastgroup or ""
        self.start, self.position = match.span(kind)
        return kind, match.group(kind)

    def _span(self) -> Span:
        return self.places.span(self.start)

    def _refusal(self, wanted: str) -> SpecError:
        rest = self.text[self.start : self.start + 20]
        found = quoted(rest) if rest else "the end of the file"
        return SpecError([Problem(self._span(), f"expected {wanted}, not {found}")])


def _text_of(found: str) -> str:
    return found[1:-1] if "\\" not in found else _unescape(found)


def _unescape(found: str) -> str:
    try:
        return str(json.loads(found))
    except ValueError:
        return found[1:-1]
