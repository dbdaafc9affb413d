"""Which runs of an outline become blocks: scopes of the source, joins, and runs that repeat.

Each makes the outline shorter in lines, or it is not made. Inner blocks come first, so that outer ones use them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count, groupby
from math import ceil
from typing import TypeAlias

from cnncalc import layers, limits
from cnncalc.layers.contract import Role
from cnncalc.limits import Cost
from cnncalc.outline.align import is_plain_activation, kind_of
from cnncalc.outline.inline import inline_once_used
from cnncalc.outline.loops import fold
from cnncalc.outline.text import write_block, write_nodes
from cnncalc.outline.tree import (
    CallNode,
    GroupNode,
    JoinNode,
    LeafNode,
    Nodes,
    OutlineBlock,
    OutlineNode,
    count_leaves,
    lists_in,
)
from cnncalc.outline.unify import LEAST_PRESENT, Run, Unified, fits, kernels_in, unify
from cnncalc.record import Record
from cnncalc.spec.records import CONTAINERS as CONTAINER_KEYS
from cnncalc.spec.records import MODIFIERS, RESERVED

MOST_POSITIONS = 5
LONGEST_RUN = 16
SHORTEST_ALIKE = 3
# What a reader pays for a parameter, and for the length of a line, in lines.
COST_OF_PARAMETER = 2
DEEPEST_SCOPE = 20
LENGTH_OF_LINE = 80
PREFERENCE = 1.2
MOST_TRIES = 6
MOST_CANDIDATES = 48
MOST_ROUNDS = 40
# Names of scopes that say nothing about the layers in them.
GENERIC_SCOPES = frozenset({"block", "blocks", "features", "layer", "layers", "module", "stage", "stages", "unit"})
# Classes whose modules are lists of others, or unknown.
CONTAINERS = ("", "Sequential", "ModuleList", "ModuleDict")


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
                _group(nodes, "", classes)
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
            replaced[id(group.nodes)] = [_renamed(node, group.name) for node in group.nodes]
            if len(group.nodes) > 1 or not isinstance(group.nodes[0], LeafNode | CallNode):
                channels = channels_of(group.nodes[0])
                kind = "" if group.kind in CONTAINERS else group.kind
                by_kind[kind].append(Occurrence(group.nodes, 0, len(group.nodes), channels, group.name))
        for kind, occurrences in by_kind.items():
            for cluster in self._clusters(occurrences):
                scope = re.sub(r"[0-9_.]+$", "", cluster[0].name)
                own = _snake(kind) if kind else "" if scope in GENERIC_SCOPES else scope
                name = own or _describe(cluster[0].run)
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
        while found := [one for nodes in self._lists() for one in _joins_in(nodes, done)]:
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
                alike = list(_runs_like(template, [one.run.nodes for one in cluster], lists))
                if self._replace((_describe(largest), [*cluster, *alike])):
                    self.fold()

    def _use_repeats(self, *, keeps_names: bool) -> None:
        """Make blocks of the runs whose repetition costs most lines; a call has one name for all nodes of its run."""
        for _ in range(MOST_ROUNDS):
            runs = [(_describe(cluster[0].run), cluster) for cluster in self._repeated_runs(keeps_names=keeps_names)]
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
            tokens = [_token(node) for node in nodes]
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


def channels_of(node: OutlineNode) -> int:
    """The channels of the tensor that a node reads; 0 if unknown."""
    return channels_of(node.nodes[0]) if isinstance(node, GroupNode) and node.nodes else node.in_channels


def has_own_weights(node: OutlineNode) -> bool:
    """Whether a node starts with a layer whose weights count as depth, or is a block; such layers have names."""
    if isinstance(node, JoinNode):
        return any(branch and has_own_weights(branch[0]) for branch in node.branches)
    if not isinstance(node, LeafNode):
        return True
    kind = layers.find(node.type) if isinstance(node.type, str) else None
    return node.is_shared or (kind is not None and kind.counts_as_depth)


def _length(lines: Iterable[str]) -> float:
    """The length of a text: long lines count more than short ones."""
    return sum(1 + len(line) / LENGTH_OF_LINE for line in lines)


def _preferred(saved: float, cluster: list[Occurrence]) -> float:
    """What a block saves; of runs that overlap, one that starts with weights is better."""
    first = cluster[0].nodes[cluster[0].start]
    return saved * PREFERENCE if isinstance(first, LeafNode) and has_own_weights(first) else saved


def _joins_in(nodes: Nodes, done: set[int]) -> Iterator[Occurrence]:
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


def _runs_like(template: Nodes, runs: list[Nodes], lists: Iterable[Nodes]) -> Iterator[Occurrence]:
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


def _token(node: OutlineNode) -> object:
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
    tokens = tuple(tuple(map(_token, branch)) for branch in node.branches)
    is_whole = node.branches and not any(node.conditions) and not any(None in branch for branch in tokens)
    return ("join", node.type, tokens) if is_whole else None


# --- scopes ---


def _group(nodes: Nodes, prefix: str, classes: Mapping[str, str]) -> None:
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
            _group(inner, f"{path}.", classes)
            kind = classes.get(path, "")
            is_list = not kind and all(node.name.split(".")[0].isdecimal() for node in inner if node.name)
            if is_list or kind in CONTAINERS[1:]:
                grouped += [_renamed(node, scope) for node in inner]
            else:
                grouped.append(GroupNode(inner, scope, kind, in_channels=channels_of(inner[0])))
            continue
        for node in inner:
            if isinstance(node, JoinNode):
                for branch in node.branches:
                    _group(branch, prefix, classes)
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


def _renamed(node: OutlineNode, scope: str) -> OutlineNode:
    """A node with the name of the scope around it before its own, and before those in its branches."""
    if isinstance(node, JoinNode):
        branches = tuple([_renamed(one, scope) for one in branch] for branch in node.branches)
        node = node._replace(branches=branches)
    if isinstance(node, CallNode) and node.repeat is not None and node.name in ("", "{index}"):
        return node._replace(name=scope)
    return node._replace(name=f"{scope}.{node.name}") if node.name else node


# --- names of blocks ---


def _snake(name: str) -> str:
    """The name of a class as blocks are named: inverted_residual for InvertedResidual."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip("_"))
    return re.sub(r"\W", "_", words.lower()) or "block"


