"""Keras models, read as specs: sizes by hand from keras/src/ops/operation_utils.py, counts as Keras reports them."""

import csv
import json
import random
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError
from cnncalc.network.build import load

FILE = "net.json"
SHAPE = (None, 8, 10, 3)


def layer(kind, name="x", reads=("image",), module="keras.layers", numbers=(), **config):
    """A layer as Keras 3 writes it, called once."""
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [source, 0, 0]}} for source in reads]
    args = [*(tensors if len(reads) == 1 else [tensors]), *numbers]
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **config},
        "name": name,
        "inbound_nodes": [{"args": args, "kwargs": {"training": False}}],
    }


def image(shape=SHAPE, name="image"):
    return {
        "class_name": "InputLayer",
        "config": {"batch_shape": shape, "name": name},
        "name": name,
        "inbound_nodes": [],
    }


def functional(*layers, name="tiny", inputs=("image",), outputs=("x",)):
    config = {
        "name": name,
        "layers": list(layers),
        "input_layers": [[key, 0, 0] for key in inputs],
        "output_layers": [[key, 0, 0] for key in outputs],
    }
    return {"module": "keras", "class_name": "Functional", "config": config}


def sequential(*layers, **config):
    return {"class_name": "Sequential", "config": {"name": "chain", "layers": list(layers), **config}}


def plain(kind, name="x", **config):
    """A layer of a sequential model."""
    return {"class_name": kind, "config": {"name": name, **config}}


TINY = functional(
    image((None, 8, 8, 3)),
    layer("Conv2D", "conv", filters=4, kernel_size=[3, 3], strides=[2, 2], padding="same", use_bias=False),
    layer("BatchNormalization", "bn", ["conv"], axis=-1),
    layer("Activation", "act", ["bn"], activation="relu"),
    layer("DepthwiseConv2D", "dw", ["act"], kernel_size=[3, 3], padding="same", depth_multiplier=1),
    layer("Add", "sum", ["act", "dw"]),
    layer("GlobalAveragePooling2D", "pool", ["sum"], keepdims=False),
    layer("Dense", "x", ["pool"], units=5, activation="softmax"),
)


@pytest.fixture
def layers(shapes):
    return lambda model, **sizes: shapes(FILE, json.dumps(model), **sizes)


@pytest.fixture
def refused(problems):
    return lambda model, **sizes: problems(FILE, json.dumps(model), **sizes)


@pytest.fixture
def one(layers):
    """What a single layer becomes on a map of 3x8x10, without the names of the input and of the layer."""

    def read(kind, shape=SHAPE, **settings):
        return [line.removeprefix("x: ") for line in layers(functional(image(shape), layer(kind, **settings)))]

    return read


def test_layers_of_a_model(layers):
    assert layers(TINY) == [
        "conv: conv input -> 4x4x4",
        "bn: batch_norm conv -> 4x4x4",
        "act: relu bn -> 4x4x4",
        "dw: depthwise_conv act -> 4x4x4",
        "sum: add act, dw -> 4x4x4",
        "pool: global_avg_pool sum -> 4",
        "x: linear pool -> 5",
        "x_softmax: softmax x -> 5",
    ]


def test_the_counts_of_a_small_model(layers):
    layers(TINY)
    network = load(FILE)
    assert (network.name, network.outputs) == ("tiny", ("x_softmax",))
    # 27 x 4; factor and addend of 4 channels; 9 x 4 + 4; 4 x 5 + 5. 16 positions of 108 and 36 MACs, and 20.
    assert totals(network).params == 108 + 8 + 40 + 25
    assert totals(network).buffers == 8
    assert totals(network).macs == 16 * (108 + 36) + 20


def test_layers_have_the_places_of_the_file(layers, tmp_path):
    layers(TINY)
    Path(FILE).write_text(json.dumps(TINY, indent=1), encoding="utf-8")
    lines = Path(FILE).read_text(encoding="utf-8").split("\n")
    for found in load(FILE).layers[:3]:
        assert lines[found.span.line - 1].strip() == "{"
        assert '"class_name"' in "".join(lines[found.span.line : found.span.line + 3])


