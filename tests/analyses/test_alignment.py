"""Which layer of one network is which of another."""

from itertools import pairwise

import pytest

from cnncalc.analyses.alignment import MOST_PAIRS, align
from cnncalc.network.build import load

HEAD = "name: N\ninput: [3, 32, 32]\n"


@pytest.fixture
def pairs(tmp_path):
    """The names of the layers of two lists of layers side by side; one that only one network has belongs beside a -."""

    def pairs(old, new, before=""):
        networks = []
        for name, layers in (("old", old), ("new", new)):
            path = tmp_path / f"{name}.yaml"
            text = layers if "layers:" in layers else f"layers: [{layers}]"
            path.write_text(f"{HEAD}{before}{text}\n", encoding="utf-8")
            networks.append(load(str(path)))
        matches = [match for match in align(*networks).walk() if match.node.layer is not None]
        return [
            f"{match.old.name if match.old else '-'} {match.new.name if match.new else '-'}"
            f"{' moved' if match.moved else ''}{' renamed' if match.renamed else ''}"
            for match in matches
        ]

    return pairs


CONV = "conv: {{filters: {}, kernel: 3, padding: 1}}"
A, B, C = (CONV.format(filters) for filters in (8, 16, 24))


def test_what_is_inserted_does_not_shift_the_rest(pairs):
    """relu_2 becomes relu_3, which is no change: the number of an automatic name counts what is above it."""
    assert pairs(f"{A}, relu, {B}, relu, flatten", f"{A}, relu, {C}, relu, {B}, relu, flatten") == [
        "conv conv",
        "relu relu",
        "- conv_2",
        "- relu_2",
        "conv_2 conv_3",
        "relu_2 relu_3",
        "flatten flatten",
    ]


def test_a_layer_and_its_relu_are_put_behind_others_like_them(pairs):
    """Not the relu of the layer before, and then the layer."""
    end = ", max_pool: 2"
    old, new = (f"{', '.join([A, 'relu'] * times)}{end}" for times in (2, 3))
    assert pairs(old, new)[4:6] == ["- conv_3", "- relu_3"]
    assert pairs(new, old)[4:6] == ["conv_3 -", "relu_3 -"]


def test_a_setting_that_changed(pairs):
    assert pairs(f"{A}, relu, {B}, relu", f"{A}, relu, {C}, relu") == [
        "conv conv",
        "relu relu",
        "conv_2 conv_2",
        "relu_2 relu_2",
    ]


def test_another_layer_of_the_same_family_stands_in_its_place(pairs):
    assert pairs(f"{A}, relu, max_pool: 2", f"{A}, gelu, avg_pool: 2") == [
        "conv conv",
        "relu gelu",
        "max_pool avg_pool",
    ]
    assert pairs(f"{A}, relu, flatten", f"{A}, dropout: 0.5, flatten")[1:3] != ["relu dropout", "- flatten"]


def test_a_name_counts_more_than_settings(pairs):
    """A layer is called what it is called: so are its weights in a checkpoint."""
    old = "layers:\n  - conv: {filters: 8, kernel: 3}\n    name: a\n  - conv: {filters: 16, kernel: 3}\n    name: b\n"
    new = "layers:\n  - conv: {filters: 16, kernel: 3}\n    name: a\n  - conv: {filters: 8, kernel: 3}\n    name: b\n"
    assert pairs(old, new) == ["a a", "b b"]


def test_a_name_that_is_there_on_both_sides_is_no_other_layers(pairs):
    text = "layers:\n  - relu:\n    name: a\n  - relu:\n    name: b\n"
    swapped = "layers:\n  - relu:\n    name: b\n  - relu:\n    name: a\n"
    assert sorted(pairs(text, swapped)) in (["a a", "b b moved"], ["a a moved", "b b"])


