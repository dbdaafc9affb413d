"""Amounts at the axes of plots, in thousands, millions and so on."""

from __future__ import annotations

UNITS = ("", " k", " M", " G", " T", " P", " E")


def ticks_between(low: float, high: float, widest: int = 2000) -> list[int]:
    """Ticks of a logarithmic axis: 1, 2 and 5 times powers of 10, or only 1 if `high` is over `widest` times `low`."""
    steps = (1, 2, 5) if high <= widest * low else (1,)
    return [step * 10**power for power in range(40) for step in steps if low <= step * 10**power <= high]


def in_units(number: int) -> str:
    """A round number in thousands, millions and so on: 20 M."""
    unit = 0
    while number >= 1000 and number % 1000 == 0 and unit < len(UNITS) - 1:
        number, _ = divmod(number, 1000)
        unit += 1
    return f"{number:,}{UNITS[unit]}"


def approximate(number: int) -> str:
    """A number with three digits in thousands, millions and so on: 25.6 M; rounded half up."""
    unit, scale = 0, 1
    while number >= 1000 * scale and unit < len(UNITS) - 1:
        unit, scale = unit + 1, scale * 1000
    digits = 0 if scale == 1 or number >= 100 * scale else 1 if number >= 10 * scale else 2
    rounded = (2 * number * 10**digits + scale) // (2 * scale)
    if rounded >= 1000 * 10**digits and unit < len(UNITS) - 1:
        return approximate(1000 * scale)
    whole, rest = divmod(rounded, 10**digits)
    return f"{whole:,}{f'.{rest:0{digits}}'.rstrip('0').rstrip('.') if digits else ''}{UNITS[unit]}"
