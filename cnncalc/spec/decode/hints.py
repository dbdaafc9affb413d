"""Guesses the meaning of wrong words. Imported only for a spec with problems."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as NamesToValues

from cnncalc import layers
from cnncalc.errors import LONGEST_QUOTE, Span, ascii_lookalike, did_you_mean, listed, nearest, quoted
from cnncalc.layers import foreign
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape, with_channels_first
from cnncalc.limits import Problems
from cnncalc.spec.decode.context import Context
from cnncalc.spec.records import (
    CONTAINERS,
    MODIFIERS,
    MODIFIERS_ELSEWHERE,
    NETWORK_MODIFIERS,
    SET,
    TOP_KEYS,
    TOP_KEYS_ELSEWHERE,
    TYPE,
    Parameters,
)
from cnncalc.syntax.settings import Flag, Setting
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence

SIZES = r"[\s(\[（]*[0-9]{1,9}(?:[\sxX×*,，、;]+[0-9]{1,9}){1,5}[\s)\]）]*"
AXIS_WORDS = (("channels", "c"), ("depth", "d"), ("height", "h"), ("width", "w"))
NAMED = r"(?:^|,)\s*[^\W\d]\w*\s*=(?!=)"


def _meant_elsewhere(word: str, elsewhere: NamesToValues[str, tuple[str, ...]]) -> list[str]:
    """The keys that correspond to a word of other tools."""
    return [key for key, words in elsewhere.items() if word.casefold() in words]


# --- keys ---------------------------------------------------------------------------------------


def suggest_top_key(word: str, node: Node) -> tuple[str, list[str]]:
    """A hint for a word that is not a top-level key, and the keys that it means."""
    if layers.find(word) or word in MODIFIERS:
        return "write layers in the list under layers:, each after a '-'", []
    if isinstance(node, Mapping) and (own := [key for key in ("input", "layers") if node.get(key)]):
        return f"remove it: {listed(f'{key}:' for key in own)} belong{'s' * (len(own) == 1)} at the top of a spec", own
    near = _meant_elsewhere(word, TOP_KEYS_ELSEWHERE)
    near = near or nearest(word, TOP_KEYS, 0.75 if isinstance(node, Scalar) else 0.6)
    if near:
        return f"did you mean {' or '.join(map(quoted, near))}?", near[:1]
    own_value = "; write your own values under variables:" if isinstance(node, Scalar) else ""
    return f"the keys of a spec are {listed(TOP_KEYS)}{own_value}", []


# --- items --------------------------------------------------------------------------------------


def explain_no_list(node: Node) -> str:
    """How to write a node as a list of layers."""
    if isinstance(node, Mapping) and all(key.text.startswith("-") for key, _ in node.entries):
        return "write a space after each dash"
    if isinstance(node, Mapping) and node.get("layers") is not None:
        parameters = "; a block declares its parameters in its name, such as unit(width):"
        return f"write only the list, without layers: above it{parameters if len(node.entries) > 1 else ''}"
    return "begin each layer with '- '"


def report_type_key(key: Scalar, value: Scalar, settings: list[tuple[Scalar, Node]], context: Context) -> None:
    """Report a layer whose type is the value of a key, as in `type: conv`."""
    hint = foreign.suggest_type(value.text, context.signatures, Mapping(tuple(settings), key.span))
    hint = hint or "write `- conv: {filters: 64, kernel: 3}`"
    message = f"the type of a layer is the key of its item, not the value of {quoted(key.text)}"
    if key.text == TYPE and value.text.isidentifier() and not foreign.find_types(value.text):
        message = f"{quoted(value.text)} is neither a layer type nor a name that is defined here"
    context.problems.report(key.span, message, hint)


def report_types(keys: list[Scalar], span: Span, context: Context) -> None:
    """Report an item with no type or several; the usual mistake is settings beside their layer."""
    report = context.problems.report
    if not keys:
        report(span, "this item has no type", "name a layer type or a block, such as '- conv: {...}'")
        return
    first, *others = keys
    settings = tuple(context.settings_of(first.text))
    if other := next((other for other in others if other.text in settings), None):
        hint = f"indent it below {first.text}:, or write {first.text}: {{{other.text}: ...}}"
        report(other.span, f"{other.text!r} is a setting of {first.text} and belongs below it", hint)
        return
    are_types = [context.is_type(key.text) for key in keys]
    if any(are_types) and not all(are_types):
        key = keys[are_types.index(False)]
        if meant := _meant_elsewhere(key.text, MODIFIERS_ELSEWHERE):
            hint = f"cnncalc calls it {meant[0]}"
        elif key.text in NETWORK_MODIFIERS:
            hint = "use it only beside network"
        else:
            hint = foreign.advise_setting(key.text)
            modifiers = f"the keys beside a type are {listed(MODIFIERS)}"
            hint = hint or did_you_mean(key.text, (*MODIFIERS, *settings), modifiers)
        beside = keys[1] if key is first else first
        report(key.span, f"unknown key {quoted(key.text)} beside {quoted(beside.text)}", hint)
        return
    words = listed([quoted(key.text) for key in keys])
    report(others[0].span, f"an item has one type, but this one has {words}", "begin each with its own '- '")


def suggest_type(word: str, arguments: Node | None, context: Context) -> str:
    """A hint for a word that is not a type."""
    first = (re.match(r"[\w.]+", word) or [word])[0]
    if re.search(r"\w\s+- ", word):
        return f"write each item on its own line, with its '- ' below that of {first}"
    if first != word and context.is_type(first):
        rest = "".join(ascii_lookalike(sign) or sign for sign in word[len(first) :]).strip(" :()[];")
        if not rest:
            return f"write `- {first}`"
        if rest.startswith(","):
            return "write each item on its own line, after '- '"
        if not rest.isprintable() or len(rest) > LONGEST_QUOTE:
            rest = "..."
        elif "=" in rest:
            rest = _write_mapping(rest.split(","), context.settings_of(first))
        elif "," in rest:
            rest = f"[{rest}]"
        return f"write {first}: {rest}, with a space after the colon"
    if word in MODIFIERS:
        return f"write {word} beside a type, in the same item"
    if word in context.reader.known:
        settings = "" if arguments is None else f", with its settings in {SET} beside it"
        return f"write `- {TYPE}: {word}` for the type that it holds{settings}"
    hint = foreign.suggest_type(first, (*context.signatures, *CONTAINERS), arguments)
    return hint or "`cnncalc layers` lists the types; define your own under blocks:"


# --- arguments ----------------------------------------------------------------------------------


def report_wrong_names(
    type_name: str,
    node: Mapping,
    parameters: Parameters,
    noun: str,
    problems: Problems,
) -> bool:
    """Report names that are not parameters. Returns whether the other arguments can be used."""
    if written := _list_braced_values(node):
        message = "braces hold settings by name, not by position"
        problems.report(node.span, message, f"write {type_name}: {written}")
        return False
    for name, _ in node.entries:
        if name.text not in parameters:
            message = f"{type_name} has no {noun} {quoted(name.text)}"
            problems.report(name.span, message, suggest_setting(name.text, type_name, parameters))
    return True


def report_named_values(
    key: Scalar, values: Iterable[Node], names: Iterable[str], noun: str, problems: Problems
) -> bool:
    """Report a name in braces, or an argument by name, in a list of values. Returns whether there is one."""
    if braced := next((value for value in values if _is_braced_name(value)), None):
        problems.report(braced.span, "braces around a name have no meaning", "write the name without braces")
        return True
    if named := next((value for value in values if _names_an_argument(value)), None):
        texts = [text for value in values for text in _list_texts(value)]
        hint = f"write {key.text}: {_write_mapping(texts, names)}"
        problems.report(named.span, f"a list gives {noun}s by position, not by name", hint)
        return True
    return False


def suggest_setting(word: str, type_name: str, parameters: Parameters) -> str:
    """A hint for a word that is not a setting or parameter."""
    if word in MODIFIERS:
        return f"write {word} beside {type_name}, not below it"
    if sign := next((character for character in word if ascii_lookalike(character)), ""):
        return f"write {quoted(ascii_lookalike(sign))} instead of {quoted(sign)}, with a space after it"
    if "=" in word:
        return "write a colon between a setting and its value: name: value"
    if word.endswith(")"):
        return "write a list in [ ], such as [3, 3]"
    name, colon, value = word.partition(":")
    if colon and name in parameters:
        return f"write {quoted(f'{name}: {value}')}, with a space after the colon"
    settings = [parameter for parameter in parameters.values() if isinstance(parameter, Setting)]
    hint = foreign.suggest_setting(word, parameters, settings)
    return hint or (f"it has {listed(parameters)}" if parameters else "it has none")


def explain_order(word: str, found: type[LayerType], name: str, arguments: Node | None) -> str:
    """A hint with the order of settings by position, for a value that probably belongs to another setting."""
    order = list(found.settings)
    is_strange = order.index(name) > 0 or isinstance(found.settings[name], Flag)
    is_by_position = not isinstance(arguments, Mapping) and len(order) > 1
    return f"the positional order of {word} is {listed(order)}" if is_strange and is_by_position else ""


# --- values -------------------------------------------------------------------------------------


def read_sizes(text: str) -> Shape | None:
    """The sizes in a text such as `224x224x3` or `(3, 32, 32)`, channels first; None for other texts."""
    if not re.fullmatch(SIZES, text):
        return None
    shape = Shape(map(int, re.findall(r"[0-9]+", text)))
    return with_channels_first(shape) or shape


def join_sizes(node: Mapping) -> str:
    """The list to write for `{channels: 3, height: 32, width: 32}`; empty for other mappings."""
    sizes = {key.text.casefold(): value.text for key, value in node.entries if isinstance(value, Scalar)}
    parts = [sizes[word] for words in AXIS_WORDS for word in words if word in sizes]
    complete = len(parts) == len(node.entries) and any(word in sizes for word in AXIS_WORDS[0])
    written = f"[{', '.join(parts)}]"
    return written if complete and written.isprintable() and len(written) <= LONGEST_QUOTE else ""


def complete_shape(texts: list[str], own: Node) -> Shape | None:
    """The shape meant by `texts` with channels last or missing, judging by the spec's `own`; else None."""
    sizes = [item.text for item in own.items if isinstance(item, Scalar)] if isinstance(own, Sequence) else []
    if not sizes or not all(re.fullmatch(r"\s*[1-9][0-9]{0,8}\s*", text) for text in (*texts, sizes[0])):
        return None
    shape, channels, rank = Shape(map(int, texts)), int(sizes[0]), len(sizes) - 1
    if shape.channels == channels:
        return None
    if len(shape) in (1, rank) and rank:
        return Shape((channels, *(shape if len(shape) == rank else shape * rank)))
    meant = with_channels_first(shape)
    return meant if meant is not None and meant.channels == channels else None


