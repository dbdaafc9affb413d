"""TensorFlow Lite models, read as specs. Sizes by hand from the rules of tensorflow/lite/kernels, counts by hand."""

import random
import re
import struct
from mmap import ACCESS_READ, mmap
from pathlib import Path

import pytest
from interchange.flatbuffers import Model

from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError
from cnncalc.interchange import tflite
from cnncalc.interchange.tflite_names import layer_name, without_scope
from cnncalc.network.build import load

FILE = "net.tflite"
SAME, VALID = ("b", 0), ("b", 1)
RELU, RELU6 = ("b", 1), ("b", 3)


@pytest.fixture
def layers(shapes):
    return lambda model, **sizes: shapes(FILE, model.file() if isinstance(model, Model) else model, **sizes)


@pytest.fixture
def refused(problems):
    return lambda model, **sizes: problems(FILE, model.file() if isinstance(model, Model) else model, **sizes)


def written(settings):
    return ", ".join(f"{key}={value}" for key, value in settings.items())


@pytest.fixture
def one(shapes):
    """The layers of an operator on a map of 8x10 with 3 channels, with their settings, and what the last gives."""

    def read(kind, *constants, model=None, before=(0,), **options):
        model = model or Model()
        added = [constant(model) if callable(constant) else constant for constant in constants]
        model.add(kind, (*before, *added), **options)
        graph = tflite.read(model.file(), FILE, {})
        shown = [f"{layer.type}({written(layer.settings)})" for layer in graph.layers]
        return [*shown[:-1], f"{shown[-1]} -> {shapes(FILE, model.file())[-1].rpartition(' ')[2]}"]

    return read


@pytest.fixture
def refusal(refused):
    """Why an operator is refused."""

    def read(kind, *constants, model=None, before=(0,), **options):
        model = model or Model()
        added = [constant(model) if callable(constant) else constant for constant in constants]
        model.add(kind, (*before, *added), **options)
        (problem,) = refused(model)
        return re.sub(r"^net.tflite: node '\w+': ", "", problem)

    return read


def weights(*shape):
    return lambda model: model.tensor("weights", shape, (), "b")


def bias(count):
    return lambda model: model.tensor("bias", (count,), (), "i")


def numbers(*values):
    return lambda model: model.numbers(*values)


def scalar(value, code="f", shape=(), **more):
    return lambda model: model.tensor("value", shape, (value,), code, **more)


def tiny():
    model = Model(name="serving_default_image:0", shape=(1, 8, 8, 3), signature=(-1, 8, 8, 3))
    kernel = model.tensor("model/conv/Conv2D", (4, 3, 3, 3), (), "b")
    merged = "model/act/Relu;model/bn/FusedBatchNormV3;model/dw/depthwise;model/conv/Conv2D1"
    map_ = model.add(
        "CONV_2D", (0, kernel, bias(4)(model)), merged, ((1, 4, 4, 4),), o0=SAME, o1=("i", 2), o2=("i", 2), o3=RELU
    )
    depthwise = model.tensor("model/bn_1/FusedBatchNormV3;model/dw/depthwise;model/dw/BiasAdd", (1, 3, 3, 4), (), "b")
    deeper = model.add(
        "DEPTHWISE_CONV_2D", (map_, depthwise, bias(4)(model)), "y", ((1, 4, 4, 4),), o0=SAME, o1=("i", 1), o2=("i", 1)
    )
    total = model.add("ADD", (map_, deeper), "model/act_1/Relu6;model/sum/add", ((1, 4, 4, 4),), o0=RELU6)
    pooled = model.add("MEAN", (total, model.numbers(1, 2)), "model/pool/Mean", ((1, 4),))
    dense = model.tensor("model/dense/MatMul", (5, 4), (), "b")
    logits = model.add("FULLY_CONNECTED", (pooled, dense, bias(5)(model)), "model/dense/BiasAdd", ((1, 5),))
    model.add("SOFTMAX", (logits,), "StatefulPartitionedCall:0", ((1, 5),), o0=("f", 1.0))
    return model


def test_layers_of_a_model(layers):
    assert layers(tiny()) == [
        "conv: conv input -> 4x4x4",
        "conv_relu: relu conv -> 4x4x4",
        "dw: depthwise_conv conv_relu -> 4x4x4",
        "sum: add conv_relu, dw -> 4x4x4",
        "sum_relu6: relu6 sum -> 4x4x4",
        "pool: global_avg_pool sum_relu6 -> 4",
        "dense: linear pool -> 5",
        "softmax: softmax dense -> 5",
    ]


def test_the_counts_of_a_small_model(layers):
    layers(tiny())
    network = load(FILE)
    assert (network.name, network.outputs) == ("net", ("softmax",))
    # 27 x 4 + 4; 9 x 4 + 4; 4 x 5 + 5. 16 positions of 108 and 36 MACs, and 20.
    assert (totals(network).params, totals(network).macs) == (112 + 40 + 25, 16 * (108 + 36) + 20)


