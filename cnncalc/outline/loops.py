"""Consecutive calls of a block -> one call with a repeat, if their arguments follow a pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cnncalc.outline.tree import CallNode, Nodes, OutlineBlock, Varying, is_same

# Roles of parameters whose first value may differ from the others even in a loop of two passes.
STARTING_ROLES = frozenset({"stride", "flag", "has"})


def fold(nodes: Nodes, blocks: Mapping[str, OutlineBlock], *, is_scope: bool = False) -> None:
    """Fold the calls in a sequence, in place.

    In a scope all passes belong together, also if their widths differ.
    """
    start = 0
    while start < len(nodes):
        if found := _longest_loop(nodes, start, blocks, is_scope=is_scope):
            nodes[start : start + found[0]] = [found[1]]
        start += 1


def _longest_loop(
    nodes: Nodes, start: int, blocks: Mapping[str, OutlineBlock], *, is_scope: bool
) -> tuple[int, CallNode] | None:
    """The loop of most passes from a place, with their number. A part of a loop is a loop, too."""
    found = None
    # At least `known` nodes are a loop, and `limit` are none.
    known, limit = 1, len(nodes) - start + 1
    length = 2
    while known < length < limit:
        loop = _loop(nodes[start : start + length], blocks, is_scope=is_scope)
        if loop is None:
            limit = length
        else:
            known, found = length, (length, loop)
        # Doubled until it is too long, then halfway between.
        length = min(2 * known, (known + limit + 1) // 2) if found else 0
        if length >= limit:
            length = limit - 1
    return found


def _loop(nodes: Nodes, blocks: Mapping[str, OutlineBlock], *, is_scope: bool) -> CallNode | None:
    """One call for several ones; None if they differ in more than a pattern can express."""
    calls = [node for node in nodes if isinstance(node, CallNode)]
    if len(calls) < len(nodes) or any(call.when or call.repeat is not None for call in calls):
        return None
    first = calls[0]
    name = _shared_name([call.name for call in calls])
    if name is None or any(call.block != first.block for call in calls) or any(call.reads for call in calls[1:]):
        return None
    arguments: dict[str, object] = {}
    for one in blocks[first.block].parameters:
        if not any(one.name in call.arguments for call in calls):
            continue
        values = [call.arguments.get(one.name, one.default) for call in calls]
        found = _pattern(values, one.role, is_scope=is_scope)
        if found is None:
            return None
        if not (one.default is not None and is_same(found[0], one.default)):
            arguments[one.name] = found[0]
    return first._replace(arguments=arguments, name=name, repeat=len(calls))


def _pattern(values: list[object], role: str, *, is_scope: bool) -> tuple[object] | None:
    """The value for all passes, in a tuple; None if there is none."""
    first, *rest = values
    if all(is_same(value, first) for value in rest):
        return (first,)
    if any(isinstance(value, Varying) for value in values) or (role == "filters" and not is_scope):
        return None
    if all(is_same(value, rest[0]) for value in rest) and (len(rest) > 1 or is_scope or role in STARTING_ROLES):
        return (Varying(first, rest[0]),)
    if all(is_same(value, values[number % 2]) for number, value in enumerate(values)) and len(rest) > 1:
        return (Varying(first, rest[0], alternates=True),)
    return None


def _shared_name(names: list[str]) -> str | None:
    """The name of a loop over calls with these names, such as layer1_{index}; None if they have no pattern."""
    if not any(names):
        return ""
    found = [match for name in names if (match := re.fullmatch(r"(.*?)(0|[1-9][0-9]*)", name))]
    if len(found) < len(names) or len({match.group(1) for match in found}) > 1:
        return None
    numbers = [int(match.group(2)) for match in found]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return None
    name = f"{found[0].group(1)}{{index{f' + {numbers[0]}' if numbers[0] else ''}}}"
    # Passes are numbered below the name of their loop anyway.
    return name.removesuffix(".{index}")
