"""Help, the version, and `--json` on every command that writes JSON."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import click
import pytest
from onnx_files import model, node

import cnncalc
from cnncalc.commands import cli

COMMANDS = cli.list_commands(click.Context(cli))
# A checkout that is not installed has no metadata.
NOT_INSTALLED = """
import importlib.metadata as metadata
def version(name):
    raise metadata.PackageNotFoundError(name)
metadata.version = version
import sys
sys.argv = ["cnncalc", "{option}"]
from cnncalc.__main__ import main
main()
"""
# What each command needs to write anything.
ARGUMENTS = {
    "check": ["lenet5"],
    "compare": ["lenet5", "alexnet"],
    "diff": ["lenet5", "lenet5_modern"],
    "explain": ["lenet5", "C1"],
    "field": ["lenet5"],
    "layers": [],
    "lint": ["lenet5"],
    "list": [],
    "sharing": ["lenet5"],
    "reconcile": ["lenet5"],
    "memory": ["lenet5"],
    "summary": ["lenet5"],
}


def test_help_is_that_of_the_command(run) -> None:
    assert run("help").output == run("--help").output == run("-h").output
    for name in COMMANDS:
        assert run("help", name).output == run(name, "--help").output == run(name, "-h").output
        assert run("help", name).output.startswith(f"Usage: cnncalc {name} ")


def test_help_of_a_command_that_does_not_exist(run) -> None:
    assert "unknown command 'sumary'; did you mean 'summary'?" in run("help", "sumary", status=2).stderr


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_needs_no_installation(option: str) -> None:
    command = [sys.executable, "-c", NOT_INSTALLED.format(option=option)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == (f"cnncalc {cnncalc.__version__}\n", "")


def test_json_is_short_for_its_format(run) -> None:
    writing = {
        name
        for name in COMMANDS
        for option in cli.get_command(click.Context(cli), name).params
        if option.name == "form" and "json" in option.type.choices
    }
    assert writing == set(ARGUMENTS)
    for name, arguments in ARGUMENTS.items():
        text = run(name, *arguments, "--json").output
        json.loads(text)
        assert text == run(name, *arguments, "--format", "json").output == run(name, "--json", *arguments).output


def test_json_and_another_format_exclude_each_other(run) -> None:
    for arguments in (["--json", "-f", "csv"], ["-f", "csv", "--json"]):
        assert "--json and --format csv are mutually exclusive" in run("list", *arguments, status=2).stderr
    json.loads(run("list", "--json", "-f", "json").output)


# --- examples and order --------------------------------------------------------------------------

# Options that several commands have, in the order of every help; a command's own options come first.
CONVENTIONAL = [
    "--columns", "--depth", "--language", "--ascii", "--config", "--no-config",
    "--input", "--set", "--batch", "--dtype",
    "--quiet", "--format", "--json", "--output", "--color", "--limit", "--allow-outside",
]  # fmt: skip
LAST = CONVENTIONAL[CONVENTIONAL.index("--input") :]
SPEC = """input: [3, 32, 32]
layers:
  - conv: {filters: 8, kernel: 3}
  - global_avg_pool
  - linear: 1000
"""


def options_of(name: str) -> list[str]:
    """The long names of a command's options, in the order of its help."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = [option for option in command.params if isinstance(option, click.Option)]
    return [max(option.opts, key=len) for option in options]


def test_options_come_in_one_order() -> None:
    wrong = {}
    for name in COMMANDS:
        options = options_of(name)
        shared = [option for option in options if option in LAST]
        first = next((place for place, option in enumerate(options) if option in LAST), len(options))
        if shared != [option for option in LAST if option in shared] or options[first:] != shared:
            wrong[name] = options
    assert not wrong, f"the last options of each command come in the order {LAST}"


def test_limits_are_explained_once(run) -> None:
    from cnncalc.limits import DOCS, Limits

    overview = run("help").output
    for key in DOCS:
        assert f"{key}={getattr(Limits(), key):,}" in overview
    for name in COMMANDS:
        if "--limit" in options_of(name):
            text = " ".join(run("help", name).output.split())
            assert "`cnncalc help` lists them" in text
            assert "brackets" not in text, name


def examples_of(text: str) -> list[str]:
    """The command lines below `Examples:` in a help."""
    block = text.partition("Examples:\n")[2].partition("\n\n")[0]
    return [line.strip().removeprefix("cnncalc ") for line in block.splitlines()]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_examples_can_be_run(name: str, run, tmp_path, monkeypatch) -> None:
    """In the repository of a design that has changed since main; a check may fail, but no line is wrong."""
    examples = examples_of(run(name, "--help").output if name else run("--help").output)
    assert examples
    assert all(line.startswith(name) for line in examples)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "design.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "model.onnx").write_bytes(model([node("Relu", "x", "y")], {"x": (1, 3, 8, 8)}, "y"))
    (tmp_path / "cnncalc.yaml").write_text("specs:\n  - design.yaml\n", encoding="utf-8")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Add a design"]):
        subprocess.run([*git, *command], check=True, cwd=tmp_path)
    (tmp_path / "design.yaml").write_text(SPEC.replace("8", "16"), encoding="utf-8")
    for line in examples:
        if "--torch" in line:
            continue
        assert run(*shlex.split(line), status=None).exit_code in (0, 1), line
