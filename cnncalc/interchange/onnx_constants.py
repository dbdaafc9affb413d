"""Constants of an ONNX graph, and the operators over them: shapes that are computed become numbers.

A constant is a tensor that depends on no input of the network: a weight, or a small one whose numbers are known.
Operators over constants give constants. Of large ones, only the sizes are computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from math import prod
from typing import TypeAlias

from cnncalc import limits
from cnncalc.interchange.onnx_file import MOST_NUMBERS, Numbers, OnnxNode, OnnxTensor
from cnncalc.record import Record

# Numbers of constants that are computed for one unit of work.
NUMBERS_PER_WORK = 4
LARGEST = 2**64
# A number for a list of numbers.
Reduction: TypeAlias = Callable[[Sequence[float]], float]


class OnnxConstant(Record):
    """A tensor that depends on no input: its sizes, and its numbers if they are few and known, or in a `tensor`.

    `origin` names the tensor of the file that it is made from; `is_weight` says that the file stores it, so that it may
    be learned; a `lookup` has the table, the axis and the sizes of indices whose rows it repeats.
    """

    shape: tuple[int, ...]
    known: Numbers | None
    is_real: bool
    origin: str = ""
    is_weight: bool = False
    lookup: tuple[OnnxConstant, int, tuple[int, ...]] | None = None
    tensor: OnnxTensor | None = None

    @property
    def numbers(self) -> Numbers | None:
        """The numbers; those of a tensor are read where they are asked for."""
        return self.tensor.numbers() if self.known is None and self.tensor is not None else self.known

    def with_numbers(self, shape: tuple[int, ...], numbers: Numbers | None) -> OnnxConstant:
        """A constant made of this one."""
        spend(numbers)
        return self._replace(shape=shape, known=numbers, tensor=None)

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def number(self) -> float | None:
        """The number of a tensor with one, or with equal ones."""
        numbers = self.numbers
        return numbers[0] if numbers and len(set(numbers)) == 1 else None

    def wholes(self) -> tuple[int, ...] | None:
        """The numbers, if they are whole."""
        numbers = self.numbers
        if numbers is None or not all(map(math.isfinite, numbers)):
            return None
        return tuple(map(int, numbers))


class FoldError(Exception):
    """Constants do not fit an operator; the text says why."""


def constant(numbers: Sequence[float], shape: Sequence[int] | None = None, *, is_real: bool = False) -> OnnxConstant:
    spend(numbers)
    return OnnxConstant((len(numbers),) if shape is None else tuple(shape), tuple(numbers), is_real)


def spend(numbers: Sequence[float] | None) -> None:
    """Consume work for computed numbers: their memory and time count, however many constants there are."""
    limits.spend(1 + len(numbers or ()) // NUMBERS_PER_WORK, "the arithmetic of constants")


def broadcast(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of tensors that are joined element by element."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    sizes = []
    for column in zip(*padded, strict=True):
        others = {size for size in column if size != 1}
        if len(others) > 1:
            raise FoldError(f"joins sizes {' and '.join(map(str, sorted(others)))}")
        sizes.append(others.pop() if others else 1)
    return tuple(sizes)


def find_axis(axis: int, rank: int) -> int:
    """An axis from 0, of one that may count from the end."""
    if not -rank <= axis < rank:
        raise FoldError(f"has axis {axis}, but its input has {rank} axes")
    return axis % rank


def find_axes(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    return tuple(sorted({find_axis(axis, rank) for axis in axes}))


def target_shape(target: Sequence[int], shape: tuple[int, ...], *, allow_zero: bool = False) -> tuple[int, ...]:
    """The sizes of a reshaped tensor: 0 keeps a size, and -1 follows from the others."""
    if any(size < -1 for size in target) or list(target).count(-1) > 1:
        raise FoldError(f"has the shape {list(target)}")
    sizes = [shape[at] if size == 0 and not allow_zero and at < len(shape) else size for at, size in enumerate(target)]
    known = prod(size for size in sizes if size != -1)
    elements = prod(shape)
    if -1 in sizes and known and elements % known == 0:
        sizes = [elements // known if size == -1 else size for size in sizes]
    if prod(sizes) != elements or -1 in sizes:
        raise FoldError(f"has the shape {list(target)} for {elements:,} elements")
    return tuple(sizes)


def squeezed(shape: tuple[int, ...], axes: Sequence[int] | None) -> tuple[int, ...]:
    """The shape without axes of size 1: all of them, or the given ones."""
    chosen = [at for at, size in enumerate(shape) if size == 1] if axes is None else find_axes(axes, len(shape))
    if any(shape[axis] != 1 for axis in chosen):
        raise FoldError(f"removes an axis of size {max(shape[axis] for axis in chosen)}")
    return tuple(size for at, size in enumerate(shape) if at not in chosen)


def unsqueezed(shape: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...]:
    chosen = find_axes(axes, len(shape) + len(axes))
    if len(chosen) < len(axes):
        raise FoldError(f"adds the axes {list(axes)}, one of them twice")
    rest = iter(shape)
    return tuple(1 if at in chosen else next(rest) for at in range(len(shape) + len(chosen)))


def slice_bounds(start: int, stop: int, step: int, size: int) -> tuple[int, int, int]:
    """The start, the stop and the step of a slice as Python counts them."""
    if step == 0:
        raise FoldError("has a step of 0")
    return slice(start, stop if step > 0 or stop > -size - 1 else None, step).indices(size)


# --- numbers ---


def _strides(shape: Sequence[int]) -> list[int]:
    return [prod(shape[axis + 1 :]) for axis in range(len(shape))]


def take(source: OnnxConstant, places: Sequence[Sequence[int]]) -> OnnxConstant:
    """The part of a constant at the given indices along each axis."""
    shape = tuple(map(len, places))
    numbers, strides = source.numbers if prod(shape) <= MOST_NUMBERS else None, _strides(source.shape)
    if numbers is None:
        return source.with_numbers(shape, None)
    steps = [[index * stride for index in indices] for indices, stride in zip(places, strides, strict=True)]
    return source.with_numbers(shape, tuple(numbers[sum(offsets)] for offsets in product(*steps)))


def take_axis(source: OnnxConstant, axis: int, indices: Sequence[int]) -> OnnxConstant:
    return take(source, [indices if at == axis else range(size) for at, size in enumerate(source.shape)])


def transpose_constant(source: OnnxConstant, order: Sequence[int]) -> OnnxConstant:
    shape = tuple(source.shape[axis] for axis in order)
    numbers = source.numbers
    if numbers is None:
        return source.with_numbers(shape, None)
    strides = [_strides(source.shape)[axis] for axis in order]
    places = product(*([index * stride for index in range(size)] for size, stride in zip(shape, strides, strict=True)))
    return source.with_numbers(shape, tuple(numbers[sum(offsets)] for offsets in places))


def expand(source: OnnxConstant, shape: tuple[int, ...]) -> OnnxConstant:
    rank = len(shape)
    padded = source._replace(shape=(1,) * (rank - len(source.shape)) + source.shape)
    pairs = list(zip(padded.shape, shape, strict=True))
    sizes = tuple(size if own == 1 else own for own, size in pairs)
    if prod(sizes) > MOST_NUMBERS:
        return source.with_numbers(sizes, None)
    return take(padded, [[0] * size if own == 1 else range(own) for own, size in pairs])


def map_constants(function: Callable[..., float], *sources: OnnxConstant, is_real: bool | None = None) -> OnnxConstant:
    """An elementwise function of constants."""
    shape = broadcast([source.shape for source in sources])
    real = any(source.is_real for source in sources) if is_real is None else is_real
    # A number that a file stores makes nothing learned.
    weights = [source for source in sources if source.is_weight and source.elements > 1]
    origin = weights[0].origin if len(weights) == 1 else ""
    known = prod(shape) <= MOST_NUMBERS and all(source.numbers is not None for source in sources)
    numbers: Numbers | None = None
    if known:
        columns = [expand(source, shape).numbers or () for source in sources]
        try:
            numbers = tuple(function(*values) for values in zip(*columns, strict=True))
        except (ArithmeticError, ValueError):
            numbers = None
        if numbers is not None and any(abs(number) > LARGEST for number in numbers if isinstance(number, int)):
            # Tensors have no larger whole numbers.
            numbers = None
    spend(numbers)
    return OnnxConstant(shape, numbers, real, origin, bool(weights))


def concat_constants(sources: Sequence[OnnxConstant], axis: int) -> OnnxConstant:
    first = sources[0]
    rank = len(first.shape)
    axis = find_axis(axis, rank)
    others = {(len(source.shape), (*source.shape[:axis], *source.shape[axis + 1 :])) for source in sources}
    if len(others) > 1:
        raise FoldError("joins constants of different sizes")
    shape = (*first.shape[:axis], sum(source.shape[axis] for source in sources), *first.shape[axis + 1 :])
    numbers: Numbers | None = None
    if prod(shape) <= MOST_NUMBERS and all(source.numbers is not None for source in sources):
        # Rows are runs of numbers from the axis on.
        rows = [(source.numbers or (), prod(source.shape[axis:])) for source in sources]
        outer = prod(shape[:axis])
        numbers = tuple(n for at in range(outer) for values, run in rows for n in values[at * run : (at + 1) * run])
    weights = [source for source in sources if source.is_weight]
    spend(numbers)
    return OnnxConstant(shape, numbers, first.is_real, weights[0].origin if weights else "", bool(weights))


def reduce_constant(
    source: OnnxConstant, axes: Sequence[int], function: Callable[[Sequence[float]], float]
) -> OnnxConstant:
    """A constant whose axes are reduced to size 1."""
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))
    if not source.numbers:
        return source.with_numbers(shape, None)
    order = [axis for axis in range(len(shape)) if axis not in axes] + list(axes)
    moved = transpose_constant(source, order).numbers or ()
    run = prod(source.shape[axis] for axis in axes)
    sums = tuple(function(moved[at : at + run]) for at in range(0, len(moved), run))
    return source.with_numbers(shape, sums)


def describe_node(node: OnnxNode) -> str:
    return f"{node.domain}.{node.op}" if node.domain else node.op
