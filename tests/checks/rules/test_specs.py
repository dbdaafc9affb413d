"""Every rule finds just what the first lines of the specs in its folder expect: wording, place and number.

`# expect: 4:13: message; hint` is a finding, without a place where it has none; `# quiet: reason` says why
a spec that looks like one has none. `# run: --set a=1 --input 3x8x8 --batch 1` gives the options. Numbers
are worked out by hand in the lines below.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from cnncalc.checks import rules
from cnncalc.checks.finding import Finding
from cnncalc.checks.linter import Selection, lint
from cnncalc.checks.rule import ABOUT_COMMENTS
from cnncalc.errors import sentence
from cnncalc.network import build
from cnncalc.spec.decode import read_spec

FOLDER = Path(__file__).parent
RULES = {rule.name.replace("-", "_"): rule for rule in rules.all_rules()}
SPECS = sorted(f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.yaml"))


def header(text: str, word: str) -> list[str]:
    start = f"# {word}: "
    return [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]


def told(finding: Finding) -> str:
    place = f"{finding.span.line}:{finding.span.column}: " if finding.span else ""
    return f"{place}{sentence(finding.message, finding.hint)}"


@pytest.mark.parametrize("name", SPECS)
def test_findings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = RULES[Path(name).parent.name]
    monkeypatch.chdir(FOLDER)
    text = Path(f"{name}.yaml").read_text(encoding="utf-8")
    words = [word for line in header(text, "run") for word in shlex.split(line)]
    options: dict[str, list[tuple[str, str]]] = {"--set": [], "--input": [], "--batch": []}
    for option, value in zip(words[::2], words[1::2], strict=True):
        key, equals, rest = value.partition("=")
        options[option].append((key, rest) if equals else ("", value))
    spec = read_spec(f"{name}.yaml", options["--set"], options["--input"])
    # The rules about comments tell of what all others found.
    select = () if rule.code.startswith(ABOUT_COMMENTS) else (rule.code,)
    batch = next((int(value) for _, value in options["--batch"]), None)
    findings = lint(spec, build.build(spec), Selection(select), batch)
    own = [finding for finding in findings if finding.code == rule.code]
    assert [told(finding) for finding in own] == header(text, "expect")
    assert {finding.severity for finding in own} <= {rule.severity}
    assert bool(own) != bool(header(text, "quiet")), "a spec says what it expects, or why nothing"


def test_every_folder_is_a_rules() -> None:
    assert {path.parent.name for path in FOLDER.glob("*/*.yaml")} == set(RULES)
