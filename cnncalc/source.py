"""YAML text -> nodes that know their line and column.

Scalars stay text here: what a setting means decides how it is read (`no` is no boolean,
`1e6` is a number where a number is wanted). Built from the parser's events, so that nothing
of YAML's own typing (dates, octals, tags, merge keys) can happen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import yaml

from cnncalc.problem import Problem, Span, SpecError

MAX_DEPTH = 60
MAX_NODES = 200_000

NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(NamedTuple):
    """A piece of text. `plain` means written without quotes."""

    text: str
    plain: bool
    span: Span

    @property
    def is_null(self) -> bool:
        return self.plain and self.text in NULLS


class Sequence(NamedTuple):
    """A list of nodes."""

    items: tuple[Node, ...]
    span: Span


class Mapping(NamedTuple):
    """Keys and their nodes, in the order of the file; no key comes twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span

    def get(self, key: str) -> Node | None:
        return next((node for name, node in self.entries if name.text == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


def kind(node: Node) -> str:
    """What a node is, for a message: `a list`, `the text 'abc'`."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    return "nothing" if node.is_null else f"the text {node.text!r}"


def read(path: str) -> str:
    """The text of a spec file, or of standard input for `-`. A byte order mark is dropped.

    Raises SpecError where the file is missing, a directory, unreadable, or not UTF-8.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                data = file.read()
    except IsADirectoryError:
        raise SpecError([Problem(None, f"{path}: is a directory", "name a YAML file in it")]) from None
    except FileNotFoundError:
        raise SpecError([Problem(None, f"{path}: there is no such file")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError([Problem(None, f"{path}: cannot be read: {reason}")]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8-sig", "replace")) + 1
        raise SpecError(
            [
                Problem(
                    Span(path, line, column),
                    f"the byte 0x{data[error.start]:02x} is not UTF-8",
                    "save the file as UTF-8",
                )
            ]
        ) from None


def parse(text: str, file: str) -> Node:
    """The one document of a YAML text. Raises SpecError at the first thing that is not a spec's YAML."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _compose(iter(yaml.parse(text, loader)), file)
    except yaml.YAMLError:
        pass
    # The C parser words its messages differently: the pure one makes them the same everywhere.
    try:
        return _compose(iter(yaml.parse(text, yaml.SafeLoader)), file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = Span(file, mark.line + 1, mark.column + 1) if mark else Span(file, 1, 1)
        message = " ".join(part for part in (error.problem, error.context) if part)
        raise SpecError([Problem(span, f"not valid YAML: {message}", _hint(str(error.problem)))]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        span = Span(file, before.count("\n") + 1, error.position - before.rfind("\n"))
        character = error.character if isinstance(error.character, str) else chr(error.character)
        raise SpecError(
            [Problem(span, f"the character U+{ord(character):04X} is not allowed in YAML", "remove it")]
        ) from None
    except yaml.YAMLError as error:  # pragma: no cover - no other kind is known
        raise SpecError([Problem(Span(file, 1, 1), f"not valid YAML: {error}")]) from None


def _hint(problem: str) -> str:
    """What mends the YAML mistakes that people make most."""
    if r"'\t'" in problem:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return "put text that holds ': ' in quotes, and check the indentation"
    if "expected ',' or" in problem:
        return "close the bracket, or put text that holds brackets or commas in quotes"
    if "could not find expected ':'" in problem:
        return "a key is followed by a colon and a space"
    if "found undefined alias" in problem or "while scanning an alias" in problem:
        return "put text that starts with '*' in quotes"
    return ""


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
            message = f"the key {self.key.text!r} stands here a second time (first in line {line})"
            problems.append(Problem(self.key.span, message, "remove one of the two"))
            self.key = None
        else:
            self.keys[self.key.text] = self.key
            self.values.append(node)
            self.key = None

    def close(self) -> Node:
        if self.is_mapping:
            return Mapping(tuple(zip(self.keys.values(), self.values, strict=True)), self.span)
        return Sequence(tuple(self.values), self.span)


def _compose(events: Iterator[Any], file: str) -> Node:
    """Nodes from parse events, without recursion."""
    stack: list[_Open] = []
    anchors: dict[str, tuple[Node, int]] = {}
    problems: list[Problem] = []
    root: Node | None = None
    for event in events:
        name = type(event).__name__
        span = Span(file, event.start_mark.line + 1, event.start_mark.column + 1)
        if name in ("SequenceStartEvent", "MappingStartEvent"):
            _refuse_tag(event, span)
            if len(stack) == MAX_DEPTH:
                raise SpecError([Problem(span, f"nested more than {MAX_DEPTH} deep", "move the inner part to a block")])
            stack.append(_Open(span, event.anchor, is_mapping=name == "MappingStartEvent"))
            continue
        if name == "ScalarEvent":
            _refuse_tag(event, span)
            node: Node = Scalar(event.value, event.style is None, span)
            nodes, anchor = 1, event.anchor
        elif name in ("SequenceEndEvent", "MappingEndEvent"):
            done = stack.pop()
            node, nodes, anchor = done.close(), done.nodes, done.anchor
        elif name == "AliasEvent":
            node, nodes = _alias(event.anchor, anchors, span)
            anchor = None
        else:
            if name == "DocumentStartEvent" and root is not None:
                raise SpecError([Problem(span, "a second document begins here", "keep one spec in a file")])
            continue
        if anchor is not None:
            anchors[anchor] = (node, nodes)
        if not stack:
            root = node
            continue
        stack[-1].nodes += nodes
        if stack[-1].nodes > MAX_NODES:
            raise SpecError([Problem(span, f"aliases and lists come to more than {MAX_NODES:,} values")])
        stack[-1].add(node, problems)
    if problems:
        raise SpecError(problems)
    if root is None or (isinstance(root, Scalar) and root.is_null):
        raise SpecError([Problem(Span(file, 1, 1), "the file is empty", "a spec has at least input: and layers:")])
    return root


def _alias(anchor: str, anchors: dict[str, tuple[Node, int]], span: Span) -> tuple[Node, int]:
    """What an alias stands for; an anchor that is not closed yet is not known, so none goes in a circle."""
    if anchor in anchors:
        return anchors[anchor]
    message = f"no anchor '&{anchor}' stands above this alias"
    raise SpecError([Problem(span, message, "put text that starts with '*' in quotes")])


def _key(node: Node) -> Scalar:
    if isinstance(node, Scalar):
        return node
    raise SpecError([Problem(node.span, f"a key must be a word, not {kind(node)}", "put it in quotes")])


def _refuse_tag(event: Any, span: Span) -> None:
    if event.tag is not None and event.tag != "!":
        raise SpecError([Problem(span, f"the YAML tag {event.tag!r} has no meaning in a spec", "remove it")])
