"""Tensors of a file as views of layers: reshapes and transposes that only rename axes become no layer.

A layer has its axes in the order of a spec, the channels first, and a file may have them in any other. The axes of a
layer are made of atoms, factors of their sizes. Each axis of the file's tensor is a group of atoms: the first varies
slowest. A transpose reorders groups, and a reshape splits and joins them. A layer is appended only where another one
needs axes that a group is not: a flatten, reshape, permute, channel shuffle or pixel shuffle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import TypeAlias

from cnncalc.interchange.graph import Plain
from cnncalc.record import Record

# The axis of the samples in a batch, which a layer does not have.
BATCH = -1
Group: TypeAlias = tuple[int, ...]
# Appends a layer of a type with settings that reads one layer, and returns its name.
Emit: TypeAlias = Callable[[str, dict[str, Plain], str], str]


class ViewError(Exception):
    """A tensor cannot be arranged as an operator needs it; the text says why."""


class View(Record):
    """A tensor of a file: the layer that computes it, its atoms by axis of the layer, and its axes as groups of them.

    `batch` is the number of samples, an atom of the groups if it is not 1.
    """

    layer: str
    axes: tuple[Group, ...]
    groups: tuple[Group, ...]
    batch: int = 1

    @property
    def sizes(self) -> dict[int, int]:
        """The sizes of atoms by their numbers, which count through the axes of the layer."""
        return {BATCH: self.batch, **dict(enumerate(size for axis in self.axes for size in axis))}

    @property
    def layer_shape(self) -> tuple[int, ...]:
        return tuple(map(prod, self.axes))

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the tensor's axes in the file."""
        sizes = self.sizes
        return tuple(prod(sizes[atom] for atom in group) for group in self.groups)

    @property
    def rank(self) -> int:
        return len(self.groups)

    def atoms_of_axis(self, axis: int) -> Group:
        """The atoms of an axis of the layer."""
        first = sum(map(len, self.axes[:axis]))
        return tuple(range(first, first + len(self.axes[axis])))

    def axis_of(self, number: int) -> int | None:
        """The axis of the layer that an axis of the file is, if it is one as a whole."""
        group = self.groups[number]
        return next((axis for axis in range(len(self.axes)) if self.atoms_of_axis(axis) == group), None)

    def with_layer(self, layer: str) -> View:
        """The same arrangement of another layer of this shape."""
        return self._replace(layer=layer)


def plain_view(layer: str, shape: Sequence[int], groups: Sequence[Group], batch: int = 1) -> View:
    """A view whose atoms are the axes of its layer."""
    return View(layer, tuple((size,) for size in shape), tuple(groups), batch)


def transpose(view: View, order: Sequence[int]) -> View:
    return _simplify(view._replace(groups=tuple(view.groups[axis] for axis in order)))


