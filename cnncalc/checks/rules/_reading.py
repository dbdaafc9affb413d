"""Which positions of a map the sliding kernels of layers read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from math import gcd, prod

from cnncalc import limits
from cnncalc.checks.rule import KEEPS_MAP, Subject, sliding_of, variant
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import SlidingWindow, divides, quotient, times
from cnncalc.limits import Cost
from cnncalc.network.records import Layer

# A kernel with more taps along an axis is not examined.
MOST_TAPS = 100_000
# The kernels to try for a hint.
MOST_TRIED = 3
LAST_RESORT = "use a stride of 1"
MOST_READS_KEPT = 4_096


class Skipped:
    """A layer whose kernel skips positions of its input map and reads `read` of `positions`."""

    def __init__(self, layer: Layer, windows: tuple[SlidingWindow, ...], read: int) -> None:
        self.layer = layer
        self.windows = windows
        self.read = read
        self.positions = layer.input_shapes[0].positions

    @property
    def advice(self) -> str:
        """A hint how to read every position."""
        sizes = self.layer.input_shapes[0].spatial
        stride = alike(window.stride for window in self.windows)
        if self.layer.weights and all(window == SlidingWindow(1, window.stride) for window in self.windows):
            fits = all(divides(window.stride, size) for window, size in zip(self.windows, sizes, strict=True))
            rounding = "" if fits else " and rounding: ceil"
            return (
                f"put an average pool of {stride} with stride {stride}{rounding} before it and set its stride to 1,"
                " which reads every position"
            )
        undilated = " and no dilation" if any(window.dilation > 1 for window in self.windows) else ""
        largest, smallest = max(window.stride for window in self.windows), min(window.kernel for window in self.windows)
        kernels = [
            (f"use a kernel of {kernel}{undilated}", {"kernel": kernel, "dilation": 1})
            for kernel in range(largest, largest + MOST_TRIED)
        ]
        strides = [(f"use a stride of {smallest}", {"stride": smallest})]
        if smallest == 1 and not self.layer.weights:
            strides = []  # with a stride of 1 it would be the identity
        tried = [kernels[0], *strides, *kernels[1:]]
        return next((advice for advice, settings in tried if _reads_all(variant(self.layer, **settings))), LAST_RESORT)

    @property
    def kernel(self) -> str:
        """The kernel and stride for a message."""
        kernel, stride = (
            alike(sizes) for sizes in zip(*((one.kernel, one.stride) for one in self.windows), strict=True)
        )
        dilation = alike(one.dilation for one in self.windows)
        dilated = f", dilation {dilation}" if dilation != "1" else ""
        return f"kernel {kernel}{dilated} and stride {stride}" if dilated else f"kernel {kernel} with stride {stride}"


def alike(sizes: Iterable[int]) -> str:
    """One number if all axes are equal, else all: 1x7."""
    each = tuple(sizes)
    return str(each[0]) if len(set(each)) == 1 else times(each)


def skipped(layer: Layer) -> Skipped | None:
    """The positions that a layer's kernel skips between windows; None if there are none, or too many taps."""
    windows = sliding_of(layer)
    if not any(map(_passes_over, windows)) or any(window.kernel > MOST_TAPS for window in windows):
        return None
    sizes = layer.input_shapes[0].spatial
    read = prod(_count_read(window, size) for window, size in zip(windows, sizes, strict=True))
    return Skipped(layer, windows, read) if read < layer.input_shapes[0].positions else None


def skipping_layers(subject: Subject) -> Iterator[tuple[Skipped, bool]]:
    """Every layer that skips positions, and whether no layer reads them."""
    by_map: dict[str, list[Skipped]] = {}
    for layer in subject.layers:
        found = skipped(layer)
        if found is not None:
            by_map.setdefault(layer.inputs[0], []).append(found)
    for name, readers in by_map.items():
        same = len({found.windows for found in readers}) == 1
        is_lost = same and nobody_reads(subject, name, {found.layer.name for found in readers})
        yield from ((found, is_lost) for found in readers)


