"""Runs `check` and `lint` on a spec: reads, builds, checks and lints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cnncalc import git, limits, surface
from cnncalc.bundled import find_name
from cnncalc.checks.causes import CheckedSpec
from cnncalc.checks.checker import Verdict, check
from cnncalc.checks.finding import BASELINE, Finding, Outcome, Severity, State, unusable
from cnncalc.checks.linter import Selection, UnknownRuleError, lint, rules_of
from cnncalc.checks.verdicts import findings, in_spec
from cnncalc.errors import Problem, SpecError, listed, quoted
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.build import build
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.spec.config import EMPTY, Config, ConfigEntry, ConfigsInGit, Lint, entries_of
from cnncalc.spec.decode import decode, read_spec
from cnncalc.spec.guards import INCREASE, TOLERANCE, Guards
from cnncalc.spec.locate import Place, at_revision, chain_of, locate, refuse_link_outside
from cnncalc.spec.records import Spec

if TYPE_CHECKING:
    from cnncalc.analyses.recount import Counting

SEVERITIES = tuple(severity.value for severity in Severity)


class Request(Record):
    """The checks to run on each spec.

    `guards` are those of the command's options; `held` tells whether guards are checked, and `selection` which
    rules, None for none. The baseline is the spec `against`, or each spec itself at the git revision
    `against_ref`; a broken baseline is an error, unless `allow_broken_baseline`. `batch` and `dtype` take
    precedence over the configuration. `in_git` is the configuration at the revisions of baselines, None if no
    configuration is used. If `folds`, batch norms have no memory of their own at inference. `convention` is the key of
    the one that counts operations and parameters, empty for cnncalc's own counting.
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
    allow_broken_baseline: bool = False
    config: Config = EMPTY
    in_git: ConfigsInGit | None = None
    folds: bool = False
    convention: str = ""

    def counting(self, reference: str) -> Counting | None:
        """The convention of the network that a SPEC means."""
        if not self.convention:
            return None
        from cnncalc.analyses.recount import Counting

        return Counting(self.convention, find_name(reference))


class Overrides(Record):
    """Values that override a spec's variables and inputs, as written."""

    settings: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return listed([f"{name or 'input'}={text}" for name, text in (*self.settings, *self.inputs)])


class Baseline(Record):
    """The network of a baseline, or why there is none: a `note`, or its problems.

    `overrides` are those of its configuration.
    """

    network: LayerGraph | None = None
    note: str = ""
    problem: Problem | None = None
    overrides: Overrides = Overrides()


def outcome(reference: str, request: Request) -> Outcome:
    """The outcome for a spec. Raises SpecError only if the revision of the baseline cannot be read."""
    entries = entries_of(request.config, reference)
    own = overrides_of(entries)
    try:
        place = locate(reference)
        refuse_link_outside(place)
    except SpecError as error:
        return unusable(reference, error.problems)
    baseline = _baseline(place, request) if request.held else Baseline()
    try:
        spec = read_spec(place, (*own.settings, *request.settings), request.inputs or own.inputs)
        if spec.is_library and not spec.problems:
            return _check_library(reference, place, spec, (*entries, request) if request.held else ())
        network = build(spec)
        verdicts = _verdicts(spec, network, baseline, entries, request, reference=reference) if request.held else ()
        found = [*in_spec(findings(verdicts), network), *_notes(baseline, own, verdicts, request)]
        if request.selection is not None:
            lints = [request.config.lint, *(entry.lint for entry in entries)]
            found += lint(spec, network, _joined(request.selection, lints), _batch(entries, request))
    except SpecError as error:
        return unusable(reference, error.problems, place.shown)
    found.sort(key=lambda finding: (finding.span is None, finding.span))
    checks = tuple(verdict.check for verdict in verdicts)
    return Outcome(reference, network.name, tuple(found), checks, place.shown)


def _check_library(reference: str, place: Place, spec: Spec, asked: Iterable[ConfigEntry | Request]) -> Outcome:
    """The outcome of a library of blocks. One that is held to guards is unusable: a library has no figures."""
    if any(each.guards != Guards() for each in asked):
        message = "it is a library of blocks, and has no layers that a budget, an expectation or an assertion is about"
        return unusable(reference, [Problem(spec.span, message, "list layers:, or check it without them")])
    return Outcome(reference, "", (), shown=place.shown, blocks=len(spec.blocks))


def _verdicts(
    spec: Spec,
    network: LayerGraph,
    baseline: Baseline,
    entries: tuple[ConfigEntry, ...],
    request: Request,
    *,
    reference: str,
) -> tuple[Verdict, ...]:
    """The verdicts on the spec's own guards, on those of the configuration and on those of the options."""
    told = (*entries, request.config.defaults)
    dtype = request.dtype or next((entry.dtype for entry in told if entry.dtype), None) or "float32"
    every = [spec.guards, *(entry.guards for entry in entries), request.guards]
    every.append(_remaining_defaults(request.config.defaults.guards, every))
    counting = request.counting(reference), request.counting(request.against or reference)
    batch = _batch(entries, request) or 1
    subject = CheckedSpec(spec, network, baseline.network, batch, DTYPES[dtype], request.folds, *counting)
    return check(subject, every)


