"""cnncalc.yaml: which specs it names, what it says of them, and what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnncalc.errors import SpecError
from cnncalc.spec import config

SPEC = "input: [3, 8, 8]\nlayers: [relu]\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with specs, and one below the current folder's parent that is the top of a repository."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "designs" / "small").mkdir(parents=True)
    for name in ("designs/a.yaml", "designs/b.yaml", "designs/small/c.yaml"):
        (tmp_path / name).write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str) -> config.Config:
    Path("cnncalc.yaml").write_text(text)
    return config.read("cnncalc.yaml")


def test_the_nearest_is_found_as_far_as_the_top_of_the_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.find() is None
    (repository.parent / "cnncalc.yaml").write_text("specs: []\n")
    assert config.find() is None, "it is not of this repository"
    (repository / "cnncalc.yaml").write_text("specs: []\n")
    assert config.find() == "cnncalc.yaml"
    monkeypatch.chdir(repository / "designs" / "small")
    assert config.find() == os.path.join("..", "..", "cnncalc.yaml")
    (repository.parent / "cnncalc.yaml").unlink()


@pytest.mark.parametrize(
    ("patterns", "specs"),
    [
        ("[designs/*.yaml]", ["designs/a.yaml", "designs/b.yaml"]),
        ('["**/*.yaml"]', ["designs/a.yaml", "designs/b.yaml", "designs/small/c.yaml"]),
        ("[designs/b.yaml, designs/*.yaml]", ["designs/b.yaml", "designs/a.yaml"]),
        ("{vgg16: , designs/a.yaml: {batch: 2}}", ["vgg16", "designs/a.yaml"]),
    ],
)
def test_patterns(repository: Path, patterns: str, specs: list[str]) -> None:
    """The configuration itself is no spec, and none is named twice."""
    assert list(config.specs_of(read(f"specs: {patterns}\n"))) == [os.path.normpath(path) for path in specs]


def test_patterns_start_where_the_configuration_is(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read("specs: [designs/a.yaml]\n")
    monkeypatch.chdir(repository / "designs")
    found = config.read(config.find() or "")
    assert config.specs_of(found) == (os.path.join("..", "designs", "a.yaml"),)
    assert [entry.pattern for entry in config.entries_of(found, "a.yaml")] == ["designs/a.yaml"]


def test_a_spec_has_all_entries_that_name_it(repository: Path) -> None:
    found = read("specs:\n  designs/*.yaml: {batch: 2}\n  designs/a.yaml: {dtype: int8}\n  vgg16: {batch: 3}\n")
    assert [entry.pattern for entry in config.entries_of(found, "./designs/a.yaml")] == [
        "designs/*.yaml",
        "designs/a.yaml",
    ]
    assert [entry.batch for entry in config.entries_of(found, "vgg16.yaml")] == [3]
    assert config.entries_of(found, "other.yaml") == ()


def test_an_entry(repository: Path) -> None:
    (entry,) = read(
        "specs:\n"
        "  vgg16:\n"
        "    set: {classes: 10, depths: [1, 2]}\n"
        "    input: [3, 64, 64]\n"
        "    lint: {ignore: [CNN003, 'CNN004, CNN005'], severity: {CNN001: error}}\n"
        "    budget: {params: 5M}\n"
    ).entries
    assert entry.settings == (("classes", "10"), ("depths", "[1, 2]"))
    assert entry.inputs == (("", "3x64x64"),)
    assert [word for word, _ in entry.lint.ignore] == ["CNN003", "CNN004", "CNN005"]
    assert [(word, severity) for word, severity, _ in entry.lint.severities] == [("CNN001", "error")]
    assert [(limit.key, limit.span.line) for limit in entry.guards.limits] == [("params", 6)]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("spec: []", ["1:1: cnncalc.yaml has no 'spec'; did you mean 'specs'?"]),
        ("- a", ["1:1: cnncalc.yaml is a mapping, not a list; its keys are defaults, lint and specs"]),
        ("specs: 3", ["1:8: specs is a list of files, or a mapping from files to budgets, not the text '3'"]),
        ("specs: [[a]]", ["1:9: expected a pattern of files, got a list"]),
        (
            "specs: {a: 3}",
            [
                (
                    "1:12: an entry is a mapping, not the text '3'; its keys are budget, expect,"
                    " assert, set, input, batch, dtype and lint"
                )
            ],
        ),
        ("specs: {a: {budgets: {}}}", ["1:13: an entry has no 'budgets'; did you mean 'budget'?"]),
        (
            "specs: {a: {set: 3, input: x, batch: 0, dtype: float}}",
            [
                "1:18: set is a mapping from variables to values, not the text '3'",
                "1:28: input takes sizes, not the text 'x'; write sizes such as [3, 192, 192]",
                "1:38: batch is a whole number of at least 1, not the text '0'",
                "1:48: dtype is a data type, not the text 'float'; did you mean 'float8' or 'float64'?",
            ],
        ),
        ("defaults: {expect: {params: 3}}", ["1:12: defaults has no 'expect'; its keys are budget, batch and dtype"]),
        ("defaults: {budget: {parms: 3}}", ["1:21: unknown quantity 'parms'; did you mean 'params'?"]),
        (
            "defaults: {budget: {params: classes}}",
            ["1:29: 'classes' is not defined here; define it under variables:"],
        ),
        ("lint: {ignore: [[CNN001]]}", ["1:17: expected the code or name of a rule, got a list"]),
        (
            "lint: {severity: error}",
            ["1:18: severity is a mapping from rules to severities, not the text 'error'; write CNN003: error"],
        ),
        ("input: [3, 8, 8]\nlayers: [relu]", ["2:1: cnncalc.yaml is a spec, not a configuration; rename it"]),
    ],
)
def test_problems(repository: Path, text: str, problems: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        read(text)
    assert [str(problem).removeprefix("cnncalc.yaml:") for problem in caught.value.problems] == problems


def test_a_pattern_that_names_nothing(repository: Path) -> None:
    found = read("specs: [design/*.yaml, cnncalc.yaml, designs]\n")
    with pytest.raises(SpecError) as caught:
        config.specs_of(found)
    assert [str(problem).partition(";")[0] for problem in caught.value.problems] == [
        "cnncalc.yaml:1:9: 'design/*.yaml' matches no spec",
        "cnncalc.yaml:1:24: 'cnncalc.yaml' matches no spec",
        "cnncalc.yaml:1:38: 'designs' matches no spec",
    ]
