"""The pictures in docs/drawings are what the commands on the page write; `--rewrite` draws them anew."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "drawings.md"
COMMANDS = re.findall(r"^\$ cnncalc (draw .* -o (\S+\.svg))$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("command", "name"), COMMANDS, ids=[name for _, name in COMMANDS])
def test_pictures_are_current(command: str, name: str, run, tmp_path: Path, monkeypatch, request) -> None:
    monkeypatch.chdir(tmp_path)
    run(*shlex.split(command))
    drawn = Path(name).read_text(encoding="utf-8")
    kept = ROOT / "docs" / "drawings" / name
    if request.config.getoption("--rewrite"):
        kept.write_text(drawn, encoding="utf-8", newline="\n")
    assert kept.read_text(encoding="utf-8") == drawn


def test_every_picture_is_shown() -> None:
    shown = set(re.findall(r"\]\(drawings/(\S+?)\)", PAGE.read_text(encoding="utf-8")))
    assert shown == {name for _, name in COMMANDS} == {path.name for path in (ROOT / "docs" / "drawings").iterdir()}
