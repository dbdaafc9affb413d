from __future__ import annotations

import pytest

from cnncalc.errors import RuleError
from cnncalc.layers import all_types
from cnncalc.layers.shapes import Shape

# C3 of LeNet-5 (LeCun et al. 1998, Table I): the S2 maps that each of the 16 C3 maps reads.
LENET_C3 = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)


def test_the_first_layer_of_alexnet(place):
    """CS231n: (227 - 11) / 4 + 1 = 55; 34,848 weights and 96 biases; 55 * 55 * 96 outputs of 363 inputs."""
    conv = place("conv", (3, 227, 227), filters=96, kernel=11, stride=4)
    assert conv.output == (96, 55, 55)
    assert conv.weights == {"weight": (96, 3, 11, 11), "bias": (96,)}
    assert conv.params == 34_944
    assert conv.macs == 290_400 * 363
    assert conv.operations.adds == 290_400


def test_the_second_layer_of_alexnet_reads_half_of_the_channels(place):
    """The two GPUs: 256 filters of 5x5x48 (Krizhevsky et al. 2012); 223,948,800 MACs in Caffe's version."""
    conv = place("conv", (96, 27, 27), filters=256, kernel=5, padding=2, groups=2)
    assert conv.output == (256, 27, 27)
    assert conv.params == 256 * 5 * 5 * 48 + 256
    assert conv.macs == 223_948_800


def test_the_first_layer_of_resnet(place):
    """He et al. 2015: 7x7, 64, stride 2 gives 112x112; without bias 9,408 parameters and 118,013,952 MACs."""
    conv = place("conv", (3, 224, 224), filters=64, kernel=7, stride=2, padding=3, bias=False)
    assert conv.output == (64, 112, 112)
    assert conv.weights == {"weight": (64, 3, 7, 7)}
    assert (conv.params, conv.macs, conv.operations.adds) == (9_408, 118_013_952, 0)


def test_lenet_5(place):
    """LeCun et al. 1998: C1 has 156 parameters and 122,304 connections, C3 1,516 and 151,600, C5 48,120."""
    c1 = place("conv", (1, 32, 32), filters=6, kernel=5)
    assert (c1.output, c1.params, c1.macs + c1.operations.adds) == ((6, 28, 28), 156, 122_304)
    c3 = place("conv", (6, 14, 14), filters=16, kernel=5, connections=LENET_C3)
    assert (c3.output, c3.params, c3.macs + c3.operations.adds) == ((16, 10, 10), 1_516, 151_600)
    assert c3.weights == {"weight": (60, 5, 5), "bias": (16,)}
    c5 = place("conv", (16, 5, 5), filters=120, kernel=5)
    assert (c5.output, c5.params, c5.macs + c5.operations.adds) == ((120, 1, 1), 48_120, 48_120)


@pytest.mark.parametrize(("stride", "size"), [(1, 5), (2, 3)])
def test_the_sketch_of_strides_in_the_lecture_notes(place, stride, size):
    """CS231n: W=5, F=3, P=1."""
    assert place("conv", (1, 5), filters=1, kernel=3, stride=stride, padding=1).output == (1, size)


def test_a_signal(place):
    """The example of PyTorch's Conv1d: 16 to 33 channels, kernel 3, stride 2, length 50 gives 24."""
    assert place("conv", (16, 50), filters=33, kernel=3, stride=2).output == (33, 24)


def test_a_volume_with_settings_for_each_axis(place):
    """The example of PyTorch's Conv3d: 10x50x100 gives 8x50x99."""
    conv = place("conv", (16, 10, 50, 100), filters=33, kernel=(3, 5, 2), stride=(2, 1, 1), padding=(4, 2, 0))
    assert conv.output == (33, 8, 50, 99)
    assert conv.weights["weight"] == (33, 16, 3, 5, 2)


def test_dilation_widens_the_kernel(place):
    """Kernel 3 with dilation 2 covers 5, with the weights of 3 (Yu & Koltun 2015)."""
    dilated = place("conv", (8, 20, 20), filters=8, kernel=3, dilation=2)
    assert dilated.output == (8, 16, 16)
    assert dilated.params == 8 * 8 * 9 + 8


@pytest.mark.parametrize(("size", "kernel", "stride", "sides", "out"), [(224, 3, 2, (0, 1), 112), (7, 4, 1, (1, 2), 7)])
def test_same_puts_the_odd_padding_after(size, kernel, stride, sides, out):
    """TensorFlow's SAME: ceil(size / stride) outputs; at 224 it lacks 1 in all, at 7 it lacks 3."""
    layer = all_types()["conv"](filters=1, kernel=kernel, stride=stride, padding="same")
    (window,) = layer.windows((Shape((1, size)),))
    assert (window.before, window.after) == sides
    assert layer.output_shape((Shape((1, size)),)) == (1, out)


