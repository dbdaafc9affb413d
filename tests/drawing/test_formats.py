"""The formats of drawings, read as their readers do."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from xml.etree import ElementTree as ET

import pytest

import cnncalc
from cnncalc.drawing.letters import shorten, text_width, wrap_words
from cnncalc.drawing.options import DrawingView
from cnncalc.drawing.view import draw, plot, write_text
from cnncalc.errors import SpecError

SVG = "{http://www.w3.org/2000/svg}"
NETWORKS = cnncalc.networks()[::9]


def text_of(name: str, form: str, **options: object) -> str:
    view = DrawingView()._replace(**options)
    return "\n".join(write_text(cnncalc.load(name).facts, view, form))


@pytest.mark.parametrize("name", NETWORKS)
def test_svg_has_a_titled_box_for_each_part_and_a_line_for_each_edge(name: str) -> None:
    root = ET.fromstring(text_of(name, "svg"))
    groups = [((group.get("class") or "").removeprefix("cnncalc-"), group) for group in root.iter(f"{SVG}g")]
    boxes = [group.get("data-name") for kind, group in groups if kind == "box"]
    assert len(boxes) == len(set(boxes))
    for kind, group in groups:
        if kind in ("box", "frame", "line"):
            title = group.find(f"{SVG}title")
            assert title is not None
            assert title.text
            assert group.get("aria-label") == title.text
    count = re.match(r"(\d+) box.* and (\d+) line", root.findtext(f"{SVG}desc") or "")
    assert count
    assert (len(boxes), sum(kind == "line" for kind, _ in groups)) == tuple(map(int, count.groups()))


def test_svg_needs_nothing_else() -> None:
    """No file, font, script or link is loaded, and the canvas has the size that it states."""
    text = text_of("googlenet", "svg")
    assert not re.search(r"href|url\(|@import|<script|<image|<use|\bon[a-z]+=", text)
    assert re.findall(r"http\S+?(?=\")", text) == ["http://www.w3.org/2000/svg"]
    root = ET.fromstring(text)
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def test_themes() -> None:
    light, dark, auto = (text_of("lenet5", "svg", theme=theme) for theme in ("light", "dark", "auto"))
    assert "<style>" not in light + dark
    assert 'fill="#ffffff"/>' in light.split("\n")[3]
    assert 'fill="#12161c"/>' in dark.split("\n")[3]
    # Without the style, auto is light; each class has a rule.
    rules = set(re.findall(r"\.cnncalc-auto \.([fs]-\w+) ", auto))
    used = {name for names in re.findall(r'class="([fs]-[^"]*)"', auto) for name in names.split()}
    assert used <= rules


def test_shapes_are_written_where_they_change() -> None:
    """LeNet-5: each pooling halves 28x28 and 10x10; activations keep the shape, which is not written again."""
    root = ET.fromstring(text_of("lenet5", "svg"))
    labels = [text.text for group in root.iter(f"{SVG}g") if group.get("class") == "cnncalc-label" for text in group]
    assert [label for label in labels if label and label.startswith("6x")] == ["6x28x28", "6x14x14"]


def test_heat_colors_the_largest_most() -> None:
    """fc6 has 37.8 of the 61.0 million parameters of AlexNet."""
    picture = draw(cnncalc.load("alexnet").facts, DrawingView(heat="params"))
    fills = {cluster.name: cluster.shapes[0].fill for cluster in picture.clusters if cluster.kind == "box"}
    assert fills["fc6"] == "heat6"
    assert {fills[name] for name in ("relu", "pool1", "softmax")} == {"heat0"}
    legend = next(cluster for cluster in picture.clusters if cluster.kind == "legend")
    assert legend.shapes[0].text == "params"
    assert "37.8 M" in [shape.text for shape in legend.shapes if hasattr(shape, "text")]


def test_saved_tensors_as_heat() -> None:
    """The convolution keeps its input of 4 x 8 x 8 x 4 bytes; the opaque layer does not tell, and has no amount."""
    spec = """
input: [4, 8, 8]
layers:
  - conv: [4, 1]
  - opaque: {output: [4, 8, 8], params: 0, macs: 0}
    name: unknown
