"""Lists of layers: layers, calls of blocks, joins, branches and groups, all of them nested."""

from __future__ import annotations

import re

from cnncalc import layers
from cnncalc.errors import LONGEST_QUOTE, Span, did_you_mean, listed, quoted
from cnncalc.layers.contract import LayerType
from cnncalc.limits import Problems
from cnncalc.spec.decode.arguments import decode_arguments, decode_layer
from cnncalc.spec.decode.context import Context
from cnncalc.spec.decode.modifiers import decode_flag, decode_frozen, decode_loop, decode_name, decode_sources
from cnncalc.spec.records import (
    BRANCH_KEYS,
    MODIFIERS,
    MODIFIERS_ELSEWHERE,
    NETWORK,
    NETWORK_MODIFIERS,
    RESERVED,
    SET,
    TYPE,
    TYPE_KEYS,
    Action,
    BlockCall,
    Branch,
    Item,
    ItemGroup,
    JoinCall,
    Loop,
    SideBranches,
    TypeCall,
)
from cnncalc.spec.templates import NameTemplate, list_arguments
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind


def decode_items(node: Node | None, context: Context) -> tuple[Item, ...]:
    """The items of a list of layers; an empty list is the identity."""
    if node is None or node.is_null:
        return ()
    if isinstance(node, Sequence):
        return tuple([_decode_item(item, context) for item in node.items])
    from cnncalc.spec.decode import hints

    message = f"expected a list of layers, got {kind(node)}"
    context.problems.report(node.span, message, hints.explain_no_list(node))
    return ()


def _decode_item(node: Node, context: Context) -> Item:
    """An item with its modifiers; without an action if it is invalid."""
    problems = context.problems
    if isinstance(node, Scalar) and not node.is_null:
        return Item(node.text, _decode_action(node, None, context), node.span, is_plain=True)
    if not isinstance(node, Mapping):
        problems.report(node.span, f"expected a layer, got {kind(node)}", "write the type of a layer, such as '- relu'")
        return Item("", None, node.span)
    types = [(key, value) for key, value in node.entries if key.text not in MODIFIERS]
    modifiers = {key.text: value for key, value in node.entries if key.text in MODIFIERS}
    declared, before, shape_uses = len(context.declared), len(problems), len(context.reader.shape_uses)
    loop = decode_loop(modifiers, context, node.span)
    inside = context if loop is None else context.with_names(loop.names)
    for key, value in types:
        if key.text in TYPE_KEYS and key.text not in context.signatures and isinstance(value, Scalar):
            if key.text == TYPE and _uses_values(value, inside):
                continue
            from cnncalc.spec.decode import hints

            hints.report_type_key(key, value, [pair for pair in types if pair[0] is not key], context)
            return Item("", None, node.span)
    if "when" in modifiers or loop is not None:
        # A block may use itself where a condition ends that.
        inside = inside._replace(calls={})
    name = decode_name(modifiers.get("name"), inside)
    sources = decode_sources(modifiers.get("from"), inside)
    when = inside.value(modifiers.get("when"))
    weights = inside.reader.name(modifiers["weights"], "weights") if "weights" in modifiers else None
    share_weights = decode_flag(modifiers.get("share_weights"), "share_weights", context)
    frozen = decode_frozen(modifiers.get("frozen"), inside)
    training_only = decode_flag(modifiers.get("training_only"), "training_only", context)
    is_usable = len(problems) == before
    word, span, action = _decode_types(types, node.span, inside)
    if isinstance(action, SideBranches) and weights is not None:
        problems.report(weights.span, "weights belongs to a layer or block, not to branches", "move it into a branch")
        is_usable = False
    if share_weights and not _may_share(modifiers["share_weights"].span, loop, action, weights, problems):
        is_usable = False
    declares = tuple(context.declared[declared:])
    uses_shapes = len(context.reader.shape_uses) > shape_uses
    is_plain = not (sources or when or weights or share_weights or frozen or training_only or uses_shapes)
    action = action if is_usable else None
    flags = training_only, declares, is_plain, share_weights, frozen, uses_shapes
    return Item(word, action, span, name, sources, loop, when, weights, *flags)


def _decode_types(types: list[tuple[Scalar, Node]], span: Span, context: Context) -> tuple[str, Span, Action | None]:
    """The word of an item's type, its place, and what the item does; None if that cannot be used."""
    action: Action | None = None
    beside: dict[str, Node] = {}
    if any(key.text == NETWORK for key, _ in types) and not context.is_block(NETWORK):
        beside = {key.text: value for key, value in types if key.text in NETWORK_MODIFIERS}
        types = [(key, value) for key, value in types if key.text not in beside]
    word, place = (types[0][0].text, types[0][0].span) if types else ("", span)
    if any(key.text == TYPE for key, _ in types) and TYPE not in context.signatures:
        action = _decode_type_call(types, context)
    elif len(types) != 1:
        from cnncalc.spec.decode import hints

        hints.report_types([key for key, _ in types], span, context)
    elif word == NETWORK and not context.is_block(NETWORK):
        from cnncalc.spec.decode import networks

        word, action = networks.decode_network(*types[0], beside, context)
    else:
        action = _decode_action(*types[0], context)
    return word, place, action


