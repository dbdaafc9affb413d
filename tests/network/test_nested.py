"""Networks as items: their variables, inputs and outputs, the layers that are left out, and what goes wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cnncalc import bundled, limits
from cnncalc.errors import SpecError
from cnncalc.limits import Limits
from cnncalc.network import build
from cnncalc.network.records import LayerGraph

# Parameters: stem 4 x (3 x 9) + 4 = 112, deep 8 x (4 x 9) + 8 = 296, head 8 x 5 + 5 = 45.
INNER = """
name: Inner
source: A paper
input: [3, 16, 16]
variables: {width: 4, classes: 5}
blocks:
  unit(filters):
    - conv: {filters: filters, kernel: 3, padding: 1}
layers:
  - unit: width
    name: stem
  - relu
  - unit: 2 * width
    name: deep
  - global_avg_pool
  - linear: classes
    name: head
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("inner", INNER)
    return tmp_path


def write(name: str, text: str) -> str:
    Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    return f"{name}.yaml"


def outer(layers: str, more: str = "input: [3, 16, 16]\n") -> str:
    return write("outer", f"{more}layers:\n{layers}")


def load(layers: str, more: str = "input: [3, 16, 16]\n") -> LayerGraph:
    return build.load(outer(layers, more))


def messages(spec: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        build.load(spec)
    return [str(problem) for problem in caught.value.problems]


def names(network: LayerGraph) -> list[str]:
    return [layer.name for layer in network.layers]


def params(network: LayerGraph) -> int:
    return sum(layer.params for layer in network.layers)


# --- what an item is ----------------------------------------------------------------------------------


def test_a_network_is_placed_whole() -> None:
    network = load("  - network: inner.yaml\n")
    below = ["stem.conv", "relu", "deep.conv", "global_avg_pool", "head"]
    assert names(network) == [f"inner.{name}" for name in below]
    assert params(network) == 112 + 296 + 45
    assert network.outputs == ("inner.head",)
    assert [layer.figures for layer in network.layers] == [layer.figures for layer in build.load("inner.yaml").layers]
    # Nothing else of the inner file is taken.
    assert (network.name, network.source) == ("outer", "")


def test_variables_are_set_in_expressions_of_the_item() -> None:
    layers = "  - network: inner.yaml\n    set: {width: filters, classes: in_channels}\n"
    network = load(layers, "input: [3, 16, 16]\nvariables: {filters: 2}\n")
    # 2 x 27 + 2, 4 x 18 + 4, 4 x 3 + 3
    assert [layer.params for layer in network.layers if layer.params] == [56, 76, 15]


def test_bundled_networks_and_files_beside_the_spec(folder: Path) -> None:
    assert load("  - network: lenet5\n", "input: [1, 32, 32]\n").layers[0].name == "lenet5.C1"
    write("lenet5", INNER)
    assert load("  - network: lenet5.yaml\n").layers[0].name == "lenet5.stem.conv"
    (folder / "below").mkdir()
    shutil.copy("inner.yaml", "below/inner.yaml")
    assert "not the path 'below/inner.yaml'" in messages(outer("  - network: below/inner.yaml\n"))[0]
    with limits.using(Limits(outside=True)):
        assert params(load("  - network: below/inner.yaml\n")) == 453


def test_an_item_of_a_base_names_files_beside_the_base(folder: Path) -> None:
    (folder / "below").mkdir()
    Path("inner.yaml").rename("below/inner.yaml")
    Path("below/base.yaml").write_text("input: [3, 16, 16]\nlayers:\n  - network: inner.yaml\n")
    with limits.using(Limits(outside=True)):
        assert params(build.load(write("outer", "extends: below/base.yaml\n"))) == 453


def test_names_and_blocks_do_not_leak() -> None:
    more = """
input: [3, 16, 16]
variables: {width: 1}
blocks:
  unit(filters):
    - relu
"""
    layers = "  - unit: 1\n    name: stem\n  - network: inner.yaml\n  - unit: 1\n"
    assert params(load(layers, more)) == 453
    assert messages(outer("  - network: inner.yaml\n  - relu:\n    from: head\n")) == [
        "outer.yaml:5:11: 'head' stands inside a block or branch; write inner.head"
    ]
    assert "unknown layer type 'unit'" in messages(outer("  - network: inner.yaml\n  - unit: 1\n"))[0]
    # A layer of the inner network sees none of the outer one.
    write("blind", "input: [3, 16, 16]\nlayers:\n  - relu:\n    from: trunk\n")
    found = messages(outer("  - relu:\n    name: trunk\n  - network: blind.yaml\n"))
    assert found == [
        "blind.yaml:4:11: no layer is called 'trunk' (used at outer.yaml:5:5); give the layer a name: where it stands"
    ]


def test_layers_of_the_network_are_read_by_their_path() -> None:
    layers = """
  - network: inner.yaml
    name: backbone
  - conv: [7, 1]
    from: backbone.stem
  - conv: [7, 1]
    from: backbone.deep.conv
"""
    network = load(layers)
    assert [(layer.inputs, layer.params) for layer in network.layers[-2:]] == [
        (("backbone.stem.conv",), 4 * 7 + 7),
        (("backbone.deep.conv",), 8 * 7 + 7),
    ]


def test_two_uses_have_weights_of_their_own_unless_shared() -> None:
    twice = "  - network: inner.yaml\n    name: a\n  - network: inner.yaml\n    name: b\n    from: input\n"
    assert params(load(twice)) == 2 * 453
    shared = load(f"{twice}    weights: a\n")
    assert params(shared) == 453
    assert shared.layers[-1].weights_from == "a.head"


def test_blocks_repeats_branches_and_conditions() -> None:
    more = """
input: [3, 16, 16]
blocks:
  towers(width):
    - concat:
        left:
          - network: inner.yaml
            set: {width: width}
        right:
          - network: inner.yaml
            set: {width: width}
            when: width > 1
            name: '{width}'
"""
    network = load("  - towers: 4\n", more)
    assert names(network)[4] == "towers.left.inner.head"
    assert names(network)[5] == "towers.right.4.stem.conv"
    assert params(network) == 2 * 453
    # Without the right network its branch passes the input on.
    assert "5 and 3x16x16 come in (from left and right)" in messages(outer("  - towers: 1\n", more))[0]
    write("same", "input: [3, 8, 8]\nlayers:\n  - conv: {filters: 3, kernel: 3, padding: 1}\n")
    repeated = load("  - network: same.yaml\n    repeat: 3\n")
    assert names(repeated) == ["same.0.conv", "same.1.conv", "same.2.conv"]
    assert params(repeated) == 3 * 84


def test_networks_in_networks() -> None:
    write("middle", "input: [3, 16, 16]\nlayers:\n  - network: inner.yaml\n    outputs: deep\n")
    network = load("  - network: middle.yaml\n  - network: middle.yaml\n    from: input\n")
    assert names(network)[-1] == "middle_2.inner.deep.conv"
    assert [left.item for left in network.left_out] == ["middle.inner", "middle_2.inner"]


# --- inputs -------------------------------------------------------------------------------------------


def test_the_tensor_that_comes_in_replaces_the_input() -> None:
    network = load("  - network: inner.yaml\n", "input: [3, 40, 20]\n")
    assert network.layers[0].output_shape == (4, 40, 20)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            "[1, 16, 16]",
            (
                "inner: input of this network has 3 channels (inner.yaml:4:8), but 1x16x16 comes in;"
                " put a conv with 3 filters before it, or set the variable of its input"
            ),
        ),
        (
            "[3, 16]",
            "inner: input of this network is 3x16x16 (inner.yaml:4:8), but 3x16 comes in; pass a tensor of 3 axes",
        ),
    ],
)
def test_a_tensor_that_does_not_fit(shape: str, message: str) -> None:
    assert messages(outer("  - network: inner.yaml\n", f"input: {shape}\n")) == [f"outer.yaml:3:5: {message}"]


