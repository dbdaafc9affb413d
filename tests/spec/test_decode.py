"""Nodes -> spec: files and what they extend, variables and inputs from the command line, and the decoded record."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnncalc import bundled
from cnncalc.errors import SpecError
from cnncalc.network import build
from cnncalc.spec.decode import read_spec
from cnncalc.spec.locate import Place, locate
from cnncalc.spec.records import BlockCall, JoinCall, LayerCall, SideBranches, Spec
from cnncalc.spec.templates import Computed, Constant, Listed

BASE = """
name: Base
source: A paper
input: [3, 16, 16]
variables: {width: 8, kernel: 3, twice: 2 * width}
blocks:
  unit(filters):
    - conv: [filters, kernel]
layers:
  - unit: width
  - unit: twice
"""


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def filters(spec: str, *settings: tuple[str, str]) -> list[object]:
    return [layer.settings["filters"] for layer in build.load(spec, settings).layers if layer.type == "conv"]


def shape(spec: str, *inputs: tuple[str, str]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(shape) for name, shape in build.load(spec, (), inputs).inputs}


def messages(spec: str, settings=(), inputs=()) -> list[str]:
    with pytest.raises(SpecError) as caught:
        build.load(spec, settings, inputs)
    return [str(problem) for problem in caught.value.problems]


# --- where a spec is ----------------------------------------------------------------------------------


def test_a_file_comes_before_a_bundled_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = locate("vgg16")
    assert (Path(found.path).parent, *found[1:]) == (Path(bundled.folder()), "vgg16.yaml", "", None)
    assert locate("vgg16.yaml") == found
    # A folder of that name is no spec.
    (tmp_path / "vgg16").mkdir()
    assert locate("vgg16") == found
    write(tmp_path, "vgg16.yaml", BASE)
    assert locate("vgg16.yaml") == Place("vgg16.yaml", "vgg16.yaml")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(BASE.encode())))
    assert build.load("-").name == "Base"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"layers: [relu")))
    assert messages("-") == [
        "<stdin>:1:9: this bracket is not closed; close it, and quote text with brackets or commas"
    ]


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "resnet50"])
def test_bundled_networks_are_specs(name: str) -> None:
    assert build.load(name).file == f"{name}.yaml"


def test_name_and_source(tmp_path: Path) -> None:
    text = "name: >\n  Two\n  lines\nsource: A,  B\ninput: [1, 4, 4]\nlayers: [relu]"
    spec = read_spec(write(tmp_path, "a.yaml", text))
    assert (spec.name, spec.source) == ("Two lines", "A, B")
    unnamed = read_spec(write(tmp_path, "small_net.yaml", "input: [1, 4, 4]\nlayers: [relu]"))
    assert (unnamed.name, unnamed.source) == ("small_net", "")


# --- extends ------------------------------------------------------------------------------------------


def test_extends_changes_what_it_names(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    derived = write(tmp_path, "derived.yaml", "extends: base.yaml\nname: Derived\nvariables: {width: 4}\n")
    network = build.load(derived)
    assert (network.name, network.file) == ("Derived", derived)
    # A variable of the base is computed anew from the one that changed.
    assert filters(derived) == [4, 8]


def test_the_source_is_not_inherited(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    assert build.load(write(tmp_path, "derived.yaml", "extends: base.yaml\n")).source == ""
    assert build.load(write(tmp_path, "derived.yaml", "extends: base.yaml\nsource: Mine\n")).source == "Mine"


def test_extends_replaces_a_block_and_the_input(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    text = """
extends: base.yaml
input: [1, 32, 32]
blocks:
  unit(filters):
    - conv: [filters, 1]
    - extra
  extra: [relu]