def regroup(view: View, shape: Sequence[int]) -> View | None:
    """The view with axes of other sizes, in the same order; None if a size cuts through an atom unevenly."""
    sizes = view.sizes
    rest = [(atom, sizes[atom]) for group in view.groups for atom in group][::-1]
    pieces: dict[int, list[int]] = {}
    groups: list[list[tuple[int, int]]] = []
    for number, size in enumerate(shape):
        groups.append([])
        need = size
        # An axis of size 1 takes an atom of size 1, unless it is that of the batch.
        while rest and (need > 1 or (size == 1 and rest[-1][1] == 1 and number and not groups[-1])):
            atom, left = rest.pop()
            if left > 1 and need % left and left % need:
                return None
            taken = left if need % left == 0 else need
            if taken < left:
                if atom == BATCH:
                    return None
                rest.append((atom, left // taken))
            need //= taken
            cuts = pieces.setdefault(atom, [])
            groups[-1].append((atom, len(cuts)))
            cuts.append(taken)
        if need != 1:
            return None
    for atom, left in reversed(rest):
        if left > 1 or not groups:
            return None
        pieces.setdefault(atom, []).append(1)
        groups[-1].append((atom, 0))
    numbers: dict[tuple[int, int], int] = {}
    axes = []
    for axis in range(len(view.axes)):
        cuts = []
        for atom in view.atoms_of_axis(axis):
            for place, piece in enumerate(pieces[atom]):
                numbers[atom, place] = len(numbers)
                cuts.append(piece)
        axes.append(tuple(cuts))
    numbers[BATCH, 0] = BATCH
    return _simplify(view._replace(axes=tuple(axes), groups=tuple(tuple(numbers[a] for a in g) for g in groups)))


def _simplify(view: View) -> View:
    """The view with atoms joined that are neighbors both in an axis of the layer and in a group."""
    follows = {pair for group in view.groups for pair in pairwise(group)}
    numbers: dict[int, int] = {BATCH: BATCH}
    axes = []
    count = 0
    for axis, sizes in enumerate(view.axes):
        joined: list[int] = []
        for place, atom in enumerate(view.atoms_of_axis(axis)):
            if place and (atom - 1, atom) in follows:
                joined[-1] *= sizes[place]
                continue
            numbers[atom] = count
            count += 1
            joined.append(sizes[place])
        axes.append(tuple(joined))
    groups = tuple(tuple(numbers[atom] for atom in group if atom in numbers) for group in view.groups)
    return view._replace(axes=tuple(axes), groups=groups)


def is_contiguous(view: View) -> bool:
    """Whether the atoms of each group are in the order of the layer, one next to the other."""
    sizes = view.sizes
    for group in view.groups:
        atoms = [atom for atom in group if sizes[atom] > 1]
        for before, after in pairwise(atoms):
            if any(sizes[atom] > 1 for atom in range(before + 1, after)) or after < before:
                return False
    return True


# --- layers for an arrangement ---


def arrange(view: View, numbers: Iterable[int], emit: Emit) -> View:
    """The tensor as a layer with exactly these axes of the file, in this order; others have size 1, or are the batch.

    Raises ViewError if samples of the batch are mixed with something else.
    """
    order = list(numbers)
    groups = [_without_batch(view, number) for number in order]
    layer = arrange_atoms(view, groups, emit)
    shape = tuple(view.shape[number] if BATCH not in view.groups[number] else 0 for number in order)
    sizes = view.sizes
    shape = tuple(size or prod(sizes[a] for a in group) for size, group in zip(shape, groups, strict=True))
    places = {number: (place,) for place, number in enumerate(order)}
    batches = {number: (BATCH,) for number, group in enumerate(view.groups) if BATCH in group}
    made = tuple((*batches.get(number, ()), *places.get(number, ())) for number in range(view.rank))
    return plain_view(layer, shape, made, view.batch)


def _without_batch(view: View, number: int) -> Group:
    group = view.groups[number]
    if BATCH in group[1:]:
        raise ViewError("mixes the samples of a batch")
    return tuple(atom for atom in group if atom != BATCH)


def canonical_order(view: View, needed: Iterable[int] = ()) -> list[int]:
    """The axes of the file that a layer has: those made of atoms and those needed, in the order of the view's layer."""
    sizes, needs = view.sizes, set(needed)
    atoms = {number: [a for a in group if a != BATCH] for number, group in enumerate(view.groups)}
    chosen = [n for n, group in atoms.items() if n in needs or group]
    if not chosen and atoms:
        chosen = [max(atoms)]
    large = {n: [a for a in atoms[n] if sizes[a] > 1] or atoms[n] for n in chosen}
    # An axis without atoms stands where it stands in the file.
    places: dict[int, float] = {}
    previous = -1.0
    for n in chosen:
        places[n] = previous = min(large[n]) if large[n] else previous + 0.5
    return sorted(chosen, key=lambda n: (places[n], n))


def as_layer(view: View, emit: Emit, needed: Iterable[int] = ()) -> View:
    """The tensor as a layer whose axes are those of the file, as far as they have several elements or are needed."""
    return arrange(view, canonical_order(view, needed), emit)


def with_axis(view: View, number: int, emit: Emit) -> tuple[View, int]:
    """The tensor as a view one of whose axes is an axis of its layer, and the number of that axis."""
    axis = view.axis_of(number)
    if axis is None:
        view = as_layer(view, emit, (number,))
        axis = view.axis_of(number)
    if axis is None:
        raise ViewError("mixes the samples of a batch")
    return view, axis


def arrange_atoms(view: View, wanted: Sequence[Group], emit: Emit) -> str:
    """The layer that has the wanted groups of atoms as its axes; atoms that no group has are of size 1."""
    sizes = view.sizes
    shape = tuple(prod(sizes[atom] for atom in group) for group in wanted)
    moved = [atom for group in wanted for atom in group if sizes[atom] > 1]
    if prod(shape) != prod(view.layer_shape):
        raise ViewError("needs elements that its input does not have")
    if moved == sorted(moved):
        return _reshape(view.layer, view.layer_shape, shape, emit)
    if special := _find_special(view, wanted, sizes):
        return emit(*special, view.layer)
    # Neighbors that stay neighbors move as one.
    runs: list[list[int]] = []
    large = [atom for atom in range(len(sizes) - 1) if sizes[atom] > 1]
    place = {atom: number for number, atom in enumerate(large)}
    boundaries = {group[0] for group in ([a for a in g if sizes[a] > 1] for g in wanted) if group}
    starts = {view.atoms_of_axis(axis)[0] for axis in range(len(view.axes)) if view.axes[axis]}
    for atom in moved:
        is_next = runs and place[atom] == place[runs[-1][-1]] + 1
        if is_next and not (atom in boundaries and atom in starts):
            runs[-1].append(atom)
        else:
            runs.append([atom])
    ordered = sorted(runs)
    parts = tuple(prod(sizes[atom] for atom in run) for run in ordered)
    layer = _reshape(view.layer, view.layer_shape, parts, emit)
    order = tuple(ordered.index(run) for run in runs)
    if order != tuple(range(len(order))):
        layer = emit("permute", {"axes": order}, layer)
    return _reshape(layer, tuple(parts[axis] for axis in order), shape, emit)


def _reshape(layer: str, before: tuple[int, ...], after: tuple[int, ...], emit: Emit) -> str:
    """A layer of another shape, with a flatten where one is enough."""
    if before == after:
        return layer
    if not after:
        raise ViewError("needs an axis, and its input has none")
    start = next((axis for axis, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
    start = min(len(before), len(after)) - 1 if start is None else start
    end = start + len(before) - len(after)
    is_merge = len(after) < len(before) and before[end + 1 :] == after[start + 1 :]
    if is_merge and prod(before[start : end + 1]) == after[start]:
        settings: dict[str, Plain] = {"start": start} if start else {}
        settings |= {"end": end} if end < len(before) - 1 else {}
        return emit("flatten", settings, layer)
    return emit("reshape", {"shape": after}, layer)


def _find_special(view: View, wanted: Sequence[Group], sizes: Mapping[int, int]) -> tuple[str, dict[str, Plain]] | None:
    """The layer type that arranges atoms in a way that has a name."""
    rank = len(view.axes)
    if len(wanted) != rank or rank < 1:
        return None
    channels, spatial = view.atoms_of_axis(0), [view.atoms_of_axis(axis) for axis in range(1, rank)]
    if len(channels) == 2 and list(wanted) == [channels[::-1], *spatial]:
        return "channel_shuffle", {"groups": sizes[channels[0]]}
    factors = {sizes[group[-1]] for group in wanted[1:] if len(group) == 2}
    if len(channels) == rank and len(factors) == 1 and all(len(atoms) == 1 for atoms in spatial):
        for kept, inner in ((channels[:1], channels[1:]), (channels[-1:], channels[:-1])):
            if list(wanted) == [kept, *((atoms[0], atom) for atoms, atom in zip(spatial, inner, strict=True))]:
                return "pixel_shuffle", {"factor": factors.pop()}
    steps = {view.axes[axis][-1] for axis in range(1, rank) if len(view.axes[axis]) == 2}
    if len(channels) == 1 and len(steps) == 1 and all(len(atoms) == 2 for atoms in spatial):
        outer, inner = [atoms[:1] for atoms in spatial], tuple(atoms[1] for atoms in spatial)
        if list(wanted[1:]) == outer and wanted[0] in ((*channels, *inner), (*inner, *channels)):
            return "pixel_unshuffle", {"factor": steps.pop()}
    return None


# --- several tensors ---


def align(views: Sequence[View], emit: Emit) -> tuple[list[str], View]:
    """The layers of tensors that are joined element by element, and the arrangement of the result.

    The axes of the file are aligned at the right, and those of size 1 are repeated.
    """
    rank = max(view.rank for view in views)
    views = [view._replace(groups=((),) * (rank - view.rank) + view.groups) for view in views]
    largest = max(views, key=lambda view: prod(view.shape))
    shapes = [view.shape for view in views]
    if all(max(sizes) == largest.shape[axis] for axis, sizes in enumerate(zip(*shapes, strict=True))):
        layers = [_follow(view, largest, emit) for view in views]
        if all(layers):
            return [layer for layer in layers if layer], largest
    needed = [axis for axis, sizes in enumerate(zip(*shapes, strict=True)) if max(sizes) > 1]
    needed = [axis for axis in needed if any(BATCH not in view.groups[axis] or len(view.groups[axis]) > 1
                                             for view in views if view.shape[axis] > 1)]  # fmt: skip
    largest = as_layer(largest, emit, needed)
    order = canonical_order(largest, needed)
    arranged = [arrange(view, order, emit) for view in views]
    shape = tuple(max(sizes) for sizes in zip(*(view.layer_shape for view in arranged), strict=True))
    return [view.layer for view in arranged], plain_view("", shape, largest.groups, largest.batch)


def _follow(view: View, model: View, emit: Emit) -> str | None:
    """The layer of a tensor with its axes arranged as those of another; None if their atoms are not the same."""
    if view.axes == model.axes and view.groups == model.groups:
        return view.layer
    sizes, others = view.sizes, model.sizes
    partner: dict[int, int | None] = {}
    for own, other in zip(view.groups, model.groups, strict=True):
        mine = [atom for atom in own if sizes[atom] > 1]
        theirs = [atom for atom in other if others[atom] > 1]
        if not mine:
            partner.update(dict.fromkeys(theirs))
        elif [sizes[atom] for atom in mine] == [others[atom] for atom in theirs]:
            partner.update(zip(theirs, mine, strict=True))
        else:
            return None
    wanted: list[Group] = []
    for axis in range(len(model.axes)):
        mapped = [partner[atom] for atom in model.atoms_of_axis(axis) if others[atom] > 1]
        found = tuple(atom for atom in mapped if atom is not None)
        if found and len(found) < len(mapped):
            return None
        wanted.append(found)
    # A vector with an element for each channel is repeated over the positions as it is.
    if len(view.axes) == 1 and not any(wanted[1:]) and wanted[0] and len(view.axes[0]) == 1:
        return view.layer
    return arrange_atoms(view, wanted, emit)
