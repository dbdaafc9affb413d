"""What changed between two networks, and what each change costs: by itself, and in the layers behind it.

Of a layer that is in both networks, the difference of every figure is split in two, exactly:

- its own: its new settings on the shapes that came in before, against the old ones;
- from upstream: the new settings on the shapes that come in now, against those on the old shapes.

Where the new settings do not take the old shapes, all of it is its own; and so it is of a layer that was
added or removed. What comes from upstream is followed back to the changes that altered the shape, channels
and spatial sizes each for themselves. Where several changes come together, they share it. So the sum of
what changes cost by themselves, downstream of them and together is the difference of the totals.

Changes that one edit of a file makes are one cause: equal changes of layers that stand in the same lines
(a block that is used often), and all that was put in, taken away or replaced in one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

from cnncalc import limits
from cnncalc.analyses.alignment import Match, align
from cnncalc.analyses.totals import Totals, stored, totals
from cnncalc.analyses.tree import NOTHING, Figure
from cnncalc.errors import RuleError
from cnncalc.layers.contract import LayerType, Shapes, Storage
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Figures, Layer, Network, figures_of
from cnncalc.reprs import brief

# The numbers of the causes that come together, in order.
Blame: TypeAlias = "tuple[int, ...]"
NOBODY: Blame = ()
# Stands for all causes, where more than MOST_TOGETHER of them come together: networks that differ nearly
# everywhere would take memory that grows with the square of their layers.
EVERYONE: Blame = (-1,)
MOST_TOGETHER = 100
# What altered the channels of a tensor, and what its spatial sizes.
Blames: TypeAlias = "tuple[Blame, Blame]"
PARTS = (0, 1)


class Kind(Enum):
    """What became of a layer."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    CONSEQUENCE = "consequence"


@brief
class SettingChange(NamedTuple):
    """A setting with its decoded values."""

    name: str
    old: object
    new: object


@brief
class Cost(NamedTuple):
    """A difference of figures, for one sample: at inference, and in training with what only that has."""

    inference: Figure
    training: Figure

    def __add__(self, other: Cost) -> Cost:  # type: ignore[override]
        if other is FREE:
            return self
        return other if self is FREE else Cost(self.inference + other.inference, self.training + other.training)


FREE = Cost(NOTHING, NOTHING)


