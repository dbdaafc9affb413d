"""Patterns of names: `*` matches any text without a dot, `**` any text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cnncalc import limits
from cnncalc.limits import Cost

ANY = "**"
WITHOUT_DOT = "*"


def named(names: Iterable[str], pattern: str) -> Iterator[str]:
    """The names that match a pattern."""
    first, *parts = re.split(r"(\*\*|\*)", pattern)
    for name in names:
        limits.spend(1)
        if name.startswith(first) and name.endswith(parts[-1] if parts else first):
            rest = name[len(first) :]
            if _fits(rest, parts):
                yield name


def _fits(text: str, parts: Iterable[str]) -> bool:
    """Whether a text matches the parts of a pattern: texts, and the wildcards `*` and `**`.

    All possible matches are followed in parallel: backtracking, as in regular expressions, would take very long for
    *a*a*a*a*b.
    """
    ends = {0}
    for part in parts:
        if part == ANY:
            ends = set(range(min(ends), len(text) + 1))
        elif part == WITHOUT_DOT:
            reached: set[int] = set()
            for place in sorted(ends):
                if place not in reached:
                    dot = text.find(".", place)
                    reached.update(range(place, (dot if dot >= 0 else len(text)) + 1))
            ends = reached
        else:
            ends = {place + len(part) for place in ends if text.startswith(part, place)}
        limits.spend(1 + len(ends) // Cost.PER_PLACE)
        if not ends:
            break
    return len(text) in ends
