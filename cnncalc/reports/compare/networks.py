"""Networks side by side as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from cnncalc.analyses.compare import Facts, Heaviest, front
from cnncalc.errors import listed
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Cell, Column, Line, Measured, Memory, Ordinal, Table, text, to_cell
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.reports.catalogue import OTHERS
from cnncalc.reports.network_table import explain_missing
from cnncalc.spec.quantities import COUNTS, MEMORIES, QUANTITIES, SUMS
from cnncalc.text import Share, decimals, percent
from cnncalc.text import alike as of_axes

if TYPE_CHECKING:
    from cnncalc.analyses.conventions.contract import Convention

MOST_NAMED = 8
# Long texts are shortened to no less than this in a terminal.
LONGEST_TEXT = 24

# Headers, bars and `drop` of quantities that differ from the defaults.
SHOWN = {
    "params": Column("params", "params", numeric=True, bars=3),
    "macs": Column("macs", "MACs", numeric=True, drop=1, bars=3),
    "params_size": Column("params_size", "size", numeric=True, drop=6),
    "activations": Column("activations", "activations", numeric=True, drop=7),
    "flops": Column("flops", "FLOPs", numeric=True, drop=9),
}
COLUMNS = (
    Column("network", "network"),
    Column("spec", "spec", drop=12),
    Column("family", "family", drop=12),
    Column("year", "year", numeric=True, drop=12),
    *(
        SHOWN.get(key, Column(key, quantity.label, numeric=True, drop=11))
        for key, quantity in (SUMS | MEMORIES).items()
    ),
    Column("depth", "depth", numeric=True, drop=2),
    Column("layers", "layers", numeric=True, drop=11),
    Column("field", "field", numeric=True, drop=4),
    Column("input", "input", drop=5),
    Column("heaviest", "heaviest in params", drop=8, least=LONGEST_TEXT),
    Column("heaviest_macs", "heaviest in MACs", drop=10, least=LONGEST_TEXT),
    Column("pareto", "Pareto front", drop=11),
)
BY_KEY = {column.key: column for column in COLUMNS}
DEFAULT_COLUMNS = (
    "network",
    "params",
    "params_size",
    "macs",
    "flops",
    "activations",
    "depth",
    "field",
    "input",
    "heaviest",
    "heaviest_macs",
)
SORTABLE = ("network", "year", *SUMS, *MEMORIES, "depth", "layers", "field")
LEFT_OUT = "hidden at this width: {columns}; use --transpose, or choose with --columns"
LEFT_OUT_NETWORKS = "hidden at this width: {columns}; without --transpose, every network has a row"


class ComparedNetwork(Record):
    """A network to compare: the given SPEC, and its figures."""

    spec: str
    network: LayerGraph
    facts: Facts


class ComparisonView(Record):
    """The options of a comparison.

    `base` is the index of the network for ratios. With a `convention`, its counts are shown. `exact` is for programs:
    plain numbers, and every figure in its own column.
    """

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    sort: str = ""
    reverse: bool = False
    base: int | None = None
    grouped: bool = False
    transpose: bool = False
    batch: int = 1
    dtype: str = "float32"
    exact: bool = False
    convention: Convention | None = None


def labels(entries: Sequence[ComparedNetwork]) -> list[str]:
    """The networks' names; the given SPEC if several networks have the same name."""
    return labels_of([(entry.spec, entry.network.name) for entry in entries])


def labels_of(named: Sequence[tuple[str, str]]) -> list[str]:
    """The labels of networks, each with a SPEC and a name."""
    specs: dict[str, set[str]] = {}
    for spec, name in named:
        specs.setdefault(name, set()).add(spec)
    return [name if len(specs[name]) == 1 else spec for spec, name in named]


def needs_fields(columns: Iterable[str], sort: str) -> bool:
    """Whether receptive fields are needed, which take about as long as everything else."""
    return sort == "field" or "field" in columns


def list_memories(columns: Iterable[str], sort: str) -> tuple[str, ...]:
    """The memory quantities that are needed."""
    needed = {*columns, sort}
    return tuple(key for key in MEMORIES if key in needed)