def test_sequential_models_of_all_versions(layers):
    flat, dense = plain("Flatten", "flat"), plain("Dense", "fc", units=2, use_bias=True)
    expected = ["flat: flatten input -> 12", "fc: linear flat -> 2"]
    first = plain("InputLayer", "in", batch_shape=[None, 2, 2, 3])
    assert layers(sequential(first, flat, dense)) == expected
    assert layers(sequential(plain("Flatten", "flat", batch_input_shape=[None, 2, 2, 3]), dense)) == expected
    assert layers(sequential(flat, dense, build_input_shape=[None, 2, 2, 3])) == expected
    alone = {"class_name": "Sequential", "config": [plain("Flatten", "flat", batch_input_shape=[1, 2, 2, 3]), dense]}
    assert layers(alone) == expected


def test_functional_models_of_keras_2(layers):
    def old(kind, name, nodes, **config):
        return {"class_name": kind, "config": {"name": name, **config}, "name": name, "inbound_nodes": nodes}

    model = {
        "class_name": "Model",
        "config": {
            "name": "old",
            "layers": [
                old("InputLayer", "in", [], batch_input_shape=[None, 4, 4, 2]),
                # A layer may come before those that it reads.
                old("Add", "sum", [[["c", 0, 0, {}], ["in", 0, 0, {}]]]),
                old("Conv2D", "c", [[["in", 0, 0, {}]]], filters=2, kernel_size=[1, 1]),
                old("TFOpLambda", "half", [["sum", 0, 0, {"y": 0.5, "name": None}]], function="math.multiply"),
                old("TFOpLambda", "all", [["half", 0, 0, {"y": ["c", 0, 0]}]], function="__operators__.add"),
            ],
            "input_layers": [["in", 0, 0]],
            "output_layers": [["all", 0, 0]],
        },
        "keras_version": "2.4.0",
        "backend": "tensorflow",
    }
    assert layers(model) == [
        "c: conv input -> 2x4x4",
        "sum: add c, input -> 2x4x4",
        "half: apply sum -> 2x4x4",
        "all: add half, c -> 2x4x4",
    ]
    assert load(FILE).layers[2].figures.type.function == "x * 0.5"


def test_shared_layers_share_their_weights(layers):
    conv = layer("Conv2D", "conv", filters=3, kernel_size=1)
    again = layer("Conv2D", "conv", ["conv"])
    conv["inbound_nodes"] += again["inbound_nodes"]
    model = functional(image(), conv, outputs=("conv",))
    model["config"]["output_layers"] = [["conv", 1, 0]]
    assert layers(model) == ["conv: conv input -> 3x8x10", "conv_2: conv conv -> 3x8x10"]
    network = load(FILE)
    assert totals(network).params == 12
    assert [layer.weights_from for layer in network.layers] == [None, "conv"]


def twin(*calls):
    """A model that is called on each of the given operands."""
    inner = functional(
        image((None, 4, 4, 2), "in"),
        layer("Conv2D", "c", ["in"], filters=2, kernel_size=1),
        layer("ReLU", "r", ["c"], max_value=6.0),
        name="inner",
        inputs=("in",),
        outputs=("r",),
    )
    return {**inner, "name": "twin", "inbound_nodes": list(calls)}


def call(name, number=0):
    (node,) = layer("", reads=[name])["inbound_nodes"]
    node["args"][0]["config"]["keras_history"][1] = number
    return node


def test_models_within_models(layers):
    """Their layers have the model's name before theirs, and each call shares the weights of the first."""
    shape = (None, 4, 4, 2)
    join = layer("Concatenate", "x", ["twin", "twin"], axis=-1)
    join["inbound_nodes"][0]["args"][0][1]["config"]["keras_history"][1] = 1
    inner = twin(call("a"), call("b"))
    assert layers(functional(image(shape, "a"), image(shape, "b"), inner, join, inputs=("a", "b"))) == [
        "twin/c: conv a -> 2x4x4",
        "twin/r: relu6 twin/c -> 2x4x4",
        "twin/c_2: conv b -> 2x4x4",
        "twin/r_2: relu6 twin/c_2 -> 2x4x4",
        "x: concat twin/r, twin/r_2 -> 4x4x4",
    ]
    assert totals(load(FILE)).params == 6


