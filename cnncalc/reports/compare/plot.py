"""A plot of MACs against parameters with matplotlib, with labels that do not overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from io import BytesIO
from itertools import pairwise
from math import cos, dist, hypot, inf, pi, sin, sqrt
from typing import Any

from cnncalc.analyses.compare import front
from cnncalc.errors import Problem, SpecError
from cnncalc.record import Record
from cnncalc.reports.catalogue import OTHERS
from cnncalc.reports.compare.networks import ComparedNetwork, labels
from cnncalc.text import plain

LONGEST_LABEL = 40
LONGEST_CAPTION = 120
MOST_EXPLAINED = 40
COLORS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
UNITS = ("", " k", " M", " G", " T", " P", " E")
# All in pixels of the picture, which has DOTS of them an inch.
DOTS = 150
RADIUS = 10.5
APART = 3.0
RINGS = (0.0, 9.0, 18.0, 30.0, 45.0, 65.0, 90.0, 120.0, 160.0, 210.0, 270.0, 340.0, 420.0, 520.0, 640.0, 800.0)
LEADER_FROM = 12.0
CROSSING = 60.0
THICK = 90.0
ROUNDS = 4
GROWTH, GROWTHS = 1.25, 5
# Plots with more networks are larger, with smaller letters.
COMFORTABLE = 30
# The most labels, those on the Pareto front first: more would be unreadable.
MOST_LABELS = 150
# Larger numbers are not drawn: they exceed matplotlib's floats and the names of units.
LARGEST = 10**30


class Box(Record):
    """A rectangle by its corners."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def within(self, other: Box) -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )

    def wider(self, by: float) -> Box:
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)

    def nearest(self, point: tuple[float, float]) -> tuple[float, float]:
        """The point of a box that is closest to a point."""
        x, y = point
        return min(max(x, self.left), self.right), min(max(y, self.bottom), self.top)


class Segment(Record):
    """A straight line from one point to another."""

    start: tuple[float, float]
    end: tuple[float, float]

    def crosses(self, box: Box) -> bool:
        """Whether the line crosses a box, by clipping it axis by axis."""
        (x, y), (u, v) = self
        if max(x, u) <= box.left or min(x, u) >= box.right or max(y, v) <= box.bottom or min(y, v) >= box.top:
            return False
        first, last = 0.0, 1.0
        for start, end, low, high in (
            (self.start[0], self.end[0], box.left, box.right),
            (self.start[1], self.end[1], box.bottom, box.top),
        ):
            if start == end:
                if not low < start < high:
                    return False
                continue
            enters, leaves = sorted(((low - start) / (end - start), (high - start) / (end - start)))
            first, last = max(first, enters), min(last, leaves)
        return first < last


class Placed(Record):
    """A placed label, with a line to its point if it is not beside it."""

    box: Box
    leader: Segment | None


class _Ground(Record):
    """The area for labels, its points, and lines that labels should not cover."""

    area: Box
    dots: Sequence[Box]
    lines: Sequence[Segment]


def place(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    area: Box,
    lines: Sequence[Segment] = (),
) -> list[Placed | None]:
    """Places for labels of these sizes, which overlap no point and no other label; None if there is no room.

    Points beyond the number of sizes have no label. Each label is as close to its point as possible. Lines from
    labels to points cross no other label; crossing another point, or covering one of `lines`, counts as CROSSING
    more distance. Crowded points come first, then those that had no room in an earlier attempt.
    """
    dots = [Box(x, y, x, y).wider(RADIUS) for x, y in points]
    near = [sum(hypot(x - u, y - v) < THICK for u, v in points) for x, y in points]
    order = sorted(range(len(sizes)), key=lambda number: (-near[number], number))
    best: list[Placed | None] = []
    for _ in range(ROUNDS):
        placed = _placed(points, sizes, _Ground(area, dots, lines), order)
        failed = [number for number in order if placed[number] is None]
        if best and len(failed) >= best.count(None):
            break
        best = placed
        if not failed:
            break
        order = failed + [number for number in order if number not in failed]
    return best


