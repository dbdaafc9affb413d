"""Layer types in Keras 3: each becomes one or more layers or operations, with the channels last.

`LAYERS` has a function for each type, which returns the steps of a `LayerSite`: an item of the spec with the layers
that it becomes in the network. Axis 0 of a spec, the channels, is the last axis in Keras; axis 1 is axis 1, because
Keras counts the batch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cnncalc.errors import Span
from cnncalc.exporters.keras.operations import write_function
from cnncalc.exporters.python_code import ATOM, WrittenExpression, write_text, write_value
from cnncalc.layers.contract import LayerType, Role
from cnncalc.layers.shapes import SlidingWindow, SpreadWindow, same_crop, same_padding
from cnncalc.network.records import Layer
from cnncalc.record import Record
from cnncalc.syntax.settings import on_axes, on_sides

VARIES: Any = object()
# Letters of axes in Einstein summations; b is the batch, o the output of a layer.
BATCH, OUTPUT = "b", "o"
AXIS_LETTERS = "cdefghijk"
# Layer types after which no element is negative, so that zeros do not change a maximum.
NONNEGATIVE = frozenset({"relu", "relu6", "sigmoid", "hard_sigmoid", "softmax", "absolute", "threshold"})
TRANSPARENT = frozenset({"max_pool", "dropout", "identity", "lrn"})


class Unsupported(Exception):  # noqa: N818 - the exporter reports it with the place of the layer
    """Keras cannot hold a layer."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class MixedUse(Exception):  # noqa: N818 - the exporter writes such layers one by one instead
    """An item becomes layers that need different code."""


class GivenValue(Record):
    """A setting as the spec gives it: its source, its value if that is constant, and the items of a list.

    `parts` are those of a text for the layer type, with the sources of the numbers in it.
    """

    written: WrittenExpression
    constant: Any = VARIES
    items: tuple[str, ...] = ()
    parts: tuple[str | WrittenExpression, ...] = ()


class LayerStep(Record):
    """A layer or operation, applied to the result of the step before. `write` gives the source for its operands.

    `layer` is the source of the layer object, empty for an operation. The step runs only if `guard` is true.
    """

    write: Callable[[list[str]], str]
    layer: str = ""
    guard: str = ""


class LayerSite(Record):
    """An item of one layer type: its settings, the layers that it becomes, and how to name them.

    `label` gives the source of a name with a suffix; `helper` makes a function or class of `helpers` available, and
    `add_input` adds an input of the model, of the given name and shape.
    `operands` are the sources of its inputs, and `nonnegative` tells whether no element of the first is negative.
    """

    type: type[LayerType]
    given: Mapping[str, GivenValue]
    layers: tuple[Layer, ...]
    operands: tuple[str, ...]
    label: Callable[[str], str]
    helper: Callable[[str], str]
    span: Span
    add_input: Callable[[str, str], str]
    default_rank: int = 2
    nonnegative: bool = False
    frozen: bool = False

    def constant(self, key: str) -> Any:
        """The decoded value of a setting; VARIES if an expression computes it."""
        given = self.given.get(key)
        if given is None:
            return self.type.settings[key].default
        if given.constant is not VARIES:
            return self.type.settings[key].decode(given.constant)
        return VARIES

    def fixed(self, key: str) -> Any:
        """The value of a setting that code cannot compute: constant, or equal in all layers of the network."""
        value = self.constant(key)
        return self._agreed([layer.settings[key] for layer in self.layers]) if value is VARIES else value

    def text(self, key: str) -> str:
        """The source of a setting."""
        given = self.given.get(key)
        return write_value(self.type.settings[key].default) if given is None else given.written.text

    def written(self, key: str) -> WrittenExpression:
        given = self.given.get(key)
        return WrittenExpression(self.text(key)) if given is None else given.written

    def is_default(self, key: str) -> bool:
        return bool(self.constant(key) == self.type.settings[key].default)

    def values(self, key: str) -> set[Any]:
        """The values of a setting in the layers of the network."""
        constant = self.constant(key)
        return {layer.settings[key] for layer in self.layers} if constant is VARIES else {constant}

    @property
    def x(self) -> str:
        return self.operands[0]

    @property
    def rank(self) -> int:
        """The number of spatial axes of the first input. Raises MixedUse if it differs."""
        return int(self._agreed([layer.input_shapes[0].rank for layer in self.layers if layer.input_shapes]))

    @property
    def is_open(self) -> bool:
        """Whether the network has no such layer, because a condition is false."""
        return not self.layers

    def axis(self, axis: int) -> int:
        """An axis of the first input, from 0, the channels."""
        return axis % (self.rank + 1)

    def keras_axis(self, axis: int) -> int:
        """The number of an axis in Keras."""
        return self.axis(axis) or -1

    def trainable(self) -> dict[str, str]:
        return {"trainable": "False"} if self.frozen else {}

    def _agreed(self, found: list[Any]) -> Any:
        if not found:
            return self.default_rank
        if any(value != found[0] for value in found):
            raise MixedUse
        return found[0]


# --- steps --------------------------------------------------------------------------------------


def call(function: str, *positional: str, **named: str | None) -> str:
    """The source of a call; arguments that are None are omitted."""
    keywords = [f"{key}={value}" for key, value in named.items() if value is not None]
    return f"{function}({', '.join((*positional, *keywords))})"


# The names that Keras gives to operations, with numbers: layers may not have them.
OPERATION_NAMES = frozenset(
    {
        "absolute",
        "add",
        "average_pool",
        "cast",
        "concatenate",
        "conv",
        "cos",
        "depth_to_space",
        "divide",
        "einsum",
        "equal",
    }
    | {"erf", "exp", "expand_dims", "extract_patches", "gelu", "get_item", "greater", "greater_equal", "less", "log"}
    | {
        "less_equal",
        "log_softmax",
        "logical_and",
        "logical_not",
        "logical_or",
        "max",
        "maximum",
        "mean",
        "min",
        "minimum",
    }
    | {
        "multiply",
        "negative",
        "norm",
        "not_equal",
        "pad",
        "power",
        "relu",
        "relu6",
        "reshape",
        "resize",
        "roll",
        "rsqrt",
    }
    | {
        "sigmoid",
        "sin",
        "softplus",
        "space_to_depth",
        "sqrt",
        "square",
        "squeeze",
        "subtract",
        "sum",
        "swapaxes",
        "take",
    }
    | {"tanh", "transpose", "true_divide", "where"}
)
# Layer types that become operations, all or some of them.
OPERATIONS = frozenset(
    {
        "absolute",
        "apply",
        "avg_pool",
        "channel_shuffle",
        "einsum",
        "embedding",
        "gelu",
        "global_avg_pool",
        "log_softmax",
    }
    | {"global_max_pool", "lrn", "matmul", "max_pool", "maxout", "pad", "pixel_shuffle", "pixel_unshuffle", "reduce"}
    | {"rms_norm", "roll", "slice", "subsample", "threshold", "unfold", "upsample"}
)
# Stands for the tensor that a step reads, in the source of its layer.
CURRENT = "\0"


def layer_step(layer: str, guard: str = "") -> LayerStep:
    """A layer that reads one tensor, or a list of them; `layer` may use CURRENT."""
    return LayerStep(lambda operands: f"{layer.replace(CURRENT, operands[0])}({_one_or_list(operands)})", layer, guard)


def operation_step(write: Callable[[str], str], guard: str = "") -> LayerStep:
    """An operation on one tensor."""
    return LayerStep(lambda operands: write(operands[0]), "", guard)


def _one_or_list(operands: list[str]) -> str:
    return operands[0] if len(operands) == 1 else f"[{', '.join(operands)}]"


