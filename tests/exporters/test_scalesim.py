"""Topologies of SCALE-Sim, read by its own arithmetic."""

import os
from pathlib import Path

import pytest
from exporters.conftest import source_of

from cnncalc import bundled
from cnncalc.errors import SpecError
from cnncalc.exporters import export
from cnncalc.network.records import inference_layers


@pytest.fixture
def topology(exported):
    """The lines of a network's topology, from the text of a spec."""
    return lambda text, **options: exported(text, "scalesim", **options).splitlines()


def simulated(lines):
    """The MACs of a topology, as topology_utils.py of SCALE-Sim computes them."""
    macs = 0
    for line in list(lines)[1:]:
        name, *sizes = line.split(",")[:-1]
        height, width, tall, broad, channels, filters, stride = map(int, sizes)
        assert tall <= height
        assert broad <= width
        # Its reader repeats a row with DP in its name for each channel, with 1 channel: the product is the same.
        assert channels > 1 or "DP" not in name
        outputs = -(-(height - tall + stride) // stride) * -(-(width - broad + stride) // stride)
        macs += outputs * tall * broad * channels * filters
    return macs


@pytest.mark.parametrize(
    "name", ["resnet18", "alexnet", "mobilenet_v2", "resnext50_32x4d", "shufflenet_v1", "vit_b_16", "swin_t", "m5"]
)
def test_scalesim_computes_the_macs_of_the_network(name):
    source = source_of(name)
    macs = sum(layer.macs for layer in inference_layers(source.network.layers))
    assert simulated(export(source, "scalesim")) == macs


@pytest.mark.parametrize(("name", "file", "count"), [("resnet18", "Resnet18", 21), ("resnet50", "Resnet50", 54)])
def test_unpadded_rows_are_those_of_its_own_files(name, file, count):
    if "CNNCALC_REAL_FILES" not in os.environ:
        pytest.skip("CNNCALC_REAL_FILES is not set")
    folder = Path(os.environ["CNNCALC_REAL_FILES"]) / "scalesim"
    lines = (folder / f"topologies__conv_nets__{file}.csv").read_text().splitlines()[1:]
    theirs = [tuple(map(int, line.split(",")[1:8])) for line in lines if line.strip(", ")]
    own = [
        tuple(map(int, line.split(",")[1:8]))
        for line in list(export(source_of(name), "scalesim", {"unpadded": True}))[1:]
    ]
    assert len(own) == len(theirs) == count
    assert sorted(own) == sorted(theirs)


# Alexnet's first layer on 224x224: 11x11 with stride 4 and padding 2 gives 55, which cover 54 * 4 + 11 = 227 rows.
# A grouped convolution is one row a group, a depthwise one has a name with DP.
SMALL = """
input: [3, 224, 224]
layers:
  - conv: {filters: 64, kernel: 11, stride: 4, padding: 2}
    name: first
  - conv: {filters: 32, kernel: 1, groups: 2}
    name: grouped
  - depthwise_conv: {kernel: 3, multiplier: 2}
    name: depth
  - global_avg_pool
  - linear: 10
    name: fc
"""


def test_sizes_contain_the_padding_that_filters_cover(topology):
    assert topology(SMALL) == [
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,",
        "first,227,227,11,11,3,64,4,",
        "grouped_1,55,55,1,1,32,16,1,",
        "grouped_2,55,55,1,1,32,16,1,",
        "depth_DP,55,55,3,3,32,2,1,",
        "fc,1,1,1,1,64,10,1,",
    ]


def test_sizes_without_padding(topology):
    assert topology(SMALL, unpadded=True)[1] == "first,224,224,11,11,3,64,4,"


def test_names_are_neither_rows_nor_formulas_nor_depthwise(topology):
    text = """
input: [3, 8, 8]
layers:
  - conv: {filters: 4, kernel: 1}
    name: "+DPN/1"
  - conv: {filters: 4, kernel: 1}
    name: "-a.b"
"""
    names = [line.split(",")[0] for line in topology(text)][1:]
    assert names == ["_DpN/1", "_a.b"]


REFUSED = """
input: [4, 16, 16]
layers:
  - conv: {filters: 4, kernel: 3, dilation: 2}
    name: dilated
  - conv: {filters: 4, kernel: 3, stride: [1, 2]}
    name: uneven
  - conv_transpose: {filters: 4, kernel: 2, stride: 2}
    name: up
  - reshape: [1, 4, 20, 10]
  - conv: {filters: 4, kernel: 1}
    name: volume
"""


def test_layers_without_a_row_are_errors_all_together(topology):
    with pytest.raises(SpecError) as caught:
        topology(REFUSED)
    assert [problem.message for problem in caught.value.problems] == [
        "dilated has a dilation, and SCALE-Sim has none",
        "uneven has the strides 1 and 2, and SCALE-Sim has one for both axes",
        "up is of type conv_transpose, and SCALE-Sim has only convolutions and products of two matrices",
        "volume is a convolution over 3 axes, and SCALE-Sim has 2",
    ]


def test_a_stride_along_an_axis_of_one_output_does_not_matter(topology):
    text = "input: [4, 9, 1]\nlayers:\n  - conv: {filters: 4, kernel: [3, 1], stride: [2, 5]}\n    name: c\n"
    assert topology(text)[1] == "c,9,1,3,1,4,4,2,"


def test_filters_larger_than_an_unpadded_input_are_refused(topology):
    text = "input: [4, 2, 2]\nlayers:\n  - conv: {filters: 4, kernel: 3, padding: 1}\n    name: c\n"
    with pytest.raises(SpecError, match="c has filters of 3x3 on an input of 2x2"):
        topology(text, unpadded=True)


def test_rows_are_bounded(topology):
    # 4 million groups would be 4 million rows.
    text = """
input: [8000000, 1, 1]
layers:
  - conv: {filters: 4000000, kernel: 1, groups: 4000000}
"""
    with pytest.raises(SpecError, match="the topology has more than 50,000 rows"):
        topology(text)


# Dilations, transposed and recurrent layers, volumes, and LeNet-5's connections.
REFUSED_NETWORKS = {
    "crnn", "dcgan_generator", "deeplabv3_mobilenet_v3_large", "deeplabv3_resnet101", "deeplabv3_resnet50",
    "fcn8s_vgg16", "fcn_resnet101", "fcn_resnet50", "lenet5", "lraspp_mobilenet_v3_large", "maskrcnn_resnet50_fpn",
    "mc3_18", "mvit_v1_b", "r2plus1d_18", "r3d_18", "s3d", "skresnet18", "ssd300_vgg16", "tcn_mnist", "unet",
    "unet_plus_plus", "vae",
}  # fmt: skip


@pytest.mark.long
def test_scalesim_computes_the_macs_of_all_networks_but_these():
    refused = set()
    for name in bundled.names():
        source = source_of(name)
        try:
            lines = export(source, "scalesim")
        except SpecError:
            refused.add(name)
            continue
        assert simulated(lines) == sum(layer.macs for layer in inference_layers(source.network.layers)), name
    assert refused == REFUSED_NETWORKS
