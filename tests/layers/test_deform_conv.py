from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


def test_it_has_the_weights_of_a_convolution(place):
    """torchvision 0.29.1: DeformConv2d(16, 24, 3, padding=1, groups=2) has 1,752 parameters."""
    settings = {"filters": 24, "kernel": 3, "padding": 1, "groups": 2}
    layer = place("deform_conv", (16, 9, 9), (18 * 4, 9, 9), (9 * 4, 9, 9), **settings)
    assert layer.output == (24, 9, 9)
    assert layer.params == 1_752
    regular = place("conv", (16, 9, 9), **settings)
    assert layer.weights == regular.weights
    assert layer.macs == regular.macs


def test_each_tap_mixes_four_numbers(place):
    """Two channels, four taps and nine positions: 72 numbers, of 4 multiplies and 3 adds; the mask is one more."""
    settings = {"filters": 5, "kernel": 2}
    regular = Operations(multiply_accumulates=9 * 5 * 2 * 4, adds=9 * 5)
    layer = place("deform_conv", (2, 4, 4), (8, 3, 3), **settings)
    assert layer.operations == regular._replace(adds=45 + 3 * 72, multiplies=4 * 72)
    masked = place("deform_conv", (2, 4, 4), (8, 3, 3), (4, 3, 3), **settings)
    assert masked.operations == layer.operations._replace(multiplies=5 * 72)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            [(16, 9, 9)],
            (
                "deform_conv needs two or three inputs, but 1 comes in; compute its offsets with a conv of 18 filters, "
                "and name both, from: [previous, offsets], or a mask as well"
            ),
        ),
        (
            [(16, 9, 9), (17, 9, 9)],
            (
                "17 channels are no offsets for 9 taps and 16 input channels; "
                "use 18 channels, or 18 for each of several groups that divide 16"
            ),
        ),
        (
            [(16, 9, 9), (54, 9, 9)],
            (
                "54 channels are no offsets for 9 taps and 16 input channels; "
                "use 18 channels, or 18 for each of several groups that divide 16"
            ),
        ),
        (
            [(16, 9, 9), (18, 7, 7)],
            (
                "the offsets of a 8x9x9 output must be 18x9x9, not 18x7x7; "
                "9 taps take 2 offsets and 1 mask each, at every position of the output"
            ),
        ),
        (
            [(16, 9, 9), (36, 9, 9), (9, 9, 9)],
            (
                "the mask of a 8x9x9 output must be 18x9x9, not 9x9x9; "
                "9 taps take 2 offsets and 1 mask each, at every position of the output"
            ),
        ),
        ([(16, 9), (18, 9)], "deform_conv needs an image, but a 16x9 feature map comes in; use conv"),
    ],
)
def test_messages(refusal, inputs, message):
    assert refusal("deform_conv", *inputs, filters=8, kernel=3, padding=1) == (message, None)
