"""Memory at inference: which tensors are alive while each layer runs, and the largest sum of them.

Layers run one after another. While a layer runs, its inputs, its output and all tensors that a later layer or an
output of the network needs are alive. The network's inputs are alive from the start to their last reader, to the end if
no layer reads them; its outputs to the end. Weights are separate.

Tensors share memory as layer types declare it:

- A view (flatten, permute, a slice) has no memory of its own; it keeps that of its input alive. A view of weights has
  none at all. Dropout does nothing at inference, so that its output is its input.
- A layer that works in place overwrites its input if no later layer or output needs it. If its input is a view of a
  larger tensor, it needs new memory. These are elementwise functions, such as ReLU and sigmoid. Softmax needs new
  memory, in PyTorch and TensorFlow Lite Micro alike: each output depends on several inputs.
- Any other output is in new memory. Memory inside a layer (im2col, workspaces of libraries) is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from cnncalc.layers.contract import Aliasing, Role
from cnncalc.network.records import Layer, LayerGraph, inference_layers
from cnncalc.record import Record

# The root of a tensor that is a view of weights.
WEIGHTS = -1


class OutputStorage(Enum):
    """Where a layer's output is stored when the layer runs."""

    NEW = "new"
    IN_PLACE = "in place"
    VIEW = "view"


class Storage(Record):
    """Memory that one or more tensors use in turn or together, from the step `first` to the step `last`.

    Steps count from 0, one per layer; inputs of the network are there from step 0. Sizes are elements of one sample.
    """

    tensors: tuple[str, ...]
    elements: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """The name of its first tensor."""
        return self.tensors[0]


class LiveStep(Record):
    """The execution of a layer: where its output is stored, its size, and the sum of all live tensors meanwhile."""

    layer: Layer
    own_storage: OutputStorage
    live: int

    @property
    def output(self) -> int:
        """The elements of the output that need memory of their own."""
        return self.layer.output_shape.elements if self.own_storage is OutputStorage.NEW else 0


class Liveness(Record):
    """The memory of a network's tensors at inference, in elements of one sample.

    `peak` is the largest sum of live tensors, at the step `at`; None for a network without layers at inference.
    """

    steps: tuple[LiveStep, ...]
    storages: tuple[Storage, ...]
    peak: int
    at: int | None
    inputs: int
    outputs: int

    @property
    def alive(self) -> tuple[Storage, ...]:
        """The storages that are alive at the peak, the largest first."""
        at = self.at or 0
        found = [storage for storage in self.storages if storage.first <= at <= storage.last]
        return tuple(sorted(found, key=lambda storage: -storage.elements))


class TensorGraph:
    """The tensors of a network at inference by number, with the memory that they share in any order of execution.

    Tensors are the inputs of the network, then the outputs of `layers`. `roots` has the tensor whose memory a tensor
    uses as a view, itself if it is no view, or WEIGHTS; `sizes` has the elements of each. `reads` has the roots that
    each layer reads, `readers` the number of layers and outputs that need each root, and `overwrites` the root that
    a layer overwrites if it is the last of them, else WEIGHTS. `outputs` are the roots of the network's outputs, `kept`
    those that are alive at the end. If `folds`, a batch norm overwrites its input.
    """

    __slots__ = (
        "first_layer", "kept", "layers", "names", "outputs", "overwrites", "readers", "reads", "roots", "sizes",
    )  # fmt: skip

    def __init__(self, network: LayerGraph, *, folds: bool = False) -> None:
        self.layers = inference_layers(network.layers)
        self.first_layer = len(network.inputs)
        self.names = [name for name, _ in network.inputs] + [layer.name for layer in self.layers]
        number_of = {name: number for number, name in enumerate(self.names)}
        self.roots = list(range(self.first_layer))
        self.sizes = [shape.elements for _, shape in network.inputs]
        self.readers = [0] * len(self.names)
        self.reads: list[tuple[int, ...]] = []
        self.overwrites: list[int] = []
        for number, layer in enumerate(self.layers, self.first_layer):
            read = [self.roots[number_of[name]] for name in layer.inputs if name in number_of]
            roots = tuple(dict.fromkeys([root for root in read if root != WEIGHTS]))
            for root in roots:
                self.readers[root] += 1
            size = layer.output_shape.elements
            first = read[0] if read else WEIGHTS
            aliasing = _aliasing(layer, folds=folds)
            overwrites = aliasing is Aliasing.IN_PLACE and first != WEIGHTS and self.sizes[first] == size
            self.reads.append(roots)
            self.sizes.append(size)
            self.roots.append(first if aliasing is Aliasing.VIEW else number)
            self.overwrites.append(first if overwrites else WEIGHTS)
        outputs = [self.roots[number_of[name]] for name in dict.fromkeys(network.outputs) if name in number_of]
        # Several outputs may be views of one tensor.
        self.outputs = tuple(dict.fromkeys([root for root in outputs if root != WEIGHTS]))
        unread = [number for number in range(self.first_layer) if not self.readers[number]]
        self.kept = tuple(dict.fromkeys([*self.outputs, *unread]))
        for root in self.kept:
            self.readers[root] += 1


