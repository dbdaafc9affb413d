"""Receptive fields as a table of layers, and as a report of one layer."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import chain, pairwise
from math import prod
from typing import Any

from cnncalc import limits
from cnncalc.analyses.receptive_field import (
    CENTER,
    DILATED_SIZE,
    MOST_STRANDS,
    SIZE,
    START,
    STRIDE,
    AxisField,
    Field,
    Fields,
    Flaw,
    Gate,
    Misalignment,
    NoRule,
    Number,
    Path,
    fields,
    on_the_way,
)
from cnncalc.analyses.regions import Region, Runs, directly, region
from cnncalc.analyses.tree import Node, Row, tree
from cnncalc.errors import SpecError
from cnncalc.formats.document import Block, Document, Drawing, Heading, ListItem, Paragraph, Working
from cnncalc.formats.shapes import shape, window
from cnncalc.formats.table import Cell, Column, Line, Table
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import POINT, Shape, SlidingWindow, axis_names
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import Record
from cnncalc.reports import field_plot
from cnncalc.reports.network_table import ALL, describe_inputs, name_rows, select_rows
from cnncalc.reports.summary import FIELD_CELLS
from cnncalc.text import Share, alike, coordinates, exact, integer

MOST_ROWS = 30
# On longer paths, consecutive equal layers become one line.
MOST_STEPS = 40
# If there are more lines, those in the middle become one.
MOST_RUNS = 60
MANY_PATHS = 1_000_000


class Options(Record):
    """The options of a report. `every` has a row for each layer; `depth` 0 folds automatically.

    `at` is a position of the output, None for the middle one; a channel may follow it, although all channels
    read the same.
    """

    through_gates: bool = False
    language: str = "en"
    every: bool = False
    depth: int = 0
    at: tuple[int, ...] | None = None
    plot: bool = False


def strides(axis: AxisField) -> str:
    return ", ".join(map(exact, axis.strides))


# --- the table ------------------------------------------------------------------------------------


def table(network: LayerGraph, options: Options) -> Table:
    """The layers that change the field, with their fields."""
    say = Speaker(options.language, "field")
    found = fields(network, through_gates=options.through_gates)
    main = on_the_way(network, () if options.through_gates else found.gates)
    changing = {layer.name for layer in network.layers if options.every or changes(network, found, layer)}
    kept = changing if options.every else changing & main
    root = tree(network)
    ends = _ends(root)
    _prune(root, kept)
    shown = select_rows(root, options.depth or (ALL if options.every else 0), MOST_ROWS)
    several = len(network.inputs) > 1
    named = name_rows(shown, joins_single_parts=True)
    lines = [line for row, name, level in named for line in _lines(row, level, name, found, ends)]
    columns = [
        Column("name", say("layer")),
        Column("type", say("type"), drop=3),
        Column("output", say("output"), drop=2),
    ]
    columns += [Column("input", say("of"))] if several else []
    columns += [Column(key, say(key), numeric=True) for key in ("size", "stride", "start", "center")]
    columns.append(Column("sees", say("sees"), numeric=True, drop=1))
    means = ("size", "stride", "start", "center", "sees") if lines else ()
    notes = [(say(key), say(f"means_{key}")) for key in means]
    notes += [("", words) for words in _remarks(network, found, main, say)]
    if any(row.folded for row in shown):
        folded = say("folded", changing=len(kept), layers=len(network.layers), rows=len(lines))
        notes.append(("", folded))
    elif not options.every and lines:
        notes.append(("", say("left_out_layers", rows=len(kept), layers=len(network.layers))))
    elif not options.every and any(sizes.rank for _, sizes in network.inputs):
        notes.append(("", say("nothing_changes")))
    header = tuple(
        words for words in (network.source, say("input_line", inputs=describe_inputs(network, row=say.row))) if words
    )
    title = say("title", network=network.name)
    left_out = say("left_out", columns="{columns}")
    return Table(title, header, tuple(columns), tuple(lines), tuple(notes), left_out, options.language)


def changes(network: LayerGraph, found: Fields, layer: Layer) -> bool:
    """Whether a layer's field differs from that of each of its inputs."""
    known = dict(network.inputs)
    own = found.of(layer.name)
    for source in layer.inputs:
        if source in known:
            # The field of an input itself: each of its positions.
            before: dict[str, Field | None] = {source: _of_input(known[source])}
        else:
            before = found.of(source)
        if _plain(before) == _plain(own):
            return False
    return True


