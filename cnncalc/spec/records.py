"""A decoded spec as records: blocks, items, branches and loops, with every name and setting checked.

An invalid item stays in its place with `action` None, so that the items below it are still
checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, quoted
from cnncalc.layers.contract import LayerType
from cnncalc.record import Record
from cnncalc.spec.guards import GUARDS, Guards
from cnncalc.spec.templates import NameTemplate, Template, names_used_in
from cnncalc.syntax.settings import PerAxisWhole, Setting, TargetShape, WholeList

TOP_KEYS = (
    "name", "source", "family", "task", "year", "extends", "override", "input", "variables", "blocks", "layers",
    "outputs", *GUARDS,
)  # fmt: skip
# Their names in other tools, for messages.
TOP_KEYS_ELSEWHERE = {
    "name": ("title", "model_name", "名称"),
    "source": ("paper", "reference", "author", "description", "comment", "url"),
    "extends": ("base", "_base_", "include", "inherits", "parent"),
    "override": ("overrides", "overwrite", "replace", "patch", "modify"),
    "input": ("inputs", "input_shape", "input_size", "input_dim", "in_shape", "image_size", "shape", "输入"),
    "variables": ("vars", "params", "parameters", "args", "arguments", "constants", "defaults"),
    "blocks": ("modules", "definitions", "functions", "macros"),
    "layers": ("layer", "model", "network", "net", "architecture", "backbone", "structure", "sequential", "网络", "层"),
    "outputs": ("output", "输出"),
    "budget": ("budgets", "limits", "constraints"),
    "expect": ("expected", "expects"),
    "assert": ("asserts", "assertions", "checks"),
}
MODIFIERS = ("name", "from", "repeat", "for", "when", "weights", "share_weights", "frozen", "training_only")
MODIFIERS_ELSEWHERE = {
    "name": ("id", "layer_name", "label", "top", "名称"),
    "from": ("input", "inputs", "bottom", "parent", "source", "src", "prev", "previous", "inbound_nodes", "输入"),
    "repeat": ("n", "times", "count", "num", "number", "num_layers", "num_blocks", "loop"),
    "when": ("if", "condition", "enabled", "only_if"),
    "weights": ("share", "shared", "weights_from", "tied", "tie"),
    "share_weights": ("shared_weights", "reuse", "tie_weights"),
    "frozen": ("freeze", "trainable", "requires_grad"),
    "training_only": ("train_only", "auxiliary", "aux"),
}
# Keys that hold a layer's type in other formats.
TYPE_KEYS = ("type", "layer", "layer_type", "class", "class_name", "op", "op_type", "kind", "module")
# The keys of an item whose type an expression chooses, and of its arguments.
TYPE, SET = "type", "set"
BRANCH_KEYS = ("layers", "when", "from", "repeat", "for")
NETWORK = "network"
CONTAINERS = ("layers", "branch", NETWORK)
# The keys that are allowed only beside `network`.
NETWORK_MODIFIERS = ("set", "outputs")
RESERVED = ("previous", "input")

# The weights that training leaves unchanged: all or none, or those of some layer types.
Frozen: TypeAlias = "bool | frozenset[str]"
# What tells files apart: their revision, and their path with all links followed.
Identity: TypeAlias = tuple[str, str]


class Loop(Record):
    """The passes of an item: `repeat` times, for each row of the lists in `walks`."""

    repeat: Template | None
    walks: tuple[tuple[tuple[str, ...], Template], ...]
    span: Span

    @property
    def names(self) -> frozenset[str]:
        """The names that the loop defines."""
        return frozenset({"index"}.union(*(names for names, _ in self.walks)))

    @property
    def uses_tensor(self) -> bool:
        """Whether the number of passes or a list depends on the input tensor."""
        by_list = any(template.uses_tensor for _, template in self.walks)
        return by_list or (self.repeat is not None and self.repeat.uses_tensor)


class Sources(Record):
    """The sources of an item's input: names, each with its key inside a block, if any."""

    names: tuple[tuple[str | None, NameTemplate], ...]
    span: Span


