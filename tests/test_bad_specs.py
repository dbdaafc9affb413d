"""Every wrong spec in bad_specs/ gets just the problems that its first lines expect: wording, place and order.

`# expect: 4:13: message` is a problem of the file itself, with another file's name before the line
number one of that file; `# run: --set a=1 --input 3x8x8` gives the options. A new message is judged as
its reader would: does the place hold the culprit, do the numbers show, does it say what would work?
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncalc import limits
from cnncalc.errors import SpecError
from cnncalc.limits import Limits
from cnncalc.network import build

FOLDER = Path(__file__).parent / "bad_specs"
BAD_SPECS = sorted(path.name for path in FOLDER.glob("*.yaml"))
GOOD_SPECS = sorted((FOLDER.parent / "good_specs").glob("*.yaml"))


def problems_of(reference: str, settings=(), inputs=()) -> list[str]:
    """The problems of a spec as text; those with a line of the file itself without its name."""
    try:
        build.load(reference, settings, inputs)
    except SpecError as error:
        return [
            str(problem).removeprefix(f"{reference}:" if problem.span is not None else "") for problem in error.problems
        ]
    return []


def header(text: str, word: str) -> list[str]:
    start = f"# {word}: "
    return [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]


def options(text: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The `--set` and `--input` of a `# run:` line, as the commands hand them on."""
    changes: dict[str, list[tuple[str, str]]] = {"--set": [], "--input": []}
    words = [word for line in header(text, "run") for word in shlex.split(line)]
    for option, value in zip(words[::2], words[1::2], strict=True):
        name, equals, rest = value.partition("=")
        changes[option].append((name, rest) if equals else ("", value))
    return changes["--set"], changes["--input"]


@pytest.fixture(autouse=True)
def in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize("name", BAD_SPECS)
def test_problems(name: str) -> None:
    text = Path(name).read_text(encoding="utf-8")
    expected = header(text, "expect")
    assert expected, "a bad spec begins with what it expects"
    assert problems_of(name, *options(text)) == expected


def test_every_place_is_in_the_file() -> None:
    for name in BAD_SPECS:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
        for problem in header("\n".join(lines), "expect"):
            line, _, rest = problem.partition(":")
            if line.isdigit():
                column = int(rest.partition(":")[0])
                assert int(line) <= len(lines), problem
                assert 1 <= column <= len(lines[int(line) - 1]) + 1, problem


# --- what cannot be a file of the folder ------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "1:1: the spec is empty; write at least input: and layers:"),
        (b"\xef\xbb\xbf", "1:1: the spec is empty; write at least input: and layers:"),
        (b"\n\n  \n", "1:1: the spec is empty; write at least input: and layers:"),
        (b"---\n", "1:1: the spec is empty; write at least input: and layers:"),
        (b"~", "1:1: the spec is empty; write at least input: and layers:"),
        (b"name: caf\xe9\n", "1:10: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("name: é\r\nsource: ".encode() + b"\xe9", "2:9: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"\xff\xfen\x00a\x00", "1:1: the file is UTF-16; save it as UTF-8"),
        (b"a: b\0c", "1:5: the character U+0000 is not allowed in YAML; remove it, or save the file as UTF-8"),
        (b"a: 1\r\nb: 2\r\nc: \x1b[31m", "3:4: the character U+001B is not allowed in YAML; remove it"),
    ],
)
def test_bytes(tmp_path: Path, data: bytes, expected: str) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(data)
    assert problems_of(str(path)) == [expected]


def test_missing_files(tmp_path: Path) -> None:
    assert problems_of("no/such.yaml") == ["no/such.yaml: no such file"]
    assert problems_of("nothing.yaml") == [
        "nothing.yaml: no such file or bundled network; `cnncalc list` shows the bundled networks"
    ]
    assert problems_of("resnet_50") == ["resnet_50: no such file or bundled network; did you mean 'resnet50'?"]
    assert problems_of("VGG_16") == ["VGG_16: no such file or bundled network; did you mean 'vgg16'?"]
    assert problems_of(str(tmp_path)) == [f"{tmp_path}: is a directory; name a file in it"]
    assert problems_of("a\0b") == ["a\0b: no such file or bundled network; `cnncalc list` shows the bundled networks"]
    assert problems_of("") == [": no such file or bundled network; `cnncalc list` shows the bundled networks"]


def test_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("# comment\n" * 20)
    with limits.using(Limits(bytes=100)):
        message = f"{path}: is larger than 100 bytes; raise the limit with `--limit bytes=N`"
        assert problems_of(str(path)) == [message]


