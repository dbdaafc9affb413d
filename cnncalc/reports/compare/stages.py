"""Parameters and MACs of networks stage by stage as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from cnncalc.analyses.stages import Stage, stages
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Cell, Column, Line, Table
from cnncalc.layers.shapes import Shape, times
from cnncalc.reports.compare.networks import ComparedNetwork, labels
from cnncalc.text import Share, number
from cnncalc.text import exact as written

VECTOR = "vector"
LEFT_OUT = "hidden at this width: {columns}; widen the terminal to see them"

COLUMNS = (
    Column("stage", "stride, network"),
    Column("size", "output", drop=2),
    Column("params", "params", numeric=True),
    Column("params_share", "%", numeric=True, bars=1),
    Column("macs", "MACs", numeric=True),
    Column("macs_share", "%", numeric=True, bars=1),
)
EXACT = (
    Column("stride", ""),
    Column("network", ""),
    Column("spec", ""),
    Column("sizes", ""),
    Column("layers", ""),
    Column("params", ""),
    Column("params_share", ""),
    Column("macs", ""),
    Column("macs_share", ""),
)


def stages_table(
    entries: Sequence[ComparedNetwork], batch: int, notes: Sequence[tuple[str, str]], *, exact: bool
) -> Table:
    """The stages from the finest to the vectors, with a row for each network.

    Networks are aligned by stride, the distance between outputs in input positions, rather than by size:
    Inception has 71x71 and 35x35 where ResNet has 56x56 and 28x28, and unpadded networks have several
    sizes at one stride. If all have the same size, it is in the heading.
    """
    found = [stages(entry.network) for entry in entries]
    names = labels(entries)
    if exact:
        return Table("", (), EXACT, tuple(_exact(entries, found, names, batch)), ())
    strides = {stage.stride for own in found for stage in own}
    lines: list[Line] = []
    alike = True
    for stride in sorted(strides, key=lambda stride: (stride is None, stride or 0)):
        here = [(place, stage) for place, own in enumerate(found) for stage in own if stage.stride == stride]
        sizes = {_sizes(stage) for _, stage in here}
        heading = VECTOR if stride is None else f"stride {written(stride)}"
        alike = alike and (stride is None or len(sizes) == 1)
        if stride is not None and len(sizes) == 1:
            heading += f": {sizes.pop()}"
        lines.append(Line((heading, *[None] * (len(COLUMNS) - 1)), heading=True))
        lines += [_line(names[place], entries[place], stage, batch) for place, stage in here]
    lines.append(Line(("all", *[None] * (len(COLUMNS) - 1)), heading=True))
    for name, entry in zip(names, entries, strict=True):
        totals = entry.facts.totals
        lines.append(_line(name, entry, Stage(None, (), totals.layers, totals.params, totals.macs), batch))
    columns: tuple[Column, ...] = COLUMNS
    if alike:
        # The headings have the sizes.
        lines = [line._replace(cells=(line.cells[0], *line.cells[2:])) for line in lines]
        columns = (COLUMNS[0], *COLUMNS[2:])
    below = [("", "layers are grouped by the stride of their outputs: the distance between outputs in input positions")]
    header = (f"batch {batch}",) if batch > 1 else ()
    return Table("", header, columns, tuple(lines), (*below, *notes), LEFT_OUT)


def _line(name: str, entry: ComparedNetwork, stage: Stage, batch: int) -> Line:
    totals = entry.facts.totals
    cells: tuple[Cell, ...] = (
        name,
        _sizes(stage) or None,
        stage.params,
        Share(stage.params, totals.params) if stage.params else None,
        stage.macs * batch,
        Share(stage.macs, totals.macs) if stage.macs else None,
    )
    return Line(cells, indent=1)


def _sizes(stage: Stage) -> str:
    """The sizes of a stage's outputs: one size, or the largest and the smallest."""
    sizes = sorted({times(size) for size in stage.sizes if size and prod(size) > 1})
    if len(sizes) < 2:
        return "".join(sizes)
    most, least = max(stage.sizes, key=prod), min(stage.sizes, key=prod)
    return f"{times(most)}..{times(least)}"


def _exact(
    entries: Sequence[ComparedNetwork], found: Sequence[tuple[Stage, ...]], names: Sequence[str], batch: int
) -> Iterator[Line]:
    for name, entry, own in zip(names, entries, found, strict=True):
        totals = entry.facts.totals
        for stage in own:
            sizes = " ".join(shape(Shape(size)) for size in stage.sizes if size)
            yield Line(
                (
                    VECTOR if stage.stride is None else str(number(stage.stride)),
                    name,
                    entry.spec,
                    sizes or None,
                    stage.layers,
                    stage.params,
                    Share(stage.params, totals.params) if totals.params else None,
                    stage.macs * batch,
                    Share(stage.macs, totals.macs) if totals.macs else None,
                )
            )
