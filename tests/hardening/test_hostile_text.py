"""No text of a spec acts in any output: every command and format, with every hostile string, wherever text can stand.

The outputs are read as their readers do: JSON and XML are parsed, Markdown and HTML too, and no part of them is
there that the report did not put there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hostile
import pytest

import cnncalc
from cnncalc.report.format import plain
from cnncalc.report.json import dumps

pytestmark = pytest.mark.long

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

SOUND = dict(hostile.sound_strings())
TABLES = ("table", "json", "csv", "markdown", "latex")
REPORTS = ("text", "json", "markdown", "latex")
FINDINGS = ("text", "json", "markdown", "github", "junit", "sarif")
# What each command is asked of the two hostile specs.
READING = {
    "summary": (("summary", "one.yaml", "--columns", "all"), TABLES),
    "explain": (("explain", "one.yaml"), REPORTS),
    "explain a layer": (("explain", "one.yaml", "conv"), REPORTS),
    "field": (("field", "one.yaml", "--all"), REPORTS),
    "field of a layer": (("field", "one.yaml", "conv", "--plot"), REPORTS),
    "sharing": (("sharing", "one.yaml", "--columns", "all"), TABLES),
    "compare": (("compare", "one.yaml", "two.yaml", "--columns", "all", "--group", "family"), TABLES),
    "compare, transposed": (("compare", "one.yaml", "two.yaml", "--transpose", "--relative-to", "one.yaml"), TABLES),
    "compare at": (("compare", "one.yaml", "two.yaml", "--at", "8,9"), TABLES),
    "compare stages": (("compare", "one.yaml", "two.yaml", "--stages"), TABLES),
    "diff": (("diff", "one.yaml", "two.yaml"), ("table", "json", "markdown")),
    "diff of none": (("diff", "one.yaml", "one.yaml"), ("table", "json", "markdown")),
    "check": (("check", "one.yaml", "two.yaml"), FINDINGS),
    "check with increases": (
        ("check", "one.yaml", "--against", "two.yaml", "--max-increase", "params=1"),
        FINDINGS,
    ),
    "lint": (("lint", "one.yaml", "two.yaml"), FINDINGS),
    "show --expand": (("show", "one.yaml", "--expand"), ("text",)),
}
CASES = [(what, form) for what, (_, forms) in READING.items() for form in forms]


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Two specs with a text wherever a usable spec can have one; guards that are broken tell it in their messages."""
    monkeypatch.chdir(tmp_path)

    def write(words: str) -> None:
        text = hostile.in_yaml(words)
        in_expression = "".join(sign for sign in words if sign.isprintable() and sign not in "'\"")[:200]
        for name, filters in (("one", 4), ("two", 5)):
            Path(f"{name}.yaml").write_text(
                f"name: {text}\nsource: {text}\nfamily: {text}\ninput: [3, 8, 8]\n"
                f"variables: {{unused: 3}}\nlayers:\n"
                f"  - conv: [{filters}, 3]\n  - relu\n  - relu:\n    name: -1+1\n"
                f"  - conv: [3, 1] # cnncalc: ignore {in_expression}\n    name: +sum\n"
                f"budget: {{params: 3}}\n"
                f"expect: {{params: 3}}\n"
                f'assert: ["params() < 3", {hostile.in_yaml(chr(39) + in_expression + chr(39) + " == 1")}]\n',
                encoding="utf-8",
            )

    return write


@pytest.mark.parametrize(("what", "form"), CASES, ids=[f"{what} as {form}" for what, form in CASES])
def test_every_command_and_format(
    what: str, form: str, specs: Callable[[str], None], run: Callable[..., Result]
) -> None:
    for name, words in SOUND.items():
        specs(words)
        arguments = READING[what][0]
        options = () if arguments[0] == "show" else ("--format", form)
        # The checks are broken, and two activations in a row are a finding.
        result = run(*arguments, *options, status=int(arguments[0] in ("check", "lint")))
        try:
            hostile.CHECKS[form](result.stdout)
            hostile.check_log(result.stderr)
        except Exception as error:
            raise AssertionError(f"{name}: {error}\n{result.stdout}") from error


# --- what is wrong with a spec ------------------------------------------------------------------------