def compare_table(
    entries: Sequence[ComparedNetwork], view: ComparisonView, notes: Sequence[tuple[str, str]] = ()
) -> Table:
    """One row or one column per network; `notes` follow the notes about the figures."""
    names = labels(entries)
    cells = _ComparisonCells(entries, names, view)
    keys = view.columns
    if view.grouped and (view.exact or view.transpose):
        keys = (*keys[:1], *(key for key in ("family",) if key not in keys), *keys[1:])
    columns = headed = tuple(_columns(keys, view))
    if view.convention is not None:
        from cnncalc.reports.conventions import head_columns

        headed = head_columns(columns, view.convention)
    order = ordered(entries, names, view)
    rows = {place: tuple(cells.of(column.key, place) for column in columns) for place in order}
    below = (*_sentences(entries, names, view), *_unknown(entries, names), *_missing(entries, names, keys), *notes)
    if view.transpose:
        turned = tuple(_turned(headed, [rows[place] for place in order], view))
        heads = [
            Column(
                entries[place].spec,
                names[place],
                numeric=True,
                drop=number,
                least=_least(names[place], rows[place], columns),
            )
            for number, place in enumerate(order)
        ]
        return Table("", _header(names, view), (Column("figure", ""), *heads), turned, below, LEFT_OUT_NETWORKS)
    lines: list[Line] = []
    family = ""
    for place in order:
        own = entries[place].network.family or OTHERS
        if view.grouped and not view.exact and own != family:
            lines.append(Line((own, *[None] * (len(columns) - 1)), heading=True))
            family = own
        lines.append(Line(rows[place], indent=1 if family else 0))
    return Table("", _header(names, view), headed, tuple(lines), below, LEFT_OUT)


def _header(names: Sequence[str], view: ComparisonView) -> tuple[str, ...]:
    words = []
    if view.base is not None:
        words.append(f"ratios to {names[view.base]}")
    if view.batch > 1:
        words.append(f"batch {view.batch}")
    if view.dtype != "float32":
        words.append(f"sizes as {view.dtype}")
    lines = [", ".join(words)] if words else []
    if view.convention is not None:
        from cnncalc.reports.conventions import describe_convention

        lines.insert(0, describe_convention(view.convention))
    return tuple(lines)


def _columns(keys: Iterable[str], view: ComparisonView) -> Iterator[Column]:
    """The columns, with ratios after their figures, and for programs the shares of the heaviest layers."""
    for key in keys:
        column = BY_KEY[key]
        if view.base is not None and column.bars:
            # Ratios replace bars.
            column = column._replace(bars=6)
        yield column
        if view.base is not None and key in COUNTS:
            yield Column(f"{key}_ratio", "ratio", numeric=True, drop=column.drop and column.drop + 1)
        if view.exact and key.startswith("heaviest"):
            yield Column(f"{key}_share", f"{key}_share", numeric=True)


def _least(name: str, row: Sequence[Cell], columns: Sequence[Column]) -> int:
    """The minimum width of a network's column: texts that may be shortened in a row may be shortened in it."""
    whole = [
        text(cell) for cell, column in zip(row, columns, strict=True) if column.key != "network" and not column.least
    ]
    return max(map(len, [*whole, name[:LONGEST_TEXT]]))


def _turned(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], view: ComparisonView) -> Iterator[Line]:
    """One row per column."""
    for number, column in enumerate(columns):
        if column.key != "network":
            yield Line((column.key if view.exact else column.header, *(row[number] for row in rows)))


def ordered(entries: Sequence[ComparedNetwork], names: Sequence[str], view: ComparisonView) -> list[int]:
    """The indices of the entries in display order: numbers descending, names ascending."""
    places = list(range(len(entries)))
    if view.sort == "network":
        places.sort(key=lambda place: names[place].lower(), reverse=view.reverse)
    elif view.sort:
        # Networks without this number come last in both orders.
        amounts = [_amount(view.sort, entry) for entry in entries]
        sign = 1 if view.reverse else -1
        places.sort(key=lambda place: (amounts[place] is None, sign * (amounts[place] or 0)))
    elif view.reverse:
        places.reverse()
    if view.grouped:
        years: dict[str, int] = {}
        for entry in entries:
            family = entry.network.family or OTHERS
            years[family] = min(years.get(family, 9999), entry.network.year or 9999)
        # Families as in `cnncalc list`: in the order of their first networks.
        families = [entry.network.family or OTHERS for entry in entries]
        places.sort(key=lambda place: (years[families[place]], families[place]))
    return places


