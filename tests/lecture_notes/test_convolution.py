"""The worked examples of CS231n's notes, "Convolutional Neural Networks: Layers used to build ConvNets"."""

import json

import pytest

ALEXNETS_FIRST = ("227", "conv: conv: {filters: 96, kernel: 11, stride: 4}")


@pytest.fixture
def first(design):
    """The notes' real-world example: 227x227x3, 96 filters of 11x11, stride 4, no padding."""
    return design("3x227x227", ALEXNETS_FIRST[1])


# --- spatial arrangement --------------------------------------------------------------------------


def test_227_minus_11_over_4_plus_1_is_55(first, explained, told):
    assert explained(first, "conv")["results"]["out_size"] == 55
    assert "height and width = ⌊(W − F + 2P) / S⌋ + 1 = ⌊(227 − 11 + 2 × 0) / 4⌋ + 1 = 55" in told(first, "conv")


def test_the_output_volume_has_290400_neurons(first, explained, told):
    assert explained(first, "conv")["results"]["adds"] == 55 * 55 * 96 == 290_400
    assert "adds = outputs = 96 × 55 × 55 = 290,400" in told(first, "conv")


def test_the_paper_says_224_which_does_not_fit(told):
    output = told("alexnet", "conv1", "--input", "3x224x224")
    assert "no output reads the last of the 224 pixels" in output


@pytest.mark.parametrize(("stride", "size"), [(1, 5), (2, 3)])
def test_a_7x7_input_with_a_3x3_filter(stride, size, design, explained):
    """The notes: 7x7 and 3x3 give 5x5 with stride 1 and 3x3 with stride 2."""
    facts = explained(design("1x7x7", f"conv: conv: {{filters: 1, kernel: 3, stride: {stride}}}"), "conv")
    assert facts["results"]["out_size"] == size
    assert facts["fit"] == []


@pytest.mark.parametrize(("stride", "size"), [(1, 5), (2, 3)])
def test_w_5_f_3_p_1_fits_with_stride_1_and_2(stride, size, design, explained):
    facts = explained(design("1x5", f"conv: conv: {{filters: 1, kernel: 3, stride: {stride}, padding: 1}}"), "conv")
    assert facts["results"]["out_size"] == size
    assert facts["fit"] == []


def test_w_5_f_3_p_1_does_not_fit_with_stride_3(design, explained):
    facts = explained(design("1x5", "conv: conv: {filters: 1, kernel: 3, stride: 3, padding: 1}"), "conv")
    assert facts["fit"] != []


def test_w_10_f_3_s_2_does_not_fit(design, explained, told):
    """(10 - 3 + 0) / 2 + 1 = 4.5: the notes have it throw an error, pad or crop."""
    spec = design("3x10x10", "conv: conv: {filters: 1, kernel: 3, stride: 2}")
    facts = explained(spec, "conv")
    assert [one["lost"] for one in facts["fit"]] == [1, 1]
    remedies = {one["setting"]: one["values"] for one in facts["fit"][0]["remedies"]}
    assert remedies["padding"] == [0, 1]
    assert remedies["stride"] == [1]
    assert "no output reads the last of the 10 pixels; for an exact fit, use padding 0 before and 1 after" in told(
        spec, "conv"
    )


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_zero_padding_of_half_the_kernel_keeps_the_size(kernel, design, explained):
    """P = (F - 1)/2 with stride 1."""
    spec = design("3x32x32", f"conv: conv: {{filters: 8, kernel: {kernel}, padding: {(kernel - 1) // 2}}}")
    assert explained(spec, "conv")["output_shape"] == [8, 32, 32]


def test_ten_5x5_filters_with_padding_2_have_760_parameters(design, explained, told):
    """The lecture's exercise: 32x32x3 gives 32x32x10, with 5*5*3 + 1 = 76 parameters a filter."""
    spec = design("3x32x32", "conv: conv: {filters: 10, kernel: 5, padding: 2}")
    facts = explained(spec, "conv")
    assert facts["output_shape"] == [10, 32, 32]
    assert facts["params"] == 760
    assert "parameters = weight + bias = 750 + 10 = 760" in told(spec, "conv")


# --- parameter sharing ----------------------------------------------------------------------------


