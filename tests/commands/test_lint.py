"""`cnncalc lint`: findings, statuses, and what is told of rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnncalc.checks.rules import all_rules

BIAS = "input: [3, 8, 8]\nlayers:\n  - conv: [8, 3]\n  - batch_norm\n"
CLEAN = "input: [3, 8, 8]\nlayers:\n  - conv: {filters: 8, kernel: 3, bias: false}\n  - batch_norm\n"
NOTE = "input: [3, 8, 8]\nlayers:\n  - conv: {filters: 8, kernel: 3, padding: 1}\n  - global_avg_pool\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a few specs, which is a repository's top: no other cnncalc.yaml is found."""
    (tmp_path / ".git").mkdir()
    for name, text in {
        "bias": BIAS,
        "clean": CLEAN,
        "note": NOTE,
        "broken": "input: [3]\nlayers: [relu, rellu]\n",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_findings_are_lines_as_compilers_write_them(run) -> None:
    lines = run("lint", "bias.yaml", status=1).stdout.splitlines()
    assert lines == [
        (
            "bias.yaml:3:5: warning: conv has a bias that batch_norm removes again; bias: false saves 8 parameters and"
            " changes nothing else [CNN003]"
        ),
        "1 spec: 1 warning",
    ]


def test_nothing_found_is_said(run) -> None:
    assert run("lint", "clean.yaml").stdout == "1 spec: no findings\n"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["clean.yaml"], 0),
        (["note.yaml"], 0),
        (["note.yaml", "--strict"], 1),
        (["clean.yaml", "--strict"], 0),
        (["bias.yaml"], 1),
        (["bias.yaml", "--severity", "CNN003=note"], 0),
        (["note.yaml", "--severity", "CNN030=error"], 1),
        (["bias.yaml", "--ignore", "CNN00"], 0),
        (["bias.yaml", "--select", "CNN01,unused-block"], 0),
        (["bias.yaml", "broken.yaml", "clean.yaml"], 2),
    ],
)
def test_the_status_is_that_of_the_worst(arguments: list[str], status: int, run) -> None:
    run("lint", *arguments, status=status)


def test_a_broken_spec_keeps_no_other_from_being_linted(run) -> None:
    text = run("lint", "broken.yaml", "bias.yaml", "nowhere.yaml", status=2).stdout
    assert "broken.yaml:2:16: error: unknown layer type 'rellu'; did you mean 'relu' or 'relu6'?" in text
    assert "bias.yaml:3:5: warning: " in text
    assert "nowhere.yaml: error: no such file" in text
    assert text.splitlines()[-1] == "3 specs: 2 unusable; 1 warning"


def test_errors_come_first_and_notes_last(run) -> None:
    lines = run("lint", "note.yaml", "bias.yaml", "broken.yaml", status=2).stdout.splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in lines[:-1]] == ["error", "warning", "note"]


def test_quiet(run) -> None:
    assert run("lint", "note.yaml", "clean.yaml", "-q").stdout == ""
    assert len(run("lint", "note.yaml", "bias.yaml", "--quiet", status=1).stdout.splitlines()) == 1
    # What makes the status 1 is shown.
    assert ": note: " in run("lint", "note.yaml", "-q", "--strict", status=1).stdout


def test_standard_input_and_bundled_networks_are_linted(run) -> None:
    assert "<stdin>:3:5: warning" in run("lint", "-", stdin=BIAS, status=1).stdout
    assert "fc6 has 74.3 % of all parameters (102,764,544 of 138,357,544)" in run("lint", "vgg16").stdout


def test_variables_and_inputs_are_changed(run) -> None:
    assert "unused" not in run("lint", "vgg16", "--set", "classes=10", "--input", "3x64x64").stdout
    text = run("lint", "note.yaml", "--input", "3x3x3").stdout
    assert text == "1 spec: no findings\n"


def test_a_batch_is_told(run) -> None:
    text = run("lint", "clean.yaml", "--batch", "1", status=1).stdout
    assert text.startswith("clean.yaml:4:5: warning: with a batch of 1, 1 batch norm normalizes each sample separately")


@pytest.mark.parametrize("form", ["json", "markdown", "github", "junit", "sarif"])
def test_formats_have_the_code_and_the_line(form: str, run) -> None:
    text = run("lint", "bias.yaml", "--format", form, status=1).stdout
    assert "CNN003" in text
    assert "3" in text
    if form in ("json", "sarif"):
        json.loads(text)