def steps_of(site: LayerSite) -> list[LayerStep]:
    """The steps of a layer. Raises Unsupported and MixedUse."""
    write = LAYERS.get(site.type.name)
    if write is None:
        raise Unsupported(f"Keras has no {site.type.name}")
    return write(site)


def _refuse(message: str, hint: str = "") -> Callable[[LayerSite], list[LayerStep]]:
    """A type that Keras lacks."""

    def write(_: LayerSite) -> list[LayerStep]:
        raise Unsupported(message, hint)

    return write


def _simple(function: str, **settings: str) -> Callable[[LayerSite], list[LayerStep]]:
    """A layer without settings that depend on the spec."""
    return lambda site: [layer_step(call(f"layers.{function}", **settings, name=site.label("")))]


def _activation(name: str) -> Callable[[LayerSite], list[LayerStep]]:
    return lambda site: [layer_step(call("layers.Activation", write_text(name), name=site.label("")))]


def _is_false(site: LayerSite, key: str) -> str | None:
    """The source of a flag whose default in Keras is true; None if it is true here."""
    return None if site.constant(key) is True else site.text(key)


# --- windows ------------------------------------------------------------------------------------


def setting_of(layer: Layer, key: str) -> Any:
    """The decoded value of a setting of a layer."""
    return layer.settings[key]


def _windows(layer: Layer) -> tuple[SlidingWindow, ...]:
    return layer.figures.type.windows(layer.input_shapes)  # type: ignore[return-value]


def _has_same_size(layer: Layer) -> bool:
    """Whether padding "same" gives the padding of a layer, whatever the size of its input."""
    sizes = layer.input_shapes[0].spatial
    return all(
        (window.before, window.after) == same_padding(size, window.kernel, window.stride, window.dilation)
        and (window.stride == 1 or window.kernel == 1)
        for window, size in zip(_windows(layer), sizes, strict=True)
    )


def _has_no_padding(layer: Layer) -> bool:
    return not any(window.before or window.after for window in _windows(layer))


def _sides(site: LayerSite, key: str, rank: int) -> str:
    """The source of paddings or croppings as Keras takes them: one number, one for each axis, or pairs."""
    given = site.given.get(key)
    if given is not None and given.constant is VARIES and not given.items:
        value = site.values(key)
        if all(isinstance(item, int | str) or len(item) == rank > 1 for item in value):
            return given.written.text
        if all(isinstance(item, tuple) and len(item) == 2 * rank for item in value):
            name = given.written.at_least(ATOM)
            pairs = [f"({name}[{2 * axis}], {name}[{2 * axis + 1}])" for axis in range(rank)]
            return pairs[0] if rank == 1 else f"({', '.join(pairs)})"
        raise MixedUse
    if given is not None and given.items:
        items = given.items
    else:
        value = site.constant(key)
        if isinstance(value, int):
            return str(value)
        items = tuple(map(str, value))
    if len(items) == 2 * rank:
        pairs = [f"({before}, {after})" for before, after in zip(items[::2], items[1::2], strict=True)]
        return pairs[0] if rank == 1 else f"({', '.join(pairs)})"
    return items[0] if len(items) == 1 else f"({', '.join(items)})"


class PaddingPlan(Record):
    """How a layer is padded: steps before it, and its own setting `padding`."""

    steps: tuple[LayerStep, ...] = ()
    padding: str | None = None


def _plan_padding(site: LayerSite, rank: int, *, minimum: bool = False) -> PaddingPlan:
    """The padding of a layer; with `minimum`, the added elements are smaller than all others."""
    constant, layers = site.constant("padding"), site.layers
    if constant == "same":
        return PaddingPlan(padding='"same"')
    values = {layer.settings["padding"] for layer in layers}
    is_word = constant is VARIES and any(isinstance(value, str) for value in values)
    if constant in (0, "valid") or (layers and all(map(_has_no_padding, layers)) and not is_word):
        return PaddingPlan()
    if layers and all(map(_has_same_size, layers)) and not is_word:
        return PaddingPlan(padding='"same"')
    if not layers and site.constant("stride") == 1 and constant is VARIES:
        return PaddingPlan(padding='"same"')
    amount = _sides(site, "padding", rank)
    stride = site.given.get("stride")
    if constant is VARIES and any(isinstance(value, str) for value in values):
        source = site.text("padding")
        if all(isinstance(value, str) for value in values):
            return PaddingPlan(padding=source)
        test = f"isinstance({source}, str)"
        step = _pad_step(site, rank, amount, f"not {test}", minimum=minimum)
        return PaddingPlan((step,), f'{site.written("padding").at_least(2)} if {test} else "valid"')
    if (
        stride is not None
        and stride.constant is VARIES
        and layers
        and all(isinstance(layer.settings["stride"], int) for layer in layers)
        and all(_has_same_size(layer) == (layer.settings["stride"] == 1 or _kernels(layer) == {1}) for layer in layers)
        and any(layer.settings["stride"] == 1 for layer in layers)
    ):
        # As the networks of keras.applications do.
        at = stride.written.at_least(6)
        guard = f"{at} > 1"
        step = _pad_step(site, rank, amount, guard, minimum=minimum)
        return PaddingPlan((step,), f'"same" if {at} == 1 else "valid"')
    guard = ""
    if any(map(_has_no_padding, layers)) and constant is VARIES:
        guard = amount
    return PaddingPlan((_pad_step(site, rank, amount, guard, minimum=minimum),))


def _kernels(layer: Layer) -> set[int]:
    return {window.kernel for window in _windows(layer)}


def _pad_step(site: LayerSite, rank: int, amount: str, guard: str = "", *, minimum: bool = False) -> LayerStep:
    """Padding with zeros; with `minimum`, with the smallest number unless no element is negative."""
    if minimum and not site.nonnegative:
        pad = site.helper("pad_with_minimum")
        return operation_step(lambda x: f"{pad}({x}, {amount})", guard)
    return layer_step(call(f"layers.ZeroPadding{rank}D", amount, name=site.label(".pad")), guard)


def _per_axis(site: LayerSite, key: str, absent: str | None = None) -> str | None:
    """The source of a setting with one number per axis; `absent` if it has its default."""
    if site.constant(key) is not VARIES and site.is_default(key):
        return absent
    text = site.text(key)
    found = re.fullmatch(r"\(([^(),]+),\)", text)
    return found.group(1) if found else text


class _Strides(Record):
    """The strides of a convolution, and the steps after it."""

    strides: str | None
    steps: tuple[LayerStep, ...] = ()


def _plan_strides(site: LayerSite, rank: int) -> _Strides:
    """The strides. Keras has none with dilation: a dilated convolution is followed by every `stride`-th position."""
    text = _per_axis(site, "stride")
    found = set()
    for layer in site.layers:
        windows = _windows(layer)
        strides = tuple(window.stride for window in windows)
        is_both = max(window.dilation for window in windows) > 1 and max(strides) > 1
        found.add(strides if is_both else None)
    if found <= {None}:
        return _Strides(text)
    if len(found) == 1:
        (chosen,) = found
        places = ", ".join(f"::{stride}" for stride in chosen or ())
        return _Strides(None, (operation_step(lambda x: f"{x}[:, {places}]"),))
    stride, dilation = (site.written(key).at_least(6) for key in ("stride", "dilation"))
    if any(not isinstance(layer.settings[key], int) for layer in site.layers for key in ("stride", "dilation")):
        raise MixedUse
    places = ", ".join([f"::{site.written('stride').at_least(ATOM)}"] * rank)
    step = operation_step(lambda x: f"{x}[:, {places}]", f"{dilation} > 1 and {stride} > 1")
    return _Strides(f"1 if {dilation} > 1 else {site.text('stride')}", (step,))