@brief
class LayerChange(NamedTuple):
    """A layer that is not as it was; `old` is None where it was added, `new` where it was removed.

    `moved` stands elsewhere among its neighbours, `regrouped` in another block; `rewired` reads other
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
    own: Cost
    upstream: Cost
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
        if self.settings or self.retyped or self.in_training_changed or itself:
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
    def difference(self) -> Cost:
        return self.own + self.upstream


@brief
class InputChange(NamedTuple):
    """An input of the network that is not as it was: its name and shape, None where there is none."""

    old: tuple[str, Shape] | None
    new: tuple[str, Shape] | None
    cause: int


@brief
class Cause(NamedTuple):
    """A change as a whole, with what it costs.

    `changes` are those of its layers; `roots` are what was added and removed as a whole, layers and blocks.
    `inputs` are the network's inputs where they are the change; `outputs` says that the network's outputs
    are. `reached` are the layers downstream in which it costs, or saves, something.
    """

    changes: tuple[LayerChange, ...]
    roots: tuple[Match, ...]
    inputs: tuple[InputChange, ...]
    outputs: bool
    own: Cost
    downstream: Cost
    reached: tuple[str, ...]


@brief
class SharedCost(NamedTuple):
    """What several causes cost together, in layers that all of them reach."""

    causes: tuple[int, ...]
    cost: Cost
    reached: tuple[str, ...]


@brief
class Diff(NamedTuple):
    """What changed from `old` to `new`.

    `changes` are in the order of the tree `root`, and `by_match` has each by its place there. `outputs` are those
    of both networks where they are not the same.
    """

    old: Network
    new: Network
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


def diff(old: Network, new: Network) -> Diff:
    """What changed from one network to another. Raises SpecError where very many layers did."""
    with limits.counted():
        return _Differ(old, new).diff()


class _Link(NamedTuple):
    """What a layer reads at a position, and where it read that before (None: nowhere).

    `moved` says that it is another tensor. `through` are the causes of what was put in or taken away in
    between, `altered` those of them that altered channels and sizes on the old way.
    """

    position: int
    before: int | None
    moved: bool
    through: Blame
    altered: Blames


class _Way(NamedTuple):
    """Where a tensor comes from when one goes back through what was added, removed or moved.

    `anchors` are old names of what is in both networks: no more than MOST_TOGETHER.
    """

    anchors: tuple[str, ...]
    through: Blame
    altered: Blames


class _Entry:
    """A cause while it is added up."""

    __slots__ = ("changes", "downstream", "inputs", "outputs", "own", "reached", "roots")

    def __init__(self) -> None:
        self.changes: list[LayerChange] = []
        self.roots: list[Match] = []
        self.inputs: list[InputChange] = []
        self.outputs = False
        self.own = FREE
        self.downstream = FREE
        self.reached: dict[str, None] = {}


class _Differ:
    """Compares two networks. Names of layers and inputs are those of the new one unless it says otherwise."""

    def __init__(self, old: Network, new: Network) -> None:
        self.old = old
        self.new = new
        kept = stored(old), stored(new)
        self.old_totals, self.new_totals = totals(old, kept[0]), totals(new, kept[1])
        self.root = align(old, new, kept)
        self.matches = [match for match in self.root.walk() if match.node.layer is not None]
        self.old_layers = {layer.name: layer for layer in old.layers}
        self.new_layers = {layer.name: layer for layer in new.layers}
        self.partner = _paired_inputs(old, new)
        # In the order of the network, which numbers the causes.
        self.moved: dict[str, None] = {}
        for match in self.matches:
            if match.old is not None and match.new is not None:
                self.partner[match.new.name] = match.old.name
                if match.moved:
                    self.moved[match.new.name] = None
        self.back = {one: two for two, one in self.partner.items()}
        self.old_readers = _readers(old)
        self.new_readers = _readers(new)
        self.entries: list[_Entry] = []
        self.numbers: dict[object, int] = {}
        self.own: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.links: dict[str, tuple[list[_Link], Blame, bool]] = {}
        self.settings: dict[str, tuple[SettingChange, ...]] = {}
        # Of each tensor: what altered it against the old one, what of that is upstream of what was put in, and
        # the shape it would have if nothing upstream had changed.
        self.blames: dict[str, Blames] = {}
        self.upstream: dict[str, Blames] = {}
        self.reference: dict[str, Shape] = {}
        self.asked: dict[tuple[int, Shapes], Figures | None] = {}
        self.reading: dict[tuple[str, str], Blame] = {}
        self.booked: dict[str, list[Cost]] = {}
        self.blamed: dict[str, Blame] = {}
        self.together: dict[Blame, tuple[list[Cost], dict[str, None]]] = {}

    def diff(self) -> Diff:
        self._put_in_and_taken_away()
        inputs = self._inputs()
        self._moves()
        self.old_ways = self._ways(self.old, self.gone, old=True)
        self.new_ways = self._ways(self.new, self.own, old=False)
        outputs = self._outputs()
        for layer in self.new.layers:
            if layer.name in self.partner:
                self._settle(layer)
        self.everyone = tuple(range(len(self.entries)))
        for layer in self.new.layers:
            if layer.name in self.partner:
                self._pair(self.old_layers[self.partner[layer.name]], layer)
            else:
                self._added(layer)
        changes: dict[Match, LayerChange] = {}
        for match in self.matches:
            change = self._change(match)
            if change is not None:
                limits.spend(limits.Cost.CHANGE, "the difference of networks where very many layers changed")
                changes[match] = change
        shared = (SharedCost(self._counted(who), _sum(costs), tuple(at)) for who, (costs, at) in self.together.items())
        return Diff(
            self.old,
            self.new,
            self.old_totals,
            self.new_totals,
            self.root,
            tuple(changes.values()),
            changes,
            inputs,
            outputs,
            tuple(map(_frozen, self.entries)),
            tuple(each for each in shared if each.cost != FREE),
        )

    # --- causes ---------------------------------------------------------------------------------

    def _cause(self, key: object) -> int:
        """The number of a cause; equal keys are one."""
        number = self.numbers.setdefault(key, len(self.entries))
        if number == len(self.entries):
            self.entries.append(_Entry())
        return number

    def _put_in_and_taken_away(self) -> None:
        """Neighbours that were added or removed between two layers that are in both networks are one cause."""
        for match in self.root.walk():
            if match.old is None or match.new is None:
                continue
            run: list[Match] = []
            for child in (*match.children, None):
                if child is not None and (child.old is None or child.new is None):
                    run.append(child)
                elif run:
                    self._run(run)
                    run = []

    def _run(self, run: list[Match]) -> None:
        key: dict[object, None] = {}
        found: list[Match] = []
        roots: list[Match] = []
        for match in run:
            single = [each for each in match.walk() if each.node.layer and not (each.old and each.new)]
            if single:
                layers = [each.node.layer for each in single if each.node.layer]
                key[match.new is None, tuple((layer.span, layer.figures.type) for layer in layers)] = None
                found += single
                roots.append(match)
        if found:
            number = self._cause(("run", tuple(key)))
            self.entries[number].roots += roots
            for each in found:
                (self.own if each.old is None else self.gone)[each.node.name] = number

    def _inputs(self) -> tuple[InputChange, ...]:
        """The inputs that changed; each is a cause."""
        olds, news = dict(self.old.inputs), dict(self.new.inputs)
        changes = []
        for name, shape in news.items():
            before = self.partner.get(name)
            shapes = () if before is None else (olds[before],)
            self.reference[name] = shapes[0] if shapes else shape
            if before == name and shapes == (shape,):
                self.blames[name] = self.upstream[name] = (NOBODY, NOBODY)
                continue
            number = self._cause(("input", name))
            was = None if before is None else (before, olds[before])
            changes.append(InputChange(was, (name, shape), number))
            mine = (number,)
            altered = [part for part in PARTS if not shapes or _part(shapes[0], part) != _part(shape, part)]
            self.blames[name] = (mine if 0 in altered else NOBODY, mine if 1 in altered else NOBODY)
            self.upstream[name] = self.blames[name] if shapes else (NOBODY, NOBODY)
            self._book_input(number, Figure(0, 0, 0, 0, shape.elements - sum(each.elements for each in shapes)))
            if not shapes:
                self.own[name] = number
        for name, shape in olds.items():
            if name not in self.back:
                number = self._cause(("input", name, "gone"))
                changes.append(InputChange((name, shape), None, number))
                self.gone[name] = number
                self._book_input(number, Figure(0, 0, 0, 0, -shape.elements))
        for change in changes:
            self.entries[change.cause].inputs.append(change)
        return tuple(changes)

    def _book_input(self, number: int, figure: Figure) -> None:
        self.entries[number].own += Cost(figure, figure)

    def _moves(self) -> None:
        for name in self.moved:
            old, new = self.old_layers[self.partner[name]], self.new_layers[name]
            number = self._cause(("moved", old.span, new.span, new.figures.type))
            self.own[name] = number
            self.gone[old.name] = number

    def _outputs(self) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The outputs where they are others; one that is only reached through something new is the same."""
        links, lost, moved = self._linked(self.old.outputs, self.new.outputs, in_order=False)
        if not lost and not moved and all(link.before is not None for link in links):
            return None
        self.entries[self._cause("outputs")].outputs = True
        return self.old.outputs, self.new.outputs

    # --- what a layer reads ---------------------------------------------------------------------

    def _ways(self, network: Network, causes: dict[str, int], *, old: bool) -> dict[str, _Way]:
        """Where each tensor comes from, going back through what is not in its place in both networks."""
        ways: dict[str, _Way] = {}
        for name, _ in network.inputs:
            here = name if old else self.partner.get(name)
            mine = (causes[name],) if name in causes else NOBODY
            known = here is not None and not mine
            ways[name] = _Way((here,) if known and here else (), mine, (mine, mine))
        for layer in network.layers:
            if layer.name not in causes:
                here = layer.name if old else self.partner[layer.name]
                ways[layer.name] = _Way((here,), NOBODY, (NOBODY, NOBODY))
                continue
            mine = (causes[layer.name],)
            before = [ways[name] for name in dict.fromkeys(layer.inputs)]
            first = layer.input_shapes[0]
            altered = [
                _together(
                    *[way.altered[part] for way in before],
                    mine if _part(layer.output_shape, part) != _part(first, part) else NOBODY,
                )
                for part in PARTS
            ]
            through = _together(mine, *[way.through for way in before])
            anchors = before[0].anchors if len(before) == 1 else _anchors(before)
            ways[layer.name] = _Way(anchors, through, (altered[0], altered[1]))
        return ways

    def _linked(self, olds: Sequence[str], news: Sequence[str], *, in_order: bool) -> tuple[list[_Link], Blame, bool]:
        """Where each tensor was read before, the causes of what no longer is read, and whether any is another one.

        Tensors that are `in_order` belong to those at their positions, if there are as many.
        """
        if in_order and len(olds) == len(news):
            links = [
                self._link(position, position, olds[position], name) or self._new_link(position, position, name)
                for position, name in enumerate(news)
            ]
            return links, NOBODY, any(link.moved for link in links)
        unread = _Unread(olds, self.old_ways)
        links = []
        for position, name in enumerate(news):
            before = unread.take(self.partner.get(name), self.new_ways[name])
            link = None if before is None else self._link(position, before, olds[before], name)
            links.append(link or self._new_link(position, None, name))
        ways = [self.old_ways[olds[before]] for before in unread.positions]
        moved = any(link.moved for link in links) or not all(way.through for way in ways)
        return links, _together(*(way.through for way in ways)), moved

    def _link(self, position: int, before: int, old: str, new: str) -> _Link | None:
        """Whether a tensor is the one that was read before: itself, or through what was put in or taken away."""
        if self.partner.get(new) == old:
            return _Link(position, before, False, NOBODY, (NOBODY, NOBODY))
        one, two = self.old_ways[old], self.new_ways[new]
        through = _together(one.through, two.through)
        if through and (not set(one.anchors).isdisjoint(two.anchors) or not (one.anchors or two.anchors)):
            return _Link(position, before, False, through, one.altered)
        return None

    def _new_link(self, position: int, before: int | None, new: str) -> _Link:
        """The link of a tensor that was not read before; `before` is the position of what was read in its place."""
        way = self.new_ways[new]
        return _Link(position, before, not way.through, way.through, way.altered)

    def _settle(self, new: Layer) -> None:
        """What a layer that is in both networks reads, and the cause that its own change belongs to."""
        old = self.old_layers[self.partner[new.name]]
        links = self.links[new.name] = self._linked(old.inputs, new.inputs, in_order=True)
        rewired = links[2] and new.name not in self.moved
        settings = self.settings[new.name] = tuple(_settings(old, new))
        own = (
            settings,
            (old.type, new.type),
            (old.training_only, new.training_only),
            self._sharing_changed(old, new),
            rewired,
        )
        if new.name not in self.moved and own != ((), (new.type,) * 2, (new.training_only,) * 2, False, False):
            self.own[new.name] = self._cause(("own", old.span, new.span, own))

    def _sharing_changed(self, old: Layer, new: Layer) -> bool:
        if old.weights_from is None or new.weights_from is None:
            return old.weights_from is not new.weights_from
        return self.partner.get(new.weights_from) != old.weights_from

    # --- costs ----------------------------------------------------------------------------------

    def _ask(self, layer_type: LayerType, shapes: Shapes) -> Figures | None:
        """The figures of a layer type on other shapes; None where it does not take them."""
        key = (id(layer_type), shapes)
        if key not in self.asked:
            try:
                self.asked[key] = figures_of(layer_type, shapes)
            except RuleError:
                self.asked[key] = None
        return self.asked[key]

    def _added(self, layer: Layer) -> None:
        """A layer that was put in: all that it costs is its own, and so is how it alters the shape."""
        shapes = tuple(self.reference[name] for name in layer.inputs)
        middle = self._ask(layer.figures.type, shapes)
        mine: Blame = (self.own[layer.name],)
        output = self._carried(layer) if middle is None else middle.output_shape
        blames, upstream = [], []
        for part in PARTS:
            above = NOBODY
            if _part(output, part) != _part(layer.output_shape, part):
                above = (
                    self._carriers(layer, part)[1] if middle is None else self._from_inputs(layer, middle, shapes, part)
                )
            if _part(output, part) != _part(shapes[0], part) or (middle is None and not above):
                blame = mine
            else:
                blame = _together(*(self.blames[name][part] for name in layer.inputs if name not in self.partner))
            blames.append(above if middle is None and above else _together(blame, above))
            upstream.append(above)
        self.blames[layer.name] = (blames[0], blames[1])
        self.upstream[layer.name] = (upstream[0], upstream[1])
        self.reference[layer.name] = output

    def _carriers(self, layer: Layer, part: int) -> tuple[str, Blame]:
        """An input whose part of the shape is the output's, and what upstream altered it; no name where there is none.

        So a block that is put in with its shortcut follows the maps that it is given, though its convolutions
        are made for the new ones.
        """
        for name, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            if _part(shape, part) == _part(layer.output_shape, part) and self.upstream[name][part]:
                return name, self.upstream[name][part]
        return "", NOBODY

    def _carried(self, layer: Layer) -> Shape:
        """The shape that a layer would give on what upstream gave before, where it does not take that."""
        parts: list[int] = []
        for part in PARTS:
            name, _ = self._carriers(layer, part)
            parts += _part(self.reference[name] if name else layer.output_shape, part)
        return Shape(parts)

    def _from_inputs(self, layer: Layer, middle: Figures, shapes: Shapes, part: int) -> Blame:
        """What altered a part of the output's shape by way of the inputs'."""
        blames = self._of_inputs(layer, shapes)
        both = all(blames)
        found = NOBODY
        for of_input in PARTS:
            if both:
                probe = _mixed(shapes, layer.input_shapes, of_input)
                answer = self._ask(layer.figures.type, probe) if probe else None
                if answer is not None and _part(answer.output_shape, part) == _part(middle.output_shape, part):
                    continue
            found = _together(found, blames[of_input])
        return found or _together(*blames)

    def _of_inputs(self, layer: Layer, shapes: Shapes) -> Blames:
        """What altered the shapes that come in, from those of reference."""
        links, lost, _ = self.links.get(layer.name, ([], NOBODY, False))
        if len(shapes) != len(layer.inputs):
            found = [lost]
            for link in links:
                before = None if link.before is None else self._shape_before(layer, link.before)
                if link.before is None:
                    found.append(link.through or self._mine(layer))
                elif before != layer.input_shapes[link.position]:
                    found += [self._of_link(layer, link, part) for part in PARTS]
            everything = _together(*found)
            return everything, everything
        blames = [
            _together(
                *(
                    self._of_link(layer, links[position], part) if links else self.upstream[name][part]
                    for position, name in enumerate(layer.inputs)
                    if _part(shapes[position], part) != _part(layer.input_shapes[position], part)
                )
            )
            for part in PARTS
        ]
        return blames[0], blames[1]

    def _shape_before(self, layer: Layer, position: int) -> Shape:
        return self.old_layers[self.partner[layer.name]].input_shapes[position]

    def _mine(self, layer: Layer) -> Blame:
        return (self.own[layer.name],) if layer.name in self.own else NOBODY

    def _of_link(self, layer: Layer, link: _Link, part: int) -> Blame:
        """What altered a part of the shape that comes in at one position."""
        name = layer.inputs[link.position]
        if link.moved:
            return self.upstream[name][part]
        if link.through and link.before is not None:
            # What was put in gives the shape that was read before: it is upstream that altered it.
            before = self._shape_before(layer, link.before)
            if _part(self.reference[name], part) == _part(before, part) and self.upstream[name][part]:
                return self.upstream[name][part]
        return _together(self.blames[name][part], link.altered[part]) or link.through or self._mine(layer)

    def _pair(self, old: Layer, new: Layer) -> None:
        """Split what a layer in both networks costs more, or less, and say what altered its output."""
        links, lost, _ = self.links[new.name]
        mine = self._mine(new)
        alone_before = len(self.old_readers[old.inputs[0]]) == 1
        alone_now = len(self.new_readers[new.inputs[0]]) == 1
        same = old.input_shapes == new.input_shapes and alone_before == alone_now
        if same and not mine and not lost and not any(any(self.blames[name]) for name in new.inputs):
            self.blames[new.name] = self.upstream[new.name] = (NOBODY, NOBODY)
            self.reference[new.name] = old.output_shape
            return
        shapes = self._reference_shapes(old, new, links)
        middle = self._ask(new.figures.type, shapes)
        of_parts = self._of_inputs(new, shapes)

        def figure(figures: Figures, layer: Layer, *, alone: bool) -> Figure:
            return _figure(figures, tied=layer.weights_from is not None, alone=alone)

        before = figure(old.figures, old, alone=alone_before)
        after = figure(new.figures, new, alone=alone_before)
        between = after if middle is None else figure(middle, new, alone=alone_before)
        final = after if alone_now == alone_before else figure(new.figures, new, alone=alone_now)
        upstream = _together(*of_parts)
        self._book(new, mine or upstream, _cost(before, old, between, new))
        if between != after:
            split = self._of_quantities(new, shapes, of_parts, between, after, alone=alone_before)
            for blame, step in split:
                self._book(new, blame, _cost(NOTHING, new, step, new))
        if final != after:
            self._book(new, self._of_readers(old, new) or mine, _cost(after, new, final, new))
        self._blame_output(old, new, middle, shapes)

    def _reference_shapes(self, old: Layer, new: Layer, links: list[_Link]) -> Shapes:
        """The shapes that come in if nothing upstream had changed."""
        if len(old.inputs) != len(new.inputs):
            return old.input_shapes
        return tuple(
            self.reference[name]
            if link.moved or link.before is None or new.name in self.moved
            else old.input_shapes[link.before]
            for name, link in zip(new.inputs, links, strict=True)
        )

    def _of_quantities(
        self, layer: Layer, shapes: Shapes, blames: Blames, between: Figure, after: Figure, *, alone: bool
    ) -> Iterator[tuple[Blame, Figure]]:
        """What each quantity's change from upstream comes from: parameters do not follow the image's size."""
        both = _together(*blames)
        steps: dict[Blame, list[int]] = {}
        only: list[Figure | None] = [None, None]
        if all(blames) and blames[0] != blames[1]:
            for part in PARTS:
                probe = _mixed(shapes, layer.input_shapes, part)
                answer = self._ask(layer.figures.type, probe) if probe else None
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

    def _blame_output(self, old: Layer, new: Layer, middle: Figures | None, shapes: Shapes) -> None:
        mine = self._mine(new)
        moved = new.name in self.moved and middle is not None
        blames, upstream = [], []
        for part in PARTS:
            was, now = _part(old.output_shape, part), _part(new.output_shape, part)
            between = now if middle is None else _part(middle.output_shape, part)
            # What moved alters the shape against what it reads where it stands now.
            if moved:
                was = _part(shapes[0], part)
            blame = mine if was not in ((between,) if moved else (now, between)) else NOBODY
            above = NOBODY
            if middle is not None and between != now and (moved or was != now):
                above = self._from_inputs(new, middle, shapes, part)
            blames.append(_together(blame, above))
            upstream.append(above if moved else blames[-1])
        self.blames[new.name] = (blames[0], blames[1])
        self.upstream[new.name] = (upstream[0], upstream[1])
        self.reference[new.name] = middle.output_shape if moved and middle is not None else old.output_shape

    def _of_readers(self, old: Layer, new: Layer) -> Blame:
        """Who made it that a layer may overwrite its input now, or no longer may: those that also read it."""
        if self.partner.get(new.inputs[0]) != old.inputs[0]:
            # It reads another tensor, which has other readers.
            links, lost, _ = self.links[new.name]
            through = _together(*(link.through for link in links if link.position == 0), self._mine(new))
            if through or lost:
                return through or lost
        # Of a tensor that very many layers read, the answer is the same for all of them.
        key = old.inputs[0], new.inputs[0]
        if key not in self.reading:
            self.reading[key] = self._of_reading(*key)
        return self.reading[key]

    def _of_reading(self, old: str, new: str) -> Blame:
        """Who made it that a tensor has other readers now."""
        before, now = self.old_readers[old], self.new_readers[new]
        came = Counter(now) - Counter(self.back.get(name, name) for name in before)
        went = Counter(before) - Counter(self.partner.get(name, name) for name in now)
        found = [self._because(name) for name in came if name]
        found += [(self.gone[name],) if name in self.gone else self._because(self.back[name]) for name in went if name]
        blame = _together(*found)
        if not blame and ("" in came or "" in went):
            links, lost, _ = self._linked(self.old.outputs, self.new.outputs, in_order=False)
            outputs = (self.numbers["outputs"],) if "outputs" in self.numbers else NOBODY
            return _together(*(link.through for link in links), lost, outputs)
        return blame

    def _because(self, name: str) -> Blame:
        """Why a layer reads what it reads: its own change, else what was put in or taken away before it."""
        if name in self.own:
            return (self.own[name],)
        links, lost, _ = self.links[name]
        return _together(*(link.through for link in links), lost)

    def _book(self, layer: Layer, blame: Blame, cost: Cost) -> None:
        """Put down what a layer costs for others, or for itself."""
        if cost == FREE:
            return
        # Nothing is lost: what nobody is found for is shared by all.
        if not blame or blame == EVERYONE:
            # A key that names each of very many takes as long as they are many, for every layer.
            blame = self.everyone if len(self.everyone) <= MOST_TOGETHER else EVERYONE
        own, upstream = self.booked.setdefault(layer.name, [FREE, FREE])
        if blame == self._mine(layer):
            (number,) = blame
            self.entries[number].own += cost
            self.booked[layer.name] = [own + cost, upstream]
            return
        self.booked[layer.name] = [own, upstream + cost]
        self.blamed[layer.name] = _together(self.blamed.get(layer.name, NOBODY), blame)
        if len(blame) == 1 and blame != EVERYONE:
            (number,) = blame
            self.entries[number].downstream += cost
            self.entries[number].reached[layer.name] = None
        else:
            costs, reached = self.together.setdefault(blame, ([], {}))
            costs.append(cost)
            reached[layer.name] = None

    # --- the record -----------------------------------------------------------------------------

    def _change(self, match: Match) -> LayerChange | None:
        """A layer's change; None where it is as it was."""
        old = match.old.layer if match.old else None
        new = match.new.layer if match.new else None
        if old is None or new is None:
            return self._single(match, old, new)
        own, upstream = self.booked.get(new.name, (FREE, FREE))
        change = LayerChange(
            old,
            new,
            self.settings[new.name],
            match.renamed,
            match.moved,
            match.regrouped,
            self.links[new.name][2] and not match.moved,
            self._sharing_changed(old, new),
            self.own.get(new.name),
            own,
            upstream,
            self._counted(self.blamed.get(new.name, NOBODY)),
        )
        same_shapes = old.input_shapes == new.input_shapes and old.output_shape == new.output_shape
        if change.kind is Kind.CONSEQUENCE and same_shapes and change.difference == FREE:
            return None
        if change.cause is not None:
            self.entries[change.cause].changes.append(change)
        return change

    def _counted(self, blame: Blame) -> Blame:
        """The numbers of causes, also of EVERYONE."""
        return self.everyone if blame == EVERYONE else blame

    def _single(self, match: Match, old: Layer | None, new: Layer | None) -> LayerChange:
        """The change of a layer that was added or removed."""
        name = match.node.name
        if new is not None:
            alone = len(self.new_readers[new.inputs[0]]) == 1
            figure = _figure(new.figures, tied=new.weights_from is not None, alone=alone)
            cost = _cost(NOTHING, new, figure, new)
            number = self.own[name]
        elif old is not None:
            alone = len(self.old_readers[old.inputs[0]]) == 1
            figure = _figure(old.figures, tied=old.weights_from is not None, alone=alone)
            cost = _cost(figure, old, NOTHING, old)
            number = self.gone[name]
        change = LayerChange(old, new, (), False, False, False, False, False, number, cost, FREE, ())
        self.entries[number].own += cost
        self.entries[number].changes.append(change)
        return change


