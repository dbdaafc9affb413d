"""Records of a reconciliation for JSON and its schema."""

from __future__ import annotations

from typing import Literal

from cnncalc.analyses.reconcile import ClaimMatch, DifferenceItem, Reconciled, match_claim
from cnncalc.formats.records import Count
from cnncalc.languages import ENGLISH, Speaker
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.reports.reconcile import ReconcileView
from cnncalc.reports.summary_records import Input, input_of


class CountDifferenceRecord(Record):
    """A part of a difference: its key, its meaning, and the number of layers that cause it."""

    item: str
    meaning: str
    amount: int
    layers: Count


class ConventionRecord(Record):
    """The figures of a convention; the differences sum to them with the network's own.

    `operations` is null if the convention counts none, or counts layers of the types in `unknown` by rules that
    are not modeled. `tested` tells whether figures were compared with the
    tool's output; null if there is no tool to run.
    """

    key: str
    name: str
    version: str
    source: str
    unit: str
    tested: bool | None
    operations: Count | None
    differences: tuple[CountDifferenceRecord, ...]
    params: Count | None
    param_differences: tuple[CountDifferenceRecord, ...]
    defects: tuple[str, ...]
    unknown: tuple[str, ...]


class MatchRecord(Record):
    """A figure that gives the claim; `binary` means units of 2^10, `how` whether it is rounded or cut."""

    key: str
    quantity: Literal["operations", "params"]
    exact: Count
    binary: bool
    how: Literal["rounded", "cut"]


class VariantRecord(Record):
    """A value of one variable of the spec, as `--set` takes it, with the figures that then give the claim."""

    setting: str
    matches: tuple[MatchRecord, ...]


class ClaimRecord(Record):
    """A published number with the figures that give it; if none does, `variants` of the network that do."""

    claim: str
    matches: tuple[MatchRecord, ...]
    variants: tuple[VariantRecord, ...]


class ReconcileRecord(Record):
    """A network's MACs and parameters, and those of each convention.

    `implemented` is the bundled network whose implementation in torchvision is assumed; empty if each layer counts
    as the module of PyTorch of its type.
    """

    schema: Literal[1]
    name: str
    source: str
    input: Input
    implemented: str
    macs: Count
    params: Count
    conventions: tuple[ConventionRecord, ...]
    claim: ClaimRecord | None


RECORDS = (ReconcileRecord,)


def reconcile_record(network: LayerGraph, found: Reconciled, view: ReconcileView) -> ReconcileRecord:
    """The record of a reconciliation."""
    say = Speaker(ENGLISH, "reconcile")

    def items_of(items: tuple[DifferenceItem, ...]) -> tuple[CountDifferenceRecord, ...]:
        return tuple(
            CountDifferenceRecord(item.item, say(f"item_{item.item}"), item.amount, item.layers) for item in items
        )

    records = tuple(
        ConventionRecord(
            each.key,
            each.convention.name,
            each.convention.version,
            each.convention.source,
            each.convention.unit,
            each.convention.tested,
            each.operations,
            items_of(each.items),
            each.params,
            items_of(each.param_items),
            tuple(say(f"note_{defect}") for defect in each.convention.defects),
            each.unknown,
        )
        for each in found.conventions
    )
    claim = view.claim and ClaimRecord(
        view.claim.text,
        tuple(map(_match_record, match_claim(view.claim, found))),
        tuple(VariantRecord(each.setting, tuple(map(_match_record, each.matches))) for each in view.variants),
    )
    return ReconcileRecord(
        1,
        network.name,
        network.source,
        input_of(network),
        found.implemented,
        found.macs,
        found.params,
        records,
        claim or None,
    )


def _match_record(match: ClaimMatch) -> MatchRecord:
    return MatchRecord(**match._asdict())
