"""Runs the rules on a network: selects rules, applies comments, and merges findings.

A comment silences the rules that it names, or all rules, on its line:

    - conv: {filters: 64, kernel: 3} # cnncalc: ignore CNN003 because the published weights have it
    - relu # cnncalc: ignore

and, on a line of its own above the spec's first key, in the whole file:

    # cnncalc: ignore-file CNN012, unused-variable
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from cnncalc import limits
from cnncalc.checks.finding import Finding, Severity
from cnncalc.checks.rule import ABOUT_COMMENTS, Comment, Found, Rule, Subject, some
from cnncalc.checks.rules import all_rules
from cnncalc.errors import Span, SpecError, did_you_mean, quoted
from cnncalc.limits import Cost
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.spec.records import Spec

MARK = "cnncalc:"
COMMENT = re.compile(r"#\s*cnncalc:\s*ignore(-file)?(?=\s|\Z)(.*)")
# After the first word, a word is another rule if it follows a comma or looks like a code.
WORD = re.compile(r"(?:\s*,\s*|\s+)([A-Za-z][\w-]*)")
CODE = re.compile(r"CNN[0-9]+\Z")
BECAUSE = "because"


class Selection(Record):
    """The selected rules and their severities. Words are codes, the beginnings of codes, or names.

    If `select` is empty, all rules are selected. If a rule is selected and ignored, the longer word decides;
    if both are equally long, the rule is ignored. In `severities`, the last match applies.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: tuple[tuple[str, Severity], ...] = ()


EVERYTHING = Selection()


class UnknownRuleError(Exception):
    """A word matches no rule; carries a hint."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.message = f"unknown rule {quoted(word)}"
        self.hint = "`cnncalc lint --list` shows the rules"
        # No suggestion for codes: a similar code is rarely what was meant.
        if not word.upper().startswith("CNN"):
            self.hint = did_you_mean(word, [rule.name for rule in all_rules()], self.hint)
        super().__init__(f"{self.message}; {self.hint}")

    def __reduce__(self) -> tuple[type[UnknownRuleError], tuple[str]]:
        return type(self), (self.word,)


def rules_of(word: str) -> tuple[Rule, ...]:
    """The rules with a code, a beginning of their code, or a name. Raises UnknownRuleError."""
    found = _rules_of(word)
    if not found:
        raise UnknownRuleError(word)
    return found


@lru_cache(maxsize=1_000)
def _rules_of(word: str) -> tuple[Rule, ...]:
    begin = word.upper()
    return tuple(rule for rule in all_rules() if rule.name == word.lower() or (begin and rule.code.startswith(begin)))


def selected(selection: Selection) -> tuple[tuple[Rule, Severity], ...]:
    """The selected rules with their severities. Raises UnknownRuleError."""
    wanted, unwanted = _weights(selection.select), _weights(selection.ignore)
    severities = {rule.code: severity for word, severity in selection.severities for rule in rules_of(word)}
    return tuple(
        (rule, severities.get(rule.code, rule.severity))
        for rule in all_rules()
        if (rule.code in wanted or not selection.select)
        if rule.code not in unwanted or wanted.get(rule.code, 0) > unwanted[rule.code]
    )


def _weights(words: Iterable[str]) -> dict[str, int]:
    """The length of the longest word that matches each rule; a name counts like a whole code."""
    weights: dict[str, int] = {}
    for word in words:
        for rule in rules_of(word):
            length = min(len(word), len(rule.code))
            weights[rule.code] = max(length, weights.get(rule.code, 0))
    return weights


def lint(
    spec: Spec, network: LayerGraph, selection: Selection = EVERYTHING, batch: int | None = None
) -> tuple[Finding, ...]:
    """The findings of the rules in a network, in the order of the file.

    Findings without a place come first, then those in the spec's own file, then those in the specs it extends.
    `batch` is the batch size in training. Raises UnknownRuleError for an unknown rule in `selection`, and SpecError
    above the limit of work.
    """
    with limits.counted():
        return _lint(spec, network, selected(selection), batch)


def _lint(
    spec: Spec, network: LayerGraph, rules: tuple[tuple[Rule, Severity], ...], batch: int | None
) -> tuple[Finding, ...]:
    comments = tuple(comment for file, text in dict(spec.texts).items() for comment in comments_in(text, file))
    subject = Subject(spec, network, batch)
    subject.asked = frozenset(rule.code for rule, _ in rules)
    first = [pair for pair in rules if not pair[0].code.startswith(ABOUT_COMMENTS)]
    findings = [finding for rule, severity in first for finding in _findings(rule, severity, subject)]
    kept, comments = _silenced(findings, comments, spec.file)
    # Comments in an extended spec may be meant for that spec.
    subject.comments = tuple(comment for comment in comments if comment.span.file == spec.file)
    last = [pair for pair in rules if pair[0].code.startswith(ABOUT_COMMENTS)]
    kept += [finding for rule, severity in last for finding in _findings(rule, severity, subject)]

    def order(finding: Finding) -> tuple[bool, bool, Span, str]:
        span = finding.span or Span("", 0, 0)
        return finding.span is not None, span.file != spec.file, span, finding.code

    return tuple(sorted(kept, key=order))


def _findings(rule: Rule, severity: Severity, subject: Subject) -> Iterator[Finding]:
    """The findings of a rule, merged to one for each place in the files."""
    by_place: dict[object, list[Found]] = {}
    for found in rule.check(subject):
        # Findings without a line or a layer are not merged.
        key = found.span if found.span is not None and found.layer else (found.span, found.message)
        by_place.setdefault(key, []).append(found)
    for places in by_place.values():
        worst = max(places, key=lambda found: found.weight)
        names = [found.layer for found in places if found is not worst]
        also = f" (and {len(names)} more like it: {some(names, 3)})" if names else ""
        message = f"{worst.message}{also}"
        layers = tuple(found.layer for found in places if found.layer)
        yield Finding(rule.code, severity, worst.span, message, worst.hint, layer=worst.layer, layers=layers)


# --- comments -----------------------------------------------------------------------------------


def comments_in(text: str, file: str) -> Iterator[Comment]:
    """The comments of a YAML text that silence rules."""
    if MARK not in text:
        return
    texts = _texts_in(text)
    begun = texts[0][0] if texts else len(text)
    place = 0
    for number, line in enumerate(re.split(r"(?<=\n)|(?<=\r)(?!\n)", text), start=1):
        match = COMMENT.search(line.rstrip("\r\n")) if MARK in line else None
        at = place + match.start() if match else 0
        if match and _is_comment(text, at, texts):
            whole_file = match.group(1) is not None
            span = Span(file, number, match.start() + 1)
            try:
                limits.spend(Cost.COMMENT)
                words = tuple((word, _codes(word)) for word in _words(match.group(2)))
            except SpecError as error:
                raise SpecError(problem._replace(span=span) for problem in error.problems) from None
            yield Comment(span, words, whole_file, misplaced=whole_file and at > begun)
        place += len(line)


def _texts_in(text: str) -> list[tuple[int, int]]:
    """The start and end of each scalar in a YAML text, in order: a # in a scalar is not a comment."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    tokens = yaml.scan(text, Loader=loader)
    return [
        (token.start_mark.index, token.end_mark.index) for token in tokens if isinstance(token, yaml.tokens.ScalarToken)
    ]


