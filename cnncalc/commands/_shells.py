"""Completion for shells: `_CNNCALC_COMPLETE` requests a shell's script or, in that script, words.

Words may come from an untrusted spec or folder: only words without special characters go to a shell. Completion
writes nothing to standard error.
"""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import redirect_stderr, suppress
from typing import TYPE_CHECKING

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

from cnncalc.text import plain

if TYPE_CHECKING:
    import click

VARIABLE = "_CNNCALC_COMPLETE"
COMPLETE, SOURCE = "complete", "source"
# Characters that no shell expands, splits or runs.
WORD = re.compile(r"[\w.,:=/+@%~-]+")
LONGEST = 300
# Characters at which bash splits words.
BREAKS = ("=", ":")
# Like click's script, but without a space after incomplete words, and for older versions of bash.
BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' completion value
    COMPREPLY=()
    for completion in $(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \
%(complete_var)s=bash_complete "$1"); do
        value=${completion#*,}
        case $completion in
            dir,*) compopt -o dirnames 2>/dev/null ;;
            file,*) compopt -o default 2>/dev/null ;;
            plain,*)
                COMPREPLY+=("$value")
                [[ $value == *[=/] ]] && compopt -o nospace 2>/dev/null
                ;;
        esac
    done
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null || complete -F %(complete_func)s %(prog_name)s
"""


class _Careful(ShellComplete):
    """Completion that passes on only safe words."""

    # The part of the word on the line that the shell keeps before a completion.
    kept = ""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        # In --option=value, click completes only the value.
        option, equals, _ = incomplete.partition("=")
        before = f"{option}=" if equals and option.startswith("-") else ""
        found = []
        # Completers read the line themselves if click does not.
        self.ctx_args["obj"] = [*args]
        for item in super().get_completions(args, incomplete):
            word = f"{before}{item.value}"
            if item.type != "plain":
                found.append(CompletionItem(word if WORD.fullmatch(word) else "", type=item.type))
            # Names from specs or folders must not become options: options are completed only after a dash.
            elif WORD.fullmatch(word) and len(word) <= LONGEST and (word[0] != "-" or incomplete.startswith("-")):
                found.append(CompletionItem(word.removeprefix(self.kept), help=item.help and plain(item.help)))
        return found


class Bash(_Careful, BashComplete):
    """Completion for bash, which splits words at = and :."""

    source_template = BASH

    def source(self) -> str:
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        parts = split_arg_string(os.environ["COMP_WORDS"])[1:]
        place = int(os.environ["COMP_CWORD"]) - 1
        given = [*parts[:place], parts[place] if place < len(parts) else ""]
        last = "" if given[-1] in BREAKS else given[-1]
        joined: list[str] = []
        for position, part in enumerate(given):
            if joined and (part in BREAKS or given[position - 1] in BREAKS):
                joined[-1] += part
            else:
                joined.append(part)
        *args, incomplete = joined
        self.kept = incomplete.removesuffix(last)
        return args, incomplete


class Zsh(_Careful, ZshComplete):
    """Completion for zsh; as in bash, without a space after incomplete words."""

    source_template = ZshComplete.source_template.replace(
        "compadd -U -V unsorted -a completions",
        """local -a ended=(${completions:#*[=/]}) open=(${(M)completions:#*[=/]})
        [[ -n $ended ]] && compadd -U -V unsorted -a ended
        [[ -n $open ]] && compadd -U -V unsorted -S '' -a open
        true""",
    )


class Fish(_Careful, FishComplete):
    """Completion for fish; words may have commas."""

    source_template = FishComplete.source_template.replace("string split ", "string split --max 1 ")


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def run(cli: click.Command, prog_name: str) -> int:
    """Answer the request of a shell in the environment. Returns status 2 for an invalid request."""
    shell, _, action = os.environ[VARIABLE].partition("_")
    if shell not in SHELLS or action not in (COMPLETE, SOURCE):
        known = ", ".join(f"{name}_source" for name in SHELLS)
        return _complain(f"{VARIABLE} must be one of {known}")
    completion = SHELLS[shell](cli, {}, prog_name, VARIABLE)
    if action == SOURCE:
        sys.stdout.write(completion.source())
        return 0
    words, place = os.environ.get("COMP_WORDS"), os.environ.get("COMP_CWORD")
    # In fish, it is the word itself.
    if words is None or place is None or not (shell == "fish" or place.isdecimal()):
        setup = f'eval "$({VARIABLE}={shell}_source {prog_name})"'
        return _complain(
            f"{shell}_complete is what the shell itself asks for, with COMP_WORDS and COMP_CWORD; `{setup}` sets it up"
        )
    # No errors during completion.
    with suppress(Exception, SystemExit), redirect_stderr(io.StringIO()):
        sys.stdout.write(f"{completion.complete()}\n")
    return 0


def _complain(words: str) -> int:
    sys.stderr.write(f"Error: {words}\n")
    return 2
