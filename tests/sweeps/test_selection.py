"""Conditions and Pareto fronts."""

from __future__ import annotations

from random import Random

import pytest

from cnncalc.errors import SpecError
from cnncalc.sweeps.conditions import Condition
from cnncalc.sweeps.front import Front, Objective, read_objectives

NAMES = ("params", "macs", "peak_memory", "width")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("params < 5M", True),
        ("params < 4.9M", False),
        ("params <= 4_900K and macs < 1G", True),
        ("peak_memory <= 2MiB", True),
        ("peak_memory<2MiB", False),
        ("peak_memory < 2.1 MB", True),
        ("peak_memory == 2048KiB or false", True),
        ("width in [16, 24] and not params > 5M", True),
        ("macs / params > 100", True),
    ],
)
def test_conditions(text: str, holds: bool) -> None:
    values = {"params": 4_900_000, "macs": 600_000_000, "peak_memory": 2 * 2**20, "width": 24}
    assert Condition(text, NAMES, "where").holds(values) == holds


def test_an_unknown_figure_meets_no_condition() -> None:
    for text in ("params < 5", "not params < 5", "params < 5 or true"):
        assert not Condition(text, NAMES, "where").holds({"params": None})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parms < 5", "where: 'parms' is not defined here; did you mean 'params'?"),
        ("params < 5M and mcs < 4", "'mcs' is not defined here, at character 17: 'mcs < 4'; did you mean 'macs'?"),
        ("params < 5MiB and mcs < 4", "'mcs' is not defined here, at character 19: 'mcs < 4'"),
        ("peak_memory < 5MiB and params < 5KiB and mcs", "at character 42: 'mcs'"),
        ("params < (1", "expected ')', but the expression ends"),
        ("params < ", "expected a value, but the expression ends"),
        ("params = 5", "unexpected '=', at character 8: '= 5'"),
        ("__import__('os')", "unknown function '__import__'"),
    ],
)
def test_the_place_of_an_error_is_marked(text: str, message: str) -> None:
    with pytest.raises(SpecError) as error:
        Condition(text, NAMES, "where")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("params", "where: takes true or false, not 7; compare it, such as params < 5M"),
        ("params / (params - 7) > 1", "7 / 0 divides by zero, at character 8"),
        ("params ** params ** params > 1", "is too large"),
    ],
)
def test_a_condition_without_a_truth(text: str, message: str) -> None:
    with pytest.raises(SpecError) as error:
        Condition(text, NAMES, "where").holds({"params": 7})
    assert message in str(error.value)


def test_objectives() -> None:
    known = ("params", "macs", "field")
    assert read_objectives("macs, field", known, "pareto") == (Objective("macs", 1), Objective("field", -1))
    assert read_objectives("max:macs,min:field", known, "pareto") == (Objective("macs", -1), Objective("field", 1))
    with pytest.raises(SpecError, match="unknown quantity 'mac'; did you mean 'macs'"):
        read_objectives("mac,field", known, "pareto")
    for text in ("macs", "macs,max:macs"):
        with pytest.raises(SpecError, match="takes at least two different quantities"):
            read_objectives(text, known, "pareto")


@pytest.mark.parametrize("dimensions", [2, 3, 4])
def test_a_front_has_what_nothing_surpasses(dimensions: int) -> None:
    """Against the definition, with many equal points and coordinates."""
    random = Random(dimensions)
    for _ in range(100):
        points = [tuple(random.randint(0, 6) for _ in range(dimensions)) for _ in range(random.randint(1, 60))]
        front: Front[int] = Front()
        for number, point in enumerate(points):
            front.add(point, number)
        expected = [
            number
            for number, point in enumerate(points)
            if not any(other != point and all(map(int.__le__, other, point)) for other in points)
        ]
        assert sorted(front.kept) == expected


def test_a_front_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.sweeps.front.MOST_ON_FRONT", 3)
    front: Front[int] = Front()
    for number in range(3):
        front.add((number, -number), number)
    with pytest.raises(SpecError, match="has more than 3 designs"):
        front.add((4, -4), 4)
