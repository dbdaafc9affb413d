"""Designs that the language must serve, in good_specs/: they come out as their papers' arithmetic says.

The sums are written out from the papers' tables, layer by layer, in the order of the spec.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import pytest

from cnncalc.analyses.receptive_field import fields
from cnncalc.network import build
from cnncalc.network.records import Layer, LayerGraph, inference_layers

FOLDER = Path(__file__).parent / "good_specs"


def load(name: str, *settings: tuple[str, str]) -> LayerGraph:
    return build.load(str(FOLDER / f"{name}.yaml"), settings)


def layer(network: LayerGraph, name: str) -> Layer:
    return next(layer for layer in network.layers if layer.name == name)


def params(network: LayerGraph) -> int:
    return sum(layer.params for layer in network.layers)


def conv(channels: int, filters: int, kernel: int, *, bias: bool = False) -> int:
    return filters * channels * kernel * kernel + (filters if bias else 0)


def linear(channels: int, features: int) -> int:
    return channels * features + features


def norm(channels: int) -> int:
    return 2 * channels


def test_every_design_is_tested() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in FOLDER.glob("*.yaml")} <= tested


def test_mobilenet_v3_rows() -> None:
    network = load("mobilenet_v3_rows")
    stem = conv(3, 16, 3) + norm(16)
    # Expanded to as many channels as come in: the paper leaves the expansion out.
    first = conv(1, 16, 3) + norm(16) + conv(16, 16, 1) + norm(16)
    # A quarter of 72 is 18, and 16 would be more than a tenth below.
    second = conv(16, 72, 1) + norm(72) + conv(1, 72, 5) + norm(72)
    second += linear(72, 24) + linear(24, 72) + conv(72, 40, 1) + norm(40)
    third = conv(40, 120, 1) + norm(120) + conv(1, 120, 5) + norm(120)
    third += linear(120, 32) + linear(32, 120) + conv(120, 40, 1) + norm(40)
    assert params(network) == stem + first + second + third
    # The residual is there at stride 1 alone.
    assert [one.name for one in network.layers if one.type == "add"] == ["row.0.add", "row.2.add"]
    assert layer(network, "row.2.add").inputs == (
        "row.2.residual.conv_bn_3.batch_norm",
        "row.1.residual.conv_bn_3.batch_norm",
    )
    assert layer(network, "row.1.residual.squeeze_excite.multiply").input_shapes == ((72, 56, 56), (72,))
    assert network.shape_of(network.outputs[0]) == (40, 56, 56)


def test_shufflenet_units() -> None:
    network = load("shufflenet_units")
    pointwise = {channels: conv(channels, 58, 1) + norm(58) for channels in (24, 58)}
    depthwise = {channels: conv(1, channels, 3) + norm(channels) for channels in (24, 58)}
    down = depthwise[24] + pointwise[24] + pointwise[24] + depthwise[58] + pointwise[58]
    basic = pointwise[58] + depthwise[58] + pointwise[58]
    assert params(network) == down + 3 * basic
    assert layer(network, "basic_unit.2.kept.slice").output_shape == (58, 28, 28)
    assert layer(network, "basic_unit.2.worked.slice").settings["start"] == 58
    assert network.shape_of(network.outputs[0]) == (116, 28, 28)


def test_densenet() -> None:
    network = load("densenet")

    def dense(channels: int) -> int:
        return norm(channels) + conv(channels, 48, 1) + norm(48) + conv(48, 12, 3)

    # 24 channels, two layers of growth 12: 48; halved to 24; three more: 60.
    expected = conv(3, 24, 3) + dense(24) + dense(36) + norm(48) + conv(48, 24, 1)
    expected += dense(24) + dense(36) + dense(48) + linear(60, 10)
    assert params(network) == expected
    assert layer(network, "global_avg_pool").input_shapes == ((60, 16, 16),)


def test_densenet_of_other_growth() -> None:
    network = load("densenet", ("growth", "24"), ("depths", "[6, 12, 24, 16]"))
    # DenseNet's own rule: channels = 2k, then + depth * k and halved, four times.
    channels = 48
    for depth in (6, 12, 24):
        channels = (channels + depth * 24) // 2
    assert layer(network, "global_avg_pool").input_shapes == ((channels + 16 * 24, 4, 4),)


def test_inception_aux() -> None:
    network = load("inception_aux")
    module = sum(conv(channels, filters, kernel, bias=True) for channels, filters, kernel in (
        (480, 192, 1), (480, 96, 1), (96, 208, 3), (480, 16, 1), (16, 48, 5), (480, 64, 1)
    ))  # fmt: skip
    head = conv(512, 128, 1, bias=True) + linear(128 * 4 * 4, 1024) + linear(1024, 1000)
    assert params(network) == module + head + linear(512, 1000)
    kept = inference_layers(network.layers)
    assert sum(one.params for one in kept) == module + linear(512, 1000)
    assert next(one.name for one in network.layers if one.training_only) == "aux.avg_pool"
    assert layer(network, "global_avg_pool").inputs == ("inception_4a.concat",)
    assert network.outputs == ("fc", "aux.linear_2")


def test_unet() -> None:
    network = load("unet")

    def double(channels: int, filters: int) -> int:
        return conv(channels, filters, 3, bias=True) + conv(filters, filters, 3, bias=True)

    expected = double(1, 8) + double(8, 16) + double(16, 32)
    expected += conv(32, 16, 2, bias=True) + double(32, 16) + conv(16, 8, 2, bias=True) + double(16, 8)
    assert params(network) == expected + conv(8, 1, 1, bias=True)
    assert layer(network, "decoder0.concat").inputs[0].startswith("encoder1.")
    assert layer(network, "decoder1.concat").inputs[0].startswith("encoder0.")
    assert network.shape_of("mask") == (1, 64, 64)


def test_unet_of_five_levels() -> None:
    """The original's depth: 1024 channels at the bottom, and 31,030,593 parameters for one class from grey images."""
    network = load("unet", ("width", "64"), ("levels", "5"))
    expected = 0
    channels = 1
    for filters in (64, 128, 256, 512, 1024):
        expected += conv(channels, filters, 3, bias=True) + conv(filters, filters, 3, bias=True)
        channels = filters
    for filters in (512, 256, 128, 64):
        expected += conv(2 * filters, filters, 2, bias=True)
        expected += conv(2 * filters, filters, 3, bias=True) + conv(filters, filters, 3, bias=True)
    assert params(network) == expected + 64 + 1 == 31_030_593
    assert layer(network, "decoder3.concat").inputs[0].startswith("encoder0.")


