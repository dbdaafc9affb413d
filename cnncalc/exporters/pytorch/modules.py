"""The file of generated code: its classes in the order of their use, constants, helpers and imports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnncalc.errors import Problem, SpecError
from cnncalc.exporters.python_code import IdentifierTable, as_class_name, describe_network, layout, write_value
from cnncalc.exporters.pytorch.blocks import BodyWriter
from cnncalc.exporters.pytorch.classes import ClassWriter
from cnncalc.exporters.pytorch.expressions import NotChainError, SplitError
from cnncalc.exporters.pytorch.helpers import HELPER_NAMES, MODULE_NAMES, helper_source
from cnncalc.exporters.pytorch.program import ClassKey, TracedProgram, key_of
from cnncalc.exporters.pytorch.rendering import render_class
from cnncalc.network.build.trace import Step
from cnncalc.spec.records import Item, JoinCall
from cnncalc.spec.templates import Template
from cnncalc.syntax.expressions import Value

# How often a block that uses itself is written until its arguments are known.
MOST_ROUNDS = 8


class ModuleFile:
    """The classes of a network, each written when it is first used."""

    def __init__(self, program: TracedProgram, fixed: frozenset[str] = frozenset()) -> None:
        self.program = program
        self.fixed = fixed
        network = program.network
        self.description = describe_network(network)
        self.names = IdentifierTable((*MODULE_NAMES, *HELPER_NAMES))
        self.classes: list[ClassWriter] = []
        self.by_frame: dict[int, ClassWriter] = {}
        self.group_frames: dict[ClassKey, list[Step]] = {}
        self.open: set[int] = set()
        self.problems: dict[object, Problem] = {}
        self.constants: dict[str, str] = {}
        self.root_name = self.names.take_class(network.name, "Network")

    def add_problem(self, problem: Problem) -> None:
        """Add a layer that cannot be written; items that are written several times are named once."""
        self.problems.setdefault(problem.span, problem)

    def write(self) -> ClassWriter:
        """Write all classes, and return that of the network. Raises SpecError with all that PyTorch does not have."""
        try:
            root = self.class_for(self.program.root)
        except SpecError as error:
            raise SpecError([*self.problems.values()] or error.problems) from None
        if self.problems:
            raise SpecError([*self.problems.values()])
        return root

    def constant(self, name: str, value: Value) -> str:
        """The name of a constant of the file."""
        text = write_value(value)
        for known, written in self.constants.items():
            if written == text and known.startswith(name.upper()):
                return known
        identifier = self.names.take(f"{name}".upper() if name.isascii() else "TABLE", "TABLE")
        self.constants[identifier] = text
        return identifier

    def class_for(self, frame: Step, key: ClassKey | None = None) -> ClassWriter:
        """The class of a use of a block. Writes it, and those of all uses of that block, if it is the first."""
        if id(frame) not in self.by_frame:
            key = key_of(frame) if key is None else key
            frames = self.group_frames[key] if key in self.group_frames else self.program.frames[key]
            by_exports: dict[object, list[Step]] = {}
            for each in frames:
                names = [name[len(each.path) + 1 :] for name in self.program.exports.get(id(each), ())]
                by_exports.setdefault((tuple(names), len(each.inputs)), []).append(each)
            for group in by_exports.values():
                self._write(group, key)
        return self.by_frame[id(frame)]

    def _write(self, frames: list[Step], key: ClassKey) -> None:
        """Write a class for uses, or several if they differ too much."""
        try:
            self._write_class(frames, key)
        except NotChainError:
            if len(frames) == 1:
                raise _refuse(frames[0]) from None
            for frame in frames:
                self._write([frame], key)
        except SplitError as error:
            parts: dict[object, list[Step]] = {}
            for number, frame in enumerate(frames):
                parts.setdefault(error.keys.get(number, "absent"), []).append(frame)
            if len(parts) == 1:
                raise _refuse(frames[0]) from None
            for part in parts.values():
                self._write(part, key)

    def _write_class(self, frames: list[Step], key: ClassKey) -> None:
        writer = self._new_class(frames, key)
        for frame in frames:
            self.by_frame[id(frame)] = writer
        try:
            for _ in range(MOST_ROUNDS):
                known = len(writer.arguments)
                writer.start_over()
                self.open.add(id(writer))
                BodyWriter(writer).write()
                self.open.discard(id(writer))
                if len(writer.arguments) == known or not writer.is_recursive:
                    break
        except (SplitError, NotChainError):
            self.open.discard(id(writer))
            self.names.taken.discard(writer.name)
            for frame in frames:
                self.by_frame.pop(id(frame), None)
            raise
        self.classes.append(writer)

    def _new_class(self, frames: list[Step], key: ClassKey) -> ClassWriter:
        first = frames[0]
        spec = first.names.network.spec
        is_root = first.item is None
        if is_root or (isinstance(key, tuple) and key[0] == "network"):
            variables: dict[str, Template] = dict(spec.variables)
            name = self.root_name if is_root else self.names.take_class(spec.name, "Network")
            return ClassWriter(self, name, frames, "network", variables=variables, is_root=is_root)
        if isinstance(key, tuple) and key[0] == "block":
            block = first.scope.network.spec.blocks[key[2]]
            name = self.names.take_class(as_class_name(key[2]), "Block")
            return ClassWriter(self, name, frames, "block", parameters=block.parameters)
        return ClassWriter(self, self.names.take_class(self._group_name(first), "Stage"), frames, "group")

    def _group_name(self, step: Step) -> str:
        """The name of a class for the passes of an item."""
        item = step.item
        parts = item.name.parts if isinstance(item, Item) and item.name is not None else ()
        texts = [part for part in parts if isinstance(part, str)]
        if texts and texts[0].strip("_-/."):
            return as_class_name(texts[0].strip("_-/."))
        if isinstance(item, Item) and isinstance(item.action, JoinCall):
            labels = [branch.name for branch in item.action.branches if branch.name]
            return as_class_name(f"{labels[0]}_{item.type}") if labels else as_class_name(item.type)
        return "Stage"

    @property
    def root_arguments(self) -> dict[str, Value]:
        """The variables that are arguments of the network's class, with their values."""
        root = self.write()
        return {argument.name: argument.values[0] for argument in root.signature}

    def code(self) -> list[str]:
        """The code without the values of variables and without totals, to compare networks."""
        root = self.write()
        constants = [f"{name} = {text}" for name, text in self.constants.items()]
        return [
            *constants,
            *(line for writer in self.classes for line in render_class(writer, is_final=writer is not root)),
        ]

    def lines(self) -> Iterator[str]:
        """The lines of the file."""
        self.write()
        rendered = self._needed([(writer.name, list(render_class(writer))) for writer in self.classes])
        code = [line for lines in rendered for line in _without_docstring(lines)]
        helpers = self._helpers_in("\n".join(code))
        text = "\n".join([*code, *helpers])
        yield from self._imports(text)
        for number, (name, value) in enumerate(self._constants_in(text)):
            if not number:
                yield ""
            yield from layout(f"{name} = {value}")
        for source in helpers:
            yield ""
            yield ""
            yield from source.rstrip("\n").split("\n")
        for lines in rendered:
            yield ""
            yield ""
            yield from lines

    def _needed(self, rendered: list[tuple[str, list[str]]]) -> list[list[str]]:
        """The classes that the network uses; a class may have been written for a loop that was then given up."""
        needed: list[list[str]] = []
        for name, lines in reversed(rendered):
            if not needed or any(f"{name}(" in line for other in needed for line in other):
                needed.append(lines)
        return needed[::-1]

    def _helpers_in(self, text: str) -> list[str]:
        used = sorted({name for writer in self.classes for name in writer.helpers if f"{name}(" in text})
        return [helper_source(name) for name in used]

    def _constants_in(self, text: str) -> Sequence[tuple[str, str]]:
        return [(name, value) for name, value in self.constants.items() if _has_word(text, name)]

    def _imports(self, text: str) -> Iterator[str]:
        yield "from __future__ import annotations"
        yield ""
        standard = []
        if _has_word(text, "math"):
            standard.append("import math")
        if _has_word(text, "Sequence"):
            standard.append("from collections.abc import Sequence")
        if _has_word(text, "Any"):
            standard.append("from typing import Any")
        if standard:
            yield from standard
            yield ""
        if _has_word(text, "torch"):
            yield "import torch"
        if _has_word(text, "F"):
            yield "import torch.nn.functional as F"
        yield "from torch import Tensor, nn"
        yield from sorted({line for writer in self.classes for line in writer.imports if line.startswith("from")})


def _without_docstring(lines: list[str]) -> list[str]:
    """The lines of a class without its docstring, whose words are no code."""
    if len(lines) < 2 or not lines[1].lstrip().startswith('"""'):
        return lines
    end = next(
        number
        for number, line in enumerate(lines)
        if (number and line.endswith('"""') and line.strip() != '"""') or (number > 1 and line.strip() == '"""')
    )
    return [lines[0], *lines[end + 1 :]]


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w.\"'`]){word}\b", text) is not None


def _refuse(frame: Step) -> SpecError:
    message = "items of this block read or share what is inside other blocks or loops, which a class cannot"
    return SpecError([Problem(_span(frame), message, "export it with --to onnx, which has layers only")])


def _span(step: Step):  # type: ignore[no-untyped-def]
    return step.item.span if step.item is not None else step.names.network.spec.span
