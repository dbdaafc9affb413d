"""`cnncalc summary` as a user runs it."""

import csv
import io
import json
import os
import stat
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        ("vgg16",),
        ("resnet50",),
        ("googlenet", "--depth", "2"),
        ("resnet18", "--columns", "all", "--depth", "all"),
        ("alexnet", "--top", "5", "--sort", "macs"),
        ("lenet5", "--layout", "hwc", "--batch", "64", "--dtype", "float16"),
        ("lenet5_modern", "--format", "markdown"),
        ("lenet5_modern", "--format", "latex"),
        ("lenet5_modern", "--format", "csv"),
        ("lenet5_modern", "--format", "json"),
        ("resnet50", "--convention", "fvcore"),
        ("lenet5", "--convention", "keras", "--batch", "2"),
        ("lenet5_modern", "--convention", "thop", "--format", "json"),
    ],
    ids=" ".join,
)
def test_kept(arguments, run, kept):
    name = "_".join(word.lstrip("-") for word in arguments)
    kept(f"{name}.txt", run("summary", *arguments).output)


def test_fc6_holds_most_of_vgg16(run):
    assert "\nfc6 holds 74.3 % of the parameters" in run("summary", "vgg16").output


@pytest.mark.parametrize("spelling", ["vgg16", "vgg16.yaml"])
def test_a_bundled_network_by_name(spelling, run):
    assert run("summary", spelling).output.startswith("VGG-16\n")


