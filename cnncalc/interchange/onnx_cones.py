"""Elementwise operators, which become layers together: an activation is recognized by its values, not by its operators.

A `Cone` is the output of an elementwise operator over other cones, layers and numbers. When something else reads it,
the largest part of it that is a function of one tensor and a known activation becomes that layer; what remains becomes
an `add`, `subtract`, `multiply`, or an `apply` with its function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from cnncalc.interchange.onnx_file import OnnxNode
from cnncalc.interchange.onnx_views import View, align
from cnncalc.interchange.recognize import ATOM, Term, X, combine, literal, recognize

if TYPE_CHECKING:
    from cnncalc.interchange.onnx_graph import OnnxGraph

# Operators of a cone, and characters of the function of a layer.
LARGEST_CONE = 16
LONGEST_FUNCTION = 300
JOINS = {"Add": "add", "Sum": "add", "Sub": "subtract", "Mul": "multiply"}
NAMES = "xyzuvw"
COMPARISONS = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal")

Operand: TypeAlias = "Cone | View | float"
Write: TypeAlias = Callable[..., Term]


class Cone:
    """The output of an elementwise operator. `write` gives its function over those of its operands."""

    __slots__ = ("node", "operands", "order", "reads", "view", "write")
    order: int

    def __init__(self, graph: OnnxGraph, node: OnnxNode, write: Write, operands: Sequence[Operand]) -> None:
        self.node = node
        self.write = write
        self.operands = tuple(operands)
        self.order = 1 + max((o.order for o in operands if isinstance(o, Cone)), default=0)
        self.reads = 0
        self.view: View | None = None
        if len(_inner_cones(self)) > LARGEST_CONE:
            _cut(graph, self)

    @property
    def inputs(self) -> list[Cone | View]:
        """The operands that are tensors; cones that are layers already are those layers."""
        return [_as_layer(operand) for operand in self.operands if isinstance(operand, Cone | View)]


def _inner_cones(cone: Cone) -> list[Cone]:
    """The cones within a cone that are no layers yet, with itself."""
    found, stack = {id(cone): cone}, [cone]
    while stack and len(found) <= 2 * LARGEST_CONE:
        for value in stack.pop().inputs:
            if isinstance(value, Cone) and id(value) not in found:
                found[id(value)] = value
                stack.append(value)
    return list(found.values())


def _cut(graph: OnnxGraph, cone: Cone) -> None:
    """Make layers of a part of a cone that is too large: of its first half, or of what it reads."""
    tensors = [part.source for part in _parts(cone) if isinstance(part.source, Cone)]
    if tensors:
        resolve_cone(graph, tensors[len(tensors) // 2])
        return
    for tensor in cone.inputs:
        if isinstance(tensor, Cone):
            # A comparison alone is no layer.
            for value in tensor.inputs if tensor.node.op in COMPARISONS else [tensor]:
                if isinstance(value, Cone):
                    resolve_cone(graph, value)


class ConePart:
    """A part of a cone that is a function of one tensor."""

    __slots__ = ("inner", "source")

    def __init__(self, source: Cone | View, inner: tuple[Cone, ...]) -> None:
        self.source = source
        self.inner = inner

    def is_closed(self) -> bool:
        """Whether nothing else reads what is inside it."""
        reads: dict[int, int] = {}
        for cone in self.inner:
            for operand in cone.inputs:
                reads[id(operand)] = reads.get(id(operand), 0) + 1
        return all(cone.reads <= reads.get(id(cone), 0) for cone in self.inner[1:])


def _as_layer(value: Cone | View) -> Cone | View:
    return value.view if isinstance(value, Cone) and value.view is not None else value


def resolve_cone(graph: OnnxGraph, cone: Cone) -> View:
    """The layers of a cone, as the view of the last."""
    if cone.view is None:
        cone.view = _resolve(graph, cone)
    return cone.view


def _resolve(graph: OnnxGraph, cone: Cone) -> View:
    parts = _parts(cone)
    known = [(part, *_recognize(cone, part)) for part in parts]
    known = [found for found in known if found[1] != "apply"]
    if known:
        best = known[0]
        for found in known[1:]:
            # One activation behind another is two, even where both together are a third.
            if not _is_function_of(best[0].source, found[0].source):
                best = found
        part, kind, settings = best
        return _view(graph, part.source) if kind == "identity" else _append(graph, cone, kind, settings, part.source)
    inputs = cone.inputs
    if len(inputs) > 1 and (not parts or _is_join(inputs, parts[0])):
        return _join(graph, cone)
    part = parts[0]
    # Operators before that are no activation belong to the same function.
    for longer in parts[1:]:
        source = part.source
        is_whole = isinstance(source, Cone) and source.reads <= 1
        if not is_whole or _is_function_of(source, None) or not longer.is_closed():
            break
        if len(_term(cone, longer.source).text) > LONGEST_FUNCTION:
            break
        part = longer
    return _append(graph, cone, "apply", {"function": _term(cone, part.source).text}, part.source)


def _is_join(inputs: Sequence[Cone | View], part: ConePart) -> bool:
    """Whether the operands of an operator are activations of one tensor, or that tensor."""
    if all(value == part.source for value in inputs):
        return False
    return all(value == part.source or _is_function_of(value, part.source) for value in inputs)


def _is_function_of(value: Cone | View, source: Cone | View | None) -> bool:
    """Whether a cone is an activation of a tensor; of any tensor, if none is given."""
    if not isinstance(value, Cone):
        return False
    parts = [part for part in _parts(value) if source is None or part.source == source]
    return any(_recognize(value, part)[0] != "apply" for part in parts)


def _recognize(cone: Cone, part: ConePart) -> tuple[str, Mapping[str, object]]:
    if not part.is_closed():
        return "apply", {}
    function = _term(cone, part.source).text
    return recognize(function) if len(function) <= LONGEST_FUNCTION else ("apply", {})


def _view(graph: OnnxGraph, source: Cone | View) -> View:
    return resolve_cone(graph, source) if isinstance(source, Cone) else source


def _append(graph: OnnxGraph, cone: Cone, kind: str, settings: Mapping[str, object], source: Cone | View) -> View:
    view = _view(graph, source)
    return view.with_layer(graph.put(cone.node, kind, settings, (view.layer,)))  # type: ignore[arg-type]


def _join(graph: OnnxGraph, cone: Cone) -> View:
    """The layer of an operator over several tensors."""

    def emit(kind: str, settings: Mapping[str, object], source: str) -> str:
        return graph.put(cone.node, kind, settings, (source,))  # type: ignore[arg-type]

    tensors: list[View] = []
    terms = []
    for operand in cone.operands:
        if isinstance(operand, Cone | View):
            view = _view(graph, _as_layer(operand))
            if view not in tensors:
                tensors.append(view)
            terms.append(Term(NAMES[min(tensors.index(view), len(NAMES) - 1)]))
        else:
            terms.append(literal(operand))
    kind = JOINS.get(cone.node.op)
    if kind and len(terms) == len(tensors):
        layers, result = align(tensors, emit)
        return result.with_layer(graph.put(cone.node, kind, {}, tuple(layers)))
    layers, result = align(tensors, emit)
    function = cone.write(*terms).text
    return result.with_layer(graph.put(cone.node, "apply", {"function": function}, tuple(layers)))


def _parts(cone: Cone) -> list[ConePart]:
    """The parts of a cone that end in it and are functions of one tensor, from the smallest to the largest."""
    found: list[ConePart] = []
    inner: list[Cone] = []
    frontier: list[Cone | View] = [cone]
    while True:
        cones = [value for value in frontier if isinstance(value, Cone)]
        if not cones or len(inner) > LARGEST_CONE:
            return found
        latest = max(cones, key=lambda value: value.order)
        frontier = [value for value in frontier if value is not latest]
        inner.append(latest)
        for value in latest.inputs:
            if not any(value is other or (isinstance(value, View) and value == other) for other in frontier):
                frontier.append(value)
        if len(frontier) == 1:
            found.append(ConePart(frontier[0], tuple(inner)))


def _term(cone: Cone, source: Cone | View, known: dict[int, Term] | None = None) -> Term:
    """The function of a cone over one tensor."""
    known = {} if known is None else known
    if id(cone) in known:
        return known[id(cone)]
    terms = []
    for operand in cone.operands:
        if not isinstance(operand, Cone | View):
            terms.append(literal(operand))
            continue
        value = _as_layer(operand)
        if value is source or value == source:
            terms.append(X)
        elif isinstance(value, Cone):
            terms.append(_term(value, source, known))
        else:
            terms.append(Term("y"))
    term = cone.write(*terms)
    known[id(cone)] = term if len(term.text) <= 2 * LONGEST_FUNCTION else Term("y" * 2 * LONGEST_FUNCTION, ATOM)
    return known[id(cone)]


# --- the functions of operators ---


def operator(symbol: str) -> Write:
    """The function of an operator over two or more terms, such as +."""

    def write(*terms: Term) -> Term:
        result = terms[0]
        for term in terms[1:]:
            result = combine(symbol, result, term)
        return result

    return write


def template(text: str) -> Write:
    """The function of an operator as a text with a {} for each term."""
    return lambda *terms: combine(text, *terms)
