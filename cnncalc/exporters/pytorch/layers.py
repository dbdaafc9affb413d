"""What each layer type becomes in PyTorch: a module of torch.nn, an expression in `forward`, or a small class.

The one table is `LAYERS`. Its functions read a layer through `TorchLayer`, which writes its settings as Python source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import Any, Protocol

from cnncalc.exporters.python_code import SourceText, WrittenExpression, fold, join_power, write_value
from cnncalc.exporters.pytorch.helpers import HELPERS
from cnncalc.layers._axes import as_list, find_axes, find_axis
from cnncalc.layers.contract import Shapes
from cnncalc.layers.shapes import Shape
from cnncalc.record import Record
from cnncalc.syntax.expressions import (
    BINDING,
    REAL_FUNCTIONS,
    Arithmetic,
    Call,
    ComparisonChain,
    Conditional,
    Literal,
    Logic,
    Name,
    Not,
    Signed,
    Tree,
    Value,
    parse,
)
from cnncalc.syntax.settings import on_axes, on_sides

SAME_CHANNELS = "same"


class UnsupportedLayer(Exception):  # noqa: N818 - becomes a SpecError at the layer
    """PyTorch has no such layer; the message says what it lacks."""


class TorchCode(Record):
    """A layer in PyTorch.

    `module` is the module that its class creates, empty if it needs none; `forward` is the expression of its output,
    over `{module}` and the inputs `{0}`, `{1}`, ...; `modules` compute all of it in nn.Sequential, None if
    modules cannot. `wraps`: a function of one input, which may be written around the expression of that input.
    `channels` are those of the output: SAME_CHANNELS for those of the input, None if no expression is known.
    """

    module: str = ""
    forward: str = "{module}({0})"
    modules: tuple[str, ...] | None = None
    wraps: bool = False
    channels: WrittenExpression | str | None = SAME_CHANNELS
    binding: int = 11


class TorchLayer(Protocol):
    """A layer whose code is written: the same item in each use of its block."""

    types: list[Any]
    input_shapes: list[Shapes]
    outputs: list[Shape]
    frozen: list[bool]

    def agreed(self, values: Sequence[Any], what: str) -> Any:
        """The value that is equal in all uses. Otherwise, the block becomes several classes."""

    def is_computed(self, name: str) -> bool:
        """Whether an expression gives a setting."""

    def argument(self, name: str) -> WrittenExpression:
        """The source of a setting in the constructor."""

    def in_forward_argument(self, name: str) -> WrittenExpression:
        """The source of a setting in `forward`."""

    def items_in_forward(self, name: str) -> list[str]:
        """The sources of the values of a list in `forward`."""

    def first_item(self, name: str) -> WrittenExpression | None:
        """The source of the first value of a list in the constructor, None if only the layers tell it."""

    def constant(self, values: Sequence[Value], name: str) -> WrittenExpression:
        """The source of values that the layers have: a literal, or an argument `name` if they differ."""

    def constant_in_forward(self, values: Sequence[Value], name: str) -> WrittenExpression:
        """`constant`, in `forward`."""

    def channels(self, number: int = 0) -> WrittenExpression:
        """The source of the number of channels of an input."""

    def helper(self, name: str) -> str:
        """The name of a class or function of HELPERS, which the code then defines."""

    def import_line(self, line: str) -> None:
        """Add an import."""


Writer = Callable[[TorchLayer], TorchCode]


def write_layer(layer: TorchLayer) -> TorchCode:
    """The code of a layer. Raises UnsupportedLayer if PyTorch has none."""
    names = [kind.name for kind in layer.types]
    for name in names:
        if name not in LAYERS:
            raise UnsupportedLayer(f"PyTorch has no layer for {name}")
    if len(set(names)) > 1 and (code := _write_chosen_type(layer)) is not None:
        return code
    return LAYERS[layer.agreed(names, "type")](layer)


def _write_chosen_type(layer: TorchLayer) -> TorchCode | None:
    """An activation that differs from use to use: its class is an argument. None for other layers."""
    classes: list[Value] = []
    for kind in layer.types:
        made = MODULES_BY_NAME.get(kind.name)
        if made is None or type(kind)() != kind:
            return None
        classes.append(SourceText(f"nn.{made}"))
    text = f"{layer.constant(classes, 'activation').text}()"
    return TorchCode(text, modules=(text,))


# --- parts of settings --------------------------------------------------------------------------


def values_of(layer: TorchLayer, name: str) -> list[Any]:
    return [getattr(kind, name) for kind in layer.types]


def rank_of(layer: TorchLayer) -> int:
    rank: int = layer.agreed([shapes[0].rank for shapes in layer.input_shapes], "rank")
    return rank


def ranked(layer: TorchLayer, name: str, most: int = 3) -> str:
    """The class of torch.nn for the rank of the input, such as Conv2d."""
    rank = rank_of(layer)
    if not 1 <= rank <= most:
        raise UnsupportedLayer(f"PyTorch has no {name} for {rank} spatial axes")
    return f"nn.{name}{rank}d"


def call(function: str, *arguments: str, **named: str) -> str:
    """The source of a call; empty arguments are omitted."""
    texts = [text for text in arguments if text]
    return f"{function}({', '.join([*texts, *(f'{key}={text}' for key, text in named.items() if text)])})"


def unless(layer: TorchLayer, name: str, default: Value) -> str:
    """The source of a setting, empty if it always has PyTorch's default, unless an expression gives it."""
    if all_equal(values_of(layer, name), default) and not layer.is_computed(name):
        return ""
    return layer.argument(name).text


def all_equal(values: Sequence[Any], value: Any) -> bool:
    return all(each == value for each in values)


def as_number(value: Value) -> Value:
    return float(value) if isinstance(value, Fraction) else value  # type: ignore[return-value]


class Sides(Record):
    """The padding of a layer with windows: an argument of its module, or the sides of a padding before it."""

    argument: str
    before: str


def pads_of(layer: TorchLayer) -> list[list[tuple[int, int]]]:
    """The padding before and after along each axis, in each use."""
    return [
        [(window.before, window.after) for window in kind.windows(shapes)]
        for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)
    ]


def write_padding(layer: TorchLayer, *, written: bool = True) -> Sides:
    """The padding of a layer: symmetric padding is an argument, any other a step before it."""
    pads = pads_of(layer)
    given = values_of(layer, "padding")
    rank = rank_of(layer)
    if all(before == after for axes in pads for before, after in axes):
        sides = [tuple(before for before, _ in axes) for axes in pads]
        if all(isinstance(value, int) or (isinstance(value, tuple) and len(value) == rank > 1) for value in given):
            return Sides("" if all_equal(given, 0) and not written else unless(layer, "padding", 0), "")
        if not any(map(any, sides)):
            return Sides("", "")
        values = [side[0] if len(set(side)) == 1 else side for side in sides]
        kernels = values_of(layer, "kernel")
        if len(set(values)) > 1 and all(
            isinstance(kernel, int) and value == kernel // 2 for kernel, value in zip(kernels, values, strict=True)
        ):
            return Sides(f"{layer.argument('kernel').at_least(BINDING['//'])} // 2", "")
        return Sides(layer.constant(values, "padding").text, "")
    items = layer.items_in_forward("padding") if all(isinstance(value, tuple) for value in given) else []
    if len(items) == 2 * rank:
        pairs = [items[2 * axis : 2 * axis + 2] for axis in reversed(range(rank))]
        return Sides("", f"({', '.join(side for pair in pairs for side in pair)})")
    flat = [tuple(side for pair in reversed(axes) for side in pair) for axes in pads]
    return Sides("", layer.constant_in_forward(flat, "padding").text)


