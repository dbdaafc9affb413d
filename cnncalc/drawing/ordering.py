"""The order of the nodes in each row, with few crossings between the lines of neighboring rows."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from cnncalc import limits
from cnncalc.drawing.grid import TITLE, GridNode, JoinedPiece

SWEEPS = 6


def order_rows(rows: Sequence[list[GridNode]], joined_rows: Sequence[Sequence[JoinedPiece]], count: int) -> None:
    """Order the nodes of each row, `count` in all, so that few lines cross: by the mean place of their neighbors."""
    ups: list[list[tuple[GridNode, int]]] = [[] for _ in range(count)]
    downs: list[list[tuple[GridNode, int]]] = [[] for _ in range(count)]
    edges = 0
    for joined in joined_rows:
        for line, upper, lowers, _ in joined:
            for lower in lowers:
                if upper is None:
                    continue
                edges += 1
                ups[lower.number].append((upper, upper.outs.get(line, 0)))
                downs[upper.number].append((lower, lower.ins.get(line, 0)))
    best = [list(row) for row in rows]
    fewest = _count_crossings(joined_rows)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        limits.spend(limits.Cost.LANE * edges // 8, "the layout of the drawing")
        is_downward = sweep % 2 == 0
        for row in rows if is_downward else rows[::-1]:
            neighbors = ups if is_downward else downs
            _sort(row, neighbors)
        crossings = _count_crossings(joined_rows)
        if crossings < fewest:
            fewest, best = crossings, [list(row) for row in rows]
    for row, ordered in zip(rows, best, strict=True):
        row[:] = ordered
        for place, node in enumerate(row):
            node.place = place


def _sort(row: list[GridNode], neighbors: list[list[tuple[GridNode, int]]]) -> None:
    """Sort a row by the mean place of the neighbors; nodes without any stay in their places."""
    keys: dict[int, tuple[int, int]] = {}
    for node in row:
        found = neighbors[node.number]
        if found and node.part != TITLE:
            # The offset at the neighbor orders what begins at the same one.
            total = sum((other.place << 20) + offset for other, offset in found)
            keys[node.number] = (total // len(found), node.place)
    moving = iter(sorted([node for node in row if node.number in keys], key=lambda node: keys[node.number]))
    row[:] = [next(moving) if node.number in keys else node for node in row]
    for place, node in enumerate(row):
        node.place = place


def _count_crossings(joined_rows: Sequence[Sequence[JoinedPiece]]) -> int:
    crossings = 0
    for joined in joined_rows:
        ends = sorted(
            (upper.place, upper.outs.get(line, 0), lower.place, lower.ins.get(line, 0))
            for line, upper, lowers, _ in joined
            for lower in lowers
            if upper is not None
        )
        seen: list[tuple[int, int]] = []
        for start, offset, end, other in ends:
            del start, offset
            crossings += len(seen) - bisect_right(seen, (end, other))
            insort(seen, (end, other))
    return crossings
