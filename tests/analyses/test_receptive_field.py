"""Receptive fields against published ones and by hand; random graphs are in test_field_by_taps.py."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.analyses.receptive_field import (
    CENTER,
    DILATED_SIZE,
    SIZE,
    START,
    STRIDE,
    Flaw,
    Gate,
    fields,
    on_the_way,
    receptive_fields,
)
from cnncalc.network.build import load
from cnncalc.syntax.expressions import parse

PUBLISHED = Path(__file__).parent.parent / "reference" / "receptive_fields.csv"


def field_of(network, name, **options):
    """The field along the first axis of the one input that a layer depends on."""
    (field,) = fields(network, **options).of(name).values()
    return field[0]


@pytest.mark.parametrize(
    "row", list(csv.DictReader(PUBLISHED.read_text(encoding="utf-8").splitlines())), ids=lambda row: row["source"]
)
def test_published(row):
    """At the last layer with positions; height and width alike."""
    settings = tuple(tuple(each.split("=")) for each in row["settings"].split(";") if each)
    height, width = fields(load(row["network"], settings)).of(row["layer"])["input"]
    assert (height.size, height.stride) == (int(row["size"]), int(row["stride"]))
    assert not row["padding"] or height.start == -int(row["padding"])
    assert height == width


def test_a_published_centre():
    """The README of Araujo's program: output [0, 2] of Inception-ResNet-v2 is centred at [37, 101]."""
    field = field_of(load("inception_resnet_v2"), "convolution.relu")
    assert (field.center, field.center + 2 * field.stride) == (37, 101)


def test_two_3x3_see_a_5x5(spec):
    """CS231n: a stack of two 3x3 has the receptive field of one 5x5, of three that of one 7x7."""
    net = spec("input: [1, 32, 32]\nlayers: [{conv: [1, 3], repeat: 3}]")
    assert [field_of(net, layer.name).size for layer in net.layers] == [3, 5, 7]


def test_the_centre_of_an_output():
    """-padding + i * stride + (size - 1) / 2, of the first output of ResNet's 7x7/2 with padding 3."""
    field = field_of(load("resnet50"), "conv1")
    assert (field.size, field.stride, field.start, field.center) == (7, 2, -3, 0)


def test_axes_apart(spec):
    net = spec("input: [1, 32, 32]\nlayers: [{conv: {filters: 1, kernel: [1, 7], padding: [0, 3], stride: [1, 2]}}]")
    height, width = receptive_fields(net)["conv"]
    assert (height.size, height.stride, height.start) == (1, 1, 0)
    assert (width.size, width.stride, width.start) == (7, 2, -3)


@given(*[st.integers(1, 9)] * 5, st.integers(-9, 9), st.integers(-40, 40))
def test_the_formulas_are_the_rule(kernel, dilation, step, size, stride, before, start):
    """What the report writes out is what a window does to an interval of positions, laid out by hand."""
    names = ("kernel", "dilation", "step", "before", "size", "stride", "start")
    values = dict(zip(names, (kernel, dilation, step, before, size, stride, start), strict=True))
    taps = [tap * dilation - before for tap in range(kernel)]
    first, second = ([tap + step * output for tap in taps] for output in (0, 1))
    # Position p of what comes in reaches from start + p * stride on.
    reached = [(start + tap * stride, start + tap * stride + size - 1) for tap in first]
    low, high = min(reached)[0], max(last for _, last in reached)
    assert parse(DILATED_SIZE).evaluate(values) == high - low + 1
    assert dilation > 1 or parse(SIZE).evaluate(values) == high - low + 1
    assert parse(START).evaluate(values) == low
    assert parse(STRIDE).evaluate(values) == (second[0] - first[0]) * stride
    assert parse(CENTER).evaluate({"start": low, "size": high - low + 1}) == Fraction(low + high, 2)


