"""What a layer is compared with: other ways to connect it, the convolutions around it, and matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnncalc.analyses.sharing import Counts, ExactRatio
from cnncalc.formats.document import Block, ListItem, Paragraph
from cnncalc.formats.table import Column, Line, Table
from cnncalc.layers.contract import Matrices
from cnncalc.layers.shapes import DTYPES, Shape, SlidingWindow, times
from cnncalc.reports.explain.wording import LayerWording, decimal
from cnncalc.text import Share, integer, percent, size


def compare_sharing(words: LayerWording) -> Iterator[Block]:
    """The connections and weights that convolution saves."""
    facts, layer, say = words.facts, words.layer, words.say
    counts, each, pairs = facts.sharing, facts.reads, facts.connectivity
    if counts is None or each is None or pairs is None:
        return
    inputs = layer.input_shapes[0].elements
    if each == inputs and counts.unshared == counts.untied:
        yield Paragraph(say("dense", outputs=integer(layer.output_shape.elements), inputs=integer(inputs)))
        return
    spreads = facts.matrices is not None and facts.matrices.spread
    share, most = percent(Share(pairs.part, pairs.whole)), facts.most_read
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
    elif spreads and layer.input_shapes[0].positions > 1:
        yield Paragraph(say("shared_spread", positions=integer(layer.input_shapes[0].positions)))
    else:
        key = "shared_bias" if spreads else "shared"
        yield Paragraph(say(key, positions=integer(layer.output_shape.positions)))
    yield from map(words.work_out, facts.compared)
    yield _sharing_table(counts, words)


def _sharing_table(counts: Counts, words: LayerWording) -> Table:
    say = words.say
    columns = (
        Column("way", ""),
        Column("params", say("parameters"), numeric=True),
        Column("ratio", say("ratio"), numeric=True),
    )
    ways = {
        "as_it_is": counts.untied,
        "unshared": counts.unshared,
        "fully_connected": counts.fully_connected,
    }
    lines = tuple(
        Line((say(key), params, say("times", ratio=decimal(Fraction(params, counts.untied)))))
        for key, params in ways.items()
    )
    return Table("", (), columns, lines, ())


def compare_groups(words: LayerWording) -> Iterator[Block]:
    """A grouped convolution beside the full one."""
    grouping = words.facts.grouping
    if grouping is None:
        return
    yield Paragraph(
        words.say(
            "grouped",
            channels=integer(words.layer.input_shapes[0].channels),
            params=integer(grouping.params.part),
            full_params=integer(grouping.params.whole),
            macs=integer(grouping.macs.part),
            full_macs=integer(grouping.macs.whole),
            part=_write_part(grouping.params, words),
            macs_part=_write_part(grouping.macs, words),
        )
    )


def _write_part(pair: ExactRatio, words: LayerWording) -> str:
    """A part as 1/n if the whole is a multiple of it, else in percent."""
    ratio = Fraction(pair.part, pair.whole)
    if ratio.numerator == 1:
        return f"1/{ratio.denominator}"
    return words.say("percent", number=percent(Share(*pair)))


def compare_separable(words: LayerWording) -> Iterator[Block]:
    """A depthwise separable convolution beside the full one."""
    pair, say = words.facts.separable, words.say
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
    if words.facts.separable_share is not None:
        windows = pair.depthwise.figures.type.windows(pair.depthwise.input_shapes)
        taps = (getattr(window, "kernel", 1) for window in windows)
        yield words.work_out_with(words.facts.separable_share, say("separable_share"), taps)
    weights = pair.depthwise.figures.params + pair.pointwise.figures.params
    less = decimal(Fraction(pair.macs.whole, pair.macs.part))
    yield Paragraph(say("separable_less", times=less, params=integer(weights), full_params=integer(pair.full_params)))


def compare_stack(words: LayerWording) -> Iterator[Block]:
    """Small kernels one after another beside a large one."""
    stack, say = words.facts.stack, words.say
    if stack is None:
        return
    joined = say.join([layer.name for layer in stack.layers])
    yield Paragraph(say("stacked", layers=joined, field=times(stack.field)))
    kernels = (window.kernel for window in stack.windows)
    yield words.work_out_with(stack.weights, say("stacked_weights", count=len(stack.layers)), kernels)
    yield words.work_out_with(stack.single, say("single_weights"), stack.field)
    part = percent(Share(int(stack.weights.result), int(stack.single.result)))
    yield Paragraph(say("stacked_gain", percent=part))


def show_matrices(words: LayerWording) -> Iterator[Block]:
    """The matrix product that the layer is."""
    matrices, layer, say = words.facts.matrices, words.layer, words.say
    if matrices is None:
        return
    inputs = layer.input_shapes[0].elements
    memory = size(matrices.unrolled * DTYPES[words.dtype])
    key = "spread" if matrices.spread else "unrolled"
    yield Paragraph(say(key, columns=integer(matrices.columns), memory=memory, dtype=words.dtype))
    if matrices.products > 1:
        yield Paragraph(say("in_groups", products=integer(matrices.products)))
    yield _matrix_table(matrices, words)
    if matrices.spread:
        return
    windows = layer.figures.type.windows(layer.input_shapes)
    if all(window.span(1) == 1 for window in windows) and matrices.unrolled == inputs:
        yield Paragraph(say("nothing_unrolled"))
        return
    axes = zip(windows, layer.output_shape.spatial, strict=True)
    overlap = any(isinstance(one, SlidingWindow) and one.overlaps(outputs) for one, outputs in axes)
    key = "unrolled_memory" if overlap and matrices.unrolled > inputs else "unrolled_less"
    yield Paragraph(say(key, memory=memory, dtype=words.dtype, ratio=decimal(Fraction(matrices.unrolled, inputs))))


def _matrix_table(matrices: Matrices, words: LayerWording) -> Table:
    say = words.say
    columns = (
        Column("matrix", say("matrix")),
        Column("size", say("size"), numeric=True),
        Column("numbers", say("numbers"), numeric=True),
        Column("memory", say("memory", dtype=words.dtype), numeric=True),
    )
    rows = (
        ("W_row", matrices.rows, matrices.inner),
        ("X" if matrices.spread else "X_col", matrices.inner, matrices.columns),
        ("Y_col" if matrices.spread else say("product"), matrices.rows, matrices.columns),
    )
    each = DTYPES[words.dtype]
    lines = (Line((name, f"{high} x {wide}", high * wide, size(high * wide * each))) for name, high, wide in rows)
    return Table("", (), columns, tuple(lines), ())


def show_convolution(words: LayerWording) -> Iterator[Block]:
    """The convolution that a linear layer equals, and what it gives on a larger image."""
    equal, say = words.facts.convolution, words.say
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
        yield Paragraph(say("equals_vector", source=equal.source, channels=integer(equal.channels), filters=filters))
    sizes = kernel if "x" not in kernel else f"[{', '.join(map(str, equal.kernel))}]"
    yield ListItem("", say("equals_settings", settings=f"conv: {{filters: {equal.filters}, kernel: {sizes}}}"))
    if equal.larger is None or equal.gives is None:
        return
    image, gives = str(equal.larger), words.shape(equal.gives)
    if equal.gives.positions == 1:
        yield Paragraph(say("larger_same", image=image, gives=gives))
        return
    if equal.end is not None and equal.end != equal.gives and equal.end.rank:
        gives = say("and_end", gives=gives, end=str(equal.end))
    yield Paragraph(say("larger", image=image, gives=gives, places=times(equal.gives.spatial), shift=equal.shift))