def test_a_file_here_goes_before_a_bundled_network(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vgg16.yaml").write_text("name: Mine\ninput: [4]\nlayers: [relu]")
    assert run("summary", "vgg16.yaml").output.startswith("Mine\n")
    assert run("summary", "vgg16").output.startswith("VGG-16\n")


def test_standard_input(run):
    assert run("summary", "-", stdin="name: Piped\ninput: [4]\nlayers: [relu]").output.startswith("Piped\n")
    result = run("summary", "-", stdin="input: [4]\nlayers: [rely]", status=2)
    assert result.output == "<stdin>:2:10: unknown layer type 'rely'; did you mean 'relu' or 'relu6'?\n"


def test_csv_of_one_column_has_a_row_for_each_layer(run):
    """ReLU and flatten have no window; a line of nothing would be skipped by whoever reads it."""
    read = run("summary", "lenet5_modern", "-f", "csv", "--columns", "window").stdout
    assert [row for row in csv.reader(io.StringIO(read)) if not row] == []
    assert read.count("\n") == run("summary", "lenet5_modern", "-f", "csv").stdout.count("\n")


def test_csv_is_read_back(run):
    rows = list(csv.DictReader(io.StringIO(run("summary", "resnet50", "-f", "csv", "--columns", "all").output)))
    assert len(rows) == len({row["name"] for row in rows}) == 175
    assert sum(int(row["params"]) for row in rows) == 25_557_032
    assert sum(int(row["macs"] or 0) for row in rows) == 3_857_973_248


def test_json_sums_and_keys(run):
    facts = json.loads(run("summary", "googlenet", "-f", "json").output)
    layers = facts["layers"]
    inference = [layer for layer in layers if not layer["training_only"]]
    assert sum(layer["params"] for layer in inference) == facts["totals"]["params"] == 6_998_552
    assert sum(layer["macs"] for layer in layers) == facts["totals"]["training"]["macs"] == 1_591_044_096
    conv = next(layer for layer in layers if layer["name"] == "inception_3a.5x5")
    assert conv["settings"]["kernel"] == 5
    assert conv["output_shape"] == [32, 28, 28]
    assert conv["weights"] == {"weight": [32, 16, 5, 5], "bias": [32]}


def test_batch_and_dtype(run):
    one = json.loads(run("summary", "vgg16", "-f", "json").output)["totals"]
    many = json.loads(run("summary", "vgg16", "-f", "json", "--batch", "32", "--dtype", "float16").output)["totals"]
    assert many["macs"] == 32 * one["macs"]
    assert many["activations_size"] == 32 * 2 * one["activations"]
    assert many["params"] == one["params"]
    assert many["params_size"] == 2 * one["params"]


def test_set_and_input(run):
    output = run("summary", "resnet50", "--set", "classes=10", "--input", "3x320x320").output
    assert "input 3x320x320" in output
    assert "23,528,522 learnable" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("vgg61",),
            "vgg61: no such file or bundled network; did you mean 'vgg19' or 'vgg16'?\n",
        ),
        (("nowhere/vgg16.yaml",), "nowhere/vgg16.yaml: no such file\n"),
        (("vgg16", "--set", "clases=10"), "--set clases: the spec has no variable 'clases'; did you mean 'classes'?\n"),
        (("vgg16", "--set", "classes"), "'classes' is not NAME=VALUE"),
        (("vgg16", "--input", "3x5x5"), "does not fit"),
        (("vgg16", "--columns", "parms"), "unknown column 'parms'; did you mean 'params'?"),
        (("vgg16", "--depth", "none"), "'none' is not a number of levels; write a whole number from 1, or all"),
        (("vgg16", "--formt", "json"), "--format"),
        (("vgg16", "--output", "nowhere/x.txt"), "No such file or directory"),
        ((), "Missing argument 'SPEC'"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(arguments, message, run):
    output = run("summary", *arguments, status=2).output
    assert message in output
    assert "Traceback" not in output


def test_a_wrong_command(run):
    assert "unknown command 'sumary'; did you mean 'summary'?" in run("sumary", status=2).output


def test_output_is_written_whole(run, tmp_path):
    path = tmp_path / "out.json"
    path.write_text("old")
    path.chmod(0o640)
    result = run("summary", "lenet5", "-f", "json", "-o", str(path))
    assert result.output == ""
    assert json.loads(path.read_text())["name"] == "LeNet-5"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    run("summary", "lenet5", "-o", str(tmp_path / "table.txt"))
    assert (tmp_path / "table.txt").read_text().startswith("LeNet-5\n")
    assert sorted(os.listdir(tmp_path)) == ["out.json", "table.txt"]


def test_as_a_module_in_a_pipe_that_closes():
    command = f'"{sys.executable}" -m cnncalc summary vgg16 -f json | head -n 1'
    done = subprocess.run(command, shell=True, check=True, capture_output=True, text=True)
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_help_shows_every_command(run):
    output = run("--help").output
    for command in ("summary", "list", "show", "layers", "schema"):
        assert f"\n  {command} " in output


def test_completion_of_networks():
    environment = {
        **os.environ,
        "_CNNCALC_COMPLETE": "bash_complete",
        "COMP_WORDS": "cnncalc summary resnet1",
        "COMP_CWORD": "2",
    }
    program = "from cnncalc.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert {"plain,resnet18", "plain,resnet101", "plain,resnet152"} <= set(done.stdout.split())


REPEATED_JOIN = """
input: [4, 8, 8]
blocks:
  unit:
    - add:
        - [conv: [4, 3, 1, same], relu]
        - []
      repeat: 2
    - relu
layers:
  - unit
  - conv: [8, 1]
"""
IN_UNIT = ["conv", "relu", "add.0", "conv_2", "relu_2", "add.1", "relu_3"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("summary",), ["unit", *IN_UNIT, "conv"]),
        (("field", "--all"), ["unit", *IN_UNIT, "conv"]),
        (("sharing",), ["unit", "conv", "conv_2", "conv"]),
    ],
    ids=lambda value: value[0],
)
def test_tables_are_in_the_order_of_the_network(command, expected, run, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(REPEATED_JOIN)
    name, *options = command
    lines = run(name, str(path), *options, "--format", "markdown").output.splitlines()
    cells = [line.split("|")[1].replace("\\", "").strip() for line in lines if line.startswith("| ")]
    assert cells[2 : 2 + len(expected)] == expected
    if name != "field":
        lines = run(name, str(path), *options, "--format", "csv").output.splitlines()
        full = [f"unit.{each}" for each in expected[1:-1]]
        assert [line.split(",")[0] for line in lines[1:]] == [*full, "conv"]


def test_a_diff_is_in_the_order_of_the_network(run, tmp_path):
    """A third pass: a layer of each branch, and the join behind them."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(REPEATED_JOIN)
    new.write_text(REPEATED_JOIN.replace("repeat: 2", "repeat: 3"))
    lines = run("diff", str(old), str(new), "--format", "markdown").output.splitlines()
    added = [line.split("|")[1].replace("\\", "").strip() for line in lines if line.startswith("| ") and "+ " in line]
    assert added[:3] == ["+ conv_3", "+ relu_3", "+ add.2"]


def test_frozen_weights_are_buffers(run, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text("input: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n    frozen: true\n  - conv: [5, 1]\n")
    output = run("summary", str(path)).output
    # 4 x 3 x 9 + 4 and 5 x 4 + 5 numbers.
    assert " frozen " in output
    assert "parameters   25 learnable" in output
    assert "buffers      112 " in output
    layers = json.loads(run("summary", str(path), "--format", "json").output)["layers"]
    assert [(layer["params"], layer["buffers"], layer["frozen"]) for layer in layers] == [
        (0, 112, True),
        (25, 0, False),
    ]
    assert [layer["training_only"] for layer in layers] == [False, False]
    expanded = tmp_path / "expanded.yaml"
    expanded.write_text(run("show", str(path), "--expand").output)
    assert "buffers      112 " in run("summary", str(expanded)).output


# --- conventions ----------------------------------------------------------------------------------

OPAQUE = """\
name: o
input: [3, 8, 8]
layers: [{opaque: {output: [4, 8, 8], params: 5, macs: 1000}}, {conv: {filters: 2, kernel: 1}}]
"""


@pytest.mark.parametrize(
    ("convention", "unit", "operations"),
    [("fvcore", "FLOPs", 4_111_512_576), ("ptflops", "MACs", 4_132_436_968), ("torchinfo", "mult-adds", 4_089_238_376)],
)
def test_a_convention_heads_and_fills_the_operations(convention, unit, operations, run):
    """The figures that the tools print for torchvision's ResNet-50, and twice as many for two samples."""
    arguments = ("summary", "resnet50", "--set", "stride_in_3x3=true", "--convention", convention)
    output = run(*arguments, "--batch", "2").output
    assert f"{unit}\n" in output
    assert f"as counted by {convention}" in output
    assert f"\n{unit:11}  {2 * operations:,}\n" in output
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "--format", "csv").output)))
    assert sum(int(row["operations"]) for row in rows) == operations
    assert "macs" not in rows[0]
    facts = json.loads(run(*arguments, "--format", "json").output)
    assert facts["convention"]["key"] == convention
    assert facts["totals"]["convention_counts"]["operations"] == operations
    assert sum(layer["convention_counts"]["operations"] for layer in facts["layers"]) == operations
    # The other figures stay cnncalc's.
    assert facts["totals"]["macs"] == 4_089_184_256


