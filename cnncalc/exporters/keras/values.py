"""The expressions of a spec as Python source of Keras code: shapes of tensors, whole numbers, and types as values."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc import layers
from cnncalc.exporters.keras.layers import MixedUse
from cnncalc.exporters.keras.plan import (
    Sample,
    has_fraction,
)
from cnncalc.exporters.python_code import (
    ATOM,
    TERNARY,
    ExpressionWriter,
    WrittenExpression,
    write_value,
)
from cnncalc.spec.templates import (
    SHAPE,
    TENSOR_NAMES,
    ChosenType,
    Computed,
    Constant,
    Listed,
    Template,
    TypeWithArguments,
)
from cnncalc.syntax.expressions import (
    BINDING,
    NEGATION,
    Arithmetic,
    Call,
    ComparisonChain,
    Conditional,
    Index,
    ListOf,
    ListSlice,
    Literal,
    Name,
    Signed,
    Tree,
    Value,
)

# Names of spatial axes, with their places from the end of a shape.
AXES_FROM_END = {"in_width": 2, "in_height": 3, "in_depth": 4}
WHOLE_SETTINGS = ("Whole", "WholeList", "PerAxisWhole", "PerSideWhole", "Padding", "TargetShape", "Axis", "AxisList")
WHOLE_FUNCTIONS = frozenset({"round", "ceil", "floor", "int", "len", "range", "make_divisible"})

if TYPE_CHECKING:
    from cnncalc.exporters.keras.names import CodeNames


class ExpressionScope:
    """Writes the expressions of an item: the identifiers of its values, and the variable of its input tensor."""

    def __init__(
        self,
        owner: CodeNames,
        values: Mapping[str, str],
        samples: list[Sample],
        tensor: str | None,
        shapes: Mapping[str, str],
    ) -> None:
        self.owner = owner
        self.values = values
        self.samples = samples
        self.tensor = tensor
        self.shapes = shapes

    def write(self, template: Template, *, typed: bool = False, whole: bool = False) -> WrittenExpression:
        if isinstance(template, Constant):
            return self.value(template.value, typed=typed)
        if isinstance(template, Computed):
            tree = template.expression.tree
            if whole:
                tree = self.as_whole(tree)
            return TensorExpressionWriter(self, set(template.words), typed=typed).write(tree)
        if isinstance(template, Listed):
            items = [self.write(item, typed=typed, whole=whole).text for item in template.items]
            return WrittenExpression(f"({', '.join(items)}{',' if len(items) == 1 else ''})")
        if isinstance(template, TypeWithArguments):
            return self._partial(template.word, template.arguments)
        raise MixedUse

    def items(self, template: Template, *, whole: bool = False) -> tuple[str, ...]:
        """The sources of the items of a list; none if it is not written as one."""
        if isinstance(template, Listed):
            return tuple(self.write(item, whole=whole).text for item in template.items)
        if isinstance(template, Computed) and isinstance(template.expression.tree, ListOf):
            writer = TensorExpressionWriter(self, set(template.words))
            trees = template.expression.tree.items
            return tuple(writer.write(self.as_whole(tree) if whole else tree).text for tree in trees)
        return ()

    def value(self, value: Value, *, typed: bool = False) -> WrittenExpression:
        if isinstance(value, ChosenType):
            return self._partial(value.word, value.arguments)
        if typed and isinstance(value, tuple):
            items = [self.value(item, typed=True).text for item in value]
            return WrittenExpression(f"({', '.join(items)}{',' if len(items) == 1 else ''})")
        if typed and isinstance(value, str) and (value in self.owner.plan.spec.blocks or layers.find(value)):
            return WrittenExpression(self.owner.writer.type_source(self.owner.plan, value))
        text = write_value(value)
        if isinstance(value, Fraction) and " / " in text:
            return WrittenExpression(text, BINDING["/"])
        return WrittenExpression(text, 8 if text.startswith("-") else ATOM)

    def _partial(self, word: str, arguments: Mapping[str | int, Template]) -> WrittenExpression:
        source = self.owner.writer.type_source(self.owner.plan, word)
        kind = layers.find(word)
        if kind is None or word in self.owner.plan.spec.blocks:
            raise MixedUse
        order = list(kind.settings)
        given = {order[key] if isinstance(key, int) else key: template for key, template in arguments.items()}
        texts = [f"{key}={self.write(template).text}" for key, template in given.items()]
        return WrittenExpression(f"partial({source}, {', '.join(texts)})")

    def may_be_fraction(self, tree: Tree) -> bool:
        """Whether the value of an expression may not be a whole number."""
        if isinstance(tree, Literal):
            return has_fraction(tree.value)
        if isinstance(tree, Name):
            return any(has_fraction(sample.get(tree.name)) for sample in self.samples)
        if isinstance(tree, Arithmetic):
            return tree.operator == "/" or self.may_be_fraction(tree.left) or self.may_be_fraction(tree.right)
        if isinstance(tree, Call):
            return tree.function not in {*WHOLE_FUNCTIONS, SHAPE} and any(map(self.may_be_fraction, tree.arguments))
        if isinstance(tree, Conditional):
            return self.may_be_fraction(tree.then) or self.may_be_fraction(tree.otherwise)
        if isinstance(tree, Index | ListSlice | Signed):
            return self.may_be_fraction(tree.operand)
        if isinstance(tree, ListOf):
            return any(map(self.may_be_fraction, tree.items))
        return False

    def is_quotient(self, tree: Arithmetic) -> bool:
        """Whether an expression divides whole numbers."""
        return tree.operator == "/" and not any(map(self.may_be_fraction, (tree.left, tree.right)))

    def as_whole(self, tree: Tree) -> Tree:
        """An expression whose value is a whole number, also where Python would compute a float."""
        if not self.may_be_fraction(tree):
            return tree
        if isinstance(tree, Conditional):
            return tree._replace(then=self.as_whole(tree.then), otherwise=self.as_whole(tree.otherwise))
        if isinstance(tree, ListOf):
            return tree._replace(items=tuple(map(self.as_whole, tree.items)))
        if isinstance(tree, Arithmetic) and self.is_quotient(tree):
            return tree._replace(operator="//")
        if isinstance(tree, Index):
            return tree
        return Call("round", (tree,), 0)


class TensorExpressionWriter(ExpressionWriter):
    """Writes expressions that may use the shapes of tensors, channels last, and words."""

    def __init__(self, scope: ExpressionScope, words: set[str], *, typed: bool = False) -> None:
        super().__init__(self.name, {"make_divisible": self._make_divisible})
        self.scope = scope
        self.words = words
        self.typed = typed

    def _make_divisible(self, arguments: list[str]) -> str:
        self.scope.owner.writer.module.use("make_divisible")
        return f"make_divisible({', '.join(arguments)})"

    def name(self, name: str) -> WrittenExpression:
        if name in self.words:
            return self.scope.value(name, typed=self.typed)
        if name in self.scope.values:
            return WrittenExpression(self.scope.values[name])
        if name in TENSOR_NAMES:
            tensor = self.tensor()
            if name == "in_shape":
                return WrittenExpression(f"({tensor}.shape[-1], *{tensor}.shape[1:-1])")
            if name == "in_channels":
                return WrittenExpression(f"{tensor}.shape[-1]")
            place = AXES_FROM_END[name]
            if self.scope.owner.writer.has_images_only:
                return WrittenExpression(f"{tensor}.shape[{4 - place}]")
            return WrittenExpression(f"{tensor}.shape[-{place}]")
        raise MixedUse

    def tensor(self) -> str:
        if self.scope.tensor is None:
            raise MixedUse
        return self.scope.tensor

    def write(self, tree: Tree) -> WrittenExpression:
        if isinstance(tree, Literal) and isinstance(tree.value, str):
            return self.scope.value(tree.value, typed=self.typed)
        if isinstance(tree, ComparisonChain):
            sides = [tree.first, *(operand for _, operand, _ in tree.rest)]
            is_typed = any(isinstance(side, Name) and self.scope.owner.is_typed(side.name) for side in sides)
            if is_typed and not self.typed:
                return TensorExpressionWriter(self.scope, self.words, typed=True).write(tree)
        if isinstance(tree, Conditional) and self.typed:
            plain = TensorExpressionWriter(self.scope, self.words)
            parts = self.write(tree.then).at_least(TERNARY + 1), plain.write(tree.condition).at_least(TERNARY + 1)
            return WrittenExpression(f"{parts[0]} if {parts[1]} else {self.write(tree.otherwise).text}", TERNARY)
        part = self._part_of_shape(tree)
        if part:
            return WrittenExpression(part)
        source = self._shape_source(tree)
        if source is not None and not (isinstance(tree, Name)):
            return WrittenExpression(f"({source}[-1], *{source}[1:-1])")
        if isinstance(tree, Call) and tree.function == "len" and (shape := self._shape_source(tree.arguments[0])):
            return WrittenExpression(f"len({shape}) - 1", BINDING["-"])
        quotient = tree.arguments[0] if isinstance(tree, Call) and tree.arguments else None
        if (
            isinstance(tree, Call)
            and tree.function in ("ceil", "floor")
            and isinstance(quotient, Arithmetic)
            and self.scope.is_quotient(quotient)
        ):
            left, right = self.write(quotient.left), self.write(quotient.right)
            binding = BINDING["//"]
            if tree.function == "floor":
                return WrittenExpression(f"{left.at_least(binding)} // {right.at_least(binding + 1)}", binding)
            return WrittenExpression(f"-(-{left.at_least(NEGATION)} // {right.at_least(binding + 1)})", NEGATION)
        return super().write(tree)

    def _part_of_shape(self, tree: Tree) -> str:
        """The source of one size of a shape, or of all spatial sizes; empty for other expressions."""
        shape = self._shape_source(tree.operand) if isinstance(tree, Index | ListSlice) else None
        if shape is None:
            return ""
        if isinstance(tree, Index) and isinstance(tree.place, Literal | Signed):
            place = tree.place.evaluate({})
            if place == 0:
                return f"{shape}[-1]"
            return f"{shape}[{place if place > 0 else place - 1}]" if isinstance(place, int) else ""
        is_rest = isinstance(tree, ListSlice) and isinstance(tree.start, Literal) and tree.start.value == 1
        return f"{shape}[1:-1]" if is_rest and isinstance(tree, ListSlice) and tree.stop is None else ""

    def _shape_source(self, tree: Tree) -> str | None:
        """The source of the Keras shape that an expression means."""
        if isinstance(tree, Name) and tree.name == "in_shape":
            return f"{self.tensor()}.shape"
        if isinstance(tree, Call) and tree.function == SHAPE:
            argument = tree.arguments[0]
            name = argument.name if isinstance(argument, Name) else argument.value  # type: ignore[attr-defined]
            return f"{self.scope.shapes[name]}.shape"
        return None
