"""The sections of a Darknet configuration, and the graph that they become: what the readers of sections share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, quoted
from cnncalc.interchange.building import GraphBuilder, GraphInput, Settings, Sizes, real
from cnncalc.interchange.graph import Graph, GraphLayer, Plain
from cnncalc.layers.shapes import times
from cnncalc.record import Record

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
NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
YAML_KEY = re.compile(r"\w+:(\s|$)")
LARGEST_SIZE = 1_000_000
INPUT = "input"
AXES = ("channels", "height", "width")
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


def parse(text: str, file: str) -> Iterator[Section]:
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
            hint = "the name of a spec ends in .yaml" if YAML_KEY.match(line) else ""
            raise SpecError([Problem(span, message, hint)])
        # Darknet reads the number before a comment.
        words = re.split("[#;]", value, maxsplit=1)[0].split()
        section.options.setdefault("".join(key.split()), Option("".join(words), span))
    if section is not None:
        yield section


class DarknetGraph:
    """A network, read section by section.

    `outputs` has the output of each section by its number, and `made` its layers by their type.
    """

    def __init__(self, net: Section, sizes: Sizes) -> None:
        shape = tuple(net.number(key, 0) for key in AXES)
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

    def read(self, sections: list[Section], readers: Mapping[str, SectionReader], start: Span) -> Graph:
        """The graph. Raises SpecError with every section that cannot be read."""
        problems = limits.Problems()
        for section in sections:
            reader = readers.get(section.kind)
            self.made.append({})
            if reader is None:
                problems.append(_unknown(section, readers))
            elif not problems:
                try:
                    reader(self, section)
                    section.check_options()
                except SpecError as error:
                    problems.extend(error.problems)
            self.outputs.append(self.current)
        if problems:
            raise SpecError(problems)
        return self.builder.finish("", "a Darknet configuration", start, (*self.results, self.current))

    def add(self, section: Section, kind: str, inputs: tuple[str, ...] = (), **settings: Plain) -> None:
        self.append(section, kind, settings, inputs)

    def append(
        self,
        section: Section,
        kind: str,
        settings: Settings,
        inputs: tuple[str, ...] = (),
        weights_from: str = "",
    ) -> None:
        """Append a layer, named after its type and its section's number, which reads the current output by default."""
        name = f"{kind}_{len(self.outputs)}"
        layer = GraphLayer(name, kind, settings, inputs or (self.current,), section.span, weights_from)
        self.current = self.builder.add(layer)
        self.made[-1][kind] = self.current

    def as_map(self, section: Section) -> tuple[int, ...]:
        """The shape of the current output as Darknet has all: as channels, height and width."""
        if len(self.shape) == 1:
            self.add(section, "reshape", (), shape=(*self.shape, 1, 1))
        if len(self.shape) != len(AXES):
            raise section.refuse(f"[{section.kind}] needs {', '.join(AXES)}, and reads {times(self.shape)}")
        return self.shape

    def place(self, section: Section, key: str, number: int) -> int:
        """The number of an earlier section, which is counted back from this one if it is negative."""
        place = number if number >= 0 else len(self.outputs) + number
        if 0 <= place < len(self.outputs):
            return place
        message = f"{key} {number} is not an earlier section: this is section {len(self.outputs)}, counted from 0"
        raise SpecError([Problem(section.options[key].span, message)])

    def sources(self, section: Section, key: str) -> list[str]:
        """The outputs of the earlier sections that an option lists."""
        return [self.outputs[self.place(section, key, number)] for number in section.numbers(key)]

    def flatten(self, section: Section) -> None:
        if len(self.shape) > 1:
            self.add(section, "flatten")


SectionReader: TypeAlias = Callable[[DarknetGraph, Section], None]


def _unknown(section: Section, known: Iterable[str]) -> Problem:
    if section.kind in RECURRENT:
        return Problem(section.span, f"[{section.kind}] is recurrent, and only feed-forward networks are supported")
    return Problem(section.span, f"{quoted(f'[{section.kind}]')} is not supported", did_you_mean(section.kind, known))
