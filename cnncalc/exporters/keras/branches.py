"""Joins and branches in generated Keras code."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from cnncalc.exporters.keras.calls import CodeCalls
from cnncalc.exporters.keras.layers import LayerSite, LayerStep, MixedUse
from cnncalc.exporters.keras.module import emit_steps, find_steps
from cnncalc.exporters.keras.names import CodeFrame, ItemSpot, separated
from cnncalc.exporters.keras.plan import (
    Definition,
)
from cnncalc.exporters.keras.types import refuse_input
from cnncalc.exporters.python_code import (
    WrittenExpression,
    as_identifier,
)
from cnncalc.spec.records import (
    Branch,
    Item,
    JoinCall,
    Loop,
    SideBranches,
)


class CodeBranches(CodeCalls):
    """Writes joins, their branches, and side branches."""

    def place_items(self, items: tuple[Item, ...], frame: CodeFrame, current: str | None, chain: str) -> str | None:
        raise NotImplementedError

    def _loop_tensor(self, loop: Loop, part: Item | Branch, frame: CodeFrame, current: str | None) -> str | None:
        raise NotImplementedError

    def _passes(
        self, loop: Loop, frame: CodeFrame, tensor: str | None
    ) -> AbstractContextManager[tuple[CodeFrame, str]]:
        raise NotImplementedError

    def _define(self, definition: Definition, frame: CodeFrame, result: str, number: str | None) -> str:
        """Give the output of a definition its variable, and its key. Returns its variable."""
        if definition.variable and result != definition.variable:
            self.code.add(f"{definition.variable} = {result}")
            result = definition.variable
        if definition.needs_key:
            key = self._key(definition, frame, () if number is None else (number,))
            self.code.add(f"outputs[{key}] = {result}")
        return result

    def _branch_variable(self, branch: Branch, number: int) -> str:
        definition = self.plan.by_site.get(id(branch))
        if definition is not None and definition.variable:
            return definition.variable
        base = as_identifier((branch.name or "").replace(".", "_"), "branch") if branch.name else f"branch{number + 1}"
        taken = {*self.table.taken, *self.active}
        candidate, count = base, 1
        while candidate in taken:
            count += 1
            candidate = f"{base}_{count}"
        return candidate

    def _join(self, join: JoinCall, spot: ItemSpot) -> str:
        frame, start = spot.frame, spot.start
        branches = join.branches
        before = len(self.active)
        self.active += [name for name in (start, spot.target) if name]
        conditional = [branch for branch in branches if branch.when is not None]
        try:
            if not conditional and all(branch.loop is None for branch in branches):
                sources = []
                for number, branch in enumerate(branches):
                    source = self._branch(branch, frame, start, self._branch_variable(branch, number))
                    sources.append(source)
                    self.active.append(source)
                return self._layer(join.call, self._joining(spot, sources))
            if len(branches) == 2 and len(conditional) == 1 and all(branch.loop is None for branch in branches):
                return self._optional_branch(join, spot)
            return self._listed_branches(join, spot)
        finally:
            del self.active[before:]

    @staticmethod
    def _joining(spot: ItemSpot, sources: list[str]) -> ItemSpot:
        """A join as a layer that reads the ends of its branches."""
        return spot._replace(operands=tuple((None, source) for source in sources), current=spot.start)

    def _optional_branch(self, join: JoinCall, spot: ItemSpot) -> str:
        """A join of two branches, one of them with a condition; without it, the other is the output."""
        frame, start = spot.frame, spot.start
        first, second = join.branches
        fixed, optional = (second, first) if first.when is not None else (first, second)
        number = join.branches.index(fixed)
        source = self._branch(fixed, frame, start, self._branch_variable(fixed, number))
        self.active.append(source)
        own = (
            source
            if source not in (start, *self.inputs.values()) and not self.plan.by_site.get(id(fixed), _NONE).variable
            else ""
        )
        result = own or spot.target
        begin = self._branch_start(optional, frame, start)
        condition = self.expressions(frame, begin).write(optional.when).text  # type: ignore[arg-type]
        if result != source:
            self.code.add(f"{result} = {source}")
        self.code.open(f"if {condition}:")
        other = self._branch_items(optional, frame, begin, self._branch_variable(optional, 1 - number))
        order = [source, other] if fixed is first else [other, source]
        self._layer(join.call, self._joining(spot, order)._replace(target=result))
        self.code.close()
        return result

    def _listed_branches(self, join: JoinCall, spot: ItemSpot) -> str:
        """A join whose number of branches depends on conditions or loops: they are collected in a list."""
        frame, start, target = spot.frame, spot.start, spot.target
        names = self._free_name("branches")
        self.active.append(names)
        listed: list[str] = []
        is_open = False
        certain = 0

        def flush() -> None:
            nonlocal is_open
            if not is_open:
                self.code.add(f"{names} = [{', '.join(listed)}]")
                is_open = True
                listed.clear()

        for number, branch in enumerate(join.branches):
            variable = self._branch_variable(branch, number)
            if branch.loop is not None:
                flush()
                self._branch_loop(branch, branch.loop, frame, start, variable, names=names)
                continue
            if branch.when is not None:
                flush()
                begin = self._branch_start(branch, frame, start)
                condition = self.expressions(frame, begin).write(branch.when).text
                self.code.open(f"if {condition}:")
                self.code.add(f"{names}.append({self._branch_items(branch, frame, begin, variable)})")
                self.code.close()
                continue
            source = self._branch(branch, frame, start, variable)
            certain += 1
            if is_open:
                self.code.add(f"{names}.append({source})")
            else:
                listed.append(source)
                self.active.append(source)
        flush()
        site_steps = self._join_steps(join, spot, names)
        always = certain > 1
        if always:
            return emit_steps(self.code, site_steps, [names], target)
        self.code.add(f"{target} = {names}[0]")
        self.code.open(f"if len({names}) > 1:")
        emit_steps(self.code, site_steps, [names], target)
        self.code.close()
        return target

    def _join_steps(self, join: JoinCall, spot: ItemSpot, names: str) -> list[LayerStep]:
        item, path = spot.item, spot.path
        kind = join.call.type
        if "function" in kind.settings or "equation" in kind.settings:
            raise MixedUse
        site = LayerSite(
            kind,
            self._given(kind, join.call.arguments, spot, None),
            self.writer.observed.of(item.span),
            (names,),
            lambda suffix: self.label(path, suffix),
            self.writer.module.use,
            item.span,
            refuse_input,
            self.writer.default_rank,
        )
        return find_steps(site, item.type)

    def _branch_start(self, branch: Branch, frame: CodeFrame, start: str | None) -> str | None:
        if branch.sources is None:
            return start
        if len(branch.sources.names) != 1:
            raise MixedUse
        template = branch.sources.names[0][1]
        return self.source(id(template), template.parts, frame, start)

    def _branch(self, branch: Branch, frame: CodeFrame, start: str | None, variable: str) -> str:
        return self._branch_items(branch, frame, self._branch_start(branch, frame, start), variable)

    def _branch_items(
        self, branch: Branch, frame: CodeFrame, start: str | None, variable: str, number: str | None = None
    ) -> str:
        definition = self.plan.by_site.get(id(branch))
        inner = frame
        if definition is not None:
            path = (*frame.path, *separated(frame.path), *self._name_pieces(definition.parts, frame))
            for one in (*frame.passes, *(() if number is None else (number,))):
                path = (*path, "_", WrittenExpression(one))
            inner = frame.enter(self.plan.scopes[id(branch)], path)
        elif number is not None:
            inner = frame.bind({}, frame.samples, (*frame.passes, number))
        self.active.append(variable)
        result = self.place_items(branch.items, inner, start, variable)
        self.active.pop()
        if result is None:
            raise MixedUse
        return result if definition is None else self._define(definition, frame, result, number)

    def _branch_loop(
        self, branch: Branch, loop: Loop, frame: CodeFrame, start: str | None, variable: str, *, names: str
    ) -> None:
        first = self._loop_tensor(loop, branch, frame, start)
        with self._passes(loop, frame, first) as (inner, index):
            begin = self._branch_start(branch, inner, start)
            if branch.when is not None:
                self.code.open(f"if {self.expressions(inner, begin).write(branch.when).text}:")
            self.code.add(f"{names}.append({self._branch_items(branch, inner, begin, variable, index)})")
            if branch.when is not None:
                self.code.close()

    def _side_branches(self, action: SideBranches, spot: ItemSpot) -> None:
        item, frame = spot.item, spot.frame
        for number, branch in enumerate(action.branches):
            if branch.loop is not None or branch.when is not None:
                raise MixedUse
            definition = self.plan.by_site.get(id(branch))
            variable = self._branch_variable(branch, number)
            if definition is None or not definition.variable:
                # Its end may be an output of the network.
                self.table.taken.add(variable)
            inner = frame if item.name is None else frame.enter(self.plan.scopes[id(item)], spot.path)
            result = self._branch(branch, inner, spot.start, variable)
            if not self.plan.spec.outputs or item.training_only:
                if self.loop_depth:
                    raise MixedUse
                if not self.is_main and not self.writer.plan.main.spec.outputs:
                    raise MixedUse
                # What an empty branch passes on has readers of its own.
                if result != spot.start:
                    self.extra_outputs.append(result)


class _NoDefinition:
    variable = ""


_NONE: Any = _NoDefinition()
