"""Located nodes -> Spec: checks every name and setting, and collects all problems.

Nothing is expanded, so that unused blocks are checked as well. The hints module is loaded only for a spec with
problems.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cnncalc import bundled, limits
from cnncalc.spec.decode.blocks import decode_blocks, list_block_names
from cnncalc.spec.decode.context import Context, NetworkUse, Words
from cnncalc.spec.decode.inputs import INPUT_HINT, decode_inputs
from cnncalc.spec.decode.items import decode_items
from cnncalc.spec.decode.keys import is_library, list_nodes, read_text, read_top_level, read_year
from cnncalc.spec.decode.variables import decode_variables, report_unused_additions
from cnncalc.spec.guards import GUARDS, read_guards
from cnncalc.spec.locate import ParsedFile, Place, chain_of, locate
from cnncalc.spec.records import Declaration, Item, Spec
from cnncalc.spec.templates import TemplateReader
from cnncalc.syntax.source import Mapping


def read_spec(
    reference: str | Place, settings: Iterable[tuple[str, str]] = (), inputs: Iterable[tuple[str, str]] = ()
) -> Spec:
    """The spec of a file, of standard input (`-`), of a bundled network's name, or at a place.

    `settings` change variables and `inputs` the inputs (name "" for a single input), both as text.
    Raises SpecError if the spec cannot be read; problems that do not prevent this are in `problems`.
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
    """The Spec of a document and of those that it extends, with the networks that its items use."""
    spec, uses = decode_alone(documents, settings, inputs)
    if not uses:
        return spec
    from cnncalc.spec.decode import networks

    return networks.add_networks(spec, documents, uses, decode_alone)


def decode_alone(
    documents: tuple[ParsedFile, ...],
    settings: Iterable[tuple[str, str]] = (),
    inputs: Iterable[tuple[str, str]] = (),
) -> tuple[Spec, list[NetworkUse]]:
    """The Spec of a document and of those that it extends, without the networks that its items use; and these."""
    problems = limits.Problems()
    chain = tuple(document.mapping for document in documents)
    file, root = documents[0].shown, chain[0].span
    top, misspelled = read_top_level(chain, problems)
    block_names = list_block_names(chain)
    variables = decode_variables(chain, settings, Words(block_names), problems)
    declarations: dict[str, list[Declaration]] = {}
    inputs_node = top.get("input")
    input_names = {key.text for key, _ in inputs_node.entries} if isinstance(inputs_node, Mapping) else ()
    words = Words(block_names, input_names, "", declarations)
    reader = TemplateReader(problems, frozenset(variables), words=words, shape_uses=[])
    uses: list[NetworkUse] = []
    context = Context(problems, reader, {}, set(), declarations, [], "", {}, words, documents, uses)
    blocks = decode_blocks(chain, context)
    changes = tuple(inputs)
    if is_library(top, misspelled):
        pass
    elif not changes and "input" not in top and "input" not in misspelled:
        problems.report(root, "the spec has no input", INPUT_HINT)
    input_templates = decode_inputs(inputs_node, changes, reader)
    items: tuple[Item, ...] = ()
    if "layers" in top:
        items = decode_items(top["layers"], context)
        if not items and not problems:
            problems.report(top["layers"].span, "layers is empty", "list at least one layer")
    elif "layers" not in misspelled and not is_library(top, misspelled):
        problems.report(root, "the spec has no layers", "list them under layers:")
    outputs = [reader.without_tensor.name(node, "outputs") for node in list_nodes(top.get("outputs"))]
    spec = Spec(
        read_text(top.get("name"), "name", problems) or os.path.basename(file).removesuffix(bundled.SUFFIX),
        read_text(top.get("source"), "source", problems),
        read_text(top.get("family"), "family", problems),
        read_text(top.get("task"), "task", problems),
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
    if "override" in top:
        from cnncalc.spec.decode.overrides import decode_overrides

        spec = spec._replace(overrides=decode_overrides(chain, reader))
    report_unused_additions(documents, spec, problems)
    return spec._replace(problems=tuple(dict.fromkeys(problems))), uses
