"""ONNX models, read as specs: sizes by hand from onnx/docs/Operators.md, and hostile files."""

import random
from collections import Counter

import pytest
from onnx_files import Graph, field, function, model, node, numbers, tensors_of, weights

from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError
from cnncalc.interchange import onnx
from cnncalc.network.build import load

FILE = "net.onnx"
IMAGE = (1, 3, 8, 8)


def show(layer):
    shape = "x".join(map(str, layer.output_shape))
    return f"{layer.figures.type.name} {', '.join(layer.inputs)} -> {shape}"


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(data, **sizes):
        (tmp_path / FILE).write_bytes(data)
        return load(FILE, inputs=[("" if name == "size" else name, text) for name, text in sizes.items()])

    return read


@pytest.fixture
def layers(network):
    """The layers of a file as `name: type inputs -> shape`."""
    return lambda data, **sizes: [f"{layer.name}: {show(layer)}" for layer in network(data, **sizes).layers]


@pytest.fixture
def refused(network):
    """What is wrong with a file, one line a problem."""

    def read(data, **sizes):
        with pytest.raises(SpecError) as error:
            network(data, **sizes)
        return [str(problem) for problem in error.value.problems]

    return read


@pytest.fixture
def one(network):
    """What a single operator becomes: its layers, the learned parameters, and the MACs."""

    def read(op, shape=IMAGE, tensors=None, reads="", opset=17, outputs="y", **attributes):
        names = reads or " ".join(("x", *(tensors or {})))
        data = model([node(op, names, outputs, **attributes)], {"x": shape}, outputs.split()[0], tensors, opset=opset)
        made = network(data)
        found = totals(made)
        return [show(layer) for layer in made.layers], found.params, found.macs

    return read


def settings(made):
    return [layer.settings for layer in made.layers]


# --- convolutions ---

SAME = {"auto_pad": "SAME_UPPER"}
CONVOLUTIONS = {
    # 4 x 3 x 3 x 3 weights and 4 biases; 8 x 8 positions.
    "conv": ({"w": weights(4, 3, 3, 3), "b": weights(4)}, {"pads": [1, 1, 1, 1]}, "conv input -> 4x8x8", 112, 6912),
    # (8 - 3) // 2 + 1 = 3.
    "stride": ({"w": weights(4, 3, 3, 3)}, {"strides": [2, 2]}, "conv input -> 4x3x3", 108, 972),
    # ceil(8 / 2) = 4.
    "same": ({"w": weights(4, 3, 3, 3)}, {"strides": [2, 2], **SAME}, "conv input -> 4x4x4", 108, 1728),
    "same_lower": ({"w": weights(2, 3, 2, 2)}, {"auto_pad": "SAME_LOWER"}, "conv input -> 2x8x8", 24, 1536),
    "valid": ({"w": weights(2, 3, 2, 2)}, {"auto_pad": "VALID"}, "conv input -> 2x7x7", 24, 1176),
    # 8 - (2 * 2 + 1) + 1 = 4.
    "dilation": ({"w": weights(1, 3, 3, 3)}, {"dilations": [2, 2]}, "conv input -> 1x4x4", 27, 432),
    "uneven": ({"w": weights(1, 3, 3, 3)}, {"pads": [0, 1, 2, 1]}, "conv input -> 1x8x8", 27, 1728),
    "depthwise": ({"w": weights(6, 1, 3, 3)}, {"group": 3}, "depthwise_conv input -> 6x6x6", 54, 1944),
}  # fmt: skip


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions(one, case):
    tensors, attributes, wanted, params, macs = CONVOLUTIONS[case]
    assert one("Conv", tensors=tensors, **attributes) == ([wanted], params, macs)


def test_convolutions_in_groups(one):
    # 6 filters read 2 of 4 channels each.
    read = one("Conv", (1, 4, 8, 8), {"w": weights(6, 2, 1, 1), "b": weights(6)}, group=2)
    assert read == (["conv input -> 6x8x8"], 18, 768)


def test_convolutions_of_signals_and_volumes(one):
    assert one("Conv", (1, 3, 8), {"w": weights(4, 3, 3)})[0] == ["conv input -> 4x6"]
    assert one("Conv", (1, 3, 8, 8, 8), {"w": weights(4, 3, 3, 3, 3)})[0] == ["conv input -> 4x6x6x6"]


def test_transposed_convolutions(one):
    # (8 - 1) * 2 + 3 - 2 + 1 = 16; each weight is used at each of the 64 positions of the input.
    attributes = {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}
    read = one("ConvTranspose", tensors={"w": weights(3, 4, 3, 3), "b": weights(4)}, **attributes)
    assert read == (["conv_transpose input -> 4x16x16"], 112, 6912)
    read = one("ConvTranspose", tensors={"w": weights(3, 4, 3, 3)}, strides=[2, 2], output_shape=[16, 16])
    assert read[0] == ["conv_transpose input -> 4x16x16"]
    read = one("ConvTranspose", tensors={"w": weights(3, 4, 3, 3)}, strides=[2, 2], auto_pad="SAME_UPPER")
    assert read[0] == ["conv_transpose input -> 4x16x16"]


def test_a_bias_of_zeros_without_a_name_is_none(one, network):
    zeros = node("ConstantOfShape", "four", "b", value=numbers(0.0))
    nodes = [zeros, node("Conv", "x w b", "y")]
    made = network(model(nodes, {"x": IMAGE}, "y", {"w": weights(4, 3, 1, 1), "four": numbers(4)}))
    assert totals(made).params == 12


# --- pools ---


def test_pools(one):
    kernel = {"kernel_shape": [3, 3], "strides": [2, 2]}
    assert one("MaxPool", **kernel)[0] == ["max_pool input -> 3x3x3"]
    # ceil((8 - 3) / 2) + 1 = 4.
    assert one("MaxPool", **kernel, ceil_mode=1)[0] == ["max_pool input -> 3x4x4"]
    assert one("MaxPool", **kernel, pads=[1, 1, 1, 1])[0] == ["max_pool input -> 3x4x4"]
    assert one("AveragePool", **kernel, pads=[1, 1, 1, 1])[0] == ["avg_pool input -> 3x4x4"]
    assert one("MaxPool", kernel_shape=[2, 2])[0] == ["max_pool input -> 3x7x7"]
    # More padding than a pool may have is a layer of its own.
    assert one("MaxPool", kernel_shape=[2, 2], pads=[2, 2, 2, 2])[0] == [
        "pad input -> 3x12x12",
        "max_pool y -> 3x11x11",
    ]


def test_means_count_the_padding_or_not(network):
    pool = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [node("AveragePool", "x", "a", **pool), node("AveragePool", "a", "y", **pool, count_include_pad=1)]
    assert [made["count_include_pad"] for made in settings(network(model(nodes, {"x": IMAGE}, "y")))] == [False, True]


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
def test_global_pools(one, op):
    assert one(op)[0] == [f"global_{op[6:9].lower().replace('ave', 'avg')}_pool input -> 3"]


def test_a_pool_of_the_whole_map_is_global(one):
    assert one("AveragePool", kernel_shape=[8, 8])[0] == ["global_avg_pool input -> 3"]


def test_a_global_pool_keeps_its_axes_where_a_map_is_needed(layers):
    nodes = [
        node("GlobalAveragePool", "x", "p"),
        node("Conv", "p w", "c"),
        node("Sigmoid", "c", "s"),
        node("Mul", "x s", "y"),
    ]
    assert layers(model(nodes, {"x": IMAGE}, "y", {"w": weights(3, 3, 1, 1)})) == [
        "p: global_avg_pool input -> 3x1x1",
        "c: conv p -> 3x1x1",
        "s: sigmoid c -> 3x1x1",
        "y: multiply input, s -> 3x8x8",
    ]