def test_a_file_that_is_mapped_into_memory(tmp_path):
    path = tmp_path / FILE
    path.write_bytes(tiny().file())
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
        assert tflite.read(mapped, FILE, {}) == tflite.read(path.read_bytes(), FILE, {})


def test_the_origin_of_a_model():
    graph = tflite.read(tiny().file(), FILE, {})
    assert graph.origin == "a TensorFlow Lite model"
    assert graph.notes == ("Batch normalization is folded into the weights of the file and cannot be recovered.",)


def test_layers_have_the_nodes_of_the_file(layers):
    layers(tiny())
    assert [str(layer.span) for layer in load(FILE).layers[:2]] == [f"{FILE}: node 'model/conv'"] * 2


@pytest.mark.parametrize(
    ("weights_name", "output", "expected"),
    [
        # Of TensorFlow 2 with Keras 2, of 1, and of 2 with Keras 3; float16 weights; names that say nothing.
        ("m/a/Conv2D", "m/act/Relu;m/bn/FusedBatchNormV3;m/other/Conv2D;m/a/Conv2D1", "m/a"),
        ("m/a/weights/read", "m/m/a/Relu6", "m/a"),
        ("m/a/convolution", "m/act/Relu;m/a/add", "m/a"),
        ("m/a/Conv2D_dequantize", "m/a/BiasAdd", "m/a"),
        ("arith.constant7", "m/act/Relu;m/bn/batchnorm/add_1;m/a/convolution;", "m/a"),
        ("tfl.pseudo_qconst3", "m/a/BiasAdd", "m/a"),
        ("arith.constant", "StatefulPartitionedCall_1:0", ""),
        ("a", "b", "b"),
    ],
)
def test_readable_names(weights_name, output, expected):
    assert layer_name("CONV_2D", weights_name, output) == expected


def test_what_all_names_begin_with_is_left_out():
    assert without_scope(["call/m/a", "", "call/m/b/c", "call/m/b/d"]) == ["a", "", "b/c", "b/d"]
    assert without_scope(["m/a", "y", "mm/b"]) == ["m/a", "y", "mm/b"]
    assert without_scope(["", ""]) == ["", ""]


WINDOW = {"o1": ("i", 1), "o2": ("i", 1)}


@pytest.mark.parametrize(
    ("kind", "constants", "options", "expected"),
    [
        (
            "CONV_2D",
            [weights(4, 3, 3, 3)],
            {"o0": SAME},
            ["conv(filters=4, kernel=3, padding=same, bias=False) -> 4x8x10"],
        ),
        ("CONV_2D", [weights(4, 3, 2, 3), bias(4)], {"o0": VALID}, ["conv(filters=4, kernel=(3, 2)) -> 4x6x9"]),
        ("CONV_2D", [weights(4, 1, 1, 3), bias(4)], {"o0": SAME}, ["conv(filters=4, kernel=1) -> 4x8x10"]),
        ("CONV_2D", [weights(6, 1, 1, 1), bias(6)], {"o0": SAME}, ["conv(filters=6, kernel=1, groups=3) -> 6x8x10"]),
        (
            "CONV_2D",
            [weights(4, 3, 3, 3), bias(4)],
            {"o0": VALID, "o1": ("i", 2), "o2": ("i", 1), "o3": RELU6, "o4": ("i", 1), "o5": ("i", 2)},
            # Height 8 - 5 + 1, width (10 - 3) // 2 + 1.
            ["conv(filters=4, kernel=3, stride=(1, 2), dilation=(2, 1))", "relu6() -> 4x4x4"],
        ),
        (
            "DEPTHWISE_CONV_2D",
            [weights(1, 3, 3, 6), bias(6)],
            {"o0": SAME, "o3": ("i", 2), "o4": RELU},
            ["depthwise_conv(kernel=3, padding=same, multiplier=2)", "relu() -> 6x8x10"],
        ),
        ("MAX_POOL_2D", [], {"o0": VALID, "o3": ("i", 2), "o4": ("i", 2)}, ["max_pool(kernel=2, stride=1) -> 3x7x9"]),
        (
            "AVERAGE_POOL_2D",
            [],
            {"o0": SAME, "o1": ("i", 2), "o2": ("i", 2), "o3": ("i", 2), "o4": ("i", 2), "o5": RELU},
            ["avg_pool(kernel=2, padding=same, count_include_pad=False)", "relu() -> 3x4x5"],
        ),
        (
            "AVERAGE_POOL_2D",
            [],
            {"o0": VALID, "o3": ("i", 10), "o4": ("i", 8)},
            ["global_avg_pool(keep_dims=True) -> 3x1x1"],
        ),
    ],
)
def test_windows(kind, constants, options, expected, one):
    assert one(kind, *constants, **{**WINDOW, **options}) == expected


