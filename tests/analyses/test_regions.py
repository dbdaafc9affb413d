"""What one output reads, by hand; random graphs are in test_field_by_taps.py."""

from cnncalc.analyses.regions import MOST_BOXES, Region, directly, region
from cnncalc.layers.shapes import Shape


def test_the_lecture_notes(spec):
    """CS231n: V[2, 3, 1] of an 11x11x4 input, 5x5 filters, stride 2, is computed of X[4:9, 6:11, :]."""
    net = spec("input: [4, 11, 11]\nlayers: [{conv: {filters: 2, kernel: 5, stride: 2}}]")
    assert region(net, "conv", (2, 3))["input"].boxes == ((((4, 8),), ((6, 10),)),)


def test_what_lies_in_a_padding_on_the_way_reads_nothing(spec):
    """A 3x3 with padding on a cropped map: the rows that were cropped do not come back."""
    net = spec("input: [1, 9, 9]\nlayers: [{crop: 3}, {conv: {filters: 1, kernel: 3, padding: 1}}]")
    assert region(net, "conv", (0, 1))["input"].boxes == ((((3, 4),), ((3, 5),)),)


def test_padding_alone(spec):
    net = spec("input: [1, 5, 5]\nlayers: [{conv: {filters: 1, kernel: 1, padding: 1}}]")
    read = region(net, "conv", (0, 3))["input"]
    assert read == Region(Shape((1, 5, 5)), ())
    assert read.along(0) == ()
    assert not read.whole


def test_padding_that_repeats_the_input(spec):
    """0 1 2 3 4 between its mirror images is 2 1 0 1 2 3 4 3 2 1; with its ends repeated 0 0 0 1 2 3 4 4 4 4."""
    for mode, read in (("reflect", (2, 1, 0, 1, 2, 3, 4, 3, 2, 1)), ("replicate", (0, 0, 0, 1, 2, 3, 4, 4, 4, 4))):
        net = spec(f"input: [1, 5]\nlayers: [{{pad: {{padding: [2, 3], mode: {mode}}}}}, {{conv: [1, 3]}}]")
        for position, at in enumerate(read):
            assert region(net, "pad", (position,))["input"].boxes == ((((at, at),),),)
        for position in range(8):
            three = read[position : position + 3]
            assert region(net, "conv", (position,))["input"].along(0) == ((min(three), max(three)),)
        assert directly(net, "pad", (9,))["input"].boxes == ((((read[9], read[9]),),),)
    zeros = spec("input: [1, 5]\nlayers: [{pad: 2}]")
    assert region(zeros, "pad", (1,))["input"].boxes == ()


def test_mirrored_corners(spec):
    """Behind two rows of padding and one column: the first output is row 2, column 1 of the input."""
    net = spec("input: [1, 4, 3]\nlayers: [{pad: {padding: [2, 1], mode: reflect}}]")
    assert region(net, "pad", (0, 0))["input"].boxes == ((((2, 2),), ((1, 1),)),)
    assert region(net, "pad", (7, 4))["input"].boxes == ((((1, 1),), ((1, 1),)),)


def test_a_cross_is_two_boxes(spec):
    text = """
input: [1, 9, 9]
layers:
  - add:
      - - conv: {filters: 1, kernel: [1, 5], padding: [0, 2]}
      - - conv: {filters: 1, kernel: [5, 1], padding: [2, 0]}
"""
    read = region(spec(text), "add", (4, 4))["input"]
    assert sorted(read.boxes) == [(((2, 6),), ((4, 4),)), (((4, 4),), ((2, 6),))]
    assert read.reads((2, 4))
    assert not read.reads((2, 2))
    assert read.along(0) == read.along(1) == ((2, 6),)


def test_gates_that_are_not_followed(spec):
    net = spec("input: [4, 8, 8]\nlayers: [{multiply: [[], [global_avg_pool]]}]")
    assert region(net, "multiply", (1, 1))["input"].whole
    assert region(net, "multiply", (1, 1), [("multiply", "global_avg_pool")])["input"].boxes == (
        (((1, 1),), ((1, 1),)),
    )


