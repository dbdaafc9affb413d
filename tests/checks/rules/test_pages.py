"""Every rule's page: its headings, and its two specs, of which one triggers the rule and the other does not."""

from __future__ import annotations

import re
from inspect import cleandoc
from pathlib import Path

import pytest

from cnncalc.checks import rules
from cnncalc.checks.finding import Severity
from cnncalc.checks.linter import Selection, lint
from cnncalc.checks.rule import HEADINGS, Rule
from cnncalc.network import build
from cnncalc.reports.rule_reference import page
from cnncalc.spec.decode import read_spec

RULES = rules.all_rules()
FOLDER = Path(__file__).parent
every_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])


def codes_of(text: str, rule: Rule, tmp_path: Path) -> list[str]:
    """What the rules find in a spec; the batch is 1 where that is what a rule is about."""
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    spec = read_spec(str(path))
    batch = 1 if "batch 1" in page(rule).summary or "batch of 1" in page(rule).summary else None
    return [finding.code for finding in lint(spec, build.build(spec), Selection(), batch)]


def test_codes_and_names_are_each_rules_own() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)


@every_rule
def test_is_found_by_its_name(rule: Rule) -> None:
    assert re.fullmatch(r"CNN[0-9]{3}", rule.code)
    assert isinstance(rule.severity, Severity)
    path = Path(rules.__file__).parent / f"{rule.name.replace('-', '_')}.py"
    assert f'NAME = "{rule.name}"' in path.read_text(encoding="utf-8"), "a rule's name is that of its file"


@every_rule
def test_has_a_page(rule: Rule) -> None:
    told = page(rule)
    assert tuple(line for line in cleandoc(rule.page).splitlines() if line in HEADINGS) == HEADINGS
    assert all(told)
    assert told.summary.endswith(".")
    assert "\n" not in rule.page.partition("\n\n")[0], "the summary is one line"
    assert max(map(len, [*told.trigger.splitlines(), *told.better.splitlines()])) <= 100


@every_rule
def test_the_first_spec_triggers_it_and_the_other_does_not(rule: Rule, tmp_path: Path) -> None:
    told = page(rule)
    assert rule.code in codes_of(told.trigger, rule, tmp_path)
    assert rule.code not in codes_of(told.better, rule, tmp_path)


@every_rule
def test_has_specs_that_trigger_it_and_specs_that_must_not(rule: Rule) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (FOLDER / rule.name.replace("-", "_")).glob("*.yaml")]
    assert any(text.startswith("# expect: ") for text in texts)
    assert any(text.startswith("# quiet: ") for text in texts)