def test_105705600_parameters_without_sharing(first, explained, told):
    """290,400 neurons of 11*11*3 weights and a bias each."""
    assert explained(first, "conv")["sharing"]["unshared"] == 105_705_600
    assert "locally connected = outputs × (inputs each reads + 1) = 96 × 55 × 55 × (363 + 1) = 105,705,600" in told(
        first, "conv"
    )


def test_34944_parameters_with_sharing_of_which_34848_are_weights(first, explained, told):
    facts = explained(first, "conv")
    assert facts["results"]["weight"] == 96 * 11 * 11 * 3 == 34_848
    assert facts["results"]["params"] == 34_944
    assert "= 96 × 3 × 11 × 11 = 34,848" in told(first, "conv")


def test_a_neuron_reads_363_of_154587_inputs(first, explained, told):
    """Sparse connectivity: 11*11*3 of 227*227*3."""
    assert explained(first, "conv")["sharing"]["reads"] == 363
    assert "each output reads 363 of the 154,587 inputs (0.2 %)" in told(first, "conv")


def test_the_sharing_table_has_the_same_numbers(first, run):
    table = json.loads(run("sharing", first, "--format", "json").output)
    assert "105705600" in json.dumps(table)
    assert "34944" in json.dumps(table)


def test_a_neuron_of_a_32x32x3_image_and_a_5x5_field_has_75_weights(design, explained):
    """Example 1 of local connectivity: 5*5*3 = 75 weights and a bias."""
    assert explained(design("3x32x32", "conv: conv: {filters: 1, kernel: 5}"), "conv")["sharing"]["reads"] == 75


def test_a_neuron_of_a_16x16x20_volume_and_a_3x3_field_has_180_connections(design, explained):
    """Example 2: 3*3*20 = 180 connections."""
    assert explained(design("20x16x16", "conv: conv: {filters: 1, kernel: 3}"), "conv")["sharing"]["reads"] == 180


# --- NumPy example --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "region"),
    [
        ("0,0", "X[:5, :5, :]"),
        ("1,0", "X[2:7, :5, :]"),
        ("2,0", "X[4:9, :5, :]"),
        ("3,0", "X[6:11, :5, :]"),
        ("0,1", "X[:5, 2:7, :]"),
        ("2,3", "X[4:9, 6:11, :]"),
    ],
)
def test_v_of_the_numpy_example(at, region, design, run):
    """X of (11,11,4), F=5, S=2, P=0: V is 4x4, and V[2,3,1] reads X[4:9, 6:11, :]."""
    spec = design("4x11x11", "V: conv: {filters: 2, kernel: 5, stride: 2}")
    output = run("field", spec, "V", "--at", at).output
    written = region.replace("[:5", "[0:5").replace(" :5", " 0:5")
    assert region in output or written in output


def test_the_numpy_example_gives_4x4(design, explained):
    """(11 - 5)/2 + 1 = 4."""
    facts = explained(design("4x11x11", "V: conv: {filters: 2, kernel: 5, stride: 2}"), "V")
    assert facts["results"]["out_size"] == 4


# --- implementation as a matrix product -----------------------------------------------------------


def test_x_col_is_363_by_3025(first, explained, told):
    assert explained(first, "conv")["im2col"]["x_col"] == [363, 3025]
    assert "X_col 363 x 3025" in told(first, "conv")


def test_w_row_is_96_by_363(first, explained, told):
    assert explained(first, "conv")["im2col"]["w_row"] == [96, 363]
    assert "W_row 96 x 363" in told(first, "conv")


def test_the_product_is_96_by_3025(first, explained, told):
    assert explained(first, "conv")["im2col"]["product"] == [96, 3025]
    assert "product 96 x 3025" in told(first, "conv")


def test_x_col_takes_memory_for_it_repeats_the_input(first, told):
    """363 * 3025 numbers of four bytes."""
    assert "X_col takes 4.2 MiB as float32, 7.1 times the input" in told(first, "conv")


# --- 1x1 and dilated convolutions -----------------------------------------------------------------


def test_a_1x1_convolution_is_a_product_over_the_depth(design, explained, told):
    """The lecture: 56x56x64 with 32 filters of 1x1 gives 56x56x32, each a 64-dimensional dot product."""
    spec = design("64x56x56", "conv: conv: {filters: 32, kernel: 1}")
    facts = explained(spec, "conv")
    assert facts["output_shape"] == [32, 56, 56]
    assert facts["sharing"]["reads"] == 64
    assert "mixes its 64 channels into 32" in told(spec, "conv")


