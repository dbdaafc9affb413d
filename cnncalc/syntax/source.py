"""YAML text -> nodes that know their line and column.

Scalars stay text here: what a setting means decides how it is read (`no` is no boolean,
`1e6` is a number where a number is wanted). Built from the parser's events, so that nothing
of YAML's own typing (dates, octals, tags, merge keys) can happen.
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

# Of a longer text the parser that is worded in Python would take minutes to come to a mistake.
LONGEST_WORDED = 200_000
# A mistake this near to the end of a text that was cut can come from the cut.
LONGEST_ESCAPE = 10
# A spec has no use for directives, and libyaml compares each with all before it.
MOST_DIRECTIVES = 10

NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(Record):
    """A piece of text. `plain` means written without quotes.

    `literal` means that its characters stand in the file as in `text`, one column each: no escapes, one line.
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
        """The column of the text's first character; None if the file does not hold the text as it is read."""
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
    """Keys and their nodes, in the order of the file; no key comes twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span

    @property
    def is_null(self) -> bool:
        return False

    def get(self, key: str) -> Node | None:
        return next((node for name, node in self.entries if name.text == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


def kind(node: Node) -> str:
    """What a node is, for a message: `a list`, `the text 'abc'`."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    return "nothing" if node.is_null else f"the text {quoted(node.text)}"


def read(path: str) -> bytes:
    """The bytes of a spec file, or of standard input for `-`: at most one more than the limit.

    Raises SpecError where the file is missing, a directory, or unreadable.
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
        raise SpecError([Problem(None, f"{path}: is a directory", "name a YAML file in it")]) from None
    except FileNotFoundError:
        what = "is a link that leads nowhere" if os.path.islink(path) else "there is no such file"
        raise SpecError([Problem(None, f"{path}: {what}")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError([Problem(None, f"{path}: cannot be read: {reason}")]) from None
    return data


def text_of(data: bytes, shown: str) -> str:
    """The text of a spec's bytes, which messages show as the file `shown`. A byte order mark is dropped.

    Raises SpecError where they are too many, or not UTF-8.
    """
    most = limits.current().bytes
    if len(data) > most:
        message = f"{shown}: is larger than {most:,} bytes, too large for a spec"
        raise SpecError([Problem(None, message, limits.raised("bytes"))])
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SpecError([Problem(Span(shown, 1, 1), "the file is UTF-16", "save it as UTF-8")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in data:
            hint = "a spec is a YAML text; `cnncalc show vgg16` prints one"
            raise SpecError([Problem(None, f"{shown}: is a binary file", hint)]) from None
        # The places of the error are those of `object`, which has no byte order mark.
        before = error.object[: error.start].decode("utf-8")
        message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8"
        raise SpecError([Problem(_place(before, shown), message, "save the file as UTF-8")]) from None


def _place(before: str, file: str) -> Span:
    """The place after the text `before`."""
    lines = re.split(r"\r\n|[\r\n]", before)
    return Span(file, len(lines), len(lines[-1]) + 1)


def parse(text: str, file: str) -> Node:
    """The one document of a YAML text. Raises SpecError at the first thing that is not a spec's YAML."""
    refuse_unreadable(text, file)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Composer(file).compose(iter(yaml.parse(text, loader)))
    except (yaml.YAMLError, ValueError) as error:
        refusal = error
    raise SpecError([_explain_refusal(text, file, refusal)])


