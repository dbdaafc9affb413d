"""Records as JSON, and their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from cnncalc.formats import records
from cnncalc.formats.records import ABSENT, Absent, Flat, Keywords, Number, Sizes


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Point(NamedTuple):
    x: Number
    label: str | None


class Other(NamedTuple):
    problem: str


class Whole(NamedTuple):
    schema: Literal[1]
    color: Color
    sizes: Sizes
    points: Iterator[Point]
    named: dict[str, Point]
    either: Point | Other
    flat: Annotated[Flat, Keywords(a=int, b=Point)]
    anything: Any
    from_: bool
    more: Literal[True] | Absent = ABSENT


class Nested(NamedTuple):
    whole: Whole


def whole(**changes: object) -> Whole:
    point = Point(Fraction(1, 2), None)
    own = Whole(
        1,
        Color.RED,
        (3, 4),
        iter([point, Point(3, "three")]),
        {"p": point},
        Other("none"),
        Flat(a=1, b=point),
        {"halves": (Fraction(1, 2), 2)},
        from_=True,
    )
    return own._replace(**changes)


HALF = {"x": 0.5, "label": None}
WRITTEN = {
    "schema": 1,
    "color": "red",
    "sizes": [3, 4],
    "points": [HALF, {"x": 3, "label": "three"}],
    "named": {"p": HALF},
    "either": {"problem": "none"},
    "anything": {"halves": [0.5, 2]},
    "from": True,
}


def parsed(record: Any) -> Any:
    return json.loads("\n".join(records.write(record)))


def test_a_record_is_an_object():
    assert parsed(Nested(whole(points=[Point(3, "three")]))) == {
        "whole": {**WRITTEN, "points": [{"x": 3, "label": "three"}], "a": 1, "b": HALF}
    }


@pytest.mark.parametrize("points", [[], [Point(1, "a")], [Point(1, "a"), Point(2, "b"), Point(3, "c")]])
def test_an_iterator_has_an_item_a_line(points):
    class Listed(NamedTuple):
        before: int
        points: Iterator[Point]
        after: int

    Listed.__annotations__ = {"before": int, "points": Iterator[Point], "after": int}
    lines = list(records.write(Listed(1, iter(points), 2)))
    assert json.loads("\n".join(lines)) == {"before": 1, "points": [point._asdict() for point in points], "after": 2}
    assert len(lines) == 4 + (len(points) + 2 if points else 1)


def test_items_are_made_while_they_are_written():
    made = []

    def points() -> Iterator[Point]:
        for number in range(1000):
            made.append(number)
            yield Point(number, None)

    lines = records.write(whole(points=points()))
    for _ in range(8):
        next(lines)
    assert len(made) < 10


def test_absent_fields_are_omitted_and_not_required():
    schema = records.schema("whole", Nested)
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    for record in (whole(points=[]), whole(points=[], more=True)):
        written = parsed(Nested(record))
        check.validate(written)
        assert ("more" in written["whole"]) == (record.more is True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 2),
        ("color", "green"),
        ("sizes", []),
        ("sizes", [0]),
        ("points", [{"x": "1", "label": None}]),
        ("named", {"p": {"x": 1}}),
        ("either", {"x": 1, "label": None, "problem": ""}),
        ("a", 1.5),
        ("b", None),
        ("from", 1),
        ("more", False),
        ("unknown", 1),
    ],
)
def test_a_schema_refuses(key, value):
    written = parsed(Nested(whole(points=[])))
    check = Draft202012Validator(records.schema("whole", Nested))
    check.validate(written)
    assert not check.is_valid({"whole": {**written["whole"], key: value}})


def test_one_of_several_records():
    check = Draft202012Validator(records.schema("either", Point, Other))
    assert check.is_valid({"problem": "none"})
    assert check.is_valid(HALF)
    assert not check.is_valid({})


def test_a_list_of_records():
    assert json.loads("\n".join(records.write_list([Other("a"), Other("b")]))) == [{"problem": "a"}, {"problem": "b"}]
    assert json.loads("\n".join(records.write_list([]))) == []


def test_commands_of_ci_systems_stay_text():
    assert "::error" not in "".join(records.write(Other("::error::")))
