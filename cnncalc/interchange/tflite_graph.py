"""What the operators of a TensorFlow Lite model read and give: tensors, constants and layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from struct import calcsize
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange.building import MOST_AXES, GraphBuilder, GraphInput, Settings, Sizes, real
from cnncalc.interchange.flatbuffer import FlatTable
from cnncalc.interchange.graph import Graph, GraphLayer
from cnncalc.interchange.tflite_names import layer_name, operator_name, without_scope
from cnncalc.layers.shapes import times
from cnncalc.record import Record

ORIGIN = "a TensorFlow Lite model"
NOTES = ("Batch normalization is folded into the weights of the file and cannot be recovered.",)
# A size that stands in an example for one that a model leaves open.
EXAMPLE_SIZE = 224
# Operators that change the type of numbers alone.
ALIASES = ("QUANTIZE", "DEQUANTIZE", "CAST", "FAKE_QUANT", "DENSIFY")
# How `struct` reads the elements of constants, by TensorType of the schema.
WHOLE_TYPES = {2: "i", 3: "B", 4: "q", 7: "h", 9: "b"}
REAL_TYPES = {0: "f", 1: "e"}
MOST_NUMBERS = 64
MOST_INPUTS = 1_000


class LiteTensor(Record):
    """A tensor of the file; its shape has the channels last, and the batch first."""

    fields: FlatTable
    shape: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.fields.text(3)


class LiteOperator(Record):
    """An operator with the numbers of its tensors; a number of -1 is an input that it lacks."""

    type: str
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: FlatTable | None
    span: Span

    def number(self, field: int, code: str = "i", default: int = 0) -> int:
        return self.options.number(field, code, default) if self.options else default

    def real(self, field: int) -> str:
        value = self.options.real(field) if self.options else 0
        return real(f"{value:.7g}", self.span, self.type)

    def refuse(self, message: str, hint: str = "") -> SpecError:
        return SpecError([Problem(self.span, f"{self.type} {message}", hint)])


class LiteGraph:
    """Reads operator by operator; `values` has the layer or input that each tensor is."""

    def __init__(self, model: FlatTable, sizes: Sizes) -> None:
        self.file = model.file
        self.span = Span(self.file.name, 0, 0)
        self.codes = model.tables(1)
        networks = model.tables(2)
        self.buffers = model.tables(4)
        if not len(networks):
            raise SpecError([Problem(self.span, "the file has no network")])
        self.network = networks[0]
        self.tensors = self.network.tables(0)
        self.builder = GraphBuilder(sizes)
        self.values: dict[int, str] = {}
        # Tensors that are constants of another type, and those that are computed from shapes alone.
        self.constants: dict[int, int] = {}
        self.from_shapes: set[int] = set()
        self.owners: dict[tuple[str, tuple[int, ...]], str] = {}
        self.batch = 1
        self.has_own_sizes = True

    def read(self, readers: Mapping[str, OperatorReader], *, opaque: bool) -> Graph:
        """The graph. Raises SpecError with every operator that cannot be read, unless they are declared as opaque."""
        operators = [*self._layers(self._operators())]
        problems = limits.Problems()
        for operator in operators:
            if operator.type not in readers and not opaque:
                problems.append(self._unsupported(operator))
        if problems:
            raise SpecError(problems)
        self._add_inputs()
        for operator in operators:
            if not operator.outputs:
                raise operator.refuse("gives no tensor")
            readers.get(operator.type, LiteGraph.declare)(self, operator)
            self._check_outputs(operator)
        outputs = tuple(self.values[index] for index in self._indices(2) if index in self.values)
        return self.builder.finish("", ORIGIN, self.span, outputs)._replace(notes=NOTES)

    # --- operators ---

    def _operators(self) -> list[LiteOperator]:
        listed = self.network.tables(3)
        self.builder.count_steps(len(listed), self.span)
        operators = []
        for fields in listed:
            inputs, outputs = fields.numbers(1, "i", MOST_INPUTS), fields.numbers(2, "i", MOST_INPUTS)
            self.builder.count_steps(len(inputs) + len(outputs), self.span)
            kind = self._type(fields.number(0, "I"))
            name = layer_name(kind, self._tensor_name(inputs[1:2]), self._tensor_name(outputs))
            span = self.span._replace(node=name or kind)
            operators.append(LiteOperator(kind, name, inputs, outputs, fields.table(4), span))
        names = without_scope([operator.name for operator in operators])
        return [
            operator._replace(name=name or operator.type.lower())
            for operator, name in zip(operators, names, strict=True)
        ]

    def _type(self, index: int) -> str:
        if index >= len(self.codes):
            raise SpecError([Problem(self.span, f"an operator has type {index:,} of {len(self.codes):,}")])
        code = self.codes[index]
        # Codes above 127 did not fit into the field of early versions.
        return operator_name(max(code.number(0, "b"), code.number(3, "i")), code.text(1))

    def _tensor_name(self, indices: tuple[int, ...]) -> str:
        index = next(iter(indices), -1)
        return self.tensor(index).name if index != -1 else ""

    def _unsupported(self, operator: LiteOperator) -> Problem:
        shapes = [
            " and ".join(times(self.tensor(index).shape) or "()" for index in indices[:4] if index != -1)
            for indices in (operator.inputs, operator.outputs)
        ]
        return Problem(operator.span, f"{operator.type} cannot be read: it reads {shapes[0]} and gives {shapes[1]}")

    def _layers(self, operators: list[LiteOperator]) -> Iterator[LiteOperator]:
        """The operators that compute with more than constants and shapes: the others are no layers."""
        computed = set(self._indices(1))
        for operator in operators:
            first = next(iter(operator.inputs), -1)
            if operator.type != "SHAPE" and not computed.isdisjoint(operator.inputs):
                computed.update(operator.outputs)
                yield operator
            elif operator.type in ALIASES and self.is_constant(first):
                self.constants.update(dict.fromkeys(operator.outputs, self.constants.get(first, first)))
            elif operator.type == "SHAPE" or not self.from_shapes.isdisjoint(operator.inputs):
                self.from_shapes.update(operator.outputs)
            else:
                yield operator

    # --- tensors ---

    def _indices(self, field: int) -> tuple[int, ...]:
        return self.network.numbers(field, "i", MOST_INPUTS)

    def tensor(self, index: int) -> LiteTensor:
        if not 0 <= index < len(self.tensors):
            message = f"tensor {index:,} does not exist, and there are {len(self.tensors):,}"
            raise SpecError([Problem(self.span, message)])
        fields = self.tensors[index]
        return LiteTensor(fields, fields.numbers(0, "i", MOST_AXES))

    def _add_inputs(self) -> None:
        """Add the inputs of the network. An open size is 1 in a tensor's shape, and -1 in its signature."""
        wanted = {}
        names = {}
        for index in self._indices(1):
            tensor = self.tensor(index)
            signature = tensor.fields.numbers(7, "i", MOST_AXES) or tensor.shape
            sizes = channels_first(signature[1:])
            name = tensor.name if tensor.name and tensor.name not in wanted else f"input_{index}"
            if not sizes:
                raise SpecError([Problem(self.span, f"the input {quoted(name)} has no axes beside the batch")])
            example = times(tuple(size if size > 0 else EXAMPLE_SIZE for size in sizes))
            wanted[name] = GraphInput(sizes if min(sizes) > 0 else (), self.span, example)
            names[index] = name
            self.batch = max((1, *tensor.shape[:1]))
        added = self.builder.add_inputs(wanted)
        self.values = {index: added[name] for index, name in names.items()}
        self.has_own_sizes = all(self.builder.shapes[added[name]] == one.shape for name, one in wanted.items())

    def is_constant(self, index: int) -> bool:
        index = self.constants.get(index, index)
        if index < 0 or index in self.values:
            return False
        number = self.tensor(index).fields.number(2, "I")
        if not 0 < number < len(self.buffers):
            return False
        buffer = self.buffers[number]
        return buffer.vector(0)[1] > 0 or buffer.number(1, "Q") > 1

    def has_input(self, operator: LiteOperator, at: int) -> bool:
        return at < len(operator.inputs) and operator.inputs[at] != -1

    def constant(self, operator: LiteOperator, at: int, axes: int | None = None) -> LiteTensor:
        """A constant that an operator reads, of a given number of axes."""
        if not self.has_input(operator, at):
            raise operator.refuse(f"has no input {at + 1}")
        index = operator.inputs[at]
        tensor = self.tensor(self.constants.get(index, index))
        if not self.is_constant(index):
            raise operator.refuse(f"reads {quoted(tensor.name)}, which must be a constant of the file")
        if (axes is not None and len(tensor.shape) != axes) or min(tensor.shape, default=1) < 1:
            raise operator.refuse(f"reads a constant of the shape {times(tensor.shape)}, which has no {axes} axes")
        return tensor

    def numbers(self, operator: LiteOperator, at: int) -> tuple[int, ...]:
        """The whole numbers of a constant, such as axes."""
        return tuple(map(int, self._elements(operator, self.constant(operator, at), WHOLE_TYPES)))

    def number(self, operator: LiteOperator, at: int) -> int:
        """The one whole number of a constant."""
        numbers = self.numbers(operator, at)
        if len(numbers) != 1:
            raise operator.refuse(f"has {len(numbers)} numbers as input {at + 1}, where one is expected")
        return numbers[0]

    def real(self, operator: LiteOperator, at: int) -> str:
        """The number that is a constant of one element, which may be quantized."""
        tensor = self.constant(operator, at)
        if prod(tensor.shape) != 1:
            raise operator.refuse(f"has {times(tensor.shape)} numbers as input {at + 1}, where one is expected")
        (value,) = self._elements(operator, tensor, {**WHOLE_TYPES, **REAL_TYPES})
        quantization = tensor.fields.table(4)
        if quantization is not None and (scale := quantization.vector(2))[1]:
            zero = quantization.vector(3)
            offset = self.file.numbers(zero[0], "q")[0] if zero[1] else 0
            value = self.file.numbers(scale[0], "f")[0] * (value - offset)
        return real(f"{value:.7g}", operator.span, operator.type)

    def _elements(
        self, operator: LiteOperator, tensor: LiteTensor, types: Mapping[int, str]
    ) -> tuple[int | float, ...]:
        """The elements of a small constant, as they are stored."""
        kind, count = tensor.fields.number(1, "b"), prod(tensor.shape)
        if kind not in types or count > MOST_NUMBERS:
            found = f"{quoted(tensor.name)}, a constant of {count:,} elements of type {kind}"
            wanted = "whole numbers" if types is WHOLE_TYPES else "numbers"
            raise operator.refuse(f"reads {found}, where at most {MOST_NUMBERS} {wanted} are expected")
        buffer = self.buffers[tensor.fields.number(2, "I")]
        # In files above 2 GB, constants are behind the tables.
        start, size = buffer.vector(0) if buffer.vector(0)[1] else (buffer.number(1, "Q"), buffer.number(2, "Q"))
        if size != count * calcsize(types[kind]):
            raise self.file.refuse(f"a constant of {count:,} elements has {size:,} bytes", start)
        return self.file.numbers(start, types[kind], count)

    def source(self, operator: LiteOperator, at: int = 0) -> str:
        """The layer or input that an operator reads."""
        if not self.has_input(operator, at):
            raise operator.refuse(f"has no input {at + 1}")
        index = operator.inputs[at]
        if index not in self.values:
            message = f"reads {quoted(self.tensor(index).name)}, which no operator before it gives"
            raise operator.refuse(message)
        return self.values[index]

    def shape(self, operator: LiteOperator, at: int = 0) -> tuple[int, ...]:
        """The shape of an input, channels first."""
        return self.builder.shapes[self.source(operator, at)]

    def whole_shape(self, operator: LiteOperator) -> tuple[int, ...]:
        """The shape of the first input as the file has it: the batch, and the channels last."""
        channels, *others = self.shape(operator)
        return (self.batch, *others, channels)

    def map_shape(self, operator: LiteOperator, at: int = 0) -> tuple[int, ...]:
        shape = self.shape(operator, at)
        if len(shape) != 3:
            raise operator.refuse(f"needs a map with a height and a width, and reads {times(shape)}")
        return shape

    def axis(self, operator: LiteOperator, number: int, at: int = 0) -> int:
        """An axis as a spec counts it, from the channels, of one of the file, where the channels are the last."""
        count = len(self.shape(operator, at)) + 1
        axis = number + count if number < 0 else number
        if not 0 < axis < count:
            raise operator.refuse(f"takes an axis from 1 to {count - 1}, not {number}", "the batch, axis 0, must stay")
        return axis if axis < count - 1 else 0

    def target(self, operator: LiteOperator, at: int) -> tuple[int, ...]:
        """The sizes that an input gives; if they are computed from shapes, the shape of the output in the file."""
        if self.has_input(operator, at) and operator.inputs[at] in self.from_shapes:
            return self.tensor(operator.outputs[0]).shape
        return self.numbers(operator, at)

    def sample(self, operator: LiteOperator, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape without its batch. Raises SpecError if it has another batch."""
        if len(shape) < 2 or shape[0] not in (self.batch, -1):
            raise operator.refuse(f"gives {times(shape) or 'a number'}, which changes the batch of {self.batch}")
        return shape[1:]

    # --- layers ---

    def put(
        self,
        operator: LiteOperator,
        kind: str,
        settings: Settings | None = None,
        sources: tuple[str, ...] | None = None,
        *,
        suffix: str = "",
        output: int = 0,
        weights: tuple[int, ...] = (),
    ) -> str:
        """Append a layer that reads the first input by default, as an output of an operator.

        Layers whose weights are the same tensors share them.
        """
        key = kind, tuple(operator.inputs[at] for at in weights if at < len(operator.inputs))
        sources = (self.source(operator),) if sources is None else sources
        owner = self.owners.get(key, "") if weights else ""
        layer = GraphLayer(f"{operator.name}{suffix}", kind, settings or {}, sources, operator.span, owner)
        name = self.builder.add(layer)
        self.owners.setdefault(key, name)
        self.values[operator.outputs[output]] = name
        return name

    def declare(self, operator: LiteOperator) -> None:
        """Append an operator as opaque layers with the shapes that the file gives, one for each output.

        All of its constants count as parameters of the first, and its multiply-accumulates are unknown: 0.
        """
        if not self.has_own_sizes:
            raise operator.refuse("has shapes for the sizes that the file has for its inputs alone")
        constants = [at for at, index in enumerate(operator.inputs) if self.is_constant(index)]
        sources = tuple(self.values[index] for index in operator.inputs if index in self.values)
        if not sources:
            raise operator.refuse("reads constants alone")
        params = sum(prod(self.constant(operator, at).shape) for at in constants)
        for output, index in enumerate(operator.outputs):
            shape = channels_first(self.sample(operator, self.tensor(index).shape))
            settings: Settings = {"output": shape, "params": 0 if output else params, "macs": 0}
            suffix = f"_{output + 1}" if len(operator.outputs) > 1 else ""
            self.put(operator, "opaque", settings, sources, suffix=suffix, output=output)

    def _check_outputs(self, operator: LiteOperator) -> None:
        """Raise SpecError where the file gives an output another shape than its operator."""
        for index in operator.outputs if self.has_own_sizes else ():
            shape = self.tensor(index).shape
            if index in self.values and shape and channels_first(shape[1:]) != self.builder.shapes[self.values[index]]:
                own = self.builder.shapes[self.values[index]]
                message = f"gives {own}, channels first, and the file has {times(shape)} for it, channels last"
                raise operator.refuse(message)


def channels_first(sizes: tuple[int, ...]) -> tuple[int, ...]:
    return (*sizes[-1:], *sizes[:-1])


OperatorReader: TypeAlias = Callable[[LiteGraph, LiteOperator], object]
