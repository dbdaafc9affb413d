from __future__ import annotations

from fractions import Fraction


def test_the_first_depthwise_layer_of_mobilenet(place):
    """Howard et al. 2017, Table 1: 3x3x32 dw on 112x112x32, 3 * 3 * 32 weights once a position."""
    layer = place("depthwise_conv", (32, 112, 112), kernel=3, padding=1, bias=False)
    assert layer.output == (32, 112, 112)
    assert layer.weights == {"weight": (32, 1, 3, 3)}
    assert layer.macs == 112 * 112 * 3 * 3 * 32


def test_a_separable_convolution_costs_one_over_filters_plus_one_over_kernel_area(place):
    """Howard et al. 2017, section 3.1: 1/N + 1/D^2 of a full convolution."""
    depthwise = place("depthwise_conv", (512, 14, 14), kernel=3, padding=1, bias=False)
    pointwise = place("conv", (512, 14, 14), filters=256, kernel=1, bias=False)
    full = place("conv", (512, 14, 14), filters=256, kernel=3, padding=1, bias=False)
    assert Fraction(depthwise.macs + pointwise.macs, full.macs) == Fraction(1, 256) + Fraction(1, 9)


def test_it_is_a_convolution_of_as_many_groups_as_channels(place):
    settings = {"kernel": (3, 2), "stride": 2, "padding": (1, 0), "dilation": 2}
    depthwise = place("depthwise_conv", (6, 11, 12), multiplier=4, **settings)
    grouped = place("conv", (6, 11, 12), filters=24, groups=6, **settings)
    assert depthwise[1:] == grouped[1:]
    assert depthwise.output[0] == 24


def test_messages(refusal):
    assert refusal("depthwise_conv", (6, 4, 4), kernel=5) == (
        "kernel 5 does not fit the 4x4 input; use padding 1 or a kernel of at most 4",
        "kernel",
    )
    assert refusal("depthwise_conv", (6, 4, 4), kernel=1, multiplier=0) == (
        "multiplier takes a whole number of at least 1, not 0",
        "multiplier",
    )
