"""Strings that a stranger would put into a spec, and what must hold of every output that such a spec has."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STRINGS = {
    "color": "\x1b[31mred\x1b[0m",
    "hyperlink": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "title": "\x1b]0;title\x07",
    "eight_bit_escape": "\x9b31mred",
    "carriage_return": "safe\r::error::overwritten",
    "line_end": "safe\n::error::second line",
    "next_line": "a\x85::error::b",
    "line_separator": "a\u2028::error::b",
    "paragraph_separator": "a\u2029b",
    "backspace": "abc\b\b\bxyz",
    "null": "a\0b",
    "delete": "a\x7fb",
    "bidi": "a\u202egnp.exe",
    "isolate": "a\u2066b\u2069",
    "zero_width": "a\u200bb\ufeffc",
    "tag": "a\U000e0041b",
    "surrogate": "a\ud800b",
    "rich": "[red]bold[/red][link=https://evil.example]x[/link]",
    "rich_closing": "[/]",
    "github": "::error file=x,line=1::boom",
    "github_mask": "   ::add-mask::x",
    "github_old": "a ##[error]boom",
    "azure": "a ##vso[task.setvariable variable=x]y",
    "teamcity": "##teamcity[buildStatus status='FAILURE']",
    "long_word": "a" * 75 + "::error::" + "b" * 75,
    "many_words": "a " * 38 + "::error::x " + "b ##[error] " * 10,
    "link": "[click](https://evil.example)",
    "reference": "[a]: https://evil.example",
    "image": "![x](https://evil.example/x.png)",
    "bare_link": "https://evil.example and www.evil.example",
    "mention": "@octocat fixes #12",
    "issues": "closes GH-12, gh-3 and octocat/hello-world#7; !8 %9 ~label &10 ^11",
    "commit": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "commits": "octocat@da39a3ee5e6b4b0d3255bfef95601890afd80709 reverts DA39A3E",
    "emoji": ":tada: and net.yaml:100:1",
    "quick_action": "/close",
    "heading": "# heading",
    "underline": "---",
    "double_underline": "===",
    "item": "- item",
    "number": "1. item",
    "star": "* item",
    "quote": "> quote",
    "code": "`code` ```fence",
    "emphasis": "*a* _b_ __c__ ~~d~~",
    "row": "a | b | c",
    "escaped_row": "a \\| b \\",
    "mathematics": "$x$ and $$\\href{https://evil.example}{y}$$",
    "entity": "&lt;script&gt; &#x202e; &amp;",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "comment": "--> <!-- x",
    "cdata": "]]> <![CDATA[ x",
    "latex": "\\input{/etc/passwd} \\write18{id}",
    "latex_signs": "$a_b^c% #1 & ~ {x} ^^5cinput",
    "latex_argument": "[1cm] x",
    "latex_star": "*x",
    "formula": "=cmd|' /C calc'!A0",
    "formula_plus": "+1+cmd|' /C calc'!A0",
    "formula_minus": "-1+1",
    "formula_at": "@SUM(1+1)",
    "formula_space": " =1+1",
    "formula_tab": "\t=1+1",
    "formula_wide": "＝1+1",
    "formula_cell": "a;=1+1",
    "quotes": "a\"b'c\"\"d,e",
    "template": "{0} {name} %s %(x)s ${HOME} $(id) `id`",
    "json": '"}], "x": [{"',
    "yaml": "a: b # c",
}  # fmt: skip
ALLOWED_LATEX = frozenset(
    [
        "allowbreak",
        "begingroup",
        "emergencystretch",
        "endgroup",
        "endhead",
        "footnotesize",
        "linewidth",
        "qquad",
        "quad",
        "raggedright",
        "resizebox",
        "scriptsize",
        "setlength",
        "small",
        "tabcolsep",
        "tabularnewline",
        "tiny",
        "textbackslash",
        "textasciicircum",
        "textasciitilde",
        "textless",
        "textgreater",
        "times",
        "begin",
        "end",
        "toprule",
        "midrule",
        "bottomrule",
        "hspace",
        "usepackage",
        "section",
        "subsection",
        "paragraph",
        "par",
        "noindent",
        "textbf",
        "text",
        "frac",
        "left",
        "right",
        "lfloor",
        "rfloor",
        "lceil",
        "rceil",
        "le",
        "ge",
        "ne",
        "min",
        "max",
        "cases",
    ]
)
ALLOWED_HTML = frozenset(
    [
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "h4", "p", "ul", "li", "dl", "dt", "dd"),
        *("pre", "div", "strong", "table", "thead", "tbody", "tr", "th", "td"),
    ]
)
ALLOWED_SVG = frozenset(["svg", "title", "desc", "style", "rect", "g", "path", "polygon", "text"])
# What the attributes of a drawing may hold, beside the names of parts.
SVG_ATTRIBUTES = {
    "width": r"[0-9]+", "height": r"[0-9]+", "x": r"-?[0-9]+", "y": r"-?[0-9]+", "rx": r"[0-9]+",
    "viewBox": r"0 0 [0-9]+ [0-9]+", "viewbox": r"0 0 [0-9]+ [0-9]+", "xmlns": r"http://www\.w3\.org/2000/svg",
    "class": r"[a-z0-9 _-]+", "lang": r"en", "role": r"[a-z -]+", "aria-label": r"[^\n]*", "data-name": r"[^\n]*",
    "font-family": r"[A-Za-z', -]+", "text-rendering": r"geometricPrecision", "style": r"max-width: 100%; height: auto",
    "fill": r"#[0-9a-f]{6}|none", "stroke": r"#[0-9a-f]{6}", "stroke-width": r"1\.2", "stroke-dasharray": r"4 3",
    "stroke-linejoin": r"round", "fill-opacity": r"0\.12", "points": r"[-0-9, ]+", "d": r"[-0-9MLQ ]+",
    "font-size": r"[0-9]+", "font-weight": r"600", "text-anchor": r"middle|end",
}  # fmt: skip
SVG_STYLE = (
    r"@media \(prefers-color-scheme: dark\) \{(\.cnncalc-auto \.[fs]-[a-z0-9_]+ \{(fill|stroke): #[0-9a-f]{6}\} ?)*\}"
)
ALLOWED_TIKZ = frozenset(
    [
        *("begin", "bfseries", "definecolor", "documentclass", "draw", "end", "fill", "fontsize", "node", "path"),
        *("selectfont", "sffamily", "usepackage", "usetikzlibrary", "times"),
        *("textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater"),
    ]
)
# What `field --plot` draws, with its axes.
DRAWING = r"(([-0-9 .|#+█·│─┐┌└┘]*|Drawn on the input:|[█#] read   [·.] not read)\n)*"
COMMAND = re.compile(r"\s*::[A-Za-z]")
PAGE_HTML = {
    "section", "main", "header", "nav", "aside", "button", "input", "label", "output", "small", "b", "br", "script",
    "a", "div", "svg", "g", "rect", "path", "text", "title", "desc", "line", "polyline", "polygon",
}  # fmt: skip
PAGE_ATTRIBUTES = {
    "aria-label", "charset", "class", "content", "data-amount", "data-fold", "data-name", "data-open", "data-text",
    "hidden", "href", "http-equiv", "id", "lang", "name", "scope", "tabindex", "type",
    # Of drawings and charts.
    "d", "data-pane", "fill", "fill-opacity", "font-family", "font-size", "font-weight", "height", "points", "role",
    "rx", "ry", "stroke", "stroke-dasharray", "stroke-linejoin", "stroke-opacity", "stroke-width", "text-anchor",
    "text-rendering", "transform", "viewbox", "width", "x", "x1", "x2", "xmlns", "y", "y1", "y2",
}  # fmt: skip


def visible(words: str) -> str:
    """A text as one line of signs that are seen, as the reports say that they write it."""
    shown = "".join(
        f"\\x{ord(sign):02x}"
        if unicodedata.category(sign)[0] == "C" or unicodedata.category(sign) in ("Zl", "Zp")
        else sign
        for sign in words
    )
    shown = re.sub(r"::(?=[A-Za-z])", r":\\x3a", shown)
    return re.sub(r"##(?=[A-Za-z]*\[)", r"#\\x23", shown)


def hidden_in(text: str) -> list[str]:
    """The signs of a text that act instead of being seen; line feeds are those of the report."""
    return [
        f"U+{ord(sign):04X}"
        for sign in text
        if sign != "\n" and (unicodedata.category(sign)[0] == "C" or unicodedata.category(sign) in ("Zl", "Zp"))
    ]


def check_log(text: str) -> None:
    """Nothing in it acts on a terminal, or is a command to a CI system that reads it in a log."""
    assert hidden_in(text) == []
    for line in text.split("\n"):
        assert not COMMAND.match(line), line
    assert not re.search(r"##[A-Za-z]*\[", text)


def check_text(text: str) -> None:
    check_log(text)


def check_json(text: str) -> None:
    check_log(text)
    json.loads(text)


def check_sarif(text: str) -> None:
    check_json(text)
    for result in json.loads(text)["runs"][0]["results"]:
        assert not re.search(r"(?<!\\)\]\(", result["message"]["text"])


def check_csv(text: str) -> None:
    check_log(text)
    rows = list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in rows} == {len(rows[0])}
    # A spreadsheet that has the semicolon between cells sees others.
    for cell in [cell for row in rows for cell in row] + [cell for row in text.split("\n") for cell in row.split(";")]:
        begin = cell.lstrip(' "')[:1]
        assert begin not in tuple("=+@＝＋－＠-") or re.fullmatch(r"-[0-9.]+", cell), cell


def check_markdown(text: str) -> None:
    check_log(text)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = [inner for token in parser.parse(text) for inner in (token, *(token.children or ()))]
    kinds = {token.type for token in tokens}
    assert not kinds & {
        "link_open",
        "image",
        "html_inline",
        "em_open",
        "s_open",
        "code_block",
        "hr",
        "ordered_list_open",
    }
    assert not kinds & {"blockquote_open", "lheading_open"}
    for token in tokens:
        if token.type == "html_block":
            # A long table is folded away; what is in it stands apart by empty lines.
            assert re.fullmatch(r"<details><summary>[^<>]*</summary>\n?|</details>\n?", token.content), token.content
        if token.type == "fence":
            assert re.fullmatch(DRAWING, token.content), token.content
        if token.type == "heading_open":
            assert token.markup.startswith("#")
    assert not re.search(r"(?<!\\)://|www\.|(?<![\w\\&])[@#]\w", text)
    for token in tokens:
        if token.type == "text":
            # What GitHub and GitLab find in the text that is left: references, commits, and names of pictures.
            assert not re.search(r"(?i)\bGH-[0-9]|[@#!%~&^]\w|\b[0-9a-f]{7,40}\b|:(100|[a-z+-]+):", token.content)
    assert not re.search(r"(?m)^\s*/[a-z]", text)
    assert not re.search(r"(?<!\\)\$(?!\$)", re.sub(r"(?m)^\$\$.*\$\$$", "", text))


def check_latex(text: str) -> None:
    check_log(text)
    for drawing in (drawings := re.findall(r"(?s)\\begin{verbatim}\n(.*?)\\end{verbatim}\n", text)):
        assert re.fullmatch(DRAWING, drawing), drawing
        text = text.replace(drawing, "")
    # A table that is scaled is an argument, of several lines.
    text, scaled = re.subn(r"(?m)^\\noindent\\resizebox{\\linewidth}{!}{%\n", r"\\noindent\\resizebox\n", text)
    text, ends = re.subn(r"(?m)^\\end{tabular}}$", r"\\end{tabular}", text)
    assert scaled == ends
    lines = [line for line in text.split("\n") if not line.startswith("%")]
    lines = [line for line in lines if not re.fullmatch(r"\\(begin|end){verbatim}", line) or not drawings]
    words = set(re.findall(r"\\([A-Za-z]+)", "\n".join(lines)))
    assert words <= ALLOWED_LATEX, words - ALLOWED_LATEX
    for line in lines:
        assert not re.match(r"\s*[\[*]", line), line
        assert "^^" not in line
        # No comment, no mathematics and no argument that is not ours.
        assert not re.search(r"(?<!\\)[%#~]", line), line
        assert len(re.findall(r"(?<!\\)\$", line)) == 2 * line.count("$\\times$"), line
        braces = re.sub(r"\\[{}]", "", line)
        assert braces.count("{") == braces.count("}"), line


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_comment(self, data: str) -> None:
        self.tags.add("comment")


def check_html(text: str) -> None:
    check_log(text)
    parser = _Tags()
    parser.feed(text)
    assert parser.tags <= ALLOWED_HTML | ALLOWED_SVG
    assert parser.attributes <= {"style", "lang", "charset", "class", *SVG_ATTRIBUTES}
    for drawing in re.findall(r"(?s)<svg .*?</svg>", text):
        check_svg(drawing)


def check_svg(text: str) -> None:
    check_log(text)
    for element in ET.fromstring(text).iter():
        tag = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
        assert tag in ALLOWED_SVG, tag
        for name, value in element.attrib.items():
            assert re.fullmatch(SVG_ATTRIBUTES[name], value), (name, value)
        if tag == "style":
            assert re.fullmatch(SVG_STYLE, element.text or "")


def check_dot(text: str) -> None:
    """Outside of quoted texts there are only words of ours; inside, every backslash is of a line end or is escaped."""
    check_log(text)
    quoted = r'"((?:[^"\\]|\\.)*)"'
    for words in re.findall(quoted, text):
        assert not re.sub(r'\\[\\"n]', "", words).count("\\"), words
        assert not re.search(r"&(?!amp;)", words), words
    rest = re.sub(quoted, "TEXT", text)
    words = set(re.findall(r"[A-Za-z_]+", rest))
    assert words <= {
        "digraph", "TEXT", "rankdir", "TB", "bgcolor", "fontname", "fontcolor", "node", "shape", "box", "style", "edge",
        "fontsize", "color", "arrowsize", "n", "label", "fillcolor", "tooltip", "subgraph", "cluster_",
    }  # fmt: skip
    assert not re.search(r"//|/\*|(?m:^#)", rest)


def check_mermaid(text: str) -> None:
    """Texts hold letters, digits and entities; nothing else is there but words of ours."""
    check_log(text)
    for line in text.rstrip("\n").split("\n"):
        for words in re.findall(r'"([^"]*)"', line) + re.findall(r"accTitle: (.*)", line):
            assert re.fullmatch(r"(?:[^\W_]| |<br/>|#[0-9]+;|(?<=[^\W_])[_.,/-](?=[^\W_]))*", words), words
        rest = re.sub(r'"[^"]*"', "", line)
        assert re.fullmatch(
            r" *(flowchart TB|accTitle: .*|n[0-9]+(\(\[\]\)|\[\])|subgraph f[0-9]+\[\]|end|n[0-9]+ -->(\|\|)? n[0-9]+"
            r"|classDef \w+ fill:#\w{6},stroke:#\w{6},color:#\w{6}|class [n0-9,]+ \w+)",
            rest,
        ), line


def check_tikz(text: str) -> None:
    check_log(text)
    for line in text.rstrip("\n").split("\n")[1:]:
        assert set(re.findall(r"\\([A-Za-z]+)", line)) <= ALLOWED_TIKZ, line
        assert "^^" not in line
        assert not re.search(r"(?<!\\)[%#~&]", line), line
        assert len(re.findall(r"(?<!\\)\$", line)) == 2 * line.count("$\\times$"), line
        braces = re.sub(r"\\[{}]", "", line)
        assert braces.count("{") == braces.count("}"), line


def check_page(text: str) -> None:
    """A page of `cnncalc report`: no element, attribute or script but ours, also in the explanations it holds."""
    check_log(text)
    parser = _Tags()
    parser.feed(text)
    assert parser.tags <= ALLOWED_HTML | PAGE_HTML, parser.tags - ALLOWED_HTML - PAGE_HTML
    assert parser.attributes <= PAGE_ATTRIBUTES, parser.attributes - PAGE_ATTRIBUTES
    scripts = re.findall(r"(?s)<script>(.*?)</script>", text)
    assert scripts == [(files("cnncalc.page") / "script.js").read_text(encoding="utf-8").strip()]
    for content in re.findall(r'(?s)<script type="application/json" class="explanations">(.*?)</script>', text):
        check_html("\n".join(json.loads(content)["lines"]))


def check_junit(text: str) -> None:
    check_log(text)
    root = ET.fromstring(text)
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out",
    }  # fmt: skip


def check_github(text: str) -> None:
    """Every command is one of cnncalc's own, and its properties are those that it has."""
    assert hidden_in(text) == []
    assert not re.search(r"##[A-Za-z]*\[", text)
    *commands, last = text.rstrip("\n").split("\n")
    assert re.match(r"[0-9]+ spec", last)
    for line in commands:
        match = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert match, line
        keys = [pair.partition("=")[0] for pair in match.group(2).split(",")]
        assert keys in (["file", "line", "col", "title"], ["file", "title"])
        assert not COMMAND.search(match.group(3)), line


CHECKS: dict[str, Callable[[str], None]] = {
    "text": check_text,
    "table": check_text,
    "json": check_json,
    "jsonl": lambda text: [check_json(line) for line in text.splitlines()] and None,
    "sarif": check_sarif,
    "csv": check_csv,
    "markdown": check_markdown,
    "latex": check_latex,
    "html": check_html,
    "svg": check_svg,
    "dot": check_dot,
    "mermaid": check_mermaid,
    "tikz": check_tikz,
    "page": check_page,
    "junit": check_junit,
    "github": check_github,
}


def in_yaml(words: str) -> str:
    """A text as YAML can hold it: JSON, but for what YAML has other escapes for."""
    return "".join(_escaped(sign) for sign in json.dumps(words, ensure_ascii=False).replace("\x7f", "\\x7f"))


def _escaped(sign: str) -> str:
    if sign.isprintable() and sign != "\x7f":
        return sign
    code = ord(sign)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


def sound_strings() -> Iterator[tuple[str, str]]:
    """The strings that a file can hold; YAML has no lone surrogates."""
    yield from ((name, words) for name, words in STRINGS.items() if name != "surrogate")
