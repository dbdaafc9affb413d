"""The order of execution with the smallest peak of memory.

Layers whose order is forced cut a network into segments; the smallest peak of a segment is the smallest over its
downsets (sets of layers that hold all their predecessors within the segment). Which tensors are alive after a set of
layers has run does not depend on their order, so that the search is for the path from the empty set to the whole
segment whose largest step is smallest. A layer that can run within the peak so far and leaves no more memory alive
than before runs at once, because to run it later cannot be better. The peak cannot be below what one layer needs alone,
and an order within that needs no search.

The search is exact unless it would take more than MOST_WORK. The order of a segment where it ends early is the better
one of the network's own order and a greedy one, which always runs the layer after which the least memory is alive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

from cnncalc.analyses.liveness import WEIGHTS, TensorGraph
from cnncalc.record import Record

# The most steps of the exact search in all: per set of layers, its previews and the layers of its segment.
MOST_WORK = 4_000_000
# The price of a set of layers, besides.
PER_SET = 20
# The price of a step on a set of bits, as a shift: one for that many bits.
PER_BIT = 10


class Schedule(Record):
    """An order of a network's layers at inference, as their positions; `exact` if no order has a smaller peak."""

    order: tuple[int, ...]
    exact: bool


def best_order(graph: TensorGraph) -> Schedule:
    """The order of execution with the smallest peak, or a good one if the graph is too large for an exact search."""
    before = _predecessors(graph)
    pending = dict(enumerate(graph.readers))
    live = sum(graph.sizes[: graph.first_layer])
    searches: list[_Search] = []
    for segment in _segments(graph, before):
        search = _Search(graph, before, segment, pending, live)
        searches.append(search)
        for index in segment:
            _, live = search.run(index, pending, live)
    # No order has a smaller peak than `floor`, so that an order within it needs no search.
    floor, reached, left = _floor(graph), 0, MOST_WORK
    for search in sorted(searches, key=lambda search: -search.peak):
        if search.peak > floor:
            found = search.exact(floor, left)
            left -= search.work
            search.improve(search.greedy() if found is None else found)
            if found is not None:
                floor = max(floor, search.peak)
        reached = max(reached, search.peak)
    order = tuple([index for search in searches for index in search.order])
    return Schedule(order, reached <= floor)


def _floor(graph: TensorGraph) -> int:
    """The most memory that a layer needs alone: for its inputs, and its output unless it can overwrite one."""
    floor = 0
    for number, (reads, target) in enumerate(zip(graph.reads, graph.overwrites, strict=True), graph.first_layer):
        own = graph.sizes[number] if graph.roots[number] == number and target == WEIGHTS else 0
        floor = max(floor, own + sum([graph.sizes[read] for read in reads]))
    return floor


def _predecessors(graph: TensorGraph) -> list[tuple[int, ...]]:
    """The layers that each layer reads, by position."""
    number_of = {layer.name: index for index, layer in enumerate(graph.layers)}
    return [
        tuple(dict.fromkeys([number_of[name] for name in layer.inputs if name in number_of])) for layer in graph.layers
    ]


def _segments(graph: TensorGraph, before: Sequence[tuple[int, ...]]) -> Iterator[range]:
    """Runs of layers that no order mixes; the last layer of each follows all others of it.

    A layer that every path passes runs after all layers before it and before all after it. That is a layer
    over which no edge leads, where an edge leads from the start to each layer that reads no other, and one to the
    end from each that no other reads. Views of weights take no memory, so that they do not count.
    """
    count = len(before)
    reach = list(range(count))
    has_reader = [False] * count
    leads_from_start = -1
    of_weights = [root == WEIGHTS for root in graph.roots[graph.first_layer :]]
    for index, sources in enumerate(before):
        if of_weights[index]:
            has_reader[index] = True
            continue
        counted = [source for source in sources if not of_weights[source]]
        for source in counted:
            reach[source] = max(reach[source], index)
            has_reader[source] = True
        if not counted:
            leads_from_start = index
    start, farthest = 0, leads_from_start
    for index in range(count):
        if farthest <= index:
            yield range(start, index + 1)
            start = index + 1
        farthest = max(farthest, reach[index] if has_reader[index] else count)
    if start < count:
        yield range(start, count)


