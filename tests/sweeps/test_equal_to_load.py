"""Every row of a sweep is what `cnncalc.load` finds for that design: figures, or the first problem."""

from __future__ import annotations

from random import Random

import pytest

from cnncalc import bundled
from cnncalc.analyses.compare import largest_field
from cnncalc.analyses.measures import Measures, Unmeasurable
from cnncalc.errors import SpecError
from cnncalc.network import build
from cnncalc.spec.decode import read_spec
from cnncalc.sweeps.designs import INPUT, NUMBERS, Study, Sweep, locate_specs
from cnncalc.sweeps.space import GRID, RANDOM, Space, SweepAxis
from cnncalc.syntax.expressions import Value

# Fields and memory take most of the time; `test_all_quantities` has them.
QUICK = ("params", "buffers", "macs", "flops", "activations", "depth", "layers")
# A few of them, and all in a long run.
NAMES = bundled.names()
FILES = [pytest.param(name, marks=() if number % 9 == 0 else pytest.mark.long) for number, name in enumerate(NAMES)]


def texts_for(value: Value, random: Random) -> list[str]:
    """Values for a variable that has this one: some that fit, and some that do not."""
    if isinstance(value, bool):
        return ["true", "false"]
    if isinstance(value, int):
        return [str(each) for each in random.sample((0, 1, 2, 3, 7, value, 2 * value, value + 1, -1), 4)]
    if isinstance(value, tuple) and value and all(type(each) is int for each in value):
        changed = [random.choice((each, each + 1, 2 * each)) for each in value]
        return [str(list(value)), str(changed), str(list(value[:-1]))]
    return ["0.5", "1.25", "'relu'"]


def random_space(name: str, random: Random) -> Space:
    """A space over some variables of a network and its input."""
    spec = read_spec(name)
    values = build.variables_of(spec, [])
    chosen = random.sample(sorted(values), min(len(values), random.randint(1, 3)))
    axes = [SweepAxis(variable, texts_for(values[variable], random)) for variable in chosen]
    if random.random() < 0.5 or not axes:
        axes.append(SweepAxis(INPUT, [str(random.choice((1, 32, 64, 97, 224))), str(random.choice((31, 128)))]))
    random.shuffle(axes)
    return Space(tuple(axes), RANDOM, 8, random.randint(0, 99))


def loaded(name: str, design: tuple[tuple[str, str], ...]) -> build.LayerGraph:
    """The network of a design, read anew."""
    settings = [(variable, text) for variable, text in design if variable != INPUT]
    size = dict(design).get(INPUT, "")
    inputs = []
    if size:
        own = read_spec(name, settings).inputs
        shapes = {key: template.evaluate(build.variables_of(read_spec(name, settings), [])) for key, template in own}
        for key, shape in shapes.items():
            assert isinstance(shape, tuple)
            sizes = [str(shape[0]), *[size] * (len(shape) - 1)]
            inputs.append(("" if len(shapes) == 1 else key, "x".join(sizes)))
    return build.load(name, settings, inputs)


def expected(network: build.LayerGraph, columns: tuple[str, ...]) -> tuple[object, ...]:
    """The figures as `check` and `compare` compute them."""
    found: list[object] = []
    for column in columns:
        try:
            if column == "field":
                found.append(max(largest_field(network) or (), default=None))
            else:
                found.append(Measures(network).of_network(column))
        except (Unmeasurable, SpecError):
            found.append(None)
    return tuple(found)


@pytest.mark.parametrize("name", FILES)
def test_random_spaces(name: str) -> None:
    random = Random(f"{name} 1")
    space = random_space(name, random)
    study = Study(locate_specs([name]), space, QUICK)
    names = [axis.name for axis in space.axes]
    for design in Sweep(study).designs():
        values = tuple(zip(names, design.values, strict=True))
        try:
            network = loaded(name, values)
        except SpecError as error:
            problem = error.problems[0]
            # A size of the sweep has no place where sizes of `load` have one.
            assert problem.message in design.reason, values
            assert design.figures == ()
        else:
            assert (design.figures, design.reason) == (expected(network, QUICK), ""), values


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "siamese", "crnn", "ssd300_vgg16", "mobilenet_v2"])
def test_all_quantities(name: str) -> None:
    axes = (SweepAxis(INPUT, ["64", "96"]),) if name != "crnn" else (SweepAxis("hidden", ["8", "16"]),)
    study = Study(locate_specs([name]), Space(axes, GRID), NUMBERS)
    for design in Sweep(study).designs():
        try:
            network = loaded(name, ((axes[0].name, design.values[0]),))
        except SpecError:
            assert design.reason
        else:
            assert design.figures == expected(network, NUMBERS)
