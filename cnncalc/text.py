"""How numbers and untrusted texts are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from cnncalc.record import Record

# The unit of quantities that are bytes; others are counted.
BYTES = "B"
BINARY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
# Characters of a row of texts that people read; where the widest cell sets a column's width, a table would else
# take that of the longest row, times its lines.
LONGEST_ROW = 200
# What begins a command where a CI system reads the log: `::error::` at the start of a line (GitHub; a line may be
# broken anywhere), `##[error]`, `##vso[...]` and `##teamcity[...]` wherever they stand.
COMMAND = re.compile(r"::(?=[A-Za-z])|##(?=[A-Za-z]*\[)")


class Share(Record):
    """A part of a whole; nothing of nothing is no share."""

    part: int
    whole: int


def integer(number: int) -> str:
    """A whole number with its thousands set off: 138,357,544."""
    return f"{number:,}"


def several(words: Sequence[str], comma: str = ", ", cut: str = "{words}, ... ({count} in all)") -> str:
    """Texts in a row; of a long row the first ones and their count: a, b, ... (30,000 in all)."""
    length = 0
    for number, word in enumerate(words):
        length += len(word) + 2
        if length > LONGEST_ROW and number:
            return cut.format(words=comma.join(words[:number]), count=integer(len(words)))
    return comma.join(words)


def exact(number: int | Fraction) -> str:
    """A number with its fraction: 15.5 for a half, 8/3 for another."""
    if number.denominator == 1:
        return integer(number.numerator)
    if number.denominator == 2:
        return f"{'-' if number < 0 else ''}{integer(abs(number.numerator) >> 1)}.5"
    return f"{number.numerator}/{number.denominator}"


def decimals(number: Fraction, digits: int = 2) -> str:
    """A number to so many digits after the point, rounded half up; zeros at the end are left out."""
    scale = 10**digits
    scaled = int(number * scale + Fraction(1, 2))
    whole, rest = divmod(scaled, scale)
    fraction = f"{rest:0{digits}}".rstrip("0") if rest else ""
    return f"{integer(whole)}.{fraction}" if fraction else integer(whole)


def percent(share: Share) -> str:
    """A share to a tenth of a per cent, rounded half up: 74.3; what is there but rounds to nothing is <0.1."""
    if not share.whole:
        return ""
    tenths = (2000 * share.part + share.whole) // (2 * share.whole)
    if share.part and not tenths:
        return "<0.1"
    return f"{tenths // 10}.{tenths % 10}"


def size(number: int) -> str:
    """Bytes in binary units, to a tenth: 527.8 MiB."""
    unit = 0
    scale = 1
    while number >= 1024 * scale and unit < len(BINARY_UNITS) - 1:
        scale *= 1024
        unit += 1
    if unit == 0:
        return f"{number} B"
    tenths = (20 * number + scale) // (2 * scale)
    return f"{tenths // 10:,}.{tenths % 10} {BINARY_UNITS[unit]}"


def alike(axes: list[str]) -> str:
    """What is said of each axis: once where it is the same for all, else 5 x 7."""
    return axes[0] if len(set(axes)) == 1 else " x ".join(axes)


def coordinates(axes: list[str]) -> str:
    """A position: one number where it is the same along all axes, else (1, 0)."""
    return axes[0] if len(set(axes)) == 1 else f"({', '.join(axes)})"


def plain(text: str) -> str:
    """Text from a file as one line that a terminal, a log and their readers take for text.

    Control characters, line ends and what turns the direction of writing are made visible, and so is the second
    sign of what a CI system would take for a command. All other formats write text that has gone through here.
    """
    if not text.isprintable():
        text = "".join(f"\\x{ord(character):02x}" if is_hidden(character) else character for character in text)
    if "::" in text or "##" in text:
        text = COMMAND.sub(lambda found: f"{found.group()[0]}\\x{ord(found.group()[1]):02x}", text)
    return text


def is_hidden(character: str) -> bool:
    """Whether a character acts on the others instead of being seen: controls, formats, surrogates, line ends."""
    import unicodedata

    category = unicodedata.category(character)
    return category[0] == "C" or category in ("Zl", "Zp")


def number(value: object) -> object:
    """A decoded setting as JSON has it: fractions as decimals, tuples as lists."""
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, tuple):
        return [number(item) for item in value]
    return value
