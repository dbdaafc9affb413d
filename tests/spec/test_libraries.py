"""Lists of specs that one extends, and files that hold only blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cnncalc import bundled
from cnncalc.errors import SpecError
from cnncalc.network import build
from cnncalc.spec.decode import read_spec

NETWORK = "input: [3, 4, 4]\nvariables: {width: 4}\nlayers:\n  - unit: width\n"
ONE = "blocks:\n  unit(filters):\n    - conv: [filters, 1]\n"
TWO = "variables: {width: 5}\nblocks:\n  unit(filters):\n    - conv: {filters: filters, kernel: 1, bias: false}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("network", f"{NETWORK}{ONE}"), ("one", ONE), ("two", TWO)):
        write(name, text)
    return tmp_path


def write(name: str, text: str) -> str:
    Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    return f"{name}.yaml"


def params(text: str) -> int:
    return sum(layer.params for layer in build.load(write("net", text)).layers)


def message(spec: str) -> str:
    with pytest.raises(SpecError) as caught:
        build.load(spec)
    return str(caught.value.problems[0])


# --- lists --------------------------------------------------------------------------------------------


def test_the_later_one_wins() -> None:
    # 4 x 3 + 4; 5 x 3, with the variable and the block of two.yaml.
    assert params("extends: network.yaml\n") == 16
    assert params("extends: [network.yaml]\n") == 16
    assert params("extends: [network.yaml, two.yaml]\n") == 15
    assert params("extends: [two.yaml, network.yaml]\n") == 16
    assert params("extends: [two.yaml, one.yaml, network.yaml]\nvariables: {width: 6}\n") == 24


def test_a_file_that_several_extend_comes_before_all_of_them() -> None:
    """Otherwise what one of them changes would be lost by way of the other."""
    write("left", "extends: network.yaml\nvariables: {width: 7}\n")
    write("right", "extends: network.yaml\nname: Right\n")
    assert params("extends: [left.yaml, right.yaml]\n") == 28
    assert params("extends: [right.yaml, left.yaml]\n") == 28
    spec = read_spec(write("net", "extends: [left.yaml, right.yaml]\n"))
    assert [file for file, _ in spec.texts] == ["net.yaml", "right.yaml", "left.yaml", "network.yaml"]
    assert spec.name == "Right"


def test_many_files_that_extend_one_another_are_read_once() -> None:
    """Each level doubles the ways to the last, and not the work."""
    for level in range(25):
        for side in "ab":
            write(f"{side}{level}", f"extends: [a{level + 1}.yaml, b{level + 1}.yaml]\n")
    write("a25", f"{NETWORK}{ONE}")
    write("b25", TWO)
    assert params("extends: [a0.yaml, b0.yaml]\n") == 15


def test_a_circle_through_a_list() -> None:
    write("back", "extends: [one.yaml, net.yaml]\n")
    write("net", "extends: [network.yaml, back.yaml]\n")
    assert message("net.yaml") == (
        "back.yaml:1:21: extends forms a cycle: net.yaml is already extended; remove one extends of the cycle"
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("[network.yaml, [one.yaml]]", "1:25: extends takes the name of a spec, not a list"),
        ("[network.yaml, ]", None),
        ("{a: b}", "1:10: extends takes the name of a spec, not a mapping"),
        ("[network.yaml, ../one.yaml]", "1:25: extends takes a file in the same folder or a bundled network"),
        ("[network.yaml, tow.yaml]", "1:25: extends 'tow.yaml', but this folder has no such file"),
    ],
)
def test_invalid_lists_of_specs(value: str, found: str | None) -> None:
    spec = write("net", f"extends: {value}\n")
    if found is None:
        assert build.load(spec).layers
    else:
        assert message(spec).startswith(f"net.yaml:{found}")


def test_a_mistyped_variable_beside_a_list() -> None:
    write("net", "extends: [one.yaml, network.yaml]\nvariables: {widht: 3}\n")
    assert message("net.yaml") == (
        "net.yaml:2:13: one.yaml and network.yaml have no variable 'widht', and nothing uses it here;"
        " did you mean 'width'?"
    )
    write("net", "extends: [one.yaml, network.yaml]\nvariables: {classes: 3}\n")
    assert message("net.yaml").endswith("nothing uses it here; they have width")
    # A variable of a library that only its own blocks would use is no slip of the spec that extends it.
    write("library", f"variables: {{slope: 2}}\n{ONE}")
    assert params("extends: [network.yaml, library.yaml]\n") == 16


# --- libraries ----------------------------------------------------------------------------------------


def test_check_and_lint_accept_a_library(run: Callable) -> None:
    for command in ("check", "lint"):
        assert run(command, "one.yaml").stdout == "one.yaml: library: 1 block\n1 spec: no findings\n"
    facts = json.loads(run("check", "one.yaml", "network.yaml", "--format", "json").stdout)
    assert [(spec["blocks"], spec["name"], spec["usable"]) for spec in facts["specs"]] == [
        (1, None, True),
        (None, "network", True),
    ]


def test_the_blocks_of_a_library_are_checked(run: Callable) -> None:
    write("one", "blocks:\n  unit:\n    - cnv: 3\n")
    assert "one.yaml:3:7: error: unknown layer type 'cnv'" in run("check", "one.yaml", status=2).stdout


def test_a_library_is_held_to_nothing(run: Callable) -> None:
    """A network whose layers are taken away must not pass its budget."""
    words = "one.yaml:1:1: error: it is a library of blocks, and has no layers that a budget, an expectation"
    assert words in run("check", "one.yaml", "--max", "params=5M", status=2).stdout
    Path("cnncalc.yaml").write_text("specs:\n  one.yaml:\n    budget: {params: 5M}\n")
    assert words in run("check", status=2).stdout
    run("lint", "one.yaml")
    for guard in ("budget: {params: 5M}", "expect: {output: [10]}", "assert: params() > 1"):
        write("one", f"{ONE}{guard}\n")
        assert "the spec has no layers" in run("check", "one.yaml", status=2).stdout


def test_a_library_has_no_layers_to_show(run: Callable) -> None:
    for command in ("summary", "sharing", "field"):
        assert run(command, "one.yaml", status=2).stderr == (
            "one.yaml: this is a library of 1 block and has no layers;"
            " name it in extends: of a spec, and use its blocks: unit\n"
        )
    assert run("show", "one.yaml").stdout == ONE


@pytest.mark.parametrize("more", ["input: [3, 4, 4]\n", "outputs: a\n", "layer: [relu]\n", "override: {a: {b: 1}}\n"])
def test_files_that_are_not_libraries(more: str) -> None:
    assert "library" not in message(write("one", f"{more}{ONE}"))


# --- bundled libraries --------------------------------------------------------------------------------


def test_a_folder_beside_the_spec_precedes_bundled_libraries(folder: Path) -> None:
    text = "extends: blocks/channel_attention.yaml\ninput: [8, 4, 4]\nlayers:\n  - squeeze_excitation: 4\n"
    # Two linear layers: 2 x 8 + 2 and 8 x 2 + 8.
    assert params(text) == 18 + 24
    assert params(text.replace(".yaml", "", 1)) == 42
    (folder / "blocks").mkdir()
    (folder / "blocks" / "channel_attention.yaml").write_text("blocks: {squeeze_excitation(r): [conv: [r, 1]]}")
    assert params(text) == 4 * 8 + 4


@pytest.mark.parametrize(
    "name", ["blocks/../net.yaml", "blocks/", "blocks/blocks/one.yaml", "other/one.yaml", "blocks//one"]
)
def test_no_other_folders(name: str, folder: Path) -> None:
    (folder / "blocks" / "blocks").mkdir(parents=True)
    assert "takes a file in the same folder or a bundled network" in message(write("net", f"extends: {name}\n"))


def test_a_link_out_of_the_folder_of_blocks(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "one.yaml").write_text(ONE)
    (folder / "blocks").symlink_to(outside)
    assert "a link to a file outside this folder" in message(write("net", "extends: blocks/one.yaml\n"))


@pytest.mark.parametrize("name", bundled.libraries())
def test_bundled_libraries(name: str, run: Callable) -> None:
    assert read_spec(name).source
    assert f"{name}: library: " in run("check", name).stdout
    assert name not in bundled.names()
    listed = [line.partition(",")[0] for line in run("list", "--format", "csv").stdout.splitlines()]
    assert name.partition("/")[2] not in listed
