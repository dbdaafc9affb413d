"""The common style of plots for papers, and their files: fonts, sizes and colors for a page with two columns.

SVG has texts as texts, and PDF has TrueType fonts, so that both can be searched and edited. All texts are plain: a `$`
in a name begins no formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import Any

from cnncalc.plots.amounts import in_units, ticks_between
from cnncalc.record import Record
from cnncalc.text import plain

# Widths in inches of one column and of the whole page, and the height of the page without its margins.
COLUMN, PAGE, PAGE_HEIGHT = 3.5, 7.16, 9.2
# Dots per inch of a PNG.
DOTS = 300
POINTS = 72
FONT = "DejaVu Sans"
# The fonts of an SVG: the first has the widths that labels were placed with, and the second is as wide.
SVG_FONTS = f"'{FONT}', Verdana, sans-serif"
# Fonts with characters that FONT lacks; the first of them that is installed and has a character draws it.
FALLBACKS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB", "Heiti SC",
    "Microsoft YaHei", "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Noto Sans CJK TC",
    "Noto Sans CJK KR", "Droid Sans Fallback", "Arial Unicode MS", "Noto Sans", "Segoe UI Symbol", "Apple Symbols",
)  # fmt: skip
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Okabe and Ito, "Color Universal Design" (2008), without yellow, which is too light for small marks.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#444444")
MARKERS = ("o", "s", "^", "D", "v", "X", "p", ">")
INK, FAINT, GRID = "#222222", "#666666", "#dddddd"
# Larger amounts are not drawn: they exceed matplotlib's floats and the names of units.
LARGEST = 10**30
LONGEST_LABEL = 40

STYLE = {
    "font.size": 7.5, "axes.labelsize": 7.5, "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 6.5,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5,
    "ytick.major.size": 2.5, "lines.linewidth": 1.0, "grid.linewidth": 0.4, "grid.color": GRID, "axes.grid": True,
    "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": INK,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "legend.frameon": False,
    "legend.labelspacing": 0.35, "legend.handletextpad": 0.4, "legend.handlelength": 1.6, "text.hinting": "none",
    "text.parse_math": False, "svg.fonttype": "none", "svg.hashsalt": "cnncalc", "pdf.fonttype": 42,
}  # fmt: skip


class Picture(Record):
    """A plot as a file; `lacking` are the characters that no installed font has, drawn as replacement characters."""

    data: bytes
    lacking: str


@contextmanager
def use_style() -> Iterator[None]:
    """The style of all plots, whatever the user's own configuration of matplotlib is."""
    import warnings

    matplotlib = import_module("matplotlib")
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def new_figure(width: float, height: float, texts: Iterable[str] = ()) -> Any:
    """A figure of this size in inches, whose fonts have the characters of `texts` if any installed font has them."""
    families, _ = find_fonts(texts)
    import_module("matplotlib").rcParams["font.family"] = families
    figure = import_module("matplotlib.figure").Figure(figsize=(width, height), dpi=DOTS)
    import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    return figure


def find_fonts(texts: Iterable[str]) -> tuple[list[str], str]:
    """The fonts that draw texts, and the characters that none of them has."""
    manager = import_module("matplotlib.font_manager")
    lacking = sorted({character for text in texts for character in text if not character.isascii()})
    families = [FONT]
    lacking = _lacking(manager.findfont(FONT), lacking)
    installed = _installed(manager)
    if lacking and not any(name in installed for name in FALLBACKS):
        _find_new_fonts(manager)
        installed = _installed(manager)
    for name in FALLBACKS:
        if lacking and name in installed and len(left := _lacking(installed[name], lacking)) < len(lacking):
            families.append(name)
            lacking = left
    return families, "".join(lacking)


def _lacking(file: str, characters: Sequence[str]) -> list[str]:
    """The characters that a font has no glyph for."""
    font = import_module("matplotlib.font_manager").get_font(file)
    return [character for character in characters if not font.get_char_index(ord(character))]


