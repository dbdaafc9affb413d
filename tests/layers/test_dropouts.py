from __future__ import annotations

from fractions import Fraction

import pytest

from cnncalc.layers.contract import NO_OPERATIONS


@pytest.mark.parametrize("name", ["dropout", "drop_path"])
@pytest.mark.parametrize("rate", [0, Fraction(1, 5), 1])
def test_nothing_is_done_at_inference(place, name, rate):
    layer = place(name, (4, 3, 2), rate=rate)
    assert (layer.output, layer.weights, layer.operations) == ((4, 3, 2), {}, NO_OPERATIONS)


def test_half_is_dropped_by_default(place):
    """Srivastava et al. 2014, and PyTorch's default."""
    assert place("dropout", (4,)).layer.rate == Fraction(1, 2)


@pytest.mark.parametrize("name", ["dropout", "drop_path"])
@pytest.mark.parametrize(("rate", "written"), [(2, "2"), (Fraction(-1, 10), "-0.1"), ("half", "'half'")])
def test_messages(refusal, name, rate, written):
    assert refusal(name, (4,), rate=rate) == (f"rate takes a number from 0 to 1, not {written}", "rate")


def test_drop_path_has_no_usual_rate(place):
    with pytest.raises(TypeError, match=r"^drop_path needs rate$"):
        place("drop_path", (4,))
