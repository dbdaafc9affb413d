"""The memory of a training step: parameters, buffers, gradients, optimizer state and the tensors that it keeps.

Exact under these rules: parameters, gradients and the state of the optimizer are in the network's data type (float32
in mixed precision), gradients are allocated for each learnable parameter, and the tensors are those of
`saved_tensors`, at the end of the forward pass. Temporary tensors of the backward pass, workspaces of kernels and
memory that the allocator reserves do not count.
"""

from __future__ import annotations

from enum import Enum

from cnncalc import limits
from cnncalc.analyses.saved_tensors import (
    FULL,
    NO_MEMORY,
    Footprint,
    KeptByLayer,
    SavedTensors,
    advise_on_unknown,
    saved_tensors,
    sum_of,
)
from cnncalc.analyses.totals import Sum, totals
from cnncalc.errors import Problem, SpecError
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.syntax.patterns import named


class Optimizer(Enum):
    """An optimizer, with the number of elements that it stores for each learnable parameter."""

    SGD = "sgd", 0
    MOMENTUM = "momentum", 1
    ADAM = "adam", 2
    ADAMW = "adamw", 2

    def __init__(self, key: str, states: int) -> None:
        self.key = key
        self.states = states

    @classmethod
    def named(cls, key: str) -> Optimizer:
        """The optimizer of a name. Raises KeyError if there is none."""
        return {optimizer.key: optimizer for optimizer in cls}[key]


class RecomputedBlock(Record):
    """A block whose forward pass runs again in the backward pass: it keeps only what it reads.

    `kept` is its input, as far as nothing else keeps it, and `kept_so_far` also what everything before the block keeps:
    what is left when its backward pass starts, because that of later layers has freed the rest. `recomputed` is what
    the block keeps in new memory while its own backward pass runs, its output included if a layer in it keeps that.
    `macs` are those of the second forward pass for one sample.
    """

    name: str
    kept: Footprint
    kept_so_far: Footprint
    recomputed: Footprint
    macs: int


