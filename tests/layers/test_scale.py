from __future__ import annotations

from cnncalc.layers.contract import Operations


def test_layer_scale_of_convnext(place):
    """Liu et al. 2022: one learned factor a channel."""
    scale = place("scale", (96, 56, 56))
    assert scale.weights == {"weight": (96,)}
    assert scale.operations == Operations(multiplies=96 * 56 * 56)


def test_with_a_bias(place):
    """Caffe's Scale with bias_term, as it stands after each of its BatchNorm layers."""
    scale = place("scale", (96,), bias=True)
    assert scale.weights == {"weight": (96,), "bias": (96,)}
    assert scale.operations == Operations(multiplies=96, adds=96)


def test_one_factor_for_the_whole_tensor(place):
    """ReZero's gain (Bachlechner et al. 2020) starts a branch at 0 with one learned number."""
    assert place("scale", (96, 7, 7), per_channel=False).weights == {"weight": (1,)}
    assert place("scale", (96, 7, 7), per_channel=False, bias=True).params == 2
    assert place("scale", (96, 7, 7), per_channel=False).operations == Operations(multiplies=96 * 7 * 7)


def test_messages(refusal):
    assert refusal("scale", (4,), bias=2) == ("bias takes true or false, not 2", "bias")
