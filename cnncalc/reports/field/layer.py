"""The receptive field of one layer as a worked report."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analyses.receptive_field import AxisField, Field, fields
from cnncalc.analyses.regions import Region, directly, region
from cnncalc.errors import SpecError
from cnncalc.formats.document import Block, Document, Heading, Paragraph
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Column, Line, Table
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import axis_names
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.reports.field.growth import show_growth
from cnncalc.reports.field.output import draw_reads, show_output
from cnncalc.reports.field.remarks import describe_flaws, describe_gates, describe_no_axes, describe_reason
from cnncalc.reports.field.table import FieldQuery, middle
from cnncalc.text import alike, coordinates, exact, integer


class FieldOfLayer:
    """The field of one layer, and what one of its outputs reads, in the words of a language.

    `asked` is what the user named, the layer or a block that ends with it. `regions` is None where following the
    output takes too long.
    """

    def __init__(self, network: LayerGraph, layer: Layer, query: FieldQuery, asked: str = "") -> None:
        self.network = network
        self.layer = layer
        self.query = query
        self.asked = asked or layer.name
        self.say = Speaker(query.language, "field")
        self.found = fields(network, through_gates=query.through_gates)
        self.fields = self.found.of(layer.name)
        above = _above(network, layer.name)
        self.misalignments = tuple(one for one in self.found.misalignments if one.layer in above)
        self.gates = tuple(one for one in self.found.gates if one.layer in above)
        self.position = middle(layer.output_shape) if query.at is None else query.at[: layer.output_shape.rank]
        self.regions: dict[str, Region] | None = None
        self.directly: dict[str, Region] = {}
        try:
            gates = () if query.through_gates else self.found.gates
            self.regions = region(network, layer.name, self.position, gates)
            self.directly = directly(network, layer.name, self.position)
        except SpecError:
            # The rest of the report does not need it.
            self.regions = None

    @property
    def several(self) -> bool:
        return len(self.network.inputs) > 1

    def name_of(self, name: str) -> str:
        """The name of an input in a slice."""
        return name if self.several else "X"

    def axis(self, name: str, axis: int) -> str:
        return self.say(axis_names(self.found.inputs[name].rank)[axis])

    def axes(self, name: str, group: list[int]) -> str:
        return self.say("comma").join(self.axis(name, axis) for axis in group)


def _strides(axis: AxisField) -> str:
    return ", ".join(map(exact, axis.strides))


def _above(network: LayerGraph, layer: str) -> set[str]:
    """A layer and all layers that it depends on."""
    wanted = {layer}
    for placed in reversed(network.layers):
        if placed.name in wanted:
            wanted.update(placed.inputs)
    return wanted


def field_document(subject: FieldOfLayer) -> Document:
    """The report, with a drawing if requested."""
    say, network, layer = subject.say, subject.network, subject.layer
    blocks: list[Block] = [Heading(say("title_layer", network=network.name, layer=subject.asked), 1)]
    if subject.asked != layer.name:
        blocks.append(Paragraph(say("block_line", block=subject.asked, layer=layer.name)))
    for name, sizes in network.inputs:
        if name not in subject.fields:
            blocks.append(Paragraph(say("nothing", input=name)))
        elif sizes.rank:
            blocks += _show_field(subject, name)
        else:
            blocks.append(Paragraph(describe_no_axes(network, name, say)))
    blocks += map(Paragraph, describe_flaws(subject.misalignments, network, say))
    blocks += map(Paragraph, describe_gates(subject.gates, say, counted=subject.query.through_gates))
    for name in subject.fields:
        blocks += show_growth(subject, name)
    drawings = draw_reads(subject) if subject.query.plot else ()
    return Document((*blocks, *show_output(subject), *drawings), subject.query.language)


def _show_field(subject: FieldOfLayer, name: str) -> Iterator[Block]:
    """Size, stride, start and center on one input."""
    say, own = subject.say, subject.fields[name]
    layer, sizes = subject.layer, subject.found.inputs[name]
    written = shape(sizes) if not subject.several else f"{name} {shape(sizes)}"
    yield Paragraph(say("layer_line", type=layer.type, output=shape(layer.output_shape), input=written))
    if own is None:
        rule = subject.found.missing(layer.name, name)
        yield Paragraph(
            say("nothing", input=name) if rule is None else say("no_rule", reason=describe_reason(rule, say))
        )
        return
    keys = ("axis", "size", "stride", "start", "center", "input_size")
    columns = tuple(Column(key, say(key), numeric=key != "axis") for key in keys)
    groups: dict[tuple[AxisField, int], list[int]] = {}
    for axis, (one, size) in enumerate(zip(own, sizes.spatial, strict=True)):
        groups.setdefault((one, size), []).append(axis)
    lines = []
    for (one, size), group in groups.items():
        numbers = (integer(one.size), _strides(one), integer(one.start), exact(one.center), integer(size))
        lines.append(Line((subject.axes(name, group), *numbers)))
    yield Table("", (), columns, tuple(lines), ())
    yield Paragraph(_describe_field(subject, own, is_shared=subject.found.is_shared(layer.name, name)))


def _describe_field(subject: FieldOfLayer, own: Field, *, is_shared: bool) -> str:
    """The table as sentences."""
    say = subject.say
    uneven = any(axis.period > 1 for axis in own)
    size = "x".join(integer(axis.size) for axis in own)
    size = say("at_most", size=size) if uneven else size
    sentences = []
    if all(axis.strides == (0,) for axis in own):
        sentences.append(say("in_words_no_stride", size=size))
    elif all(axis.stride is not None for axis in own) and subject.layer.output_shape.positions > 1:
        key = "in_words_on_average" if uneven else "in_words"
        sentences.append(say(key, size=size, stride=alike([_strides(axis) for axis in own])))
    else:
        sentences.append(say("in_words_no_stride", size=size))
    if any(axis.strides != (0,) for axis in own):
        lasts = [2 * axis.center - axis.start for axis in own]
        sentences.append(
            say(
                "first_in_words",
                first=coordinates([integer(axis.start) for axis in own]),
                last=coordinates([exact(last) for last in lasts]),
                center=coordinates([exact(axis.center) for axis in own]),
            )
        )
        if any(axis.start < 0 for axis in own):
            sentences.append(say("below_zero"))
    if uneven:
        sentences.append(say("uneven", period=alike([integer(axis.period) for axis in own])))
    whole = all(axis.whole for axis in own)
    if whole and is_shared:
        sentences.append(say("sees_whole" if subject.layer.output_shape.positions > 1 else "one_whole"))
    elif not is_shared:
        sentences.append(say("together_whole" if whole else "together"))
    return say("space").join(sentences)
