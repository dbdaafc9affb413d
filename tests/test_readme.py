"""The README shows what the program prints: each of its commands is run."""

import doctest
import re
import shlex
from pathlib import Path

import pytest
from reference.reading import FIGURES

from cnncalc.limits import DOCS, Limits
from cnncalc.reports.catalogue import catalogue, listed

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown(command: str, run) -> str:
    """A command and what it prints, as the README has it."""
    arguments = shlex.split(command)[1:]
    from click.testing import CliRunner

    from cnncalc.commands import cli

    result = CliRunner().invoke(cli, arguments, prog_name="cnncalc")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return f"$ {command}\n{result.output}"


def test_commands(request, run, tmp_path, monkeypatch):
    text = README.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    count = 0

    def renew(match: re.Match[str]) -> str:
        nonlocal count
        language, body = match.groups()
        first = body.partition("\n")[0]
        if language == "yaml" and first.startswith("# "):
            Path(first[2:]).write_text(body, encoding="utf-8")
        if language != "console" or not body.startswith("$ cnncalc"):
            return match.group()
        commands = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
        count += len(commands)
        return f"```console\n{''.join(shown(command, run) for command in commands)}```"

    renewed = BLOCK.sub(renew, text)
    assert count == 14
    if request.config.getoption("--rewrite"):
        README.write_text(renewed, encoding="utf-8", newline="\n")
    assert renewed == README.read_text(encoding="utf-8")


def networks() -> str:
    """The table of bundled networks, each with what its figures are held against."""
    held: dict[str, dict[str, None]] = {}
    for row in FIGURES:
        source = f"{row['source']}, every layer" if row["layers"] else row["source"]
        held.setdefault(row["network"], {})[source] = None
    lines = ["| network | year | input | parameters | MACs | held against |", "|---|---|---|---:|---:|---|"]
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


@pytest.mark.parametrize("table", [networks, bounds])
def test_tables(table, request):
    text = README.read_text(encoding="utf-8")
    start, end = (
        f"<!-- {table.__name__}: made by tests/test_readme.py --rewrite -->\n",
        f"\n<!-- end of {table.__name__} -->",
    )
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    renewed = f"{before}{start}{table()}{end}{after}"
    if request.config.getoption("--rewrite"):
        README.write_text(renewed, encoding="utf-8", newline="\n")
    assert renewed == README.read_text(encoding="utf-8")


def test_python():
    results = doctest.testfile(str(README), module_relative=False)
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
