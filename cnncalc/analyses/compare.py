"""Figures for comparisons of networks: totals, receptive field, heaviest layers, Pareto front, and input sizes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, cast

from cnncalc import limits
from cnncalc.analyses.totals import Totals, totals
from cnncalc.errors import Problem, Span, SpecError, plural
from cnncalc.network.build import build
from cnncalc.network.records import Layer, LayerGraph, inference_layers
from cnncalc.record import Record
from cnncalc.spec.quantities import OPERATIONS, PARAMS, QUANTITIES
from cnncalc.spec.records import Spec
from cnncalc.spec.templates import Template
from cnncalc.syntax.expressions import Value

if TYPE_CHECKING:
    from cnncalc.analyses.conventions.contract import Convention
    from cnncalc.analyses.recount import Counting, Recount


class Heaviest(Record):
    """The layers with the most of a quantity; several if they are equal.

    Each of them has `amount` of the `whole`.
    """

    layers: tuple[str, ...]
    amount: int
    whole: int


class ToolCounts(Record):
    """The counts of a network by a convention, for one sample, as in `Recount`, but without its layers."""

    key: str
    convention: Convention
    unknown: Mapping[str, str]
    operations: int | None
    params: int | None
    heaviest_params: Heaviest | None
    heaviest_operations: Heaviest | None

    def of(self, quantity: str) -> int | None:
        """The count in place of a quantity."""
        return {OPERATIONS: self.operations, PARAMS: self.params}.get(QUANTITIES[quantity].tool_count)


class Facts(Record):
    """The figures of a network for comparisons, at inference and for one sample.

    `field` is the receptive field before a layer reads everything (`largest_field`); the heaviest
    layers are None if no layer has any. `memory` has the memory quantities that were asked for, of the whole batch;
    None for one that is unknown or takes too much work. `tool` are the counts of a convention, None if none was asked
    for.
    """

    totals: Totals
    field: tuple[int, ...] | None
    heaviest_params: Heaviest | None
    heaviest_macs: Heaviest | None
    memory: Mapping[str, int | None]
    tool: ToolCounts | None = None


def facts(
    network: LayerGraph,
    *,
    field: bool = True,
    memory: Collection[str] = (),
    batch: int = 1,
    dtype_size: int = 4,
    counting: Counting | None = None,
) -> Facts:
    """The figures of a network; `field=False` skips the receptive field, which takes half of the time.

    `memory` are the memory quantities to compute, for a batch and the bytes of an element; the counts of a convention
    are computed if `counting` names one.
    """
    counted = totals(network)
    layers = inference_layers(network.layers)
    memories: dict[str, int | None] = {}
    if memory:
        from cnncalc.analyses.memory_quantities import MemoryQuantities

        memories = MemoryQuantities(network, batch=batch, dtype_size=dtype_size).affordable(memory)
    return Facts(
        counted,
        largest_field(network) if field else None,
        _heaviest([(layer, layer.params) for layer in layers], counted.params),
        _heaviest([(layer, layer.macs) for layer in layers], counted.macs),
        memories,
        _tool_counts(counting.recount(network), layers) if counting else None,
    )


def _tool_counts(recount: Recount, layers: Sequence[Layer]) -> ToolCounts:
    totals_of, heaviest = {}, {}
    for key in ("params", "macs"):
        amounts, whole = recount.amounts(key) or {}, recount.total(key)
        totals_of[key] = whole
        heaviest[key] = whole and _heaviest([(layer, amounts.get(layer.name, 0)) for layer in layers], whole)
    return ToolCounts(
        recount.key,
        recount.convention,
        recount.unknown,
        totals_of["macs"],
        totals_of["params"],
        heaviest["params"] or None,
        heaviest["macs"] or None,
    )


def _heaviest(amounts: Sequence[tuple[Layer, int]], whole: int) -> Heaviest | None:
    most = max((amount for _, amount in amounts), default=0)
    if not most:
        return None
    return Heaviest(tuple(layer.name for layer, amount in amounts if amount == most), most, whole)


def largest_field(network: LayerGraph) -> tuple[int, ...] | None:
    """The largest receptive field of any feature map, in positions of the input, without gates.

    Papers give this field for an architecture: that of the last sliding layer before a global pool or a
    flatten reads everything. It extends beyond the input's border, so it may be larger than the input. With
    several inputs, it is the largest on any of them. None if no feature map slides over an input, or if one
    of them has no rule.
    """
    from cnncalc.analyses.receptive_field import fields

    found = fields(network)
    largest: tuple[int, ...] = ()
    for layer in inference_layers(network.layers):
        if not layer.output_shape.rank:
            continue
        for field in found.of(layer.name).values():
            if field is None:
                return None
            # A stride of 0 is global.
            if field and all(0 not in axis.strides for axis in field):
                largest = max(largest, tuple(axis.size for axis in field), key=lambda sizes: (prod(sizes), sizes))
    return largest or None


def front(points: Sequence[tuple[int, ...]]) -> tuple[bool, ...]:
    """Which points are on the Pareto front: no other is as low in all dimensions and lower in one."""
    return tuple(
        not any(other != point and all(one <= own for one, own in zip(other, point, strict=True)) for other in points)
        for point in points
    )


class Resized(Record):
    """The template of an input with all spatial axes of length `size` and the same channels."""

    template: Template
    size: int

    @property
    def span(self) -> Span:
        return self.template.span

    @property
    def uses_tensor(self) -> bool:
        return self.template.uses_tensor

    def evaluate(self, names: Mapping[str, Value]) -> Value:
        value = self.template.evaluate(names)
        return (value[0], *[self.size] * (len(value) - 1)) if isinstance(value, tuple) and value else value


def at_size(spec: Spec, size: int) -> LayerGraph:
    """The network with all spatial axes of its inputs of length `size`. Raises SpecError if that does not fit."""
    inputs = tuple((name, cast("Template", Resized(template, size))) for name, template in spec.inputs)
    return build(spec._replace(inputs=inputs))


class Size(Record):
    """A network at one input size, without its layers, or the reason why it does not fit."""

    size: int
    network: LayerGraph | None
    totals: Totals | None
    reason: str


def without_layers(network: LayerGraph) -> LayerGraph:
    """A network without its layers, because those of many large networks would take gigabytes."""
    return network._replace(layers=(), groups=())


def over_sizes(spec: Spec, sizes: Sequence[int]) -> tuple[Size, ...]:
    """A network at several input sizes. Raises SpecError if all of them together exceed the limit `work`."""
    found: list[Size] = []
    left = limits.current().work
    for size in sizes:
        if left <= 0:
            work = f"takes more than {limits.current().work:,} operations"
            advice = f"compare at most {plural(len(found), 'size')} at a time"
            message = f"building {spec.name} at {len(sizes)} sizes {work}"
            raise SpecError([Problem(spec.span, message, limits.raised("work", advice))])
        try:
            network = at_size(spec, size)
        except SpecError as error:
            found.append(Size(size, None, None, str(error.problems[0])))
        else:
            found.append(Size(size, without_layers(network), totals(network), ""))
        left -= limits.spent()
    return tuple(found)
