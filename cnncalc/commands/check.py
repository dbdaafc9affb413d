from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc.commands import _options
from cnncalc.commands._progress import progress
from cnncalc.errors import SpecError, of_option
from cnncalc.formats.findings import FORMATS
from cnncalc.layers.shapes import DTYPES
from cnncalc.limits import Problems

if TYPE_CHECKING:
    from cnncalc.checks.finding import Outcome
    from cnncalc.spec.guards import Guards


@click.command("check", short_help="Hold networks to their budgets, and lint them.")
@click.argument("specs", nargs=-1, type=_options.SpecArgument(), metavar="[SPEC]...")
@click.option(
    "--max",
    "most",
    multiple=True,
    type=_options.Pair("QUANTITY=N", "params=5M"),
    shell_complete=_options.completer("limited"),
    help="A budget, such as params=5M.",
)
@click.option(
    "--min",
    "least",
    multiple=True,
    type=_options.Pair("QUANTITY=N", "params=1M"),
    shell_complete=_options.completer("limited"),
    help="The least that there must be.",
)
@click.option(
    "--expect",
    "expected",
    multiple=True,
    type=_options.Pair("QUANTITY=VALUE", "depth=16"),
    shell_complete=_options.completer("expected"),
    help="As in output=[1000] or depth=16.",
)
@click.option("--assert", "asserted", multiple=True, help="A condition, such as \"params('fc6') < 0.5 * params()\".")
@click.option("--against", type=_options.SpecArgument(), help="The baseline that increases are held against.")
@click.option("--against-ref", metavar="REVISION", help="Each SPEC as it is there in git is its baseline.")
@click.option("--allow-broken-baseline", is_flag=True, help="Let a spec pass whose baseline exists but cannot be used.")
@click.option(
    "--max-increase",
    "increases",
    multiple=True,
    type=_options.Pair("QUANTITY=N", "params=1%"),
    shell_complete=_options.completer("limited"),
    help="The most that may be added to the baseline: params=2% or params=10k.",
)
@click.option("--config", type=click.Path(), help="The cnncalc.yaml to use; by default the nearest above.")
@click.option("--no-config", is_flag=True, help="Use no cnncalc.yaml.")
@click.option("--lint/--no-lint", "linted", default=True, help="Ask the rules of lint, too.", show_default=True)
@click.option("--strict", is_flag=True, help="Warnings break the check too.")
@click.option(
    "--summary",
    type=click.Path(),
    metavar="FILE",
    help="Also append a report in Markdown to FILE: the checks of each spec as a table, and all findings. In a GitHub"
    ' workflow, "$GITHUB_STEP_SUMMARY" shows it on the page of the run.',
)
@_options.input_option
@_options.set_option
@_options.bounds_options
@click.option("--batch", type=click.IntRange(1, 10**9), default=None, help="Count for so many samples.")
@click.option("--dtype", type=click.Choice(list(DTYPES)), default=None, help="Type of number that sizes are for.")
@_options.quiet_option
@_options.format_option(*FORMATS)
@_options.output_option
@_options.color_option
def command(
    specs: tuple[str, ...],
    most: tuple[tuple[str, str], ...],
    least: tuple[tuple[str, str], ...],
    expected: tuple[tuple[str, str], ...],
    asserted: tuple[str, ...],
    against: str | None,
    against_ref: str | None,
    allow_broken_baseline: bool,  # noqa: FBT001 - click passes it by name
    increases: tuple[tuple[str, str], ...],
    config: str | None,
    no_config: bool,  # noqa: FBT001 - click passes it by name
    linted: bool,  # noqa: FBT001 - click passes it by name
    strict: bool,  # noqa: FBT001 - click passes it by name
    summary: str | None,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int | None,
    dtype: str | None,
    quiet: bool,  # noqa: FBT001 - click passes it by name
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Hold networks to the budgets and expectations of their specs, of cnncalc.yaml and of options.

    Without SPEC, all that cnncalc.yaml names. A spec that has no budget must be valid, and is linted.
    Status 0: all is kept; 1: something is broken, a baseline cannot be used, or a rule finds an error; 2: a spec is
    unusable.
    """
    from cnncalc.checks import run as outcomes
    from cnncalc.checks.finding import Severity
    from cnncalc.checks.linter import EVERYTHING

    if against is not None and against_ref is not None:
        raise click.UsageError("--against and --against-ref exclude each other")
    if increases and against is None and against_ref is None:
        raise click.UsageError("--max-increase needs a baseline: --against FILE or --against-ref main")
    try:
        used = _options.config(config, no_config=no_config)
        outcomes.refuse_unknown_rules(used)
        guards = _guards(most, least, expected, asserted, increases)
        named = specs or _options.configured(used)
        request = outcomes.Request(
            settings,
            inputs,
            batch,
            dtype,
            guards,
            selection=EVERYTHING if linted else None,
            against=against,
            against_ref=against_ref,
            allow_broken_baseline=allow_broken_baseline,
            config=used,
            in_git=_options.config_in_git(used, config, no_config=no_config),
        )
        with progress(dict.fromkeys(named), "checking") as each:
            found = [outcomes.outcome(spec, request) for spec in each]
    except SpecError as error:
        _options.fail(error)
    _options.write_findings(found, form, output, color, (Severity.ERROR, Severity.WARNING) if quiet else None)
    if summary is not None:
        _append(summary, found)
    raise SystemExit(outcomes.status(found, strict=strict, errors_only=True))


def _guards(
    most: tuple[tuple[str, str], ...],
    least: tuple[tuple[str, str], ...],
    expected: tuple[tuple[str, str], ...],
    asserted: tuple[str, ...],
    increases: tuple[tuple[str, str], ...],
) -> Guards:
    """The guards that the options give. Raises SpecError with what is wrong with them."""
    from cnncalc.spec.guards import BUDGET, EXPECT, Guards, read_assertion_option, read_limit_option

    told = (
        ("--max", BUDGET, "max", most),
        ("--min", BUDGET, "min", least),
        ("--expect", EXPECT, "value", expected),
        ("--max-increase", BUDGET, "max_increase", increases),
    )
    problems = Problems()
    limits = [
        read_limit_option(kind, bound, (key, text), option, problems)
        for option, kind, bound, pairs in told
        for key, text in pairs
    ]
    assertions = [read_assertion_option(text, "--assert", problems) for text in asserted]
    if problems:
        raise SpecError(map(of_option, problems))
    return Guards(tuple(filter(None, limits)), tuple(filter(None, assertions)))


def _append(path: str, found: list[Outcome]) -> None:
    """Append the summary to a file that may hold those of other commands."""
    from cnncalc.formats.findings import markdown

    _options.append_lines([*markdown.write(found), ""], path)