def _spatial_rank(site: LayerSite, most: int = 3) -> int:
    rank = site.rank
    if not 1 <= rank <= most:
        raise Unsupported(f"Keras has {site.type.name} along 1 to {most} axes, and the input has {rank}")
    return rank


def _conv(site: LayerSite) -> list[LayerStep]:
    rank = _spatial_rank(site)
    plan, strides = _plan_padding(site, rank), _plan_strides(site, rank)
    named = {
        "strides": strides.strides,
        "padding": plan.padding,
        "dilation_rate": _per_axis(site, "dilation"),
        "groups": None if site.is_default("groups") else site.text("groups"),
        "use_bias": _is_false(site, "bias"),
    }
    kernel = _per_axis(site, "kernel") or ""
    trainable = site.trainable()
    if site.values("connections") != {None}:
        if not site.is_default("groups"):
            raise Unsupported("Keras has no convolution with connections and groups")
        function = site.helper("SparselyConnectedConv2D")
        positional = (site.text("connections"), kernel)
        if site.rank != 2 or any(site.constant(key) is VARIES or not site.is_default(key) for key in ("dilation",)):
            raise Unsupported("connections are exported for images without dilation only")
        return [
            *plan.steps,
            layer_step(call(function, *positional, **named, **trainable, name=site.label(""))),
        ]
    kind = f"layers.Conv{rank}D"
    if (standardize := site.fixed("standardize")) is not None:
        if rank != 2:
            raise Unsupported("standardized filters are exported for images only")
        kind = site.helper("StandardizedConv2D")
        named["gain"] = "True" if standardize == "gain" else None
    layer = call(kind, site.text("filters"), kernel, **named, **trainable, name=site.label(""))
    return [*plan.steps, layer_step(layer), *strides.steps]


def _depthwise_conv(site: LayerSite) -> list[LayerStep]:
    rank = site.rank
    named = {
        "dilation_rate": _per_axis(site, "dilation"),
        "use_bias": _is_false(site, "bias"),
        **site.trainable(),
    }
    if rank <= 2:
        plan = _plan_padding(site, _spatial_rank(site))
        multiplier = None if site.is_default("multiplier") else site.text("multiplier")
        strides = _plan_strides(site, rank)
        if (
            rank == 2
            and not strides.steps
            and any(isinstance(value, tuple) and len(set(value)) > 1 for value in site.values("stride"))
        ):
            return [*plan.steps, *_grouped_conv(site, rank, plan, named)]
        layer = call(
            f"layers.DepthwiseConv{rank}D",
            _per_axis(site, "kernel") or "",
            strides=strides.strides,
            padding=plan.padding,
            depth_multiplier=multiplier,
            **named,
            name=site.label(""),
        )
        return [*plan.steps, layer_step(layer), *strides.steps]
    if rank == 3:
        plan = _plan_padding(site, rank)
        return [*plan.steps, *_grouped_conv(site, rank, plan, named)]
    return _depthwise_on_slices(site, rank)


def _grouped_conv(site: LayerSite, rank: int, plan: PaddingPlan, named: Mapping[str, str | None]) -> list[LayerStep]:
    channels = f"{site.x}.shape[-1]"
    filters = channels if site.is_default("multiplier") else f"{channels} * {site.written('multiplier').at_least(7)}"
    layer = call(
        f"layers.Conv{rank}D",
        filters,
        _per_axis(site, "kernel") or "",
        strides=_per_axis(site, "stride"),
        padding=plan.padding,
        groups=channels,
        **named,
        name=site.label(""),
    )
    return [layer_step(layer)]


def _depthwise_on_slices(site: LayerSite, rank: int) -> list[LayerStep]:
    """A depthwise convolution along three of four axes, the same for each index of the first."""
    settings: list[tuple[dict[str, Any], Layer]] = [(layer.settings, layer) for layer in site.layers]
    for values, _ in settings:
        kernel, stride = (on_axes(values[key], rank, key) for key in ("kernel", "stride"))
        sides = (
            values["padding"]
            if values["padding"] in ("same", "valid")
            else on_sides(values["padding"], rank, "padding")[0]
        )
        if rank != 4 or kernel[0] != 1 or stride[0] != 1 or sides not in ("same", "valid", (0, 0)):
            raise Unsupported("Keras has no depthwise convolution along four axes", "use a kernel of 1 along the first")
    items = {key: _without_first(site, key) for key in ("kernel", "stride", "padding")}
    channels = f"{site.x}.shape[-1]"
    steps = []
    if items["padding"] not in ("0", '"valid"'):
        padding = call("layers.ZeroPadding3D", items["padding"], name=site.label(".pad"))
        steps.append(layer_step(call("layers.TimeDistributed", padding, name=site.label(".pads"))))
    conv = call(
        "layers.Conv3D",
        channels,
        items["kernel"],
        strides=items["stride"] if items["stride"] != "1" else None,
        groups=channels,
        use_bias=_is_false(site, "bias"),
        **site.trainable(),
        name=site.label(""),
    )
    return [*steps, layer_step(call("layers.TimeDistributed", conv, name=site.label(".slices")))]


def _without_first(site: LayerSite, key: str) -> str:
    given = site.given.get(key)
    items = () if given is None else given.items
    value = site.constant(key)
    if items:
        return f"({', '.join(items[1:])})"
    if value is VARIES or (isinstance(value, tuple) and len(value) != site.rank):
        raise MixedUse
    return write_value(value[1:]) if isinstance(value, tuple) else write_value(value)


def _write_pairs(pairs: list[tuple[int, int]]) -> str:
    """Rows before and after, as Keras takes them: a pair, or one for each axis."""
    return write_value(pairs[0] if len(pairs) == 1 else tuple(pairs))


def _conv_transpose(site: LayerSite) -> list[LayerStep]:
    rank = _spatial_rank(site)
    if site.values("groups") - {1}:
        raise Unsupported("Keras has no transposed convolution with groups", "use groups: 1")
    windows: list[tuple[SpreadWindow, ...]] = [
        layer.figures.type.windows(layer.input_shapes)  # type: ignore[misc]
        for layer in site.layers
    ]
    if any(window.stride > 1 and window.dilation > 1 for found in windows for window in found):
        raise Unsupported("Keras has no transposed convolution with stride and dilation", "set one of them to 1")
    crops = {tuple((window.before, window.after - window.output_padding) for window in found) for found in windows}
    is_same = all(
        _extent(window) >= window.stride
        and same_crop(window.kernel, window.stride, window.dilation)[:2]
        == (window.before, window.after - window.output_padding)
        for found in windows
        for window in found
    )
    extra = {tuple(max(window.stride - _extent(window), 0) for window in found) for found in windows}
    padding = None
    steps: list[LayerStep] = []
    if site.constant("padding") == "same" or (
        is_same and windows and any(any(side) for crop in crops for side in crop)
    ):
        padding = '"same"'
    elif len(crops) > 1 or len(extra) > 1:
        raise MixedUse
    elif crops:
        # Keras adds the rows by which a stride exceeds the kernel.
        (sides,), (more,) = crops, extra
        cut = [(before, after + added) for (before, after), added in zip(sides, more, strict=True)]
        if any(side > 0 for pair in cut for side in pair):
            amount = _write_pairs([(max(before, 0), max(after, 0)) for before, after in cut])
            steps.append(layer_step(call(f"layers.Cropping{rank}D", amount, name=site.label(".crop"))))
        if any(side < 0 for pair in cut for side in pair):
            amount = _write_pairs([(max(-before, 0), max(-after, 0)) for before, after in cut])
            steps.append(layer_step(call(f"layers.ZeroPadding{rank}D", amount, name=site.label(".pad"))))
    layer = call(
        f"layers.Conv{rank}DTranspose",
        site.text("filters"),
        _per_axis(site, "kernel") or "",
        strides=_per_axis(site, "stride"),
        padding=padding,
        dilation_rate=_per_axis(site, "dilation"),
        use_bias=_is_false(site, "bias"),
        **site.trainable(),
        name=site.label(""),
    )
    return [layer_step(layer), *steps]


