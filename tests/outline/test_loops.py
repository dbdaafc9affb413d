"""Consecutive calls become loops."""

from cnncalc.outline.loops import fold
from cnncalc.outline.tree import CallNode, LeafNode, OutlineBlock, OutlineParameter, Varying

BLOCKS = {
    "unit": OutlineBlock("unit", (OutlineParameter("filters", "filters"), OutlineParameter("stride", "stride", 1)), [])
}


def unit(filters=8, stride=None, name=""):
    return CallNode("unit", {"filters": filters} | ({} if stride is None else {"stride": stride}), name)


def folded(*nodes, is_scope=False):
    nodes = list(nodes)
    fold(nodes, BLOCKS, is_scope=is_scope)
    return nodes


def test_equal_calls_are_one_loop():
    assert folded(unit(), unit(), unit()) == [unit()._replace(repeat=3)]


def test_the_first_pass_may_have_another_stride():
    (loop,) = folded(unit(stride=2), unit(), unit())
    assert loop.repeat == 3
    assert loop.arguments == {"filters": 8, "stride": Varying(2, 1)}


def test_two_values_in_turn_are_a_pattern():
    (loop,) = folded(*(unit(stride=stride) for stride in (2, None, 2, None)))
    assert loop.arguments["stride"] == Varying(2, 1, alternates=True)


def test_another_width_starts_another_loop():
    assert [node.repeat for node in folded(unit(), unit(), unit(16), unit(16), unit(16))] == [2, 3]


def test_in_a_scope_the_first_width_may_differ():
    (loop,) = folded(unit(8), unit(16), unit(16), is_scope=True)
    assert loop.arguments["filters"] == Varying(8, 16)


def test_a_layer_ends_a_loop():
    relu = LeafNode("relu", {})
    assert [getattr(node, "repeat", "relu") for node in folded(unit(), unit(), relu, unit())] == [2, "relu", None]


def test_numbered_names_become_one_with_the_index():
    assert folded(unit(name="a_0"), unit(name="a_1"))[0].name == "a_{index}"
    assert folded(unit(name="a_3"), unit(name="a_4"))[0].name == "a_{index + 3}"
    # Passes have their number below the name of the loop.
    assert folded(unit(name="a.0"), unit(name="a.1"))[0].name == "a"


def test_names_without_a_pattern_are_no_loop():
    assert len(folded(unit(name="a_0"), unit(name="a_2"))) == 2
    assert len(folded(unit(name="a_0"), unit(name="b_1"))) == 2
    # {index} writes no zero before 9.
    assert len(folded(unit(name="a_09"), unit(name="a_10"))) == 2


def test_only_the_first_call_may_read_by_name():
    assert folded(unit()._replace(reads=("map1",)), unit())[0].reads == ("map1",)
    assert len(folded(unit(), unit()._replace(reads=("map1",)))) == 2