def _of_input(sizes: Shape) -> Field:
    return tuple(AxisField(1, (1,), 0, 0, 1, whole=size == 1) for size in sizes.spatial)


def _plain(one: dict[str, Field | None]) -> dict[str, Any]:
    """Fields without figures that depend only on the number of outputs."""
    return {name: field and tuple(axis._replace(whole=False) for axis in field) for name, field in one.items()}


def _ends(root: Node) -> dict[str, Layer]:
    """The last layer of each block by the block's name; for a layer, the layer itself."""
    ends: dict[str, Layer] = {}

    def end(node: Node) -> Layer | None:
        last = node.layer
        for child in node.children:
            last = end(child) or last
        if last is not None:
            ends[node.name] = last
        return last

    end(root)
    return ends


def _prune(node: Node, kept: set[str]) -> bool:
    """Remove layers that are not kept, and empty blocks, from a tree. Returns whether anything is left."""
    node.children = [child for child in node.children if _prune(child, kept)]
    return bool(node.children) or (node.layer is not None and node.layer.name in kept)


def _lines(row: Row, indent: int, name: str, found: Fields, ends: dict[str, Layer]) -> Iterator[Line]:
    """The lines of a row: one for each input on which its layer, or its block's last layer, depends."""
    node, several = row.node, len(found.inputs) > 1
    if node.layer is None and not row.folded:
        yield Line((name, node.kind, *(None,) * (7 + several - 1)), indent, heading=True, faint=node.training_only)
        return
    layer = ends[row.last.name] if row.folded else node.layer
    if layer is None:
        return
    own = found.of(layer.name)
    for position, (of, field) in enumerate((own or {"": None}).items()):
        start: tuple[Cell, ...] = (name, node.kind, shape(layer.output_shape)) if position == 0 else ("", "", "")
        cells = (*start, *((of,) if several else ()), *_cells(layer, field, found, of))
        yield Line(cells, indent, faint=node.training_only)


def _cells(layer: Layer, field: Field | None, found: Fields, of: str) -> tuple[Cell, ...]:
    if not field:
        return (None,) * 5
    return (
        *(cell(field) for cell in FIELD_CELLS.values()),
        _seen(layer, found, of),
    )


def _seen(layer: Layer, found: Fields, of: str) -> Share | None:
    """The share of an input in the field of the middle output."""
    sizes = found.inputs[of].spatial
    seen = []
    for end, size in zip(found.extent(layer.name, of, middle(layer.output_shape)), sizes, strict=True):
        seen.append(0 if end is None else max(min(end[1], size - 1) - max(end[0], 0) + 1, 0))
    return Share(prod(seen), prod(sizes))


def middle(output: Shape) -> tuple[int, ...]:
    """The middle position, or the first of two."""
    return tuple((size - 1) >> 1 for size in output.spatial)


# --- notes ----------------------------------------------------------------------------------------


def _remarks(network: LayerGraph, found: Fields, main: set[str], say: Speaker) -> Iterator[str]:
    for name, sizes in network.inputs:
        if not sizes.rank:
            yield _no_axes(network, name, say)
    first = _whole_from(network, found, main)
    if first is not None:
        yield say("whole_from", layer=first)
    every = ((layer, name) for layer in network.layers for name in found.strands[layer.name])
    unruled = next(((layer.name, rule) for layer, name in every if (rule := found.missing(layer.name, name))), None)
    if unruled is not None:
        yield say("no_rule_from", layer=unruled[0], reason=_reason(unruled[1], say))
    maps = (layer.name for layer in network.layers if layer.output_shape.positions > 1)
    apart = next((name for name in maps if not _is_shared(found, name)), None)
    if apart is not None:
        yield say("channels_apart", layer=apart)
    yield from _flaws(found.misalignments, network, say)
    yield from _gates(found.gates, say, counted=found.through_gates)


def _reason(rule: NoRule, say: Speaker) -> str:
    """The reason why there is no rule, as a text."""
    bounds = limits.current()
    return say(f"no_rule_{rule.name}", strides=MOST_STRANDS, number=integer(bounds.number), work=integer(bounds.work))


def _is_shared(found: Fields, layer: str) -> bool:
    """Whether all channels of a layer's output depend on the same positions of every input."""
    return all(found.is_shared(layer, name) for name in found.strands[layer])


