"""What weights would be without sharing: against lecture notes, papers, other networks and brute force."""

import csv
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.reading import FIGURES

from cnncalc import layers
from cnncalc.analyses.sharing import (
    NOTHING,
    ExactRatio,
    connectivity,
    counts,
    fully_connected,
    reads,
    separable_pairs,
    sharing,
    total,
    ungrouped_figures,
    unshared,
)
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape
from cnncalc.network.build import load
from cnncalc.network.records import Layer, figures_of

ANY = load("lenet5").layers[0]
PAPER = Path(__file__).parents[1] / "reference" / "papers"


def published(network: str, settings: str = "") -> tuple[int, int]:
    """The parameters and the multiply-accumulates of a network, as tests/reference has them."""
    rows = [
        row for row in FIGURES if (row["network"], row["settings"], row["counted"]) == (network, settings, "inference")
    ]
    return int(rows[0]["params"]), int(rows[0]["macs"])


def placed(kind: str, *inputs: tuple[int, ...], **settings: object) -> Layer:
    """A layer of a type, read by nobody."""
    layer_type = layers.all_types()[kind](**settings)
    figures = figures_of(layer_type, tuple(map(Shape, inputs)))
    return ANY._replace(name="layer", figures=figures)


class TestLectureNotes:
    """CS231n, Convolutional Networks: 227x227x3, 96 filters of 11x11 with stride 4, which give 55x55x96."""

    layer = placed("conv", (3, 227, 227), filters=96, kernel=11, stride=4)

    def test_unshared_and_shared(self):
        """290,400 neurons of 11*11*3 + 1 = 364 parameters each are 105,705,600; with sharing 34,944."""
        assert unshared(self.layer) == 290_400 * 364 == 105_705_600
        assert self.layer.params == 34_944

    def test_sparse_connectivity(self):
        """A neuron reads 11*11*3 = 363 of the 227*227*3 = 154,587 inputs."""
        assert reads(self.layer) == 363
        part, whole = connectivity(self.layer)
        assert Fraction(part, whole) == Fraction(363, 154_587)

    def test_fully_connected(self):
        assert fully_connected(self.layer) == 290_400 * 154_587 + 290_400

    def test_a_ratio_is_kept_exact(self):
        assert counts(self.layer).ratio("unshared") == ExactRatio(105_705_600, 34_944)
        assert Fraction(*counts(self.layer).ratio("unshared")) == 55 * 55


class TestLeNet:
    """LeCun et al. 1998: 60,000 trainable parameters, 340,908 connections, 840 of them of fixed weights."""

    facts = sharing(load("lenet5"))

    def test_connections_of_each_layer(self):
        rows = csv.DictReader((PAPER / "lenet5.csv").read_text(encoding="utf-8").splitlines())
        expected = {row["name"]: int(row["connections"]) for row in rows if int(row["params"])}
        assert {layer.name: each.unshared for layer, each in self.facts.layers} == expected

    def test_connections_in_all(self):
        assert self.facts.total.params == 60_000
        assert self.facts.total.unshared == 340_908 - 840

    def test_c3_fully_connected_to_the_maps_below(self):
        """16 filters of 5x5 over all 6 maps: 16 * (6 * 25 + 1) = 2,416, in place of 1,516."""
        c3 = next(each for layer, each in self.facts.layers if layer.name == "C3")
        assert (c3.params, c3.ungrouped) == (1_516, 2_416)
        assert self.facts.total.ungrouped == 60_000 + 900