HEAD = "input: [3, 8, 8]\nlayers:\n"
WRONG = {
    "a key at the top": lambda text: f"{text}: 1\n{HEAD}  - relu\n",
    "a value at the top": lambda text: f"year: {text}\n{HEAD}  - relu\n",
    "the whole": lambda text: f"{text}\n",
    "a layer type": lambda text: f"{HEAD}  - {text}\n",
    "a layer type with settings": lambda text: f"{HEAD}  - {text}: {{a: 1}}\n",
    "a setting": lambda text: f"{HEAD}  - conv: {{filters: 3, kernel: 1, {text}: 1}}\n",
    "a value": lambda text: f"{HEAD}  - conv: [{text}, 1]\n",
    "a word": lambda text: f"{HEAD}  - conv: {{filters: 3, kernel: 1, padding: {text}}}\n",
    "a key beside a layer": lambda text: f"{HEAD}  - relu:\n    {text}: 1\n",
    "a name": lambda text: f"{HEAD}  - relu:\n    name: {text}\n",
    "from": lambda text: f"{HEAD}  - relu:\n    from: {text}\n",
    "when": lambda text: f"{HEAD}  - relu:\n    when: {text}\n",
    "repeat": lambda text: f"{HEAD}  - relu:\n    repeat: {text}\n",
    "for": lambda text: f"{HEAD}  - relu:\n    for: {{{text}: [1]}}\n",
    "weights": lambda text: f"{HEAD}  - relu:\n    weights: {text}\n",
    "a branch": lambda text: f"{HEAD}  - add: {{{text}: [relu], b: []}}\n",
    "a branch's key": lambda text: f"{HEAD}  - add: {{a: {{{text}: [relu]}}, b: []}}\n",
    "a variable": lambda text: f"variables: {{{text}: 1}}\n{HEAD}  - relu\n",
    "a variable's value": lambda text: f"variables: {{a: {text}}}\n{HEAD}  - relu\n",
    "an input": lambda text: f"input: {{{text}: [3]}}\nlayers: [relu]\n",
    "an input's sizes": lambda text: f"input: {text}\nlayers: [relu]\n",
    "an output": lambda text: f"outputs: {text}\n{HEAD}  - relu\n",
    "a block": lambda text: f"blocks: {{{text}: [relu]}}\n{HEAD}  - relu\n",
    "a list as a block": lambda text: f"blocks: {{a: {text}}}\n{HEAD}  - a\n",
    "a quantity": lambda text: f"budget: {{{text}: 1}}\n{HEAD}  - relu\n",
    "a budget": lambda text: f"budget: {{params: {text}}}\n{HEAD}  - relu\n",
    "a bound": lambda text: f"budget: {{params: {{{text}: 1}}}}\n{HEAD}  - relu\n",
    "whose budget": lambda text: f"budget: {{{text[:-1]}.params{text[-1]}: 1}}\n{HEAD}  - relu\n",
    "an expectation": lambda text: f"expect: {{output: {text}}}\n{HEAD}  - relu\n",
    "an assertion": lambda text: f"assert: {text}\n{HEAD}  - relu\n",
    "what it extends": lambda text: f"extends: {text}\n",
    "a key twice": lambda text: f"{text}: 1\n{text}: 2\n",
    "a tag": lambda text: f"a: !<{''.join(sign for sign in text[1:-1] if sign.isalnum())}> 1\n",
}


@pytest.mark.parametrize("form", [*FINDINGS, "problems"])
@pytest.mark.parametrize("where", WRONG)
def test_whatever_is_wrong(
    where: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]
) -> None:
    """All hostile strings at one place, each in a spec of its own: they end in messages."""
    monkeypatch.chdir(tmp_path)
    specs = []
    for number, words in enumerate(SOUND.values()):
        Path(f"{number}.yaml").write_text(WRONG[where](hostile.in_yaml(words)), encoding="utf-8")
        specs.append(f"{number}.yaml")
    if form == "problems" and where == "whose budget":
        pytest.skip("only a check looks for it")
    if form == "problems":
        result = run("compare", *specs, "--limit", "problems=all", status=2)
        assert result.stderr.count(".yaml") >= len(specs) // 2
        hostile.check_log(result.stderr)
        return
    result = run("check", *specs, "--format", form, status=2)
    hostile.CHECKS[form](result.stdout)


@pytest.mark.parametrize("form", FINDINGS)
def test_file_names(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]) -> None:
    """Whoever sends a pull request names the files, too: those that `cnncalc.yaml` finds, and those it names."""
    monkeypatch.chdir(tmp_path)
    for words in hostile.STRINGS.values():
        # A lone surrogate is what Python makes of a byte that is no UTF-8.
        name = words.replace("/", "_").replace("\0", "").replace("\ud800", "\udcff")[:200]
        Path(f"{name}.yaml").write_text("input: [3, 8, 8]\nlayers: [relu, cnv]\n", encoding="utf-8")
    Path("cnncalc.yaml").write_text("specs: ['*.yaml', '[[]*.yaml']\n")
    result = run("check", "--format", form, status=2)
    hostile.CHECKS[form](result.stdout)
    assert result.stdout.count("cnv") >= len(hostile.STRINGS) - 1