def _no_axes(network: LayerGraph, name: str, say: Speaker) -> str:
    return say("no_axes", input=say("the_input_of" if len(network.inputs) > 1 else "the_input", input=name))


def _whole_from(network: LayerGraph, found: Fields, main: set[str]) -> str | None:
    """The first layer from which on every output sees all inputs completely, along the main path."""
    first = None
    for layer in network.layers:
        if layer.name in main and not layer.training_only:
            every = found.of(layer.name).values()
            whole = bool(every) and all(field and all(axis.whole for axis in field) for field in every)
            whole = whole and _is_shared(found, layer.name)
            first = (first or layer.name) if whole else None
    return first


def _flaws(misalignments: tuple[Misalignment, ...], network: LayerGraph, say: Speaker) -> Iterator[str]:
    """Each kind of misalignment once, at the worst join, with the number of joins that have it."""
    for flaw in Flaw:
        kind = [one for one in misalignments if one.flaw is flaw]
        if not kind:
            continue
        worst = max(kind, key=lambda one: one.numbers)
        rank = dict(network.inputs)[worst.input].rank
        same = [one for one in kind if one.layer == worst.layer and one.numbers == worst.numbers]
        axes = say.join([say(axis_names(rank)[axis]) for axis in sorted({one.axis for one in same})])
        numbers = say.join(list(map(exact, worst.numbers)))
        others = len({one.layer for one in kind}) - 1
        where = say("of_several", layer=worst.layer, count=others) if others else worst.layer
        yield say(f"flaw_{flaw.name}", layer=where, numbers=numbers, axis=axes)


def _gates(gates: tuple[Gate, ...], say: Speaker, *, counted: bool) -> Iterator[str]:
    if gates:
        key = "gates_counted" if counted else "gates" if len(gates) > 1 else "one_gate"
        yield say(key, count=len(gates), source=gates[0].source, layer=gates[0].layer)


def above(network: LayerGraph, layer: str) -> set[str]:
    """A layer and all layers that it depends on."""
    wanted = {layer}
    for placed in reversed(network.layers):
        if placed.name in wanted:
            wanted.update(placed.inputs)
    return wanted


# --- one layer ------------------------------------------------------------------------------------


