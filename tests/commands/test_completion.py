"""Completion: what a shell may offer for each place of a command line, whatever stands on it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnncalc import bundled
from cnncalc.commands import _shells, cli

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = [sys.executable, "-m", "cnncalc"]
SPEC = """\
input: [3, 8, 8]
variables: {width: 8, depth: 2}
blocks:
  pair:
    - conv: [8, 3]
      name: first
    - relu:
      name: second
layers:
  - pair:
    name: stage
  - conv: [width, 1]
    name: last
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(SPEC)
    return tmp_path


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """The words that a shell is given for a line, whose last word is the incomplete one."""

    def complete(line: str, shell: str = "bash") -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv(_shells.VARIABLE, f"{shell}_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
        assert _shells.run(cli, "cnncalc") == 0
        said = capsys.readouterr()
        assert said.err == ""
        lines = said.out.split("\n")
        if shell == "zsh":
            return lines[1:-1:3]
        return [line.partition(",")[2].partition("\t")[0] for line in lines if line]

    return complete


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cnncalc su", ["summary"]),
        ("cnncalc help sum", ["summary"]),
        ("cnncalc summary --colu", ["--columns"]),
        ("cnncalc summary vgg16 --columns na", ["name"]),
        ("cnncalc summary vgg16 --columns name,outp", ["name,output"]),
        ("cnncalc summary vgg16 --columns name,nam", []),
        ("cnncalc summary vgg16 --columns al", ["all"]),
        ("cnncalc compare vgg16 --columns fie", ["field"]),
        ("cnncalc summary net.yaml --set ", ["width=", "depth="]),
        ("cnncalc summary net.yaml --set w", ["width="]),
        ("cnncalc lint net.yaml vgg16 --set ", ["width=", "depth=", "classes=", "depths=", "normalized="]),
        ("cnncalc diff net.yaml net.yaml --set d", ["depth="]),
        ("cnncalc explain net.yaml ", ["stage.first", "stage.second", "last"]),
        ("cnncalc explain net.yaml --language zh stage.s", ["stage.second"]),
        ("cnncalc field net.yaml sta", ["stage", "stage.first", "stage.second"]),
        ("cnncalc lint --select CNN003,bias", ["CNN003,bias-before-batch-norm"]),
        ("cnncalc lint --ignore CNN003", ["CNN003"]),
        ("cnncalc lint --explain bias", ["bias-before-batch-norm"]),
        ("cnncalc lint --severity CNN003", ["CNN003="]),
        ("cnncalc check --max params_", ["params_size="]),
        ("cnncalc check --min fc6.dep", ["fc6.depth="]),
        ("cnncalc check --max-increase mac", ["macs="]),
        ("cnncalc check --max outp", []),
        ("cnncalc check --expect outp", ["output="]),
        ("cnncalc summary vgg16 --limit lay", ["layers="]),
        ("cnncalc summary vgg16 --depth ", ["all"]),
        ("cnncalc compare vgg16 net.yaml --relative-to ", ["vgg16", "net.yaml"]),
        ("cnncalc compare vgg16 --sort dep", ["depth"]),
        ("cnncalc summary net", ["net.yaml", "network_in_network"]),
        ("cnncalc check --against vgg16_", ["vgg16_bn"]),
        ("cnncalc layers max_", ["max_unpool", "max_pool"]),
    ],
)
def test_words(line: str, words: list[str], completed: Callable[..., list[str]]) -> None:
    for shell in _shells.SHELLS:
        assert completed(line, shell) == words


@pytest.mark.parametrize(
    ("line", "parts", "words"),
    [
        ("--columns=name,outp", "cnncalc summary vgg16 --columns = name,outp", ["name,output"]),
        ("--severity CNN003=w", "cnncalc lint --severity CNN003 = w", ["warning"]),
        ("--severity CNN003=", "cnncalc lint --severity CNN003 =", ["error", "warning", "note"]),
        ("--set width=4 net.yaml la", "cnncalc explain --set width = 4 net.yaml la", ["last"]),
    ],
)
def test_bash_parts_words_and_keeps_what_is_before_the_sign(
    line: str, parts: str, words: list[str], completed: Callable[..., list[str]]
) -> None:
    assert completed(parts) == words


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_others_replace_the_whole_word(shell: str, completed: Callable[..., list[str]]) -> None:
    assert completed("cnncalc summary vgg16 --columns=name,outp", shell) == ["--columns=name,output"]
    assert completed("cnncalc lint --severity CNN003=w", shell) == ["CNN003=warning"]


def test_files_and_folders(folder: Path, completed: Callable[..., list[str]]) -> None:
    (folder / "nets").mkdir()
    for name in ("a.yaml", "b.yml", "c.prototxt", "notes.txt", ".hidden.yaml", "cnncalc.yaml"):
        (folder / "nets" / name).write_text("")
    assert completed("cnncalc summary ne")[0] == "net.yaml"
    assert completed("cnncalc summary nets") == ["nets/"]
    assert completed("cnncalc summary nets/") == ["nets/a.yaml", "nets/b.yml", "nets/c.prototxt"]
    assert completed("cnncalc summary nets/.h") == ["nets/.hidden.yaml"]


def test_the_layers_of_every_bundled_network(completed: Callable[..., list[str]]) -> None:
    """What somebody at a prompt waits for is bounded, but not so that a real network is left out."""
    assert [name for name in bundled.names() if not completed(f"cnncalc explain {name} ")] == []


HOSTILE = ["$(touch x)", "`id`", "a b", "a;b", "a\nb", "--output=x", "\x1b[31m", "*", "a'b", 'a"b', "a|b", "\u202eb"]


