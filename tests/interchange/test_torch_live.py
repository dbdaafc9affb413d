"""PyTorch's own networks through torch.export, held to the bundled ones.

    python -m pytest -m live tests/interchange/test_torch_live.py

Needs torch 2.14.1 with torchvision 0.29.1 and timm 1.0.31.
"""

import csv
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from reference.reading import FIGURES, REFERENCE

from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError
from cnncalc.interchange.graph import to_spec
from cnncalc.interchange.torch import read_module
from cnncalc.network.build import build, load
from cnncalc.network.records import inference_layers
from cnncalc.outline import outline
from cnncalc.spec.decode import decode
from cnncalc.spec.locate import ParsedFile, Place

pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore")]

PUBLISHED = list(csv.DictReader((REFERENCE / "torchvision" / "published.csv").read_text(encoding="utf-8").splitlines()))
CLASSIFIERS = {row["network"]: row["input"] for row in reversed(PUBLISHED)}
# As in tests/architectures/test_published_torchvision.py.
BESIDE = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}
VARIABLES = {name: [("stride_in_3x3", "true")] for name in ("resnet50", "resnet101", "resnet152")}
# Types that differ in how they are written, not in what they are: a 1x1 convolution is a linear layer along the
# channels, and a position embedding an addition of a parameter.
ALIKE = {"linear": "conv", "depthwise_conv": "conv", "bias": "parameter"}


def read(target, **sizes):
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    assert torch is not None
    graph = read_module(target, {key if key != "size" else "": size for key, size in sizes.items()})
    return graph, build(decode((ParsedFile(to_spec(graph), "", target),)))


def weighted(network):
    """The layers with weights: their types, shapes of weights, and figures, without an order."""
    found = Counter()
    for layer in inference_layers(network.layers):
        if layer.weights:
            kind = ALIKE.get(layer.type, layer.type)
            shapes = sorted(tuple(size for size in weight.shape if size != 1) for weight in layer.weights)
            compared = () if kind == "parameter" else tuple(shapes)
            found[kind, compared, layer.params, layer.buffers, layer.macs] += 1
    return found


def figures(network):
    counted = totals(network)
    return counted.params, counted.buffers, counted.macs


@pytest.fixture
def zoo(monkeypatch):
    """A module whose function `network` gives a network."""

    def add(make):
        module = ModuleType("zoo")
        module.network = make
        monkeypatch.setitem(sys.modules, "zoo", module)
        return "zoo:network"

    return add


# Those that the importers are measured by: about as short as the specs by hand, of which some extend another one.
BY_HAND = {
    "resnet50": 55, "densenet121": 59, "mobilenet_v2": 60, "inception_v3": 110, "efficientnet_b0": 77,
    "shufflenet_v2_x1_0": 97, "convnext_tiny": 45,
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_scopes_become_blocks_that_are_as_short_as_by_hand(name):
    graph, network = read(f"torchvision.models:{name}", size=tuple(map(int, CLASSIFIERS[name].split("x"))))
    lines = outline(network, graph.classes, by_scopes=True)
    assert lines is not None
    assert sum(bool(line.strip()) for line in lines) <= 1.5 * BY_HAND[name]


def test_names_of_modules_remain():
    graph, network = read("torchvision.models:resnet50", size=(3, 224, 224))
    lines = outline(network, graph.classes, by_scopes=True)
    names = {layer.name for layer in load(Place("-", "outline", text="\n".join(lines))).layers}
    assert {"conv1.conv", "layer1.0.conv1.conv", "layer4.2.conv3.conv", "fc"} <= names


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_of_torchvision(name):
    sizes = tuple(map(int, CLASSIFIERS[name].split("x")))
    graph, network = read(f"torchvision.models:{name}", size=sizes)
    bundled = load(BESIDE.get(name, name), VARIABLES.get(name, ()), [("", CLASSIFIERS[name])])
    assert figures(network) == figures(bundled)
    assert weighted(network) == weighted(bundled)
    names = {layer.name for layer in graph.layers}
    parts = [layer.name.split(".") for layer in graph.layers]
    assert not names & {".".join(part[:end]) for part in parts for end in range(1, len(part))}


def rows(framework, names=()):
    found = []
    for row in FIGURES:
        folder, _, file = row["layers"].partition("/")
        stem, _, _ = file.removesuffix(".csv").partition("@")
        if folder == framework and "deployed" not in stem and (not names or stem in names):
            found.append(pytest.param(row, stem, id=f"{row['network']}-{file.removesuffix('.csv')}"))
    return found


def hold(row, target):
    settings = [tuple(part.split("=", 1)) for part in row["settings"].split(";") if part]
    bundled = load(row["network"], settings, [("", row["input"])] if row.get("input") else ())
    ((_, sizes),) = bundled.inputs
    _, network = read(target, size=tuple(sizes))
    assert figures(network) == figures(bundled)
    assert weighted(network) == weighted(bundled)


@pytest.mark.parametrize(("row", "name"), rows("timm"))
def test_networks_of_timm(row, name, zoo):
    timm = pytest.importorskip("timm")
    hold(row, zoo(lambda: timm.create_model(name)))


VIDEO = ("r3d_18", "mc3_18", "r2plus1d_18", "s3d")
SEGMENTATION = (
    "fcn_resnet50",
    "fcn_resnet101",
    "deeplabv3_resnet50",
    "deeplabv3_resnet101",
    "deeplabv3_mobilenet_v3_large",
    "lraspp_mobilenet_v3_large",
)


@pytest.mark.parametrize(("row", "name"), rows("torchvision", VIDEO))
def test_networks_of_torchvision_for_videos(row, name):
    hold(row, f"torchvision.models.video:{name}")


@pytest.mark.parametrize(("row", "name"), rows("torchvision", SEGMENTATION))
def test_networks_of_torchvision_for_segmentation(row, name, zoo):
    models = pytest.importorskip("torchvision.models.segmentation")
    hold(row, zoo(lambda: getattr(models, name)(weights_backbone=None)))


TINY = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.fc = nn.Linear(16, 10)

    def forward(self, image):
        print("forward")
        return self.fc(self.features(image).mean((2, 3)))


def needs(classes):
    return Net()


def branches():
    class Branches(Net):
        def forward(self, image):
            return image if image.sum() > 0 else super().forward(image)

    return Branches()


def tokens():
    return nn.Sequential(nn.Embedding(100, 8), nn.Linear(8, 4))


def found():
    class Found(nn.Module):
        def forward(self, x):
            return x[x > 0]

    return Found()


def counted():
    return nn.Sequential(*[nn.Conv2d(3, int(n), 1) for n in torch.arange(4, 5)])


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.depth = nn.Conv2d(3, 4, 1), nn.Conv2d(1, 4, 1)

    def forward(self, image, depth):
        with torch.autocast("cpu", enabled=False):
            return self.image(image) + self.depth(depth)


net = Net()
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A module of the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "tiny_nets", raising=False)
    (tmp_path / "tiny_nets.py").write_text(TINY, encoding="utf-8")
    yield "tiny_nets"
    sys.modules.pop("tiny_nets", None)