def test_nasnet_cells() -> None:
    network = load("nasnet_cells")
    depthwise = 9 * 8
    # Each cell reads the input or 8 channels, then cells of 16.
    pairs = [(3, 8), (8, 16), (16, 16)]
    expected = conv(3, 8, 3) + sum(8 * before + 8 * last + depthwise for before, last in pairs)
    assert params(network) == expected
    assert layer(network, "cell1.left").inputs == ("input",)
    assert layer(network, "cell2.left").inputs == ("cell0",)
    assert layer(network, "cell3.left").inputs == ("cell1.concat",)
    assert layer(network, "cell3.right").inputs == ("cell2.concat",)


def test_hrnet_streams() -> None:
    network = load("hrnet_streams")
    streams = conv(3, 8, 3) + norm(8) + conv(8, 8, 3) + norm(8) + conv(16, 16, 3) + norm(16)
    assert params(network) == streams + 2 * conv(8, 16, 3) + conv(16, 8, 1)
    assert network.outputs == ("high2", "low2")
    assert [network.shape_of(name) for name in network.outputs] == [(8, 64, 64), (16, 32, 32)]


@pytest.mark.parametrize("name", ["siamese", "siamese_branches"])
def test_siamese(name: str) -> None:
    network = load(name)
    tower = conv(1, 8, 5, bias=True) + norm(8) + linear(8 * 12 * 12, 16)
    assert params(network) == tower + linear(32, 1)
    macs = 12 * 12 * 8 * 25 + 8 * 12 * 12 * 16
    assert sum(one.macs for one in network.layers) == 2 * macs + 32
    assert dict(network.inputs) == {"left": (1, 28, 28), "right": (1, 28, 28)}


test_siamese_branches = test_siamese


def test_lenet_c3() -> None:
    """60 pairs of maps: 60 * 25 + 16 = 1,516 parameters, as the paper says."""
    network = load("lenet_c3")
    assert params(network) == 1_516
    assert network.shape_of("C3") == (16, 10, 10)


