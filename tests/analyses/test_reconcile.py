"""Conventions of other tools against what the tools printed (tests/reference/record_conventions.py)."""

import csv
import os
import re
from fractions import Fraction
from pathlib import Path

import pytest

from cnncalc import bundled, layers
from cnncalc.analyses import conventions
from cnncalc.analyses.conventions import implementations
from cnncalc.analyses.conventions.contract import Convention
from cnncalc.analyses.reconcile import UNITS, match_claim, read_claim, reconcile
from cnncalc.layers.contract import Role
from cnncalc.network import build

RECORDED = Path(__file__).parent.parent / "reference" / "conventions" / "tools.csv"
SPECS = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}
REAL_FILES = os.environ.get("CNNCALC_REAL_FILES", "")
KEYS = conventions.keys()
# torchvision's ResNet has the stride in the 3x3 convolutions.
SETTINGS = {"resnet50": (("stride_in_3x3", "true"),)}
# Each of the 13 units of stride 1 cuts its channels by torch.chunk. The exporter writes the bounds of the two pieces as
# operators on the number of channels, (size + 1) / 2 times 1 and 2, and onnx-tool counts them: 1 for the add, 4 for the
# divide, 1 for each product.
EXPLAINED = {("onnx-tool", "shufflenet_v2_x1_0"): 13 * (1 + 4 + 1 + 1)}


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


