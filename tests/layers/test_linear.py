from __future__ import annotations


def test_fc6_of_vgg_16(place):
    """Simonyan & Zisserman 2014: 7*7*512 to 4096; 102,764,544 parameters with the bias, 74 % of the network."""
    layer = place("linear", (512, 7, 7), features=4096, flatten=True)
    assert layer.output == (4096,)
    assert layer.weights == {"weight": (4096, 25_088), "bias": (4096,)}
    assert layer.params == 102_764_544
    assert layer.macs == 25_088 * 4096
    assert layer.operations.adds == 4096


def test_f6_of_lenet_5(place):
    """LeCun et al. 1998: 84 units on 120, 10,164 parameters and connections."""
    layer = place("linear", (120,), features=84)
    assert layer.params == layer.macs + layer.operations.adds == 10_164


def test_without_bias(place):
    layer = place("linear", (10,), features=3, bias=False)
    assert layer.weights == {"weight": (3, 10)}
    assert layer.operations.adds == 0


def test_messages(refusal):
    assert refusal("linear", (512, 7, 7), features=10) == (
        (
            "expected a vector, got a 512x7x7 feature map; "
            "add a flatten or global_avg_pool above it, or set flatten: true"
        ),
        None,
    )
    assert refusal("linear", (10,), features=-1) == (
        "features takes a whole number of at least 1, not -1",
        "features",
    )
