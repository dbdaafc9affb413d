"""Fields and regions behind layers that turn positions into channels and back, held to following every element.

Other tests follow positions and take all channels together; here each number of each tensor is followed by its
own definition, so that a position which was a channel for a while is known to be the one that it was.
"""

from __future__ import annotations

import tempfile
from functools import cache
from itertools import permutations, product
from math import prod
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnncalc.analyses.receptive_field import Flaw, fields
from cnncalc.analyses.regions import region
from cnncalc.errors import SpecError
from cnncalc.layers.shapes import Shape
from cnncalc.network import build

MOST = 300


def ravel(index, shape):
    flat = 0
    for at, size in zip(index, shape, strict=True):
        flat = flat * size + at
    return flat


def unravel(flat, shape):
    index = []
    for size in reversed(shape):
        flat, at = divmod(flat, size)
        index.append(at)
    return tuple(reversed(index))


def windows(kernel, stride, position, sizes):
    """The positions that a kernel without padding reads."""
    ranges = (range(at * stride, min(at * stride + kernel, size)) for at, size in zip(position, sizes, strict=True))
    return product(*ranges)


def parts(concat, index):
    """What an element is that stands in one of several inputs, one behind the other."""
    axis = concat.settings["axis"] % len(index)
    at = index[axis]
    for source, shape in zip(concat.inputs, concat.input_shapes, strict=True):
        if 0 <= at < shape[axis]:
            yield source, (*index[:axis], at, *index[axis + 1 :])
        at -= shape[axis]


def along(source, index, axis, size):
    """Every element at the other axes' places, along one axis."""
    axis %= len(index)
    return ((source, (*index[:axis], at, *index[axis + 1 :])) for at in range(size))


def reduced(layer, index):
    """Every element that one number of a reduction is of."""
    source, shape, own = layer.inputs[0], layer.input_shapes[0], layer.settings
    named = range(len(shape)) if own["axes"] is None else own["axes"]
    axes = {axis % len(shape) for axis in ((named,) if isinstance(named, int) else named)}
    rest = list(index)
    places = [range(size) if axis in axes else None for axis, size in enumerate(shape)]
    for axis, place in enumerate(places):
        if own["keep_dims"] or (place is None and rest):
            at = rest.pop(0)
            places[axis] = [at] if place is None else place
    yield from ((source, place) for place in product(*places))


def multiplied(layer, index):
    """Every element of the inputs of a product, by the letters of its equation."""
    terms, output = layer.settings["equation"].replace(" ", "").split("->")
    sizes = {}
    for letters, shape in zip(terms.split(","), layer.input_shapes, strict=True):
        sizes.update(zip(letters, shape, strict=True))
    known = dict(zip(output, index, strict=True))
    for source, letters in zip(layer.inputs, terms.split(","), strict=True):
        places = ([known[letter]] if letter in known else range(sizes[letter]) for letter in letters)
        yield from ((source, place) for place in product(*places))


def tensor_reads(layer, index):
    """What `reads` gives, of layers that name axes."""
    own = layer.settings
    source, shape = layer.inputs[0], layer.input_shapes[0]
    if layer.type == "softmax" or (layer.type == "linear" and own["axis"] is not None):
        yield from along(source, index, own["axis"], shape[own["axis"]])
    elif layer.type == "linear":
        yield from ((source, place) for place in product(*map(range, shape)))
    elif layer.type == "reduce":
        yield from reduced(layer, index)
    elif layer.type == "einsum":
        yield from multiplied(layer, index)
    else:
        # The last two axes of the second input are swapped.
        *leading, row, column = index
        yield from along(layer.inputs[0], (*leading, row, 0), -1, shape[-1])
        yield from along(layer.inputs[1], (*leading, column, 0), -1, shape[-1])


