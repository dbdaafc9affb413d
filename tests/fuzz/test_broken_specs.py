"""However a spec is broken, it is a network or its problems are told well: on a few that hypothesis breaks.

`python tests/fuzz/long.py` breaks many.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.choices import Choices, drawn, random_choices
from fuzz.command_lines import commands, judge_line, line
from fuzz.judging import Judge, judge_bytes, judge_commands, judge_nodes, judge_options, judge_text
from fuzz.mutations import BYTES, bent_nodes
from fuzz.strangers import BENDS
from hypothesis import HealthCheck, given, settings

FEW = settings(
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bent")


@pytest.mark.parametrize("judge", [judge_bytes, judge_nodes, judge_text], ids=lambda judge: judge.__name__)
@FEW
@given(choices=drawn())
def test_every_spec_gives_a_network_or_problems(judge: Judge, folder: Path, choices: Choices) -> None:
    judge(choices, folder)


@pytest.mark.parametrize("judge", [judge_options, judge_commands, judge_line], ids=lambda judge: judge.__name__)
@settings(FEW, max_examples=30)
@given(choices=drawn())
def test_ends_well(judge: Judge, folder: Path, choices: Choices) -> None:
    judge(choices, folder)


def test_some_are_refused_and_some_are_not(folder: Path) -> None:
    for judge in (judge_bytes, judge_nodes, judge_text):
        found = [judge(random_choices(f"count:{number}"), folder) for number in range(200)]
        assert 0 < found.count("accepted") < 140


@pytest.mark.parametrize("bend", sorted({bend.__name__: bend for bend in BYTES}.values(), key=lambda one: one.__name__))
def test_every_way_to_bend_bytes_changes_something(bend) -> None:
    data = b"name: one\ninput: [3, 8, 8]\nlayers:\n  - conv: [8, 3]\n  - relu\n"
    assert any(bend(data, random_choices(str(seed))) != data for seed in range(5))
    assert isinstance(bend(b"", random_choices("empty")), bytes)


@pytest.mark.parametrize("bend", sorted(set(BENDS), key=lambda one: one.__name__))
def test_every_way_to_bend_a_text_changes_something(bend) -> None:
    text = "name: one\ninput: [3, 8, 8]\nlayers:\n  - conv: {filters: 8, kernel: 3}\n  - relu\n"
    assert any(bend(text, random_choices(str(seed))) != text for seed in range(8))
    assert isinstance(bend("", random_choices("empty")), str)


def test_lines_have_all_commands_and_end_in_every_way(folder: Path) -> None:
    found: set[str] = set()
    wanted = {"summary ends with 0", "summary ends with 2"}
    for number in range(1_000):
        found.add(judge_line(random_choices(f"word:{number}"), folder))
        if wanted <= found and any(end.endswith("ends with 1") for end in found):
            break
    else:
        pytest.fail("some ways to end do not occur")
    assert {line(random_choices(f"word:{number}"), folder)[0] for number in range(300)} == set(commands())


def test_bent_nodes_are_yaml() -> None:
    from cnncalc.errors import SpecError
    from cnncalc.syntax.source import parse

    told = ""
    for seed in range(100):
        try:
            parse(bent_nodes(random_choices(str(seed))).decode(), "bent.yaml")
        except SpecError as error:
            told += str(error)
    assert "not valid YAML" not in told