class LayerCall(Record):
    """A layer type with arguments; `ready` is the layer if every argument is constant."""

    type: type[LayerType]
    arguments: dict[str, Template]
    ready: LayerType | None


class BlockCall(Record):
    """A block with arguments for its parameters."""

    block: str
    arguments: dict[str, Template]


class Branch(Record):
    """One branch of a join, or a side branch."""

    name: str | None
    items: tuple[Item, ...]
    span: Span
    when: Template | None = None
    loop: Loop | None = None
    sources: Sources | None = None


class JoinCall(Record):
    """A join with branches."""

    call: LayerCall
    branches: tuple[Branch, ...]


class SideBranches(Record):
    """Branches that leave the main path unchanged."""

    branches: tuple[Branch, ...]


class ItemGroup(Record):
    """An unnamed block."""

    items: tuple[Item, ...]


class TypeCall(Record):
    """A layer type or block that the expression `type` chooses, with arguments by name or by position."""

    type: Template
    arguments: dict[str | int, Template]


class NetworkCall(Record):
    """A network of another file, with values for its variables. Without `outputs` it has its own.

    `network` is the key of its spec among the `networks` of a Spec.
    """

    network: Identity
    arguments: dict[str, Template]
    outputs: tuple[NameTemplate, ...]


Action: TypeAlias = LayerCall | BlockCall | TypeCall | JoinCall | SideBranches | ItemGroup | NetworkCall


class Item(Record):
    """An item of a list of layers: its action and its modifiers. `type` is its word in the file.

    `action` is None where the item cannot be used. `declares` are the names given in it and below it. `is_plain`: it
    reads the item above, and has no modifier but its name. `uses_shapes`: it asks for the shape of a tensor.
    """

    type: str
    action: Action | None
    span: Span
    name: NameTemplate | None = None
    sources: Sources | None = None
    loop: Loop | None = None
    when: Template | None = None
    weights: NameTemplate | None = None
    training_only: bool = False
    declares: tuple[NameTemplate, ...] = ()
    is_plain: bool = False
    share_weights: bool = False
    frozen: Frozen = False
    uses_shapes: bool = False


class Parameter(Record):
    """A parameter of a block; required if it has no default."""

    name: str
    default: Template | None
    required: bool

    @property
    def keywords(self) -> tuple[str, ...]:
        """Accepted keywords: none, unlike a setting."""
        return ()


Parameters: TypeAlias = "Mapping[str, Parameter] | Mapping[str, Setting]"


class Block(Record):
    """A block: its signature and its items. `tensors` are the names of its inputs, none if the signature names none."""

    name: str
    parameters: tuple[Parameter, ...]
    items: tuple[Item, ...]
    span: Span
    tensors: tuple[str, ...] = ()


class Override(Record):
    """New settings of the layers whose full names fit a pattern; `span` is the place of the pattern.

    Each setting has the place of its name, and its value.
    """

    pattern: str
    settings: dict[str, tuple[Span, Template]]
    span: Span


class Declaration(Record):
    """The place of a name and its block; the block is empty for the spec's own layers."""

    span: Span
    block: str


class Spec(Record):
    """A decoded spec.

    `names` tells where each name is given, for messages; `blocks` holds those that can be used; `networks` are the
    specs that items of this one use, and those that these use, by their files; `texts` are the files it was read
    from, each with its text: its own, those it extends, and those of its networks.
    """

    name: str
    source: str
    family: str
    task: str
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
    networks: Mapping[Identity, Spec] = MappingProxyType({})
    overrides: tuple[Override, ...] = ()

    @property
    def is_library(self) -> bool:
        """Whether it holds only blocks, for other specs to extend."""
        return bool(self.blocks) and not (self.items or self.inputs or self.outputs)


