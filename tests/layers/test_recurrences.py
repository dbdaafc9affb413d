"""lstm and gru, with the parameters of torch.nn.LSTM and torch.nn.GRU of torch 2.14.1."""

from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


@pytest.mark.parametrize(
    ("channels", "settings", "lstm", "gru"),
    [
        (512, {"hidden": 256, "bidirectional": True}, 1_576_960, 1_182_720),  # CRNN's first (Shi et al. 2015)
        (10, {"hidden": 20, "layers": 2}, 5_920, 4_440),
        (10, {"hidden": 20, "layers": 3, "bidirectional": True, "bias": False}, 24_000, 18_000),
    ],
)
def test_parameters(place, channels, settings, lstm, gru):
    assert place("lstm", (channels, 26), **settings).params == lstm
    assert place("gru", (channels, 26), **settings).params == gru


def test_tensors_are_those_of_pytorch(place):
    weights = {"weight_ih": (80, 10), "weight_hh": (80, 20), "bias_ih": (80,), "bias_hh": (80,)}
    assert place("lstm", (10, 7), hidden=20).weights == weights
    upper = place("lstm", (10, 7), hidden=20, layers=3, bidirectional=True, bias=False).weights
    # Two directions of 4 x 20 rows; the two upper layers read 40 states.
    assert upper == {"weight_ih": (160, 10), "weight_ih_upper": (320, 40), "weight_hh": (480, 20)}


def test_each_weight_is_used_at_each_step(place):
    assert place("lstm", (10, 7), hidden=20).macs == 7 * (80 * 10 + 80 * 20)
    both = place("gru", (10, 7), hidden=20, layers=2, bidirectional=True)
    # Two directions of 3 gates of 20 units, which read 10 and 20 numbers, and above 40 and 20.
    assert both.macs == 7 * 2 * 3 * 20 * (10 + 20 + 40 + 20)
    assert both.output == (40, 7)


def test_the_gates_of_one_unit_at_one_step(place):
    """Three sigmoids (exp, add, divide) and two tanh; f * c + i * g and o * tanh(c); two biases for each of 4 gates."""
    lstm = Operations(multiply_accumulates=8, adds=3 + 1 + 8, multiplies=3, divides=3, exponentials=5)
    assert place("lstm", (1, 1), hidden=1).operations == lstm
    assert place("lstm", (1, 1), hidden=1, bias=False).operations == lstm._replace(adds=4)
    # Two sigmoids and a tanh of a sum with r * (...); n + z * (h - n).
    gru = Operations(multiply_accumulates=6, adds=2 + 1 + 2 + 6, multiplies=2, divides=2, exponentials=3)
    assert place("gru", (1, 1), hidden=1).operations == gru
    assert place("gru", (1, 5), hidden=1, layers=2, bias=False).operations == Operations(
        multiply_accumulates=5 * 12, adds=5 * 2 * 5, multiplies=20, divides=20, exponentials=30
    )


def test_layers_add_to_the_depth(place):
    assert place("lstm", (4, 5), hidden=3, layers=3).layer.added_depth == 3
    assert place("conv", (4, 5), filters=3, kernel=1).layer.added_depth == 1
    assert place("relu", (4, 5)).layer.added_depth == 0


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_messages(refusal, name):
    hint = "a reshape gives one, such as [-1, 26] for 26 steps"
    assert refusal(name, (4, 5, 6), hidden=3)[0] == (
        f"{name} needs a sequence, CxT, but a 4x5x6 feature map comes in; {hint}"
    )
    assert refusal(name, (4,), hidden=3)[0].startswith(f"{name} needs a sequence, CxT, but a vector of 4 comes in")
