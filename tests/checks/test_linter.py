"""Which rules are asked, what comments silence, and what is one finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cnncalc.checks.finding import Finding, Severity
from cnncalc.checks.linter import EVERYTHING, Selection, UnknownRuleError, comments_in, lint, rules_of, selected
from cnncalc.checks.rules import all_rules
from cnncalc.network import build
from cnncalc.spec.decode import read_spec

BIAS = """\
input: [3, 8, 8]
layers:
  - conv: {filters: 8, kernel: 3}%s
  - batch_norm
"""


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., list[Finding]]:
    def found(text: str, selection: Selection = EVERYTHING, **others: str) -> list[Finding]:
        for name, other in others.items():
            (tmp_path / f"{name}.yaml").write_text(other, encoding="utf-8")
        path = tmp_path / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        spec = read_spec(str(path))
        return list(lint(spec, build.build(spec), selection))

    return found


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


# --- selection ------------------------------------------------------------------------------------


def chosen(*select: str, ignore: tuple[str, ...] = ()) -> list[str]:
    return [rule.code for rule, _ in selected(Selection(select, ignore))]


def test_all_rules_run_by_default() -> None:
    assert chosen() == sorted(rule.code for rule in all_rules())


@pytest.mark.parametrize("word", ["CNN003", "cnn003", "bias-before-batch-norm", "Bias-Before-Batch-Norm"])
def test_a_rule_is_selected_by_code_or_name(word: str) -> None:
    assert chosen(word) == ["CNN003"]


def test_a_prefix_selects_all_its_codes() -> None:
    tens = [rule.code for rule in all_rules() if rule.code.startswith("CNN01")]
    assert len(tens) > 1
    assert chosen("CNN01") == tens
    assert not set(tens) & set(chosen(ignore=("CNN01",)))


@pytest.mark.parametrize(
    ("select", "ignore", "is_asked"),
    [
        (("CNN003",), ("CNN0",), True),
        (("CNN0",), ("CNN003",), False),
        (("CNN003",), ("CNN003",), False),
        (("bias-before-batch-norm",), ("CNN00",), True),
        (("CNN00",), ("bias-before-batch-norm",), False),
        ((), ("CNN",), False),
    ],
)
def test_of_select_and_ignore_the_longer_word_decides(
    select: tuple[str, ...], ignore: tuple[str, ...], is_asked: bool
) -> None:
    assert ("CNN003" in chosen(*select, ignore=ignore)) is is_asked


def test_the_last_severity_that_fits_holds() -> None:
    severities = (("CNN", Severity.NOTE), ("CNN003", Severity.ERROR), ("stride-loses-input", Severity.ERROR))
    weights = {rule.code: severity for rule, severity in selected(Selection(severities=severities))}
    assert weights["CNN003"] is weights["CNN001"] is Severity.ERROR
    assert weights["CNN010"] is Severity.NOTE


def test_a_severity_is_that_of_the_finding(found) -> None:
    selection = Selection(severities=(("CNN003", Severity.ERROR),))
    assert [finding.severity for finding in found(BIAS % "", selection)] == [Severity.ERROR]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("CNN999", "unknown rule 'CNN999'; `cnncalc lint --list` shows the rules"),
        ("unused-varable", "unknown rule 'unused-varable'; did you mean 'unused-variable'?"),
        ("CNNO03", "unknown rule 'CNNO03'; `cnncalc lint --list` shows the rules"),
        ("", "unknown rule ''; `cnncalc lint --list` shows the rules"),
    ],
)
def test_a_word_that_is_no_rule(word: str, message: str) -> None:
    with pytest.raises(UnknownRuleError, match=rf"^{re.escape(message)}"):
        rules_of(word)
    for selection in (Selection((word,)), Selection(ignore=(word,)), Selection(severities=((word, Severity.NOTE),))):
        with pytest.raises(UnknownRuleError):
            selected(selection)


# --- order, and what is one finding ----------------------------------------------------------------


def test_findings_are_in_the_order_of_the_file(found) -> None:
    text = """\
input: [8, 8, 8]
variables: {unused: 1}
layers:
  - conv: {filters: 8, kernel: 1, stride: 2}
  - batch_norm
  - relu
  - relu
"""
    lines = [(finding.code, finding.span.line) for finding in found(text) if finding.span]
    assert lines == [("CNN048", 2), ("CNN003", 4), ("CNN001", 4), ("CNN010", 7)]


def test_what_has_no_place_comes_first_and_the_own_file_before_others(found) -> None:
    base = """\
input: [3, 8, 8]
variables: {width: 64}
blocks:
  a(filters): [conv: [filters, 3], batch_norm]
layers: [a: 8]
"""
    text = """\
extends: z.yaml
blocks:
  b: [relu, relu]
layers: [a: 8, b, a: 8]
"""
    findings = found(text, z=base)
    assert [(finding.code, Path(finding.span.file).name) for finding in findings if finding.span] == [
        ("CNN010", "spec.yaml"),
        ("CNN003", "z.yaml"),
    ]


def test_a_line_that_is_used_often_is_one_finding_with_the_numbers_of_the_worst(found) -> None:
    text = """\
