from __future__ import annotations

from cnncalc.layers.contract import Operations


def test_a_maxout_unit_has_the_weights_of_its_pieces(place):
    """Goodfellow et al. 2013: k linear maps for each output, of which the largest counts."""
    linear = place("linear", (784,), features=240 * 5)
    maxout = place("maxout", linear.output, pieces=5)
    assert maxout.output == (240,)
    assert maxout.operations == Operations(compares=240 * 4)
    assert maxout.weights == {}
    assert linear.params == 5 * place("linear", (784,), features=240).params


def test_positions_stay(place):
    maxout = place("maxout", (96, 6, 5), pieces=2)
    assert (maxout.output, maxout.operations) == ((48, 6, 5), Operations(compares=48 * 30))


def test_messages(refusal):
    assert refusal("maxout", (10, 4), pieces=4) == (
        "4 pieces do not divide the 10 channels; use pieces: 2",
        "pieces",
    )
