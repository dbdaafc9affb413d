"""add, subtract, multiply and concat."""

from __future__ import annotations

import pytest

from cnncalc.layers import all_types
from cnncalc.layers.contract import NO_OPERATIONS, Operations
from cnncalc.layers.shapes import Shape


def test_a_residual_connection(place):
    """He et al. 2015: the first block of ResNet-50 adds two maps of 256x56x56."""
    add = place("add", (256, 56, 56), (256, 56, 56))
    assert (add.output, add.weights) == ((256, 56, 56), {})
    assert add.operations == Operations(adds=802_816)


def test_n_inputs_are_n_minus_1_operations(place):
    assert place("add", (4, 5), (4, 5), (4, 5)).operations == Operations(adds=40)
    assert place("multiply", (4, 5), (4, 5), (4, 5)).operations == Operations(multiplies=40)
    assert place("add", (4, 5)).operations == NO_OPERATIONS


@pytest.mark.parametrize("name", ["add", "multiply"])
@pytest.mark.parametrize(
    ("inputs", "output"),
    [
        (((64, 8, 8), (64,)), (64, 8, 8)),  # squeeze-and-excitation (Hu et al. 2017)
        (((64,), (64, 8, 8)), (64, 8, 8)),
        (((64, 8, 8), (64, 1, 1)), (64, 8, 8)),
        (((64, 8, 8), (1, 8, 8)), (64, 8, 8)),  # CBAM's spatial attention (Woo et al. 2018)
        (((64, 8, 1), (64, 1, 8)), (64, 8, 8)),  # coordinate attention (Hou et al. 2021)
        (((64, 9), (64,)), (64, 9)),
        (((64, 2, 3, 4), (64,), (1, 2, 3, 4)), (64, 2, 3, 4)),
        (((7,), (7,)), (7,)),
    ],
)
def test_what_is_smaller_is_repeated(place, name, inputs, output):
    assert place(name, *inputs).output == output


def test_a_gate_is_one_multiply_a_number(place):
    assert place("multiply", (64,), (64, 8, 8)).operations == Operations(multiplies=64 * 8 * 8)


def test_a_difference_is_one_add_a_number(place):
    assert place("subtract", (4096,), (4096,)).operations == Operations(adds=4096)


@pytest.mark.parametrize("count", [1, 3])
def test_a_difference_is_of_two(refusal, count):
    message = f"subtract needs 2 inputs, got {count}; list the minuend first"
    assert refusal("subtract", *[(4, 5)] * count) == (message, None)


def test_channels_one_after_the_other(place):
    """CS231n's naive Inception module: 128, 192, 96 and 256 channels of 28x28 are 672."""
    concat = place("concat", (128, 28, 28), (192, 28, 28), (96, 28, 28), (256, 28, 28))
    assert concat.output == (672, 28, 28)
    assert (concat.operations, concat.weights) == (NO_OPERATIONS, {})


def test_another_axis(place):
    assert place("concat", (4, 5, 6), (4, 2, 6), axis=1).output == (4, 7, 6)
    assert place("concat", (4, 5, 6), (4, 5, 1), (4, 5, 2), axis=2).output == (4, 5, 9)
    assert place("concat", (4,), (3,)).output == (7,)


@pytest.mark.parametrize("name", ["add", "multiply"])
@pytest.mark.parametrize(
    ("inputs", "shapes", "hint"),
    [
        # A block that widens without a projection.
        (((64, 56, 56), (256, 56, 56)), "64x56x56 and 256x56x56", "use a 1x1 conv of 256 filters on the first"),
        # A block that widens and halves, whose shortcut does nothing.
        (
            ((512, 28, 28), (256, 56, 56)),
            "512x28x28 and 256x56x56",
            "use a 1x1 conv of 512 filters with stride 2 on the second",
        ),
        (((8, 28, 28), (8, 55, 55)), "8x28x28 and 8x55x55", "use stride 2 on the second"),
        (((8, 56, 56), (8, 54, 54)), "8x56x56 and 8x54x54", "compare their strides and paddings"),
        (
            ((8, 5, 5), (8, 5, 5), (9, 5, 5), (7, 5, 5)),
            "8x5x5, 8x5x5, 9x5x5 and 7x5x5",
            "give all inputs equally many channels",
        ),
        (((8, 5, 5), (9, 5, 5), (7, 5, 5)), "8x5x5, 9x5x5 and 7x5x5", "give all inputs equally many channels"),
        (((8, 56, 56), (4, 28, 28)), "8x56x56 and 4x28x28", "compare their strides and paddings"),
        (
            ((8, 5, 5), (8, 5)),
            "8x5x5 and 8x5",
            "use a flatten, reshape or global pool to give them equally many axes",
        ),
        (((8,), (7,)), "8 and 7", "use a linear layer of 8 features on the second"),
        (
            ((64, 8, 8), (16,)),
            "64x8x8 and 16",
            "use a vector of 64 numbers, one per channel, which is broadcast over the map",
        ),
    ],
)
def test_shapes_that_differ(refusal, name, inputs, shapes, hint):
    assert refusal(name, *inputs) == (f"{name} needs inputs of equal shape, got {shapes}; {hint}", None)


