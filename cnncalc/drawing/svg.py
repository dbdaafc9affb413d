"""A picture as SVG: complete in itself, with text as text, and titles for screen readers.

Colors are attributes, so that every program shows them; for the theme `auto` a style replaces them on dark screens. It
applies to this picture only, also within a page that has others.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from html import escape

from cnncalc.drawing.letters import FONTS
from cnncalc.drawing.picture import COLORS, Canvas, Cluster, Lettering, Polygon, Polyline, Rectangle, Vertex
from cnncalc.text import plain

ROUNDING = 5
ARROW = 6
ROLES = {"frame": "graphics-object group", "box": "graphics-symbol img", "line": "graphics-symbol img"}


def write(picture: Canvas, theme: str = "auto", *, is_embedded: bool = False) -> Iterator[str]:
    """The lines of a picture; text of a spec is escaped.

    One that is embedded in a page has its colors from the page's `color_rules`, and the look of lines and letters
    from the page's style, so that it is half as large.
    """
    paint = _Painter(theme, is_embedded=is_embedded)
    width, height = picture.width, picture.height
    fonts = ", ".join(f"'{font}'" if " " in font else font for font in FONTS)
    look = f' font-family="{fonts}, sans-serif" style="max-width: 100%; height: auto"'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cnncalc-{theme}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" lang="{picture.language}" role="graphics-document document" '
        f'aria-label="{_safe(picture.title)}" text-rendering="geometricPrecision"{"" if is_embedded else look}>'
    )
    yield f"<title>{_safe(picture.title)}</title>"
    yield f"<desc>{_safe(picture.description)}</desc>"
    if theme == "auto" and not is_embedded:
        yield f"<style>@media (prefers-color-scheme: dark) {{{' '.join(color_rules(1, *_colors_of(picture)))}}}</style>"
    yield f'<rect width="{width}" height="{height}"{paint.fill("ground")}/>'
    for cluster in picture.clusters:
        yield from paint.cluster(cluster)
    yield "</svg>"


def _colors_of(picture: Canvas) -> tuple[set[str], set[str]]:
    """The colors that fill areas in a picture, and those of its edges and lines."""
    fills, edges = {"ground"}, set()
    for cluster in picture.clusters:
        for shape in cluster.shapes:
            if isinstance(shape, Lettering):
                fills.add(shape.color)
            elif isinstance(shape, Polyline):
                edges.add(shape.color)
                fills.add(shape.color)
            else:
                fills.add(shape.fill)
                edges.add(shape.edge)
    return fills, edges


def color_rules(ground: int, fills: Container[str] = COLORS, edges: Container[str] = COLORS) -> Iterator[str]:
    """The rules of style for colors on light ground (0) or dark ground (1)."""
    for key, colors in COLORS.items():
        if key in fills:
            yield f".cnncalc-auto .f-{key} {{fill: {colors[ground]}}}"
        if key in edges:
            yield f".cnncalc-auto .s-{key} {{stroke: {colors[ground]}}}"


class _Painter:
    """Writes shapes in the colors of a theme."""

    def __init__(self, theme: str, *, is_embedded: bool) -> None:
        self.is_embedded = is_embedded
        self.is_auto = theme == "auto"
        self.ground = int(theme == "dark")

    def fill(self, color: str) -> str:
        shown = "" if self.is_embedded else f' fill="{COLORS[color][self.ground]}"'
        return f' class="f-{color}"{shown}' if self.is_auto else shown

    def both(self, fill: str, edge: str) -> str:
        colors = f' fill="{COLORS[fill][self.ground]}" stroke="{COLORS[edge][self.ground]}"'
        shown = "" if self.is_embedded else colors
        return f' class="f-{fill} s-{edge}"{shown}' if self.is_auto else shown

    def cluster(self, cluster: Cluster) -> Iterator[str]:
        name = f' data-name="{_safe(cluster.name)}"' if cluster.name else ""
        described = f"<desc>{_safe(cluster.description)}</desc>" if cluster.description else ""
        title = f"<title>{_safe(cluster.title)}</title>" if cluster.title else ""
        role = ""
        if cluster.kind in ROLES and not self.is_embedded:
            role = f' role="{ROLES[cluster.kind]}" aria-label="{_safe(cluster.title)}"'
        yield f'<g class="cnncalc-{cluster.kind}"{name}{role}>{title}{described}'
        for shape in cluster.shapes:
            if isinstance(shape, Rectangle):
                yield self.rectangle(shape)
            elif isinstance(shape, Polyline):
                yield from self.polyline(shape)
            elif isinstance(shape, Polygon):
                points = " ".join(f"{x},{y}" for x, y in shape.points)
                yield f'<polygon points="{points}"{self.both(shape.fill, shape.edge)} stroke-linejoin="round"/>'
                if shape.is_shaded:
                    yield f'<polygon points="{points}" fill="#000000" fill-opacity="0.12"/>'
            else:
                yield self.words(shape)
        yield "</g>"

    def rectangle(self, shape: Rectangle) -> str:
        dashed = ' stroke-dasharray="4 3"' if shape.is_dashed else ""
        radius = f' rx="{shape.radius}"' if shape.radius else ""
        return (
            f'<rect x="{shape.left}" y="{shape.top}" width="{shape.width}" height="{shape.height}"{radius}'
            f"{self.both(shape.fill, shape.edge)}{dashed}/>"
        )

    def polyline(self, shape: Polyline) -> Iterator[str]:
        points = list(shape.points)
        if shape.has_arrow:
            end = points[-1]
            points[-1] = _toward(end, points[-2], ARROW - 1)
        look = f' fill="none" stroke="{COLORS[shape.color][self.ground]}" stroke-width="1.2"'
        shown = "" if self.is_embedded else look
        kind = f' class="s-{shape.color}"' if self.is_auto else ""
        dashed = ' stroke-dasharray="4 3"' if shape.is_dashed else ""
        yield f'<path d="{_path(points)}"{kind}{shown}{dashed}/>'
        if shape.has_arrow:
            (x, y), (before, above) = end, shape.points[-2]
            across, along = (y > above) - (y < above), (x > before) - (x < before)
            back, down = x - ARROW * along, y - ARROW * across
            tips = f"{x},{y} {back - 3 * across},{down - 3 * along} {back + 3 * across},{down + 3 * along}"
            yield f'<polygon points="{tips}"{self.fill(shape.color)}/>'

    def words(self, shape: Lettering) -> str:
        if self.is_embedded:
            kinds = [f"f-{shape.color}", *["bold"] * shape.is_bold, *[shape.anchor] * (shape.anchor != "start")]
            look = f'font-size="{shape.size}" class="{" ".join(kinds)}"'
            return f'<text x="{shape.x}" y="{shape.y}" {look}>{_safe(shape.text)}</text>'
        bold = ' font-weight="600"' if shape.is_bold else ""
        anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
        return (
            f'<text x="{shape.x}" y="{shape.y}" font-size="{shape.size}"{bold}{anchor}{self.fill(shape.color)}>'
            f"{_safe(shape.text)}</text>"
        )


def _toward(point: Vertex, other: Vertex, by: int) -> Vertex:
    """A point moved toward another on the same line."""
    (x, y), (to_x, to_y) = point, other
    return (
        x + max(-by, min(by, to_x - x)),
        y + max(-by, min(by, to_y - y)),
    )


def _path(points: list[Vertex]) -> str:
    """A line with rounded turns."""
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for before, at, after in zip(points, points[1:], points[2:]):  # noqa: B905 - each is one shorter
        room = min(_distance(before, at) // 2, _distance(at, after) // 2, ROUNDING)
        (x, y), (to_x, to_y) = _toward(at, before, room), _toward(at, after, room)
        parts.append(f"L{x} {y}Q{at[0]} {at[1]} {to_x} {to_y}")
    parts.append(f"L{points[-1][0]} {points[-1][1]}")
    return "".join(parts)


def _distance(one: Vertex, other: Vertex) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _safe(words: str) -> str:
    return escape(plain(words))
