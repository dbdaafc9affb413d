from __future__ import annotations

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.commands.summary import Depth
from cnncalc.languages import LANGUAGES
from cnncalc.reports.sharing import COLUMNS, SharingView, sharing_table


@click.command("sharing", short_help="Show what parameter sharing saves.")
@_options.spec_argument
@click.option(
    "--columns",
    type=_options.WordList(tuple(COLUMNS), "column"),
    default=(),
    help=f"Columns to show: {', '.join(COLUMNS)}, or all. By default those that differ in the network.",
)
@click.option(
    "--depth",
    type=Depth(),
    default=0,
    help="Show N levels of blocks: 1 folds every block, all unfolds every one.",
    metavar="N|all",
)
@click.option("--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], help="Language of the report.")
@_options.input_option
@_options.set_option
@_options.format_option(*formats.TABLE)
@_options.output_option
@_options.color_option
@_options.bounds_options
def command(
    spec: str,
    columns: tuple[str, ...],
    depth: int,
    language: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Show what parameter sharing saves: the parameters of each layer, current, unshared and fully connected.

    Where the network has such layers, also show it with full convolutions instead of grouped, depthwise and depthwise
    separable ones, and with separate weights in layers that share them. The formats csv and json have every layer.

    \b
    Examples:
      cnncalc sharing vgg16
      cnncalc sharing mobilenet_v1 --columns all --format csv
    """
    network = _options.load(spec, settings, inputs)

    def record() -> object:
        from cnncalc.reports.sharing_records import sharing_record

        return sharing_record(network)

    options = SharingView(columns, depth, language, exact=form == "csv")
    _options.write_report(lambda: sharing_table(network, options), form, output, record=record, color=color)
