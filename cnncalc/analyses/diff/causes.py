"""The causes of a difference and their costs."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.analyses.alignment import Match
from cnncalc.analyses.diff.blame import EVERYONE, MOST_TOGETHER, NOBODY, Blame, join_blames
from cnncalc.analyses.diff.pairing import PairedNetworks
from cnncalc.analyses.diff.records import FREE, Cause, CostChange, InputChange, LayerChange, SharedCost
from cnncalc.network.records import Layer


class OpenCause:
    """A cause while costs are booked on it."""

    __slots__ = ("changes", "downstream", "inputs", "outputs", "own", "reached", "roots")

    def __init__(self) -> None:
        self.changes: list[LayerChange] = []
        self.roots: list[Match] = []
        self.inputs: list[InputChange] = []
        self.outputs = False
        self.own = FREE
        self.downstream = FREE
        self.reached: dict[str, None] = {}

    def closed(self) -> Cause:
        return Cause(
            tuple(self.changes),
            tuple(self.roots),
            tuple(self.inputs),
            self.outputs,
            self.own,
            self.downstream,
            tuple(self.reached),
        )


class Ledger:
    """Causes by their numbers, and the costs of each layer.

    `own` has the cause of each new layer's own change, `gone` the cause of each removed or moved old layer.
    """

    def __init__(self) -> None:
        self.causes: list[OpenCause] = []
        self.numbers: dict[object, int] = {}
        self.own: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.booked: dict[str, tuple[CostChange, CostChange]] = {}
        self.blamed: dict[str, Blame] = {}
        self.together: dict[Blame, tuple[list[CostChange], dict[str, None]]] = {}
        self.everyone: Blame = NOBODY

    # --- causes ---------------------------------------------------------------------------------

    def number_cause(self, key: object) -> int:
        """The number of a cause; equal keys have the same number."""
        number = self.numbers.setdefault(key, len(self.causes))
        if number == len(self.causes):
            self.causes.append(OpenCause())
        return number

    def add_runs(self, root: Match) -> None:
        """Make one cause of adjacent nodes that were added or removed between two layers of both networks."""
        for match in root.walk():
            if match.old is None or match.new is None:
                continue
            run: list[Match] = []
            for child in (*match.children, None):
                if child is not None and (child.old is None or child.new is None):
                    run.append(child)
                elif run:
                    self._add_run(run)
                    run = []

    def _add_run(self, run: list[Match]) -> None:
        key: dict[object, None] = {}
        matches: list[Match] = []
        roots: list[Match] = []
        for match in run:
            single = [each for each in match.walk() if each.node.layer and not (each.old and each.new)]
            if single:
                layers = [each.node.layer for each in single if each.node.layer]
                key[match.new is None, tuple((layer.span, layer.figures.type) for layer in layers)] = None
                matches += single
                roots.append(match)
        if matches:
            number = self.number_cause(("run", tuple(key)))
            self.causes[number].roots += roots
            for each in matches:
                (self.own if each.old is None else self.gone)[each.node.name] = number

    def add_moves(self, pairing: PairedNetworks) -> None:
        """Make causes of moved layers."""
        for name in pairing.moved:
            new = pairing.new_layers[name]
            old = pairing.old_layer(new)
            number = self.number_cause(("moved", old.span, new.span, new.figures.type))
            self.own[name] = number
            self.gone[old.name] = number

    def close_list(self) -> None:
        """Close the list of causes, so that costs can be booked."""
        self.everyone = tuple(range(len(self.causes)))

    # --- costs ----------------------------------------------------------------------------------

    def own_blame(self, layer: Layer) -> Blame:
        """The cause of a layer's own change."""
        return (self.own[layer.name],) if layer.name in self.own else NOBODY

    def book(self, layer: Layer, blame: Blame, cost: CostChange) -> None:
        """Book a layer's cost on its own change, or on changes upstream."""
        if cost == FREE:
            return
        # Every cost is booked: without a known cause, all causes share it.
        if not blame or blame == EVERYONE:
            # A key with very many causes would take time in proportion for every layer.
            blame = self.everyone if len(self.everyone) <= MOST_TOGETHER else EVERYONE
        own, upstream = self.booked.get(layer.name, (FREE, FREE))
        if blame == self.own_blame(layer):
            (number,) = blame
            self.causes[number].own += cost
            self.booked[layer.name] = own + cost, upstream
            return
        self.booked[layer.name] = own, upstream + cost
        self.blamed[layer.name] = join_blames(self.blamed.get(layer.name, NOBODY), blame)
        if len(blame) == 1 and blame != EVERYONE:
            (number,) = blame
            self.causes[number].downstream += cost
            self.causes[number].reached[layer.name] = None
        else:
            costs, reached = self.together.setdefault(blame, ([], {}))
            costs.append(cost)
            reached[layer.name] = None

    def spell_out(self, blame: Blame) -> Blame:
        """The numbers of causes, also of EVERYONE."""
        return self.everyone if blame == EVERYONE else blame

    def closed_causes(self) -> tuple[Cause, ...]:
        return tuple(cause.closed() for cause in self.causes)

    def shared_costs(self) -> tuple[SharedCost, ...]:
        """The shared costs of several causes."""
        shared = (SharedCost(self.spell_out(who), _sum(costs), tuple(at)) for who, (costs, at) in self.together.items())
        return tuple(each for each in shared if each.cost != FREE)


def _sum(costs: Iterable[CostChange]) -> CostChange:
    total = FREE
    for cost in costs:
        total += cost
    return total