def _placed(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    ground: _Ground,
    order: Sequence[int],
) -> list[Placed | None]:
    """The places of labels, placed in this order."""
    placed: list[Placed | None] = [None] * len(sizes)
    for number in order:
        done = [one for one in placed if one is not None]
        others = [dot for dot in ground.dots if not dot.meets(ground.dots[number])]
        best = inf
        for ring, one in _candidates(points[number], sizes[number]):
            if ring >= best:
                break
            if _is_free(one, ground, done):
                crossed = sum(one.leader.crosses(dot) for dot in others) if one.leader else 0
                crossed += any(line.crosses(one.box) for line in ground.lines)
                # Without a line, this label would seem to belong to the other point.
                shared = one.leader is None and _is_nearer_to_another(one.box, number, points)
                leader = Segment(points[number], one.box.nearest(points[number])) if shared else one.leader
                if ring + (crossed + shared) * CROSSING < best and _is_free(Placed(one.box, leader), ground, done):
                    best = ring + (crossed + shared) * CROSSING
                    placed[number] = Placed(one.box, leader)
    return placed


def _candidates(point: tuple[float, float], size: tuple[float, float]) -> Iterator[tuple[float, Placed]]:
    """Possible places of a label, best first: to the right, then around, then further away."""
    x, y = point
    wide, high = size
    for ring in RINGS:
        for turn in (0, 1, -1, 4, -4, 7, -7, 8, 2, -2, 3, -3, 5, -5, 6, -6):
            across, up = cos(turn * pi / 8), sin(turn * pi / 8)
            # The line ends at the side of the label that faces the point.
            middle_x = x + across * (RADIUS + APART + ring + wide / 2)
            middle_y = y + up * (RADIUS + APART + ring + high / 2)
            box = Box(middle_x - wide / 2, middle_y - high / 2, middle_x + wide / 2, middle_y + high / 2)
            end = box.nearest(point)
            leads = hypot(end[0] - x, end[1] - y) > RADIUS + LEADER_FROM
            yield ring, Placed(box, Segment(point, end) if leads else None)


def _is_nearer_to_another(box: Box, number: int, points: Sequence[tuple[float, float]]) -> bool:
    """Whether a label is closer to another point than to its own."""
    own, *others = (dist(point, box.nearest(point)) for point in (points[number], *points))
    return any(other < own - 1 for place, other in enumerate(others) if place != number)


def _is_free(one: Placed, ground: _Ground, done: Sequence[Placed]) -> bool:
    box = one.box.wider(APART)
    if not box.within(ground.area) or any(box.meets(dot) for dot in ground.dots):
        return False
    if any(box.meets(other.box) or (other.leader and other.leader.crosses(box)) for other in done):
        return False
    return one.leader is None or not any(one.leader.crosses(other.box.wider(APART)) for other in done)


class Point(Record):
    """A network in the plot."""

    label: str
    family: str
    params: float
    macs: float
    ahead: bool


def draw(entries: Sequence[ComparedNetwork], form: str, batch: int = 1) -> bytes:
    """A plot as `svg` or `png`: logarithmic axes, a color and a marker per family, the Pareto front as a line.

    Equal networks give equal bytes. Raises SpecError if no network can be drawn, and ImportError without
    matplotlib.
    """
    points, missing = _points(entries, batch)
    if not points:
        message = "nothing to plot: no network has both parameters and MACs, and at most 10^30 of each"
        raise SpecError([Problem(None, message)])
    import warnings

    matplotlib = import_module("matplotlib")
    with matplotlib.rc_context(), warnings.catch_warnings():
        # matplotlib draws a missing character as a box.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"svg.hashsalt": "cnncalc", "font.size": 9})
        start = max(sqrt(min(len(points), MOST_LABELS) / COMFORTABLE), 1.0)
        for step in range(GROWTHS):
            picture = _Picture(points, missing, batch, start * GROWTH**step)
            if None not in picture.placed:
                break
        bare = len(points) - len(picture.placed) + picture.placed.count(None)
        if bare:
            picture.tell(f"without a label because of limited space: {bare} of {len(points)}")
        return picture.saved(form)


