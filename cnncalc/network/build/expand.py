"""Expands a spec: places its items in order, with their repetitions."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc import limits
from cnncalc.network.build.cache import BlockCache, key_arguments, key_expansion
from cnncalc.network.build.draft import CANNOT_BUILD, Draft, report
from cnncalc.network.build.layers import LayerPlacer, WeightSharing
from cnncalc.network.build.names import NameTable, join_path
from cnncalc.network.build.reads import BlockReads
from cnncalc.network.build.scope import UNKNOWN_TENSOR, ItemScope, Placement, Tensor
from cnncalc.network.build.sources import (
    find_inputs,
    find_loop_input,
    only,
    refuse_single_start,
    resolve_sources,
    start_of,
)
from cnncalc.network.records import Group
from cnncalc.spec.records import Action, BlockCall, Branch, Item, ItemGroup, JoinCall, LayerCall, Loop, SideBranches
from cnncalc.spec.templates import EvaluationError
from cnncalc.syntax.expressions import ChainedNames, UnknownValue, Value


class Expander:
    """Expands the items of a spec into a draft.

    `current` is the output of the previous item; None at the start of a network or block with several inputs.
    """

    def __init__(self, draft: Draft, variables: dict[str, Value]) -> None:
        self.draft = draft
        self.variables = variables
        self.cache = BlockCache(draft)
        self.reads = BlockReads(draft.spec)
        self.names = NameTable(draft, self.cache, self.reads)
        self.weights = WeightSharing(draft, self.names)
        self.layers = LayerPlacer(draft, self.weights)

    def place_items(self, items: tuple[Item, ...], scope: ItemScope, current: Tensor | None) -> Tensor | None:
        """Place items in order. Returns the output of the last."""
        for item in items:
            current = self._place_item(item, scope, current)
        return current

    def _place_item(self, item: Item, scope: ItemScope, current: Tensor | None) -> Tensor | None:
        """Place an item with its repetitions."""
        if item.action is not None:
            try:
                if item.loop is None:
                    return self._place_once(item, item.action, scope, current, None)
                return self._repeat(item, item.action, item.loop, scope, current)
            except CANNOT_BUILD as error:
                report(error, self.draft.problems)
        self.names.mark_failed(item)
        return UNKNOWN_TENSOR

    def _repeat(
        self, item: Item, action: Action, loop: Loop, scope: ItemScope, current: Tensor | None
    ) -> Tensor | None:
        """Place the passes of an item, each on the output of the previous one."""
        # A name with {index} differs in each pass; otherwise the passes are numbered below one name.
        # An unnamed group adds no name, whether it is repeated or not.
        base = None
        is_group = isinstance(action, ItemGroup)
        if not (is_group and _is_unnamed(item)) and (item.name is None or item.name.constant is not None):
            base = self.names.take(item, scope)
        first = find_loop_input(loop, item.sources, scope, current, self.names, own=item.name)
        for number, inner in scope.iterate(loop, first):
            if number == 1 and (base is not None or not item.declares):
                refuse_single_start(item)
            path = None if base is None else f"{base}.{number}"
            current = self._place_once(item, action, inner, current, path)
        if base is not None and current is not None:
            self.draft.tensors[base] = current
        return current

    def _place_once(
        self, item: Item, action: Action, scope: ItemScope, current: Tensor | None, path: str | None
    ) -> Tensor | None:
        """Place one pass of an item; `path` is its full name if the passes are numbered."""
        self.draft.count_step(item.span)
        if item.is_plain and current is not None and isinstance(action, LayerCall):
            path = path or self.names.take(item, scope)
            current = self.draft.tensors[path] = self.layers.place(action, Placement(item, path, scope), [current])
            return current
        when = item.when
        if when is not None and not when.uses_tensor and not scope.is_true(when, None):
            return current
        inputs = find_inputs(item, action, scope, current, self.names)
        if when is not None and when.uses_tensor and not scope.is_true(when, only(inputs)):
            return current
        if item.training_only:
            scope = scope._replace(training_only=True)
        is_unnamed = path is None and _is_unnamed(item)
        if path is None:
            path = scope.path if is_unnamed else self.names.take(item, scope)
        if isinstance(action, SideBranches):
            ends = self._place_branches(action.branches, scope._replace(path=path), start_of(item, inputs))
            self.draft.side_ends.extend(end for _, end in ends)
            return current
        if item.weights is not None:
            scope = scope._replace(shared=self.weights.resolve(item.weights, path, scope, only(inputs)))
        result = self._place_action(action, Placement(item, path, scope), inputs)
        if result is not None and not is_unnamed:
            self.draft.tensors[path] = result
        return result

    def _place_action(
        self, action: LayerCall | JoinCall | BlockCall | ItemGroup, place: Placement, inputs: dict[str, Tensor]
    ) -> Tensor | None:
        """Place a layer, join, block or group. Returns its output."""
        if isinstance(action, LayerCall):
            return self.layers.place(action, place, list(inputs.values()))
        if isinstance(action, JoinCall):
            return self._place_join(action, place, inputs)
        if isinstance(action, BlockCall):
            return self._place_block(action, place, inputs)
        item, path, scope = place
        if not _is_unnamed(item):
            self.draft.groups.append(Group(path, "layers", item.span))
        inner = self.draft.enter(scope, path, item.span)
        return self.place_items(action.items, inner, start_of(item, inputs))

    # --- blocks ---------------------------------------------------------------------------------

    def _place_block(self, call: BlockCall, place: Placement, sources: dict[str, Tensor]) -> Tensor | None:
        block = self.draft.spec.blocks.get(call.block)
        if block is None:
            raise UnknownValue
        item, path, scope = place
        current = only(sources)
        inputs_span = None
        if item.sources is not None and not (current is not None and "" in sources):
            inputs_span = item.sources.span
            self.reads.refuse_surplus(block, sources, inputs_span)
        limits.spend(2 * len(block.parameters))
        names = ChainedNames({}, self.variables)
        for parameter in block.parameters:
            given = call.arguments.get(parameter.name)
            if given is not None:
                names[parameter.name] = scope.evaluate(given, current)
            elif parameter.default is not None:
                names[parameter.name] = scope._replace(names=names).evaluate(parameter.default, current)
        inputs = {"input": current} if current is not None and "" in sources else sources
        arguments = tuple(names.items())
        arguments_key = key_arguments(call.block, arguments)
        key = key_expansion(arguments_key, inputs, scope)
        known = self.cache.find(key, place)
        if known is not None:
            return self.cache.copy(known, place, arguments, inputs)
        start = self.cache.size()
        depth = self.draft.enter(scope, path, item.span).depth
        layer_types = self.layers.factory.reuse(arguments_key)
        around = scope.training_only, scope.shared
        inner = ItemScope(path, path, call.block, names, inputs, depth, *around, inputs_span, layer_types)
        self.draft.groups.append(Group(path, call.block, item.span, arguments))
        result = self.place_items(block.items, inner, current)
        if result is not None:
            self.cache.record(key, place, inputs, result, start)
        return result

    # --- branches -------------------------------------------------------------------------------

    def _place_join(self, join: JoinCall, place: Placement, inputs: dict[str, Tensor]) -> Tensor:
        """Place a join and its branches. If only one branch remains, returns its output."""
        ends = self._place_branches(join.branches, place.scope, start_of(place.item, inputs))
        if not ends:
            hint = "make the when of at least one branch true, or remove it"
            raise EvaluationError(place.item.span, f"{place.path} has no branch: every when is false", hint)
        tensors = [end for _, end in ends]
        if len(tensors) == 1:
            return tensors[0]
        return self.layers.place(join.call, place, tensors, tuple(label or end.name for label, end in ends))

    def _place_branches(
        self, branches: tuple[Branch, ...], scope: ItemScope, start: Tensor | None
    ) -> list[tuple[str | None, Tensor]]:
        """Place the branches whose conditions are true. Returns their names and outputs."""
        ends: list[tuple[str | None, Tensor]] = []
        for branch in branches:
            try:
                for label, inner in self._passes(branch, scope, start):
                    end = self._place_branch(branch, label, inner, start)
                    if end is not None:
                        ends.append((label, end))
            except CANNOT_BUILD as error:
                report(error, self.draft.problems)
                ends.append((branch.name, UNKNOWN_TENSOR))
        return ends

    def _passes(self, branch: Branch, scope: ItemScope, start: Tensor | None) -> Iterable[tuple[str | None, ItemScope]]:
        """The name and scope of each pass of a branch."""
        if branch.loop is None:
            return [(branch.name, scope)]
        first = find_loop_input(branch.loop, branch.sources, scope, start, self.names)
        return (
            (None if branch.name is None else f"{branch.name}.{number}", inner)
            for number, inner in scope.iterate(branch.loop, first)
        )

    def _place_branch(self, branch: Branch, label: str | None, scope: ItemScope, start: Tensor | None) -> Tensor | None:
        """Place one pass of a branch. Returns its output, or None if its condition is false."""
        self.draft.count_step(branch.span)
        if branch.sources is not None:
            start = only(resolve_sources(branch.sources, scope, start, self.names))
            if start is None:
                raise EvaluationError(branch.sources.span, "a branch starts from one tensor", "name only one")
        if branch.when is not None and not scope.is_true(branch.when, start):
            return None
        path = scope.path
        if label is not None and branch.items:
            path = self.names.number(join_path(scope.path, label), branch.span)
            self.draft.groups.append(Group(path, "branch", branch.span))
        end = self.place_items(branch.items, self.draft.enter(scope, path, branch.span), start)
        if end is None:
            raise EvaluationError(branch.span, "this branch has no input", scope.ask_for_source())
        if path != scope.path:
            self.draft.tensors[path] = end
        return end


def _is_unnamed(item: Item) -> bool:
    """Whether an item adds nothing to the names of its layers."""
    is_container = isinstance(item.action, SideBranches | ItemGroup)
    return is_container and item.name is None and item.weights is None
