"""The windows against oracles that walk: positions are laid out one by one, and never divided."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import count, takewhile
from math import prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnncalc.errors import RuleError
from cnncalc.layers import all_types
from cnncalc.layers.shapes import (
    PartitionWindow,
    ResizeWindow,
    Shape,
    SliceWindow,
    SlidingWindow,
    SpreadWindow,
    WholeWindow,
    largest_divisor,
    same_crop,
    same_padding,
)

SIZES = st.integers(1, 30)
KERNELS = st.integers(1, 7)
STRIDES = st.integers(1, 5)
PADDINGS = st.integers(0, 6)
DILATIONS = st.integers(1, 4)


def places(size: int, window: SlidingWindow) -> list[list[int]]:
    """What each whole window covers, by sliding over the written-out positions of the padded input."""
    padded = list(range(-window.before, size + window.after))
    taps = [tap * window.dilation for tap in range(window.kernel)]
    starts = takewhile(lambda start: start + taps[-1] < len(padded), count(0, window.stride))
    return [[padded[start + tap] for tap in taps] for start in starts]


@given(SIZES, KERNELS, STRIDES, PADDINGS, PADDINGS, DILATIONS)
def test_a_sliding_window_goes_through_the_places_where_it_fits(size, kernel, stride, before, after, dilation):
    window = SlidingWindow(kernel, stride, before, after, dilation)
    walked = places(size, window)
    assert window.slide(size) == len(walked)
    assert [list(window.reads(position, size)) for position in range(len(walked))] == walked


@given(SIZES, KERNELS, STRIDES, PADDINGS, PADDINGS, DILATIONS)
def test_rounded_up_one_window_more_may_jut_out(size, kernel, stride, before, after, dilation):
    """One more than fit, if something is left over, and if it starts before the padding after the input."""
    assume(after < dilation * (kernel - 1) + 1)
    total, extent = before + size + after, dilation * (kernel - 1) + 1
    whole = places(size, SlidingWindow(kernel, stride, before, after, dilation))
    next_start = len(whole) * stride
    left_over = total - (next_start - stride + extent) if whole else stride - (extent - total)
    one_more = left_over > 0 and next_start < before + size
    assert SlidingWindow(kernel, stride, before, after, dilation, ceil=True).slide(size) == len(whole) + one_more


@given(SIZES, KERNELS, STRIDES, DILATIONS)
def test_same_padding_leaves_one_window_for_each_stride_begun(size, kernel, stride, dilation):
    before, after = same_padding(size, kernel, stride, dilation)
    walked = places(size, SlidingWindow(kernel, stride, before, after, dilation))
    assert len(walked) == len(range(0, size, stride))
    assert 0 <= after - before <= 1
    if before or after:
        # The least that will do: with one less there is a window less.
        assert len(places(size, SlidingWindow(kernel, stride, before, after - 1, dilation))) < len(walked)


@given(SIZES, KERNELS, STRIDES, PADDINGS, PADDINGS, DILATIONS, st.integers(0, 4))
def test_a_spread_window_reaches_the_outputs_that_inputs_are_spread_over(
    size, kernel, stride, before, after, dilation, output_padding
):
    reached = {}
    for place in range(size):
        for tap in range(kernel):
            reached.setdefault(place * stride + tap * dilation, []).append(place)
    everything = list(range(max(reached) + 1 + output_padding))
    kept = everything[before : max(len(everything) - after, 0)]
    window = SpreadWindow(kernel, stride, before, after, dilation, output_padding)
    assert max(window.slide(size), 0) == len(kept)
    for position, place in enumerate(kept):
        inside = [read for read in window.reads(position, size) if 0 <= read < size]
        assert inside == sorted(reached.get(place, []))


@given(KERNELS, STRIDES, DILATIONS)
def test_the_span_of_a_spread_window_is_the_longest_that_it_reads(kernel, stride, dilation):
    window = SpreadWindow(kernel, stride, 0, 0, dilation)
    reads = [window.reads(position, 100) for position in range(200)]
    span = window.span(100)
    assert span == max(read[-1] - read[0] + 1 for read in reads if read)
    assert isinstance(span, int), "no float, however equal"


@given(SIZES, KERNELS, STRIDES, DILATIONS)
def test_same_crop_gives_stride_outputs_an_input(size, kernel, stride, dilation):
    before, after, added = same_crop(kernel, stride, dilation)
    assert SpreadWindow(kernel, stride, before, after, dilation, added).slide(size) == size * stride
    assert added < max(stride, dilation)
    assert 0 <= after - before <= 1, "the odd one is taken off after"


@given(SIZES, st.integers(1, 40))
def test_a_partition_covers_all_positions_in_parts_of_almost_equal_size(size, outputs):
    window = PartitionWindow(outputs)
    parts = [list(window.reads(position, size)) for position in range(outputs)]
    # Each position is drawn `outputs` long, and each part takes `size` of that line.
    line = [place for place in range(size) for _ in range(outputs)]
    assert parts == [sorted(set(line[number * size : (number + 1) * size])) for number in range(outputs)]
    assert window.covered(size) == sum(map(len, parts))
    assert window.span(size) == max(map(len, parts))


@given(SIZES, st.integers(1, 40))
def test_nearest_reads_the_position_below_the_output(size, outputs):
    line = [place for place in range(size) for _ in range(outputs)]
    window = ResizeWindow(outputs)
    assert [window.reads(position, size)[0] for position in range(outputs)] == line[::size]


@given(SIZES, st.integers(1, 40))
def test_bilinear_reads_the_positions_less_than_one_from_the_centre(size, outputs):
    """Half-pixel centers: the middle of output i, (i + 1/2) of `outputs`, lies at so much of the input's `size`."""
    window = ResizeWindow(outputs, taps=2)
    for position in range(outputs):
        center = Fraction(2 * position + 1, 2) * Fraction(size, outputs) - Fraction(1, 2)
        near = [place for place in range(-2, size + 2) if abs(place - center) < 1]
        assert list(window.reads(position, size)) == near
        assert len(near) <= window.span(size) == 2


