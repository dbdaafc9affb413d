"""A drawing of the positions that an output reads, on the grid of the input, in text characters."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import pairwise

from cnncalc import limits
from cnncalc.analyses.regions import Region, Runs
from cnncalc.languages import Speaker
from cnncalc.limits import Cost
from cnncalc.record import Record

HIGHEST = 32
MARGIN = 6


class Signs(Record):
    """A cell that is read, read in part, not read, and beyond the input; and the frame of the input."""

    read: str
    partly: str
    unread: str
    padding: str
    across: str
    down: str
    corners: str


UNICODE = Signs("█", "▒", "·", "░", "─", "│", "┌┐└┘")
ASCII = Signs("#", "+", ".", "o", "-", "|", "++++")


def draw(
    read: Region,
    extents: tuple[tuple[int, int] | None, ...],
    say: Speaker,
    *,
    width: int,
    ascii_only: bool,
) -> Iterator[str]:
    """The lines of a drawing, at most `width` columns wide; a large input is scaled down.

    Of a volume it shows the middle plane of the region; of a signal a single line.
    """
    signs = ASCII if ascii_only else UNICODE
    sizes = read.shape.spatial
    boxes = [tuple(box) for box in read.boxes]
    planes = len(sizes) - 2
    if planes > 0:
        depth = [_middle(read.along(axis)) for axis in range(planes)]
        boxes = [box for box in boxes if all(_holds(runs, at) for runs, at in zip(box, depth, strict=False))]
        boxes = [box[planes:] for box in boxes]
        yield say("plot_depth", depth=", ".join(map(str, depth)))
    elif planes < 0:
        boxes = [(((0, 0),), *box) for box in boxes]
    rows = _Side(1, (0, 0)) if planes < 0 else _Side(sizes[-2], extents[-2])
    columns = _Side(sizes[-1], extents[-1])
    cell = _cell(rows, columns, width)
    # A cell is two characters wide, about as wide as a line is high.
    marks: set[str] = set()
    drawn: list[tuple[str, str]] = []
    edge = f"{signs.across * 2 * columns.inside(cell)}"
    for row in rows.cells(cell):
        if row == 0:
            drawn.append(("", _framed(columns, cell, signs.corners[0] + edge + signs.corners[1])))
        cells = _cells(boxes, (rows, row), columns, cell, signs)
        marks.update(cells)
        inside = rows.is_inside(row, cell)
        text = ""
        for column, sign in zip(columns.cells(cell), cells, strict=True):
            if column in (0, columns.inside(cell)):
                text += signs.down if inside else sign
            text += f"{sign} " if sign == signs.unread else sign * 2
        if columns.cells(cell).stop == columns.inside(cell):
            text += signs.down if inside else " "
        drawn.append((str(row * cell) if inside and planes >= 0 else "", text))
        if row == rows.inside(cell) - 1:
            drawn.append(("", _framed(columns, cell, signs.corners[2] + edge + signs.corners[3])))
    margin = max(len(name) for name, _ in drawn)
    yield " " * (margin + 1) + _ruler(columns, cell)
    for name, text in drawn:
        yield f"{name:>{margin}} {text}".rstrip()
    legend = {signs.read: "read", signs.partly: "partly", signs.unread: "unread", signs.padding: "padding"}
    parts = [f"{sign} {say(f'plot_{key}')}" for sign, key in legend.items() if sign in marks]
    if cell > 1:
        parts.append(say("plot_cell", cell=f"{cell}x{cell}" if planes >= 0 else cell))
    yield "   ".join(parts)


class _Side(Record):
    """One axis: its size, and the extent of the field in it and beyond it."""

    size: int
    extent: tuple[int, int] | None

    def cells(self, cell: int) -> range:
        """The cells to draw, that at position 0 being 0."""
        first, last = self.extent or (0, 0)
        # Of a field far wider than the input no more than this is drawn beyond it.
        inside, beyond = self.inside(cell), max(self.inside(cell) >> 1, 2)
        return range(
            max(min(_floor(first, cell), 0), -beyond), min(max(_floor(last, cell) + 1, inside), inside + beyond)
        )

    def inside(self, cell: int) -> int:
        """The number of cells in the input."""
        return -_floor(-self.size, cell)

    def is_inside(self, number: int, cell: int) -> bool:
        return 0 <= number < self.inside(cell)

    def spans(self, number: int, cell: int) -> bool:
        """Whether the field overlaps a cell."""
        return self.extent is not None and self.extent[0] < (number + 1) * cell and self.extent[1] >= number * cell


def _floor(number: int, part: int) -> int:
    return divmod(number, part)[0]


def _cell(rows: _Side, columns: _Side, width: int) -> int:
    """The size of a cell in positions, so that the drawing fits."""
    # Start with the smallest cell for which the input fits; for huge inputs, try slightly larger cells next.
    cell = max(1, 2 * columns.size // max(width, 1), rows.size // (HIGHEST + 1))
    while len(columns.cells(cell)) * 2 + MARGIN + 3 > width or len(rows.cells(cell)) > HIGHEST:
        cell += max(1, cell >> 10)
    return cell


def _framed(columns: _Side, cell: int, frame: str) -> str:
    return " " * (2 * -columns.cells(cell)[0]) + frame


def _ruler(columns: _Side, cell: int) -> str:
    """The positions of some columns above them."""
    start = 2 * -columns.cells(cell)[0] + 1
    names = [str(number * cell) for number in range(columns.inside(cell))]
    # The distance between labels, so that the longest fits.
    apart = -_floor(-len(names[-1]) - 1, 2)
    ruler = " " * start
    for number in range(0, len(names), apart):
        ruler = ruler.ljust(start + 2 * number) + names[number]
    return ruler


def _cells(boxes: list[tuple[Runs, ...]], row: tuple[_Side, int], columns: _Side, cell: int, signs: Signs) -> list[str]:
    """The signs of a row of cells."""
    rows, high = row
    inside = rows.is_inside(high, cell)
    lines = range(high * cell, min((high + 1) * cell, rows.size))
    bands = _bands(boxes, lines) if inside else {}
    cells = []
    for wide in columns.cells(cell):
        if inside and columns.is_inside(wide, cell):
            across = range(wide * cell, min((wide + 1) * cell, columns.size))
            cells.append(_sign(boxes, bands, lines, across, signs))
        else:
            cells.append(signs.padding if rows.spans(high, cell) and columns.spans(wide, cell) else " ")
    return cells


def _bands(boxes: list[tuple[Runs, ...]], lines: range) -> dict[tuple[int, ...], int]:
    """The number of lines for each set of boxes, given by their indices."""
    near = [(number, _touching(box[0], lines)) for number, box in enumerate(boxes)]
    edges = {lines.start, lines.stop}
    edges.update(edge for _, runs in near for first, last in runs for edge in (first, last + 1) if edge in lines)
    limits.spend(Cost.RUN * len(edges) * len(boxes))
    bands: dict[tuple[int, ...], int] = {}
    # Lines between two edges of boxes are equal.
    for first, end in pairwise(sorted(edges)):
        numbers = tuple([number for number, runs in near if _holds(runs, first)])
        bands[numbers] = bands.get(numbers, 0) + end - first
    return bands


def _sign(
    boxes: list[tuple[Runs, ...]], bands: dict[tuple[int, ...], int], lines: range, across: range, signs: Signs
) -> str:
    """The sign of a cell of the input."""
    count = 0
    for numbers, high in bands.items():
        runs = [run for number in numbers for run in _touching(boxes[number][1], across)]
        limits.spend(Cost.RUN * (len(runs) + 1))
        count += high * _count(runs, across)
    if not count:
        return signs.unread
    # `len` fails beyond machine words.
    whole = (lines.stop - lines.start) * (across.stop - across.start)
    return signs.read if count == whole else signs.partly


def _count(runs: Iterable[tuple[int, int]], across: range) -> int:
    """The number of positions of a range that are in any of the runs."""
    count, place = 0, across.start
    for first, last in sorted(runs):
        end = min(last + 1, across.stop)
        count += max(end - max(first, place), 0)
        place = max(place, end)
    return count


def _touching(runs: Runs, span: range) -> Runs:
    """The runs that have a position in a range."""
    first = max(bisect_left(runs, (span.start,)) - 1, 0)
    near = runs[first : bisect_left(runs, (span.stop,))]
    return near[1:] if near and near[0][1] < span.start else near


def _holds(runs: Runs, at: int) -> bool:
    return bool(_touching(runs, range(at, at + 1)))


def _middle(runs: Runs) -> int:
    """The read position closest to the middle of the region."""
    if not runs:
        return 0
    middle = (runs[0][0] + runs[-1][1]) >> 1
    return min((max(first, min(middle, last)) for first, last in runs), key=lambda at: abs(at - middle))