def _extent(window: SpreadWindow) -> int:
    return window.dilation * (window.kernel - 1) + 1


def _local_conv(site: LayerSite) -> list[LayerStep]:
    if _spatial_rank(site, 2) != 2:
        raise Unsupported("Keras has no locally connected layer; one is composed for images only")
    plan = _plan_padding(site, 2)
    if plan.padding:
        for layer in site.layers:
            if not _has_no_padding(layer):
                sides = {tuple((window.before, window.after) for window in _windows(layer)) for layer in site.layers}
                if len(sides) > 1:
                    raise MixedUse
                plan = PaddingPlan((_pad_step(site, 2, write_value(next(iter(sides)))),))
    source = call(
        site.helper("LocallyConnected2D"),
        site.text("filters"),
        _per_axis(site, "kernel") or "",
        strides=_per_axis(site, "stride"),
        use_bias=_is_false(site, "bias"),
        **site.trainable(),
        name=site.label(""),
    )
    return [*plan.steps, layer_step(source)]


# --- linear layers ------------------------------------------------------------------------------


def channels_last(letters: str) -> str:
    """Letters of axes in the order of Keras."""
    return letters[1:] + letters[:1]


def _linear(site: LayerSite) -> list[LayerStep]:
    features = site.text("features")
    named = {"use_bias": _is_false(site, "bias"), **site.trainable(), "name": site.label("")}
    dense = layer_step(call("layers.Dense", features, **named))
    if site.fixed("flatten"):
        return [layer_step(call("layers.Flatten", name=site.label(".flatten"))), dense]
    axis = site.fixed("axis")
    if axis is None or site.is_open or site.axis(axis) == 0:
        return [dense]
    letters, along = AXIS_LETTERS[: site.rank + 1], site.axis(axis)
    inner = BATCH + channels_last(letters)
    outer = BATCH + channels_last(letters.replace(letters[along], OUTPUT))
    shape = [f"{CURRENT}.shape[{place}]" for place in range(1, len(inner))]
    shape[outer.index(OUTPUT) - 1] = features
    has_bias = site.constant("bias")
    if has_bias is VARIES:
        raise MixedUse
    layer = call(
        "layers.EinsumDense",
        write_text(f"{inner},{letters[along]}{OUTPUT}->{outer}"),
        output_shape=f"({', '.join(shape)})",
        bias_axes=write_text(OUTPUT) if has_bias else None,
        **site.trainable(),
        name=site.label(""),
    )
    return [layer_step(layer)]


def _rbf(site: LayerSite) -> list[LayerStep]:
    return [layer_step(call(site.helper("RadialBasis"), site.text("units"), name=site.label("")))]


def _recurrent(kind: str) -> Callable[[LayerSite], list[LayerStep]]:
    def write(site: LayerSite) -> list[LayerStep]:
        depth, both, bias = (site.fixed(key) for key in ("layers", "bidirectional", "bias"))
        steps = []
        for number in range(depth):
            suffix = f".{number}" if depth > 1 else ""
            named: dict[str, str | None] = {"return_sequences": "True", "use_bias": None if bias else "False"}
            if kind == "LSTM" and bias:
                # PyTorch's LSTM has two biases per gate.
                cell = call(site.helper("TwoBiasLSTMCell"), site.text("hidden"))
                positional, function = [cell], "layers.RNN"
                named = {"return_sequences": "True"}
            else:
                positional, function = [site.text("hidden")], f"layers.{kind}"
            inner = f"{suffix}.forward" if both else suffix
            layer = call(function, *positional, **named, **site.trainable(), name=site.label(inner))
            if both:
                layer = call("layers.Bidirectional", layer, name=site.label(suffix))
            steps.append(layer_step(layer))
        return steps

    return write


def _embedding(site: LayerSite) -> list[LayerStep]:
    layer = call(
        "layers.Embedding", site.text("vocabulary"), site.text("features"), **site.trainable(), name=site.label("")
    )
    if not site.is_open and any(layer.input_shapes[0].channels != 1 for layer in site.layers):
        raise Unsupported("Keras embeds indices of one channel")
    return [operation_step(lambda x: f"ops.squeeze({x}, axis=-1)"), layer_step(layer)]


# --- pools --------------------------------------------------------------------------------------


def _max_pool(site: LayerSite) -> list[LayerStep]:
    if site.values("dilation") - {1, (1,), (1, 1), (1, 1, 1)}:
        raise Unsupported("Keras has no dilated pooling")
    return _pool(site, "MaxPooling")


def _avg_pool(site: LayerSite) -> list[LayerStep]:
    return _pool(site, "AveragePooling")


def _pool(site: LayerSite, kind: str) -> list[LayerStep]:
    rank, is_max = _spatial_rank(site), kind.startswith("Max")
    plan = _plan_pool(site, rank, is_max=is_max)
    kernel, stride = _per_axis(site, "kernel") or "", None
    given = site.given.get("stride")
    if given is not None and given.constant is not None and given.written.text != site.text("kernel"):
        stride = _per_axis(site, "stride")
    if not is_max and plan is None:
        function = site.helper("average_pool")
        (sides,) = {tuple((w.before, w.after) for w in _windows(layer)) for layer in site.layers}
        outputs = write_value(site.layers[0].output_shape.spatial)
        counted = "False" if site.fixed("count_include_pad") is False else "True"
        arguments = f"{kernel}, {stride or kernel}, {write_value(sides)}, {outputs}, count_padding={counted}"
        return [operation_step(lambda x: f"{function}({x}, {arguments})")]
    plan = plan or PaddingPlan()
    source = call(f"layers.{kind}{rank}D", kernel, strides=stride, padding=plan.padding, name=site.label(""))
    return [*plan.steps, layer_step(source)]


def _plan_pool(site: LayerSite, rank: int, *, is_max: bool) -> PaddingPlan | None:
    """The padding of a pool; None for a mean that needs code of its own."""
    if site.is_open:
        return PaddingPlan(padding=None if site.constant("padding") in (0, "valid") else '"same"')
    needed = [_needed_padding(layer) for layer in site.layers]
    if not any(side for found in needed for pair in found for side in pair):
        return PaddingPlan()
    is_same = all(
        pair == same_padding(size, window.kernel, window.stride, window.dilation)
        for found, layer in zip(needed, site.layers, strict=True)
        for pair, size, window in zip(found, layer.input_shapes[0].spatial, _windows(layer), strict=True)
    )
    is_declared = site.constant("padding") == "same" or site.fixed("rounding") == "ceil"
    if is_same and (is_declared or all(map(_has_same_size, site.layers))):
        counts = not is_max and site.fixed("count_include_pad") and site.fixed("rounding") != "ceil"
        if not counts:
            return PaddingPlan(padding='"same"')
    if site.fixed("rounding") == "ceil":
        if not is_max:
            _one_use(site)
            return None
        if len(set(needed)) > 1:
            if site.constant("padding") != 0:
                raise MixedUse
            pad = site.helper("pad_last_windows")
            kernel = _per_axis(site, "kernel") or ""
            stride = kernel if site.constant("stride") is None else site.text("stride")
            return PaddingPlan((operation_step(lambda x: f"{pad}({x}, {kernel}, {stride})"),))
        amount = write_value(needed[0] if rank > 1 else needed[0][0])
        return PaddingPlan((_pad_step(site, rank, amount, minimum=True),))
    if is_max:
        return _plan_padding(site, rank, minimum=True)
    if site.fixed("count_include_pad"):
        if site.constant("padding") == "same":
            if len(set(needed)) > 1:
                raise MixedUse
            return PaddingPlan((_pad_step(site, rank, write_value(needed[0] if rank > 1 else needed[0][0])),))
        return PaddingPlan((_pad_step(site, rank, _sides(site, "padding", rank)),))
    _one_use(site)
    return None