def _uses_values(node: Scalar, context: Context) -> bool:
    """Whether a text uses a value, and is no word of its own."""
    return any(word in context.reader.known for word in re.findall(r"[^\W\d]\w*", node.text))


def _decode_type_call(types: list[tuple[Scalar, Node]], context: Context) -> Action | None:
    """The call of a type that an expression chooses, with the arguments of `set`; None if it cannot be used."""
    values = {key.text: value for key, value in types}
    if wrong := next((key for key, _ in types if key.text not in (TYPE, SET)), None):
        message = f"{quoted(wrong.text)} stands beside {TYPE}, which has its settings below {SET}"
        context.problems.report(wrong.span, message, f"write {SET}: {{{wrong.text}: ...}}")
        return None
    chosen = context.reader.template(values[TYPE], words=True)
    read = {key: context.reader.template(node, words=True) for key, node in list_arguments(values.get(SET)).items()}
    arguments = {key: template for key, template in read.items() if template is not None}
    return None if chosen is None or len(arguments) < len(read) else TypeCall(chosen, arguments)


def _may_share(span: Span, loop: Loop | None, action: Action | None, weights: object, problems: Problems) -> bool:
    """Whether the passes of an item can share their weights; reports why not."""
    if loop is None:
        hint = "write it beside repeat or for, or name the other layer in weights"
        problems.report(span, "share_weights is about the passes of a loop, but here is none", hint)
    elif weights is not None:
        problems.report(span, "share_weights and weights both say whose weights it uses", "write one of them")
    elif isinstance(action, SideBranches):
        problems.report(span, "share_weights is about a layer or block, not branches", "move it into one")
    else:
        return True
    return False


def _decode_action(key: Scalar, arguments: Node | None, context: Context) -> Action | None:
    """The action of an item; None if it is invalid."""
    word = key.text
    if arguments is not None and arguments.is_null:
        arguments = None
    if word in context.signatures:
        context.calls.setdefault(word, key.span)
        given = decode_arguments(key, arguments, context.signatures[word], "argument", context)
        return None if given is None else BlockCall(word, given)
    if word not in context.unusable:
        if word == NETWORK:
            context.problems.report(key.span, "network names no network", "write the name behind it: network: resnet50")
            return None
        if word == "layers":
            return ItemGroup(decode_items(arguments, context))
        if word == "branch":
            branches = _decode_branches(arguments, key, context)
            return None if branches is None else SideBranches(branches)
        if found := layers.find(word):
            decode = _decode_join if found.is_merge else decode_layer
            return decode(key, found, arguments, context)
        from cnncalc.spec.decode import hints

        hint = hints.suggest_type(word, arguments, context)
        context.problems.report(key.span, f"unknown layer type {quoted(word)}", hint)
    # Lists of layers below it are still read, so that their names are known.
    for name, value in arguments.entries if isinstance(arguments, Mapping) else ():
        if isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value.items):
            context.declared.append(NameTemplate((name.text,), name.span))
            decode_items(value, context)
    return None


def _decode_join(key: Scalar, found: type[LayerType], arguments: Node | None, context: Context) -> Action | None:
    """A join with its settings and branches; without branches, its inputs are those of `from`."""
    if _gives_settings(arguments) and any(setting.required for setting in found.settings.values()):
        return decode_layer(key, found, arguments, context)
    settings: list[tuple[Scalar, Node]] = []
    branches: Node | None = arguments
    if isinstance(arguments, Mapping):
        if misplaced := next((name for name, value in arguments.entries if _is_modifier(name, value, context)), None):
            hint = f"write `{key.text}:` and, with the same indentation, `{misplaced.text}:` on its own line"
            message = f"{misplaced.text!r} belongs beside {key.text}, not below it"
            context.problems.report(misplaced.span, message, hint)
            return None
        settings = [(name, value) for name, value in arguments.entries if name.text in found.settings]
        rest = tuple((name, value) for name, value in arguments.entries if name.text not in found.settings)
        branches = Mapping(rest, arguments.span) if rest else None
        if len(rest) == 1 and (rest[0][0].text == "branches" or _lists_inputs(*rest[0])):
            branches = rest[0][1]
        misspelled = [
            (name, value)
            for name, value in rest
            if isinstance(value, Scalar) and not value.is_null and did_you_mean(name.text, found.settings)
        ]
        if misspelled:
            settings += misspelled
            branches = None
    call = decode_layer(key, found, Mapping(tuple(settings), key.span), context)
    if branches is None or (isinstance(branches, Sequence) and not branches.items):
        return call
    decoded = _decode_branches(branches, key, context)
    return None if call is None or decoded is None else JoinCall(call, decoded)


