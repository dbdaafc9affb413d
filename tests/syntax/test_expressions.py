"""Expressions: exact values, Python's precedence, bounds, and errors at the character to blame."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncalc.syntax.expressions import UNKNOWN, ExpressionError, UnknownValue, decimal, describe, parse

NAMES = {"n": 7, "half": Fraction(1, 2), "depths": (3, 4, 6, 3), "rows": ((1, 2), (3, 4)), "word": "same", "flag": True}


def value(text: str, **names):
    return parse(text).evaluate({**NAMES, **names})


def attempt(text: str):
    """The value, or the error."""
    try:
        return value(text)
    except ExpressionError as error:
        return error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("  3  ", 3),
        ("1_000_000", 1_000_000),
        ("0.5", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("2.", 2),
        ("1e6", 1_000_000),
        ("1.5e3", 1500),
        ("5e-1", Fraction(1, 2)),
        ("5M", 5_000_000),
        ("1.5k", 1500),
        ("3K", 3000),
        ("2G", 2 * 10**9),
        ("2T", 2 * 10**12),
        ("0", 0),
        ("-3", -3),
        ("+3", 3),
        ("--3", 3),
        ("true", True),
        ("True", True),
        ("false", False),
        ("False", False),
        ("'abc'", "abc"),
        ('"abc"', "abc"),
        ("[]", ()),
        ("[1, 2,]", (1, 2)),
        ("[1, [2, 3]]", (1, (2, 3))),
    ],
)
def test_literals(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("24 / 4 / 2", 3),
        ("8 / 2 * 4", 16),
        ("7 // 2 / 2", Fraction(3, 2)),
        ("1 + 6 / 2", 4),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", Fraction(1, 2)),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7 % -3", -2),
        ("7 / 2", Fraction(7, 2)),
        ("7 / -2", Fraction(-7, 2)),
        ("(-2) ** -1", Fraction(-1, 2)),
        ("0 ** 0", 1),
        ("6 / 2", 3),
        ("32 * 0.75", 24),
        ("0.1 * 30", 3),
        ("0.1 + 0.2 == 0.3", True),
        ("2 * n // 3", 4),
        ("64 * 2 ** depths[0]", 512),
    ],
)
def test_arithmetic_is_exact_and_binds_as_in_python(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert isinstance(found, type(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 < 2", True),
        ("1 < 2 < 2", False),
        ("1 <= n <= 7 != 8", True),
        ("n >= 7 and not n >= 8", True),
        ("n >= 6", True),
        ("n > 7", False),
        ("n > 8", False),
        ("n != 7", False),
        ("not 1 == 2", True),
        ("not flag or flag", True),
        ("not (flag or flag)", False),
        ("false and 1 / 0 > 1", False),
        ("true or 1 / 0 > 1", True),
        ("false or true and false", False),
        ("true or true and false", True),
        ("n in depths", False),
        ("3 in depths and 5 not in depths", True),
        ("3 not in depths", False),
        ("n > 3 and n % 2 == 1", True),
        ("word == 'same'", True),
        ("depths == [3, 4, 6, 3]", True),
        ("depths == [3, 4, 6]", False),
        ("[3, 4, 6] == depths", False),
        ("depths == 3", False),
        ("true == 1", False),
        ("[true] == [1]", False),
        ("1 in [true]", False),
        ("0 != false", True),
        ("1 if n > 3 else 1 / 0", 1),
        ("1 if false else 2 if false else 3", 3),
        ("(1 if flag else 2) + 1", 2),
        ("1 if flag else 2 + 1", 1),
    ],
)
def test_logic(text: str, expected: object) -> None:
    assert value(text) is expected or value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("depths[0]", 3),
        ("depths[-1]", 3),
        ("depths[-4]", 3),
        ("depths[1 + 1]", 6),
        ("rows[1][0]", 3),
        ("[10, 20, 30][n - 5]", 30),
        ("len(depths)", 4),
        ("len([])", 0),
        ("sum(depths)", 16),
        ("sum(1, 2, 3)", 6),
        ("min(3, n)", 3),
        ("max(depths)", 6),
        ("max(0.5, 1 / 3)", Fraction(1, 2)),
        ("ceil(7 / 2)", 4),
        ("ceil(-7 / 2)", -3),
        ("floor(-7 / 2)", -4),
        ("int(-7 / 2)", -3),
        ("round(7 / 2)", 4),
        ("round(5 / 2)", 2),
        ("round(2.4)", 2),
        ("abs(-n)", 7),
        ("ceil(3)", 3),
    ],
)
def test_functions(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("start", [None, 0, 1, 3, 9, -1, -4, -9])
@pytest.mark.parametrize("stop", [None, 0, 2, 4, 9, -1, -9])
def test_slices_are_those_of_python(start: int | None, stop: int | None) -> None:
    text = f"depths[{'' if start is None else start}:{'' if stop is None else stop}]"
    assert value(text) == NAMES["depths"][start:stop]


@pytest.mark.parametrize(
    "numbers", [(3,), (0,), (-2,), (2, 5), (5, 2), (1, 8, 3), (1, 7, 3), (9, 0, -4), (8, 0, -4), (0, 9, -1), (10_000,)]
)
def test_ranges_are_those_of_python(numbers: tuple[int, ...]) -> None:
    assert value(f"range({', '.join(map(str, numbers))})") == tuple(range(*numbers))


def test_functions_of_the_caller_are_told_with_their_offsets() -> None:
    expression = parse("1 + size('a') * size(n)", ("size",))
    assert expression.calls == (("size", 4), ("size", 16))
    assert expression.evaluate({**NAMES, "size()": lambda values, offset: 10}) == 101


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Widths of MobileNet-v2 at 0.35, 0.5, 0.75 and 1.4 (Sandler et al. 2018, as its authors' code has them).
        ("make_divisible(32 * 0.35, 8)", 16),  # 11.2: 8 would be more than a tenth below
        ("make_divisible(16 * 0.5, 8)", 8),
        ("make_divisible(24 * 0.75, 8)", 24),  # 18: 16 would be more than a tenth below
        ("make_divisible(32 * 1.4, 8)", 48),  # 44.8
        ("make_divisible(24 * 1.4, 8)", 32),  # 33.6
        ("make_divisible(20, 8)", 24),  # a half goes up
        ("make_divisible(10, 9)", 9),  # a tenth below, and no more
        ("make_divisible(7, 1)", 7),
        ("make_divisible(1, 8)", 8),
        ("make_divisible(1, 8, 16)", 16),
    ],
)
def test_make_divisible(text: str, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "expected a value, but the expression ends"),
        ("n +", 3, "expected a value, but the expression ends"),
        ("n + * 2", 4, "expected a value, got '*'"),
        ("n n", 2, "unexpected 'n'"),
        ("n else 3", 2, "unexpected 'else'"),
        ("3 foo in depths", 2, "unexpected 'foo'"),
        ("3 out in depths", 2, "unexpected 'out'"),
        ("3 not depths", 2, "unexpected 'not'"),
        ("3 not word", 2, "unexpected 'not'"),
        ("(n", 2, "expected ')', but the expression ends"),
        ("(n]", 2, "expected ')', but found ']'"),
        ("n)", 1, "unexpected ')'"),
        ("depths[0", 8, "expected ']', but the expression ends"),
        ("[1 2]", 3, "expected ',', but found '2'"),
        ("[, 1]", 1, "expected a value, got ','"),
        ("or n", 0, "expected a value, got 'or'"),
        ("1 if n", 6, "expected 'else', but the expression ends"),
        ("n = 3", 2, "unexpected '='"),
        ("n && flag", 2, "unexpected '&&'"),
        ("n + é", 4, "'é' is not defined here"),
        ("n + €", 4, "'€' is not understood here"),
        ("0x10", 0, "'0x10' is not understood here"),
        ("3abc", 0, "'3abc' is not understood here"),
        ("1.2.3", 0, "'1.2.3' is not understood here"),
        ("'abc", 0, '"\'" is not understood here'),
        ("n.real", 1, "'.real' is not understood here"),
        ("n; n", 1, "';' is not understood here"),
        ("range(0.5)", 0, "range takes whole numbers, not 0.5"),
        ("1 + range(true)", 4, "range takes whole numbers, not true"),
        ("range(1, 2, 0)", 0, "range needs a step other than 0"),
        ("range()", 0, "range takes 1 to 3 values, not 0"),
        ("range(1e12)", 0, "range gives 1,000,000,000,000 values, more than 10,000"),
        ("range(-9e18, 9e18)", 0, "range gives 18,000,000,000,000,000,000 values, more than 10,000"),
        ("n[1:]", 1, "only a list has a [start:stop], not 7"),
        ("depths[half:]", 6, "a slice takes whole numbers, not 0.5"),
        ("depths[:true]", 6, "a slice takes whole numbers, not true"),
        ("depths[1:2:3]", 10, "']' is expected here, but found ':'"),
        ("lambda: 1", 6, "':' is not expected here"),
        ("2 + 012", 4, "'012' starts with a zero"),
        ("01", 0, "'01' starts with a zero"),
        ("2 + 1e64", 4, "the result is too large"),
        ("2 + 1e65", 4, "the exponent 65 is too large"),
        ("2 + 1e-64", 4, "the fraction has too many digits"),
        ("2 + 1e-65", 4, "the exponent -65 is too large"),
        (f"2 + 1{'0' * 18}M", 4, "the result is too large"),
        (f"2 + 1{'0' * 19}", 4, "the number is too large"),
        ("n + nowhere", 4, "'nowhere' is not defined here"),
        ("n + sqrt(4)", 4, "unknown function 'sqrt'"),
        ("n(3)", 0, "unknown function 'n'"),
        ("2 * len(n)", 4, "len takes a list, not 7"),
        ("2 * len(depths, 1)", 4, "len takes 1 value, not 2"),
        ("ceil()", 0, "ceil takes 1 value, not 0"),
        ("ceil(n, 2)", 0, "ceil takes 1 value, not 2"),
        ("max([1, 2], 9)", 0, "max takes numbers, not [1, 2]"),
        ("make_divisible(1)", 0, "make_divisible takes 2 or 3 values, not 1"),
        ("make_divisible(1, 0)", 0, "make_divisible needs a divisor of 1 or more, not 0"),
        ("min()", 0, "min needs at least one number"),
        ("max([])", 0, "max needs at least one number"),
        ("max(n, word)", 0, "max takes numbers, not 'same'"),
        ("n + word", 2, "'+' takes numbers, not 'same'"),
        ("n + true", 2, "'+' takes numbers, not true"),
        ("word + n", 5, "'+' takes numbers, not 'same'"),
        ("true * 2", 5, "'*' takes numbers, not true"),
        ("-word", 0, "'-' takes numbers, not 'same'"),
        ("+word", 0, "'+' takes numbers, not 'same'"),
        ("n < depths", 2, "'<' takes numbers, not [3, 4, 6, 3]"),
        ("n in 3", 2, "'in' needs a list, not 3"),
        ("not n", 0, "'not' takes true or false, not 7"),
        ("flag and n", 5, "'and' takes true or false, not 7"),
        ("1 if n else 2", 2, "'if' takes true or false, not 7"),
        ("n[0]", 1, "only lists have an [index], not 7"),
        ("depths[4]", 6, "index 4 is outside the list of 4"),
        ("depths[-5]", 6, "index -5 is outside the list of 4"),
        ("depths[half]", 6, "an index is a whole number, not 0.5"),
        ("depths[true]", 6, "an index is a whole number, not true"),
        ("[][0]", 2, "index 0 is outside the list of 0"),
        ("n / 0", 2, "7 / 0 divides by zero"),
        ("n // (n - 7)", 2, "7 // 0 divides by zero"),
        ("n % 0", 2, "7 % 0 divides by zero"),
        ("0 ** -1", 2, "0 ** -1 divides by zero"),
        ("n ** half", 2, "a power needs a whole exponent, not 0.5"),
    ],
)
def test_errors_stand_at_the_character_to_blame(text: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert (caught.value.offset, caught.value.message) == (offset, message)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("n = 3", "write == to compare"),
        ("n ^ 2", "write ** for a power"),
        ("n × 2", "write *"),
        ("n ≥ 2", "write >="),
        ("!flag", "write not, or != to compare"),
        ("3x224x224", "write [3, 224, 224]"),
        ("012", "write 12"),
        ("'abc", "close the text with '"),
        ("cel(3)", "did you mean 'ceil'?"),
        ("1 if n else 2", "compare it, such as x > 0"),
        ("depths[9]", "use an index from 0 to 3"),
    ],
)
def test_hints(text: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert caught.value.hint == hint


BIGGEST = 2**63 - 1


@pytest.mark.parametrize(
    "text",
    [
        "2 ** 63",
        "-2 ** 63 - 1",
        f"-{BIGGEST} - 1",
        f"{BIGGEST} + 1",
        f"{BIGGEST} * {BIGGEST}",
        f"sum({BIGGEST}, {BIGGEST})",
        "9223372036854775808",
        "1" * 500,
        "10 ** 1000",
        "0.5 ** 65",
        "0.5 ** 64 * 0.5 ** 64 * 0.5 ** 64 * 0.5 ** 9",  # a denominator of 2 ** 201
        "(1 / 3) ** 64 ** 64",
        "((1 / 3) ** 64) ** 64",
        "1e65",
        "1e99999999999",
        "9999999T * 9999999",
        "make_divisible(9223372036854775807, 1000)",
    ],
)
def test_bounds(text: str) -> None:
    with pytest.raises(ExpressionError):
        value(text)


def test_bounds_are_reached() -> None:
    assert value("2 ** 62 - 1 + 2 ** 62") == BIGGEST
    assert value(f"1 - {BIGGEST} - 1") == -BIGGEST
    assert value("0.5 ** 64 * 0.5 ** 64 * 0.5 ** 64 * 0.5 ** 8") == Fraction(1, 2**200)
    assert value("1 ** 1000") == 1
    assert value("(-1) ** 999") == -1
    assert value("0 ** 999") == 0
    assert value("+".join(["1"] * 101)) == 101
    assert value("(" * 29 + "1" + ")" * 29) == 1
    assert value("1" + " " * 999) == 1
    # What belongs beside each other is not nested.
    assert value("(1)+" * 40 + "1") == 41
    assert value("-1+" * 40 + "1") == -39
    assert value("not true or " * 40 + "true") is True


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("1" + " " * 1000, 0, "the expression is longer than 1,000 characters"),
        # The place is that of the first operation, bracket or sign too many.
        ("+".join(["1"] * 102), 2 * 100 + 1, "more than 100 operations"),
        ("(" * 30 + "1" + ")" * 30, 30, "nested more than 30 deep"),
        ("(1)+-1+" + "(" * 30 + "1" + ")" * 30, 7 + 30, "nested more than 30 deep"),
        ("not true or " + "(" * 30 + "true" + ")" * 30, 12 + 30, "nested more than 30 deep"),
        ("[" * 400 + "]" * 400, 30, "nested more than 30 deep"),
        ("-" * 31 + "1", 29, "nested more than 30 deep"),
        ("not " * 31 + "true", 29 * 4, "nested more than 30 deep"),
        ("depths" + "[0]" * 101, 6 + 3 * 100, "more than 100 operations"),
        ("1 if true else " * 40 + "1", 30 * 15, "nested more than 30 deep"),
        ("2" + "**1" * 101, 1 + 3 * 100, "more than 100 operations"),
    ],
)
def test_lengths_and_depths_are_bounded(text: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert (caught.value.offset, caught.value.message) == (offset, message)


def test_lists_are_bounded_with_the_lists_in_them() -> None:
    """10,000 values: the two of the list itself, and those of the two lists in it."""
    assert len(value("[few, many]", few=(), many=(1,) * 9_998)) == 2
    for few, many in (((1,), (1,) * 9_998), ((1,) * 9_998, (1,)), ((), (1,) * 9_999)):
        with pytest.raises(ExpressionError) as caught:
            value("[few, many]", few=few, many=many)
        assert (caught.value.offset, caught.value.message) == (0, "the list holds more than 10,000 values")


def test_names_are_told_with_their_offsets() -> None:
    assert parse("width * min(width, 2) + é").names == (("width", 0), ("width", 12), ("é", 24))
    assert parse("true and 'width' == 'x'").names == ()


def test_an_unknown_value_is_no_error_of_its_own() -> None:
    with pytest.raises(UnknownValue):
        value("1 + lost", lost=UNKNOWN)
    assert value("1 if true else lost", lost=UNKNOWN) == 1


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (Fraction(1, 2), "0.5"),
        (Fraction(-7, 4), "-1.75"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 10**9), "1e-09"),
        ("same", "'same'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("x" * 100, f"'{'x' * 57}...'"),
        ((1, (2, "a")), "[1, [2, 'a']]"),
        (tuple(range(8)), "[0, 1, 2, 3, 4, 5, 6, 7]"),
        (tuple(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, ...]"),
        ((1, (2, (3, (4,)))), "[1, [2, [3, [...]]]]"),
        # 200 characters: three texts of 56 and one of 16 in quotes, three times a comma and a space, and the brackets.
        (("x" * 56,) * 3 + ("y" * 16,), "[" + f"'{'x' * 56}', " * 3 + f"'{'y' * 16}']"),
        (("x" * 56,) * 3 + ("y" * 17,), "[" + f"'{'x' * 56}', " * 3 + f"'{'y' * 15}..."),
        ((), "[]"),
    ],
)
def test_values_in_sentences(given: object, text: str) -> None:
    assert describe(given) == text  # type: ignore[arg-type]


@given(st.fractions())
def test_decimals_are_exact(number: Fraction) -> None:
    text = decimal(number.numerator if number.denominator == 1 else number)
    assert Fraction(text) == number


# --- against Python -----------------------------------------------------------------------------------

leaves = st.one_of(
    st.integers(0, 99).map(lambda number: (str(number), Fraction(number))),
    st.decimals(0, 9, places=2, allow_nan=False).map(lambda number: (f"{number:.2f}", Fraction(number))),
)


def combined(children):
    """Trees with brackets around all, so that Python's own precedence does not enter; None is an error."""

    def binary(draw):
        operator, (left, one), (right, two) = draw
        text = f"({left} {operator} {right})"
        if one is None or two is None or (operator in ("/", "//", "%") and two == 0):
            return text, None
        results = {
            "+": lambda: one + two,
            "-": lambda: one - two,
            "*": lambda: one * two,
            "/": lambda: one / two,
            "//": lambda: Fraction(one // two),
            "%": lambda: one % two,
        }
        return text, results[operator]()

    def negated(draw):
        text, number = draw
        return f"(-{text})", None if number is None else -number

    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "/", "//", "%"]), children, children).map(binary),
        children.map(negated),
    )


