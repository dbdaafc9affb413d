"""The differences between two networks, with the cost of each change: direct, and in later layers.

For a layer in both networks, the difference of each figure is split exactly into two parts:

- its own: the new settings on the old input shapes, minus the old settings on the old shapes;
- from upstream: the new settings on the new input shapes, minus the new settings on the old shapes.

If the new settings do not fit the old shapes, the whole difference is the layer's own, as for an added or
removed layer. The upstream part is traced to the changes that altered the shape, separately for channels
and spatial sizes. If several changes meet, they share it. So the direct, downstream and shared costs of
all changes add up to the difference of the totals.

Changes by one edit of a file are one cause: equal changes of layers in the same lines (a block that is
used often), and all layers that were added, removed or replaced in one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cnncalc import limits
from cnncalc.analyses.alignment import Match
from cnncalc.analyses.diff.blame import (
    EVERYONE,
    MOST_TOGETHER,
    NOBODY,
    PARTS,
    UNALTERED,
    Blame,
    Blames,
    join_blames,
    part_of,
)
from cnncalc.analyses.diff.causes import Ledger
from cnncalc.analyses.diff.links import Linker
from cnncalc.analyses.diff.pairing import PairedNetworks
from cnncalc.analyses.diff.records import (
    FREE,
    Cause,
    CostChange,
    Diff,
    InputChange,
    Kind,
    LayerChange,
    SettingChange,
    SharedCost,
)
from cnncalc.analyses.diff.shapes import ShapeOrigin, ShapeTracker
from cnncalc.analyses.tree import NOTHING, Figure
from cnncalc.layers.contract import Aliasing, Shapes
from cnncalc.network.records import Figures, Layer, LayerGraph

__all__ = [
    "EVERYONE",
    "FREE",
    "MOST_TOGETHER",
    "Cause",
    "CostChange",
    "Diff",
    "InputChange",
    "Kind",
    "LayerChange",
    "SettingChange",
    "SharedCost",
    "diff",
]


def diff(old: LayerGraph, new: LayerGraph) -> Diff:
    """The difference between two networks. Raises SpecError if very many layers changed."""
    with limits.counted():
        return _Differ(old, new).diff()


class _Differ:
    """Splits the costs of the layers of two networks by cause."""

    def __init__(self, old: LayerGraph, new: LayerGraph) -> None:
        self.pairing = PairedNetworks(old, new)
        self.ledger = Ledger()
        self.ledger.add_runs(self.pairing.root)
        self.inputs = self._find_inputs()
        self.ledger.add_moves(self.pairing)
        self.linker = Linker(self.pairing, self.ledger)
        self.shapes = ShapeTracker(self.pairing, self.ledger, self.linker)
        self.reading: dict[tuple[str, str], Blame] = {}

    def diff(self) -> Diff:
        pairing, ledger = self.pairing, self.ledger
        outputs = self._find_outputs()
        paired = [layer for layer in pairing.new.layers if layer.name in pairing.partner]
        for layer in paired:
            self.linker.settle(layer)
        ledger.close_list()
        self._book_inputs()
        for layer in pairing.new.layers:
            if layer.name in pairing.partner:
                self._compare(pairing.old_layer(layer), layer)
            else:
                self.shapes.add(layer)
        changes: dict[Match, LayerChange] = {}
        for match in pairing.matches:
            change = self._describe(match)
            if change is not None:
                limits.spend(limits.Cost.CHANGE, "the difference of networks where very many layers changed")
                changes[match] = change
                if change.cause is not None:
                    ledger.causes[change.cause].changes.append(change)
        return Diff(
            pairing.old,
            pairing.new,
            pairing.old_totals,
            pairing.new_totals,
            pairing.root,
            tuple(changes.values()),
            changes,
            self.inputs,
            outputs,
            ledger.closed_causes(),
            ledger.shared_costs(),
        )

    # --- inputs and outputs of the network ------------------------------------------------------

    def _find_inputs(self) -> tuple[InputChange, ...]:
        """The inputs that changed; each is a cause."""
        pairing, ledger = self.pairing, self.ledger
        olds = dict(pairing.old.inputs)
        changes = []
        for name, shape in pairing.new.inputs:
            before = pairing.partner.get(name)
            was = None if before is None else (before, olds[before])
            if was == (name, shape):
                continue
            number = ledger.number_cause(("input", name))
            changes.append(InputChange(was, (name, shape), number))
            if was is None:
                ledger.own[name] = number
        for name, shape in olds.items():
            if name not in pairing.back:
                number = ledger.gone[name] = ledger.number_cause(("input", name, "gone"))
                changes.append(InputChange((name, shape), None, number))
        return tuple(changes)

    def _book_inputs(self) -> None:
        """Book the activations of changed inputs, and record the causes of each."""
        for name, shape in self.pairing.new.inputs:
            self.shapes.origins[name] = ShapeOrigin(UNALTERED, UNALTERED, shape)
        for change in self.inputs:
            cause = self.ledger.causes[change.cause]
            cause.inputs.append(change)
            elements = 0
            if change.new is not None:
                name, shape = change.new
                elements = shape.elements
                was = None if change.old is None else change.old[1]
                altered = [was is None or part_of(was, part) != part_of(shape, part) for part in PARTS]
                mine = (change.cause,)
                blames = (mine if altered[0] else NOBODY, mine if altered[1] else NOBODY)
                self.shapes.origins[name] = ShapeOrigin(blames, UNALTERED if was is None else blames, was or shape)
            if change.old is not None:
                elements -= change.old[1].elements
            figure = Figure(0, 0, 0, 0, elements)
            cause.own += CostChange(figure, figure)

    def _find_outputs(self) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The outputs if they changed; an output that is reached through an added layer is unchanged."""
        linked = self.linker.link_outputs()
        if not linked.lost and not linked.moved and all(link.before is not None for link in linked.links):
            return None
        self.ledger.causes[self.ledger.number_cause("outputs")].outputs = True
        return self.pairing.old.outputs, self.pairing.new.outputs

    # --- costs ----------------------------------------------------------------------------------

    def _compare(self, old: Layer, new: Layer) -> None:
        """Book the cost difference of a layer in both networks, and record the causes of its output shape."""
        mine = self.ledger.own_blame(new)
        alone_before = _reads_alone(old, self.pairing.old_readers)
        alone_now = _reads_alone(new, self.pairing.new_readers)
        same = old.input_shapes == new.input_shapes and alone_before == alone_now
        lost = self.linker.by_layer[new.name].lost
        if same and not mine and not lost and not any(any(self.shapes.origins[name].blames) for name in new.inputs):
            self.shapes.keep(old, new)
            return
        shapes = self.shapes.reference_shapes(old, new)
        middle = self.shapes.ask(new, shapes)
        of_parts = self.shapes.blame_inputs(new, shapes)

        def figure(figures: Figures, layer: Layer, *, alone: bool) -> Figure:
            return _figure(figures, tied=layer.weights_from is not None, alone=alone)

        before = figure(old.figures, old, alone=alone_before)
        after = figure(new.figures, new, alone=alone_before)
        between = after if middle is None else figure(middle, new, alone=alone_before)
        final = after if alone_now == alone_before else figure(new.figures, new, alone=alone_now)
        upstream = join_blames(*of_parts)
        self.ledger.book(new, mine or upstream, _cost(before, old, between, new))
        if between != after:
            split = self._split_by_quantity(new, shapes, of_parts, between, after, alone=alone_before)
            for blame, step in split:
                self.ledger.book(new, blame, _cost(NOTHING, new, step, new))
        if final != after:
            self.ledger.book(new, self._blame_readers(old, new) or mine, _cost(after, new, final, new))
        self.shapes.pair(old, new, middle, shapes)

    def _split_by_quantity(
        self, layer: Layer, shapes: Shapes, blames: Blames, between: Figure, after: Figure, *, alone: bool
    ) -> Iterator[tuple[Blame, Figure]]:
        """The causes of each quantity's change from upstream: parameters do not depend on the size of the image."""
        both = join_blames(*blames)
        steps: dict[Blame, list[int]] = {}
        only: list[Figure | None] = [None, None]
        if all(blames) and blames[0] != blames[1]:
            for part in PARTS:
                answer = self.shapes.ask_mixed(layer, shapes, part)
                tied = layer.weights_from is not None
                only[part] = None if answer is None else _figure(answer, tied=tied, alone=alone)
        for place, (was, now) in enumerate(zip(between, after, strict=True)):
            blame = both
            if only[0] is not None and only[1] is not None:
                alone_values = only[0][place], only[1][place]
                blame = blames[0] if alone_values == (now, was) else blames[1] if alone_values == (was, now) else both
            steps.setdefault(blame, [0] * len(between))[place] = now - was
        for blame, numbers in steps.items():
            yield blame, Figure(*numbers)

    def _blame_readers(self, old: Layer, new: Layer) -> Blame:
        """Why a layer became in place, or no longer is: the causes of its input's other readers."""
        if not old.inputs or not new.inputs:
            return self.ledger.own_blame(new)
        if self.pairing.partner.get(new.inputs[0]) != old.inputs[0]:
            # It reads another tensor with other readers.
            links, lost, _ = self.linker.by_layer[new.name]
            through = join_blames(*(link.through for link in links if link.position == 0), self.ledger.own_blame(new))
            if through or lost:
                return through or lost
        # If very many layers read a tensor, the result is the same for all of them.
        key = old.inputs[0], new.inputs[0]
        if key not in self.reading:
            self.reading[key] = self._explain_readers(*key)
        return self.reading[key]

    def _explain_readers(self, old: str, new: str) -> Blame:
        """The causes of a tensor's other readers."""
        before, now = self.pairing.old_readers[old], self.pairing.new_readers[new]
        came = Counter(now) - Counter(self.pairing.back.get(name, name) for name in before)
        went = Counter(before) - Counter(self.pairing.partner.get(name, name) for name in now)
        found = [self.linker.explain_reading(name) for name in came if name]
        found += [
            (self.ledger.gone[name],)
            if name in self.ledger.gone
            else self.linker.explain_reading(self.pairing.back[name])
            for name in went
            if name
        ]
        blame = join_blames(*found)
        if not blame and ("" in came or "" in went):
            links, lost, _ = self.linker.link_outputs()
            outputs = (self.ledger.numbers["outputs"],) if "outputs" in self.ledger.numbers else NOBODY
            return join_blames(*(link.through for link in links), lost, outputs)
        return blame

    # --- the record -----------------------------------------------------------------------------

    def _describe(self, match: Match) -> LayerChange | None:
        """A layer's change; None if there is none."""
        old = match.old.layer if match.old else None
        new = match.new.layer if match.new else None
        if old is None or new is None:
            return self._describe_single(match, old, new)
        own, upstream = self.ledger.booked.get(new.name, (FREE, FREE))
        change = LayerChange(
            old,
            new,
            self.linker.settings[new.name],
            match.renamed,
            match.moved,
            match.regrouped,
            self.linker.by_layer[new.name].moved and not match.moved,
            self.pairing.is_sharing_changed(old, new),
            self.ledger.own.get(new.name),
            own,
            upstream,
            self.ledger.spell_out(self.ledger.blamed.get(new.name, NOBODY)),
        )
        same_shapes = old.input_shapes == new.input_shapes and old.output_shape == new.output_shape
        if change.kind is Kind.CONSEQUENCE and same_shapes and change.difference == FREE:
            return None
        return change

    def _describe_single(self, match: Match, old: Layer | None, new: Layer | None) -> LayerChange:
        """The change of a layer that was added or removed."""
        name = match.node.name
        if new is not None:
            alone = _reads_alone(new, self.pairing.new_readers)
            figure = _figure(new.figures, tied=new.weights_from is not None, alone=alone)
            cost = _cost(NOTHING, new, figure, new)
            number = self.ledger.own[name]
        elif old is not None:
            alone = _reads_alone(old, self.pairing.old_readers)
            figure = _figure(old.figures, tied=old.weights_from is not None, alone=alone)
            cost = _cost(figure, old, NOTHING, old)
            number = self.ledger.gone[name]
        self.ledger.causes[number].own += cost
        return LayerChange(old, new, (), False, False, False, False, False, number, cost, FREE, ())


def _reads_alone(layer: Layer, readers: dict[str, list[str]]) -> bool:
    """Whether nothing else reads the first input of a layer."""
    return any(len(readers[name]) == 1 for name in layer.inputs[:1])


def _figure(figures: Figures, *, tied: bool, alone: bool) -> Figure:
    """The figures of a layer; `tied` if it shares weights, `alone` if it is its input's only reader."""
    aliasing = figures.type.aliasing
    kept = aliasing is not Aliasing.VIEW and not (aliasing is Aliasing.IN_PLACE and alone)
    return Figure(
        0 if tied else figures.params,
        0 if tied else figures.buffers,
        figures.operations.multiply_accumulates,
        figures.operations.flops,
        figures.output_shape.elements if kept else 0,
    )


def _cost(before: Figure, old: Layer, after: Figure, new: Layer) -> CostChange:
    """The difference of two figures, of layers that may exist only in training."""
    if before == after and old.training_only == new.training_only:
        return FREE
    training = after - before
    if not (old.training_only or new.training_only):
        return CostChange(training, training)
    return CostChange((NOTHING if new.training_only else after) - (NOTHING if old.training_only else before), training)
