"""A picture as a LaTeX document with TikZ, of the size of the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.drawing.picture import COLORS, Canvas, Lettering, Polygon, Polyline, Rectangle, Vertex
from cnncalc.formats.latex import escape

ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}


def write(picture: Canvas, *, is_dark: bool = False) -> Iterator[str]:
    """The lines of a document; text of a spec is escaped."""
    used: dict[str, None] = {"ground": None}
    for cluster in picture.clusters:
        for shape in cluster.shapes:
            if isinstance(shape, Lettering | Polyline):
                used[shape.color] = None
            else:
                used |= {shape.fill: None, shape.edge: None}
    yield "% Compile with pdflatex, or with lualatex for texts in other scripts."
    yield r"\documentclass[border=0pt]{standalone}"
    yield r"\usepackage{tikz}"
    yield r"\usetikzlibrary{arrows.meta}"
    for color in used:
        yield f"\\definecolor{{{_name(color)}}}{{HTML}}{{{COLORS[color][is_dark][1:].upper()}}}"
    yield r"\begin{document}"
    yield (
        r"\begin{tikzpicture}[x=0.75pt, y=-0.75pt, every node/.style={inner sep=0pt, outer sep=0pt}, "
        r"arrow/.style={-{Stealth[length=4pt, width=4pt]}}]"
    )
    yield f"\\fill[{_name('ground')}] (0,0) rectangle ({picture.width},{picture.height});"
    for cluster in picture.clusters:
        for shape in cluster.shapes:
            yield _shape(shape)
    yield r"\end{tikzpicture}"
    yield r"\end{document}"


def _shape(shape: Rectangle | Polyline | Polygon | Lettering) -> str:
    if isinstance(shape, Rectangle):
        dashed = ", dashed" if shape.is_dashed else ""
        right, bottom = shape.left + shape.width, shape.top + shape.height
        style = f"fill={_name(shape.fill)}, draw={_name(shape.edge)}, rounded corners={shape.radius * 3 / 4}pt{dashed}"
        return f"\\path[{style}] ({shape.left},{shape.top}) rectangle ({right},{bottom});"
    if isinstance(shape, Polyline):
        arrow = ", arrow" if shape.has_arrow else ""
        dashed = ", dashed" if shape.is_dashed else ""
        return f"\\draw[{_name(shape.color)}, rounded corners=3pt{arrow}{dashed}] {_points(shape.points)};"
    if isinstance(shape, Polygon):
        shade = "!88!black" if shape.is_shaded else ""
        return f"\\path[fill={_name(shape.fill)}{shade}, draw={_name(shape.edge)}] {_points(shape.points)} -- cycle;"
    points = shape.size * 3 / 4
    font = rf"\sffamily\fontsize{{{points}}}{{{points}}}\selectfont" + (r"\bfseries" if shape.is_bold else "")
    style = f"anchor={ANCHORS[shape.anchor]}, text={_name(shape.color)}, font={font}"
    return f"\\node[{style}] at ({shape.x},{shape.y}) {{{escape(shape.text)}}};"


def _points(points: Sequence[Vertex]) -> str:
    return " -- ".join(f"({x},{y})" for x, y in points)


def _name(color: str) -> str:
    """The name of a color, without signs that TeX reads as its own."""
    return f"cnncalc{color.replace('_', '')}"