def _frozen(entry: _Entry) -> Cause:
    return Cause(
        tuple(entry.changes),
        tuple(entry.roots),
        tuple(entry.inputs),
        entry.outputs,
        entry.own,
        entry.downstream,
        tuple(entry.reached),
    )


def _paired_inputs(old: Network, new: Network) -> dict[str, str]:
    """The old names of the new network's inputs: by name, then by their order."""
    olds = {name: None for name, _ in old.inputs}
    pairs = {name: name for name, _ in new.inputs if name in olds}
    left = [name for name in olds if name not in pairs]
    pairs.update(zip((name for name, _ in new.inputs if name not in pairs), left, strict=False))
    return pairs


def _readers(network: Network) -> dict[str, list[str]]:
    """The layers that read each tensor; an output of the network has one more reader, without a name."""
    readers: dict[str, list[str]] = {name: [] for name, _ in network.inputs}
    for layer in network.layers:
        readers.setdefault(layer.name, [])
        for name in layer.inputs:
            readers[name].append(layer.name)
    for name in network.outputs:
        readers[name].append("")
    return readers


def _settings(old: Layer, new: Layer) -> Iterator[SettingChange]:
    """The settings that changed, of those that both types have."""
    one, two = vars(old.figures.type), vars(new.figures.type)
    if one is not two:
        for name, value in two.items():
            if name in one and one[name] != value:
                yield SettingChange(name, one[name], value)


