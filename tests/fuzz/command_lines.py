"""Command lines made of a command's own arguments and options, with values that fit, nearly fit or are anything."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

import click
from click.testing import CliRunner, Result
from fuzz.choices import Choices
from fuzz.invariants import noted
from fuzz.mutations import SCALARS, bent_bytes, bent_nodes
from fuzz.strangers import bent_text, expression
from hardening import hostile

from cnncalc import limits
from cnncalc.checks.rules import all_rules
from cnncalc.commands import cli

SMALL = ("lenet5", "alexnet", "vgg11", "squeezenet1_1", "mobilenet_v2", "unet", "resnet18")
LAYERS = ("conv1", "fc6", "pool1", "output", "nothing", "stage1.0", "previous", "")
QUANTITIES = (
    "params",
    "macs",
    "flops",
    "activations",
    "depth",
    "layers",
    "output",
    "field",
    "fc6.params",
    "conv1.macs",
)
AMOUNTS = ("5M", "1k", "10%", "0", "-1", "1e9", "[10]", "1000", "0.5", "1/3", "5MiB", "1 GMac", "9" * 30, "", "two")
SIZES = (
    "3x32x32",
    "1x28x28",
    "3x224x224",
    "224x224x3",
    "3",
    "3x1x1",
    "3,32,32",
    "[3, 32, 32]",
    "0x0x0",
    "3xHxW",
    "32,64",
)
NUMBERS = ("1", "2", "32", "0", "-1", "1000000000", "9" * 12, "1.5", "x")
CODES = tuple(rule.code for rule in all_rules())
# The parts of which values are made, by the name of an option or of its type.
VALUES: tuple[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = (
    # A module that exists would be executed.
    (("target",), (("no_such_module", "no such", ""), (":", "", "::"), ("network", "a.b", "", "1"))),
    (("inputs",), (("", "", "input=", "left=", "="), SIZES)),
    (("LIMIT=N",), ((*limits.DOCS, "x"), ("=", "=", "=", ""), ("all", "1", "0", "-1", "10", "1_000", "x", "9" * 40))),
    (("QUANTITY=N", "QUANTITY=VALUE"), (QUANTITIES, ("=", "=", "=", ""), AMOUNTS)),
    (("depth",), (("1", "2", "all", "0", "-1", "1.5", "9" * 20),)),
    (("select", "ignore", "severities", "explained"), ((*CODES, "CNN", ",", "all"), ("", "=note", "=x", ",CNN003"))),
    (("against", "relative_to"), (SMALL,)),
    (
        ("varied",),
        (
            ("input", "classes", "width", "spec", "x", ""),
            ("=", "=", "="),
            (*SIZES, "8..32:8", "1..9", "[1,2]", "lenet5,x"),
        ),
    ),
    (("where",), (("params", "macs", "x", "field"), (" < ", " > ", ""), AMOUNTS)),
    (("pareto",), (("params,", "min:macs,", "", "x,"), ("max:field", "depth", "macs"))),
    (("claim",), (("4.1", "12", "1,000", "0", "-1", "1e9", "9" * 40), ("", "G", "M", "b", "x"))),
    (("at",), (("0,0", "2,3", "1", "32,64", "-1,-1", "9999,0", "a,b", ",", "32", "8x9"),)),
)
# The formats of exports, other than text.
EXPORTED = {"netron": "json", "model-explorer": "json", "model-explorer-data": "json", "onnx": "binary"}
# How many of the options are given; what makes a line unusable hides what comes after.
COLORS = re.compile(r"\x1b\[[0-9;]*m")
COUNTS = ((3, 0), (5, 1), (5, 2), (3, 3), (2, 5))


@lru_cache(1)
def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    return {name: command for name in cli.list_commands(context) if (command := cli.get_command(context, name))}


def anything(choices: Choices) -> str:
    """A text that a command line can hold."""
    return choices.pick((*SCALARS, *hostile.STRINGS.values())).replace("\0", "").replace("\ud800", "\udcff")


def spec(choices: Choices, folder: Path) -> str:
    """A spec for the line: one that is bundled, one that is bent, or none."""
    kind = choices.weighted(((50, "bundled"), (22, "text"), (14, "nodes"), (7, "bytes"), (4, "word"), (3, "odd")))
    if kind == "bundled":
        return choices.pick(SMALL)
    if kind == "word":
        return anything(choices)
    if kind == "odd":
        return choices.pick((".", "/", "", "-", "no.yaml", str(folder), "main:x.yaml", "/dev/null", "a\udcffb", "~/x"))
    bend = {"text": bent_text, "nodes": bent_nodes, "bytes": bent_bytes}[kind]
    path = folder / f"bent{choices.integer(0, 1)}.yaml"
    path.write_bytes(bend(choices))
    return str(path)


def value(option: click.Parameter, choices: Choices, folder: Path) -> str:
    """A value that the option's type takes, mostly."""
    if choices.chance(12):
        return anything(choices)
    kind, name = option.type, option.name or ""
    if isinstance(kind, click.Choice):
        return str(choices.pick(tuple(kind.choices)))
    if isinstance(kind, click.IntRange):
        return choices.pick(NUMBERS)
    if known := getattr(kind, "known", ()):
        return choices.pick(("all", "", ",", *known, ",".join(known[:3]), f"{known[0]},{known[0]}", f" {known[-1]} "))
    if name == "settings":
        return f"{choices.pick(('classes', 'width', 'x', ''))}={expression(choices, choices.integer(0, 2))}"
    if name == "asserted":
        return expression(choices, choices.integer(1, 4))
    if name in ("output", "summary", "plot", "config"):
        files = (str(folder / "out.txt"), str(folder), "/dev/null", "/dev/full", str(folder / "no" / "x"), "", "a.png")
        return choices.pick(files)
    for names, made in VALUES:
        if name in names or kind.name in names:
            return "".join(map(choices.pick, made))
    return choices.pick((*SIZES, *QUANTITIES, *LAYERS, "1", "2", "all"))


