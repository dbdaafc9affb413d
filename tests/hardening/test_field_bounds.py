"""Specs whose sizes, receptive fields or regions would take for ever, or all the memory.

Each ended, or ends, because its work is counted; a run has a few times the memory and the seconds that it needs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 60
MEMORY = 800 * 2**20
MOST = 2**63 - 1
LONG_RULES = """\
input: [1, 64]
layers:
  - conv_transpose: {filters: 1, kernel: 4096, stride: 4096}
  - conv: {filters: 1, kernel: 4095, padding: same}
    repeat: 49000
  - global_avg_pool
  - linear: 10
"""
BRANCHES = """\
input: [1, 20000]
blocks:
  side(stride):
    - conv: {filters: 1, kernel: 1, stride: stride}
    - slice: {axis: 1, stop: SIZE}
layers:
  - concat:
      - repeat: COUNT
        layers: [side: index + 1]
    name: join
  - conv: {filters: 1, kernel: 3, padding: 1}
    repeat: 40000
"""
PERIODS = """\
input: [1, 30000]
blocks:
  side(stride):
    - conv_transpose: {filters: 1, kernel: stride, stride: stride}
    - slice: {axis: 1, stop: 9000}
layers:
  - concat: [[side: 61], [side: 67]]
    name: join
  - conv: {filters: 1, kernel: 3, padding: 1}
    repeat: 40000
"""
HOLES = """\
input: [1, 9000000]
layers:
  - conv: {filters: 1, kernel: 1, stride: 2}
  - layers:
      - conv: {filters: 1, kernel: 1, padding: [1, 0]}
      - crop: [1, 0]
    repeat: 20000
  - conv: {filters: 1, kernel: 1, stride: 4}
  - conv: {filters: 1, kernel: 99999, padding: same}
    name: last
