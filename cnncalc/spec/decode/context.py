"""The names and records available at a place of a spec."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from collections.abc import Mapping as NamesToValues

from cnncalc import layers, limits
from cnncalc.errors import Span
from cnncalc.limits import Problems
from cnncalc.record import Record
from cnncalc.spec.locate import ParsedFile, Place
from cnncalc.spec.records import CONTAINERS, RESERVED, Declaration, Parameter, Parameters
from cnncalc.spec.templates import NameTemplate, Template, TemplateReader
from cnncalc.syntax.source import Node, Scalar


class NetworkUse(Record):
    """An item's use of another network: where that is, the node that names it, and the variables that are set."""

    place: Place
    reference: Node
    variables: tuple[Scalar, ...]


class Words:
    """The words that stand for themselves in the expressions of one block: layer types, blocks, and layers above.

    `tensors` are the inputs of the block or network, `declarations` where each constant name is given, and `computed`
    the other names of the block so far.
    """

    def __init__(
        self,
        blocks: Container[str],
        tensors: Container[str] = (),
        block: str = "",
        declarations: NamesToValues[str, list[Declaration]] | None = None,
    ) -> None:
        self.blocks = blocks
        self.tensors = tensors
        self.block = block
        self.declarations = {} if declarations is None else declarations
        self.computed: list[NameTemplate] = []

    def __contains__(self, word: object) -> bool:
        """Whether a text is a word, or a path that begins with one; relu_2 can be a second relu."""
        own = str(word).partition(".")[0]
        if own in RESERVED or own in self.tensors or own in self.blocks:
            return True
        if any(given.block == self.block for given in self.declarations.get(own, ())):
            return True
        limits.spend(3 * len(self.computed))
        if any(name.may_be(own) for name in self.computed):
            return True
        base = re.sub(r"_[0-9]+$", "", own)
        return base in self.blocks or layers.find(own) is not None or layers.find(base) is not None


class Context(Record):
    """The names available at a place of a spec, and the records that grow while the spec is read.

    `reader` knows the names of values, `signatures` the parameters of each block. `unusable` blocks have a wrong
    signature. `declarations` is where each name is given, and `declared` the names in their order. `calls` are the
    blocks that the block at hand uses under no condition, each with the first place. `words` are those of the reader,
    `documents` the files of the spec, and `uses` the networks that its items name.
    """

    problems: Problems
    reader: TemplateReader
    signatures: dict[str, dict[str, Parameter]]
    unusable: set[str]
    declarations: dict[str, list[Declaration]]
    declared: list[NameTemplate]
    block: str
    calls: dict[str, Span]
    words: Words
    documents: tuple[ParsedFile, ...]
    uses: list[NetworkUse]

    def with_names(self, names: Iterable[str]) -> Context:
        """The context with more names of values."""
        return self._replace(reader=self.reader._replace(known=frozenset(self.reader.known).union(names)))

    def in_block(self, block: str, tensors: tuple[str, ...], parameters: Iterable[str]) -> Context:
        """The context inside a block, with its inputs and parameters."""
        words = Words(self.words.blocks, tensors, block, self.declarations)
        context = self.with_names(parameters)
        return context._replace(block=block, words=words, reader=context.reader._replace(words=words))

    def declare(self, name: NameTemplate) -> None:
        """Record the name of a layer, block or branch."""
        self.declared.append(name)
        if name.constant is None:
            self.words.computed.append(name)
        else:
            self.declarations.setdefault(name.constant, []).append(Declaration(name.span, self.block))

    def value(self, node: Node | None) -> Template | None:
        return None if node is None else self.reader.template(node)

    def is_block(self, word: str) -> bool:
        """Whether a word is a block of the spec, even one that cannot be used."""
        return word in self.signatures or word in self.unusable

    def is_type(self, word: str) -> bool:
        """Whether a word is a layer type, a block or a container of layers."""
        return self.is_block(word) or word in CONTAINERS or layers.find(word) is not None

    def settings_of(self, word: str) -> Parameters:
        """The settings of a layer type or the parameters of a block; empty for other words."""
        if word in self.signatures:
            return self.signatures[word]
        found = layers.find(word)
        return found.settings if found else {}
