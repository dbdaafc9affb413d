"""Which layers of a run correspond to those of a template; costs are counted by hand."""

from cnncalc.outline.align import align
from cnncalc.outline.tree import CallNode, JoinNode, LeafNode


def conv(filters=8, **settings):
    return LeafNode("conv", {"filters": filters, "kernel": 3} | settings)


def leaf(name):
    return LeafNode(name, {})


def join(*branches, conditions=None):
    return JoinNode("add", {}, branches, conditions or ("",) * len(branches))


def counterparts(template, instance):
    """The number of absent layers, and the counterpart of each node of the template, None where it is absent."""
    found = align(template, instance)
    if found is None:
        return None
    pairs = dict(found[1])
    return found[0], [pairs.get(id(node)) for node in template]


def test_equal_runs_correspond_one_by_one():
    template, instance = [conv(), leaf("relu")], [conv(16), leaf("relu")]
    assert counterparts(template, instance) == (0, instance)


def test_a_missing_layer_costs_one():
    template, instance = [conv(), leaf("batch_norm"), leaf("relu")], [conv(), leaf("relu")]
    assert counterparts(template, instance) == (1, [instance[0], None, instance[1]])


def test_every_layer_of_the_instance_needs_a_counterpart():
    assert align([conv(), leaf("relu")], [conv(), leaf("batch_norm"), leaf("relu")]) is None


def test_activations_correspond_to_each_other_but_not_to_other_layers():
    assert counterparts([leaf("relu")], [leaf("silu")]) == (0, [leaf("silu")])
    assert align([leaf("relu")], [leaf("batch_norm")]) is None


def test_of_two_alignments_the_one_with_fewer_absent_layers_is_taken():
    """The join counts with both layers of its branch: 3. Without it, the convolution behind it is the counterpart."""
    template, instance = [join([conv(), conv()], []), conv()], [conv()]
    assert counterparts(template, instance) == (3, [None, instance[0]])


def test_a_join_may_be_one_of_its_branches_alone():
    """Only the join itself is absent, which its other branch, without layers, adds nothing to."""
    first, second = conv(), leaf("relu")
    template, instance = [join([first, second], [])], [conv(16), leaf("relu")]
    absent, pairs = align(template, instance)
    assert absent == 1
    found = dict(pairs)
    assert (found[id(first)], found[id(second)]) == (instance[0], instance[1])


def test_branches_correspond_in_their_order():
    template = [join([conv()], [leaf("batch_norm"), leaf("relu")])]
    assert counterparts(template, [join([conv()], [])])[0] == 2
    assert align(template, [join([], [conv()])]) is None
    assert align(template, [join([conv()])]) is None


def test_calls_correspond_to_calls_of_the_same_block():
    assert counterparts([CallNode("unit", {})], [CallNode("unit", {"filters": 3})])[0] == 0
    assert align([CallNode("unit", {})], [CallNode("other", {})]) is None
    assert align([CallNode("unit", {})], [CallNode("unit", {}, repeat=2)]) is None


def test_layers_that_share_weights_or_read_by_name_correspond_to_none():
    assert align([conv()], [conv()._replace(is_shared=True)]) is None
    assert align([conv()], [conv()._replace(reads=("map1",))]) is None
    assert align([conv()], [conv()._replace(frozen=True)]) is None
