from __future__ import annotations

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.formats.shapes import LAYOUTS
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import LayerGraph
from cnncalc.reports.summary import BY_KEY, COLUMNS, DEFAULT_COLUMNS, SORTABLE, SummaryView, summary


@click.command("summary", short_help="Show the layers of a network: shapes, parameters, operations.")
@_options.spec_argument
@_options.columns_option([column.key for column in COLUMNS], DEFAULT_COLUMNS)
@_options.depth_option()
@click.option(
    "--sort", type=click.Choice(SORTABLE), default=None, help="Sort the layers, without their blocks, largest first."
)
@click.option("--top", type=click.IntRange(1), default=None, metavar="N", help="Show only the N largest layers.")
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default=LAYOUTS[0],
    help="Write shapes as 3x224x224 (chw) or 224x224x3 (hwc).",
)
@_options.plot_option(
    "Also plot parameters, MACs, live memory and receptive field along depth to this file; needs matplotlib (the extra"
    " `plot`)."
)
@_options.convention_option
@_options.input_option
@_options.set_option
@_options.batch_option
@_options.dtype_option
@_options.format_option(*formats.TABLE)
@_options.output_option
@_options.color_option
@_options.bounds_options
@click.pass_context
def command(
    context: click.Context,
    spec: str,
    columns: tuple[str, ...],
    depth: int,
    sort: str | None,
    top: int | None,
    layout: str,
    plot: str | None,
    convention: str | None,
    dtype: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int,
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Show the layers of a network with their output shapes, parameters and operations.

    A table of more than 50 rows folds its blocks; the formats json and csv have every layer by its full name.

    \b
    Examples:
      cnncalc summary vgg16
      cnncalc summary resnet50 --depth 1 --input 3x320x320
      cnncalc summary alexnet --sort macs --top 5
      cnncalc summary resnet50 --convention fvcore
    """
    if convention is not None:
        if plot is not None:
            raise click.UsageError("--plot does not use --convention; remove one of them")
        columns = _options.select_counted(context, convention, columns, BY_KEY)
    if plot is not None:
        _options.need_matplotlib()
    network = _options.load(spec, settings, inputs)
    if plot is not None:
        _draw(network, plot, batch, batch * DTYPES[dtype])
    counting = _options.counting(convention, spec)
    recount = counting.recount(network) if counting else None

    def record() -> object:
        from cnncalc.reports.summary_records import summary_record

        return summary_record(network, batch=batch, dtype_size=DTYPES[dtype], recount=recount)

    options = SummaryView(columns, depth, sort or "", top or 0, layout, batch, dtype, flat=form == "csv")
    _options.write_report(lambda: summary(network, options, recount), form, output, record=record, color=color)


def _draw(network: LayerGraph, path: str, batch: int, element: int) -> None:
    from cnncalc.analyses.depth import depth_profile
    from cnncalc.plots.layers import draw_layers

    profile = depth_profile(network)
    _options.write_plot(path, lambda form: draw_layers(profile, network.name, form, batch, element))
