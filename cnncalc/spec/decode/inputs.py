"""The inputs of a spec, with sizes overridden by options."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from cnncalc import surface
from cnncalc.errors import Span, listed, quoted
from cnncalc.layers.shapes import times
from cnncalc.limits import Problems
from cnncalc.spec.decode.keys import check_input_name
from cnncalc.spec.templates import Constant, Template, TemplateReader
from cnncalc.syntax.expressions import UNKNOWN
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind

INPUT_HINT = "write input: [channels, height, width], such as [3, 224, 224]"

# The sizes of an input; a Constant replaces sizes whose problem is already reported.
Sizes: TypeAlias = "Node | Constant"


def decode_inputs(
    node: Node | None, changes: Iterable[tuple[str, str]], reader: TemplateReader
) -> tuple[tuple[str, Template], ...]:
    """The template of each input by name. `changes` override sizes, as text (name "" for a single input)."""
    inputs: dict[str, Sizes] = {}
    if isinstance(node, Mapping):
        inputs = _inputs_by_name(node, reader.problems)
    elif node is not None:
        inputs = {"input": node}
    for name, text in changes:
        _change_input(inputs, name, text, reader.problems)
    reader = reader.without_tensor
    return tuple(
        (name, sizes if isinstance(sizes, Constant) else _decode_sizes(sizes, reader)) for name, sizes in inputs.items()
    )


def _inputs_by_name(node: Mapping, problems: Problems) -> dict[str, Sizes]:
    """The sizes of the inputs in a mapping, by name."""
    if not node.entries:
        problems.report(node.span, "input is empty", INPUT_HINT)
    elif all(isinstance(value, Scalar) for _, value in node.entries):
        from cnncalc.spec.decode import hints

        if written := hints.join_sizes(node):
            problems.report(node.span, "input is a list of sizes, not a mapping", f"write input: {written}")
            return {"input": Constant(UNKNOWN, node.span)}
    return {key.text: value for key, value in node.entries if check_input_name(key, problems)}


def _change_input(inputs: dict[str, Sizes], name: str, text: str, problems: Problems) -> None:
    """Replace the sizes of an input. Reports an unknown input, and implausible sizes."""
    key = name or "input"
    shown = surface.input_shape(name, text)
    if inputs and key not in inputs:
        known = listed(inputs, "and")
        hint = f"the inputs are {known}" if len(inputs) > 1 else f"the input is named {known}"
        if not name:
            hint = f"the inputs are {known}: write {surface.new_input_shape(next(iter(inputs)), text)}"
        problems.report(None, f"{shown}: the spec has no input {quoted(key)}", hint)
        return
    span = Span(shown, 0, 1)
    texts = re.split(r"[x×,]", text.strip("[] "))
    wrong = next((size.strip() for size in texts if not re.fullmatch(r"\s*[0-9]+\s*", size)), None)
    own = inputs.get(key)
    if wrong is not None:
        from cnncalc.spec.decode import hints

        such = times(hints.read_sizes(text) or (3, 224, 224))
        example = f"{'as in' if such in text else 'such as'} {surface.sizes(such)}"
        problems.report(span, f"{quoted(wrong)} is not a size", f"write the channels, then the sizes, {example}")
        inputs.setdefault(key, Constant(UNKNOWN, span))
        return
    if isinstance(own, Sequence) and own.items and _is_other_number(own.items[0], texts[0]):
        from cnncalc.spec.decode import hints

        if meant := hints.complete_shape(texts, own):
            message = f"channels come first, and the input of this spec has {meant.channels} channels"
            problems.report(span, message, f"write {surface.new_input_shape(name, str(meant))}")
            inputs[key] = Constant(UNKNOWN, span)
            return
    inputs[key] = Sequence(tuple(Scalar(size.strip(), True, span, literal=False) for size in texts), span)


def _is_other_number(node: Node, text: str) -> bool:
    return isinstance(node, Scalar) and node.text.strip() != text.strip()


def _decode_sizes(node: Node, reader: TemplateReader) -> Template:
    """The template of an input's sizes; an unknown value if they are invalid."""
    # A name is a variable, and 3*32*32 is an expression.
    if isinstance(node, Scalar) and not node.text.isidentifier() and "*" not in node.text:
        from cnncalc.spec.decode import hints

        if sizes := hints.read_sizes(node.text):
            moved = re.match(r"\D*0*(\d+)", node.text)
            first = "; channels come first" if moved and moved.group(1) != str(sizes.channels) else ""
            hint = f"write [{', '.join(map(str, sizes))}]{first}"
            reader.problems.report(node.span, f"input takes a list, not {kind(node)}", hint)
            return Constant(UNKNOWN, node.span)
    return reader.template(node) or Constant(UNKNOWN, node.span)
