"""The conventions of tools and papers, one file each; the folder is listed, so that a new one needs no registration."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.analyses.conventions.contract import Convention

# Modules of this folder that are no convention.
COMMON = frozenset({"contract", "implementations"})


@cache
def keys() -> tuple[str, ...]:
    """The keys of all conventions, in alphabetical order: `onnx-tool` is in onnx_tool.py."""
    names = {name[:-3] for name in os.listdir(os.path.dirname(__file__)) if name.endswith(".py") and name[0] != "_"}
    return tuple(sorted(name.replace("_", "-") for name in names - COMMON))


def find(key: str) -> Convention:
    """The convention with this key."""
    module = import_module(f"{__name__}.{key.replace('-', '_')}")
    convention: Convention = module.CONVENTION
    return convention
