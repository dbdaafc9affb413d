from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.errors import SpecError
from cnncalc.languages import LANGUAGES
from cnncalc.reports.explain import Options

if TYPE_CHECKING:
    from cnncalc.network.records import LayerGraph


@click.command("explain", short_help="Show the arithmetic of a layer, or a network stage by stage.")
@_options.spec_argument
@click.argument("layer", required=False, shell_complete=_options.completer("layers"))
@click.option("--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], help="Language of the report.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Write formulas in ASCII, as on output that is not Unicode.")
@_options.input_option
@_options.set_option
@_options.dtype_option
@_options.format_option(*formats.DOCUMENT)
@_options.output_option
@_options.bounds_options
def command(
    spec: str,
    layer: str | None,
    language: str,
    ascii_only: bool,  # noqa: FBT001 - click passes it by name
    dtype: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    form: str,
    output: str | None,
) -> None:
    """Show the arithmetic of LAYER with its numbers: sizes, parameters, operations, sharing and more.

    Without LAYER, show the network stage by stage: its sizes, and where its parameters and MACs are.

    \b
    Examples:
      cnncalc explain alexnet conv1
      cnncalc explain vgg16 fc6 --language zh
      cnncalc explain resnet50
    """
    from cnncalc.analyses import explanation
    from cnncalc.reports import explain, story

    network = _options.load(spec, settings, inputs)
    options = Options(language, dtype)
    if layer is None:
        tale = explanation.story(network)
        if form == "json":
            _options.write_lines(story.write_json(tale), output)
            return
        report = story.story(tale, options, spec)
    else:
        facts = explanation.explain(network, _find(network, layer))
        if form == "json":
            _options.write_lines(explain.write_json(facts, options), output)
            return
        report = explain.explanation(facts, options)
    _options.write_report(lambda: report, form, output, ascii_only=ascii_only)


def _find(network: LayerGraph, name: str) -> str:
    """The layer with this name. If there is none, ends with status 2."""
    from cnncalc.network.names import find_layer

    try:
        return find_layer(network, name).name
    except SpecError as error:
        _options.fail(error)