def _list_braced_values(node: Mapping) -> str:
    """The list to write for numbers in braces, `{64, 3}`; empty for other mappings."""
    numbers = [name.text for name, value in node.entries if isinstance(value, Scalar) and value.is_null]
    plain = all(re.fullmatch("[0-9]{1,9}", number) for number in numbers)
    return f"[{', '.join(numbers)}]" if numbers and plain and len(numbers) == len(node.entries) else ""


def _is_braced_name(node: Node) -> bool:
    """Whether a value is a name in braces, `{width}`, which YAML reads as a mapping."""
    values = [value for _, value in node.entries] if isinstance(node, Mapping) else []
    return len(values) == 1 and isinstance(values[0], Scalar) and values[0].is_null


def _names_an_argument(node: Node) -> bool:
    """Whether a list item looks like an argument by name: `s=2` or `s: 2`."""
    if isinstance(node, Scalar):
        return "=" in node.text and bool(re.search(NAMED, node.text))
    return isinstance(node, Mapping)


def _list_texts(node: Node) -> list[str]:
    """The values of a node in the notation of a Python call."""
    if isinstance(node, Scalar):
        return node.text.split(",")
    if isinstance(node, Mapping):
        return [f"{name.text}={value.text if isinstance(value, Scalar) else '...'}" for name, value in node.entries]
    return ["[...]"]


def _write_mapping(texts: Iterable[str], names: Iterable[str]) -> str:
    """Arguments by position and by name, as a mapping in a spec."""
    left = iter(names)
    parts = []
    for text in texts:
        name, equals, value = text.partition("=")
        parts.append(f"{name.strip()}: {value.strip()}" if equals else f"{next(left, '...')}: {text.strip()}")
    mapping = f"{{{', '.join(parts)}}}"
    return mapping if mapping.isprintable() and len(mapping) <= LONGEST_QUOTE else "{name: value, ...}"