def test_a_convention_says_what_it_does_not_count(run):
    keras = run("summary", "resnet50", "--convention", "keras").output
    assert "MACs" not in keras
    assert "Keras counts no operations" in keras
    darknet = run("summary", "resnet50", "--convention", "darknet").output
    assert "Darknet (ops) counts no parameters" in darknet
    assert " params" not in darknet
    for option, key in (("--columns", "macs"), ("--sort", "macs"), ("--columns", "macs_share"), ("--sort", "flops")):
        refused = run("summary", "resnet50", "--convention", "keras", option, key, status=2)
        assert f"{option} {key}: Keras counts no operations" in refused.output
    assert "fvcore has one figure of operations; use macs" in (
        run("summary", "resnet50", "--convention", "fvcore", "--columns", "flops", status=2).output
    )
    # All columns are those that there are.
    header = run("summary", "lenet5", "--convention", "keras", "--columns", "all", "-f", "csv").output.splitlines()[0]
    assert {"operations", "macs", "flops"}.isdisjoint(header.split(","))


def test_an_unknown_layer_is_not_zero(run, tmp_path):
    spec = tmp_path / "o.yaml"
    spec.write_text(OPAQUE)
    output = run("summary", str(spec), "--convention", "fvcore").output
    assert "unknown\n" in output
    assert "FLOPs        unknown: the rules of fvcore for opaque (opaque) are not modeled" in output
    facts = json.loads(run("summary", str(spec), "--convention", "fvcore", "-f", "json").output)
    assert facts["totals"]["convention_counts"] == {"operations": None, "params": 15, "unknown": ["opaque"]}
    rows = list(csv.DictReader(io.StringIO(run("summary", str(spec), "--convention", "fvcore", "-f", "csv").output)))
    # 4 input channels, 2 filters, 64 positions.
    assert [row["operations"] for row in rows] == ["", "512"]


def test_sorting_by_a_convention(run):
    """Without linear layers: the heaviest of AlexNet by operations is a convolution."""
    output = run("summary", "alexnet", "--convention", "darknet-bflops", "--top", "1").output
    assert "conv2 " in output
    assert "of the FLOPs" in output
