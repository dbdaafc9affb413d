"""Channels between rows of boxes: each line that changes its position gets a track of its own there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from cnncalc.record import Record

# Pins of two lines that are closer than this would look like one line.
NEAR = 5
# More lines than this share tracks in turn, so that a channel stays narrow.
MOST_COMPARED = 200
MOST_TRACKS = 40


class Pins(Record):
    """Where a line enters a channel at its two sides, as positions across."""

    line: int
    tops: Sequence[int]
    bottoms: Sequence[int]

    @property
    def first(self) -> int:
        return min(*self.tops, *self.bottoms)

    @property
    def last(self) -> int:
        return max(*self.tops, *self.bottoms)


def assign_tracks(lines: Sequence[Pins]) -> tuple[dict[int, int], int]:
    """The track of each line that is not straight, from the top, and the number of tracks.

    Lines that overlap have different tracks, ordered so that few of them cross and no two lie on each other.
    """
    bent = sorted([pins for pins in lines if pins.first != pins.last], key=_order)
    if len(bent) > MOST_COMPARED:
        return {pins.line: place % MOST_TRACKS for place, pins in enumerate(bent)}, MOST_TRACKS
    tracks: dict[int, int] = {}
    # The ends and the track of each line before.
    earlier: list[tuple[int, int, int]] = []
    for pins in _in_order(bent):
        first, last = pins.first - NEAR, pins.last + NEAR
        track = max([other + 1 for start, end, other in earlier if start <= last and first <= end], default=0)
        tracks[pins.line] = track
        earlier.append((pins.first, pins.last, track))
    return tracks, max(tracks.values(), default=-1) + 1


def _order(pins: Pins) -> tuple[int, int]:
    """Of lines to one side, the one that begins farthest on that side comes first: then they do not cross."""
    start = pins.tops[0]
    goes_right = pins.last - start >= start - pins.first
    return (-start, -pins.last) if goes_right else (start, pins.first)


def _in_order(bent: list[Pins]) -> list[Pins]:
    """The lines with each that leaves the top at a position before the one that reaches the bottom there."""
    arrivals = sorted((x, number) for number, pins in enumerate(bent) for x in pins.bottoms)
    below: list[set[int]] = [set() for _ in bent]
    above = [0] * len(bent)
    for number, pins in enumerate(bent):
        for x in pins.tops:
            place = bisect_left(arrivals, (x - NEAR, -1))
            while place < len(arrivals) and arrivals[place][0] <= x + NEAR:
                other = arrivals[place][1]
                if other != number and other not in below[number]:
                    below[number].add(other)
                    above[other] += 1
                place += 1
    left = list(range(len(bent)))
    ordered: list[Pins] = []
    while left:
        # Where lines wait for each other, the first goes on.
        at = next((number for number in left if not above[number]), left[0])
        left.remove(at)
        ordered.append(bent[at])
        for other in below[at]:
            above[other] -= 1
    return ordered
