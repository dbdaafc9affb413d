"""The check of settings that split channels into equal groups."""

from __future__ import annotations

from math import gcd

from cnncalc.errors import RuleError
from cnncalc.layers.shapes import largest_divisor


def check_groups(setting: str, parts: int, *counts: tuple[int, str]) -> None:
    """Raises RuleError if `parts` does not divide each of `counts`, pairs of a number and its noun."""
    for count, noun in counts:
        if count % parts:
            fitting = largest_divisor(gcd(*(number for number, _ in counts)), parts)
            raise RuleError(f"{parts} {setting} do not divide the {count} {noun}", setting, f"use {setting}: {fitting}")
