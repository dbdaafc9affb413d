"""A block that is used once gives way to its layers."""

from cnncalc.outline.inline import inline_once_used
from cnncalc.outline.text import write_nodes
from cnncalc.outline.tree import CallNode, FormulaText, LeafNode, OutlineBlock, OutlineParameter


def block(default=None):
    settings = {"filters": FormulaText("width * 2"), "kernel": 1}
    nodes = [LeafNode("relu", {}), LeafNode("conv", settings), LeafNode("batch_norm", {}, when="width > 8")]
    return OutlineBlock("unit", (OutlineParameter("width", "filters", default),), nodes)


def inlined(*calls, default=None):
    """The lines of a sequence of calls, and the names of the blocks that remain."""
    nodes, blocks = list(calls), {"unit": block(default)}
    inline_once_used([nodes], blocks)
    return list(write_nodes(nodes)), list(blocks)


def test_arguments_replace_parameters():
    lines, blocks = inlined(CallNode("unit", {"width": 4}))
    assert lines == ["- relu", "- conv: {filters: 8, kernel: 1}", "- batch_norm:", "  when: 4 > 8"]
    assert blocks == []


def test_defaults_replace_parameters():
    assert inlined(CallNode("unit", {}), default=3)[0][1] == "- conv: {filters: 6, kernel: 1}"


def test_an_expression_is_in_parentheses():
    lines, _ = inlined(CallNode("unit", {"width": FormulaText("a + b")}))
    assert lines[1] == "- conv: {filters: (a + b) * 2, kernel: 1}"


def test_a_name_becomes_that_of_a_group():
    assert inlined(CallNode("unit", {"width": 4}, "stem"))[0][0] == "- layers:"


def test_what_is_used_twice_or_repeated_remains():
    call = CallNode("unit", {"width": 4})
    assert inlined(call, call._replace(name="other"))[1] == ["unit"]
    assert inlined(call._replace(repeat=2))[1] == ["unit"]
    assert inlined(call._replace(reads=("map1",)))[1] == ["unit"]


def test_the_channels_that_a_call_reads_mean_others_in_later_layers():
    assert inlined(CallNode("unit", {"width": FormulaText("in_channels // 2")}))[1] == ["unit"]
    assert inlined(CallNode("unit", {}), default=FormulaText("in_channels"))[1] == ["unit"]


def test_unused_blocks_are_dropped():
    assert inlined(LeafNode("relu", {})) == (["- relu"], [])
