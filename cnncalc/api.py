"""The Python interface: `cnncalc.load` and the network that it returns."""

from __future__ import annotations

import builtins
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import islice
from math import isfinite
from numbers import Rational, Real
from operator import index
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from cnncalc import bundled
from cnncalc.analyses.totals import Totals, stored, totals
from cnncalc.analyses.tree import Figure
from cnncalc.errors import Problem, SpecError, did_you_mean, quoted
from cnncalc.layers.shapes import DTYPES, Shape, times
from cnncalc.network import build
from cnncalc.network.records import Layer, LayerGraph
from cnncalc.record import cut
from cnncalc.reports.summary import SummaryView, summary
from cnncalc.spec.locate import Place
from cnncalc.spec.quantities import counts_of
from cnncalc.text import plain

if TYPE_CHECKING:
    from cnncalc.analyses.compare import Facts
    from cnncalc.analyses.diff import Diff
    from cnncalc.analyses.inference_memory import PeakMemory
    from cnncalc.analyses.receptive_field import Field, Fields
    from cnncalc.analyses.regions import Region
    from cnncalc.analyses.sharing import Sharing
    from cnncalc.analyses.training_memory import TrainingMemory
    from cnncalc.checks.finding import Finding, Outcome
    from cnncalc.formats.table import Table
    from cnncalc.sweeps.designs import Design
    from cnncalc.sweeps.space import SweepAxis
    from cnncalc.sweeps.study import SweepPlan

Reference: TypeAlias = "str | os.PathLike[str]"
# The most sizes of an input that are read, and the deepest nesting of a variable's value.
MOST_SIZES = 100
DEEPEST_VALUE = 30
MOST_BITS = 10_000
# Iterables that are not sequences of sizes.
NO_SIZES = (str, bytes, bytearray, memoryview, Mapping, AbstractSet)
LONGEST_NAME = 60
# The longest number in a message, in bits.
LONGEST_NUMBER = 64


