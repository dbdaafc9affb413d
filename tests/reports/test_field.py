"""The report of `cnncalc field`: what its words, slices and drawings say."""

import pytest

from cnncalc.analyses.receptive_field import fields
from cnncalc.analyses.regions import Region
from cnncalc.formats import plain_text
from cnncalc.formats.terminal import columns_of
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import Shape
from cnncalc.network.build import load
from cnncalc.reports.field import plot
from cnncalc.reports.field.layer import FieldOfLayer, field_document
from cnncalc.reports.field.output import outside, progression, slices
from cnncalc.reports.field.table import FieldQuery, changes, field_table, middle


def drawn(read, extents, *, width=80, ascii_only=False):
    return list(plot.draw(read, extents, Speaker("en", "field"), width=width, ascii_only=ascii_only))


def report(network, layer, **options):
    net = load(network)
    return FieldOfLayer(net, next(one for one in net.layers if one.name == layer), FieldQuery(**options))


def test_a_drawing():
    """V[2, 3] of the lecture notes, X[4:9, 6:11]."""
    read = Region(Shape((4, 11, 11)), ((((4, 8),), ((6, 10),)),))
    assert drawn(read, ((4, 8), (6, 10)), ascii_only=True) == [
        "    0   2   4   6   8   10",
        "   +----------------------+",
        " 0 |. . . . . . . . . . . |",
        " 1 |. . . . . . . . . . . |",
        " 2 |. . . . . . . . . . . |",
        " 3 |. . . . . . . . . . . |",
        " 4 |. . . . . . ##########|",
        " 5 |. . . . . . ##########|",
        " 6 |. . . . . . ##########|",
        " 7 |. . . . . . ##########|",
        " 8 |. . . . . . ##########|",
        " 9 |. . . . . . . . . . . |",
        "10 |. . . . . . . . . . . |",
        "   +----------------------+",
        "# read   . not read",
    ]


def test_what_lies_in_the_padding_is_drawn_beside():
    read = Region(Shape((1, 3, 4)), ((((0, 0),), ((0, 0), (2, 2))),))
    assert drawn(read, ((-1, 0), (-2, 2))) == [
        "       0 1 2 3",
        "  ░░░░░░░░░░░",
        "      ┌────────┐",
        "0 ░░░░│██· ██· │",
        "1     │· · · · │",
        "2     │· · · · │",
        "      └────────┘",
        "█ read   · not read   ░ beyond the input, in the padding",
    ]


def test_a_large_input_is_scaled_down():
    """Of 100x100 in cells of 4x4, rows 10 to 19 are half a cell, two cells and half again."""
    read = Region(Shape((3, 100, 100)), ((((10, 19),), ((0, 99),)),))
    lines = drawn(read, ((10, 19), (0, 99)), width=60)
    rows = {line.split("│")[0].strip(): line.split("│")[1] for line in lines if "│" in line}
    assert list(rows) == [str(4 * number) for number in range(25)]
    assert rows["8"] == "▒" * 50
    assert rows["12"] == rows["16"] == "█" * 50
    assert rows["20"] == "· " * 25
    assert lines[-1].endswith("a cell is 4x4 positions")
    assert max(map(len, lines)) <= 60


def test_a_signal_is_one_line():
    read = Region(Shape((1, 12)), ((((2, 2), (6, 6), (10, 10)),),))
    assert drawn(read, ((2, 10),), ascii_only=True)[2].strip() == "|. . ##. . . ##. . . ##. |"


def test_a_volume_is_the_plane_in_the_middle():
    read = Region(Shape((1, 9, 2, 2)), ((((2, 4),), ((0, 0),), ((0, 1),)),))
    lines = drawn(read, ((2, 4), (0, 0), (0, 1)), ascii_only=True)
    assert lines[0] == "at depth 3"
    assert [line for line in lines if "|" in line] == ["0 |####|", "1 |. . |"]


def test_a_union_of_boxes_is_drawn_as_it_is():
    read = Region(Shape((1, 5, 5)), ((((2, 2),), ((0, 4),)), (((0, 4),), ((2, 2),))))
    lines = [line[2:] for line in drawn(read, ((0, 4), (0, 4)), ascii_only=True) if "|" in line]
    assert lines == ["|. . ##. . |", "|. . ##. . |", "|##########|", "|. . ##. . |", "|. . ##. . |"]


