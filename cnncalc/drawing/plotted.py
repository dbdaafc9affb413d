"""A picture as PNG or PDF, drawn with matplotlib."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from cnncalc.drawing.picture import COLORS, Canvas, Lettering, Polygon, Polyline, Rectangle
from cnncalc.errors import Problem, SpecError
from cnncalc.plots.figures import Picture, new_figure, save, use_style
from cnncalc.text import integer

# Pixels of the picture in an inch, and the points of a pixel.
DOTS, POINT = 96, 0.75
# Dots per inch of a PNG, and the most pixels that it may have: each takes four bytes several times over.
PNG_DOTS, MOST_PIXELS = 192, 60_000_000
# The longest side that matplotlib draws.
LONGEST_SIDE = 2**16 - 1
ARROW = 6
# The font of plots is wider than the fonts that texts are measured for.
NARROWED = 0.86
ANCHORS = {"start": "left", "middle": "center", "end": "right"}


def write(picture: Canvas, form: str, *, is_dark: bool = False) -> Picture:
    """The file of a picture. Raises SpecError if matplotlib is missing, or the picture is too large for PNG."""
    if find_spec("matplotlib") is None:
        hint = "install it with `pip install 'cnncalc[plot]'`, or draw as svg"
        raise SpecError([Problem(None, f"the format {form} needs matplotlib, which is not installed", hint)])
    width, height = (side * PNG_DOTS // DOTS for side in (picture.width, picture.height))
    if form == "png" and (width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE):
        message = f"the drawing has {integer(width)} x {integer(height)} pixels, which is too large for png"
        raise SpecError([Problem(None, message, "draw as svg or pdf, or open fewer blocks")])
    shapes = [shape for cluster in picture.clusters for shape in cluster.shapes]
    with use_style():
        texts = [shape.text for shape in shapes if isinstance(shape, Lettering)]
        figure = new_figure(picture.width / DOTS, picture.height / DOTS, texts)
        painter = _FigurePainter(figure, picture, is_dark=is_dark)
        for shape in shapes:
            painter.draw(shape)
        return save(figure, form, picture.title, PNG_DOTS)


class _FigurePainter:
    """Draws shapes on a figure of matplotlib, whose type is unknown where it is not installed."""

    def __init__(self, figure: Any, picture: Canvas, *, is_dark: bool) -> None:
        self.ground = int(is_dark)
        self.axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        figure.set_facecolor(self.color("ground"))
        self.axes.set_xlim(0, picture.width)
        self.axes.set_ylim(picture.height, 0)
        self.patches: Any = import_module("matplotlib.patches")
        self.lines: Any = import_module("matplotlib.lines")

    def color(self, key: str) -> str:
        return COLORS[key][self.ground]

    def draw(self, shape: Rectangle | Polyline | Polygon | Lettering) -> None:
        if isinstance(shape, Lettering):
            self.words(shape)
        elif isinstance(shape, Polyline):
            self.polyline(shape)
        elif isinstance(shape, Polygon):
            style = {"facecolor": self.color(shape.fill), "edgecolor": self.color(shape.edge), "linewidth": POINT}
            self.axes.add_patch(self.patches.Polygon(shape.points, closed=True, **style))
            if shape.is_shaded:
                self.axes.add_patch(
                    self.patches.Polygon(shape.points, closed=True, facecolor="#000000", alpha=0.12, linewidth=0)
                )
        else:
            style = {"facecolor": self.color(shape.fill), "edgecolor": self.color(shape.edge), "linewidth": POINT}
            box = self.patches.FancyBboxPatch(
                (shape.left, shape.top), shape.width, shape.height, linestyle="--" if shape.is_dashed else "-",
                boxstyle=f"round,pad=0,rounding_size={min(shape.radius, shape.height // 2)}", **style,
            )  # fmt: skip
            self.axes.add_patch(box)

    def polyline(self, shape: Polyline) -> None:
        (x, y), (before, above) = shape.points[-1], shape.points[-2]
        across, along = (y > above) - (y < above), (x > before) - (x < before)
        color = self.color(shape.color)
        ends = [*shape.points[:-1], (x - along * (ARROW - 1), y - across * (ARROW - 1))]
        self.axes.add_line(
            self.lines.Line2D(
                *zip(*ends, strict=True),
                color=color,
                linewidth=1.2 * POINT,
                solid_joinstyle="round",
                linestyle="--" if shape.is_dashed else "-",
            )
        )
        back, down = x - ARROW * along, y - ARROW * across
        tips = [(x, y), (back - 3 * across, down - 3 * along), (back + 3 * across, down + 3 * along)]
        self.axes.add_patch(self.patches.Polygon(tips, closed=True, facecolor=color, linewidth=0))

    def words(self, shape: Lettering) -> None:
        self.axes.text(
            shape.x, shape.y, shape.text, fontsize=shape.size * POINT * NARROWED,
            color=self.color(shape.color), fontweight="bold" if shape.is_bold else "normal",
            horizontalalignment=ANCHORS[shape.anchor], verticalalignment="baseline",
        )  # fmt: skip