@pytest.mark.parametrize("shell", list(_shells.SHELLS))
def test_only_plain_words_reach_a_shell(shell: str, folder: Path, completed: Callable[..., list[str]]) -> None:
    """Of file names and of a spec's names; one that a shell would expand, split or run is left out."""
    (folder / "nets").mkdir()
    for name in [*HOSTILE, "fine"]:
        (folder / "nets" / f"{name}.yaml").write_text("")
    os.chdir(folder / "nets")
    assert "fine.yaml" in completed("cnncalc summary ", shell)
    assert set(completed("cnncalc summary ", shell)) == {"fine.yaml", *bundled.names()}
    for name in [*HOSTILE, "good"]:
        layers = f"layers:\n  - relu:\n    name: {json.dumps(name)}\n  - relu:\n    name: fine\n"
        (folder / "one.yaml").write_text(f"input: [3]\n{layers}")
        assert set(completed("cnncalc explain ../one.yaml ", shell)) <= {"good", "fine"}
        (folder / "one.yaml").write_text(f"input: [3]\nvariables: {{{json.dumps(name)}: 1, fine: 1}}\nlayers: [relu]\n")
        assert set(completed("cnncalc summary ../one.yaml --set ", shell)) <= {"good=", "fine="}
    assert completed("cnncalc summary ../one.yaml --set ", shell) == ["good=", "fine="]


@pytest.mark.parametrize(
    "spec",
    [
        "input: [3, 8, 8]\nlayers:\n  - relu:\n    repeat: 50000\n    name: 'r{index}'\n",
        f"input: [3, 8, 8]\nlayers: {'[' * 5000}",
        f"input: [3, 8, 8]\nlayers: [{'relu, ' * 20_000}]",
        "extends: one.yaml\n",
        "\x00",
        "layers: [cnv]\n",
    ],
    ids=["repeat", "deep", "long", "circle", "zero", "wrong"],
)
def test_a_spec_that_takes_too_much_completes_nothing(
    spec: str, folder: Path, completed: Callable[..., list[str]]
) -> None:
    (folder / "one.yaml").write_text(spec)
    assert completed("cnncalc explain one.yaml ") == []
    assert completed("cnncalc field one.yaml --at 1 r") == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_nothing_is_waited_for(folder: Path, completed: Callable[..., list[str]]) -> None:
    """Neither for a pipe nor for standard input, and no git is run."""
    os.mkfifo(folder / "pipe")
    for reference in ("pipe", "-", "main:net.yaml", "/dev/stdin"):
        assert completed(f"cnncalc explain {reference} ") == []
        assert completed(f"cnncalc summary {reference} --set ") == []


def test_no_line_raises(completed: Callable[..., list[str]]) -> None:
    pool = ["summary", "explain", "lint", "check", "compare", "help", "nope", "vgg16", "net.yaml", "-", "--", "--set"]
    pool += ["=", ":", "--columns", "--limit", "layers=9", "layers=x", "--json", "--format=", "-f", "csv", "--explain"]
    pool += ["'", '"', "\\", "$(x)", "--severity", "CNN", "--input", "3x", "--at", "1,", "\x1b[31m", "\n", "é", ""]
    chosen = random.Random(11)
    for _ in range(300):
        line = " ".join(["cnncalc", *(chosen.choice(pool) for _ in range(chosen.randint(0, 6)))])
        for shell in _shells.SHELLS:
            for word in completed(line, shell):
                assert word.isprintable(), line


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({_shells.VARIABLE: "bash_complete"}, "bash_complete is what the shell itself asks for"),
        ({_shells.VARIABLE: "zsh_complete", "COMP_WORDS": "cnncalc"}, "zsh_complete is what the shell itself asks for"),
        ({_shells.VARIABLE: "fish_complete", "COMP_WORDS": "cnncalc"}, "fish_complete is what the shell itself asks"),
        (
            {_shells.VARIABLE: "bash_complete", "COMP_WORDS": "cnncalc s", "COMP_CWORD": "one"},
            "bash_complete is what the shell itself asks for",
        ),
        ({_shells.VARIABLE: "1"}, "_CNNCALC_COMPLETE must be one of bash_source, zsh_source, fish_source"),
        ({_shells.VARIABLE: "bash_\x1b[31m"}, "_CNNCALC_COMPLETE must be one of bash_source, zsh_source, fish_source"),
    ],
)
def test_what_no_shell_asks_for_is_one_line(environment: dict[str, str], words: str) -> None:
    done = subprocess.run(
        PROGRAM, env={**os.environ, **environment}, check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {words}")
    assert done.stderr.count("\n") == 1


def test_an_empty_variable_asks_for_nothing() -> None:
    done = subprocess.run(
        [*PROGRAM, "--version"], env={**os.environ, _shells.VARIABLE: ""}, check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("cnncalc ")


BASH = """\
cnncalc() { "$PYTHON" -m cnncalc; }
source <(_CNNCALC_COMPLETE=bash_source cnncalc)
export -f cnncalc
COMP_WORDS=(cnncalc lint --severity CNN003 = w) COMP_CWORD=5
_cnncalc_completion "$COMMAND"
echo "${COMPREPLY[@]}"
complete -p cnncalc
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_script_of_bash(folder: Path) -> None:
    program = folder / "cnncalc"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cnncalc "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PYTHON": sys.executable, "COMMAND": str(program)}
    done = subprocess.run(["bash", "-c", BASH], env=environment, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["warning", "complete -o nosort -F _cnncalc_completion cnncalc"]


def test_the_scripts_of_other_shells_are_as_they_were_changed() -> None:
    """They are click's with a part in place of another: one that is not found would change nothing."""
    assert "split --max 1 " in _shells.Fish.source_template
    assert "compadd -U -V unsorted -S ''" in _shells.Zsh.source_template
