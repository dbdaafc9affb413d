"""Layer types and blocks as values in generated Keras code, and the types of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from cnncalc import layers
from cnncalc.exporters.keras.layers import GivenValue, LayerSite, MixedUse
from cnncalc.exporters.keras.module import CodeLines, KerasModule, emit_steps, find_steps, write_signature
from cnncalc.exporters.keras.plan import (
    FunctionPlan,
    all_parts,
    nodes_of,
    trees_of,
)
from cnncalc.exporters.keras.planner import Planner
from cnncalc.exporters.python_code import (
    IdentifierTable,
    WrittenExpression,
    write_value,
)
from cnncalc.layers.contract import LayerType
from cnncalc.network.records import LayerGraph
from cnncalc.spec.records import (
    BlockCall,
    Branch,
    Item,
    NetworkCall,
    Spec,
    TypeCall,
)
from cnncalc.spec.templates import (
    Template,
)
from cnncalc.syntax.expressions import (
    Conditional,
    Index,
    ListOf,
    ListSlice,
    Name,
    Tree,
)

TENSOR = "keras.KerasTensor"


class TypeValues:
    """Finds the names whose values are layer types or blocks, and writes the functions for them."""

    def __init__(self, module: KerasModule, network: LayerGraph, plan: Planner) -> None:
        self.module = module
        self.network = network
        self.plan = plan
        self.observed = plan.observed
        self.default_rank = max((shape.rank for _, shape in network.inputs), default=2) or 2
        self.type_functions: dict[str, str] = {}
        self.type_code: list[list[str]] = []
        self.typed: set[tuple[int, str]] = set()
        self._find_types()

    def variables(self, spec: Spec) -> Mapping[str, str]:
        raise NotImplementedError

    def free_variables(self, plan: FunctionPlan) -> list[str]:
        raise NotImplementedError

    def _find_types(self) -> None:
        """Find the names whose values are layer types or blocks, until no more are found."""
        plans = [self.plan.main, *self.plan.functions.values()]
        before = -1
        while len(self.typed) != before:
            before = len(self.typed)
            for plan in plans:
                self._spread_types(plan)

    def is_typed(self, plan: FunctionPlan, name: str) -> bool:
        owner = id(plan) if self._is_own(plan, name) else id(plan.spec)
        return (owner, name) in self.typed

    @staticmethod
    def _is_own(plan: FunctionPlan, name: str) -> bool:
        if plan.block is not None and any(parameter.name == name for parameter in plan.block.parameters):
            return True
        return any(part.loop is not None and name in part.loop.names for part in all_parts(plan.items))

    def _mark(self, plan: FunctionPlan, name: str) -> None:
        self.typed.add((id(plan) if self._is_own(plan, name) else id(plan.spec), name))

    def _mark_template(self, plan: FunctionPlan, template: Template | None) -> None:
        for tree in trees_of(template):
            waiting: list[Tree] = [tree]
            while waiting:
                node = waiting.pop()
                if isinstance(node, Name):
                    self._mark(plan, node.name)
                elif isinstance(node, Conditional):
                    waiting += [node.then, node.otherwise]
                elif isinstance(node, Index | ListSlice):
                    waiting.append(node.operand)
                elif isinstance(node, ListOf):
                    waiting += node.items

    def _spread_types(self, plan: FunctionPlan) -> None:
        for part in all_parts(plan.items):
            self._spread_part(plan, part)
        if plan.block is not None:
            for parameter in plan.block.parameters:
                if self.is_typed(plan, parameter.name):
                    self._mark_template(plan, parameter.default)
        for name, template in plan.spec.variables.items():
            if (id(plan.spec), name) in self.typed:
                names = {node.name for tree in trees_of(template) for node in nodes_of(tree) if isinstance(node, Name)}
                self.typed |= {(id(plan.spec), other) for other in names}

    def _spread_part(self, plan: FunctionPlan, part: Item | Branch) -> None:
        """Mark the names that give the types of an item, or the values of names that do."""
        if part.loop is not None:
            for names, template in part.loop.walks:
                if any(self.is_typed(plan, name) for name in names):
                    self._mark_template(plan, template)
        action = part.action if isinstance(part, Item) else None
        if isinstance(action, TypeCall):
            self._mark_template(plan, action.type)
        callee = plan.calls.get(id(part))
        if callee is not None and isinstance(action, BlockCall | NetworkCall):
            for name, template in action.arguments.items():
                if self.is_typed(callee, name):
                    self._mark_template(plan, template)

    def type_source(self, plan: FunctionPlan, word: str) -> str:
        """The source of a layer type or a block as a value: the name of its function."""
        if word in plan.spec.blocks:
            found = [one for one in self.plan.functions.values() if one.spec is plan.spec and one.name == word]
            if len(found) != 1:
                raise MixedUse
            free = self.free_variables(found[0])
            if free:
                names = self.variables(plan.spec)
                return f"partial({found[0].identifier}, {', '.join(f'{names[name]}={names[name]}' for name in free)})"
            return found[0].identifier
        kind = layers.find(word)
        if kind is None:
            raise MixedUse
        return self._type_function(kind)

    def _type_function(self, kind: type[LayerType]) -> str:
        """The name of a function that applies a layer type, which the module then has."""
        known = self.type_functions.get(kind.name)
        if known is not None:
            return known
        identifier = self.type_functions[kind.name] = self.module.take_function(kind.name, "layer")
        used = {
            id(item): item for plan in (self.plan.main, *self.plan.functions.values()) for item in all_parts(plan.items)
        }
        spans = {item.span for item in used.values() if isinstance(item, Item) and isinstance(item.action, TypeCall)}
        found = tuple(layer for span in spans for layer in self.observed.of(span) if layer.type == kind.name)
        order = list(kind.settings)
        given = {
            key
            for layer in found
            for key in order
            if layer.settings[key] != kind.settings[key].default or key in layer.written
        }
        given |= {key for key in order if kind.settings[key].required}
        chosen = [key for key in order if key in given]
        table = IdentifierTable((*self.module.identifiers.taken, "x", "name"))
        names = {key: table.take(key) for key in chosen}
        required = [key for key in chosen if kind.settings[key].required]
        optional = [key for key in chosen if not kind.settings[key].required]
        types = {key: annotate_values([layer.settings[key] for layer in found]) for key in chosen}
        signature = [f"x: {TENSOR}"]
        signature += [f"{names[key]}: {types[key]}" for key in required]
        signature += [f"{names[key]}: {types[key]} = {write_value(kind.settings[key].default)}" for key in optional]
        signature += ["*", "name: str"]
        code = CodeLines()
        code.depth = 0
        code.lines += write_signature(identifier, signature, TENSOR)
        code.depth += 1
        site = LayerSite(
            kind,
            {key: GivenValue(WrittenExpression(names[key])) for key in chosen},
            found,
            ("x",),
            lambda suffix: "name" if not suffix else f'f"{{name}}{suffix.replace(".", "_")}"',
            self.module.use,
            found[0].span if found else next(iter(self.network.layers)).span,
            refuse_input,
            self.default_rank,
        )
        steps = find_steps(site, kind.name)
        variable = "x"
        for number, step in enumerate(steps):
            if number == len(steps) - 1 and not step.guard:
                code.add(f"return {step.write([variable])}")
            else:
                variable = emit_steps(code, [step], [variable], "x")
        if not steps or steps[-1].guard:
            code.add("return x")
        self.type_code.append(code.lines)
        return identifier


def refuse_input(_name: str, _shape: str) -> str:
    raise MixedUse


def annotate_values(values: Iterable[object]) -> str:
    """The type of a parameter, from its values."""
    found = list(dict.fromkeys(_type_of(value) for value in values))
    if not found:
        return "int"
    if set(found) <= {"int", "float"} and "float" in found:
        return "float"
    tuples = [one for one in found if one.startswith("tuple")]
    if len(tuples) > 1:
        found = [
            *(one for one in found if one not in tuples),
            "tuple[int, ...]" if all("Any" not in t for t in tuples) else "tuple",
        ]
    return " | ".join(sorted(dict.fromkeys(found), key=lambda text: (text == "None", text.startswith("tuple"))))


def _type_of(value: object) -> str:
    if isinstance(value, tuple):
        inner = {_type_of(item) for item in value}
        if inner == {"int", "float"}:
            inner = {"float"}
        return f"tuple[{inner.pop()}, ...]" if len(inner) == 1 else "tuple[Any, ...]"
    if isinstance(value, Fraction):
        return "float"
    return {bool: "bool", int: "int", str: "str", type(None): "None"}.get(type(value), "Any")
