"""A layer as a convention counts it: the rule that applies to it, and the differences that this makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from cnncalc.analyses.conventions import implementations
from cnncalc.analyses.conventions.contract import PRODUCTS, Charge, Charges, Convention, Count
from cnncalc.layers.contract import Role
from cnncalc.network.records import Figures, LayerGraph
from cnncalc.record import Record
from cnncalc.syntax.patterns import named

# The items of operations that are not multiply-accumulates, by the role of their layers.
ITEMS = {
    Role.CONVOLUTION: "biases",
    Role.LINEAR: "biases",
    Role.BATCH_NORM: "batch_norms",
    Role.CHANNEL_NORM: "norms",
    Role.NORMALIZATION: "norms",
    Role.SCALING: "scaling",
    Role.ACTIVATION: "activations",
    Role.PROBABILITIES: "probabilities",
    Role.MAX_POOL: "pools",
    Role.AVERAGE_POOL: "pools",
    Role.GLOBAL_POOL: "pools",
    Role.SUM: "sums",
    Role.PRODUCT: "products",
    Role.RESAMPLING: "resampling",
}
# The items of multiply-accumulates that a tool does not count.
MISSED = {Role.CONVOLUTION: "no_convolutions", Role.LINEAR: "no_linear", Role.MATRIX_PRODUCT: "no_matrix_products"}
# The items of multiply-accumulates that a tool counts in another way.
MISCOUNTED = {
    Count.WEIGHTS_PER_OUTPUT: "per_output_position",
    Count.WEIGHTS_ONCE: "positions_missed",
    Count.UNGROUPED: "groups_ignored",
}


class Implementation(Record):
    """What tools see of a network: the module, function or operator of each layer, by name.

    `added` are modules that run after a layer and that the spec does not have. `bundled` is the bundled network whose
    implementation in torchvision is used; empty if each layer counts as the module of PyTorch of its type.
    """

    modules: Mapping[str, str]
    added: Mapping[str, str]
    bundled: str = ""


def find_implementation(network: LayerGraph, bundled: str) -> Implementation:
    """The implementation of a network; `bundled` is the name of the bundled network, if it is one."""
    patterns = implementations.find(bundled)
    modules = {layer.name: layer.figures.type.implementation for layer in network.layers}
    if patterns is None:
        return Implementation(modules, {})
    for pattern, name in patterns:
        modules.update(dict.fromkeys(named(modules, pattern), name))
    return Implementation(modules, implementations.ADDED.get(bundled, {}), bundled)


def find_charges(convention: Convention, figures: Figures, module: str) -> Charges | None:
    """What a convention adds for a layer; None if it has a rule that is not modeled, or may have one."""
    charges = find_rule(convention, module)
    if charges is not None:
        return charges
    role = figures.type.role
    if role in convention.by_role:
        return convention.by_role[role]
    if module.partition(".")[0] in convention.unmodeled or module in convention.unmodeled:
        return None
    # A layer with multiply-accumulates that is no module of PyTorch may be built from any modules.
    by_module = bool(convention.charges) and not convention.by_role
    is_open = by_module and not module and figures.operations.multiply_accumulates > 0
    return None if is_open else ()


def find_rule(convention: Convention, name: str) -> Charges | None:
    """The rule for a module; that of `Upsample` applies to `Upsample.bilinear`, unless this has one of its own."""
    return convention.charges.get(name, convention.charges.get(name.partition(".")[0]))


def itemize(figures: Figures, charges: Charges) -> dict[str, int]:
    """The differences from a layer's multiply-accumulates that its charges make, by item."""
    items: dict[str, int] = defaultdict(int)
    role = figures.type.role
    macs = figures.operations.multiply_accumulates
    if macs and not any(charge.of in PRODUCTS for charge in charges):
        items[MISSED.get(role, "no_others")] -= macs
    for charge in charges:
        counted = COUNTS[charge.of](figures)
        if charge.of in PRODUCTS:
            if counted != macs:
                items[MISCOUNTED[charge.of]] += counted - macs
            items["doubled"] += (charge.times - 1) * counted
        else:
            items[charge.item or ITEMS.get(role, "others")] += counted * times_of(charge, figures)
    return {item: amount for item, amount in items.items() if amount}


def times_of(charge: Charge, figures: Figures) -> int:
    """How often a tool adds the count of a charge for a layer."""
    has_weights = any(weight.name in ("weight", "bias") for weight in figures.weights)
    return charge.times if has_weights or charge.plain is None else charge.plain


def count_added(convention: Convention, module: str, elements: int) -> int:
    """The operations of a module that an implementation adds, and whose input and output have as many elements."""
    return elements * sum(charge.times for charge in find_rule(convention, module) or ())


def _size_of(figures: Figures, name: str) -> int:
    """The elements of a weight; 0 if the layer does not have it."""
    return sum(weight.size for weight in figures.weights if weight.name == name)


def _ungrouped(figures: Figures) -> int:
    wiring = figures.type.wiring(figures.input_shapes, figures.output_shape)
    if wiring is None or wiring.full is None:
        return figures.operations.multiply_accumulates
    return wiring.full.operations(figures.input_shapes, figures.output_shape).multiply_accumulates


def _softmax(figures: Figures) -> int:
    operations = figures.operations
    return operations.adds + operations.divides + operations.exponentials


def _neighbors(figures: Figures) -> int:
    return figures.output_shape.elements * int(str(vars(figures.type).get("size", 1)))


COUNTS: Mapping[Count, Callable[[Figures], int]] = {
    Count.MACS: lambda figures: figures.operations.multiply_accumulates,
    Count.UNGROUPED: _ungrouped,
    Count.WEIGHTS_PER_OUTPUT: lambda figures: _size_of(figures, "weight") * figures.output_shape.positions,
    Count.WEIGHTS_ONCE: lambda figures: _size_of(figures, "weight"),
    Count.WEIGHTS: lambda figures: _size_of(figures, "weight"),
    Count.BIASES: lambda figures: figures.output_shape.elements if _size_of(figures, "bias") else 0,
    Count.BIASES_ONCE: lambda figures: _size_of(figures, "bias"),
    Count.PARAMS: lambda figures: _size_of(figures, "weight") + _size_of(figures, "bias"),
    Count.INPUT: lambda figures: figures.input_shapes[0].elements,
    Count.OUTPUT: lambda figures: figures.output_shape.elements,
    Count.WINDOWS: lambda figures: figures.output_shape.elements * figures.type.window_positions(figures.input_shapes),
    Count.SOFTMAX: _softmax,
    Count.FURTHER_INPUTS: lambda figures: figures.output_shape.elements * (len(figures.input_shapes) - 1),
    Count.ROOTS: lambda figures: figures.operations.exponentials,
    Count.NEIGHBORS: _neighbors,
}
