"""What changed between two networks, as records."""

from __future__ import annotations

from enum import Enum

from cnncalc.analyses.alignment import Match
from cnncalc.analyses.totals import Totals
from cnncalc.analyses.tree import NOTHING, Figure
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record


class Kind(Enum):
    """What became of a layer."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    CONSEQUENCE = "consequence"


class SettingChange(Record):
    """A setting with its decoded values."""

    name: str
    old: object
    new: object


class CostChange(Record):
    """A difference of figures, for one sample: at inference, and in training with what only that has."""

    inference: Figure
    training: Figure

    def __add__(self, other: CostChange) -> CostChange:  # type: ignore[override]
        if other is FREE:
            return self
        return other if self is FREE else CostChange(self.inference + other.inference, self.training + other.training)


FREE = CostChange(NOTHING, NOTHING)


class LayerChange(Record):
    """A layer that changed; `old` is None if it was added, `new` if it was removed.

    `moved` stands elsewhere among its neighbors, `regrouped` in another block; `rewired` reads other
    layers; `shared` takes its weights from another layer, or no longer does. `cause` is the number of the
    cause that its own change belongs to, None where there is none or it costs nothing; `upstream_causes`
    are those that its cost from upstream comes from: all of them, where more than MOST_TOGETHER come together.
    """

    old: Layer | None
    new: Layer | None
    settings: tuple[SettingChange, ...]
    renamed: bool
    moved: bool
    regrouped: bool
    rewired: bool
    shared: bool
    cause: int | None
    own: CostChange
    upstream: CostChange
    upstream_causes: tuple[int, ...]

    @property
    def layer(self) -> Layer:
        """The new layer, or the old one where that is gone."""
        layer = self.new or self.old
        if layer is None:
            raise ValueError("a change of nothing")
        return layer

    @property
    def kind(self) -> Kind:
        """A consequence is what only has other shapes, or is kept where it was not."""
        if self.old is None:
            return Kind.ADDED
        if self.new is None:
            return Kind.REMOVED
        itself = self.renamed or self.moved or self.regrouped or self.rewired or self.shared
        if self.settings or self.retyped or self.in_training_changed or self.is_freezing_changed or itself:
            return Kind.CHANGED
        return Kind.CONSEQUENCE

    @property
    def retyped(self) -> bool:
        return self.old is not None and self.new is not None and self.old.type != self.new.type

    @property
    def in_training_changed(self) -> bool:
        """Whether it is there in training only now, or was before."""
        return self.old is not None and self.new is not None and self.old.training_only != self.new.training_only

    @property
    def is_freezing_changed(self) -> bool:
        """Whether its weights are buffers now, or were before, by `frozen`."""
        return self.old is not None and self.new is not None and self.old.frozen != self.new.frozen

    @property
    def difference(self) -> CostChange:
        return self.own + self.upstream


class InputChange(Record):
    """An input of the network that changed: its name and shape, None if there is none."""

    old: tuple[str, Shape] | None
    new: tuple[str, Shape] | None
    cause: int


class Cause(Record):
    """A change as a whole, with its cost.

    `changes` are those of its layers; `roots` are what was added and removed as a whole, layers and blocks.
    `inputs` are the network's inputs where they are the change; `outputs` says that the network's outputs
    are. `reached` are the layers downstream in which it costs, or saves, something.
    """

    changes: tuple[LayerChange, ...]
    roots: tuple[Match, ...]
    inputs: tuple[InputChange, ...]
    outputs: bool
    own: CostChange
    downstream: CostChange
    reached: tuple[str, ...]


class SharedCost(Record):
    """What several causes cost together, in layers that all of them reach."""

    causes: tuple[int, ...]
    cost: CostChange
    reached: tuple[str, ...]


class Diff(Record):
    """What changed from `old` to `new`.

    `changes` are in the order of the tree `root`, and `by_match` has each by its place there. `outputs` are those
    of both networks where they are not the same.
    """

    old: LayerGraph
    new: LayerGraph
    old_totals: Totals
    new_totals: Totals
    root: Match
    changes: tuple[LayerChange, ...]
    by_match: dict[Match, LayerChange]
    inputs: tuple[InputChange, ...]
    outputs: tuple[tuple[str, ...], tuple[str, ...]] | None
    causes: tuple[Cause, ...]
    shared: tuple[SharedCost, ...]

    @property
    def anything(self) -> bool:
        """Whether anything changed but the network's name and what is said of it."""
        blocks = any(match.renamed or match.old is None or match.new is None for match in self.root.walk())
        return bool(self.changes or self.inputs or self.outputs or blocks)