class NetworkReports:
    """A network as text, data and pictures."""

    facts: LayerGraph

    def _repr_html_(self) -> str:
        """The drawing above the table, for notebooks."""
        from cnncalc.formats import html

        try:
            drawing = [self.draw()]
        except SpecError:
            # Too large to be drawn.
            drawing = []
        return "\n".join([*drawing, *html.fragment(self._table())])

    def _table(self) -> Table:
        return summary(self.facts, SummaryView())

    def summary(self, *, depth: int | None = None) -> str:
        """The table of `cnncalc summary` as text; `depth` is the number of block levels, None for automatic.

        >>> import cnncalc
        >>> print(cnncalc.load("lenet5").summary().splitlines()[-1])
        C5 holds 80.2 % of the parameters; C3 does 45.9 % of the MACs
        """
        from cnncalc.formats import terminal

        table = summary(self.facts, SummaryView(depth=_levels(depth)))
        return "\n".join(line.text for line in terminal.layout(table, None))

    def draw(
        self,
        *,
        depth: int | None = None,
        heat: str = "",
        theme: str = "auto",
        direction: str = "down",
        style: str = "boxes",
    ) -> str:
        """The SVG of `cnncalc draw`; `depth` is the number of open block levels, None for automatic.

        `heat` colors the boxes by a quantity such as `macs`. Raises SpecError if the network is too large for a
        drawing, or has branches and `style` is volumes.

        >>> import cnncalc
        >>> cnncalc.load("lenet5").draw(theme="light").count('class="cnncalc-box"')
        15
        """
        from cnncalc.drawing import options, view

        chosen = options.DrawingView(
            _levels(depth),
            _choice(heat, "heat", options.HEATS) if heat else "",
            _choice(theme, "theme", options.THEMES),
            _choice(direction, "direction", options.DIRECTIONS),
            _choice(style, "style", options.STYLES),
        )
        return "\n".join(view.write_svg(self.facts, chosen))

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary per layer, for `pandas.DataFrame`: its name, type, shapes, counts and place.

        >>> import cnncalc
        >>> [row["params"] for row in cnncalc.load("lenet5").to_records() if row["type"] == "conv"]
        [156, 1516, 48120]
        """
        kept = stored(self.facts)
        return [
            {
                "name": layer.name,
                "type": layer.type,
                "inputs": layer.inputs,
                "input_shapes": tuple(map(tuple, layer.input_shapes)),
                "output_shape": tuple(layer.output_shape),
                **counts_of(Figure.of_layer(layer, kept[layer.name])),
                "weights_from": layer.weights_from,
                "training_only": layer.training_only,
                "frozen": layer.frozen,
                "file": layer.span.file,
                "line": layer.span.line or None,
            }
            for layer in self.facts.layers
        ]

    def to_dict(self) -> dict[str, Any]:
        """All figures, as in `cnncalc summary --format json`."""
        from cnncalc.formats import records
        from cnncalc.reports.summary_records import summary_record

        facts: dict[str, Any] = json.loads("\n".join(records.write(summary_record(self.facts))))
        return facts

    def to_markdown(self) -> str:
        """The table of `cnncalc summary --format markdown`."""
        from cnncalc.formats import markdown

        return "\n".join(markdown.write(self._table()))

    def to_yaml(self, *, blocks: bool = False) -> str:
        """The flat spec of `cnncalc show --expand`, or one with blocks and repeats, as `cnncalc import` finds them."""
        from cnncalc.outline import flat
        from cnncalc.reports import imported

        lines = imported.find_blocks(self.facts, None) if blocks else None
        return "\n".join([*(lines or flat.write(self.facts)), ""])


class Network(NetworkReports):
    """A network with its figures. Iterate over its layers, or get one by name or position.

    >>> import cnncalc
    >>> net = cnncalc.load("vgg16")
    >>> net["fc6"].params
    102764544
    >>> net.totals.macs
    15470264320
    >>> [layer.name for layer in net if layer.type == "linear"]
    ['fc6', 'fc7', 'fc8']
    """

    def __init__(self, facts: LayerGraph) -> None:
        if not isinstance(facts, LayerGraph):
            raise TypeError("Network cannot be created directly; use cnncalc.load")
        self.facts = facts

    @property
    def name(self) -> str:
        return self.facts.name

    @property
    def source(self) -> str:
        """The publication of the architecture."""
        return self.facts.source

    @property
    def inputs(self) -> dict[str, Shape]:
        """The shapes of the inputs by name, channels first."""
        return dict(self.facts.inputs)

    @property
    def outputs(self) -> dict[str, Shape]:
        """The shapes of the outputs by the names of their layers."""
        return {name: self.facts.shape_of(name) for name in self.facts.outputs}

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, each after its inputs."""
        return self.facts.layers

    @cached_property
    def totals(self) -> Totals:
        """Parameters, operations, activations and depth of the network."""
        return totals(self.facts)

    @property
    def params(self) -> int:
        """Learnable parameters at inference."""
        return self.totals.params

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one sample at inference."""
        return self.totals.macs

    @property
    def flops(self) -> int:
        """2 x MACs plus all other operations of one sample at inference."""
        return self.totals.flops

    @cached_property
    def sharing(self) -> Sharing:
        """The parameters of the network and of each layer, with and without parameter sharing.

        >>> import cnncalc
        >>> cnncalc.load("lenet5").sharing.total.unshared
        340068
        """
        from cnncalc.analyses.sharing import sharing

        return sharing(self.facts)

    @cached_property
    def _fields(self) -> Fields:
        from cnncalc.analyses.receptive_field import fields

        return fields(self.facts)

    def receptive_field(self, layer: str | Layer, input: str | None = None) -> Field | None:
        """The receptive field of a layer on the network's input, without gates: one record per spatial axis.

        `input` names one of several inputs. The result is None if the layer does not depend on it, or if its
        receptive field is unknown.

        >>> import cnncalc
        >>> height, width = cnncalc.load("vgg16").receptive_field("pool5")
        >>> height.size, height.stride, height.start, height.center
        (212, 32, -90, Fraction(31, 2))
        """
        of_inputs = self._fields.of(self._named(layer))
        if input is None and len(self.inputs) > 1:
            raise TypeError(f"the network has several inputs; name one of {', '.join(self.inputs)}")
        return of_inputs.get(next(iter(self.inputs)) if input is None else self._input(input))

    def reads(self, layer: str | Layer, position: Sequence[int]) -> dict[str, Region]:
        """The positions of each input that one output of a layer reads, found by following its taps, without gates.

        >>> import cnncalc
        >>> cnncalc.load("alexnet").reads("conv1", (2, 3))["input"].boxes
        ((((8, 18),), ((12, 22),)),)
        """
        from cnncalc.analyses.regions import region

        name = self._named(layer)
        spatial = self[name].output_shape.spatial
        place = _whole_numbers(position, "position", "(2, 3)")
        if len(place) != len(spatial) or not all(0 <= at < size for at, size in zip(place, spatial, strict=True)):
            raise IndexError(f"{name} has no position {place}: its output is {times(spatial) or 'a vector'}")
        return region(self.facts, name, place, self._fields.gates)

    def memory(
        self,
        *,
        batch: int = 1,
        dtype: str = "float32",
        weights_dtype: str | None = None,
        best_order: bool = False,
        fold_batch_norm: bool = False,
    ) -> PeakMemory:
        """The memory at inference, as in `cnncalc memory`: its peak, the live tensors, and the arena of a static plan.

        `dtype` is the number type of tensors and, unless `weights_dtype` differs, of weights. `best_order` searches the
        order of the layers with the smallest peak.

        >>> import cnncalc
        >>> memory = cnncalc.load("vgg16").memory(dtype="int8")
        >>> memory.peak, memory.at, memory.alive
        (6422528, 'conv1_2', {'conv1_1': 3211264, 'conv1_2': 3211264})
        """
        from cnncalc.analyses.inference_memory import inference_memory

        element, weight = _dtype(dtype, "dtype"), _dtype(weights_dtype or dtype, "weights_dtype")
        found = inference_memory(self.facts, best=best_order, folds=fold_batch_norm)
        return found.for_batch(_batch(batch), element, weight)

    def training_memory(
        self,
        *,
        dtype: str = "float32",
        optimizer: str = "adam",
        mixed_precision: bool = False,
        checkpoints: Sequence[str] = (),
    ) -> TrainingMemory:
        """The memory of a training step, as in `cnncalc memory --training`; its methods take the batch.

        `checkpoints` are names of blocks, or patterns, whose tensors are computed again in the backward pass. Raises
        SpecError if a layer does not tell what it keeps for the backward pass.

        >>> import cnncalc
        >>> memory = cnncalc.load("vgg16").training_memory(optimizer="sgd")
        >>> memory.amount(32), memory.saved_for_backward(32), memory.fit(24 * 2**30)
        (3451145536, 2344285184, 336)
        """
        return _training_memory(self.facts, dtype, optimizer, checkpoints, mixed=mixed_precision)

    def _named(self, layer: object) -> str:
        """The name of a layer given by name or as one of the network's layers."""
        if isinstance(layer, Layer) and layer in self:
            return layer.name
        if not isinstance(layer, str):
            raise TypeError(f"layer takes the name of a layer of this network, not {_kind(layer)}")
        return self[layer].name

    def _input(self, name: str) -> str:
        if not isinstance(name, str):
            raise TypeError(f"input takes the name of an input, not {_kind(name)}")
        if name not in self.inputs:
            hint = did_you_mean(name, self.inputs)
            raise KeyError(f"no input has the name {quoted(name)}{f'; {hint}' if hint else ''}")
        return name

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, layer: object) -> bool:
        """Whether the network has this layer, or a layer with this name."""
        if isinstance(layer, Layer):
            return self._by_name.get(layer.name) == layer
        return isinstance(layer, str) and layer in self._by_name

    @overload
    def __getitem__(self, key: str | int) -> Layer: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Layer, ...]: ...
    def __getitem__(self, key: str | int | slice) -> Layer | tuple[Layer, ...]:
        """The layer with a name, or at an index from 0 or, negative, from the end; for a slice, several layers."""
        if isinstance(key, slice):
            return self.layers[key]
        if not isinstance(key, str):
            if not hasattr(key, "__index__"):
                raise TypeError(f"a network takes the name or the index of a layer, not {_kind(key)}")
            if not -len(self) <= index(key) < len(self):
                number = index(key) if index(key).bit_length() < LONGEST_NUMBER else "with such an index"
                raise IndexError(f"no layer {number}: the network has {len(self)} layers, from 0")
            return self.layers[index(key)]
        try:
            return self._by_name[key]
        except KeyError:
            hint = did_you_mean(key, self._by_name)
            raise KeyError(f"no layer has the name {quoted(key)}{f'; {hint}' if hint else ''}") from None

    def __eq__(self, other: object) -> bool:
        """Whether the other network has the same contents, read from the same files."""
        return self.facts == other.facts if isinstance(other, Network) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.facts.name, self.facts.inputs, self.facts.layers))

    def __repr__(self) -> str:
        name = cut(plain(self.name), LONGEST_NAME)
        inputs = cut(", ".join(times(shape) for shape in self.inputs.values()), LONGEST_NAME)
        return f"<Network {name}: {len(self)} layers, input {inputs}, {self.totals.params:,} parameters>"

    def explain(self, layer: str | Layer | None = None, *, language: str = "en") -> str:
        """The text of `cnncalc explain`: the calculation of a layer, or the network stage by stage.

        >>> import cnncalc
        >>> print(cnncalc.load("alexnet").explain("conv1").splitlines()[13])
          height and width = ⌊(W − F + 2P) / S⌋ + 1 = ⌊(227 − 11 + 2 × 0) / 4⌋ + 1 = 55
        """
        return _explanation(self.facts, None if layer is None else self._named(layer), language)


