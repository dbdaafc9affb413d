"""How the layers of a Keras model are called: the order of calls, models within models, and shared layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, quoted
from cnncalc.interchange.building import MOST_AXES, GraphBuilder, GraphInput, Sizes
from cnncalc.interchange.graph import Graph, GraphLayer, Plain
from cnncalc.interchange.json_text import Json, JsonObject, is_whole
from cnncalc.record import Record

MODELS = ("Functional", "Model", "Sequential")
INPUT_LAYER = "InputLayer"
TENSOR = "__keras_tensor__"
# Sizes that stand in an example for those that a model leaves open.
EXAMPLE_CHANNELS, EXAMPLE_SIZE = 3, 224


class OutputRef(Record):
    """An output of a call: the layer's key, the number of its call, and which of the call's outputs it is."""

    layer: str
    call: int
    output: int


Operand: TypeAlias = "OutputRef | int | float"


class KerasLayer(Record):
    """A layer of the file with its calls, each with its operands; `model` is what a layer that is a model has."""

    name: str
    type: str
    fields: JsonObject
    calls: tuple[tuple[Operand, ...], ...]
    model: KerasModel | None

    @property
    def config(self) -> JsonObject:
        return self.fields.object("config")

    @property
    def has_old_calls(self) -> bool:
        """Whether its calls are written as Keras 2 does: as lists."""
        nodes = self.fields.get("inbound_nodes")
        return isinstance(nodes, list) and bool(nodes) and isinstance(nodes[0], list)

    @property
    def is_operation(self) -> bool:
        """Whether it is a function of tensors and numbers, such as x + 3, which Keras 3 keeps beside layers."""
        return ".ops." in self.fields.word("module")

    def refuse(self, message: str, hint: str = "") -> SpecError:
        return SpecError([Problem(self.fields.span, f"{self.type} {quoted(self.name)} {message}", hint)])


class KerasModel(Record):
    """The layers of a model by key, its calls in an order in which they can be done, its inputs and outputs.

    Inputs are the keys of input layers; a model of a list of layers that has none has the key of no layer.
    """

    layers: dict[str, KerasLayer]
    order: tuple[tuple[str, int], ...]
    inputs: tuple[str, ...]
    outputs: tuple[OutputRef, ...]
    config: JsonObject


class KerasCall(Record):
    """A call of a layer: what it reads, the prefix of its names, and the names of the layers of its first call."""

    layer: KerasLayer
    operands: tuple[str | int | float, ...]
    prefix: str
    made: list[str]
    owners: tuple[str, ...]

    @property
    def config(self) -> JsonObject:
        return self.layer.config

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(operand for operand in self.operands if isinstance(operand, str))


# --- the plan of a model ---


def plan(fields: JsonObject, known: Mapping[str, object], problems: limits.Problems) -> KerasModel:
    """The layers and calls of a model. Layers of unknown classes are added to `problems`.

    Raises SpecError for what is no model.
    """
    is_list = fields.word("class_name") == "Sequential"
    if isinstance(layers_alone := fields.get("config"), list):
        # Early versions of Keras 2 have a list of layers alone.
        fields = JsonObject(fields.span)
        fields["config"] = JsonObject(fields.span)
        fields["config"]["layers"] = layers_alone
    config = fields.object("config")
    layers: dict[str, KerasLayer] = {}
    for at, item in enumerate(config.objects("layers")):
        layer = _layer(item, known, problems)
        key = str(at) if is_list else _name_of(item)
        if key in layers:
            raise layer.refuse("has the name of another layer")
        layers[key] = layer
    if is_list:
        return _plan_list(layers, config)
    inputs = tuple(ref.layer for ref in _refs(config.get("input_layers")))
    outputs = tuple(_refs(config.get("output_layers")))
    layers, outputs = _count_calls_from_zero(layers, outputs)
    wrong = next((key for key in inputs if key not in layers or layers[key].type != INPUT_LAYER), None)
    if wrong is not None or not outputs:
        message = (
            f"the input {quoted(wrong)} is not an {INPUT_LAYER}" if wrong is not None else "the model has no outputs"
        )
        raise SpecError([Problem(config.span, message)])
    model = KerasModel(layers, _order(layers, config), inputs, outputs, config)
    calls = set(model.order)
    if lost := next((ref for ref in outputs if (ref.layer, ref.call) not in calls), None):
        raise SpecError([Problem(config.span, f"the model has no layer {quoted(lost.layer)} for its output")])
    return model


def _layer(item: JsonObject, known: Mapping[str, object], problems: limits.Problems) -> KerasLayer:
    kind = item.word("class_name")
    name = (_name_of(item) or kind.lower())[: limits.current().name]
    model = plan(item, known, problems) if kind in MODELS else None
    layer = KerasLayer(name, kind, item, tuple(_calls(item.get("inbound_nodes"))), model)
    if model is None and kind != INPUT_LAYER and kind not in known:
        function = layer.config.get("function") if kind == "TFOpLambda" else None
        shown = f"{kind} {function}" if isinstance(function, str) else kind
        hint = "" if layer.is_operation else did_you_mean(kind, known)
        if kind == "Lambda":
            hint = "it has Python code, which is never executed: write a layer that Keras has in its place"
        problems.append(Problem(item.span, f"{quoted(shown)} of layer {quoted(name)} cannot be read", hint))
    return layer


def _name_of(item: JsonObject) -> str:
    config = item.get("config")
    named = config.get("name") if isinstance(config, JsonObject) else None
    return item.word("name") or (named if isinstance(named, str) else "")


def _plan_list(layers: dict[str, KerasLayer], config: JsonObject) -> KerasModel:
    """The plan of layers that read each other in turn."""
    first = next(iter(layers.values()), None)
    inputs, rest = ("0",), list(layers)[1:]
    if first is None or first.type != INPUT_LAYER:
        inputs, rest = ("",), list(layers)
    chained, order = dict(layers), []
    for before, key in zip((*inputs, *rest), rest, strict=False):
        chained[key] = layers[key]._replace(calls=((OutputRef(before, 0, 0),),))
        order.append((key, 0))
    last = OutputRef(rest[-1] if rest else inputs[0], 0, 0)
    return KerasModel(chained, tuple(order), inputs, (last,), config)


def _refs(value: Json) -> Iterator[OutputRef]:
    """The references in lists of them, such as [["conv1", 0, 0]], in their order."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, JsonObject):
            stack.extend(reversed(list(item.values())))
        elif isinstance(item, list) and (ref := _ref(item)):
            yield ref
        elif isinstance(item, list):
            stack.extend(reversed(item))


