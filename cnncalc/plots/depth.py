"""Charts of a network along its depth, as SVG for a page: parameters, MACs, live memory and receptive field.

The picture needs no style, script, font or identifier, so that several of them can be in one page with a strict policy.
Texts and lines have the color of the page's text, and the background is that of the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from unicodedata import east_asian_width

from cnncalc.analyses.depth import DepthBlock, DepthProfile
from cnncalc.languages import Speaker
from cnncalc.plots.amounts import approximate
from cnncalc.record import Record
from cnncalc.text import integer, plain
from cnncalc.text import size as in_bytes

# Sizes of the picture; of a panel the height, and the heights of the title above it and of the space below it.
WIDTH, LEFT, RIGHT = 720, 64, 8
PANEL, TITLE, BELOW = 72, 18, 14
NAMES = 16
FONT, SMALL = 11, 9.5
# The most columns: of more layers, each column has the most of its layers.
MOST_COLUMNS = 600
# The most layers whose names are written below the charts, and the longest of these names.
MOST_NAMED, LONGEST_NAME = 44, 16
LONGEST_TITLE = 60
# Each has a contrast of at least 3 to white and to almost black.
COLORS = ("#0c7bb8", "#d55e00", "#009473", "#b8699a")
MOST_TICKS = 4


class DepthPanel(Record):
    """A chart: its values in the order of the layers, and how to write one of them.

    Lines connect values that a layer has, bars begin at 0. `ticks` are those of the axis, `reference` is a value for
    comparison with its name.
    """

    title: str
    values: tuple[int | None, ...]
    write: Callable[[int], str]
    ticks: tuple[int, ...]
    is_line: bool = False
    reference: tuple[int, str] | None = None

    def write_tick(self, value: int) -> str:
        """A round value."""
        return self.write(value).replace(".0 ", " ")

    @property
    def top(self) -> int:
        """The value at the upper end of the axis."""
        most = max((value for value in self.values if value is not None), default=0)
        reference = self.reference[0] if self.reference else 0
        return max(most, reference, self.ticks[-1], 1)


def depth_panels(profile: DepthProfile, language: str, batch: int = 1, element: int = 4) -> list[DepthPanel]:
    """The charts of a network; `element` is the bytes of an element of one sample, for the whole batch."""
    say = Speaker(language, "depth")
    layers = [plain(name) for name in profile.layers]
    macs = tuple(macs * batch for macs in profile.macs)
    live = tuple(elements * element for elements in profile.live)
    reference = (profile.longest, say("input")) if profile.longest else None
    panels = []
    for key, values, write, base in (
        ("params", profile.params, approximate, 10),
        ("macs", macs, approximate, 10),
        ("live", live, in_bytes, 1024),
        ("field", profile.field, integer, 10),
    ):
        known = [value for value in values if value is not None]
        most = max(known, default=0)
        title = say(key)
        if most:
            name = layers[values.index(most)]
            name = name if len(name) <= LONGEST_TITLE else f"{name[: LONGEST_TITLE - 1]}…"
            title = say("most", title=title, amount=write(most), layer=name)
        is_field = key == "field"
        ticks = round_ticks(max(most, profile.longest if is_field else 0), base)
        panels.append(DepthPanel(title, tuple(values), write, ticks, is_field, reference if is_field else None))
    return panels


def draw_depth(profile: DepthProfile, network: str, language: str = "en", batch: int = 1, element: int = 4) -> str:
    """The charts of a network as an SVG element, which is as wide as its place in a page."""
    say = Speaker(language, "depth")
    panels = depth_panels(profile, language, batch, element)
    step = TITLE + PANEL + BELOW
    top = NAMES if profile.blocks else 0
    names = _name_height(profile)
    height = top + len(panels) * step + names + 20
    title = say("title", network=plain(network))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_short(height)}" width="100%" role="img"',
        f' aria-label="{_escape(title)}" font-size="{FONT}" fill="currentColor">',
        f"<title>{_escape(title)}</title>",
        f"<desc>{_escape('; '.join(panel.title for panel in panels))}</desc>",
    ]
    columns = DepthColumns(len(profile.layers), LEFT, WIDTH - RIGHT)
    lines += _blocks(profile.blocks, columns, top, top + len(panels) * step - BELOW)
    for number, (panel, color) in enumerate(zip(panels, COLORS, strict=True)):
        lines += _panel(panel, color, columns, top + number * step + TITLE)
    lines += _layer_axis(profile, columns, top + len(panels) * step - BELOW, say("layer"))
    lines.append("</svg>")
    return "\n".join(lines)


def round_ticks(most: int, base: int = 10) -> tuple[int, ...]:
    """From 0 to `most` at most MOST_TICKS + 1 ticks at equal round distances; sizes in bytes if the base is 1024."""
    scale = 1
    while base == 1024 and scale * 1024 <= most:
        scale *= 1024
    power = 1
    while True:
        for factor in (1, 2, 5):
            step = scale * factor * power
            if most <= step * MOST_TICKS:
                return tuple(range(0, most + 1, step)) if most else (0,)
        power *= 10


class DepthColumns:
    """The columns of charts from `left` to `right`: one per layer, or one per several layers if there are many."""

    def __init__(self, layers: int, left: float, right: float) -> None:
        self.layers = layers
        self.left = left
        self.width = (right - left) / max(layers, 1)

    def x(self, layer: float) -> float:
        """The left end of a layer."""
        return self.left + layer * self.width

    def most(self, values: Sequence[int | None]) -> Iterator[tuple[float, float, int | None]]:
        """The left end, the right end and the largest value of each column."""
        count = min(self.layers, MOST_COLUMNS)
        starts = [place * self.layers // count for place in range(count + 1)] if count else []
        for start, end in pairwise(starts):
            known = [value for value in values[start:end] if value is not None]
            yield self.x(start), self.x(end), max(known, default=None)


def _panel(panel: DepthPanel, color: str, columns: DepthColumns, y: float) -> Iterator[str]:
    """A chart below `y`: title, ticks, and bars or a line."""
    base = y + PANEL
    yield f'<text x="{LEFT}" y="{_short(y - 6)}" font-weight="600">{_escape(panel.title)}</text>'
    top = panel.top

    def up(value: int) -> float:
        # A ratio of whole numbers is exact however large they are.
        return base - PANEL * (value / top)

    for tick in panel.ticks:
        opacity = ".15" if tick else ".5"
        yield _across(up(tick), f'stroke-opacity="{opacity}"')
        yield _text(LEFT - 6, up(tick) + 3.5, panel.write_tick(tick), "end")
    if panel.reference:
        value, name = panel.reference
        at = up(value)
        yield _across(at, 'stroke-opacity=".6" stroke-dasharray="4 3"')
        yield _text(LEFT + 4, at - 3 if at > y + 12 else at + 10, f"{name} {panel.write(value)}", "start")
    if panel.is_line:
        yield f'<path fill="none" stroke="{color}" stroke-width="1.8" d="{_line(panel, columns, up)}"/>'
    else:
        yield f'<path fill="{color}" d="{_bars(panel, columns, up, base)}"/>'


def _bars(panel: DepthPanel, columns: DepthColumns, up: Callable[[int], float], base: float) -> str:
    """The bars of values as a path; a positive value is at least visible, and wide bars have gaps."""
    gap = min(columns.width * 0.2, 2.0) if columns.width > 3 else 0.0
    parts = []
    for left, right, value in columns.most(panel.values):
        if value:
            height = max(base - up(value), 0.7)
            wide = max(right - left - gap, 0.8)
            parts.append(f"M{_short(left + gap / 2)} {_short(base)}v-{_short(height)}h{_short(wide)}v{_short(height)}z")
    return "".join(parts)


def _line(panel: DepthPanel, columns: DepthColumns, up: Callable[[int], float]) -> str:
    """The values as a line of steps, interrupted where there is none."""
    parts: list[str] = []
    before: int | None = None
    for left, right, value in columns.most(panel.values):
        if value is not None:
            if before is None:
                parts.append(f"M{_short(left)} {_short(up(value))}")
            elif value != before:
                parts.append(f"V{_short(up(value))}")
            parts.append(f"H{_short(right)}")
        before = value
    # Of several steps to the right, the last is enough.
    return re.sub(r"(?:H[\d.]+)+(H[\d.]+)", r"\1", "".join(parts))


def _blocks(blocks: Sequence[DepthBlock], columns: DepthColumns, top: float, bottom: float) -> Iterator[str]:
    """The blocks as bands behind the charts, and the names that have room above them."""
    for number, block in enumerate(blocks[:MOST_COLUMNS]):
        left, right = columns.x(block.first), columns.x(block.last + 1)
        size = f'width="{_short(max(right - left, 0.3))}" height="{_short(bottom - top)}"'
        title = f"<title>{_escape(cut_name(plain(block.name)))}</title>"
        opacity = ".1" if number % 2 else ".05"
        yield f'<rect x="{_short(left)}" y="{_short(top)}" {size} fill-opacity="{opacity}">{title}</rect>'
    for name, first, last in block_names(blocks, columns.width):
        yield _text((columns.x(first) + columns.x(last + 1)) / 2, NAMES - 5, name, "middle")


def block_names(blocks: Sequence[DepthBlock], width: float) -> list[tuple[str, int, int]]:
    """The names of blocks that have room, with their first and last layer, each of which is `width` wide.

    If some have none, blocks whose names differ in a number at the end share a name: conv4_1..conv4_36.
    """
    named = [(cut_name(plain(block.name)), block.first, block.last) for block in blocks[:MOST_COLUMNS]]

    def has_room(one: tuple[str, int, int]) -> bool:
        return text_width(one[0]) * SMALL / FONT + 4 <= (one[2] + 1 - one[1]) * width

    if all(map(has_room, named)):
        return named
    merged = []
    for stem, group in groupby(named, key=lambda one: re.sub(r"[0-9]+$", "", one[0])):
        run = list(group)
        if len(run) == 1:
            merged += run
            continue
        whole = f"{run[0][0]}..{run[-1][0]}"
        choices = [(name, run[0][1], run[-1][2]) for name in (whole, stem.rstrip("_.-") or whole)]
        merged.append(next(filter(has_room, choices), choices[-1]))
    return list(filter(has_room, merged))


def _name_height(profile: DepthProfile) -> float:
    """The height of the layers' names below the charts; 0 if there are too many."""
    if len(profile.layers) > MOST_NAMED:
        return 0.0
    return max((text_width(cut_name(plain(name))) for name in profile.layers), default=0) * SMALL / FONT - 8


