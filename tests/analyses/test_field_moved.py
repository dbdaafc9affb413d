"""Fields behind reshape, permute and flatten, by hand; random ones are in test_field_by_elements.py."""

from __future__ import annotations

from fractions import Fraction

from cnncalc.analyses.receptive_field import NoRule, fields
from cnncalc.analyses.regions import region

# 64 x 20 to 2 x 10, through 3x3 windows and pools: sizes 3, 4 (stride 2), 8, 10 (stride 4), 18, 22 (stride 8).
CRNN = """
input: [1, 16, 80]
layers:
  - conv: {filters: 8, kernel: 3, padding: 1}
  - max_pool: 2
  - conv: {filters: 8, kernel: 3, padding: 1}
  - max_pool: {kernel: [8, 2], stride: [8, 2]}
  - reshape: [8, 20]
  - conv: {filters: 5, kernel: 3, padding: 1}
"""
VIT = """
input: [3, 64, 96]
layers:
  - conv: {filters: 8, kernel: 16, stride: 16}
  - reshape: [8, 24]
  - permute: [1, 0]
  - layer_norm
  - permute: [1, 0]
  - conv: {filters: 8, kernel: 1}
  - reshape: [8, 4, 6]
"""
SWIN = """
input: [3, 56, 56]
layers:
  - conv: {filters: 8, kernel: 4, stride: 4}
  - permute: [1, 2, 0]
  - layer_norm
  - permute: [2, 0, 1]
  - reshape: [8, 2, 7, 2, 7]
  - permute: [0, 1, 3, 2, 4]
  - reshape: [8, 4, 49]
  - conv: {filters: 8, kernel: 1}
"""


def numbers(field):
    return [(axis.size, axis.stride, axis.start, axis.period) for axis in field]


def test_an_axis_of_size_1_that_is_dropped(spec):
    """The width goes on as it was: 3, +1 at stride 1, +2 at 2, +1 at 2; then +2 at stride 4."""
    found = fields(spec(CRNN))
    height, width = found.of("max_pool_2")["input"]
    assert (width.size, width.stride, width.start) == (10, 4, -3)
    reshaped = found.of("reshape")["input"]
    assert (reshaped[1].size, reshaped[1].stride, reshaped[1].start) == (10, 4, -3)
    assert not reshaped[1].whole
    assert (height.size, reshaped[0].size, reshaped[0].whole) == (22, 16, True)
    assert numbers(found.of("conv_3")["input"])[1] == (18, 4, -7, 1)


def test_rows_and_columns_that_become_one_axis(spec):
    """Token 13 of 6 in a row is row 2, column 1; rows move on by a sixth on average, columns go back after 6."""
    net = spec(VIT)
    found = fields(net)
    height, width = found.of("reshape")["input"]
    assert (height.size, height.stride, height.period, height.whole) == (16, Fraction(16, 6), 6, False)
    assert (width.size, width.stride, width.period, width.whole) == (16, 0, 6, False)
    assert found.extent("reshape", "input", (13,)) == ((32, 47), (16, 31))
    assert region(net, "reshape", (13,))["input"].boxes == ((((32, 47),), ((16, 31),)),)


def test_tokens_that_were_channels_for_a_while(spec):
    net = spec(VIT)
    found = fields(net)
    assert all(axis.whole for axis in found.of("layer_norm")["input"])
    assert not found.is_shared("layer_norm", "input")
    assert found.of("conv_2") == found.of("reshape")
    assert numbers(found.of("reshape_2")["input"]) == [(16, 16, 0, 1), (16, 16, 0, 1)]
    read = region(net, "reshape_2", (2, 1))["input"]
    assert (read.boxes, read.exact) == (((((32, 47),), ((16, 31),)),), True)


def test_tokens_that_are_mixed_see_all(spec):
    """MLP-Mixer: a 1x1 convolution over tokens that are channels reads every token."""
    net = spec(VIT.replace("layer_norm", "conv: {filters: 24, kernel: 1}"))
    found = fields(net)
    assert found.is_shared("conv_2", "input")
    assert all(axis.whole for axis in found.of("permute_2")["input"])
    assert region(net, "permute_2", (13,))["input"].whole


def test_windows_have_no_rule_and_are_followed(spec):
    """Position 8 of window 1 is row 1, column 8: a window has 7 x 7."""
    net = spec(SWIN)
    found = fields(net)
    assert found.of("permute_2") == found.of("conv")
    assert found.of("conv_2") == {"input": None}
    assert found.missing("conv_2", "input") is NoRule.ORDER
    read = region(net, "conv_2", (1, 8))["input"]
    assert (read.boxes, read.exact) == (((((4, 7),), ((32, 35),)),), True)


def test_channels_of_several_branches_are_no_positions(spec):
    """Which branch a position has that was a channel is not followed, and not told as all of them."""
    net = spec(
        "input: [1, 32]\nlayers: [{concat: [[], [{conv: {filters: 1, kernel: 9, padding: 4}}]]}, {permute: [1, 0]}]"
    )
    assert fields(net).missing("permute", "input") is NoRule.ORDER


def test_a_flattened_map_sees_all_of_it_together(spec):
    net = spec("input: [2, 6, 8]\nlayers: [flatten, {reshape: [2, 6, 8]}, flatten, {linear: 4}, {reshape: [1, 2, 2]}]")
    found = fields(net)
    assert all(axis.whole for axis in found.of("flatten")["input"])
    assert (found.is_shared("flatten", "input"), found.is_shared("linear", "input")) == (False, True)
    assert numbers(found.of("reshape")["input"]) == [(1, 1, 0, 1), (1, 1, 0, 1)]
    assert all(axis.whole for axis in found.of("reshape_2")["input"])


def test_the_sentences(spec, run, tmp_path):
    path = tmp_path / "vit.yaml"
    path.write_text(VIT)
    said = " ".join(run("field", str(path)).output.split())
    assert "every output sees the whole input" not in said
    assert "In permute, positions become channels: the field is that of all channels together" in said
    assert "一个输出的" not in said
    assert "在 permute 中，位置变成了通道" in run("field", str(path), "--language", "zh").output
    layer = " ".join(run("field", str(path), "permute").output.split())
    assert "All channels together see the whole input; a single channel may see less." in layer
    path.write_text(SWIN)
    said = " ".join(run("field", str(path)).output.split())
    assert "reshape and the layers that depend on it have no size or stride: a layer reorders positions" in said
    assert "It has no size or stride: a layer reorders" in " ".join(run("field", str(path), "conv_2").output.split())
