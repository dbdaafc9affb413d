"""Parameters and MACs by stage."""

from fractions import Fraction

import pytest
from pictures import words_of

from cnncalc.plots.stages import StagesBar, StageShare, draw_stages


def test_a_plot_of_stages():
    pytest.importorskip("matplotlib")
    first = StagesBar(
        "first _$", (StageShare(1, 100, 3000), StageShare(Fraction(1, 3), 0, 1000), StageShare(None, 300, 0))
    )
    other = StagesBar("other", (StageShare(1, 0, 0), StageShare(4, 0, 10**40)))
    words = words_of(draw_stages([first, other], "svg", batch=2).data)
    # 100 and 300 of 400 parameters; 3000 and 1000 of 4000 MACs, which are 8000 for the batch.
    assert words.count("25%") == words.count("75%") == 2
    assert {"400", "8 k", "first _$", "other", "parameters", "MACs, batch of 2", "stride 1/3", "stride 4"} <= set(words)
    # A network without parameters has no bar; one with very many MACs has.
    assert {"0", "100%", "vector"} <= set(words)


def test_very_many_bars_and_strides_are_bounded():
    pytest.importorskip("matplotlib")
    bars = [StagesBar(f"net {number}", (StageShare(number + 1, 1, 1),)) for number in range(160)]
    words = words_of(draw_stages(bars, "svg").data)
    assert "not shown because of limited space: 10 of 160" in words
    assert sum(word.startswith("net ") for word in words) == 150
    assert sum(word.startswith("stride ") for word in words) == 12
