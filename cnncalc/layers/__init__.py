"""The layer types, one file each; trivial families share a file whose name is a plural.

Nothing registers: the catalogue lists this folder when asked, and loads a type when it is named.
A type `conv` lives in conv.py, or in a family such as activations.py.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.layers.contract import LayerType

# The modules beside the layer types: what all of them share, and how they are called elsewhere.
COMMON = frozenset({"contract", "shapes", "examples", "foreign"})


@cache
def _modules() -> tuple[str, ...]:
    names = {name.removesuffix(".py") for name in os.listdir(os.path.dirname(__file__)) if name.endswith(".py")}
    return tuple(sorted(name for name in names - COMMON if name[0] != "_"))


@cache
def _types_of(module: str) -> dict[str, type[LayerType]]:
    """The layer types that a module defines, in its order."""
    # Not at the top: shapes are imported through this folder where no layer type is needed.
    from cnncalc.layers.contract import LayerType

    loaded = import_module(f"{__name__}.{module}")
    return {
        item.name: item
        for item in vars(loaded).values()
        if isinstance(item, type)
        and issubclass(item, LayerType)
        and item.__module__ == loaded.__name__
        and "name" in vars(item)
    }


@cache
def find(name: str) -> type[LayerType] | None:
    """The layer type of that name, or None."""
    modules = _modules()
    if name in modules:
        return _types_of(name).get(name)
    families = (module for module in modules if module.endswith("s"))
    return next((types[name] for types in map(_types_of, families) if name in types), None)


def all_types() -> dict[str, type[LayerType]]:
    """Every layer type by its name, in the order of the folder."""
    return {name: kind for module in _modules() for name, kind in _types_of(module).items()}


def all_keywords() -> frozenset[str]:
    """Every word that some setting reads as itself."""
    return frozenset(
        keyword for kind in all_types().values() for setting in kind.settings.values() for keyword in setting.keywords
    )
