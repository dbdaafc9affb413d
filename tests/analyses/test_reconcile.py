"""Conventions of other tools against what the tools printed (tests/reference/record_conventions.py)."""

import csv
from pathlib import Path

import pytest

from cnncalc import layers
from cnncalc.analyses import conventions
from cnncalc.analyses.conventions import implementations
from cnncalc.analyses.conventions.contract import Convention
from cnncalc.analyses.reconcile import match_claim, read_claim, reconcile
from cnncalc.layers.contract import Role
from cnncalc.network import build

RECORDED = Path(__file__).parent.parent / "reference" / "conventions" / "tools.csv"
SPECS = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}
KEYS = conventions.keys()
# torchvision's ResNet has the stride in the 3x3 convolutions.
SETTINGS = {"resnet50": (("stride_in_3x3", "true"),)}
# The exporter writes the sizes of channel shuffles as operators on shapes, and onnx-tool counts them.
EXPLAINED = {("onnx-tool", "shufflenet_v2_x1_0"): 91}


def recorded():
    with RECORDED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def load(network):
    return build.load(SPECS.get(network, network), SETTINGS.get(network, ()), ())


def of(text, **options):
    return {each.key: each for each in reconcile(text, **options).conventions}


@pytest.mark.parametrize("network", sorted({row["network"] for row in recorded()}))
def test_every_tool_prints_what_its_convention_gives(network):
    found = of(load(network), bundled=SPECS.get(network, network))
    rows = [row for row in recorded() if row["network"] == network]
    assert len(rows) >= 7
    for row in rows:
        convention = found[row["tool"]]
        extra = EXPLAINED.get((row["tool"], network), 0)
        assert (convention.operations + extra, convention.params) == (int(row["operations"]), int(row["params"])), row
        assert convention.convention.tested


def test_tools_on_resnet50():
    """The figures that users report: fvcore, torchinfo, ptflops, thop and calflops of ResNet-50."""
    found = of(load("resnet50"), bundled="resnet50")
    figures = {key: found[key].operations for key in ("fvcore", "torchinfo", "ptflops", "thop", "calflops")}
    assert figures == {
        "fvcore": 4_111_512_576,
        "torchinfo": 4_089_238_376,
        "ptflops": 4_132_436_968,
        "thop": 4_133_742_592,
        "calflops": 8_211_108_352,
    }


def printed_by_timm():
    with (RECORDED.parent / "timm.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", printed_by_timm(), ids=lambda row: row["network"])
def test_fvcore_as_timm_prints_it(row):
    """timm's GMACs are fvcore's figures. Its gates average by `mean`, which fvcore does not count."""
    settings = tuple(tuple(pair.split("=")) for pair in row["settings"].split(";") if pair)
    network = build.load(row["network"], settings, (("", f"3x{row['size']}x{row['size']}"),))
    pools = [layer for layer in network.layers if layer.figures.type.role is Role.GLOBAL_POOL]
    uncounted = sum(layer.input_shapes[0].elements for layer in pools[:-1]) if row["gates"] == "mean" else 0
    counted = of(network, bundled=row["network"])["fvcore"]
    assert f"{(counted.operations - uncounted) / 1e9:.2f}" == f"{float(row['gmacs']):.2f}"


@pytest.mark.parametrize("name", ["resnet50", "convnext_tiny", "vgg16", "yolov3", "fcn_resnet50", "srcnn", "unet"])
def test_items_sum_to_the_differences(name):
    found = reconcile(build.load(name, (), ()), bundled=name)
    for each in found.conventions:
        if each.operations is not None:
            assert found.macs + sum(item.amount for item in each.items) == each.operations
        if each.params is not None:
            assert found.params + sum(item.amount for item in each.param_items) == each.params
        assert all(item.amount and item.layers for item in (*each.items, *each.param_items))


def test_equal_layers_count_as_often_as_they_occur(spec):
    one = of(spec("input: [3, 8, 8]\nlayers: [{conv: {filters: 4, kernel: 3}}, relu, relu]\n"))
    # 36 outputs of 4 channels: 2 activations of 144 elements, by the module and by the function.
    items = {item.item: item for item in one["ptflops"].items}
    assert (items["activations"].amount, items["activations"].layers) == (288, 2)
    assert items["counted_twice"].amount == 288
    # 27 products per output, a bias each.
    assert items["biases"].amount == 144
    assert one["ptflops"].operations == 144 * 27 + 144 + 576


