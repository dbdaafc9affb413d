"""The differences between two networks as records."""

from __future__ import annotations

from enum import Enum

from cnncalc.analyses.alignment import Match
from cnncalc.analyses.totals import Totals
from cnncalc.analyses.tree import NOTHING, Figure
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record


class Kind(Enum):
    """The kind of a layer's change."""

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
    """A difference of figures for one sample: at inference, and in training including training-only layers."""

    inference: Figure
    training: Figure

    def __add__(self, other: CostChange) -> CostChange:  # type: ignore[override]
        if other is FREE:
            return self
        return other if self is FREE else CostChange(self.inference + other.inference, self.training + other.training)


FREE = CostChange(NOTHING, NOTHING)


class LayerChange(Record):
    """A layer that changed; `old` is None if it was added, `new` if it was removed.

    A `moved` layer is elsewhere among its neighbors, a `regrouped` one in another block; a `rewired` layer
    reads other layers; a `shared` one shares other weights than before. `cause` is the number of its own
    cause, None if it has none or no cost; `upstream_causes` are the causes of its cost from upstream, all
    causes if more than MOST_TOGETHER meet.
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
        """The new layer, or the old one if it was removed."""
        layer = self.new or self.old
        if layer is None:
            raise ValueError("a change of nothing")
        return layer

    @property
    def kind(self) -> Kind:
        """The kind; a consequence has only other shapes, or another aliasing."""
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
        """Whether it became training-only, or no longer is."""
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
    """A complete change with its cost.

    `changes` are those of its layers; `roots` are the layers and blocks that were added or removed as a whole.
    `inputs` are changed inputs of the network; `outputs` means that the network's outputs changed. `reached`
    are the downstream layers in which it changes costs.
    """

    changes: tuple[LayerChange, ...]
    roots: tuple[Match, ...]
    inputs: tuple[InputChange, ...]
    outputs: bool
    own: CostChange
    downstream: CostChange
    reached: tuple[str, ...]


class SharedCost(Record):
    """The cost that several causes share, in layers that all of them reach."""

    causes: tuple[int, ...]
    cost: CostChange
    reached: tuple[str, ...]


class Diff(Record):
    """The difference from `old` to `new`.

    `changes` are in the order of the tree `root`, and `by_match` has each by its node. `outputs` are those of both
    networks if they differ.
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
        """Whether anything changed except the network's name and description."""
        blocks = any(match.renamed or match.old is None or match.new is None for match in self.root.walk())
        return bool(self.changes or self.inputs or self.outputs or blocks)