def test_a_global_pool_and_a_flatten_are_one_vector(layers):
    for flat in (node("Flatten", "p", "f"), node("Reshape", "p shape", "f"), node("Squeeze", "p axes", "f")):
        nodes = [node("GlobalAveragePool", "x", "p"), flat, node("Gemm", "f w b", "y", transB=1)]
        tensors = {"w": weights(10, 3), "b": weights(10), "shape": numbers(0, -1), "axes": numbers(2, 3)}
        assert layers(model(nodes, {"x": IMAGE}, "y", tensors)) == [
            "p: global_avg_pool input -> 3",
            "y: linear p -> 10",
        ]


# --- normalization ---


def test_normalizations(one):
    vector = {"s": weights(3), "b": weights(3)}
    assert one("BatchNormalization", tensors={**vector, "m": weights(3), "v": weights(3)})[:2] == (
        ["batch_norm input -> 3x8x8"],
        6,
    )
    assert one("InstanceNormalization", tensors=vector)[:2] == (["instance_norm input -> 3x8x8"], 6)
    four = {"s": weights(4), "b": weights(4)}
    assert one("GroupNormalization", (1, 4, 8, 8), four, num_groups=2)[:2] == (["group_norm input -> 4x8x8"], 8)
    assert one("LRN", size=5)[0] == ["lrn input -> 3x8x8"]
    assert one("LpNormalization", axis=1)[0] == ["reduce input -> 1x8x8", "apply input, y -> 3x8x8"]
    assert one("MeanVarianceNormalization", axes=[0, 2, 3])[0] == ["layer_norm input -> 3x8x8"]


@pytest.mark.parametrize(("op", "kind"), [("LayerNormalization", "layer_norm"), ("RMSNormalization", "rms_norm")])
def test_normalizations_of_tokens(network, op, kind):
    # Samples x positions x channels: what is normalized are the channels of a spec.
    made = network(model([node(op, "x s", "y", axis=-1)], {"x": (1, 49, 16)}, "y", {"s": weights(16)}, opset=23))
    assert [show(layer) for layer in made.layers] == [f"{kind} input -> 16x49"]
    assert made.layers[0].settings["axes"] == "channels"


def written_layer_norm(*, power=True, reciprocal=False, order="mc"):
    square = node("Pow", "d two", "q") if power else node("Mul", "d d", "q")
    last = [node("Div", "d r", "n")]
    if reciprocal:
        last = [node("Reciprocal", "r", "i"), node("Mul", "i d" if order == "cm" else "d i", "n")]
    return [
        node("ReduceMean", "x", "m", axes=[-1]),
        node("Sub", "x m", "d"),
        square,
        node("ReduceMean", "q", "v", axes=[-1]),
        node("Add", "v epsilon", "e"),
        node("Sqrt", "e", "r"),
        *last,
        node("Mul", "n s", "p"),
        node("Add", "p b", "y"),
    ]


WRITTEN = {"two": numbers(2.0, shape=()), "epsilon": numbers(1e-5, shape=()), "s": weights(16), "b": weights(16)}


@pytest.mark.parametrize("how", [{}, {"power": False}, {"reciprocal": True}, {"reciprocal": True, "order": "cm"}])
def test_layer_norm_written_as_means(network, how):
    made = network(model(written_layer_norm(**how), {"x": (1, 49, 16)}, "y", WRITTEN, opset=13))
    assert [show(layer) for layer in made.layers] == ["layer_norm input -> 16x49"]
    assert totals(made).params == 32


def test_rms_norm_written_as_means(network):
    nodes = [
        node("Pow", "x two", "q"),
        node("ReduceMean", "q", "v", axes=[-1]),
        node("Add", "v epsilon", "e"),
        node("Sqrt", "e", "r"),
        node("Div", "x r", "y"),
    ]
    made = network(model(nodes, {"x": (1, 49, 16)}, "y", WRITTEN, opset=13))
    assert [show(layer) for layer in made.layers] == ["rms_norm input -> 16x49"]


def test_group_norm_written_as_instance_norm(network):
    nodes = [
        node("Reshape", "x groups", "g"),
        node("InstanceNormalization", "g ones zeros", "n"),
        node("Reshape", "n shape", "r"),
        node("Mul", "r s", "m"),
        node("Add", "m b", "y"),
    ]
    tensors = {
        "groups": numbers(0, 2, -1), "shape": numbers(1, 4, 8, 8), "s": weights(4, 1, 1), "b": weights(4, 1, 1),
        "ones": numbers(1.0, 1.0), "zeros": numbers(0.0, 0.0),
    }  # fmt: skip
    made = network(model(nodes, {"x": (1, 4, 8, 8)}, "y", tensors))
    assert [show(layer) for layer in made.layers] == ["group_norm input -> 4x8x8"]
    assert (made.layers[0].settings["groups"], totals(made).params) == (2, 8)


def test_a_batch_norm_and_the_factors_behind_it_are_one(network):
    nodes = [
        node("BatchNormalization", "x s b m v", "n"),
        node("Unsqueeze", "scale", "u", axes=[1, 2]),
        node("Mul", "n u", "p"),
        node("Add", "p offset", "y"),
    ]
    tensors = dict.fromkeys("sbmv", weights(3)) | {"scale": weights(3), "offset": weights(3, 1, 1)}
    made = network(model(nodes, {"x": IMAGE}, "y", tensors, opset=9))
    assert ([show(layer) for layer in made.layers], totals(made).params) == (["batch_norm input -> 3x8x8"], 6)


# --- elementwise operators ---

CHAINS = {
    "relu": [("Relu", "x", {})],
    "relu6": [("Clip", "x zero six", {})],
    "sigmoid": [("Sigmoid", "x", {})],
    "tanh": [("Tanh", "x", {})],
    "absolute": [("Abs", "x", {})],
    "softplus": [("Softplus", "x", {})],
    "leaky_relu": [("LeakyRelu", "x", {"alpha": 0.1})],
    "elu": [("Elu", "x", {"alpha": 0.5})],
    "selu": [("Selu", "x", {})],
    "gelu": [("Gelu", "x", {})],
    "hard_sigmoid": [("HardSigmoid", "x", {"alpha": 1 / 6})],
    "hard_swish": [("HardSwish", "x", {})],
    "mish": [("Mish", "x", {})],
    "silu": [("Sigmoid", "x", {}), ("Mul", "x t0", {})],
    "silu turned": [("Sigmoid", "x", {}), ("Mul", "t0 x", {})],
    "silu by hand": [("Neg", "x", {}), ("Exp", "t0", {}), ("Add", "t1 one", {}), ("Div", "x t2", {})],
    "hard_swish of torch": [
        ("Add", "x three", {}), ("Clip", "t0 zero six", {}), ("Mul", "x t1", {}), ("Div", "t2 six", {}),
    ],
    "hard_swish of paddle": [("HardSigmoid", "x", {"alpha": 1 / 6}), ("Mul", "x t0", {})],
    "mish of torch": [("Softplus", "x", {}), ("Tanh", "t0", {}), ("Mul", "x t1", {})],
    "gelu of torch": [
        ("Div", "x root", {}), ("Erf", "t0", {}), ("Add", "t1 one", {}), ("Mul", "x t2", {}), ("Mul", "t3 half", {}),
    ],
    "gelu of tf2onnx": [
        ("Mul", "x half", {}), ("Div", "x root", {}), ("Erf", "t1", {}), ("Add", "one t2", {}), ("Mul", "t3 t0", {}),
    ],
    "leaky_relu by choice": [("Mul", "x half", {}), ("Max", "x t0", {})],
    "leaky_relu by Where": [("Greater", "x zero", {}), ("Mul", "x half", {}), ("Where", "t0 x t1", {})],
    "hard_sigmoid of keras": [("Add", "x three", {}), ("Min", "t0 six", {}), ("Relu", "t1", {}), ("Div", "t2 six", {})],
}  # fmt: skip
CONSTANTS = {
    "zero": numbers(0.0, shape=()), "one": numbers(1.0, shape=()), "three": numbers(3.0, shape=()),
    "six": numbers(6.0, shape=()), "half": numbers(0.5, shape=()), "root": numbers(2**0.5, shape=()),
    "odd": numbers(1.702, shape=()),
}  # fmt: skip


