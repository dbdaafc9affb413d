from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cnncalc.commands import _options
from cnncalc.commands._given import GivenSpecs
from cnncalc.errors import SpecError

if TYPE_CHECKING:
    from cnncalc.checks.run import Request
    from cnncalc.page.sections import PageView, ReportedNetwork
    from cnncalc.spec.records import Spec


@click.command("report", short_help="Write a page about networks: drawing, charts, layers, checks.")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=_options.SpecArgument())
@_options.config_option
@_options.no_config_option
@_options.language_option
@_options.input_option
@_options.set_option
@_options.batch_option
@_options.dtype_option
@_options.output_option
@_options.bounds_options
def command(
    specs: tuple[str, ...],
    language: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int,
    dtype: str,
    config: str | None,
    no_config: bool,  # noqa: FBT001 - click passes it by name
    output: str | None,
) -> None:
    """Write one page of HTML about networks, which needs no network access: a comparison of several, and for each its
    totals, drawing, charts along depth, layers with their worked explanations, and the results of `check`.

    Of several networks, --set applies to those that have the variable.

    \b
    Examples:
      cnncalc report resnet50 -o report.html
      cnncalc report vgg16 resnet50 mobilenet_v2 -o comparison.html
    """
    from cnncalc import page
    from cnncalc.checks.run import Request, refuse_unknown_rules
    from cnncalc.page.sections import PageView

    if output is None and sys.stdout.isatty():
        raise click.UsageError("the page is a file for a browser; name it with -o report.html, or redirect it")
    view = PageView(language, batch, dtype)
    try:
        used = _options.config(config, no_config=no_config)
        refuse_unknown_rules(used)
        request = Request((), inputs, batch if batch > 1 else None, dtype, config=used)
    except SpecError as error:
        _options.fail(error)
    given = GivenSpecs(specs, settings, inputs)
    networks = _networks(given, request, view)
    _options.write_lines(page.write(networks, view, given.notes), output)


def _networks(given: GivenSpecs, request: Request, view: PageView) -> list[ReportedNetwork]:
    """The networks with their figures and checks. Writes the problems of all specs and ends with status 2."""
    from cnncalc.analyses.compare import facts
    from cnncalc.checks.linter import EVERYTHING
    from cnncalc.checks.run import outcome, overrides_of
    from cnncalc.network.build import build
    from cnncalc.page.sections import MEMORY, ReportedNetwork
    from cnncalc.reports.compare.networks import labels_of
    from cnncalc.spec.config import entries_of

    def report(reference: str, spec: Spec) -> ReportedNetwork:
        network = build(spec)
        counted = facts(network, memory=MEMORY, batch=view.batch, dtype_size=view.dtype_size)
        checks = request._replace(settings=given.applied[reference], selection=EVERYTHING)
        own = overrides_of(entries_of(request.config, reference))
        if request.inputs:
            own = own._replace(inputs=())
        overrides = str(own) if own.settings or own.inputs else ""
        return ReportedNetwork(reference, "", network, counted, outcome(reference, checks), overrides)

    found = given.made(report)
    labels = labels_of([(each.reference, each.network.name) for each in found.values()])
    return [each._replace(label=label) for each, label in zip(found.values(), labels, strict=True)]
