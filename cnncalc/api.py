"""cnncalc from Python: `cnncalc.load`, and the network it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncalc import build
from cnncalc.analyses.totals import Totals, totals
from cnncalc.network import Layer
from cnncalc.network import Network as Facts
from cnncalc.problem import did_you_mean
from cnncalc.report.summary import Options, summary
from cnncalc.shapes import Shape, times

if TYPE_CHECKING:
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

    def __init__(self, facts: Facts) -> None:
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
        return f"<Network {self.name}: {len(self)} layers, input {inputs}, {self.totals.params:,} parameters>"

    def _repr_html_(self) -> str:
        from cnncalc.report import html

        return "\n".join(html.write(self._table()))

    def _table(self) -> Table:
        return summary(self.facts, Options())

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
    inputs: list[tuple[str, str]] = []
    if isinstance(input, Mapping):
        inputs = [(name, times(tuple(sizes))) for name, sizes in input.items()]
    elif input is not None:
        inputs = [("", times(tuple(input)))]
    settings = [(name, json.dumps(value)) for name, value in (variables or {}).items()]
    return Network(build.load(spec, settings, inputs))