def test_padding_on_each_side(place):
    assert place("conv", (1, 4, 4), filters=1, kernel=3, padding=(0, 1, 2, 3)).output == (1, 3, 7)
    assert place("conv", (1, 4, 4), filters=1, kernel=3, padding=(0, 1)).output == (1, 2, 4)
    assert place("conv", (1, 4, 4), filters=1, kernel=3, padding="valid").output == (1, 2, 2)


MESSAGES = [
    (
        (3, 5, 5),
        {"kernel": 7},
        "kernel 7 does not fit the 5x5 input; use padding 1 or a kernel of at most 5",
        "kernel",
    ),
    (
        (3, 5),
        {"kernel": 4, "dilation": 3, "padding": (0, 1)},
        (
            "kernel 4, dilated to 10, does not fit the 5 input with padding 0 before and 1 after; "
            "use padding 3 or a kernel of at most 2"
        ),
        "kernel",
    ),
    (
        (10, 5, 5),
        {"kernel": 1, "groups": 4},
        "4 groups do not divide the 10 input channels; use groups: 2",
        "groups",
    ),
    (
        (8, 5, 5),
        {"kernel": 1, "groups": 8},
        "8 groups do not divide the 4 filters; use groups: 4",
        "groups",
    ),
    (
        (8,),
        {"kernel": 1},
        (
            "expected a feature map, got a vector of 8; "
            "move it above the flatten, linear layer or global pool that removes the spatial axes"
        ),
        None,
    ),
    (
        (8, 5, 5),
        {"kernel": (3, 3, 3)},
        "kernel has 3 numbers, but the input has 2 spatial axes; write one number, or 2",
        "kernel",
    ),
    (
        (8, 5, 5),
        {"kernel": 3, "padding": (1, 1, 1)},
        (
            "padding has 3 numbers, but the input has 2 spatial axes; "
            "write one number, 2 (one per axis) or 4 (before and after each axis)"
        ),
        "padding",
    ),
    (
        (4, 5, 5),
        {"kernel": 3, "connections": ((0,), (1,))},
        "connections has 2 rows for 4 filters; write a row per filter",
        "connections",
    ),
    (
        (4, 5, 5),
        {"kernel": 3, "connections": ((0,), (1,), (2,), (3,), (0,))},
        "connections has 5 rows for 4 filters; write a row per filter",
        "connections",
    ),
    (
        (4, 5, 5),
        {"kernel": 3, "connections": ((0, 7), (1,), (2,), (3,))},
        "row 0 of connections reads channel 7, but the input has 4 channels; use channels 0 to 3",
        "connections",
    ),
    (
        (4, 5, 5),
        {"kernel": 3, "connections": ((0,), (1,), (2,), (0, 4))},
        "row 3 of connections reads channel 4, but the input has 4 channels; use channels 0 to 3",
        "connections",
    ),
    (
        (4, 5, 5),
        {"kernel": 3, "connections": ((0,), (1, 1), (2,), (3,))},
        "row 1 of connections reads a channel twice; list each channel once",
        "connections",
    ),
    (
        (4, 5, 5),
        {"kernel": 3, "groups": 2, "connections": ((0,), (1,), (2,), (3,))},
        "connections and groups are mutually exclusive; leave groups at 1",
        "connections",
    ),
]


@pytest.mark.parametrize(("shape", "settings", "message", "setting"), MESSAGES)
def test_messages(refusal, shape, settings, message, setting):
    assert refusal("conv", shape, filters=4, **settings) == (message, setting)


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("filters", 0, "filters takes a whole number of at least 1, not 0"),
        ("filters", True, "filters takes a whole number of at least 1, not true"),
        ("kernel", (3, 0), "kernel takes a whole number of at least 1, or a list with one per axis, not [3, 0]"),
        (
            "padding",
            "sane",
            (
                "padding takes same, valid, a whole number of at least 0, "
                "or a list with one number per axis or per side, not 'sane'; did you mean 'same'?"
            ),
        ),
        ("bias", 1, "bias takes true or false, not 1"),
        ("connections", (0, 1), "connections takes a list of lists of whole numbers, not [0, 1]"),
    ],
)
def test_values_that_a_setting_does_not_take(setting, value, message):
    with pytest.raises(RuleError) as caught:
        all_types()["conv"].settings[setting].decode(value)
    assert (str(caught.value), caught.value.setting) == (message, setting)


def test_standardized_weights(place):
    """timm 1.0.31: StdConv2d(3, 64, 7, bias=True) has 9,472 parameters, ScaledStdConv2d 64 gains more."""
    plain = place("conv", (3, 20, 20), filters=64, kernel=7)
    assert plain.params == 9_472
    standardized = place("conv", (3, 20, 20), filters=64, kernel=7, standardize="plain")
    assert (standardized.weights, standardized.operations) == (plain.weights, plain.operations)
    scaled = place("conv", (3, 20, 20), filters=64, kernel=7, standardize="gain")
    assert scaled.weights == {**plain.weights, "gain": (64,)}
    assert scaled.operations == plain.operations
