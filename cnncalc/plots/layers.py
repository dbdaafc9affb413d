"""The charts of a network along its depth as a figure for papers."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

from cnncalc.analyses.depth import DepthProfile
from cnncalc.plots.depth import (
    COLORS,
    MOST_COLUMNS,
    MOST_NAMED,
    DepthColumns,
    DepthPanel,
    block_names,
    cut_name,
    depth_panels,
    round_ticks,
)
from cnncalc.plots.figures import FAINT, PAGE, POINTS, Picture, new_figure, save, use_style
from cnncalc.text import integer, plain

# In points: a chart, its title, the names of the blocks above all charts, and the space at the sides.
PANEL, TITLE, NAMES, LEFT, RIGHT = 58.0, 17.0, 10.0, 48.0, 6.0
FONT = 6.5
# The width of a character at most, in sizes of the font.
WIDE = 0.6
# The font of a page's charts is so much larger: `block_names` measures in that.
SCALE = 1.6


def draw_layers(profile: DepthProfile, network: str, form: str, batch: int = 1, element: int = 4) -> Picture:
    """The charts along the depth of a network. Raises ImportError without matplotlib."""
    panels = depth_panels(profile, "en", batch, element)
    count = max(len(profile.layers), 1)
    names = [cut_name(plain(name)) for name in profile.layers] if count <= MOST_NAMED else []
    blocks = [(plain(name), first, last) for name, first, last in profile.blocks]
    with use_style():
        longest = max(map(len, names), default=0) * FONT * WIDE
        is_turned = longest > (PAGE * POINTS - LEFT - RIGHT) / count
        below = (longest + 6 if is_turned else 14.0) if names else 28.0
        above = NAMES if blocks else 0.0
        height = below + len(panels) * (PANEL + TITLE) + above
        texts = [*[panel.title for panel in panels], *names, *[name for name, _, _ in blocks]]
        figure = new_figure(PAGE, height / POINTS, texts)
        width = PAGE * POINTS
        for number, (panel, color) in enumerate(zip(reversed(panels), reversed(COLORS), strict=True)):
            bottom = below + number * (PANEL + TITLE)
            place = LEFT / width, bottom / height, (width - LEFT - RIGHT) / width, PANEL / height
            axes = figure.add_axes(place)
            _draw_panel(axes, panel, color, count)
            for block, (_, first, last) in enumerate(blocks[:MOST_COLUMNS]):
                shade = 0.1 if block % 2 else 0.05
                axes.axvspan(first, last + 1, color="black", alpha=shade, linewidth=0, zorder=0.5)
            if not number:
                _name_layers(axes, names, count, 90 if is_turned else 0)
        for name, first, last in block_names(profile.blocks, (width - LEFT - RIGHT) / count * SCALE):
            middle = LEFT + (first + last + 1) / 2 * (width - LEFT - RIGHT) / count
            figure.text(middle / width, (height - above) / height, name, fontsize=FONT, ha="center", va="bottom")
        return save(figure, form, f"Parameters, MACs, memory and receptive field of {plain(network)} along depth")


def _draw_panel(axes: Any, panel: DepthPanel, color: str, count: int) -> None:
    """Draw a chart, in shares of its largest value: amounts may exceed the floats of matplotlib."""
    spans = list(DepthColumns(count, 0, count).most(panel.values))
    shares = [nan if value is None else value / panel.top for _, _, value in spans]
    edges = [*[left for left, _, _ in spans], float(count)]
    if panel.is_line:
        axes.stairs(shares, edges, baseline=None, color=color, linewidth=1.0, zorder=2)
    else:
        axes.stairs(shares, edges, fill=True, color=color, linewidth=0, zorder=2)
    axes.set(xlim=(0, count), ylim=(0, 1.03))
    axes.set_xticks([])
    axes.grid(visible=False, axis="x")
    axes.set_yticks([tick / panel.top for tick in panel.ticks], [panel.write_tick(tick) for tick in panel.ticks])
    axes.set_title(panel.title, fontsize=7, loc="left", pad=3)
    if panel.reference:
        value, name = panel.reference
        at = value / panel.top
        axes.axhline(at, color=FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1.5)
        side = "bottom" if at < 0.8 else "top"
        axes.text(0.005 * count, at, f"{name} {panel.write(value)}", fontsize=6, va=side, color=FAINT)


def _name_layers(axes: Any, names: Sequence[str], count: int, rotation: int) -> None:
    """The names of few layers below the last chart, or the numbers of many."""
    if names:
        for place, name in enumerate(names):
            axes.text(place + 0.5, -0.04, name, rotation=rotation, ha="center", va="top", fontsize=FONT)
        return
    ticks = [tick for tick in round_ticks(count) if tick]
    axes.set_xticks([tick - 0.5 for tick in ticks], [integer(tick) for tick in ticks])
    axes.set_xlabel("layer")