def _one_use(site: LayerSite) -> None:
    """Raise MixedUse unless all layers have the same input size and settings."""
    if len({(layer.figures.type, layer.input_shapes[0].spatial) for layer in site.layers}) > 1:
        raise MixedUse


def _needed_padding(layer: Layer) -> tuple[tuple[int, int], ...]:
    """The padding before and after each axis with which rounding down gives the outputs of a pool."""
    return tuple(
        (
            window.before,
            max(
                (outputs - 1) * window.stride + window.extent - size - window.before,
                window.after if not window.ceil else 0,
            ),
        )
        for window, size, outputs in zip(
            _windows(layer), layer.input_shapes[0].spatial, layer.output_shape.spatial, strict=True
        )
    )


def _global_pool(kind: str) -> Callable[[LayerSite], list[LayerStep]]:
    def write(site: LayerSite) -> list[LayerStep]:
        rank = site.rank
        keep = None if site.is_default("keep_dims") else site.text("keep_dims")
        if 1 <= rank <= 3:
            return [layer_step(call(f"layers.Global{kind}Pooling{rank}D", keepdims=keep, name=site.label("")))]
        function = "ops.mean" if kind == "Average" else "ops.max"
        axes = write_value(tuple(range(1, rank + 1)))
        return [operation_step(lambda x: call(function, x, axis=axes, keepdims=keep))] if rank else []

    return write


def _adaptive_pool(kind: str) -> Callable[[LayerSite], list[LayerStep]]:
    def write(site: LayerSite) -> list[LayerStep]:
        rank = _spatial_rank(site)
        size = _per_axis(site, "size") or ""
        return [layer_step(call(f"layers.Adaptive{kind}Pooling{rank}D", size, name=site.label("")))]

    return write


def _subsample(site: LayerSite) -> list[LayerStep]:
    rank = _spatial_rank(site)
    kernel = _per_axis(site, "kernel", "2") or "2"
    given = site.given.get("stride")
    strides = None if given is None or site.constant("stride") is None else _per_axis(site, "stride")
    pool = call(f"layers.AveragePooling{rank}D", kernel, strides=strides, name=site.label(".pool"))
    scale = call(site.helper("Scale"), use_bias="True", **site.trainable(), name=site.label(""))
    return [layer_step(pool), layer_step(scale)]


# --- normalization ------------------------------------------------------------------------------


def _batch_norm(site: LayerSite) -> list[LayerStep]:
    if False in site.values("track_statistics"):
        raise Unsupported(
            "Keras has no batch normalization without moving statistics",
            "set track_statistics: true, or use group_norm",
        )
    affine = _affine(site)
    return [layer_step(call("layers.BatchNormalization", **affine, **site.trainable(), name=site.label("")))]


def _affine(site: LayerSite, *, has_shift: bool = True) -> dict[str, str | None]:
    """The arguments for the factor and the addend of a normalization."""
    keys = {"scale": "scale", "center": "center"}
    if "scale" not in site.type.settings or not has_shift:
        flag = None if site.constant("affine") is True else site.text("affine")
        return dict.fromkeys(keys, flag)
    affine = site.constant("affine")
    if affine is False:
        return dict.fromkeys(keys, "False")
    if affine is VARIES:
        return {one: "False" if site.constant(key) is False else site.text("affine") for key, one in keys.items()}
    return {argument: _is_false(site, key) for key, argument in keys.items()}


def _layer_norm(site: LayerSite) -> list[LayerStep]:
    axes = _normalized_axes(site)
    return [
        layer_step(
            call("layers.LayerNormalization", axis=axes, **_affine(site), **site.trainable(), name=site.label(""))
        )
    ]


def _rms_norm(site: LayerSite) -> list[LayerStep]:
    axes = _normalized_axes(site)
    if site.fixed("affine") is False:
        over = f"axis={axes or -1}, keepdims=True"
        return [operation_step(lambda x: f"{x} * ops.rsqrt(ops.mean(ops.square({x}), {over}) + 1e-6)")]
    return [layer_step(call("layers.RMSNormalization", axis=axes, **site.trainable(), name=site.label("")))]


def _normalized_axes(site: LayerSite) -> str | None:
    """The axes of a normalization in Keras; None for the channels."""
    axes = site.fixed("axes")
    if axes == "channels":
        return None
    if site.is_open:
        return None
    chosen = tuple(range(site.rank + 1)) if axes == "all" else axes if isinstance(axes, tuple) else (axes,)
    found = sorted(site.axis(axis) or site.rank + 1 for axis in chosen)
    if found == [site.rank + 1]:
        return None
    return f"[{', '.join(map(str, found))}]" if len(found) > 1 else str(found[0])


def _group_norm(site: LayerSite) -> list[LayerStep]:
    layer = call(
        "layers.GroupNormalization",
        site.text("groups"),
        epsilon="1e-5",
        **_affine(site),
        **site.trainable(),
        name=site.label(""),
    )
    return [layer_step(layer)]


def _instance_norm(site: LayerSite) -> list[LayerStep]:
    if True in site.values("track_statistics"):
        raise Unsupported("Keras has no instance normalization with moving statistics", "set track_statistics: false")
    layer = call("layers.GroupNormalization", "-1", **_affine(site), **site.trainable(), name=site.label(""))
    return [layer_step(layer)]


def _lrn(site: LayerSite) -> list[LayerStep]:
    function = site.helper("local_response_normalization")
    named = {key: None if site.is_default(key) else site.text(key) for key in ("size", "alpha", "beta", "k")}
    return [operation_step(lambda x: call(function, x, **named))]


def _scale(site: LayerSite) -> list[LayerStep]:
    layer = call(
        site.helper("Scale"),
        use_bias=None if site.is_default("bias") else site.text("bias"),
        per_channel=_is_false(site, "per_channel"),
        **site.trainable(),
        name=site.label(""),
    )
    return [layer_step(layer)]


def _bias(site: LayerSite) -> list[LayerStep]:
    axes = None if site.is_default("axes") else site.text("axes")
    return [layer_step(call(site.helper("Bias"), axes=axes, **site.trainable(), name=site.label("")))]


def _parameter(site: LayerSite) -> list[LayerStep]:
    shape = _target(site, "shape")
    layer = call(site.helper("LearnedTensor"), shape, **site.trainable(), name=site.label(""))
    return [layer_step(layer)]


# --- activations --------------------------------------------------------------------------------


def _leaky_relu(site: LayerSite) -> list[LayerStep]:
    return [layer_step(call("layers.LeakyReLU", negative_slope=site.text("slope"), name=site.label("")))]


def _elu(site: LayerSite) -> list[LayerStep]:
    alpha = None if site.is_default("alpha") else site.text("alpha")
    return [layer_step(call("layers.ELU", alpha=alpha, name=site.label("")))]


