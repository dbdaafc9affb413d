"""A decoded spec as records: blocks, items, branches and loops, with every name and setting checked.

An item that cannot be used stays in its place with `action` None, and what comes below it is
still checked.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from cnncalc.guards import GUARDS, Guards
from cnncalc.layer_type import LayerType
from cnncalc.problem import Problem, Span, quoted
from cnncalc.records import brief
from cnncalc.settings import PerAxisWhole, Setting, TargetShape, WholeList
from cnncalc.templates import NameTemplate, Template

TOP_KEYS = ("name", "source", "family", "year", "extends", "input", "variables", "blocks", "layers", "outputs", *GUARDS)
MODIFIERS = ("name", "from", "repeat", "for", "when", "weights", "training_only")
BRANCH_KEYS = ("layers", "when", "from", "repeat", "for")
CONTAINERS = ("layers", "branch")
RESERVED = ("previous", "input")


@brief
class Loop(NamedTuple):
    """How often an item is passed through: `repeat` times, and once a row of the lists of `walks`."""

    repeat: Template | None
    walks: tuple[tuple[tuple[str, ...], Template], ...]
    span: Span


@brief
class Sources(NamedTuple):
    """Where an item's input comes from: names, each with the key it has inside a block, or none."""

    names: tuple[tuple[str | None, NameTemplate], ...]
    span: Span


@brief
class LayerCall(NamedTuple):
    """A layer type with arguments; `ready` is the layer where every argument is constant."""

    type: type[LayerType]
    arguments: dict[str, Template]
    ready: LayerType | None


@brief
class BlockCall(NamedTuple):
    """A block with arguments for its parameters."""

    block: str
    arguments: dict[str, Template]


@brief
class Branch(NamedTuple):
    """One branch of a join, or a side branch."""

    name: str | None
    items: tuple[Item, ...]
    when: Template | None
    loop: Loop | None
    sources: Sources | None
    span: Span


@brief
class Join(NamedTuple):
    """A join with branches."""

    call: LayerCall
    branches: tuple[Branch, ...]


@brief
class SideBranches(NamedTuple):
    """Branches that leave the main path as it is."""

    branches: tuple[Branch, ...]


@brief
class Group(NamedTuple):
    """An unnamed block."""

    items: tuple[Item, ...]


Action: TypeAlias = LayerCall | BlockCall | Join | SideBranches | Group


@brief
class Item(NamedTuple):
    """An item of a list of layers: what it does, and its modifiers. `type` is its word in the file.

    `action` is None where the item cannot be used. `declares` are the names given in it and below it.
    """

    type: str
    action: Action | None
    name: NameTemplate | None
    sources: Sources | None
    loop: Loop | None
    when: Template | None
    weights: NameTemplate | None
    training_only: bool
    declares: tuple[NameTemplate, ...]
    span: Span
    is_plain: bool = False


@brief
class Parameter(NamedTuple):
    """A parameter of a block; without a default it must be given."""

    name: str
    default: Template | None
    required: bool


@brief
class Block(NamedTuple):
    """A block: its signature and its items."""

    name: str
    parameters: tuple[Parameter, ...]
    items: tuple[Item, ...]
    span: Span


@brief
class Declaration(NamedTuple):
    """Where a name is given, and in which block; the block is empty for the spec's own layers."""

    span: Span
    block: str


@brief
class Spec(NamedTuple):
    """A decoded spec.

    `names` tells where each name is given, for messages; `blocks` holds those that can be used; `texts`
    are the files it was read from, each with its text, those it extends after its own.
    """

    name: str
    source: str
    family: str
    year: int | None
    file: str
    texts: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[str, Template], ...]
    variables: dict[str, Template]
    blocks: dict[str, Block]
    items: tuple[Item, ...]
    outputs: tuple[NameTemplate, ...]
    guards: Guards
    names: dict[str, list[Declaration]]
    span: Span
    problems: tuple[Problem, ...]


def is_one_list(parameters: tuple[Parameter, ...] | tuple[Setting, ...]) -> bool:
    """Whether a list is the value of the first setting, not arguments by position."""
    first = parameters[0] if parameters else None
    if len(parameters) == 1:
        return isinstance(first, WholeList | TargetShape)
    return isinstance(first, WholeList) and not isinstance(first, PerAxisWhole)


def name_problem(name: str) -> tuple[str, str] | None:
    """What is wrong with a layer's name, and what would work."""
    if name in RESERVED:
        return f"{name!r} is a reserved name", "choose another"
    if not all(name.split(".")):
        return f"the name {quoted(name)} has an empty part", "dots stand between parts"
    return None
