"""Files for Netron and Model Explorer."""

import json

import pytest

from cnncalc.exporters import COLUMNS

# A convolution of 2 x 3 x 3 x 3 weights and 2 biases on 8x8 positions, of which 6x6 remain, twice, one of them shared;
# the sum of their outputs; a linear layer of 2 x 6 x 6 x 4 weights and 4 biases.
SPEC = """
name: Small
source: "Doe <b>2020</b>"
input: [3, 8, 8]
blocks:
  pair():
    - conv: {filters: 2, kernel: 3}
      name: own
    - conv: {filters: 2, kernel: 3}
      name: twin
      weights: own
      from: input
    - add:
      from: [own, twin]
layers:
  - pair:
    name: stage.block
  - linear: {features: 4, flatten: true}
    name: fc
    frozen: true
"""


def test_netron_has_nodes_with_figures_and_shapes(exported):
    text = exported(SPEC, "netron")
    assert text.startswith('{"signature": "netron:cnncalc",\n')
    written = json.loads(text)
    (module,) = written["modules"]
    nodes = {node["name"]: node for node in module["nodes"]}
    assert list(nodes) == ["stage.block.own", "stage.block.twin", "stage.block.add", "fc"]
    own = {each["name"]: each["value"] for each in nodes["stage.block.own"]["attributes"]}
    # 56 parameters of 4 bytes; 54 x 36 multiply-accumulates; 2 x 6 x 6 outputs of 4 bytes.
    assert own["parameters"] == "56"
    assert own["MACs"] == "1,944"
    assert own["memory of weights"] == "224 B"
    assert own["memory of output"] == "288 B"
    twin = {each["name"]: each["value"] for each in nodes["stage.block.twin"]["attributes"]}
    assert "parameters" not in twin
    assert twin["weights of"] == "stage.block.own"
    assert nodes["stage.block.twin"]["inputs"][1]["value"] == ["stage.block.own:weight"]
    frozen = {each["name"]: each["value"] for each in nodes["fc"]["attributes"]}
    # 72 x 4 weights and 4 biases.
    assert (frozen["buffers"], frozen["frozen"]) == ("292", "true")
    tensors = {tensor["name"]: tensor for tensor in module["arguments"]}
    assert tensors["input"]["type"]["shape"]["dimensions"] == ["N", 3, 8, 8]
    assert tensors["stage.block.own:weight"]["initializer"]["type"]["shape"]["dimensions"] == [2, 3, 3, 3]
    used = {name for node in module["nodes"] for each in node["inputs"] for name in each["value"]}
    assert used <= set(tensors)
    assert {"name": "source", "value": "Doe <b>2020</b>"} in written["metadata"]


def test_model_explorer_has_blocks_as_namespaces_with_their_sums(exported):
    written = json.loads(exported(SPEC, "model-explorer"))
    (graph,) = written["graphs"]
    assert written["label"] == "Small"
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert {name: (node["label"], node["namespace"]) for name, node in nodes.items()} == {
        "input": ("input", ""),
        "stage.block.own": ("own (conv)", "stage/block"),
        "stage.block.twin": ("twin (conv)", "stage/block"),
        "stage.block.add": ("add", "stage/block"),
        "fc": ("fc (linear)", ""),
        ":output": ("output", ""),
    }
    assert [edge["sourceNodeId"] for edge in nodes["stage.block.add"]["incomingEdges"]] == [
        "stage.block.own",
        "stage.block.twin",
    ]
    shape = {each["key"]: each["value"] for each in nodes["stage.block.add"]["outputsMetadata"][0]["attrs"]}
    assert shape == {"__tensor_tag": "stage.block.add", "shape": "float32[N,2,6,6]"}
    groups = graph["groupNodeAttributes"]
    assert set(groups) == {"", "stage", "stage/block"}
    # Shared weights count once, and both convolutions compute.
    assert groups["stage/block"]["parameters"] == "56"
    assert groups["stage/block"]["MACs"] == "3,888"
    assert groups[""]["MACs"] == "4,176"
    assert groups[""]["source"] == "Doe <b>2020</b>"


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("macs", [1944, 1944, 0, 288]), ("params", [56, 0, 0, 0]), ("buffers", [0, 0, 0, 292]),
        # 2 per multiply-accumulate, and 72 biases, 72 sums or 4 biases.
        ("flops", [3960, 3960, 72, 580]), ("weights_size", [224, 0, 0, 1168]), ("output_size", [288, 288, 288, 16]),
    ],
)  # fmt: skip
def test_model_explorer_colors_nodes_by_a_figure(column, values, exported):
    written = json.loads(exported(SPEC, "model-explorer-data", column=column))
    (graph,) = json.loads(exported(SPEC, "model-explorer"))["graphs"]
    data = written[graph["id"]]
    assert [result["value"] for result in data["results"].values()] == values
    assert set(data["results"]) <= {node["id"] for node in graph["nodes"]}
    assert [color["stop"] for color in data["gradient"]] == [0, 0.5, 1]


def test_the_columns_are_tried():
    assert COLUMNS == ("macs", "params", "buffers", "flops", "weights_size", "output_size")


def test_the_figure_is_macs_by_default(exported):
    assert exported(SPEC, "model-explorer-data") == exported(SPEC, "model-explorer-data", column="macs")
