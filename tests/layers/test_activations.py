from __future__ import annotations

import math
from fractions import Fraction

import pytest

from cnncalc.layers import all_types
from cnncalc.layers.contract import NO_OPERATIONS, Aliasing, Operations
from cnncalc.layers.shapes import Shape

# What one number costs, read off each definition.
ONE_NUMBER = {
    "identity": NO_OPERATIONS,
    "threshold": Operations(compares=1),  # x >= threshold
    "sigmoid": Operations(exponentials=1, adds=1, divides=1),  # 1 / (1 + exp(-x))
    "tanh": Operations(exponentials=1),
    "relu": Operations(compares=1),  # max(x, 0)
    "relu6": Operations(compares=2),  # min(max(x, 0), 6)
    "absolute": Operations(compares=1),  # max(x, -x)
    "leaky_relu": Operations(compares=1, multiplies=1),  # x > 0, slope * x
    "prelu": Operations(compares=1, multiplies=1),
    "elu": Operations(compares=1, exponentials=1, adds=1, multiplies=1),  # x > 0, alpha * (exp(x) - 1)
    "selu": Operations(compares=1, exponentials=1, adds=1, multiplies=2),  # scale * elu(x)
    "gelu": Operations(exponentials=1, adds=1, multiplies=3),  # x * 0.5 * (1 + erf(x * c))
    "silu": Operations(exponentials=1, adds=1, divides=1),  # x / (1 + exp(-x))
    "mish": Operations(exponentials=3, adds=1, multiplies=1),  # x * tanh(log(1 + exp(x)))
    "hard_sigmoid": Operations(adds=1, compares=2, divides=1),  # min(max(x + 3, 0), 6) / 6
    "hard_swish": Operations(adds=1, compares=2, divides=1, multiplies=1),  # x * min(max(x + 3, 0), 6) / 6
    "softplus": Operations(exponentials=2, adds=1),  # log(1 + exp(x))
}

# Of these the output alone gives the derivative, so that it may take the input's place.
OVERWRITES = {
    *("threshold", "sigmoid", "tanh", "relu", "relu6", "leaky_relu", "elu", "selu", "hard_sigmoid", "softplus"),
    *("softmax", "log_softmax"),
}


@pytest.mark.parametrize("name", ONE_NUMBER)
@pytest.mark.parametrize("shape", [(7,), (7, 5), (7, 5, 3), (7, 5, 3, 2)])
def test_every_number_is_replaced_by_a_function_of_itself(place, name, shape):
    layer = place(name, shape)
    numbers = {1: 7, 2: 35, 3: 105, 4: 210}[len(shape)]
    assert layer.output == shape
    assert layer.operations == Operations(*(count * numbers for count in ONE_NUMBER[name]))


@pytest.mark.parametrize("name", [*ONE_NUMBER, "softmax", "log_softmax"])
def test_only_prelu_has_weights(place, name):
    assert place(name, (6, 4)).weights == ({"weight": (1,)} if name == "prelu" else {})


@pytest.mark.parametrize("name", [*ONE_NUMBER, "softmax", "log_softmax"])
def test_where_the_output_lives(name):
    expected = Aliasing.VIEW if name == "identity" else Aliasing.IN_PLACE if name in OVERWRITES else Aliasing.NEW
    assert all_types()[name].aliasing is expected


def test_gelu_with_a_hyperbolic_tangent(place):
    """0.5 * x * (1 + tanh(x * (a + b * x * x))): five multiplies, two adds and the tangent."""
    assert place("gelu", (7,), approximate="tanh").operations == Operations(exponentials=7, adds=14, multiplies=35)


def test_prelu_learns_one_slope_or_one_a_channel(place):
    """He et al. 2015 compare channel-shared with channel-wise: one extra parameter a layer, or one a channel."""
    assert place("prelu", (64, 8, 8)).params == 1
    assert place("prelu", (64, 8, 8), per_channel=True).params == 64


