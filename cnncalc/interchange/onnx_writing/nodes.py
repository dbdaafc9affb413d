"""The nodes of one layer, as they are written: operators, weights as constants of a shape, and small constants.

Tensors have the batch before the axes of the layer. A layer's output is called as the layer, and its weights as in
PyTorch: conv1.weight. All other names have a colon, which the names of layers cannot have.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from math import prod
from typing import Any

from cnncalc.errors import RuleError
from cnncalc.interchange.onnx_writing.messages import FLOAT, INT64, Attribute, TensorData, WrittenNode
from cnncalc.layers.contract import LayerType, Shapes
from cnncalc.layers.shapes import Shape
from cnncalc.record import Record

# Weights are 0.1 / (their number per output), so that sums over them neither vanish nor grow.
SMALL = 0.1
# Longer lists of numbers are called after their layer.
MOST_IN_NAME = 8


class PoolSource(Record):
    """A pool whose positions another layer uses: its windows, and what it reads."""

    kind: LayerType
    tensor: str
    shape: Shape


class LayerSource(Record):
    """A layer to write: its name and type, its inputs as tensors, and the layer whose weights it uses.

    `images` are the inputs of the network, and `reserved` names that no weight may have, those of layers. `pool` is the
    max_pool that computes the last input, if it is one.
    """

    name: str
    kind: LayerType
    inputs: tuple[str, ...]
    shapes: Shapes
    owner: str
    images: tuple[str, ...]
    reserved: Collection[str]
    pool: PoolSource | None = None


class LayerNodes:
    """Collects the nodes and constants of a layer. Raises RuleError for more nodes than `most`."""

    def __init__(self, source: LayerSource, most: int = sys.maxsize) -> None:
        self.source, self.most = source, most
        self.settings: dict[str, Any] = vars(source.kind)
        self.kind: Any = source.kind
        self.inputs, self.shapes = source.inputs, source.shapes
        self.output = source.kind.output_shape(source.shapes)
        self._check(self.output)
        self.nodes: list[WrittenNode] = []
        self.constants: dict[str, TensorData] = {}
        self.counts: dict[str, int] = {}
        # The sizes of the weights that it writes.
        self.weights: dict[str, tuple[int, ...]] = {}

    @property
    def x(self) -> str:
        """The first input."""
        return self.inputs[0]

    @property
    def shape(self) -> Shape:
        return self.shapes[0]

    # --- constants ---

    def wholes(self, values: Sequence[int], dims: tuple[int, ...] | None = None) -> str:
        """A constant list of whole numbers, or one number if `dims` is empty."""
        self._check(values)
        return self._constant("i", INT64, tuple(values), (len(values),) if dims is None else dims)

    def reals(self, values: Sequence[float], dims: tuple[int, ...] | None = None) -> str:
        return self._constant("f", FLOAT, tuple(values), (len(values),) if dims is None else dims)

    def number(self, value: float) -> str:
        """One real number."""
        return self.reals((float(value),), ())

    def _constant(self, code: str, kind: int, values: tuple[float, ...], dims: tuple[int, ...]) -> str:
        shown = ",".join(map(str, values))
        if len(values) > MOST_IN_NAME or len(dims) > 1:
            name = self._name(f"constant_{code}")
        else:
            name = f":{code}[{shown}]" if dims else f":{code}({shown})"
        self.constants[name] = TensorData(name, kind, dims, values)
        return name

    def filled(self, name: str, shape: Sequence[int], value: float, kind: int = FLOAT) -> str:
        """A tensor of equal numbers, which is no weight."""
        tensor = self._name(name)
        self._fill(tensor, self.wholes(shape), value, kind)
        return tensor

    def fill(self, shape: str, value: float, kind: int = FLOAT) -> str:
        """A tensor of equal numbers, whose shape is computed."""
        tensor = self._name("filled")
        self._fill(tensor, shape, value, kind)
        return tensor

    def _fill(self, tensor: str, shape: str, value: float, kind: int) -> None:
        number = TensorData("", kind, (1,), (value,))
        self._append(WrittenNode("ConstantOfShape", "", (shape,), (tensor,), {"value": number.encode()}))

    def weight(self, name: str, shape: Sequence[int], value: float | None = None) -> str:
        """A weight, as a tensor of equal numbers; by default they are small. Layers that share it write it once."""
        tensor = f"{self.source.owner}.{name}"
        if tensor in self.source.reserved:
            tensor = f"{self.source.owner}:{name}"
        if self.source.owner == self.source.name:
            fill = SMALL / prod(shape[1:]) if value is None else value
            self._fill(tensor, self.wholes(shape), fill, FLOAT)
            self.weights[tensor] = tuple(shape)
        return tensor

    # --- operators ---

    def add(self, op: str, *inputs: str, **attributes: Attribute) -> str:
        """Append an operator, and return the name of its output."""
        return self.add_several(op, inputs, 1, attributes)[0]

    def add_several(self, op: str, inputs: Sequence[str], count: int, attributes: dict[str, Attribute]) -> list[str]:
        outputs = [self._name(op) for _ in range(count)]
        number = self._count(f"/{op}")
        name = f"/{self.source.name.replace('.', '/')}/{op}{f'_{number}' if number > 1 else ''}"
        self._append(WrittenNode(op, name, tuple(inputs), tuple(outputs), attributes))
        return outputs

    def _append(self, node: WrittenNode) -> None:
        if len(self.nodes) >= self.most:
            raise self.refuse(f"takes more than {self.most:,} nodes")
        self.nodes.append(node)

    def reshape(self, tensor: str, *sizes: int) -> str:
        """A tensor with other axes behind its batch."""
        return self.add("Reshape", tensor, self.wholes((0, *sizes)))

    def transpose(self, tensor: str, order: Sequence[int]) -> str:
        """A tensor with its axes in another order; 0 is the batch."""
        return tensor if list(order) == list(range(len(order))) else self.add("Transpose", tensor, perm=tuple(order))

    def batch_size(self) -> str:
        """The number of samples, as a list of one number."""
        return self.add("Shape", self.source.images[0], start=0, end=1)

    def finish(self, tensor: str, mark: dict[str, str]) -> None:
        """Call the output as the layer; `mark` is the metadata of the node that computes it."""
        if not self.nodes or self.nodes[-1].outputs[0] != tensor:
            self.add("Identity", tensor)
        last = self.nodes[-1]
        self.nodes[-1] = last._replace(outputs=(self.source.name, *last.outputs[1:]), metadata=mark)

    def _check(self, sizes: Sequence[int]) -> None:
        """Raise RuleError for a number of more than 64 bits."""
        if any(size >= 2**63 for size in sizes):
            raise self.refuse(f"has a tensor of size {max(sizes):,}, and numbers of ONNX have 64 bits")

    def refuse(self, why: str) -> RuleError:
        return RuleError(why)

    def _name(self, word: str) -> str:
        number = self._count(word)
        return f"{self.source.name}:{word}{f'_{number}' if number > 1 else ''}"

    def _count(self, word: str) -> int:
        self.counts[word] = self.counts.get(word, 0) + 1
        return self.counts[word]
