"""cnncalc from Python."""

import json

import pytest

import cnncalc


def test_layers_by_name_and_in_turn():
    net = cnncalc.load("vgg16")
    assert net["fc6"].params == 102_764_544
    assert net["fc6"].weights[0].shape == (4096, 25088)
    assert len(net) == len(list(net)) == len(net.layers)
    assert "fc6" in net
    assert "fc9" not in net
    with pytest.raises(KeyError, match="did you mean 'fc6'"):
        net["fc66"]


def test_inputs_and_outputs():
    net = cnncalc.load("googlenet")
    assert net.inputs == {"input": (3, 224, 224)}
    assert set(net.outputs.values()) == {(1000,)}
    assert len(net.outputs) == 3


def test_changes():
    net = cnncalc.load("resnet50", variables={"classes": 10, "stride_in_3x3": True}, input=[3, 64, 64])
    assert net["fc"].output_shape == (10,)
    assert net["conv5_1.residual.conv_bn_2.conv" if "conv5_1.residual.conv_bn_2.conv" in net else "conv1"].params


def test_several_inputs(tmp_path):
    path = tmp_path / "pair.yaml"
    path.write_text("input: {a: [3, 8, 8], b: [3, 8, 8]}\nlayers: [{add: , from: [a, b]}]")
    assert cnncalc.load(str(path), input={"a": [5, 8, 8], "b": [5, 8, 8]}).outputs == {"add": (5, 8, 8)}


def test_problems_are_data():
    with pytest.raises(cnncalc.SpecError) as caught:
        cnncalc.load("vgg16", input=[3, 4, 4])
    problem = caught.value.problems[0]
    assert problem.span.file == "vgg16.yaml"
    assert "does not fit" in problem.message


def test_receptive_fields():
    net = cnncalc.load("siamese")
    first, _ = net.receptive_field("first_tower.stage4.conv", "first")
    assert (first.size, first.stride) == (65, 8)
    assert net.receptive_field("first_tower.stage4.conv", "second") is None
    assert net.reads("difference", ())["second"].whole
    with pytest.raises(TypeError, match="name one of the inputs: first, second"):
        net.receptive_field("difference")
    with pytest.raises(KeyError, match="did you mean 'first'"):
        net.receptive_field("difference", "frist")
    with pytest.raises(IndexError, match=r"\(3, 9\) is no position of first_tower.stage4.conv, 6x6"):
        net.reads("first_tower.stage4.conv", (3, 9))


def test_other_forms():
    net = cnncalc.load("lenet5")
    assert net.to_dict()["totals"]["params"] == 60_000
    assert net.to_markdown().startswith("### LeNet-5")
    assert "layers:" in net.to_yaml()
    html = net._repr_html_()
    assert html.count("<tr>") == 1 + len(net)
    assert json.dumps(net.to_dict())


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="nothing"):
        _ = cnncalc.nothing
