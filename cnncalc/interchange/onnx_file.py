"""The records of an ONNX file: nodes, attributes, tensors and inputs, read from the wire format.

Numbers of fields are those of onnx/onnx.proto (github.com/onnx/onnx, 1.23). Weights are not read: a tensor knows its
sizes, and where its numbers are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange.protobuf import Data, Field, Wire
from cnncalc.record import Record

# Shapes, axes, and tables of indices are read; what is larger is taken for weights.
MOST_NUMBERS = 4_096
MOST_AXES = 64
# Bytes of a mask.
MOST_MASK = 4_000_000
# The codes of `struct` and the size for types of tensors (TensorProto.DataType); bfloat16 is read as its upper half.
TYPES = {
    1: ("f", 4), 2: ("B", 1), 3: ("b", 1), 4: ("H", 2), 5: ("h", 2), 6: ("i", 4), 7: ("q", 8), 9: ("?", 1),
    10: ("e", 2), 11: ("d", 8), 12: ("I", 4), 13: ("Q", 8),
}  # fmt: skip
# The metadata of the last node of a layer that cnncalc wrote.
MARK = "cnncalc.layer"
# The metadata of its models with the source that a spec names.
SOURCE = "cnncalc.source"
METADATA = ("pkg.torch.onnx.", "cnncalc.")
REALS = {1, 10, 11, 14, 15, 16, 17, 18, 19, 20, 23}
# The field of a TensorProto that has its numbers, unless they are raw.
LISTS = {1: 4, 7: 7, 11: 10, 12: 11, 13: 11}

Numbers: TypeAlias = "tuple[int | float, ...]"


class OnnxTensor:
    """A tensor of a file: its sizes, its type, and the places of its numbers."""

    __slots__ = ("dims", "fields", "kind", "name", "source", "span")

    def __init__(self, field: Field, file: str) -> None:
        self.name = ""
        self.kind = 0
        self.source = field
        dims: list[int] = []
        self.fields: dict[int, list[Field]] = {}
        for part in field.message():
            if part.number == 1:
                dims += part.wholes(MOST_AXES)
            elif part.number == 2:
                self.kind = part.whole()
            elif part.number == 8:
                self.name = part.text()
            elif part.number in (4, 5, 7, 9, 10, 11):
                self.fields.setdefault(part.number, []).append(part)
            if len(dims) > MOST_AXES:
                raise field.wire.refuse(f"a tensor has more than {MOST_AXES} axes", field.start)
        self.span = Span(file, 0, 0, self.name)
        if any(size < 0 for size in dims):
            raise SpecError([Problem(self.span, f"a tensor has the size {min(dims)}")])
        self.dims = tuple(dims)

    @property
    def is_real(self) -> bool:
        return self.kind in REALS

    def encoded(self) -> bytes:
        """The bytes of a small tensor in the file."""
        return self.source.bytes() if self.source.size <= MOST_MASK else b""

    def numbers(self) -> Numbers | None:
        """The numbers of a small tensor; None if it has many, or if they are in another file."""
        count = 1
        for size in self.dims:
            count *= size
            if count > MOST_NUMBERS:
                return None
        if raw := self.fields.get(9):
            code, size = TYPES.get(self.kind, ("", 0))
            if not size or raw[0].size != count * size:
                return None
            values: list[float] = raw[0].numbers(code, MOST_NUMBERS)
        else:
            number = LISTS.get(self.kind, 5)
            values = []
            for field in self.fields.get(number, ()):
                if number in (4, 10):
                    values += field.numbers("f" if number == 4 else "d", MOST_NUMBERS)
                else:
                    values += field.wholes(MOST_NUMBERS)
        # A list that the file has no numbers for, or numbers of float16 as whole ones, are not read.
        if len(values) != count or (self.kind in REALS and self.kind not in (1, 10, 11)):
            return None
        return tuple(values) if not (self.kind == 10 and not raw) else None

    def few_values(self) -> tuple[float, ...]:
        """The different numbers of a tensor that has one or two of them, as masks do; empty for all others.

        Only the first numbers of others are read.
        """
        raw = self.fields.get(9)
        size = TYPES.get(self.kind, ("", 0))[1]
        if not raw or not size or raw[0].size % size or raw[0].size > MOST_MASK:
            return ()
        data = raw[0].wire.data
        found: set[bytes] = set()
        for start in range(raw[0].start, raw[0].stop, size * MOST_NUMBERS):
            part = data[start : min(start + size * MOST_NUMBERS, raw[0].stop)]
            found.update(part[at : at + size] for at in range(0, len(part), size))
            if len(found) > 2:
                return ()
        return tuple(struct.unpack(f"<{TYPES[self.kind][0]}", value)[0] for value in found)


class OnnxAttribute(Record):
    """An attribute of a node, read where it is asked for."""

    fields: Mapping[int, list[Field]]
    file: str

    def whole(self) -> int:
        return self.fields[3][-1].whole() if 3 in self.fields else 0

    def real(self) -> float:
        return self.fields[2][-1].real() if 2 in self.fields else 0.0

    def text(self) -> str:
        return self.fields[4][-1].text() if 4 in self.fields else ""

    def wholes(self) -> tuple[int, ...]:
        return tuple(number for field in self.fields.get(8, ()) for number in field.wholes(MOST_NUMBERS))

    def reals(self) -> tuple[float, ...]:
        return tuple(number for field in self.fields.get(7, ()) for number in field.numbers("f", MOST_NUMBERS))

    def tensor(self) -> OnnxTensor | None:
        return OnnxTensor(self.fields[5][-1], self.file) if 5 in self.fields else None

    @property
    def reference(self) -> str:
        """The attribute of the function around it that it stands for."""
        return self.fields[21][-1].text() if 21 in self.fields else ""


class OnnxNode(Record):
    """An operator: its inputs and outputs by name, and its attributes.

    `scopes` and `classes` are those of dynamo; `mark` is the layer that cnncalc wrote, and `source` its place.
    """

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, OnnxAttribute]
    span: Span
    scopes: str = ""
    classes: str = ""
    mark: str = ""
    source: Field | None = None

    def encoded(self) -> bytes:
        """Its bytes in the file, if it has a mark or may belong to one."""
        return b"" if self.source is None or self.source.size > MOST_MASK else self.source.bytes()


class OnnxInput(Record):
    """An input or output of a graph: its sizes, each a number or a name; None if the file has no shape for it."""

    name: str
    sizes: tuple[int | str, ...] | None


class OnnxFunction(Record):
    """A function of a file: an operator made of nodes."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[OnnxNode, ...]
    defaults: Mapping[str, OnnxAttribute]