def test_renamed(pairs):
    old = "layers:\n  - conv: {filters: 8, kernel: 3}\n    name: a\n  - relu\n"
    assert pairs(old, old.replace("name: a", "name: b")) == ["a b renamed", "relu relu"]
    assert pairs(old, old.replace("    name: a\n", "")) == ["a conv renamed", "relu relu"]


def test_a_renamed_block_has_the_same_layers(pairs):
    blocks = "blocks:\n  unit(filters):\n    - conv: {filters: filters, kernel: 3, padding: 1}\n    - relu\n"
    old = "layers:\n  - unit: 8\n    name: stem\n  - unit: 16\n    name: body\n"
    new = old.replace("stem", "start")
    assert pairs(old, new, blocks) == [
        "stem.conv start.conv",
        "stem.relu start.relu",
        "body.conv body.conv",
        "body.relu body.relu",
    ]


def test_moved(pairs):
    old = f"{A}, batch_norm, relu, {B}"
    assert sorted(pairs(old, f"{A}, relu, batch_norm, {B}")) in (
        ["batch_norm batch_norm", "conv conv", "conv_2 conv_2", "relu relu moved"],
        ["batch_norm batch_norm moved", "conv conv", "conv_2 conv_2", "relu relu"],
    )


def test_what_halves_the_map_stays_and_the_norm_beside_it_moved(pairs):
    """AlexNet normalizes before the pool, ZFNet behind it."""
    old = "layers:\n  - lrn: {size: 5}\n    name: norm1\n  - max_pool: 2\n    name: pool1\n"
    new = "layers:\n  - max_pool: 2\n    name: pool1\n  - lrn: {size: 5}\n    name: norm1\n"
    assert pairs(old, new) == ["pool1 pool1", "norm1 norm1 moved"]


def test_a_block_that_is_put_around_layers(pairs):
    blocks = "blocks:\n  unit(filters):\n    - conv: {filters: filters, kernel: 3, padding: 1}\n    - relu\n"
    flat = f"layers:\n  - {A}\n  - relu\n  - {B}\n  - relu\n"
    blocked = "layers:\n  - unit: 8\n  - unit: 16\n"
    found = ["conv unit.conv", "relu unit.relu", "conv_2 unit_2.conv", "relu_2 unit_2.relu"]
    assert pairs(flat, blocked, blocks) == found
    assert sorted(pairs(blocked, flat, blocks)) == sorted(" ".join(each.split()[::-1]) for each in found)


def test_another_block_is_not_the_old_one_in_another_shape(pairs):
    """That both have a relu makes them no pair."""
    blocks = (
        "blocks:\n  one:\n    - conv: {filters: 8, kernel: 3, padding: 1}\n    - batch_norm\n    - relu\n"
        "  two:\n    - max_pool: 2\n    - dropout: 0.5\n    - linear: 10\n    - relu\n"
    )
    for other in (
        ["flatten", "linear: 4", "relu"],
        ["conv: {filters: 8, kernel: 3, padding: 1}", "lrn: {size: 5}", "gelu"],
    ):
        found = pairs("layers:\n  - one\n", f"layers:\n  - {f'{chr(10)}  - '.join(other)}\n", blocks)
        assert all(each.startswith("- ") or each.endswith(" -") for each in found)


def test_vgg19_has_a_layer_more_in_each_of_three_stages():
    """Simonyan and Zisserman 2014, Table 1, D and E; each comes with its relu, behind the others."""
    added = [match.node.name for match in align(load("vgg16"), load("vgg19")).walk() if match.old is None]
    assert added == ["conv3_4", "relu_8", "conv4_4", "relu_12", "conv5_4", "relu_16"]


def test_a_stage_that_became_longer():
    """ResNet-101 is ResNet-50 with 23 blocks in conv4_x in place of 6 (He et al. 2015, Table 1)."""
    root = align(load("resnet50"), load("resnet101"))
    added = [match.node.label for match in root.children if match.old is None]
    assert added == [f"conv4_{number}" for number in range(7, 24)]
    assert all(match.new is not None for match in root.walk())


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "densenet121", "nasnetalarge", "siamese"])
def test_a_network_is_itself(name):
    for match in align(load(name), load(name)).walk():
        assert match.old is not None
        assert match.new is not None
        assert match.old.name == match.new.name
        assert not match.moved
        assert not match.renamed


