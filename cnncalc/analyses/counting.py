"""A layer as a convention counts it: the rule that applies to it, and the differences that this makes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from math import prod

from cnncalc.analyses.conventions import implementations
from cnncalc.analyses.conventions.contract import PRODUCTS, Charge, Charges, Convention, Count
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import SpreadWindow
from cnncalc.network.records import Figures, LayerGraph, inference_layers
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
    Count.GROUPED_TWICE: "groups_twice",
    Count.WEIGHTS_PER_OUTPUT: "per_output_position",
    Count.WEIGHTS_ONCE: "positions_missed",
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
    if bundled:
        # Their sources pad by numbers, or by a layer of their own.
        modules = {layer: module.removesuffix(".same") for layer, module in modules.items()}
    for pattern, name in patterns or ():
        modules.update(dict.fromkeys(named(modules, pattern), name))
    modules.update(_fold_norms(network, modules))
    if patterns is None:
        return Implementation(modules, {})
    return Implementation(modules, implementations.ADDED.get(bundled, {}), bundled)


def _fold_norms(network: LayerGraph, modules: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The batch norms that converters fold into the layer before, which then has a bias: `BatchNorm.folded_to_bias` if
    it had none and biases count only where they exist.
    """
    layers = inference_layers(network.layers)
    readers = Counter(chain(network.outputs, chain.from_iterable(layer.inputs for layer in layers)))
    previous = {layer.name: layer for layer in layers}
    for layer in layers:
        source = previous.get(layer.inputs[0]) if layer.inputs else None
        if layer.figures.type.role is not Role.BATCH_NORM or source is None or readers[source.name] > 1:
            continue
        before = modules[source.name]
        if before in ("Conv", "Conv.same", "ConvTranspose") or (
            before == "Linear" and _size_of(source.figures, "bias")
        ):
            yield layer.name, f"{modules[layer.name]}.folded"
        elif before == "Linear":
            yield layer.name, f"{modules[layer.name]}.folded_to_bias"


def find_charges(convention: Convention, figures: Figures, module: str) -> Charges | None:
    """What a convention adds for a layer; None if it has a rule that is not modeled, or may have one."""
    charges = find_rule(convention, module, figures.input_shapes[0].rank if figures.input_shapes else 0)
    if charges is not None:
        return charges
    if module.partition(".")[0] in convention.unmodeled or module in convention.unmodeled:
        return None
    role = figures.type.role
    if role in convention.by_role:
        return convention.by_role[role]
    # A layer with multiply-accumulates that is no module of PyTorch may be built from any modules.
    by_module = bool(convention.charges) and not convention.by_role
    is_open = by_module and not module and figures.operations.multiply_accumulates > 0
    return None if is_open else ()


def find_rule(convention: Convention, name: str, rank: int = 2) -> Charges | None:
    """The rule for a module: the first that a convention has of `Upsample.bilinear3d` (in 3 dimensions), `Upsample.3d`,
    `Upsample.bilinear` and `Upsample`.
    """
    base = name.partition(".")[0]
    candidates = (f"{name}{rank}d", f"{base}.{rank}d", name, base)
    return next((convention.charges[key] for key in candidates if key in convention.charges), None)


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
                items[charge.item or MISCOUNTED[charge.of]] += counted - macs
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


def _grouped_twice(figures: Figures) -> int:
    """PyTorch's weight has the filters of one group on its second axis; they are taken for all filters."""
    weight = next(weight for weight in figures.weights if weight.name == "weight")
    filters = weight.shape[1]
    groups = figures.output_shape.channels // filters
    return figures.operations.multiply_accumulates // filters * (filters // groups)


def _biases_of_conv(figures: Figures) -> int:
    if not _size_of(figures, "bias"):
        return 0
    weight = next(weight for weight in figures.weights if weight.name == "weight")
    windows = figures.type.windows(figures.input_shapes)
    positions = (
        (size + 2 * window.before - window.dilation * (window.kernel - 1) - 1) // window.stride + 1
        for size, window in zip(figures.input_shapes[0].spatial, windows, strict=True)
        if isinstance(window, SpreadWindow)
    )
    return weight.shape[1] * prod(positions)


def _softmax(figures: Figures) -> int:
    operations = figures.operations
    return operations.adds + operations.divides + operations.exponentials


def _neighbors(figures: Figures) -> int:
    return figures.output_shape.elements * int(str(vars(figures.type).get("size", 1)))


COUNTS: Mapping[Count, Callable[[Figures], int]] = {
    Count.MACS: lambda figures: figures.operations.multiply_accumulates,
    Count.NO_MACS: lambda _: 0,
    Count.GROUPED_TWICE: _grouped_twice,
    Count.WEIGHTS_PER_OUTPUT: lambda figures: _size_of(figures, "weight") * figures.output_shape.positions,
    Count.WEIGHTS_ONCE: lambda figures: _size_of(figures, "weight"),
    Count.WEIGHTS: lambda figures: _size_of(figures, "weight"),
    Count.BIASES: lambda figures: figures.output_shape.elements if _size_of(figures, "bias") else 0,
    Count.BIASES_OF_CONV: _biases_of_conv,
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
