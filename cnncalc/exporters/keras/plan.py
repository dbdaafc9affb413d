"""The plan of Keras code from a spec: its functions, the tensors that they name, and the types of their arguments.

A function is a block, or a network that is an item, with the tensors that enter it. Its definitions are the layers,
blocks and branches that have a name; a reference is where an item or an expression reads one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, TypeAlias

from cnncalc.errors import Span, SpecError
from cnncalc.exporters.keras.layers import MixedUse
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.spec.records import (
    Block,
    BlockCall,
    Branch,
    Item,
    ItemGroup,
    JoinCall,
    LayerCall,
    Loop,
    NetworkCall,
    SideBranches,
    Sources,
    Spec,
    TypeCall,
)
from cnncalc.spec.templates import (
    SHAPE,
    Computed,
    EvaluationError,
    FilledText,
    Listed,
    NameTemplate,
    Template,
    TypeWithArguments,
)
from cnncalc.syntax.expressions import Call, Literal, Name, Tree, UnknownValue, Value

# How many sets of arguments of a function tell the types of its parameters.
MOST_SAMPLES = 50

Sample: TypeAlias = dict[str, Value]
# A name as texts and expressions in turn.
NameParts: TypeAlias = tuple["str | Computed", ...]


class Observations:
    """What items became in the network: layers by the place of their item, and the arguments of blocks."""

    def __init__(self, network: LayerGraph) -> None:
        self.layers: dict[Span, list[Layer]] = {}
        for layer in network.layers:
            self.layers.setdefault(layer.span, []).append(layer)
        self.arguments: dict[str, list[Sample]] = {}
        self.kinds: dict[Span, set[str]] = {}
        for group in network.groups:
            self.arguments.setdefault(group.kind, []).append(dict(group.arguments))
            self.kinds.setdefault(group.span, set()).add(group.kind)

    def of(self, span: Span) -> tuple[Layer, ...]:
        return tuple(self.layers.get(span, ()))


class InputForm(Record):
    """How tensors enter a function: the names of its tensors; a list of them all; or one without a name."""

    names: tuple[str, ...] = ()
    is_list: bool = False


class ScopeNode:
    """A level of names in a function: the function itself, a block of layers, or a branch."""

    def __init__(self, parent: ScopeNode | None, parts: NameParts) -> None:
        self.parent = parent
        self.parts = parts
        # The items without a name, by type, in their order.
        self.unnamed: dict[str, list[object]] = {}
        # How many branches have a name.
        self.branches: dict[str, int] = {}

    def chain(self) -> Iterator[ScopeNode]:
        scope: ScopeNode | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def is_within(self, other: ScopeNode) -> bool:
        return any(scope is other for scope in self.chain())


class Definition:
    """A tensor with a name. `loops` are those around it, and `callee` is the function that computes it, if any."""

    def __init__(self, scope: ScopeNode, parts: NameParts, order: int, loops: tuple[int, ...], label: str) -> None:
        self.scope = scope
        self.parts = parts
        self.order = order
        self.loops = loops
        self.label = label
        self.variable = ""
        self.needs_variable = False
        self.needs_key = False
        self.call: Item | None = None
        self.callee: FunctionPlan | None = None
        # The tensors inside the callee that are read from outside, each with its variable; whether others get keys.
        self.inner: dict[str, str] = {}
        self.merges_keys = False
        # The items that use its weights.
        self.users: list[Item] = []


class TensorReference(Record):
    """A name that an item or expression reads."""

    parts: NameParts
    scope: ScopeNode
    order: int
    loops: tuple[int, ...]
    by_key: bool = False


class Resolved(Record):
    """What a reference means: a definition, and the name of a tensor inside its function; or a key among all names."""

    definition: Definition | None
    inner: str = ""


class FunctionPlan:
    """A function of the generated code."""

    def __init__(self, spec: Spec, block: Block | None, form: InputForm, samples: list[Sample]) -> None:
        self.spec = spec
        self.block = block
        self.form = form
        self.samples = samples
        self.identifier = ""
        self.items: tuple[Item, ...] = spec.items if block is None else block.items
        self.root = ScopeNode(None, ())
        self.definitions: list[Definition] = []
        # The definitions without expressions in their names, by the scopes around them and their names there.
        self.by_name: dict[tuple[int, str], list[Definition]] = {}
        # Those with expressions in their full names.
        self.computed: list[Definition] = []
        self.by_site: dict[int, Definition] = {}
        self.scopes: dict[int, ScopeNode] = {}
        self.auto_parts: dict[int, tuple[str, str]] = {}
        self.references: dict[object, TensorReference] = {}
        self.resolved: dict[object, Resolved] = {}
        # The names of the tensors inside that are read from outside.
        self.exported: list[str] = []
        # Their places among the values that the function returns.
        self.places: dict[str, int] = {}
        self.callees: list[FunctionPlan] = []
        self.calls: dict[int, FunctionPlan] = {}
        self.reads_input = False
        self.uses_keys = False
        self.returns_keys = False
        # The sources that are values whose words name definitions.
        self.word_sources: set[object] = set()
        self.variables: set[str] = set()
        self.type_names: set[str] = set()
        self.is_done = False
        self.order = 0

    @property
    def name(self) -> str:
        return self.block.name if self.block is not None else ""

    def add(self, definition: Definition) -> None:
        """Add a definition, the last so far."""
        self.definitions.append(definition)
        name = constant_name(definition.parts)
        for scope in definition.scope.chain():
            if name is None:
                self.computed.append(definition)
                return
            self.by_name.setdefault((id(scope), name), []).append(definition)
            own = constant_name(scope.parts)
            name = None if own is None else f"{own}.{name}"


def texts_match(one: NameParts, other: NameParts) -> bool:
    """Whether two names can be equal, if each expression may give any word."""

    def as_pattern(parts: NameParts) -> str:
        return "".join(re.escape(part) if isinstance(part, str) else r"[\w+-]+" for part in parts)

    def as_text(parts: NameParts) -> str:
        return "".join(part if isinstance(part, str) else "0" for part in parts)

    return bool(re.fullmatch(as_pattern(one), as_text(other)) or re.fullmatch(as_pattern(other), as_text(one)))


def constant_name(parts: NameParts) -> str | None:
    """A name without expressions; None for others."""
    return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else None


def join_parts(*names: NameParts) -> NameParts:
    """Names joined by dots; neighboring texts become one."""
    joined: list[str | Computed] = []
    for number, name in enumerate(name for name in names if name):
        parts: list[str | Computed] = [*(["."] if number else []), *name]
        for part in parts:
            if joined and isinstance(part, str) and isinstance(joined[-1], str):
                joined[-1] += part
            else:
                joined.append(part)
    return tuple(joined)


def trees_of(template: Template | NameTemplate | None) -> Iterator[Tree]:
    """The expressions of a value."""
    waiting: list[Any] = [template]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Computed):
            yield part.expression.tree
        elif isinstance(part, Listed):
            waiting += part.items
        elif isinstance(part, TypeWithArguments):
            waiting += part.arguments.values()
        elif isinstance(part, FilledText | NameTemplate):
            waiting += part.parts


def nodes_of(tree: Tree) -> Iterator[Tree]:
    """A tree and all below it."""
    waiting: list[Any] = [tree]
    while waiting:
        part = waiting.pop()
        if hasattr(part, "_fields"):
            yield part
        if isinstance(part, tuple):
            waiting += part


def shape_names(template: Template | NameTemplate | None) -> Iterator[str]:
    """The tensors whose shapes an expression uses."""
    for tree in trees_of(template):
        for node in nodes_of(tree):
            if isinstance(node, Call) and node.function == SHAPE:
                argument = node.arguments[0]
                if isinstance(argument, Name):
                    yield argument.name
                elif isinstance(argument, Literal) and isinstance(argument.value, str):
                    yield argument.value
                else:
                    raise MixedUse


def has_fraction(value: object) -> bool:
    """Whether a value is a fraction, or a list that holds one."""
    if isinstance(value, tuple):
        return any(map(has_fraction, value))
    return isinstance(value, Fraction)


def templates_of(item: Item | Branch) -> Iterator[Template | NameTemplate]:
    """The values of an item itself, without those of items inside it."""
    if item.when is not None:
        yield item.when
    if item.loop is not None:
        if item.loop.repeat is not None:
            yield item.loop.repeat
        for _, template in item.loop.walks:
            yield template
    if isinstance(item, Branch):
        return
    if item.name is not None:
        yield item.name
    action = item.action
    if isinstance(action, JoinCall):
        action = action.call
    if isinstance(action, LayerCall | BlockCall | NetworkCall | TypeCall):
        yield from action.arguments.values()
    if isinstance(action, TypeCall):
        yield action.type


def parts_inside(part: Item | Branch) -> tuple[Item | Branch, ...]:
    """The items and branches inside an item or branch."""
    if isinstance(part, Branch):
        return part.items
    if isinstance(part.action, JoinCall | SideBranches):
        return part.action.branches
    return part.action.items if isinstance(part.action, ItemGroup) else ()


def all_parts(items: tuple[Item, ...]) -> Iterator[Item | Branch]:
    """All items and branches below a list of items."""
    waiting: list[Item | Branch] = list(items[::-1])
    while waiting:
        part = waiting.pop()
        yield part
        waiting += parts_inside(part)[::-1]


def sources_of(part: Item | Branch) -> Sources | None:
    return part.sources


def iterate_samples(loop: Loop, samples: list[Sample]) -> list[Sample]:
    """The names that items of a loop see, for each set of names around it."""
    found: list[Sample] = []
    for sample in samples:
        try:
            lists = [(names, template.evaluate(sample)) for names, template in loop.walks]
        except (EvaluationError, UnknownValue, SpecError, KeyError):
            # Sizes of tensors are unknown here.
            continue
        rows = zip(*(values for _, values in lists if isinstance(values, tuple)), strict=False)
        for row in rows if lists else [()]:
            names: Sample = {}
            for (keys, _), value in zip(lists, row, strict=False):
                if len(keys) == 1:
                    names[keys[0]] = value
                elif isinstance(value, tuple):
                    names.update(zip(keys, value, strict=False))
            found.append({**sample, **names, "index": 0})
            if len(found) >= MOST_SAMPLES:
                return found
    return found
