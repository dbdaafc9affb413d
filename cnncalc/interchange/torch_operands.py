"""What the operators of a PyTorch program read."""

from __future__ import annotations

from cnncalc.errors import Span, SpecError
from cnncalc.interchange.building import Settings
from cnncalc.interchange.graph import GraphLayer
from cnncalc.interchange.layout import LaidOut, axes_of
from cnncalc.interchange.torch_layers import TorchLayers
from cnncalc.interchange.torch_program import NodeRef, TorchNode, TorchProgram
from cnncalc.interchange.torch_values import FIRST, FixedTensor, Missing, Stored, Value


class TorchOperands(TorchLayers):
    """What nodes read: tensors, and parameters, which become layers where a tensor is read; `values` by node."""

    def __init__(self, program: TorchProgram, target: str) -> None:
        super().__init__(program, target)
        self.values: dict[str, Value] = {}
        # What is computed from parameters alone, and parameters and buffers, as layers.
        self.computed: dict[str, Value] = {}
        self.parameters: dict[str, LaidOut] = {}

    def handle(self, node: TorchNode) -> Value:
        """What an operator makes of tensors."""
        raise NotImplementedError

    def values_sizes(self, name: str) -> tuple[int, ...]:
        """The sizes of a tensor in the program."""
        return self.sizes_of(self.values.get(name, Missing()))

    def sizes_of(self, value: Value) -> tuple[int, ...]:
        if isinstance(value, LaidOut):
            return self.sizes(value)
        return value.sizes if isinstance(value, Stored | FixedTensor) else ()

    def value(self, node: TorchNode, key: str) -> Value | None:
        """The value of an argument that is a tensor; None for other arguments."""
        argument = node.arguments.get(key)
        return self.resolve(argument.node) if isinstance(argument, NodeRef) else None

    def resolve(self, name: str) -> Value:
        return self.computed.get(name) or self.values.get(name, Missing())

    def tensor(self, node: TorchNode, key: str = "") -> LaidOut:
        """The tensor of an argument, as a layer of the graph."""
        key = key or next(name for name in FIRST if name in node.arguments)
        value = self.value(node, key)
        if value is None:
            raise self.refuse(f"has no tensor for {key}")
        return self.lay_out(value, self.order_for(node, value))

    def lay_out(self, value: Value, order: tuple[int, ...] | None = None) -> LaidOut:
        """A value as a layer; `order` are the axes of the layer that a parameter becomes."""
        if isinstance(value, LaidOut):
            return value
        if isinstance(value, Stored):
            return self._compute(value, order)
        if isinstance(value, FixedTensor):
            return self._fixed(value)
        if isinstance(value, Missing):
            # What could not be read has been reported.
            raise SpecError([])
        raise self.refuse("reads several tensors")

    def _compute(self, value: Stored, order: tuple[int, ...] | None) -> LaidOut:
        """A parameter, or what is computed from parameters, as layers."""
        if value.is_plain:
            return self._parameter(value, order)
        done = self.computed.get(value.node)
        if done is None:
            done = self.computed[value.node] = self.handle(self.nodes[value.node])
        return self.lay_out(done)

    def order_for(self, node: TorchNode, value: Value) -> tuple[int, ...] | None:
        """The axes of a parameter that an operator reads, so that its features are the channels."""
        if not isinstance(value, Stored):
            return None
        axes = tuple(at for at, size in enumerate(value.sizes) if size != 1)
        if len(axes) > 1 and node.operator in ("linear", "index", "index_select", "layer_norm", "matmul"):
            return (axes[-1], *axes[:-1])
        return None

    def _parameter(self, value: Stored, order: tuple[int, ...] | None) -> LaidOut:
        """A parameter as a layer, of the axes `order`, or all that are longer than 1."""
        (root,) = value.roots
        stored = self.program.stored[root]
        if root in self.parameters:
            return self.reshape(self.parameters[root], value.sizes)
        order = order or tuple(at for at, size in enumerate(value.sizes) if size != 1) or (0,)
        shape = tuple(value.sizes[at] if at < len(value.sizes) else 1 for at in order)
        span = Span(self.target, 0, 0, root)
        layer = GraphLayer(stored.name, "parameter", {"shape": shape}, (), span, frozen=not stored.is_learned)
        name = self.builder.add(layer)
        axes = tuple(order.index(at) if at in order else None for at in range(len(value.sizes)))
        self.parameters[root] = LaidOut(name, axes)
        return self.parameters[root]

    def _fixed(self, value: FixedTensor) -> LaidOut:
        """A constant tensor as a parameter that is not learned."""
        axes = [at for at, size in enumerate(value.sizes) if size != 1]
        span = Span(self.target, 0, 0, self.current.name)
        settings: Settings = {"shape": tuple(value.sizes[at] for at in axes) or (1,)}
        name = ".".join(filter(None, (self.current.path, "constant")))
        name = self.builder.add(GraphLayer(name, "parameter", settings, (), span, frozen=True))
        return LaidOut(name, axes_of(axes, len(value.sizes)))
