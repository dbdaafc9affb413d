"""Values that newcomers write in another way than a spec does, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cnncalc.errors import LONGEST_QUOTE
from cnncalc.layers.shapes import Shape, with_channels_first
from cnncalc.syntax import source
from cnncalc.syntax.source import Mapping, Node, Scalar

# Texts, not patterns: to compile them takes longer than to read a spec that has no slip.
SIZES = r"[\s(\[（]*[0-9]{1,9}(?:[\sxX×*,，、;]+[0-9]{1,9}){1,5}[\s)\]）]*"
AXIS_WORDS = (("channels", "c"), ("depth", "d"), ("height", "h"), ("width", "w"))
NAMED = r"(?:^|,)\s*[^\W\d]\w*\s*=(?!=)"


def read_sizes(text: str) -> Shape | None:
    """The sizes that a text such as `224x224x3` or `(3, 32, 32)` lists, channels first; None for other texts."""
    if not re.fullmatch(SIZES, text):
        return None
    shape = Shape(map(int, re.findall(r"[0-9]+", text)))
    return with_channels_first(shape) or shape


def join_sizes(node: Mapping) -> str:
    """The list to write for sizes axis by axis, `{channels: 3, height: 32, width: 32}`; nothing for other mappings."""
    sizes = {key.text.casefold(): value.text for key, value in node.entries if isinstance(value, Scalar)}
    parts = [sizes[word] for words in AXIS_WORDS for word in words if word in sizes]
    complete = len(parts) == len(node.entries) and any(word in sizes for word in AXIS_WORDS[0])
    written = f"[{', '.join(parts)}]"
    return written if complete and written.isprintable() and len(written) <= LONGEST_QUOTE else ""


def complete_shape(texts: Sequence[str], own: Node) -> Shape | None:
    """The shape that was meant in place of a spec's `own`, by one with its channels last or without them; else None."""
    sizes = [item.text for item in own.items if isinstance(item, Scalar)] if isinstance(own, source.Sequence) else []
    if not sizes or not all(re.fullmatch(r"\s*[1-9][0-9]{0,8}\s*", text) for text in (*texts, sizes[0])):
        return None
    shape, channels, rank = Shape(map(int, texts)), int(sizes[0]), len(sizes) - 1
    if shape.channels == channels:
        return None
    if len(shape) in (1, rank) and rank:
        return Shape((channels, *(shape if len(shape) == rank else shape * rank)))
    meant = with_channels_first(shape)
    return meant if meant is not None and meant.channels == channels else None


def list_braced_values(node: Mapping) -> str:
    """The list to write for numbers in braces, `{64, 3}`; nothing for other mappings."""
    numbers = [name.text for name, value in node.entries if isinstance(value, Scalar) and value.is_null]
    plain = all(re.fullmatch("[0-9]{1,9}", number) for number in numbers)
    return f"[{', '.join(numbers)}]" if numbers and plain and len(numbers) == len(node.entries) else ""


def is_braced_name(node: Node) -> bool:
    """Whether a value is a name in braces, `{width}`, which YAML takes for a mapping."""
    values = [value for _, value in node.entries] if isinstance(node, Mapping) else []
    return len(values) == 1 and isinstance(values[0], Scalar) and values[0].is_null


def names_an_argument(node: Node) -> bool:
    """Whether a value of a list is written like an argument by name: `s=2`, or `s: 2`."""
    if isinstance(node, Scalar):
        return "=" in node.text and bool(re.search(NAMED, node.text))
    return isinstance(node, Mapping)


def list_texts(node: Node) -> list[str]:
    """The values that a node holds, as a call in Python writes them."""
    if isinstance(node, Scalar):
        return node.text.split(",")
    if isinstance(node, Mapping):
        return [f"{name.text}={value.text if isinstance(value, Scalar) else '...'}" for name, value in node.entries]
    return ["[...]"]


def write_mapping(texts: Iterable[str], names: Iterable[str]) -> str:
    """Arguments by position and by name, as the mapping that a spec writes."""
    left = iter(names)
    parts = []
    for text in texts:
        name, equals, value = text.partition("=")
        parts.append(f"{name.strip()}: {value.strip()}" if equals else f"{next(left, '...')}: {text.strip()}")
    mapping = f"{{{', '.join(parts)}}}"
    return mapping if mapping.isprintable() and len(mapping) <= LONGEST_QUOTE else "{name: value, ...}"
