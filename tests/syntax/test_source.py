"""Located YAML: where each node stands, what is refused, and that both parsers agree."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cnncalc import limits
from cnncalc.errors import SpecError
from cnncalc.limits import Limits
from cnncalc.syntax import source
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind, parse

FILES = sorted(Path(__file__).parents[1].glob("*_specs/*.yaml"))


def places(node: Node) -> list[tuple[str, int, int]]:
    """Every scalar of a node, keys included, with line and column."""
    if isinstance(node, Scalar):
        return [(node.text, node.span.line, node.span.column)]
    if isinstance(node, Sequence):
        return [place for item in node.items for place in places(item)]
    return [place for key, value in node.entries for place in (*places(key), *places(value))]


def plain(node: Node) -> object:
    """A node as Python would hold it."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.entries}


def problem(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        parse(text, "f")
    return str(caught.value)


def test_places_in_block_style() -> None:
    text = "a:\n  - b: 1\n    c: two\n  -   d\n"
    assert places(parse(text, "f")) == [
        ("a", 1, 1), ("b", 2, 5), ("1", 2, 8), ("c", 3, 5), ("two", 3, 8), ("d", 4, 7),
    ]  # fmt: skip


def test_places_in_flow_style() -> None:
    text = "a: [1, {b: 2,\n  c: [ 3 ]}]"
    assert places(parse(text, "f")) == [
        ("a", 1, 1), ("1", 1, 5), ("b", 1, 9), ("2", 1, 12), ("c", 2, 3), ("3", 2, 8),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["é: [ä, 🎉, x]", '"é": [ä, 🎉, x]'])
def test_columns_count_characters(text: str) -> None:
    shift = 2 if text.startswith('"') else 0
    assert places(parse(text, "f")) == [
        ("é", 1, 1), ("ä", 1, 5 + shift), ("🎉", 1, 8 + shift), ("x", 1, 11 + shift),
    ]  # fmt: skip


def test_windows_line_ends() -> None:
    assert places(parse("a: 1\r\nb:\r\n  - c\r\n", "f")) == [
        ("a", 1, 1), ("1", 1, 4), ("b", 2, 1), ("c", 3, 5),
    ]  # fmt: skip


def test_a_value_that_is_left_out_has_the_place_of_its_key() -> None:
    assert places(parse("a:\nb: {c: , d: 1}\n", "f")) == [
        ("a", 1, 1), ("", 1, 1), ("b", 2, 1), ("c", 2, 5), ("", 2, 5), ("d", 2, 10), ("1", 2, 13),
    ]  # fmt: skip


def test_scalars_stay_text() -> None:
    text = "[no, 012, 1e6, 2001-01-01, 1:30, ~, 0x10, .inf, '', null, yes]"
    node = parse(text, "f")
    assert plain(node) == ["no", "012", "1e6", "2001-01-01", "1:30", "~", "0x10", ".inf", "", "null", "yes"]
    assert isinstance(node, Sequence)
    nulls = [item.text for item in node.items if isinstance(item, Scalar) and item.is_null]
    assert nulls == ["~", "null"]


def test_literal_tells_whether_the_characters_stand_in_the_file() -> None:
    text = "- abc\n- 'abc'\n- \"abc\"\n- 'it''s'\n- \"\\x41\"\n- over\n  lines\n- >\n  folded\n"
    node = parse(text, "f")
    assert isinstance(node, Sequence)
    assert [item.literal for item in node.items if isinstance(item, Scalar)] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip


def test_anchors_and_aliases() -> None:
    assert plain(parse("a: &x [1, 2]\nb: *x\nc: &y {d: *x}\ne: *y", "f")) == {
        "a": ["1", "2"],
        "b": ["1", "2"],
        "c": {"d": ["1", "2"]},
        "e": {"d": ["1", "2"]},
    }
    assert plain(parse("[&x 1, &x 2, *x]", "f")) == ["1", "2", "2"]


def test_duplicate_keys_are_all_told() -> None:
    assert problem("a: 1\nb: {c: 1, c: 2}\na: 3") == (
        "f:2:11: the key 'c' is already given in line 2; remove one of them\n"
        "f:3:1: the key 'a' is already given in line 1; remove one of them"
    )


def test_depth() -> None:
    depth = Limits().nesting
    assert parse("[" * depth + "]" * depth, "f")
    assert problem("[" * (depth + 1) + "]" * (depth + 1)) == (
        f"f:1:{depth + 1}: nested more than {depth} deep; move the inner part to a block, or"
        " raise the limit with `--limit nesting=N`"
    )
    # Much deeper texts end as early.
    assert "nested more" in problem("[" * 100_000)
    assert "nested more" in problem("- " * 10_000)
    # Whatever depth the parser has for a limit, ours is named at its own place where the text before is short,
    assert problem(f"a: {'[' * 300_000}").startswith(f"f:1:{depth + 3}: nested more than {depth} deep; move")
    # and named where it is long.
    assert f"nested more than {depth} deep; move" in problem("# comment\n" * 30_000 + "- " * 10_000)


def test_number_of_values() -> None:
    message = "lists, mappings and aliases have more than 10 values; raise the limit with `--limit values=N`"
    with limits.using(Limits(values=10)):
        assert parse("[1, 2, 3, 4, 5, 6, 7, 8, 9]", "f")
        assert problem("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]") == f"f:1:29: {message}"
        # An alias counts as all that it stands for.
        assert parse("[&a [1, 2, 3], *a]", "f")
        assert problem("[&a [1, 2, 3], *a, *a]") == f"f:1:20: {message}"


def test_aliases_do_not_explode() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 50)]
    assert "have more than" in problem("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!!int 3", "f:1:1: the YAML tag 'tag:yaml.org,2002:int' has no meaning in a spec; remove it"),
        ("a: !x [1]", "f:1:4: the YAML tag '!x' has no meaning in a spec; remove it"),
        ("a: !!python/object:os.system x", None),
        ("? [a]\n: 1", "f:1:3: a key must be a word, not a list; quote text that begins with a bracket"),
        ("{a: 1}: 2", "f:1:1: a key must be a word, not a mapping; quote text that begins with a bracket"),
        ("a: *b", "f:1:4: the anchor '&b' is not defined above this alias; quote text that begins with '*'"),
        ("&a [*a]", "f:1:5: the anchor '&a' is not defined above this alias; quote text that begins with '*'"),
        ("<<: {a: 1}", "f:1:1: merge keys have no meaning in a spec; write a block, or write out the keys"),
        ("a: 1\n---\nb: 2", "f:2:1: a second document begins here; keep one spec in a file"),
        ("a: 1\n...\nb: 2", "f:3:1: a second document begins here; keep one spec in a file"),
        ("a: 1\n...\n", ""),
        ("--- # one\na: 1", ""),
        ("", "f:1:1: the spec is empty; write at least input: and layers:"),
        ("# nothing", "f:1:1: the spec is empty; write at least input: and layers:"),
    ],
)
def test_what_a_spec_does_not_hold(text: str, expected: str | None) -> None:
    if expected == "":
        assert parse(text, "f")
    elif expected is None:
        assert "has no meaning in a spec" in problem(text)
    else:
        assert problem(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1,\nb: 2", "1:4: this bracket is not closed"),
        ("a: [1, 2", "1:4: this bracket is not closed"),
        ("a: {b: 1", "1:4: this bracket is not closed"),
        ("a: [", "1:5: the text ends inside a bracket"),
        ("a: {b: 1 c: 2}", "1:11: a comma or the closing bracket is missing before this"),
        ("a: [1}", "1:6: a comma or the closing bracket is missing before this"),
        ("a: 1]\nb: [1]]", "2:7: this bracket closes nothing"),
        ("]", "1:1: this bracket closes nothing"),
        ("a: [,]", "1:5: no value before this comma"),
        ("a:\n\tb: 1", "2:1: tab in the indentation"),
        ("a: b: c", "1:5: unexpected colon"),
        ("a: 1\n  b: 2", "1:1: 'a' has its value on this line, so that nothing can be below it"),
        ("a:\n  - b: 1\n      c: 2", "2:5: 'b' has its value on this line, so that nothing can be below it"),
        ("- a\n  b: 2", "1:3: 'a' has no colon, so that nothing can be below it"),
        ("x:\n- - a # comment\n\n    # comment\n    b: 2", "2:5: 'a' has no colon, so that nothing can be below it"),
        ("x:\r\n  - a\r\n    b: 2", "2:5: 'a' has no colon, so that nothing can be below it"),
        ("- a: b\n  c: d: e", "2:7: unexpected colon"),
        ("a\n  b: 2", "1:1: 'a' has no colon, so that nothing can be below it"),
        ("a: - b", "1:4: unexpected dash"),
        ("a:\n    b: 1\n  c: 2", "3:3: the indentation matches no line above"),
        ("a: 1\nb\nc: 2", "2:1: this line is neither `key: value` nor `- item`"),
        ("a: 'b\nc: d", "1:4: this quote is not closed"),
        ('a: "b', "1:4: this quote is not closed"),
        ("a: 'it's'", "1:8: text after the closing quote"),
        (r'a: "\q"', "1:6: unknown escape after the backslash"),
        ("a: * 2", "1:5: '*' and '&' begin anchors and aliases of YAML"),
        ("a: @b", "1:4: text cannot begin with this character"),
        ("a: %b", "1:4: text cannot begin with this character"),
        ("a: \x07", "1:4: the character U+0007 is not allowed in YAML"),
        ("a: 1\rb: \x07", "2:4: the character U+0007 is not allowed in YAML"),
        ("%YAML 9.0\n---\na: 1", "1:1: unknown version of YAML"),
    ],
)
def test_mistakes_in_yaml(text: str, expected: str) -> None:
    assert problem(text).partition(";")[0] == f"f:{expected}"


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="PyYAML is installed without libyaml")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'a: "\U00110000"', "1:7: this escape is not a character"),
        (r'a: "\ud800"', "1:7: this escape is not a character"),
        (f"%YAML 1.{'1' * 5_000}\n---\na: 1", "1:18: unknown version of YAML"),
        ("%YAML 1.3\n---\na: 1", "1:1: unknown version of YAML"),
        ("a: |\n  \tb", "2:3: tab in the indentation"),
    ],
)
def test_what_only_libyaml_refuses(text: str, expected: str) -> None:
    """Code points end at U+10FFFF, and D800 to DFFF are no characters (Unicode 15, 3.8 and 3.9)."""
    assert problem(text).partition(";")[0] == f"f:{expected}"
    # However much follows, and whatever its end.
    for end in ("\n" + "# comment\n" * 30_000, "\n" + "b: [\n" + "#\n" * 150_000):
        assert problem(text + end).partition(";")[0] == f"f:{expected}"


