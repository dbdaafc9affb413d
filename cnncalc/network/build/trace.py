"""A network with the steps of its construction: the item, scope, inputs and output of each layer, block and branch.

Loaded only for code that keeps the structure of a spec.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cnncalc import limits
from cnncalc.layers.contract import LayerType
from cnncalc.network.build import build_draft
from cnncalc.network.build.draft import Draft
from cnncalc.network.build.expand import Expander
from cnncalc.network.build.layers import LayerPlacer, WeightSharing
from cnncalc.network.build.scope import ItemScope, Placement, Tensor
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.spec.records import Action, Branch, Item, JoinCall, LayerCall, NetworkCall, Spec


@dataclass(eq=False, slots=True)
class Step:
    """One pass of an item or branch.

    `scope` holds the names that it sees, and `inner` those that its own items see; `inputs` are the tensors that enter
    it by their names inside a block, and `start` the one that its first item reads. A step that its `when` omits is not
    `taken`. `layer` is None unless the item is a layer or join.
    """

    item: Item | Branch | None
    scope: ItemScope
    current: Tensor | None
    action: Action | None = None
    path: str = ""
    label: str | None = None
    inputs: dict[str, Tensor] = field(default_factory=dict)
    result: Tensor | None = None
    is_taken: bool = False
    inner: ItemScope | None = None
    start: Tensor | None = None
    layer: Layer | None = None
    children: list[Step] = field(default_factory=list)
    outputs: tuple[Tensor, ...] = ()

    @property
    def names(self) -> ItemScope:
        """The scope of its own items."""
        return self.inner or self.scope


def trace(spec: Spec) -> tuple[LayerGraph, Step]:
    """The network of a decoded spec, and the step of the whole network. Raises SpecError as `build` does."""
    limits.restart()
    draft = Draft(spec)
    tracers: list[_TracingExpander] = []

    def expander_of(draft: Draft) -> _TracingExpander:
        tracers.append(_TracingExpander(draft))
        return tracers[0]

    try:
        network = build_draft(draft, expander_of)
    finally:
        limits.rest(draft.steps)
    root = tracers[0].root
    if root is None:  # pragma: no cover - every network has items
        raise ValueError("a network without items was built")
    return network, root


class _TracingExpander(Expander):
    def __init__(self, draft: Draft) -> None:
        super().__init__(draft)
        # Copies have no steps of their own.
        self.cache.may_copy = False
        self.layers = _TracingPlacer(self, draft, self.weights)
        self.open: list[Step] = []
        self.root: Step | None = None

    @property
    def step(self) -> Step:
        return self.open[-1]

    def place_items(self, items: tuple[Item, ...], scope: ItemScope, current: Tensor | None) -> Tensor | None:
        if not self.open:
            self.root = Step(None, scope, current, inputs=dict(scope.inputs), is_taken=True)
            self.open.append(self.root)
        self.step.inner, self.step.start = scope, current
        self.step.result = super().place_items(items, scope, current)
        return self.step.result

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
        step = Step(item, scope, current)
        self.step.children.append(step)
        self.open.append(step)
        try:
            step.result = super()._place_once(item, action, scope, current, path, owners=owners)
        finally:
            self.open.pop()
        return step.result

    def _place_action(self, action, place, inputs):  # type: ignore[no-untyped-def]
        step = self.step
        step.path, step.inputs, step.is_taken = place.path, inputs, True
        step.action = self._override(action, place.path, place.scope)
        result = super()._place_action(action, place, inputs)
        if isinstance(action, NetworkCall):
            step.result = result
        return result

    def _place_branches(
        self, branches: tuple[Branch, ...], scope: ItemScope, start: Tensor | None
    ) -> list[tuple[str | None, Tensor]]:
        self.step.is_taken, self.step.path, self.step.start = True, self.step.path or scope.path, start
        if self.step.action is None and isinstance(self.step.item, Item):
            self.step.action = self.step.item.action
        return super()._place_branches(branches, scope, start)

    def _place_branch(self, branch: Branch, label: str | None, scope: ItemScope, start: Tensor | None) -> Tensor | None:
        step = Step(branch, scope, start, label=label)
        self.step.children.append(step)
        self.open.append(step)
        try:
            step.result = super()._place_branch(branch, label, scope, start)
        finally:
            self.open.pop()
        step.is_taken = step.result is not None
        return step.result


class _TracingPlacer(LayerPlacer):
    def __init__(self, expander: _TracingExpander, draft: Draft, weights: WeightSharing) -> None:
        super().__init__(draft, weights)
        self.expander = expander

    def place(self, call: LayerCall, place: Placement, inputs: list[Tensor], labels: tuple[str, ...] = ()) -> Tensor:
        step = self.expander.step
        step.path, step.is_taken = place.path, True
        if not isinstance(step.action, JoinCall):
            step.action = call
        step.inputs = {str(number): tensor for number, tensor in enumerate(inputs)}
        before = len(self.draft.layers)
        result = super().place(call, place, inputs, labels)
        if len(self.draft.layers) > before:
            step.layer = self.draft.layers[-1]
        return result


__all__ = ["LayerType", "Step", "trace"]