TWO = "input: {left: [3, 8, 8], right: [1, 8, 8]}\nlayers:\n  - concat\n"


def test_several_inputs_by_name() -> None:
    write("two", TWO)
    more = "input: {a: [1, 8, 8], b: [3, 8, 8]}\n"
    network = load("  - network: two.yaml\n    from: {right: a, left: b}\n", more)
    assert network.layers[0].inputs == ("b", "a")
    hint = "write from: {left: ..., right: ...}"
    for given, passed in (("a", "input is"), ("[a, b]", "input.0 and input.1 are"), ("{left: b}", "left is")):
        found = messages(outer(f"  - network: two.yaml\n    from: {given}\n", more))
        assert found == [f"outer.yaml:4:11: two has 2 inputs, left and right, but {passed} passed; {hint}"]
    found = messages(outer("  - network: two.yaml\n    from: {lift: b, right: a}\n", more))
    assert found[0].endswith("but lift and right are passed; did you mean 'left'?")


# --- outputs ------------------------------------------------------------------------------------------


def test_what_no_output_needs_is_left_out() -> None:
    network = load("  - network: inner.yaml\n    outputs: [stem]\n    name: backbone\n")
    assert names(network) == ["backbone.stem.conv"]
    assert [group.name for group in network.groups] == ["backbone", "backbone.stem"]
    below = ("relu", "deep.conv", "global_avg_pool", "head")
    assert network.left_out == (("backbone", tuple(f"backbone.{name}" for name in below), 296 + 45),)
    assert network.outputs == ("backbone.stem.conv",)