@given(st.recursive(leaves, combined, max_leaves=12))
def test_trees_of_arithmetic(tree: tuple[str, Fraction | None]) -> None:
    text, expected = tree
    found = attempt(text)
    if isinstance(found, ExpressionError):
        assert expected is None or "too large" in found.message or "deep" in found.message
        return
    assert expected is not None
    assert found == expected
    assert isinstance(found, int) == (expected.denominator == 1)


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=8),
    st.lists(st.sampled_from(["+", "-", "*", "//", "%"]), min_size=7, max_size=7),
    st.lists(st.sampled_from(["", "-", "--"]), min_size=8, max_size=8),
)
def test_precedence_is_that_of_python(numbers: list[int], operators: list[str], signs: list[str]) -> None:
    text = signs[0] + str(numbers[0])
    for operator, sign, number in zip(operators, signs[1:], numbers[1:], strict=False):
        text += f" {operator} {sign}{number}"
    try:
        expected = eval(text)
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="divides by zero"):
            value(text)
        return
    assert value(text) == expected


@given(
    st.lists(st.sampled_from(["True", "False", "1 < 2", "2 < 1", "3 == 3", "1 < 2 < 3"]), min_size=1, max_size=6),
    st.lists(st.sampled_from([" and ", " or "]), min_size=5, max_size=5),
    st.lists(st.sampled_from(["", "not "]), min_size=6, max_size=6),
)
def test_logic_is_that_of_python(operands: list[str], operators: list[str], nots: list[str]) -> None:
    text = nots[0] + operands[0]
    for operator, negation, operand in zip(operators, nots[1:], operands[1:], strict=False):
        text += operator + negation + operand
    assert value(text) is eval(text)


@given(st.text(max_size=40))
def test_any_text_has_a_value_or_an_error_inside_of_it(text: str) -> None:
    found = attempt(text)
    if isinstance(found, ExpressionError):
        assert 0 <= found.offset <= len(text)
        assert found.message


@given(st.text(alphabet="0123456789.eEkM_+-*/%()[]<>=!, naifoltrue'\"", max_size=30))
def test_any_formula_has_a_value_or_an_error_inside_of_it(text: str) -> None:
    found = attempt(text)
    assert not isinstance(found, ExpressionError) or 0 <= found.offset <= len(text)
