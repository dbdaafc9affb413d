"""Values in a spec: constants, expressions and lists of both, each with its place.

A template is read once, which checks its names, and evaluated in each expansion.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator
from collections.abc import Mapping as NamesToValues
from typing import TypeAlias

from cnncalc import layers, limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, enumerated, listed, quoted
from cnncalc.layers.shapes import AXIS_NAMES, Shape
from cnncalc.limits import Problems
from cnncalc.record import Record
from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import (
    UNKNOWN,
    ChainedNames,
    Expression,
    ExpressionError,
    UnknownValue,
    Value,
    bounded_list,
    decimal,
    describe,
)
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind

TENSOR_NAMES = frozenset({"in_shape", "in_channels", "in_width", "in_height", "in_depth"})

# What expressions ask about tensors other than the incoming one.
SHAPE = "shape"

NOTHINGS = frozenset({"none", "null", "nil", "nan", "undefined"})
TRUTHS = {"yes": "true", "on": "true", "no": "false", "off": "false"}

WORD = r"[^\W\d]\w*(?:\.\w+)*"
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")


class EvaluationError(Exception):
    """A template cannot be evaluated; carries the problem to report."""

    def __init__(self, span: Span | None, message: str, hint: str = "") -> None:
        self.problem = Problem(span, message, hint)
        super().__init__(str(self.problem))


class Constant(Record):
    """A value that needs no names."""

    value: Value
    span: Span

    @property
    def uses_tensor(self) -> bool:
        return False

    @property
    def uses_shapes(self) -> bool:
        return False

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        return self.value


class Computed(Record):
    """An expression. `words` are the words that stand for themselves in it, such as `same` or `relu`.

    `text_column` is the column of its first character, None if the text differs from that in the file.
    `uses_tensor`: it uses names of the incoming tensor. `uses_shapes`: it asks for the shapes of named tensors.
    """

    expression: Expression
    span: Span
    text_column: int | None
    words: tuple[str, ...]
    uses_tensor: bool
    uses_shapes: bool = False

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        """The value. Raises EvaluationError if it cannot be computed."""
        if self.words:
            names = ChainedNames({word: word for word in self.words}, names)
        try:
            return self.expression.evaluate(names)
        except ExpressionError as error:
            hint = error.hint or _tensor_hint(self.expression, error, names)
            raise EvaluationError(self.span.within(self.text_column, error.offset), error.message, hint) from None
        except SpecError as error:
            # Report the expression at which the work limit was reached.
            raise SpecError(problem._replace(span=self.span) for problem in error.problems) from None


class Listed(Record):
    """A list of templates, at least one of them computed."""

    items: tuple[Template, ...]
    span: Span

    @property
    def uses_tensor(self) -> bool:
        return any(item.uses_tensor for item in self.items)

    @property
    def uses_shapes(self) -> bool:
        return any(item.uses_shapes for item in self.items)

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        values = tuple(item.evaluate(names) for item in self.items)
        try:
            return bounded_list(values, 0)
        except ExpressionError as error:
            raise EvaluationError(self.span, error.message, error.hint) from None


class ChosenType(str):
    """A layer type or block with arguments, as a value; its text is what a spec would write.

    `arguments` are its values by name, or by position from 0, each with its place.
    """

    __slots__ = ("arguments", "word")

    word: str
    arguments: NamesToValues[str | int, Constant]

    @classmethod
    def of(cls, word: str, arguments: NamesToValues[str | int, Constant]) -> ChosenType:
        """The value of a type with arguments. Raises ExpressionError if its text is too long.

        One that holds another twice, which holds a third twice, would soon be longer than memory.
        """
        length, most = sum(_measure(argument.value) for argument in arguments.values()), limits.current().text
        limits.spend(length // limits.Cost.PER_CHARACTER)
        if length > most:
            message = f"{word} and its arguments are longer than {most:,} characters"
            raise ExpressionError(message, 0, limits.raised("text"))
        written = {key: _write_value(argument.value) for key, argument in arguments.items()}
        named = [f"{key}: {text}" for key, text in written.items() if isinstance(key, str)]
        inner = f"{{{', '.join(named)}}}" if named else f"[{', '.join(written.values())}]"
        chosen = cls(f"{{{word}: {inner}}}")
        chosen.word = word
        chosen.arguments = arguments
        return chosen


def _measure(value: Value) -> int:
    """About the length of a value in full."""
    if isinstance(value, tuple):
        return sum(_measure(item) + 2 for item in value)
    return len(value) if isinstance(value, str) else 5 if value is None else len(str(value))


def _write_value(value: Value) -> str:
    """A value in full, unlike `describe`: equal texts are equal values."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_write_value, value))}]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


