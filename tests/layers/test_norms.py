"""batch_norm, layer_norm, group_norm, instance_norm and lrn."""

from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


def test_batch_norm_learns_two_numbers_a_channel_and_tracks_two(place):
    """Ioffe & Szegedy 2015; after ResNet's first convolution 128 parameters and 128 running statistics."""
    norm = place("batch_norm", (64, 112, 112))
    assert norm.output == (64, 112, 112)
    assert norm.weights == {"weight": (64,), "bias": (64,), "running_mean": (64,), "running_var": (64,)}
    assert (norm.params, norm.buffers) == (128, 128)
    assert norm.operations == Operations(adds=64 * 112 * 112, multiplies=64 * 112 * 112), "folded"


def test_batch_norm_in_part(place):
    assert place("batch_norm", (64,), affine=False).weights == {"running_mean": (64,), "running_var": (64,)}
    assert place("batch_norm", (64,), track_statistics=False).weights == {"weight": (64,), "bias": (64,)}


def test_batch_norm_with_a_factor_or_an_addend_alone(place):
    """Keras' BatchNormalization with scale=False, as in its InceptionV3, or center=False."""
    tracked = {"running_mean": (64,), "running_var": (64,)}
    assert place("batch_norm", (64,), scale=False).weights == {"bias": (64,), **tracked}
    assert place("batch_norm", (64,), center=False).weights == {"weight": (64,), **tracked}
    assert place("batch_norm", (64,), scale=False, center=False).weights == tracked
    assert place("batch_norm", (64,), affine=False).weights == tracked


def test_a_factor_or_an_addend_alone_costs_one_operation_a_number(place):
    untracked = {"track_statistics": False}
    shifted = place("batch_norm", (1, 2, 2), scale=False, **untracked)
    assert shifted.operations == FOUR_PLAIN._replace(adds=FOUR_PLAIN.adds + 4)
    scaled = place("batch_norm", (1, 2, 2), center=False, **untracked)
    assert scaled.operations == FOUR_PLAIN._replace(multiplies=FOUR_PLAIN.multiplies + 4)


# Four numbers by hand: 3 adds and 1 divide are the mean, 4 adds the differences, 4 multiplies their squares, 3 adds
# and 1 divide the variance, 1 add, 1 root and 1 divide the factor, 4 multiplies its use; then 4 multiplies and 4 adds.
FOUR_PLAIN = Operations(adds=11, multiplies=8, divides=3, exponentials=1)
FOUR_AFFINE = Operations(adds=15, multiplies=12, divides=3, exponentials=1)


def test_four_numbers_by_hand(place):
    assert place("layer_norm", (4,)).operations == FOUR_AFFINE
    assert place("layer_norm", (4,), affine=False).operations == FOUR_PLAIN
    assert place("layer_norm", (4, 1, 1), axes="channels").operations == FOUR_AFFINE
    assert place("group_norm", (4,), groups=1).operations == FOUR_AFFINE
    assert place("instance_norm", (1, 2, 2)).operations == FOUR_PLAIN
    assert place("batch_norm", (1, 2, 2), track_statistics=False).operations == FOUR_AFFINE


def test_two_sets_are_twice_the_work(place):
    twice = Operations(*(2 * count for count in FOUR_PLAIN))
    assert place("instance_norm", (2, 4)).operations == twice
    assert place("group_norm", (2, 2, 2), groups=2, affine=False).operations == twice
    assert place("layer_norm", (4, 2), axes="channels", affine=False).operations == twice


def test_layer_norm_over_all_or_over_the_channels(place):
    """PyTorch's LayerNorm([96, 56, 56]) learns a number for each; ConvNeXt's LayerNorm2d(96) one for each channel."""
    assert place("layer_norm", (96, 56, 56)).weights == {"weight": (96, 56, 56), "bias": (96, 56, 56)}
    assert place("layer_norm", (96, 56, 56), axes="channels").weights == {"weight": (96,), "bias": (96,)}


def test_group_norm_learns_two_numbers_a_channel(place):
    assert place("group_norm", (64, 8, 8), groups=32).params == 128


def test_instance_norm_is_bare_unless_told(place):
    assert place("instance_norm", (64, 8, 8)).weights == {}
    tracked = place("instance_norm", (64, 8, 8), affine=True, track_statistics=True)
    assert (tracked.params, tracked.buffers) == (128, 128)
    assert tracked.operations == Operations(adds=4096, multiplies=4096)


def test_lrn_of_alexnet(place):
    """Krizhevsky et al. 2012, section 3.3: n=5, k=2, alpha=1e-4, beta=0.75; no parameters.

    A number: its square and alpha times the sum, 4 adds of the sum and 1 of k, a power and a division.
    """
    norm = place("lrn", (96, 55, 55))
    assert norm.weights == {}
    elements = 96 * 55 * 55
    assert norm.operations == Operations(
        adds=5 * elements, multiplies=2 * elements, divides=elements, exponentials=elements
    )
    assert (norm.layer.size, norm.layer.k, norm.layer.alpha * 10_000, norm.layer.beta * 4) == (5, 2, 1, 3)


@pytest.mark.parametrize(
    ("name", "shape", "settings", "message", "setting"),
    [
        ("group_norm", (10, 4), {"groups": 4}, "4 groups do not divide the 10 channels; use groups: 2", "groups"),
        ("group_norm", (10, 4), {"groups": 11}, "11 groups do not divide the 10 channels; use groups: 10", "groups"),
        (
            "layer_norm",
            (10, 4),
            {"axes": "chanels"},
            (
                "axes takes all, channels or a list of the numbers of axes, from 0 or, from the end, from -1, "
                "not 'chanels'; did you mean 'channels'?"
            ),
            "axes",
        ),
        ("batch_norm", (10, 4), {"affine": 0}, "affine takes true or false, not 0", "affine"),
        ("lrn", (10, 4), {"size": 0}, "size takes a whole number of at least 1, not 0", "size"),
        ("lrn", (10, 4), {"alpha": "x"}, "alpha takes a number, not 'x'", "alpha"),
        (
            "instance_norm",
            (10, 1, 1),
            {},
            ("a 1x1 channel has one element, which normalization always makes 0; use batch_norm or layer_norm"),
            None,
        ),
    ],
)
def test_messages(refusal, name, shape, settings, message, setting):
    assert refusal(name, shape, **settings) == (message, setting)


def test_instance_norm_needs_positions(refusal):
    assert refusal("instance_norm", (10,))[0].startswith("expected a feature map, got a vector of 10")
