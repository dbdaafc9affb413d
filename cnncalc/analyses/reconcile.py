"""A network as other tools count it, with each difference from its MACs and parameters in items that sum exactly."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from cnncalc import limits
from cnncalc.analyses import conventions
from cnncalc.analyses.conventions.contract import Convention
from cnncalc.analyses.counting import count_added, find_charges, find_implementation, find_rule, itemize
from cnncalc.network.records import Figures, Layer, LayerGraph, inference_layers
from cnncalc.record import Record


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
    module: str
    times: int


def reconcile(network: LayerGraph, bundled: str = "", keys: Iterable[str] = ()) -> Reconciled:
    """The figures of some conventions, by default of all.

    `bundled` is the name of the bundled network, if it is one: tools are assumed to run torchvision's implementation.
    """
    implementation = find_implementation(network, bundled)
    modules, added = implementation.modules, implementation.added
    layers = inference_layers(network.layers)
    limits.spend(len(layers))
    works = tuple(_group(layers, modules))
    elements = {added[layer.name]: layer.output_shape.elements for layer in layers if layer.name in added}
    own = sum(layer.params for layer in layers)
    found = []
    for key in tuple(keys) or conventions.keys():
        convention = conventions.find(key)
        items, unknown = _differences(convention, works, elements)
        macs = sum(work.figures.operations.multiply_accumulates * work.times for work in works)
        operations = None if unknown or not convention.unit else macs + sum(item.amount for item in items)
        param_items = tuple(_param_differences(convention, network, layers, modules))
        params = own + sum(item.amount for item in param_items) if convention.counts_params else None
        found.append(
            Reconciliation(
                key, convention, operations, () if operations is None else items, params, param_items, unknown
            )
        )
    macs = sum(layer.macs for layer in layers)
    return Reconciled(macs, own, tuple(found), implementation.bundled)


def _group(layers: Iterable[Layer], modules: Mapping[str, str]) -> Iterator[Work]:
    """Equal layers together: they share one record of figures."""
    figures = {id(layer.figures): layer.figures for layer in layers}
    counted = Counter((id(layer.figures), modules[layer.name]) for layer in layers)
    return (Work(figures[key], module, times) for (key, module), times in counted.items())


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
        charges = find_charges(convention, work.figures, work.module)
        if charges is None:
            unknown[work.figures.type.name] = None
            continue
        for item, amount in itemize(work.figures, charges).items():
            amounts[item] += amount * work.times
            layers[item] += work.times
    for module, elements in added.items():
        amounts["added_modules"] += count_added(convention, module, elements)
        layers["added_modules"] += 1
    items = tuple(DifferenceItem(item, amount, layers[item]) for item, amount in amounts.items() if amount)
    return items, tuple(unknown)


def _param_differences(
    convention: Convention, network: LayerGraph, layers: tuple[Layer, ...], modules: Mapping[str, str]
) -> Iterator[DifferenceItem]:
    """The items of the difference from the network's parameters."""
    amounts: dict[str, list[int]] = {}
    if "training" in convention.counts_params:
        amounts["training_layers"] = [layer.params for layer in network.layers if layer.training_only]
    if "buffers" in convention.counts_params:
        amounts["statistics"] = [layer.buffers for layer in layers]
    if convention.params_of_charged:
        missed = (layer.params for layer in layers if find_rule(convention, modules[layer.name]) is None)
        amounts["params_missed"] = [-params for params in missed]
    for item, parts in amounts.items():
        if amount := sum(parts):
            yield DifferenceItem(item, amount, sum(1 for part in parts if part))


# --- claims ---------------------------------------------------------------------------------------

# Units of published figures; some publish units of 2^30 and 2^20.
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
# What published figures count, after their unit: 4.1 GFLOPs.
NOUNS = ("flop", "mac", "mult-add", "madd", "op", "param", "parameter")
LONGEST_CLAIM = 30
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


# Commas between groups of three digits.
THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(?![0-9,])")


def read_claim(text: str) -> Claim | None:
    """A number such as 4.1G, 25.6M or 4.1 GFLOPs; None if it is none."""
    bare = text.strip().replace("_", "")
    if "," in bare and not THOUSANDS.match(bare):
        # 4,1G may mean 4.1G.
        return None
    bare = bare.replace(",", "")
    counted = bare.lower().removesuffix("s")
    noun = next((noun for noun in NOUNS if counted.endswith(noun)), "")
    if noun:
        bare = bare[: len(counted) - len(noun)].rstrip()
    unit = bare[-1:].upper() if bare[-1:].isalpha() else ""
    whole, dot, rest = (bare[:-1].rstrip() if unit else bare).partition(".")
    digits = whole + rest
    if unit not in UNITS or not digits.isascii() or not digits.isdigit() or len(digits) > LONGEST_CLAIM:
        return None
    return Claim(text.strip(), int(digits), len(rest) if dot else 0, unit)


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
