"""unfold, fold, max_unpool and roll."""

from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


def test_windows_become_channels(place):
    """torch.nn.Unfold(3, padding=1, stride=2) makes 27x25 of 3x9x9: 27 channels at 5x5 positions."""
    layer = place("unfold", (3, 9, 9), kernel=3, stride=2, padding=1)
    assert (layer.output, layer.params, layer.operations) == ((27, 5, 5), 0, Operations())


@pytest.mark.parametrize(("size", "output"), [(None, (3, 9, 9)), (10, (3, 10, 10)), ((9, 10), (3, 9, 10))])
def test_channels_become_windows(place, size, output):
    """torch.nn.Fold takes output sizes of 9 and 10 for 5x5 windows of 3, 2 apart, with padding 1."""
    layer = place("fold", (27, 5, 5), kernel=3, stride=2, padding=1, size=size)
    assert layer.output == output
    assert layer.operations == Operations(adds=27 * 25)


def test_segnet_unpools_to_the_size_before_the_pool(place):
    """Badrinarayanan et al. 2015: 2x2 windows; torch.nn.MaxUnpool2d(2, 2) with output_size takes 45 for 22 as well."""
    assert place("max_unpool", (64, 22, 30), (64, 22, 30), kernel=2).output == (64, 44, 60)
    assert place("max_unpool", (64, 22, 30), kernel=2, size=(45, 60)).output == (64, 45, 60)
    assert place("max_unpool", (64, 22, 30), kernel=2, size=(43, 61)).output == (64, 43, 61)
    assert place("max_unpool", (8, 5), kernel=3, stride=2, padding=1).output == (8, 9)


def test_a_roll_keeps_the_shape(place):
    assert place("roll", (96, 56, 56), shift=-3).output == (96, 56, 56)
    assert place("roll", (96, 56, 56), shift=(3, -1000)).operations == Operations()


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "message", "setting"),
    [
        (
            "fold",
            [(26, 5, 5)],
            {"kernel": 3},
            (
                "26 channels are no multiple of the 9 positions of the kernel; "
                "use a kernel whose positions divide them, or 27 channels"
            ),
            "kernel",
        ),
        (
            "fold",
            [(27, 5, 5)],
            {"kernel": 3, "stride": 2, "padding": 1, "size": 11},
            "the settings cannot give an output of size 11; use a size from 9 to 10",
            "size",
        ),
        (
            "unfold",
            [(3, 2, 2)],
            {"kernel": 3},
            "kernel 3 does not fit the 2x2 input; padding 1 or a kernel of at most 2 would",
            "kernel",
        ),
        (
            "max_unpool",
            [(8, 22, 30)],
            {"kernel": 2, "size": 46},
            "the settings cannot give an output of size 46; use a size from 43 to 45",
            "size",
        ),
        (
            "max_unpool",
            [(8, 22, 30), (8, 44, 60)],
            {"kernel": 2},
            (
                "max_unpool needs an input of the shape of its max_pool, but 8x22x30 and 8x44x60 come in; "
                "name the max_pool of the same stage second"
            ),
            None,
        ),
        (
            "max_unpool",
            [(8, 2, 3)] * 3,
            {"kernel": 2},
            "max_unpool takes one or two inputs, not 3; remove the others",
            None,
        ),
        (
            "roll",
            [(3, 4, 4)],
            {"shift": (1, 2, 3)},
            "shift has 3 numbers, the input 2 spatial axes; give one number, or 2",
            "shift",
        ),
        (
            "roll",
            [(3, 4, 4)],
            {"shift": True},
            "shift takes a whole number, or a list with one an axis, not true",
            "shift",
        ),
    ],
)
def test_messages(refusal, name, inputs, settings, message, setting):
    assert refusal(name, *inputs, **settings) == (message, setting)


@pytest.mark.parametrize("name", ["roll", "unfold", "fold", "max_unpool"])
def test_layers_of_positions_refuse_a_vector(refusal, name):
    settings = {"shift": 1} if name == "roll" else {"kernel": 2}
    assert refusal(name, (4,), **settings)[0].startswith("a feature map is needed, but a vector of 4 comes in")
