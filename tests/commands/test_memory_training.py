"""`cnncalc memory --training` as a user runs it."""

import csv
import io
import json

import pytest


def step(run, *arguments, **options):
    return json.loads(run("memory", *arguments, "--training", "--json", **options).output)


def test_resnet50_keeps_what_pytorch_keeps(run):
    """86,121,984 bytes by saved_tensors_hooks (torchvision 0.29.1), and the softmax of the spec: 1,000 numbers."""
    found = step(run, "resnet50", "--set", "stride_in_3x3=true")
    assert found["saved_for_backward"] == 86_121_984 + 4 * 1_000
    assert sum(layer["kept"] for layer in found["layers"]) == found["saved_for_backward"]


@pytest.mark.parametrize(("optimizer", "states"), [("sgd", 0), ("momentum", 1), ("adam", 2), ("adamw", 2)])
def test_parts_add_up(run, optimizer, states):
    found = step(run, "alexnet", "--optimizer", optimizer, "--batch", "4")
    assert found["params"] == found["gradients"] == 4 * 60_965_224
    assert found["optimizer_state"] == states * found["params"]
    parts = ("params", "buffers", "gradients", "optimizer_state", "saved_for_backward")
    assert found["total"] == sum(found[part] for part in parts)


def test_the_largest_batch_fits_and_no_larger_one(run):
    limit = 8 * 2**30
    most = step(run, "vgg16", "--fit", "8GiB")["fitting_batch"]
    assert (
        step(run, "vgg16", "--batch", str(most))["total"]
        <= limit
        < step(run, "vgg16", "--batch", str(most + 1))["total"]
    )
    assert step(run, "vgg16", "--fit", "1MiB")["fitting_batch"] == 0


def test_recomputed_blocks_keep_less_and_cost_their_macs(run):
    """The blocks of ResNet-18 do all of its MACs but those of conv1, 118,013,952, and fc, 512,000."""
    plain, less = step(run, "resnet18"), step(run, "resnet18", "--checkpoint", "conv*_*")
    assert less["saved_for_backward"] < plain["saved_for_backward"]
    assert sum(block["macs"] for block in less["recomputed"]) == 1_814_073_344 - 118_013_952 - 512_000


def test_a_recomputed_block_shows_its_input(run):
    """The block keeps the image, 3 x 4 x 4 numbers; the convolution behind it 8 x 4 x 4; the ReLU in it nothing."""
    block = "blocks:\n  one:\n    - {conv: [8, 1], name: conv}\n    - {relu: , name: relu}\n"
    network = f"input: [3, 4, 4]\n{block}layers:\n  - {{one: , name: one}}\n  - {{conv: [4, 1], name: last}}\n"
    output = run("memory", "-", "--training", "--checkpoint", "one", "-f", "csv", stdin=network).output
    kept = {row["layer"]: int(row["kept"]) for row in csv.DictReader(io.StringIO(output))}
    assert kept == {"one.conv": 4 * 48, "one.relu": 0, "last": 4 * 128}


POOLED = """\
input: [3, 16, 16]
blocks: {pool: [global_avg_pool], wide: [{conv: [64, 1]}, tanh, {conv: [4, 1]}]}
layers: [{wide: , name: wide}, {pool: , name: pool}, {linear: 3}]
"""


def test_a_peak_while_a_block_is_recomputed_is_named(run):
    """The image, 768 numbers, and the input of the linear layer, 4, outlive the forward pass. The second forward pass
    of `wide` keeps the output of tanh, 64 x 256 numbers, after those of the linear layer are free."""
    found = step(run, "-", "--checkpoint", "wide", stdin=POOLED)
    assert found["peak_block"] == "wide"
    assert found["saved_for_backward"] == 4 * (768 + 16_384)
    assert sum(each["kept"] for each in (*found["layers"], *found["recomputed"])) == 4 * (768 + 4)
    text = run("memory", "-", "--training", "--checkpoint", "wide", stdin=POOLED).output
    assert "The rows sum to 3.0 KiB (3,088 bytes), what is kept when the forward pass ends." in text
    assert "The most is kept while wide is recomputed." in text
    assert step(run, "-", stdin=POOLED)["peak_block"] is None


