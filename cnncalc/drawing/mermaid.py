"""A scene as a flowchart of Mermaid, which Markdown of GitHub and GitLab shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnncalc.drawing.inscription import Inscription, TextLine
from cnncalc.drawing.picture import COLORS
from cnncalc.drawing.scene import ROOT, Scene
from cnncalc.text import plain

# Signs that act nowhere in a label: letters, digits and spaces, and these between two of them.
HARMLESS = re.compile(r"(?<=[^\W_])[_.,/-](?=[^\W_])|[^\W_]| ")


def write(scene: Scene, words: Inscription, *, rightward: bool = False, is_dark: bool = False) -> Iterator[str]:
    """The lines of a flowchart; text of a spec is written as entities where it could act."""
    yield f"flowchart {'LR' if rightward else 'TB'}"
    yield f"  accTitle: {_safe(scene.network.name)}"
    yield from _parts(scene, words)
    for link in scene.links:
        tensor = scene.tensors[link.tensor]
        label = words.labels.get(link.tensor)
        shown = f'|"{_safe(label)}"|' if label else ""
        yield f"  n{tensor.source} -->{shown} n{link.target}"
    by_look: dict[str, list[str]] = {}
    for number, look in words.looks.items():
        by_look.setdefault(look.fill, []).append(f"n{number}")
        if by_look[look.fill] == [f"n{number}"]:
            colors = [COLORS[color][is_dark] for color in (look.fill, look.edge, look.text)]
            yield f"  classDef {look.fill} fill:{colors[0]},stroke:{colors[1]},color:{colors[2]}"
    for fill, nodes in by_look.items():
        yield f"  class {','.join(nodes)} {fill}"


def _parts(scene: Scene, words: Inscription) -> Iterator[str]:
    open_frames = [ROOT]
    for part in scene.parts[1:]:
        while open_frames[-1] != part.inside:
            open_frames.pop()
            yield f"{'  ' * len(open_frames)}end"
        indent = "  " * len(open_frames)
        if part.is_frame:
            open_frames.append(part.number)
            yield f'{indent}subgraph f{part.number}["{_safe_lines(words.titles[part.number])}"]'
        else:
            left, right = ("([", "])") if part.is_input else ("[", "]")
            yield f'{indent}n{part.number}{left}"{_safe_lines(words.boxes[part.number])}"{right}'
    while len(open_frames) > 1:
        open_frames.pop()
        yield f"{'  ' * len(open_frames)}end"


def _safe_lines(lines: Sequence[TextLine]) -> str:
    return "<br/>".join(_safe(line.text) for line in lines)


def _safe(words: str) -> str:
    """A text with entities for all signs that Mermaid, Markdown or HTML could read as their own."""
    words = plain(words)
    harmless = {match.start() for match in HARMLESS.finditer(words)}
    return "".join(sign if place in harmless else f"#{ord(sign)};" for place, sign in enumerate(words))