def _points(entries: Sequence[ComparedNetwork], batch: int) -> tuple[list[Point], list[str]]:
    """The points, and the names of networks that logarithmic axes cannot show; equal points share a label."""
    found: dict[tuple[int, int], list[Point]] = {}
    missing: dict[str, None] = {}
    for entry, name in zip(entries, labels(entries), strict=True):
        params, macs = entry.facts.totals.params, entry.facts.totals.macs * batch
        if params and macs and max(params, macs) <= LARGEST:
            # matplotlib has no whole numbers beyond 64 bits.
            amounts = float(params), float(macs)
            point = Point(_short(name), _short(entry.network.family or OTHERS), *amounts, ahead=False)
            here = found.setdefault((params, macs), [])
            here += [point] if point not in here else []
        else:
            missing[_short(name)] = None
    ahead = front(list(found))
    return [
        here[0]._replace(label=_joined([point.label for point in here]), ahead=best)
        for here, best in zip(found.values(), ahead, strict=True)
    ], list(missing)


def _joined(names: Sequence[str]) -> str:
    """Names as one label; of many, the first and the number of others."""
    if len(names) <= 2:
        return " / ".join(names)
    return f"{names[0]} and {len(names) - 1} more"


def _short(name: str, most: int = LONGEST_LABEL) -> str:
    shown = plain(name)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


