"""Caffe networks, read as specs: sizes by hand from Caffe's src/caffe/layers, counts from papers and real files."""

import csv
import random
from collections import Counter
from pathlib import Path

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError
from cnncalc.network.build import load

FILE = "net.prototxt"
HEAD = 'name: "Tiny"\ninput: "data"\ninput_shape { dim: 10 dim: 3 dim: 9 dim: 9 }\n'

TINY = (
    HEAD
    + """
# a comment
layer {
  name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 2 bias_term: false }
}
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1" batch_norm_param { use_global_stats: true } }
layer { name: "scale1" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "fc" type: "InnerProduct" bottom: "pool1" top: "fc" inner_product_param { num_output: 5 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
"""
)


def layer(type_, fields="", bottom="data", top="top", name="x"):
    return f'layer {{ name: "{name}" type: "{type_}" bottom: "{bottom}" top: "{top}" {fields} }}\n'


@pytest.fixture
def layers(shapes):
    return lambda text, **sizes: shapes(FILE, text, **sizes)


@pytest.fixture
def refused(problems):
    return lambda text, **sizes: problems(FILE, text, **sizes)


@pytest.fixture
def one(layers):
    """What a single layer of a type becomes on an input of 3x9x9."""
    return lambda type_, fields="": layers(HEAD + layer(type_, fields))


def test_layers_of_a_network(layers):
    assert layers(TINY) == [
        "conv1: conv input -> 4x5x5",
        "bn1: batch_norm conv1 -> 4x5x5",
        "relu1: relu bn1 -> 4x5x5",
        # Rounded up: ceil((5 - 2) / 2) + 1 = 3.
        "pool1: max_pool relu1 -> 4x3x3",
        "fc: linear pool1 -> 5",
    ]


def test_the_counts_of_a_small_network(layers):
    layers(TINY)
    network = load(FILE)
    assert (network.name, network.outputs) == ("Tiny", ("fc",))
    # 3 x 9 x 4 weights, factor and addend of 4 channels, and 36 x 5 weights with 5 biases; 25 positions of 108 MACs.
    assert totals(network).params == 108 + 8 + 180 + 5
    assert totals(network).buffers == 8
    assert totals(network).macs == 25 * 108 + 180
    assert [str(layer.span) for layer in network.layers[:2]] == [f"{FILE}:6:1", f"{FILE}:10:1"]


def test_layers_of_version_1_and_inputs_by_dims(layers):
    text = """
    input: 'data' input_dim: 1 input_dim: 1 input_dim: 8 input_dim: 8
    layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv"
      convolution_param < num_output: 2; kernel_h: 3, kernel_w: 1 stride_h: 1 stride_w: 2 > }
    layers { name: "ip" type: INNER_PRODUCT bottom: "conv" top: "ip" inner_product_param { num_output: 3 } }
    layers { name: "loss" type: SOFTMAX_LOSS bottom: "ip" }
    """
    assert layers(text) == ["conv: conv input -> 2x6x4", "ip: linear conv -> 3"]


def test_phases(layers):
    """What runs in training alone is left out, by include and by exclude; so is what another stage asks for."""
    text = (
        HEAD
        + layer("ReLU", "include { phase: TRAIN }", name="a")
        + layer("TanH", "exclude { phase: TRAIN }", name="b")
        + layer("Sigmoid", "include { phase: TEST }", bottom="top", name="c")
        + layer("ReLU", "exclude { phase: TEST }", bottom="top", name="d")
        + layer("ReLU", 'include { stage: "deploy" }', bottom="top", name="e")
        + layer("AbsVal", 'include { not_stage: "deploy" }', bottom="top", name="f")
    )
    assert [line.split(":")[0] for line in layers(text)] == ["b", "c", "f"]
    assert [line.split(":")[0] for line in layers(text + 'state { stage: "deploy" }')] == ["b", "c", "e"]


