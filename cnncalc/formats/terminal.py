"""Tables as aligned text: plain in files and pipes, fitted and styled by rich in a terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import IO, Literal

from cnncalc.formats.table import Cell, Column, Line, Measured, Table, text
from cnncalc.record import Record
from cnncalc.text import Share, plain

GAP = "  "
LONGEST_KEPT_NAME = 24
ELLIPSIS = "…"
RULE = "─"
# A cell of a bar by its filled eighths.
EIGHTHS = " ▏▎▍▌▋▊▉█"
# The partial cells of upright bars.
UPRIGHT = "▁▂▃▄▅▆▇"
BARS = re.compile(f"([{EIGHTHS[1:]}{UPRIGHT}]+)")
NARROWEST_BAR, WIDEST_BAR = 8, 24
LOW, HIGH = dict.fromkeys("▏▎▍▁▂▃▄", "."), dict.fromkeys("▌▋▊▉█▅▆▇", "#")
# The axes of plots.
AXES = {"┤": "|", "│": "|", "┼": "+"}
ASCII = str.maketrans({ELLIPSIS: "~", RULE: "-", **LOW, **HIGH, **AXES})


class Styled(Record):
    """A line of text, or a part of a line, with its style."""

    text: str
    style: str = ""


def write(table: Table, file: IO[str], *, color: str = "auto") -> None:
    """Write a table to fit the terminal; `color` is auto, always or never."""
    write_lines((_runs(line) for line in layout(table, width_of(file))), file, color=color)


def _runs(line: Styled) -> list[Styled]:
    """The parts of a table's line: bars have their own color."""
    parts = enumerate(BARS.split(line.text))
    return [Styled(part, f"{line.style} cyan" if place % 2 else line.style) for place, part in parts if part]


def write_lines(lines: Iterable[Sequence[Styled]], file: IO[str], *, color: str = "auto") -> None:
    """Write lines of styled parts; `color` is auto, always or never."""
    if not is_styled(file, color):
        file.writelines(f"{_writable(''.join(part.text for part in line), file)}\n" for line in lines)
        return
    # Only styles need rich: plain text is written without its slow import.
    from rich.console import Console
    from rich.text import Text

    system: Literal["auto", "standard"] = "auto" if color == "auto" and file.isatty() else "standard"
    console = Console(file=file, force_terminal=True, no_color=False, color_system=system, highlight=False)
    for line in lines:
        words = Text.assemble(*((_writable(part.text, file), part.style) for part in line))
        try:
            console.print(words, soft_wrap=True)
        except SystemExit:
            # rich ends the program if its reader is gone; our code sets the status.
            raise BrokenPipeError from None


def is_styled(file: IO[str], color: str) -> bool:
    """Whether an output gets colors and other styles.

    If `color` is auto, a nonempty NO_COLOR turns styles off, else a nonempty FORCE_COLOR turns them on, else a
    terminal has them unless TERM is `dumb`.
    """
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (file.isatty() and os.environ.get("TERM") != "dumb")


def width_of(file: IO[str]) -> int | None:
    """The width of a terminal; None for other outputs."""
    if not file.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def _writable(line: str, file: IO[str]) -> str:
    """The line with its frame in ASCII if the output cannot encode it."""
    if "utf" in (getattr(file, "encoding", None) or "utf-8").lower():
        return line
    return line.translate(ASCII)


def layout(table: Table, width: int | None) -> list[Styled]:
    """The lines of a table, at most `width` columns wide if there is a width."""
    shown, missing, bars = _fitting(table, width)
    lines = [Styled(line, "bold") for line in wrapped(table.title, width)] if table.title else []
    lines += [Styled(line, "dim") for words in table.subtitle for line in wrapped(words, width)]
    if lines:
        lines.append(Styled(""))
    lines += _grid(table, shown, bars, width)
    if table.notes:
        lines.append(Styled(""))
    labeled = max((columns_of(label) for label, _ in table.notes), default=0) + len(GAP)
    for label, note in table.notes:
        indent = labeled if label else 0
        rest = None if width is None else width - indent
        for number, line in enumerate(wrapped(note, rest)):
            start = label if number == 0 else ""
            lines.append(Styled(f"{start}{' ' * (indent - columns_of(start))}{line}"))
    if missing:
        names = ", ".join(column.key for column in missing)
        lines += [Styled(line, "dim") for line in wrapped(table.left_out.format(columns=names), width)]
    return lines


def _grid(table: Table, shown: list[int], bars: dict[int, int], width: int | None) -> list[Styled]:
    """The header, a rule and the rows; `bars` has the width of a column's bars."""
    cells = [[_cell(line, number, shown[0]) for number in shown] for line in table.lines]
    headers = [plain(table.columns[number].header) for number in shown]
    for place, number in enumerate(shown):
        if number in bars:
            numbers = max(columns_of(headers[place]), *(columns_of(row[place]) for row in cells))
            headers[place] = f"{headers[place]:>{numbers}} {'':{bars[number]}}"
            for line, row in zip(table.lines, cells, strict=True):
                row[place] = f"{row[place]:>{numbers}} {_bar(line.cells[number], bars[number]):{bars[number]}}"
    widths = [max(map(columns_of, column)) for column in zip(headers, *cells, strict=True)]
    if width is not None:
        _shrink(widths, [table.columns[number].least for number in shown], width)
        others = sum(widths[1:]) + len(GAP) * (len(widths) - 1)
        widths[0] = min(widths[0], max(width - others, 1))
    numeric = [table.columns[number].numeric for number in shown]
    lines = [
        Styled(_row(headers, widths, numeric), "bold"),
        Styled(RULE * (sum(widths) + len(GAP) * (len(widths) - 1)), "dim"),
    ]
    for line, row in zip(table.lines, cells, strict=True):
        style = "dim" if line.faint else "bold" if line.heading else ""
        lines.append(Styled(_row(row, widths, numeric), style))
    return lines


