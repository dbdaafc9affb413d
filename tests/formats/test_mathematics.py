"""Formulas as people write them."""

import pytest

from cnncalc.formats.mathematics import Factors, Style, letters, symbol, written

LETTERS = {"in_size": "W", "kernel": "F", "stride": "S", "padding": "P", "before": "P_1"}
SIZE = "(in_size - kernel + 2 * padding) // stride + 1"


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (Style.UNICODE, "⌊(W − F + 2P) / S⌋ + 1"),
        (Style.ASCII, "floor((W - F + 2P) / S) + 1"),
        (Style.LATEX, r"\left\lfloor \frac{W - F + 2P}{S} \right\rfloor + 1"),
    ],
)
def test_the_formula_of_the_lecture_notes(style, text):
    assert written(SIZE, style, names=LETTERS) == text


def test_numbers_take_the_place_of_symbols():
    values = {"in_size": 227, "kernel": 11, "padding": 0, "stride": 4}
    assert written(SIZE, Style.UNICODE, values) == "⌊(227 − 11 + 2 × 0) / 4⌋ + 1"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("a * (b / c) * d", "a × (b / c) × d"),
        ("a - (b - c)", "a − (b − c)"),
        ("(a + b) ** 2", "(a + b)^2"),
        ("-a", "−a"),
        ("-(-a // b)", "⌈a / b⌉"),
        ("ceil(a / b)", "⌈a / b⌉"),
        ("x if x > 0 else slope * x", "x if x > 0 else slope × x"),
        ("min(max(x, 0), 6)", "min(max(x, 0), 6)"),
        ("ln(1 + exp(x))", "ln(1 + exp(x))"),
        ("2 * padding", "2 × padding"),
        ("not a and b >= c", "not a and b ≥ c"),
        ("sizes[0]", "sizes[0]"),
        ("a / (b * c)", "a / (b × c)"),
    ],
)
def test_operations(formula, text):
    assert written(formula, Style.UNICODE) == text


def test_positions_are_the_product_that_they_are():
    values = {"filters": 96, "kernel_positions": Factors((11, 11))}
    assert written("filters * kernel_positions", Style.UNICODE, values) == "96 × 11 × 11"
    assert written("filters / kernel_positions", Style.UNICODE, values) == "96 / (11 × 11)"
    assert written("kernel_positions ** 2", Style.UNICODE, values) == "(11 × 11)^2"


def test_large_numbers_keep_their_commas_in_latex():
    assert written("a * b", Style.LATEX, {"a": 1_000, "b": 2}) == r"1{,}000 \times 2"
    assert written("a + b", Style.UNICODE, {"a": -3, "b": 2}) == "−3 + 2"


def test_letters_are_taken_where_every_symbol_has_one():
    assert letters(SIZE, LETTERS) == {"in_size": "W", "kernel": "F", "padding": "P", "stride": "S"}
    assert letters("filters * kernel", LETTERS) == {}


def test_symbols():
    assert [symbol("P_1", style) for style in Style] == ["P₁", "P1", "P_1"]
    assert symbol("in_channels", Style.LATEX) == r"\text{in channels}"
    assert symbol("in_channels", Style.UNICODE) == "in\N{NO-BREAK SPACE}channels"


def test_cases_in_latex():
    text = written("x if x > 0 else slope * x", Style.LATEX)
    assert text == r"\begin{cases} x & \text{if } x > 0 \\ \text{slope} \times x & \text{else} \end{cases}"