@pytest.mark.parametrize(
    ("type_", "fields", "becomes"),
    [
        ("Convolution", "convolution_param { num_output: 6 kernel_size: 3 group: 3 }", "depthwise_conv input -> 6x7x7"),
        ("Convolution", "convolution_param { num_output: 2 kernel_size: 3 dilation: 2 }", "conv input -> 2x5x5"),
        ("DepthwiseConvolution", "convolution_param { num_output: 3 kernel_size: 3 }", "depthwise_conv input -> 3x7x7"),
        # (9 - 1) x 2 + 4 - 2 = 18.
        (
            "Deconvolution",
            "convolution_param { num_output: 2 kernel_size: 4 stride: 2 pad: 1 }",
            "conv_transpose input -> 2x18x18",
        ),
        ("Pooling", "pooling_param { pool: AVE global_pooling: true }", "global_avg_pool input -> 3x1x1"),
        ("Pooling", "pooling_param { kernel_size: 2 stride: 2 }", "max_pool input -> 3x5x5"),
        ("Pooling", "pooling_param { kernel_size: 2 stride: 2 ceil_mode: false }", "max_pool input -> 3x4x4"),
        ("Pooling", "pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }", "max_pool input -> 3x4x4"),
        # ceil((9 + 2 - 3) / 3) + 1 = 4, of which the last window begins at 9, behind the map.
        ("Pooling", "pooling_param { kernel_size: 3 stride: 3 pad: 1 }", "max_pool input -> 3x4x4"),
        ("Pooling", "pooling_param { pool: AVE kernel_size: 3 }", "avg_pool input -> 3x7x7"),
        ("LRN", "lrn_param { local_size: 5 alpha: 1e-4 beta: .75 }", "lrn input -> 3x9x9"),
        ("ReLU", "relu_param { negative_slope: 0.1 }", "leaky_relu input -> 3x9x9"),
        ("PReLU", "", "prelu input -> 3x9x9"),
        ("ELU", "elu_param { alpha: 0.5 }", "elu input -> 3x9x9"),
        ("BNLL", "", "softplus input -> 3x9x9"),
        ("Swish", "", "silu input -> 3x9x9"),
        ("Dropout", "dropout_param { dropout_ratio: 0.4 }", "dropout input -> 3x9x9"),
        ("Softmax", "softmax_param { axis: 1 }", "softmax input -> 3x9x9"),
        ("Softmax", "softmax_param { axis: -1 }", "softmax input -> 3x9x9"),
        ("Scale", "scale_param { bias_term: true }", "scale input -> 3x9x9"),
        ("BN", "", "batch_norm input -> 3x9x9"),
        ("Bias", "", "bias input -> 3x9x9"),
        ("Flatten", "", "flatten input -> 243"),
        ("Flatten", "flatten_param { axis: 2 }", "flatten input -> 3x81"),
        ("Flatten", "flatten_param { axis: -3 end_axis: -2 }", "flatten input -> 27x9"),
        ("Reshape", "reshape_param { shape { dim: 0 dim: 9 dim: -1 } }", "reshape input -> 9x27"),
        ("Reshape", "reshape_param { shape { dim: 10 dim: 0 dim: 81 } }", "reshape input -> 3x81"),
        ("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }", "permute input -> 9x9x3"),
        ("Upsample", "upsample_param { scale: 2 }", "upsample input -> 3x18x18"),
        # 9 + 8 x (2 - 1) = 17: the corners stay.
        ("Interp", "interp_param { zoom_factor: 2 }", "upsample input -> 3x17x17"),
        ("Interp", "interp_param { height: 5 width: 6 }", "upsample input -> 3x5x6"),
        ("ShuffleChannel", "shuffle_channel_param { group: 3 }", "channel_shuffle input -> 3x9x9"),
    ],
)
def test_layers(type_, fields, becomes, one):
    assert one(type_, fields) == [f"x: {becomes}"]


def test_layers_with_several_bottoms(layers):
    two = HEAD + layer("ReLU", top="r", name="r")
    both = 'bottom: "r"'
    assert layers(two + layer("Concat", both))[1:] == ["x: concat input, r -> 6x9x9"]
    assert layers(two + layer("Concat", f"{both} concat_param {{ axis: -1 }}"))[1:] == ["x: concat input, r -> 3x9x18"]
    assert layers(two + layer("Concat", f"{both} concat_param {{ concat_dim: 2 }}"))[1:] == [
        "x: concat input, r -> 3x18x9"
    ]
    assert layers(two + layer("Eltwise", both))[1:] == ["x: add input, r -> 3x9x9"]
    assert layers(two + layer("Eltwise", f"{both} eltwise_param {{ operation: PROD }}"))[1:] == [
        "x: multiply input, r -> 3x9x9"
    ]
    assert layers(two + layer("Eltwise", f"{both} eltwise_param {{ coeff: 1 coeff: -1 }}"))[1:] == [
        "x: subtract input, r -> 3x9x9"
    ]
    assert layers(two + layer("Scale", both))[1:] == ["x: multiply input, r -> 3x9x9"]
    assert layers(two + layer("Axpy", f'{both} bottom: "data"'))[1:] == [
        "x_product: multiply input, r -> 3x9x9",
        "x: add x_product, input -> 3x9x9",
    ]


