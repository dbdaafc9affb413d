"""cnncalc from Python: `cnncalc.load`, and the network it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncalc import build
from cnncalc.analyses.totals import Totals, totals
from cnncalc.network import Layer
from cnncalc.network import Network as Built
from cnncalc.problem import did_you_mean
from cnncalc.report.format import plain
from cnncalc.report.summary import Options, summary
from cnncalc.shapes import Shape, times

if TYPE_CHECKING:
    from cnncalc.analyses.compare import Facts
    from cnncalc.analyses.diff import Diff
    from cnncalc.analyses.receptive_field import Field, Fields
    from cnncalc.analyses.regions import Region
    from cnncalc.analyses.sharing import Sharing
    from cnncalc.finding import Finding, Outcome
    from cnncalc.report.table import Table


class Network:
    """A network with its figures: iterate over its layers, or take one by its name.

    >>> import cnncalc
    >>> net = cnncalc.load("vgg16")
    >>> net["fc6"].params
    102764544
    >>> net.totals.macs
    15470264320
    >>> [layer.name for layer in net if layer.type == "linear"]
    ['fc6', 'fc7', 'fc8']
    """

    def __init__(self, facts: Built) -> None:
        self.facts = facts

    @property
    def name(self) -> str:
        return self.facts.name

    @property
    def source(self) -> str:
        """Where the architecture was published."""
        return self.facts.source

    @property
    def inputs(self) -> dict[str, Shape]:
        """The shapes of the inputs, channels first, by their names."""
        return dict(self.facts.inputs)

    @property
    def outputs(self) -> dict[str, Shape]:
        """The shapes of the outputs by the names of the layers that give them."""
        return {name: self.facts.shape_of(name) for name in self.facts.outputs}

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, each after those it reads."""
        return self.facts.layers

    @cached_property
    def totals(self) -> Totals:
        """Parameters, operations, activations and depth of the whole."""
        return totals(self.facts)

    @cached_property
    def sharing(self) -> Sharing:
        """The parameters of the whole and of each layer, as they are and if nothing were shared.

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

    def receptive_field(self, layer: str, input: str | None = None) -> Field | None:
        """What an output of a layer sees of the network's input, gates left aside: one record for each spatial axis.

        `input` names one of several inputs. None where the layer does not depend on it, or where no rule
        says it.

        >>> import cnncalc
        >>> height, width = cnncalc.load("vgg16").receptive_field("pool5")
        >>> height.size, height.stride, height.start, height.center
        (212, 32, -90, Fraction(31, 2))
        """
        of_inputs = self._fields.of(self[layer].name)
        if input is None and len(self.inputs) > 1:
            raise TypeError(f"name one of the inputs: {', '.join(self.inputs)}")
        return of_inputs.get(next(iter(self.inputs)) if input is None else self._input(input))

    def reads(self, layer: str, position: Sequence[int]) -> dict[str, Region]:
        """What one output of a layer reads of each input, by following its taps; gates are left aside.

        >>> import cnncalc
        >>> cnncalc.load("alexnet").reads("conv1", (2, 3))["input"].boxes
        ((((8, 18),), ((12, 22),)),)
        """
        from cnncalc.analyses.regions import region

        spatial = self[layer].output_shape.spatial
        if len(position) != len(spatial) or not all(0 <= at < size for at, size in zip(position, spatial, strict=True)):
            raise IndexError(f"{tuple(position)} is no position of {layer}, {times(spatial) or 'a vector'}")
        return region(self.facts, layer, tuple(position), self._fields.gates)

    def _input(self, name: str) -> str:
        if name not in self.inputs:
            hint = did_you_mean(name, self.inputs)
            raise KeyError(f"no input is called {name!r}{f'; {hint}' if hint else ''}")
        return name

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Layer:
        try:
            return self._by_name[name]
        except KeyError:
            hint = did_you_mean(name, self._by_name)
            raise KeyError(f"no layer is called {name!r}{f'; {hint}' if hint else ''}") from None

    def __repr__(self) -> str:
        inputs = ", ".join(times(shape) for shape in self.inputs.values())
        return f"<Network {plain(self.name)}: {len(self)} layers, input {inputs}, {self.totals.params:,} parameters>"

    def _repr_html_(self) -> str:
        from cnncalc.report import html

        return "\n".join(html.write(self._table()))

    def _table(self) -> Table:
        return summary(self.facts, Options())

    def explain(self, layer: str | None = None, *, language: str = "en") -> str:
        """The text of `cnncalc explain`: a layer worked out with its numbers, or the network stage by stage.

        >>> import cnncalc
        >>> print(cnncalc.load("alexnet").explain("conv1").splitlines()[13])
          height and width = ⌊(W − F + 2P) / S⌋ + 1 = ⌊(227 − 11 + 2 × 0) / 4⌋ + 1 = 55
        """
        from cnncalc.analyses import explanation
        from cnncalc.report import document, explain, story

        options = explain.Options(language)
        if layer is None:
            report = story.story(explanation.story(self.facts), options)
        else:
            report = explain.explanation(explanation.explain(self.facts, self[layer].name), options)
        return "\n".join(document.write_text(report, 80))

    def to_dict(self) -> dict[str, Any]:
        """All facts, as `cnncalc summary --format json` writes them."""
        from cnncalc.report import summary_json

        facts: dict[str, Any] = json.loads("\n".join(summary_json.write(self.facts)))
        return facts

    def to_markdown(self) -> str:
        """The table of `cnncalc summary --format markdown`."""
        from cnncalc.report import markdown

        return "\n".join(markdown.write(self._table()))

    def to_yaml(self) -> str:
        """The flat spec of `cnncalc show --expand`."""
        from cnncalc.report import spec_text

        return "\n".join([*spec_text.write(self.facts), ""])


def load(
    spec: str,
    *,
    variables: Mapping[str, object] | None = None,
    input: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
) -> Network:
    """The network of a spec: a file's path, or the name of a bundled network.

    `variables` change those of the spec; `input` is another input, channels first, or a
    mapping of names to inputs. Raises SpecError with every problem of the spec.

    >>> import cnncalc
    >>> cnncalc.load("resnet50", variables={"classes": 10}).totals.params
    23528522
    """
    return Network(build.load(spec, _settings(variables), _inputs(input)))


def check(
    spec: str,
    *,
    against: str | None = None,
    variables: Mapping[str, object] | None = None,
    input: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
) -> Outcome:
    """What `cnncalc check` finds of a spec: its budgets, expectations and assertions, and what the rules find.

    `against` is the spec that increases are held against. A spec that cannot be used raises nothing: its
    problems are the findings.

    >>> import cnncalc
    >>> outcome = cnncalc.check("vgg16")
    >>> outcome.kept, [finding.code for finding in outcome.findings]
    (True, ['CNN020'])
    """
    from cnncalc.linter import EVERYTHING
    from cnncalc.report.outcomes import Request, outcome

    return outcome(spec, Request(_settings(variables), _inputs(input), selection=EVERYTHING, against=against))


def lint(spec: str, *, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[Finding, ...]:
    """What the rules of `cnncalc lint` find in a spec; `select` and `ignore` take codes and names of rules.

    Raises SpecError with every problem of the spec, and UnknownRuleError for a rule that does not exist.

    >>> import cnncalc
    >>> [(finding.code, finding.layer) for finding in cnncalc.lint("alexnet")]
    [('CNN020', 'fc6')]
    """
    from cnncalc.decode import read_spec
    from cnncalc.linter import Selection
    from cnncalc.linter import lint as linted

    decoded = read_spec(spec)
    return linted(decoded, build.build(decoded), Selection(tuple(select), tuple(ignore)))


def compare(*specs: str) -> dict[str, Facts]:
    """What `cnncalc compare` compares networks by, for each spec: totals, field, and the heaviest layers.

    >>> import cnncalc
    >>> both = cnncalc.compare("vgg16", "mobilenet_v2")
    >>> {spec: (facts.totals.params, facts.totals.macs) for spec, facts in both.items()}
    {'vgg16': (138357544, 15470264320), 'mobilenet_v2': (3504872, 300774272)}
    """
    from cnncalc.analyses.compare import facts

    return {spec: facts(build.load(spec)) for spec in specs}


def diff(old: str, new: str) -> Diff:
    """What `cnncalc diff` finds between two specs: changes layer by layer, and what each of them caused.

    >>> import cnncalc
    >>> change = cnncalc.diff("resnet50", "resnet101")
    >>> change.new_totals.params - change.old_totals.params
    18992128
    """
    from cnncalc.analyses.diff import diff as differences

    return differences(build.load(old), build.load(new))


def _settings(variables: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    """Variables as `--set` takes them."""
    return tuple((name, json.dumps(value)) for name, value in (variables or {}).items())


def _inputs(input: Sequence[int] | Mapping[str, Sequence[int]] | None) -> tuple[tuple[str, str], ...]:
    """Inputs as `--input` takes them."""
    if isinstance(input, Mapping):
        return tuple((name, times(tuple(sizes))) for name, sizes in input.items())
    return () if input is None else (("", times(tuple(input))),)
