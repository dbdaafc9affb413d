"""Which reader a file has, by its name or its text, and what is said of files that none can read."""

from pathlib import Path

import pytest

from cnncalc import interchange

DARKNET = "# a comment\n\n[net]\nchannels=3\nheight=8\nwidth=8\n[convolutional]\nfilters=2\nactivation=linear\n"
CAFFE = """name: "small"
input: "data" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 2 kernel_size: 1 } }
"""
KERAS = """{"module": "keras", "class_name": "Sequential", "config": {"layers": [
  {"class_name": "InputLayer", "config": {"batch_shape": [null, 8, 8, 3]}},
  {"class_name": "Conv2D", "config": {"name": "conv", "filters": 2, "kernel_size": 1}}]}}
"""
YAML = "name: small\ninput: [3, 8, 8]\nlayers:\n  - conv: {filters: 2, kernel: 1}\n"


@pytest.mark.parametrize("text", [DARKNET, CAFFE, KERAS, YAML], ids=["darknet", "caffe", "keras", "yaml"])
def test_standard_input_is_known_by_its_text(text, run):
    """3 x 2 weights and 2 biases at 64 positions."""
    found = run("summary", "-", stdin=text).stdout
    assert "parameters   8 learnable" in found
    assert "MACs         384" in found
    assert found.startswith(("small\n", "<stdin>\n"))


@pytest.mark.parametrize("text", [DARKNET, CAFFE, KERAS], ids=["darknet", "caffe", "keras"])
def test_problems_in_standard_input_have_places(text, run):
    wrong = text.replace("filters", "filters=x#").replace("num_output: 2", "num_output: x").replace("Conv2D", "Conv9")
    wrong = wrong.replace('"filters=x#"', '"filters"')
    assert run("summary", "-", stdin=wrong, status=2).stderr.startswith("<stdin>:")


@pytest.mark.parametrize(
    "text",
    [
        "layers: [relu]",
        "net:\n  - a\n",
        "notes: |\n  layer {\n",
        '{"input": [3, 8, 8], "layers": []}',
        "",
        "[1, 2]",
        "\n" * 9,
    ],
)
def test_a_spec_is_not_taken_for_another_file(text):
    assert not interchange.recognizes("-", text)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_ends_of_lines(end, tmp_path, run):
    path = tmp_path / "net.prototxt"
    path.write_bytes(CAFFE.replace("Convolution", "Frob").replace("\n", end).encode())
    message = "'Frob' of layer 'conv' cannot be read"
    assert run("summary", str(path), status=2).stderr == f"{path}:3:1: {message}\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "setup.cfg",
            "[metadata]\nname = x\n",
            ":1:1: a Darknet configuration begins with [net] and the size of its input, not with '[metadata]'",
        ),
        (
            "spec.cfg",
            YAML,
            (
                ":1:1: expected a section such as [convolutional], or option=value, not 'name: small'; "
                "the name of a spec ends in .yaml"
            ),
        ),
        (
            "package.json",
            '{"name": "x", "version": "1"}',
            ": is neither a spec nor a Keras model; model.to_json() of Keras writes a model",
        ),
        ("typo.json", '{"layer": [], "name": "x"}', ":1:2: unknown key 'layer'; did you mean 'layers'?"),
        (
            "solver.prototxt",
            'net: "train.prototxt"\nbase_lr: 0.1\n',
            ":1:1: the file has no layers; it is a solver: give the network that it trains, 'train.prototxt'",
        ),
        ("empty.prototxt", "", ":1:1: the file has no layers"),
    ],
)
def test_files_of_others(name, text, message, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text, encoding="utf-8")
    assert f"{name}{message}\n" in run("summary", name, status=2).stderr


def test_missing_files(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("summary", "net.cfg", status=2).stderr == "net.cfg: no such file\n"
    Path("net.cfg").mkdir()
    assert run("summary", "net.cfg", status=2).stderr == "net.cfg: is a directory; name a file in it\n"


def test_an_input_of_other_axes(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.cfg").write_text(DARKNET, encoding="utf-8")
    message = "net.cfg:7:1: [convolutional] needs channels, height, width, and reads 3x32\n"
    assert run("summary", "net.cfg", "--input", "3x32", status=2).stderr == message
