"""A calculator for convolutional network architectures.

>>> import cnncalc
>>> cnncalc.load("vgg16").totals.params
138357544
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.api import Network, check, compare, diff, from_dict, lint, load, loads, networks, sweep
    from cnncalc.checks.linter import UnknownRuleError
    from cnncalc.errors import Problem, SpecError
    from cnncalc.network.records import Layer

# The only source of the version, for the package, the wheel and checkouts.
__version__ = "0.1.0"
__all__ = [
    "Layer",
    "Network",
    "Problem",
    "SpecError",
    "UnknownRuleError",
    "check",
    "compare",
    "diff",
    "from_dict",
    "lint",
    "load",
    "loads",
    "networks",
    "sweep",
]


def __getattr__(name: str) -> object:
    """The names of the interface, imported on first use, because the command line needs few of them."""
    from importlib import import_module

    modules = {
        **dict.fromkeys(
            ("load", "loads", "from_dict", "networks", "check", "compare", "diff", "lint", "sweep", "Network"), "api"
        ),
        "Layer": "network.records",
        "UnknownRuleError": "checks.linter",
        **dict.fromkeys(("Problem", "SpecError"), "errors"),
    }
    if name not in modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{modules[name]}"), name)


def __dir__() -> list[str]:
    """The names of the interface and the modules imported so far."""
    return sorted({*globals(), *__all__})