input: [3, 64, 64]
blocks:
  stage(padding): [conv: {filters: 4, kernel: 1, padding: padding}, relu]
layers:
  - stage: index + 1
    name: stage
    repeat: 7
"""
    (finding,) = found(text, Selection(("CNN006",)))
    assert finding.layer == "stage.6.conv"
    assert finding.layers == tuple(f"stage.{index}.conv" for index in range(7))
    assert finding.message.startswith("stage.6.conv has padding 7 ")
    assert "(and 6 more like it: stage.0.conv, stage.1.conv, stage.2.conv and 3 more)" in finding.message


# --- comments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "comment",
    [
        " # cnncalc: ignore CNN003",
        " # cnncalc: ignore",
        " #cnncalc:ignore cnn003",
        "\t#  cnncalc:   ignore   bias-before-batch-norm",
        " # cnncalc: ignore CNN00 because the weights were published so",
        " # cnncalc: ignore because it is meant",
        " # a reason before it # cnncalc: ignore CNN003",
    ],
)
def test_a_comment_silences_a_rule_on_its_line(comment: str, found) -> None:
    assert codes(found(BIAS % "")) == ["CNN003"]
    assert codes(found(BIAS % comment)) == []


@pytest.mark.parametrize(
    ("comment", "also"),
    [(" # cnncalc: ignore CNN010", ["CNN091"]), (" # cnncalc: ignored CNN003", []), (" # cnncalc ignore CNN003", [])],
)
def test_a_comment_that_silences_another_rule_or_none(comment: str, also: list[str], found) -> None:
    assert codes(found(BIAS % comment)) == ["CNN003", *also]


def test_a_comment_on_another_line_silences_nothing(found) -> None:
    text = BIAS.replace("batch_norm", "batch_norm # cnncalc: ignore CNN003") % ""
    assert codes(found(text)) == ["CNN003", "CNN091"]


def test_a_comment_above_the_first_key_silences_a_rule_in_the_file(found) -> None:
    text = f"# A network.\n\n# cnncalc: ignore-file CNN003 because\n{BIAS % ''}"
    assert codes(found(text)) == []


def test_a_file_comment_silences_what_has_no_place(found, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("# cnncalc: ignore-file CNN048\ninput: [3, 8, 8]\nvariables: {a: 1}\nlayers: [relu]\n")
    spec = read_spec(str(path), [("a", "2")])
    assert lint(spec, build.build(spec)) == ()


def test_a_file_comment_beside_a_key_has_no_effect(found) -> None:
    text = BIAS % "" + "# cnncalc: ignore-file CNN003\n"
    assert codes(found(text)) == ["CNN003", "CNN090"]


def test_comments_of_an_extended_spec_apply_and_are_never_reported(found) -> None:
    base = BIAS % " # cnncalc: ignore CNN003, CNN008, CNN999"
    assert codes(found("extends: base.yaml\n", base=base)) == []


def test_a_comment_is_not_unused_where_its_rule_was_not_asked(found) -> None:
    text = BIAS.replace("batch_norm", "batch_norm # cnncalc: ignore CNN010") % " # cnncalc: ignore"
    assert codes(found(text, Selection(("CNN003", "CNN091")))) == []
    assert codes(found(text, Selection(("CNN01", "CNN091")))) == ["CNN091"]


def places(text: str) -> list[tuple[int, int]]:
    return [comment.span[1:3] for comment in comments_in(text, "spec.yaml")]


@pytest.mark.parametrize(
    "text",
    [
        'name: "a # cnncalc: ignore"\n',
        "name: 'a # cnncalc: ignore'\n",
        "name: a#cnncalc:ignore\n",
        "source: >\n  text\n  # cnncalc: ignore\n  more\n",
        "source: |\n  # cnncalc: ignore\nname: a\n",
        'name: "two\n  lines # cnncalc: ignore"\n',
    ],
)
def test_text_is_no_comment(text: str) -> None:
    assert places(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: a # cnncalc: ignore\n", (1, 9)),
        ("name: 'a' # cnncalc: ignore\n", (1, 11)),
        ("source: >\n  text\n# cnncalc: ignore\nname: a\n", (3, 1)),
        ("name: ä€😀 # cnncalc: ignore\n", (1, 11)),
        ("a: 1\r\nb: 2 # cnncalc: ignore\r\n", (2, 6)),
        ("# cnncalc: ignore", (1, 1)),
    ],
)
def test_comments_have_their_places(text: str, place: tuple[int, int]) -> None:
    assert places(text) == [place]


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("ignore CNN003, CNN007 because of them", ["CNN003", "CNN007"]),
        ("ignore CNN003,CNN007", ["CNN003", "CNN007"]),
        ("ignore CNN003 CNN007", ["CNN003", "CNN007"]),
        ("ignore CNN003 as published", ["CNN003"]),
        ("ignore unused-block , CNN007.", ["unused-block", "CNN007"]),
        ("ignore because CNN003 is wrong", []),
        ("ignore", []),
    ],
)
def test_rules_named_by_a_comment(comment: str, words: list[str]) -> None:
    (found,) = comments_in(f"a: 1 # cnncalc: {comment}\n", "spec.yaml")
    assert [word for word, _ in found.words] == words
