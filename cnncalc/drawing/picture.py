"""A picture as a list of shapes and texts, which each format writes in its own way, and its colors."""

from __future__ import annotations

from typing import TypeAlias

from cnncalc.record import Record

Vertex: TypeAlias = tuple[int, int]

# The color of each part of a picture on light and on dark ground.
COLORS = {
    "ground": ("#ffffff", "#12161c"),
    "text": ("#1c2430", "#e6eaf0"),
    "quiet": ("#5c6878", "#9ba7b6"),
    "line": ("#6b7788", "#8f9cad"),
    "frame": ("#f6f8fb", "#181e26"),
    "frame_deep": ("#edf1f6", "#1f2731"),
    "frame_edge": ("#c3ccd8", "#3a4655"),
    "input": ("#33415a", "#c9d3e2"),
    "input_edge": ("#33415a", "#c9d3e2"),
    "input_text": ("#ffffff", "#12161c"),
    "block": ("#ffffff", "#222b36"),
    "block_edge": ("#55647a", "#8090a6"),
    "filter": ("#dce9f7", "#1d3a5a"),
    "filter_edge": ("#4a7db5", "#5b96d2"),
    "dense": ("#e7e0f4", "#392c58"),
    "dense_edge": ("#7c62b3", "#9a83d0"),
    "norm": ("#eef1ee", "#273029"),
    "norm_edge": ("#9aaa9d", "#66796b"),
    "function": ("#fcefd6", "#443719"),
    "function_edge": ("#c99a45", "#b78e44"),
    "pool": ("#dcefe0", "#1e4029"),
    "pool_edge": ("#559a68", "#5fa873"),
    "join": ("#fbe3e0", "#4c2a2a"),
    "join_edge": ("#bf6a60", "#cd7d74"),
    "move": ("#ececf2", "#2c2e3a"),
    "move_edge": ("#8a8da3", "#84879c"),
    "heat0": ("#fbf7ef", "#1d2026"),
    "heat1": ("#fbe9c8", "#3a2a22"),
    "heat2": ("#f8d193", "#5f3a22"),
    "heat3": ("#f2ac66", "#8b4a20"),
    "heat4": ("#e27f4d", "#b9601f"),
    "heat5": ("#c4523f", "#e28a37"),
    "heat6": ("#8f2d3a", "#f8c56b"),
    "heat_edge": ("#8d7f70", "#8a8076"),
    "heat_text": ("#1c2430", "#e6eaf0"),
    "hot_text": ("#ffffff", "#12161c"),
}


class Rectangle(Record):
    """A rectangle with rounded corners."""

    left: int
    top: int
    width: int
    height: int
    radius: int
    fill: str
    edge: str
    is_dashed: bool = False


class Polyline(Record):
    """A line with rounded turns; `has_arrow` ends it in an arrow."""

    points: tuple[Vertex, ...]
    color: str
    has_arrow: bool = True
    is_dashed: bool = False


class Polygon(Record):
    """A filled area with an edge; a shaded one is darker."""

    points: tuple[Vertex, ...]
    fill: str
    edge: str
    is_shaded: bool = False


class Lettering(Record):
    """A text on a baseline; `anchor` is start, middle or end."""

    x: int
    y: int
    text: str
    size: int
    color: str
    is_bold: bool = False
    anchor: str = "middle"


class Cluster(Record):
    """Shapes that belong together, with a title for screen readers; `kind` is frame, box or line."""

    kind: str
    title: str
    description: str
    shapes: tuple[Rectangle | Polyline | Polygon | Lettering, ...]
    name: str = ""


class Canvas(Record):
    """Clusters from the back to the front on a canvas."""

    width: int
    height: int
    title: str
    description: str
    clusters: tuple[Cluster, ...]
    language: str = "en"
