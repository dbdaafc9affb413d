"""Every quantity that figures add up to is found everywhere: one record is all that a new one needs."""

import json

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.network.build import load
from cnncalc.spec.quantities import COUNTS, MEMORIES, PEAKS, QUANTITIES, SUMS, amounts_of

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


@pytest.mark.parametrize("key", MEMORIES)
def test_every_memory_quantity_is_everywhere(key, written):
    """A network has the largest of its layers at inference, and their sum in training."""
    summary = written("summary", "googlenet", "--columns", f"name,{key}", "--sort", key, "--format", "csv")
    name, *rows = [line.split(",")[1] for line in summary.splitlines()]
    amounts = [int(row) for row in rows if row]
    assert name == key
    assert amounts == sorted(amounts, reverse=True)
    whole = json.loads(written("summary", "googlenet", "--format", "json"))["totals"][key]
    assert whole == (max(amounts) if key in PEAKS else sum(amounts))
    compared = json.loads(written("compare", "lenet5", "googlenet", "--sort", key, "--json"))["networks"]
    assert [network["spec"] for network in compared] == ["googlenet", "lenet5"]
    assert compared[0][key] == whole
    table = written("compare", "googlenet", "--columns", f"spec,{key}", "--format", "csv")
    assert table.splitlines() == [f"spec,{key}", f"googlenet,{whole}"]
    difference = json.loads(written("diff", "lenet5", "googlenet", "--json"))["totals"][key]
    assert difference == {"old": compared[1][key], "new": whole, "difference": whole - compared[1][key]}
    assert QUANTITIES[key].label in written("diff", "lenet5", "googlenet", "--columns", f"layer,{key}")
    checks = ("--expect", f"{key}={whole}", "--assert", f"{key}() == {whole}")
    assert written("check", "googlenet", *checks, "-q", "--no-lint") == ""


@pytest.mark.parametrize("key", ["saved_for_backward", "training_memory"])
def test_memory_that_is_unknown_is_no_number(key, written, tmp_path):
    """An opaque layer does not tell what it keeps: JSON has null, tables no number, and a note says why."""
    path = tmp_path / "mystery.yaml"
    layer = "{opaque: {output: 3, params: 9, macs: 9}, name: mystery}"
    path.write_text(f"name: Mystery\ninput: [3, 4, 4]\nlayers:\n  - {layer}\n  - relu\n")
    label = QUANTITIES[key].label
    assert json.loads(written("summary", str(path), "--json"))["totals"][key] is None
    assert "unknown for mystery (opaque)" in written("summary", str(path), "--columns", f"name,{key}")
    reason = f"{label} of Mystery unknown; `cnncalc memory SPEC --training` names the layers"
    assert reason in written("compare", str(path), "lenet5", "--columns", f"network,{key}", "--sort", key)
    difference = written("diff", "lenet5", str(path), "--columns", f"layer,{key}")
    assert reason in difference
    assert json.loads(written("diff", "lenet5", str(path), "--json"))["totals"][key] is None