def zero_pad(layer: TorchLayer, sides: Sides, value: str = "") -> tuple[str, tuple[str, ...] | None]:
    """The expression of a padded input, and the modules that pad it; None if these need the sides in forward."""
    if not sides.before:
        return "{0}", ()
    module = f"nn.ZeroPad{rank_of(layer)}d({sides.before})"
    if value:
        module = f"nn.ConstantPad{rank_of(layer)}d({sides.before}, {value})"
    modules = None if "self." in sides.before else (module,)
    return call("F.pad", "{0}", sides.before, value=value), modules


def padded_module(layer: TorchLayer, module: str, sides: Sides, channels: WrittenExpression | str) -> TorchCode:
    """A module whose input may be padded first."""
    padded, pads = zero_pad(layer, sides)
    modules = None if pads is None else (*pads, module)
    return TorchCode(module, f"{{module}}({padded})", modules, channels=channels)


# --- convolutions and linear layers -------------------------------------------------------------


def write_conv(layer: TorchLayer) -> TorchCode:
    if rank_of(layer) == 4:
        return write_folded_conv(layer, layer.argument("filters"), unless(layer, "groups", 1))
    sides = write_padding(layer)
    filters = layer.argument("filters")
    connections = layer.agreed(values_of(layer, "connections"), "connections")
    standardize = layer.agreed(values_of(layer, "standardize"), "standardize")
    name = ranked(layer, "Conv")
    if connections is not None or standardize is not None:
        helper = "ConnectedConv" if connections is not None else "StandardizedConv"
        name = layer.helper(f"{helper}{rank_of(layer)}d")
    module = call(
        name,
        layer.channels().text,
        filters.text,
        layer.argument("connections").text if connections is not None else "",
        kernel_size=layer.argument("kernel").text,
        stride=unless(layer, "stride", 1),
        padding=sides.argument,
        dilation=unless(layer, "dilation", 1),
        groups=unless(layer, "groups", 1),
        bias=unless(layer, "bias", True),
        gain="True" if standardize == "gain" else "",
    )
    return padded_module(layer, module, sides, filters)


def write_folded_conv(layer: TorchLayer, filters: WrittenExpression, groups: str) -> TorchCode:
    """A convolution over four axes whose first axis it only repeats: the axis joins the samples."""
    first = layer.agreed(
        [
            tuple((window.kernel, window.stride, window.before, window.after) for window in kind.windows(shapes)[:1])
            for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)
        ],
        "windows",
    )
    pads = pads_of(layer)
    if first != ((1, 1, 0, 0),) or any(before != after for axes in pads for before, after in axes):
        raise UnsupportedLayer("PyTorch has no Conv for 4 spatial axes")

    def rest(name: str) -> str:
        values = [on_axes(value, 4, name)[1:] for value in values_of(layer, name)]
        sizes = [value[0] if len(set(value)) == 1 else value for value in values]
        return "" if all_equal(sizes, 1) and name != "kernel" else layer.constant(sizes, name).text

    padding = [tuple(before for before, _ in axes[1:]) for axes in pads]
    sizes = [each[0] if len(set(each)) == 1 else each for each in padding]
    module = call(
        layer.helper("FoldedConv3d"),
        layer.channels().text,
        filters.text,
        kernel_size=rest("kernel"),
        stride=rest("stride"),
        padding="" if all_equal(sizes, 0) else layer.constant(sizes, "padding").text,
        dilation=rest("dilation"),
        groups=groups,
        bias=unless(layer, "bias", True),
    )
    return TorchCode(module, modules=(module,), channels=filters)


def write_depthwise_conv(layer: TorchLayer) -> TorchCode:
    if rank_of(layer) == 4:
        return write_folded_conv(layer, layer.channels(), layer.channels().text)
    sides = write_padding(layer)
    channels = layer.channels()
    filters = channels
    if not all_equal(values_of(layer, "multiplier"), 1):
        factor = layer.argument("multiplier")
        filters = WrittenExpression(f"{channels.at_least(7)} * {factor.at_least(8)}", 7)
    module = call(
        ranked(layer, "Conv"),
        channels.text,
        filters.text,
        kernel_size=layer.argument("kernel").text,
        stride=unless(layer, "stride", 1),
        padding=sides.argument,
        dilation=unless(layer, "dilation", 1),
        groups=channels.text,
        bias=unless(layer, "bias", True),
    )
    return padded_module(layer, module, sides, filters)


def write_conv_transpose(layer: TorchLayer) -> TorchCode:
    filters = layer.argument("filters")
    windows = [kind.windows(shapes) for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)]
    added = [_per_axis([window.output_padding for window in each]) for each in windows]
    crops = [[(window.before, window.after) for window in each] for each in windows]
    is_even = all(before == after for each in crops for before, after in each)
    padding = _transposed_padding(layer, crops) if is_even else ""
    module = call(
        ranked(layer, "ConvTranspose"),
        layer.channels().text,
        filters.text,
        kernel_size=layer.argument("kernel").text,
        stride=unless(layer, "stride", 1),
        padding=padding,
        output_padding="" if all_equal(added, 0) else layer.constant(added, "output_padding").text,
        groups=unless(layer, "groups", 1),
        bias=unless(layer, "bias", True),
        dilation=unless(layer, "dilation", 1),
    )
    if is_even:
        return TorchCode(module, modules=(module,), channels=filters)
    flat = [tuple(-side for pair in reversed(each) for side in pair) for each in crops]
    sides = layer.constant_in_forward(flat, "cropping").text
    modules = None if "self." in sides else (module, f"nn.ZeroPad{rank_of(layer)}d({sides})")
    return TorchCode(module, f"F.pad({{module}}({{0}}), {sides})", modules, channels=filters)


def _transposed_padding(layer: TorchLayer, crops: list[list[tuple[int, int]]]) -> str:
    if all(isinstance(value, int) for value in values_of(layer, "padding")):
        return unless(layer, "padding", 0)
    values = [_per_axis([before for before, _ in each]) for each in crops]
    return "" if all_equal(values, 0) else layer.constant(values, "padding").text


def _per_axis(values: Sequence[int]) -> Value:
    return values[0] if len(set(values)) == 1 else tuple(values)


def write_deform_conv(layer: TorchLayer) -> TorchCode:
    layer.import_line("from torchvision.ops import DeformConv2d")
    sides = write_padding(layer)
    filters = layer.argument("filters")
    module = call(
        "DeformConv2d",
        layer.channels().text,
        filters.text,
        kernel_size=layer.argument("kernel").text,
        stride=unless(layer, "stride", 1),
        padding=sides.argument,
        dilation=unless(layer, "dilation", 1),
        groups=unless(layer, "groups", 1),
        bias=unless(layer, "bias", True),
    )
    count = layer.agreed([len(shapes) for shapes in layer.input_shapes], "inputs")
    padded, _ = zero_pad(layer, sides)
    rest = ", ".join(f"{{{number}}}" for number in range(1, count))
    return TorchCode(module, f"{{module}}({padded}, {rest})", channels=filters)


