"""Specs bent as strangers and newcomers bend them: other kinds of scalars, lookalike signs, parts of other specs."""

from __future__ import annotations

import re

import yaml
from fuzz.choices import Choices
from fuzz.mutations import DUMPER, LOADER, collections_of, original, texts, words
from hardening import hostile

# What YAML 1.1, or who learned it elsewhere, takes for something other than a text.
OTHER_KINDS = (
    *("2001-01-01", "2001-12-14t21:59:43.10-05:00", "0o17", "017", "0b101", "0x1F", "1:30", "190:20:30", "1:2:3:4"),
    *(".inf", "-.inf", ".NaN", "~", "null", "NULL", "", "1e3", "1E+3", "1_000", "+3", "-0", "3.0", "3.", ".5", "1,000"),
    *('"3"', "'3'", "yes", "No", "ON", "off", "y", "n", "=", "<<", "None", "True", "nan", "inf", "Infinity"),
    *("!!set {a, b}", "!!binary aGk=", '!!binary "*"', "!!str 3", '!!int "3"', '!!int "x"', "!!float 3", '!!bool "x"'),
    *("!!timestamp 2001-99-99", "!!omap [a: 1]", "!!pairs [a: 1, a: 2]", "!!null x", "!!seq {}", "!!map []", "!x 3"),
    *("!!python/name:os.system", "!!python/object/apply:os.system [id]", "! 3", "!!merge x", "|", ">-", "? a", "- - 3"),
    *("${WIDTH}", "$WIDTH", "{{ width }}", "%(width)s", "#3", "@3", "`3`", "[3, [4, [5]]]", "{a: {b: {c: 1}}}", "[,]"),
    *("(3, 3)", "(3)", "3x3", "3×3", "3*3", "3 3", "'3, 3'", "nn.ReLU()", "ReLU(inplace=True)", "F.relu", "-1", "None"),
)
LOOKALIKES = {
    **dict(zip("aceopxyiAEOTBHKMPXC", "асеорхуіАЕОТВНКМРХС", strict=True)),
    **dict(zip("0123456789", "０１２３４５６７８９", strict=True)),
    **dict(zip(":,-[]{}()#*'\"/=+.", "：，−［］｛｝（）＃×’“／＝＋．", strict=True)),
    " ": "\u00a0",
}  # fmt: skip
LOOKALIKES_TOO = {
    **dict(zip("0123456789", "٠١٢٣٤٥٦٧٨٩", strict=True)),
    **dict(zip("-'\"", "–‘”", strict=True)),
    **dict(zip("123", "¹²³", strict=True)),
    " ": "\u3000", "\n": "\u2028", ":": "\u02d0", "i": "ı", "s": "ſ", "K": "\u212a", "e": "e\u0301", "l": "ｌ",
}  # fmt: skip
VALUE = re.compile(r"(?<=[:\[,{] )[^\s\[\]{},#&*!|>'\"%@`][^\n,\]}#]*")
NAME = re.compile(r"(?<=name: )[^\n,}]+")
NUMBER = re.compile(r"(?<=[\[ ,])[0-9]+(?=[\],\n])")
DOCUMENTS = (
    "---\n",
    "...\n",
    "%YAML 1.1\n---\n",
    "%TAG ! tag:x,2000:\n---\n",
    "--- !x\n",
    "--- |\n",
    "---\nlayers: []\n",
)


def bent_text(choices: Choices) -> bytes:
    """A spec bent in one of these ways, or in several."""
    text = original(choices).decode("utf-8", "replace")
    for _ in range(choices.weighted(((6, 1), (3, 2), (1, 5)))):
        text = choices.pick(BENDS)(text, choices)
    return text.encode("utf-8", "surrogatepass")


def _somewhere(pattern: re.Pattern[str], text: str, choices: Choices, new: str) -> str:
    """The text with one of the pattern's places written anew; as it is where there is none."""
    found = list(pattern.finditer(text))
    if not found:
        return text
    one = choices.pick(found)
    return text[: one.start()] + new + text[one.end() :]


def graft(text: str, choices: Choices) -> str:
    """A part of another spec in place of a part of this."""
    try:
        root = yaml.compose(text, LOADER)
        other = yaml.compose(choices.pick(texts()).decode("utf-8"), LOADER)
        if root is None or other is None:
            return text
        parent, piece = choices.pick(collections_of(root)), choices.pick(collections_of(other))
        if not parent.value:
            return text
        place = choices.integer(0, len(parent.value) - 1)
        entry = parent.value[place]
        parent.value[place] = (entry[0], piece) if isinstance(entry, tuple) else piece
        return str(yaml.serialize(root, Dumper=DUMPER, allow_unicode=True))
    except (yaml.YAMLError, UnicodeError):
        return text


def change_kind(text: str, choices: Choices) -> str:
    return _somewhere(VALUE, text, choices, choices.pick(OTHER_KINDS))


def look_alike(text: str, choices: Choices) -> str:
    """One sign, or all of its kind, as another that looks like it."""
    table = choices.pick((LOOKALIKES, LOOKALIKES_TOO))
    found = sorted(set(text) & set(table))
    if not found:
        return text
    sign = choices.pick(found)
    if choices.chance(30):
        return text.replace(sign, table[sign])
    return _somewhere(re.compile(re.escape(sign)), text, choices, table[sign])


