from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.errors import Problem, SpecError, listed, plural
from cnncalc.layers.shapes import axis_names, times

if TYPE_CHECKING:
    from cnncalc.network.records import Layer, LayerGraph


class Position(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """A position of an output: numbers separated by commas."""

    name = "position"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "N[,N...]"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if not isinstance(value, str):
            return value
        numbers = [word.strip() for word in value.strip("[]() ").split(",")]
        if not all(number.isdecimal() and len(number) < 20 for number in numbers):
            self.fail(f"{value!r} is not a position; write whole numbers from 0, such as 2,3", param, ctx)
        return tuple(map(int, numbers))


@click.command("field", short_help="Show receptive fields: the input that an output depends on.")
@_options.spec_argument
@click.argument("layer", required=False, shell_complete=_options.completer("layers_and_blocks"))
@click.option(
    "--at",
    type=Position(),
    default=None,
    help="Follow this output of LAYER to the input, such as 2,3 (row, column); by default the middle one.",
)
@click.option("--plot", is_flag=True, help="Draw which part of the input that output reads.")
@click.option(
    "--through-gates",
    is_flag=True,
    help="Include gates, as in squeeze-and-excitation, which read everything; they are ignored by default.",
)
@click.option("--all", "every", is_flag=True, help="Without LAYER: show every layer.")
@_options.depth_option("Without LAYER: show N levels of blocks; 1 folds every block, all unfolds every one.")
@_options.language_option
@click.option(
    "--ascii",
    "ascii_only",
    is_flag=True,
    help="Write formulas and drawings in ASCII, as on output that is not Unicode.",
)
@_options.input_option
@_options.set_option
@_options.format_option(*formats.DOCUMENT)
@_options.output_option
@_options.color_option
@_options.bounds_options
def command(
    spec: str,
    layer: str | None,
    at: tuple[int, ...] | None,
    plot: bool,  # noqa: FBT001 - click passes it by name
    through_gates: bool,  # noqa: FBT001
    every: bool,  # noqa: FBT001
    depth: int,
    language: str,
    ascii_only: bool,  # noqa: FBT001
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Show the receptive field of each layer: the part of the input that an output depends on.

    With LAYER, the name of a layer or a block, show how its field grows along the widest path, and which part of the
    input one output reads.

    \b
    Examples:
      cnncalc field resnet50
      cnncalc field vgg16 conv5_3
      cnncalc field alexnet conv2 --at 0,0 --plot
    """
    if layer is None and (at is not None or plot):
        raise click.UsageError("--at and --plot need a layer; name one after SPEC")
    if layer is not None and (every or depth):
        raise click.UsageError("--all and --depth show all layers; leave LAYER out")
    network = _options.load(spec, settings, inputs)
    from cnncalc.reports.field.table import FieldQuery, field_table

    query = FieldQuery(through_gates, language, every, depth, at, plot)
    if layer is None:

        def fields_record() -> object:
            from cnncalc.reports.field import records

            return records.fields_record(network, through_gates=through_gates)

        _options.write_report(lambda: field_table(network, query), form, output, record=fields_record, color=color)
        return
    from cnncalc.reports.field.layer import FieldOfLayer, field_document

    found = _find(network, layer)
    _check_position(found, at)
    subject = FieldOfLayer(network, found, query, layer if found.name.startswith(f"{layer}.") else "")

    def layer_record() -> object:
        from cnncalc.reports.field import records

        return records.layer_record(subject)

    _options.write_report(lambda: field_document(subject), form, output, record=layer_record, ascii_only=ascii_only)


def _find(network: LayerGraph, name: str) -> Layer:
    """The layer with this name, or the last layer of the block. If there is none, ends with status 2."""
    from cnncalc.network.names import find

    try:
        return find(network, name)[-1]
    except SpecError as error:
        _options.fail(error)


def _check_position(layer: Layer, at: tuple[int, ...] | None) -> None:
    """End with status 2 if a layer has no such output."""
    shape = layer.output_shape
    if at is None:
        return
    # The channel may follow, as in V[2, 3, 1] in lecture notes.
    sizes = (*shape.spatial, shape.channels) if shape.rank and len(at) == shape.rank + 1 else shape.spatial
    if at and len(at) == len(sizes) and all(one < size for one, size in zip(at, sizes, strict=True)):
        return
    written = ",".join(map(str, at))
    if not shape.rank:
        message, hint = f"{layer.name} outputs a vector, which has no positions", "remove --at"
    elif len(at) != len(sizes):
        axes = listed(axis_names(shape.rank))
        message = (
            f"--at {written} has {plural(len(at), 'number')}, but a position of {layer.name} has {shape.rank}: {axes}"
        )
        hint = "write one number per axis; a channel may follow"
    else:
        message = f"--at {written} is outside the output of {layer.name}, {times(sizes)}"
        hint = f"use positions from {','.join('0' for _ in at)} to {','.join(str(size - 1) for size in sizes)}"
    _options.fail(SpecError([Problem(None, message, hint)]))
