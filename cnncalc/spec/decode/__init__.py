"""Located nodes -> Spec: every name and setting is checked, and all problems are collected.

Nothing is expanded, so that a block that nothing uses is checked as well. Hints about what was meant are loaded
only for a spec that has problems.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cnncalc import bundled, limits
from cnncalc.spec.decode.blocks import decode_blocks
from cnncalc.spec.decode.context import Context
from cnncalc.spec.decode.inputs import INPUT_HINT, decode_inputs
from cnncalc.spec.decode.items import decode_items
from cnncalc.spec.decode.keys import list_nodes, read_text, read_top_level, read_year
from cnncalc.spec.decode.variables import decode_variables, report_unused_additions
from cnncalc.spec.guards import GUARDS, read_guards
from cnncalc.spec.locate import ParsedFile, Place, chain_of, locate
from cnncalc.spec.records import Item, Spec
from cnncalc.spec.templates import TemplateReader


def read_spec(
    reference: str | Place, settings: Iterable[tuple[str, str]] = (), inputs: Iterable[tuple[str, str]] = ()
) -> Spec:
    """The spec of a file, of standard input (`-`), of a bundled network's name, or at a place.

    `settings` change variables and `inputs` the input (name "" for the one input), both as text.
    Raises SpecError if no spec can be made of it; problems that can be reported beside others are in `problems`.
    """
    try:
        return decode(chain_of(locate(reference), inputs), settings, inputs)
    finally:
        limits.rest()


def decode(
    documents: tuple[ParsedFile, ...],
    settings: Iterable[tuple[str, str]] = (),
    inputs: Iterable[tuple[str, str]] = (),
) -> Spec:
    """The Spec of a document and of those that it extends."""
    problems = limits.Problems()
    chain = tuple(document.mapping for document in documents)
    file, root = documents[0].shown, chain[0].span
    top, misspelled = read_top_level(chain, problems)
    variables = decode_variables(chain, settings, problems)
    reader = TemplateReader(problems, frozenset(variables))
    context = Context(problems, reader, {}, set(), {}, [], "", {})
    blocks = decode_blocks(chain, context)
    changes = tuple(inputs)
    if not changes and "input" not in top and "input" not in misspelled:
        problems.report(root, "the spec has no input", INPUT_HINT)
    input_templates = decode_inputs(top.get("input"), changes, reader)
    items: tuple[Item, ...] = ()
    if "layers" in top:
        items = decode_items(top["layers"], context)
        if not items and not problems:
            problems.report(top["layers"].span, "layers is empty", "list at least one layer")
    elif "layers" not in misspelled:
        problems.report(root, "the spec has no layers", "list them under layers:")
    outputs = [reader.without_tensor.name(node, "outputs") for node in list_nodes(top.get("outputs"))]
    spec = Spec(
        read_text(top.get("name"), "name", problems) or os.path.basename(file).removesuffix(bundled.SUFFIX),
        read_text(top.get("source"), "source", problems),
        read_text(top.get("family"), "family", problems),
        read_year(top.get("year"), problems),
        file,
        tuple((document.shown, document.text) for document in documents),
        input_templates,
        variables,
        blocks,
        items,
        tuple(name for name in outputs if name is not None),
        read_guards({key: top[key] for key in GUARDS if key in top}, reader.known, problems),
        context.declarations,
        root,
        (),
    )
    report_unused_additions(chain, spec, problems)
    return spec._replace(problems=tuple(dict.fromkeys(problems)))
