"""The figures of the designs of a sweep, one after the other.

A spec is read and decoded once. A design that cannot be built has the reason instead of figures.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TypeAlias, TypeVar, cast

from cnncalc import surface
from cnncalc.analyses.compare import Resized, largest_field
from cnncalc.analyses.measures import Measures, Unmeasurable
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, listed, quoted
from cnncalc.layers.shapes import Shape, times
from cnncalc.network.build import variables_of
from cnncalc.record import Record
from cnncalc.spec.decode import decode
from cnncalc.spec.locate import Place, chain_of, locate
from cnncalc.spec.quantities import QUANTITIES, SUMS
from cnncalc.spec.records import Spec
from cnncalc.spec.templates import INTEGER, Constant, Template, names_used_in
from cnncalc.sweeps.space import Space, SweepAxis
from cnncalc.sweeps.stages import BuiltDesign, StagedBuilder
from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import ExpressionError, Value

INPUT = "input"
# Axes whose values are specs instead of values of a variable.
SPECS = ("spec", "network")
FIELD = "field"
FIELD_DOC = "receptive field of the last feature map before a layer reads everything, along its largest axis"
COLUMNS = (*QUANTITIES, FIELD)
DEFAULT_COLUMNS = ("params", "macs", "activations", "depth")
# The quantities that are numbers.
NUMBERS = tuple(key for key in COLUMNS if key == FIELD or not QUANTITIES[key].is_shape)
# Values with their templates, and decoded specs, that are kept.
MOST_TEMPLATES = 10_000
MOST_SPECS = 16
MOST_CHECKED = 1_000

Key = TypeVar("Key")
Kept = TypeVar("Kept")
Figure: TypeAlias = "int | str | None"
Setting: TypeAlias = tuple[str, str]


class Study(Record):
    """The designs of a sweep and the quantities to compute, for a batch and the bytes of an element.

    `specs` are the places of specs by their references; `settings` and `inputs` are the same for all designs.
    """

    specs: tuple[tuple[str, Place], ...]
    space: Space
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    settings: tuple[Setting, ...] = ()
    inputs: tuple[Setting, ...] = ()
    batch: int = 1
    dtype_size: int = 4


class Design(Record):
    """A design: its number, the values of the axes as texts, and its figures in the order of the columns.

    If it cannot be built, it has a `reason` and no figures.
    """

    number: int
    values: tuple[str, ...]
    figures: tuple[Figure, ...] = ()
    reason: str = ""


def locate_specs(references: Iterable[str]) -> tuple[tuple[str, Place], ...]:
    """The places of specs by their references. Raises SpecError with the problems of all."""
    found: dict[str, Place] = {}
    problems: list[Problem] = []
    for reference in dict.fromkeys(references):
        try:
            found[reference] = locate(reference)
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return tuple(found.items())


class DesignSource:
    """One spec of a study, decoded, with the templates of the values that its variables take.

    Raises SpecError if it cannot be read.
    """

    def __init__(self, place: Place, study: Study) -> None:
        self.documents = chain_of(place, study.inputs)
        self.study = study
        self.spec = decode(self.documents, study.settings, study.inputs)
        self.templates: OrderedDict[Setting, tuple[Template | None, tuple[Problem, ...]]] = OrderedDict()
        self.shapes: OrderedDict[str, tuple[tuple[tuple[str, Template], ...], tuple[Problem, ...]]] = OrderedDict()
        changing = [axis.name for axis in study.space.axes if axis.name in self.spec.variables]
        self.builder = StagedBuilder(self.spec, changing)

    def build(self, settings: Sequence[Setting], size: str) -> BuiltDesign:
        """The network for some values of variables and of the input, empty for its own. Raises SpecError."""
        spec = self.spec
        problems = list(spec.problems)
        variables = dict(spec.variables)
        for name, text in settings:
            template, found = self.template(name, text)
            problems += found
            if template is not None:
                variables[name] = template
        inputs = spec.inputs
        if size:
            inputs, found = self.input(size)
            problems += found
        return self.builder.build(spec._replace(inputs=inputs, variables=variables, problems=tuple(problems)))

    def template(self, name: str, text: str) -> tuple[Template | None, tuple[Problem, ...]]:
        """The template of a variable's value, and the problems of the value."""
        if name in self.spec.variables and INTEGER.match(text):
            return Constant(int(text), Span(surface.variable(name, text), 0, 1)), ()
        key = name, text
        if key not in self.templates:
            given = [one for one in self.study.settings if one[0] != name]
            decoded = decode(self.documents, [*given, key], self.study.inputs)
            found = decoded.variables.get(name), self._further(decoded)
            _remember(self.templates, key, found)
        return self.templates[key]

    def input(self, text: str) -> tuple[tuple[tuple[str, Template], ...], tuple[Problem, ...]]:
        """The templates of the inputs for one shape, or a size for all of their axes, and the problems of it."""
        if text not in self.shapes:
            shape = self._with_size(int(text)) if text.isdecimal() else text
            if shape:
                decoded = decode(self.documents, self.study.settings, [("", shape)])
                found = decoded.inputs, self._further(decoded)
            else:
                resized = [(name, cast("Template", Resized(own, int(text)))) for name, own in self.spec.inputs]
                found = tuple(resized), ()
            _remember(self.shapes, text, found)
        return self.shapes[text]

    def _with_size(self, size: int) -> str:
        """The shape of the input with all axes of one size; empty if its channels change, or there are several."""
        if len(self.spec.inputs) != 1:
            return ""
        template = self.spec.inputs[0][1]
        if not self.builder.changing.isdisjoint(names_used_in(template)):
            return ""
        value = template.evaluate(variables_of(self.spec, []))
        if not isinstance(value, tuple) or not value:
            return ""
        return times((cast("int", value[0]), *[size] * (len(value) - 1)))

    def _further(self, decoded: Spec) -> tuple[Problem, ...]:
        """The problems of a spec that this one does not have."""
        known = set(self.spec.problems)
        return tuple(problem for problem in decoded.problems if problem not in known)


