"""Tensors of a program that names and orders their axes otherwise than the layers of the graph that hold them.

A program moves axes by transposes and reshapes, with its batch among them. Here a tensor is a layer of the graph
together with the layer's axis for each axis of the program: a transpose changes this table and adds no layer. Layers
are added where elements have to move.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from cnncalc.interchange.building import GraphBuilder, Settings
from cnncalc.interchange.graph import GraphLayer
from cnncalc.record import Record

RESHAPE, FLATTEN, PERMUTE, SHUFFLE = "reshape", "flatten", "permute", "channel_shuffle"


class LaidOut(Record):
    """A tensor: a layer or input of the graph, and its axis for each axis of the program.

    An axis of size 1, such as that of a batch of one sample, may be missing in the layer: it is None. Each axis of the
    layer belongs to one of the program, unless the tensor is a single number.
    """

    name: str
    axes: tuple[int | None, ...]


class Layouts:
    """Rearranges tensors, as far as possible without layers."""

    def __init__(self, builder: GraphBuilder) -> None:
        self.builder = builder

    def emit(self, kind: str, inputs: tuple[str, ...], settings: Settings) -> str:
        """Append a layer to the graph, and return its name."""
        raise NotImplementedError

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.builder.shapes[name])

    def sizes(self, tensor: LaidOut) -> tuple[int, ...]:
        """The sizes of a tensor in the program."""
        shape = self.shape(tensor.name)
        return tuple(1 if axis is None else shape[axis] for axis in tensor.axes)

    def arrange(self, tensor: LaidOut, order: Sequence[int]) -> str:
        """The layer with these axes of the program, in this order, and no others: those left out have size 1."""
        shape = self.shape(tensor.name)
        placed = [tensor.axes[axis] for axis in order]
        used = [axis for axis in placed if axis is not None]
        rest = [axis for axis in range(len(shape)) if axis not in used]
        name = self._permute(tensor.name, [*used, *rest])
        return self._reshape(name, tuple(1 if axis is None else shape[axis] for axis in placed) or (1,))

    def drop_axes(self, tensor: LaidOut, dropped: Iterable[int]) -> LaidOut:
        """The tensor without these axes of size 1."""
        left_out = set(dropped)
        kept = LaidOut(tensor.name, tuple(axis for at, axis in enumerate(tensor.axes) if at not in left_out))
        return self._drop_unused(kept)

    def reshape(self, tensor: LaidOut, target: tuple[int, ...]) -> LaidOut:
        """The same elements in the program's order with other sizes."""
        if self.sizes(tensor) == target:
            return tensor
        shape = self.shape(tensor.name)
        axes = [axis for axis in tensor.axes if axis is not None and shape[axis] != 1]
        groups = _group(axes, [shape[axis] for axis in axes], [size for size in target if size != 1])
        if all(len(group) == len(sizes) == 1 for group, sizes in groups):
            return self._rename_axes(tensor, target, axes)
        groups_in_place = sorted(groups, key=lambda group: min(group[0]))
        order = [axis for group, _ in groups_in_place for axis in group]
        new = tuple(size for _, sizes in groups_in_place for size in sizes)
        order += [axis for axis in range(len(shape)) if axis not in order]
        name = self._shuffle_channels(tensor.name, order, new) or self._reshape(self._permute(tensor.name, order), new)
        starts, start = {}, 0
        for group, sizes in groups_in_place:
            starts[group[0]] = start
            start += len(sizes)
        numbers = iter([starts[group[0]] + at for group, sizes in groups for at in range(len(sizes))])
        return LaidOut(name, tuple(None if size == 1 else next(numbers) for size in target))

    def _rename_axes(self, tensor: LaidOut, target: tuple[int, ...], axes: list[int]) -> LaidOut:
        """The tensor with axes of size 1 added and removed."""
        numbers = iter(axes)
        placed = [None if size == 1 else next(numbers) for size in target]
        ones = [axis for axis in range(len(self.shape(tensor.name))) if axis not in axes]
        # What is not the batch keeps its axis in the layer.
        for at in range(len(target) - 1, 0, -1):
            if placed[at] is None and ones:
                placed[at] = ones.pop()
        return self._drop_unused(LaidOut(tensor.name, tuple(placed)))

    def _drop_unused(self, tensor: LaidOut) -> LaidOut:
        shape = self.shape(tensor.name)
        used = sorted(axis for axis in tensor.axes if axis is not None)
        if len(used) == len(shape):
            return tensor
        name = self._reshape(tensor.name, tuple(shape[axis] for axis in used) or (1,))
        return LaidOut(name, tuple(None if axis is None else used.index(axis) for axis in tensor.axes))

    def _permute(self, name: str, order: list[int]) -> str:
        """The layer with its axes in another order; the place of those of size 1 does not matter."""
        shape = self.shape(name)
        moving = [axis for axis in order if shape[axis] != 1]
        return name if moving == sorted(moving) else self.emit(PERMUTE, (name,), {"axes": tuple(order)})

    def _reshape(self, name: str, target: tuple[int, ...]) -> str:
        """The layer reshaped, from what it was before another reshape."""
        if self.shape(name) == target:
            return name
        layer = self._layer(name)
        source = layer.inputs[0] if layer and layer.type in (RESHAPE, FLATTEN) else name
        if self.shape(source) == target:
            return source
        merged = _merged_axes(self.shape(source), target)
        if merged is None:
            return self.emit(RESHAPE, (source,), {"shape": target})
        start, end = merged
        last = len(self.shape(source)) - 1
        settings = {**({"start": start} if start else {}), **({"end": end} if end < last else {})}
        return self.emit(FLATTEN, (source,), settings)

    def _shuffle_channels(self, name: str, order: list[int], target: tuple[int, ...]) -> str:
        """A channel shuffle, if that is what a permute and a reshape make of the reshape `name`."""
        layer = self._layer(name)
        if not layer or layer.type != RESHAPE or order != [1, 0, *range(2, len(order))]:
            return ""
        groups, *rest = self.shape(name)
        if self.shape(layer.inputs[0]) != target or (groups * rest[0], *rest[1:]) != target:
            return ""
        return self.emit(SHUFFLE, layer.inputs, {"groups": groups})

    def _layer(self, name: str) -> GraphLayer | None:
        at = self.builder.places.get(name)
        return None if at is None else self.builder.layers[at]


