"""Where an item of a spec stands: the names that it sees, and what its expressions come to there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cnncalc import limits
from cnncalc.errors import Span, listed, plural
from cnncalc.layers.shapes import Shape
from cnncalc.spec.records import Loop
from cnncalc.spec.templates import EvaluationError, Listed, NameTemplate, Template, tensor_values
from cnncalc.syntax.expressions import UNKNOWN, ChainedNames, UnknownValue, Value, describe
from cnncalc.syntax.settings import is_whole


class Tensor(NamedTuple):
    """What a layer or an input gives; the shape is None where a problem left it unknown."""

    name: str
    shape: Shape | None
    training_only: bool = False


LOST = Tensor("", None)


class Shared(NamedTuple):
    """Below the path `own`, every layer works with the weights of its twin below `other`."""

    own: str
    other: str
    span: Span


class Frame(NamedTuple):
    """Where an item stands: its path, the names it sees, and what its block was given.

    `scope` is the path of the block at hand: names of layers are looked up as far as that. `call` is the place of
    the `from` that hands in its tensors by their names, None where one comes in without.
    """

    path: str
    scope: str
    block: str
    names: ChainedNames
    inputs: dict[str, Tensor]
    depth: int
    training_only: bool = False
    shared: Shared | None = None
    call: Span | None = None

    def entered(self, path: str) -> Frame:
        """The frame one level further in."""
        # Written out, which takes a third of the time of a replacement: it is done for every branch.
        _, scope, block, names, inputs, depth, training_only, shared, call = self
        return Frame(path, scope, block, names, inputs, depth + 1, training_only, shared, call)

    def which(self) -> str:
        """The hint where it must be said which of several tensors is meant."""
        return f"say which: from: {listed(self.inputs, 'or')}"

    def evaluate(self, template: Template, tensor: Tensor | None) -> Value:
        """A template's value where `tensor` comes in.

        Raises EvaluationError, and UnknownValue where something before failed.
        """
        if isinstance(template, Listed):
            limits.spend(len(template.items))
        value = template.evaluate(self._names_for(template, tensor))
        if value is UNKNOWN:
            raise UnknownValue
        return value

    def evaluate_name(self, template: NameTemplate, tensor: Tensor | None) -> str:
        """A name that a template comes to where `tensor` comes in. Raises what `evaluate` does."""
        if template.constant is not None:
            return template.constant
        return template.evaluate(self._names_for(template, tensor))

    def _names_for(self, template: Template | NameTemplate, tensor: Tensor | None) -> ChainedNames:
        """The names that a template can use, with those of the incoming tensor where it does."""
        if not template.uses_tensor:
            return self.names
        if tensor is None:
            message = "in_channels and its like tell of one incoming tensor, but here is none, or several"
            raise EvaluationError(template.span, message, "hand the number in as an argument")
        if tensor.shape is None:
            raise UnknownValue
        return self.names.extended(tensor_values(tensor.shape))

    def holds(self, when: Template, tensor: Tensor | None) -> bool:
        """Whether a condition is true. Raises what `evaluate` does."""
        value = self.evaluate(when, tensor)
        if isinstance(value, bool):
            return value
        raise EvaluationError(when.span, f"when takes true or false, not {describe(value)}", "compare it: x > 0")

    def passes(self, loop: Loop, tensor: Tensor | None) -> Iterator[tuple[int, Frame]]:
        """Each pass of a loop: its number from 0, and the frame in it. Raises what `evaluate` does."""
        number = 0
        for row in self._rows(loop, tensor):
            names = self.names.extended({**row, "index": number})
            count = 1
            if loop.repeat is not None:
                count = _count(loop.repeat, self._replace(names=names).evaluate(loop.repeat, tensor))
            for _ in range(count):
                yield number, self._replace(names=names.extended({"index": number}))
                number += 1

    def _rows(self, loop: Loop, tensor: Tensor | None) -> list[dict[str, Value]]:
        """The rows of the lists of `for`, walked together; one empty row where there are none."""
        if not loop.walks:
            return [{}]
        lists: list[tuple[tuple[str, ...], tuple[Value, ...], Template]] = []
        for names, template in loop.walks:
            values = self.evaluate(template, tensor)
            if not isinstance(values, tuple):
                message = f"for walks through a list, not {describe(values)}"
                raise EvaluationError(template.span, message, "repeat: takes a number")
            lists.append((names, values, template))
        longest = len(lists[0][1])
        limits.spend(longest * len(lists))
        rows: list[dict[str, Value]] = [{} for _ in range(longest)]
        for names, values, template in lists:
            if len(values) != longest:
                first = ", ".join(lists[0][0])
                message = f"{', '.join(names)} has {plural(len(values), 'value')}, but {first} has {longest}"
                raise EvaluationError(template.span, message, "lists walked together are equally long")
            for number, (row, value) in enumerate(zip(rows, values, strict=True)):
                row.update(_unpacked(names, value, number, template))
        return rows


def _unpacked(names: tuple[str, ...], value: Value, number: int, template: Template) -> Iterable[tuple[str, Value]]:
    """The names of a row of `for`, each with its value."""
    if len(names) == 1:
        return ((names[0], value),)
    if isinstance(value, tuple) and len(value) == len(names):
        return zip(names, value, strict=True)
    message = f"{', '.join(names)} takes rows of {len(names)} values, but row {number} is {describe(value)}"
    raise EvaluationError(template.span, message)


def _count(repeat: Template, value: Value) -> int:
    """How many passes `repeat` asks for."""
    most = limits.current().layers
    if isinstance(value, int) and is_whole(value, 0) and value <= most:
        return value
    message = f"repeat takes a whole number from 0 to {most:,}, not {describe(value)}"
    # A slip is told without the option, which would not mend it.
    beyond = isinstance(value, int) and value > most
    raise EvaluationError(repeat.span, message, limits.raised("layers") if beyond else "")
