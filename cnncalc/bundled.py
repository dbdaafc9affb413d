"""The networks that come with cnncalc: YAML files in architectures/, and libraries of blocks in a folder of it."""

from __future__ import annotations

import os
from functools import cache

SUFFIX = ".yaml"
CATALOGUE = "catalogue.csv"
# What the names of libraries begin with: the folder that they lie in.
LIBRARIES = "blocks/"


@cache
def folder() -> str:
    """The folder of the files: inside the installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.abspath(__file__))
    inside = os.path.join(package, "architectures")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "architectures")


@cache
def names() -> tuple[str, ...]:
    """The bundled networks, in alphabetical order; resnet2 comes before resnet10."""
    return _names_in(folder())


@cache
def libraries() -> tuple[str, ...]:
    """The bundled libraries of blocks, such as blocks/channel_attention."""
    return tuple(f"{LIBRARIES}{name}" for name in _names_in(os.path.join(folder(), LIBRARIES)))


def _names_in(folder: str) -> tuple[str, ...]:
    """The specs in a folder without their suffix, in alphabetical order with numbers by their value."""
    found = (name.removesuffix(SUFFIX) for name in os.listdir(folder) if name.endswith(SUFFIX))
    return tuple(sorted(found, key=_natural))


def catalogue() -> list[dict[str, str]]:
    """The figures of all bundled networks, from a file beside them.

    Computing a hundred networks takes seconds. A test compares the file with the computed figures.
    """
    import csv

    with open(os.path.join(folder(), CATALOGUE), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def path(name: str) -> str | None:
    """The file of the bundled network or library `name` (vgg16 or vgg16.yaml), or None."""
    stem = name.removesuffix(SUFFIX)
    known = libraries() if stem.startswith(LIBRARIES) else names()
    return os.path.join(folder(), stem + SUFFIX) if stem in known else None


def find_name(reference: str) -> str:
    """The name of the bundled network that a SPEC means; empty if it means a file, or a library."""
    return reference.removesuffix(SUFFIX) if path(reference) and not os.path.isfile(reference) else ""


def shown(path: str) -> str:
    """The path of a bundled file as messages show it: from its folder on."""
    return os.path.relpath(path, folder()).replace(os.sep, "/")


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts runs of digits by their value."""
    parts: list[tuple[int, str]] = []
    digits = ""
    for character in f"{name}\0":
        if character.isdigit():
            digits += character
            continue
        if digits:
            parts.append((int(digits), ""))
            digits = ""
        parts.append((-1, character))
    return parts
