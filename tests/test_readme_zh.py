"""The Chinese README shows what the program prints, as the English one does."""

import re
from pathlib import Path

from test_readme import BLOCK, shown

README = Path(__file__).parent.parent / "README.zh.md"


def test_commands(request, run, tmp_path, monkeypatch):
    text = README.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    count = 0

    def renew(match: re.Match[str]) -> str:
        nonlocal count
        language, body = match.groups()
        first = body.partition("\n")[0]
        if language == "yaml":
            Path(first[2:]).write_text(body, encoding="utf-8")
        if language != "console" or not body.startswith("$ cnncalc"):
            return match.group()
        count += 1
        return f"```console\n{shown(first[2:], run)}```"

    renewed = BLOCK.sub(renew, text)
    assert count == 2
    if request.config.getoption("--rewrite"):
        README.write_text(renewed, encoding="utf-8", newline="\n")
    assert renewed == README.read_text(encoding="utf-8")


def test_the_commands_it_names_are_there(run):
    commands = set(re.findall(r"`cnncalc (\w+)", README.read_text(encoding="utf-8")))
    assert commands >= {"summary", "explain", "field", "sharing", "list", "show"}
    for command in commands:
        run(command, "--help")
