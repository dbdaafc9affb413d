"""Networks at several input sizes as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.analyses.compare import Size
from cnncalc.errors import listed
from cnncalc.formats.table import Cell, Column, Line, Measured, Table
from cnncalc.record import Record
from cnncalc.reports.compare.networks import inputs, labels_of

NOT_POSSIBLE = "not possible"
LEFT_OUT = "hidden at this width: {columns}; widen the terminal to see them"

COLUMNS = (
    Column("input", "network, input"),
    Column("params", "params", numeric=True),
    Column("macs", "MACs", numeric=True, bars=1),
    Column("activations", "activations", numeric=True, drop=2),
    Column("flops", "FLOPs", numeric=True, drop=3),
)
EXACT = (
    Column("network", ""),
    Column("spec", ""),
    Column("at", ""),
    Column("input", ""),
    *(Column(key, "") for key in ("params", "macs", "activations", "flops")),
    Column("problem", ""),
)


class Results(Record):
    """For each network the SPEC, the name and the figures at each size; figures are those of a batch."""

    sizes: tuple[int, ...]
    networks: Sequence[tuple[str, str, tuple[Size, ...]]]
    batch: int


def sizes_table(results: Results, notes: Sequence[tuple[str, str]], *, exact: bool) -> Table:
    """A row for each size of each network; parameters are in the network's row if they are equal at all sizes."""
    labels = labels_of([(spec, name) for spec, name, _ in results.networks])
    if exact:
        return Table("", (), EXACT, tuple(_exact(results, labels)), ())
    most = max(one.totals.macs for _, _, found in results.networks for one in found if one.totals is not None)
    lines: list[Line] = []
    below: list[tuple[str, str]] = []
    changing: list[str] = []
    for label, (_, _, found) in zip(labels, results.networks, strict=True):
        fitting = {one.size: one.totals for one in found if one.totals is not None}
        params = {totals.params for totals in fitting.values()}
        alike = params.pop() if len(params) == 1 else None
        lines.append(Line((label, alike, None, None, None), heading=True))
        changing += [label] if params else []
        for one in found:
            if one.network is None or one.totals is None:
                lines.append(Line((f"at {one.size}", None, NOT_POSSIBLE, None, None), indent=1, faint=True))
                below.append((f"{label} at {one.size}", one.reason))
                continue
            cells: tuple[Cell, ...] = (
                inputs(one.network),
                one.totals.params if alike is None else None,
                Measured(one.totals.macs * results.batch, most * results.batch),
                one.totals.activations * results.batch,
                one.totals.flops * results.batch,
            )
            lines.append(Line(cells, indent=1))
    if changing:
        names = listed(dict.fromkeys(changing))
        below.append(("", f"parameters change with the input in {names}: a layer has weights for every position"))
    header = (f"batch {results.batch}",) if results.batch > 1 else ()
    return Table("", header, COLUMNS, tuple(lines), (*dict.fromkeys(below), *notes), LEFT_OUT)


def _exact(results: Results, labels: Sequence[str]) -> Iterator[Line]:
    for label, (spec, _, found) in zip(labels, results.networks, strict=True):
        for one in found:
            figures: tuple[Cell, ...] = (None,) * 5
            if one.network is not None and one.totals is not None:
                amounts = (one.totals.macs, one.totals.activations, one.totals.flops)
                figures = (
                    inputs(one.network),
                    one.totals.params,
                    *(amount * results.batch for amount in amounts),
                )
            lines = Line((label, spec, one.size, *figures, one.reason or None))
            yield lines
