"""Every quantity that figures add up to is found everywhere: one record is all that a new one needs."""

import json

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.network.build import load
from cnncalc.spec.quantities import COUNTS, QUANTITIES, SUMS, amounts_of

# ResNet-50 of torchvision: 25,557,032 parameters, and 26,560 channels of batch norm with mean and variance.
PARAMS = 25_557_032
BUFFERS = 2 * 26_560


@pytest.fixture
def written(run):
    """What a command writes to standard output."""
    return lambda *arguments: run(*arguments).stdout


def test_weights_are_parameters_and_buffers():
    counted = totals(load("resnet50"))
    assert amounts_of(counted, 2, 2)["weights_size"] == 2 * (PARAMS + BUFFERS)
    assert SUMS["weights_size"].amount(counted) == 4 * (PARAMS + BUFFERS)


@pytest.mark.parametrize("key", SUMS)
def test_every_quantity_is_everywhere(key, written):
    summary = written("summary", "lenet5", "--columns", f"name,{key}", "--sort", key, "--format", "csv")
    rows = [line.split(",") for line in summary.splitlines()]
    assert rows[0] == ["name", key]
    figures = json.loads(written("summary", "lenet5", "--format", "json"))
    whole = figures["totals"][key]
    inputs = figures["totals"]["activations"] - sum(layer["activations"] for layer in figures["layers"])
    of_inputs = {"activations": inputs, "activations_size": 4 * inputs}.get(key, 0)
    assert sum(int(number) for _, number in rows[1:]) == whole - of_inputs
    if key in COUNTS:
        assert sum(layer[key] for layer in figures["layers"]) == whole - of_inputs
    compared = json.loads(written("compare", "lenet5", "vgg16", "--sort", key, "--columns", f"network,{key}", "--json"))
    assert {network["spec"]: network[key] for network in compared["networks"]}["lenet5"] == whole
    difference = json.loads(written("diff", "lenet5", "lenet5_modern", "--json"))
    assert difference["totals"][key]["old"] == whole
    assert QUANTITIES[key].label in written("diff", "lenet5", "lenet5_modern", "--columns", f"layer,{key}")
    assert written("check", "lenet5", "--expect", f"{key}={whole}", "--assert", f"{key}() == {whole}", "-q") == ""