def _remaining_defaults(defaults: Guards, others: Iterable[Guards]) -> Guards:
    """The bounds of the defaults that no other guard sets: a default `max_increase` applies beside another `max`."""
    given = {(limit.kind, limit.key, name) for each in others for limit in each.limits for name in limit.bounds}
    remaining = []
    for limit in defaults.limits:
        # A tolerance belongs to the bounds beside it.
        replaced = {name for name in limit.bounds if name != TOLERANCE and (limit.kind, limit.key, name) in given}
        bounds = {name: bound for name, bound in limit.bounds.items() if name not in replaced}
        if set(bounds) - {TOLERANCE}:
            remaining.append(limit._replace(bounds=bounds))
    return Guards(tuple(remaining))


def _batch(entries: tuple[ConfigEntry, ...], request: Request) -> int | None:
    """The batch size of the command, an entry, or the defaults."""
    told = (request.batch, *(entry.batch for entry in entries), request.config.defaults.batch)
    return next((batch for batch in told if batch), None)


def overrides_of(entries: Iterable[ConfigEntry]) -> Overrides:
    """The overrides in the entries of a configuration."""
    entries = tuple(entries)
    return Overrides(
        tuple(pair for entry in entries for pair in entry.settings),
        tuple(pair for entry in entries for pair in entry.inputs),
    )


def _baseline(place: Place, request: Request) -> Baseline:
    """The baseline of a spec. Raises git.RevisionError if the revision cannot be read."""
    if request.against is None and request.against_ref is None:
        return Baseline()
    try:
        before = (
            locate(request.against) if request.against is not None else at_revision(place, request.against_ref or "")
        )
        if before is None:
            return Baseline(
                note=f"{request.against_ref} has no {place.shown}: it is new, and increases are not checked"
            )
        entries: tuple[ConfigEntry, ...] = ()
        if not before.revision:
            entries = entries_of(request.config, request.against or "")
        elif request.in_git is not None:
            entries = request.in_git.entries_of(before)
        overrides = overrides_of(entries)
        return Baseline(_network_like(before, overrides, request), overrides=overrides)
    except git.RevisionError:
        raise
    except SpecError as error:
        return Baseline(problem=error.problems[0])


def _network_like(place: Place, own: Overrides, request: Request) -> LayerGraph:
    """The network of a baseline.

    A change of the spec may also change its overrides in the configuration, so a baseline has its `own` overrides.
    Overrides of the command apply to both, as far as the baseline has the variable or input.
    """
    chain = chain_of(place, request.inputs or own.inputs)
    spec = decode(chain)
    names = {name for name, _ in spec.inputs}
    settings = (*own.settings, *(pair for pair in request.settings if pair[0] in spec.variables))
    inputs = tuple(pair for pair in request.inputs if not pair[0] or pair[0] in names) if request.inputs else own.inputs
    return build(decode(chain, settings, inputs) if settings or inputs else spec)


def _notes(baseline: Baseline, own: Overrides, verdicts: tuple[Verdict, ...], request: Request) -> Iterator[Finding]:
    """Findings about the baseline: a broken baseline, on which no increase can be checked, is always reported."""
    if baseline.note:
        yield Finding(BASELINE, Severity.NOTE, None, baseline.note)
    if baseline.problem is not None:
        span, message, hint = baseline.problem
        message = f"the baseline cannot be used, so increases are not checked: {Problem(span, message)}"
        details = (hint,) if hint else ()
        if request.allow_broken_baseline:
            yield Finding(BASELINE, Severity.NOTE, None, message, details=details)
        else:
            hint = f"fix the baseline{surface.broken_baseline()}"
            yield Finding(BASELINE, Severity.ERROR, None, message, hint, details)
    if baseline.network is not None and baseline.overrides != own:
        before, now = (quoted(str(each)) if any(each) else "nothing" for each in (baseline.overrides, own))
        message = f"the configuration sets {before} for the baseline, but {now} for the spec"
        yield Finding(BASELINE, Severity.NOTE, None, message, "use --set and --input, which apply to both")
    held = any(verdict.check.kind == INCREASE for verdict in verdicts)
    if baseline.network is not None and not held:
        hint = f"use {surface.increase()}"
        yield Finding(BASELINE, Severity.NOTE, None, "the baseline has no effect without max_increase", hint)


def refuse_unknown_rules(config: Config) -> None:
    """Raise SpecError with all unknown rules and severities of a configuration."""
    problems = limits.Problems()
    for each in (config.lint, *(entry.lint for entry in config.entries)):
        for word, span in (*each.select, *each.ignore, *((word, span) for word, _, span in each.severities)):
            try:
                rules_of(word)
            except UnknownRuleError as unknown:
                problems.append(Problem(span, unknown.message, unknown.hint))
        for _, text, span in each.severities:
            if text not in SEVERITIES:
                problems.append(Problem(span, f"unknown severity {quoted(text)}", f"use {listed(SEVERITIES, 'or')}"))
    if problems:
        raise SpecError(problems)


def _joined(selection: Selection, lints: list[Lint]) -> Selection:
    """The options override the configuration: if an option selects rules, only these run."""
    return Selection(
        selection.select or tuple(word for each in lints for word, _ in each.select),
        (*(word for each in lints for word, _ in each.ignore), *selection.ignore),
        (*((word, Severity(text)) for each in lints for word, text, _ in each.severities), *selection.severities),
    )


def status(outcomes: list[Outcome], *, strict: bool, errors_only: bool) -> int:
    """The exit status: 2 if a spec is invalid, 1 if a check fails or a finding is severe enough, else 0.

    Errors are severe enough; unless `errors_only`, also warnings; with `strict`, also notes.
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
