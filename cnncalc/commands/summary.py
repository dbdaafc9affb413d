from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.formats.shapes import LAYOUTS
from cnncalc.layers.shapes import DTYPES
from cnncalc.reports.network_table import ALL
from cnncalc.reports.summary import COLUMNS, DEFAULT_COLUMNS, SORTABLE, Options, summary

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Depth(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """A number of levels, or all."""

    name = "N|all"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:

        from cnncalc.commands import _completers

        return _completers.words(["all"], incomplete)

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "all":
            return ALL
        if isinstance(value, int) or (value.isdecimal() and len(value) < 10 and int(value) > 0):
            return int(value)
        return self.fail(f"{value!r} is neither a number of levels from 1 nor all", param, ctx)


@click.command("summary", short_help="The per-layer table of a network.")
@_options.spec_argument
@click.option(
    "--columns",
    type=_options.Words(tuple(column.key for column in COLUMNS), "column"),
    default=",".join(DEFAULT_COLUMNS),
    help=f"Columns to show: {', '.join(column.key for column in COLUMNS)}, or all.",
)
@click.option(
    "--depth",
    type=Depth(),
    default=0,
    help="Levels of rows to show: 1 folds every block, all opens every one.",
    metavar="N|all",
)
@click.option(
    "--sort", type=click.Choice(SORTABLE), default=None, help="The layers without their blocks, heaviest first."
)
@click.option("--top", type=click.IntRange(1), default=None, help="Only so many of the heaviest layers.")
@click.option("--layout", type=click.Choice(LAYOUTS), default=LAYOUTS[0], help="Shapes as 3x224x224 or 224x224x3.")
@_options.dtype_option
@_options.input_option
@_options.set_option
@_options.bounds_options
@_options.batch_option
@_options.format_option(*formats.TABLE)
@_options.output_option
@_options.color_option
def command(
    spec: str,
    columns: tuple[str, ...],
    depth: int,
    sort: str | None,
    top: int | None,
    layout: str,
    dtype: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int,
    form: str,
    output: str | None,
    color: str,
) -> None:
    """The per-layer table of a network: shapes, parameters and operations.

    A table of more than 50 rows folds its blocks; json and csv have every layer by its full name.
    """
    network = _options.load(spec, settings, inputs)

    def record() -> object:
        from cnncalc.reports.summary_records import summary_record

        return summary_record(network, batch=batch, dtype_size=DTYPES[dtype])

    options = Options(columns, depth, sort or "", top or 0, layout, batch, dtype, flat=form == "csv")
    _options.write_report(lambda: summary(network, options), form, output, record=record, color=color)
