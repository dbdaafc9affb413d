"""The facts of explanations, held to papers, lecture notes and arithmetic of their own."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.analyses.explanation import explain
from cnncalc.analyses.fits import fits
from cnncalc.analyses.sharing import counts
from cnncalc.analyses.story import stages, story
from cnncalc.errors import Span
from cnncalc.layers.conv import Conv
from cnncalc.layers.pools import MaxPool
from cnncalc.layers.shapes import Shape
from cnncalc.network import build
from cnncalc.network.records import Layer, figures_of


def placed(layer_type, *shapes):
    return Layer("it", figures_of(layer_type, tuple(map(Shape, shapes))), ("input",), None, False, Span("", 1, 1), {})


# --- formulas -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alexnet", "lenet5", "mobilenet_v1", "googlenet", "dcgan_generator", "densenet121"])
def test_formulas_sum_to_the_counts(name):
    network = build.load(name)
    for layer in network.layers:
        derived = {one.key: one.result for one in explain(network, layer.name).derivations if one.key != "out_size"}
        weights = [weight.name for weight in layer.weights if weight.learned]
        assert sum(derived[key] for key in weights) == layer.figures.params
        assert derived.get("params", layer.figures.params) == layer.figures.params
        assert derived.get("flops", 0) == layer.flops
        assert derived.get("multiply_accumulates", 0) == layer.macs


def test_comparisons_are_worked_out_to_the_counts():
    network = build.load("lenet5")
    compared = 0
    for layer in network.layers:
        for one in explain(network, layer.name).compared:
            assert one.result == getattr(counts(layer), one.key)
            compared += 1
    assert compared == 2 * 6


def test_axes_with_the_same_numbers_are_worked_out_once():
    network = build.load("inception_v3")
    square = next(layer for layer in network.layers if layer.settings.get("kernel") == 3)
    oblong = next(layer for layer in network.layers if layer.settings.get("kernel") == (1, 7))
    sizes = [one.axes for one in explain(network, square.name).derivations if one.key == "out_size"]
    assert sizes == [("height", "width")]
    sizes = [one.axes for one in explain(network, oblong.name).derivations if one.key == "out_size"]
    assert sizes == [("height",), ("width",)]


# --- what a layer is compared with ----------------------------------------------------------------


def test_the_separable_pairs_of_mobilenet_cost_what_the_paper_says():
    """Howard et al. 2017, section 3.1: 1/N + 1/D_K^2."""
    network = build.load("mobilenet_v1")
    pairs = {name: explain(network, name).separable_share for name in ("conv2_1.dw", "conv2_1.sep", "conv6.dw")}
    assert pairs["conv2_1.dw"].result == pairs["conv2_1.sep"].result == Fraction(1, 64) + Fraction(1, 9)
    assert pairs["conv6.dw"].result == Fraction(1, 1024) + Fraction(1, 9)
    assert explain(network, "conv1").separable is None


def test_three_small_filters_have_27_of_49_weights():
    stack = explain(build.load("vgg16"), "conv5_3").stack
    assert [layer.name for layer in stack.layers] == ["conv5_1", "conv5_2", "conv5_3"]
    assert stack.field == (7, 7)
    assert (stack.weights.result, stack.single.result) == (27 * 512**2, 49 * 512**2)
    assert explain(build.load("vgg16"), "conv1_2").stack is None, "the one before it has other channels"


def test_im2col_does_the_multiply_accumulates():
    for name in ("alexnet", "mobilenet_v1", "dcgan_generator", "resnext50_32x4d", "r3d_18"):
        for layer in build.load(name).layers:
            matrices = layer.figures.type.matrices(layer.input_shapes, layer.output_shape)
            if matrices:
                one = matrices.rows * matrices.inner * matrices.columns
                assert matrices.products * one == layer.macs, layer.name


@pytest.mark.parametrize(
    ("network", "layer", "kernel", "larger", "gives", "end"),
    [
        # CS231n, "Converting FC layers to CONV layers".
        ("vgg16", "fc6", (7, 7), (3, 384, 384), (4096, 6, 6), (1000, 6, 6)),
        ("vgg16", "fc7", (1, 1), (3, 384, 384), (4096, 6, 6), (1000, 6, 6)),
        ("vgg16", "fc8", (1, 1), (3, 384, 384), (1000, 6, 6), (1000, 6, 6)),
        ("alexnet", "fc6", (6, 6), (3, 387, 387), (4096, 6, 6), (1000, 6, 6)),
        # A pool to one size takes away what is larger.
        ("resnet50", "fc", (1, 1), (3, 384, 384), (1000,), (1000,)),
    ],
)
def test_linear_layers_as_convolutions(network, layer, kernel, larger, gives, end):
    equal = explain(build.load(network), layer).convolution
    assert equal.kernel == kernel
    assert (equal.larger, equal.gives, equal.end) == (larger, gives, end)


def test_the_convolution_that_a_linear_layer_equals_is_counted_alike():
    network = build.load("vgg16")
    linear = next(layer for layer in network.layers if layer.name == "fc6")
    equal = explain(network, "fc6").convolution
    conv = figures_of(Conv(filters=equal.filters, kernel=equal.kernel), (Shape((equal.channels, *equal.kernel)),))
    assert (conv.params, conv.operations, conv.output_shape.elements) == (
        linear.params,
        linear.operations,
        linear.output_shape.elements,
    )


def test_maxout_names_the_layer_that_pays():
    remark = explain(build.load("maxout_cifar"), "h0.maxout").remarks[-1]
    values = remark.values
    assert (values["source"], values["pieces"]) == ("h0.conv", 2)
    # 8x8 filters over 3 channels, 96 maps of 2 pieces each.
    assert values["source_params"] == 2 * 96 * (8 * 8 * 3 + 1)


# --- kernels that do not fit ----------------------------------------------------------------------


def test_the_notes_example_that_does_not_fit():
    """CS231n: W=10, F=3, P=0 and S=2 do not fit, (10 - 3) / 2 + 1 = 4.5; S=1 does, and so would padding."""
    fit = fits(placed(Conv(filters=1, kernel=3, stride=2), (1, 10, 10)))[0]
    assert (fit.outputs, fit.lost, fit.unused, fit.between) == (4, 1, 0, 0)
    assert dict(fit.remedies) == {"padding": (0, 1), "kernel": (2, 4), "stride": (1,), "size": (9, 11)}


@pytest.mark.parametrize(("stride", "outputs", "says"), [(1, 5, False), (2, 3, False), (3, 2, True)])
def test_the_notes_neuron_row(stride, outputs, says):
    """CS231n: W=5, F=3, P=1: stride 1 gives 5, stride 2 gives 3, stride 3 does not fit."""
    layer = placed(Conv(filters=1, kernel=3, stride=stride, padding=1), (1, 5))
    assert layer.output_shape.spatial == (outputs,)
    assert bool(fits(layer)) is says


@given(
    st.integers(1, 30), st.integers(1, 7), st.integers(1, 5), st.integers(0, 3), st.integers(0, 3), st.integers(1, 3)
)
def test_lost_positions_are_those_that_no_output_reads(size, kernel, stride, before, after, dilation):
    """By looking at every tap of every output."""
    if dilation * (kernel - 1) + 1 > size + before + after:
        return
    conv = Conv(filters=1, kernel=kernel, stride=stride, padding=(before, after), dilation=dilation)
    layer = placed(conv, (1, size))
    window = conv.windows(layer.input_shapes)[0]
    outputs = window.slide(size)
    read = {place for output in range(outputs) for place in window.reads(output, size)}
    last = max(read)
    beyond = set(range(last + 1, size + after))
    (fit,) = fits(layer) or (None,)
    lost, unused = len(beyond & set(range(size))), len(beyond & set(range(size, size + after)))
    if fit is None:
        assert (lost, unused) == (0, 0)
        assert stride <= dilation * (kernel - 1) + 1
        assert before == after
    else:
        assert (fit.lost, fit.unused) == (lost, unused)


@settings(max_examples=400)
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(0, 3))
def test_each_remedy_alone_makes_it_fit(size, kernel, stride, padding):
    if kernel > size + 2 * padding:
        return
    for fit in fits(placed(Conv(filters=1, kernel=kernel, stride=stride, padding=padding), (1, size))):
        for setting, values in fit.remedies:
            changes = [(setting, values)] if setting == "padding" else [(setting, value) for value in values]
            for key, value in changes:
                given_settings = {"kernel": kernel, "stride": stride, "padding": (padding, padding)}
                length = value if key == "size" else size
                if key == "padding":
                    given_settings[key] = value * 2 if len(value) == 1 else value
                elif key != "size":
                    given_settings[key] = value
                again = fits(placed(Conv(filters=1, **given_settings), (1, length)))
                if fit.between:
                    assert not any(one.between for one in again)
                else:
                    assert not any(one.lost or one.unused or one.between for one in again), (key, value)


def test_rounding_up_juts_out():
    fit = fits(placed(MaxPool(kernel=3, stride=2, rounding="ceil"), (64, 112, 112)))[0]
    assert (fit.outputs, fit.lost, fit.beyond) == (56, 0, 1)


def test_same_padding_that_is_not_the_same():
    """TensorFlow's SAME on 224 with kernel 3 and stride 2: 0 before and 1 after; kernels 2 and 4 are even."""
    fit = fits(placed(Conv(filters=1, kernel=3, stride=2, padding="same"), (1, 224)))[0]
    assert (fit.window.before, fit.window.after) == (0, 1)
    assert dict(fit.remedies)["kernel"] == (2, 4)
    assert dict(fit.remedies)["size"] == (223, 225)


