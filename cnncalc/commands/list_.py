from __future__ import annotations

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.errors import did_you_mean
from cnncalc.reports.catalogue import SORTABLE, catalogue, listed, matches


@click.command("list", short_help="List the bundled networks.")
@click.option(
    "--filter", "word", help="List only networks with this text in their name, family, title or task.", metavar="TEXT"
)
@click.option(
    "--sort", type=click.Choice(SORTABLE), help="Sort as one list instead of by family; numbers in descending order."
)
@_options.format_option(*formats.TABLE)
@_options.output_option
@_options.color_option
def command(word: str | None, sort: str | None, form: str, output: str | None, color: str) -> None:
    """List the bundled networks with their parameters, MACs, depth and input.

    \b
    Examples:
      cnncalc list
      cnncalc list --filter resnet --sort params
      cnncalc list --filter detection
    """
    everything = listed()
    entries = [one for one in everything if word is None or matches(one, word)]
    if word is not None and not entries:
        families = sorted({one.family for one in everything})
        tasks = sorted({one.task for one in everything if one.task})
        names = [*(one.name for one in everything), *families, *tasks]
        hint = did_you_mean(word, names, f"the families are {', '.join(families)}; the tasks are {', '.join(tasks)}")
        raise click.UsageError(f"no bundled network has {word!r} in its name, family, title or task; {hint}")
    table = catalogue(entries, sort=sort or "", grouped=form not in ("json", "csv"))
    _options.write_report(lambda: table, form, output, color=color)
