"""The reference figures as rows that the tests compare, whatever source they come from."""

import csv
import re
from itertools import groupby
from pathlib import Path

from cnncalc.network.build import load
from cnncalc.network.records import inference_layers

REFERENCE = Path(__file__).parent

FIGURES = [
    row
    for path in sorted((REFERENCE / "figures").glob("*.csv"))
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
]

KINDS = {
    "CONVOLUTION": "conv",
    "INNERPRODUCT": "linear",
    "BATCHNORM": "batch_norm",
    "POOLING MAX": "max_pool",
    "POOLING AVE": "avg_pool",
    "Conv2D": "conv",
    "DepthwiseConv2D": "conv",
    "Dense": "linear",
    "BatchNormalization": "batch_norm",
    "MaxPooling2D": "max_pool",
    "Conv2d": "conv",
    "Linear": "linear",
    "BatchNorm2d": "batch_norm",
    "FrozenBatchNorm2d": "batch_norm",
    "MaxPool2d": "max_pool",
    "MaxPool1d": "max_pool",
    "AvgPool2d": "avg_pool",
    "ConvTranspose2d": "conv_transpose",
    "PaddedConv1d": "conv",
    "PaddedConv2d": "conv",
    "CroppedConvTranspose2d": "conv_transpose",
    "Conv2dSame": "conv",
    "MaxPool2dSame": "max_pool",
    "AvgPool2dSame": "avg_pool",
    "Conv1d": "conv",
    "Conv3d": "conv",
    "Conv3DSimple": "conv",
    "Conv3DNoTemporal": "conv",
    "MaxPool3d": "max_pool",
    "AvgPool3d": "avg_pool",
    "BatchNorm1d": "batch_norm",
    "BatchNorm3d": "batch_norm",
    "BatchNormAct2d": "batch_norm",
    "LayerNorm": "layer_norm",
    "LayerNorm2d": "layer_norm",
    "CNBlock": "scale",  # the one weight that it has of its own
    "MetaNeXtBlock": "scale",  # likewise
    "SSDFeatureExtractorVGG": "scale",  # likewise
    "Scale": "scale",
    "GroupNorm": "group_norm",
    "GroupNorm1": "group_norm",
    "GroupNormAct": "group_norm",
    "StdConv2d": "conv",
    "ScaledStdConv2d": "conv",
    "GlobalResponseNorm": "scale",  # the factors and addends that it learns
    "RelPosBias": "parameter",
    "MultiheadAttention": "linear",  # that which makes queries, keys and values
    "NonDynamicallyQuantizableLinear": "linear",
    "VisionTransformer": "parameter",  # the class token
    "Encoder": "parameter",  # its positions
    "ShiftedWindowAttention": "parameter",  # the table of its position bias
    "ShiftedWindowAttentionV2": "parameter",  # the factors of its scores
    "RelativePositionalMultiHeadAttention": "parameter",  # the table of its position bias
    "Parameter": "parameter",
    "Product": "product",
    "LSTM": "lstm",
}

# Where they work on a map, its channels are last.
LINEAR = ("Linear", "NonDynamicallyQuantizableLinear", "MultiheadAttention")
CHANNELS_LAST = (*LINEAR, "LayerNorm", "GlobalResponseNorm", "LSTM")

COMPARED = {
    "conv",
    "conv_transpose",
    "linear",
    "batch_norm",
    "subsample",
    "rbf",
    "max_pool",
    "avg_pool",
    "layer_norm",
    "group_norm",
    "scale",
    "lstm",
    "parameter",
    "product",
}

# Where a source is known to differ from the bundled network: what the network has instead (README.md beside the data).
DIFFERENCES = {
    ("caffe/resnet50.csv", "conv1"): {"params": 9_408},
    ("caffe/resnet50.csv", "pool1"): {"padding": (1, 1)},
    ("caffe/resnet152.csv", "pool1"): {"padding": (1, 1)},
}


