"""apply: what a function costs, by hand and against the activations that have their own type."""

from __future__ import annotations

import pytest

from cnncalc.errors import RuleError
from cnncalc.layers import all_types
from cnncalc.layers.contract import Operations
from cnncalc.layers.shapes import Shape


def apply(function):
    kind = all_types()["apply"]
    return kind(function=kind.settings["function"].decode(function))


def each(function, inputs=1):
    """The operations for one number."""
    vectors = (Shape((1,)),) * inputs
    return apply(function).operations(vectors, Shape((1,)))


@pytest.mark.parametrize(
    ("function", "operations"),
    [
        ("x", Operations()),
        ("-x", Operations()),
        ("2 * x + 1", Operations(multiplies=1, adds=1)),
        ("x - 3", Operations(adds=1)),
        ("x * sigmoid(1.702 * x)", Operations(multiplies=2, exponentials=1, adds=1, divides=1)),
        # What does not depend on x is computed once.
        ("x / sqrt(64)", Operations(divides=1)),
        ("(1 / sqrt(2)) * x * exp(2)", Operations(multiplies=2)),
        ("x ** 2", Operations(multiplies=1)),
        ("x ** 3", Operations(multiplies=2)),
        ("x ** 0.5 + 2 ** x", Operations(exponentials=2, adds=1)),
        ("max(x, 0)", Operations(compares=1)),
        ("min(max(x, 0), 6)", Operations(compares=2)),
        ("max(x, 1, 2, 3)", Operations(compares=3)),
        ("relu(x) + relu6(x) + abs(x)", Operations(compares=4, adds=2)),
        ("softplus(x)", Operations(exponentials=2, adds=1)),
        ("x if 0 < x < 1 else 2 * x", Operations(compares=2, multiplies=1)),
        ("1 if x > 0 and not x > 5 else 0", Operations(compares=2)),
        ("exp(x) if 1 > 0 else 0", Operations(exponentials=1)),
    ],
)
def test_operations_by_hand(function, operations):
    assert each(function) == operations


@pytest.mark.parametrize(
    "name", ["sigmoid", "tanh", "relu", "relu6", "absolute", "silu", "mish", "hard_sigmoid", "hard_swish", "softplus"]
)
def test_functions_of_other_types_cost_the_same(name):
    kind = all_types()[name]
    image = Shape((4, 5, 6))
    function = kind.function
    if name == "tanh":
        function = "tanh(x)"
    assert apply(function).operations((image,), image) == kind().operations((image,), image)


def test_several_inputs_are_repeated_as_in_a_sum():
    inputs = (Shape((8, 5, 6)), Shape((8,)), Shape((1, 5, 6)))
    made = apply("x * y + z")
    output = made.output_shape(inputs)
    assert tuple(output) == (8, 5, 6)
    assert made.operations(inputs, output) == Operations(multiplies=240, adds=240)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("", "the expression ends where a value is expected"),
        ("2", "the function does not use x"),
        ("y", "the function does not use x"),
        ("x + z", "the function does not use y"),
        ("x * beta", "the function uses beta, which is no input"),
        ("x // 2", "// has no place in a function of x"),
        ("x % 2", "% has no place in a function of x"),
        ("len(x)", "len has no place in a function of x"),
        ("foo(x)", "there is no function 'foo'"),
        ("exp(x, 2)", "exp takes 1 number, not 2"),
        ("max(x)", "max compares two numbers or more"),
        ("[x]", "lists are no numbers"),
        ("x[0]", "lists are no numbers"),
        ("x + 'a'", "true, false and texts are no numbers"),
        ("x > 0", "a comparison is no number"),
        ("x if x else 0", "if takes a comparison"),
        ("x if x in [1] else 0", "in has no place in a function of x"),
        ("__import__('os')", "there is no function '__import__'"),
        ("x.real", "'.real' is not understood here"),
        ("(" * 31 + "x" + ")" * 31, "nested more than 30 deep"),
        ("x" + " + x" * 101, "more than 100 operations"),
        ("x + " + "1" * 1_000, "the expression is longer than 1,000 characters"),
    ],
)
def test_what_is_no_function(function, message):
    with pytest.raises(RuleError) as caught:
        apply(function)
    assert caught.value.message.startswith(message)
    assert caught.value.setting == "function"


def test_each_name_is_an_input():
    with pytest.raises(RuleError) as caught:
        apply("x + y").output_shape((Shape((4,)),))
    assert caught.value.message == "the function has x and y, but 1 tensor comes in"
    with pytest.raises(RuleError) as caught:
        apply("x + 1").output_shape((Shape((4,)), Shape((4,))))
    assert caught.value.message == "the function has x, but 2 tensors come in"