def test_numbers_of_calls_of_a_model(layers):
    """Keras 3 counts the calls of a model from 0 where layers read them, and from 1 in the list of outputs."""
    model = functional(image((None, 4, 4, 2)), twin(call("image"), call("twin")), layer("Flatten", reads=["twin"]))
    model["config"]["output_layers"] = [["twin", 1, 0], ["x", 0, 0]]
    assert layers(model)[2:] == [
        "twin/c_2: conv twin/r -> 2x4x4",
        "twin/r_2: relu6 twin/c_2 -> 2x4x4",
        "x: flatten twin/r -> 32",
    ]
    assert load(FILE).outputs == ("twin/r", "x")


def test_numbers_of_calls_of_a_model_in_keras_2(layers):
    """Keras 2 counts them from 1 in both places."""
    inner = {**twin(), "inbound_nodes": [[["image", 0, 0, {}]], [["twin", 1, 0, {}]]]}
    flat = {**plain("Flatten"), "name": "x", "inbound_nodes": [[["twin", 1, 0, {}]]]}
    model = functional(image((None, 4, 4, 2)), inner, flat)
    model["config"]["output_layers"] = [["twin", 2, 0], ["x", 0, 0]]
    assert layers(model)[2:] == [
        "twin/c_2: conv twin/r -> 2x4x4",
        "twin/r_2: relu6 twin/c_2 -> 2x4x4",
        "x: flatten twin/r -> 32",
    ]
    assert load(FILE).outputs == ("twin/r_2", "x")


def test_a_model_as_the_first_layer_of_a_list(layers):
    inner = functional(image(), layer("Flatten", "x"), name="base")
    assert layers(sequential(inner, plain("Dense", "fc", units=2))) == [
        "base/x: flatten input -> 240",
        "fc: linear base/x -> 2",
    ]


@pytest.mark.parametrize(
    ("kind", "settings", "becomes"),
    [
        ("Conv2D", {"filters": 4, "kernel_size": [3, 5]}, "conv input -> 4x6x6"),
        (
            "Conv2D",
            {"filters": 4, "kernel_size": 3, "dilation_rate": [2, 2], "padding": "same"},
            "conv input -> 4x8x10",
        ),
        ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 3, "strides": 2}, "conv input -> 6x3x4"),
        ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, "depthwise_conv input -> 6x6x8"),
        # The strides of "same" give 16x20, those of "valid" (8 - 1) x 2 + 3 = 17 and 21.
        (
            "Conv2DTranspose",
            {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
            "conv_transpose input -> 2x16x20",
        ),
        ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, "conv_transpose input -> 2x17x21"),
        # A kernel below the stride: 8 x 3 and 10 x 3.
        ("Conv2DTranspose", {"filters": 2, "kernel_size": 1, "strides": 3}, "conv_transpose input -> 2x24x30"),
        # (8 - 1) x 2 + 3 - 2 + 1 = 16.
        (
            "Conv2DTranspose",
            {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
            "conv_transpose input -> 2x16x20",
        ),
        ("Dense", {"units": 7}, "linear input -> 7x8x10"),
        ("MaxPooling2D", {"pool_size": [2, 2], "strides": None, "padding": "valid"}, "max_pool input -> 3x4x5"),
        ("AveragePooling2D", {"pool_size": [3, 3], "strides": [2, 2], "padding": "same"}, "avg_pool input -> 3x4x5"),
        ("GlobalMaxPooling2D", {"keepdims": True}, "global_max_pool input -> 3x1x1"),
        ("ZeroPadding2D", {"padding": [[0, 1], [2, 3]]}, "pad input -> 3x9x15"),
        ("ZeroPadding2D", {"padding": 1}, "pad input -> 3x10x12"),
        ("Cropping2D", {"cropping": [[1, 2], [0, 4]]}, "crop input -> 3x5x6"),
        ("UpSampling2D", {"size": [2, 3], "interpolation": "bilinear"}, "upsample input -> 3x16x30"),
        ("Flatten", {}, "flatten input -> 240"),
        ("Reshape", {"target_shape": [-1, 3]}, "reshape input -> 3x80"),
        ("Reshape", {"target_shape": [240]}, "flatten input -> 240"),
        ("Permute", {"dims": [3, 1, 2]}, "permute input -> 10x3x8"),
        ("Dropout", {"rate": 0.25}, "dropout input -> 3x8x10"),
        ("StochasticDepth", {"drop_path_rate": 0.1}, "drop_path input -> 3x8x10"),
        ("LayerScale", {"init_values": 1e-6, "projection_dim": 3}, "scale input -> 3x8x10"),
        ("LayerNormalization", {"axis": -1}, "layer_norm input -> 3x8x10"),
        ("LayerNormalization", {"axis": [1, 2, 3]}, "layer_norm input -> 3x8x10"),
        ("LayerNormalization", {"axis": [1, 2]}, "layer_norm input -> 3x8x10"),
        ("GroupNormalization", {"groups": 3}, "group_norm input -> 3x8x10"),
        ("GroupNormalization", {"groups": -1}, "group_norm input -> 3x8x10"),
        ("Normalization", {"axis": -1}, "batch_norm input -> 3x8x10"),
        ("BatchNormalization", {"axis": [3]}, "batch_norm input -> 3x8x10"),
        ("ReLU", {"max_value": 6.0}, "relu6 input -> 3x8x10"),
        ("ReLU", {"negative_slope": 0.1}, "leaky_relu input -> 3x8x10"),
        ("LeakyReLU", {"alpha": 0.3}, "leaky_relu input -> 3x8x10"),
        ("PReLU", {"shared_axes": [1, 2]}, "prelu input -> 3x8x10"),
        ("ELU", {"alpha": 1.0}, "elu input -> 3x8x10"),
        ("Softmax", {"axis": -1}, "softmax input -> 3x8x10"),
        ("Softmax", {"axis": 1}, "softmax input -> 3x8x10"),
        ("Relu", {"module": "keras.src.ops.nn"}, "relu input -> 3x8x10"),
        ("Activation", {"activation": "hard_silu"}, "hard_swish input -> 3x8x10"),
        ("Activation", {"activation": {"class_name": "ReLU", "config": {"max_value": 6}}}, "relu6 input -> 3x8x10"),
    ],
)
def test_layers(kind, settings, becomes, one):
    assert [line.split(": ")[-1] for line in one(kind, **settings)] == [becomes]