def test_configurations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text("input: [3, 8, 8]\nlayers: [relu]\n")
    for words in SOUND.values():
        text = hostile.in_yaml(words)
        for config in (
            f"{text}: 1",
            f"specs: [{text}]",
            f"specs: {{net.yaml: {{{text}: 1}}}}",
            f"specs: {{net.yaml: {{budget: {{{text}: 1}}, set: {{{text}: {text}}}, input: {text}, dtype: {text}}}}}",
            f"lint: {{ignore: {text}, severity: {{{text}: {text}}}}}",
        ):
            Path("cnncalc.yaml").write_text(f"{config}\n", encoding="utf-8")
            hostile.check_log(run("check", status=2).stderr)


# --- Python and notebooks -------------------------------------------------------------------------------


def test_python(specs: Callable[[str], None]) -> None:
    for words in SOUND.values():
        specs(words)
        network = cnncalc.load("one.yaml")
        hostile.check_html(network._repr_html_())
        hostile.check_markdown(network.to_markdown())
        hostile.check_text(network.explain())
        hostile.check_log(network.to_yaml())
        assert hostile.hidden_in(repr(network)) == []


def test_what_is_expanded_says_the_same(specs: Callable[[str], None], run: Callable[..., Result]) -> None:
    """What would act is escaped as YAML escapes it: read again, it is the text that it was."""
    for words in SOUND.values():
        specs(words)
        text = run("show", "one.yaml", "--expand").stdout
        Path("flat.yaml").write_text(text, encoding="utf-8")
        assert cnncalc.load("flat.yaml").name == cnncalc.load("one.yaml").name


def test_json_says_the_same() -> None:
    for words in hostile.STRINGS.values():
        for ascii_only in (True, False):
            written = dumps({"text": [words]}, indent=2, ascii_only=ascii_only)
            hostile.check_log(written)
            assert json.loads(written) == {"text": [words]}


# --- the function itself --------------------------------------------------------------------------------


def test_plain_leaves_what_is_harmless() -> None:
    for words in ("conv1_1", "stage.0.relu", "ResNet-50, v1.5", "卷积 × 3", "é", "a::1", "## heading", "a # b", "50 %"):
        assert plain(words) == words


def test_plain_shows_what_is_not() -> None:
    for words in hostile.STRINGS.values():
        hostile.check_log(plain(words))
        assert plain(words) == hostile.visible(words) == plain(plain(words))


# --- terminals --------------------------------------------------------------------------------------------

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    "command",
    [
        ("summary", "one.yaml"),
        ("sharing", "one.yaml"),
        ("field", "one.yaml"),
        ("compare", "one.yaml", "two.yaml"),
        ("diff", "one.yaml", "two.yaml"),
    ],
    ids=" ".join,
)
def test_colours(command: tuple[str, ...], specs: Callable[[str], None], run: Callable[..., Result]) -> None:
    """What rich writes: no escape is there but those of its colours, and no markup of a spec is one of them."""
    expected = None
    for words in SOUND.values():
        specs(words)
        text = run(*command, "--color", "always").stdout
        hostile.check_log(COLOURS.sub("", text))
        expected = expected or set(COLOURS.findall(text))
        assert set(COLOURS.findall(text)) == expected


@pytest.mark.parametrize(
    "command", [("show", "net.yaml"), ("summary", "net.yaml"), ("check", "net.yaml"), ("summary", "wrong.yaml")]
)
def test_a_terminal(command: tuple[str, ...], tmp_path: Path) -> None:
    """`show` has the file as it is, but not on a terminal; and all comes through one."""
    pty = pytest.importorskip("pty")
    sound = 'name: "\\e]0;title\\a"\ninput: [3, 8, 8]\nlayers: [relu] # \x9b31m \u202e ::error::x\n'
    (tmp_path / "net.yaml").write_text(sound, encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text('input: [3]\nlayers: ["\\e[31m"]\n', encoding="utf-8")
    outer, inner = pty.openpty()
    words = [sys.executable, "-m", "cnncalc", *command]
    process = subprocess.Popen(words, stdin=inner, stdout=inner, stderr=inner, cwd=tmp_path)
    os.close(inner)
    read = b""
    while True:
        try:
            more = os.read(outer, 65536)
        except OSError:
            break
        if not more:
            break
        read += more
    process.wait()
    os.close(outer)
    text = COLOURS.sub("", read.decode().replace("\r\n", "\n"))
    assert text
    hostile.check_log(text)