def test_a_field_far_wider_than_the_input_still_shows_the_input():
    read = Region(Shape((3, 32, 32)), ((((0, 31),), ((0, 31),)),))
    lines = drawn(read, ((-2798, 2798), (-2798, 2798)))
    assert sum("█" in line for line in lines[:-1]) >= 10
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (((3, 7),), (3, 7, 1, 5)),
        (((4, 4),), (4, 4, 1, 1)),
        (((0, 0), (3, 3), (6, 6)), (0, 6, 3, 3)),
        (((0, 1), (3, 4)), (0, 4, 0, 4)),
        (((0, 0), (3, 3), (5, 5)), (0, 5, 0, 3)),
    ],
)
def test_positions_in_steps(runs, expected):
    assert progression(runs) == expected


@pytest.mark.parametrize(
    "runs", [((3, 7),), ((4, 4),), ((0, 19),), ((0, 0), (3, 3), (6, 6)), ((2, 2), (19, 19))], ids=str
)
def test_slices_select_what_is_read(runs):
    """Held to Python's own slicing."""
    read = Region(Shape((3, 20, 20)), ((runs, ((0, 0),)),))
    last, first = slices("X", read)
    assert first == f"X[:, {last.removeprefix('X[').removesuffix(', :]')}]"
    row = last.removeprefix("X[").partition(",")[0]
    bounds = [int(bound) if bound else None for bound in row.split(":")]
    wanted = [at for start, stop in runs for at in range(start, stop + 1)]
    assert list(range(20))[slice(*bounds)] == wanted


@pytest.mark.parametrize(
    ("end", "size", "expected"),
    [
        ((2, 5), 9, []),
        ((-3, 5), 9, [(-3, -1)]),
        ((2, 9), 9, [(9, 9)]),
        ((-3, 12), 9, [(-3, -1), (9, 12)]),
        ((-5, -2), 9, [(-5, -2)]),
        ((10, 12), 9, [(10, 12)]),
    ],
)
def test_what_lies_outside(end, size, expected):
    assert outside(end, size) == expected


def test_the_middle():
    assert middle(Shape((3, 7, 8))) == (3, 3)
    assert middle(Shape((3,))) == ()


def test_the_layers_that_change_the_field():
    net = load("resnet18")
    found = fields(net)
    changing = [layer for layer in net.layers if changes(net, found, layer)]
    assert {layer.type for layer in changing} == {"conv", "max_pool", "global_avg_pool"}
    # conv1, the pool, two 3x3 in each of 8 blocks, a 1x1 with stride in three shortcuts, the global pool.
    assert len(changing) == 1 + 1 + 16 + 3 + 1


def test_a_block_of_one_part_takes_no_line_of_its_own():
    names = [line.cells[0] for line in field_table(load("mobilenet_v3_small"), FieldQuery()).lines]
    assert names[:2] == ["stem.conv", "bneck1.residual"]


def test_no_line_is_wider_than_asked():
    for network, layer in (
        ("inception_v3", "Mixed_7c.concat"),
        ("unet", "softmax"),
        ("googlenet", "inception_5b.output"),
    ):
        for language in ("en", "zh"):
            lines = list(plain_text.write(field_document(report(network, layer, language=language, plot=True)), 80))
            assert max(map(columns_of, lines)) <= 80


def test_every_step_is_the_field_of_its_layer():
    """Along a path without joins each line of the growth is the field that the table has."""
    one = report("vgg16", "pool5")
    path = one.found.path("pool5", "input", 0)
    for step in path.steps():
        field = one.found.of(step.layer.name)["input"][0]
        assert (step.reach.size, step.reach.stride, step.reach.at(0)[0]) == (field.size, field.stride, field.start)


def test_a_long_path_is_told_in_runs():
    text = "\n".join(plain_text.write(field_document(report("resnet1202_cifar", "global_avg_pool")), 100))
    assert text.count("\n") < 60
    assert "399 layers, stage2_1" in text


def test_formulas_are_left_out_where_outputs_differ():
    """Behind a transposed convolution the size is the largest, and no sum of one window's."""
    text = "\n".join(plain_text.write(field_document(report("unet", "softmax")), 80))
    assert "size r =" not in text
    assert "repeat after 16;" in " ".join(text.split())
    assert "size r = " in "\n".join(plain_text.write(field_document(report("vgg16", "conv5_3")), 80))


def test_the_middle_of_a_long_path_of_unlike_layers_is_one_line(spec):
    """3, 5, 3, 5, ... of 100: behind 30 of each half lie 40 in the middle, which add 20 x 2 + 20 x 4."""
    net = spec('input: [1, 900]\nlayers: [{conv: {filters: 1, kernel: "index % 2 * 2 + 3"}, repeat: 100}]')
    lines = list(plain_text.write(field_document(FieldOfLayer(net, net.layers[-1], FieldQuery())), 100))
    (middle,) = [line for line in lines if "40 layers, conv.30 to conv.69" in line]
    assert middle.split()[-4:] == ["120", str(1 + 30 * 3 + 120), "1", "0"]
    assert len(lines) < 100
