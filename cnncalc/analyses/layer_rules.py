"""How each convention counts the operations of one layer; conventions with the same rule together."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analyses import conventions
from cnncalc.analyses.conventions.contract import PRODUCTS, Charges, Convention, Count
from cnncalc.analyses.counting import COUNTS, Implementation, find_charges, find_rule, times_of
from cnncalc.analyses.recount import count_operations
from cnncalc.network.records import Figures, Layer
from cnncalc.record import Record


class RuleTerm(Record):
    """`times` a count. `plain` is that of a layer without learnable weights, if it differs; `item` as in `Charge`.

    `added` is the module that the implementation runs after the layer, if the term is about that.
    """

    of: Count
    times: int
    plain: int | None = None
    item: str = ""
    added: str = ""


class LayerRule(Record):
    """How some conventions count a layer: the terms of the sum; None if their rules are not modeled.

    `operations` are None then, and without terms 0.
    """

    terms: tuple[RuleTerm, ...] | None
    operations: int | None
    conventions: tuple[tuple[str, Convention], ...]


def layer_rules(layer: Layer, implementation: Implementation) -> tuple[LayerRule, ...]:
    """The rules for a layer, that of most conventions first, then those that do not count it, then unknown ones.

    `implementation` is that of its network. Conventions without operations are left out.
    """
    module, added = implementation.modules[layer.name], implementation.added.get(layer.name, "")
    groups: dict[tuple[tuple[RuleTerm, ...] | None, int | None], list[tuple[str, Convention]]] = {}
    keys = conventions.keys()
    for key in keys:
        convention = conventions.find(key)
        if not convention.unit:
            continue
        charges = find_charges(convention, layer.figures, module)
        terms = None if charges is None else (*_terms(charges, layer.figures), *_added(convention, added))
        operations = count_operations(convention, layer, implementation)
        groups.setdefault((terms, operations), []).append((key, convention))
    rules = [LayerRule(*rule, tuple(names)) for rule, names in groups.items()]
    return tuple(sorted(rules, key=lambda rule: (rule.terms is None, not rule.terms, -len(rule.conventions))))


def _terms(charges: Charges, figures: Figures) -> Iterator[RuleTerm]:
    """The terms that count anything in a layer; counts that are equal in this layer have one name."""
    for charge in charges:
        times, counted = times_of(charge, figures), COUNTS[charge.of](figures)
        if times and counted:
            of = charge.of
            for names in ((Count.MACS, *PRODUCTS), (Count.INPUT, Count.OUTPUT)):
                if of in names and counted == COUNTS[names[0]](figures):
                    of = names[0]
            other = charge.plain if charge.plain != charge.times and times == charge.times else None
            yield RuleTerm(of, times, other, charge.item)


def _added(convention: Convention, module: str) -> Iterator[RuleTerm]:
    """The term of a module that the implementation adds, and whose input and output have as many elements."""
    charges = find_rule(convention, module) if module else ()
    if times := sum(charge.times for charge in charges or ()):
        yield RuleTerm(Count.INPUT, times, added=module)