def chain(steps):
    return [node(op, reads, f"t{at}", **attributes) for at, (op, reads, attributes) in enumerate(steps)]


@pytest.mark.parametrize("case", CHAINS)
def test_activations_are_recognized_by_their_values(layers, case):
    steps = CHAINS[case]
    last = f"t{len(steps) - 1}"
    read = layers(model(chain(steps), {"x": IMAGE}, last, CONSTANTS))
    assert read == [f"{last}: {case.split()[0]} input -> 3x8x8"]


def test_settings_of_activations(network):
    steps = [("LeakyRelu", "x", {"alpha": 0.1}), ("Elu", "t0", {"alpha": 0.5}), ("LeakyRelu", "t1", {})]
    made = network(model(chain(steps), {"x": IMAGE}, "t2"))
    assert [str(next(iter(item.values()))) for item in settings(made)] == ["1/10", "1/2", "1/100"]


def test_the_tanh_form_of_gelu(network):
    cubic = {"c": numbers(0.044715, shape=()), "k": numbers(0.7978845608, shape=()), "cube": numbers(3.0, shape=())}
    steps = [
        ("Pow", "x cube", {}), ("Mul", "t0 c", {}), ("Add", "x t1", {}), ("Mul", "t2 k", {}), ("Tanh", "t3", {}),
        ("Add", "t4 one", {}), ("Mul", "x t5", {}), ("Mul", "half t6", {}),
    ]  # fmt: skip
    made = network(model(chain(steps), {"x": IMAGE}, "t7", CONSTANTS | cubic))
    assert [(layer.figures.type.name, layer.settings) for layer in made.layers] == [("gelu", {"approximate": "tanh"})]


def test_other_functions_keep_their_text(network):
    steps = [("Mul", "x odd", {}), ("Sigmoid", "t0", {}), ("Mul", "x t1", {})]
    made = network(model(chain(steps), {"x": IMAGE}, "t2", CONSTANTS))
    assert settings(made) == [{"function": "x * sigmoid(x * 1.702)"}]
    steps = [("Sub", "one x", {}), ("Div", "t0 three", {}), ("Sqrt", "t1", {}), ("Exp", "t2", {})]
    made = network(model(chain(steps), {"x": IMAGE}, "t3", CONSTANTS))
    assert settings(made) == [{"function": "exp(sqrt((1 - x) / 3))"}]


def test_an_activation_that_is_read_elsewhere_stays(layers):
    # The product alone would be a silu.
    nodes = [node("Sigmoid", "x", "s"), node("Mul", "x s", "m"), node("Concat", "m s", "y", axis=1)]
    assert layers(model(nodes, {"x": IMAGE}, "y")) == [
        "s: sigmoid input -> 3x8x8",
        "m: multiply input, s -> 3x8x8",
        "y: concat m, s -> 6x8x8",
    ]


def test_an_activation_behind_another(layers):
    nodes = [node("Relu", "x", "r"), node("Sigmoid", "r", "s"), node("Mul", "r s", "y")]
    assert layers(model(nodes, {"x": IMAGE}, "y")) == ["r: relu input -> 3x8x8", "y: silu r -> 3x8x8"]


def test_a_residual_of_an_activation_is_a_sum(layers):
    nodes = [node("Gelu", "x", "g"), node("Add", "x g", "y")]
    assert layers(model(nodes, {"x": IMAGE}, "y")) == ["g: gelu input -> 3x8x8", "y: add input, g -> 3x8x8"]


def test_an_operator_that_does_nothing_is_no_layer(layers):
    nodes = [
        node("Mul", "x one", "m"),
        node("Identity", "m", "i"),
        node("Dropout", "i zero", "d"),
        node("Relu", "d", "y"),
    ]
    assert layers(model(nodes, {"x": IMAGE}, "y", CONSTANTS)) == ["y: relu input -> 3x8x8"]


def test_joins(layers):
    nodes = [
        node("Conv", "x w", "a"),
        node("Conv", "x v", "b"),
        node("Sum", "a b", "s"),
        node("Sub", "s a", "d"),
        node("Mul", "d b", "m"),
        node("Div", "m a", "q"),
        node("Max", "q b", "y"),
    ]
    assert layers(model(nodes, {"x": IMAGE}, "y", {"w": weights(3, 3, 1, 1), "v": weights(3, 3, 1, 1)}))[2:] == [
        "s: add a, b -> 3x8x8",
        "d: subtract s, a -> 3x8x8",
        "m: multiply d, b -> 3x8x8",
        "q: apply m, a -> 3x8x8",
        "y: apply q, b -> 3x8x8",
    ]


def test_learned_vectors(one, network):
    channel = {"b": weights(3, 1, 1)}
    assert one("Add", tensors=channel)[:2] == (["bias input -> 3x8x8"], 3)
    assert one("Mul", tensors=channel)[:2] == (["scale input -> 3x8x8"], 3)
    assert one("Add", tensors={"b": weights(1, 3, 8, 8)})[:2] == (["bias input -> 3x8x8"], 192)
    # One number for each column.
    assert one("Add", tensors={"b": weights(8)})[:2] == (["parameter  -> 1x1x8", "add input, y -> 3x8x8"], 8)
    assert one("PRelu", tensors=channel)[:2] == (["prelu input -> 3x8x8"], 3)
    assert one("PRelu", tensors={"b": weights(1)})[:2] == (["prelu input -> 3x8x8"], 1)


def test_a_bias_belongs_to_the_layer_before_it(network):
    for op, w, b in (("Conv", weights(4, 3, 1, 1), weights(4, 1, 1)), ("MatMul", weights(8, 5), weights(5))):
        nodes = [node(op, "x w", "m"), node("Add", "b m", "y")]
        made = network(model(nodes, {"x": IMAGE}, "y", {"w": w, "b": b}))
        assert len(made.layers) == 1
        assert made.layers[0].settings["bias"] is True


# --- shapes and layouts ---


def test_shapes_that_are_computed(layers):
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n axis", "u"),
        node("Concat", "u rest", "c", axis=0),
        node("Reshape", "x c", "r"),
        node("MatMul", "r w", "y"),
    ]
    tensors = {"zero": numbers(0, shape=()), "axis": numbers(0), "rest": numbers(-1), "w": weights(192, 5)}
    assert layers(model(nodes, {"x": ("batch", 3, 8, 8)}, "y", tensors)) == [
        "r: flatten input -> 192",
        "y: linear r -> 5",
    ]


