"""Python source: identifiers, literals, expressions, docstrings and statements in the layout of ruff and Black.

Names and texts of a spec are untrusted: they reach the source only as identifiers of `IdentifierTable`, as literals of
`write_value`, and as text of `write_docstring`.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

from cnncalc.analyses.totals import totals
from cnncalc.errors import SpecError, listed
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.syntax.expressions import (
    BINDING,
    NEGATION,
    Arithmetic,
    Call,
    ComparisonChain,
    Conditional,
    ExpressionError,
    Index,
    ListOf,
    ListSlice,
    Literal,
    Logic,
    Name,
    Not,
    Signed,
    Tree,
    Value,
    parse,
)
from cnncalc.text import is_hidden

WIDTH = 100
INDENT = "    "
# Names that generated code must not hide, and those that linters find ambiguous.
RESERVED = frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "l", "O", "I"))
LONGEST_NAME = 60

# How tightly parts of an expression bind: an operand that binds less gets brackets.
TERNARY, ATOM = 1, 11
POWER = BINDING["**"]


# --- identifiers --------------------------------------------------------------------------------


class IdentifierTable:
    """Identifiers of one scope, each used once. `reserved` are taken from the start."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self.taken = {*RESERVED, *reserved}

    def take(self, name: str, otherwise: str = "value") -> str:
        """A free identifier like `name`: itself, or with a number. Before a digit, `otherwise` comes first."""
        return self.reserve(as_identifier(name, otherwise))

    def take_class(self, name: str, otherwise: str = "Block") -> str:
        """A free name of a class, such as `InvertedResidual` for inverted_residual."""
        identifier = as_class_name(name, otherwise)
        candidate, number = identifier, 1
        while candidate in self.taken:
            number += 1
            candidate = f"{identifier}{number}"
        self.taken.add(candidate)
        return candidate

    def reserve(self, identifier: str) -> str:
        """The identifier, or the first of name_2, name_3, ... that is free; a reserved word gets an underscore."""
        candidate = f"{identifier}_" if identifier in RESERVED else identifier
        number = 1
        while candidate in self.taken:
            number += 1
            candidate = f"{identifier}_{number}"
        self.taken.add(candidate)
        return candidate


def as_identifier(name: str, otherwise: str = "value") -> str:
    """A valid identifier like `name`; 3x3 is preceded by `otherwise`: conv3x3."""
    # Python compares identifiers in this form, in which several signs that look alike are one.
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"\W+", "_", text).strip("_")[:LONGEST_NAME]
    if text[:1].isdigit():
        text = f"{otherwise}{text}" if otherwise[-1:].isalpha() else f"{otherwise}_{text}"
    if not text or not text.isidentifier():
        text = "".join(character for character in text if f"_{character}".isidentifier()) or otherwise
        text = text if text.isidentifier() else f"{otherwise}_{text}"
    return text


def as_class_name(name: str, otherwise: str = "Block") -> str:
    """A name in CapWords: InvertedResidual for inverted_residual, ResNet50 for ResNet-50."""
    words = re.split(r"[\W_]+", unicodedata.normalize("NFKC", name))
    text = "".join(word[:1].upper() + word[1:] for word in words)[:LONGEST_NAME]
    return as_identifier(text, otherwise)


# --- literals and expressions -------------------------------------------------------------------


class SourceText(str):
    """A value that is source already, such as the name of a class."""

    __slots__ = ()


def write_value(value: Value) -> str:
    """A value as a literal; fractions as decimals, lists as tuples."""
    if isinstance(value, tuple):
        return f"({', '.join(map(write_value, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, SourceText):
        return str(value)
    if isinstance(value, str):
        return write_text(value)
    if isinstance(value, Fraction):
        digits = repr(float(value))
        # 1e-05 is exact where 1/3 is not; a quotient is.
        return digits if Fraction(digits) == value else f"{value.numerator} / {value.denominator}"
    return repr(value)


def write_text(text: str) -> str:
    """A text as a literal of ASCII characters, in double quotes where possible."""
    literal = ascii(str(text))
    return literal if '"' in literal or "'" in literal[1:-1] else f'"{literal[1:-1]}"'


class WrittenExpression(Record):
    """The source of an expression, and how tightly it binds."""

    text: str
    binding: int = ATOM

    def at_least(self, binding: int) -> str:
        """The source, in brackets if it binds less than `binding`."""
        return self.text if self.binding >= binding else f"({self.text})"