def _ref(item: list[Json]) -> OutputRef | None:
    if len(item) >= 3 and isinstance(item[0], str) and is_whole(item[1]) and is_whole(item[2]):
        return OutputRef(item[0], int(str(item[1])), int(str(item[2])))
    return None


def _calls(nodes: Json) -> Iterator[tuple[Operand, ...]]:
    """The operands of each call, as Keras 3 or Keras 2 write them."""
    for node in nodes if isinstance(nodes, list) else ():
        yield tuple(_operands(node))


def _operands(node: Json) -> Iterator[Operand]:
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, JsonObject) and item.get("class_name") == TENSOR:
            yield from _refs(item.object("config").get("keras_history"))
        elif isinstance(item, JsonObject):
            stack.extend(reversed(list(item.values())))
        elif isinstance(item, list) and (ref := _ref(item)):
            yield ref
            stack.extend(reversed(item[3:]))
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield item


def _count_calls_from_zero(
    layers: dict[str, KerasLayer], outputs: tuple[OutputRef, ...]
) -> tuple[dict[str, KerasLayer], tuple[OutputRef, ...]]:
    """Layers and outputs whose references count the calls of a model from 0.

    Keras counts the building of a functional model as its first call, which it does not write: Keras 2 in all
    references, Keras 3 in those of the outputs alone.
    """
    is_old = any(layer.has_old_calls for layer in layers.values())
    within = [
        operand
        for layer in layers.values()
        for call in layer.calls
        for operand in call
        if isinstance(operand, OutputRef)
    ]
    later = _find_counted_from_one(layers, within, is_old=is_old, is_counted=is_old)

    def shift(operand: Operand) -> Operand:
        if isinstance(operand, OutputRef) and operand.layer in later:
            return operand._replace(call=operand.call - 1)
        return operand

    shifted = {
        key: layer._replace(calls=tuple(tuple(map(shift, call)) for call in layer.calls))
        for key, layer in layers.items()
    }
    last = _find_counted_from_one(layers, outputs, is_old=is_old, is_counted=True)
    return shifted, tuple(ref._replace(call=ref.call - (ref.layer in last)) for ref in outputs)