def test_arithmetic_of_shapes(layers):
    nodes = [
        node("Shape", "x", "s"),
        node("Slice", "s two four", "h"),
        node("Cast", "h", "f", to=1),
        node("Mul", "f factor", "m"),
        node("Floor", "m", "l"),
        node("Cast", "l", "i", to=7),
        node("Slice", "s zero two", "b"),
        node("Concat", "b i", "z", axis=0),
        node("Resize", "x - - z", "y", mode="linear"),
    ]
    tensors = {"zero": numbers(0), "two": numbers(2), "four": numbers(4), "factor": numbers(1.6, shape=())}
    # floor(8 * 1.6) = 12.
    assert layers(model(nodes, {"x": IMAGE}, "y", tensors)) == ["y: upsample input -> 3x12x12"]


def test_channels_at_the_end(layers):
    """A network of TensorFlow: transposes around each convolution are no layers."""
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("Conv", "t w", "c"),
        node("Transpose", "c", "u", perm=[0, 2, 3, 1]),
        node("Relu", "u", "r"),
        node("MatMul", "r v", "m"),
        node("Transpose", "m", "o", perm=[0, 3, 1, 2]),
        node("MaxPool", "o", "y", kernel_shape=[2, 2], strides=[2, 2]),
    ]
    tensors = {"w": weights(4, 3, 1, 1), "v": weights(4, 5)}
    wanted = ["c: conv input -> 4x6x9", "r: relu c -> 4x6x9", "m: conv r -> 5x6x9", "y: max_pool m -> 5x3x4"]
    assert layers(model(nodes, {"x": (1, 6, 9, 3)}, "y", tensors)) == wanted
    assert layers(model(nodes, {"x": ("n", "h", "w", "c")}, "y", tensors), size="3x6x9") == wanted


def test_tokens_have_their_channels_first(layers):
    nodes = [node("MatMul", "x w", "m"), node("Add", "m b", "y")]
    made = layers(model(nodes, {"x": ("n", 49, 16)}, "y", {"w": weights(16, 5), "b": weights(5)}))
    assert made == ["m: linear input -> 5x49"]


def test_channel_shuffle(network):
    for shape in (numbers(1, 2, 3, 8, 8), numbers(0, 2, -1, 8, 8)):
        nodes = [
            node("Reshape", "x split", "r"),
            node("Transpose", "r", "t", perm=[0, 2, 1, 3, 4]),
            node("Reshape", "t join", "y"),
        ]
        made = network(model(nodes, {"x": (1, 6, 8, 8)}, "y", {"split": shape, "join": numbers(1, -1, 8, 8)}))
        assert [show(layer) for layer in made.layers] == ["channel_shuffle input -> 6x8x8"]
        assert settings(made) == [{"groups": 2}]


def test_pixel_shuffles(one, network):
    assert one("DepthToSpace", (1, 12, 4, 4), blocksize=2)[0] == ["pixel_shuffle input -> 3x8x8"]
    assert one("SpaceToDepth", blocksize=2)[0] == ["pixel_unshuffle input -> 12x4x4"]
    nodes = [
        node("Reshape", "x split", "r"),
        node("Transpose", "r", "t", perm=[0, 1, 4, 2, 5, 3]),
        node("Reshape", "t join", "y"),
    ]
    tensors = {"split": numbers(1, 3, 2, 2, 4, 4), "join": numbers(1, 3, 8, 8)}
    made = network(model(nodes, {"x": (1, 12, 4, 4)}, "y", tensors))
    assert [show(layer) for layer in made.layers] == ["pixel_shuffle input -> 3x8x8"]
    nodes[1] = node("Transpose", "r", "t", perm=[0, 1, 3, 5, 2, 4])
    tensors = {"split": numbers(1, 3, 4, 2, 4, 2), "join": numbers(1, 12, 4, 4)}
    made = network(model(nodes, {"x": IMAGE}, "y", tensors))
    assert [show(layer) for layer in made.layers] == ["pixel_unshuffle input -> 12x4x4"]


def test_windows_of_a_map(layers):
    nodes = [
        node("Reshape", "x split", "r"),
        node("Transpose", "r", "t", perm=[0, 1, 3, 2, 4, 5]),
        node("Reshape", "t join", "w"),
        node("MatMul", "w v", "y"),
    ]
    tensors = {"split": numbers(1, 2, 4, 2, 4, 16), "join": numbers(4, 16, 16), "v": weights(16, 5)}
    assert layers(model(nodes, {"x": (1, 8, 8, 16)}, "y", tensors)) == [
        # Channels x windows x positions.
        "w: reshape input -> 2x4x2x4x16",
        "w_2: permute w -> 2x2x4x4x16",
        "w_3: reshape w_2 -> 4x16x16",
        "y: linear w_3 -> 4x16x5",
    ]


def test_parts(one, layers):
    assert one("Slice", tensors={"s": numbers(1), "e": numbers(3), "a": numbers(1)})[0] == ["slice input -> 2x8x8"]
    read = one("Slice", tensors={"s": numbers(-6), "e": numbers(9999), "a": numbers(2), "t": numbers(2)})
    assert read[0] == ["slice input -> 3x3x8"]
    assert one("Slice", starts=[0, 2], ends=[8, 4], axes=[2, 3], opset=9)[0] == ["slice input -> 3x8x2"]
    assert one("Gather", tensors={"i": numbers(2, shape=())}, axis=1)[0] == ["slice input -> 1x8x8"]
    assert one("Gather", tensors={"i": numbers(5, 2, 5)}, axis=2)[0] == ["gather input -> 3x3x8"]
    nodes = [node("Split", "x sizes", "a b", axis=1), node("Concat", "b a", "y", axis=1)]
    assert layers(model(nodes, {"x": (1, 5, 8, 8)}, "y", {"sizes": numbers(2, 3)})) == [
        "a: slice input -> 2x8x8",
        "a_2: slice input -> 3x8x8",
        "y: concat a_2, a -> 5x8x8",
    ]


def test_parts_of_equal_size(layers):
    nodes = [node("Split", "x", "a b c", axis=1), node("Mul", "a c", "y")]
    assert layers(model(nodes, {"x": (1, 6, 8, 8)}, "y", opset=11)) == [
        "a: slice input -> 2x8x8",
        "a_2: slice input -> 2x8x8",
        "y: multiply a, a_2 -> 2x8x8",
    ]


def test_a_cyclic_shift(network):
    parts = []
    for axis, name, source in ((2, "r", "x"), (3, "y", "r")):
        cut = {"axes": [axis]}
        parts += [
            node("Slice", source, f"{name}1", starts=[3], ends=[8], **cut),
            node("Slice", source, f"{name}2", starts=[0], ends=[3], **cut),
            node("Concat", f"{name}1 {name}2", name, axis=axis),
        ]
    made = network(model(parts, {"x": IMAGE}, "y", opset=9))
    assert [(show(layer), layer.settings) for layer in made.layers] == [("roll input -> 3x8x8", {"shift": (-3, -3)})]


def test_padding_and_resizing(one, network):
    pads = {"p": numbers(0, 0, 1, 2, 0, 0, 3, 4)}
    assert one("Pad", tensors=pads)[0] == ["pad input -> 3x12x14"]
    assert one("Pad", tensors=pads, mode="edge")[0] == ["pad input -> 3x12x14"]
    assert one("Pad", pads=[0, 1, 0, 0, 0, 2, 0, 0], opset=9)[0] == ["pad input -> 6x8x8"]
    assert one("Pad", tensors={"p": numbers(0, 0, 0, 0, 0, 0, -1, -1)})[0] == ["pad input -> 3x7x7"]
    double = numbers(1.0, 1.0, 2.0, 2.0)
    assert one("Upsample", tensors={"s": double}, opset=9)[0] == ["upsample input -> 3x16x16"]
    assert one("Resize", tensors={"s": double}, opset=10)[0] == ["upsample input -> 3x16x16"]
    read = one("Resize", reads="x - s", tensors={"s": double}, mode="cubic", opset=13)
    assert read[0] == ["upsample input -> 3x16x16"]


