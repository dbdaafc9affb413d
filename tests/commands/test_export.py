"""`cnncalc export` as a user runs it."""

import json
from pathlib import Path

import pytest

from cnncalc.exporters import OPTIONS, TARGETS


def test_options_are_those_of_formats():
    assert {target for targets in OPTIONS.values() for target in targets} <= set(TARGETS)


def test_a_format_must_be_chosen(run):
    assert "no format is given; choose one with --to " in run("export", "lenet5", status=2).stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--to", "onnx", "--unpadded"), "--unpadded applies only to --to scalesim"),
        (("--to", "netron", "--column", "macs"), "--column applies only to --to model-explorer-data"),
    ],
)
def test_options_of_other_formats_are_refused(options, message, run):
    assert message in run("export", "lenet5", *options, status=2).stderr


def test_a_binary_file_goes_into_a_pipe_or_a_file(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("export", "lenet5_modern", "--to", "onnx", "-o", "net.onnx")
    assert run("export", "lenet5_modern", "--to", "onnx").stdout_bytes == Path("net.onnx").read_bytes()


def test_nothing_is_written_where_a_layer_cannot_be(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("export", "lenet5", "--to", "scalesim", "-o", "net.csv", status=2)
    assert "OUTPUT is of type rbf" in result.stderr
    assert "C3 has connections" in result.stderr
    assert not Path("net.csv").exists()


def test_inputs_and_variables_are_those_of_the_command(run):
    result = run("export", "vgg11", "--to", "model-explorer", "--input", "3x64x64", "--set", "classes=7")
    nodes = {node["id"]: node for node in json.loads(result.stdout)["graphs"][0]["nodes"]}
    assert nodes["input"]["outputsMetadata"][0]["attrs"][1]["value"] == "float32[N,3,64,64]"
    assert nodes["softmax"]["outputsMetadata"][0]["attrs"][1]["value"] == "float32[N,7]"


def test_files_of_other_programs_are_exported(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("export", "resnet18", "--to", "onnx", "-o", "net.onnx")
    assert run("export", "net.onnx", "--to", "scalesim").stdout == run("export", "resnet18", "--to", "scalesim").stdout