@pytest.mark.parametrize(
    ("target", "padding", "expected"),
    [
        ((16, 20), SAME, "kernel=3, stride=2, padding=same"),
        # 7 x 2 + 3 - 15 and 9 x 2 + 3 - 20 rows and columns are cropped.
        ((15, 20), SAME, "kernel=3, stride=2, padding=(1, 1, 0, 1)"),
        ((17, 21), VALID, "kernel=3, stride=2"),
        ((18, 21), VALID, "kernel=3, stride=2, size=(18, 21)"),
    ],
)
def test_transposed_convolutions(target, padding, expected, one):
    constants = (numbers(1, *target, 4), weights(4, 3, 3, 3), 0, bias(4))
    options = {"o0": padding, "o1": ("i", 2), "o2": ("i", 2)}
    found = one("TRANSPOSE_CONV", *constants, before=(), **options)
    assert found == [f"conv_transpose(filters=4, {expected}) -> 4x{target[0]}x{target[1]}"]


def test_linear_layers(one):
    assert one("FULLY_CONNECTED", weights(5, 240), bias(5)) == ["linear(features=5, flatten=True) -> 5"]
    keeps = {"o0": ("b", 4), "o2": ("b", 1)}
    assert one("FULLY_CONNECTED", weights(5, 3), -1, **keeps) == [
        "linear(features=5, axis=0, bias=False)",
        "tanh() -> 5x8x10",
    ]
    vector = Model((1, 3))
    assert one("FULLY_CONNECTED", weights(5, 3), bias(5), model=vector) == ["linear(features=5) -> 5"]


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("RELU", {}, "relu()"),
        ("RELU6", {}, "relu6()"),
        ("RELU_N1_TO_1", {}, "apply(function=min(max(x, -1), 1))"),
        ("RELU_0_TO_1", {}, "apply(function=min(max(x, 0), 1))"),
        ("LOGISTIC", {}, "sigmoid()"),
        ("TANH", {}, "tanh()"),
        ("ELU", {}, "elu()"),
        ("HARD_SWISH", {}, "hard_swish()"),
        ("GELU", {"o0": ("b", 0)}, "gelu()"),
        ("GELU", {"o0": ("b", 1)}, "gelu(approximate=tanh)"),
        ("LEAKY_RELU", {"o0": ("f", 0.1)}, "leaky_relu(slope=0.1)"),
        ("SOFTMAX", {"o0": ("f", 1)}, "softmax()"),
        ("LOG_SOFTMAX", {}, "log_softmax()"),
        ("ABS", {}, "absolute()"),
        ("EXP", {}, "apply(function=exp(x))"),
        ("LOG", {}, "apply(function=ln(x))"),
        ("SQRT", {}, "apply(function=sqrt(x))"),
        ("RSQRT", {}, "apply(function=1 / sqrt(x))"),
        ("SQUARE", {}, "apply(function=x ** 2)"),
        ("NEG", {}, "apply(function=-x)"),
        ("SIN", {}, "apply(function=sin(x))"),
        ("COS", {}, "apply(function=cos(x))"),
        (
            "LOCAL_RESPONSE_NORMALIZATION",
            {"o0": ("i", 2), "o1": ("f", 1), "o2": ("f", 0.5), "o3": ("f", 0.75)},
            "lrn(size=5, alpha=0.5, beta=0.75, k=1)",
        ),
    ],
)
def test_elementwise_functions(kind, options, expected, one):
    assert one(kind, **options) == [f"{expected} -> 3x8x10"]


def test_layers_of_several_steps(one):
    assert one("L2_NORMALIZATION") == [
        "reduce(op=norm, axes=(0,), keep_dims=True)",
        "apply(function=x / y) -> 3x8x10",
    ]


@pytest.mark.parametrize(("shape", "expected"), [((1, 1, 3), "prelu(per_channel=True)"), ((1, 1, 1), "prelu()")])
def test_learned_slopes(shape, expected, one):
    assert one("PRELU", weights(*shape)) == [f"{expected} -> 3x8x10"]


@pytest.mark.parametrize(
    ("kind", "constant", "expected"),
    [
        ("ADD", scalar(0.5), ["apply(function=x + 0.5)"]),
        ("SUB", scalar(-0.5), ["apply(function=x - (-0.5))"]),
        ("DIV", scalar(127.5), ["apply(function=x / 127.5)"]),
        ("POW", scalar(2), ["apply(function=x ** 2)"]),
        ("MAXIMUM", scalar(0), ["apply(function=max(x, 0))"]),
        ("MINIMUM", scalar(6), ["apply(function=min(x, 6))"]),
        # 0.5 * (7 - 3).
        ("MUL", scalar(7, "b", (1, 1, 1, 1), scale=0.5, zero=3), ["apply(function=x * 2)"]),
        ("ADD", weights(3), ["bias()"]),
        ("SUB", weights(1, 1, 1, 3), ["bias()"]),
        ("MUL", weights(1, 1, 3), ["scale()"]),
        ("DIV", weights(3), ["parameter(shape=(3, 1, 1))", "apply(function=x / y)"]),
        ("ADD", weights(8, 10, 3), ["parameter(shape=(3, 8, 10))", "add()"]),
        ("SQUARED_DIFFERENCE", weights(10, 1), ["parameter(shape=(1, 1, 10))", "apply(function=(x - y) ** 2)"]),
        ("CONCATENATION", weights(1, 8, 10, 2), ["parameter(shape=(2, 8, 10))", "concat()"]),
    ],
)
def test_functions_of_a_tensor_and_a_constant(kind, constant, expected, one):
    sizes = "5x8x10" if kind == "CONCATENATION" else "3x8x10"
    options = {"o0": ("i", 3)} if kind == "CONCATENATION" else {}
    assert one(kind, constant, **options) == [*expected[:-1], f"{expected[-1]} -> {sizes}"]


