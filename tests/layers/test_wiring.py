"""How weights join outputs to inputs, and the matrix products that im2col makes of a convolution."""

from __future__ import annotations

import pytest

from cnncalc.layers import all_types
from cnncalc.layers.contract import Matrices, Wiring
from cnncalc.layers.shapes import Shape


def answers(name: str, shape: tuple[int, ...], **settings: object) -> tuple[Wiring | None, Matrices | None]:
    layer = all_types()[name](**settings)
    inputs = (Shape(shape),)
    output = layer.output_shape(inputs)
    return layer.wiring(inputs, output), layer.matrices(inputs, output)


@pytest.mark.parametrize(
    ("name", "shape", "settings", "connections", "biases"),
    [
        # LeCun et al. 1998: C1 has 122,304 connections, S2 5,880, C3 151,600, S4 2,000, C5 48,120 and F6 10,164.
        ("conv", (1, 32, 32), {"filters": 6, "kernel": 5}, 122_304 - 6 * 28 * 28, 6 * 28 * 28),
        ("subsample", (6, 28, 28), {}, 5_880 - 6 * 14 * 14, 6 * 14 * 14),
        ("subsample", (16, 10, 10), {}, 2_000 - 16 * 5 * 5, 16 * 5 * 5),
        ("conv", (16, 5, 5), {"filters": 120, "kernel": 5}, 48_120 - 120, 120),
        ("linear", (120,), {"features": 84}, 10_164 - 84, 84),
        ("linear", (120,), {"features": 84, "bias": False}, 10_080, 0),
        # 10 units, whose distance from each of 84 inputs has no bias.
        ("rbf", (84,), {"units": 10}, 840, 0),
        # CS231n: 290,400 neurons of 363 weights and a bias, with shared weights and without.
        ("conv", (3, 227, 227), {"filters": 96, "kernel": 11, "stride": 4}, 290_400 * 363, 290_400),
        ("local_conv", (3, 227, 227), {"filters": 96, "kernel": 11, "stride": 4}, 290_400 * 363, 290_400),
        # MobileNet's first depthwise layer: 9 weights for each of 112x112x32 outputs.
        ("depthwise_conv", (32, 112, 112), {"kernel": 3, "padding": 1, "bias": False}, 112 * 112 * 32 * 9, 0),
        # U-Net: each of 28x28x1024 inputs is spread over 2x2 places of 512 outputs, of which there are 56x56.
        (
            "conv_transpose",
            (1024, 28, 28),
            {"filters": 512, "kernel": 2, "stride": 2},
            28 * 28 * 1024 * 512 * 4,
            56 * 56 * 512,
        ),
    ],
)
def test_connections(name, shape, settings, connections, biases):
    wiring, _ = answers(name, shape, **settings)
    assert wiring is not None
    assert (wiring.connections, wiring.biases) == (connections, biases)
    if name != "depthwise_conv":
        assert wiring.full is None, "every output channel reads every input channel"


def test_the_layer_that_would_read_every_channel():
    types = all_types()
    conv, transposed = types["conv"], types["conv_transpose"]
    grouped, _ = answers("conv", (96, 27, 27), filters=256, kernel=5, padding=2, groups=2)
    assert grouped is not None
    assert grouped.full == conv(filters=256, kernel=5, padding=2)
    listed, _ = answers("conv", (3, 5, 5), filters=2, kernel=3, connections=((0, 1), (2,)))
    assert listed == Wiring(3 * 9 * 9, 2 * 9, conv(filters=2, kernel=3)), "3 pairs of 9 weights at 3x3 places"
    spread, _ = answers("conv_transpose", (8, 5), filters=6, kernel=3, groups=2)
    assert spread is not None
    assert spread.full == transposed(filters=6, kernel=3)


@pytest.mark.parametrize("multiplier", [1, 3])
def test_a_depthwise_convolution_in_full_is_a_convolution_of_as_many_filters(multiplier):
    settings = {"kernel": 3, "stride": 2, "padding": 1, "bias": False}
    for channels in (2, 32):
        wiring, _ = answers("depthwise_conv", (channels, 9, 9), multiplier=multiplier, **settings)
        assert wiring is not None
        assert wiring.full == all_types()["conv"](filters=channels * multiplier, **settings)
    alone, _ = answers("depthwise_conv", (1, 9, 9), multiplier=multiplier, **settings)
    assert alone is not None
    assert alone.full is None, "a single channel is all there are"


@pytest.mark.parametrize(
    ("name", "shape", "settings", "matrices", "unrolled"),
    [
        # CS231n: AlexNet's first layer is a 96x363 matrix times one of 363x3025.
        (
            "conv",
            (3, 227, 227),
            {"filters": 96, "kernel": 11, "stride": 4},
            Matrices(1, 96, 363, 3025, spread=False),
            363 * 3025,
        ),
        # Its second, as Caffe does it: for each group 128 filters of 5x5x48 at 27x27 places.
        (
            "conv",
            (96, 27, 27),
            {"filters": 256, "kernel": 5, "padding": 2, "groups": 2},
            Matrices(2, 128, 1200, 729, spread=False),
            2 * 1200 * 729,
        ),
        (
            "depthwise_conv",
            (32, 112, 112),
            {"kernel": 3, "padding": 1},
            Matrices(32, 1, 9, 12_544, spread=False),
            32 * 9 * 12_544,
        ),
        # DCGAN's second layer: 256 filters of 4x4 for each of 512 channels at 4x4 places, added up in theirs.
        (
            "conv_transpose",
            (512, 4, 4),
            {"filters": 256, "kernel": 4, "stride": 2, "padding": 1},
            Matrices(1, 4096, 512, 16, spread=True),
            4096 * 16,
        ),
    ],
)
def test_matrix_products(name, shape, settings, matrices, unrolled):
    _, found = answers(name, shape, **settings)
    assert found == matrices
    assert found.unrolled == unrolled
