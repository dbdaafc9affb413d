"""`cnncalc draw` as a user runs it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import cnncalc


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("net.svg", "<svg "), ("NET.SVG", "<svg "), ("net.dot", "digraph "), ("net.gv", "digraph "),
        ("net.mermaid", "flowchart "), ("net.mmd", "flowchart "), ("net.tex", "% Compile"), ("net.tikz", "% Compile"),
    ],
)  # fmt: skip
def test_the_suffix_chooses_the_format(name: str, begin: str, run, tmp_path: Path) -> None:
    assert not run("draw", "lenet5", "-o", str(tmp_path / name)).output
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)


def test_standard_output_is_svg(run) -> None:
    ET.fromstring(run("draw", "lenet5").stdout)
    assert run("draw", "lenet5", "-f", "dot").stdout.startswith("digraph ")


def test_a_format_beats_the_suffix(run, tmp_path: Path) -> None:
    run("draw", "lenet5", "-f", "mermaid", "-o", str(tmp_path / "net.md"))
    assert (tmp_path / "net.md").read_text(encoding="utf-8").startswith("flowchart ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lenet5", "-o", "net.jpg"), "-o net.jpg: no format has this suffix; end the name in .svg, .dot"),
        (("lenet5", "-f", "png"), "png is not written to a terminal or pipe; name a file with -o"),
        (("unet", "--style", "volumes"), "down1 is read by 2 others; draw it as boxes; --depth 1 folds its blocks"),
        (("lenet5", "--heat", "depth"), "'depth' is not one of"),
        (("vgg16", "--style", "volumes", "-f", "dot"), "dot has no volumes; remove --style, or draw as svg, tikz, png"),
        (("vgg16", "--style", "volumes", "--direction", "right"), "--style volumes does not use --direction"),
    ],
)
def test_what_cannot_be_drawn(arguments: tuple[str, ...], words: str, run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in " ".join(run("draw", *arguments, status=2).stderr.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(find_spec("matplotlib") is not None, reason="matplotlib is installed")
def test_png_without_matplotlib(run, tmp_path: Path) -> None:
    message = "the format png needs matplotlib, which is not installed; install it with `pip install 'cnncalc[plot]'`"
    assert message in run("draw", "lenet5", "-o", str(tmp_path / "net.png"), status=2).stderr


def test_in_chinese(run) -> None:
    root = ET.fromstring(run("draw", "lenet5", "--language", "zh").stdout)
    assert root.get("lang") == "zh"
    assert root.get("aria-label") == "LeNet-5 的结构图"


def test_overrides_are_drawn(run) -> None:
    assert "3x320x320" in run("draw", "resnet18", "--input", "3x320x320").stdout


def test_a_notebook_shows_the_drawing_above_the_table() -> None:
    html = cnncalc.load("lenet5")._repr_html_()
    assert html.index("<svg ") < html.index("</svg>") < html.index("<table>")
    # Too large for a drawing: the table alone.
    layers = [{"relu": {}}] * 10_001
    large = cnncalc.from_dict({"input": [1, 2, 2], "layers": layers})._repr_html_()
    assert "<svg " not in large
    assert "<table>" in large


def test_from_python() -> None:
    network = cnncalc.load("resnet18")
    assert network.draw(depth=1).count('class="cnncalc-box"') < network.draw(depth=2).count('class="cnncalc-box"')
    with pytest.raises(ValueError, match=r"heat takes one of params, .*, not 'depth'"):
        network.draw(heat="depth")
    with pytest.raises(ValueError, match="depth takes a whole number from 1, or None, not 0"):
        network.draw(depth=0)