class TypeWithArguments(Record):
    """A layer type or block with arguments, by name or by position, in place of a value: `act: {leaky_relu: 0.1}`."""

    word: str
    arguments: dict[str | int, Template]
    span: Span

    @property
    def uses_tensor(self) -> bool:
        return any(argument.uses_tensor for argument in self.arguments.values())

    @property
    def uses_shapes(self) -> bool:
        return any(argument.uses_shapes for argument in self.arguments.values())

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        """The type as a value. Raises what its arguments raise."""
        values = {key: Constant(item.evaluate(names), item.span) for key, item in self.arguments.items()}
        if any(argument.value is UNKNOWN for argument in values.values()):
            raise UnknownValue
        try:
            bounded_list(tuple(argument.value for argument in values.values()), 0)
            return ChosenType.of(self.word, values)
        except ExpressionError as error:
            raise EvaluationError(self.span, error.message, error.hint) from None


class FilledText(Record):
    """A text with numbers to fill in, `{expressions}`, that a layer type reads: texts and templates in turn."""

    parts: tuple[str | Computed, ...]
    span: Span

    @property
    def uses_tensor(self) -> bool:
        return any(part.uses_tensor for part in self.parts if not isinstance(part, str))

    @property
    def uses_shapes(self) -> bool:
        return any(part.uses_shapes for part in self.parts if not isinstance(part, str))

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        """The text with its numbers in parentheses. Raises EvaluationError for what is no number."""
        return "".join([part if isinstance(part, str) else self._number(part.evaluate(names)) for part in self.parts])

    def _number(self, value: Value) -> str:
        if value is None or isinstance(value, bool | str | tuple):
            raise EvaluationError(self.span, f"a text takes numbers in braces, not {describe(value)}")
        return f"({decimal(value)})"


Template: TypeAlias = Constant | Computed | Listed | TypeWithArguments | FilledText


def names_used_in(record: object) -> Iterator[str]:
    """The names that all expressions in a record use."""
    waiting = [record]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Computed | Expression):
            expression = part.expression if isinstance(part, Computed) else part
            yield from (name for name, _ in expression.names)
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, tuple):
            waiting += part


class NameTemplate(Record):
    """A name with `{expressions}`, as texts and templates in turn.

    `value` is the name of a value that it may also be: `from: level` in a loop over names of layers.
    """

    parts: tuple[str | Computed, ...]
    span: Span
    value: Computed | None = None

    @property
    def constant(self) -> str | None:
        """The name if no part of it is computed, else None."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None

    @property
    def uses_tensor(self) -> bool:
        return any(part.uses_tensor for part in self.parts if not isinstance(part, str))

    @property
    def uses_shapes(self) -> bool:
        return any(part.uses_shapes for part in self.parts if not isinstance(part, str))

    def names_among(self, names: frozenset[str]) -> list[str]:
        """The names among `names` that its expressions use."""
        return [name for name in dict.fromkeys(names_used_in((self.parts, self.value))) if name in names]

    def evaluate(self, names: NamesToValues[str, Value]) -> str:
        """The name. Raises EvaluationError if a part is not a number or word."""
        texts = []
        for part in self.parts:
            value = part if isinstance(part, str) else part.evaluate(names)
            if not _is_name_part(value):
                raise EvaluationError(self.span, f"a name takes whole numbers and words, not {describe(value)}")
            texts.append(str(value))
        name = "".join(texts)
        most = limits.current().name
        if len(name) > most:
            raise EvaluationError(self.span, f"the name is longer than {most} characters", limits.raised("name"))
        return name

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts between the computed parts, with a dot before the first and after the last."""
        texts = [""]
        for part in self.parts:
            if isinstance(part, str):
                texts[-1] += part
            else:
                texts.append("")
        texts[0] = f".{texts[0]}"
        texts[-1] = f"{texts[-1]}."
        return tuple(texts)

    def may_be(self, name: str) -> bool:
        """Whether it can become a name or whole parts of it: `a.{index}` can become `a.1` in `stem.a.1.conv`.

        A computed part matches any text.
        """
        return contains_in_order(self.texts, f".{name}.")


