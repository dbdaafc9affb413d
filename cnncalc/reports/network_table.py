"""Shared parts of tables of a network: its inputs, rows, names and levels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cnncalc import surface
from cnncalc.analyses.tree import Node, Row, fold, row_label, rows
from cnncalc.errors import listed
from cnncalc.formats.shapes import shape
from cnncalc.formats.table import Column
from cnncalc.network.records import LayerGraph
from cnncalc.record import Record
from cnncalc.spec.quantities import MEMORIES, PEAKS, SUMS
from cnncalc.text import several

if TYPE_CHECKING:
    from cnncalc.languages import Speaker

ALL = 1_000_000


def quantity_columns(drops: Mapping[str, int], shares: Mapping[str, Column]) -> Iterator[Column]:
    """One column per quantity, followed by its share if it has one.

    A narrow terminal hides columns with the highest drop first; it is 5 for columns that are not in `drops`.
    """
    for key, quantity in (SUMS | MEMORIES).items():
        yield Column(key, quantity.label, numeric=True, drop=drops.get(key, 5))
        if key in shares:
            yield shares[key]


def explain_missing(quantity: str, networks: Sequence[str]) -> str:
    """The sentence about networks whose memory quantity is not known (`MemoryQuantities.affordable`)."""
    subject = f"{MEMORIES[quantity].label} of {listed(networks)}"
    if quantity in PEAKS:
        return f"{subject} not computed{surface.advice('--limit work=30M allows more operations')}"
    return f"{subject} unknown; `cnncalc memory SPEC --training` names the layers"


class NamedRow(Record):
    """A row with its name in a table, and its level."""

    row: Row
    name: str
    level: int


def describe_inputs(network: LayerGraph, layout: str = "chw", row: Callable[[Sequence[str]], str] = several) -> str:
    """The shapes of a network's inputs, with their names if there are several; `row` joins them."""
    if len(network.inputs) == 1:
        return shape(network.inputs[0][1], layout)
    return row([f"{name} {shape(sizes, layout)}" for name, sizes in network.inputs])


def write_header(network: LayerGraph, say: Speaker) -> tuple[str, ...]:
    """The lines below the title in a language: where the network is from, and its inputs."""
    inputs = say("input_line", inputs=describe_inputs(network, row=say.row))
    return (network.source, inputs) if network.source else (inputs,)


def select_rows(root: Node, depth: int, most: int) -> list[Row]:
    """The rows of a tree to a depth or, if it is 0, folded to at most `most` rows."""
    return list(rows(root, depth)) if depth else fold(root, most)[0]


def select_layers(root: Node) -> list[Row]:
    """Only the layers, in order."""
    return [row for row in rows(root, ALL) if row.node.layer]


def name_rows(shown: Iterable[Row], *, is_flat: bool = False, joins_single_parts: bool = False) -> Iterator[NamedRow]:
    """The rows with their names: below their block, or in full if the table is flat.

    If single parts are joined, a block with one part has no line of its own: `stem.conv`.
    """
    opened: dict[str, tuple[str, int]] = {}
    for row in shown:
        node = row.node
        if is_flat:
            yield NamedRow(row, node.name, 0)
            continue
        prefix, level = opened.get(node.above, ("", 0))
        name = prefix + row_label(row, flat=False)
        if node.children and not row.folded:
            if joins_single_parts and node.layer is None and len(node.children) == 1:
                opened[node.name] = (f"{name}.", level)
                continue
            opened[node.name] = ("", level + 1)
        yield NamedRow(row, name, level)
