"""Help, the version, and `--json` on every command that writes JSON."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

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
    "summary": ["lenet5"],
}


def test_help_is_that_of_the_command(run) -> None:
    assert run("help").output == run("--help").output == run("-h").output
    for name in COMMANDS:
        assert run("help", name).output == run(name, "--help").output == run(name, "-h").output
        assert run("help", name).output.startswith(f"Usage: cnncalc {name} ")


def test_help_of_a_command_that_does_not_exist(run) -> None:
    assert "there is no command 'sumary'; did you mean 'summary'?" in run("help", "sumary", status=2).stderr


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
        assert "--json and --format csv exclude each other" in run("list", *arguments, status=2).stderr
    json.loads(run("list", "--json", "-f", "json").output)