def _group(axes: list[int], old: list[int], new: list[int]) -> list[tuple[list[int], list[int]]]:
    """The smallest groups of axes that a reshape changes together: axes of the layer, and their new sizes."""
    groups = []
    at = to = 0
    while at < len(old) and to < len(new):
        group, sizes = [axes[at]], [new[to]]
        before, after = old[at], new[to]
        at, to = at + 1, to + 1
        while before != after:
            if before < after:
                group.append(axes[at])
                before *= old[at]
                at += 1
            else:
                sizes.append(new[to])
                after *= new[to]
                to += 1
        groups.append((group, sizes))
    return groups


def _merged_axes(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, int] | None:
    """The first and the last of the axes that are merged into one, if nothing else changes."""
    more = len(shape) - len(target)
    if more < 1:
        return None
    for start in range(len(target)):
        end = start + more
        rest = shape[:start] == target[:start] and shape[end + 1 :] == target[start + 1 :]
        if rest and prod(shape[start : end + 1]) == target[start]:
            return start, end
    return None


def order_of(tensor: LaidOut) -> tuple[int, ...]:
    """The program's axes in the order of the layer's."""
    placed = sorted((axis, at) for at, axis in enumerate(tensor.axes) if axis is not None)
    return tuple(at for _, at in placed)


def axes_of(order: tuple[int, ...] | list[int], rank: int) -> tuple[int | None, ...]:
    """The layer's axis for each of the program's, if the layer has those of `order`."""
    return tuple(order.index(at) if at in order else None for at in range(rank))


def without_axes(axes: tuple[int | None, ...], dims: list[int], gone: set[int]) -> tuple[int | None, ...]:
    """The axes without those that a layer has reduced."""
    kept = [axis for at, axis in enumerate(axes) if at not in dims]
    return tuple(None if axis is None else axis - sum(other < axis for other in gone) for axis in kept)
