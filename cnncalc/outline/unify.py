"""Runs of equal structure -> one block with parameters, and the arguments of each run.

What differs between the runs becomes a parameter, or an expression over others of the same role: filters are
multiples of other filters or of the incoming channels, paddings are half of kernels. Layers that some runs lack have
a condition, which is searched among those that people write, such as a stride above 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from cnncalc import layers
from cnncalc.layers.contract import LayerType, Role
from cnncalc.outline.align import Pairs, align
from cnncalc.outline.arguments import ABSENT, ArgumentTable, ValueColumn
from cnncalc.outline.tree import (
    CallNode,
    FormulaText,
    GroupNode,
    JoinNode,
    LeafNode,
    Nodes,
    OutlineBlock,
    OutlineNode,
    Varying,
    count_leaves,
    is_same,
)
from cnncalc.record import Record
from cnncalc.syntax.expressions import parse

CHANNELS = frozenset({"filters", "features", "groups"})
# Roles of numbers that a condition compares with 1.
COUNTS = frozenset({"stride", "count"})
# A run must have this part of the layers of a block.
LEAST_PRESENT = 0.55
MOST_PARAMETERS = 12


class Run(Record):
    """Consecutive nodes of a sequence, with the channels of the tensor that they read (0 if unknown)."""

    nodes: Nodes
    in_channels: int
    name: str = ""


class Unified(Record):
    """A block, and the arguments for each run: those that differ from defaults."""

    block: OutlineBlock
    arguments: list[dict[str, object]]


def fits(template: Nodes, nodes: Nodes) -> bool:
    """Whether a run is, by most of its layers, a use of a block like the template."""
    return _pairs(template, nodes) is not None


def kernels_in(template: Nodes, runs: Sequence[Nodes]) -> dict[int, set[object]]:
    """The kernels that the layers of a template have in some runs; empty if none fits."""
    found: dict[int, set[object]] = {}
    for nodes in runs:
        for key, node in _pairs(template, nodes) or ():
            if isinstance(node, LeafNode):
                found.setdefault(key, set()).add(node.settings.get("kernel"))
    return found


def _pairs(template: Nodes, nodes: Nodes) -> Pairs | None:
    found = align(template, nodes)
    size = count_leaves(template)
    return found[1] if found and size - found[0] >= LEAST_PRESENT * size else None


def unify(name: str, runs: Sequence[Run], blocks: Mapping[str, OutlineBlock]) -> Unified | None:
    """The block of some runs, of which one has all layers; None if they need too many parameters."""
    template = max(runs, key=lambda run: count_leaves(run.nodes))
    pairs = [_pairs(template.nodes, run.nodes) for run in runs]
    if None in pairs:
        return None
    counterparts = [dict(found) for found in pairs if found is not None]
    unifier = _Unifier(runs, counterparts, blocks)
    nodes = unifier.unify(template.nodes)
    if nodes is None or not unifier.table.is_valid:
        return None
    parameters = unifier.table.parameters()
    if len(parameters) > MOST_PARAMETERS:
        return None
    block = OutlineBlock(name, parameters, nodes)
    return Unified(block, [unifier.table.arguments(number, parameters) for number in range(len(runs))])


class _Unifier:
    """Builds the body of a block from a template and the counterparts of its nodes in every run."""

    def __init__(
        self, runs: Sequence[Run], counterparts: list[dict[int, OutlineNode]], blocks: Mapping[str, OutlineBlock]
    ) -> None:
        self.runs = runs
        self.counterparts = counterparts
        self.blocks = blocks
        self.table = ArgumentTable([run.in_channels for run in runs])
        self.starts = set(_ids_at_start(max(runs, key=lambda run: count_leaves(run.nodes)).nodes))
        # The values of each node's settings or arguments by its identity; `` is the type, `*` the passes of a loop.
        self.texts: dict[int, dict[str, object]] = {}

    def unify(self, template: Nodes) -> Nodes | None:
        """The body of the block; None if it needs too many parameters."""
        self._express(template)
        if len(self.table.found) > MOST_PARAMETERS:
            return None
        self.table.fill()
        nodes = self._build(template, [run.in_channels for run in self.runs], (True,) * len(self.runs))
        self.table.fill()
        return nodes

    def _row(self, node: object) -> list[OutlineNode | None]:
        return [found.get(id(node)) for found in self.counterparts]

    def _present(self, node: OutlineNode) -> tuple[bool, ...]:
        """In which runs a node is present; a join is also if only one of its branches is."""
        keys = [id(node), *map(id, node.branches)] if isinstance(node, JoinNode) else [id(node)]
        return tuple(any(key in found for key in keys) for found in self.counterparts)

    # --- settings ---

    def _express(self, template: Nodes) -> None:
        for node in template:
            if isinstance(node, LeafNode):
                self._express_leaf(node)
            elif isinstance(node, CallNode):
                self._express_call(node)
            elif isinstance(node, JoinNode):
                for branch in node.branches:
                    self._express(branch)
            else:
                self._express(node.nodes)

    def _express_leaf(self, node: LeafNode) -> None:
        row = [found if isinstance(found, LeafNode) else None for found in self._row(node)]
        channels = [found.in_channels if found else 0 for found in row]
        channels = [own or 1 if found is None else own for own, found in zip(channels, row, strict=True)]
        types = [found.type if found else ABSENT for found in row]
        texts = self.texts[id(node)] = {"": self.table.express(ValueColumn("type", list(types), channels), "act")}
        declared = layers.find(node.type) if isinstance(node.type, str) else None
        keys = dict.fromkeys(key for found in row if found for key in found.settings)
        order = [key for key in declared.settings if key in keys] if declared else []
        for key in order:
            default = declared.settings[key].default if declared else None
            values = [found.settings.get(key, default) if found else ABSENT for found in row]
            role = "filters" if key in CHANNELS else key
            column = ValueColumn(role, values, channels, id(node) in self.starts)
            texts[key] = self._padding(node, key, values) or self.table.express(column, key)

    def _padding(self, node: LeafNode, key: str, values: list[object]) -> FormulaText | None:
        """A padding of half the kernel, if the kernel differs between the runs."""
        kernel = self.texts[id(node)].get("kernel")
        if key != "padding" or not isinstance(kernel, FormulaText):
            return None
        for found, value in zip(self._row(node), values, strict=True):
            if isinstance(found, LeafNode) and not _is_half(found.settings.get("kernel"), value):
                return None
        return FormulaText(f"{kernel.text} // 2")

    def _express_call(self, node: CallNode) -> None:
        block = self.blocks[node.block]
        row = [found if isinstance(found, CallNode) else None for found in self._row(node)]
        # Later passes of a loop read what the one before computes.
        is_loop = node.repeat is not None
        channels = [0 if is_loop else found.in_channels if found else 1 for found in row]
        roles = {one.name: one.role for one in block.parameters}
        given = {key for found in row if found for key in found.arguments}
        texts = self.texts[id(node)] = {}
        for one in block.parameters:
            if one.name in given:
                values = [found.arguments.get(one.name, one.default) if found else ABSENT for found in row]
                column = ValueColumn(roles[one.name], values, channels, id(node) in self.starts and not is_loop)
                texts[one.name] = self.table.express(column, one.name)
        if node.repeat is not None:
            counts = [found.repeat if found else ABSENT for found in row]
            texts["*"] = self.table.express(ValueColumn("count", counts, channels), "depth")

    # --- the body ---

    def _build(self, template: Nodes, channels: list[int], around: Sequence[bool]) -> Nodes:
        """The nodes of a sequence in the runs `around`, with their conditions; it starts from tensors of `channels`."""
        built: Nodes = []
        position = 0
        for present, nodes in groupby(template, self._present):
            made = [self._node(node, present) for node in nodes]
            if list(present) == list(around):
                built += made
            else:
                built.append(self._conditional(made, present, around, [] if position else channels))
            position += len(made)
        return built

    def _conditional(
        self, nodes: Nodes, present: Sequence[bool], around: Sequence[bool], channels: list[int]
    ) -> OutlineNode:
        first = nodes[0]
        word = first.block if isinstance(first, CallNode) else "part" if isinstance(first, GroupNode) else first.type
        when = self._condition(present, around, channels, word if isinstance(word, str) else "act")
        return first._replace(when=when) if len(nodes) == 1 and not first.when else GroupNode(nodes, when=when)

    def _condition(self, present: Sequence[bool], around: Sequence[bool], channels: list[int], word: str) -> str:
        """An expression that is true in the runs in which a part is present, among those around it."""
        wanted = [own if outer else ABSENT for own, outer in zip(present, around, strict=True)]
        for text, values in self._conditions(channels):
            if all(own is ABSENT or own == value for own, value in zip(wanted, values, strict=True)):
                return text
        return self.table.flag(f"has_{word}", wanted)

    def _conditions(self, channels: list[int]) -> Iterator[tuple[str, list[bool]]]:
        """Conditions that people write, with their values in each run."""
        steps: list[tuple[str, str, list[bool]]] = []
        for one in self.table.found:
            numbers = [value for value in one.values if isinstance(value, int)]
            if one.role in COUNTS and len(numbers) == len(one.values):
                steps.append((f"{one.name} > 1", f"{one.name} == 1", [value > 1 for value in numbers]))
        widths: list[tuple[str, str, list[bool]]] = []
        if channels and all(channels):
            names = {one.name: one.values for one in self.table.found if one.role == "filters"}
            for text in {**self.table.widths, **dict.fromkeys(names)}:
                differs = [
                    own != self._evaluate(text, {name: values[number] for name, values in names.items()})
                    for number, own in enumerate(channels)
                ]
                if "in_channels" not in text:
                    widths.append((f"in_channels != {text}", f"in_channels == {text}", differs))
        for text, opposite, values in (*steps, *widths):
            yield text, values
            yield opposite, [not value for value in values]
        for step, opposite_step, moved in steps:
            for width, opposite_width, widened in widths:
                either = [a or b for a, b in zip(moved, widened, strict=True)]
                yield f"{step} or {width}", either
                yield f"{opposite_step} and {opposite_width}", [not value for value in either]

    @staticmethod
    def _evaluate(text: str, values: Mapping[str, Any]) -> object:
        """The value of an expression in one run; None if a value is an expression itself."""
        if any(isinstance(value, FormulaText | Varying) for value in values.values()) or "in_channels" in text:
            return None
        return parse(text).evaluate(values)

    def _node(self, node: OutlineNode, present: Sequence[bool]) -> OutlineNode:
        texts = self.texts.get(id(node), {})
        if isinstance(node, LeafNode):
            declared = layers.find(node.type) if isinstance(node.type, str) else None
            settings = {key: text for key, text in texts.items() if key and not _is_default(declared, key, text)}
            return node._replace(type=texts[""], settings=settings, name=self._name(node), in_channels=0)
        if isinstance(node, CallNode):
            defaults = self.blocks[node.block].defaults
            arguments = {
                key: text
                for key, text in texts.items()
                if key != "*" and not (key in defaults and is_same(defaults[key], text))
            }
            return node._replace(arguments=arguments, repeat=texts.get("*"), name=self._name(node), in_channels=0)
        if isinstance(node, GroupNode):
            return node._replace(nodes=self._build(node.nodes, [], present), name=self._name(node))
        return self._join(node, present)

    def _join(self, node: JoinNode, present: Sequence[bool]) -> JoinNode:
        rows = self._row(node)
        # A run without the join enters one of its branches, at the start of the block.
        channels = self.table.channels
        if None not in rows:
            channels = [found.in_channels if isinstance(found, JoinNode) else 0 for found in rows]
        branches, conditions = [], []
        for branch, condition in zip(node.branches, node.conditions, strict=True):
            own = [id(branch) in found for found in self.counterparts]
            branches.append(self._build(branch, channels, own))
            is_always = bool(condition) or own == list(present)
            conditions.append(condition if is_always else self._condition(own, present, channels, "branch"))
        return node._replace(
            branches=tuple(branches), conditions=tuple(conditions), name=self._name(node), in_channels=0
        )

    def _name(self, node: OutlineNode) -> str:
        """The name of a node, if it is the same in all runs."""
        names = {found.name for found in self._row(node) if found is not None and not isinstance(found, bool)}
        return names.pop() if len(names) == 1 else ""


def _ids_at_start(nodes: Nodes) -> Iterator[int]:
    """The identities of the nodes that read as many channels as their sequence."""
    for node in nodes:
        yield id(node)
        if isinstance(node, JoinNode):
            for branch in node.branches:
                yield from _ids_at_start(branch)
        elif isinstance(node, GroupNode):
            yield from _ids_at_start(node.nodes)
        declared = layers.find(node.type) if isinstance(node, LeafNode) and isinstance(node.type, str) else None
        if declared is None or declared.role not in (Role.ACTIVATION, Role.BATCH_NORM):
            return


def _is_half(kernel: object, padding: object) -> bool:
    if isinstance(kernel, FormulaText):
        return padding == FormulaText(f"{kernel.text} // 2")
    return isinstance(kernel, int) and is_same(padding, kernel // 2)


def _is_default(declared: type[LayerType] | None, key: str, text: object) -> bool:
    setting = declared.settings[key] if declared else None
    return setting is not None and not setting.required and is_same(setting.default, text)