def printed_by_programs():
    with (RECORDED.parent / "programs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# Caffe's normalization within channels is imported as the layers that it consists of; Netscope takes it for one over
# channels, with 3 squares for each of its 32x16x16 and 32x8x8 elements.
MISTAKEN = {("netscope", "examples__cifar10__cifar10_full"): 3 * (32 * 16 * 16 + 32 * 8 * 8)}


def read_spec(row, tmp_path):
    """The spec of a recorded row; None if it is a file of others that is not here."""
    text = row["spec"]
    if text.startswith("{"):
        file = tmp_path / "spec.yaml"
        file.write_text(text, encoding="utf-8")
        return str(file)
    if text:
        return str(RECORDED.parent / text) if "." in text else text
    ending = {"netscope": "prototxt"}.get(row["tool"], "cfg")
    return next((str(file) for file in Path(REAL_FILES).rglob(f"*{row['network']}.{ending}")), None)


@pytest.mark.parametrize("row", printed_by_programs(), ids=lambda row: f"{row['tool']}-{row['network']}")
def test_programs_print_what_their_conventions_give(row, tmp_path):
    """Darknet, Netscope and TensorFlow Lite's converter, to the digits that they print."""
    if not row["spec"] and not REAL_FILES:
        pytest.skip("a file of others, in the folder that CNNCALC_REAL_FILES names")
    counted = of(build.load(read_spec(row, tmp_path), (), ()))[row["tool"]]
    claim = read_claim(row["operations"])
    assert counted.convention.tested
    step = Fraction(UNITS[claim.unit], 10**claim.decimals)
    printed = claim.digits * step - MISTAKEN.get((row["tool"], row["network"]), 0)
    # Printed digits are rounded, whole numbers are exact; Darknet adds its BFLOPS in single precision.
    tolerance = step / 2 if claim.decimals else 0
    if row["tool"] == "darknet-bflops":
        tolerance += Fraction(counted.operations, 2**22)
    assert abs(counted.operations - printed) <= tolerance, (counted.operations, row["operations"])


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
    if row["operations"]:
        assert counted.operations - uncounted == int(row["operations"])
        assert uncounted in (0, int(row["means"]))


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
    # numops of Darknet has no case for it, and its fork no such layer; calflops is right without groups.
    assert (up["darknet"].operations, up["darknet-bflops"].unknown) == (0, ("conv_transpose",))
    split = of(spec("input: [4, 4, 4]\nlayers: [{conv_transpose: {filters: 4, kernel: 2, stride: 2, groups: 2}}]\n"))
    # 4 x 2 x 4 weights at 16 positions; calflops takes 1 of the 2 filters of a group, and 2 biases at 2x2 positions.
    assert (split["deepspeed"].operations, split["calflops"].operations) == (1024 + 256, 512 + 8)
    grouped = of(spec("input: [4, 4, 4]\nlayers: [{conv: {filters: 4, kernel: 1, groups: 4, bias: false}}]\n"))
    assert (grouped["thop"].operations, grouped["netscope"].operations) == (64, 64)
    sized = of(spec("input: [2, 3, 3]\nlayers: [{upsample: {factor: 2, mode: bilinear}}]\n"))
    # 72 output elements: 11 each for thop, 4 each for fvcore; calflops takes the 18 input elements.
    figures = [sized[key].operations for key in ("thop", "fvcore", "calflops", "deepspeed", "ptflops")]
    assert figures == [792, 288, 18, 72, 144]
    normed = of(spec("input: [4, 3, 3]\nlayers: [layer_norm: channels]\n"))
    figures = [normed[key].operations for key in ("fvcore", "thop", "ptflops", "torchinfo")]
    assert figures == [180, 144, 36, 8]


def test_every_kind_of_difference_is_held_to_a_run():
    """Each item that these networks can show; test_reconcile_live.py holds the others."""
    found = set()
    for network in {row["network"] for row in recorded()}:
        tools = {row["tool"] for row in recorded()}
        counted = of(load(network), bundled=SPECS.get(network, network), keys=tools)
        found |= {item.item for each in counted.values() for item in (*each.items, *each.param_items)}
    assert found == {
        "activations",
        "added_modules",
        "batch_norms",
        "biases",
        "counted_twice",
        "doubled",
        "norms",
        "params_missed",
        "pools",
        "positions_missed",
        "products",
        "scaling",
        "statistics",
        "sums",
        "training_layers",
    }


def test_padding_as_a_word(spec):
    """fvcore has no rule for the operator of a convolution with padding='same', and prints 0 for it."""
    word = of(spec("input: [2, 4, 4]\nlayers: [{conv: {filters: 3, kernel: 3, padding: same}}]\n"))
    number = of(spec("input: [2, 4, 4]\nlayers: [{conv: {filters: 3, kernel: 3, padding: 1}}]\n"))
    # 2 x 3 x 9 weights at 16 positions.
    assert (word["fvcore"].operations, number["fvcore"].operations) == (0, 864)
    assert [(item.item, item.amount) for item in word["fvcore"].items] == [("same_padding_missed", -864)]
    assert word["thop"].operations == number["thop"].operations == 864


def test_unknown_layers_give_no_figure(spec):
    found = of(spec("input: [3, 8, 8]\nlayers: [{opaque: {output: [4, 8, 8], params: 5, macs: 1000}}]\n"))
    assert found["fvcore"].operations is None
    assert found["fvcore"].unknown == ("opaque",)
    # onnx-tool counts interpolation by a rule that is not modeled.
    sized = of(spec("input: [2, 3, 3]\nlayers: [{upsample: {factor: 2, mode: bilinear}}]\n"))
    assert sized["onnx-tool"].unknown == ("upsample",)
    # A paper that counts all multiply-accumulates counts those.
    assert found["paper-flops"].operations == 2000


def test_parameters_of_keras(spec):
    """Keras counts moving statistics as parameters: its own ResNet-50 V2 has 25,613,800.

    Its ResNet-50 has biases in its 53 convolutions as well, 26,560: 25,557,032 + 26,560 + 53,120 statistics.
    """
    text = Path(bundled.path("resnet50")).read_text(encoding="utf-8").replace("bias: false", "bias: true")
    own = of(spec(text))["keras"]
    assert own.params == 25_636_712
    assert [(item.item, item.amount) for item in own.param_items] == [("statistics", 53_120)]
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
        ("4.1 GFLOPs", 4_089_184_256, "rounded"),
        ("4.09 GMac", 4_089_184_256, "rounded"),
        ("4.1 GFLOP", 4_089_184_256, "rounded"),
        ("25.6M params", 25_557_032, "rounded"),
        ("25,557,032", 25_557_032, "rounded"),
        # 4.1G is any number from 4.05G to just below 4.15G, or one that begins with 4.1.
        ("4.1G", 4_050_000_000, "rounded"),
        ("4.1G", 4_049_999_999, ""),
        ("4.1G", 4_149_999_999, "rounded"),
        ("4.1G", 4_150_000_000, "cut"),
        ("4.1G", 4_200_000_000, ""),
    ],
)
def test_claims(text, exact, how):
    claim = read_claim(text)
    scale = {"G": 10**9, "M": 10**6, "": 1}[claim.unit]
    assert claim.fits(exact, scale) == how


@pytest.mark.parametrize(
    "text", ["", "G", "4.1X", "-3G", "1.2.3", "٤G", "1" * 31, "1e9", "GFLOPs", "flops", "4,1G", "4,11,512", "4,1111"]
)
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
    declared |= {"Conv.same", "BatchNorm.folded", "BatchNorm.folded_to_bias", "LocallyConnected"}
    declared |= {"Upsample.bilinear", "Upsample.bicubic", "Conv.standardized_plain", "Conv.standardized_gain"}
    declared |= {name for patterns in implementations.NETWORKS.values() for _, name in patterns}
    declared |= {name for added in implementations.ADDED.values() for name in added.values()}
    rules = {name for key in KEYS for name in conventions.find(key).charges}
    # A rule for a number of axes, such as Upsample.3d.
    unknown = {re.sub(r"\.?[123]d$", "", name) if name not in declared else name for name in rules} - declared
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
