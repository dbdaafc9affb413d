"""The reference of layer types: their own declarations as documents, records and tables.

Names, settings and formulas come from the types. This module has only descriptions of keys that
belong to no type, and of names in formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from sys import modules
from typing import Any, Literal, TypeAlias

from cnncalc import layers
from cnncalc.errors import Problem, SpecError, listed
from cnncalc.formats.document import Block, Code, Document, Heading, ListItem, Paragraph, Terms
from cnncalc.formats.records import ABSENT, Absent, indented
from cnncalc.formats.table import Column, Line, Table
from cnncalc.layers.contract import Aliasing, Formulas, LayerType, Role
from cnncalc.layers.examples import examples, literal, plainest_settings, sample
from cnncalc.record import Record
from cnncalc.spec.guards import BOUNDS, BUDGET, EXPECT
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.spec.records import SET, TYPE
from cnncalc.spec.templates import SHAPE, TENSOR_NAMES
from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import Setting

TOP_DOCS = {
    "name": "the network's name, shown in the header; defaults to the file's name",
    "source": "free text, such as the paper; shown in the header",
    "family": "group in `cnncalc list`, such as ResNet",
    "task": "purpose of the network other than classification, such as detection",
    "year": "year of publication",
    "extends": "specs in the same folder, or bundled networks, that this one starts from and changes: one or a list",
    "override": "new settings for single layers by their full names or patterns: conv5_*: {filters: 1024}",
    "input": "the input's sizes, channels first and without the batch, or a mapping from names to sizes",
    "variables": "named values for expressions; each may use the ones above it, and --set overrides one",
    "blocks": "lists of layers under a name with parameters, written like functions: conv_bn(filters, kernel=3)",
    "layers": "the network: a list of layers, blocks and joins, each of which reads the previous one",
    "outputs": "the layers whose outputs are those of the network, if not only the last one",
    "budget": "limits for `cnncalc check`: params: 5M is a maximum, {min: 1M} a minimum",
    "expect": "exact figures and shapes for `cnncalc check`, such as output: [1000]",
    "assert": "conditions for `cnncalc check`, such as params('fc6') / params() < 0.5",
}
CONTAINER_DOCS = {
    "layers": "a list of layers as one item, an unnamed block: to repeat them or to make them conditional together",
    "branch": "side outputs: branches that start here and do not change the main path",
    "network": "another network, bundled or a file beside the spec; the item's name prefixes those of its layers",
}
NETWORK_DOCS = {
    "set": "values for variables of the network: {classes: 10}",
    "outputs": "the layers of the network whose outputs are needed; layers that none of them needs are left out",
}
MODIFIER_DOCS = {
    "name": "the layer's name; it may contain expressions, such as conv{index + 1}",
    "from": "the source of the input: an earlier layer's name, previous or input; for a join, a list of sources",
    "repeat": "number of repetitions; index counts from 0",
    "for": "lists of equal length, one pass per row: {width: [64, 128], depth: [2, 4]}",
    "when": "condition: the item is included only if it is true",
    "weights": "the layer or block whose weights it shares; they count once",
    "share_weights": "true for passes of repeat or for that all use the weights of the first; they count once",
    "frozen": "true for weights that training leaves unchanged, or the layer types that have them; counted as buffers",
    "training_only": "true for layers that are removed after training: they count only in the training totals",
}
TYPE_CALL_DOCS = {
    TYPE: "an expression whose value is the item's type, such as act for a parameter act: relu",
    SET: "the settings of the type that `type` chooses, by name, by position or a single one",
}
BRANCH_DOCS = {
    "layers": "the layers of the branch; an empty list passes its input on",
    "when": "condition: the branch is included only if it is true; a join with one remaining branch is that branch",
    "from": "the branch's input, if it is not the current tensor",
    "repeat": "number of equal branches; index counts from 0",
    "for": "lists of equal length, one branch per row",
}
JOIN_DOC = (
    "a list of branches, or a mapping from their names to branches, each a list of layers; alternatively, "
    "from: [...] beside the type names earlier layers"
)
SYMBOL_DOCS = {
    "in_size": "size of the input along the axis",
    "before": "padding before the axis",
    "after": "padding after the axis",
    "others": "sum of the other inputs' sizes along the axis",
    "outputs": "size of the output along the axis, according to the settings",
    "in_channels": "channels of the input",
    "in_positions": "positions of the input: height x width",
    "in_elements": "elements of the input: channels x height x width",
    "out_positions": "positions of the output: height x width",
    "out_elements": "elements of the output: channels x height x width",
    "rank": "number of spatial axes: 2 for an image",
    "inputs": "number of inputs",
    "all_in_channels": "list of the channels of each input",
    "all_in_elements": "list of the elements of each input",
    "axis_size": "size of the axis",
    "together": "elements in a normalized set",
    "reduced": "elements that are reduced to one",
    "indices": "number of elements that are looked up: the product of shape",
    "places": "combinations of indices of the axes before the last two",
    "rows": "rows of the first input",
    "columns": "columns of the second input",
    "inner": "columns of the first input, which are the rows of the second",
    "kernel_positions": "positions of the kernel: height x width",
    "read_positions": "sum of the positions in all windows of a channel",
    "output_padding": "rows and columns added at the end of the output",
    "masks": "1 with a mask, else 0",
    "pairs": "pairs of a filter and an input channel that it reads",
}

Storage: TypeAlias = Literal["own", "overwrites", "view"]
# The words of the JSON: keys and values of published output stay.
STORAGE: dict[Aliasing, Storage] = {Aliasing.NEW: "own", Aliasing.IN_PLACE: "overwrites", Aliasing.VIEW: "view"}


class Variant(Record):
    """The changes of formulas with another value of a setting: new formulas, and removed ones."""

    setting: str
    value: Any
    formulas: Formulas
    without: tuple[str, ...]


class DeclaredSetting(Record):
    """A setting of a type; `absent` describes the meaning of an omitted value."""

    name: str
    description: str
    takes: str
    required: bool
    default: Any
    absent: str
    keywords: tuple[str, ...]

    @property
    def usual(self) -> str:
        """The default, or the meaning of an omitted value."""
        if self.required:
            return "required"
        return self.absent if self.default is None else literal(self.default)

    @property
    def values(self) -> str:
        """The accepted values, and the default."""
        return f"{self.takes}; {self.usual if self.required else f'default: {self.usual}'}"


@indented()
class Reference(Record):
    """The reference of a layer type; `family_description` is the text of its file."""

    schema: Literal[1] | Absent
    name: str
    family: str
    also_known_as: tuple[str, ...]
    summary: str
    description: tuple[str, ...]
    family_description: tuple[str, ...]
    several_inputs: bool
    further_inputs: str
    least_inputs: int
    settings: tuple[DeclaredSetting, ...]
    examples: tuple[str, ...]
    formulas: Formulas
    formulas_with: tuple[Variant, ...]
    symbols: dict[str, str]
    counts_as_depth: bool
    storage: Storage


class ExpressionsRecord(Record):
    """The names and functions of expressions, without variables."""

    names: tuple[str, ...]
    functions: tuple[str, ...]


@indented()
class LanguageRecord(Record):
    """All layer types, and the rest of the language."""

    schema: Literal[1]
    types: tuple[Reference, ...]
    containers: dict[str, str]
    modifiers: dict[str, str]
    network_modifiers: dict[str, str]
    branch_keys: dict[str, str]
    spec_keys: dict[str, str]
    quantities: dict[str, str]
    bounds: dict[str, dict[str, str]]
    expressions: ExpressionsRecord


RECORDS = (LanguageRecord, Reference)


# --- facts --------------------------------------------------------------------------------------


# Headings by role; types that count as depth have their own heading.
DEPTH = "Layers that count as depth"
FAMILIES = {
    "Activations": (Role.ACTIVATION, Role.PROBABILITIES),
    "Pooling": (Role.MAX_POOL, Role.AVERAGE_POOL, Role.GLOBAL_POOL),
    "Normalization": (Role.BATCH_NORM, Role.CHANNEL_NORM, Role.NORMALIZATION, Role.SCALING),
    "Joins": (Role.SUM, Role.PRODUCT, Role.MATRIX_PRODUCT, Role.CONCATENATION),
    "Layers that rearrange elements": (Role.REARRANGEMENT, Role.RESAMPLING),
}
OTHERS = "Other layers"


def family_of(kind: type[LayerType]) -> str:
    """The heading of a type."""
    if kind.counts_as_depth:
        return DEPTH
    return next((family for family, roles in FAMILIES.items() if kind.role in roles), OTHERS)


def families() -> dict[str, list[type[LayerType]]]:
    """The layer types by family."""
    found: dict[str, list[type[LayerType]]] = {family: [] for family in (DEPTH, *FAMILIES, OTHERS)}
    for kind in layers.all_types().values():
        found[family_of(kind)].append(kind)
    return {family: kinds for family, kinds in found.items() if kinds}


def _paragraphs(documentation: str | None) -> tuple[str, ...]:
    """The paragraphs of a docstring. Raises SpecError if Python has removed docstrings."""
    if documentation is None:
        message = "the reference needs docstrings, which Python removes with -OO and PYTHONOPTIMIZE=2"
        raise SpecError([Problem(None, message, "run cnncalc without them")])
    text = cleandoc(documentation)
    return tuple(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip())


def summary_of(kind: type[LayerType]) -> str:
    """The first line of a type's documentation."""
    return _paragraphs(kind.__doc__)[0]


