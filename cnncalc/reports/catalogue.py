"""The bundled networks as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnncalc import bundled
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Cell, Column, Line, Ordinal, Table
from cnncalc.record import Record

COLUMNS = (
    Column("name", "name"),
    Column("family", "family", drop=6),
    Column("network", "network", drop=5),
    Column("year", "year", numeric=True, drop=4),
    Column("input", "input", drop=2),
    Column("params", "params", numeric=True),
    Column("macs", "MACs", numeric=True, drop=1),
    Column("depth", "depth", numeric=True, drop=3),
    Column("task", "task", drop=7),
)
SORTABLE = ("name", "year", "params", "macs", "depth")
OTHERS = "others"

if TYPE_CHECKING:
    from cnncalc.network.records import LayerGraph


class CatalogEntry(Record):
    """A bundled network with its figures for the list."""

    name: str
    family: str
    network: str
    year: Ordinal | None
    input: str
    params: int
    macs: int
    depth: int
    task: str | None


def entry(name: str, network: LayerGraph) -> CatalogEntry:
    """The entry of a network, with figures at inference."""
    from cnncalc.analyses.totals import totals

    counted = totals(network)
    inputs = " + ".join(shape(sizes) for _, sizes in network.inputs)
    return CatalogEntry(
        name,
        network.family or OTHERS,
        network.name,
        None if network.year is None else Ordinal(network.year),
        inputs,
        counted.params,
        counted.macs,
        counted.weight_layers,
        network.task or None,
    )


def listed() -> list[CatalogEntry]:
    """The stored entries of all bundled networks."""
    return [
        CatalogEntry(
            row["name"],
            row["family"],
            row["network"],
            Ordinal(row["year"]) if row["year"] else None,
            row["input"],
            int(row["params"]),
            int(row["macs"]),
            int(row["depth"]),
            row["task"] or None,
        )
        for row in bundled.catalogue()
    ]


def matches(entry: CatalogEntry, word: str) -> bool:
    """Whether a word is part of a network's name, family, title or task, in any case."""
    return any(word.lower() in text.lower() for text in (entry.name, entry.family, entry.network, entry.task or ""))


def catalogue(entries: Iterable[CatalogEntry], *, sort: str = "", grouped: bool = True) -> Table:
    """A row per network, sorted by `sort` (numbers in descending order), else `grouped` by family or with a column."""
    chosen = list(entries)
    notes = (("", "`cnncalc show NAME` prints the spec of a network, `cnncalc summary NAME` its layers"),)
    if sort:
        chosen.sort(key=lambda one: one.name if sort == "name" else -(getattr(one, sort) or 0))
    if sort or not grouped:
        return Table("", (), COLUMNS, tuple(Line(tuple(one)) for one in chosen), notes)
    kept = [number for number, column in enumerate(COLUMNS) if column.key not in ("family", "task")]
    families: dict[str, list[CatalogEntry]] = {}
    for one in chosen:
        families.setdefault(one.family, []).append(one)
    lines: list[Line] = []
    # Families in the order of their first networks, so that the list follows the history of the field.
    for family in sorted(families, key=lambda name: (min(one.year or 9999 for one in families[name]), name)):
        empty: tuple[Cell, ...] = (None,) * (len(kept) - 1)
        lines.append(Line((family, *empty), heading=True))
        lines += [Line(tuple(one[number] for number in kept), indent=1) for one in families[family]]
    return Table("", (), tuple(COLUMNS[number] for number in kept), tuple(lines), notes)