class TestWholeNetworks:
    def test_alexnet_on_one_gpu(self):
        facts = sharing(load("alexnet"))
        assert (
            (facts.total.ungrouped, facts.ungrouped_macs)
            == published("alexnet", "groups=1")
            == (62_378_344, 1_135_256_096)
        )

    def test_resnext_with_full_convolutions_is_the_wide_resnet(self):
        """ResNeXt-50 32x4d and Wide ResNet-50-2 have equal widths: their blocks differ in the 32 groups alone."""
        facts = sharing(load("resnext50_32x4d"))
        assert (facts.total.ungrouped, facts.ungrouped_macs) == published("wide_resnet50_2")

    def test_mobilenet_with_full_convolutions(self):
        """Howard et al. 2017, Table 4: 29.3 M parameters and 4866 M MACs against 4.2 M and 569 M."""
        facts = sharing(load("mobilenet_v1"))
        pairs = [(32, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), *[(512, 512)] * 5, (512, 1024)]
        pairs += [(1024, 1024)]
        convolutions = 3 * 9 * 32 + sum(9 * channels * filters for channels, filters in pairs)
        norms = 2 * 32 + sum(2 * filters for _, filters in pairs)
        assert facts.total.merged == convolutions + norms + 1025 * 1000 == 29_294_088
        assert facts.merged_macs == 4_867_293_184
        # With its pointwise convolutions left in place, and the norms that stand between.
        squares = sum(9 * channels * channels + channels * filters + 2 * channels for channels, filters in pairs)
        assert facts.total.ungrouped == 3 * 9 * 32 + squares + norms + 1025 * 1000

    def test_vgg16(self):
        """Each weight is used at every position of its layer, so uses are MACs, and biases one an output number."""
        facts = sharing(load("vgg16"))
        shape = {layer.name: layer.output_shape for layer, _ in facts.layers}
        assert facts.total.unshared == published("vgg16")[1] + sum(map(Shape.elements.fget, shape.values()))
        conv1_2 = 224 * 224 * 64
        by_name = {layer.name: each for layer, each in facts.layers}
        assert by_name["conv1_2"].fully_connected == conv1_2 * conv1_2 + conv1_2
        assert by_name["fc6"] == total([by_name["fc6"]]) == (by_name["fc6"].params,) * 6

    def test_siamese_twins_untied(self):
        """Koch et al. 2015: all but the last layer, 4096 weights and a bias, stands twice."""
        facts = sharing(load("siamese"))
        params = published("siamese")[0]
        assert facts.total.params == params
        assert facts.total.untied == 2 * (params - 4_097) + 4_097
        assert facts.total.ungrouped == params, "what is tied stays tied"

    def test_auxiliary_heads_count_in_training(self):
        facts = sharing(load("googlenet"))
        assert facts.total.params == 6_998_552
        assert facts.training.params == 13_378_280

    def test_a_network_that_learns_nothing(self, spec):
        assert sharing(spec("input: [3, 8, 8]\nlayers: [relu, max_pool: 2]")) == (
            (),
            NOTHING,
            NOTHING,
            ExactRatio(0, 0),
            {},
            0,
            0,
            0,
        )


class TestWhatIsKept:
    @pytest.mark.parametrize(
        ("kind", "settings"),
        [
            ("batch_norm", {}),
            ("layer_norm", {}),
            ("group_norm", {"groups": 2}),
            ("instance_norm", {"affine": True}),
            ("scale", {"bias": True}),
            ("prelu", {"per_channel": True}),
            ("opaque", {"output": (4, 5, 6), "params": 70, "macs": 900}),
        ],
    )
    def test_weights_that_connect_nothing_or_do_not_tell(self, kind, settings):
        layer = placed(kind, (4, 5, 6), **settings)
        assert layer.params
        assert counts(layer) == (layer.params,) * 6
        assert connectivity(layer) is None
        assert reads(layer) is None

    def test_they_are_named(self):
        assert sharing(load("resnet18")).kept == {"batch_norm": 2 * 4_800}

    def test_what_is_not_learned_counts_in_none(self):
        assert counts(placed("rbf", (84,), units=10)) == NOTHING