def _find_counted_from_one(
    layers: dict[str, KerasLayer], refs: Iterable[OutputRef], *, is_old: bool, is_counted: bool
) -> set[str]:
    """The models whose calls some references count from 1: by the rule of Keras, unless their numbers deny it."""
    numbers: dict[str, set[int]] = {}
    for ref in refs:
        numbers.setdefault(ref.layer, set()).add(ref.call)
    found = set()
    for key, used in numbers.items():
        layer = layers.get(key)
        if layer is None or layer.model is None:
            continue
        # A list of layers is a functional model in Keras 2 alone, and only if it begins with an input.
        is_functional = layer.type != "Sequential" or (is_old and layer.model.inputs != ("",))
        if 0 not in used and ((is_counted and is_functional) or max(used) >= len(layer.calls)):
            found.add(key)
    return found


def _order(layers: dict[str, KerasLayer], config: JsonObject) -> tuple[tuple[str, int], ...]:
    """The calls, each after those that it reads, else in the order of the file. Raises SpecError for circles."""
    numbers = {key: at for at, key in enumerate(layers)}
    readers: dict[tuple[str, int], list[tuple[str, int]]] = {}
    missing: Counter[tuple[str, int]] = Counter()
    for key, layer in layers.items():
        for at, call in enumerate(layer.calls):
            reads = {(ref.layer, ref.call) for ref in call if isinstance(ref, OutputRef)}
            unfinished = {read for read in reads if read[0] not in layers or layers[read[0]].type != INPUT_LAYER}
            missing[key, at] = len(unfinished)
            for read in unfinished:
                readers.setdefault(read, []).append((key, at))
    ready = [(numbers[key], at, key) for (key, at), count in missing.items() if not count]
    heapify(ready)
    order = []
    while ready:
        _, at, key = heappop(ready)
        order.append((key, at))
        for reader in readers.get((key, at), ()):
            missing[reader] -= 1
            if not missing[reader]:
                heappush(ready, (numbers[reader[0]], reader[1], reader[0]))
    if len(order) < len(missing):
        key = next(key for (key, _), count in missing.items() if count)
        raise layers[key].refuse("reads a layer that does not exist, or itself in a circle")
    inputs = tuple((key, 0) for key, layer in layers.items() if layer.type == INPUT_LAYER)
    if not inputs:
        raise SpecError([Problem(config.span, f"the model has no {INPUT_LAYER}")])
    return (*inputs, *order)


# --- the calls of a model ---