def network_layers(figures):
    """The layers of a row of figures.csv, as it counts them."""
    settings = [tuple(setting.split("=")) for setting in figures["settings"].split(";") if setting]
    inputs = [("", figures["input"])] if figures.get("input") else []
    layers = load(figures["network"], settings=settings, inputs=inputs).layers
    return layers if figures["counted"] == "training" else inference_layers(layers)


def is_compared(row):
    """Sources write the mean of a whole map in many ways; the size of the linear layer after it tells."""
    return row["kind"] in COMPARED and not (row["kind"] == "avg_pool" and row["output"].endswith("x1x1"))


def compared_rows(rows):
    """The compared ones of rows with their keys, which `reads` names: the numbers of compared rows then, from 1.

    What is not a key is the network's input. A row that is not compared hands on what it reads.
    """
    compared, sources = [], {}
    for key, row in rows:
        sources[key] = {source for read in row.get("reads", ()) for source in sources.get(read, {"input"})}
        if is_compared(row):
            compared.append({**row, "reads": sources[key]} if "reads" in row else row)
            sources[key] = {len(compared)}
    return compared


def read_reference(name):
    """The compared layers of a file of figures, each with those figures that it records."""
    path = REFERENCE / name
    records = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    rows = read_caffe(records) if path.parent.name == "caffe" else list(map(read_recorded, records))
    rows = compared_rows(zip(range(1, len(rows) + 1), rows, strict=True))
    for row in rows:
        instead = DIFFERENCES.get((name, row["name"]), {})
        assert all(row[key] != value for key, value in instead.items()), f"{row['name']} of {name} differs no more"
        row.update(instead)
    return rows


def read_caffe(records):
    """Caffe's rows, with BATCHNORM and SCALE as one layer and each shortcut behind its residual."""
    rows = []
    for record in records:
        if record["type"] == "SCALE":
            rows[-1]["params"] += int(record["params"])
            continue
        size, _, method = record["kernel"].partition(" ")
        kind = f"{record['type']} {method}".strip()
        if kind == "CONVOLUTION" and record["in_shape"].endswith("x1x1"):
            kind = "INNERPRODUCT"  # of a single position: a linear layer by another name
        windowed = size not in ("", "global") and kind != "INNERPRODUCT"
        row = {
            "name": record["name"],
            "kind": KINDS.get(kind, kind),
            "output": vector(record["out_shape"]) if kind == "INNERPRODUCT" else record["out_shape"],
            "params": int(record["params"]),
            "buffers": int(record["bn_stats"]),
            "macs": int(record["macs"]),
        }
        if windowed:
            row["kernel"] = tuple(map(int, size.split("x")))
            row["stride"], row["padding"] = on_axes(record["stride"], 2), on_axes(record["pad"], 2)
        if windowed and record["groups"]:
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


def read_recorded(record):
    """A row of a paper's figures or of record.py; an empty field was not recorded."""
    row = {"name": record["name"], "kind": KINDS.get(record["type"], record["type"]), "output": record["output"]}
    if row["kind"] in ("parameter", "product"):
        del row["output"]  # in which order its axes are is free
    if record["type"] in CHANNELS_LAST and "x" in record["output"]:
        # At each position of a map, whose channels stand last: for a linear layer, that is a 1x1 convolution.
        *positions, channels = record["output"].split("x")
        if record["type"] in LINEAR:
            row["kind"] = "conv"
            positions = [size for size in positions if size != "1"]  # a single window, which not all sources write
        row["output"] = "x".join((channels, *positions))
    if record.get("reads"):
        row["reads"] = [read if read == "input" else int(read) for read in record["reads"].split()]
    for key in ("params", "buffers", "macs", "groups"):
        if record.get(key):
            row[key] = int(record[key])
    for key in ("kernel", "stride", "padding", "dilation"):
        if record.get(key):
            row[key] = on_axes(record[key], len(record["output"].split("x")) - 1)
    return row


def on_axes(text, rank):
    """`3` and `3x3` alike as (3, 3); `0:1x0:1` is 0 before and 1 behind, ((0, 1), (0, 1))."""
    sizes = tuple(tuple(map(int, size.split(":"))) if ":" in size else int(size) for size in text.split("x"))
    return sizes * rank if len(sizes) == 1 else sizes
