"""The memory quantities of a network and its layers: at inference the peak of live tensors and the arena of a static
plan, in training the tensors that are kept for the backward pass and the memory of a step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from heapq import heappop, heappush

from cnncalc.analyses.arena import Plan, plan
from cnncalc.analyses.liveness import Liveness, liveness
from cnncalc.analyses.saved_tensors import SavedTensors, saved_tensors
from cnncalc.errors import SpecError
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.spec.quantities import MEMORIES, PEAKS


class MemoryQuantities:
    """The memory quantities in bytes, computed when they are read; `dtype_size` is the bytes of an element. If `folds`,
    batch norms have no memory of their own at inference (see `liveness`).

    The quantity of a layer at inference is that of the time while it runs: all live tensors, and the part of the arena
    in use, up to the end of its last tensor. That of a network is the largest of its layers. In training, a
    network has the sum of its layers.
    """

    def __init__(self, network: LayerGraph, *, batch: int = 1, dtype_size: int = 4, folds: bool = False) -> None:
        self.network = network
        self.batch = batch
        self.dtype_size = dtype_size
        self.folds = folds

    def of_layers(self, quantity: str) -> Mapping[str, int]:
        """A quantity by the names of the layers that have it. Raises SpecError if it takes too much work.

        Layers that do not run at inference have no peak, and those of `unknown` keep an unknown amount in training.
        """
        found: Mapping[str, int] = getattr(self, quantity)
        return found

    def of_network(self, quantity: str) -> int | None:
        """A quantity of the network, None if it is unknown for a layer. Raises SpecError if it takes too much work."""
        if quantity == "arena":
            return self.plan.size
        if quantity == "peak_memory":
            return self.liveness.peak * self._element
        return None if self.unknown else sum(self.of_layers(quantity).values())

    def affordable(self, quantities: Collection[str] = MEMORIES) -> dict[str, int | None]:
        """Quantities of the network by key; None for what is unknown or takes too much work."""
        return {quantity: self._affordable(quantity) for quantity in quantities}

    def _affordable(self, quantity: str) -> int | None:
        try:
            return self.of_network(quantity)
        except SpecError:
            return None

    @property
    def unknown(self) -> tuple[Layer, ...]:
        """The layers whose types do not tell what they keep for the backward pass."""
        names = set(self.saved.unknown)
        return tuple([layer for layer in self.network.layers if layer.name in names])

    def unknown_for(self, quantity: str) -> tuple[Layer, ...]:
        """The layers for which a quantity is unknown."""
        return () if quantity in PEAKS else self.unknown

    # --- at inference ---------------------------------------------------------------------------

    @property
    def _element(self) -> int:
        return self.batch * self.dtype_size

    @cached_property
    def liveness(self) -> Liveness:
        return liveness(self.network, folds=self.folds)

    @cached_property
    def plan(self) -> Plan:
        """The plan of the arena. Raises SpecError if it takes too much work."""
        return plan(self.liveness.storages, self._element)

    @cached_property
    def peak_memory(self) -> Mapping[str, int]:
        """The live memory while each layer runs, by its name."""
        return {step.layer.name: step.live * self._element for step in self.liveness.steps}

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

    # --- in training ----------------------------------------------------------------------------

    @cached_property
    def saved(self) -> SavedTensors:
        return saved_tensors(self.network, self.dtype_size)

    @cached_property
    def saved_for_backward(self) -> Mapping[str, int]:
        """The memory that each layer is the first to keep."""
        return {kept.layer: kept.size.amount(self.batch) for kept in self.saved.layers if not kept.is_unknown}

    @cached_property
    def training_memory(self) -> Mapping[str, int]:
        """The memory of each layer's parameters, their gradients, its buffers and what it keeps."""
        saved = self.saved_for_backward
        return {
            layer.name: (2 * layer.params + layer.buffers) * self.dtype_size + saved[layer.name]
            for layer in self.network.layers
            if layer.name in saved
        }
