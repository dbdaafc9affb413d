from __future__ import annotations

import sys

import click

from cnncalc.commands import _options
from cnncalc.errors import SpecError
from cnncalc.spec.locate import locate, read
from cnncalc.text import plain


@click.command("show", short_help="The YAML of a network.")
@_options.spec_argument
@click.option("--expand", is_flag=True, help="Every block, repeat and expression resolved: the flat graph, as a spec.")
@_options.input_option
@_options.set_option
@_options.bounds_options
@_options.output_option
def command(
    spec: str,
    expand: bool,  # noqa: FBT001 - click passes it by name
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    output: str | None,
) -> None:
    """The YAML of a network, as it is written or expanded.

    A pipe or a file gets it as it stands; on a terminal control characters are made visible.
    """
    if expand:
        from cnncalc.reports import spec_text

        _options.write_lines(spec_text.write(_options.load(spec, settings, inputs)), output)
        return
    if inputs or settings:
        raise click.UsageError("--input and --set change the expanded network; add --expand")
    try:
        text = read(locate(spec))
    except SpecError as error:
        _options.fail(error)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    # What is shown to a person must not act on the terminal; what goes on into a file or a program is the file.
    if output is None and sys.stdout.isatty():
        lines = [plain(line.expandtabs()) for line in lines]
    _options.write_lines(lines, output)