def declare(setting: Setting) -> DeclaredSetting:
    """A setting as its type declares it."""
    default = None if setting.required else setting.default
    return DeclaredSetting(
        setting.name, setting.doc, setting.wants, setting.required, default, setting.absent, setting.keywords
    )


def signature(kind: type[LayerType]) -> str:
    """The settings of a type in order, with defaults; the first argument of a join are its branches."""
    parts = ["branches"] if kind.is_merge else []
    for setting in map(declare, kind.settings.values()):
        default = f"({setting.usual})" if setting.default is None else setting.usual
        parts.append(setting.name if setting.required else f"{setting.name}={default}")
    return ", ".join(parts)


def reference(kind: type[LayerType]) -> Reference:
    """The reference of a layer type."""
    paragraphs = _paragraphs(kind.__doc__)
    layer = sample(kind, **plainest_settings(kind))
    if layer is None:
        raise LookupError(f"no example is known for {kind.name}")
    formulas = layer.formulas()
    variants = tuple(_variants(kind, formulas))
    texts = [*formulas.values(), *(text for variant in variants for text in variant.formulas.values())]
    used = {name for text in texts for name, _ in expressions.parse(text).names} - set(kind.settings)
    return Reference(
        1,
        kind.name,
        family_of(kind),
        kind.also_known_as,
        paragraphs[0],
        paragraphs[1:],
        _paragraphs(modules[kind.__module__].__doc__ or ""),
        kind.is_merge,
        kind.further_inputs,
        kind.least_inputs,
        tuple(map(declare, kind.settings.values())),
        examples(kind),
        formulas,
        variants,
        {name: doc for name, doc in SYMBOL_DOCS.items() if name in used},
        kind.counts_as_depth,
        STORAGE[kind.aliasing],
    )


