"""What the walks through the lecture notes share: a layer of a few lines, and what the commands say of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def design(tmp_path: Path) -> Callable[..., str]:
    """A spec of an input and layers as a file; layers are named by their types, or by what stands before a colon."""

    def design(size: str, *layers: str) -> str:
        path = tmp_path / "design.yaml"
        lines = [f"input: [{size.replace('x', ', ')}]", "layers:"]
        for layer in layers:
            name, _, item = layer.partition(": ")
            lines += [f"  - {item if ':' in item else f'{item}:'}", f"    name: {name}"]
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)

    return design


@pytest.fixture
def explained(run: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """The facts that `cnncalc explain` gives, and each formula's result by what it gives."""

    def explained(*arguments: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(run("explain", *arguments, "--format", "json").output)
        worked = facts.get("formulas", [])
        return {**facts, "results": {one["quantity"]: one["result"] for one in worked}}

    return explained


@pytest.fixture
def summed(run: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """The totals that `cnncalc summary` gives."""

    def summed(*arguments: str) -> dict[str, Any]:
        totals: dict[str, Any] = json.loads(run("summary", *arguments, "--format", "json").output)["totals"]
        return totals

    return summed


@pytest.fixture
def told(run: Callable[..., Any]) -> Callable[..., str]:
    """The text of `cnncalc explain` in one line."""

    def told(*arguments: str) -> str:
        return " ".join(run("explain", *arguments).output.split())

    return told
