"""Items with their conditions and loops in generated Keras code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cnncalc.exporters.keras.branches import CodeBranches
from cnncalc.exporters.keras.layers import MixedUse
from cnncalc.exporters.keras.module import CodeLines
from cnncalc.exporters.keras.names import CodeFrame, ItemSpot, separated
from cnncalc.exporters.keras.plan import (
    all_parts,
    iterate_samples,
    parts_inside,
)
from cnncalc.exporters.python_code import (
    INDENT,
    WIDTH,
    IdentifierTable,
    WrittenExpression,
    as_identifier,
)
from cnncalc.spec.records import (
    BlockCall,
    Branch,
    Item,
    ItemGroup,
    JoinCall,
    LayerCall,
    Loop,
    NetworkCall,
    SideBranches,
    TypeCall,
)
from cnncalc.spec.templates import (
    Constant,
    Template,
)


class CodeItems(CodeBranches):
    """Writes items."""

    def place_items(self, items: tuple[Item, ...], frame: CodeFrame, current: str | None, chain: str) -> str | None:
        """Write items in order, and return the variable of the last one's output; `chain` is the variable to use."""
        for number, item in enumerate(items):
            current = self._place_item(item, frame, current, chain, is_read=_is_read(items[number + 1 :]))
        return current

    def _place_item(
        self, item: Item, frame: CodeFrame, current: str | None, chain: str, *, is_read: bool
    ) -> str | None:
        if item.loop is not None:
            return self._loop(item, item.loop, frame, current, chain, is_read=is_read)
        return self._place_once(item, frame, current, chain, None, is_read=is_read)

    def _place_once(
        self, item: Item, frame: CodeFrame, current: str | None, chain: str, number: str | None, *, is_read: bool
    ) -> str | None:
        """Write an item; `number` is that of its pass if the passes are numbered below its name."""
        if item.training_only and not (self.is_main and frame.scope is self.plan.root):
            self.code.lines.append(f"{INDENT * self.code.depth}# Layers for training only are left out.")
            return current
        if item.when is not None and (item.when.uses_tensor or item.when.uses_shapes) and not self._is_observed(item):
            # The sizes of this network make the condition false.
            return current
        operands = self._operands(item, frame, current)
        definition = self.plan.by_site.get(id(item))
        target = definition.variable if definition is not None and definition.variable else chain
        if item.when is not None:
            tensor = operands[0][1] if len(operands) == 1 else current
            condition = self.expressions(frame, tensor).write(item.when).text
            merged = is_read and not isinstance(item.action, SideBranches)
            if merged and current is not None and current != chain:
                self.code.add(f"{chain} = {current}")
                operands = [(key, chain if source == current else source) for key, source in operands]
                current = chain
            if isinstance(item.action, SideBranches):
                raise MixedUse
            is_plain = not (item.when.uses_tensor or item.when.uses_shapes)
            self.code.open_condition(condition, can_be_else=is_plain)
            result = self._act(ItemSpot(item, frame, tuple(operands), current, target), number)
            if merged and result != chain:
                self.code.add(f"{chain} = {result}")
            self.code.close_condition(condition)
            return chain if merged else result
        spot = ItemSpot(item, frame, tuple(operands), current, target)
        return self._training_only(spot) if item.training_only else self._act(spot, number)

    def _is_observed(self, item: Item) -> bool:
        """Whether the network has a layer or a block of an item."""
        observed = self.writer.observed
        return any(
            part.span in observed.layers or part.span in observed.kinds
            for part in (item, *all_parts(tuple(part for part in parts_inside(item) if isinstance(part, Item))))
        ) or any(
            inner.span in observed.layers or inner.span in observed.kinds
            for part in parts_inside(item)
            if isinstance(part, Branch)
            for inner in all_parts(part.items)
        )

    def _training_only(self, spot: ItemSpot) -> str | None:
        if not isinstance(spot.item.action, SideBranches):
            raise MixedUse
        before = len(self.extra_outputs)
        self.has_auxiliary_heads = True
        self.code.open_condition("auxiliary_heads", can_be_else=False)
        self._act(spot, None)
        self.code.close_condition("auxiliary_heads")
        self.training_outputs += self.extra_outputs[before:]
        del self.extra_outputs[before:]
        return spot.current

    def _operands(self, item: Item, frame: CodeFrame, current: str | None) -> list[tuple[str | None, str]]:
        """The tensors that enter an item, each with its name inside a block."""
        if item.sources is not None:
            return [
                (key, self.source(id(template), template.parts, frame, current)) for key, template in item.sources.names
            ]
        if current is not None:
            return [(None, current)]
        action = item.action
        if isinstance(action, LayerCall) and action.type.is_merge:
            return [(name, variable) for name, variable in self.inputs.items() if name]
        if isinstance(action, JoinCall | SideBranches | ItemGroup):
            return []
        if isinstance(action, LayerCall) and not action.type.least_inputs:
            return []
        raise MixedUse

    def _act(self, spot: ItemSpot, number: str | None) -> str | None:
        """Write the action of an item, and return the variable of its output."""
        item, frame = spot.item, spot.frame
        action, definition = item.action, self.plan.by_site.get(id(item))
        path = frame.path if definition is None else self._own_path(definition, frame)
        if number is not None:
            path = (*path, "_", WrittenExpression(number))
        spot = spot._replace(path=path)
        result: str | None
        if isinstance(action, SideBranches):
            self._side_branches(action, spot)
            return spot.current
        if isinstance(action, LayerCall):
            result = self._layer(action, spot)
        elif isinstance(action, BlockCall | NetworkCall):
            result = self._call(action, spot)
        elif isinstance(action, TypeCall):
            result = self._type_call(action, spot)
        elif isinstance(action, JoinCall):
            passes = frame.passes if number is None else (*frame.passes, number)
            result = self._join(action, spot._replace(frame=frame.bind({}, frame.samples, passes)))
        elif isinstance(action, ItemGroup) and len(spot.operands) <= 1:
            inner = frame if definition is None else frame.enter(self.plan.scopes[id(item)], path)
            self.active.append(spot.target)
            result = self.place_items(action.items, inner, spot.start, spot.target)
            self.active.pop()
        else:
            raise MixedUse
        if result is None:
            raise MixedUse
        return result if definition is None else self._define(definition, frame, result, number)

    # --- loops ---

    def _loop_tensor(self, loop: Loop, part: Item | Branch, frame: CodeFrame, current: str | None) -> str | None:
        if part.sources is None or not loop.uses_tensor:
            return current
        template = part.sources.names[0][1]
        return self.source(id(template), template.parts, frame, current)

    def _loop(
        self, item: Item, loop: Loop, frame: CodeFrame, current: str | None, chain: str, *, is_read: bool
    ) -> str | None:
        definition = self.plan.by_site.get(id(item))
        is_numbered = definition is not None and (
            (item.name is None and not isinstance(item.action, TypeCall))
            or (item.name is not None and item.name.constant is not None)
        )
        if item.share_weights:
            if not isinstance(item.action, BlockCall) or definition is None:
                raise MixedUse
            path = (*frame.path, *separated(frame.path), *(part for part in definition.parts if isinstance(part, str)))
            self._write_model(item.action, ItemSpot(item, frame, (), current, chain, path), [item])
        variable = definition.variable if definition is not None and is_numbered and definition.variable else chain
        carries = item.sources is None or any(template.constant == "previous" for _, template in item.sources.names)
        carries = carries or _reads_previous(item)
        first = self._loop_tensor(loop, item, frame, current)
        if carries and current is not None and current != variable:
            self.code.add(f"{variable} = {current}")
            current = variable
        with self._passes(loop, frame, first) as (inner, index):
            own = self.plan.by_site.get(id(item))
            if (not is_numbered and own is None) or (item.name is None and isinstance(item.action, TypeCall)):
                inner.passes = (*frame.passes, index)
            saved = None
            if own is not None and is_numbered:
                saved, own.variable = own.variable, ""
            result = self._place_once(item, inner, current, variable, index if is_numbered else None, is_read=True)
            if own is not None and saved is not None:
                own.variable = saved
            if result != variable and (carries or is_read):
                self.code.add(f"{variable} = {result}")
                result = variable
        return variable if carries or is_read else result

    @contextmanager
    def _passes(self, loop: Loop, frame: CodeFrame, tensor: str | None) -> Iterator[tuple[CodeFrame, str]]:
        """Write a loop around what is written inside."""
        samples = iterate_samples(loop, frame.samples)
        taken = {*self.table.taken, *self.active, *frame.values.values()}

        def free(base: str) -> str:
            candidate, count = base, 1
            while candidate in taken:
                count += 1
                candidate = f"{base}_{count}"
            taken.add(candidate)
            return candidate

        names: dict[str, str] = {}
        for keys, _ in loop.walks:
            for key in keys:
                names[key] = free(as_identifier(key) + ("_" if as_identifier(key) in IdentifierTable().taken else ""))
        if "index" not in self.active:
            taken.discard("index")
        index = free("index")
        outer, self.code = self.code, CodeLines()
        is_double = bool(loop.walks) and loop.repeat is not None
        self.code.depth = outer.depth + 1 + is_double
        inner = frame.bind({**names, "index": index}, samples, frame.passes)
        self.active += [*names.values(), index]
        self.loop_depth += 1
        yield inner, index
        self.loop_depth -= 1
        del self.active[len(self.active) - len(names) - 1 :]
        body, self.code = self.code, outer
        if all(line.lstrip().startswith("#") for line in body.lines):
            return
        uses_index = any(re.search(rf"\b{index}\b", line) for line in body.lines)
        if is_double and uses_index:
            self.code.add(f"{index} = 0")
        self._open_loop(loop, frame, names, index if uses_index and not is_double else "", tensor)
        if is_double:
            repeat = self.expressions(inner, tensor).write(loop.repeat, whole=True).text  # type: ignore[arg-type]
            self.code.open(f"for _ in range({repeat}):")
        self.code.lines += body.lines
        if is_double:
            if uses_index:
                self.code.add(f"{index} += 1")
            self.code.close()
        self.code.close()

    def _open_loop(
        self, loop: Loop, frame: CodeFrame, names: Mapping[str, str], index: str, tensor: str | None
    ) -> None:
        expressions = self.expressions(frame, tensor)
        rows, lists = [], []
        for keys, template in loop.walks:
            typed = any(self.is_typed(key) for key in keys)
            lists.append(_range_source(template) or expressions.write(template, typed=typed).text)
            rows.append(", ".join(names[key] for key in keys))
        if not lists:
            count = expressions.write(loop.repeat, whole=True).text if loop.repeat is not None else "1"
            self.code.open(f"for {index or '_'} in range({count}):")
            return
        row = rows[0] if len(rows) == 1 else ", ".join(f"({row})" if ", " in row else row for row in rows)
        walk = lists[0] if len(lists) == 1 else f"zip({', '.join(lists)})"
        bound = f"({row})" if ", " in row else row
        line = f"for {index}, {bound} in enumerate({walk}):" if index else f"for {row} in {walk}:"
        if len(INDENT) * self.code.depth + len(line) <= WIDTH or ", " not in row:
            self.code.open(line)
            return
        # Names that do not fit in the line are unpacked below it.
        values = self._free_name("row")
        self.code.open(f"for {index}, {values} in enumerate({walk}):" if index else f"for {values} in {walk}:")
        if len(INDENT) * self.code.depth + len(f"{row} = {values}") <= WIDTH:
            self.code.add(f"{row} = {values}")
        else:
            indent = INDENT * self.code.depth
            self.code.lines += [f"{indent}{row} = (", f"{indent}{INDENT}{values}", f"{indent})"]


def _range_source(template: Template) -> str:
    """The call of range that gives a constant list; empty for other lists."""
    value = template.value if isinstance(template, Constant) else None
    if not isinstance(value, tuple) or len(value) < 3 or not all(type(item) is int for item in value):
        return ""
    start, stop = value[0], value[-1] + 1  # type: ignore[operator]
    if value != tuple(range(start, stop)):  # type: ignore[arg-type]
        return ""
    return f"range({start}, {stop})" if start else f"range({stop})"


def _reads_previous(item: Item | None) -> bool:
    """Whether an item may read the output of the item above; the last item of a list gives it to its reader."""
    if item is None or item.sources is None:
        return True
    if any(template.constant == "previous" or template.value is not None for _, template in item.sources.names):
        return True
    return item.uses_shapes or item.when is not None or item.loop is not None


def _is_read(followers: tuple[Item, ...]) -> bool:
    """Whether the items that follow another may read its output as the item above."""
    for item in followers:
        if item.sources is None or any(
            template.constant == "previous" or template.value is not None for _, template in item.sources.names
        ):
            return True
        if item.uses_shapes:
            return True
        if item.when is None and item.loop is None and not isinstance(item.action, SideBranches):
            return False
    return True
