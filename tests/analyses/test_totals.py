"""Totals of networks against published figures and hand arithmetic."""

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.network.build import load


@pytest.mark.parametrize(
    ("network", "depth"),
    [
        ("lenet5", 5),
        ("alexnet", 8),
        ("zfnet", 8),
        ("vgg16", 16),
        ("vgg19", 19),
        ("googlenet", 22),
        ("resnet18", 18),
        ("resnet34", 34),
        ("resnet50", 50),
        ("resnet101", 101),
        ("resnet152", 152),
    ],
)
def test_depth_is_the_one_of_the_papers_titles(network, depth):
    assert totals(load(network)).weight_layers == depth


def test_activations_of_vgg16():
    """CS231n, convolutional networks: the memory column of VGG-16's table sums to 15,237,608."""
    assert totals(load("vgg16")).activations == 15_237_608


def test_flops_are_two_for_a_mac_and_one_for_all_else(spec):
    """3x3 conv of 8 filters on 2x4x4: 8*4*4*2*9 MACs and 8*4*4 bias additions; ReLU compares 8*4*4 times."""
    network = spec("input: [2, 4, 4]\nlayers: [{conv: {filters: 8, kernel: 3, padding: 1}}, relu]")
    counted = totals(network)
    assert counted.macs == 8 * 16 * 18
    assert counted.flops == 2 * 8 * 16 * 18 + 8 * 16 + 8 * 16


def test_a_layer_overwrites_its_input_only_where_nobody_else_reads_it(spec):
    """Pre-activation: the sum before the ReLU is needed again by the shortcut, so the ReLU needs memory."""
    chain = "input: [1, 4, 4]\nlayers: [{conv: [1, 1]}, relu]"
    assert totals(spec(chain)).activations == 16 + 16
    shortcut = "input: [1, 4, 4]\nlayers: [{conv: [1, 1]}, {add: [[relu], []]}]"
    assert totals(spec(shortcut)).activations == 16 + 16 + 16 + 16


def test_auxiliary_heads_count_in_training_only(spec):
    text = """
input: [8]
layers:
  - linear: 4
  - branch: {auxiliary: [{linear: 2}]}
    training_only: true
  - linear: 3
"""
    counted = totals(spec(text))
    assert counted.params == 8 * 4 + 4 + 4 * 3 + 3
    assert counted.training.params == counted.params + 4 * 2 + 2
    assert counted.training.macs == counted.macs + 4 * 2
    assert counted.layers == 2


def test_shared_weights_are_counted_once(spec):
    text = """
input: {left: [3, 8, 8], right: [3, 8, 8]}
layers:
  - conv: [4, 3]
    name: tower
    from: left
  - conv: [4, 3]
    name: twin
    from: right
    weights: tower
  - concat:
    from: [tower, twin]
"""
    counted = totals(spec(text))
    assert counted.params == 4 * 27 + 4
    assert counted.macs == 2 * 36 * 4 * 27
