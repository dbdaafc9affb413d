"""The bundled networks with what the rules find in them: each line is true of the network as published."""

from __future__ import annotations

from cnncalc import bundled
from cnncalc.checks.linter import lint
from cnncalc.network import build
from cnncalc.spec.decode import read_spec


def test_findings_in_the_bundled_networks(kept) -> None:
    specs = {name: read_spec(name) for name in bundled.names()}
    lines = [
        f"{name}: {finding.code} {finding.severity.value} {finding.span}: {finding.message}\n"
        for name, spec in specs.items()
        for finding in lint(spec, build.build(spec))
    ]
    kept("bundled.txt", "".join(lines))
