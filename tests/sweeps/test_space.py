"""The values of a sweep and the order of its designs."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest

from cnncalc import limits
from cnncalc.errors import SpecError
from cnncalc.limits import Limits
from cnncalc.sweeps.space import RANDOM, ZIP, Joined, Space, Steps, SweepAxis, check_space, read_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("16,24,32", ["16", "24", "32"]),
        ("2..8", ["2", "3", "4", "5", "6", "7", "8"]),
        ("128..256:32", ["128", "160", "192", "224", "256"]),
        ("128..250:32", ["128", "160", "192", "224"]),
        ("0.5..1.25:0.25", ["0.5", "0.75", "1", "1.25"]),
        ("-1..1", ["-1", "0", "1"]),
        ("5..5", ["5"]),
        ("8, 16..24:4 ,64", ["8", "16", "20", "24", "64"]),
        ("[3, 4, 6, 3],[2,2,2,2]", ["[3, 4, 6, 3]", "[2,2,2,2]"]),
        ("relu,{leaky_relu: 0.1},max(1, 2)", ["relu", "{leaky_relu: 0.1}", "max(1, 2)"]),
        ("'a,b',true", ["'a,b'", "true"]),
    ],
)
def test_values(text: str, values: list[str]) -> None:
    assert list(read_values(text, "vary")) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "vary has no values"),
        ("1,,2", "vary has an empty value"),
        ("8..2", "the range 8..2 is empty; write 2..8"),
        ("9..1:2", "the range 9..1:2 is empty; write 1..9:2"),
        ("1..9:0", "the step of 1..9:0 is not above 0"),
        ("1..9:-1", "the step of 1..9:-1 is not above 0"),
        ("1..x", "'1..x' is not a range"),
        ("[1,2", "'[1,2' ends inside a list or text; add ]"),
        ("'a", "ends inside a list or text; add '"),
    ],
)
def test_values_that_are_wrong(text: str, message: str) -> None:
    with pytest.raises(SpecError) as error:
        read_values(text, "vary")
    assert message in str(error.value)


def axes(*counts: int) -> tuple[SweepAxis, ...]:
    return tuple(SweepAxis(f"v{number}", Steps(0, 1, count)) for number, count in enumerate(counts))


def test_the_last_variable_of_a_grid_changes_first() -> None:
    space = Space(axes(2, 3))
    assert [space.places(number) for number in space.numbers()] == list(itertools.product(range(2), range(3)))
    assert list(space.numbers(4)) == [4, 5]


def test_a_zip_has_a_row_for_each_place() -> None:
    space = Space(axes(3, 3), ZIP)
    assert [space.places(number) for number in space.numbers()] == [(0, 0), (1, 1), (2, 2)]
    with pytest.raises(SpecError, match="v0 has 2 values and v1 has 3 values"):
        check_space(Space(axes(2, 3), ZIP))


def test_a_sample_draws_each_design_once_and_always_the_same() -> None:
    everything = Space(axes(4, 5), RANDOM, 20, 7)
    assert sorted(everything.numbers()) == list(range(20))
    assert list(everything.numbers()) != list(range(20))
    some = Space(axes(4, 5), RANDOM, 6, 7)
    assert list(some.numbers()) == list(everything.numbers())[:6]
    assert list(some.numbers(2)) == list(some.numbers())[2:]
    assert list(some.numbers()) != list(some._replace(seed=8).numbers())
    # A sample of more designs than there are is all of them.
    assert everything._replace(sample=99).designs == 20


def test_a_sample_is_uniform() -> None:
    """Of 2,000 samples of 3 of 6, each number is in half of them: 1,000, with a standard deviation of 22."""
    counts = [0] * 6
    for seed in range(2_000):
        for number in Space(axes(2, 3), RANDOM, 3, seed).numbers():
            counts[number] += 1
    assert all(880 < count < 1_120 for count in counts)


def test_a_sample_of_a_vast_grid_lists_no_designs() -> None:
    """10**30 designs: ten of them, their values included, take less than 100 kB."""
    tracemalloc.start()
    space = Space(axes(*[1_000] * 10), RANDOM, 10, 1)
    check_space(space)
    drawn = [
        [axis.texts[place] for axis, place in zip(space.axes, space.places(number), strict=True)]
        for number in space.numbers()
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert space.size == 10**30
    assert len({tuple(values) for values in drawn}) == 10
    assert peak < 100_000


def test_too_many_designs() -> None:
    check_space(Space(axes(1_000, 1_000)))
    with pytest.raises(SpecError, match="the sweep has 1,001,000 designs, more than 1,000,000; draw some"):
        check_space(Space(axes(1_001, 1_000)))
    with limits.using(Limits(designs=5)), pytest.raises(SpecError, match="has 6 designs, more than 5"):
        check_space(Space(axes(9), RANDOM, 6))


def test_a_variable_is_varied_once() -> None:
    with pytest.raises(SpecError, match="'v0' is varied twice"):
        check_space(Space((*axes(1), *axes(1))))


def test_listed_values_are_those_outside_ranges() -> None:
    values = read_values("1,2..1000000000,3", "vary")
    assert isinstance(values, Joined)
    assert len(values) == 1_000_000_001
    assert list(SweepAxis("v", values).listed) == ["1", "3"]
