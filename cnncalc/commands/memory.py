from __future__ import annotations

import re
from typing import Any

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.errors import SpecError
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import LayerGraph
from cnncalc.reports.memory.inference import COLUMNS, DEFAULT_COLUMNS, ORDERS, MemoryView, arena_table, memory_table
from cnncalc.reports.memory.training import DEFAULT_OPTIMIZER, OPTIMIZERS, TrainingView, training_table
from cnncalc.spec.guards import UNITS

# The options that apply to one of both reports alone.
OF_TRAINING = ("optimizer", "mixed", "checkpoints", "fit")
OF_INFERENCE = ("columns", "order", "arena", "folds", "weights_dtype")


class MemorySize(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """An amount of memory, such as 24GiB."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"\s*([1-9][0-9]{0,14})\s*([kMGT]?B|[KMGT]iB)\s*", value)
        if not match:
            self.fail(f"{value!r} is no amount of memory; write a whole number and its unit, such as 24GiB", param, ctx)
        return int(match.group(1)) * UNITS[match.group(2)]


@click.command("memory", short_help="Show the peak memory at inference, or that of a training step.")
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
@click.option("--training", is_flag=True, help="Show the memory of a training step instead.")
@click.option(
    "--optimizer",
    type=click.Choice(OPTIMIZERS),
    default=DEFAULT_OPTIMIZER,
    help="Optimizer, whose state takes memory in training.",
)
@click.option(
    "--mixed-precision",
    "mixed",
    is_flag=True,
    help="Train in automatic mixed precision, with weights in float32.",
)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="PATTERN",
    help="Compute blocks again in the backward pass instead of keeping their tensors; may be repeated.",
)
@click.option(
    "--fit", type=MemorySize(), help="Show the largest batch that can be trained in this memory, such as 24GiB."
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
    training: bool,  # noqa: FBT001
    optimizer: str,
    mixed: bool,  # noqa: FBT001
    checkpoints: tuple[str, ...],
    fit: int | None,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int,
    language: str,
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Show the memory of a network: at inference the tensors that are alive while each layer runs, and their peak.

    Tensors are alive from the layer that computes them to the last one that reads them. In-place layers and views use
    the memory of their input. Inputs and outputs count; weights are listed separately. With --training, it is what
    PyTorch keeps for the backward pass, with parameters, gradients and the state of the optimizer.

    \b
    Examples:
      cnncalc memory resnet50 --dtype float16
      cnncalc memory mobilenet_v2 --dtype int8 --fold-batch-norm --arena
      cnncalc memory nasnetalarge --order best
      cnncalc memory resnet50 --training --batch 32 --fit 24GiB
    """
    alone = [name for name in (OF_INFERENCE if training else OF_TRAINING) if _is_given(context, name)]
    if alone:
        option = next(one.opts[0] for one in context.command.params if one.name == alone[0])
        raise click.UsageError(f"{option} {'does not apply to' if training else 'needs'} --training")
    if arena:
        for name in ("columns", "depth"):
            if _is_given(context, name):
                raise click.UsageError(f"--arena does not use --{name}; remove --{name}")
    if mixed and _is_given(context, "dtype"):
        raise click.UsageError("--mixed-precision sets the number types; remove --dtype")
    for name in ("fit", "optimizer"):
        if training and form == "csv" and _is_given(context, name):
            raise click.UsageError(f"csv has what each layer keeps, which --{name} does not change; use --format json")
    network = _options.load(spec, settings, inputs)
    if training:
        step = TrainingView(depth, batch, dtype, optimizer, mixed, checkpoints, fit, language, exact=form == "csv")
        _write_training(network, step, form, output, color)
        return
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


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _write_training(network: LayerGraph, view: TrainingView, form: str, output: str | None, color: str) -> None:
    """Write the memory of a training step."""

    def record() -> object:
        from cnncalc.reports.memory.records import training_record

        return training_record(network, view)

    try:
        _options.write_report(lambda: training_table(network, view), form, output, record=record, color=color)
    except SpecError as error:
        _options.fail(error)