def test_a_union_over_branches(spec):
    net = spec("input: [1, 32, 32]\nlayers: [{add: [[{conv: {filters: 1, kernel: 5, padding: 2}}], []]}]")
    field = field_of(net, "add")
    assert (field.size, field.stride, field.start) == (5, 1, -2)


def test_a_transposed_convolution_halves_the_stride(spec):
    """Kernel 4, stride 2, padding 1: output 0 reads inputs -1 and 0, output 1 reads 0 and 1."""
    net = spec("input: [1, 8, 8]\nlayers: [{conv_transpose: {filters: 1, kernel: 4, stride: 2, padding: 1}}]")
    field = field_of(net, "conv_transpose")
    assert (field.size, field.stride, field.start, field.center) == (2, Fraction(1, 2), -1, Fraction(-1, 2))
    assert field.period == 2
    assert [fields(net).extent("conv_transpose", "input", (at, 0))[0] for at in (0, 1, 2)] == [(-1, 0), (0, 1), (0, 1)]


def test_the_size_is_that_of_the_largest_output(spec):
    """Kernel 3, stride 2: even outputs read two inputs, odd ones a single one."""
    net = spec("input: [1, 8]\nlayers: [{conv_transpose: {filters: 1, kernel: 3, stride: 2}}]")
    found = fields(net)
    ends = [found.extent("conv_transpose", "input", (at,))[0] for at in range(4)]
    assert ends == [(-1, 0), (0, 0), (0, 1), (1, 1)]
    assert found.of("conv_transpose")["input"][0].size == 2


def test_holes_of_dilation_are_within(spec):
    net = spec("input: [1, 32]\nlayers: [{conv: {filters: 1, kernel: 3, dilation: 4}}]")
    assert field_of(net, "conv").size == 9


def test_unet_reads_188_to_204():
    """Of its 16 kinds of outputs, by the place above the lowest map, the least reads 188 positions."""
    found = fields(load("unet"))
    field = found.of("softmax")["input"][0]
    sizes = {last - first + 1 for first, last in (found.extent("softmax", "input", (at, 0))[0] for at in range(16))}
    assert (min(sizes), max(sizes)) == (188, 204)
    assert (field.size, field.stride, field.period) == (204, 1, 16)


def test_a_global_pool_sees_the_whole_input():
    for name in ("global_avg_pool", "fc", "softmax"):
        field = field_of(load("resnet50"), name)
        assert (field.size, field.stride, field.start, field.whole) == (224, 0, 0, True)


def test_a_pool_to_one_position_sees_the_whole_input(spec):
    """PyTorch's global pool; what is lost before it is not seen."""
    net = spec("input: [1, 10, 10]\nlayers: [{max_pool: 3}, {adaptive_avg_pool: 1}]")
    field = field_of(net, "adaptive_avg_pool")
    assert (field.size, field.stride, field.start, field.whole) == (9, 0, 0, False)


def test_a_branch_that_sees_everything_is_the_union():
    """DeepLab's image pooling, stretched over the map again."""
    net = load("deeplabv3_resnet50")
    found = fields(net)
    (join,) = [layer.name for layer in net.layers if layer.name.startswith("head") and len(layer.inputs) > 1]
    assert all(axis.whole and axis.stride == 0 for axis in found.of(join)["input"])
    assert not found.misalignments


def test_resnet_has_a_path_for_each_choice():
    """Veit et al. 2016: n residual blocks unravel into 2^n paths."""
    assert fields(load("resnet50")).paths["fc"] == {"input": 2**16}


SQUEEZE = """
input: [4, 32, 32]
layers:
  - conv: {filters: 4, kernel: 3, padding: 1}
  - multiply:
      - []
      - [global_avg_pool, linear: 4, sigmoid]
  - conv: {filters: 4, kernel: 3, padding: 1}
    name: last
"""


