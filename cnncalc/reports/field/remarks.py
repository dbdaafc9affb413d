"""Remarks on receptive fields: inputs without positions, missing rules, branches that are not aligned, gates."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc import limits
from cnncalc.analyses.receptive_field import MOST_STRANDS, Flaw, Gate, Misalignment, NoRule
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import axis_names
from cnncalc.network.records import LayerGraph
from cnncalc.text import exact, integer


def describe_reason(rule: NoRule, say: Speaker) -> str:
    """The reason why there is no rule, as a text."""
    bounds = limits.current()
    return say(f"no_rule_{rule.name}", strides=MOST_STRANDS, number=integer(bounds.number), work=integer(bounds.work))


def describe_no_axes(network: LayerGraph, name: str, say: Speaker) -> str:
    return say("no_axes", input=say("the_input_of" if len(network.inputs) > 1 else "the_input", input=name))


def describe_flaws(misalignments: tuple[Misalignment, ...], network: LayerGraph, say: Speaker) -> Iterator[str]:
    """Each kind of misalignment once, at the worst join, with the number of joins that have it."""
    for flaw in Flaw:
        kind = [one for one in misalignments if one.flaw is flaw]
        if not kind:
            continue
        worst = max(kind, key=lambda one: one.numbers)
        rank = dict(network.inputs)[worst.input].rank
        same = [one for one in kind if one.layer == worst.layer and one.numbers == worst.numbers]
        axes = say.join([say(axis_names(rank)[axis]) for axis in sorted({one.axis for one in same})])
        numbers = say.join(list(map(exact, worst.numbers)))
        others = len({one.layer for one in kind}) - 1
        where = say("of_several", layer=worst.layer, count=others) if others else worst.layer
        yield say(f"flaw_{flaw.name}", layer=where, numbers=numbers, axis=axes)


def describe_gates(gates: tuple[Gate, ...], say: Speaker, *, counted: bool) -> Iterator[str]:
    if gates:
        key = "gates_counted" if counted else "gates" if len(gates) > 1 else "one_gate"
        yield say(key, count=len(gates), source=gates[0].source, layer=gates[0].layer)
