from __future__ import annotations

import click

from cnncalc import bundled
from cnncalc.commands import _options
from cnncalc.problem import did_you_mean
from cnncalc.report.catalogue import SORTABLE, catalogue, entry, matches


@click.command("list")
@click.option("--filter", "word", help="Only networks whose name, family or title holds this.", metavar="TEXT")
@click.option("--sort", type=click.Choice(SORTABLE), help="One list instead of families; numbers downwards.")
@_options.format_option("table", "json", "csv", "markdown", "latex")
@_options.output_option
@_options.color_option
def command(word: str | None, sort: str | None, form: str, output: str | None, color: str) -> None:
    """The bundled networks with their parameters, MACs, depth and input."""
    entries = [entry(name, _options.load(name, (), ())) for name in bundled.names()]
    if word is not None:
        families = {one.family for one in entries}
        entries = [one for one in entries if matches(one, word)]
        if not entries:
            hint = did_you_mean(word, {*bundled.names(), *families}, f"the families are {', '.join(sorted(families))}")
            raise click.UsageError(f"no bundled network has {word!r} in its name, family or title; {hint}")
    grouped = form in ("table", "markdown", "latex")
    _options.write_table(catalogue(entries, sort=sort or "", grouped=grouped), form, output, color)