def _amount(key: str, entry: ComparedNetwork) -> int | None:
    """The number of a network in a column, for one sample; None if there is none."""
    totals, tool = entry.facts.totals, entry.facts.tool
    if tool is not None and key in SUMS and QUANTITIES[key].tool_count:
        return tool.of(key)
    if key == "year":
        return entry.network.year
    if key == "field":
        return None if entry.facts.field is None else prod(entry.facts.field)
    if key == "depth":
        return totals.weight_layers
    if key in MEMORIES:
        return entry.facts.memory.get(key)
    return totals.layers if key == "layers" else SUMS[key].amount(totals)


class _ComparisonCells:
    """The cells, with the largest number of each column for bars."""

    def __init__(self, entries: Sequence[ComparedNetwork], names: Sequence[str], view: ComparisonView) -> None:
        self.entries = entries
        self.names = names
        self.view = view
        self.most = {key: max(_amount(key, entry) or 0 for entry in entries) for key in ("params", "macs")}
        self.front = front_of(entries)

    def of(self, key: str, place: int) -> Cell:
        entry = self.entries[place]
        texts: dict[str, Callable[[], Cell]] = {
            "network": lambda: self.names[place],
            "spec": lambda: entry.spec,
            "family": lambda: entry.network.family or None,
            "year": lambda: None if entry.network.year is None else Ordinal(entry.network.year),
            "input": lambda: inputs(entry.network),
            "field": lambda: self.field(entry.facts.field),
            "pareto": lambda: None if self.front is None else "yes" if self.front[place] else "no",
        }
        if key in texts:
            return texts[key]()
        if key.startswith("heaviest"):
            facts, tool = entry.facts, entry.facts.tool
            if key.startswith("heaviest_macs"):
                found = tool.heaviest_operations if tool else facts.heaviest_macs
            else:
                found = tool.heaviest_params if tool else facts.heaviest_params
            return self.heaviest(found, share=key.endswith("_share"))
        return self.ratio(key, entry) if key.endswith("_ratio") else self.number(key, entry)

    def number(self, key: str, entry: ComparedNetwork) -> Cell:
        if key in MEMORIES:
            amount = _amount(key, entry)
            return None if amount is None else Memory(amount)
        if key not in SUMS:
            return _amount(key, entry)
        quantity = SUMS[key]
        tool = entry.facts.tool
        if tool is None or not quantity.tool_count:
            number = quantity.amount(entry.facts.totals, self.view.batch, DTYPES[self.view.dtype])
        elif (count := tool.of(key)) is None:
            return None if self.view.exact else "unknown"
        else:
            number = quantity.scaled(count, self.view.batch, DTYPES[self.view.dtype])
        if key in self.most:
            return Measured(number, quantity.scaled(self.most[key], self.view.batch))
        return to_cell(number, quantity.unit)

    def ratio(self, key: str, entry: ComparedNetwork) -> Cell:
        pair = ratio(key.removesuffix("_ratio"), entry, self.entries, self.view)
        if pair is None or not pair.whole:
            return None
        return pair if self.view.exact else f"x{times(pair)}"

    def field(self, field: tuple[int, ...] | None) -> Cell:
        if field is None:
            return None
        return field[0] if len(set(field)) == 1 else of_axes([str(axis) for axis in field])

    def heaviest(self, found: Heaviest | None, *, share: bool) -> Cell:
        if found is None:
            return None
        part = Share(found.amount, found.whole)
        if self.view.exact:
            return part if share else found.layers[0]
        alike = f", 1 of {len(found.layers)}" if len(found.layers) > 1 else ""
        return f"{percent(part)} % {found.layers[0]}{alike}"


def inputs(network: LayerGraph) -> str:
    """The shapes of a network's inputs, as in `list`."""
    return " + ".join(shape(sizes) for _, sizes in network.inputs)