@pytest.mark.parametrize("text", [r'a: "\U00110000"', f"%YAML 1.{'1' * 5_000}\n---\na: 1"])
def test_what_the_pure_parser_cannot_convert(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert problem(text).startswith("f:1:1: not valid YAML: ")


def test_kinds() -> None:
    node = parse("[[], {}, abc, ~, '', \"\\e[0m\"]", "f")
    assert isinstance(node, Sequence)
    assert [kind(item) for item in node.items] == [
        "a list",
        "a mapping",
        "the text 'abc'",
        "nothing",
        "the text ''",
        r"the text '\x1b[0m'",
    ]


def test_get() -> None:
    node = parse("a: 1\nb: 2", "f")
    assert isinstance(node, Mapping)
    found = node.get("b")
    assert isinstance(found, Scalar)
    assert found.text == "2"
    assert node.get("c") is None


# --- reading ------------------------------------------------------------------------------------------


def text_at(path: str, shown: str = "") -> str:
    return source.text_of(source.read(path), shown or path)


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert text_at(str(path)) == "a: 1"
    assert places(parse(text_at(str(path)), "f")) == [("a", 1, 1), ("1", 1, 4)]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("é: 1".encode())))
    assert text_at("-") == "é: 1"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a: \xff")))
    with pytest.raises(SpecError, match=r"^<stdin>:1:4: the byte 0xff is not UTF-8"):
        text_at("-", "<stdin>")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(SpecError, match=r"^net\.yaml: cannot be read: Permission denied$"):
        text_at("net.yaml")


