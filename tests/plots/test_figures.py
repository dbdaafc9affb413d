"""The common style of plots, and amounts at their axes."""

import pytest

from cnncalc.plots import figures
from cnncalc.plots.amounts import approximate, in_units, ticks_between


def test_ticks_are_round():
    assert ticks_between(2.1e6, 2.4e8) == [5 * 10**6, 10**7, 2 * 10**7, 5 * 10**7, 10**8, 2 * 10**8]
    assert ticks_between(3, 2e5) == [10, 100, 1000, 10_000, 100_000]
    assert ticks_between(2.1e6, 2.4e8, widest=100) == [10**7, 10**8]
    assert [in_units(number) for number in (50, 2000, 5 * 10**6, 10**10)] == ["50", "2 k", "5 M", "10 G"]


def test_approximate_amounts_have_three_digits():
    numbers = (0, 999, 1000, 1005, 25_557_032, 999_499, 999_500, 138_357_544, 3_857_973_248, 10**21)
    words = ["0", "999", "1 k", "1.01 k", "25.6 M", "999 k", "1 M", "138 M", "3.86 G", "1,000 E"]
    assert [approximate(number) for number in numbers] == words


def figure_of(text):
    figure = figures.new_figure(2, 1, [text])
    figure.text(0.1, 0.5, text)
    return figure


def test_an_svg_has_texts_and_keeps_characters_without_a_font():
    pytest.importorskip("matplotlib")
    # No font has a character of the private area.
    with figures.use_style():
        picture = figures.save(figure_of("a $x$ \ue123"), "svg", "title")
    assert "a $x$ \ue123</text>" in picture.data.decode()
    assert "'DejaVu Sans', Verdana, sans-serif" in picture.data.decode()
    assert picture.lacking == ""


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_characters_without_a_font_are_reported(form, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(figures, "FALLBACKS", ())
    with figures.use_style():
        figure = figure_of("a 卷积 b")
        picture = figures.save(figure, form, "title")
    assert picture.lacking == "卷积"
    assert figure.texts[0].get_text() == "a \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} b"


def test_a_font_with_the_characters_is_used(monkeypatch):
    pytest.importorskip("matplotlib")
    # Both come with matplotlib, and only STIX has the hook.
    monkeypatch.setattr(figures, "FALLBACKS", ("no such font", "STIXGeneral"))
    hook = "\N{LATIN SMALL LETTER D WITH PALATAL HOOK}"
    assert figures.find_fonts(["plain"]) == (["DejaVu Sans"], "")
    assert figures.find_fonts([f"{hook}\ue123"]) == (["DejaVu Sans", "STIXGeneral"], "\ue123")


def test_a_pdf_has_truetype_fonts():
    pytest.importorskip("matplotlib")
    with figures.use_style():
        picture = figures.save(figure_of("words"), "pdf", "title")
    assert b"/FontFile2" in picture.data
    assert b"/Type3" not in picture.data