class _Picture:
    """A plot, `scale` times as large as the smallest."""

    def __init__(self, points: Sequence[Point], missing: Sequence[str], batch: int, scale: float) -> None:
        self.points = points
        self.missing = missing
        self.figure = import_module("matplotlib.figure").Figure(figsize=(9.6 * scale, 6.4 * scale), dpi=DOTS)
        canvas = import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(self.figure)
        self.renderer = canvas.get_renderer()
        self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._scale_axes(batch)
        self.steps: list[tuple[float, float]] = []
        self._fit(self._legend(self._draw_points()))
        self.placed = self._place()

    def _scale_axes(self, batch: int) -> None:
        ticker = import_module("matplotlib.ticker")
        per = "one sample" if batch == 1 else f"a batch of {batch}"
        for axis, amounts, name in (
            (self.axes.xaxis, [point.params for point in self.points], "parameters"),
            (self.axes.yaxis, [point.macs for point in self.points], f"multiply-accumulates (MACs) for {per}"),
        ):
            low, high = min(amounts) / 1.7, max(amounts) * 2
            axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, high)})
            ticks = ticks_between(low, high)
            axis.set_major_locator(ticker.FixedLocator([float(tick) for tick in ticks]))
            axis.set_major_formatter(ticker.FixedFormatter([in_units(tick) for tick in ticks]))
            axis.set_minor_locator(ticker.NullLocator())
            axis.set_label_text(name)
        self.axes.grid(color="#e4e4e4", linewidth=0.6)
        self.axes.set_axisbelow(True)
        for side in ("top", "right"):
            self.axes.spines[side].set_visible(False)

    def _draw_points(self) -> list[tuple[Any, str]]:
        """Draw the front and the points; what is for the legend to explain."""
        explained: list[tuple[Any, str]] = []
        ahead = sorted({(point.params, point.macs) for point in self.points if point.ahead})
        # Between two points of the front nothing is known: steps, not a slope.
        self.steps = [*ahead, *((after[0], before[1]) for before, after in pairwise(ahead))]
        self.steps.sort(key=lambda step: (step[0], -step[1]))
        if len(self.points) > 1:
            (drawn,) = self.axes.plot(
                *zip(*self.steps, strict=True), color="#888888", linewidth=1, zorder=2, marker="o", markersize=9,
                markerfacecolor="none", markeredgecolor="#333333",
                markevery=[number for number, step in enumerate(self.steps) if step in ahead],
            )  # fmt: skip
            explained.append((drawn, "Pareto front"))
        families = list(dict.fromkeys(point.family for point in self.points))
        for number, family in enumerate(families):
            own = [(point.params, point.macs) for point in self.points if point.family == family]
            repeats, color = divmod(number, len(COLORS))
            (drawn,) = self.axes.plot(
                *zip(*own, strict=True), linestyle="none", zorder=3, color=COLORS[color], markersize=5.5,
                marker=MARKERS[divmod(repeats, len(MARKERS))[1]], markeredgecolor="white", markeredgewidth=0.5,
            )  # fmt: skip
            if len(families) > 1:
                explained.append((drawn, family))
        return explained[:MOST_EXPLAINED]

    def _legend(self, explained: Sequence[tuple[Any, str]]) -> Any:
        """The legend; None if it is empty."""
        if not explained:
            return None
        # matplotlib hides entries that begin with an underscore.
        names = [f"\N{ZERO WIDTH SPACE}{name}" if name[:1] == "_" else name for _, name in explained]
        handles = [handle for handle, _ in explained]
        legend = self.figure.legend(handles, names, loc="upper right", frameon=False, fontsize=8, labelspacing=0.4)
        for text in legend.get_texts():
            text.set_parse_math(False)
        return legend

    def tell(self, words: str, up: float = 0.995) -> None:
        """A line of small text at the left edge."""
        place = {"va": "top" if up > 0.5 else "bottom", "fontsize": 8, "color": "#555555"}
        self.figure.text(0.01, up, words, parse_math=False, **place)

    def _fit(self, legend: Any) -> None:
        """Give the axes the space that the legend, their texts and the caption leave."""
        width, height = self.figure.bbox.width, self.figure.bbox.height
        if self.missing:
            reason = "because they have no parameters, no MACs or more than 10^30 of them"
            caption = f"not shown, {reason}: {', '.join(self.missing)}"
            self.tell(_short(caption, LONGEST_CAPTION), 0.01)
        beside = legend.get_window_extent(self.renderer).width + 8 if legend else 12
        self.axes.set_position((0.0, 0.0, 1.0, 1.0))
        texts = self.axes.get_tightbbox(self.renderer)
        left, bottom = -texts.x0 + 14, -texts.y0 + (34 if self.missing else 14)
        self.axes.set_position((left / width, bottom / height, 1 - (left + beside) / width, 1 - (bottom + 16) / height))

    def _place(self) -> list[Placed | None]:
        """Put the labels in; where there is no room for one it stays away."""
        effects = import_module("matplotlib.patheffects")
        # Those beyond keep their points clear of labels, as all do.
        labeled = sorted(self.points, key=lambda point: not point.ahead)[:MOST_LABELS]
        rest = [point for point in self.points if point not in labeled]
        at = self.axes.transData.transform([(point.params, point.macs) for point in (*labeled, *rest)])
        font = 7.5 if len(self.points) <= COMFORTABLE else 6.5
        texts = [
            self.figure.text(
                0, 0, point.label, parse_math=False, fontsize=font, zorder=5, color="#222222", ha="left", va="bottom",
                path_effects=[effects.withStroke(linewidth=2, foreground="white")],
            )
            for point in labeled
        ]  # fmt: skip
        extents = [text.get_window_extent(self.renderer) for text in texts]
        area = self.axes.get_window_extent(self.renderer)
        placed = place(
            [(float(x), float(y)) for x, y in at],
            [(float(extent.width), float(extent.height)) for extent in extents],
            Box(float(area.x0), float(area.y0), float(area.x1), float(area.y1)),
            [Segment(*map(tuple, pair)) for pair in pairwise(self.axes.transData.transform(self.steps))],
        )
        inverse = self.figure.transFigure.inverted()
        line = import_module("matplotlib.lines").Line2D
        for text, one in zip(texts, placed, strict=True):
            if one is None:
                text.remove()
                continue
            text.set_position(inverse.transform((one.box.left, one.box.bottom)))
            if one.leader is not None:
                (x0, y0), (x1, y1) = inverse.transform([one.leader.start, one.leader.end])
                self.figure.add_artist(line([x0, x1], [y0, y1], color="#999999", linewidth=0.5, zorder=1))
        return placed

    def saved(self, form: str) -> bytes:
        file = BytesIO()
        metadata = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
        self.figure.savefig(file, format=form, dpi=DOTS, metadata=metadata)
        return file.getvalue()


def ticks_between(low: float, high: float) -> list[int]:
    """Ticks of a logarithmic axis: 1, 2 and 5 times powers of 10, or for many powers only 1."""
    steps = (1, 2, 5) if high <= 2000 * low else (1,)
    return [step * 10**power for power in range(40) for step in steps if low <= step * 10**power <= high]


def in_units(number: int) -> str:
    """A round number in thousands, millions and so on: 20 M."""
    unit = 0
    while number >= 1000 and number % 1000 == 0 and unit < len(UNITS) - 1:
        number, _ = divmod(number, 1000)
        unit += 1
    return f"{number:,}{UNITS[unit]}"