def write_expression(tree: Tree, names: Callable[[str], str | WrittenExpression], calls: Functions = {}) -> str:  # noqa: B006
    """The Python source of an expression of a spec; `names` gives that of each name.

    `calls` writes functions that Python does not have, from the sources of their arguments: `make_divisible`, `shape`.
    """
    return ExpressionWriter(names, calls).write(tree).text


Functions = Mapping[str, Callable[[list[str]], str]]


class ExpressionWriter:
    """Writes the nodes of an expression; subclasses may write some of them otherwise."""

    def __init__(self, names: Callable[[str], str | WrittenExpression], calls: Functions) -> None:
        self.names = names
        self.calls = calls

    def write(self, tree: Tree) -> WrittenExpression:
        if isinstance(tree, Literal):
            return _written_literal(tree.value)
        if isinstance(tree, Name):
            written = self.names(tree.name)
            return written if isinstance(written, WrittenExpression) else WrittenExpression(written)
        if isinstance(tree, ListOf):
            items = [self.write(item).text for item in tree.items]
            return WrittenExpression(f"({', '.join(items)}{',' if len(items) == 1 else ''})")
        if isinstance(tree, Signed):
            return WrittenExpression(f"{tree.sign}{self.write(tree.operand).at_least(NEGATION)}", NEGATION)
        if isinstance(tree, Not):
            return WrittenExpression(f"not {self.write(tree.operand).at_least(BINDING['not'])}", BINDING["not"])
        if isinstance(tree, Arithmetic):
            return self._arithmetic(tree)
        if isinstance(tree, Logic):
            return self._binary(tree.operator, tree.left, tree.right, BINDING[tree.operator])
        if isinstance(tree, ComparisonChain):
            return self._comparison(tree)
        if isinstance(tree, Conditional):
            parts = self.write(tree.then).at_least(TERNARY + 1), self.write(tree.condition).at_least(TERNARY + 1)
            return WrittenExpression(f"{parts[0]} if {parts[1]} else {self.write(tree.otherwise).text}", TERNARY)
        if isinstance(tree, Index):
            return WrittenExpression(f"{self.write(tree.operand).at_least(ATOM)}[{self.write(tree.place).text}]")
        if isinstance(tree, ListSlice):
            start, stop = ("" if bound is None else self.write(bound).text for bound in (tree.start, tree.stop))
            return WrittenExpression(f"{self.write(tree.operand).at_least(ATOM)}[{start}:{stop}]")
        if isinstance(tree, Call):
            return self._call(tree)
        raise TypeError(f"unknown node {tree!r}")

    def _arithmetic(self, tree: Arithmetic) -> WrittenExpression:
        binding = BINDING[tree.operator]
        if tree.operator == "**":
            return join_power(self.write(tree.left).at_least(ATOM), self.write(tree.right).at_least(NEGATION))
        return self._binary(tree.operator, tree.left, tree.right, binding)

    def _binary(self, operator: str, left: Tree, right: Tree, binding: int) -> WrittenExpression:
        return join_operands(operator, self.write(left), self.write(right), binding)

    def _comparison(self, tree: ComparisonChain) -> WrittenExpression:
        binding = BINDING["<"]
        text = self.write(tree.first).at_least(binding + 1)
        for operator, operand, _ in tree.rest:
            text += f" {operator} {self.write(operand).at_least(binding + 1)}"
        return WrittenExpression(text, binding)

    def _call(self, tree: Call) -> WrittenExpression:
        arguments = [self.write(argument).text for argument in tree.arguments]
        if tree.function in self.calls:
            return WrittenExpression(self.calls[tree.function](arguments))
        if tree.function in ("ceil", "floor"):
            operand = self.write(tree.arguments[0])
            whole = f"{operand.at_least(BINDING['*'])} // 1"
            if tree.function == "floor":
                return WrittenExpression(f"int({whole})")
            return WrittenExpression(f"-int(-{operand.at_least(NEGATION)} // 1)", NEGATION)
        return WrittenExpression(f"{tree.function}({', '.join(arguments)})")


def _written_literal(value: Value) -> WrittenExpression:
    text = write_value(value)
    if " / " in text and not isinstance(value, str | tuple):
        return WrittenExpression(text, BINDING["/"])
    return WrittenExpression(text, NEGATION if text.startswith("-") else ATOM)


def join_operands(operator: str, left: WrittenExpression, right: WrittenExpression, binding: int) -> WrittenExpression:
    """Two operands of a left-associative operator that binds as given."""
    return WrittenExpression(f"{left.at_least(binding)} {operator} {right.at_least(binding + 1)}", binding)


