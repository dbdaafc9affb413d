from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


def test_the_mean_of_each_channel(place):
    """ResNet-50's last map is 2048x7x7: 48 adds and a divide a channel."""
    pool = place("global_avg_pool", (2048, 7, 7))
    assert pool.output == (2048,)
    assert pool.operations == Operations(adds=2048 * 48, divides=2048)


def test_the_largest_of_each_channel(place):
    assert place("global_max_pool", (5, 3, 4, 2)).operations == Operations(compares=5 * 23)


@pytest.mark.parametrize("name", ["global_avg_pool", "global_max_pool"])
def test_keep_dims_keeps_as_many_axes(place, name):
    assert place(name, (5, 9), keep_dims=True).output == (5, 1)
    assert place(name, (5, 9, 8), keep_dims=True).output == (5, 1, 1)
    assert place(name, (5, 9, 8, 7), keep_dims=True).output == (5, 1, 1, 1)


@pytest.mark.parametrize("name", ["global_avg_pool", "global_max_pool"])
def test_messages(refusal, name):
    assert refusal(name, (5,)) == (
        (
            "expected a feature map, got a vector of 5; "
            "move it above the flatten, linear layer or global pool that removes the spatial axes"
        ),
        None,
    )
    assert refusal(name, (5, 2), keep_dims=1) == ("keep_dims takes true or false, not 1", "keep_dims")
