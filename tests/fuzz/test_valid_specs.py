"""What holds for every valid spec, on a few that hypothesis makes; `python tests/fuzz/long.py` runs many.

The examples are the same in every run, so that a failure is that of the change at hand.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from fuzz.choices import Choices, drawn, random_choices, reduced, replayed
from fuzz.invariants import INVARIANTS, LAWS, Invariant, hold, is_the_plain_expansion, network_of
from fuzz.program import BlockUse, Group, Item, JoinUse, Program, Sides
from fuzz.strategies import Made, Wishes, make, specs
from hypothesis import HealthCheck, given, settings

from cnncalc.layers import all_types

FEW = settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.__name__)
@FEW
@given(choices=drawn())
def test_holds(invariant: Invariant, choices: Choices) -> None:
    hold(choices, invariant)


@pytest.mark.parametrize(("law", "wishes"), LAWS, ids=[law.__name__ for law, _ in LAWS])
@FEW
@given(choices=drawn())
def test_law_holds(law: Invariant, wishes: Wishes, choices: Choices) -> None:
    hold(choices, law, wishes)


@settings(FEW, max_examples=60)
@given(choices=drawn())
def test_the_builder_expands_as_plainly_as_can_be(choices: Choices) -> None:
    hold(choices, is_the_plain_expansion)


@FEW
@given(specs())
def test_what_is_made_is_accepted(made: Made) -> None:
    assert len(network_of(made.text.text).layers) == len(made.flat.layers)


CASES = 1000


@pytest.fixture(scope="module")
def many() -> list[Made]:
    return [make(random_choices(f"count:{number}")) for number in range(CASES)]


def test_every_layer_type_is_made_and_accepted(many: list[Made]) -> None:
    made = Counter(layer.type for one in many for layer in network_of(one.text.text).layers)
    # A type that needs further inputs of fitting shapes is not made by chance.
    assert set(made) == {name for name, kind in all_types().items() if not kind.sample_inputs}


def test_every_setting_is_given_another_value_than_its_default(many: list[Made]) -> None:
    layers = [layer for one in many for layer in one.flat.layers]
    settings_of = {(layer.type.name, key) for layer in layers for key in layer.type.settings}
    moved = {
        (layer.type.name, key)
        for layer in layers
        for key, setting in layer.type.settings.items()
        if setting.required or getattr(layer.type, key) != setting.default
    }
    # These fit by chance only beside few values of other settings.
    restricted = {("conv_transpose", "size"), ("fold", "size"), ("max_unpool", "size"), ("opaque", "flops")}
    assert settings_of - moved <= restricted


def test_every_part_of_the_language_is_made(many: list[Made]) -> None:
    found: Counter[str] = Counter()
    for one in many:
        found.update(set(parts_of(one.program)) | set(uses_of(one)))
    rare = {word: found[word] for word in PARTS if found[word] < 4}
    assert rare == {}


PARTS = (
    *("rank 0", "rank 1", "rank 2", "rank 3", "several inputs", "outputs", "several outputs", "variable", "parameter"),
    *("default", "argument", "name", "name with {}", "from", "from several", "from mapping", "repeat", "for"),
    *("for rows", "when", "weights", "training_only", "group", "named group", "join", "labels", "branch from"),
    *("branch when", "branch loop", "side branch", "block of several", "block in a block", "same arguments"),
    *("other arguments", "other shapes", "read into a block", "training layers", "shared weights", "empty branch"),
)


def parts_of(program: Program) -> list[str]:
    """The parts of the language that a program has."""
    found = [f"rank {len(shape) - 1}" for _, shape in program.inputs]
    found += ["several inputs"] * (len(program.inputs) > 1) + ["outputs"] * bool(program.outputs)
    found += ["variable"] * bool(program.variables)
    for block in program.blocks:
        found += ["parameter" if default is None else "default" for _, default in block.parameters]
        inner = [item for item in walk(block.items) if isinstance(item.action, BlockUse)]
        found += ["block in a block"] * bool(inner)
        for item in walk(block.items):
            found += parts_of_item(item)
    for item in walk(program.items):
        found += parts_of_item(item)
    return found


def parts_of_item(item: Item) -> list[str]:
    action = item.action
    keyed = any(key for key, _ in item.sources)
    found = [
        *["from"] * bool(item.sources),
        *["from several"] * (len(item.sources) > 1 and not keyed),
        *["from mapping"] * keyed,
        *["read into a block"] * any("." in name.text for _, name in item.sources),
        *["repeat"] * (item.loop is not None and item.loop.repeat is not None),
        *["when"] * (item.when is not None),
        *["weights"] * (item.weights is not None),
        *["training_only"] * item.training_only,
    ]
    if item.name is not None:
        found.append("name with {}" if len(item.name.parts) > 1 else "name")
    for words, _ in item.loop.walks if item.loop is not None else ():
        found.append("for rows" if len(words) > 1 else "for")
    if isinstance(action, BlockUse):
        found += ["argument"] * bool(action.arguments) + ["block of several"] * (len(item.sources) > 1)
    if isinstance(action, Group):
        found.append("group" if item.name is None else "named group")
    if isinstance(action, JoinUse | Sides):
        found.append("join" if isinstance(action, JoinUse) else "side branch")
        for branch in action.branches:
            found += ["labels"] * (branch.label is not None) + ["empty branch"] * (not branch.items)
            found += ["branch from"] * bool(branch.sources) + ["branch when"] * (branch.when is not None)
            found += ["branch loop"] * (branch.loop is not None)
    return found


def walk(items: tuple[Item, ...]) -> list[Item]:
    """Items with those in their branches and groups."""
    found = []
    for item in items:
        found.append(item)
        action = item.action
        if isinstance(action, Group):
            found += walk(action.items)
        elif isinstance(action, JoinUse | Sides):
            found += [inner for branch in action.branches for inner in walk(branch.items)]
    return found


def uses_of(made: Made) -> list[str]:
    """How the blocks of a program were used, and what its network is like."""
    found = ["several outputs"] * (len(made.flat.outputs) > 1)
    found += ["training layers"] * any(layer.training_only for layer in made.flat.layers)
    found += ["shared weights"] * any(layer.weights_from for layer in made.flat.layers)
    blocks = {block.name for block in made.program.blocks}
    uses: dict[str, list[tuple[object, object]]] = {}
    for path, kind, arguments in made.flat.groups:
        first = next((layer for layer in made.flat.layers if layer.name.startswith(f"{path}.")), None)
        if kind in blocks and first is not None:
            uses.setdefault(kind, []).append((arguments, first.input_shapes))
    for several in uses.values():
        for (one, shape), (other, other_shape) in pairwise(several):
            found.append("same arguments" if one == other else "other arguments")
            found += ["other shapes"] * (shape != other_shape)
    return found


def test_failures_shrink() -> None:
    """A failing case comes down to the few choices that it needs."""

    def fails(choices: Choices) -> bool:
        return "conv" in {layer.type.name for layer in make(choices).flat.layers}

    choices = next(one for one in (random_choices(str(seed)) for seed in range(100)) if fails(one))
    fewest = reduced(choices.made, fails, attempts=250)
    assert len(fewest) < len(choices.made) / 3
    assert fails(replayed(fewest))


def test_an_invariant_that_does_not_hold_is_told_with_its_spec(capsys: pytest.CaptureFixture[str]) -> None:
    def wrong(made: Made, network: object, choices: Choices) -> None:
        raise AssertionError("as expected")

    with pytest.raises(AssertionError, match="as expected") as caught:
        hold(random_choices("any"), wrong)
    assert "layers:" in "".join((*getattr(caught.value, "__notes__", ()), capsys.readouterr().out))
