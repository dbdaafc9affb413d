"""Explanations of a layer and of a network as records, which JSON and its schema are made of.

Fields that do not apply to a layer are null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from cnncalc.analyses.explanation import AsConvolution, Derivation, Explanation, Stack
from cnncalc.analyses.fits import AxisFit
from cnncalc.analyses.sharing import SeparablePair
from cnncalc.analyses.story import Part, Story, StoryStage
from cnncalc.formats.records import ABSENT, Absent, Count, Keywords, NamedShape, Number, Positive, Sizes, fill, indented
from cnncalc.languages import Speaker
from cnncalc.layers.contract import Matrices
from cnncalc.layers.shapes import DTYPES
from cnncalc.record import Record
from cnncalc.reports.explain.rules import describe_rule, find_source
from cnncalc.reports.explain.wording import ExplanationView, describe_remark

Ratio = Annotated[float, Keywords(minimum=0)]


class EnclosingBlockRecord(Record):
    """A block or branch around a layer."""

    name: str
    block: str
    line: Positive
    arguments: dict[str, Any]


class GivenSettingRecord(Record):
    """A setting's value; `written` is its expression in the spec, "" if that is the value itself."""

    name: str
    value: Any
    written: str
    default: bool


class OriginRecord(Record):
    """The place of a layer in the spec, and the blocks around it, outermost first."""

    file: str
    line: Positive | None
    blocks: tuple[EnclosingBlockRecord, ...]
    settings: tuple[GivenSettingRecord, ...]


class DerivationRecord(Record):
    """A formula with its numbers; `axes` are those of an output size."""

    quantity: str
    axes: tuple[str, ...] | Absent
    formula: str
    values: dict[str, Any]
    result: Number


class ShareRecord(Record):
    """A layer's part of the network, and its place among all layers, the heaviest first."""

    params: Ratio | None
    macs: Ratio | None
    rank: dict[str, Positive]


class ConnectionsRecord(Record):
    """A layer's parameters without sharing, and how many of all connections it has."""

    params: Count
    unshared: Count
    fully_connected: Count
    reads: Number
    connections: Count
    all_connections: Count
    formulas: tuple[DerivationRecord, ...]


class FullConvolutionRecord(Record):
    """The convolution without groups."""

    params: Count
    macs: Count


class SeparableRecord(Record):
    """A depthwise separable convolution and the full one."""

    depthwise: str
    pointwise: str
    macs: Count
    full_macs: Count
    full_params: Count
    share: DerivationRecord | None


class StackRecord(Record):
    """Convolutions one after another, and the weights of the one with an equal field."""

    layers: tuple[str, ...]
    field: tuple[Positive, ...]
    weights: Number
    single_weights: Number


Matrix = Annotated[tuple[Positive, ...], Keywords(minItems=2, maxItems=2)]


class ProductRecord(Record):
    """A layer as a product of matrices."""

    products: Positive
    w_row: Matrix
    x_col: Matrix
    product: Matrix
    spread: bool
    unrolled: Count
    unrolled_size: Count


class EqualConvolutionRecord(Record):
    """The convolution that a linear layer equals, and its output on a larger image."""

    input_shape: Sizes
    from_: str
    kernel: tuple[Positive, ...]
    filters: Positive
    larger_input: Sizes | None
    larger_output: Sizes | None
    larger_end: Sizes | None


class RemedyRecord(Record):
    """A setting with values that each make a kernel fit; two numbers are the padding before and after."""

    setting: str
    values: tuple[int, ...]


class FitRecord(Record):
    """How a kernel ends on an axis."""

    axis: str
    size: Positive
    outputs: Positive
    before: int
    after: int
    lost: Count
    unused_padding: Count
    between: Count
    beyond: Count
    remedies: tuple[RemedyRecord, ...]


class LayerRuleRecord(Record):
    """How a convention counts the layer: its operations, and the rule in words.

    Operations are null if the rule is not modeled.
    """

    key: str
    name: str
    version: str
    source: str
    unit: str
    operations: Count | None
    rule: str


class RemarkRecord(Record):
    """A remark about the layer type."""

    key: str
    text: str
    formula: str | None


# Remarks and rules use the language of the report.
@indented(ascii_only=False)
class ExplainedLayer(Record):
    """The explanation of a layer; `counted_in` is the file of cnncalc that has its operations."""

    schema: Literal[1]
    network: str
    layer: str
    type: str
    inputs: tuple[NamedShape, ...]
    output_shape: Sizes
    readers: tuple[str, ...]
    training_only: bool
    origin: OriginRecord
    formulas: tuple[DerivationRecord, ...]
    params: Count
    buffers: Count
    macs: Count
    flops: Count
    weights_from: str | None
    frozen: bool
    share: ShareRecord
    sharing: ConnectionsRecord | None
    full_convolution: FullConvolutionRecord | None
    separable: SeparableRecord | None
    stack: StackRecord | None
    im2col: ProductRecord | None
    as_convolution: EqualConvolutionRecord | None
    fit: tuple[FitRecord, ...]
    remarks: tuple[RemarkRecord, ...]
    counted_in: str
    conventions: tuple[LayerRuleRecord, ...]


class StoryTotals(Record):
    """The totals of a network."""

    params: Count
    macs: Count
    activations: Count
    weight_layers: Count


class StoryStageRecord(Record):
    """Successive parts with outputs of one scale, which is null after the last feature map."""

    from_: str
    to: str
    scale: Number | None
    output_shape: Sizes
    layers: Count
    weight_layers: Count
    params: Count
    macs: Count
    activations: Count


