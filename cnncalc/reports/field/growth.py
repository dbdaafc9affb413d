"""How a receptive field grows along the widest path."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

from cnncalc.analyses.receptive_field import CENTER, DILATED_SIZE, SIZE, START, STRIDE, Path
from cnncalc.formats.document import Block, Heading, Paragraph, Working
from cnncalc.formats.shapes import window
from cnncalc.formats.table import Column, Line, Table
from cnncalc.layers.shapes import POINT, SlidingWindow
from cnncalc.text import exact, integer

if TYPE_CHECKING:
    from cnncalc.reports.field.layer import FieldOfLayer

# On longer paths, consecutive equal layers become one line.
MOST_STEPS = 40
# If there are more lines, those in the middle become one.
MOST_RUNS = 60
MANY_PATHS = 1_000_000
# The symbols of the formulas.
LETTERS = {
    "size": "r_0",
    "stride": "j_0",
    "start": "s_0",
    "kernel": "F",
    "step": "S",
    "before": "P",
    "dilation": "D",
}


def show_growth(subject: FieldOfLayer, name: str) -> Iterator[Block]:
    """The growth of the field along the widest path."""
    say, own = subject.say, subject.fields[name]
    if not own:
        return
    paths = [subject.found.path(subject.layer.name, name, axis) for axis in range(len(own))]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for axis, path in enumerate(paths):
        key = tuple((step.layer and step.layer.name, step.reach, _window(step, axis)) for step in path.steps())
        groups.setdefault(key, []).append(axis)
    for group in groups.values():
        axes = say.join([subject.axis(name, axis) for axis in group])
        title = say("grows") if len(groups) == 1 else say("grows_along", axis=axes)
        if subject.several:
            title = f"{title} ({name})"
        yield Heading(title)
        path, axis = paths[group[0]], group[0]
        steps = path.steps()
        layers = [step.layer.name for step in steps if step.layer]
        if not steps:
            yield Paragraph(say("nothing_grows"))
            continue
        workings = _work_out(subject, steps[-1], axis) if 0 in group else []
        if workings:
            symbols = "symbols_dilated" if workings[0].formula == DILATED_SIZE else "symbols"
            yield Paragraph(say(symbols, layer=layers[-1]))
            yield from workings
        count = subject.found.paths[subject.layer.name][name]
        words = say("one_path")
        if count != 1:
            many = say("many_paths") if count is None or count > MANY_PATHS else integer(count)
            words = say("widest", paths=many)
        yield Paragraph(words)
        yield _table_of_steps(subject, steps, axis, name)
        if path.reach.size < own[axis].size:
            yield Paragraph(say("union_wider", size=integer(own[axis].size), path=integer(path.reach.size)))


def _window(step: Path, axis: int) -> Any:
    """The window of a step along an axis, if it is a sliding kernel."""
    layer = step.layer
    if layer is None:
        return None
    readings = layer.figures.type.readings(layer.input_shapes, layer.output_shape)
    windows = readings[0].windows
    return windows[axis] if len(readings) == 1 and axis < len(windows) else None


def _work_out(subject: FieldOfLayer, step: Path, axis: int) -> list[Working]:
    """The formulas with the numbers of one step; empty if they do not fully describe it."""
    slid = _window(step, axis)
    before = step.before
    if not isinstance(slid, SlidingWindow) or before is None or before.reach.period > 1 or None in step.reach.lows:
        return []
    start, after = before.reach.at(0), step.reach.at(0)
    if start is None or after is None:
        return []
    values: dict[str, Any] = {
        "size": before.reach.size,
        "stride": before.reach.stride,
        "start": start[0],
        "kernel": slid.kernel,
        "step": slid.stride,
        "before": slid.before,
        "dilation": slid.dilation,
    }
    size = SIZE if slid.dilation == 1 else DILATED_SIZE
    own = {"size": step.reach.size, "start": after[0]}
    say = subject.say
    return [
        Working(say("symbol_size"), size, values, integer(step.reach.size), LETTERS),
        Working(say("symbol_stride"), STRIDE, values, exact(step.reach.stride), LETTERS),
        Working(say("symbol_start"), START, values, integer(after[0]), LETTERS),
        Working(say("symbol_center"), CENTER, own, exact(Fraction(sum(after), 2)), {"size": "r", "start": "s"}),
    ]


def _table_of_steps(subject: FieldOfLayer, steps: list[Path], axis: int, name: str) -> Table:
    """The layers of a path with the growth of each."""
    say = subject.say
    keys = ("layer", "window", "adds", "size", "stride", "start")
    columns = tuple(Column(key, say(key), numeric=key not in keys[:2], drop=key == "window") for key in keys)
    runs = [[step] for step in steps]
    if len(steps) > MOST_STEPS:
        runs = _runs(steps, lambda step: (step.layer and step.layer.type, _window(step, axis)))
    if len(runs) > MOST_RUNS:
        half = MOST_RUNS >> 1
        runs = [*runs[:half], list(chain.from_iterable(runs[half:-half])), *runs[-half:]]
    lines = [Line((say("input") if not subject.several else name, "", "", "1", "1", "0"))]
    lines += [_line_of_run(subject, run, axis) for run in runs]
    return Table("", (), columns, tuple(lines), (), say("left_out", columns="{columns}"))


def _line_of_run(subject: FieldOfLayer, run: list[Path], axis: int) -> Line:
    """The growth by one layer, or by several of one kind."""
    say, last = subject.say, run[-1]
    layer, before = last.layer, run[0].before
    if layer is None or before is None:
        raise TypeError("an input is no step")
    name = layer.name
    if len(run) > 1 and run[0].layer is not None:
        name = say("to", first=run[0].layer.name, last=layer.name, count=len(run))
    slid = _window(last, axis)
    more, pace = last.reach.size - before.reach.size, before.reach.stride
    adds = integer(more) if more > 0 else ""
    if isinstance(slid, SlidingWindow) and len(run) == 1 and more and more == (slid.extent - 1) * pace:
        adds = f"{slid.extent - 1} × {exact(pace)} = {integer(more)}"
    start = last.reach.at(0)
    numbers = (integer(last.reach.size), exact(last.reach.stride), integer(start[0]) if start else "")
    windows = layer.figures.type.windows(layer.input_shapes) if "kernel" in layer.settings else ()
    whole = not last.reach.advance and last.reach.period == 1 and slid != POINT
    one_window = len({_window(step, axis) for step in run}) == 1
    slides = say("reads_whole") if whole else window(windows) if one_window else ""
    return Line((name, slides, adds, *numbers))


def _runs(steps: list[Path], key: Any) -> list[list[Path]]:
    """Consecutive equal steps, grouped."""
    runs: list[list[Path]] = []
    for step in steps:
        if runs and key(runs[-1][-1]) == key(step) and runs[-1][-1].reach.stride == step.reach.stride:
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs
