"""Columns, rows and descriptions of changes for the tables of a difference."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import zip_longest

from cnncalc.analyses.alignment import Match
from cnncalc.analyses.diff import Kind, LayerChange, SettingChange
from cnncalc.analyses.totals import Totals
from cnncalc.analyses.tree import Figure
from cnncalc.errors import listed
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import NONE, Cell, Column, Line, text, to_cell
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import Layer
from cnncalc.record import Record
from cnncalc.reports.network_table import quantity_columns
from cnncalc.spec.quantities import MEMORIES, SUMS
from cnncalc.syntax.expressions import decimal
from cnncalc.text import Share, percent, several

PERCENTS = {
    "params": Column("params_percent", "% params", numeric=True, drop=4),
    "macs": Column("macs_percent", "% MACs", numeric=True, drop=4),
}
COLUMNS = (
    Column("layer", "layer"),
    Column("type", "type", drop=6),
    Column("change", "change"),
    *quantity_columns({"params": 0, "macs": 1, "activations": 3}, PERCENTS),
)
BY_KEY = {column.key: column for column in COLUMNS}
DEFAULT_COLUMNS = ("layer", "change", "params", "params_percent", "macs", "macs_percent", "activations")
# In a narrow terminal: the longest names, and the shortest descriptions.
LONGEST_NAME = 24
NARROWEST_CHANGE = 24
WIDE_CHANGE = 40


class DiffView(Record):
    """The options of a difference. `everything` folds nothing; `width` is that of the terminal, 0 for any.

    `notes` follow the title.
    """

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    everything: bool = False
    batch: int = 1
    dtype: str = "float32"
    arrow: str = "->"
    width: int = 0
    notes: tuple[str, ...] = ()

    @property
    def of_layers(self) -> tuple[str, ...]:
        """The columns without those that only networks have."""
        return tuple(key for key in self.columns if key not in MEMORIES)


class DiffRow(Record):
    """A row before layout. Without a figure it has no numbers, because the rows below it have them."""

    name: str
    kind: str
    words: Sequence[str]
    figure: Figure | None
    indent: int = 0
    heading: bool = False
    faint: bool = False


def lines_of(rows: Sequence[DiffRow], totals: Totals, view: DiffView) -> tuple[Line, ...]:
    """The lines of rows; percentages refer to the totals. In a narrow terminal, long texts take several lines."""
    lines = tuple(Line(_cells(row, totals, view), row.indent, row.heading, row.faint) for row in rows)
    keys = view.of_layers
    if not view.width or "change" not in keys:
        return lines
    widths = {
        key: max(
            (len(str(line.cells[place] or "")) + (2 * line.indent if key == "layer" else 0) for line in lines),
            default=0,
        )
        for place, key in enumerate(keys)
    }
    natural = {key: max(widths[key], len(BY_KEY[key].header)) for key in keys}
    if sum(natural.values()) + 2 * (len(keys) - 1) <= view.width:
        return lines
    # All columns if that leaves room for text, else those with the lowest `drop`.
    needed = ({key for key in keys if key != "change"}, {"layer", "params", "macs"})
    rooms = [
        view.width
        - sum(2 + max(min(widths[key], LONGEST_NAME), len(BY_KEY[key].header)) for key in keys if key in kept)
        for kept in needed
    ]
    room = max(rooms[0] if rooms[0] >= WIDE_CHANGE else rooms[1], NARROWEST_CHANGE)
    if widths["change"] <= room and widths.get("layer", 0) <= LONGEST_NAME:
        return lines
    folded: list[Line] = []
    for row in rows:
        texts = _wrapped(row.words, room) or [""]
        names = _broken(row.name, LONGEST_NAME - 2 * row.indent)
        first = row._replace(name=names[0], words=texts[:1])
        folded.append(Line(_cells(first, totals, view), row.indent, row.heading, row.faint))
        for name, more in zip_longest(names[1:], texts[1:]):
            cells = tuple({"change": more, "layer": name}.get(key) for key in keys)
            folded.append(Line(cells, row.indent if name else 0, row.heading, row.faint))
    return tuple(folded)


def columns_of(view: DiffView, first: str) -> tuple[Column, ...]:
    """The selected columns; the header of the names is `first`."""
    columns = (BY_KEY[key] for key in view.of_layers)
    return tuple(column._replace(header=first) if column.key == "layer" else column for column in columns)


def _cells(row: DiffRow, totals: Totals, view: DiffView) -> tuple[Cell, ...]:
    return tuple(_cell(key, row, totals, view) for key in view.of_layers)


def _cell(key: str, row: DiffRow, totals: Totals, view: DiffView) -> Cell:
    if key == "layer":
        return row.name
    if key == "type":
        return row.kind
    if key == "change":
        return ", ".join(row.words)
    if row.figure is None:
        return None
    quantity = SUMS[key.removesuffix("_percent")]
    if quantity.key == key:
        return signed(quantity.amount(row.figure, view.batch, DTYPES[view.dtype]), quantity.unit)
    return signed_percent(quantity.amount(row.figure), quantity.amount(totals)) or NONE


def _broken(name: str, width: int) -> list[str]:
    """A long name in lines that end before a dot or at a space."""
    lines: list[str] = []
    for part in re.findall(r"\s*(?:\.\.|[^.\s])+|\s*\.[^.\s]*|\s+", name):
        if lines and len(lines[-1]) + len(part) > width and lines[-1].strip(" +~-"):
            lines.append(f"    {part.strip()}")
        elif lines:
            lines[-1] += part
        else:
            lines.append(part)
    return lines or [name]


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    """Texts on one line if they fit; else each on its own lines."""
    joined = ", ".join(words)
    if not width or len(joined) <= width:
        return [joined] if joined else []
    lines: list[str] = []
    for thing in words:
        line = ""
        for word in thing.split(" "):
            if line and len(line) + 1 + len(word) > width:
                lines.append(line)
                line = f" {word}"
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


# --- words ----------------------------------------------------------------------------------------


def signed(number: int, unit: str = "") -> str:
    """A difference: +27,680, or -1.2 MiB."""
    return f"{'+' if number > 0 else '-'}{text(to_cell(abs(number), unit))}" if number else NONE


def signed_percent(number: int, whole: int) -> str:
    """A difference as a percentage of the old value: +5.2; empty if both are 0."""
    if not number or not whole:
        return ""
    share = percent(Share(abs(number), whole))
    sign = "+" if number > 0 else "-"
    return f"{sign}{share}"


def value_text(value: object) -> str:
    """A decoded setting in the notation of specs."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return decimal(value) if isinstance(value, int | Fraction) else str(value)


def label(names: Sequence[str]) -> str:
    """Several names as one: conv4_7..23 x17, conv2_1..3.residual.conv x3; else the first and the last."""
    if len(names) == 1:
        return names[0]
    first, last = names[0].split("."), names[-1].split(".")
    apart = [place for place, (one, two) in enumerate(zip(first, last, strict=False)) if one != two]
    if len(first) == len(last) and len(apart) == 1:
        place = apart[0]
        numbers = re.search(r"[0-9]+$", last[place])
        end = last[place]
        if numbers and first[place].rstrip("0123456789") == end[: numbers.start()]:
            end = numbers.group()
        return f"{'.'.join((*first[:place], f'{first[place]}..{end}', *first[place + 1 :]))} x{len(names)}"
    return f"{names[0]} .. {names[-1]} x{len(names)}"


def segments(roots: Iterable[Match]) -> list[str]:
    """The nodes that were added or removed, with equal neighbors merged."""
    runs: list[list[Match]] = []
    for root in roots:
        before = runs[-1][0] if runs else None
        same = before is not None and (before.new is None) == (root.new is None)
        if before is not None and same and before.node.kind == root.node.kind and _family(before) == _family(root):
            runs[-1].append(root)
        else:
            runs.append([root])
    return [label([root.node.name for root in run]) for run in runs]


def _family(match: Match) -> str:
    """A name without the number at its end."""
    return match.node.name.rstrip("0123456789").rstrip("_")


def first_of(words: Sequence[str], most: int = 2) -> str:
    """The first items of a list, and the number of others."""
    if len(words) <= most + 1:
        return listed(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"


def reached_in(names: Sequence[str]) -> str:
    """The layers in which a change has costs."""
    return f"in {listed(names)}" if len(names) <= 2 else f"in {len(names)} layers"


# --- descriptions of changes ----------------------------------------------------------------------


class Wording:
    """Describes changes; `arrow` is between the old and the new value."""

    def __init__(self, arrow: str) -> None:
        self.arrow = arrow

    def pair(self, old: str, new: str) -> str:
        return f"{old} {self.arrow} {new}"

    def of(self, change: LayerChange, *, shapes: bool = True) -> list[str]:
        """The description of a layer's change."""
        layer = change.layer
        if change.old is None or change.new is None:
            return [described(layer), *([f"output {shape(layer.output_shape)}"] if shapes else [])]
        words = [self.pair(change.old.type, change.new.type)] if change.retyped else []
        words += [self.setting(each) for each in change.settings]
        if change.renamed or change.regrouped:
            words.append(f"was {change.old.name if change.regrouped else change.old.name.rpartition('.')[2]}")
        if change.moved:
            words.append(f"moved: reads {several(change.new.inputs)}")
        if change.rewired:
            words.append(f"reads {self.pair(several(change.old.inputs), several(change.new.inputs))}")
        if change.shared:
            owner = change.new.weights_from
            words.append(f"shares the weights of {owner}" if owner else "has its own weights now")
        if change.in_training_changed:
            words.append("now in training only" if change.new.training_only else "now also at inference")
        if change.is_freezing_changed:
            words.append("frozen now" if change.new.frozen else "no longer frozen")
        return words + (self._shapes(change, change.old, change.new) if shapes else [])

    def setting(self, change: SettingChange) -> str:
        return f"{change.name} {self.pair(value_text(change.old), value_text(change.new))}"

    def _shapes(self, change: LayerChange, old: Layer, new: Layer) -> list[str]:
        if old.output_shape != new.output_shape:
            return [f"output {self.pair(shape(old.output_shape), shape(new.output_shape))}"]
        if change.kind is not Kind.CONSEQUENCE:
            return []
        for one, two in zip(old.input_shapes, new.input_shapes, strict=False):
            if one != two:
                return [f"input {self.pair(shape(one), shape(two))}"]
        if change.difference.training.activations > 0:
            return ["no longer in place, because other layers read its input"]
        return ["now in place, because no other layer reads its input"]


def described(layer: Layer) -> str:
    """A layer's type with the settings that are not their defaults."""
    kind = layer.figures.type
    told = [
        f"{name} {value_text(value)}"
        for name, value in layer.settings.items()
        if kind.settings[name].required or value != kind.settings[name].default
    ]
    return f"{layer.type}: {', '.join(told)}" if told else layer.type