def load(
    spec: Reference,
    *,
    variables: Mapping[str, object] | None = None,
    input: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
) -> Network:
    """The network of a spec, given by the path of a file or the name of a bundled network.

    A `pathlib.Path` is always a file. `variables` override those of the spec; `input` overrides the input
    shape, channels first, or is a mapping from names to shapes. Raises SpecError with all problems of the
    spec, and TypeError for arguments of wrong types.

    >>> import cnncalc
    >>> cnncalc.load("resnet50", variables={"classes": 10}).totals.params
    23528522
    """
    return Network(build.load(_reference(spec, "spec"), _settings(variables), _inputs(input)))


def loads(
    text: str,
    *,
    variables: Mapping[str, object] | None = None,
    input: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
) -> Network:
    """The network of a spec's text. Its `extends` is relative to the current folder.

    For the arguments and errors, see `load`.

    >>> import cnncalc
    >>> cnncalc.loads("{input: [3, 32, 32], layers: [conv: [16, 3]]}").totals.params
    448
    """
    if not isinstance(text, str):
        raise TypeError(f"loads takes the text of a spec, not {_kind(text)}")
    return Network(build.load(Place("", "<text>", text=text), _settings(variables), _inputs(input)))


def from_dict(
    spec: Mapping[str, object],
    *,
    variables: Mapping[str, object] | None = None,
    input: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
) -> Network:
    """The network of a spec made of mappings, lists, texts and numbers. For arguments and errors, see `load`.

    Line numbers in errors refer to the spec written as YAML.

    >>> import cnncalc
    >>> cnncalc.from_dict({"input": [3, 32, 32], "layers": [{"conv": [16, 3]}, "relu"]}).totals.params
    448
    """
    import yaml

    if not isinstance(spec, Mapping):
        raise TypeError(f"from_dict takes a mapping with input and layers, not {_kind(spec)}")
    try:
        text = yaml.safe_dump(dict(spec), sort_keys=False, allow_unicode=True)
    except yaml.representer.RepresenterError as error:
        kind = type(error.args[-1]).__name__
        raise TypeError(f"from_dict takes mappings, lists, texts, numbers, True, False and None, not {kind}") from None
    except RecursionError:
        raise ValueError("from_dict cannot read a spec that is nested so deeply") from None
    return Network(build.load(Place("", "<dict>", text=text), _settings(variables), _inputs(input)))


