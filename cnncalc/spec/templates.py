"""Values as a spec writes them: constants, expressions and lists of both, each with its place.

A template is made once, with every name it uses checked against what is known at its place,
and evaluated as often as its block is expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as NamesToValues
from typing import NamedTuple, TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, enumerated, quoted
from cnncalc.layers.shapes import AXIS_NAMES, Shape
from cnncalc.reprs import brief
from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import ChainedNames, Expression, ExpressionError, Value, bounded_list, describe
from cnncalc.syntax.source import Node, Scalar, Sequence, kind

TENSOR_NAMES = frozenset({"in_shape", "in_channels", "in_width", "in_height", "in_depth"})

NOTHINGS = frozenset({"none", "null", "nil", "nan", "undefined"})
TRUTHS = {"yes": "true", "on": "true", "no": "false", "off": "false"}

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")


class EvaluationError(Exception):
    """A template cannot be evaluated; carries the problem to report."""

    def __init__(self, span: Span | None, message: str, hint: str = "") -> None:
        self.problem = Problem(span, message, hint)
        super().__init__(str(self.problem))


@brief
class Constant(NamedTuple):
    """A value that is known as it stands."""

    value: Value
    span: Span

    @property
    def uses_tensor(self) -> bool:
        return False

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        return self.value


@brief
class Computed(NamedTuple):
    """An expression. `words` are keywords of settings that it uses as values, such as `same`.

    `text_column` is where its text begins, or None where the file does not hold it as it is read.
    """

    expression: Expression
    span: Span
    text_column: int | None
    words: tuple[str, ...]
    uses_tensor: bool

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        """The value. Raises EvaluationError where it cannot be computed."""
        if self.words:
            names = ChainedNames({word: word for word in self.words}, names)
        try:
            return self.expression.evaluate(names)
        except ExpressionError as error:
            hint = error.hint or _tensor_hint(self.expression, error, names)
            raise EvaluationError(_within(self.span, self.text_column, error.offset), error.message, hint) from None
        except SpecError as error:
            # No work is left: the place is where it ran out.
            raise SpecError(problem._replace(span=self.span) for problem in error.problems) from None


@brief
class Listed(NamedTuple):
    """A list of templates, of which at least one is computed."""

    items: tuple[Template, ...]
    span: Span

    @property
    def uses_tensor(self) -> bool:
        return any(item.uses_tensor for item in self.items)

    def evaluate(self, names: NamesToValues[str, Value]) -> Value:
        values = tuple(item.evaluate(names) for item in self.items)
        try:
            return bounded_list(values, 0)
        except ExpressionError as error:
            raise EvaluationError(self.span, error.message, error.hint) from None


Template: TypeAlias = Constant | Computed | Listed


def names_used_in(record: object) -> Iterator[str]:
    """The names that expressions anywhere in a record use."""
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


@brief
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

    def names_among(self, names: frozenset[str]) -> list[str]:
        """Those of some names that its expressions use."""
        return [name for name in dict.fromkeys(names_used_in(self.parts)) if name in names]

    def evaluate(self, names: NamesToValues[str, Value]) -> str:
        """The name. Raises EvaluationError where a part is no number or word."""
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
        """What stands between the computed parts, and the dots or ends around the whole."""
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
        """Whether it can come to a name, or to whole parts of one: `a.{index}` to the `a.1` of `stem.a.1.conv`.

        What is computed stands for any text.
        """
        return contains_in_order(self.texts, f".{name}.")


def contains_in_order(texts: Iterable[str], whole: str) -> bool:
    """Whether texts stand in another, each behind the one before.

    The first of each is taken, in time that grows with the whole alone, as that of a pattern would not.
    """
    place = 0
    for text in texts:
        found = whole.find(text, place)
        if found < 0:
            return False
        place = found + len(text)
    return True


def _within(span: Span, column: int | None, offset: int) -> Span:
    """The place of a character of an expression; where that cannot be told, the place of the whole."""
    return span if column is None else span._replace(column=column + offset)


def _tensor_hint(expression: Expression, error: ExpressionError, names: NamesToValues[str, Value]) -> str:
    """Why a name of the incoming tensor has no value, such as the height of a vector."""
    name = next((name for name, offset in expression.names if offset == error.offset), "")
    if name not in TENSOR_NAMES:
        return ""
    try:
        shape = names["in_shape"]
    except KeyError:
        return ""
    return f"{Shape(shape).described} comes in"  # type: ignore[arg-type]


def _is_name_part(value: Value) -> bool:
    if isinstance(value, str):
        return re.search(r"[^\w./+-]", value) is None
    return isinstance(value, int) and not isinstance(value, bool)


def tensor_values(shape: Shape) -> dict[str, Value]:
    """What expressions may ask of the incoming tensor."""
    values: dict[str, Value] = {"in_shape": tuple(shape), "in_channels": shape.channels}
    for axis, size in zip(AXIS_NAMES.get(shape.rank, ()), shape.spatial, strict=False):
        values[f"in_{axis}"] = size
    return values


class TemplateReader:
    """Makes templates; what is wrong goes to `problems`, and None comes back.

    `known` names are those of the place, to which those of the incoming tensor come unless
    `tensor` is false. `elsewhere` says of names that exist, but not at this place, where they do.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self.elsewhere: dict[str, str] = {}

    def template(
        self, node: Node, known: frozenset[str], keywords: tuple[str, ...] = (), *, tensor: bool = True
    ) -> Template | None:
        """A template for a setting's value; `keywords` of the setting come before any expression."""
        if isinstance(node, Scalar):
            if node.is_null:
                return Constant(None, node.span)
            if node.text in keywords:
                return Constant(node.text, node.span)
            if INTEGER.match(node.text) and abs(integer := int(node.text)) <= limits.current().number:
                return Constant(integer, node.span)
            return self.expression(node.text, node.span, _text_column(node), known, keywords, tensor=tensor)
        if isinstance(node, Sequence):
            items = [self.template(item, known, keywords, tensor=tensor) for item in node.items]
            complete = tuple(item for item in items if item is not None)
            if len(complete) < len(items):
                return None
            if all(isinstance(item, Constant) for item in complete):
                return Constant(tuple(item.evaluate({}) for item in complete), node.span)
            return Listed(complete, node.span)
        self.problems.append(Problem(node.span, f"a value is expected here, not {kind(node)}"))
        return None

    def expression(
        self,
        text: str,
        span: Span,
        column: int | None,
        known: frozenset[str],
        keywords: tuple[str, ...] = (),
        *,
        tensor: bool = True,
    ) -> Constant | Computed | None:
        """A template of an expression whose text begins in `column`, None where that cannot be told."""
        try:
            parsed = expressions.parse(text)
            if not parsed.names:
                # Without names nothing can change: computed once, and what is wrong shows at once.
                return Constant(parsed.evaluate({}), span)
        except ExpressionError as error:
            self.problems.append(Problem(_within(span, column, error.offset), error.message, error.hint))
            return None
        except SpecError as error:
            raise SpecError(problem._replace(span=span) for problem in error.problems) from None
        words = []
        wrong: dict[str, int] = {}
        for name, offset in parsed.names:
            if name in known or (tensor and name in TENSOR_NAMES):
                continue
            if name in all_words():
                words.append(name)
            else:
                wrong.setdefault(name, offset)
        for name, offset in wrong.items():
            message = f"{quoted(name)} is not defined here"
            self.problems.append(
                Problem(_within(span, column, offset), message, self._hint(name, known, keywords, tensor=tensor))
            )
        if wrong:
            return None
        uses_tensor = any(name in TENSOR_NAMES and name not in known for name, _ in parsed.names)
        return Computed(parsed, span, column, tuple(words), uses_tensor)

    def name(self, node: Node, known: frozenset[str], what: str, *, tensor: bool = True) -> NameTemplate | None:
        """A template of a name, which may hold `{expressions}`."""
        if not isinstance(node, Scalar) or node.is_null:
            self.problems.append(Problem(node.span, f"{what} takes a word, not {kind(node)}"))
            return None
        most = limits.current().name
        if len(node.text) > max(most, limits.current().expression):
            self.problems.append(Problem(node.span, f"{what} is longer than {most} characters", limits.raised("name")))
            return None
        column = _text_column(node)
        parts: list[str | Computed] = []
        position = 0
        for match in re.finditer(r"\{([^{}]*)\}", node.text):
            start = None if column is None else column + match.start(1)
            template = self.expression(match.group(1), node.span, start, known, tensor=tensor)
            if template is None:
                return None
            parts.append(node.text[position : match.start()])
            if isinstance(template, Constant) and not _is_name_part(template.value):
                message = f"a name takes whole numbers and words, not {describe(template.value)}"
                self.problems.append(Problem(_within(node.span, start, 0), message))
                return None
            parts.append(str(template.value) if isinstance(template, Constant) else template)
            position = match.end()
        parts.append(node.text[position:])
        text = "".join(part for part in parts if isinstance(part, str))
        wrong = re.search(r"[^\w./+-]", text)
        if wrong:
            at = _within(node.span, column if len(parts) == 1 else None, wrong.start())
            hint = "names are of letters, digits and _ - + / and ."
            self.problems.append(Problem(at, f"the character {wrong.group()!r} cannot stand in a name", hint))
            return None
        if not node.text:
            self.problems.append(Problem(node.span, f"{what} is empty"))
            return None
        if len(text) > most:
            self.problems.append(Problem(node.span, f"{what} is longer than {most} characters", limits.raised("name")))
            return None
        computed = any(isinstance(part, Computed) for part in parts)
        return NameTemplate(tuple(part for part in parts if part) if computed else (text,), node.span)

    def _hint(self, name: str, known: frozenset[str], keywords: tuple[str, ...], *, tensor: bool) -> str:
        """What to write instead of a name that is not defined."""
        if name in self.elsewhere:
            return self.elsewhere[name]
        if name in TENSOR_NAMES:
            return "a tensor comes into a layer or block only"
        if name.lower() in TRUTHS:
            return f"write {TRUTHS[name.lower()]}"
        if name.lower() in NOTHINGS:
            return "leave it out, or write 0 or false"
        if name == "index":
            return "index exists in an item with repeat or for; a block takes it as an argument"
        # in_width is no slip of width: tensor names are suggested only where they are very near.
        near = did_you_mean(name, known | set(keywords)) or did_you_mean(
            name, TENSOR_NAMES if tensor else (), cutoff=0.8
        )
        if near:
            return near
        if advice := _layer_hint(name):
            return advice
        if keywords:
            return f"the words here are {enumerated((*keywords, *sorted(known)))}"
        if not known:
            return "no names are defined here; variables: defines some"
        return f"the names here are {enumerated(sorted(known))}"


def _layer_hint(name: str) -> str:
    """What to do about a layer's name among the values of another: nothing for other names."""
    from cnncalc import layers

    return f"write it as an item of its own, `- {name}`" if layers.find(name) else ""


def _text_column(node: Scalar) -> int | None:
    """Where the text of a scalar begins, behind the quote if there is one."""
    if not node.literal:
        return None
    return node.span.column + (0 if node.plain else 1)


def all_words() -> frozenset[str]:
    """The keywords of all settings: loading every layer type is put off until a name is not known."""
    from cnncalc import layers

    return layers.all_keywords()
