"""What layers remark on: which remark, and its numbers by hand. The words are tested with the sentences."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import product

import pytest

from cnncalc.layers import all_types
from cnncalc.layers.contract import Remark
from cnncalc.layers.shapes import Shape, SlidingWindow


def remarks_of(name: str, *inputs: tuple[int, ...], **settings: object) -> tuple[Remark, ...]:
    layer = all_types()[name](**settings)
    shapes = tuple(map(Shape, inputs))
    return layer.remarks(shapes, layer.output_shape(shapes))


def said(*args: object, **settings: object) -> list[tuple[str, dict[str, object]]]:
    """The key and the numbers of each remark."""
    return [(remark.key, dict(remark.values)) for remark in remarks_of(*args, **settings)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kernel", "dilation", "expected"),
    [
        (3, 1, []),
        (1, 1, [("pointwise_conv", {})]),
        (1, 2, [("pointwise_conv", {})]),  # one tap lies nowhere apart
        ((1, 3), 1, []),
        (2, 2, [("dilated", {"kernel": 2, "dilation": 2, "extent": 3})]),
        (3, 2, [("dilated", {"kernel": 3, "dilation": 2, "extent": 5})]),
        (4, 3, [("dilated", {"kernel": 4, "dilation": 3, "extent": 10})]),  # taps 0, 3, 6 and 9
        ((5, 3), (1, 2), [("dilated", {"kernel": 3, "dilation": 2, "extent": 5})]),
    ],
)
def test_a_convolution(kernel, dilation, expected):
    settings = {"kernel": kernel, "dilation": dilation}
    assert said("conv", (8, 20, 20), filters=4, **settings) == expected
    apart = [one for one in expected if one[0] == "dilated"]
    assert said("depthwise_conv", (8, 20, 20), **settings) == [("depthwise", {}), *apart]
    assert said("conv_transpose", (8, 20, 20), filters=4, **settings) == [("transposed", {}), *apart]


def test_a_convolution_with_a_table_of_connections():
    """LeNet-5's C3 could join 16 maps to 6, which are 96 pairs; two filters of three channels are 6."""
    assert said("conv", (3, 5, 5), filters=2, kernel=3, connections=((0, 1), (2,))) == [
        ("partly_connected", {"all_pairs": 6})
    ]
    rows = ((0,),) * 16
    assert said("conv", (6, 14, 14), filters=16, kernel=5, connections=rows)[0][1] == {"all_pairs": 96}


@pytest.mark.parametrize(
    ("rate", "kept", "factor"),
    [(Fraction(1, 5), Fraction(4, 5), Fraction(5, 4)), (Fraction(1, 2), Fraction(1, 2), 2), (0, 1, 1), (1, 0, 0)],
)
def test_dropout_scales_the_remaining_elements(rate, kept, factor):
    """Of numbers of which 4 in 5 are kept, each is 5/4 of itself, so that the sum is expected to stay."""
    assert said("dropout", (4,), rate=rate) == [
        ("dropout", {"rate": rate, "kept": kept, "factor": factor}),
        ("only_in_training", {}),
    ]


@pytest.mark.parametrize(("per_channel", "key"), [(False, "prelu"), (True, "prelu_per_channel")])
def test_prelu(per_channel, key):
    assert [key for key, _ in said("prelu", (4, 3), per_channel=per_channel)] == ["activation", key]


TRACKED = ("statistics_tracked", "batch_norm_in_training")


@pytest.mark.parametrize(
    ("name", "shape", "settings", "numbers", "keys"),
    [
        # 32 samples of 112x112 positions are 401,408 numbers a channel.
        (
            "batch_norm",
            (64, 112, 112),
            {},
            {"batch_of_32": 401_408},
            ("batch_norm_map", "norm_learned_channel", *TRACKED),
        ),
        ("batch_norm", (64,), {}, {"batch_of_32": 32}, ("batch_norm_vector", "norm_learned_channel", *TRACKED)),
        (
            "batch_norm",
            (64, 3),
            {"affine": False, "track_statistics": False},
            {"batch_of_32": 96},
            ("batch_norm_map", "norm_nothing_learned", "statistics_not_tracked"),
        ),
        (
            "group_norm",
            (64, 5, 5),
            {"groups": 32},  # 2 channels of 25
            {"together": 50},
            ("group_norm", "norm_learned_channel", "statistics_not_tracked"),
        ),
        (
            "group_norm",
            (64,),
            {"groups": 2, "affine": False},
            {"together": 32},
            ("group_norm", "norm_nothing_learned", "statistics_not_tracked"),
        ),
        ("layer_norm", (6, 4), {}, {}, ("layer_norm_all", "norm_learned_number", "statistics_not_tracked")),
        (
            "layer_norm",
            (6, 4),
            {"axes": "channels"},
            {},
            ("layer_norm_channels", "norm_learned_channel", "statistics_not_tracked"),
        ),
        (
            "layer_norm",
            (6, 4),
            {"affine": False},
            {},
            ("layer_norm_all", "norm_nothing_learned", "statistics_not_tracked"),
        ),
    ],
)
def test_normalizations(name, shape, settings, numbers, keys):
    found = said(name, shape, **settings)
    assert tuple(key for key, _ in found) == keys
    assert found[0][1] == numbers