def test_separable_convolutions_are_two(layers):
    model = functional(image(), layer("SeparableConv2D", filters=4, kernel_size=3, depth_multiplier=2))
    assert layers(model) == ["x_depthwise: depthwise_conv input -> 6x6x8", "x_pointwise: conv x_depthwise -> 4x6x8"]
    # 27 x 2 weights of the first, without bias; 6 x 4 + 4.
    assert totals(load(FILE)).params == 54 + 28


def test_layers_along_one_axis(one):
    signal = (None, 16, 3)
    assert one("Conv1D", signal, filters=2, kernel_size=[3], padding="causal", dilation_rate=[2]) == [
        "conv input -> 2x16"
    ]
    assert one("MaxPooling1D", signal, pool_size=[2]) == ["max_pool input -> 3x8"]
    assert one("ZeroPadding1D", signal, padding=[1, 2]) == ["pad input -> 3x19"]
    assert one("GlobalAveragePooling1D", signal) == ["global_avg_pool input -> 3"]
    assert one("Dense", (None, 16), units=2) == ["linear input -> 2"]


def test_channels_first(one):
    first = (None, 3, 8, 10)
    settings = {"data_format": "channels_first", "filters": 4, "kernel_size": 3}
    assert one("Conv2D", first, **settings) == ["conv input -> 4x6x8"]
    # Without a layer that says so, the last axis is taken for the channels.
    assert one("BatchNormalization", first, axis=-1) == ["batch_norm input -> 10x3x8"]


def test_reshapes_that_split_channels_keep_the_order_of_numbers(layers):
    """In Keras the channels vary fastest: 8x10x3 as 8x30 joins each row's positions and channels."""
    assert layers(functional(image(), layer("Reshape", target_shape=[8, 30]))) == [
        "x_last: permute input -> 8x10x3",
        "x_reshape: reshape x_last -> 8x30",
        "x: permute x_reshape -> 30x8",
    ]
    assert layers(functional(image((None, 240)), layer("Reshape", target_shape=[8, 10, 3]))) == [
        "x: reshape input -> 3x8x10"
    ]


@pytest.mark.parametrize(
    ("settings", "params"), [({}, 6), ({"scale": False}, 3), ({"scale": False, "center": False}, 0)]
)
def test_normalization_with_a_factor_an_addend_both_or_none(settings, params, layers):
    layers(functional(image(), layer("BatchNormalization", axis=-1, **settings)))
    assert (totals(load(FILE)).params, totals(load(FILE)).buffers) == (params, 6)