class TrainingMemory(Record):
    """The memory of a training step; with a batch, `amount` is its sum in bytes.

    `layers` has what each layer keeps, recomputed blocks left out. Layers in `unknown` are in no number.
    """

    params: Footprint
    buffers: Footprint
    gradients: Footprint
    optimizer_state: Footprint
    layers: tuple[KeptByLayer, ...]
    blocks: tuple[RecomputedBlock, ...]
    # What `saved_for_backward` would be without recomputation.
    all_saved: Footprint
    unknown: tuple[str, ...]

    @property
    def weights(self) -> Footprint:
        """Everything that does not depend on the batch: parameters, buffers, gradients and optimizer state."""
        return self.params + self.buffers + self.gradients + self.optimizer_state

    @property
    def kept(self) -> Footprint:
        """What is kept from the forward pass to the backward pass."""
        return sum_of([*[layer.size for layer in self.layers], *[block.kept for block in self.blocks]])

    @property
    def recomputed_macs(self) -> int:
        """The multiply-accumulates of one sample that run a second time."""
        return sum(block.macs for block in self.blocks)

    def saved_for_backward(self, batch: int = 1) -> int:
        """The most bytes of kept tensors: at the end of the forward pass, or in the backward pass of a block."""
        return max(peak.amount(batch) for peak in self._peaks())

    def peak_block(self, batch: int = 1) -> str | None:
        """The block during whose backward pass the most is kept; None if that is at the end of the forward pass."""
        most = self.saved_for_backward(batch)
        if self.kept.amount(batch) == most:
            return None
        peaks = zip(self.blocks, self._peaks()[1:], strict=True)
        return next(block.name for block, peak in peaks if peak.amount(batch) == most)

    def amount(self, batch: int = 1) -> int:
        """The bytes of the training step for a batch."""
        return self.weights.amount(batch) + self.saved_for_backward(batch)

    def fit(self, limit: int) -> int | None:
        """The largest batch whose memory is at most `limit` bytes: 0 if one sample is too many, None if any fits."""
        sizes = [self.weights + peak for peak in self._peaks()]
        if any(size.fixed > limit for size in sizes):
            return 0
        batches = [(limit - size.fixed) // size.per_sample for size in sizes if size.per_sample]
        return min(batches, default=None)

    def _peaks(self) -> list[Footprint]:
        """The kept tensors when they are most: after the forward pass, and after each block was recomputed."""
        return [self.kept, *[block.kept_so_far + block.recomputed for block in self.blocks]]


def training_memory(
    network: LayerGraph,
    *,
    element_size: int = FULL,
    optimizer: Optimizer = Optimizer.SGD,
    mixed: bool = False,
    checkpoints: tuple[str, ...] = (),
) -> TrainingMemory:
    """The memory of a training step.

    `element_size` is the bytes of an element; with `mixed`, it is that of automatic mixed precision. `checkpoints` are
    patterns of blocks that are recomputed in the backward pass; of blocks within each other, the outer one is.
    Raises KeyError with the pattern if no block matches.
    """
    size = FULL if mixed else element_size
    counted: Sum = totals(network).training
    saved = saved_tensors(network, size, mixed=mixed)
    params, buffers = Footprint(counted.params * size), Footprint(counted.buffers * size)
    blocks = _matching_blocks(network, checkpoints)
    layers, recomputed = (saved.layers, ()) if not blocks else _recompute(network, saved, blocks)
    state = Footprint(counted.params * size * optimizer.states)
    return TrainingMemory(params, buffers, params, state, layers, recomputed, saved.total, saved.unknown)


def check_known(network: LayerGraph, memory: TrainingMemory, *, mixed: bool = False) -> None:
    """Raise SpecError with the layers that do not tell what they keep, if there are any."""
    unknown = set(memory.unknown)
    if unknown:
        raise SpecError(
            Problem(
                layer.span,
                f"what {layer.name} ({layer.type}) keeps for the backward pass is unknown",
                advise_on_unknown(layer, mixed=mixed),
            )
            for layer in network.layers
            if layer.name in unknown
        )


def _matching_blocks(network: LayerGraph, patterns: tuple[str, ...]) -> dict[str, list[Layer]]:
    """The layers of the outermost blocks that match, in the network's order."""
    names = [group.name for group in network.groups]
    matching: set[str] = set()
    for pattern in patterns:
        found = set(named(names, pattern))
        if not found:
            raise KeyError(pattern)
        matching |= found
    blocks: dict[str, list[Layer]] = {}
    limits.spend(len(network.layers))
    for layer in network.layers if matching else ():
        places = [place for place, letter in enumerate(layer.name) if letter == "."]
        block = next((layer.name[:place] for place in places if layer.name[:place] in matching), None)
        if block is not None:
            blocks.setdefault(block, []).append(layer)
    return blocks


def _recompute(
    network: LayerGraph, saved: SavedTensors, blocks: dict[str, list[Layer]]
) -> tuple[tuple[KeptByLayer, ...], tuple[RecomputedBlock, ...]]:
    """What the layers outside of the blocks keep, and what the blocks do."""
    block_of = {layer.name: name for name, layers in blocks.items() for layer in layers}
    held: set[str] = set()
    outside = []
    for layer, kept in zip(network.layers, saved.layers, strict=True):
        if layer.name in block_of:
            continue
        uses, _ = saved.uses[layer.name]
        # A storage that a block was first to keep counts for the first layer outside that does.
        tensors = [tensor for tensor in kept.tensors if tensor.tensor is None]
        tensors = [*[saved.kept_tensor(name) for name in uses if name not in held], *tensors]
        held.update(uses)
        outside.append(kept._replace(tensors=tuple(tensors)))
    kept_by = {kept.layer: kept.size for kept in outside}
    ends = {layers[-1].name: name for name, layers in blocks.items()}
    found = []
    so_far = NO_MEMORY
    for last in network.layers:
        so_far += kept_by.get(last.name, NO_MEMORY)
        if last.name not in ends:
            continue
        name = ends[last.name]
        layers = blocks[name]
        new = [storage for storage in _read_from_outside(layers, saved) if storage not in held]
        held.update(new)
        kept_input = sum_of([saved.storages[storage] for storage in new])
        so_far += kept_input
        created = {layer.name for layer in layers}
        inside = dict.fromkeys(storage for layer in layers for storage in saved.uses[layer.name][0])
        within = [saved.storages[storage] for storage in inside if storage in created]
        own = [saved.uses[layer.name][1] for layer in layers]
        recomputed, macs = sum_of([*within, *own]), sum(layer.macs for layer in layers)
        found.append(RecomputedBlock(name, kept_input, so_far, recomputed, macs))
    return tuple(outside), tuple(found)


def _read_from_outside(layers: list[Layer], saved: SavedTensors) -> list[str]:
    """The storages that a block reads and does not create."""
    own = {layer.name for layer in layers}
    read = dict.fromkeys(name for layer in layers for name in layer.inputs if name not in own)
    storages = [saved.storage_of[name] for name in read]
    return list(dict.fromkeys(storage for storage in storages if storage is not None))
