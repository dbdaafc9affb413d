"""The Chinese README names commands that exist; test_readme.py checks its outputs and specs."""

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.zh.md"


def test_the_commands_it_names_exist(run):
    commands = set(re.findall(r"`cnncalc (\w+)", README.read_text(encoding="utf-8")))
    assert commands >= {"summary", "explain", "field", "sharing", "list", "show"}
    for command in commands:
        run(command, "--help")