def networks() -> tuple[str, ...]:
    """The names of the bundled networks, for `load`.

    >>> import cnncalc
    >>> "resnet50" in cnncalc.networks()
    True
    """
    return tuple(bundled.names())


def check(
    spec: Reference,
    *,
    against: Reference | None = None,
    variables: Mapping[str, object] | None = None,
    input: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
) -> Outcome:
    """The result of `cnncalc check`: verdicts on budgets, expectations and assertions, and the findings of rules.

    `against` is the baseline for increases. A spec that cannot be read raises no error: its problems are
    findings.

    >>> import cnncalc
    >>> outcome = cnncalc.check("vgg16")
    >>> outcome.kept, [finding.code for finding in outcome.findings]
    (True, ['CNN020'])
    """
    from cnncalc.checks.linter import EVERYTHING
    from cnncalc.checks.run import Request, outcome

    baseline = None if against is None else _reference(against, "against")
    request = Request(_settings(variables), _inputs(input), selection=EVERYTHING, against=baseline)
    return outcome(_reference(spec, "spec"), request)


def lint(spec: Reference, *, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Finding, ...]:
    """The findings of `cnncalc lint` in a spec; `select` and `ignore` take codes and names of rules.

    Raises SpecError with all problems of the spec, and UnknownRuleError for an unknown rule.

    >>> import cnncalc
    >>> [(finding.code, finding.layer) for finding in cnncalc.lint("alexnet")]
    [('CNN020', 'fc6')]
    """
    from cnncalc.checks.linter import Selection
    from cnncalc.checks.linter import lint as linted
    from cnncalc.spec.decode import read_spec

    selection = Selection(_words(select, "select"), _words(ignore, "ignore"))
    decoded = read_spec(_reference(spec, "spec"))
    return linted(decoded, build.build(decoded), selection)