def test_a_constant_that_is_the_first_operand(one):
    assert one("SUB", scalar(1), 0, before=()) == ["apply(function=1 - x) -> 3x8x10"]
    assert one("SUB", weights(3), 0, before=()) == ["parameter(shape=(3, 1, 1))", "subtract() -> 3x8x10"]
    assert one("MUL", weights(3), 0, before=()) == ["scale() -> 3x8x10"]


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("ADD", {"o0": RELU}, ["add()", "relu() -> 3x8x10"]),
        ("ADD_N", {}, ["add() -> 3x8x10"]),
        ("SUB", {}, ["subtract() -> 3x8x10"]),
        ("MUL", {}, ["multiply() -> 3x8x10"]),
        ("DIV", {}, ["apply(function=x / y) -> 3x8x10"]),
        ("MAXIMUM", {}, ["apply(function=max(x, y)) -> 3x8x10"]),
        ("CONCATENATION", {"o0": ("i", -1), "o1": RELU}, ["concat()", "relu() -> 6x8x10"]),
        ("CONCATENATION", {"o0": ("i", 1)}, ["concat(axis=1) -> 3x16x10"]),
        ("CONCATENATION", {"o0": ("i", 2)}, ["concat(axis=2) -> 3x8x20"]),
    ],
)
def test_functions_of_two_tensors(kind, options, expected, one):
    model = Model()
    other = model.add("TANH", (0,), "y")
    assert one(kind, other, model=model, **options)[1:] == expected


@pytest.mark.parametrize(
    ("swapped", "expected"),
    [
        # Rows are axis 2 of the file and columns its last, the channels: 4 x (8x10 by 10x8).
        ((0, 1), "einsum(equation=kam, kan -> nam) -> 8x4x8"),
        ((1, 0), "einsum(equation=mak, nak -> nam) -> 10x4x10"),
    ],
)
def test_products_of_matrices(swapped, expected, one):
    model = Model((1, 4, 8, 10))
    other = model.add("TANH", (0,), "y")
    options = {"o0": ("b", swapped[0]), "o1": ("b", swapped[1])}
    assert one("BATCH_MATMUL", other, model=model, **options)[1:] == [expected]


def test_products_with_constants(one):
    assert one("BATCH_MATMUL", weights(3, 7)) == ["linear(features=7, axis=0, bias=False) -> 7x8x10"]
    assert one("BATCH_MATMUL", weights(7, 3), o1=("b", 1)) == ["linear(features=7, axis=0, bias=False) -> 7x8x10"]


@pytest.mark.parametrize(
    ("kind", "axes", "keeps", "expected"),
    [
        ("MEAN", (1, 2), 0, ["global_avg_pool() -> 3"]),
        ("MEAN", (-3, -2), 1, ["global_avg_pool(keep_dims=True) -> 3x1x1"]),
        ("REDUCE_MAX", (2, 1), 0, ["global_max_pool() -> 3"]),
        ("SUM", (1,), 0, ["reduce(op=sum, axes=(1,)) -> 3x10"]),
        ("REDUCE_MIN", (3,), 1, ["reduce(op=min, axes=(0,), keep_dims=True) -> 1x8x10"]),
        # Height and width are left; the last of them is now the channels.
        ("MEAN", (3,), 0, ["reduce(op=mean, axes=(0,))", "permute(axes=(1, 0)) -> 10x8"]),
        ("MEAN", (2, 3), 0, ["reduce(op=mean, axes=(0, 2)) -> 8"]),
    ],
)
def test_reductions(kind, axes, keeps, expected, one):
    assert one(kind, numbers(*axes), o0=("b", keeps)) == expected