def line(choices: Choices, folder: Path) -> list[str]:
    name = choices.pick(tuple(commands()))
    words = [name]
    for parameter in commands()[name].params:
        if not isinstance(parameter, click.Argument):
            continue
        count = choices.pick((1, 2, 3)) if parameter.nargs == -1 else int(parameter.required or choices.chance(50))
        for _ in range(count):
            if parameter.name in ("spec", "specs", "old", "new"):
                words.append(spec(choices, folder))
            elif isinstance(parameter.type, click.Choice):
                words.append(value(parameter, choices, folder))
            else:
                words.append(choices.pick((*LAYERS, "conv", "Conv2d", "Dense", *commands(), *SCALARS[:9])))
    options = [parameter for parameter in commands()[name].params if isinstance(parameter, click.Option)]
    for _ in range(choices.weighted(COUNTS) if options else 0):
        option = choices.pick(options)
        if option.is_flag:
            words.append(choices.pick((*option.opts, *option.secondary_opts)))
        else:
            words.append(f"{option.opts[-1]}={value(option, choices, folder)}")
    return words


def judge_line(choices: Choices, folder: Path) -> str:
    """A line ends with 0, 1 or 2, and writes what is well-formed, acts on nothing, and is the same again."""
    words = line(choices, folder)
    try:
        return judged(words, choices, folder)
    except Exception as error:
        specs = [f"\n{Path(word).read_bytes()!r}" for word in words if os.path.isfile(word) and str(folder) in word]
        noted(error, f"--- cnncalc {words}{''.join(specs)[:20_000]}")
        raise


def judged(words: list[str], choices: Choices, folder: Path) -> str:
    before = os.getcwd()
    # The specs of other cases must not extend a file that a line writes.
    place = folder / "lines"
    place.mkdir(exist_ok=True)
    os.chdir(place)
    try:
        result = invoke(words)
        # What one process has worked out before it does not count again as work.
        again = invoke(words) if choices.chance(10) and not any("work=" in word for word in words) else result
    finally:
        os.chdir(before)
    if (result.exit_code, result.stdout, result.stderr) != (again.exit_code, again.stdout, again.stderr):
        raise AssertionError("another run of the line ends otherwise")
    if result.exit_code not in (0, 1, 2):
        raise AssertionError(f"it ends with {result.exit_code}")
    if result.exit_code == 1 and words[0] not in ("check", "lint") and "--exit-code" not in words:
        raise AssertionError("only what checks ends with 1")
    hostile.check_log(result.stderr)
    if result.exit_code == 2 and not (result.stderr or result.stdout or any(is_quiet(word) for word in words)):
        raise AssertionError("it fails without a word")
    if result.exit_code == 0 and not result.output and not any(is_quiet(word) for word in words):
        raise AssertionError("it succeeds without a word")
    # These are texts of ours, with specs in them, or the spec itself.
    if any("--explain" in word for word in words) or (words[0] in ("layers", "show") and "--expand" not in words):
        return "shown"
    if result.stdout and form(words) != "binary":
        hostile.CHECKS[form(words)](COLORS.sub("", result.stdout) if "--color=always" in words else result.stdout)
    return f"{words[0]} ends with {result.exit_code}"


def is_quiet(word: str) -> bool:
    return word in ("-q", "--quiet") or word.startswith(("--output", "--plot"))


def invoke(words: list[str]) -> Result:
    result = CliRunner().invoke(cli, words, prog_name="cnncalc")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def form(words: list[str]) -> str:
    """The format of the output; the last one counts."""
    if any(word in ("--help", "-h") for word in words) or words[0] == "help":
        return "text"
    if words[0] == "export":
        targets = [word.partition("=")[2] for word in words if word.startswith("--to=")]
        return EXPORTED.get(targets[-1] if targets else "", "text")
    given = [word.partition("=")[2] for word in words if word.startswith(("--format=", "--json"))]
    if "--json" in words or words[0] == "schema":
        return "json"
    return given[-1] if given else "text"