def test_what_a_layer_reads_itself(spec):
    net = spec(
        "input: [1, 20]\n"
        "layers: [{conv: [1, 3]}, {add: [[], [{conv: {filters: 1, kernel: 3, dilation: 2, padding: 2}}]]}]"
    )
    assert directly(net, "conv_2", (5,))["conv"].boxes == ((((3, 3), (5, 5), (7, 7)),),)
    assert set(directly(net, "add", (5,))) == {"conv", "conv_2"}


def test_a_long_signal_is_followed_at_once(spec):
    """WaveNet's dilations, of 1 to 512 and again, over a minute of sound: 3 x 1023 positions back, and itself."""
    layers = "[{conv: {filters: 1, kernel: 2, dilation: 2 ** index}, repeat: 10}]"
    net = spec(f"input: [1, 1000000000]\nlayers: [{{layers: {layers}, repeat: 3}}]")
    assert region(net, net.layers[-1].name, (7,))["input"].boxes == ((((7, 7 + 3 * 1023),),),)


def test_a_whole_long_signal(spec):
    net = spec(
        "input: [1, 1000000000]\nlayers: [{conv: {filters: 1, kernel: 3, stride: 2, padding: 1}}, global_avg_pool]"
    )
    assert region(net, "global_avg_pool", ())["input"].whole


def test_many_boxes_become_what_they_span(spec):
    """Each join of a row and a column of one pixel doubles the boxes, were there no bound."""
    text = """
input: [1, 60, 60]
layers:
  - add:
      - [{conv: {filters: 1, kernel: [1, 2], dilation: 2}}, {crop: [0, 2, 0, 0]}]
      - [{conv: {filters: 1, kernel: [2, 1], dilation: 2}}, {crop: [0, 0, 0, 2]}]
    repeat: 12
"""
    net = spec(text)
    read = region(net, net.layers[-1].name, (3, 3))["input"]
    assert len(read.boxes) <= MOST_BOXES
    assert (read.along(0)[0][0], read.along(0)[-1][1]) == (3, 27)


def test_strides_larger_than_kernels_leave_holes(spec):
    """Seven outputs of a 7 read every other position of a 1/2, and so every sixth of a 1/3 before it."""
    net = spec(
        "input: [1, 200]\nlayers: [{conv: {filters: 1, kernel: 1, stride: 3}},"
        " {conv: {filters: 1, kernel: 1, stride: 2}}, {conv: [1, 7]}]"
    )
    assert region(net, "conv_3", (2,))["input"].along(0) == tuple((at, at) for at in range(12, 54, 6))


def test_a_channel_of_one_branch_reads_that_branch_alone(spec):
    text = """
input: [2, 9]
layers:
  - concat:
      point: []
      wide: [conv: {filters: 2, kernel: 3, padding: 1}]
  - slice: {START, stop: STOP}
"""
    for start, stop, runs in ((0, 2, ((4, 4),)), (2, 4, ((3, 5),)), (1, 3, ((3, 5),))):
        net = spec(text.replace("START", f"start: {start}").replace("STOP", str(stop)))
        read = region(net, "slice", (4,))["input"]
        assert (read.along(0), read.exact) == (runs, True)


def test_a_channel_of_zeros_reads_nothing(spec):
    for start, boxes in ((0, ()), (1, ((((2, 2),),),))):
        net = spec(
            f"input: [1, 4]\nlayers: [{{pad: {{channels: 1}}}}, {{slice: {{start: {start}, stop: {start + 1}}}}}]"
        )
        assert region(net, "slice", (2,))["input"].boxes == boxes


def test_one_of_the_channels_that_positions_became(spec):
    """Positions 4 and 5 become two channels of position 2; which of them a channel is, is not followed."""
    net = spec("input: [1, 8]\nlayers: [{pixel_unshuffle: 2}, {slice: 1}]")
    assert region(net, "pixel_unshuffle", (2,))["input"].exact
    read = region(net, "slice", (2,))["input"]
    assert (read.along(0), read.exact) == (((4, 5),), False)
