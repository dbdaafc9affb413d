"""The memory quantities of a network and its layers: the peak of live tensors, and the arena of a static plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from heapq import heappop, heappush

from cnncalc.analyses.arena import Plan, plan
from cnncalc.analyses.liveness import Liveness, liveness
from cnncalc.errors import SpecError
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record


class NetworkMemory(Record):
    """The memory quantities of a network in bytes; the arena is None if its plan takes too much work."""

    peak_memory: int
    arena: int | None


class MemoryPeaks:
    """The memory quantities, computed when they are read. `element` is the bytes of an element, for the whole batch.

    The quantity of a layer is that of the time while it runs: all live tensors, and the part of the arena in use,
    up to the end of its last tensor. That of a network is the largest of its layers.
    """

    def __init__(self, network: LayerGraph, element: int) -> None:
        self.network = network
        self.element = element

    @cached_property
    def liveness(self) -> Liveness:
        return liveness(self.network)

    @cached_property
    def plan(self) -> Plan:
        """The plan of the arena. Raises SpecError if it takes too much work."""
        return plan(self.liveness.storages, self.element)

    @cached_property
    def peak_memory(self) -> Mapping[str, int]:
        """The live memory while each layer runs, by its name."""
        return {step.layer.name: step.live * self.element for step in self.liveness.steps}

    @cached_property
    def arena(self) -> Mapping[str, int]:
        """The end of the last tensor in the arena while each layer runs. Raises SpecError."""
        starting = sorted(self.plan.buffers, key=lambda buffer: -buffer.storage.first)
        used: list[tuple[int, int]] = []
        ends: dict[str, int] = {}
        for number, step in enumerate(self.liveness.steps):
            while starting and starting[-1].storage.first <= number:
                buffer = starting.pop()
                heappush(used, (-buffer.end, buffer.storage.last))
            while used and used[0][1] < number:
                heappop(used)
            ends[step.layer.name] = -used[0][0] if used else 0
        return ends

    def of_layers(self, quantity: str) -> Mapping[str, int]:
        """A quantity of the layers at inference by name. Raises SpecError if it takes too much work."""
        return self.arena if quantity == "arena" else self.peak_memory

    def of_network(self, quantity: str) -> int:
        """A quantity of the network. Raises SpecError if it takes too much work."""
        return self.plan.size if quantity == "arena" else self.liveness.peak * self.element

    @property
    def affordable(self) -> NetworkMemory:
        """The quantities of the network."""
        try:
            arena = self.of_network("arena")
        except SpecError:
            return NetworkMemory(self.of_network("peak_memory"), None)
        return NetworkMemory(self.of_network("peak_memory"), arena)
