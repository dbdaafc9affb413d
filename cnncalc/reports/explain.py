"""The explanation of a layer as a document: formulas with numbers, and comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from cnncalc.analyses.explanation import AxisFit, Derivation, Explanation
from cnncalc.analyses.sharing import Counts, ExactRatio
from cnncalc.formats.document import Block, Document, Heading, ListItem, Paragraph, Working
from cnncalc.formats.json import dumps
from cnncalc.formats.mathematics import PIECEWISE, Factors, Number, letters
from cnncalc.formats.table import Column, Line, Table
from cnncalc.languages import Speaker
from cnncalc.layers.contract import Matrices, Remark, Role
from cnncalc.layers.shapes import DTYPES, Shape, SlidingWindow, times
from cnncalc.record import Record
from cnncalc.syntax.expressions import Value, describe
from cnncalc.text import Share, integer, number, percent, size

VERSION = 1
# The letters of lecture notes in the output-size formula.
LETTERS = {
    "in_size": "W",
    "kernel": "F",
    "stride": "S",
    "padding": "P",
    "before": "P_1",
    "after": "P_2",
    "dilation": "D",
    "output_padding": "A",
}
# The letters of CS231n's notes.
NOTES = {"in_size", "kernel", "stride", "padding"}
OPERATIONS = ("multiply_accumulates", "adds", "multiplies", "divides", "compares", "exponentials", "flops")
OUTPUTS = ("out_channels", "out_elements", "out_size")
LONGEST_SETTING = 48


class Options(Record):
    """The options of an explanation."""

    language: str = "en"
    dtype: str = "float32"


def explanation(facts: Explanation, options: Options) -> Document:
    """The explanation of a layer as a document."""
    return Document(tuple(_Writer(facts, options).blocks()), options.language)


class _Writer:
    """Writes an explanation section by section, without empty sections."""

    def __init__(self, facts: Explanation, options: Options) -> None:
        self.facts = facts
        self.layer = facts.layer
        self.options = options
        self.say = Speaker(options.language, "explain")

    def blocks(self) -> Iterator[Block]:
        say, kind = self.say, self.layer.figures.type
        yield Heading(say("title", layer=self.layer.name, network=self.facts.network.name), 1)
        # English describes a type by the first line of its docstring.
        summary = (kind.__doc__ or "").partition("\n\n")[0]
        described = say(term) if (term := f"type_{kind.name}") in say else summary
        yield Paragraph(say("what", type=kind.name, described=described))
        yield from self.ends()
        sections = (
            ("remarks", self.remarks()),
            ("sizes", self.output()),
            ("weights", self.weights()),
            ("work", self.work()),
            ("share", self.share()),
            ("sharing", self.sharing()),
            ("groups", self.grouping()),
            ("separable", self.separable()),
            ("stack", self.stack()),
            ("im2col", self.matrices()),
            ("convolution", self.convolution()),
            ("fit_window" if self.is_pool else "fit", self.fits()),
            ("settings", self.origin()),
        )
        for title, section in sections:
            blocks = list(section)
            if blocks:
                yield Heading(say(title))
                yield from blocks

    @property
    def is_pool(self) -> bool:
        """Whether the kernel is a pooling window, which has no filters."""
        return self.layer.figures.type.role in (Role.MAX_POOL, Role.AVERAGE_POOL)

    def point(self, label: str, text: str) -> ListItem:
        return ListItem("", self.say("labeled", label=label, text=text))

    # --- input, output, origin --------------------------------------------------------------------

    def shape(self, shape: Shape) -> str:
        if not shape.rank:
            return self.say("shape_vector", size=integer(shape.channels))
        return str(shape)

    def ends(self) -> Iterator[Block]:
        say, layer = self.say, self.layer
        for name, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            yield ListItem("", say("reads", name=name, shape=self.shape(shape)))
        given = self.shape(layer.output_shape)
        if self.facts.readers:
            yield ListItem("", say("gives", shape=given, readers=say.row(self.facts.readers)))
        elif layer.name in self.facts.network.outputs:
            yield ListItem("", say("gives_out", shape=given))
        else:
            yield ListItem("", say("gives_nobody", shape=given))
        if layer.training_only:
            yield Paragraph(say("inside_training"))

    def origin(self) -> Iterator[Block]:
        say, span = self.say, self.layer.span
        yield Paragraph(say("place", line=span.line, file=span.file))
        for group in self.facts.origin.blocks:
            given = ", ".join(f"{key}={_cut(_setting(value))}" for key, value in group.arguments)
            key = "block" if group.kind not in ("branch", "layers") else "branch"
            yield ListItem("", say(key, name=group.name, block=group.kind, arguments=given, line=group.span.line))
        settings = self.facts.origin.settings
        if settings:
            columns = (
                Column("setting", say("setting")),
                Column("value", say("value")),
                Column("written", say("written")),
            )
            lines = (
                Line((one.name, _cut(_setting(one.value)), say("default") if one.is_default else _cut(one.written)))
                for one in settings
            )
            yield Table("", (), columns, tuple(lines), ())

    # --- formulas ---------------------------------------------------------------------------------

    def working(self, derivation: Derivation, quantity: str = "") -> Working:
        """A derivation with symbols in the reader's language, and positions as products."""
        known = letters(derivation.formula, LETTERS)
        names = known or {name: self.symbol(name) for name in derivation.values}
        factors = self.factors()
        values: dict[str, Number] = {
            name: factors[name] if _is_product(factors.get(name), value) else value
            for name, value in derivation.values.items()
        }
        return Working(quantity or self.quantity(derivation), derivation.formula, values, _result(derivation), names)

    def symbol(self, name: str) -> str:
        key = f"symbol_{'macs' if name == 'multiply_accumulates' else name}"
        if name == "in_channels" and not self.layer.input_shapes[0].rank:
            key = "symbol_in_features"
        if self.is_pool:
            key = key.replace("symbol_kernel", "symbol_window")
        return self.say(key) if key in self.say else name

    def factors(self) -> dict[str, Factors]:
        """The numbers of the formulas that are products of sizes."""
        image, output = self.layer.input_shapes[0], self.layer.output_shape
        windows = self.layer.figures.type.windows(self.layer.input_shapes)
        kernels = [kernel for window in windows if (kernel := getattr(window, "kernel", None)) is not None]
        return {
            "in_positions": Factors(image.spatial),
            "in_elements": Factors(image),
            "out_positions": Factors(output.spatial),
            "out_elements": Factors(output),
            "kernel_positions": Factors(kernels),
        }

    def quantity(self, derivation: Derivation) -> str:
        if derivation.axes:
            return self.axes(derivation.axes)
        key = {"multiply_accumulates": "macs", "params": "parameters"}.get(derivation.key, derivation.key)
        if key == "out_channels" and not self.layer.output_shape.rank:
            key = "out_features"
        return self.say(key) if key in self.say else key

    def axes(self, axes: Iterable[str]) -> str:
        """The names of axes as a list in a sentence."""
        return self.say.join([self.say(axis) if axis in self.say else axis for axis in axes])

    def output(self) -> Iterator[Block]:
        derived = [one for one in self.facts.derivations if one.key in OUTPUTS]
        yield from map(self.working, derived)
        known = {name: letter for one in derived for name, letter in letters(one.formula, LETTERS).items()}
        if known and any(one.key == "out_size" for one in derived):
            named = (f"{letter.replace('_', '')} {self.symbol(name)}" for name, letter in known.items())
            key = "letters_of_notes" if known.keys() <= NOTES else "letters"
            yield Paragraph(self.say(key, letters=self.say("comma").join(named)))
        sizes = self.layer.output_shape.spatial
        kept = sizes and any(shape.spatial == sizes for shape in self.layer.input_shapes)
        if kept and not any(one.key in ("out_size", "out_elements") for one in derived):
            yield Paragraph(self.say("same_size", axes=self.axes(self.facts.axes), sizes=times(sizes)))

    def weights(self) -> Iterator[Block]:
        layer, say = self.layer, self.say
        named = [weight.name for weight in layer.weights]
        derived = [one for one in self.facts.derivations if one.key in (*named, "params")]
        shapes = {weight.name: times(weight.shape) for weight in layer.weights}
        for one in derived:
            label = f"{one.key} ({shapes[one.key]})" if one.key in shapes else ""
            yield self.working(one, label)
        if layer.figures.buffers:
            yield Paragraph(say("buffers", buffers=integer(layer.figures.buffers)))
        if layer.weights_from:
            yield Paragraph(say("tied", owner=layer.weights_from))

    def work(self) -> Iterator[Block]:
        derived = [one for one in self.facts.derivations if one.key in OPERATIONS]
        yield from map(self.working, derived)

    def remarks(self) -> Iterator[Block]:
        for remark in self.facts.remarks:
            yield Paragraph(said(remark, self.say, axes=self.axes(self.facts.axes)))
            if remark.formula:
                names = {**INPUT_SYMBOLS, PIECEWISE: self.say.sentences["piecewise"]}
                yield Working(self.say("function"), remark.formula, remark.values, names=names)

    # --- its share --------------------------------------------------------------------------------

    def share(self) -> Iterator[Block]:
        layer, whole, say = self.layer, self.facts.totals, self.say
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
        for key, part, all_of_it in (("params", layer.params, whole.params), ("macs", layer.macs, whole.macs)):
            if part:
                words = say(
                    f"share_{key}",
                    **{key: integer(part)},
                    whole=integer(all_of_it),
                    percent=percent(Share(part, all_of_it)),
                )
                most = say("most") if self.facts.ranks[key] == 1 and part < all_of_it else ""
                yield self.point(say("parameters" if key == "params" else "macs"), f"{words}{most}")

    # --- what it is compared with -----------------------------------------------------------------

    def sharing(self) -> Iterator[Block]:
        facts, layer, say = self.facts, self.layer, self.say
        counts, each, pairs = facts.sharing, facts.reads, facts.connectivity
        if counts is None or each is None or pairs is None:
            return
        inputs = sum(shape.elements for shape in layer.input_shapes)
        outputs = layer.output_shape.elements
        spreads = facts.matrices is not None and facts.matrices.spread
        if each == inputs and counts.unshared == counts.untied:
            yield Paragraph(say("dense", outputs=integer(outputs), inputs=integer(inputs)))
            return
        share = percent(Share(pairs.part, pairs.whole))
        most = facts.most_read
        if inputs == (each if most is None else most):
            yield Paragraph(say("reads_all_inputs", inputs=integer(inputs)))
        elif most is not None:
            share = percent(Share(most, inputs))
            yield Paragraph(say("sparse_at_most", reads=integer(most), inputs=integer(inputs), percent=share))
        elif each.denominator == 1 and not spreads:
            yield Paragraph(say("sparse", reads=integer(each.numerator), inputs=integer(inputs), percent=share))
        else:
            yield Paragraph(say("sparse_average", reads=decimal(each), inputs=integer(inputs), percent=share))
        if counts.unshared == counts.untied:
            yield Paragraph(say("already_unshared"))
        elif not spreads:
            yield Paragraph(say("shared", positions=integer(layer.output_shape.positions)))
        elif layer.input_shapes[0].positions > 1:
            yield Paragraph(say("shared_spread", positions=integer(layer.input_shapes[0].positions)))
        else:
            yield Paragraph(say("shared_bias", positions=integer(layer.output_shape.positions)))
        yield from (self.working(one) for one in facts.compared)
        yield self.sharing_table(counts)

    def sharing_table(self, counts: Counts) -> Table:
        say = self.say
        columns = (
            Column("way", ""),
            Column("params", say("parameters"), numeric=True),
            Column("ratio", say("ratio"), numeric=True),
        )
        rows = (
            ("as_it_is", counts.untied),
            ("unshared", counts.unshared),
            ("fully_connected", counts.fully_connected),
        )
        lines = (Line((say(key), many, _times(Fraction(many, counts.untied), say))) for key, many in rows)
        return Table("", (), columns, tuple(lines), ())

    def grouping(self) -> Iterator[Block]:
        grouping = self.facts.grouping
        if grouping is None:
            return
        yield Paragraph(
            self.say(
                "grouped",
                channels=integer(self.layer.input_shapes[0].channels),
                params=integer(grouping.params.part),
                full_params=integer(grouping.params.whole),
                macs=integer(grouping.macs.part),
                full_macs=integer(grouping.macs.whole),
                part=self.part(grouping.params),
                macs_part=self.part(grouping.macs),
            )
        )

    def part(self, pair: ExactRatio) -> str:
        """A part as 1/n if the whole is a multiple of it, else in percent."""
        ratio = Fraction(pair.part, pair.whole)
        if ratio.numerator == 1:
            return f"1/{ratio.denominator}"
        return self.say("percent", number=percent(Share(*pair)))

    def separable(self) -> Iterator[Block]:
        pair, say = self.facts.separable, self.say
        if pair is None:
            return
        yield Paragraph(
            say(
                "separable_pair",
                depthwise=pair.depthwise.name,
                pointwise=pair.pointwise.name,
                full=integer(pair.full_macs),
                first=integer(pair.depthwise.macs),
                second=integer(pair.pointwise.macs),
                both=integer(pair.macs.part),
            )
        )
        if self.facts.separable_share is not None:
            derived = self.facts.separable_share
            windows = pair.depthwise.figures.type.windows(pair.depthwise.input_shapes)
            taps = Factors(getattr(window, "kernel", 1) for window in windows)
            values: dict[str, Number] = {**derived.values, "kernel_positions": taps}
            names = {name: self.symbol(name) for name in values}
            yield Working(say("separable_share"), derived.formula, values, decimal(Fraction(derived.result)), names)
        weights = pair.depthwise.figures.params + pair.pointwise.figures.params
        less = decimal(Fraction(pair.macs.whole, pair.macs.part))
        yield Paragraph(
            say("separable_less", times=less, params=integer(weights), full_params=integer(pair.full_params))
        )

    def stack(self) -> Iterator[Block]:
        stack, say = self.facts.stack, self.say
        if stack is None:
            return
        joined = say.join([layer.name for layer in stack.layers])
        yield Paragraph(say("stacked", layers=joined, field=times(stack.field)))
        kernels = Factors(window.kernel for window in stack.windows)
        together, alone = say("stacked_weights", count=len(stack.layers)), say("single_weights")
        sides = ((together, stack.weights, kernels), (alone, stack.single, Factors(stack.field)))
        for quantity, derived, taps in sides:
            values: dict[str, Number] = dict(derived.values)
            if "kernel_positions" in values:
                values["kernel_positions"] = taps
            symbols = {name: self.symbol(name) for name in values}
            yield Working(quantity, derived.formula, values, _result(derived), symbols)
        part = percent(Share(int(stack.weights.result), int(stack.single.result)))
        yield Paragraph(say("stacked_gain", percent=part))

    def matrices(self) -> Iterator[Block]:
        matrices, say = self.facts.matrices, self.say
        if matrices is None:
            return
        key = "spread" if matrices.spread else "unrolled"
        memory = size(matrices.unrolled * DTYPES[self.options.dtype])
        columns, dtype = integer(matrices.columns), self.options.dtype
        inputs = self.layer.input_shapes[0].elements
        ratio = decimal(Fraction(matrices.unrolled, inputs))
        yield Paragraph(say(key, columns=columns, memory=memory, dtype=dtype))
        if matrices.products > 1:
            yield Paragraph(say("in_groups", products=integer(matrices.products)))
        yield self.matrix_table(matrices)
        if matrices.spread:
            return
        windows = self.layer.figures.type.windows(self.layer.input_shapes)
        if all(window.span(1) == 1 for window in windows) and matrices.unrolled == inputs:
            yield Paragraph(say("nothing_unrolled"))
        else:
            axes = zip(windows, self.layer.output_shape.spatial, strict=True)
            overlap = any(isinstance(one, SlidingWindow) and one.overlaps(outputs) for one, outputs in axes)
            told = "unrolled_memory" if overlap and matrices.unrolled > inputs else "unrolled_less"
            yield Paragraph(say(told, memory=memory, dtype=dtype, ratio=ratio))

    def matrix_table(self, matrices: Matrices) -> Table:
        say = self.say
        columns = (
            Column("matrix", say("matrix")),
            Column("size", say("size"), numeric=True),
            Column("numbers", say("numbers"), numeric=True),
            Column("memory", say("memory", dtype=self.options.dtype), numeric=True),
        )
        last = (say("product"), matrices.rows, matrices.columns)
        rows = [
            ("W_row", matrices.rows, matrices.inner),
            ("X" if matrices.spread else "X_col", matrices.inner, matrices.columns),
            ("Y_col", *last[1:]) if matrices.spread else last,
        ]
        each = DTYPES[self.options.dtype]
        lines = (Line((name, f"{high} x {wide}", high * wide, size(high * wide * each))) for name, high, wide in rows)
        return Table("", (), columns, tuple(lines), ())

    def convolution(self) -> Iterator[Block]:
        equal, say = self.facts.convolution, self.say
        if equal is None:
            return
        filters = integer(equal.filters)
        kernel = str(equal.kernel[0]) if len(set(equal.kernel)) == 1 else times(equal.kernel)
        if equal.from_map and set(equal.kernel) == {1}:
            yield Paragraph(say("equals_point", filters=filters))
        elif equal.from_map:
            image = str(Shape((equal.channels, *equal.kernel)))
            yield Paragraph(say("equals_map", map=image, source=equal.source, kernel=kernel, filters=filters))
        else:
            yield Paragraph(
                say("equals_vector", source=equal.source, channels=integer(equal.channels), filters=filters)
            )
        sizes = kernel if "x" not in kernel else f"[{', '.join(map(str, equal.kernel))}]"
        yield ListItem("", say("equals_settings", settings=f"conv: {{filters: {equal.filters}, kernel: {sizes}}}"))
        if equal.larger is None or equal.gives is None:
            return
        image, gives = str(equal.larger), self.shape(equal.gives)
        if equal.gives.positions == 1:
            yield Paragraph(say("larger_same", image=image, gives=gives))
        else:
            places = times(equal.gives.spatial)
            if equal.end is not None and equal.end != equal.gives and equal.end.rank:
                gives = say("and_end", gives=gives, end=str(equal.end))
            yield Paragraph(say("larger", image=image, gives=gives, places=places, shift=equal.shift))

    def fits(self) -> Iterator[Block]:
        alike: dict[AxisFit, list[str]] = {}
        for fit in self.facts.fits:
            alike.setdefault(fit._replace(axis=""), []).append(fit.axis)
        for fit, axes in alike.items():
            yield self.point(self.say("along", axes=self.axes(axes)), self.fit(fit))

    def fit(self, fit: AxisFit) -> str:
        say, window = self.say, fit.window
        before, after = window.before, window.after
        told = []
        if fit.lost and not fit.between:
            told.append(say("lost_one" if fit.lost == 1 else "lost", lost=fit.lost, size=integer(fit.size)))
        if fit.uneven:
            told.append(say("asymmetric", before=before, after=after))
        if fit.unused:
            told.append(say("unused", before=before, after=after - fit.unused))
        if fit.between:
            told.append(
                say("between_one" if fit.between == 1 else "between", between=fit.between, stride=window.stride)
            )
        if fit.beyond:
            told.append(say("beyond", beyond=fit.beyond))
        ways = [self.remedy(setting, values) for setting, values in fit.remedies]
        if ways:
            comma = say("comma").join(ways[:-1])
            joined = ways[0] if len(ways) == 1 else say("or", first=comma, second=ways[-1])
            is_choice = len(ways) > 1 or any(
                len(values) > 1 for setting, values in fit.remedies if setting != "padding"
            )
            key = "remedy_even" if fit.uneven else "remedies" if is_choice else "remedy"
            told.append(say(key, remedies=joined))
        return say("semicolon").join(told)

    def remedy(self, setting: str, values: tuple[int, ...]) -> str:
        """A setting with suggested values; a padding may have two sides."""
        if setting == "padding" and len(values) == 2:
            return self.say("with_sides", before=values[0], after=values[1])
        value = integer(values[0])
        if len(values) == 2:
            value = self.say("or_value", first=value, second=integer(values[1]))
        return self.say("with_window" if setting == "kernel" and self.is_pool else f"with_{setting}", value=value)


