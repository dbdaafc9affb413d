"""Items that only some uses of a block have, joins with their branches, and loops whose passes differ."""

from __future__ import annotations

import re

from cnncalc.exporters.python_code import WrittenExpression, as_identifier
from cnncalc.exporters.pytorch.calls import ModuleWriter
from cnncalc.exporters.pytorch.expressions import (
    CannotWriteError,
    ItemPlace,
    NotChainError,
    SplitError,
    TensorValue,
    Use,
    in_forward,
    literal,
    same,
    split_by,
)
from cnncalc.exporters.pytorch.inputs import Names, TensorValueAlias
from cnncalc.exporters.pytorch.layers import SAME_CHANNELS, TorchCode
from cnncalc.network.build.names import join_path
from cnncalc.network.build.trace import Step
from cnncalc.spec.records import (
    Branch,
    Item,
    JoinCall,
    LayerCall,
)
from cnncalc.spec.templates import Template


class BranchWriter(ModuleWriter):
    """Writes conditions, branches and the passes of loops."""

    def fill(self, code: TorchCode, attribute: str, inputs: list[TensorValue], uses: list[Use]) -> str:
        """The expression of a layer in `forward`."""
        raise NotImplementedError

    def items(
        self, items: tuple[Item, ...], uses: list[Use], current: TensorValue | None, names: Names, label: str = "x"
    ) -> TensorValue | None:
        """Write a list of items."""
        raise NotImplementedError

    def item(
        self, item: Item, uses: list[Use], current: TensorValue | None, names: Names, label: str
    ) -> TensorValue | None:
        """Write one pass of an item."""
        raise NotImplementedError

    def place_layer(
        self, item: Item, uses: list[Use], inputs: list[TensorValue], names: Names, label: str
    ) -> TensorValue:
        """Write a layer as statements of the constructor and of `forward`."""
        raise NotImplementedError

    def condition(
        self, when: Template | None, uses: list[Use], inputs: list[TensorValue], names: Names, hint: str
    ) -> str:
        """The source of a condition in the constructor."""
        place = ItemPlace(self.writer, uses, inputs, names)
        if when is not None:
            try:
                return place.write(when).text
            except CannotWriteError:
                pass
        return place.constant([step.is_taken for _, step in uses], hint).text

    def _conditional(
        self, item: Item, uses: list[Use], current: TensorValue | None, names: Names, *, label: str
    ) -> TensorValue | None:
        """An item that only some uses have: a module or nn.Identity."""
        taken = [(number, step) for number, step in uses if step.is_taken]
        untaken = {number: step.is_taken for number, step in uses}
        if current is None or item.sources is not None or item.training_only:
            raise SplitError(dict(untaken))
        from cnncalc.exporters.pytorch.loops import ChainWriter

        name = self.name_of(taken)
        if isinstance(item.action, LayerCall):
            code = self.code_of(taken, [current], names)
            if not code.module and code.modules is None:
                return self._conditional_function(item, uses, current, names, label=label, code=code)
        try:
            parts, channels = ChainWriter(self).chain_item(item, taken, current, names)
            modules = [part.text for part in parts]
            if any(part.condition for part in parts) or not modules:
                raise SplitError(dict(untaken))
            text = modules[0] if len(modules) == 1 else f"nn.Sequential({', '.join(modules)})"
            condition = self.condition(item.when, uses, [current], names, f"has_{as_identifier(name)}")
        except NotChainError:
            raise SplitError(dict(untaken)) from None
        attribute = self.attribute(item, uses, name)
        self.writer.lines.append(f"self.{attribute} = {text} if {condition} else nn.Identity()")
        for number, step in taken:
            self.writer.modules[number][step.path] = f"self.{attribute}"
        target = TensorValue(label, self.value_name(name), self._either(channels, current, uses, condition))
        self.writer.add([target], f"self.{attribute}({current.mark})")
        self._record(item, taken, target)
        return target

    def _conditional_function(
        self, item: Item, uses: list[Use], current: TensorValue, names: Names, *, label: str, code: TorchCode
    ) -> TensorValue:
        """A layer without module that only some uses have."""
        taken = [(number, step) for number, step in uses if step.is_taken]
        name = self.name_of(taken)
        condition = self.condition(item.when, uses, [current], names, f"has_{as_identifier(name)}")
        attribute = self.writer.attribute(f"has_{name}", "has")
        self.writer.lines.append(f"self.{attribute} = {condition}")
        text = self.fill(code, "", [current], taken)
        counts = {shape.channels for _, step in uses if step.result is not None and (shape := step.result.shape)}
        is_same = code.channels == SAME_CHANNELS or len(counts) > 1
        channels = (lambda: current.channels) if is_same else WrittenExpression(str(min(counts)))
        target = TensorValue(label, self.value_name(name), channels)
        self.writer.add([target], f"{text} if self.{attribute} else {current.mark}")
        self._record(item, taken, target)
        return target

    def _either(
        self, channels: WrittenExpression | None, current: TensorValue, uses: list[Use], condition: str
    ) -> WrittenExpression | None:
        """The channels of a tensor that a condition may leave unchanged."""
        counts = [shape.channels for _, step in uses if step.result is not None and (shape := step.result.shape)]
        before = current.channels
        # An expression says more than a number.
        candidates = sorted(
            (each for each in (channels, before) if each is not None), key=lambda each: each.text.isdigit()
        )
        for candidate in candidates:
            if [self.writer.value_of(candidate, number) for number, _ in uses] == counts:
                return candidate
        if len(set(counts)) == 1:
            return channels if channels is not None else WrittenExpression(str(counts[0]))
        if channels is not None and before is not None:
            return WrittenExpression(f"{channels.at_least(2)} if {condition} else {before.text}", 1)
        return None

    def _join(
        self, item: Item, action: JoinCall, uses: list[Use], start: TensorValue | None, names: Names, *, label: str
    ) -> TensorValue:
        ends: list[TensorValue] = []
        optional: tuple[TensorValue, str] | None = None
        for number, branch in enumerate(action.branches):
            name = branch.name or f"branch{number + 1}"
            found = self._branch_passes(
                branch, uses, start, names, name, may_be_optional=action.call.type.name == "add"
            )
            for end, condition in found:
                if condition:
                    if optional is not None:
                        raise SplitError({number: id(step.layer) for number, step in uses})
                    optional = end, condition
                ends.append(end)
        if optional is not None:
            return self._optional_sum(uses, ends, optional, label)
        if len(ends) == 1:
            return ends[0]
        return self.place_layer(item, uses, ends, names, label)

    def _optional_sum(
        self, uses: list[Use], ends: list[TensorValue], optional: tuple[TensorValue, str], label: str
    ) -> TensorValue:
        """A sum one of whose terms only some uses have."""
        always = [end for end in ends if end is not optional[0]]
        if len(always) != 1:
            raise SplitError({number: step.layer is None for number, step in uses})
        attribute = self.writer.attribute(f"has_{optional[0].own_name}", "has")
        self.writer.lines.append(f"self.{attribute} = {optional[1]}")
        target = TensorValue(label, "total", lambda: always[0].channels)
        terms = " + ".join(end.mark for end in ends)
        self.writer.add([target], f"{terms} if self.{attribute} else {always[0].mark}")
        return target

    def _branch_passes(
        self,
        branch: Branch,
        uses: list[Use],
        start: TensorValue | None,
        names: Names,
        label: str,
        *,
        may_be_optional: bool = False,
    ) -> list[tuple[TensorValue, str]]:
        """The output of each pass of a branch, with its condition if only some uses have it."""
        gathered = [(number, [child for child in step.children if child.item is branch]) for number, step in uses]
        gathered = [
            (number, [step for step in steps if step.is_taken] if branch.loop is not None else steps)
            for number, steps in gathered
        ]
        split_by(uses, [len(steps) for _, steps in gathered])
        found: list[tuple[TensorValue, str]] = []
        for place in range(len(gathered[0][1])):
            passes = [(number, steps[place]) for number, steps in gathered]
            taken = [step.is_taken for _, step in passes]
            if not any(taken):
                continue
            inner = {**names, **self.pass_names(branch, passes, place, names)}
            condition = ""
            if not all(taken):
                is_empty = not branch.items and branch.sources is None and start is not None
                if not (may_be_optional and is_empty and len(gathered[0][1]) == 1):
                    raise SplitError({number: step.is_taken for number, step in passes})
                condition = self.condition(branch.when, passes, [start], inner, f"has_{as_identifier(label)}")  # type: ignore[list-item]
                found.append((TensorValueAlias(start, label), condition))  # type: ignore[arg-type]
                continue
            name = label if branch.loop is None else f"{label}{place}"
            begin = start
            if branch.sources is not None:
                begin = self._branch_start(branch.sources, passes, start)
            if len(branch.items) == 1 and branch.name and branch.loop is None:
                self.alone[id(branch.items[0])] = branch.name
            end = self.items(branch.items, passes, begin, inner, name)
            if end is None:
                raise NotChainError
            self._record(branch, passes, end)
            if branch.name is not None and branch.items:
                self._name_branch(passes, end)
            found.append((end, condition))
        return found

    def _loop(
        self,
        item: Item,
        around: list[Use],
        gathered: list[tuple[int, list[Step]]],
        current: TensorValue | None,
        names: Names,
        *,
        label: str,
    ) -> TensorValue | None:
        """Write a loop as one of the constructor, or its passes one by one."""
        from cnncalc.exporters.pytorch.loops import ChainWriter

        if current is not None and item.sources is None and not item.share_weights and not item.training_only:
            try:
                return ChainWriter(self).loop(item, around, gathered, current, names, label=label)
            except NotChainError:
                pass
        split_by(around, [len(steps) for _, steps in gathered])
        self.unrolled += 1
        for place in range(len(gathered[0][1])):
            passes = [(number, steps[place]) for number, steps in gathered]
            inner = {**names, **self.pass_names(item, passes, place, names)}
            current = self.item(item, passes, current, inner, label)
        self.unrolled -= 1
        if current is not None and item.name is not None and item.name.constant is not None:
            paths = {self.relative(number, join_path(step.scope.path, item.name.constant)) for number, step in around}
            del paths
        return current

    def pass_names(self, item: Item | Branch, passes: list[Use], place: int, names: Names) -> Names:
        """The names of a loop in one pass that is written by itself."""
        loop = item.loop
        if loop is None:
            return {}
        found: Names = {}
        reader = ItemPlace(self.writer, passes, [], names)
        for keys, template in loop.walks:
            if len(keys) == 1 and loop.repeat is None:
                try:
                    found[keys[0]] = _bracketed(reader.items(template)[place])
                    found[in_forward(keys[0])] = _bracketed(reader.items(template, in_forward=True)[place])
                except (CannotWriteError, IndexError):
                    table = self._table(reader, template)
                    if table:
                        found[keys[0]] = WrittenExpression(f"{table}[{place}]")
        for name in sorted(loop.names - found.keys()):
            values = reader.name_values(name)
            if all(same(value, values[0]) for value in values) and not isinstance(values[0], str):
                found[name] = literal(values[0])
        return found

    def _table(self, reader: ItemPlace, template: Template) -> str:
        """The name of a list, empty if it has none."""
        try:
            text = reader.write(template).text
        except CannotWriteError:
            return ""
        return text if text.isidentifier() else ""


def _bracketed(text: str) -> WrittenExpression:
    return WrittenExpression(text, 11 if re.fullmatch(r"[\w.]+", text) else 1)
