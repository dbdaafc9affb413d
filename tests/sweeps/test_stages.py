"""What is built again, and what is not; and that memory stays flat."""

from __future__ import annotations

import pytest

from cnncalc.network.build import expand
from cnncalc.spec.decode import read_spec
from cnncalc.spec.locate import Place
from cnncalc.sweeps import stages
from cnncalc.sweeps.designs import Study, Sweep, locate_specs
from cnncalc.sweeps.space import Space, SweepAxis, read_values
from cnncalc.sweeps.stages import StagedBuilder

SPEC = """
input: [3, 32, 32]
variables: {width: 8, twice: 2 * width, classes: 10, act: relu, padding: 1}
blocks:
  unit(width):
    - conv: {filters: width, kernel: 3, padding: padding}
    - type: act
  outer:
    - unit: 8
layers:
  - conv: [4, 3]
  - unit: width
  - conv: [twice, 1]
  - outer
  - global_avg_pool
  - linear: classes
"""


def builder(*changing: str) -> StagedBuilder:
    return StagedBuilder(read_spec(Place("", "<text>", text=SPEC)), changing)


@pytest.mark.parametrize(
    ("changing", "starts"),
    [
        # The parameter of `unit` hides the variable `width`; the call uses it.
        (["width"], [0, 1, 2]),
        (["classes"], [0, 5]),
        (["padding"], [0, 1]),
        (["act"], [0, 1]),
        (["classes", "width"], [0, 1, 2, 5]),
    ],
)
def test_stages_begin_where_another_variable_is_used(changing: list[str], starts: list[int]) -> None:
    assert [stage.start for stage in builder(*changing).stages] == starts


def sweep(tmp_path, **vary: str) -> Sweep:
    path = tmp_path / "net.yaml"
    path.write_text(SPEC, encoding="utf-8")
    axes = tuple(SweepAxis(name, read_values(text, name)) for name, text in vary.items())
    return Sweep(Study(locate_specs([str(path)]), Space(axes), ("params", "macs")))


def test_only_items_behind_a_change_are_placed(tmp_path, monkeypatch) -> None:
    """Five items in the first design, and one in each of the 99 others; the units and `outer` are one each."""
    placed = []
    place = expand.Expander.place_items

    def spy(self, items, scope, current):
        if scope.path == "":
            placed.append(len(items))
        return place(self, items, scope, current)

    monkeypatch.setattr(expand.Expander, "place_items", spy)
    designs = list(sweep(tmp_path, classes="1..100").designs())
    assert placed == [5, 1, *[1] * 99]
    # 3*4*9 + 4, 4*8*9 + 8, 8*16 + 16, 16*8*9 + 8 and 9 a class; each conv a bias.
    assert [design.figures[0] for design in designs] == [112 + 296 + 144 + 1160 + 9 * n for n in range(1, 101)]


def test_an_error_leaves_nothing_behind(tmp_path) -> None:
    designs = list(sweep(tmp_path, classes="0..2", width="0..2").designs())
    assert [bool(design.reason) for design in designs] == [True] * 3 + [True, False, False] * 2
    alone = list(sweep(tmp_path, classes="2", width="2").designs())
    assert designs[-1].figures == alone[0].figures


def test_checkpoints_are_bounded(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(stages, "MOST_LAYERS_KEPT", 30)
    monkeypatch.setattr(stages, "MOST_REUSES", 3)
    bounded = sweep(tmp_path, width="1..20", classes="1..3")
    found = list(bounded.designs())
    (source,) = bounded.sources.values()
    kept = source.builder.checkpoints
    assert 0 < sum(len(checkpoint.state[0]) + 1 for checkpoint in kept.values()) == source.builder.kept_layers <= 30
    monkeypatch.undo()
    assert found == list(sweep(tmp_path, width="1..20", classes="1..3").designs())
