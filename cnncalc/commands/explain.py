from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.errors import SpecError
from cnncalc.reports.explain.wording import ExplanationView

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncalc.formats.document import Document
    from cnncalc.network.records import LayerGraph

    # A document, and its record.
    Made = tuple[Callable[[], Document], Callable[[], object]]


@click.command("explain", short_help="Show the arithmetic of a layer, or a network stage by stage.")
@_options.spec_argument
@click.argument("layer", required=False, shell_complete=_options.completer("layers"))
@_options.language_option
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
    network = _options.load(spec, settings, inputs)
    view = ExplanationView(language, dtype)
    report, record = (
        _explain_network(network, view, spec) if layer is None else _explain_layer(network, view, layer, spec)
    )
    _options.write_report(report, form, output, record=record, ascii_only=ascii_only)


def _explain_network(network: LayerGraph, view: ExplanationView, spec: str) -> Made:
    from cnncalc.analyses.story import story

    facts = story(network)

    def report() -> Document:
        from cnncalc.reports.explain.story import explain_network

        return explain_network(facts, view, spec)

    def record() -> object:
        from cnncalc.reports.explain.records import network_record

        return network_record(facts)

    return report, record


def _explain_layer(network: LayerGraph, view: ExplanationView, name: str, spec: str) -> Made:
    from cnncalc.analyses.explanation import explain
    from cnncalc.bundled import find_name

    facts = explain(network, _find(network, name), find_name(spec))

    def report() -> Document:
        from cnncalc.reports.explain.layer import explain_layer

        return explain_layer(facts, view)

    def record() -> object:
        from cnncalc.reports.explain.records import layer_record

        return layer_record(facts, view)

    return report, record


def _find(network: LayerGraph, name: str) -> str:
    """The layer with this name. If there is none, ends with status 2."""
    from cnncalc.network.names import find_layer

    try:
        return find_layer(network, name).name
    except SpecError as error:
        _options.fail(error)
