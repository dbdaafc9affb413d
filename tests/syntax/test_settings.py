"""Each kind of setting: what it takes, what it says of all else, and that its JSON Schema says the same."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jsonschema
import pytest

from cnncalc.errors import RuleError
from cnncalc.syntax.settings import (
    REQUIRED,
    Setting,
    choice,
    flag,
    number,
    on_axes,
    on_sides,
    padding_of,
    per_axis,
    per_side,
    table,
    target_shape,
    whole,
    whole_list,
)

HALF = Fraction(1, 2)


def named(setting: Any) -> Setting:
    setting.__set_name__(object, "size")
    assert isinstance(setting, Setting)
    return setting


KINDS: dict[str, tuple[Setting, list[Any], list[Any], str]] = {
    "whole": (named(whole("doc")), [1, 7, 2**62], [0, -1, HALF, True, "a", None, (1,)], "a whole number of at least 1"),
    "whole from 0": (named(whole("doc", minimum=0)), [0, 1], [-1, False], "a whole number of at least 0"),
    "number": (named(number("doc")), [0, -3, HALF], [True, "a", (1,), None], "a number"),
    "number from 0": (named(number("doc", low=0)), [0, HALF], [-1, -HALF], "a number of at least 0"),
    "rate": (named(number("doc", low=0, high=1)), [0, 1, HALF], [-1, 2, Fraction(3, 2)], "a number from 0 to 1"),
    "flag": (named(flag("doc", default=True)), [True, False], [1, 0, "yes", None, (True,)], "true or false"),
    "choice": (named(choice("doc", ("floor", "ceil"))), ["floor", "ceil"], ["round", 1, True, None], "floor or ceil"),
    "per axis": (
        named(per_axis("doc")),
        [1, (1, 2), (3,)],
        [0, (), (0, 1), (1, HALF), True, (True,), "same", ((1, 2),)],
        "a whole number of at least 1, or a list with one per axis",
    ),
    "per side": (
        named(per_side("doc")),
        [0, (0, 1), (0, 1, 2, 3)],
        [-1, (), (-1,), "same", True],
        "a whole number of at least 0, or a list with one number per axis or per side",
    ),
    "list": (
        named(whole_list("doc")),
        [(1, 2), 3],
        [(), 0, (0,), True, "a", ((1,),)],
        "a list of whole numbers of at least 1",
    ),
    "shape": (named(target_shape("doc")), [(1, 2)], [(), (0,), (-1, 2), "a"], "a list of whole numbers of at least 1"),
    "inferred shape": (
        named(target_shape("doc", inferred=True)),
        [(1, 2), (-1,), (3, -1, 2)],
        [(), (-2,), (0, -1), "a"],
        "a list of whole numbers of at least 1, of which one may be -1",
    ),
    "padding": (
        named(padding_of("doc")),
        ["same", "valid", 0, 3, (1, 2), (0, 1, 2, 3)],
        [-1, "SAME", (), (-1,), True, (True,), HALF, None],
        "same, valid, a whole number of at least 0, or a list with one number per axis or per side",
    ),
    "table": (
        named(table("doc")),
        [((0, 1), (2,)), ((0,),)],
        [(), ((),), (0, 1), 3, ((0, -1),), ((True,),), "a"],
        "a list of lists of whole numbers",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_setting_takes(kind: str) -> None:
    setting, good, _, _ = KINDS[kind]
    for value in good:
        decoded = setting.decode(value)
        assert decoded in (value, (value,))


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_setting_refuses(kind: str) -> None:
    setting, _, bad, wants = KINDS[kind]
    for value in bad:
        with pytest.raises(RuleError) as caught:
            setting.decode(value)
        assert caught.value.setting == "size"
        assert caught.value.message.startswith(f"size takes {wants}, not ")


def as_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    return float(value) if isinstance(value, Fraction) else value


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_takes_what_the_decoder_takes(kind: str) -> None:
    setting, good, bad, _ = KINDS[kind]
    validator = jsonschema.Draft202012Validator(setting.schema())
    for value in good:
        assert validator.is_valid(as_json(value)), value
    for value in bad:
        assert not validator.is_valid(as_json(value)), value


def test_defaults() -> None:
    assert named(whole("doc")).required
    assert named(whole("doc")).default is REQUIRED
    optional = named(per_axis("doc", default=None, absent="the kernel"))
    assert not optional.required
    assert optional.decode(None) is None
    assert optional.absent == "the kernel"


@pytest.mark.parametrize(
    ("setting", "example"),
    [
        (whole("doc", example=64), 64),
        (whole("doc", default=64, example=64), 2),
        (whole("doc"), 2),
        (whole("doc", default=2), 1),
        (whole("doc", minimum=5), 5),
        (number("doc"), Fraction(1, 5)),
        (number("doc", low=3), 3),
        (flag("doc", default=True), False),
        (choice("doc", ("nearest", "bilinear"), default="nearest"), "bilinear"),
        (per_axis("doc", default=None, absent="the kernel", example=(1, 7)), (1, 7)),
        (padding_of("doc"), "same"),
        (target_shape("doc", example=(64, 7, 7)), (64, 7, 7)),
        (table("doc"), ((0, 1), (1, 2))),
    ],
)
def test_examples_are_declared_or_lie_within_the_bounds(setting: Any, example: Any) -> None:
    assert named(setting).example == example


def test_a_setting_without_bounds_must_declare_its_example() -> None:
    with pytest.raises(LookupError, match=r"^size needs an example$"):
        _ = named(target_shape("doc")).example


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        (padding_of("doc"), "sme", "not 'sme'; did you mean 'same'?"),
        (choice("doc", ("nearest", "bilinear")), "linear", "not 'linear'; did you mean 'bilinear'?"),
        (whole("doc"), HALF, "not 0.5; use // to divide and round down, or ceil, floor or round"),
        (per_axis("doc"), (1,) * 20, None),
        (whole("doc"), (1,) * 20, "not [1, 1, 1, 1, 1, 1, 1, 1, ...]"),
        (whole("doc"), "x" * 200, f"not '{'x' * 57}...'"),
    ],
)
def test_messages(setting: Any, value: Any, message: str | None) -> None:
    if message is None:
        assert named(setting).decode(value) == value
        return
    with pytest.raises(RuleError) as caught:
        named(setting).decode(value)
    assert str(caught.value).endswith(message)


def test_on_axes() -> None:
    assert on_axes(3, 2, "kernel") == (3, 3)
    assert on_axes((3, 5), 2, "kernel") == (3, 5)
    with pytest.raises(RuleError) as caught:
        on_axes((3, 5), 3, "kernel")
    assert (caught.value.setting, caught.value.hint) == ("kernel", "write one number, or 3")


def test_on_sides() -> None:
    assert on_sides(1, 2, "padding") == ((1, 1), (1, 1))
    assert on_sides((1, 2), 2, "padding") == ((1, 1), (2, 2))
    assert on_sides((1, 2, 3, 4), 2, "padding") == ((1, 2), (3, 4))
    # On one axis two numbers are its two sides.
    assert on_sides((1, 2), 1, "padding") == ((1, 2),)
    with pytest.raises(RuleError):
        on_sides((1, 2, 3), 2, "padding")
