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

# Detectors and segmentation networks, these with their auxiliary heads. Detectors read 800x800, and the second stage of
# Faster R-CNN 1,000 proposals; SSD reads 300x300, SSDLite 320x320 and segmentation networks 520x520.
DENSE = {
    "retinanet_resnet50_fpn": (34_014_999, 151_540),
    "fcos_resnet50_fpn": (32_269_600, 128_207),
    "fasterrcnn_resnet50_fpn": (41_755_286, 134_380),
    "maskrcnn_resnet50_fpn": (44_401_393, 134_380),
    "ssd300_vgg16": (35_641_826, 34_858),
    "ssdlite320_mobilenet_v3_large": (3_440_060, 583),
    "lraspp_mobilenet_v3_large": (3_221_538, 2_086),
    "deeplabv3_mobilenet_v3_large": (11_029_328, 10_452),
    "deeplabv3_resnet50": (42_004_074, 178_722),
    "deeplabv3_resnet101": (60_996_202, 258_743),
    "fcn_resnet50": (35_322_218, 152_717),
    "fcn_resnet101": (54_314_346, 232_738),
}


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


@pytest.mark.parametrize("name", DENSE)
def test_parameters_and_thousandths_of_gmacs_of_dense_networks(name):
    layers = load(name).layers
    params, thousandths = DENSE[name]
    assert sum(layer.params for layer in layers) == params
    if name == "maskrcnn_resnet50_fpn":  # published without masks: no object was detected
        layers = [layer for layer in layers if layer.name.startswith("detector.")]
    assert (sum(layer.macs for layer in layers) + 500_000) // 1_000_000 == thousandths
