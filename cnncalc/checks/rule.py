"""The contract of rules, which every file in rules/ fulfills.

A rule is a module. Its docstring is its page: a first line that describes the finding, then, under the
headings of HEADINGS, why it matters, a spec that triggers it, a better spec, when to leave it, and the
source. `CODE`, `NAME` (the file's name) and `SEVERITY` identify and weigh it, and `check(subject)` yields
its findings. The linter adds code and severity, drops findings that comments silence, and merges the
findings of one line.

A rule asks for the role of a layer (`Role`) and its methods, never for the name of its type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from cnncalc.analyses.totals import Totals, totals
from cnncalc.checks.finding import Severity
from cnncalc.errors import RuleError, Span, listed
from cnncalc.layers.contract import Matrices, Role
from cnncalc.layers.shapes import SlidingWindow
from cnncalc.network.records import Layer, LayerGraph, figures_of
from cnncalc.record import Record
from cnncalc.spec.records import Spec

if TYPE_CHECKING:
    from cnncalc.analyses.receptive_field import Field, Fields

HEADINGS = ("Why it matters", "What triggers it", "What is better", "When to leave it", "Source")
# Rules with these codes run last: they check the comments that silence the other rules.
ABOUT_COMMENTS = "CNN09"

WEIGHTED = frozenset({Role.CONVOLUTION, Role.LINEAR})
POOLS = frozenset({Role.MAX_POOL, Role.AVERAGE_POOL})
SLIDING = frozenset({Role.CONVOLUTION, Role.MAX_POOL, Role.AVERAGE_POOL})
NORMS = frozenset({Role.BATCH_NORM, Role.CHANNEL_NORM, Role.NORMALIZATION})
# Roles that normalize, activate or drop elements, and leave each in its channel and position.
KEEPS_MAP = NORMS | {Role.ACTIVATION, Role.SCALING, Role.DROPOUT}


class Found(Record):
    """What a rule found: a place (None without a line), a layer, a message and a hint.

    Several on one line become one finding, with the numbers of the one with the largest `weight`.
    """

    span: Span | None
    layer: str
    message: str
    hint: str = ""
    weight: int = 0


class Rule(Record):
    """A rule as declared by its module; `page` is its docstring."""

    code: str
    name: str
    severity: Severity
    page: str
    check: Callable[[Subject], Iterator[Found]]


class Comment(Record):
    """A comment that silences rules on its line or in the whole file.

    `words` are the rules in it, as written and with their codes (None if unknown); no words mean all rules.
    `used` are the codes that it silenced. `misplaced` is true for a comment for the whole file that is not at
    its beginning.
    """

    span: Span
    words: tuple[tuple[str, tuple[str, ...] | None], ...]
    whole_file: bool
    misplaced: bool = False
    used: frozenset[str] = frozenset()


class Subject:
    """The subject of rules: a spec, its network, and analyses that are computed on demand.

    `batch` is the batch size in training, if given. `asked` are the codes of the selected rules;
    `comments` are those of the spec's own file, empty until all other rules have run.
    """

    def __init__(self, spec: Spec, network: LayerGraph, batch: int | None = None) -> None:
        self.spec = spec
        self.network = network
        self.batch = batch
        self.asked: frozenset[str] = frozenset()
        self.comments: tuple[Comment, ...] = ()
        self._fields_of: dict[tuple[int, tuple[int, ...]], dict[str, Field | None]] = {}
        self._before: dict[AbstractSet[Role], dict[str, Layer | None]] = {}

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, each after its inputs."""
        return self.network.layers

    @cached_property
    def by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def readers(self) -> dict[str, list[Layer]]:
        """The readers of each layer and each input, each once."""
        readers: dict[str, list[Layer]] = {name: [] for name, _ in self.network.inputs}
        for layer in self.layers:
            readers[layer.name] = []
            for name in dict.fromkeys(layer.inputs):
                readers[name].append(layer)
        return readers

    @cached_property
    def outputs(self) -> frozenset[str]:
        """The names of the network's outputs."""
        return frozenset(self.network.outputs)

    @cached_property
    def gives_map(self) -> bool:
        """Whether an output has several positions."""
        shapes = dict(self.network.inputs)
        return any(
            (self.by_name[name].output_shape if name in self.by_name else shapes[name]).positions > 1
            for name in self.outputs
        )

    @cached_property
    def spans_of_groups(self) -> dict[str, Span]:
        """The place of each block, branch and repeat, by its full name."""
        return {group.name: group.span for group in reversed(self.network.groups)}

    @cached_property
    def totals(self) -> Totals:
        return totals(self.network)

    @cached_property
    def fields(self) -> Fields:
        """The receptive fields, without gates."""
        from cnncalc.analyses.receptive_field import fields

        return fields(self.network)

    @cached_property
    def on_the_way(self) -> set[str]:
        """The layers from which a path without gates leads to an output."""
        from cnncalc.analyses.receptive_field import on_the_way

        return on_the_way(self.network, self.fields.gates)

    def field_of(self, layer: Layer) -> dict[str, Field | None]:
        """A layer's field on each input of the network that it depends on."""
        # Layers that do not change the field share its record.
        key = (id(self.fields.strands[layer.name]), layer.output_shape.spatial)
        if key not in self._fields_of:
            self._fields_of[key] = self.fields.of(layer.name)
        return self._fields_of[key]

    def source(self, layer: Layer) -> Layer | None:
        """The layer that a layer reads; None if it reads several, or an input of the network."""
        return self.by_name.get(layer.inputs[0]) if len(layer.inputs) == 1 else None

    def before(self, layer: Layer, through: AbstractSet[Role]) -> Layer | None:
        """The layer that a layer reads, skipping layers of certain roles; None if there is none."""
        # Computed for all layers at once: many may read the end of one long chain.
        if through not in self._before:
            found = self._before[through] = {}
            for each in self.layers:
                source = self.source(each)
                passed = source is not None and source.figures.type.role in through
                found[each.name] = found[source.name] if source is not None and passed else source
        return self._before[through][layer.name]

    def first_behind(self, wanted: Callable[[Layer], bool], through: AbstractSet[Role]) -> dict[str, Layer]:
        """For each layer, the first wanted layer after it, with only layers of certain roles between."""
        found: dict[str, Layer] = {}
        for layer in reversed(self.layers):
            for reader in self.readers[layer.name]:
                behind = found.get(reader.name) if reader.figures.type.role in through else None
                if wanted(reader) or behind is not None:
                    found[layer.name] = reader if wanted(reader) or behind is None else behind
                    break
        return found

    def only_readers(self, layer: Layer) -> list[Layer]:
        """The readers of a layer; empty if its output is also an output of the network."""
        return [] if layer.name in self.outputs else self.readers[layer.name]

    def of_role(self, *roles: Role) -> Iterator[Layer]:
        """The layers of certain roles."""
        return (layer for layer in self.layers if layer.figures.type.role in roles)