@pytest.mark.parametrize(
    ("kind", "constants", "options", "expected"),
    [
        ("RESHAPE", [numbers(-1, 240)], {}, ["flatten() -> 240"]),
        ("RESHAPE", [numbers(1, -1, 3)], {}, ["reshape(shape=(3, 80)) -> 3x80"]),
        ("RESHAPE", [], {"o0": ("i", [1, 80, 3])}, ["reshape(shape=(3, 80)) -> 3x80"]),
        (
            "RESHAPE",
            [numbers(1, 8, 30)],
            {},
            ["permute(axes=(1, 2, 0))", "reshape(shape=(8, 30))", "permute(axes=(1, 0)) -> 30x8"],
        ),
        ("EXPAND_DIMS", [numbers(1)], {}, ["reshape(shape=(3, 1, 8, 10)) -> 3x1x8x10"]),
        ("EXPAND_DIMS", [numbers(-3)], {}, ["reshape(shape=(3, 8, 1, 10)) -> 3x8x1x10"]),
        ("TRANSPOSE", [numbers(0, 2, 1, 3)], {}, ["permute(axes=(0, 2, 1)) -> 3x10x8"]),
        # The file's axes 3, 1, 2: channels, height, width; the width is the last, and so the channels.
        ("TRANSPOSE", [numbers(0, 3, 1, 2)], {}, ["permute(axes=(2, 0, 1)) -> 10x3x8"]),
        (
            "SLICE",
            [numbers(0, 1, 0, 0), numbers(-1, 4, -1, 2)],
            {},
            ["slice(stop=5, start=1, axis=1)", "slice(stop=2) -> 2x4x10"],
        ),
        (
            "STRIDED_SLICE",
            [numbers(0, 0, 1, 0), numbers(0, 0, -1, 0), numbers(1, 2, 1, 1)],
            {"o0": ("i", 0b1011), "o1": ("i", 0b1011)},
            ["slice(stop=7, step=2, axis=1)", "slice(stop=9, start=1, axis=2) -> 3x4x8"],
        ),
        (
            "STRIDED_SLICE",
            [numbers(0, -1), numbers(1, 0), numbers(1, 1)],
            {"o4": ("i", 0b10)},
            ["slice(stop=8, start=7, axis=1)", "reshape(shape=(3, 10)) -> 3x10"],
        ),
        ("PAD", [numbers(0, 0, 1, 2, 3, 4, 0, 0)], {}, ["pad(padding=(1, 2, 3, 4)) -> 3x11x17"]),
        ("PAD", [numbers(0, 0, 1, 1, 1, 1, 0, 0)], {}, ["pad(padding=1) -> 3x10x12"]),
        ("PAD", [numbers(0, 0, 0, 0, 0, 0, 2, 3)], {}, ["pad(channels=(2, 3)) -> 8x8x10"]),
        (
            "PADV2",
            [numbers(0, 0, 1, 1, 1, 1, 0, 0), scalar(-128, "b", scale=1.0, zero=-128)],
            {},
            ["pad(padding=1) -> 3x10x12"],
        ),
        ("MIRROR_PAD", [numbers(0, 0, 1, 1, 1, 1, 0, 0)], {}, ["pad(padding=1, mode=reflect) -> 3x10x12"]),
        ("RESIZE_BILINEAR", [numbers(16, 20)], {"o3": ("b", 1)}, ["upsample(factor=2, mode=bilinear) -> 3x16x20"]),
        (
            "RESIZE_BILINEAR",
            [numbers(15, 19)],
            {"o2": ("b", 1)},
            ["upsample(size=(15, 19), mode=bilinear, align_corners=True) -> 3x15x19"],
        ),
        ("RESIZE_NEAREST_NEIGHBOR", [numbers(16, 30)], {}, ["upsample(size=(16, 30)) -> 3x16x30"]),
        ("SPACE_TO_DEPTH", [], {"o0": ("i", 2)}, ["pixel_unshuffle(factor=2) -> 12x4x5"]),
    ],
)
def test_shapes(kind, constants, options, expected, one):
    assert one(kind, *constants, **options) == expected


def test_squeezed_axes(one):
    assert one("SQUEEZE", model=Model((1, 1, 10, 3))) == ["reshape(shape=(3, 10)) -> 3x10"]
    assert one("SQUEEZE", model=Model((1, 1, 1, 3)), o0=("i", [-2])) == ["reshape(shape=(3, 1)) -> 3x1"]
    assert one("DEPTH_TO_SPACE", model=Model((1, 4, 5, 12)), o0=("i", 2)) == ["pixel_shuffle(factor=2) -> 3x8x10"]


@pytest.mark.parametrize(
    ("kind", "inputs", "ends"),
    [("SPLIT", (("axis", 2), 0), (5, 10)), ("SPLIT_V", (0, ("sizes", 3, -1), ("axis", 2)), (3, 10))],
)
def test_parts(kind, inputs, ends, layers):
    model = Model()
    indices = [model.numbers(*given[1:]) if isinstance(given, tuple) else given for given in inputs]
    first, second = model.add(kind, indices, shapes=((), ()))
    model.outputs = [first, second]
    assert layers(model) == [
        f"x_1: slice input -> 3x8x{ends[0]}",
        f"x_2: slice input -> 3x8x{ends[1] - ends[0]}",
    ]


@pytest.mark.parametrize("kind", ["QUANTIZE", "DEQUANTIZE", "CAST", "FAKE_QUANT"])
def test_what_changes_the_type_alone_is_no_layer(kind, layers):
    model = Model()
    half = model.tensor("model/conv/Conv2D", (4, 1, 1, 3), (), "f")
    kernel = model.add(kind, (half,), "model/conv/Conv2D_dequantize")
    quantized = model.add(kind, (0,), "y")
    model.add(kind, (model.add("CONV_2D", (quantized, kernel), o0=SAME, **WINDOW),), "z")
    assert layers(model) == ["conv: conv input -> 4x8x10"]


