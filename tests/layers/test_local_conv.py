from __future__ import annotations


def test_alexnet_without_parameter_sharing(place):
    """CS231n: 55*55*96 = 290,400 neurons of 11*11*3 weights and 1 bias: 105,705,600 parameters in place of 34,944."""
    layer = place("local_conv", (3, 227, 227), filters=96, kernel=11, stride=4)
    assert layer.output == (96, 55, 55)
    assert layer.params == 290_400 * 364 == 105_705_600
    assert layer.weights == {"weight": (55, 55, 96, 3, 11, 11), "bias": (96, 55, 55)}


def test_it_does_the_work_of_the_convolution(place):
    settings = {"filters": 4, "kernel": (3, 2), "stride": (2, 1), "padding": 1}
    assert place("local_conv", (3, 9, 8), **settings).operations == place("conv", (3, 9, 8), **settings).operations


def test_deepface(place):
    """Taigman et al. 2014: L4 has 16 filters of 9x9x16 at each of 55x55 places of a 63x63 map."""
    layer = place("local_conv", (16, 63, 63), filters=16, kernel=9, bias=False)
    assert layer.output == (16, 55, 55)
    assert layer.params == layer.macs == 55 * 55 * 16 * 9 * 9 * 16


def test_messages(refusal):
    assert refusal("local_conv", (3, 4), filters=2, kernel=5) == (
        "kernel 5 does not fit the 4 input; use padding 1 or a kernel of at most 4",
        "kernel",
    )
