from __future__ import annotations

import os
import stat
import sys

import click

from cnncalc.commands import _options
from cnncalc.errors import SpecError
from cnncalc.spec.locate import locate, read
from cnncalc.text import plain

# Variables that CI systems set: most of them, Azure Pipelines and TeamCity.
CI_VARIABLES = ("CI", "TF_BUILD", "TEAMCITY_VERSION")


@click.command("show", short_help="Show the YAML of a network.")
@_options.spec_argument
@click.option("--expand", is_flag=True, help="Resolve every block, repeat and expression: the flat graph, as a spec.")
@_options.input_option
@_options.set_option
@_options.output_option
@_options.bounds_options
def command(
    spec: str,
    expand: bool,  # noqa: FBT001 - click passes it by name
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    output: str | None,
) -> None:
    """Show the YAML of a network, as written or expanded.

    Files and pipes get it unchanged. On a terminal, and in the log of a CI system, control characters and commands to
    that system are escaped.

    \b
    Examples:
      cnncalc show lenet5
      cnncalc show resnet18 --expand --set classes=10
    """
    if expand:
        from cnncalc.outline import flat

        _options.write_lines(flat.write(_options.load(spec, settings, inputs)), output)
        return
    if inputs or settings:
        raise click.UsageError("--input and --set change the expanded network; add --expand")
    try:
        text = read(locate(spec))
    except SpecError as error:
        _options.fail(error)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    # Escaped only for people: files and pipes get the original text.
    if output is None and _is_shown():
        lines = [plain(line.expandtabs()) for line in lines]
    _options.write_lines(lines, output)


def _is_shown() -> bool:
    """Whether standard output is a terminal, or a log of a CI system, which obeys commands in some lines."""
    if sys.stdout.isatty():
        return True
    if not any(os.environ.get(name) for name in CI_VARIABLES):
        return False
    try:
        return not stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except OSError:
        return False
