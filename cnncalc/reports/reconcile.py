"""A network's figures as other tools print them, with the differences explained, as a document or a table."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnncalc.analyses import conventions
from cnncalc.analyses.reconcile import (
    BINARY,
    UNITS,
    Claim,
    ClaimMatch,
    ClaimVariant,
    DifferenceItem,
    Reconciled,
    Reconciliation,
    match_claim,
)
from cnncalc.formats.document import Block, Document, Heading, ListItem, Paragraph
from cnncalc.formats.table import Cell, Column, Line, Table
from cnncalc.languages import Speaker
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.reports.network_table import write_header
from cnncalc.text import decimals, integer

# The closest figures that are shown if none gives a claim.
MOST_CLOSE = 3


class ReconcileView(Record):
    """The options of the report."""

    claim: Claim | None = None
    language: str = "en"
    variants: tuple[ClaimVariant, ...] = ()


def reconcile_document(network: LayerGraph, found: Reconciled, view: ReconcileView) -> Document:
    """The figures of each convention, their differences from the network's own, and what a claim may count."""
    say = Speaker(view.language, "reconcile")
    return Document(tuple(_blocks(network, found, view, say)), view.language)


def _blocks(network: LayerGraph, found: Reconciled, view: ReconcileView, say: Speaker) -> Iterator[Block]:
    yield Heading(say("title", name=network.name), 1)
    yield from map(Paragraph, write_header(network, say))
    yield Paragraph(say("as_torchvision" if found.implemented else "as_modules"))
    if view.claim:
        yield Heading(say("claim", claim=view.claim.text))
        yield from _on_claim(view.claim, found, say)
        for variant in view.variants:
            yield Paragraph(say("claim_variant", setting=variant.setting, claim=view.claim.text))
            yield _matches(variant.matches, view.claim, say)
        return
    yield _figures(found, say)
    counted = [each for each in found.conventions if each.operations is not None]
    if counted:
        yield Heading(say("operations"))
        yield Paragraph(say("operations_meaning", macs=integer(found.macs)))
        yield _differences([(each, each.items, each.operations or 0) for each in counted], say)
    params = [each for each in found.conventions if each.param_items]
    if params:
        yield Heading(say("params"))
        yield Paragraph(say("params_meaning", params=integer(found.params)))
        yield _differences([(each, each.param_items, each.params or 0) for each in params], say)
    yield Heading(say("notes"))
    yield from _notes(found, say)


def _figures(found: Reconciled, say: Speaker) -> Table:
    """What each convention prints."""
    columns = (
        Column("convention", say("convention")),
        Column("version", say("version"), drop=2),
        Column("operations", say("operations_column"), numeric=True),
        Column("unit", say("unit")),
        Column("difference", say("difference"), numeric=True, drop=1),
        Column("params", say("params_column"), numeric=True),
    )
    own: tuple[Cell, ...] = ("cnncalc", "", found.macs, "MACs", "", found.params)
    lines = [Line(own)]
    for each in found.conventions:
        operations = each.operations
        difference = None if operations is None else signed(operations - found.macs)
        convention = each.convention
        lines.append(Line((convention.name, convention.version, operations, convention.unit, difference, each.params)))
    return Table("", (), columns, tuple(lines), (), say("left_out", columns="{columns}"))


def _differences(rows: list[tuple[Reconciliation, tuple[DifferenceItem, ...], int]], say: Speaker) -> Table:
    """The items of each difference; conventions with the same figure share their rows."""
    columns = (
        Column("item", say("item")),
        Column("amount", say("amount"), numeric=True),
        Column("layers", say("layers"), numeric=True, drop=1),
    )
    alike: dict[tuple[tuple[DifferenceItem, ...], int], list[str]] = {}
    for each, items, figure in rows:
        alike.setdefault((items, figure), []).append(each.convention.name)
    lines = []
    for (items, figure), names in alike.items():
        lines.append(Line((say("comma").join(names), figure, None), heading=True))
        lines += [Line((say(f"item_{item.item}"), signed(item.amount), item.layers), 1) for item in items]
        if not items:
            lines.append(Line((say("item_same"), None, None), 1))
    return Table("", (), columns, tuple(lines), ())