def write_local_conv(layer: TorchLayer) -> TorchCode:
    sides = write_padding(layer)
    filters = layer.argument("filters")
    sizes = [tuple(output.spatial) for output in layer.outputs]
    rank = rank_of(layer)
    kernels = [on_axes(kernel, rank, "kernel") for kernel in values_of(layer, "kernel")]
    strides = [on_axes(stride, rank, "stride") for stride in values_of(layer, "stride")]
    module = call(
        layer.helper("LocalConv"),
        layer.channels().text,
        filters.text,
        layer.constant(sizes, "output_size").text,
        kernel_size=layer.constant(kernels, "kernel_size").text,
        stride=layer.constant(strides, "stride").text,
        bias=unless(layer, "bias", True),
    )
    if sides.argument:
        flat = [tuple(side for pair in reversed(axes) for side in pair) for axes in pads_of(layer)]
        sides = Sides("", layer.constant_in_forward(flat, "padding").text)
    return padded_module(layer, module, sides, filters)


def write_linear(layer: TorchLayer) -> TorchCode:
    features = layer.argument("features")
    axis = layer.agreed(
        [
            None if kind.axis is None else find_axis(kind.axis, shapes[0])
            for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)
        ],
        "axis",
    )
    bias = unless(layer, "bias", True)
    length = layer.agreed([len(shapes[0]) for shapes in layer.input_shapes], "rank")
    if axis is None:
        inner = _elements(layer)
        module = call("nn.Linear", inner, features.text, bias=bias)
        if length == 1:
            return TorchCode(module, modules=(module,), channels=features)
        return TorchCode(module, "{module}({0}.flatten(1))", ("nn.Flatten()", module), channels=features)
    if axis == 0:
        name = "nn.Linear" if length == 1 else layer.helper("ChannelLinear")
        module = call(name, layer.channels().text, features.text, bias=bias)
        return TorchCode(module, modules=(module,), channels=features)
    inner = layer.constant([shapes[0][axis] for shapes in layer.input_shapes], "in_features").text
    module = call("nn.Linear", inner, features.text, bias=bias)
    if axis == length - 1:
        return TorchCode(module, modules=(module,))
    return TorchCode(module, f"{{module}}({{0}}.movedim({axis + 1}, -1)).movedim(-1, {axis + 1})")


def _elements(layer: TorchLayer) -> str:
    """The number of elements of the input: channels times the sizes of a map."""
    channels = layer.channels()
    spatial = [tuple(shapes[0].spatial) for shapes in layer.input_shapes]
    if not any(spatial):
        return channels.text
    sizes = layer.agreed(spatial, "size")
    if prod(sizes) == 1:
        return channels.text
    return " * ".join([channels.at_least(7), *map(str, sizes)])


def write_rbf(layer: TorchLayer) -> TorchCode:
    units = layer.argument("units")
    module = call(layer.helper("RadialBasis"), layer.channels().text, units.text)
    return TorchCode(module, modules=(module,), channels=units)


def write_recurrence(kind: str) -> Writer:
    def write(layer: TorchLayer) -> TorchCode:
        hidden = layer.argument("hidden")
        is_double = layer.agreed(values_of(layer, "bidirectional"), "bidirectional")
        module = call(
            f"nn.{kind}",
            layer.channels().text,
            hidden.text,
            num_layers=unless(layer, "layers", 1),
            bias=unless(layer, "bias", True),
            batch_first="True",
            bidirectional="True" if is_double else "",
        )
        channels = WrittenExpression(f"2 * {hidden.at_least(8)}", 7) if is_double else hidden
        return TorchCode(module, "{module}({0}.transpose(1, 2))[0].transpose(1, 2)", channels=channels)

    return write


def write_embedding(layer: TorchLayer) -> TorchCode:
    features = layer.argument("features")
    module = call("nn.Embedding", layer.argument("vocabulary").text, features.text)
    return TorchCode(module, "{module}({0}.squeeze(1).long()).movedim(-1, 1)", channels=features)


# --- activations --------------------------------------------------------------------------------


def activation(module: str, function: str, *settings: tuple[str, str, Value]) -> Writer:
    """An activation; each setting with the name of its argument and its default."""

    def write(layer: TorchLayer) -> TorchCode:
        named = {
            argument: layer.constant([as_number(value) for value in values_of(layer, name)], argument).text
            for name, argument, default in settings
            if not all_equal(values_of(layer, name), default)
        }
        inner = {
            argument: layer.constant_in_forward([as_number(value) for value in values_of(layer, name)], argument).text
            for name, argument, default in settings
            if argument in named
        }
        made = (call(f"nn.{module}", **named),) if module else None
        return TorchCode("", call(function, "{0}", **inner), made, wraps=True)

    return write


def write_prelu(layer: TorchLayer) -> TorchCode:
    per_channel = layer.agreed(values_of(layer, "per_channel"), "per_channel")
    module = call("nn.PReLU", layer.channels().text if per_channel else "")
    return TorchCode(module, modules=(module,))


def write_gelu(layer: TorchLayer) -> TorchCode:
    approximate = layer.agreed(values_of(layer, "approximate"), "approximate")
    named = {"approximate": write_value(approximate)} if approximate else {}
    return TorchCode("", call("F.gelu", "{0}", **named), (call("nn.GELU", **named),), wraps=True)


def write_softmax(name: str, function: str) -> Writer:
    def write(layer: TorchLayer) -> TorchCode:
        axis = layer.agreed(values_of(layer, "axis"), "axis")
        dim = str(axis + 1 if axis >= 0 else axis)
        return TorchCode("", f"{function}({{0}}, dim={dim})", (f"nn.{name}(dim={dim})",), wraps=True)

    return write


def write_threshold(layer: TorchLayer) -> TorchCode:
    limit = layer.constant_in_forward([as_number(value) for value in values_of(layer, "threshold")], "threshold")
    return TorchCode("", f"({{0}} >= {limit.text}).to({{0}}.dtype)")


def write_maxout(layer: TorchLayer) -> TorchCode:
    pieces = layer.in_forward_argument("pieces")
    channels = layer.channels()
    out = WrittenExpression(f"{channels.at_least(7)} // {layer.argument('pieces').at_least(8)}", 7)
    return TorchCode("", f"{{0}}.unflatten(1, (-1, {pieces.text})).amax(dim=2)", channels=out)


# --- pools --------------------------------------------------------------------------------------


def write_pool(name: str) -> Writer:
    def write(layer: TorchLayer) -> TorchCode:
        sides = write_padding(layer, written=False)
        is_ceil = layer.agreed(values_of(layer, "rounding"), "rounding") == "ceil"
        strides = [kind.kernel if kind.stride is None else kind.stride for kind in layer.types]
        kernels = values_of(layer, "kernel")
        # PyTorch's default is the kernel.
        is_default = all_equal(values_of(layer, "stride"), None) or (
            strides == kernels and layer.argument("stride").text == layer.argument("kernel").text
        )
        is_max = name == "MaxPool"
        settings = {
            "kernel_size": layer.argument("kernel").text,
            "stride": "" if is_default else layer.argument("stride").text,
            "padding": sides.argument,
            "dilation": unless(layer, "dilation", 1) if is_max else "",
            "ceil_mode": "True" if is_ceil else "",
        }
        if is_max:
            module = call(ranked(layer, name), **settings)
            padded, pads = zero_pad(layer, sides, 'float("-inf")' if sides.before else "")
            modules = None if pads is None else (*pads, module)
            return TorchCode(module, f"{{module}}({padded})", modules)
        counts = layer.agreed(values_of(layer, "count_include_pad"), "count_include_pad")
        if sides.before and not counts:
            module = call(ranked(layer, name), **settings)
            helper = layer.helper("average_inside")
            return TorchCode(module, f"{helper}({{module}}, {{0}}, {sides.before})")
        settings["count_include_pad"] = "" if counts or not sides.argument else "False"
        return padded_module(layer, call(ranked(layer, name), **settings), sides, SAME_CHANNELS)

    return write