def _explain_refusal(text: str, file: str, refusal: yaml.YAMLError | ValueError) -> Problem:
    """Return the problem of a text that a parser refuses, in the same words for every parser.

    libyaml has its own messages, and since 0.2.6 its own nesting limit, which it applies before it reports the levels
    above. The pure parser is slow, so that it reads only the beginning. Raises SpecError where a limit of ours ends it.
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
            # It fails to convert the escape \U00110000, or a version number of 5,000 digits.
            pass
    if isinstance(refusal, yaml.MarkedYAMLError):
        return _not_yaml(refusal, file, text)
    return Problem(Span(file, 1, 1), f"not valid YAML: {refusal}")


def refuse_unreadable(text: str, file: str) -> None:
    """Raise SpecError for what the parsers would not take, or only in a very long time."""
    if wrong := yaml.reader.Reader.NON_PRINTABLE.search(text):
        message = f"the character U+{ord(wrong.group()):04X} is not allowed in YAML"
        hint = "remove it" if wrong.group() != "\0" else "remove it, or save the file as UTF-8"
        raise SpecError([Problem(_place(text[: wrong.start()], file), message, hint)])
    directives = islice(re.finditer(r"^%", text, re.MULTILINE), MOST_DIRECTIVES, None)
    if excess := next(directives, None):
        message = f"more than {MOST_DIRECTIVES} lines begin with %, as directives do"
        raise SpecError([Problem(_place(text[: excess.start()], file), message, "a spec needs none: remove them")])


def _not_yaml(error: yaml.MarkedYAMLError, file: str, text: str) -> Problem:
    """The parser's complaint in words that fit a spec, at the place where the mistake was made."""
    complaint = str(error.problem)
    mark, opened = error.problem_mark, error.context_mark
    if NESTED in complaint and mark is not None:
        return _nested_too_deep(Span(file, mark.line + 1, mark.column + 1))
    if conflict := re.search(r"^(?:<{7}|>{7}) .*", text, re.MULTILINE):
        return Problem(_place(text[: conflict.start()], file), "a merge conflict is not resolved here", "keep one side")
    if mark and (problem := _lookalike(text, mark, opened, file) or _indented_below(text, mark, complaint, file)):
        return problem
    if mark and BESIDE in complaint and _lines(text)[mark.line][: mark.column].rstrip().endswith(("]", "}")):
        # Behind a bracket a word is the same mistake as a comma.
        complaint = complaint.replace(BESIDE, BESIDE_COMMA)
    known = next((mistake for mistake in YAML_MISTAKES if mistake.complaint in complaint), None)
    message, hint = (known.message, known.hint) if known else (f"not valid YAML: {complaint}", "")
    # What is never closed is noticed only where the text ends or makes no sense any more.
    if opened is not None and known is not None and known.at_start:
        if message == NOT_CLOSED and mark is not None and mark.line == opened.line and END not in complaint:
            message = "a comma or the closing bracket is missing before this"
            hint = "quote text that holds brackets or commas, as in 'depths[0]'"
        else:
            mark = opened
    span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file, 1, 1)
    return Problem(span, message, hint)


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)


def _lookalike(text: str, mark: yaml.Mark, opened: yaml.Mark | None, file: str) -> Problem | None:
    """The problem of a sign that looks like one of YAML's, where the parser stopped or above."""
    lines = _lines(text)
    for number in (opened.line if opened else mark.line - 1, mark.line - 1, mark.line):
        line = re.split(r"(?:^|\s)#|[\'\"]", lines[number])[0] if 0 <= number < len(lines) else ""
        if number < mark.line:
            # Behind its colon, that line may be a text in another language.
            line = line.partition(": ")[0]
        for column, character in enumerate(line, start=1):
            if sign := ascii_lookalike(character):
                message = f"{quoted(character)} (U+{ord(character):04X}) stands where YAML has {quoted(sign)}"
                return Problem(Span(file, number + 1, column), message, f"write {quoted(sign)}")
    return None