def compare(*specs: Reference) -> dict[str, Facts]:
    """The figures of `cnncalc compare` for each spec: totals, receptive field and the heaviest layers.

    The keys are the given specs, with paths as text.

    >>> import cnncalc
    >>> both = cnncalc.compare("vgg16", "mobilenet_v2")
    >>> {spec: (facts.totals.params, facts.totals.macs) for spec, facts in both.items()}
    {'vgg16': (138357544, 15470264320), 'mobilenet_v2': (3504872, 300774272)}
    """
    from cnncalc.analyses.compare import facts

    references = [_reference(spec, "compare") for spec in specs]
    return {os.fspath(spec): facts(build.load(text)) for spec, text in zip(specs, references, strict=True)}


def diff(old: Reference, new: Reference) -> Diff:
    """The result of `cnncalc diff`: changes between two specs layer by layer, and the effects of each.

    >>> import cnncalc
    >>> change = cnncalc.diff("resnet50", "resnet101")
    >>> change.new_totals.params - change.old_totals.params
    18992128
    """
    from cnncalc.analyses.diff import diff as differences

    return differences(build.load(_reference(old, "old")), build.load(_reference(new, "new")))


def sweep(
    spec: Reference | Sequence[Reference],
    vary: Mapping[str, object] | None = None,
    *,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    pareto: Sequence[str] | None = None,
    random: int | None = None,
    seed: int | None = None,
    zip: bool | None = None,
    variables: Mapping[str, object] | None = None,
    input: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
    batch: int = 1,
    dtype: str = "float32",
    jobs: int = 1,
) -> Iterator[dict[str, Any]]:
    """The designs of `cnncalc sweep`, one dictionary each, for `pandas.DataFrame`.

    `vary` maps variables, and `input`, to their values: a list, a range, or a text as on the command line, such as
    `"16..64:8"`. A design that cannot be built has None for its figures, and a `reason`. `spec` may also be a study
    file, or a list of specs. Designs are computed when they are asked for, except those of a `pareto` front. Raises
    SpecError for problems of the specs and of the arguments.

    >>> import cnncalc
    >>> [row["params"] for row in cnncalc.sweep("resnet18", {"classes": [10, 100]})]
    [11181642, 11227812]
    """
    from cnncalc.sweeps.space import SweepAxis
    from cnncalc.sweeps.study import SweepRequest, make_plan, open_reference, option_words

    inputs = _inputs(input)
    axes = _axes(vary)
    base = SweepRequest()
    if isinstance(spec, str | os.PathLike):
        base = open_reference(_reference(spec, "spec"))
    elif isinstance(spec, Iterable):
        axes = (SweepAxis("spec", tuple(_reference(each, "spec") for each in spec)), *axes)
    else:
        raise TypeError(f"spec takes a spec or a list of specs, not {_kind(spec)}")
    request = SweepRequest(
        (),
        axes,
        None if columns is None else _quantities(columns, "columns"),
        where,
        None if pareto is None else ",".join(map(str, _texts(pareto, "pareto"))),
        None if random is None else _whole_number(random, "random", 1),
        None if seed is None else _whole_number(seed, "seed", 0),
        zip,
        _settings(variables),
        inputs,
        _batch(batch),
        _choice(dtype, "dtype", list(DTYPES)),
    )
    plan = make_plan(request.over(base), words=option_words)
    return _rows(plan, _whole_number(jobs, "jobs", 1))