def test_extended_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The place is that of `extends` where the other file has none."""
    (tmp_path / "base.yaml").write_bytes(b"name: \xe9")
    path = tmp_path / "net.yaml"
    path.write_text("name: Net\nextends: base.yaml\n")
    base = tmp_path / "base.yaml"
    assert problems_of(str(path)) == [f"{base}:1:7: the byte 0xe9 is not UTF-8; save the file as UTF-8"]
    base.unlink()
    base.mkdir()
    message = "extends 'base.yaml', but this folder has no such file, and no bundled network has this name"
    assert problems_of(str(path)) == [f"2:10: {message}"]


# --- bounds -----------------------------------------------------------------------------------------


def problems_of_text(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "net.yaml"
    path.write_text(text, encoding="utf-8")
    return problems_of(str(path))


def chain(length: int) -> str:
    """Blocks each of which uses the next."""
    blocks = [f"  b{number}: [b{number + 1}]" for number in range(length - 1)]
    return "\n".join(["input: [3, 8, 8]", "blocks:", *blocks, f"  b{length - 1}: [relu]", "layers: [b0]"])


def test_nested_blocks(tmp_path: Path) -> None:
    assert problems_of_text(tmp_path, chain(60)) == []
    line = 2 + 60
    hint = "raise the limit with `--limit nesting=N`"
    problem = f"{line}:9: blocks and branches are nested more than 60 deep; {hint}"
    assert problems_of_text(tmp_path, chain(61)) == [problem]
    assert problems_of_text(tmp_path, chain(2000)) == [problem]


def test_a_long_circle_of_blocks(tmp_path: Path) -> None:
    text = chain(2000).replace("[relu]", "[b0]")
    (problem,) = problems_of_text(tmp_path, text)
    way = "b0 -> b1 -> b2 -> b3 -> b4 -> b5 -> ... -> b0"
    hint = "add a when: that ends it; to place a block several times, use repeat:"
    assert problem == f"2002:11: the block 'b0' uses itself without end: {way}; {hint}"


def test_deep_groups_in_deep_blocks(tmp_path: Path) -> None:
    """Depth counts over blocks, groups and branches together: no stack overflows."""
    inner = "relu"
    for _ in range(20):
        inner = f"{{layers: [{{add: [[{inner}], []]}}]}}"
    blocks = [f"  b{number}: [{inner.replace('relu', f'b{number + 1}')}]" for number in range(10)]
    text = "\n".join(["input: [3, 8, 8]", "blocks:", *blocks, "  b10: [relu]", "layers: [b0]"])
    assert len(problems_of_text(tmp_path, text)) == 1


def test_expressions_deep_in_a_deep_file(tmp_path: Path) -> None:
    deep = "(" * 25 + " + ".join(["1"] * 90) + ")" * 25
    inner = f"{{conv: {{filters: '{deep}', kernel: '{deep.replace('1', 'in_channels', 1)}', padding: same}}}}"
    for _ in range(25):
        inner = f"{{layers: [{inner}]}}"
    (problem,) = problems_of_text(tmp_path, f"input: [3, 200, 200]\nlayers: [{inner}, {{conv: [0, 1]}}]")
    assert "filters takes" in problem


def test_many_equal_mistakes_in_little_time(tmp_path: Path) -> None:
    lines = "  - conv: {filters: widht, kernel: 3}\n" * 500
    problems = problems_of_text(tmp_path, f"variables: {{width: 8}}\ninput: [3, 8, 8]\nlayers:\n{lines}")
    assert len(problems) == 500


# --- no text gives a traceback ------------------------------------------------------------------------

FRAGMENTS = [
    "", "\n", "  ", "- ", ": ", "{", "}", "[", "]", ",", "'", '"', "#", "&a ", "*a", "!x ", "|", ">", "?", "~", "\t",
    "0", "-1", "1e9", "2 ** 64", "/ 0", "(", ")", "from: x", "repeat: 2", "when: true", "name: a", "weights: a",
    "relu", "conv", "add", "concat", "branch", "layers", "input", "previous", "index", "in_channels", "{index}", "é",
    "for: {a: [1, 2]}", "training_only: true", "frozen: true", "frozen: [conv]", "share_weights: true", "type: act",
    "set: {a: 1}", "shape(a)", "shape('previous')[1:]", "range(3)", ";", "extends: vgg16",
    "\x85", "\u2028", "\U0001f600",
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_specs(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Good specs with pieces cut out and put in either work or have problems, each with a sentence."""
    text = data.draw(st.sampled_from(GOOD_SPECS)).read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(FRAGMENTS)) + text[end:]
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    for problem in problems_of(str(path)):
        assert len(problem) > 10
        assert "bug" not in problem