def test_functions_of_numbers(one, layers):
    """Those of Power, Exp, Log, and of sums with factors, as expressions."""

    def function(type_, fields):
        one(type_, fields)
        return str(load(FILE).layers[0].figures.type.function)

    assert function("Power", "power_param { power: 2 scale: 0.5 shift: -1 }") == "(x * 0.5 - 1) ** 2"
    assert function("Power", "power_param { power: -0.5 }") == "(x) ** (-0.5)"
    assert function("Power", "power_param { scale: 0.00390625 }") == "x * 0.00390625"
    assert function("Exp", "exp_param { base: 2 shift: 1 }") == "2 ** (x + 1)"
    assert function("Log", "") == "ln(x)"
    two = HEAD + layer("TanH", top="r", name="r")
    layers(two + layer("Eltwise", 'bottom: "r" eltwise_param { operation: MAX }'))
    assert load(FILE).layers[1].figures.type.function == "max(x, y)"
    layers(two + layer("Eltwise", 'bottom: "r" eltwise_param { coeff: 0.5 coeff: -2 }'))
    assert load(FILE).layers[1].figures.type.function == "0.5 * x + -2 * y"


def test_power_of_nothing_is_no_layer(layers):
    assert layers(HEAD + layer("Power") + layer("ReLU", bottom="top", name="r")) == ["r: relu input -> 3x9x9"]


def test_normalization_within_channels_is_what_caffe_makes_of_it(one):
    assert one("LRN", "lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL }") == [
        "x_square: multiply input, input -> 3x9x9",
        "x_mean: avg_pool x_square -> 3x9x9",
        "x_power: apply x_mean -> 3x9x9",
        "x: multiply input, x_power -> 3x9x9",
    ]


def test_slice_split_and_crop(layers):
    text = HEAD + 'layer { name: "s" type: "Slice" bottom: "data" top: "a" top: "b" slice_param { slice_point: 1 } }\n'
    text += 'layer { name: "p" type: "Split" bottom: "b" top: "c" top: "d" }\n'
    text += layer("Pooling", "pooling_param { kernel_size: 3 stride: 2 ceil_mode: false }", "a", "small", "q")
    text += layer("Crop", 'bottom: "small" crop_param { axis: 2 offset: 1 offset: 2 }', "c", "cut", "k")
    assert layers(text) == [
        "s_1: slice input -> 1x9x9",
        "s_2: slice input -> 2x9x9",
        "q: max_pool s_1 -> 1x4x4",
        "k: crop s_2 -> 2x4x4",
    ]
    crop = load(FILE).layers[-1].figures.type
    assert crop.amount == (1, 4, 2, 3)


def test_batch_norm_and_scale_that_are_two_layers(layers):
    """What is read between them, or scaled by other axes, stays apart."""
    norm = layer("BatchNorm", top="n", name="n")
    between = HEAD + norm + layer("Scale", "scale_param { bias_term: true }", "n", "s", "s") + layer("ReLU", "", "n")
    assert [line.split(" ->")[0] for line in layers(between)] == ["n: batch_norm input", "s: scale n", "x: relu n"]
    assert totals(load(FILE)).params == 6
    alone = HEAD + norm
    assert layers(alone) == ["n: batch_norm input -> 3x9x9"]
    assert totals(load(FILE)).params == 0


def test_a_scale_without_bias_is_a_batch_norm_without_addend(layers):
    layers(HEAD + layer("BatchNorm", top="n", name="n") + layer("Scale", "", "n", "s", "s"))
    (norm,) = load(FILE).layers
    # A factor for each of 3 channels; mean and variance are buffers.
    assert (norm.name, norm.params, totals(load(FILE)).buffers) == ("n", 3, 6)


def test_unpooling_uses_the_places_of_its_pool(layers):
    text = HEAD + layer("Pooling", 'top: "mask" pooling_param { kernel_size: 2 stride: 2 }', top="p", name="p")
    text += layer("Upsample", 'bottom: "mask" upsample_param { scale: 2 upsample_h: 9 upsample_w: 9 }', "p")
    assert layers(text) == ["p: max_pool input -> 3x5x5", "x: max_unpool p, p -> 3x9x9"]


