"""What the reader of PyTorch programs knows of operators and of the values that they give."""

from __future__ import annotations

from typing import TypeAlias

from cnncalc.interchange.layout import LaidOut
from cnncalc.record import Record


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Operators that give what they read, as far as shapes and costs go.
SAME = words(
    "alias clone contiguous detach lift_fresh lift_fresh_copy positive to _to_copy type_as conj resolve_conj"
    " resolve_neg requires_grad"
)
# Operators that give the same elements in the same order.
REGROUPED = words("view reshape _unsafe_view flatten unflatten squeeze unsqueeze view_as reshape_as")
MOVED = words("permute transpose t swapaxes swapdims movedim numpy_T mT adjoint")
DROPOUTS = words("dropout feature_dropout alpha_dropout feature_alpha_dropout native_dropout")
PARTS = words("getitem select slice narrow chunk split split_with_sizes unbind expand expand_as unfold")
# Operators that broadcast what they read.
BROADCASTS = words("add sub mul div maximum minimum rsub pow")
# Operators after which a spatial axis of size 1 is not missed.
FORGETS_AXES = SAME | words("view reshape flatten squeeze dropout")
# Operators whose results share memory with what they read.
VIEWS = REGROUPED | MOVED | PARTS | words("alias detach")
# Operators that check the program.
CHECKS = words("_assert_tensor_metadata _assert_async _assert_scalar sym_constrain_range sym_constrain_range_for_size")
# Operators that create a tensor, whatever shapes they read.
FACTORIES = words(
    "arange linspace zeros ones full empty eye zeros_like ones_like full_like empty_like new_zeros new_ones new_full"
    " new_empty scalar_tensor tril_indices triu_indices rand randn rand_like randn_like bernoulli"
)
# Operators that make a constant one that forbids positions rather than one that is added to numbers.
MASKING = words("masked_fill where tril triu eq ne lt le gt ge logical_not logical_and logical_or")
# The names that operators have for the tensor that they change.
FIRST = ("self", "input", "tensors", "tensor", "query", "0", "condition")


class Stored(Record):
    """A parameter, a buffer, or what an operator makes of these alone: `node` computes it from the tensors `roots`.

    If it is one of them, at most with axes of size 1 added or removed, it `is_plain`.
    """

    node: str
    roots: tuple[str, ...]
    sizes: tuple[int, ...]
    is_plain: bool


class FixedTensor(Record):
    """A tensor that depends on shapes alone; `number` is that of all its elements, if it is known.

    A mask forbids positions, by numbers that are added or put in the place of others.
    """

    sizes: tuple[int, ...]
    number: float | int | None = None
    is_mask: bool = False


class Missing(Record):
    """What an operator gives that could not be read, or that cannot be had; `reason` is empty if it is reported."""

    reason: str = ""


class Several(Record):
    """What an operator gives that has several results."""

    parts: tuple[Value, ...]


Value: TypeAlias = "LaidOut | Stored | FixedTensor | Missing | Several"
