"""A network as Keras code layer by layer, for specs whose structure Keras code cannot keep."""

from __future__ import annotations

import re
from collections import Counter

from cnncalc.errors import Problem, SpecError
from cnncalc.exporters.keras.layers import (
    CURRENT,
    VARIES,
    GivenValue,
    LayerSite,
    LayerStep,
    is_operation_name,
    keeps_sign,
    uses_operations,
)
from cnncalc.exporters.keras.module import CodeLines, KerasModule, document, emit_steps, find_steps, refuse
from cnncalc.exporters.python_code import IdentifierTable, WrittenExpression, as_identifier, write_text, write_value
from cnncalc.network.records import Layer, LayerGraph


def write_flat(module: KerasModule, network: LayerGraph, function: str) -> None:
    """Add the function that builds a network, with one statement or a few for each layer."""
    _FlatWriter(module, network).write(function)


def layer_name(name: str) -> str:
    """A name as all backends of Keras accept it."""
    return re.sub(r"[./+]", "_", name)


class _FlatWriter:
    def __init__(self, module: KerasModule, network: LayerGraph) -> None:
        self.module = module
        self.network = network
        self.code = CodeLines()
        self.inputs: list[str] = []
        self.identifiers = IdentifierTable((*module.identifiers.taken, "x"))
        self.variables: dict[str, str] = {}
        self.readers = Counter(name for layer in network.layers if not layer.training_only for name in layer.inputs)
        self.owners = {layer.weights_from for layer in network.layers if layer.weights_from}
        self.objects: dict[str, tuple[list[str], list[LayerStep]]] = {}
        self.nonnegative: dict[str, bool] = {}
        self.names: set[str] = set()
        self.problems: list[Problem] = []
        self.has_operations = uses_operations(network.layers)

    def write(self, function: str) -> None:
        for name, shape in self.network.inputs:
            self.variables[name] = self.identifiers.take("inputs" if name == "input" else name, "input")
            sizes = write_value((*shape[1:], shape[0]))
            self._add_input(self.variables[name], name, sizes)
        layers = [layer for layer in self.network.layers if not layer.training_only]
        outputs = [
            name for name in self.network.outputs if name in {*self.variables, *(layer.name for layer in layers)}
        ]
        for layer, follower in zip(layers, [*layers[1:], None], strict=True):
            try:
                self._write_layer(layer, follower)
            except SpecError as error:
                self.problems += error.problems
                self.variables[layer.name] = "x"
        if self.problems:
            raise SpecError(self.problems)
        inputs = self.inputs[0] if len(self.inputs) == 1 else f"[{', '.join(self.inputs)}]"
        ends = [self.variables[name] for name in outputs]
        end = ends[0] if len(ends) == 1 else f"[{', '.join(ends)}]"
        self.code.add(f"return keras.Model({inputs}, {end}, name={write_text(function)})")
        head = [f"def {function}() -> keras.Model:"]
        self.module.functions.append([*head, *document(self.network), *self.code.lines])

    def _add_input(self, variable: str, name: str, shape: str) -> None:
        self.inputs.append(variable)
        self.code.add(f"{variable} = keras.Input({shape}, name={write_text(layer_name(name))})")

    def _write_layer(self, layer: Layer, follower: Layer | None) -> None:
        operands = [self.variables[name] for name in layer.inputs] or [self.inputs[0]]

        def add_input(suffix: str, shape: str) -> str:
            variable = self.identifiers.take(f"{layer.name}{suffix}")
            self._add_input(variable, f"{layer.name}{suffix}", shape)
            return variable

        site = LayerSite(
            type(layer.figures.type),
            {key: _given(value) for key, value in layer.settings.items()},
            (layer,),
            tuple(operands),
            lambda suffix: write_text(self._unique(layer.name + suffix)),
            self.module.use,
            layer.span,
            add_input,
            nonnegative=bool(layer.inputs) and self.nonnegative.get(layer.inputs[0], False),
            frozen=layer.frozen,
        )
        steps = find_steps(site, layer.name)
        self.nonnegative[layer.name] = keeps_sign(layer, lambda name: self.nonnegative.get(name, False))
        target = "x"
        if self.readers[layer.name] != 1 or follower is None or layer.name not in follower.inputs:
            target = self.identifiers.take(layer.name.replace(".", "_"), as_identifier(layer.type))
        objects = None
        if layer.name in self.owners:
            objects = []
            for step in steps:
                if step.layer:
                    objects.append(self.identifiers.take(f"{layer.name}_layer", as_identifier(layer.type)))
                    self.code.add(f"{objects[-1]} = {step.layer.replace(CURRENT, operands[0])}")
            self.objects[layer.name] = objects, steps
        elif layer.weights_from in self.objects:
            objects, others = self.objects[layer.weights_from]
            if [_without_name(step.layer) for step in steps] != [_without_name(step.layer) for step in others]:
                message = f"{layer.name} shares the weights of {layer.weights_from}, whose other settings differ"
                raise refuse(layer.span, f"{message}; layers of Keras share weights only with all their settings")
        if not steps and target != "x":
            self.code.add(f"{target} = {operands[0]}")
        self.variables[layer.name] = (
            emit_steps(self.code, steps, operands, target, objects=objects) if steps else target
        )
        if not steps and target == "x":
            self.variables[layer.name] = operands[0]

    def _unique(self, name: str) -> str:
        """A layer name that no other layer has."""
        cleaned = layer_name(name)
        if self.has_operations and is_operation_name(cleaned):
            cleaned += "_layer"
        candidate, number = cleaned, 1
        while candidate in self.names:
            number += 1
            candidate = f"{cleaned}_{number}"
        self.names.add(candidate)
        return candidate


def _without_name(layer: str) -> str:
    return layer.rpartition("name=")[0]


def _given(value: object) -> GivenValue:
    """A setting of a layer that is decoded."""
    if value is None or value is VARIES:
        return GivenValue(WrittenExpression("None"), None)
    text = value if isinstance(value, str) else ""
    return GivenValue(WrittenExpression(write_value(value)), value, parts=(text,))  # type: ignore[arg-type]