def test_the_last_output_is_the_current_tensor_and_ends_that_nothing_reads_are_outputs() -> None:
    layers = "  - network: inner.yaml\n    outputs: [head, stem]\n  - relu\n"
    network = load(layers)
    assert network.layers[-1].inputs == ("inner.stem.conv",)
    assert network.outputs == ("relu", "inner.head")
    assert network.left_out == ()


def test_a_layer_that_is_read_by_its_path_stays() -> None:
    layers = "  - network: inner.yaml\n    outputs: stem\n    name: a\n  - relu\n  - conv: [2, 1]\n    from: a.deep\n"
    network = load(layers)
    assert "a.deep.conv" in names(network)
    assert network.left_out[0].layers == ("a.global_avg_pool", "a.head")
    # And so does one that the network names among its outputs.
    named = load(
        "  - network: inner.yaml\n    outputs: stem\n    name: a\n  - relu\n", "input: [3, 16, 16]\noutputs: a.head\n"
    )
    assert named.left_out == ()


def test_weights_of_a_layer_that_is_left_out_are_counted_where_they_are_shared() -> None:
    layers = "  - network: inner.yaml\n    outputs: stem\n    name: a\n"
    for name in ("b", "c"):
        layers += f"  - network: inner.yaml\n    name: {name}\n    from: input\n    weights: a\n"
    network = load(layers)
    assert params(network) == 453
    owners = {layer.name: layer.weights_from for layer in network.layers if layer.weights}
    assert owners["b.head"] is None
    assert owners["c.head"] == "b.head"
    assert owners["b.stem.conv"] == "a.stem.conv"


def test_layers_that_no_output_needs_may_fail() -> None:
    small = """
input: [3, 16, 16]
layers:
  - conv: {filters: 2, kernel: 1}
    name: stem
  - conv: {filters: 2, kernel: 9}
    name: large
  - relu
"""
    write("small", small)
    more = "input: [3, 4, 4]\n"
    assert names(load("  - network: small.yaml\n    outputs: stem\n", more)) == ["small.stem"]
    for layers in (
        "  - network: small.yaml\n",
        "  - network: small.yaml\n    outputs: large\n",
        "  - network: small.yaml\n    outputs: stem\n  - relu:\n    from: small.large\n",
    ):
        (found,) = messages(outer(layers, more))
        assert found.startswith("small.yaml:6:32: ")
        assert "(used at outer.yaml:3:5)" in found
        assert "small.large" in found


def test_outputs_that_do_not_exist() -> None:
    assert messages(outer("  - network: inner.yaml\n    outputs: [stm]\n")) == [
        "outer.yaml:4:15: no layer is called 'stm'; did you mean 'stem'?"
    ]


def test_outputs_that_the_network_declares() -> None:
    write("heads", f"{INNER}outputs: [head, stem]\n")
    network = load("  - network: heads.yaml\n  - relu\n")
    assert network.layers[-1].inputs == ("heads.stem.conv",)
    assert network.outputs == ("relu", "heads.head")


# --- copies -------------------------------------------------------------------------------------------


def test_equal_uses_are_copies_and_differ_only_in_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = ""
    for name, wanted in (("a", "deep"), ("b", "deep"), ("c", "stem")):
        layers += f"  - network: inner.yaml\n    name: {name}\n    outputs: {wanted}\n    from: input\n"
    layers += "  - concat:\n    from: [a, b, c, b.stem]\n"
    copied = load(layers)
    monkeypatch.setattr("cnncalc.network.build.cache.BlockCache.find", lambda cache, key, place: None)
    assert load(layers) == copied
    assert [len(left.layers) for left in copied.left_out] == [2, 2, 4]


def test_one_network_with_other_variables_is_no_copy() -> None:
    layers = "".join(
        f"  - network: inner.yaml\n    name: n{width}\n    set: {{width: {width}}}\n    from: input\n"
        for width in (4, 5)
    )
    # 5 x 27 + 5, 10 x 45 + 10, 10 x 5 + 5
    assert params(load(layers)) == 453 + 140 + 460 + 55


# --- problems -----------------------------------------------------------------------------------------