def _remember(cache: OrderedDict[Key, Kept], key: Key, value: Kept) -> None:
    cache[key] = value
    if len(cache) > MOST_TEMPLATES:
        cache.popitem(last=False)


class Sweep:
    """The designs of a study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.places = dict(study.specs)
        self.sources: OrderedDict[str, DesignSource] = OrderedDict()
        names = [axis.name for axis in study.space.axes]
        self.of_spec = next((place for place, name in enumerate(names) if name in SPECS), None)
        self.of_input = names.index(INPUT) if INPUT in names else None
        self.varied = [(place, name) for place, name in enumerate(names) if name not in (*SPECS, INPUT)]
        self.figures = [_figure(key, study) for key in study.columns]

    def check(self) -> None:
        """Raise SpecError for problems of all specs, variables that none of them has, and values that none can use.

        Of many specs the first ones are examined.
        """
        sources: list[DesignSource] = []
        problems: list[Problem] = []
        for reference in list(self.places)[:MOST_SPECS]:
            try:
                source = self.source(reference)
            except SpecError as error:
                problems += error.problems
            else:
                problems += source.spec.problems
                if not source.spec.problems:
                    sources.append(source)
        if not sources:
            raise SpecError(problems)
        variables = dict.fromkeys(name for source in sources for name in source.spec.variables)
        problems = []
        for axis in self.study.space.axes:
            if axis.name in SPECS:
                continue
            if axis.name != INPUT and axis.name not in variables:
                known = f"the variables are {listed(variables)}" if variables else "it has no variables"
                none = "no spec has a variable" if len(sources) > 1 else "the spec has no variable"
                hint = did_you_mean(axis.name, (*variables, INPUT), known)
                problems.append(Problem(None, f"{varying(axis.name)}: {none} {quoted(axis.name)}", hint))
            else:
                problems += _check_values(axis, sources)
        if problems:
            raise SpecError(dict.fromkeys(problems))

    def source(self, reference: str) -> DesignSource:
        """A spec of the study; those used last are kept."""
        if reference not in self.sources:
            self.sources[reference] = DesignSource(self.places[reference], self.study)
            if len(self.sources) > MOST_SPECS:
                self.sources.popitem(last=False)
        self.sources.move_to_end(reference)
        return self.sources[reference]

    def designs(self, start: int = 0, numbers: Iterable[int] | None = None) -> Iterator[Design]:
        """The designs from the design `start` on, or those of some combinations."""
        for number in self.study.space.numbers(start) if numbers is None else numbers:
            yield self.design(number)

    def design(self, number: int) -> Design:
        """The design of one combination."""
        axes = self.study.space.axes
        values = tuple([axis.texts[place] for axis, place in zip(axes, self.study.space.places(number), strict=True)])
        reference = self.study.specs[0][0] if self.of_spec is None else values[self.of_spec]
        settings = [(name, values[place]) for place, name in self.varied]
        try:
            built = self.source(reference).build(settings, "" if self.of_input is None else values[self.of_input])
        except SpecError as error:
            return Design(number, values, (), str(error.problems[0]))
        measured = MeasuredDesign(built, self.study)
        return Design(number, values, tuple([figure(measured) for figure in self.figures]))


def _check_values(axis: SweepAxis, sources: Sequence[DesignSource]) -> Iterator[Problem]:
    """The problems of listed values that no spec can use."""
    for text in islice(axis.listed, MOST_CHECKED):
        found = []
        for source in sources:
            if axis.name == INPUT:
                found.append(source.input(text)[1])
            elif axis.name in source.spec.variables:
                found.append(source.template(axis.name, text)[1])
        if found and all(found):
            yield Problem(None, f"{varying(axis.name)}: {found[0][0].message}", found[0][0].hint)


def varying(name: str) -> str:
    """A variable of a sweep, as messages call it."""
    return surface.varied(name)


class MeasuredDesign:
    """A built design with its figures, which are computed when they are asked for."""

    def __init__(self, built: BuiltDesign, study: Study) -> None:
        self.built = built
        self.study = study

    @cached_property
    def measures(self) -> Measures:
        return Measures(self.built.network, batch=self.study.batch, dtype_size=self.study.dtype_size)


def _figure(key: str, study: Study) -> Callable[[MeasuredDesign], Figure]:
    """The function that computes a quantity; None where a network does not have it."""
    if key in SUMS:
        quantity, batch, size = QUANTITIES[key], study.batch, study.dtype_size
        return lambda design: quantity.amount(design.built.sums, batch, size)
    if key == "depth":
        return lambda design: design.built.depth
    if key == "layers":
        return lambda design: design.built.layers
    if key == FIELD:
        return lambda design: max(largest_field(design.built.network) or (), default=None)
    if key == INPUT:
        return lambda design: " + ".join([times(shape) for _, shape in design.built.network.inputs])
    if key == "output":
        return lambda design: " + ".join([times(shape) for shape in _outputs(design.built)])

    def measure(design: MeasuredDesign) -> Figure:
        try:
            return cast("int", design.measures.of_network(key))
        except (Unmeasurable, SpecError):
            return None

    return measure


def _outputs(built: BuiltDesign) -> list[Shape]:
    """The shapes of the outputs, which mostly are among the last layers."""
    wanted = dict.fromkeys(built.network.outputs)
    found: dict[str, Shape] = {}
    for layer in reversed(built.network.layers):
        if len(found) == len(wanted):
            break
        if layer.name in wanted:
            found[layer.name] = layer.output_shape
    inputs = dict(built.network.inputs)
    return [found[name] if name in found else inputs[name] for name in wanted]


def value_of(text: str) -> Value:
    """A value of an axis as a number, a truth, a list or a text."""
    if INTEGER.match(text):
        return int(text)
    try:
        parsed = expressions.parse(text)
        return text if parsed.names else parsed.evaluate({})
    except (ExpressionError, SpecError):
        return text
