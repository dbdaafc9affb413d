"""The body of a class: the items of a block in all its uses, as statements of the constructor and of `forward`."""

from __future__ import annotations

import re
from functools import partial

from cnncalc.exporters.python_code import WrittenExpression, as_identifier
from cnncalc.exporters.pytorch.branches import BranchWriter
from cnncalc.exporters.pytorch.classes import LONGEST_CHANNELS, ClassWriter
from cnncalc.exporters.pytorch.expressions import (
    NotChainError,
    TensorValue,
    Use,
    same,
    split_by,
)
from cnncalc.exporters.pytorch.inputs import Names
from cnncalc.exporters.pytorch.layers import TorchCode
from cnncalc.network.build.names import join_path
from cnncalc.network.build.trace import Step
from cnncalc.spec.records import (
    BlockCall,
    Item,
    ItemGroup,
    JoinCall,
    LayerCall,
    NetworkCall,
    SideBranches,
)


class BodyWriter(BranchWriter):
    """Writes the items of all uses of a block into its class."""

    def write(self) -> None:
        """Write the whole class."""
        self._bind_inputs()
        writer = self.writer
        uses = list(enumerate(self.frames))
        first = self.frames[0]
        starts = {frame.start is None for frame in self.frames}
        split_by(uses, [frame.start is None for frame in self.frames])
        current = None if True in starts else self._start()
        if writer.kind == "group":
            result = self._action(first.item, uses, current, {}, first_of_class=True)  # type: ignore[arg-type]
        else:
            items = self._items_of(first)
            result = self.items(items, uses, current, {})
        self._bind_outputs(result)

    def _items_of(self, frame: Step) -> tuple[Item, ...]:
        spec = frame.names.network.spec
        if isinstance(frame.action, BlockCall):
            return frame.scope.network.spec.blocks[frame.action.block].items
        return spec.items

    def _bind_inputs(self) -> None:
        """The inputs of the class, by their names inside it."""
        writer, first = self.writer, self.frames[0]
        if writer.kind == "group":
            names = ["input"] if first.start is not None or first.inputs else []
        else:
            names = list(first.names.inputs)
        split_by(list(enumerate(self.frames)), [self._input_count(frame) for frame in self.frames])
        writer.input_names = names
        for number, name in enumerate(names):
            is_only = len(names) == 1
            label = "x" if is_only else as_identifier(name.replace("input.", "x")).lower()
            value = TensorValue(label, "inputs" if is_only else label, partial(self._input_channels, number))
            writer.inputs.append(value)
            for frame_number, frame in enumerate(self.frames):
                tensor = self._input_tensors(frame)[number]
                writer.environment[frame_number].setdefault(tensor.name, value)

    def _input_count(self, frame: Step) -> int:
        return len(self._input_tensors(frame))

    def _input_tensors(self, frame: Step) -> list:  # type: ignore[type-arg]
        if self.writer.kind == "group":
            tensor = frame.start if frame.start is not None else next(iter(frame.inputs.values()), frame.current)
            return [] if tensor is None else [tensor]
        return list(frame.names.inputs.values())

    def _input_channels(self, number: int) -> WrittenExpression | None:
        counts = [self._input_tensors(frame)[number].shape.channels for frame in self.frames]
        return self.writer.input_channels(number, counts)

    def _start(self) -> TensorValue | None:
        """The tensor that the first item reads."""
        if self.writer.kind == "group" or len(self.writer.inputs) == 1:
            return self.writer.inputs[0] if self.writer.inputs else None
        starts = [
            self.writer.environment[number].get(frame.start.name)
            for number, frame in enumerate(self.frames)
            if frame.start
        ]
        return starts[0] if starts else None

    def _bind_outputs(self, result: TensorValue | None) -> None:
        writer, program = self.writer, self.program
        if writer.is_root:
            environment = writer.environment[0]
            for name in program.network.outputs:
                value = environment.get(name)
                if value is None:
                    raise NotChainError
                layer = program.layers.get(name)
                target = writer.training_outputs if layer is not None and layer.training_only else writer.outputs
                target.append(value)
            return
        first = self.frames[0]
        if isinstance(first.action, NetworkCall):
            found = [
                writer.environment[number].get(frame.result.name) if frame.result else None
                for number, frame in enumerate(self.frames)
            ]
            split_by(list(enumerate(self.frames)), [value.serial if value else -1 for value in found])
            result = found[0]
        if result is None:
            raise NotChainError
        writer.outputs.append(result)
        writer.out_channels = self._known_channels(result.channels)
        writer.exports = [name[len(first.path) + 1 :] for name in program.exports.get(id(first), ())]
        for relative in writer.exports:
            names = [join_path(frame.path, relative) for frame in self.frames]
            writer.outputs.append(self._by_tensor(list(enumerate(self.frames)), names))

    def _known_channels(self, channels: WrittenExpression | None) -> WrittenExpression | None:
        """The channels of the output, in short, if that is right in all uses."""
        counts = [
            frame.result.shape.channels for frame in self.frames if frame.result is not None and frame.result.shape
        ]
        if channels is None or len(counts) < len(self.frames):
            return None
        written = _simplest_channels(self.writer, _over_arguments(self.writer, channels), counts)
        known = [self.writer.value_of(written, number) for number in range(len(self.frames))]
        is_wrong = any(value is not None and value != count for value, count in zip(known, counts, strict=True))
        return None if is_wrong else written

    def items(
        self, items: tuple[Item, ...], uses: list[Use], current: TensorValue | None, names: Names, label: str = "x"
    ) -> TensorValue | None:
        """Write a list of items; `uses` are the steps around them. Returns the output of the last."""
        for item in items:
            gathered = [
                (number, [child for child in container.children if child.item is item]) for number, container in uses
            ]
            if not any(steps for _, steps in gathered):
                continue
            if item.loop is not None:
                current = self._loop(item, uses, gathered, current, names, label=label)
            else:
                split_by(uses, [len(steps) for _, steps in gathered])
                current = self.item(item, [(number, steps[0]) for number, steps in gathered], current, names, label)
        return current

    def item(
        self, item: Item, uses: list[Use], current: TensorValue | None, names: Names, label: str
    ) -> TensorValue | None:
        """Write one pass of an item."""
        taken = [step.is_taken for _, step in uses]
        if not any(taken):
            return current
        if not all(taken):
            return self._conditional(item, uses, current, names, label=label)
        return self._action(item, uses, current, names, label=label)

    def _action(
        self,
        item: Item,
        uses: list[Use],
        current: TensorValue | None,
        names: Names,
        *,
        label: str = "x",
        first_of_class: bool = False,
    ) -> TensorValue | None:
        split_by(uses, [type(step.action).__name__ for _, step in uses])
        action = uses[0][1].action
        guard = self.writer.guard
        if item.training_only and not guard:
            self.writer.guard = "self.training"
        try:
            value = self._dispatch(item, uses, current, names, label, is_inside=first_of_class)
        finally:
            self.writer.guard = guard
        if isinstance(action, SideBranches):
            return current
        if value is not None:
            self._record(item, uses, value)
        return value

    def _dispatch(
        self, item: Item, uses: list[Use], current: TensorValue | None, names: Names, label: str, *, is_inside: bool
    ) -> TensorValue | None:
        action = uses[0][1].action
        if isinstance(action, LayerCall):
            return self._layer(item, uses, self._sources(item, uses, current, many=True), names, label)
        if isinstance(action, JoinCall):
            return self._join(item, action, uses, self._start_of(item, uses, current), names, label=label)
        if isinstance(action, BlockCall | NetworkCall):
            return self._call(item, uses, current, names, label)
        if isinstance(action, ItemGroup):
            start = current if is_inside else self._start_of(item, uses, current)
            return self.items(action.items, uses, start, names, label)
        if isinstance(action, SideBranches):
            start = self._start_of(item, uses, current)
            for branch in action.branches:
                self._branch_passes(branch, uses, start, names, label)
            return current
        raise NotChainError

    def _layer(
        self, item: Item, uses: list[Use], sources: dict[str, TensorValue], names: Names, label: str
    ) -> TensorValue:
        return self.place_layer(item, uses, list(sources.values()), names, label)

    def place_layer(
        self, item: Item, uses: list[Use], inputs: list[TensorValue], names: Names, label: str
    ) -> TensorValue:
        """Write a layer as statements of the constructor and of `forward`."""
        code = self.code_of(uses, inputs, names)
        name = self.name_of(uses)
        attribute = ""
        if code.module:
            attribute = self._shared_module(uses)
            if not attribute:
                attribute = self._new_module(item, uses, name, code.module)
                name = attribute.removeprefix("self.")
        target = TensorValue(label, self.value_name(name), self._out_channels(code, uses, inputs))
        text = self.fill(code, attribute, inputs, uses)
        self.writer.add([target], text, wraps=code.wraps)
        return target

    def _new_module(self, item: Item, uses: list[Use], name: str, text: str) -> str:
        attribute = self.attribute(item, uses, name)
        self.writer.lines.append(f"self.{attribute} = {text}{self.freezing(uses)}")
        for number, step in uses:
            self.writer.modules[number][step.path] = f"self.{attribute}"
        return f"self.{attribute}"

    def fill(self, code: TorchCode, attribute: str, inputs: list[TensorValue], uses: list[Use]) -> str:
        text = code.forward.replace("{module}", attribute)
        ranks = [[shape.rank for shape in step.layer.input_shapes] for _, step in uses if step.layer is not None]
        unbatched = self._unbatched(uses)
        for number, value in enumerate(inputs):
            expanded = value.mark
            if f"{{cat:{number}}}" in text and number in unbatched and len(unbatched) < len(inputs):
                batched = next(other for place, other in enumerate(inputs) if place not in unbatched)
                dims = ", ".join(["-1"] * (ranks[0][number] + 1))
                expanded = f"{value.mark}.expand({batched.mark}.shape[0], {dims})"
            text = text.replace(f"{{cat:{number}}}", expanded).replace(f"{{{number}}}", value.mark)
        return text

    def _call(self, item: Item, uses: list[Use], current: TensorValue | None, names: Names, label: str) -> TensorValue:
        sources = self._call_sources(item, uses, current)
        inner, text = self.call_text(uses, list(sources.values()), names)
        name = self.name_of(uses)
        attribute = self._shared_call(uses)
        if not attribute:
            attribute = self.attribute(item, uses, name)
            self.writer.lines.append(f"self.{attribute} = {text}")
            self._freeze_call(item, attribute)
            name, attribute = attribute, f"self.{attribute}"
        for number, step in uses:
            self.writer.modules[number].setdefault(step.path, attribute)
        self.writer.parts.setdefault(attribute, inner)
        target = TensorValue(
            label,
            self.value_name(name),
            lambda: self._call_channels(inner, uses, list(sources.values()), names, attribute),
        )
        targets = [target]
        for relative in inner.exports:
            value = TensorValue(self.value_name(f"{name}_{relative}"), self.value_name(f"{name}_{relative}"))
            targets.append(value)
            for number, step in uses:
                self.writer.environment[number][join_path(step.path, relative)] = value
            paths = {self.relative(number, join_path(step.path, relative)) for number, step in uses}
            if len(paths) == 1:
                self.writer.named[paths.pop()] = value
        arguments = ", ".join(value.mark for value in sources.values())
        self.writer.add(targets, f"{attribute}({arguments})")
        return target


