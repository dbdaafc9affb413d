"""A network as other tools count it, with each difference from its MACs and parameters in items that sum exactly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain
from math import prod

from cnncalc import limits
from cnncalc.analyses import conventions
from cnncalc.analyses.conventions import implementations
from cnncalc.analyses.conventions.contract import PRODUCTS, Charges, Convention, Count
from cnncalc.layers.contract import Role
from cnncalc.layers.shapes import SpreadWindow
from cnncalc.network.records import Figures, Layer, LayerGraph, inference_layers
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


class DifferenceItem(Record):
    """A part of the difference between two counts; `layers` is the number of layers that cause it."""

    item: str
    amount: int
    layers: int


class Reconciliation(Record):
    """The figures of one convention; None if it has none, or if it counts `unknown` layers by rules not modeled here.

    The items sum to the difference from the network's MACs and parameters.
    """

    key: str
    convention: Convention
    operations: int | None
    items: tuple[DifferenceItem, ...]
    params: int | None
    param_items: tuple[DifferenceItem, ...]
    unknown: tuple[str, ...] = ()


class Reconciled(Record):
    """A network's own figures, and those of all conventions.

    `implemented` is the bundled network whose implementation in torchvision is used; empty if each layer counts as
    the module of PyTorch of its type.
    """

    macs: int
    params: int
    conventions: tuple[Reconciliation, ...]
    implemented: str = ""


class Work(Record):
    """Equal layers, `times` of them, with the module, function or operator that computes each."""

    figures: Figures
    implementation: str
    times: int


def reconcile(network: LayerGraph, bundled: str = "", keys: Iterable[str] = ()) -> Reconciled:
    """The figures of some conventions, by default of all.

    `bundled` is the name of the bundled network, if it is one: tools are assumed to run torchvision's implementation.
    """
    implementation = implementations.find(bundled)
    names = {layer.name: layer.figures.type.implementation for layer in network.layers}
    if bundled:
        # Their sources pad by numbers, or by a layer of their own.
        names = {layer: name.removesuffix(".same") for layer, name in names.items()}
    for pattern, name in implementation or ():
        names.update(dict.fromkeys(named(names, pattern), name))
    layers = inference_layers(network.layers)
    limits.spend(len(layers))
    names.update(_fold_norms(network, layers, names))
    works = tuple(_group(layers, names))
    added = {} if implementation is None else implementations.ADDED.get(bundled, {})
    elements = {added[layer.name]: layer.output_shape.elements for layer in layers if layer.name in added}
    own = sum(layer.params for layer in layers)
    found = []
    for key in tuple(keys) or conventions.keys():
        convention = conventions.find(key)
        items, unknown = _differences(convention, works, elements)
        macs = sum(work.figures.operations.multiply_accumulates * work.times for work in works)
        operations = None if unknown or not convention.unit else macs + sum(item.amount for item in items)
        param_items = tuple(_param_differences(convention, network, layers, names))
        params = own + sum(item.amount for item in param_items) if convention.counts_params else None
        found.append(
            Reconciliation(
                key, convention, operations, () if operations is None else items, params, param_items, unknown
            )
        )
    macs = sum(layer.macs for layer in layers)
    return Reconciled(macs, own, tuple(found), bundled if implementation is not None else "")


def _fold_norms(network: LayerGraph, layers: Iterable[Layer], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The batch norms that converters fold into the layer before, which then has a bias: `BatchNorm.folded_to_bias` if
    it had none and biases count only where they exist.
    """
    readers = Counter(chain(network.outputs, chain.from_iterable(layer.inputs for layer in layers)))
    previous = {layer.name: layer for layer in layers}
    for layer in layers:
        source = previous.get(layer.inputs[0]) if layer.inputs else None
        if layer.figures.type.role is not Role.BATCH_NORM or source is None or readers[source.name] > 1:
            continue
        if names[source.name] in ("Conv", "Conv.same", "ConvTranspose") or (
            names[source.name] == "Linear" and _size_of(source.figures, "bias")
        ):
            yield layer.name, f"{names[layer.name]}.folded"
        elif names[source.name] == "Linear":
            yield layer.name, f"{names[layer.name]}.folded_to_bias"


def _group(layers: Iterable[Layer], names: Mapping[str, str]) -> Iterator[Work]:
    """Equal layers together: they share one record of figures."""
    figures = {id(layer.figures): layer.figures for layer in layers}
    counted = Counter((id(layer.figures), names[layer.name]) for layer in layers)
    return (Work(figures[one], name, times) for (one, name), times in counted.items())


def _differences(
    convention: Convention, works: Iterable[Work], added: Mapping[str, int]
) -> tuple[tuple[DifferenceItem, ...], tuple[str, ...]]:
    """The items of the difference from the MACs, and the types of layers whose rules are not modeled.

    `added` has the modules that the implementation adds, with the elements of their input and output.
    """
    amounts: dict[str, int] = defaultdict(int)
    layers: dict[str, int] = defaultdict(int)
    unknown: dict[str, None] = {}
    for work in works:
        charges = _find_charges(convention, work)
        if charges is None:
            unknown[work.figures.type.name] = None
            continue
        for item, amount in _charge(work.figures, charges).items():
            amounts[item] += amount * work.times
            layers[item] += work.times
    for module, elements in added.items():
        if charges := _find_rule(convention, module):
            amounts["added_modules"] += elements * sum(charge.times for charge in charges)
            layers["added_modules"] += 1
    items = tuple(DifferenceItem(item, amount, layers[item]) for item, amount in amounts.items() if amount)
    return items, tuple(unknown)


