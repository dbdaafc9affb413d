"""The table of what each change costs."""

from __future__ import annotations

import pytest

from cnncalc.analyses.diff import diff
from cnncalc.network.build import load
from cnncalc.reports.diff import causes
from cnncalc.reports.diff.rows import DiffView


@pytest.fixture
def made(tmp_path):
    """What changed between two networks of 30 layers that are written line by line."""
    networks = []
    for layer_type in ("relu", "sigmoid"):
        path = tmp_path / f"{layer_type}.yaml"
        path.write_text("input: [8, 2, 2]\nlayers:\n" + f"  - {layer_type}\n" * 30)
        networks.append(load(str(path)))
    return diff(*networks)


def test_causes_in_the_same_words_are_named_once(made, monkeypatch):
    """Their row is not written anew for each: that takes time that grows with the square of the layers."""
    named = []

    def counted_label(names):
        named.append(len(names))
        return label(names)

    label = causes.label
    monkeypatch.setattr(causes, "label", counted_label)
    table = causes.causes_table(made, DiffView(), rows=30)
    # Each layer is a cause; all of them are one row.
    assert table is None or len(table.lines) == 2
    assert sorted(named) == [1] * 30 + [30]
