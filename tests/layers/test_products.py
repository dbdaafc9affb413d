"""einsum and matmul: shapes, operations and messages, by hand."""

from __future__ import annotations

import pytest

from cnncalc.errors import RuleError
from cnncalc.layers import all_types
from cnncalc.layers.contract import Operations
from cnncalc.layers.shapes import Shape


def layer(name, **settings):
    kind = all_types()[name]
    return kind(**{key: kind.settings[key].decode(value) for key, value in settings.items()})


def outcome(made, *shapes):
    inputs = tuple(map(Shape, shapes))
    output = made.output_shape(inputs)
    return tuple(output), made.operations(inputs, output)


@pytest.mark.parametrize(
    ("equation", "shapes", "output", "macs"),
    [
        # ViT-B/16: 12 heads of 64 channels, 197 tokens.
        ("hdn, hdm -> hnm", ((12, 64, 197), (12, 64, 197)), (12, 197, 197), 12 * 64 * 197 * 197),
        ("hnm, hdm -> hdn", ((12, 197, 197), (12, 64, 197)), (12, 64, 197), 12 * 64 * 197 * 197),
        ("ij,jk->ik", ((2, 3), (3, 4)), (2, 4), 2 * 3 * 4),
        ("ij, ij -> i", ((2, 3), (2, 3)), (2,), 2 * 3),
        ("chw, c -> hw", ((5, 2, 3), (5,)), (2, 3), 5 * 2 * 3),
        # From left to right: a row of 2 times 2x3, then the row of 3 times 3x4.
        ("a, ab, bc -> c", ((2,), (2, 3), (3, 4)), (4,), 2 * 3 + 3 * 4),
    ],
)
def test_sums_of_products_are_macs(equation, shapes, output, macs):
    assert outcome(layer("einsum", equation=equation), *shapes) == (output, Operations(multiply_accumulates=macs))


@pytest.mark.parametrize(
    ("equation", "shapes", "output", "multiplies"),
    [
        ("a, b -> ab", ((3,), (5,)), (3, 5), 15),
        ("chw, c -> chw", ((4, 2, 3), (4,)), (4, 2, 3), 24),
        ("ab, ab -> ba", ((3, 5), (3, 5)), (5, 3), 15),
    ],
)
def test_products_without_a_sum_are_multiplies(equation, shapes, output, multiplies):
    assert outcome(layer("einsum", equation=equation), *shapes) == (output, Operations(multiplies=multiplies))


@pytest.mark.parametrize(
    ("settings", "shapes", "output", "macs"),
    [
        ({}, ((2, 3), (3, 5)), (2, 5), 30),
        ({}, ((7, 2, 3), (7, 3, 5)), (7, 2, 5), 210),
        ({}, ((1, 2, 3), (7, 3, 5)), (7, 2, 5), 210),
        ({}, ((7, 4, 2, 3), (7, 1, 3, 5)), (7, 4, 2, 5), 840),
        ({"transpose_second": True}, ((4, 49, 16), (4, 49, 16)), (4, 49, 49), 4 * 49 * 49 * 16),
        ({"transpose_first": True}, ((4, 49, 16), (4, 49, 16)), (4, 16, 16), 4 * 49 * 16 * 16),
        ({"transpose_first": True, "transpose_second": True}, ((3, 2), (5, 3)), (2, 5), 30),
    ],
)
def test_matrix_products(settings, shapes, output, macs):
    assert outcome(layer("matmul", **settings), *shapes) == (output, Operations(multiply_accumulates=macs))


def test_the_equation_is_stored_in_the_usual_form():
    assert layer("einsum", equation=" ij,jk->  ik").equation == "ij, jk -> ik"


@pytest.mark.parametrize(
    ("equation", "message", "hint"),
    [
        (
            "hdn, hdm",
            "the equation 'hdn, hdm' has no arrow",
            "write one letter per axis, without the batch, as in hdn, hdm -> hnm",
        ),
        ("ab, bc ->", "the equation 'ab, bc ->' has a tensor without letters", "write one letter per axis"),
        ("ab, -> a", "the equation 'ab, -> a' has a tensor without letters", "write one letter per axis"),
        ("ab, b1 -> a", "'1' is not a letter from a to z", "write one letter per axis"),
        ("...ab, b -> a", "'.' is not a letter from a to z", "without the batch"),
        ("aa, a -> a", "the letter a names two axes of one tensor, 'aa'", "give each axis its own letter"),
        ("ab, bc -> ad", "the output has d, which no input has", "the inputs have a, b and c"),
        (", ".join("a" * 9) + " -> a", "the equation has 9 inputs, more than 8", "write one letter per axis"),
        ("a" * 10_000 + ", a -> a", "the letter a names two axes of one tensor, 'aaaaaaaaaaaaaaaaaaaa...'", "give"),
    ],
)
def test_invalid_equations(equation, message, hint):
    with pytest.raises(RuleError) as caught:
        layer("einsum", equation=equation)
    assert caught.value.message == message
    assert hint in caught.value.hint
    assert caught.value.setting == "equation"


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        (
            "hdn, hdm -> hnm",
            ((4, 16, 49), (4, 8, 49)),
            "the letter d is 16 in input 1 but 8 in input 2 (got 4x16x49 and 4x8x49)",
        ),
        ("ab, bc -> ac", ((4, 5),), "the equation names 2 inputs, got 1"),
        ("ab, bc -> ac", ((4, 5), (5, 6), (6, 7)), "the equation names 2 inputs, got 3"),
        (
            "ab, bc -> ac",
            ((4, 5), (5, 6, 7)),
            "bc has 2 letters, but input 2 is a 5x6x7 feature map with 3 axes",
        ),
    ],
)
def test_inputs_that_do_not_fit_an_equation(equation, shapes, message):
    with pytest.raises(RuleError) as caught:
        outcome(layer("einsum", equation=equation), *shapes)
    assert caught.value.message == message
    assert caught.value.setting == "equation"


@pytest.mark.parametrize(
    ("settings", "shapes", "message", "hint"),
    [
        (
            {},
            ((3, 64, 49), (3, 64, 49)),
            ("matmul needs rows as long as the columns, got rows of 49 and columns of 64 (of 3x64x49 and 3x64x49)"),
            "use transpose_first: true",
        ),
        ({"transpose_first": True}, ((2, 3), (3, 5)), None, "use transpose_first: false"),
        ({}, ((2, 3), (4, 5)), None, "use einsum to name the axes to multiply"),
        (
            {},
            ((2, 4, 3), (5, 3, 4)),
            "matmul needs equal sizes on axis 0, or 1, got 2 and 5 (of 2x4x3 and 5x3x4)",
            "use einsum to name the axes to multiply",
        ),
        ({}, ((4,), (4,)), "matmul needs inputs with the same number of axes, at least 2, got 4 and 4", None),
        ({}, ((2, 3), (2, 3), (2, 3)), "matmul needs 2 inputs, got 3", "use einsum for more"),
    ],
)
def test_inputs_that_matmul_refuses(settings, shapes, message, hint):
    with pytest.raises(RuleError) as caught:
        outcome(layer("matmul", **settings), *shapes)
    assert message is None or caught.value.message == message
    assert hint is None or caught.value.hint == hint
