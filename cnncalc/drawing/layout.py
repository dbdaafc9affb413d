"""The places of boxes and frames and the routes of lines, from the innermost frames out.

Each frame is a layered graph of what is directly inside it. A line enters a frame at one point and leaves it at one, so
that it can only run in the channels and lanes of each frame, and never through a box. Long frames continue in further
columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt

from cnncalc import limits
from cnncalc.drawing.channels import Pins, assign_tracks
from cnncalc.drawing.column import BEFORE_TRACKS, LEAST_CHANNEL, TRACK, GridColumn, Point
from cnncalc.drawing.grid import BETWEEN_BOXES, ENTRY, EXIT, LEFT, RIGHT, GridItem, Net
from cnncalc.drawing.scene import ROOT, Scene
from cnncalc.record import Record

FRAME_PADDING, FRAME_END = 14, 6
GUTTER = 20
# The position along a gutter from which lines run over the columns.
OVER = -1_000
# A column is continued beside it beyond this length: of the network, and of a frame.
LONGEST_DOWN, LONGEST_RIGHT, LONGEST_FRAME = 880, 1_500, 1_400
# The width of a drawing in tenths of its height, if it runs down or to the right.
RATIO_DOWN, RATIO_RIGHT = 10, 18
# What a further line between two columns weighs, in hundredths of the ratio.
CROSSED = 20
# Columns are made only if the longest is shorter than ten thirteenths of the whole.
WORTHWHILE = 13


class BoxSize(Record):
    """The width and height of a text or box."""

    width: int
    height: int


class BoxSizes(Record):
    """The sizes of boxes by part, of the titles of frames, and of the labels of tensors."""

    boxes: Mapping[int, BoxSize]
    titles: Mapping[int, BoxSize]
    labels: Mapping[int, BoxSize]


class Area(Record):
    """A box or frame on the canvas."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height


class Layout(Record):
    """The places of parts by number, the points of each link, and the end of each tensor's source, for its label."""

    width: int
    height: int
    places: tuple[Area, ...]
    routes: tuple[tuple[Point, ...], ...]
    outlets: Mapping[int, Point]


