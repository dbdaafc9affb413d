from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc.commands import _options
from cnncalc.drawing.options import (
    BINARIES,
    DIRECTIONS,
    FORMATS,
    GRAPHS,
    HEATS,
    STYLES,
    SUFFIXES,
    TEXTS,
    THEMES,
    DrawingView,
)
from cnncalc.errors import SpecError, listed
from cnncalc.text import plain

if TYPE_CHECKING:
    from cnncalc.network.records import LayerGraph


@click.command("draw", short_help="Draw a network as a picture.")
@_options.spec_argument
@click.option(
    "--heat",
    type=click.Choice(HEATS),
    default=None,
    metavar="QUANTITY",
    help=f"Color boxes by a quantity: {', '.join(HEATS)}.",
)
@click.option(
    "--theme",
    type=click.Choice(THEMES),
    default=THEMES[0],
    help="Colors for light or dark ground; auto: those that the reader prefers (svg only, else light).",
)
@click.option(
    "--direction", type=click.Choice(DIRECTIONS), default=DIRECTIONS[0], help="Direction in which the network runs."
)
@click.option(
    "--style",
    type=click.Choice(STYLES),
    default=STYLES[0],
    help="Draw boxes for layers and blocks, or the feature maps of a chain as volumes.",
)
@_options.depth_option("Open N levels of blocks; the others are one box each. Default: while few boxes are shown.")
@_options.language_option
@_options.input_option
@_options.set_option
@_options.batch_option
@_options.dtype_option
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=None,
    help="Output format. Default: the suffix of --output, else svg.",
)
@_options.output_option
@_options.bounds_options
@click.pass_context
def command(
    context: click.Context,
    spec: str,
    heat: str | None,
    theme: str,
    direction: str,
    style: str,
    depth: int,
    dtype: str,
    language: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int,
    form: str | None,
    output: str | None,
) -> None:
    """Draw a network with its blocks as frames, equal blocks as one box, and shapes at the lines.

    An SVG needs no other program; png and pdf need the extra `plot`. Files of dot and mermaid are placed by Graphviz
    and Mermaid, and tikz is a document of LaTeX.

    \b
    Examples:
      cnncalc draw resnet50 -o resnet50.svg
      cnncalc draw unet --depth all --heat macs -o unet.svg
      cnncalc draw vgg16 --style volumes -o vgg16.svg
    """
    form = form or _form_of(output)
    if style == "volumes":
        if form in GRAPHS:
            raise click.UsageError(
                f"the format {form} has no volumes; remove --style, or draw as svg, tikz, png or pdf"
            )
        if context.get_parameter_source("direction") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("--style volumes does not use --direction; remove --direction")
    network = _options.load(spec, settings, inputs)
    view = DrawingView(depth, heat or "", theme, direction, style, batch, dtype, language)
    try:
        _write(network, view, form, output)
    except SpecError as error:
        _options.fail(error)


def _form_of(output: str | None) -> str:
    """The format that the suffix of a file chooses; svg for standard output."""
    if output is None:
        return TEXTS[0]
    suffix = output.lower().rpartition(".")[2]
    form = SUFFIXES.get(suffix, suffix)
    if form not in FORMATS:
        endings = listed([f".{one}" for one in (*FORMATS, *SUFFIXES)], "or")
        raise click.UsageError(
            f"-o {plain(output)}: no format has this suffix; end the name in {endings}, or add --format"
        )
    return form


def _write(network: LayerGraph, view: DrawingView, form: str, output: str | None) -> None:
    from cnncalc.drawing import view as drawing

    if form in BINARIES:
        if output is None:
            raise click.UsageError(f"{form} is not written to a terminal or pipe; name a file with -o")
        _options.write_plot(output, lambda _: drawing.plot(network, view, form))
    else:
        _options.write_lines(drawing.write_text(network, view, form), output)
