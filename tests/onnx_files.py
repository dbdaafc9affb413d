"""ONNX files for tests, written field by field: numbers of fields are those of onnx.proto."""

import struct

FLOAT, INT64 = 1, 7


def varint(value):
    """A whole number on the wire; negative ones have 64 bits."""
    value &= 2**64 - 1
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


def field(number, value):
    """A field of a message: a number, or text, bytes or messages with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(number, values):
    return b"".join(field(number, value) for value in values)


def numbers(*values, shape=None):
    """A tensor whose numbers the file has; whole ones are int64."""
    is_real = any(isinstance(value, float) for value in values)
    raw = struct.pack(f"<{len(values)}{'f' if is_real else 'q'}", *values)
    dims = (len(values),) if shape is None else shape
    return fields(1, dims) + field(2, FLOAT if is_real else INT64) + field(9, raw)


def weights(*dims):
    """A tensor whose numbers are in another file."""
    return fields(1, dims) + field(2, FLOAT) + field(14, 1)


def attribute(name, value):
    if isinstance(value, float):
        body = field(2, value) + field(20, 1)
    elif isinstance(value, int):
        body = field(3, int(value)) + field(20, 2)
    elif isinstance(value, str):
        body = field(4, value) + field(20, 3)
    elif isinstance(value, bytes):
        body = field(5, value) + field(20, 4)
    elif isinstance(value, Graph):
        body = field(6, value.data) + field(20, 5)
    elif any(isinstance(item, float) for item in value):
        body = fields(7, value) + field(20, 6)
    else:
        body = fields(8, value) + field(20, 7)
    return field(1, name) + body


class Graph:
    """A graph as an attribute."""

    def __init__(self, nodes, outputs, tensors=None):
        self.data = fields(1, nodes) + tensors_of(tensors or {}) + fields(12, [value(name, None) for name in outputs])


def node(op, inputs, outputs, *, name="", domain="", metadata=None, **attributes):
    """A node; names of inputs and outputs are separated by blanks, and `-` is an input that is left out."""
    reads = ["" if item == "-" else item for item in inputs.split()]
    data = fields(1, reads) + fields(2, outputs.split()) + (field(3, name) if name else b"") + field(4, op)
    data += fields(5, [attribute(key.rstrip("_"), item) for key, item in attributes.items()])
    data += field(7, domain) if domain else b""
    return data + fields(9, [field(1, key) + field(2, item) for key, item in (metadata or {}).items()])


def value(name, shape):
    """The name and shape of an input; sizes may be names."""
    if shape is None:
        return field(1, name)
    sizes = [field(1, size) if isinstance(size, int) else field(2, size) for size in shape]
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, fields(1, sizes))))


def tensors_of(tensors):
    return fields(5, [data + field(8, name) for name, data in tensors.items()])


def function(name, domain, inputs, outputs, nodes):
    return (
        field(1, name) + fields(4, inputs.split()) + fields(5, outputs.split()) + fields(7, nodes) + field(10, domain)
    )


def model(nodes, inputs, outputs, tensors=None, *, opset=17, producer="hand", functions=(), name="net", inner=None):
    """A file. `inputs` are shapes by name, and `tensors` weights or numbers by name."""
    graph = fields(1, nodes) + field(2, name) + tensors_of(tensors or {})
    graph += fields(11, [value(name, shape) for name, shape in inputs.items()])
    graph += fields(12, [value(name, None) for name in outputs.split()])
    graph += fields(13, [value(name, shape) for name, shape in (inner or {}).items()])
    head = field(1, 8) + field(2, producer) + field(7, graph) + field(8, field(2, opset))
    return head + fields(25, functions)
