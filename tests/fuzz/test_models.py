"""Files of other programs, on a few that hypothesis makes: as they are, with hostile names, and broken.

`python tests/fuzz/long.py --only judge_model,judge_broken_model,judge_hostile_names` makes and breaks many.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from fuzz.choices import Choices, drawn, random_choices
from fuzz.model_formats import FORMATS
from fuzz.model_judging import MODEL_JUDGES, WORDS, judge_broken_model, judge_model, nothing_but_reading
from fuzz.models import MAPS, VECTORS, make_net
from fuzz.test_broken_specs import FEW
from hypothesis import given, settings

from cnncalc import interchange


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.mark.parametrize("judge", MODEL_JUDGES, ids=lambda judge: judge.__name__)
@settings(FEW, max_examples=40)
@given(choices=drawn())
def test_a_file_is_judged_well(judge, folder: Path, choices: Choices) -> None:
    judge(choices, folder)


def test_every_format_has_a_writer():
    assert {kind.suffix for kind in FORMATS.values()} == set(interchange.READERS)


def test_every_kind_of_layer_is_made():
    made = Counter(layer.kind for at in range(100) for layer in make_net(random_choices(f"net:{at}")).layers)
    assert set(made) == {*VECTORS, *MAPS}
    assert min(made.values()) > 2


def test_some_broken_files_are_refused_and_some_are_not(folder: Path):
    found = Counter(judge_broken_model(random_choices(f"broken:{at}"), folder) for at in range(60))
    assert set(found) == {"accepted", "refused"}


def test_valid_files_of_every_format_are_judged(folder: Path):
    found = {judge_model(random_choices(f"valid:{at}"), folder) for at in range(40)}
    assert found == {kind.suffix for kind in FORMATS.values()}


@pytest.mark.parametrize("bend", sorted(set(WORDS), key=lambda one: one.__name__))
def test_every_way_to_bend_words_changes_something(bend) -> None:
    data = b"layer { name: 3 type: 'b' kernel_size: 5 }\n"
    assert any(bend(data, random_choices(str(seed))) != data for seed in range(8))
    assert isinstance(bend(b"", random_choices("empty")), bytes)


def test_side_effects_are_noticed(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("a", encoding="utf-8")
    with nothing_but_reading(str(path)):
        path.read_text(encoding="utf-8")
    with pytest.raises(AssertionError, match="side effects"), nothing_but_reading(str(path)):
        (tmp_path / "b.txt").write_text("b", encoding="utf-8")
