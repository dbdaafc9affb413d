"""Places for labels beside points."""

import random
from itertools import combinations

import pytest

from cnncalc.plots.labels import BESIDE, RADIUS, Box, place


@pytest.mark.parametrize("seed", range(4))
def test_labels_keep_clear(seed):
    """Sixty labels among points that crowd along a line, as networks do."""
    chance = random.Random(seed)
    points = [(x, x * 0.6 + chance.gauss(0, 29)) for x in (chance.uniform(48, 816) for _ in range(60))]
    points = [(x, min(max(y, 14), 562)) for x, y in points]
    sizes = [(chance.uniform(19, 86), 7.7) for _ in points]
    area = Box(0, 0, 912, 576)
    placed = place(points, sizes, area)
    # One in the thick of it may find no room; then a larger picture is tried.
    assert placed.count(None) <= 1
    for (x, y), size, one in zip(points, sizes, placed, strict=True):
        if one is None:
            continue
        assert one.box.is_within(area)
        assert (one.box.right - one.box.left, one.box.top - one.box.bottom) == pytest.approx(size)
        # Beside its point, or with a line to it.
        assert one.leader is not None or Box(x, y, x, y).widened(14).meets(one.box)
    placed = [one for one in placed if one is not None]
    for one, other in combinations(placed, 2):
        assert not one.box.meets(other.box)
        assert not (one.leader and one.leader.crosses(other.box))
        assert not (other.leader and other.leader.crosses(one.box))
    for one in placed:
        assert not any(one.box.meets(Box(x, y, x, y).widened(RADIUS)) for x, y in points)


def test_a_label_without_room_is_left_out():
    area = Box(0, 0, 100, 40)
    assert place([(50, 20)], [(200, 10)], area) == [None]
    alone, none = place([(50, 20), (50, 20)], [(30, 10), (200, 10)], area)
    assert none is None
    # To the right: RADIUS and BESIDE away from the point.
    left = 50 + RADIUS + BESIDE
    assert alone.box == pytest.approx((left, 15, left + 30, 25))


def test_a_label_keeps_to_its_reach():
    """A label in the middle of a crowd has room only outside of it, 40 points away."""
    crowd = [(x, y) for x in range(60, 141, 5) for y in range(60, 141, 5)]
    (far,) = place([(100, 100), *crowd], [(20, 8)], Box(0, 0, 200, 200))
    assert far is not None
    assert far.leader is not None
    assert place([(100, 100), *crowd], [(20, 8)], Box(0, 0, 200, 200), reach=20) == [None]
