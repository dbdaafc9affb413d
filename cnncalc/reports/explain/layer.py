"""The explanation of a layer as a document: formulas with numbers, and comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnncalc.analyses.explanation import Explanation
from cnncalc.analyses.fits import AxisFit
from cnncalc.formats.document import Block, Document, Heading, ListItem, Paragraph, Working
from cnncalc.formats.mathematics import PIECEWISE, letters
from cnncalc.formats.table import Column, Line, Table
from cnncalc.layers.contract import Operations
from cnncalc.layers.shapes import times
from cnncalc.reports.explain.comparisons import (
    compare_groups,
    compare_separable,
    compare_sharing,
    compare_stack,
    show_convolution,
    show_matrices,
)
from cnncalc.reports.explain.rules import show_rules
from cnncalc.reports.explain.wording import LETTERS, ExplanationView, LayerWording, describe_remark
from cnncalc.syntax.expressions import describe
from cnncalc.text import Share, integer, percent

# Those of LETTERS that CS231n's notes also use.
NOTES = {"in_size", "kernel", "stride", "padding"}
OPERATIONS = (*Operations._fields, "flops")
OUTPUTS = ("out_channels", "out_elements", "out_size")
LONGEST_SETTING = 48
INPUT_SYMBOLS = {"all_x": "x"}


def explain_layer(facts: Explanation, view: ExplanationView) -> Document:
    """The explanation of a layer as a document, without empty sections."""
    words = LayerWording(facts, view)
    blocks = [*_introduce(words)]
    for title, write in SECTIONS.items():
        if section := [*write(words)]:
            key = "fit_window" if title == "fit" and words.is_pool else title
            blocks += (Heading(words.say(key)), *section)
    return Document(tuple(blocks), view.language)


def _introduce(words: LayerWording) -> Iterator[Block]:
    """The title, and the layer's inputs and output."""
    say, layer, facts = words.say, words.layer, words.facts
    kind = layer.figures.type
    yield Heading(say("title", layer=layer.name, network=facts.network.name), 1)
    # English describes a type by the first line of its docstring.
    summary = (kind.__doc__ or "").partition("\n\n")[0]
    described = say(term) if (term := f"type_{kind.name}") in say else summary
    yield Paragraph(say("what", type=kind.name, described=described))
    for name, shape in zip(layer.inputs, layer.input_shapes, strict=True):
        yield ListItem("", say("reads", name=name, shape=words.shape(shape)))
    given = words.shape(layer.output_shape)
    if facts.readers:
        yield ListItem("", say("gives", shape=given, readers=say.row(facts.readers)))
    else:
        yield ListItem("", say("gives_out" if layer.name in facts.network.outputs else "gives_nobody", shape=given))
    if layer.training_only:
        yield Paragraph(say("inside_training"))
    if layer.frozen:
        yield Paragraph(say("inside_frozen"))


def _list_remarks(words: LayerWording) -> Iterator[Block]:
    for remark in words.facts.remarks:
        yield Paragraph(describe_remark(remark, words.say, axes=words.axes(words.facts.axes)))
        if remark.formula:
            names = {**INPUT_SYMBOLS, PIECEWISE: words.say.sentences["piecewise"]}
            yield Working(words.say("function"), remark.formula, remark.values, names=names)


def _derive_sizes(words: LayerWording) -> Iterator[Block]:
    say, layer = words.say, words.layer
    derived = [one for one in words.facts.derivations if one.key in OUTPUTS]
    yield from map(words.work_out, derived)
    known = {name: letter for one in derived for name, letter in letters(one.formula, LETTERS).items()}
    if known and any(one.key == "out_size" for one in derived):
        named = (f"{letter.replace('_', '')} {words.symbol(name)}" for name, letter in known.items())
        key = "letters_of_notes" if known.keys() <= NOTES else "letters"
        yield Paragraph(say(key, letters=say("comma").join(named)))
    sizes = layer.output_shape.spatial
    kept = sizes and any(shape.spatial == sizes for shape in layer.input_shapes)
    if kept and not any(one.key in ("out_size", "out_elements") for one in derived):
        yield Paragraph(say("same_size", axes=words.axes(words.facts.axes), sizes=times(sizes)))


def _derive_weights(words: LayerWording) -> Iterator[Block]:
    say, layer = words.say, words.layer
    shapes = {weight.name: times(weight.shape) for weight in layer.weights}
    for one in words.facts.derivations:
        if one.key in shapes or one.key == "params":
            yield words.work_out(one, f"{one.key} ({shapes[one.key]})" if one.key in shapes else "")
    if layer.frozen:
        yield Paragraph(say("frozen", buffers=integer(layer.figures.buffers)))
    elif layer.figures.buffers:
        yield Paragraph(say("buffers", buffers=integer(layer.figures.buffers)))
    if layer.weights_from:
        yield Paragraph(say("tied", owner=layer.weights_from))


