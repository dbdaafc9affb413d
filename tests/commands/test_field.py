"""`cnncalc field` as a user runs it."""

import json
import os
import subprocess
import sys

import pytest

NOTES = "name: Notes\ninput: [4, 11, 11]\nlayers: [{conv: {filters: 2, kernel: 5, stride: 2}}]"
ODD = """
name: Odd
input: {left: [3, 32, 48], right: [1, 32, 48], code: [4]}
layers:
  - conv: {filters: 4, kernel: 3, dilation: 2, padding: [1, 1, 2, 2]}
    name: dilated
    from: left
  - conv_transpose: {filters: 4, kernel: 3, stride: 2, padding: 1, output_padding: 1}
    name: up
    from: right
  - crop: [17, 17, 24, 24]
    name: cut
  - add:
    name: sum
    from: [dilated, cut]
  - crop: [1, 1, 0, 0]
    name: right_cut
    from: right
  - concat:
    name: both
    from: [sum, right_cut]
  - linear: 5
    from: code
    name: fc
  - multiply:
    name: gated
    from: [both, fc]
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("vgg16",),
        ("resnet50",),
        ("resnet50", "--depth", "2"),
        ("lenet5", "--all"),
        ("mobilenet_v3_small", "--language", "zh"),
        ("siamese",),
        ("unet", "--format", "markdown"),
        ("alexnet", "--format", "latex"),
        ("alexnet", "--format", "json"),
        ("vgg16", "conv5_3"),
        ("resnet50", "conv5_3", "--language", "zh"),
        ("inception_v3", "Mixed_7c"),
        ("unet", "softmax"),
        ("m5", "stage4", "--at", "0", "--plot"),
        ("r3d_18", "conv2_1", "--plot", "--ascii"),
        ("alexnet", "conv2", "--at", "0,0", "--plot"),
        ("alexnet", "conv2", "--at", "0,0", "--plot", "--format", "markdown"),
        ("alexnet", "conv2", "--at", "0,0", "--plot", "--format", "latex"),
        ("alexnet", "conv2", "--at", "0,0", "--format", "json"),
    ],
    ids=" ".join,
)
def test_kept(arguments, run, kept):
    name = "_".join(word.lstrip("-") for word in arguments)
    kept(f"field_{name}.txt", run("field", *arguments).output)


@pytest.mark.parametrize("arguments", [(), ("gated", "--at", "3,3", "--plot"), ("gated", "--through-gates")], ids=len)
def test_several_inputs_and_branches_that_are_not_aligned(arguments, run, kept):
    name = "_".join(word.lstrip("-") for word in arguments)
    kept(f"field_odd_{name}.txt", run("field", "-", *arguments, stdin=ODD).output)


def test_through_gates_everything_is_seen(run):
    assert "9 gates are ignored" in run("field", "mobilenet_v3_small").output
    output = run("field", "mobilenet_v3_small", "--through-gates").output
    assert "Gates are counted: after the first of them, in bneck1.residual.squeeze_excite.multiply," in output


def test_a_block_is_its_last_layer(run):
    output = run("field", "resnet50", "conv4_6").output
    assert "conv4_6 ends with conv4_6.relu." in output
    assert "height, width   291      16   -145       0         224" in output


def test_a_layer_by_the_end_of_its_name(run):
    assert "up4.merge ends with up4.merge.relu_2." in run("field", "unet", "up4.merge").output
    assert run("field", "unet", "merge.conv1", status=2).output.startswith(
        "no layer or block has the name 'merge.conv1'; name up4.merge.conv1, up3.merge.conv1"
    )
    spec = "input: [1, 9, 9]\nblocks: {b(): [{conv: [1, 3], name: c}]}\nlayers: [{b: , name: one}]"
    assert run("field", "-", "c", stdin=spec).output == run("field", "-", "one.c", stdin=spec).output


def test_json_goes_with_the_summary(run):
    facts = json.loads(run("field", "inception_v3", "-f", "json").output)
    summary = json.loads(run("summary", "inception_v3", "-f", "json").output)
    for own, other in zip(facts["layers"], summary["layers"], strict=True):
        assert own["name"] == other["name"]
        field = own["fields"]["input"]
        assert {key: field[key] for key in ("size", "stride", "start")} == other["receptive_field"]
    assert facts["misalignments"] == facts["gates"] == []


def test_json_of_a_layer(run):
    facts = json.loads(run("field", "-", "gated", "--at", "3,3", "-f", "json", stdin=ODD).output)
    assert facts["fields"]["left"]["size"] == [5, 5]
    assert facts["fields"]["right"]["stride"] == [None, None]
    assert facts["fields"]["right"]["strides"] == [[0.5, 1], [0.5, 1]]
    # Output 3,3: of the crop behind the transposed convolution that at 20,27, so 10 and 13 to 14; of the crop, 4,3.
    assert facts["output"]["reads"]["right"]["runs"] == [[[4, 4], [10, 10]], [[3, 3], [13, 14]]]
    assert facts["output"]["reads"]["left"]["slice"] == "left[2:7:2, 1:6:2, :]"
    assert [step["layer"] for step in facts["widest"]["left"][0]] == ["dilated"]
    assert facts["paths"] == {"left": 1, "right": 2}
    assert {(one["layer"], one["flaw"]) for one in facts["misalignments"]} == {("both", "strides")}
    assert facts["gates"] == [{"layer": "gated", "source": "fc"}]


def test_the_columns_of_the_summary(run):
    columns = "name,field,field_stride,field_start,field_center"
    lines = run("summary", "vgg16", "--columns", columns, "-f", "csv").output.splitlines()
    assert "pool5,212,32,-90,15.5" in lines
    assert "fc6,224,0,0,111.5" in lines
    output = run("summary", "resnet50", "--columns", columns).output
    assert ["conv5_2..3", "x2", "483", "32", "-241", "0"] in [line.split() for line in output.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vgg16", "conv55"), "no layer or block has the name 'conv55'; did you mean 'conv5_3' or 'conv5_2'?\n"),
        (("vgg16", "conv5"), "name conv5_1, conv5_2 or conv5_3\n"),
        (("resnet50", "3x3.conv"), "no layer or block has the name '3x3.conv'"),
        (("vgg16", "xyz"), "`cnncalc summary --depth all` shows all names of VGG-16\n"),
        (
            ("vgg16", "conv1_1", "--at", "2,300"),
            "--at 2,300 is outside the output of conv1_1, 224x224; use positions from 0,0 to 223,223\n",
        ),
        (
            ("vgg16", "conv1_1", "--at", "2,3,64"),
            "--at 2,3,64 is outside the output of conv1_1, 224x224x64; use positions from 0,0,0 to 223,223,63\n",
        ),
        (
            ("vgg16", "conv1_1", "--at", "2"),
            "--at 2 has 1 number, but a position of conv1_1 has 2: height and width; write one number per axis;",
        ),
        (("vgg16", "fc6", "--at", "3"), "fc6 outputs a vector, which has no positions; remove --at\n"),
        (("vgg16", "conv1_1", "--at", "a,b"), "'a,b' is not a position; write whole numbers from 0, such as 2,3"),
        (("vgg16", "--plot"), "--at and --plot need a layer; name one after SPEC"),
        (("vgg16", "conv1_1", "--all"), "--all and --depth show all layers; leave LAYER out"),
        (("vgg61",), "did you mean 'vgg19' or 'vgg16'?\n"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(arguments, message, run):
    output = run("field", *arguments, status=2).output
    assert message in output
    assert "Traceback" not in output


def test_a_network_without_positions(run):
    output = run("field", "dcgan_generator").output
    assert "The input has no positions, only features" in output
    last = run("field", "dcgan_generator", "generator.tanh" if "generator.tanh" in output else "tanh").output
    assert "The input has no positions, only features" in last


@pytest.mark.parametrize("arguments", [("resnet50",), ("resnet50", "conv2_1", "--plot")], ids=len)
def test_ascii_where_the_output_is(arguments, tmp_path):
    """Where the terminal has no Unicode every sign has an ASCII form."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "cnncalc", "field", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.isascii()
    assert done.stderr == ""


def test_output_to_a_file(run, tmp_path):
    path = tmp_path / "field.txt"
    assert run("field", "vgg16", "conv1_1", "--plot", "-o", str(path)).output == ""
    assert path.read_text(encoding="utf-8") == run("field", "vgg16", "conv1_1", "--plot").output


def test_set_and_input(run):
    assert "483      32   -241" in run("field", "resnet50", "conv5_3", "--input", "3x64x64").output
    assert "427      32   -213" in run("field", "resnet50", "conv5_3", "--set", "stride_in_3x3=true").output


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("[relu]", "No layer changes the field: every output sees one position"),
        ("[{conv: [1, 3]}]", "1 of 1 change it"),
    ],
)
def test_an_empty_table_says_why(layers, said, run):
    assert said in run("field", "-", stdin=f"input: [3, 8, 8]\nlayers: {layers}").output


def test_joins_that_are_not_aligned_are_counted_in_words(run):
    # The pyramid adds an enlarged map to a finer one twice, below p5.
    assert "branches that meet in fpn.merged3.add (and 1 other join) have centers" in " ".join(
        run("field", "retinanet_resnet50_fpn").output.split()
    )
