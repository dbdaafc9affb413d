"""MACs against parameters."""

from itertools import combinations
from xml.dom import minidom

import pytest
from pictures import words_of

from cnncalc import bundled
from cnncalc.plots import scatter
from cnncalc.plots.figures import DOTS, POINTS, use_style
from cnncalc.plots.labels import Box
from cnncalc.plots.scatter import KeyLine, PlottedNetwork, PlottedPoint, draw_scatter, find_points, list_key

HOSTILE = "$\\frac{x$ <b>&amp; --> \x1b[31m =1+1 _{a}$"


def bundled_networks(count):
    rows = bundled.catalogue()[:count]
    return [PlottedNetwork(row["network"], row["family"], int(row["params"]), int(row["macs"])) for row in rows]


def labels_of(drawn):
    """The boxes of the labels as they are drawn, in points."""
    drawn.figure.draw(drawn.figure.canvas.get_renderer())
    shown = {point.label for point in drawn.points} | {str(number) for number in range(1, len(drawn.points) + 1)}
    # The names of a plot with numbers are below it.
    bottom = drawn.axes.get_window_extent().y0
    texts = [text for text in drawn.figure.texts if text.get_text() in shown]
    boxes = [Box(*text.get_window_extent(drawn.figure.canvas.get_renderer()).extents) for text in texts]
    return [Box(*(end * POINTS / DOTS for end in box)) for box in boxes if box.bottom > bottom]


@pytest.mark.parametrize(("count", "has_numbers"), [(25, False), (116, True)])
def test_labels_of_many_networks(count, has_numbers):
    pytest.importorskip("matplotlib")
    points, _ = find_points(bundled_networks(count))
    with use_style():
        drawn = scatter._find_layout(points, [], 1)
        assert bool(drawn.key) == has_numbers
        assert drawn.is_complete
        boxes = labels_of(drawn)
        assert len(boxes) == len(points)
        # The letters of a box are lower than its line.
        cores = [box._replace(bottom=box.bottom + 1.2, top=box.top - 1.2) for box in boxes]
        assert not any(one.meets(other) for one, other in combinations(cores, 2))
        dots = drawn.axes.transData.transform([(point.params, point.macs) for point in drawn.points]) * POINTS / DOTS
        assert not any(box.meets(Box(x, y, x, y).widened(1)) for box in cores for x, y in dots)


def test_the_names_of_all_numbers_are_below_the_plot():
    pytest.importorskip("matplotlib")
    networks = [PlottedNetwork(f"net {number}", f"family {number % 3}", 1000 + number, 10**6) for number in range(70)]
    words = words_of(draw_scatter(networks, "svg").data)
    assert {f"net {number}" for number in range(70)} <= set(words)
    assert {str(number) for number in range(1, 71)} <= set(words)
    assert {"family 0", "family 1", "family 2", "Pareto front"} <= set(words)


def test_numbers_are_listed_by_family():
    points = [
        PlottedPoint("small", "b", 1, 1, ahead=True),
        PlottedPoint("alone", "A", 2, 2, ahead=False),
        PlottedPoint("large", "b", 3, 3, ahead=False),
    ]
    assert list_key(points) == [
        KeyLine("A", 2, "alone"),
        KeyLine("b", None, "b"),
        KeyLine(None, 1, "small"),
        KeyLine(None, 3, "large"),
    ]


def test_a_plot_shows_the_front_and_the_families():
    pytest.importorskip("matplotlib")
    networks = [PlottedNetwork("VGG-16", "VGG", 138, 15_000), PlottedNetwork("ResNet-50", "ResNet", 25, 4000)]
    words = words_of(draw_scatter(networks, "svg", batch=4).data)
    assert {"Pareto front", "VGG", "ResNet", "VGG-16", "ResNet-50", "parameters"} <= set(words)
    assert "MACs for a batch of 4" in words
    # One family needs no legend.
    networks = [one._replace(family="one") for one in networks]
    assert "one" not in words_of(draw_scatter(networks, "svg").data)


def test_equal_points_share_a_label():
    """A plain network has the parameters and MACs of its residual one, whose shortcuts have none (He et al. 2015)."""
    networks = [
        PlottedNetwork("Plain-20", "ResNet", 270, 41),
        PlottedNetwork("VGG-16", "VGG", 138_000, 15_000),
        PlottedNetwork("ResNet-20", "ResNet", 270, 41),
        PlottedNetwork("VGG-16", "VGG", 138_000, 15_000),
    ]
    points, _ = find_points(networks)
    assert [point.label for point in points] == ["Plain-20 / ResNet-20", "VGG-16"]
    assert [point.ahead for point in points] == [True, False]


@pytest.mark.parametrize("count", [1, 70])
def test_the_text_of_a_spec_is_no_mathematics(count):
    pytest.importorskip("matplotlib")
    networks = [PlottedNetwork(f"{number} {HOSTILE}", "_$^{$", 10 + number, 20) for number in range(count)]
    picture = draw_scatter([*networks, PlottedNetwork("LeNet-5", "LeNet", 30, 10)], "svg").data
    minidom.parseString(picture)
    assert b"\x1b" not in picture
    words = words_of(picture)
    assert any("$^{$" in one for one in words)
    assert any(one.startswith("0 $\\frac{x$ <b>&amp;") for one in words)
