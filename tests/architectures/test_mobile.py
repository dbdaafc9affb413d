"""What the papers of the small networks say of them beyond their totals."""

import csv
from pathlib import Path

import pytest

from cnncalc.network.build import load

PAPERS = Path(__file__).parents[1] / "reference" / "papers"


def read(name):
    return list(csv.DictReader((PAPERS / name).read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("row", read("shufflenet_v1_table1.csv"), ids=lambda row: f"groups-{row['groups']}")
def test_convolutions_of_shufflenet_v1_are_what_its_table_1_counts(row):
    layers = load("shufflenet_v1", settings=[("groups", row["groups"])]).layers
    macs = sum(layer.macs for layer in layers if layer.type in ("conv", "depthwise_conv"))
    assert round(macs / 1_000_000) == int(row["million_macs_of_convolutions"])


def test_shares_of_mobilenet_v1():
    """The paper's Table 2; what it leaves is the first convolution."""
    layers = [layer for layer in load("mobilenet_v1").layers if layer.macs]
    kinds = {"depthwise_conv": "depthwise", "linear": "linear", "conv": "pointwise"}
    for row in read("mobilenet_v1_table2.csv"):
        macs = sum(layer.macs for layer in layers if kinds[layer.type] == row["layers"] and layer.name != "conv1")
        assert round(100 * macs / sum(layer.macs for layer in layers), 2) == float(row["percent_of_macs"])


@pytest.mark.parametrize(("name", "groups"), [("shufflenet_v1", 3), ("shufflenet_v2_x1_0", 2)])
def test_every_unit_of_the_shufflenets_shuffles(name, groups):
    layers = load(name).layers
    units = {".".join(layer.name.split(".")[:2]) for layer in layers if ".unit" in layer.name}
    shuffles = [layer for layer in layers if layer.type == "channel_shuffle"]
    assert sorted(".".join(layer.name.split(".")[:2]) for layer in shuffles) == sorted(units)
    assert {layer.settings["groups"] for layer in shuffles} == {groups}