"""
    network = build.load(write(tmp_path, "derived.yaml", text))
    assert [layer.name for layer in network.layers] == [
        "unit.conv",
        "unit.extra.relu",
        "unit_2.conv",
        "unit_2.extra.relu",
    ]
    assert network.layers[-1].output_shape == (16, 32, 32)
    assert network.name == "Base"


def test_a_chain_of_two(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    write(tmp_path, "middle.yaml", "extends: base.yaml\nname: Middle\nvariables: {width: 4, kernel: 1}\n")
    last = write(tmp_path, "last.yaml", "extends: middle.yaml\nvariables: {width: 2}\n")
    network = build.load(last)
    assert network.name == "Middle"
    assert [(layer.settings["filters"], layer.settings["kernel"]) for layer in network.layers] == [(2, 1), (4, 1)]


def test_a_variable_that_the_base_does_not_have(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    derived = write(tmp_path, "derived.yaml", "extends: base.yaml\nvariables: {widht: 4, width: 2}\n")
    assert messages(derived) == [
        (
            f"{derived}:2:13: {tmp_path / 'base.yaml'} has no variable 'widht', and nothing in this spec uses it;"
            " did you mean 'width'?"
        )
    ]
    # The same word, where a base has no variables, or no such one; and beside another problem.
    write(tmp_path, "none.yaml", "input: [3, 8, 8]\nlayers: [relu]\n")
    derived = write(tmp_path, "derived.yaml", "extends: none.yaml\nvariables: {widht: 4}\noutputs: [a, previous, b]\n")
    assert messages(derived)[0].endswith(
        "none.yaml has no variable 'widht', and nothing in this spec uses it; it has no variables"
    )
    derived = write(tmp_path, "derived.yaml", "extends: base.yaml\nvariables: {classes: 4}\nlayers: [cnv]\n")
    assert [message.rpartition("derived.yaml:")[2] for message in messages(derived)] == [
        (
            f"2:13: {tmp_path / 'base.yaml'} has no variable 'classes', and nothing uses it here;"
            " it has width, kernel and twice"
        ),
        "3:10: unknown layer type 'cnv'; did you mean 'conv'?",
    ]


@pytest.mark.parametrize(
    "rest",
    [
        "layers: [conv: [more, 1]]",
        "blocks: {'unit(filters)': [conv: ['filters + more', 1]]}",
        "blocks: {'unit(filters, added=more)': [conv: ['filters + added', 1]]}",
        "input: [more, 8, 8]",
        "layers: [{relu: , repeat: more}, {relu: , name: 'r{more}'}]",
        "layers: [{relu: , for: {n: [more]}}]",
        "layers: [{relu: , name: r9}]\noutputs: ['r{more}']",
        "budget: {params: more * 1k}",
        "assert: ['params() > more']",
        # A layer that is wrong still uses it: its own problem is the only one.
        "layers: [conv: {filters: more, kernle: 1}]",
    ],
)
def test_a_new_variable_that_something_uses(rest: str, tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    derived = write(tmp_path, "derived.yaml", f"extends: base.yaml\nvariables: {{width: more, more: 9}}\n{rest}\n")
    # The order of variables is the base's, so that width cannot be made of more.
    assert messages(derived)[0].endswith(
        "derived.yaml:2:20: 'more' is not defined here; move it up: it is defined below"
    )
    derived = write(tmp_path, "derived.yaml", f"extends: base.yaml\nvariables: {{more: 9}}\n{rest}\n")
    if "kernle" in rest:
        assert ["kernle" in message for message in messages(derived)] == [True]
    else:
        assert read_spec(derived).problems == ()


def test_a_new_variable_that_other_specs_use(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    write(tmp_path, "open.yaml", "input: [3, 8, 8]\nlayers: [conv: [more, 1]]\n")
    write(tmp_path, "middle.yaml", "extends: base.yaml\nvariables: {more: 5}\nlayers: [conv: [more, 1]]\n")
    # A base that leaves it open, a spec further up, and one whose layers are replaced.
    assert filters(write(tmp_path, "one.yaml", "extends: open.yaml\nvariables: {more: 7}\n")) == [7]
    assert filters(write(tmp_path, "two.yaml", "extends: middle.yaml\nlayers: [conv: [more, 1]]\n")) == [5]
    assert filters(write(tmp_path, "three.yaml", "extends: middle.yaml\nlayers: [conv: [2, 1]]\n")) == [2]
    # A slip in the middle is a slip.
    write(tmp_path, "middle.yaml", "extends: base.yaml\nvariables: {widht: 5}\n")
    assert ["widht" in message for message in messages(write(tmp_path, "four.yaml", "extends: middle.yaml\n"))] == [
        True
    ]


def test_a_parameter_of_that_name_does_not_use_a_variable(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    derived = write(tmp_path, "derived.yaml", "extends: base.yaml\nvariables: {filters: 4}\n")
    assert "has no variable 'filters'" in messages(derived)[0]


def test_extends_a_bundled_network(tmp_path: Path) -> None:
    for reference in ("vgg16", "vgg16.yaml"):
        derived = write(tmp_path, "small.yaml", f"extends: {reference}\nname: Small\nvariables: {{classes: 10}}\n")
        assert build.load(derived).layers[-1].output_shape == (10,)


def test_extends_looks_beside_the_file_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner", "vgg16.yaml", BASE)
    derived = write(tmp_path / "inner", "derived.yaml", "extends: vgg16.yaml\n")
    monkeypatch.chdir(tmp_path)
    assert build.load("inner/derived.yaml").name == "Base"
    assert build.load(derived).name == "Base"


def test_problems_of_the_base_name_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "base.yaml", BASE.replace("kernel]", "kernel, 9, 9, 9, 9, 9, 9, 9, 9]"))
    derived = write(tmp_path, "derived.yaml", "extends: base.yaml\nnmae: Derived\n")
    assert [message.partition(": ")[0] for message in messages("derived.yaml")] == [
        "derived.yaml:2:1",
        "base.yaml:8:52",
    ]
    assert [message.partition(": ")[0] for message in messages(derived)] == [
        f"{derived}:2:1",
        f"{tmp_path / 'base.yaml'}:8:52",
    ]


# --- variables and inputs from the command line -------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([("width", "4")], [4, 8]),
        ([("width", " 4 ")], [4, 8]),
        ([("width", "2 ** 4")], [16, 32]),
        ([("width", "1"), ("width", "5")], [5, 10]),
        ([("twice", "width + 1")], [8, 9]),
        ([("width", "make_divisible(30, 8)")], [32, 64]),
    ],
)
def test_set(tmp_path: Path, settings: list[tuple[str, str]], expected: list[object]) -> None:
    assert filters(write(tmp_path, "base.yaml", BASE), *settings) == expected


def test_set_takes_lists_and_truths(tmp_path: Path) -> None:
    text = """