@pytest.mark.parametrize(
    ("inputs", "settings", "message", "setting"),
    [
        (
            ((64, 28, 28), (32, 14, 14)),
            {},
            ("concat needs equal sizes except the channels, got 64x28x28 and 32x14x14; use stride 2 on the first"),
            None,
        ),
        (
            ((4, 28, 28), (4, 26, 26)),
            {},
            (
                "concat needs equal sizes except the channels, got 4x28x28 and 4x26x26; "
                "compare their strides and paddings"
            ),
            None,
        ),
        (
            ((4, 28, 28), (4, 14, 28)),
            {},
            (
                "concat needs equal sizes except the channels, got 4x28x28 and 4x14x28; "
                "compare their strides and paddings"
            ),
            None,
        ),
        (
            ((4, 28), (4,)),
            {},
            (
                "concat needs equal sizes except the channels, got 4x28 and 4; "
                "use a flatten, reshape or global pool to give them equally many axes"
            ),
            None,
        ),
        (
            ((4, 5, 6), (3, 5, 6)),
            {"axis": 1},
            "concat needs equal sizes except axis 1, got 4x5x6 and 3x5x6; make all axes except 1 equal",
            "axis",
        ),
        (
            ((4, 5), (4,)),
            {"axis": 1},
            "concat needs equal sizes except axis 1, got 4x5 and 4; make all axes except 1 equal",
            "axis",
        ),
        (
            ((4, 5), (4, 5)),
            {"axis": 5},
            "axis 5 exceeds the 2 axes of a 4x5 feature map; use an axis from 0, the channels, to 1",
            "axis",
        ),
        (
            ((4, 5), (4, 5)),
            {"axis": 2},
            "axis 2 exceeds the 2 axes of a 4x5 feature map; use an axis from 0, the channels, to 1",
            "axis",
        ),
        (((4,), (4,)), {"axis": 1}, "axis 1 is beyond the 1 axis of a vector of 4; axis 0 is the only one", "axis"),
        (((4,), (4,)), {"axis": -2}, "axis -2 is beyond the 1 axis of a vector of 4; axis 0 is the only one", "axis"),
    ],
)
def test_what_concat_refuses(refusal, inputs, settings, message, setting):
    assert refusal("concat", *inputs, **settings) == (message, setting)


@pytest.mark.parametrize(("before", "where"), [(9, "the tenth"), (10, "input 11"), (11, "input 12")])
def test_the_one_of_many_is_named(refusal, before, where):
    inputs = [(8, 5, 5)] * before + [(4, 5, 5)]
    assert refusal("add", *inputs)[0].endswith(f"use a 1x1 conv of 8 filters on {where}")


@pytest.mark.parametrize(
    ("inputs", "repeated"),
    [
        (((64, 8, 8), (64, 8, 8)), (False, False)),
        (((64, 8, 8), (64,)), (False, True)),
        (((64, 8, 8), (64, 1, 1)), (False, True)),
        (((64, 8, 8), (1, 8, 8)), (False, False)),  # over channels, and no positions
        (((64, 8, 1), (64, 1, 8)), (True, True)),
        (((64, 1, 2), (64,)), (False, True)),
        (((64, 1, 1), (64,)), (False, False)),  # at one position there is nothing to repeat
        (((64,), (64,)), (False, False)),
    ],
)
def test_what_is_repeated_over_the_positions(inputs, repeated):
    layer, shapes = all_types()["multiply"](), tuple(map(Shape, inputs))
    output = layer.output_shape(shapes)
    readings = layer.readings(shapes, output)
    assert tuple(reading.repeated for reading in readings) == repeated
    for reading, shape in zip(readings, shapes, strict=True):
        for window, size, most in zip(reading.windows, shape.spatial, output.spatial, strict=False):
            # Output 2 reads position 2, or the only one there is.
            assert list(window.reads(2, size)) == ([2] if size == most else [0])


def test_where_each_input_of_a_concat_lies():
    """Rows 0 to 4 of the output are the first input's, rows 5 and 6 the second's."""
    layer, shapes = all_types()["concat"](axis=1), (Shape((4, 5, 6)), Shape((4, 2, 6)))
    first, second = layer.readings(shapes, layer.output_shape(shapes))
    assert (first.axes, second.axes) == ((0, 1), (0, 1))
    assert [list(first.windows[0].reads(row, 5)) for row in (0, 4)] == [[0], [4]]
    assert [list(second.windows[0].reads(row, 2)) for row in (5, 6)] == [[0], [1]]
    assert (first.windows[0].slide(5), second.windows[0].slide(2)) == (7, 7)
    assert list(second.windows[1].reads(3, 6)) == [3], "columns stay"
