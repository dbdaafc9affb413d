"""Shapes and what is said of them; the windows are tested with the layers."""

from __future__ import annotations

import re

import pytest

from cnncalc.errors import RuleError
from cnncalc.layers.shapes import (
    DTYPES,
    DigitWindow,
    Shape,
    SlidingWindow,
    SpreadWindow,
    axis_names,
    largest_divisor,
    quotient,
    round_up,
    slide_all,
    stride_between,
    times,
)


def test_a_feature_map() -> None:
    shape = Shape((64, 56, 28))
    assert (shape.channels, shape.spatial, shape.rank) == (64, (56, 28), 2)
    assert (shape.positions, shape.elements) == (56 * 28, 64 * 56 * 28)
    assert (str(shape), shape.described) == ("64x56x28", "a 64x56x28 feature map")
    assert shape == (64, 56, 28)


def test_a_vector() -> None:
    shape = Shape((4096,))
    assert (shape.channels, shape.spatial, shape.rank) == (4096, (), 0)
    assert (shape.positions, shape.elements) == (1, 4096)
    assert (str(shape), shape.described) == ("4096", "a vector of 4096")


def test_axis_names() -> None:
    assert axis_names(1) == ("width",)
    assert axis_names(2) == ("height", "width")
    assert axis_names(3) == ("depth", "height", "width")
    assert axis_names(4) == ("axis 1", "axis 2", "axis 3", "axis 4"), "as the settings count them: axis 0, the channels"


def test_times() -> None:
    assert times((3, 224, 224)) == "3x224x224"


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_type_of_numbers_has_its_bits_in_its_name(dtype: str) -> None:
    (bits,) = re.findall("[0-9]+", dtype)
    assert 8 * DTYPES[dtype] == int(bits)


def test_quotient() -> None:
    assert quotient(12, 4) == 3
    with pytest.raises(ValueError, match="5 does not divide 12"):
        quotient(12, 5)


def test_a_multiple_is_rounded_up_to_itself() -> None:
    assert [round_up(number, 4) for number in (1, 4, 5, 12)] == [4, 4, 8, 12]


@pytest.mark.parametrize(
    ("size", "smaller", "stride"),
    [
        (56, 28, 2),
        (55, 28, 2),  # 28 strides of 2 begin within 55 positions
        (2048, 512, 4),
        (7, 1, 7),
        (7, 7, 1),
        (5, 4, None),  # stride 1 leaves 5, stride 2 leaves 3
        (4, 5, None),
    ],
)
def test_the_stride_between_two_sizes(size: int, smaller: int, stride: int | None) -> None:
    assert stride_between(size, smaller) == stride


def test_the_search_for_a_divisor_is_bounded() -> None:
    """The divisors of three times a prime are 1, 3, the prime and itself."""
    prime = 1_000_003
    assert largest_divisor(3 * prime, prime + 99_999) == prime, "the last of 100,000 numbers"
    assert largest_divisor(3 * prime, prime + 100_000) == 1


@pytest.mark.parametrize(
    ("windows", "sizes", "expected"),
    [
        ([SlidingWindow(3), SlidingWindow(5)], (7, 8), (5, 4)),
        ([SlidingWindow(3, 2, 1, 1)], (7,), (4,)),
        ([], (), ()),
    ],
)
def test_sizes(windows: list[SlidingWindow], sizes: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert slide_all(tuple(windows), Shape((1, *sizes))) == expected


@pytest.mark.parametrize(
    ("window", "sizes", "message", "hint"),
    [
        (SlidingWindow(7), (5, 5), "kernel 7 does not fit the 5x5 input", "use padding 1 or a kernel of at most 5"),
        (
            SlidingWindow(9, 1, 1, 1),
            (5, 5),
            "kernel 9 does not fit the 5x5 input with padding 1",
            "use padding 2 or a kernel of at most 7",
        ),
        (
            SlidingWindow(9, 1, 0, 1),
            (5, 5),
            "kernel 9 does not fit the 5x5 input with padding 0 before and 1 after",
            "use padding 2 or a kernel of at most 6",
        ),
        (
            SlidingWindow(3, 1, 0, 0, 4),
            (5, 5),
            "kernel 3, dilated to 9, does not fit the 5x5 input",
            "use padding 2 or a kernel of at most 2",
        ),
        (
            SlidingWindow(9, 1, 1, 0),
            (5, 5),
            "kernel 9 does not fit the 5x5 input with padding 1 before and 0 after",
            "use padding 2 or a kernel of at most 6",
        ),
        (
            SlidingWindow(4, 1, 0, 0, 2),
            (5, 5),
            "kernel 4, dilated to 7, does not fit the 5x5 input",
            "use padding 1 or a kernel of at most 3",
        ),
        (SlidingWindow(7), (5,), "kernel 7 does not fit the 5 input", "use padding 1 or a kernel of at most 5"),
        # The axis to blame is the second: the kernel fits the first three times.
        (SlidingWindow(7), (9, 5), "kernel 7 does not fit the 9x5 input", "use padding 1 or a kernel of at most 5"),
    ],
)
def test_a_kernel_that_does_not_fit(window: SlidingWindow, sizes: tuple[int, ...], message: str, hint: str) -> None:
    with pytest.raises(RuleError) as caught:
        slide_all((window,) * len(sizes), Shape((1, *sizes)))
    assert (caught.value.message, caught.value.setting, caught.value.hint) == (message, "kernel", hint)
    # What the hint says would do, does.
    padding, kernel = (int(word) for word in hint.split() if word.isdigit())
    padded = window._replace(before=padding, after=padding)
    assert slide_all((padded,) * len(sizes), Shape((1, *sizes)))
    assert slide_all((window._replace(kernel=kernel),) * len(sizes), Shape((1, *sizes)))


def test_there_is_a_window_for_each_axis() -> None:
    with pytest.raises(ValueError, match="zip"):
        slide_all((SlidingWindow(3),), Shape((1, 5, 5)))


def test_a_spread_window_as_it_is_unless_told() -> None:
    """Each of 5 inputs spreads its 3 taps, one place apart: places 0 to 6, the first of input 0 alone."""
    window = SpreadWindow(3)
    assert window.slide(5) == 7
    assert [list(window.reads(position, 5)) for position in (0, 2, 6)] == [[-2, -1, 0], [0, 1, 2], [4, 5, 6]]


def test_huge_kernels_are_answered_at_once() -> None:
    window = SpreadWindow(2**62, 3, dilation=2)
    reads = window.reads(0, 8)
    # Output 0 is reached by the taps 0, 3, 6, ...: from the inputs 0, -2, -4, ...
    assert (reads[-1], reads.step, reads.start) == (0, 2, -2 * ((2**62 - 1) // 3))


def test_rows_and_columns_as_one_axis() -> None:
    """A map of 2 x 3: position 4 is row 1, column 1; outputs in the next row have the same column."""
    rows, columns = DigitWindow(6, below=3), DigitWindow(6, below=1)
    assert [rows.reads(position, 2)[0] for position in range(6)] == [0, 0, 0, 1, 1, 1]
    assert [columns.reads(position, 3)[0] for position in range(6)] == [0, 1, 2, 0, 1, 2]
    assert (rows.pace(2), columns.pace(3)) == ((1, 3), (0, 3))