def reads(layer, index):
    """(source, index) of every element of its inputs that one element of a layer's output is computed from."""
    if not layer.inputs:
        return
    if layer.type in ("softmax", "linear", "reduce", "einsum", "matmul"):
        yield from tensor_reads(layer, index)
        return
    own, (channel, *position) = layer.settings, index
    source, shape = layer.inputs[0], layer.input_shapes[0]
    filters = layer.output_shape.channels
    if layer.type == "permute":
        yield source, tuple(index[own["axes"].index(axis)] for axis in range(len(shape)))
    elif layer.type in ("reshape", "flatten"):
        yield source, unravel(ravel(index, layer.output_shape), shape)
    elif layer.type == "conv":
        group = channel * own["groups"] // filters
        each = shape.channels // own["groups"]
        places = list(windows(own["kernel"], own["stride"], position, shape.spatial))
        yield from ((source, (one, *place)) for one in range(group * each, (group + 1) * each) for place in places)
    elif layer.type in ("depthwise_conv", "max_pool"):
        each = filters // shape.channels
        stride = own["kernel"] if layer.type == "max_pool" else 1
        yield from (
            (source, (channel // each, *place)) for place in windows(own["kernel"], stride, position, shape.spatial)
        )
    elif layer.type == "global_avg_pool":
        yield from ((source, (channel, *place)) for place in product(*map(range, shape.spatial)))
    elif layer.type == "pixel_shuffle":
        factor = own["factor"]
        rest = ravel([at % factor for at in position], [factor] * len(position))
        yield source, (channel * factor ** len(position) + rest, *(at // factor for at in position))
    elif layer.type == "channel_shuffle":
        yield (
            source,
            (channel % own["groups"] * (shape.channels // own["groups"]) + channel // own["groups"], *position),
        )
    elif layer.type == "slice":
        moved = list(index)
        moved[own["axis"]] = own["start"] + own["step"] * moved[own["axis"]]
        yield source, tuple(moved)
    elif layer.type == "concat":
        yield from parts(layer, index)
    elif layer.type == "add":
        yield from ((one, index) for one in layer.inputs)
    else:
        assert layer.type in ("relu", "layer_norm")
        yield source, index


def follower(net):
    """A function that follows an element to the positions of the input that it depends on."""
    placed = {layer.name: layer for layer in net.layers}

    @cache
    def follow(name, index):
        if name not in placed:
            return frozenset([index[1:]])
        return frozenset().union(*(follow(*one) for one in reads(placed[name], index)))

    return follow


def shapes_of(count, draw):
    """A shape of so many numbers."""
    sizes = []
    for _ in range(draw(st.integers(0, 3))):
        size = draw(st.sampled_from([size for size in range(1, count + 1) if count % size == 0]))
        sizes.append(size)
        count //= size
    return draw(st.permutations([*sizes, count]))


@st.composite
def layers_of_axes(draw, kind, rank):
    """A layer that names axes of a shape of that rank, as text."""
    axis, start = draw(st.integers(-rank - 1, rank)), draw(st.integers(0, rank))
    axes = draw(st.lists(st.integers(0, rank), min_size=1, unique=True))
    return {
        "reduce": f"reduce: {{op: sum, axes: {axes}, keep_dims: {str(draw(st.booleans())).lower()}}}",
        "linear axis": f"linear: {{features: {draw(st.integers(1, 4))}, axis: {axis}}}",
        "softmax axis": f"softmax: {axis}",
        "flatten axes": f"flatten: {{start: {start}, end: {draw(st.integers(start, rank))}}}",
    }[kind]


@st.composite
def layers(draw, shape):
    """A layer that goes with a shape, as text."""
    rank, channels = shape.rank, shape.channels
    kind = draw(
        st.sampled_from(
            ["permute"] * 4
            + ["reshape"] * 4
            + ["conv", "conv", "depthwise_conv", "max_pool", "relu", "layer_norm", "softmax", "flatten", "linear"]
            + ["pixel_shuffle", "channel_shuffle", "slice", "global_avg_pool"]
            + ["reduce", "reduce", "linear axis", "softmax axis", "flatten axes"]
        )
    )
    sliding = 1 <= rank <= 3
    groups = draw(st.sampled_from([group for group in (1, 1, 2, 3) if channels % group == 0]))
    if kind == "permute":
        return f"permute: {list(draw(st.sampled_from(list(permutations(range(rank + 1))))))}"
    if kind == "reshape":
        return f"reshape: {shapes_of(prod(shape), draw)}"
    if kind == "conv" and sliding:
        kernel, stride = draw(st.integers(1, 2)), draw(st.integers(1, 2))
        return f"conv: {{filters: {2 * groups}, kernel: {kernel}, stride: {stride}, groups: {groups}}}"
    if kind == "depthwise_conv" and sliding:
        return f"depthwise_conv: {{kernel: {draw(st.integers(1, 2))}, multiplier: {draw(st.integers(1, 2))}}}"
    if kind == "max_pool" and sliding:
        return "max_pool: 2"
    if kind == "linear" and not rank:
        return f"linear: {draw(st.sampled_from([4, 6]))}"
    if kind in ("reduce", "linear axis", "softmax axis", "flatten axes"):
        return draw(layers_of_axes(kind, rank))
    if kind == "pixel_shuffle" and sliding:
        return "pixel_shuffle: 2"
    if kind == "channel_shuffle":
        return f"channel_shuffle: {groups}"
    if kind == "slice":
        axis = draw(st.integers(0, rank))
        return f"slice: {{axis: {axis}, start: {draw(st.integers(0, 1))}, step: {draw(st.integers(1, 2))}}}"
    if kind == "global_avg_pool" and sliding:
        return "global_avg_pool: {keep_dims: true}"
    return f"{kind}: {{}}" if kind in ("layer_norm", "softmax", "flatten") else "relu: {}"


def equation(draw, one, two):
    """An equation of two inputs, in which axes of equal size may be one axis."""
    first, second, free = "abcdef"[: len(one)], "", "abcdef"[: len(one)]
    for letter, size in zip("uvwxyz", two, strict=False):
        same = [other for other in free if one[first.index(other)] == size]
        chosen = draw(st.sampled_from([letter, *same]))
        free = free.replace(chosen, "")
        second += chosen
    letters = draw(st.permutations(sorted(set(first + second))))
    return f"{first}, {second} -> {''.join(letters[: draw(st.integers(1, min(len(letters), 4)))])}"


@st.composite
def joins(draw, shapes, source):
    """A join of an earlier layer with another one, as text."""
    kind = draw(st.sampled_from(["add", "concat", "einsum", "einsum", "matmul", "parameter"]))
    alike = [name for name in shapes if shapes[name] == shapes[source]]
    if kind == "parameter":
        given = f"[{{from: {source}}}, [parameter: {{shape: {list(shapes[source])}}}]]"
        return f"  - {draw(st.sampled_from(['add', 'concat']))}: {given}\n"
    other = draw(st.sampled_from(list(shapes) if kind == "einsum" else alike))
    settings = {
        "add": "{}",
        "concat": f"{{axis: {draw(st.integers(-len(shapes[source]), shapes[source].rank))}}}",
        "einsum": equation(draw, shapes[source], shapes[other]),
        "matmul": "{transpose_second: true}",
    }
    return f"  - {kind}: {settings[kind]}\n    from: [{source}, {other}]\n"


@st.composite
def networks(draw):
    shape = Shape((draw(st.integers(1, 3)), *draw(st.sampled_from([(4, 6), (6, 4), (1, 8), (8,), (2, 2, 4)]))))
    text, names, net = f"input: {list(shape)}\nlayers:\n", ["input"], None
    shapes = {"input": shape}
    for number in range(draw(st.integers(1, 6))):
        source = names[-1]
        if draw(st.integers(0, 4)) == 0:
            line = draw(joins(shapes, source))
        else:
            line = f"  - {draw(layers(shapes[source]))}\n    from: {source}\n"
        try:
            grown = load(f"{text}{line}    name: l{number}\n")
        except SpecError:
            continue
        if prod(grown.layers[-1].output_shape) > MOST:
            continue
        text, net = f"{text}{line}    name: l{number}\n", grown
        names.append(f"l{number}")
        shapes[names[-1]] = grown.layers[-1].output_shape
    assume(net is not None)
    return net


def positions(shape):
    """Some positions of an output: not all, for there are many."""
    return list(product(*map(range, shape.spatial)))[:: max(prod(shape.spatial) // 12, 1)]


def load(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.yaml"
        path.write_text(text, encoding="utf-8")
        return build.load(str(path))


@settings(max_examples=250, deadline=None)
@given(networks())
def test_what_is_told_is_what_elements_depend_on(net):
    check(net)


def check(net):
    found, follow, last = fields(net), follower(net), net.layers[-1]
    sizes, shape = net.inputs[0][1].spatial, last.output_shape
    everything = set(product(*map(range, sizes)))
    field = found.of(last.name)["input"]
    in_parts = any(one.flaw is Flaw.PARTS for one in found.misalignments)
    # By convention all channels of a position have its field, from whichever branch they come.
    concatenated = any(layer.type == "concat" for layer in net.layers)
    has_rule = found.missing(last.name, "input") is None
    for position in positions(shape):
        each = [follow(last.name, (channel, *position)) for channel in range(shape.channels)]
        together = frozenset().union(*each)
        read = region(net, last.name, position)["input"]
        if not together:
            # Learned numbers alone.
            assert not (read.boxes and read.exact)
            continue
        told = {place for place in everything if read.reads(place)}
        assert told == together if read.exact else told >= together
        if not has_rule:
            assert field is None
            continue
        extents = found.extent(last.name, "input", position)
        for axis, size in enumerate(sizes):
            first, stop = extents[axis]
            reached = {place[axis] for place in together}
            assert first <= min(reached)
            assert stop >= max(reached)
            if not in_parts and not concatenated:
                assert (max(first, 0), min(stop, size - 1)) == (min(reached), max(reached))
            if found.is_shared(last.name, "input") and not in_parts and not concatenated:
                ends = {(min(places), max(places)) for places in ({place[axis] for place in one} for one in each)}
                assert ends == {(min(reached), max(reached))}
            if field[axis].whole and not in_parts and not concatenated:
                assert (min(reached), max(reached)) == (0, size - 1)