class KerasGraph:
    """Calls the layers of a model by their readers, which append layers to a graph."""

    def __init__(self, sizes: Sizes, readers: Mapping[str, CallReader], *, channels_last: bool) -> None:
        self.builder = GraphBuilder(sizes)
        self.readers = readers
        self.channels_last = channels_last
        # The layers of the graph that the first call of each layer of the file made.
        self.first_calls: dict[int, tuple[str, ...]] = {}

    def read(self, model: KerasModel, span: Span) -> Graph:
        """The graph of the whole model."""
        inputs: dict[str, GraphInput] = {}
        for name, shape, place in _inputs(model):
            sizes = [size if isinstance(size, int) else 0 for size in shape]
            if self.channels_last and len(sizes) > 1:
                sizes = [sizes[-1], *sizes[:-1]]
            usable = tuple(sizes) if sizes and all(sizes) else ()
            channels, *rest = sizes or [0, 0, 0]
            example = (channels or EXAMPLE_CHANNELS, *(size or EXAMPLE_SIZE for size in rest))
            inputs[name] = GraphInput(usable, place, "x".join(map(str, example[:MOST_AXES])))
        names = self.builder.add_inputs(inputs)
        outputs = self._run(model, list(names.values()), "")
        return self.builder.finish(model.config.word("name"), "a Keras model", span, tuple(outputs))

    def _run(self, model: KerasModel, inputs: list[str], prefix: str) -> list[str]:
        """Call all layers of a model, and return its outputs."""
        values: dict[tuple[str, int], list[str]] = {}
        for key, name in zip(model.inputs, inputs, strict=True):
            values[key, 0] = [name]
        self.builder.count_steps(len(model.outputs), model.config.span)
        for key, at in model.order:
            layer = model.layers[key]
            if layer.type == INPUT_LAYER:
                if (key, at) not in values:
                    raise layer.refuse("is not an input of its model")
                continue
            self.builder.count_steps(1 + len(layer.calls[at]), layer.fields.span)
            operands = tuple(_value(operand, values, layer) for operand in layer.calls[at])
            values[key, at] = self._call(layer, operands, prefix)
        return [str(_value(ref, values, None)) for ref in model.outputs]

    def _call(self, layer: KerasLayer, operands: tuple[str | int | float, ...], prefix: str) -> list[str]:
        owners = self.first_calls.get(id(layer.fields), ())
        call = KerasCall(layer, operands, prefix, [], owners)
        if not call.sources:
            raise layer.refuse("reads nothing")
        if layer.model is not None:
            if len(layer.model.inputs) != len(call.sources):
                message = f"has {len(layer.model.inputs)} inputs, and reads {len(call.sources)}"
                raise layer.refuse(message)
            inner = f"{prefix}{layer.name}"[: limits.current().name]
            return self._run(layer.model, list(call.sources), f"{inner}/")
        output = self.readers[layer.type](self, call)
        self.first_calls.setdefault(id(layer.fields), tuple(call.made))
        return [output]

    def put(self, call: KerasCall, kind: str, settings: dict[str, Plain], source: str = "", suffix: str = "") -> str:
        """Append a layer that reads the one source of a call, or another one."""
        if not source:
            if len(call.sources) != 1:
                raise call.layer.refuse(f"reads {len(call.sources)} tensors, and one is needed")
            source = call.sources[0]
        return self.join(call, kind, settings, (source,), suffix)

    def join(
        self, call: KerasCall, kind: str, settings: dict[str, Plain], sources: tuple[str, ...], suffix: str = ""
    ) -> str:
        """Append a layer that reads several tensors. A further call of a layer shares the weights of its first."""
        owner = call.owners[len(call.made)] if len(call.made) < len(call.owners) else ""
        name = f"{call.prefix}{call.layer.name}{suffix}"
        made = self.builder.add(GraphLayer(name, kind, settings, sources, call.layer.fields.span, owner))
        call.made.append(made)
        return made

    def shape(self, call: KerasCall) -> tuple[int, ...]:
        """The shape of the first tensor that a call reads, channels first."""
        return self.builder.shapes[call.sources[0]]

    def axis(self, call: KerasCall, number: int) -> int:
        """An axis as a spec counts it, from the channels, of one as Keras counts it, from the batch."""
        count = len(self.shape(call)) + 1
        axis = number if number >= 0 else number + count
        if not 0 < axis < count:
            raise call.layer.refuse(f"takes an axis from 1 to {count - 1}, not {number}")
        if not self.channels_last:
            return axis - 1
        return 0 if axis == count - 1 else axis


CallReader: TypeAlias = Callable[[KerasGraph, KerasCall], str]


def _value(operand: Operand, values: dict[tuple[str, int], list[str]], layer: KerasLayer | None) -> str | int | float:
    if not isinstance(operand, OutputRef):
        return operand
    outputs = values.get((operand.layer, operand.call), [])
    if operand.output < len(outputs):
        return outputs[operand.output]
    problem = f"reads output {operand.output} of {quoted(operand.layer)}, which has {len(outputs)}"
    raise layer.refuse(problem) if layer else SpecError([Problem(None, f"the model {problem}")])


def _inputs(model: KerasModel) -> Iterator[tuple[str, list[Json], Span]]:
    """The name, the sizes without the batch, and the place of each input of a model."""
    for key in model.inputs:
        layer = model.layers.get(key) or next(iter(model.layers.values()), None)
        if layer is None:
            raise SpecError([Problem(model.config.span, "the model has no layers")])
        if layer.model is not None and not key:
            yield from _inputs(layer.model)
            continue
        shape = layer.config.get("batch_shape") or layer.config.get("batch_input_shape")
        if not key and shape is None:
            shape = model.config.get("build_input_shape")
        sizes = shape[1:] if isinstance(shape, list) else []
        if not all(size is None or is_whole(size, 1) for size in sizes):
            raise layer.refuse("has an input shape of something else than whole numbers")
        yield layer.name, sizes, layer.fields.span
