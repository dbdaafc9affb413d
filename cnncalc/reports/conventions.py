"""A convention in tables: what it counts, and how its columns are headed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnncalc.analyses.conventions.contract import Convention
from cnncalc.analyses.recount import explain_missing
from cnncalc.errors import listed
from cnncalc.formats.table import Column
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.text import several

# The columns that show a count in another form, with the quantities that they need.
DERIVED = {
    "share": ("params",),
    "macs_share": ("macs",),
    "heaviest": ("params",),
    "heaviest_macs": ("macs",),
    "pareto": ("params", "macs"),
}


def describe_convention(convention: Convention, bundled: str = "") -> str:
    """What is counted by which convention, for a header; `bundled` as in `Counting`."""
    nouns = [
        noun for noun, counts in (("operations", convention.unit), ("parameters", convention.counts_params)) if counts
    ]
    seen = ", in torchvision's implementation" if bundled and convention.charges else ""
    return f"{listed(nouns)} as counted by {convention.name}, {convention.version}{seen}"


def explain_column(key: str, convention: Convention) -> str:
    """Why a convention has no figure for a column; empty if it has one, or if it does not change it."""
    quantities = (quantity for quantity in DERIVED.get(key, (key,)) if quantity in QUANTITIES)
    return next(filter(None, (explain_missing(quantity, convention) for quantity in quantities)), "")


def explain_unknown(unknown: Mapping[str, str], convention: Convention) -> str:
    """The sentence about layers that a convention counts by rules that are not modeled."""
    layers = several([f"{name} ({kind})" for name, kind in unknown.items()])
    return f"unknown: the rules of {convention.name} for {layers} are not modeled"


def head_columns(columns: Iterable[Column], convention: Convention) -> tuple[Column, ...]:
    """The columns with the name that a convention has for its operations."""
    return tuple(_head(column, convention.unit) for column in columns)


def _head(column: Column, unit: str) -> Column:
    if column.key != "macs" and not column.key.startswith("macs_") and not column.key.startswith("heaviest_macs"):
        return column
    key = column.key.replace("macs", "operations")
    return column._replace(key=key, header=column.header.replace("MACs", unit).replace("macs", "operations"))
