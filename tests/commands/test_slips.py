"""Slips of a newcomer on the command line: each message says what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NO_NETWORK = "no such file or bundled network"
CHANNELS = "channels come first, and the input of this spec has 3 channels"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("vgg16", "unknown command 'vgg16'; write `cnncalc summary vgg16`"),
        ("sumary vgg16", "unknown command 'sumary'; did you mean 'summary'?"),
        ("summary VGG16", f"VGG16: {NO_NETWORK}; did you mean 'vgg16'?"),
        ("summary vgg-16", f"vgg-16: {NO_NETWORK}; did you mean 'vgg16'?"),
        ("summary resnet-50", f"resnet-50: {NO_NETWORK}; did you mean 'resnet50'?"),
        ("summary mobilenetv2", f"mobilenetv2: {NO_NETWORK}; did you mean 'mobilenet_v2'?"),
        ("summary EfficientNet-B0", f"EfficientNet-B0: {NO_NETWORK}; did you mean 'efficientnet_b0'?"),
        ("summary googlenet.yml", f"googlenet.yml: {NO_NETWORK}; did you mean 'googlenet'?"),
        ("summary whisper", f"whisper: {NO_NETWORK}; `cnncalc list` shows the bundled networks"),
        ("summary vgg16 --set class=10", "--set class: the spec has no variable 'class'; did you mean 'classes'?"),
        ("summary vgg16 --set classes:10", "'classes:10' is not NAME=VALUE; write, for example, classes=10"),
        ("summary vgg16 --column params", "--columns"),
        ("summary vgg16 --columns parameters", "unknown column 'parameters'; did you mean 'params'?"),
        ("summary vgg16 --input 224x224x3", f"--input 224x224x3: {CHANNELS}; write --input 3x224x224\n"),
        ("summary vgg16 --input 224", f"--input 224: {CHANNELS}; write --input 3x224x224\n"),
        ("summary vgg16 --input 224x224", f"--input 224x224: {CHANNELS}; write --input 3x224x224\n"),
        (
            "summary vgg16 --input 224*224*3",
            "'224*224*3' is not a size; write the channels, then the sizes, such as 3x224x224",
        ),
        (
            "summary vgg16 --input 3;224;224",
            "'3;224;224' is not a size; write the channels, then the sizes, such as 3x224x224",
        ),
        ("summary vgg16 --input image=3x224x224", "the spec has no input 'image'; the input is named input"),
        ("check vgg16 --max 5M", "'5M' is not QUANTITY=N; write, for example, params=5M"),
        ("check vgg16 --max params<5M", "'params<5M' is not QUANTITY=N; write, for example, params=5M"),
        ("check vgg16 --max macs=1GMac", "--max macs=1GMac: unexpected '1GMac'; write 1G"),
        ("check vgg16 --max params=5million", "unexpected '5million'; write 5M"),
        ("check vgg16 --max parameters=5M", "unknown quantity 'parameters'; did you mean 'params'?"),
        ("check vgg16 --expect 16", "'16' is not QUANTITY=VALUE; write, for example, depth=16"),
        (
            "check vgg16 --assert fc6.params<0.5",
            "unexpected '.params'; write params('fc6'), or params('fc6') / params() for its share",
        ),
    ],
)
def test_slips(run, line: str, message: str) -> None:
    output = run(*line.split(), status=2).output
    assert message in output
    assert "Traceback" not in output


NOT_READ = {
    "pt": "PyTorch models",
    "PTH": "PyTorch models",
    "h5": "HDF5 files",
    "caffemodel": "Caffe models",
    "pb": "TensorFlow models",
    "py": "Python code",
}
TEXTS = {
    "pt": b"PK\x03\x04\x00\x00\xff\xfe archive/data.pkl",
    "PTH": b"\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.",
    "h5": b"\x89HDF\r\n\x1a\n\x00\x00",
    "caffemodel": b"\n\x05LeNet\xa2\x06",
    "pb": b"\n:\n\x05input",
    "py": b"import torch\n",
}


@pytest.mark.parametrize("suffix", NOT_READ)
@pytest.mark.parametrize("there", [True, False])
def test_files_of_other_programs(run, tmp_path: Path, suffix: str, there: bool) -> None:
    path = tmp_path / f"model.{suffix}"
    if there:
        path.write_bytes(TEXTS[suffix])
    what = "is not a spec" if there else "no such file"
    known = "YAML specs, and networks of ONNX, Keras, TensorFlow Lite, Caffe and Darknet"
    advice = f"cnncalc reads {known}, not {NOT_READ[suffix]}"
    for command in ("summary", "lint"):
        output = run(command, str(path), status=2).output
        assert output.startswith(f"{path}: ")
        assert f"{what}; {advice}" in output


def test_bytes_are_not_shown(run, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x07\x12\x07pytorch")
    assert run("show", str(path), status=2).output.startswith(f"{path}: is a binary file; ")


def test_a_spec_may_have_any_suffix(run, tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text('{"input": [3, 8, 8], "layers": ["relu"]}', encoding="utf-8")
    assert "relu" in run("summary", str(path)).output
    path.write_text('{"input": [3, 8, 8], "layers": ["relu"]', encoding="utf-8")
    assert run("summary", str(path), status=2).output.startswith(f"{path}:1:1: this bracket is not closed; ")
    path.write_text('{"input": [3, 8, 8], "layers": ["relo"]}', encoding="utf-8")
    message = f"{path}:1:33: unknown layer type 'relo'; did you mean 'relu'?\n"
    assert run("summary", str(path), status=2).output == message


def test_a_binary_file_of_no_known_format(run, tmp_path: Path) -> None:
    path = tmp_path / "net"
    path.write_bytes(b"\x7fELF\x02\x01\x00\xff")
    message = f"{path}: is a binary file; name a text file; `cnncalc show vgg16` prints an example\n"
    assert run("summary", str(path), status=2).output == message


def test_a_spec_in_place_of_a_command(run, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("input: [3]\nlayers: [relu]\n", encoding="utf-8")
    assert f"unknown command '{path}'; write `cnncalc summary {path}`" in run(str(path), status=2).output
