"""A network as a person would write it: sequences of layers, joins with branches, calls of blocks and loops.

A sequence is a Python list, in which a run of nodes is replaced by a call once its block is known. Values of settings
are those of decoded layers, or in the body of a block also expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias, Union

from cnncalc.record import Record

WORD = re.compile(r"[A-Za-z_]\w*")


class FormulaText(Record):
    """An expression as a spec writes it."""

    text: str


class Varying(Record):
    """Values of the passes of a loop: that of the first and of all others, or the first and second in turn."""

    first: object
    rest: object
    alternates: bool = False


class LeafNode(Record):
    """A layer. `settings` are those other than defaults. `in_channels` is unknown (0) in a block.

    `source` is its name in the flat network. If it `is_shared`, it uses the weights of others, or others use its own.
    """

    type: object
    settings: Mapping[str, object]
    name: str = ""
    in_channels: int = 0
    when: str = ""
    reads: tuple[str, ...] = ()
    weights: str = ""
    frozen: bool = False
    training_only: bool = False
    source: str = ""
    is_shared: bool = False


class JoinNode(Record):
    """A join of branches that start from one tensor; without branches, of the tensors that it `reads`.

    `conditions` say for each branch when it is included.
    """

    type: str
    settings: Mapping[str, object]
    branches: tuple[list[OutlineNode], ...]
    conditions: tuple[str, ...] = ()
    name: str = ""
    in_channels: int = 0
    when: str = ""
    reads: tuple[str, ...] = ()
    training_only: bool = False


class CallNode(Record):
    """A use of a block, or with a `repeat` a loop of uses. Arguments left out have their defaults."""

    block: str
    arguments: Mapping[str, object]
    name: str = ""
    in_channels: int = 0
    when: str = ""
    reads: tuple[str, ...] = ()
    repeat: object = None


class GroupNode(Record):
    """Nodes that belong together: a scope of the source with the name of its `kind`, or what shares a condition."""

    nodes: list[OutlineNode]
    name: str = ""
    kind: str = ""
    when: str = ""
    in_channels: int = 0
    reads: tuple[str, ...] = ()


OutlineNode: TypeAlias = Union[LeafNode, JoinNode, CallNode, GroupNode]  # noqa: UP007 - defined before its members are
Nodes: TypeAlias = "list[OutlineNode]"


class OutlineParameter(Record):
    """A parameter of a block. `role` is the kind of its values; `default` None means that it is required."""

    name: str
    role: str
    default: object = None


class OutlineBlock(Record):
    """A block with its parameters, those without a default first."""

    name: str
    parameters: tuple[OutlineParameter, ...]
    nodes: list[OutlineNode]

    @property
    def defaults(self) -> dict[str, object]:
        return {one.name: one.default for one in self.parameters if one.default is not None}


def words_in(given: object) -> set[str]:
    """The names in an expression; none in other values."""
    if isinstance(given, Varying):
        return words_in(given.first) | words_in(given.rest)
    return set(WORD.findall(given.text)) if isinstance(given, FormulaText) else set()


def lists_in(nodes: Nodes) -> Iterator[Nodes]:
    """A sequence and all sequences within it, inner ones first."""
    for node in nodes:
        if isinstance(node, JoinNode):
            for branch in node.branches:
                yield from lists_in(branch)
        elif isinstance(node, GroupNode):
            yield from lists_in(node.nodes)
    yield nodes


def count_leaves(nodes: Nodes) -> int:
    """The number of layers and calls in a sequence."""
    return sum(size_of(node) for node in nodes)


def size_of(node: OutlineNode) -> int:
    """The number of layers and calls in a node."""
    if isinstance(node, JoinNode):
        return 1 + sum(map(count_leaves, node.branches))
    return count_leaves(node.nodes) if isinstance(node, GroupNode) else 1


def channels_of(node: OutlineNode) -> int:
    """The channels of the tensor that a node reads; 0 if unknown."""
    return channels_of(node.nodes[0]) if isinstance(node, GroupNode) and node.nodes else node.in_channels


def is_same(one: object, other: object) -> bool:
    """Whether two values are the same, and of one type: `true` is not 1."""
    return type(one) is type(other) and one == other
