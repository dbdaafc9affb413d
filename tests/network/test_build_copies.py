"""A block that is called again with equal arguments and shapes is copied: it must be as if expanded again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc import bundled, limits
from cnncalc.errors import SpecError
from cnncalc.network import build
from cnncalc.spec.decode import read_spec

GOOD_SPECS = sorted((Path(__file__).parents[1] / "good_specs").glob("*.yaml"))


def expanded(reference: str, monkeypatch: pytest.MonkeyPatch) -> build.Network:
    """The network with every block expanded anew."""
    with monkeypatch.context() as patch:
        patch.setattr(build._Builder, "_has_room", lambda builder, known: False)
        return build.load(reference)


@pytest.mark.parametrize("reference", [*bundled.names(), *map(str, GOOD_SPECS)], ids=lambda name: Path(name).stem)
def test_copies_are_what_they_would_be(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert build.load(reference) == expanded(reference, monkeypatch)


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the blocks that are copied."""
    made: list[str] = []
    again = build._Builder._again

    def counted(builder, origin, place, arguments, incoming):
        made.append(place.path)
        return again(builder, origin, place, arguments, incoming)

    monkeypatch.setattr(build._Builder, "_again", counted)
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
    with pytest.raises(SpecError, match=r"no layer is called 'b\.inner\.cnv'"):
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
        problems.append([problem.message.partition(",")[0] for problem in caught.value.problems])
    assert problems[0] == problems[1] == [problems[0][0]]
    assert "'b.last' is taken already" in problems[0][0]


def test_shared_weights_are_followed_into_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        BLOCKS + "  - unit: [4]\n    name: a\n  - unit: [4]\n    name: b\n  - unit: [4]\n    name: c\n    weights: b\n"
    )
    path = written(tmp_path, text)
    network = build.load(path)
    assert network == expanded(path, monkeypatch)
    shared = {layer.name: layer.weights_from for layer in network.layers if layer.weights_from}
    assert shared["c.inner.conv"] == "b.inner.conv"


def test_what_is_wrong_in_a_copy_is_told_once(tmp_path: Path) -> None:
    text = BLOCKS.replace("conv: [filters, 1]\n    - relu", "conv: [filters, 9]\n    - relu")
    with pytest.raises(SpecError) as caught:
        build.load(written(tmp_path, text + "  - unit: [4]\n    name: a\n  - unit: [4]\n    name: b\n"))
    assert len(caught.value.problems) == 1


def test_the_bounds_are_told_where_they_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that would leave them is expanded, so that the message stands where it stands for the first."""
    path = written(tmp_path, BLOCKS + "  - unit: [4]\n    repeat: 10\n")
    messages = []
    for load in (build.load, lambda path: expanded(path, monkeypatch)):
        with limits.using(limits.Limits(layers=20)), pytest.raises(SpecError) as caught:
            load(path)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert read_spec(path).problems == ()
