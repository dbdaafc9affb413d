"""A scene as a graph of Graphviz, which places it itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cnncalc.drawing.inscription import Inscription, TextLine
from cnncalc.drawing.letters import FONTS
from cnncalc.drawing.picture import COLORS
from cnncalc.drawing.scene import ROOT, Scene
from cnncalc.text import plain


def write(scene: Scene, words: Inscription, *, rightward: bool = False, is_dark: bool = False) -> Iterator[str]:
    """The lines of a digraph; text of a spec is quoted."""

    def paint(color: str) -> str:
        return f'"{COLORS[color][is_dark]}"'

    font = f'fontname="{FONTS[1]}"'
    yield f"digraph {_quote(scene.network.name)} {{"
    yield f"  rankdir={'LR' if rightward else 'TB'}; bgcolor={paint('ground')}; {font}; fontcolor={paint('quiet')};"
    yield f'  node [shape=box, style="rounded,filled", {font}, fontsize=11, fontcolor={paint("text")}];'
    yield f"  edge [{font}, fontsize=9, color={paint('line')}, fontcolor={paint('quiet')}, arrowsize=0.7];"
    yield from _parts(scene, words, paint)
    for link in scene.links:
        tensor = scene.tensors[link.tensor]
        label = words.labels.get(link.tensor)
        shown = f" [label={_quote(label)}]" if label else ""
        yield f"  n{tensor.source} -> n{link.target}{shown};"
    yield "}"


def _parts(scene: Scene, words: Inscription, paint: Callable[[str], str]) -> Iterator[str]:
    open_frames = [ROOT]
    for part in scene.parts[1:]:
        while open_frames[-1] != part.inside:
            open_frames.pop()
            yield f"{'  ' * len(open_frames)}}}"
        indent = "  " * len(open_frames)
        if part.is_frame:
            open_frames.append(part.number)
            title = words.titles[part.number]
            style = "rounded,filled,dashed" if part.training_only else "rounded,filled"
            yield f"{indent}subgraph cluster_{part.number} {{"
            yield (
                f'{indent}  label={_quote_lines(title)}; style="{style}"; fontsize=10; '
                f"fillcolor={paint('frame')}; color={paint('frame_edge')};"
            )
            continue
        look = words.looks[part.number]
        style = ', style="rounded,filled,dashed"' if part.training_only else ""
        text = words.boxes[part.number]
        yield (
            f"{indent}n{part.number} [label={_quote_lines(text)}, "
            f"fillcolor={paint(look.fill)}, color={paint(look.edge)}, "
            f"fontcolor={paint(look.text)}, tooltip={_quote(part.name)}{style}];"
        )
    while len(open_frames) > 1:
        open_frames.pop()
        yield f"{'  ' * len(open_frames)}}}"


def _quote(words: str) -> str:
    """A text in quotes. Graphviz reads entities and escapes inside."""
    safe = plain(words).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'


def _quote_lines(lines: Sequence[TextLine]) -> str:
    return '"' + "\\n".join(_quote(line.text)[1:-1] for line in lines) + '"'
