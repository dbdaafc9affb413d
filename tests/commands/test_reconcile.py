"""`cnncalc reconcile` as a user runs it."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

TORCHVISION = ("resnet50", "--set", "stride_in_3x3=true")


@pytest.mark.parametrize(
    "arguments",
    [
        TORCHVISION,
        ("mobilenet_v2", "--language", "zh"),
        ("lenet5", "--convention", "fvcore", "--format", "markdown"),
        ("convnext_tiny", "--convention", "thop", "--convention", "torchinfo"),
        ("resnet50", "--claim", "3.8G"),
        ("resnet50", "--claim", "17M", "--language", "zh"),
        ("crnn", "--convention", "ptflops"),
    ],
    ids=" ".join,
)
def test_kept(arguments, run, kept):
    name = "_".join(word.lstrip("-").replace("=", "_") for word in arguments)
    kept(f"reconcile_{name}.txt", run("reconcile", *arguments).output)


def test_figures_of_the_tools_are_in_the_table(run):
    output = run("reconcile", *TORCHVISION).output
    for figure in ("4,111,512,576", "4,089,238,376", "4,132,436,968", "4,133,742,592", "8,211,108,352"):
        assert figure in output


def test_csv_items_sum_to_the_totals(run):
    rows = list(csv.DictReader(io.StringIO(run("reconcile", *TORCHVISION, "-f", "csv").output)))
    for convention in {row["convention"] for row in rows}:
        for figure in ("operations", "params"):
            amounts = [row for row in rows if (row["convention"], row["figure"]) == (convention, figure)]
            parts = sum(int(row["amount"]) for row in amounts if row["item"] != "total")
            assert parts == sum(int(row["amount"]) for row in amounts if row["item"] == "total")


def test_json(run):
    facts = json.loads(run("reconcile", *TORCHVISION, "--claim", "4.1G", "--json").output)
    by_key = {each["key"]: each for each in facts["conventions"]}
    assert facts["implemented"] == "resnet50"
    assert by_key["thop"]["operations"] == 4_133_742_592
    assert by_key["keras"]["operations"] is None
    assert {"key": "thop", "quantity": "operations", "exact": 4_133_742_592, "binary": False, "how": "rounded"} in (
        facts["claim"]["matches"]
    )


def test_a_spec_of_the_same_name_is_not_the_bundled_network(run, tmp_path, monkeypatch):
    """Its softmax is a module of 10 scores, for thop 29 operations: 10 exponentials, 10 divides and 9 adds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50.yaml").write_text("input: [10]\nlayers: [softmax]\n", encoding="utf-8")
    facts = json.loads(run("reconcile", "resnet50.yaml", "--json").output)
    assert facts["implemented"] == ""
    assert next(each["operations"] for each in facts["conventions"] if each["key"] == "thop") == 29


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lenet5", "--claim", "4.1 billions"), "'4.1 billions' is not a number; write a published number such as"),
        (("lenet5", "--convention", "fvcor"), "'fvcor' is not one of"),
    ],
)
def test_usage_errors(arguments, words, run):
    assert words in run("reconcile", *arguments, status=2).output


def test_keras_counts_its_own_resnet50(run):
    """25,636,712 by count_params() of keras.applications 3.15.1, of which 53,120 are running statistics."""
    folder = os.environ.get("CNNCALC_REAL_FILES")
    if not folder:
        pytest.skip("CNNCALC_REAL_FILES names no folder of real files")
    path = str(Path(folder, "keras", "ResNet50.json"))
    found = json.loads(run("reconcile", path, "--convention", "keras", "--json").output)
    assert "25636712" in json.dumps(found)
    assert "53120" in json.dumps(found)


def test_a_variable_that_gives_the_claim(run):
    """torchvision's 4.1G are not those of the paper's strides, 3.858G."""
    output = run("reconcile", "resnet50", "--claim", "4.1G").output
    assert "No convention gives 4.1G" in output
    assert "With --set stride_in_3x3=true, 4.1G is:" in output
    claim = json.loads(run("reconcile", "resnet50", "--claim", "4.1G", "--json").output)["claim"]
    assert claim["matches"] == []
    [variant] = claim["variants"]
    assert variant["setting"] == "stride_in_3x3=true"
    assert {"key": "fvcore", "quantity": "operations", "exact": 4_111_512_576, "binary": False, "how": "rounded"} in (
        variant["matches"]
    )


def test_csv_has_the_variable_that_gives_the_claim(run):
    """The MACs of resnet50 with its stride in the 3x3 convolutions are 4,089,184,256 (torchvision)."""
    rows = list(csv.DictReader(io.StringIO(run("reconcile", "resnet50", "--claim", "4.1G", "-f", "csv").output)))
    assert {row["setting"] for row in rows} == {"stride_in_3x3=true"}
    assert {row["figure"] for row in rows if row["convention"] == "cnncalc"} == {"4089184256"}
    rows = list(csv.DictReader(io.StringIO(run("reconcile", "resnet50", "--claim", "3.8G", "-f", "csv").output)))
    assert {row["setting"] for row in rows} == {""}


def test_no_variants_where_the_network_gives_the_claim(run):
    facts = json.loads(run("reconcile", "resnet50", "--claim", "3.8G", "--json").output)
    assert facts["claim"]["matches"]
    assert facts["claim"]["variants"] == []