# --- the story ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "maps", "depths"),
    [
        # Table 1 of He et al. 2015.
        ("resnet50", [112, 56, 28, 14, 7], [1, 9, 12, 18, 9, 1]),
        # Simonyan & Zisserman 2014, configuration D.
        ("vgg16", [224, 112, 56, 28, 14, 7], [2, 2, 3, 3, 3, 0, 3]),
    ],
)
def test_the_stages_are_those_of_the_paper(name, maps, depths):
    found = stages(build.load(name))
    assert [stage.shape.spatial[0] for stage in found if stage.scale is not None] == maps
    projections = [1 if name == "resnet50" and 0 < number < 5 else 0 for number in range(len(depths))]
    assert [stage.weight_layers - more for stage, more in zip(found, projections, strict=True)] == depths


@pytest.mark.parametrize("name", ["unet", "hrnet_w18", "googlenet", "nasnetalarge", "efficientnet_b0", "siamese"])
def test_the_stages_are_the_whole_network(name):
    told = story(build.load(name))
    assert sum(stage.figure.params for stage in told.stages) == told.totals.params
    assert sum(stage.figure.macs for stage in told.stages) == told.totals.macs
    assert sum(stage.layers for stage in told.stages) == told.totals.layers
    assert sum(part.params for part in (told.sliding, told.dense, told.other)) == told.totals.params
    assert len(told.stages) <= 14