def _derive_work(words: LayerWording) -> Iterator[Block]:
    return (words.work_out(one) for one in words.facts.derivations if one.key in OPERATIONS)


def _show_share(words: LayerWording) -> Iterator[Block]:
    say, layer, whole = words.say, words.layer, words.facts.totals
    if layer.training_only:
        return
    if not layer.params and not layer.macs and not layer.weights_from:
        none = [say("no_weights")] if not layer.weights else []
        if not layer.flops:
            none.append(say("no_operations"))
        elif whole.macs:
            none.append(say("no_macs", macs=integer(whole.macs)))
        if none:
            yield Paragraph(say("space").join(none))
        return
    for key, part, total in (("params", layer.params, whole.params), ("macs", layer.macs, whole.macs)):
        if part:
            numbers = {key: integer(part), "whole": integer(total), "percent": percent(Share(part, total))}
            most = say("most") if words.facts.ranks[key] == 1 and part < total else ""
            yield words.point(say("parameters" if key == "params" else "macs"), say(f"share_{key}", **numbers) + most)


def _show_fits(words: LayerWording) -> Iterator[Block]:
    alike: dict[AxisFit, list[str]] = {}
    for fit in words.facts.fits:
        alike.setdefault(fit._replace(axis=""), []).append(fit.axis)
    for fit, axes in alike.items():
        yield words.point(words.say("along", axes=words.axes(axes)), _describe_fit(fit, words))


def _describe_fit(fit: AxisFit, words: LayerWording) -> str:
    say, window = words.say, fit.window
    parts = []
    if fit.lost and not fit.between:
        parts.append(say("lost_one" if fit.lost == 1 else "lost", lost=fit.lost, size=integer(fit.size)))
    if fit.uneven:
        parts.append(say("asymmetric", before=window.before, after=window.after))
    if fit.unused:
        parts.append(say("unused", before=window.before, after=window.after - fit.unused))
    if fit.between:
        key = "between_one" if fit.between == 1 else "between"
        parts.append(say(key, between=fit.between, stride=window.stride))
    if fit.beyond:
        parts.append(say("beyond", beyond=fit.beyond))
    ways = [_describe_remedy(setting, values, words) for setting, values in fit.remedies]
    if ways:
        joined = ways[0] if len(ways) == 1 else say("or", first=say("comma").join(ways[:-1]), second=ways[-1])
        is_choice = len(ways) > 1 or any(len(values) > 1 for setting, values in fit.remedies if setting != "padding")
        key = "remedy_even" if fit.uneven else "remedies" if is_choice else "remedy"
        parts.append(say(key, remedies=joined))
    return say("semicolon").join(parts)


def _describe_remedy(setting: str, values: tuple[int, ...], words: LayerWording) -> str:
    """A setting with suggested values; a padding may have two sides."""
    say = words.say
    if setting == "padding" and len(values) == 2:
        return say("with_sides", before=values[0], after=values[1])
    value = integer(values[0])
    if len(values) == 2:
        value = say("or_value", first=value, second=integer(values[1]))
    return say("with_window" if setting == "kernel" and words.is_pool else f"with_{setting}", value=value)


def _show_origin(words: LayerWording) -> Iterator[Block]:
    say, span, origin = words.say, words.layer.span, words.facts.origin
    place = (
        say("place", line=span.line, file=span.file)
        if span.line
        else say("place_of_node", file=span.file, node=span.node)
    )
    yield Paragraph(place)
    for group in origin.blocks:
        given = ", ".join(f"{key}={_cut(_write_setting(value))}" for key, value in group.arguments)
        key = "branch" if group.kind in ("branch", "layers") else "block"
        yield ListItem("", say(key, name=group.name, block=group.kind, arguments=given, line=group.span.line))
    if origin.settings:
        columns = tuple(Column(key, say(key)) for key in ("setting", "value", "written"))
        lines = (
            Line((one.name, _cut(_write_setting(one.value)), say("default") if one.is_default else _cut(one.written)))
            for one in origin.settings
        )
        yield Table("", (), columns, tuple(lines), ())


def _write_setting(value: object) -> str:
    """A setting's value in the notation of specs."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_write_setting, value))}]"
    if value is None:
        return "-"
    return value if isinstance(value, str) else describe(value)  # type: ignore[arg-type]  # decoded settings are values


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SETTING else f"{text[: LONGEST_SETTING - 3]}..."


# The sections by the keys of their titles.
SECTIONS: dict[str, Callable[[LayerWording], Iterator[Block]]] = {
    "remarks": _list_remarks,
    "sizes": _derive_sizes,
    "weights": _derive_weights,
    "work": _derive_work,
    "rules": show_rules,
    "share": _show_share,
    "sharing": compare_sharing,
    "groups": compare_groups,
    "separable": compare_separable,
    "stack": compare_stack,
    "im2col": show_matrices,
    "convolution": show_convolution,
    "fit": _show_fits,
    "settings": _show_origin,
}
