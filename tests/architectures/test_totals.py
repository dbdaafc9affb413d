"""What every bundled network comes to, against tests/reference/figures/."""

import pytest
from reference.reading import FIGURES, network_layers

from cnncalc import bundled
from cnncalc.layers.contract import Aliasing
from cnncalc.network.build import load


@pytest.mark.parametrize("row", FIGURES, ids=lambda row: f"{row['network']}-{row['settings']}-{row['counted']}")
def test_totals(row):
    layers = network_layers(row)
    found = {key: sum(getattr(layer, key) for layer in layers) for key in ("params", "buffers", "macs")}
    assert found == {key: int(row[key]) for key in found}


def test_every_bundled_network_has_reference_figures():
    covered = {row["network"] for row in FIGURES}
    missing = sorted(set(bundled.names()) - covered)
    assert not missing, f"{missing}: add their published figures to tests/reference/figures/"
    assert covered <= set(bundled.names())


def test_heads_of_googlenet_are_there_in_training_only():
    heads = [layer for layer in load("googlenet").layers if layer.training_only]
    assert {layer.name.partition(".")[0] for layer in heads} == {"loss1", "loss2"}
    assert sum(layer.params for layer in heads) == 13_378_280 - 6_998_552


def test_vgg16_keeps_the_activations_of_cs231n():
    """The memory column of the table in the CS231n notes: the input and each output that has its own place."""
    network = load("vgg16")
    kept = [layer.output_shape.elements for layer in network.layers if layer.figures.type.aliasing is Aliasing.NEW]
    assert sum(kept) + network.shape_of("input").elements == 15_237_608


def test_fc6_has_three_quarters_of_the_parameters_of_vgg16():
    assert {layer.name: layer.params for layer in load("vgg16").layers}["fc6"] == 102_764_544
