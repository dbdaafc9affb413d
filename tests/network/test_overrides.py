"""Overrides: layers, blocks and networks by their full names or by patterns, and what cannot be overridden."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc import limits
from cnncalc.errors import SpecError
from cnncalc.limits import Limits
from cnncalc.network import build
from cnncalc.network.records import LayerGraph

BASE = """
input: [3, 16, 16]
variables: {width: 4}
blocks:
  unit(filters, kernel=3):
    - conv: {filters: filters, kernel: kernel, padding: same}
    - relu
layers:
  - conv: {filters: width, kernel: 3, padding: 1}
    name: stem
  - unit: 8
    repeat: 2
  - add:
      left:
        - conv: [8, 1]
      right: []
  - layers:
      - relu
    name: tail
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(BASE, encoding="utf-8")


def load(override: str, more: str = "extends: base.yaml\n") -> LayerGraph:
    Path("net.yaml").write_text(f"{more}override:\n  {override}\n", encoding="utf-8")
    return build.load("net.yaml")


def messages(override: str, more: str = "extends: base.yaml\n") -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(override, more)
    return [str(problem) for problem in caught.value.problems]


def params(network: LayerGraph) -> dict[str, int]:
    return {layer.name: layer.params for layer in network.layers if layer.params}


def test_vgg16_with_1024_filters_at_the_end() -> None:
    """The question of the lecture notes.

    As published: 138,357,544. conv5_1, conv5_2 and conv5_3 have 9 x 512 x 512 + 512 = 2,359,808 each, and fc6
    25,088 x 4,096 + 4,096 = 102,764,544.
    """
    last = params(load("conv5_3: {filters: 1024}", "extends: vgg16\n"))
    assert last["conv5_3"] == 9 * 512 * 1024 + 1024
    assert last["fc6"] == 7 * 7 * 1024 * 4096 + 4096
    assert sum(last.values()) == 138_357_544 - 2_359_808 - 102_764_544 + 4_719_616 + 205_524_992
    wide = params(load('"conv5_*": {filters: 1024}', "extends: vgg16\n"))
    assert wide["conv5_1"] == 9 * 512 * 1024 + 1024
    assert wide["conv5_2"] == wide["conv5_3"] == 9 * 1024 * 1024 + 1024
    assert sum(wide.values()) == 138_357_544 - 3 * 2_359_808 - 102_764_544 + 4_719_616 + 2 * 9_438_208 + 205_524_992


def test_settings_are_merged_over_those_of_the_layer() -> None:
    stem = load("stem: {kernel: 5, padding: same, bias: false}").layers[0]
    assert (stem.params, stem.output_shape) == (4 * 3 * 25, (4, 16, 16))
    assert {name: template.span.file for name, template in stem.written.items()} == {
        "filters": "base.yaml",
        "kernel": "net.yaml",
        "padding": "net.yaml",
        "bias": "net.yaml",
    }


def test_variables_are_those_of_the_spec_even_in_a_block() -> None:
    found = params(load("unit.0.conv: {filters: width * filters}", "extends: base.yaml\nvariables: {filters: 5}\n"))
    # 20 filters of 3 x 3 x 4; the block's own parameter of that name is 8.
    assert found["unit.0.conv"] == 20 * 36 + 20
    assert found["unit.1.conv"] == 8 * 180 + 8


@pytest.mark.parametrize(
    ("pattern", "changed"),
    [
        ("unit.1.conv", ["unit.1.conv"]),
        ("unit.*.conv", ["unit.0.conv", "unit.1.conv"]),
        ("**conv", ["unit.0.conv", "unit.1.conv", "left.conv"]),
        ("left.conv", ["left.conv"]),
    ],
)
def test_full_names_and_patterns(pattern: str, changed: list[str]) -> None:
    network = load(f'"{pattern}": {{bias: false}}')
    assert [layer.name for layer in network.layers if layer.settings.get("bias") is False] == changed


def test_arguments_of_blocks_and_variables_of_networks() -> None:
    assert params(load("unit.1: {kernel: 1}"))["unit.1.conv"] == 8 * 8 + 8
    inner = "input: [3, 16, 16]\nlayers:\n  - network: base.yaml\n"
    found = params(load("base: {width: 2}\n  base.unit.0: {kernel: 1}", inner))
    assert found["base.stem"] == 2 * 27 + 2
    assert found["base.unit.0.conv"] == 8 * 2 + 8
    assert found["base.unit.1.conv"] == 8 * 72 + 8