def _variants(kind: type[LayerType], formulas: Formulas) -> Iterator[Variant]:
    """The other values of settings that change the formulas."""
    usual = plainest_settings(kind)
    for setting in kind.settings.values():
        if setting.name in usual:
            continue
        words: tuple[Value, ...] = tuple(word for word in setting.keywords if word != setting.default)
        for value in words or (setting.example,):
            decoded = setting.decode(value)
            changed = kind(**{**{key: kind.settings[key].decode(usual[key]) for key in usual}, setting.name: decoded})
            texts = changed.formulas()
            if texts != formulas:
                new = {key: text for key, text in texts.items() if formulas.get(key) != text}
                yield Variant(setting.name, value, new, tuple(key for key in formulas if key not in texts))


def language() -> tuple[tuple[str, dict[str, str]], ...]:
    """Parts of the language that belong to no layer type: headings, each with keys and their meanings."""
    return (
        ("Items that hold layers", CONTAINER_DOCS),
        ("Keys beside the type of an item", MODIFIER_DOCS),
        ("Beside network", NETWORK_DOCS),
        ("In place of a type: one that an expression chooses", TYPE_CALL_DOCS),
        ("Keys of a branch that is not just a list", BRANCH_DOCS),
        ("Keys of a spec", TOP_DOCS),
        (
            "Keys of budget and expect: quantities of the network, or of a layer or block (fc6.params)",
            {name: quantity.doc for name, quantity in QUANTITIES.items()},
        ),
        ("Keys of a quantity of budget that is not just a number", BOUNDS[BUDGET]),
        ("Keys of a quantity of expect that is not just its value", BOUNDS[EXPECT]),
        (
            "Expressions, in place of any number, true, false or list",
            {
                "names": f"variables, a block's parameters, index, {', '.join(sorted(TENSOR_NAMES))}",
                "operators": "+ - * / // % **, comparisons, and, or, not, in, a if c else b, list[0]",
                "functions": ", ".join((*expressions.FUNCTIONS, SHAPE)),
            },
        ),
    )


# --- documents ----------------------------------------------------------------------------------


