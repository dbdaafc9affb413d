"""Receptive fields and regions of random small graphs, held to following every tap one by one.

The graphs have chains, branches and joins of convolutions (dilated, padded on one side, `same`),
transposed ones, pools, upsampling, crops, slices, gates and axes that change places. Sizes are asked of
the layers, and what an output reads of its windows, which tests/layers/test_size_rules.py holds to
positions written out.
"""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnncalc.analyses.receptive_field import fields
from cnncalc.analyses.regions import directly, region
from cnncalc.errors import RuleError
from cnncalc.layers import all_types
from cnncalc.layers.shapes import Shape
from cnncalc.network import build

SIDES = st.tuples(*[st.integers(0, 2)] * 4)
PAIR = st.tuples(st.integers(1, 3), st.integers(1, 4))
LAYERS = st.one_of(
    st.builds(
        lambda kernel, stride, padding, dilation: (
            "conv",
            {"filters": 2, "kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation},
        ),
        PAIR,
        st.integers(1, 3),
        st.one_of(SIDES, st.just("same")),
        st.integers(1, 3),
    ),
    st.builds(lambda kernel, stride: ("max_pool", {"kernel": kernel, "stride": stride}), PAIR, st.integers(1, 3)),
    st.builds(
        lambda kernel, stride: ("avg_pool", {"kernel": kernel, "stride": stride, "rounding": "ceil"}),
        PAIR,
        st.integers(1, 3),
    ),
    st.builds(
        lambda kernel, stride, padding, dilation: (
            "conv_transpose",
            {"filters": 2, "kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation},
        ),
        PAIR,
        st.integers(1, 3),
        st.one_of(st.tuples(*[st.integers(0, 1)] * 4), st.just("same")),
        st.integers(1, 2),
    ),
    st.builds(
        lambda factor, mode: ("upsample", {"factor": factor, "mode": mode}),
        PAIR,
        st.sampled_from(["nearest", "bilinear"]),
    ),
    st.builds(
        lambda factor, mode, corners: ("upsample", {"factor": factor, "mode": mode, "align_corners": corners}),
        st.sampled_from([Fraction(1, 2), Fraction(3, 2), Fraction(5, 4), 2]),
        st.sampled_from(["bilinear", "bicubic"]),
        st.booleans(),
    ),
    st.builds(lambda kernel, stride: ("max_unpool", {"kernel": kernel, "stride": stride}), PAIR, st.integers(1, 3)),
    st.builds(
        lambda kernel, stride, dilation: ("unfold", {"kernel": kernel, "stride": stride, "dilation": dilation}),
        PAIR,
        st.integers(1, 2),
        st.integers(1, 2),
    ),
    st.builds(
        lambda kernel, stride: ("fold", {"kernel": kernel, "stride": stride}),
        st.sampled_from([(1, 2), (2, 1), (1, 1)]),
        st.integers(1, 3),
    ),
    st.builds(lambda amount: ("pad", {"padding": amount}), st.tuples(*[st.integers(-1, 2)] * 4)),
    st.builds(
        lambda size, field: ("opaque", {"output": (2, *size), "params": 0, "macs": 0, "field": field}),
        st.tuples(st.integers(3, 9), st.integers(3, 9)),
        PAIR,
    ),
    st.builds(lambda amount: ("crop", {"amount": amount}), SIDES),
    st.builds(
        lambda axis, start, step: ("slice", {"axis": axis, "start": start, "step": step}),
        st.integers(1, 2),
        st.integers(0, 2),
        st.integers(1, 2),
    ),
    st.just(("permute", {"axes": (0, 2, 1)})),
    st.just(("relu", {})),
    st.just(("global_avg_pool", {"keep_dims": True})),
    st.builds(lambda size: ("adaptive_avg_pool", {"size": size}), st.tuples(st.integers(1, 5), st.integers(1, 5))),
)
# What brings a branch to the sizes of another.
FITTING = st.sampled_from([("upsample", "nearest"), ("upsample", "bilinear"), ("adaptive_max_pool", None)])
MOST = 700


def yaml(value):
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


class Graph:
    """A spec in the making: its lines, and the shape of each tensor."""

    def __init__(self, size):
        self.size = size
        self.shapes = {"input": Shape((2, *size))}
        self.lines = []

    def place(self, kind, settings, *sources):
        """The name of a new layer; None where its settings do not go with its inputs."""
        declared = all_types()[kind].settings
        try:
            layer = all_types()[kind](**{key: declared[key].decode(value) for key, value in settings.items()})
            shape = layer.output_shape(tuple(self.shapes[source] for source in sources))
        except RuleError:
            return None
        if shape.positions > MOST:
            return None
        name = f"{kind}_{len(self.lines)}"
        written = ", ".join(f"{key}: {yaml(value)}" for key, value in settings.items())
        origin = sources[0] if len(sources) == 1 and not all_types()[kind].is_merge else f"[{', '.join(sources)}]"
        self.lines.append(f"  - {kind}: {{{written}}}\n    name: {name}\n    from: {origin}")
        self.shapes[name] = shape
        return name

    def network(self):
        text = f"input: [2, {self.size[0]}, {self.size[1]}]\nlayers:\n" + "\n".join(self.lines)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "graph.yaml"
            path.write_text(text, encoding="utf-8")
            return build.load(str(path))


@st.composite
def graphs(draw):
    graph = Graph((draw(st.integers(5, 13)), draw(st.integers(4, 12))))
    tensors = ["input"]
    for _ in range(draw(st.integers(1, 7))):
        source = draw(st.sampled_from(tensors[-3:]))
        choice = draw(st.integers(0, 9))
        if choice < 6:
            kind, given_settings = draw(LAYERS)
            name = graph.place(kind, given_settings, source)
        elif choice < 9:
            name = draw(joins(graph, source, tensors))
        else:
            squeezed = graph.place("global_avg_pool", {}, draw(st.sampled_from(tensors)))
            name = squeezed and graph.place("multiply", {}, source, squeezed)
        if name is not None:
            tensors.append(name)
    assume(len(tensors) > 1)
    return graph.network()


@st.composite
def joins(draw, graph, source, tensors):
    """A join of two or three tensors, brought to one size where they are not."""
    others = draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=2))
    if draw(st.integers(0, 4)) == 0:
        return graph.place("concat", {"axis": draw(st.integers(1, 2))}, source, *others)
    fitted = [source]
    for other in others:
        name = other
        if graph.shapes[other].spatial != graph.shapes[source].spatial:
            kind, mode = draw(FITTING)
            given_settings = {"size": graph.shapes[source].spatial, **({"mode": mode} if mode else {})}
            name = graph.place(kind, given_settings, other)
        if name is not None:
            fitted.append(name)
    return graph.place(draw(st.sampled_from(["add", "concat"])), {}, *fitted)


