"""Values as a spec writes them: constants, expressions and lists of both, each with its place.

A template is made once, with every name it uses checked against what is known at its place,
and evaluated as often as its block is expanded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as NamesToValues
from typing import NamedTuple, TypeAlias

from cnncalc import expressions
from cnncalc.expressions import Expression, ExpressionError, Value, describe
from cnncalc.problem import Problem, Span, did_you_mean
from cnncalc.shapes import AXIS_NAMES, Shape
from cnncalc.source import Node, Scalar, Sequence, kind

TENSOR_NAMES = frozenset({"in_shape", "in_channels", "in_width", "in_height", "in_depth"})

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")


class Faulty(Exception):  # noqa: N818 - it carries a problem; it is not one more kind of error
    """A value that cannot be had, with the problem to report."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Constant(NamedTuple):
    """A value that is known as it stands."""

    value: Value
    span: Span

    @property
    def uses_tensor(self) -> bool:
        return False

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        return self.value


class Computed(NamedTuple):
    """An expression. `words` are keywords of settings that it uses as values, such as `same`."""

    expression: Expression
    span: Span
    text_column: int
    words: tuple[str, ...]
    uses_tensor: bool

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        """The value. Raises Faulty where it cannot be computed."""
        if self.words:
            names = {**names, **{word: word for word in self.words}}
        try:
            return self.expression.evaluate(names)
        except ExpressionError as error:
            span = self.span._replace(column=self.text_column + error.offset)
            raise Faulty(Problem(span, error.message, error.hint)) from None


class Listed(NamedTuple):
    """A list of templates."""

    items: tuple[Template, ...]
    span: Span

    @property
    def uses_tensor(self) -> bool:
        return any(item.uses_tensor for item in self.items)

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        return tuple(item.evaluate(names) for item in self.items)


Template: TypeAlias = Constant | Computed | Listed


class NameTemplate(NamedTuple):
    """A name with `{expressions}` in it, as text and templates in turn."""

    parts: tuple[str | Computed, ...]
    span: Span

    @property
    def constant(self) -> str | None:
        """The name, where nothing in it is computed."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None

    @property
    def uses_tensor(self) -> bool:
        return any(part.uses_tensor for part in self.parts if not isinstance(part, str))

    def evaluate(self, names: NamesToValues[str, Value]) -> str:
        """The name. Raises Faulty where a part is no number or word."""
        texts = []
        for part in self.parts:
            value = part if isinstance(part, str) else part.evaluate(names)
            if value is None or isinstance(value, bool | tuple):
                raise Faulty(Problem(self.span, f"a name takes numbers and words, not {describe(value)}"))
            texts.append(value if isinstance(value, str) else expressions.decimal(value))
        return "".join(texts)


def is_constant(template: Template) -> bool:
    """Whether the value is known before any block is expanded."""
    if isinstance(template, Listed):
        return all(map(is_constant, template.items))
    return isinstance(template, Constant)


def tensor_values(shape: Shape) -> dict[str, Value]:
    """What expressions may ask of the incoming tensor."""
    values: dict[str, Value] = {"in_shape": tuple(shape), "in_channels": shape.channels}
    for axis, size in zip(AXIS_NAMES.get(shape.rank, ()), shape.spatial, strict=False):
        values[f"in_{axis}"] = size
    return values


class TemplateReader:
    """Makes templates; what is wrong goes to `problems`, and None comes back.

    `known` names are those of the place; `words` are the keywords of all settings, asked for
    only when a name is not known.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def template(self, node: Node, known: frozenset[str], keywords: tuple[str, ...] = ()) -> Template | None:
        """A template for a setting's value; `keywords` of the setting come before any expression."""
        if isinstance(node, Scalar):
            if node.is_null:
                return Constant(None, node.span)
            if node.text in keywords:
                return Constant(node.text, node.span)
            if INTEGER.match(node.text):
                return Constant(int(node.text), node.span)
            return self.expression(node.text, node.span, known, quoted=not node.plain)
        if isinstance(node, Sequence):
            items = [self.template(item, known, keywords) for item in node.items]
            complete = tuple(item for item in items if item is not None)
            return Listed(complete, node.span) if len(complete) == len(items) else None
        self.problems.append(Problem(node.span, f"a value is expected here, not {kind(node)}"))
        return None

    def expression(
        self, text: str, span: Span, known: frozenset[str], *, quoted: bool = False, skip: int = 0
    ) -> Template | None:
        """A template of an expression's text, which stands `skip` characters after the span."""
        column = span.column + (1 if quoted else 0) + skip
        try:
            parsed = expressions.parse(text)
            if not parsed.names:
                # Without names nothing can change: computed once, and what is wrong shows at once.
                return Constant(parsed.evaluate({}), span)
        except ExpressionError as error:
            where = span._replace(column=column + error.offset)
            self.problems.append(Problem(where, error.message, error.hint))
            return None
        words = []
        for name, offset in parsed.names:
            if name in known or name in TENSOR_NAMES:
                continue
            if name in all_words():
                words.append(name)
                continue
            where = span._replace(column=column + offset)
            self.problems.append(Problem(where, f"{name!r} is not defined here", self._names_hint(name, known)))
            return None
        uses_tensor = any(name in TENSOR_NAMES for name, _ in parsed.names)
        return Computed(parsed, span, column, tuple(words), uses_tensor)

    def name(self, node: Node, known: frozenset[str], what: str) -> NameTemplate | None:
        """A template of a name, which may hold `{expressions}`."""
        if not isinstance(node, Scalar) or node.is_null:
            self.problems.append(Problem(node.span, f"{what} is a name, not {kind(node)}"))
            return None
        parts: list[str | Computed] = []
        position = 0
        column = 0 if node.plain else 1
        for match in re.finditer(r"\{([^{}]*)\}", node.text):
            if match.start() > position:
                parts.append(node.text[position : match.start()])
            template = self.expression(match.group(1), node.span, known, skip=column + match.start(1))
            if template is None:
                return None
            if isinstance(template, Constant):
                parts.append(describe(template.value))
            elif isinstance(template, Computed):
                parts.append(template)
            position = match.end()
        if position < len(node.text):
            parts.append(node.text[position:])
        texts = "".join(part for part in parts if isinstance(part, str))
        wrong = re.search(r"[^\w./+-]", texts)
        if wrong or not parts:
            shown = f"the character {wrong.group()!r}" if wrong else "nothing"
            message = f"{what} holds {shown}"
            self.problems.append(Problem(node.span, message, "names are of letters, digits and _ - + / and ."))
            return None
        return NameTemplate(tuple(parts), node.span)

    @staticmethod
    def _names_hint(name: str, known: frozenset[str]) -> str:
        near = did_you_mean(name, known | TENSOR_NAMES)
        if near:
            return near
        if name == "index":
            return "index exists in an item with repeat or for; a block takes it as an argument"
        if not known:
            return "no names are defined here; variables: defines some"
        return f"the names here are {', '.join(sorted(known))}"


def all_words() -> frozenset[str]:
    """The keywords of all settings: loading every layer type is put off until a name is not known."""
    from cnncalc import layers

    return layers.all_keywords()
