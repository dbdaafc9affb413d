from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cnncalc.commands import _options
from cnncalc.errors import Problem, SpecError
from cnncalc.record import Record
from cnncalc.reports.diff.rows import COLUMNS, DEFAULT_COLUMNS, DiffView
from cnncalc.reports.diff.tables import diff_tables, no_change, write_markdown
from cnncalc.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncalc.analyses.diff import Diff
    from cnncalc.network.records import LayerGraph
    from cnncalc.spec.locate import Place

CHANGED = 1

Pairs = tuple[tuple[str, str], ...]


class Version(Record):
    """A spec to compare, and its overrides in cnncalc.yaml."""

    spec: str | Place
    settings: Pairs = ()
    inputs: Pairs = ()


@click.command("diff", short_help="Show what changed between two networks, and what it costs.")
@click.argument("specs", nargs=-1, type=_options.SpecArgument(), metavar="OLD NEW")
@click.option(
    "--against-ref", metavar="REVISION", help="Compare each SPEC with itself at this git revision; leave OLD out."
)
@click.option("--config", type=click.Path(), help="With --against-ref: use this cnncalc.yaml, not the nearest above.")
@click.option("--no-config", is_flag=True, help="With --against-ref: ignore every cnncalc.yaml.")
@_options.columns_option([column.key for column in COLUMNS], DEFAULT_COLUMNS)
@click.option("--all", "everything", is_flag=True, help="Show one row per layer, and every cause.")
@click.option("--exit-code", is_flag=True, help="Exit with status 1 if anything changed, 0 if nothing did.")
@_options.input_option
@_options.set_option
@_options.batch_option
@_options.dtype_option
@_options.format_option("table", "json", "markdown")
@_options.output_option
@_options.color_option
@_options.bounds_options
def command(
    specs: tuple[str, ...],
    against_ref: str | None,
    config: str | None,
    no_config: bool,  # noqa: FBT001 - click passes it by name
    columns: tuple[str, ...],
    everything: bool,  # noqa: FBT001 - click passes it by name
    exit_code: bool,  # noqa: FBT001
    inputs: Pairs,
    settings: Pairs,
    batch: int,
    dtype: str,
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Show what changed from OLD to NEW, and what each change costs: directly, and in the layers after it.

    main:design.yaml is design.yaml in git's main. Signs: + added, - removed, ~ changed; a layer without a sign only
    has another shape. --set and --input apply to both specs; a variable or an input that only one of them has is set
    there.

    With --against-ref main, compare each SPEC, or every spec that cnncalc.yaml names, with itself in git's main, and
    show those that changed; JSON is then a list. Each side takes `set` and `input` from its own cnncalc.yaml.

    \b
    Examples:
      cnncalc diff resnet18 resnet34
      cnncalc diff main:design.yaml design.yaml
      cnncalc diff --against-ref main --exit-code
    """
    from cnncalc.analyses.diff import diff

    options = DiffView(columns, everything, batch, dtype)
    if form == "markdown" and _options.takes_unicode(output):
        options = options._replace(arrow="→")
    elif form == "table" and output is None and sys.stdout.isatty():
        import shutil

        options = options._replace(width=shutil.get_terminal_size().columns)
    problems: list[Problem] = []
    changed = False

    def compared() -> Iterator[tuple[Diff, DiffView]]:
        """The differences in order; against a revision, specs that cannot be compared are skipped."""
        nonlocal changed
        for both in _versions(specs, against_ref, config, no_config, problems):
            try:
                before, after, notes = _load_both(both, settings, inputs)
            except SpecError as error:
                if against_ref is None:
                    raise
                problems.extend(error.problems)
                continue
            facts = diff(before, after)
            changed = changed or facts.anything
            if facts.anything or against_ref is None or form == "json":
                yield facts, options._replace(notes=notes)

    try:
        if form == "json":
            _options.write_lines(_json(compared(), is_list=against_ref is not None), output)
        elif form == "markdown":
            _options.write_lines(_spaced(write_markdown(*each) for each in compared()), output)
        elif output is not None:
            _options.write_lines(_spaced(_text(*each) for each in compared()), output)
        else:
            _write_tables(compared(), color)
    except SpecError as error:
        _options.fail(error)
    if problems:
        _options.fail(SpecError(dict.fromkeys(problems)))
    if exit_code and changed:
        raise SystemExit(CHANGED)


def _versions(
    specs: tuple[str, ...],
    against_ref: str | None,
    config: str | None,
    no_config: bool,  # noqa: FBT001
    problems: list[Problem],
) -> Iterator[tuple[Version, Version]]:
    """The pairs to compare; specs that cannot be found at the revision are added to `problems`."""
    if against_ref is not None:
        yield from _at_revision(specs, against_ref, config, no_config, problems)
        return
    if config is not None:
        raise click.UsageError(
            "--config needs --against-ref, because OLD and NEW do not use a cnncalc.yaml; remove --config"
        )
    if len(specs) != 2:
        raise click.UsageError("give two specs, OLD and NEW, or a git revision with --against-ref")
    if specs == ("-", "-"):
        raise click.UsageError("only one of OLD and NEW can be standard input")
    old, new = specs
    yield Version(old), Version(new)


def _at_revision(
    specs: tuple[str, ...],
    revision: str,
    config: str | None,
    no_config: bool,  # noqa: FBT001
    problems: list[Problem],
) -> Iterator[tuple[Version, Version]]:
    """Each spec at a revision and in its current version. Reports new specs; adds problems to `problems`."""
    from cnncalc.checks.run import overrides_of
    from cnncalc.git import RevisionError
    from cnncalc.spec.config import entries_of
    from cnncalc.spec.locate import at_revision, locate, refuse_link_outside

    used = _options.config(config, no_config=no_config)
    in_git = _options.config_in_git(used, config, no_config=no_config)
    for spec in specs or _options.configured(used):
        try:
            new = locate(spec)
            refuse_link_outside(new)
            old = at_revision(new, revision)
            entries = in_git.entries_of(old) if in_git is not None and old is not None else ()
        except RevisionError:
            raise
        except SpecError as error:
            problems += error.problems
            continue
        if old is None:
            click.echo(plain(f"note: {revision} has no {new.shown}; new specs are not compared"), err=True)
            continue
        yield Version(old, *overrides_of(entries)), Version(new, *overrides_of(entries_of(used, spec)))


def _load_both(
    versions: tuple[Version, Version], settings: Pairs, inputs: Pairs
) -> tuple[LayerGraph, LayerGraph, tuple[str, ...]]:
    """Both networks, and notes on overrides that do not apply. Raises SpecError with the problems of either."""
    from cnncalc.network.build import build
    from cnncalc.spec.decode import decode
    from cnncalc.spec.locate import chain_of, locate

    problems: list[Problem] = []
    chains = []
    for version in versions:
        try:
            chains.append(chain_of(locate(version.spec), inputs))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(dict.fromkeys(problems))
    specs = [decode(chain) for chain in chains] if settings or inputs else []
    variables = [set(spec.variables) for spec in specs]
    named = [{name for name, _ in spec.inputs} for spec in specs]
    notes: dict[str, None] = {}
    networks = []
    for place, (version, chain) in enumerate(zip(versions, chains, strict=True)):
        own_settings = tuple(one for one in settings if _is_for(one[0], place, variables))
        own_inputs = tuple(one for one in inputs if _is_for(one[0] or "input", place, named))
        for option, given, kept in (("--set", settings, own_settings), ("--input", inputs, own_inputs)):
            what = "variable" if option == "--set" else "input"
            for name in (one[0] or "input" for one in given if one not in kept):
                notes[f"{option} {name} does not change {chain[0].shown}: no such {what}"] = None
        try:
            networks.append(
                build(decode(chain, (*version.settings, *own_settings), own_inputs if inputs else version.inputs))
            )
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(dict.fromkeys(problems))
    before, after = networks
    return before, after, tuple(notes)


def _is_for(name: str, place: int, known: list[set[str]]) -> bool:
    """Whether a name is set in a spec: if the spec has it, or if none has it, so that both report it."""
    return name in known[place] or name not in known[1 - place]


def _json(compared: Iterable[tuple[Diff, DiffView]], *, is_list: bool) -> Iterator[str]:
    """The lines of the JSON text: one difference, or a list of differences."""
    from cnncalc.formats import records
    from cnncalc.layers.shapes import DTYPES
    from cnncalc.reports.diff.records import difference_record

    found = (
        difference_record(facts, batch=options.batch, dtype_size=DTYPES[options.dtype]) for facts, options in compared
    )
    return records.write_list(found) if is_list else records.write(next(found))


def _spaced(parts: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of all parts, separated by empty lines."""
    for place, part in enumerate(parts):
        if place:
            yield ""
        yield from part


def _text(facts: Diff, options: DiffView) -> Iterator[str]:
    """The lines of the tables as plain text."""
    from cnncalc.formats import terminal
    from cnncalc.text import plain

    if not facts.anything:
        yield from (plain(no_change(facts)), *options.notes)
        return
    yield from _spaced([line.text for line in terminal.layout(table, None)] for table in diff_tables(facts, options))


def _write_tables(compared: Iterable[tuple[Diff, DiffView]], color: str) -> None:
    """Write the tables to standard output as soon as each is ready."""
    from cnncalc.formats import terminal

    first = True
    for facts, options in compared:
        if not facts.anything:
            _options.write_lines(_text(facts, options), None)
            continue
        for table in diff_tables(facts, options):
            if not first:
                sys.stdout.write("\n")
                sys.stdout.flush()
            first = False
            terminal.write(table, sys.stdout, color=color)
