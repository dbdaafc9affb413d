"""ONNX files without weights, and what cnncalc reads back from them."""

from pathlib import Path

import pytest
from exporters.conftest import layers_of, source_of, spec_of_example
from layers.test_every_layer import EXAMPLES

from cnncalc import bundled, limits
from cnncalc.errors import SpecError
from cnncalc.exporters import export
from cnncalc.exporters import onnx as exporter
from cnncalc.interchange.onnx_file import read_model
from cnncalc.interchange.onnx_writing import WRITERS
from cnncalc.interchange.onnx_writing.nodes import LayerNodes
from cnncalc.layers import all_types
from cnncalc.network.build import load

# A network for each kind of block; the others are for the long run.
VARIED = (
    "alexnet", "capsnet", "coatnet_0", "crnn", "fasterrcnn_resnet50_fpn", "googlenet", "lenet5", "mvit_v1_b",
    "resnet50",
    "shufflenet_v2_x1_0", "siamese", "swin_v2_t",
)  # fmt: skip
NO_OPERATOR = {"opaque"}


def read_back(data, file="net.onnx"):
    Path(file).write_bytes(data)
    return load(file)


@pytest.mark.parametrize(
    "name", [name if name in VARIED else pytest.param(name, marks=pytest.mark.long) for name in sorted(bundled.names())]
)
def test_a_network_comes_back_layer_by_layer(name, tmp_path, monkeypatch):
    source = source_of(name)
    monkeypatch.chdir(tmp_path)
    network = read_back(export(source, "onnx"))
    assert layers_of(network) == layers_of(source.network)
    assert network.inputs == source.network.inputs
    assert network.outputs[0] == source.network.outputs[0]
    assert network.name == source.network.name


def test_all_types_but_these_are_written():
    assert set(all_types()) - set(WRITERS) == NO_OPERATOR


# RoiAlign of ONNX reads images, MaxUnpool the positions of a pool, and a join of one branch is no layer.
WRITTEN = [
    example
    for example in EXAMPLES
    if example.type not in {*NO_OPERATOR, "max_unpool"}
    and not (example.type == "roi_align" and len(example.inputs[0]) != 3)
    and not (example.type in ("add", "multiply", "concat") and len(example.inputs) == 1)
]


def test_every_layer_comes_back(exported):
    lost = []
    for example in WRITTEN:
        data = exported(spec_of_example(example), "onnx")
        if layers_of(read_back(data)) != layers_of(load("net.yaml")):
            lost.append(example.label)
    assert not lost


def test_weights_are_constants_of_their_shape():
    # 4 x 25,557,032 bytes would be 102 MB.
    assert len(export(source_of("resnet50"), "onnx")) < 120_000


SHARED = """
name: Twins
source: Jane Doe
input: {left: [3, 8, 8], right: [3, 8, 8]}
layers:
  - conv: {filters: 4, kernel: 3}
    name: own
    from: left
  - conv: {filters: 4, kernel: 3}
    name: twin
    from: right
    weights: own
  - add:
    from: [own, twin]
  - batch_norm:
    frozen: true
  - leaky_relu: 1/3
"""


def test_shared_and_frozen_weights_and_fractions_are_kept(exported):
    network = read_back(exported(SHARED, "onnx"))
    own, twin, _, norm, leaky = network.layers
    # 4 filters of 3 x 3 x 3 with 4 biases; two buffers and two frozen vectors of 4.
    assert (own.params, twin.params, twin.weights_from) == (112, 0, "own")
    assert (norm.params, norm.buffers, norm.frozen) == (0, 16, True)
    assert str(leaky.settings["slope"]) == "1/3"
    assert network.source == "Jane Doe"


def test_layers_of_training_are_left_out(exported):
    text = """
input: [4, 8, 8]
layers:
  - conv: {filters: 4, kernel: 1}
    name: used
  - branch:
      - - linear: {features: 3, flatten: true}
          name: auxiliary
          training_only: true
  - relu
"""
    data = exported(text, "onnx")
    assert [layer.name for layer in read_back(data).layers] == ["used", "relu"]
    assert b"auxiliary" not in data


