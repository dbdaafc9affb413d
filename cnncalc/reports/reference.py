"""The reference of layer types: their own declarations as documents, JSON and tables.

What a type is called, takes and computes is asked of the type. Only the words around them stand
here: the keys of the language that belong to no type, and the names that formulas use.
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
from cnncalc.spec.records import SET, TYPE
from cnncalc.spec.templates import SHAPE, TENSOR_NAMES
from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import Setting
from cnncalc.text import number

VERSION = 1

TOP_DOCS = {
    "name": "the network's name, shown in the header; the file's name without it",
    "source": "free text, such as the paper; shown in the header",
    "family": "what `cnncalc list` groups it with, such as ResNet",
    "year": "when it was published",
    "extends": "a spec of the same folder, or a bundled network, that this one starts from and changes",
    "input": "the input's sizes, channels first and without the batch, or a mapping of several inputs",
    "variables": "names for values that expressions may use; each may use those above it, --set changes one",
    "blocks": "lists of layers under a name with parameters, written like functions: conv_bn(filters, kernel=3)",
    "layers": "the network: a list of layers, blocks and joins, each of which reads the one before it",
    "outputs": "the layers whose outputs the network gives, where it is not the last one",
    "budget": "limits that `cnncalc check` holds the network to: params: 5M is at most, {min: 1M} at least",
    "expect": "figures and shapes that `cnncalc check` expects, such as output: [1000]",
    "assert": "conditions that `cnncalc check` expects, such as params('fc6') / params() < 0.5",
}
CONTAINER_DOCS = {
    "layers": "a list of layers as one item, an unnamed block: to repeat them or to leave them out together",
    "branch": "side outputs: branches that start here and leave the main path as it is",
}
MODIFIER_DOCS = {
    "name": "what the layer is called; it may hold expressions, as in conv{index + 1}",
    "from": "where the input comes from: an earlier layer's name, previous or input; for a join a list of them",
    "repeat": "how often the item is placed; index counts from 0",
    "for": "lists that are walked together, one pass a row: {width: [64, 128], depth: [2, 4]}",
    "when": "the item is there only where this is true",
    "weights": "the layer or block whose weights it shares; they count once",
    "share_weights": "true for passes of repeat or for that all use the weights of the first; they count once",
    "frozen": "true for weights that training leaves unchanged: they count as buffers",
    "training_only": "true for what is thrown away after training: it counts in the training totals only",
}
TYPE_CALL_DOCS = {
    TYPE: "an expression whose value is the item's type, such as act for a parameter act: relu",
    SET: "the settings of the type that `type` chooses, by name, by position or a single one",
}
BRANCH_DOCS = {
    "layers": "the layers of the branch; an empty list passes its input on",
    "when": "the branch is there only where this is true; a join with one branch left is that branch",
    "from": "where the branch starts, if not from the current tensor",
    "repeat": "how many such branches there are; index counts from 0",
    "for": "lists that are walked together, one branch a row",
}
JOIN_DOC = (
    "a list of branches, or a mapping of their names to them, each a list of layers; in their place, "
    "from: [...] beside the type names earlier layers"
)
SYMBOL_DOCS = {
    "in_size": "size of the input along the axis",
    "before": "padding before the axis",
    "after": "padding after the axis",
    "others": "sizes of the other inputs along the axis, together",
    "outputs": "size of the output along the axis, as the settings give it",
    "in_channels": "channels of the input",
    "in_positions": "positions of the input: height x width",
    "in_elements": "numbers of the input: channels x height x width",
    "out_positions": "positions of the output: height x width",
    "out_elements": "numbers of the output: channels x height x width",
    "rank": "spatial axes: 2 for an image",
    "inputs": "how many inputs there are",
    "all_in_channels": "list of the channels of each input",
    "all_in_elements": "list of how many numbers each input has",
    "axis_size": "size of the axis",
    "together": "numbers that are normalized together",
    "reduced": "numbers that become one",
    "places": "places along the axes before the last two, together",
    "rows": "rows of the first input",
    "columns": "columns of the second input",
    "inner": "columns of the first input, which are the rows of the second",
    "kernel_positions": "positions of the kernel: height x width",
    "read_positions": "positions of all the parts of one channel that are read",
    "pairs": "pairs of a filter and an input channel that it reads",
}

# The words of the JSON: keys and values of published output stay.
STORAGE = {Aliasing.NEW: "own", Aliasing.IN_PLACE: "overwrites", Aliasing.VIEW: "view"}


class Variant(Record):
    """How a setting's other value changes the formulas: new texts, and those that are gone."""

    setting: str
    value: Value
    formulas: Formulas
    without: tuple[str, ...]


class Reference(Record):
    """All that is known of a layer type. `paragraphs` are its text; `shared` is that of its family."""

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


