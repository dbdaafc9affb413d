"""A plot of MACs against parameters, one point per network, with labels that do not overlap."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from math import inf
from typing import Any

from cnncalc.analyses.compare import front
from cnncalc.errors import Problem, SpecError
from cnncalc.plots.figures import (
    COLORS,
    COLUMN,
    DOTS,
    FAINT,
    INK,
    LARGEST,
    MARKERS,
    PAGE,
    PAGE_HEIGHT,
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
from cnncalc.plots.labels import Box, PlacedLabel, Segment, place
from cnncalc.record import Record

LONGEST_CAPTION = 300
# The most families in the legend, and the most that fit above a plot as wide as a column.
MOST_EXPLAINED = 40
FEW_EXPLAINED = 6
# Widths and heights in inches. The first in which all names have room beside their points is chosen, beginning with
# that of the number of networks. If they have room in none, the points have numbers and the names are below the plot.
SIZES = ((COLUMN, 2.9), (PAGE, 4.4), (PAGE, 5.6), (PAGE, 7.4))
COMFORTABLE = (10, 30, 60)
# The furthest place of a name from its point, in points of the figure: longer lines to the points would confuse.
FURTHEST = 57.0
# The width of a column of names below a plot in inches, the height of their lines in points, and the longest name.
KEY_COLUMN, KEY_LINE, LONGEST_KEY = 1.42, 6.6, 30
KEY_FONT = 5
# The least height of a plot with numbers without its names, in inches. If the numbers have no room on a page, the plot
# is larger by these factors: as large as a sheet of paper, or as two.
LEAST_HEIGHT, GROWTHS = 4.6, (1.0, 1.19, 1.42)
# How far letters rise above their baseline and drop below it, in sizes of the font; digits do not drop.
RISE, DROP = 0.76, 0.22
# The most labels, those on the Pareto front first: more would be unreadable.
MOST_LABELS = 300


class PlottedNetwork(Record):
    """A network to plot, with its exact parameters and MACs."""

    label: str
    family: str
    params: int
    macs: int


class PlottedPoint(Record):
    """A point of the plot; `ahead` if it is on the Pareto front."""

    label: str
    family: str
    params: float
    macs: float
    ahead: bool


def draw_scatter(networks: Sequence[PlottedNetwork], form: str, batch: int = 1) -> Picture:
    """A plot with logarithmic axes, a color and a marker per family, and the Pareto front as a line.

    Raises SpecError if no network can be drawn, and ImportError without matplotlib.
    """
    points, missing = find_points(networks)
    if not points:
        message = "nothing to plot: no network has both parameters and MACs, and at most 10^30 of each"
        raise SpecError([Problem(None, message)])
    captions = []
    if missing:
        reason = "because they have no parameters, no MACs or more than 10^30 of them"
        captions.append(shorten(f"not shown, {reason}: {', '.join(missing)}", LONGEST_CAPTION))
    with use_style():
        scatter = _find_layout(points, captions, batch)
        return save(scatter.figure, form, f"MACs against parameters of {len(networks)} networks")


def _find_layout(points: Sequence[PlottedPoint], captions: Sequence[str], batch: int) -> Scatter:
    """The smallest plot in which all labels have room."""
    per = "one sample" if batch == 1 else f"a batch of {batch}"
    for size in SIZES[bisect_left(COMFORTABLE, len(points)) :]:
        scatter = Scatter(points, captions, per, size)
        if scatter.is_complete:
            return scatter
    # From few parameters to many, so that readers find a number from left to right.
    ordered = sorted(points, key=lambda point: (point.params, point.macs))
    chosen = sorted(sorted(ordered, key=lambda point: not point.ahead)[:MOST_LABELS], key=ordered.index)
    ordered = [*chosen, *[point for point in ordered if point not in chosen]]
    key = list_key(chosen)
    for growth in GROWTHS:
        size = (
            PAGE * growth,
            max(PAGE_HEIGHT * growth, LEAST_HEIGHT + _key_lines(key, PAGE * growth) * KEY_LINE / POINTS),
        )
        scatter = Scatter(ordered, captions, per, size, key)
        if scatter.is_complete:
            return scatter
    bare = len(points) - len(scatter.placed) + scatter.placed.count(None)
    captions = [*captions, f"without a label because of limited space: {bare} of {len(points)}"]
    return Scatter(ordered, captions, per, size, key)


def _key_lines(key: Sequence[KeyLine], width: float) -> int:
    """The number of lines of the names in the columns of a width in inches."""
    return -(-len(key) // int(width / KEY_COLUMN))


def list_key(points: Sequence[PlottedPoint]) -> list[KeyLine]:
    """The numbers and names of points by family, in alphabetical order."""
    members: dict[str, list[tuple[int, PlottedPoint]]] = {}
    for number, point in enumerate(points, 1):
        members.setdefault(point.family, []).append((number, point))
    lines = []
    for family in sorted(members, key=str.casefold):
        if len(members[family]) > 1:
            lines.append(KeyLine(family, None, family))
        is_alone = len(members[family]) == 1
        lines += [KeyLine(family if is_alone else None, number, point.label) for number, point in members[family]]
    return lines


def find_points(networks: Sequence[PlottedNetwork]) -> tuple[list[PlottedPoint], list[str]]:
    """The points, and the names of networks that logarithmic axes cannot show; equal points share a label."""
    found: dict[tuple[int, int], list[PlottedPoint]] = {}
    missing: dict[str, None] = {}
    for label, family, params, macs in networks:
        if params and macs and max(params, macs) <= LARGEST:
            # matplotlib has no whole numbers beyond 64 bits.
            point = PlottedPoint(shorten(label), shorten(family), float(params), float(macs), ahead=False)
            here = found.setdefault((params, macs), [])
            here += [point] if point not in here else []
        else:
            missing[shorten(label)] = None
    ahead = front(list(found))
    return [
        here[0]._replace(label=_join_labels([point.label for point in here]), ahead=best)
        for here, best in zip(found.values(), ahead, strict=True)
    ], list(missing)


def _join_labels(names: Sequence[str]) -> str:
    """Names as one label; of many, the first and the number of others."""
    if len(names) <= 2:
        return " / ".join(names)
    return f"{names[0]} and {len(names) - 1} more"


class KeyLine(Record):
    """A line below a plot with numbers: the family whose marker it shows, or the number of a point, or both."""

    family: str | None
    number: int | None
    text: str


class Scatter:
    """The plot in one size; `placed` has the places of the labels."""

    def __init__(
        self,
        points: Sequence[PlottedPoint],
        captions: Sequence[str],
        per: str,
        size: tuple[float, float],
        key: Sequence[KeyLine] = (),
    ) -> None:
        self.points = points
        self.key = key
        self.figure = new_figure(*size, [text for point in points for text in (point.label, point.family)])
        self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        amounts = [point.params for point in points], [point.macs for point in points]
        for axis, own in zip((self.axes.xaxis, self.axes.yaxis), amounts, strict=True):
            margin = 1.7 if max(own) > 3 * min(own) else 2.6
            scale_axis(axis, min(own) / margin, max(own) * margin)
        self.axes.set_xlabel("parameters")
        self.axes.set_ylabel(f"MACs for {per}")
        below = add_caption(self.figure, captions)
        self.steps: list[tuple[float, float]] = []
        self.markers: dict[str, Any] = {}
        front_line = self._draw_points()
        if key:
            below += self._add_key(below)
        right, top = self._add_legend(front_line, is_narrow=size[0] <= COLUMN)
        fit_axes(self.figure, self.axes, (5.0, 5.0 + below, right, top))
        self.placed = self._place_labels()

    @property
    def is_complete(self) -> bool:
        """Whether every point has a label."""
        return None not in self.placed and len(self.placed) == len(self.points)

    def _draw_points(self) -> Any:
        """Draw the points and the front. Returns the line of the front; None for a single point."""
        is_dense = len(self.points) > COMFORTABLE[1]
        families = dict.fromkeys(point.family for point in self.points)
        for number, family in enumerate(sorted(families, key=str.casefold) if self.key else families):
            own = [(point.params, point.macs) for point in self.points if point.family == family]
            # Neighbors in the legend differ in color and shape, so that either is enough to tell them apart.
            (self.markers[family],) = self.axes.plot(
                *zip(*own, strict=True), linestyle="none", zorder=3, color=COLORS[number % len(COLORS)],
                markersize=3.0 if is_dense else 4.2, marker=MARKERS[number % len(MARKERS)], markeredgecolor="white",
                markeredgewidth=0.3,
            )  # fmt: skip
        ahead = sorted({(point.params, point.macs) for point in self.points if point.ahead})
        # Between two points of the front nothing is known: steps, not a slope.
        self.steps = [*ahead, *((after[0], before[1]) for before, after in pairwise(ahead))]
        self.steps.sort(key=lambda step: (step[0], -step[1]))
        if len(self.points) == 1:
            return None
        (drawn,) = self.axes.plot(
            *zip(*self.steps, strict=True), color="#999999", linewidth=0.7, zorder=2, marker="o",
            markersize=4.8 if is_dense else 6, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=0.6,
            markevery=[number for number, step in enumerate(self.steps) if step in ahead],
        )  # fmt: skip
        return drawn

    def _add_key(self, above: float) -> float:
        """Add the names of the numbers in columns below the axes. Returns their height in points."""
        width, height = self.figure.get_size_inches() * POINTS
        lines = _key_lines(self.key, width / POINTS)
        top = above + lines * KEY_LINE + 4
        line2d = import_module("matplotlib.lines").Line2D
        for index, (family, number, text) in enumerate(self.key):
            column, line = divmod(index, lines)
            x, y = 8 + column * (KEY_COLUMN * POINTS - 1), top - (line + 0.5) * KEY_LINE
            if family is not None:
                marker = self.markers[family]
                self.figure.add_artist(
                    line2d(
                        [x / width], [y / height], linestyle="none", color=marker.get_color(), markersize=3.2,
                        marker=marker.get_marker(), markeredgecolor="white", markeredgewidth=0.3,
                    )
                )  # fmt: skip
            style = {"va": "center_baseline", "fontsize": KEY_FONT}
            weight = "bold" if number is None else "normal"
            at = x + (4 if number is None else 17)
            self.figure.text(at / width, y / height, shorten(text, LONGEST_KEY), ha="left", weight=weight, **style)
            if number is not None:
                self.figure.text((x + 14) / width, y / height, str(number), ha="right", color=FAINT, **style)
        return lines * KEY_LINE + 10

    def _add_legend(self, front_line: Any, *, is_narrow: bool) -> tuple[float, float]:
        """Add the legend outside the axes. Returns the space to the right of the axes and above them, in points."""
        explained = [] if front_line is None else [(front_line, "Pareto front")]
        if len(self.markers) > 1 and not self.key:
            explained += [(marker, family) for family, marker in self.markers.items()]
        explained = explained[:MOST_EXPLAINED]
        if not explained:
            return 8.0, 6.0
        # matplotlib hides entries that begin with an underscore.
        names = [f"\N{ZERO WIDTH SPACE}{name}" if name[:1] == "_" else name for _, name in explained]
        handles = [handle for handle, _ in explained]
        is_above = (is_narrow or self.key) and len(explained) <= FEW_EXPLAINED
        place = {"loc": "upper left", "ncols": 3} if is_above else {"loc": "upper right"}
        legend = self.figure.legend(handles, names, borderaxespad=0.4, **place)
        left, bottom, right, top = extent_of(legend, self.figure)
        return (8.0, top - bottom + 5) if is_above else (right - left + 6, 6.0)

    def _place_labels(self) -> list[PlacedLabel | None]:
        """Draw the labels that have room."""
        # Those beyond keep their points clear of labels, as all do.
        labeled = self.points[:MOST_LABELS]
        at = self.axes.transData.transform([(point.params, point.macs) for point in self.points])
        font = KEY_FONT if self.key else 6.5 - 0.5 * bisect_left(COMFORTABLE, len(self.points))
        texts = [
            self.figure.text(
                0, 0, str(number) if self.key else point.label, fontsize=font, zorder=5, ha="left", va="baseline",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.2},
            )
            for number, point in enumerate(labeled, 1)
        ]  # fmt: skip
        drop = 0.0 if self.key else DROP
        extents = [extent_of(text, self.figure) for text in texts]
        steps = self.axes.transData.transform(self.steps) * POINTS / DOTS
        placed = place(
            [(float(x), float(y)) for x, y in at * POINTS / DOTS],
            [(right - left, (RISE + drop) * font) for left, _, right, _ in extents],
            Box(*extent_of(self.axes, self.figure)),
            [Segment((float(x), float(y)), (float(u), float(v))) for (x, y), (u, v) in pairwise(steps)],
            inf if self.key else FURTHEST,
        )
        width, height = self.figure.get_size_inches() * POINTS
        line = import_module("matplotlib.lines").Line2D
        for text, one in zip(texts, placed, strict=True):
            if one is None:
                text.remove()
                continue
            text.set_position((one.box.left / width, (one.box.bottom + drop * font) / height))
            if one.leader is not None:
                (x0, y0), (x1, y1) = one.leader
                ends = [x0 / width, x1 / width], [y0 / height, y1 / height]
                self.figure.add_artist(line(*ends, color=FAINT, linewidth=0.35, zorder=1))
        return placed
