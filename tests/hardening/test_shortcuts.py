"""What is worked out at once, so that nothing takes for ever, is what trying one after another gives."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import product
from random import Random

from cnncalc.analyses.fits import _fit
from cnncalc.analyses.receptive_field import Path, Reach, Strand, _axis_field
from cnncalc.checks.rules._reading import _count_read
from cnncalc.checks.rules.padding_beyond_kernel import _inside
from cnncalc.layers.shapes import Shape, SlidingWindow
from cnncalc.reports.field.plot import _count
from cnncalc.syntax.patterns import named


def test_patterns_name_what_the_regular_expression_does() -> None:
    names = ["".join(signs) for length in range(6) for signs in product("ab.", repeat=length)]
    for length in range(5):
        for parts in product(("a", ".", "*", "**", "ab"), repeat=length):
            pattern = "".join(parts)
            words = {"**": ".*", "*": "[^.]*"}
            expression = "".join(words.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*)", pattern))
            assert list(named(names, pattern)) == [name for name in names if re.fullmatch(expression, name)], pattern


def test_outputs_that_read_the_input() -> None:
    sides = product(range(1, 5), range(1, 4), range(-2, 8, 3), range(-2, 8, 3), range(1, 8, 2), range(1, 7))
    for kernel, stride, before, after, dilation, size in sides:
        window = SlidingWindow(kernel, stride, before, after, dilation)
        reads = [window.reads(position, size) for position in range(window.slide(size))]
        assert _inside(window, size) == sum(any(0 <= tap < size for tap in taps) for taps in reads)


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


def test_positions_along_different_axes_go_with_one_another() -> None:
    """Branches that follow different axes: what `_axis_field` tells is what all outputs, one by one, amount to."""
    random = Random(7)
    for _ in range(1_000):
        output = Shape((1, *(random.randint(1, 5) for _ in range(3))))
        strands = tuple(_strand(random) for _ in range(random.randint(2, 4)))
        ends = []
        for place in product(*map(range, output.spatial)):
            found = [one.reach.at(0 if one.axis is None else place[one.axis]) for one in strands]
            known = [end for end in found if end is not None]
            ends += [(min(low for low, _ in known), max(high for _, high in known))] if known else []
        field = _axis_field(strands, output, 9)
        if not ends:
            assert field is None
            continue
        assert field.size == max(high - low + 1 for low, high in ends)
        assert (field.start, field.center) == (ends[0][0], Fraction(sum(ends[0]), 2))


def _strand(random: Random) -> Strand:
    """A rule of one to three outputs, of which some may depend on nothing."""
    lows = [None if random.random() < 0.3 else random.randint(-4, 9) for _ in range(random.randint(1, 3))]
    highs = [None if low is None else low + random.randint(0, 4) for low in lows]
    reach = Reach(tuple(lows), tuple(highs), random.randint(0, 3))
    return Strand(random.choice([None, 0, 1, 2]), reach, Path(None, reach, None), (0, 9))


def test_positions_that_a_kernel_reads_are_counted_by_residues() -> None:
    sides = product(range(1, 5), range(1, 4), range(-2, 8, 3), range(-2, 8, 3), range(1, 8, 2), range(1, 7))
    for kernel, stride, before, after, dilation, size in sides:
        window = SlidingWindow(kernel, stride, before, after, dilation)
        reads = {tap for position in range(window.slide(size)) for tap in window.reads(position, size)}
        assert _count_read(window, size) == len(reads & set(range(size))), (window, size)