def _notes(found: Reconciled, say: Speaker) -> Iterator[Block]:
    """The known defects of the tools, and the layers whose rules are not modeled."""
    for each in found.conventions:
        words = [say(f"note_{defect}") for defect in each.convention.defects]
        if each.unknown:
            words.insert(0, say("unmodeled", types=say("comma").join(each.unknown)))
        if words:
            yield ListItem(each.convention.name, say("space").join(words))


# --- claims ---------------------------------------------------------------------------------------


def _on_claim(claim: Claim, found: Reconciled, say: Speaker) -> Iterator[Block]:
    matches = tuple(match_claim(claim, found))
    if matches:
        yield Paragraph(say("claim_found", claim=claim.text))
        yield _matches(matches, claim, say)
        return
    yield Paragraph(say("claim_not_found", claim=claim.text))
    target = Fraction(claim.digits * UNITS[claim.unit], 10**claim.decimals)
    figures = [("cnncalc", "operations", found.macs), ("cnncalc", "params", found.params)]
    for each in found.conventions:
        figures += [
            (each.key, quantity, figure)
            for quantity, figure in (("operations", each.operations), ("params", each.params))
            if figure
        ]
    close = sorted(figures, key=lambda figure: abs(figure[2] - target))
    for key, quantity, figure in close[:MOST_CLOSE]:
        yield ListItem(name_of(key), say(f"close_{quantity}", figure=integer(figure)))


def _matches(matches: tuple[ClaimMatch, ...], claim: Claim, say: Speaker) -> Table:
    columns = (
        Column("convention", say("convention")),
        Column("quantity", say("quantity")),
        Column("figure", say("figure"), numeric=True),
        Column("how", say("how")),
    )
    lines = (
        Line(
            (
                name_of(match.key),
                say(f"quantity_{match.quantity}"),
                match.exact,
                say(f"{match.how}_binary" if match.binary else match.how, value=_value(match, claim)),
            )
        )
        for match in matches
    )
    return Table("", (), columns, tuple(lines), ())


def _value(match: ClaimMatch, claim: Claim) -> str:
    """The exact figure in the unit of the claim, with two more decimals."""
    scale = (BINARY if match.binary else UNITS)[claim.unit]
    return f"{decimals(Fraction(match.exact, scale), claim.decimals + 2)}{claim.unit}"


def name_of(key: str) -> str:
    """The name of a convention, or cnncalc."""
    return conventions.find(key).name if key in set(conventions.keys()) else key


# --- for programs ---------------------------------------------------------------------------------

CSV_COLUMNS = ("convention", "version", "unit", "figure", "item", "amount", "layers")


def reconcile_table(found: Reconciled, view: ReconcileView) -> Table:
    """One row per figure and per item of its difference; with a claim, one row per figure that gives it, with the
    setting that this needs, if any.
    """
    say = Speaker(view.language, "reconcile")
    if view.claim:
        as_given = ClaimVariant("", tuple(match_claim(view.claim, found)))
        tables = [(each.setting, _matches(each.matches, view.claim, say)) for each in (as_given, *view.variants)]
        rows = tuple(Line((*line.cells, setting)) for setting, table in tables for line in table.lines)
        return Table("", (), (*tables[0][1].columns, Column("setting", "setting")), rows, ())
    numeric = ("amount", "layers")
    columns = tuple(Column(key, key, numeric=key in numeric) for key in CSV_COLUMNS)
    lines = []
    for each in found.conventions:
        convention = each.convention
        start = (each.key, convention.version)
        for figure, total, own, items in (
            (convention.unit, each.operations, found.macs, each.items),
            ("params", each.params, found.params, each.param_items),
        ):
            if total is None:
                continue
            label = "params" if figure == "params" else "operations"
            unit = "" if figure == "params" else convention.unit
            lines.append(Line((*start, unit, label, "cnncalc", own, None)))
            lines += [Line((*start, unit, label, item.item, item.amount, item.layers)) for item in items]
            lines.append(Line((*start, unit, label, "total", total, None)))
    return Table("", (), columns, tuple(lines), ())


def signed(number: int) -> str:
    """A difference with its sign: +22,227,968; empty if it is 0."""
    return f"{'+' if number > 0 else '-'}{integer(abs(number))}" if number else ""
