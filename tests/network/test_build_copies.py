"""A block called again with equal arguments and input shapes is copied: the network must equal one without copies."""

from __future__ import annotations

from pathlib import Path

import pytest
from looping import bases_and_variants

from cnncalc import limits
from cnncalc.errors import SpecError
from cnncalc.network import build
from cnncalc.network.build.cache import BlockCache
from cnncalc.network.build.layers import LayerFactory
from cnncalc.spec.decode import read_spec

TESTS = Path(__file__).parents[1]
GOOD_SPECS = sorted((TESTS / "good_specs").glob("*.yaml"))
BROKEN_SPECS = sorted([*(TESTS / "bad_specs").glob("*.yaml"), *(TESTS / "fuzz" / "found").glob("*.yaml")])


class Forgetful(dict):
    """A memory that keeps nothing."""

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def setdefault(self, key: object, value: object) -> object:
        return value


def expanded(reference: str, monkeypatch: pytest.MonkeyPatch) -> build.LayerGraph:
    """The network built without any memory: each block expanded anew, each layer decoded and asked anew."""
    factory = LayerFactory.__init__

    def forgetful(self, *arguments):
        factory(self, *arguments)
        self.constant, self.by_arguments, self.types, self.figures = (Forgetful() for _ in range(4))

    with monkeypatch.context() as patch:
        patch.setattr(BlockCache, "find", lambda cache, key, place: None)
        patch.setattr(LayerFactory, "__init__", forgetful)
        patch.setattr(LayerFactory, "reuse", lambda factory, arguments: Forgetful())
        return build.load(reference)