def test_variables_that_the_network_does_not_have() -> None:
    assert messages(outer("  - network: inner.yaml\n    set: {widht: 3}\n")) == [
        "outer.yaml:4:11: inner.yaml has no variable 'widht'; did you mean 'width'?"
    ]
    assert messages(outer("  - network: inner.yaml\n    set: 3\n")) == [
        "outer.yaml:4:10: set takes a mapping of variables to values, not the text '3'; such as {classes: 10}"
    ]


def test_problems_inside_say_where_the_network_is_used() -> None:
    write("broken", "input: [3, 4, 4]\nlayers:\n  - cnv: 3\n")
    write("middle", "input: [3, 4, 4]\nlayers:\n  - network: broken.yaml\n")
    layers = "  - network: middle.yaml\n  - network: middle.yaml\n"
    assert messages(outer(layers)) == [
        "broken.yaml:3:5: unknown layer type 'cnv' (used at middle.yaml:3:14); did you mean 'conv'?"
    ]
    write("broken", "input: [3, 4, 4]\nlayers:\n  - linear: {features: 3, flatten: false}\n")
    (found,) = messages(outer(layers))
    assert found.startswith("broken.yaml:3:5: ")
    assert "(used at middle.yaml:3:5) (used at outer.yaml:3:5)" in found


def test_a_network_that_contains_itself() -> None:
    write("one", "input: [3, 4, 4]\nlayers:\n  - network: two.yaml\n")
    write("two", "input: [3, 4, 4]\nlayers:\n  - network: three.yaml\n")
    write("three", "input: [3, 4, 4]\nlayers:\n  - network: one.yaml\n")
    assert messages("one.yaml") == [
        (
            "three.yaml:3:14: a network cannot contain itself:"
            " one.yaml -> two.yaml -> three.yaml -> one.yaml; remove an item"
        )
    ]
    assert messages(outer("  - network: two.yaml\n")) == [
        "one.yaml:3:14: a network cannot contain itself: two.yaml -> three.yaml -> one.yaml -> two.yaml; remove an item"
    ]
    # By way of what it extends, too.
    write("four", "extends: three.yaml\n")
    write("one", "input: [3, 4, 4]\nlayers:\n  - network: four.yaml\n")
    assert "a network cannot contain itself: four.yaml -> one.yaml -> four.yaml" in messages("four.yaml")[0]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("- network", "outer.yaml:3:5: network names no network; write the name behind it: network: resnet50"),
        ("- network:", "outer.yaml:3:5: network names no network; write the name behind it: network: resnet50"),
        ("- network: [a]", "outer.yaml:3:14: network takes the name of a spec, not a list"),
        (
            "- network: iner.yaml",
            (
                "outer.yaml:3:14: network 'iner.yaml': there is no such file in this folder and no bundled network of"
                " that name"
            ),
        ),
    ],
)
def test_what_is_no_network(item: str, message: str) -> None:
    assert messages(outer(f"  {item}\n")) == [message]


def test_a_block_may_be_called_network_as_ever() -> None:
    more = "input: [3, 4, 4]\nblocks:\n  network(filters):\n    - conv: [filters, 1]\n  set: [relu]\n"
    assert params(load("  - network: 2\n  - set\n", more)) == 8


def test_a_library_is_no_network() -> None:
    write("library", "blocks:\n  unit:\n    - relu\n")
    assert messages(outer("  - network: library.yaml\n")) == [
        (
            "outer.yaml:3:14: 'library.yaml' is a library of blocks and has no layers;"
            " name it in extends:, and use its blocks"
        )
    ]


# --- bounds -------------------------------------------------------------------------------------------


def test_the_limits_hold_for_all_files_together() -> None:
    size = len(Path(outer("  - network: inner.yaml\n")).read_text()) + len(INNER)
    with limits.using(Limits(bytes=size)):
        assert build.load("outer.yaml").layers
    with limits.using(Limits(bytes=size - 1)):
        assert messages("outer.yaml")[0].startswith(
            f"outer.yaml:3:14: with the files that it needs the spec has more than {size - 1} bytes"
        )
    for number in range(70):
        write(f"n{number}", f"input: [3, 16, 16]\nlayers:\n  - network: n{number + 1}.yaml\n")
    assert "the spec needs more than 60 other files" in messages("n0.yaml")[0]


