"""How other tools count a layer's operations, in words."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc import surface
from cnncalc.analyses.layer_rules import LayerRule, RuleTerm
from cnncalc.formats.document import Block, Paragraph
from cnncalc.languages import Speaker
from cnncalc.reports.explain.wording import LayerWording
from cnncalc.text import integer


def show_rules(words: LayerWording) -> Iterator[Block]:
    """A line for each rule with the tools that count by it; nothing for a layer that nobody counts."""
    rules, operations = words.facts.rules, words.layer.figures.operations
    if not any(rule.terms for rule in rules) and not (rules and any(operations)):
        return
    say = Speaker(words.language, "rules")
    if any(operations):
        yield Paragraph(say("own", module=find_source(words.layer.figures.type)))
    for rule in rules:
        names = say("comma").join(convention.name for _, convention in rule.conventions)
        counted = describe_rule(rule, say)
        if rule.terms:
            counted = say("counted", rule=counted, operations=integer(rule.operations or 0))
        yield words.point(names, counted)
    if surface.advice("--format json"):
        yield Paragraph(say("sources"))


def find_source(layer_type: object) -> str:
    """The file of cnncalc that has the operations of a layer type, with the reasons for its constants."""
    return f"{type(layer_type).__module__.replace('.', '/')}.py"


def describe_rule(rule: LayerRule, say: Speaker) -> str:
    """A rule in words: 2 per multiply-accumulate + 1 per output element (bias)."""
    if rule.terms is None:
        return say("unknown")
    return " + ".join(_describe_term(term, say) for term in rule.terms) or say("not_counted")


def _describe_term(term: RuleTerm, say: Speaker) -> str:
    described = say(f"per_{term.of.name.lower()}", times=term.times)
    if term.plain is not None:
        described = say("or_plain", term=described, plain=term.plain)
    if term.added:
        return say("added", term=described, module=term.added.partition(".")[0])
    return say(key, term=described) if (key := f"because_{term.item}") in say else described