def _installed(manager: Any) -> dict[str, str]:
    """The names of fonts, and the files of their upright letters with normal strokes."""
    return {
        font.name: font.fname for font in manager.fontManager.ttflist if font.style == "normal" and font.weight == 400
    }


def _find_new_fonts(manager: Any) -> None:
    """Add the fonts that were installed after matplotlib listed all fonts."""
    from contextlib import suppress

    for file in sorted(set(manager.findSystemFonts()) - {font.fname for font in manager.fontManager.ttflist}):
        # A file may be no font that matplotlib can read.
        with suppress(OSError, RuntimeError):
            manager.fontManager.addfont(file)


def extent_of(artist: Any, figure: Any) -> tuple[float, float, float, float]:
    """The left, bottom, right and top of a part of a figure, in points."""
    box = artist.get_window_extent(figure.canvas.get_renderer())
    left, bottom, right, top = (float(end) * POINTS / DOTS for end in box.extents)
    return left, bottom, right, top


def fit_axes(figure: Any, axes: Any, margins: tuple[float, float, float, float]) -> None:
    """Give axes all space but the margins in points (left, bottom, right, top) and that of their own texts."""
    width, height = (inches * POINTS for inches in figure.get_size_inches())
    axes.set_position((0.0, 0.0, 1.0, 1.0))
    texts = axes.get_tightbbox(figure.canvas.get_renderer())
    left, bottom = margins[0] - texts.x0 * POINTS / DOTS, margins[1] - texts.y0 * POINTS / DOTS
    axes.set_position(
        (left / width, bottom / height, 1 - (left + margins[2]) / width, 1 - (bottom + margins[3]) / height)
    )


def add_caption(figure: Any, words: Sequence[str]) -> float:
    """Add lines of small text at the lower edge, wrapped. Returns their height in points."""
    import textwrap

    width = figure.get_size_inches()[0] * POINTS
    lines = [line for text in words for line in textwrap.wrap(text, int(width / 3.4), max_lines=3, placeholder=" …")]
    if not lines:
        return 0.0
    text = figure.text(4 / width, 0, "\n".join(lines), va="bottom", fontsize=6, color=FAINT, linespacing=1.25)
    text.set_position((4 / width, 3 / (figure.get_size_inches()[1] * POINTS)))
    _, bottom, _, top = extent_of(text, figure)
    return top - bottom + 5


def save(figure: Any, form: str, title: str, dots: int = DOTS) -> Picture:
    """The file of a figure, with a title for readers and programs, in dots per inch."""
    texts = figure.findobj(import_module("matplotlib.text").Text)
    _, lacking = find_fonts(text.get_text() for text in texts)
    if form == "svg":
        # The font of the reader has other characters.
        lacking = ""
    for text in texts if lacking else ():
        text.set_text(text.get_text().translate(dict.fromkeys(map(ord, lacking), REPLACEMENT)))
    metadata = {
        "svg": {"Date": None, "Creator": None, "Title": title},
        "png": {"Software": None, "Title": title},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Title": title},
    }
    file = BytesIO()
    figure.savefig(file, format=form, dpi=dots, metadata=metadata[form])
    data = file.getvalue()
    if form == "svg":
        data = data.replace(f"'{FONT}'".encode(), SVG_FONTS.encode())
    return Picture(data, lacking)


def shorten(name: str, most: int = LONGEST_LABEL) -> str:
    """Untrusted text as one short line."""
    shown = plain(name)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def scale_axis(axis: Any, low: float, high: float) -> None:
    """A logarithmic axis with round ticks in units."""
    ticker = import_module("matplotlib.ticker")
    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, high)})
    is_narrow = axis.axes.figure.get_figwidth() <= COLUMN
    ticks = ticks_between(low, high, 300 if is_narrow else 2000)
    axis.set_major_locator(ticker.FixedLocator([float(tick) for tick in ticks]))
    axis.set_major_formatter(ticker.FixedFormatter([in_units(tick) for tick in ticks]))
    axis.set_minor_locator(ticker.NullLocator())
