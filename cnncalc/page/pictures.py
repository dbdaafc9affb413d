"""The drawing of a network, which opens its blocks beside it, and its charts along depth."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cnncalc.analyses.depth import depth_profile
from cnncalc.analyses.excerpt import Excerpts
from cnncalc.analyses.tree import Node, full_label, height, nodes_below, rows, tree
from cnncalc.drawing import svg
from cnncalc.drawing.options import DrawingView
from cnncalc.drawing.scene import visible_rows
from cnncalc.drawing.view import draw
from cnncalc.errors import SpecError
from cnncalc.formats import html
from cnncalc.formats.json import dumps
from cnncalc.languages import Speaker
from cnncalc.network.records import LayerGraph
from cnncalc.plots.depth import draw_depth

# The most drawings of blocks: equal blocks share one.
MOST_PANES = 150
# A network with fewer boxes is opened further.
FEW_BOXES = 6


def drawing(network: LayerGraph, language: str, say: Speaker) -> Iterator[str]:
    """The drawing with closed blocks, and a hidden one of each kind of block, which the script opens beside it."""
    yield f"<h2>{html.safe(say('drawing'))}</h2>"
    panes = _Panes(network, language)
    try:
        shown = list(panes.write(say))
    except SpecError as error:
        yield f"<p>{html.safe(str(error.problems[0]))}</p>"
        return
    yield '<div class="panes">'
    yield from shown
    yield "</div>"
    yield f"<p><small>{html.safe(say('drawing_note'))}</small></p>"
    opens = dumps(panes.opens, ascii_only=False).replace("</", "<\\/").replace("<!", "\\u003c!")
    yield f'<script type="application/json" class="blocks">{opens}</script>'


class _Panes:
    """The drawings of a network and its blocks.

    `opens` has for each drawing the closed blocks in it by the name of their box: the number of the drawing of their
    inside, and the name of the block. Equal blocks share a drawing.
    """

    def __init__(self, network: LayerGraph, language: str) -> None:
        self.network = network
        self.language = language
        self.excerpts = Excerpts.of(network)
        self.opens: list[dict[str, tuple[int, str]]] = []
        self.root = tree(network)
        self.nodes = {node.name: node for node in nodes_below(self.root)}
        self.numbers: dict[int, int] = {}
        self.waiting = [self.root]

    def write(self, say: Speaker) -> Iterator[str]:
        """The drawings. Raises SpecError if that of the network is too large."""
        for node in self.waiting:
            is_whole = node is self.root
            network = self.network if is_whole else self.excerpts.excerpt(node)
            depth = _overview_depth(self.root) if is_whole else 0
            # The page says above where the network is from.
            picture = draw(network._replace(source=""), DrawingView(depth, language=self.language))
            yield f'<div class="pane" data-pane="{len(self.opens)}"{"" if is_whole else " hidden"}>'
            if not is_whole:
                yield f'<p class="bar"><b></b> <button type="button">{html.safe(say("close"))}</button></p>'
            yield from svg.write(picture, is_embedded=True)
            yield "</div>"
            opened: dict[str, tuple[int, str]] = {}
            for row in visible_rows(network, depth):
                block = self.nodes.get(row.node.name if is_whole else f"{node.name}.{row.node.name}")
                if row.folded and block is not None and (number := self._number(block)):
                    opened[full_label(row)] = (number, row.node.name)
            self.opens.append(opened)

    def _number(self, block: Node) -> int:
        """The number of the drawing of a block; 0 if there are too many."""
        if block.signature not in self.numbers and len(self.waiting) < MOST_PANES:
            self.numbers[block.signature] = len(self.waiting)
            self.waiting.append(block)
        return self.numbers.get(block.signature, 0)


def _overview_depth(root: Node) -> int:
    """The depth with few boxes that still shows how the network is built."""
    for depth in range(1, height(root)):
        if len(list(islice(rows(root, depth), FEW_BOXES))) == FEW_BOXES:
            return depth
    return 0


def charts(network: LayerGraph, language: str, batch: int, element: int, say: Speaker) -> Iterator[str]:
    """The charts along depth; `element` is the bytes of an element, for the whole batch."""
    yield f"<h2>{html.safe(say('charts'))}</h2>"
    yield '<div class="charts">'
    yield draw_depth(depth_profile(network), network.name, language, batch, element)
    yield "</div>"