def test_repeated_tensors(one):
    assert one("Expand", (1, 3, 1, 8), {"s": numbers(1, 3, 4, 8)})[0] == ["concat input, input, input, input -> 3x4x8"]
    assert one("Tile", tensors={"r": numbers(1, 2, 1, 1)})[0] == ["concat input, input -> 6x8x8"]


def test_reductions(one):
    assert one("ReduceMean", axes=[2, 3])[0] == ["global_avg_pool input -> 3"]
    assert one("ReduceMax", axes=[2, 3], keepdims=0)[0] == ["global_max_pool input -> 3"]
    assert one("ReduceMean", axes=[1])[0] == ["reduce input -> 8x8"]
    assert one("ReduceSum", tensors={"a": numbers(-1)}, keepdims=0)[0] == ["reduce input -> 3x8"]
    assert one("ReduceL2", axes=[3])[0] == ["reduce input -> 3x8"]
    assert one("ReduceMin", axes=[1, 2, 3])[0] == ["reduce input -> 1"]
    assert one("ReduceSumSquare", axes=[1])[0] == ["apply input -> 3x8x8", "reduce y -> 8x8"]
    assert one("ReduceL1", axes=[1])[0] == ["absolute input -> 3x8x8", "reduce y -> 8x8"]


def test_softmax(one, refused):
    assert one("Softmax", axis=1)[0] == ["softmax input -> 3x8x8"]
    assert one("LogSoftmax")[0] == ["log_softmax input -> 3x8x8"]
    assert one("Softmax", (1, 10), opset=11)[0] == ["softmax input -> 10"]
    data = model([node("Softmax", "x", "y")], {"x": IMAGE}, "y", opset=11)
    assert refused(data) == [
        f"{FILE}: node 'y': Softmax is over several axes together, as operators before version 13 are"
    ]


# --- products ---


def attention(scores, mixed):
    return [
        node("MatMul", "x wq", "q"),
        node("MatMul", "x wk", "k"),
        node("MatMul", "x wv", "v"),
        *(node("Reshape", f"{name} heads", f"{name}r") for name in "qkv"),
        node("Transpose", "qr", "qt", perm=[0, 2, 1, 3]),
        node("Transpose", "vr", "vt", perm=[0, 2, 1, 3]),
        *scores,
        node("Softmax", "s", "a", axis=-1),
        *mixed,
        node("Transpose", "m", "mt", perm=[0, 2, 1, 3]),
        node("Reshape", "mt join", "j"),
        node("MatMul", "j wo", "y"),
    ]


def test_attention(network):
    by_product = [node("Transpose", "kr", "kt", perm=[0, 2, 3, 1]), node("MatMul", "qt kt", "s")]
    by_letters = [
        node("Transpose", "kr", "kt", perm=[0, 2, 1, 3]),
        node("Einsum", "qt kt", "s", equation="bhnd,bhmd->bhnm"),
    ]
    tensors = dict.fromkeys(("wq", "wk", "wv", "wo"), weights(16, 16))
    tensors |= {"heads": numbers(0, 0, 4, 4), "join": numbers(0, 0, 16)}
    for scores in (by_product, by_letters):
        nodes = attention(scores, [node("MatMul", "a vt", "m")])
        made = network(model(nodes, {"x": ("n", 49, 16)}, "y", tensors))
        # 4 linear layers of 49 x 16 x 16, and two products of 49 x 49 x 16.
        assert totals(made).macs == 4 * 49 * 256 + 2 * 49 * 49 * 16
        assert Counter(layer.figures.type.name for layer in made.layers) == {
            "linear": 4, "reshape": 3, "einsum": 2, "softmax": 1, "flatten": 1,
        }  # fmt: skip
        assert [str(layer.output_shape) for layer in made.layers if layer.figures.type.name == "einsum"] == [
            "4x49x49",
            "4x4x49",
        ]


def test_the_operator_attention(network):
    made = network(model([node("Attention", "q k v", "y")], dict.fromkeys("qkv", (1, 4, 49, 8)), "y", opset=23))
    assert totals(made).macs == 2 * 4 * 49 * 49 * 8
    # Heads within the channels, and two heads of queries for each of the keys.
    shapes = {"q": (1, 49, 32), "k": (1, 49, 16), "v": (1, 49, 16)}
    made = network(model([node("Attention", "q k v", "y", q_num_heads=4, kv_num_heads=2)], shapes, "y", opset=23))
    assert totals(made).macs == 2 * 4 * 49 * 49 * 8
    assert str(made.layers[-1].output_shape) == "32x49"


def test_linear_layers(one, network):
    assert one("Gemm", (1, 8), {"w": weights(8, 5), "b": weights(5)}) == (["linear input -> 5"], 45, 40)
    assert one("Gemm", (1, 8), {"w": weights(5, 8)}, transB=1) == (["linear input -> 5"], 40, 40)
    assert one("MatMul", (1, 8), {"w": weights(8, 5)}) == (["linear input -> 5"], 40, 40)
    # The channels are where a product with a matrix sums.
    assert one("MatMul", (1, 7, 8), {"w": weights(8, 5)}) == (["linear input -> 5x7"], 40, 280)
    # Nothing says that the last axis is the channels, and the sum is over it all the same.
    read = one("Einsum", (1, 7, 8), {"w": weights(8, 5)}, equation="bnc,cd->bnd")
    assert read == (["linear input -> 7x5"], 40, 280)
    made = network(model([node("MatMul", "w x", "y")], {"x": (1, 8, 7)}, "y", {"w": weights(5, 8)}))
    assert totals(made).macs == 5 * 8 * 7


def test_products_of_two_tensors(network):
    made = network(model([node("MatMul", "a b", "y")], {"a": (1, 7, 8), "b": (1, 8, 5)}, "y"))
    assert totals(made).macs == 7 * 8 * 5
    made = network(model([node("Einsum", "a b", "y", equation="bij,bkj->bik")], {"a": (1, 7, 8), "b": (1, 5, 8)}, "y"))
    assert totals(made).macs == 7 * 8 * 5


def test_recurrences(network, refused):
    for op, gates in (("LSTM", 4), ("GRU", 3)):
        tensors = {"w": weights(1, gates * 6, 5), "r": weights(1, gates * 6, 6), "b": weights(1, 2 * gates * 6)}
        nodes = [
            node("Transpose", "x", "t", perm=[1, 0, 2]),
            node(op, "t w r b", "h"),
            node("Squeeze", "h one", "q"),
            node("Transpose", "q", "p", perm=[1, 0, 2]),
            node("MatMul", "p v", "y"),
        ]
        data = model(nodes, {"x": (1, 9, 5)}, "y", {**tensors, "one": numbers(1), "v": weights(6, 2)})
        made = network(data)
        kinds = [layer.figures.type.name for layer in made.layers if layer.figures.weights]
        assert kinds == [op.lower(), "linear"]
        # Weights of input and state, two biases for each gate, and 6 x 2 of the last layer.
        assert totals(made).params == gates * 6 * (5 + 6 + 2) + 12
        assert str(made.layers[-1].output_shape) == "2x9"


def test_tables_of_vectors(network):
    nodes = [node("Gather", "table x", "e"), node("MatMul", "e w", "y")]
    made = network(model(nodes, {"x": (1, 12)}, "y", {"table": weights(100, 16), "w": weights(16, 5)}))
    assert [show(layer) for layer in made.layers] == ["embedding input -> 16x12", "linear e -> 5x12"]
    assert totals(made).params == 1600 + 80


