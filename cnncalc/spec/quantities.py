"""The quantities of layers, blocks and networks, one record each.

Columns, sort keys, budgets, assertions, comparisons, differences, JSON and its schemas derive from these records, so
that a new quantity is one more record.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING

from cnncalc.record import Record
from cnncalc.text import BYTES

if TYPE_CHECKING:
    from typing import Protocol

    class Countable(Protocol):
        """The sums of a layer, a block or a network, for one sample."""

        @property
        def params(self) -> int: ...
        @property
        def buffers(self) -> int: ...
        @property
        def macs(self) -> int: ...
        @property
        def flops(self) -> int: ...
        @property
        def activations(self) -> int: ...


# The counts of tools.
OPERATIONS = "operations"
PARAMS = "params"
NO_COUNT = "none"


class Quantity(Record):
    """A figure of a layer, block or network that can be shown, limited and compared.

    `of` computes it from the sums of a layer, block or network; it is linear, so that it applies to sums and
    differences. `analyses/measures.py` computes quantities without `of`. With `per_sample`, the quantity is
    multiplied by the batch, with `in_dtype`, by the bytes of an element. If `sums`, several blocks have the sum of
    their quantities. If `is_peak`, a block or network has the largest of its layers (`analyses/memory_quantities.py`).
    """

    key: str
    label: str
    doc: str
    of: Callable[[Countable], int] | None = None
    unit: str = ""
    per_sample: bool = False
    in_dtype: bool = False
    sums: bool = True
    is_shape: bool = False
    whole_network: bool = False
    is_peak: bool = False
    tool_count: str = ""

    def amount(self, figures: Countable, batch: int = 1, dtype_size: int = 4) -> int:
        """The quantity for a batch; `dtype_size` is the bytes of an element. Needs `of`."""
        assert self.of is not None  # noqa: S101 - callers take it from SUMS
        return self.scaled(self.of(figures), batch, dtype_size)

    def scaled(self, number: int, batch: int = 1, dtype_size: int = 4) -> int:
        """Scale a number of elements of one sample to a batch and the quantity's unit."""
        factor = (batch if self.per_sample else 1) * (dtype_size if self.in_dtype else 1)
        # Not multiplied by 1: that would be another object, one for each cell of a long table.
        return number if factor == 1 else number * factor


def _count(key: str, label: str, doc: str, *, per_sample: bool = False, tool_count: str = "") -> Quantity:
    return Quantity(key, label, doc, attrgetter(key), per_sample=per_sample, tool_count=tool_count)


def _memory(
    key: str, label: str, doc: str, of: Callable[[Countable], int], *, per_sample: bool = False, tool_count: str = ""
) -> Quantity:
    return Quantity(key, label, doc, of, BYTES, per_sample, in_dtype=True, tool_count=tool_count)


def _peak(key: str, label: str, doc: str) -> Quantity:
    return Quantity(key, label, doc, None, BYTES, per_sample=True, in_dtype=True, sums=False, is_peak=True)


QUANTITIES = {
    quantity.key: quantity
    for quantity in (
        _count("params", "params", "learnable parameters", tool_count=PARAMS),
        _count("buffers", "buffers", "stored elements that are not learnable"),
        _count("macs", "MACs", "multiply-accumulates", per_sample=True, tool_count=OPERATIONS),
        _count("flops", "FLOPs", "2 x MACs plus all other operations", per_sample=True, tool_count=NO_COUNT),
        _count(
            "activations",
            "activations",
            "elements that a forward pass keeps in memory for training",
            per_sample=True,
        ),
        _memory("params_size", "params size", "memory of the parameters", attrgetter("params"), tool_count=PARAMS),
        _memory("buffers_size", "buffers size", "memory of the buffers", attrgetter("buffers")),
        _memory(
            "weights_size",
            "weights size",
            "memory of the parameters and buffers",
            lambda figures: figures.params + figures.buffers,
        ),
        _memory(
            "activations_size",
            "activations size",
            "memory of the activations",
            attrgetter("activations"),
            per_sample=True,
        ),
        _peak("peak_memory", "peak memory", "largest memory of the live tensors at inference"),
        _peak("arena", "arena", "memory of the static plan of the tensors at inference, as in TensorFlow Lite Micro"),
        Quantity(
            "saved_for_backward",
            "saved for backward",
            "memory of the tensors that training keeps for the backward pass, as PyTorch does",
            unit=BYTES,
        ),
        Quantity(
            "training_memory",
            "training memory",
            "memory of parameters, buffers, gradients and saved tensors in training, without optimizer state",
            unit=BYTES,
        ),
        Quantity("layers", "layers", "number of layers"),
        Quantity("depth", "depth", "convolution and linear layers on the longest path", sums=False, whole_network=True),
        Quantity("receptive_field", "field", "size of the receptive field, along its largest axis", sums=False),
        Quantity("input", "input", "input shape, channels first", sums=False, is_shape=True),
        Quantity("output", "output", "output shape, channels first", sums=False, is_shape=True),
    )
}
# Quantities with `of`, and those among them that count elements or operations.
SUMS = {key: quantity for key, quantity in QUANTITIES.items() if quantity.of is not None}
PEAKS = {key: quantity for key, quantity in QUANTITIES.items() if quantity.is_peak}
# Sums over the layers in training, and with the peaks all quantities of `analyses/memory_quantities.py`.
IN_TRAINING = {
    key: quantity for key, quantity in QUANTITIES.items() if quantity.of is None and quantity.sums and quantity.unit
}
MEMORIES = PEAKS | IN_TRAINING
COUNTS = {key: quantity for key, quantity in SUMS.items() if not quantity.in_dtype}


def counts_of(figures: Countable, batch: int = 1) -> dict[str, int]:
    """The quantities that count elements or operations, for a batch, by key."""
    return {key: quantity.amount(figures, batch) for key, quantity in COUNTS.items()}


def amounts_of(figures: Countable, batch: int = 1, dtype_size: int = 4) -> dict[str, int]:
    """All quantities with `of`, for a batch, by key."""
    return {key: quantity.amount(figures, batch, dtype_size) for key, quantity in SUMS.items()}
