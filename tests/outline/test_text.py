"""The YAML of names, texts and long lines."""

import pytest
import yaml

from cnncalc.outline.text import text, wrapped

PLAIN = ("ResNet-50", "He, Zhang 2015, Deep Learning, arXiv:1512.03385", "a (b) c/d's & e; f", "名 é")
QUOTED = (
    "", "yes", "NULL", "~", "1e3", "0x10", "2001-01-01", "- a", "a: b", "a:", "a #b", "a ", "{x}", "[x]", "!!python/x",
    "*a", "&a", "%a", "@a", "`a", "'a", '"a"', "a\nb", "a\tb", "a\\b", "a\x85b", "a\u2028b", "a\u202eb", "<<", "=", "?",
)  # fmt: skip


@pytest.mark.parametrize("words", PLAIN)
def test_plain_texts_have_no_quotes(words):
    assert text(words) == words
    assert yaml.safe_load(f"key: {words}\n") == {"key": words}


@pytest.mark.parametrize("words", QUOTED)
def test_other_texts_have_quotes(words):
    assert text(words).startswith('"')
    assert text(words).isprintable()
    assert yaml.safe_load(f"key: {text(words)}\n") == {"key": words}


def test_a_lone_surrogate_is_replaced():
    """It is in names of files that are not UTF-8, and no YAML can hold it."""
    assert yaml.safe_load(text("a\udcffb")) == "a\ufffdb"


def test_a_short_line_stays():
    assert list(wrapped("  - conv: {filters: 8}")) == ["  - conv: {filters: 8}"]


LONG = {f"setting{number}": [number, f"a, b] {number}"] for number in range(12)}
BODY = ", ".join(f'{key}: [{first}, "{second}"]' for key, (first, second) in LONG.items())


@pytest.mark.parametrize("start", ["  - conv: ", "    - - conv: ", "  set: ", "  - name.a: "])
def test_a_long_mapping_continues_on_further_lines(start):
    lines = list(wrapped(f"{start}{{{BODY}}}"))
    assert len(lines) > 2
    assert max(map(len, lines)) <= 100
    document = "key:\n" + "\n".join(lines)
    assert yaml.safe_load(document) == yaml.safe_load(f"key:\n{start}{{{BODY}}}")


def test_a_long_list_continues_on_further_lines():
    names = [f"stage{number}.layer" for number in range(20)]
    lines = list(wrapped(f"outputs: [{', '.join(names)}]"))
    assert max(map(len, lines)) <= 100
    assert yaml.safe_load("\n".join(lines)) == {"outputs": names}


def test_a_member_that_is_too_long_has_a_line_of_its_own():
    lines = list(wrapped(f'  - apply: {{a: 1, function: "{"x + " * 40}x", b: 2}}'))
    assert [line.strip()[:2] for line in lines] == ["- ", "{a", "fu", "b:"]