INPUT_SYMBOLS = {"all_x": "x"}


def said(remark: Remark, say: Speaker, axes: str) -> str:
    """The sentence of a remark; `axes` are the names of the output's spatial axes."""
    values = {key: _value(value) for key, value in remark.values.items()}
    return say(f"remark_{remark.key}", **{**values, "axes": axes})


def _value(value: Value) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(value)
    if isinstance(value, Fraction):
        return decimal(value)
    if isinstance(value, tuple):
        return " + ".join(map(_value, value))
    return value if isinstance(value, str) else describe(value)


def _setting(value: object) -> str:
    """A setting's value in the notation of specs."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_setting, value))}]"
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return describe(value)  # type: ignore[arg-type]  # decoded settings are values


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SETTING else f"{text[: LONGEST_SETTING - 3]}..."


def _is_product(factors: Factors | None, value: Value) -> bool:
    if not factors or len(factors) < 2:
        return False
    product = 1
    for factor in factors:
        product *= factor
    return product == value


def _result(derivation: Derivation) -> str:
    result = derivation.result
    return integer(result) if isinstance(result, int) else decimal(result)


def decimal(value: Fraction) -> str:
    """A number with three significant digits: 1/9 is 0.111; numbers from 100 on are whole."""
    if value < 0:
        return f"-{decimal(-value)}"
    if value.denominator == 1 or value >= 100:
        return integer(round(value))
    digits = 2 if value >= 1 else 3
    while value and value * 10 ** (digits - 2) < 1:
        digits += 1
    text = f"{float(value):,.{digits}f}"
    return text.rstrip("0").rstrip(".")


def _times(ratio: Fraction, say: Speaker) -> str:
    return say("times", ratio=decimal(ratio))


# --- JSON ---------------------------------------------------------------------------------------


def write_json(facts: Explanation, options: Options) -> Iterator[str]:
    """The lines of the JSON text, with stable keys, and null for facts that do not apply."""
    layer, counts, matrices = facts.layer, facts.sharing, facts.matrices
    each, pairs, grouping = facts.reads, facts.connectivity, facts.grouping
    pair, stack, equal = facts.separable, facts.stack, facts.convolution
    say = Speaker(options.language, "explain")
    value = {
        "schema": VERSION,
        "network": facts.network.name,
        "layer": layer.name,
        "type": layer.type,
        "inputs": [
            {"name": name, "shape": shape} for name, shape in zip(layer.inputs, layer.input_shapes, strict=True)
        ],
        "output_shape": layer.output_shape,
        "readers": facts.readers,
        "training_only": layer.training_only,
        "origin": {
            "file": layer.span.file,
            "line": layer.span.line,
            "blocks": [
                {"name": one.name, "block": one.kind, "line": one.span.line, "arguments": _plain(dict(one.arguments))}
                for one in facts.origin.blocks
            ],
            "settings": [
                {"name": one.name, "value": _plain(one.value), "written": one.written, "default": one.is_default}
                for one in facts.origin.settings
            ],
        },
        "formulas": list(map(_derivation, facts.derivations)),
        "params": layer.params,
        "buffers": layer.buffers,
        "macs": layer.macs,
        "flops": layer.flops,
        "weights_from": layer.weights_from,
        "share": {
            "params": _share(layer.params, facts.totals.params),
            "macs": _share(layer.macs, facts.totals.macs),
            "rank": facts.ranks,
        },
        "sharing": None
        if counts is None or each is None or pairs is None
        else {
            "params": counts.untied,
            "unshared": counts.unshared,
            "fully_connected": counts.fully_connected,
            "reads": number(each),
            "connections": pairs.part,
            "all_connections": pairs.whole,
            "formulas": list(map(_derivation, facts.compared)),
        },
        "full_convolution": grouping and {"params": grouping.params.whole, "macs": grouping.macs.whole},
        "separable": pair
        and {
            "depthwise": pair.depthwise.name,
            "pointwise": pair.pointwise.name,
            "macs": pair.macs.part,
            "full_macs": pair.full_macs,
            "full_params": pair.full_params,
            "share": facts.separable_share and _derivation(facts.separable_share),
        },
        "stack": stack
        and {
            "layers": [one.name for one in stack.layers],
            "field": stack.field,
            "weights": stack.weights.result,
            "single_weights": stack.single.result,
        },
        "im2col": matrices
        and {
            "products": matrices.products,
            "w_row": [matrices.rows, matrices.inner],
            "x_col": [matrices.inner, matrices.columns],
            "product": [matrices.rows, matrices.columns],
            "spread": matrices.spread,
            "unrolled": matrices.unrolled,
            "unrolled_size": matrices.unrolled * DTYPES[options.dtype],
        },
        "as_convolution": equal
        and {
            "input_shape": [equal.channels, *equal.kernel],
            "from": equal.source,
            "kernel": equal.kernel,
            "filters": equal.filters,
            "larger_input": equal.larger,
            "larger_output": equal.gives,
            "larger_end": equal.end,
        },
        "fit": [
            {
                "axis": one.axis,
                "size": one.size,
                "outputs": one.outputs,
                "before": one.window.before,
                "after": one.window.after,
                "lost": one.lost,
                "unused_padding": one.unused,
                "between": one.between,
                "beyond": one.beyond,
                "remedies": [{"setting": setting, "values": values} for setting, values in one.remedies],
            }
            for one in facts.fits
        ],
        "remarks": [
            {"key": one.key, "text": said(one, say, ", ".join(facts.axes)), "formula": one.formula or None}
            for one in facts.remarks
        ],
    }
    yield dumps(value, indent=2, ascii_only=False)


def _derivation(derivation: Derivation) -> dict[str, Any]:
    axes = {"axes": derivation.axes} if derivation.axes else {}
    return {
        "quantity": derivation.key,
        **axes,
        "formula": derivation.formula,
        "values": _plain(derivation.values),
        "result": number(derivation.result),
    }


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return number(value)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