def _indented_below(text: str, mark: yaml.Mark, complaint: str, file: str) -> Problem | None:
    """The problem of a key that is indented below a line that ends in a value, so that nothing may stand below it."""
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
        message = f"{quoted(bare.group(2))} has no colon, so that nothing can stand below it"
        return Problem(Span(file, above + 1, bare.end(1) + 1), message, f"write `- {bare.group(2)}:`")
    pair = re.match(r"(\s*(?:- +)*)([\w.-]+):\s+[^\s#]", lines[above])
    if at_colon and ":" not in lines[above]:
        line = lines[above].strip()
        message = f"{quoted(line)} has no colon, so that nothing can stand below it"
        place = Span(file, above + 1, len(lines[above]) - len(lines[above].lstrip()) + 1)
        return Problem(place, message, "end it with a colon" if len(line) > LONGEST_QUOTE else f"write `{line}:`")
    if pair is None or key.start(1) <= pair.start(2):
        return None
    message = f"{quoted(pair.group(2))} has its value in this line, so that nothing can stand below it"
    hint = f"indent {quoted(key.group(1))} like {quoted(pair.group(2))}, or write all settings below it as name: value"
    return Problem(Span(file, above + 1, pair.start(2) + 1), message, hint)


def _nested_too_deep(span: Span) -> Problem:
    hint = limits.raised("nesting", "move the inner part to a block")
    return Problem(span, f"nested more than {limits.current().nesting} deep", hint)


class _Mistake(Record):
    """What the parser says, what that means in a spec, and what mends it; `at_start`: where it was opened."""

    complaint: str
    message: str
    hint: str
    at_start: bool = False


END = "'<stream end>'"
NESTED = "exceeded maximum nesting depth"
NOT_CLOSED = "this bracket is not closed"
UNQUOTED = "close it, and quote text that holds brackets or commas"

BESIDE = "<block end>, but found '<scalar>'"
BESIDE_COMMA = "<block end>, but found ','"

YAML_MISTAKES = (
    _Mistake(r"'\t' that cannot start", "a tab stands here", "indent with spaces"),
    _Mistake("found a tab character", "a tab stands here", "indent with spaces"),
    _Mistake("expected ',' or", NOT_CLOSED, UNQUOTED, at_start=True),
    _Mistake(f"the node content, but found {END}", "the text ends inside a bracket", UNQUOTED),
    _Mistake("content, but found ','", "nothing stands before this comma", "remove it"),
    _Mistake("content, but found", "no bracket is open that this would close", "remove it"),
    _Mistake("<block end>, but found ']'", "no bracket is open that this would close", "remove it"),
    _Mistake("<block end>, but found '}'", "no bracket is open that this would close", "remove it"),
    _Mistake(BESIDE, "text stands behind the closing quote", "quote the whole text"),
    _Mistake(
        BESIDE_COMMA,
        "text stands behind the closing bracket",
        "begin each item in a line of its own; what stands beside a type goes to the next line, indented like it",
    ),
    _Mistake(
        "<block end>, but found '-'", "this dash is not below the dash above", "indent all items of a list equally"
    ),
    _Mistake(
        "<block end>, but found '<block", "the indentation fits nothing above", "indent equally what belongs together"
    ),
    _Mistake(
        "mapping values are not", "no colon is expected here", "quote text that holds ': ', or mend the indentation"
    ),
    _Mistake(
        "sequence entries are not", "no dash is expected here", "begin a list in a line of its own, or quote the text"
    ),
    _Mistake(
        "could not find expected ':'",
        "this line is neither `key: value` nor `- item`",
        "end a key with a colon, and begin an item with '- '",
        at_start=True,
    ),
    _Mistake("unexpected end of stream", "this quote is not closed", "end the text with the same quote", at_start=True),
    _Mistake(
        "unknown escape character",
        "the backslash begins no known escape",
        "use single quotes, or write two backslashes",
    ),
    _Mistake(
        "invalid Unicode character escape",
        "this escape stands for no character",
        "write a code from \\u0000 to \\U0010FFFF, no surrogate (D800 to DFFF)",
    ),
    _Mistake("incompatible YAML", "this version of YAML is not known", "a spec needs no directive: remove it"),
    _Mistake(
        "extremely long version number", "this version of YAML is not known", "a spec needs no directive: remove it"
    ),
    _Mistake(
        "alphabetic or numeric",
        "'*' and '&' begin names of YAML's own",
        "quote the text, or begin an item of a list with '- '",
    ),
    _Mistake("cannot start any token", "no text begins with this character", "quote the text"),
    _Mistake("expected '<document start>'", "a second document begins here", "keep one spec in a file"),
)