def test_gates_are_left_aside_unless_told(spec):
    net = spec(SQUEEZE)
    assert fields(net).gates == (Gate("multiply", "sigmoid"),)
    assert field_of(net, "multiply").size == 3
    assert field_of(net, "last").size == 5
    through = field_of(net, "last", through_gates=True)
    assert (through.size, through.stride, through.whole) == (32, 0, True)
    assert on_the_way(net, fields(net).gates) == {"input", "conv", "multiply", "last"}
    assert "sigmoid" in on_the_way(net, ())


def test_one_answer_cannot_be_given_where_strides_differ(spec):
    text = """
input: [1, 8, 8]
layers:
  - concat:
      - - conv: {filters: 1, kernel: 2, stride: 2}
      - - crop: 2
"""
    net = spec(text)
    assert receptive_fields(net)["concat"] is None
    found = fields(net)
    field = found.of("concat")["input"][0]
    # Output i reads 2i and 2i + 1, and i + 2: 0 to 2, ..., 5 to 7.
    assert (field.size, field.stride, field.strides, field.start) == (3, None, (1, 2), 0)
    flaw = found.misalignments[0]
    assert (flaw.layer, flaw.flaw, flaw.numbers) == ("concat", Flaw.STRIDES, (1, 2))


@pytest.mark.parametrize(
    ("branch", "size", "flaw", "number"),
    [
        # TensorFlow's SAME pads an even input on the right alone: its 3x3 lies one position further.
        ("{conv: {filters: 1, kernel: 3, stride: 2, padding: same}}", 3, Flaw.CENTERS, 1),
        # Output i reads 2i + 3 beside 2i.
        ("{crop: [3, 0, 0, 0]}, {pad: [0, 3, 0, 0]}, {conv: {filters: 1, kernel: 1, stride: 2}}", 4, Flaw.GAP, 2),
    ],
)
def test_branches_that_are_not_aligned(spec, branch, size, flaw, number):
    net = spec(f"""
input: [1, 8, 8]
layers: [{{add: [[{branch}], [{{conv: {{filters: 1, kernel: 1, stride: 2}}}}]]}}]
""")
    found = fields(net)
    assert found.misalignments[0].flaw is flaw
    assert found.misalignments[0].numbers == (number,)
    assert field_of(net, "add").size == size


def test_an_axis_in_parts(spec):
    net = spec("input: {a: [1, 4, 6], b: [1, 5, 6]}\nlayers: [{concat: {axis: 1}, from: [a, b]}]")
    found = fields(net)
    assert {(flaw.input, flaw.axis, flaw.flaw) for flaw in found.misalignments} == {
        ("a", 0, Flaw.PARTS),
        ("b", 0, Flaw.PARTS),
    }
    assert [axis.start for axis in found.of("concat")["b"]] == [-4, 0]


def test_axes_that_change_places(spec):
    net = spec(
        "input: [1, 20, 30]\nlayers: [{conv: {filters: 1, kernel: [3, 5]}}, {permute: [0, 2, 1]}, {conv: [1, 2]}]"
    )
    height, width = fields(net).of("conv_2")["input"]
    assert (height.size, width.size) == (4, 6)


def test_a_map_and_its_transpose(spec):
    """x + x^T: the height of the input follows both axes of the output."""
    net = spec("input: [1, 5, 5]\nlayers: [{add: [[{permute: [0, 2, 1]}], []]}]")
    found = fields(net)
    field = found.of("add")["input"][0]
    assert (field.size, field.stride, field.strides) == (5, None, (1, 1))
    assert {one.flaw for one in found.misalignments} == {Flaw.AXES}
    assert found.extent("add", "input", (1, 3)) == ((1, 3), (1, 3))