def write_adaptive_pool(name: str) -> Writer:
    def write(layer: TorchLayer) -> TorchCode:
        module = call(ranked(layer, name), layer.argument("size").text)
        return TorchCode(module, modules=(module,))

    return write


def write_global_pool(method: str, name: str) -> Writer:
    def write(layer: TorchLayer) -> TorchCode:
        rank = rank_of(layer)
        keeps = layer.agreed(values_of(layer, "keep_dims"), "keep_dims")
        axes = write_value(tuple(range(2, 2 + rank)))
        axes = "2" if rank == 1 else axes
        keep = ", keepdim=True" if keeps else ""
        pool = f"{ranked(layer, name)}(1)"
        return TorchCode("", f"{{0}}.{method}(dim={axes}{keep})", (pool,) if keeps else (pool, "nn.Flatten()"))

    return write


def write_subsample(layer: TorchLayer) -> TorchCode:
    rank = rank_of(layer)
    kernels = [on_axes(kernel, rank, "kernel") for kernel in values_of(layer, "kernel")]
    strides = [
        kernel if stride is None else on_axes(stride, rank, "stride")
        for kernel, stride in zip(kernels, values_of(layer, "stride"), strict=True)
    ]
    stride = "" if strides == kernels else layer.constant(strides, "stride").text
    module = call(
        layer.helper(f"Subsample{rank}d"), layer.channels().text, layer.constant(kernels, "kernel_size").text, stride
    )
    return TorchCode(module, modules=(module,))


# --- normalization ------------------------------------------------------------------------------


def write_batch_norm(layer: TorchLayer) -> TorchCode:
    rank = layer.agreed([shapes[0].rank for shapes in layer.input_shapes], "rank")
    has_scale = layer.agreed([kind.has_scale for kind in layer.types], "scale")
    has_center = layer.agreed([kind.has_center for kind in layer.types], "center")
    tracks = layer.agreed(values_of(layer, "track_statistics"), "track_statistics")
    settings = {"affine": "" if has_scale or has_center else "False", "track_running_stats": "" if tracks else "False"}
    if rank > 3:
        raise UnsupportedLayer(f"PyTorch has no BatchNorm for {rank} spatial axes")
    name = f"nn.BatchNorm{max(rank, 1)}d"
    if has_scale != has_center:
        name = layer.helper(f"{'Unshifted' if has_scale else 'Unscaled'}BatchNorm{max(rank, 1)}d")
    module = call(name, layer.channels().text, **settings)
    return TorchCode(module, modules=(module,))


def write_group_norm(layer: TorchLayer) -> TorchCode:
    module = call(
        "nn.GroupNorm", layer.argument("groups").text, layer.channels().text, affine=unless(layer, "affine", True)
    )
    return TorchCode(module, modules=(module,))


def write_instance_norm(layer: TorchLayer) -> TorchCode:
    module = call(
        ranked(layer, "InstanceNorm"),
        layer.channels().text,
        affine=unless(layer, "affine", False),
        track_running_stats=unless(layer, "track_statistics", False),
    )
    return TorchCode(module, modules=(module,))


def write_axis_norm(name: str) -> Writer:
    """LayerNorm or RMSNorm: over the channels, over the last axes, or over others."""

    def write(layer: TorchLayer) -> TorchCode:
        length = layer.agreed([len(shapes[0]) for shapes in layer.input_shapes], "rank")
        together = layer.agreed([_normalized_axes(layer, number) for number in range(len(layer.types))], "axes")
        affine = unless(layer, "affine", True)
        settings = {"elementwise_affine": affine}
        if together == (0,) and length > 1:
            module = call(layer.helper(f"Channel{name}"), layer.channels().text, **settings)
            return TorchCode(module, modules=(module,))
        if together == (0,):
            module = call(f"nn.{name}", layer.channels().text, **settings)
            return TorchCode(module, modules=(module,))
        shapes = [tuple(shapes[0][axis] for axis in together) for shapes in layer.input_shapes]
        sizes = layer.constant(shapes, "normalized_shape").text
        if together[0] == 0 and len({shape[1:] for shape in shapes}) == 1:
            sizes = f"({', '.join([layer.channels().text, *map(str, shapes[0][1:])])})"
        module = call(f"nn.{name}", sizes, **settings)
        if together == tuple(range(length - len(together), length)):
            return TorchCode(module, modules=(module,))
        moved = write_value(tuple(axis + 1 for axis in together))
        last = write_value(tuple(range(-len(together), 0)))
        return TorchCode(module, f"{{module}}({{0}}.movedim({moved}, {last})).movedim({last}, {moved})")

    return write


def _normalized_axes(layer: TorchLayer, number: int) -> tuple[int, ...]:
    axes = getattr(layer.types[number], "axes")  # noqa: B009
    shape = layer.input_shapes[number][0]
    if axes == "all":
        return tuple(range(len(shape)))
    return (0,) if axes == "channels" else find_axes(axes, shape)


def write_lrn(layer: TorchLayer) -> TorchCode:
    size = layer.argument("size").text
    # PyTorch divides alpha by the size.
    alphas = [
        as_number(Fraction(alpha) * count)
        for alpha, count in zip(values_of(layer, "alpha"), values_of(layer, "size"), strict=True)
    ]
    numbers = {
        "alpha": layer.constant(alphas, "alpha").text,
        "beta": layer.constant([as_number(value) for value in values_of(layer, "beta")], "beta").text,
        "k": layer.constant([as_number(value) for value in values_of(layer, "k")], "k").text,
    }
    module = call("nn.LocalResponseNorm", size, **numbers)
    if not layer.agreed([shapes[0].rank for shapes in layer.input_shapes], "rank"):
        return TorchCode(module, "{module}({0}.unsqueeze(-1)).squeeze(-1)")
    return TorchCode(module, modules=(module,))


def write_scale(layer: TorchLayer) -> TorchCode:
    per_channel = layer.agreed(values_of(layer, "per_channel"), "per_channel")
    rank = layer.agreed([shapes[0].rank for shapes in layer.input_shapes], "rank")
    size = layer.channels().text if per_channel else "1"
    module = call(layer.helper("Scale"), size, str(rank), bias=unless(layer, "bias", False))
    return TorchCode(module, modules=(module,))


def write_bias(layer: TorchLayer) -> TorchCode:
    axes = layer.agreed(values_of(layer, "axes"), "axes")
    rank = layer.agreed([shapes[0].rank for shapes in layer.input_shapes], "rank")
    if axes == "channels":
        sizes = [layer.channels().text, *["1"] * rank]
    else:
        spatial = [tuple(shapes[0].spatial) for shapes in layer.input_shapes]
        rest = layer.constant(spatial, "size").text if rank else ""
        channels = layer.channels().text if axes == "all" else "1"
        sizes = [channels, *(rest.strip("()").rstrip(",").split(", ") if rest.startswith("(") else [f"*{rest}"])]
        sizes = [size for size in sizes if size.strip("*")]
    module = call(layer.helper("Bias"), *sizes)
    return TorchCode(module, modules=(module,))


# --- joins --------------------------------------------------------------------------------------


