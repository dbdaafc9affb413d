"""Blocks that are used once -> their layers in place of the call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cnncalc.outline.tree import (
    WORD,
    CallNode,
    FormulaText,
    GroupNode,
    JoinNode,
    Nodes,
    OutlineBlock,
    OutlineNode,
    Varying,
    lists_in,
    words_in,
)
from cnncalc.syntax.expressions import ExpressionError, parse


def inline_once_used(top: list[Nodes], blocks: dict[str, OutlineBlock]) -> None:
    """Replace the only call of a block by its layers, in place, and drop the blocks that nothing uses."""
    while True:
        uses: dict[str, list[tuple[Nodes, CallNode]]] = {name: [] for name in blocks}
        for nodes in _all_lists(top, blocks):
            for node in nodes:
                if isinstance(node, CallNode):
                    uses[node.block].append((nodes, node))
        unused = [name for name, calls in uses.items() if not calls]
        single = next(
            (calls[0] for name, calls in uses.items() if len(calls) == 1 and _is_plain(calls[0][1], blocks)), None
        )
        for name in unused:
            del blocks[name]
        if single is None and not unused:
            return
        if single is not None:
            nodes, call = single
            block = blocks.pop(call.block)
            values = block.defaults | dict(call.arguments)
            made = [_substituted(node, values) for node in block.nodes]
            if not call.name:
                made = [node._replace(name="") if node.name.isdecimal() else node for node in made]
            if call.name or call.when or call.reads:
                made = [GroupNode(made, call.name, when=call.when)] if call.when or call.name else made
            at = next(number for number, node in enumerate(nodes) if node is call)
            nodes[at : at + 1] = made


def _all_lists(top: list[Nodes], blocks: Mapping[str, OutlineBlock]) -> Iterator[Nodes]:
    for nodes in (*top, *(block.nodes for block in blocks.values())):
        yield from lists_in(nodes)


def _is_plain(call: CallNode, blocks: Mapping[str, OutlineBlock]) -> bool:
    """Whether the layers of a block mean the same in place of a call."""
    has_formula = any(isinstance(default, FormulaText) for default in blocks[call.block].defaults.values())
    # Its later layers read other channels.
    is_relative = any("in_channels" in words_in(given) for given in call.arguments.values())
    return call.repeat is None and not call.reads and not has_formula and not is_relative


def _substituted(node: OutlineNode, values: Mapping[str, object]) -> Any:
    """A node with values in place of the parameters of its block."""
    when = _in_text(node.when, values)
    if isinstance(node, GroupNode):
        return node._replace(nodes=[_substituted(one, values) for one in node.nodes], when=when)
    if isinstance(node, JoinNode):
        branches = tuple([_substituted(one, values) for one in branch] for branch in node.branches)
        conditions = tuple(_in_text(text, values) for text in node.conditions)
        return node._replace(branches=branches, conditions=conditions, when=when)
    if isinstance(node, CallNode):
        given = {key: _value(one, values) for key, one in node.arguments.items()}
        return node._replace(arguments=given, repeat=_value(node.repeat, values), when=when)
    settings = {key: _value(one, values) for key, one in node.settings.items()}
    return node._replace(type=_value(node.type, values), settings=settings, when=when)


def _value(given: object, values: Mapping[str, object]) -> object:
    if isinstance(given, Varying):
        return Varying(_value(given.first, values), _value(given.rest, values), given.alternates)
    if not isinstance(given, FormulaText):
        return given
    if given.text in values:
        return values[given.text]
    text = _in_text(given.text, values)
    if not WORD.search(text):
        try:
            return parse(text).evaluate({})
        except ExpressionError:
            pass
    return FormulaText(text)


def _in_text(text: str, values: Mapping[str, object]) -> str:
    """An expression with the texts of values in place of names."""

    def put(match: re.Match[str]) -> str:
        given = values.get(match.group())
        if given is None:
            return match.group()
        if isinstance(given, FormulaText):
            return given.text if WORD.fullmatch(given.text) else f"({given.text})"
        return str(given).lower() if isinstance(given, bool) else str(given)

    return WORD.sub(put, text)
