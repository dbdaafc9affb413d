"""The steps of a network's construction, prepared for code: what is left of them, and who reads which tensor."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TypeAlias

from cnncalc.network.build.trace import Step, trace
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.spec.records import BlockCall, NetworkCall, Spec

# What a class is written for: a block, a network, or the passes of one item.
ClassKey: TypeAlias = Hashable


class TracedProgram:
    """A network with its steps in order; each step spans the numbers from `begin` to before `end`."""

    def __init__(self, spec: Spec) -> None:
        self.network, self.root = trace(spec)
        self.spec = spec
        self.layers: dict[str, Layer] = {layer.name: layer for layer in self.network.layers}
        self._prune(self.root)
        self.begin: dict[int, int] = {}
        self.end: dict[int, int] = {}
        self.produced: dict[str, int] = {}
        self.reads: dict[str, list[int]] = {}
        self.frames: dict[ClassKey, list[Step]] = {}
        self.exports: dict[int, list[str]] = {}
        self._number(self.root)
        for name in self.network.outputs:
            self.reads.setdefault(name, []).append(self.end[id(self.root)])
        self._find_exports(self.root, [])
        # Tensors that depend on no input, and so are the same for all samples.
        self.constants: set[str] = set()
        for layer in self.network.layers:
            least = layer.figures.type.least_inputs
            if not least or (layer.inputs and self.constants.issuperset(layer.inputs)):
                self.constants.add(layer.name)

    def _prune(self, step: Step) -> tuple[bool, bool]:
        """Remove steps whose layers are all left out. Returns whether a step has layers, and whether any is left."""
        has_layers = is_left = False
        if step.layer is not None:
            has_layers = True
            found = self.layers.get(step.layer.name)
            is_left = found is not None
            step.layer = found
        left = []
        for child in step.children:
            child_has, child_left = self._prune(child)
            has_layers, is_left = has_layers or child_has, is_left or child_left
            is_unneeded = child_has and not child_left
            if not is_unneeded and (child.result is not None or not child.is_taken):
                left.append(child)
        step.children = left
        return has_layers, is_left

    def _number(self, root: Step) -> None:
        number = 0
        waiting: list[tuple[Step, bool]] = [(root, False)]
        while waiting:
            step, is_done = waiting.pop()
            if is_done:
                # A join reads its branches.
                if step.layer is not None:
                    self.produced[step.layer.name] = number
                    for name in step.layer.inputs:
                        self.reads.setdefault(name, []).append(number)
                    number += 1
                self.end[id(step)] = number
                continue
            self.begin[id(step)] = number
            key = key_of(step)
            if key is not None and step.is_taken:
                self.frames.setdefault(key, []).append(step)
            waiting.append((step, True))
            waiting += [(child, False) for child in reversed(step.children)]

    def _find_exports(self, step: Step, around: list[Step]) -> None:
        """Find the tensors inside blocks that are read outside, besides the outputs of the blocks."""
        waiting = [(step, around)]
        while waiting:
            step, around = waiting.pop()
            if key_of(step) is not None:
                around = [*around, step]
                self.exports.setdefault(id(step), [])
            if step.layer is not None:
                for frame in around:
                    if self._is_read_outside(step.layer.name, frame, frame) and not self._is_result(step, frame):
                        self.exports[id(frame)].append(step.layer.name)
            waiting += [(child, around) for child in reversed(step.children)]

    def _is_result(self, step: Step, frame: Step) -> bool:
        return frame.result is not None and step.layer is not None and frame.result.name == step.layer.name

    def _is_read_outside(self, name: str, first: Step, last: Step) -> bool:
        begin, end = self.begin[id(first)], self.end[id(last)]
        return any(not begin <= number < end for number in self.reads.get(name, ()))

    def is_closed(self, passes: list[Step], around: str = "") -> bool:
        """Whether neighboring steps read only their input, and others read only the output of the last.

        `around` is the path of the block around them; weights shared with layers outside it do not count.
        """
        if not passes:
            return True
        first, last = passes[0], passes[-1]
        result = last.result.name if last.result is not None else ""
        start = _input_names(first)
        begin, end = self.begin[id(first)], self.end[id(last)]
        for step in passes:
            for inner in walk(step):
                if inner.layer is None:
                    continue
                owner = inner.layer.weights_from
                if inner.layer.training_only or (owner and (not around or owner.startswith(f"{around}."))):
                    return False
                if inner.layer.name != result and self._is_read_outside(inner.layer.name, first, last):
                    return False
                for name in inner.layer.inputs:
                    if name not in start and not begin <= self.produced.get(name, -1) < end:
                        return False
        return True


def _input_names(step: Step) -> set[str]:
    tensors = [*step.inputs.values(), step.start, step.current]
    return {tensor.name for tensor in tensors if tensor is not None}


def walk(step: Step) -> Iterator[Step]:
    """A step and those inside it."""
    waiting = [step]
    while waiting:
        step = waiting.pop()
        yield step
        waiting += reversed(step.children)


def key_of(step: Step) -> ClassKey | None:
    """The key of the class that a step uses; None if it is none of its own."""
    if step.item is None:
        return ("network", id(step.names.network.spec), "root")
    if isinstance(step.action, BlockCall):
        return ("block", id(step.scope.network.spec), step.action.block)
    if isinstance(step.action, NetworkCall) and step.inner is not None:
        return ("network", id(step.inner.network.spec))
    return None


__all__ = ["ClassKey", "LayerGraph", "TracedProgram", "key_of", "walk"]
