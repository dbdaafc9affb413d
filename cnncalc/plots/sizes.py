"""A plot of MACs over the size of the input, one line per network."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any

from cnncalc.errors import Problem, SpecError
from cnncalc.plots.figures import (
    COLORS,
    COLUMN,
    LARGEST,
    MARKERS,
    POINTS,
    Picture,
    add_caption,
    extent_of,
    fit_axes,
    new_figure,
    save,
    scale_axis,
    shorten,
    use_style,
)
from cnncalc.record import Record

LABEL_HEIGHT = 8.0
# The width of the axes at least, with its own texts, in inches.
LEAST_WIDTH = 2.4
# More lines could not be told apart.
MOST_LINES = 150
# Labels of sizes that are closer than this share of the axis are turned, or left out.
CLOSE, CLOSEST = 0.11, 0.06


class SizesLine(Record):
    """The MACs of a network at each size at which it fits."""

    label: str
    macs: tuple[tuple[int, int], ...]
    impossible: tuple[int, ...] = ()


def draw_sizes(lines: Sequence[SizesLine], form: str, batch: int = 1) -> Picture:
    """A plot with a logarithmic axis of MACs, each line with its label at its end.

    Raises SpecError if no network can be drawn, and ImportError without matplotlib.
    """
    shown = [
        line._replace(label=shorten(line.label), macs=known)
        for line in lines
        if (known := tuple([(size, macs) for size, macs in line.macs if 0 < macs <= LARGEST]))
    ]
    if not shown:
        raise SpecError([Problem(None, "nothing to plot: no network has from 1 to 10^30 MACs")])
    captions = []
    impossible = [
        f"{shorten(line.label)} at {', '.join(map(str, line.impossible))}" for line in lines if line.impossible
    ]
    if impossible:
        captions.append(f"not possible: {'; '.join(impossible)}")
    if len(shown) > MOST_LINES:
        captions.append(f"without a line because of limited space: {len(shown) - MOST_LINES} of {len(shown)}")
    with use_style():
        figure = _draw(shown[:MOST_LINES], captions, batch)
        return save(figure, form, f"MACs over input sizes of {len(lines)} networks")


def _draw(lines: Sequence[SizesLine], captions: Sequence[str], batch: int) -> Any:
    ticker = import_module("matplotlib.ticker")
    height = max(2.5, (len(lines) + 6) * LABEL_HEIGHT / POINTS)
    figure = new_figure(COLUMN, height, [line.label for line in lines])
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    below = add_caption(figure, captions)
    sizes = sorted({size for line in lines for size, _ in line.macs})
    amounts = [macs for line in lines for _, macs in line.macs]
    scale_axis(axes.yaxis, min(amounts) / 1.5, max(amounts) * 1.5)
    room = (sizes[-1] - sizes[0]) * 0.03 or sizes[0] * 0.1
    axes.set_xlim(sizes[0] - room, sizes[-1] + room)
    ticks = sizes[:1]
    for size in sizes[1:]:
        if size - ticks[-1] >= CLOSEST * (sizes[-1] - sizes[0]):
            ticks.append(size)
    axes.xaxis.set_major_locator(ticker.FixedLocator(ticks))
    axes.xaxis.set_major_formatter(ticker.FixedFormatter([str(size) for size in ticks]))
    if any(after - before < CLOSE * (sizes[-1] - sizes[0]) for before, after in pairwise(ticks)):
        axes.tick_params("x", labelrotation=90)
    axes.set_xlabel("height and width of the input")
    axes.set_ylabel(f"MACs for {'one sample' if batch == 1 else f'a batch of {batch}'}")
    texts = []
    for number, line in enumerate(lines):
        color = COLORS[number % len(COLORS)]
        # Rows of the spec's order need not ascend.
        ends = sorted(line.macs)
        axes.plot(
            [size for size, _ in ends], [float(macs) for _, macs in ends], color=color, markersize=3.2,
            marker=MARKERS[number % len(MARKERS)], markeredgecolor="white", markeredgewidth=0.3, clip_on=False,
        )  # fmt: skip
        texts.append(figure.text(0, 0, line.label, fontsize=6.5, color=color, va="center", ha="left"))
    widest = max(right - left for left, _, right, _ in (extent_of(text, figure) for text in texts))
    figure.set_figwidth(max(COLUMN, LEAST_WIDTH + widest / POINTS))
    fit_axes(figure, axes, (5.0, 5.0 + below, widest + 14, 7.0))
    _place_at_ends(figure, axes, lines, texts)
    return figure


def _place_at_ends(figure: Any, axes: Any, lines: Sequence[SizesLine], texts: Sequence[Any]) -> None:
    """Move the labels beside the axes, as close to the ends of their lines as they can be without overlaps."""
    width, height = (inches * POINTS for inches in figure.get_size_inches())
    _, bottom, right, top = extent_of(axes, figure)
    to_figure = figure.transFigure.inverted()
    ends = [
        to_figure.transform(axes.transData.transform((max(line.macs)[0], float(max(line.macs)[1])))) for line in lines
    ]
    wanted = [float(y) * height for _, y in ends]
    places = spread(wanted, LABEL_HEIGHT, bottom, top)
    line2d = import_module("matplotlib.lines").Line2D
    for text, (x, y), at in zip(texts, ends, places, strict=True):
        text.set_position(((right + 8) / width, at / height))
        figure.add_artist(
            line2d([x, (right + 7) / width], [y, at / height], color=text.get_color(), linewidth=0.35, zorder=0)
        )


def spread(wanted: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Positions from `low` to `high`, at least `apart` from each other and close to the wanted ones, in their order.

    If there is no room for all, they are evenly spaced and exceed `high`.
    """
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    # Runs of neighbors: their numbers, and the position of the first of them that is best for all.
    runs: list[tuple[list[int], float]] = []
    for number in order:
        members, first = [number], wanted[number]
        while runs and first < runs[-1][1] + len(runs[-1][0]) * apart:
            members = runs.pop()[0] + members
            first = sum(wanted[one] - place * apart for place, one in enumerate(members)) / len(members)
        runs.append((members, first))
    best = [first + place * apart for members, first in runs for place in range(len(members))]
    top = max(high, low + (len(order) - 1) * apart)
    places = [0.0] * len(wanted)
    for rank, (number, at) in enumerate(zip(order, best, strict=True)):
        places[number] = max(min(at, top - (len(order) - 1 - rank) * apart), low + rank * apart)
    return places
