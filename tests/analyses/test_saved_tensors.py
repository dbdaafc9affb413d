"""What a training step keeps for the backward pass: PyTorch's own figures, and hand arithmetic for shared storages."""

import csv

import pytest
from reference.reading import REFERENCE

import cnncalc
from cnncalc.analyses.saved_tensors import saved_tensors

LAYERS, NETWORKS, MIXED = (
    list(csv.DictReader((REFERENCE / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
    for name in ("saved_by_layers", "saved_for_backward", "saved_in_mixed_precision")
)

IMAGE = 4 * 8 * 6 * 6  # the bytes of a map of 8 channels, 6x6, in float32


@pytest.fixture
def kept(spec):
    """What the layers of some items keep that read a map of 8x6x6 with a gradient: bytes by layer, and in total."""

    def of(items, **options):
        saved = saved_tensors(spec(f"input: [8, 6, 6]\nlayers:\n  - {{bias: all, name: first}}\n{items}"), **options)
        sizes = {layer.layer: layer.size.amount(1) for layer in saved.layers}
        assert sum(sizes.values()) == saved.total.amount(1)
        return sizes

    return of


@pytest.mark.parametrize("row", LAYERS, ids=lambda row: f"{row['item']} {row['input']}")
def test_a_layer_keeps_what_it_does_in_pytorch(row, spec):
    sizes = row["input"].replace("x", ", ")
    # What a spec freezes is not even normalized over its batch, which PyTorch's parameters without gradient are.
    frozen_statistics = row["item"].startswith(("batch_norm", "instance_norm")) and "affine: false" not in row["item"]
    learned = f"input: [{sizes}]\nlayers:\n  - bias: all\n  - {row['item']}"
    if ":" not in row["item"]:
        learned += ":"
    saved = saved_tensors(spec(learned)).total
    assert [saved.amount(1), saved.amount(2)] == [int(row["batch_1"]), int(row["batch_2"])]
    first = learned.replace("  - bias: all\n", "")
    assert saved_tensors(spec(first)).total.amount(1) == int(row["first"])
    if not frozen_statistics:
        assert saved_tensors(spec(f"{learned}\n    frozen: true")).total.amount(1) == int(row["frozen"])


# Layers of several operations, some of which autocast computes in float32: their own bytes are not modeled, and these
# are more in PyTorch. So is the mask of dropout in place, which is in float16.
MORE_IN_MIXED = {
    "rms_norm: {axes: -1, affine: false}": 7680,
    "dropout: 0.5": 3840,
    "reduce: {op: norm, axes: [1, 2]}": 24,
    'apply: "x / (1 + exp(-x))"': 15360,
    'apply: "1 / sqrt(x ** 2 + 1)"': 23040,
    'apply: "ln(softplus(x)) / cos(x)"': 30720,
    'apply: "exp(min(x, ln(100)))"': 7680,
}


@pytest.mark.parametrize(
    "row", [row for row in LAYERS if row["mixed"]], ids=lambda row: f"{row['item']} {row['input']}"
)
def test_a_layer_in_mixed_precision_keeps_what_it_does_in_pytorch(row, spec):
    sizes = row["input"].split("x")
    before = "linear: 12" if len(sizes) == 1 else "conv: [12, 1]"
    item = row["item"] if ":" in row["item"] else f"{row['item']}:"
    network = spec(f"input: [{', '.join(sizes)}]\nlayers:\n  - {before}\n  - {item}")
    kept = saved_tensors(network, mixed=True).total.amount(1)
    assert kept + MORE_IN_MIXED.get(row["item"], 0) == int(row["mixed"])


def load_as_recorded(row):
    """The bundled network that follows torchvision's, with the recorded input."""
    name = row["network"]
    spec = f"{name}_torchvision" if name in ("alexnet", "googlenet") else name
    variables = {"stride_in_3x3": True} if name in ("resnet50", "resnet101", "resnet152") else None
    sizes = [int(size) for size in row["input"].split("x")]
    return cnncalc.load(spec, variables=variables, input=sizes).facts


def differences(name, network, *, mixed=False):
    """What the bundled spec keeps and torchvision's network does not, in bytes for one sample, with the reasons.

    The specs end in softmax, which keeps its output, in float32, and torchvision's networks in the scores before it.
    """
    element = 2 if mixed else 4
    heads = [layer.output_shape.channels for layer in network.layers if layer.type == "softmax"]
    found = 4 * sum(heads)
    if name.startswith("vgg"):
        # torchvision pools the 7x7 map to 7x7, and keeps both the pool's input and output.
        found -= element * 512 * 7 * 7
    if name == "alexnet":
        found -= element * 256 * 6 * 6
    adds = sum(layer.type == "add" for layer in network.layers)
    # A random number drops the branch of each sum. The rate of the first block is 0; only some have a sum there.
    if name.startswith("convnext"):
        # The scale before it is float32.
        found -= 4 * (adds - 1)
    elif name.startswith("efficientnet_v2"):
        found -= element * (adds - 1)
    elif name.startswith("efficientnet"):
        found -= element * adds
    if mixed and name.startswith(("efficientnet", "mnasnet", "mobilenet_v3")):
        # They drop in place, where PyTorch has no kernel with a mask in bytes, but one in float16.
        found -= sum(layer.output_shape.elements for layer in network.layers if layer.type == "dropout")
    return found


@pytest.mark.parametrize("row", NETWORKS, ids=lambda row: row["network"])
def test_a_network_keeps_what_torchvisions_does(row):
    network = load_as_recorded(row)
    batch = int(row["batch"])
    kept = saved_tensors(network)
    assert not kept.unknown
    assert kept.total.amount(batch) - batch * differences(row["network"], network) == int(row["bytes"])


@pytest.mark.parametrize("row", MIXED, ids=lambda row: row["network"])
def test_a_network_in_mixed_precision_keeps_what_torchvisions_does(row):
    network = load_as_recorded(row)
    batch = int(row["batch"])
    kept = saved_tensors(network, mixed=True).total.amount(batch)
    assert kept - batch * differences(row["network"], network, mixed=True) == int(row["bytes"])


def test_every_network_is_recorded():
    """torchvision 0.29.1 has 68 convolutional classifiers, 6 networks for segmentation and 4 for video."""
    assert len(NETWORKS) == len(MIXED) == 68 + 6 + 4


def test_a_layer_that_nothing_learns_before_keeps_nothing(spec):
    """ReLU of the image has no gradient; the convolution behind it keeps it, as its weights have one."""
    network = spec("input: [8, 6, 6]\nlayers: [relu, {max_pool: 2}, {conv: [4, 1]}]")
    sizes = [layer.size.amount(1) for layer in saved_tensors(network).layers]
    assert sizes == [0, 0, 4 * 8 * 3 * 3]


def test_a_storage_counts_once_for_the_first_that_keeps_it(kept):
    """ReLU keeps its output; the two convolutions that read it keep nothing more."""
    sizes = kept("""\
  - {relu: , name: relu}
  - {conv: [4, 1], name: left}
  - {conv: [4, 1], from: relu, name: right}
  - {concat: , from: [left, right], name: concat}
""")
    assert sizes == {"first": 0, "relu": IMAGE, "left": 0, "right": 0, "concat": 0}


def test_views_are_kept_by_their_whole_storage(kept):
    """A convolution that reads half of the channels keeps all of them, and one that reads the others no more."""
    sizes = kept("""\
  - {slice: 4, from: first, name: low}
  - {conv: [4, 1], name: left}
  - {slice: {start: 4}, from: first, name: high}
  - {conv: [4, 1], name: right}
  - {concat: , from: [left, right], name: concat}
""")
    assert sizes == {"first": 0, "low": 0, "left": IMAGE, "high": 0, "right": 0, "concat": 0}


def test_a_value_that_is_overwritten_is_kept_as_a_copy(kept):
    """ReLU6 in place keeps a copy of its input; the convolution keeps what it wrote over it."""
    assert kept("  - {relu6: , name: relu6}\n  - {conv: [4, 1], name: conv}\n") == {
        "first": 0,
        "relu6": IMAGE,
        "conv": IMAGE,
    }


def test_no_layer_overwrites_what_another_keeps(kept):
    """Dropout after ReLU writes to new memory: its mask, and its output for the convolution."""
    assert kept("  - {relu: , name: relu}\n  - {dropout: 0.5, name: dropout}\n  - {conv: [4, 1], name: conv}\n") == {
        "first": 0,
        "relu": IMAGE,
        "dropout": IMAGE,
        "conv": IMAGE,
    }


def test_leaky_relu_keeps_its_input_where_another_layer_reads_that_too(kept):
    """In place, it keeps its output alone, which the convolution keeps as well; else both."""
    alone = kept("  - {leaky_relu: , name: leaky}\n  - {conv: [4, 1], name: conv}\n")
    assert alone == {"first": 0, "leaky": IMAGE, "conv": 0}
    both = kept(
        "  - {leaky_relu: , name: leaky}\n  - {conv: [8, 1], name: conv}\n  - {add: , from: [conv, first], name: add}\n"
    )
    assert both == {"first": 0, "leaky": IMAGE, "conv": IMAGE, "add": 0}


def test_a_product_keeps_the_factors_whose_partner_has_a_gradient(kept):
    """A gate of one number per channel: both factors. Of three factors, also the product of the first two."""
    gate = "  - {global_avg_pool: {keep_dims: true}, name: pool}\n  - {multiply: , from: [first, pool], name: gated}\n"
    assert kept(gate)["gated"] == IMAGE + 4 * 8
    assert (
        kept("  - {tanh: , name: tanh}\n  - {multiply: , from: [first, tanh, first], name: cube}\n")["cube"]
        == 2 * IMAGE
    )


def test_a_product_with_an_input_keeps_the_input_alone(spec):
    network = spec("""\
input: {image: [8, 6, 6], mask: [8, 6, 6]}
layers:
  - {bias: all, from: image, name: first}
  - {multiply: , from: [first, mask], name: masked}
""")
    assert [(kept.tensor, kept.size.amount(1)) for kept in saved_tensors(network).layers[1].tensors] == [
        ("mask", IMAGE)
    ]


def test_a_frozen_batch_norm_keeps_its_factors(kept):
    assert kept("  - {batch_norm: , name: norm, frozen: true}\n") == {"first": 0, "norm": 4 * 8}


def test_statistics_and_indices_keep_their_types_in_float16(kept):
    """Batch norm: a map in float16, 8 means and 8 deviations in float32. Max pool: the norm's output, int64 indices."""
    half = kept("  - {batch_norm: , name: norm}\n  - {max_pool: 2, name: pool}\n", element_size=2)
    assert half == {"first": 0, "norm": IMAGE // 2 + 2 * 8 * 4, "pool": IMAGE // 2 + 8 * 3 * 3 * 8}


def test_recurrent_layers_are_unknown_in_mixed_precision(spec):
    """It runs on a GPU, where cuDNN keeps a reserve. The state of the same layer in float32 is 6 x 5 numbers."""
    network = spec("input: [4, 5]\nlayers:\n  - {lstm: 6, name: lstm}\n")
    assert saved_tensors(network, mixed=True).unknown == ("lstm",)
    assert saved_tensors(network).total.amount(1) == 4 * (4 * 5 + 7 * 6 * 5)


def test_an_opaque_layer_may_declare_what_it_keeps(spec):
    """12 elements of a sample, in the network's data type; 0 is known, too."""
    layers = (
        "input: [8, 6, 6]\nlayers:\n  - {{opaque: {{output: [8, 6, 6], params: 10, macs: 10, {}}}, name: mystery}}\n"
    )
    saved = saved_tensors(spec(layers.format("saved_for_backward: 12")), 2)
    assert (saved.unknown, saved.total.fixed, saved.total.per_sample) == ((), 0, 24)
    assert saved_tensors(spec(layers.format("saved_for_backward: 0"))).unknown == ()


def test_an_unknown_layer_is_named_and_never_counted_as_0(spec):
    network = spec("""\
input: [8, 6, 6]
layers:
  - {opaque: {output: [8, 6, 6], params: 10, macs: 10}, name: mystery}
  - {conv: [4, 1], name: conv}
""")
    saved = saved_tensors(network)
    assert saved.unknown == ("mystery",)
    assert [layer.is_unknown for layer in saved.layers] == [True, False]
