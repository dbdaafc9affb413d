"""A kernel does not reach the end of the map: no layer reads the last rows or columns.

Why it matters
    If (W - F + 2P) / S is not a whole number, it is rounded down, and no window reads the remainder at
    the bottom and on the right: of a 224-pixel image, a 3x3 kernel with stride 2 and no padding reads 223 rows.
    One layer loses little, but always on the same side, and in a network that halves its map five times, a
    row of the last map is 32 rows of the image.

What triggers it
    input: [3, 224, 224]
    layers:
      - conv: {filters: 64, kernel: 3, stride: 2}

What is better
    input: [3, 224, 224]
    layers:
      - conv: {filters: 64, kernel: 3, stride: 2, padding: 1}

When to leave it
    To reproduce a published network, or if the border of the input is empty.

Source
    CS231n, Convolutional Networks, "Constraints on strides": sizes that do not fit are an error, or
    padded, or cropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analyses.fits import AxisFit, fits
from cnncalc.checks.finding import Severity
from cnncalc.checks.rule import Found, Subject, place, sliding_of
from cnncalc.checks.rules._reading import nobody_reads, skipped
from cnncalc.errors import listed
from cnncalc.layers.shapes import axis_names, half
from cnncalc.network.records import Layer

CODE = "CNN004"
NAME = "window-misses-end"
SEVERITY = Severity.NOTE
# The largest padding that a hint suggests.
WIDEST = 100

LINES = {"depth": "slices", "height": "rows", "width": "columns"}


def check(subject: Subject) -> Iterator[Found]:
    """Find maps whose last positions along an axis are in no window of any layer."""
    by_map: dict[str, dict[str, list[AxisFit]]] = {}
    for layer in subject.layers:
        lost = _lost(layer)
        if lost:
            by_map.setdefault(layer.inputs[0], {})[layer.name] = lost
    for name, readers in by_map.items():
        if not nobody_reads(subject, name, readers.keys()):
            continue
        for layer, lost in ((subject.by_name[reader], lost) for reader, lost in readers.items()):
            yield Found(
                place(layer, "kernel", "stride"),
                layer.name,
                f"{layer.name} does not read {_lines(lost, layer.output_shape.rank)}",
                _hint(layer, lost, is_first=subject.source(layer) is None),
                sum(fit.lost for fit in lost),
            )


def _lost(layer: Layer) -> list[AxisFit]:
    """The axes whose end a layer does not read; gaps between windows belong to another rule."""
    if not sliding_of(layer) or skipped(layer):
        return []
    return [fit for fit in fits(layer) if fit.lost]


def _lines(lost: list[AxisFit], rank: int) -> str:
    """The unread lines: `the last of 112 rows and columns`, `the last 2 of 9 rows`."""
    first = lost[0]
    names = [LINES[fit.axis] if rank > 1 else "positions" for fit in lost]
    if len(lost) > 1 and all((fit.lost, fit.size) == (first.lost, first.size) for fit in lost):
        return f"{_last(first)} {listed(names)}"
    return listed(f"{_last(fit)} {name}" for fit, name in zip(lost, names, strict=True))


def _last(fit: AxisFit) -> str:
    return f"the last of {fit.size}" if fit.lost == 1 else f"the last {fit.lost} of {fit.size}"


def _hint(layer: Layer, lost: list[AxisFit], *, is_first: bool) -> str:
    if "rounding" in layer.settings:
        return "set rounding: ceil"
    widest = min(max(half(fit.window.extent) for fit in lost), WIDEST)
    padding = next((both for both in range(1, widest + 1) if all(_reaches(fit, both) for fit in lost)), 0)
    if padding:
        return f"use padding {_written(layer, {fit.axis: padding for fit in lost})}"
    sizes = dict(lost[0].remedies).get("size", ())
    return f"use an input of {' or '.join(map(str, sizes))}" if is_first and sizes else ""


def _written(layer: Layer, padding: dict[str, int]) -> str:
    """The padding of a layer in a spec, with other numbers on both sides of some axes."""
    windows = sliding_of(layer)
    axes = zip(axis_names(len(windows)), windows, strict=True)
    sides = [(padding.get(axis, window.before), padding.get(axis, window.after)) for axis, window in axes]
    if any(before != after for before, after in sides):
        return f"[{', '.join(f'{before}, {after}' for before, after in sides)}]"
    each = [before for before, _ in sides]
    return str(each[0]) if len(set(each)) == 1 else f"[{', '.join(map(str, each))}]"


def _reaches(fit: AxisFit, padding: int) -> bool:
    """Whether the last position is read with this padding on both sides."""
    window = fit.window._replace(before=padding, after=padding)
    return padding > fit.window.before and window.reads(window.slide(fit.size) - 1, fit.size)[-1] >= fit.size - 1
