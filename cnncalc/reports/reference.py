"""The reference of layer types: their own declarations as documents, JSON and tables.

Names, settings and formulas come from the types. This module has only descriptions of keys that
belong to no type, and of names in formulas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from inspect import cleandoc
from sys import modules
from typing import Any

from cnncalc import layers
from cnncalc.errors import Problem, SpecError, listed
from cnncalc.formats.document import Block, Code, Document, Heading, ListItem, Paragraph, Terms
from cnncalc.formats.table import Column, Line, Table
from cnncalc.layers.contract import Aliasing, Formulas, LayerType, Role
from cnncalc.layers.examples import examples, literal, plainest_settings, plausible, sample
from cnncalc.record import Record
from cnncalc.spec.guards import BOUNDS, BUDGET, EXPECT
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.spec.templates import TENSOR_NAMES
from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import Setting
from cnncalc.text import number

VERSION = 1

TOP_DOCS = {
    "name": "the network's name, shown in the header; defaults to the file's name",
    "source": "free text, such as the paper; shown in the header",
    "family": "group in `cnncalc list`, such as ResNet",
    "year": "year of publication",
    "extends": "a spec in the same folder, or a bundled network, that this spec starts from and changes",
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
}
MODIFIER_DOCS = {
    "name": "the layer's name; it may contain expressions, such as conv{index + 1}",
    "from": "the source of the input: an earlier layer's name, previous or input; for a join, a list of sources",
    "repeat": "number of repetitions; index counts from 0",
    "for": "lists of equal length, one pass per row: {width: [64, 128], depth: [2, 4]}",
    "when": "condition: the item is included only if it is true",
    "weights": "the layer or block whose weights it shares; they count once",
    "training_only": "true for layers that are removed after training: they count only in the training totals",
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
    "kernel_positions": "positions of the kernel: height x width",
    "read_positions": "sum of the positions in all windows of a channel",
    "pairs": "pairs of a filter and an input channel that it reads",
}

# The words of the JSON: keys and values of published output stay.
STORAGE = {Aliasing.NEW: "own", Aliasing.IN_PLACE: "overwrites", Aliasing.VIEW: "view"}


class Variant(Record):
    """The changes of formulas with another value of a setting: new formulas, and removed ones."""

    setting: str
    value: Value
    formulas: Formulas
    without: tuple[str, ...]


class Reference(Record):
    """The reference of a layer type. `paragraphs` are its text; `shared` is that of its family."""

    kind: type[LayerType]
    family: str
    summary: str
    paragraphs: tuple[str, ...]
    shared: tuple[str, ...]
    examples: tuple[str, ...]
    formulas: Formulas
    variants: tuple[Variant, ...]
    symbols: dict[str, str]

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def settings(self) -> tuple[Setting, ...]:
        return tuple(self.kind.settings.values())


# --- facts --------------------------------------------------------------------------------------


# Headings by role; types that count as depth have their own heading.
DEPTH = "Layers that count as depth"
FAMILIES = {
    "Activations": (Role.ACTIVATION, Role.PROBABILITIES),
    "Pooling": (Role.MAX_POOL, Role.AVERAGE_POOL, Role.GLOBAL_POOL),
    "Normalization": (Role.BATCH_NORM, Role.CHANNEL_NORM, Role.NORMALIZATION, Role.SCALING),
    "Joins": (Role.SUM, Role.PRODUCT, Role.CONCATENATION),
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


def default_of(setting: Setting) -> str:
    """The default of a setting, or its meaning if it is omitted."""
    if setting.required:
        return "required"
    return setting.absent if setting.default is None else literal(setting.default)


def signature(kind: type[LayerType]) -> str:
    """The settings of a type in order, with defaults; the first argument of a join are its branches."""
    parts = ["branches"] if kind.is_merge else []
    for setting in kind.settings.values():
        default = f"({default_of(setting)})" if setting.default is None else default_of(setting)
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
        kind,
        family_of(kind),
        paragraphs[0],
        paragraphs[1:],
        _paragraphs(modules[kind.__module__].__doc__ or ""),
        examples(kind),
        formulas,
        variants,
        {name: doc for name, doc in SYMBOL_DOCS.items() if name in used},
    )


def _variants(kind: type[LayerType], formulas: Formulas) -> Iterator[Variant]:
    """The other values of settings that change the formulas."""
    usual = plainest_settings(kind)
    for setting in kind.settings.values():
        if setting.name in usual:
            continue
        words: tuple[Value, ...] = tuple(word for word in setting.keywords if word != setting.default)
        for value in words or (plausible(setting),):
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
                "functions": ", ".join(expressions.FUNCTIONS),
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
    """All that is known of a layer type."""
    blocks: list[Block] = [Heading(facts.name, 1), *map(_paragraph, (facts.summary, *facts.paragraphs))]
    if facts.kind.also_known_as:
        blocks.append(Paragraph(_other_names(facts.kind)))
    if settings := tuple(_settings(facts)):
        blocks += (Heading("Settings", 3), Terms(settings))
    spec = tuple(line for example in facts.examples for line in example.split("\n"))
    blocks += (Heading("In a spec", 3), Code(spec, "yaml"))
    blocks += (Heading("Formulas", 3), Terms(tuple(facts.formulas.items())))
    for variant in facts.variants:
        terms = (*variant.formulas.items(), *((key, "none") for key in variant.without))
        blocks += (Heading(f"With {_with(facts, variant)}", 4), Terms(terms))
    if facts.symbols:
        blocks += (Heading("Names in the formulas, in addition to settings", 3), Terms(tuple(facts.symbols.items())))
    blocks += (Heading("Counting", 3), Terms(tuple(_counting(facts).items())))
    if facts.shared:
        blocks += (Heading("Family", 3), *map(_paragraph, facts.shared))
    return Document(tuple(blocks))


def _other_names(kind: type[LayerType]) -> str:
    """The names of a type in other frameworks, as a sentence."""
    return f"Also known as {listed(kind.also_known_as)}."


def _settings(facts: Reference) -> Iterator[tuple[str, str]]:
    """Each setting with its meaning and its accepted values."""
    if facts.kind.is_merge:
        yield "branches", JOIN_DOC
    for setting in facts.settings:
        default = "required" if setting.required else f"default: {default_of(setting)}"
        yield setting.name, setting.doc
        yield "", f"{setting.wants}; {default}"


def _with(facts: Reference, variant: Variant) -> str:
    """The name of a variant: a setting without a default value has no value in it."""
    alone = facts.kind.settings[variant.setting].default is None
    return variant.setting if alone else f"{variant.setting}: {literal(variant.value)}"


def _counting(facts: Reference) -> dict[str, str]:
    depth = "counts as a layer of the depth" if facts.kind.counts_as_depth else "does not count as depth"
    return {"depth": depth, "output": facts.kind.aliasing.value}


# --- tables and JSON ----------------------------------------------------------------------------

COLUMNS = (Column("type", "Type"), Column("settings", "Settings"), Column("summary", "Description"))


def tables() -> Iterator[Table]:
    """A table of the types of each family."""
    for family, kinds in families().items():
        lines = tuple(Line((kind.name, signature(kind), summary_of(kind))) for kind in kinds)
        yield Table(family, (), COLUMNS, lines, ())


def catalogue() -> Table:
    """One table of all types, with their families in a column."""
    lines = tuple(Line((*line.cells, table.title)) for table in tables() for line in table.lines)
    return Table("Layer types", (), (*COLUMNS, Column("family", "Family")), lines, ())


def settings_table(facts: Reference) -> Table:
    """The settings of a type."""
    columns = (
        Column("setting", "Setting"),
        Column("default", "Default"),
        Column("takes", "Takes"),
        Column("meaning", "Meaning"),
    )
    lines = tuple(Line((setting.name, default_of(setting), setting.wants, setting.doc)) for setting in facts.settings)
    return Table(f"Settings of {facts.name}", (), columns, lines, ())


def write_all_json() -> Iterator[str]:
    """The lines of a JSON text of all types and the rest of the language."""
    whole = {
        "schema": VERSION,
        "types": [_facts(reference(kind)) for kinds in families().values() for kind in kinds],
        "containers": CONTAINER_DOCS,
        "modifiers": MODIFIER_DOCS,
        "branch_keys": BRANCH_DOCS,
        "spec_keys": TOP_DOCS,
        "quantities": {name: quantity.doc for name, quantity in QUANTITIES.items()},
        "bounds": BOUNDS,
        "expressions": {"names": sorted(TENSOR_NAMES), "functions": list(expressions.FUNCTIONS)},
    }
    yield json.dumps(whole, indent=2)


def write_json(facts: Reference) -> Iterator[str]:
    """The lines of a JSON text of one type."""
    yield json.dumps({"schema": VERSION, **_facts(facts)}, indent=2)


def _facts(facts: Reference) -> dict[str, Any]:
    return {
        "name": facts.name,
        "family": facts.family,
        "also_known_as": list(facts.kind.also_known_as),
        "summary": facts.summary,
        "description": list(facts.paragraphs),
        "family_description": list(facts.shared),
        "several_inputs": facts.kind.is_merge,
        "settings": [_setting_facts(setting) for setting in facts.settings],
        "examples": list(facts.examples),
        "formulas": facts.formulas,
        "formulas_with": [
            {
                "setting": variant.setting,
                "value": number(variant.value),
                "formulas": variant.formulas,
                "without": list(variant.without),
            }
            for variant in facts.variants
        ],
        "symbols": facts.symbols,
        "counts_as_depth": facts.kind.counts_as_depth,
        "storage": STORAGE[facts.kind.aliasing],
    }


def _setting_facts(setting: Setting) -> dict[str, Any]:
    return {
        "name": setting.name,
        "description": setting.doc,
        "takes": setting.wants,
        "required": setting.required,
        "default": None if setting.required else number(setting.default),
        "absent": setting.absent,
        "keywords": list(setting.keywords),
    }
