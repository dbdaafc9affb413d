from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


def test_the_stride_is_the_kernel_unless_told(place):
    """The pools of VGG-16: 2x2 halves 224."""
    pool = place("max_pool", (64, 224, 224), kernel=2)
    assert pool.output == (64, 112, 112)
    assert pool.operations == Operations(compares=64 * 112 * 112 * 3), "three comparisons find the largest of four"


def test_overlapping_pools_of_alexnet(place):
    """Krizhevsky et al. 2012: kernel 3, stride 2 takes 55 to 27."""
    assert place("max_pool", (96, 55, 55), kernel=3, stride=2).output == (96, 27, 27)


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "floor", "ceil"),
    [
        (112, 3, 2, 0, 55, 56),  # GoogLeNet's first pool: 56 in the paper
        (110, 3, 2, 0, 54, 55),  # ZFNet's: 55 in the paper
        (112, 3, 2, 1, 56, 57),  # ResNet's: 56 in the paper, rounded down
        (3, 2, 3, 0, 1, 1),  # a second window would start behind the input: PyTorch leaves it out
        (2, 3, 2, 0, None, 1),  # it juts out by 1, less than its stride
    ],
)
def test_rounding(place, refusal, name, size, kernel, stride, padding, floor, ceil):
    settings = {"kernel": kernel, "stride": stride, "padding": padding}
    if floor is None:
        assert refusal(name, (1, size), **settings)[1] == "kernel"
    else:
        assert place(name, (1, size), **settings).output == (1, floor)
    assert place(name, (1, size), rounding="ceil", **settings).output == (1, ceil)


def test_a_mean_is_adds_and_one_divide(place):
    """A 2x2 mean is 3 adds and a divide; one over a 3x3 window with padding is counted like all others."""
    assert place("avg_pool", (5, 8, 6), kernel=2).operations == Operations(adds=3 * 5 * 4 * 3, divides=5 * 4 * 3)
    padded = place("avg_pool", (1, 4), kernel=3, stride=1, padding=1, count_include_pad=False)
    assert padded.operations == Operations(adds=2 * 4, divides=4)


def test_pools_keep_no_weights(place):
    assert place("max_pool", (3, 4), kernel=2).weights == {}
    assert place("avg_pool", (3, 4), kernel=2).weights == {}


def test_padding_same(place):
    """TensorFlow: ceil(7 / 2) = 4, and 7 with stride 1."""
    assert place("max_pool", (3, 7, 7), kernel=3, stride=2, padding="same").output == (3, 4, 4)
    assert place("max_pool", (3, 7, 7), kernel=4, stride=1, padding="same").output == (3, 7, 7)
    assert place("max_pool", (3, 7, 7), kernel=3, stride=1, dilation=3, padding="same").output == (3, 7, 7)


def test_a_dilated_max_pool(place):
    """PyTorch's MaxPool2d(3, stride=1, dilation=2): 9 - 5 + 1."""
    assert place("max_pool", (3, 9, 9), kernel=3, stride=1, dilation=2).output == (3, 5, 5)


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
@pytest.mark.parametrize(
    ("settings", "message", "setting"),
    [
        ({"kernel": 5}, "kernel 5 does not fit the 4x3 input; use padding 1 or a kernel of at most 4", "kernel"),
        (
            {"kernel": 3, "padding": 2},
            "padding 2 is more than half of kernel 3; use padding of at most 1",
            "padding",
        ),
        (
            {"kernel": 2, "padding": "same", "rounding": "ceil"},
            "padding same excludes rounding up; leave rounding at floor",
            "padding",
        ),
        ({"kernel": 2, "rounding": "up"}, "rounding takes floor or ceil, not 'up'", "rounding"),
    ],
)
def test_messages(refusal, name, settings, message, setting):
    assert refusal(name, (2, 4, 3), **settings) == (message, setting)


def test_a_hint_leaves_out_what_would_be_refused(refusal):
    """Padding 2 would make room for the dilated kernel, but is more than half of it."""
    assert refusal("max_pool", (2, 3), kernel=3, dilation=3) == (
        "kernel 3, dilated to 7, does not fit the 3 input; use a kernel of at most 1",
        "kernel",
    )


def test_a_vector_is_refused(refusal):
    assert refusal("max_pool", (2,), kernel=3)[0].startswith("expected a feature map, got a vector of 2")