def taps(layer, position):
    """(source, position) of all that one output reads, padding included."""
    kind, inputs = layer.figures.type, layer.input_shapes
    if kind.name in ("add", "multiply"):
        for source, shape in zip(layer.inputs, inputs, strict=True):
            sizes = zip(position, shape.spatial, layer.output_shape.spatial, strict=False)
            yield source, tuple(0 if size < most else at for at, size, most in sizes)
    elif kind.name == "concat" and kind.axis:
        at = position[kind.axis - 1]
        for source, shape in zip(layer.inputs, inputs, strict=True):
            if 0 <= at < shape[kind.axis]:
                yield source, tuple(at if axis == kind.axis else place for axis, place in enumerate(position, start=1))
            at -= shape[kind.axis]
    elif kind.name == "concat":
        for source in layer.inputs:
            yield source, position
    elif kind.name == "permute":
        yield layer.inputs[0], position[::-1]
    elif not layer.output_shape.rank:
        for place in product(*map(range, inputs[0].spatial)):
            yield layer.inputs[0], place
    else:
        windows = zip(kind.windows(inputs), position, inputs[0].spatial, strict=True)
        for place in product(*(window.reads(at, size) for window, at, size in windows)):
            yield layer.inputs[0], place


def followed(net, layer, position, left_aside=frozenset()):
    """The positions of the input that one output reads, tap by tap, within every tensor's borders."""
    placed = {one.name: one for one in net.layers}
    todo, seen, reached = [(layer, position)], set(), set()
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        name, place = at
        if name not in placed:
            reached.add(place)
            continue
        for source, read in taps(placed[name], place):
            shape = net.shape_of(source)
            inside = all(0 <= one < size for one, size in zip(read, shape.spatial, strict=True))
            if inside and (name, source) not in left_aside:
                todo.append((source, read))
    return reached