def repeat_key(text: str, choices: Choices) -> str:
    lines = text.splitlines(keepends=True)
    keyed = [line for line in lines if re.match(r"\s*[\w-]+:", line)]
    if not keyed:
        return text
    lines.insert(choices.integer(0, len(lines)), choices.pick(keyed))
    return "".join(lines)


def split_documents(text: str, choices: Choices) -> str:
    lines = text.splitlines(keepends=True)
    lines.insert(choices.integer(0, len(lines)), choices.pick(DOCUMENTS))
    return "".join(lines)


def anchor(text: str, choices: Choices) -> str:
    """An anchor at one value, and an alias in place of another, or merged into a mapping."""
    text = _somewhere(re.compile(r"(?<=: )(?=\S)"), text, choices, "&a ")
    if choices.chance(50):
        return _somewhere(VALUE, text, choices, "*a")
    merge = choices.pick(("<<: *a, ", "<<: [*a, *a], ", "<<: {conv: 1}, ", "'<<': 3, ", "<<: 3, ", "*a : 3, "))
    return _somewhere(re.compile(r"(?<=\{)(?=\w)"), text, choices, merge)


def end_lines(text: str, choices: Choices) -> str:
    """Some lines end in another way, or a byte order mark or a tab begins one."""
    return _somewhere(
        re.compile("\n"), text, choices, choices.pick(("\r", "\r\n", "\n\ufeff", "\n\t", "\t\n", "\n\n\r"))
    )


def lengthen(text: str, choices: Choices) -> str:
    word = choices.pick(("a", "9", "1+", "a.", "é", "[", "{a: ", "(", "- ", "a ", ":", "&a ", "\\", "-", "not "))
    return _somewhere(VALUE, text, choices, word * choices.pick((30, 300, 3_000, 30_000)))


def act(text: str, choices: Choices) -> str:
    """A text that acts on something as a name, or as any other value."""
    hostility = hostile.in_yaml(choices.pick(tuple(hostile.STRINGS.values())))
    return _somewhere(NAME if choices.chance(40) else VALUE, text, choices, hostility)


def compute(text: str, choices: Choices) -> str:
    written = expression(choices, choices.integer(0, 4))
    quoted = f"'{written}'".replace("'", '"') if choices.chance(60) and '"' not in written else written
    return _somewhere(NUMBER if choices.chance(60) else VALUE, text, choices, quoted)


def rename(text: str, choices: Choices) -> str:
    """A word of the spec, wherever it stands, as another word of it or of the language."""
    found = sorted(set(re.findall(r"\w+", text)))
    if not found:
        return text
    new = choices.pick(found) if choices.chance(50) else choices.pick(words())
    return re.sub(rf"\b{re.escape(choices.pick(found))}\b", lambda _: new, text)


BENDS = (
    *(graft, graft, change_kind, change_kind, look_alike, repeat_key, split_documents, anchor, end_lines, lengthen),
    *(act, act, compute, compute, rename),
)

ATOMS = (
    *("0", "1", "2", "-1", "0.5", "1/3", "64", "9**9", "true", "false", "null", "index", "in_channels", "in_shape"),
    *("same", "width", "input", "previous", "''", "'a'", "[]", "[[1, 2], 3]", "in_height", "x", "1e3", "5M"),
    *("10**300", "0x1F", "1_000", "...", "(1, 2)", "{1: 2}", "{1}", "1j", "b'a'", "f'{x}'", "0o17", "１", "é", "_"),
)  # fmt: skip
UNARY = ("-{}", "+{}", "not {}", "({})", "~{}", "*{}", "{}.real", "{}()", "{}[0]", "{}[-1]", "{}[0:1]", "[{}]", "-({})")
BINARY = (
    *("{} + {}", "{} - {}", "{} * {}", "{} / {}", "{} // {}", "{} % {}", "{} ** {}", "{} @ {}", "{} << {}", "{} | {}"),
    *("{} < {}", "{} == {}", "{} != {}", "{} in {}", "{} not in {}", "{} is {}", "{} and {}", "{} or {}", "{}, {}"),
    *("{}[{}]", "min({}, {})", "max({}, {})", "make_divisible({}, {})", "{} = {}", "{} := {}", "{} if {} else 2"),
    *("ceil({} / {})", "round({}, {})", "range({}, {})", "[x for x in {} if {}]", "sum([{}, {}])", "len([{}, {}])"),
    *("{} && {}", "{} || {}", "{} ? {} : 1", "{} ^ {}", "{}{}", "{} {}", "min({}, key={})", "abs({})-{}"),
)  # fmt: skip


def expression(choices: Choices, depth: int) -> str:
    """An expression of the language, or of one that is like it."""
    if depth == 0:
        return choices.pick(ATOMS)
    if choices.chance(30):
        return choices.pick(UNARY).format(expression(choices, depth - 1))
    return choices.pick(BINARY).format(
        expression(choices, depth - 1), expression(choices, choices.integer(0, depth - 1))
    )
