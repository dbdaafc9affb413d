"""Which positions of a map the kernels that slide over it read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from math import gcd, prod
from typing import TypeAlias

from cnncalc import limits
from cnncalc.layer_type import Role
from cnncalc.limits import Cost
from cnncalc.network import Layer
from cnncalc.rule import Subject, sliding_of
from cnncalc.shapes import SlidingWindow, quotient, times

# Kernels with more taps along an axis are not examined.
MOST_TAPS = 10_000
# How many sets of positions are kept at a time: each may have a run for every tap.
MOST_KEPT = 64

# The positions that a kernel reads along an axis, as (rest, first, last): those that leave `rest` when divided by
# the stride, from quotient `first` to `last`. Equal for equal sets of positions and equal strides.
Combs: TypeAlias = tuple[tuple[int, int, int], ...]


class Skipped:
    """A layer whose kernel passes over positions: `read` of `positions`, along each axis as in `axes`."""

    def __init__(self, layer: Layer, axes: tuple[tuple[int, Combs], ...]) -> None:
        self.layer = layer
        self.axes = axes
        self.read = prod(sum(last - first + 1 for _, first, last in combs) for _, combs in axes)
        self.positions = layer.input_shapes[0].positions

    @property
    def hint(self) -> str:
        """What would read all, of a layer of the same role."""
        stride = max(window.stride for window in sliding_of(self.layer))
        if self.layer.weights and sliding_of(self.layer)[0].dilation == 1:
            return f"an average pool of {stride} with stride {stride} in front of it, and stride 1 here, would read all"
        return f"a kernel of at least {stride} without gaps would read all"

    @property
    def told(self) -> str:
        """What the layer does, as a message begins."""
        windows = sliding_of(self.layer)
        kernel, stride = (alike(sizes) for sizes in zip(*((one.kernel, one.stride) for one in windows), strict=True))
        dilated = f", its taps {alike(one.dilation for one in windows)} apart," if windows[0].dilation > 1 else ""
        return f"{self.layer.name}: a kernel of {kernel}{dilated} with stride {stride}"


def alike(sizes: Iterable[int]) -> str:
    """One number where all axes have the same, else each: 1x7."""
    each = tuple(sizes)
    return str(each[0]) if len(set(each)) == 1 else times(each)


def skipped(layer: Layer) -> Skipped | None:
    """What a layer's kernel passes over from one place to the next; None where that is nothing, or not examined."""
    windows = sliding_of(layer)
    if not any(map(_passes_over, windows)):
        return None
    sizes = layer.input_shapes[0].spatial
    if any(window.kernel > MOST_TAPS for window in windows):
        return None
    axes = tuple((window.stride, _read(window, size)) for window, size in zip(windows, sizes, strict=True))
    found = Skipped(layer, axes)
    return found if found.read < found.positions else None


def is_lost(subject: Subject, found: Skipped) -> bool:
    """Whether nobody reads what a layer skips."""

    def skips_it(reader: Layer) -> bool:
        other = skipped(reader)
        return other is not None and other.axes == found.axes

    return nobody_reads(subject, found.layer, skips_it)


def nobody_reads(subject: Subject, layer: Layer, misses: Callable[[Layer], bool]) -> bool:
    """Whether all others that read what a layer reads miss the same of it, and no output of the network has it.

    Who reads what was moved to here, such as a map before it was shifted, reads other parts of it.
    """
    name = layer.inputs[0]
    for reader in subject.readers[name]:
        limits.spend(Cost.READER)
        if reader is not layer and not misses(reader):
            return False
    source = subject.by_name.get(name)
    while source is not None and name not in subject.outputs:
        if source.figures.type.role is not Role.MOVING:
            return True
        name = source.inputs[0]
        if len(subject.readers[name]) > 1:
            return False
        source = subject.by_name.get(name)
    return source is None


def _passes_over(window: SlidingWindow) -> bool:
    """Whether some positions lie between all taps: those of one residue of the stride."""
    return min(window.kernel, quotient(window.stride, gcd(window.dilation, window.stride))) < window.stride


@lru_cache(maxsize=MOST_KEPT)
def _read(window: SlidingWindow, size: int) -> Combs:
    limits.spend(window.kernel // Cost.PER_POSITION)
    count = window.slide(size)
    combs: list[tuple[int, int, int]] = []
    # A tap reads one position in each stride, as often as the kernel is placed.
    for rest, first in sorted(divmod(at, window.stride)[::-1] for at in window.reads(0, size)):
        start, end = max(first, 0), min(first + count - 1, (size - 1 - rest) // window.stride)
        if start > end:
            continue
        if combs and combs[-1][0] == rest and start <= combs[-1][2] + 1:
            combs[-1] = (rest, combs[-1][1], end)
        else:
            combs.append((rest, start, end))
    return tuple(combs)
