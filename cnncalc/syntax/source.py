"""YAML text -> nodes that know their line and column.

Scalars stay text here, and settings determine how they are read (`no` is not a boolean, `1e6` is a
number if a setting takes numbers). Nodes are built from the parser's events, without the types of
YAML (dates, octals, tags, merge keys).
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

import yaml

from cnncalc import limits
from cnncalc.errors import LONGEST_QUOTE, Problem, Span, SpecError, ascii_lookalike, quoted
from cnncalc.record import Record

# The pure Python parser, which explains mistakes, would take minutes for longer texts.
LONGEST_WORDED = 200_000
# A mistake this close to the end of a truncated text may come from the truncation.
LONGEST_ESCAPE = 10
# Specs need no directives, and libyaml compares each with all previous ones.
MOST_DIRECTIVES = 10

NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(Record):
    """A text. `plain` means written without quotes.

    `literal` means that the file has the same characters as `text`, one column each: no escapes, one line.
    """

    text: str
    plain: bool
    span: Span
    literal: bool = True

    @property
    def is_null(self) -> bool:
        return self.plain and self.text in NULLS

    @property
    def text_column(self) -> int | None:
        """The column of the text's first character; None if the file writes the text differently."""
        if not self.literal:
            return None
        return self.span.column + (0 if self.plain else 1)


class Sequence(Record):
    """A list of nodes."""

    items: tuple[Node, ...]
    span: Span

    @property
    def is_null(self) -> bool:
        return False


class Mapping(Record):
    """Keys and their nodes, in the order of the file; keys are unique."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span

    @property
    def is_null(self) -> bool:
        return False

    def get(self, key: str) -> Node | None:
        return next((node for name, node in self.entries if name.text == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


def kind(node: Node) -> str:
    """The kind of a node, for a message: `a list`, `the text 'abc'`."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    return "nothing" if node.is_null else f"the text {quoted(node.text)}"


