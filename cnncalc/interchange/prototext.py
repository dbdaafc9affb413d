"""The text format of protocol buffers -> messages whose fields know their line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange.building import TextPlaces, real
from cnncalc.record import Record

TOKEN = re.compile(
    r"(?P<space>\s+|#[^\n]*)|(?P<word>[A-Za-z_]\w*)|(?P<number>[+-]?\.?[0-9][\w.+-]*)"
    r"""|(?P<text>"[^"\\\n]*(?:\\.[^"\\\n]*){0,1000}"|'[^'\\\n]*(?:\\.[^'\\\n]*){0,1000}')|(?P<sign>[][{}<>:;,])|(?P<wrong>.)"""
)
CLOSING = {"{": "}", "<": ">"}
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
FLAGS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
LARGEST_NUMBER = 1_000_000_000


class TextMessage(Record):
    """A message: the values of each of its fields, in the order of the text."""

    fields: dict[str, list[TextField]]
    span: Span

    def get(self, key: str) -> TextField | None:
        """The last value of a field, which is the one that counts."""
        values = self.fields.get(key)
        return values[-1] if values else None

    def messages(self, key: str) -> list[TextMessage]:
        """The messages of a repeated field. Raises SpecError for a value that is none."""
        return [field.as_message(key) for field in self.fields.get(key, ())]

    def message(self, key: str) -> TextMessage:
        """A field that is a message; an empty one if it is missing."""
        field = self.get(key)
        return field.as_message(key) if field else TextMessage({}, self.span)

    def words(self, key: str) -> tuple[str, ...]:
        """The texts and words of a repeated field."""
        return tuple(field.as_text(key) for field in self.fields.get(key, ()))

    def word(self, key: str, default: str = "") -> str:
        """A text or a word."""
        field = self.get(key)
        return field.as_text(key) if field else default

    def numbers(self, key: str, least: int = 0, most: int = LARGEST_NUMBER) -> tuple[int, ...]:
        """The whole numbers of a repeated field. Raises SpecError for anything else."""
        return tuple(field.as_number(key, least, most) for field in self.fields.get(key, ()))

    def number(self, key: str, default: int, least: int = 0, most: int = LARGEST_NUMBER) -> int:
        """A whole number. Raises SpecError for anything else."""
        field = self.get(key)
        return field.as_number(key, least, most) if field else default

    def real(self, key: str, default: str) -> str:
        """A number as expressions write it. Raises SpecError for anything else."""
        field = self.get(key)
        return real(field.as_text(key), field.span, key) if field else default

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false. Raises SpecError for anything else."""
        field = self.get(key)
        if field is None:
            return default
        text = field.as_text(key)
        if text.lower() not in FLAGS:
            raise SpecError([Problem(field.span, f"{key} takes true or false, not {quoted(text)}")])
        return FLAGS[text.lower()]


class TextField(Record):
    """A value of a field, and where it is."""

    value: str | TextMessage
    span: Span

    def as_message(self, key: str) -> TextMessage:
        if isinstance(self.value, TextMessage):
            return self.value
        raise SpecError([Problem(self.span, f"{key} takes fields in braces, not {quoted(self.value)}")])

    def as_text(self, key: str) -> str:
        if isinstance(self.value, str):
            return self.value
        raise SpecError([Problem(self.span, f"{key} takes a value, not fields in braces")])

    def as_number(self, key: str, least: int, most: int) -> int:
        text = self.as_text(key)
        if WHOLE.fullmatch(text) and least <= int(text) <= most:
            return int(text)
        message = f"{key} takes a whole number from {least} to {most:,}, not {quoted(text)}"
        raise SpecError([Problem(self.span, message)])


class TextToken(Record):
    """A piece of the text; an empty kind is its end."""

    kind: str
    text: str
    span: Span


def parse(text: str, file: str) -> TextMessage:
    """The message of a text. Raises SpecError at the first thing that is not of the format."""
    return TextFormatParser(text, file).parse()


class TextFormatParser:
    """Keeps the messages that are open in a list, so that no text can nest too deep for Python."""

    def __init__(self, text: str, file: str) -> None:
        self.tokens = _scan(text, file)
        self.fields = 0
        self.limits = limits.current()
        self.token = next(self.tokens)

    def parse(self) -> TextMessage:
        root = TextMessage({}, self.token.span)
        opened: list[tuple[TextMessage, str]] = [(root, "")]
        while True:
            message, closing = opened[-1]
            token = self._take()
            if not token.kind:
                if closing:
                    raise SpecError([Problem(message.span, "this is not closed", f"add {closing} to its end")])
                return root
            if token.kind == "sign" and token.text == closing:
                opened.pop()
            elif token.kind == "word":
                values = message.fields.setdefault(token.text, [])
                inner = self._read_value(token, values)
                if inner is not None:
                    opened.append(inner)
                    if len(opened) > self.limits.nesting:
                        hint = limits.raised("nesting")
                        raise SpecError([Problem(token.span, f"nested more than {self.limits.nesting} deep", hint)])
            elif token.text not in (",", ";"):
                _refuse(token, f"a field, such as name: value{f', or {closing}' if closing else ''}")

    def _read_value(self, name: TextToken, values: list[TextField]) -> tuple[TextMessage, str] | None:
        """Read what follows the name of a field; of a message only its beginning, with the sign that ends it."""
        has_colon = self.token.text == ":" and self.token.kind == "sign"
        if has_colon:
            self._take()
        token = self._take()
        if token.kind == "sign" and token.text in CLOSING:
            message = TextMessage({}, name.span)
            self._append(values, message, name.span)
            return message, CLOSING[token.text]
        if not has_colon:
            _refuse(token, f"a colon or a brace after {quoted(name.text)}")
        if token.kind == "sign" and token.text == "[":
            while (token := self._take()).text != "]" or token.kind != "sign":
                if token.kind != "sign" or token.text != ",":
                    self._append(values, self._text_of(token), token.span)
        else:
            self._append(values, self._text_of(token), token.span)
        return None

    def _text_of(self, token: TextToken) -> str:
        """The text of a value; texts beside each other are one."""
        if token.kind not in ("word", "number", "text"):
            _refuse(token, "a value")
        parts = [token.text]
        while token.kind == "text" and self.token.kind == "text":
            parts.append(self._take().text)
        return "".join(parts)

    def _append(self, values: list[TextField], value: str | TextMessage, span: Span) -> None:
        self.fields += 1
        if self.fields > self.limits.values:
            message = f"the file has more than {self.limits.values:,} fields"
            raise SpecError([Problem(span, message, limits.raised("values"))])
        values.append(TextField(value, span))

    def _take(self) -> TextToken:
        token = self.token
        if token.kind:
            self.token = next(self.tokens)
        return token


def _scan(text: str, file: str) -> Iterator[TextToken]:
    """The tokens of a text, without space and comments."""
    places = TextPlaces(text, file)
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "space":
            continue
        span = places.span(match.start())
        found = match.group()
        if kind == "wrong":
            raise SpecError([Problem(span, f"{quoted(found)} has no place here")])
        if kind == "text":
            found = re.sub(r"\\(.)", r"\1", found[1:-1])
        yield TextToken(kind, found, span)
    yield TextToken("", "", places.span(len(text)))


def _refuse(token: TextToken, wanted: str) -> NoReturn:
    found = quoted(token.text) if token.kind else "the end of the file"
    raise SpecError([Problem(token.span, f"expected {wanted}, not {found}")])
