"""A spec as a small tree, before it is text: what the generator makes and the plain expansion reads.

Values are numbers, words, lists of values, or `Expression`s, whose meaning is that of Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple, TypeAlias

from cnncalc.layers import all_keywords

Value: TypeAlias = Any
Names: TypeAlias = "Mapping[str, Value]"

FUNCTIONS = {"min": min, "max": max, "len": len}
LARGEST = 2**60


class DoesNotFit(Exception):  # noqa: N818 - it says that another item must be made; nothing is wrong
    """What was made does not fit where it stands."""


class Expression(NamedTuple):
    """An expression as text."""

    text: str


class Decimal(NamedTuple):
    """A number that is not whole, as text."""

    text: str


class Name(NamedTuple):
    """A name of a layer, with expressions in it: text and expressions in turn."""

    parts: tuple[str | Expression, ...]

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else f"{{{part.text}}}" for part in self.parts)


class Loop(NamedTuple):
    """`repeat` and `for`: a value, and lists by the names that walk through them; None or empty where left out."""

    repeat: Value
    walks: tuple[tuple[tuple[str, ...], Value], ...]


class LayerUse(NamedTuple):
    type: str
    settings: tuple[tuple[str, Value], ...]


class BlockUse(NamedTuple):
    block: str
    arguments: tuple[tuple[str, Value], ...]


class Branch(NamedTuple):
    label: str | None
    items: tuple[Item, ...]
    when: Value = None
    sources: tuple[tuple[str | None, Name], ...] = ()
    loop: Loop | None = None


class JoinUse(NamedTuple):
    layer: LayerUse
    branches: tuple[Branch, ...]


class Sides(NamedTuple):
    branches: tuple[Branch, ...]


class Group(NamedTuple):
    items: tuple[Item, ...]


class Item(NamedTuple):
    """An item of a list of layers. `sources` are names with the keys of a mapping, or None for keys."""

    action: LayerUse | BlockUse | JoinUse | Sides | Group
    name: Name | None = None
    sources: tuple[tuple[str | None, Name], ...] = ()
    loop: Loop | None = None
    when: Value = None
    weights: Name | None = None
    training_only: bool = False

    @property
    def type(self) -> str:
        action = self.action
        if isinstance(action, LayerUse):
            return action.type
        if isinstance(action, BlockUse):
            return action.block
        if isinstance(action, JoinUse):
            return action.layer.type
        return "branch" if isinstance(action, Sides) else "layers"


class Block(NamedTuple):
    """A block: parameters with their defaults (None: required), and its items."""

    name: str
    parameters: tuple[tuple[str, Expression | None], ...]
    items: tuple[Item, ...]


class Program(NamedTuple):
    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    variables: tuple[tuple[str, Value], ...]
    blocks: tuple[Block, ...]
    items: tuple[Item, ...]
    outputs: tuple[Name, ...]


class Truth:
    """true or false, which are no numbers in a spec."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: bool) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Truth) and self.value == other.value


class Row:
    """A list, which a spec can only index, compare for equality and walk through."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, items: tuple[Value, ...]) -> None:
        self.items = tuple(map(_strict, items))

    def __getitem__(self, index: int) -> Value:
        if not isinstance(index, int):
            raise TypeError(index)
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and self.items == other.items

    def __bool__(self) -> bool:
        raise TypeError(self.items)


def _strict(value: Value) -> Value:
    """A value that refuses what a spec refuses, though Python would not."""
    if isinstance(value, bool):
        return Truth(value)
    return Row(value) if isinstance(value, tuple) else value


def _plain(value: Value) -> Value:
    if isinstance(value, Truth):
        return value.value
    return tuple(map(_plain, value.items)) if isinstance(value, Row) else value


@lru_cache(10_000)
def _compiled(text: str) -> CodeType:
    return compile(text, "expression", "eval")


@lru_cache(1)
def _words() -> dict[str, Value]:
    return {**{word: word for word in all_keywords()}, "true": Truth(True), "false": Truth(False), **FUNCTIONS}


def evaluate(value: Value, names: Names) -> Value:
    """A value where expressions see these names. Raises DoesNotFit where there is none."""
    if isinstance(value, Expression):
        strict = {name: _strict(known) for name, known in names.items()}
        negated = value.text.removeprefix("not ")
        try:
            if negated in strict and negated != value.text and not isinstance(strict[negated], Truth):
                raise DoesNotFit(value.text)
            result = _plain(eval(_compiled(value.text), {"__builtins__": {}}, {**_words(), **strict}))
        except (NameError, ArithmeticError, IndexError, TypeError) as error:
            raise DoesNotFit(value.text) from error
        # No number of a spec is a float; where Python makes one, a spec has a fraction, or none.
        if isinstance(result, float) or (isinstance(result, int) and not -LARGEST <= result <= LARGEST):
            raise DoesNotFit(value.text)
        return result
    if isinstance(value, Decimal):
        number = Fraction(value.text)
        return number.numerator if number.denominator == 1 else number
    if isinstance(value, list | tuple):
        return tuple(evaluate(item, names) for item in value)
    return value


def written_name(name: Name, names: Names) -> str:
    """A name with its expressions computed."""
    return "".join(part if isinstance(part, str) else str(evaluate(part, names)) for part in name.parts)


def uses_tensor(value: Value) -> bool:
    """Whether a value asks of the incoming tensor."""
    if isinstance(value, list | tuple) and not isinstance(value, Expression | Decimal):
        return any(map(uses_tensor, value))
    return isinstance(value, Expression) and "in_" in value.text
