"""The nodes of a column: parts, lanes and the ends of lines, row by row."""

from __future__ import annotations

from collections.abc import Mapping

from cnncalc.drawing.coordinates import Extent
from cnncalc.record import Record

# Instead of the number of a part: the title, and where lines enter the column and leave it: before its first row, after
# its last, and at its sides, from the column to the left and to that to the right.
ENTRY, EXIT, TITLE, LEFT, RIGHT = -1, -2, -3, -4, -5
BETWEEN_BOXES, BETWEEN_LANES = 26, 10


class GridItem(Record):
    """A box or a frame with its size. `ins` and `outs` are the offsets from the center at which lines end and begin.

    The ends of lines at a box are chosen by the column, if `ins` is None. `label_across` and `label_along` are the
    room that the labels of its outputs take beside the last of them, and after it.
    """

    part: int
    across: int
    along: int
    ins: Mapping[int, int] | None
    outs: Mapping[int, int]
    label_across: int = 0
    label_along: int = 0


class Net(Record):
    """A line from a part, ENTRY or LEFT to parts, EXIT and RIGHT.

    Each target has the length of the longest path of layers through the line.
    """

    line: int
    source: int
    targets: Mapping[int, int]


class GridNode:
    """A part, a lane of a line that passes a row, the title, or the place where a line enters or leaves."""

    __slots__ = ("along", "ins", "is_lane", "item", "number", "outs", "part", "place", "row", "x")

    def __init__(self, number: int, row: int, part: int, item: GridItem | None = None) -> None:
        self.number = number
        self.row = row
        self.part = part
        self.item = item
        self.is_lane = False
        self.ins: dict[int, int] = dict(item.ins or {}) if item else {}
        self.outs: dict[int, int] = dict(item.outs) if item else {}
        self.along = item.along if item else 0
        self.place = 0
        self.x = 0

    @property
    def extent(self) -> Extent:
        if self.item is None:
            return Extent(2, 2, BETWEEN_LANES)
        half = (self.item.across + 1) // 2
        return Extent(half, max(half, self.item.label_across), BETWEEN_BOXES)


class JoinedPiece(Record):
    """A piece of a line between two rows: from a node, or from the left, to nodes and perhaps to the right."""

    line: int
    upper: GridNode | None
    lowers: list[GridNode]
    goes_right: bool = False