def _gives_settings(node: Node | None) -> bool:
    """Whether a value, or a list of values, gives settings by position; branches are lists of layers."""
    items = node.items if isinstance(node, Sequence) else (node,)
    return bool(items) and all(isinstance(item, Scalar) and not item.is_null for item in items)


def _is_modifier(name: Scalar, value: Node, context: Context) -> bool:
    """Whether a key below a join belongs beside it: the word of a modifier, with a value that is not a branch."""
    if name.text not in MODIFIERS:
        return False
    items = value.items if isinstance(value, Sequence) else (value,)
    return any(isinstance(item, Scalar) and not item.is_null and not context.is_type(item.text) for item in items)


def _lists_inputs(key: Scalar, value: Node) -> bool:
    """Whether a key is a list of names under another tool's word for `from`, such as `inputs: [a, b]`."""
    is_list = isinstance(value, Sequence) and all(isinstance(item, Scalar) for item in value.items)
    return is_list and key.text.casefold() in MODIFIERS_ELSEWHERE["from"]


def _decode_branches(node: Node | None, key: Scalar, context: Context) -> tuple[Branch, ...] | None:
    """The branches of a join, or side branches; None if one is invalid."""
    problems = context.problems
    is_join = key.text != "branch"
    if isinstance(node, Mapping):
        decoded = [_decode_branch(name, value, context) for name, value in node.entries]
    elif isinstance(node, Sequence):
        texts = [item.text for item in node.items if isinstance(item, Scalar) and not item.is_null]
        if len(texts) == len(node.items) > 0 and not all(map(context.is_type, texts)):
            read = f"[{', '.join(texts)}]"
            read = read if read.isprintable() and len(read) <= LONGEST_QUOTE else "[...]"
            hint = "write each branch as a list of layers"
            if is_join:
                hint = f"to read layers by name, write `{key.text}:` with `from: {read}` in the same item"
            problems.report(node.span, f"{key.text} takes branches, not names of layers", hint)
            return None
        decoded = [_decode_branch(None, value, context) for value in node.items]
    else:
        hint = "write a list of branches, or a mapping from names of branches to lists of layers"
        if node is not None and is_join:
            hint = f"write its branches, or only {key.text} with from: [..., ...] in the same item"
        found, span = ("nothing", key.span) if node is None else (kind(node), node.span)
        problems.report(span, f"{key.text} takes branches, not {found}", hint)
        return None
    branches = tuple(branch for branch in decoded if branch is not None)
    if is_join and len(decoded) == len(branches) == 1 and branches[0].when is None and branches[0].loop is None:
        message = f"{key.text} needs at least 2 branches, got 1"
        problems.report(key.span, message, "add an empty branch for the identity")
        return None
    return branches if len(branches) == len(decoded) else None


def _decode_branch(name: Scalar | None, node: Node, context: Context) -> Branch | None:
    """A branch: a list of layers, or a mapping with the list and modifiers; None if it is invalid."""
    problems = context.problems
    label, span = None, node.span
    if name is not None:
        if not re.fullmatch(r"[\w/+-]+", name.text):
            hint = "use letters, digits and _ - + /"
            problems.report(name.span, f"{quoted(name.text)} cannot be the name of a branch", hint)
            return None
        if name.text in RESERVED:
            problems.report(name.span, f"{name.text!r} is a reserved name", "use another name")
            return None
        label, span = name.text, name.span
        context.declare(NameTemplate((label,), span))
    if isinstance(node, Scalar) and not node.is_null:
        hint = f"write a list: [{node.text}]" if node.text.isprintable() else "write a list"
        problems.report(node.span, f"a branch is a list of layers, not {kind(node)}", hint)
        return None
    if not isinstance(node, Mapping):
        return Branch(label, decode_items(node, context), span)
    for key, _ in node.entries:
        if key.text not in BRANCH_KEYS:
            hint = did_you_mean(key.text, BRANCH_KEYS, f"the keys of a branch are {listed(BRANCH_KEYS)}")
            if context.is_type(key.text):
                hint = f"write the branch as a list: begin {key.text} with '- '"
            problems.report(key.span, f"unknown key {quoted(key.text)} in a branch", hint)
            return None
    values = {key.text: value for key, value in node.entries}
    before = len(problems)
    loop = decode_loop(values, context, node.span)
    inside = context if loop is None else context.with_names(loop.names)
    if "when" in values or loop is not None:
        inside = inside._replace(calls={})
    when = inside.value(values.get("when"))
    sources = decode_sources(values.get("from"), inside)
    is_usable = len(problems) == before
    items = decode_items(values.get("layers"), inside)
    return Branch(label, items, span, when, loop, sources) if is_usable else None