def _is_comment(text: str, at: int, texts: list[tuple[int, int]]) -> bool:
    """Whether the # at an offset begins a comment: after a space, and not in a scalar."""
    before = bisect_right(texts, (at, len(text)))
    return (at == 0 or text[at - 1].isspace()) and not (before and at < texts[before - 1][1])


def _words(text: str) -> Iterator[str]:
    """The rules that a comment names; text after `because`, or after the list, is a reason."""
    place = 0
    while match := WORD.match(text, place):
        word = match.group(1)
        listed = not place or "," in match.group() or CODE.match(word)
        if word == BECAUSE or not listed:
            return
        yield word
        place = match.end()


def _codes(word: str) -> tuple[str, ...] | None:
    limits.spend(Cost.COMMENT)
    return tuple(rule.code for rule in _rules_of(word)) or None


def _silenced(
    findings: list[Finding], comments: tuple[Comment, ...], own_file: str
) -> tuple[list[Finding], tuple[Comment, ...]]:
    """The findings that no comment silences, and the comments with the codes that they silence."""
    if not comments:
        return findings, comments
    used: dict[int, set[str]] = {number: set() for number in range(len(comments))}
    by_line: dict[tuple[str, int], list[int]] = {}
    for number, comment in enumerate(comments):
        if not comment.misplaced:
            line = 0 if comment.whole_file else comment.span.line
            by_line.setdefault((comment.span.file, line), []).append(number)

    @cache
    def is_silenced(file: str, line: int, code: str) -> bool:
        """Whether a comment on a line silences a rule. Marks all such comments as used."""
        numbers = [number for number in by_line.get((file, line), ()) if _names(comments[number], code)]
        for number in numbers:
            used[number].add(code)
        return bool(numbers)

    kept = []
    for finding in findings:
        file, line = (finding.span.file, finding.span.line) if finding.span else (own_file, 0)
        # No short circuit: each comment that silences the finding is marked as used.
        if not any([is_silenced(file, line, finding.code), is_silenced(file, 0, finding.code)]):
            kept.append(finding)
    return kept, tuple(comment._replace(used=frozenset(used[number])) for number, comment in enumerate(comments))


def _names(comment: Comment, code: str) -> bool:
    """Whether a comment is about a rule."""
    return not comment.words or any(code in codes for _, codes in comment.words if codes is not None)