# The headings that types stand under, by what they are there for; what counts as depth has a heading of its own.
DEPTH = "Layers that count as depth"
FAMILIES = {
    "Activations": (Role.ACTIVATION, Role.PROBABILITIES),
    "Pooling": (Role.MAX_POOL, Role.AVERAGE_POOL, Role.GLOBAL_POOL),
    "Normalization": (Role.BATCH_NORM, Role.CHANNEL_NORM, Role.NORMALIZATION, Role.SCALING),
    "Joins": (Role.SUM, Role.PRODUCT, Role.MATRIX_PRODUCT, Role.CONCATENATION),
    "Layers that move numbers": (Role.REARRANGEMENT, Role.RESAMPLING),
}
OTHERS = "Other layers"


def family_of(kind: type[LayerType]) -> str:
    """The heading that a type stands under."""
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
    """The paragraphs of a docstring. Raises SpecError where Python has left docstrings out."""
    if documentation is None:
        message = "the reference is made of docstrings, which Python leaves out with -OO and PYTHONOPTIMIZE=2"
        raise SpecError([Problem(None, message, "run cnncalc without them")])
    text = cleandoc(documentation)
    return tuple(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip())


def summary_of(kind: type[LayerType]) -> str:
    """The first line of a type's documentation."""
    return _paragraphs(kind.__doc__)[0]


def default_of(setting: Setting) -> str:
    """The default of a setting, or what it means that none is given."""
    if setting.required:
        return "required"
    return setting.absent if setting.default is None else literal(setting.default)


def signature(kind: type[LayerType]) -> str:
    """The settings of a type in their order, with defaults; what a join takes first are its branches."""
    parts = ["branches"] if kind.is_merge else []
    for setting in kind.settings.values():
        default = f"({default_of(setting)})" if setting.default is None else default_of(setting)
        parts.append(setting.name if setting.required else f"{setting.name}={default}")
    return ", ".join(parts)


def reference(kind: type[LayerType]) -> Reference:
    """All that is known of a layer type."""
    paragraphs = _paragraphs(kind.__doc__)
    layer = sample(kind, **plainest_settings(kind))
    if layer is None:
        raise LookupError(f"no example of {kind.name} is known")
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
    """What belongs to no layer type: headings, each with words and what they mean."""
    return (
        ("Items that hold layers", CONTAINER_DOCS),
        ("Beside the type of any item", MODIFIER_DOCS),
        ("In place of a type: one that an expression chooses", TYPE_CALL_DOCS),
        ("Keys of a branch that is more than a list", BRANCH_DOCS),
        ("Keys of a spec", TOP_DOCS),
        (
            "Below budget and expect: quantities, alone or of a layer or block (fc6.params)",
            {name: quantity.doc for name, quantity in QUANTITIES.items()},
        ),
        ("Below a quantity of budget that is more than a number", BOUNDS[BUDGET]),
        ("Below a quantity of expect that is more than its value", BOUNDS[EXPECT]),
        (
            "In place of any number, true, false or list: an expression",
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
            "Settings are listed with their defaults, the main one first. `cnncalc layers TYPE` shows all of a type."
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
    """A type with its settings, as a function would be called."""
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
        blocks += (Heading("Names in the formulas, beside the settings", 3), Terms(tuple(facts.symbols.items())))
    blocks += (Heading("Counting", 3), Terms(tuple(_counting(facts).items())))
    if facts.shared:
        blocks += (Heading("Its family", 3), *map(_paragraph, facts.shared))
    return Document(tuple(blocks))


def _other_names(kind: type[LayerType]) -> str:
    """The names of a type elsewhere, as a sentence."""
    return f"Also known as {listed(kind.also_known_as)}."


def _settings(facts: Reference) -> Iterator[tuple[str, str]]:
    """Each setting with what it means, then with what it takes."""
    if facts.kind.is_merge:
        yield "branches", JOIN_DOC
    for setting in facts.settings:
        default = "required" if setting.required else f"default: {default_of(setting)}"
        yield setting.name, setting.doc
        yield "", f"{setting.wants}; {default}"


def _with(facts: Reference, variant: Variant) -> str:
    """What a variant is called: a setting that has no default value is named alone."""
    alone = facts.kind.settings[variant.setting].default is None
    return variant.setting if alone else f"{variant.setting}: {literal(variant.value)}"


def _counting(facts: Reference) -> dict[str, str]:
    depth = "counts as a layer of the depth" if facts.kind.counts_as_depth else "adds nothing to the depth"
    output = facts.kind.aliasing.value if facts.kind.least_inputs else "its weights themselves"
    return {"depth": depth, "output": output}


# --- tables and JSON ----------------------------------------------------------------------------

COLUMNS = (Column("type", "Type"), Column("settings", "Settings"), Column("summary", "What it is"))


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
        "expressions": {"names": sorted(TENSOR_NAMES), "functions": [*expressions.FUNCTIONS, SHAPE]},
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