@given(SIZES, st.integers(1, 40), st.integers(1, 5), st.integers(1, 5))
def test_a_step_moves_the_middles_of_the_outputs(size, outputs, numerator, denominator):
    """Output i lies at (i + 1/2) steps less 1/2, and mixes what is nearer than one position, or two."""
    for taps in (1, 2, 4):
        window = ResizeWindow(outputs, taps, (numerator, denominator))
        for position in range(outputs):
            step = Fraction(numerator, denominator)
            if taps == 1:
                line = [place for place in range(99 * numerator) for _ in range(denominator)]
                assert list(window.reads(position, size)) == [line[position * numerator]]
                continue
            center = Fraction(2 * position + 1, 2) * step - Fraction(1, 2)
            near = [place for place in range(-9, 300) if abs(place - center) < taps // 2]
            whole = [place for place in near if place == center]
            assert list(window.reads(position, size)) == (whole or near)


@given(st.integers(1, 30), st.integers(2, 40))
def test_aligned_corners_lie_on_each_other(size, outputs):
    window = ResizeWindow(outputs, 2, corners=True)
    assert list(window.reads(0, size)) == [0]
    assert list(window.reads(outputs - 1, size)) == [size - 1]
    for position in range(outputs):
        center = position * Fraction(size - 1, outputs - 1)
        assert list(window.reads(position, size)) == [place for place in range(size) if abs(place - center) < 1]


WINDOWS = st.one_of(
    st.builds(SlidingWindow, KERNELS, STRIDES, PADDINGS, PADDINGS, DILATIONS),
    st.builds(SpreadWindow, KERNELS, STRIDES, PADDINGS, PADDINGS, DILATIONS),
    st.builds(PartitionWindow, st.integers(1, 4)),
    st.builds(
        ResizeWindow,
        st.integers(1, 9),
        st.sampled_from([1, 2, 4]),
        st.none() | st.tuples(st.integers(1, 5), st.integers(1, 5)),
        st.booleans(),
    ),
    st.builds(SliceWindow, PADDINGS, SIZES, STRIDES),
    st.builds(WholeWindow, st.integers(1, 9)),
)


@given(WINDOWS, SIZES)
def test_reads_repeat_at_the_pace_of_the_window(window, size):
    """So many outputs further, so many positions further is read, also outside of the input."""
    further, outputs = window.pace(size)
    assert outputs >= 1
    for position in range(-outputs, 2 * outputs):
        read = [place + further for place in window.reads(position, size)]
        assert list(window.reads(position + outputs, size)) == read


@pytest.mark.parametrize("window", [WholeWindow(), WholeWindow(3), PartitionWindow(1)])
def test_what_reads_all_does_not_move(window):
    assert window.pace(9) == (0, 1)
    assert (list(window.reads(0, 9)), window.span(9)) == (list(range(9)), 9)


@given(SIZES, st.integers(0, 40), st.integers(0, 40), st.integers(1, 5))
def test_a_slice_reads_what_python_slices(size, start, stop, step):
    window = SliceWindow(start, stop, step)
    expected = list(range(size))[start:stop:step]
    assert window.slide(size) == len(expected)
    assert [list(window.reads(position, size)) for position in range(len(expected))] == [[place] for place in expected]
    assert window.span(size) == 1


@given(st.integers(1, 500), st.integers(1, 600))
def test_the_largest_divisor(number, most):
    found = largest_divisor(number, most)
    assert found == max(part for part in range(1, min(most, number) + 1) if number % part == 0)


# --- what is counted, against the places walked -------------------------------------------------


@given(st.tuples(SIZES, SIZES), st.tuples(KERNELS, KERNELS), STRIDES, PADDINGS, st.integers(1, 3))
def test_a_convolution_multiplies_each_weight_once_a_place(sizes, kernel, stride, padding, channels):
    windows = [SlidingWindow(extent, stride, padding, padding) for extent in kernel]
    taps = [len(place) for window, size in zip(windows, sizes, strict=True) for place in places(size, window)]
    walked = [len(places(size, window)) for window, size in zip(windows, sizes, strict=True)]
    assume(min(walked) > 0)
    layer = all_types()["conv"](filters=5, kernel=kernel, stride=stride, padding=padding)
    inputs = (Shape((channels, *sizes)),)
    output = layer.output_shape(inputs)
    assert output == (5, *walked)
    assert set(taps) <= set(kernel)
    one_filter = [1 for _ in range(channels) for _ in range(kernel[0]) for _ in range(kernel[1])]
    macs = layer.operations(inputs, output).multiply_accumulates
    assert macs == sum(one_filter) * sum(1 for _ in range(walked[0]) for _ in range(walked[1])) * 5


@given(st.tuples(SIZES, SIZES), st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_an_adaptive_pool_adds_what_its_parts_hold(sizes, outputs):
    layer = all_types()["adaptive_avg_pool"](size=outputs)
    inputs = (Shape((3, *sizes)),)
    rows, columns = (
        [len(PartitionWindow(count).reads(position, size)) for position in range(count)]
        for count, size in zip(outputs, sizes, strict=True)
    )
    operations = layer.operations(inputs, layer.output_shape(inputs))
    assert operations.adds == 3 * sum(row * column - 1 for row in rows for column in columns)
    assert operations.divides == 3 * prod(outputs)


# --- hints are true -----------------------------------------------------------------------------


def numbers_after(words: str, hint: str) -> list[int]:
    return [int(number) for number in re.findall(rf"{words} (\d+)", hint)]


@given(
    st.sampled_from(["conv", "depthwise_conv", "max_pool", "avg_pool", "subsample"]),
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    st.integers(1, 12),
    STRIDES,
    st.lists(st.integers(0, 3), min_size=4, max_size=4).map(tuple),
    DILATIONS,
    st.sampled_from(["floor", "ceil"]),
)
def test_what_a_message_says_would_fit_does(name, sizes, kernel, stride, padding, dilation, rounding):
    kind = all_types()[name]
    given_settings = {
        "filters": 4,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "rounding": rounding,
    }
    settings = {key: value for key, value in given_settings.items() if key in kind.settings}
    inputs = (Shape((3, *sizes)),)
    error = refusal_of(kind(**settings), inputs)
    assume(error is not None)
    assert error.hint
    for setting, words in (("padding", "padding"), ("padding", "padding of at most"), ("kernel", "kernel of at most")):
        for fitting in numbers_after(words, error.hint):
            # Another fault may come to light, or the same one along the other axis.
            again = refusal_of(kind(**{**settings, setting: fitting}), inputs)
            assert again is None or str(again) != str(error)


def refusal_of(layer, inputs):
    try:
        assert min(layer.output_shape(inputs)) >= 1
    except RuleError as error:
        return error
    return None


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 70))
def test_groups_that_a_message_names_divide_both(channels, filters, groups):
    conv = all_types()["conv"]
    inputs = (Shape((channels, 5, 5)),)
    error = refusal_of(conv(filters=filters, kernel=1, groups=groups), inputs)
    divide = channels % groups == 0 and filters % groups == 0
    assert (error is None) == divide
    if error is not None:
        (fitting,) = numbers_after("groups:", error.hint)
        assert fitting <= groups
        assert conv(filters=filters, kernel=1, groups=fitting).output_shape(inputs) == (filters, 5, 5)
