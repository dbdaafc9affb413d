"""Darknet configurations (.cfg): sections of options, each a layer, that number themselves from 0.

Options and their defaults are those of src/parser.c of Darknet (github.com/pjreddie/darknet, commit f6afaab) and of
AlexeyAB's continuation, which adds groups of convolutions and routes, `mish` and `swish`. What Darknet computes in
training alone (`cost`, the losses of `yolo`, `region` and `detection`) is no layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, quoted
from cnncalc.interchange.building import Sizes
from cnncalc.interchange.graph import Graph, GraphLayer, Plain
from cnncalc.record import Record

ACTIVATIONS: dict[str, tuple[str, dict[str, Plain]]] = {
    "logistic": ("sigmoid", {}),
    "relu": ("relu", {}),
    "relie": ("leaky_relu", {"slope": "0.01"}),
    "leaky": ("leaky_relu", {"slope": "0.1"}),
    "tanh": ("tanh", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "mish": ("mish", {}),
    "swish": ("silu", {}),
    "ramp": ("apply", {"function": "relu(x) + 0.1 * x"}),
    "loggy": ("apply", {"function": "2 * sigmoid(x) - 1"}),
    "hardtan": ("apply", {"function": "min(max(x, -1), 1)"}),
    "lhtan": ("apply", {"function": "0.001 * x if x < 0 else 0.001 * (x - 1) + 1 if x > 1 else x"}),
    "plse": ("apply", {"function": "0.01 * (x + 4) if x < -4 else 0.01 * (x - 4) + 1 if x > 4 else 0.125 * x + 0.5"}),
}
RECURRENT = ("rnn", "gru", "lstm", "crnn", "conv_lstm")
# What sections are called, beside their full names.
SHORT_NAMES = {
    "network": "net",
    "conv": "convolutional",
    "conn": "connected",
    "max": "maxpool",
    "avg": "avgpool",
    "soft": "softmax",
}
NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
LARGEST_SIZE = 1_000_000
INPUT = "input"


class Option(Record):
    """The value of an option, and where it is."""

    text: str
    span: Span


class Section(Record):
    """A section with its options."""

    kind: str
    options: dict[str, Option]
    span: Span

    def number(self, key: str, default: int, least: int = 0, most: int = LARGEST_SIZE) -> int:
        """A whole number. Raises SpecError for anything else."""
        option = self.options.get(key)
        if option is None:
            return default
        if NUMBER.fullmatch(option.text) and least <= int(option.text) <= most:
            return int(option.text)
        message = f"{key} takes a whole number from {least} to {most:,}, not {quoted(option.text)}"
        raise SpecError([Problem(option.span, message)])

    def numbers(self, key: str) -> tuple[int, ...]:
        """The whole numbers of a list. Raises SpecError where it is missing or has something else."""
        option = self.options.get(key)
        parts = [part for part in option.text.split(",") if part] if option else []
        limits.spend(len(parts), "the list of sections")
        if not parts or not all(NUMBER.fullmatch(part) for part in parts):
            span = option.span if option else self.span
            raise SpecError([Problem(span, f"{self.kind} needs {key}, whole numbers separated by commas")])
        return tuple(map(int, parts))

    def word(self, key: str, default: str) -> str:
        option = self.options.get(key)
        return option.text if option else default


class Output(Record):
    """What a section gives: the layer or input that has it, and its shape as Darknet sees it."""

    name: str
    channels: int
    height: int
    width: int
    is_vector: bool = False

    @property
    def size(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width


def read(text: str, file: str, sizes: Sizes) -> Graph:
    """The graph of a configuration. Raises SpecError with every section that cannot be read."""
    sections = list(_sections(text, file))
    start = Span(file, 1, 1)
    if not sections or sections[0].kind != "net":
        message = "a Darknet configuration begins with [net], which has the size of the input"
        raise SpecError([Problem(sections[0].span if sections else start, message)])
    return _Reader(sections[0], sizes).read(sections[1:], start)


def _sections(text: str, file: str) -> Iterator[Section]:
    """The sections of a text, empty lines and comments left out."""
    section: Section | None = None
    count, most = 0, limits.current().layers
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        span = Span(file, number, len(raw) - len(raw.lstrip()) + 1)
        if line.startswith("["):
            if section is not None:
                yield section
            kind = line[1:].split("]")[0].strip().lower()
            count += 1
            if count > most:
                raise SpecError([Problem(span, f"more than {most:,} sections", limits.raised("layers"))])
            section = Section(SHORT_NAMES.get(kind, kind), {}, span)
            continue
        key, equals, value = line.partition("=")
        if not equals or section is None:
            message = f"expected a section such as [convolutional], or option=value, not {quoted(line)}"
            raise SpecError([Problem(span, message)])
        section.options.setdefault("".join(key.split()), Option("".join(value.split()), span))
    if section is not None:
        yield section


class _Reader:
    """Reads section by section; `outputs` has what each gives, by its number."""

    def __init__(self, net: Section, sizes: Sizes) -> None:
        channels, height, width = (net.number(key, 0) for key in ("channels", "height", "width"))
        if not (channels and height and width):
            message = "[net] needs channels, height and width"
            raise SpecError(
                [Problem(net.span, message, "recurrent networks, which have inputs instead, cannot be read")]
            )
        self.shape = channels, height, width
        given = sizes.get("") or sizes.get(INPUT) or ()
        if len(given) == len(self.shape):
            channels, height, width = given
        self.current = Output(INPUT, channels, height, width)
        self.layers: list[GraphLayer] = []
        self.outputs: list[Output] = []
        self.results: list[str] = []

    def read(self, sections: list[Section], start: Span) -> Graph:
        readers: dict[str, Callable[[Section], None]] = {
            "convolutional": self._convolutional,
            "maxpool": self._maxpool,
            "avgpool": self._avgpool,
            "connected": self._connected,
            "local": self._local,
            "route": self._route,
            "shortcut": self._shortcut,
            "upsample": self._upsample,
            "reorg": self._reorg,
            "crop": self._crop,
            "dropout": self._dropout,
            "softmax": self._softmax,
            "yolo": self._detections,
            "region": self._detections,
            "detection": self._detections,
            "activation": self._activation_alone,
            "cost": self._nothing,
        }
        problems: list[Problem] = []
        for section in sections:
            reader = readers.get(section.kind)
            if reader is None:
                problems.append(_unknown(section, list(readers)))
            elif not problems:
                try:
                    reader(section)
                except SpecError as error:
                    problems.extend(error.problems)
            self.outputs.append(self.current)
        if not problems and not self.layers:
            problems.append(Problem(start, "the configuration has no layers"))
        if problems:
            raise SpecError(problems)
        results = tuple(dict.fromkeys([*self.results, self.layers[-1].name]))
        return Graph("", "a Darknet configuration", {INPUT: self.shape}, tuple(self.layers), results, start)

    def _add(
        self, section: Section, kind: str, size: tuple[int, ...], inputs: tuple[str, ...] = (), **settings: Plain
    ) -> None:
        """Append a layer, named after its type and its section's number, which reads the current output by default."""
        name = f"{kind}_{len(self.outputs)}"
        if self.layers and any(layer.name == name for layer in self.layers[-4:]):
            name = f"{name}_2"
        is_vector = self.current.is_vector or kind == "linear"
        self.layers.append(GraphLayer(name, kind, settings, inputs or (self.current.name,), section.span))
        self.current = Output(name, size[0], size[1], size[2], is_vector)

    def _activate(self, section: Section, default: str) -> None:
        name = section.word("activation", default)
        if name == "linear":
            return
        if name not in ACTIVATIONS:
            option = section.options.get("activation")
            hint = did_you_mean(name, ACTIVATIONS)
            message = f"the activation {quoted(name)} cannot be read"
            raise SpecError([Problem(option.span if option else section.span, message, hint)])
        kind, settings = ACTIVATIONS[name]
        self._add(section, kind, self.current.size, (), **settings)

    def _convolutional(self, section: Section) -> None:
        filters = section.number("filters", 1, 1)
        kernel = section.number("size", 1, 1)
        stride = section.number("stride", 1, 1)
        strides = section.number("stride_y", stride, 1), section.number("stride_x", stride, 1)
        padding = kernel // 2 if section.number("pad", 0) else section.number("padding", 0)
        dilation = section.number("dilation", 1, 1)
        groups = section.number("groups", 1, 1)
        normalizes = bool(section.number("batch_normalize", 0))
        reach = dilation * (kernel - 1) + 1
        size = tuple(
            _slide(section, extent, reach, step, 2 * padding)
            for extent, step in zip(self.current.size[1:], strides, strict=True)
        )
        settings: dict[str, Plain] = {"filters": filters, "kernel": kernel}
        if strides != (1, 1):
            settings["stride"] = stride if strides == (stride, stride) else strides
        further = (("padding", padding, 0), ("dilation", dilation, 1), ("groups", groups, 1))
        settings |= {key: value for key, value, default in further if value != default}
        if normalizes:
            settings["bias"] = False
        self._add(section, "conv", (filters, *size), (), **settings)
        if normalizes:
            self._add(section, "batch_norm", self.current.size)
        self._activate(section, "logistic")

    def _maxpool(self, section: Section) -> None:
        stride = section.number("stride", 1, 1)
        kernel = section.number("size", stride, 1)
        padding = section.number("padding", kernel - 1)
        # The window of the first output begins half of the padding before the map; what is left comes after it.
        before, after = padding // 2, padding - padding // 2
        channels, *extents = self.current.size
        size = (_slide(section, extent, kernel, stride, padding) for extent in extents)
        settings: dict[str, Plain] = {"kernel": kernel, "stride": stride}
        if padding:
            settings["padding"] = (before, after) * 2 if before != after else before
        self._add(section, "max_pool", (channels, *size), (), **settings)

    def _avgpool(self, section: Section) -> None:
        self._add(section, "global_avg_pool", (self.current.channels, 1, 1), keep_dims=True)

    def _flatten(self, section: Section) -> None:
        if not self.current.is_vector:
            channels, height, width = self.current.size
            self._add(section, "flatten", (channels * height * width, 1, 1))
            self.current = self.current._replace(is_vector=True)

    def _connected(self, section: Section) -> None:
        features = section.number("output", 1, 1)
        normalizes = bool(section.number("batch_normalize", 0))
        self._flatten(section)
        settings: dict[str, Plain] = {"bias": False} if normalizes else {}
        self._add(section, "linear", (features, 1, 1), (), features=features, **settings)
        if normalizes:
            self._add(section, "batch_norm", self.current.size)
        self._activate(section, "logistic")

    def _local(self, section: Section) -> None:
        filters = section.number("filters", 1, 1)
        kernel = section.number("size", 1, 1)
        stride = section.number("stride", 1, 1)
        padding = (kernel - 1) // 2 if section.number("pad", 0) else 0
        size = (_slide(section, extent, kernel, stride, 2 * padding) for extent in self.current.size[1:])
        settings: dict[str, Plain] = {"filters": filters, "kernel": kernel, "stride": stride, "padding": padding}
        self._add(section, "local_conv", (filters, *size), (), **settings)
        self._activate(section, "logistic")

    def _source(self, section: Section, key: str, number: int) -> Output:
        """The output of an earlier section: by its number, or counted back from this one if it is negative."""
        place = number if number >= 0 else len(self.outputs) + number
        if 0 <= place < len(self.outputs):
            return self.outputs[place]
        message = f"{key} {number} is no earlier section: this is section {len(self.outputs)}, and they count from 0"
        raise SpecError([Problem(section.options[key].span, message)])

    def _route(self, section: Section) -> None:
        sources = [self._source(section, "layers", number) for number in section.numbers("layers")]
        groups = section.number("groups", 1, 1)
        group = section.number("group_id", 0, 0, groups - 1)
        if groups > 1:
            sources = [self._part(section, output, groups, group) for output in sources]
        if len(sources) == 1:
            self.current = sources[0]
            return
        sizes = {output.size[1:] for output in sources}
        if len(sizes) > 1:
            shown = " and ".join("x".join(map(str, output.size)) for output in sources)
            raise SpecError([Problem(section.span, f"route needs maps of equal height and width, not {shown}")])
        channels = sum(output.channels for output in sources)
        names = tuple(output.name for output in sources)
        self._add(section, "concat", (channels, *sources[0].size[1:]), names)

    def _part(self, section: Section, output: Output, groups: int, group: int) -> Output:
        if output.channels % groups:
            message = f"{output.channels} channels cannot be split into {groups} groups"
            raise SpecError([Problem(section.span, message)])
        part = output.channels // groups
        span = {"start": part * group, "stop": part * (group + 1)}
        self._add(section, "slice", (part, output.height, output.width), (output.name,), **span)
        return self.current

    def _shortcut(self, section: Section) -> None:
        other = self._source(section, "from", section.numbers("from")[0])
        own = self.current
        if other.size != own.size:
            other = self._fit(section, other, own)
        self._add(section, "add", own.size, (own.name, other.name))
        self._activate(section, "linear")

    def _fit(self, section: Section, other: Output, own: Output) -> Output:
        """An output in the size of another, as Darknet adds them: every n-th position, the channels that both have."""
        step = other.height // own.height
        if step < 1 or (own.height * step, own.width * step) != other.size[1:]:
            shown = " and ".join("x".join(map(str, output.size)) for output in (own, other))
            message = f"shortcut adds {shown}, of which one does not divide the other"
            raise SpecError([Problem(section.span, message)])
        self.current = other
        if step > 1:
            size = (other.channels, *own.size[1:])
            self._add(section, "subsample", size, kernel=1, stride=step)
        if other.channels < own.channels:
            self._add(section, "pad", own.size, channels=(0, own.channels - other.channels))
        elif other.channels > own.channels:
            self._add(section, "slice", own.size, stop=own.channels)
        return self.current

    def _upsample(self, section: Section) -> None:
        factor = section.number("stride", 2, 1)
        channels, height, width = self.current.size
        self._add(section, "upsample", (channels, height * factor, width * factor), factor=factor)

    def _reorg(self, section: Section) -> None:
        factor = section.number("stride", 1, 1)
        channels, height, width = self.current.size
        size = (channels * factor**2, height // factor, width // factor)
        self._add(section, "pixel_unshuffle", size, factor=factor)

    def _crop(self, section: Section) -> None:
        channels, height, width = self.current.size
        rows, columns = section.number("crop_height", 1, 1, height), section.number("crop_width", 1, 1, width)
        top, left = (height - rows) // 2, (width - columns) // 2
        amount = (top, height - rows - top, left, width - columns - left)
        self._add(section, "crop", (channels, rows, columns), amount=amount)

    def _dropout(self, section: Section) -> None:
        rate = section.word("probability", ".5")
        if not re.fullmatch(r"[0-9]{0,3}(\.[0-9]{0,9})?", rate) or rate in ("", "."):
            raise SpecError([Problem(section.options["probability"].span, f"{quoted(rate)} is no probability")])
        self._add(section, "dropout", self.current.size, rate=f"0{rate}" if rate.startswith(".") else rate)

    def _softmax(self, section: Section) -> None:
        if not section.number("spatial", 0):
            self._flatten(section)
        self._add(section, "softmax", self.current.size)

    def _activation_alone(self, section: Section) -> None:
        self._activate(section, "linear")

    def _detections(self, section: Section) -> None:
        """The network's output for training and for decoding boxes, neither of which is a part of the network."""
        self.results.append(self.current.name)

    def _nothing(self, section: Section) -> None:
        """A loss."""


def _slide(section: Section, extent: int, kernel: int, stride: int, padding: int) -> int:
    """The positions of a window along an axis. Raises SpecError where there are none."""
    if extent + padding < kernel:
        message = f"a window of {kernel} does not fit in {extent} positions with {padding} of padding"
        raise SpecError([Problem(section.span, message)])
    return _floor(extent + padding - kernel, stride) + 1


def _floor(extent: int, stride: int) -> int:
    return (extent - extent % stride) // stride


def _unknown(section: Section, known: list[str]) -> Problem:
    if section.kind in RECURRENT:
        return Problem(section.span, f"[{section.kind}] is recurrent, and only feed-forward networks can be read")
    return Problem(section.span, f"{quoted(f'[{section.kind}]')} cannot be read", did_you_mean(section.kind, known))
