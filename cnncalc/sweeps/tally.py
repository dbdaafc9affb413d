"""Totals of a network that is built in stages: those of a beginning are computed once, and continued."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnncalc.analyses.totals import Sum
from cnncalc.layers.contract import Aliasing, Operations
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer

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

    def extend(self, layers: Sequence[Layer]) -> None:
        """Add the next layers of the network."""
        readers, paths, in_place = self.readers, self.paths, self.in_place
        # Equal layers share one record, so most need no method of their type.
        known: dict[int, tuple[int, Aliasing, int]] = {}
        times: dict[int, int] = {}
        records = {}
        for name, figures, inputs, owner, training_only, _, _ in layers:
            key = id(figures)
            if key not in known:
                layer_type = figures.type
                known[key] = layer_type.added_depth, layer_type.aliasing, figures.output_shape.elements
                records[key] = figures
            added, aliasing, elements = known[key]
            longest = 0
            for source in inputs:
                count = readers[source] = readers.get(source, 0) + 1
                if count == 2 and source in in_place:
                    self.activations += in_place.pop(source)
                longest = max(longest, paths[source])
            path = paths[name] = longest + added
            kept = 0 if training_only else elements
            if aliasing is Aliasing.IN_PLACE and readers[inputs[0]] == 1:
                in_place[inputs[0]] = kept
            elif aliasing is not Aliasing.VIEW:
                self.activations += kept
            if training_only:
                continue
            times[key] = times.get(key, 0) + 1
            self.layers += 1
            self.depth = max(self.depth, path)
            if owner is None:
                self.params += figures.params
                self.buffers += figures.buffers
        counted = [[number * count for number in records[key].operations] for key, count in times.items()]
        self.operations = tuple(map(sum, zip(self.operations, *counted, strict=True)))

    def finish(self, outputs: Iterable[str]) -> Sum:
        """The sums of the network with these outputs."""
        activations = self.activations
        for name in outputs:
            if self.readers.get(name) == 1 and name in self.in_place:
                activations += self.in_place[name]
        return Sum(self.params, self.buffers, Operations(*self.operations), activations)