class _FrameLevel:
    """What is directly inside a frame, in columns, with positions relative to the frame."""

    def __init__(self, part: int) -> None:
        self.part = part
        # For each line, its source and its targets here: parts, ENTRY and EXIT.
        self.sources: dict[int, int] = {}
        self.targets: dict[int, dict[int, int]] = {}
        self.columns: list[GridColumn] = []
        self.origins: list[Point] = []
        self.column_of: dict[int, int] = {}
        # The columns that each line enters from the left, its track in each gutter, and over the columns.
        self.later: dict[int, list[int]] = {}
        self.gutters: list[dict[int, int]] = []
        self.over: dict[int, int] = {}
        # Where the only line that leaves turns back below the columns.
        self.back: Point | None = None
        self.entries: dict[int, int] = {}
        self.exits: dict[int, int] = {}
        self.across = self.along = 0

    def add(self, line: int, source: int, target: int, length: int) -> None:
        """Add a line with the length of the longest path through it."""
        self.sources[line] = source
        targets = self.targets.setdefault(line, {})
        targets[target] = max(targets.get(target, 0), length)

    def arrange(self, items: Sequence[GridItem], title: BoxSize, *, longest: int, ratio: int) -> None:
        """Place the items in rows and columns."""
        rows = self._rank(items)
        groups = self._split(rows, longest, ratio) if rows else [[]]
        for number, group in enumerate(groups):
            for row in group:
                for item in row:
                    self.column_of[item.part] = number
        nets: list[list[Net]] = [[] for _ in groups]
        for line, source in self.sources.items():
            home = self.home(line)
            inner: dict[int, dict[int, int]] = {}
            for target, length in self.targets[line].items():
                column = home if target == EXIT else self.column_of[target]
                inner.setdefault(column, {})[target] = length
                if column != home >= 0:
                    inner.setdefault(home, {})[RIGHT] = length
            for column, targets in inner.items():
                begun = source if column == home or (home < 0 and column == 0) else LEFT
                nets[column].append(Net(line, begun, targets))
                if begun == LEFT:
                    self.later.setdefault(line, []).append(column)
        titled = (title.width, title.height)
        self.columns = [
            GridColumn(group, nets[number], (0, 0) if number else titled) for number, group in enumerate(groups)
        ]
        self._assemble()

    def _split(self, rows: Sequence[list[GridItem]], longest: int, ratio: int) -> list[list[list[GridItem]]]:
        """Rows in columns of about equal length, so that the whole is `ratio` tenths as wide as long.

        Lines between columns, and more so those over a column, count against a number of columns.
        """
        lengths = [max(item.along + item.label_along for item in row) + LEAST_CHANNEL for row in rows]
        widths = [sum(item.across + BETWEEN_BOXES for item in row) for row in rows]
        whole = sum(lengths)
        if whole <= longest:
            return [list(rows)]
        row_of = {item.part: number for number, row in enumerate(rows) for item in row}
        spans = [
            (row_of.get(source, 0), max((row_of[target] for target in self.targets[line] if target >= 0), default=0))
            for line, source in self.sources.items()
        ]
        about = isqrt(whole * ratio // (10 * max(widths)))
        best, least = [(0, len(rows))], 0
        for count in range(max(about - 1, 1), min(about + 3, len(rows)) + 1):
            columns = _columns(lengths, count)
            length = max(sum(lengths[first:last]) for first, last in columns)
            if count > 1 and WORTHWHILE * length > 10 * whole:
                continue
            width = sum(max(widths[first:last]) + 2 * GUTTER for first, last in columns)
            wanted = ratio * length // 10
            column_of = [number for number, (first, last) in enumerate(columns) for _ in range(first, last)]
            crossed = sum(max(column_of[last] - column_of[first], 0) ** 2 for first, last in spans)
            # In hundredths: how many times as wide or as narrow as it should be, and how much room is left over.
            missed = 100 * max(width, wanted) // max(min(width, wanted), 1)
            missed += 100 * len(columns) * length // whole + CROSSED * (crossed - len(columns) + 1)
            if not least or missed < least:
                best, least = columns, missed
        return [list(rows[first:last]) for first, last in best]

    def home(self, line: int) -> int:
        """The column of a line's source, -1 if it comes from outside the frame."""
        source = self.sources[line]
        return -1 if source == ENTRY else self.column_of[source]

    def _rank(self, items: Sequence[GridItem]) -> list[list[GridItem]]:
        """The items in rows, each after all that it reads."""
        order = {item.part: number for number, item in enumerate(items)}
        before: list[list[int]] = [[] for _ in items]
        after: list[list[int]] = [[] for _ in items]
        for line, source in self.sources.items():
            for target in self.targets[line]:
                if source >= 0 and target >= 0:
                    before[order[target]].append(order[source])
                    after[order[source]].append(order[target])
        reads = [False] * len(items)
        for line, targets in self.targets.items():
            for target in targets:
                if target >= 0 and self.sources[line] == ENTRY:
                    reads[order[target]] = True
        rank = [0] * len(items)
        for number in range(len(items)):
            rank[number] = max((rank[one] + 1 for one in before[number]), default=0)
        for number in range(len(items) - 1, -1, -1):
            # What reads nothing here is drawn where it is needed.
            if not before[number] and not reads[number] and after[number]:
                rank[number] = max(min(rank[one] for one in after[number]) - 1, 0)
        rows: list[list[GridItem]] = [[] for _ in range(max(rank, default=-1) + 1)]
        for number, item in enumerate(items):
            rows[rank[number]].append(item)
        return [row for row in rows if row]

    def _assemble(self) -> None:
        """Put the columns beside each other, with a gutter between two for the lines between them."""
        gutters: list[dict[int, Pins]] = [{} for _ in self.columns]
        over: set[int] = set()
        for line, columns in self.later.items():
            home = self.home(line)
            is_over = columns != [home + 1] or home < 0
            if is_over:
                # It runs over the columns between.
                over.add(line)
            for column in columns:
                if column != home + 1 or home < 0:
                    gutters[column - 1][line] = Pins(line, [OVER], [self._side(column, line)])
            if home >= 0:
                ends = [OVER] if is_over else []
                if home + 1 in columns:
                    ends.append(self._side(home + 1, line))
                gutters[home][line] = Pins(line, [self.columns[home].path(line, RIGHT)[-1][1]], ends)
        padding = FRAME_PADDING if self.part != ROOT else 0
        x = padding
        starts = []
        for one, crossing in zip(self.columns, gutters, strict=True):
            starts.append(x)
            x += one.across
            tracks, count = assign_tracks(list(crossing.values()))
            self.gutters.append({line: x + GUTTER + track * TRACK for line, track in tracks.items()})
            x += 2 * GUTTER + max(count - 1, 0) * TRACK
        self.across = x - 2 * GUTTER + padding
        for line, node in self.columns[0].entries.items():
            self.entries[line] = starts[0] + node.x
        pins = []
        for line in over:
            home = self.home(line)
            xs = [self.gutters[column - 1][line] for column in self.later[line] if column != home + 1 or home < 0]
            start = self.gutters[home][line] if home >= 0 else self.entries.setdefault(line, xs[0])
            pins.append(Pins(line, [start], [start, *xs]))
        tracks, count = assign_tracks(pins)
        self.over = {line: BEFORE_TRACKS + track * TRACK for line, track in tracks.items()}
        first = BEFORE_TRACKS + count * TRACK if count else 0
        self.origins = [(start, first) for start in starts]
        for start, one in zip(starts, self.columns, strict=True):
            for line, node in one.exits.items():
                self.exits[line] = start + node.x
        self.along = first + max(column.along for column in self.columns)
        if len(self.columns) > 1 and len(self.entries) == len(self.exits) == 1:
            # The line comes back to where it entered, so that frames in a row do not drift aside.
            ((line, x),) = self.exits.items()
            (self.exits[line],) = self.entries.values()
            self.back = x, self.along + BEFORE_TRACKS
            self.along += 2 * BEFORE_TRACKS
        self.along += FRAME_END if self.part != ROOT else 0

    def _side(self, column: int, line: int) -> int:
        """Where a line enters a column from the left, along the column."""
        target = next(one for one in self.targets[line] if one != EXIT and self.column_of[one] == column)
        return self.columns[column].path(line, target)[0][1]

    def path(self, line: int, target: int) -> list[Point]:
        """The points of a line inside this frame, from its source to a target."""
        home = self.home(line)
        column = home if target == EXIT else self.column_of[target]
        points: list[Point] = []
        if home < 0:
            points = [(self.entries[line], 0)]
            if column == 0:
                return points + self._inside(0, line, target)
        elif home != column:
            points = self._inside(home, line, RIGHT)
        else:
            points = self._inside(home, line, target)
            if target != EXIT:
                return points
            if self.back:
                x, along = self.back
                points += [(x, along), (self.exits[line], along)]
            return [*points, (self.exits[line], self.along)]
        ends = self._inside(column, line, target)
        if home >= 0 and line in self.gutters[home]:
            points.append((self.gutters[home][line], points[-1][1]))
        if home < 0 or column != home + 1:
            last = self.gutters[column - 1][line]
            if points[-1][0] != last:
                points += [(points[-1][0], self.over[line]), (last, self.over[line])]
            points.append((last, ends[0][1]))
        elif line in self.gutters[home]:
            points.append((self.gutters[home][line], ends[0][1]))
        return points + ends

    def _inside(self, column: int, line: int, target: int) -> list[Point]:
        x, along = self.origins[column]
        return [(x + at, along + to) for at, to in self.columns[column].path(line, target)]


def _columns(lengths: Sequence[int], count: int) -> list[tuple[int, int]]:
    """The first row and the end of each column, in the shortest length in which `count` columns hold all rows."""
    low, high = max(lengths), sum(lengths)
    while low < high:
        middle = (low + high) // 2
        if len(_fill(lengths, middle)) <= count:
            high = middle
        else:
            low = middle + 1
    return _fill(lengths, low)


def _fill(lengths: Sequence[int], most: int) -> list[tuple[int, int]]:
    """The first row and the end of each column, if they are filled one after another up to a length."""
    columns, first, total = [], 0, 0
    for number, length in enumerate(lengths):
        if total + length > most and number > first:
            columns.append((first, number))
            first, total = number, 0
        total += length
    return [*columns, (first, len(lengths))]


def lay_out(scene: Scene, measures: BoxSizes, *, rightward: bool = False) -> Layout:
    """Place the parts of a scene. Raises SpecError if that takes too much work."""
    parts, children = scene.parts, scene.children
    levels = {part.number: _FrameLevel(part.number) for part in parts if part.is_frame}
    depth = [0] * len(parts)
    for part in parts[1:]:
        depth[part.number] = depth[part.inside] + 1
    chains = [_lift(scene, levels, depth, number) for number in range(len(scene.links))]
    outs: dict[int, list[int]] = {}
    for number, tensor in enumerate(scene.tensors):
        outs.setdefault(tensor.source, []).append(number)
    items: dict[int, GridItem] = {}
    for part in reversed(parts):
        if part.is_frame:
            level = levels[part.number]
            title = BoxSize(0, 0) if part.number == ROOT else measures.titles[part.number]
            inside = [items[child] for child in children[part.number]]
            longest = LONGEST_FRAME if part.number else LONGEST_RIGHT if rightward else LONGEST_DOWN
            level.arrange(
                inside, BoxSize(0, 0) if rightward else title, longest=longest,
                ratio=100 // RATIO_RIGHT if rightward else RATIO_DOWN,
            )  # fmt: skip
            items[part.number] = _frame_item(level, title, rightward=rightward)
        else:
            items[part.number] = _box_item(part.number, outs.get(part.number, []), measures, rightward=rightward)
    return _Positions(scene, levels, items, measures, rightward=rightward).finish(chains)


def _lift(scene: Scene, levels: Mapping[int, _FrameLevel], depth: Sequence[int], number: int) -> list[tuple[int, int]]:
    """Add a link to each frame that it runs through; the frames with the target in each, in order."""
    link = scene.links[number]
    line, parts = link.tensor, scene.parts
    source, target = scene.tensors[line].source, link.target
    leaving: list[tuple[int, int]] = []
    entering: list[tuple[int, int]] = []
    start, end = source, target
    limits.spend(2 + abs(depth[source] - depth[target]), "the layout of the drawing")
    while parts[start].inside != parts[end].inside:
        if depth[start] >= depth[end]:
            frame = parts[start].inside
            levels[frame].add(line, start, EXIT, link.length)
            leaving.append((frame, EXIT))
            start = frame
        else:
            frame = parts[end].inside
            levels[frame].add(line, ENTRY, end, link.length)
            entering.append((frame, end))
            end = frame
    frame = parts[start].inside
    levels[frame].add(line, start, end, link.length)
    return [*leaving, (frame, end), *entering[::-1]]


def _box_item(part: int, outs: Sequence[int], measures: BoxSizes, *, rightward: bool) -> GridItem:
    size = measures.boxes[part]
    across, along = (size.height, size.width) if rightward else (size.width, size.height)
    labels = [measures.labels.get(tensor, BoxSize(0, 0)) for tensor in outs]
    rooms = [label.height if rightward else label.width for label in labels]
    label_along = max((label.width if rightward else label.height for label in labels), default=0)
    # Each output with its label beside it.
    steps = [max(room + 6, 12) for room in rooms]
    across = max(across, sum(steps[:-1]) + 16)
    offset = -sum(steps[:-1]) // 2
    ports: dict[int, int] = {}
    for tensor, step in zip(outs, steps, strict=True):
        ports[tensor] = offset
        offset += step
    return GridItem(part, across, along, None, ports, offset if outs else 0, label_along)


def _frame_item(level: _FrameLevel, title: BoxSize, *, rightward: bool) -> GridItem:
    """A frame as an item of the one around it; in a drawing to the right its title is above the parts."""
    head = title.height if rightward else 0
    across, along = level.across + head, max(level.along, title.width + FRAME_PADDING if rightward else 0)
    level.along = along
    middle = (across + 1) // 2
    ins = {line: x + head - middle for line, x in level.entries.items()}
    outs = {line: x + head - middle for line, x in level.exits.items()}
    return GridItem(level.part, across, along, ins, outs)


class _Positions:
    """The positions of everything on the canvas, from the network in."""

    def __init__(
        self,
        scene: Scene,
        levels: Mapping[int, _FrameLevel],
        items: Mapping[int, GridItem],
        measures: BoxSizes,
        *,
        rightward: bool,
    ) -> None:
        self.scene = scene
        self.levels = levels
        self.items = items
        self.rightward = rightward
        self.corners: list[Point] = [(0, 0)] * len(scene.parts)
        self.heads = {
            part.number: measures.titles[part.number].height if rightward and part.number != ROOT else 0
            for part in scene.parts
            if part.is_frame
        }
        for part in scene.parts:
            if part.is_frame:
                self._place_children(part.number)

    def _origin(self, frame: int) -> Point:
        """Where the positions of a frame's level begin."""
        across, along = self.corners[frame]
        return across + self.heads[frame], along

    def _place_children(self, frame: int) -> None:
        level = self.levels[frame]
        across, along = self._origin(frame)
        for column, (x, first) in zip(level.columns, level.origins, strict=True):
            for part, center, start in column.places():
                half = (self.items[part].across + 1) // 2
                self.corners[part] = (across + x + center - half, along + first + start)

    def finish(self, chains: Sequence[list[tuple[int, int]]]) -> Layout:
        places = []
        for part, (across, along) in zip(self.scene.parts, self.corners, strict=True):
            item = self.items[part.number]
            corner = Area(across, along, item.across, item.along)
            places.append(Area(along, across, item.along, item.across) if self.rightward else corner)
        routes = []
        for link, chain in zip(self.scene.links, chains, strict=True):
            points: list[Point] = []
            for frame, target in chain:
                across, along = self._origin(frame)
                points += [(across + x, along + y) for x, y in self.levels[frame].path(link.tensor, target)]
            routes.append(tuple(_straighten([self._turn(point) for point in points])))
        outlets = {}
        for number, tensor in enumerate(self.scene.tensors):
            item = self.items[tensor.source]
            across, along = self.corners[tensor.source]
            outlets[number] = self._turn((across + (item.across + 1) // 2 + item.outs[number], along + item.along))
        return Layout(places[ROOT].width, places[ROOT].height, tuple(places), tuple(routes), outlets)

    def _turn(self, point: Point) -> Point:
        return (point[1], point[0]) if self.rightward else point


def _straighten(points: Sequence[Point]) -> list[Point]:
    """The points at which a line turns, and its ends."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept.pop()
        kept.append(point)
    return kept
