"""Which positions kernels read and which outputs read padding alone, held to looking at every tap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cnncalc.rules._reading import _read
from cnncalc.rules.padding_beyond_kernel import _inside
from cnncalc.shapes import SlidingWindow

WINDOWS = st.builds(
    SlidingWindow,
    st.integers(1, 5),
    st.integers(1, 6),
    st.integers(-3, 9),
    st.integers(-3, 9),
    st.integers(1, 9),
    st.booleans(),
)


def taps(window: SlidingWindow, size: int) -> list[set[int]]:
    """The positions of the input that each output reads."""
    outputs = range(window.slide(size))
    return [{at for at in window.reads(position, size) if 0 <= at < size} for position in outputs]


@given(WINDOWS, st.integers(1, 12))
def test_the_positions_that_a_kernel_reads(window: SlidingWindow, size: int) -> None:
    combs = _read(window, size)
    read = [rest + quotient * window.stride for rest, first, last in combs for quotient in range(first, last + 1)]
    assert len(read) == len(set(read))
    assert set(read) == set().union(*taps(window, size))


@given(WINDOWS, WINDOWS, st.integers(1, 12))
def test_equal_positions_are_told_equally(one: SlidingWindow, other: SlidingWindow, size: int) -> None:
    other = other._replace(stride=one.stride)
    same = set().union(*taps(one, size)) == set().union(*taps(other, size))
    assert (_read(one, size) == _read(other, size)) == same


@given(WINDOWS, st.integers(1, 12))
def test_outputs_that_read_the_input(window: SlidingWindow, size: int) -> None:
    assert _inside(window, size) == sum(map(bool, taps(window, size)))
