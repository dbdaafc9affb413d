"""Specs that are made to take for ever, or all the memory: each is read or refused in seconds.

None breaks a limit of its own kind by much, and most are within all of them. A machine that is busy may take
ten times as long as one that is not; what these specs once took was minutes, hours or more.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 30
MEMORY = 1_500 * 2**20
HEAD = "input: [3, 32, 32]\n"
RELU = f"{HEAD}layers: [relu]\n"
NAMED = f"{HEAD}layers:\n  - relu:\n    name: 'r{{index}}'\n    repeat: 49000\n"


def alike(count: int, line: str) -> str:
    """Lines that differ in their number alone."""
    return "".join(line.replace("#", str(number)) for number in range(count))


def budgets(count: int, line: str) -> str:
    return f"{NAMED}budget:\n{alike(count, line)}"


def doubled(inner: str) -> str:
    blocks = "".join(f"  b{number}: [b{number - 1}, b{number - 1}]\n" for number in range(1, 59))
    return f"{HEAD}blocks:\n  b0: {inner}\n{blocks}layers: [b58]\n"


ALIASES = ", ".join(["*a"] * 99_000)
BRACES = "{" * 900
INDICES = "{index}" * 40
LONG = "é" * 1_000
ZEROS = ", ".join(["0"] * 90_000)
SUM = "+".join(["1"] * 100)
FRACTIONS = " + ".join(f"index / {97 + number}" for number in range(48))
PARAMETERS = ", ".join(f"p{number}=1" for number in range(1_000))
DILATED = "conv: {filters: 8, kernel: 3, dilation: 1G}"
PADDED = "conv: {filters: 8, kernel: 1, stride: 7, padding: 1G}"
FORKED = (
    f"{HEAD}blocks:\n  b(n, m):\n    - relu\n    - b: [n - 1, 2 * m + index]\n      when: n > 0\n      repeat: 2\n"
    "layers: [b: [50, 1]]\n"
)
CHANGING = (
    f"{HEAD}blocks:\n  v(x, y): [{{conv: [x + 1, 1]}}]\n  u(a): [{{type: a}}]\nlayers:\n"
    f"  - u: {{a: {{v: [index, \"'{'x' * 900}'\"]}}}}\n    repeat: 10000\n    from: input\n    name: u{{index}}\n"
)
DEEP_SHAPES = (
    f"{HEAD}layers:\n  - relu:\n    name: a\n  - {'{layers: [' * 15}"
    f"{{conv: ['{' + '.join(['shape(a)[0]'] * 40)}', 1], from: a, name: 'c{{index}}', repeat: 15000}}"
    f"{'], name: g}' * 15}\n"
)
WORK = "takes more than 3,000,000 operations"
VAST = 9 * 10**18
# What is asked, what of, and what is complained of; nothing where the spec can be used.
SPECS = {
    "ten megabytes of comments": ("summary", RELU + "# x\n" * 2_490_000, ""),
    "a mistake behind them": ("summary", f"{RELU}{'# x' * 2_000_000}\na: [b\n", ":4: this bracket is not closed"),
    "one text": ("summary", f"name: {'a' * 9_900_000}\n{RELU}", "is longer than 10,000 characters"),
    "a line that is no YAML": ("summary", f"{RELU}{'x' * 9_000_000}", "is neither `key: value` nor `- item`"),
    "directives": (
        "summary",
        "".join(f"%TAG !a{number}! tag:x\n" for number in range(300_000)) + f"---\n{RELU}",
        "more than 10 lines begin with %",
    ),
    "brackets": ("summary", f"{HEAD}layers: {'[' * 1_000_000}", "nested more than 60 deep"),
    "aliases of aliases": (
        "summary",
        "a: &a0 [1]\n" + "".join(f"b{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5_000)) + RELU,
        "have more than 100,000 values",
    ),
    "keys that are unknown": ("summary", RELU + alike(45_000, "key_#: 1\n"), "... and 452 more problems"),
    "types that are unknown": ("summary", f"{HEAD}layers:\n" + alike(90_000, "  - conf_#\n"), "did you mean 'conv'?"),
    "outputs that are unknown": (
        "summary",
        f"{HEAD}layers:\n  - relu:\n    name: a\noutputs: [{', '.join(f'b{n}' for n in range(99_000))}]\n",
        "no layer has the name 'b0'",
    ),
    "names that are too long": (
        "summary",
        f"{HEAD}layers:\n" + alike(4_000, f'  - relu:\n    name: "{LONG}#"\n'),
        "name is longer than 200 characters",
    ),
    "names of braces": (
        "summary",
        f"{HEAD}layers:\n" + alike(9_000, f"  - relu:\n    name: '{BRACES}#'\n"),
        "a name cannot contain",
    ),
    "names of many parts": (
        "summary",
        f"{HEAD}layers:\n  - relu:\n    name: '{INDICES}'\n    repeat: 49000\n",
        WORK,
    ),
    "names that are unknown among many that failed": (
        "summary",
        f"{HEAD}layers:\n  - relu:\n    name: x_{{2}}\n    when: 3\n"
        + alike(10_000, "  - relu:\n    from: x_2\n    name: n#_{#}\n")
        + alike(480, "  - relu:\n    from: nope#\n"),
        "no layer has the name 'nope0'",
    ),
    "a name like that of what failed": (
        "summary",
        f"{HEAD}layers:\n  - conv: [q, 3]\n    name: '{'{index}a' * 30}z'\n  - relu:\n    from: {'a' * 150}\n",
        "no layer has the name",
    ),
    "expressions over and over": (
        "summary",
        f"{HEAD}variables: {{x: &a '{SUM}', y: [{ALIASES}]}}\nlayers: [relu]\n",
        WORK,
    ),
    "wrong expressions over and over": (
        "summary",
        f"{HEAD}variables: {{x: &a 'q + {SUM}', y: [{ALIASES}]}}\nlayers: [relu]\n",
        "'q' is not defined here",
    ),
    "fractions": (
        "summary",
        f"{HEAD}layers:\n  - conv: ['4 + 0 * ({FRACTIONS}) // 1', 1]\n    name: 'c{{index}}'\n    repeat: 49000\n",
        WORK,
    ),
    "a long list looked through": (
        "summary",
        f"{HEAD}variables: {{a: [{ZEROS}]}}\nlayers:\n  - relu:\n    when: 1 in a\n    repeat: 49000\n",
        WORK,
    ),
    "blocks that double": ("summary", doubled("[relu]"), "raise the limit with `--limit layers=N`"),
    "blocks of nothing that double": ("summary", doubled("[]"), "more than 150,000 layers, blocks and branches"),
    "a drawing of a vast input": (
        "field",
        "input: [3, 4000000000, 4000000000]\nlayers:\n  - max_pool: {kernel: 1000, stride: 7}\n  - flatten\n",
        "",
    ),
    "a dilated kernel": (
        "field",
        f"input: [3, {VAST}, {VAST}]\nlayers:\n  - conv: {{filters: 8, kernel: 1G, dilation: 2}}\n    name: flatten\n",
        "",
    ),
    "keys that are nearly blocks": (
        "summary",
        f"{HEAD}blocks:\n" + alike(900, f"  ? 'b#{' ' * 9_900}!'\n  : [relu]\n") + "layers: [relu]\n",
        "write it like a function",
    ),
    "parameters": ("summary", f"{HEAD}blocks:\n" + alike(900, f"  ? b#({PARAMETERS})\n  : [relu]\n"), WORK),
    "arguments of calls": (
        "summary",
        f"{HEAD}blocks:\n  ? b({PARAMETERS})\n  : [relu]\nlayers:\n  - b:\n    repeat: 20000\n",
        WORK,
    ),
    "variables of calls": (
        "summary",
        (
            f"{HEAD}variables: {{{', '.join(f'v{number}: 1' for number in range(999))}}}\n"
            "blocks: {b(a): [relu]}\nlayers:\n  - b: index\n    repeat: 49000\n"
        ),
        "",
    ),
    "blocks in circles": (
        "summary",
        f"{HEAD}blocks:\n" + "".join(f"  b{n}: [b{n + 1}, b0]\n" for n in range(24_000)) + "layers: [b0]\n",
        WORK,
    ),
    "joins of very many": (
        "summary",
        (
            f"{HEAD}layers:\n  - relu:\n    name: a\n  - concat:\n    name: 'c{{index}}'\n    repeat: 40000\n"
            f"    from: [{', '.join(['a'] * 40_000)}]\n"
        ),
        WORK,
    ),
    "full names that are long together": (
        "summary",
        f"{HEAD}blocks:\n"
        + "".join(f"  b{n}(x):\n    - b{n + 1}: x\n      name: {'a' * 190}\n" for n in range(4))
        + "  b4(x): [conv: [x, 1]]\nlayers:\n  - b0: index + 1\n    name: 'a{index}'\n    repeat: 37000\n",
        WORK,
    ),
    "full names": (
        "summary",
        f"{HEAD}blocks:\n"
        + "".join(f"  b{n}:\n    - b{n + 1}:\n      name: {'a' * 200}\n" for n in range(50))
        + "  b50: [relu]\nlayers:\n  - b0:\n    name: 'a{index}'\n    repeat: 40000\n",
        "is longer than 1,000 characters",
    ),
    "a comment of very many words": (
        "lint",
        f"{HEAD}layers: [relu] # cnncalc: ignore {','.join(f'a{number}' for number in range(1_000_000))}\n",
        WORK,
    ),
    "very many comments": ("lint", RELU + "# cnncalc: ignore zzq\n" * 400_000, WORK),
    "comments for the whole file": ("lint", "# cnncalc: ignore-file\n" * 9_000 + NAMED, ""),
    "kernels in a vast input": (
        "lint",
        f"input: [3, {VAST}, {VAST}]\nlayers: [conv: [8, 5], max_pool: 2, conv: [8, 3, 9], {DILATED}, {PADDED}]\n",
        "",
    ),
    "a pattern of stars": (
        "check",
        f"{HEAD}layers:\n  - relu:\n    name: {'a' * 190}\nbudget: {{'{'*a' * 40}b.params': 1}}\n",
        "no layer or block has the name",
    ),
    "a block that uses itself twice": (
        "summary",
        f"{HEAD}blocks:\n  b(n):\n" + "    - b: n - 1\n      when: n > 0\n" * 2 + "layers: [b: 58]\n",
        "the spec expands to more than 150,000 layers, blocks and branches",
    ),
    "a block that uses itself with other arguments": ("summary", FORKED, "the network has more than 50,000 layers"),
    "types that double": (
        "summary",
        f"{HEAD}blocks:\n  u(a, b): [relu]\nvariables:\n  v0: relu\n"
        + "".join(f"  v{n}: {{u: [v{n - 1}, v{n - 1}]}}\n" for n in range(1, 900))
        + "layers:\n  - type: v899\n",
        "u and its arguments are longer than 10,000 characters",
    ),
    "a type that each pass changes": ("summary", CHANGING, ""),
    "ranges": (
        "summary",
        f"{HEAD}variables:\n" + alike(1_000, "  v#: range(#, # + 10_000)\n") + "layers: [relu]\n",
        WORK,
    ),
    "shapes of tensors far out": ("summary", DEEP_SHAPES, WORK),
    "words among computed names": (
        "summary",
        f"{HEAD}variables: {{k: 1}}\nlayers:\n"
        + alike(10_000, "  - relu:\n    name: n#_{k}\n")
        + f"  - relu:\n    for: {{x: [{', '.join(f'w{n}' for n in range(10_000))}]}}\n",
        WORK,
    ),
    "patterns": ("check", budgets(20_000, "  '*#.params': 1\n"), WORK),
    "patterns of everything": ("check", budgets(200, "  '**#.params': -1\n"), WORK),
    "patterns that all fit": ("check", budgets(200, "  'r#*.params': {min: 5}\n"), WORK),
    "patterns that name nothing": ("check", budgets(20_000, "  'q#.params': 1\n"), "more than 500 problems"),
    "assertions": (
        "check",
        NAMED + "assert:\n" + alike(1_000, f"  - {' + '.join(['params(_*#_)'] * 40)} > 0\n".replace("_", "'")),
        WORK,
    ),
    "a sum of all": ("check", f"{NAMED}assert: [\"params('**') >= 0\"]\n", ""),
    "smaller inputs": (
        "check",
        f"input: [3, {VAST}, {VAST}]\nlayers:\n  - conv: [3, 1]\n    repeat: 20000\nbudget: {{macs: 1, flops: 1}}\n",
        "",
    ),
}


def convs(count: int, name: str, filters: str) -> str:
    """Convolutions that differ in their numbers; `#` is the number of each."""
    lines = f"  - conv: ['{filters}', 1]\n    name: '{name}'\n    repeat: {count}\n".replace("#", "index")
    return f"input: [8, 8, 8]\nlayers:\n{lines}"


def parallel(count: int, filters: int) -> str:
    """Convolutions that read the input, a join of them, and layers behind it."""
    names = ", ".join(f"c{number}" for number in range(count))
    lines = "".join(f"  - conv: [{filters}, 1]\n    name: c{number}\n    from: input\n" for number in range(count))
    rest = f"  - concat:\n    from: [{names}]\n  - relu:\n    name: 'e{{index}}'\n    repeat: 5000\n"
    return f"input: [8, 8, 8]\nlayers:\n{lines}{rest}"


# Two specs each, which differ in nearly every layer: what one layer has of the others must not add up.
PAIRS = {
    "what very many changes alter together": (parallel(3_000, 8), parallel(3_000, 9)),
    "layers that are all reversed": (convs(16_000, "c{#}", "# + 1"), convs(16_000, "c{15999 - #}", "16000 - #")),
}
# What cnncalc.yaml says beside a spec that is fine.
CONFIGURATIONS = {
    "a long text over and over": f"specs:\n  net.yaml:\n    set: {{b: &a '{'a' * 9_999}', c: [{ALIASES}]}}\n",
    "rules over and over": f"specs: [net.yaml]\nlint:\n  ignore: [&a '{','.join(['CNN003'] * 1_400)}', {ALIASES}]\n",
    "words that are no rules": f"specs: [net.yaml]\nlint:\n  ignore: [&a '{','.join(['x'] * 4_900)}', {ALIASES}]\n",
    "a file over and over": f"specs: [{', '.join(['net.yaml'] * 90_000)}]\n",
}
# Of those that take a moment, one for each of what would go on.
OFTEN = (
    "brackets",
    "blocks that double",
    "parameters",
    "a pattern of stars",
    "kernels in a vast input",
    "a dilated kernel",
)


@pytest.mark.parametrize(
    "what", [what if what in OFTEN else pytest.param(what, marks=pytest.mark.long) for what in SPECS]
)
def test_seconds_are_enough(what: str, tmp_path: Path) -> None:
    command, text, complaint = SPECS[what]
    path = tmp_path / "net.yaml"
    path.write_text(text, encoding="utf-8")
    assert path.stat().st_size <= 10_000_000
    further = ["flatten", "--plot"] if command == "field" else []
    status, said = end(tmp_path, command, str(path), *further)
    assert complaint in said
    assert status == 2 if complaint else status in (0, 1)


@pytest.mark.long
@pytest.mark.parametrize("what", CONFIGURATIONS)
def test_configurations(what: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(RELU)
    (tmp_path / "cnncalc.yaml").write_text(CONFIGURATIONS[what])
    status, said = end(tmp_path, "check")
    assert status == 2
    assert f"cnncalc.yaml:1:1: this {WORK}" in said


@pytest.mark.parametrize(
    ("what", "form"),
    [
        ("what very many changes alter together", "table"),
        *(
            pytest.param(what, form, marks=pytest.mark.long)
            for what, form in (
                ("what very many changes alter together", "json"),
                ("layers that are all reversed", "table"),
                ("layers that are all reversed", "json"),
            )
        ),
    ],
)
def test_networks_that_differ_everywhere(what: str, form: str, tmp_path: Path) -> None:
    for name, text in zip(("old", "new"), PAIRS[what], strict=True):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    status, said = end(tmp_path, "diff", "old.yaml", "new.yaml", "--format", form, memory=700 * 2**20)
    assert status == 0, said[:200]


def test_variables_are_not_copied_for_each_call(tmp_path: Path) -> None:
    """342 variables for each of 33,000 calls would take 450 MB."""
    variables = alike(342, "  v#: #\n")
    text = f"variables:\n{variables}{HEAD}blocks: {{b(x): [relu]}}\nlayers:\n  - b: index\n    repeat: 33000\n"
    (tmp_path / "net.yaml").write_text(text)
    status, said = end(tmp_path, "summary", "net.yaml", memory=300 * 2**20)
    assert status == 0, said[:200]


@pytest.mark.long
@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_a_join_of_very_many_widens_no_line(form: str, tmp_path: Path) -> None:
    names = ", ".join(f"c{number}" for number in range(20_000))
    branches = "  - relu:\n    name: c{index}\n    from: input\n    repeat: 20000\n"
    (tmp_path / "net.yaml").write_text(f"{HEAD}layers:\n{branches}  - concat:\n    from: [{names}]\n")
    arguments = ("--columns", "name,inputs", "--depth", "all", "--format", form)
    status, said = end(tmp_path, "summary", "net.yaml", *arguments, memory=500 * 2**20)
    assert status == 0
    # The names alone are 140,000.
    assert max(map(len, said.splitlines())) < 1_000


def end(folder: Path, *arguments: str, memory: int = MEMORY) -> tuple[int, str]:
    """The status of a run that has few seconds and little memory, and what it says."""
    resource = pytest.importorskip("resource")
    done = subprocess.run(
        [sys.executable, "-m", "cnncalc", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
    )
    assert len(done.stderr) < 100_000
    assert not done.stderr.startswith("Error: ")
    return done.returncode, done.stderr + done.stdout