@indented()
class ExplainedNetwork(Record):
    """A network stage by stage, and where its parameters and MACs are."""

    schema: Literal[1]
    network: str
    inputs: dict[str, Sizes]
    outputs: dict[str, Sizes]
    totals: StoryTotals
    stages: tuple[StoryStageRecord, ...]
    sliding: Part
    dense: Part
    products: Part
    other: Part
    most_params: str | None
    most_macs: str | None
    training_only_layers: Count


RECORDS = (ExplainedNetwork, ExplainedLayer)


def layer_record(facts: Explanation, view: ExplanationView) -> ExplainedLayer:
    """The record of an explanation; the remarks are in its language."""
    layer, whole, grouping = facts.layer, facts.totals, facts.grouping
    say = Speaker(view.language, "explain")
    return fill(
        ExplainedLayer,
        layer,
        schema=1,
        network=facts.network.name,
        layer=layer.name,
        inputs=tuple(map(NamedShape, layer.inputs, layer.input_shapes)),
        readers=facts.readers,
        origin=_origin(facts),
        formulas=tuple(map(_derivation, facts.derivations)),
        share=ShareRecord(_ratio(layer.params, whole.params), _ratio(layer.macs, whole.macs), facts.ranks),
        sharing=_connections(facts),
        full_convolution=grouping and FullConvolutionRecord(grouping.params.whole, grouping.macs.whole),
        separable=facts.separable and _separable(facts.separable, facts.separable_share),
        stack=facts.stack and _stack(facts.stack),
        im2col=facts.matrices and _product(facts.matrices, DTYPES[view.dtype]),
        as_convolution=facts.convolution and _convolution(facts.convolution),
        fit=tuple(map(_fit, facts.fits)),
        remarks=tuple(
            RemarkRecord(one.key, describe_remark(one, say, ", ".join(facts.axes)), one.formula or None)
            for one in facts.remarks
        ),
        counted_in=find_source(layer.figures.type),
        conventions=tuple(_rules(facts, Speaker(view.language, "rules"))),
    )


def _rules(facts: Explanation, say: Speaker) -> Iterator[LayerRuleRecord]:
    for rule in facts.rules:
        described = describe_rule(rule, say)
        for key, convention in rule.conventions:
            yield fill(LayerRuleRecord, convention, key=key, operations=rule.operations, rule=described)


def _origin(facts: Explanation) -> OriginRecord:
    span, origin = facts.layer.span, facts.origin
    return OriginRecord(
        span.file,
        span.line or None,
        tuple(EnclosingBlockRecord(one.name, one.kind, one.span.line, dict(one.arguments)) for one in origin.blocks),
        tuple(GivenSettingRecord(*one) for one in origin.settings),
    )


def _derivation(one: Derivation) -> DerivationRecord:
    return DerivationRecord(one.key, one.axes or ABSENT, one.formula, one.values, one.result)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _connections(facts: Explanation) -> ConnectionsRecord | None:
    counts, each, pairs = facts.sharing, facts.reads, facts.connectivity
    if counts is None or each is None or pairs is None:
        return None
    formulas = tuple(map(_derivation, facts.compared))
    return ConnectionsRecord(counts.untied, counts.unshared, counts.fully_connected, each, *pairs, formulas)


def _separable(pair: SeparablePair, share: Derivation | None) -> SeparableRecord:
    names = pair.depthwise.name, pair.pointwise.name
    return SeparableRecord(*names, pair.macs.part, pair.full_macs, pair.full_params, share and _derivation(share))


def _stack(stack: Stack) -> StackRecord:
    layers = tuple(layer.name for layer in stack.layers)
    return StackRecord(layers, stack.field, stack.weights.result, stack.single.result)


def _product(matrices: Matrices, each: int) -> ProductRecord:
    rows, inner, columns = matrices.rows, matrices.inner, matrices.columns
    sizes = (rows, inner), (inner, columns), (rows, columns)
    unrolled = matrices.unrolled
    return ProductRecord(matrices.products, *sizes, matrices.spread, unrolled, unrolled * each)


def _convolution(equal: AsConvolution) -> EqualConvolutionRecord:
    read = (equal.channels, *equal.kernel)
    return EqualConvolutionRecord(read, equal.source, equal.kernel, equal.filters, equal.larger, equal.gives, equal.end)


def _fit(fit: AxisFit) -> FitRecord:
    remedies = tuple(RemedyRecord(*one) for one in fit.remedies)
    sides = fit.window.before, fit.window.after
    return FitRecord(fit.axis, fit.size, fit.outputs, *sides, fit.lost, fit.unused, fit.between, fit.beyond, remedies)


def network_record(facts: Story) -> ExplainedNetwork:
    """The record of a network's story."""
    network = facts.network
    return fill(
        ExplainedNetwork,
        facts,
        schema=1,
        network=network.name,
        inputs=dict(network.inputs),
        outputs={name: network.shape_of(name) for name in network.outputs},
        totals=fill(StoryTotals, facts.totals),
        stages=tuple(map(_stage, facts.stages)),
        most_params=facts.most_params and facts.most_params.name,
        most_macs=facts.most_macs and facts.most_macs.name,
        training_only_layers=facts.training_only,
    )


def _stage(stage: StoryStage) -> StoryStageRecord:
    ends = {"from_": stage.nodes[0].name, "to": stage.nodes[-1].name}
    figure = stage.figure
    amounts = {"params": figure.params, "macs": figure.macs, "activations": figure.activations}
    return fill(StoryStageRecord, stage, **ends, **amounts, output_shape=stage.shape)
