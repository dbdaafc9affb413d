"""One declaration of a layer's setting -> its decoder, its JSON Schema and its line in the reference.

    class Pool(LayerType, name="pool"):
        kernel = per_axis("size of the window")
        stride = per_axis("step of the window", default=1)

A decoder checks the value of the spec's text or expression and returns it with its type, or raises RuleError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

from cnncalc.errors import RuleError, did_you_mean, listed, plural
from cnncalc.syntax.expressions import describe, fraction

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncalc.syntax.expressions import Value

PerAxis: TypeAlias = "int | tuple[int, ...]"
JsonSchema: TypeAlias = "dict[str, Any]"

P = ParamSpec("P")
N = TypeVar("N", int, "int | Fraction")
REQUIRED: Any = object()
# NumPy and PyTorch allow no more axes.
MOST_AXES = 64

# Names of the settings in PyTorch, Keras, Caffe, Darknet and ONNX, for messages.
ALSO_KNOWN_AS: dict[str, tuple[str, ...]] = {
    "filters": (
        "out_channels", "output_channels", "num_output", "out_planes", "out_ch", "channels", "num_filters", "nb_filter",
        "features", "out_features", "units", "输出通道", "卷积核个数",
    ),
    "features": (
        "out_features", "units", "num_output", "output_size", "outputs", "num_classes", "classes", "neurons", "nodes",
        "out_channels", "filters", "output_dim", "embedding_dim", "embed_dim", "神经元",
    ),
    "kernel": (
        "kernel_size", "kernel_shape", "pool_size", "filter_size", "window", "window_size", "ksize", "size", "k",
        "卷积核", "卷积核大小",
    ),
    "stride": ("strides", "step", "s", "步长", "步幅"),
    "padding": ("pad", "pads", "pad_size", "p", "amount", "填充"),
    "output_padding": ("out_pad", "adj"),
    "dilation": ("dilations", "dilation_rate", "rate", "atrous_rate", "d", "空洞率"),
    "groups": ("group", "num_groups", "cardinality", "g", "分组"),
    "bias": ("use_bias", "bias_term", "has_bias", "偏置"),
    "multiplier": ("depth_multiplier", "channel_multiplier"),
    "rate": ("p", "prob", "probability", "dropout", "dropout_rate", "dropout_ratio", "drop_prob", "drop_rate"),
    "rounding": ("ceil_mode", "round_mode"),
    "slope": ("negative_slope", "alpha"),
    "size": ("output_size", "local_size", "target_size", "out_size", "depth_radius"),
    "factor": ("scale_factor", "scale", "upscale_factor", "downscale_factor", "block_size", "stride"),
    "mode": ("interpolation", "method"),
    "affine": ("elementwise_affine", "center", "scale", "learnable"),
    "track_statistics": ("track_running_stats", "use_global_stats"),
    "axis": ("dim", "concat_dim", "concat_axis"),
    "axes": ("dims", "perm", "order"),
    "shape": ("target_shape", "output_shape", "dims"),
    "amount": ("cropping", "offset", "padding", "crop"),
    "stop": ("end", "ends", "length"),
    "start": ("begin", "starts"),
    "step": ("steps", "stride", "strides"),
    "keep_dims": ("keepdims", "keepdim"),
    "hidden": ("hidden_size", "hidden_dim", "units", "num_units", "state_size", "隐藏单元"),
    "layers": ("num_layers", "depth"),
    "bidirectional": ("bidir", "双向"),
    "vocabulary": ("num_embeddings", "vocab_size", "vocab", "input_dim", "num_tokens", "词表大小"),
    "rois": ("num_rois", "proposals", "num_proposals"),
    "samples": ("sampling_ratio", "sample_num", "sample_ratio"),
    "shift": ("shifts", "shift_size", "offset"),
    "standardize": ("weight_standardization", "standardization", "ws"),
    "per_channel": ("channelwise", "per_axis"),
}  # fmt: skip


class Setting:
    """The values that one setting takes. Subclasses check them.

    `default` is REQUIRED, or the decoded value that is used if the spec gives none;
    `absent` is what a default of None means, in words. `example` is the value that examples use, where the bounds
    of the setting give no typical one.
    """

    name = ""
    # Whether a spec's text is the value itself, not an expression for it.
    takes_text = False

    def __init__(self, doc: str, default: Any = REQUIRED, *, absent: str = "", example: Value | None = None) -> None:
        self.doc = doc
        self.default = default
        self.absent = absent
        self._example = example

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def keywords(self) -> tuple[str, ...]:
        """The words that this setting accepts as values rather than as expressions."""
        return ()

    @property
    def wants(self) -> str:
        """A description of accepted values, for messages and the reference."""
        raise NotImplementedError

    @property
    def example(self) -> Value:
        """A valid value other than the default: the declared one, or one within the bounds. LookupError if none is."""
        declared: tuple[Value, ...] = () if self._example is None else (self._example,)
        for value in (*declared, *self._suggestions()):
            is_default = value == self.default and type(value) is type(self.default)
            if not is_default and self.check(value) is not NotImplemented:
                return value
        raise LookupError(f"{self.name} needs an example")

    def _suggestions(self) -> tuple[Value, ...]:
        """Values that may serve as an example."""
        return self.keywords

    def check(self, value: Value) -> Any:
        """The decoded value; NotImplemented if the setting does not accept it."""
        raise NotImplementedError

    def schema(self) -> JsonSchema:
        """The JSON Schema of literal values; expressions are added for all settings."""
        raise NotImplementedError

    def decode(self, value: Value) -> Any:
        """The checked value. Raises a RuleError that names the setting."""
        if value is None and self.default is None:
            return None
        decoded = self.check(value)
        if decoded is not NotImplemented:
            return decoded
        hint = ""
        if isinstance(value, str):
            hint = f"write {value} without quotes" if value.isdecimal() else did_you_mean(value, self.keywords)
        elif hasattr(value, "denominator") and not isinstance(value, int) and not isinstance(self, RealNumber):
            hint = "use // to divide and round down, or ceil, floor or round"
        raise RuleError(f"{self.name} takes {self.wants}, not {describe(value)}", self.name, hint)


class Whole(Setting):
    """A whole number, of at least `minimum` unless that is None."""

    def __init__(
        self,
        doc: str,
        default: Any = REQUIRED,
        *,
        minimum: int | None = 1,
        absent: str = "",
        example: Value | None = None,
    ) -> None:
        super().__init__(doc, default, absent=absent, example=example)
        self.minimum = minimum

    def _suggestions(self) -> tuple[Value, ...]:
        least = 1 if self.minimum is None else self.minimum
        return (*self.keywords, max(least, 2), max(least, 1))

    @property
    def wants(self) -> str:
        return f"a whole number{self._bound}"

    @property
    def _bound(self) -> str:
        return "" if self.minimum is None else f" of at least {self.minimum}"

    def check(self, value: Value) -> Any:
        return value if is_whole(value, self.minimum) else NotImplemented

    def schema(self) -> JsonSchema:
        return {"type": "integer"} if self.minimum is None else {"type": "integer", "minimum": self.minimum}


class RealNumber(Setting):
    """A number between bounds, which may be a fraction."""

    def __init__(
        self,
        doc: str,
        default: Any = REQUIRED,
        *,
        low: int | None = None,
        high: int | None = None,
        absent: str = "",
        example: Value | None = None,
    ) -> None:
        super().__init__(doc, default, absent=absent, example=example)
        self.low = low
        self.high = high

    @property
    def wants(self) -> str:
        if self.low is not None and self.high is not None:
            return f"a number from {self.low} to {self.high}"
        return "a number" if self.low is None else f"a number of at least {self.low}"

    def _suggestions(self) -> tuple[Value, ...]:
        return (fraction("0.2"), *(bound for bound in (self.low, self.high) if bound is not None))

    def check(self, value: Value) -> Any:
        if value is None or isinstance(value, bool | str | tuple):
            return NotImplemented
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            return NotImplemented
        return value

    def schema(self) -> JsonSchema:
        bounds = {"minimum": self.low, "maximum": self.high}
        return {"type": "number", **{key: bound for key, bound in bounds.items() if bound is not None}}


class RealPerAxis(RealNumber):
    """A positive number, fractions included, for every spatial axis, or a list with one for each."""

    def __init__(self, doc: str, default: Any = REQUIRED, *, absent: str = "", example: Value | None = None) -> None:
        super().__init__(doc, default, low=0, absent=absent, example=example)

    @property
    def wants(self) -> str:
        return "a number above 0, or a list with one an axis"

    def check(self, value: Value) -> Any:
        items = value if isinstance(value, tuple) else (value,)
        if not items or any(super(RealPerAxis, self).check(item) is NotImplemented or not item for item in items):
            return NotImplemented
        return value

    def schema(self) -> JsonSchema:
        return _one_or_list({"type": "number", "exclusiveMinimum": 0})


class Flag(Setting):
    """true or false."""

    def __init__(self, doc: str, *, default: bool) -> None:
        super().__init__(doc, default)

    @property
    def wants(self) -> str:
        return "true or false"

    def _suggestions(self) -> tuple[Value, ...]:
        return (not self.default,)

    def check(self, value: Value) -> Any:
        return value if isinstance(value, bool) else NotImplemented

    def schema(self) -> JsonSchema:
        return {"type": "boolean"}


class Choice(Setting):
    """One of a few words."""

    def __init__(self, doc: str, options: tuple[str, ...], default: Any = REQUIRED, *, absent: str = "") -> None:
        super().__init__(doc, default, absent=absent)
        self.options = options

    @property
    def keywords(self) -> tuple[str, ...]:
        return self.options

    @property
    def wants(self) -> str:
        return listed(self.options, "or")

    def check(self, value: Value) -> Any:
        return value if value in self.options else NotImplemented

    def schema(self) -> JsonSchema:
        return {"enum": list(self.options)}


class WholeList(Whole):
    """A list of whole numbers, or a single one."""

    @property
    def wants(self) -> str:
        return f"a list of whole numbers{self._bound}"

    def check(self, value: Value) -> Any:
        items = value if isinstance(value, tuple) else (value,)
        return value if items and all(is_whole(item, self.minimum) for item in items) else NotImplemented

    def schema(self) -> JsonSchema:
        return _one_or_list(super().schema())


class PerAxisWhole(WholeList):
    """A whole number for all spatial axes, or a list with one per axis."""

    @property
    def wants(self) -> str:
        return f"a whole number{self._bound}, or a list with one an axis"


class PerSideWhole(WholeList):
    """A whole number for all sides, a list with one per axis, or a list with two per axis (before, after)."""

    def __init__(self, doc: str, default: Any = REQUIRED, *, minimum: int | None = 0) -> None:
        super().__init__(doc, default, minimum=minimum)

    @property
    def wants(self) -> str:
        return f"a whole number{self._bound}, or a list with one number an axis or one a side"


class Padding(PerSideWhole):
    """`same`, `valid`, or numbers for the sides."""

    def __init__(self, doc: str, default: Any = 0) -> None:
        super().__init__(doc, default)

    @property
    def keywords(self) -> tuple[str, ...]:
        return ("same", "valid")

    @property
    def wants(self) -> str:
        return f"same, valid, {super().wants}"

    def check(self, value: Value) -> Any:
        return value if value in self.keywords else super().check(value)

    def schema(self) -> JsonSchema:
        return {"anyOf": [{"enum": list(self.keywords)}, *super().schema()["anyOf"]]}


class TargetShape(Setting):
    """The sizes of a shape, channels first; if `inferred`, one may be -1 to follow from the others."""

    def __init__(
        self, doc: str, default: Any = REQUIRED, *, inferred: bool = False, example: Value | None = None
    ) -> None:
        super().__init__(doc, default, example=example)
        self.inferred = inferred

    @property
    def wants(self) -> str:
        return f"a list of whole numbers of at least 1{', of which one may be -1' if self.inferred else ''}"

    def check(self, value: Value) -> Any:
        sizes = value if isinstance(value, tuple) else (value,)
        left_open = sum(size == -1 for size in sizes)
        known = sum(is_whole(size, 1) for size in sizes)
        fits = bool(sizes) and known + left_open == len(sizes) and left_open <= int(self.inferred)
        return sizes if fits else NotImplemented

    def schema(self) -> JsonSchema:
        size: JsonSchema = {"type": "integer", "minimum": 1}
        if self.inferred:
            size = {"type": "integer", "minimum": -1, "not": {"const": 0}}
        return _one_or_list(size)


class Axis(Whole):
    """An axis of a tensor, from 0; a negative number counts from the end."""

    def __init__(self, doc: str, default: Any = REQUIRED, *, absent: str = "", example: Value | None = None) -> None:
        super().__init__(doc, default, minimum=-MOST_AXES, absent=absent, example=example)

    @property
    def wants(self) -> str:
        return "the number of an axis, from 0 or, from the end, from -1"

    def schema(self) -> JsonSchema:
        return {"type": "integer"}


class AxisList(WholeList):
    """Axes of a tensor, from 0; negative numbers count from the end.

    The setting may also take one of `words`, which stand for axes that depend on the tensor.
    """

    def __init__(
        self,
        doc: str,
        default: Any = REQUIRED,
        *,
        words: tuple[str, ...] = (),
        absent: str = "",
        example: Value | None = None,
    ) -> None:
        super().__init__(doc, default, minimum=-MOST_AXES, absent=absent, example=example)
        self.words = words

    @property
    def keywords(self) -> tuple[str, ...]:
        return self.words

    @property
    def wants(self) -> str:
        axes = "a list of the numbers of axes, from 0 or, from the end, from -1"
        return f"{', '.join(self.words)} or {axes}" if self.words else axes

    def check(self, value: Value) -> Any:
        return value if value in self.words else super().check(value)

    def schema(self) -> JsonSchema:
        axes = _one_or_list({"type": "integer"})
        return {"anyOf": [{"enum": list(self.words)}, *axes["anyOf"]]} if self.words else axes


class Text(Setting):
    """Text that the layer type reads itself: it is no expression of the spec's names.

    `read` returns the text as the layer keeps it, or raises RuleError.
    """

    takes_text = True

    def __init__(self, doc: str, read: Callable[[str], str], wants: str, *, example: str) -> None:
        super().__init__(doc, example=example)
        self.read = read
        self._wants = wants

    @property
    def wants(self) -> str:
        return self._wants

    def check(self, value: Value) -> Any:
        return value if isinstance(value, str) else NotImplemented

    def decode(self, value: Value) -> Any:
        return self.read(super().decode(value))

    def schema(self) -> JsonSchema:
        return {"type": "string", "minLength": 1}


class WholeTable(Setting):
    """A list of lists of whole numbers."""

    @property
    def wants(self) -> str:
        return "a list of lists of whole numbers"

    def _suggestions(self) -> tuple[Value, ...]:
        return (((0, 1), (1, 2)),)

    def check(self, value: Value) -> Any:
        rows = isinstance(value, tuple) and bool(value)
        if rows and all(isinstance(row, tuple) and row and all(is_whole(item, 0) for item in row) for row in value):  # type: ignore[union-attr]
            return value
        return NotImplemented

    def schema(self) -> JsonSchema:
        return _list_of(_list_of({"type": "integer", "minimum": 0}))


def _list_of(item: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": item, "minItems": 1}


def _one_or_list(item: JsonSchema) -> JsonSchema:
    return {"anyOf": [item, _list_of(item)]}


def is_whole(value: object, minimum: int | None) -> bool:
    """Whether a value is a whole number, of at least `minimum` if that is given; true and false are no numbers."""
    return isinstance(value, int) and not isinstance(value, bool) and (minimum is None or value >= minimum)


def _declaration(setting: Callable[P, Setting]) -> Callable[P, Any]:
    """A declaration function of a class of settings: for type checkers, the attribute has the decoded value's type."""
    return setting


