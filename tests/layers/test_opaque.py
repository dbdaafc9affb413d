from __future__ import annotations

import pytest

from cnncalc.layers import all_types
from cnncalc.layers.contract import Operations
from cnncalc.layers.shapes import Shape


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


def test_what_else_may_be_declared(place):
    layer = place("opaque", (64, 8, 8), output=(128, 4, 4), params=0, macs=100, flops=250, depth=3)
    assert layer.operations == Operations(multiply_accumulates=100, unclassified=50)
    assert layer.operations.flops == 250
    assert layer.layer.added_depth == 3


def test_a_declared_field_lies_around_the_middle_of_an_outputs_part():
    """Four outputs of 8 positions have two each: 0 and 1, whose middle lies between them, and so on."""
    kind = all_types()["opaque"]
    shape = Shape((1, 8))
    (even,) = kind(output=(1, 4), params=0, macs=0, field=4).windows((shape,))
    assert [list(even.reads(place, 8)) for place in (0, 1, 3)] == [[-1, 0, 1, 2], [1, 2, 3, 4], [5, 6, 7, 8]]
    (odd,) = kind(output=(1, 8), params=0, macs=0, field=3).windows((shape,))
    assert [list(odd.reads(place, 8)) for place in (0, 7)] == [[-1, 0, 1], [6, 7, 8]]


def test_several_inputs_are_read_whole_or_in_the_field(place):
    kind, inputs = all_types()["opaque"], (Shape((1, 8, 8)), Shape((5, 4, 4)), Shape((3,)))
    layer = kind(output=(1, 4, 4), params=0, macs=0, field=3)
    readings = layer.readings(inputs, layer.output_shape(inputs))
    assert [[len(window.reads(2, 9)) for window in reading.windows] for reading in readings] == [[3, 3], [3, 3], []]
    whole = kind(output=(1, 4, 4), params=0, macs=0).readings(inputs, Shape((1, 4, 4)))
    assert [[len(window.reads(2, 9)) for window in reading.windows] for reading in whole] == [[9, 9], [9, 9], []]


def test_figures_that_contradict(refusal):
    given = {"output": (8, 4), "params": 0, "macs": 10}
    assert refusal("opaque", (64, 4), **given, flops=19) == (
        "flops 19 are fewer than 2 for each of the 10 multiply-accumulates; use at least 20",
        "flops",
    )
    assert refusal("opaque", (64,), **given, field=3) == (
        (
            "field is along each axis, but a vector of 64 becomes a 8x4 feature map; "
            "remove field: each output then reads the whole input"
        ),
        "field",
    )
    assert refusal("opaque", (64, 4), **given, field=(3, 3))[1] == "field"


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
