"""LeNet-5 of 1998: what only this network has, against the paper's section II.B."""

import csv
from math import prod
from pathlib import Path

from cnncalc.network.build import load

PAPER = Path(__file__).parents[1] / "reference" / "papers"


def layers():
    return {layer.name: layer for layer in load("lenet5").layers}


def test_c3_is_connected_as_table_1_says():
    table = [line.split() for line in (PAPER / "lenet5_table1.txt").read_text(encoding="utf-8").splitlines()]
    reads = [tuple(map_of_s2 for map_of_s2, row in enumerate(table) if row[column] == "O") for column in range(16)]
    assert layers()["C3"].settings["connections"] == tuple(reads)


def test_connections():
    """The paper counts one for each weight at each place it is used at, biases included; 340,908 in all."""
    rows = csv.DictReader((PAPER / "lenet5.csv").read_text(encoding="utf-8").splitlines())
    published = {row["name"]: int(row["connections"]) for row in rows}
    found = layers()
    assert {name: connections(found[name]) for name in published} == published
    assert sum(published.values()) == 340_908


def connections(layer):
    if layer.type == "subsample":
        window = prod(window.kernel for window in layer.figures.type.windows(layer.input_shapes))
        return layer.output_shape.elements * (window + 1)
    return layer.output_shape.positions * (layer.params + layer.buffers)


def test_names_are_those_of_the_paper():
    names = ("C1", "S2", "C3", "S4", "C5", "F6", "OUTPUT")
    assert tuple(name for name in layers() if name in names) == names
