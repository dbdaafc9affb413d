"""The causes that altered a shape: sets of their numbers, separately for channels and spatial sizes."""

from __future__ import annotations

from typing import TypeAlias

from cnncalc.layers.contract import Shapes
from cnncalc.layers.shapes import Shape

# The sorted numbers of causes.
Blame: TypeAlias = "tuple[int, ...]"
NOBODY: Blame = ()
# Represents all causes if more than MOST_TOGETHER of them meet. Otherwise networks that differ nearly
# everywhere would take memory quadratic in their layers.
EVERYONE: Blame = (-1,)
MOST_TOGETHER = 100
# The causes of a tensor's channels, and of its spatial sizes.
Blames: TypeAlias = "tuple[Blame, Blame]"
UNALTERED: Blames = (NOBODY, NOBODY)
PARTS = (0, 1)


def join_blames(*blames: Blame) -> Blame:
    """The causes of all blames, each once."""
    joined = NOBODY
    for blame in blames:
        if not blame or blame is joined:
            continue
        if EVERYONE in (blame, joined):
            return EVERYONE
        if not joined:
            joined = blame
            continue
        causes = {*joined, *blame}
        if len(causes) > MOST_TOGETHER:
            return EVERYONE
        if len(causes) > len(joined):
            joined = blame if len(causes) == len(blame) else tuple(sorted(causes))
    return joined


def part_of(shape: Shape, part: int) -> tuple[int, ...]:
    """The channels of a shape, or its spatial sizes."""
    return shape[1:] if part else shape[:1]


def mix_shapes(olds: Shapes, news: Shapes, part: int) -> Shapes | None:
    """The old shapes with one part of the new ones; None if they have other axes."""
    if len(olds) != len(news) or any(len(old) != len(new) for old, new in zip(olds, news, strict=True)):
        return None
    return tuple(
        Shape((*old[:1], *new[1:]) if part else (*new[:1], *old[1:])) for old, new in zip(olds, news, strict=True)
    )
