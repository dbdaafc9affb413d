"""The networks that the lecture notes walk through, with the numbers they give."""

import json

import pytest

# --- LeNet-5 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "params", "connections"),
    [
        ("C1", 156, 122_304),
        ("S2", 12, 5_880),
        ("C3", 1_516, 151_600),
        ("S4", 32, 2_000),
        ("C5", 48_120, 48_120),
        ("F6", 10_164, 10_164),
    ],
)
def test_lenets_layers(layer, params, connections, explained):
    """LeCun et al. 1998, section II.B; connections are parameters, each counted as often as it is used."""
    facts = explained("lenet5", layer)
    assert facts["params"] == params
    assert facts["sharing"]["unshared"] == connections


def test_lenets_c3_reads_60_of_96_pairs_of_maps(told):
    output = told("lenet5", "C3")
    assert "60 of 96 possible pairs" in output
    assert "the layer would have 2,416 parameters instead of 1,516" in output


def test_lenet_has_60000_parameters(summed):
    assert summed("lenet5")["params"] == 60_000


def test_lenets_340908_connections_are_those_and_the_840_of_the_fixed_output_layer(run):
    total = json.loads(run("sharing", "lenet5", "--format", "json").output)
    assert "340068" in json.dumps(total)
    assert 340_068 + 84 * 10 == 340_908


# --- AlexNet, ZFNet -------------------------------------------------------------------------------


def test_alexnet_has_60_million_parameters(summed):
    assert summed("alexnet")["params"] == 60_965_224


def test_alexnets_two_gpus_halve_conv2(explained, told):
    facts = explained("alexnet", "conv2")
    assert facts["results"]["weight"] == 256 * 48 * 5 * 5
    assert facts["full_convolution"]["macs"] == 2 * facts["macs"]
    assert "256 × (96 / 2) × 5 × 5" in told("alexnet", "conv2")


def test_alexnets_parameters_are_in_its_linear_layers(told):
    assert "The 3 fully connected layers hold 96.2 % of the parameters and 8.1 % of the MACs." in told("alexnet")


def test_zfnet_with_more_kernels(summed):
    assert summed("zfnet_wide")["params"] == 107_627_624


# --- VGG ------------------------------------------------------------------------------------------


def test_vgg16s_memory_is_15237608_numbers(summed, told):
    """The sum of the notes' table."""
    assert summed("vgg16")["activations"] == 15_237_608
    assert "of the 15,237,608 activations" in told("vgg16")


def test_vgg16s_weights_are_138344128(run, summed):
    layers = json.loads(run("summary", "vgg16", "--format", "json").output)["layers"]
    biases = sum(layer["weights"]["bias"][0] for layer in layers if "bias" in layer["weights"])
    assert summed("vgg16")["params"] - biases == 138_344_128


def test_fc6_has_74_percent_of_vgg16s_parameters(told):
    output = told("vgg16")
    assert "fc6 has the most parameters, 102,764,544 of 138,357,544 (74.3 %)" in output
    assert "it connects each of 25,088 inputs to each of 4,096 outputs" in output


def test_the_work_of_vgg16_is_in_its_convolutions(told):
    assert "hold 10.6 % of the parameters and 99.2 % of the MACs" in told("vgg16")


def test_the_memory_of_vgg16_is_in_its_first_layers(told):
    """The notes: most memory is in early CONV layers; 224*224*64 twice, of 15.2 M."""
    assert "Stage 1 takes the most memory in training: 42.1 %" in told("vgg16")


# --- GoogLeNet and its modules --------------------------------------------------------------------


def test_the_naive_inception_module_costs_854_million_and_gives_672_channels(summed, explained):
    assert summed("inception_module_naive")["macs"] == 854_196_224
    assert explained("inception_module_naive")["outputs"]["output"] == [672, 28, 28]


def test_the_bottleneck_module_costs_271_million(summed):
    """The slide's 358 M counts the 3x3 twice."""
    assert summed("inception_module")["macs"] == 271_351_808


def test_concatenation_adds_channels(explained, told):
    facts = explained("googlenet", "inception_3a.output")
    assert facts["results"]["out_channels"] == 64 + 128 + 32 + 32 == 256
    assert "sum([64, 128, 32, 32]) = 256" in told("googlenet", "inception_3a.output")
    assert facts["params"] == facts["flops"] == 0


