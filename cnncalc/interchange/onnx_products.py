"""Matrix products of ONNX: with a constant they are linear layers or convolutions, else products of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from string import ascii_lowercase

from cnncalc.interchange.graph import Plain
from cnncalc.interchange.onnx_constants import OnnxConstant
from cnncalc.interchange.onnx_graph import OnnxCall, OpReader, Value
from cnncalc.interchange.onnx_views import (
    BATCH,
    View,
    align,
    arrange,
    as_layer,
    canonical_order,
    plain_view,
    regroup,
    transpose,
    with_axis,
)
from cnncalc.interchange.recognize import literal


def _mat_mul(call: OnnxCall) -> Value:
    second = 3 if call.node.op == "QLinearMatMul" else 1
    first, other = call.value(0), call.value(second)
    if isinstance(other, OnnxConstant) and _is_matrix(other):
        rows, columns = (1, *other.shape)[-2:] if len(other.shape) != 1 else (other.shape[0], 1)
        matrix = other.shape if len(other.shape) == 1 else (rows, columns)
        return _linear(call, call.as_view(first), other, matrix, None)
    if (
        isinstance(first, OnnxConstant)
        and _is_matrix(first)
        and len(first.shape) >= 2
        and not isinstance(other, OnnxConstant)
    ):
        # A matrix times columns: the rows of the result are along the last axis but one.
        view = call.as_view(other)
        order = [*range(view.rank - 2), view.rank - 1, view.rank - 2]
        made = _linear(call, transpose(view, order), first, first.shape[-2:][::-1], None)
        return transpose(made, order)
    return product(call, call.as_view(first), call.as_view(other))


def _is_matrix(value: OnnxConstant) -> bool:
    """Whether a constant is one matrix for all tensors of a stack."""
    return bool(value.shape) and prod(value.shape[:-2]) == 1 and value.lookup is None


def _linear(
    call: OnnxCall, view: View, weight: OnnxConstant, matrix: tuple[int, ...], bias: OnnxConstant | None
) -> View:
    """A weighted sum over the last axis of a tensor."""
    inner = matrix[0]
    features = matrix[1] if len(matrix) > 1 else 1
    if view.rank < (1 if len(matrix) > 1 else 2) or view.shape[-1] != inner:
        raise call.refuse(f"has a matrix of {inner} rows, and its input has {list(view.shape)}")
    if all(size == 1 or group == (BATCH,) for size, group in zip(view.shape[:-1], view.groups, strict=False)):
        # One vector per sample.
        view, axis = arrange(view, (view.rank - 1,), call.emit), 0
    else:
        view, axis = with_axis(view, view.rank - 1, call.emit)
    weights = [weight] if bias is None else [weight, bias]
    own: dict[str, Plain] = {} if bias is not None else {"bias": False}
    spatial = len(view.axes) - 1
    if not spatial:
        layer = call.emit_with(weights, "linear", {"features": features, **own}, view.layer)
    elif axis == 0 and 2 <= spatial <= 3:
        layer = call.emit_with(weights, "conv", {"filters": features, "kernel": 1, **own}, view.layer)
    else:
        layer = call.emit_with(weights, "linear", {"features": features, "axis": axis, **own}, view.layer)
    axes = tuple((features,) if at == axis else sizes for at, sizes in enumerate(view.axes))
    made = view._replace(layer=layer, axes=axes)
    return made if len(matrix) > 1 else made._replace(groups=(*made.groups[:-2], made.groups[-2] + made.groups[-1]))


def _gemm(call: OnnxCall) -> Value:
    weight = call.constant(1)
    view = call.view()
    call.check_rank(view, 2)
    if call.whole("transA", 0):
        view = transpose(view, (1, 0))
    if weight is None:
        other = call.view(1)
        call.check_rank(other, 2)
        made = product(call, view, transpose(other, (1, 0)) if call.whole("transB", 0) else other)
        return _add_to(call, made)
    if len(weight.shape) != 2:
        raise call.refuse(f"has a matrix of {len(weight.shape)} axes")
    matrix = weight.shape[::-1] if call.whole("transB", 0) else weight.shape
    bias = call.constant(2) if call.has(2) and call.real("beta", 1.0) else None
    if bias is not None and bias.elements != matrix[1]:
        bias = None
        return _add_to(call, _linear(call, view, weight, matrix, None))
    made = _linear(call, view, weight, matrix, bias)
    return _add_to(call, made) if bias is None else made


def _add_to(call: OnnxCall, view: View) -> View:
    """The product of Gemm with its third input added."""
    if not call.has(2) or not call.real("beta", 1.0):
        return view
    return _join(call, view, 2)


def _join(call: OnnxCall, view: View, place: int) -> View:
    """A tensor with an input of the node added."""
    other = call.constant(place)
    if other is not None and len(other.shape) <= view.rank:
        padded = other._replace(shape=(1,) * (view.rank - len(other.shape)) + other.shape)
        layers, result = align([view, call.parameter(padded, canonical_order(view))], call.emit)
    else:
        layers, result = align([view, call.view(place)], call.emit)
    return result.with_layer(call.emit("add", {}, *layers))


# --- products of two tensors ---


def product(call: OnnxCall, first: View, second: View) -> View:
    """The product of the last two axes of two tensors, for each index of the others."""
    if first.rank < 2 or second.rank < 2:
        raise call.refuse("multiplies a vector by a tensor")
    rank = max(first.rank, second.rank)
    first = first._replace(groups=((),) * (rank - first.rank) + first.groups)
    second = second._replace(groups=((),) * (rank - second.rank) + second.groups)
    places = [f"p{axis}" for axis in range(rank - 2)]
    terms = [[*places, "row", "inner"], [*places, "inner", "column"]]
    return contract(call, [first, second], terms, [*places, "row", "column"])


def contract(call: OnnxCall, views: Sequence[View], terms: Sequence[Sequence[str]], output: Sequence[str]) -> View:
    """A sum of products of tensors, with a name for each axis of the file."""
    arranged = []
    sizes: dict[str, int] = {}
    batch: set[str] = set()
    for view, names in zip(views, terms, strict=True):
        if len(names) != view.rank:
            raise call.refuse(f"has {len(names)} letters for an input of {view.rank} axes")
        batch.update(name for name, group in zip(names, view.groups, strict=True) if group == (BATCH,))
        for name, size in zip(names, view.shape, strict=True):
            if sizes.setdefault(name, size) == 1:
                sizes[name] = size
            elif size not in (1, sizes[name]):
                raise call.refuse(f"joins axes of sizes {sizes[name]} and {size}")
        arranged.append(as_layer(view, call.emit))
    letters: dict[str, str] = {}
    texts = []
    for view, names in zip(arranged, terms, strict=True):
        own = {view.axis_of(at): name for at, name in enumerate(names) if view.axis_of(at) is not None}
        text = ""
        for axis, size in enumerate(view.layer_shape):
            name = own.get(axis, "")
            if not name or (size == 1 and sizes[name] > 1):
                # An axis of size 1 that is repeated is summed over as such.
                name = f"one{len(letters)}"
            letters.setdefault(name, ascii_lowercase[len(letters) % 26])
            text += letters[name]
        texts.append(text)
    if len(letters) > len(ascii_lowercase):
        raise call.refuse("has more axes than an einsum has letters")
    kept = [name for name in output if name in letters and name not in batch]
    order = _order(kept, texts, letters)
    if not order:
        raise call.refuse("multiplies all elements to one number")
    equation = f"{', '.join(texts)} -> {''.join(letters[name] for name in order)}"
    layer = call.emit("einsum", {"equation": equation}, *(view.layer for view in arranged))
    count = max(view.batch for view in views)
    places = {name: (place,) for place, name in enumerate(order)}
    groups = tuple((BATCH,) if name in batch else places.get(name, ()) for name in output)
    return plain_view(layer, call.layer_shape(layer), groups, count)


def _order(kept: Sequence[str], texts: Sequence[str], letters: dict[str, str]) -> list[str]:
    """The axes of a product in the order of the tensor that has its channels: those before the summed axis.

    The product of attention and values, hnm and hdm, is hdn; that of queries and keys, hdn and hdm, is hnm.
    """
    names = {letters[name]: name for name in kept}
    if len(texts) != 2:
        return list(kept)
    first, second = texts
    summed = [letter for letter in second if letter in first and letter not in names]
    rows = [letter for letter in first if letter in names and letter not in second]
    columns = [letter for letter in second if letter in names and letter not in first]
    if len(summed) != 1 or len(rows) > 1 or len(columns) > 1:
        return list(kept)
    if columns and rows and second.index(columns[0]) < second.index(summed[0]):
        order = second.replace(summed[0], rows[0])
    else:
        order = f"{first.replace(summed[0], '')}{''.join(columns)}"
    return [names[letter] for letter in order if letter in names]


def _einsum(call: OnnxCall) -> Value:
    equation = call.text("equation").replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = [list(term) for term in left.split(",")]
    if "." in equation:
        raise call.refuse("has axes without letters")
    if not arrow:
        found = [letter for term in terms for letter in term]
        right = "".join(sorted(letter for letter in set(found) if found.count(letter) == 1))
    if len(terms) != len(call.node.inputs):
        raise call.refuse(f"has {len(terms)} terms for {len(call.node.inputs)} inputs")
    if any(len(set(term)) < len(term) for term in terms) or set(right) - {letter for term in terms for letter in term}:
        raise call.refuse("takes a diagonal, or makes an axis")
    values = [call.value(place) for place in range(len(terms))]
    linear = _linear_of(call, values, terms, right)
    return linear or contract(call, [call.as_view(value) for value in values], terms, list(right))


def _linear_of(call: OnnxCall, values: Sequence[Value], terms: list[list[str]], right: str) -> View | None:
    """The linear layer that an einsum with a matrix is."""
    if len(values) != 2 or not isinstance(values[1], OnnxConstant) or isinstance(values[0], OnnxConstant):
        return None
    weight = values[1]
    inner = [letter for letter in terms[1] if letter in terms[0] and letter not in right]
    made = [letter for letter in terms[1] if letter not in terms[0]]
    rest = [letter for letter in terms[0] if letter not in inner]
    if len(inner) != 1 or len(made) != 1 or len(terms[1]) != 2 or right != "".join([*rest, *made]):
        return None
    view = call.as_view(values[0])
    if len(terms[0]) != view.rank:
        raise call.refuse(f"has {len(terms[0])} letters for an input of {view.rank} axes")
    at = terms[0].index(inner[0])
    view = transpose(view, [*(axis for axis in range(view.rank) if axis != at), at])
    matrix = weight.shape if terms[1] == [*inner, *made] else weight.shape[::-1]
    return _linear(call, view, weight, matrix, None)


def _attention(call: OnnxCall) -> Value:
    """The operator Attention of version 23: softmax(scale * Q K^T + mask) V, with the heads as an axis."""
    if len([name for name in call.node.outputs if call.graph.reads[name]]) > 1 or call.has(4) or call.has(5):
        raise call.refuse("keeps a cache, and only attention without one can be read")
    if call.real("softcap", 0.0):
        raise call.refuse("has a softcap")
    counts = call.whole("q_num_heads", 0), call.whole("kv_num_heads", 0), call.whole("kv_num_heads", 0)
    is_flat = call.view().rank == 3
    query, key, value = (_split_heads(call, call.view(place), counts[place]) for place in range(3))
    heads, shared = query.shape[1], key.shape[1]
    if not shared or heads % shared:
        raise call.refuse(f"has {heads} heads of queries and {shared} of keys")
    # A head of keys may serve several of queries.
    grouped = regroup(query, (query.shape[0], shared, heads // shared, *query.shape[2:]))
    if grouped is None:
        raise call.refuse("has heads that cannot be grouped")
    scores = contract(call, [grouped, key], ["bhgnd", "bhmd"], "bhgnm")
    scale = call.real("scale", query.shape[-1] ** -0.5)
    scores = scores.with_layer(call.emit("apply", {"function": f"x * {literal(scale).text}"}, scores.layer))
    if call.has(3):
        scores = regroup(scores, (scores.shape[0], heads, *scores.shape[3:])) or scores
        scores = _join(call, scores, 3)
        scores = regroup(scores, (scores.shape[0], shared, heads // shared, *scores.shape[2:])) or scores
    scores, along = with_axis(scores, 4, call.emit)
    weights = scores.with_layer(call.emit("softmax", {"axis": along}, scores.layer))
    mixed = contract(call, [weights, value], ["bhgnm", "bhmd"], "bhgnd")
    made = regroup(mixed, (mixed.shape[0], heads, *mixed.shape[3:]))
    if made is None:
        raise call.refuse("has heads that cannot be grouped")
    if not is_flat:
        return made
    made = transpose(made, (0, 2, 1, 3))
    flat = regroup(made, (*made.shape[:2], prod(made.shape[2:])))
    return made if flat is None else as_layer(flat, call.emit)


def _split_heads(call: OnnxCall, view: View, count: int) -> View:
    """A tensor of samples x heads x positions x channels, also of one that has the heads within its channels."""
    if view.rank == 4:
        return view
    call.check_rank(view, 3)
    if not count or view.shape[2] % count:
        raise call.refuse(f"has {count} heads for {view.shape[2]} channels")
    made = regroup(view, (*view.shape[:2], count, view.shape[2] // count))
    if made is None:
        raise call.refuse("has heads that cannot be split")
    return transpose(made, (0, 2, 1, 3))


READERS: dict[str, OpReader] = {
    "Attention": _attention,
    "Einsum": _einsum,
    "Gemm": _gemm,
    "MatMul": _mat_mul,
    "MatMulInteger": _mat_mul,
    "QLinearMatMul": _mat_mul,
}
