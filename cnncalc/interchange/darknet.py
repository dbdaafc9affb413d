"""Darknet configurations (.cfg): sections of options, each a layer, numbered from 0.

Options and their defaults are those of src/parser.c of Darknet (github.com/pjreddie/darknet, commit f6afaab) and of
AlexeyAB's continuation (github.com/AlexeyAB/darknet, commit 59596d7), which adds groups, weighted shortcuts, shared
convolutions, `scale_channels`, `sam` and activations. Computations of training only (`cost`, the losses of
`yolo`, `region` and `detection`) are not layers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, quoted
from cnncalc.interchange.building import GraphBuilder, GraphInput, Sizes, affine, real
from cnncalc.interchange.graph import Graph, GraphLayer, Plain
from cnncalc.layers.shapes import half, quotient, times
from cnncalc.record import Record

ACTIVATIONS: dict[str, tuple[str, dict[str, Plain]]] = {
    "logistic": ("sigmoid", {}),
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "relie": ("leaky_relu", {"slope": "0.01"}),
    "leaky": ("leaky_relu", {"slope": "0.1"}),
    "revleaky": ("leaky_relu", {"slope": "0.1"}),
    "tanh": ("tanh", {}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "mish": ("mish", {}),
    "hard_mish": ("apply", {"function": "x if x > 0 else x * x / 2 + x if x > -2 else 0"}),
    "swish": ("silu", {}),
    "gelu": ("gelu", {"approximate": "tanh"}),
    "ramp": ("apply", {"function": "relu(x) + 0.1 * x"}),
    "loggy": ("apply", {"function": "2 * sigmoid(x) - 1"}),
    "hardtan": ("apply", {"function": "min(max(x, -1), 1)"}),
    "lhtan": ("apply", {"function": "0.001 * x if x < 0 else 0.001 * (x - 1) + 1 if x > 1 else x"}),
    "plse": ("apply", {"function": "0.01 * (x + 4) if x < -4 else 0.01 * (x - 4) + 1 if x > 4 else 0.125 * x + 0.5"}),
}
RECURRENT = ("rnn", "gru", "lstm", "crnn", "conv_lstm", "history")
# Short names of sections.
SHORT_NAMES = {
    "network": "net",
    "conv": "convolutional",
    "conn": "connected",
    "max": "maxpool",
    "avg": "avgpool",
    "local_avg": "local_avgpool",
    "soft": "softmax",
    "lrn": "normalization",
    "empty": "silence",
    "deconv": "deconvolutional",
}
# The factors of the terms of a shortcut.
WEIGHTS: dict[str, dict[str, Plain] | None] = {
    "none": None,
    "per_feature": {"per_channel": False},
    "per_layer": {"per_channel": False},
    "per_channel": {},
}
# The constants of a normalization, by the settings that they are here.
LRN = {"alpha": ("alpha", "0.0001"), "beta": ("beta", "0.75"), "k": ("kappa", "1")}
NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
LARGEST_SIZE = 1_000_000
INPUT = "input"
# How alike an unknown option and a known one must be to be a typo: Darknet ignores those that it does not know.
NEAR = 0.8


class Option(Record):
    """The value of an option, and its place."""

    text: str
    span: Span


class Section(Record):
    """A section with its options; `asked` are those that its reader asked for."""

    kind: str
    options: dict[str, Option]
    span: Span
    asked: set[str]

    def find(self, key: str) -> Option | None:
        self.asked.add(key)
        return self.options.get(key)

    def number(self, key: str, default: int, least: int = 0, most: int = LARGEST_SIZE) -> int:
        """A whole number. Raises SpecError for anything else."""
        option = self.find(key)
        if option is None:
            return default
        if NUMBER.fullmatch(option.text) and least <= int(option.text) <= most:
            return int(option.text)
        message = f"{key} takes a whole number from {least} to {most:,}, not {quoted(option.text)}"
        raise SpecError([Problem(option.span, message)])

    def numbers(self, key: str) -> tuple[int, ...]:
        """The whole numbers of a list. Raises SpecError if it is missing or has other values."""
        option = self.find(key)
        parts = [part for part in option.text.split(",") if part] if option else []
        limits.spend(len(parts), "the list of sections")
        if not parts or not all(NUMBER.fullmatch(part) for part in parts):
            span = option.span if option else self.span
            raise SpecError([Problem(span, f"{self.kind} needs {key}: whole numbers, separated by commas")])
        return tuple(map(int, parts))

    def word(self, key: str, default: str) -> str:
        option = self.find(key)
        return option.text if option else default

    def real(self, key: str, default: str) -> str:
        """A number as expressions write it. Raises SpecError for anything else."""
        option = self.find(key)
        return real(option.text, option.span, key) if option else default

    def has(self, key: str) -> bool:
        """Whether an option is set to another number than 0."""
        return bool(self.number(key, 0, -LARGEST_SIZE))

    def refuse(self, message: str, hint: str = "") -> SpecError:
        return SpecError([Problem(self.span, message, hint)])

    def refuse_options(self, *keys: str) -> None:
        """Raise SpecError for the first of these options that is set: it would change the layer."""
        for key in keys:
            if self.has(key):
                raise SpecError([Problem(self.options[key].span, f"{key} of [{self.kind}] is not supported")])

    def check_options(self) -> None:
        """Raise SpecError for an option that is almost one that its reader asked for in vain."""
        missing = self.asked - self.options.keys()
        for key, option in self.options.items():
            if key not in self.asked and (hint := did_you_mean(key, missing, cutoff=NEAR)):
                raise SpecError([Problem(option.span, f"[{self.kind}] has no option {quoted(key)}", hint)])


def read(text: str, file: str, sizes: Sizes) -> Graph:
    """The graph of a configuration. Raises SpecError with every section that cannot be read."""
    sections = list(_sections(text, file))
    start = Span(file, 1, 1)
    if not sections or sections[0].kind != "net":
        message = "a Darknet configuration must begin with [net] and the size of the input"
        raise SpecError([Problem(sections[0].span if sections else start, message)])
    return _Reader(sections[0], sizes).read(sections[1:], start)


def _sections(text: str, file: str) -> Iterator[Section]:
    """The sections of a text, without empty lines and comments."""
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
            section = Section(SHORT_NAMES.get(kind, kind), {}, span, set())
            continue
        key, equals, value = line.partition("=")
        if not equals or section is None:
            message = f"expected a section such as [convolutional], or option=value, not {quoted(line)}"
            raise SpecError([Problem(span, message)])
        # Darknet reads the number before a comment.
        words = re.split("[#;]", value, maxsplit=1)[0].split()
        section.options.setdefault("".join(key.split()), Option("".join(words), span))
    if section is not None:
        yield section


class _Reader:
    """Reads section by section; `outputs` has the output of each by its number, `made` the layers by their type."""

    def __init__(self, net: Section, sizes: Sizes) -> None:
        shape = tuple(net.number(key, 0) for key in ("channels", "height", "width"))
        if not all(shape):
            shape = (net.number("inputs", 0),)
        if not all(shape):
            raise net.refuse("[net] needs channels, height and width, or inputs")
        net.check_options()
        self.builder = GraphBuilder(sizes)
        self.current = self.builder.add_inputs({INPUT: GraphInput(shape, net.span, "")})[INPUT]
        self.outputs: list[str] = []
        self.made: list[dict[str, str]] = []
        self.results: list[str] = []

    @property
    def shape(self) -> tuple[int, ...]:
        return self.builder.shapes[self.current]

    def read(self, sections: list[Section], start: Span) -> Graph:
        readers: dict[str, Callable[[Section], None]] = {
            "convolutional": self._convolutional,
            "deconvolutional": self._deconvolutional,
            "maxpool": self._maxpool,
            "local_avgpool": self._local_avgpool,
            "avgpool": self._avgpool,
            "connected": self._connected,
            "local": self._local,
            "batchnorm": self._batchnorm,
            "normalization": self._normalization,
            "route": self._route,
            "shortcut": self._shortcut,
            "scale_channels": self._gate,
            "sam": self._gate,
            "upsample": self._upsample,
            "reorg": self._reorg,
            "reorg3d": self._reorg,
            "crop": self._crop,
            "dropout": self._dropout,
            "softmax": self._softmax,
            "logistic": self._logistic,
            "yolo": self._detections,
            "gaussian_yolo": self._detections,
            "region": self._detections,
            "detection": self._detections,
            "activation": self._activate,
            "silence": self._nothing,
            "cost": self._nothing,
            "contrastive": self._nothing,
        }
        problems = limits.Problems()
        for section in sections:
            reader = readers.get(section.kind)
            self.made.append({})
            if reader is None:
                problems.append(_unknown(section, list(readers)))
            elif not problems:
                try:
                    reader(section)
                    section.check_options()
                except SpecError as error:
                    problems.extend(error.problems)
            self.outputs.append(self.current)
        if problems:
            raise SpecError(problems)
        return self.builder.finish("", "a Darknet configuration", start, (*self.results, self.current))

    def _add(self, section: Section, kind: str, inputs: tuple[str, ...] = (), **settings: Plain) -> None:
        self._append(section, kind, settings, inputs)

    def _append(
        self,
        section: Section,
        kind: str,
        settings: Mapping[str, Plain],
        inputs: tuple[str, ...] = (),
        weights_from: str = "",
    ) -> None:
        """Append a layer, named after its type and its section's number, which reads the current output by default."""
        name = f"{kind}_{len(self.outputs)}"
        layer = GraphLayer(name, kind, settings, inputs or (self.current,), section.span, weights_from)
        self.current = self.builder.add(layer)
        self.made[-1][kind] = self.current

    def _activate(self, section: Section, default: str = "linear") -> None:
        name = section.word("activation", default)
        if name == "linear":
            return
        if name not in ACTIVATIONS:
            option = section.find("activation")
            hint = did_you_mean(name, ACTIVATIONS)
            message = f"the activation {quoted(name)} is not supported"
            raise SpecError([Problem(option.span if option else section.span, message, hint)])
        kind, settings = ACTIVATIONS[name]
        self._append(section, kind, settings)

    # --- layers with windows and weights ---

    def _map(self, section: Section) -> tuple[int, ...]:
        """The shape of the current output as Darknet has all: as channels, height and width."""
        if len(self.shape) == 1:
            self._add(section, "reshape", (), shape=(*self.shape, 1, 1))
        return self.shape

    def _convolutional(self, section: Section) -> None:
        self._map(section)
        section.refuse_options("antialiasing")
        kernel = section.number("size", 1, 1)
        strides = _strides(section)
        # Darknet dilates the padding too (src/convolutional_layer.c, im2col_cpu_ext).
        dilation = section.number("dilation", 1, 1) if kernel > 1 else 1
        padding = _padding(section, kernel) * dilation
        groups = section.number("groups", 1, 1)
        settings: dict[str, Plain] = {"filters": section.number("filters", 1, 1), "kernel": kernel}
        if strides != (1, 1):
            settings["stride"] = strides[0] if strides[0] == strides[1] else strides
        further = (("padding", padding, 0), ("dilation", dilation, 1), ("groups", groups, 1))
        settings |= {key: value for key, value, default in further if value != default}
        self._weighted(section, "conv", settings, self._shared(section))

    def _deconvolutional(self, section: Section) -> None:
        self._map(section)
        kernel = section.number("size", 1, 1)
        settings: dict[str, Plain] = {"filters": section.number("filters", 1, 1), "kernel": kernel}
        settings |= {"stride": section.number("stride", 1, 1), "padding": _padding(section, kernel)}
        self._weighted(section, "conv_transpose", settings)

    def _connected(self, section: Section) -> None:
        self._flatten(section)
        self._weighted(section, "linear", {"features": section.number("output", 1, 1)})

    def _weighted(
        self, section: Section, kind: str, settings: Mapping[str, Plain], shared: Mapping[str, str] | None = None
    ) -> None:
        """Append a layer with weights, and its normalization and activation; `shared` are layers to share weights of.

        The biases of a normalized layer are those of its normalization.
        """
        owners = shared or {}
        normalizes = section.has("batch_normalize") or section.has("cbn")
        bias: dict[str, Plain] = {"bias": False} if normalizes else {}
        self._append(section, kind, {**settings, **bias}, (), owners.get(kind, ""))
        if normalizes:
            self._append(section, "batch_norm", {}, (), owners.get("batch_norm", ""))
        self.made[-1].update(owners)
        self._activate(section, "logistic")

    def _shared(self, section: Section) -> Mapping[str, str]:
        """The layers of the section that a convolution shares its weights with."""
        if section.find("share_index") is None:
            return {}
        number = section.number("share_index", 0, -LARGEST_SIZE)
        made = self.made[self._place(section, "share_index", number)]
        if "conv" not in made:
            message = f"share_index {number} is not a convolutional section"
            raise SpecError([Problem(section.options["share_index"].span, message)])
        return made

    def _local(self, section: Section) -> None:
        self._map(section)
        kernel = section.number("size", 1, 1)
        # With padding, there is a window at every `stride`-th position (src/local_layer.c).
        before, after = (half(kernel - 1), half(kernel)) if section.has("pad") else (0, 0)
        settings: dict[str, Plain] = {"filters": section.number("filters", 1, 1), "kernel": kernel}
        settings |= {"stride": section.number("stride", 1, 1), "padding": _sides(before, after)}
        self._append(section, "local_conv", settings)
        self._activate(section, "logistic")

    def _maxpool(self, section: Section) -> None:
        channels, height, width = self._map(section)
        section.refuse_options("antialiasing", "maxpool_zero_nonmax")
        if not section.has("maxpool_depth"):
            self._pool(section, "max_pool")
            return
        # The maximum of every `out_channels`-th channel (src/maxpool_layer.c).
        left = section.number("out_channels", 1, 1)
        if channels % left:
            raise section.refuse(f"maxpool_depth cannot divide {channels} channels into {left} equal sets")
        self._add(section, "reshape", (), shape=(quotient(channels, left), left, height, width))
        self._add(section, "reduce", (), op="max", axes=0)

    def _local_avgpool(self, section: Section) -> None:
        self._map(section)
        self._pool(section, "avg_pool", count_include_pad=False)

    def _pool(self, section: Section, kind: str, **further: Plain) -> None:
        strides = _strides(section)
        kernel = section.number("size", section.number("stride", 1, 1), 1)
        padding = section.number("padding", kernel - 1)
        settings: dict[str, Plain] = {"kernel": kernel, "stride": strides[0] if len(set(strides)) == 1 else strides}
        if padding:
            # Half of the padding, rounded down, is before the map, and the rest after it.
            settings |= {"padding": _sides(half(padding), padding - half(padding)), **further}
        self._append(section, kind, settings)

    def _avgpool(self, section: Section) -> None:
        self._map(section)
        self._add(section, "global_avg_pool", (), keep_dims=True)

    def _batchnorm(self, section: Section) -> None:
        self._add(section, "batch_norm")

    def _normalization(self, section: Section) -> None:
        settings: dict[str, Plain] = {key: section.real(*given) for key, given in LRN.items()}
        self._append(section, "lrn", {"size": section.number("size", 5, 1), **settings})

    # --- earlier sections ---

    def _place(self, section: Section, key: str, number: int) -> int:
        """The number of an earlier section, which is counted back from this one if it is negative."""
        place = number if number >= 0 else len(self.outputs) + number
        if 0 <= place < len(self.outputs):
            return place
        message = f"{key} {number} is not an earlier section: this is section {len(self.outputs)}, counted from 0"
        raise SpecError([Problem(section.options[key].span, message)])

    def _sources(self, section: Section, key: str) -> list[str]:
        """The outputs of the earlier sections that an option lists."""
        return [self.outputs[self._place(section, key, number)] for number in section.numbers(key)]

    def _route(self, section: Section) -> None:
        sources = self._sources(section, "layers")
        groups = section.number("groups", 1, 1)
        group = section.number("group_id", 0, 0, groups - 1)
        if groups > 1:
            sources = [self._part(section, source, groups, group) for source in sources]
        shapes = [self.builder.shapes[source] for source in sources]
        if len({shape[1:] for shape in shapes}) > 1:
            shown = " and ".join(map(times, shapes))
            raise section.refuse(f"route needs maps of equal height and width, got {shown}")
        if len(sources) == 1:
            self.current = sources[0]
        else:
            self._add(section, "concat", tuple(sources))

    def _part(self, section: Section, source: str, groups: int, group: int) -> str:
        channels = self.builder.shapes[source][0]
        if channels % groups:
            raise section.refuse(f"{channels} channels cannot be split into {groups} groups")
        part = quotient(channels, groups)
        self._add(section, "slice", (source,), start=part * group, stop=part * (group + 1))
        return self.current

    def _shortcut(self, section: Section) -> None:
        """A sum, of which each term may have a learned factor, for all channels or for each.

        The factors may be normalized, which happens once and not at each position (src/blas.c of AlexeyAB,
        shortcut_multilayer_cpu).
        """
        own = self.current
        terms = [own, *(self._fit(section, source, own) for source in self._sources(section, "from"))]
        kind = section.word("weights_type", "none")
        if kind not in WEIGHTS:
            raise section.refuse(f"weights_type takes {', '.join(WEIGHTS)}, not {quoted(kind)}")
        section.asked.add("weights_normalization")
        if (settings := WEIGHTS[kind]) is not None:
            terms = [self._weigh(section, term, settings) for term in terms]
        self._add(section, "add", tuple(terms))
        self._activate(section)

    def _weigh(self, section: Section, term: str, settings: Mapping[str, Plain]) -> str:
        self._append(section, "scale", settings, (term,))
        return self.current

    def _fit(self, section: Section, source: str, own: str) -> str:
        """An output at the size of another, as Darknet adds them (src/blas.c, shortcut_cpu).

        Of the larger map every n-th position takes part, as far as both reach, and the channels that both have.
        """
        shape, target = self.builder.shapes[source], self.builder.shapes[own]
        if shape == target:
            return source
        if len(shape) != len(target):
            raise section.refuse(f"shortcut needs two maps or two vectors, got {times(target)} and {times(shape)}")
        self.current = source
        if shape[1:] != target[1:]:
            self._resample(section, target)
        missing = target[0] - shape[0]
        if missing > 0:
            self._add(section, "pad", (), channels=(0, missing))
        elif missing < 0:
            self._add(section, "slice", (), stop=target[0])
        return self.current

    def _resample(self, section: Section, target: tuple[int, ...]) -> None:
        """Bring the current map to the height and width of a target."""
        channels, *size = self.shape
        down = {one // other for one, other in zip(size, target[1:], strict=True)}
        up = {other // one for one, other in zip(size, target[1:], strict=True)}
        if len(down) > 1 or len(up) > 1:
            shown = f"{times(target)} and {times(self.shape)}"
            raise section.refuse(f"shortcut needs heights and widths of the same ratio, got {shown}")
        if (step := max(down)) > 1:
            self._add(section, "subsample", (), kernel=1, stride=step)
        if (step := max(up)) > 1:
            height, width = size
            # Zeros behind each number, and then behind each row.
            self._add(section, "reshape", (), shape=(channels, height * width, 1))
            self._add(section, "pad", (), padding=(0, 0, 0, step - 1))
            self._add(section, "reshape", (), shape=(channels, height, width * step))
            self._add(section, "pad", (), padding=(0, 0, 0, (step - 1) * width * step))
            self._add(section, "reshape", (), shape=(channels, height * step, width * step))
        missing = [after - before for before, after in zip(self.shape[1:], target[1:], strict=True)]
        if min(missing) < 0:
            self._add(section, "crop", (), amount=(0, -missing[0], 0, -missing[1]))
        elif max(missing) > 0:
            self._add(section, "pad", (), padding=(0, missing[0], 0, missing[1]))

    def _gate(self, section: Section) -> None:
        """A product: of a map and one number for each channel or position, or of two maps."""
        source = self._sources(section, "from")[0]
        section.asked.add("scale_wh")
        shape, gate = self.builder.shapes[source], self.shape
        if any(one not in (1, other) for one, other in zip(gate, shape, strict=False)) or len(gate) != len(shape):
            raise section.refuse(f"{section.kind} cannot multiply {times(shape)} by {times(gate)}")
        self._add(section, "multiply", (source, self.current))
        self._activate(section)

    # --- layers without weights ---

    def _flatten(self, section: Section) -> None:
        if len(self.shape) > 1:
            self._add(section, "flatten")

    def _upsample(self, section: Section) -> None:
        self._map(section)
        scale = section.real("scale", "1")
        self._add(section, "upsample", (), factor=section.number("stride", 2, 1))
        if scale != "1":
            self._add(section, "apply", (), function=affine(scale, "0"))

    def _reorg(self, section: Section) -> None:
        if extra := section.number("extra", 0):
            # Zeros behind all numbers of the map (src/reorg_layer.c).
            self._flatten(section)
            self._add(section, "pad", (), channels=(0, extra))
            return
        self._map(section)
        section.refuse_options("flatten")
        kind = "pixel_shuffle" if section.has("reverse") else "pixel_unshuffle"
        self._add(section, kind, (), factor=section.number("stride", 1, 1))

    def _crop(self, section: Section) -> None:
        _, height, width = self._map(section)
        rows, columns = section.number("crop_height", 1, 1, height), section.number("crop_width", 1, 1, width)
        top, left = half(height - rows), half(width - columns)
        self._add(section, "crop", (), amount=(top, height - rows - top, left, width - columns - left))

    def _dropout(self, section: Section) -> None:
        self._add(section, "dropout", (), rate=section.real("probability", "0.5"))

    def _softmax(self, section: Section) -> None:
        if not section.has("spatial"):
            self._flatten(section)
        self._add(section, "softmax")

    def _logistic(self, section: Section) -> None:
        self._add(section, "sigmoid")

    def _detections(self, section: Section) -> None:
        """An output of the network; its loss and its decoding of boxes are not parts of the network."""
        self.results.append(self.current)

    def _nothing(self, section: Section) -> None:
        """A loss, or a section that passes on what it reads."""


def _strides(section: Section) -> tuple[int, int]:
    stride = section.number("stride", 1, 1)
    return section.number("stride_y", stride, 1), section.number("stride_x", stride, 1)


def _padding(section: Section, kernel: int) -> int:
    padding = section.number("padding", 0)
    return half(kernel) if section.has("pad") else padding


def _sides(before: int, after: int) -> Plain:
    return before if before == after else (before, after) * 2


def _unknown(section: Section, known: list[str]) -> Problem:
    if section.kind in RECURRENT:
        return Problem(section.span, f"[{section.kind}] is recurrent, and only feed-forward networks are supported")
    return Problem(section.span, f"{quoted(f'[{section.kind}]')} is not supported", did_you_mean(section.kind, known))
