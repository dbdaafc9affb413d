"""A class of generated code: its arguments, the statements of its constructor and of `forward`, and their layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from cnncalc.errors import SpecError
from cnncalc.exporters.python_code import (
    IdentifierTable,
    SourceText,
    WrittenExpression,
    as_identifier,
    write_value,
)
from cnncalc.exporters.pytorch.expressions import (
    ANY,
    CannotWriteError,
    ItemPlace,
    NotChainError,
    SplitError,
    TensorValue,
    literal,
    same,
)
from cnncalc.exporters.pytorch.helpers import MODULE_NAMES
from cnncalc.network.build.trace import Step
from cnncalc.spec.records import Parameter
from cnncalc.spec.templates import Computed, Constant, Template
from cnncalc.syntax.expressions import ExpressionError, Value, parse

if TYPE_CHECKING:
    from cnncalc.exporters.pytorch.modules import ModuleFile

# The attributes of nn.Module, which attributes of a class must not hide.
MODULE_ATTRIBUTES = frozenset((
    "self",
    "T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu",
    "cuda", "double", "dump_patches", "eval", "extra_repr", "float", "forward", "get_buffer", "get_extra_state",
    "get_parameter", "get_submodule", "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers",
    "named_children", "named_modules", "named_parameters", "parameters", "register_backward_hook", "register_buffer",
    "register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook",
    "register_full_backward_pre_hook", "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook",
    "register_module", "register_parameter", "register_state_dict_post_hook", "register_state_dict_pre_hook",
    "requires_grad_", "set_extra_state", "set_submodule", "share_memory", "state_dict", "to", "to_empty", "train",
    "training", "type", "xpu", "zero_grad",
))  # fmt: skip
# The longest number of channels that is not replaced by a shorter expression.
LONGEST_CHANNELS = 24


@dataclass(eq=False, slots=True)
class TorchArgument:
    """An argument of a constructor. `values` are those of the uses of the class; `default` is a source.

    `kind`: `channels` of an input; `block` for a parameter of the block, or a variable of the network; `outer` for a
    name from around a block; `extra` for a value that nothing else gives.
    """

    identifier: str
    name: str
    kind: str
    values: list[Value]
    default: str | None = None
    number: int = 0

    @property
    def annotation(self) -> str:
        return annotate(self.values)


def annotate(values: Iterable[Value]) -> str:
    """The type of an argument with these values."""
    found = list(dict.fromkeys(_annotation(value) for value in values if value is not ANY))
    if set(found) == {"int", "float"}:
        return "float"
    if len(found) > 1 and all(text.startswith("Sequence") for text in found):
        return "Sequence[Any]"
    return " | ".join(found)


def _annotation(value: Value) -> str:
    if isinstance(value, tuple):
        inner = annotate(value) if value else "int"
        return f"Sequence[{inner}]"
    if isinstance(value, Fraction):
        return "float"
    if isinstance(value, SourceText):
        return "type[nn.Module]"
    return {bool: "bool", int: "int", str: "str"}.get(type(value), "Any")


@dataclass(eq=False, slots=True)
class Statement:
    """A statement of `forward` that sets `targets`. `wraps`: a function of one tensor; `guard`: under a condition."""

    targets: list[TensorValue]
    text: str
    wraps: bool = False
    guard: str = ""


@dataclass(eq=False)
class ClassWriter:
    """A class under construction, for `frames`: all uses of a block, or of a network."""

    file: ModuleFile
    name: str
    frames: list[Step]
    kind: str
    parameters: tuple[Parameter, ...] = ()
    variables: dict[str, Template] = field(default_factory=dict)
    arguments: list[TorchArgument] = field(default_factory=list)
    is_root: bool = False
    is_recursive: bool = False

    def __post_init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Forget what was written, but not the arguments: a block that uses itself is written again."""
        self.locals = IdentifierTable((*MODULE_NAMES, "layers", *(each.identifier for each in self.arguments)))
        self.attributes = IdentifierTable(MODULE_ATTRIBUTES)
        # What the constructor computes first: identifiers with their sources.
        self.prologue: dict[str, str] = {}
        self.lines: list[str] = []
        self.statements: list[Statement] = []
        self.stored: dict[str, str] = {}
        self.computed: dict[str, str] = {}
        self.inputs: list[TensorValue] = []
        self.input_names: list[str] = []
        self.outputs: list[TensorValue] = []
        self.training_outputs: list[TensorValue] = []
        self.exports: list[str] = []
        self.out_channels: WrittenExpression | None = None
        self.environment: list[dict[str, TensorValue]] = [{} for _ in self.frames]
        self.named: dict[str, TensorValue] = {}
        self.modules: list[dict[str, str]] = [{} for _ in self.frames]
        self.parts: dict[str, ClassWriter] = {}
        self.loop_names: dict[str, str] = {}
        self.helpers: set[str] = set()
        self.imports: set[str] = set()
        self.uses_out_channels = False
        self.guard = ""

    # --- names ----------------------------------------------------------------------------------

    def defines(self, name: str, place: ItemPlace) -> bool:
        """Whether a name of expressions is an argument or variable rather than a word or part of a tensor."""
        try:
            place.name_values(name)
        except CannotWriteError:
            return False
        return True

    def frame_values(self, name: str) -> list[Value]:
        """The value of a name in each use of the class. Raises CannotWriteError if a use does not have it."""
        values = []
        for frame in self.frames:
            try:
                values.append(frame.names.names[name])
            except KeyError:
                raise CannotWriteError from None
        return values

    def write_name(self, name: str, place: ItemPlace, *, in_forward: bool) -> WrittenExpression:
        """The source of a name of the spec: an argument, a constant, or a value that the constructor computes."""
        values = self.frame_values(name)
        if self.is_root and name in self.file.fixed and not isinstance(values[0], str):
            if isinstance(values[0], tuple):
                return WrittenExpression(self.file.constant(name, values[0]))
            return literal(values[0])
        wanted = place.name_values(name)
        if any(not same(values[number], value) for (number, _), value in zip(place.uses, wanted, strict=True)):
            # A loop around the place hides it.
            raise CannotWriteError
        if all(same(value, values[0]) for value in values) and _is_constant(values[0]):
            if isinstance(values[0], str):
                return WrittenExpression(write_value(values[0]))
            return WrittenExpression(self.file.constant(name, values[0]))
        if any(isinstance(value, str) for value in values):
            raise CannotWriteError
        return self.stored_name(self._argument(name, values), in_forward=in_forward)

    def stored_name(self, identifier: str, *, in_forward: bool) -> WrittenExpression:
        """An argument, or in `forward` the attribute that keeps it."""
        if not in_forward:
            return WrittenExpression(identifier)
        if identifier not in self.stored:
            self.stored[identifier] = self.attributes.take(identifier)
        return WrittenExpression(f"self.{self.stored[identifier]}")

    def _argument(self, name: str, values: list[Value]) -> str:
        if name in self.computed:
            return self.computed[name]
        for argument in self.arguments:
            if argument.name == name and argument.kind in ("block", "outer"):
                return argument.identifier
        template, kind = self._default_of(name)
        if kind == "block" and isinstance(template, Computed) and not self._is_given(name):
            return self._compute(name, template)
        default = None
        if kind == "block" and isinstance(template, Constant):
            default = write_value(template.value) if not isinstance(template.value, str) else None
        elif kind == "block" and template is not None and self.is_root:
            default = write_value(values[0])
        identifier = self.locals.take(as_identifier(name).lower())
        self.arguments.append(TorchArgument(identifier, name, kind, values, default))
        return identifier

    def _default_of(self, name: str) -> tuple[Template | None, str]:
        """The default of a parameter or variable, and the kind of its argument."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter.default, "block"
        if name in self.variables:
            return self.variables[name], "block"
        return None, "outer"

    def _is_given(self, name: str) -> bool:
        """Whether a use gives a parameter another value than its default."""
        return any(name in getattr(frame.action, "arguments", {}) for frame in self.frames)

    def _compute(self, name: str, template: Computed) -> str:
        """A value that follows from other arguments; the constructor computes it first."""
        uses = list(enumerate(self.frames))
        place = ItemPlace(self, uses, self.inputs, {}, from_inside=True)
        try:
            written = place.write(template)
        except (CannotWriteError, NotChainError):
            written = self.extra_argument(place, self.frame_values(name), name)
        if written.text.isidentifier():
            self.computed[name] = written.text
            return written.text
        identifier = self.computed[name] = self.locals.take(as_identifier(name).lower())
        self.prologue[identifier] = written.text
        return identifier

    def extra_argument(
        self, place: ItemPlace, values: Sequence[Value], name: str, *, in_forward: bool = False
    ) -> WrittenExpression:
        """An argument with the values of the uses of a place, which the callers pass."""
        found: dict[int, Value] = {}
        for (number, _), value in zip(place.uses, values, strict=True):
            if value is not ANY and not same(found.setdefault(number, value), value):
                return self._by_pass(place, values)
        known = [found.get(number, ANY) for number in range(len(self.frames))]
        if all(same(value, next(iter(found.values()))) for value in found.values()):
            return literal(next(iter(found.values())))
        if any(isinstance(value, str) and not isinstance(value, SourceText) for value in known):
            raise SplitError(dict(enumerate(known)))
        for argument in self.arguments:
            if argument.kind == "extra" and argument.values == known and argument.name == name:
                return self.stored_name(argument.identifier, in_forward=in_forward)
        identifier = self.locals.take(as_identifier(name).lower())
        self.arguments.append(TorchArgument(identifier, name, "extra", known))
        return self.stored_name(identifier, in_forward=in_forward)

    def equal_argument(self, place: ItemPlace, values: Sequence[Value]) -> WrittenExpression | None:
        """An argument of the block that always has the values of a place, which are not always the same."""
        for argument in self.arguments:
            if argument.kind != "extra" and all(
                same(argument.values[number], value) for (number, _), value in zip(place.uses, values, strict=True)
            ):
                return WrittenExpression(argument.identifier)
        return None

    def _by_pass(self, place: ItemPlace, values: Sequence[Value]) -> WrittenExpression:
        """The source of values that differ between the first pass of a loop and the others."""
        index = place.names.get("index")
        if index is None or not index.text.isidentifier():
            raise NotChainError
        first: list[Value] = []
        later: list[Value] = []
        for number, value in zip(place.name_values("index"), values, strict=True):
            if value is not ANY:
                (later if number else first).append(value)
        if not (first and later) or not all(same(value, first[0]) for value in first):
            raise NotChainError
        if not all(same(value, later[0]) for value in later):
            raise NotChainError
        return WrittenExpression(f"{literal(first[0]).text} if {index.text} == 0 else {literal(later[0]).text}", 1)

    def input_channels(self, number: int, counts: list[int]) -> WrittenExpression | None:
        """The channels of an input of the class: a number, or an argument."""
        if self.is_root:
            return literal(counts[0])
        for argument in self.arguments:
            if argument.kind == "channels" and argument.number == number:
                return WrittenExpression(argument.identifier)
        name = (
            "in_channels"
            if len(self.input_names) <= 1
            else f"{as_identifier(self.input_names[number]).lower()}_channels"
        )
        identifier = self.locals.take(name)
        self.arguments.append(TorchArgument(identifier, name, "channels", list(counts), number=number))
        return WrittenExpression(identifier)

    def find_tensor(self, name: str, place: ItemPlace) -> TensorValue | None:
        """The tensor of a name that `shape` asks for."""
        if name == "previous":
            return place.inputs[0] if place.inputs else None
        if name in self.input_names:
            return self.inputs[self.input_names.index(name)]
        return self.named.get(name)

    def value_of(self, written: WrittenExpression, number: int) -> Value:
        """The value of a source in a use of the class, if it is an expression over arguments; otherwise None."""
        names = {
            argument.identifier: argument.values[number]
            for argument in self.arguments
            if argument.values[number] is not ANY
        }
        names.update({identifier: self.frame_values(name)[number] for name, identifier in self.computed.items()})
        try:
            return parse(written.text).evaluate(names)
        except (ExpressionError, SpecError):
            return None

    @property
    def keeps_channels(self) -> bool:
        """Whether the constructor knows the channels of the output from what it uses anyway."""
        text = "" if self.out_channels is None else self.out_channels.text
        used = set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))
        return bool(text) and all(self._is_used(each) for each in self.arguments if each.identifier in used)

    def loop_name(self, name: str) -> str:
        """The variable of a loop."""
        if name not in self.loop_names:
            # Arguments keep their names.
            known = {*self.variables, *(parameter.name for parameter in self.parameters)}
            identifier = as_identifier(name).lower()
            self.loop_names[name] = self.locals.take(f"{identifier}_2" if name in known else identifier)
        return self.loop_names[name]

    def helper(self, name: str) -> str:
        self.helpers.add(name)
        return name

    def import_line(self, line: str) -> None:
        self.imports.add(line)

    # --- statements -----------------------------------------------------------------------------

    def add(self, targets: list[TensorValue], text: str, *, wraps: bool = False) -> None:
        self.statements.append(Statement(targets, text, wraps, self.guard))

    def attribute(self, name: str, otherwise: str) -> str:
        """A free name of an attribute."""
        return self.attributes.take(name, otherwise)

    @property
    def signature(self) -> list[TorchArgument]:
        """The arguments in the order of the constructor: those with a default are last.

        While the class is written, they are those that are known so far.
        """
        order = {"channels": 0, "block": 1, "outer": 2, "extra": 3}
        is_open = id(self) in self.file.open
        used = [argument for argument in self.arguments if is_open or self._is_used(argument)]
        names = [parameter.name for parameter in self.parameters] or list(self.variables)
        place = {name: number for number, name in enumerate(names)}
        return sorted(
            used,
            key=lambda each: (each.default is not None, order[each.kind], place.get(each.name, 0), each.number),
        )

    def _is_used(self, argument: TorchArgument) -> bool:
        return argument.identifier in self.stored or self.mentions(argument.identifier)

    def mentions(self, identifier: str) -> bool:
        """Whether the constructor uses a name."""
        pattern = re.compile(rf"(?<![\w.]){re.escape(identifier)}\b")
        return any(map(pattern.search, (*self.needed_values().values(), *self.lines)))

    def needed_values(self) -> dict[str, str]:
        """The values that the constructor computes first, without those that nothing uses."""
        needed: dict[str, str] = {}
        channels = self.out_channels.text if self.uses_out_channels and self.out_channels is not None else ""
        for identifier, text in reversed(self.prologue.items()):
            pattern = re.compile(rf"(?<![\w.]){re.escape(identifier)}\b")
            if identifier in self.stored or any(map(pattern.search, (*needed.values(), *self.lines, channels))):
                needed[identifier] = text
        return dict(reversed(needed.items()))


def _is_constant(value: Value) -> bool:
    """Whether a value is a constant of the module rather than an argument: a table, or a text."""
    if isinstance(value, tuple):
        return any(isinstance(item, tuple | str) for item in value) or len(value) > 8
    return isinstance(value, str)
