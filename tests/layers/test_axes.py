"""Types that name axes: softmax, linear, norms, flatten, reduce, concat, slice and permute, by hand."""

from __future__ import annotations

import pytest

from cnncalc.errors import RuleError
from cnncalc.layers import all_types
from cnncalc.layers.contract import Operations
from cnncalc.layers.shapes import Shape


def answers(name, shapes, settings):
    """A layer's output shape, the sizes of its weights, and its operations."""
    kind = all_types()[name]
    made = kind(**{key: kind.settings[key].decode(value) for key, value in settings.items()})
    inputs = tuple(map(Shape, shapes))
    output = made.output_shape(inputs)
    return tuple(output), [weight.shape for weight in made.weights(inputs)], made.operations(inputs, output)


@pytest.mark.parametrize(
    ("name", "shape", "settings", "output", "weights", "operations"),
    [
        # 10 sets of 4 along the last axis: 3 adds each.
        ("softmax", (2, 5, 4), {"axis": -1}, (2, 5, 4), [], Operations(adds=30, divides=40, exponentials=40)),
        ("softmax", (2, 5, 4), {"axis": 1}, (2, 5, 4), [], Operations(adds=32, divides=40, exponentials=40)),
        ("log_softmax", (2, 5, 4), {"axis": -1}, (2, 5, 4), [], Operations(adds=70, exponentials=50)),
        # 197 tokens of 768 channels, channels first and last: PyTorch's Linear(768, 3072).
        (
            "linear",
            (768, 197),
            {"features": 3072, "axis": 0},
            (3072, 197),
            [(3072, 768), (3072,)],
            Operations(multiply_accumulates=3072 * 768 * 197, adds=3072 * 197),
        ),
        (
            "linear",
            (197, 768),
            {"features": 3072, "axis": -1},
            (197, 3072),
            [(3072, 768), (3072,)],
            Operations(multiply_accumulates=3072 * 768 * 197, adds=3072 * 197),
        ),
        ("linear", (4, 5), {"features": 3, "axis": 1, "bias": False}, (4, 3), [(3, 5)], Operations(60)),
        # 4 adds a number less one a set, 3 multiplies a number, 3 divides and a root a set: 10 sets of 4.
        ("layer_norm", (2, 5, 4), {"axes": -1}, (2, 5, 4), [(4,), (4,)], Operations(0, 150, 120, 30, 0, 10)),
        ("layer_norm", (2, 5, 4), {"axes": (2, 1)}, (2, 5, 4), [(5, 4), (5, 4)], Operations(0, 158, 120, 6, 0, 2)),
        ("rms_norm", (2, 5, 4), {"axes": -1}, (2, 5, 4), [(4,)], Operations(0, 40, 120, 20, 0, 10)),
        ("rms_norm", (6,), {"affine": False}, (6,), [], Operations(0, 6, 12, 2, 0, 1)),
        ("flatten", (768, 14, 14), {"start": 1}, (768, 196), [], Operations()),
        ("flatten", (12, 64, 197), {"end": 1}, (768, 197), [], Operations()),
        ("flatten", (2, 3, 4, 5), {"start": -3, "end": -2}, (2, 12, 5), [], Operations()),
        ("reduce", (2, 5, 4), {"op": "mean", "axes": (1, 2)}, (2,), [], Operations(adds=38, divides=2)),
        ("reduce", (2, 5, 4), {"op": "sum", "axes": 0}, (5, 4), [], Operations(adds=20)),
        ("reduce", (2, 5, 4), {"op": "max", "axes": 0, "keep_dims": True}, (1, 5, 4), [], Operations(compares=20)),
        ("reduce", (2, 5, 4), {"op": "min"}, (1,), [], Operations(compares=39)),
        (
            "reduce",
            (2, 5, 4),
            {"op": "norm", "axes": (-2, -1), "keep_dims": True},
            (2, 1, 1),
            [],
            Operations(multiplies=40, adds=38, exponentials=2),
        ),
        ("slice", (2, 5, 4), {"axis": -1, "stop": 3}, (2, 5, 3), [], Operations()),
        ("permute", (2, 5, 4), {"axes": (-1, 0, 1)}, (4, 2, 5), [], Operations()),
    ],
)
def test_figures(name, shape, settings, output, weights, operations):
    assert answers(name, (shape,), settings) == (output, weights, operations)


def test_concat_counts_from_the_end():
    assert answers("concat", ((4, 5, 6), (4, 5, 7)), {"axis": -1})[0] == (4, 5, 13)
    assert answers("concat", ((4,), (5,)), {"axis": -1})[0] == (9,)


@pytest.mark.parametrize(
    ("name", "settings", "message", "setting"),
    [
        ("softmax", {"axis": 3}, "axis 3 is beyond the 3 axes of a 2x5x4 feature map", "axis"),
        ("softmax", {"axis": "last"}, "axis takes the number of an axis, from 0 or, from the end, from -1", "axis"),
        ("linear", {"features": 3, "axis": -4}, "axis -4 is beyond the 3 axes of a 2x5x4 feature map", "axis"),
        (
            "linear",
            {"features": 3, "axis": 0, "flatten": True},
            "flatten leaves one axis, so axis names none",
            "axis",
        ),
        ("layer_norm", {"axes": (1, -2)}, "axes names axis 1 twice", "axes"),
        ("rms_norm", {"axes": 5}, "axis 5 is beyond the 3 axes of a 2x5x4 feature map", "axes"),
        ("reduce", {"op": "mean", "axes": (0, 0)}, "axes names axis 0 twice", "axes"),
        ("reduce", {"op": "median"}, "op takes mean, sum, max, min or norm, not 'median'", "op"),
        ("flatten", {"start": 4}, "axis 4 is beyond the 3 axes of a 2x5x4 feature map", "start"),
    ],
)
def test_messages(name, settings, message, setting):
    with pytest.raises(RuleError) as caught:
        answers(name, ((2, 5, 4),), settings)
    assert caught.value.message.startswith(message)
    assert caught.value.setting == setting