def test_a_field_for_each_input(spec):
    text = """
input: {near: [1, 16, 16], far: [1, 16, 16], code: [8]}
layers:
  - conv: {filters: 1, kernel: 5, padding: 2}
    name: wide
    from: far
  - add:
    name: both
    from: [near, wide]
  - linear: 1
    from: code
  - multiply:
    name: gated
    from: [both, linear]
"""
    net = spec(text)
    found = fields(net, through_gates=True).of("gated")
    assert {name: field and field[0].size for name, field in found.items()} == {"near": 1, "far": 5, "code": ()}
    assert set(fields(net).of("gated")) == {"near", "far"}
    assert receptive_fields(net)["both"] is None
    assert receptive_fields(net)["wide"][0].size == 5


def test_where_there_is_no_rule(spec):
    """Resizes one after the other, of sizes that have nothing in common, repeat only after the product of them all."""
    sizes = (97, 89, 83, 79)
    layers = ", ".join(f"{{upsample: {{size: {size}}}}}, {{conv: {{filters: 1, kernel: 3}}}}" for size in sizes)
    net = spec(f"input: [1, 101]\nlayers: [{layers}]")
    found = fields(net)
    assert found.of("conv")["input"] is not None
    assert found.of(net.layers[-1].name) == {"input": None}
    assert receptive_fields(net)[net.layers[-1].name] is None


def test_huge_settings_are_answered_at_once(spec):
    net = spec(
        "input: [1, 1000000000000]\nlayers: [{conv: {filters: 1, kernel: 3, dilation: 100000000000}}, {conv: [1, 3]}]"
    )
    assert field_of(net, "conv_2").size == 200_000_000_003


def test_windows_of_equal_numbers_are_told_apart(spec):
    """A convolution's padding adds, a transposed one's takes off: the same numbers, and other fields."""
    settings = "{filters: 1, kernel: 3, padding: 1}"
    net = spec(f"input: [1, 9]\nlayers: [{{conv: {settings}}}, {{conv_transpose: {settings}, from: input}}]")
    found = fields(net)
    assert found.extent("conv", "input", (0,)) == ((-1, 1),)
    assert found.extent("conv_transpose", "input", (0,)) == ((-1, 1),)
    settings = "{filters: 1, kernel: 3, padding: [2, 0]}"
    net = spec(f"input: [1, 9]\nlayers: [{{conv: {settings}}}, {{conv_transpose: {settings}, from: input}}]")
    found = fields(net)
    assert found.extent("conv", "input", (0,)) == ((-2, 0),)
    assert found.extent("conv_transpose", "input", (0,)) == ((0, 2),)


def test_an_edge_that_no_window_reads_is_seen_by_no_later_layer(spec):
    """The 3/2 ends at position 6 of 0 to 7. That a rounded-up pool and a global one reach further changes nothing."""
    pool = "{max_pool: {kernel: 2, rounding: ceil}}"
    net = spec(f"input: [1, 8]\nlayers: [{{conv: {{filters: 1, kernel: 3, stride: 2}}}}, {pool}, global_avg_pool]")
    assert [field_of(net, layer.name).size for layer in net.layers] == [3, 5, 7]
    assert field_of(net, "global_avg_pool").center == 3
    assert not field_of(net, "global_avg_pool").whole
    net = spec(f"input: [1, 7]\nlayers: [{{conv: {{filters: 1, kernel: 3, stride: 2}}}}, {pool}, global_avg_pool]")
    assert field_of(net, "global_avg_pool").whole


def test_branches_of_other_strides_see_the_whole_together(spec):
    """Of 0 to 5 the outputs of one see -5 to 0 and -2 to 3, those of the other 0 to 5 and 1 to 6."""
    text = """
input: [1, 6]
layers:
  - concat:
      a: [conv: {filters: 1, kernel: 6, stride: 3, padding: [5, 0]}]
      b: [conv: {filters: 1, kernel: 6, padding: [0, WIDER]}]
"""
    net = spec(text.replace("WIDER", "1"))
    assert [field_of(net, layer.name).whole for layer in net.layers] == [False, False, True]
    # With windows of 5, the first output of neither sees position 5.
    net = spec(text.replace("6, padding: [0, WIDER]", "5"))
    assert not field_of(net, "concat").whole