def values_in(node: Node) -> int:
    """How many keys and values a node stands for, those of aliases as often as they stand there."""
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
    """A list or mapping that the events have begun and not yet ended; `nodes` counts what aliases stand for."""

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
        """The next node: an item of a list, or in turn a key and its value."""
        if not self.is_mapping:
            self.values.append(node)
        elif self.key is None:
            self.key = _key(node)
        elif self.key.text in self.keys:
            line = self.keys[self.key.text].span.line
            message = f"the key {quoted(self.key.text)} stands here a second time (first in line {line})"
            problems.append(Problem(self.key.span, message, "remove one of the two"))
            self.key = None
        else:
            self.keys[self.key.text] = self.key
            # A value that is left out has no place of its own: the key's is told.
            nothing = isinstance(node, Scalar) and node.plain and not node.text
            self.values.append(Scalar("", True, self.key.span) if nothing else node)
            self.key = None

    def close(self) -> Node:
        if self.is_mapping:
            return Mapping(tuple(zip(self.keys.values(), self.values, strict=True)), self.span)
        return Sequence(tuple(self.values), self.span)


class _Composer:
    """Makes nodes of parse events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.limits = limits.current()
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.problems = limits.Problems()
        self.root: Node | None = None

    def compose(self, events: Iterator[Any]) -> Node:
        """The one document. Raises SpecError where there is none, or more, or a key comes twice."""
        for event in events:
            self.take(event, Span(self.file, event.start_mark.line + 1, event.start_mark.column + 1))
        if self.problems:
            raise SpecError(self.problems)
        if self.root is None or (isinstance(self.root, Scalar) and self.root.is_null):
            place = Span(self.file, 1, 1)
            raise SpecError([Problem(place, "the spec is empty", "a spec has at least input: and layers:")])
        return self.root

    def take(self, event: Any, span: Span) -> None:
        """Take in the next event."""
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
        """Put a node, which stands for so many, where it belongs."""
        if anchor is not None:
            self.anchors[anchor] = (node, nodes)
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.nodes += nodes
        if parent.nodes > self.limits.values:
            message = f"lists, mappings and aliases come to more than {self.limits.values:,} values"
            raise SpecError([Problem(span, message, limits.raised("values"))])
        parent.add(node, self.problems)

    def alias(self, anchor: str, span: Span) -> tuple[Node, int]:
        """What an alias stands for; an anchor that is not closed yet is not known, so none goes in a circle."""
        if anchor in self.anchors:
            return self.anchors[anchor]
        message = f"no anchor {quoted(f'&{anchor}')} stands above this alias"
        raise SpecError([Problem(span, message, "put text that starts with '*' in quotes")])


def _scalar(event: Any, span: Span) -> Scalar:
    plain = not event.style  # libyaml says "" where the pure parser says None
    start, end = event.start_mark, event.end_mark
    literal = start.line == end.line and end.column - start.column == len(event.value) + (0 if plain else 2)
    return Scalar(event.value, plain, span, literal)


def _key(node: Node) -> Scalar:
    if isinstance(node, Scalar):
        if node.plain and node.text == "<<":
            raise SpecError([Problem(node.span, "merge keys have no meaning in a spec", "write a block, or the keys")])
        return node
    hint = "quote text that begins with a bracket"
    raise SpecError([Problem(node.span, f"a key must be a word, not {kind(node)}", hint)])


def _refuse_tag(event: Any, span: Span) -> None:
    if event.tag is not None and event.tag != "!":
        raise SpecError([Problem(span, f"the YAML tag {quoted(event.tag)} has no meaning in a spec", "remove it")])
