"""A column of rows: the parts of a frame by their longest path, with lanes for lines that pass rows.

Positions are across and along the direction of the drawing: for one that runs down, x and y.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnncalc import limits
from cnncalc.drawing.channels import Pins, assign_tracks
from cnncalc.drawing.coordinates import LANE, PLAIN, STRAIGHT, Joint, place_nodes
from cnncalc.drawing.grid import ENTRY, EXIT, LEFT, RIGHT, TITLE, GridItem, GridNode, JoinedPiece, Net
from cnncalc.drawing.ordering import order_rows

# How far outside the column lines at its sides end.
BESIDE = 8
PORTS_APART = 12
LEAST_CHANNEL, BEFORE_TRACKS, AFTER_TRACKS, TRACK = 22, 7, 13, 7

Point = tuple[int, int]


class GridColumn:
    """Rows of parts with positions from 0, and the points of each line from its source to each target."""

    def __init__(
        self, rows: Sequence[Sequence[GridItem]], nets: Sequence[Net], title: tuple[int, int] = (0, 0)
    ) -> None:
        self.nets = {net.line: net for net in nets}
        self.nodes: list[GridNode] = []
        self.by_part: dict[int, GridNode] = {}
        self.rows: list[list[GridNode]] = [[] for _ in range(len(rows) + 2)]
        if title[0]:
            self._add(0, TITLE, GridItem(TITLE, title[0], title[1], {}, {}))
        for number, row in enumerate(rows, 1):
            for item in row:
                self.by_part[item.part] = self._add(number, item.part, item)
        self.entries: dict[int, GridNode] = {}
        self.exits: dict[int, GridNode] = {}
        # The node above each node of a line, None if it comes from the left.
        self.above: dict[tuple[int, int], GridNode | None] = {}
        self.joined: list[list[JoinedPiece]] = [[] for _ in self.rows]
        for net in nets:
            self._join(net)
        if any(len(row) > 1 for row in self.rows):
            order_rows(self.rows, self.joined, len(self.nodes))
        self.priorities = self._rank_joints()
        self._choose_ports()
        self._place()

    def _add(self, row: int, part: int, item: GridItem | None = None) -> GridNode:
        node = GridNode(len(self.nodes), row, part, item)
        self.nodes.append(node)
        node.place = len(self.rows[row])
        self.rows[row].append(node)
        return node

    def _join(self, net: Net) -> None:
        """Connect the nodes of a line row by row."""
        line = net.line
        ends: dict[int, list[GridNode]] = {}
        for target in net.targets:
            if target == RIGHT:
                continue
            if target == EXIT:
                node = self.exits[line] = self._add(len(self.rows) - 1, EXIT)
                node.ins[line] = 0
            else:
                node = self.by_part[target]
            ends.setdefault(node.row, []).append(node)
        at: GridNode | None = None
        if net.source == ENTRY:
            at = self.entries[line] = self._add(0, ENTRY)
            at.outs[line] = 0
        elif net.source != LEFT:
            at = self.by_part[net.source]
        begun = min(ends) - 1 if at is None else at.row
        last = max(ends, default=begun)
        limits.spend(limits.Cost.LANE * (last - begun), "the layout of the drawing")
        if RIGHT in net.targets and last == begun:
            self.joined[begun].append(JoinedPiece(line, at, [], goes_right=True))
        for row in range(begun + 1, last + 1):
            lower = list(ends.get(row, ()))
            if row < last:
                lane = self._add(row, ENTRY)
                lane.is_lane = True
                lane.ins[line] = lane.outs[line] = 0
                lower.append(lane)
            for node in lower:
                self.above[line, node.number] = at
            self.joined[row - 1].append(
                JoinedPiece(line, at, lower, goes_right=RIGHT in net.targets and row == begun + 1)
            )
            if row < last:
                at = lane

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

    def _continue_straight(self, node: GridNode, ends: Sequence[tuple[int, int, int, bool]]) -> bool:
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

    def start(self, node: GridNode) -> int:
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
