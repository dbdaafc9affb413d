"""The blocks of a spec: their signatures and their items."""

from __future__ import annotations

import re

from cnncalc import layers, limits
from cnncalc.errors import Span, quoted
from cnncalc.limits import Problems
from cnncalc.spec.decode.context import Context
from cnncalc.spec.decode.items import decode_items
from cnncalc.spec.decode.keys import check_value_name, sections
from cnncalc.spec.records import CONTAINERS, MODIFIERS, NETWORK, RESERVED, Block, Parameter
from cnncalc.syntax.source import Mapping, Node, Scalar


def decode_blocks(chain: tuple[Mapping, ...], context: Context) -> dict[str, Block]:
    """The blocks without errors in their signatures. Adds all signatures to the context before reading any block."""
    found: dict[str, tuple[Scalar, Node]] = {}
    hint = "write the name of a block and a colon, without a dash, such as conv_bn(filters):"
    for entries in sections(chain, "blocks", "blocks to their layers", hint, context.problems):
        lines: dict[str, int] = {}
        for key, body in entries:
            name = key.text.partition("(")[0].strip()
            if name in lines:
                message = f"the block {name!r} is already defined in line {lines[name]}"
                context.problems.report(key.span, message, "rename one of them")
                continue
            lines[name] = key.span.line
            found[name] = (key, body)
    tensors_of: dict[str, tuple[str, ...]] = {}
    for name, (key, _) in found.items():
        parameters = _read_signature(key, context, tensors_of)
        if parameters is None:
            # Calls of this block are not reported, too.
            context.unusable.add((re.match(r"\w+", name) or [name])[0])
        else:
            context.signatures[name] = parameters
    blocks = {}
    calls: dict[str, dict[str, Span]] = {}
    for name, parameters in context.signatures.items():
        key, body = found[name]
        calls[name] = {}
        tensors = tensors_of.get(name, ())
        inside = context.in_block(name, tensors, parameters)._replace(calls=calls[name])
        blocks[name] = Block(name, tuple(parameters.values()), decode_items(body, inside), key.span, tensors)
    circular = _report_circles(calls, context.problems)
    return {name: block for name, block in blocks.items() if name not in circular}


def list_block_names(chain: tuple[Mapping, ...]) -> frozenset[str]:
    """The names of all blocks, which may have problems."""
    nodes = [node for mapping in chain if isinstance(node := mapping.get("blocks"), Mapping)]
    return frozenset([key.text.partition("(")[0].strip() for node in nodes for key, _ in node.entries])


def _read_signature(
    key: Scalar, context: Context, tensors_of: dict[str, tuple[str, ...]]
) -> dict[str, Parameter] | None:
    """The parameters of `name(a, b=1)`; None if something is wrong with them.

    Adds the inputs that `name(x, y; a, b=1)` names to `tensors_of`.
    """
    problems = context.problems
    match = re.fullmatch(r"\s*([^\W\d]\w*)(?:\s*\((.*)\))?\s*", key.text, re.DOTALL)
    if match is None:
        hint = "write it like a function: conv_bn(filters, kernel=3)"
        problems.report(key.span, f"{quoted(key.text)} is not the signature of a block", hint)
        return None
    name, inside = match.group(1), match.group(2) or ""
    found = layers.find(name)
    is_type = found is not None and found.is_reserved
    if is_type or (name in CONTAINERS and name != NETWORK) or name in MODIFIERS:
        what = "a layer type already" if is_type else "a word of the language"
        problems.report(key.span, f"{name!r} is {what}", "give the block another name")
        return None
    before = len(problems)
    column = None if key.text_column is None else key.text_column + match.start(2)
    named, semicolon, values = inside.rpartition(";")
    if semicolon:
        tensors_of[name] = _read_tensors(named, column, key.span, problems)
        column = None if column is None else column + len(named) + 1
    parameters: dict[str, Parameter] = {}
    for start, text in _split_parameters(values):
        _read_parameter(text, None if column is None else column + start, key.span, parameters, context)
    for tensor in tensors_of.get(name, ()):
        if tensor in parameters:
            message = f"{quoted(tensor)} is a tensor before the ; and a parameter after it"
            problems.report(key.span, message, "rename one")
    return parameters if len(problems) == before else None


def _read_tensors(text: str, column: int | None, signature: Span, problems: Problems) -> tuple[str, ...]:
    """The names of a block's inputs, before the `;` of its signature."""
    names: list[str] = []
    for start, name in _split_parameters(text):
        span = signature.within(column, start)
        if name in RESERVED:
            hint = "give the tensor a name of its own"
            problems.report(span, f"{name!r} is a reserved name", hint)
        elif "=" in name:
            hint = "defaults belong to the parameters after the ;"
            problems.report(span, f"{quoted(name)} stands before the ;, where tensors are named", hint)
        elif name in names:
            problems.report(span, f"the tensor {name!r} stands here a second time", "rename one")
        elif check_value_name(name, span, "a tensor", problems):
            names.append(name)
    return tuple(names)


def _split_parameters(text: str) -> list[tuple[int, str]]:
    """The parameters of a signature with their offsets, split at commas outside brackets."""
    parts: list[tuple[int, str]] = []
    depth = start = 0
    for position, character in enumerate(f"{text},"):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            part = text[start:position]
            if part.strip() or parts or position < len(text):
                parts.append((start + len(part) - len(part.lstrip()), part.strip()))
            start = position + 1
    return parts


def _read_parameter(
    text: str, column: int | None, signature: Span, parameters: dict[str, Parameter], context: Context
) -> None:
    """Add the parameter whose text begins in `column`; its default may use the parameters before it."""
    problems = context.problems
    span = signature.within(column, 0)
    word, equals, default = text.partition("=")
    name = word.strip()
    limits.spend(len(parameters))
    if not check_value_name(name, span, "a parameter", problems):
        return
    if name in parameters:
        problems.report(span, f"the parameter {name!r} is given twice", "rename one of them")
    if not equals and parameters and not next(reversed(parameters.values())).required:
        problems.report(
            span, f"the parameter {name!r} without a default follows one with a default", "move it before that"
        )
    template = None
    if equals:
        shift = len(word) + 1 + len(default) - len(default.lstrip())
        reader = context.with_names(parameters).reader
        start = None if column is None else column + shift
        template = reader.expression(default.strip(), signature, start, words=True)
    parameters.pop(name, None)
    parameters[name] = Parameter(name, template, not equals)


def _report_circles(calls: dict[str, dict[str, Span]], problems: Problems) -> set[str]:
    """The blocks that use themselves under no condition, directly or through others: they would never end."""
    circular: set[str] = set()
    done: set[str] = set()
    for root, called in calls.items():
        # A dictionary keeps the order of its keys, and finds one at once.
        above: dict[str, None] = {root: None}
        waiting = [iter(called.items())]
        while waiting:
            for other, span in waiting[-1]:
                if other in above:
                    limits.spend(len(above))
                    path = list(above)
                    circle = path[path.index(other) :]
                    if circular.isdisjoint(circle):
                        way = " -> ".join((*circle[:6], *["..."][: len(circle) > 6], other))
                        hint = "add a when: that ends it; repeat: places a block several times"
                        problems.report(span, f"the block {other!r} uses itself without end: {way}", hint)
                    circular.update(circle)
                elif other not in done and other in calls:
                    above[other] = None
                    waiting.append(iter(calls[other].items()))
                    break
            else:
                waiting.pop()
                done.add(above.popitem()[0])
    return circular