class OnnxModel(Record):
    """A file: its graph, its functions by domain and name, and the versions of its operators by domain.

    `shapes` are those that the file gives for tensors within the graph and its outputs; `source` is that of a spec.
    """

    name: str
    producer: str
    nodes: tuple[OnnxNode, ...]
    initializers: Mapping[str, OnnxTensor]
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[OnnxInput, ...]
    functions: Mapping[tuple[str, str], OnnxFunction]
    opsets: Mapping[str, int]
    shapes: Mapping[str, tuple[int | str, ...]]
    source: str = ""


def read_model(data: Data, file: str) -> OnnxModel:
    """The model of a file. Raises SpecError where the file is broken."""
    wire = Wire(data, file)
    producer, version, source, graphs = "", "", "", []
    functions: dict[tuple[str, str], OnnxFunction] = {}
    opsets: dict[str, int] = {}
    for field in wire.fields():
        if field.number == 2:
            producer = field.text()
        elif field.number == 3:
            version = field.text()
        elif field.number == 7:
            graphs.append(field)
        elif field.number == 8:
            domain, number = _pair(field)
            opsets[_domain(domain)] = number
        elif field.number == 14:
            source = dict(_entry(field)).get(SOURCE, source)
        elif field.number == 25:
            key, function = _function(field, file)
            functions[key] = function
    if not graphs:
        hint = "the file may be truncated, or in another format"
        raise SpecError([Problem(wire.span, "the file has no graph, so it is no ONNX model", hint)])
    return _graph(graphs[-1], file)._replace(
        producer=f"{producer} {version}".strip(), functions=functions, opsets=opsets, source=source
    )


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _pair(field: Field) -> tuple[str, int]:
    domain, number = "", 0
    for part in field.message():
        if part.number == 1:
            domain = part.text()
        elif part.number == 2:
            number = part.whole()
    return domain, number


def _graph(field: Field, file: str) -> OnnxModel:
    name = ""
    nodes: list[OnnxNode] = []
    tensors: dict[str, OnnxTensor] = {}
    inputs: list[OnnxInput] = []
    outputs: list[OnnxInput] = []
    inner: list[Field] = []
    for part in field.message():
        if part.number == 1:
            nodes.append(_node(part, file, len(nodes)))
            _bound(len(nodes), "nodes", nodes[-1].span)
        elif part.number == 2:
            name = part.text()
        elif part.number == 5:
            tensor = OnnxTensor(part, file)
            tensors[tensor.name] = tensor
            _bound(len(tensors), "tensors", tensor.span)
        elif part.number == 15:
            tensor = _sparse(part, file)
            tensors[tensor.name] = tensor
        elif part.number == 11:
            inputs.append(_input(part))
        elif part.number == 12:
            outputs.append(_input(part))
        elif part.number == 13:
            inner.append(part)
    shapes = {found.name: found.sizes for found in (*outputs, *map(_input, inner)) if found.sizes}
    return OnnxModel(name, "", tuple(nodes), tensors, tuple(inputs), tuple(outputs), {}, {}, shapes)