def _find_charges(convention: Convention, work: Work) -> Charges | None:
    """What a convention adds for a layer; None if it has a rule that is not modeled, or may have one."""
    charges = _find_rule(
        convention, work.implementation, work.figures.input_shapes[0].rank if work.figures.input_shapes else 0
    )
    if charges is not None:
        return charges
    if work.implementation.partition(".")[0] in convention.unmodeled or work.implementation in convention.unmodeled:
        return None
    role = work.figures.type.role
    if role in convention.by_role:
        return convention.by_role[role]
    # A layer with multiply-accumulates that is no module of PyTorch may be built from any modules.
    by_module = bool(convention.charges) and not convention.by_role
    is_open = by_module and not work.implementation and work.figures.operations.multiply_accumulates > 0
    return None if is_open else ()


def _find_rule(convention: Convention, name: str, rank: int = 2) -> Charges | None:
    """The rule for a module: the first that a convention has of `Upsample.bilinear3d` (in 3 dimensions), `Upsample.3d`,
    `Upsample.bilinear` and `Upsample`.
    """
    base = name.partition(".")[0]
    candidates = (f"{name}{rank}d", f"{base}.{rank}d", name, base)
    return next((convention.charges[key] for key in candidates if key in convention.charges), None)


def _charge(figures: Figures, charges: Charges) -> dict[str, int]:
    """The differences from a layer's multiply-accumulates that its charges make, by item."""
    items: dict[str, int] = defaultdict(int)
    role = figures.type.role
    macs = figures.operations.multiply_accumulates
    if macs and not any(charge.of in PRODUCTS for charge in charges):
        items[MISSED.get(role, "no_others")] -= macs
    has_weights = any(weight.name in ("weight", "bias") for weight in figures.weights)
    for charge in charges:
        counted = COUNTS[charge.of](figures)
        if charge.of in PRODUCTS:
            if counted != macs:
                items[charge.item or MISCOUNTED[charge.of]] += counted - macs
            items["doubled"] += (charge.times - 1) * counted
        else:
            times = charge.times if has_weights or charge.plain is None else charge.plain
            items[charge.item or ITEMS.get(role, "others")] += counted * times
    return {item: amount for item, amount in items.items() if amount}


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


def _param_differences(
    convention: Convention, network: LayerGraph, layers: tuple[Layer, ...], names: Mapping[str, str]
) -> Iterator[DifferenceItem]:
    """The items of the difference from the network's parameters."""
    amounts: dict[str, list[int]] = {}
    if "training" in convention.counts_params:
        amounts["training_layers"] = [layer.params for layer in network.layers if layer.training_only]
    if "buffers" in convention.counts_params:
        amounts["statistics"] = [layer.buffers for layer in layers]
    if convention.params_of_charged:
        missed = (layer.params for layer in layers if _find_rule(convention, names[layer.name]) is None)
        amounts["params_missed"] = [-params for params in missed]
    for item, parts in amounts.items():
        if amount := sum(parts):
            yield DifferenceItem(item, amount, sum(1 for part in parts if part))


# --- claims ---------------------------------------------------------------------------------------

# Units of published figures; some publish units of 2^30 and 2^20.
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
# What published figures count, after their unit: 4.1 GFLOPs.
NOUNS = ("flops", "macs", "mult-adds", "madds", "ops", "params", "parameters")
BINARY = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class Claim(Record):
    """A published number with its decimals, in a unit such as G."""

    text: str
    digits: int
    decimals: int
    unit: str

    def fits(self, exact: int, scale: int) -> str:
        """How an exact number gives the claim: `rounded`, `cut` (digits dropped), or an empty string."""
        number = Fraction(exact * 10**self.decimals, scale)
        cut = number.numerator // number.denominator
        if (2 * number.numerator + number.denominator) // (2 * number.denominator) == self.digits:
            return "rounded"
        return "cut" if cut == self.digits else ""


class ClaimMatch(Record):
    """A figure that gives a claim: of `quantity` operations or params; `binary` if in units of 2^10; `how` rounded."""

    key: str
    quantity: str
    exact: int
    binary: bool
    how: str


def read_claim(text: str) -> Claim | None:
    """A number such as 4.1G, 25.6M or 4.1 GFLOPs; None if it is none."""
    bare = text.strip().replace(",", "").replace("_", "")
    noun = next((noun for noun in NOUNS if bare.lower().endswith(noun)), "")
    bare = bare[: len(bare) - len(noun)].rstrip()
    unit = bare[-1:].upper() if bare[-1:].isalpha() else ""
    whole, dot, rest = (bare[:-1].rstrip() if unit else bare).partition(".")
    digits = whole + rest
    if unit not in UNITS or not digits.isascii() or not digits.isdigit() or len(digits) > LONGEST_CLAIM:
        return None
    return Claim(text.strip(), int(digits), len(rest) if dot else 0, unit)


LONGEST_CLAIM = 30


class ClaimVariant(Record):
    """A value of a variable, written name=value, with the figures that then give a claim."""

    setting: str
    matches: tuple[ClaimMatch, ...]


def match_claim(claim: Claim, found: Reconciled) -> Iterator[ClaimMatch]:
    """The figures that give a claim, rounded or cut to its digits."""
    figures = [("cnncalc", "operations", found.macs), ("cnncalc", "params", found.params)]
    for each in found.conventions:
        figures += [(each.key, "operations", each.operations or 0), (each.key, "params", each.params or 0)]
    for key, quantity, exact in figures:
        if not exact:
            continue
        how = claim.fits(exact, UNITS[claim.unit])
        if how:
            yield ClaimMatch(key, quantity, exact, False, how)
        elif claim.unit in BINARY and claim.fits(exact, BINARY[claim.unit]) == "rounded":
            yield ClaimMatch(key, quantity, exact, True, "rounded")
