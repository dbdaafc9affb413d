"""`cnncalc explain` as a user runs it."""

import json
import re

import pytest

from cnncalc.analyses import conventions
from cnncalc.formats.terminal import columns_of


@pytest.mark.parametrize(
    "arguments",
    [
        ("alexnet", "conv1"),
        ("alexnet", "conv2", "--ascii"),
        ("alexnet", "conv1", "--format", "markdown"),
        ("alexnet", "conv1", "--format", "latex"),
        ("alexnet", "conv1", "--format", "json"),
        ("vgg16", "fc6"),
        ("vgg16", "conv5_3", "--language", "zh"),
        ("mobilenet_v1", "conv2_1.dw"),
        ("resnet50", "batch_norm"),
        ("googlenet", "inception_3a.output"),
        ("maxout_cifar", "h0.maxout"),
        ("vgg16",),
        ("googlenet",),
        ("resnet50", "--language", "zh"),
        ("unet", "--format", "json"),
        ("vit_b_16", "encoder0.attention.self.scores"),
        ("vit_b_16", "encoder0.attention.self.mixed", "--language", "zh"),
        ("vit_b_16",),
        ("swin_t", "stage1.block1.attention.windows.self.position_bias.gather"),
    ],
    ids=" ".join,
)
def test_kept(arguments, run, kept):
    name = "_".join(word.lstrip("-") for word in arguments)
    kept(f"explain_{name}.txt", run("explain", *arguments).output)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("arguments", [("alexnet", "conv2"), ("vgg16", "fc6"), ("googlenet",)], ids=" ".join)