def join_power(base: str, exponent: str) -> WrittenExpression:
    """A power, without spaces if both sides are simple."""
    is_simple = all(re.fullmatch(r"-?[\w.\0{}]+", side) for side in (base, exponent))
    return WrittenExpression(f"{base}**{exponent}" if is_simple else f"{base} ** {exponent}", POWER)


MAKE_DIVISIBLE = '''\
def make_divisible(value: float, divisor: int, least: int | None = None) -> int:
    """The multiple of `divisor` nearest to `value`, but never more than a tenth below it."""
    rounded = max(least or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
'''


# The functions of expressions of numbers alone.
FOLDED = "int|round|max|min|make_divisible|math.ceil|math.floor"


def fold(written: WrittenExpression) -> WrittenExpression:
    """An expression of numbers alone as its value."""
    if re.fullmatch(rf"(?:[0-9 +*()/.,-]|{FOLDED}){{3,60}}", written.text):
        try:
            value = parse(written.text.replace("math.", "")).evaluate({})
        except (ExpressionError, SpecError):
            return written
        if type(value) is int:
            return _written_literal(value)
    return written


# --- docstrings and comments --------------------------------------------------------------------


def clean_text(text: str) -> str:
    """Untrusted text on one line, without characters that are invisible or change the direction of writing."""
    return " ".join("".join(" " if is_hidden(character) else character for character in text).split())


def describe_network(network: LayerGraph) -> tuple[str, ...]:
    """The paragraphs of a network's docstring: its name, its source, and its totals."""
    total = totals(network)
    inputs = [str(shape) if len(network.inputs) == 1 else f"{name} {shape}" for name, shape in network.inputs]
    buffers = f", {total.buffers:,} buffers" if total.buffers else ""
    figures = f"Input {listed(inputs)}; {total.params:,} parameters{buffers}, {total.macs:,} MACs."
    return (f"{network.name}.", network.source, figures)


def write_docstring(paragraphs: Iterable[str], indent: str = "", width: int = WIDTH) -> Iterator[str]:
    """The lines of a docstring, wrapped, whose paragraphs are untrusted texts."""
    texts = [clean_text(paragraph) for paragraph in paragraphs]
    texts = [text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for text in texts if text]
    if not texts:
        return
    first = texts[0][:-1] + '\\"' if texts[0].endswith('"') else texts[0]
    if len(texts) == 1 and len(indent) + len(first) + 6 <= width:
        # Black moves a leading quote away from the opening ones.
        yield f'{indent}"""{" " if first.startswith(chr(34)) else ""}{first}"""'
        return
    import textwrap

    wrap = textwrap.TextWrapper(width - len(indent), break_long_words=False, break_on_hyphens=False)
    opening = f'{indent}"""{" " if texts[0].startswith(chr(34)) else ""}'
    for number, text in enumerate(texts):
        if number:
            yield ""
        lines = wrap.wrap(f"{'...' if not number else ''}{text}")
        for place, line in enumerate(lines):
            yield f"{opening}{line[3:]}" if not number and not place else f"{indent}{line}"
    yield f'{indent}"""'


# --- layout -------------------------------------------------------------------------------------


class _Brackets(Record):
    """The outermost brackets of a line that are to be split: the places of the opening and closing one."""

    opening: int
    closing: int


def layout(statement: str, indent: str = "", width: int = WIDTH) -> Iterator[str]:
    """The lines of a statement in the layout of ruff and Black: one if it fits, else split at its last brackets."""
    if len(indent) + len(statement) <= width:
        yield indent + statement
        return
    found = _last_brackets(statement, width - len(indent))
    if found is None:
        yield from _layout_operators(statement, indent, width)
        return
    head, body, tail = statement[: found.opening + 1], statement[found.opening + 1 : found.closing], ""
    tail = statement[found.closing :]
    body = body.removesuffix(",") if not head.endswith("(") or len(split_outside(body, ",")) > 2 else body
    items = [item.strip() for item in split_outside(body, ",") if item.strip()]
    if _has_word(body, "for"):
        items = [body.strip()]
    inner = indent + INDENT
    yield indent + head
    is_tuple_of_one = body.endswith(",") and len(items) == 1
    generator = any(_has_word(item, "for") for item in items)
    is_display = head[-1] in "[{(" and not re.search(r"[\w\])]$", head[:-1]) and not generator and len(items) > 1
    if len(inner) + len(body) <= width and not is_tuple_of_one and not is_display:
        yield inner + body
    elif len(items) == 1 and (generator or not _takes_trailing_comma(head)):
        yield from _layout_operators_inside(items[0], inner, width)
    else:
        for item in items:
            yield from _layout_item(item, inner, width)
    yield indent + tail


