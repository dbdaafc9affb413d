"""README and the pages in docs/ show what the program prints: each command, spec and figure in them is checked.

- A `yaml` block that begins with `# name.yaml` is a file. Each is built, unless a command on the page shows it.
- A `yaml` block that begins with `- ` is a list of layers, which reads an input of 3x32x32.
- On a line of either, `# -> 16x30x30` is the output of the line's layers, and `# names a, b` are their full names.
- A block below `<!-- file: name -->` is that file, of another program.
- `$ cnncalc ...` stands above what it prints; `| head -n 9` shows the first nine lines of it.
- Tables between `<!-- NAME: ... -->` and `<!-- end of NAME -->` are generated.
"""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from reference.reading import FIGURES

from cnncalc import layers
from cnncalc.commands import cli
from cnncalc.errors import SpecError
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import DTYPES, Shape
from cnncalc.limits import DOCS, Limits
from cnncalc.network import build
from cnncalc.reports import reference
from cnncalc.reports.catalogue import catalogue, listed
from cnncalc.spec import config, guards, records, templates
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.syntax import expressions

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
LANGUAGE = ROOT / "docs" / "language.md"
PAGES = [README, ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (cnncalc .*)$", re.MULTILINE)
FRAGMENT = "input: [3, 32, 32]\nlayers:\n"


def hold(path: Path, renewed: str, request: pytest.FixtureRequest) -> None:
    """Compare a page with what it should be, or write it anew."""
    if request.config.getoption("--rewrite"):
        path.write_text(renewed, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == renewed


def printed(command: str) -> str:
    """A command and what it prints, as a page shows them."""
    program, _, head = command.partition(" | head -n ")
    result = CliRunner().invoke(cli, shlex.split(program)[1:], prog_name="cnncalc")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    output = "".join(result.output.splitlines(keepends=True)[: int(head)]) if head else result.output
    return f"$ {command}\n{output}"


def renewed(text: str) -> str:
    """A page with the outputs of its commands, run in the current folder with the files of the page."""

    for name, body in FILE.findall(text):
        Path(name).write_text(body, encoding="utf-8")

    def renew(match: re.Match[str]) -> str:
        language, body = match.groups()
        if language == "yaml" and (file := re.match(r"# (\S+\.yaml)\n", body)):
            Path(file.group(1)).write_text(body, encoding="utf-8")
        if language != "console" or not body.startswith("$ cnncalc"):
            return match.group()
        return f"```console\n{''.join(map(printed, COMMAND.findall(body)))}```"

    return BLOCK.sub(renew, text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands(page, request, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    consoles = [body for language, body in BLOCK.findall(text) if language == "console"]
    assert len(COMMAND.findall(text)) == sum(len(re.findall(r"^\$", body, re.MULTILINE)) for body in consoles)
    hold(page, renewed(text), request)


def annotations(text: str) -> list[tuple[int, str, str]]:
    """The checked comments of a spec: line, whether it is about shapes (`->`) or names, and what it claims."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.search(r"# (->|names) ([^;]+?)(?:;.*)?$", line):
            found.append((number, match.group(1), match.group(2)))
    return found


def claimed(network, number: int, about: str) -> str:
    """What a checked comment on a line must say."""
    placed = [layer for layer in network.layers if layer.span.line == number and layer.span.file == network.file]
    if about == "->":
        return ", ".join(dict.fromkeys(str(layer.output_shape) for layer in placed))
    groups = [group for group in network.groups if group.span.line == number and group.kind != "layers"]
    return ", ".join(part.name for part in (*placed, *groups))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_specs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    shown = " ".join(COMMAND.findall(text))
    blocks = [body for language, body in BLOCK.findall(text) if language == "yaml"]
    wrong = []
    for body in blocks:
        file = re.match(r"# (\S+\.yaml)\n", body)
        name = file.group(1) if file else "fragment.yaml"
        spec = body if file else FRAGMENT + body
        if not file and not body.startswith("- "):
            # Workflows and cnncalc.yaml are held in test_action.py; the page of the language has none of them.
            assert page != LANGUAGE, body
            continue
        Path(name).write_text(spec, encoding="utf-8")
        if name == config.FILE:
            continue
        try:
            network = build.load(name)
        except SpecError as error:
            # What is wrong with a spec is shown below it.
            if name not in shown:
                wrong.append(f"{body}\n{error}")
            continue
        for number, about, claim in annotations(spec):
            truth = claimed(network, number, about)
            if claim != truth:
                wrong.append(f"{body}\nline {number}: {claim!r} is {truth!r}")
    assert not wrong, "\n\n".join(wrong)


def test_checked_comments_are_found():
    assert annotations("- relu\n- conv: [4, 3] # -> 4x30x30; more\n- add # names a, b\n- pad # note\n") == [
        (2, "->", "4x30x30"),
        (3, "names", "a, b"),
    ]


def test_the_language_is_complete():
    """Each word of the language stands in its page as code."""
    code = " ".join(re.findall(r"`([^`\n]+)`", BLOCK.sub("", LANGUAGE.read_text(encoding="utf-8"))))
    words = set(re.findall(r"[\w.]+", code))
    wanted = {
        *records.TOP_KEYS,
        *records.MODIFIERS,
        records.TYPE,
        records.SET,
        templates.SHAPE,
        *records.BRANCH_KEYS,
        *records.CONTAINERS,
        *records.NETWORK_MODIFIERS,
        *records.RESERVED,
        *templates.TENSOR_NAMES,
        *expressions.FUNCTIONS,
        *expressions.CONSTANTS,
        *expressions.WORDS,
        *QUANTITIES,
        *(word for bounds in guards.BOUNDS.values() for word in bounds),
        *guards.UNITS,
        *config.TOP_KEYS,
        *config.ENTRY_KEYS,
        *config.LINT_KEYS,
        *DTYPES,
        *layers.all_keywords(),
        *layers.all_types(),
    }
    assert not wanted - words


def test_expressions_of_the_language():
    """The table of expressions: what stands in the second column is what the first comes to."""
    rows = re.findall(r"^\| `([^`]+)` \| = `([^`]+)` \|", LANGUAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 20
    names = {"width": 32, "widths": (16, 32, 64), **templates.tensor_values(Shape((64, 28, 14)))}
    for text, value in rows:
        result = expressions.parse(text.replace(r"\|", "|")).evaluate(names)
        assert expressions.describe(result) == value, text


# --- generated tables -------------------------------------------------------------------------------


def glance() -> str:
    """The heaviest layers of a network, for readers in a hurry."""
    arguments = ("summary", "vgg16", "--top", "3", "--format", "markdown", "--columns")
    result = CliRunner().invoke(cli, [*arguments, "name,type,output,params,share,macs,field"], prog_name="cnncalc")
    return "\n".join(line for line in result.output.splitlines() if line.startswith("|"))


def networks() -> str:
    """The table of bundled networks, each with the sources that its figures are checked against."""
    held: dict[str, dict[str, None]] = {}
    for row in FIGURES:
        source = f"{row['source']}, every layer" if row["layers"] else row["source"]
        held.setdefault(row["network"], {})[source] = None
    lines = ["| network | year | input | parameters | MACs | checked against |", "|---|---|---|---:|---:|---|"]
    for family in catalogue(listed()).lines:
        if family.heading:
            lines.append(f"| **{family.cells[0]}** | | | | | |")
            continue
        name, _, year, size, params, macs, _ = family.cells
        lines.append(f"| `{name}` | {year} | {size} | {params:,} | {macs:,} | {'; '.join(held[name])} |")
    return "\n".join(lines)


def bounds() -> str:
    """The table of what a spec may ask for."""
    rows = [f"| `{key}` | {getattr(Limits(), key):,} | {words} |" for key, words in DOCS.items()]
    return "\n".join(["| `--limit` | default | counts |", "|---|---:|---|", *rows])


def types() -> str:
    """The table of layer types, each with its settings in their order by position."""

    def signature(found: type[LayerType]) -> str:
        names = [key if setting.required else f"{key}=" for key, setting in found.settings.items()]
        return f"`{found.name}({', '.join(names)})`" if names else f"`{found.name}`"

    rows = [f"| {family} | {', '.join(map(signature, found))} |" for family, found in reference.families().items()]
    return "\n".join(["| family | layer types |", "|---|---|", *rows])


TABLES = {glance: README, networks: ROOT / "docs" / "networks.md", bounds: LANGUAGE, types: LANGUAGE}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_tables(table: Callable[[], str], request):
    page = TABLES[table]
    start = f"<!-- {table.__name__}: made by tests/test_readme.py --rewrite -->\n"
    end = f"\n<!-- end of {table.__name__} -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(start)
    _, found, after = rest.partition(end)
    assert found
    hold(page, f"{before}{start}{table()}{end}{after}", request)


# --- prose ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"], ids=lambda page: page.name)
def test_links(page):
    """Each link within the repository leads to a file, and to a heading of it."""
    broken = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, heading = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        text = path.read_text(encoding="utf-8") if path.is_file() and heading else ""
        headings = re.findall("^#+ (.*)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", words).lower().replace(" ", "-") for words in headings}
        if not path.exists() or (heading and heading not in anchors):
            broken.append(target)
    assert not broken


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) < 400


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "python.md"], ids=lambda page: page.name)
def test_python(page):
    results = doctest.testfile(str(page), module_relative=False)
    assert results.attempted >= 5
    assert results.failed == 0


def test_the_first_block_is_two_commands():
    """`.ci/run` runs them as a newcomer would."""
    first = BLOCK.search(README.read_text(encoding="utf-8"))
    assert first is not None
    assert len(first.group(2).splitlines()) == 2


@pytest.mark.parametrize("module", ["cnncalc", "cnncalc.api"])
def test_docstrings(module):
    from importlib import import_module

    results = doctest.testmod(import_module(module))
    assert results.attempted
    assert results.failed == 0