def _bound(count: int, called: str, span: Span) -> None:
    most = limits.current().steps
    if count > most:
        raise SpecError([Problem(span, f"the graph has more than {most:,} {called}", limits.raised("layers"))])


def _sparse(field: Field, file: str) -> OnnxTensor:
    """A sparse tensor: its name is that of its values, and its sizes are its own."""
    dims: list[int] = []
    values: OnnxTensor | None = None
    for part in field.message():
        if part.number == 1:
            values = OnnxTensor(part, file)
        elif part.number == 3:
            dims += part.wholes(MOST_AXES)
    if values is None:
        raise field.wire.refuse("a sparse tensor has no values", field.start)
    values.dims = tuple(dims)
    values.fields = {}
    return values


def _node(field: Field, file: str, number: int) -> OnnxNode:
    inputs: list[str] = []
    outputs: list[str] = []
    texts = {3: "", 4: "", 7: ""}
    attributes: dict[str, OnnxAttribute] = {}
    metadata: dict[str, str] = {}
    for part in field.message():
        if part.number == 1:
            inputs.append(part.text())
        elif part.number == 2:
            outputs.append(part.text())
        elif part.number in texts:
            texts[part.number] = part.text()
        elif part.number == 5:
            name, attribute = _attribute(part, file)
            attributes[name] = attribute
        elif part.number == 9:
            metadata.update(_entry(part))
    name = texts[3] or next(filter(None, outputs), "") or f"{texts[4]}_{number}"
    return OnnxNode(
        texts[4],
        _domain(texts[7]),
        texts[3],
        tuple(inputs),
        tuple(outputs),
        attributes,
        Span(file, 0, 0, name),
        metadata.get("pkg.torch.onnx.name_scopes", ""),
        metadata.get("pkg.torch.onnx.class_hierarchy", ""),
        metadata.get(MARK, ""),
        field,
    )


def _entry(field: Field) -> Iterable[tuple[str, str]]:
    """A key and its value, if it is one of dynamo or of cnncalc."""
    parts = {part.number: part for part in field.message()}
    if 1 in parts and 2 in parts and parts[1].text().startswith(METADATA):
        yield parts[1].text(), parts[2].text()


def _attribute(field: Field, file: str) -> tuple[str, OnnxAttribute]:
    name = ""
    fields: dict[int, list[Field]] = {}
    for part in field.message():
        if part.number == 1:
            name = part.text()
        elif part.number != 13:
            fields.setdefault(part.number, []).append(part)
    return name, OnnxAttribute(fields, file)


def read_branch(attribute: OnnxAttribute) -> OnnxModel:
    """The graph that is an attribute, such as a branch of If."""
    if 6 not in attribute.fields:
        raise SpecError([Problem(Span(attribute.file, 0, 0), "a node lacks the graph that it should have")])
    return _graph(attribute.fields[6][-1], attribute.file)


def _input(field: Field) -> OnnxInput:
    name, sizes = "", None
    for part in field.message():
        if part.number == 1:
            name = part.text()
        elif part.number == 2:
            sizes = _sizes(part)
    return OnnxInput(name, sizes)


def _sizes(field: Field) -> tuple[int | str, ...] | None:
    for kind in field.message():
        if kind.number != 1:
            continue
        for part in kind.message():
            if part.number == 2:
                sizes = [_size(size) for size in part.message() if size.number == 1]
                if len(sizes) > MOST_AXES:
                    raise field.wire.refuse(f"a shape has more than {MOST_AXES} axes", field.start)
                return tuple(sizes)
    return None


def _size(field: Field) -> int | str:
    for part in field.message():
        if part.number == 1:
            # Some exporters write 0 or -1 for a size that is not known.
            return part.whole() if part.whole() > 0 else "?"
        if part.number == 2:
            return part.text()
    return "?"


def _function(field: Field, file: str) -> tuple[tuple[str, str], OnnxFunction]:
    name, domain = "", ""
    inputs: list[str] = []
    outputs: list[str] = []
    nodes: list[OnnxNode] = []
    defaults: dict[str, OnnxAttribute] = {}
    for part in field.message():
        if part.number == 1:
            name = part.text()
        elif part.number == 10:
            domain = part.text()
        elif part.number == 4:
            inputs.append(part.text())
        elif part.number == 5:
            outputs.append(part.text())
        elif part.number == 7:
            nodes.append(_node(part, file, len(nodes)))
        elif part.number == 11:
            key, attribute = _attribute(part, file)
            defaults[key] = attribute
    if not outputs:
        raise SpecError([Problem(Span(file, 0, 0), f"the function {quoted(name)} has no outputs")])
    return (_domain(domain), name), OnnxFunction(tuple(inputs), tuple(outputs), tuple(nodes), defaults)