def contains_in_order(texts: Iterable[str], whole: str) -> bool:
    """Whether `whole` contains the texts, each after the one before.

    Uses the first match of each text, so that the time is linear in `whole`, unlike with a regular expression.
    """
    place = 0
    for text in texts:
        found = whole.find(text, place)
        if found < 0:
            return False
        place = found + len(text)
    return True


def _tensor_hint(expression: Expression, error: ExpressionError, names: NamesToValues[str, Value]) -> str:
    """Why a name of the input tensor has no value, such as the height of a vector."""
    name = next((name for name, offset in expression.names if offset == error.offset), "")
    if name not in TENSOR_NAMES:
        return ""
    try:
        shape = names["in_shape"]
    except KeyError:
        return ""
    return f"the input is {Shape(shape).described}"  # type: ignore[arg-type]


def list_arguments(node: Node | None) -> dict[str | int, Node]:
    """The arguments below a type: by name, by position from 0, or a single one."""
    if isinstance(node, Mapping):
        return {name.text: value for name, value in node.entries}
    if node is None or node.is_null:
        return {}
    return dict(enumerate(node.items if isinstance(node, Sequence) else (node,)))


def _suggest_type(name: str) -> str:
    """What to write for a word that is nearly a layer type, or one of another framework."""
    from cnncalc.layers import foreign

    meant = foreign.find_types(name)
    if meant:
        return f"write {listed([kind.name for kind in meant], 'or')}"
    return did_you_mean(name, layers.all_types(), cutoff=0.75)


def _is_name_part(value: Value) -> bool:
    if isinstance(value, str):
        return re.search(r"[^\w./+-]", value) is None
    return isinstance(value, int) and not isinstance(value, bool)


def tensor_values(shape: Shape) -> dict[str, Value]:
    """The names of the input tensor with their values."""
    values: dict[str, Value] = {"in_shape": tuple(shape), "in_channels": shape.channels}
    for axis, size in zip(AXIS_NAMES.get(shape.rank, ()), shape.spatial, strict=False):
        values[f"in_{axis}"] = size
    return values