def test_recurrent_convolution() -> None:
    network = load("recurrent_convolution")
    assert params(network) == conv(8, 8, 3, bias=True) + conv(8, 8, 3)
    assert sum(one.type == "conv" for one in network.layers) == 6
    shared = layer(network, "step2.back.conv")
    assert (shared.inputs, shared.weights_from) == (("step1.relu",), "step0.back.conv")
    assert layer(network, "step2.feed.conv").inputs == ("input",)


def test_multi_scale_heads() -> None:
    network = load("multi_scale_heads")
    assert params(network) == 4 * conv(64, 16, 1) + conv(128, 21, 1, bias=True)
    assert layer(network, "concat").output_shape == (64 + 4 * 16, 60, 60)
    assert [one.output_shape for one in network.layers if one.type == "adaptive_avg_pool"] == [
        (64, bins, bins) for bins in (1, 2, 3, 6)
    ]


def test_volumes_and_signals() -> None:
    network = load("volumes_and_signals")
    # C3D's first layer (Tran et al. 2014): 64 filters of 3x3x3x3.
    assert layer(network, "conv1a").params == 64 * 81 + 64
    assert layer(network, "conv").output_shape == (16, 4000)
    assert params(network) == 16 * 9 + 16 + 64 * 81 + 64 + linear(80, 2)
    assert layer(network, "max_pool").output_shape == (64, 16, 56, 56)
    assert network.outputs == ("match", "seen")


def test_hourglass() -> None:
    network = load("hourglass")
    residual = conv(8, 4, 1) + conv(4, 8, 3)
    # Three at each of three depths, and one more in the middle.
    assert params(network) == 10 * residual
    assert [one.output_shape for one in network.layers if one.type == "max_pool"] == [(8, 16, 16), (8, 8, 8), (8, 4, 4)]
    assert network.outputs == ("hourglass.add",)
    assert params(load("hourglass", ("depth", "1"))) == 4 * residual


def test_feature_pyramid() -> None:
    network = load("feature_pyramid")
    stem = conv(3, 8, 3) + conv(8, 16, 3, bias=True) + conv(16, 32, 3, bias=True)
    laterals = conv(32, 8, 1, bias=True) + conv(16, 8, 1, bias=True) + conv(8, 8, 1, bias=True)
    head = conv(8, 8, 3, bias=True) + conv(8, 4, 3, bias=True)
    assert params(network) == stem + laterals + head
    # Scale, shift, mean and variance, none of them learned.
    assert sum(one.buffers for one in network.layers) == 4 * 8
    assert [network.shape_of(name) for name in network.outputs] == [(4, 8, 8), (4, 30, 30), (4, 60, 60)]
    assert layer(network, "p2.upsample").inputs == ("p3.add",)
    assert layer(network, "p2.reduced").inputs == ("c2",)
    assert layer(network, "boxes.2.conv_2").weights_from == "boxes.0.conv_2"


def test_chosen_types() -> None:
    network = load("chosen_types")
    first = conv(3, 8, 3, bias=True) + norm(8)
    repeated = conv(8, 8, 3, bias=True) + norm(8)
    bottleneck = conv(8, 4, 3, bias=True) + norm(4) + conv(4, 8, 1, bias=True)
    assert params(network) == first + 2 * repeated + conv(8, 8, 3, bias=True) + bottleneck + repeated
    activations = [one for one in network.layers if one.name.rpartition(".")[2].endswith(("relu", "swish", "silu"))]
    kinds = ["relu", "hard_swish", "silu", "leaky_relu", "hard_swish", "relu"]
    assert [one.type for one in activations] == kinds
    assert layer(network, "plain.conv_act.leaky_relu").settings["slope"] == Fraction(1, 10)
    assert layer(network, "conv_act_2.1.group_norm").settings["groups"] == 4


def test_pyramid_on_a_backbone() -> None:
    network = load("pyramid_on_a_backbone")
    # torchvision's ResNet-50 has 25,557,032 parameters, 2,049,000 of them in its last layer, which no output needs.
    backbone = 25_557_032 - 2_049_000
    inner = sum(conv(channels, 256, 1, bias=True) for channels in (256, 512, 1024, 2048))
    assert params(network) == backbone + inner + 4 * conv(256, 256, 3, bias=True)
    # With the batch norms of the backbone frozen, 53,120 fewer: the figure of its resnet_fpn_backbone.
    assert params(network) - 53_120 == 26_799_296
    assert [layer(network, name).output_shape for name in network.outputs] == [
        (256, size, size) for size in (128, 64, 32, 16)
    ]
    assert network.left_out == (
        ("backbone", tuple(f"backbone.{name}" for name in ("global_avg_pool", "fc", "softmax")), 2_049_000),
    )


