"""Top-level keys of a spec and of the specs that it extends (`chain`, nearest first), and names of values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnncalc.errors import Span, quoted
from cnncalc.limits import Problems
from cnncalc.record import Record
from cnncalc.spec.guards import GUARDS
from cnncalc.spec.records import RESERVED, TOP_KEYS
from cnncalc.spec.templates import TENSOR_NAMES
from cnncalc.syntax.expressions import CONSTANTS, WORDS
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind

# Keys that a spec does not take from those that it extends: a changed network is not that of the paper, and has
# figures of its own.
OWN_KEYS = ("source", *GUARDS)


class TopLevel(Record):
    """The value of each top-level key. A key in `misspelled` is missing because its word is wrong."""

    values: dict[str, Node]
    misspelled: frozenset[str]


def read_top_level(chain: tuple[Mapping, ...], problems: Problems) -> TopLevel:
    """The value of each key, from the nearest spec that has it; those of OWN_KEYS only from the spec itself."""
    values: dict[str, Node] = {}
    meant: set[str] = set()
    for mapping in chain:
        for key, node in mapping.entries:
            if key.text in OWN_KEYS and mapping is not chain[0]:
                continue
            if key.text not in TOP_KEYS:
                from cnncalc.spec.decode import hints

                hint, keys = hints.suggest_top_key(key.text, node)
                meant.update(keys)
                problems.report(key.span, f"unknown key {quoted(key.text)}", hint)
            elif not node.is_null:
                values.setdefault(key.text, node)
    return TopLevel(values, frozenset(meant - set(values)))


def is_library(values: dict[str, Node], misspelled: frozenset[str]) -> bool:
    """Whether the keys are those of a file of blocks that other specs extend."""
    own = {"input", "layers", "outputs", "override", *GUARDS}
    return "blocks" in values and own.isdisjoint(values) and own.isdisjoint(misspelled)


def sections(
    chain: tuple[Mapping, ...], key: str, what: str, hint: str, problems: Problems
) -> Iterator[tuple[tuple[Scalar, Node], ...]]:
    """The entries below a key of each spec, the base first. Reports values that are not a mapping from `what`."""
    for mapping in reversed(chain):
        node = mapping.get(key)
        if isinstance(node, Mapping):
            yield node.entries
        elif node is not None and not node.is_null:
            problems.report(node.span, f"{key} is a mapping from {what}, not {kind(node)}", hint)


def read_text(node: Node | None, key: str, problems: Problems) -> str:
    """The text of a key, with white space collapsed; empty if the key is missing."""
    if isinstance(node, Scalar):
        return " ".join(node.text.split())
    if node is not None:
        problems.report(node.span, f"{key} takes text, not {kind(node)}")
    return ""


def read_year(node: Node | None, problems: Problems) -> int | None:
    """A year; None if the key is missing."""
    if isinstance(node, Scalar) and re.fullmatch(r"[12][0-9]{3}", node.text):
        return int(node.text)
    if node is not None:
        problems.report(node.span, f"year is a number with four digits, not {kind(node)}")
    return None


def list_nodes(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; a single value is a list of one item, and a missing value an empty list."""
    if isinstance(node, Sequence):
        return node.items
    return () if node is None else (node,)


def check_value_name(word: str, span: Span, what: str, problems: Problems) -> bool:
    """Whether expressions can use a word as a name. Reports why not."""
    message = f"{quoted(word)} cannot be the name of {what}"
    if not re.fullmatch(r"[^\W\d]\w*", word):
        hint = "use letters, digits and _, and begin with a letter or _"
        if default := re.fullmatch(r"(\w{1,50})\s*:\s*(\w{1,50})", word):
            hint = f"write a default as {default.group(1)}={default.group(2)}"
    elif word in WORDS or word in CONSTANTS:
        hint = "use another name: expressions use this word"
    elif word in TENSOR_NAMES:
        hint = "use another name: this one belongs to the input tensor"
    else:
        return True
    problems.report(span, message, hint)
    return False


def check_input_name(key: Scalar, problems: Problems) -> bool:
    """Whether a key can be the name of an input. Reports why not."""
    if key.text in RESERVED:
        problems.report(key.span, f"{key.text!r} is a reserved name", "use another name for the input")
        return False
    return check_value_name(key.text, key.span, "an input", problems)