CHANGED = """
input: [8, 9, 9]
layers:
  - depthwise_conv: {kernel: 3, stride: 2}
    name: block.conv
  - relu
"""


def test_a_mark_that_does_not_fit_its_nodes_is_not_believed(exported):
    """A mark is text of a stranger: the operators decide."""
    data = exported(CHANGED, "onnx")
    assert [layer.type for layer in read_back(data).layers] == ["depthwise_conv", "relu"]
    # As many bytes: a mark that says another stride, and a Conv with another stride.
    for old, new in ((b'"stride": 2', b'"stride": 1'), (b"strides@\x02@\x02", b"strides@\x01@\x01")):
        assert data.count(old) == 1
        network = read_back(data.replace(old, new))
        stride = 1 if b"strides" in old else 2
        assert [layer.name for layer in network.layers] == ["block.conv", "relu"]
        assert network.layers[0].output_shape == (8, *[(9 - 3) // stride + 1] * 2)
        assert network.layers[0].params == 80


@pytest.mark.parametrize(
    "mark",
    [
        "", "[]", "{}", '{"relu": {}}', '{"relu": [], "from": ["input"]}', '{"relu": {}, "from": "input"}',
        '{"nothing": {}, "from": ["input"]}', '{"relu": {"slope": 1}, "from": ["input"]}', '{"relu": {}, "from": [1]}',
        '{"relu": {}, "from": ["input"], "frozen": 1}', '{"relu": {}, "from": ["input"], "weights": "x"}',
        '{"relu": {}, "from": ["elsewhere"]}', '{"leaky_relu": {"slope": "1e999"}, "from": ["input"]}', "[" * 9_000,
        '{"relu": {}, "from": ["input"], "more": 1}', '{"leaky_relu": {"slope": "1/0"}, "from": ["input"]}',
        '{"add": {}, "from": ["input"]}',
    ],
)  # fmt: skip
def test_broken_marks_leave_the_operators(mark, exported, monkeypatch):
    monkeypatch.setattr(exporter, "write_mark", lambda *_arguments, **_options: {"cnncalc.layer": mark})
    data = exported("input: [8, 9, 9]\nlayers:\n  - relu\n  - sigmoid\n", "onnx")
    assert [layer.type for layer in read_back(data).layers] == ["relu", "sigmoid"]


def test_layers_called_as_weights_are_kept_apart(exported):
    text = """
input: [3, 8, 8]
layers:
  - conv: {filters: 4, kernel: 1}
    name: a
  - conv: {filters: 5, kernel: 1}
    name: a.weight
"""
    data = exported(text, "onnx")
    assert [layer.name for layer in read_back(data).layers] == ["a", "a.weight"]
    assert b"a:weight" in data


def test_types_without_operators_are_errors_with_their_place(exported):
    text = """
input: [3, 8, 8]
layers:
  - opaque: {output: [4], params: 1, macs: 1}
    name: unknown
  - linear: 3
  - roi_align: {size: 2, rois: 3}
    from: input
    name: regions
  - max_unpool: 2
    from: input
    name: up
"""
    with pytest.raises(SpecError) as caught:
        exported(text, "onnx")
    assert [f"{problem.span.line}: {problem.message}" for problem in caught.value.problems] == [
        "4: unknown is of type opaque, and ONNX has no operators for it",
        "10: up has no max_pool as its second input, and MaxUnpool of ONNX reads its positions",
    ]


def test_stacked_recurrences_are_bounded(exported):
    with pytest.raises(SpecError, match="stacks more than 64 layers"):
        exported("input: [3, 8]\nlayers:\n  - lstm: {hidden: 2, layers: 1000000}\n", "onnx")


def test_parts_of_unequal_size_are_bounded(exported):
    with pytest.raises(SpecError, match="written one by one, up to 64"):
        exported("input: [3, 999999]\nlayers:\n  - adaptive_avg_pool: 1000\n", "onnx")


def operators_of(data):
    """The operators of a file but for its weights, and the names of their outputs."""
    nodes = read_model(data, "net.onnx").nodes
    return [(node.op, node.outputs[0]) for node in nodes if node.op != "ConstantOfShape"]


def test_a_layer_is_one_operator_where_onnx_has_one(exported):
    text = """
input: [4, 8, 8]
layers:
  - conv: {filters: 8, kernel: 1}
  - batch_norm
  - relu
  - depthwise_conv: {kernel: 3, padding: 1}
  - max_pool: 1
  - avg_pool: 2
  - linear: {features: 3, flatten: true}
"""
    assert operators_of(exported(text, "onnx")) == [
        ("Conv", "conv"),
        ("BatchNormalization", "batch_norm"),
        ("Relu", "relu"),
        ("Conv", "depthwise_conv"),
        ("MaxPool", "max_pool"),
        ("AveragePool", "avg_pool"),
        ("Flatten", "linear:Flatten"),
        ("Gemm", "linear"),
    ]


def test_axes_that_no_runtime_slides_over_go_into_the_batch(exported):
    # Heads x time x height x width, as in MViT: a window reads each head separately.
    text = """
input: [4, 10, 6, 7]
layers:
  - reshape: [4, 2, 5, 6, 7]
  - depthwise_conv: {kernel: [1, 3, 3, 3]}
"""
    assert [op for op, _ in operators_of(exported(text, "onnx"))] == [
        "Reshape",
        "Transpose",
        "Reshape",
        "Reshape",
        "Conv",
        "Reshape",
        "Transpose",
    ]


# Two pools of SegNet's kind and their reverse: 9x12 -> 5x6 -> 2x3 -> 5x6 -> 9x12.
UNPOOLED = """
input: [3, 9, 12]
layers:
  - max_pool: {kernel: 3, stride: 2, padding: 1}
    name: pool1
  - max_pool: 2
    name: pool2
  - relu
  - max_unpool: {kernel: 2, size: [5, 6]}
    from: [relu, pool2]
    name: up2
  - max_unpool: {kernel: 3, stride: 2, padding: 1, size: [9, 12]}
    from: [up2, pool1]
    name: up1
"""


def test_unpooling_computes_the_positions_again(exported):
    data = exported(UNPOOLED, "onnx")
    assert [layer.name for layer in read_back(data).layers] == ["pool1", "pool2", "relu", "up2", "up1"]
    assert [op for op, _ in operators_of(data)].count("MaxPool") == 4


def test_nodes_are_bounded(exported):
    # 60 parts of 2 nodes each along an axis of 61, and a concat: 121 nodes of a layer.
    text = "input: [1, 61]\nlayers:\n  - adaptive_avg_pool: 60\n"
    with limits.using(limits.Limits(layers=12)), pytest.raises(SpecError, match="more than 120 nodes, 10 for each"):
        exported(text, "onnx")
    assert exported(text, "onnx")


def test_sizes_of_more_than_64_bits_are_errors(exported):
    # 10^10 x 10^10 elements, under a limit that somebody has raised.
    text = "input: [1, 10000000000, 10000000000]\nlayers: [flatten]\n"
    message = "flatten has a tensor of size 100,000,000,000,000,000,000, and numbers of ONNX have 64 bits"
    with limits.using(limits.Limits(number=10**30)), pytest.raises(SpecError, match=message):
        exported(text, "onnx")


def test_an_input_that_nothing_reads(exported):
    text = "input: {first: [3, 8, 8], second: [3, 8, 8]}\nlayers:\n  - relu:\n    from: second\n"
    assert [layer.type for layer in read_back(exported(text, "onnx")).layers] == ["relu"]


def test_a_mark_costs_no_more_than_the_nodes_before_it(exported, monkeypatch):
    """A node that is marked as a layer of hundreds does not make the reader write hundreds."""
    mark = '{"adaptive_avg_pool": {"size": 60}, "from": ["input"]}'
    monkeypatch.setattr(exporter, "write_mark", lambda *_arguments, **_options: {"cnncalc.layer": mark})
    data = exported("input: [3, 61, 61, 61]\nlayers:\n  - relu\n", "onnx")
    written = []
    add = LayerNodes._append
    monkeypatch.setattr(LayerNodes, "_append", lambda layer, node: written.append(add(layer, node)))
    assert [layer.type for layer in read_back(data).layers] == ["relu"]
    assert len(written) == 1
