"""Positions of the nodes of a layered graph across its layers, after Brandes and Köpf.

U. Brandes, B. Köpf: Fast and simple horizontal coordinate assignment, Graph Drawing 2001. Nodes that a line connects
are aligned to blocks in four ways, each is packed, and the position is the mean of the two in the middle. Different
from the paper: lines may be attached beside the center of a node, lines of a high priority are aligned first, and
blocks are packed along their longest path.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

from cnncalc.record import Record

LANE, PLAIN, STRAIGHT = 1, 2, 3
MOST_LAYOUTS = 256


class Joint(Record):
    """A line between nodes of neighboring layers: its upper and lower end, relative to their centers, and priority."""

    upper: int
    lower: int
    upper_offset: int
    lower_offset: int
    priority: int


class Extent(Record):
    """The room that a node takes to the left and to the right of its center, and the gap to others."""

    left: int
    right: int
    gap: int


@lru_cache(maxsize=MOST_LAYOUTS)
def place_nodes(
    layers: tuple[tuple[int, ...], ...], extents: tuple[Extent, ...], joints: tuple[Joint, ...]
) -> Sequence[int]:
    """The center of each node across the layers, without overlap and in the order of the layers.

    Equal blocks, which a network has many of, are computed once.
    """
    if all(len(layer) <= 1 for layer in layers) and all(joint.upper_offset == joint.lower_offset for joint in joints):
        return [0] * len(extents)
    crossed = _crossed(layers, joints)
    found = [
        _one_way(layers, extents, joints, crossed, is_upward=is_upward, is_mirrored=is_mirrored)
        for is_upward in (False, True)
        for is_mirrored in (False, True)
    ]
    spans = [
        (
            min(x - extent.left for x, extent in zip(xs, extents, strict=True)),
            max(x + extent.right for x, extent in zip(xs, extents, strict=True)),
        )
        for xs in found
    ]
    narrowest = min(range(4), key=lambda way: spans[way][1] - spans[way][0])
    first, last = spans[narrowest]
    for way, xs in enumerate(found):
        # Packed to the left, or mirrored to the right.
        by = last - spans[way][1] if way % 2 else first - spans[way][0]
        found[way] = [x + by for x in xs]
    return [sum(sorted(xs)[1:3]) // 2 for xs in zip(*found, strict=True)]


def _crossed(layers: Sequence[Sequence[int]], joints: Sequence[Joint]) -> set[int]:
    """The numbers of lines that cross one that must be straight."""
    place = {node: number for layer in layers for number, node in enumerate(layer)}
    layer_of = {node: number for number, layer in enumerate(layers) for node in layer}
    between: list[list[int]] = [[] for _ in layers]
    for number, joint in enumerate(joints):
        between[layer_of[joint.upper]].append(number)
    crossed: set[int] = set()
    for numbers in between:
        straight = [joints[number] for number in numbers if joints[number].priority == STRAIGHT]
        if not straight:
            continue
        straight.sort(key=lambda joint: place[joint.lower])
        lowers = [place[joint.lower] for joint in straight]
        uppers = [place[joint.upper] for joint in straight]
        # The rightmost upper end of those that end before one, and the leftmost of those from it on.
        reached = [-1, *accumulate(uppers, max)]
        ahead = [*[*accumulate(reversed(uppers), min)][::-1], len(place)]
        for number in numbers:
            joint = joints[number]
            upper, lower = place[joint.upper], place[joint.lower]
            # Of straight lines that cross each other, the later gives way.
            if reached[bisect_left(lowers, lower)] > upper or (
                joint.priority != STRAIGHT and ahead[bisect_right(lowers, lower)] < upper
            ):
                crossed.add(number)
    return crossed


def _one_way(
    layers: Sequence[Sequence[int]],
    extents: Sequence[Extent],
    joints: Sequence[Joint],
    crossed: set[int],
    *,
    is_upward: bool,
    is_mirrored: bool,
) -> list[int]:
    sign = -1 if is_mirrored else 1
    ordered = [list(layer)[::sign] for layer in (layers[::-1] if is_upward else layers)]
    place = {node: number for layer in ordered for number, node in enumerate(layer)}
    # The joints at the side of each node from which it is aligned, and at the other.
    before: list[list[tuple[int, int, int]]] = [[] for _ in extents]
    most_before, most_after = [0] * len(extents), [0] * len(extents)
    for number, joint in enumerate(joints):
        if number in crossed:
            continue
        upper, lower, shift = joint.upper, joint.lower, joint.upper_offset - joint.lower_offset
        if is_upward:
            upper, lower, shift = lower, upper, -shift
        before[lower].append((upper, sign * shift, joint.priority))
        most_before[lower] = max(most_before[lower], joint.priority)
        most_after[upper] = max(most_after[upper], joint.priority)
    root = list(range(len(extents)))
    aligned = [False] * len(extents)
    shifts = [0] * len(extents)
    for layer in ordered:
        reached = -1
        for node in layer:
            best = [one for one in before[node] if one[2] == most_before[node] == most_after[one[0]]]
            best.sort(key=lambda one: place[one[0]])
            for middle in sorted({(len(best) - 1) // 2, len(best) // 2} if best else ()):
                other, shift, _ = best[middle]
                if not aligned[node] and place[other] > reached:
                    aligned[node] = True
                    root[node] = root[other]
                    shifts[node] = shifts[other] + shift
                    reached = place[other]
    xs = _pack(ordered, extents, root, shifts, is_mirrored=is_mirrored)
    return [sign * x for x in xs]


def _pack(
    layers: list[list[int]], extents: Sequence[Extent], root: list[int], shifts: list[int], *, is_mirrored: bool
) -> list[int]:
    """The position of each node if all blocks are as far left as they can be, then moved right to their neighbors."""
    after: dict[int, list[tuple[int, int]]] = {}
    waiting: dict[int, int] = {}
    for layer in layers:
        for left, right in pairwise(layer):
            one, next_one = extents[left], extents[right]
            room = (one.left + next_one.right) if is_mirrored else (one.right + next_one.left)
            distance = room + (one.gap + next_one.gap) // 2 + shifts[left] - shifts[right]
            after.setdefault(root[left], []).append((root[right], distance))
            waiting[root[right]] = waiting.get(root[right], 0) + 1
    at = dict.fromkeys(root, 0)
    ready = [block for block in at if block not in waiting]
    order = []
    # A block may begin left of its root.
    begun: dict[int, int] = {}
    while ready:
        block = ready.pop()
        order.append(block)
        at[block] = begun.get(block, 0)
        for other, distance in after.get(block, ()):
            reached = at[block] + distance
            begun[other] = max(begun.get(other, reached), reached)
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    for block in reversed(order):
        reach = [at[other] - distance for other, distance in after.get(block, ())]
        if reach:
            at[block] = max(at[block], min(reach))
    return [at[root[node]] + shifts[node] for node in range(len(root))]