class TestSeparable:
    TEXT = """
input: [6, 9, 9]
layers:
  - depthwise_conv: {kernel: 3, stride: 2, multiplier: MULTIPLIER, bias: BIAS}
  - batch_norm
  - relu
  - conv: {filters: 10, kernel: 1, bias: BIAS}
"""

    @pytest.mark.parametrize("multiplier", [1, 2])
    @pytest.mark.parametrize("bias", [True, False])
    def test_pair(self, multiplier, bias, spec):
        text = self.TEXT.replace("MULTIPLIER", str(multiplier)).replace("BIAS", str(bias).lower())
        network = spec(text)
        (pair,) = separable_pairs(network)
        full = spec(
            f"input: [6, 9, 9]\nlayers: [conv: {{filters: 10, kernel: 3, stride: 2, bias: {str(bias).lower()}}}]"
        )
        assert pair.full_params == full.layers[0].params
        assert pair.full_macs == full.layers[0].macs
        facts = sharing(network)
        assert facts.total.merged == pair.full_params, "the norm between the two is gone"
        assert facts.merged_macs == pair.full_macs

    def test_cost_is_one_over_filters_and_one_over_positions(self):
        """Howard et al. 2017, section 3.1: 1/N + 1/D_K^2."""
        for pair in separable_pairs(load("mobilenet_v1")):
            assert Fraction(*pair.macs) == Fraction(1, pair.pointwise.output_shape.channels) + Fraction(1, 9)
        assert len(separable_pairs(load("mobilenet_v1"))) == 13

    @pytest.mark.parametrize(
        "after",
        [
            "conv: {filters: 4, kernel: 3}",
            "conv: {filters: 4, kernel: 1, groups: 2}",
            "conv: {filters: 4, kernel: 1, stride: 2}",
            "local_conv: {filters: 4, kernel: 1}",
            "max_pool: 2",
            "add: [[conv: {filters: 4, kernel: 1}], [conv: {filters: 4, kernel: 1}]]",
            "linear: {features: 4, flatten: true}",
            "relu",
        ],
    )
    def test_what_is_no_pair(self, after, spec):
        text = (
            f"input: [6, 9, 9]\nlayers: [depthwise_conv: 3, {{{after}}}, relu]"
            if ":" in after
            else (f"input: [6, 9, 9]\nlayers: [depthwise_conv: 3, {after}]")
        )
        assert separable_pairs(spec(text)) == ()

    def test_an_output_of_the_network_is_no_middle(self, spec):
        text = """
input: [6, 9, 9]
outputs: [dw, pw]
layers:
  - depthwise_conv: 3
    name: dw
  - conv: [4, 1]
    name: pw
"""
        assert separable_pairs(spec(text)) == ()

    def test_a_full_convolution_before_it_is_none(self, spec):
        assert (
            separable_pairs(spec("input: [6, 9, 9]\nlayers: [conv: {filters: 6, kernel: 3, groups: 2}, conv: [4, 1]]"))
            == ()
        )

    def test_twins_are_merged_once(self, spec):
        text = """
input: {left: [6, 9, 9], right: [6, 9, 9]}
blocks:
  tower: [depthwise_conv: 3, conv: [4, 1]]
layers:
  - tower:
    from: left
    name: one
  - tower:
    from: right
    name: two
    weights: one
  - add:
    from: [one, two]
"""
        facts = sharing(spec(text))
        assert facts.total.merged == 6 * 4 * 9 + 4
        assert facts.total.ungrouped == 6 * 6 * 9 + 6 + 6 * 4 + 4
        assert facts.total.untied == 2 * facts.total.params

    def test_filters_that_are_read_by_other_1x1s_are_merged_with_each(self, spec):
        """A full 3x3 of 4 by 4 channels, 144 weights, for each of two 1x1s behind the same nine weights a channel."""
        facts = sharing(
            spec(
                "input: [4, 8, 8]\nlayers:\n"
                "  - depthwise_conv: {kernel: 3, bias: false}\n    name: first\n"
                "  - conv: {filters: 4, kernel: 1, bias: false}\n"
                "  - depthwise_conv: {kernel: 3, bias: false}\n    weights: first\n"
                "  - conv: {filters: 4, kernel: 1, bias: false}\n"
            )
        )
        assert facts.total.merged == 2 * 4 * 4 * 9


# --- brute force ----------------------------------------------------------------------------------

sizes = st.tuples(st.integers(4, 7), st.integers(4, 7))