def test_defects_by_hand(spec):
    """A transposed convolution per output, a linear layer over positions, groups, upsampling, a layer norm."""
    up = of(spec("input: [2, 4, 4]\nlayers: [{conv_transpose: {filters: 3, kernel: 2, stride: 2, bias: false}}]\n"))
    # 2 x 3 x 2 x 2 weights: 16 input positions, 64 output positions.
    assert up["fvcore"].operations == 24 * 16
    assert up["thop"].operations == up["torchinfo"].operations == 24 * 64
    grouped = of(spec("input: [4, 4, 4]\nlayers: [{conv: {filters: 4, kernel: 1, groups: 4, bias: false}}]\n"))
    assert (grouped["thop"].operations, grouped["netscope"].operations) == (64, 256)
    sized = of(spec("input: [2, 3, 3]\nlayers: [{upsample: {factor: 2, mode: bilinear}}]\n"))
    # 72 output elements: 11 each for thop, 4 each for fvcore; calflops takes the 18 input elements.
    figures = [sized[key].operations for key in ("thop", "fvcore", "calflops", "deepspeed", "ptflops")]
    assert figures == [792, 288, 18, 72, 144]
    normed = of(spec("input: [4, 3, 3]\nlayers: [layer_norm: channels]\n"))
    figures = [normed[key].operations for key in ("fvcore", "thop", "ptflops", "torchinfo")]
    assert figures == [180, 144, 36, 8]


def test_unknown_layers_give_no_figure(spec):
    found = of(spec("input: [3, 8, 8]\nlayers: [{opaque: {output: [4, 8, 8], params: 5, macs: 1000}}]\n"))
    assert found["fvcore"].operations is None
    assert found["fvcore"].unknown == ("opaque",)
    # onnx-tool counts interpolation by a rule that is not modeled.
    sized = of(spec("input: [2, 3, 3]\nlayers: [{upsample: {factor: 2, mode: bilinear}}]\n"))
    assert sized["onnx-tool"].unknown == ("upsample",)
    # A paper that counts all multiply-accumulates counts those.
    assert found["paper-flops"].operations == 2000


def test_parameters_in_training_and_statistics(spec):
    """Keras counts moving statistics as parameters: its own ResNet-50 V2 has 25,613,800."""
    found = of(build.load("resnet50v2", (), ()))
    assert found["keras"].params == 25_613_800
    assert found["keras"].operations is None


@pytest.mark.parametrize(
    ("text", "exact", "how"),
    [
        ("4.1G", 4_089_184_256, "rounded"),
        ("3.8G", 3_857_973_248, "cut"),
        ("4.09 G".replace(" ", ""), 4_089_184_256, "rounded"),
        ("4,089,184,256", 4_089_184_256, "rounded"),
        ("25.6M", 25_557_032, "rounded"),
        ("4.2G", 4_089_184_256, ""),
    ],
)
def test_claims(text, exact, how):
    claim = read_claim(text)
    scale = {"G": 10**9, "M": 10**6, "": 1}[claim.unit]
    assert claim.fits(exact, scale) == how


@pytest.mark.parametrize("text", ["", "G", "4.1X", "-3G", "1.2.3", "٤G", "1" * 31, "1e9"])
def test_what_is_no_claim(text):
    assert read_claim(text) is None


def test_claim_in_units_of_1024():
    """HRNet's authors list 3.99 GFLOPs for W18: its MACs in units of 2^30."""
    found = reconcile(build.load("hrnet_w18", (), ()))
    matches = {match.key: match for match in match_claim(read_claim("3.99G"), found)}
    assert matches["cnncalc"].binary
    assert matches["cnncalc"].how == "rounded"


def test_conventions_name_existing_modules():
    """A rule for a module that no layer type and no implementation has would never apply."""
    declared = {kind.pytorch for kind in layers.all_types().values()} - {""}
    declared |= {"Upsample.bilinear", "Upsample.bicubic", "Conv.standardized_plain", "Conv.standardized_gain"}
    declared |= {name for patterns in implementations.NETWORKS.values() for _, name in patterns}
    declared |= {name for added in implementations.ADDED.values() for name in added.values()}
    unknown = {name for key in KEYS for name in conventions.find(key).charges} - declared
    assert not unknown


def test_implementations_match_layers():
    """Every pattern of an implementation matches a layer of its network."""
    from cnncalc.syntax.patterns import named

    for name, patterns in implementations.NETWORKS.items():
        names = [layer.name for layer in build.load(name, (), ()).layers]
        unmatched = [pattern for pattern, _ in patterns if not any(named(names, pattern))]
        assert not unmatched, name
        assert set(implementations.ADDED.get(name, {})) <= set(names)


@pytest.mark.parametrize("key", KEYS)
def test_conventions_have_sources_and_sentences(key):
    from cnncalc.languages import Speaker

    convention = conventions.find(key)
    assert isinstance(convention, Convention)
    assert convention.version
    assert convention.source
    say = Speaker("en", "reconcile")
    assert all(f"note_{defect}" in say for defect in convention.defects)
