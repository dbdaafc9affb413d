"""An exported PyTorch program, read node by node; torch_operators reads the operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange.building import GraphInput
from cnncalc.interchange.graph import Graph
from cnncalc.interchange.layout import LaidOut
from cnncalc.interchange.torch_operands import TorchOperands
from cnncalc.interchange.torch_program import TorchNode, TorchProgram, refs_of
from cnncalc.interchange.torch_values import (
    CHECKS,
    FACTORIES,
    MASKING,
    MOVED,
    PARTS,
    REGROUPED,
    SAME,
    VIEWS,
    FixedTensor,
    Missing,
    Several,
    Stored,
    Value,
)
from cnncalc.layers.shapes import times

Handler: TypeAlias = "Callable[[TorchNode], Value]"


def read_program(program: TorchProgram, target: str) -> Graph:
    """The graph of an exported program. Raises SpecError with every operator that cannot be read."""
    from cnncalc.interchange.torch_operators import TorchOperators

    return TorchOperators(program, target).read()


class TorchReader(TorchOperands):
    """Reads nodes in their order. `handlers` are those of operators on tensors."""

    def __init__(self, program: TorchProgram, target: str) -> None:
        super().__init__(program, target)
        self.problems = limits.Problems()
        self.handlers: dict[str, Handler] = {}

    def read(self) -> Graph:
        self._add_inputs()
        for name, tensor in self.program.stored.items():
            self.values[name] = Stored(name, (name,), tensor.shape, is_plain=True)
        for name, sizes in self.program.constants.items():
            self.values[name] = FixedTensor(sizes)
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
        return FixedTensor(node.shapes[0], given if is_known else None)  # type: ignore[arg-type]

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
            is_mask = node.operator in MASKING or any(
                isinstance(part, FixedTensor) and part.is_mask for part in operands
            )
            keeps = node.operator in SAME | REGROUPED | MOVED | PARTS
            first = next((part.number for part in operands if isinstance(part, FixedTensor)), None) if keeps else None
            results.append(FixedTensor(shape, first, is_mask))
        return results[0] if len(results) == 1 else Several(tuple(results))

    def _item(self, node: TorchNode) -> Value:
        """One of several results."""
        results = self.resolve(refs_of(node.arguments.values())[0])
        at = node.arguments.get("1")
        if isinstance(results, Several) and isinstance(at, int) and at < len(results.parts):
            results = results.parts[at]
        if isinstance(results, Stored):
            return results._replace(node=node.name, is_plain=False, sizes=node.shapes[0])
        return results

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
