"""Where runs of nodes are that may become blocks: joins, runs that are like others, and what makes two runs equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import ceil

from cnncalc import layers
from cnncalc.layers.contract import Role
from cnncalc.outline.align import has_own_weights, is_plain_activation, kind_of
from cnncalc.outline.tree import (
    CallNode,
    GroupNode,
    JoinNode,
    LeafNode,
    Nodes,
    OutlineNode,
    channels_of,
    count_leaves,
    lists_in,
)
from cnncalc.outline.unify import LEAST_PRESENT, Run, kernels_in
from cnncalc.record import Record

SHORTEST_ALIKE = 3


class Occurrence(Record):
    """Where a run is: nodes from start to stop of a sequence."""

    nodes: Nodes
    start: int
    stop: int
    in_channels: int
    name: str = ""

    @property
    def run(self) -> Run:
        return Run(self.nodes[self.start : self.stop], self.in_channels, self.name)

    @property
    def join(self) -> JoinNode:
        """The join at its start."""
        node = self.nodes[self.start]
        if not isinstance(node, JoinNode):
            raise TypeError
        return node


def joins_in(nodes: Nodes, done: set[int]) -> Iterator[Occurrence]:
    """The joins of a sequence without joins within them that are not done, each with the activations behind it."""
    for start, node in enumerate(nodes):
        if not isinstance(node, JoinNode) or not node.branches or id(node) in done:
            continue
        inner = (one for branch in node.branches for found in lists_in(branch) for one in found)
        if any(isinstance(one, JoinNode) and one.branches and id(one) not in done for one in inner):
            continue
        stop = start + 1
        while stop < len(nodes) and _follows_join(nodes[stop]):
            stop += 1
        yield Occurrence(nodes, start, stop, node.in_channels)


def runs_like(template: Nodes, runs: list[Nodes], lists: Iterable[Nodes]) -> Iterator[Occurrence]:
    """Runs without a join that are otherwise like a template and `runs`, such as a block that changes the size.

    Their kernels are among those of the other runs: the first layers of a network are not part of its first block.
    """
    available = Counter(kind_of(node) for found in lists_in(template) for node in found)
    least = LEAST_PRESENT * count_leaves(template)
    known = kernels_in(template, runs)
    # The activation of the layer above is no part of a block that starts with a convolution.
    starts_with_weights = has_own_weights(runs[0][0])
    for nodes in lists:
        start = 0
        while start < len(nodes):
            if has_own_weights(nodes[start]) or not starts_with_weights:
                for stop in _stops(nodes, start, available, least):
                    kernels = kernels_in(template, [nodes[start:stop]])
                    if kernels and all(sizes <= known[key] for key, sizes in kernels.items()):
                        yield Occurrence(nodes, start, stop, channels_of(nodes[start]))
                        start = stop - 1
                        break
            start += 1


def _stops(nodes: Nodes, start: int, available: Counter[object], least: float) -> Iterator[int]:
    """Where a run may end that has no join and no more of any kind of node than available, the longest run first."""
    used: Counter[object] = Counter()
    stop = start
    while stop < len(nodes) and not isinstance(nodes[stop], JoinNode | GroupNode) and not nodes[stop].when:
        kind = kind_of(nodes[stop])
        if used[kind] == available[kind]:
            break
        used[kind] += 1
        stop += 1
    shortest = start + max(SHORTEST_ALIKE, ceil(least))
    return iter(range(stop, shortest - 1, -1))


def _follows_join(node: OutlineNode) -> bool:
    """Whether a layer behind a join is part of its block: an activation, or a channel shuffle."""
    if not isinstance(node, LeafNode) or node.reads or node.is_shared:
        return False
    kind = layers.find(node.type) if isinstance(node.type, str) else None
    return is_plain_activation(node) or (
        kind is not None
        and (kind.role is Role.ACTIVATION or (kind.role is Role.REARRANGEMENT and "groups" in kind.settings))
    )


def token_of(node: OutlineNode) -> object:
    """What makes nodes the same part of a repeated run; None for a node that stays outside."""
    if node.when or isinstance(node, GroupNode) or node.reads:
        return None
    if isinstance(node, LeafNode):
        if node.is_shared or node.training_only:
            return None
        kind = "activation" if is_plain_activation(node) else str(node.type)
        return kind, node.frozen
    if isinstance(node, CallNode):
        return "call", node.block, node.repeat is None
    tokens = tuple(tuple(map(token_of, branch)) for branch in node.branches)
    is_whole = node.branches and not any(node.conditions) and not any(None in branch for branch in tokens)
    return ("join", node.type, tokens) if is_whole else None
