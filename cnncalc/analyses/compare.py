"""What networks are compared by: their totals, what they see, where they are heaviest, and which of them none beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import cast

from cnncalc import limits
from cnncalc.analyses.totals import Totals, totals
from cnncalc.errors import Problem, Span, SpecError, plural
from cnncalc.network.build import build
from cnncalc.network.records import Layer, LayerGraph, inference_layers
from cnncalc.record import Record
from cnncalc.spec.records import Spec
from cnncalc.spec.templates import Template
from cnncalc.syntax.expressions import Value


class Heaviest(Record):
    """The layers that have the most of something: more than one where they are equal.

    Each of them has `amount` of the `whole`.
    """

    layers: tuple[str, ...]
    amount: int
    whole: int


class Facts(Record):
    """What a network is compared by, at inference and for one sample.

    `field` is the receptive field that it has before it looks at everything (`largest_field`); the
    heaviest layers are None where there is nothing to weigh.
    """

    totals: Totals
    field: tuple[int, ...] | None
    heaviest_params: Heaviest | None
    heaviest_macs: Heaviest | None


def facts(network: LayerGraph, *, field: bool = True) -> Facts:
    """The facts of a network; without `field`, which takes about as long as all else, it stays None."""
    counted = totals(network)
    layers = inference_layers(network.layers)
    return Facts(
        counted,
        largest_field(network) if field else None,
        _heaviest([(layer, layer.params) for layer in layers], counted.params),
        _heaviest([(layer, layer.macs) for layer in layers], counted.macs),
    )


def _heaviest(amounts: Sequence[tuple[Layer, int]], whole: int) -> Heaviest | None:
    most = max((amount for _, amount in amounts), default=0)
    if not most:
        return None
    return Heaviest(tuple(layer.name for layer, amount in amounts if amount == most), most, whole)


def largest_field(network: LayerGraph) -> tuple[int, ...] | None:
    """The largest receptive field of any feature map, in positions of the input, gates left aside.

    It is the field that papers give of an architecture: that of what slides over the input, before a
    global pool or a flatten reads everything. It goes on beyond the input's border, so that it may be
    larger than the input. Of several inputs it is the largest on any. None where no feature map slides
    over a feature map, or where one of them has no rule.
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
            # What moves by 0 is global.
            if field and all(0 not in axis.strides for axis in field):
                largest = max(largest, tuple(axis.size for axis in field), key=lambda sizes: (prod(sizes), sizes))
    return largest or None


def front(points: Sequence[tuple[int, ...]]) -> tuple[bool, ...]:
    """Which points are on the Pareto front: no other is as low in everything and lower in something."""
    return tuple(
        not any(other != point and all(one <= own for one, own in zip(other, point, strict=True)) for other in points)
        for point in points
    )


class Resized(Record):
    """The template of an input whose spatial axes are `size` long, however many there are; channels stay."""

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
    """The network with every spatial axis of its inputs `size` long. Raises SpecError where that does not fit."""
    inputs = tuple((name, cast("Template", Resized(template, size))) for name, template in spec.inputs)
    return build(spec._replace(inputs=inputs))


class Size(Record):
    """A network at one size of its input, without its layers, or why there is none."""

    size: int
    network: LayerGraph | None
    totals: Totals | None
    reason: str


def without_layers(network: LayerGraph) -> LayerGraph:
    """What is said of a network beside its figures: of many large ones, all layers would take gigabytes."""
    return network._replace(layers=(), groups=())


def over_sizes(spec: Spec, sizes: Sequence[int]) -> tuple[Size, ...]:
    """A network at several sizes of its input. Raises SpecError where all of them together exceed the limit `work`."""
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
