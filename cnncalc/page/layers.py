"""The table of layers, and the explanation that each of them opens."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analyses.explanation import NetworkExplainer
from cnncalc.analyses.tree import fold, tree
from cnncalc.formats import html
from cnncalc.formats.json import dumps
from cnncalc.formats.table import Cell, Memory, text
from cnncalc.languages import Speaker
from cnncalc.network.records import LayerGraph
from cnncalc.reports.explain.layer import explain_layer
from cnncalc.reports.explain.wording import ExplanationView
from cnncalc.reports.summary import SummaryView, tree_table
from cnncalc.text import integer

COLUMNS = ("name", "type", "output", "window", "params", "share", "macs", "macs_share", "peak_memory", "field")
# More rows make a page that browsers scroll slowly; explanations are most of its size, counted in characters.
MOST_ROWS = 3_000
MOST_EXPLAINED = 1_500
MOST_EXPLANATION = 1_000_000
MOST_OPEN = 50


def table(network: LayerGraph, batch: int, dtype: str, say: Speaker) -> Iterator[str]:
    """The table of every block and layer; the script sorts, folds and searches it."""
    report, nodes = tree_table(network, SummaryView(COLUMNS, batch=batch, dtype=dtype), MOST_ROWS)
    opened = {row.node.name for row in fold(tree(network), MOST_OPEN)[0] if row.node.children and not row.folded}
    yield f"<h2>{html.safe(say('layers_title'))}</h2>"
    yield '<div class="tools" hidden>'
    yield f'<label>{html.safe(say("search"))} <input type="search"></label>'
    yield f'<button type="button" data-fold="open">{html.safe(say("open_all"))}</button>'
    yield f'<button type="button" data-fold="close">{html.safe(say("close_all"))}</button>'
    found = say("found_rows", shown="{shown}", total="{total}")
    yield f'<output data-text="{html.safe(found)}"></output>'
    yield "</div>"
    yield f'<div class="wide"><table class="layers" aria-label="{html.safe(say("layers_title"))}">'
    aligned = {True: ' class="n"', False: ""}
    heads = [f'<th scope="col"{aligned[one.numeric]}>{html.safe(one.header)}</th>' for one in report.columns]
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
    for line, node in zip(report.lines, nodes, strict=True):
        state = f' data-open="{int(node.name in opened)}"' if node.children else ""
        faint = ' class="faint"' if line.faint else ""
        name = html.safe(text(line.cells[0]))
        first = f'<th scope="row" class="l{line.indent}">{name}</th>'
        cells = map(_cell, line.cells[1:])
        yield f"<tr{faint}{state}>{first}{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
    if len(nodes) == MOST_ROWS:
        yield f"<p>{html.safe(say('more_rows', shown=integer(MOST_ROWS)))}</p>"


def _cell(cell: Cell) -> str:
    """A cell; an amount of memory has its bytes for the script to sort by. Columns of numbers are aligned by style."""
    amount = f' data-amount="{int(cell)}"' if isinstance(cell, Memory) else ""
    return f"<td{amount}>{html.safe(text(cell))}</td>"


def explanations(network: LayerGraph, language: str, dtype: str, say: Speaker) -> Iterator[str]:
    """The explanations of the layers as JSON: the lines that occur, and the numbers of each layer's lines.

    Layers have most of their lines in common, so that this takes a fifth of the space.
    """
    numbers: dict[str, int] = {}
    layers: dict[str, str] = {}
    view = ExplanationView(language, dtype)
    explainer = NetworkExplainer(network)
    length = 0
    for layer in network.layers[:MOST_EXPLAINED]:
        if length > MOST_EXPLANATION:
            break
        document = explain_layer(explainer.explain(layer.name)._replace(rules=()), view)
        lines = list(html.blocks(document, styled=False))
        length += sum(len(line) for line in dict.fromkeys(lines) if line not in numbers)
        layers[layer.name] = _runs([numbers.setdefault(line, len(numbers)) for line in lines])
    if len(layers) < len(network.layers):
        yield f"<p>{html.safe(say('more_explanations', shown=integer(len(layers))))}</p>"
    # Nothing in a script ends it, or begins a comment that would hide its end.
    content = dumps({"lines": list(numbers), "layers": layers}, ascii_only=False)
    content = content.replace("</", "<\\/").replace("<!", "\\u003c!")
    yield f'<script type="application/json" class="explanations">{content}</script>'


def _runs(numbers: list[int]) -> str:
    """Numbers with each run by its first and last one: 3-7 12."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return " ".join("-".join(map(str, run)) for run in runs)
