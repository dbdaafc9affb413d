"""Alignment of two networks: which layers and blocks correspond.

The trees of blocks are aligned level by level, each level as two sequences whose pairs do not cross, so
that an inserted layer does not shift the rest. The criteria are, in this order: equal content with equal
names, a given name, equal content, similarity. A numbered name of the type (relu_2) does not count as a
name. Remaining nodes are paired if they only moved, or if blocks were put around layers or removed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from cnncalc.analyses.tree import Node, tree
from cnncalc.layers.contract import LayerType
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record

# The most pairs that are compared with one another; longer sequences are split where they agree.
MOST_PAIRS = 100_000
# The most differences that are searched in longer sequences.
MOST_EDITS = 300
# The comparisons after which large, dissimilar networks are split further and compared less.
MOST_COMPARISONS = 300_000
FEW_PAIRS = 100
FEW_EDITS = 30
# The size of the cache of comparisons.
MOST_KEPT = 100_000
# The number at the end of an automatic name.
NUMBER = re.compile(r"_[0-9]+$")
NUMBERS = re.compile(r"([_.][0-9]+)*")
# The largest distance over which a layer without a given name counts as moved.
NEAR = 4


class Match:
    """A node of both trees; only of the old one if it was removed, only of the new one if it was added.

    Children are in the order of the new network, removed ones in their old places. `moved` nodes changed
    their place among their neighbors, `regrouped` ones their block. `renamed` tells whether a given name
    changed; numbers of automatic names do not count.
    """

    __slots__ = ("children", "moved", "new", "old", "regrouped", "renamed")

    def __init__(self, old: Node | None, new: Node | None, *, moved: bool = False, regrouped: bool = False) -> None:
        self.old = old
        self.new = new
        self.moved = moved
        self.regrouped = regrouped
        self.renamed = old is not None and new is not None and given_name(old) != given_name(new)
        self.children: list[Match] = []

    @property
    def node(self) -> Node:
        """The new node, or the old one if it was removed."""
        node = self.new or self.old
        if node is None:
            raise ValueError("a match of nothing")
        return node

    def walk(self) -> Iterator[Match]:
        """The match and all matches below it, in order."""
        stack = [self]
        while stack:
            match = stack.pop()
            yield match
            stack.extend(reversed(match.children))


class Pairing(Record):
    """A pair of positions in two sequences."""

    old: int
    new: int


def align(
    old: LayerGraph, new: LayerGraph, kept: tuple[dict[str, int] | None, dict[str, int] | None] = (None, None)
) -> Match:
    """The tree of both networks; `kept` is the result of `stored` for each, if known."""
    return _Aligner(tree(old, kept[0]), tree(new, kept[1])).align()


def given_name(node: Node) -> str | None:
    """The given name, without a number that distinguishes equal names; None if the name is that of the type."""
    kind = node.kind
    if node.layer is None and kind == "repeat" and node.children:
        kind = node.children[0].kind
    label = node.label
    if label.isdigit() or (label.startswith(kind) and NUMBERS.fullmatch(label, len(kind))):
        return None
    return NUMBER.sub("", label) if kind == "branch" else label


class _Aligner:
    """Aligns two trees. `content` has a number for the content of each node: equal numbers mean equal content."""

    def __init__(self, old: Node, new: Node) -> None:
        self.old = old
        self.new = new
        self.numbers: dict[object, int] = {}
        self.content: dict[Node, int] = {}
        self.names: dict[Node, str | None] = {}
        # The types of layers, by content.
        self.types: dict[int, Counter[str]] = {}
        self.known: dict[tuple[int, int], int] = {}
        self.left = MOST_COMPARISONS
        for root in (old, new):
            self._survey(root)

    def _survey(self, root: Node) -> None:
        """Content, names and types of layers of every node, from the leaves up."""
        order = [root]
        for node in order:
            order.extend(node.children)
        for node in reversed(order):
            self.names[node] = given_name(node)
            layer = node.layer
            own = None
            if layer is not None:
                own = (layer.figures.type, layer.weights_from is None, layer.training_only, layer.frozen)
            below = tuple((self.names[child], self.content[child]) for child in node.children)
            key = (own, node.kind, below)
            content = self.content[node] = self.numbers.setdefault(key, len(self.numbers))
            if content not in self.types:
                types = self.types[content] = Counter() if layer is None else Counter([layer.type])
                for child in node.children:
                    types.update(self.types[self.content[child]])

    def align(self) -> Match:
        root = Match(self.old, self.new)
        waiting = [root]
        while waiting:
            match = waiting.pop()
            if match.old is not None and match.new is not None:
                match.children = self._level(match.old, match.new)
                waiting.extend(child for child in match.children if child.old and child.new)
        return root

    def _level(self, old: Node, new: Node) -> list[Match]:
        """The matches of the children of two paired nodes."""
        olds, news = old.children, new.children
        if self.content[old] == self.content[new]:
            return [Match(*both) for both in zip(olds, news, strict=True)]
        pairs = self._pairs(olds, news, _Level(self, olds, news).likeness)
        matches: list[Match] = []
        for before, after in pairwise((Pairing(-1, -1), *pairs, Pairing(len(olds), len(news)))):
            gone, come = olds[before.old + 1 : after.old], news[before.new + 1 : after.new]
            matches += [Match(node, None) for node in gone]
            matches += [Match(None, node) for node in come]
            if after.old < len(olds):
                matches.append(Match(olds[after.old], news[after.new]))
        matches = self._moved(matches)
        return self._regrouped(matches)

    # --- remaining nodes ------------------------------------------------------------------------

    def _moved(self, matches: list[Match]) -> list[Match]:
        """Pair moved nodes: by name, else by equal content at a small distance."""
        gone = [(place, match.old) for place, match in enumerate(matches) if match.old and not match.new]
        come = [(place, match.new) for place, match in enumerate(matches) if match.new and not match.old]
        if not gone or not come:
            return matches
        by_name = {self.names[node]: (place, node) for place, node in gone if self.names[node] is not None}
        unnamed = {place: node for place, node in gone if self.names[node] is None}
        taken: set[int] = set()
        for place, node in come:
            name = self.names[node]
            if name is not None:
                found = by_name.get(name)
                if found is None or found[0] in taken or found[1].kind != node.kind:
                    continue
                if (found[1].layer is None) != (node.layer is None):
                    continue
            else:
                near = ((other, unnamed[other]) for other in range(place - NEAR, place + NEAR + 1) if other in unnamed)
                found = next(
                    (each for each in near if each[0] not in taken and self.content[each[1]] == self.content[node]),
                    None,
                )
                if found is None:
                    continue
            taken.add(found[0])
            matches[place] = Match(found[1], node, moved=True)
        return [match for place, match in enumerate(matches) if place not in taken]

    def _regrouped(self, matches: list[Match]) -> list[Match]:
        """Pair layers between matches around which a block was added or removed."""
        result: list[Match] = []
        gap: list[Match] = []
        for match in (*matches, None):
            if match is not None and (match.old is None or match.new is None):
                gap.append(match)
                continue
            result += self._regroup(gap)
            gap = []
            if match is not None:
                result.append(match)
        return result

    def _regroup(self, gap: list[Match]) -> list[Match]:
        olds = [layer for match in gap if match.old for layer in _layers(match.old)]
        news = [layer for match in gap if match.new for layer in _layers(match.new)]
        pairs: dict[Node, Node] = {}
        if any(match.node.children for match in gap) and self._may_regroup(olds, news):
            found = self._pairs(olds, news, self._same_layer)
            pairs = {olds[one]: news[two] for one, two in found}
            weighty = any(node.layer is not None and node.layer.weights for node in pairs)
            if not _covers(len(pairs), len(olds), len(news), same_size=not weighty):
                pairs = {}
        partners = {new: old for old, new in pairs.items()}
        shown = (_grown(match, pairs, partners) for match in gap)
        return [match for match in shown if match is not None]

    def _may_regroup(self, olds: list[Node], news: list[Node]) -> bool:
        """Whether the types of layers allow it; a layer with others below its name is not regrouped."""
        if not olds or not news or any(node.children for node in (*olds, *news)):
            return False
        shared = Counter(node.kind for node in olds) & Counter(node.kind for node in news)
        return _covers(sum(shared.values()), len(olds), len(news), same_size=False)

    def _same_layer(self, old: Node, new: Node) -> int:
        """The confidence that two layers in different blocks correspond."""
        if self.content[old] == self.content[new]:
            return 20 + 2 * (self.names[old] == self.names[new]) + (old.label == new.label)
        if old.layer is None or new.layer is None or old.layer.type != new.layer.type:
            return 0
        alike = _settings_alike(old.layer.figures.type, new.layer.figures.type)
        named = self.names[old] is not None and self.names[old] == self.names[new]
        return 10 if named else alike // 20 if alike >= 60 else 0

    # --- sequences ------------------------------------------------------------------------------

    def _pairs(
        self, olds: Sequence[Node], news: Sequence[Node], likeness: Callable[[Node, Node], int]
    ) -> list[Pairing]:
        """The pairs in order: the best of all pairings that do not cross."""
        tokens = [[(self.names[node], self.content[node]) for node in nodes] for nodes in (olds, news)]
        found: list[Pairing] = []
        waiting = [(0, len(olds), 0, len(news))]
        while waiting:
            one, one_end, two, two_end = waiting.pop()
            while one < one_end and two < two_end and tokens[0][one] == tokens[1][two]:
                found.append(Pairing(one, two))
                one, two = one + 1, two + 1
            while one < one_end and two < two_end and tokens[0][one_end - 1] == tokens[1][two_end - 1]:
                one_end, two_end = one_end - 1, two_end - 1
                found.append(Pairing(one_end, two_end))
            wide, high = one_end - one, two_end - two
            if not wide or not high:
                continue
            few = self.left < 0
            if wide * high <= (FEW_PAIRS if few else MOST_PAIRS):
                self.left -= wide * high
                best = _best_pairs(olds[one:one_end], news[two:two_end], likeness)
                found += [Pairing(one + pair.old, two + pair.new) for pair in best]
                continue
            edits = FEW_EDITS if few else MOST_EDITS
            self.left -= edits**2 // 2
            anchors = _common(tokens[0][one:one_end], tokens[1][two:two_end], edits) or _in_order(
                [self.names[node] for node in olds[one:one_end]], [self.names[node] for node in news[two:two_end]]
            )
            if anchors:
                fixed = [Pairing(one + pair.old, two + pair.new) for pair in anchors]
                fixed = [pair for pair in fixed if likeness(olds[pair.old], news[pair.new])]
                found += fixed
                ends = (Pairing(one - 1, two - 1), *fixed, Pairing(one_end, two_end))
                waiting += [(a.old + 1, b.old, a.new + 1, b.new) for a, b in pairwise(ends)] if fixed else []
            if not anchors or not fixed:
                middle, other = (one + one_end) // 2, (two + two_end) // 2
                if wide > 1 and high > 1:
                    waiting += [(one, middle, two, other), (middle, one_end, other, two_end)]
                elif wide > 1:
                    waiting.append((one, middle, two, two_end))
                else:
                    waiting.append((one, one_end, two, other))
        return _slid(sorted(found), tokens[0], tokens[1])

    def likeness(self, old: Node, new: Node) -> int:
        """The similarity of two nodes of one kind, up to 100: of settings of layers, of layer types in blocks."""
        key = (self.content[old], self.content[new])
        if key not in self.known:
            if len(self.known) >= MOST_KEPT:
                self.known.clear()
            if old.layer is not None and new.layer is not None:
                self.known[key] = _settings_alike(old.layer.figures.type, new.layer.figures.type)
            else:
                one, two = (self.types[number] for number in key)
                both = sum((one & two).values())
                self.known[key] = 200 * both // max(1, sum(one.values()) + sum(two.values()))
        return self.known[key]


class _Level:
    """Two sequences of neighbors, and the confidence that two of them correspond."""

    def __init__(self, aligner: _Aligner, olds: Sequence[Node], news: Sequence[Node]) -> None:
        self.aligner = aligner
        names = aligner.names
        self.in_both = {names[node] for node in olds} & {names[node] for node in news} - {None}
        self.alters = {node: _alters(node) for node in (*olds, *news)}
        self.known: dict[object, tuple[int, bool]] = {}

    def likeness(self, old: Node, new: Node) -> int:
        """The confidence, 0 if they cannot correspond; a layer and a block never do."""
        aligner = self.aligner
        key = (aligner.content[old], aligner.content[new], aligner.names[old], aligner.names[new])
        found = self.known.get(key)
        if found is None:
            if len(self.known) >= MOST_KEPT:
                self.known.clear()
            found = self.known[key] = self._likeness(old, new)
        sure, firm = found
        if not sure:
            return 0
        # Prefer to pair layers that change the shape, because others may be on either side of them.
        altering = 40 if firm and (self.alters[old] or self.alters[new]) else 0
        return 2 * sure + (old.label == new.label) + altering

    def _likeness(self, old: Node, new: Node) -> tuple[int, bool]:
        """The confidence, and whether it comes from the content or a given name."""
        aligner = self.aligner
        if (old.layer is None) != (new.layer is None):
            return 0, False
        one, two = aligner.names[old], aligner.names[new]
        same_content = aligner.content[old] == aligner.content[new]
        if one == two and (same_content or one is not None):
            if same_content:
                return 100, True
            return (80 + aligner.likeness(old, new) // 10 if old.kind == new.kind else 40), True
        if one in self.in_both or two in self.in_both:
            return 0, False
        if same_content:
            return 60, False
        return self._unnamed(old, new, named=one is not None and two is not None), False

    def _unnamed(self, old: Node, new: Node, *, named: bool) -> int:
        """The confidence if neither content nor names agree; `named` if both have given names."""
        alike = self.aligner.likeness(old, new)
        if old.layer is None or new.layer is None:
            least = 60 if old.kind != new.kind else 50 if named else 25
            return (10 if old.kind == new.kind else 5) + alike // 4 if alike >= least else 0
        if old.kind == new.kind:
            one_is_named = self.aligner.names[old] != self.aligner.names[new]
            return 10 + alike // 4 if alike >= 50 or not one_is_named else 0
        automatic = self.aligner.names[old] is None and self.aligner.names[new] is None
        return 5 if automatic and _kindred(old.layer.figures.type, new.layer.figures.type) else 0


def _alters(node: Node) -> bool:
    """Whether a layer changes the shape."""
    return node.layer is not None and node.layer.output_shape not in node.layer.input_shapes[:1]


def _kindred(one: LayerType, two: LayerType) -> bool:
    """Whether two layer types are related, such as two activations or two sliding windows."""
    shared = set(type(one).__mro__) & set(type(two).__mro__) - set(LayerType.__mro__)
    return bool(shared) or type(one).__module__ == type(two).__module__


def _settings_alike(one: LayerType, two: LayerType) -> int:
    """The share of equal settings among those that are not defaults, up to 100."""
    if type(one) is not type(two):
        return 0
    ones, twos = vars(one), vars(two)
    told = equal = 0
    for key, setting in one.settings.items():
        value = ones[key]
        if value != twos[key]:
            told += 1
        elif value != setting.default:
            told, equal = told + 1, equal + 1
    return 100 * equal // told if told else 100


def _layers(node: Node) -> list[Node]:
    """The nodes of layers at and below a node, in order."""
    found = []
    stack = [node]
    while stack:
        at = stack.pop()
        if at.layer is not None:
            found.append(at)
        stack.extend(reversed(at.children))
    return found


def _covers(pairs: int, olds: int, news: int, *, same_size: bool) -> bool:
    """Whether the number of pairs shows that two groups of layers correspond."""
    smaller, larger = sorted((olds, news))
    return 10 * pairs >= 6 * smaller and 10 * pairs >= (8 if same_size else 3) * larger


def _grown(match: Match, pairs: dict[Node, Node], partners: dict[Node, Node]) -> Match | None:
    """An unpaired node with the nodes below it; layers of both networks are paired in it."""
    made: dict[Node, Match] = {}
    order = [match.node]
    for node in order:
        order.extend(node.children)
    for node in reversed(order):
        if match.new is not None:
            partner = partners.get(node)
            grown = Match(partner, node, regrouped=partner is not None)
        elif node in pairs:
            continue
        else:
            grown = Match(node, None)
        grown.children = [made[child] for child in node.children if child in made]
        made[node] = grown
    return made.get(match.node)


def _best_pairs(olds: Sequence[Node], news: Sequence[Node], likeness: Callable[[Node, Node], int]) -> list[Pairing]:
    """The pairs without crossings that maximize the sum of confidences; of equal solutions, the first."""
    rows = len(news)
    # best[i][j]: the best sum from positions i and j on.
    best = [[0] * (rows + 1) for _ in range(len(olds) + 1)]
    gains = [[likeness(node, other) for other in news] for node in olds]
    for one in range(len(olds) - 1, -1, -1):
        row, below, gain = best[one], best[one + 1], gains[one]
        for two in range(rows - 1, -1, -1):
            most = max(below[two], row[two + 1])
            if gain[two]:
                most = max(most, gain[two] + below[two + 1])
            row[two] = most
    pairs = []
    one = two = 0
    while one < len(olds) and two < rows:
        if gains[one][two] and best[one][two] == gains[one][two] + best[one + 1][two + 1]:
            pairs.append(Pairing(one, two))
            one, two = one + 1, two + 1
        elif best[one][two] == best[one][two + 1]:
            two += 1
        else:
            one += 1
    return pairs


def _slid(pairs: list[Pairing], olds: Sequence[object], news: Sequence[object]) -> list[Pairing]:
    """The pairs shifted as early as possible: if a layer and its relu are appended, the relu is the last."""
    slid: list[Pairing] = []
    before = Pairing(-1, -1)
    for pair in pairs:
        gone, come = pair.old - before.old - 1, pair.new - before.new - 1
        earlier = pair
        if come and not gone and news[before.new + 1] == news[pair.new] == olds[pair.old]:
            earlier = Pairing(pair.old, before.new + 1)
        elif gone and not come and olds[before.old + 1] == olds[pair.old] == news[pair.new]:
            earlier = Pairing(before.old + 1, pair.new)
        slid.append(earlier)
        before = earlier
    return slid


def _common(olds: Sequence[object], news: Sequence[object], most: int) -> list[Pairing]:
    """A longest common subsequence (Myers 1986), if it takes fewer than `most` edits; else empty."""
    if set(olds).isdisjoint(news):
        return []
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(most):
        trace.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
            one = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            two = one - diagonal
            while one < len(olds) and two < len(news) and olds[one] == news[two]:
                one, two = one + 1, two + 1
            furthest[diagonal] = one
            if one >= len(olds) and two >= len(news):
                return _traced(trace, len(olds), len(news))
    return []


def _traced(trace: list[dict[int, int]], one: int, two: int) -> list[Pairing]:
    """The pairs of equal elements on the path that Myers' search found."""
    pairs = []
    for edits in range(len(trace) - 1, -1, -1):
        furthest, diagonal = trace[edits], one - two
        down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        start = furthest[before]
        while one > max(start, 0) and two > max(start - before, 0):
            one, two = one - 1, two - 1
            pairs.append(Pairing(one, two))
        one, two = start, start - before
    return pairs[::-1]


def _in_order(olds: Sequence[str | None], news: Sequence[str | None]) -> list[Pairing]:
    """The longest sequence of unique names that both sequences have in the same order."""
    from bisect import bisect_left

    places = {name: place for place, name in enumerate(news) if name is not None}
    ends: list[int] = []
    tops: list[int] = []
    before: dict[int, int | None] = {}
    for place, name in enumerate(olds):
        if name is None or name not in places:
            continue
        other = places[name]
        pile = bisect_left(ends, other)
        before[place] = tops[pile - 1] if pile else None
        if pile == len(ends):
            ends.append(other)
            tops.append(place)
        else:
            ends[pile], tops[pile] = other, place
    found = []
    at: int | None = tops[-1] if tops else None
    while at is not None:
        name = olds[at]
        if name is not None:
            found.append(Pairing(at, places[name]))
        at = before[at]
    return found[::-1]
