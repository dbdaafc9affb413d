from __future__ import annotations

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.errors import SpecError
from cnncalc.layers.shapes import DTYPES
from cnncalc.reports.memory.inference import COLUMNS, DEFAULT_COLUMNS, ORDERS, MemoryView, arena_table, memory_table


@click.command("memory", short_help="Show the peak memory at inference, and the layer that needs it.")
@_options.spec_argument
@_options.columns_option(COLUMNS, DEFAULT_COLUMNS)
@_options.depth_option()
@click.option(
    "--order",
    type=click.Choice(ORDERS),
    default=ORDERS[0],
    help="Order of execution: that of the file, or the best: the one with the smallest peak.",
)
@click.option("--arena", is_flag=True, help="Show the memory plan of TensorFlow Lite Micro: the offset of each tensor.")
@click.option(
    "--fold-batch-norm",
    "folds",
    is_flag=True,
    help="Fold each batch norm into the layer before it, as compilers for inference do.",
)
@click.option(
    "--weights-dtype",
    type=click.Choice(list(DTYPES)),
    default=None,
    help="Number type of the weights, if it differs from --dtype.",
)
@_options.language_option
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
    order: str,
    arena: bool,  # noqa: FBT001 - click passes it by name
    folds: bool,  # noqa: FBT001
    dtype: str,
    weights_dtype: str | None,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int,
    language: str,
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Show the memory of a network at inference: the tensors that are alive while each layer runs, and their peak.

    Tensors are alive from the layer that computes them to the last one that reads them. In-place layers and views use
    the memory of their input. Inputs and outputs count; weights are listed separately.

    \b
    Examples:
      cnncalc memory resnet50 --dtype float16
      cnncalc memory mobilenet_v2 --dtype int8 --fold-batch-norm --arena
      cnncalc memory nasnetalarge --order best
    """
    if arena:
        for name in ("columns", "depth"):
            if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
                raise click.UsageError(f"--arena does not use --{name}; remove --{name}")
    network = _options.load(spec, settings, inputs)
    view = MemoryView(
        columns, depth, batch, dtype, weights_dtype or dtype, order, folds, language,
        exact=form == "csv", plots=form == "table",
    )  # fmt: skip

    def record() -> object:
        from cnncalc.reports.memory.records import memory_record

        return memory_record(network, view, arena=arena)

    table = arena_table if arena else memory_table
    try:
        _options.write_report(lambda: table(network, view), form, output, record=record, color=color)
    except SpecError as error:
        _options.fail(error)
