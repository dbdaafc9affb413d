"""The rules, one file each: their pages, codes and checks.

Nothing registers: the catalogue lists this folder when it is asked.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module

from cnncalc.checks.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the codes."""
    names = (name[:-3] for name in os.listdir(os.path.dirname(__file__)) if name.endswith(".py") and name[0] != "_")
    return tuple(sorted(map(_rule, names), key=lambda rule: rule.code))


def _rule(name: str) -> Rule:
    module = import_module(f"{__name__}.{name}")
    return Rule(module.CODE, module.NAME, module.SEVERITY, module.__doc__ or "", module.check)