def write_elementwise(operator: str) -> Writer:
    def write(layer: TorchLayer) -> TorchCode:
        operands = _broadcast(layer)
        channels = _widest_channels(layer)
        binding = BINDING[operator]
        return TorchCode("", f" {operator} ".join(operands), channels=channels, binding=binding)

    return write


def _widest_channels(layer: TorchLayer) -> WrittenExpression:
    """The channels of the inputs that are not broadcast along them, in the simplest words."""
    count = layer.agreed([len(shapes) for shapes in layer.input_shapes], "inputs")
    widest = [
        number
        for number in range(count)
        if all(shapes[number].channels == max(shape.channels for shape in shapes) for shapes in layer.input_shapes)
    ]
    if not widest:
        split = [max(range(count), key=lambda number: shapes[number].channels) for shapes in layer.input_shapes]
        widest = [layer.agreed(split, "inputs")]
    written = [layer.channels(number) for number in widest]
    return min(written, key=lambda each: (each.text.isdigit(), not each.text.isidentifier()))


def _broadcast(layer: TorchLayer) -> list[str]:
    """The inputs, vectors with further axes where others are maps."""
    ranks = layer.agreed([tuple(shape.rank for shape in shapes) for shapes in layer.input_shapes], "rank")
    texts = []
    for number, rank in enumerate(ranks):
        missing = max(ranks) - rank
        texts.append(f"{{{number}}}[:, :{', None' * missing}]" if missing else f"{{{number}}}")
    return texts


def write_concat(layer: TorchLayer) -> TorchCode:
    axis = layer.agreed(
        [find_axis(kind.axis, shapes[0]) for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)],
        "axis",
    )
    count = layer.agreed([len(shapes) for shapes in layer.input_shapes], "inputs")
    channels: WrittenExpression | str = SAME_CHANNELS
    if axis == 0:
        parts = [layer.channels(number) for number in range(count)]
        channels = sum_channels(parts)
    inputs = ", ".join(f"{{cat:{number}}}" for number in range(count))
    return TorchCode("", f"torch.cat([{inputs}], dim={axis + 1})", channels=channels)


def sum_channels(parts: list[WrittenExpression], less: WrittenExpression | None = None) -> WrittenExpression:
    """A sum: numbers are added up, and equal parts become a product. `less` is subtracted."""
    if len(parts) == 1 and less is None:
        return parts[0]
    number = 0
    counted: dict[str, int] = {}
    for sign, part in [*((1, part) for part in parts), *(((-1, less),) if less is not None else ())]:
        for term in part.text.split(" + ") if _is_sum(part) else [part.at_least(7)]:
            factor, _, text = term.rpartition(" * ") if re.match(r"[0-9]+ \* [\w.]+$", term) else ("", "", term)
            if term.isdigit():
                number += sign * int(term)
            else:
                counted[text] = counted.get(text, 0) + sign * int(factor or 1)
    texts = [_times(text, times) for text, times in counted.items() if times > 0]
    texts += [str(number)] if number > 0 or not texts else []
    taken = [_times(text, -times) for text, times in counted.items() if times < 0] + (
        [str(-number)] if number < 0 else []
    )
    whole = " - ".join([" + ".join(texts), *taken])
    if re.fullmatch(r"[\w.]+", whole):
        return WrittenExpression(whole)
    return WrittenExpression(whole, 7 if len(texts) == 1 and not taken and " + " not in whole else 6)


def _is_sum(part: WrittenExpression) -> bool:
    return part.binding == 6 and not re.search(r"[()\[\]]| - | if ", part.text)


def _times(text: str, times: int) -> str:
    if times == 1:
        return text
    return f"{times} * {text}" if re.fullmatch(r"[\w.]+|\(.*\)", text) else f"{times} * ({text})"


def write_matmul(layer: TorchLayer) -> TorchCode:
    swaps = layer.agreed([(kind.transpose_first, kind.transpose_second) for kind in layer.types], "transpose")
    first, second = (f"{{{number}}}.mT" if swap else f"{{{number}}}" for number, swap in enumerate(swaps))
    is_simple = layer.agreed([len(shapes[0]) > 2 or not swaps[0] for shapes in layer.input_shapes], "rank")
    return TorchCode("", f"{first} @ {second}", channels=layer.channels() if is_simple else None, binding=7)


def write_einsum(layer: TorchLayer) -> TorchCode:
    equation: str = layer.agreed(values_of(layer, "equation"), "equation")
    left, _, right = "".join(equation.split()).partition("->")
    batch = next(letter for letter in "bnzypqrstuvw" if letter not in equation)
    terms = ",".join(f"{batch}{term}" for term in left.split(","))
    inputs = ", ".join(f"{{{number}}}" for number in range(left.count(",") + 1))
    # The channels of the output are those of the input that begins with the same letter.
    same = [number for number, term in enumerate(left.split(",")) if term[:1] == right[:1]]
    channels = layer.channels(same[0]) if same else None
    return TorchCode("", f'torch.einsum("{terms}->{batch}{right}", {inputs})', channels=channels)


TORCH_FUNCTIONS = {
    "exp": "torch.exp", "ln": "torch.log", "erf": "torch.erf", "sqrt": "torch.sqrt", "tanh": "torch.tanh",
    "sin": "torch.sin", "cos": "torch.cos", "sigmoid": "torch.sigmoid", "softplus": "F.softplus", "relu": "F.relu",
    "relu6": "F.relu6", "abs": "torch.abs",
}  # fmt: skip
MATH_FUNCTIONS = {"exp": "exp", "ln": "log", "erf": "erf", "sqrt": "sqrt", "tanh": "tanh", "sin": "sin", "cos": "cos"}
ELEMENTS = ("x", "y", "z", "u", "v", "w")


def write_apply(layer: TorchLayer) -> TorchCode:
    function: str = layer.agreed(values_of(layer, "function"), "function")
    operands = dict(zip(ELEMENTS, _broadcast(layer), strict=False))
    tree = parse(function, REAL_FUNCTIONS).tree
    written = _write_function(tree, operands, layer)
    return TorchCode("", written.text, channels=_widest_channels(layer), binding=written.binding)


def _write_function(tree: Tree, names: dict[str, str], layer: TorchLayer) -> WrittenExpression:
    """An elementwise function over tensors."""

    def write(part: Tree) -> WrittenExpression:
        return _write_function(part, names, layer)

    if isinstance(tree, Name):
        return WrittenExpression(names[tree.name])
    if isinstance(tree, Literal):
        text = write_value(tree.value)
        return WrittenExpression(text, BINDING["/"] if " / " in text else 8 if text.startswith("-") else 11)
    if isinstance(tree, Signed):
        return WrittenExpression(f"{tree.sign}{write(tree.operand).at_least(8)}", 8)
    if isinstance(tree, Arithmetic):
        binding = BINDING[tree.operator]
        left, right = write(tree.left), write(tree.right)
        if tree.operator == "**":
            return join_power(left.at_least(11), right.at_least(11))
        return WrittenExpression(f"{left.at_least(binding)} {tree.operator} {right.at_least(binding + 1)}", binding)
    if isinstance(tree, Conditional):
        parts = [write(part).text for part in (tree.condition, tree.then, tree.otherwise)]
        return WrittenExpression(f"torch.where({', '.join(parts)})")
    if isinstance(tree, ComparisonChain):
        return _write_comparison(tree, write)
    if isinstance(tree, Logic):
        operator = "&" if tree.operator == "and" else "|"
        return WrittenExpression(f"({write(tree.left).at_least(11)}) {operator} ({write(tree.right).at_least(11)})", 3)
    if isinstance(tree, Not):
        return WrittenExpression(f"~({write(tree.operand).text})", 8)
    if isinstance(tree, Call):
        return _write_call(tree, write, layer)
    raise UnsupportedLayer("PyTorch cannot compute this function")