def _rows(plan: SweepPlan, jobs: int) -> Iterator[dict[str, Any]]:
    """The designs of a plan, with the values that the caller gave."""
    from cnncalc.reports.sweep import record_of
    from cnncalc.sweeps import running

    batches = running.run(plan, jobs=jobs)
    if plan.objectives:
        designs: Iterable[Design] = running.front_of(plan, batches)
    else:
        designs = (design for batch in batches for design in batch.kept)
    space = plan.study.space
    for design in designs:
        values = record_of(plan, design)
        for number, (axis, place) in enumerate(builtins.zip(space.axes, space.places(design.number), strict=True)):
            if axis.given is not None:
                values[number] = axis.given[place]
        yield dict(builtins.zip(plan.keys, values, strict=True))


def _axes(vary: Mapping[str, object] | None) -> tuple[SweepAxis, ...]:
    """The values of each variable as texts, and as they were given; a text is a list as on the command line."""
    from cnncalc.sweeps.designs import varying
    from cnncalc.sweeps.space import Steps, SweepAxis, read_values

    if vary is None:
        return ()
    if not isinstance(vary, Mapping):
        such = "such as {'width': [16, 24]}"
        raise TypeError(f"vary takes a mapping from variables to values, {such}, not {_kind(vary)}")
    axes = []
    for name, values in vary.items():
        if not isinstance(name, str):
            raise TypeError(f"vary takes names, not {_kind(name)}, as keys")
        if isinstance(values, str):
            axes.append(SweepAxis(name, read_values(values, varying(name))))
        elif isinstance(values, range) and values:
            axes.append(SweepAxis(name, Steps(values.start, values.step, len(values)), values))
        elif isinstance(values, NO_SIZES) or not isinstance(values, Iterable):
            raise TypeError(f"{varying(name)} takes a list of values, not {_kind(values)}")
        else:
            given = tuple(values)
            if not given:
                raise ValueError(f"{varying(name)} has no values")
            axes.append(SweepAxis(name, tuple(_vary_text(name, value) for value in given), given))
    return tuple(axes)


def _quantities(columns: object, argument: str) -> tuple[str, ...]:
    from cnncalc.sweeps.designs import COLUMNS

    return tuple(dict.fromkeys(_choice(word, argument, COLUMNS) for word in _texts(columns, argument)))


