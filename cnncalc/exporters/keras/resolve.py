"""What the names of a spec mean in generated Keras code: variables, outputs of functions, or keys."""

from __future__ import annotations

import re

from cnncalc import limits
from cnncalc.exporters.keras.layers import MixedUse
from cnncalc.exporters.keras.plan import (
    Definition,
    FunctionPlan,
    NameParts,
    Resolved,
    ScopeNode,
    TensorReference,
    all_parts,
    constant_name,
    join_parts,
    texts_match,
)
from cnncalc.spec.records import (
    Item,
)


class NameResolver:
    """Resolves the references of functions."""

    main: FunctionPlan
    functions: dict[object, FunctionPlan]

    def _resolve_all(self) -> None:
        waiting = [self.main, *self.functions.values()]
        for function in waiting:
            for key, reference in function.references.items():
                function.resolved[key] = self._resolve(function, reference)
            for part in all_parts(function.items):
                if isinstance(part, Item) and part.weights is not None:
                    self._share(function, part)

    def _share(self, function: FunctionPlan, item: Item) -> None:
        """Note the definition whose weights an item uses."""
        resolved = function.resolved[id(item.weights)]
        owner = resolved.definition
        if owner is None or resolved.inner or owner.callee is None or owner.loops or item.loop is not None:
            raise MixedUse
        if owner.callee is not function.calls.get(id(item)) or (owner.call is not None and owner.call.when is not None):
            raise MixedUse
        owner.users.append(item)

    def _resolve(self, function: FunctionPlan, reference: TensorReference) -> Resolved:
        if reference.by_key:
            if not [one for one in function.definitions if self._match_keys(function, one, reference.parts)]:
                raise MixedUse
            function.uses_keys = True
            return Resolved(None)
        for scope in reference.scope.chain():
            # The same name in the same pass: a variable.
            exact = [
                found
                for found in self._find_exactly(function, scope, reference.parts)
                if found.definition is not None
                and found.definition.order < reference.order
                and found.definition.loops == reference.loops[: len(found.definition.loops)]
            ]
            if exact:
                # Exclusive conditions may define one name several times.
                for other in exact[1:]:
                    if other.inner != exact[0].inner or other.definition is None or exact[0].definition is None:
                        raise MixedUse
                for found in exact:
                    self._need(found)
                return exact[-1]
            full = join_parts(self._full(scope), reference.parts)
            some = False
            limits.spend(len(function.definitions))
            for one in function.definitions:
                if not one.scope.is_within(scope):
                    continue
                some = self._match_keys(function, one, full) or some
            if some:
                function.uses_keys = True
                return Resolved(None)
        raise MixedUse

    @staticmethod
    def _full(scope: ScopeNode) -> NameParts:
        return join_parts(*(one.parts for one in list(scope.chain())[::-1]))

    @staticmethod
    def _find_exactly(function: FunctionPlan, scope: ScopeNode, parts: NameParts) -> list[Resolved]:
        """What has a name in a scope, if its expressions are written alike; or is inside what has its beginning."""
        name = constant_name(parts)
        if name is None:
            limits.spend(len(function.computed))
            texts = _texts(parts)
            return [
                Resolved(one)
                for one in function.computed
                if one.scope.is_within(scope) and _texts(_relative(one, scope)) == texts
            ]
        if own := function.by_name.get((id(scope), name)):
            return [Resolved(one) for one in own]
        head, _, tail = name.rpartition(".")
        while head:
            if own := function.by_name.get((id(scope), head)):
                return [Resolved(one, tail) for one in own if one.callee is not None]
            head, _, last = head.rpartition(".")
            tail = f"{last}.{tail}"
        return []

    def _need(self, found: Resolved) -> None:
        definition = found.definition
        if definition is None:
            return
        definition.needs_variable = definition.needs_variable or not found.inner
        if found.inner:
            definition.inner.setdefault(found.inner, "")
            self._export(definition.callee, (found.inner,))

    def _export(self, plan: FunctionPlan | None, parts: NameParts) -> None:
        """Let a function return a tensor of its inside."""
        if plan is None:
            raise MixedUse
        name = constant_name(parts)
        if name is None:
            raise MixedUse
        if name not in plan.exported:
            key = ("export", name)
            plan.exported.append(name)
            reference = TensorReference((name,), plan.root, 10**9, ())
            plan.references[key] = reference
            plan.resolved[key] = self._resolve(plan, reference)

    def _match_keys(self, function: FunctionPlan, one: Definition, full: NameParts) -> bool:
        """Mark what a computed name may mean: the definition itself, or a tensor inside its function."""
        own = join_parts(self._full(one.scope), one.parts)
        if texts_match(own, full):
            one.needs_key = True
            return True
        if one.callee is None:
            return False
        # The part of the name behind that of the block.
        for cut in range(1, len(full) + 1):
            head, tail = full[:cut], full[cut:]
            last = head[-1]
            dots = [found.start() for found in re.finditer(r"\.", last)] if isinstance(last, str) else []
            for dot in dots:
                begin = (*head[:-1], str(last)[:dot]) if dot else head[:-1]
                rest = (str(last)[dot + 1 :], *tail) if dot + 1 < len(str(last)) else tail
                if not begin or not rest or not texts_match(own, begin):
                    continue
                if self._match_inside(one.callee, rest):
                    one.merges_keys = True
                    return True
        return False

    def _match_inside(self, plan: FunctionPlan, parts: NameParts) -> bool:
        """Let a function return all of its tensors by name that a name may mean."""
        found = [one for one in plan.definitions if self._match_keys(plan, one, parts)]
        if found:
            plan.uses_keys = plan.returns_keys = True
        return bool(found)


def _relative(definition: Definition, scope: ScopeNode) -> NameParts:
    """The name of a definition in a scope around it."""
    inside = [level.parts for level in definition.scope.chain()]
    depth = next(number for number, level in enumerate(definition.scope.chain()) if level is scope)
    return join_parts(*inside[:depth][::-1], definition.parts)


def _texts(parts: NameParts) -> tuple[str, ...]:
    """A name with the texts of its expressions."""
    return tuple(part if isinstance(part, str) else f"{{{part.expression.text}}}" for part in parts)
