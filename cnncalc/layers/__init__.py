"""The layer types, one file each; families of small types share a file with a plural name.

Types need no registration: this module lists the folder on demand and loads a type when it is named.
`conv` is in conv.py, `relu` in the family activations.py.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.layers.contract import LayerType

# Modules of this folder that define no layer type.
COMMON = frozenset({"contract", "shapes", "examples", "foreign"})


@cache
def _modules() -> tuple[str, ...]:
    names = {name.removesuffix(".py") for name in os.listdir(os.path.dirname(__file__)) if name.endswith(".py")}
    return tuple(sorted(name for name in names - COMMON if name[0] != "_"))


@cache
def _text_of(module: str) -> bytes:
    with open(os.path.join(os.path.dirname(__file__), f"{module}.py"), "rb") as file:
        return file.read()


@cache
def _types_of(module: str) -> dict[str, type[LayerType]]:
    """The layer types that a module defines, in its order."""
    # Imported here because `shapes` is imported through this package where no layer type is needed.
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
    """The layer type with this name, or None."""
    modules = _modules()
    if name in modules:
        return _types_of(name).get(name)
    # A family is loaded only where its text has the name: importing all of them takes ten times as long as reading.
    declaration = f'name="{name}"'.encode()
    families = (module for module in modules if module.endswith("s") and declaration in _text_of(module))
    return next((types[name] for types in map(_types_of, families) if name in types), None)


def all_types() -> dict[str, type[LayerType]]:
    """All layer types by name, in the order of their files."""
    return {name: kind for module in _modules() for name, kind in _types_of(module).items()}


def all_keywords() -> frozenset[str]:
    """All keywords that settings accept, such as `same`."""
    return frozenset(
        keyword for kind in all_types().values() for setting in kind.settings.values() for keyword in setting.keywords
    )
