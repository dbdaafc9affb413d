"""The names of layer types and settings in other frameworks, papers and Chinese, and their equivalents in a spec.

Each layer type declares its other names (`also_known_as`); those of settings are in a table in `settings`. A look-up
loads all layer types, so only error messages and the reference use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from cnncalc import layers
from cnncalc.errors import LONGEST_GUESSED, LONGEST_QUOTE, RuleError, did_you_mean, listed, nearest, quoted
from cnncalc.layers import _elsewhere
from cnncalc.layers.contract import LayerType, Role
from cnncalc.layers.examples import literal, plainest_settings
from cnncalc.syntax.settings import ALSO_KNOWN_AS, Choice, Setting
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence

# A foreign name must be closer to a misspelled word than a name of ours before it is suggested.
CUTOFF = 0.75
# Foreign names shorter than this, such as ln and fc, are not suggested.
SHORTEST_GUESSED = 4


def find_types(word: str) -> tuple[type[LayerType], ...]:
    """The layer types with this name, here or in another framework, in any spelling: `Conv2d` or `nn.Conv2d`."""
    return _types_by_word().get(_simplify(word), ())


def advise_type(word: str) -> str:
    """Advice on a layer of another framework that has no equivalent here; empty for other words."""
    return _type_advice().get(_simplify(word), "")


def advise_setting(word: str) -> str:
    """Advice on a setting of another framework that has no equivalent here; empty for other words."""
    return _setting_advice().get(_simplify(word), "")


def suggest_type(word: str, own: Iterable[str], arguments: Node | None = None) -> str:
    """A hint for a word that is not a layer type: its equivalent, or the closest name, or an empty string.

    `own` are further names that may have been meant, such as the spec's blocks.
    """
    own = tuple(own)
    if same := did_you_mean(word, own, cutoff=0.95):
        return same
    if hint := _write_instead(word, arguments):
        return hint
    # conv1x1 and conv_3x3 are a type with its kernel.
    if (sized := re.fullmatch(r"([^\W\d]+?)_?(\d{1,4})(x\2)+", word)) and find_types(sized[1]):
        return _write_instead(sized[1], arguments, kernel=int(sized[2]))
    # conv1, fc6 and dense_2 are a type with a number.
    bare = re.sub(r"[\d_x-]*\d$", "", word) if len(word) <= LONGEST_GUESSED else word
    if bare != word and (hint := _write_instead(bare, arguments)):
        return f"{hint} with `name: {word}` in the same item" if find_types(bare) and bare.islower() else hint
    if arguments is not None and (setting := _setting_of(word, _setting_names())):
        return f"{setting} is a setting: indent it, without a dash, below the layer that it belongs to"
    ours = (*layers.all_types(), *own)
    elsewhere = [other for other in _words() if len(other) >= SHORTEST_GUESSED]
    near = nearest(word, (*elsewhere, *ours))
    if near_ours := [name for name in near if name in ours]:
        return f"did you mean {' or '.join(map(quoted, near_ours))}?"
    if near := nearest(word, elsewhere, CUTOFF):
        return f"did you mean {quoted(near[0])}? {_write_instead(near[0], arguments)}"
    return did_you_mean(word, ours)


def suggest_setting(word: str, names: Iterable[str], settings: Iterable[Setting] = ()) -> str:
    """A hint for a word that is not among the settings or parameters `names`; empty if none is close."""
    names = tuple(names)
    if name := _setting_of(word, names):
        return _name_setting(name, settings)
    if advice := advise_setting(word):
        return advice
    elsewhere = [other for name in names for other in ALSO_KNOWN_AS.get(name, ())]
    near = nearest(word, (*elsewhere, *names))
    if near_ours := [name for name in near if name in names]:
        return f"did you mean {' or '.join(map(quoted, near_ours))}?"
    if (near := nearest(word, elsewhere, CUTOFF)) and (name := _setting_of(near[0], names)):
        return f"did you mean {quoted(near[0])}? {_name_setting(name, settings)}"
    return did_you_mean(word, names)


def _name_setting(name: str, settings: Iterable[Setting]) -> str:
    """The name of a setting here, with the accepted values of a choice."""
    choice = next((setting for setting in settings if setting.name == name and isinstance(setting, Choice)), None)
    return f"cnncalc calls it {name}" + (f", which takes {choice.wants}" if choice else "")


def _setting_of(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that a word means in another spelling or framework."""
    simple = _simplify(word)
    same = (name for name in names if _simplify(name) == simple)
    return next(same, None) or next(
        (name for name in names if simple in map(_simplify, ALSO_KNOWN_AS.get(name, ()))), None
    )


