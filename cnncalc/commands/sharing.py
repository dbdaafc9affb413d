from __future__ import annotations

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.reports.sharing import COLUMNS, SharingView, sharing_table


@click.command("sharing", short_help="Show what parameter sharing saves.")
@_options.spec_argument
@_options.columns_option(COLUMNS, note=" By default those that differ in the network.")
@_options.depth_option()
@_options.language_option
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