def _shrink(widths: list[int], least: list[int], width: int) -> None:
    """Narrow columns as far as allowed, the widest first, until all fit."""
    over = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for _ in range(over):
        shrinkable = [place for place, narrowest in enumerate(least) if 0 < narrowest < widths[place]]
        if not shrinkable:
            return
        widths[max(shrinkable, key=lambda place: widths[place])] -= 1


def _row(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    padded = []
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        taken = columns_of(cell)
        if taken > width:
            cell = _cut(cell, width)  # noqa: PLW2901
            taken = columns_of(cell)
        space = " " * (width - taken)
        padded.append(f"{space}{cell}" if right else f"{cell}{space}")
    return GAP.join(padded).rstrip()


class _Fit(Record):
    """The positions of columns that fit, the hidden columns, and the widths of bars."""

    shown: list[int]
    missing: list[Column]
    bars: dict[int, int]


def _fitting(table: Table, width: int | None) -> _Fit:
    """The columns that fit; only long names and texts of columns that allow it are shortened."""
    if width is None:
        return _Fit(list(range(len(table.columns))), [], {})
    full = [
        max(columns_of(plain(column.header)), *(columns_of(_cell(line, number, 0)) for line in table.lines), 0)
        for number, column in enumerate(table.columns)
    ]
    least = [min(wide, column.least or wide) for wide, column in zip(full, table.columns, strict=True)]
    least[0] = max(columns_of(plain(table.columns[0].header)), min(full[0], LONGEST_KEPT_NAME))
    barred = [
        number
        for number, column in enumerate(table.columns)
        if column.bars and any(_part(line.cells[number]) for line in table.lines)
    ]
    shown = _kept(table.columns, least, barred, width)
    if shown is None:
        barred = []
        shown = _kept(table.columns, least, barred, width) or []
    missing = [column for number, column in enumerate(table.columns) if number not in shown]
    missing.sort(key=lambda column: -column.drop)
    barred = [number for number in barred if number in shown]
    # Shortened texts take the remaining space before bars.
    room = width - sum(full[number] + len(GAP) for number in shown) + len(GAP) - len(barred)
    bar = min(max(divmod(room, len(barred))[0], NARROWEST_BAR), WIDEST_BAR) if barred else 0
    return _Fit(shown, missing, dict.fromkeys(barred, bar))


def _kept(columns: tuple[Column, ...], widths: list[int], barred: list[int], width: int) -> list[int] | None:
    """The remaining columns after hiding some; None if bars must be hidden first."""
    shown = list(range(len(columns)))
    while True:
        bars = [number for number in shown if number in barred]
        taken = sum(widths[number] + len(GAP) for number in shown) - len(GAP) + len(bars) * (NARROWEST_BAR + 1)
        if taken <= width:
            return shown
        worst = max(shown, key=lambda number: columns[number].drop)
        if bars and max(columns[number].bars for number in bars) >= columns[worst].drop:
            return None
        if not columns[worst].drop:
            return shown
        shown.remove(worst)


def _part(cell: Cell) -> tuple[int, int] | None:
    """The part and the whole of a bar."""
    if isinstance(cell, Share):
        return (cell.part, cell.whole) if cell.whole else None
    return (int(cell), cell.most) if isinstance(cell, Measured) and cell.most else None


def _bar(cell: Cell, width: int) -> str:
    """The bar of a cell, to an eighth of a column; a positive amount always shows."""
    part, whole = _part(cell) or (0, 1)
    eighths = min(divmod(16 * width * part + whole, 2 * whole)[0], 8 * width)
    full, rest = divmod(max(eighths, 1) if part else 0, 8)
    return f"{EIGHTHS[8] * full}{EIGHTHS[rest].strip()}"


def _cell(line: Line, number: int, first: int) -> str:
    """A cell's text; the first column shows the level in the tree."""
    words = plain(text(line.cells[number]))
    return f"{GAP * line.indent}{words}" if number == first else words


def _cut(words: str, width: int) -> str:
    """Text shortened to a width with an ellipsis."""
    if columns_of(words) <= width:
        return words
    while columns_of(words) > width - 1:
        words = words[:-1]
    return f"{words}{ELLIPSIS}"


def wrapped(words: str, width: int | None, *, break_long: bool = True) -> list[str]:
    """A sentence in lines of at most `width` columns; longer words are broken unless `break_long` is false."""
    words = plain(words)
    if width is None or columns_of(words) <= width:
        return [words]
    if columns_of(words) > len(words):
        return _wrapped_wide(words, max(width, 20))
    from textwrap import wrap

    # Not broken at hyphens, which options, files and networks have.
    return wrap(words, max(width, 20), break_on_hyphens=False, break_long_words=break_long)


def _wrapped_wide(words: str, width: int) -> list[str]:
    """Text with East Asian wide characters in lines, which may end between any two of them.

    A stop or a closing bracket stays with the character before it, an opening bracket with the one after it.
    """
    import re

    wide = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
    opening, closing = "（《“「", "，。；：、！？）》”」"
    lines, line = [], ""
    for part in re.findall(rf"\s+|[{opening}]*(?:[{wide}]|[^\s{wide}]+)[{closing}]*", words):
        if columns_of(line + part.rstrip()) > width and line:
            lines.append(line.rstrip())
            line = ""
        line += part if line else part.lstrip()
    return [*lines, line.rstrip()]


def columns_of(words: str) -> int:
    """The width of a text in a terminal: two columns for each East Asian wide character, none for a mark."""
    if words.isascii():
        return len(words)
    import unicodedata

    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in words
    )
