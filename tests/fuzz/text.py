"""A program as the text of a spec, in one of the many ways that there are to write it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from fuzz.choices import Choices
from fuzz.program import (
    Block,
    BlockUse,
    Branch,
    Decimal,
    Expression,
    Item,
    JoinUse,
    LayerUse,
    Loop,
    Program,
    Sides,
)

from cnncalc.layers import all_types
from cnncalc.spec.records import is_one_list

PLAIN = re.compile(r"[^\W\d_][\w ./+*()]*(?<! )\Z")
NOT_PLAIN = ("null", "Null", "NULL", "true", "True", "false", "False")


class Text(NamedTuple):
    """The text of a spec, and the line and column of each of its items, by their identity."""

    text: str
    places: dict[int, tuple[int, int]]


class Marked(str):
    """A word whose place is noted down for an item."""

    __slots__ = ("item",)
    item: int


def write(program: Program, choices: Choices) -> Text:
    """The text of a program."""
    return _Writer(choices, program).text()


class _Writer:
    def __init__(self, choices: Choices, program: Program) -> None:
        self.choices = choices
        self.program = program
        self.parameters = {block.name: [name for name, _ in block.parameters] for block in program.blocks}
        self.lines: list[str] = [""]
        self.places: dict[int, tuple[int, int]] = {}
        # One decision for the whole keeps cases small; single places differ by `chance`.
        self.flow_percent = choices.pick((0, 20, 60))
        self.quote_percent = choices.pick((0, 20))

    def text(self) -> Text:
        program = self.program
        top: dict[str, Any] = {"name": self.choices.pick(("made", "a: b # c", "ü [red]", "=1+1"))}
        only = program.inputs[0] if len(program.inputs) == 1 else None
        top["input"] = (
            list(only[1]) if only and only[0] == "input" else {name: list(shape) for name, shape in program.inputs}
        )
        if program.variables:
            top["variables"] = {name: self.value(value) for name, value in program.variables}
        if program.blocks:
            top["blocks"] = {self.signature(block): self.items(block.items) for block in program.blocks}
        top["layers"] = self.items(program.items)
        if program.outputs:
            names = [name.text for name in program.outputs]
            top["outputs"] = names[0] if len(names) == 1 and self.choices.chance(50) else names
        if self.choices.chance(20):
            self.newline("# a comment: with [brackets]")
            self.newline("")
        self.mapping(top, 0)
        return Text("\n".join([*self.lines, ""]), self.places)

    # --- the program as lists and mappings ----------------------------------------------------------

    def signature(self, block: Block) -> str:
        inside = ", ".join(name if value is None else f"{name}={value.text}" for name, value in block.parameters)
        return f"{block.name}({inside})" if inside or self.choices.chance(10) else block.name

    def items(self, items: tuple[Item, ...]) -> Any:
        return [self.item(item) for item in items] or self.choices.pick(([], None))

    def item(self, item: Item) -> Any:
        key = Marked(item.type)
        key.item = id(item)
        action = item.action
        if isinstance(action, LayerUse):
            arguments = self.arguments(action.settings, tuple(all_types()[action.type].settings), action.type)
        elif isinstance(action, BlockUse):
            arguments = self.arguments(action.arguments, tuple(self.parameters[action.block]), None)
        elif isinstance(action, JoinUse):
            arguments = self.join(action)
        elif isinstance(action, Sides):
            arguments = self.branches(action.branches)
        else:
            arguments = self.items(action.items)
        modifiers = self.modifiers(item)
        alone = isinstance(action, LayerUse | BlockUse) and arguments is None and not modifiers
        if alone and self.choices.chance(90):
            return key
        pairs = [(key, arguments), *modifiers.items()]
        return dict(self.choices.shuffled(pairs) if self.choices.chance(15) else pairs)

    def modifiers(self, at: Item | Branch) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if isinstance(at, Item) and at.name is not None:
            found["name"] = at.name.text
        if at.sources:
            keyed = {key: name.text for key, name in at.sources if key is not None}
            names = [name.text for _, name in at.sources]
            found["from"] = keyed or (names[0] if len(names) == 1 and self.choices.chance(80) else names)
        if at.loop is not None:
            found.update(self.loop(at.loop))
        if at.when is not None:
            found["when"] = self.value(at.when)
        if isinstance(at, Item) and at.weights is not None:
            found["weights"] = at.weights.text
        if isinstance(at, Item) and (at.training_only or self.choices.chance(1)):
            found["training_only"] = at.training_only
        return found

    def loop(self, loop: Loop) -> dict[str, Any]:
        found = {} if loop.repeat is None else {"repeat": self.value(loop.repeat)}
        if loop.walks:
            found["for"] = {", ".join(words): self.value(values) for words, values in loop.walks}
        return found

    def join(self, action: JoinUse) -> Any:
        labels = [branch.label for branch in action.branches]
        if all(label is not None for label in labels):
            settings = {name: self.value(value) for name, value in action.layer.settings}
            return {**settings, **self.branches(action.branches)}
        if action.layer.settings:
            settings = {name: self.value(value) for name, value in action.layer.settings}
            return {**settings, "branches": self.branches(action.branches)}
        return self.branches(action.branches)

    def branches(self, branches: tuple[Branch, ...]) -> Any:
        if all(branch.label is not None for branch in branches):
            return {branch.label: self.branch(branch) for branch in branches}
        return [self.branch(branch) for branch in branches]

    def branch(self, branch: Branch) -> Any:
        modifiers = self.modifiers(branch)
        if not modifiers and self.choices.chance(90):
            return self.items(branch.items)
        return {**modifiers, "layers": self.items(branch.items)}

    def arguments(self, given: tuple[tuple[str, Any], ...], names: tuple[str, ...], layer: str | None) -> Any:
        """Arguments alone, by position or by name."""
        if not given:
            return None
        written = {name: self.value(value) for name, value in given}
        by_position = [written[name] for name in names[: len(written)]] if [*written] == [*names[: len(given)]] else []
        one_list = layer is not None and is_one_list(tuple(all_types()[layer].settings.values()))
        if len(by_position) == 1 and self.choices.chance(70):
            (alone,) = by_position
            if (one_list or not isinstance(alone, list)) and alone is not None:
                return alone
        if by_position and not one_list and self.choices.chance(50):
            return by_position
        return dict(self.choices.shuffled([*written.items()])) if self.choices.chance(20) else written

    def value(self, value: Any) -> Any:
        if isinstance(value, Expression | Decimal):
            return value.text
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    # --- lists and mappings as text -----------------------------------------------------------------

    def newline(self, text: str) -> None:
        self.lines.append(text)

    def add(self, text: str) -> None:
        self.lines[-1] += text

    def scalar(self, value: Any) -> None:
        if isinstance(value, Marked):
            self.places[value.item] = (len(self.lines), len(self.lines[-1]) + 1)
        if value is None:
            self.add(self.choices.pick(("null", "~")))
        elif isinstance(value, bool):
            self.add("true" if value else "false")
        elif isinstance(value, int):
            self.add(str(value))
        elif self.stays_plain(value):
            self.add(value)
        elif self.choices.chance(30):
            self.add('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"')
        else:
            self.add("'" + value.replace("'", "''") + "'")

    def stays_plain(self, word: str) -> bool:
        """Whether a text is written without quotes."""
        if word in ("true", "false") or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", word):
            return True
        readable = PLAIN.match(word) and word not in NOT_PLAIN
        return bool(readable) and (isinstance(word, Marked) or not self.choices.chance(self.quote_percent))

    def flow(self, node: Any) -> None:
        if isinstance(node, dict):
            self.add("{")
            for number, (key, value) in enumerate(node.items()):
                self.add(", " if number else "")
                self.scalar(key)
                self.add(": ")
                self.flow(value)
            self.add("}")
        elif isinstance(node, list):
            self.add("[")
            for number, value in enumerate(node):
                self.add(", " if number else "")
                self.flow(value)
            self.add("]")
        else:
            self.scalar(node)

    def inline(self, node: Any, indent: int) -> None:
        """What stands behind a key."""
        simple = isinstance(node, list) and all(isinstance(item, int) for item in node)
        if not isinstance(node, dict | list):
            if node is None and self.choices.chance(50):
                return
            self.add(" ")
            self.scalar(node)
        elif not node or simple or self.choices.chance(self.flow_percent):
            self.add(" ")
            self.flow(node)
        elif isinstance(node, dict):
            self.mapping(node, indent + 2)
        else:
            for value in node:
                self.newline(" " * (indent + 2) + "- ")
                self.entry(value, indent + 4)

    def entry(self, node: Any, indent: int) -> None:
        """What stands behind a dash."""
        if isinstance(node, dict) and node and not self.choices.chance(self.flow_percent):
            self.mapping(node, indent, first_here=True)
        else:
            self.flow(node)

    def mapping(self, node: dict[str, Any], indent: int, *, first_here: bool = False) -> None:
        for number, (key, value) in enumerate(node.items()):
            if number or not first_here:
                self.newline(" " * indent)
            self.scalar(key)
            self.add(":")
            self.inline(value, indent)