def ratio(key: str, entry: ComparedNetwork, entries: Sequence[ComparedNetwork], view: ComparisonView) -> Share | None:
    """A figure of a network relative to that of the base."""
    if view.base is None:
        return None
    part, whole = _amount(key, entry), _amount(key, entries[view.base])
    return None if part is None or whole is None else Share(part, whole)


def front_of(entries: Sequence[ComparedNetwork]) -> tuple[bool, ...] | None:
    """Which networks are on the Pareto front; None if the figures of one are unknown."""
    points = [(_amount("params", entry), _amount("macs", entry)) for entry in entries]
    known = [(params, macs) for params, macs in points if params is not None and macs is not None]
    return front(known) if len(known) == len(points) else None


def times(pair: Share) -> str:
    """A ratio, rounded half up to its significant digits: 0.025, 0.53, 5.41, 39.5, 1,025."""
    number = Fraction(*pair)
    digits = 0 if number >= 1000 else 1 if number >= 10 else 2
    # Below 0.1, two significant digits.
    while 0 < number * 10 ** (digits - 1) < 1 and digits < 9:
        digits += 1
    return decimals(number, digits)


# --- below the table ------------------------------------------------------------------------------


def _unknown(entries: Sequence[ComparedNetwork], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Notes about networks with layers that the convention counts by rules that are not modeled."""
    for name, entry in zip(names, entries, strict=True):
        tool = entry.facts.tool
        if tool is not None and tool.unknown and tool.convention.unit:
            from cnncalc.reports.conventions import explain_unknown

            yield name, explain_unknown(tool.unknown, tool.convention)


def _sentences(
    entries: Sequence[ComparedNetwork], names: Sequence[str], view: ComparisonView
) -> Iterator[tuple[str, str]]:
    """Notes about the figures: the extremes and the Pareto front."""
    different = {entry.spec: (name, entry) for name, entry in zip(names, entries, strict=True)}
    chosen = list(different.values())
    extremes = [_extremes(key, chosen) for key in ("params", "macs")]
    operations = view.convention.unit if view.convention else "MACs"
    words = [
        (most, f"{verb} {times(pair)} times the {noun}", least)
        for found, verb, noun in zip(extremes, ("has", "does"), ("parameters", operations), strict=True)
        if found is not None
        for most, pair, least in [found]
    ]
    if len(words) == 2 and words[0][::2] == words[1][::2]:
        yield "", f"{words[0][0]} {words[0][1]} and {words[1][1]} of {words[0][2]}"
    elif words:
        yield "", "; ".join(f"{most} {what} of {least}" for most, what, least in words)
    if len(chosen) > 2:
        ahead = front_of([entry for _, entry in chosen])
        if ahead is not None:
            yield "", _front([name for (name, _), is_ahead in zip(chosen, ahead, strict=True) if is_ahead], operations)


def _missing(
    entries: Sequence[ComparedNetwork], names: Sequence[str], keys: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Notes about memory quantities that are not known."""
    for key in keys:
        pairs = zip(names, entries, strict=True)
        lacking = [name for name, entry in pairs if entry.facts.memory.get(key, 0) is None]
        if lacking:
            yield "", explain_missing(key, list(dict.fromkeys(lacking)))


def _extremes(key: str, chosen: Sequence[tuple[str, ComparedNetwork]]) -> tuple[str, Share, str] | None:
    """The networks with the most and the least of a quantity, and the ratio between them."""
    amounts = [(_amount(key, entry) or 0, name) for name, entry in chosen]
    most, least = max(amounts, key=lambda one: one[0]), min(amounts, key=lambda one: one[0])
    if not least[0] or most[0] == least[0]:
        return None
    return most[1], Share(most[0], least[0]), least[1]


def _front(best: Sequence[str], operations: str) -> str:
    if len(best) == 1:
        return f"{best[0]} has the fewest parameters and the fewest {operations}"
    more = len(best) - MOST_NAMED
    shown = [*best[:MOST_NAMED], f"{more} more"] if more > 1 else best
    # Some names contain commas: DeepLab v3, ResNet-50.
    front = "; ".join(shown) if any("," in name for name in shown) else listed(shown)
    return f"Pareto front, where no other network has both fewer parameters and fewer {operations}: {front}"