def _aliasing(layer: Layer, *, folds: bool) -> Aliasing:
    """How the output of a layer uses the memory of its input at inference."""
    kind = layer.figures.type
    if kind.role is Role.DROPOUT:
        return Aliasing.VIEW
    if kind.role is Role.PROBABILITIES:
        return Aliasing.NEW
    if kind.role is Role.BATCH_NORM and folds:
        return Aliasing.IN_PLACE
    return kind.aliasing


def liveness(network: LayerGraph, order: Sequence[int] | None = None, *, folds: bool = False) -> Liveness:
    """The memory of a network whose layers run in the order of the file, or in `order`.

    An order has the positions of the layers among those at inference. If `folds`, each batch norm is part of the layer
    before it, as compilers for inference make it, and has no tensor of its own.
    """
    return live_in_order(TensorGraph(network, folds=folds), order)


def live_in_order(graph: TensorGraph, order: Iterable[int] | None = None) -> Liveness:
    """The memory of a graph of tensors in an order of execution."""
    first_layer, roots, sizes = graph.first_layer, graph.roots, graph.sizes
    pending = list(graph.readers)
    end = max(len(graph.layers) - 1, 0)
    # The storage of each root, with its tensors and its first and last step.
    storage_of = list(range(len(graph.names)))
    tensors: dict[int, list[str]] = {number: [graph.names[number]] for number in range(first_layer)}
    first = dict.fromkeys(tensors, 0)
    last = dict.fromkeys(tensors, 0)
    inputs = live = sum(sizes[:first_layer])
    steps: list[LiveStep] = []
    peak, at = live, None
    for step, index in enumerate(range(len(graph.layers)) if order is None else order):
        number = first_layer + index
        root, target = roots[number], graph.overwrites[index]
        own_storage = OutputStorage.VIEW if root != number else OutputStorage.NEW
        if own_storage is OutputStorage.NEW and target != WEIGHTS and pending[target] == 1:
            own_storage = OutputStorage.IN_PLACE
            storage = storage_of[number] = storage_of[target]
            tensors[storage].append(graph.names[number])
        elif own_storage is OutputStorage.NEW:
            live += sizes[number]
            tensors[number], first[number] = [graph.names[number]], step
        elif root != WEIGHTS:
            tensors[storage_of[root]].append(graph.names[number])
        steps.append(LiveStep(graph.layers[index], own_storage, live))
        if at is None or live > peak:
            peak, at = live, step
        for read in graph.reads[index]:
            pending[read] -= 1
            last[storage_of[read]] = step
            if not pending[read] and (own_storage is not OutputStorage.IN_PLACE or read != target):
                live -= sizes[read]
        if root == number:
            last[storage_of[number]] = step
            if not pending[number]:
                live -= sizes[number]
    for root in graph.kept:
        last[storage_of[root]] = end
    storages = tuple([Storage(tuple(tensors[key]), sizes[key], first[key], last[key]) for key in tensors])
    return Liveness(tuple(steps), storages, peak, at, inputs, sum([sizes[root] for root in graph.outputs]))
