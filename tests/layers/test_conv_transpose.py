from __future__ import annotations

import pytest


def test_the_generator_of_dcgan(place):
    """Radford et al. 2015, as in PyTorch's examples: 100x1x1 to 512x4x4, then 256x8x8, all weights 4x4."""
    first = place("conv_transpose", (100, 1, 1), filters=512, kernel=4, bias=False)
    assert first.output == (512, 4, 4)
    assert first.weights == {"weight": (100, 512, 4, 4)}
    assert first.macs == first.params == 100 * 512 * 16
    second = place("conv_transpose", (512, 4, 4), filters=256, kernel=4, stride=2, padding=1, bias=False)
    assert second.output == (256, 8, 8)
    assert second.macs == 4 * 4 * (512 * 256 * 16), "every weight once an input position"


def test_the_up_convolution_of_u_net(place):
    """Ronneberger et al. 2015: 2x2, halves the channels and doubles the size; with a bias 2,097,664 parameters."""
    layer = place("conv_transpose", (1024, 28, 28), filters=512, kernel=2, stride=2)
    assert layer.output == (512, 56, 56)
    assert layer.params == 1024 * 512 * 2 * 2 + 512
    assert layer.macs == 28 * 28 * 1024 * 512 * 4
    assert layer.operations.adds == 512 * 56 * 56


def test_output_padding_chooses_among_the_sizes_that_a_stride_makes_equal(place):
    """PyTorch's example: a convolution 3, stride 2, padding 1 takes 12 and 11 to 6; back it is 11, or 12."""
    settings = {"filters": 16, "kernel": 3, "stride": 2, "padding": 1}
    assert place("conv_transpose", (16, 6, 6), **settings).output == (16, 11, 11)
    assert place("conv_transpose", (16, 6, 6), output_padding=1, **settings).output == (16, 12, 12)


def test_output_padding_may_be_as_large_as_stride_or_dilation_allow(place):
    """PyTorch: smaller than either; 5 - 1 + 3 * (2 - 1) + 1 + 2 = 10."""
    assert place("conv_transpose", (3, 5), filters=2, kernel=2, dilation=3, output_padding=2).output == (2, 10)


def test_groups_read_their_share_of_the_channels(place):
    layer = place("conv_transpose", (8, 5), filters=6, kernel=3, groups=2, bias=False)
    assert layer.weights == {"weight": (8, 3, 3)}
    assert layer.macs == 5 * 8 * 3 * 3


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_same_is_stride_times_the_input(place, kernel):
    """Keras's Conv2DTranspose: height * stride."""
    assert place("conv_transpose", (3, 7, 5), filters=2, kernel=kernel, stride=3, padding="same").output == (2, 21, 15)


@pytest.mark.parametrize(
    ("settings", "message", "setting"),
    [
        (
            {"kernel": 2, "stride": 2, "output_padding": 2},
            "output_padding 2 is not smaller than stride 2 or dilation 1; use output_padding of at most 1",
            "output_padding",
        ),
        (
            {"kernel": 3, "padding": 4},
            "padding 4 crops the whole output of the 4x7 input; use padding of at most 2",
            "padding",
        ),
        (
            {"kernel": 2, "padding": "same", "output_padding": 1},
            "padding same sets the output size; leave output_padding at 0",
            "output_padding",
        ),
        (
            {"kernel": 2, "output_padding": -1},
            "output_padding takes a whole number of at least 0, or a list with one per axis, not -1",
            "output_padding",
        ),
        (
            {"kernel": 2, "groups": 4},
            "4 groups do not divide the 6 input channels; use groups: 2",
            "groups",
        ),
        (
            {"kernel": 2, "stride": (1, 2, 3)},
            "stride has 3 numbers, but the input has 2 spatial axes; write one number, or 2",
            "stride",
        ),
    ],
)
def test_messages(refusal, settings, message, setting):
    assert refusal("conv_transpose", (6, 4, 7), filters=8, **settings) == (message, setting)


def test_one_position_may_be_left(place):
    """An input spread over 3 places, of which the padding takes the outer two."""
    assert place("conv_transpose", (3, 1), filters=2, kernel=3, padding=1).output == (2, 1)


@pytest.mark.parametrize(("kernel", "padding", "most"), [(2, 1, 0), (3, 2, 1), (4, 2, 1), (5, 3, 2)])
def test_a_padding_that_takes_all_away(place, refusal, kernel, padding, most):
    settings = {"filters": 2, "kernel": kernel}
    assert refusal("conv_transpose", (3, 1), padding=padding, **settings) == (
        f"padding {padding} crops the whole output of the 1 input; use padding of at most {most}",
        "padding",
    )
    assert place("conv_transpose", (3, 1), padding=most, **settings).output == (2, kernel - 2 * most)


def test_a_vector_is_refused(refusal):
    message, setting = refusal("conv_transpose", (6,), filters=8, kernel=2)
    assert message.startswith("expected a feature map, got a vector of 6")
    assert setting is None


def test_the_size_of_the_output_can_be_chosen(place):
    """A stride of 2 gives 14 from 7 as well as 13: torch.nn.ConvTranspose2d with output_size."""
    settings = {"filters": 4, "kernel": 3, "stride": 2, "padding": 1}
    assert place("conv_transpose", (8, 7, 7), **settings).output == (4, 13, 13)
    chosen = place("conv_transpose", (8, 7, 7), **settings, size=(13, 14))
    assert chosen.output == (4, 13, 14)
    padded = place("conv_transpose", (8, 7, 7), **settings, output_padding=(0, 1))
    assert (chosen.output, chosen.weights, chosen.operations) == (padded.output, padded.weights, padded.operations)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 15}, "the settings cannot give an output of size 15; use a size from 13 to 14"),
        ({"size": 12}, "the settings cannot give an output of size 12; use a size from 13 to 14"),
        ({"size": 9, "stride": 1}, "the settings cannot give an output of size 9; use 7"),
        ({"size": (13, 14, 15)}, "size has 3 numbers, the input 2 spatial axes; give one number, or 2"),
        ({"size": 13, "output_padding": 1}, "size and output_padding exclude each other; remove one of them"),
        ({"size": 14, "padding": "same"}, "padding same settles the output's size; remove size"),
    ],
)
def test_sizes_that_are_refused(refusal, settings, message):
    given = {"filters": 4, "kernel": 3, "stride": 2, "padding": 1, **settings}
    assert refusal("conv_transpose", (8, 7, 7), **given) == (message, "size")
