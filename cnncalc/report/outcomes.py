"""A spec read, built, held to its guards and linted: all that `check` and `lint` find of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from cnncalc import git, limits
from cnncalc.build import build, load
from cnncalc.checker import Subject, Verdict, check
from cnncalc.config import EMPTY, Config, Entry, Lint, entries_of
from cnncalc.decode import read_spec
from cnncalc.finding import Finding, Outcome, Severity, State, unusable
from cnncalc.guards import BASELINE, INCREASE, Guards
from cnncalc.linter import Selection, UnknownRuleError, lint, rules_of
from cnncalc.locate import locate
from cnncalc.network import Network
from cnncalc.problem import Problem, SpecError, listed, quoted
from cnncalc.report.check import findings, in_spec
from cnncalc.shapes import DTYPES
from cnncalc.spec import Spec

SEVERITIES = tuple(severity.value for severity in Severity)


class Request(NamedTuple):
    """What is asked of each spec.

    `guards` are those of the command's options; `held` says whether any guards are looked at, and
    `selection` which rules are, None for none. The baseline is the spec `against`, or each spec as it
    is at the git revision `against_ref`. `batch` and `dtype` come before those of the configuration.
    """

    settings: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    batch: int | None = None
    dtype: str | None = None
    guards: Guards = Guards()
    held: bool = True
    selection: Selection | None = None
    against: str | None = None
    against_ref: str | None = None
    config: Config = EMPTY


class Baseline(NamedTuple):
    """The network that one is compared with, or why there is none."""

    network: Network | None
    note: str = ""


def outcome(reference: str, request: Request) -> Outcome:
    """All that is found of a spec. Raises SpecError only where the baseline's revision cannot be had at all."""
    entries = entries_of(request.config, reference)
    settings = (*(pair for entry in entries for pair in entry.settings), *request.settings)
    inputs = request.inputs or tuple(pair for entry in entries for pair in entry.inputs)
    baseline = _baseline(reference, request, settings, inputs) if request.held else Baseline(None)
    shown = reference
    try:
        shown = locate(reference).shown
        spec = read_spec(reference, settings, inputs)
        network = build(spec)
        verdicts = _verdicts(spec, network, baseline, entries, request) if request.held else ()
        found = [*in_spec(findings(verdicts), network), *_notes(baseline, verdicts)]
        if request.selection is not None:
            lints = [request.config.lint, *(entry.lint for entry in entries)]
            found += lint(spec, network, _joined(request.selection, lints), _batch(entries, request))
    except SpecError as error:
        return unusable(reference, error.problems, shown)
    found.sort(key=lambda finding: (finding.span is None, finding.span))
    checks = tuple(verdict.check for verdict in verdicts)
    return Outcome(reference, network.name, tuple(found), checks, shown)


def _verdicts(
    spec: Spec, network: Network, baseline: Baseline, entries: tuple[Entry, ...], request: Request
) -> tuple[Verdict, ...]:
    """The verdicts on the spec's own guards, on those of the configuration and on those of the options."""
    told = (*entries, request.config.defaults)
    dtype = request.dtype or next((entry.dtype for entry in told if entry.dtype), None) or "float32"
    every = [spec.guards, *(entry.guards for entry in entries), request.guards]
    limited = {(limit.kind, limit.key) for each in every for limit in each.limits}
    defaults = request.config.defaults.guards
    every.append(Guards(tuple(limit for limit in defaults.limits if (limit.kind, limit.key) not in limited)))
    return check(Subject(spec, network, baseline.network, _batch(entries, request) or 1, DTYPES[dtype]), every)


def _batch(entries: tuple[Entry, ...], request: Request) -> int | None:
    """The batch that is told: by the command, an entry, or the defaults."""
    told = (request.batch, *(entry.batch for entry in entries), request.config.defaults.batch)
    return next((batch for batch in told if batch), None)


def _baseline(
    reference: str, request: Request, settings: tuple[tuple[str, str], ...], inputs: tuple[tuple[str, str], ...]
) -> Baseline:
    """What a spec is compared with. One that cannot be used must not keep its repair from being merged: it is told."""
    place = request.against
    if request.against_ref is not None:
        if reference == "-" or not os.path.exists(reference):
            return Baseline(None, f"{reference} is no file, so that git has none to compare it with")
        if not git.exists(request.against_ref, reference):
            return Baseline(None, f"{request.against_ref} has no {reference}: it is new, and no increase is held")
        place = f"{request.against_ref}:{reference}"
    if place is None:
        return Baseline(None)
    try:
        return Baseline(load(place, settings, inputs))
    except SpecError as error:
        return Baseline(None, f"the baseline cannot be used, so that no increase is held: {error.problems[0]}")


def _notes(baseline: Baseline, verdicts: tuple[Verdict, ...]) -> Iterator[Finding]:
    """What is to be said of the baseline."""
    if baseline.note:
        yield Finding(BASELINE, Severity.NOTE, None, baseline.note)
    held = any(verdict.check.kind == INCREASE for verdict in verdicts)
    if baseline.network is not None and not held:
        hint = "--max-increase params=2%, or max_increase in a budget, would"
        yield Finding(BASELINE, Severity.NOTE, None, "nothing limits an increase", hint)


def refuse_unknown_rules(config: Config) -> None:
    """Raise SpecError with every rule and severity of a configuration that does not exist."""
    problems = limits.Problems()
    for each in (config.lint, *(entry.lint for entry in config.entries)):
        for word, span in (*each.select, *each.ignore, *((word, span) for word, _, span in each.severities)):
            try:
                rules_of(word)
            except UnknownRuleError as unknown:
                problems.append(Problem(span, unknown.message, unknown.hint))
        for _, text, span in each.severities:
            if text not in SEVERITIES:
                problems.append(Problem(span, f"there is no severity {quoted(text)}", f"they are {listed(SEVERITIES)}"))
    if problems:
        raise SpecError(problems)


def _joined(selection: Selection, lints: list[Lint]) -> Selection:
    """The rules of the options over those of the configuration: what an option selects is all that is asked."""
    return Selection(
        selection.select or tuple(word for each in lints for word, _ in each.select),
        (*(word for each in lints for word, _ in each.ignore), *selection.ignore),
        (*((word, Severity(text)) for each in lints for word, text, _ in each.severities), *selection.severities),
    )


def status(outcomes: list[Outcome], *, strict: bool, errors_only: bool) -> int:
    """The exit status: 2 where a spec is unusable, 1 where a check is broken or a rule weighs enough, else 0.

    Rules weigh enough that find an error; unless `errors_only`, a warning; where `strict`, also a note.
    """
    if any(outcome.unusable for outcome in outcomes):
        return 2
    weights = {Severity.ERROR}
    if strict or not errors_only:
        weights.add(Severity.WARNING)
    if strict and not errors_only:
        weights.add(Severity.NOTE)
    found = any(finding.severity in weights for outcome in outcomes for finding in outcome.findings)
    broken = any(check.state is State.BROKEN for outcome in outcomes for check in outcome.checks)
    return int(found or broken)
