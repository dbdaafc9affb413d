from __future__ import annotations


def test_the_output_of_lenet_5(place):
    """LeCun et al. 1998: 10 units on 84 inputs, 840 connections, none of them learned in the beginning."""
    layer = place("rbf", (84,), units=10)
    assert layer.output == (10,)
    assert (layer.params, layer.buffers) == (0, 840)
    assert (layer.macs, layer.operations.adds) == (840, 840), "a difference and its square for each connection"


def test_messages(refusal):
    assert refusal("rbf", (84, 1, 1), units=10) == (
        "expected a vector, got a 84x1x1 feature map; add a flatten or global_avg_pool above it",
        None,
    )
    assert refusal("rbf", (84,), units=0) == ("units takes a whole number of at least 1, not 0", "units")
