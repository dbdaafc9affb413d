from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


def test_parts_of_unequal_size_are_counted_as_they_are(place):
    """10 into 7: 0-1, 1-2, 2-4, 4-5, 5-7, 7-8, 8-9 hold 16 positions together: 9 adds for 7 means."""
    assert place("adaptive_avg_pool", (1, 10), size=7).operations == Operations(adds=9, divides=7)
    assert place("adaptive_max_pool", (3, 10), size=7).operations == Operations(compares=27)


def test_parts_of_equal_size_are_a_pool(place):
    """torchvision's AlexNet and VGG at 224: 6x6 stays 6x6, and 14x14 into 7x7 is a 2x2 pool."""
    same = place("adaptive_avg_pool", (256, 6, 6), size=6)
    assert (same.output, same.operations) == ((256, 6, 6), Operations(divides=256 * 36))
    adaptive, pool = place("adaptive_avg_pool", (8, 14, 14), size=7), place("avg_pool", (8, 14, 14), kernel=2)
    assert adaptive[1:] == pool[1:]


def test_an_output_larger_than_the_input_repeats_it(place):
    assert place("adaptive_avg_pool", (2, 1, 1), size=(7, 3)).output == (2, 7, 3)


def test_size_one_is_the_global_pool(place):
    pool = place("adaptive_avg_pool", (5, 3, 4), size=1)
    assert pool.output == (5, 1, 1)
    assert pool.operations == place("global_avg_pool", (5, 3, 4)).operations


@pytest.mark.parametrize("name", ["adaptive_avg_pool", "adaptive_max_pool"])
def test_messages(refusal, name):
    assert refusal(name, (5, 4, 4), size=(2, 2, 2)) == (
        "size has 3 numbers, but the input has 2 spatial axes; write one number, or 2",
        "size",
    )
    assert refusal(name, (5, 4, 4), size=0) == (
        "size takes a whole number of at least 1, or a list with one per axis, not 0",
        "size",
    )
    assert refusal(name, (5,), size=1)[1] is None
