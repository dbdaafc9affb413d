"""The YAML of an outline, and of single names and values in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from cnncalc import layers
from cnncalc.formats.json import dumps
from cnncalc.layers.contract import LayerType
from cnncalc.outline.tree import (
    CallNode,
    FormulaText,
    GroupNode,
    JoinNode,
    LeafNode,
    OutlineBlock,
    OutlineNode,
    Varying,
)
from cnncalc.syntax.expressions import decimal

WIDEST = 100
# What JSON has for a character beyond U+FFFF that is escaped.
PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")
# Expressions that are no plain scalar of YAML within { } or [ ].
UNSAFE = re.compile(r"""^[\[{"'&*!|>%@`-]|[,\[\]{}]|: |:$| #""")
# A text that is a plain scalar of YAML.
PLAIN = re.compile(r"[^\W\d_](?:[\w ,.;()/'&+-]|:(?=\w))*(?<! )")
# A line that ends in a mapping or list: what is before it, and its bracket.
COLLECTION = re.compile(r"^( *)((?:- )*(?:[\w.]+: )?)(?=[{[].*[]}]$)")
# The parts of a mapping or list that a comma may separate: brackets, texts in quotes, and other characters.
PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\](){}]|, |.')
# Words that YAML reads as something else than text.
SPECIAL_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def write_block(block: OutlineBlock) -> Iterator[str]:
    """The lines of a block's definition."""
    parameters = (one.name if one.default is None else f"{one.name}={value(one.default)}" for one in block.parameters)
    signature = f"({', '.join(parameters)})" if block.parameters else ""
    yield f"{name_text(block.name) if not signature else block.name + signature}:"
    yield from _indent(write_nodes(block.nodes))


def write_nodes(nodes: Iterable[OutlineNode]) -> Iterator[str]:
    """The lines of a list of layers."""
    for node in nodes:
        yield from _write_node(node)


def _write_node(node: OutlineNode) -> Iterator[str]:
    modifiers = list(_modifiers(node))
    if isinstance(node, GroupNode):
        yield "- layers:"
        yield from _indent(write_nodes(node.nodes), 4)
    elif isinstance(node, JoinNode) and node.branches:
        yield from _write_join(node)
    elif isinstance(node, CallNode):
        yield from _item(name_text(node.block), _arguments(node.arguments), modifiers)
    elif isinstance(node.type, FormulaText):
        yield f"- type: {node.type.text}"
        if node.settings:
            yield f"  set: {_mapping(_settings(node))}"
    else:
        yield from _item(str(node.type), _leaf_settings(node), modifiers)
    yield from modifiers


def _item(word: str, settings: str, modifiers: list[str]) -> Iterator[str]:
    """The line of a layer or call."""
    if not settings:
        yield f"- {word}:" if modifiers else f"- {word}"
    else:
        yield f"- {word}: {settings}"


def _write_join(node: JoinNode) -> Iterator[str]:
    yield f"- {node.type}:"
    margin = 4
    if node.settings:
        yield from (f"    {key}: {text}" for key, text in _settings(node).items())
        yield "    branches:"
        margin = 6
    for branch, condition in zip(node.branches, node.conditions, strict=True):
        if condition:
            yield f"{' ' * margin}- when: {condition}"
            yield f"{' ' * margin}  layers: []" if not branch else f"{' ' * margin}  layers:"
            yield from _indent(write_nodes(branch), margin + 4)
        elif not branch:
            yield f"{' ' * margin}- []"
        else:
            for number, line in enumerate(write_nodes(branch)):
                yield f"{' ' * margin}{'  ' if number else '- '}{line}"


def _modifiers(node: OutlineNode) -> Iterator[str]:
    if node.name:
        is_loop = re.fullmatch(r"[A-Za-z][\w./]*\{index(?: \+ [0-9]+)?\}[\w./]*", node.name)
        yield f"  name: {node.name if is_loop else name_text(node.name)}"
    if node.reads:
        names = ", ".join(map(name_text, node.reads))
        yield f"  from: {names if len(node.reads) == 1 else f'[{names}]'}"
    if isinstance(node, CallNode) and node.repeat is not None:
        yield f"  repeat: {value(node.repeat)}"
    if node.when:
        yield f"  when: {node.when}"
    if isinstance(node, LeafNode) and node.weights:
        yield f"  weights: {name_text(node.weights)}"
    if isinstance(node, LeafNode) and node.frozen:
        yield "  frozen: true"
    if isinstance(node, LeafNode | JoinNode) and node.training_only:
        yield "  training_only: true"


