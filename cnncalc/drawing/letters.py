"""The width of texts, estimated without fonts: never less than that of the usual sans-serif fonts."""

from __future__ import annotations

import unicodedata

FONTS = (
    "Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "Noto Sans", "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", "DejaVu Sans",
)  # fmt: skip
# The advance widths of Helvetica Bold, which Arial shares, in thousandths of the size; regular letters are narrower.
_WIDTHS = {
    238: "'",
    278: " ,./\\Iijl",
    280: "|",
    333: "!()-:;[]`ft",
    389: "*r{}",
    474: '"',
    500: "z",
    556: "#$0123456789J_aceksvxy",
    584: "+<=>^~×",
    611: "?FLTZbdghnopqu",
    667: "EPSVXY",
    722: "&ABCDHKNRU",
    778: "GOQw",
    833: "M",
    889: "%m",
    944: "W",
    975: "@",
    1_000: "…",
}
_OF_LETTER = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_OTHER, _WIDE = 750, 1_000


def text_width(text: str, size: int) -> int:
    """The width of a text in pixels for a font size in pixels; wide characters take a full size."""
    total = 0
    for letter in text:
        width = _OF_LETTER.get(letter)
        if width is None:
            if unicodedata.combining(letter):
                continue
            width = _WIDE if unicodedata.east_asian_width(letter) in "WFA" else _OTHER
        total += width
    return -(-total * size // 1_000)


def shorten(text: str, size: int, room: int) -> str:
    """A text, cut with an ellipsis if it is wider than `room`."""
    if text_width(text, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle] + "…", size) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "…"


def wrap_words(text: str, size: int, room: int, most: int) -> list[str]:
    """The lines of a text in `room`; what does not fit in `most` lines is cut."""
    lines: list[str] = []
    line = ""
    words = text.split()
    for place, word in enumerate(words):
        longer = f"{line} {word}" if line else word
        if not line or text_width(longer, size) <= room:
            line = longer
        elif len(lines) == most - 1:
            line = " ".join([line, *words[place:]])
            break
        else:
            lines.append(line)
            line = word
    return [shorten(one, size, room) for one in [*lines, line] if one]