@pytest.mark.parametrize("reference", [*bases_and_variants(), *map(str, GOOD_SPECS)], ids=lambda name: Path(name).stem)
def test_copies_are_what_they_would_be(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert build.load(reference) == expanded(reference, monkeypatch)


def test_problems_are_those_without_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = 0
    for path in BROKEN_SPECS:
        outcomes = []
        for load in (build.load, lambda reference: expanded(reference, monkeypatch)):
            try:
                # Fewer layers than by default, so that specs without end are refused sooner.
                with limits.using(limits.Limits(layers=2_000)):
                    outcomes.append(load(str(path)))
            except SpecError as error:
                outcomes.append(error.problems)
        assert outcomes[0] == outcomes[1], path.name
        refused += isinstance(outcomes[0], tuple) and not isinstance(outcomes[0], build.LayerGraph)
    assert refused > 100


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the blocks that are copied."""
    made: list[str] = []
    copy = BlockCache.copy

    def counted(cache, origin, place, arguments, inputs):
        made.append(place.path)
        return copy(cache, origin, place, arguments, inputs)

    monkeypatch.setattr(BlockCache, "copy", counted)
    return made


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "net.yaml"
    path.write_text(text)
    return str(path)


BLOCKS = """\
input: [4, 8, 8]
blocks:
  inner(filters):
    - conv: [filters, 1]
    - relu
  unit(filters, flag=true):
    - inner: filters
    - branch: {side: [{conv: 2, name: out}]}
    - add: {body: [{inner: filters, name: deep}], shortcut: []}
    - layers: [{conv: [filters, 1]}]
      name: last
layers:
"""
BLOCKS = BLOCKS.replace("{conv: 2, name: out}", "{conv: [2, 1], name: out}")


def test_equal_calls_are_copied_and_others_not(tmp_path: Path, copies: list[str]) -> None:
    filters = {"a": 4, "b": 4, "c": 5, "d": 5}
    calls = "".join(f"  - unit: [{number}]\n    name: {name}\n" for name, number in filters.items())
    build.load(written(tmp_path, BLOCKS + calls))
    # c has other filters, and something else comes into d.
    assert [path for path in copies if "." not in path] == ["b"]


def test_true_is_not_one(tmp_path: Path, copies: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, BLOCKS + "  - unit: [4, true]\n    name: a\n  - unit: [4, 1]\n    name: b\n")
    network = build.load(path)
    assert "b" not in copies
    flags = [dict(group.arguments)["flag"] for group in network.groups if group.kind == "unit"]
    assert list(map(type, flags)) == [bool, int]
    assert network == expanded(path, monkeypatch)


@pytest.mark.parametrize(
    "reading",
    [
        "b.inner.conv",
        "b.body.deep.relu",
        "b.side.out",
        "b.last",
        "b.last.conv",
        "b",
        "c.body.deep.conv",
        "a.inner.conv",
    ],
)
def test_names_inside_copies_can_be_read(tmp_path: Path, reading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = "".join(f"  - unit: [4]\n    name: {name}\n" for name in "abc")
    path = written(tmp_path, f"{BLOCKS}{calls}  - {{conv: [3, 1], from: {reading}}}\noutputs: [conv, {reading}]\n")
    network = build.load(path)
    assert network == expanded(path, monkeypatch)
    assert network.layers[-1].inputs[0].startswith(reading)


def test_a_name_inside_a_copy_that_is_not_there(tmp_path: Path) -> None:
    calls = "  - unit: [4]\n    name: a\n  - unit: [4]\n    name: b\n"
    with pytest.raises(SpecError, match=r"no layer has the name 'b\.inner\.cnv'"):
        build.load(written(tmp_path, f"{BLOCKS}{calls}  - {{conv: [3, 1], from: b.inner.cnv}}\n"))


@pytest.mark.parametrize("first", [True, False])
def test_a_name_as_if_inside_a_copy_collides_as_inside_any_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    """A layer named b.last before the block b, or after it."""
    named = "  - {conv: [4, 1], name: b.last}\n"
    calls = "  - unit: [4]\n    name: a\n", "  - unit: [4]\n    name: b\n"
    text = f"{BLOCKS}{calls[0]}{named if first else ''}{calls[1]}{'' if first else named}"
    problems = []
    for load in (build.load, lambda path: expanded(path, monkeypatch)):
        with pytest.raises(SpecError) as caught:
            load(written(tmp_path, text))
        problems.append([problem.message.partition(" in")[0] for problem in caught.value.problems])
    assert problems[0] == problems[1] == [problems[0][0]]
    assert "'b.last' is already used" in problems[0][0]


def test_shared_weights_are_followed_into_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        BLOCKS + "  - unit: [4]\n    name: a\n  - unit: [4]\n    name: b\n  - unit: [4]\n    name: c\n    weights: b\n"
    )
    path = written(tmp_path, text)
    network = build.load(path)
    assert network == expanded(path, monkeypatch)
    shared = {layer.name: layer.weights_from for layer in network.layers if layer.weights_from}
    assert shared["c.inner.conv"] == "b.inner.conv"


def test_a_problem_in_copies_is_reported_once(tmp_path: Path) -> None:
    text = BLOCKS.replace("conv: [filters, 1]\n    - relu", "conv: [filters, 9]\n    - relu")
    with pytest.raises(SpecError) as caught:
        build.load(written(tmp_path, text + "  - unit: [4]\n    name: a\n  - unit: [4]\n    name: b\n"))
    assert len(caught.value.problems) == 1


def test_limits_are_reported_where_they_are_exceeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that would leave them is expanded, so that the message stands where it stands for the first."""
    path = written(tmp_path, BLOCKS + "  - unit: [4]\n    repeat: 10\n")
    messages = []
    for load in (build.load, lambda path: expanded(path, monkeypatch)):
        with limits.using(limits.Limits(layers=20)), pytest.raises(SpecError) as caught:
            load(path)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert read_spec(path).problems == ()


def test_layers_of_a_loop_are_decoded_in_each_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers are decoded once for equal arguments of a block, but a loop in it gives its layers other numbers."""
    text = """\
input: [4, 8, 8]
blocks:
  unit(filters):
    - conv: [filters + index, 1]
      name: c{index}
      repeat: 3
    - conv: [filters, 1]
layers:
  - unit: 4
  - conv: [5, 1]
  - unit: 4
"""
    path = written(tmp_path, text)
    network = build.load(path)
    # The second unit has equal arguments on other channels: it is expanded again, with the layers of the first.
    assert [layer.settings["filters"] for layer in network.layers] == [4, 5, 6, 4, 5, 4, 5, 6, 4]
    assert network == expanded(path, monkeypatch)
    assert network.layers[3].figures.type is network.layers[8].figures.type


def test_one_tensor_twice_is_not_two_equal_tensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """\
input: [4, 8, 8]
blocks:
  fuse:
    - add:
      from: [left, right]
layers:
  - {conv: [4, 1], name: a}
  - {conv: [4, 1], name: b}
  - {fuse: , name: first, from: {left: a, right: a}}
  - {fuse: , name: second, from: {left: a, right: b}}
"""
    path = written(tmp_path, text)
    network = build.load(path)
    assert [layer.inputs for layer in network.layers[-2:]] == [("a", "a"), ("a", "b")]
    assert network == expanded(path, monkeypatch)
