"""Names visible to an item of a spec, and the values of its expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Span, listed, plural
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape
from cnncalc.record import Record
from cnncalc.spec.records import Frozen, Item, Loop, Spec
from cnncalc.spec.templates import SHAPE, Constant, EvaluationError, Listed, NameTemplate, Template, tensor_values
from cnncalc.syntax.expressions import (
    UNKNOWN,
    ChainedNames,
    ExpressionError,
    UnknownValue,
    Value,
    describe,
    function_key,
)
from cnncalc.syntax.settings import is_whole


class Tensor(Record):
    """The output of a layer or an input of the network; `shape` is None if a problem left it unknown."""

    name: str
    shape: Shape | None
    training_only: bool = False


# The output of an item that failed; its readers report nothing.
UNKNOWN_TENSOR = Tensor("", None)


# Resolves a name as `from` does, for an item of a scope below another one.
FindTensor: TypeAlias = "Callable[[str, Span, ItemScope, Tensor | None], Tensor]"


class SharedWeights(Record):
    """Each layer below the path `own` uses the weights of its counterpart below `other`."""

    own: str
    other: str
    span: Span


class NetworkScope(Record):
    """A spec whose items are placed, and the values of its variables. Equal ones have one `number`."""

    spec: Spec
    variables: dict[str, Value]
    number: int


class ItemScope(Record):
    """Names visible to an item: variables, block arguments and tensors, with the path that precedes its own name.

    `block_path` is the path of the enclosing block or network, where the search for a layer's name ends; `network` is
    the one that the item is written in. `inputs_span` is the `from` that passes `inputs` to the block by name; None if
    the block has one unnamed input, or names its own. `layer_types` are those that earlier calls of the block with
    equal arguments decoded; None where the names depend on more. `previous` is the output of the item above, set for
    items that ask for shapes; `find_tensor` resolves the names that they ask for. `arguments` are those of the call of
    the enclosing block.
    """

    path: str
    block_path: str
    block: str
    names: ChainedNames
    inputs: dict[str, Tensor]
    depth: int
    network: NetworkScope
    training_only: bool = False
    shared: SharedWeights | None = None
    inputs_span: Span | None = None
    layer_types: dict[int, LayerType] | None = None
    frozen: Frozen = False
    previous: Tensor | None = None
    find_tensor: FindTensor | None = None
    arguments: Mapping[str, Template] = {}

    def mark(self, item: Item) -> ItemScope:
        """The scope of an item that is for training only, or has frozen weights; what is inside inherits both."""
        frozen: Frozen
        if isinstance(self.frozen, bool) or isinstance(item.frozen, bool):
            frozen = True if True in (self.frozen, item.frozen) else self.frozen or item.frozen
        else:
            frozen = self.frozen | item.frozen
        return self._replace(training_only=self.training_only or item.training_only, frozen=frozen)

    def freezes(self, layer_type: type[LayerType]) -> bool:
        """Whether training leaves the weights of layers of this type unchanged."""
        return self.frozen if isinstance(self.frozen, bool) else layer_type.name in self.frozen

    def enter(self, path: str) -> ItemScope:
        """The scope one level deeper."""
        # Built by position: _replace takes three times as long, and this runs for every branch.
        return ItemScope._make((path, *self[1:5], self.depth + 1, *self[6:]))

    def ask_for_source(self) -> str:
        """A hint to name one of several inputs."""
        return f"name one: from: {listed(self.inputs, 'or')}"

    def evaluate(self, template: Template, tensor: Tensor | None) -> Value:
        """A template's value for the input `tensor`.

        Raises EvaluationError, or UnknownValue if a reported problem explains why.
        """
        if type(template) is Constant:
            value = template.value
            if value is UNKNOWN:
                raise UnknownValue
            return value
        if isinstance(template, Listed):
            limits.spend(len(template.items))
        value = template.evaluate(self.names_for(template, tensor))
        if value is UNKNOWN:
            raise UnknownValue
        return value

    def evaluate_name(self, template: NameTemplate, tensor: Tensor | None) -> str:
        """The name that a template yields for the input `tensor`. Raises the errors of `evaluate`."""
        if template.constant is not None:
            return template.constant
        return template.evaluate(self.names_for(template, tensor))

    def names_for(self, template: Template | NameTemplate, tensor: Tensor | None) -> ChainedNames:
        """The names that a template can use, with the function `shape` if it calls it."""
        if template.uses_shapes:
            find = partial(self._find_shape, template.span)
            return self._tensor_names(template, tensor).extended({function_key(SHAPE): find})  # type: ignore[dict-item]
        return self._tensor_names(template, tensor)

    def _find_shape(self, span: Span, values: list[Value], offset: int) -> Value:
        """The shape of the tensor that a call of `shape` names, channels first."""
        name = values[0] if len(values) == 1 else None
        if not isinstance(name, str) or self.find_tensor is None:
            message = f"shape takes the name of one tensor, not {', '.join(map(describe, values)) or 'nothing'}"
            raise ExpressionError(message, offset, "write it in quotes, such as shape('conv1')")
        # The search goes outwards from the path, and at each level into copies of blocks.
        limits.spend(1 + self.path.count(".") ** 2 // 8)
        try:
            tensor = self.find_tensor(name, span, self, self.previous)
        except EvaluationError as error:
            # The expression knows its place.
            raise ExpressionError(error.problem.message, offset, error.problem.hint) from None
        if tensor.shape is None:
            raise UnknownValue
        return tuple(tensor.shape)

    def _tensor_names(self, template: Template | NameTemplate, tensor: Tensor | None) -> ChainedNames:
        """The names of the scope, with those of the input tensor if a template uses them."""
        if not template.uses_tensor:
            return self.names
        if tensor is None:
            message = "in_channels and other sizes of the input need exactly one input tensor"
            raise EvaluationError(template.span, message, "pass the number as a block argument")
        if tensor.shape is None:
            raise UnknownValue
        return self.names.extended(tensor_values(tensor.shape))

    def is_true(self, when: Template, tensor: Tensor | None) -> bool:
        """Whether a condition is true. Raises the errors of `evaluate`."""
        value = self.evaluate(when, tensor)
        if isinstance(value, bool):
            return value
        raise EvaluationError(
            when.span, f"when takes true or false, not {describe(value)}", "compare it, such as x > 0"
        )

    def iterate(self, loop: Loop, tensor: Tensor | None) -> Iterator[tuple[int, ItemScope]]:
        """Each pass of a loop: its number from 0, and its scope. Raises the errors of `evaluate`."""
        number = 0
        for row in self._zip_lists(loop, tensor):
            names = self.names.extended({**row, "index": number})
            count = 1
            if loop.repeat is not None:
                count = _check_count(loop.repeat, self._replace(names=names).evaluate(loop.repeat, tensor))
            for _ in range(count):
                yield number, self._bind(names.extended({"index": number}))
                number += 1

    def _bind(self, names: ChainedNames) -> ItemScope:
        """The scope with the names of one pass. Layer types are not reused, because the names differ in each pass."""
        # Built by position: _replace takes three times as long, and this runs for every pass.
        return ItemScope._make((*self[:3], names, *self[4:10], None, *self[11:]))

    def _zip_lists(self, loop: Loop, tensor: Tensor | None) -> list[dict[str, Value]]:
        """One row of values for each pass of `for`; one empty row without `for`."""
        if not loop.walks:
            return [{}]
        lists: list[tuple[tuple[str, ...], tuple[Value, ...], Template]] = []
        for names, template in loop.walks:
            values = self.evaluate(template, tensor)
            if not isinstance(values, tuple):
                message = f"for takes a list, not {describe(values)}"
                raise EvaluationError(template.span, message, "use repeat: for a number of passes")
            lists.append((names, values, template))
        longest = len(lists[0][1])
        limits.spend(longest * len(lists))
        rows: list[dict[str, Value]] = [{} for _ in range(longest)]
        for names, values, template in lists:
            if len(values) != longest:
                first = ", ".join(lists[0][0])
                message = f"{', '.join(names)} has {plural(len(values), 'value')}, but {first} has {longest}"
                raise EvaluationError(template.span, message, "give all lists of one for: the same length")
            for number, (row, value) in enumerate(zip(rows, values, strict=True)):
                row.update(_unpack_row(names, value, number, template))
        return rows


class Placement(Record):
    """An item that is being placed, with its full name and its scope."""

    item: Item
    path: str
    scope: ItemScope


def _unpack_row(names: tuple[str, ...], value: Value, number: int, template: Template) -> Iterable[tuple[str, Value]]:
    """The names of a row of `for` with their values."""
    if len(names) == 1:
        return ((names[0], value),)
    if isinstance(value, tuple) and len(value) == len(names):
        return zip(names, value, strict=True)
    message = f"{', '.join(names)} takes rows of {len(names)} values, but row {number} is {describe(value)}"
    raise EvaluationError(template.span, message)


def _check_count(repeat: Template, value: Value) -> int:
    """The number of passes of `repeat`."""
    most = limits.current().layers
    if isinstance(value, int) and is_whole(value, 0) and value <= most:
        return value
    message = f"repeat takes a whole number from 0 to {most:,}, not {describe(value)}"
    # Raising the limit helps only if the count is above it.
    is_above = isinstance(value, int) and value > most
    raise EvaluationError(repeat.span, message, limits.raised("layers") if is_above else "")
