"""Adversarial structure in small: every command ends with a status that says how; `long.py` has it at full size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from fuzz.choices import Choices, random_choices

from cnncalc.commands import cli

pytest.importorskip("resource")
from fuzz.vast import COMMANDS, Case, run, vast_case
from fuzz.vast_models import WRITERS, vast_model

LAYERS = 120


@pytest.mark.parametrize("number", range(60))
@pytest.mark.parametrize("make", [vast_case, vast_model])
def test_commands_end_well(make: Callable[[Choices, int], Case], number: int, tmp_path: Path) -> None:
    case = make(random_choices(f"vast:{number}"), LAYERS)
    names = []
    for place, text in enumerate(case.specs):
        path = tmp_path / f"{place}{case.suffix}"
        path.write_text(text, encoding="utf-8")
        names.append(str(path))
    command, *options = case.command.split()
    # Few enough operations that none of these can take long, however slow the machine.
    bound = [] if command == "show" and not options else ["--limit", "work=300k"]
    result = CliRunner().invoke(cli, [command, *names, *options, *bound], prog_name="cnncalc")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 1, 2)
    assert result.exit_code < 2 or case.suffix in result.output or "operations to work out" in result.output


def test_the_cases_are_of_many_kinds() -> None:
    cases = [vast_case(random_choices(f"vast:{number}"), LAYERS) for number in range(300)]
    assert {case.command for case in cases} == set(COMMANDS)
    texts = [text for case in cases for text in case.specs]
    assert all(
        any(sign in text for text in texts) for sign in ("blocks:", "budget:", "variables:", "concat", "dilation")
    )


def test_files_of_other_programs_are_of_many_kinds() -> None:
    cases = [vast_model(random_choices(f"vast:{number}"), LAYERS) for number in range(300)]
    assert {case.suffix for case in cases} == set(WRITERS)
    texts = [text for case in cases for text in case.specs]
    signs = ("[shortcut]", "[route]", "LRN", "Eltwise", "inbound_nodes", "Functional", "include")
    assert all(any(sign in text for text in texts) for sign in signs)


def test_a_case_is_measured() -> None:
    """Any Python takes more than a megabyte, and no small network a gigabyte."""
    taken = run(Case("summary", ("input: [3, 8, 8]\nlayers: [conv: [8, 3]]\n",)))
    assert (taken.status, taken.complaint) == (0, "")
    assert taken.seconds > 0
    assert 2**20 < taken.memory < 2**30
    refused = run(Case("summary", ("input: [3, 8, 8]\nlayers: [cnv: [8, 3]]\n",)))
    assert refused.status == 2
    assert "'cnv'" in refused.complaint
