"""The table of `cnncalc sharing`: what its cells and sentences say."""

import json
from fractions import Fraction

import pytest

from cnncalc.analyses.sharing import ExactRatio
from cnncalc.formats import records, terminal
from cnncalc.languages import LANGUAGES
from cnncalc.network.build import load
from cnncalc.reports.sharing import COLUMNS, SharingView, sharing_table, times
from cnncalc.reports.sharing_records import sharing_record
from cnncalc.text import decimals


def table(network, *columns, **options):
    return sharing_table(load(network), SharingView(columns, **options))


def said(network, language="en"):
    """The sentences below the table."""
    return [words for label, words in table(network, language=language).notes if not label]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (105_705_600, 34_944, "3,025"),
        (62_378_344, 60_965_224, "1.02"),
        (29_294_088, 4_231_976, "6.92"),
        (15_483_821_032, 138_357_544, "111.9"),
        (999_949, 1_000, "999.9"),
        (999_950, 1_000, "1,000"),
        (9_995, 1_000, "10"),
        (1_000_500, 1_000, "1,001"),
        (2, 1, "2"),
        (5, 4, "1.25"),
        (1, 1, "1"),
        (0, 3, "0"),
    ],
)
def test_ratios_have_the_digits_that_tell(part, whole, text):
    assert times(ExactRatio(part, whole)) == text


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(Fraction(375, 4), 2, "93.75"), (Fraction(5, 100), 1, "0.1"), (Fraction(363), 2, "363")],
)
def test_decimals(number, digits, text):
    assert decimals(number, digits) == text


def test_columns_are_those_in_which_the_network_differs():
    always = ["layer", "type", "params", "unshared", "unshared_ratio", "fully_connected"]
    shown = {
        name: [column.key for column in table(name).columns]
        for name in ("vgg16", "alexnet", "mobilenet_v1", "siamese", "googlenet")
    }
    assert shown == {
        "vgg16": always,
        "alexnet": [*always, "ungrouped"],
        "mobilenet_v1": [*always, "ungrouped", "merged"],
        "siamese": [*always, "untied"],
        "googlenet": always,
    }


def test_rows_sum_to_the_total():
    for name in ("resnet50", "mobilenet_v1", "siamese", "lenet5"):
        keys = ("layer", "params", "unshared", "fully_connected", "ungrouped", "merged", "untied")
        *rows, total, _ = table(name, *keys).lines
        for column in range(1, len(keys)):
            numbers = [row.cells[column] for row in rows if isinstance(row.cells[column], int)]
            assert sum(numbers) == total.cells[column], (name, keys[column])


@pytest.mark.parametrize("depth", [0, 1, 2, 1_000_000])
def test_rows_of_every_depth_sum_to_the_same(depth):
    *rows, total, _ = table("googlenet", "params", depth=depth).lines
    assert (
        sum(row.cells[0] for row in rows if not row.faint and row.cells[0] is not None) == total.cells[0] == 6_998_552
    )


def test_a_block_with_one_part_takes_no_line_of_its_own():
    names = [(line.indent, line.cells[0]) for line in table("siamese").lines]
    assert names[:3] == [(0, "first_tower"), (1, "stage1.conv"), (1, "stage2.conv")]


def test_equal_blocks_are_one_row():
    row = next(line for line in table("resnet50").lines if line.cells[0] == "conv4_2..6 x5")
    assert row.cells[2] == 5_585_920


def test_equal_blocks_that_are_merged_with_different_layers(spec):
    """The first block's depthwise convolution is one with the 1x1 after it, the second's is read by a pool."""
    network = spec(
        "input: [4, 9, 9]\nblocks: {block: [{conv: [4, 1]}, {depthwise_conv: {kernel: 3, padding: 1}}]}\n"
        "layers: [block, block, {max_pool: 2}]"
    )
    for depth in (1, 2):
        *rows, total, _ = sharing_table(network, SharingView(("layer", "merged"), depth)).lines
        assert sum(row.cells[1] or 0 for row in rows) == total.cells[1]


def test_programs_get_every_layer_and_the_same_columns():
    exact = table("resnet50", exact=True)
    assert [column.key for column in exact.columns][2:] == [
        "params",
        "unshared",
        "fully_connected",
        "ungrouped",
        "merged",
        "untied",
    ]
    assert len(exact.lines) == 53 + 1 + 53
    assert sum(line.cells[2] for line in exact.lines) == 25_557_032


def test_what_a_neuron_reads():
    """C3 of LeNet-5 joins 60 pairs of maps with 16 filters of 5x5: 60 / 16 * 25 inputs on average."""
    cells = {line.cells[0]: line.cells[1] for line in table("lenet5", "layer", "reads").lines}
    assert cells["C1"] == "25 of 1,024"
    assert cells["C3"] == "93.75 of 1,176"
    assert cells["F6"] == "120 of 120"