def test_many_networks_and_networks_without_end() -> None:
    """A thousand small networks are built; too many, or repeated for ever, are refused after counted steps."""
    write("tiny", "input: [3, 8, 8]\nlayers: [relu]\n")
    network = load("  - network: tiny.yaml\n" * 1_000)
    assert len(network.layers) == 1_000
    assert (
        "repeat takes a whole number from 0 to 50,000"
        in messages(outer("  - network: tiny.yaml\n    repeat: 1000000000\n"))[0]
    )
    assert (
        "more than 50,000 layers"
        in messages(outer("  - network: resnet50\n    from: input\n" * 1_000, "input: [3, 64, 64]\n"))[0]
    )
    for number in range(30):
        write(f"d{number}", f"input: [3, 8, 8]\nlayers:\n  - network: d{number + 1}.yaml\n    repeat: 2\n")
    write("d30", "input: [3, 8, 8]\nlayers: [relu]\n")
    assert "50,000 layers" in messages("d0.yaml")[0]
    write("d30", "input: [3, 8, 8]\nlayers: [{layers: []}]\n")
    assert "the spec comes to more than 150,000" in messages("d0.yaml")[0]


# --- git, and reports ---------------------------------------------------------------------------------


def test_a_baseline_reads_its_networks_at_its_own_revision(run, folder: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    outer("  - network: inner.yaml\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    # 10 classes: 8 x 10 + 10 = 90 in place of 45.
    write("inner", INNER.replace("classes: 5", "classes: 10"))
    result = run("check", "outer.yaml", "--against-ref", "HEAD", "--max-increase", "params=44", "--no-lint", status=1)
    assert "params grew by 45 (9.9 %) to 498" in result.stdout
    run("check", "outer.yaml", "--against-ref", "HEAD", "--max-increase", "params=45", "--no-lint")
    assert params(build.load("HEAD:outer.yaml")) == 453
    # A network that the revision lacks is not taken from the work tree.
    outer("  - network: later.yaml\n")
    write("later", INNER)
    subprocess.run([*git, "add", "outer.yaml"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "second"], check=True)
    assert messages("HEAD:outer.yaml")[0].startswith(
        "HEAD:outer.yaml:3:14: network 'later.yaml': there is no such file"
    )


def test_reports_name_what_is_left_out(run) -> None:
    outer("  - network: inner.yaml\n    outputs: deep\n")
    note = "inner leaves out 2 layers (45 parameters) that its outputs do not need: global_avg_pool and head"
    assert note in run("summary", "outer.yaml").stdout
    facts = json.loads(run("summary", "outer.yaml", "--format", "json").stdout)
    assert facts["left_out"] == [{"item": "inner", "layers": ["inner.global_avg_pool", "inner.head"], "params": 45}]
    # That is no finding: nothing is wrong.
    run("lint", "outer.yaml", "--strict", "--select", "CNN04")
    flat = run("show", "outer.yaml", "--expand").stdout
    write("flat", flat)
    assert params(build.load("flat.yaml")) == 112 + 296


def test_comments_in_the_file_of_a_network_silence_rules_there(run) -> None:
    text = "input: [3, 16, 16]\nlayers:\n  - conv: [4, 3]{}\n  - batch_norm\n  - relu\n"
    write("noted", text.replace("{}", ""))
    outer("  - network: noted.yaml\n")
    assert "[CNN003]" in run("lint", "outer.yaml", status=1).stdout
    write("noted", text.replace("{}", " # cnncalc: ignore CNN003"))
    assert "[CNN003]" not in run("lint", "outer.yaml", status=0).stdout


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "googlenet", "siamese", "mobilenet_v3_small"])
def test_a_bundled_network_as_an_item_has_the_figures_of_its_own(name: str) -> None:
    own = build.load(name)
    inputs = "".join(f"  {key}: [{', '.join(map(str, shape))}]\n" for key, shape in own.inputs)
    passed = ", ".join(f"{key}: {key}_" for key, _ in own.inputs)
    text = f"input:\n{inputs.replace(': [', '_: [')}layers:\n  - network: {name}\n    from: {{{passed}}}\n"
    network = build.load(write("outer", text))
    assert [layer.figures for layer in network.layers] == [layer.figures for layer in own.layers]
    assert [layer.weights_from for layer in network.layers] == [
        layer.weights_from and f"{name}.{layer.weights_from}" for layer in own.layers
    ]
    assert set(network.outputs) == {f"{name}.{output}" for output in own.outputs}
    assert bundled.path(name)


def test_a_network_of_side_branches_alone() -> None:
    write("sides", "input: {a: [3, 8, 8], b: [1, 8, 8]}\nlayers:\n  - branch:\n      one: {from: a, layers: [relu]}\n")
    network = load(
        "  - network: sides.yaml\n    from: {a: x, b: y}\n  - tanh\n", "input: {x: [3, 8, 8], y: [1, 8, 8]}\n"
    )
    assert network.layers[-1].inputs == ("sides.one.relu",)
