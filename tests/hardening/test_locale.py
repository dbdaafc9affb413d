"""Files from Windows, names beyond ASCII, and systems that have no Unicode."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cnncalc
from cnncalc.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

SPEC = """name: 卷积网络
source: Müller 2020 — “é”
input: [3, 8, 8]
variables: {ширина: 4}
layers:
  - conv: [ширина, 3]
    name: 卷积1
  - relu
"""
PLAIN = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
LOCALES = [
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    PLAIN,
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "utf-16"},
]
COMMANDS = [
    ("summary", "{}"),
    ("explain", "{}"),
    ("explain", "{}", "--language", "zh"),
    ("field", "{}", "relu", "--plot"),
    ("sharing", "{}", "--language", "zh"),
    ("memory", "{}", "--language", "zh"),
    ("memory", "{}"),
    ("compare", "{}", "vgg16"),
    ("diff", "{}", "vgg16"),
    ("diff", "{}", "vgg16", "-f", "markdown"),
    ("check", "{}", "--max", "params=3"),
    ("lint", "{}"),
    ("show", "{}"),
    ("show", "{}", "--expand"),
    ("summary", "{}", "-f", "json"),
]


# Each command in one of the locales; the others are asked in a long run.
CASES = [
    pytest.param(
        command,
        locale,
        id=f"{' '.join(command)} in {locale}",
        marks=() if number % len(LOCALES) == other else pytest.mark.long,
    )
    for number, command in enumerate(COMMANDS)
    for other, locale in enumerate(LOCALES)
]


@pytest.mark.parametrize(("command", "locale"), CASES)
def test_no_locale_ends_in_a_traceback(command: tuple[str, ...], locale: dict[str, str], tmp_path: Path) -> None:
    spec = tmp_path / "сеть.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    words = [sys.executable, "-m", "cnncalc", *(word.format(spec) for word in command)]
    environment = {**os.environ, **locale}
    done = subprocess.run(words, check=False, capture_output=True, timeout=60, env=environment)
    assert done.returncode == int(command[0] == "check"), done.stderr
    assert done.stderr == b""
    if locale == PLAIN:
        done.stdout.decode("ascii")


def test_characters_that_a_terminal_lacks_are_escaped(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    words = [sys.executable, "-m", "cnncalc", "summary", str(spec)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, **PLAIN})
    assert done.stdout.startswith("\\u5377\\u79ef\\u7f51\\u7edc\nM\\xfcller 2020 ")


def test_a_file_is_utf8_wherever_it_is_written(tmp_path: Path) -> None:
    spec, out = tmp_path / "net.yaml", tmp_path / "out.txt"
    spec.write_text(SPEC, encoding="utf-8")
    words = [sys.executable, "-m", "cnncalc", "summary", str(spec), "-o", str(out)]
    subprocess.run(words, check=True, env={**os.environ, **PLAIN})
    assert out.read_text(encoding="utf-8").startswith("卷积网络\nMüller")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"], ids=repr)
def test_line_ends(mark: bytes, end: str, tmp_path: Path, run: Callable[..., Result]) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_bytes(mark + SPEC.replace("\n", end).encode())
    network = cnncalc.load(str(spec))
    assert network.name == "卷积网络"
    assert network["卷积1"].params == 4 * 28
    spec.write_bytes(mark + SPEC.replace("relu", "rleu").replace("\n", end).encode())
    with pytest.raises(SpecError, match=r"net\.yaml:8:5: unknown layer type 'rleu'; did you mean 'relu'"):
        cnncalc.load(str(spec))
    config = tmp_path / "cnncalc.yaml"
    config.write_bytes(mark + f"specs:{end}  net.yaml:{end}    budget: {{prams: 3}}{end}".encode())
    result = run("check", str(spec), "--config", str(config), status=2)
    assert result.stderr.startswith(f"{config}:3:14: unknown quantity 'prams'")


def test_comments_that_silence_in_files_of_windows(tmp_path: Path, run: Callable[..., Result]) -> None:
    spec = tmp_path / "net.yaml"
    text = "input: [3, 8, 8]\nlayers:\n  - relu\n  - relu # cnncalc: ignore\n  - conv: [8, 1]\n"
    spec.write_bytes(text.encode())
    found = run("lint", str(spec)).stdout
    spec.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert run("lint", str(spec)).stdout == found


def test_show_keeps_what_it_shows(tmp_path: Path, run: Callable[..., Result]) -> None:
    """Lines end as everywhere; the rest is as it is in the file, as `cat` would have it."""
    spec = tmp_path / "net.yaml"
    spec.write_bytes(b"\xef\xbb\xbf" + SPEC.replace("\n", "\r\n").encode())
    assert run("show", str(spec)).stdout == SPEC


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    """Unix has names of any bytes."""
    spec = os.fsencode(tmp_path) + b"/\xff\xfe.yaml"
    with open(spec, "w", encoding="utf-8") as file:
        file.write(SPEC.replace("name: 卷积网络\n", ""))
    for command in (
        ["summary"],
        ["check", "-f", "sarif"],
        ["check", "-f", "json"],
        ["lint", "-f", "junit"],
        ["explain"],
    ):
        words = [sys.executable, "-m", "cnncalc", *command, spec]
        done = subprocess.run(words, check=False, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")
    out = tmp_path / "out.json"
    words = [sys.executable, "-m", "cnncalc", "summary", spec, "-f", "markdown", "-o", str(out)]
    subprocess.run(words, check=True)
    assert "\\xdcff\\xdcfe" in out.read_text(encoding="utf-8").replace("\\\\", "\\")