def nobody_reads(subject: Subject, name: str, missing: AbstractSet[str]) -> bool:
    """Whether all readers of a map miss positions, and the map is not an output of the network.

    A layer that reads the map before a shift reads other positions.
    """
    if not all(reader.name in missing for reader in subject.readers[name]):
        return False
    source = subject.by_name.get(name)
    while source is not None and name not in subject.outputs:
        if source.figures.type.role is not Role.REARRANGEMENT:
            return True
        name = source.inputs[0]
        if len(subject.readers[name]) > 1:
            return False
        source = subject.by_name.get(name)
    return source is None


def origins(subject: Subject) -> dict[str, str]:
    """For each layer and input, the name of the map of which it is a moved copy, or its own name."""
    found = {name: name for name, _ in subject.network.inputs}
    for layer in subject.layers:
        moves = layer.figures.type.role is Role.REARRANGEMENT and len(layer.inputs) == 1
        found[layer.name] = found[layer.inputs[0]] if moves else layer.name
    return found


def takes_stride(subject: Subject, found: Skipped) -> Layer | None:
    """The convolution after a layer that would read every position if the stride moved there."""
    layer = found.layer
    while True:
        readers = subject.only_readers(layer)
        if len(readers) != 1 or len(readers[0].inputs) > 1:
            return None
        layer = readers[0]
        windows = sliding_of(layer)
        role = layer.figures.type.role
        if role is Role.CONVOLUTION and windows and max(window.kernel for window in windows) > 1:
            return layer if _fits(found, layer) else None
        if role not in KEEPS_MAP and not (role is Role.CONVOLUTION and set(windows) == {SlidingWindow(1)}):
            return None


def _reads_all(layer: Layer | None) -> bool:
    """Whether a layer's windows read every position, and none is completely in the padding."""
    if layer is None or skipped(layer):
        return False
    each = zip(sliding_of(layer), layer.input_shapes[0].spatial, strict=True)
    return all(
        max(window.before, window.after) < window.kernel
        and (window.before == window.after or window.kernel % 2 == 1)
        and window.reads(window.slide(size) - 1, size)[-1] >= size - 1
        for window, size in each
    )


def _fits(found: Skipped, layer: Layer) -> bool:
    """Whether a convolution with the moved stride reads every position and outputs a map of the same size."""
    each = zip(
        found.windows,
        sliding_of(layer),
        found.layer.input_shapes[0].spatial,
        layer.input_shapes[0].spatial,
        strict=True,
    )
    return "stride" in layer.settings and all(
        before == SlidingWindow(1, before.stride)
        and own.stride == own.dilation == 1
        and own.kernel >= before.stride
        and own._replace(stride=before.stride).slide(whole) == own.slide(size)
        for before, own, whole, size in each
    )


def _passes_over(window: SlidingWindow) -> bool:
    """Whether some positions meet no tap: those of one residue of the stride."""
    return min(window.kernel, quotient(window.stride, gcd(window.dilation, window.stride))) < window.stride


@lru_cache(maxsize=MOST_READS_KEPT)
def _count_read(window: SlidingWindow, size: int) -> int:
    """The number of positions along an axis of length `size` that the window reads."""
    limits.spend(window.kernel // Cost.PER_TAP)
    last = (window.slide(size) - 1) * window.stride
    # A tap reads positions of one residue of the stride; taps of one residue come in order, and may overlap.
    ends: dict[int, int] = {}
    count = 0
    for tap in range(-window.before, window.extent - window.before, window.dilation):
        residue = tap % window.stride
        first = max(tap, ends.get(residue, residue - window.stride) + window.stride)
        end = min(tap + last, size - 1 - (size - 1 - residue) % window.stride)
        if first <= end:
            count += quotient(end - first, window.stride) + 1
            ends[residue] = end
    return count
