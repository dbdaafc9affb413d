"""Records of a convention that a command counts with, for JSON and its schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnncalc.formats.records import Count, fill
from cnncalc.network.records import Layer
from cnncalc.record import Record

if TYPE_CHECKING:
    from cnncalc.analyses.conventions.contract import Convention
    from cnncalc.analyses.recount import Recount


class UsedConventionRecord(Record):
    """The convention whose counts are in `convention_counts`; all other figures are cnncalc's.

    `unit` is what the tool calls its operations, empty if it counts none.
    """

    key: str
    name: str
    version: str
    source: str
    unit: str


class ConventionCountsRecord(Record):
    """The counts of a convention for the whole batch.

    Operations are null if the convention counts none, or counts the layers in `unknown` by rules that are not modeled;
    parameters are null if it counts none. A module that torchvision runs after a layer counts with it.
    """

    operations: Count | None
    params: Count | None
    unknown: tuple[str, ...]


def used_convention(key: str, convention: Convention) -> UsedConventionRecord:
    """The record of a convention."""
    return fill(UsedConventionRecord, convention, key=key)


def network_counts(recount: Recount, batch: int) -> ConventionCountsRecord:
    """The counts of a whole network."""
    return _counts(recount.total("macs"), recount.total("params"), batch, recount.unknown)


def layer_counts(recount: Recount, layer: Layer, batch: int) -> ConventionCountsRecord:
    """The counts of a layer."""
    unknown = [layer.name] if layer.name in recount.unknown else []
    return _counts(recount.of_layers("macs", [layer]), recount.of_layers("params", [layer]), batch, unknown)


def _counts(operations: int | None, params: int | None, batch: int, unknown: Iterable[str]) -> ConventionCountsRecord:
    return ConventionCountsRecord(None if operations is None else operations * batch, params, tuple(unknown))