def test_shapes_that_are_computed_from_shapes(layers):
    """Keras writes its Reshape so: the batch is taken from the shape of the input."""
    model = Model()
    sizes = model.add("SHAPE", (0,), "sizes")
    batch = model.add("STRIDED_SLICE", (sizes, model.numbers(0), model.numbers(1), model.numbers(1)), "batch")
    target = model.add("PACK", (batch, model.numbers(80), model.numbers(3)), "target")
    model.add("RESHAPE", (0, target), shapes=((1, 80, 3),))
    assert layers(model) == ["x: reshape input -> 3x80"]


def test_weights_that_are_the_same_tensors_are_shared(layers):
    model = Model()
    kernel = model.tensor("conv/Conv2D", (3, 3, 3, 3), ())
    first = model.add("CONV_2D", (0, kernel), o0=SAME, **WINDOW)
    model.add("CONV_2D", (first, kernel), o0=SAME, **WINDOW)
    assert layers(model) == ["conv: conv input -> 3x8x10", "conv_2: conv conv -> 3x8x10"]
    assert totals(load(FILE)).params == 81


def test_constants_that_are_the_same_tensors_are_shared(layers):
    model = Model()
    table = model.tensor("table", (8, 10, 3), ())
    model.add("ADD", (model.add("ADD", (0, table), "y"), table), "z")
    assert layers(model) == [
        "y_constant: parameter  -> 3x8x10",
        "y: add input, y_constant -> 3x8x10",
        "z_constant: parameter  -> 3x8x10",
        "z: add y, z_constant -> 3x8x10",
    ]
    assert totals(load(FILE)).params == 240


def test_sizes_that_the_file_leaves_open(layers, refused):
    model = Model((1, 1, 1, 3), (-1, -1, -1, 3))
    model.add("CONV_2D", (0, model.tensor("c/Conv2D", (4, 3, 3, 3), ())), o0=SAME, shapes=((1, 1, 1, 4),), **WINDOW)
    (problem,) = refused(model)
    assert problem == f"{FILE}: the file has no size for its input 'image'; give it, as in --input 3x224x224"
    assert layers(model, size="3x32x48") == ["c: conv input -> 4x32x48"]


def test_another_size_of_the_input(layers):
    model = tiny()
    assert layers(model, size="3x16x16")[0] == "conv: conv input -> 4x8x8"


def test_several_inputs(layers):
    model = Model(name="a")
    model.inputs.append(model.tensor("b", (1, 8, 10, 3)))
    model.add("ADD", (0, 1), "sum")
    assert layers(model) == ["sum: add a, b -> 3x8x10"]


# --- what is refused ---


def test_all_operators_that_cannot_be_read_are_listed(refused):
    model = Model((1, 32))
    rank = model.add("SVDF", (0, model.tensor("w", (4, 32), ())), "memory/svdf", ((1, 4),))
    branch = model.add("IF", (rank,), "choice", ((1, 4),))
    model.add("TFLite_Detection_PostProcess", (branch,), "boxes", ((1, 10, 4),))
    assert refused(model) == [
        f"{FILE}: node 'memory/svdf': SVDF cannot be read: it reads 1x32 and 4x32 and gives 1x4",
        f"{FILE}: node 'choice': IF cannot be read: it reads 1x4 and gives 1x4",
        (
            f"{FILE}: node 'boxes': custom operator 'TFLite_Detection_PostProcess' cannot be read:"
            " it reads 1x4 and gives 1x10x4"
        ),
    ]


def test_operators_can_be_declared_as_opaque():
    model = Model((1, 32))
    features, times = model.tensor("features", (4, 32), ()), model.tensor("times", (4, 10), ())
    svdf = model.add("SVDF", (0, features, times), "svdf", ((1, 4),))
    first, _ = model.add("Postprocess", (svdf,), "boxes", ((1, 10, 4), (1, 10)))
    model.add("SOFTMAX", (first,), "s", ((1, 10, 4),), o0=("f", 1))
    graph = tflite.read(model.file(), FILE, {}, opaque=True)
    assert [(layer.name, layer.inputs, layer.settings) for layer in graph.layers[:3]] == [
        ("svdf", ("input",), {"output": (4,), "params": 128 + 40, "macs": 0}),
        ("boxes_1", ("svdf",), {"output": (4, 10), "params": 0, "macs": 0}),
        ("boxes_2", ("svdf",), {"output": (10,), "params": 0, "macs": 0}),
    ]
    assert graph.layers[3].inputs == ("boxes_1",)