def test_wider_end_of_vgg16() -> None:
    network = load("wider_end_of_vgg16")
    # Layers of Simonyan and Zisserman's configuration D, with 1,024 filters in the last three.
    widths = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 1024, 1024, 1024)
    convs = sum(conv(before, after, 3, bias=True) for before, after in itertools.pairwise(widths))
    assert params(network) == convs + linear(7 * 7 * 1024, 4096) + linear(4096, 4096) + linear(4096, 1000)


def test_attentive_units() -> None:
    network = load("attentive_units")
    # Two units of a 3x3 convolution and a gate of two linear layers, a quarter as wide.
    units = [
        conv(3, 16, 3, bias=True) + linear(16, 4) + linear(4, 16),
        conv(16, 32, 3, bias=True) + linear(32, 8) + linear(8, 32),
    ]
    assert params(network) == sum(units) + linear(32, 10)


def within(network: LayerGraph, block: str) -> list[Layer]:
    return [layer for layer in network.layers if layer.name.startswith(f"{block}.")]


def test_attention_blocks() -> None:
    """7 x 7 positions, or 49 tokens, of 64 channels; 4 heads of 16."""
    network = load("attention_blocks")
    channels, tokens = 64, 49
    project = linear(channels, channels)

    def cost(block: str) -> tuple[int, int]:
        inside = within(network, block)
        return sum(one.params for one in inside), sum(one.macs for one in inside)

    # nn.MultiheadAttention of PyTorch: in_proj of 3 d x d + 3 d, out_proj of d x d + d.
    macs = 4 * tokens * channels**2 + 2 * tokens**2 * channels
    assert cost("encoder.attention.self") == (4 * channels**2 + 4 * channels, macs)
    mlp = linear(channels, 256) + linear(256, channels)
    assert cost("encoder") == (4 * project + mlp + 2 * norm(channels), macs + 2 * tokens * channels * 256)
    # Swin's relative_position_bias_table: (2 x 7 - 1)^2 offsets for each head.
    assert cost("windows") == (4 * project + 13**2 * 4, macs)
    # Swin v2: a factor for each head, and linear layers of 2 to 16 to 4 numbers for each offset.
    bias = linear(2, 16) + 16 * 4
    assert cost("cosine_windows") == (4 * project + 4 + bias, macs + 13**2 * (2 * 16 + 16 * 4))
    assert sum(one.buffers for one in within(network, "cosine_windows")) == 2 * 13**2
    assert cost("squeeze_excitation") == (linear(64, 4) + linear(4, 64), 2 * 64 * 4)
    assert cost("effective_squeeze_excitation") == (project, channels**2)
    assert cost("efficient_channel_attention") == (5, 5 * channels)
    # One weight for each position, the sum with these weights, and the two linear layers with a norm.
    gate = linear(64, 4) + norm(4) + linear(4, 64)
    assert cost("global_context") == (conv(64, 1, 1, bias=True) + gate, 2 * tokens * channels + 2 * 64 * 4)
    # One perceptron for means and maxima; a convolution of two maps.
    assert cost("cbam") == (2 * 64 * 4 + 2 * 49, 4 * 64 * 4 + 2 * 49 * tokens)
    # gamma and beta; timm's GlobalResponseNorm(64) has 128.
    assert cost("global_response_norm") == (128, 0)
    half = conv(64, 32, 1, bias=True)
    mixed = 2 * tokens**2 * 32
    assert cost("non_local") == (3 * half + conv(32, 64, 1, bias=True), 4 * tokens * 64 * 32 + mixed)
    assert cost("gated_mlp") == (64 * 256 + 128 * 64, tokens * (64 * 256 + 128 * 64))
    assert layer(network, "gated_mlp.project").output_shape == (64, 49)
    assert cost("glu") == (0, 0)
    assert layer(network, "glu.apply").output_shape == (64, 49)
    # Every position sees every other behind each attention.
    found = fields(network)
    for name in ("global_context.context", "non_local.mixed", "windows.mixed", "encoder.attention.self.mixed"):
        assert all(axis.whole for axis in found.of(name)["input"]), name
    assert layer(network, "encoder.attention.self.query.apply").settings == {"function": "x / sqrt((16))"}
