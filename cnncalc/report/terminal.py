"""Tables on a terminal, through rich; plain text of any width where the output is no terminal."""

from __future__ import annotations

from typing import IO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from cnncalc.report.format import plain
from cnncalc.report.table import Column, Table, text

PIPED_WIDTH = 100_000
GAP = 2
NARROWEST_NAME = 24


def write(table: Table, file: IO[str], *, color: str = "auto") -> None:
    """Write a table to fit the terminal; `color` is auto, always or never (auto respects NO_COLOR)."""
    console = _console(file, color)
    shown, missing = _fitting(table, console.width)
    with console.capture() as capture:
        if table.title:
            console.print(Text(plain(table.title), style="bold"))
        for line in table.subtitle:
            console.print(Text(plain(line), style="dim"))
        console.print()
        console.print(_rich_table(table, shown, console.width))
        console.print()
        _print_notes(console, table)
        if missing:
            names = ", ".join(column.key for column in missing)
            left_out = f"left out at this width: {names}; --columns chooses, a wider terminal shows all"
            console.print(Text(left_out, style="dim"))
    file.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _print_notes(console: Console, table: Table) -> None:
    """The labelled notes as two columns, then the sentences."""
    notes = RichTable.grid(padding=(0, GAP, 0, 0))
    notes.add_column(no_wrap=True, style="dim")
    notes.add_column()
    for label, note in table.notes:
        if label:
            notes.add_row(Text(label), Text(plain(note)))
    if notes.row_count:
        console.print(notes)
    for label, note in table.notes:
        if not label:
            console.print(Text(plain(note)))


def _console(file: IO[str], color: str) -> Console:
    terminal = file.isatty()
    return Console(
        file=file,
        width=None if terminal else PIPED_WIDTH,
        force_terminal=True if color == "always" else None,
        no_color=True if color == "never" else None,
        color_system=None if color == "never" else "standard" if color == "always" else "auto",
        markup=False,
        emoji=False,
        highlight=False,
    )


def _fitting(table: Table, width: int) -> tuple[list[int], list[Column]]:
    """The columns that fit, by their positions, and those left out."""
    shown = list(range(len(table.columns)))
    missing: list[Column] = []
    widths = [_natural(table, number) for number in shown]
    if shown:
        # A long name can be cut; anything else would be wrong.
        widths[0] = min(widths[0], NARROWEST_NAME)
    while sum(widths[number] + GAP for number in shown) - GAP > width:
        droppable = [number for number in shown if table.columns[number].drop]
        if not droppable:
            break
        worst = max(droppable, key=lambda number: table.columns[number].drop)
        shown.remove(worst)
        missing.append(table.columns[worst])
    return shown, missing


def _natural(table: Table, number: int) -> int:
    cells = (cell_len(_cell(line.cells[number], line.indent if number == 0 else 0)) for line in table.lines)
    return max((cell_len(table.columns[number].header), *cells))


def _cell(cell: object, indent: int) -> str:
    return f"{'  ' * indent}{plain(text(cell))}"  # type: ignore[arg-type]


def _rich_table(table: Table, shown: list[int], width: int) -> RichTable:
    rich_table = RichTable(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0), header_style="bold"
    )
    others = sum(GAP + _natural(table, number) for number in shown[1:])
    for number in shown:
        column = table.columns[number]
        first = number == shown[0]
        rich_table.add_column(
            column.header,
            justify="right" if column.numeric else "left",
            no_wrap=True,
            overflow="ellipsis",
            max_width=max(width - others, NARROWEST_NAME) if first else None,
        )
    for line in table.lines:
        style = "dim" if line.faint else "bold" if line.heading else ""
        cells = [Text(_cell(line.cells[number], line.indent if number == shown[0] else 0)) for number in shown]
        rich_table.add_row(*cells, style=style)
    return rich_table
