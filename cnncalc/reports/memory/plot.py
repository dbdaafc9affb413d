"""The timeline of live memory as a plot of characters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

# The width of the plot, and its height in lines.
WIDTH, HEIGHT = 48, 5
EIGHTHS = " ▁▂▃▄▅▆▇█"


def draw_timeline(live: Sequence[int], label: str, top: str, below: str) -> list[tuple[str, str]]:
    """The live memory over the steps as notes, one per line of the plot, with a mark below the peak.

    A column of the plot has the most of its steps. `top` is the size at the top, `below` describes the axis of steps.
    """
    peak = max(live, default=0)
    if not peak:
        return []
    columns = [max(part) for part in _parts(live)]
    # Eighths of a line, rounded up: a positive amount always shows.
    heights = [-(-8 * HEIGHT * amount // peak) for amount in columns]
    lines = [
        "".join([EIGHTHS[min(max(height - 8 * line, 0), 8)] for height in heights]) for line in reversed(range(HEIGHT))
    ]
    lines += ["─" * len(columns), f"{' ' * columns.index(peak)}^"]
    scale = [f"{top} ┤", *[" │"] * (HEIGHT - 1), "0 ┼", " "]
    width = max(map(len, scale))
    drawn = [f"{mark.rjust(width)}{line}".rstrip() for mark, line in zip(scale, lines, strict=True)]
    return [(label if number == 0 else " ", line) for number, line in enumerate([*drawn, below])]


def _parts(live: Sequence[int]) -> list[Sequence[int]]:
    """The steps of each column: several, or one step in several columns."""
    count = len(live)
    width = max(WIDTH // count, 1) * count if count < WIDTH else WIDTH
    starts = [place * count // width for place in range(width + 1)]
    return [live[start : max(end, start + 1)] for start, end in pairwise(starts)]