def _texts(words: object, argument: str) -> list[object]:
    """The words of a list, or of a text with commas."""
    if isinstance(words, str):
        return [word.strip() for word in words.split(",")]
    if not isinstance(words, Iterable):
        raise TypeError(f"{argument} takes a list of words, not {_kind(words)}")
    return list(words)


def _whole_number(number: object, argument: str, least: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{argument} takes a whole number, not {_kind(number)}")
    if number < least:
        raise ValueError(f"{argument} takes a whole number from {least}, not {cut(str(number), LONGEST_NAME)}")
    return number


def _vary_text(name: str, value: object) -> str:
    """A value as on the command line: of the input a size or a shape, else an expression."""
    if name == "input" and not isinstance(value, int):
        return _sizes(value, "vary['input']")  # type: ignore[arg-type]  # checked there
    if name in ("spec", "network"):
        return _reference(value, f"vary[{quoted(name)}]")  # type: ignore[arg-type]
    return _expression(name, value, 0)


def _reference(spec: Reference, argument: str) -> str:
    """A spec's reference as text. A path object is a file, whatever its name means elsewhere."""
    if isinstance(spec, str):
        return spec
    path = os.fspath(spec) if isinstance(spec, os.PathLike) else None
    if not isinstance(path, str):
        taken = "the path of a file or the name of a bundled network"
        raise TypeError(f"{argument} takes {taken} (str or os.PathLike[str]), not {_kind(spec)}")
    if not os.path.exists(path):
        hint = f"write {path!r} without Path for the bundled network" if bundled.path(path) else ""
        raise SpecError([Problem(None, f"{path}: no such file", hint)])
    return os.path.join(os.curdir, path) if path == "-" or bundled.path(path) else path


def _words(words: Sequence[str], argument: str) -> tuple[str, ...]:
    """Codes and names of rules."""
    taken = f"{argument} takes a list of codes and names of rules, such as ['CNN001']"
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise TypeError(f"{taken}, not {_kind(words)}")
    given = []
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"{taken}, but one is {_kind(word)}")
        given.append(word)
    return tuple(given)