@pytest.mark.parametrize("name", ["Net", "net"])
def test_a_module_of_the_current_folder(name, tiny, capsys):
    graph, network = read(f"{tiny}:{name}", size=(3, 8, 8))
    assert [(layer.name, layer.type) for layer in graph.layers] == [
        ("features.0", "conv"),
        ("features.1", "batch_norm"),
        ("features.2", "relu"),
        ("global_avg_pool", "global_avg_pool"),
        ("fc", "linear"),
    ]
    # 3 * 9 * 16 weights, 2 * 16 of the batch norm, and 16 * 10 + 10.
    assert figures(network)[0] == 432 + 32 + 170
    assert graph.classes["features"] == "Sequential"
    assert capsys.readouterr().out == ""


def test_the_page_shows_what_the_command_writes(tmp_path, monkeypatch, run):
    pytest.importorskip("torch")
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8").partition("## PyTorch")[2]
    code, text = (page.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("py", "text"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("tiny.py").write_text(code, encoding="utf-8")
    assert run("import", "--torch", "tiny:net", "--input", "3x32x32").stdout == text
    sys.modules.pop("tiny")


def test_inputs_by_name_and_indices(tiny):
    graph, _ = read(f"{tiny}:Two", image=(3, 8, 8), depth=(1, 8, 8))
    assert list(graph.inputs) == ["image", "depth"]
    graph, network = read(f"{tiny}:tokens", size=(6,))
    assert [layer.type for layer in graph.layers] == ["reshape", "embedding", "linear"]
    assert figures(network)[0] == 800 + 36


def test_a_module_that_needs_numbers_to_be_made(tiny):
    graph, _ = read(f"{tiny}:counted", size=(3, 8, 8))
    assert graph.layers[0].settings["filters"] == 4


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("needs", {"": (3, 8, 8)}, "'tiny_nets:needs' needs classes, but is called without arguments"),
        ("branches", {"": (3, 8, 8)}, "its control flow depends on the numbers of a tensor"),
        ("found", {"": (3, 8, 8)}, "gives a shape that depends on the numbers of a tensor"),
        ("Net", {"": (5, 8, 8)}, "tiny_nets.py:14:1: exporting 'tiny_nets:Net' failed: RuntimeError: Given groups=1"),
        ("Net", {}, "the size of 'image' of 'tiny_nets:Net' is not known; give it, as in --input 3x224x224"),
        ("Two", {"image": (3, 8, 8)}, "the size of 'depth' of 'tiny_nets:Two' is not known"),
        ("Two", {"mask": (3, 8, 8)}, "the forward of 'tiny_nets:Two' has no input 'mask'"),
        ("nothing", {"": (3, 8, 8)}, "'tiny_nets' has no 'nothing'"),
        ("torch", {"": (3, 8, 8)}, "'tiny_nets:torch' is of the type module, not a torch.nn.Module"),
        ("torch.zeros", {"": (3, 8, 8)}, "TypeError"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_said_in_one_sentence(name, sizes, message, tiny):
    pytest.importorskip("torch")
    with pytest.raises(SpecError) as error:
        read_module(f"{tiny}:{name}", sizes)
    (problem,) = error.value.problems
    assert message in str(problem)