def overview() -> Document:
    """All types with their settings, and the rest of the language."""
    blocks: list[Block] = [
        Heading("Layer types", 1),
        Paragraph(
            "Settings are listed with their defaults, the main one first. `cnncalc layers TYPE` shows all of one type."
        ),
    ]
    for family, kinds in families().items():
        blocks += (Heading(family, 2), *(ListItem(_call(kind), summary_of(kind)) for kind in kinds))
    for heading, words in language():
        blocks += (Heading(heading, 2), Terms(tuple(words.items())))
    return Document(tuple(blocks))


def _paragraph(text: str) -> Paragraph:
    return Paragraph(text, has_code=True)


def _call(kind: type[LayerType]) -> str:
    """A type with its settings, written like a function call."""
    return f"{kind.name}({inside})" if (inside := signature(kind)) else kind.name


def document(facts: Reference) -> Document:
    """The reference of a layer type."""
    blocks: list[Block] = [Heading(facts.name, 1), *map(_paragraph, (facts.summary, *facts.description))]
    if facts.also_known_as:
        blocks.append(Paragraph(f"Also known as {listed(facts.also_known_as)}."))
    if settings := tuple(_settings(facts)):
        blocks += (Heading("Settings", 3), Terms(settings))
    spec = tuple(line for example in facts.examples for line in example.split("\n"))
    blocks += (Heading("In a spec", 3), Code(spec, "yaml"))
    blocks += (Heading("Formulas", 3), Terms(tuple(facts.formulas.items())))
    # Any value of a setting without a default value gives the same formulas.
    unnamed = {setting.name for setting in facts.settings if setting.default is None}
    for variant in facts.formulas_with:
        named = variant.setting if variant.setting in unnamed else f"{variant.setting}: {literal(variant.value)}"
        terms = (*variant.formulas.items(), *((key, "none") for key in variant.without))
        blocks += (Heading(f"With {named}", 4), Terms(terms))
    if facts.symbols:
        blocks += (Heading("Names in the formulas, in addition to settings", 3), Terms(tuple(facts.symbols.items())))
    depth = "counts as a layer of the depth" if facts.counts_as_depth else "does not count as depth"
    output = next(kind.value for kind, word in STORAGE.items() if word == facts.storage)
    if not facts.least_inputs:
        output = "its weights themselves"
    counting = (
        ("depth", depth),
        ("output", output),
    )
    blocks += (Heading("Counting", 3), Terms(counting))
    if facts.family_description:
        blocks += (Heading("Family", 3), *map(_paragraph, facts.family_description))
    return Document(tuple(blocks))


def _settings(facts: Reference) -> Iterator[tuple[str, str]]:
    """Each setting with its meaning and its accepted values."""
    if facts.several_inputs:
        yield "branches", JOIN_DOC
    if facts.further_inputs:
        yield "from", f"beside the type: its input, and after it {facts.further_inputs}"
    for setting in facts.settings:
        yield setting.name, setting.description
        yield "", setting.values


# --- tables -------------------------------------------------------------------------------------


def catalogue() -> Table:
    """One table of all types."""
    columns = (
        Column("type", "Type"),
        Column("settings", "Settings"),
        Column("summary", "What it is"),
        Column("family", "Family"),
    )
    lines = tuple(
        Line((kind.name, signature(kind), summary_of(kind), family))
        for family, kinds in families().items()
        for kind in kinds
    )
    return Table("Layer types", (), columns, lines, ())


def settings_table(facts: Reference) -> Table:
    """The settings of a type."""
    columns = (
        Column("setting", "Setting"),
        Column("default", "Default"),
        Column("takes", "Takes"),
        Column("meaning", "Meaning"),
    )
    lines = tuple(Line((one.name, one.usual, one.takes, one.description)) for one in facts.settings)
    return Table(f"Settings of {facts.name}", (), columns, lines, ())


def language_record() -> LanguageRecord:
    """All types and the rest of the language."""
    types = (reference(kind)._replace(schema=ABSENT) for kinds in families().values() for kind in kinds)
    return LanguageRecord(
        1,
        tuple(types),
        CONTAINER_DOCS,
        MODIFIER_DOCS,
        NETWORK_DOCS,
        BRANCH_DOCS,
        TOP_DOCS,
        {name: quantity.doc for name, quantity in QUANTITIES.items()},
        BOUNDS,
        ExpressionsRecord(tuple(sorted(TENSOR_NAMES)), (*expressions.FUNCTIONS, SHAPE)),
    )
