"""The counts of conventions layer by layer, against what the tools printed for whole networks."""

import csv
from pathlib import Path

import pytest

from cnncalc.analyses import conventions
from cnncalc.analyses.counting import find_implementation
from cnncalc.analyses.layer_rules import layer_rules
from cnncalc.analyses.reconcile import reconcile
from cnncalc.analyses.recount import Counting
from cnncalc.analyses.tree import nodes_below, tree
from cnncalc.network import build

RECORDED = Path(__file__).parent.parent / "reference" / "conventions" / "tools.csv"
SPECS = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}
SETTINGS = {"resnet50": (("stride_in_3x3", "true"),)}
# The exporter writes the sizes of channel shuffles as operators on shapes, and onnx-tool counts them.
EXPLAINED = {("onnx-tool", "shufflenet_v2_x1_0"): 91}
KEYS = conventions.keys()


def recorded():
    with RECORDED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", sorted({row["network"] for row in recorded()}))
def test_layers_and_blocks_sum_to_what_the_tools_print(name):
    bundled = SPECS.get(name, name)
    network = build.load(bundled, SETTINGS.get(name, ()), ())
    root = tree(network)
    for row in recorded():
        if row["network"] != name:
            continue
        counts = Counting(row["tool"], bundled).recount(network)
        printed = int(row["operations"]) - EXPLAINED.get((row["tool"], name), 0), int(row["params"])
        assert (sum(counts.operations.values()), sum(counts.params.values())) == printed
        assert (counts.total("macs"), counts.total("params")) == printed
        for quantity, total in zip(("macs", "params"), printed, strict=True):
            assert sum(counts.of_nodes(quantity, [node]) or 0 for node in root.children) == total
            blocks = [node for node in nodes_below(root) if node.children and node.layer is None]
            for block in blocks:
                parts = [counts.of_nodes(quantity, [child]) or 0 for child in block.children]
                assert (counts.of_nodes(quantity, [block]) or 0) == sum(parts)


@pytest.mark.parametrize("name", ["vgg11", "inception_v3", "unet", "crnn", "srcnn", "yolov3", "siamese"])
@pytest.mark.parametrize("key", KEYS)
def test_totals_are_those_of_reconcile(name, key):
    network = build.load(name, (), ())
    counts = Counting(key, name).recount(network)
    (found,) = reconcile(network, name, [key]).conventions
    assert (counts.total("macs"), counts.total("params")) == (found.operations, found.params)
    assert set(counts.unknown.values()) == (set(found.unknown) if found.convention.unit else set())


SMALL = """\
input: [3, 8, 8]
layers:
  - {conv: {filters: 4, kernel: 3, bias: false}, name: conv}
  - {batch_norm: {}, name: norm}
  - {batch_norm: {affine: false}, name: plain}
  - {relu: {}, name: relu}
"""


def test_layers_by_hand(spec):
    """A 6x6 output of 4 channels has 144 elements; 27 products each."""
    network = spec(SMALL)

    def counted(key):
        return dict(Counting(key).recount(network).operations)

    assert counted("fvcore") == {"conv": 3888, "norm": 288, "plain": 144, "relu": 0}
    assert counted("thop") == {"conv": 3888, "norm": 576, "plain": 288, "relu": 0}
    assert counted("ptflops") == {"conv": 3888, "norm": 288, "plain": 144, "relu": 288}
    assert counted("torchinfo") == {"conv": 3888, "norm": 8, "plain": 0, "relu": 0}
    assert counted("calflops")["conv"] == 7776
    # 108 weights; a norm has 4 scales and shifts, and moving means and variances, which Keras counts.
    assert dict(Counting("keras").recount(network).params) == {"conv": 108, "norm": 16, "plain": 8, "relu": 0}
    assert Counting("keras").recount(network).operations is None
    assert Counting("darknet").recount(network).params is None


def test_unknown_layers_have_no_count(spec):
    network = spec("input: [3, 8, 8]\nlayers: [{opaque: {output: [4, 8, 8], params: 5, macs: 1000}}, relu]\n")
    counts = Counting("fvcore").recount(network)
    assert dict(counts.unknown) == {"opaque": "opaque"}
    assert dict(counts.operations) == {"relu": 0}
    assert counts.total("macs") is None
    assert counts.of_layers("macs", network.layers) is None
    assert counts.of_layers("macs", network.layers[1:]) == 0
    assert counts.total("params") == 5


def test_a_module_of_the_implementation_counts_with_the_layer_before_it():
    """torchvision averages VGG's 512x7x7 map to 7x7: 25,088 elements, one each for fvcore."""
    network = build.load("vgg11", (), ())
    counts = Counting("fvcore", "vgg11").recount(network)
    assert counts.operations["pool5"] == 25_088
    assert [name for name, _ in counts.added] == ["pool5"]
    assert Counting("fvcore").recount(network).operations["pool5"] == 0


@pytest.mark.parametrize(
    ("layer", "keys", "times", "plain", "operations"),
    [
        ("norm", {"fvcore", "ptflops", "calflops", "deepspeed"}, [2], 1, 288),
        ("plain", {"fvcore", "ptflops", "calflops", "deepspeed"}, [1], None, 144),
        ("relu", {"ptflops"}, [1, 1], None, 288),
        ("conv", {"darknet", "darknet-bflops", "calflops", "deepspeed", "paper-flops"}, [2], None, 7776),
    ],
)
def test_rules_by_hand(layer, keys, times, plain, operations, spec):
    network = spec(SMALL)
    rules = layer_rules(next(one for one in network.layers if one.name == layer), find_implementation(network, ""))
    (rule,) = [rule for rule in rules if {key for key, _ in rule.conventions} == keys]
    assert rule.operations == operations
    assert [term.times for term in rule.terms] == times
    assert {term.plain for term in rule.terms} == {plain}
    assert sorted(key for rule in rules for key, _ in rule.conventions) == sorted(set(KEYS) - {"keras"})


@pytest.mark.parametrize("name", ["vgg11", "mobilenet_v2", "convnext_tiny", "crnn"])
def test_rules_sum_to_the_operations(name):
    """The terms that are shown give the operations that are shown."""
    from cnncalc.analyses.counting import COUNTS

    network = build.load(name, (), ())
    implementation = find_implementation(network, name)
    for layer in {layer.figures: layer for layer in network.layers}.values():
        for rule in layer_rules(layer, implementation):
            if rule.terms is not None:
                amounts = [
                    layer.output_shape.elements if term.added else COUNTS[term.of](layer.figures) for term in rule.terms
                ]
                counted = [amount * term.times for amount, term in zip(amounts, rule.terms, strict=True)]
                assert sum(counted) == rule.operations
