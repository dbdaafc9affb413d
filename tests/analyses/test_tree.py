"""The tree of blocks and its folding."""

import pytest

from cnncalc.analyses.totals import totals
from cnncalc.analyses.tree import NOTHING, fold, heaviest, height, rows, tree
from cnncalc.build import load

NETWORKS = ["lenet5", "vgg16", "googlenet", "resnet50", "resnet152"]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("depth", [1, 2, 3, 99])
def test_rows_add_up_to_the_whole_at_any_depth(network, depth):
    net = load(network)
    whole = NOTHING
    for row in rows(tree(net), depth):
        if row.figure is not None and not row.node.training_only:
            whole += row.figure
    counted = totals(net)
    inputs = sum(shape.elements for _, shape in net.inputs)
    assert whole[:4] == (counted.params, counted.buffers, counted.macs, counted.flops)
    assert whole.activations + inputs == counted.activations


@pytest.mark.parametrize("network", NETWORKS)
def test_a_long_table_folds_to_fifty_rows(network):
    root = tree(load(network))
    everything = list(rows(root, height(root) + 1))
    folded, _ = fold(root, 50)
    assert len(folded) <= 50
    if len(everything) <= 50:
        assert len(folded) == len(everything)


def test_equal_neighbours_fold_to_one_row():
    """conv4_x of ResNet-152 has 36 blocks, the first of which has a projection (He et al. 2015, Table 1)."""
    folded = list(rows(tree(load("resnet152")), 1))
    times = {row.node.label: row.times for row in folded if row.node.label.startswith("conv4")}
    assert times == {"conv4_1": 1, "conv4_2": 35}


def test_what_holds_most(spec):
    root = tree(load("vgg16"))
    assert heaviest(root, "params").node.name == "fc6"
    assert heaviest(tree(spec("input: [3, 4, 4]\nlayers: [relu]")), "params") is None


def test_a_block_is_named_where_it_holds_half(spec):
    text = """
input: [4]
blocks:
  tail:
    - linear: 100
    - linear: 1
layers:
  - linear: 4
  - tail
"""
    assert heaviest(tree(spec(text)), "params").node.name == "tail.linear"
    assert heaviest(tree(spec(text.replace("100", "10"))), "params").node.name == "tail.linear"
    assert heaviest(tree(spec(text.replace("100", "4"))), "params").node.name == "tail"


def test_shared_and_own_weights_are_not_equal_neighbours(spec):
    text = """
input: [3, 8, 8]
blocks:
  tower(filters):
    - conv: [filters, 1]
    - conv: [filters, 1]
layers:
  - tower: 3
    name: one
  - tower: 3
    name: two
    weights: one
"""
    assert [row.times for row in rows(tree(spec(text)), 1)] == [1, 1]


def test_equal_neighbours_hold_together():
    """The 110 units behind the first of stage 3 hold three quarters of ResNet-1001."""
    row = heaviest(tree(load("resnet1001")), "params")
    assert (row.node.label, row.last.label, row.times) == ("stage3_2", "stage3_111", 110)