def _prelu(site: LayerSite) -> list[LayerStep]:
    axes = list(range(1, site.rank + 1))
    if not site.fixed("per_channel"):
        axes.append(site.rank + 1)
    shared = f"[{', '.join(map(str, axes))}]" if axes else None
    return [layer_step(call("layers.PReLU", shared_axes=shared, **site.trainable(), name=site.label("")))]


def _gelu(site: LayerSite) -> list[LayerStep]:
    if site.fixed("approximate") is None:
        return _activation("gelu")(site)
    return [operation_step(lambda x: f"ops.gelu({x}, approximate=True)")]


def _softmax(site: LayerSite) -> list[LayerStep]:
    axis = site.fixed("axis")
    number = -1 if site.is_open and axis == 0 else site.keras_axis(axis)
    return [layer_step(call("layers.Softmax", axis=None if number == -1 else str(number), name=site.label("")))]


def _log_softmax(site: LayerSite) -> list[LayerStep]:
    number = site.keras_axis(site.fixed("axis"))
    if number == -1:
        return _activation("log_softmax")(site)
    return [operation_step(lambda x: f"ops.log_softmax({x}, axis={number})")]


def _threshold(site: LayerSite) -> list[LayerStep]:
    return [operation_step(lambda x: f"ops.cast({x} >= {site.written('threshold').at_least(6)}, {x}.dtype)")]


def _maxout(site: LayerSite) -> list[LayerStep]:
    function = site.helper("maxout")
    return [operation_step(lambda x: f"{function}({x}, {site.text('pieces')})")]


def _apply(site: LayerSite) -> list[LayerStep]:
    given = site.given["function"]
    return [LayerStep(lambda operands: write_function(given, operands))]


# --- joins --------------------------------------------------------------------------------------


def _concat(site: LayerSite) -> list[LayerStep]:
    number = -1 if site.is_default("axis") else site.keras_axis(site.fixed("axis"))
    axis = None if number == -1 else str(number)
    return [layer_step(call("layers.Concatenate", axis=axis, name=site.label("")))]


def _einsum(site: LayerSite) -> list[LayerStep]:
    equation = site.fixed("equation")
    return [_einsum_step(equation)]


def _einsum_step(equation: str) -> LayerStep:
    left, right = re.sub(r"\s", "", equation).split("->")
    used = {character for character in equation if character.isalpha()}
    batch = next(letter for letter in (BATCH, *"zyxwvutsrqponmlkjihgfedca") if letter not in used)
    terms = ",".join(batch + channels_last(term) for term in left.split(","))
    text = write_text(f"{terms}->{batch}{channels_last(right)}")
    return LayerStep(lambda operands: f"ops.einsum({text}, {', '.join(operands)})")


def _matmul(site: LayerSite) -> list[LayerStep]:
    shapes = {layer.input_shapes for layer in site.layers}
    ranks = {tuple(map(len, found)) for found in shapes}
    if len(ranks) != 1:
        raise MixedUse
    ((count, other),) = ranks
    if count != other or any(first[:-2] != second[:-2] for first, second in shapes):
        raise Unsupported("a product of matrices that are broadcast is not exported", "give both inputs equal axes")
    outer = "hijk"[: count - 2]
    first = outer + ("mn" if site.fixed("transpose_first") else "nm")
    second = outer + ("pm" if site.fixed("transpose_second") else "mp")
    return [_einsum_step(f"{first},{second}->{outer}np")]


# --- layers that rearrange elements -------------------------------------------------------------


def _target(site: LayerSite, key: str) -> str:
    """The source of a target shape, channels last."""
    items = _target_items(site, key)
    if items is not None:
        return _tuple((*items[1:], items[0]))
    name = site.written(key).at_least(ATOM)
    return f"(*{name}[1:], {name}[0])"


def _target_items(site: LayerSite, key: str) -> tuple[str, ...] | None:
    """The sources of the sizes of a target shape, channels first; None if one expression computes them."""
    given = site.given.get(key)
    if given is not None and given.items:
        return given.items
    value = site.constant(key)
    if value is VARIES:
        return None
    return tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)


def _tuple(items: Iterable[str]) -> str:
    texts = list(items)
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def _reshape_step(site: LayerSite, shape: str, suffix: str = "") -> LayerStep:
    return layer_step(call("layers.Reshape", shape, name=site.label(suffix)))


def _permute_step(site: LayerSite, order: Iterable[int], suffix: str = "") -> list[LayerStep]:
    """Axes of Keras, from 1, in a new order."""
    dims = tuple(order)
    if dims == tuple(range(1, len(dims) + 1)):
        return []
    return [layer_step(call("layers.Permute", write_value(dims), name=site.label(suffix)))]


def _reshape(site: LayerSite) -> list[LayerStep]:
    target = _target(site, "shape")
    if site.is_open or site.rank == 0:
        return [_reshape_step(site, target)]
    pairs = [(layer.input_shapes[0], layer.output_shape) for layer in site.layers]
    if all(before.channels == after.channels for before, after in pairs):
        return [_reshape_step(site, target)]
    items = _target_items(site, "shape")
    axes = {(len(before), len(after)) for before, after in pairs}
    if len(axes) > 1:
        raise MixedUse
    ((old, new),) = axes
    if items is not None and new > old and all(after[new - old + 1 :] == before[1:] for before, after in pairs):
        # The channels are split, and the first part becomes the channels.
        parts = new - old + 1
        inner = _tuple((*items[parts:], *items[:parts]))
        order = (*range(old + 1, new + 1), *range(1, old), old)
        return [_reshape_step(site, inner), *_permute_step(site, order, ".order")]
    if items is not None and old > new and all(before[old - new + 1 :] == after[1:] for before, after in pairs):
        # The channels and the axes after them become the channels.
        parts = old - new + 1
        order = (*range(parts, old), old, *range(1, parts))
        return [*_permute_step(site, order, ".order"), _reshape_step(site, target)]
    to_first = (old, *range(1, old))
    to_last = (*range(2, new + 1), 1)
    plain = _tuple(items) if items is not None else site.text("shape")
    return [
        *_permute_step(site, to_first, ".channels_first"),
        _reshape_step(site, plain),
        *_permute_step(site, to_last, ".channels_last"),
    ]


def _flatten(site: LayerSite) -> list[LayerStep]:
    start, end = site.fixed("start"), site.fixed("end")
    if site.is_open or (site.axis(start) == 0 and site.axis(end) == site.rank):
        return [layer_step(call("layers.Flatten", name=site.label("")))]
    first, last, rank = site.axis(start), site.axis(end), site.rank
    if first == last:
        return []
    sizes = [f"{CURRENT}.shape[{axis}]" for axis in range(1, rank + 1)]
    if first:
        merged = [*sizes[: first - 1], "-1", *sizes[last:], f"{CURRENT}.shape[-1]"]
        return [_reshape_step(site, _tuple(merged))]
    order = (*range(last + 1, rank + 1), rank + 1, *range(1, last + 1))
    return [*_permute_step(site, order, ".order"), _reshape_step(site, _tuple((*sizes[: rank - last], "-1")))]


def _permute(site: LayerSite) -> list[LayerStep]:
    given = site.fixed("axes")
    axes = tuple(site.axis(axis) for axis in (given if isinstance(given, tuple) else (given,)))
    places = [axis or len(axes) for axis in axes]
    return _permute_step(site, (*places[1:], places[0]))


def _crop(site: LayerSite) -> list[LayerStep]:
    rank = _spatial_rank(site)
    return [layer_step(call(f"layers.Cropping{rank}D", _sides(site, "amount", rank), name=site.label("")))]