def outputs(net, layer):
    """The positions of a layer's output: all along its borders and diagonals, for there are many."""
    sizes = net.shape_of(layer).spatial
    return [place for place in product(*map(range, sizes)) if len(set(place)) < 2 or sum(place) % 3 == 0][:40]


@settings(max_examples=70, deadline=None)
@given(graphs(), st.booleans())
def test_a_region_is_what_the_taps_reach(net, through_gates):
    found = fields(net, through_gates=through_gates)
    left_aside = frozenset() if through_gates else frozenset(found.gates)
    last = net.layers[-1].name
    everything = list(product(*map(range, net.inputs[0][1].spatial)))
    for position in outputs(net, last):
        reached = followed(net, last, position, left_aside)
        read = region(net, last, position, left_aside)["input"]
        assert {place for place in everything if read.reads(place)} == reached
        for axis in (0, 1):
            along = {at for first, stop in read.along(axis) for at in range(first, stop + 1)}
            assert along == {place[axis] for place in reached}


@settings(max_examples=70, deadline=None)
@given(graphs(), st.booleans())
def test_a_field_holds_all_that_the_taps_reach(net, through_gates):
    found = fields(net, through_gates=through_gates)
    left_aside = frozenset() if through_gates else frozenset(found.gates)
    last = net.layers[-1].name
    for position in outputs(net, last):
        reached = followed(net, last, position, left_aside)
        extents = found.extent(last, "input", position)
        for axis in (0, 1) if reached else ():
            first, stop = extents[axis]
            assert first <= min(place[axis] for place in reached)
            assert stop >= max(place[axis] for place in reached)


def along(net, layer, axis, position):
    """The positions along an axis of the input that an output reads, as if every tensor went on beyond its borders."""
    placed = {one.name: one for one in net.layers}
    memo = {}

    def reach(name, own, at):
        if (name, own, at) not in memo:
            memo[name, own, at] = follow(name, own, at)
        return memo[name, own, at]

    def follow(name, own, at):
        if name not in placed:
            return {at} if own == axis else set()
        one = placed[name]
        kind, inputs = one.figures.type, one.input_shapes
        if kind.name == "permute":
            return reach(one.inputs[0], 1 - own, at)
        if kind.is_merge:
            return set().union(*(reach(source, own, at) for source in one.inputs))
        window, size = kind.windows(inputs)[own], inputs[0].spatial[own]
        return set().union(*(reach(one.inputs[0], own, read) for read in window.reads(at, size)))

    return set().union(*(reach(layer, own, position[own]) for own in (0, 1)))


def has_axis_read_whole(net, layer):
    """Whether a layer, or one before it, reads an axis whole, such as a permute that moves an axis of one position."""
    placed = {one.name: one for one in net.layers}
    todo, seen = [layer], set()
    while todo:
        name = todo.pop()
        if name not in placed or name in seen:
            continue
        seen.add(name)
        one = placed[name]
        kind, spatial = one.figures.type, one.input_shapes[0].spatial
        if kind.name == "permute" and 1 in spatial:
            return True
        if kind.name != "permute" and not kind.is_merge:
            windows = zip(kind.windows(one.input_shapes), spatial, strict=True)
            if any(window.pace(size)[0] == 0 for window, size in windows):
                return True
        todo += one.inputs
    return False


def is_plain(net, found):
    """No part of an axis is concatenated, and no gate or vector is there: every output follows one rule."""
    if any(one.figures.type.name == "concat" and one.figures.type.axis for one in net.layers):
        return False
    return not found.gates


