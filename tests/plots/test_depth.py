"""Charts of a network along its depth, for pages and for papers."""

import re
from xml.etree import ElementTree as ET

import pytest
from pictures import SVG, words_of

from cnncalc.analyses.depth import DepthBlock, DepthProfile, depth_profile
from cnncalc.network.build import load
from cnncalc.plots.depth import COLORS, MOST_COLUMNS, block_names, draw_depth, round_ticks
from cnncalc.plots.layers import draw_layers

SPEC = """
name: small
input: [3, 8, 8]
blocks:
  unit:
    - conv: {filters: 4, kernel: 3, padding: 1, bias: false}
    - relu
layers:
  - unit
  - unit
  - global_avg_pool
  - linear: 10
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return depth_profile(load(str(path)))


def profile_of(count, name="layer"):
    numbers = tuple(range(count))
    names = tuple(f"{name}{number}" for number in numbers)
    return DepthProfile(names, numbers, numbers, numbers, numbers, 224, ())


def test_figures_along_depth(small):
    # 4 filters of 3x3x3 or of 3x3x4, and 10 rows of 4 with a bias; 64 positions.
    assert small.params == (108, 0, 144, 0, 0, 50)
    assert small.macs == (108 * 64, 0, 144 * 64, 0, 0, 40)
    # Input and output, or twice the output; relu works in place; 256 and 4; 4 and 10.
    assert small.live == (192 + 256, 256, 512, 256, 260, 14)
    assert small.field == (3, 3, 5, 5, 8, 8)
    assert small.longest == 8
    assert [(block.first, block.last) for block in small.blocks] == [(0, 1), (2, 3)]


def test_charts_of_a_page(small):
    picture = draw_depth(small, "a <b> & $x$")
    root = ET.fromstring(picture)
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text
    assert (
        title
        == root.get("aria-label")
        == ("a <b> & $x$: parameters, MACs, live memory and receptive field along depth")
    )
    words = words_of(picture)
    # 512 elements of 4 bytes are 2 KiB.
    for expected in (
        "Parameters: up to 144, first in unit_2.conv",
        "MACs: up to 9.22 k, first in unit_2.conv",
        "Live memory: up to 2.0 KiB, first in unit_2.conv",
        "Receptive field: up to 8, first in global_avg_pool",
    ):
        assert expected in words
        assert expected in description
    assert {"unit", "unit_2", "linear", "input 8"} <= set(words)


def test_charts_can_be_in_any_page(small):
    """Nothing that a strict policy refuses, or that two pictures in a page could share."""
    for picture in (draw_depth(small, "x"), draw_depth(profile_of(900), "y")):
        assert not re.search(r"\b(id|class|style|href|on\w+|clip-path)=|url\(|<(script|style|image|use|a)\b", picture)
        colors = set(re.findall(r'(?:fill|stroke)="([^"]*)"', picture))
        assert colors == {"currentColor", "none", *COLORS}


def luminance(color):
    """The relative luminance of WCAG 2."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("background", ["#ffffff", "#121212"])
def test_colors_are_visible_on_light_and_dark_pages(color, background):
    low, high = sorted((luminance(color), luminance(background)))
    # WCAG 2.1, 1.4.11: graphical objects need 3.
    assert (high + 0.05) / (low + 0.05) >= 3


def test_charts_in_chinese():
    words = words_of(draw_depth(profile_of(50), "x", "zh"))
    assert {"参数量：最大值 49，首次出现于 layer49", "输入 224", "层"} <= set(words)


def test_charts_are_small():
    picture = draw_depth(depth_profile(load("resnet152")), "ResNet-152")
    assert len(picture.encode()) < 60_000


def test_many_layers_share_columns():
    """50,000 layers have as many columns as 600, each with the most of its layers."""
    picture = draw_depth(profile_of(50_000), "deep")
    bars = [path.get("d") for path in ET.fromstring(picture).iter(f"{SVG}path") if "M64" in path.get("d")]
    assert len(picture.encode()) < 120_000
    assert max(path.count("v-") for path in bars) == MOST_COLUMNS
    assert "Parameters: up to 50 k, first in layer49999" in words_of(picture)


def test_layers_without_figures():
    empty = DepthProfile(("relu",), (0,), (0,), (0,), (None,), 0, ())
    assert {"Parameters", "MACs", "Live memory", "Receptive field"} <= set(words_of(draw_depth(empty, "x")))
    nothing = DepthProfile((), (), (), (), (), 8, ())
    assert "Parameters" in words_of(draw_depth(nothing, "x"))
    if pytest.importorskip("matplotlib"):
        assert "Parameters" in words_of(draw_layers(empty, "x", "svg").data)
        assert "Parameters" in words_of(draw_layers(nothing, "x", "svg").data)


def test_ticks_of_charts():
    assert round_ticks(0) == (0,)
    assert round_ticks(3) == (0, 1, 2, 3)
    assert round_ticks(1507) == (0, 500, 1000, 1500)
    assert round_ticks(24 * 1024 + 512, 1024) == (0, 10 * 1024, 20 * 1024)
    assert round_ticks(10**30)[1] == 5 * 10**29


def test_blocks_with_numbers_share_a_name():
    blocks = [DepthBlock(f"conv4_{number}", 10 * number, 10 * number + 9) for number in range(6)]
    # 7 characters have room in 10 layers of 10 units, not of 4.
    assert [name for name, _, _ in block_names(blocks, 10)] == [f"conv4_{number}" for number in range(6)]
    assert block_names(blocks, 4) == [("conv4_0..conv4_5", 0, 59)]
    assert block_names(blocks, 1) == [("conv4", 0, 59)]
    assert block_names(blocks, 0.1) == []


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_a_plot_of_summary(form, run, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"depth.{form}"
    assert run("summary", "lenet5", "--plot", str(path)).output == run("summary", "lenet5").output
    first = path.read_bytes()
    run("summary", "lenet5", "--plot", str(path))
    assert path.read_bytes() == first
    if form == "svg":
        # LeCun et al. (1998): layer C5 has 48,120 trainable connections.
        assert "Parameters: up to 48.1 k, first in C5" in words_of(first)


def test_a_plot_counts_as_cnncalc_does(run):
    refused = run("summary", "lenet5", "--plot", "a.svg", "--convention", "thop", status=2).output
    assert "--plot does not use --convention; remove one of them" in refused


def test_hostile_names_are_text():
    names = DepthProfile(
        ("</text><script>\x1b[31m$\\frac$",), (1,), (1,), (1,), (1,), 8, (DepthBlock("<b>&\u202e", 0, 0),)
    )
    pictures = [draw_depth(names, "<svg>\x00")]
    if pytest.importorskip("matplotlib"):
        pictures.append(draw_layers(names, "<svg>\x00", "svg").data.decode())
    for picture in pictures:
        assert not {"\x1b", "\x00", "\u202e"} & set(picture)
        assert any("</text><script>" in word for word in words_of(picture))
