"""Functions, recognized as activations by their values; definitions from the papers that the types name."""

import pytest

from cnncalc.interchange.recognize import X, combine, evaluate, literal, recognize

KNOWN = {
    "max(0, x)": ("relu", {}),
    "(abs(x) + x) / 2": ("relu", {}),
    "min(relu(x), 6)": ("relu6", {}),
    "1 / (exp(-x) + 1)": ("sigmoid", {}),
    "(tanh(x / 2) + 1) / 2": ("sigmoid", {}),
    "2 * sigmoid(2 * x) - 1": ("tanh", {}),
    "sigmoid(x) * x": ("silu", {}),
    "relu6(x + 3) * x * 0.16666667": ("hard_swish", {}),
    "min(max(0.16666667 * x + 0.5, 0), 1)": ("hard_sigmoid", {}),
    "ln(exp(x) + 1)": ("softplus", {}),
    "tanh(softplus(x)) * x": ("mish", {}),
    "(erf(x * 0.70710678) + 1) * 0.5 * x": ("gelu", {}),
    "0.5 * x * (1 + tanh(0.79788456 * (x + 0.044715 * x * x * x)))": ("gelu", {"approximate": "tanh"}),
    "max(x, 0.2 * x)": ("leaky_relu", {"slope": "0.2"}),
    "relu(x) - 0.3 * relu(-x)": ("leaky_relu", {"slope": "0.3"}),
    "relu(x) + min(exp(x) - 1, 0)": ("elu", {}),
    "x * 2 / 2": ("identity", {}),
}
# Near an activation, and none.
OTHERS = ("x * sigmoid(1.702 * x)", "min(max(x, 0), 5.9)", "x + 0.001", "max(x, -0.1)", "ln(x)", "x / 0", "y", "x +")


@pytest.mark.parametrize("function", KNOWN)
def test_activations_in_any_form(function):
    assert recognize(function) == KNOWN[function]


@pytest.mark.parametrize("function", OTHERS)
def test_other_functions_stay(function):
    assert recognize(function) == ("apply", {"function": function})


def test_texts_of_operators():
    three, half = literal(3), literal(-0.5)
    assert combine("-", X, combine("+", X, three)).text == "x - (x + 3)"
    assert combine("*", combine("+", X, three), half).text == "(x + 3) * (-0.5)"
    assert combine("/", three, combine("*", X, X)).text == "3 / (x * x)"
    assert combine("**", combine("*", X, three), literal(2)).text == "(x * 3) ** 2"
    assert combine("exp({})", combine("-{}", X)).text == "exp(-x)"
    # 0.1 as a number of 32 bits.
    assert literal(0.10000000149011612).text == "0.1"


def test_values_of_functions():
    assert evaluate("x if x > 0 else 2 * x", (-1.0, 3.0)) == (-2.0, 3.0)
    assert evaluate("exp(1000 * x)", (1.0,)) is None
