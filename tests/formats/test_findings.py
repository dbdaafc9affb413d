"""The formats of findings: what other programs read is held to their own rules."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import jsonschema
import pytest

from cnncalc.checks.finding import Check, Finding, Outcome, Severity, State, unusable
from cnncalc.errors import Problem, Span
from cnncalc.formats import records
from cnncalc.formats.findings import FORMATS, counted, github
from cnncalc.formats.findings import json as findings_json
from cnncalc.formats.findings.text import layout

REFERENCE = Path(__file__).parent.parent / "reference"
PLACE = Span("nets/a b.yaml", 12, 7)
BROKEN = Finding(
    "budget",
    Severity.ERROR,
    PLACE,
    "params is 9, 1 (12.5 %) more than 8",
    "allow 9",
    ("fc has 5",),
    "",
    "params",
    PLACE,
)
WARNED = Finding("CNN001", Severity.WARNING, Span("nets/a b.yaml", 3, 5), "a bias", layer="conv1")
NOTED = Finding("CNN020", Severity.NOTE, None, "most is in fc")
CHECKS = (
    Check("budget", "params", PLACE, State.BROKEN, 9, (("max", 8),)),
    Check("budget", "params_size", Span("nets/a b.yaml", 13, 3), State.KEPT, 36, (("max", Fraction(81, 2)),), unit="B"),
    Check("expect", "output", Span("nets/a b.yaml", 14, 3), State.KEPT, (3, 8), (("value", (3, 8)),)),
    Check("increase", "macs", Span("nets/a b.yaml", 15, 3), State.UNCHECKED, 7),
    Check("assert", "params() < 8", Span("nets/a b.yaml", 16, 3), State.TOLERATED),
)
OUTCOMES = (
    Outcome("nets/a b.yaml", "A", (BROKEN, WARNED, NOTED), CHECKS),
    unusable("gone.yaml", [Problem(None, "gone.yaml: no such file")]),
    Outcome("fine.yaml", "Fine", ()),
)
HOSTILE = "\n::error::x\r##[error]y <b>&\"']]> \x1b[31m%0A| `*_[a](b) \u202e"


def text(form: str, outcomes=OUTCOMES) -> str:
    return "\n".join(import_module(f"cnncalc.formats.findings.{form}").write(outcomes))


def hostile() -> tuple[Outcome, ...]:
    """The same with a hostile string in every place that a spec can fill."""
    place = Span(HOSTILE, 1, 2)
    guard = Span(f"of {HOSTILE}", 1, 2)
    finding = Finding("budget", Severity.ERROR, place, HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, guard)
    check = Check("assert", HOSTILE, place, State.BROKEN)
    return (Outcome(HOSTILE, HOSTILE, (finding,), (check,)),)


# Two specs of one pattern of cnncalc.yaml break its budget, and one starts from the other, which has a warning.
GUARD = Span("cnncalc.yaml", 4, 9)
OVER = Finding("budget", Severity.ERROR, None, "params is 9 (cnncalc.yaml:4:9)", subject="params", guard=GUARD)
SHARED = Finding("CNN001", Severity.WARNING, Span("a.yaml", 3, 5), "a bias")
LIMITED = Check("budget", "params", GUARD, State.BROKEN, 9, (("max", 8),))
TWINS = (
    Outcome("a.yaml", "A", (SHARED, OVER), (LIMITED, LIMITED), "a.yaml"),
    Outcome("b.yaml", "B", (SHARED, OVER), (LIMITED, LIMITED), "b.yaml"),
)


def test_counted() -> None:
    assert counted(OUTCOMES) == (
        "3 specs: 3 checks passed, 1 failed, 1 without a baseline; 1 unusable; 1 warning, 1 note of the rules"
    )
    assert counted(OUTCOMES[2:]) == "1 spec: no findings"


def test_text() -> None:
    assert text("text").splitlines() == [
        "nets/a b.yaml:12:7: error: params is 9, 1 (12.5 %) more than 8; allow 9 [budget]",
        "    fc has 5",
        "gone.yaml: error: no such file [spec]",
        "nets/a b.yaml:3:5: warning: a bias [CNN001]",
        "nets/a b.yaml: note: most is in fc [CNN020]",
        (
            "nets/a b.yaml: 3 of 4 checks passed, 1 skipped (no baseline);"
            " params_size is closest to its budget: 88.9 % of at most 40 B"
        ),
        counted(OUTCOMES),
    ]


def test_text_names_the_spec_of_each_finding() -> None:
    assert text("text", TWINS).splitlines()[:4] == [
        "a.yaml: error: params is 9 (cnncalc.yaml:4:9) [budget]",
        "b.yaml: error: params is 9 (cnncalc.yaml:4:9) [budget]",
        "a.yaml:3:5: warning: a bias [CNN001]",
        "a.yaml:3:5: warning: a bias (for b.yaml) [CNN001]",
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_text_is_wrapped_between_words(width: int) -> None:
    """With a hanging indent; an option and a path stay whole."""
    hint = "raise it with --max-increase params=2% or in designs/a-very-long-folder/of-many-words/net.yaml"
    outcome = Outcome("a-b.yaml", "", (WARNED._replace(span=Span("a-b.yaml", 3, 5), hint=hint),))
    lines = ["".join(part.text for part in line) for line in layout([outcome], width)]
    found, total = lines[:-1], lines[-1]
    assert total == "1 spec: 1 warning"
    assert all(len(line) <= width or " " not in line.strip() for line in found)
    assert all(line.startswith("    ") for line in found[1:])
    assert " ".join(line.strip() for line in found) == f"a-b.yaml:3:5: warning: a bias; {hint} [CNN001]"
    assert len(found) > 1


def test_a_severity_has_a_color_and_a_place_stands_out() -> None:
    first, *_ = layout([OUTCOMES[0]])
    assert [(part.text, part.style) for part in first[:3]] == [
        ("nets/a b.yaml:12:7:", "bold"),
        (" ", ""),
        ("error:", "bold red"),
    ]


@pytest.mark.parametrize(
    ("findings", "style"),
    [((), "bold green"), ((NOTED,), "bold green"), ((WARNED, NOTED), "bold yellow"), ((WARNED, BROKEN), "bold red")],
)
def test_the_totals_have_the_color_of_the_worst(findings, style: str) -> None:
    *_, totals = layout([Outcome("nets/a b.yaml", "A", findings)])
    assert [part.style for part in totals] == [style]


def test_only_some_severities_are_shown() -> None:
    lines = ["".join(part.text for part in line) for line in layout(OUTCOMES, None, (Severity.WARNING,))]
    assert lines == ["nets/a b.yaml:3:5: warning: a bias [CNN001]"]
    assert list(layout(OUTCOMES[2:], None, (Severity.ERROR,))) == []


# --- GitHub -------------------------------------------------------------------------------------------


def test_github() -> None:
    """Workflow commands as GitHub documents them: properties escape : and , too, a line end is %0A."""
    lines = text("github").splitlines()
    assert lines[0] == (
        "::error file=nets/a b.yaml,line=12,col=7,title=cnncalc budget::"
        "params is 9, 1 (12.5 %25) more than 8; allow 9%0Afc has 5"
    )
    assert lines[1].startswith("::warning file=nets/a b.yaml,line=3,col=5,title=cnncalc CNN001::")
    assert lines[2] == "::notice file=nets/a b.yaml,title=cnncalc CNN020::most is in fc"
    assert lines[3].startswith("::error file=gone.yaml,title=cnncalc spec::")
    assert len(lines) == 5


def test_github_places_files_from_the_top_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "a.yaml").write_text("")
    monkeypatch.chdir(tmp_path / "nets")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    finding = WARNED._replace(span=Span("a.yaml", 3, 5))
    (line, _) = github.write([Outcome("a.yaml", "A", (finding,))])
    assert line.startswith("::warning file=nets/a.yaml,line=3")


def test_github_marks_the_spec_and_not_the_configuration() -> None:
    assert text("github", TWINS).splitlines()[:4] == [
        "::warning file=a.yaml,line=3,col=5,title=cnncalc CNN001::a bias",
        "::error file=a.yaml,title=cnncalc budget::params is 9 (cnncalc.yaml:4:9)",
        "::warning file=a.yaml,line=3,col=5,title=cnncalc CNN001::a bias (for b.yaml)",
        "::error file=b.yaml,title=cnncalc budget::params is 9 (cnncalc.yaml:4:9)",
    ]


def test_no_text_begins_a_command_of_its_own() -> None:
    for form in ("github", "text", "markdown"):
        lines = text(form, hostile()).splitlines()
        own = [line for line in lines if line.lstrip().startswith(("::", "##["))]
        assert len(own) == (1 if form == "github" else 0), form
    (command, _) = text("github", hostile()).splitlines()
    properties = command[len("::error ") :].partition("::")[0]
    assert properties.count(",") == 3


# --- JUnit --------------------------------------------------------------------------------------------


def test_junit() -> None:
    suites = ET.fromstring(text("junit"))
    assert {key: suites.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "10",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    first, gone, fine = suites
    assert first.get("name") == "nets/a b.yaml"
    results = {case.get("name"): [child.tag for child in case] for case in first}
    assert results == {
        "spec": [],
        "budget params": ["failure"],
        "budget params_size": [],
        "expect output": [],
        "increase macs": ["skipped"],
        "assert params() < 8": [],
        "CNN001 line 3": ["system-out"],
        "CNN020": ["system-out"],
    }
    assert "fc has 5" in "".join(first[1].itertext())
    assert gone[0][0].tag == "error"
    assert [case.get("name") for case in fine] == ["spec"]


def test_junit_has_no_two_cases_of_one_name() -> None:
    again = TWINS[0]._replace(findings=(SHARED, SHARED, OVER))
    suites = ET.fromstring(text("junit", (*TWINS, again)))
    names = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
    assert names[:4] == [
        ("a.yaml", "spec"),
        ("a.yaml", "budget params (cnncalc.yaml)"),
        ("a.yaml", "budget params (cnncalc.yaml) (2)"),
        ("a.yaml", "CNN001 line 3"),
    ]
    assert ("b.yaml", "CNN001 a.yaml line 3") in names
    assert len(names) == len(set(names)) == 4 + 4 + 5
    assert {case.get("classname") for case in suites.iter("testcase") if case.find("failure") is not None} == {
        "a.yaml",
        "b.yaml",
    }


def test_junit_of_hostile_text_is_xml() -> None:
    suites = ET.fromstring(text("junit", hostile()))
    assert len(suites[0]) == 2


# --- SARIF and JSON -----------------------------------------------------------------------------------


@pytest.mark.parametrize("outcomes", [OUTCOMES, TWINS, hostile(), ()], ids=["findings", "twins", "hostile", "nothing"])
def test_sarif_is_valid(outcomes) -> None:
    """Against the schema of OASIS (its structure; the descriptions are left out)."""
    schema = json.loads((REFERENCE / "sarif-2.1.0.schema.json").read_text())
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.check_schema(schema)
    validator.validate(json.loads(text("sarif", outcomes)))


def test_sarif() -> None:
    (run,) = json.loads(text("sarif"))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["CNN001", "CNN020", "budget", "spec"]
    first, second, third, fourth = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("budget", 2, "error")
    assert first["message"]["text"].endswith("allow 9\nfc has 5")
    (location,) = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "nets/a%20b.yaml"},
        "region": {"startLine": 12, "startColumn": 7},
    }
    assert second["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "conv1"}]
    assert third["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "nets/a%20b.yaml"}}}]
    assert fourth["level"] == "error"


def test_sarif_points_to_the_spec_and_relates_the_guard() -> None:
    (run,) = json.loads(text("sarif", TWINS))["runs"]
    first, second, third, fourth = run["results"]
    assert "relatedLocations" not in first
    for result, file in ((second, "a.yaml"), (fourth, "b.yaml")):
        assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": file}}}]
        assert [place["physicalLocation"] for place in result["relatedLocations"]] == [
            {"artifactLocation": {"uri": "cnncalc.yaml"}, "region": {"startLine": 4, "startColumn": 9}}
        ]
    assert third["message"]["text"] == "a bias (for b.yaml)"
    assert third["relatedLocations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "b.yaml"}}


def test_a_schema_that_finds_nothing_wrong_would_be_none() -> None:
    schema = json.loads((REFERENCE / "sarif-2.1.0.schema.json").read_text())
    log = json.loads(text("sarif"))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(schema).validate(log)


@pytest.mark.parametrize("outcomes", [OUTCOMES, TWINS, hostile(), ()], ids=["findings", "twins", "hostile", "nothing"])
def test_json_is_valid(outcomes) -> None:
    schema = records.schema("cnncalc check", *findings_json.RECORDS)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(text("json", outcomes)), schema)


def test_json() -> None:
    facts = json.loads(text("json"))
    assert facts["checks"] == {"kept": 2, "tolerated": 1, "broken": 1, "unchecked": 1}
    first, gone, _ = facts["specs"]
    assert first["checks"][0]["limits"] == {"max": 8}
    assert first["checks"][1]["limits"] == {"max": 40.5}
    assert (gone["usable"], gone["name"], gone["findings"][0]["line"]) == (False, None, None)
    assert first["findings"][0]["guard"] == {"option": None, "file": "nets/a b.yaml", "line": 12, "column": 7}
    assert first["findings"][1]["guard"] is None


def test_json_names_all_layers_of_a_finding() -> None:
    one, none = WARNED, WARNED._replace(layer="")
    several = WARNED._replace(layers=("conv1", "conv2"))
    (spec,) = json.loads(text("json", (TWINS[0]._replace(findings=(one, none, several)),)))["specs"]
    assert [finding["layers"] for finding in spec["findings"]] == [["conv1"], [], ["conv1", "conv2"]]


def test_json_names_the_spec_and_the_guard_of_each_finding() -> None:
    option = OVER._replace(guard=Span("--max params=8", 0, 1))
    first, second = json.loads(text("json", (TWINS[0], TWINS[1]._replace(findings=(option,)))))["specs"]
    assert [finding["spec"] for finding in (*first["findings"], *second["findings"])] == ["a.yaml", "a.yaml", "b.yaml"]
    assert first["findings"][1]["guard"] == {"option": None, "file": "cnncalc.yaml", "line": 4, "column": 9}
    assert second["findings"][0]["guard"] == {"option": "--max params=8", "file": None, "line": None, "column": None}


# --- all ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_control_characters_reach_no_format(form: str) -> None:
    written = text(form, hostile())
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert "\r" not in written


def test_markdown() -> None:
    lines = text("markdown").splitlines()
    assert lines[0] == f"### cnncalc: {counted(OUTCOMES)}"
    assert "| budget | params | 9 | at most 8 | 112.5 % | **failed** |" in lines
    assert "| expect | output | 3x8 | 3x8 |  | passed |" in lines
    assert "- nets/a b.yaml:12:7: error: params is 9, 1 (12.5 %) more than 8; allow 9 (budget)" in lines
    assert "<b>" not in text("markdown", hostile())