def test_recomputation_in_vain_is_called_so(run):
    """A pool keeps nothing, and as a recomputed block its input of 4 x 256 numbers."""
    text = run("memory", "-", "--training", "--checkpoint", "pool", stdin=POOLED).output
    assert "1 blocks, which take 4.0 KiB (4,096 bytes) more" in text


def test_rows_are_layers(run):
    rows = list(csv.DictReader(io.StringIO(run("memory", "lenet5", "--training", "-f", "csv").output)))
    kept = {row["layer"]: int(row["kept"]) for row in rows}
    # C1 is the first to keep the image, 32 x 32 numbers; a tanh keeps its output, which the next layer reads, too.
    assert (kept["C1"], kept["tanh"], kept["flatten"]) == (4 * 32 * 32, 4 * 6 * 28 * 28, 0)


def test_tables(run):
    text = run("memory", "resnet50", "--training", "--batch", "32", "--fit", "24GiB", "--checkpoint", "conv5_*").output
    assert "optimizer state  195.0 MiB (204,456,256 bytes)" in text
    assert "3 blocks, which save" in text
    assert "largest batch" in text
    assert "混合精度" in run("memory", "vgg16", "--training", "--mixed-precision", "--language", "zh").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lenet5", "--fit", "1GiB"), "--fit needs --training"),
        (("lenet5", "--training", "--arena"), "--arena does not apply to --training"),
        (("lenet5", "--training", "--fit", "3G"), "is no amount of memory; write a whole number and its unit"),
        (("lenet5", "--training", "--checkpoint", "conv9"), "'conv9' matches no block; the network has no blocks"),
        (
            ("resnet18", "--training", "--checkpoint", "conv2_3"),
            "matches no block; did you mean 'conv2_2' or 'conv2_1'?",
        ),
        (("resnet18", "--training", "--checkpoint", "xyz"), "matches no block; `cnncalc summary --depth all` shows"),
        (("lenet5", "--training", "--mixed-precision", "--dtype", "float16"), "sets the number types; remove --dtype"),
        (("lenet5", "--training", "--fit", "1GiB", "-f", "csv"), "which --fit does not change; use --format json"),
        (("lenet5", "--training", "--optimizer", "sgd", "-f", "csv"), "which --optimizer does not change"),
        (
            ("crnn", "--training", "--mixed-precision"),
            "what lstm1.lstm (lstm) keeps for the backward pass is unknown; it depends on cuDNN in mixed precision",
        ),
    ],
)
def test_errors(run, arguments, words):
    assert words in run("memory", *arguments, status=2).output


def test_a_column_of_summary(run):
    """22,218,240 bytes by saved_tensors_hooks (torchvision 0.29.1), and the softmax of the spec."""
    text = run("summary", "resnet18", "--columns", "name,saved_for_backward").output
    assert f"saved for backward  {22_218_240 + 4_000:,} bytes" in text
    rows = csv.DictReader(
        io.StringIO(run("summary", "resnet18", "--columns", "name,saved_for_backward", "-f", "csv").output)
    )
    assert sum(int(row["saved_for_backward"]) for row in rows) == 22_218_240 + 4_000


def test_a_layer_that_does_not_tell_what_it_keeps(run):
    """The error names it, and the setting that declares it."""
    layers = "input: [3, 4, 4]\nlayers:\n  - {opaque: {output: 3, params: 9, macs: 9}, name: mystery}\n"
    words = run("memory", "-", "--training", stdin=layers, status=2).output
    assert "what mystery (opaque) keeps for the backward pass is unknown; declare it: saved_for_backward" in words
    declared = layers.replace("macs: 9", "macs: 9, saved_for_backward: 7")
    found = json.loads(run("memory", "-", "--training", "--json", stdin=declared).output)
    assert found["saved_for_backward"] == 4 * 7
