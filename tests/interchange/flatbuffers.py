"""Writes FlatBuffers, and TensorFlow Lite models as such, for tests."""

import struct

from cnncalc.interchange.tflite_names import OPERATORS

NUMBERS = {"f": 0, "i": 2, "B": 3, "q": 4, "b": 9}


def write(root, identifier=b"TFL3"):
    """A file. A table is a dict from fields to (code, number), (code, [numbers]), text, bytes, table or tables."""
    data = bytearray(4) + identifier
    _point(data, 0, _table(data, root))
    return bytes(data)


def _point(data, place, target):
    struct.pack_into("<I", data, place, target - place)


def _pad(data, size=8):
    data.extend(bytes(-len(data) % size))


def _table(data, fields):
    _pad(data)
    entries = max(fields, default=-1) + 1
    places = {field: 8 * at for at, field in enumerate(fields, 1)}
    start = len(data)
    size = 8 * len(fields) + 8
    data += struct.pack(f"<HH{entries}H", 4 + 2 * entries, size, *(places.get(at, 0) for at in range(entries)))
    _pad(data)
    table = len(data)
    data += struct.pack("<i", table - start) + bytes(size - 4)
    for field, value in fields.items():
        place = table + places[field]
        if isinstance(value, tuple) and not isinstance(value[1], list):
            struct.pack_into(f"<{value[0]}", data, place, value[1])
        else:
            _point(data, place, _child(data, value))
    return table


def _child(data, value):
    if isinstance(value, dict):
        return _table(data, value)
    if isinstance(value, list):
        _pad(data)
        start = len(data)
        data += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for at, table in enumerate(value, 1):
            _point(data, start + 4 * at, _table(data, table))
        return start
    code, values = ("B", value.encode() if isinstance(value, str) else value) if not isinstance(value, tuple) else value
    _pad(data)
    # The length is before the elements, which have a place that fits their size.
    data += bytes(4)
    start = len(data)
    data += struct.pack(f"<I{len(values)}{code}", len(values), *values)
    return start


class Model:
    """A model under construction. Tensors are numbered from 0, the first of which is the input."""

    def __init__(self, shape=(1, 8, 10, 3), signature=None, name="image"):
        self.tensors, self.buffers, self.codes, self.operators = [], [{}], [], []
        self.inputs = [self.tensor(name, shape, signature=signature)]
        self.outputs = None

    def tensor(self, name="", shape=(), values=None, code="f", **more):
        """A tensor; one with `values` is a constant, all of whose elements are 0 if they are not given: ()."""
        buffer = 0
        if values is not None:
            self.buffers.append({0: struct.pack(f"<{len(values)}{code}", *values) or bytes(4)})
            buffer = len(self.buffers) - 1
        fields = {0: ("i", list(shape)), 1: ("b", NUMBERS[code]), 2: ("I", buffer), 3: name}
        if more.get("signature"):
            fields[7] = ("i", list(more["signature"]))
        if "scale" in more:
            fields[4] = {2: ("f", [more["scale"]]), 3: ("q", [more.get("zero", 0)])}
        self.tensors.append(fields)
        return len(self.tensors) - 1

    def numbers(self, *values):
        """A constant of whole numbers, such as axes."""
        return self.tensor("numbers", (len(values),), values, "i")

    def add(self, kind, inputs, name="x", shapes=((),), **options):
        """An operator with one output or more; options are o0, o1, ..., for the fields."""
        outputs = [self.tensor(name if not at else f"{name}_{at}", shape) for at, shape in enumerate(shapes)]
        code = OPERATORS.index(kind) if kind in OPERATORS else 32
        custom = {} if kind in OPERATORS else {1: kind}
        self.codes.append({0: ("b", min(code, 127)), **custom, 3: ("i", code)})
        fields = {0: ("I", len(self.codes) - 1), 1: ("i", list(inputs)), 2: ("i", outputs)}
        given = {int(key[1:]): value for key, value in options.items()}
        self.operators.append({**fields, 4: given})
        return outputs[0] if len(outputs) == 1 else outputs

    def file(self):
        outputs = self.outputs or self.operators[-1][2][1][:1]
        network = {0: self.tensors, 1: ("i", self.inputs), 2: ("i", outputs), 3: self.operators, 4: "main"}
        return write({0: ("I", 3), 1: self.codes, 2: [network], 4: self.buffers})
