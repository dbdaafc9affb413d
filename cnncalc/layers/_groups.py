"""The check of every setting that splits channels into equal parts."""

from __future__ import annotations

from math import gcd

from cnncalc.errors import RuleError
from cnncalc.layers.shapes import largest_divisor


def check_groups(setting: str, parts: int, *counts: tuple[int, str]) -> None:
    """Raises RuleError where `parts` does not divide each of the (number, what it counts)."""
    for count, what in counts:
        if count % parts:
            fitting = largest_divisor(gcd(*(number for number, _ in counts)), parts)
            raise RuleError(
                f"{parts} {setting} do not divide the {count} {what}", setting, f"{setting}: {fitting} would"
            )
