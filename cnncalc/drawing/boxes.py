"""A scene as a picture of boxes, frames and lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from cnncalc.analyses.totals import totals
from cnncalc.drawing.inscription import DETAIL, HEATS, SIGN, SMALL, Heat, Inscription
from cnncalc.drawing.layout import Area, BoxSize, BoxSizes, Layout, lay_out
from cnncalc.drawing.letters import text_width, wrap_words
from cnncalc.drawing.picture import Canvas, Cluster, Lettering, Polyline, Rectangle, Vertex
from cnncalc.drawing.scene import ROOT, DrawnPart, Scene
from cnncalc.languages import Speaker
from cnncalc.plots.amounts import approximate
from cnncalc.text import plain, several

TITLE = 20
PADDING, MARGIN = 9, 24
# Readers without the usual fonts have wider ones: room for a text, in tenths of its width.
WIDER = 11
LINE, TITLE_LINE = 14, 13
LEAST_WIDTH = 76
JOIN = BoxSize(34, 22)
STACKED = 3
LEAST_PICTURE = 360
# A line that branches off another begins this long before its turn, so that the turn is round.
BEFORE_TURN = 5
# The earlier lines of a tensor that are compared with a further one.
MOST_BRANCHES = 5


def draw_boxes(scene: Scene, words: Inscription, say: Speaker, *, rightward: bool = False) -> Canvas:
    """The picture of a scene with a header, and a legend if there is heat."""
    layout = lay_out(scene, measure(scene, words), rightward=rightward)
    width = max(layout.width, LEAST_PICTURE)
    header, top = draw_header(scene, say, width)
    shift = (MARGIN + (width - layout.width) // 2, top)
    places = layout.places
    frames = [part for part in scene.parts[1:] if part.is_frame]
    clusters = [header]
    clusters += [_frame(part, scene, words, _moved(places[part.number], shift), say) for part in frames]
    clusters += _lines(scene, layout, shift, say)
    clusters += [_box(scene.parts[number], words, _moved(places[number], shift)) for number in words.boxes]
    clusters += _labels(words.labels, layout, shift, rightward=rightward)
    return finish_picture(scene, say, clusters, (width, top + layout.height), words)


def finish_picture(
    scene: Scene, say: Speaker, clusters: list[Cluster], ends: tuple[int, int], words: Inscription
) -> Canvas:
    """The picture of clusters of a width and an end, with a legend if there is heat."""
    outer, bottom = ends[0] + 2 * MARGIN, ends[1] + MARGIN
    if words.heat:
        legend, outer = _legend(words.heat, bottom, outer)
        clusters = [*clusters, legend]
        bottom += 46
    title = say("title", network=plain(scene.network.name))
    return Canvas(outer, bottom, title, _description(scene, say), tuple(clusters), say.language)


def _moved(place: Area, shift: Vertex) -> Area:
    return place._replace(left=place.left + shift[0], top=place.top + shift[1])


def _description(scene: Scene, say: Speaker) -> str:
    boxes = sum(not part.is_frame for part in scene.parts)
    return say("description", boxes=boxes, lines=len(scene.links), totals=_totals(scene, say))


def _totals(scene: Scene, say: Speaker) -> str:
    counted = totals(scene.network)
    return say("totals", params=approximate(counted.params), macs=approximate(counted.macs))


# --- texts and sizes ---------------------------------------------------------------------------------


def measure(scene: Scene, words: Inscription) -> BoxSizes:
    """The sizes of all texts; the boxes of one frame are equally wide."""
    boxes: dict[int, BoxSize] = {}
    widest: dict[int, int] = {}
    for number, lines in words.boxes.items():
        part = scene.parts[number]
        if lines[0].size == SIGN:
            boxes[number] = JOIN
            continue
        width = max(line.width for line in lines) * WIDER // 10 + 2 * PADDING
        stack = 2 * STACKED if part.times > 1 else 0
        boxes[number] = BoxSize(max(width, LEAST_WIDTH) + stack, LINE * len(lines) + 9 + stack)
        widest[part.inside] = max(widest.get(part.inside, 0), boxes[number].width)
    for number, box in boxes.items():
        if box is not JOIN:
            boxes[number] = BoxSize(widest[scene.parts[number].inside], box.height)
    titles = {
        number: BoxSize(max(line.width for line in lines) + 4, TITLE_LINE * len(lines) + 6)
        for number, lines in words.titles.items()
    }
    labels = {
        number: BoxSize(text_width(label, DETAIL) * WIDER // 10 + 6, 15) for number, label in words.labels.items()
    }
    return BoxSizes(boxes, titles, labels)


# --- shapes ----------------------------------------------------------------------------------------------


def draw_header(scene: Scene, say: Speaker, width: int) -> tuple[Cluster, int]:
    """The lines above a drawing, and where the drawing begins."""
    network = scene.network
    lines = [(line, TITLE, "text") for line in wrap_words(plain(network.name), TITLE, width, 2)]
    lines += [(line, SMALL, "quiet") for line in wrap_words(plain(network.source), SMALL, width, 3)]
    lines += [(line, SMALL, "quiet") for line in wrap_words(_totals(scene, say), SMALL, width, 2)]
    shapes = []
    y = MARGIN - 4
    for text, size, color in lines:
        y += size + 5
        shapes.append(Lettering(MARGIN, y - 4, text, size, color, size == TITLE, "start"))
    return Cluster("header", "", "", tuple(shapes)), y + MARGIN


def _frame(part: DrawnPart, scene: Scene, words: Inscription, place: Area, say: Speaker) -> Cluster:
    x, y = place.left, place.top
    depth = 0
    at = part
    while at.inside != ROOT:
        at = scene.parts[at.inside]
        depth += 1
    shapes: list[Rectangle | Lettering] = [
        Rectangle(
            x, y, place.width, place.height, 7, "frame_deep" if depth % 2 else "frame", "frame_edge", part.training_only
        )
    ]
    down = y + 1
    for line in words.titles[part.number]:
        down += TITLE_LINE
        shapes.append(Lettering(x + 8, down, line.text, line.size, "quiet", line.is_bold, "start"))
    title = say("frame", name=part.name, kind=part.kind) if part.kind else part.name
    return Cluster("frame", title, "", tuple(shapes), part.name)


def _lines(scene: Scene, layout: Layout, shift: Vertex, say: Speaker) -> Iterator[Cluster]:
    drawn: dict[int, list[Sequence[Vertex]]] = {}
    pairs = [(scene.tensors[link.tensor], scene.parts[link.target]) for link in scene.links]
    dashed = [target.training_only or scene.parts[tensor.source].training_only for tensor, target in pairs]
    # What is dashed branches off what is not.
    for number in sorted(range(len(pairs)), key=dashed.__getitem__):
        tensor, target = pairs[number]
        route = layout.routes[number]
        earlier = drawn.setdefault(scene.links[number].tensor, [])
        points = tuple([(x + shift[0], y + shift[1]) for x, y in _branch(route, earlier)])
        earlier.append(route)
        title = say("line", source=tensor.name, target=target.name, shape=tensor.shape)
        yield Cluster("line", title, "", (Polyline(points, "line", True, dashed[number]),))


def _branch(route: Sequence[Vertex], earlier: Sequence[Sequence[Vertex]]) -> Sequence[Vertex]:
    """The part of a route that earlier routes of the same tensor do not have, from shortly before its turn."""
    longest = max((_shared_length(route, other) for other in earlier[-MOST_BRANCHES:]), default=0)
    skip = longest - BEFORE_TURN
    for number, (start, end) in enumerate(pairwise(route)):
        length = _distance(start, end)
        if skip < length:
            if skip > 0:
                (x, y), (to_x, to_y) = start, end
                begun = (x + (to_x - x) * skip // length, y + (to_y - y) * skip // length)
                return [begun, *route[number + 1 :]]
            return route[number:]
        skip -= length
    return route


def _shared_length(route: Sequence[Vertex], other: Sequence[Vertex]) -> int:
    """The length that two routes from the same point have in common."""
    total = 0
    for (start, end), (_, other_end) in zip(pairwise(route), pairwise(other)):  # noqa: B905 - one may be shorter
        if end == other_end:
            total += _distance(start, end)
            continue
        if (end[0] > start[0], end[0] < start[0], end[1] > start[1]) == (
            other_end[0] > start[0], other_end[0] < start[0], other_end[1] > start[1],
        ):  # fmt: skip
            total += min(_distance(start, end), _distance(start, other_end))
        break
    return total


def _distance(one: Vertex, other: Vertex) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _box(part: DrawnPart, words: Inscription, place: Area) -> Cluster:
    x, y = place.left, place.top
    lines, look = words.boxes[part.number], words.looks[part.number]
    is_sign = lines[0].size == SIGN
    radius = place.height // 2 if part.is_input or is_sign else 6
    stack = 2 * STACKED if part.times > 1 else 0
    width, height = place.width - stack, place.height - stack
    shapes: list[Rectangle | Lettering] = [
        Rectangle(x + by, y + stack - by, width, height, radius, look.fill, look.edge, part.training_only)
        for by in ((2 * STACKED, STACKED, 0) if stack else (0,))
    ]
    down = y + stack + (height - LINE * len(lines)) // 2
    for line in lines:
        base = y + place.height // 2 + 5 if is_sign else down + LINE - 3
        shapes.append(
            Lettering(
                x + width // 2, base, line.text, line.size, look.text if line.is_bold else look.quiet, line.is_bold
            )
        )
        down += LINE
    return Cluster("box", _box_title(part), "", tuple(shapes), part.name)


def _box_title(part: DrawnPart) -> str:
    words = [part.name]
    if part.kind:
        words.append(part.kind)
    if part.detail:
        words.append(part.detail)
    return several(words)


def _labels(labels: Mapping[int, str], layout: Layout, shift: Vertex, *, rightward: bool) -> Iterator[Cluster]:
    for tensor, label in labels.items():
        x, y = layout.outlets[tensor]
        by = (5, -5) if rightward else (5, 12)
        words = Lettering(x + shift[0] + by[0], y + shift[1] + by[1], label, DETAIL, "quiet", False, "start")
        yield Cluster("label", "", "", (words,))


def _legend(heat: Heat, top: int, width: int) -> tuple[Cluster, int]:
    """The colors with their largest amounts; also the width of the picture that it needs."""
    bounds = [heat.written(bound) for bound in heat.bounds]
    step = max(54, max(text_width(text, DETAIL) for text in bounds) + 8)
    needed = max(width, 2 * MARGIN + step * HEATS)
    shapes: list[Rectangle | Lettering] = [Lettering(MARGIN, top + 2, plain(heat.label), SMALL, "quiet", True, "start")]
    for number, text in enumerate(bounds):
        left = MARGIN + number * step
        shapes.append(Rectangle(left, top + 9, step, 9, 0, f"heat{number}", "heat_edge"))
        shapes.append(Lettering(left + step, top + 30, text, DETAIL, "quiet", False, "end"))
    return Cluster("legend", heat.label, "", tuple(shapes)), needed
