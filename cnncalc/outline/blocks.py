"""Which runs of an outline become blocks: scopes of the source, joins, and runs that repeat.

Each makes the outline shorter in lines, or it is not made. Inner blocks come first, so that outer ones use them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import TypeAlias

from cnncalc import layers, limits
from cnncalc.limits import Cost
from cnncalc.outline.align import has_own_weights
from cnncalc.outline.inline import inline_once_used
from cnncalc.outline.loops import fold
from cnncalc.outline.naming import describe, snake_case
from cnncalc.outline.runs import Occurrence, joins_in, runs_like, token_of
from cnncalc.outline.scopes import CONTAINERS, group_scopes, rename
from cnncalc.outline.text import write_block, write_nodes
from cnncalc.outline.tree import (
    CallNode,
    GroupNode,
    JoinNode,
    LeafNode,
    Nodes,
    OutlineBlock,
    OutlineNode,
    channels_of,
    count_leaves,
    lists_in,
)
from cnncalc.outline.unify import Unified, fits, unify
from cnncalc.spec.records import CONTAINERS as CONTAINER_KEYS
from cnncalc.spec.records import MODIFIERS, RESERVED

MOST_POSITIONS = 5
LONGEST_RUN = 16
# What a reader pays for a parameter, and for the length of a line, in lines.
COST_OF_PARAMETER = 2
LENGTH_OF_LINE = 80
PREFERENCE = 1.2
MOST_TRIES = 6
MOST_CANDIDATES = 48
MOST_ROUNDS = 40
# Names of scopes that say nothing about the layers in them.
GENERIC_SCOPES = frozenset({"block", "blocks", "features", "layer", "layers", "module", "stage", "stages", "unit"})


# A name for a block, and the runs that would use it.
Candidate: TypeAlias = "tuple[str, list[Occurrence]]"


class Outliner:
    """Finds the blocks of an outline, and changes its sequences to use them.

    `attempts` has the number of the attempt that made each block; those `banned` are not made.
    """

    def __init__(self, sequences: list[Nodes], banned: frozenset[int]) -> None:
        self.sequences = sequences
        self.banned = banned
        self.blocks: dict[str, OutlineBlock] = {}
        self.attempts: dict[str, int] = {}
        self.tried = 0

    def find_blocks(self, classes: Mapping[str, str] | None) -> None:
        """Make blocks of scopes with these classes, or if None of joins, and of what repeats."""
        if classes is not None:
            for nodes in self.sequences:
                group_scopes(nodes, "", classes)
        self._drop_names()
        if classes is not None:
            self._use_scopes()
        else:
            self._use_joins()
        self._use_repeats(keeps_names=classes is not None)
        inline_once_used(self.sequences, self.blocks)
        self._sort()
        self._shorten_names()
        for nodes in self._lists():
            nodes[:] = [self._with_positions(node) for node in nodes]

    def _sort(self) -> None:
        """Put each block below those that it uses."""
        order: dict[str, OutlineBlock] = {}

        def visit(name: str) -> None:
            for nodes in lists_in(self.blocks[name].nodes):
                for node in nodes:
                    if isinstance(node, CallNode) and node.block not in order:
                        visit(node.block)
            order[name] = self.blocks[name]

        for name in self.blocks:
            if name not in order:
                visit(name)
        self.blocks = order

    def _shorten_names(self) -> None:
        """Drop the numbers of names whose other owners were given up."""
        bases = {name: re.sub(r"_[0-9]+$", "", name) for name in self.blocks}
        unique = {
            name: base
            for name, base in bases.items()
            if base not in self.blocks and list(bases.values()).count(base) == 1 and layers.find(base) is None
        }
        for nodes in self._lists():
            nodes[:] = [
                node._replace(block=unique.get(node.block, node.block)) if isinstance(node, CallNode) else node
                for node in nodes
            ]
        for old, new in unique.items():
            self.attempts[new] = self.attempts[old]
        named = ((unique.get(name, name), block) for name, block in self.blocks.items())
        self.blocks = {name: block._replace(name=name) for name, block in named}

    def _drop_names(self) -> None:
        """Names remain where a person would write them: for layers with weights that count as depth."""
        for nodes in self._lists():
            nodes[:] = [
                node if has_own_weights(node) and not isinstance(node, JoinNode) else node._replace(name="")
                for node in nodes
            ]

    def _with_positions(self, node: OutlineNode) -> OutlineNode:
        """A call whose arguments are the first of its block has them by position; true and false say nothing there."""
        if not isinstance(node, CallNode) or len(node.arguments) > MOST_POSITIONS:
            return node
        first = self.blocks[node.block].parameters[: len(node.arguments)]
        if [one.name for one in first] != list(node.arguments):
            return node
        if any(one.role == "flag" or isinstance(one.default, bool) for one in first):
            return node
        return node._replace(arguments={str(number): value for number, value in enumerate(node.arguments.values())})

    # --- by scopes ---

    def _use_scopes(self) -> None:
        while groups := self._ready_groups():
            self._unify_groups(groups)
            self.fold()

    def _ready_groups(self) -> list[tuple[Nodes, GroupNode]]:
        """Groups without groups in them, each with the sequence that has it, of kinds of which all groups are so."""
        inner, outer = [], set()
        for nodes in self._lists():
            for node in nodes:
                if isinstance(node, GroupNode) and not node.when:
                    within = (one for found in lists_in(node.nodes) for one in found)
                    if any(isinstance(one, GroupNode) and not one.when for one in within):
                        outer.add(node.kind)
                    else:
                        inner.append((nodes, node))
        return [one for one in inner if one[1].kind in CONTAINERS or one[1].kind not in outer] or inner

    def _unify_groups(self, groups: list[tuple[Nodes, GroupNode]]) -> None:
        """Replace groups by calls of blocks, or where that saves nothing by their nodes."""
        by_kind: dict[str, list[Occurrence]] = defaultdict(list)
        replaced: dict[int, Nodes] = {}
        for _, group in groups:
            fold(group.nodes, self.blocks, is_scope=True)
            replaced[id(group.nodes)] = [rename(node, group.name) for node in group.nodes]
            if len(group.nodes) > 1 or not isinstance(group.nodes[0], LeafNode | CallNode):
                channels = channels_of(group.nodes[0])
                kind = "" if group.kind in CONTAINERS else group.kind
                by_kind[kind].append(Occurrence(group.nodes, 0, len(group.nodes), channels, group.name))
        for kind, occurrences in by_kind.items():
            for cluster in self._clusters(occurrences):
                scope = re.sub(r"[0-9_.]+$", "", cluster[0].name)
                own = snake_case(kind) if kind else "" if scope in GENERIC_SCOPES else scope
                name = own or describe(cluster[0].run)
                found = self._define((name, cluster))
                if found is None:
                    continue
                _, (block, arguments) = found
                for one, given in zip(cluster, arguments, strict=True):
                    replaced[id(one.nodes)] = [CallNode(block.name, given, one.name, one.in_channels)]
        for holder in {id(nodes): nodes for nodes, _ in groups}.values():
            holder[:] = [
                new
                for node in holder
                for new in (replaced.get(id(node.nodes), [node]) if isinstance(node, GroupNode) else [node])
            ]

    # --- by structure ---

    def _use_joins(self) -> None:
        """Make blocks of joins with the activation behind them, inner ones first."""
        done: set[int] = set()
        while found := [one for nodes in self._lists() for one in joins_in(nodes, done)]:
            by_type: dict[object, list[Occurrence]] = defaultdict(list)
            for one in found:
                by_type[one.join.type].append(one)
            if not limits.affords(Cost.OUTLINED * len(found)):
                return
            # One block at a time: it moves the nodes behind its uses.
            cluster = next((one for some in by_type.values() for one in self._clusters(some)), found)
            done.update(id(one.join) for one in cluster)
            if len(cluster) > 1:
                largest = max(cluster, key=lambda one: count_leaves(one.run.nodes)).run
                template = largest.nodes
                inside = {id(nodes) for one in cluster for node in one.run.nodes for nodes in lists_in([node])}
                lists = [nodes for nodes in self._lists() if id(nodes) not in inside]
                alike = list(runs_like(template, [one.run.nodes for one in cluster], lists))
                if self._replace((describe(largest), [*cluster, *alike])):
                    self.fold()

    def _use_repeats(self, *, keeps_names: bool) -> None:
        """Make blocks of the runs whose repetition costs most lines; a call has one name for all nodes of its run."""
        for _ in range(MOST_ROUNDS):
            runs = [(describe(cluster[0].run), cluster) for cluster in self._repeated_runs(keeps_names=keeps_names)]
            # A few are compared at a time: the first ones save most, if they can be blocks at all.
            if not any(self._replace(*runs[start : start + MOST_TRIES]) for start in range(0, len(runs), MOST_TRIES)):
                return
            self.fold()

    def _repeated_runs(self, *, keeps_names: bool) -> list[list[Occurrence]]:
        """Runs that occur more than once, those first that seem to save most lines."""
        found: dict[tuple[object, ...], list[Occurrence]] = defaultdict(list)
        for nodes in self._lists():
            if not limits.affords(len(nodes) * LONGEST_RUN // Cost.PER_EXAMINED):
                return []
            tokens = [token_of(node) for node in nodes]
            for start in range(len(nodes)):
                for stop in range(start + 2, min(start + LONGEST_RUN, len(nodes)) + 1):
                    if tokens[stop - 1] is None or tokens[start] is None:
                        break
                    if keeps_names and sum(bool(node.name) for node in nodes[start:stop]) > 1:
                        break
                    before = found[tuple(tokens[start:stop])]
                    if not (before and before[-1].nodes is nodes and before[-1].stop > start):
                        before.append(Occurrence(nodes, start, stop, channels_of(nodes[start])))
        savings = {
            key: _preferred((len(key) - 1) * len(cluster) - len(key) - 2, cluster)
            for key, cluster in found.items()
            if len(cluster) > 1
        }
        best = sorted((key for key in savings if savings[key] > 0), key=lambda key: (-savings[key], -len(key)))
        return [found[key] for key in best[:MOST_CANDIDATES]]

    # --- what both share ---

    def fold(self) -> None:
        """Fold the calls of all sequences into loops."""
        for nodes in self._lists():
            fold(nodes, self.blocks)

    def _lists(self) -> Iterator[Nodes]:
        for nodes in self.sequences:
            yield from lists_in(nodes)
        for block in list(self.blocks.values()):
            yield from lists_in(block.nodes)

    def _clusters(self, occurrences: list[Occurrence]) -> Iterator[list[Occurrence]]:
        """Occurrences that may be uses of one block, at least two."""
        rest = sorted(occurrences, key=lambda one: -count_leaves(one.run.nodes))
        while len(rest) > 1:
            template = rest[0].run.nodes
            matches = [number == 0 or fits(template, one.run.nodes) for number, one in enumerate(rest)]
            cluster = [one for one, is_match in zip(rest, matches, strict=True) if is_match]
            rest = [one for one, is_match in zip(rest, matches, strict=True) if not is_match]
            if len(cluster) > 1:
                order = {id(one): number for number, one in enumerate(occurrences)}
                yield sorted(cluster, key=lambda one: order[id(one)])

    def _define(self, *candidates: Candidate) -> tuple[list[Occurrence], Unified] | None:
        """The block of the candidate that makes the outline shortest; None if none makes it shorter."""
        best: tuple[float, list[Occurrence], Unified, int] | None = None
        for wanted, cluster in candidates:
            self.tried += 1
            if not limits.affords(Cost.OUTLINED * sum(one.stop - one.start for one in cluster)):
                continue
            name = self._free_name(wanted)
            unified = unify(name, [one.run for one in cluster], self.blocks)
            if unified is not None and self.tried not in self.banned:
                calls: Nodes = [CallNode(name, arguments) for arguments in unified.arguments]
                after = _length(write_block(unified.block)) + _length(write_nodes(calls)) + 1
                before = sum(_length(write_nodes(one.run.nodes)) for one in cluster)
                saved = _preferred(before - after - COST_OF_PARAMETER * len(unified.block.parameters), cluster)
                if saved > (best[0] if best else 0):
                    best = (saved, cluster, unified, self.tried)
        if best is None:
            return None
        _, cluster, unified, number = best
        self.attempts[unified.block.name] = number
        self.blocks[unified.block.name] = unified.block
        return cluster, unified

    def _replace(self, *candidates: Candidate) -> bool:
        """Define the block of the best candidate, and use it in place of its runs."""
        found = self._define(*candidates)
        if found is None:
            return False
        cluster, unified = found
        # From the end, so that the places before stay valid.
        pairs = sorted(zip(cluster, unified.arguments, strict=True), key=lambda pair: -pair[0].start)
        for one, arguments in pairs:
            # The name of a loop has its index, which means nothing for the call around it.
            names = [node.name.partition("{")[0].rstrip("._") for node in one.run.nodes if node.name]
            call = CallNode(unified.block.name, arguments, names[0] if len(names) == 1 else "", one.in_channels)
            one.nodes[one.start : one.stop] = [call]
        return True

    def _free_name(self, name: str) -> str:
        is_reserved = layers.find(name) is not None or name in (*CONTAINER_KEYS, *MODIFIERS, *RESERVED)
        name = f"{name}_block" if is_reserved else name
        return next(one for one in chain([name], (f"{name}_{n}" for n in count(2))) if one not in self.attempts)


def _length(lines: Iterable[str]) -> float:
    """The length of a text: long lines count more than short ones."""
    return sum(1 + len(line) / LENGTH_OF_LINE for line in lines)


def _preferred(saved: float, cluster: list[Occurrence]) -> float:
    """What a block saves; of runs that overlap, one that starts with weights is better."""
    first = cluster[0].nodes[cluster[0].start]
    return saved * PREFERENCE if isinstance(first, LeafNode) and has_own_weights(first) else saved
