"""Where a generator's decisions come from: hypothesis, a random number generator, or a list that is replayed.

Every decision is an integer, of which the lowest is the simplest, so that all of them shrink alike: hypothesis
does it in the tests, `reduced` in the long run, which cannot spend hypothesis's time on every case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choices:
    """Decisions made by a function of two bounds; `made` are those made so far."""

    def __init__(self, decide: Callable[[int, int], int]) -> None:
        self.decide = decide
        self.made: list[int] = []

    def integer(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        if low >= high:
            return low
        decided = self.decide(low, high)
        self.made.append(decided - low)
        return decided

    def pick(self, options: Sequence[T]) -> T:
        """One of some options, the simplest of which stands first."""
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """Whether something that is left out where things are simple is there."""
        return self.integer(0, 99) >= 100 - percent

    def weighted(self, options: Sequence[tuple[int, T]]) -> T:
        """One of some options, as often as its weight says."""
        at = self.integer(0, sum(weight for weight, _ in options) - 1)
        for weight, option in options:
            if at < weight:
                return option
            at -= weight
        raise AssertionError("the weights are those that were added up")

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in some order."""
        rest = list(items)
        return [rest.pop(self.integer(0, len(rest) - 1)) for _ in items]


@st.composite
def drawn(draw: Any) -> Choices:
    """Choices that hypothesis makes and shrinks."""
    return Choices(lambda low, high: draw(st.integers(low, high)))


def random_choices(seed: str) -> Choices:
    """Choices of a seed, the same on every machine."""
    return Choices(Random(seed).randint)


def replayed(made: Sequence[int]) -> Choices:
    """Choices made before; when they are used up, the simplest."""
    rest = iter(made)
    return Choices(lambda low, high: min(low + next(rest, 0), high))


def reduced(made: Sequence[int], fails: Callable[[Choices], bool], attempts: int = 3000) -> list[int]:
    """The shortest and lowest choices found with which something still fails."""
    best = list(made)

    def better(candidate: list[int]) -> bool:
        nonlocal best, attempts
        attempts -= 1
        choices = replayed(candidate)
        if attempts < 0 or not fails(choices):
            return False
        found = choices.made
        while found and not found[-1]:
            found.pop()
        if (len(found), found) >= (len(best), best):
            return False
        best = found
        return True

    improved = True
    while improved and attempts > 0:
        improved = False
        size = max(len(best) // 2, 1)
        while size and attempts > 0:
            at = 0
            while at < len(best):
                if better(best[:at] + best[at + size :]):
                    improved = True
                else:
                    at += size
            size //= 2
        for at in range(len(best)):
            if attempts > 0 and at < len(best) and best[at]:
                for lower in (0, best[at] // 2, best[at] - 1):
                    if at < len(best) and lower < best[at] and better([*best[:at], lower, *best[at + 1 :]]):
                        improved = True
                        break
    return best
