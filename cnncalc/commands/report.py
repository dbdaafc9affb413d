from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc.commands import _options
from cnncalc.commands._progress import progress
from cnncalc.errors import Problem, SpecError

if TYPE_CHECKING:
    from cnncalc.checks.run import Request
    from cnncalc.page.sections import PageView, ReportedNetwork


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

    \b
    Examples:
      cnncalc report resnet50 -o report.html
      cnncalc report vgg16 resnet50 mobilenet_v2 -o comparison.html
    """
    from cnncalc import page
    from cnncalc.checks.run import Request, refuse_unknown_rules
    from cnncalc.page.sections import PageView

    view = PageView(language, batch, dtype)
    try:
        used = _options.config(config, no_config=no_config)
        refuse_unknown_rules(used)
        request = Request(settings, inputs, batch if batch > 1 else None, dtype, config=used)
        networks = _networks(tuple(dict.fromkeys(specs)), request, view)
    except SpecError as error:
        _options.fail(error)
    _options.write_lines(page.write(networks, view), output)


def _networks(specs: tuple[str, ...], request: Request, view: PageView) -> list[ReportedNetwork]:
    """The networks with their figures and checks. Raises SpecError with the problems of all specs."""
    from cnncalc.analyses.compare import facts
    from cnncalc.checks.linter import EVERYTHING
    from cnncalc.checks.run import outcome
    from cnncalc.network.build import load
    from cnncalc.page.sections import MEMORY, ReportedNetwork
    from cnncalc.reports.compare.networks import labels_of

    request = request._replace(selection=EVERYTHING)
    problems: list[Problem] = []
    found: list[ReportedNetwork] = []
    with progress(specs, "reading") as each:
        for spec in each:
            try:
                network = load(spec, request.settings, request.inputs)
            except SpecError as error:
                problems += error.problems
                continue
            counted = facts(network, memory=MEMORY, batch=view.batch, dtype_size=view.dtype_size)
            found.append(ReportedNetwork(spec, "", network, counted, outcome(spec, request)))
    if problems:
        raise SpecError(dict.fromkeys(problems))
    labels = labels_of([(each.reference, each.network.name) for each in found])
    return [each._replace(label=label) for each, label in zip(found, labels, strict=True)]