def test_a_network_brings_its_own_overrides() -> None:
    Path("inner.yaml").write_text("extends: base.yaml\noverride: {stem: {filters: 2}}\n")
    twice = "input: [3, 16, 16]\nlayers:\n  - network: inner.yaml\n  - network: inner.yaml\n    from: input\n"
    Path("twice.yaml").write_text(twice)
    assert [layer.params for layer in build.load("twice.yaml").layers if layer.name.endswith("stem")] == [56, 56]
    # That of the outer network wins.
    found = params(load("inner_2.stem: {filters: 1}", twice))
    assert (found["inner.stem"], found["inner_2.stem"]) == (56, 28)


def test_later_ones_win_and_those_of_the_base_hold() -> None:
    Path("middle.yaml").write_text("extends: base.yaml\noverride: {stem: {filters: 2, bias: false}}\n")
    stem = load("stem: {filters: 6}", "extends: middle.yaml\n").layers[0]
    assert (stem.settings["filters"], stem.settings["bias"]) == (6, False)
    stem = load(
        'stem: {filters: 6}\n  "*": {filters: 7}', "input: [3, 4, 4]\nlayers: [{conv: [1, 1], name: stem}]\n"
    ).layers[0]
    assert stem.settings["filters"] == 7


def test_joins_with_branches() -> None:
    more = "input: [3, 4, 4]\nlayers:\n  - concat:\n      a: []\n      b: []\n"
    assert load("concat: {axis: 1}", more).layers[-1].output_shape == (3, 8, 4)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("stm: {filters: 1}", "3:3: override: no layer or block is called 'stm'; did you mean 'stem'?"),
        ('"stm*": {filters: 1}', "3:3: override: no layer or block fits the pattern 'stm*'"),
        (
            "tail: {filters: 1}",
            "3:3: override: 'tail' is no layer and no block; name what is in it, such as tail.relu",
        ),
        ("stem: {filtres: 1}", "3:10: stem: conv has no setting 'filtres'; did you mean 'filters'?"),
        ('"**": {bias: false}', "3:10: unit.0: the block 'unit' has no parameter 'bias'; it has filters and kernel"),
        ("unit.0: {kernl: 1}", "3:12: unit.0: the block 'unit' has no parameter 'kernl'; did you mean 'kernel'?"),
        ("unit.0.relu: {slope: 1}", "3:17: unit.0.relu: relu has no setting 'slope'; it has none"),
        (
            "stem: 3",
            "3:9: override takes the settings of 'stem' by name, not the text '3'; such as conv5_1: {filters: 1024}",
        ),
        ("stem: {filters: widht}", "3:19: 'widht' is not defined here; did you mean 'width'?"),
        (
            "stem: {filters: in_channels}",
            "3:19: 'in_channels' is not defined here; a tensor comes into a layer or block only",
        ),
        ("stem: {filters: 0}", "3:19: stem: filters takes a whole number of at least 1, not 0"),
    ],
)
def test_what_cannot_be_overridden(override: str, problem: str) -> None:
    assert messages(override)[0] == f"net.yaml:{problem}"


def test_many_patterns_take_counted_work() -> None:
    lines = "\n  ".join(f'"a{number}*b*c": {{filters: 1}}' for number in range(1_000))
    with limits.using(Limits(work=5_000)):
        assert "takes more than 5,000 operations" in messages(lines)[0]


def test_a_wrong_override_of_a_layer_that_is_left_out() -> None:
    more = "input: [3, 16, 16]\nlayers:\n  - network: base.yaml\n    outputs: stem\n"
    assert messages("base.unit.0: {kernl: 1}", more) == [
        "net.yaml:6:17: base.unit.0: the block 'unit' has no parameter 'kernl'; did you mean 'kernel'?"
    ]
    Path("inner.yaml").write_text("extends: base.yaml\noverride: {stem: {filtres: 2}}\n")
    (found,) = messages("inner.stem: {bias: false}", more.replace("base", "inner"))
    assert found == (
        "inner.yaml:2:19: stem: conv has no setting 'filtres' (used at net.yaml:3:5); did you mean 'filters'?"
    )
