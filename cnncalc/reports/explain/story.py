"""A description of a network from its input to its output: its stages, and the location of its costs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from cnncalc.analyses.sharing import reads
from cnncalc.analyses.story import Part, Story, StoryStage, is_product
from cnncalc.formats.document import Block, Document, Heading, ListItem, Paragraph
from cnncalc.formats.table import Column, Line, Table
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import times
from cnncalc.network.records import Layer
from cnncalc.reports.explain.wording import ExplanationView, decimal, describe_shape
from cnncalc.text import Share, integer, percent


def explain_network(facts: Story, view: ExplanationView, spec: str = "") -> Document:
    """The description of a network as a document; with `spec`, the given name, it ends with a hint about commands."""
    return Document(tuple(_Teller(facts, view, spec).blocks()), view.language)


class _Teller:
    """Writes the description of one network."""

    def __init__(self, facts: Story, view: ExplanationView, spec: str) -> None:
        self.facts = facts
        self.spec = spec
        self.say = Speaker(view.language, "explain")

    def blocks(self) -> Iterator[Block]:
        facts, say = self.facts, self.say
        network, whole = facts.network, facts.totals
        given = say.row([describe_shape(shape, say) for _, shape in network.inputs])
        shapes = {layer.name: layer.output_shape for layer in network.layers} | dict(network.inputs)
        training = {layer.name for layer in network.layers if layer.training_only}
        outputs = [name for name in network.outputs if name not in training]
        left = say.row([describe_shape(shapes[name], say) for name in outputs])
        yield Heading(say("story_title", network=network.name, input=given, output=left), 1)
        if network.source:
            yield Paragraph(network.source)
        depth = integer(whole.weight_layers)
        yield Paragraph(say("story_facts", params=integer(whole.params), macs=integer(whole.macs), depth=depth))
        yield Heading(say("story_stages"))
        yield from self.stages()
        yield self.table()
        yield Heading(say("story_where"))
        yield from self.where()
        if self.spec:
            yield Paragraph(say("story_next", spec=self.spec))

    # --- stages -----------------------------------------------------------------------------------

    def stages(self) -> Iterator[Block]:
        scale: Fraction | None = Fraction(1)
        for number, stage in enumerate(self.facts.stages, start=1):
            words = self.stage(stage, Fraction(1) if stage.from_input else scale)
            text = f"{words}{self.depth(stage)}{self.say('period')}"
            yield ListItem("", self.say("labeled", label=number, text=text))
            scale = stage.scale or scale

    def stage(self, stage: StoryStage, before: Fraction | None) -> str:
        names = _names(stage)
        shape, first = describe_shape(stage.shape, self.say), stage.nodes[0].name
        # A map that becomes a sequence in the stage is named as the map that it was.
        start = stage.nodes[0].output_shape
        sizes = times((start if start and start.rank > stage.shape.rank else stage.shape).spatial)
        if stage.scale is None:
            return self.say("stage_vector", names=names, shape=shape)
        if stage.scale == 1 and before == 1:
            return self.say("stage_same", names=names, shape=shape)
        if before is not None and stage.scale < before:
            return self.say("stage_larger", names=names, first=first, sizes=sizes, shape=shape)
        scale = decimal(stage.scale)
        return self.say("stage_smaller", names=names, first=first, sizes=sizes, shape=shape, scale=scale)

    def depth(self, stage: StoryStage) -> str:
        if not stage.weight_layers:
            return ""
        return self.say("stage_one" if stage.weight_layers == 1 else "stage_has", layers=stage.weight_layers)

    def table(self) -> Table:
        say, whole = self.say, self.facts.totals
        columns = (
            Column("stage", say("stage")),
            Column("output", say("leaves")),
            Column("params", say("parameters"), numeric=True, drop=1),
            Column("share", say("percent_params"), numeric=True),
            Column("macs", say("macs"), numeric=True, drop=2),
            Column("macs_share", say("percent_macs"), numeric=True),
            Column("activations", say("activations"), numeric=True, drop=3),
        )
        lines = []
        for number, stage in enumerate(self.facts.stages, start=1):
            figure = stage.figure
            cells = (
                str(number),
                str(stage.shape),
                figure.params,
                Share(figure.params, whole.params) if figure.params else None,
                figure.macs,
                Share(figure.macs, whole.macs) if figure.macs else None,
                figure.activations,
            )
            lines.append(Line(cells))
        return Table("", (), columns, tuple(lines), ())

    # --- where it sits ----------------------------------------------------------------------------

    def where(self) -> Iterator[Block]:
        facts, say, whole = self.facts, self.say, self.facts.totals
        for part, key in ((facts.sliding, "sliding_part"), (facts.dense, "dense_part")):
            if part.layers:
                yield Paragraph(self.part(key, part))
        if not facts.dense.layers:
            yield Paragraph(say("no_dense"))
        if facts.products.layers:
            yield Paragraph(self.part("product_part", facts.products))
        if facts.other.params:
            yield Paragraph(say("other_part", params=percent(Share(facts.other.params, whole.params))))
        if facts.most_params is not None:
            layer = facts.most_params
            share = percent(Share(layer.params, whole.params))
            why = self.why_params(layer)
            held, all_held = integer(layer.params), integer(whole.params)
            yield Paragraph(say("most_params", layer=layer.name, params=held, whole=all_held, percent=share, why=why))
        if facts.most_macs is not None:
            layer = facts.most_macs
            share = percent(Share(layer.macs, whole.macs))
            why, done, all_done = self.why_macs(layer), integer(layer.macs), integer(whole.macs)
            yield Paragraph(say("most_macs", layer=layer.name, macs=done, whole=all_done, percent=share, why=why))
        yield from self.shrinking()
        if len(facts.stages) > 1:
            kept = max(range(len(facts.stages)), key=lambda number: facts.stages[number].figure.activations)
            share = percent(Share(facts.stages[kept].figure.activations, whole.activations))
            yield Paragraph(say("story_memory", stage=kept + 1, percent=share, whole=integer(whole.activations)))
        if facts.training_only:
            params = integer(whole.training.params - whole.params)
            macs = integer(whole.training.macs - whole.macs)
            yield Paragraph(say("story_training", layers=facts.training_only, params=params, macs=macs))

    def part(self, key: str, part: Part) -> str:
        whole = self.facts.totals
        params, macs = percent(Share(part.params, whole.params)), percent(Share(part.macs, whole.macs))
        return self.say(
            f"{key}_one" if part.layers == 1 else key,
            count=part.layers,
            params=params or "0",
            macs=macs or "0",
            number=integer(part.macs),
        )

    def why_params(self, layer: Layer) -> str:
        say, each = self.say, reads(layer)
        if each is None:
            return say("why_other")
        inputs, outputs = sum(shape.elements for shape in layer.input_shapes), layer.output_shape.elements
        if each == inputs and not layer.output_shape.rank:
            return say("why_dense", inputs=integer(inputs), outputs=integer(outputs))
        return say("why_filters", outputs=integer(layer.output_shape.channels), reads=decimal(each))

    def why_macs(self, layer: Layer) -> str:
        if is_product(layer):
            outputs = layer.output_shape.elements
            return self.say("why_product", outputs=integer(outputs), products=decimal(Fraction(layer.macs, outputs)))
        weights = next((weight.size for weight in layer.weights if weight.learned), 0)
        if not weights:
            return self.say("why_other")
        uses = Fraction(layer.macs, weights)
        if uses == 1:
            return self.say("why_once", weights=integer(weights))
        return self.say("why_places", weights=integer(weights), times=decimal(uses))

    def shrinking(self) -> Iterator[Block]:
        """Why parameters and work are in different layers, if maps become smaller and more."""
        maps = [stage for stage in self.facts.stages if stage.scale is not None]
        if len(maps) < 3 or any(one.shape.positions <= two.shape.positions for one, two in pairwise(maps)):
            return
        first, last = maps[0].shape, maps[-1].shape
        if last.channels < 2 * first.channels:
            return
        yield Paragraph(
            self.say(
                "shrink_grow",
                first=maps[0].nodes[0].name,
                last=maps[-1].nodes[-1].name,
                first_shape=str(first),
                last_shape=str(last),
                times=integer(round(Fraction(first.positions, last.positions))),
                more=decimal(Fraction(last.channels, first.channels)),
            )
        )


def _names(stage: StoryStage) -> str:
    first, last = stage.nodes[0].name, stage.nodes[-1].name
    return first if first == last else f"{first} ... {last}"