@pytest.mark.parametrize(
    ("old", "new"),
    [("resnet50", "densenet121"), ("googlenet", "inception_v3"), ("unet", "fcn8s_vgg16"), ("alexnet", "zfnet")],
)
def test_every_layer_is_there_once(old, new):
    one, two = load(old), load(new)
    matches = [match for match in align(one, two).walk() if match.node.layer is not None]
    assert sorted(match.old.name for match in matches if match.old) == sorted(layer.name for layer in one.layers)
    assert sorted(match.new.name for match in matches if match.new) == sorted(layer.name for layer in two.layers)


@pytest.mark.parametrize("edits", [[], [700], [100, 650, 1300]])
def test_long_networks_of_layers_without_names(edits, pairs):
    """More pairs than are compared one with another; the best is still found."""
    layers = [f"conv: {{filters: {8 + number % 5}, kernel: 3, padding: 1}}" for number in range(700)]
    layers = [each for conv in layers for each in (conv, "relu")]
    assert len(layers) ** 2 > 10 * MOST_PAIRS
    changed = list(layers)
    for place in reversed(edits):
        changed.insert(place, "dropout: 0.5")
    found = pairs(", ".join(layers), ", ".join(changed))
    assert not [each for each in found if "moved" in each]
    assert [each for each in found if "-" in each.split()] == [
        f"- dropout{'' if number == 0 else f'_{number + 1}'}" for number in range(len(edits))
    ]


def test_pairs_stay_in_order():
    root = align(load("vgg11"), load("vgg19"))
    places = {node.name: place for place, node in enumerate(load("vgg19").layers)}
    both = [match.new.name for match in root.walk() if match.old and match.new and match.new.layer]
    assert all(places[one] < places[two] for one, two in pairwise(both))


def test_long_networks_of_changed_layers_go_by_their_names(pairs):
    """Too many pairs to weigh each, and no layer is what it was: the names that stand in the same order are left."""
    assert MOST_PAIRS < 400 * 400

    def layers(filters, kernel, numbers):
        return "".join(
            f"  - conv: {{filters: {filters + number}, kernel: {kernel}, padding: same}}\n    name: c{number}\n"
            for number in numbers
        )

    old = layers(8, 1, range(400))
    new = f"{layers(9, 3, range(150, 400))}  - relu:\n    name: between\n{layers(9, 3, range(150))}"
    found = pairs(f"layers:\n{old}", f"layers:\n{new}")
    # 250 names in order are more than the 150 of the beginning, which now come last.
    moved = [f"c{number} c{number} moved" for number in range(150)]
    assert found == [*(f"c{number} c{number}" for number in range(150, 400)), "- between", *moved]


def test_beyond_the_comparisons_that_are_made(pairs, monkeypatch):
    """Less is looked at then. What no name or content tells apart stays in its place, and none is lost."""
    monkeypatch.setattr("cnncalc.analyses.alignment.MOST_COMPARISONS", -1)
    old = [f"conv: {{filters: {filters}, kernel: 3, padding: same}}" for filters in range(8, 108)]
    new = [f"conv: {{filters: {filters}, kernel: 3, padding: same}}" for filters in range(208, 308)]
    number = ["", *(f"_{place}" for place in range(2, 101))]
    assert pairs(", ".join(old), ", ".join(new)) == [f"conv{each} conv{each}" for each in number]
    assert pairs(", ".join(old), ", ".join([*old[:60], "relu", *old[60:]])) == [
        *(f"conv{each} conv{each}" for each in number[:60]),
        "- relu",
        *(f"conv{each} conv{each}" for each in number[60:]),
    ]
