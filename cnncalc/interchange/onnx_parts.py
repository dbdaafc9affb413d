"""Operators of ONNX that take parts of tensors, look them up, and join them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod

from cnncalc.interchange.graph import Plain
from cnncalc.interchange.onnx_constants import (
    OnnxConstant,
    concat_constants,
    find_axis,
    slice_bounds,
    take,
    take_axis,
)
from cnncalc.interchange.onnx_file import MOST_NUMBERS
from cnncalc.interchange.onnx_graph import OnnxCall, OpReader, Value, ValueSequence
from cnncalc.interchange.onnx_shapes import reshape_to, shape_of, stack
from cnncalc.interchange.onnx_views import (
    BATCH,
    View,
    arrange,
    as_layer,
    canonical_order,
    plain_view,
    with_axis,
)

# --- parts ---


def slice_axis(call: OnnxCall, view: View, axis: int, bounds: tuple[int, int, int]) -> View:
    """A part of a tensor along an axis of the file."""
    size = view.shape[axis]
    start, stop, step = bounds
    if bounds == (0, size, 1):
        return view
    if stop <= start:
        raise call.refuse("takes an empty part")
    if BATCH in view.groups[axis]:
        raise call.refuse("takes samples out of a batch")
    group = view.groups[axis]
    inner = 1
    along = view.axis_of(axis)
    if along is None and len(group) == 1:
        # The outermost factor of an axis is cut together with what it holds.
        owner = next(at for at in range(len(view.axes)) if group[0] in view.atoms_of_axis(at))
        if group[0] == view.atoms_of_axis(owner)[0] and step == 1:
            along, inner = owner, prod(view.axes[owner][1:])
    if along is None:
        view, along = with_axis(view, axis, call.emit)
    settings: dict[str, Plain] = {"axis": along} if along else {}
    settings |= {"start": start * inner} if start else {}
    settings |= {"stop": stop * inner} if stop < size else {}
    settings |= {"step": step} if step > 1 else {}
    layer = call.emit("slice", settings, view.layer)
    kept = len(range(start, stop, step))
    axes = list(view.axes)
    axes[along] = (kept, *view.axes[along][1:]) if len(view.axes[along]) > 1 and inner > 1 else (kept * inner,)
    if len(view.axes[along]) > 1 and inner == 1:
        return plain_view(layer, tuple(map(prod, axes)), view.groups, view.batch)
    return view._replace(layer=layer, axes=tuple(axes))


def drop_axis(view: View, axis: int) -> View:
    """A tensor without an axis of size 1; what it is made of goes to a neighbor."""
    groups = [list(group) for group in view.groups]
    atoms = groups.pop(axis)
    if atoms and groups:
        # One with elements of its own, so that it gives no axis to a layer.
        sizes = view.sizes
        at = max(
            range(len(groups)), key=lambda at: max((sizes[atom] for atom in groups[at] if atom != BATCH), default=0)
        )
        groups[at] = [*groups[at], *atoms] if at < axis else [*atoms, *groups[at]]
    return view._replace(groups=tuple(map(tuple, groups)))


def _slice(call: OnnxCall) -> Value:
    shape = shape_of(call)
    starts, stops = call.axes(1, "starts"), call.axes(2, "ends")
    if starts is None or stops is None or len(starts) != len(stops):
        raise call.refuse("has no bounds")
    axes = call.axes(3) or tuple(range(len(starts)))
    steps = call.numbers(4) or (1,) * len(axes)
    if not len(axes) == len(steps) == len(starts):
        raise call.refuse(f"has {len(starts)} bounds for {len(axes)} axes")
    cuts = {}
    for axis, start, stop, step in zip(axes, starts, stops, steps, strict=True):
        at = find_axis(axis, len(shape))
        cuts[at] = slice_bounds(start, stop, step, shape[at])
    value = call.value(0)
    if isinstance(value, OnnxConstant):
        return take(value, [range(*cuts[at]) if at in cuts else range(size) for at, size in enumerate(shape)])
    view = call.view()
    for at, (start, stop, step) in cuts.items():
        if step < 0:
            if shape[at] > 1:
                view, along = with_axis(view, at, call.emit)
                count = len(range(start, stop, step))
                view = _looked_up(call, view, at, along, (count,))
            continue
        view = slice_axis(call, view, at, (start, stop, step))
    return view


def _split(call: OnnxCall) -> list[Value | None]:
    shape = shape_of(call)
    axis = find_axis(call.whole("axis", 0), len(shape))
    sizes = call.axes(1, "split")
    count = call.whole("num_outputs", len(call.node.outputs))
    if sizes is None:
        if not 0 < count <= max(shape[axis], 1):
            raise call.refuse(f"makes {count} parts of an axis of size {shape[axis]}")
        part = ceil(shape[axis] / count)
        sizes = tuple(min(part, shape[axis] - at) for at in range(0, shape[axis], part))
    return [
        part if call.graph.reads[name] else None
        for name, part in zip(call.node.outputs, split_axis(call, axis, sizes), strict=False)
    ]


def split_axis(call: OnnxCall, axis: int, sizes: Sequence[int]) -> list[Value]:
    """The parts of an input along an axis; those that nothing reads are left out of the layers."""
    value = call.value(0)
    shape = shape_of(call)
    if sum(sizes) != shape[axis] or any(size < 0 for size in sizes) or len(sizes) > MOST_NUMBERS:
        raise call.refuse(f"makes parts of {list(sizes)[:8]} of an axis of size {shape[axis]}")
    view = None if isinstance(value, OnnxConstant) else call.view()
    names = call.node.outputs if len(call.node.outputs) > 1 else (call.node.outputs[0],) * len(sizes)
    found: list[Value] = []
    start = 0
    for name, size in zip(names, sizes, strict=False):
        if isinstance(value, OnnxConstant):
            found.append(take_axis(value, axis, range(start, start + size)))
        elif view is not None:
            found.append(slice_axis(call, view, axis, (start, start + size, 1)) if call.graph.reads[name] else view)
        start += size
    return found


def _gather(call: OnnxCall, given: OnnxConstant | None = None) -> Value:
    source = call.value(0)
    shape = shape_of(call)
    axis = find_axis(call.whole("axis", 0), len(shape))
    indices = given or call.constant(1)
    if indices is None:
        if isinstance(source, OnnxConstant) and axis == 0 and len(source.shape) == 2:
            return _embedding(call, source)
        raise call.refuse("looks up indices that depend on data")
    numbers = indices.wholes()
    if isinstance(source, OnnxConstant):
        if source.is_weight and indices.elements > source.shape[axis]:
            looked = (*shape[:axis], *indices.shape, *shape[axis + 1 :])
            return source.with_numbers(looked, None)._replace(lookup=(source, axis, indices.shape))
        places = [at % shape[axis] if shape[axis] else 0 for at in numbers or (0,) * indices.elements]
        taken = take_axis(source, axis, places)
        return taken._replace(shape=(*shape[:axis], *indices.shape, *shape[axis + 1 :]))
    view = call.view()
    if numbers is not None and any(not -shape[axis] <= at < shape[axis] for at in numbers):
        raise call.refuse(f"looks up index {max(numbers)} of {shape[axis]}")
    places = [at % shape[axis] for at in numbers] if numbers is not None else []
    if not indices.shape and places:
        return drop_axis(slice_axis(call, view, axis, (places[0], places[0] + 1, 1)), axis)
    if len(indices.shape) == 1 and places and places == list(range(places[0], places[0] + len(places))):
        return slice_axis(call, view, axis, (places[0], places[0] + len(places), 1))
    if places == list(range(shape[axis])):
        # Every element in its order: torch writes as_strided so.
        return reshape_to(call, (*shape[:axis], *indices.shape, *shape[axis + 1 :]), view)
    view, along = with_axis(view, axis, call.emit)
    return _looked_up(call, view, axis, along, indices.shape)


def _looked_up(call: OnnxCall, view: View, axis: int, along: int, sizes: tuple[int, ...]) -> View:
    """A tensor whose axis is replaced by the axes of indices."""
    settings: dict[str, Plain] = {"shape": sizes, "axis": along}
    layer = call.emit("gather", settings, view.layer)
    first = len(view.atoms_of_axis(along)) and view.atoms_of_axis(along)[0]
    added = len(sizes) - 1
    moved = tuple(tuple(atom + added if atom > first else atom for atom in group) for group in view.groups)
    own = tuple((first + at,) for at in range(len(sizes)))
    axes = (*view.axes[:along], *((size,) for size in sizes), *view.axes[along + 1 :])
    return view._replace(layer=layer, axes=axes, groups=(*moved[:axis], *own, *moved[axis + 1 :]))


def _embedding(call: OnnxCall, table: OnnxConstant) -> Value:
    """A table of vectors that indices of the input select."""
    view = call.view(1)
    vocabulary, features = table.shape
    layer = view.layer
    positions = view.layer_shape
    if positions[0] != 1:
        layer = call.emit("reshape", {"shape": (1, *positions)}, layer)
        positions = (1, *positions)
    layer = call.emit_with([table], "embedding", {"vocabulary": vocabulary, "features": features}, layer)
    atoms = 0 if len(view.layer_shape) == len(positions) else 1
    groups = tuple(tuple(atom + atoms if atom != BATCH else BATCH for atom in group) for group in view.groups)
    if not atoms:
        groups = tuple(tuple(atom for atom in group if atom != 0) for group in groups)
    axes = ((features,), *(view.axes if atoms else view.axes[1:]))
    return View(layer, axes, (*groups, (0,)), view.batch)


def _concat(call: OnnxCall) -> Value:
    return _concat_values(call, [call.value(place) for place in range(len(call.node.inputs))])


def _concat_values(call: OnnxCall, values: Sequence[Value]) -> Value:
    if not values:
        raise call.refuse("reads nothing")
    if all(isinstance(value, OnnxConstant) for value in values):
        return concat_constants([value for value in values if isinstance(value, OnnxConstant)], call.whole("axis", 0))
    first = next(call.as_view(value) for value in values if not isinstance(value, OnnxConstant))
    axis = find_axis(call.whole("axis", 0), first.rank)
    views = []
    for value in values:
        if isinstance(value, OnnxConstant) and 0 in value.shape:
            continue
        if isinstance(value, OnnxConstant) and value.lookup is None and len(value.shape) == first.rank:
            view = call.parameter(value, canonical_order(first, (axis,)))
        else:
            view = call.as_view(value)
        if view.rank != first.rank:
            raise call.refuse(f"joins tensors of {first.rank} and {view.rank} axes")
        views.append(view)
    if len(views) == 1:
        return views[0]
    if any(BATCH in view.groups[axis] for view in views):
        raise call.refuse("joins samples of a batch")
    return join_along(call, views, axis)


def join_along(call: OnnxCall, views: Sequence[View], axis: int) -> View:
    """Tensors one behind the other along an axis of the file."""
    model = max(views, key=lambda view: prod(view.shape))
    model, along = with_axis(model, axis, call.emit)
    layers = []
    for view in views:
        if view.groups == model.groups and len(view.axes) == len(model.axes) and _is_alike(view, model, along):
            layers.append(view.layer)
            continue
        # The axes of all others are brought into the same order.
        model = as_layer(model, call.emit, [at for at, size in enumerate(view.shape) if size > 1])
        layers = []
        break
    if not layers:
        along = model.axis_of(axis) or 0
        order = canonical_order(model)
        if axis not in order:
            raise call.refuse("joins tensors along an axis that they lack")
        layers = [arrange(view, order, call.emit).layer for view in views]
    if shift := _find_shift(call, layers, along):
        source, amount = shift
        amounts = [amount if at == along else 0 for at in range(1, len(model.axes))]
        before = call.graph.builder.layers[call.graph.builder.places[source]] if source in call.graph.origins else None
        if before is not None and before.type == "roll":
            # Shifts along one axis after another are one shift.
            own = before.settings["shift"]
            shifts = own if isinstance(own, tuple) else (own,)
            amounts = [one + other for one, other in zip(amounts, shifts, strict=True) if isinstance(other, int)]
            (source,) = before.inputs
        layer = call.emit("roll", {"shift": tuple(amounts) if len(amounts) > 1 else amounts[0]}, source)
        sizes = (call.layer_shape(layer)[along],)
        return model._replace(layer=layer, axes=(*model.axes[:along], sizes, *model.axes[along + 1 :]))
    return stack(call, model, layers, along)


def _find_shift(call: OnnxCall, layers: Sequence[str], along: int) -> tuple[str, int] | None:
    """The layer whose two parts along a spatial axis are joined in the other order, and the cyclic shift that it is."""
    builder = call.graph.builder
    if len(layers) != 2 or along < 1 or not all(layer in builder.places for layer in layers):
        return None
    last, first = (builder.layers[builder.places[layer]] for layer in layers)
    cut = last.settings.get("start")
    if last.inputs != first.inputs or last.type != "slice" or first.type != "slice" or not isinstance(cut, int):
        return None
    if last.settings != {"axis": along, "start": cut} or first.settings != {"axis": along, "stop": cut}:
        return None
    size = call.layer_shape(last.inputs[0])[along]
    # The shorter way, as programs write it.
    return last.inputs[0], -cut if 2 * cut <= size else size - cut


def _is_alike(view: View, model: View, along: int) -> bool:
    pairs = zip(view.axes, model.axes, strict=True)
    return all(own == other or (at == along and len(own) == len(other) == 1) for at, (own, other) in enumerate(pairs))


def _gather_nd(call: OnnxCall) -> Value:
    indices = call.constant(1)
    if indices is None or indices.shape[-1:] != (1,) or call.whole("batch_dims", 0):
        raise call.refuse("looks up indices of several axes, or that depend on data")
    # Indices of one axis are those of Gather.
    flat = indices._replace(shape=indices.shape[:-1])
    return _gather(call, flat)


def _sequence(call: OnnxCall) -> Value:
    return ValueSequence([call.value(place) for place in range(len(call.node.inputs))])


def _split_to_sequence(call: OnnxCall) -> Value:
    shape = shape_of(call)
    axis = find_axis(call.whole("axis", 0), len(shape))
    sizes = call.numbers(1) or (1,) * shape[axis]
    given = call.constant(1)
    if len(sizes) == 1 and given is not None and not given.shape and sizes[0] > 0:
        sizes = tuple(min(sizes[0], shape[axis] - at) for at in range(0, shape[axis], sizes[0]))
    keeps = bool(call.whole("keepdims", 1)) or call.has(1)
    parts = split_axis(call, axis, sizes)
    if not keeps:
        parts = [_without_axis(part, axis) for part in parts]
    return ValueSequence(parts)


def _without_axis(value: Value, axis: int) -> Value:
    if isinstance(value, OnnxConstant):
        return value._replace(shape=(*value.shape[:axis], *value.shape[axis + 1 :]))
    return drop_axis(value, axis) if isinstance(value, View) else value


def _items(call: OnnxCall) -> ValueSequence:
    value = call.value(0)
    if not isinstance(value, ValueSequence):
        raise call.refuse("needs a sequence")
    return value


def _sequence_at(call: OnnxCall) -> Value:
    items = _items(call).items
    places = call.numbers(1) or (0,)
    if len(places) != 1:
        raise call.refuse(f"takes {len(places)} items at once")
    place = places[0]
    if not -len(items) <= place < len(items):
        raise call.refuse(f"takes item {place} of {len(items)}")
    return items[place]


def _concat_sequence(call: OnnxCall) -> Value:
    values = list(_items(call).items)
    if call.whole("new_axis", 0):
        raise call.refuse("makes an axis of a sequence")
    return _concat_values(call, values)


READERS: dict[str, OpReader] = {
    "Concat": _concat,
    "ConcatFromSequence": _concat_sequence,
    "Gather": _gather,
    "GatherND": _gather_nd,
    "SequenceAt": _sequence_at,
    "SequenceConstruct": _sequence,
    "Slice": _slice,
    "Split": _split,
    "SplitToSequence": _split_to_sequence,
}