def test_text_fits_80_columns(arguments, language, run):
    output = run("explain", *arguments, "--language", language).output
    assert max(map(columns_of, output.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [("alexnet", "conv2"), ("resnet50", "conv1"), ("googlenet",)], ids=" ".join)
def test_ascii_is_ascii(arguments, run):
    assert run("explain", *arguments, "--ascii").output.isascii()
    assert not run("explain", *arguments).output.isascii()


def test_json_keys(run):
    facts = json.loads(run("explain", "alexnet", "conv1", "-f", "json").output)
    assert facts["params"] == 34_944
    assert facts["sharing"]["unshared"] == 105_705_600
    assert facts["im2col"] == {
        "products": 1,
        "w_row": [96, 363],
        "x_col": [363, 3025],
        "product": [96, 3025],
        "spread": False,
        "unrolled": 1_098_075,
        "unrolled_size": 4_392_300,
    }
    sizes = next(one for one in facts["formulas"] if one["quantity"] == "out_size")
    assert sizes["formula"] == "(in_size - kernel + 2 * padding) // stride + 1"
    assert sizes["values"] == {"in_size": 227, "kernel": 11, "padding": 0, "stride": 4}
    assert sizes["result"] == 55
    assert facts["separable"] is facts["stack"] is facts["as_convolution"] is facts["full_convolution"] is None


def test_the_memory_of_x_col_is_of_the_dtype(run):
    output = run("explain", "alexnet", "conv1", "--dtype", "float16").output
    # 363 x 3025 numbers of 2 bytes.
    assert "X_col takes 2.1 MiB as float16" in output


def test_set_and_input(run):
    assert "256 × 96 × 5 × 5" in run("explain", "alexnet", "conv2", "--set", "groups=1").output
    assert "⌊(195 − 11 + 2 × 0) / 4⌋ + 1 = 47" in run("explain", "alexnet", "conv1", "--input", "3x195x195").output


def test_the_end_of_a_name_is_enough_where_it_is_the_only_one(run, tmp_path):
    spec = tmp_path / "one.yaml"
    spec.write_text("input: [3, 8, 8]\nblocks:\n  stem:\n    - conv: [4, 3]\nlayers:\n  - stem\n")
    assert run("explain", str(spec), "conv").output.startswith("stem.conv in one\n")


def test_a_layer_of_training_says_so(run):
    assert "Exists in training only" in run("explain", "googlenet", "loss1.auxiliary_head.fc").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vgg16", "fc66"), "no layer or block has the name 'fc66'; did you mean 'fc6'?\n"),
        (("vgg16", "conv1"), "no layer or block has the name 'conv1'; name conv1_1 or conv1_2\n"),
        (
            ("vgg16", "zzz"),
            "no layer or block has the name 'zzz'; `cnncalc summary --depth all` shows all names of ",
        ),
        (
            ("mobilenet_v1", "conv2_1"),
            "'conv2_1' is a block of 6 layers, but only single layers can be explained; name conv2_1.dw,",
        ),
        (
            ("mobilenet_v1", "dw"),
            "name one of conv2_1.dw, conv2_2.dw, conv3_1.dw, conv3_2.dw, conv4_1.dw, conv4_2.dw and 7 more\n",
        ),
        (("vgg61", "fc6"), "did you mean 'vgg19' or 'vgg16'?\n"),
        (("vgg16", "fc6", "--language", "fr"), "'fr' is not one of 'en', 'zh'"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(arguments, message, run):
    output = run("explain", *arguments, status=2).output
    assert message in output
    assert "Traceback" not in output


def test_output_to_a_file(run, tmp_path):
    path = tmp_path / "conv1.txt"
    assert run("explain", "alexnet", "conv1", "--output", str(path)).output == ""
    assert "⌊(227 − 11 + 2 × 0) / 4⌋ + 1 = 55" in path.read_text(encoding="utf-8")


def test_names_are_no_markup(run, tmp_path):
    spec = tmp_path / "odd.yaml"
    spec.write_text('name: "a_b $x$ <b> \\e[31m"\ninput: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n    name: c_1\n')
    for form in ("text", "markdown", "latex"):
        output = run("explain", str(spec), "c_1", "-f", form).output
        assert "\x1b" not in output
        if form == "latex":
            assert r"c\_1 in a\_b \$x\$" in output
        if form == "markdown":
            assert "<b>" not in output


def test_every_formula_in_latex_is_balanced(run):
    output = run("explain", "mobilenet_v1", "conv2_1.dw", "-f", "latex").output
    formulas = re.findall(r"(?s)\\\[ (.*?) \\\]|\\begin\{align\*\}(.*?)\\end\{align\*\}", output)
    formulas = [line for formula in formulas for line in "".join(formula).split("\n")]
    assert len(formulas) >= 20
    for formula in formulas:
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\left") == formula.count(r"\right")


@pytest.mark.parametrize(
    ("layer", "size", "said"),
    [
        # The input is 12x8x8.
        ("opaque: {output: [7, 4, 4], params: 0, macs: 0}", "", None),
        ("opaque: {output: [7], params: 0, macs: 0}", "", None),
        ("opaque: {output: [7, 16], params: 0, macs: 0}", "", None),
        ("relu", "height and width: 8x8", None),
        ("max_pool: 8", "", "Each channel has one window: 64 numbers become 1."),
        ("avg_pool: {kernel: 8, stride: 1}", "", "Each channel has one window: 64 numbers become 1."),
        ("avg_pool: {kernel: 2, stride: 1, padding: 1}", "", "64 numbers of each channel become 81."),
        ("pad: {channels: 2}", "", "Numbers are added at the ends of the axes: 768 become 1,024."),
        # 4x4 windows of 3x3, padding included, are 144 numbers a channel, 2.25 times 64; none overlaps another.
        ("conv: {filters: 4, kernel: 3, stride: 3, padding: 2}", "", "2.25 times the input."),
        ("conv: {filters: 4, kernel: 2, stride: 1}", "", "times the input, because it repeats"),
    ],
)
def test_what_is_said_is_true_of_the_layer(layer, size, said, run, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(f"input: [12, 8, 8]\nlayers:\n  - {layer}\n")
    output = " ".join(run("explain", str(path), layer.partition(":")[0]).output.split())
    assert ("Input and output have the same" in output) == bool(size)
    assert f"Input and output have the same {size}".strip() in output or not size
    assert said is None or said in output
    chinese = run("explain", str(path), layer.partition(":")[0], "--language", "zh").output
    assert ("保持不变" in chinese) == bool(size)


def test_the_last_pool_of_googlenet_has_one_window(run):
    """It averages 7x7 maps (Szegedy et al. 2014, Table 1)."""
    output = run("explain", "googlenet", "pool5").output
    assert "Each channel has one window: 49 numbers become 1." in output
    assert "overlap" not in output


def test_the_sizes_of_a_gate_are_not_those_of_the_output(run, tmp_path):
    """A column times a row gives a map that has the size of neither."""
    path = tmp_path / "net.yaml"
    path.write_text("input: {a: [3, 5, 1], b: [3, 1, 6]}\nlayers:\n  - multiply:\n    from: [a, b]\n")
    assert "Input and output have the same" not in run("explain", str(path), "multiply").output


def test_a_frozen_layer_says_so(run, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("input: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n    frozen: true\n")
    output = " ".join(run("explain", str(path), "conv").output.split())
    assert "The spec freezes it" in output
    assert "All 112 are buffers, because the layer is frozen." in output
    assert "该层被冻结" in run("explain", str(path), "conv", "--language", "zh").output
    assert json.loads(run("explain", str(path), "conv", "--format", "json").output)["frozen"] is True


def test_a_frozen_norm_does_not_use_the_statistics_of_the_batch(run, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("input: [3, 8, 8]\nlayers:\n  - batch_norm:\n    frozen: true\n  - batch_norm\n")
    frozen = " ".join(run("explain", str(path), "batch_norm").output.split())
    assert "current batch" not in frozen
    assert "Averages run over the batch" not in frozen
    assert "computes with them as at inference" in frozen
    learned = " ".join(run("explain", str(path), "batch_norm_2").output.split())
    assert "current batch" in learned
    assert "Averages run over the batch" in learned


def explained(run, tmp_path, shape, layer, language="en"):
    """The text about the one layer of a network, its lines joined."""
    spec = tmp_path / "one.yaml"
    item = layer if ": " in layer else f"{layer}: {{}}"
    spec.write_text(f"input: {shape}\nlayers:\n  - {item}\n    name: it\n", encoding="utf-8")
    return " ".join(run("explain", str(spec), "it", "--language", language).output.split())


@pytest.mark.parametrize(
    ("shape", "layer", "sentence"),
    [
        # A 5x5 on a 2x2 map has 25 connections an output, of which at most 4 are no padding.
        ("[1, 2, 2]", "conv: {filters: 1, kernel: 5, padding: 2}", "for an output to read all 4 inputs."),
        # Of 5 taps 2 apart only 0, 2 and 4 can lie in 6 positions: 3 of 6.
        (
            "[1, 6]",
            "conv: {filters: 1, kernel: 5, padding: 4, dilation: 2}",
            "an output reads at most 3 of the 6 inputs (50.0 %)",
        ),
        # A column of W: at most 3 x 2 channels of the 6 x 2.
        (
            "[2, 6]",
            "conv: {filters: 4, kernel: 3, padding: 1}",
            "an output reads at most 6 of the 12 inputs (50.0 %), and fewer at the borders.",
        ),
        # Taps 0 and 2 of the 3 fall on one output, from 2 inputs.
        (
            "[1, 4]",
            "conv_transpose: {filters: 1, kernel: 3, stride: 2, padding: 1}",
            "an output reads at most 2 of the 4 inputs (50.0 %)",
        ),
        # Every output has a weight of its own, from the one input.
        (
            "[1, 1, 1]",
            "conv_transpose: {filters: 1, kernel: 2, stride: 2}",
            "the 4 output positions of a channel share only its bias.",
        ),
        (
            "[1, 3]",
            "conv_transpose: {filters: 1, kernel: 2, stride: 2}",
            "all 3 input positions use the same weights.",
        ),
        ("[1, 2]", "scale: {bias: true}", "f(x) = weight × x + bias Output"),
        ("[1, 5, 5]", "max_pool: {kernel: 2, stride: 4}", "reads 4 of its 25 numbers: they become 1."),
        (
            "[4, 2, 2]",
            "concat: {axis: 1}\n    from: [input, input]",
            "height = input size + sizes of the others = 2 + 2 = 4",
        ),
        ("[1, 4]", "conv: [1, 1]", "reads one position and turns its only channel into 1:"),
        ("[2, 4]", "conv: {filters: 2, kernel: 1, groups: 2}", "each of the 2 groups turns its only channel into 1."),
        ("[1, 4]", "depthwise_conv: 1", "Each filter reads one channel only, the only one."),
        ("[1, 4]", "batch_norm", "the only channel has its own mean and variance"),
        ("[1]", "flatten", "The same number; nothing is computed or copied."),
        ("[1]", "softmax", "The sum runs over the one channel of a position."),
        ("[4, 1]", "group_norm: 4", "each of 4 groups of channels, 1 number of one sample."),
    ],
)
def test_statements_about_odd_sizes_are_true(shape, layer, sentence, run, tmp_path):
    assert sentence in explained(run, tmp_path, shape, layer)


ONE_OF_SEVERAL = re.compile(
    r"(?<![\d.,x×+/-] )(?<![\d.,])\b1 (channels|numbers|features|places|groups|inputs|weights)\b"
)


@pytest.mark.parametrize(
    "layer",
    [
        *("conv: [1, 1]", "depthwise_conv: 1", "conv_transpose: [1, 1]", "local_conv: [1, 1]", "max_pool: 1", "scale"),
        *("batch_norm", "layer_norm", "group_norm: 1", "adaptive_avg_pool: 1", "global_avg_pool", "subsample: 1"),
        *("flatten", "slice", "pixel_shuffle: 1", "pixel_unshuffle: 1", "channel_shuffle: 1", "maxout: 1", "softmax"),
        *("prelu: {per_channel: true}", "lrn: 1", "pad: 0", "crop: 0", "permute: [2, 1, 0]", "relu"),
    ],
)
def test_one_is_no_plural(layer, run, tmp_path):
    assert not ONE_OF_SEVERAL.search(explained(run, tmp_path, "[1, 1, 1]", layer))


@pytest.mark.parametrize(
    ("spec", "layer", "lines"),
    [
        (
            "vgg11_bn",
            "batch_norm",
            ("calflops, DeepSpeed, fvcore, ptflops: 2 per input element (1 without learnable weights) = 6,422,528",),
        ),
        (
            "vgg11_bn",
            "relu",
            (
                "calflops, DeepSpeed, onnx-tool: 1 per input element = 3,211,264",
                "ptflops: 1 per input element + 1 per input element again (defect) = 6,422,528",
            ),
        ),
        # 1,000 exponentials, 1,000 divides and 999 adds.
        ("lenet5_modern", "softmax", ("thop: 1 per exponential, divide and add = 29",)),
        ("crnn", "lstm1.lstm", ("unknown, by a rule that is not modeled",)),
    ],
)
def test_how_other_tools_count_the_layer(spec, layer, lines, run):
    """A map of 64x224x224 has 3,211,264 elements; 10 scores have 10 exponentials, 10 divides and 9 adds."""
    output = " ".join(run("explain", spec, layer).output.split())
    for line in lines:
        assert line in output
    facts = json.loads(run("explain", spec, layer, "-f", "json").output)
    assert {"key", "version", "source", "operations", "rule"} < facts["conventions"][0].keys()
    # Keras counts no operations.
    assert len(facts["conventions"]) == len(conventions.keys()) - 1
    assert facts["counted_in"].startswith("cnncalc/layers/")
    assert "其他工具的统计" in run("explain", spec, layer, "--language", "zh").output


@pytest.mark.parametrize(("spec", "layer"), [("alexnet", "flatten"), ("googlenet", "loss1.auxiliary_head.fc")])
def test_layers_that_no_tool_counts_have_no_section(spec, layer, run):
    assert "As other tools count it" not in run("explain", spec, layer).output


PAGES = ("explain alexnet conv1", "explain alexnet", "field alexnet", "field alexnet conv5", "sharing alexnet")


@pytest.mark.parametrize("command", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_says_its_language(run, command: str, language: str) -> None:
    page = run(*command.split(), "--language", language, "--format", "html").stdout
    assert f'<html lang="{language}">' in page
