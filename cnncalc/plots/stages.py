"""A plot of the shares of parameters and MACs by stage, one stacked bar per network and quantity."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from cnncalc.analyses.receptive_field import Number
from cnncalc.plots.amounts import approximate
from cnncalc.plots.figures import (
    FAINT,
    INK,
    PAGE,
    POINTS,
    Picture,
    add_caption,
    extent_of,
    new_figure,
    save,
    shorten,
    use_style,
)
from cnncalc.record import Record
from cnncalc.text import exact

# From the finest stage to the coarsest: the color map cividis, which is even in lightness for all readers.
COLOR_MAP = "cividis"
VECTOR_COLOR = "#bbbbbb"
ROW_HEIGHT = 13.0
MOST_BARS = 150
# Strides in the legend: more could not be told apart.
MOST_STRIDES = 12
MOST_IN_ROW = 9
# The smallest share whose percentage is written in its part of a bar.
WRITTEN = 0.06


class StageShare(Record):
    """The exact parameters and MACs of a stage; the stride of vectors is None."""

    stride: Number | None
    params: int
    macs: int


class StagesBar(Record):
    """A network with its stages."""

    label: str
    stages: tuple[StageShare, ...]


def draw_stages(bars: Sequence[StagesBar], form: str, batch: int = 1) -> Picture:
    """A plot with two bars per network, each as long as the other. Raises ImportError without matplotlib."""
    captions = []
    if len(bars) > MOST_BARS:
        captions.append(f"not shown because of limited space: {len(bars) - MOST_BARS} of {len(bars)}")
    with use_style():
        figure = _draw(bars[:MOST_BARS], captions, batch)
        return save(figure, form, f"Parameters and MACs by stage of {len(bars)} networks")


def _draw(bars: Sequence[StagesBar], captions: Sequence[str], batch: int) -> Any:
    names = [shorten(bar.label) for bar in bars]
    height = len(bars) * ROW_HEIGHT + 62 + 9 * len(captions)
    figure = new_figure(PAGE, height / POINTS, names)
    below = add_caption(figure, captions)
    strides = sorted({stage.stride for bar in bars for stage in bar.stages if stage.stride is not None})
    shades = import_module("matplotlib").colormaps[COLOR_MAP]
    colors: dict[Number | None, Any] = {
        stride: shades(1 - number / max(len(strides) - 1, 1)) for number, stride in enumerate(strides)
    }
    colors[None] = VECTOR_COLOR
    top = _add_legend(figure, colors, has_vectors=any(stage.stride is None for bar in bars for stage in bar.stages))
    widest = _widest(figure, names)
    width = PAGE * POINTS
    half = (width - widest - 16 - 12) / 2
    place = {"bottom": (28 + below) / height, "height": 1 - (28 + below + top + 14) / height}
    per = "" if batch == 1 else f", batch of {batch}"
    amounts = (
        [[(stage.stride, stage.params) for stage in bar.stages] for bar in bars],
        [[(stage.stride, stage.macs * batch) for stage in bar.stages] for bar in bars],
    )
    for column, title in enumerate(("parameters", f"MACs{per}")):
        left = widest + 10 + column * (half + 12)
        axes = figure.add_axes((left / width, place["bottom"], (half - 34) / width, place["height"]))
        _draw_bars(axes, amounts[column], colors)
        axes.set_title(title, fontsize=7.5, loc="left", pad=3)
        axes.set_yticks([])
        for row, name in enumerate(names if column == 0 else ()):
            axes.text(-0.012, row, name, ha="right", va="center", fontsize=7)
    return figure


def _widest(figure: Any, names: Sequence[str]) -> float:
    """The width of the longest name, in points."""
    text = figure.text(0, 0, "", fontsize=7)
    widest = 0.0
    for name in names:
        text.set_text(name)
        left, _, right, _ = extent_of(text, figure)
        widest = max(widest, right - left)
    text.remove()
    return widest


def _add_legend(figure: Any, colors: dict[Number | None, Any], *, has_vectors: bool) -> float:
    """Add the legend of the strides above the bars. Returns its height in points."""
    patch = import_module("matplotlib.patches").Patch
    strides = [stride for stride in colors if stride is not None]
    shown = strides if len(strides) <= MOST_STRIDES else [*strides[: MOST_STRIDES - 1], strides[-1]]
    handles = [patch(facecolor=colors[stride], label=f"stride {exact(stride)}"[:24]) for stride in shown]
    if has_vectors:
        handles.append(patch(facecolor=VECTOR_COLOR, label="vector"))
    legend = figure.legend(
        handles=handles, loc="upper left", ncols=min(len(handles), MOST_IN_ROW), borderaxespad=0.3, handlelength=1.0,
        columnspacing=1.2,
    )  # fmt: skip
    _, bottom, _, top = extent_of(legend, figure)
    return top - bottom


def _draw_bars(
    axes: Any, bars: Sequence[Sequence[tuple[Number | None, int]]], colors: dict[Number | None, Any]
) -> None:
    """Draw a bar for each network: the shares of its stages, and their sum."""
    for row, amounts in enumerate(bars):
        whole = sum(amount for _, amount in amounts)
        start = 0
        for stride, amount in amounts if whole else ():
            if not amount:
                continue
            # Ratios of whole numbers stay exact however large they are.
            color, share = colors[stride], amount / whole
            axes.barh(row, share, 0.78, start / whole, color=color, edgecolor="white", linewidth=0.4)
            if share >= WRITTEN:
                middle = start / whole + share / 2
                ink = "white" if _is_dark(color) else INK
                axes.text(middle, row, f"{share:.0%}", ha="center", va="center", fontsize=5.5, color=ink)
            start += amount
        axes.text(1.015, row, approximate(whole), va="center", fontsize=6.5, color=INK if whole else FAINT)
    axes.set(xlim=(0, 1), ylim=(len(bars) - 0.4, -0.6))
    axes.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0", "25", "50", "75", "100 %"))
    axes.grid(visible=False, axis="y")
    axes.tick_params("y", length=0)
    axes.spines["left"].set_visible(False)


def _is_dark(color: Any) -> bool:
    red, green, blue, _ = import_module("matplotlib.colors").to_rgba(color)
    return bool(0.299 * red + 0.587 * green + 0.114 * blue < 0.55)
