"""The tree of blocks and its folding."""

import pytest

from cnncalc import bundled
from cnncalc.analyses.measures import Measures
from cnncalc.analyses.totals import totals
from cnncalc.analyses.tree import NOTHING, fold, heaviest, height, rows, tree
from cnncalc.network.build import load

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


def test_equal_neighbors_fold_to_one_row():
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


def test_shared_and_own_weights_are_not_equal_neighbors(spec):
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


def test_equal_neighbors_hold_together():
    """The 110 units behind the first of stage 3 hold three quarters of ResNet-1001."""
    row = heaviest(tree(load("resnet1001")), "params")
    assert (row.node.label, row.last.label, row.times) == ("stage3_2", "stage3_111", 110)


# --- the order of the network ---------------------------------------------------------------------


def leaves(network):
    return [row.node.name for row in rows(tree(network), 99) if row.node.layer]


@pytest.mark.parametrize("name", bundled.names())
def test_layers_are_in_the_order_of_the_network(name):
    network = load(name)
    assert leaves(network) == [layer.name for layer in network.layers]


REPEATED_JOIN = """
input: [4, 8, 8]
layers:
  - add:
      - [conv: [4, 3, 1, same], relu]
      - []
    repeat: 2
  - conv: [8, 1]
"""


def test_passes_of_a_repeated_join_stand_behind_their_branches(spec):
    network = spec(REPEATED_JOIN)
    assert leaves(network) == ["conv", "relu", "add.0", "conv_2", "relu_2", "add.1", "conv_3"]
    assert [(row.node.label, row.node.depth) for row in rows(tree(network), 99)][2] == ("add.0", 1)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # One after the other, they are one block, whatever stands around it.
        (["a.x", "a.y", "b"], ["a", "a.x", "a.y", "b"]),
        (["a", "a.x", "b"], ["a", "a.x", "b"]),
        # What stands between two of a block's layers takes it apart; the blocks in it hold together.
        (["a.x", "b", "a.y"], ["a.x", "b", "a.y"]),
        (["a", "b", "a.x"], ["a", "b", "a.x"]),
        (["a.x", "a"], ["a.x", "a"]),
        (["a.p.x", "a.p.y", "b", "a.q"], ["a.p", "a.p.x", "a.p.y", "b", "a.q"]),
        (["a.p.x", "b", "a.p.y"], ["a.p.x", "b", "a.p.y"]),
        (["a.p.x", "a.q", "a.p.y"], ["a", "a.p.x", "a.q", "a.p.y"]),
        (["a.p.x", "ab", "a.p.y", "a.r.z", "a.r.w"], ["a.p.x", "ab", "a.p.y", "a.r", "a.r.z", "a.r.w"]),
    ],
)
def test_only_what_follows_one_another_is_a_block(names, expected, spec):
    network = spec("input: [3, 4, 4]\nlayers:\n" + "".join(f"  - relu:\n    name: {name}\n" for name in names))
    assert leaves(network) == names
    shown = [row.node for row in rows(tree(network), 99)]
    assert [node.name for node in shown] == expected
    assert all(node.name == (f"{node.above}.{node.label}" if node.above else node.label) for node in shown)


def test_budgets_name_a_block_that_is_taken_apart(spec):
    """Two convolutions from 4 to 4 channels, 3x3, of 4 * 4 * 9 + 4 = 148 parameters each."""
    text = "input: [4, 4, 4]\nlayers:\n"
    text += "".join(
        f"  - {kind}:\n    name: {name}\n"
        for name, kind in [("a.x", "conv: [4, 3]"), ("b", "relu"), ("a.y", "conv: [4, 3, 1, same]")]
    ).replace("]:", "]")
    measures = Measures(spec(text))
    assert measures.of_node(measures.matching("a")[0], "params") == 2 * 148


def test_very_many_blocks_that_are_taken_apart(spec):
    """Each layer is 45 names deep, and every other one begins with another word."""
    path = ".".join(["a"] * 45)
    names = [f"{'xy'[number % 2]}.{path}.l{number}" for number in range(2_000)]
    network = spec("input: [3, 4, 4]\nlayers:\n" + "".join(f"  - relu:\n    name: {name}\n" for name in names))
    assert leaves(network) == names
    assert len(list(rows(tree(network), 99))) == len(names)
