"""flatten, reshape, permute, channel_shuffle, slice, gather, pad, crop, upsample, pixel_shuffle and pixel_unshuffle."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cnncalc.layers import all_types
from cnncalc.layers.contract import NO_OPERATIONS, Aliasing, Operations
from cnncalc.layers.shapes import CircularWindow, Shape


@pytest.mark.parametrize(
    ("name", "shape", "settings", "output"),
    [
        ("flatten", (512, 7, 7), {}, (25_088,)),  # VGG-16's last map
        ("flatten", (10,), {}, (10,)),
        ("reshape", (16_384,), {"shape": (1024, 4, 4)}, (1024, 4, 4)),  # DCGAN's projection
        ("reshape", (6, 4), {"shape": (3, -1)}, (3, 8)),
        ("reshape", (6, 4), {"shape": -1}, (24,)),
        ("reshape", (6, 4), {"shape": (1, -1)}, (1, 24)),
        ("permute", (3, 8, 5), {"axes": (1, 2, 0)}, (8, 5, 3)),
        ("permute", (3, 8), {"axes": (0, 1)}, (3, 8)),
        ("channel_shuffle", (240, 28, 28), {"groups": 3}, (240, 28, 28)),  # ShuffleNet's stage 2
        ("slice", (116, 28, 28), {"stop": 58}, (58, 28, 28)),  # ShuffleNet v2's split
        ("slice", (116, 28, 28), {"start": 58}, (58, 28, 28)),
        ("slice", (4, 7, 6), {"axis": 1, "step": 2}, (4, 4, 6)),
        ("slice", (4, 7, 6), {"axis": 2, "start": 1, "stop": 5}, (4, 7, 4)),
        ("slice", (10,), {"start": 9}, (1,)),
        ("gather", (3, 169), {"shape": (49, 49)}, (3, 49, 49)),  # Swin's position bias: 13 x 13 offsets, 49 x 49 pairs
        ("gather", (10, 4, 6), {"shape": 3, "axis": 1}, (10, 3, 6)),
        ("pad", (1, 28, 28), {"padding": 2}, (1, 32, 32)),  # MNIST for LeNet-5
        ("pad", (3, 5, 5), {"padding": (0, 1, 2, 3)}, (3, 6, 10)),
        ("pad", (3, 5, 5), {"padding": (1, 2), "mode": "reflect"}, (3, 7, 9)),
        ("pad", (3, 4, 4), {"padding": 4}, (3, 12, 12)),  # zeros and borders may be deeper than the input
        ("pad", (3, 4, 4), {"padding": 5, "mode": "replicate"}, (3, 14, 14)),
        ("pad", (16, 16, 16), {"channels": 8}, (32, 16, 16)),  # option A of ResNet for CIFAR
        ("pad", (16,), {"channels": (0, 5)}, (21,)),
        ("pad", (3, 4, 4), {"padding": 4, "mode": "circular"}, (3, 12, 12)),
        ("pad", (3, 9, 8), {"padding": (0, -2, -1, 3), "channels": (-1, 2)}, (4, 7, 10)),
        ("upsample", (4, 5, 7), {"factor": Fraction(3, 2)}, (4, 7, 10)),  # floor(7.5) and floor(10.5)
        ("upsample", (4, 5, 7), {"factor": (Fraction(1, 2), 2), "mode": "bilinear"}, (4, 2, 14)),
        ("crop", (64, 568, 568), {"amount": 88}, (64, 392, 392)),  # U-Net's outermost skip connection
        ("crop", (2, 5, 5), {"amount": (0, 1, 2, 2)}, (2, 4, 1)),
        ("upsample", (256, 13, 13), {"factor": 2}, (256, 26, 26)),  # YOLOv3
        ("upsample", (4, 5, 6), {"factor": (1, 3)}, (4, 5, 18)),
        ("upsample", (21, 7, 7), {"size": 224, "mode": "bilinear"}, (21, 224, 224)),  # a segmentation head
        ("upsample", (4, 9, 9), {"size": (3, 20)}, (4, 3, 20)),
        ("pixel_shuffle", (48, 64, 64), {"factor": 4}, (3, 256, 256)),  # Shi et al. 2016: r^2 C to C
        ("pixel_shuffle", (6, 5), {"factor": 3}, (2, 15)),
        ("pixel_shuffle", (16, 2, 2, 2), {"factor": 2}, (2, 4, 4, 4)),
        ("pixel_unshuffle", (64, 26, 26), {"factor": 2}, (256, 13, 13)),  # YOLOv2's passthrough
        ("pixel_unshuffle", (3, 640, 640), {"factor": 2}, (12, 320, 320)),  # YOLOv5's focus
    ],
)
def test_shapes(place, name, shape, settings, output):
    layer = place(name, shape, **settings)
    assert layer.output == output
    assert layer.weights == {}
    if settings.get("mode") != "bilinear":
        assert layer.operations == NO_OPERATIONS


def test_bilinear_mixes_four_numbers_of_an_image(place):
    """A weighted sum of 2 numbers an axis: 2 multiplies and 1 add in 1-D, 4 and 3 in 2-D, 8 and 7 in 3-D."""
    for shape, multiplies in (((3, 4), 2), ((3, 4, 4), 4), ((3, 4, 4, 4), 8)):
        layer = place("upsample", shape, factor=2, mode="bilinear")
        numbers = 3 * 8 ** (len(shape) - 1)
        assert layer.operations == Operations(multiplies=multiplies * numbers, adds=(multiplies - 1) * numbers)


def test_bicubic_mixes_sixteen_numbers(place):
    """Keys 1981: four numbers along each axis."""
    numbers = 3 * 16 * 16
    layer = place("upsample", (3, 8, 8), factor=2, mode="bicubic")
    assert layer.operations == Operations(multiplies=16 * numbers, adds=15 * numbers)


def test_corners_that_lie_on_each_other_move_the_fields():
    """Output i of 7 lies at i * 3 / 6 of 4 positions: at 0, 1/2, 1, 3/2, 2, 5/2 and 3."""
    (window,) = all_types()["upsample"](size=7, mode="bilinear", align_corners=True).windows((Shape((3, 4)),))
    assert [list(window.reads(place, 4)) for place in range(7)] == [[0], [0, 1], [1], [1, 2], [2], [2, 3], [3]]
    (single,) = all_types()["upsample"](size=1, mode="bilinear", align_corners=True).windows((Shape((3, 4)),))
    assert list(single.reads(0, 4)) == [0], "PyTorch takes the first corner"


def test_what_circular_padding_copies():
    """Four positions with two before and three behind: 2 3 | 0 1 2 3 | 0 1 2."""
    window = CircularWindow(1, before=2, after=3)
    assert [list(window.copied(place, place, 4)) for place in (0, 1, 2, 5, 6, 8)] == [
        [(2, 2)],
        [(3, 3)],
        [],
        [],
        [(0, 0)],
        [(2, 2)],
    ]


@pytest.mark.parametrize(("mode", "read"), [("nearest", [0]), ("bilinear", [0, 1])])
def test_the_inputs_of_an_interpolated_output(mode, read):
    """4 to 8: the middle of output 1 lies at 1.5 / 2 - 0.5 = 0.25 of the input, between positions 0 and 1."""
    (window,) = all_types()["upsample"](factor=2, mode=mode).windows((Shape((3, 4)),))
    assert list(window.reads(1, 4)) == read
    assert window.span(4) == len(read)


def test_layers_that_are_views_of_their_input():
    views = {name for name, kind in all_types().items() if kind.aliasing is Aliasing.VIEW}
    assert views == {"identity", "flatten", "reshape", "permute", "slice", "crop", "parameter"}


@pytest.mark.parametrize(
    ("name", "shape", "settings", "message", "setting"),
    [
        (
            "reshape",
            (256, 4, 4),
            {"shape": (512, 7, 7)},
            (
                "shape 512x7x7 needs 25088 elements, but a 256x4x4 feature map has 4096; "
                "write -1 for one size to infer it from the others"
            ),
            "shape",
        ),
        (
            "reshape",
            (100,),
            {"shape": (3, 2)},
            (
                "shape 3x2 needs 6 elements, but a vector of 100 has 100; "
                "write -1 for one size to infer it from the others"
            ),
            "shape",
        ),
        (
            "reshape",
            (12,),
            {"shape": (3, 2)},
            (
                "shape 3x2 needs 6 elements, but a vector of 12 has 12; "
                "write -1 for one size to infer it from the others"
            ),
            "shape",
        ),
        (
            "reshape",
            (100,),
            {"shape": (3, -1)},
            "shape 3x-1 needs a multiple of 3 elements, but a vector of 100 has 100",
            "shape",
        ),
        (
            "reshape",
            (100,),
            {"shape": (-1, -1)},
            "shape takes a list of whole numbers of at least 1; one may be -1, not [-1, -1]",
            "shape",
        ),
        (
            "reshape",
            (100,),
            {"shape": (0, 100)},
            "shape takes a list of whole numbers of at least 1; one may be -1, not [0, 100]",
            "shape",
        ),
        (
            "permute",
            (3, 8, 5),
            {"axes": (0, 2)},
            "axes [0, 2] is not a permutation of the 3 axes of a 3x8x5 feature map; list each of 0, 1 and 2 once",
            "axes",
        ),
        (
            "permute",
            (3, 8, 5),
            {"axes": (1, 0)},
            "axes [1, 0] is not a permutation of the 3 axes of a 3x8x5 feature map; list each of 0, 1 and 2 once",
            "axes",
        ),
        (
            "permute",
            (3, 8),
            {"axes": (1, 1)},
            "axes [1, 1] is not a permutation of the 2 axes of a 3x8 feature map; list each of 0 and 1 once",
            "axes",
        ),
        (
            "permute",
            (3, 8),
            {"axes": (-1, 1)},
            "axes [-1, 1] is not a permutation of the 2 axes of a 3x8 feature map; list each of 0 and 1 once",
            "axes",
        ),
        ("slice", (64, 8), {"start": -1}, "start takes a whole number of at least 0, not -1", "start"),
        (
            "slice",
            (64, 8),
            {"axis": -3},
            "axis -3 exceeds the 2 axes of a 64x8 feature map; use an axis from 0, the channels, to 1",
            "axis",
        ),
        (
            "flatten",
            (64, 8),
            {"start": 1, "end": 0},
            ("start, axis 1, is after end, axis 0; use a start of at most 0"),
            "start",
        ),
        (
            "permute",
            (3,),
            {"axes": (0, 0)},
            "axes [0, 0] is not a permutation of the 1 axis of a vector of 3; use [0]: a vector has one axis",
            "axes",
        ),
        (
            "permute",
            (3, 8, 5),
            {"axes": (0, 2, 2)},
            "axes [0, 2, 2] is not a permutation of the 3 axes of a 3x8x5 feature map; list each of 0, 1 and 2 once",
            "axes",
        ),
        (
            "channel_shuffle",
            (10, 4),
            {"groups": 4},
            "4 groups do not divide the 10 channels; use groups: 2",
            "groups",
        ),
        (
            "slice",
            (64, 8, 8),
            {"stop": 65},
            "stop 65 exceeds the 64 channels; use a stop of at most 64",
            "stop",
        ),
        (
            "slice",
            (64, 8, 7),
            {"axis": 2, "stop": 8},
            "stop 8 exceeds the width of 7; use a stop of at most 7",
            "stop",
        ),
        (
            "slice",
            (64, 4, 5, 8),
            {"axis": 3, "stop": 9},
            "stop 9 exceeds the width of 8; use a stop of at most 8",
            "stop",
        ),
        (
            "slice",
            (64, 8, 8),
            {"start": 10, "stop": 5},
            "the slice from 10 to before 5 is empty; use a start of at most 4",
            "start",
        ),
        (
            "slice",
            (64, 8, 8),
            {"axis": 5},
            "axis 5 exceeds the 3 axes of a 64x8x8 feature map; use an axis from 0, the channels, to 2",
            "axis",
        ),
        (
            "slice",
            (64, 8, 8),
            {"start": 64},
            "the slice from 64 to before 64 is empty; use a start of at most 63",
            "start",
        ),
        (
            "slice",
            (64, 8, 8),
            {"axis": 3},
            "axis 3 exceeds the 3 axes of a 64x8x8 feature map; use an axis from 0, the channels, to 2",
            "axis",
        ),
        ("slice", (64,), {"axis": 1}, "axis 1 exceeds the 1 axis of a vector of 64; use axis 0, the only one", "axis"),
        (
            "pad",
            (3, 4, 4),
            {"padding": 4, "mode": "reflect"},
            "reflect padding of 4 needs more than 4 positions; use padding of at most 3, or mode replicate",
            "padding",
        ),
        (
            "pad",
            (3, 4, 4),
            {"padding": 5, "mode": "reflect"},
            "reflect padding of 5 needs more than 4 positions; use padding of at most 3, or mode replicate",
            "padding",
        ),
        (
            "pad",
            (3, 2),
            {"padding": 2, "mode": "reflect"},
            "reflect padding of 2 needs more than 2 positions; use padding of at most 1, or mode replicate",
            "padding",
        ),
        (
            "pad",
            (3, 1),
            {"padding": 1, "mode": "reflect"},
            "reflect padding of 1 needs more than 1 position; use mode replicate",
            "padding",
        ),
        (
            "pad",
            (3, 4),
            {"channels": (1, 2, 3)},
            "channels has 3 numbers; write one number, or two (before and after)",
            "channels",
        ),
        (
            "pad",
            (3, 4),
            {"channels": (5,)},
            "channels has 1 number; write one number, or two (before and after)",
            "channels",
        ),
        (
            "pad",
            (3, 4),
            {"padding": -2},
            "the negative padding crops the whole 3x4: the output would be 3x0; crop less than the size of each axis",
            "padding",
        ),
        (
            "pad",
            (3, 4),
            {"channels": (-2, -1)},
            "the negative padding crops the whole 3x4: the output would be 0x4; crop less than the size of each axis",
            "channels",
        ),
        (
            "pad",
            (3, 4),
            {"padding": (0, 5), "mode": "circular"},
            "circular padding of 5 exceeds the size of 4; use a padding of at most 4",
            "padding",
        ),
        (
            "crop",
            (3, 9, 4),
            {"amount": 2},
            "removing 2 and 2 of 4 positions leaves nothing of the 9x4 input; remove fewer than 4 in total",
            "amount",
        ),
        ("upsample", (3, 4, 4), {}, "upsample needs a factor or a size; write factor: 2 to double the input", None),
        (
            "upsample",
            (3, 4),
            {"factor": 2, "mode": "bicubic"},
            "bicubic needs an image, got a 3x4 feature map; use bilinear",
            "mode",
        ),
        (
            "upsample",
            (3, 4, 4),
            {"factor": 2, "align_corners": True},
            "nearest has no corners to align; use bilinear or bicubic",
            "align_corners",
        ),
        (
            "upsample",
            (3, 4, 9),
            {"factor": Fraction(1, 5)},
            "the factor reduces a size of 4 to 0; use a factor of at least 1/4",
            "factor",
        ),
        (
            "upsample",
            (3, 4, 4),
            {"factor": 2, "size": 8},
            "factor and size are mutually exclusive; remove one of them",
            "size",
        ),
        (
            "upsample",
            (3, 4, 4),
            {"factor": 2, "mode": "cubic"},
            "mode takes nearest, bilinear or bicubic, not 'cubic'; did you mean 'bicubic'?",
            "mode",
        ),
        (
            "pixel_shuffle",
            (10, 4, 4),
            {"factor": 2},
            "10 channels are not a multiple of 4, as factor 2 needs; use 12 channels",
            "factor",
        ),
        (
            "pixel_unshuffle",
            (3, 8, 7),
            {"factor": 2},
            "factor 2 does not divide the 8x7 input; pad or crop the input, or use a factor that divides it",
            "factor",
        ),
    ],
)
def test_messages(refusal, name, shape, settings, message, setting):
    assert refusal(name, shape, **settings) == (message, setting)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("pad", {"padding": 1}),
        ("crop", {"amount": 1}),
        ("upsample", {"factor": 2}),
        ("pixel_shuffle", {"factor": 2}),
        ("pixel_unshuffle", {"factor": 2}),
    ],
)
def test_layers_of_positions_refuse_a_vector(refusal, name, settings):
    assert refusal(name, (4,), **settings)[0].startswith("expected a feature map, got a vector of 4")
