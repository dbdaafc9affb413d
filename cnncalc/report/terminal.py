"""Tables as aligned text: plain where the output is no terminal, fitted and styled by rich where it is."""

from __future__ import annotations

from typing import IO, NamedTuple

from cnncalc.report.format import plain
from cnncalc.report.table import Column, Line, Table, text

GAP = "  "
LONGEST_KEPT_NAME = 24
ELLIPSIS = "…"
RULE = "─"
ASCII = str.maketrans({ELLIPSIS: "~", RULE: "-"})


class Styled(NamedTuple):
    """A line of text and how it is shown."""

    text: str
    style: str = ""


def write(table: Table, file: IO[str], *, color: str = "auto") -> None:
    """Write a table to fit the terminal; `color` is auto, always or never (auto respects NO_COLOR)."""
    if not file.isatty() and color != "always":
        file.writelines(f"{_writable(line.text, file)}\n" for line in layout(table, None))
        return
    # Only a terminal needs rich: a pipe is served without waiting for its import.
    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=file,
        force_terminal=True if color == "always" else None,
        no_color=True if color == "never" else None,
        color_system="auto" if color == "auto" else "standard",
        highlight=False,
    )
    for line in layout(table, console.width if file.isatty() else None):
        console.print(Text(_writable(line.text, file), style=line.style if color != "never" else ""), soft_wrap=True)


def _writable(line: str, file: IO[str]) -> str:
    """The line with the signs of its frame in ASCII where the output has no others."""
    if "utf" in (getattr(file, "encoding", None) or "utf-8").lower():
        return line
    return line.translate(ASCII)


def layout(table: Table, width: int | None) -> list[Styled]:
    """The lines of a table, at most `width` columns wide where there is a width to keep to."""
    shown, missing = _fitting(table, width)
    lines = [Styled(line, "bold") for line in wrapped(table.title, width)] if table.title else []
    lines += [Styled(line, "dim") for words in table.subtitle for line in wrapped(words, width)]
    if lines:
        lines.append(Styled(""))
    lines += _grid(table, shown, width)
    if table.notes:
        lines.append(Styled(""))
    labelled = max((columns_of(label) for label, _ in table.notes), default=0) + len(GAP)
    for label, note in table.notes:
        indent = labelled if label else 0
        rest = None if width is None else width - indent
        for number, line in enumerate(wrapped(note, rest)):
            start = label if number == 0 else ""
            lines.append(Styled(f"{start}{' ' * (indent - columns_of(start))}{line}"))
    if missing:
        names = ", ".join(column.key for column in missing)
        lines += [Styled(line, "dim") for line in wrapped(table.left_out.format(columns=names), width)]
    return lines


def _grid(table: Table, shown: list[int], width: int | None) -> list[Styled]:
    """The header, a rule and the rows."""
    cells = [[_cell(line, number, shown[0]) for number in shown] for line in table.lines]
    headers = [table.columns[number].header for number in shown]
    widths = [max(map(columns_of, column)) for column in zip(headers, *cells, strict=True)]
    if width is not None:
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


def _row(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    padded = []
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        kept = _cut(cell, width)
        space = " " * (width - columns_of(kept))
        padded.append(f"{space}{kept}" if right else f"{kept}{space}")
    return GAP.join(padded).rstrip()


def _fitting(table: Table, width: int | None) -> tuple[list[int], list[Column]]:
    """The columns that fit, by their positions, and those left out; only a long name is cut."""
    shown = list(range(len(table.columns)))
    if width is None:
        return shown, []
    widths = []
    for number, column in enumerate(table.columns):
        longest = max((columns_of(_cell(line, number, 0)) for line in table.lines), default=0)
        widths.append(max(columns_of(column.header), min(longest, LONGEST_KEPT_NAME) if number == 0 else longest))
    missing: list[Column] = []
    while sum(widths[number] + len(GAP) for number in shown) - len(GAP) > width:
        droppable = [number for number in shown if table.columns[number].drop]
        if not droppable:
            break
        worst = max(droppable, key=lambda number: table.columns[number].drop)
        shown.remove(worst)
        missing.append(table.columns[worst])
    return shown, missing


def _cell(line: Line, number: int, first: int) -> str:
    """A cell's text; the first column shows the level in the tree."""
    words = plain(text(line.cells[number]))
    return f"{GAP * line.indent}{words}" if number == first else words


def _cut(words: str, width: int) -> str:
    """Text cut to a width, with an ellipsis where something is missing."""
    if columns_of(words) <= width:
        return words
    while columns_of(words) > width - 1:
        words = words[:-1]
    return f"{words}{ELLIPSIS}"


def wrapped(words: str, width: int | None) -> list[str]:
    """A sentence in lines of at most `width` columns."""
    words = plain(words)
    if width is None or columns_of(words) <= width:
        return [words]
    if columns_of(words) > len(words):
        return _wrapped_wide(words, max(width, 20))
    from textwrap import wrap

    return wrap(words, max(width, 20))


def _wrapped_wide(words: str, width: int) -> list[str]:
    """Text with East Asian wide characters in lines: between any two of them a line may end, but a stop
    or a closing bracket stays with what is before it, and an opening one with what follows.
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
    """How many columns of a terminal a text takes: two for each East Asian wide character, none for a mark."""
    if words.isascii():
        return len(words)
    import unicodedata

    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in words
    )