class TemplateReader(Record):
    """Reads templates at one place of a spec. Reports what is wrong to `problems`, and returns None for it.

    `known` are the names of the place; those of the input tensor are added unless `tensor` is false.
    `elsewhere` says of names that exist in another place what to do. `words` stand for themselves: layer types,
    blocks, and layers above. `shape_uses` collects the places that ask for the shape of a tensor.
    """

    problems: Problems
    known: Collection[str]
    tensor: bool = True
    elsewhere: NamesToValues[str, str] = {}
    words: Container[str] = ()
    shape_uses: list[Span] = []  # noqa: RUF012 - each spec is read with a list of its own

    @property
    def without_tensor(self) -> TemplateReader:
        return self._replace(tensor=False)

    def template(self, node: Node, keywords: tuple[str, ...] = (), *, words: bool = False) -> Template | None:
        """Read a value; the `keywords` of a setting are words before they are expressions.

        With `words`, one of the reader's words may be the value, alone or as a type with arguments.
        """
        if isinstance(node, Scalar):
            if node.is_null:
                return Constant(None, node.span)
            if node.text in keywords:
                return Constant(node.text, node.span)
            if INTEGER.match(node.text) and abs(integer := int(node.text)) <= limits.current().number:
                return Constant(integer, node.span)
            if words and self._is_word(node.text):
                return Constant(node.text, node.span)
            return self.expression(node.text, node.span, node.text_column, keywords, words=words)
        if isinstance(node, Sequence):
            items = [self.template(item, keywords, words=words) for item in node.items]
            complete = tuple(item for item in items if item is not None)
            if len(complete) < len(items):
                return None
            if all(isinstance(item, Constant) for item in complete):
                return Constant(tuple(item.evaluate({}) for item in complete), node.span)
            return Listed(complete, node.span)
        if words and isinstance(node, Mapping) and len(node.entries) == 1 and self._is_word(node.entries[0][0].text):
            return self._type_with_arguments(*node.entries[0])
        self.problems.report(node.span, f"expected a value, got {kind(node)}")
        return None

    def _is_word(self, text: str) -> bool:
        """Whether a text is a word, maybe with dots, that stands for itself here."""
        return text not in self.known and re.fullmatch(WORD, text) is not None and text in self.words

    def _type_with_arguments(self, key: Scalar, node: Node) -> Template | None:
        """Read a type whose arguments are given by name, by position, or as a single value."""
        read = {name: self.template(value, words=True) for name, value in list_arguments(node).items()}
        given = {name: template for name, template in read.items() if template is not None}
        return TypeWithArguments(key.text, given, key.span) if len(given) == len(read) else None

    def expression(
        self, text: str, span: Span, column: int | None, keywords: tuple[str, ...] = (), *, words: bool = False
    ) -> Constant | Computed | None:
        """Read an expression whose text begins in `column`, None if that is unknown."""
        try:
            parsed = expressions.parse(text, (SHAPE,))
            if parsed.calls and not self.tensor:
                hint = "it is known in layers and blocks, not here"
                place = span.within(column, parsed.calls[0][1])
                self.problems.report(place, "shape() asks for a tensor, and here is none", hint)
                return None
            if not parsed.names and not parsed.calls:
                # Without names the value is constant: it is computed once, and its problems are reported here.
                return Constant(parsed.evaluate({}), span)
        except ExpressionError as error:
            self.problems.report(span.within(column, error.offset), error.message, error.hint)
            return None
        except SpecError as error:
            raise SpecError(problem._replace(span=span) for problem in error.problems) from None
        kept = []
        uses_tensor = False
        undefined: dict[str, int] = {}
        # A setting takes none of the reader's words for a value: alone, one is a slip.
        is_slip = not words and len(parsed.names) == 1 and parsed.text.strip() == parsed.names[0][0]
        for name, offset in parsed.names:
            if name in self.known:
                continue
            if self.tensor and name in TENSOR_NAMES:
                uses_tensor = True
            # Loads every layer type, which takes time, so only for an unknown name.
            elif (not is_slip and name in self.words) or name in layers.all_keywords():
                kept.append(name)
            else:
                undefined.setdefault(name, offset)
        for name, offset in undefined.items():
            in_shape = re.search(rf"\b{SHAPE}\s*\(\s*$", text[:offset]) is not None
            hint = self._suggest_name(name, keywords, words=words, in_shape=in_shape)
            self.problems.report(span.within(column, offset), f"{quoted(name)} is not defined here", hint)
        if parsed.calls:
            self.shape_uses.append(span)
        return None if undefined else Computed(parsed, span, column, tuple(kept), uses_tensor, bool(parsed.calls))

    def text(self, node: Scalar) -> Constant | FilledText | None:
        """Read a text that a layer type understands, which may hold `{expressions}` for numbers."""
        parts: list[str | Computed] = []
        position = 0
        for match in re.finditer(r"\{([^{}]*)\}", node.text):
            start = None if node.text_column is None else node.text_column + match.start(1)
            template = self.expression(match.group(1), node.span, start)
            if template is None:
                return None
            parts.append(node.text[position : match.start()])
            # A constant is an expression of the text itself.
            parts.append(template if isinstance(template, Computed) else f"({match.group(1)})")
            position = match.end()
        parts.append(node.text[position:])
        if all(isinstance(part, str) for part in parts):
            return Constant("".join(map(str, parts)), node.span)
        return FilledText(tuple(parts), node.span)

    def name(self, node: Node, what: str) -> NameTemplate | None:
        """Read a name, which may hold `{expressions}`."""
        if not isinstance(node, Scalar) or node.is_null:
            self.problems.report(node.span, f"{what} takes a word, not {kind(node)}")
            return None
        bounds = limits.current()
        too_long = f"{what} is longer than {bounds.name} characters", limits.raised("name")
        if len(node.text) > max(bounds.name, bounds.expression):
            self.problems.report(node.span, *too_long)
            return None
        parts = self._name_parts(node)
        if parts is None:
            return None
        text = "".join(part for part in parts if isinstance(part, str))
        if wrong := re.search(r"[^\w./+-]", text):
            place = node.span.within(node.text_column if len(parts) == 1 else None, wrong.start())
            hint = "use letters, digits and _ - + / and ."
            self.problems.report(place, f"a name cannot contain the character {wrong.group()!r}", hint)
        elif not node.text:
            self.problems.report(node.span, f"{what} is empty")
        elif len(text) > bounds.name:
            self.problems.report(node.span, *too_long)
        else:
            computed = any(isinstance(part, Computed) for part in parts)
            return NameTemplate(tuple(part for part in parts if part) if computed else (text,), node.span)
        return None

    def _name_parts(self, node: Scalar) -> list[str | Computed] | None:
        """The alternating texts and values of a name."""
        parts: list[str | Computed] = []
        position = 0
        for match in re.finditer(r"\{([^{}]*)\}", node.text):
            start = None if node.text_column is None else node.text_column + match.start(1)
            template = self.expression(match.group(1), node.span, start)
            if template is None:
                return None
            parts.append(node.text[position : match.start()])
            if isinstance(template, Constant) and not _is_name_part(template.value):
                message = f"a name takes whole numbers and words, not {describe(template.value)}"
                self.problems.report(node.span.within(start, 0), message)
                return None
            parts.append(str(template.value) if isinstance(template, Constant) else template)
            position = match.end()
        return [*parts, node.text[position:]]

    def _suggest_name(self, name: str, keywords: tuple[str, ...], *, words: bool, in_shape: bool) -> str:
        """What to write instead of a name that is not defined, which may stand in a call of `shape`."""
        if in_shape:
            return f"no layer above is called so; a tensor that from hands in needs quotes: {SHAPE}('{name}')"
        if name in self.elsewhere:
            return self.elsewhere[name]
        if name in TENSOR_NAMES:
            return "write a number: only layers and blocks have an input tensor"
        if name.lower() in TRUTHS:
            return f"write {TRUTHS[name.lower()]}"
        if name.lower() in NOTHINGS:
            return "remove it, or write 0 or false"
        if name == "index":
            return "use index in an item with repeat or for, or pass it to the block as an argument"
        # in_width is not a misspelling of width: tensor names are suggested only if they are very close.
        near = did_you_mean(name, {*self.known, *keywords}) or did_you_mean(
            name, TENSOR_NAMES if self.tensor else (), cutoff=0.8
        )
        if near:
            return near
        if words and (meant := _suggest_type(name)):
            return meant
        if layers.find(name):
            return f"write it as a separate item, `- {name}`"
        if keywords:
            return f"use one of {enumerated((*keywords, *sorted(self.known)))}"
        if not self.known:
            return "define it under variables:"
        return f"the names defined here are {enumerated(sorted(self.known))}"