def _layout_item(item: str, indent: str, width: int) -> Iterator[str]:
    """An item of brackets with a comma behind it."""
    if len(indent) + len(item) < width or _last_brackets(item, width - len(indent)) is not None:
        yield from layout(f"{item},", indent, width)
        return
    lines = list(_layout_operators_inside(item, indent, width))
    yield from lines[:-1]
    yield f"{lines[-1]},"


def _takes_trailing_comma(head: str) -> bool:
    """Whether brackets after this text are those of a call, list or signature, not of a subexpression."""
    return head[-1] != "(" or bool(re.search(r"[\w\])]\($", head))


def _layout_operators_inside(text: str, indent: str, width: int) -> Iterator[str]:
    """An expression inside brackets that does not fit on a line: split before its weakest operators."""
    if len(indent) + len(text) <= width:
        yield indent + text
        return
    for operators in ((" for ", " if ", " else "), (" or ",), (" and ",), (" + ", " - "), (" * ", " // ", " / ")):
        parts = _split_before(text, operators)
        if len(parts) > 1:
            for part in parts:
                yield from layout(part, indent, width)
            return
    yield from layout(text, indent, width)


def _layout_operators(statement: str, indent: str, width: int) -> Iterator[str]:
    """A statement without brackets to split: its right side in brackets."""
    found = re.match(r"((?:[\w.]+ = )|return )(.*)", statement)
    if found is None or not re.search(r" (?:[-+*/]|//|if|or|and) ", statement):
        yield indent + statement
        return
    yield f"{indent}{found.group(1)}("
    yield from _layout_operators_inside(found.group(2), indent + INDENT, width)
    yield f"{indent})"


def _last_brackets(statement: str, width: int) -> _Brackets | None:
    """The last brackets of a statement at its outermost level, unless operators stand beside them.

    Of calls in a chain, the last one before which the line fits.
    """
    pairs = [pair for pair in _outer_brackets(statement) if pair.closing - pair.opening > 1]
    if not pairs:
        return None
    last = pairs.pop()
    while pairs and last.opening >= width and pairs[-1].closing + 1 == last.opening:
        last = pairs.pop()
    begin = statement.find(" = ") + 3 if _outside(statement, " = ") else 0
    outside = statement[begin : last.opening] + statement[last.closing + 1 :]
    if " -> " not in outside and re.search(r" (?:[-+*/]|//|\*\*|if|else|or|and) ", _without_brackets(outside)):
        return None
    return last


def _outer_brackets(text: str) -> list[_Brackets]:
    pairs: list[_Brackets] = []
    opened: list[int] = []
    for place, character in _code_characters(text):
        if character in "([{":
            opened.append(place)
        elif character in ")]}" and opened:
            start = opened.pop()
            if not opened:
                pairs.append(_Brackets(start, place))
    return pairs


def _code_characters(text: str) -> Iterator[tuple[int, str]]:
    """The characters of a line outside literals of text, with their places."""
    quote = ""
    escaped = False
    for place, character in enumerate(text):
        if quote:
            if not escaped and character == quote:
                quote = ""
            escaped = character == "\\" and not escaped
        elif character in "\"'":
            quote = character
        else:
            yield place, character


def split_outside(text: str, separator: str) -> list[str]:
    """A text split at a character outside brackets and literals."""
    parts, depth, start = [], 0, 0
    for place, character in _code_characters(text):
        depth += (character in "([{") - (character in ")]}")
        if character == separator and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _split_before(text: str, operators: tuple[str, ...]) -> list[str]:
    """A text split before operators outside brackets and literals."""
    parts, depth, start = [], 0, 0
    for place, character in _code_characters(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and character == " " and place > start and text.startswith(operators, place):
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _without_brackets(text: str) -> str:
    """A text without what is inside brackets and literals."""
    depth, kept = 0, []
    for _, character in _code_characters(text):
        depth -= character in ")]}"
        if depth == 0:
            kept.append(character)
        depth += character in "([{"
    return "".join(kept)


def _outside(text: str, part: str) -> bool:
    return part in _without_brackets(text)


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"\b{word}\b", _without_brackets(text)) is not None
