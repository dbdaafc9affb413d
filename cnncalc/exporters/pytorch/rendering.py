"""The lines of a class: its constructor, and `forward` with the names of its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from cnncalc.exporters.python_code import INDENT, WIDTH, IdentifierTable, as_identifier, layout, write_docstring
from cnncalc.exporters.pytorch.helpers import HELPER_NAMES, MODULE_NAMES

if TYPE_CHECKING:
    from cnncalc.exporters.pytorch.classes import ClassWriter, Statement, TorchArgument
    from cnncalc.exporters.pytorch.expressions import TensorValue

# A number that is rounded.
ROUNDED = re.compile(r"\b(?:int|round|math\.\w+|make_divisible)\((?:[^()]|\([^()]*\))*\)")
MARK = re.compile("\0(\\d+)\0")
LONGEST_NESTED = 76


def render_class(writer: ClassWriter, *, is_final: bool = True) -> Iterator[str]:
    """The lines of the class; without docstring and defaults unless `is_final`."""
    yield f"class {writer.name}(nn.Module):"
    if writer.is_root and is_final:
        yield from write_docstring(writer.file.description, INDENT)
        yield ""
    body = [f"{identifier} = {text}" for identifier, text in writer.needed_values().items()]
    body += [f"self.{attribute} = {identifier}" for identifier, attribute in writer.stored.items()]
    body += writer.lines
    if writer.uses_out_channels and writer.out_channels is not None:
        body.append(f"self.out_channels = {writer.out_channels.text}")
    signature = writer.signature
    if body:
        listed = ", ".join(
            f"{each.identifier}: {_annotation_of(writer, each)}"
            + ("" if each.default is None or not is_final else f" = {each.default}")
            for each in signature
        )
        opening = f"def __init__(self, {listed}) -> None:" if listed else "def __init__(self) -> None:"
        yield from layout(opening, INDENT)
        yield f"{INDENT * 2}super().__init__()"
        for line in body:
            depth = len(line) - len(line.lstrip(" "))
            yield from layout(line.lstrip(" "), INDENT * 2 + " " * depth)
        yield ""
    yield from render_forward(writer)


def _annotation_of(writer: ClassWriter, argument: TorchArgument) -> str:
    """The type of an argument; a whole number that only scales others, such as a width of 1, may be a fraction."""
    if not writer.is_root or argument.values != [1] or argument.annotation != "int":
        return argument.annotation
    name = rf"(?<![\w.]){argument.identifier}\b"
    text = re.sub(rf"\b{argument.identifier}={name}", "", "\n".join([*writer.needed_values().values(), *writer.lines]))
    rest = ROUNDED.sub("", text)
    return "float" if rest != text and re.search(name, text) and not re.search(name, rest) else "int"


def render_forward(writer: ClassWriter) -> Iterator[str]:
    """The lines of the method `forward`."""
    body = _Body(writer)
    count = len(writer.outputs)
    optional = " | None" if body.unset else ""
    hint = f"Tensor{optional}" if count == 1 else f"tuple[Tensor{optional}, ...]"
    if writer.training_outputs:
        hint = f"{hint} | tuple[Tensor, ...]" if count == 1 else hint
    inputs = ", ".join(f"{body.names[id(value)]}: Tensor" for value in writer.inputs)
    yield from layout(f"def forward(self{', ' if inputs else ''}{inputs}) -> {hint}:", INDENT)
    yield from body.lines()


class _Body:
    def __init__(self, writer: ClassWriter) -> None:
        self.writer = writer
        self.statements = self._live(writer.statements)
        self._nest()
        self.names: dict[int, str] = {}
        self._name_values()
        self.unset = self._unset_outside_training()

    def _returned(self) -> list[TensorValue]:
        return [*self.writer.outputs, *self.writer.training_outputs]

    def _live(self, statements: list[Statement]) -> list[Statement]:
        """Statements without those that only give another name to a tensor."""
        aliases: dict[str, str] = {}
        kept = []
        for each in statements:
            statement = replace(each)
            statement.text = MARK.sub(lambda found: aliases.get(found.group(), found.group()), statement.text)
            if len(statement.targets) == 1 and MARK.fullmatch(statement.text):
                aliases[statement.targets[0].mark] = statement.text
                continue
            kept.append(statement)
        self.aliases = aliases
        return kept

    def _mark(self, value: TensorValue) -> str:
        return self.aliases.get(value.mark, value.mark)

    def _counts(self) -> dict[str, int]:
        """How often each tensor is read."""
        counts: dict[str, int] = {}
        for statement in self.statements:
            for found in MARK.finditer(statement.text):
                counts[found.group()] = counts.get(found.group(), 0) + 1
        for value in self._returned():
            mark = self._mark(value)
            counts[mark] = counts.get(mark, 0) + 1
        return counts

    def _nest(self) -> None:
        """Write functions of one tensor around its expression, if nothing else reads it."""
        counts = self._counts()
        kept: list[Statement] = []
        for statement in self.statements:
            before = kept[-1] if kept else None
            if (
                statement.wraps
                and before is not None
                and before.guard == statement.guard
                and len(before.targets) == 1
                and statement.text.count(before.targets[0].mark) == 1
                and counts.get(before.targets[0].mark) == 1
                and len(MARK.sub("x", before.text)) + len(MARK.sub("x", statement.text)) <= LONGEST_NESTED
            ):
                statement.text = statement.text.replace(before.targets[0].mark, before.text)
                kept.pop()
            kept.append(statement)
        self.statements = kept

    def _name_values(self) -> None:
        """Name the tensors: those on one path share a name, unless one is still read after the next is set."""
        values = [*self.writer.inputs]
        begin = {value.mark: -1 for value in values}
        last: dict[str, int] = {}
        for number, statement in enumerate(self.statements):
            for found in MARK.finditer(statement.text):
                last[found.group()] = number
            for value in statement.targets:
                begin[value.mark] = number
                values.append(value)
        for value in self._returned():
            last[self._mark(value)] = len(self.statements)
        hidden = {*MODULE_NAMES, *HELPER_NAMES}
        table = IdentifierTable({*hidden, *(as_identifier(value.name).lower() for value in values)})
        by_name: dict[str, list[TensorValue]] = {}
        for value in values:
            by_name.setdefault(as_identifier(value.name).lower(), []).append(value)
        for name, sharing in by_name.items():
            for value, following in zip(sharing, [*sharing[1:], None], strict=True):
                own = last.get(value.mark, begin[value.mark])
                if value.mark not in last and value not in self.writer.inputs:
                    self.names[id(value)] = "_"
                elif following is not None and begin[following.mark] < own:
                    self.names[id(value)] = table.take(as_identifier(value.own_name or name).lower())
                else:
                    self.names[id(value)] = IdentifierTable(hidden).take(name)
        self.texts = {value.mark: self.names[id(value)] for value in values}

    def _fill(self, text: str) -> str:
        return MARK.sub(lambda found: self.texts.get(found.group(), "x"), text)

    def _unset_outside_training(self) -> list[str]:
        """The names of the outputs that only training computes; a block returns them to its network, which knows."""
        returned = {self._mark(value) for value in self.writer.outputs}
        guarded = [value for statement in self.statements if statement.guard for value in statement.targets]
        return [self.names[id(value)] for value in guarded if value.mark in returned]

    def lines(self) -> Iterator[str]:
        statements = list(self.statements)
        writer = self.writer
        final = None
        if (
            statements
            and len(writer.outputs) == 1
            and not writer.training_outputs
            and len(statements[-1].targets) == 1
            and self._mark(writer.outputs[0]) == statements[-1].targets[0].mark
            and not statements[-1].guard
        ):
            final = statements.pop()
        guard = ""
        if self.unset:
            yield f"{INDENT * 2}{' = '.join(self.unset)} = None"
        for statement in statements:
            if statement.guard and statement.guard != guard:
                yield f"{INDENT * 2}if {statement.guard}:"
            guard = statement.guard
            targets = ", ".join(self.names[id(value)] for value in statement.targets)
            indent, text = INDENT * (3 if guard else 2), self._fill(statement.text)
            if len(statement.targets) > 1 and len(f"{indent}{targets} = {text}") > WIDTH:
                yield f"{indent}("
                yield from (f"{indent}{INDENT}{self.names[id(value)]}," for value in statement.targets)
                yield f"{indent}) = {text}"
                continue
            yield from layout(f"{targets} = {text}", indent)
        if final is not None:
            yield from layout(f"return {self._fill(final.text)}", INDENT * 2)
            return
        results = [self.texts[self._mark(value)] for value in writer.outputs]
        if writer.training_outputs:
            more = [self.texts[self._mark(value)] for value in writer.training_outputs]
            yield f"{INDENT * 2}if self.training:"
            yield from _layout_return([*results, *more], INDENT * 3)
        yield from _layout_return(results, INDENT * 2)


def _layout_return(results: list[str], indent: str) -> Iterator[str]:
    listed = ", ".join(results)
    is_long = len(indent) + len(f"return {listed}") > WIDTH
    yield from layout(f"return ({listed})" if is_long else f"return {listed}", indent)
