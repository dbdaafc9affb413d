"""The contract that every layer type fulfils, over a table of examples with at least one of each type.

A new type joins by a line in EXAMPLES; without one, `test_every_type_has_an_example` fails.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

import pytest
from looping import every

from cnncalc.layers import all_keywords, all_types, find
from cnncalc.layers.contract import WEIGHTS, Aliasing, LayerType, Operations, Role, SavedSource, Weight
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.expressions import REAL_FUNCTIONS, parse
from cnncalc.syntax.settings import REQUIRED

SIGNAL, IMAGE, VOLUME, VECTOR = (12, 19), (12, 17, 20), (12, 9, 8, 10), (12,)
RANKS = (SIGNAL, IMAGE, VOLUME)
EVERYWHERE = (*RANKS, VECTOR)
POINTWISE = (
    *("identity", "threshold", "sigmoid", "tanh", "relu", "relu6", "absolute", "leaky_relu", "prelu", "elu", "selu"),
    *("gelu", "silu", "mish", "hard_sigmoid", "hard_swish", "softplus", "softmax", "log_softmax", "dropout"),
    *("batch_norm", "layer_norm", "lrn", "scale", "bias", "flatten"),
)


class Example(NamedTuple):
    type: str
    settings: dict[str, Any]
    inputs: tuple[tuple[int, ...], ...]

    @property
    def label(self) -> str:
        shapes = " ".join("x".join(map(str, shape)) for shape in self.inputs)
        return f"{self.type} {self.settings} {shapes}"


def each(type_name: str, shapes: tuple[tuple[int, ...], ...], **settings: Any) -> list[Example]:
    """One example for each shape, of a layer with one input."""
    return [Example(type_name, settings, (shape,)) for shape in shapes]


def join(type_name: str, *inputs: tuple[int, ...], **settings: Any) -> list[Example]:
    """One example of a layer with several inputs."""
    return [Example(type_name, settings, inputs)]


EXAMPLES = [
    *(example for name in POINTWISE for example in each(name, EVERYWHERE)),
    *each("threshold", (VECTOR,), threshold=Fraction(1, 2)),
    *each("leaky_relu", (IMAGE,), slope=Fraction(1, 5)),
    *each("prelu", EVERYWHERE, per_channel=True),
    *each("elu", (IMAGE,), alpha=2),
    *each("gelu", EVERYWHERE, approximate="tanh"),
    *each("maxout", EVERYWHERE, pieces=3),
    *each("embedding", ((1,), (1, 19), (1, 17, 20), (1, 4, 5, 6)), vocabulary=100, features=12),
    *(
        example
        for name in ("lstm", "gru")
        for example in (
            *each(name, (SIGNAL, (12, 1)), hidden=5),
            *each(name, (SIGNAL,), hidden=5, layers=3, bias=False),
            *each(name, (SIGNAL,), hidden=5, layers=2, bidirectional=True),
            *each(name, (SIGNAL,), hidden=5, bidirectional=True, bias=False),
        )
    ),
    *each("roi_align", RANKS, size=7, rois=5),
    *each("roi_align", (IMAGE,), size=(7, 3), rois=5, samples=3),
    *join("roi_align", IMAGE, (12, 9, 10), (12, 5, 5), size=7, rois=5),
    *join("deform_conv", IMAGE, (18, 15, 18), filters=8, kernel=3),
    *join("deform_conv", IMAGE, (24, 9, 11), (12, 9, 11), filters=6, kernel=2, stride=2, padding=1, groups=3),
    *join("deform_conv", IMAGE, (18, 15, 18), filters=6, kernel=3, padding=1, dilation=2, bias=False),
    *each("roll", RANKS, shift=-3),
    *each("roll", (IMAGE,), shift=(25, 0)),
    *each("gather", EVERYWHERE, shape=(4, 5)),
    *each("gather", EVERYWHERE, shape=7),
    *each("gather", EVERYWHERE, shape=(2, 3), axis=0),
    *each("unfold", RANKS, kernel=3),
    *each("unfold", RANKS, kernel=2, stride=2, padding=1, dilation=3),
    *each("unfold", RANKS, kernel=3, stride=2, padding="same"),
    *each("fold", ((8, 19), (8, 17, 20), (8, 9, 8, 10)), kernel=2),
    *each("fold", ((8, 7, 9),), kernel=2, stride=2, padding=1, dilation=2),
    *each("fold", ((9, 8, 9),), kernel=3, stride=2, padding="same"),
    *each("fold", ((8, 7, 9),), kernel=2, stride=2, size=(15, 18)),
    *each("max_unpool", RANKS, kernel=2),
    *join("max_unpool", IMAGE, IMAGE, kernel=3, stride=2, padding=1, size=(34, 40)),
    *each("drop_path", EVERYWHERE, rate=Fraction(1, 10)),
    *each("conv", RANKS, filters=8, kernel=3),
    *each("conv", RANKS, filters=8, kernel=1, bias=False),
    *each("conv", RANKS, filters=8, kernel=1, groups=4),
    *each("conv", RANKS, filters=6, kernel=4, stride=3, padding=2, dilation=2, groups=3),
    *each("conv", RANKS, filters=6, kernel=4, stride=3, padding="same"),
    *each("conv", RANKS, filters=6, kernel=2, padding="valid"),
    *each("conv", (IMAGE,), filters=6, kernel=(3, 5), stride=(1, 2), padding=(1, 0, 2, 3), dilation=(2, 1)),
    *each("conv", (IMAGE,), filters=3, kernel=3, connections=((0,), (1, 2), (3, 4, 11))),
    *each("conv", RANKS, filters=8, kernel=3, standardize="plain"),
    *each("conv", RANKS, filters=8, kernel=3, groups=2, bias=False, standardize="gain"),
    *each("depthwise_conv", RANKS, kernel=3, stride=2, padding=1),
    *each("depthwise_conv", RANKS, kernel=2, multiplier=3, dilation=3, bias=False),
    *each("depthwise_conv", RANKS, kernel=4, stride=3, padding="same"),
    *each("conv_transpose", RANKS, filters=8, kernel=4, stride=2, padding=1),
    *each("conv_transpose", RANKS, filters=6, kernel=3, stride=3, output_padding=2, dilation=2, groups=3, bias=False),
    *each("conv_transpose", RANKS, filters=6, kernel=3, stride=2, padding="same"),
    *each("conv_transpose", RANKS, filters=6, kernel=2, stride=3, padding="same"),
    *each("conv_transpose", RANKS, filters=6, kernel=2, stride=3, padding="valid"),
    *each("conv_transpose", (IMAGE,), filters=6, kernel=(3, 5), stride=(1, 2), padding=(1, 0, 2, 3)),
    *each("conv_transpose", (SIGNAL,), filters=6, kernel=3, stride=2, padding=1, size=38),
    *each("conv_transpose", (IMAGE,), filters=6, kernel=3, stride=2, padding=1, size=(34, 39)),
    *each("local_conv", RANKS, filters=4, kernel=3, stride=2, padding=1),
    *each("local_conv", RANKS, filters=4, kernel=3, padding="same", bias=False),
    *each("linear", (VECTOR,), features=10),
    *each("linear", (VECTOR,), features=10, bias=False),
    *each("linear", EVERYWHERE, features=10, flatten=True),
    *each("rbf", (VECTOR,), units=10),
    *(
        example
        for name in ("max_pool", "avg_pool")
        for example in (
            *each(name, RANKS, kernel=2),
            *each(name, RANKS, kernel=1),
            *each(name, (IMAGE,), kernel=(17, 20)),
            *each(name, RANKS, kernel=3, stride=2, padding=1, rounding="ceil"),
            *each(name, RANKS, kernel=4, stride=7, padding=2, rounding="ceil"),
            *each(name, RANKS, kernel=3, stride=2, padding="same"),
            *each(name, (IMAGE,), kernel=(3, 5), stride=(1, 2), padding=(1, 0, 2, 1)),
        )
    ),
    *each("max_pool", RANKS, kernel=3, dilation=2),
    *each("max_pool", RANKS, kernel=2, stride=40),
    *each("max_pool", RANKS, kernel=3, stride=2, dilation=3, padding=1, rounding="ceil"),
    *each("avg_pool", RANKS, kernel=3, padding=1, count_include_pad=False),
    *each("global_avg_pool", RANKS),
    *each("global_avg_pool", RANKS, keep_dims=True),
    *each("global_max_pool", RANKS),
    *each("global_max_pool", RANKS, keep_dims=True),
    *each("adaptive_avg_pool", RANKS, size=7),
    *each("adaptive_avg_pool", (IMAGE,), size=(25, 1)),
    *each("adaptive_avg_pool", (IMAGE,), size=(17, 10)),
    *each("adaptive_max_pool", RANKS, size=7),
    *each("adaptive_max_pool", (IMAGE,), size=(5, 50)),
    *each("subsample", RANKS),
    *each("subsample", RANKS, kernel=3, stride=2),
    *each("batch_norm", EVERYWHERE, affine=False),
    *each("batch_norm", EVERYWHERE, track_statistics=False),
    *each("batch_norm", EVERYWHERE, affine=False, track_statistics=False),
    *each("batch_norm", EVERYWHERE, scale=False),
    *each("batch_norm", EVERYWHERE, center=False),
    *each("batch_norm", EVERYWHERE, scale=False, track_statistics=False),
    *each("batch_norm", EVERYWHERE, center=False, track_statistics=False),
    *each("layer_norm", EVERYWHERE, axes="channels"),
    *each("layer_norm", EVERYWHERE, affine=False),
    *each("group_norm", EVERYWHERE, groups=4),
    *each("group_norm", EVERYWHERE, groups=3, affine=False),
    *each("instance_norm", RANKS),
    *each("instance_norm", RANKS, affine=True),
    *each("instance_norm", RANKS, affine=True, track_statistics=True),
    *each("lrn", EVERYWHERE, size=3, alpha=1, beta=Fraction(1, 2), k=1),
    *each("scale", EVERYWHERE, bias=True),
    *each("scale", EVERYWHERE, per_channel=False),
    *each("scale", EVERYWHERE, per_channel=False, bias=True),
    *each("bias", EVERYWHERE, axes="positions"),
    *each("bias", EVERYWHERE, axes="all"),
    *each("reshape", (SIGNAL,), shape=(19, 12)),
    *each("reshape", (SIGNAL,), shape=(-1,)),
    *each("reshape", (IMAGE,), shape=(4, -1, 10)),
    *each("reshape", (VOLUME,), shape=(12, 9, 80)),
    *each("reshape", (VECTOR,), shape=(3, 2, 2)),
    *each("permute", (VECTOR,), axes=0),
    *each("permute", (SIGNAL,), axes=(1, 0)),
    *each("permute", (IMAGE,), axes=(0, 2, 1)),
    *each("permute", (VOLUME,), axes=(3, 1, 0, 2)),
    *each("channel_shuffle", EVERYWHERE, groups=3),
    *each("channel_shuffle", EVERYWHERE, groups=1),
    *each("slice", EVERYWHERE, stop=5),
    *each("slice", EVERYWHERE, start=1, step=3),
    *each("slice", RANKS, axis=1, start=2, stop=7, step=2),
    *each("slice", (IMAGE,), axis=2, step=3),
    *each("pad", RANKS, padding=2),
    *each("pad", RANKS, padding=4, mode="reflect"),
    *each("pad", RANKS, padding=4, mode="replicate"),
    *each("pad", RANKS, padding=8, mode="circular"),
    *each("pad", RANKS, padding=-3),
    *each("pad", (IMAGE,), padding=(-2, 3, 1, -4), mode="reflect", channels=(-5, 2)),
    *each("pad", (IMAGE,), padding=(0, 1, 2, 3), channels=(4, 5)),
    *each("pad", EVERYWHERE, channels=3),
    *each("crop", RANKS, amount=2),
    *each("crop", (IMAGE,), amount=(0, 1, 2, 3)),
    *each("upsample", RANKS, factor=2),
    *each("upsample", RANKS, factor=3, mode="bilinear"),
    *each("upsample", RANKS, size=21, mode="bilinear"),
    *each("upsample", RANKS, factor=Fraction(3, 2)),
    *each("upsample", RANKS, factor=Fraction(2, 5), mode="bilinear"),
    *each("upsample", RANKS, factor=3, mode="bilinear", align_corners=True),
    *each("upsample", RANKS, size=1, mode="bilinear", align_corners=True),
    *each("upsample", (IMAGE,), factor=2, mode="bicubic"),
    *each("upsample", (IMAGE,), size=(5, 40), mode="bicubic", align_corners=True),
    *each("upsample", (IMAGE,), factor=(2, 3)),
    *each("upsample", (IMAGE,), size=(5, 40)),
    *each("pixel_shuffle", (SIGNAL, IMAGE), factor=2),
    *each("pixel_shuffle", ((16, 3, 4, 5),), factor=2),
    *each("pixel_unshuffle", ((3, 12), (3, 12, 8), (3, 4, 6, 8)), factor=2),
    *(
        example
        for name in ("add", "multiply")
        for shape in EVERYWHERE
        for example in (
            *join(name, shape, shape),
            *join(name, shape, shape, shape),
            *join(name, shape, VECTOR),
            *join(name, VECTOR, shape),
            *join(name, shape, (1, *shape[1:])),
        )
    ),
    *(example for shape in EVERYWHERE for example in join("subtract", shape, shape)),
    *join("subtract", IMAGE, VECTOR),
    *join("subtract", VECTOR, IMAGE),
    *join("add", IMAGE),
    *join("multiply", IMAGE, (12, 1, 1)),
    *join("multiply", (12, 17, 1), (1, 17, 20)),
    *(example for shape in EVERYWHERE for example in join("concat", shape, (5, *shape[1:]), shape)),
    *(example for shape in RANKS for example in join("concat", shape, shape, shape, axis=1)),
    *join("concat", IMAGE, (12, 17, 3), axis=2),
    *join("concat", IMAGE),
    *join("concat", IMAGE, axis=1),
    *each("softmax", EVERYWHERE, axis=-1),
    *each("softmax", RANKS, axis=1),
    *each("log_softmax", EVERYWHERE, axis=-1),
    *each("log_softmax", (VOLUME,), axis=2),
    *each("linear", EVERYWHERE, features=10, axis=0),
    *each("linear", EVERYWHERE, features=10, axis=-1),
    *each("linear", RANKS, features=10, axis=1, bias=False),
    *each("flatten", RANKS, start=1),
    *each("flatten", RANKS, start=0, end=1),
    *each("flatten", (VOLUME,), start=-3, end=-2),
    *each("flatten", (VECTOR, IMAGE), start=-1),
    *each("layer_norm", EVERYWHERE, axes=-1),
    *each("layer_norm", RANKS, axes=(0, -1), affine=False),
    *each("rms_norm", EVERYWHERE),
    *each("rms_norm", EVERYWHERE, axes="channels"),
    *each("rms_norm", RANKS, axes=1, affine=False),
    *each("rms_norm", EVERYWHERE, axes=-1),
    *(example for op in ("mean", "sum", "max", "min", "norm") for example in each("reduce", EVERYWHERE, op=op)),
    *each("reduce", EVERYWHERE, op="mean", axes=0),
    *each("reduce", EVERYWHERE, op="max", axes=0, keep_dims=True),
    *each("reduce", RANKS, op="norm", axes=(0, -1)),
    *each("reduce", (VOLUME,), op="min", axes=(-1, 1), keep_dims=True),
    *each("permute", (IMAGE,), axes=(-1, 0, -2)),
    *each("slice", EVERYWHERE, axis=-1, start=2, stop=7, step=2),
    *(example for shape in EVERYWHERE for example in join("concat", shape, shape, axis=-1)),
    *join("einsum", SIGNAL, SIGNAL, equation="dn, dm -> nm"),
    *join("einsum", IMAGE, IMAGE, equation="hdn, hdm -> hnm"),
    *join("einsum", IMAGE, (12, 20, 9), equation="hnm, hmd -> hdn"),
    *join("einsum", VOLUME, VECTOR, equation="cdhw, c -> dhw"),
    *join("einsum", VECTOR, VECTOR, equation="a, b -> ab"),
    *join("einsum", VECTOR, (12, 9), (9, 4), equation="a, ab, bc -> c"),
    *join("matmul", SIGNAL, (19, 7)),
    *join("matmul", IMAGE, IMAGE, transpose_second=True),
    *join("matmul", IMAGE, (1, 17, 5), transpose_first=True),
    *join("matmul", (1, 9, 17), IMAGE),
    *join("matmul", VOLUME, (12, 1, 7, 8), transpose_first=True, transpose_second=True),
    *(example for shape in EVERYWHERE for example in join("apply", shape, function="x * sigmoid(1.702 * x)")),
    *join("apply", IMAGE, VECTOR, function="relu(x) ** 2 / (1 + abs(y)) if x > y else min(x, y, 6)"),
    *(Example("parameter", {"shape": shape}, ()) for shape in EVERYWHERE),
    *each("opaque", EVERYWHERE, output=(7,), params=0, macs=0),
    *each("opaque", EVERYWHERE, output=(7, 5), params=10, macs=20, buffers=30),
    *each("opaque", EVERYWHERE, output=(7, 5, 3), params=10, macs=20),
    *each("opaque", EVERYWHERE, output=(7,), params=10, macs=20, flops=55, depth=3),
    *each("opaque", (IMAGE,), output=(7, 5, 9), params=10, macs=20, field=(7, 4), saved_for_backward=40),
    *join("opaque", IMAGE, VECTOR, (3, 8, 8), output=(7, 5, 9), params=10, macs=20, field=5),
]

every_type = every(all_types())
every_example = every({f"{number}: {example.label}": example for number, example in enumerate(EXAMPLES)})


def layer_of(example: Example) -> LayerType:
    kind = all_types()[example.type]
    return kind(**{key: kind.settings[key].decode(value) for key, value in example.settings.items()})


def shapes_of(example: Example) -> tuple[Shape, ...]:
    return tuple(map(Shape, example.inputs))


def test_every_type_has_an_example() -> None:
    assert {example.type for example in EXAMPLES} == set(all_types())


def test_the_examples_have_every_setting_away_from_its_default() -> None:
    given = {(example.type, key) for example in EXAMPLES for key in example.settings}
    # The numbers in a rule of which no figure depends are as good as tested.
    no_figure_depends = {("dropout", "rate")}
    every = {(name, key) for name, kind in all_types().items() for key in kind.settings}
    assert every - given == no_figure_depends


def test_maps_of_each_rank_are_tried_where_they_apply() -> None:
    ranks: dict[str, set[int]] = {}
    for example in EXAMPLES:
        shape = example.inputs[0] if example.inputs else example.settings["shape"]
        ranks.setdefault(example.type, set()).add(len(shape) - 1)
    restricted = {"rbf": {0}, "lstm": {1}, "gru": {1}, "deform_conv": {2}}
    assert {name: tried for name, tried in ranks.items() if not tried >= {1, 2, 3}} == restricted


@every_type
class TestType:
    def test_is_found_by_its_name(self, kind: type[LayerType]) -> None:
        assert find(kind.name) is kind

    def test_has_a_summary_and_documented_settings(self, kind: type[LayerType]) -> None:
        summary = (kind.__doc__ or "").partition("\n\n")[0]
        assert summary
        assert "\n" not in summary.strip(), "the summary is one line"
        assert vars(kind)["__doc__"], "the documentation is the type's own"
        for key, setting in kind.settings.items():
            assert setting.name == key
            assert setting.doc
            assert setting.wants
            assert setting.schema()
            assert not setting.doc.endswith("."), "a clause"

    def test_declares_how_it_is_counted(self, kind: type[LayerType]) -> None:
        assert isinstance(kind.counts_as_depth, bool)
        assert isinstance(kind.aliasing, Aliasing)
        assert isinstance(kind.role, Role)
        assert isinstance(kind.is_merge, bool)

    def test_answers_what_has_no_default(self, kind: type[LayerType]) -> None:
        for question in ("output_shape", "weights", "operations", "windows", "formulas"):
            assert getattr(kind, question) is not getattr(LayerType, question), question

    def test_defaults_are_what_their_settings_take(self, kind: type[LayerType]) -> None:
        for setting in kind.settings.values():
            if setting.default is not REQUIRED:
                assert setting.decode(setting.default) == setting.default
                assert setting.default is not None or setting.absent, "says what its absence means"

    def test_keywords_are_no_names_of_expressions(self, kind: type[LayerType]) -> None:
        for setting in kind.settings.values():
            assert set(setting.keywords) <= all_keywords()
            for keyword in setting.keywords:
                assert not keyword.startswith("in_")


@every_example
class TestExample:
    def test_answers_itself_how_its_weights_are_used(self, example: Example) -> None:
        """None is true of a type without weights; one that has some must say it."""
        kind = type(layer_of(example))
        if layer_of(example).weights(shapes_of(example)):
            for question in ("wiring", "matrices"):
                assert getattr(kind, question) is not getattr(LayerType, question), question
            assert hasattr(kind, "keeps") or kind.saved is not LayerType.saved, "what it keeps for the backward pass"

    def test_keeps_what_there_is(self, example: Example) -> None:
        """Inputs that it has, and own tensors of some elements; each for the gradient of something that it has."""
        layer, inputs = layer_of(example), shapes_of(example)
        output = layer.output_shape(inputs)
        for frozen in (False, True):
            for saved in layer.saved(inputs, output, frozen=frozen) or ():
                assert saved.source is SavedSource.OWN or (saved.elements, saved.least_bytes) == (0, 0)
                assert saved.source is not SavedSource.OWN or saved.elements > 0
                assert 0 <= saved.number < len(inputs)
                assert set(saved.needed_for) <= {WEIGHTS, *range(len(inputs))}

    def test_is_an_immutable_value(self, example: Example) -> None:
        layer, twin = layer_of(example), layer_of(example)
        assert layer == twin
        assert hash(layer) == hash(twin)
        assert repr(layer) == repr(twin)
        assert layer != object()
        for key, setting in layer.settings.items():
            assert setting.decode(getattr(layer, key)) == getattr(layer, key), "decoding again changes nothing"
            with pytest.raises(AttributeError, match="immutable"):
                setattr(layer, key, 1)

    def test_figures_are_whole_numbers(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        output, weights = layer.output_shape(inputs), layer.weights(inputs)
        operations = layer.operations(inputs, output)
        assert type(output) is Shape
        assert type(operations) is Operations
        assert all(type(weight) is Weight for weight in weights)
        assert len({weight.name for weight in weights}) == len(weights)
        numbers = [*output, *operations, *(size for weight in weights for size in weight.shape)]
        assert {type(number) for number in numbers} == {int}
        assert min(output) >= 1
        assert min(operations) >= 0
        assert all(weight.size >= 1 for weight in weights)

    def test_windows_lie_as_the_outputs_do(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        output, largest = layer.output_shape(inputs), largest_of(layer, inputs)
        windows = layer.windows(inputs)
        assert len(windows) == len(largest)
        for number, (window, size) in enumerate(zip(windows, largest, strict=True)):
            if output.rank == len(largest):
                assert window.slide(size) == output.spatial[number]
            else:
                assert window.reads(0, size) == range(size)
            parts = [window.reads(position, size) for position in range(window.slide(size))]
            assert max(part[-1] - part[0] + 1 for part in parts if part) <= window.span(size)

    def test_is_wired_as_it_multiplies(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        output = layer.output_shape(inputs)
        wired = layer.wiring(inputs, output)
        if wired is None:
            return
        assert layer.operations(inputs, output).multiply_accumulates in (0, wired.connections)
        assert wired.connections >= sum(weight.size for weight in layer.weights(inputs)[:1])
        assert wired.biases == (output.elements if "bias" in {weight.name for weight in layer.weights(inputs)} else 0)
        if wired.full is not None:
            assert wired.full.output_shape(inputs) == output
            full = wired.full.wiring(inputs, output)
            assert full is not None
            assert full.full is None
            assert full.biases == wired.biases
            assert full.connections > wired.connections

    def test_readings_say_how_each_axis_of_each_input_is_read(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        output = layer.output_shape(inputs)
        readings = layer.readings(inputs, output)
        assert len(readings) == len(inputs)
        for reading, shape in zip(readings, inputs, strict=True):
            assert len(reading.windows) == len(reading.axes) == shape.rank
            moving = [axis for axis in reading.axes if axis is not None]
            assert len(set(moving)) == len(moving)
            for window, axis, size in zip(reading.windows, reading.axes, shape.spatial, strict=True):
                if axis is None:
                    assert window.reads(0, size) == range(size), "what does not move is read whole"
                else:
                    assert window.slide(size) == output.spatial[axis]
            if reading.channels is not None and not layer.is_merge and reading is readings[0]:
                assert reading.channels.slide(shape.channels) == output.channels
            moved = [axis for move in reading.moves for axis in move.inputs]
            assert len(set(moved)) == len(moved)
            assert set(moved) <= {axis for axis, size in enumerate(shape) if size > 1}
        if inputs and not layer.is_merge and readings[0].axes == tuple(range(output.rank)):
            assert readings[0].windows == layer.windows(inputs)

    def test_formulas_give_what_the_rules_give(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        output = layer.output_shape(inputs)
        texts, names = layer.formulas(), layer.symbols(inputs, output)
        rules = {weight.name: weight.size for weight in layer.weights(inputs)}
        rules.update(layer.operations(inputs, output)._asdict())
        rules.update(out_channels=output.channels, out_elements=output.elements)

        assert ("out_channels" in texts) != ("out_elements" in texts)
        for key in texts.keys() - {"out_size"}:
            assert parse(texts[key]).evaluate(names) == rules[key], key
        unsaid = {key for key, number in rules.items() if number} - texts.keys()
        assert unsaid <= {"out_channels", "out_elements"}, "every number that is not 0 has a formula"

    def test_the_size_formula_gives_what_the_rule_gives(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        output, largest = layer.output_shape(inputs), largest_of(layer, inputs)
        texts, names = layer.formulas(), layer.symbols(inputs, output)
        if "out_size" in texts:
            for number, (window, size) in enumerate(zip(layer.windows(inputs), largest, strict=True)):
                value = parse(texts["out_size"]).evaluate({**names, "in_size": size, **fields_of(window)})
                assert output.rank != len(largest) or value == output.spatial[number]
        elif "out_elements" not in texts:
            assert output.spatial in (largest, ())

    def test_the_matrix_products_do_the_multiply_accumulates(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        output = layer.output_shape(inputs)
        matrices = layer.matrices(inputs, output)
        if matrices is None:
            return
        done = matrices.products * matrices.rows * matrices.inner * matrices.columns
        if "connections" in example.settings:
            # The matrix of weights has zeros where a filter does not read a channel.
            assert done > layer.operations(inputs, output).multiply_accumulates
        else:
            assert done == layer.operations(inputs, output).multiply_accumulates
        width = matrices.rows if matrices.spread else matrices.inner
        assert matrices.unrolled == matrices.products * width * matrices.columns

    def test_remarks_have_sentences(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        remarks = layer.remarks(inputs, layer.output_shape(inputs))
        assert len({remark.key for remark in remarks}) == len(remarks)
        for remark in remarks:
            assert remark.key.isidentifier()
            if remark.formula:
                parse(remark.formula, REAL_FUNCTIONS)

    def test_what_lives_in_its_input_is_not_larger(self, example: Example) -> None:
        layer, inputs = layer_of(example), shapes_of(example)
        output = layer.output_shape(inputs)
        if layer.aliasing is Aliasing.VIEW and inputs:
            assert output.elements <= inputs[0].elements
            assert layer.operations(inputs, output) == Operations(), "a view computes nothing"
        if layer.aliasing is Aliasing.IN_PLACE:
            assert output == inputs[0]


def fields_of(window: Any) -> dict[str, Any]:
    """The names that a window adds to a size formula."""
    fields: dict[str, Any] = window._asdict()
    return fields


def largest_of(layer: LayerType, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
    """The spatial sizes of the first input; in a join, the largest along each axis."""
    if not inputs:
        return ()
    if not layer.is_merge or len({shape.spatial for shape in inputs}) == 1:
        return inputs[0].spatial
    rank = max(shape.rank for shape in inputs)
    maps = [shape.spatial for shape in inputs if shape.rank == rank]
    return tuple(map(max, zip(*maps, strict=True)))


def test_which_types_count_as_depth() -> None:
    """ResNet-152 has 152 layers of weighted sums; pools, normalizations and activations are not among them."""
    counted = {name for name, kind in all_types().items() if kind.counts_as_depth}
    convolutions = {"conv", "depthwise_conv", "local_conv", "conv_transpose", "deform_conv"}
    assert counted == convolutions | {"linear", "rbf", "lstm", "gru"}


def test_which_types_join_several_inputs() -> None:
    assert {name for name, kind in all_types().items() if kind.is_merge} == {
        "add",
        "subtract",
        "multiply",
        "concat",
        "einsum",
        "matmul",
        "apply",
    }


@every({name: kind for name, kind in all_types().items() if not kind.is_merge})
def test_a_setting_that_does_not_exist_is_refused(kind: type[LayerType]) -> None:
    with pytest.raises(TypeError):
        kind(nonsense=1)


def test_which_types_read_further_inputs() -> None:
    assert {name for name, kind in all_types().items() if kind.further_inputs} == {
        "deform_conv",
        "max_unpool",
        "opaque",
        "roi_align",
    }


def test_a_required_setting_that_is_missing_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^conv needs filters and kernel$"):
        all_types()["conv"](stride=2)


def test_the_size_of_a_weight_is_the_product_of_its_axes() -> None:
    assert Weight("weight", (2, 3, 4)).size == prod((2, 3, 4))
