from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.commands._progress import progress
from cnncalc.errors import Problem, SpecError
from cnncalc.formats.findings import FORMATS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from cnncalc.checks.finding import Severity
    from cnncalc.checks.rule import Rule

SEVERITIES = ("error", "warning", "note")


class RuleWords(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """Codes, beginnings of codes or names of rules, separated by commas; shells complete them."""

    name = "CODE[,...]"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from cnncalc.commands import _completers

        return _completers.in_list(_completers.rules(), incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if not isinstance(value, str):
            return tuple(value)
        words = tuple(word.strip() for word in value.split(",") if word.strip())
        for word in words:
            known_rules(word, param, ctx)
        return words


class RuleSeverity(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """CODE=SEVERITY; shells complete both."""

    name = "CODE=SEVERITY"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from cnncalc.commands import _completers

        word, equals, severity = incomplete.partition("=")
        if equals:
            return _completers.words(SEVERITIES, severity, f"{word}=")
        return _completers.keys(_completers.rules(), word)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Severity]:
        from cnncalc.checks.finding import Severity

        if not isinstance(value, str):
            word, severity = value
            return word, severity
        word, _, weight = (part.strip() for part in value.partition("="))
        if weight not in SEVERITIES:
            self.fail(f"{value!r} is not CODE=SEVERITY; severities are {', '.join(SEVERITIES)}", param, ctx)
        known_rules(word, param, ctx)
        return word, Severity(weight)


def known_rules(word: str, param: click.Parameter | None = None, ctx: click.Context | None = None) -> tuple[Rule, ...]:
    """The rules with a code, a beginning of codes, or a name. Raises a usage error if there is none."""
    from cnncalc.checks.linter import UnknownRuleError, rules_of

    try:
        return rules_of(word)
    except UnknownRuleError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@click.command("lint", short_help="Check networks against design rules.")
@click.argument("specs", nargs=-1, type=_options.SpecArgument(), metavar="[SPEC]...")
@click.option(
    "--select",
    multiple=True,
    type=RuleWords(),
    help="Check only these rules: CNN003, CNN01 (all codes that begin so), or names.",
)
@click.option("--ignore", multiple=True, type=RuleWords(), help="Skip these rules.")
@click.option(
    "--severity",
    "severities",
    multiple=True,
    type=RuleSeverity(),
    help="Set the severity of a rule: error, warning or note.",
)
@click.option("--strict", is_flag=True, help="Fail on notes too.")
@click.option(
    "--explain", "explained", metavar="CODE", shell_complete=_options.completer("rule"), help="Explain a rule."
)
@click.option("--list", "listed", is_flag=True, help="List the rules.")
@_options.config_option
@_options.no_config_option
@click.option("--only-configured", is_flag=True, help="Skip each SPEC that cnncalc.yaml does not name.")
@_options.input_option
@_options.set_option
@click.option("--batch", type=click.IntRange(1, 10**9), default=None, metavar="N", help="Batch size in training.")
@_options.quiet_option
@_options.format_option(*FORMATS)
@_options.output_option
@_options.color_option
@_options.bounds_options
def command(
    specs: tuple[str, ...],
    select: tuple[tuple[str, ...], ...],
    ignore: tuple[tuple[str, ...], ...],
    severities: tuple[tuple[str, Severity], ...],
    strict: bool,  # noqa: FBT001 - click passes it by name
    batch: int | None,
    explained: str | None,
    listed: bool,  # noqa: FBT001 - click passes it by name
    config: str | None,
    no_config: bool,  # noqa: FBT001 - click passes it by name
    only_configured: bool,  # noqa: FBT001 - click passes it by name
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    quiet: bool,  # noqa: FBT001 - click passes it by name
    form: str,
    output: str | None,
    color: str,
) -> None:
    """Check networks against design rules: wasted parameters, lost pixels, layers that nothing reads.

    \b
    A comment silences a rule on its line:
      - conv: [64, 3] # cnncalc: ignore CNN003 because ...
    and above the first key in the whole file:
      # cnncalc: ignore-file CNN003

    Without SPEC, check every spec that cnncalc.yaml names.

    \b
    Exit status:
      0  no errors and no warnings
      1  errors or warnings
      2  a spec cannot be used

    \b
    Examples:
      cnncalc lint design.yaml
      cnncalc lint design.yaml --ignore CNN003 --strict
      cnncalc lint --explain CNN003
    """
    if explained is not None or listed:
        _tell(explained, form, output)
        return
    from cnncalc.checks import run as outcomes
    from cnncalc.checks.finding import Severity
    from cnncalc.checks.linter import Selection

    selection = Selection(_joined(select), _joined(ignore), severities)
    try:
        used = _options.config(config, no_config=no_config)
        outcomes.refuse_unknown_rules(used)
        request = outcomes.Request(settings, inputs, batch, held=False, selection=selection, config=used)
        named = specs or _options.configured(used)
        if only_configured:
            named = _options.only_configured(used, named)
        with progress(dict.fromkeys(named), "linting") as each:
            found = [outcomes.outcome(spec, request) for spec in each]
    except SpecError as error:
        _options.fail(error)
    worst = tuple(severity for severity in Severity if strict or severity is not Severity.NOTE)
    _options.write_findings(found, form, output, color, worst if quiet else None)
    raise SystemExit(outcomes.status(found, strict=strict, errors_only=False))


def _joined(words: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(word for each in words for word in each)


def _tell(word: str | None, form: str, output: str | None) -> None:
    """Write the page of a rule, or the list of all rules."""
    from cnncalc.checks.rules import all_rules
    from cnncalc.reports import rule_reference

    if form not in formats.DOCUMENT:
        raise click.UsageError(f"pages of rules are written as {', '.join(formats.DOCUMENT)}")
    pages = tuple(map(rule_reference.page, all_rules() if word is None else _one(word)))
    _options.write_report(
        lambda: rule_reference.overview() if word is None else rule_reference.document(pages[0]),
        form,
        output,
        record=lambda: rule_reference.Pages(pages),
    )


def _one(word: str) -> tuple[Rule, ...]:
    """The rule with a complete code or a name. If there is none, ends with status 2."""
    from cnncalc.checks.linter import UnknownRuleError
    from cnncalc.checks.rules import all_rules

    found = tuple(rule for rule in all_rules() if word.upper() == rule.code or word.lower() == rule.name)
    if not found:
        unknown = UnknownRuleError(word)
        _options.fail(SpecError([Problem(None, unknown.message, unknown.hint)]))
    return found
