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
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click
import hostile
import pytest
from click.testing import CliRunner

import cnncalc
from cnncalc import formats
from cnncalc.checks.linter import EVERYTHING
from cnncalc.checks.run import Request, outcome
from cnncalc.commands import cli
from cnncalc.commands.show import CI_VARIABLES
from cnncalc.formats.json import dumps
from cnncalc.network import build
from cnncalc.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from cnncalc.checks.finding import Outcome

SOUND = dict(hostile.sound_strings())
TABLES = formats.TABLE
REPORTS = formats.DOCUMENT
DRAWINGS = ("svg", "dot", "mermaid", "tikz")
FINDINGS = ("text", "json", "markdown", "github", "junit", "sarif")
# What each command is asked of a hostile spec and of another like it; those of many specs are asked once of all.
READING = {
    "summary": (("summary", "{one}", "--columns", "all"), TABLES),
    "summary by a convention": (("summary", "{one}", "--convention", "fvcore"), TABLES),
    "explain": (("explain", "{one}"), REPORTS),
    "explain a layer": (("explain", "{one}", "conv"), REPORTS),
    "field": (("field", "{one}", "--all"), REPORTS),
    "field of a layer": (("field", "{one}", "conv", "--plot"), REPORTS),
    "sharing": (("sharing", "{one}", "--columns", "all"), TABLES),
    "reconcile": (("reconcile", "{one}"), (*REPORTS, "csv")),
    "reconcile a claim": (("reconcile", "{one}", "--claim", "4.1G"), (*REPORTS, "csv")),
    "memory": (("memory", "{one}", "--columns", "all"), TABLES),
    "memory_training": (("memory", "{one}", "--training"), TABLES),
    "memory_arena": (("memory", "{one}", "--arena"), TABLES),
    "draw": (("draw", "{one}", "--depth", "all"), DRAWINGS),
    "draw volumes": (("draw", "{one}", "--style", "volumes", "--heat", "macs"), ("svg", "tikz")),
    "sweep": (("sweep", "{one}", "--vary", "input=8,9", "--columns", "all"), ("table", "csv", "jsonl")),
    "sweep of specs": (("sweep", "--vary", "spec={one},{two}", "--columns", "all"), ("table", "csv")),
    "compare": (("compare", "{all}", "--columns", "all", "--group", "family"), TABLES),
    "compare, transposed": (("compare", "{all}", "--transpose", "--relative-to", "one0.yaml"), TABLES),
    "compare by a convention": (("compare", "{all}", "--convention", "thop"), TABLES),
    "compare at": (("compare", "{all}", "--at", "8,9"), TABLES),
    "compare stages": (("compare", "{all}", "--stages"), TABLES),
    "diff": (("diff", "{one}", "{two}"), ("table", "json", "markdown")),
    "diff of none": (("diff", "{one}", "{one}"), ("table", "json", "markdown")),
    "check": (("check", "{all}"), FINDINGS),
    "check by a convention": (("check", "{all}", "--convention", "ptflops", "--max", "macs=1"), FINDINGS),
    "check with increases": (("check", "{all}", "--against", "two0.yaml", "--max-increase", "params=1"), FINDINGS),
    "lint": (("lint", "{all}"), FINDINGS),
    "report": (("report", "{all}", "--no-config"), ("page",)),
    "show --expand": (("show", "{one}", "--expand"), ("text",)),
}
CASES = [(what, form) for what, (_, forms) in READING.items() for form in forms]
# A spec has three texts of its author's: each string is once in each of them.
COUNT = -(-len(SOUND) // 3)
PLACES = ("name", "source", "family", "task")


def texts_of(number: int, turn: int) -> dict[str, str]:
    """The texts of one of the hostile specs; in the three turns every string is in every place."""
    strings = list(SOUND.values())
    return {
        place: strings[(number + COUNT * (turn + position)) % len(strings)] for position, place in enumerate(PLACES)
    }


def hostile_spec(texts: dict[str, str], filters: int) -> str:
    """A spec with such texts, in a comment and in an assertion too; guards that are broken tell it in messages."""
    in_expression = [
        "".join(filter(str.isprintable, words)).translate({34: "", 39: ""})[:200] for words in texts.values()
    ]
    assertions = [hostile.in_yaml(f"'{words}' == 1") for words in in_expression]
    return (
        "".join(f"{place}: {hostile.in_yaml(words)}\n" for place, words in texts.items())
        + "input: [3, 8, 8]\nvariables: {unused: 3}\nlayers:\n"
        + f"  - conv: [{filters}, 3]\n  - relu\n  - relu:\n    name: -1+1\n"
        + f"  - conv: [3, 1] # cnncalc: ignore {in_expression[0]}\n    name: +sum\n"
        + f"budget: {{params: 3}}\nexpect: {{params: 3}}\nassert: ['params() < 3', {', '.join(assertions)}]\n"
    )


def write_specs(turn: int) -> None:
    for number in range(COUNT):
        for name, filters in (("one", 4), ("two", 5)):
            text = hostile_spec(texts_of(number, turn), filters)
            Path(f"{name}{number}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hostile specs one0.yaml, two0.yaml, one1.yaml and so on, in the current folder."""
    monkeypatch.chdir(tmp_path)
    write_specs(0)
    return tmp_path


def test_every_string_is_in_every_place() -> None:
    for place in PLACES:
        in_turns = [{texts_of(number, turn)[place] for number in range(COUNT)} for turn in range(3)]
        assert set().union(*in_turns) == set(SOUND.values())
    for turn in range(3):
        assert {words for number in range(COUNT) for words in texts_of(number, turn).values()} == set(SOUND.values())


@pytest.mark.parametrize("turn", [0, pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize(("what", "form"), CASES, ids=[f"{what} as {form}" for what, form in CASES])
def test_every_command_and_format(what: str, form: str, turn: int, specs: Path, run: Callable[..., Result]) -> None:
    if turn:
        write_specs(turn)
    command = READING[what][0]
    options = () if command[0] in ("show", "report") else ("--format", form)
    everything = [f"{name}{number}.yaml" for number in range(COUNT) for name in ("one", "two")]
    for number in range(1 if "{all}" in command else COUNT):
        words = [word.format(one=f"one{number}.yaml", two=f"two{number}.yaml", all="{all}") for word in command]
        arguments = [one for word in words for one in (everything if word == "{all}" else [word])]
        # The checks are broken, and two activations in a row are a finding.
        result = run(*arguments, *options, status=int(command[0] in ("check", "lint")))
        hostile.CHECKS[form](result.stdout)
        hostile.check_log(result.stderr)


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


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """What is found of all hostile strings at all places, each in a spec of its own: they end in messages."""
    folder = tmp_path_factory.mktemp("wrong")
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for place, (where, spec) in enumerate(WRONG.items()):
            for number, words in enumerate(SOUND.values()):
                name = f"{place}_{number}.yaml"
                Path(name).write_text(spec(hostile.in_yaml(words)), encoding="utf-8")
                found.append(outcome(name, Request(selection=EVERYTHING)))
            assert any(one.unusable for one in found[-len(SOUND) :]), where
    return found


@pytest.mark.parametrize("form", FINDINGS)
def test_whatever_is_wrong(form: str, wrong: list[Outcome]) -> None:
    hostile.CHECKS[form](
        "".join(f"{line}\n" for line in import_module(f"cnncalc.formats.findings.{form}").write(wrong))
    )


@pytest.mark.parametrize("where", ["a key at the top", "a layer type", "a value", "a variable", "what it extends"])
def test_problems(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]) -> None:
    """What is wrong, as commands write it to standard error."""
    monkeypatch.chdir(tmp_path)
    names = [f"{number}.yaml" for number in range(len(SOUND))]
    for name, words in zip(names, SOUND.values(), strict=True):
        Path(name).write_text(WRONG[where](hostile.in_yaml(words)), encoding="utf-8")
    errors = run("compare", *names, "--limit", "problems=all", status=2).stderr
    assert errors.count(".yaml") >= len(names) // 2
    hostile.check_log(errors)


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


def test_python(specs: Path) -> None:
    for number in range(COUNT):
        network = cnncalc.load(f"one{number}.yaml")
        hostile.check_html(network._repr_html_())
        hostile.check_markdown(network.to_markdown())
        hostile.check_text(network.explain())
        hostile.check_log(network.to_yaml())
        assert hostile.hidden_in(repr(network)) == []


def test_an_expanded_spec_is_equivalent(specs: Path, run: Callable[..., Result]) -> None:
    """What would act is escaped as YAML escapes it: read again, it is the text that it was."""
    for number in range(COUNT):
        text = run("show", f"one{number}.yaml", "--expand").stdout
        Path("flat.yaml").write_text(text, encoding="utf-8")
        flat, one = build.load("flat.yaml"), build.load(f"one{number}.yaml")
        assert (flat.name, flat.source, flat.family, flat.task) == (one.name, one.source, one.family, one.task)
        assert {flat.name, flat.source, flat.family, flat.task} == {
            " ".join(words.split()) for words in texts_of(number, 0).values()
        }


def test_json_says_the_same() -> None:
    for words in hostile.STRINGS.values():
        for ascii_only in (True, False):
            written = dumps({"text": [words]}, indent=2, ascii_only=ascii_only)
            hostile.check_log(written)
            assert json.loads(written) == {"text": [words]}


# --- the function itself --------------------------------------------------------------------------------


def test_plain_leaves_harmless_text() -> None:
    for words in ("conv1_1", "stage.0.relu", "ResNet-50, v1.5", "卷积 × 3", "é", "a::1", "## heading", "a # b", "50 %"):
        assert plain(words) == words


def test_plain_shows_harmful_text() -> None:
    for words in hostile.STRINGS.values():
        hostile.check_log(plain(words))
        assert plain(words) == hostile.visible(words) == plain(plain(words))


# --- terminals --------------------------------------------------------------------------------------------

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    "command",
    [
        ("summary", "one{}.yaml"),
        ("sharing", "one{}.yaml"),
        ("memory", "one{}.yaml"),
        ("field", "one{}.yaml"),
        ("compare", "one{}.yaml", "two{}.yaml"),
        ("diff", "one{}.yaml", "two{}.yaml"),
    ],
    ids=" ".join,
)
def test_colours(command: tuple[str, ...], specs: Path, run: Callable[..., Result]) -> None:
    """What rich writes: no escape is there but those of its colors, and no markup of a spec is one of them."""
    expected = None
    for number in range(COUNT):
        text = run(*(word.format(number) for word in command), "--color", "always").stdout
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


@pytest.mark.parametrize("variable", ["CI", "TF_BUILD", "TEAMCITY_VERSION"])
def test_show_in_a_log(variable: str, tmp_path: Path) -> None:
    """A CI system reads what a pipe holds; a file gets the spec as it is, also there."""
    text = (
        "name: |\n  ::error::x\n  ::add-mask::y\ninput: [3, 8, 8]\nlayers: [relu] ##[error]x ##vso[task.x]y \x9b31m\n"
    )
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "cnncalc", "show", "net.yaml"]
    outside = {name: value for name, value in os.environ.items() if name not in CI_VARIABLES}
    piped = subprocess.run(command, cwd=tmp_path, env=outside, capture_output=True, check=True).stdout
    assert piped.decode() == text
    inside = {**outside, variable: "true"}
    log = subprocess.run(command, cwd=tmp_path, env=inside, capture_output=True, check=True).stdout.decode()
    hostile.check_log(log)
    assert log.count("\n") == text.count("\n")
    with (tmp_path / "copy.yaml").open("wb") as file:
        subprocess.run(command, cwd=tmp_path, env=inside, stdout=file, check=True)
    assert (tmp_path / "copy.yaml").read_text(encoding="utf-8") == text
    subprocess.run([*command, "-o", "other.yaml"], cwd=tmp_path, env=inside, check=True)
    assert (tmp_path / "other.yaml").read_text(encoding="utf-8") == text


# --- the command line -----------------------------------------------------------------------------------

# The rest of the line, so that the value of one option or argument is read.
LINES = {
    "check": ("lenet5", "--no-config"),
    "compare": ("lenet5", "vgg11"),
    "diff": ("lenet5", "lenet5_modern"),
    "explain": ("lenet5",),
    "export": ("lenet5", "--to", "scalesim"),
    "field": ("lenet5",),
    "lint": ("lenet5", "--no-config"),
    "reconcile": ("lenet5",),
    "report": ("lenet5",),
    "sharing": ("lenet5",),
    "memory": ("lenet5",),
    "draw": ("lenet5",),
    "show": ("lenet5",),
    "summary": ("lenet5",),
    "sweep": ("lenet5", "--vary", "input=28,32"),
}
ACTING = ("github", "github_old", "github_mask", "azure", "teamcity", "line_end", "carriage_return", "color", "bidi")


@pytest.mark.parametrize("command", sorted(cli.list_commands(click.Context(cli))))
def test_values_of_the_command_line(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workflow may hand on the title of a pull request, or its branch: every option and argument, and misspelled."""
    monkeypatch.chdir(tmp_path)
    parameters = cli.get_command(click.Context(cli), command).params  # type: ignore[union-attr]
    rest = LINES.get(command, ())
    for name in ACTING:
        words = hostile.STRINGS[name]
        lines = [(words, *rest), (*rest, words), (*rest, f"--{words}"), (*rest, f"--{words}=3"), (*rest, f"-{words}")]
        for parameter in parameters:
            if isinstance(parameter, click.Option):
                option = parameter.opts[-1]
                lines += [(*rest, f"{option}={value}") for value in (words, f"{words}=3", f"params={words}")]
        for line in lines:
            result = CliRunner().invoke(cli, [command, *line], prog_name="cnncalc")
            assert result.exception is None or isinstance(result.exception, SystemExit), line
            hostile.check_log(result.stderr)
            hostile.check_log(result.stdout)
            assert result.exit_code in (0, 2) or result.stdout, line


def test_a_command_that_is_none() -> None:
    for words in hostile.STRINGS.values():
        hostile.check_log(CliRunner().invoke(cli, [words], prog_name="cnncalc").stderr)