def is_one_list(parameters: tuple[Parameter | Setting, ...]) -> bool:
    """Whether a list is the value of the first setting rather than arguments by position."""
    first = parameters[0] if parameters else None
    if isinstance(first, TargetShape):
        return not any(isinstance(other, Setting) and other.required for other in parameters[1:])
    if len(parameters) == 1:
        return isinstance(first, WholeList)
    return isinstance(first, WholeList) and not isinstance(first, PerAxisWhole)


def name_problem(name: str) -> tuple[str, str] | None:
    """The problem of a layer's name and a hint, or None."""
    if name in RESERVED:
        return f"{name!r} is a reserved name", "use another name"
    if not all(name.split(".")):
        return f"the name {quoted(name)} has an empty part", "write dots only between parts"
    return None


def names_used_in_block(block: Block) -> frozenset[str]:
    """The names that a block's items and its parameters' defaults use."""
    return frozenset(names_used_in((block.items, tuple(parameter.default for parameter in block.parameters))))


def variables_used(spec: Spec) -> set[str]:
    """The names that the expressions of a spec use, other than the parameters of its blocks."""
    used = set(names_used_in((spec.variables, spec.inputs, spec.items, spec.outputs, spec.guards, spec.overrides)))
    for block in spec.blocks.values():
        hidden: set[str] = set()
        for parameter in block.parameters:
            # A default sees the parameters before it, so `width=width` uses the variable.
            used |= set(names_used_in(parameter.default)) - hidden
            hidden.add(parameter.name)
        used |= set(names_used_in(block.items)) - hidden
    return used


class Reads(Record):
    """The names in the `from` keys of a block: words with their first place, and computed names.

    `outside` are the words that none of its own layers can have for a name. `takes_all` where it may use any input: a
    join without `from` and branches reads all incoming tensors, and a value or a call of `shape` may name each of them.
    """

    words: dict[str, Span]
    computed: tuple[NameTemplate, ...]
    outside: tuple[str, ...]
    takes_all: bool

    def may_read(self, name: str) -> bool:
        return self.takes_all or name in self.words or any(template.may_be(name) for template in self.computed)


def reads_of(block: Block) -> Reads:
    """The names that items and branches of a block read, whether their `when` is true or not."""
    words: dict[str, Span] = {}
    computed: list[NameTemplate] = []
    own: set[str] = {"previous"}
    own_computed: list[NameTemplate] = []
    takes_all = False
    waiting: list[Item | Branch] = list(block.items[::-1])
    while waiting:
        part = waiting.pop()
        for _, template in part.sources.names if part.sources else ():
            if template.value is not None:
                # The value may be any name.
                takes_all = True
            elif template.constant is None:
                computed.append(template)
            else:
                words.setdefault(template.constant, template.span)
        if isinstance(part, Branch):
            own.add(part.name or "")
            waiting += part.items[::-1]
            continue
        takes_all = takes_all or part.uses_shapes
        if part.name is None:
            own.add(part.type)
        elif part.name.constant is None:
            own_computed.append(part.name)
        else:
            own.add(part.name.constant)
        if isinstance(part.action, JoinCall | SideBranches):
            waiting += part.action.branches[::-1]
        elif isinstance(part.action, ItemGroup):
            waiting += part.action.items[::-1]
        elif isinstance(part.action, LayerCall) and part.action.type.is_merge:
            takes_all = takes_all or part.sources is None
    outside = tuple(word for word in words if not _may_be_own(word, own, own_computed))
    return Reads(words, tuple(computed), outside, takes_all)


def _may_be_own(word: str, names: set[str], computed: list[NameTemplate]) -> bool:
    """Whether a word can name one of a block's layers, blocks or branches; relu_2 and relu.2 can be a second relu."""
    limits.spend(len(computed) // limits.Cost.PER_NAME)
    begins = {word, *(word[: dot.start()] for dot in re.finditer(r"\.", word))}
    begins.add(re.sub(r"_[0-9]+$", "", word.partition(".")[0]))
    return not names.isdisjoint(begins) or any(template.may_be(word) for template in computed)
