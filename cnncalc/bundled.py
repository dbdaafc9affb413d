"""The bundled networks: YAML files in architectures/."""

from __future__ import annotations

import os
from functools import cache

SUFFIX = ".yaml"
CATALOGUE = "catalogue.csv"


@cache
def folder() -> str:
    """The folder of the files: inside the installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.abspath(__file__))
    inside = os.path.join(package, "architectures")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "architectures")


@cache
def names() -> tuple[str, ...]:
    """The bundled networks, in alphabetical order; resnet2 comes before resnet10."""
    found = (name.removesuffix(SUFFIX) for name in os.listdir(folder()) if name.endswith(SUFFIX))
    return tuple(sorted(found, key=_natural))


def catalogue() -> list[dict[str, str]]:
    """The figures of all bundled networks, from a file beside them.

    Computing a hundred networks takes seconds. A test compares the file with the computed figures.
    """
    import csv

    with open(os.path.join(folder(), CATALOGUE), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def path(name: str) -> str | None:
    """The file of the bundled network `name` (vgg16 or vgg16.yaml), or None."""
    stem = name.removesuffix(SUFFIX)
    return os.path.join(folder(), stem + SUFFIX) if stem in names() else None


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
