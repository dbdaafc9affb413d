"""The lecture notes' examples of what neurons see, by `cnncalc field` (Stanford CS231n, convolutional networks)."""

import json

import pytest


def of_layer(run, text, layer, *arguments):
    return json.loads(run("field", "-", layer, "-f", "json", *arguments, stdin=text).output)


def spec(shape, *layers):
    return f"input: {shape}\nlayers: [{', '.join(layers)}]"


NUMPY = spec([4, 11, 11], "{conv: {filters: 2, kernel: 5, stride: 2, padding: 0}}")


@pytest.mark.parametrize(
    ("neuron", "region"),
    [
        # V[0,0,0] = np.sum(X[:5,:5,:] * W0) + b0, and so on along both axes and for the second filter.
        ("0,0,0", "X[0:5, 0:5, :]"),
        ("1,0,0", "X[2:7, 0:5, :]"),
        ("2,0,0", "X[4:9, 0:5, :]"),
        ("3,0,0", "X[6:11, 0:5, :]"),
        ("0,0,1", "X[0:5, 0:5, :]"),
        ("1,0,1", "X[2:7, 0:5, :]"),
        ("0,1,1", "X[0:5, 2:7, :]"),
        ("2,3,1", "X[4:9, 6:11, :]"),
    ],
)
def test_numpy_examples(run, neuron, region):
    assert of_layer(run, NUMPY, "conv", "--at", neuron)["output"]["reads"]["input"]["slice"] == region
    assert f"in NumPy: {region}" in run("field", "-", "conv", "--at", neuron, stdin=NUMPY).output


def test_a_neuron_of_the_5x5_example(run):
    """A 32x32x3 image and a receptive field of 5x5: each neuron has weights to a [5x5x3] region."""
    output = run("field", "-", "conv", stdin=spec([3, 32, 32], "{conv: [6, 5]}")).output
    assert "An output depends on 5x5 positions of the input" in output


def test_a_neuron_of_the_3x3_example(run):
    """A volume of 16x16x20 and a receptive field of 3x3: 3*3*20 = 180 connections."""
    assert of_layer(run, spec([20, 16, 16], "{conv: [6, 3]}"), "conv")["fields"]["input"]["size"] == [3, 3]


def test_neurons_of_krizhevsky_et_al(run):
    """11x11 with stride 4 on 227x227: 55 neurons a row, each 4 further than its neighbor."""
    facts = json.loads(run("field", "alexnet", "conv1", "--at", "54,54", "-f", "json").output)
    assert facts["fields"]["input"]["size"] == [11, 11]
    assert facts["fields"]["input"]["stride"] == [4, 4]
    assert facts["output"]["reads"]["input"]["slice"] == "X[216:227, 216:227, :]"


@pytest.mark.parametrize(("layers", "size"), [(1, 3), (2, 5), (3, 7)])
def test_a_stack_of_small_filters(run, layers, size):
    """Three 3x3 layers: the first sees 3x3 of the input, the second 5x5, the third 7x7."""
    text = spec([1, 32, 32], *["{conv: [1, 3]}"] * layers)
    name = "conv" if layers == 1 else f"conv_{layers}"
    facts = of_layer(run, text, name)
    assert facts["fields"]["input"]["size"] == [size, size]
    assert [step["size"] for step in facts["widest"]["input"][0]] == [3, 5, 7][:layers]


def test_a_single_large_filter_sees_as_much(run):
    stack = of_layer(run, spec([1, 32, 32], *["{conv: [1, 3]}"] * 3), "conv_3")
    single = of_layer(run, spec([1, 32, 32], "{conv: [1, 7]}"), "conv")
    assert stack["fields"] == single["fields"]


def test_dilated_convolutions_see_more(run):
    """Two 3x3, the second dilated by 2: their fields grow faster. 1 + 2 + 2 x 2 = 7."""
    text = spec([1, 32, 32], "{conv: [1, 3]}", "{conv: {filters: 1, kernel: 3, dilation: 2}}")
    assert of_layer(run, text, "conv_2")["fields"]["input"]["size"] == [7, 7]


def test_a_dilated_filter_has_spaces_between_its_cells(run):
    """In one dimension, size 3: dilation 0 of the notes reads x[0], x[1], x[2]; dilation 1 reads x[0], x[2], x[4]."""
    dense = spec([1, 9], "{conv: {filters: 1, kernel: 3, dilation: 1}}")
    spaced = spec([1, 9], "{conv: {filters: 1, kernel: 3, dilation: 2}}")
    assert of_layer(run, dense, "conv", "--at", "0")["output"]["reads"]["input"]["slice"] == "X[0:3, :]"
    assert of_layer(run, spaced, "conv", "--at", "0")["output"]["reads"]["input"]["slice"] == "X[0:5:2, :]"


def test_a_fully_connected_layer_sees_everything(run):
    assert "It sees the whole input." in run("field", "vgg16", "fc6").output


def test_zero_padding_is_reported(run):
    """W = 5, F = 3, P = 1: the first neuron reads one zero, and two of the five."""
    text = spec([1, 5], "{conv: {filters: 1, kernel: 3, padding: 1}}")
    output = run("field", "-", "conv", "--at", "0", stdin=text).output
    assert "- width: 0 to 1, 2 of 5; in the padding: -1\n" in output
