"""Scopes, which are dotted prefixes of the names of layers, as groups of an outline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby

from cnncalc.outline.tree import CallNode, GroupNode, JoinNode, Nodes, OutlineNode, channels_of

DEEPEST_SCOPE = 20
# Classes whose modules are lists of others, or unknown.
CONTAINERS = ("", "Sequential", "ModuleList", "ModuleDict")


def group_scopes(nodes: Nodes, prefix: str, classes: Mapping[str, str]) -> None:
    """Put the nodes of each scope below a prefix together, in place, where they follow each other."""
    scopes = [_scope_of(node, prefix) for node in nodes]
    sizes = Counter(scopes)
    grouped: Nodes = []
    for scope, members in groupby(zip(scopes, nodes, strict=True), lambda pair: pair[0]):
        inner = [node for _, node in members]
        # A scope in several places cannot be one block.
        is_together = sizes[scope] == len(inner)
        if scope and is_together:
            path = f"{prefix}{scope}"
            group_scopes(inner, f"{path}.", classes)
            kind = classes.get(path, "")
            is_list = not kind and all(node.name.split(".")[0].isdecimal() for node in inner if node.name)
            if is_list or kind in CONTAINERS[1:]:
                grouped += [rename(node, scope) for node in inner]
            else:
                grouped.append(GroupNode(inner, scope, kind, in_channels=channels_of(inner[0])))
            continue
        for node in inner:
            if isinstance(node, JoinNode):
                for branch in node.branches:
                    group_scopes(branch, prefix, classes)
            # The name of a join is that of a function, and not one of a module.
            grouped.append(node._replace(name="" if isinstance(node, JoinNode) else node.name.removeprefix(prefix)))
    nodes[:] = grouped


def _scope_of(node: OutlineNode, prefix: str) -> str:
    """The scope below a prefix that has all layers of a node; empty if there is none."""
    found = {name.removeprefix(prefix).partition(".")[::2] for name in _names_in(node)}
    scopes = {first for first, rest in found if rest}
    is_one = len(scopes) == 1 and all(rest for _, rest in found) and prefix.count(".") < DEEPEST_SCOPE
    return scopes.pop() if is_one else ""


def _names_in(node: OutlineNode) -> Iterator[str]:
    yield node.name
    if isinstance(node, JoinNode):
        for branch in node.branches:
            for inner in branch:
                yield from _names_in(inner)


def rename(node: OutlineNode, scope: str) -> OutlineNode:
    """A node with the name of the scope around it before its own, and before those in its branches."""
    if isinstance(node, JoinNode):
        branches = tuple([rename(one, scope) for one in branch] for branch in node.branches)
        node = node._replace(branches=branches)
    if isinstance(node, CallNode) and node.repeat is not None and node.name in ("", "{index}"):
        return node._replace(name=scope)
    return node._replace(name=f"{scope}.{node.name}") if node.name else node