def test_looked_up_biases(network):
    """A table with fewer rows than indices, as the positions of Swin have one."""
    nodes = [
        node("Gather", "table places", "g", axis=0),
        node("Transpose", "g", "t", perm=[1, 0]),
        node("Reshape", "t shape", "r"),
        node("Add", "x r", "y"),
    ]
    tensors = {"table": weights(3, 4), "places": numbers(1, 0, 2, 1), "shape": numbers(1, 4, 2, 2)}
    made = network(model(nodes, {"x": (1, 4, 2, 2)}, "y", tensors))
    assert totals(made).params == 12
    assert [layer.figures.type.name for layer in made.layers][-1] == "add"


# --- quantization, functions, branches ---


def test_quantized_networks(layers):
    scale = {"s": numbers(0.1, shape=()), "z": numbers(0, shape=())}
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("DequantizeLinear", "w s z", "wd"),
        node("Conv", "d wd", "y"),
    ]
    assert layers(model(nodes, {"x": IMAGE}, "y", {**scale, "w": weights(4, 3, 3, 3)})) == ["y: conv input -> 4x6x6"]
    nodes = [node("QuantizeLinear", "x s z", "q"), node("QLinearConv", "q s z w s z s z b", "y")]
    tensors = {**scale, "w": weights(4, 3, 3, 3), "b": weights(4)}
    assert layers(model(nodes, {"x": IMAGE}, "y", tensors)) == ["y: conv input -> 4x6x6"]


def test_functions_are_read_as_their_nodes(layers, refused):
    body = function("Block", "local", "a w", "b", [node("Conv", "a w", "c"), node("Relu", "c", "b")])
    nodes = [
        node("Block", "x w", "h", domain="local", name="first"),
        node("Block", "h v", "y", domain="local", name="last"),
    ]
    tensors = {"w": weights(4, 3, 1, 1), "v": weights(2, 4, 1, 1)}
    assert layers(model(nodes, {"x": IMAGE}, "y", tensors, functions=[body])) == [
        "first/Conv: conv input -> 4x8x8",
        "first/Relu: relu first/Conv -> 4x8x8",
        "last/Conv: conv first/Relu -> 2x8x8",
        "last/Relu: relu last/Conv -> 2x8x8",
    ]
    loop = function("Block", "local", "a w", "b", [node("Block", "a w", "b", domain="local")])
    (problem,) = refused(model(nodes, {"x": IMAGE}, "y", tensors, functions=[loop]))
    assert problem.endswith("functions call functions at more than 12 levels")


def test_a_choice_by_the_shape(layers, refused):
    branches = {
        "then_branch": Graph([node("Conv", "x w", "c")], ["c"]),
        "else_branch": Graph([node("Relu", "x", "r")], ["r"]),
    }
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s one", "n", axis=0),
        node("Equal", "n three", "e"),
        node("If", "e", "y", **branches),
    ]
    tensors = {"one": numbers(1, shape=()), "three": numbers(3, shape=()), "w": weights(4, 3, 1, 1)}
    assert layers(model(nodes, {"x": IMAGE}, "y", tensors)) == ["c: conv input -> 4x8x8"]
    assert layers(model(nodes, {"x": (1, 2, 8, 8)}, "y", tensors)) == ["r: relu input -> 2x8x8"]
    data = model([node("If", "x", "y", **branches)], {"x": IMAGE}, "y", tensors)
    assert "chooses between two networks by data" in refused(data)[0]


# --- names and shared weights ---


def test_names_of_modules_in_paths(layers):
    nodes = [
        node("Conv", "x w", "a", name="/layer1/layer1.0/conv1/Conv"),
        node("Relu", "a", "b", name="/layer1/layer1.0/relu/Relu"),
        node("Conv", "b v", "c", name="/layer1/layer1.0/conv2/Conv"),
        node("Add", "c x", "d", name="/layer1/layer1.0/Add"),
        node("Relu", "d", "e", name="/layer1/layer1.0/relu_1/Relu"),
        node("Flatten", "e", "y", name="/Flatten"),
    ]
    tensors = {"w": weights(3, 3, 1, 1), "v": weights(3, 3, 1, 1)}
    assert layers(model(nodes, {"x": IMAGE}, "y", tensors)) == [
        "layer1.0.conv1: conv input -> 3x8x8",
        "layer1.0.relu: relu layer1.0.conv1 -> 3x8x8",
        "layer1.0.conv2: conv layer1.0.relu -> 3x8x8",
        "layer1.0.add: add layer1.0.conv2, input -> 3x8x8",
        "layer1.0.relu_1: relu layer1.0.add -> 3x8x8",
        "flatten: flatten layer1.0.relu_1 -> 192",
    ]


def scoped(op, reads, outputs, scopes, classes, **attributes):
    metadata = {
        "pkg.torch.onnx.name_scopes": str(["", *scopes, op.lower()]),
        "pkg.torch.onnx.class_hierarchy": str(["net.Net", *classes, f"aten.{op.lower()}.default"]),
        "pkg.torch.onnx.stack_trace": "a line of Python",
    }
    return node(op, reads, outputs, metadata=metadata, **attributes)


def test_names_and_classes_of_modules_in_metadata():
    block = (["layer1", "layer1.0"], ["torch.nn.Sequential", "net.Bottleneck"])
    nodes = [
        scoped(
            "Conv", "x layer1.0.conv1.weight", "a", [*block[0], "layer1.0.bn1"], [*block[1], "torch.nn.BatchNorm2d"]
        ),
        scoped("Relu", "a", "b", [*block[0], "layer1.0.relu"], [*block[1], "torch.nn.ReLU"]),
        scoped("Add", "b x", "y", *block),
    ]
    graph = onnx.read(model(nodes, {"x": IMAGE}, "y", {"layer1.0.conv1.weight": weights(3, 3, 1, 1)}), FILE, {})
    assert [layer.name for layer in graph.layers] == ["layer1.0.conv1", "layer1.0.relu", "layer1.0.add"]
    assert graph.classes == {"layer1": "Sequential", "layer1.0": "Bottleneck"}


def test_names_change_no_number(network):
    def build(prefix):
        nodes = [
            node("Conv", "x w", f"{prefix}1", name=f"{prefix}conv"),
            node("Sigmoid", f"{prefix}1", f"{prefix}2", name=f"{prefix}s"),
            node("Mul", f"{prefix}1 {prefix}2", f"{prefix}3"),
            node("GlobalAveragePool", f"{prefix}3", f"{prefix}4"),
            node("Flatten", f"{prefix}4", f"{prefix}5"),
            node("Gemm", f"{prefix}5 v", "y", transB=1),
        ]
        return network(model(nodes, {"x": IMAGE}, "y", {"w": weights(4, 3, 3, 3), "v": weights(5, 4)}))

    shown = [[layer.figures for layer in build(prefix).layers] for prefix in ("a", "/b/c/", "onnx::", "é?")]
    assert all(other == shown[0] for other in shown)


def test_shared_weights(network):
    nodes = [
        node("Conv", "x w b", "a", name="one"),
        node("Conv", "a w b", "c", name="two"),
        node("BatchNormalization", "c s s s s", "d"),
        node("BatchNormalization", "d s s s s", "y"),
    ]
    made = network(model(nodes, {"x": IMAGE}, "y", {"w": weights(3, 3, 1, 1), "b": weights(3), "s": weights(3)}))
    # 9 weights and 3 biases once; equal vectors of normalizations are stored once, and are not shared.
    assert totals(made).params == 12 + 6 + 6
    assert [layer.weights_from for layer in made.layers] == [None, "one", None, None]