class Report:
    """The report of one layer; `asked` is the given name, of the layer or of a block that ends with it."""

    def __init__(self, network: LayerGraph, layer: Layer, options: Options, asked: str = "") -> None:
        self.network = network
        self.layer = layer
        self.options = options
        self.asked = asked or layer.name
        self.say = Speaker(options.language, "field")
        self.found = fields(network, through_gates=options.through_gates)
        self.fields = self.found.of(layer.name)
        rank = layer.output_shape.rank
        self.position = middle(layer.output_shape) if options.at is None else options.at[:rank]
        gates = () if options.through_gates else self.found.gates
        self.regions: dict[str, Region] | None = None
        try:
            self.regions = region(network, layer.name, self.position, gates)
            self.directly = directly(network, layer.name, self.position)
        except SpecError:
            # The rest of the report does not need it.
            self.regions = None
        self.sign = "×"

    # Shared by several blocks.

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

    # The blocks.

    def document(self) -> Document:
        """The report, with a drawing if requested."""
        say = self.say
        blocks: list[Block] = [Heading(say("title_layer", network=self.network.name, layer=self.asked), 1)]
        if self.asked != self.layer.name:
            blocks.append(Paragraph(say("block_line", block=self.asked, layer=self.layer.name)))
        for name, sizes in self.network.inputs:
            if name in self.fields and sizes.rank:
                blocks += self.field(name)
            else:
                known = name in self.fields
                blocks.append(Paragraph(_no_axes(self.network, name, say) if known else say("nothing", input=name)))
        names = above(self.network, self.layer.name)
        flaws = tuple(one for one in self.found.misalignments if one.layer in names)
        gates = tuple(one for one in self.found.gates if one.layer in names)
        remarks = [*_flaws(flaws, self.network, say), *_gates(gates, say, counted=self.options.through_gates)]
        blocks += map(Paragraph, remarks)
        for name in self.fields:
            blocks += self.growth(name)
        drawings = self.drawings() if self.options.plot else ()
        return Document((*blocks, *self.output(), *drawings), self.options.language)

    def field(self, name: str) -> Iterator[Block]:
        """Size, stride, start and center on one input."""
        say, own = self.say, self.fields[name]
        layer, sizes = self.layer, self.found.inputs[name]
        written = shape(sizes) if not self.several else f"{name} {shape(sizes)}"
        yield Paragraph(say("layer_line", type=layer.type, output=shape(layer.output_shape), input=written))
        if own is None:
            rule = self.found.missing(layer.name, name)
            yield Paragraph(say("nothing", input=name) if rule is None else say("no_rule", reason=_reason(rule, say)))
            return
        keys = ("axis", "size", "stride", "start", "center", "input_size")
        columns = tuple(Column(key, say(key), numeric=key != "axis") for key in keys)
        groups: dict[tuple[AxisField, int], list[int]] = {}
        for axis, (one, size) in enumerate(zip(own, sizes.spatial, strict=True)):
            groups.setdefault((one, size), []).append(axis)
        lines = []
        for (one, size), group in groups.items():
            numbers = (integer(one.size), strides(one), integer(one.start), exact(one.center), integer(size))
            lines.append(Line((self.axes(name, group), *numbers)))
        yield Table("", (), columns, tuple(lines), ())
        yield Paragraph(self.in_words(own, is_shared=self.found.is_shared(layer.name, name)))

    def in_words(self, own: Field, *, is_shared: bool) -> str:
        """The table as sentences."""
        say = self.say
        uneven = any(axis.period > 1 for axis in own)
        size = "x".join(integer(axis.size) for axis in own)
        size = say("at_most", size=size) if uneven else size
        sentences = []
        if all(axis.strides == (0,) for axis in own):
            sentences.append(say("in_words_no_stride", size=size))
        elif all(axis.stride is not None for axis in own) and self.layer.output_shape.positions > 1:
            key = "in_words_on_average" if uneven else "in_words"
            sentences.append(say(key, size=size, stride=alike([strides(axis) for axis in own])))
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
            sentences.append(say("sees_whole" if self.layer.output_shape.positions > 1 else "one_whole"))
        elif not is_shared:
            sentences.append(say("together_whole" if whole else "together"))
        return say("space").join(sentences)

    def growth(self, name: str) -> Iterator[Block]:
        """The growth of the field along the widest path."""
        say, own = self.say, self.fields[name]
        if not own:
            return
        paths = [self.found.path(self.layer.name, name, axis) for axis in range(len(own))]
        groups: dict[tuple[Any, ...], list[int]] = {}
        for axis, path in enumerate(paths):
            key = tuple(
                (step.layer.name if step.layer else "", step.reach, self.window(step, axis)) for step in path.steps()
            )
            groups.setdefault(key, []).append(axis)
        for group in groups.values():
            title = (
                say("grows")
                if len(groups) == 1
                else say("grows_along", axis=say.join([self.axis(name, axis) for axis in group]))
            )
            if self.several:
                title = f"{title} ({name})"
            yield Heading(title)
            path, axis = paths[group[0]], group[0]
            steps = path.steps()
            if not steps:
                yield Paragraph(say("nothing_grows"))
                continue
            workings = self.workings(steps[-1], axis) if 0 in group else []
            if workings:
                dilated = (
                    isinstance(own_window := self.window(steps[-1], axis), SlidingWindow) and own_window.dilation > 1
                )
                yield Paragraph(
                    say(
                        "symbols_dilated" if dilated else "symbols",
                        layer=steps[-1].layer.name if steps[-1].layer else "",
                    )
                )
                yield from workings
            count = self.found.paths[self.layer.name][name]
            words = say("one_path")
            if count != 1:
                many = say("many_paths") if count is None or count > MANY_PATHS else integer(count)
                words = say("widest", paths=many)
            yield Paragraph(words)
            yield self.steps(steps, axis, name)
            if path.reach.size < own[axis].size:
                yield Paragraph(say("union_wider", size=integer(own[axis].size), path=integer(path.reach.size)))

    def window(self, step: Path, axis: int) -> Any:
        """The window of a step along an axis, if it is a sliding kernel."""
        layer = step.layer
        if layer is None:
            return None
        readings = layer.figures.type.readings(layer.input_shapes, layer.output_shape)
        windows = readings[0].windows
        return windows[axis] if len(readings) == 1 and axis < len(windows) else None

    def workings(self, step: Path, axis: int) -> list[Working]:
        """The formulas with the numbers of one step; empty if they do not fully describe it."""
        slid = self.window(step, axis)
        before = step.before
        if not isinstance(slid, SlidingWindow) or before is None or before.reach.period > 1 or None in step.reach.lows:
            return []
        start, after = before.reach.at(0), step.reach.at(0)
        if start is None or after is None:
            return []
        values: dict[str, Any] = {
            "size": before.reach.size,
            "stride": before.reach.stride,
            "start": start[0],
            "kernel": slid.kernel,
            "step": slid.stride,
            "before": slid.before,
            "dilation": slid.dilation,
        }
        names = {
            "size": "r_0", "stride": "j_0", "start": "s_0", "kernel": "F", "step": "S", "before": "P", "dilation": "D",
        }  # fmt: skip
        own = {"size": step.reach.size, "start": after[0]}
        say = self.say
        return [
            Working(
                say("symbol_size"),
                SIZE if slid.dilation == 1 else DILATED_SIZE,
                values,
                integer(step.reach.size),
                names,
            ),
            Working(say("symbol_stride"), STRIDE, values, exact(step.reach.stride), names),
            Working(say("symbol_start"), START, values, integer(after[0]), names),
            Working(
                say("symbol_center"), CENTER, own, exact(_whole(Fraction(sum(after), 2))), {"size": "r", "start": "s"}
            ),
        ]

    def steps(self, steps: list[Path], axis: int, name: str) -> Table:
        """The layers of a path with the growth of each."""
        say = self.say
        keys = ("layer", "window", "adds", "size", "stride", "start")
        columns = tuple(Column(key, say(key), numeric=key not in keys[:2], drop=key == "window") for key in keys)
        runs = [[step] for step in steps]
        if len(steps) > MOST_STEPS:
            runs = _runs(steps, lambda step: (step.layer and step.layer.type, self.window(step, axis)))
        if len(runs) > MOST_RUNS:
            half = MOST_RUNS >> 1
            runs = [*runs[:half], list(chain.from_iterable(runs[half:-half])), *runs[-half:]]
        lines = [Line((say("input") if not self.several else name, "", "", "1", "1", "0"))]
        lines += [self.step(run, axis) for run in runs]
        return Table("", (), columns, tuple(lines), (), say("left_out", columns="{columns}"))

    def step(self, run: list[Path], axis: int) -> Line:
        """The growth by one layer, or by several of one kind."""
        say, last = self.say, run[-1]
        layer, before = last.layer, run[0].before
        if layer is None or before is None:
            raise TypeError("an input is no step")
        name = layer.name
        if len(run) > 1 and run[0].layer is not None:
            name = say("to", first=run[0].layer.name, last=layer.name, count=len(run))
        slid = self.window(last, axis)
        more = last.reach.size - before.reach.size
        adds = integer(more) if more > 0 else ""
        if (
            isinstance(slid, SlidingWindow)
            and len(run) == 1
            and more == (slid.extent - 1) * before.reach.stride
            and more
        ):
            adds = f"{slid.extent - 1} {self.sign} {exact(before.reach.stride)} = {integer(more)}"
        start = last.reach.at(0)
        numbers = (integer(last.reach.size), exact(last.reach.stride), integer(start[0]) if start else "")
        windows = layer.figures.type.windows(layer.input_shapes) if "kernel" in layer.settings else ()
        whole = not last.reach.advance and last.reach.period == 1 and slid != POINT
        one_window = len({self.window(step, axis) for step in run}) == 1
        slides = say("reads_whole") if whole else window(windows) if one_window else ""
        return Line((name, slides, adds, *numbers))

    # One output.

    def output(self) -> Iterator[Block]:
        """The inputs of one output."""
        say = self.say
        if not any(sizes.rank for _, sizes in self.network.inputs):
            return
        position = ",".join(map(str, self.options.at or self.position))
        yield Heading(say("output_at", position=position) if position else say("at_vector"))
        if self.regions is None:
            yield Paragraph(say("reads_too_long", work=integer(limits.current().work)))
            return
        for name, sizes in self.network.inputs:
            if name in self.fields and sizes.rank:
                yield from self.reads(name, self.regions[name])
        for source, read in self.directly.items():
            itself = read.boxes == (tuple(((place, place),) for place in self.position),)
            if source not in self.found.inputs and read.shape.rank and read.boxes and not itself:
                yield ListItem(say("directly", source=source), self.slices("A", read), say("colon"))

    def reads(self, name: str, read: Region) -> Iterator[Block]:
        """The positions that an output reads of one input, and those in the padding."""
        say = self.say
        if not read.boxes:
            yield Paragraph(say("reads_nothing", input=name))
            return
        extents = self.found.extent(self.layer.name, name, self.position)
        for axis, size in enumerate(read.shape.spatial):
            text = self.run(read.along(axis), size)
            end = extents[axis]
            beyond = [] if end is None else outside(end, size)
            if beyond:
                ends = ((integer(start), integer(stop)) for start, stop in beyond)
                parts = [start if start == stop else say("range", first=start, last=stop) for start, stop in ends]
                text += say("in_padding", parts=say.join(parts))
            where = self.axis(name, axis)
            yield ListItem(say.row([name, where]) if self.several else where, text, say("colon"))
        yield ListItem(say("slice"), self.slices(self.name_of(name), read), say("colon"))
        if not read.exact:
            yield Paragraph(say("reads_at_most"))

    def run(self, runs: Runs, size: int) -> str:
        """A description of the positions along one axis."""
        first, last, step, count = progression(runs)
        numbers = {"first": first, "last": last, "step": step, "count": count, "size": size}
        values = {key: integer(value) for key, value in numbers.items()}
        if count == size:
            return self.say("reads_all", **values)
        if count == 1:
            return self.say("reads_one", **values)
        return self.say("reads" if step == 1 else "reads_steps" if step else "reads_holes", **values)

    def slices(self, name: str, read: Region) -> str:
        """A region as a slice of NumPy."""
        say = self.say
        hwc, chw = slices(name, read)
        if read.whole:
            return say("slice_whole", slices=hwc)
        text = say("slices", hwc=hwc, chw=chw)
        if any(not progression(read.along(axis))[2] for axis in range(read.shape.rank)):
            return say("slice_hull", slices=text)
        return say("slice_boxes", slices=text) if len(read.boxes) > 1 else text

    def drawings(self) -> Iterator[Drawing]:
        """A drawing of the positions that the output reads of each input."""
        for name, sizes in self.network.inputs:
            if self.regions is not None and name in self.fields and sizes.rank:
                yield Drawing(partial(self.draw, name))

    def draw(self, name: str, width: int, ascii_only: bool) -> Iterator[str]:  # noqa: FBT001 - as a drawing is called
        """The lines of the drawing of one input, its title first."""
        extents = self.found.extent(self.layer.name, name, self.position)
        yield self.say("plot_title_of" if self.several else "plot_title", input=name)
        try:
            with limits.counted():
                read = (self.regions or {})[name]
                drawn = list(field_plot.draw(read, extents, self.say, width=width, ascii_only=ascii_only))
        except SpecError:
            drawn = [self.say("drawing_too_long", work=integer(limits.current().work))]
        yield from drawn