def test_a_dilated_filter_of_3_reads_every_other_input(design, explained, told):
    """w[0]*x[0] + w[1]*x[2] + w[2]*x[4]: taps 2 apart, over 5 inputs."""
    spec = design("1x9", "conv: conv: {filters: 1, kernel: 3, dilation: 2}")
    assert explained(spec, "conv")["results"]["out_size"] == 5
    assert "3 taps, 2 apart, cover 5 positions with 3 weights" in told(spec, "conv")


# --- pooling --------------------------------------------------------------------------------------


def test_a_2x2_pool_of_stride_2_drops_75_percent(design, explained, told):
    """The notes: 224x224x64 becomes 112x112x64, depth unchanged, 75 % of the activations dropped."""
    spec = design("64x224x224", "pool: max_pool: 2")
    facts = explained(spec, "pool")
    assert facts["output_shape"] == [64, 112, 112]
    assert facts["params"] == 0
    assert "50,176 numbers of each channel become 12,544" in told(spec, "pool")


def test_overlapping_pooling_is_3x3_with_stride_2(told):
    assert "The windows overlap" in told("alexnet", "pool1")


# --- converting fully connected layers ------------------------------------------------------------


def test_a_linear_layer_as_convolution_is_f_7_k_4096(explained, told):
    """K = 4096 on 7x7x512 is a convolution with F=7, P=0, S=1, K=4096: 1x1x4096."""
    facts = explained("vgg16", "fc6")["as_convolution"]
    assert facts["input_shape"] == [512, 7, 7]
    assert (facts["kernel"], facts["filters"]) == ([7, 7], 4096)
    assert "conv: {filters: 4096, kernel: 7}" in told("vgg16", "fc6")


def test_the_convolution_has_the_weights_of_the_linear_layer(design, explained):
    conv = explained(design("512x7x7", "fc6: conv: {filters: 4096, kernel: 7}"), "fc6")
    assert conv["output_shape"] == [4096, 1, 1]
    assert conv["params"] == explained("vgg16", "fc6")["params"] == 102_764_544


@pytest.mark.parametrize(("layer", "filters"), [("fc7", 4096), ("fc8", 1000)])
def test_the_linear_layers_after_it_are_1x1(layer, filters, explained):
    facts = explained("vgg16", layer)["as_convolution"]
    assert (facts["kernel"], facts["filters"]) == ([1, 1], filters)


def test_384_gives_6x6x1000(explained, told):
    """384 / 32 = 12, and (12 - 7)/1 + 1 = 6."""
    facts = explained("vgg16", "fc8")["as_convolution"]
    assert facts["larger_input"] == [3, 384, 384]
    assert facts["larger_output"] == [1000, 6, 6]
    assert (
        "3x384x384 gives 1000x6x6, which is the network applied at 6x6 positions 32 pixels apart in one pass"
        in told("vgg16", "fc8")
    )


def test_a_384_image_has_12x12_maps_where_224_has_7x7(explained):
    assert explained("vgg16", "pool5", "--input", "3x384x384")["output_shape"] == [512, 12, 12]


# --- stacks of small filters ----------------------------------------------------------------------


def test_three_3x3_have_27_c_squared_weights_where_a_7x7_has_49(explained, told):
    facts = explained("vgg16", "conv5_3")["stack"]
    assert facts["field"] == [7, 7]
    assert (facts["weights"], facts["single_weights"]) == (27 * 512**2, 49 * 512**2)
    assert "conv5_1, conv5_2 and conv5_3 in a row see 7x7" in told("vgg16", "conv5_3")


def test_two_3x3_see_a_5x5_with_18_weights_for_25(explained):
    facts = explained("vgg16", "conv5_2")["stack"]
    assert facts["field"] == [5, 5]
    assert (facts["weights"], facts["single_weights"]) == (18 * 512**2, 25 * 512**2)


def test_a_stack_of_three_3x3_sees_7x7_of_the_input(design, run):
    layers = [f"c{number}: conv: {{filters: 8, kernel: 3, padding: 1}}" for number in (1, 2, 3)]
    output = run("field", design("8x32x32", *layers), "c3", "--format", "text").output
    assert "7x7 positions of the input" in output
