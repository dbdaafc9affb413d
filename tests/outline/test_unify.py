"""Runs of equal structure become one block and the arguments of each run."""

from cnncalc.outline.text import write_block
from cnncalc.outline.tree import CallNode, FormulaText, JoinNode, LeafNode, OutlineBlock, OutlineParameter
from cnncalc.outline.unify import Run, fits, unify


def conv(filters, reads=0, **settings):
    return LeafNode("conv", {"filters": filters} | settings, in_channels=reads)


RELU, NORM = LeafNode("relu", {}), LeafNode("batch_norm", {})
UNIT = OutlineBlock(
    "unit", (OutlineParameter("filters", "filters"),), [conv(FormulaText("filters"), kernel=1), LeafNode("relu", {})]
)


def unified(*runs, blocks=None):
    """The lines of the block for runs, each the channels that it reads and its nodes; and the arguments of each."""
    found = unify("unit2", [Run(nodes, channels) for channels, nodes in runs], blocks or {})
    return None if found is None else (list(write_block(found.block)), found.arguments)


def test_equal_values_are_in_the_body():
    lines, arguments = unified((3, [conv(8, 3, kernel=1), RELU]), (8, [conv(8, 8, kernel=1), RELU]))
    assert lines == ["unit2:", "  - conv: {filters: 8, kernel: 1}", "  - relu"]
    assert arguments == [{}, {}]


def test_another_value_is_a_parameter():
    lines, arguments = unified((3, [conv(8, 3, kernel=1)]), (5, [conv(16, 5, kernel=1)]))
    assert lines[0] == "unit2(filters):"
    assert arguments == [{"filters": 8}, {"filters": 16}]


def test_the_usual_value_of_a_setting_is_its_default():
    runs = [(3, [conv(8, 3, kernel=1, stride=stride)]) for stride in (1, 2, 1)]
    lines, arguments = unified(*runs)
    assert lines == ["unit2(stride=1):", "  - conv: {filters: 8, kernel: 1, stride: stride}"]
    assert arguments == [{}, {"stride": 2}, {}]


def test_channels_are_multiples_of_others():
    """Of each convolution's input: 16 is 2 * 8, and 32 is 2 * 16. Of the filters: 64 is 4 * 16, and 128 is 4 * 32."""
    lines, _ = unified(
        (8, [conv(16, 8, kernel=1), conv(64, 16, kernel=1)]), (16, [conv(32, 16, kernel=1), conv(128, 32, kernel=1)])
    )
    assert lines == ["unit2:", "  - conv: {filters: in_channels * 2, kernel: 1}", *lines[2:]]
    assert lines[2] == "  - conv: {filters: in_channels * 4, kernel: 1}"


def test_padding_of_half_the_kernel_is_an_expression():
    lines, _ = unified((3, [conv(8, 3, kernel=3, padding=1)]), (3, [conv(8, 3, kernel=5, padding=2)]))
    assert lines[1] == "  - conv: {filters: 8, kernel: kernel, padding: kernel // 2}"


def test_an_absent_layer_has_a_condition():
    lines, arguments = unified((3, [conv(8, 3, kernel=1), NORM, RELU]), (3, [conv(8, 3, kernel=1), RELU]))
    assert lines == [
        "unit2(has_batch_norm):", "  - conv: {filters: 8, kernel: 1}",
        "  - batch_norm:", "    when: has_batch_norm", "  - relu",
    ]  # fmt: skip
    assert arguments == [{"has_batch_norm": True}, {"has_batch_norm": False}]


def test_a_projection_is_present_where_channels_change():
    def residual(reads, *shortcut):
        branches = ([conv(16, reads, kernel=3, padding=1), NORM], list(shortcut))
        return [JoinNode("add", {}, branches, ("", ""), in_channels=reads)]

    def widths(reads, filters, *shortcut):
        (join,) = residual(reads, *shortcut)
        own = join.branches[0]
        return [join._replace(branches=([own[0]._replace(settings=own[0].settings | {"filters": filters}), NORM],
                                        join.branches[1]))]  # fmt: skip

    lines, _ = unified(
        (8, widths(8, 16, conv(16, 8, kernel=1))), (16, widths(16, 16)), (24, widths(24, 48, conv(48, 24, kernel=1)))
    )
    assert "      when: in_channels != filters" in [line[4:] for line in lines]


def test_too_few_layers_are_no_use():
    """2 of 4 layers is less than 0.55 of them."""
    template = [conv(8, kernel=1), NORM, RELU, conv(8, kernel=1)]
    assert fits(template, template[:3])
    assert not fits(template, template[:2])


def test_arguments_of_a_loop_are_no_multiples_of_the_incoming_channels():
    """The second pass reads what the first one computes: the multiple is a default of the block around the loop."""
    runs = [
        (channels, [CallNode("unit", {"filters": 2 * channels}, in_channels=channels, repeat=2)])
        for channels in (8, 16)
    ]
    lines, _ = unified(*runs, blocks={"unit": UNIT})
    assert lines[:2] == ["unit2(inner=in_channels * 2):", "  - unit: {filters: inner}"]
    once = [(channels, [nodes[0]._replace(repeat=None)]) for channels, nodes in runs]
    assert unified(*once, blocks={"unit": UNIT})[0] == ["unit2:", "  - unit: {filters: in_channels * 2}"]


def test_incoming_channels_of_a_later_layer_are_no_argument():
    """In the body of a block, the second convolution has as many filters as it reads, and not as the block reads."""
    same = FormulaText("in_channels")
    assert unified((0, [conv(8, kernel=1), conv(same, kernel=1)]), (0, [conv(8, kernel=1), conv(4, kernel=1)])) is None
    lines, arguments = unified((0, [conv(same, kernel=1), RELU]), (0, [conv(4, kernel=1), RELU]))
    assert lines[0] == "unit2(filters):"
    assert arguments == [{"filters": same}, {"filters": 4}]


def test_parameters_of_another_block_become_arguments():
    """`width` is a name only in the body that has the runs."""
    width = FormulaText("width")
    lines, arguments = unified((0, [conv(width, kernel=1), RELU]), (0, [conv(width, kernel=1), RELU]))
    assert lines[:2] == ["unit2(filters):", "  - conv: {filters: filters, kernel: 1}"]
    assert arguments == [{"filters": width}, {"filters": width}]