def test_what_vgg16_says():
    sharing, connections = said("vgg16")
    assert sharing == (
        "Without parameter sharing there would be 15,483,821,032 parameters, 111.9 times as many; conv1_2 saves "
        "the most: its 36,928 parameters are used 50,176 times each."
    )
    assert connections == (
        "Of the connections that fully connected layers would have, only 1 in 1,080 exists: "
        "an output of conv1_2 reads 576 of 3,211,264 inputs."
    )


def test_what_others_say():
    assert "29,294,088 parameters, 6.92 times as many, and 4,867,293,184 MACs" in " ".join(said("mobilenet_v1"))
    assert "62,378,344 parameters, 1.02 times as many, and 1,135,256,096 MACs" in " ".join(said("alexnet"))
    assert "77,899,393 parameters, 2 times as many" in " ".join(said("siamese"))
    assert "the parameters of batch_norm (21,888)" in " ".join(said("mobilenet_v1"))
    assert "13,378,280 parameters" in " ".join(said("googlenet"))


def test_weights_and_biases_used_unequally(spec):
    """4x4 places spread 2 * 3 * 4 weights each, and 3 biases are added at 8x8: 576 uses of 27 parameters."""
    up = spec("name: Up\ninput: [2, 4, 4]\nlayers: [conv_transpose: {filters: 3, kernel: 2, stride: 2}]")
    sharing, connections = (words for label, words in sharing_table(up, SharingView()).notes if not label)
    assert sharing.endswith("conv_transpose saves the most: its 27 parameters are used 21.3 times each on average.")
    assert "only 1 in 16 exists: an output of conv_transpose reads 2 of 32 inputs" in connections


def test_a_dense_convolution_is_given_in_per_cent(spec):
    """A 3x3 filter sees 9 of 16 inputs."""
    small = spec("name: Small\ninput: [1, 4, 4]\nlayers: [conv: [1, 3]]")
    words = [words for label, words in sharing_table(small, SharingView()).notes if not label][1]
    assert words.startswith("Of the connections that fully connected layers would have, 56.3 % exist: an output")


def test_what_shares_nothing(spec):
    mlp = sharing_table(spec("name: M\ninput: [8]\nlayers: [linear: 4, linear: 2]"), SharingView())
    assert [words for label, words in mlp.notes if not label] == [
        "No parameter is shared over positions: each is used once.",
        "Every output reads every input already.",
    ]
    kept = sharing_table(spec("name: N\ninput: [8]\nlayers: [batch_norm]"), SharingView())
    assert [words for label, words in kept.notes if not label] == [
        "No parameter is shared over positions: each is used once.",
        (
            "Counted unchanged, because they do not connect outputs to inputs or do not declare how: "
            "the parameters of batch_norm (16)."
        ),
    ]
    empty = sharing_table(spec("name: Pools\ninput: [3, 8, 8]\nlayers: [{max_pool: 2}]"), SharingView())
    assert empty.notes == (("", "Pools has no learned weights."),)
    assert empty.lines == ()


def test_every_column_has_a_header_and_every_way_a_meaning():
    for language in LANGUAGES:
        shown = table("mobilenet_v1", *COLUMNS, language=language)
        assert all(column.header for column in shown.columns)
        assert len([label for label, _ in shown.notes if label]) == 5


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("network", ["vgg16", "mobilenet_v1", "siamese", "resnext50_32x4d", "unet", "hrnet_w18"])
def test_it_fits_the_terminal(network, width, language):
    lines = terminal.layout(table(network, language=language), width)
    assert max(terminal.columns_of(line.text) for line in lines) <= width


def test_json_is_exact():
    facts = json.loads("\n".join(records.write(sharing_record(load("unet")))))
    assert sum(layer["fully_connected"] for layer in facts["layers"]) == facts["totals"]["fully_connected"]
    assert facts["totals"]["fully_connected"] > 10**15
    assert facts["totals"]["params"] == 31_030_658
    assert set(facts["ratios"]) == {"unshared", "fully_connected", "ungrouped", "merged", "untied"}
    twins = json.loads("\n".join(records.write(sharing_record(load("siamese")))))
    assert twins["input"] == {"first": [1, 105, 105], "second": [1, 105, 105]}
    tied = next(layer for layer in twins["layers"] if layer["name"] == "second_tower.features")
    assert (tied["weights_from"], tied["params"], tied["untied"]) == ("first_tower.features", 0, 37_752_832)


def test_json_of_a_network_that_learns_nothing(spec):
    facts = json.loads("\n".join(records.write(sharing_record(spec("input: [3, 8, 8]\nlayers: [relu]")))))
    assert facts["layers"] == []
    assert facts["ratios"]["unshared"] is None