@given(
    sizes,
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(1, 3),
    st.sampled_from([1, 2, 3]),
    st.booleans(),
)
def test_each_connection_of_a_convolution_is_counted(size, kernel, stride, padding, filters, groups, bias):
    """Every output position, filter, tap and channel of the filter's group is a weight of its own."""
    channels, filters = 2 * groups, filters * groups
    layer = placed(
        "conv",
        (channels, *size),
        filters=filters,
        kernel=kernel,
        stride=stride,
        padding=padding,
        groups=groups,
        bias=bias,
    )
    height, width = ((axis + 2 * padding - kernel) // stride + 1 for axis in size)
    weights, biases = set(), set()
    for row, column, filter_ in product(range(height), range(width), range(filters)):
        biases.add((row, column, filter_))
        group = filter_ * groups // filters
        for tap_row, tap_column, channel in product(range(kernel), range(kernel), range(channels)):
            if channel * groups // channels == group:
                weights.add((row, column, filter_, row * stride + tap_row, column * stride + tap_column, channel))
    assert unshared(layer) == len(weights) + (len(biases) if bias else 0)
    assert reads(layer) == Fraction(len(weights), len(biases))
    local = layers.all_types()["local_conv"]
    if groups == 1:
        alike = figures_of(
            local(filters=filters, kernel=kernel, stride=stride, padding=padding, bias=bias), layer.input_shapes
        )
        assert unshared(layer) == alike.params, "a locally connected layer"


@given(sizes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 2]), st.booleans())
def test_each_connection_of_a_transposed_convolution_is_counted(size, kernel, stride, filters, groups, bias):
    """Every input position spreads every filter of its channel's group; one that meets another adds to it."""
    channels, filters = 2 * groups, filters * groups
    layer = placed(
        "conv_transpose", (channels, *size), filters=filters, kernel=kernel, stride=stride, groups=groups, bias=bias
    )
    connections, outputs = set(), set()
    for row, column, channel in product(range(size[0]), range(size[1]), range(channels)):
        for tap_row, tap_column, filter_ in product(range(kernel), range(kernel), range(filters)):
            if filter_ * groups // filters == channel * groups // channels:
                output = (row * stride + tap_row, column * stride + tap_column, filter_)
                connections.add((row, column, channel, output))
                outputs.add(output)
    everywhere = layer.output_shape.elements
    assert unshared(layer) == len(connections) + (everywhere if bias else 0)
    assert len(outputs) <= everywhere


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("conv", {"filters": 6, "kernel": 3, "groups": 2}),
        ("depthwise_conv", {"kernel": 3, "multiplier": 2}),
        ("conv_transpose", {"filters": 6, "kernel": 3, "stride": 2}),
        ("local_conv", {"filters": 6, "kernel": 3}),
    ],
)
def test_fully_connected_is_a_linear_layer_between_the_same_tensors(kind, settings, bias):
    layer = placed(kind, (4, 7, 8), **settings, bias=bias)
    linear = placed("linear", (4, 7, 8), features=layer.output_shape.elements, flatten=True, bias=bias)
    assert fully_connected(layer) == linear.params


@pytest.mark.parametrize(
    ("kind", "settings", "full"),
    [
        ("conv", {"filters": 8, "kernel": (3, 5), "groups": 4, "dilation": 2, "padding": 4}, 8 * 4 * 15 + 8),
        ("conv", {"filters": 3, "kernel": 3, "connections": ((0,), (1, 2), (0, 3)), "bias": False}, 3 * 4 * 9),
        ("conv_transpose", {"filters": 8, "kernel": 3, "groups": 2}, 4 * 8 * 9 + 8),
        ("depthwise_conv", {"kernel": 3, "multiplier": 3, "stride": 2, "padding": "same"}, 12 * 4 * 9 + 12),
    ],
)
def test_the_full_convolution_has_the_same_output(kind, settings, full):
    layer = placed(kind, (4, 12, 12), **settings)
    figures = ungrouped_figures(layer)
    assert figures.params == full == counts(layer).ungrouped
    assert figures.output_shape == layer.output_shape


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("conv", {"filters": 8, "kernel": 3}),
        ("conv_transpose", {"filters": 8, "kernel": 3}),
        ("local_conv", {"filters": 8, "kernel": 3}),
        ("linear", {"features": 8, "flatten": True}),
        ("subsample", {}),
        ("relu", {}),
    ],
)
def test_what_is_full_already_has_no_other(kind, settings):
    layer = placed(kind, (4, 12, 12), **settings)
    assert ungrouped_figures(layer) is None
    assert counts(layer).ungrouped == layer.params


def test_one_channel_alone_is_read_in_full():
    assert ungrouped_figures(placed("depthwise_conv", (1, 12, 12), kernel=3, multiplier=4)) is None


def test_every_type_that_multiplies_learned_weights_tells_how_it_is_wired():
    """Only a layer whose figures are declared does not tell."""
    silent = set()
    for name, kind in layers.all_types().items():
        if kind.counts_as_depth and kind.wiring in (LayerType.wiring, layers.all_types()["relu"].wiring):
            silent.add(name)
    assert silent == set()
