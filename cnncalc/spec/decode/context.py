"""The names and records available at a place of a spec."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc import layers
from cnncalc.errors import Span
from cnncalc.limits import Problems
from cnncalc.record import Record
from cnncalc.spec.records import CONTAINERS, Declaration, Parameter, Parameters
from cnncalc.spec.templates import NameTemplate, Template, TemplateReader
from cnncalc.syntax.source import Node


class Context(Record):
    """The names available at a place of a spec, and the records that grow while the spec is read.

    `reader` has the names of values, `signatures` the parameters of each block. `unusable` blocks have a wrong
    signature. `declarations` has the place of each name, and `declared` the names in order. `calls` has the
    blocks that the current block uses, each with the first place.
    """

    problems: Problems
    reader: TemplateReader
    signatures: dict[str, dict[str, Parameter]]
    unusable: set[str]
    declarations: dict[str, list[Declaration]]
    declared: list[NameTemplate]
    block: str
    calls: dict[str, Span]

    def with_names(self, names: Iterable[str]) -> Context:
        """The context with more names of values."""
        return self._replace(reader=self.reader._replace(known=frozenset(self.reader.known).union(names)))

    def declare(self, name: NameTemplate) -> None:
        """Record the name of a layer, block or branch."""
        self.declared.append(name)
        if name.constant is not None:
            self.declarations.setdefault(name.constant, []).append(Declaration(name.span, self.block))

    def value(self, node: Node | None) -> Template | None:
        return None if node is None else self.reader.template(node)

    def is_type(self, word: str) -> bool:
        """Whether a word is a layer type, a block or a container of layers."""
        return word in self.signatures or word in self.unusable or word in CONTAINERS or layers.find(word) is not None

    def settings_of(self, word: str) -> Parameters:
        """The settings of a layer type or the parameters of a block; empty for other words."""
        if word in self.signatures:
            return self.signatures[word]
        found = layers.find(word)
        return found.settings if found else {}
