"""Keras code with the structure of a spec: one function for each block, loops, conditions and named tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cnncalc.errors import Span
from cnncalc.exporters.keras.functions import KerasFunction
from cnncalc.exporters.keras.layers import MixedUse, keeps_sign, uses_operations
from cnncalc.exporters.keras.module import LOCAL_NAMES, CodeLines, KerasModule
from cnncalc.exporters.keras.names import clean_name
from cnncalc.exporters.keras.plan import (
    FunctionPlan,
    Sample,
    all_parts,
    templates_of,
)
from cnncalc.exporters.keras.planner import Planner
from cnncalc.exporters.keras.types import TypeValues
from cnncalc.exporters.python_code import (
    INDENT,
    IdentifierTable,
    layout,
    write_text,
    write_value,
)
from cnncalc.network.build import variables_of
from cnncalc.network.records import LayerGraph
from cnncalc.spec.records import (
    Override,
    Spec,
)
from cnncalc.spec.templates import (
    Computed,
    Constant,
    names_used_in,
)
from cnncalc.syntax.expressions import (
    Value,
)
from cnncalc.syntax.patterns import named


def write_blocks(module: KerasModule, spec: Spec, network: LayerGraph, function: str) -> None:
    """Add the functions of a spec. Raises MixedUse where its structure cannot be kept, and SpecError."""
    if any(one.overrides for one in spec.networks.values()):
        raise MixedUse
    KerasStructure(module, spec, network, variables_of(spec, [])).write(function)


class Parameters(dict[str, str]):
    """The identifiers of the values that a function sees, by their names in the spec."""


class KerasStructure(TypeValues):
    """Writes all functions of a module."""

    def __init__(self, module: KerasModule, spec: Spec, network: LayerGraph, variables: Sample) -> None:
        super().__init__(module, network, Planner(spec, network, variables))
        self.by_name = {layer.name: layer for layer in network.layers}
        self.nonnegative: dict[str, bool] = {}
        for layer in network.layers:
            self.nonnegative[layer.name] = keeps_sign(layer, lambda name: self.nonnegative.get(name, False))
        self.written: set[int] = set()
        self.variable_identifiers: dict[int, Parameters] = {}
        self.free: dict[int, list[str]] = {}
        self.has_operations = uses_operations(network.layers)
        self.lines_of: dict[int, list[str]] = {}
        ranks = {shape.rank for layer in network.layers for shape in layer.input_shapes}
        self.has_images_only = ranks <= {0, 2}
        # The settings that overrides change, by the place of their item, and their values by the name of a layer.
        self.overridden: dict[Span, set[str]] = {}
        self.overrides: dict[str, dict[str, Value]] = {}
        for override in spec.overrides:
            self._find_overridden(override)

    def _find_overridden(self, override: Override) -> None:
        """Note the layers and blocks whose settings an override changes."""
        values: list[tuple[str, Span, Mapping[str, Any]]] = [
            (layer.name, layer.span, layer.settings) for layer in self.network.layers
        ]
        values += [(group.name, group.span, dict(group.arguments)) for group in self.network.groups]
        for name, span, settings in values:
            if any(named([name], override.pattern)):
                found = {key: settings[key] for key in override.settings if key in settings}
                self.overridden.setdefault(span, set()).update(found)
                self.overrides.setdefault(clean_name(name), {}).update(found)

    def write_overrides(self) -> list[str]:
        """The table of overrides, and the function that reads it."""
        code = CodeLines()
        code.depth = 0
        code.lines.append("# Settings of single layers that differ from those of their blocks.")
        rows = []
        for name, settings in self.overrides.items():
            texts = [f"{write_text(key)}: {write_value(value)}" for key, value in settings.items()]
            rows.append(f"{write_text(name)}: {{{', '.join(texts)}}}")
        code.lines.append("OVERRIDES = {")
        code.lines += [line for row in rows for line in layout(f"{row},", INDENT)]
        code.lines += ["}", "", ""]
        code.open("def setting(name: str, key: str, value: Any) -> Any:")
        code.lines.append(f'{INDENT}"""The setting of a layer, which OVERRIDES may change."""')
        code.add("return OVERRIDES.get(name, {}).get(key, value)")
        return code.lines

    # --- names of functions and variables ---

    def write(self, function: str) -> None:
        self.plan.main.identifier = function
        for plan in self.plan.functions.values():
            base = (
                plan.name
                if plan.block is not None
                else re.sub(r"\W", "_", plan.spec.file.rpartition("/")[2].partition(".")[0])
            )
            plan.identifier = self.module.take_function(base)
        self._write_with_callees(self.plan.main, function)
        self.module.functions[:0] = [*([self.write_overrides()] if self.overrides else []), *self.type_code]

    def _write_with_callees(self, plan: FunctionPlan, function: str = "") -> None:
        if id(plan) in self.written:
            return
        self.written.add(id(plan))
        for callee in plan.callees:
            self._write_with_callees(callee)
        lines = self.lines_of[id(plan)] = KerasFunction(self, plan).write()
        self.module.functions.append(lines)

    def parameter_names(self, plan: FunctionPlan) -> Mapping[str, str]:
        """The identifiers of the values in a function."""
        return KerasFunction(self, plan).values

    def reads_sizes(self, plan: FunctionPlan) -> bool:
        """Whether the code of a function or its callees uses the sizes of tensors, besides the channels."""
        waiting, seen = [plan], set()
        while waiting:
            one = waiting.pop()
            if id(one) not in seen:
                seen.add(id(one))
                waiting += one.callees
                if any(re.search(r"\.shape(?!\[-1\])", line) for line in self.lines_of.get(id(one), [])):
                    return True
        return False

    def variables(self, spec: Spec) -> Parameters:
        """The identifiers of a spec's variables, equal in all of its functions."""
        found = self.variable_identifiers.get(id(spec))
        if found is None:
            table = IdentifierTable((*self.module.identifiers.taken, *LOCAL_NAMES))
            found = Parameters({name: table.take(name) for name in spec.variables})
            self.variable_identifiers[id(spec)] = found
        return found

    def free_variables(self, plan: FunctionPlan) -> list[str]:
        """The variables of the spec that a function and its callees use, in their order."""
        known = self.free.get(id(plan))
        if known is not None:
            return known
        used: set[str] = set()
        seen: set[int] = set()
        waiting = [plan]
        while waiting:
            one = waiting.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            if one.spec is not plan.spec or (one.block is None and one is not plan):
                continue
            own: set[str] = set()
            if one.block is not None:
                for parameter in one.block.parameters:
                    used |= set(names_used_in(parameter.default)) - own
                    own.add(parameter.name)
            used |= set(names_used_in(one.items)) - own
            waiting += one.callees
            for word in self._type_words_of(one):
                waiting += [
                    other for other in self.plan.functions.values() if other.spec is one.spec and other.name == word
                ]
        found = [name for name in plan.spec.variables if name in used]
        self.free[id(plan)] = found
        return found

    def _type_words_of(self, plan: FunctionPlan) -> set[str]:
        """Words in a function that are blocks as values."""
        words: set[str] = set()
        for part in all_parts(plan.items):
            for template in templates_of(part):
                if isinstance(template, Constant) and isinstance(template.value, str):
                    words.add(template.value)
                elif isinstance(template, Computed):
                    words |= set(template.words)
        return words & set(plan.spec.blocks)
