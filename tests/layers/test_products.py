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


def test_the_equation_is_kept_as_it_is_usually_written():
    assert layer("einsum", equation=" ij,jk->  ik").equation == "ij, jk -> ik"


@pytest.mark.parametrize(
    ("equation", "message", "hint"),
    [
        ("hdn, hdm", "the equation 'hdn, hdm' has no arrow", "write it as in hdn, hdm -> hnm"),
        ("ab, bc ->", "the equation 'ab, bc ->' has a tensor without letters", "write it as in"),
        ("ab, -> a", "the equation 'ab, -> a' has a tensor without letters", "write it as in"),
        ("ab, b1 -> a", "'1' is no letter from a to z", "write it as in"),
        ("...ab, b -> a", "'.' is no letter from a to z", "the batch left out"),
        ("aa, a -> a", "the letter a names two axes of one tensor, 'aa'", "give each axis its own letter"),
        ("ab, bc -> ad", "the output has d, which no input has", "the inputs have a, b and c"),
        (", ".join("a" * 9) + " -> a", "the equation has 9 inputs, more than 8", "write it as in"),
        ("a" * 10_000 + ", a -> a", "the letter a names two axes of one tensor, 'aaaaaaaaaaaaaaaaaaaa...'", "give"),
    ],
)
def test_what_is_no_equation(equation, message, hint):
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
            "the letter d is 16 in input 1 but 8 in input 2 (4x16x49 and 4x8x49 come in)",
        ),
        ("ab, bc -> ac", ((4, 5),), "the equation names 2 inputs, but 1 comes in"),
        ("ab, bc -> ac", ((4, 5), (5, 6), (6, 7)), "the equation names 2 inputs, but 3 come in"),
        (
            "ab, bc -> ac",
            ((4, 5), (5, 6, 7)),
            "bc has 2 letters, but a 5x6x7 feature map with 3 axes comes in as input 2",
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
            (
                "matmul multiplies rows of 49 numbers with columns of 64, which must be equal "
                "(3x64x49 and 3x64x49 come in)"
            ),
            "transpose_first: true would fit",
        ),
        ({"transpose_first": True}, ((2, 3), (3, 5)), None, "transpose_first: false would fit"),
        ({}, ((2, 3), (4, 5)), None, "einsum names the axes that are multiplied"),
        (
            {},
            ((2, 4, 3), (5, 3, 4)),
            "matmul needs axis 0 to be equal or 1, but it is 2 and 5 (2x4x3 and 5x3x4)",
            "einsum names the axes that are multiplied",
        ),
        ({}, ((4,), (4,)), "matmul needs equally many axes, at least two, but 4 and 4 come in", None),
        ({}, ((2, 3), (2, 3), (2, 3)), "matmul needs two inputs, but 3 come in", "einsum multiplies more"),
    ],
)
def test_inputs_that_matmul_refuses(settings, shapes, message, hint):
    with pytest.raises(RuleError) as caught:
        outcome(layer("matmul", **settings), *shapes)
    assert message is None or caught.value.message == message
    assert hint is None or caught.value.hint == hint