def test_layers_share_named_parameters(layers):
    def conv(name, bottom):
        params = 'param { name: "w" } param { name: "b" } convolution_param { num_output: 3 kernel_size: 3 pad: 1 }'
        return layer("Convolution", params, bottom, name, name)

    layers(HEAD + conv("a", "data") + conv("b", "a") + conv("c", "b"))
    network = load(FILE)
    assert totals(network).params == 84
    assert [layer.weights_from for layer in network.layers] == [None, "a", "a"]


def test_data_layers_give_sizes_or_ask_for_them(layers, refused):
    data = 'layer {{ name: "d" type: "Data" top: "data" top: "label" transform_param {{ {} }} }}\n'
    relu = layer("ReLU", name="r")
    message = f"{FILE}:1:1: the file has no size for its input 'data'"
    assert refused(data.format("crop_size: 20") + relu) == [f"{message}; give it, as in --input 3x20x20"]
    assert layers(data.format("crop_size: 20") + relu, size="2x4x5") == ["r: relu input -> 2x4x5"]
    means = "crop_size: 20 mean_value: 104 mean_value: 117 mean_value: 123"
    assert layers(data.format(means) + relu) == ["r: relu input -> 3x20x20"]
    assert layers('layer { type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 dim: 3 } } }' + relu) == [
        "r: relu input -> 2x3"
    ]


def test_several_inputs(layers, refused):
    pair = 'input: "a" input: "b"\n' + layer("Eltwise", 'bottom: "b"', "a")
    assert refused(pair) == [
        f"{FILE}:1:8: the file has no size for its input 'a'; give it, as in --input a=3x227x227",
        f"{FILE}:1:19: the file has no size for its input 'b'; give it, as in --input b=3x227x227",
    ]
    assert layers(pair, a="1x2x3", b="1x2x3") == ["x: add a, b -> 1x2x3"]


def test_other_sizes_of_an_input_change_what_depends_on_them(layers):
    """Numbers of the graph that the file does not have follow `--input`."""
    text = (
        HEAD + layer("Interp", "interp_param { zoom_factor: 2 }") + layer("Crop", 'bottom: "data"', "top", "cut", "k")
    )
    assert layers(text)[-1] == "k: crop x -> 3x9x9"
    # 5 + 4 = 9, cut to 5.
    assert layers(text, size="2x5x5") == ["x: upsample input -> 2x9x9", "k: crop x -> 2x5x5"]


def test_names(layers):
    odd = HEAD + layer("ReLU", name="a b{c}:..d") + layer("ReLU", name="a b{c}:..d") + layer("ReLU", name="input")
    assert [line.split(": ")[0] for line in layers(odd)] == ["a_b_c__.d", "a_b_c__.d_2", "input_2"]
    long = layers(HEAD + layer("ReLU", name="n" * 100_000))
    assert len(long[0]) < 250


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (layer("Python"), "4:1: 'Python' of layer 'x' cannot be read"),
        (layer("Poolin"), "4:1: 'Poolin' of layer 'x' cannot be read; did you mean 'Pooling'?"),
        (layer("ReLU", bottom="dta"), "4:1: ReLU 'x' reads 'dta', which no layer above it produces"),
        (layer("Convolution"), "4:1: Convolution 'x' needs num_output and axis 1"),
        (layer("Convolution", "convolution_param { num_output: 2 }"), "4:1: Convolution 'x' needs kernel_size"),
        (
            layer("Convolution", "convolution_param { num_output: many }"),
            "4:97: num_output takes a whole number from 1 to 1,000,000,000, not 'many'",
        ),
        (
            layer("Convolution", "convolution_param { num_output: 2 kernel_size: 99 }"),
            "4:1: 'x': kernel 99 does not fit",
        ),
        (
            layer("Pooling", "pooling_param { pool: STOCHASTIC }"),
            "4:1: Pooling 'x' has pool 'STOCHASTIC', and only MAX and AVE can be read",
        ),
        (
            layer("Softmax", "softmax_param { axis: 0 }"),
            "4:1: Softmax 'x' takes an axis from 1 to 3, not 0; the batch, axis 0, stays as it is",
        ),
        (
            layer("Reshape", "reshape_param { shape { dim: 3 dim: -1 } }"),
            "4:1: Reshape 'x' changes the batch; its first dim is 0 where it stays",
        ),
        (layer("Slice", 'top: "b"'), "4:1: Slice 'x' cannot split 3 into 2 equal parts"),
        (
            "layer { layer { name: 'x' } }",
            "4:1: layers of Caffe's oldest format cannot be read; Caffe's upgrade_net_proto_text converts it",
        ),
        ("layer { name: 'x'", "4:1: this is not closed; add } to its end"),
        ("layer } ", "4:7: expected a colon or a brace after 'layer', not '}'"),
        ("layer { name }", "4:14: expected a colon or a brace after 'name', not '}'"),
        ("layer { name: }", "4:15: expected a value, not '}'"),
        ("layer: 3 ]", "4:10: expected a field, such as name: value, not ']'"),
        ("layer: 3", "4:8: layer takes fields in braces, not '3'"),
        ("layer { name: 'x }", '4:15: "\'" has no place here'),
        ("§", "4:1: '§' has no place here"),
    ],
)
def test_what_cannot_be_read(text, message, refused):
    (found,) = refused(HEAD + text)
    assert found.startswith(f"{FILE}:{message}")


