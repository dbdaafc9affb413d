"""The values of a block as Python source: over the arguments of its class, or what all its uses have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncalc.exporters.python_code import (
    ExpressionWriter,
    WrittenExpression,
    fold,
    write_value,
)
from cnncalc.layers.contract import LayerType, Shapes
from cnncalc.layers.shapes import AXIS_NAMES, Shape
from cnncalc.network.build.scope import Tensor
from cnncalc.network.build.trace import Step
from cnncalc.spec.records import LayerCall
from cnncalc.spec.templates import (
    SHAPE,
    TENSOR_NAMES,
    Computed,
    Constant,
    EvaluationError,
    FilledText,
    Listed,
    Template,
    TypeWithArguments,
)
from cnncalc.syntax.expressions import (
    BINDING,
    Arithmetic,
    Call,
    Conditional,
    ExpressionError,
    Index,
    ListOf,
    ListSlice,
    Literal,
    Name,
    Signed,
    Tree,
    UnknownValue,
    Value,
    parse,
)

if TYPE_CHECKING:
    from cnncalc.exporters.pytorch.classes import ClassWriter

# One execution of an item: the number of the use of its block, and its step.
Use: TypeAlias = tuple[int, Step]


# An argument that a use of a class does not read.
ANY: Any = object()


class CannotWriteError(Exception):
    """A value has no source over the names of the class."""


class SplitError(Exception):
    """The uses of a block differ by `keys`, so that one class cannot serve them."""

    def __init__(self, keys: dict[int, object]) -> None:
        super().__init__("the uses differ")
        self.keys = keys


class NotChainError(Exception):
    """The passes of a loop cannot be modules of nn.Sequential."""


def split_by(uses: Sequence[Use], keys: Sequence[object]) -> None:
    """Raise SplitError if the uses differ, or NotChainError if passes within one use do."""
    if all(key == keys[0] for key in keys):
        return
    found: dict[int, object] = {}
    for (number, _), key in zip(uses, keys, strict=True):
        if found.setdefault(number, key) != key:
            raise NotChainError
    raise SplitError(found)


SERIALS = count()


class TensorValue:
    """A tensor of `forward`. `channels` is the source of its number of channels, or a function that gives it."""

    def __init__(self, name: str, own_name: str, channels: Channels = None) -> None:
        self.name = name
        self.own_name = own_name
        self._channels = channels
        self.serial = next(SERIALS)

    @property
    def channels(self) -> WrittenExpression | None:
        if callable(self._channels):
            self._channels = self._channels()
        return self._channels

    @property
    def mark(self) -> str:
        """Its place in a text."""
        return f"\0{self.serial}\0"


Channels: TypeAlias = "WrittenExpression | Callable[[], WrittenExpression | None] | None"


class ItemPlace:
    """An item in all its uses, whose values are written as source.

    `names` are the names of loops around it with their sources. `in_forward`: the source is for `forward`.
    """

    def __init__(
        self,
        writer: ClassWriter,
        uses: list[Use],
        inputs: Sequence[TensorValue],
        names: dict[str, WrittenExpression],
        *,
        from_inside: bool = False,
    ) -> None:
        self.writer = writer
        self.uses = uses
        self.inputs = list(inputs)
        self.names = names
        self.from_inside = from_inside
        self.in_forward = False

    # --- evaluation -----------------------------------------------------------------------------

    def tensors(self, number: int = 0) -> list[Tensor | None]:
        """The input tensor in each use."""
        found: list[Tensor | None] = []
        for _, step in self.uses:
            if self.from_inside:
                found.append(step.start)
                continue
            tensors = list(step.inputs.values())
            found.append(tensors[number] if number < len(tensors) else (step.current if not number else None))
        return found

    def evaluate(self, tree: Tree, template: Template) -> list[Value]:
        """The value of a part of a template in each use. Raises CannotWriteError."""
        values = []
        for (_, step), tensor in zip(self.uses, self.tensors(), strict=True):
            scope = (step.inner or step.scope) if self.from_inside else step.scope
            words = {word: word for word in getattr(template, "words", ())}
            try:
                names = scope.names_for(template, tensor)
                values.append(tree.evaluate(names.extended(words) if words else names))
            except (ExpressionError, EvaluationError, UnknownValue, KeyError):
                raise CannotWriteError from None
        return values

    def name_values(self, name: str) -> list[Value]:
        """The value of a name in each use."""
        values = []
        for _, step in self.uses:
            scope = (step.inner or step.scope) if self.from_inside else step.scope
            try:
                values.append(scope.names[name])
            except KeyError:
                raise CannotWriteError from None
        return values

    # --- writing --------------------------------------------------------------------------------

    def write(self, template: Template | None, *, in_forward: bool = False) -> WrittenExpression:
        """The source of a template. Raises CannotWriteError."""
        if isinstance(template, Constant):
            if isinstance(template.value, str) or template.value is None:
                raise CannotWriteError
            return literal(template.value)
        if isinstance(template, Listed):
            items = [self.write(item, in_forward=in_forward).text for item in template.items]
            return WrittenExpression(f"({', '.join(items)}{',' if len(items) == 1 else ''})")
        if template is None or isinstance(template, TypeWithArguments | FilledText):
            raise CannotWriteError
        self.in_forward = in_forward
        try:
            return self._write_tree(template.expression.tree, template)
        finally:
            self.in_forward = False

    def _write_tree(self, tree: Tree, template: Computed) -> WrittenExpression:
        if isinstance(tree, ListOf):
            items = [self._write_tree(item, template).text for item in tree.items]
            return WrittenExpression(f"({', '.join(items)}{',' if len(items) == 1 else ''})")
        writer = _TemplateWriter(self, template)
        written = writer.write(tree)
        if writer.is_inexact and not isinstance(tree, Call):
            values = self.evaluate(tree, template)
            if all(type(value) is int for value in values):
                return WrittenExpression(f"round({written.text})")
        return written

    def items(self, template: Template | None, *, in_forward: bool = False) -> list[str]:
        """The sources of the values of a list. Raises CannotWriteError."""
        if isinstance(template, Constant) and isinstance(template.value, tuple):
            return [write_value(value) for value in template.value]
        if isinstance(template, Listed):
            return [self.write(item, in_forward=in_forward).text for item in template.items]
        if isinstance(template, Computed) and isinstance(template.expression.tree, ListOf):
            self.in_forward = in_forward
            try:
                return [self._write_tree(item, template).text for item in template.expression.tree.items]
            finally:
                self.in_forward = False
        raise CannotWriteError

    def constant(self, values: Sequence[Value], name: str, *, in_forward: bool = False) -> WrittenExpression:
        """The source of values that nothing else gives: a literal, or an argument of the class."""
        known = [value for value in values if value is not ANY]
        if all(same(value, known[0]) for value in known):
            return literal(known[0] if known else 0)
        return self.writer.extra_argument(self, values, name, in_forward=in_forward)

    def channels(self, number: int = 0) -> WrittenExpression:
        """The number of channels of an input."""
        value = self.inputs[number] if number < len(self.inputs) else None
        if value is not None and value.channels is not None:
            return value.channels
        tensors = self.tensors(number)
        if any(tensor is None or tensor.shape is None for tensor in tensors):
            raise CannotWriteError
        counts = [tensor.shape.channels for tensor in tensors]  # type: ignore[union-attr]
        equal = self.writer.equal_argument(self, counts) if len(set(counts)) > 1 else None
        return self.constant(counts, "in_channels") if equal is None else equal

    def size(self, axis: int, name: str) -> WrittenExpression:
        """The size of the input along an axis, from 0, the channels."""
        if self.in_forward and self.inputs:
            return WrittenExpression(f"{self.inputs[0].mark}.shape[{axis + 1}]")
        if axis == 0:
            return self.channels()
        sizes = []
        for tensor in self.tensors():
            if tensor is None or tensor.shape is None or axis >= len(tensor.shape):
                raise CannotWriteError
            sizes.append(tensor.shape[axis])
        return self.constant(sizes, name, in_forward=self.in_forward)

    def name(self, name: str, template: Computed) -> WrittenExpression:
        """The source of a name of an expression."""
        if self.in_forward and in_forward(name) in self.names:
            return self.names[in_forward(name)]
        if name in self.names:
            written = self.names[name]
            if self.in_forward and not re.fullmatch(r"[0-9.()-]+|True|False", written.text):
                # A loop of the constructor.
                raise CannotWriteError
            return written
        if name in TENSOR_NAMES and not self.writer.defines(name, self):
            return self._tensor_name(name, template)
        if name in template.words and not self.writer.defines(name, self):
            return WrittenExpression(write_value(name))
        return self.writer.write_name(name, self, in_forward=self.in_forward)

    def _tensor_name(self, name: str, template: Computed) -> WrittenExpression:
        if name == "in_channels":
            return self.size(0, name)
        if name == "in_shape":
            if self.in_forward and self.inputs:
                return WrittenExpression(f"{self.inputs[0].mark}.shape[1:]")
            return self.constant(self.evaluate(Name(name, 0), template), name, in_forward=self.in_forward)
        tensors = self.tensors()
        ranks = [0 if tensor is None or tensor.shape is None else tensor.shape.rank for tensor in tensors]
        split_by(self.uses, ranks)
        axis_name = name.removeprefix("in_")
        axes = AXIS_NAMES.get(ranks[0], ())
        if axis_name not in axes:
            raise CannotWriteError
        return self.size(1 + list(axes).index(axis_name), axis_name)


class _TemplateWriter(ExpressionWriter):
    """Writes expressions of a spec; `is_inexact` if a part of one is a fraction."""

    def __init__(self, place: ItemPlace, template: Computed) -> None:
        functions = {
            "make_divisible": self._make_divisible,
            "ceil": lambda arguments: f"math.ceil({arguments[0]})",
            "floor": lambda arguments: f"math.floor({arguments[0]})",
        }
        super().__init__(lambda name: place.name(name, template), functions)
        self.place = place
        self.template = template
        self.is_inexact = False

    def _make_divisible(self, arguments: list[str]) -> str:
        return f"{self.place.writer.helper('make_divisible')}({', '.join(arguments)})"

    def write(self, tree: Tree) -> WrittenExpression:
        if isinstance(tree, Index | ListSlice) and self._is_shape(tree.operand):
            return self._part_of_shape(tree)
        if self._is_shape(tree):
            if isinstance(tree, Name):
                return super().write(tree)
            return self._fallback(tree, "shape")
        if isinstance(tree, Literal) and isinstance(tree.value, Fraction):
            self.is_inexact = True
        if isinstance(tree, Name) and tree.name not in TENSOR_NAMES:
            values = self.place.evaluate(tree, self.template)
            self.is_inexact = self.is_inexact or any(isinstance(value, Fraction) for value in values)
        if isinstance(tree, Arithmetic) and tree.operator == "/":
            return self._divide(tree)
        if isinstance(tree, Conditional):
            return self._choose(tree)
        if isinstance(tree, Arithmetic):
            written = fold(super().write(tree))
            if tree.operator == "*" and written.text.endswith(" * 1"):
                return WrittenExpression(written.text.removesuffix(" * 1"), 7)
            return written
        if isinstance(tree, Call) and tree.function in ("round", "int", "len", "make_divisible", "ceil", "floor"):
            before, self.is_inexact = self.is_inexact, False
            written = super().write(tree)
            self.is_inexact = before
            return fold(written)
        return super().write(tree)

    def _divide(self, tree: Arithmetic) -> WrittenExpression:
        """A quotient: rounded down where it is always whole, as Python's `/` gives a float."""
        left, right = (self.place.evaluate(side, self.template) for side in (tree.left, tree.right))
        pairs = list(zip(left, right, strict=True))
        if all(type(one) is int and type(two) is int and one % two == 0 for one, two in pairs):
            return super().write(tree._replace(operator="//"))
        self.is_inexact = True
        return super().write(tree)

    def _choose(self, tree: Conditional) -> WrittenExpression:
        """A choice; one of the values if the condition is one of numbers."""
        condition = self.write(tree.condition).text
        if re.fullmatch(r"[0-9 +*()%<>=!/-]{1,60}", condition):
            return self.write(tree.then if parse(condition).evaluate({}) else tree.otherwise)
        return super().write(tree)

    def _is_shape(self, tree: Tree) -> bool:
        if isinstance(tree, Call):
            return tree.function == SHAPE
        return (
            isinstance(tree, Name) and tree.name == "in_shape" and not self.place.writer.defines(tree.name, self.place)
        )

    def _part_of_shape(self, tree: Index | ListSlice) -> WrittenExpression:
        """One size of a tensor, or some of them."""
        place = self.place
        bounds = (tree.place,) if isinstance(tree, Index) else (tree.start, tree.stop)
        numbers = [_whole(bound) for bound in bounds if bound is not None]
        value = self._named_tensor(tree.operand)
        if place.in_forward and value is not None and None not in numbers:
            # The first axis of a tensor in forward is the batch.
            shifted = [number + 1 if number >= 0 else number for number in numbers]  # type: ignore[operator]
            if isinstance(tree, Index):
                return WrittenExpression(f"{value.mark}.shape[{shifted[0]}]")
            if tree.stop is None:
                return WrittenExpression(f"{value.mark}.shape[{shifted[0] if shifted else 1}:]")
        if isinstance(tree, Index) and numbers == [0] and isinstance(tree.operand, Name):
            return place.channels()
        if isinstance(tree, Index) and numbers == [0] and value is not None and value.channels is not None:
            return value.channels
        return self._fallback(tree, "size")

    def _named_tensor(self, tree: Tree) -> TensorValue | None:
        """The tensor of in_shape or shape('name')."""
        if isinstance(tree, Name):
            return self.place.inputs[0] if self.place.inputs else None
        argument = tree.arguments[0] if isinstance(tree, Call) and len(tree.arguments) == 1 else None
        if isinstance(argument, Literal) and isinstance(argument.value, str):
            return self.place.writer.find_tensor(argument.value, self.place)
        if isinstance(argument, Name):
            return self.place.writer.find_tensor(argument.name, self.place)
        return None

    def _fallback(self, tree: Tree, name: str) -> WrittenExpression:
        values = self.place.evaluate(tree, self.template)
        return self.place.constant(values, name, in_forward=self.place.in_forward)


