"""Operators of ONNX that compute constants, and that give tensors other shapes: views of layers, if not constants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, prod

from cnncalc.interchange.graph import Plain
from cnncalc.interchange.onnx_cones import Cone
from cnncalc.interchange.onnx_constants import (
    OnnxConstant,
    broadcast,
    constant,
    expand,
    find_axis,
    map_constants,
    spend,
    squeezed,
    take,
    target_shape,
    transpose_constant,
    unsqueezed,
)
from cnncalc.interchange.onnx_file import MOST_NUMBERS, OnnxTensor, read_branch
from cnncalc.interchange.onnx_graph import DEEPEST_CALL, OnnxCall, OpReader, Value
from cnncalc.interchange.onnx_views import (
    BATCH,
    View,
    arrange,
    as_layer,
    is_contiguous,
    plain_view,
    regroup,
    transpose,
    with_axis,
)
from cnncalc.interchange.recognize import literal

# The path of a parameter; names that torch computes begin with a slash.
PARAMETER = re.compile(r"[\w+-][\w./+-]*\.\w+")
# The type of a tensor of truth values or whole numbers, in TensorProto.DataType.
WHOLE_TYPES = {2, 3, 4, 5, 6, 7, 9, 12, 13}


def from_tensor(tensor: OnnxTensor, *, is_weight: bool) -> OnnxConstant:
    is_weight = is_weight and tensor.is_real
    return OnnxConstant(tensor.dims, None, tensor.is_real, tensor.name, is_weight, tensor=tensor)


# --- constants ---


def _constant(call: OnnxCall) -> Value:
    node = call.node
    if (value := call.attribute("value")) is not None and (tensor := value.tensor()) is not None:
        return from_tensor(tensor, is_weight=False)._replace(origin=node.outputs[0] if node.outputs else "")
    for key in ("value_int", "value_float", "value_ints", "value_floats"):
        found = call.attribute(key)
        if found is None:
            continue
        is_real = "float" in key
        if key.endswith("s"):
            return constant(found.reals() if is_real else found.wholes(), is_real=is_real)
        return constant([found.real() if is_real else found.whole()], (), is_real=is_real)
    raise call.refuse("has no numbers that can be read")


def _constant_of_shape(call: OnnxCall) -> Value:
    shape = call.numbers(0) or ()
    if any(size < 0 for size in shape):
        raise call.refuse(f"has the shape {list(shape)}")
    attribute = call.attribute("value")
    tensor = attribute.tensor() if attribute is not None else None
    number = (tensor.numbers() or (0,))[0] if tensor is not None else 0.0
    count = prod(shape)
    is_real = tensor is None or tensor.is_real
    # Weights whose numbers nobody wrote down, as in files that only describe an architecture.
    is_weight = is_real and bool(PARAMETER.fullmatch(call.node.outputs[0]))
    numbers = (number,) * count if count <= MOST_NUMBERS and not is_weight else None
    spend(numbers)
    return OnnxConstant(shape, numbers, is_real, call.node.outputs[0], is_weight)


def shape_of(call: OnnxCall, place: int = 0) -> tuple[int, ...]:
    """The shape of an input, without a layer for it."""
    value = call.value(place)
    return value.shape if isinstance(value, OnnxConstant) else call.view(place).shape


def _shape(call: OnnxCall) -> Value:
    shape = shape_of(call)
    start, stop = call.whole("start", 0), call.whole("end", len(shape))
    return constant(shape[start:stop])


def _size(call: OnnxCall) -> Value:
    return constant([prod(shape_of(call))], ())


def _range(call: OnnxCall) -> Value:
    start, stop, step = (call.weight(place) for place in range(3))
    numbers = [value.number for value in (start, stop, step)]
    first, last, by = (0 if number is None else number for number in numbers)
    if None in numbers or by == 0:
        raise call.refuse("has bounds that are not known")
    count = max(ceil((last - first) / by), 0)
    known = tuple(first + by * at for at in range(count)) if count <= MOST_NUMBERS else None
    spend(known)
    return OnnxConstant((count,), known, start.is_real)


def _cast(call: OnnxCall) -> Value:
    value = call.value(0)
    if not isinstance(value, OnnxConstant):
        return pass_on(call)
    kind = call.whole("to", 1)
    if call.node.op == "Cast" and kind in WHOLE_TYPES:
        return map_constants(lambda number: bool(number) if kind == 9 else int(number), value, is_real=False)
    return value._replace(is_real=True)


def pass_on(call: OnnxCall) -> Value:
    """An operator that passes its input on."""
    value = call.value(0)
    if isinstance(value, Cone):
        # Its readers are those of the output, without this one.
        value.reads -= 1
    return value


def _dropout(call: OnnxCall) -> Value:
    value = call.value(0)
    if isinstance(value, OnnxConstant):
        return value
    ratio = call.real("ratio", 0.5)
    if call.has(1) and (given := call.constant(1)) is not None and given.number is not None:
        ratio = given.number
    view = call.view()
    if not 0 < ratio < 1:
        return view
    settings: dict[str, Plain] = {} if ratio == 0.5 else {"rate": literal(ratio).text}
    return view.with_layer(call.emit("dropout", settings, view.layer))


def _identity_tensor(call: OnnxCall) -> Value:
    """Identity: torch marks tensors that are equal, but not the same, by it."""
    value = call.value(0)
    if isinstance(value, OnnxConstant) and value.is_weight and value.origin == call.node.inputs[0]:
        return value._replace(origin=call.node.outputs[0])
    return pass_on(call)


# --- shapes ---


def reshape_to(call: OnnxCall, shape: Sequence[int], value: Value | None = None) -> Value:
    """The input with another shape of as many elements."""
    value = call.value(0) if value is None else value
    if isinstance(value, OnnxConstant):
        return value._replace(shape=tuple(shape), lookup=_relooked(value, tuple(shape)))
    view = call.as_view(value)
    made = regroup(view, shape)
    if made is None:
        return _reshape_unevenly(call, view, tuple(shape))
    filled = [group for group in made.groups if any(atom != BATCH for atom in group)]
    is_vector = len(filled) == 1 and len(made.axes) > 1
    if is_vector or not is_contiguous(made):
        return as_layer(made, call.emit)
    return made


def _relooked(value: OnnxConstant, shape: tuple[int, ...]) -> tuple[OnnxConstant, int, tuple[int, ...]] | None:
    """The lookup of a reshaped constant, if the axes of its indices are reshaped alone."""
    if value.lookup is None:
        return None
    table, axis, indices = value.lookup
    before, after = table.shape[:axis], table.shape[axis + 1 :]
    end = len(shape) - len(after)
    if shape[:axis] == before and shape[end:] == after and prod(shape[axis:end]) == prod(indices):
        return table, axis, shape[axis:end]
    return None


def _reshape_unevenly(call: OnnxCall, view: View, shape: tuple[int, ...]) -> View:
    """A reshape whose sizes have nothing in common: the elements in the order of the file, cut anew."""
    if view.batch > 1:
        if not shape or shape[0] != view.batch or view.groups[0] != (BATCH,):
            raise call.refuse("mixes the samples of a batch")
        shape = shape[1:]
    own = [axis for axis in range(view.rank) if view.groups[axis] not in ((), (BATCH,))]
    flat = arrange(view, own, call.emit)
    layer = call.emit("reshape", {"shape": shape}, flat.layer)
    groups = tuple((axis,) for axis in range(len(shape)))
    return plain_view(layer, shape, ((BATCH,), *groups) if view.batch > 1 else groups, view.batch)


def _reshape(call: OnnxCall) -> Value:
    target = call.axes(1, "shape")
    if target is None:
        raise call.refuse("has no shape")
    return reshape_to(call, target_shape(target, shape_of(call), allow_zero=bool(call.whole("allowzero", 0))))


def _flatten(call: OnnxCall) -> Value:
    shape = shape_of(call)
    axis = call.whole("axis", 1)
    axis = axis if axis == len(shape) else find_axis(axis, len(shape))
    return reshape_to(call, (prod(shape[:axis]), prod(shape[axis:])))


def _squeeze(call: OnnxCall) -> Value:
    return reshape_to(call, squeezed(shape_of(call), call.axes(1)))


def _unsqueeze(call: OnnxCall) -> Value:
    return reshape_to(call, unsqueezed(shape_of(call), call.axes(1) or ()))


def _transpose(call: OnnxCall) -> Value:
    value = call.value(0)
    rank = len(shape_of(call))
    order = call.wholes("perm") or tuple(reversed(range(rank)))
    if sorted(order) != list(range(rank)):
        raise call.refuse(f"has the order {list(order)} for {rank} axes")
    if isinstance(value, OnnxConstant):
        if value.lookup is not None:
            return transpose(call.view(), order)
        return transpose_constant(value, order)
    return transpose(call.view(), order)


def _expand(call: OnnxCall) -> Value:
    target = call.numbers(1) or ()
    value = call.value(0)
    shape = broadcast([shape_of(call), target])
    if isinstance(value, OnnxConstant):
        return expand(value, shape) if value.lookup is None else value
    return repeat_view(call, call.view(), shape)


def repeat_view(call: OnnxCall, view: View, shape: tuple[int, ...]) -> View:
    """A tensor whose axes of size 1 are repeated."""
    view = view._replace(groups=((),) * (len(shape) - view.rank) + view.groups)
    repeated = [axis for axis, pair in enumerate(zip(view.shape, shape, strict=True)) if pair[0] != pair[1]]
    if not repeated:
        return view
    # Joins repeat axes of size 1 themselves; a concat with itself does it elsewhere.
    view = as_layer(view, call.emit, repeated)
    for axis in repeated:
        view, along = with_axis(view, axis, call.emit)
        if not 0 < shape[axis] <= MOST_NUMBERS:
            raise call.refuse(f"repeats its input {shape[axis]:,} times")
        layer = call.emit("concat", {"axis": along} if along else {}, *[view.layer] * shape[axis])
        sizes = [size * (shape[axis] if at == along else 1) for at, size in enumerate(view.layer_shape)]
        view = plain_view(layer, sizes, view.groups, view.batch)
    return view


def _tile(call: OnnxCall) -> Value:
    counts = call.numbers(1) or ()
    value = call.value(0)
    shape = shape_of(call)
    if len(counts) != len(shape) or any(count < 1 for count in counts):
        raise call.refuse(f"repeats {len(shape)} axes {list(counts)} times")
    if isinstance(value, OnnxConstant):
        return take(value, [list(range(size)) * count for size, count in zip(shape, counts, strict=True)])
    view = call.view()
    if any(count > 1 and size > 1 for size, count in zip(shape, counts, strict=True)):
        for axis, count in enumerate(counts):
            if count > 1 and count <= MOST_NUMBERS:
                view, along = with_axis(view, axis, call.emit)
                view = stack(call, view, [view.layer] * count, along)
        return view
    return repeat_view(call, view, tuple(size * count for size, count in zip(shape, counts, strict=True)))


def stack(call: OnnxCall, view: View, layers: Sequence[str], along: int) -> View:
    """Layers of equal arrangement, one behind the other along an axis of the layer."""
    layer = call.emit("concat", {"axis": along} if along else {}, *layers)
    axes = tuple((call.layer_shape(layer)[at],) if at == along else axis for at, axis in enumerate(view.axes))
    return view._replace(layer=layer, axes=axes)


def _scatter(call: OnnxCall) -> Value:
    value = call.value(0)
    others = [call.value(place) for place in range(1, len(call.node.inputs))]
    if not isinstance(value, OnnxConstant) or not all(isinstance(other, OnnxConstant) for other in others):
        raise call.refuse("writes into a tensor that depends on data")
    is_weight = value.is_weight and not call.graph.is_mask(value.origin)
    return value.with_numbers(value.shape, None)._replace(is_weight=is_weight)


def _sized(call: OnnxCall) -> Value:
    """An operator over constants that keeps their size; its numbers are not needed."""
    value = call.value(0)
    if not isinstance(value, OnnxConstant):
        raise call.refuse("works on data, and has no layer type")
    return value.with_numbers(value.shape, None)


# --- control flow whose choice is known ---


def _if(call: OnnxCall) -> list[Value | None]:
    condition = call.constant(0)
    if condition is None or condition.number is None:
        message = "chooses between two networks by data, or by what is not known"
        raise call.refuse(message, "only a choice that follows from the input's shape can be read")
    graph = call.graph
    attribute = call.attribute("then_branch" if condition.number else "else_branch")
    if attribute is None or graph.levels >= DEEPEST_CALL:
        raise call.refuse("lacks a branch" if attribute is None else f"is nested more than {DEEPEST_CALL} deep")
    branch = read_branch(attribute)
    graph.values |= {name: from_tensor(tensor, is_weight=True) for name, tensor in branch.initializers.items()}
    outputs = [output.name for output in branch.outputs]
    graph.levels += 1
    graph.run(branch.nodes, outputs)
    graph.levels -= 1
    return [graph.values.get(name) for name in outputs]


READERS: dict[str, OpReader] = {
    "Cast": _cast,
    "CastLike": _cast,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "CumSum": _sized,
    "DequantizeLinear": pass_on,
    "Dropout": _dropout,
    "Expand": _expand,
    "Flatten": _flatten,
    "Identity": _identity_tensor,
    "If": _if,
    "QuantizeLinear": pass_on,
    "Range": _range,
    "Reshape": _reshape,
    "ScatterElements": _scatter,
    "ScatterND": _scatter,
    "Shape": _shape,
    "Size": _size,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Trilu": _sized,
    "Unsqueeze": _unsqueeze,
}