def test_softmax_is_over_the_channels(place):
    """1000 classes: 1000 exponentials, 999 adds, 1000 divides; and so at each of 6x6 positions."""
    assert place("softmax", (1000,)).operations == Operations(exponentials=1000, adds=999, divides=1000)
    everywhere = place("softmax", (1000, 6, 6)).operations
    assert everywhere == Operations(exponentials=36_000, adds=36 * 999, divides=36_000)


def test_log_softmax_takes_one_logarithm_a_position(place):
    """x - log(sum(exp(x))): of 10 numbers 10 exponentials and a logarithm, 9 adds and 10 differences."""
    assert place("log_softmax", (10,)).operations == Operations(exponentials=11, adds=19)


def test_parameters_of_the_functions(place):
    assert place("leaky_relu", (4,)).layer.slope == Fraction(1, 100), "PyTorch's default"
    assert place("leaky_relu", (4,), slope=Fraction(1, 10)).layer.slope == Fraction(1, 10)
    assert place("threshold", (4,)).layer.threshold == 0
    assert place("elu", (4,)).layer.alpha == 1


@pytest.mark.parametrize(
    ("name", "settings", "message", "setting"),
    [
        ("leaky_relu", {"slope": -1}, "slope takes a number of at least 0, not -1", "slope"),
        ("elu", {"alpha": Fraction(-1, 2)}, "alpha takes a number of at least 0, not -0.5", "alpha"),
        ("threshold", {"threshold": True}, "threshold takes a number, not true", "threshold"),
        ("prelu", {"per_channel": "each"}, "per_channel takes true or false, not 'each'", "per_channel"),
    ],
)
def test_messages(refusal, name, settings, message, setting):
    assert refusal(name, (4,), **settings) == (message, setting)


@pytest.mark.parametrize(
    ("name", "settings", "x", "value"),
    [
        # Values of scipy and of PyTorch's functions of these names, to seven digits.
        ("absolute", {}, -2, 2),
        ("elu", {}, -1, -0.6321206),
        ("elu", {"alpha": 2}, -1, -1.2642411),
        ("gelu", {}, 1, 0.8413447),
        ("hard_sigmoid", {}, 1, 0.6666667),
        ("hard_swish", {}, -1, -0.3333333),
        ("identity", {}, 5, 5),
        ("leaky_relu", {}, -1, -0.01),
        ("mish", {}, 1, 0.8650984),
        ("relu", {}, -1, 0),
        ("relu6", {}, 7, 6),
        ("selu", {}, -1, -1.1113307),
        ("selu", {}, 1, 1.0507010),
        ("sigmoid", {}, 1, 0.7310586),
        ("silu", {}, -1, -0.2689414),
        ("softplus", {}, 1, 1.3132617),
        ("tanh", {}, 1, 0.7615942),
        ("threshold", {"threshold": 2}, 2, 1),
        ("threshold", {"threshold": 2}, 1, 0),
    ],
)
def test_the_formula_that_is_shown_is_the_function(name, settings, x, value, place):
    layer = place(name, (4,), **settings).layer
    remark = layer.remarks((Shape((4,)),), Shape((4,)))[0]
    functions = {key: getattr(math, key) for key in ("exp", "erf", "sqrt", "tanh")} | {"ln": math.log}
    # The language of expressions is Python's here; the texts are the program's own.
    given = eval(remark.formula, functions, {**remark.values, "x": x})
    assert float(given) == pytest.approx(value, abs=2e-5)


@pytest.mark.parametrize(
    ("name", "values"), [("softmax", (0.2689414, 0.7310586)), ("log_softmax", (-1.3132617, -0.3132617))]
)
def test_the_formula_of_a_softmax(name, values, place):
    formula = place(name, (2,)).layer.remarks((Shape((2,)),), Shape((2,)))[0].formula
    assert formula.count("exp(all_x)") == 1
    for x, value in zip((1, 2), values, strict=True):
        text = formula.replace("sum(exp(all_x))", "total")
        names = {"exp": math.exp, "ln": math.log, "total": math.exp(1) + math.exp(2), "x": x}
        assert eval(text, names) == pytest.approx(value, abs=1e-6)
