"""The rules, one file each: their pages, codes and checks.

Rules need no registration: this module lists the folder.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module

from cnncalc.checks.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """All rules, in the order of their codes."""
    names = (name[:-3] for name in os.listdir(os.path.dirname(__file__)) if name.endswith(".py") and name[0] != "_")
    return tuple(sorted(map(_rule, names), key=lambda rule: rule.code))


def _rule(name: str) -> Rule:
    module = import_module(f"{__name__}.{name}")
    return Rule(module.CODE, module.NAME, module.SEVERITY, module.__doc__ or "", module.check)
