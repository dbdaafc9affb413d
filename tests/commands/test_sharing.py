"""`cnncalc sharing` as a user runs it."""

import csv
import io
import json

import pytest

LECTURE = "name: CS231n\ninput: [3, 227, 227]\nlayers: [conv: {filters: 96, kernel: 11, stride: 4}]"


@pytest.mark.parametrize(
    "arguments",
    [
        ("vgg16",),
        ("mobilenet_v1", "--language", "zh"),
        ("siamese",),
        ("resnet50", "--depth", "2"),
        ("lenet5", "--columns", "all"),
        ("lenet5", "--format", "markdown"),
        ("lenet5", "--format", "latex"),
        ("lenet5", "--format", "csv"),
        ("lenet5", "--format", "json"),
    ],
    ids=" ".join,
)
def test_kept(arguments, run, kept):
    name = "_".join(word.lstrip("-") for word in arguments)
    kept(f"sharing_{name}.txt", run("sharing", *arguments).output)


def test_the_lecture_notes(run):
    """CS231n: 105,705,600 parameters without sharing, 34,944 with it; a neuron reads 363 of 154,587."""
    output = run("sharing", "-", stdin=LECTURE).output
    assert "conv   conv   34,944  105,705,600  3,025   44,892,355,200" in output
    assert "an output of conv reads 363 of 154,587 inputs" in output


def test_csv_is_read_back(run):
    rows = list(csv.DictReader(io.StringIO(run("sharing", "mobilenet_v1", "-f", "csv").output)))
    assert sum(int(row["params"]) for row in rows) == 4_231_976
    assert sum(int(row["merged"]) for row in rows) == 29_294_088
    (row,) = csv.DictReader(io.StringIO(run("sharing", "-", "-f", "csv", "--columns", "all", stdin=LECTURE).output))
    assert row["unshared_ratio"] == "3025.000000"
    assert row["reads"] == "363"
    assert row["connectivity"] == "0.002348"


def test_json_goes_with_the_summary(run):
    facts = json.loads(run("sharing", "googlenet", "-f", "json").output)
    summary = json.loads(run("summary", "googlenet", "-f", "json").output)
    assert facts["totals"]["params"] == summary["totals"]["params"]
    assert facts["totals"]["training"]["params"] == summary["totals"]["training"]["params"]
    assert facts["totals"]["macs"] == summary["totals"]["macs"]
    params = {layer["name"]: layer["params"] for layer in summary["layers"] if layer["params"]}
    assert {layer["name"]: layer["params"] for layer in facts["layers"]} == params


def test_set_and_input(run):
    """Groups of 1 leave nothing to ungroup; a larger image is more positions."""
    one = json.loads(run("sharing", "alexnet", "--set", "groups=1", "-f", "json").output)["totals"]
    assert one["params"] == one["ungrouped"] == 62_378_344
    large = json.loads(run("sharing", "resnet18", "--input", "3x448x448", "-f", "json").output)["layers"][0]
    assert large["unshared"] == 224 * 224 * large["params"]


def test_output_is_a_file(run, tmp_path):
    path = tmp_path / "sharing.tex"
    assert run("sharing", "lenet5", "-f", "latex", "--language", "zh", "-o", str(path)).output == ""
    assert "不共享" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vgg61",), "did you mean 'vgg19' or 'vgg16'?\n"),
        (("vgg16", "--columns", "unsared"), "unknown column 'unsared'; did you mean 'unshared'?"),
        (("vgg16", "--language", "fr"), "'fr' is not one of 'en', 'zh'"),
        (("vgg16", "--depth", "none"), "'none' is not a number of levels; write a whole number from 1, or all"),
        (("vgg16", "--languag", "zh"), "--language"),
        ((), "Missing argument 'SPEC'"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(arguments, message, run):
    output = run("sharing", *arguments, status=2).output
    assert message in output
    assert "Traceback" not in output