def _layer_axis(profile: DepthProfile, columns: DepthColumns, y: float, words: str) -> Iterator[str]:
    """The names of few layers, or the numbers of many."""
    if len(profile.layers) <= MOST_NAMED:
        for number, name in enumerate(profile.layers):
            x, at = columns.x(number + 0.5) + 3, y + 6
            turn = f'transform="rotate(-90 {_short(x)} {_short(at)})"'
            yield _text(x, at, cut_name(plain(name)), "end", turn)
        return
    for tick in round_ticks(len(profile.layers)):
        if tick:
            yield _text(columns.x(tick - 0.5), y + 13, integer(tick), "middle")
    yield _text(LEFT, y + 13, words, "start")


def _across(y: float, style: str) -> str:
    """A line across a chart."""
    return f'<path d="M{LEFT} {_short(y)}H{WIDTH - RIGHT}" stroke="currentColor" {style}/>'


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    """A small text; `more` are further attributes."""
    attributes = f'text-anchor="{anchor}" font-size="{SMALL}" {more}'.rstrip()
    return f'<text x="{_short(x)}" y="{_short(y)}" {attributes}>{_escape(text)}</text>'


def text_width(text: str) -> float:
    """The width of a text, estimated generously for any font of the page."""
    return sum(FONT if east_asian_width(character) in "WF" else FONT * 0.58 for character in text)


def cut_name(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _short(number: float) -> str:
    """A coordinate with one decimal, if it needs one."""
    return f"{number:.1f}".removesuffix(".0")
