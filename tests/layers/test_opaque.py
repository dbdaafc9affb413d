from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


def test_it_is_what_its_author_says(place):
    layer = place("opaque", (64, 8, 8), output=(128, 4, 4), params=1000, macs=2000, buffers=30)
    assert layer.output == (128, 4, 4)
    assert (layer.params, layer.buffers) == (1000, 30)
    assert layer.operations == Operations(multiply_accumulates=2000)


def test_nothing_may_be_declared_but_not_left_out(place):
    layer = place("opaque", (64,), output=10, params=0, macs=0, buffers=0)
    assert layer == place("opaque", (64,), output=10, params=0, macs=0)
    assert (layer.output, layer.weights, layer.operations) == ((10,), {}, Operations())
    with pytest.raises(TypeError, match=r"^opaque needs params and macs$"):
        place("opaque", (64,), output=10)


@pytest.mark.parametrize(
    ("settings", "message", "setting"),
    [
        ({"output": (8, -1)}, "output takes a list of whole numbers of at least 1, not [8, -1]", "output"),
        ({"output": ()}, "output takes a list of whole numbers of at least 1, not []", "output"),
        ({"params": -1}, "params takes a whole number of at least 0, not -1", "params"),
        ({"macs": -1}, "macs takes a whole number of at least 0, not -1", "macs"),
        ({"buffers": -1}, "buffers takes a whole number of at least 0, not -1", "buffers"),
        ({"macs": "many"}, "macs takes a whole number of at least 0, not 'many'", "macs"),
    ],
)
def test_messages(refusal, settings, message, setting):
    given = {"output": 10, "params": 0, "macs": 0, **settings}
    assert refusal("opaque", (64,), **given) == (message, setting)
