"""Totals of a network that is built in stages: those of a beginning are computed once, and continued."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from cnncalc.analyses.totals import Sum
from cnncalc.layers.contract import Aliasing, Operations
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Figures, Layer

# The figures of equal layers, the depth that each adds, whether it is in place, and the elements that it keeps. The
# figures are held so that their id stays theirs.
Traits: TypeAlias = tuple[Figures, int, bool, int]
MOST_TRAITS = 20_000
NO_OPERATIONS = (0,) * len(Operations._fields)


class Tally:
    """The sums over the layers so far, at inference and for one sample, and the depth; as `totals` computes them.

    `readers` counts those of each tensor, `paths` has the depth of each. `in_place` has the elements that a layer adds
    if another one reads its input, by the name of that input; 0 for a layer that exists only in training.
    """

    __slots__ = ("activations", "buffers", "depth", "in_place", "layers", "operations", "params", "paths", "readers")

    def __init__(self, inputs: Iterable[tuple[str, Shape]] = ()) -> None:
        self.params = 0
        self.buffers = 0
        self.activations = 0
        self.operations: tuple[int, ...] = NO_OPERATIONS
        self.layers = 0
        self.depth = 0
        self.readers: dict[str, int] = {}
        self.paths: dict[str, int] = {}
        self.in_place: dict[str, int] = {}
        for name, shape in inputs:
            self.paths[name] = 0
            self.activations += shape.elements

    def copy(self) -> Tally:
        """A tally that can be continued while this one stays as it is."""
        other = Tally.__new__(Tally)
        other.params, other.buffers, other.activations = self.params, self.buffers, self.activations
        other.operations, other.layers, other.depth = self.operations, self.layers, self.depth
        other.readers, other.paths, other.in_place = self.readers.copy(), self.paths.copy(), self.in_place.copy()
        return other

    def extend(self, layers: Sequence[Layer], traits: dict[int, Traits]) -> None:
        """Add the next layers of the network; `traits` are kept by the id of the figures that they hold."""
        readers, paths, in_place = self.readers, self.paths, self.in_place
        if len(traits) > MOST_TRAITS:
            traits.clear()
        times: dict[int, int] = {}
        for name, figures, inputs, owner, training_only, _, _ in layers:
            key = id(figures)
            known = traits.get(key)
            if known is None:
                known = traits[key] = _traits_of(figures)
            _, added, is_in_place, elements = known
            longest = 0
            for source in inputs:
                count = readers[source] = readers.get(source, 0) + 1
                if count == 2 and source in in_place:
                    self.activations += in_place.pop(source)
                longest = max(longest, paths[source])
            paths[name] = longest = longest + added
            if is_in_place and readers[inputs[0]] == 1:
                in_place[inputs[0]] = 0 if training_only else elements
            elif not training_only:
                self.activations += elements
            if training_only:
                continue
            times[key] = times.get(key, 0) + 1
            self.depth = max(self.depth, longest)
            if owner is None:
                self.params += figures.params
                self.buffers += figures.buffers
        self.layers += sum(times.values())
        counted = [self.operations]
        for key, count in times.items():
            operations = traits[key][0].operations
            counted.append(operations if count == 1 else tuple([number * count for number in operations]))
        self.operations = tuple(map(sum, zip(*counted, strict=True)))

    def finish(self, outputs: Iterable[str]) -> Sum:
        """The sums of the network with these outputs."""
        activations = self.activations
        for name in outputs:
            if self.readers.get(name) == 1 and name in self.in_place:
                activations += self.in_place[name]
        return Sum(self.params, self.buffers, Operations(*self.operations), activations)


def _traits_of(figures: Figures) -> Traits:
    layer_type = figures.type
    aliasing = layer_type.aliasing
    elements = 0 if aliasing is Aliasing.VIEW else figures.output_shape.elements
    return figures, layer_type.added_depth, aliasing is Aliasing.IN_PLACE, elements
