"""The inputs of each layer, and their counterparts in the old network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cnncalc.analyses.diff.blame import MOST_TOGETHER, NOBODY, PARTS, UNALTERED, Blame, Blames, join_blames, part_of
from cnncalc.analyses.diff.causes import Ledger
from cnncalc.analyses.diff.pairing import PairedNetworks, changed_settings
from cnncalc.analyses.diff.records import SettingChange
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record


class Link(Record):
    """An input of a layer at a position, and its position before (None if it had none).

    `moved` means that it is another tensor. `through` are the causes of nodes that were added or removed in
    between, `altered` those of them that altered channels and sizes on the old path.
    """

    position: int
    before: int | None
    moved: bool
    through: Blame
    altered: Blames


class Links(Record):
    """The links of a layer's inputs, the causes of removed inputs, and whether it reads another tensor."""

    links: list[Link]
    lost: Blame
    moved: bool


class Way(Record):
    """The origin of a tensor, traced back through added, removed or moved layers.

    `anchors` are old names of layers and inputs of both networks, at most MOST_TOGETHER.
    """

    anchors: tuple[str, ...]
    through: Blame
    altered: Blames


class Linker:
    """Links the inputs of layers to their old inputs.

    The ledger has the causes of added, removed and moved layers before the linker is created; the linker adds those
    of changed layers.
    """

    def __init__(self, pairing: PairedNetworks, ledger: Ledger) -> None:
        self.pairing = pairing
        self.ledger = ledger
        self.old_ways = _find_ways(pairing.old, ledger.gone, {name: name for name in pairing.back})
        self.new_ways = _find_ways(pairing.new, ledger.own, pairing.partner)
        self.by_layer: dict[str, Links] = {}
        self.settings: dict[str, tuple[SettingChange, ...]] = {}

    def settle(self, new: Layer) -> None:
        """Link the inputs of a layer in both networks, and find the cause of its own change."""
        old = self.pairing.old_layer(new)
        links = self.by_layer[new.name] = self.link(old.inputs, new.inputs, in_order=True)
        is_moved = new.name in self.pairing.moved
        settings = self.settings[new.name] = tuple(changed_settings(old, new))
        own = (
            settings,
            (old.type, new.type),
            (old.training_only, new.training_only),
            (old.frozen, new.frozen),
            self.pairing.is_sharing_changed(old, new),
            links.moved and not is_moved,
        )
        unchanged = (), (new.type,) * 2, (new.training_only,) * 2, (new.frozen,) * 2, False, False
        if not is_moved and own != unchanged:
            self.ledger.own[new.name] = self.ledger.number_cause(("own", old.span, new.span, own))

    def explain_reading(self, name: str) -> Blame:
        """The causes of a layer's inputs: its own change, else layers added or removed before it."""
        if name in self.ledger.own:
            return (self.ledger.own[name],)
        links = self.by_layer[name]
        return join_blames(*(link.through for link in links.links), links.lost)

    def link_outputs(self) -> Links:
        return self.link(self.pairing.old.outputs, self.pairing.new.outputs, in_order=False)

    def link(self, olds: Sequence[str], news: Sequence[str], *, in_order: bool) -> Links:
        """Link new tensors to old ones; if `in_order` and equally many, by position."""
        if in_order and len(olds) == len(news):
            links = [
                self._old_link(position, position, olds[position], name) or self._new_link(position, position, name)
                for position, name in enumerate(news)
            ]
            return Links(links, NOBODY, any(link.moved for link in links))
        unread = _Unread(olds, self.old_ways)
        links = []
        for position, name in enumerate(news):
            before = unread.take(self.pairing.partner.get(name), self.new_ways[name])
            link = None if before is None else self._old_link(position, before, olds[before], name)
            links.append(link or self._new_link(position, None, name))
        ways = [self.old_ways[olds[before]] for before in unread.positions]
        moved = any(link.moved for link in links) or not all(way.through for way in ways)
        return Links(links, join_blames(*(way.through for way in ways)), moved)

    def _old_link(self, position: int, before: int, old: str, new: str) -> Link | None:
        """The link of a tensor that was read before, directly or through added or removed layers; else None."""
        if self.pairing.partner.get(new) == old:
            return Link(position, before, False, NOBODY, UNALTERED)
        one, two = self.old_ways[old], self.new_ways[new]
        through = join_blames(one.through, two.through)
        if through and (not set(one.anchors).isdisjoint(two.anchors) or not (one.anchors or two.anchors)):
            return Link(position, before, False, through, one.altered)
        return None

    def _new_link(self, position: int, before: int | None, new: str) -> Link:
        """The link of a tensor that was not read before; `before` is the position of the tensor that it replaces."""
        way = self.new_ways[new]
        return Link(position, before, not way.through, way.through, way.altered)


def _find_ways(network: LayerGraph, causes: dict[str, int], anchors: Mapping[str, str]) -> dict[str, Way]:
    """The way of each tensor; `anchors` are the old names of tensors in both networks."""
    ways: dict[str, Way] = {}
    for name, _ in network.inputs:
        mine = (causes[name],) if name in causes else NOBODY
        known = name in anchors and not mine
        ways[name] = Way((anchors[name],) if known else (), mine, (mine, mine))
    for layer in network.layers:
        if layer.name not in causes:
            ways[layer.name] = Way((anchors[layer.name],), NOBODY, UNALTERED)
            continue
        mine = (causes[layer.name],)
        before = [ways[name] for name in dict.fromkeys(layer.inputs)]
        first = layer.input_shapes[0] if layer.inputs else None
        altered = [
            join_blames(
                *[way.altered[part] for way in before],
                mine if first is None or part_of(layer.output_shape, part) != part_of(first, part) else NOBODY,
            )
            for part in PARTS
        ]
        through = join_blames(mine, *[way.through for way in before])
        ends = before[0].anchors if len(before) == 1 else _join_anchors(before)
        ways[layer.name] = Way(ends, through, (altered[0], altered[1]))
    return ways


def _join_anchors(ways: Iterable[Way]) -> tuple[str, ...]:
    """The anchors of several ways; of very many, only the first."""
    joined: dict[str, None] = {}
    for way in ways:
        joined.update(dict.fromkeys(way.anchors))
        if len(joined) > MOST_TOGETHER:
            return tuple(joined)[:MOST_TOGETHER]
    return tuple(joined)


class _Unread:
    """Old tensors by `positions`, until each is paired with the same new tensor.

    Two tensors are the same if they correspond, or come from the same layer through added or removed layers.
    Of several, the first is used.
    """

    def __init__(self, olds: Sequence[str], ways: Mapping[str, Way]) -> None:
        self.positions = dict.fromkeys(range(len(olds)))
        self.by_name: dict[str, list[int]] = {}
        self.by_anchor: dict[str | None, list[int]] = {}
        for position in reversed(self.positions):
            self.by_name.setdefault(olds[position], []).append(position)
            for anchor in ways[olds[position]].anchors or (None,):
                self.by_anchor.setdefault(anchor, []).append(position)

    def take(self, old: str | None, way: Way) -> int | None:
        """The position of the tensor with the old name `old`; None if it was not read."""
        candidates = [self.by_name.get(old, [])] if old is not None else []
        candidates += [self.by_anchor.get(anchor, []) for anchor in way.anchors or (None,)]
        first: int | None = None
        for places in candidates:
            while places and places[-1] not in self.positions:
                places.pop()
            if places and (first is None or places[-1] < first):
                first = places[-1]
        if first is not None:
            del self.positions[first]
        return first