def test_windows_behind_the_map(refused):
    """Without padding Caffe keeps the last window: ceil((9 - 1) / 9) + 1 = 2, of which the second begins at 9."""
    message = "Pooling 'x' has 2 windows on 9 positions, of which the last lies behind them"
    advice = "a kernel of at least its stride, 9, would reach all"
    refusal = refused(HEAD + layer("Pooling", "pooling_param { kernel_size: 1 stride: 9 }"))
    assert refusal == [f"{FILE}:4:1: {message}; {advice}"]


def test_solvers_and_files_without_layers(refused):
    message = f"{FILE}:1:1: the file has no layers"
    assert refused("base_lr: 0.01") == [message]
    assert refused('net: "train_val.prototxt"') == [
        f"{message}; it is a solver: give the network that it trains, 'train_val.prototxt'"
    ]
    assert refused(HEAD + layer("SoftmaxWithLoss")) == [message]


def test_all_unknown_layers_at_once(refused):
    text = HEAD + layer("PriorBox") + layer("ReLU") + layer("DetectionOutput")
    assert [problem.split("'")[1] for problem in refused(text)] == ["PriorBox", "DetectionOutput"]


def test_every_command_reads_networks(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    Path(FILE).write_text(TINY, encoding="utf-8")
    assert "a Caffe network" in run("summary", FILE).stdout
    assert "weight (4x3x3x3)" in run("explain", FILE, "conv1").stdout
    assert f"{FILE}:6:1: " in run("check", FILE, "--max", "conv1.params=100", status=1).stdout
    Path("net.yaml").write_text(run("show", "--expand", FILE).stdout, encoding="utf-8")
    assert run("diff", FILE, "net.yaml").stdout.startswith("nothing changed")
    assert "5x9x9" in run("summary", FILE, "--input", "5x9x9").stdout
    unsized = TINY.replace("input_shape { dim: 10 dim: 3 dim: 9 dim: 9 }", "")
    Path(FILE).write_text(unsized, encoding="utf-8")
    advice = f"{FILE}:2:8: the file has no size for its input 'data'; give it, as in --input 3x227x227"
    for command in (("summary", FILE), ("compare", FILE, "net.yaml"), ("diff", FILE, "net.yaml"), ("field", FILE)):
        assert advice in run(*command, status=2).output
    assert "3x9x9" in run("summary", FILE, "--input", "3x9x9").stdout
    assert run("diff", FILE, "net.yaml", "--input", "3x9x9").stdout.startswith("nothing changed")
    Path("more.yaml").write_text(f"extends: {FILE}\nbudget: {{params: 1k}}\n", encoding="utf-8")
    assert "1 check passed" in run("check", "more.yaml", "--input", "3x9x9").stdout
    assert "3x9x9" in run("compare", FILE, "net.yaml", "--input", "3x9x9").stdout


BREAKING = ("", "{", "}", "[", '"', ":", "-1", "9" * 30, "1e999", "layer {", "type: 'Data'", "kernel_size: 0", "\x00")


def test_mutilated_networks_are_refused_or_read(layers):
    """No text makes a traceback."""
    chance = random.Random(7)
    pieces = TINY.replace("\n", " \n").split(" ")
    outcomes = set()
    for _ in range(300):
        mutant = list(pieces)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(mutant))
            mutant[at] = chance.choice([*BREAKING, mutant[at][: chance.randint(0, 9)], chance.choice(pieces)])
        try:
            outcomes.add(bool(layers(" ".join(mutant)[: chance.choice((None, chance.randrange(1_500)))])))
        except SpecError as error:
            outcomes.add(error.problems[0].span is None)
    assert outcomes == {True, False}