def _figure(figures: Figures, *, tied: bool, alone: bool) -> Figure:
    """What a layer amounts to; `tied` has its weights elsewhere, `alone` is its input's only reader."""
    storage = figures.type.storage
    kept = storage is not Storage.VIEW and not (storage is Storage.OVERWRITES and alone)
    return Figure(
        0 if tied else figures.params,
        0 if tied else figures.buffers,
        figures.operations.multiply_accumulates,
        figures.operations.flops,
        figures.output_shape.elements if kept else 0,
    )


def _cost(before: Figure, old: Layer, after: Figure, new: Layer) -> Cost:
    """The difference of two figures, of layers that inference may not have."""
    if before == after and old.training_only == new.training_only:
        return FREE
    training = after - before
    if not (old.training_only or new.training_only):
        return Cost(training, training)
    return Cost((NOTHING if new.training_only else after) - (NOTHING if old.training_only else before), training)


def _sum(costs: Iterable[Cost]) -> Cost:
    total = FREE
    for cost in costs:
        total += cost
    return total


def _together(*blames: Blame) -> Blame:
    """The causes of all blames, each once."""
    found = NOBODY
    for blame in blames:
        if not blame or blame is found:
            continue
        if EVERYONE in (blame, found):
            return EVERYONE
        if not found:
            found = blame
            continue
        causes = {*found, *blame}
        if len(causes) > MOST_TOGETHER:
            return EVERYONE
        if len(causes) > len(found):
            found = blame if len(causes) == len(blame) else tuple(sorted(causes))
    return found


