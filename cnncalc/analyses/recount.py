"""A network's operations and parameters as a tool counts them, layer by layer.

The sums are those of `reconcile`: a module that an implementation adds belongs to the layer that it follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnncalc import limits
from cnncalc.analyses import conventions
from cnncalc.analyses.conventions.contract import Convention
from cnncalc.analyses.counting import Implementation, count_added, find_charges, find_implementation, find_rule, itemize
from cnncalc.analyses.tree import Node, layers_below
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.spec.quantities import NO_COUNT, OPERATIONS, PARAMS, QUANTITIES


class Counting(Record):
    """The convention to count with, by key, and the name of the bundled network, if it is one."""

    key: str
    bundled: str = ""

    @property
    def convention(self) -> Convention:
        return conventions.find(self.key)

    def recount(self, network: LayerGraph) -> Recount:
        """The counts of a network by this convention."""
        limits.spend(len(network.layers))
        convention, implementation = self.convention, find_implementation(network, self.bundled)
        operations: dict[str, int] = {}
        unknown: dict[str, str] = {}
        for layer in network.layers if convention.unit else ():
            if layer.training_only:
                continue
            counted = count_operations(convention, layer, implementation)
            if counted is None:
                unknown[layer.name] = layer.type
            else:
                operations[layer.name] = counted
        params = {
            layer.name: _count_params(convention, layer, implementation.modules[layer.name])
            for layer in network.layers
            if not layer.training_only or "training" in convention.counts_params
        }
        return Recount(
            self.key,
            convention,
            operations if convention.unit else None,
            params if convention.counts_params else None,
            unknown,
            tuple(
                (layer.name, module)
                for layer in network.layers
                if (module := implementation.added.get(layer.name)) and count_added(convention, module, 1)
            ),
            implementation.bundled,
        )


class Recount(Record):
    """The counts of a convention by the names of layers, for one sample; None if it counts none.

    Layers that it counts by rules that are not modeled are in `unknown`, with their types, and have no operations.
    Those that exist only in training have no operations, and have parameters if the tool counts them. `added` has the
    layers with the modules that are counted with them, and `bundled` the network whose implementation in torchvision
    is counted.
    """

    key: str
    convention: Convention
    operations: Mapping[str, int] | None
    params: Mapping[str, int] | None
    unknown: Mapping[str, str]
    added: tuple[tuple[str, str], ...] = ()
    bundled: str = ""

    def replaces(self, quantity: str) -> bool:
        """Whether the convention has a count in place of a quantity, or would if it counted any."""
        return bool(QUANTITIES[quantity].tool_count)

    def amounts(self, quantity: str) -> Mapping[str, int] | None:
        """The counts of layers that the convention has in place of a quantity."""
        count = QUANTITIES[quantity].tool_count
        return self.operations if count == OPERATIONS else self.params if count == PARAMS else None

    def of_layers(self, quantity: str, layers: Iterable[Layer]) -> int | None:
        """The count of some layers together; None if the convention has none, or if one of them is unknown."""
        amounts = self.amounts(quantity)
        names = [layer.name for layer in layers]
        if amounts is None or (amounts is self.operations and any(name in self.unknown for name in names)):
            return None
        found = [amounts[name] for name in names if name in amounts]
        # Layers that exist only in training have no operations.
        return sum(found) if found else None

    def of_nodes(self, quantity: str, nodes: Iterable[Node]) -> int | None:
        """The count of all layers of some nodes."""
        return self.of_layers(quantity, (layer for node in nodes for layer in layers_below(node)))

    def total(self, quantity: str) -> int | None:
        """The count of the whole network, as the tool prints it; None as in `of_layers`."""
        amounts = self.amounts(quantity)
        if amounts is None or (amounts is self.operations and self.unknown):
            return None
        return sum(amounts.values())


def explain_missing(quantity: str, convention: Convention) -> str:
    """Why a convention has no count in place of a quantity; empty if it has one, or if it does not change it."""
    count = QUANTITIES[quantity].tool_count
    if count in (OPERATIONS, NO_COUNT) and not convention.unit:
        return f"{convention.name} counts no operations"
    if count == NO_COUNT:
        return f"{convention.name} has one figure of operations; use macs, which shows it"
    if count == PARAMS and not convention.counts_params:
        return f"{convention.name} counts no parameters"
    return ""


def count_operations(convention: Convention, layer: Layer, implementation: Implementation) -> int | None:
    """The operations of a layer, with those of the module added after it; None if its rule is not modeled."""
    charges = find_charges(convention, layer.figures, implementation.modules[layer.name])
    if charges is None:
        return None
    added = implementation.added.get(layer.name, "")
    more = count_added(convention, added, layer.output_shape.elements) if added else 0
    return layer.macs + sum(itemize(layer.figures, charges).values()) + more


def _count_params(convention: Convention, layer: Layer, module: str) -> int:
    """The parameters of a layer, with its buffers if the tool counts them."""
    if layer.training_only:
        return layer.params
    missed = convention.params_of_charged and find_rule(convention, module) is None
    return (0 if missed else layer.params) + (layer.buffers if "buffers" in convention.counts_params else 0)