def _whole(value: Fraction) -> Number:
    return value.numerator if value.denominator == 1 else value


def _runs(steps: list[Path], key: Any) -> list[list[Path]]:
    """Consecutive equal steps, grouped."""
    runs: list[list[Path]] = []
    for step in steps:
        if runs and key(runs[-1][-1]) == key(step) and runs[-1][-1].reach.stride == step.reach.stride:
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def outside(end: tuple[int, int], size: int) -> list[tuple[int, int]]:
    """The parts of a field before and after the input."""
    first, last = end
    before = [(first, min(last, -1))] if first < 0 else []
    return before + ([(max(first, size), last)] if last >= size else [])


def progression(runs: Runs) -> tuple[int, int, int, int]:
    """First, last, step and count of positions; step 0 if they are not evenly spaced."""
    first, last = runs[0][0], runs[-1][1]
    count = sum(stop - start + 1 for start, stop in runs)
    if len(runs) == 1:
        return first, last, 1, count
    gaps = {two[0] - one[0] for one, two in pairwise(runs)}
    even = len(gaps) == 1 and all(start == stop for start, stop in runs)
    return first, last, gaps.pop() if even else 0, count


def slices(name: str, read: Region) -> tuple[str, str]:
    """The smallest slice that contains a region, with channels last and first."""
    axes = []
    for axis, size in enumerate(read.shape.spatial):
        first, last, step, count = progression(read.along(axis))
        stepped = f":{step}" if step > 1 else ""
        axes.append(":" if count == size else f"{first}:{last + 1}{stepped}")
    return f"{name}[{', '.join([*axes, ':'])}]", f"{name}[{', '.join([':', *axes])}]"
