"""The figures for budgets and assertions, of a network or of the blocks and layers that match a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from cnncalc import limits
from cnncalc.analyses.totals import Totals, totals
from cnncalc.analyses.tree import Node, layers_below, nodes_below, tree
from cnncalc.errors import did_you_mean, listed, plural, quoted
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.spec.quantities import MEMORIES, PEAKS, QUANTITIES, SUMS
from cnncalc.syntax.patterns import named

if TYPE_CHECKING:
    from cnncalc.analyses.memory_quantities import MemoryQuantities
    from cnncalc.analyses.receptive_field import Field
    from cnncalc.analyses.recount import Counting, Recount

Item = TypeVar("Item")
Measured: TypeAlias = "int | Shape"


class Unmeasurable(Exception):  # noqa: N818 - a reason, not an error of the program
    """A network does not have a figure; `hint` names figures that it has."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Measures:
    """The quantities of a network, its blocks and layers; `dtype_size` is the bytes of an element.

    If `folds`, batch norms have no memory of their own at inference (see `liveness`). With `counting`, the counts of a
    convention take the place of the quantities that depend on it.
    """

    def __init__(
        self,
        network: LayerGraph,
        *,
        batch: int = 1,
        dtype_size: int = 4,
        folds: bool = False,
        counting: Counting | None = None,
    ) -> None:
        self.counting = counting
        self.network = network
        self.batch = batch
        self.dtype_size = dtype_size
        self.folds = folds

    @cached_property
    def root(self) -> Node:
        return tree(self.network, by_name=True)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Every block and layer by its full name."""
        return {node.name: node for node in nodes_below(self.root)}

    def matching(self, pattern: str) -> list[Node]:
        """The blocks and layers that match a pattern: `*` matches any text without a dot, `**` any text.

        Raises Unmeasurable if there are none.
        """
        if pattern in self.nodes:
            return [self.nodes[pattern]]
        found = [self.nodes[name] for name in named(self.nodes, pattern)] if "*" in pattern else []
        if found:
            return found
        tops = [node.name for node in self.root.children]
        known = f"the names at the top are {', '.join(tops[:8])}{', ...' if len(tops) > 8 else ''}"
        raise Unmeasurable(
            f"no layer or block has the name {quoted(pattern)}", did_you_mean(pattern, self.nodes, known)
        )

    def of_network(self, quantity: str) -> Measured:
        """A quantity of the whole network at inference. Raises Unmeasurable if it has several or none."""
        if self.is_recounted(quantity):
            return self._recounted(quantity, self.network.layers)
        if quantity in SUMS:
            # Inputs also take memory, but belong to no node.
            return SUMS[quantity].amount(self.totals, self.batch, self.dtype_size)
        if quantity in MEMORIES:
            limits.spend(len(self.network.layers))
            self._check_known(self._memories.unknown_for(quantity))
            return self._memories.of_network(quantity) or 0
        if quantity == "depth":
            return self.totals.weight_layers
        if quantity == "input":
            inputs = dict(self.network.inputs)
            return _only(list(inputs.values()), "inputs", list(inputs))
        if quantity in ("output", "receptive_field"):
            output = _only(self.network.outputs, "outputs", self.network.outputs)
            return self.of_node(self.nodes[output], quantity)
        return self.of_node(self.root, quantity)

    def of_node(self, node: Node, quantity: str) -> Measured:
        """A quantity of a block or layer. Raises Unmeasurable if it has none."""
        if self.is_recounted(quantity):
            return self._recounted(quantity, tuple(layers_below(node)))
        if quantity in SUMS:
            return SUMS[quantity].amount(node.figure, self.batch, self.dtype_size)
        layers = list(layers_below(node))
        limits.spend(len(layers))
        if quantity in MEMORIES:
            amounts = self._memories.of_layers(quantity)
            found = [amounts[layer.name] for layer in layers if layer.name in amounts]
            if quantity not in PEAKS:
                self._check_known([layer for layer in layers if layer.name not in amounts])
                return sum(found)
            if not found:
                raise Unmeasurable(f"{node.name} exists only in training, which has no {QUANTITIES[quantity].label}")
            return max(found)
        if quantity == "layers":
            return sum(node.training_only or not layer.training_only for layer in layers)
        if quantity == "output":
            return layers[-1].output_shape
        if quantity == "input":
            return _only(layers[0].input_shapes, "inputs", layers[0].inputs)
        field = self._fields[layers[-1].name]
        if field is None:
            raise Unmeasurable(f"the receptive field of {layers[-1].name} is unknown")
        return max((axis.size for axis in field), default=1)

    def is_recounted(self, quantity: str) -> bool:
        """Whether the count of a convention takes the place of a quantity."""
        return self.counting is not None and bool(QUANTITIES[quantity].tool_count)

    def _recounted(self, quantity: str, layers: Sequence[Layer]) -> int:
        """The count of a convention for some layers. Raises Unmeasurable if it has none."""
        from cnncalc.analyses.recount import explain_missing

        limits.spend(len(layers))
        recount, name = self._recount, self._recount.convention.name
        if reason := explain_missing(quantity, recount.convention):
            raise Unmeasurable(reason, f"check {quantity} without the convention")
        found = recount.of_layers(quantity, layers)
        if found is None:
            unknown = [layer for layer in layers if layer.name in recount.unknown]
            if not unknown:
                return 0
            others = f" and {plural(len(unknown) - 1, 'other layer')}" if len(unknown) > 1 else ""
            first = f"{quoted(unknown[0].name)} ({unknown[0].type})"
            message = f"{QUANTITIES[quantity].key} is unknown: the rules of {name} for {first}{others} are not modeled"
            raise Unmeasurable(message, f"limit {quantity} of blocks without such layers, or without the convention")
        return QUANTITIES[quantity].scaled(found, self.batch, self.dtype_size)

    @cached_property
    def _recount(self) -> Recount:
        assert self.counting is not None  # noqa: S101 - callers ask is_recounted
        return self.counting.recount(self.network)

    def peak_layer(self, node: Node, quantity: str) -> str:
        """The first layer of a node at which a memory quantity is largest; the node must have the quantity."""
        peaks = self._memories.of_layers(quantity)
        names = [layer.name for layer in layers_below(node) if layer.name in peaks]
        return max(names, key=lambda name: peaks[name], default="")

    @cached_property
    def totals(self) -> Totals:
        limits.spend(len(self.network.layers))
        return totals(self.network)

    @cached_property
    def _memories(self) -> MemoryQuantities:
        from cnncalc.analyses.memory_quantities import MemoryQuantities

        return MemoryQuantities(self.network, batch=self.batch, dtype_size=self.dtype_size, folds=self.folds)

    @staticmethod
    def _check_known(unknown: Sequence[Layer]) -> None:
        """Raise Unmeasurable if some layers do not tell what they keep for the backward pass."""
        if unknown:
            first, *others = unknown
            also = f" and {plural(len(others), 'other layer')}" if others else ""
            keep = "keep" if others else "keeps"
            message = f"what {quoted(first.name)} ({first.type}){also} {keep} for the backward pass is unknown"
            from cnncalc.analyses.saved_tensors import advise_on_unknown

            raise Unmeasurable(message, advise_on_unknown(first))

    @cached_property
    def _fields(self) -> dict[str, Field | None]:
        from cnncalc.analyses.receptive_field import receptive_fields

        return receptive_fields(self.network)


def _only(items: Sequence[Item], noun: str, names: Sequence[str]) -> Item:
    """The only item. Raises Unmeasurable with the names of all if there are several."""
    if len(items) == 1:
        return items[0]
    raise Unmeasurable(f"there are {len(items)} {noun}", f"name one: {listed(names, 'or')}")
