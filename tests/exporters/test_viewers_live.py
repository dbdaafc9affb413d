"""Files for Netron and Model Explorer, read by these programs: the PyPI packages netron and ai-edge-model-explorer.

Netron's reader is JavaScript, which node runs; Model Explorer declares its records in Python.
"""

import dataclasses
import json
import shutil
import subprocess
import sys
import types
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from exporters.conftest import source_of

from cnncalc.exporters import COLUMNS, export

pytestmark = pytest.mark.live
NAMES = ("resnet50", "siamese", "swin_t", "fasterrcnn_resnet50_fpn", "lenet5")


def folder_of(package):
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{package} is not installed")
    return Path(next(iter(found.submodule_search_locations)))


def read_by_netron(path):
    folder, node = folder_of("netron"), shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = Path(__file__).with_name("netron_reader.mjs")
    result = subprocess.run([node, script, folder, path], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_netron_reads_its_own_format(name, tmp_path):
    source = source_of(name)
    path = tmp_path / "net.netron"
    path.write_text("\n".join(export(source, "netron")))
    model = read_by_netron(path)
    layers = source.network.layers
    assert model["format"] == "cnncalc"
    assert [(node["name"], node["type"]) for node in model["nodes"]] == [(layer.name, layer.type) for layer in layers]
    for node, layer in zip(model["nodes"], layers, strict=True):
        assert node["outputs"] == [["output", [[layer.name, f"float32[N,{','.join(map(str, layer.output_shape))}]"]]]]
        read = node["inputs"][0][1] if layer.inputs else []
        assert [tensor for tensor, _ in read] == list(layer.inputs)
        shown = dict(node["attributes"])
        assert shown.get("parameters", "0") == f"{layer.params:,}"
        assert shown.get("MACs", "0") == f"{layer.macs:,}"


@pytest.mark.parametrize("name", NAMES)
def test_netron_reads_onnx(name, tmp_path):
    source = source_of(name)
    path = tmp_path / "net.onnx"
    path.write_bytes(export(source, "onnx"))
    model = read_by_netron(path)
    outputs = {tensor for node in model["nodes"] for _, values in node["outputs"] for tensor, _ in values}
    assert model["format"] == "ONNX v10"
    assert outputs >= {layer.name for layer in source.network.layers if not layer.training_only}


def records_of(file):
    """A module of Model Explorer, without what its package imports."""
    folder = folder_of("model_explorer")
    package = sys.modules.setdefault("model_explorer_records", types.ModuleType("model_explorer_records"))
    package.__path__ = [str(folder)]
    found = spec_from_file_location(f"model_explorer_records.{file}", folder / f"{file}.py")
    module = module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def check_record(kind, value):
    """Hold an object to the fields of a record: all are known, and those without a default are there."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    assert set(value) <= set(fields), kind
    required = {
        name
        for name, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    assert required <= set(value), kind


@pytest.mark.parametrize("name", NAMES)
def test_model_explorer_knows_all_records(name):
    records = records_of("graph_builder")
    collection = json.loads("\n".join(export(source_of(name), "model-explorer")))
    check_record(records.GraphCollection, collection)
    (graph,) = collection["graphs"]
    check_record(records.Graph, graph)
    ids = {node["id"] for node in graph["nodes"]}
    assert len(ids) == len(graph["nodes"])
    for node in graph["nodes"]:
        check_record(records.GraphNode, node)
        for edge in node.get("incomingEdges", ()):
            check_record(records.IncomingEdge, edge)
            assert edge["sourceNodeId"] in ids
        for item in node["outputsMetadata"]:
            check_record(records.MetadataItem, item)
        for pair in (*node.get("attrs", ()), *(pair for item in node["outputsMetadata"] for pair in item["attrs"])):
            check_record(records.KeyValue, pair)
            assert isinstance(pair["value"], str)


@pytest.mark.parametrize("column", COLUMNS)
def test_model_explorer_knows_the_data_of_nodes(column):
    records = records_of("node_data_builder")
    (data,) = json.loads("\n".join(export(source_of("resnet50"), "model-explorer-data", {"column": column}))).values()
    check_record(records.GraphNodeData, data)
    for result in data["results"].values():
        check_record(records.NodeDataResult, result)
    for item in data["gradient"]:
        check_record(records.GradientItem, item)
