"""The drawing of a network in each format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cnncalc import limits
from cnncalc.drawing.boxes import draw_boxes
from cnncalc.drawing.inscription import Heat, Inscription, inscribe
from cnncalc.drawing.options import DrawingView
from cnncalc.drawing.picture import Canvas
from cnncalc.drawing.scene import Scene, scene
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import LayerGraph
from cnncalc.plots.amounts import approximate
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.text import BYTES, size

if TYPE_CHECKING:
    from cnncalc.plots.figures import Picture


def draw(network: LayerGraph, view: DrawingView) -> Canvas:
    """The picture of a network. Raises SpecError if it is too large, or no chain for volumes."""
    with limits.counted():
        return _draw(network, view)


def _draw(network: LayerGraph, view: DrawingView) -> Canvas:
    drawn, words, say = _prepare(network, view)
    if view.style == "volumes":
        from cnncalc.drawing.volumes import draw_volumes

        return draw_volumes(drawn, words, say)
    return draw_boxes(drawn, words, say, rightward=view.rightward)


def write_svg(network: LayerGraph, view: DrawingView) -> Iterator[str]:
    """The lines of a drawing in SVG."""
    from cnncalc.drawing import svg

    return svg.write(draw(network, view), view.theme)


def write_text(network: LayerGraph, view: DrawingView, form: str) -> Iterator[str]:
    """The lines of a drawing in a format of TEXTS. Raises SpecError."""
    if form == "svg":
        return write_svg(network, view)
    if form == "tikz":
        from cnncalc.drawing import tikz

        return tikz.write(draw(network, view), is_dark=view.is_dark)
    from cnncalc.drawing import dot, mermaid

    write = dot.write if form == "dot" else mermaid.write
    drawn, words, _ = _prepare(network, view)
    return write(drawn, words, rightward=view.rightward, is_dark=view.is_dark)


def plot(network: LayerGraph, view: DrawingView, form: str) -> Picture:
    """A drawing in a format of BINARIES, which needs matplotlib. Raises SpecError."""
    from cnncalc.drawing import plotted

    return plotted.write(draw(network, view), form, is_dark=view.is_dark)


def _prepare(network: LayerGraph, view: DrawingView) -> tuple[Scene, Inscription, Speaker]:
    say = Speaker(view.language, "draw")
    # Open blocks have branches; folded, many networks are chains.
    depth = 1 if view.style == "volumes" and not view.depth else view.depth
    drawn = scene(network, depth)
    return drawn, inscribe(drawn, say, _heat(drawn, view) if view.heat else None), say


def _heat(drawn: Scene, view: DrawingView) -> Heat:
    """The amounts of a quantity in the boxes; those for which it is unknown have none."""
    quantity = QUANTITIES[view.heat]
    amounts: dict[int, int] = {}
    if quantity.of is None:
        from cnncalc.analyses.memory_quantities import MemoryQuantities

        known = MemoryQuantities(drawn.network, batch=view.batch, dtype_size=DTYPES[view.dtype]).of_layers(view.heat)
        for part in drawn.parts:
            if all(layer.name in known for layer in part.layers):
                amounts[part.number] = sum(known[layer.name] for layer in part.layers)
    else:
        for part in drawn.parts:
            if part.figure is not None:
                amounts[part.number] = quantity.amount(part.figure, view.batch, DTYPES[view.dtype])
    return Heat(quantity.label, amounts, size if quantity.unit == BYTES else approximate)
