"""Loops of a spec as loops of the constructor: each pass gives modules of one nn.Sequential."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncalc.exporters.python_code import WrittenExpression, as_identifier
from cnncalc.exporters.pytorch.expressions import (
    CannotWriteError,
    ItemPlace,
    NotChainError,
    SplitError,
    TensorValue,
    Use,
    split_by,
    substitute,
)
from cnncalc.exporters.pytorch.layers import SAME_CHANNELS
from cnncalc.network.build.trace import Step
from cnncalc.record import Record
from cnncalc.spec.records import BlockCall, Item, ItemGroup, JoinCall, LayerCall, Loop, NetworkCall
from cnncalc.spec.templates import Constant, Template

if TYPE_CHECKING:
    from cnncalc.exporters.pytorch.branches import BranchWriter
    from cnncalc.exporters.pytorch.classes import ClassWriter
    from cnncalc.exporters.pytorch.inputs import Names

# The name of a tensor's channels while the body of a loop is written; no spec can have it.
CARRIED = "carried__"


class ModulePart(Record):
    """The source of a module, and the condition under which it exists."""

    text: str
    condition: str = ""


class LoopCode(Record):
    """A loop: its header, the modules of one pass, and the number of channels that it carries from pass to pass."""

    header: str
    parts: list[ModulePart]
    index_name: str
    carried: str
    before: str
    after: str
    channels: WrittenExpression | None


class ChainWriter:
    """Writes items as modules that follow each other. Raises NotChainError where that is not possible."""

    def __init__(self, body: BranchWriter) -> None:
        self.body = body
        self.writer = body.writer
        self.program = body.program

    def loop(
        self,
        item: Item,
        around: list[Use],
        gathered: list[tuple[int, list[Step]]],
        current: TensorValue,
        names: Names,
        *,
        label: str,
    ) -> TensorValue:
        """A loop as an nn.Sequential of the class."""
        for number, steps in gathered:
            if not self.program.is_closed(steps, self.body.frames[number].path):
                raise NotChainError
        code = self._loop_code(item, around, gathered, current, names)
        name = self._name(item, code)
        attribute = self.writer.attribute(name, as_identifier(item.type))
        is_first = not any(line.startswith("layers: ") for line in self.writer.lines)
        self.writer.lines += _write_loop(attribute, code, is_first=is_first)
        target = TensorValue(label, self.body.value_name(name), code.channels)
        self.writer.add([target], f"self.{attribute}({current.mark})")
        for number, steps in gathered:
            if steps and steps[-1].result is not None:
                self.writer.environment[number][steps[-1].result.name] = target
        self._record(item, gathered, target)
        return target

    def _record(self, item: Item, gathered: list[tuple[int, list[Step]]], target: TensorValue) -> None:
        """Let later items read the last pass, or all passes under one name."""
        paths = {self.body.relative(number, steps[-1].path) for number, steps in gathered if steps}
        if len(paths) == 1:
            path = paths.pop()
            self.writer.named[path] = target
            if item.name is None or item.name.constant is not None:
                self.writer.named[path.rpartition(".")[0]] = target

    def _name(self, item: Item, code: LoopCode) -> str:
        """The name of a loop: that of its item without the number of the pass."""
        if item.name is not None:
            text = "".join(part for part in item.name.parts if isinstance(part, str)).strip("_-/.+")
            if text:
                return text
        if code.parts[0].text.startswith("Stage"):
            return "stages"
        if isinstance(item.action, ItemGroup):
            for inner in item.action.items:
                parts = inner.name.parts if inner.name is not None else ()
                text = "".join(part for part in parts if isinstance(part, str)).strip("_-/.+")
                if text or isinstance(inner.action, BlockCall):
                    return text or inner.type
            return "layers"
        return item.type

    def _loop_code(
        self,
        item: Item,
        around: list[Use],
        gathered: list[tuple[int, list[Step]]],
        current: TensorValue,
        names: Names,
    ) -> LoopCode:
        uses = [(number, step) for number, steps in gathered for step in steps]
        loop = item.loop
        if loop is None or not uses:
            raise NotChainError
        inner_names = {**names, **{name: WrittenExpression(self.writer.loop_name(name)) for name in sorted(loop.names)}}
        carried = TensorValue("x", "x", WrittenExpression(CARRIED))
        parts, channels = self._pass(item, uses, carried, inner_names)
        texts = " ".join(part.text + part.condition for part in parts)
        reads = CARRIED in texts
        before = current.channels
        if channels is None and reads:
            unknown = TensorValue("x", "x", None)
            parts, channels = self._pass(item, uses, unknown, inner_names)
            reads = False
        index = self.writer.loop_name("index")
        header = write_header(
            self.writer, item, around, current, names=names, body=" ".join(part.text + part.condition for part in parts)
        )
        if before is None and reads:
            raise NotChainError
        after = "" if channels is None else channels.text
        carries = ""
        if reads and before is not None:
            if channels is None or channels.text in (CARRIED, before.text):
                parts = [_replace(part, before) for part in parts]
                channels = before
            elif (
                CARRIED not in channels.text
                and not _uses_loop(self.writer, channels.text, loop)
                and " " not in before.text
            ):
                first = WrittenExpression(f"{before.text} if {index} == 0 else {channels.text}", 1)
                if before.text != channels.text:
                    parts = [_replace(part, first) for part in parts]
                header = write_header(
                    self.writer,
                    item,
                    around,
                    current,
                    names=names,
                    body=" ".join(part.text + part.condition for part in parts),
                )
            else:
                carries = self.writer.locals.take("channels")
                own = WrittenExpression(carries)
                parts = [_replace(part, own) for part in parts]
                after = substitute(after, CARRIED, own)
                channels = own
        elif channels is not None and (CARRIED in channels.text or _uses_loop(self.writer, channels.text, loop)):
            if channels.text == CARRIED:
                channels = before
            elif before is None:
                channels = None
            else:
                carries = self.writer.locals.take("channels")
                after = substitute(after, CARRIED, WrittenExpression(carries))
                channels = WrittenExpression(carries)
        return LoopCode(header, parts, index, carries, before.text if before else "", after, channels)

    def _pass(
        self, item: Item, uses: list[Use], value: TensorValue, names: Names
    ) -> tuple[list[ModulePart], WrittenExpression | None]:
        """One pass of a loop."""
        taken = [(number, step) for number, step in uses if step.is_taken]
        if not taken:
            raise NotChainError
        parts, channels = self.chain_item(item, taken, value, names)
        if not parts:
            raise NotChainError
        if len(taken) == len(uses):
            return parts, channels
        condition = self.body.condition(item.when, uses, [value], names, f"has_{as_identifier(item.type)}")
        if any(part.condition for part in parts):
            raise NotChainError
        if channels is None or value.channels is None or channels.text != value.channels.text:
            channels = None
        return [part._replace(condition=condition) for part in parts], channels

    # --- items ----------------------------------------------------------------------------------

    def chain_item(
        self, item: Item, uses: list[Use], value: TensorValue, names: Names
    ) -> tuple[list[ModulePart], WrittenExpression | None]:
        """The modules of an item that all uses have, and the channels of its output."""
        if item.sources is not None and not all(
            template.constant == "previous" and key is None for key, template in item.sources.names
        ):
            raise NotChainError
        if item.training_only or item.weights is not None or item.frozen not in (False, True):
            raise NotChainError
        split_by(uses, [type(step.action).__name__ for _, step in uses])
        action = uses[0][1].action
        for number, step in uses:
            if not self.program.is_closed([step], self.body.frames[number].path):
                raise NotChainError
        if isinstance(action, LayerCall):
            return self._layer(uses, value, names)
        if isinstance(action, BlockCall | NetworkCall):
            return self._call(uses, value, names)
        if isinstance(action, ItemGroup):
            try:
                return self._items(action.items, uses, value, names)
            except NotChainError:
                return self._group(item, uses, value, names)
        if isinstance(action, JoinCall):
            return self._group(item, uses, value, names)
        raise NotChainError

    def _layer(
        self, uses: list[Use], value: TensorValue, names: Names
    ) -> tuple[list[ModulePart], WrittenExpression | None]:
        code = self.body.code_of(uses, [value], names)
        if code.modules is None or any("self." in text or "\0" in text for text in code.modules):
            raise NotChainError
        freezing = self.body.freezing(uses)
        parts = [
            ModulePart(f"{text}{freezing if place == len(code.modules) - 1 else ''}")
            for place, text in enumerate(code.modules)
        ]
        if code.channels == SAME_CHANNELS:
            return parts, value.channels
        return parts, code.channels  # type: ignore[return-value]

    def _call(
        self, uses: list[Use], value: TensorValue, names: Names
    ) -> tuple[list[ModulePart], WrittenExpression | None]:
        if any(len(step.names.inputs) != 1 for _, step in uses):
            raise NotChainError
        inner, text = self.body.call_text(uses, [value], names)
        if inner.exports:
            raise NotChainError
        channels = self.body.out_channels(inner, uses, [value], names)
        if channels is None:
            counts = [step.result.shape.channels for _, step in uses if step.result is not None and step.result.shape]
            if len(set(counts)) == 1 and len(counts) == len(uses):
                channels = WrittenExpression(str(counts[0]))
        frozen = uses[0][1].item.frozen is True  # type: ignore[union-attr]
        return [ModulePart(f"{text}{'.requires_grad_(False)' if frozen else ''}")], channels

    def _items(
        self, items: tuple[Item, ...], uses: list[Use], value: TensorValue, names: Names
    ) -> tuple[list[ModulePart], WrittenExpression | None]:
        """The modules of a list of items."""
        found: list[ModulePart] = []
        for item in items:
            gathered = [(number, [child for child in step.children if child.item is item]) for number, step in uses]
            if not any(steps for _, steps in gathered):
                continue
            if item.loop is not None:
                code = self._inner_loop(item, uses, gathered, value, names)
                found.append(ModulePart(f"nn.Sequential(*[{code.parts[0].text} {code.header}])"))
                value = TensorValue("x", "x", code.channels)
                continue
            split_by(uses, [len(steps) for _, steps in gathered])
            passes = [(number, steps[0]) for number, steps in gathered]
            if not any(step.is_taken for _, step in passes):
                continue
            parts, channels = self._pass(item, passes, value, names)
            found += parts
            value = TensorValue("x", "x", channels)
        return found, value.channels

    def _inner_loop(
        self,
        item: Item,
        uses: list[Use],
        gathered: list[tuple[int, list[Step]]],
        value: TensorValue,
        names: Names,
    ) -> LoopCode:
        """A loop inside a loop; it must fit into one expression."""
        if set(item.loop.names if item.loop else ()) & set(names):
            raise NotChainError
        code = self._loop_code(item, uses, gathered, value, names)
        if code.carried or len(code.parts) != 1 or code.parts[0].condition:
            raise NotChainError
        return code

    def _group(
        self, item: Item, uses: list[Use], value: TensorValue, names: Names
    ) -> tuple[list[ModulePart], WrittenExpression | None]:
        """A group or join as a class of its own."""
        key = ("group", id(item), id(self.writer))
        steps = [step for _, step in uses]
        for step in steps:
            if step.start is None and not step.inputs and step.current is None:
                raise NotChainError
        file = self.body.file
        known = file.group_frames.get(key)
        if known is None or [id(step) for step in known] != [id(step) for step in steps]:
            file.group_frames[key] = steps
            for step in steps:
                file.by_frame.pop(id(step), None)
        for step in steps:
            file.class_for(step, key)
        inner, text = self.body.call_text(uses, [value], names)
        if inner.exports:
            raise NotChainError
        return [ModulePart(text)], self.body.out_channels(inner, uses, [value], names)


def write_header(
    writer: ClassWriter, item: Item, around: list[Use], current: TensorValue, *, names: Names, body: str
) -> str:
    """The header of a loop, with the names that its body uses."""
    loop = item.loop
    if loop is None:
        raise NotChainError
    place = ItemPlace(writer, around, [current], names, from_inside=True)
    index = writer.loop_name("index")
    has_index = re.search(rf"(?<![\w.]){index}\b", body) is not None
    try:
        repeat = None if loop.repeat is None else place.write(loop.repeat).text
        walks = [(keys, _table(place, template)) for keys, template in loop.walks]
    except CannotWriteError:
        if loop.walks or loop.repeat is None:
            raise NotChainError from None
        counts = [sum(child.item is item for child in container.children) for _, container in around]
        repeat, walks = place.constant(counts, "depth").text, []
    if not walks:
        return f"for {index if has_index else '_'} in range({repeat})"
    targets = []
    for keys, _ in walks:
        words = [
            writer.loop_name(key)
            if re.search(rf"(?<![\w.]){writer.loop_name(key)}\b", f"{body} {repeat or ''}")
            else "_"
            for key in keys
        ]
        targets.append(
            ", ".join(words) if len(walks) == 1 else words[0] if len(words) == 1 else f"({', '.join(words)})"
        )
    table = walks[0][1] if len(walks) == 1 else f"zip({', '.join(text for _, text in walks)}, strict=True)"
    target = ", ".join(targets)
    if repeat is not None:
        if has_index:
            raise NotChainError
        return f"for {target} in {table} for _ in range({repeat})"
    if has_index:
        target = f"({target})" if "," in target else target
        return f"for {index}, {target} in enumerate({table})"
    return f"for {target} in {table}"


def _uses_loop(writer: ClassWriter, text: str, loop: Loop) -> bool:
    return any(re.search(rf"(?<![\w.]){writer.loop_name(name)}\b", text) for name in loop.names)


def _table(place: ItemPlace, template: Template) -> str:
    if isinstance(template, Constant) and isinstance(template.value, tuple):
        return place.write(template).text
    return place.write(template).text


def _replace(part: ModulePart, written: WrittenExpression) -> ModulePart:
    return ModulePart(substitute(part.text, CARRIED, written), substitute(part.condition, CARRIED, written))


def _write_loop(attribute: str, code: LoopCode, *, is_first: bool) -> list[str]:
    """The statements of a loop: a comprehension of one module, or a list that grows."""
    if len(code.parts) == 1 and not code.parts[0].condition and not code.carried:
        return [f"self.{attribute} = nn.Sequential(*[{code.parts[0].text} {code.header}])"]
    lines = ["layers: list[nn.Module] = []" if is_first else "layers = []"]
    if code.carried:
        lines.append(f"{code.carried} = {code.before}")
    headers = [f"for {each}" for each in code.header.removeprefix("for ").split(" for ")]
    for depth, header in enumerate(headers):
        lines.append(f"{'    ' * depth}{header}:")
    indent = "    " * len(headers)
    waiting: list[str] = []

    def flush() -> None:
        if len(waiting) == 1:
            lines.append(f"{indent}layers.append({waiting[0]})")
        elif waiting:
            lines.append(f"{indent}layers += [{', '.join(waiting)}]")
        waiting.clear()

    condition = ""
    for part in code.parts:
        if not part.condition:
            condition = ""
            waiting.append(part.text)
            continue
        flush()
        if part.condition != condition:
            lines.append(f"{indent}if {part.condition}:")
        condition = part.condition
        lines.append(f"{indent}    layers.append({part.text})")
    flush()
    if code.carried and code.after and code.after != code.carried:
        grown = code.after.removeprefix(f"{code.carried} + ")
        lines.append(f"{indent}{code.carried} {'=' if grown == code.after else '+='} {grown}")
    lines.append(f"self.{attribute} = nn.Sequential(*layers)")
    return lines


__all__ = ["ChainWriter", "SplitError"]
