"""A column of rows: the parts of a frame by their longest path, with lanes for lines that pass rows.

Positions are across and along the direction of the drawing: for one that runs down, x and y.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence

from cnncalc import limits
from cnncalc.drawing.channels import Pins, assign_tracks
from cnncalc.drawing.coordinates import LANE, PLAIN, STRAIGHT, Extent, Joint, place_nodes
from cnncalc.record import Record

# Instead of the number of a part: the title, and where lines enter the column and leave it: before its first row, after
# its last, and at its sides, from the column to the left and to that to the right.
ENTRY, EXIT, TITLE, LEFT, RIGHT = -1, -2, -3, -4, -5
# How far outside the column lines at its sides end.
BESIDE = 8
SWEEPS = 6
BETWEEN_BOXES, BETWEEN_LANES = 26, 10
PORTS_APART = 12
LEAST_CHANNEL, BEFORE_TRACKS, AFTER_TRACKS, TRACK = 22, 7, 13, 7

Point = tuple[int, int]


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


class _GridNode:
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


class _Joined(Record):
    """A piece of a line between two rows: from a node, or from the left, to nodes and perhaps to the right."""

    line: int
    upper: _GridNode | None
    lowers: list[_GridNode]
    goes_right: bool = False


class GridColumn:
    """Rows of parts with positions from 0, and the points of each line from its source to each target."""

    def __init__(
        self, rows: Sequence[Sequence[GridItem]], nets: Sequence[Net], title: tuple[int, int] = (0, 0)
    ) -> None:
        self.nets = {net.line: net for net in nets}
        self.nodes: list[_GridNode] = []
        self.by_part: dict[int, _GridNode] = {}
        self.rows: list[list[_GridNode]] = [[] for _ in range(len(rows) + 2)]
        if title[0]:
            self._add(0, TITLE, GridItem(TITLE, title[0], title[1], {}, {}))
        for number, row in enumerate(rows, 1):
            for item in row:
                self.by_part[item.part] = self._add(number, item.part, item)
        self.entries: dict[int, _GridNode] = {}
        self.exits: dict[int, _GridNode] = {}
        # The node above each node of a line, None if it comes from the left.
        self.above: dict[tuple[int, int], _GridNode | None] = {}
        self.joined: list[list[_Joined]] = [[] for _ in self.rows]
        for net in nets:
            self._join(net)
        if any(len(row) > 1 for row in self.rows):
            self._order_rows()
        self.priorities = self._rank_joints()
        self._choose_ports()
        self._place()

    def _add(self, row: int, part: int, item: GridItem | None = None) -> _GridNode:
        node = _GridNode(len(self.nodes), row, part, item)
        self.nodes.append(node)
        node.place = len(self.rows[row])
        self.rows[row].append(node)
        return node

    def _join(self, net: Net) -> None:
        """Connect the nodes of a line row by row."""
        line = net.line
        ends: dict[int, list[_GridNode]] = {}
        for target in net.targets:
            if target == RIGHT:
                continue
            if target == EXIT:
                node = self.exits[line] = self._add(len(self.rows) - 1, EXIT)
                node.ins[line] = 0
            else:
                node = self.by_part[target]
            ends.setdefault(node.row, []).append(node)
        at: _GridNode | None = None
        if net.source == ENTRY:
            at = self.entries[line] = self._add(0, ENTRY)
            at.outs[line] = 0
        elif net.source != LEFT:
            at = self.by_part[net.source]
        begun = min(ends) - 1 if at is None else at.row
        last = max(ends, default=begun)
        limits.spend(limits.Cost.LANE * (last - begun), "the layout of the drawing")
        if RIGHT in net.targets and last == begun:
            self.joined[begun].append(_Joined(line, at, [], goes_right=True))
        for row in range(begun + 1, last + 1):
            lower = list(ends.get(row, ()))
            if row < last:
                lane = self._add(row, ENTRY)
                lane.is_lane = True
                lane.ins[line] = lane.outs[line] = 0
                lower.append(lane)
            for node in lower:
                self.above[line, node.number] = at
            self.joined[row - 1].append(_Joined(line, at, lower, goes_right=RIGHT in net.targets and row == begun + 1))
            if row < last:
                at = lane

    # --- the order of each row ---------------------------------------------------------------------

    def _order_rows(self) -> None:
        """Order the nodes of each row so that few lines cross: by the mean position of their neighbors."""
        ups: list[list[tuple[_GridNode, int]]] = [[] for _ in self.nodes]
        downs: list[list[tuple[_GridNode, int]]] = [[] for _ in self.nodes]
        edges = 0
        for joined in self.joined:
            for line, upper, lowers, _ in joined:
                for lower in lowers:
                    if upper is None:
                        continue
                    edges += 1
                    ups[lower.number].append((upper, upper.outs.get(line, 0)))
                    downs[upper.number].append((lower, lower.ins.get(line, 0)))
        best = [list(row) for row in self.rows]
        fewest = self._count_crossings()
        for sweep in range(SWEEPS):
            if not fewest:
                break
            limits.spend(limits.Cost.LANE * edges // 8, "the layout of the drawing")
            is_downward = sweep % 2 == 0
            for row in self.rows if is_downward else self.rows[::-1]:
                neighbors = ups if is_downward else downs
                self._sort(row, neighbors)
            crossings = self._count_crossings()
            if crossings < fewest:
                fewest, best = crossings, [list(row) for row in self.rows]
        for row, ordered in zip(self.rows, best, strict=True):
            row[:] = ordered
            for place, node in enumerate(row):
                node.place = place

    @staticmethod
    def _sort(row: list[_GridNode], neighbors: list[list[tuple[_GridNode, int]]]) -> None:
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

    def _count_crossings(self) -> int:
        crossings = 0
        for joined in self.joined:
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

    # --- what is in line ---------------------------------------------------------------------------

    def _rank_joints(self) -> dict[tuple[int, int], int]:
        """The priority of each piece of a line, by the line and its lower node, for being straight.

        Of two boxes beside each other, the one on the longer path continues the line.
        """
        found: dict[tuple[int, int], int] = {}
        at_upper: dict[int, list[tuple[int, int]]] = {}
        at_lower: dict[int, list[tuple[int, int]]] = {}
        for joined in self.joined:
            for line, upper, lowers, _ in joined:
                if upper is None:
                    continue
                for lower in lowers:
                    lanes = upper.is_lane + lower.is_lane
                    piece = line, lower.number
                    found[piece] = STRAIGHT if lanes == 2 else LANE if lanes else PLAIN
                    if not lanes:
                        at_upper.setdefault(upper.number, []).append(piece)
                        at_lower.setdefault(lower.number, []).append(piece)
        for ends in (at_upper, at_lower):
            for pieces in ends.values():
                if len(pieces) == 2:
                    lengths = [self.nets[line].targets[self.nodes[lower].part] for line, lower in pieces]
                    if lengths[0] != lengths[1]:
                        found[pieces[lengths[0] > lengths[1]]] = LANE
        return found

    # --- ends of lines at boxes --------------------------------------------------------------------

    def _choose_ports(self) -> None:
        """Choose where lines end at each box: the one that continues a line in the middle, else evenly."""
        arriving: dict[int, list[tuple[int, int, int, bool]]] = {}
        for joined in self.joined:
            for line, upper, lowers, _ in joined:
                for lower in lowers:
                    if lower.item is not None and lower.item.ins is None:
                        is_plain = self.priorities.get((line, lower.number)) == PLAIN
                        place, offset = (upper.place, upper.outs.get(line, 0)) if upper else (-1, 0)
                        end = (place, offset, line, is_plain)
                        arriving.setdefault(lower.number, []).append(end)
        for number, ends in arriving.items():
            node = self.nodes[number]
            if self._continue_straight(node, ends):
                continue
            ends.sort()
            direct = [place for place, end in enumerate(ends) if end[3]]
            count = len(ends)
            room = node.item.across - 16 if node.item else 0
            middle = 2 * direct[0] if len(direct) == 1 else count - 1
            # In halves of the distance, which is smaller where the box is narrow.
            most = max(middle, 2 * (count - 1) - middle, 1)
            span = min(PORTS_APART * most, room)
            for place, end in enumerate(ends):
                node.ins[end[2]] = (2 * place - middle) * span // (2 * most)

    def _continue_straight(self, node: _GridNode, ends: Sequence[tuple[int, int, int, bool]]) -> bool:
        """End several lines from one box at a box below where they begin, if it is wide enough."""
        places = {place for place, _, _, is_plain in ends if is_plain}
        room = node.item.across // 2 - 8 if node.item else 0
        if (
            len(ends) < 2
            or len(places) > 1
            or not all(is_plain and abs(offset) <= room for _, offset, _, is_plain in ends)
        ):
            return False
        node.ins.update((line, offset) for _, offset, line, _ in ends)
        return True

    # --- positions ---------------------------------------------------------------------------------

    def _place(self) -> None:
        joints = []
        for joined in self.joined:
            for line, upper, lowers, _ in joined:
                if upper is None:
                    continue
                for lower in lowers:
                    priority = self.priorities[line, lower.number]
                    offsets = upper.outs.get(line, 0), lower.ins.get(line, 0)
                    joints.append(Joint(upper.number, lower.number, *offsets, priority))
        extents = tuple([node.extent for node in self.nodes])
        rows = tuple([tuple([node.number for node in row]) for row in self.rows])
        xs = place_nodes(rows, extents, tuple(joints))
        first = min((x - extent.left for x, extent in zip(xs, extents, strict=True)), default=0)
        self.across = max((x + extent.right for x, extent in zip(xs, extents, strict=True)), default=0) - first
        for node, x in zip(self.nodes, xs, strict=True):
            node.x = x - first
        self._align_exit()
        self._run_channels()

    def _align_exit(self) -> None:
        """Let the only line that leaves do so where the only one enters, so that blocks in a row do not drift aside."""
        if len(self.entries) != 1 or len(self.exits) != 1:
            return
        (entry,), (leaving,) = self.entries.values(), self.exits.values()
        by = entry.x - leaving.x
        for row in reversed(self.rows):
            if len(row) > 1 or row[0] is entry or row[0].x + by < row[0].extent.left:
                break
            if row[0].x + by + row[0].extent.right > self.across:
                break
            row[0].x += by

    def _run_channels(self) -> None:
        """Stack the rows with a channel after each, and give lines their tracks."""
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.tracks: list[dict[int, int]] = []
        along = 0
        for number, row in enumerate(self.rows):
            self.starts.append(along)
            along += max((node.along for node in row), default=0)
            self.ends.append(along)
            if number == len(self.rows) - 1:
                break
            pins = []
            for line, upper, lowers, goes_right in self.joined[number]:
                tops = [upper.x + upper.outs.get(line, 0) if upper else -BESIDE]
                ends = [lower.x + lower.ins.get(line, 0) for lower in lowers]
                pins.append(Pins(line, tops, [*ends, self.across + BESIDE] if goes_right else ends))
            tracks, count = assign_tracks(pins)
            label = max((node.item.label_along for node in row if node.item), default=0)
            first = along + label + BEFORE_TRACKS
            self.tracks.append({line: first + track * TRACK for line, track in tracks.items()})
            room = label + (BEFORE_TRACKS + (count - 1) * TRACK + AFTER_TRACKS if count else 0)
            if 0 < number < len(self.rows) - 2 or (number == 0 and self.joined[0]):
                room = max(room, LEAST_CHANNEL, label + AFTER_TRACKS)
            elif self.joined[number]:
                room = max(room, label + BEFORE_TRACKS)
            along += room
        self.along = along

    def start(self, node: _GridNode) -> int:
        """Where a node begins along the column: boxes are in the middle of their row."""
        first, last = self.starts[node.row], self.ends[node.row]
        return first + (last - first - node.along) // 2

    def places(self) -> Iterable[tuple[int, int, int]]:
        """Each part with its center across and its start along the column."""
        for part, node in self.by_part.items():
            yield part, node.x, self.start(node)

    def path(self, line: int, target: int) -> list[Point]:
        """The points of a line from its source, or the beginning of the column, to a target, or the end."""
        if target == RIGHT:
            node = self.by_part[self.nets[line].source]
            x = node.x + node.outs[line]
            track = self.tracks[node.row][line]
            return [(x, self.start(node) + node.along), (x, track), (self.across + BESIDE, track)]
        node = self.exits[line] if target == EXIT else self.by_part[target]
        x = node.x + node.ins.get(line, 0)
        points = [(x, self.along if target == EXIT else self.start(node))]
        while (line, node.number) in self.above:
            upper = self.above[line, node.number]
            if upper is None:
                track = self.tracks[node.row - 1][line]
                return [*points, (x, track), (-BESIDE, track)][::-1]
            above = upper.x + upper.outs.get(line, 0)
            if above != x:
                track = self.tracks[upper.row][line]
                points += [(x, track), (above, track)]
            x, node = above, upper
        points.append((x, 0 if node.part == ENTRY else self.start(node) + node.along))
        return points[::-1]
