"""The feature maps of a chain as volumes, as in the papers of AlexNet and VGG.

The height of a volume follows the rows of the feature map, its depth the columns, and its width the channels; all by
their square roots, so that 1 and 1,000 channels fit in one picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isqrt

from cnncalc import surface
from cnncalc.drawing.boxes import MARGIN, draw_header, finish_picture
from cnncalc.drawing.inscription import DETAIL, Inscription
from cnncalc.drawing.letters import shorten, text_width
from cnncalc.drawing.picture import Canvas, Cluster, Lettering, Polygon, Polyline
from cnncalc.drawing.scene import DrawnPart, Scene
from cnncalc.errors import Problem, SpecError
from cnncalc.languages import Speaker
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import Shape, times
from cnncalc.record import Record
from cnncalc.text import integer, plain, several

# The largest height and the depth of a map, and the largest width, in pixels.
TALLEST, DEEPEST, WIDEST, LEAST = 170, 60, 90, 5
GAP, WIDEST_ROW, WIDEST_LABEL = 26, 1_500, 110
VECTOR = 8
# Layers that change neither shape nor meaning of a feature map are not drawn if its shape stays the same.
DRAWN_ALWAYS = (Role.CONVOLUTION, Role.LINEAR, Role.MATRIX_PRODUCT, None)


class _Volume(Record):
    """A feature map as it is drawn: what computes it, its shape, and its size in pixels."""

    part: DrawnPart
    shape: Shape
    width: int
    height: int
    depth: int
    name: str
    label: str

    @property
    def across(self) -> int:
        texts = text_width(self.name, DETAIL), text_width(self.label, DETAIL)
        return max(self.width + self.depth, *texts) + GAP


def draw_volumes(scene: Scene, words: Inscription, say: Speaker) -> Canvas:
    """The picture of a chain. Raises SpecError for a network with branches."""
    volumes = _volumes(_chain(scene))
    rows = _rows(volumes)
    width = max(sum(volume.across for volume in row) for row in rows)
    header, top = draw_header(scene, say, width)
    clusters = [header]
    y = top
    for row in rows:
        tallest = max(volume.height + volume.depth for volume in row)
        axis = y + 16 + max(volume.depth + volume.height // 2 for volume in row)
        x = MARGIN
        for number, volume in enumerate(row):
            follows = number > 0 or row is not rows[0]
            clusters += _draw(volume, x, axis, words, follows=follows)
            x += volume.across
        y += tallest + 70
    return finish_picture(scene, say, clusters, (width, y), words)


def _chain(scene: Scene) -> list[DrawnPart]:
    """The parts of a scene in their order. Raises SpecError if they are no chain."""
    read = [0] * len(scene.parts)
    reads = [0] * len(scene.parts)
    for link in scene.links:
        read[scene.tensors[link.tensor].source] += 1
        reads[link.target] += 1
    for part in scene.parts[1:]:
        verb, count = ("is read by", read[part.number]) if read[part.number] > 1 else ("reads", reads[part.number])
        if count > 1:
            message = f"the style volumes draws chains, but {plain(part.name)} {verb} {integer(count)} others"
            hint = f"draw it as boxes{surface.advice('--depth 1 folds its blocks')}"
            raise SpecError([Problem(None, message, hint)])
    return [part for part in scene.parts[1:] if not part.is_frame]


def _volumes(chain: Sequence[DrawnPart]) -> list[_Volume]:
    """The feature maps that are drawn."""
    shown: list[tuple[DrawnPart, Shape]] = []
    for part in chain:
        shape = part.output
        assert shape is not None  # noqa: S101 - only frames have none
        is_new = not shown or shape != shown[-1][1] or (part.role in DRAWN_ALWAYS and not part.is_input)
        if is_new and not (shown and part.role is Role.REARRANGEMENT and not shape.spatial):
            shown.append((part, shape))
    tallest = max((max(shape.spatial, default=1) for _, shape in shown), default=1)
    channels = max((shape.channels for _, shape in shown if shape.spatial), default=1)
    longest = max((shape.channels for _, shape in shown if not shape.spatial), default=1)
    volumes = []
    for part, shape in shown:
        stack = f" ×{part.times}" if part.times > 1 else ""
        name = shorten(plain(part.label), DETAIL, WIDEST_LABEL - text_width(stack, DETAIL)) + stack
        if shape.spatial:
            rows, columns = shape.spatial[-2:] if len(shape.spatial) > 1 else (shape.spatial[0], 1)
            width = LEAST + _root(WIDEST - LEAST, shape.channels, channels)
            height = LEAST + _root(TALLEST - LEAST, rows, tallest)
            depth = LEAST + _root(DEEPEST - LEAST, columns, tallest)
        else:
            width, height, depth = VECTOR, 24 + _root(TALLEST - 24, shape.channels, longest), VECTOR // 2
        volumes.append(_Volume(part, shape, width, height, depth, name, shorten(times(shape), DETAIL, WIDEST_LABEL)))
    return volumes


def _root(most: int, number: int, largest: int) -> int:
    """The part of `most` that the root of a number is of that of the largest."""
    return isqrt(most * most * number // largest)


def _rows(volumes: Sequence[_Volume]) -> list[list[_Volume]]:
    """The volumes in rows of at most the widest row."""
    places, at = [], 0
    whole = sum(volume.across for volume in volumes)
    count = -(-whole // WIDEST_ROW)
    for volume in volumes:
        places.append(min(at * count // max(whole, 1), count - 1))
        at += volume.across
    numbered = zip(places, volumes, strict=True)
    return [[volume for _, volume in group] for _, group in groupby(numbered, key=lambda one: one[0])]


def _draw(volume: _Volume, x: int, axis: int, words: Inscription, *, follows: bool) -> list[Cluster]:
    """A volume with its front at `x` and its middle at `axis`, its texts, and the arrow to it."""
    part, look = volume.part, words.looks[volume.part.number]
    left = x + (volume.across - GAP - volume.width - volume.depth) // 2
    right, back = left + volume.width, volume.depth
    top = axis - volume.height // 2
    bottom = top + volume.height
    fill, edge = ("move", "move_edge") if part.is_input else (look.fill, look.edge)
    front = ((left, top), (right, top), (right, bottom), (left, bottom))
    roof = ((left, top), (left + back, top - back), (right + back, top - back), (right, top))
    side = ((right, top), (right + back, top - back), (right + back, bottom - back), (right, bottom))
    middle = (left + right + back) // 2
    base = bottom + 14
    title = several([part.name, part.kind, volume.label])
    shapes: list[Polygon | Lettering] = [
        Polygon(roof, fill, edge),
        Polygon(side, fill, edge, is_shaded=True),
        Polygon(front, fill, edge),
        Lettering(middle, base, volume.name, DETAIL, "text", is_bold=True),
        Lettering(middle, base + 13, volume.label, DETAIL, "quiet"),
    ]
    clusters = [Cluster("box", title, "", tuple(shapes), part.name)]
    if follows:
        start = x - GAP + 6
        end = left - 3
        if end - start > 12:
            clusters.insert(0, Cluster("line", "", "", (Polyline(((start, axis), (end, axis)), "line"),)))
    return clusters
