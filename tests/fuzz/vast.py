"""Specs whose structure is adversarial: vast numbers, coprime strides, long chains, wide joins, blocks in blocks.

Each is within the limits or just beyond them; `diff` gets a second one, renamed, reversed or with other numbers.
A case is run as a user would, in a process of its own: it ends with a status that says how, and takes little time
and memory.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fuzz.choices import Choices

LAYERS = 49_000
# What a case may take; a machine that is busy may need twice the seconds of CPU time.
SECONDS = 10
MEMORY = 500 * 2**20
# Where a process is ended that takes far more.
MOST_SECONDS = 60
MOST_MEMORY = 3 * 2**30

NUMBERS = (1, 2, 3, 5, 7, 13, 97, 255, 4_096, 65_537, 10**9, 2**31, 10**15 + 37, 2**62, 2**63 - 1)
SMALL = (1, 2, 3, 4, 5, 7, 11, 13)
NAMES = ("", "c{index}", "c{# - index}", "c{index * 7919 % #}", f"{'n' * 150}{{index}}")
COMMANDS = (
    "summary", "summary --columns all --depth all", "summary --columns all --format csv", "summary --format json",
    "summary --depth all --convention ptflops", "summary --format json --convention fvcore",
    "summary --columns all --depth all --format markdown", "summary --columns all --format latex", "summary --top 9",
    "explain", "explain --language zh", "explain --format json", "sharing --columns all --depth all",
    "sharing --format json", "reconcile", "reconcile --format json",
    "sharing --format json", "memory --depth all", "memory --order best", "memory --arena",
    "memory --training", "memory --format json",
    "draw", "draw --depth all", "draw --depth all --format dot", "draw --heat macs --direction right",
    "sweep --vary input=8..9", "sweep --vary input=9 --columns all",
    "show", "show --expand", "lint", "lint --format json", "check", "check --format json",
    "field", "field --all", "compare --columns all", "compare --stages", "compare --at 8,32,224",
    "compare --format json", "compare --convention thop", "check --convention fvcore --max macs=1",
    "diff", "diff --format json", "diff --format markdown", "diff --all", "import", "report",
    "import --flat", "export --to onnx", "export --to netron", "export --to model-explorer", "export --to scalesim",
    "export --to keras",
)  # fmt: skip


class Case(NamedTuple):
    """A command with the specs that it is given, as text, and the suffix of their files."""

    command: str
    specs: tuple[str, ...]
    suffix: str = ".yaml"


class Taken(NamedTuple):
    """How a case ended, and what it took: seconds of CPU time and bytes of memory."""

    status: int
    seconds: float
    memory: int
    complaint: str


def vast_case(choices: Choices, layers: int = LAYERS) -> Case:
    """A command and what it is asked of; `layers` is about how many layers the largest networks have."""
    command = choices.pick(COMMANDS)
    first = _Writer(choices, layers).spec()
    if not command.startswith("diff"):
        return Case(command, (first,))
    other = choices.pick(("same", "another", "numbers"))
    if other == "another":
        return Case(command, (first, _Writer(choices, layers).spec()))
    second = first.replace("name: c{", "name: d{") if choices.chance(40) else first
    second = second.replace("{index}", f"{{{layers} - index}}") if choices.chance(50) else second
    second = second.replace("[index + 1,", "[index + 2,") if other == "numbers" else second
    return Case(command, (first, second))


class _Writer:
    """Writes one spec. `most` is how many layers the largest of its parts have."""

    def __init__(self, choices: Choices, layers: int) -> None:
        self.choices = choices
        self.most = layers
        self.blocks: list[str] = []
        self.joined = 0

    def spec(self) -> str:
        choices = self.choices
        axes = choices.pick((3, 3, 3, 2, 4, 1))
        sizes = ", ".join(str(choices.pick((8, 32, 224, choices.pick(NUMBERS)))) for _ in range(axes))
        parts: tuple[Callable[[], str], ...] = (self._chain, self._wide, self._calls, self._nested, self._single)
        parts = (*parts, self._recursive, self._chosen)
        items = "".join(choices.pick(parts)() for _ in range(choices.integer(1, 3)))
        text = f"input: [{sizes}]\n"
        if choices.chance(20):
            text += "variables:\n" + "".join(f"  v{number}: {number}\n" for number in range(choices.pick((1, 990))))
        if self.blocks:
            text += f"blocks:\n{''.join(self.blocks)}"
        text += f"layers:\n{items}"
        if choices.chance(20):
            quantities = ("params", "macs", "activations")
            lines = (
                f"  'c*{number}*.{choices.pick(quantities)}': 1G\n" for number in range(choices.pick((1, 40, 400)))
            )
            text += f"budget:\n  '**.params': 1G\n{''.join(lines)}"
        return text

    def _count(self) -> int:
        most = self.most
        return max(1, self.choices.pick((1, 3, most >> 6, most >> 3, most >> 1, most - 20)))

    def _chain(self) -> str:
        """A layer again and again, each after the one before or beside it."""
        count = self._count()
        name = self.choices.pick(NAMES).replace("#", str(count))
        lines = f"  - {self._layer()}\n    repeat: {count}\n"
        lines += f"    name: {name}\n" if name else ""
        return lines + (f"    from: {self.choices.pick(('previous', 'input'))}\n" if name else "")

    def _single(self) -> str:
        return f"  - {self._layer()}\n" * self.choices.pick((1, 7, self.most >> 4))

    def _wide(self) -> str:
        """Layers beside each other, joined."""
        count = max(2, self.choices.pick((2, self.most >> 8, self.most >> 2)))
        self.joined += 1
        names = ", ".join(f"w{self.joined}_{number}" for number in range(count))
        beside = f"  - {self._layer()}\n    name: w{self.joined}_{{index}}\n    from: input\n    repeat: {count}\n"
        join = f"  - {self.choices.pick(('concat', 'add'))}:\n    from: [{names}]\n"
        return beside + join + (f"    repeat: {self.choices.pick((2, 60))}\n" if self.choices.chance(20) else "")

    def _calls(self) -> str:
        """A block again and again, with equal arguments or others."""
        name = f"b{len(self.blocks)}"
        inner = self._layer().replace("index + 1", "x")
        self.blocks.append(f"  {name}(x):\n    - {inner}\n    - batch_norm\n    - relu\n")
        count = max(1, self._count() >> 2)
        return f"  - {name}: {self.choices.pick(('index + 1', '8', 'index % 7 + 1'))}\n    repeat: {count}\n"

    def _nested(self) -> str:
        """Blocks that hold the next one twice, or once and deeper."""
        first = len(self.blocks)
        twice = self.choices.chance(50)
        depth = (self.most - 1).bit_length() - 1 if twice else self.choices.pick((5, 55))
        for number in range(first, first + depth):
            self.blocks.append(f"  b{number}: [b{number + 1}{f', b{number + 1}' if twice else ''}]\n")
        self.blocks.append(f"  b{first + depth}: [{self._layer()}]\n")
        return f"  - b{first}:\n    repeat: {1 if twice else self._count()}\n"

    def _recursive(self) -> str:
        """A block that uses itself, once or twice, and asks for the shape of what it reads."""
        name, twice = f"b{len(self.blocks)}", self.choices.chance(50)
        again = f"    - {name}: n - 1\n      when: n > 1\n" * (1 + twice)
        resized = '    - upsample: {size: "shape(input)[1:]"}\n' if self.choices.chance(30) else ""
        self.blocks.append(f"  {name}(n):\n    - {self._layer()}\n{again}{resized}")
        depth = (self.most - 1).bit_length() - 1 if twice else self.choices.pick((5, 28))
        return f"  - {name}: {depth}\n"

    def _chosen(self) -> str:
        """A block of a type that its caller chooses, with weights of its own, shared or frozen."""
        name = f"b{len(self.blocks)}"
        self.blocks.append(f"  {name}(kind, x):\n    - type: kind\n      set: {{filters: x, kernel: 1}}\n")
        kind = self.choices.pick(("conv", "{conv: {bias: false}}", "{conv: {groups: 1, stride: index % 2 + 1}}"))
        beside = self.choices.pick(("", "    share_weights: true\n", "    frozen: true\n"))
        return f"  - {name}: {{kind: {kind}, x: 8}}\n    repeat: {max(1, self._count() >> 2)}\n{beside}"

    def _layer(self) -> str:
        """A layer with its settings."""
        choices = self.choices
        kind = choices.pick(("conv", "relu", "max_pool", "conv_transpose", "depthwise_conv", "batch_norm", "upsample"))
        if kind in ("relu", "batch_norm"):
            return f"{kind}: {{}}"
        if kind == "upsample":
            return f"upsample: {self._number(1)}"
        filters = f"filters: {choices.pick(('8', 'index + 1', str(choices.pick(NUMBERS))))}, "
        settings = "" if kind in ("max_pool", "depthwise_conv") else filters
        kernel = self._number(1)
        padding = min(self._number(0), kernel >> 1)
        settings += f"kernel: {kernel}, stride: {self._number(1)}, padding: {padding}"
        if kind in ("conv", "depthwise_conv") and choices.chance(30):
            settings += f", dilation: {self._number(1)}"
        return f"{kind}: {{{settings}}}"

    def _number(self, least: int) -> int:
        choices = self.choices
        return choices.weighted(((16, least), (5, choices.pick(SMALL)), (1, choices.pick(NUMBERS))))


def is_bounded(choices: Choices) -> None:
    """Whatever its structure, a spec takes ten seconds and 500 MB at most."""
    expect_bounds(vast_case(choices))


def expect_bounds(case: Case) -> None:
    """Raise AssertionError if a case is killed, meets a bug or takes more than it may."""
    # The process has bounds of its own.
    signal.alarm(0)
    taken = run(case)
    told = "\n".join(text if len(text) < 3_000 else f"{text[:3_000]}..." for text in case.specs)
    made = f"{taken.seconds:.1f} s, {taken.memory >> 20} MB: cnncalc {case.command}\n{told}"
    assert taken.status in (0, 1, 2), f"it was killed ({taken.status}) {made}"
    assert "bug of cnncalc" not in taken.complaint, f"a bug {taken.complaint} {made}"
    assert "not enough memory" not in taken.complaint, f"no memory {made}"
    assert taken.seconds <= SECONDS, f"too slow {made}"
    assert taken.memory <= MEMORY, f"too large {made}"


def run(case: Case) -> Taken:
    """Run a case in a process of its own."""
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "complaint"), "w+") as complaint:
        names = []
        for number, text in enumerate(case.specs):
            names.append(os.path.join(folder, f"{number}{case.suffix}"))
            Path(names[-1]).write_text(text, encoding="utf-8")
        command, *options = case.command.split()
        process = subprocess.Popen(
            [sys.executable, "-m", "cnncalc", command, *names, *options],
            stdout=subprocess.DEVNULL,
            stderr=complaint,
            preexec_fn=_bound,  # noqa: PLW1509 - there are no threads
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        complaint.seek(0)
        said = complaint.read(2_000)
    # Linux counts in kilobytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Taken(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, said)


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