PAD_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _pad(site: LayerSite) -> list[LayerStep]:
    rank, channels = site.rank, site.constant("channels")
    sides = [on_sides(setting_of(layer, "padding"), rank, "padding") for layer in site.layers]
    is_cropped = any(side < 0 for found in sides for pair in found for side in pair)
    items = site.given["channels"].items if "channels" in site.given else ()
    if channels is VARIES and not is_cropped and len(items) == 2:
        pairs = ", ".join(["(0, 0)"] * (rank + 1))
        if not site.is_default("padding"):
            raise MixedUse
        return [operation_step(lambda x: f"ops.pad({x}, ({pairs}, ({items[0]}, {items[1]})))")]
    if channels is VARIES or is_cropped:
        both = {(found, setting_of(layer, "channels")) for found, layer in zip(sides, site.layers, strict=True)}
        if len(both) != 1:
            raise MixedUse
        ((found, channels),) = both
        steps = _pad_by(site, rank, found)
    elif rank and (site.is_open or any(side for found in sides for pair in found for side in pair)):
        steps = _pad_axes(site, rank, sides, _sides(site, "padding", rank))
    else:
        steps = []
    return [*steps, *_pad_channels(rank, channels)]


def _pad_by(site: LayerSite, rank: int, sides: tuple[tuple[int, int], ...]) -> list[LayerStep]:
    """Padding by constant amounts; negative ones crop."""
    cut = tuple((max(-before, 0), max(-after, 0)) for before, after in sides)
    grown = tuple((max(before, 0), max(after, 0)) for before, after in sides)
    steps = []
    is_grown = any(side for pair in grown for side in pair)
    if any(side for pair in cut for side in pair):
        if is_grown and site.fixed("mode") != "zero":
            raise Unsupported("padding that crops is exported only with zeros", "use a pad and a crop")
        amount = write_value(cut if rank > 1 else cut[0])
        steps.append(layer_step(call(f"layers.Cropping{rank}D", amount, name=site.label(".crop"))))
    if is_grown:
        steps += _pad_axes(site, rank, [grown], write_value(grown if rank > 1 else grown[0]))
    return steps


def _pad_axes(site: LayerSite, rank: int, sides: list[tuple[tuple[int, int], ...]], padding: str) -> list[LayerStep]:
    """Padding along the spatial axes."""
    mode = site.fixed("mode")
    if mode == "zero":
        return [layer_step(call(f"layers.ZeroPadding{rank}D", padding, name=site.label("")))]
    if len(set(sides)) != 1:
        raise MixedUse
    widths = write_value(((0, 0), *sides[0], (0, 0)))
    return [operation_step(lambda x: f'ops.pad({x}, {widths}, mode="{PAD_MODES[mode]}")')]


def _pad_channels(rank: int, channels: int | tuple[int, int]) -> list[LayerStep]:
    """Channels of zeros, or fewer channels."""
    before, after = (channels, channels) if isinstance(channels, int) else channels
    steps = []
    if before < 0 or after < 0:
        start, stop = max(-before, 0) or "", -max(-after, 0) or ""
        steps.append(operation_step(lambda x: f"{x}[..., {start}:{stop}]"))
    if before > 0 or after > 0:
        widths = write_value((*((0, 0),) * (rank + 1), (max(before, 0), max(after, 0))))
        steps.append(operation_step(lambda x: f"ops.pad({x}, {widths})"))
    return steps


def _slice(site: LayerSite) -> list[LayerStep]:
    axis = 0 if site.is_open else site.axis(site.fixed("axis"))
    start = "" if site.is_default("start") else site.text("start")
    stop = "" if site.is_default("stop") else site.text("stop")
    step = "" if site.is_default("step") else f":{site.text('step')}"
    bounds = _slice_text(start, stop) + step
    places = f"..., {bounds}" if axis == 0 else ", ".join([":"] * axis + [bounds])
    return [operation_step(lambda x: f"{x}[{places}]")]


def _slice_text(start: str, stop: str) -> str:
    """The bounds of a slice, with spaces around the colon if one is an expression."""
    if all(re.fullmatch(r"-?\w*", bound) for bound in (start, stop)):
        return f"{start}:{stop}"
    return f"{start}{' ' if start else ''}:{' ' if stop else ''}{stop}"


def _roll(site: LayerSite) -> list[LayerStep]:
    rank = _spatial_rank(site)
    shift = site.given["shift"]
    axes = write_value(tuple(range(1, rank + 1)))
    if shift.items:
        return [operation_step(lambda x: f"ops.roll({x}, {_tuple(shift.items)}, axis={axes})")]
    if shift.constant is VARIES:
        if any(isinstance(value, int) for value in site.values("shift")):
            raise MixedUse
        return [operation_step(lambda x: f"ops.roll({x}, {shift.written.text}, axis={axes})")]
    text = write_value(on_axes(site.constant("shift"), rank, "shift"))
    return [operation_step(lambda x: f"ops.roll({x}, {text}, axis={axes})")]


def _gather(site: LayerSite) -> list[LayerStep]:
    if site.is_open:
        raise MixedUse
    axis = site.axis(site.fixed("axis"))
    if axis == 0 and any(len(setting_of(layer, "shape")) > 1 for layer in site.layers):
        raise Unsupported("a gather of the channels into several axes is not exported", "permute the axes before it")
    items = _target_items(site, "shape")
    shape = site.text("shape") if items is None else _tuple(items)
    return [layer_step(call(site.helper("Gather"), shape, axis=str(axis or -1), name=site.label("")))]


def _channel_shuffle(site: LayerSite) -> list[LayerStep]:
    function = site.helper("channel_shuffle")
    return [operation_step(lambda x: f"{function}({x}, {site.text('groups')})")]


def _pixel_shuffle(site: LayerSite) -> list[LayerStep]:
    if site.constant("factor") == 1:
        return []
    if site.rank != 2:
        raise Unsupported("Keras shuffles the pixels of images only")
    return [operation_step(lambda x: f'ops.depth_to_space({x}, {site.text("factor")}, data_format="channels_last")')]


def _pixel_unshuffle(site: LayerSite) -> list[LayerStep]:
    if site.constant("factor") == 1:
        return []
    if site.rank != 2:
        raise Unsupported("Keras shuffles the pixels of images only")
    return [operation_step(lambda x: f'ops.space_to_depth({x}, {site.text("factor")}, data_format="channels_last")')]


def _unfold(site: LayerSite) -> list[LayerStep]:
    if site.rank != 2:
        raise Unsupported("Keras extracts windows of images only")
    plan = _plan_padding(site, 2)
    named = {
        "strides": _per_axis(site, "stride", "1"),
        "dilation_rate": _per_axis(site, "dilation"),
        "padding": plan.padding or '"valid"',
        "data_format": '"channels_last"',
    }
    return [
        *plan.steps,
        operation_step(lambda x: call("ops.image.extract_patches", x, _per_axis(site, "kernel") or "", **named)),
    ]


