"""`cnncalc.sweep`, the sweeps of Python."""

from __future__ import annotations

import importlib.util
import os
from fractions import Fraction
from pathlib import Path

import pytest

import cnncalc

SPEC = """
input: [3, 32, 32]
variables: {width: 8, act: relu, sizes: [1, 2]}
layers:
  - conv: {filters: width, kernel: 3}
  - type: act
  - conv: ["sizes[0]", 1]
"""


@pytest.fixture(autouse=True)
def surface_of_messages() -> None:
    """Messages name arguments, as in Python, and no options."""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def params(width: int, filters: int = 1) -> int:
    return 28 * width + (width + 1) * filters


def test_rows_have_the_values_as_given(spec: Path) -> None:
    vary = {"width": [4, True and 8], "sizes": [[1, 2], (3,)], "act": ["relu", "silu"], "input": [32, (3, 64, 48)]}
    found = list(cnncalc.sweep(spec, vary, columns=["params", "input"]))
    assert len(found) == 16
    assert found[0] == {
        "width": 4, "sizes": [1, 2], "act": "relu", "input": 32,
        "params": params(4), "network_input": "3x32x32", "reason": None,
    }  # fmt: skip
    assert found[-1] == {
        "width": 8, "sizes": (3,), "act": "silu", "input": (3, 64, 48),
        "params": params(8, 3), "network_input": "3x64x48", "reason": None,
    }  # fmt: skip


def test_rows_are_computed_when_they_are_asked_for(spec: Path) -> None:
    rows = cnncalc.sweep(spec, {"width": range(2, 2_000_001, 2)}, columns="params")
    assert [next(rows)["params"] for _ in range(3)] == [params(2), params(4), params(6)]


def test_values_in_other_notations(spec: Path) -> None:
    assert [row["width"] for row in cnncalc.sweep(spec, {"width": "4..8:2"})] == [4, 6, 8]
    assert [row["width"] for row in cnncalc.sweep(spec, {"width": range(8, 2, -3)})] == [8, 5]
    found = list(cnncalc.sweep("mobilenet_v2", {"width": [Fraction(1, 2), 0.5]}, columns=["params"]))
    # torchvision's width_mult=0.5.
    assert [row["params"] for row in found] == [1_968_680, 1_968_680]


def test_invalid_designs_have_a_reason(spec: Path) -> None:
    first, second = cnncalc.sweep(spec, {"width": [0, 1]})
    assert first["params"] is None
    assert "filters takes a whole number of at least 1, not 0" in first["reason"]
    assert second["params"] == params(1)


def test_several_specs_a_condition_and_a_front(spec: Path) -> None:
    found = list(cnncalc.sweep([spec, "lenet5"], {"input": [32]}, columns=["params"], where="params < 1000"))
    assert found == [{"spec": os.fspath(spec), "input": 32, "params": params(8), "reason": None}]
    front = cnncalc.sweep(spec, {"width": range(1, 6)}, pareto=["params", "max:macs"], zip=True)
    assert [row["width"] for row in front] == [1, 2, 3, 4, 5]
    front = cnncalc.sweep(spec, {"width": range(1, 6)}, pareto="params,macs", random=5, seed=3)
    assert [row["width"] for row in front] == [1]


def test_processes(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    vary = {"width": range(40), "sizes": [[1], [2]]}
    assert list(cnncalc.sweep(spec, vary, jobs=2)) == list(cnncalc.sweep(spec, vary))


@pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="pandas is not installed")
def test_a_data_frame(spec: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(cnncalc.sweep(spec, {"width": [4, 8]}, columns=["params"]))
    assert frame["params"].tolist() == [params(4), params(8)]
    assert list(frame.columns) == ["width", "params", "reason"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (({"wdith": [1]},), cnncalc.SpecError, "vary['wdith']: the spec has no variable 'wdith'; did you mean 'width'"),
        (({"width": "8..2"},), cnncalc.SpecError, "vary['width']: the range 8..2 is empty"),
        (([1],), TypeError, "vary takes a mapping from variables to values"),
        (({1: [1]},), TypeError, "vary takes names, not int, as keys"),
        (({"width": 4},), TypeError, "vary['width'] takes a list of values, not int"),
        (({"width": []},), ValueError, "vary['width'] has no values"),
        (({"width": range(0)},), ValueError, "vary['width'] has no values"),
        (({"width": [None]},), TypeError, "takes a number, True or False, text"),
        (({"input": ["big"]},), TypeError, "takes whole numbers such as [3, 224, 224], not str"),
        ((), cnncalc.SpecError, "nothing is varied; name a variable and its values"),
    ],
)
def test_wrong_arguments(arguments: tuple[object, ...], error: type[Exception], message: str, spec: Path) -> None:
    with pytest.raises(error) as caught:
        cnncalc.sweep(spec, *arguments)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"columns": ["parms"]}, ValueError, "columns takes one of params,"),
        ({"columns": 3}, TypeError, "columns takes a list of words, not int"),
        ({"where": "parms < 1"}, cnncalc.SpecError, "where: 'parms' is not defined here; did you mean 'params'?"),
        ({"pareto": ["params"]}, cnncalc.SpecError, "pareto takes at least two different quantities"),
        ({"random": 0}, ValueError, "random takes a whole number from 1, not 0"),
        ({"random": "9"}, TypeError, "random takes a whole number, not str"),
        ({"seed": 1}, cnncalc.SpecError, "seed needs random; add random, or remove seed"),
        ({"jobs": 0}, ValueError, "jobs takes a whole number from 1, not 0"),
        ({"dtype": "int9"}, ValueError, "dtype takes one of"),
        ({"batch": 0}, ValueError, "batch takes a whole number from 1, not 0"),
    ],
)
def test_wrong_options(options: dict[str, object], error: type[Exception], message: str, spec: Path) -> None:
    with pytest.raises(error) as caught:
        cnncalc.sweep(spec, {"width": [1]}, **options)  # type: ignore[arg-type]
    assert message in str(caught.value)
