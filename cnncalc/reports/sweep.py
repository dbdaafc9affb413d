"""The designs of a sweep as lines of CSV or JSON, one by one, or as a table of the first ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from cnncalc.errors import plural
from cnncalc.formats.csv import escape
from cnncalc.formats.json import dumps
from cnncalc.formats.table import Cell, Column, Line, Ordinal, Table, to_cell
from cnncalc.record import Record
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.spec.templates import INTEGER
from cnncalc.sweeps.designs import FIELD, SPECS, Design, value_of
from cnncalc.sweeps.space import NUMERAL, RANDOM, ZIP
from cnncalc.sweeps.study import SweepPlan
from cnncalc.text import integer, number

NUMBER = re.compile(NUMERAL)
# The formats that are written while the sweep runs.
STREAMS = ("csv", "jsonl")
FORMATS = ("table", *STREAMS)
# A table is for people: the first designs of a long sweep are enough.
MOST_SHOWN = 1_000
# A narrow terminal hides the last columns first, but never the values.
FIRST_DROPPED = 20
ADVICE = "write all of them with -o designs.csv"


def header(plan: SweepPlan, form: str) -> list[str]:
    """The lines before the designs."""
    return [",".join(map(escape, plan.keys))] if form == "csv" else []


def line_writer(plan: SweepPlan, form: str) -> Callable[[Design], str]:
    """The function that writes the line of a design."""
    if form == "csv":
        return lambda design: ",".join(
            [*map(_csv_value, (*design.values, *plan.figures(design))), escape(design.reason)]
        )
    keys = plan.keys
    return lambda design: dumps(dict(zip(keys, record_of(plan, design), strict=True)))


def _csv_value(value: str | int | None) -> str:
    return "" if value is None else escape(value) if isinstance(value, str) else str(value)


def record_of(plan: SweepPlan, design: Design) -> list[object]:
    """The values, the figures and the reason of a design, None where it has none."""
    axes = plan.study.space.axes
    values = [
        text if axis.name in SPECS else number(value_of(text)) for axis, text in zip(axes, design.values, strict=True)
    ]
    return [*values, *plan.figures(design), design.reason or None]


class SweepCounts(Record):
    """How many designs were computed, meet the condition and cannot be built, and how many rows remain."""

    seen: int
    met: int
    invalid: int
    kept: int


def sweep_table(plan: SweepPlan, designs: Sequence[Design], counts: SweepCounts) -> Table:
    """The first designs that a sweep keeps."""
    space = plan.study.space
    names = [axis.name for axis in space.axes]
    *keys, reason = plan.keys
    columns = [
        Column(name, name, all(NUMBER.fullmatch(design.values[place]) for design in designs))
        for place, name in enumerate(names)
    ]
    for place, (key, column) in enumerate(zip(keys[len(names) :], plan.shown, strict=True)):
        is_number = column == FIELD or not QUANTITIES[column].is_shape
        columns.append(Column(key, _label(column, key), is_number, FIRST_DROPPED + place))
    has_reasons = any(design.reason for design in designs)
    if has_reasons:
        columns.append(Column(reason, reason, least=30))
    lines = []
    for design in designs:
        cells: list[Cell] = [Ordinal(text) if INTEGER.match(text) else text for text in design.values]
        cells += [_cell(column, value) for column, value in zip(plan.shown, plan.figures(design), strict=True)]
        lines.append(Line((*cells, design.reason) if has_reasons else tuple(cells)))
    total = space.designs
    drawn = f"{integer(total)} of {integer(space.size)} designs, drawn with seed {space.seed}"
    what = (
        drawn if space.mode == RANDOM else f"{integer(total)} {'designs in pairs' if space.mode == ZIP else 'designs'}"
    )
    notes = [("", note) for note in _notes(plan, designs, counts)]
    specs = [reference for reference, _ in plan.study.specs]
    title = f"Sweep of {specs[0]}" if len(specs) == 1 else f"Sweep of {plural(len(specs), 'spec')}"
    return Table(title, (f"{what}: {' x '.join(names)}",), tuple(columns), tuple(lines), tuple(notes))


def _notes(plan: SweepPlan, designs: Sequence[Design], counts: SweepCounts) -> Iterator[str]:
    """What the rows are, and what they are not."""
    total = plan.study.space.designs
    if counts.seen < total:
        yield f"computed only the first {integer(counts.seen)} of {integer(total)}; {ADVICE}"
    if plan.where is not None:
        meet = "meets" if counts.met == 1 else "meet"
        yield f"{integer(counts.met)} of {integer(counts.seen)} {meet} the condition {plan.where.text}"
    if plan.objectives:
        goal = ", ".join(f"{'max' if one.sign < 0 else 'min'}:{one.quantity}" for one in plan.objectives)
        yield f"{integer(counts.kept)} on the Pareto front of {goal}"
    if len(designs) < counts.kept and counts.seen == total:
        yield f"shown are the first {integer(len(designs))} of {integer(counts.kept)}; {ADVICE}"
    if counts.invalid:
        yield f"{integer(counts.invalid)} cannot be built"


def _label(column: str, key: str) -> str:
    """The header of a figure, which differs from the names of the axes."""
    if column == FIELD or key != column:
        return key
    label = QUANTITIES[column].label
    return column if label == FIELD else label


def _cell(column: str, value: str | int | None) -> Cell:
    if value is None or isinstance(value, str) or column == FIELD:
        return value
    return to_cell(value, QUANTITIES[column].unit)
