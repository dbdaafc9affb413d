"""The modifiers of an item: its name, its sources, its loop and its flags."""

from __future__ import annotations

from cnncalc import layers
from cnncalc.errors import Span, did_you_mean, quoted
from cnncalc.spec.decode.context import Context
from cnncalc.spec.decode.keys import check_input_name, check_value_name, list_nodes
from cnncalc.spec.records import Frozen, Loop, Sources, name_problem
from cnncalc.spec.templates import Computed, Constant, NameTemplate, Template
from cnncalc.syntax.expressions import UNKNOWN
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind


def decode_loop(modifiers: dict[str, Node], context: Context, span: Span) -> Loop | None:
    """The loop of `repeat` and `for`; None if both are missing."""
    if "repeat" not in modifiers and "for" not in modifiers:
        return None
    walks: list[tuple[tuple[str, ...], Template]] = []
    problems = context.problems
    node = modifiers.get("for")
    if isinstance(node, Mapping) and node.entries:
        for key, value in node.entries:
            names = tuple(word.strip() for word in key.text.split(","))
            if not all(check_value_name(name, key.span, "a value of for", problems) for name in names):
                continue
            if "index" in names:
                problems.report(key.span, "'index' is the number of the pass", "use another name")
            walks.append((names, context.reader.template(value, words=True) or Constant(UNKNOWN, value.span)))
    elif node is not None:
        found = "an empty one" if isinstance(node, Mapping) else kind(node)
        hint = "write for: {width: [64, 128]}, for example"
        problems.report(node.span, f"for takes a mapping from names to lists, not {found}", hint)
    loop = Loop(None, tuple(walks), modifiers["repeat"].span if "repeat" in modifiers else span)
    # The number of passes may depend on the row of `for`.
    inside = context if node is None else context.with_names(loop.names)
    return loop._replace(repeat=inside.value(modifiers.get("repeat")))


def decode_name(node: Node | None, context: Context) -> NameTemplate | None:
    """The name of an item, which is declared in the context."""
    name = None if node is None else context.reader.without_tensor.name(node, "name")
    if name is None:
        return None
    if name.constant is not None and (wrong := name_problem(name.constant)):
        context.declared.append(name)
        context.problems.report(name.span, *wrong)
        return None
    context.declare(name)
    return name


def decode_sources(node: Node | None, context: Context) -> Sources | None:
    """The tensors that `from` names."""
    if node is None:
        return None
    if isinstance(node, Mapping):
        named = [
            (key.text, value)
            for key, value in node.entries
            if key.text == "input" or check_input_name(key, context.problems)
        ]
    else:
        named = [("", value) for value in list_nodes(node)]
    if not named:
        context.problems.report(node.span, "from names no layer", "name a layer, or remove from")
    names = [(key or None, _read_source(value, context)) for key, value in named]
    return Sources(tuple((key, name) for key, name in names if name is not None), node.span)


def _read_source(node: Node, context: Context) -> NameTemplate | None:
    """The name of a tensor, or of a value that holds such names where no tensor has it."""
    reader = context.reader
    name = reader.name(node, "from")
    if name is None or name.constant not in reader.known or not isinstance(node, Scalar):
        return name
    value = reader.expression(node.text, node.span, node.text_column)
    return name._replace(value=value) if isinstance(value, Computed) else name


def decode_frozen(node: Node | None, context: Context) -> Frozen:
    """Which weights `frozen` marks: true for all, or the layer types whose weights they are."""
    if node is None or (isinstance(node, Scalar) and node.text in ("true", "True", "false", "False")):
        return decode_flag(node, "frozen", context)
    found: set[str] = set()
    for item in node.items if isinstance(node, Sequence) else (node,):
        if not isinstance(item, Scalar) or item.is_null:
            message = f"frozen takes true, false or layer types, not {kind(item)}"
            context.problems.report(item.span, message, "such as frozen: batch_norm")
        elif layers.find(item.text) is None:
            hint = did_you_mean(item.text, layers.all_types(), "`cnncalc layers` lists the types")
            context.problems.report(item.span, f"frozen: unknown layer type {quoted(item.text)}", hint)
        else:
            found.add(item.text)
    return frozenset(found)


def decode_flag(node: Node | None, key: str, context: Context) -> bool:
    """Whether a key is true; false if it is missing."""
    if isinstance(node, Scalar) and node.text in ("true", "True", "false", "False"):
        return node.text.lower() == "true"
    if node is not None:
        context.problems.report(node.span, f"{key} takes true or false, not {kind(node)}")
    return False
