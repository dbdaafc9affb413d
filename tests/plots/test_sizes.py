"""MACs over sizes."""

from itertools import pairwise

import pytest
from pictures import words_of

from cnncalc.errors import SpecError
from cnncalc.plots.sizes import SizesLine, draw_sizes, spread


def test_positions_are_spread_around_what_is_wanted():
    assert spread([10, 50], 8, 0, 100) == [10, 50]
    # Two at 50: 4 below and 4 above. Three at the lower end: from 0 on.
    assert spread([50, 50], 8, 0, 100) == [46, 54]
    assert spread([1, 1, 1], 8, 0, 100) == [0, 8, 16]
    assert spread([99, 20, 99], 8, 0, 100) == [92, 20, 100]


def test_too_many_positions_are_evenly_spaced():
    places = spread([5.0] * 20, 8, 0, 100)
    assert all(after - before == pytest.approx(8) for before, after in pairwise(sorted(places)))


def test_a_plot_of_sizes():
    pytest.importorskip("matplotlib")
    lines = [
        SizesLine("small", ((96, 10**6), (128, 2 * 10**6))),
        SizesLine("large $x$", ((128, 10**9),), (96,)),
        SizesLine("none", ((96, 0), (128, 0))),
    ]
    words = words_of(draw_sizes(lines, "svg", batch=2).data)
    assert {"small", "large $x$", "96", "128", "MACs for a batch of 2", "not possible: large $x$ at 96"} <= set(words)
    assert "none" not in words


def test_nothing_to_plot():
    with pytest.raises(SpecError, match="nothing to plot: no network has from 1 to"):
        draw_sizes([SizesLine("none", ((96, 0), (128, 10**31)))], "svg")


def test_very_many_lines_are_bounded():
    pytest.importorskip("matplotlib")
    lines = [SizesLine(f"net {number}", ((96, 10**6 + number),)) for number in range(160)]
    words = words_of(draw_sizes(lines, "svg").data)
    assert "without a line because of limited space: 10 of 160" in words
    assert sum(word.startswith("net ") for word in words) == 150