def _over_arguments(writer: ClassWriter, written: WrittenExpression) -> WrittenExpression:
    """An expression over arguments, with what the constructor computes from them written out."""
    for identifier, text in reversed(writer.prologue.items()):
        inner = text if re.fullmatch(r"[\w.]+", text) else f"({text})"
        changed = inner.join(re.split(rf"(?<![\w.]){identifier}\b", written.text))
        if changed != written.text:
            written = WrittenExpression(changed, 11 if changed == inner else written.binding)
    return written


def _simplest_channels(writer: ClassWriter, written: WrittenExpression, counts: list[int]) -> WrittenExpression:
    """A number of channels as an argument, or a multiple of one, if a long expression is always that."""
    extra = [argument.identifier for argument in writer.arguments if argument.kind == "extra"]
    is_plain = len(written.text) <= LONGEST_CHANNELS and not any(
        re.search(rf"\b{each}\b", written.text) for each in extra
    )
    if is_plain or len(set(counts)) < 2:
        return written
    names = [argument.identifier for argument in writer.arguments if argument.kind != "extra"]
    for factor in range(1, 9):
        for name in names:
            if writer.mentions(name) and all(
                same(writer.value_of(WrittenExpression(f"{factor} * {name}"), number), count)
                for number, count in enumerate(counts)
            ):
                return WrittenExpression(name) if factor == 1 else WrittenExpression(f"{factor} * {name}", 7)
    return written
