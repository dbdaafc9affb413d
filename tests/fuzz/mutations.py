"""Broken specs: texts that are bent byte by byte, and YAML trees that are bent node by node."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml
from fuzz.choices import Choices
from fuzz.strategies import make

from cnncalc import bundled
from cnncalc.layers import all_keywords, all_types
from cnncalc.spec.records import BRANCH_KEYS, CONTAINERS, MODIFIERS, NETWORK_MODIFIERS, RESERVED, TOP_KEYS
from cnncalc.syntax.expressions import WORDS

TESTS = Path(__file__).parents[1]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
PREFIX = "tag:yaml.org,2002:"

PIECES = (
    *(b"\n", b" ", b"  ", b": ", b"- ", b"'", b'"', b"[", b"]", b"{", b"}", b",", b"#", b"&a", b"*a", b"|\n", b">\n"),
    *(b"\t", b"\r", b"\r\n", b"\x00", b"\x1b[31m", b"\xef\xbb\xbf", b"\xff", b"\xc3", b"\xe2\x80\xa8", b"\xc2\x85"),
    *(b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"%YAML 1.1\n", b"---\n", b"...\n", b"!!python/object:os.system ", b"!x "),
    *(
        b"<<: ",
        b"? ",
        b"9",
        b"-",
        b"1e9",
        b"**",
        b"(",
        b")",
        b"{index}",
        b"\\",
        b"\xe2\x80\xae",
        b"~",
        b"repeat: 99999\n",
    ),
)

SCALARS = (
    *(
        "9**9**9",
        "index",
        "10**400",
        "1e999",
        "-1",
        "0",
        "0.5",
        "1/3",
        "true",
        "false",
        "null",
        "",
        "~",
        ".nan",
        ".inf",
    ),
    *(
        "1e6",
        "5M",
        "012",
        "0x1F",
        "1_000",
        "2**63",
        "2**63 - 1",
        "9223372036854775807",
        "9" * 40,
        "-9**9",
        "1" + "0" * 18,
    ),
    *(
        "in_channels",
        "shape(input)[1:]",
        "shape('previous')",
        "range(1e12)",
        "range(3)",
        "relu",
        "in_shape",
        "in_height",
        "previous",
        "input",
        "input.0",
        "same",
        "valid",
        "yes",
        "on",
        "3x224x224",
    ),
    *("a.b", "..", ".", "a.", "{index}", "x{index}", "{", "}", "x{1 / 0}", "x{in_channels}", "{9 ** 64}", "{}", "{{}}"),
    *(
        "\x1b[31mred",
        "\u202eabc",
        "\u2028",
        "\x85",
        "\x07",
        "a\nb",
        "\ufeff",
        "\U0001f600",
        "é" * 70,
        "a" * 250,
        "x" * 1100,
    ),
    *(
        "[1, 2",
        "(" * 40,
        ")" * 3,
        "1" + "+1" * 120,
        "min()",
        "max(1)",
        "len(3)",
        "not",
        "lambda: 0",
        "__import__('os')",
    ),
    *(
        "1 if true else 2",
        "1 if 2 else 3",
        "[1, 2][5]",
        "[0] * 9",
        "1 // 0",
        "2 ** -1",
        "2 ** 0.5",
        "'a'",
        '"',
        "1 < 2 < 3",
    ),
    *(
        "conv",
        "relu",
        "add",
        "layers",
        "branch",
        "vgg16",
        "vgg16.yaml",
        "../x",
        "resnet50",
        "50000",
        "50001",
        "99999999999",
    ),
    *("1,2", "=1+1", "@x", "`x`", "%s", "<b>", "|x|", "::error::x", "make_divisible(3, 8)", "ceil(1/3)", "round(2.5)"),
)

KEYS = (
    *TOP_KEYS, *MODIFIERS, *BRANCH_KEYS, *CONTAINERS, *NETWORK_MODIFIERS, *RESERVED, "<<", "branches", "a", "a(b)",
    "a(b=1, c)", "a(",
)  # fmt: skip


@lru_cache(1)
def texts() -> tuple[bytes, ...]:
    """The specs that are bent: all that are bundled, and those of the tests."""
    folder = Path(bundled.folder())
    paths = [folder / f"{name}{bundled.SUFFIX}" for name in bundled.names()]
    paths += sorted((TESTS / "good_specs").glob("*.yaml")) + sorted((TESTS / "bad_specs").glob("b*.yaml"))
    paths += sorted((TESTS / "rules").glob("*/*.yaml"))
    read = [path.read_bytes() for path in paths]
    # Small ones are bent all over; of a large one, most mutations say the same.
    return tuple(sorted((text for text in read if len(text) < 12_000), key=len))


@lru_cache(1)
def words() -> tuple[str, ...]:
    """Words of the language."""
    settings = {name for kind in all_types().values() for name in kind.settings}
    return (*all_types(), *sorted(settings), *sorted(all_keywords()), *sorted(WORDS), *KEYS)


def original(choices: Choices) -> bytes:
    """A spec to bend: a file, or a generated one."""
    if choices.chance(25):
        return make(choices).text.text.encode()
    return choices.pick(texts())


# --- bytes --------------------------------------------------------------------------------------


def bent_bytes(choices: Choices) -> bytes:
    """A spec with some bytes changed."""
    data = original(choices)
    for _ in range(choices.weighted(((6, 1), (3, 2), (1, 6)))):
        data = choices.pick(BYTES)(data, choices)
    return data


def at(data: bytes, choices: Choices) -> int:
    return choices.integer(0, len(data))


def flip(data: bytes, choices: Choices) -> bytes:
    place = at(data[:-1], choices)
    return (
        data[:place] + bytes([(data[place : place + 1] or b"\0")[0] ^ (1 << choices.integer(0, 7))]) + data[place + 1 :]
    )


def delete(data: bytes, choices: Choices) -> bytes:
    place = at(data, choices)
    return data[:place] + data[place + choices.pick((1, 2, 5, 20, 100)) :]


def insert(data: bytes, choices: Choices) -> bytes:
    place = at(data, choices)
    return data[:place] + choices.pick(PIECES) + data[place:]


def replace(data: bytes, choices: Choices) -> bytes:
    place = at(data, choices)
    return data[:place] + bytes([choices.integer(0, 255)]) + data[place + 1 :]


def truncate(data: bytes, choices: Choices) -> bytes:
    return data[: at(data, choices)]


def behead(data: bytes, choices: Choices) -> bytes:
    return data[at(data, choices) :]


def duplicate(data: bytes, choices: Choices) -> bytes:
    place = at(data, choices)
    chunk = data[place : place + choices.pick((1, 4, 16, 64, 400))]
    return data[: at(data, choices)] + chunk * choices.pick((1, 2, 30)) + data[place:]


def splice(data: bytes, choices: Choices) -> bytes:
    other = choices.pick(texts())
    return data[: at(data, choices)] + other[at(other, choices) :]


def swap_lines(data: bytes, choices: Choices) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    one, other = choices.integer(0, len(lines) - 1), choices.integer(0, len(lines) - 1)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def drop_line(data: bytes, choices: Choices) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    del lines[choices.integer(0, len(lines) - 1)]
    return b"".join(lines)


def indent_line(data: bytes, choices: Choices) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    place = choices.integer(0, len(lines) - 1)
    lines[place] = choices.pick((b" ", b"  ", b"\t", b"    ")) + lines[place]
    return b"".join(lines)


def other_newlines(data: bytes, choices: Choices) -> bytes:
    return data.replace(b"\n", choices.pick((b"\r\n", b"\r", b"\n\n", b"\xe2\x80\xa8", b"\xc2\x85", b"\n\r")))


def marked(data: bytes, choices: Choices) -> bytes:
    return choices.pick((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")) + data


def recoded(data: bytes, choices: Choices) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(choices.pick(("utf-16", "utf-16-le", "latin-1", "utf-32", "utf-7")), "replace")


def another_word(data: bytes, choices: Choices) -> bytes:
    found = data.split(b" ")
    found[choices.integer(0, len(found) - 1)] = choices.pick(words()).encode()
    return b" ".join(found)


BYTES = (
    *(flip, delete, insert, replace, truncate, behead, duplicate, splice, swap_lines, drop_line, indent_line),
    *(other_newlines, marked, recoded, another_word, another_word, insert),
)


# --- nodes --------------------------------------------------------------------------------------


def bent_nodes(choices: Choices) -> bytes:
    """A spec whose YAML is right, with some nodes changed."""
    while True:
        try:
            root = yaml.compose(original(choices).decode("utf-8"), LOADER)
        except (yaml.YAMLError, UnicodeDecodeError):
            root = None
        if isinstance(root, yaml.MappingNode):
            break
        root = yaml.compose("{input: [3, 8, 8], layers: [relu]}", LOADER)
        break
    for _ in range(choices.weighted(((7, 1), (2, 2), (1, 5)))):
        bend(root, choices)
    try:
        text = yaml.serialize(root, Dumper=DUMPER, allow_unicode=choices.chance(50), width=choices.pick((80, 100_000)))
    except (yaml.YAMLError, RecursionError):
        return b"*a"
    return text.encode("utf-8", "surrogatepass")


def bend(root: yaml.Node, choices: Choices) -> None:
    """Change a node somewhere below the root."""
    parents = collections_of(root)
    parent = choices.pick(parents)
    values = parent.value
    what = choices.weighted(
        (
            (8, "scalar"),
            (3, "drop"),
            (2, "double"),
            (4, "key"),
            (3, "move"),
            (3, "collection"),
            (2, "alias"),
            (2, "add"),
        )
    )
    if what == "add" or not values:
        value = nasty(choices)
        place = choices.integer(0, len(values))
        values.insert(place, (scalar(choices.pick(words())), value) if isinstance(parent, yaml.MappingNode) else value)
        return
    place = choices.integer(0, len(values) - 1)
    if what == "drop":
        del values[place]
    elif what == "double":
        values.insert(choices.integer(0, len(values)), values[place])
    elif what == "move":
        other = choices.pick(parents)
        entry = values.pop(place)
        node = entry[1] if isinstance(entry, tuple) else entry
        key = entry[0] if isinstance(entry, tuple) else scalar(choices.pick(words()))
        if other is not node and other not in collections_of(node):
            spot = choices.integer(0, len(other.value))
            other.value.insert(spot, (key, node) if isinstance(other, yaml.MappingNode) else node)
    elif what == "key" and isinstance(parent, yaml.MappingNode):
        key = scalar(choices.pick(words()) if choices.chance(70) else choices.pick(SCALARS))
        values[place] = (nasty(choices) if choices.chance(5) else key, values[place][1])
    else:
        new: yaml.Node = scalar(choices.pick(SCALARS))
        if what == "collection":
            new = nasty(choices)
        elif what == "alias":
            new = choices.pick(parents)
        elif choices.chance(30):
            new = bent_scalar(values[place][1] if isinstance(parent, yaml.MappingNode) else values[place], choices)
        values[place] = (values[place][0], new) if isinstance(parent, yaml.MappingNode) else new


def collections_of(root: yaml.Node) -> list[yaml.Node]:
    """The lists and mappings at and below a node, each once."""
    found: list[yaml.Node] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode) or any(node is one for one in found):
            continue
        found.append(node)
        for entry in node.value:
            waiting += entry if isinstance(entry, tuple) else [entry]
    return found or [yaml.SequenceNode(f"{PREFIX}seq", [])]


def scalar(text: str, choices: Choices | None = None) -> yaml.ScalarNode:
    """A scalar, written without quotes where that can be."""
    return yaml.ScalarNode(_resolver().resolve(yaml.ScalarNode, text, (True, False)), text)


@lru_cache(1)
def _resolver() -> yaml.resolver.Resolver:
    return yaml.resolver.Resolver()


def bent_scalar(node: yaml.Node, choices: Choices) -> yaml.Node:
    """A scalar with something of its text changed."""
    if not isinstance(node, yaml.ScalarNode):
        return scalar(choices.pick(SCALARS))
    place = choices.integer(0, len(node.value))
    piece = choices.pick(
        ("", "0", "-", "*", "**", " ", "(", ")", "[", ",", ".", "{index}", "e9", "index", "\x1b", "'", "é")
    )
    return scalar(node.value[:place] + piece + node.value[place + choices.integer(0, 3) :])


def nasty(choices: Choices) -> yaml.Node:
    """A node of some kind that hardly any place expects."""

    def listed(*items: yaml.Node) -> yaml.Node:
        return yaml.SequenceNode(f"{PREFIX}seq", list(items))

    def mapped(*pairs: tuple[yaml.Node, yaml.Node]) -> yaml.Node:
        return yaml.MappingNode(f"{PREFIX}map", list(pairs))

    one = scalar(choices.pick(SCALARS))
    kind = choices.integer(0, 7)
    if kind == 0:
        return one
    if kind == 1:
        return listed()
    if kind == 2:
        return mapped()
    if kind == 3:
        return listed(one, scalar(choices.pick(words())))
    if kind == 4:
        return mapped((scalar(choices.pick(words())), one))
    if kind == 5:
        nested: yaml.Node = one
        for _ in range(choices.pick((3, 70))):
            nested = listed(nested) if choices.chance(50) else mapped((scalar("layers"), nested))
        return nested
    if kind == 6:
        return listed(*[scalar(choices.pick(("1", "relu", "index"))) for _ in range(choices.pick((5, 500)))])
    return listed(mapped((scalar(choices.pick(words())), one)), mapped((scalar(choices.pick(words())), listed(one))))