def _describe(run: Run) -> str:
    """A name for a block without one, from its joins or its layers, as the papers call them."""
    for node in run.nodes:
        if isinstance(node, JoinNode) and (kind := layers.find(node.type)):
            return _describe_join(node, kind.role)
    words = [_word(node) for node in run.nodes]
    return "_".join(words) if len(words) < 4 else f"{words[0]}_block"


def _describe_join(join: JoinNode, role: Role) -> str:
    main = max(join.branches, key=len, default=[])
    leaves = [node for node in main if isinstance(node, LeafNode)]
    if role is Role.PRODUCT:
        kinds = [layers.find(leaf.type) for leaf in leaves if isinstance(leaf.type, str)]
        return "squeeze_excite" if any(kind and kind.role is Role.GLOBAL_POOL for kind in kinds) else "gated"
    if role is Role.SUM:
        kernels = [leaf.settings["kernel"] for leaf in leaves if has_own_weights(leaf) and "kernel" in leaf.settings]
        if len(kernels) != 3 or kernels[0] != 1 or kernels[2] != 1:
            return "residual"
        # A convolution that keeps the channels apart has no filters.
        is_full = all("filters" in leaf.settings for leaf in leaves if "kernel" in leaf.settings)
        return "bottleneck" if is_full else "inverted_residual"
    if role is Role.MATRIX_PRODUCT:
        return "attention"
    if not all(join.branches):
        return "dense_layer"
    return "inception" if len(join.branches) > 2 else "two_branches"


def _word(node: OutlineNode) -> str:
    if isinstance(node, CallNode):
        return node.block
    if not isinstance(node, LeafNode) or not isinstance(node.type, str):
        return "act"
    kind = layers.find(node.type)
    return "bn" if kind and kind.role is Role.BATCH_NORM else node.type
