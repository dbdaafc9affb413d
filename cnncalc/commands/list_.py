from __future__ import annotations

import click

from cnncalc import bundled
from cnncalc.commands import _options
from cnncalc.report.catalogue import catalogue


@click.command("list")
@_options.format_option("table", "json", "csv", "markdown", "latex")
@_options.output_option
@_options.color_option
def command(form: str, output: str | None, color: str) -> None:
    """The bundled networks with their parameters, MACs and input."""
    networks = [(name, _options.load(name, (), ())) for name in bundled.names()]
    _options.write_table(catalogue(networks), form, output, color)