def uses_batch_statistics(layer: Layer) -> bool:
    """Whether a layer is a batch norm that uses the statistics of the batch in training; a frozen one keeps its own."""
    return layer.figures.type.role is Role.BATCH_NORM and not layer.frozen


def place(layer: Layer, *settings: str) -> Span:
    """The place of the first of some settings that is written, else of the layer."""
    written = (layer.written[setting].span for setting in settings if setting in layer.written)
    return next(written, layer.span)


def located(span: Span) -> Span | None:
    """A place in a file; None for values from options."""
    return span if span.line or span.node else None


def number(value: int) -> str:
    """A number in a message: 25,557,032."""
    return f"{value:,}"


def percent(part: int, whole: int) -> str:
    """A share in a message, in percent with one decimal, rounded half up: 74.3 %."""
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10} %"


def some(names: Iterable[str], most: int = 4) -> str:
    """Names in a message: the first few, and the number of others."""
    every = list(names)
    if len(every) <= most + 1:
        return listed(every)
    return f"{', '.join(every[:most])} and {len(every) - most:,} more"


def variant(layer: Layer, **settings: object) -> Layer | None:
    """A layer with other settings, as far as its type has them; None if they do not fit its input."""
    known = {key: value for key, value in settings.items() if key in layer.settings}
    try:
        changed = type(layer.figures.type)(**{**layer.settings, **known})
        return layer._replace(figures=figures_of(changed, layer.input_shapes))
    except RuleError:
        return None


def is_dense(layer: Layer) -> bool:
    """Whether a layer is a convolution whose filters read all channels."""
    matrices = matrices_of(layer)
    if matrices is None or matrices.products > 1 or matrices.spread:
        return False
    inner = layer.input_shapes[0].channels * prod(kernel_of(layer))
    # If filters read only some channels, the layer has fewer weights than the matrix has elements.
    return layer.weights[0].size == matrices.rows * inner


def matrices_of(layer: Layer) -> Matrices | None:
    """The matrix products of a convolution; None for any other layer."""
    return layer.figures.type.matrices(layer.input_shapes, layer.output_shape)


def sliding_of(layer: Layer) -> tuple[SlidingWindow, ...]:
    """The windows of a layer that slides a kernel over its input; empty for other layers."""
    if layer.figures.type.role not in SLIDING:
        return ()
    windows = layer.figures.type.windows(layer.input_shapes)
    sliding = tuple(window for window in windows if type(window) is SlidingWindow)
    return sliding if len(sliding) == len(windows) else ()


def kernel_of(layer: Layer) -> tuple[int, ...]:
    """The kernel size along each axis; empty for layers without a sliding kernel."""
    return tuple(window.kernel for window in sliding_of(layer))
