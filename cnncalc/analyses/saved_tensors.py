"""The tensors that a training step keeps in memory for the backward pass.

What a layer keeps is a rule of its type (`LayerType.saved`); this module finds the memory behind it. Several tensors
can share one storage: a view has that of its input, and an in-place layer overwrites it. A storage counts once, in
full, for the first layer that keeps a tensor in it.

The totals are those of `torch.autograd.graph.saved_tensors_hooks` in PyTorch, without parameters and buffers.
Workspaces of kernels (cuDNN), memory that the allocator reserves, and temporary tensors of the backward pass do not
count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from cnncalc import limits
from cnncalc.layers.contract import WEIGHTS, Aliasing, MixedPrecision, Role, Saved, SavedSource
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record

# The bytes of an element of the two data types of mixed precision.
HALF, FULL = 2, 4
CASTS = {MixedPrecision.HALF: HALF, MixedPrecision.FULL: FULL}


class Footprint(Record):
    """An amount of memory in bytes: one part for the whole batch, and one for each sample."""

    fixed: int = 0
    per_sample: int = 0

    def __add__(self, other: Footprint) -> Footprint:  # type: ignore[override]
        return Footprint(self.fixed + other.fixed, self.per_sample + other.per_sample)

    def amount(self, batch: int) -> int:
        """The bytes for a batch."""
        return self.fixed + batch * self.per_sample


NO_MEMORY = Footprint()


class KeptTensor(Record):
    """A storage that a layer keeps; `tensor` is the input or layer whose output created it, or None for an own one."""

    tensor: str | None
    size: Footprint


class KeptByLayer(Record):
    """What a layer keeps that no layer before it keeps. It is unknown if the type does not tell."""

    layer: str
    tensors: tuple[KeptTensor, ...]
    is_unknown: bool = False

    @property
    def size(self) -> Footprint:
        return sum_of([kept.size for kept in self.tensors])


class SavedTensors(Record):
    """What each layer of a network keeps, in the order of the layers.

    `storages` are named after the layer or input that creates them, and `storage_of` has that of each tensor, or None
    for a weight. `uses` are the storages that each layer keeps, whether or not another did before, and its own memory.
    """

    layers: tuple[KeptByLayer, ...]
    storages: dict[str, Footprint]
    storage_of: dict[str, str | None]
    uses: dict[str, tuple[tuple[str, ...], Footprint]]

    def kept_tensor(self, storage: str) -> KeptTensor:
        return KeptTensor(storage, self.storages[storage])

    @property
    def total(self) -> Footprint:
        return sum_of([kept.size for kept in self.layers])

    @property
    def unknown(self) -> tuple[str, ...]:
        """The layers whose types do not tell what they keep; they are not in the total."""
        return tuple(kept.layer for kept in self.layers if kept.is_unknown)


def advise_on_unknown(layer: Layer, *, mixed: bool = False) -> str:
    """A way out for a layer whose type does not tell what it keeps."""
    type_ = layer.figures.type
    if mixed and type_.in_mixed_precision is MixedPrecision.UNKNOWN:
        return "it depends on cuDNN in mixed precision; without that, it is known"
    if "saved_for_backward" in type_.settings:
        return f"declare it: saved_for_backward of {layer.name}, in elements of one sample"
    return "`cnncalc check` can limit the memory of blocks without such layers"


def sum_of(sizes: list[Footprint]) -> Footprint:
    return Footprint(sum(size.fixed for size in sizes), sum(size.per_sample for size in sizes))


def saved_tensors(network: LayerGraph, element_size: int = FULL, *, mixed: bool = False) -> SavedTensors:
    """What the layers keep for the backward pass in a training step, training-only layers included.

    `element_size` is the bytes of an element. With `mixed`, it is that of PyTorch's automatic mixed precision: inputs,
    weights and statistics are float32, convolutions, linear layers and matrix products work in float16 and keep their
    weights cast to it, and most layers between them have the type of their inputs (`MixedPrecision`).
    """
    return _TensorWalk(network, element_size, mixed=mixed).result()


class _TensorWalk:
    """Follows the network in its order, with the storage, the data type and the gradient of each tensor."""

    def __init__(self, network: LayerGraph, element_size: int, *, mixed: bool) -> None:
        self.network = network
        self.mixed = mixed
        element_size = FULL if mixed else element_size
        readers = Counter(chain.from_iterable(layer.inputs for layer in network.layers))
        readers.update(network.outputs)
        self.readers = readers
        self.bytes = {name: element_size for name, _ in network.inputs}
        self.storages = {name: Footprint(0, shape.elements * element_size) for name, shape in network.inputs}
        self.storage_of: dict[str, str | None] = {name: name for name, _ in network.inputs}
        self.has_gradient = dict.fromkeys(self.bytes, False)
        # Tensors that nothing but their one reader uses, so that it may overwrite them.
        self.is_free = dict.fromkeys(self.bytes, False)
        self.kept: set[str] = set()
        self.casts: set[str] = set()
        self.uses: dict[str, tuple[tuple[str, ...], Footprint]] = {}
        self.element_size = element_size

    def result(self) -> SavedTensors:
        limits.spend(len(self.network.layers))
        layers = tuple([self.visit(layer) for layer in self.network.layers])
        return SavedTensors(layers, self.storages, self.storage_of, self.uses)

    def visit(self, layer: Layer) -> KeptByLayer:
        type_ = layer.figures.type
        learns = layer.figures.params > 0
        needed = [number for number, name in enumerate(layer.inputs) if self.has_gradient[name]]
        size = self.size_of_elements(layer)
        overwrites = type_.aliasing is Aliasing.IN_PLACE and self.may_overwrite(layer)
        self.place_output(layer, size, overwrites=overwrites)
        self.has_gradient[layer.name] = learns or bool(needed)
        if not self.has_gradient[layer.name]:
            self.uses[layer.name] = (), NO_MEMORY
            return KeptByLayer(layer.name, ())
        is_unknown = self.mixed and type_.in_mixed_precision is MixedPrecision.UNKNOWN
        saved = None if is_unknown else type_.saved(layer.input_shapes, layer.output_shape, frozen=layer.frozen)
        if saved is None:
            self.uses[layer.name] = (), NO_MEMORY
            return KeptByLayer(layer.name, (), is_unknown=True)
        wanted = {*needed, WEIGHTS} if learns else set(needed)
        own: list[Footprint] = []
        shared: dict[str, None] = {}
        for each in saved:
            if each.needed_for and wanted.isdisjoint(each.needed_for):
                continue
            for storage, footprint in self.locate(layer, each, size, overwrites=overwrites):
                if storage is None:
                    own.append(footprint)
                else:
                    shared[storage] = None
        own.extend(self.cast_weights(layer, saved, needed))
        self.uses[layer.name] = tuple(shared), sum_of(own)
        tensors = [KeptTensor(name, self.storages[name]) for name in shared if name not in self.kept]
        self.kept.update(shared)
        return KeptByLayer(layer.name, (*tensors, *[KeptTensor(None, footprint) for footprint in own]))

    def locate(
        self, layer: Layer, saved: Saved, size: int, *, overwrites: bool
    ) -> Iterator[tuple[str | None, Footprint]]:
        """The storage of a saved tensor, or None with the memory of an own one; nothing for a weight."""
        if saved.source is SavedSource.OWN:
            amount = saved.elements * ((self.mixed and saved.mixed_bytes) or max(saved.least_bytes, size))
            yield None, Footprint(0, amount) if saved.per_sample else Footprint(amount, 0)
            return
        is_output = saved.source is SavedSource.OUTPUT or (saved.source is SavedSource.OVERWRITTEN and overwrites)
        name = layer.name if is_output else layer.inputs[saved.number]
        if not is_output and (overwrites or self.bytes[name] != self.cast(layer, self.bytes[name])):
            # An input that is overwritten or cast is kept as a copy.
            yield None, Footprint(0, layer.input_shapes[saved.number].elements * size)
        elif (storage := self.storage_of[name]) is not None:
            yield storage, self.storages[storage]

    def place_output(self, layer: Layer, size: int, *, overwrites: bool) -> None:
        """Note the storage of a layer's output."""
        name, source = layer.name, layer.inputs[0] if layer.inputs else None
        is_view = layer.figures.type.aliasing is Aliasing.VIEW
        self.bytes[name] = size
        self.is_free[name] = self.readers[name] == 1 and (not is_view or (source is not None and self.is_free[source]))
        if is_view or overwrites:
            self.storage_of[name] = None if source is None else self.storage_of[source]
            return
        self.storage_of[name] = name
        self.storages[name] = Footprint(0, layer.output_shape.elements * size)

    def may_overwrite(self, layer: Layer) -> bool:
        """Whether a layer can work in place: nothing else reads its input, and no layer keeps it."""
        source = layer.inputs[0]
        return (
            self.is_free[source]
            and (storage := self.storage_of[source]) is not None
            and storage not in self.kept
            and self.bytes[source] == self.size_of_elements(layer)
        )

    def size_of_elements(self, layer: Layer) -> int:
        """The bytes of an element of a layer's output."""
        widest = max((self.bytes[name] for name in layer.inputs), default=self.element_size)
        if self.mixed and layer.figures.type.in_mixed_precision is MixedPrecision.PROMOTED:
            return FULL
        return self.cast(layer, widest)

    def cast(self, layer: Layer, size: int) -> int:
        """The bytes of an element, of `size` bytes, when a layer reads it."""
        computed = layer.figures.type.in_mixed_precision
        if not self.mixed or computed not in CASTS:
            return size
        return CASTS[computed]

    def cast_weights(self, layer: Layer, saved: tuple[Saved, ...], needed: list[int]) -> Iterator[Footprint]:
        """The weights that mixed precision casts and keeps, once for each layer that owns them."""
        casts = layer.figures.type.in_mixed_precision is MixedPrecision.HALF
        owner = layer.weights_from or layer.name
        if not self.mixed or not casts or not layer.weights or owner in self.casts:
            return
        if layer.figures.type.role is Role.LINEAR and not needed:
            # Its weights are kept for the gradient of its input alone.
            return
        if any(each.source is SavedSource.OWN and not each.per_sample for each in saved):
            # It keeps weights that are computed from its own.
            return
        self.casts.add(owner)
        yield Footprint(layer.weights[0].size * HALF, 0)