def _write_comparison(tree: ComparisonChain, write: Callable[[Tree], WrittenExpression]) -> WrittenExpression:
    left, parts = write(tree.first), []
    for operator, operand, _ in tree.rest:
        right = write(operand)
        parts.append(f"{left.at_least(6)} {operator} {right.at_least(6)}")
        left = right
    if len(parts) == 1:
        return WrittenExpression(parts[0], 5)
    return WrittenExpression(" & ".join(f"({part})" for part in parts), 3)


def _write_call(tree: Call, write: Callable[[Tree], WrittenExpression], layer: TorchLayer) -> WrittenExpression:
    depends = [_depends(argument) for argument in tree.arguments]
    texts = [write(argument).text for argument in tree.arguments]
    if tree.function in ("min", "max"):
        if not any(depends):
            return WrittenExpression(f"{tree.function}({', '.join(texts)})")
        return _write_extreme(tree.function, list(zip(texts, depends, strict=True)))
    if any(depends):
        return WrittenExpression(f"{TORCH_FUNCTIONS[tree.function]}({texts[0]})")
    if tree.function not in MATH_FUNCTIONS:
        return WrittenExpression(f"{TORCH_FUNCTIONS[tree.function]}(torch.tensor({texts[0]}))")
    layer.import_line("import math")
    return WrittenExpression(f"math.{MATH_FUNCTIONS[tree.function]}({texts[0]})")


def _write_extreme(function: str, parts: list[tuple[str, bool]]) -> WrittenExpression:
    tensors = [text for text, depends in parts if depends]
    numbers = [text for text, depends in parts if not depends]
    text = tensors[0]
    for other in tensors[1:]:
        text = f"torch.{function}imum({text}, {other})"
    for number in numbers:
        text = f"torch.clamp({text}, {'min' if function == 'max' else 'max'}={number})"
    return WrittenExpression(text)


def _depends(tree: Tree) -> bool:
    waiting: list[Any] = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Name):
            return True
        if isinstance(part, tuple):
            waiting += part
    return False


# --- rearrangement ------------------------------------------------------------------------------


def write_flatten(layer: TorchLayer) -> TorchCode:
    bounds = layer.agreed(
        [
            (find_axis(kind.start, shapes[0]), find_axis(kind.end, shapes[0]), len(shapes[0]))
            for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)
        ],
        "axes",
    )
    start, end, length = bounds
    if start == end:
        return TorchCode("", "{0}", ("nn.Identity()",))
    last = "" if end == length - 1 else f", {end + 1}"
    channels: WrittenExpression | str | None = SAME_CHANNELS
    if start == 0:
        sizes = [tuple(shapes[0][1 : end + 1]) for shapes in layer.input_shapes]
        if len(set(sizes)) > 1:
            channels = None
        elif prod(sizes[0]) > 1:
            channels = fold(WrittenExpression(" * ".join([layer.channels().at_least(7), *map(str, sizes[0])]), 7))
    module = f"nn.Flatten({start + 1}{last})" if (start, last) != (0, "") else "nn.Flatten()"
    return TorchCode("", f"{{0}}.flatten({start + 1}{last})", (module,), channels=channels)


def write_reshape(layer: TorchLayer) -> TorchCode:
    items = layer.items_in_forward("shape")
    sizes = ", ".join(items)
    return TorchCode("", f"{{0}}.reshape({{0}}.shape[0], {sizes})", channels=_first_size(layer))


def _first_size(layer: TorchLayer) -> WrittenExpression | None:
    """The first size of a shape that a setting gives."""
    counts = [output.channels for output in layer.outputs]
    first = layer.first_item("shape")
    if first is not None and first.text != "-1":
        return first
    return WrittenExpression(str(counts[0])) if len(set(counts)) == 1 else None


def write_permute(layer: TorchLayer) -> TorchCode:
    axes = layer.agreed(
        [
            tuple(find_axis(axis, shapes[0]) for axis in as_list(kind.axes))
            for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)
        ],
        "axes",
    )
    if axes == (1, 0):
        return TorchCode("", "{0}.transpose(1, 2)", channels=None)
    order = ", ".join(["0", *(str(axis + 1) for axis in axes)])
    return TorchCode("", f"{{0}}.permute({order})", channels=SAME_CHANNELS if axes[0] == 0 else None)


def write_slice(layer: TorchLayer) -> TorchCode:
    axis = layer.agreed(
        [find_axis(kind.axis, shapes[0]) for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)],
        "axis",
    )
    is_first = all_equal(values_of(layer, "start"), 0)
    start = "" if is_first else layer.in_forward_argument("start").text
    stop = "" if all_equal(values_of(layer, "stop"), None) else layer.in_forward_argument("stop").text
    step = "" if all_equal(values_of(layer, "step"), 1) else layer.in_forward_argument("step").text
    spaced = not all(re.fullmatch(r"\w*", side) for side in (start, stop, step))
    bounds = f"{start} : {stop}".strip() if spaced else f"{start}:{stop}"
    bounds += f"{' : ' if spaced else ':'}{step}" if step else ""
    places = "".join(":, " for _ in range(axis + 1))
    channels: WrittenExpression | str | None = SAME_CHANNELS
    if axis == 0:
        channels = _slice_channels(layer, has_start=not is_first, has_stop=bool(stop), has_step=bool(step))
    return TorchCode("", f"{{0}}[{places}{bounds}]", channels=channels)


def _slice_channels(layer: TorchLayer, *, has_start: bool, has_stop: bool, has_step: bool) -> WrittenExpression | None:
    if has_step:
        return None
    if not has_start and not has_stop:
        return layer.channels()
    if not has_start and has_stop:
        return layer.argument("stop")
    whole = layer.argument("stop") if has_stop else layer.channels()
    return sum_channels([whole], layer.argument("start"))


def write_crop(layer: TorchLayer) -> TorchCode:
    rank = rank_of(layer)
    sides = [on_sides(kind.amount, rank, "amount") for kind in layer.types]
    flat = [tuple(-side for pair in reversed(each) for side in pair) for each in sides]
    items = _sides_in_forward(layer, "amount", rank)
    written = f"({', '.join(_negative(item) for item in items)})" if items else None
    return _pad(layer, written or layer.constant_in_forward(flat, "cropping").text)


def _negative(text: str) -> str:
    if text == "0":
        return text
    return f"-{text}" if re.fullmatch(r"[\w.]+", text) else f"-({text})"


def _sides_in_forward(layer: TorchLayer, name: str, rank: int) -> list[str]:
    """The sides of a padding in the order of F.pad, if the spec lists both of each axis."""
    if not all(isinstance(value, tuple) and len(value) == 2 * rank for value in values_of(layer, name)):
        return []
    items = layer.items_in_forward(name)
    return [side for axis in reversed(range(rank)) for side in items[2 * axis : 2 * axis + 2]]


def _pad(layer: TorchLayer, sides: str, mode: str = "") -> TorchCode:
    modules = None if "self." in sides or "\0" in sides else (f"nn.ZeroPad{rank_of(layer)}d({sides})",)
    return TorchCode("", call("F.pad", "{0}", sides, mode=mode), None if mode else modules)


PAD_MODES = {"zero": "", "reflect": '"reflect"', "replicate": '"replicate"', "circular": '"circular"'}