def test_functions_of_numbers(layers):
    """Operations of tensors and numbers, and layers with constants, as expressions."""

    def function(kind, **settings):
        layers(functional(image(), layer(kind, **settings)))
        return load(FILE).layers[-1].figures.type.function

    ops = {"module": "keras.src.ops.numpy"}
    assert function("Add", numbers=[3.0], **ops) == "x + 3"
    assert function("Multiply", numbers=[0.16666666666666666], **ops) == "x * 0.16666666666666666"
    assert function("Subtract", numbers=[-1e-05], **ops) == "x - (-0.00001)"
    assert function("Rescaling", scale=0.00784313725490196, offset=-1.0) == "x * 0.00784313725490196 - 1"
    assert function("Normalization", axis=-1, mean=[[[0.5]]], variance=0.25) == "(x - (0.5)) / sqrt(0.25)"
    assert function("ReLU", max_value=4, negative_slope=0.5) == "min(x, 4) if x > 0 else 0.5 * x"
    assert function("Average", reads=["image", "image"]) == "x / 2"
    assert function("CustomScaleLayer", reads=["image", "image"], scale=0.17) == "x + y * 0.17"
    assert function("Maximum", reads=["image", "image"]) == "max(x, y)"
    assert function("Activation", activation="softsign") == "x / (1 + abs(x))"


def test_constants_for_each_channel(layers):
    assert layers(functional(image(), layer("Rescaling", scale=[1, 2, 3], offset=0)))[-3:] == [
        "x_channel_2: slice input -> 1x8x10",
        "x_2: apply x_channel_2 -> 1x8x10",
        "x: concat x_0, x_1, x_2 -> 3x8x10",
    ]


def test_layers_of_training_alone_are_left_out(layers):
    noise = layer("GaussianNoise", "n", stddev=0.1)
    assert layers(
        functional(image(), noise, layer("Activation", "l", ["n"], activation="linear"), layer("Flatten", "x", ["l"]))
    ) == ["x: flatten input -> 240"]


def test_sizes_that_a_model_leaves_open(layers, refused):
    model = functional(image((None, None, None, 1)), layer("Conv2D", filters=2, kernel_size=3))
    column = json.dumps(model).index('{"class_name": "InputLayer"') + 1
    message = f"{FILE}:1:{column}: the file has no size for its input 'image'; give it, as in --input 1x224x224"
    assert refused(model) == [message]
    assert layers(model, size="1x5x6") == ["x: conv input -> 2x3x4"]


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (
            "Lambda",
            {},
            "'Lambda' of layer 'x' cannot be read; it has Python code, which is never executed",
        ),
        ("LSTM", {}, "'LSTM' of layer 'x' cannot be read"),
        ("Conv2d", {}, "'Conv2d' of layer 'x' cannot be read; did you mean 'Conv2D'"),
        ("TFOpLambda", {"function": "math.sin"}, "TFOpLambda 'x' has the function 'math.sin', which cannot be read"),
        ("Conv2D", {"filters": "4"}, "filters takes a whole number from 1 to 1,000,000,000, not '4'"),
        (
            "Conv2D",
            {"filters": 4, "kernel_size": [3, 3, 3]},
            "kernel_size takes whole numbers from 1 to 1,000,000,000, one or 2",
        ),
        (
            "Conv2D",
            {"filters": 4, "padding": "full"},
            "Conv2D 'x' has padding 'full', and only same, valid and causal can be read",
        ),
        ("Conv2D", {"filters": 4, "activation": "relo"}, "Conv2D 'x' has the activation 'relo', which cannot be read"),
        ("Conv1D", {"filters": 4}, "Conv1D 'x' needs an input of 1 spatial axes, and reads one of 2"),
        ("Conv2D", {"filters": 4, "kernel_size": 99}, "'x': kernel 99 does not fit"),
        ("BatchNormalization", {"axis": 1}, "BatchNormalization 'x' normalizes another axis than the channels"),
        ("Softmax", {"axis": 0}, "Softmax 'x' takes an axis from 1 to 3, not 0"),
        ("Concatenate", {"axis": 1.5}, "Concatenate 'x' needs a whole number as its axis"),
        ("Reshape", {"target_shape": [7, -1]}, "Reshape 'x' cannot give 240 numbers the shape '[7, -1]'"),
        ("Permute", {"dims": [1, 1, 2]}, "Permute 'x' needs dims, an order of the axes from 1 to 3"),
        ("PReLU", {}, "PReLU 'x' has a slope for each position"),
        ("Flatten", {"reads": ["nowhere"]}, "Flatten 'x' reads a layer that does not exist, or itself in a circle"),
        ("Flatten", {"reads": ["x"]}, "Flatten 'x' reads a layer that does not exist, or itself in a circle"),
        ("Rescaling", {"scale": [1, 2]}, "Rescaling 'x' has 2 constants for 3 channels"),
        ("Rescaling", {"scale": "1/255"}, "scale takes a number, not '1/255'"),
    ],
)
def test_what_cannot_be_read(kind, settings, message, refused):
    (found,) = refused(functional(image(), layer(kind, **settings)))
    assert found.partition(": ")[2].startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"class_name": "MyModel", "config": {}}',
            "1:1: 'MyModel' is not a Functional, Model or Sequential model",
        ),
        ('{"class_name": "Sequential", "config": {"layers": []}}', "1:40: the model has no layers"),
        ('{"class_name": "Sequential", "config": 3}', "1:1: config takes an object, not '3'"),
        ('{"class_name": "Sequential", "config": {"layers": [1]}}', "1:40: layers takes a list of objects, not a list"),
        ('{"class_name": "Sequential", "config": {', "1:41: expected JSON, not the end of the file"),
        ('{"class_name": "Sequential", "config": {}} x', "1:43: expected the end of the file, not ' x'"),
        ('{"class_name": "Sequential",}', "1:29: expected a value, not '}'"),
        (
            '{"class_name": "Functional", "config": {"layers": [], "output_layers": []}}',
            "1:40: the model has no outputs",
        ),
    ],
)
def test_models_that_cannot_be_read(text, message, problems):
    (found,) = problems(FILE, text)
    assert found.startswith(f"{FILE}:{message}")