"""
# By what would go on: the spec, the question, the status and what the answer holds.
QUESTIONS = {
    "sizes": (
        f"input: [1, 1]\nlayers:\n  - upsample: {MOST}\n    repeat: 50000\n",
        ["summary"],
        2,
        f":3:5: upsample.1: its output's width would be 8.5e+37, more than {MOST:,}; raise the limit with `--limit",
    ),
    "sizes that have more digits than are written": (
        f"input: [1, 1]\nlayers:\n  - upsample: {MOST}\n    repeat: 400\n",
        ["summary", "--format", "json"],
        2,
        "its output's width would be 8.5e+37",
    ),
    "strides": (
        (
            f"input: [1, {MOST}]\nlayers:\n  - conv: {{filters: 1, kernel: 3, padding: 1, stride: {2**62}}}\n"
            "    repeat: 49999\n"
        ),
        ["field"],
        0,
        "conv.1 and the layers that depend on it have no size or stride: positions exceed 9,223,372,036,854,775,807.",
    ),
    "rules of a long period": (
        (
            "input: [1, 64]\nlayers:\n  - upsample: 4096\n  - conv: {filters: 1, kernel: 3, padding: same}\n"
            "    repeat: 200\n"
        ),
        ["field", "conv.199"],
        0,
        # 200 to both sides, so that 401 of 4,096 copies of a position are read.
        "An output depends on at most 2 positions of the input",
    ),
    "long rules through long kernels": (
        LONG_RULES.replace("49000", "2"),
        ["lint"],
        1,
        "1 spec: ",
    ),
    "long rules through very many": (LONG_RULES, ["field"], 0, "computing them takes more than 3,000,000"),
    "long rules where a rule asks": (LONG_RULES, ["lint"], 1, "1 spec: "),
    "branches of many strides": (
        BRANCHES.replace("SIZE", "200").replace("COUNT", "60"),
        ["field"],
        0,
        "computing them takes more than 3,000,000 operations (raise the limit with --limit work=N)",
    ),
    "branches of too many strides": (
        BRANCHES.replace("SIZE", "20").replace("COUNT", "900"),
        ["field"],
        0,
        "join and the layers that depend on it have no size or stride: branches have more than 64 different strides.",
    ),
    "branches of long periods": (PERIODS, ["field"], 0, "have no size or stride: computing them takes more"),
    "an output of many runs": (
        (
            "input: [1, 400000]\nlayers:\n  - conv: {filters: 1, kernel: 1}\n    repeat: 300\n"
            "  - conv: {filters: 1, kernel: 1, stride: 4}\n  - conv: {filters: 1, kernel: 99999, padding: same}\n"
            "    name: last\n"
        ),
        ["field", "last", "--at", "50000"],
        0,
        # 99,999 positions around 50,000, of every fourth number.
        "4 to 399,996 in steps of 4, 99,999 of 400,000",
    ),
    "an output of many runs through many layers": (
        HOLES,
        ["field", "last", "--at", "50000", "--plot"],
        0,
        "Following this output takes more than 3,000,000 operations",
    ),
    "many inputs": (
        (
            f"input: {{{', '.join(f'i{number}: [1, 8]' for number in range(3_000))}}}\nlayers:\n"
            f"  - add:\n    from: [{', '.join(f'i{number}' for number in range(3_000))}]\n  - relu:\n"
            "    repeat: 40000\n"
        ),
        ["field"],
        2,
        "the receptive field of each layer on 3,000 inputs takes more than 3,000,000 operations",
    ),
    "axes": (
        f"input: [1, 64]\nlayers:\n  - reshape: [{', '.join(['1'] * 10_000)}, 64]\n  - relu:\n    repeat: 20000\n",
        ["summary"],
        2,
        "reshape: shape has 10,001 axes, more than 64",
    ),
    "kernels that pass over positions": (
        (
            "input: [1, 900000000]\nlayers:\n  - concat:\n      - repeat: 3000\n        layers:\n"
            "          - conv: {filters: 1, kernel: 9000 + index % 1000, stride: 900000 + index, dilation: 7}\n"
            "          - slice: {axis: 1, stop: 5}\n"
        ),
        ["lint"],
        2,
        "takes more than 3,000,000 operations",
    ),
    "readers that pass over the same": (
        (
            "input: [1, 50000]\nlayers:\n  - concat:\n      - repeat: 9000\n"
            "        layers: [conv: {filters: 1, kernel: 1, stride: 2}]\n"
        ),
        ["lint"],
        1,
        "25,000 of 50,000 positions",
    ),
}


# Of those that take a moment.
OFTEN = (
    "sizes",
    "sizes that have more digits than are written",
    "strides",
    "rules of a long period",
    "long rules through long kernels",
    "an output of many runs",
    "branches of too many strides",
)


@pytest.mark.parametrize(
    "what", [what if what in OFTEN else pytest.param(what, marks=pytest.mark.long) for what in QUESTIONS]
)
def test_work_is_counted(what: str, tmp_path: Path) -> None:
    text, (command, *rest), status, answer = QUESTIONS[what]
    ended, said = end(tmp_path, text, command, *rest)
    assert (ended, answer in " ".join(said.split())) == (status, True), said[-2_000:]


@pytest.mark.long
def test_paths_that_double_are_counted_as_long_as_they_can_be_written(tmp_path: Path) -> None:
    text = "input: [1, 8]\nlayers:\n  - add: [[relu], [relu]]\n    repeat: 15000\n"
    for layer, paths in (("add.299", 2**300), ("add.14999", None)):
        status, said = end(tmp_path, text, "field", layer, "--format", "json")
        assert status == 0
        assert json.loads(said)["paths"] == {"input": paths}
    status, said = end(tmp_path, text, "field", "add.14999")
    assert "No layer widens it" in said


def end(folder: Path, text: str, command: str, *rest: str) -> tuple[int, str]:
    """The status of a run that has little memory, and what it says."""
    resource = pytest.importorskip("resource")
    path = folder / "net.yaml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cnncalc", command, str(path), *rest],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert not done.stderr.startswith("Error: ")
    return done.returncode, done.stderr + done.stdout