variables: {depths: [1], wide: false}
input: [3, 8, 8]
layers:
  - conv: [f, 1]
    for: {f: depths}
    when: wide
  - relu
"""
    spec = write(tmp_path, "a.yaml", text)
    assert filters(spec, ("depths", "[3, 4, 6]"), ("wide", "true")) == [3, 4, 6]
    assert filters(spec, ("depths", "[3, 4, 6]")) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("widht", "3"), "--set widht: the spec has no variable 'widht'; did you mean 'width'?"),
        (("x", "3"), "--set x: the spec has no variable 'x'; the variables are width, kernel, twice"),
        (("width", ""), "--set width=: the variable 'width' has no value; write a value after the colon"),
        (("width", "3 +"), "--set width=3 +: expected a value, but the expression ends"),
        (("width", "1 / 0"), "--set width=1 / 0: 1 / 0 divides by zero"),
        (("width", "kernel"), "--set width=kernel: 'kernel' is not defined here; move it up: it is defined below"),
    ],
)
def test_set_that_is_wrong(tmp_path: Path, settings: tuple[str, str], message: str) -> None:
    assert messages(write(tmp_path, "base.yaml", BASE), [settings]) == [message]


def test_set_of_a_wrong_value_is_blamed_on_the_setting(tmp_path: Path) -> None:
    spec = write(tmp_path, "base.yaml", BASE)
    (message,) = messages(spec, [("width", "0.5")])
    assert message.startswith(f"{spec}:8:14: unit.conv: filters takes a whole number of at least 1, not 0.5; ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1x32x32", (1, 32, 32)),
        ("1×32×32", (1, 32, 32)),
        ("1,32,32", (1, 32, 32)),
        ("[1, 32, 32]", (1, 32, 32)),
        (" 3 x 100 ", (3, 100)),
    ],
)
def test_input(tmp_path: Path, text: str, expected: tuple[int, ...]) -> None:
    spec = write(tmp_path, "a.yaml", "input: [3, 8, 8]\nlayers: [relu]")
    assert shape(spec, ("", text)) == {"input": expected}


def test_input_where_the_spec_has_none(tmp_path: Path) -> None:
    spec = write(tmp_path, "a.yaml", "layers: [relu]")
    assert shape(spec, ("", "3x8x8")) == {"input": (3, 8, 8)}
    assert shape(spec, ("", "7")) == {"input": (7,)}
    assert messages(spec, (), [("", "3x8xa")]) == [
        "--input 3x8xa: 'a' is not a size; write the channels, then the sizes, such as 3x224x224"
    ]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("224x224x3", "3x224x224"),
        ("32, 20, 3", "3x32x20"),
        ("224", "3x224x224"),
        ("128x96", "3x128x96"),
    ],
)
def test_input_with_its_channels_last_or_without_them(tmp_path: Path, text: str, meant: str) -> None:
    spec = write(tmp_path, "a.yaml", "input: [3, 8, 8]\nlayers: [relu]")
    hint = f"write --input {meant}"
    message = f"--input {text}: channels come first, and the input of this spec has 3 channels; {hint}"
    assert messages(spec, (), [("", text)]) == [message]
    two = write(tmp_path, "b.yaml", "input: {left: [3, 8, 8], right: [3, 8, 8]}\nlayers: [concat]")
    hint = f"write --input right={meant}"
    message = f"--input right={text}: channels come first, and the input of this spec has 3 channels; {hint}"
    assert messages(two, (), [("right", text)]) == [message]


@pytest.mark.parametrize("text", ["224x224x1", "8x12x3", "3x224", "5x224x224", "1x3x224x224"])
def test_input_that_may_be_meant(tmp_path: Path, text: str) -> None:
    """Other channels, a narrow map, another number of axes: what fits is taken."""
    spec = write(tmp_path, "a.yaml", "input: [3, 8, 8]\nlayers: [relu]")
    assert shape(spec, ("", text)) == {"input": tuple(map(int, text.split("x")))}


def test_inputs_by_name(tmp_path: Path) -> None:
    spec = write(tmp_path, "a.yaml", "input: {left: [3, 8, 8], right: [3, 8, 8]}\nlayers: [concat]")
    assert shape(spec, ("right", "5x8x8")) == {"left": (3, 8, 8), "right": (5, 8, 8)}
    assert messages(spec, (), [("rihgt", "5x8x8"), ("", "3x8x8")]) == [
        "--input rihgt=5x8x8: the spec has no input 'rihgt'; the inputs are left and right",
        "--input 3x8x8: the spec has no input 'input'; the inputs are left and right: write --input left=3x8x8",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3x0x8", "input takes the channels and up to 3 sizes, which are whole numbers of at least 1, not [3, 0, 8]"),
        (
            "1x3x8x8x8",
            "input takes the channels and up to 3 sizes, which are whole numbers of at least 1, not [1, 3, 8, 8, 8]",
        ),
        ("3x-8x8", "'-8' is not a size"),
        ("", "'' is not a size"),
        ("3x8.5", "'8.5' is not a size"),
    ],
)
def test_input_that_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    spec = write(tmp_path, "a.yaml", "input: [3, 8, 8]\nlayers: [relu]")
    (only,) = messages(spec, (), [("", text)])
    assert only.partition(";")[0] == f"--input {text}: {message}"


# --- the decoded record -------------------------------------------------------------------------------


def decoded(tmp_path: Path, layers: str) -> Spec:
    head = "variables: {width: 8}\ninput: [3, 8, 8]\nblocks:\n  unit(filters, stride=1):\n    - relu\n"
    spec = read_spec(write(tmp_path, "a.yaml", f"{head}layers:\n{layers}"))
    assert not spec.problems
    return spec


def test_items(tmp_path: Path) -> None:
    spec = decoded(
        tmp_path,
        """
  - conv: [8, 3]
  - conv: {filters: width, kernel: [width, 3]}
    name: b
  - unit: 8
  - add: {left: [relu], right: }
  - branch: {side: [tanh]}
  - concat:
    from: [b, previous]