def read(path: str) -> bytes:
    """The bytes of a spec file, or of standard input for `-`: at most one more than the limit.

    Raises SpecError if the file is missing, a directory, or unreadable.
    """
    most = limits.current().bytes + 1
    try:
        if path != "-":
            with open(path, "rb") as file:
                data = file.read(most)
        elif sys.stdin is None:
            raise SpecError([Problem(None, "standard input is closed", "name a file instead of -")])
        else:
            data = sys.stdin.buffer.read(most)
    except IsADirectoryError:
        raise SpecError([Problem(None, f"{path}: is a directory", "name a file in it")]) from None
    except FileNotFoundError:
        reason = "is a broken link" if os.path.islink(path) else "no such file"
        raise SpecError([Problem(None, f"{path}: {reason}")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError([Problem(None, f"{path}: cannot be read: {reason}")]) from None
    return data


def text_of(data: bytes, shown: str) -> str:
    """The text of a spec's bytes, which messages show as the file `shown`. A byte order mark is dropped.

    Raises SpecError if there are too many bytes, or if they are not UTF-8.
    """
    most = limits.current().bytes
    if len(data) > most:
        message = f"{shown}: is larger than {most:,} bytes"
        raise SpecError([Problem(None, message, limits.raised("bytes"))])
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SpecError([Problem(Span(shown, 1, 1), "the file is UTF-16", "save it as UTF-8")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in data:
            hint = "name a text file; `cnncalc show vgg16` prints an example"
            raise SpecError([Problem(None, f"{shown}: is a binary file", hint)]) from None
        # The offsets in the error refer to `object`, which has no byte order mark.
        before = error.object[: error.start].decode("utf-8")
        message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8"
        raise SpecError([Problem(_place(before, shown), message, "save the file as UTF-8")]) from None


def _place(before: str, file: str) -> Span:
    """The place after the text `before`."""
    lines = re.split(r"\r\n|[\r\n]", before)
    return Span(file, len(lines), len(lines[-1]) + 1)


def parse(text: str, file: str) -> Node:
    """The only document of a YAML text. Raises SpecError for the first problem."""
    refuse_unreadable(text, file)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Composer(file).compose(iter(yaml.parse(text, loader)))
    except (yaml.YAMLError, ValueError) as error:
        refusal = error
    raise SpecError([_explain_refusal(text, file, refusal)])


def _explain_refusal(text: str, file: str, refusal: yaml.YAMLError | ValueError) -> Problem:
    """The problem of a text that a parser refuses, with the same message for every parser.

    libyaml has its own messages, and since 0.2.6 its own nesting limit, which it applies before it reports outer
    levels. The pure Python parser is slow and reads only the beginning. Raises SpecError if one of our limits ends it.
    """
    mark = getattr(refusal, "problem_mark", None)
    if mark is None or mark.index <= LONGEST_WORDED:
        beginning = text[:LONGEST_WORDED]
        try:
            _Composer(file).compose(iter(yaml.parse(beginning, yaml.SafeLoader)))
        except yaml.MarkedYAMLError as error:
            end = len(text) if len(text) == len(beginning) else LONGEST_WORDED - LONGEST_ESCAPE
            if error.problem_mark is not None and error.problem_mark.index <= end:
                refusal = error
        except (yaml.YAMLError, ValueError):
            # The parser cannot convert the escape \U00110000, or a version number of 5,000 digits.
            pass
    if isinstance(refusal, yaml.MarkedYAMLError):
        return _not_yaml(refusal, file, text)
    return Problem(Span(file, 1, 1), f"not valid YAML: {refusal}")


def refuse_unreadable(text: str, file: str) -> None:
    """Raise SpecError for text that the parsers refuse, or for which they take very long."""
    if wrong := yaml.reader.Reader.NON_PRINTABLE.search(text):
        message = f"the character U+{ord(wrong.group()):04X} is not allowed in YAML"
        hint = "remove it" if wrong.group() != "\0" else "remove it, or save the file as UTF-8"
        raise SpecError([Problem(_place(text[: wrong.start()], file), message, hint)])
    directives = islice(re.finditer(r"^%", text, re.MULTILINE), MOST_DIRECTIVES, None)
    if excess := next(directives, None):
        message = f"more than {MOST_DIRECTIVES} lines begin with %, like directives"
        raise SpecError(
            [Problem(_place(text[: excess.start()], file), message, "remove them: a spec needs no directives")]
        )


def _not_yaml(error: yaml.MarkedYAMLError, file: str, text: str) -> Problem:
    """The parser's error in terms of specs, at the place of the mistake."""
    complaint = str(error.problem)
    mark, opened = error.problem_mark, error.context_mark
    if NESTED in complaint and mark is not None:
        return _nested_too_deep(Span(file, mark.line + 1, mark.column + 1))
    if conflict := re.search(r"^(?:<{7}|>{7}) .*", text, re.MULTILINE):
        return Problem(_place(text[: conflict.start()], file), "unresolved merge conflict", "keep one side")
    if mark and (problem := _lookalike(text, mark, opened, file) or _indented_below(text, mark, complaint, file)):
        return problem
    if mark and BESIDE in complaint and _lines(text)[mark.line][: mark.column].rstrip().endswith(("]", "}")):
        # After a bracket, a word is the same mistake as a comma.
        complaint = complaint.replace(BESIDE, BESIDE_COMMA)
    known = next((mistake for mistake in YAML_MISTAKES if mistake.complaint in complaint), None)
    message, hint = (known.message, known.hint) if known else (f"not valid YAML: {complaint}", "")
    # A missing closing bracket is noticed only at the end, or where the text makes no sense.
    if opened is not None and known is not None and known.at_start:
        if message == NOT_CLOSED and mark is not None and mark.line == opened.line and END not in complaint:
            message = "a comma or the closing bracket is missing before this"
            hint = "add it, or quote text with brackets or commas, such as 'depths[0]'"
        else:
            mark = opened
    span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file, 1, 1)
    return Problem(span, message, hint)


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)


def _lookalike(text: str, mark: yaml.Mark, opened: yaml.Mark | None, file: str) -> Problem | None:
    """The problem of a character that looks like one of YAML's, where the parser stopped or before."""
    lines = _lines(text)
    for number in (opened.line if opened else mark.line - 1, mark.line - 1, mark.line):
        line = re.split(r"(?:^|\s)#|[\'\"]", lines[number])[0] if 0 <= number < len(lines) else ""
        if number < mark.line:
            # After its colon, the line may have text in another language.
            line = line.partition(": ")[0]
        for column, character in enumerate(line, start=1):
            if sign := ascii_lookalike(character):
                message = f"{quoted(character)} (U+{ord(character):04X}) is not {quoted(sign)}"
                return Problem(Span(file, number + 1, column), message, f"write {quoted(sign)}")
    return None


def _indented_below(text: str, mark: yaml.Mark, complaint: str, file: str) -> Problem | None:
    """The problem of a key that is indented below a line with a value."""
    at_colon = "mapping values are not" in complaint
    if not at_colon and "<block end>, but found '<block mapping start>'" not in complaint:
        return None
    lines = _lines(text)
    key = re.match(r"\s*(?:- +)*([\w.-]+)\s*:", lines[mark.line])
    above = mark.line - 1
    while above >= 0 and re.match(r"\s*(#|$)", lines[above]):
        above -= 1
    if key is None or mark.column != (key.end() - 1 if at_colon else key.start(1)) or above < 0:
        return None
    narrow = re.match(r"(\s*(?:- +)*[\w.-]+):(?=\S)", lines[above])
    if at_colon and narrow:
        return Problem(Span(file, above + 1, narrow.end(1) + 1), "no space follows this colon", "write ': '")
    bare = re.fullmatch(r"(\s*(?:- +)+)([\w.-]+)\s*(?:#.*)?", lines[above])
    if bare:
        message = f"{quoted(bare.group(2))} has no colon, so that nothing can be below it"
        return Problem(Span(file, above + 1, bare.end(1) + 1), message, f"write `- {bare.group(2)}:`")
    pair = re.match(r"(\s*(?:- +)*)([\w.-]+):\s+[^\s#]", lines[above])
    if at_colon and ":" not in lines[above]:
        line = lines[above].strip()
        message = f"{quoted(line)} has no colon, so that nothing can be below it"
        place = Span(file, above + 1, len(lines[above]) - len(lines[above].lstrip()) + 1)
        return Problem(place, message, "end it with a colon" if len(line) > LONGEST_QUOTE else f"write `{line}:`")
    if pair is None or key.start(1) <= pair.start(2):
        return None
    message = f"{quoted(pair.group(2))} has its value on this line, so that nothing can be below it"
    hint = f"indent {quoted(key.group(1))} like {quoted(pair.group(2))}, or write all settings below it as name: value"
    return Problem(Span(file, above + 1, pair.start(2) + 1), message, hint)


def _nested_too_deep(span: Span) -> Problem:
    hint = limits.raised("nesting", "move the inner part to a block")
    return Problem(span, f"nested more than {limits.current().nesting} deep", hint)


class _Mistake(Record):
    """A parser's error, its message and hint for a spec; with `at_start`, reported where the construct opens."""

    complaint: str
    message: str
    hint: str
    at_start: bool = False


END = "'<stream end>'"
NESTED = "exceeded maximum nesting depth"
NOT_CLOSED = "this bracket is not closed"
UNQUOTED = "close it, and quote text with brackets or commas"

BESIDE = "<block end>, but found '<scalar>'"
BESIDE_COMMA = "<block end>, but found ','"

YAML_MISTAKES = (
    _Mistake(r"'\t' that cannot start", "tab in the indentation", "indent with spaces"),
    _Mistake("found a tab character", "tab in the indentation", "indent with spaces"),
    _Mistake("expected ',' or", NOT_CLOSED, UNQUOTED, at_start=True),
    _Mistake(f"the node content, but found {END}", "the text ends inside a bracket", UNQUOTED),
    _Mistake("content, but found ','", "no value before this comma", "remove it"),
    _Mistake("content, but found", "this bracket closes nothing", "remove it"),
    _Mistake("<block end>, but found ']'", "this bracket closes nothing", "remove it"),
    _Mistake("<block end>, but found '}'", "this bracket closes nothing", "remove it"),
    _Mistake(BESIDE, "text after the closing quote", "quote the whole text"),
    _Mistake(
        BESIDE_COMMA,
        "text after the closing bracket",
        "write each item on its own line, and keys beside a type on the next line with the same indentation",
    ),
    _Mistake(
        "<block end>, but found '-'",
        "this dash is not below the dash above",
        "give all items of a list the same indentation",
    ),
    _Mistake(
        "<block end>, but found '<block",
        "the indentation matches no line above",
        "give keys of one mapping the same indentation",
    ),
    _Mistake("mapping values are not", "unexpected colon", "quote text with ': ', or fix the indentation"),
    _Mistake("sequence entries are not", "unexpected dash", "begin a list on its own line, or quote the text"),
    _Mistake(
        "could not find expected ':'",
        "this line is neither `key: value` nor `- item`",
        "end a key with a colon, and begin an item with '- '",
        at_start=True,
    ),
    _Mistake("unexpected end of stream", "this quote is not closed", "end the text with the same quote", at_start=True),
    _Mistake(
        "unknown escape character",
        "unknown escape after the backslash",
        "use single quotes, or write two backslashes",
    ),
    _Mistake(
        "invalid Unicode character escape",
        "this escape is not a character",
        "write a code from \\u0000 to \\U0010FFFF, but no surrogate (D800 to DFFF)",
    ),
    _Mistake("incompatible YAML", "unknown version of YAML", "remove it: a spec needs no directive"),
    _Mistake("extremely long version number", "unknown version of YAML", "remove it: a spec needs no directive"),
    _Mistake(
        "alphabetic or numeric",
        "'*' and '&' begin anchors and aliases of YAML",
        "quote the text, or begin an item of a list with '- '",
    ),
    _Mistake("cannot start any token", "text cannot begin with this character", "quote the text"),
    _Mistake("expected '<document start>'", "a second document begins here", "keep one spec in a file"),
)


def values_in(node: Node) -> int:
    """The number of keys and values of a node, counting the content of each alias."""
    known: dict[int, int] = {}

    def count(node: Node) -> int:
        if isinstance(node, Scalar):
            return 1
        if id(node) not in known:
            inner = node.items if isinstance(node, Sequence) else [value for _, value in node.entries]
            known[id(node)] = 1 + sum(map(count, inner)) + (len(inner) if isinstance(node, Mapping) else 0)
        return known[id(node)]

    return count(node)


class _Open:
    """A list or mapping that has begun and not yet ended; `nodes` includes the content of aliases."""

    __slots__ = ("anchor", "is_mapping", "key", "keys", "nodes", "span", "values")

    def __init__(self, span: Span, anchor: str | None, *, is_mapping: bool) -> None:
        self.span = span
        self.anchor = anchor
        self.is_mapping = is_mapping
        self.keys: dict[str, Scalar] = {}
        self.values: list[Node] = []
        self.key: Scalar | None = None
        self.nodes = 1

    def add(self, node: Node, problems: list[Problem]) -> None:
        """Add the next node: an item of a list, or alternately a key and its value."""
        if not self.is_mapping:
            self.values.append(node)
        elif self.key is None:
            self.key = _key(node)
        elif self.key.text in self.keys:
            line = self.keys[self.key.text].span.line
            message = f"the key {quoted(self.key.text)} is already given in line {line}"
            problems.append(Problem(self.key.span, message, "remove one of them"))
            self.key = None
        else:
            self.keys[self.key.text] = self.key
            # A missing value has no place, so it gets that of its key.
            nothing = isinstance(node, Scalar) and node.plain and not node.text
            self.values.append(Scalar("", True, self.key.span) if nothing else node)
            self.key = None

    def close(self) -> Node:
        if self.is_mapping:
            return Mapping(tuple(zip(self.keys.values(), self.values, strict=True)), self.span)
        return Sequence(tuple(self.values), self.span)


class _Composer:
    """Builds nodes from parse events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.limits = limits.current()
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.problems = limits.Problems()
        self.root: Node | None = None

    def compose(self, events: Iterator[Any]) -> Node:
        """The only document. Raises SpecError if there is none or several, or if a key is repeated."""
        for event in events:
            self.take(event, Span(self.file, event.start_mark.line + 1, event.start_mark.column + 1))
        if self.problems:
            raise SpecError(self.problems)
        if self.root is None or (isinstance(self.root, Scalar) and self.root.is_null):
            place = Span(self.file, 1, 1)
            raise SpecError([Problem(place, "the spec is empty", "write at least input: and layers:")])
        return self.root

    def take(self, event: Any, span: Span) -> None:
        """Process the next event."""
        name = type(event).__name__
        if name in ("SequenceStartEvent", "MappingStartEvent"):
            _refuse_tag(event, span)
            if len(self.stack) == self.limits.nesting:
                raise SpecError([_nested_too_deep(span)])
            self.stack.append(_Open(span, event.anchor, is_mapping=name == "MappingStartEvent"))
        elif name == "ScalarEvent":
            _refuse_tag(event, span)
            if len(event.value) > self.limits.text:
                message = f"the text {quoted(event.value)} is longer than {self.limits.text:,} characters"
                raise SpecError([Problem(span, message, limits.raised("text"))])
            self.add(_scalar(event, span), 1, event.anchor, span)
        elif name in ("SequenceEndEvent", "MappingEndEvent"):
            done = self.stack.pop()
            self.add(done.close(), done.nodes, done.anchor, span)
        elif name == "AliasEvent":
            self.add(*self.alias(event.anchor, span), None, span)
        elif name == "DocumentStartEvent" and self.root is not None:
            raise SpecError([Problem(span, "a second document begins here", "keep one spec in a file")])

    def add(self, node: Node, nodes: int, anchor: str | None, span: Span) -> None:
        """Add a node, which counts as `nodes`, to the open list or mapping."""
        if anchor is not None:
            self.anchors[anchor] = (node, nodes)
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.nodes += nodes
        if parent.nodes > self.limits.values:
            message = f"lists, mappings and aliases have more than {self.limits.values:,} values"
            raise SpecError([Problem(span, message, limits.raised("values"))])
        parent.add(node, self.problems)

    def alias(self, anchor: str, span: Span) -> tuple[Node, int]:
        """The content of an alias. Anchors that are still open are unknown, so aliases cannot form cycles."""
        if anchor in self.anchors:
            return self.anchors[anchor]
        message = f"the anchor {quoted(f'&{anchor}')} is not defined above this alias"
        raise SpecError([Problem(span, message, "quote text that begins with '*'")])


def _scalar(event: Any, span: Span) -> Scalar:
    plain = not event.style  # libyaml says "" where the pure parser says None
    start, end = event.start_mark, event.end_mark
    literal = start.line == end.line and end.column - start.column == len(event.value) + (0 if plain else 2)
    return Scalar(event.value, plain, span, literal)


def _key(node: Node) -> Scalar:
    if isinstance(node, Scalar):
        if node.plain and node.text == "<<":
            raise SpecError(
                [Problem(node.span, "merge keys have no meaning in a spec", "write a block, or write out the keys")]
            )
        return node
    hint = "quote text that begins with a bracket"
    raise SpecError([Problem(node.span, f"a key must be a word, not {kind(node)}", hint)])


def _refuse_tag(event: Any, span: Span) -> None:
    if event.tag is not None and event.tag != "!":
        raise SpecError([Problem(span, f"the YAML tag {quoted(event.tag)} has no meaning in a spec", "remove it")])
