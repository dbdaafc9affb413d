"""Every layer with weights and every pool of the bundled networks, against figures found without cnncalc."""

import csv
import json
import re
from itertools import groupby
from pathlib import Path

import pytest

from cnncalc.build import load
from cnncalc.network import inference_layers

REFERENCE = Path(__file__).parents[1] / "reference"

FIGURES = list(csv.DictReader((REFERENCE / "figures.csv").read_text(encoding="utf-8").splitlines()))

KINDS = {
    "CONVOLUTION": "conv",
    "INNERPRODUCT": "linear",
    "BATCHNORM": "batch_norm",
    "POOLING MAX": "max_pool",
    "POOLING AVE": "avg_pool",
    "Conv2d": "conv",
    "Linear": "linear",
    "BatchNorm2d": "batch_norm",
    "MaxPool2d": "max_pool",
}

COMPARED = {"conv", "linear", "batch_norm", "subsample", "rbf", "max_pool", "avg_pool"}

# Where a source is known to differ from the bundled network: what the network has instead (README.md beside the data).
DIFFERENCES = {
    ("caffe/resnet50.csv", "conv1"): {"params": 9_408},
    ("caffe/resnet50.csv", "pool1"): {"padding": (1, 1)},
    ("caffe/resnet152.csv", "pool1"): {"padding": (1, 1)},
}


@pytest.mark.parametrize(
    "figures", [row for row in FIGURES if row["layers"]], ids=lambda row: f"{row['network']}-{row['layers']}"
)
def test_layers(figures):
    expected = read_reference(figures["layers"])
    found = [measured(layer) for layer in network_layers(figures)]
    found = [row for row in found if is_compared(row)]
    names = [(row["name"], row["kind"]) for row in found]
    assert len(found) == len(expected), f"{names} for {[(row['name'], row['kind']) for row in expected]}"
    for ours, theirs in zip(found, expected, strict=True):
        recorded = {key: ours[key] for key in theirs if key != "name"}
        assert recorded == {key: value for key, value in theirs.items() if key != "name"}, (
            f"{ours['name']} is not {theirs['name']} of {figures['layers']}"
        )


@pytest.mark.parametrize("figures", [row for row in FIGURES if row["layers"]], ids=lambda row: row["layers"])
def test_the_layers_of_a_source_add_up_to_its_totals(figures):
    rows = read_reference(figures["layers"])
    for key in ("params", "buffers", "macs"):
        if all(key in row for row in rows):
            assert sum(row[key] for row in rows) == int(figures[key])


def test_googlenet_has_the_names_of_caffe():
    names = [layer.name for layer in load("googlenet").layers]
    caffe = [row["name"].replace("/", ".") for row in read_reference("caffe/googlenet.csv")]
    modules = [name for name in caffe if name.startswith("inception")]
    assert [name for name in names if name in modules] == modules


def network_layers(figures):
    """The layers of a row of figures.csv, as it counts them."""
    settings = [tuple(setting.split("=")) for setting in figures["settings"].split(";") if setting]
    layers = load(figures["network"], settings=settings).layers
    return layers if figures["counted"] == "training" else inference_layers(layers)


def measured(layer):
    """All that a reference may record of a layer."""
    row = {
        "name": layer.name,
        "kind": layer.type,
        "output": str(layer.output_shape),
        "params": layer.params,
        "buffers": layer.buffers,
        "macs": layer.macs,
    }
    if layer.type in ("conv", "max_pool", "avg_pool", "subsample"):
        windows = layer.figures.type.windows(layer.input_shapes)
        row["kernel"] = tuple(window.kernel for window in windows)
        row["stride"] = tuple(window.stride for window in windows)
        row["padding"] = tuple(window.before for window in windows)
        assert row["padding"] == tuple(window.after for window in windows)
    if layer.type == "conv":
        row["groups"] = layer.settings["groups"]
    return row


def is_compared(row):
    """Sources write the mean of a whole map in many ways; the size of the linear layer after it tells."""
    return row["kind"] in COMPARED and not (row["kind"] == "avg_pool" and row["output"].endswith("x1x1"))


def read_reference(name):
    """The compared layers of a file of figures, each with those figures that it records."""
    path = REFERENCE / name
    if path.suffix == ".json":
        rows = [read_torchvision(layer) for layer in json.loads(path.read_text(encoding="utf-8"))["layers"]]
    else:
        records = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        rows = read_caffe(records) if path.parent.name == "caffe" else [read_paper(record) for record in records]
    rows = [row for row in rows if is_compared(row)]
    for row in rows:
        instead = DIFFERENCES.get((name, row["name"]), {})
        assert all(row[key] != value for key, value in instead.items()), f"{row['name']} of {name} differs no more"
        row.update(instead)
    return rows


def read_torchvision(layer):
    row = {
        "name": layer["name"],
        "kind": KINDS.get(layer["type"], layer["type"]),
        "output": "x".join(map(str, layer["output"])),
        "params": layer["params"],
        "macs": layer["macs"],
    }
    for key in ("kernel", "stride", "padding"):
        if key in layer:
            row[key] = in_two_axes(layer[key])
    if "groups" in layer:
        row["groups"] = layer["groups"]
    return row


def read_caffe(records):
    """Caffe's rows, with BATCHNORM and SCALE as one layer and each shortcut behind its residual."""
    rows = []
    for record in records:
        if record["type"] == "SCALE":
            rows[-1]["params"] += int(record["params"])
            continue
        size, _, method = record["kernel"].partition(" ")
        kind = f"{record['type']} {method}".strip()
        row = {
            "name": record["name"],
            "kind": KINDS.get(kind, kind),
            "output": vector(record["out_shape"]) if kind == "INNERPRODUCT" else record["out_shape"],
            "params": int(record["params"]),
            "buffers": int(record["bn_stats"]),
            "macs": int(record["macs"]),
        }
        if size:
            row["kernel"] = tuple(map(int, size.split("x")))
            row["stride"], row["padding"] = in_two_axes(int(record["stride"])), in_two_axes(int(record["pad"]))
        if record["groups"]:
            row["groups"] = int(record["groups"])
        rows.append(row)

    def block(row):
        match = re.match(r"(?:res|bn)(\w+)_branch", row["name"])
        return match and match.group(1)

    return [row for _, rows_of_block in groupby(rows, block) for row in sorted(rows_of_block, key=is_shortcut)]


def vector(shape):
    return shape.removesuffix("x1x1")


def is_shortcut(row):
    return row["name"].endswith("_branch1")


def read_paper(record):
    row = {"name": record["name"], "kind": record["type"], "output": record["output"]}
    for key in ("params", "buffers", "macs", "groups"):
        if record.get(key):
            row[key] = int(record[key])
    for key in ("kernel", "stride", "padding"):
        if record.get(key):
            row[key] = in_two_axes(int(record[key]))
    return row


def in_two_axes(value):
    return (value, value) if isinstance(value, int) else tuple(value)