def _write_instead(word: str, arguments: Node | None, kernel: int | None = None) -> str:
    """How to write a foreign word here; empty if unknown. `kernel` is the kernel size in the word, if any."""
    found = find_types(word)
    if not found:
        advice = advise_type(word)
        function = find_types(arguments.text) if advice == _elsewhere.FUNCTION and isinstance(arguments, Scalar) else ()
        named = [kind for kind in function if kind.role in (Role.ACTIVATION, Role.PROBABILITIES)]
        return f"write the function itself, `{_written(named[0], None)}`" if named else advice
    written = f"`{_written(found[0], arguments, kernel)}`"
    if found[0].least_inputs > 1:
        written += " with `from: [a, b]` in the same item"
    if len(found) > 1:
        return f"write {listed((kind.name for kind in found), 'or')}, such as {written}"
    return f"cnncalc calls it {found[0].name}: write {written}"


def _written(kind: type[LayerType], arguments: Node | None, kernel: int | None = None) -> str:
    """A type as an item, with the spec's arguments if they can be converted, else with plausible ones."""
    usual = plainest_settings(kind)
    if kind.is_merge and not usual:
        return f"- {kind.name}:"
    first = next(iter(kind.settings), "")
    if kernel is not None and "kernel" in kind.settings:
        if isinstance(arguments, Scalar) and first != "kernel" and _fits(kind, first, arguments):
            usual[first] = int(arguments.text)
        usual["kernel"] = kernel
    own = isinstance(arguments, Scalar) and set(usual) <= {first} and (kernel is None or first != "kernel")
    if isinstance(arguments, Scalar) and own and _fits(kind, first, arguments):
        return f"- {kind.name}: {arguments.text}"
    if isinstance(arguments, Mapping) and (given := _taken_over(kind, arguments)):
        return f"- {kind.name}: {{{given}}}"
    if not usual:
        return f"- {kind.name}"
    values = tuple(usual.values())
    return f"- {kind.name}: {literal(values[0] if len(values) == 1 else values)}"


def _fits(kind: type[LayerType], name: str, node: Scalar) -> bool:
    """Whether a text is a whole number that a setting takes."""
    if name not in kind.settings or not re.fullmatch(r"[1-9][0-9]{0,8}", node.text):
        return False
    try:
        kind.settings[name].decode(int(node.text))
    except RuleError:
        return False
    return True


def _taken_over(kind: type[LayerType], arguments: Mapping) -> str:
    """Foreign settings under our names; empty if one is unknown or a required one is missing."""
    given: dict[str, str] = {}
    for key, value in arguments.entries:
        name = _setting_of(key.text, kind.settings)
        if name is None and _simplify(key.text) in _setting_advice():
            continue
        text = _plain_value(kind.settings[name], value) if name is not None else ""
        if name is None or name in given or not text:
            return ""
        given[name] = text
    text = ", ".join(f"{name}: {value}" for name, value in given.items())
    complete = all(name in given for name in plainest_settings(kind))
    return text if complete and len(text) <= LONGEST_QUOTE else ""


def _plain_value(setting: Setting, node: Node) -> str:
    """A valid word, number or list of numbers in the notation of specs; empty for other values."""
    if isinstance(node, Scalar):
        return node.text if re.fullmatch(r"\w+", node.text) else ""
    items = [item.text for item in node.items if isinstance(item, Scalar)] if isinstance(node, Sequence) else []
    if not isinstance(node, Sequence) or not all(re.fullmatch(r"[0-9]{1,9}", text) for text in items):
        return ""
    try:
        setting.decode(tuple(map(int, items)))
    except RuleError:
        return ""
    return f"[{', '.join(items)}]" if len(items) == len(node.items) else ""


def _simplify(word: str) -> str:
    """The common form of all spellings: `nn.Conv2d`, `conv_2d` and `CONV` become conv."""
    letters = re.sub(r"[\W_]+", "", word.rpartition(".")[2].casefold())
    return re.sub(r"(?<!\d)[123]d", "", letters) or letters


@cache
def _types_by_word() -> dict[str, tuple[type[LayerType], ...]]:
    found: dict[str, tuple[type[LayerType], ...]] = {}
    kinds = layers.all_types().values()
    for kind in kinds:
        for other in dict.fromkeys(map(_simplify, kind.also_known_as)):
            found[other] = (*found.get(other, ()), kind)
    # Our own names take precedence.
    return {**found, **{_simplify(kind.name): (kind,) for kind in kinds}}


@cache
def _type_advice() -> dict[str, str]:
    return {_simplify(word): advice for advice, words in _elsewhere.TYPES.items() for word in words}


@cache
def _setting_advice() -> dict[str, str]:
    return {_simplify(word): advice for advice, words in _elsewhere.SETTINGS.items() for word in words}


@cache
def _setting_names() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for kind in layers.all_types().values() for name in kind.settings))


def _words() -> Iterator[str]:
    """All foreign words that mean a layer."""
    for kind in layers.all_types().values():
        yield from kind.also_known_as
    for words in _elsewhere.TYPES.values():
        yield from words
