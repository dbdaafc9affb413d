"""An exported PyTorch program, read node by node; torch_operators reads the operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange.building import GraphBuilder, GraphInput, Settings
from cnncalc.interchange.graph import Graph, GraphLayer
from cnncalc.interchange.layout import FLATTEN, PERMUTE, RESHAPE, LaidOut, Layouts, axes_of
from cnncalc.interchange.torch_program import NodeRef, TorchNode, TorchProgram, refs_of
from cnncalc.layers.shapes import times
from cnncalc.record import Record


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Operators that give what they read, as far as shapes and costs go.
SAME = words(
    "alias clone contiguous detach lift_fresh lift_fresh_copy positive to _to_copy type_as conj resolve_conj"
    " resolve_neg requires_grad"
)
# Operators that give the same elements in the same order.
REGROUPED = words("view reshape _unsafe_view flatten unflatten squeeze unsqueeze view_as reshape_as")
MOVED = words("permute transpose t swapaxes swapdims movedim numpy_T mT adjoint")
DROPOUTS = words("dropout feature_dropout alpha_dropout feature_alpha_dropout native_dropout")
PARTS = words("getitem select slice narrow chunk split split_with_sizes unbind expand expand_as unfold")
# Operators that broadcast what they read.
BROADCASTS = words("add sub mul div maximum minimum rsub pow")
# Operators after which a spatial axis of size 1 is not missed.
FORGETS_AXES = SAME | words("view reshape flatten squeeze dropout")
# Operators whose results share memory with what they read.
VIEWS = REGROUPED | MOVED | PARTS | words("alias detach")
# Operators that check the program.
CHECKS = words("_assert_tensor_metadata _assert_async _assert_scalar sym_constrain_range sym_constrain_range_for_size")
# Operators that create a tensor, whatever shapes they read.
FACTORIES = words(
    "arange linspace zeros ones full empty eye zeros_like ones_like full_like empty_like new_zeros new_ones new_full"
    " new_empty scalar_tensor tril_indices triu_indices rand randn rand_like randn_like bernoulli"
)
# Operators that make a constant one that forbids positions rather than one that is added to numbers.
MASKING = words("masked_fill where tril triu eq ne lt le gt ge logical_not logical_and logical_or")
# The names that operators have for the tensor that they change.
FIRST = ("self", "input", "tensors", "tensor", "query", "0", "condition")


class Stored(Record):
    """A parameter, a buffer, or what an operator makes of these alone: `node` computes it from the tensors `roots`.

    If it is one of them, at most with axes of size 1 added or removed, it `is_plain`.
    """

    node: str
    roots: tuple[str, ...]
    sizes: tuple[int, ...]
    is_plain: bool


class Constant(Record):
    """A tensor that depends on shapes alone; `number` is that of all its elements, if it is known.

    A mask forbids positions, by numbers that are added or put in the place of others.
    """

    sizes: tuple[int, ...]
    number: float | int | None = None
    is_mask: bool = False


class Missing(Record):
    """What an operator gives that could not be read, or that cannot be had; `reason` is empty if it is reported."""

    reason: str = ""


class Several(Record):
    """What an operator gives that has several results."""

    parts: tuple[Value, ...]


# Layers that a tensor needs before an operator can read it.
REARRANGED = (RESHAPE, FLATTEN, PERMUTE)

Value: TypeAlias = "LaidOut | Stored | Constant | Missing | Several"
Handler: TypeAlias = "Callable[[TorchNode], Value]"


def read_program(program: TorchProgram, target: str) -> Graph:
    """The graph of an exported program. Raises SpecError with every operator that cannot be read."""
    from cnncalc.interchange.torch_operators import TorchOperators

    return TorchOperators(program, target).read()


class TorchReader(Layouts):
    """Reads nodes in their order; `values` has what each gives. `handlers` are those of operators on tensors."""

    def __init__(self, program: TorchProgram, target: str) -> None:
        super().__init__(GraphBuilder({}))
        self.program = program
        self.target = target
        self.values: dict[str, Value] = {}
        self.nodes = {node.name: node for node in program.nodes}
        self.users: dict[str, list[TorchNode]] = {}
        self.problems = limits.Problems()
        self.handlers: dict[str, Handler] = {}
        self.current = TorchNode("", "", {}, ())
        # The layer that has a parameter, and all parameters of it.
        self.owners: dict[str, tuple[GraphLayer, tuple[str, ...]]] = {}
        # Parameters and buffers that are layers, with the one that each is.
        self.parameters: dict[str, LaidOut] = {}
        self.computed: dict[str, Value] = {}
        for node in program.nodes:
            for name in dict.fromkeys(refs_of(node.arguments.values())):
                self.users.setdefault(name, []).append(node)
        self.order = {node.name: at for at, node in enumerate(program.nodes)}
        counted = list(self._list_layers())
        # How many layers one call of each module becomes.
        self.within: dict[str, int] = {}
        for (path, _), count in Counter((node.path, node.call) for node in counted).items():
            self.within[path] = max(count, self.within.get(path, 0))
        self.scopes = {scope for node in counted for scope in _scopes_of(node.path)}

    def read(self) -> Graph:
        self._add_inputs()
        for name, tensor in self.program.stored.items():
            self.values[name] = Stored(name, (name,), tensor.shape, is_plain=True)
        for name, sizes in self.program.constants.items():
            self.values[name] = Constant(sizes)
        for node in self.program.nodes:
            self.values[node.name] = self._read_node(node)
        outputs = [self.values.get(name) for name in self.program.outputs]
        for name, output in zip(self.program.outputs, outputs, strict=True):
            if isinstance(output, Missing) and output.reason:
                self.report(self.nodes[name], f"the network gives {output.reason}")
        if self.problems:
            raise SpecError(self.problems)
        return self._finish([output.name for output in outputs if isinstance(output, LaidOut)])

    def _add_inputs(self) -> None:
        span = Span(self.target, 0, 0)
        inputs = {name: GraphInput(tuple(sizes[1:]) or (1,), span, "") for name, sizes in self.program.inputs.items()}
        names = self.builder.add_inputs(inputs)
        for name, sizes in self.program.inputs.items():
            self.values[name] = LaidOut(names[name], (None, *range(len(sizes) - 1)))

    def _finish(self, outputs: list[str]) -> Graph:
        """The graph without the layers that no output needs."""
        needed = set(outputs)
        for layer in reversed(self.builder.layers):
            if layer.name in needed:
                needed.update(layer.inputs)
        kept = [layer for layer in self.builder.layers if layer.name in needed]
        self.builder.layers = [
            layer._replace(weights_from=layer.weights_from if layer.weights_from in needed else "") for layer in kept
        ]
        name = self.target.rpartition(":")[2].rpartition(".")[2]
        graph = self.builder.finish(name, "a PyTorch module", Span(self.target, 0, 0), tuple(outputs))
        classes = {call.path: call.class_name for node in self.program.nodes for call in node.calls if call.path}
        return graph._replace(classes=classes)

    # --- nodes ---

    def _read_node(self, node: TorchNode) -> Value:
        """What a node gives. What cannot be read is reported, and gives something missing."""
        if node.operator in CHECKS:
            return Missing()
        operands = [self.values.get(name, Missing()) for name in refs_of(node.arguments.values())]
        operands = [
            part for operand in operands for part in (operand.parts if isinstance(operand, Several) else (operand,))
        ]
        if node.operator != "getitem" and (missing := [part for part in operands if isinstance(part, Missing)]):
            if reason := next((part.reason for part in missing if part.reason), ""):
                self.report(node, f"reads {reason}")
            return Missing()
        if node.operator in FACTORIES:
            return self._constant(node, operands)
        if not any(isinstance(part, LaidOut) for part in operands):
            return self._combine(node, operands)
        if node.is_in_place and self._is_read_again(node):
            message = f"{quoted(node.shown)} changes a part of a tensor in place, and the tensor is read again"
            self.report(node, message, "write it without the change in place")
            return Missing()
        return self.handle(node)

    def _is_read_again(self, node: TorchNode) -> bool:
        """Whether a tensor is read after a node has changed a part or a view of it."""
        viewed = self.nodes.get(next(iter(refs_of(node.arguments.values())), ""))
        while viewed is not None and viewed.operator in VIEWS:
            source = refs_of(viewed.arguments.values())[0]
            later = any(self.order[user.name] > self.order[node.name] for user in self.users[source])
            if isinstance(self.values.get(source), LaidOut) and (later or source in self.program.outputs):
                return True
            viewed = self.nodes.get(source)
        return False

    def handle(self, node: TorchNode) -> Value:
        """What an operator makes of tensors, by its handler."""
        handler = self.handlers.get(node.operator)
        if handler is None:
            self.report_unknown(node)
            return Missing()
        before, self.current = self.current, node
        try:
            return self._check(handler(node), node)
        except SpecError as error:
            for problem in error.problems:
                self.problems.append(problem)
            return Missing()
        finally:
            self.current = before

    def _check(self, result: Value, node: TorchNode) -> Value:
        """The result, if it has the shape that PyTorch gives; what is repeated in sums and products may be smaller."""
        if isinstance(result, LaidOut) and node.operator not in ("expand", "expand_as"):
            sizes, expected = self.sizes(result), node.shapes[0]
            if sizes != expected:
                raise self.refuse(f"gives {times(expected) or 'a number'}, but as layers {times(sizes) or 'a number'}")
        return result

    def _constant(self, node: TorchNode, operands: list[Value]) -> Value:
        number = {"zeros": 0, "ones": 1}.get(node.operator.removeprefix("new_").removesuffix("_like"))
        given = node.arguments.get("fill_value", node.arguments.get("s", number))
        is_known = isinstance(given, int | float) and not isinstance(given, bool)
        return Constant(node.shapes[0], given if is_known else None)  # type: ignore[arg-type]

    def _combine(self, node: TorchNode, operands: list[Value]) -> Value:
        """What a node makes of parameters, buffers and constants."""
        if node.operator == "getitem":
            return self._item(node)
        roots = tuple(dict.fromkeys(root for part in operands if isinstance(part, Stored) for root in part.roots))
        results: list[Value] = []
        for shape in node.shapes:
            if roots:
                results.append(Stored(node.name, roots, shape, self._is_plain(node, operands, shape)))
                continue
            is_mask = node.operator in MASKING or any(isinstance(part, Constant) and part.is_mask for part in operands)
            keeps = node.operator in SAME | REGROUPED | MOVED | PARTS
            first = next((part.number for part in operands if isinstance(part, Constant)), None) if keeps else None
            results.append(Constant(shape, first, is_mask))
        return results[0] if len(results) == 1 else Several(tuple(results))

    def _item(self, node: TorchNode) -> Value:
        parts = self.values.get(refs_of(node.arguments.values())[0], Missing())
        at = node.arguments.get("1")
        if isinstance(parts, Several) and isinstance(at, int) and at < len(parts.parts):
            return parts.parts[at]
        if isinstance(parts, Stored):
            return parts._replace(node=node.name, is_plain=False, sizes=node.shapes[0])
        return parts

    def _is_plain(self, node: TorchNode, operands: list[Value], shape: tuple[int, ...]) -> bool:
        """Whether an operator changes no more of a parameter than its axes of size 1."""
        first = operands[0]
        if not isinstance(first, Stored) or not first.is_plain or node.is_in_place:
            return False
        if node.operator not in SAME | REGROUPED | {"expand"}:
            return False
        return [size for size in first.sizes if size != 1] == [size for size in shape if size != 1]

    def report(self, node: TorchNode, message: str, hint: str = "") -> None:
        self.problems.append(Problem(Span(self.target, 0, 0, node.name), message, hint))

    def report_unknown(self, node: TorchNode) -> None:
        read = [times(self.values_sizes(name)) or "a number" for name in refs_of(node.arguments.values())]
        within = f" in {node.path}" if node.path else ""
        shown = ", ".join(read) if len(read) <= 4 else f"{len(read)} tensors"
        reads = f"; it reads {shown}" if read else ""
        self.report(node, f"the operator {quoted(node.shown)}{within} cannot be read{reads}")

    def refuse(self, message: str, hint: str = "") -> SpecError:
        """The error for the node that is being read."""
        node = self.current
        shown = f"{quoted(node.operator)}{f' in {node.path}' if node.path else ''} {message}"
        return SpecError([Problem(Span(self.target, 0, 0, node.name), shown, hint)])

    # --- operands ---

    def values_sizes(self, name: str) -> tuple[int, ...]:
        """The sizes of a tensor in the program."""
        return self.sizes_of(self.values.get(name, Missing()))

    def sizes_of(self, value: Value) -> tuple[int, ...]:
        if isinstance(value, LaidOut):
            return self.sizes(value)
        return value.sizes if isinstance(value, Stored | Constant) else ()

    def value(self, node: TorchNode, key: str) -> Value | None:
        """The value of an argument that is a tensor; None for other arguments."""
        argument = node.arguments.get(key)
        return self.resolve(argument.node) if isinstance(argument, NodeRef) else None

    def resolve(self, name: str) -> Value:
        return self.computed.get(name) or self.values[name]

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
        if isinstance(value, Constant):
            return self._fixed(value)
        raise self.refuse("reads what could not be read")

    def _compute(self, value: Stored, order: tuple[int, ...] | None) -> LaidOut:
        """A parameter, or what is computed from parameters, as layers."""
        if value.is_plain:
            return self._parameter(value, order)
        done = self.computed.get(value.node)
        if done is None:
            done = self.computed[value.node] = self.handle(self.nodes[value.node])
        if not isinstance(done, LaidOut):
            raise SpecError(self.problems) if self.problems else self.refuse("reads what could not be read")
        return done

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

    def _fixed(self, value: Constant) -> LaidOut:
        """A constant tensor as a parameter that is not learned."""
        axes = [at for at, size in enumerate(value.sizes) if size != 1]
        span = Span(self.target, 0, 0, self.current.name)
        settings: Settings = {"shape": tuple(value.sizes[at] for at in axes) or (1,)}
        name = ".".join(filter(None, (self.current.path, "constant")))
        name = self.builder.add(GraphLayer(name, "parameter", settings, (), span, frozen=True))
        return LaidOut(name, axes_of(axes, len(value.sizes)))

    # --- layers ---

    def emit(self, kind: str, inputs: tuple[str, ...], settings: Settings, weights: tuple[str, ...] = ()) -> str:
        """Append a layer for the current node. `weights` are the parameters and buffers that it has, by node."""
        owner = self._owner(kind, weights)
        stored = [self.program.stored[root] for root in weights]
        frozen = bool(stored) and not any(tensor.is_learned for tensor in stored)
        name = self._name(kind, stored[0].name if stored else "")
        span = Span(self.target, 0, 0, self.current.name)
        name = self.builder.add(GraphLayer(name, kind, settings, inputs, span, owner, frozen=frozen))
        for root in weights:
            self.owners.setdefault(root, (self.builder.layers[self.builder.places[name]], weights))
        return name

    def _owner(self, kind: str, weights: tuple[str, ...]) -> str:
        """The layer whose weights another has; empty for the first. Refuses layers that share a part of them."""
        shared = next((self.owners[root] for root in weights if root in self.owners), None)
        if shared is None:
            return ""
        layer, roots = shared
        if layer.type != kind or roots != weights:
            what = "a part of its weights" if layer.type == kind else f"weights with {layer.name}, of another type"
            raise self.refuse(f"shares {what}", "" if layer.type != kind else f"share all with {layer.name}, or none")
        return layer.name

    def _name(self, kind: str, weight: str) -> str:
        """The path of the module, if the layer is all of it, else the layer's type within the module."""
        path, operator = self.current.path, self.current.operator
        if kind in REARRANGED and operator not in REGROUPED | MOVED:
            # It prepares what the module reads.
            path = path.rpartition(".")[0]
            return ".".join(filter(None, (path, kind)))
        if path and path not in self.scopes and self.within.get(path, 0) <= 1:
            return path
        if weight and (not path or weight.startswith(f"{path}.")):
            owner, _, last = weight.rpartition(".")
            part = last.removesuffix("weight").removesuffix("bias").strip("_")
            named = ".".join(filter(None, (owner, part)))
            if named and named != path and named not in self.scopes:
                return named
        return ".".join(filter(None, (path, kind)))

    def _list_layers(self) -> Iterator[TorchNode]:
        """The nodes that are likely to become layers of their own: those of tensors that depend on an input."""
        depends = set(self.program.inputs)
        for node in self.program.nodes:
            if node.operator in FACTORIES | CHECKS or depends.isdisjoint(refs_of(node.arguments.values())):
                continue
            depends.add(node.name)
            if node.arguments.get("p") if node.operator in DROPOUTS else node.operator not in SAME | VIEWS:
                yield node


def _scopes_of(path: str) -> Iterable[str]:
    """The modules around a module."""
    parts = path.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))
