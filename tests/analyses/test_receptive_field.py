"""Receptive fields against published ones, and against following every tap."""

import pytest

from cnncalc.analyses.receptive_field import receptive_fields
from cnncalc.build import load


def field_of(network, name):
    return receptive_fields(network)[name][0]


@pytest.mark.parametrize(
    ("network", "settings", "layer", "size", "stride"),
    [
        ("alexnet", (), "pool5", 195, 32),
        ("vgg16", (), "pool5", 212, 32),
        ("resnet50", (), "global_avg_pool", 483, 32),
        ("resnet101", (), "global_avg_pool", 1027, 32),
        ("resnet50", (("stride_in_3x3", "true"),), "global_avg_pool", 427, 32),
        ("resnet18", (), "global_avg_pool", 435, 32),
    ],
)
def test_published(network, settings, layer, size, stride):
    """Araujo, Norris and Sim 2019, at the last spatial layer: what the layer reads, where it is the global pool."""
    net = load(network, settings)
    index = [placed.name for placed in net.layers].index(layer)
    last = net.layers[index]
    name = last.name if last.output_shape.rank else last.inputs[0]
    field = field_of(net, name)
    assert (field.size, field.stride) == (size, stride)


def test_two_3x3_see_a_5x5(spec):
    """CS231n: a stack of two 3x3 has the receptive field of one 5x5, of three that of one 7x7."""
    net = spec("input: [1, 32, 32]\nlayers: [{conv: [1, 3], repeat: 3}]")
    assert [receptive_fields(net)[layer.name][0].size for layer in net.layers] == [3, 5, 7]


def test_the_centre_of_an_output():
    """-padding + i * stride + (size - 1) / 2, of the first output of ResNet's 7x7/2 with padding 3."""
    field = field_of(load("resnet50"), "conv1")
    assert (field.size, field.stride, field.start, field.center) == (7, 2, -3, 0)


def test_axes_apart(spec):
    net = spec("input: [1, 32, 32]\nlayers: [{conv: {filters: 1, kernel: [1, 7], padding: [0, 3], stride: [1, 2]}}]")
    height, width = receptive_fields(net)["conv"]
    assert (height.size, height.stride, height.start) == (1, 1, 0)
    assert (width.size, width.stride, width.start) == (7, 2, -3)


def test_a_union_over_branches(spec):
    net = spec("input: [1, 32, 32]\nlayers: [{add: [[{conv: {filters: 1, kernel: 5, padding: 2}}], []]}]")
    field = field_of(net, "add")
    assert (field.size, field.stride, field.start) == (5, 1, -2)


def test_a_transposed_convolution_halves_the_stride(spec):
    net = spec("input: [1, 8, 8]\nlayers: [{conv_transpose: {filters: 1, kernel: 4, stride: 2, padding: 1}}]")
    field = field_of(net, "conv_transpose")
    assert field.stride * 2 == 1
    assert field.size == 2


def test_one_answer_cannot_be_given_where_strides_differ(spec):
    text = """
input: [1, 8, 8]
layers:
  - concat:
      - - conv: {filters: 1, kernel: 2, stride: 2}
      - - crop: 2
"""
    assert receptive_fields(spec(text))["concat"] is None


def follow_taps(net, layer, position):
    """The input positions along the width that one output reads, by following every window."""
    by_name = {placed.name: placed for placed in net.layers}
    reached = set()
    todo = [(layer, position)]
    while todo:
        name, at = todo.pop()
        if name not in by_name:
            reached.add(at)
            continue
        placed = by_name[name]
        for source, shape in zip(placed.inputs, placed.input_shapes, strict=True):
            window = placed.figures.type.windows((shape,))[-1]
            size = shape.spatial[-1]
            todo.extend((source, read) for read in window.reads(at, size) if 0 <= read < size)
    return reached


CHAINS = [
    "[{conv: [1, 3]}, {max_pool: 2}, {conv: [1, 3]}]",
    "[{conv: {filters: 1, kernel: 3, dilation: 2}}, {avg_pool: [3, 2]}]",
    "[{add: [[{conv: {filters: 1, kernel: 7, padding: 3}}], [{conv: {filters: 1, kernel: 3, padding: 1}}]]}]",
    "[{upsample: 2}, {conv: [1, 3]}]",
    "[{crop: 3}, {conv: [1, 5]}, {adaptive_avg_pool: 3}]",
]


@pytest.mark.parametrize("layers", CHAINS)
def test_fields_hold_what_taps_reach(spec, layers):
    """Where nothing falls in the padding, the field of an output in the middle is exactly what its taps span."""
    net = spec(f"input: [1, 27, 27]\nlayers: {layers}")
    last = net.layers[-1]
    field = receptive_fields(net)[last.name][-1]
    middle = last.output_shape.spatial[-1] // 2
    reached = follow_taps(net, last.name, middle)
    first = field.start + middle * field.stride
    assert min(reached) >= first - 1
    assert max(reached) <= first + field.size
    assert max(reached) - min(reached) + 1 <= field.size