def test_googlenet_has_7_million_parameters_and_no_large_linear_layer(summed, told):
    assert summed("googlenet")["params"] == 6_998_552
    assert "The only fully connected layer holds 14.6 % of the parameters" in told("googlenet")


def test_global_average_pooling_has_no_parameters(explained, told):
    assert explained("resnet50", "global_avg_pool")["params"] == 0
    assert "becomes its mean, 49 to 1: no weights" in told("resnet50", "global_avg_pool")


# --- ResNet ---------------------------------------------------------------------------------------


def test_addition_needs_equal_shapes(design, run, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("input: [64, 8, 8]\nlayers:\n  - add: {f: [conv: [128, 1]], x: []}\n")
    assert (
        "add needs inputs of equal shape, got 128x8x8 and 64x8x8" in run("explain", str(path), "add", status=2).output
    )


def test_a_residual_connection_costs_one_add_a_number(design, explained, told):
    spec = design("64x56x56", "sum: add: {residual: [conv: [64, 3, 1, 1]], shortcut: []}")
    facts = explained(spec, "sum")
    assert (facts["params"], facts["macs"]) == (0, 0)
    assert facts["flops"] == 64 * 56 * 56
    assert "added number by number, so their shapes must be equal" in told(spec, "sum")


def test_resnet152_does_less_than_vgg16(summed):
    """He et al. 2015: 8 times as deep, and still of lower complexity (11.3 against 15.3 or 19.6 billion)."""
    deep, wide = summed("resnet152"), summed("vgg16")
    assert deep["weight_layers"] == 152
    assert deep["macs"] < wide["macs"] < summed("vgg19")["macs"]


# --- MobileNet ------------------------------------------------------------------------------------


def test_a_separable_convolution_costs_1_over_n_plus_1_over_k_squared(explained, told):
    facts = explained("mobilenet_v1", "conv2_1.dw")["separable"]
    assert facts["share"]["result"] == pytest.approx(1 / 64 + 1 / 9)
    assert facts["macs"] * 64 * 9 == facts["full_macs"] * (64 + 9)
    assert "1 / filters + 1 / kernel positions = 1 / 64 + 1 / (3 × 3) = 0.127" in told("mobilenet_v1", "conv2_1.dw")


def test_mobilenet_has_4_million_parameters_and_569_million_macs(summed):
    assert (summed("mobilenet_v1")["params"], summed("mobilenet_v1")["macs"]) == (4_231_976, 568_740_352)


# --- layers between -------------------------------------------------------------------------------


def test_batch_norm_averages_over_batch_height_and_width(told):
    output = told("resnet50", "batch_norm")
    assert "Averages run over the batch and over height and width: each of the 64 channels" in output
    assert "over batch x 12,544 numbers (401,408 for 32 samples)" in output
    assert "Learnable: a factor (weight) and a bias for each of the 64 channels." in output
    assert "Tracked: a running mean and a running variance" in output
    assert "Training uses the mean and variance of the current batch" in output
    assert "Inference uses the tracked ones" in output


def test_batch_norm_of_a_vector_averages_over_the_batch(design, told):
    output = told(design("128", "norm: batch_norm"), "norm")
    assert "Averages run over the batch only: each of the 128 features" in output


def test_maxout_multiplies_the_parameters(explained, told):
    """The notes: it doubles the number of parameters for every single neuron."""
    assert (
        explained("maxout_cifar", "h0.conv")["params"]
        == 2 * explained("maxout_cifar", "h0.conv", "--set", "pieces=1")["params"]
    )
    assert "2 times those of one linear function per unit" in told("maxout_cifar", "h0.maxout")


def test_relu_is_max_x_0(told):
    assert "f(x) = max(x, 0)" in told("vgg16", "relu")


def test_leaky_relu_has_a_small_slope(design, told):
    output = told(design("8x4x4", "leaky: leaky_relu: 0.01"), "leaky")
    assert "x if x > 0 else slope × x" in output
    assert "x if x > 0 else 0.01 × x" in output


def test_sigmoid_is_1_over_1_plus_exp(design, told):
    assert "1 / (1 + exp(−x))" in told(design("8", "sigmoid: sigmoid"), "sigmoid")


def test_inverted_dropout_scales_while_training(told):
    """Kept with probability 0.5 and multiplied by 2, so that nothing is done at test time."""
    output = told("vgg16", "dropout")
    assert "set to 0 with probability 0.5, and the others are multiplied by 2" in output
    assert "Inference: it does nothing." in output