def test_a_file_is_written(run, folder: Path) -> None:
    assert run("lint", "bias.yaml", "-o", "out.txt", status=1).stdout == ""
    assert (folder / "out.txt").read_text(encoding="utf-8").endswith("1 spec: 1 warning\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--select", "CNX", "bias.yaml"], "unknown rule 'CNX'; `cnncalc lint --list` shows the rules"),
        (["--ignore", "unused-blok", "bias.yaml"], "unknown rule 'unused-blok'; did you mean 'unused-block'?"),
        (["--severity", "CNN003", "bias.yaml"], "'CNN003' is not CODE=SEVERITY; severities are error, warning, note"),
        (["--severity", "CNN003=fatal", "bias.yaml"], "'CNN003=fatal' is not CODE=SEVERITY"),
        (["--severity", "CNX=note", "bias.yaml"], "unknown rule 'CNX'"),
        (["--explain", "two-activation"], "unknown rule 'two-activation'; did you mean 'two-activations'?"),
        (["--explain", "CNN00"], "unknown rule 'CNN00'"),
        ([], "name a SPEC, or list specs in a cnncalc.yaml"),
        (["--list", "--format", "junit"], "pages of rules are written as text, json, markdown, latex, html"),
        (["--set", "a=1", "bias.yaml", "--format", "text", "--batch", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_meant(arguments: list[str], message: str, run) -> None:
    assert message in run("lint", *arguments, status=2).stderr


@pytest.mark.parametrize("word", ["CNN003", "cnn003", "bias-before-batch-norm"])
def test_a_rule_is_told(word: str, run) -> None:
    text = run("lint", "--explain", word).stdout
    assert text.startswith(
        "CNN003 bias-before-batch-norm (warning)\n" + "═" * 39 + "\n\nA convolution or linear layer has a bias"
    )
    headings = ("Why it matters", "What triggers it", "What is better", "When to leave it", "Source")
    assert [line for line in text.splitlines() if line in headings] == list(headings)
    assert "    - conv: {filters: 64, kernel: 3, padding: 1, bias: false}\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_every_rule_is_told_in_every_form(run) -> None:
    for rule in all_rules():
        assert rule.name in run("lint", "--explain", rule.code).stdout
        assert (
            f"## {rule.code} {rule.name} ({rule.severity.value})\n"
            in run("lint", "--explain", rule.code, "-f", "markdown").stdout
        )
        (page,) = json.loads(run("lint", "--explain", rule.code, "-f", "json").stdout)["rules"]
        assert page["code"] == rule.code
        assert all(page.values())


def test_rules_are_listed(run) -> None:
    text = run("lint", "--list").stdout
    table = run("lint", "--list", "--format", "markdown").stdout
    pages = json.loads(run("lint", "--list", "--format", "json").stdout)["rules"]
    assert [page["code"] for page in pages] == [rule.code for rule in all_rules()]
    for rule in all_rules():
        assert f"  {rule.code} {rule.name}" in text
        assert f"- {rule.code} {rule.name}: " in table
    assert max(map(len, text.splitlines())) <= 80


def test_hostile_names_reach_no_terminal(run) -> None:
    spec = 'name: "\\e[31m"\ninput: [3, 8, 8]\nvariables: {ünused: 1}\nlayers: [relu, relu]\n'
    for form in ("text", "markdown", "github"):
        assert "\x1b" not in run("lint", "-", "--format", form, stdin=spec, status=1).stdout


def test_only_specs_that_the_configuration_names(run, tmp_path, monkeypatch):
    """As the hook for pre-commit has it: changed files of all kinds come, and specs among them are linted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "designs").mkdir()
    spec = "input: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n  - relu\n  - relu\n"
    for name in ("designs/net.yaml", "designs/other.yaml", "elsewhere.yaml"):
        (tmp_path / name).write_text(spec)
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    files = ("designs/net.yaml", "elsewhere.yaml", "compose.yaml", "cnncalc.yaml")
    output = run("lint", "--only-configured", *files, status=2).output
    assert "--only-configured needs a cnncalc.yaml that lists specs" in output
    (tmp_path / "cnncalc.yaml").write_text("specs: [designs/*.yaml]\n")
    output = run("lint", "--only-configured", *files, status=1).output
    assert "designs/net.yaml:5:5:" in output
    assert "1 spec: 1 warning" in output
    assert run("lint", "--only-configured", *files[1:]).output == "0 specs: no findings\n"
    assert "2 specs: 2 warnings" in run("lint", "--only-configured", status=1).output
    (tmp_path / "designs" / "net.yaml").write_text("services: {}\n")
    run("lint", "--only-configured", *files, status=2)
