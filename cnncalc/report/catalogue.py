"""The bundled networks as a table."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.analyses.totals import totals
from cnncalc.network import Network
from cnncalc.report.format import shape
from cnncalc.report.table import Column, Line, Table

COLUMNS = (
    Column("name", "name"),
    Column("network", "network", drop=4),
    Column("input", "input", drop=2),
    Column("params", "params", numeric=True),
    Column("macs", "MACs", numeric=True, drop=1),
    Column("depth", "depth", numeric=True, drop=3),
)


def catalogue(networks: Iterable[tuple[str, Network]]) -> Table:
    """One line a network: what it is called here, and its figures at inference."""
    lines = []
    for name, network in networks:
        counted = totals(network)
        inputs = ", ".join(shape(sizes) for _, sizes in network.inputs)
        lines.append(Line((name, network.name, inputs, counted.params, counted.macs, counted.weight_layers)))
    notes = (("", "`cnncalc show NAME` prints a network's spec, `cnncalc summary NAME` its layers"),)
    return Table("", (), COLUMNS, tuple(lines), notes)
