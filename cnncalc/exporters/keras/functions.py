"""The functions of generated Keras code."""

from __future__ import annotations

from cnncalc.exporters.keras.items import CodeItems
from cnncalc.exporters.keras.layers import MixedUse
from cnncalc.exporters.keras.module import document, write_signature
from cnncalc.exporters.keras.names import CodeFrame
from cnncalc.exporters.keras.plan import (
    Definition,
    constant_name,
    trees_of,
)
from cnncalc.exporters.keras.types import TENSOR, annotate_values
from cnncalc.exporters.keras.values import ExpressionScope
from cnncalc.exporters.python_code import (
    ATOM,
    INDENT,
    WrittenExpression,
    write_text,
)
from cnncalc.spec.templates import (
    Computed,
    Constant,
    Template,
    names_used_in,
)


class KerasFunction(CodeItems):
    """Writes one function."""

    def write(self) -> list[str]:
        return self._write_main() if self.is_main else self._write_function()

    def _write_function(self) -> list[str]:
        plan = self.plan
        signature = self._tensor_parameters()
        defaults: list[str] = []
        required = plan.block.parameters if plan.block is not None else ()
        expressions = ExpressionScope(self, self.values, plan.samples, self._only_input(), {})
        for parameter in required:
            identifier = self.values[parameter.name]
            annotation = self._annotate(parameter.name)
            if parameter.default is None:
                signature.append(f"{identifier}: {annotation}")
            elif isinstance(parameter.default, Constant) or self._is_word(parameter.default):
                typed = self.is_typed(parameter.name)
                source = expressions.write(parameter.default, typed=typed).text
                signature.append(f"{identifier}: {annotation} = {source}")
            else:
                signature.append(f"{identifier}: {annotation} | None = None")
                defaults.append(parameter.name)
        free = self.writer.free_variables(plan)
        signature.append("*")
        if plan.block is None:
            signature += self._variable_parameters([name for name in free if self._is_constant(name)])
        else:
            variables = self.writer.variables(plan.spec)
            signature += [f"{variables[name]}: {self._annotate(name)}" for name in free]
        signature.append("name: str")
        self._write_defaults(defaults)
        if plan.block is None:
            self._write_derived(free)
        if plan.uses_keys:
            self.code.add("outputs = {}")
        result = self._write_items()
        returned, optional = self._returned(result)
        if plan.returns_keys:
            returned.append("outputs")
        self.code.give_back(", ".join(returned))
        kind = TENSOR
        if len(returned) > 1:
            kinds = [f"{TENSOR} | None" if source in optional else TENSOR for source in returned]
            if plan.returns_keys:
                kinds[-1] = f"dict[str, {TENSOR}]"
            kind = f"tuple[{', '.join(kinds)}]"
        return [*write_signature(plan.identifier, signature, kind), *self.code.lines]

    def _write_defaults(self, names: list[str]) -> None:
        """Write the defaults that other values give: variables, and the parameters before each."""
        values = dict(self.writer.variables(self.plan.spec))
        for parameter in self.plan.block.parameters if self.plan.block is not None else ():
            name, default = parameter.name, parameter.default
            if name in names and default is not None:
                expressions = ExpressionScope(self, values, self.plan.samples, self._only_input(), {})
                whole = self._is_whole(self.plan.samples, name)
                self.code.open(f"if {self.values[name]} is None:")
                source = expressions.write(default, typed=self.is_typed(name), whole=whole).text
                self.code.add(f"{self.values[name]} = {source}")
                self.code.close()
            values[name] = self.values[name]

    def _returned(self, result: str) -> tuple[list[str], set[str]]:
        """The variables that the function returns, and those of them that a condition may leave out."""
        plan = self.plan
        returned = [result]
        optional: set[str] = set()
        for name in plan.exported:
            resolved = plan.resolved["export", name]
            source = self._source_of(resolved, (name,), CodeFrame(plan.root, (), self.values, plan.samples))
            if source not in returned:
                returned.append(source)
            plan.places[name] = returned.index(source)
            if resolved.definition is not None and self._may_be_missing(resolved.definition):
                optional.add(source)
        if optional:
            self.code.lines[:0] = [f"{INDENT}{source} = None" for source in returned if source in optional]
            self.code.last = ("", 0, 0)
        return returned, optional

    def _may_be_missing(self, definition: Definition) -> bool:
        """Whether a condition decides if a tensor exists."""
        item = definition.call
        scopes = list(definition.scope.chain())
        around = [
            one.call
            for one in self.plan.definitions
            if one.call is not None and any(self.plan.scopes.get(id(one.call)) is scope for scope in scopes)
        ]
        return any(one is not None and one.when is not None for one in (item, *around))

    def _tensor_parameters(self) -> list[str]:
        form = self.plan.form
        if form.names:
            self.inputs = {name: self.table.take(name, "input") for name in form.names}
            return [f"{identifier}: {TENSOR}" for identifier in self.inputs.values()]
        if form.is_list:
            self.inputs = {"": "inputs"}
            return [f"inputs: list[{TENSOR}]"]
        self.inputs = {"input": "inputs" if self.plan.reads_input else "x"}
        for name, _ in self.plan.spec.inputs if self.plan.block is None else ():
            self.inputs[name] = self.inputs["input"]
        return [f"{self.inputs['input']}: {TENSOR}"]

    def _only_input(self) -> str | None:
        found = set(self.inputs.values())
        return found.pop() if len(found) == 1 and not self.plan.form.is_list else None

    @staticmethod
    def _is_word(template: Template) -> bool:
        """Whether an expression is a word that is a value itself."""
        return isinstance(template, Computed) and template.expression.text.strip() in template.words

    def _is_constant(self, name: str) -> bool:
        return not any(True for _ in trees_of(self.plan.spec.variables[name]))

    def _variable_parameters(self, names: list[str]) -> list[str]:
        """Variables of a spec as keyword arguments with their values."""
        found = []
        expressions = ExpressionScope(self, self.values, self.plan.samples, None, {})
        for name in names:
            source = expressions.write(self.plan.spec.variables[name], typed=self.is_typed(name)).text
            found.append(f"{self.values[name]}: {self._annotate(name)} = {source}")
        return found

    def _write_derived(self, names: list[str]) -> None:
        """Write the variables that others give."""
        expressions = ExpressionScope(self, self.values, self.plan.samples, None, {})
        for name in self._derived(names):
            whole = self._is_whole(self.plan.samples, name)
            source = expressions.write(self.plan.spec.variables[name], typed=self.is_typed(name), whole=whole).text
            self.code.add(f"{self.values[name]} = {source}")

    def _derived(self, names: list[str]) -> list[str]:
        return [name for name in names if not self._is_constant(name)]

    def _with_sources(self, names: list[str]) -> list[str]:
        """Variables, and those that they are computed from, in their order."""
        needed = set(names)
        for name in reversed(list(self.plan.spec.variables)):
            if name in needed:
                needed |= set(names_used_in(self.plan.spec.variables[name]))
        return [name for name in self.plan.spec.variables if name in needed]

    def _annotate(self, name: str) -> str:
        if self.is_typed(name):
            values = [sample.get(name) for sample in self.plan.samples]
            if not any(isinstance(value, tuple) for value in values):
                return f"Callable[..., {TENSOR}]"
        return annotate_values([sample[name] for sample in self.plan.samples if name in sample])

    def _write_main(self) -> list[str]:
        plan, spec = self.plan, self.plan.spec
        free = self._with_sources(self.writer.free_variables(plan))
        names = [name for name in spec.variables if self._is_constant(name)]
        signature = self._variable_parameters(names)
        self._write_derived(free)
        form = plan.form
        expressions = ExpressionScope(self, self.values, plan.samples, None, {})
        for name, template in spec.inputs:
            variable = self.table.take(name, "input") if form.names else "inputs"
            self.inputs[name] = variable
            items = expressions.items(template, whole=True)
            if not items:
                shape = dict(self.writer.network.inputs)[name]
                is_constant = isinstance(template, Constant)
                items = tuple(map(str, shape)) if is_constant else ()
            if items:
                sizes = (*items[1:], items[0])
                source = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
            else:
                whole = expressions.write(template, whole=True).at_least(ATOM)
                source = f"(*{whole}[1:], {whole}[0])"
            self.add_input(variable, name, source)
        if not form.names:
            self.inputs["input"] = "inputs"
        if plan.uses_keys:
            self.code.add("outputs = {}")
        result = self._write_items()
        ends = self._ends(result)
        inputs = self.model_inputs[0] if len(self.model_inputs) == 1 else f"[{', '.join(self.model_inputs)}]"
        end = ends[0] if len(ends) == 1 else f"[{', '.join(ends)}]"
        if self.training_outputs:
            self.code.add(f"ends = {end}")
            self.code.open("if auxiliary_heads:")
            self.code.add(f"ends = [{', '.join([*ends, *self.training_outputs])}]")
            self.code.close()
            end = "ends"
        self.code.add(f"return keras.Model({inputs}, {end}, name={write_text(plan.identifier)})")
        if self.has_auxiliary_heads:
            signature.append("auxiliary_heads: bool = False")
        head = write_signature(plan.identifier, signature, "keras.Model")
        return [*head, *document(self.writer.network), *self.code.lines]

    def _ends(self, result: str) -> list[str]:
        """The sources of the network's outputs."""
        frame = CodeFrame(self.plan.root, (), self.values, self.plan.samples)
        if not self.plan.spec.outputs:
            return list(dict.fromkeys([result, *self.extra_outputs]))
        ends = []
        for template in self.plan.spec.outputs:
            name = constant_name(template.parts)
            if name is not None and name in self.inputs:
                ends.append(self.inputs[name])
                continue
            if name == "previous":
                ends.append(result)
                continue
            resolved = self.plan.resolved["output", id(template)]
            ends.append(self._source_of(resolved, template.parts, frame))
        return list(dict.fromkeys(ends))

    def _write_items(self) -> str:
        form = self.plan.form
        current = None if (form.names and len(form.names) > 1) or form.is_list else next(iter(self.inputs.values()))
        frame = CodeFrame(
            self.plan.root, () if self.is_main else (WrittenExpression("name"),), self.values, self.plan.samples
        )
        current = self.place_items(self.plan.items, frame, current, "x")
        outputs = self.plan.resolved.get(("output",))
        if outputs is not None and not self.is_main:
            # A network as an item has the last of its outputs.
            reference = self.plan.references["output",]
            return self._source_of(outputs, reference.parts, frame)
        if current is None:
            raise MixedUse
        return current