def test_hostile_networks_are_refused(refused):
    assert refused("a {" * 100)[0].startswith(f"{FILE}:1:178: nested more than 60 deep; ")
    assert "more than 100,000 fields" in refused("a: 1 " * 100_001)[0]
    assert "more than 100,000 fields" in refused(f"a: [{'1, ' * 100_001}1]")[0]
    assert refused('a: "' + "x" * 1_000_000)[0].endswith("has no place here")
    doubling = HEAD + "".join(
        layer("Concat", f'bottom: "{bottom}"', bottom, f"t{at}", f"c{at}")
        for at, bottom in enumerate(["data", *(f"t{at}" for at in range(100))])
    )
    assert "an axis of its output is longer than 9,223,372,036,854,775,807" in refused(doubling)[0]


def expected(folder):
    """The figures of networks in the phase TEST."""
    with Path(folder, "expected.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["phase"] == "TEST"]
    return {row["file"]: tuple(int(row[key]) for key in ("params", "buffers", "macs")) for row in rows}


def test_real_networks_have_the_expected_figures(real):
    folder = real("prototxt")
    read = {}
    wanted = expected(folder)
    for file in wanted:
        found = totals(load(str(folder / file)))
        read[file] = found.params, found.buffers, found.macs
    assert read == wanted


# The inputs of the networks that take theirs from data of unknown size.
SIZES = {
    "examples__cifar10__cifar10_full_sigmoid_train_test": "3x32x32",
    "examples__cifar10__cifar10_full_train_test": "3x32x32",
    "examples__cifar10__cifar10_quick_train_test": "3x32x32",
    "examples__hdf5_classification__nonlinear_train_val": "4",
    "examples__hdf5_classification__train_val": "4",
    "examples__mnist__lenet_train_test": "1x28x28",
    "examples__mnist__mnist_autoencoder": "1x28x28",
    "examples__siamese__mnist_siamese_train_test": "2x28x28",
    "models__bvlc_alexnet__train_val": "3x227x227",
    "models__bvlc_reference_caffenet__train_val": "3x227x227",
    "models__finetune_flickr_style__train_val": "3x227x227",
}


def test_all_real_networks_are_read(real):
    """Those without a size ask for it, and are read with it."""
    for path in sorted(real("prototxt").rglob("*.prototxt")):
        name = path.stem
        if name in SIZES:
            with pytest.raises(SpecError, match="the file has no size for its input"):
                load(str(path))
        load(str(path), inputs=[("", SIZES[name])] if name in SIZES else ())


def weighted(network):
    return [
        (layer.params, layer.macs, layer.output_shape[0])
        for layer in network.layers
        if layer.params and not layer.training_only
    ]


@pytest.mark.parametrize(
    ("file", "bundled"),
    [
        ("BVLC__caffe/models__bvlc_alexnet__deploy", "alexnet"),
        ("BVLC__caffe/models__bvlc_googlenet__deploy", "googlenet"),
        ("forresti__SqueezeNet/SqueezeNet_v1.0__deploy", "squeezenet1_0_caffe"),
        ("shicai__MobileNet-Caffe/mobilenet_deploy", "mobilenet_v1"),
    ],
)
def test_real_networks_equal_bundled_ones(file, bundled, real):
    assert Counter(weighted(load(str(real("prototxt") / f"{file}.prototxt")))) == Counter(weighted(load(bundled)))


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_real_resnets_equal_bundled_ones(depth, real):
    """The first convolution of the 50 layer network has a bias, 64 numbers more."""
    path = real("prototxt") / f"KaimingHe__deep-residual-networks/prototxt__ResNet-{depth}-deploy.prototxt"
    ours, theirs = Counter(weighted(load(f"resnet{depth}"))), Counter(weighted(load(str(path))))
    bias = 64 if depth == 50 else 0
    convolution = 64 * 7 * 7 * 3, 112 * 112 * 64 * 7 * 7 * 3, 64
    if bias:
        ours -= Counter([convolution])
        theirs -= Counter([(convolution[0] + bias, *convolution[1:])])
    assert ours == theirs