def write_pad(layer: TorchLayer) -> TorchCode:
    rank = layer.agreed([shapes[0].rank for shapes in layer.input_shapes], "rank")
    mode = layer.agreed(values_of(layer, "mode"), "mode")
    sides = [on_sides(kind.padding, rank, "padding") if rank else () for kind in layer.types]
    channels = [on_sides(kind.channels, 1, "channels")[0] for kind in layer.types]
    flat = [tuple(side for pair in reversed(each) for side in pair) for each in sides]
    has_sides = any(map(any, flat))
    if not any(map(any, channels)):
        if not has_sides:
            return TorchCode("", "{0}", ("nn.Identity()",))
        items = _sides_in_forward(layer, "padding", rank)
        written = f"({', '.join(items)})" if items else layer.constant_in_forward(flat, "padding").text
        return _pad(layer, written, PAD_MODES[mode])
    text = "{0}"
    if has_sides and mode != "zero":
        text = call("F.pad", text, layer.constant_in_forward(flat, "padding").text, mode=PAD_MODES[mode])
        flat = [(0,) * len(each) for each in flat]
    both = [(*each, *added) for each, added in zip(flat, channels, strict=True)]
    text = call("F.pad", text, layer.constant_in_forward(both, "padding").text)
    if len(set(channels)) > 1:
        return TorchCode("", text, channels=None)
    own = layer.channels()
    added = sum(channels[0])
    out = WrittenExpression(f"{own.at_least(6)} {'+' if added >= 0 else '-'} {abs(added)}", 6) if added else own
    return TorchCode("", text, channels=out)


def write_roll(layer: TorchLayer) -> TorchCode:
    rank = rank_of(layer)
    shifts = [on_axes(kind.shift, rank, "shift") for kind in layer.types]
    items = (
        layer.items_in_forward("shift") if all(isinstance(value, tuple) for value in values_of(layer, "shift")) else []
    )
    shift = f"({', '.join(items)})" if items else layer.constant_in_forward(shifts, "shift").text
    dims = write_value(tuple(range(2, 2 + rank)))
    return TorchCode("", f"{{0}}.roll({shift}, dims={dims})")


def write_channel_shuffle(layer: TorchLayer) -> TorchCode:
    if all(shapes[0].rank for shapes in layer.input_shapes):
        module = f"nn.ChannelShuffle({layer.argument('groups').text})"
        return TorchCode(module, modules=(module,))
    groups = layer.in_forward_argument("groups").text
    return TorchCode("", f"{{0}}.unflatten(1, ({groups}, -1)).transpose(1, 2).flatten(1, 2)")


def write_pixel_shuffle(name: str) -> Writer:
    def write(layer: TorchLayer) -> TorchCode:
        rank = rank_of(layer)
        factor = layer.agreed(values_of(layer, "factor"), "factor")
        power = factor**rank
        operator = "//" if name == "PixelShuffle" else "*"
        channels = WrittenExpression(f"{layer.channels().at_least(7)} {operator} {power}", 7)
        if rank == 2:
            module = f"nn.{name}({layer.argument('factor').text})"
            return TorchCode(module, modules=(module,), channels=channels)
        helper = layer.helper("pixel_shuffle" if name == "PixelShuffle" else "pixel_unshuffle")
        return TorchCode("", f"{helper}({{0}}, {factor})", channels=channels)

    return write


def write_upsample(layer: TorchLayer) -> TorchCode:
    rank = rank_of(layer)
    if rank > 3:
        raise UnsupportedLayer(f"PyTorch has no Upsample for {rank} spatial axes")
    mode = layer.agreed(values_of(layer, "mode"), "mode")
    mode = {"bilinear": ("linear", "bilinear", "trilinear")[rank - 1]}.get(mode, mode)
    aligned = layer.agreed(values_of(layer, "align_corners"), "align_corners")
    settings = {"mode": write_value(mode), "align_corners": "True" if aligned else ""}
    by_size = layer.agreed([kind.factor is None for kind in layer.types], "size")
    if by_size:
        size = layer.in_forward_argument("size").text
        module = call("nn.Upsample", size=size, **settings)
        modules = None if "self." in size or "\0" in size else (module,)
        return TorchCode("", call("F.interpolate", "{0}", size=size, **settings), modules)
    factors = [
        tuple(map(as_number, factor)) if isinstance(factor, tuple) else as_number(factor)
        for factor in values_of(layer, "factor")
    ]
    has_text = all(isinstance(factor, int) for factor in factors)
    factor = layer.argument("factor").text if has_text else layer.constant(factors, "scale_factor").text
    module = call("nn.Upsample", scale_factor=factor, **settings)
    return TorchCode(module, modules=(module,))


def write_unfold(layer: TorchLayer) -> TorchCode:
    sides = write_padding(layer)
    rank = rank_of(layer)
    window = [
        (on_axes(kind.kernel, rank, "kernel"), on_axes(kind.stride, rank, "stride"), on_axes(kind.dilation, rank, ""))
        for kind in layer.types
    ]
    kernel, stride, dilation = layer.agreed(window, "windows")
    pads = layer.agreed([tuple(map(tuple, axes)) for axes in pads_of(layer)], "padding")
    flat = tuple(side for pair in reversed(pads) for side in pair)
    del sides
    padded = f"F.pad({{0}}, {write_value(flat)})" if any(flat) else "{0}"
    helper = layer.helper("unfold_windows")
    text = f"{helper}({padded}, {write_value(kernel)}, {write_value(stride)}, {write_value(dilation)})"
    channels = WrittenExpression(f"{layer.channels().at_least(7)} * {prod(kernel)}", 7)
    return TorchCode("", text, channels=channels)


def write_fold(layer: TorchLayer) -> TorchCode:
    rank = rank_of(layer)
    windows = layer.agreed(
        [tuple(kind.windows(shapes)) for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)],
        "windows",
    )
    kernel = tuple(window.kernel for window in windows)
    stride = tuple(window.stride for window in windows)
    dilation = tuple(window.dilation for window in windows)
    sides = tuple((window.before, window.after - window.output_padding) for window in windows)
    helper = layer.helper(f"fold_windows{rank}d")
    text = f"{helper}({{0}}, {write_value(kernel)}, {write_value(stride)}, {write_value(dilation)})"
    crop = tuple(-side for pair in reversed(sides) for side in pair)
    if any(crop):
        text = f"F.pad({text}, {write_value(crop)})"
    channels = WrittenExpression(f"{layer.channels().at_least(7)} // {prod(kernel)}", 7)
    return TorchCode("", text, channels=channels)


def write_max_unpool(layer: TorchLayer) -> TorchCode:
    sizes = layer.agreed([tuple(output.spatial) for output in layer.outputs], "size")
    rank = rank_of(layer)
    kind: Any = layer.types[0]
    layer.agreed([(each.kernel, each.stride, each.padding) for each in layer.types], "windows")
    stride = kind.kernel if kind.stride is None else kind.stride
    helper = layer.helper("max_unpool")
    kernel, strides = (write_value(on_axes(value, rank, "")) for value in (kind.kernel, stride))
    return TorchCode("", f"{helper}({{0}}, {kernel}, {strides}, {write_value(sizes)})")


def write_gather(layer: TorchLayer) -> TorchCode:
    axis = layer.agreed(
        [find_axis(kind.axis, shapes[0]) for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)],
        "axis",
    )
    items = layer.items_in_forward("shape")
    shape = f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    helper = layer.helper("look_up")
    return TorchCode("", f"{helper}({{0}}, {shape}, dim={axis + 1})", channels=None if axis == 0 else SAME_CHANNELS)


