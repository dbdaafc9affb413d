"""The memory of a network at inference: live tensors in an order of execution, and weights."""

from __future__ import annotations

from cnncalc.analyses.liveness import Liveness, TensorGraph, live_in_order
from cnncalc.analyses.schedule import best_order
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record


class InferenceMemory(Record):
    """Live tensors in elements of one sample, with the peak in the order of the file, and the elements of the weights.

    `is_exact` tells whether no other order has a smaller peak; None if no other order was searched.
    """

    liveness: Liveness
    own_peak: int
    is_exact: bool | None
    params: int
    buffers: int


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
