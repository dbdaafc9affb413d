"""The memory of a network at inference: live tensors in an order of execution, and weights."""

from __future__ import annotations

from cnncalc.analyses.arena import plan
from cnncalc.analyses.liveness import Liveness, TensorGraph, live_in_order
from cnncalc.analyses.schedule import best_order
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record


class PeakMemory(Record):
    """The memory of a network at inference in bytes, for a batch.

    `peak` is the largest sum of live tensors, while the layer `at` runs; `alive` has these tensors, each by the name of
    the layer or input that creates it. `live` is the sum while each layer runs, in the order of execution.
    `is_exact` tells whether no other order has a smaller peak; None if no other order was searched.
    """

    peak: int
    at: str | None
    alive: dict[str, int]
    live: dict[str, int]
    inputs: int
    outputs: int
    weights: int
    arena: int
    is_exact: bool | None


class InferenceMemory(Record):
    """Live tensors in elements of one sample, with the peak in the order of the file, and the elements of the weights.

    `is_exact` tells whether no other order has a smaller peak; None if no other order was searched.
    """

    liveness: Liveness
    own_peak: int
    is_exact: bool | None
    params: int
    buffers: int

    def for_batch(self, batch: int, element_size: int, weight_size: int) -> PeakMemory:
        """The memory in bytes, with the bytes of an element of tensors and of weights.

        Raises SpecError if the plan of the arena takes too much work.
        """
        found, element = self.liveness, batch * element_size
        return PeakMemory(
            found.peak * element,
            None if found.at is None else found.steps[found.at].layer.name,
            {storage.name: storage.elements * element for storage in found.alive},
            {step.layer.name: step.live * element for step in found.steps},
            found.inputs * element,
            found.outputs * element,
            (self.params + self.buffers) * weight_size,
            plan(found.storages, element).size,
            self.is_exact,
        )


def inference_memory(network: LayerGraph, *, best: bool = False, folds: bool = False) -> InferenceMemory:
    """The memory at inference in the order of the file, or in the best order.

    If `folds`, batch norms have no tensors of their own (see `liveness`).
    """
    graph = TensorGraph(network, folds=folds)
    own = found = live_in_order(graph)
    is_exact = None
    if best:
        schedule = best_order(graph)
        is_exact = schedule.exact
        found = live_in_order(graph, schedule.order)
    params, buffers = (sum([getattr(layer, key) for layer in graph.layers]) for key in ("params", "buffers"))
    return InferenceMemory(found, own.peak, is_exact, params, buffers)