@pytest.mark.parametrize("shift", [-7, -3, 0, 2, 9])
def test_what_a_roll_moves_over_the_end_is_read_there(tmp_path, shift):
    """Of a row of 8, output p is position p - shift, modulo 8; a kernel of 3 reads its neighbors."""
    path = tmp_path / "roll.yaml"
    text = "input: [1, 8]\nlayers: [roll: {}, conv: [1, 3, 1, 1]]"
    path.write_text(text.replace("{}", str(shift)), encoding="utf-8")
    net = build.load(str(path))
    for position in range(8):
        taps = [tap for tap in (position - 1, position, position + 1) if 0 <= tap < 8]
        assert region(net, "conv", (position,))["input"].along(0) == runs_of({(tap - shift) % 8 for tap in taps})
    field = fields(net).of("conv")["input"]
    assert (field[0].size, field[0].stride) == (3, 1)


def runs_of(places):
    """Positions as runs, from the first to the last of each."""
    starts = sorted(place for place in places if place - 1 not in places)
    stops = sorted(place for place in places if place + 1 not in places)
    return tuple(zip(starts, stops, strict=True))


def test_a_step_of_an_lstm_reads_those_before_it(tmp_path):
    path = tmp_path / "lstm.yaml"
    path.write_text("input: [2, 6]\nlayers: [conv: [2, 3, 1, 1], lstm: {hidden: 3, layers: 2}]", encoding="utf-8")
    net = build.load(str(path))
    # Step p sees steps 0 to p, and through the convolution one more.
    for step in range(6):
        assert region(net, "lstm", (step,))["input"].along(0) == ((0, min(step + 1, 5)),)


def test_unpooling_reads_the_windows_whose_places_it_uses(tmp_path):
    """SegNet: a value returns to one of 2x2 places, which the four values of that window decide."""
    path = tmp_path / "unpool.yaml"
    text = """\
input: [1, 8, 8]
layers:
  - max_pool: 2
    name: pool
  - conv: [1, 3, 1, 1]
  - max_unpool: 2
    from: [previous, pool]
"""
    path.write_text(text, encoding="utf-8")
    net = build.load(str(path))
    assert directly(net, "max_unpool", (3, 4))["pool"].boxes == ((((1, 1),), ((2, 2),)),)
    # The convolution reads pooled rows 0 to 2 and columns 1 to 3: rows 0 to 5 and columns 2 to 7.
    assert region(net, "max_unpool", (3, 4))["input"].boxes == ((((0, 5),), ((2, 7),)),)


@settings(max_examples=120, deadline=None)
@given(graphs())
def test_a_field_is_the_hull_of_its_taps(net):
    """Exactly, beyond the borders too; and its size and stride are those of the outputs that there are."""
    found = fields(net)
    last = net.layers[-1].name
    assume(is_plain(net, found) and net.layers[-1].output_shape.rank)
    assume(not has_axis_read_whole(net, last))
    sizes = net.layers[-1].output_shape.spatial
    field = found.of(last)["input"]
    for axis in (0, 1):
        ends = {}
        for position in product(*map(range, sizes)):
            reached = along(net, last, axis, position)
            ends[position] = (min(reached), max(reached)) if reached else None
        assert {place: found.extent(last, "input", place)[axis] for place in ends} == ends
        known = [end for end in ends.values() if end is not None]
        if not known:
            assert field is None
            continue
        if field is None:
            continue
        assert field[axis].size == max(stop - first + 1 for first, stop in known)
        assert (field[axis].start, field[axis].center * 2) == (known[0][0], sum(known[0]))
        size = net.inputs[0][1].spatial[axis]
        everything = all(end is not None and end[0] <= 0 and end[1] >= size - 1 for end in ends.values())
        assert not field[axis].whole or everything
        if field[axis].stride is not None:
            read = {place[axis] for position in ends for place in followed(net, last, position)}
            assert field[axis].whole or not (everything and {0, size - 1} <= read)
            for own in (0, 1):
                check_period(ends, own, field[axis])


@settings(max_examples=120, deadline=None)
@given(graphs())
def test_a_field_lies_between_what_is_read_and_the_hull_of_its_taps(net):
    assume(is_plain(net, fields(net)) and net.layers[-1].output_shape.rank)
    check_bounds(net)