def write_roi_align(layer: TorchLayer) -> TorchCode:
    rank = rank_of(layer)
    count = layer.agreed([len(shapes) for shapes in layer.input_shapes], "inputs")
    size = layer.agreed([on_axes(kind.size, rank, "size") for kind in layer.types], "size")
    rois = layer.in_forward_argument("rois").text
    helper = layer.helper("align_regions")
    maps = ", ".join(f"{{{number}}}" for number in range(count))
    return TorchCode("", f"{helper}([{maps}], {rois}, {write_value(size)})")


def write_reduce(layer: TorchLayer) -> TorchCode:
    operation = layer.agreed(values_of(layer, "op"), "op")
    length = layer.agreed([len(shapes[0]) for shapes in layer.input_shapes], "rank")
    axes = layer.agreed(
        [
            tuple(range(len(shapes[0]))) if kind.axes is None else find_axes(kind.axes, shapes[0])
            for kind, shapes in zip(layer.types, layer.input_shapes, strict=True)
        ],
        "axes",
    )
    keeps = layer.agreed(values_of(layer, "keep_dims"), "keep_dims")
    dims = tuple(axis + 1 for axis in axes)
    dim = write_value(dims) if len(dims) > 1 else str(dims[0])
    keep = ", keepdim=True" if keeps else ""
    method = {"mean": "mean", "sum": "sum", "max": "amax", "min": "amin", "norm": "norm"}[operation]
    text = f"{{0}}.{method}(dim={dim}{keep})"
    if operation == "norm":
        text = f"torch.linalg.vector_norm({{0}}, dim={dim}{keep})"
    if not keeps and len(axes) == length:
        # All that remains is one number, a vector of one channel.
        text = f"{text}.unsqueeze(1)"
    channels: WrittenExpression | str | None = SAME_CHANNELS
    if 0 in axes:
        channels = WrittenExpression("1") if keeps or len(axes) == length else None
    return TorchCode("", text, channels=channels)


def write_parameter(layer: TorchLayer) -> TorchCode:
    shapes = [tuple(output) for output in layer.outputs]
    given = values_of(layer, "shape")
    sizes = layer.argument("shape")
    text = sizes.text
    if text.startswith("(") and text.endswith(")"):
        inner = text[1:-1].rstrip(",")
    elif all(isinstance(value, int) for value in given) or all(len(shape) == 1 for shape in shapes):
        inner = text
    else:
        inner = f"*{text}"
    # The first axis is the batch.
    is_frozen = layer.agreed(layer.frozen, "frozen")
    module = call("nn.Parameter", f"torch.zeros(1, {inner})", requires_grad="False" if is_frozen else "")
    channels = _first_size(layer)
    if channels is None and all(isinstance(value, int) for value in given):
        channels = sizes
    return TorchCode(module, "{module}", channels=channels)


def write_dropout(layer: TorchLayer) -> TorchCode:
    rate = layer.argument("rate").text
    module = f"nn.Dropout({rate})"
    return TorchCode(module, modules=(module,))


def write_drop_path(layer: TorchLayer) -> TorchCode:
    module = f"{layer.helper('DropPath')}({layer.argument('rate').text})"
    return TorchCode(module, modules=(module,))


def write_identity(_layer: TorchLayer) -> TorchCode:
    return TorchCode("", "{0}", ("nn.Identity()",))


# Activations without weights that are modules of torch.nn with the same defaults.
MODULES_BY_NAME = {
    "identity": "Identity", "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU", "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU", "elu": "ELU", "selu": "SELU", "gelu": "GELU", "silu": "SiLU", "mish": "Mish",
    "hard_sigmoid": "Hardsigmoid", "hard_swish": "Hardswish", "softplus": "Softplus",
}  # fmt: skip

LAYERS: dict[str, Writer] = {
    "conv": write_conv,
    "depthwise_conv": write_depthwise_conv,
    "conv_transpose": write_conv_transpose,
    "deform_conv": write_deform_conv,
    "local_conv": write_local_conv,
    "linear": write_linear,
    "rbf": write_rbf,
    "lstm": write_recurrence("LSTM"),
    "gru": write_recurrence("GRU"),
    "embedding": write_embedding,
    "identity": write_identity,
    "threshold": write_threshold,
    "sigmoid": activation("Sigmoid", "torch.sigmoid"),
    "tanh": activation("Tanh", "torch.tanh"),
    "relu": activation("ReLU", "F.relu"),
    "relu6": activation("ReLU6", "F.relu6"),
    "absolute": activation("", "torch.abs"),
    "leaky_relu": activation("LeakyReLU", "F.leaky_relu", ("slope", "negative_slope", Fraction(1, 100))),
    "prelu": write_prelu,
    "elu": activation("ELU", "F.elu", ("alpha", "alpha", 1)),
    "selu": activation("SELU", "F.selu"),
    "gelu": write_gelu,
    "silu": activation("SiLU", "F.silu"),
    "mish": activation("Mish", "F.mish"),
    "hard_sigmoid": activation("Hardsigmoid", "F.hardsigmoid"),
    "hard_swish": activation("Hardswish", "F.hardswish"),
    "softplus": activation("Softplus", "F.softplus"),
    "softmax": write_softmax("Softmax", "F.softmax"),
    "log_softmax": write_softmax("LogSoftmax", "F.log_softmax"),
    "maxout": write_maxout,
    "max_pool": write_pool("MaxPool"),
    "avg_pool": write_pool("AvgPool"),
    "adaptive_avg_pool": write_adaptive_pool("AdaptiveAvgPool"),
    "adaptive_max_pool": write_adaptive_pool("AdaptiveMaxPool"),
    "global_avg_pool": write_global_pool("mean", "AdaptiveAvgPool"),
    "global_max_pool": write_global_pool("amax", "AdaptiveMaxPool"),
    "subsample": write_subsample,
    "batch_norm": write_batch_norm,
    "group_norm": write_group_norm,
    "instance_norm": write_instance_norm,
    "layer_norm": write_axis_norm("LayerNorm"),
    "rms_norm": write_axis_norm("RMSNorm"),
    "lrn": write_lrn,
    "scale": write_scale,
    "bias": write_bias,
    "add": write_elementwise("+"),
    "subtract": write_elementwise("-"),
    "multiply": write_elementwise("*"),
    "concat": write_concat,
    "matmul": write_matmul,
    "einsum": write_einsum,
    "apply": write_apply,
    "flatten": write_flatten,
    "reshape": write_reshape,
    "permute": write_permute,
    "slice": write_slice,
    "crop": write_crop,
    "pad": write_pad,
    "roll": write_roll,
    "channel_shuffle": write_channel_shuffle,
    "pixel_shuffle": write_pixel_shuffle("PixelShuffle"),
    "pixel_unshuffle": write_pixel_shuffle("PixelUnshuffle"),
    "upsample": write_upsample,
    "unfold": write_unfold,
    "fold": write_fold,
    "max_unpool": write_max_unpool,
    "gather": write_gather,
    "roi_align": write_roi_align,
    "reduce": write_reduce,
    "parameter": write_parameter,
    "dropout": write_dropout,
    "drop_path": write_drop_path,
}

__all__ = ["HELPERS", "LAYERS", "SAME_CHANNELS", "TorchCode", "TorchLayer", "UnsupportedLayer", "write_layer"]
