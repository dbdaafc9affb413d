"""What holds for every file that is given as a spec, however broken: it is a network, or its problems are told well."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner
from fuzz.choices import Choices
from fuzz.command_lines import judge_line
from fuzz.invariants import noted
from fuzz.mutations import SCALARS, bent_bytes, bent_nodes
from fuzz.strangers import bent_text

from cnncalc import bundled
from cnncalc.analyses.totals import totals
from cnncalc.commands import cli
from cnncalc.errors import Problem, SpecError
from cnncalc.network import build

MOST_SECONDS = 2
MOST_CHARACTERS = 1_000
# What ends a line for YAML 1.1, and for editors, which count where the text is not YAML at all.
LINE_ENDS = (re.compile("\r\n|[\r\n\x85\u2028\u2029]"), re.compile("\r\n|[\r\n]"))
# What terminals, browsers and CI obey instead of showing it.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NAME = "bent.yaml"


def judge_bytes(choices: Choices, folder: Path) -> str:
    """A spec bent byte by byte."""
    return judge(bent_bytes(choices), folder)


def judge_nodes(choices: Choices, folder: Path) -> str:
    """A spec bent node by node."""
    return judge(bent_nodes(choices), folder)


def judge_text(choices: Choices, folder: Path) -> str:
    """A spec bent as strangers and newcomers bend it."""
    return judge(bent_text(choices), folder)


def judge_options(choices: Choices, folder: Path) -> str:
    """A network with options that are anything."""
    name = choices.pick(("resnet50", "densenet121", "mobilenet_v2", "lenet5", "unet"))
    settings = [
        (choices.pick(("classes", "width", "x", "")), choices.pick(SCALARS)) for _ in range(choices.integer(0, 2))
    ]
    sizes = choices.pick(("3x0x0", "3x32x32", "1", "9x9x9x9x9", "3x99999999999x2", *SCALARS))
    inputs = [(choices.pick(("", "input", "left")), sizes)] if choices.chance(60) else []
    return verdict(name, b"", settings, inputs)


def judge_commands(choices: Choices, folder: Path) -> str:
    """A bent spec through a command: it ends with 0, 1 or 2, and writes nothing that a terminal would obey."""
    data = bent_nodes(choices) if choices.chance(60) else bent_bytes(choices)
    path = folder / NAME
    path.write_bytes(data)
    other = choices.pick(("lenet5", "alexnet"))
    arguments = choices.pick(
        (
            ["summary", "{}"],
            ["summary", "{}", "--format", choices.pick(("json", "csv", "markdown", "latex"))],
            ["check", "{}", "--format", choices.pick(("text", "json", "github", "junit", "sarif", "markdown"))],
            ["lint", "{}"],
            ["explain", "{}"],
            ["sharing", "{}"],
            ["reconcile", "{}"],
            ["field", "{}"],
            ["show", "{}"],
            ["show", "{}", "--expand"],
            ["compare", "{}", other],
            ["compare", "{}", other, "--sizes", "32,64"],
            ["diff", "{}", other],
            ["diff", other, "{}", "--format", choices.pick(("json", "markdown"))],
        )
    )
    arguments = [str(path) if word == "{}" else word for word in arguments]
    result = CliRunner().invoke(cli, arguments, prog_name="cnncalc")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        noted(result.exception, f"--- cnncalc {' '.join(arguments)}\n{data!r}")
        raise result.exception
    if result.exit_code not in (0, 1, 2):
        raise AssertionError(f"cnncalc {' '.join(arguments)} ends with {result.exit_code}")
    # `show` writes a file as it is.
    if arguments[0] != "show":
        bad = UNSEEN.search(result.output.replace("\n", ""))
        if bad:
            raise AssertionError(f"{bad.group()!r} in the output of {arguments}: {result.output[:500]!r}")
    return f"{arguments[0]} ends with {result.exit_code}"


def judge(data: bytes, folder: Path) -> str:
    """Read bytes as a spec; what became of it in a word. Raises AssertionError where that is not as it must be."""
    path = folder / NAME
    path.write_bytes(data)
    try:
        return verdict(str(path), data)
    except Exception as error:
        noted(error, f"--- of the bytes\n{data!r}")
        raise


def verdict(reference: str, data: bytes, settings=(), inputs=()) -> str:  # type: ignore[no-untyped-def]
    """Load a spec and judge what comes of it."""
    started = time.process_time()
    try:
        network = build.load(reference, settings, inputs)
    except SpecError as error:
        seconds = time.process_time() - started
        if not error.problems:
            raise AssertionError("an error without a problem") from error
        for problem in error.problems:
            judge_problem(problem, reference, data)
        found = "refused"
    else:
        totals(network)
        seconds = time.process_time() - started
        found = "accepted"
    if seconds > MOST_SECONDS:
        raise AssertionError(f"took {seconds:.1f} s")
    return found


def judge_problem(problem: Problem, reference: str, data: bytes) -> None:
    """A problem has a place in its file, and words that can be shown."""
    for words in (problem.message, problem.hint):
        # What an option says is shown as it was written.
        if UNSEEN.search(words) and not words.startswith("--"):
            raise AssertionError(f"a message with what cannot be seen: {words!r}")
    if not problem.message or "bug" in problem.message:
        raise AssertionError(f"a message: {problem.message!r}")
    if len(problem.message) > MOST_CHARACTERS:
        raise AssertionError(f"a message of {len(problem.message)} characters: {problem.message[:200]!r}")
    span = problem.span
    # In a binary file, a node or a byte is the place.
    if span is None or (not span.line and span.file == reference):
        return
    if span.file == reference:
        text = data.decode("utf-8-sig", "replace")
    else:
        base = bundled.path(span.file)
        if base is None:
            raise AssertionError(f"a place in {span.file!r}")
        text = Path(base).read_text(encoding="utf-8")
    ways = [end.split(text) for end in LINE_ENDS]
    if not any(is_in(lines, span.line, span.column) for lines in ways):
        raise AssertionError(f"line {span.line} of {len(ways[0])}, column {span.column}: {problem}")


def is_in(lines: list[str], line: int, column: int) -> bool:
    """Whether a text of these lines has a place, or ends right before it."""
    return 1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1


Judge = Callable[[Choices, Path], str]
JUDGES: tuple[Judge, ...] = (judge_bytes, judge_nodes, judge_text, judge_options, judge_commands, judge_line)