def in_forward(name: str) -> str:
    """The key of a loop's name for its source in `forward`."""
    return f"{name} in forward"


def _whole(tree: Tree) -> int | None:
    if isinstance(tree, Literal) and type(tree.value) is int:
        return tree.value
    if isinstance(tree, Signed) and tree.sign == "-" and isinstance(tree.operand, Literal):
        return -tree.operand.value if type(tree.operand.value) is int else None
    return None


def literal(value: Value) -> WrittenExpression:
    text = write_value(value)
    if " / " in text and not isinstance(value, tuple | str):
        return WrittenExpression(text, BINDING["/"])
    return WrittenExpression(text, 8 if text.startswith("-") else 11)


def same(one: object, other: object) -> bool:
    """Whether two values are equal and of one type: true is not 1."""
    return type(one) is type(other) and one == other


def substitute(text: str, name: str, written: WrittenExpression) -> str:
    """A text with an expression in place of a name, in brackets unless it stands alone."""
    stands_alone = re.compile(rf"(?<=[(,=] )(?<!\w){name}(?=[,)])|(?<=[(\[]){name}(?=[,)\]])|^{name}$")
    text = stands_alone.sub(lambda _: written.text, text)
    inner = written.text if written.binding >= 11 else f"({written.text})"
    return re.sub(rf"(?<![\w.]){name}\b(?!=)", lambda _: inner, text)