def test_tensors_that_are_equal_by_chance(network):
    """Torch stores equal tensors once, and marks the others by Identity."""
    nodes = [node("Identity", "w", "v"), node("Conv", "x w", "a"), node("Conv", "a v", "y")]
    made = network(model(nodes, {"x": IMAGE}, "y", {"w": weights(3, 3, 1, 1)}))
    assert totals(made).params == 18


def test_a_mask_is_not_learned(network):
    # Named by the exporter, with two values: added to the scores, and never learned.
    mask = numbers(*[0.0, -100.0] * 8, shape=(1, 1, 4, 4))
    computed = numbers(*[0.0, 1.0] * 8, shape=(1, 1, 4, 4))
    for name, values, params in (("attn_mask", mask, 0), ("onnx::Add_7", computed, 0), ("table", computed, 16)):
        made = network(model([node("Add", f"x {name}", "y")], {"x": (1, 3, 4, 4)}, "y", {name: values}))
        assert totals(made).params == params
        assert totals(made).buffers == 16 - params


# --- inputs ---


def test_symbolic_sizes_ask_for_input(layers, refused):
    data = model([node("Relu", "x", "y")], {"x": ("batch", 3, "h", "w")}, "y")
    assert refused(data) == [
        f"{FILE}: node 'x': the file has no size for its input 'x'; give it, as in --input 3x224x224"
    ]
    assert layers(data, size="3x16x24") == ["y: relu input -> 3x16x24"]


def test_a_batch_is_left_out(layers):
    for batch in ("N", 1, 16):
        nodes = [node("Reshape", "x shape", "f"), node("Gemm", "f w", "y", transB=1)]
        tensors = {"shape": numbers(16 if batch == 16 else 1, 192), "w": weights(5, 192)}
        data = model(nodes, {"x": (batch, 3, 8, 8)}, "y", tensors)
        assert layers(data) == ["f: flatten input -> 192", "y: linear f -> 5"]


def test_a_graph_without_a_name_has_that_of_its_file(network):
    for name, shown in (("Tiny", "Tiny"), ("main_graph", "net"), ("", "net")):
        made = network(model([node("Relu", "x", "y")], {"x": IMAGE}, "y", name=name))
        assert made.name == shown


def test_initializers_among_the_inputs(layers):
    data = model([node("Conv", "x w", "y")], {"x": IMAGE, "w": (4, 3, 1, 1)}, "y", {"w": weights(4, 3, 1, 1)}, opset=8)
    assert layers(data) == ["y: conv input -> 4x8x8"]


def test_what_no_output_needs_is_left_out(layers):
    nodes = [node("Relu", "x", "y"), node("Unknown", "x", "z"), node("Conv", "x w", "u")]
    assert layers(model(nodes, {"x": IMAGE}, "y", {"w": weights(4, 3, 1, 1)})) == ["y: relu input -> 3x8x8"]


# --- what cannot be read ---


def test_all_unknown_operators_at_once(refused):
    nodes = [
        node("Relu", "x", "a"),
        node("Sparkle", "a", "b", name="first"),
        node("Conv", "b w", "c"),
        node("Glitter", "x", "d", domain="my.ops"),
        node("Add", "c d", "y"),
    ]
    assert refused(model(nodes, {"x": IMAGE}, "y", {"w": weights(4, 3, 1, 1)})) == [
        f"{FILE}: node 'first': the operator 'Sparkle' cannot be read (it reads 'a': 1x3x8x8)",
        f"{FILE}: node 'd': the operator 'my.ops.Glitter' cannot be read (it reads 'x': 1x3x8x8)",
    ]


def test_opaque_layers_have_the_shapes_of_the_file():
    nodes = [node("Sparkle", "x w", "a"), node("Relu", "a", "y")]
    shapes = {"a": ("batch", 5, 4, 4)}
    data = model(nodes, {"x": IMAGE}, "y", {"w": weights(7, 3)}, inner=shapes)
    graph = onnx.read(data, FILE, {}, opaque=True)
    assert [(layer.type, layer.settings, layer.inputs) for layer in graph.layers] == [
        ("opaque", {"output": (5, 4, 4), "params": 21, "macs": 0}, ("input",)),
        ("relu", {}, ("a",)),
    ]
    with pytest.raises(SpecError):
        onnx.read(model(nodes, {"x": IMAGE}, "y", {"w": weights(7, 3)}), FILE, {}, opaque=True)


@pytest.mark.parametrize("op", ["Loop", "Scan", "NonZero", "NonMaxSuppression", "TopK"])
def test_what_depends_on_data_is_refused_by_name(refused, op):
    (problem,) = refused(model([node(op, "x", "y")], {"x": IMAGE}, "y"))
    assert problem == (
        f"{FILE}: node 'y': the operator '{op}' cannot be read (it reads 'x': 1x3x8x8); what it computes, or how much,"
        " depends on data"
    )


def test_shapes_that_depend_on_data(refused):
    nodes = [node("ReduceSum", "x", "s", keepdims=0), node("Reshape", "x s", "y")]
    (problem,) = refused(model(nodes, {"x": IMAGE}, "y"))
    assert "Reshape has 's', which depends on data; only networks whose shapes follow" in problem


def test_a_tensor_that_no_node_makes(refused):
    nodes = [node("Relu", "b", "a"), node("Relu", "a", "b")]
    assert refused(model([*nodes, node("Add", "x b", "y")], {"x": IMAGE}, "y"))[0] == (
        f"{FILE}: node 'a': Relu reads 'b', which no node before it computes"
    )


def test_settings_that_do_not_fit(refused):
    assert (
        "has weights for 4 channels, and its input has 3"
        in refused(model([node("Conv", "x w", "y")], {"x": IMAGE}, "y", {"w": weights(2, 4, 1, 1)}))[0]
    )
    assert (
        "has the shape [1, 5] for 192 elements"
        in refused(model([node("Reshape", "x s", "y")], {"x": IMAGE}, "y", {"s": numbers(1, 5)}))[0]
    )


# --- broken and hostile files ---


def test_what_is_no_model(refused):
    assert refused(b"") == [
        f"{FILE}: the file has no graph, so it is no ONNX model; the file may be truncated, or in another format"
    ]
    assert "at byte 0" in refused(b"name: tiny\nlayers: []\n")[0]


def test_errors_of_the_wire_name_their_byte(refused):
    data = model([node("Relu", "x", "y")], {"x": IMAGE}, "y")
    # Cut in the middle: the graph begins behind its key and its length, at byte 8.
    (problem,) = refused(data[:40])
    assert (
        problem.startswith(f"{FILE}: a field of 84 bytes exceeds the 32 that are left at byte") or "at byte" in problem
    )
    assert "a field has number 0 at byte 0" in refused(b"\0\0")[0]
    assert "wire type 7 does not exist at byte 0" in refused(bytes([7 << 3 | 7]))[0]
    assert "a number has more than 10 bytes at byte 1" in refused(bytes([8]) + b"\xff" * 12)[0]


def test_huge_declarations_cost_nothing(refused, network):
    huge = network(model([node("MatMul", "x w", "y")], {"x": (1, 8)}, "y", {"w": weights(8, 2**40)}))
    assert totals(huge).params == 2**43
    for tensors in ({"w": weights(8, 2**62, 2**62)}, {"w": weights(-1)}, {"w": weights(*[1] * 100)}):
        assert refused(model([node("MatMul", "x w", "y")], {"x": (1, 8)}, "y", tensors))
    count = node("ConstantOfShape", "n", "c"), node("Add", "x c", "s"), node("Relu", "s", "y")
    network(model(count, {"x": (1, 8)}, "y", {"n": numbers(1, 8)}))
    assert refused(model([node("Tile", "x n", "y")], {"x": (1, 8)}, "y", {"n": numbers(1, 2**60)}))
    expand = node("Expand", "c n", "e"), node("Add", "x e", "y")
    check(network, model(expand, {"x": (1, 8)}, "y", {"c": weights(1, 8), "n": numbers(2**60, 8)}))