def test_a_unet_goes_down_and_up():
    scales = [stage.scale for stage in stages(build.load("unet"))]
    assert scales == [1, 2, 4, 8, 16, 8, 4, 2, 1]


def test_each_of_two_towers_starts_from_its_input():
    found = stages(build.load("siamese"))
    assert [stage.scale for stage in found] == [2, 4, 8, None, 2, 4, 8, None]
    assert [number for number, stage in enumerate(found) if stage.from_input] == [0, 4]


def test_a_gate_of_one_number_a_channel_leaves_the_scale():
    """Tan & Le 2019, Table 1: five sizes of maps."""
    assert [stage.scale for stage in stages(build.load("efficientnet_b0"))] == [2, 4, 8, 16, 32, None]


def test_vgg16_is_heavy_at_the_end():
    told = story(build.load("vgg16"))
    # 102,764,544 + 16,781,312 + 4,097,000.
    assert told.dense.params == 123_642_856
    assert (told.most_params.name, told.most_macs.name) == ("fc6", "conv1_2")


def test_a_block_that_squeezes_is_no_stage(spec):
    network = spec("""
        input: [8, 16, 16]
        layers:
          - multiply:
              gate: [global_avg_pool, linear: 8, sigmoid]
              map: []
          - conv: [4, 1]
    """)
    assert [stage.scale for stage in stages(network)] == [1]


# --- where it comes from --------------------------------------------------------------------------


def test_the_settings_know_how_they_are_written():
    network = build.load("resnet50")
    origin = explain(network, "conv3_1.shortcut.projection.conv").origin
    written = {one.name: (one.value, one.written, one.is_default) for one in origin.settings}
    assert written["filters"] == (512, "filters", False)
    assert written["dilation"] == (1, "", True)
    blocks = [(group.name, group.kind, dict(group.arguments)) for group in origin.blocks]
    assert blocks[0][:2] == ("conv3_1", "bottleneck")
    assert {"width": 128, "stride": 2}.items() <= blocks[0][2].items()
    assert blocks[1][1] == "branch"
    assert blocks[2][2]["filters"] == 512


def test_axes_of_a_volume():
    axes = [one.axes for one in explain(build.load("r3d_18"), "conv1").derivations if one.key == "out_size"]
    assert sorted(axis for group in axes for axis in group) == ["depth", "height", "width"]


def test_every_pair_of_readers_and_sources_agrees():
    network = build.load("googlenet")
    facts = {layer.name: explain(network, layer.name) for layer in network.layers[:40]}
    for one, other in product(facts, repeat=2):
        assert (other in facts[one].readers) == (one in facts[other].layer.inputs)


def test_products_of_tensors_are_a_part_of_their_own():
    """ViT-B/16: 12 blocks with two products of 12 x 64 x 197 x 197, and 4 linear layers each."""
    told = story(build.load("vit_b_16"))
    assert told.products == (24, 0, 24 * 12 * 64 * 197 * 197)
    assert told.sliding.layers == 12 * 4 + 1
    assert told.other.macs == 0
    assert told.products.macs + told.sliding.macs + told.dense.macs == 17_563_828_224


def test_a_product_may_do_most_of_the_work(run):
    """At 1024x1024, 4,097 tokens: 12 x 4,097 x 4,097 scores are sums of 64 products each."""
    output = " ".join(run("explain", "vit_b_16", "--input", "3x1024x1024").output.split())
    assert "encoder0.attention.self.scores has the most MACs, 12,891,194,112 of" in output
    assert "each of its 201,424,908 numbers is the sum of 64 products." in output