def test_all_unknown_layers_at_once(refused):
    inner = functional(image(), layer("GRU", "x"), name="inner")
    model = functional(image(), layer("LSTM", "a"), inner, layer("Lambda", "x", ["a"]))
    assert [problem.split("'")[1] for problem in refused(model)] == ["LSTM", "GRU", "Lambda"]


def test_a_spec_in_json_is_a_spec(shapes):
    assert shapes(FILE, '{"name": "a", "input": [3, 8, 8], "layers": ["relu"]}') == ["relu: relu input -> 3x8x8"]


def archive(*, method=zipfile.ZIP_STORED, config="", weights=b"\0" * 1_000):
    data = BytesIO()
    with zipfile.ZipFile(data, "w", method) as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", config or json.dumps(TINY))
        file.writestr("model.weights.h5", weights)
    return data.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives(method, tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    # Larger than a spec may be: only its configuration is read.
    Path("net.keras").write_bytes(archive(method=method, weights=random.Random(3).randbytes(11_000_000)))
    assert len(load("net.keras").layers) == 8
    assert "a Keras model" in run("summary", "net.keras").stdout
    assert "weight (4x3x3x3)" in run("explain", "net.keras", "conv").stdout


def test_archives_that_cannot_be_read(tmp_path):
    path = tmp_path / "net.keras"

    def refused(data):
        path.write_bytes(data)
        with pytest.raises(SpecError) as error:
            load(str(path))
        return str(error.value).removeprefix(f"{path}: ")

    broken = "is not an archive with a readable config.json; save it again, or write model.to_json() to a .json file"
    whole = archive()
    assert refused(b"") == broken
    assert refused(whole[:-30]) == broken
    assert refused(whole.replace(b"config.json", b"config.jsen")) == broken
    assert refused(archive(method=zipfile.ZIP_LZMA)) == broken
    assert refused(b"\x89HDF\r\n") == (
        "is an HDF5 file, which cannot be read; save the model with Keras 3, or write model.to_json() to a .json file"
    )
    bomb = archive(method=zipfile.ZIP_DEFLATED, config=" " * 50_000_000)
    assert len(bomb) < 100_000
    assert refused(bomb).startswith("is larger than 10,000,000 bytes")


def test_a_directory_of_an_archive_is_bounded(tmp_path):
    path = tmp_path / "net.keras"
    with zipfile.ZipFile(path, "w") as file:
        for at in range(20_000):
            file.writestr(f"{at}", "")
    with pytest.raises(SpecError, match="is not an archive with a readable config"):
        load(str(path))


def test_mutilated_archives_are_refused_or_read(tmp_path):
    path = tmp_path / "net.keras"
    chance = random.Random(5)
    whole = archive(weights=b"", method=zipfile.ZIP_DEFLATED)
    outcomes = set()
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(bytes(data[: chance.choice((None, None, chance.randrange(len(data))))]))
        try:
            outcomes.add(bool(load(str(path)).layers))
        except SpecError:
            outcomes.add(False)
    assert outcomes == {True, False}


def mutate(value, chance, rate):
    """A copy of a JSON value in which some values are others."""
    if chance.random() < rate:
        odd = [None, -1, 0, 10**20, 1e300, "", "x", [], {}, True, [[]], ["image", 0, 0], {"class_name": "Lambda"}]
        return chance.choice(odd)
    if isinstance(value, dict):
        return {key: mutate(item, chance, rate) for key, item in value.items() if chance.random() > rate / 2}
    if isinstance(value, list):
        return [mutate(item, chance, rate) for item in value]
    return value


def test_mutilated_models_are_refused_or_read(layers):
    """No file makes a traceback."""
    chance = random.Random(11)
    nested = functional(image((None, 8, 8, 3)), dict(TINY, name="x", inbound_nodes=layer("")["inbound_nodes"]))
    outcomes = set()
    for at in range(400):
        try:
            outcomes.add(bool(layers(mutate((TINY, nested)[at % 2], chance, 0.01))))
        except SpecError:
            outcomes.add(False)
    assert outcomes == {True, False}


def test_truncated_models_are_refused(problems):
    text = json.dumps(TINY)
    for end in range(60, len(text), 97):
        assert len(problems(FILE, text[:end])) == 1


def test_hostile_models_are_refused(problems):
    start = '{"class_name": "Sequential", "config": '
    assert "nested more than 60 deep" in problems(FILE, f"{start}{'[' * 100_000}")[0]
    assert "more than 1,000,000 values" in problems(FILE, f"{start}[{'0,' * 1_000_001}0]}}")[0]
    assert "expected JSON" in problems(FILE, f'{start}"{"x" * 1_000_000}')[0]
    assert problems(FILE, f"{start}{'9' * 1_000_000}}}")[0].startswith(f"{FILE}:1:1: config takes an object, not '")


@pytest.mark.parametrize("kind", ["ReLU", "GaussianNoise"])
def test_models_that_multiply_are_refused(kind, refused):
    """Each calls the one within it ten times, which comes to a thousand million calls, of layers or of nothing."""
    model = functional(image(), layer(kind), name="m")
    for _ in range(9):
        inner = dict(model, name="m", inbound_nodes=layer("")["inbound_nodes"] * 10)
        model = functional(image(), inner, outputs=("m",), name="m")
    assert "the models within the file come to more than 150,000 layers and connections" in refused(model)[0]


def expected(folder):
    with Path(folder, "expected.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    keys = ("trainable_params", "non_trainable_params", "macs")
    return {row["model"]: tuple(int(row[key]) for key in keys) for row in rows}


def test_real_models_have_the_figures_that_keras_reports(real):
    """Normalization keeps how many numbers it has seen, one number that no other framework has and no layer here."""
    folder = real("keras")
    for name, figures in expected(folder).items():
        found = totals(load(str(folder / f"{name}.json"), inputs=[("", "3x224x224")] if "V3" in name else ()))
        counted = 1 if name.startswith("EfficientNet") else 0
        assert (found.params, found.buffers + counted, found.macs) == figures, name


@pytest.mark.parametrize(
    ("file", "bundled"), [("VGG16", "vgg16"), ("DenseNet121", "densenet121"), ("MobileNetV2", "mobilenet_v2")]
)
def test_real_models_equal_bundled_networks(file, bundled, real):
    def weighted(network):
        return [(layer.params, layer.macs) for layer in network.layers if layer.params]

    assert weighted(load(str(real("keras") / f"{file}.json"))) == weighted(load(bundled))
