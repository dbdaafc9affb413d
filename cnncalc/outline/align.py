"""Which layers of a run correspond to those of a larger run: what a template has in addition is absent there."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any, TypeAlias

from cnncalc import layers, limits
from cnncalc.layers.contract import Role
from cnncalc.limits import Cost
from cnncalc.outline.tree import CallNode, GroupNode, JoinNode, LeafNode, Nodes, OutlineNode, count_leaves, size_of

# The most pairs of nodes of two runs that are compared, and the longest run within which a join may be missing.
MOST_PAIRS = 10_000
LONGEST_SEARCHED = 24

# By the identity of a node of the template, or of a branch in it: its counterpart.
Pairs: TypeAlias = "tuple[tuple[int, Any], ...]"
# The number of layers of the template that are absent, and the counterparts of the others.
Alignment: TypeAlias = "tuple[int, Pairs]"


def align(template: Nodes, instance: Nodes) -> Alignment | None:
    """The cheapest alignment in which every node of the instance has a counterpart; None if there is none."""
    rows, columns = len(template), len(instance)
    if rows == columns and limits.affords(Cost.ALIGNED * rows) and (found := _align_equal(template, instance)):
        return found
    if rows * columns > MOST_PAIRS or not limits.affords(Cost.ALIGNED * (rows + 1) * (columns + 1)):
        return None
    below: list[Alignment | None] = [None] * columns + [(0, ())]
    table = [below]
    for node in reversed(template):
        row: list[Alignment | None] = [None] * (columns + 1)
        for start in range(columns, -1, -1):
            options = [_plus((size_of(node), ()), below[start])]
            if start < columns:
                options.append(_plus(_match(node, instance[start]), below[start + 1]))
            if isinstance(node, JoinNode) and node.branches and columns <= LONGEST_SEARCHED:
                options += _without_join(node, instance, start, below)
            row[start] = min((option for option in options if option), key=lambda option: option[0], default=None)
        table.append(row)
        below = row
    return below[0]


def _align_equal(template: Nodes, instance: Nodes) -> Alignment | None:
    """The alignment of runs whose nodes correspond one by one."""
    pairs: list[tuple[int, Any]] = []
    for node, other in zip(template, instance, strict=True):
        found = _match(node, other)
        if found is None or found[0]:
            return None
        pairs += found[1]
    return 0, tuple(pairs)


def _plus(first: Alignment | None, second: Alignment | None) -> Alignment | None:
    return (first[0] + second[0], first[1] + second[1]) if first and second else None


def _without_join(join: JoinNode, instance: Nodes, start: int, below: list[Alignment | None]) -> list[Alignment | None]:
    """Alignments of a join with a run that is one of its branches alone."""
    found: list[Alignment | None] = []
    for branch in join.branches:
        others = size_of(join) - count_leaves(branch)
        available = Counter(map(kind_of, branch))
        for stop in range(start + 1, len(instance) + 1):
            kind = kind_of(instance[stop - 1])
            if not available[kind]:
                break
            available[kind] -= 1
            is_most = 2 * (stop - start) >= len(branch)
            inner = align(branch, instance[start:stop]) if is_most and below[stop] else None
            if inner:
                found.append(_plus((inner[0] + others, ((id(branch), True), *inner[1])), below[stop]))
    return found


def kind_of(node: OutlineNode) -> object:
    """What two nodes have in common that can be the same part of a block."""
    if isinstance(node, CallNode):
        return node.block
    return "activation" if isinstance(node, LeafNode) and is_plain_activation(node) else getattr(node, "type", "")


def _match(node: OutlineNode, other: OutlineNode) -> Alignment | None:
    """The alignment of two nodes; None if they cannot be the same part of a block."""
    if type(node) is not type(other) or node.when != other.when:
        return None
    own = (id(node), other)
    if isinstance(node, LeafNode) and isinstance(other, LeafNode):
        return (0, (own,)) if _are_alike(node, other) else None
    if isinstance(node, CallNode) and isinstance(other, CallNode):
        is_same = node.block == other.block and (node.repeat is None) == (other.repeat is None)
        return (0, (own,)) if is_same and not node.reads and not other.reads else None
    if isinstance(node, GroupNode) and isinstance(other, GroupNode):
        return _plus((0, (own,)), align(node.nodes, other.nodes))
    if isinstance(node, JoinNode) and isinstance(other, JoinNode):
        is_same = (node.type, node.settings, node.training_only) == (other.type, other.settings, other.training_only)
        if is_same and node.branches and other.branches and node.conditions == other.conditions:
            return _plus((0, (own,)), _align_branches(node.branches, other.branches))
    return None


def _align_branches(own: tuple[Nodes, ...], others: tuple[Nodes, ...]) -> Alignment | None:
    """Branches of the same number, in their order."""
    found: Alignment | None = (0, ())
    for branch, other in zip(own, others, strict=True):
        found = found and _plus(found, _plus((0, ((id(branch), True),)), align(branch, other)))
    return found


def _are_alike(node: LeafNode, other: LeafNode) -> bool:
    """Whether one layer of a block can be both: settings and activations may differ, but not texts."""
    if node.reads or other.reads or node.is_shared or other.is_shared:
        return False
    if (node.frozen, node.training_only) != (other.frozen, other.training_only):
        return False
    if node.type != other.type:
        return is_plain_activation(node) and is_plain_activation(other)
    return _texts(node) == _texts(other)


def is_plain_activation(node: LeafNode) -> bool:
    """Whether a layer is an activation without settings, or the expression for one."""
    return not node.settings and (not isinstance(node.type, str) or _is_activation(node.type))


@cache
def _is_activation(name: str) -> bool:
    kind = layers.find(name)
    return kind is not None and kind.role is Role.ACTIVATION


def _texts(node: LeafNode) -> list[tuple[str, object]]:
    """The settings that are texts, or lists: their lengths belong to the structure."""
    declared = layers.find(node.type) if isinstance(node.type, str) else None
    fixed = declared.settings if declared else {}
    return [(key, given) for key, given in node.settings.items() if key in fixed and fixed[key].takes_text]


def has_own_weights(node: OutlineNode) -> bool:
    """Whether a node starts with a layer whose weights count as depth, or is a block; such layers have names."""
    if isinstance(node, JoinNode):
        return any(branch and has_own_weights(branch[0]) for branch in node.branches)
    if not isinstance(node, LeafNode):
        return True
    kind = layers.find(node.type) if isinstance(node.type, str) else None
    return node.is_shared or (kind is not None and kind.counts_as_depth)