def _upsample(site: LayerSite) -> list[LayerStep]:
    rank, mode = _spatial_rank(site), site.fixed("mode")
    if True in site.values("align_corners"):
        raise Unsupported("Keras does not align corners", "use align_corners: false")
    factor = site.constant("factor")
    factors = {value for layer in site.layers if (value := setting_of(layer, "factor")) is not None}
    is_whole = all(isinstance(item, int) for value in factors for item in on_axes(value, rank, "factor"))
    if factor is not None and is_whole and (rank == 2 or mode == "nearest"):
        interpolation = None if mode == "nearest" else write_text(mode)
        layer = call(
            f"layers.UpSampling{rank}D",
            _per_axis(site, "factor") or "",
            interpolation=interpolation,
            name=site.label(""),
        )
        return [layer_step(layer)]
    if factor is None:
        size = _size(site, rank)
    else:
        sizes = {layer.output_shape.spatial for layer in site.layers}
        if len(sizes) != 1:
            raise MixedUse
        size = write_value(next(iter(sizes)))
    if rank == 2:
        return [operation_step(lambda x: call("ops.image.resize", x, size, interpolation=write_text(mode)))]
    if mode != "nearest" and rank != 1:
        raise Unsupported(f"Keras does not resize volumes with mode {mode}", "use mode: nearest")
    function = site.helper("resize_signal") if rank == 1 else site.helper("resize_volume")
    if rank == 1:
        return [operation_step(lambda x: call(function, x, size.strip("(),"), interpolation=write_text(mode)))]
    return [operation_step(lambda x: f"{function}({x}, {size})")]


def _size(site: LayerSite, rank: int) -> str:
    """The source of a size with one number per axis."""
    given = site.given["size"]
    if given.items:
        return _tuple(given.items if len(given.items) == rank else given.items * rank)
    value = site.constant("size")
    if value is not VARIES:
        return write_value(value if isinstance(value, tuple) else (value,) * rank)
    if all(isinstance(item, tuple) for item in site.values("size")):
        return given.written.text
    return f"({', '.join([given.written.text] * rank)})"


def _dropout(site: LayerSite) -> list[LayerStep]:
    return [layer_step(call("layers.Dropout", site.text("rate"), name=site.label("")))]


def _drop_path(site: LayerSite) -> list[LayerStep]:
    shape = f"(None, {', '.join(['1'] * (site.rank + 1))})"
    return [layer_step(call("layers.Dropout", site.text("rate"), noise_shape=shape, name=site.label("")))]


REDUCTIONS = {"mean": "ops.mean", "sum": "ops.sum", "max": "ops.max", "min": "ops.min", "norm": "ops.norm"}


def _reduce(site: LayerSite) -> list[LayerStep]:
    function, axes, keep = REDUCTIONS[site.fixed("op")], site.fixed("axes"), site.fixed("keep_dims")
    rank = site.rank
    chosen = sorted(
        {site.axis(axis) for axis in (axes if isinstance(axes, tuple) else (axes,))}
        if axes is not None
        else range(rank + 1)
    )
    numbers = sorted(axis or rank + 1 for axis in chosen)
    numbers = [-1] if numbers == [rank + 1] else numbers
    axis = str(numbers[0]) if len(numbers) == 1 else write_value(tuple(numbers))
    if function == "ops.norm" and len(numbers) > 1:
        step = operation_step(
            lambda x: call(
                "ops.sqrt", call("ops.sum", f"ops.square({x})", axis=axis, keepdims="True" if keep else None)
            )
        )
    else:
        step = operation_step(lambda x: call(function, x, axis=axis, keepdims="True" if keep else None))
    steps = [step]
    left = [number for number in range(1, rank + 1) if number not in chosen]
    if not keep and not left and 0 in chosen:
        steps.append(operation_step(lambda x: f"ops.expand_dims({x}, axis=-1)"))
    elif not keep and 0 in chosen and len(left) > 1:
        # The first axis that remains becomes the channels, which are last.
        order = write_value((0, *range(2, len(left) + 1), 1))
        steps.append(operation_step(lambda x: f"ops.transpose({x}, {order})"))
    return steps


def _roi_align(site: LayerSite) -> list[LayerStep]:
    function = site.helper("ROIAlign")
    size = _per_axis(site, "size") or ""
    samples = None if site.is_default("samples") else site.text("samples")
    layer = call(function, size, samples=samples, name=site.label(""))
    if site.rank != 2:
        raise Unsupported("regions are cut out of images only")
    boxes = site.add_input(".boxes", f"({site.text('rois')}, 4)")
    return [LayerStep(lambda operands: f"{layer}([{', '.join((*operands, boxes))}])", layer)]


LAYERS: dict[str, Callable[[LayerSite], list[LayerStep]]] = {
    "conv": _conv,
    "depthwise_conv": _depthwise_conv,
    "conv_transpose": _conv_transpose,
    "local_conv": _local_conv,
    "deform_conv": _refuse("Keras has no deformable convolution"),
    "linear": _linear,
    "rbf": _rbf,
    "lstm": _recurrent("LSTM"),
    "gru": _recurrent("GRU"),
    "embedding": _embedding,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "global_avg_pool": _global_pool("Average"),
    "global_max_pool": _global_pool("Max"),
    "adaptive_avg_pool": _adaptive_pool("Average"),
    "adaptive_max_pool": _adaptive_pool("Max"),
    "subsample": _subsample,
    "max_unpool": _refuse("Keras has no max_unpool: its pools do not return the places of the maxima"),
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "lrn": _lrn,
    "scale": _scale,
    "bias": _bias,
    "parameter": _parameter,
    "identity": _simple("Identity"),
    "relu": _simple("ReLU"),
    "relu6": _simple("ReLU", max_value="6.0"),
    "sigmoid": _activation("sigmoid"),
    "tanh": _activation("tanh"),
    "silu": _activation("silu"),
    "selu": _activation("selu"),
    "mish": _activation("mish"),
    "softplus": _activation("softplus"),
    "hard_sigmoid": _activation("hard_sigmoid"),
    "hard_swish": _activation("hard_silu"),
    "absolute": lambda _: [operation_step(lambda x: f"ops.absolute({x})")],
    "gelu": _gelu,
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "elu": _elu,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "threshold": _threshold,
    "maxout": _maxout,
    "apply": _apply,
    "add": _simple("Add"),
    "subtract": _simple("Subtract"),
    "multiply": _simple("Multiply"),
    "concat": _concat,
    "einsum": _einsum,
    "matmul": _matmul,
    "reshape": _reshape,
    "flatten": _flatten,
    "permute": _permute,
    "crop": _crop,
    "pad": _pad,
    "slice": _slice,
    "roll": _roll,
    "gather": _gather,
    "channel_shuffle": _channel_shuffle,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "unfold": _unfold,
    "fold": _refuse("Keras has no fold that adds overlapping windows along the channels"),
    "upsample": _upsample,
    "dropout": _dropout,
    "drop_path": _drop_path,
    "reduce": _reduce,
    "roi_align": _roi_align,
    "opaque": _refuse("an opaque layer has no code", "describe it with layers that are known"),
}


def uses_operations(layers: Iterable[Layer]) -> bool:
    """Whether a layer may become an operation instead of a layer of Keras; a pool does where it needs padding."""
    return any(
        layer.type in OPERATIONS
        and (
            layer.figures.type.role not in (Role.MAX_POOL, Role.AVERAGE_POOL, Role.GLOBAL_POOL)
            or _needs_operation(layer)
        )
        for layer in layers
    )


def _needs_operation(layer: Layer) -> bool:
    return (
        layer.input_shapes[0].rank not in (1, 2, 3) or setting_of(layer, "padding") != 0
        if "padding" in layer.settings
        else False
    )


def is_operation_name(name: str) -> bool:
    """Whether Keras may give a name to an operation."""
    return re.sub(r"_[0-9]+$", "", name) in OPERATION_NAMES


def keeps_sign(layer: Layer, is_nonnegative: Callable[[str], bool]) -> bool:
    """Whether no element of a layer's output is negative; `is_nonnegative` tells it of its inputs."""
    if layer.type in NONNEGATIVE:
        return True
    merges = layer.figures.type.role in (Role.SUM, Role.CONCATENATION) and layer.type != "subtract"
    return (merges or layer.type in TRANSPARENT) and all(map(is_nonnegative, layer.inputs))
