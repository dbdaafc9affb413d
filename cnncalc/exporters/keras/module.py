"""The Python module that an export to Keras becomes: imports, helpers and functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from cnncalc.errors import Problem, Span, SpecError
from cnncalc.exporters.keras.helpers import HELPERS
from cnncalc.exporters.keras.layers import CURRENT, LayerSite, LayerStep, MixedUse, Unsupported, steps_of
from cnncalc.exporters.python_code import (
    INDENT,
    MAKE_DIVISIBLE,
    WIDTH,
    IdentifierTable,
    as_identifier,
    describe_network,
    layout,
    write_docstring,
)
from cnncalc.network.records import LayerGraph

# The names that the module imports, each with a pattern of its use.
IMPORTS = (
    ("import math", r"\bmath\."),
    ("from collections.abc import Callable", r"\bCallable\["),
    ("from functools import partial", r"\bpartial\("),
    ("from typing import Any", r"\bAny\b"),
)
IMPORTED = ("OVERRIDES", "setting", "math", "Callable", "partial", "Any", "keras", "layers", "ops")
FUNCTIONS = {"make_divisible": MAKE_DIVISIBLE}


class CodeLines:
    """Lines of a function, at the current depth of indentation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 1
        # The last statement, the number of lines before it, and its depth.
        self.last = ("", 0, 0)
        # The last condition, and the number of lines and the depth after the part under it.
        self.condition = ("", 0, 0)
        # The numbers of lines before and after the line that begins each open condition.
        self.opened: list[tuple[int, int]] = []

    def add(self, statement: str) -> None:
        self.last = (statement, len(self.lines), self.depth)
        self.lines += layout(statement, INDENT * self.depth)

    def give_back(self, source: str) -> None:
        """Return a value; of a variable that the last statement assigns, the value itself."""
        statement, before, depth = self.last
        is_last = len(self.lines) == before + len(list(layout(statement, INDENT * depth)))
        if is_last and depth == self.depth and statement.startswith(f"{source} = "):
            del self.lines[before:]
            source = statement.removeprefix(f"{source} = ")
        self.add(f"return {source}")

    def open(self, statement: str) -> None:
        """Begin an indented part."""
        self.add(statement)
        self.depth += 1

    def close(self) -> None:
        self.depth -= 1

    def open_condition(self, condition: str, *, can_be_else: bool) -> None:
        """Begin a part under a condition: after the part under its opposite, that is an else."""
        before = len(self.lines)
        if can_be_else and (f"not {self.condition[0]}", *self.condition[1:]) == (
            condition,
            len(self.lines),
            self.depth,
        ):
            self.open("else:")
        else:
            self.open(f"if {condition}:")
        self.opened.append((before, len(self.lines)))

    def close_condition(self, condition: str) -> None:
        """End a part under a condition; one that is empty is removed with its condition."""
        self.close()
        begin = self.opened.pop()
        if all(line.lstrip().startswith("#") for line in self.lines[begin[1] :]):
            del self.lines[begin[0] :]
            self.last = ("", 0, 0)
            return
        self.condition = (condition, len(self.lines), self.depth)


def write_signature(function: str, parameters: list[str], returned: str) -> list[str]:
    """The lines that begin a function."""
    line = f"def {function}({', '.join(parameters)}) -> {returned}:"
    if len(line) <= WIDTH:
        return [line]
    joined = f"{INDENT}{', '.join(parameters)}"
    lines = [joined] if len(joined) <= WIDTH else [line for one in parameters for line in layout(f"{one},", INDENT)]
    return [f"def {function}(", *lines, *layout(f") -> {returned}:")]


# The names that functions give to their own variables.
LOCAL_NAMES = ("x", "name", "inputs", "outputs", "index", "auxiliary_heads")


class KerasModule:
    """The parts of a generated module, in the order of their definition."""

    def __init__(self) -> None:
        self.identifiers = IdentifierTable((*IMPORTED, *HELPERS, *FUNCTIONS))
        self.helpers: list[str] = []
        self.functions: list[list[str]] = []

    def take_function(self, name: str, otherwise: str = "block") -> str:
        """A free name of a function that no variable inside functions hides."""
        identifier = as_identifier(name, otherwise)
        return self.identifiers.reserve(f"{identifier}_{otherwise}" if identifier in LOCAL_NAMES else identifier)

    def use(self, helper: str) -> str:
        """The name of a helper, which the module then defines."""
        if helper not in self.helpers:
            self.helpers.append(helper)
        return helper

    def lines(self) -> Iterator[str]:
        definitions = [(HELPERS | FUNCTIONS)[name].rstrip("\n").split("\n") for name in self.helpers]
        definitions += self.functions
        body = [line for definition in definitions for line in definition]
        code = "\n".join(map(_without_texts, body))
        standard = [text for text, pattern in IMPORTS if re.search(pattern, code)]
        yield from standard
        if standard:
            yield ""
        yield "import keras"
        names = [name for name in ("layers", "ops") if re.search(rf"\b{name}\.", code)]
        if names:
            yield f"from keras import {', '.join(names)}"
        for definition in definitions:
            yield from ("", "")
            yield from definition


def _without_texts(line: str) -> str:
    """A line without its literals of text; values inside formatted ones stay."""
    return re.sub(r"""(?<!f)("[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')""", '""', line)


def emit_steps(
    code: CodeLines,
    steps: Iterable[LayerStep],
    operands: list[str],
    target: str,
    *,
    objects: list[str] | None = None,
) -> str:
    """Write the steps of a layer, and return the variable of its output; `objects` are variables of layer objects."""
    shared = iter(objects or ())
    for step in steps:
        written = step.write(operands)
        if step.layer and objects is not None:
            written = written.replace(step.layer.replace(CURRENT, operands[0]), next(shared), 1)
        if step.guard:
            if operands != [target]:
                code.add(f"{target} = {operands[0]}")
            code.open(f"if {step.guard}:")
            code.add(f"{target} = {step.write([target])}")
            code.close()
        else:
            code.add(f"{target} = {written}")
        operands = [target]
    return operands[0]


def find_steps(site: LayerSite, name: str) -> list[LayerStep]:
    """The steps of a layer. Raises SpecError if Keras cannot hold it, and MixedUse."""
    try:
        return steps_of(site)
    except Unsupported as error:
        raise refuse(site.span, f"{name}: {error.message}", error.hint) from None


def refuse(span: Span, message: str, hint: str = "") -> SpecError:
    return SpecError([Problem(span, message, hint)])


def document(network: LayerGraph) -> list[str]:
    return list(write_docstring(describe_network(network), INDENT))


__all__ = ["CodeLines", "KerasModule", "MixedUse", "document", "emit_steps", "find_steps", "refuse"]
Helper = Callable[[str], str]