def test_the_price_of_maxout_is_paid_by_the_layer_before():
    largest, price = remarks_of("maxout", (12,), pieces=3)
    assert (largest.key, largest.formula, largest.of_source) == ("maxout", "max(x1, x2, x3)", False)
    assert (price.key, price.of_source) == ("maxout_price", True)
    eight = "x1, x2, x3, x4, x5, x6, x7, x8"
    assert remarks_of("maxout", (16,), pieces=8)[0].formula == f"max({eight})"
    assert remarks_of("maxout", (18,), pieces=9)[0].formula == "max(its_pieces)", "not the largest of the first eight"


@pytest.mark.parametrize(
    ("kernel", "stride", "key"),
    [
        (3, 2, "windows_overlap"),
        (2, 2, "windows_tile"),
        (2, None, "windows_tile"),
        (2, 3, "windows_apart"),
        ((3, 2), (2, 2), "windows_overlap"),  # along one axis
        ((2, 2), (2, 3), "windows_apart"),
    ],
)
@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_how_the_windows_of_a_pool_lie(name, kernel, stride, key):
    assert said(name, (2, 9, 9), kernel=kernel, stride=stride) == [(name, {}), (key, {})]
    rounded = said(name, (2, 9, 9), kernel=kernel, stride=stride, rounding="ceil")
    assert rounded == [(name, {}), (key, {}), ("rounds_up", {})]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "key"),
    [
        # pool5 of GoogLeNet: one window of 7x7 on a 7x7 map, whatever its stride.
        (7, 7, 1, 1, "one_window"),
        (8, 7, 2, 1, "one_window_of_part"),
        (7, 1, 9, 1, "one_window_of_part"),
        (8, 7, 1, 1, "windows_overlap"),
        # Taps 0 and 2, then 2 and 4: they share 2, though the stride is the kernel.
        (9, 2, 2, 2, "windows_overlap"),
        # Taps 0 and 3, 4 and 7: none is shared, and 1, 2, 5 and 6 are read by none.
        (8, 2, 4, 3, "windows_apart"),
        # Taps 0 and 2, then 1 and 3: each of the four is read once.
        (4, 2, 1, 2, "windows_tile"),
        # A third window, with taps 2 and 4, reads 2 again.
        (5, 2, 1, 2, "windows_overlap"),
    ],
)
def test_how_few_or_dilated_windows_lie(size, kernel, stride, dilation, key):
    assert said("max_pool", (2, size), kernel=kernel, stride=stride, dilation=dilation)[1][0] == key
    # What one axis has, the map has; an axis with one window has none to overlap with.
    if not key.startswith("one_window"):
        beside = said("max_pool", (2, size, 3), kernel=(kernel, 3), stride=(stride, 1), dilation=(dilation, 1))
        assert beside[1][0] == key


def test_what_the_one_window_of_a_pool_reads():
    """A 7x2 on an 8x3 map reads 14 of 24. One of 5 on 3 positions and padding on both sides reads all 3."""
    assert said("max_pool", (1, 8, 3), kernel=(7, 2), stride=4)[1] == ("one_window_of_part", {"read": 14})
    assert said("avg_pool", (1, 3), kernel=5, padding=1)[1] == ("one_window", {})
    # Taps -2, 1, 4 and 7 of which 1 and 4 are among 0 to 6.
    assert said("max_pool", (1, 7), kernel=4, stride=9, padding=2, dilation=3)[1] == ("one_window_of_part", {"read": 2})


def read_by(kernel, stride, dilation, outputs):
    """How often each position is read, position by position."""
    return Counter(place * stride + tap * dilation for place in range(outputs) for tap in range(kernel))


def test_windows_overlap_and_skip_as_counted():
    for kernel, stride, dilation in product(range(1, 5), range(1, 6), range(1, 5)):
        for outputs in range(1, 6):
            window = SlidingWindow(kernel, stride, dilation=dilation)
            read = read_by(kernel, stride, dilation, outputs)
            label = (kernel, stride, dilation, outputs)
            overlap = max(read.values()) > 1
            assert window.overlaps(outputs) == overlap, label
            assert window.skips(outputs) == (not overlap and len(read) < max(read) + 1), label


@pytest.mark.parametrize("name", ["adaptive_avg_pool", "adaptive_max_pool"])
@pytest.mark.parametrize(
    ("size", "outputs", "key"),
    [
        (14, 7, "parts_equal"),
        (7, 7, "parts_equal"),
        (7, 3, "parts_overlap"),  # 0 to 2, 2 to 4 and 4 to 6
        (7, 14, "parts_overlap"),  # each position is read twice
        (7, 1, "one_window"),
    ],
)
def test_how_the_parts_of_an_adaptive_pool_lie(name, size, outputs, key):
    assert [key for key, _ in said(name, (2, size), size=outputs)] == [name, key, "any_size"]