@pytest.mark.parametrize("amount", [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0), (2, 0, 0, 0)])
def test_an_axis_of_one_position_that_moves_cuts_the_hull(amount):
    """The conv reads columns 0 to 5, the last one padding, and the pool all of its output, which permute moves."""
    graph = Graph((5, 5))
    name = graph.place("conv", {"filters": 2, "kernel": (1, 2), "stride": 2, "padding": "same"}, "input")
    name = graph.place("max_pool", {"kernel": (1, 3), "stride": 1}, name)
    name = graph.place("crop", {"amount": amount}, name)
    last = graph.place("permute", {"axes": (0, 2, 1)}, name)
    net = graph.network()
    check_bounds(net)
    for position in outputs(net, last):
        assert fields(net).extent(last, "input", position)[1] == (0, 4)


def check_bounds(net):
    """The field has all inputs that an output reads, and goes beyond the input no further than the hull of its taps."""
    found, last = fields(net), net.layers[-1].name
    for position in outputs(net, last):
        inside = followed(net, last, position)
        for axis in (0, 1) if inside else ():
            first, stop = found.extent(last, "input", position)[axis]
            assert first <= min(place[axis] for place in inside)
            assert stop >= max(place[axis] for place in inside)
            if has_holes(net, axis):
                # A position that no filter covers reads nothing; the field is that of the positions beside it.
                continue
            reached = along(net, last, axis, position)
            assert min(reached) <= first
            assert stop <= max(reached)


def has_holes(net, axis):
    """Whether a transposed convolution leaves positions of its output without inputs, along an axis of the image.

    Axes may have changed places before it, so that each of its axes counts.
    """
    transposed = [layer.figures.type for layer in net.layers if layer.type == "conv_transpose"]
    changed = any(layer.type == "permute" for layer in net.layers)
    axes = (0, 1) if changed else (axis,)
    return any(kind.stride > kind.kernel[along] for kind in transposed for along in axes)


def check_period(ends, own, field):
    """Along the axis of the output that moves the field, it repeats: `period` outputs further, as many strides."""
    steps = field.period * field.stride
    still = {(place[1 - own], end) for place, end in ends.items()}
    if len(still) == len({place[1 - own] for place in ends}):
        return
    for place, end in ends.items():
        later = ends.get((place[0] + field.period, place[1]) if own == 0 else (place[0], place[1] + field.period))
        assert later is None or end is None or later == (end[0] + steps, end[1] + steps)


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_what_is_read_directly(net):
    last = net.layers[-1]
    for position in outputs(net, last.name):
        read = directly(net, last.name, position)
        for source in set(last.inputs):
            shape = net.shape_of(source)
            wanted = {place for name, place in taps(last, position) if name == source}
            inside = {place for place in product(*map(range, shape.spatial)) if place in wanted}
            assert {place for place in product(*map(range, shape.spatial)) if read[source].reads(place)} == inside


def every_path(net, name):
    """All ways from the input to a layer, as lists of layers."""
    placed = {one.name: one for one in net.layers}
    if name not in placed:
        return [[]]
    return [[*path, placed[name]] for source in placed[name].inputs for path in every_path(net, source)]


def size_of_path(path, axis):
    """1 + the sum of (extent - 1) x the product of the strides before, for convolutions and pools."""
    size, stride = 1, 1
    for layer in path:
        if not layer.figures.type.is_merge:
            window = layer.figures.type.windows(layer.input_shapes)[axis]
            size += (window.extent - 1) * stride
            stride *= window.stride
    return size


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_widest_path_is_the_widest_of_all(data):
    graph = Graph((24, 23))
    tensors = ["input"]
    for _ in range(data.draw(st.integers(1, 6))):
        source = data.draw(st.sampled_from(tensors[-2:]))
        same_size = [one for one in tensors if graph.shapes[one].spatial == graph.shapes[source].spatial]
        if data.draw(st.booleans()) and len(same_size) > 1:
            name = graph.place("concat", {}, source, data.draw(st.sampled_from(same_size)))
        else:
            kernel, stride = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4))), data.draw(st.integers(1, 2))
            name = graph.place("conv", {"filters": 2, "kernel": kernel, "stride": stride, "padding": "same"}, source)
        if name is not None:
            tensors.append(name)
    assume(len(tensors) > 1)
    net = graph.network()
    found, last = fields(net), net.layers[-1].name
    for axis in (0, 1):
        path = found.path(last, "input", axis)
        assert path.reach.size == max(size_of_path(one, axis) for one in every_path(net, last))
        assert size_of_path([step.layer for step in path.steps()], axis) == path.reach.size