class LayerPlace(ItemPlace):
    """A layer in all its uses: what `layers` reads."""

    def __init__(self, writer: ClassWriter, uses: list[Use], inputs: Sequence[TensorValue], names: Any) -> None:
        super().__init__(writer, uses, inputs, names)
        figures = [step.layer.figures for _, step in uses if step.layer is not None]
        self.types: list[LayerType] = [each.type for each in figures]
        self.input_shapes: list[Shapes] = [each.input_shapes for each in figures]
        self.outputs: list[Shape] = [each.output_shape for each in figures]
        self.frozen = [each.frozen for each in figures]

    def agreed(self, values: Sequence[Any], what: str) -> Any:
        split_by(self.uses, [(type(value), value) for value in values])
        return values[0]

    def _template(self, name: str) -> Template | None:
        """The template of a setting, if it is the same in each use."""
        calls = [call_of(step) for _, step in self.uses]
        templates = [call.arguments.get(name) for call in calls]
        return templates[0] if all(template is templates[0] for template in templates) else None

    def is_computed(self, name: str) -> bool:
        return isinstance(self._template(name), Computed)

    def argument(self, name: str, *, in_forward: bool = False) -> WrittenExpression:
        values = [getattr(kind, name) for kind in self.types]
        template = None if any(isinstance(value, str) for value in values) else self._template(name)
        try:
            return self.write(template, in_forward=in_forward)
        except CannotWriteError:
            return self.constant(values, name, in_forward=in_forward)

    def in_forward_argument(self, name: str) -> WrittenExpression:
        return self.argument(name, in_forward=True)

    def items_in_forward(self, name: str) -> list[str]:
        try:
            return self.items(self._template(name), in_forward=True)
        except CannotWriteError:
            values = [getattr(kind, name) for kind in self.types]
            listed = [value if isinstance(value, tuple) else (value,) for value in values]
            split_by(self.uses, [len(value) for value in listed])
            columns = zip(*listed, strict=True)
            return [self.constant(list(column), name, in_forward=True).text for column in columns]

    def first_item(self, name: str) -> WrittenExpression | None:
        try:
            return WrittenExpression(self.items(self._template(name))[0], 2)
        except (CannotWriteError, IndexError):
            return None

    def constant_in_forward(self, values: Sequence[Value], name: str) -> WrittenExpression:
        return self.constant(values, name, in_forward=True)

    def helper(self, name: str) -> str:
        return self.writer.helper(name)

    def import_line(self, line: str) -> None:
        self.writer.import_line(line)


def call_of(step: Step) -> LayerCall:
    """The call of a layer or join."""
    action = step.action
    return action if isinstance(action, LayerCall) else action.call  # type: ignore[union-attr]
