"""Formatting of numbers and untrusted texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from cnncalc.record import Record

# The unit of quantities in bytes.
BYTES = "B"
BINARY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
# The most characters of a joined text: the widest cell sets the width of a column, and so the size of a table.
LONGEST_ROW = 200
# Commands that CI systems recognize in a log: `::error::` at the start of a line (GitHub; a line may be broken
# anywhere), and `##[error]`, `##vso[...]` and `##teamcity[...]` anywhere.
COMMAND = re.compile(r"::(?=[A-Za-z])|##(?=[A-Za-z]*\[)")


class Share(Record):
    """A part of a whole; if the whole is 0, there is no share."""

    part: int
    whole: int


def integer(number: int) -> str:
    """A whole number with thousands separators: 138,357,544."""
    return f"{number:,}"


def several(words: Sequence[str], comma: str = ", ", cut: str = "{words}, ... ({count} in all)") -> str:
    """Texts separated by commas; if they are too long, the first ones and the count: a, b, ... (30,000 in all)."""
    length = 0
    for number, word in enumerate(words):
        length += len(word) + 2
        if length > LONGEST_ROW and number:
            return cut.format(words=comma.join(words[:number]), count=integer(len(words)))
    return comma.join(words)


def exact(number: int | Fraction) -> str:
    """An exact number: halves as decimals such as 15.5, other fractions such as 8/3."""
    if number.denominator == 1:
        return integer(number.numerator)
    if number.denominator == 2:
        return f"{'-' if number < 0 else ''}{integer(abs(number.numerator) >> 1)}.5"
    return f"{number.numerator}/{number.denominator}"


def decimals(number: Fraction, digits: int = 2) -> str:
    """A number with at most `digits` decimals, rounded half up, without trailing zeros."""
    scale = 10**digits
    scaled = int(number * scale + Fraction(1, 2))
    whole, rest = divmod(scaled, scale)
    fraction = f"{rest:0{digits}}".rstrip("0") if rest else ""
    return f"{integer(whole)}.{fraction}" if fraction else integer(whole)


def percent(share: Share) -> str:
    """A share in percent with one decimal, rounded half up: 74.3; a positive share that rounds to 0 is <0.1."""
    if not share.whole:
        return ""
    tenths = (2000 * share.part + share.whole) // (2 * share.whole)
    if share.part and not tenths:
        return "<0.1"
    return f"{tenths // 10}.{tenths % 10}"


def size(number: int) -> str:
    """Bytes in binary units with one decimal: 527.8 MiB."""
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
    """Texts of the axes: only one if all are equal, else 5 x 7."""
    return axes[0] if len(set(axes)) == 1 else " x ".join(axes)


def coordinates(axes: list[str]) -> str:
    """A position: one number if it is equal along all axes, else (1, 0)."""
    return axes[0] if len(set(axes)) == 1 else f"({', '.join(axes)})"


def plain(text: str) -> str:
    """Untrusted text as one line that is safe in terminals and logs.

    Control characters, line ends and changes of writing direction are escaped, and so is the second character of
    commands of CI systems. All other formats write text that this function has escaped.
    """
    if not text.isprintable():
        text = "".join(f"\\x{ord(character):02x}" if is_hidden(character) else character for character in text)
    if "::" in text or "##" in text:
        text = COMMAND.sub(lambda found: f"{found.group()[0]}\\x{ord(found.group()[1]):02x}", text)
    return text


def is_hidden(character: str) -> bool:
    """Whether a character is invisible: controls, formats, surrogates, line ends."""
    import unicodedata

    category = unicodedata.category(character)
    return category[0] == "C" or category in ("Zl", "Zp")


def number(value: object) -> object:
    """A decoded setting for JSON: fractions as decimals, tuples as lists."""
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, tuple):
        return [number(item) for item in value]
    return value