class _Search:
    """The orders of one segment, after the layers before it; `pending` and `live` are the memory at its start."""

    def __init__(
        self,
        graph: TensorGraph,
        before: Sequence[tuple[int, ...]],
        segment: range,
        pending: Mapping[int, int],
        live: int,
    ) -> None:
        self.graph = graph
        self.segment = segment
        self.start = segment.start
        self.live = live
        roots = {read for index in segment for read in graph.reads[index]}
        self.pending = {root: pending[root] for root in roots}
        self.work = 0
        self.order: tuple[int, ...] = tuple(segment)
        self.peak = self.peak_of(self.order)
        self.before = [[source for source in before[index] if source >= segment.start] for index in segment]
        # The layers of the segment that read each of its layers.
        self.after: list[list[int]] = [[] for _ in segment]
        for index, sources in zip(segment, self.before, strict=True):
            for source in sources:
                self.after[source - segment.start].append(index)

    def preview(self, index: int, pending: Mapping[int, int], live: int) -> tuple[int, int]:
        """The live memory while a layer runs and after it."""
        graph = self.graph
        number = graph.first_layer + index
        target = graph.overwrites[index]
        owns = graph.roots[number] == number
        in_place = owns and target != WEIGHTS and pending[target] == 1
        during = live + graph.sizes[number] if owns and not in_place else live
        after = during
        for read in graph.reads[index]:
            if pending[read] == 1 and not (in_place and read == target):
                after -= graph.sizes[read]
        if owns and not graph.readers[number]:
            after -= graph.sizes[number]
        return during, after

    def run(self, index: int, pending: dict[int, int], live: int) -> tuple[int, int]:
        """As `preview`, and take the layer from the readers of the tensors that it reads."""
        found = self.preview(index, pending, live)
        for read in self.graph.reads[index]:
            pending[read] -= 1
        return found

    def peak_of(self, order: Sequence[int]) -> int:
        pending, live, peak = dict(self.pending), self.live, 0
        for index in order:
            during, live = self.run(index, pending, live)
            peak = max(peak, during)
        return peak

    def improve(self, order: tuple[int, ...]) -> None:
        """Take another order if its peak is smaller."""
        peak = self.peak_of(order)
        if peak < self.peak:
            self.order, self.peak = order, peak

    def exact(self, floor: int, most_work: int) -> tuple[int, ...] | None:
        """The order with the smallest peak, or one within `floor`; None if the search takes more than `most_work`."""
        ready = tuple([index for index, sources in zip(self.segment, self.before, strict=True) if not sources])
        waiting = [_PartialOrder(floor, 0, 0, 0, self.live, self.pending, ready, None)]
        closed: set[int] = set()
        pushed = 0
        while True:
            state = heappop(waiting)
            if state.ran in closed:
                continue
            state = self._advance(state, most_work)
            if self.work > most_work:
                return None
            if waiting and waiting[0].peak < state.peak:
                # Advanced by layers without an alternative, but to a higher peak.
                heappush(waiting, state)
                continue
            if not state.ready:
                return state.order
            closed.add(state.ran)
            for index in state.ready:
                pushed += 1
                self.work += PER_SET + len(state.pending)
                following = self._after(state, index, dict(state.pending))
                if following.ran not in closed:
                    heappush(waiting, following._replace(number=pushed))

    def _advance(self, state: _PartialOrder, most_work: int) -> _PartialOrder:
        """Run layers as long as one has no alternative or cannot run better later."""
        pending = dict(state.pending)
        while state.ready and self.work <= most_work:
            for index in state.ready:
                self.work += 1
                during, after = self.preview(index, pending, state.live)
                if len(state.ready) == 1 or (during <= state.peak and after <= state.live):
                    break
            else:
                break
            state = self._after(state, index, pending)
        self.work += PER_SET + len(pending)
        return state

    def _after(self, state: _PartialOrder, index: int, pending: dict[int, int]) -> _PartialOrder:
        """The state after a ready layer has run, too. Changes `pending`, which becomes that of the new state."""
        start = self.segment.start
        during, live = self.run(index, pending, state.live)
        ran = state.ran | 1 << index - start
        ready = [other for other in state.ready if other != index]
        for other in self.after[index - start]:
            sources = self.before[other - start]
            self.work += len(sources)
            if all(ran >> source - start & 1 for source in sources):
                ready.append(other)
        # Sets of bits are as long as the segment.
        self.work += 1 + (len(self.segment) >> PER_BIT)
        peak = max(state.peak, during)
        return _PartialOrder(peak, state.left - 1, state.number, ran, live, pending, tuple(ready), (state.path, index))

    def greedy(self) -> tuple[int, ...]:
        """The order that always runs the layer after which the least memory is alive, the first of equal ones."""
        graph, start = self.graph, self.segment.start
        pending, live = dict(self.pending), self.live
        missing = [len(sources) for sources in self.before]
        # The sum of the layers that have yet to read a root: the last of them is the sum.
        readers = dict.fromkeys(pending, 0)
        for index in self.segment:
            for read in graph.reads[index]:
                readers[read] += index
        has_run = [False] * len(self.segment)
        waiting: list[tuple[int, int]] = []
        order: list[int] = []

        def push(index: int) -> None:
            _, after = self.preview(index, pending, 0)
            heappush(waiting, (after, index))

        for index in self.segment:
            if not missing[index - start]:
                push(index)
        while waiting:
            _, index = heappop(waiting)
            if has_run[index - start]:
                continue
            has_run[index - start] = True
            order.append(index)
            _, live = self.run(index, pending, live)
            for read in graph.reads[index]:
                readers[read] -= index
                last = readers[read]
                # A tensor that a later segment needs has pending readers that are not of this one.
                if pending[read] == 1 and last in self.segment and not missing[last - start]:
                    push(last)
            for other in self.after[index - start]:
                missing[other - start] -= 1
                if not missing[other - start]:
                    push(other)
        return tuple(order)


class _PartialOrder(Record):
    """The layers of a segment that have run, as a set of bits, with the smallest peak to there.

    Of states with equal peaks, that with the fewest layers `left` comes first. `path` holds the order, the last first.
    """

    peak: int
    left: int
    number: int
    ran: int
    live: int
    pending: Mapping[int, int]
    ready: tuple[int, ...]
    path: Any

    @property
    def order(self) -> tuple[int, ...]:
        order, path = [], self.path
        while path is not None:
            path, index = path
            order.append(index)
        return tuple(reversed(order))
