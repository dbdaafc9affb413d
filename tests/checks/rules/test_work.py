"""The work of the rules grows with the layers and no faster, however they are wired."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cnncalc.checks.linter import lint
from cnncalc.network import build
from cnncalc.spec.decode import read_spec

CHAIN = "  - identity:\n    repeat: {count}\n  - identity:\n    name: end\n"

# What is put behind the end of a long chain, once for each layer of the chain.
READERS = (
    "relu",
    "batch_norm",
    "global_avg_pool: {keep_dims: true}\n    - batch_norm",
    "dropout",
    "softmax",
    "conv: {filters: 4, kernel: 3}",
    "conv: {filters: 1, kernel: 1, stride: 2}",
    "conv: {filters: 1, kernel: 3, stride: 2}",
    "linear: {features: 4, flatten: true}",
    "max_pool: {kernel: 2, padding: 1}",
)


def calls(text: str, path: Path) -> int:
    """How many functions are called while a spec is linted."""
    path.write_text(text, encoding="utf-8")
    spec = read_spec(str(path))
    network = build.build(spec)
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        lint(spec, network)
    finally:
        sys.setprofile(None)
    return count


def spec_of(count: int, reader: str) -> str:
    block = f"blocks:\n  reads:\n    - {reader}\n"
    reads = "".join(f"  - reads:\n    from: end\n    name: reader{number}\n" for number in range(count))
    return f"input: [4, 8, 8]\n{block}layers:\n  - conv: {{filters: 4, kernel: 1}}\n{CHAIN.format(count=count)}{reads}"


@pytest.mark.parametrize("reader", READERS)
def test_twice_the_layers_are_twice_the_work(reader: str, tmp_path: Path) -> None:
    # What is computed once is computed before anything is counted.
    calls(spec_of(1, reader), tmp_path / "first.yaml")
    few, many = (calls(spec_of(count, reader), tmp_path / f"{count}.yaml") for count in (150, 300))
    assert many < 2.3 * few