"""
    picture = draw(cnncalc.loads(spec).facts, DrawingView(heat="saved_for_backward"))
    boxes = {cluster.name: cluster.shapes for cluster in picture.clusters if cluster.kind == "box"}
    assert boxes["conv"][-1].text == "1.0 KiB"
    assert boxes["conv"][0].fill == "heat6"
    assert boxes["unknown"][0].fill == "block"


def test_volumes() -> None:
    """The input, eight layers with weights and three poolings of AlexNet; ReLU and dropout keep the volume."""
    picture = draw(cnncalc.load("alexnet").facts, DrawingView(style="volumes"))
    names = [cluster.name for cluster in picture.clusters if cluster.kind == "box"]
    assert names == [
        "input", "conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8",
    ]  # fmt: skip
    heights = {
        cluster.name: max(y for _, y in front.points) - min(y for _, y in front.points)
        for cluster in picture.clusters
        if cluster.kind == "box"
        for front in cluster.shapes[2:3]
    }
    assert heights["input"] > heights["conv1"] > heights["pool1"] > heights["pool2"] > heights["pool5"]
    assert heights["conv3"] == heights["conv5"]


def test_volumes_of_branches() -> None:
    """Folded, ResNet is a chain; its open blocks are not, and neither is U-Net."""
    assert text_of("resnet50", "svg", style="volumes")
    with pytest.raises(SpecError, match="the style volumes draws chains, but down1 is read by 2 others"):
        text_of("unet", "svg", style="volumes")
    with pytest.raises(SpecError, match="max_pool is read by 2 others"):
        text_of("resnet18", "svg", style="volumes", depth=2)


@pytest.mark.parametrize("name", NETWORKS)
def test_mermaid_and_dot_have_the_same_graph(name: str) -> None:
    dot, mermaid = text_of(name, "dot"), text_of(name, "mermaid")
    lines = sorted(re.findall(r"^ *(n\d+) -> (n\d+)", dot, re.MULTILINE))
    assert lines == sorted(re.findall(r"^ *(n\d+) -->(?:\|[^|]*\|)? (n\d+)$", mermaid, re.MULTILINE))
    nodes = set(re.findall(r"^ *(n\d+) \[", dot, re.MULTILINE))
    assert nodes == set(re.findall(r"^ *(n\d+)(?:\[|\(\[)\"", mermaid, re.MULTILINE))
    assert {node for line in lines for node in line} <= nodes
    assert mermaid.count("subgraph") == dot.count("subgraph") == len(re.findall(r"(?m)^ *end$", mermaid))


@pytest.mark.skipif(not shutil.which("dot"), reason="needs Graphviz")
@pytest.mark.parametrize("name", ["googlenet", "unet", "siamese"])
def test_graphviz_reads_it(name: str) -> None:
    done = subprocess.run(
        ["dot", "-Tplain"], input=text_of(name, "dot", depth=3), capture_output=True, text=True, check=True
    )
    assert not done.stderr
    assert done.stdout.startswith("graph ")


def test_tikz_closes_what_it_opens() -> None:
    text = text_of("unet", "tikz")
    for name in ("document", "tikzpicture"):
        assert text.count(f"\\begin{{{name}}}") == text.count(f"\\end{{{name}}}") == 1
    used = set(re.findall(r"(?:fill|draw|text)=(cnncalc\w+)", text)) | set(re.findall(r"\\draw\[(cnncalc\w+)", text))
    assert used <= set(re.findall(r"\\definecolor\{(\w+)\}", text))


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs the extra `plot`")
@pytest.mark.parametrize(("form", "begin"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_binary_formats(form: str, begin: bytes) -> None:
    assert plot(cnncalc.load("googlenet").facts, DrawingView(), form).data.startswith(begin)


# --- the width of texts ------------------------------------------------------------------------------------


def test_wide_characters_take_a_full_size() -> None:
    assert text_width("卷积", 10) == 20
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert text_width("", 10) == 0


def test_the_estimate_is_that_of_arial() -> None:
    """Widths in the font metrics of Adobe's Helvetica-Bold, in thousandths: 0 is 556, i 278, m 889 and W 944."""
    for letter, width in (("0", 556), ("i", 278), ("m", 889), ("W", 944), ("x", 556), ("r", 389)):
        assert text_width(letter * 10, 100) == width


def test_texts_are_cut_to_their_room() -> None:
    assert shorten("conv", 10, 100) == "conv"
    cut = shorten("a" * 100, 10, 100)
    assert cut.endswith("…")
    assert text_width(cut, 10) <= 100 < text_width("a" + cut, 10)
    assert wrap_words("one two three", 10, 45, 2) == ["one two", "three"]
    assert len(wrap_words("word " * 100, 10, 100, 3)) == 3
