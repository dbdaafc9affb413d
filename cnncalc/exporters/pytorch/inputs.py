"""The tensors that the items of a block read, and the names of what they write."""

from __future__ import annotations

from typing import TypeAlias

from cnncalc.exporters.python_code import WrittenExpression, as_identifier
from cnncalc.exporters.pytorch.classes import ClassWriter
from cnncalc.exporters.pytorch.expressions import (
    NotChainError,
    TensorValue,
    Use,
    split_by,
)
from cnncalc.network.build.draft import CANNOT_BUILD
from cnncalc.network.build.names import join_path
from cnncalc.spec.records import (
    Branch,
    Item,
    ItemGroup,
    LayerCall,
    Sources,
)

Names: TypeAlias = dict[str, WrittenExpression]


class TensorReader:
    """Finds the tensors of `forward` that an item reads, in all uses of its block."""

    def __init__(self, writer: ClassWriter) -> None:
        self.writer = writer
        self.file = writer.file
        self.program = writer.file.program
        self.frames = writer.frames
        # The names of branches, by the only item of each.
        self.alone: dict[int, str] = {}
        # The number of loops around an item whose passes are written one by one.
        self.unrolled = 0

    def relative(self, number: int, path: str) -> str:
        around = self.frames[number].path
        if self.writer.kind == "group":
            around = around.rpartition(".")[0]
        return path[len(around) + 1 :] if around else path

    def _record(self, item: Item | Branch, uses: list[Use], value: TensorValue) -> None:
        """Let later items read a tensor by its name."""
        writer = self.writer
        for number, step in uses:
            if step.result is not None:
                known = writer.environment[number]
                if step.result.name not in known or step.layer is not None:
                    known[step.result.name] = value
        relative = {self.relative(number, step.path) for number, step in uses}
        if len(relative) == 1 and (name := relative.pop()):
            writer.named[name] = value

    def _name_branch(self, uses: list[Use], end: TensorValue) -> None:
        relative = set()
        for number, step in uses:
            if step.inner is not None:
                relative.add(self.relative(number, step.inner.path))
        if len(relative) == 1 and (name := relative.pop()):
            self.writer.named[name] = end

    def _start_of(self, item: Item, uses: list[Use], current: TensorValue | None) -> TensorValue | None:
        if item.sources is None:
            return current
        return next(iter(self._sources(item, uses, current, many=False).values()), current)

    def _sources(
        self, item: Item, uses: list[Use], current: TensorValue | None, *, many: bool
    ) -> dict[str, TensorValue]:
        """The tensors that enter an item, by their names inside a block."""
        if item.sources is not None:
            return self._named_sources(item.sources, uses, current)
        action = uses[0][1].action
        if isinstance(action, LayerCall) and not action.type.least_inputs:
            return {} if current is None else {"": current}
        if current is not None:
            return {"": current}
        split_by(uses, [len(step.inputs) for _, step in uses])
        columns = zip(*[step.inputs.items() for _, step in uses], strict=True)
        return {column[0][0]: self._by_tensor(uses, [tensor.name for _, tensor in column]) for column in columns}

    def _named_sources(self, sources: Sources, uses: list[Use], current: TensorValue | None) -> dict[str, TensorValue]:
        steps = [step for _, step in uses]
        split_by(uses, [tuple(step.inputs) for step in steps])
        keys = list(steps[0].inputs)
        found: dict[str, TensorValue] = {}
        by_name = len(keys) == len(sources.names)
        for place, key in enumerate(keys):
            value = None
            if by_name:
                value = self._by_name(sources, place, uses, current)
            if value is None:
                value = self._by_tensor(uses, [list(step.inputs.values())[place].name for step in steps])
            found[key] = value
        return found

    def _by_name(
        self, sources: Sources, place: int, uses: list[Use], current: TensorValue | None
    ) -> TensorValue | None:
        """The tensor that `from` names, if the name means the same in each use."""
        template = sources.names[place][1]
        if template.value is not None:
            return None
        try:
            texts = {step.scope.evaluate_name(template, step.current) for _, step in uses}
        except CANNOT_BUILD:
            # The name of the tensor is known as well.
            return None
        if len(texts) != 1:
            return None
        name = texts.pop()
        if name == "previous":
            return current
        if name in self.writer.input_names:
            return self.writer.inputs[self.writer.input_names.index(name)]
        if name == "input" and len(self.writer.inputs) == 1 and self.writer.kind != "group":
            return self.writer.inputs[0]
        around = {self.relative(number, step.scope.path) for number, step in uses}
        if len(around) != 1:
            return None
        path = around.pop()
        while True:
            full = join_path(path, name)
            if full in self.writer.named:
                return self.writer.named[full]
            if not path:
                return None
            path = path.rpartition(".")[0]

    def _by_tensor(self, uses: list[Use], names: list[str]) -> TensorValue:
        """The tensor of a full name in each use."""
        found = [self.writer.environment[number].get(name) for (number, _), name in zip(uses, names, strict=True)]
        split_by(uses, [None if value is None else value.serial for value in found])
        if found[0] is None:
            raise NotChainError
        return found[0]

    def _call_sources(self, item: Item, uses: list[Use], current: TensorValue | None) -> dict[str, TensorValue]:
        """The tensors that a block reads, in the order of its inputs."""
        sources = self._sources(item, uses, current, many=True)
        first = uses[0][1]
        wanted = list(first.names.inputs)
        if not wanted:
            return {}
        if list(sources) == wanted or len(sources) == 1:
            return dict(zip(wanted, sources.values(), strict=False))
        if set(sources) == set(wanted):
            return {name: sources[name] for name in wanted}
        return dict(zip(wanted, sources.values(), strict=True))

    def _branch_start(self, sources: Sources, uses: list[Use], current: TensorValue | None) -> TensorValue | None:
        value = self._by_name(sources, 0, uses, current) if len(sources.names) == 1 else None
        if value is None:
            value = self._by_tensor(uses, [step.start.name if step.start else "" for _, step in uses])
        return value

    def _unbatched(self, uses: list[Use]) -> set[int]:
        """The inputs of a layer that depend on no input of the network, so that they have no axis of samples."""
        layer = uses[0][1].layer
        if layer is None:
            return set()
        return {number for number, name in enumerate(layer.inputs) if name in self.program.constants}

    def name_of(self, uses: list[Use]) -> str:
        """The name of a layer or block inside its class."""
        number, step = uses[0]
        item = step.item
        if not isinstance(item, Item):
            return "x"
        paths = {self.relative(number, step.path) for number, step in uses}
        path = self.relative(number, step.path)
        if len(paths) > 1 and item.name is not None:
            # The passes of a loop around the class have names of their own.
            path = "".join(part for part in item.name.parts if isinstance(part, str)).strip("_-/.+")
        if isinstance(item.action, ItemGroup) and item.name is None:
            inner = next((each.name.constant or "" for each in item.action.items if each.name is not None), "")
            path = join_path(path, inner) if inner else path
        return path or item.type

    def value_name(self, name: str) -> str:
        return as_identifier(name).lower()


class TensorValueAlias(TensorValue):
    """The input of an empty branch, under the name of the branch."""

    def __init__(self, value: TensorValue, label: str) -> None:
        super().__init__(value.name, as_identifier(label), lambda: value.channels)
        self.value = value

    @property
    def mark(self) -> str:
        return self.value.mark
