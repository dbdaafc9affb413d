"""`cnncalc memory` as a user runs it."""

import csv
import io
import json

import pytest

from cnncalc.formats import terminal

# 3 x 32 x 32 elements, then 8 x 32 x 32 = 8,192 in place, then 16 x 32 x 32 = 16,384.
SMALL = """
name: small
input: [3, 32, 32]
layers:
  - conv: {filters: 8, kernel: 3, padding: same}
  - relu
  - conv: {filters: 16, kernel: 3, padding: same}
"""
# a and b have 36 elements, c and d 4; see tests/analyses/test_schedule.py.
BRANCHES = """
input: [3, 2, 2]
layers:
  - {conv: {filters: 9, kernel: 1}, name: a}
  - {conv: {filters: 9, kernel: 1}, name: b, from: input}
  - {conv: {filters: 1, kernel: 1}, name: c}
  - {conv: {filters: 1, kernel: 1}, name: d, from: a}
  - {concat: , from: [c, d]}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("vgg16",),
        ("resnet50", "--dtype", "float16", "--weights-dtype", "int8"),
        ("mobilenet_v2", "--fold-batch-norm", "--language", "zh"),
        ("unet_plus_plus", "--order", "best", "--depth", "1"),
        ("alexnet", "--arena", "--dtype", "int8"),
        ("lenet5", "--columns", "all", "--format", "csv"),
        ("lenet5", "--format", "markdown"),
        ("lenet5", "--format", "latex"),
        ("lenet5", "--arena", "--format", "json"),
    ],
    ids=" ".join,
)
def test_kept(arguments, run, kept):
    name = "_".join(word.lstrip("-") for word in arguments)
    kept(f"memory_{name}.txt", run("memory", *arguments).output)


def test_rows(run):
    rows = list(csv.DictReader(io.StringIO(run("memory", "-", "-f", "csv", "--dtype", "int8", stdin=SMALL).output)))
    assert [(row["layer"], int(row["size"]), int(row["live"])) for row in rows] == [
        ("conv", 8_192, 3_072 + 8_192),
        ("relu", 0, 8_192),
        ("conv_2", 16_384, 8_192 + 16_384),
    ]


def test_timeline_has_a_scale(run):
    """24,576 elements at the top, while the third of three layers runs; 11,264 of them fill 2.3 of 5 lines."""
    lines = run("memory", "-", "--dtype", "int8", stdin=SMALL).output.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("timeline"))
    assert lines[first].split() == ["timeline", "24.0", "KiB", "┤", "█" * 16]
    assert lines[first + 5].split() == ["0", f"┼{'─' * 48}"]
    assert lines[first + 6].index("^") == lines[first].index("█")
    assert lines[first + 7].strip() == "live memory while each layer runs, from conv to conv_2; ^ conv_2"
    assert "".join(lines[first : first + 8]).translate(terminal.ASCII).isascii()


def test_dtypes_and_batch(run):
    """Weights: 3 x 8 x 9 + 8 and 8 x 16 x 9 + 16, 1,392 in all, of 1 byte; tensors of 2 bytes, 5 samples."""
    arguments = ("--dtype", "float16", "--weights-dtype", "int8", "--batch", "5", "--json")
    found = json.loads(run("memory", "-", *arguments, stdin=SMALL).output)
    assert found["peak"]["size"] == 2 * 5 * 24_576
    assert found["peak"]["layer"] == "conv_2"
    assert found["inputs"] == 2 * 5 * 3_072
    assert found["outputs"] == 2 * 5 * 16_384
    assert found["weights"] == {"dtype": "int8", "params": 1_392, "buffers": 0, "size": 1_392}
    assert found["total"] == 2 * 5 * 24_576 + 1_392
    assert "arena" not in found


def test_best_order(run):
    found = json.loads(run("memory", "-", "--order", "best", "--dtype", "int8", "--json", stdin=BRANCHES).output)
    assert (found["peak"]["size"], found["peak_in_file_order"], found["exact"]) == (52, 84, True)
    assert sorted(layer["name"] for layer in found["layers"]) == ["a", "b", "c", "concat", "d"]
    text = run("memory", "-", "--order", "best", "--dtype", "int8", stdin=BRANCHES).output
    assert "No order of the layers has a smaller peak; in the order of the file it is 84 B." in text


def test_order_of_a_chain(run):
    assert (
        "No order of the layers has a smaller peak than that of the file."
        in run("memory", "lenet5", "--order", "best").output
    )


def test_arena(run):
    """The ReLU shares the memory of the convolution, which lies after the larger tensor at 0."""
    rows = list(
        csv.DictReader(io.StringIO(run("memory", "-", "--arena", "-f", "csv", "--dtype", "int8", stdin=SMALL).output))
    )
    assert [(row["tensor"], int(row["offset"]), int(row["end"]), row["first"], row["last"]) for row in rows] == [
        ("input", 0, 3_072, "conv", "conv"),
        ("conv", 16_384, 24_576, "conv", "conv_2"),
        ("conv_2", 0, 16_384, "conv_2", "conv_2"),
    ]


def test_arena_has_its_own_columns(run):
    output = run("memory", "lenet5", "--arena", "--depth", "2", status=2).output
    assert "--arena does not use --depth; remove --depth" in output


def test_quantities(run, tmp_path):
    """Budgets, assertions and columns: a peak of 24,576 bytes, of which the first convolution needs 11,264."""
    path = tmp_path / "small.yaml"
    budget = "budget: {arena: 24KiB, peak_memory: 24KiB, conv.peak_memory: 11KiB}\n"
    path.write_text(f"{SMALL}{budget}assert: [peak_memory('relu') == 8192, arena() == 24576]\n")
    assert "5 checks passed" in run("check", str(path), "--dtype", "int8").output
    path.write_text(f"{SMALL}budget: {{arena: 23KiB}}\n")
    output = run("check", str(path), "--dtype", "int8", status=1).output
    assert "arena is 24.0 KiB, 1.0 KiB (4.3 %) more than its budget of 23.0 KiB" in output
    path.write_text(f"{SMALL}budget: {{peak_memory: 23KiB}}\n")
    output = run("check", str(path), "--dtype", "int8", status=1).output
    assert "    the largest amount is in use while conv_2 runs\n" in output
    path.write_text(SMALL)
    rows = list(
        csv.DictReader(
            io.StringIO(
                run("summary", str(path), "--dtype", "int8", "-f", "csv", "--columns", "name,peak_memory").output
            )
        )
    )
    assert [int(row["peak_memory"]) for row in rows] == [11_264, 8_192, 24_576]
    output = run("summary", str(path), "--dtype", "int8", "--columns", "name,peak_memory,arena").output
    assert "peak memory  24,576 bytes (24.0 KiB) while conv_2 runs" in output
    compared = run("compare", str(path), "--dtype", "int8", "-f", "csv", "--columns", "peak_memory,arena").output
    assert compared.splitlines()[1] == "small,24576,24576"


def test_budget_of_the_deployed_network(run, tmp_path):
    """The norm reads and writes 8 x 32 x 32 = 8,192 elements; folded, the convolution has 3,072 + 8,192 at most."""
    path = tmp_path / "normed.yaml"
    layers = "  - conv: {filters: 8, kernel: 3, padding: same}\n  - batch_norm\n"
    path.write_text(f"input: [3, 32, 32]\nbudget: {{arena: 12KiB, peak_memory: 12KiB}}\nlayers:\n{layers}")
    output = run("check", str(path), "--dtype", "int8", "--no-lint", status=1).output
    assert "arena is 16.0 KiB, 4.0 KiB (33.3 %) more than its budget of 12.0 KiB" in output
    folded = "with each batch norm folded into the layer before it: 11.0 KiB; check the deployed network with --fold"
    assert output.count(folded) == 2
    assert "2 checks passed" in run("check", str(path), "--dtype", "int8", "--no-lint", "--fold-batch-norm").output
    narrow = ("--max", "arena=8KiB", "--fold-batch-norm")
    assert "folded" not in run("check", str(path), "--dtype", "int8", "--no-lint", *narrow, status=1).output


def test_diff(run, tmp_path):
    """16 more filters add 16,384 elements to the output of the last convolution."""
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(SMALL)
    two.write_text(SMALL.replace("filters: 16", "filters: 32"))
    found = json.loads(run("diff", str(one), str(two), "--dtype", "int8", "--json", status=None).output)
    assert found["totals"]["peak_memory"] == {"old": 24_576, "new": 40_960, "difference": 16_384}
    assert found["totals"]["arena"]["difference"] == 16_384
    output = run("diff", str(one), str(two), "--dtype", "int8", "--columns", "layer,peak_memory", status=None).output
    assert "peak memory 24.0 KiB 40.0 KiB +16.0 KiB" in " ".join(output.split())


def test_json_of_summary(run):
    """24,576 elements of 4 bytes, for a batch of 2."""
    found = json.loads(run("summary", "-", "--batch", "2", "--json", stdin=SMALL).output)
    assert found["totals"]["peak_memory"] == found["totals"]["arena"] == 8 * 24_576
