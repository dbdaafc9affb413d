"""Documents in LaTeX, with the equations of amsmath."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cnncalc.errors import listed
from cnncalc.formats import latex, terminal
from cnncalc.formats.document import Code, Document, Drawing, Heading, ListItem, Paragraph, Terms, Working
from cnncalc.formats.mathematics import Style
from cnncalc.formats.plain_text import USUAL_WIDTH
from cnncalc.formats.table import Table
from cnncalc.text import plain

# The characters of a formula on a line of LaTeX's article class, and the tokens that count.
LATEX_COLUMNS = 62
TOKEN = re.compile(r"\\left(?![a-z])|\\right(?![a-z])|[{}]| (?:\\times|[+-]) ")
FRACTION = re.compile(r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
COMMAND = re.compile(r"\\([A-Za-z]+) ?|\\(?=[^A-Za-z])|[{}_]")
SIGNS = {
    **dict.fromkeys(("times", "le", "ge", "ne", "lfloor", "rfloor", "lceil", "rceil"), "*"),
    **dict.fromkeys(("text", "left", "right", "begin", "end"), ""),
}


def write(document: Document) -> Iterator[str]:
    """The lines of a document in LaTeX; formulas fit the page of an article."""
    tables = latex.packages(block for block in document.blocks if isinstance(block, Table))
    yield f"% needs {listed(['amsmath', *tables])}, and ctex or xeCJK for Chinese"
    # Long names make lines short, so spaces may be wide.
    yield r"\begingroup\emergencystretch=6em"
    for block in document.blocks:
        if isinstance(block, Heading):
            command = "section" if block.level == 1 else "subsection" if block.level == 2 else "paragraph"
            yield f"\\{command}*{{{latex.breakable(block.text)}}}"
        elif isinstance(block, Paragraph):
            yield latex.breakable(block.text)
        elif isinstance(block, ListItem):
            label = f"\\textbf{{{latex.breakable(block.label)}}}{block.colon}" if block.label else ""
            yield f"\\par\\noindent {label}{latex.breakable(block.text)}"
        elif isinstance(block, Working):
            yield from _equation(block)
        elif isinstance(block, Terms):
            yield r"\begin{description}"
            yield from (f"\\item[{{{latex.breakable(term)}}}] {latex.breakable(words)}" for term, words in block.terms)
            yield r"\end{description}"
        elif isinstance(block, Code | Drawing):
            yield from _verbatim(block.lines if isinstance(block, Code) else block.draw(USUAL_WIDTH, True))
        else:
            yield from latex.body(block)
            yield from latex.notes(block)
        yield ""
    yield r"\endgroup"


def _verbatim(lines: Iterable[str]) -> Iterator[str]:
    """Verbatim lines; a line cannot end the environment."""
    yield r"\begin{verbatim}"
    yield from (plain(line).replace(r"\end{verbatim}", r"\end {verbatim}") for line in lines)
    yield r"\end{verbatim}"


def _equation(block: Working) -> Iterator[str]:
    """A displayed formula: on one line if it fits, else one line per step, broken at operators."""
    first, *steps = sides(block)
    if sum(map(_columns, (first, *steps))) + 3 * len(steps) <= LATEX_COLUMNS or not steps:
        yield f"\\[ {_latex(block)} \\]"
        return
    # A long quantity is on its own line.
    alone = _columns(first) > LATEX_COLUMNS // 3
    room = LATEX_COLUMNS - (4 if alone else _columns(first) + 3)
    equals, indent = (r"&\quad = ", r"&\qquad\quad ") if alone else ("&= ", r"&\quad ")
    lines = [f"&{first}"] if alone else []
    for step in steps:
        broken = _broken(step, room)
        lines += [f"{equals}{broken[0]}", *(f"{indent}{line}" for line in broken[1:])]
    if not alone:
        lines[0] = f"{first} {lines[0]}"
    yield r"\begin{align*}"
    yield from (f"{line} \\\\" for line in lines[:-1])
    yield lines[-1]
    yield r"\end{align*}"


def _broken(step: str, room: int) -> list[str]:
    """A side of an equation in lines; continuation lines begin with an operator."""
    lines: list[str] = []
    for part in _parts(step):
        if lines and _columns(lines[-1]) + _columns(part) <= room:
            lines[-1] += part
        else:
            lines.append(part.strip() if not lines else f"{{}}{part.strip()}" if part[0] == " " else part)
    return lines


def _parts(step: str) -> Iterator[str]:
    """The operands of the outermost operators, each after the first with its operator."""
    depth = start = 0
    for found in TOKEN.finditer(step):
        token = found.group()
        if token in ("{", r"\left"):
            depth += 1
        elif token in ("}", r"\right"):
            depth -= 1
        elif not depth and token[0] == " ":
            yield step[start : found.start()]
            start = found.start()
    yield step[start:]


def _columns(words: str) -> int:
    """The approximate width of a formula in characters of text."""
    words = FRACTION.sub(lambda found: max(found.groups(), key=_columns), words)
    return terminal.columns_of(COMMAND.sub(lambda found: SIGNS.get(found.group(1), found.group(1) or ""), words))


def _latex(block: Working) -> str:
    return " = ".join(sides(block))


def sides(block: Working) -> list[str]:
    """All sides of an equation in LaTeX."""
    number = re.fullmatch(r"-?[0-9,.]+", block.result)
    result = block.result.replace(",", "{,}") if number else latex_text(block.result) if block.result else ""
    parts = [latex_text(block.quantity), *block.steps(Style.LATEX), result]
    return [part for part in parts if part]


def latex_text(words: str) -> str:
    """Text inside a formula."""
    return f"\\text{{{latex.escape(words)}}}"