""",
    )
    first, second, unit, add, side, concat = (item.action for item in spec.items)
    assert isinstance(first, LayerCall)
    # All constant: made once, before any block is expanded.
    assert first.ready is not None
    assert isinstance(second, LayerCall)
    assert second.ready is None
    assert isinstance(second.arguments["filters"], Computed)
    assert isinstance(second.arguments["kernel"], Listed)
    assert isinstance(unit, BlockCall)
    assert unit.block == "unit"
    assert isinstance(unit.arguments["filters"], Constant)
    assert isinstance(add, JoinCall)
    assert [(branch.name, len(branch.items)) for branch in add.branches] == [("left", 1), ("right", 0)]
    assert isinstance(side, SideBranches)
    assert isinstance(concat, LayerCall)
    assert {name: [given.span.line for given in places] for name, places in spec.names.items()} == {
        "b": [10],
        "left": [12],
        "right": [12],
        "side": [13],
    }


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("f", []),
        ("f()", []),
        ("f(a)", [("a", True)]),
        ("f( a , b = 2 )", [("a", True), ("b", False)]),
        ("f(a, b=max(a, 2), c=[1, 2])", [("a", True), ("b", False), ("c", False)]),
        ("f (a)", [("a", True)]),
        ("f(größe=1)", [("größe", False)]),
    ],
)
def test_signatures(tmp_path: Path, signature: str, expected: list[tuple[str, bool]]) -> None:
    spec = read_spec(write(tmp_path, "a.yaml", f"input: [3, 8, 8]\nblocks:\n  {signature}: [relu]\nlayers: [relu]"))
    assert not spec.problems
    assert [(parameter.name, parameter.required) for parameter in spec.blocks["f"].parameters] == expected


def test_a_quoted_signature_has_its_places_too(tmp_path: Path) -> None:
    text = "input: [3, 8, 8]\nblocks:\n  'f(a, b=widht)': [relu]\nlayers: [relu]"
    (problem,) = read_spec(write(tmp_path, "a.yaml", text)).problems
    assert (problem.span.line, problem.span.column) == (3, 11)


def test_unused_blocks_are_checked(tmp_path: Path) -> None:
    text = "input: [3, 8, 8]\nblocks:\n  f(a): [{conv: [b, 3]}]\nlayers: [relu]"
    (problem,) = read_spec(write(tmp_path, "a.yaml", text)).problems
    assert (str(problem.span).partition("a.yaml:")[2], problem.message) == ("3:18", "'b' is not defined here")


def test_bundled_names_are_in_natural_order(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled.names.cache_clear()
    files = ["net10.yaml", "net9.yaml", "net9_b.yaml", "a1b2.yaml", "a1b10.yaml", "readme.md", "net.yaml"]
    monkeypatch.setattr("os.listdir", lambda _: files)
    assert bundled.names() == ("a1b2", "a1b10", "net", "net9", "net9_b", "net10")
    bundled.names.cache_clear()
