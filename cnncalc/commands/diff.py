from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cnncalc.commands import _options
from cnncalc.problem import Problem, SpecError
from cnncalc.report.diff.rows import COLUMNS, DEFAULT_COLUMNS, Options
from cnncalc.report.diff.tables import diff_tables, no_change, write_markdown

if TYPE_CHECKING:
    from cnncalc.analyses.diff import Diff
    from cnncalc.network import Network

CHANGED = 1


@click.command("diff", short_help="What changed between two networks, and what it costs.")
@click.argument("old", type=_options.SpecArgument())
@click.argument("new", type=_options.SpecArgument())
@click.option(
    "--columns",
    type=_options.Words(tuple(column.key for column in COLUMNS), "column"),
    default=",".join(DEFAULT_COLUMNS),
    help=f"Columns to show: {', '.join(column.key for column in COLUMNS)}, or all.",
)
@click.option("--all", "everything", is_flag=True, help="Every layer in a row of its own, and every cause.")
@click.option("--exit-code", is_flag=True, help="End with status 1 where something changed, 0 where nothing did.")
@_options.input_option
@_options.set_option
@_options.bounds_options
@_options.batch_option
@_options.format_option("table", "json", "markdown")
@_options.output_option
@_options.color_option
def command(
    old: str,
    new: str,
    columns: tuple[str, ...],
    everything: bool,  # noqa: FBT001 - click passes it by name
    exit_code: bool,  # noqa: FBT001
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int,
    form: str,
    output: str | None,
    color: str,
) -> None:
    """What changed from OLD to NEW, and what each change costs: by itself, and in the layers behind it.

    OLD and NEW are specs as everywhere, and main:design.yaml is design.yaml in git's main. Signs: + added,
    - removed, ~ changed; layers without a sign only have other shapes. --set and --input are for both;
    a variable or an input that only one of them has is set there.
    """
    from cnncalc.analyses.diff import diff

    before, after, notes = _load_both(old, new, settings, inputs)
    facts = diff(before, after)
    options = Options(columns, everything, batch, notes=notes)
    if form == "json":
        from cnncalc.report.diff import json as diff_json

        _options.write_lines(diff_json.write(facts, batch=batch), output)
    elif form == "markdown":
        options = options._replace(arrow="→" if _options.takes_unicode(output) else "->")
        _options.write_lines(write_markdown(facts, options), output)
    elif not facts.anything:
        from cnncalc.report.format import plain

        _options.write_lines((plain(no_change(facts)), *notes), output)
    else:
        _write_tables(facts, options, output, color)
    if exit_code and facts.anything:
        raise SystemExit(CHANGED)


def _load_both(
    old: str, new: str, settings: tuple[tuple[str, str], ...], inputs: tuple[tuple[str, str], ...]
) -> tuple[Network, Network, tuple[str, ...]]:
    """Both networks, and what --set and --input leave as it is; what is wrong ends the command with status 2."""
    from cnncalc.build import build
    from cnncalc.decode import decode
    from cnncalc.locate import chain_of, locate

    if old == new == "-":
        raise click.UsageError("only one of OLD and NEW can be standard input")
    problems: list[Problem] = []
    chains = []
    for reference in (old, new):
        try:
            chains.append(chain_of(locate(reference)))
        except SpecError as error:
            problems += error.problems
    if problems:
        _options.fail(SpecError(dict.fromkeys(problems)))
    specs = [decode(chain) for chain in chains] if settings or inputs else []
    variables = [set(spec.variables) for spec in specs]
    named = [{name for name, _ in spec.inputs} for spec in specs]
    notes: dict[str, None] = {}
    networks = []
    for place, (reference, chain) in enumerate(zip((old, new), chains, strict=True)):
        own_settings = [one for one in settings if _is_for(one[0], place, variables)]
        own_inputs = [one for one in inputs if _is_for(one[0] or "input", place, named)]
        for option, given, kept in (("--set", settings, own_settings), ("--input", inputs, own_inputs)):
            what = "variable" if option == "--set" else "input"
            for name in (one[0] or "input" for one in given if one not in kept):
                notes[f"{option} {name} leaves {reference} as it is, which has no such {what}"] = None
        try:
            networks.append(build(decode(chain, own_settings, own_inputs)))
        except SpecError as error:
            problems += error.problems
    if problems:
        _options.fail(SpecError(dict.fromkeys(problems)))
    before, after = networks
    return before, after, tuple(notes)


def _is_for(name: str, place: int, known: list[set[str]]) -> bool:
    """Whether a name is set in a spec: it is there, or it is nowhere, which is told as everywhere."""
    return name in known[place] or name not in known[1 - place]


def _write_tables(facts: Diff, options: Options, output: str | None, color: str) -> None:
    """The tables one below the other."""
    from cnncalc.report import terminal

    if output is not None:
        lines = []
        for place, table in enumerate(diff_tables(facts, options)):
            lines += [""] if place else []
            lines += [line.text for line in terminal.layout(table, None)]
        _options.write_lines(lines, output)
        return
    if sys.stdout.isatty():
        import shutil

        options = options._replace(width=shutil.get_terminal_size().columns)
    for place, table in enumerate(diff_tables(facts, options)):
        if place:
            sys.stdout.write("\n")
            sys.stdout.flush()
        terminal.write(table, sys.stdout, color=color)
