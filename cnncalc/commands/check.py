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
    from collections.abc import Callable

    from cnncalc.checks.finding import Outcome
    from cnncalc.spec.guards import Guards


def _limit_option(option: str, name: str, example: str, words: str) -> Callable[[_options.Command], _options.Command]:
    return click.option(
        option,
        name,
        multiple=True,
        type=_options.KeyValue("QUANTITY=N", example),
        shell_complete=_options.completer("limited"),
        help=words,
    )


@click.command("check", short_help="Check networks against budgets and design rules.")
@click.argument("specs", nargs=-1, type=_options.SpecArgument(), metavar="[SPEC]...")
@_limit_option("--max", "most", "params=5M", "Set a budget, such as params=5M; may be repeated.")
@_limit_option("--min", "least", "params=1M", "Require at least N, such as params=1M; may be repeated.")
@click.option(
    "--expect",
    "expected",
    multiple=True,
    type=_options.KeyValue("QUANTITY=VALUE", "depth=16"),
    shell_complete=_options.completer("expected"),
    help="Require a value, such as output=[1000] or depth=16; may be repeated.",
)
@click.option(
    "--assert", "asserted", multiple=True, help="Require a condition, such as \"params('fc6') < 0.5 * params()\"."
)
@click.option("--against", type=_options.SpecArgument(), help="Compare increases with this baseline.")
@click.option("--against-ref", metavar="REVISION", help="Compare each SPEC with itself at this git revision.")
@click.option("--allow-broken-baseline", is_flag=True, help="Report a baseline that cannot be used instead of failing.")
@_limit_option(
    "--max-increase",
    "increases",
    "params=1%",
    "Limit the increase over the baseline, such as params=2% or params=10k; may be repeated.",
)
@_options.config_option
@_options.no_config_option
@click.option(
    "--lint/--no-lint", "linted", default=True, help="Also check the design rules of `cnncalc lint`.", show_default=True
)
@click.option(
    "--fold-batch-norm",
    "folds",
    is_flag=True,
    help="Fold each batch norm into the layer before it for peak_memory and arena, as compilers for inference do.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option(
    "--summary",
    type=click.Path(),
    metavar="FILE",
    help="Also append a Markdown report to FILE: a table of checks per spec, and all findings. In a GitHub workflow,"
    ' "$GITHUB_STEP_SUMMARY" shows it on the page of the run.',
)
@_options.convention_option
@_options.input_option
@_options.set_option
@click.option(
    "--batch", type=click.IntRange(1, 10**9), default=None, metavar="N", help="Count for a batch of N samples."
)
@click.option("--dtype", type=click.Choice(list(DTYPES)), default=None, help="Number type for sizes in bytes.")
@_options.quiet_option
@_options.format_option(*FORMATS)
@_options.output_option
@_options.color_option
@_options.bounds_options
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
    folds: bool,  # noqa: FBT001 - click passes it by name
    strict: bool,  # noqa: FBT001 - click passes it by name
    summary: str | None,
    convention: str | None,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    batch: int | None,
    dtype: str | None,
    quiet: bool,  # noqa: FBT001 - click passes it by name
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Check networks against budgets and expectations: those of the spec, of cnncalc.yaml and of options.

    Without SPEC, check every spec that cnncalc.yaml names. A spec without a budget must be valid and is linted.

    \b
    Exit status:
      0  all checks pass
      1  a check fails, a baseline cannot be used, or a design rule finds an error
      2  a spec cannot be used

    \b
    Examples:
      cnncalc check design.yaml --max params=5M --expect output=[1000]
      cnncalc check design.yaml --against-ref main --max-increase macs=2%
      cnncalc check design.yaml --convention fvcore --max macs=4.2G
      cnncalc check --format sarif --output results.sarif
    """
    from cnncalc.checks import run as outcomes
    from cnncalc.checks.finding import Severity
    from cnncalc.checks.linter import EVERYTHING

    if against is not None and against_ref is not None:
        raise click.UsageError("--against and --against-ref are mutually exclusive; use one of them")
    if increases and against is None and against_ref is None:
        raise click.UsageError("--max-increase needs a baseline; add --against FILE or --against-ref main")
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
            folds=folds,
            convention=convention or "",
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
    """The guards in the options. Raises SpecError with their problems."""
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
    """Append the summary to a file, which may have those of other commands."""
    from cnncalc.formats.findings import markdown

    _options.append_lines([*markdown.write(found), ""], path)
