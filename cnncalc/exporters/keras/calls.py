"""Layers, and calls of blocks and networks, in generated Keras code."""

from __future__ import annotations

from collections.abc import Mapping

from cnncalc.exporters.keras.layers import VARIES, GivenValue, LayerSite, MixedUse
from cnncalc.exporters.keras.module import emit_steps, find_steps
from cnncalc.exporters.keras.names import CodeNames, ItemSpot, format_text
from cnncalc.exporters.keras.plan import (
    FunctionPlan,
)
from cnncalc.exporters.keras.values import WHOLE_SETTINGS, ExpressionScope
from cnncalc.exporters.python_code import (
    ATOM,
    WrittenExpression,
    as_identifier,
    write_text,
    write_value,
)
from cnncalc.layers.contract import LayerType
from cnncalc.spec.records import (
    BlockCall,
    Item,
    LayerCall,
    NetworkCall,
    TypeCall,
)
from cnncalc.spec.templates import (
    Constant,
    FilledText,
    Template,
    names_used_in,
)


class CodeCalls(CodeNames):
    """Writes layers and calls."""

    def _layer(self, call: LayerCall, spot: ItemSpot) -> str:
        item, path, current = spot.item, spot.path, spot.current
        operands = [source for _, source in spot.operands]
        observed = tuple(layer for layer in self.writer.observed.of(item.span) if layer.type == call.type.name)
        seen = operands[0] if operands else current
        operands = operands if call.type.least_inputs else [seen or next(iter(self.inputs.values()))]
        frozen = [layer.frozen for layer in observed if layer.weights]
        if any(frozen) and not all(frozen):
            raise MixedUse
        nonnegative = bool(observed) and all(
            bool(layer.inputs) and self.writer.nonnegative.get(layer.inputs[0], False) for layer in observed
        )
        site = LayerSite(
            call.type,
            self._given(call.type, call.arguments, spot, seen),
            observed,
            tuple(operands),
            lambda suffix: self.label(path, suffix),
            self.writer.module.use,
            item.span,
            lambda suffix, shape: self._extra_input(path, suffix, shape),
            self.writer.default_rank,
            nonnegative,
            bool(frozen) and all(frozen),
        )
        steps = find_steps(site, item.type)
        if not steps:
            return operands[0]
        return emit_steps(self.code, steps, operands, spot.target)

    def _extra_input(self, path: tuple[str | WrittenExpression, ...], suffix: str, shape: str) -> str:
        if not self.is_main or any(not isinstance(part, str) for part in path):
            raise MixedUse
        name = "".join(map(str, path)) + suffix
        variable = self.table.take(name.replace(".", "_"))
        self.add_input(variable, name, shape)
        return variable

    def _given(
        self, kind: type[LayerType], arguments: Mapping[str, Template], spot: ItemSpot, tensor: str | None
    ) -> dict[str, GivenValue]:
        expressions = self.expressions(spot.frame, tensor)
        given = {}
        for key, template in arguments.items():
            setting = kind.settings[key]
            whole = type(setting).__name__ in WHOLE_SETTINGS
            if type(setting).__name__ == "Text":
                given[key] = self._text(template, expressions)
                continue
            constant = template.value if isinstance(template, Constant) else VARIES
            items = expressions.items(template, whole=whole)
            given[key] = GivenValue(expressions.write(template, whole=whole), constant, items)
        for key in sorted(self.writer.overridden.get(spot.item.span, ())):
            text = given[key].written.text if key in given else write_value(kind.settings[key].default)
            variable = self._free_name(as_identifier(key))
            self.code.add(f"{variable} = setting({self.label(spot.path)}, {write_text(key)}, {text})")
            given[key] = GivenValue(WrittenExpression(variable))
        return given

    @staticmethod
    def _text(template: Template, expressions: ExpressionScope) -> GivenValue:
        if isinstance(template, Constant):
            return GivenValue(WrittenExpression(""), template.value, parts=(str(template.value),))
        if isinstance(template, FilledText):
            parts = tuple(part if isinstance(part, str) else expressions.write(part) for part in template.parts)
            return GivenValue(WrittenExpression(""), parts=parts)
        raise MixedUse

    # --- calls ---

    def _call(self, action: BlockCall | NetworkCall, spot: ItemSpot) -> str:
        plan = self.plan.calls[id(spot.item)]
        shared = self._shared_model(action, spot)
        if shared:
            source = f"{shared}({', '.join(self._tensor_arguments(plan, spot.operands))})"
            return self._assign_call(source, plan, spot)
        arguments = [*self._tensor_arguments(plan, spot.operands), *self._arguments(plan, action.arguments, spot)]
        arguments.append(f"name={self.label(spot.path)}")
        return self._assign_call(f"{plan.identifier}({', '.join(arguments)})", plan, spot)

    def _shared_model(self, action: BlockCall | NetworkCall, spot: ItemSpot) -> str:
        """The variable of the model whose weights a call shares, written at the first; empty for other calls."""
        item = spot.item
        if item.weights is not None:
            owner = self.plan.resolved[id(item.weights)].definition
            return self.shared[id(owner.call)] if owner is not None else ""
        if id(item) in self.shared:
            return self.shared[id(item)]
        definition = self.plan.by_site.get(id(item))
        if definition is None or not definition.users:
            return ""
        self._write_model(action, spot, [item, *definition.users])
        return self.shared[id(item)]

    def _write_model(self, action: BlockCall | NetworkCall, spot: ItemSpot, uses: list[Item]) -> None:
        """Write a model of the layers that several calls share."""
        item, path = spot.item, spot.path
        plan = self.plan.calls[id(item)]
        names = set(item.loop.names) if item.loop is not None else set()
        if plan.form.names or plan.form.is_list or names & set(names_used_in(tuple(action.arguments.values()))):
            raise MixedUse
        if any(template.uses_tensor or template.uses_shapes for template in action.arguments.values()):
            raise MixedUse
        shapes = self._shapes_entering(uses)
        sizes = [sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True)]
        if len({len(shape) for shape in shapes}) != 1 or sizes[0] is None:
            raise MixedUse
        if None in sizes and self.writer.reads_sizes(plan):
            raise MixedUse
        base = as_identifier("".join(part for part in path if isinstance(part, str)).strip("_") or plan.name, plan.name)
        model, inputs = self._free_name(f"{base}_model"), self._free_name(f"{base}_input")
        self.table.taken |= {model, inputs}
        self.code.add(f"{inputs} = keras.Input({write_value((*sizes[1:], sizes[0]))})")
        label = self.label(tuple(part for part in path if isinstance(part, str) or item.loop is None))
        without = spot._replace(operands=())
        arguments = [inputs, *self._arguments(plan, action.arguments, without), f"name={label}"]
        built = f"{plan.identifier}({', '.join(arguments)})"
        self.code.add(f"{model} = keras.Model({inputs}, {built}, name={label})")
        self.shared[id(item)] = model

    def _shapes_entering(self, uses: list[Item]) -> list[tuple[int, ...]]:
        """The shapes of the tensors that enter the calls of a block."""
        spans = {item.span for item in uses}
        prefixes = [f"{group.name}." for group in self.writer.network.groups if group.span in spans]
        shapes = []
        for prefix in prefixes:
            first = next((layer for layer in self.writer.network.layers if layer.name.startswith(prefix)), None)
            if first is None or not first.inputs or first.inputs[0].startswith(prefix):
                raise MixedUse
            shapes.append(tuple(first.input_shapes[0]))
        if not shapes:
            raise MixedUse
        return shapes

    def _assign_call(self, source: str, plan: FunctionPlan, spot: ItemSpot) -> str:
        definition, target, frame = self.plan.by_site.get(id(spot.item)), spot.target, spot.frame
        known = dict(definition.inner) if definition is not None else {}
        count = len({0, *plan.places.values()}) if plan.places else 1 + len(plan.exported)
        targets = ["_"] * count
        # The output may be one of the tensors inside that are read from here.
        also = [variable for name, variable in known.items() if plan.places.get(name) == 0]
        if also and (definition is None or not definition.variable):
            target = also[0]
        targets[0] = target
        for number, name in enumerate(plan.exported, start=1):
            place = plan.places.get(name, number)
            if place and name in known:
                targets[place] = known[name]
        if plan.returns_keys:
            merges = definition is not None and definition.merges_keys
            targets.append("inner" if merges else "_")
        self.code.add(f"{', '.join(targets)} = {source}")
        if plan.returns_keys and definition is not None and definition.merges_keys:
            prefix = (*self._key_pieces(definition, frame), ".", WrittenExpression("key"))
            self.code.add(f"outputs |= {{{format_text(prefix, '')}: value for key, value in inner.items()}}")
        for variable in also:
            if variable != target:
                self.code.add(f"{variable} = {target}")
        return target

    @staticmethod
    def _tensor_arguments(plan: FunctionPlan, operands: tuple[tuple[str | None, str], ...]) -> list[str]:
        form = plan.form
        if form.is_list:
            return [f"[{', '.join(source for _, source in operands)}]"]
        if not form.names:
            if len(operands) != 1:
                raise MixedUse
            return [operands[0][1]]
        by_name = {key: source for key, source in operands if key is not None}
        if set(by_name) == set(form.names):
            return [by_name[name] for name in form.names]
        if len(operands) == len(form.names):
            return [source for _, source in operands]
        raise MixedUse

    def _arguments(self, plan: FunctionPlan, given: Mapping[str, Template], spot: ItemSpot) -> list[str]:
        """The arguments of a call: in the order of the parameters, by name after the first that is left out."""
        expressions = self.expressions(spot.frame, spot.start)
        overridden = self.writer.overridden.get(spot.item.span, set())
        if overridden - set(given):
            raise MixedUse

        def source(name: str, template: Template) -> str:
            whole = self._is_whole(plan.samples, name)
            text = expressions.write(template, typed=self.writer.is_typed(plan, name), whole=whole).text
            return f"setting({self.label(spot.path)}, {write_text(name)}, {text})" if name in overridden else text

        if plan.block is None:
            identifiers = self.writer.variables(plan.spec)
            free = self.writer.free_variables(plan)
            return [f"{identifiers[name]}={source(name, value)}" for name, value in given.items() if name in free]
        callee = self.writer.parameter_names(plan)
        arguments, by_position = [], True
        for parameter in plan.block.parameters:
            template = given.get(parameter.name)
            if template is None:
                by_position = False
                continue
            text = source(parameter.name, template)
            arguments.append(text if by_position else f"{callee[parameter.name]}={text}")
        names = self.writer.variables(plan.spec)
        arguments += [f"{names[name]}={self.values_of_variable(name)}" for name in self.writer.free_variables(plan)]
        return arguments

    def values_of_variable(self, name: str) -> str:
        return self.writer.variables(self.plan.spec)[name]

    def _type_call(self, action: TypeCall, spot: ItemSpot) -> str:
        item, tensor = spot.item, spot.start
        if item.weights is not None or item.share_weights or tensor is None:
            raise MixedUse
        if any(layer.frozen and layer.weights for layer in self.writer.observed.of(item.span)):
            raise MixedUse
        expressions = self.expressions(spot.frame, tensor)
        function = expressions.write(action.type, typed=True).at_least(ATOM)
        arguments = [tensor]
        for key, template in action.arguments.items():
            source = expressions.write(template, whole=True).text
            arguments.append(source if isinstance(key, int) else f"{key}={source}")
        arguments.append(f"name={self.label(spot.path)}")
        self.code.add(f"{spot.target} = {function}({', '.join(arguments)})")
        plan = self.plan.calls.get(id(item))
        if plan is not None and (plan.exported or plan.returns_keys):
            raise MixedUse
        return spot.target
