"""What is worked out at once, so that nothing takes for ever, is what trying one after another gives."""

from __future__ import annotations

import re
from itertools import product

from cnncalc.analyses.explanation import _fit
from cnncalc.patterns import named
from cnncalc.report.field_plot import _count
from cnncalc.rules.padding_beyond_kernel import _is_inside
from cnncalc.shapes import SlidingWindow


def test_patterns_name_what_the_regular_expression_does() -> None:
    names = ["".join(signs) for length in range(6) for signs in product("ab.", repeat=length)]
    for length in range(5):
        for parts in product(("a", ".", "*", "**", "ab"), repeat=length):
            pattern = "".join(parts)
            words = {"**": ".*", "*": "[^.]*"}
            expression = "".join(words.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*)", pattern))
            assert list(named(names, pattern)) == [name for name in names if re.fullmatch(expression, name)], pattern


def test_taps_inside() -> None:
    for start, step, count, size in product(range(-9, 4), range(1, 5), range(1, 5), range(1, 6)):
        taps = range(start, start + step * (count - 1) + 1, step)
        assert _is_inside(taps, size) == any(0 <= tap < size for tap in taps)


def test_padding_that_lets_the_kernel_end_where_it_does() -> None:
    """Of all paddings smaller than the kernel, alike on both sides, the nearest with which no position is left."""
    for size, kernel, stride, before, after in product(range(3, 9), range(1, 5), range(1, 5), range(3), range(3)):
        window = SlidingWindow(kernel, stride, before, after)
        if window.slide(size) < 1 or window.stride > window.extent:
            continue
        fit = _fit("height", size, window)
        both = before + after
        even = [
            (abs(2 * side - both), side)
            for side in range(kernel)
            if size + 2 * side >= kernel and (size + 2 * side - kernel) % stride == 0
            if abs(2 * side - both) <= stride and (2 * side != both or fit.uneven)
        ]
        if even:
            assert dict(fit.remedies)["padding"] == (min(even)[1],)


def test_positions_in_runs() -> None:
    for first, second in product(product(range(5), range(5)), repeat=2):
        runs = [(low, low + length) for low, length in (first, second)]
        across = range(2, 7)
        assert _count(runs, across) == sum(any(low <= at <= high for low, high in runs) for at in across)