def test_a_pointwise_convolution_mixes_what_it_reads():
    """60 channels in 3 groups are 20, of which each group makes 72 of 216."""
    grouped = ("pointwise_groups", {"group_in": 20, "group_out": 72})
    assert said("conv", (60, 8, 8), filters=216, kernel=1, groups=3) == [grouped]
    assert said("conv", (3, 5, 5), filters=1, kernel=1, connections=((0, 2),)) == [
        ("partly_connected", {"all_pairs": 3})
    ]


@pytest.mark.parametrize(("channels", "groups", "sources"), [(12, 3, 3), (12, 4, 3), (12, 6, 2), (9, 3, 3)])
def test_the_sources_of_a_shuffled_group(channels, groups, sources):
    """Of 12 channels in 4 groups of 3, the first new group holds the first channels of groups 0, 1 and 2."""
    each = channels // groups
    order = [group * each + place for place in range(each) for group in range(groups)]
    new = [{channel // each for channel in order[start : start + each]} for start in range(0, channels, each)]
    assert {len(former) for former in new} == {sources}
    assert said("channel_shuffle", (channels,), groups=groups) == [("channel_shuffle", {"sources": sources})]


@pytest.mark.parametrize("groups", [1, 12])
def test_one_group_and_groups_of_one_are_not_shuffled(groups):
    assert said("channel_shuffle", (12,), groups=groups) == [("channels_stay", {})]


@pytest.mark.parametrize(
    ("padding", "settings", "keys"),
    [
        (0, {}, []),
        (0, {"count_include_pad": False}, []),
        (1, {}, ["padding_in_the_mean"]),
        (1, {"count_include_pad": False}, ["padding_not_in_the_mean"]),
        ((0, 1), {}, ["padding_in_the_mean"]),  # after the input alone
        ((1, 0), {}, ["padding_in_the_mean"]),
    ],
)
def test_the_padding_of_a_mean(padding, settings, keys):
    assert [key for key, _ in said("avg_pool", (2, 9), kernel=3, padding=padding, **settings)][2:] == keys


@pytest.mark.parametrize("name", ["add", "subtract", "multiply"])
def test_inputs_that_a_join_broadcasts(name):
    assert said(name, (64, 8, 8), (64, 8, 8)) == [(name, {"steps": 1})]
    for smaller in ((64,), (64, 1, 1), (1, 8, 8)):
        assert (
            said(name, (64, 8, 8), smaller)
            == said(name, smaller, (64, 8, 8))
            == [(name, {"steps": 1}), ("repeated", {})]
        )


def test_concatenation():
    """CS231n's naive Inception module: 128, 192, 96 and 256 channels are 672."""
    four = [(channels, 28, 28) for channels in (128, 192, 96, 256)]
    assert said("concat", *four) == [("concat", {"sizes": (128, 192, 96, 256), "joined": 672})]
    assert said("concat", (4, 5, 6), (4, 2, 6), axis=1) == [("concat_axis", {"axis": 1, "sizes": (5, 2), "joined": 7})]


def test_a_scale():
    (plain,) = remarks_of("scale", (4,))
    (shifted,) = remarks_of("scale", (4,), bias=True)
    assert (plain.key, plain.formula) == ("scale", "weight * x")
    assert (shifted.key, shifted.formula) == ("scale_and_shift", "weight * x + bias")


def test_a_product_of_attention_is_described_by_its_letters_and_matrices():
    """ViT-B/16: 12 heads of 64 channels, 197 tokens."""
    sizes = "h = 12, d = 64, n = 197, m = 197"
    factors = {"equation": "[h, n, m]", "over": "d", "factors": "x[h, d, n] y[h, d, m]", "sizes": sizes}
    assert said("einsum", (12, 64, 197), (12, 64, 197), equation="hdn, hdm -> hnm") == [
        ("product_equation_sum", factors),
        ("product_matrices", {"batches": 12, "batch": "h", "height": 197, "depth": 64, "breadth": 197}),
        ("product_square", {"first": "n", "second": "m", "size": 197}),
        ("product_unweighted", {}),
    ]


@pytest.mark.parametrize(
    ("equation", "inputs", "expected"),
    [
        # One matrix product of 2x3 and 3x4, whose axes all differ.
        ("ij, jk -> ik", ((2, 3), (3, 4)), ["product_equation_sum", "product_matrix", "product_unweighted"]),
        # The sum over b is of the first input alone: no product of matrices.
        ("ab, a -> a", ((2, 3), (2,)), ["product_equation_sum", "product_sums"]),
        ("a, ab, bc -> c", ((2,), (2, 3), (3, 4)), ["product_equation_sum", "product_sums"]),
        ("a, b -> ab", ((2,), (3,)), ["product_equation", "product_without_sum"]),
    ],
)
def test_other_products(equation, inputs, expected):
    assert [key for key, _ in said("einsum", *inputs, equation=equation)] == expected