def _settings(variables: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    """Variables with their values as expressions."""
    if variables is None:
        return ()
    if not isinstance(variables, Mapping):
        taken = "a mapping from names to values, such as {'classes': 10}"
        raise TypeError(f"variables takes {taken}, not {_kind(variables)}")
    for name in variables:
        if not isinstance(name, str):
            raise TypeError(f"variables takes names, not {_kind(name)}, as keys")
    return tuple((name, _expression(name, value, 0)) for name, value in variables.items())


def _expression(name: str, value: object, depth: int) -> str:
    """The expression of a variable's value."""
    argument = f"variables[{quoted(name)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        if depth == DEEPEST_VALUE:
            raise ValueError(f"{argument} has lists nested more than {DEEPEST_VALUE} deep")
        return f"[{', '.join(_expression(name, item, depth + 1) for item in value)}]"
    if isinstance(value, Rational):
        numerator, denominator = int(value.numerator), int(value.denominator)
        bits = max(numerator.bit_length(), denominator.bit_length())
        if bits > MOST_BITS:
            raise ValueError(f"{argument} is a number of {bits:,} bits, which is too large")
        return f"({numerator} / {denominator})" if denominator > 1 else str(numerator)
    if isinstance(value, Real):
        if not isfinite(value):
            raise ValueError(f"{argument} takes a finite number, not {float(value)}")
        return _decimal(float(value))
    raise TypeError(f"{argument} takes a number, True or False, text, or a list of them, not {_kind(value)}")


def _decimal(number: float) -> str:
    """The shortest decimal of a float, without an exponent."""
    from decimal import Decimal

    return format(Decimal(float.__repr__(number)), "f")


def _inputs(input: Sequence[int] | Mapping[str, Sequence[int]] | None) -> tuple[tuple[str, str], ...]:
    """Inputs as text: names and sizes."""
    if input is None:
        return ()
    if not isinstance(input, Mapping):
        return (("", _sizes(input, "input")),)
    for name in input:
        if not isinstance(name, str):
            raise TypeError(f"input takes names of inputs, not {_kind(name)}, as keys")
    return tuple((name, _sizes(sizes, f"input[{quoted(name)}]")) for name, sizes in input.items())


def _sizes(sizes: Sequence[int], argument: str) -> str:
    return times(_whole_numbers(sizes, argument, "[3, 224, 224]"))


def _whole_numbers(numbers: Iterable[int], argument: str, such: str) -> tuple[int, ...]:
    """Whole numbers of any type, such as those of NumPy."""
    if isinstance(numbers, NO_SIZES) or not isinstance(numbers, Iterable):
        raise TypeError(f"{argument} takes whole numbers such as {such}, not {_kind(numbers)}")
    found = []
    for number in islice(numbers, MOST_SIZES):
        if isinstance(number, bool) or not hasattr(number, "__index__"):
            raise TypeError(f"{argument} takes whole numbers such as {such}, but one is {_kind(number)}")
        if index(number).bit_length() > MOST_BITS:
            raise ValueError(f"{argument} holds a number of {index(number).bit_length():,} bits, which is too large")
        found.append(index(number))
    return tuple(found)


def _training_memory(
    network: LayerGraph, dtype: object, optimizer: object, checkpoints: Sequence[str], *, mixed: bool
) -> TrainingMemory:
    """The memory of a training step, from the arguments of `Network.training_memory`."""
    from cnncalc.analyses.training_memory import Optimizer, check_known, training_memory

    if isinstance(checkpoints, str) or not all(isinstance(pattern, str) for pattern in checkpoints):
        raise TypeError("checkpoints takes a list of names of blocks or patterns, such as ['conv2_*']")
    element_size = _dtype(dtype, "dtype")
    if mixed and dtype != "float32":
        raise ValueError("mixed_precision sets the number types; leave dtype at float32")
    try:
        found = training_memory(
            network,
            element_size=element_size,
            optimizer=Optimizer.named(_choice(optimizer, "optimizer", [each.key for each in Optimizer])),
            mixed=mixed,
            checkpoints=tuple(checkpoints),
        )
    except KeyError as error:
        raise KeyError(f"no block matches {quoted(str(error.args[0]))}") from None
    check_known(network, found, mixed=mixed)
    return found


def _explanation(network: LayerGraph, layer: str | None, language: object) -> str:
    """The explanation of a layer, or of a network, as text."""
    from cnncalc.analyses import explanation, story
    from cnncalc.formats import plain_text
    from cnncalc.languages import LANGUAGES
    from cnncalc.reports.explain.layer import explain_layer
    from cnncalc.reports.explain.story import explain_network
    from cnncalc.reports.explain.wording import ExplanationView

    view = ExplanationView(_choice(language, "language", LANGUAGES))
    if layer is None:
        report = explain_network(story.story(network), view)
    else:
        report = explain_layer(explanation.explain(network, layer), view)
    return "\n".join(plain_text.write(report))


def _choice(word: object, argument: str, known: Sequence[str]) -> str:
    taken = f"{argument} takes one of {', '.join(known)}"
    if not isinstance(word, str):
        raise TypeError(f"{taken}, not {_kind(word)}")
    if word not in known:
        raise ValueError(f"{taken}, not {quoted(word)}")
    return word


def _levels(depth: object) -> int:
    """A number of block levels, 0 for automatic."""
    if depth is None:
        return 0
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
        raise ValueError(f"depth takes a whole number from 1, or None, not {depth!r}")
    return depth


def _dtype(dtype: object, argument: str) -> int:
    """The bytes of an element."""
    return DTYPES[_choice(dtype, argument, list(DTYPES))]


def _batch(batch: object) -> int:
    return _whole_number(batch, "batch", 1)


def _kind(value: object) -> str:
    """The type of a value, for a TypeError."""
    return "None" if value is None else type(value).__name__
