"""The nodes of an ONNX graph, read in order: constants are computed, and other nodes become layers.

The value of a name is a `OnnxConstant`, a `View` of a layer, or a `Cone`: elementwise operators, which become layers
together when something else reads them. A reader of an operator gets an `OnnxCall`, and returns the value of the first
output, or a list with those of all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, quoted
from cnncalc.interchange.building import GraphBuilder, Sizes
from cnncalc.interchange.graph import GraphLayer, Plain
from cnncalc.interchange.onnx_cones import Cone, resolve_cone
from cnncalc.interchange.onnx_constants import FoldError, OnnxConstant, describe_node
from cnncalc.interchange.onnx_file import OnnxAttribute, OnnxModel, OnnxNode, read_branch
from cnncalc.interchange.onnx_marks import MarkReader
from cnncalc.interchange.onnx_views import BATCH, View, ViewError, plain_view
from cnncalc.record import Record

# Levels of functions that call functions, and of branches within branches.
DEEPEST_CALL = 12
LONGEST_SHAPE = 30


class LostValue:
    """The output of a node that cannot be read, which is already reported."""


LOST = LostValue()


class ValueSequence:
    """A sequence of tensors, as SplitToSequence makes one."""

    def __init__(self, items: Sequence[Value]) -> None:
        self.items = tuple(items)


Value: TypeAlias = "OnnxConstant | View | Cone | LostValue | ValueSequence"
OpReader: TypeAlias = "Callable[[OnnxCall], Value | list[Value | None]]"


class LayerOrigin(Record):
    """The node that a layer comes from, and the tensors that are its weights; `is_marked` if cnncalc wrote it."""

    node: OnnxNode
    label: str
    weights: tuple[str, ...]
    is_marked: bool = False


class OnnxGraph:
    """The graph as it is read. `values` are those of the names of tensors, and `reads` how often they are read."""

    def __init__(
        self, model: OnnxModel, sizes: Sizes, file: str, readers: Mapping[str, OpReader], *, opaque: bool = False
    ) -> None:
        self.model = model
        self.opaque = opaque
        self.file = file
        self.readers = readers
        self.builder = GraphBuilder(sizes)
        self.values: dict[str, Value] = {}
        self.reads: Counter[str] = Counter()
        self.problems = limits.Problems()
        self.origins: dict[str, LayerOrigin] = {}
        # The first layer of each set of weights.
        self.owners: dict[tuple[str, tuple[str, ...]], str] = {}
        # The layers that only rearrange, by what they do to what.
        self.arranged: dict[tuple[object, ...], str] = {}
        self.levels = 0
        # The nodes that read and make each tensor, and outputs of nodes that belong to a layer made before them.
        self.readers_of: dict[str, list[OnnxNode]] = {}
        self.makers: dict[str, OnnxNode] = {}
        self.done: set[str] = set()
        # Normalizations that have got a factor, and get the addend behind it.
        self.scaled: set[str] = set()

    def opset(self, node: OnnxNode) -> int:
        return self.model.opsets.get(node.domain, 1)

    def run(self, nodes: Sequence[OnnxNode], outputs: Iterable[str]) -> None:
        """Read the nodes that the outputs need."""
        nodes = self._inline(nodes)
        needed = set(outputs)
        for node in reversed(nodes):
            if needed.intersection(node.outputs):
                needed.update(self.reads_of(node))
        self.reads.update(outputs)
        used = [node for node in nodes if needed.intersection(node.outputs)]
        for node in used:
            for name in self.reads_of(node):
                self.reads[name] += 1
                self.readers_of.setdefault(name, []).append(node)
            self.makers |= dict.fromkeys(node.outputs, node)
        marks = MarkReader(self, used)
        at = 0
        while at < len(used):
            behind = marks.read(at)
            if behind == at:
                if not self.done.issuperset(used[at].outputs):
                    self._read(used[at])
                behind += 1
            at = behind

    def reads_of(self, node: OnnxNode, level: int = 0) -> list[str]:
        """The names that a node reads, also within its branches."""
        found = [name for name in node.inputs if name]
        if level < DEEPEST_CALL:
            for key in ("then_branch", "else_branch"):
                if node.op == "If" and key in node.attributes:
                    branch = read_branch(node.attributes[key])
                    found += [name for inner in branch.nodes for name in self.reads_of(inner, level + 1)]
                    found += [output.name for output in branch.outputs]
        return found

    def _inline(self, nodes: Sequence[OnnxNode]) -> list[OnnxNode]:
        """The nodes, with those of functions in place of their calls."""
        if not self.model.functions:
            self.builder.count_steps(sum(1 + len(node.inputs) for node in nodes), Span(self.file, 0, 0))
            return list(nodes)
        found: list[OnnxNode] = []
        stack = [(node, 0) for node in reversed(nodes)]
        calls = 0
        while stack:
            node, level = stack.pop()
            self.builder.count_steps(1 + len(node.inputs), node.span)
            function = self.model.functions.get((node.domain, node.op))
            if function is None:
                found.append(node)
                continue
            if level >= DEEPEST_CALL:
                raise SpecError([Problem(node.span, f"functions call functions at more than {DEEPEST_CALL} levels")])
            calls += 1
            names = dict(zip(function.inputs, node.inputs, strict=False))
            names |= dict(zip(function.outputs, node.outputs, strict=False))
            given = {**function.defaults, **node.attributes}
            body = [_called(inner, node, names, given, calls) for inner in function.nodes]
            stack += [(inner, level + 1) for inner in reversed(body)]
        return found

    def _read(self, node: OnnxNode) -> None:
        """Give values to the outputs of a node, or report why it cannot be read."""
        results: Sequence[Value | None] = [LOST] * len(node.outputs)
        lost = [name for name in node.inputs if name and name not in self.values]
        if lost:
            message = f"{describe_node(node)} reads {quoted(lost[0])}, which no node before it computes"
            self.problems.report(node.span, message)
        elif not any(self.values[name] is LOST for name in node.inputs if name):
            call = OnnxCall(self, node)
            try:
                read = self._reader(node)(call)
                results = read if isinstance(read, list) else [read]
            except SpecError as error:
                if len(self.builder.layers) >= limits.current().layers:
                    raise
                results = self._give_up(call, error.problems)
            except (ViewError, FoldError) as error:
                results = self._give_up(call, [call.problem(str(error))])
        for name, value in zip(node.outputs, [*results, *[None] * len(node.outputs)], strict=False):
            if name and value is not None:
                self.values[name] = value
                if isinstance(value, Cone):
                    value.reads += self.reads[name]

    def _give_up(self, call: OnnxCall, problems: Sequence[Problem]) -> list[Value | None]:
        """The outputs of a node that cannot be read: opaque layers if they are wanted and can be, else problems."""
        made = self._declare(call) if self.opaque else None
        if made is None:
            for problem in problems:
                self.problems.append(problem)
        return [LOST] * len(call.node.outputs) if made is None else made

    def _declare(self, call: OnnxCall) -> list[Value | None] | None:
        """Layers of unknown type with the shapes that the file has for them; None if it has none."""
        values = [self.values[name] for name in call.node.inputs if name]
        sources = tuple(call.as_view(value).layer for value in values if isinstance(value, View | Cone))
        params = sum(value.elements for value in values if isinstance(value, OnnxConstant) and value.is_weight)
        found: list[Value | None] = []
        for name in call.node.outputs:
            shape = self.model.shapes.get(name) or ()
            own = tuple(size for size in shape[1:] if isinstance(size, int))
            if not self.reads[name]:
                found.append(None)
                continue
            if not sources or len(own) != len(shape) - 1 or not own:
                return None
            batch = shape[0] if isinstance(shape[0], int) else 1
            layer = call.emit("opaque", {"output": own, "params": params, "macs": 0}, *sources)
            groups = ((BATCH,) if batch > 1 else (), *((axis,) for axis in range(len(own))))
            found.append(plain_view(layer, own, groups, batch))
            params = 0
        return found

    def is_mask(self, name: str) -> bool:
        """Whether a tensor is a mask, and not learned: 0 and something far below, or two values that were computed.

        By its name, it was computed by the exporter.
        """
        tensor = self.model.initializers.get(name)
        values = sorted(tensor.few_values()) if tensor is not None else []
        if not values:
            return False
        return bool(COMPUTED_NAME.fullmatch(name)) or (len(values) == 2 and values[1] == 0 and values[0] <= MASKED)

    def peek(self, name: str) -> Value | None:
        """The value of a tensor, also of a constant whose node comes later."""
        maker = self.makers.get(name)
        if name not in self.values and maker is not None and maker.op == "Constant":
            self._read(maker)
        return self.values.get(name)

    def _reader(self, node: OnnxNode) -> OpReader:
        key = node.op if node.domain in STANDARD else f"{node.domain}.{node.op}"
        reader = self.readers.get(key)
        if reader is None:
            raise SpecError([self._unknown(node)])
        return reader

    def _unknown(self, node: OnnxNode) -> Problem:
        shapes = [f"{quoted(name)}: {self.describe(self.values[name])}" for name in node.inputs if name]
        reads = f" (it reads {', '.join(shapes[:3])}{' and more' if len(shapes) > 3 else ''})" if shapes else ""
        message = f"the operator {quoted(describe_node(node))} cannot be read{reads}"
        if node.op in CONTROL_FLOW:
            return Problem(node.span, message, "what it computes, or how much, depends on data")
        return Problem(node.span, message, did_you_mean(node.op, self.readers) if node.domain in STANDARD else "")

    def describe(self, value: Value) -> str:
        """The shape of a value for a message."""
        if isinstance(value, Cone):
            value = resolve_cone(self, value)
        if isinstance(value, LostValue | ValueSequence):
            return "unknown"
        return "x".join(map(str, value.shape))[:LONGEST_SHAPE] or "one number"

    def put(
        self,
        node: OnnxNode,
        kind: str,
        settings: Mapping[str, Plain],
        sources: tuple[str, ...],
        weights: Sequence[OnnxConstant | None] = (),
        *,
        frozen: bool = False,
    ) -> str:
        """Append a layer that comes from a node, and return its name."""
        if kind in REARRANGING:
            # A tensor that is brought into the same shape twice is so once.
            arranged = (kind, *settings.items(), *sources)
            if arranged not in self.arranged:
                made = self._keep_axes(sources[0], settings.get("shape")) if kind == "reshape" else ""
                self.arranged[arranged] = made or self._put(node, kind, settings, sources, (), frozen=False)
            return self.arranged[arranged]
        return self._put(node, kind, settings, sources, weights, frozen=frozen)

    def _put(
        self,
        node: OnnxNode,
        kind: str,
        settings: Mapping[str, Plain],
        sources: tuple[str, ...],
        weights: Sequence[OnnxConstant | None],
        *,
        frozen: bool,
    ) -> str:
        names = tuple(weight.origin for weight in weights if weight is not None and weight.origin)
        key = (kind, names)
        complete = names and len(names) == sum(weight is not None for weight in weights)
        owner = self.owners.get(key, "") if complete else ""
        if owner and not self._is_shared(owner, node, weights):
            owner = ""
        layer = GraphLayer(node.span.node, kind, settings, sources, node.span, owner, frozen)
        count = len(self.builder.layers)
        name = self.builder.add(layer)
        if len(self.builder.layers) > count:
            self.origins[name] = LayerOrigin(node, kind, names)
            if complete:
                self.owners.setdefault(key, name)
        return name

    def append_marked(self, layer: GraphLayer, node: OnnxNode) -> str:
        """Append a layer that cnncalc wrote, and return its name."""
        name = self.builder.add(layer)
        self.origins[name] = LayerOrigin(node, layer.type, (), is_marked=True)
        return name

    def _keep_axes(self, name: str, shape: Plain | None) -> str:
        """A global pool that keeps its axes, in place of a reshape of one that does not; empty if it is none."""
        at = self.builder.places.get(name)
        layer = self.builder.layers[at] if at is not None else None
        if layer is None or layer.type not in GLOBAL_POOLS or layer.settings:
            return ""
        rank = self.builder.shapes[layer.inputs[0]].rank
        if shape != (*self.builder.shapes[name], *(1,) * rank):
            return ""
        return self._put(self.origins[name].node, layer.type, {"keep_dims": True}, layer.inputs, (), frozen=False)

    def _is_shared(self, owner: str, node: OnnxNode, weights: Sequence[OnnxConstant | None]) -> bool:
        """Whether a layer with the tensors of an earlier one shares its weights.

        Exporters of torch store equal tensors once, and so vectors of ones and zeros that have nothing in common. That
        kernels and matrices are equal is no coincidence; vectors are shared if both nodes come from the same module.
        """
        if any(weight is not None and sum(size > 1 for size in weight.shape) > 1 for weight in weights):
            return True
        scopes = self.origins[owner].node.scopes
        return bool(scopes) and scopes.split(",")[:-1] == node.scopes.split(",")[:-1]


# The names that exporters of torch give to tensors that they compute.
# What a mask adds to scores that must not count.
MASKED = -50
COMPUTED_NAME = re.compile(r"onnx::\w+|_?val_\d+|.*/\w+_output_\d+")
REARRANGING = ("flatten", "reshape", "permute", "channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "slice")
GLOBAL_POOLS = ("global_avg_pool", "global_max_pool")
STANDARD = ("", "ai.onnx", "com.microsoft", "org.pytorch.aten")
CONTROL_FLOW = ("If", "Loop", "Scan", "NonZero", "NonMaxSuppression", "TopK", "Unique", "SequenceAt", "Compress")


def _called(
    inner: OnnxNode, node: OnnxNode, names: Mapping[str, str], given: Mapping[str, OnnxAttribute], number: int
) -> OnnxNode:
    """A node of a function with the names and attributes of a call."""

    def rename(name: str) -> str:
        return names.get(name, f"{name}@{number}") if name else ""

    attributes = {}
    for key, attribute in inner.attributes.items():
        if not attribute.reference:
            attributes[key] = attribute
        elif attribute.reference in given:
            attributes[key] = given[attribute.reference]
    called = f"{node.span.node}/{inner.name or inner.op}"
    return inner._replace(
        name=called,
        inputs=tuple(map(rename, inner.inputs)),
        outputs=tuple(map(rename, inner.outputs)),
        attributes=attributes,
        span=node.span._replace(node=called),
        scopes=inner.scopes or node.scopes,
        classes=inner.classes or node.classes,
        mark="",
    )


class OnnxCall:
    """A node that is read: its inputs, its attributes, and how layers are appended for it."""

    def __init__(self, graph: OnnxGraph, node: OnnxNode) -> None:
        self.graph = graph
        self.node = node

    # --- inputs ---

    def has(self, place: int) -> bool:
        return place < len(self.node.inputs) and bool(self.node.inputs[place])

    def value(self, place: int) -> Value:
        if not self.has(place):
            raise self.refuse(f"lacks its input {place + 1}")
        return self.graph.values[self.node.inputs[place]]

    def constant(self, place: int) -> OnnxConstant | None:
        """An input that depends on no input of the network; None if it does, or is absent."""
        value = self.value(place) if self.has(place) else None
        return value if isinstance(value, OnnxConstant) else None

    def weight(self, place: int) -> OnnxConstant:
        """An input that must be a constant."""
        value = self.constant(place)
        if value is None:
            name = self.node.inputs[place] if place < len(self.node.inputs) else ""
            raise self.refuse(f"needs {quoted(name)} to be a constant" if name else f"lacks its input {place + 1}")
        return value

    def numbers(self, place: int) -> tuple[int, ...] | None:
        """The whole numbers of an input that must be known; None if it is absent."""
        if not self.has(place):
            return None
        value = self.constant(place)
        numbers = value.wholes() if value is not None else None
        if numbers is None:
            message = f"has {quoted(self.node.inputs[place])}, which depends on data"
            raise self.refuse(message, "only networks whose shapes follow from that of the input can be read")
        return numbers

    def reals(self, place: int) -> tuple[float, ...] | None:
        value = self.constant(place)
        return None if value is None else value.numbers

    def view(self, place: int = 0) -> View:
        """An input as the view of a layer."""
        return self.as_view(self.value(place))

    def as_view(self, value: Value) -> View:
        if isinstance(value, Cone):
            return resolve_cone(self.graph, value)
        if isinstance(value, OnnxConstant):
            return self.parameter(value)
        if isinstance(value, View):
            return value
        raise self.refuse("reads what cannot be read")

    def parameter(self, value: OnnxConstant, order: Sequence[int] | None = None) -> View:
        """A constant as a layer, its axes in an order; those of size 1 are left out."""
        if value.lookup is not None:
            table, axis, indices = value.lookup
            looked = self.parameter(table, range(len(table.shape)))
            layer = self.emit("gather", {"shape": indices, "axis": axis}, looked.layer)
            shape = (*table.shape[:axis], *indices, *table.shape[axis + 1 :])
            return plain_view(layer, shape, tuple((at,) for at in range(len(shape))))
        chosen = [at for at, size in enumerate(value.shape) if size > 1] if order is None else list(order)
        chosen = chosen or [len(value.shape) - 1] * bool(value.shape)
        shape = tuple(value.shape[at] for at in chosen) or (1,)
        frozen = not value.is_weight or self.graph.is_mask(value.origin)
        layer = self.graph.put(self.node, "parameter", {"shape": shape}, (), [value], frozen=frozen)
        places = {at: (place,) for place, at in enumerate(chosen)}
        return plain_view(layer, shape, tuple(places.get(at, ()) for at in range(len(value.shape))))

    # --- attributes ---

    def attribute(self, name: str) -> OnnxAttribute | None:
        return self.node.attributes.get(name)

    def whole(self, name: str, default: int) -> int:
        found = self.attribute(name)
        return default if found is None else found.whole()

    def real(self, name: str, default: float) -> float:
        found = self.attribute(name)
        return default if found is None else found.real()

    def text(self, name: str, default: str = "") -> str:
        found = self.attribute(name)
        return default if found is None else found.text()

    def wholes(self, name: str) -> tuple[int, ...] | None:
        found = self.attribute(name)
        return None if found is None else found.wholes()

    def axes(self, place: int, name: str = "axes") -> tuple[int, ...] | None:
        """Numbers that are an attribute in old operators, and an input in new ones."""
        given = self.wholes(name)
        return self.numbers(place) if given is None else given

    @property
    def opset(self) -> int:
        return self.graph.opset(self.node)

    # --- layers ---

    def emit(self, kind: str, settings: Mapping[str, Plain], *sources: str) -> str:
        """Append a layer without weights."""
        return self.graph.put(self.node, kind, settings, sources)

    def emit_with(
        self, weights: Sequence[OnnxConstant | None], kind: str, settings: Mapping[str, Plain], *sources: str
    ) -> str:
        """Append a layer with the tensors that are its weights."""
        return self.graph.put(self.node, kind, settings, sources, weights)

    def layer_shape(self, layer: str) -> tuple[int, ...]:
        return tuple(self.graph.builder.shapes[layer])

    def problem(self, message: str, hint: str = "") -> Problem:
        return Problem(self.node.span, f"{describe_node(self.node)} {message}", hint)

    def refuse(self, message: str, hint: str = "") -> SpecError:
        return SpecError([self.problem(message, hint)])

    def check_rank(self, view: View, *ranks: int) -> None:
        if view.rank not in ranks:
            wanted = " or ".join(map(str, ranks))
            raise self.refuse(f"needs an input of {wanted} axes, and reads one of {view.rank}")