def _leaf_settings(node: LeafNode | JoinNode) -> str:
    """The settings of a layer, without a key if there is only the main one."""
    texts = _settings(node)
    declared = layers.find(str(node.type))
    is_main = (
        isinstance(node, LeafNode)
        and declared is not None
        and len(texts) == 1
        and next(iter(texts)) == next(iter(declared.settings))
    )
    if is_main and not is_list(next(iter(node.settings.values()))):
        return next(iter(texts.values()))
    return _mapping(texts)


def _settings(node: LeafNode | JoinNode) -> dict[str, str]:
    declared = layers.find(str(node.type))
    return setting_texts(node.settings, declared)


def setting_texts(settings: Mapping[str, object], declared: type[LayerType] | None) -> dict[str, str]:
    """The values of settings as a spec writes them."""
    return {
        key: dumps(given) if declared and declared.settings[key].takes_text else value(given)
        for key, given in settings.items()
    }


def _arguments(arguments: Mapping[str, object]) -> str:
    """The arguments of a call: by position where all before them are given, too, which the keys `0`, `1`, ... say."""
    texts = {key: value(given) for key, given in arguments.items()}
    if all(key.isdecimal() for key in texts):
        is_one = len(texts) == 1 and not is_list(next(iter(arguments.values())))
        return next(iter(texts.values())) if is_one else f"[{', '.join(texts.values())}]" if texts else ""
    return _mapping(texts)


def _mapping(texts: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{key}: {text}' for key, text in texts.items())}}}" if texts else ""


def _indent(lines: Iterable[str], margin: int = 2) -> Iterator[str]:
    return (f"{' ' * margin}{line}" for line in lines)


def wrapped(line: str) -> Iterator[str]:
    """A line whose mapping or list continues on further lines where it would be longer than WIDEST."""
    found = COLLECTION.match(line) if len(line) > WIDEST else None
    if found is None:
        yield line
        return
    margin, key = found.groups()
    if key.endswith(": "):
        yield margin + key.rstrip()
        margin += " " * (key.count("- ") * 2 + 2)
        key = ""
    current = margin + key
    for part in _split(line[found.end() :]):
        if len(current) + len(part) > WIDEST and current.strip():
            yield current.rstrip()
            # One column after the bracket.
            current = " " * (len(margin + key) + 1)
        current += part
    yield current


def _split(collection: str) -> Iterator[str]:
    """A mapping or list in parts that end after each comma that separates its members."""
    part, depth = "", 0
    for piece in PARTS.findall(collection):
        part += piece
        depth += (piece in "[({") - (piece in "])}")
        if piece == ", " and depth == 1:
            yield part
            part = ""
    yield part


def value(given: object) -> str:
    """A value in the notation of specs."""
    if given is None:
        return "null"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, tuple) and is_list(given):
        return f"[{', '.join(map(value, given))}]"
    if isinstance(given, int | Fraction):
        return decimal(given)
    if isinstance(given, Varying):
        given = FormulaText(_choice(given))
    if isinstance(given, FormulaText):
        return dumps(given.text) if UNSAFE.search(given.text) else given.text
    return str(given)


def is_list(given: object) -> bool:
    """Whether a value is a list, and no expression."""
    return isinstance(given, tuple) and not isinstance(given, FormulaText | Varying)


def _choice(given: Varying) -> str:
    first, other = ("index % 2 == 0", "index % 2 == 1") if given.alternates else ("index == 0", "index > 0")
    if isinstance(given.first, bool) and isinstance(given.rest, bool):
        return first if given.first else other
    return f"{_operand(given.first)} if {first} else {_operand(given.rest)}"


def _operand(given: object) -> str:
    """A value within an expression."""
    return given.text if isinstance(given, FormulaText) else value(given)


def text(words: str) -> str:
    """A text, in quotes if YAML would read it differently.

    They are those of JSON, except that a surrogate pair becomes one escape of YAML, and a lone surrogate, which no
    file can hold, U+FFFD.
    """
    words = re.sub("[\ud800-\udfff]", "\ufffd", words)
    if PLAIN.fullmatch(words) and words.lower() not in SPECIAL_WORDS:
        return words
    return PAIR.sub(_one_escape, dumps(words, ascii_only=False))


def _one_escape(pair: re.Match[str]) -> str:
    high, low = (int(part, 16) for part in pair.groups())
    return f"\\U{0x10000 + (high - 0xD800 << 10) + low - 0xDC00:08x}"


def name_text(name: str) -> str:
    """A name, in quotes if YAML would read it differently."""
    is_plain = re.fullmatch(r"[A-Za-z][\w./]*", name) and name.lower() not in SPECIAL_WORDS
    return name if is_plain else f'"{name}"'