whole = _declaration(Whole)
number = _declaration(RealNumber)
number_per_axis = _declaration(RealPerAxis)
flag = _declaration(Flag)
choice = _declaration(Choice)
per_axis = _declaration(PerAxisWhole)
whole_list = _declaration(WholeList)
per_side = _declaration(PerSideWhole)
target_shape = _declaration(TargetShape)
padding_of = _declaration(Padding)
table = _declaration(WholeTable)
axis_of = _declaration(Axis)
axis_list = _declaration(AxisList)
text_of = _declaration(Text)


# Settings whose meaning depends on the rank of the input.


def on_axes(value: N | tuple[N, ...], rank: int, setting: str) -> tuple[N, ...]:
    """One number for each of `rank` axes. Raises RuleError if a list has another length."""
    if not isinstance(value, tuple):
        return (value,) * rank
    if len(value) == rank:
        return value
    raise RuleError(_counts(setting, value, rank), setting, "write one number" + (f", or {rank}" if rank > 1 else ""))


def on_sides(value: PerAxis, rank: int, setting: str) -> tuple[tuple[int, int], ...]:
    """The numbers before and after each of `rank` axes, from one number, one per axis or one per side."""
    if isinstance(value, int):
        return ((value, value),) * rank
    if len(value) == 2 * rank:
        return tuple(zip(value[::2], value[1::2], strict=True))
    if len(value) == rank:
        return tuple((size, size) for size in value)
    raise RuleError(
        _counts(setting, value, rank),
        setting,
        f"write one number, {rank} (one per axis) or {2 * rank} (before and after each axis)",
    )


def _counts(setting: str, value: tuple[object, ...], rank: int) -> str:
    axes = "axis" if rank == 1 else "axes"
    return f"{setting} has {plural(len(value), 'number')}, but the input has {rank} spatial {axes}"