@pytest.mark.parametrize(
    ("kind", "constants", "options", "expected"),
    [
        ("CONV_2D", [weights(4, 3, 3, 2)], WINDOW, "CONV_2D has filters of 2 channels, and reads 3"),
        ("CONV_2D", [weights(4, 3, 3)], WINDOW, "CONV_2D reads a constant of the shape 4x3x3, which has no 4 axes"),
        ("CONV_2D", [0], WINDOW, "CONV_2D reads 'image', which must be a constant of the file"),
        ("CONV_2D", [weights(4, 3, 3, 3), bias(3)], WINDOW, "CONV_2D has 4 filters and 3 biases"),
        (
            "CONV_2D",
            [weights(4, 3, 3, 3)],
            {},
            (
                "CONV_2D has kernel 3x3, stride 0x0, dilation 1x1 and padding 0;"
                " the first three are at least 1, and padding is 0 (same) or 1 (valid)"
            ),
        ),
        (
            "CONV_2D",
            [weights(4, 3, 3, 3)],
            {**WINDOW, "o3": ("b", 5)},
            "CONV_2D has activation 5, and only 1, 2, 3, 4 can be read",
        ),
        (
            "TRANSPOSE_CONV",
            [numbers(1, 3, 20, 4), weights(4, 3, 3, 3), 0],
            {"before": (), "o1": ("i", 2), "o2": ("i", 2)},
            "TRANSPOSE_CONV has filters of 3 channels and gives 3x20, where it reads 3x8x10",
        ),
        (
            "DEPTHWISE_CONV_2D",
            [weights(1, 3, 3, 4)],
            WINDOW,
            "DEPTHWISE_CONV_2D has 4 filters for 3 channels, which is no multiple",
        ),
        (
            "FULLY_CONNECTED",
            [weights(5, 3)],
            {},
            "FULLY_CONNECTED has 3 weights for each feature, and reads 240 elements",
        ),
        ("SOFTMAX", [], {"o0": ("f", 2)}, "SOFTMAX has beta 2, and only 1 can be read"),
        ("LEAKY_RELU", [], {"o0": ("f", float("nan"))}, "LEAKY_RELU takes a number, not 'nan'"),
        ("RESHAPE", [numbers(2, 120)], {}, "RESHAPE gives 2x120, which changes the batch of 1"),
        ("RESHAPE", [numbers(1, 7)], {}, "RESHAPE cannot give the 240 elements of a sample the shape 7"),
        ("PADV2", [numbers(0, 0, 1, 1, 1, 1, 0, 0), scalar(1)], {}, "PADV2 pads with 1, and only 0 can be read"),
        (
            "PAD",
            [numbers(1, 0, 1, 1, 1, 1, 0, 0)],
            {},
            "PAD has a padding that cannot be read; zeros, or a reflection of rows and columns, can be read",
        ),
        ("MEAN", [numbers(0, 1)], {}, "MEAN takes an axis from 1 to 3, not 0; the batch, axis 0, must stay"),
        (
            "TRANSPOSE",
            [numbers(1, 0, 2, 3)],
            {},
            "TRANSPOSE needs an order of 4 axes that leaves the batch, axis 0, where it is",
        ),
        (
            "STRIDED_SLICE",
            [numbers(0, 0, 4, 0), numbers(1, 8, 4, 3), numbers(1, 1, 1, 1)],
            {},
            (
                "STRIDED_SLICE keeps 0:1:1, 0:8:1, 4:4:1, 0:3:1 of 1x8x10x3;"
                " the batch, axis 0, must stay, and an axis not be empty"
            ),
        ),
        (
            "RELU",
            [],
            {"shapes": ((1, 8, 10, 4),)},
            "RELU gives 3x8x10, channels first, and the file has 1x8x10x4 for it, channels last",
        ),
    ],
)
def test_what_is_refused(kind, constants, options, expected, refusal):
    assert refusal(kind, *constants, **options) == expected


def test_constants_that_are_no_whole_numbers(refusal):
    assert refusal("MEAN", lambda model: model.tensor("axes", (2,), (1.0, float("nan")))) == (
        "MEAN reads 'axes', a constant of 2 elements of type 0, where at most 64 whole numbers are expected"
    )


def test_a_file_of_something_else(refused):
    assert refused(b"PK\x03\x04" + bytes(40)) == [f"{FILE}: is not a TensorFlow Lite model: it has no TFL3 at byte 4"]


# --- hostile files ---


def test_long_names_are_cut(layers):
    model = Model(name="i" * 1_000_000)
    model.add("RELU", (0,), "x" * 1_000_000)
    assert layers(model) == [f"{'x' * 190}: relu input -> 3x8x10"]


def test_lists_are_bounded(refused):
    model = Model((1,) * 17)
    model.add("RELU", (0,))
    assert "a list of 17 numbers, where at most 16 are expected, at byte " in refused(model)[0]
    model = Model()
    model.add("CONCATENATION", (0,) * 1_001, o0=("i", 3))
    assert "a list of 1,001 numbers, where at most 1,000 are expected, at byte " in refused(model)[0]
    model = Model()
    for _ in range(151):
        model.add("CONCATENATION", (0,) * 1_000, o0=("i", 3))
    assert "more than 150,000 layers and connections" in refused(model)[0]


def test_operators_that_read_each_other_in_a_circle_are_refused(refused):
    model = Model()
    model.add("ADD", (0, 2), "first", ((1, 8, 10, 3),))
    model.add("RELU", (1,), "second", ((1, 8, 10, 3),))
    assert refused(model) == [f"{FILE}: node 'first': ADD reads 'second', which no operator before it gives"]