def test_size_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    with limits.using(Limits(bytes=4)):
        path.write_text("a: 1")
        assert text_at(str(path)) == "a: 1"
        path.write_text("a: 12")
        with pytest.raises(SpecError, match="is larger than 4 bytes"):
            text_at(str(path))


# --- both parsers -------------------------------------------------------------------------------------


def outcome(text: str) -> object:
    try:
        return parse(text, "f")
    except SpecError as error:
        return error.problems


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parsers_agree_on_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    with_either = outcome(text)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert outcome(text) == with_either


@given(st.text(alphabet="ab1:-,[]{}'\"#&*!|>? \n\té🎉", max_size=25))
def test_any_text_is_nodes_or_a_problem(text: str) -> None:
    """The parsers differ in what they forgive, so only the sort of answer is the same."""
    outcome(text)


words = st.text(alphabet="abcé_0 ", min_size=1, max_size=6).map(str.strip).filter(bool)
trees = st.recursive(
    words,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=15,
)


@given(st.one_of(st.lists(trees, min_size=1), st.dictionaries(words, trees, min_size=1)), st.booleans())
def test_what_yaml_writes_is_read_again(tree: object, flow: bool) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True, default_flow_style=flow, width=1000)
    with_either = parse(text, "f")
    assert plain(with_either) == tree
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader", raising=False)
        assert parse(text, "f") == with_either


@given(st.one_of(st.lists(trees, min_size=1), st.dictionaries(words, trees, min_size=1)), st.booleans())
def test_every_literal_stands_where_its_span_says(tree: object, flow: bool) -> None:
    lines = yaml.safe_dump(tree, allow_unicode=True, default_flow_style=flow, width=1000).split("\n")

    def check(node: Node) -> None:
        if isinstance(node, Sequence):
            for item in node.items:
                check(item)
        elif isinstance(node, Mapping):
            for key, value in node.entries:
                check(key)
                check(value)
        elif node.literal:
            start = node.span.column - 1 + (0 if node.plain else 1)
            assert lines[node.span.line - 1][start:].startswith(node.text)

    check(parse("\n".join(lines), "f"))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028"])
def test_text_behind_a_bracket_or_a_quote_on_any_line(end):
    for value, closing in (("[8, 3] relu", "bracket"), ("'8' relu", "quote")):
        with pytest.raises(SpecError) as error:
            parse(f"name: x{end}a: {value}{end}", "net.yaml")
        (problem,) = error.value.problems
        assert problem.message == f"text after the closing {closing}"