def _anchors(ways: Iterable[_Way]) -> tuple[str, ...]:
    """The anchors of several ways; where they are very many, those of the first."""
    found: dict[str, None] = {}
    for way in ways:
        found.update(dict.fromkeys(way.anchors))
        if len(found) > MOST_TOGETHER:
            return tuple(found)[:MOST_TOGETHER]
    return tuple(found)


class _Unread:
    """Old tensors by their `positions`, until each is paired with a new one that is the same.

    It is the same where both were the same before, or come from a layer that is in both networks through what
    was put in or taken away; the first of several is taken.
    """

    def __init__(self, olds: Sequence[str], ways: Mapping[str, _Way]) -> None:
        self.positions = dict.fromkeys(range(len(olds)))
        self.by_name: dict[str, list[int]] = {}
        self.by_anchor: dict[str | None, list[int]] = {}
        for position in reversed(self.positions):
            self.by_name.setdefault(olds[position], []).append(position)
            for anchor in ways[olds[position]].anchors or (None,):
                self.by_anchor.setdefault(anchor, []).append(position)

    def take(self, old: str | None, way: _Way) -> int | None:
        """The position that a tensor belongs to, whose old name is `old`; None where there is none."""
        found = [self.by_name.get(old, [])] if old is not None else []
        found += [self.by_anchor.get(anchor, []) for anchor in way.anchors or (None,)]
        first: int | None = None
        for places in found:
            while places and places[-1] not in self.positions:
                places.pop()
            if places and (first is None or places[-1] < first):
                first = places[-1]
        if first is not None:
            del self.positions[first]
        return first


def _part(shape: Shape, part: int) -> tuple[int, ...]:
    """The channels of a shape, or its spatial sizes."""
    return shape[1:] if part else shape[:1]


def _mixed(olds: Shapes, news: Shapes, part: int) -> Shapes | None:
    """The old shapes with one part as it is now; None where they have other axes."""
    if len(olds) != len(news) or any(len(old) != len(new) for old, new in zip(olds, news, strict=True)):
        return None
    return tuple(
        Shape((*old[:1], *new[1:]) if part else (*new[:1], *old[1:])) for old, new in zip(olds, news, strict=True)
    )