def read_or_refuse(data):
    """Whether a file is read; anything but a refusal by SpecError fails the test."""
    try:
        tflite.read(data, FILE, {})
    except SpecError:
        return False
    return True


def test_truncated_files_are_refused():
    data = tiny().file()
    assert read_or_refuse(data)
    for end in range(0, len(data) - 16, 7):
        read_or_refuse(data[:end])


def test_mutated_files_are_read_or_refused():
    chance, data = random.Random(5), tiny().file()
    outcomes = set()
    for _ in range(3_000):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(8, len(data))
            changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        outcomes.add(read_or_refuse(bytes(changed)))
    assert outcomes == {True, False}


def test_mutated_numbers_are_read_or_refused():
    """Offsets and lengths of any size, which lead back, beyond the end, or to each other."""
    chance, data = random.Random(7), tiny().file()
    for _ in range(3_000):
        changed = bytearray(data)
        at = chance.randrange(0, len(data) - 4, 4)
        number = chance.choice((-1, 0, 4, -at, at, len(data) - at, 2**31 - 1, -(2**31), chance.randrange(len(data))))
        struct.pack_into("<i", changed, at, number)
        read_or_refuse(bytes(changed[:4] + b"TFL3" + changed[8:]))


def test_positions_of_wrong_bytes_are_given(refused):
    data = bytearray(tiny().file())
    struct.pack_into("<I", data, 0, 2**31)
    message = f"a field of 4 bytes begins at byte 2,147,483,648, and the file has {len(data):,} bytes"
    assert refused(bytes(data)) == [f"{FILE}: {message}; it may be damaged, or only a part of a file"]


# Width of the map, channels, and filters of the pairs of a depthwise and a 1x1 convolution of MobileNet at a quarter.
PAIRS = [
    (48, 8, 16), (24, 16, 32), (24, 32, 32), (12, 32, 64), (12, 64, 64), (6, 64, 128), *[(6, 128, 128)] * 5,
    (3, 128, 256), (3, 256, 256),
]  # fmt: skip
PAIRS_MACS = sum(width**2 * channels * (9 + filters) for width, channels, filters in PAIRS)
# Parameters, MACs, layers with MACs. What Keras counts is in the README of each of these networks in
# github.com/NXP/eiq-model-zoo, commit 386e32f; of each normalized channel it counts 4 numbers, 2 of which are learned.
REAL_FIGURES = {
    # 78,666 of Keras, of which 240 channels are normalized.
    "pretrainedResnet_quant": (
        78_666 - 4 * 240,
        1_024 * (27 * 16 + 2 * 144 * 16) + 256 * 32 * (144 + 288 + 16) + 64 * 64 * (288 + 576 + 32) + 640,
        10,
    ),
    # 221,794 of Keras, of which 2,736 channels are normalized.
    "vww_96_int8": (221_794 - 4 * 2_736, 48**2 * 27 * 8 + PAIRS_MACS + 512, 28),
    # 23,756 of Keras that are learned, of which 9 x 64 channels are normalized.
    "kws_ref_model": (23_756 - 2 * 576, 125 * (40 * 64 + 4 * (9 + 64) * 64) + 768, 10),
    # The same as the second, of gray images: 9 weights for each of the first 8 filters in place of 27.
    "person_detect": (221_794 - 4 * 2_736 - 18 * 8, 48**2 * 9 * 8 + PAIRS_MACS + 512, 28),
    # 3, 5, 10 and 15 taps, each before a 1x1 convolution, at 28, 24, 15 and 1 positions; each filter has a bias.
    "str_ww_ref_model": (
        40 * 4 + 128 * 41 + 128 * 6 + 128 * 129 + 128 * 11 + 128 * 129 + 128 * 16 + 32 * 129 + 3 * 33,
        28 * 40 * (3 + 128) + 24 * 128 * (5 + 128) + 15 * 128 * (10 + 128) + 128 * (15 + 32) + 96,
        9,
    ),
}


@pytest.mark.parametrize("name", REAL_FIGURES)
def test_real_models_have_the_figures_of_their_sources(name, real):
    folder = real("../measured/arena")
    if not folder.is_dir():
        pytest.skip("there are no TensorFlow Lite models beside the real files")
    network = load(str(folder / f"{name}.tflite"))
    found = totals(network)
    assert (found.params, found.macs, sum(layer.macs > 0 for layer in network.layers)) == REAL_FIGURES[name]


def test_the_page_shows_what_is_printed(real, run, monkeypatch):
    folder = real("../measured/arena")
    if not folder.is_dir():
        pytest.skip("there are no TensorFlow Lite models beside the real files")
    page = Path(__file__, "../../../docs/import.md").resolve().read_text(encoding="utf-8")
    monkeypatch.chdir(folder)
    assert f"```text\n{run('summary', 'str_ww_ref_model.tflite').output}```\n" in page
