"""What torchvision publishes with the weights of its 80 classifiers: parameters, and GMACs as printed.

Recorded from the weights' metadata of torchvision 0.29.1 (its `GFLOPS` are multiply-accumulates).
"""

import csv

import pytest
from reference.reading import REFERENCE

from cnncalc.analyses.totals import totals
from cnncalc.network.build import load

PUBLISHED = list(csv.DictReader((REFERENCE / "torchvision" / "published.csv").read_text(encoding="utf-8").splitlines()))

# Where the bundled network of that name is the paper's, torchvision's is beside it or a variable away.
BESIDE = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}
VARIABLES = {name: [("stride_in_3x3", "true")] for name in ("resnet50", "resnet101", "resnet152")}
# Published with the auxiliary head in the parameters, without it in the operations.
WITH_HEAD = {"inception_v3"}


def test_all_are_there():
    assert len({row["network"] for row in PUBLISHED}) == 80


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row['network']}-{row['input']}")
def test_parameters_and_gmacs(row):
    name = row["network"]
    counted = totals(load(BESIDE.get(name, name), VARIABLES.get(name, ()), [("", row["input"])]))
    params = counted.training.params if name in WITH_HEAD else counted.params
    assert params == int(row["params"])
    thousandths = (counted.macs + 500_000) // 1_000_000
    assert thousandths == round(float(row["gmacs"]) * 1000)
