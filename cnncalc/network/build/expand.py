"""Expands a spec: places its items in order, with their repetitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar, cast

from cnncalc import limits
from cnncalc.errors import Problem
from cnncalc.network.build.cache import BlockCache, key_arguments, key_expansion
from cnncalc.network.build.draft import CANNOT_BUILD, Draft, report
from cnncalc.network.build.layers import LayerPlacer, WeightSharing
from cnncalc.network.build.names import NameTable, join_path
from cnncalc.network.build.reads import BlockReads
from cnncalc.network.build.scope import UNKNOWN_TENSOR, ItemScope, NetworkScope, Placement, SharedWeights, Tensor
from cnncalc.network.build.sources import (
    find_inputs,
    find_loop_input,
    match_tensors,
    only,
    refuse_single_start,
    resolve_sources,
    start_of,
)
from cnncalc.network.build.types import TypeChooser
from cnncalc.network.records import Group
from cnncalc.spec.records import (
    Action,
    Block,
    BlockCall,
    Branch,
    Item,
    ItemGroup,
    JoinCall,
    LayerCall,
    Loop,
    NetworkCall,
    SideBranches,
    TypeCall,
)
from cnncalc.spec.templates import EvaluationError, Template
from cnncalc.syntax.expressions import ChainedNames, UnknownValue, Value

if TYPE_CHECKING:
    from cnncalc.network.build.overrides import Call, OverrideTable

Placed = TypeVar("Placed", bound="LayerCall | JoinCall | BlockCall | ItemGroup | NetworkCall")


class Expander:
    """Expands the items of a spec into a draft.

    `current` is the output of the previous item; None at the start of a network or block with several inputs.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.cache = BlockCache(draft)
        self.reads = BlockReads(draft.spec)
        self.names = NameTable(draft, self.cache, self.reads)
        self.weights = WeightSharing(draft, self.names)
        self.layers = LayerPlacer(draft, self.weights)
        self.types = TypeChooser(draft, self.names)
        # The blocks around the item that is being placed, each with the number of its network.
        self.open_blocks: list[tuple[int, str]] = []
        self.networks: dict[object, NetworkScope] = {}
        # Those of the networks around the item at hand, the outermost first.
        self.overrides: list[OverrideTable] = []
        # Calls are known by their id: those that overrides make must outlive these.
        self.ended_overrides: list[OverrideTable] = []

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
        # A name that contains {index} is new in each pass; otherwise the passes are numbered below one name.
        # An unnamed group adds no name of its own, repeated or not; a computed type gives each pass its name.
        base = None
        takes_own_names = (isinstance(action, ItemGroup) and _is_unnamed(item)) or (
            isinstance(action, TypeCall) and item.name is None
        )
        if not takes_own_names and (item.name is None or item.name.constant is not None):
            base = self.names.take(item, scope)
        first = find_loop_input(loop, item.sources, scope, current, self.names, own=item.name)
        if item.uses_shapes:
            scope = scope._replace(previous=current)
        owners: list[str] = []
        for number, inner in scope.iterate(loop, first):
            if number == 1 and (base is not None or not item.declares):
                refuse_single_start(item)
            path = None if base is None else f"{base}.{number}"
            current = self._place_once(item, action, inner, current, path, owners=owners)
        if base is not None and current is not None:
            self.draft.tensors[base] = current
        return current

    def _place_once(
        self,
        item: Item,
        action: Action,
        scope: ItemScope,
        current: Tensor | None,
        path: str | None,
        *,
        owners: list[str] | None = None,
    ) -> Tensor | None:
        """Place one pass of an item; `path` is its full name if the passes are numbered.

        `owners` gets the full name of the pass whose weights the later ones share, if they do.
        """
        self.draft.count_step(item.span)
        if item.uses_shapes:
            scope = scope._replace(previous=current)
        if item.is_plain and current is not None and isinstance(action, LayerCall):
            path = path or self.names.take(item, scope)
            action = self._override(action, path, scope)
            current = self.draft.tensors[path] = self.layers.place(action, Placement(item, path, scope), [current])
            return current
        if isinstance(action, TypeCall):
            item, action = self.types.choose(item, action, scope, current)
        when = item.when
        if when is not None and not when.uses_tensor and not scope.is_true(when, None):
            return current
        inputs = find_inputs(item, action, scope, current, self.names)
        if when is not None and when.uses_tensor and not scope.is_true(when, only(inputs)):
            return current
        if item.training_only or item.frozen:
            scope = scope.mark(item)
        is_unnamed = path is None and _is_unnamed(item)
        if path is None:
            path = scope.path if is_unnamed else self.names.take(item, scope)
        if isinstance(action, SideBranches):
            ends = self._place_branches(action.branches, scope._replace(path=path), start_of(item, inputs))
            self.draft.side_ends.extend(end for _, end in ends)
            return current
        if item.weights is not None:
            scope = scope._replace(shared=self.weights.resolve(item.weights, path, scope, only(inputs)))
        if item.share_weights and owners is not None:
            if owners:
                scope = scope._replace(shared=SharedWeights(path, owners[0], item.span))
            owners.append(path)
        result = self._place_action(action, Placement(item, path, scope), inputs)
        if result is not None and not is_unnamed:
            self.draft.tensors[path] = result
        return result

    def _place_action(
        self,
        action: LayerCall | JoinCall | BlockCall | ItemGroup | NetworkCall,
        place: Placement,
        inputs: dict[str, Tensor],
    ) -> Tensor | None:
        """Place a layer, join, block, network or group; its output."""
        action = self._override(action, place.path, place.scope)
        if isinstance(action, LayerCall):
            return self.layers.place(action, place, list(inputs.values()))
        if isinstance(action, JoinCall):
            return self._place_join(action, place, inputs)
        if isinstance(action, BlockCall):
            return self._place_block(action, place, inputs)
        if isinstance(action, NetworkCall):
            from cnncalc.network.build import nested

            return nested.place_network(self, action, place, inputs)
        item, path, scope = place
        if not _is_unnamed(item):
            self.draft.groups.append(Group(path, "layers", item.span))
        inner = self.draft.enter(scope, path, item.span)
        return self.place_items(action.items, inner, start_of(item, inputs))

    def add_overrides(self, network: NetworkScope, prefix: str) -> None:
        """Put the overrides of a network in force. Equal blocks may then differ."""
        if not network.spec.overrides:
            return
        from cnncalc.network.build.overrides import OverrideTable

        self.cache.may_copy = False
        self.overrides.append(OverrideTable(self.draft, network, prefix))

    def remove_overrides(self, network: NetworkScope) -> list[Problem]:
        """End the overrides of a network, the innermost one; what is wrong with them."""
        if not network.spec.overrides:
            return []
        ended = self.overrides.pop()
        self.ended_overrides.append(ended)
        return ended.find_problems()

    def _override(self, action: Placed, path: str, scope: ItemScope) -> Placed:
        """An action with the settings that overrides give it; those of outer networks come before those of inner."""
        if not self.overrides or isinstance(action, ItemGroup):
            return action
        if isinstance(action, BlockCall):
            block = scope.network.spec.blocks.get(action.block)
            names = [parameter.name for parameter in block.parameters] if block is not None else []
        elif isinstance(action, NetworkCall):
            spec = scope.network.spec.networks.get(action.network)
            names = [] if spec is None else list(spec.variables)
        else:
            names = list((action.call if isinstance(action, JoinCall) else action).type.settings)
        call: Call = action
        for overrides in reversed(self.overrides):
            call = overrides.apply(call, path, names)
        return cast("Placed", call)

    # --- blocks ---------------------------------------------------------------------------------

    def _place_block(self, call: BlockCall, place: Placement, sources: dict[str, Tensor]) -> Tensor | None:
        item, path, scope = place
        block = scope.network.spec.blocks.get(call.block)
        if block is None:
            raise UnknownValue
        current = only(sources)
        inputs_span = None
        if block.tensors:
            sources = match_tensors(block, item, sources)
        elif item.sources is not None and not (current is not None and "" in sources):
            inputs_span = item.sources.span
            self.reads.refuse_surplus(block, sources, inputs_span)
        inputs = {"input": current} if current is not None and "" in sources else sources
        limits.spend(2 * len(block.parameters))
        names = ChainedNames({}, scope.network.variables)
        for parameter in block.parameters:
            given = call.arguments.get(parameter.name)
            if given is not None:
                names[parameter.name] = scope.evaluate(given, current)
            elif parameter.default is not None:
                names[parameter.name] = _evaluate_default(parameter.default, block, place, names, inputs)
        arguments = tuple(names.items())
        arguments_key = key_arguments(call.block, scope.network.number, arguments)
        key = key_expansion(arguments_key, inputs, scope)
        known = self.cache.find(key, place)
        if known is not None:
            return self.cache.copy(known, place, arguments, inputs)
        start = self.cache.size()
        depth = self._enter_block(call, place)
        layer_types = self.layers.factory.reuse(arguments_key)
        around = scope.network, scope.training_only, scope.shared, inputs_span, layer_types, scope.frozen
        own = path, path, call.block, names, inputs, depth
        inner = ItemScope._make((*own, *around, None, scope.find_tensor, call.arguments))
        self.draft.groups.append(Group(path, call.block, item.span, arguments))
        self.open_blocks.append((scope.network.number, call.block))
        result = self.place_items(block.items, inner, current)
        self.open_blocks.pop()
        if result is not None:
            self.cache.record(key, place, inputs, result, start)
        return result

    def _enter_block(self, call: BlockCall, place: Placement) -> int:
        """The depth inside a block. Raises SpecError if that is too deep."""
        item, path, scope = place
        nesting = self.draft.limits.nesting
        if scope.depth >= nesting and (scope.network.number, call.block) in self.open_blocks:
            message = f"the block {call.block!r} uses itself until blocks are nested more than {nesting} deep"
            hint = limits.raised("nesting", "let the when: of that use become false sooner")
            self.draft.refuse(Problem(item.span, message, hint))
        return self.draft.enter(scope, path, item.span).depth

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
        if scope.previous is not None:
            scope = scope._replace(previous=start)
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
    return is_container and item.name is None and item.weights is None and not item.share_weights


def _evaluate_default(
    default: Template, block: Block, place: Placement, names: ChainedNames, inputs: dict[str, Tensor]
) -> Value:
    """The value of a parameter's default, which sees the inputs of its block."""
    scope = place.scope._replace(names=names)
    if default.uses_shapes:
        path = place.path
        scope = scope._replace(path=path, block_path=path, block=block.name, inputs=inputs, previous=only(inputs))
    return scope.evaluate(default, only(inputs))