def test_names_of_a_megabyte(network, refused):
    name = "n" * 1_000_000
    made = network(model([node("Relu", "x", "y", name=name)], {"x": IMAGE}, "y"))
    assert len(made.layers[0].name) <= 200
    (problem,) = refused(model([node(name, "x", "y")], {"x": IMAGE}, "y"))
    assert len(problem) < 300


def test_branches_within_branches(refused):
    graph = Graph([node("Relu", "x", "r")], ["r"])
    for _ in range(40):
        other = Graph([node("Relu", "x", "r")], ["r"])
        graph = Graph([node("If", "c", "r", then_branch=graph, else_branch=other)], ["r"])
    choice = node("If", "c", "r", then_branch=graph, else_branch=graph)
    data = model([choice, node("Add", "x r", "y")], {"x": IMAGE}, "y", {"c": numbers(1)})
    assert "nested more than 12 deep" in refused(data)[0]


def fixtures():
    """Small models with most kinds of operators."""
    letters = attention([node("Transpose", "kr", "kt", perm=[0, 2, 3, 1]), node("MatMul", "qt kt", "s")], [
        node("MatMul", "a vt", "m")
    ])  # fmt: skip
    tensors = dict.fromkeys(("wq", "wk", "wv", "wo"), weights(16, 16))
    yield model(
        letters, {"x": ("n", 49, 16)}, "y", {**tensors, "heads": numbers(0, 0, 4, 4), "join": numbers(0, 0, 16)}
    )
    nodes = [
        node("Conv", "x w b", "a", name="/layer1/conv/Conv", pads=[1, 1, 1, 1]),
        *chain([("Sigmoid", "a", {}), ("Mul", "a t0", {})]),
        node("Split", "t1 sizes", "p q", axis=1),
        node("Concat", "q p", "c", axis=1),
        node("Resize", "c - two", "u", mode="linear"),
        node("Slice", "u start stop axes", "v"),
        node("GlobalAveragePool", "v", "g"),
        node("Flatten", "g", "f"),
        node("Gemm", "f m n", "y", transB=1),
    ]
    tensors = {
        "w": weights(4, 3, 3, 3), "b": weights(4), "sizes": numbers(1, 3), "two": numbers(1.0, 1.0, 2.0, 2.0),
        "start": numbers(1), "stop": numbers(9), "axes": numbers(2), "m": weights(5, 4), "n": weights(5),
    }  # fmt: skip
    yield model(nodes, {"x": IMAGE}, "y", tensors)
    yield model(written_layer_norm(), {"x": (1, 49, 16)}, "y", WRITTEN, opset=13)
    body = function("Block", "local", "a w", "b", [node("Conv", "a w", "c"), node("Relu", "c", "b")])
    branch = Graph([node("Block", "x w", "c", domain="local")], ["c"], {"z": numbers(1.5)})
    nodes = [node("If", "yes", "y", then_branch=branch, else_branch=branch)]
    yield model(nodes, {"x": IMAGE}, "y", {"yes": numbers(1), "w": weights(4, 3, 1, 1)}, functions=[body])


@pytest.mark.parametrize("at", range(4))
def test_broken_files_are_refused_or_read(network, at):
    data = list(fixtures())[at]
    network(data)
    chance = random.Random(at)
    for size in range(0, len(data), 7):
        check(network, data[:size])
    for _ in range(400):
        broken = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 5))):
            place = chance.randrange(len(broken))
            kind = chance.randrange(4)
            if kind == 0:
                broken[place] ^= 1 << chance.randrange(8)
            elif kind == 1:
                broken[place] = chance.choice((0, 1, 127, 128, 255))
            elif kind == 2:
                del broken[place : place + chance.randrange(1, 9)]
            else:
                broken[place:place] = broken[place : place + chance.randrange(1, 30)]
        check(network, bytes(broken))


ATTRIBUTES = {
    "axis": (-2, -1, 0, 1, 2, 9), "axes": ([1], [-1], [2, 3], [0, 0], []), "perm": ([0, 2, 1], [0, 2, 3, 1], [1, 0]),
    "kernel_shape": ([2, 2], [3], [0, 3]), "strides": ([2, 2], [-1, 1]), "pads": ([1, 1, 1, 1], [0, -1]),
    "group": (0, 1, 3),
    "keepdims": (0, 1), "equation": ("bij,bjk->bik", "ab->ba", "...a,a", "i,i->"), "split": ([1, 2], [3]), "to": (1, 7),
    "num_groups": (0, 2), "blocksize": (0, 2), "mode": ("linear", "edge"), "auto_pad": ("SAME_UPPER", "VALID", "?"),
    "starts": ([0, 1], [9]), "ends": ([4, 4], [1]), "alpha": (0.5, -1.0), "hidden_size": (4,), "transA": (1,),
}  # fmt: skip


def build_at_random(chance):
    """A model of operators that may not fit together."""
    shapes = ((1, 3, 8, 8), ("n", 6, 4, 4), (1, 8), (2, 4, 8), (1, 16, 49), (1, 8, 8, 3), (7,))
    tensors = {}
    for at in range(6):
        sizes = [chance.choice((1, 2, 3, 4, 8)) for _ in range(chance.randrange(5))]
        few = [chance.choice((-1, 0, 1, 2, 4, 8)) for _ in range(chance.choice((1, 2, 4)))]
        reals = numbers(*[chance.choice((0.5, 2.0, 3.0))] * chance.choice((1, 3)))
        tensors[f"w{at}"] = chance.choice(
            (weights(*sizes), numbers(*few), numbers(chance.choice((0, 1, 3)), shape=()), reals)
        )
    names, nodes = ["x"], []
    for at in range(chance.randrange(1, 12)):
        others = [*names[-3:], *tensors, "-"]
        reads = [chance.choice([*names[-4:], "x"]), *chance.choices(others, k=chance.randrange(4))]
        given = chance.sample(list(ATTRIBUTES), chance.randrange(4))
        attributes = {key: chance.choice(ATTRIBUTES[key]) for key in given}
        nodes.append(node(chance.choice(list(onnx.READERS)), " ".join(reads), f"t{at}", **attributes))
        names.append(f"t{at}")
    opset = chance.choice((7, 11, 13, 17, 23))
    return model(nodes, {"x": chance.choice(shapes)}, chance.choice(names[1:]), tensors, opset=opset)


def test_operators_at_random_are_refused_or_read(network):
    chance = random.Random(11)
    for _ in range(1_500):
        check(network, build_at_random(chance))


def test_large_whole_numbers_of_constants_are_bounded(network):
    nodes, last = [], "c"
    for at in range(200):
        nodes.append(node("Mul", f"{last} {last}", f"t{at}"))
        last = f"t{at}"
    network(model([*nodes, node("Add", f"x {last}", "y")], {"x": (1, 4)}, "y", {"c": numbers(3, 3, 3, 3)}))


def check(network, data):
    """A file is read, or refused with messages."""
    try:
        network(data)
    except SpecError as error:
        assert error.problems  # noqa: PT017


def test_hidden_parts_are_skipped():
    data = model([node("Relu", "x", "y")], {"x": IMAGE}, "y")
    extra = field(99, b"anything") + tensors_of({})
    assert len(onnx.read(extra + data, FILE, {}).layers) == 1
