"""Places for labels beside points, so that no label covers a point, another label or a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from math import cos, dist, hypot, inf, pi, sin

from cnncalc.record import Record

# All lengths are in points of the figure. RADIUS is kept clear around each point, APART around each label; a label
# beside its point is BESIDE away from that, a little more.
RADIUS = 2.8
APART = 0.7
BESIDE = 1.0
RINGS = (0.0, 2.0, 4.0, 6.0, 8.5, 11.0, 14.0, 18.0, 22.0, 27.0, 33.0, 40.0, 48.0, 57.0, 70.0, 85.0, 105.0)
LEADER_FROM = 6.0
CROSSING = 29.0
CROWDED = 43.0
# The most attempts to place all labels. After one that leaves out no fewer labels than those before, others follow only
# if these are few.
ROUNDS, FEW = 8, 3


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

    def is_within(self, other: Box) -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )

    def widened(self, by: float) -> Box:
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


class PlacedLabel(Record):
    """A placed label, with a line to its point if it is not beside it."""

    box: Box
    leader: Segment | None


class _LabelArea(Record):
    """The area for labels, its points, lines that labels should not cover, and how far labels reach."""

    area: Box
    dots: Sequence[Box]
    lines: Sequence[Segment]
    reach: float


def place(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    area: Box,
    lines: Sequence[Segment] = (),
    reach: float = inf,
) -> list[PlacedLabel | None]:
    """Places for labels of these sizes, which overlap no point and no other label; None if there is no room.

    Points beyond the number of sizes have no label. Each label is as close to its point as possible, at most `reach`
    away. Lines from labels to points cross no other label; crossing another point, or covering one of `lines`, counts
    as CROSSING more distance. Crowded points come first, then those that had no room in an earlier attempt.
    """
    dots = [Box(x, y, x, y).widened(RADIUS) for x, y in points]
    near = [sum(hypot(x - u, y - v) < CROWDED for u, v in points) for x, y in points]
    order = sorted(range(len(sizes)), key=lambda number: (-near[number], number))
    best: list[PlacedLabel | None] = []
    for _ in range(ROUNDS):
        placed = _placed(points, sizes, _LabelArea(area, dots, lines, reach), order)
        failed = [number for number in order if placed[number] is None]
        is_better = not best or len(failed) < best.count(None)
        best = placed if is_better else best
        if not failed or (not is_better and len(failed) > FEW):
            break
        order = failed + [number for number in order if number not in failed]
    return best


def _placed(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    ground: _LabelArea,
    order: Sequence[int],
) -> list[PlacedLabel | None]:
    """The places of labels, placed in this order."""
    placed: list[PlacedLabel | None] = [None] * len(sizes)
    for number in order:
        done = [one for one in placed if one is not None]
        others = [dot for dot in ground.dots if not dot.meets(ground.dots[number])]
        best = inf
        for ring, one in _candidates(points[number], sizes[number], ground.reach):
            if ring >= best:
                break
            if _is_free(one, ground, done):
                crossed = sum(one.leader.crosses(dot) for dot in others) if one.leader else 0
                crossed += any(line.crosses(one.box) for line in ground.lines)
                # Without a line, this label would seem to belong to the other point.
                shared = one.leader is None and _is_nearer_to_another(one.box, number, points)
                leader = Segment(points[number], one.box.nearest(points[number])) if shared else one.leader
                if ring + (crossed + shared) * CROSSING < best and _is_free(PlacedLabel(one.box, leader), ground, done):
                    best = ring + (crossed + shared) * CROSSING
                    placed[number] = PlacedLabel(one.box, leader)
    return placed


def _candidates(
    point: tuple[float, float], size: tuple[float, float], reach: float
) -> Iterator[tuple[float, PlacedLabel]]:
    """Possible places of a label, best first: to the right, then around, then further away."""
    x, y = point
    wide, high = size
    for ring in takewhile(lambda ring: ring <= reach, RINGS):
        for turn in (0, 1, -1, 4, -4, 7, -7, 8, 2, -2, 3, -3, 5, -5, 6, -6):
            across, up = cos(turn * pi / 8), sin(turn * pi / 8)
            # The line ends at the side of the label that faces the point.
            middle_x = x + across * (RADIUS + BESIDE + ring + wide / 2)
            middle_y = y + up * (RADIUS + BESIDE + ring + high / 2)
            box = Box(middle_x - wide / 2, middle_y - high / 2, middle_x + wide / 2, middle_y + high / 2)
            end = box.nearest(point)
            leads = hypot(end[0] - x, end[1] - y) > RADIUS + LEADER_FROM
            yield ring, PlacedLabel(box, Segment(point, end) if leads else None)


def _is_nearer_to_another(box: Box, number: int, points: Sequence[tuple[float, float]]) -> bool:
    """Whether a label is closer to another point than to its own."""
    own, *others = (dist(point, box.nearest(point)) for point in (points[number], *points))
    return any(other < own - 1 for place, other in enumerate(others) if place != number)


def _is_free(one: PlacedLabel, ground: _LabelArea, done: Sequence[PlacedLabel]) -> bool:
    box = one.box.widened(APART)
    if not box.is_within(ground.area) or any(box.meets(dot) for dot in ground.dots):
        return False
    if any(box.meets(other.box) or (other.leader and other.leader.crosses(box)) for other in done):
        return False
    return one.leader is None or not any(one.leader.crosses(other.box.widened(APART)) for other in done)
