"""What changed, what it costs by itself, and what follows from it: by hand, and as sums that must come out."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncalc import limits
from cnncalc.analyses import alignment
from cnncalc.analyses import diff as diff_module
from cnncalc.analyses.diff import FREE, Kind, diff
from cnncalc.analyses.diff.causes import Ledger
from cnncalc.analyses.tree import Figure
from cnncalc.errors import SpecError
from cnncalc.layers.conv import Conv
from cnncalc.limits import Cost, Limits
from cnncalc.network.build import load
from cnncalc.network.records import figures_of

# Parameters: conv1 (3 x 9 + 1) x 16 = 448, conv2 (16 x 9 + 1) x 32 = 4,640, conv3 (32 x 9 + 1) x 64 = 18,496,
# fc (64 x 16 x 16 + 1) x 10 = 163,850. Multiply-accumulates: 27 x 16 x 64^2, 144 x 32 x 32^2, 288 x 64 x 16^2.
BASE = """
name: Base
input: [3, 64, 64]
layers:
  - conv: {filters: 16, kernel: 3, padding: 1}
    name: conv1
  - relu
  - max_pool: 2
    name: pool1
  - conv: {filters: 32, kernel: 3, padding: 1}
    name: conv2
  - relu
  - max_pool: 2
    name: pool2
  - conv: {filters: 64, kernel: 3, padding: 1}
    name: conv3
  - relu
  - flatten
  - linear: 10
    name: fc
"""


@pytest.fixture(autouse=True)
def nothing_is_booked_to_everybody(monkeypatch):
    """Where nobody is found to blame, all causes are: sums would come out, and tell nothing."""
    book = Ledger.book

    def checked_book(self, layer, blame, cost):
        assert blame or cost == FREE, layer.name
        book(self, layer, blame, cost)

    monkeypatch.setattr(Ledger, "book", checked_book)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What changed between two texts."""
    folder = tmp_path_factory.mktemp("specs")

    def made(old, new):
        networks = []
        for name, text in (("old.yaml", old), ("new.yaml", new)):
            (folder / name).write_text(text, encoding="utf-8")
            networks.append(load(str(folder / name)))
        return checked(diff(*networks))

    return made


def checked(facts):
    """The facts, whose parts must sum up to the differences of the totals, to the last one."""
    booked = FREE
    for cause in facts.causes:
        booked += cause.own
        booked += cause.downstream
    for shared in facts.shared:
        assert len(shared.causes) > 1
        booked += shared.cost
    of_layers = FREE
    for change in facts.changes:
        of_layers += change.difference
    of_inputs = FREE
    for change in facts.inputs:
        elements = [0 if side is None else side[1].elements for side in (change.old, change.new)]
        figure = Figure(0, 0, 0, 0, elements[1] - elements[0])
        of_inputs = of_inputs._replace(inference=of_inputs.inference + figure, training=of_inputs.training + figure)
    for which in ("inference", "training"):
        old, new = (getattr(totals, which) for totals in (facts.old_totals, facts.new_totals))
        difference = Figure(*(getattr(new, key) - getattr(old, key) for key in Figure._fields))
        assert getattr(booked, which) == difference
        assert getattr(of_layers + of_inputs, which) == difference
    return facts


def only(facts):
    (cause,) = facts.causes
    assert not facts.shared
    return cause


def by_layer(facts):
    return {change.layer.name: change for change in facts.changes}


# --- one change -----------------------------------------------------------------------------------


def test_filters(made):
    """8 more filters of 27 weights and a bias; conv2 has 8 x 9 weights more in each of its 32 filters."""
    facts = made(BASE, BASE.replace("filters: 16", "filters: 24"))
    cause = only(facts)
    assert [change.layer.name for change in cause.changes] == ["conv1"]
    assert [tuple(setting) for setting in cause.changes[0].settings] == [("filters", 16, 24)]
    assert cause.own.inference[:3] == (8 * 28, 0, 8 * 27 * 64**2)
    assert cause.own.inference.activations == 8 * 64**2
    assert cause.downstream.inference[:3] == (32 * 8 * 9, 0, 32 * 8 * 9 * 32**2)
    assert cause.downstream.inference.activations == 8 * 32**2
    assert cause.reached == ("relu", "pool1", "conv2")
    assert [change.layer.name for change in facts.changes if change.kind is Kind.CONSEQUENCE] == list(cause.reached)


def test_the_input(made):
    """A quarter of the positions: the same weights up to the flatten, a quarter of those of fc behind it."""
    facts = made(BASE, BASE.replace("[3, 64, 64]", "[3, 32, 32]"))
    cause = only(facts)
    assert cause.inputs[0].old == ("input", (3, 64, 64))
    assert cause.own.inference == (0, 0, 0, 0, -3 * (64**2 - 32**2))
    assert cause.downstream.inference.params == -10 * 64 * (16**2 - 8**2)
    macs = 27 * 16 * 64**2 + 144 * 32 * 32**2 + 288 * 64 * 16**2 + 64 * 16**2 * 10
    assert 4 * cause.downstream.inference.macs == -3 * macs
    assert all(change.kind is Kind.CONSEQUENCE for change in facts.changes)


def test_own_and_upstream_of_one_layer(made):
    """conv2 has 16 filters more, on the 16 maps there were; the 8 maps more are conv1's doing, in all 48 filters."""
    facts = made(BASE, BASE.replace("filters: 16", "filters: 24").replace("filters: 32", "filters: 48"))
    conv2 = by_layer(facts)["conv2"]
    assert conv2.own.inference[:3] == (16 * (16 * 9 + 1), 0, 16 * 16 * 9 * 32**2)
    assert conv2.upstream.inference[:3] == (48 * 8 * 9, 0, 48 * 8 * 9 * 32**2)
    assert not facts.shared
    first, second = facts.causes
    assert conv2.upstream_causes == (conv2.cause - 1,)
    assert first.downstream.inference.params == 48 * 8 * 9
    assert second.downstream.inference.params == 64 * 16 * 9


def test_channels_and_sizes_are_followed_apart(made):
    """Parameters of a convolution come from its input's channels alone; a stride changes nothing of them."""
    new = BASE.replace("[3, 64, 64]", "[3, 96, 96]").replace("filters: 16", "filters: 24")
    facts = made(BASE, new)
    image = next(cause for cause in facts.causes if cause.inputs)
    conv1 = next(cause for cause in facts.causes if not cause.inputs)
    assert conv1.downstream.inference[:3] == (32 * 8 * 9, 0, 0)
    assert image.downstream.inference.params == 10 * 64 * (24**2 - 16**2)
    # What both made together is conv2's 8 x 9 x 32 weights more, on 48^2 positions and not on 32^2, and what was
    # there before on the new positions.
    (macs,) = [each.cost.inference.macs for each in facts.shared]
    assert macs == 24 * 9 * 32 * 48**2 - 16 * 9 * 32 * 32**2
    assert facts.shared[0].reached == ("relu", "pool1", "conv2")


def test_where_the_old_shapes_are_refused_all_is_its_own(made):
    """24 groups do not go into 16 maps, so that nothing can be said of them on the old input."""
    new = BASE.replace("filters: 16", "filters: 24").replace("{filters: 32,", "{filters: 48, groups: 24,")
    conv2 = by_layer(made(BASE, new))["conv2"]
    assert conv2.upstream == FREE
    assert conv2.own.inference.params == (48 * 9 + 48) - 4640


def test_what_is_inserted(made):
    """conv3 reads 48 maps in place of 32: the new layers' doing, which have 33 x 48 parameters themselves."""
    new = BASE.replace(
        "  - max_pool: 2\n    name: pool2",
        "  - conv: {filters: 48, kernel: 1}\n  - relu\n  - max_pool: 2\n    name: pool2",
    )
    cause = only(made(BASE, new))
    assert [change.layer.name for change in cause.changes] == ["conv", "relu_3"]
    assert cause.own.inference.params == 33 * 48
    assert cause.downstream.inference.params == 64 * 16 * 9
    assert cause.reached == ("pool2", "conv3")


def test_what_is_removed(made):
    """Without a pool, conv3 works on four times as many positions and fc reads four times as many numbers."""
    cause = only(made(BASE, BASE.replace("  - max_pool: 2\n    name: pool2\n", "")))
    assert cause.roots[0].old.name == "pool2"
    assert cause.own.inference[:3] == (0, 0, 0)
    assert cause.own.inference.activations == -32 * 16**2
    assert cause.downstream.inference.params == 3 * 64 * 16**2 * 10
    assert cause.downstream.inference.macs == 3 * (288 * 64 * 16**2 + 64 * 16**2 * 10)


def test_what_is_inserted_behind_a_change_hands_it_on(made):
    """A norm leaves the shape as it is: that conv2 reads 24 maps is still conv1's doing."""
    new = BASE.replace("filters: 16", "filters: 24").replace("name: conv1\n", "name: conv1\n  - batch_norm\n")
    facts = made(BASE, new)
    conv1 = next(cause for cause in facts.causes if not cause.roots)
    norm = next(cause for cause in facts.causes if cause.roots)
    assert conv1.downstream.inference.params == 32 * 8 * 9
    assert norm.own.inference[:2] == (48, 48)
    assert norm.downstream == FREE


def test_of_two_changes_each_has_its_own(made):
    """That conv3 works on more positions is the pool's doing, not that of fc's 20 outputs; fc has both, apart."""
    new = BASE.replace("  - max_pool: 2\n    name: pool2\n", "").replace("linear: 10", "linear: 20")
    facts = made(BASE, new)
    pool = next(cause for cause in facts.causes if cause.roots)
    fc = next(cause for cause in facts.causes if not cause.roots)
    assert fc.own.inference.params == 10 * (64 * 16**2 + 1)
    assert fc.downstream == FREE
    assert pool.downstream.inference.params == 20 * 3 * 64 * 16**2
    assert not facts.shared


def test_what_two_changes_do_to_the_same_axes_is_shared(made):
    """conv3 works on 96^2 / 4 positions in place of 64^2 / 16: neither the larger image nor the missing pool alone."""
    new = BASE.replace("  - max_pool: 2\n    name: pool2\n", "").replace("[3, 64, 64]", "[3, 96, 96]")
    facts = made(BASE, new)
    (shared,) = facts.shared
    assert sorted(shared.causes) == [0, 1]
    assert shared.reached == ("conv3", "relu_3", "fc")
    assert shared.cost.inference.macs == (48**2 - 16**2) * (288 * 64 + 64 * 10)


def test_what_is_put_in_twice_is_told_apart(made):
    """The 40 maps that the last layer reads are those of the first block's new layer; the norm hands them on."""
    blocks = """
blocks:
  one:
    - conv: {filters: 16, kernel: 3, padding: 1}
  two:
    - conv: {filters: 8, kernel: 3, padding: 1}
layers:
  - one
  - two
"""
    old = f"name: N\ninput: [3, 8, 8]{blocks}"
    new = old.replace(
        "filters: 16, kernel: 3, padding: 1}\n",
        "filters: 16, kernel: 3, padding: 1}\n    - conv: {filters: 40, kernel: 1}\n",
    )
    facts = made(old, new.replace("two:\n", "two:\n    - batch_norm\n"))
    conv, norm = sorted(facts.causes, key=lambda cause: len(cause.reached), reverse=True)
    assert [change.layer.name for change in conv.changes] == ["one.conv_2"]
    assert conv.downstream.inference.params == 8 * 9 * (40 - 16)
    assert norm.downstream == FREE
    assert not facts.shared


def test_a_block_that_is_put_in_follows_the_maps_that_it_is_given(made):
    """A second block, and twice as many maps: its convolution is made for those, and would refuse the old ones.

    That fc reads 8 maps more is the doing of the stem and of the first block's convolution, which are summed.
    """
    text = """
name: N
input: [3, 8, 8]
variables: {width: 8, blocks: 1}
blocks:
  block(filters):
    - add:
        residual: [conv: {filters: filters, kernel: 3, padding: 1}]
        shortcut: []
layers:
  - conv: {filters: width, kernel: 1}
    name: stem
  - block: width
    repeat: blocks
  - flatten
  - linear: 10
    name: fc
"""
    facts = made(text, text.replace("width: 8, blocks: 1", "width: 16, blocks: 2"))
    (block,) = (number for number, cause in enumerate(facts.causes) if cause.roots)
    assert facts.causes[block].own.inference.params == 16 * (16 * 9 + 1)
    assert facts.causes[block].downstream == FREE
    assert not any(block in shared.causes for shared in facts.shared)
    assert by_layer(facts)["fc"].upstream.inference.params == 10 * 8 * 8**2


def test_a_type(made):
    """A relu overwrites its input, a gelu keeps an output of its own."""
    facts = made(BASE, BASE.replace("- relu", "- gelu", 1))
    cause = only(facts)
    assert cause.changes[0].retyped
    assert cause.own.inference.activations == 16 * 64**2
    assert cause.downstream == FREE


def test_a_name_costs_nothing(made):
    facts = made(BASE, BASE.replace("name: conv2", "name: middle"))
    (change,) = facts.changes
    assert change.renamed
    assert change.kind is Kind.CHANGED
    assert not facts.causes
    assert facts.anything


def test_nothing(made):
    facts = made(BASE, BASE.replace("name: Base", "name: Other"))
    assert not facts.anything
    assert not facts.changes
    assert not facts.causes


def test_numbers_of_automatic_names_are_no_change(made):
    new = BASE.replace("name: conv1\n", "name: conv1\n  - dropout: 0.5\n").replace("pool1\n", "pool1\n  - relu\n")
    assert {change.layer.name for change in made(BASE, new).changes} == {"dropout", "relu_2"}


# --- who reads what -------------------------------------------------------------------------------


def test_another_reader_keeps_what_was_overwritten(made):
    """The relu may no longer write over conv3, which the sum reads too: 64 x 16 x 16 numbers, by the sum's doing."""
    new = BASE.replace("name: conv3\n  - relu\n", "name: conv3\n  - relu\n  - add:\n    from: [previous, conv3]\n")
    facts = made(BASE, new)
    cause = only(facts)
    assert [change.layer.name for change in cause.changes] == ["add"]
    assert cause.own.inference.activations == 64 * 16**2
    assert cause.downstream.inference == (0, 0, 0, 0, 64 * 16**2)
    assert cause.reached == ("relu_3",)


READS_ACTIVE = """
name: N
input: [3, 32, 32]
layers:
  - conv: {filters: 32, kernel: 3, padding: 1}
    name: active
  - conv: {filters: 32, kernel: 1}
    name: point
  - relu:
    name: over
  - add:
    from: [previous, active]
  - flatten
  - linear: 10
    name: fc
"""


def test_what_reads_another_layer_is_that_layers_other_reader(made):
    """The sum reads point now, which the relu may no longer overwrite; fc's 20 outputs have no part in that."""
    new = READS_ACTIVE.replace("[previous, active]", "[previous, point]").replace("linear: 10", "linear: 20")
    facts = made(READS_ACTIVE, new)
    add = next(cause for cause in facts.causes if cause.changes[0].rewired)
    assert add.downstream.inference == (0, 0, 0, 0, 32 * 32**2)
    assert add.reached == ("over",)
    assert not facts.shared


def test_an_output_is_a_reader(made):
    facts = made(BASE, f"{BASE}outputs: [fc, conv3]\n")
    assert facts.outputs == (("fc",), ("fc", "conv3"))
    cause = only(facts)
    assert cause.outputs
    assert cause.downstream.inference == (0, 0, 0, 0, 64 * 16**2)


def test_reads_another_layer(made):
    text = BASE.replace(
        "  - flatten", "  - conv: {filters: 32, kernel: 1}\n  - add:\n    from: [previous, pool2]\n  - flatten"
    )
    facts = made(text, text.replace("from: [previous, pool2]", "from: [previous, previous]"))
    assert by_layer(facts)["add"].rewired
    other = text.replace("add:\n    from: [previous, pool2]", "concat:\n    from: [previous, pool2]")
    facts = made(other, other.replace("[previous, pool2]", "[previous, conv3]"))
    change = by_layer(facts)["concat"]
    # 64 channels of conv3 in place of 32 of pool2: fc reads 32 x 16 x 16 numbers more.
    assert change.rewired
    assert only(facts).downstream.inference.params == 10 * 32 * 16**2


def test_one_more_branch(made):
    """A branch of 8 filters is put beside: the concat, and fc behind it, read 8 maps more by its doing."""
    text = BASE.replace(
        "  - conv: {filters: 64, kernel: 3, padding: 1}\n    name: conv3",
        "  - concat:\n      left: [conv: {filters: 32, kernel: 1}]\n      right: [conv: {filters: 32, kernel: 1}]",
    )
    new = text.replace("right: [", "middle: [conv: {filters: 8, kernel: 1}]\n      right: [")
    facts = made(text, new)
    cause = only(facts)
    assert [change.layer.name for change in cause.changes] == ["middle.conv"]
    assert cause.own.inference.params == 8 * 33
    assert cause.downstream.inference.params == 10 * 8 * 16**2
    assert not by_layer(facts)["concat"].rewired


def test_a_block_around_layers_costs_nothing(made):
    blocks = "blocks:\n  stem(filters):\n    - conv: {filters: filters, kernel: 3, padding: 1}\n    - relu\nlayers:\n"
    new = BASE.replace("layers:\n", blocks).replace(
        "  - conv: {filters: 16, kernel: 3, padding: 1}\n    name: conv1\n  - relu\n", "  - stem: 16\n"
    )
    facts = made(BASE, new)
    assert {change.old.name: change.new.name for change in facts.changes} == {"conv1": "stem.conv", "relu": "stem.relu"}
    assert not facts.causes


def test_what_moved_costs_where_it_stands_now(made):
    """The norm of 16 maps stands behind the pool now: a quarter of its positions, and all else as before."""
    old = BASE.replace("name: conv1\n", "name: conv1\n  - lrn: {size: 5}\n    name: norm\n").replace(
        "name: pool1", "name: pool1"
    )
    new = BASE.replace("name: pool1\n", "name: pool1\n  - lrn: {size: 5}\n    name: norm\n")
    facts = made(old, new)
    cause = only(facts)
    assert cause.changes[0].moved
    assert cause.own.inference.activations == -16 * (64**2 - 32**2)
    assert cause.downstream.inference[:3] == (0, 0, 0)


# --- shared weights, training only ----------------------------------------------------------------


def test_shared_weights(made):
    text = "name: T\ninput: [8, 16, 16]\nlayers:\n  - conv: {filters: 8, kernel: 3, padding: 1}\n    name: a\n"
    old = f"{text}  - conv: {{filters: 8, kernel: 3, padding: 1}}\n    name: b\n"
    facts = made(old, f"{old}    weights: a\n")
    (change,) = facts.changes
    assert change.shared
    assert only(facts).own.inference == (-(8 * 9 + 1) * 8, 0, 0, 0, 0)


def test_frozen_weights(made):
    """Freezing a layer moves its weights to the buffers, and is the cause of that alone."""
    text = "name: T\ninput: [8, 16, 16]\nlayers:\n  - conv: {filters: 8, kernel: 3, padding: 1}\n    name: a\n"
    facts = made(text, f"{text}    frozen: true\n  - relu\n")
    change = next(change for change in facts.changes if change.layer.name == "a")
    assert change.is_freezing_changed
    cost = change.own.inference
    # 8 x 8 x 9 weights and 8 biases.
    assert (cost.params, cost.buffers, cost.macs, cost.flops) == (-584, 584, 0, 0)
    wider = text.replace("input: [8,", "input: [4,")
    facts = made(f"{text}    frozen: true\n", f"{wider}    frozen: true\n")
    (change,) = facts.changes
    assert not change.is_freezing_changed
    # 8 x 4 x 9 weights fewer, none of which were parameters.
    assert (change.difference.inference.params, change.difference.inference.buffers) == (0, -288)


def test_training_only(made):
    """An auxiliary head costs nothing at inference; one that becomes part of the training alone saves all of it."""
    head = "    name: pool1\n  - branch: {aux: [global_avg_pool, linear: 10]}\n"
    with_head = BASE.replace("    name: pool1\n", head)
    in_training = with_head.replace(head, f"{head}    training_only: true\n")
    cause = next(cause for cause in made(BASE, in_training).causes if cause.roots)
    assert cause.own.inference == (0, 0, 0, 0, 0)
    assert cause.own.training.params == 170
    facts = made(with_head, in_training)
    assert all(change.in_training_changed for change in facts.changes)
    assert facts.new_totals.params - facts.old_totals.params == -170
    assert facts.new_totals.training.params == facts.old_totals.training.params


# --- what is one cause ----------------------------------------------------------------------------


def test_an_edit_of_a_block_is_one_cause(made):
    blocks = "blocks:\n  unit(filters):\n    - conv: {filters: filters, kernel: 3, padding: 1}\n    - relu\n"
    old = f"name: N\ninput: [3, 32, 32]\n{blocks}layers:\n  - unit: 8\n    repeat: 4\n"
    kernel = only(made(old, old.replace("kernel: 3, padding: 1", "kernel: 1")))
    assert len(kernel.changes) == 4
    # 8 filters of 3 + 3 x 8 maps have 8 weights less a map.
    assert kernel.own.inference.params == -8 * 8 * (3 + 3 * 8)
    norm = only(made(old, old.replace("    - relu\n", "    - batch_norm\n    - relu\n")))
    assert len(norm.roots) == 4


def test_more_of_the_same_is_one_cause():
    """ResNet-101: 17 bottlenecks of (1024 x 256 + 9 x 256 x 256 + 256 x 1024) weights and 2 x 1536 of norms."""
    facts = checked(diff(load("resnet50"), load("resnet101")))
    cause = only(facts)
    assert len(cause.roots) == 17
    assert cause.own.inference.params == 17 * (2 * 1024 * 256 + 9 * 256**2 + 2 * 1536)
    assert cause.downstream == FREE
    assert all(change.kind is Kind.ADDED for change in facts.changes)


def test_batch_norm_in_vgg16():
    """4,224 channels of 13 convolutions, each with a factor and an addend: 8,448, and nothing downstream."""
    facts = checked(diff(load("vgg16"), load("vgg16_bn")))
    cause = only(facts)
    assert len(cause.roots) == 13
    assert cause.own.inference[:3] == (8_448, 8_448, 0)


def test_resnext_is_resnet_with_other_convolutions():
    """Its blocks hand on what ResNet-50's do (Xie et al. 2016, Table 1): nothing leaves a block but through restore."""
    facts = checked(diff(load("resnet50"), load("resnext50_32x4d")))
    names = {change.layer.name.split(".", 1)[1] for change in facts.changes if change.kind is Kind.CHANGED}
    assert names == {"residual.reduce.conv", "residual.3x3.conv"}
    assert not {change.layer.name for change in facts.changes if change.layer.name.endswith(("add", "fc"))}
    assert not facts.shared


# --- sums -----------------------------------------------------------------------------------------

PAIRS = [
    ("vgg16", "vgg19"),
    ("alexnet", "zfnet"),
    ("mobilenet_v1", "mobilenet_v2"),
    ("efficientnet_b0", "efficientnet_b7"),
    ("densenet121", "densenet201"),
    ("googlenet", "googlenet_torchvision"),
    ("googlenet", "inception_v3"),
    ("unet", "fcn8s_vgg16"),
    ("siamese", "lenet5"),
    ("hrnet_w18", "hrnet_w64"),
    ("shufflenet_v1", "shufflenet_v2_x1_0"),
    ("resnet50", "resnet18"),
    ("m5", "r3d_18"),
    ("mnasnet0_5", "mnasnet1_3"),
    ("inception_v4", "inception_resnet_v2"),
]


@pytest.mark.parametrize("both", PAIRS, ids="_".join)
@pytest.mark.parametrize("backwards", [False, True], ids=["", "backwards"])
def test_sums_of_published_networks(both, backwards):
    old, new = both[::-1] if backwards else both
    checked(diff(load(old), load(new)))


def test_at_another_size():
    """Only the input changed: so it is to blame for everything."""
    cause = only(checked(diff(load("mobilenet_v2"), load("mobilenet_v2", (), [("", "3x160x160")]))))
    assert cause.inputs
    assert cause.downstream.inference.params == 0


def test_there_and_back_is_nothing():
    """What a change costs, its reversal saves."""
    there, back = (diff(load(one), load(two)) for one, two in (("vgg16", "vgg19"), ("vgg19", "vgg16")))
    forwards, backwards = (sorted(cause.own.inference for cause in facts.causes) for facts in (there, back))
    assert forwards == sorted(Figure(*(-number for number in figure)) for figure in backwards)


@pytest.mark.parametrize(("old", "new"), [("resnet1001", "resnet1001"), ("resnet1001", "resnet164")])
def test_thousands_of_layers(old, new):
    checked(diff(load(old), load(new)))


CONV = "conv: {{filters: {}, kernel: {}, padding: same, stride: {}}}".format
SUM = "add: {{a: [conv: {{filters: {0}, kernel: 1}}], b: [conv: {{filters: {0}, kernel: 1}}, relu]}}".format
CONCAT = "concat: {{a: [], b: [conv: {{filters: {}, kernel: 3, padding: 1}}]}}".format
ITEMS = st.one_of(
    st.builds(CONV, st.sampled_from([4, 8, 12]), st.sampled_from([1, 3]), st.sampled_from([1, 1, 2])),
    st.sampled_from(["relu", "gelu", "batch_norm", "dropout: 0.5", "lrn: {size: 3}", "max_pool: 2", "scale"]),
    st.builds(SUM, st.sampled_from([4, 8])),
    st.builds(CONCAT, st.sampled_from([4, 8])),
    st.just("branch: {side: [global_avg_pool, linear: 3]}"),
)
NAMES = st.one_of(st.none(), st.sampled_from("abcdefgh"))
EXTRAS = st.sampled_from(["", "", "", "", "training_only: true", "frozen: true", "from: input", "weights: a"])
LISTS = st.lists(st.tuples(ITEMS, NAMES, EXTRAS), min_size=1, max_size=9)
KINDS = st.sampled_from(["insert", "remove", "replace", "swap", "rename"])
EDITS = st.lists(st.tuples(KINDS, st.integers(0, 9), ITEMS, NAMES, EXTRAS), max_size=4)
SIZES = st.sampled_from([16, 16, 20])


def edited(layers, edits):
    layers = list(layers)
    for what, number, *layer in edits:
        place = number % (len(layers) + 1)
        if what == "insert":
            layers.insert(place, tuple(layer))
        elif place < len(layers):
            if what == "remove" and len(layers) > 1:
                del layers[place]
            elif what == "replace":
                layers[place] = tuple(layer)
            elif what == "rename":
                layers[place] = (layers[place][0], layer[1], layers[place][2])
            elif what == "swap":
                layers[place], layers[-1] = layers[-1], layers[place]
    return layers


def written(layers, image):
    lines = ["name: N", f"input: [3, {image}, {image}]", "layers:"]
    taken = set()
    for item, name, extra in layers:
        lines.append(f"  - {item}" if ":" in item else f"  - {item}:")
        if name and name not in taken and not item.startswith("branch"):
            lines.append(f"    name: {name}")
            taken.add(name)
        if extra and (not extra.startswith("training") or item.startswith("branch")):
            lines.append(f"    {extra}")
    return "\n".join([*lines, "  - flatten", "  - linear: 5", "    name: last"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(layers=LISTS, edits=EDITS, images=st.tuples(SIZES, SIZES))
def test_sums_of_edits(layers, edits, images, made):
    """Whatever is edited: every difference is booked once, and what did not change is not told."""
    old, new = written(layers, images[0]), written(edited(layers, edits), images[1])
    try:
        facts = made(old, new)
        same = made(old, old)
    except SpecError:
        return
    assert not same.anything
    assert facts.anything or old == new or not facts.causes
    for change in facts.changes:
        assert change.kind is not Kind.CONSEQUENCE or change.own == FREE
        assert change.cause is None or change.cause < len(facts.causes)


def parallel(count, filters):
    """Convolutions of an input of 8 channels, a join of all of them, and a convolution to 4 channels."""
    names = ", ".join(f"c{number}" for number in range(count))
    lines = "".join(f"  - conv: [{filters}, 1]\n    name: c{number}\n    from: input\n" for number in range(count))
    return f"input: [8, 2, 2]\nlayers:\n{lines}  - concat:\n    from: [{names}]\n  - conv: [4, 1]\n    name: last\n"


@pytest.mark.parametrize("count", [100, 101])
def test_what_very_many_changes_alter_together_is_shared_by_all(made, count):
    """Each convolution has 9 parameters more; the last one 4 more for each of them, which all of them alter."""
    facts = made(parallel(count, 8), parallel(count, 9))
    assert len(facts.causes) == count
    assert {cause.own.inference.params for cause in facts.causes} == {9}
    last = next(change for change in facts.changes if change.layer.name == "last")
    assert last.upstream.inference.params == 4 * count
    assert last.upstream_causes == tuple(range(count))
    assert {shared.causes for shared in facts.shared} == {tuple(range(count))}


def test_beyond_that_no_set_of_causes_is_kept_for_each_layer(made):
    """Behind the join of 101, 50 layers would each have a set of its own; there is one."""
    behind = "".join(f"  - conv: [4, 1]\n    name: d{number}\n    from: concat\n" for number in range(50))
    facts = made(parallel(101, 8) + behind, parallel(101, 9) + behind)
    sets = {id(change.upstream_causes) for change in facts.changes if len(change.upstream_causes) > 1}
    assert len(sets) == 1


def test_no_key_names_each_of_very_many_causes(made):
    """It would take as long as they are many, for each layer that all of them reach."""
    facts = made(parallel(101, 8), parallel(101, 9))
    differ = diff_module._Differ(facts.old, facts.new)
    assert differ.diff().shared[0].causes == tuple(range(101))
    assert [len(causes) for causes in differ.ledger.together] == [1]


def test_outputs_in_another_order_are_the_same(made):
    names = [f"c{number}" for number in range(200)]
    lines = "".join(f"  - conv: [8, 1]\n    name: {name}\n    from: input\n" for name in names)
    text = f"input: [8, 2, 2]\nlayers:\n{lines}outputs: [{{}}]\n"
    assert not made(text.format(", ".join(names)), text.format(", ".join(names[::-1]))).anything


def reversed_convs(count):
    """Distinct convolutions one after the other, and the same names and numbers of filters in the opposite order."""
    text = f"input: [8, 2, 2]\nlayers:\n  - conv: [{{filters}}, 1]\n    repeat: {count}\n    name: c{{{{{{index}}}}}}\n"
    filters = ("index + 1", f"{count} - index")
    names = ("index", f"{count - 1} - index")
    return [text.format(filters=one, index=two) for one, two in zip(filters, names, strict=True)]


def test_causes_of_moved_layers_are_in_the_order_of_the_network(made):
    """Not in that of their hashes, which differs from run to run."""
    facts = made(*reversed_convs(20))
    moved = [change for change in facts.changes if change.moved]
    assert len(moved) == 19
    assert [cause.changes[0] for cause in facts.causes if cause.changes[0].moved] == moved


def test_what_a_layer_is_asked_for_grows_with_the_layers(made, monkeypatch):
    """Its shape and its weights on each side, and once more on the old shapes; its name once in each tree and match."""
    asked = {"names": 0, "weights": 0}
    given_name, weights = alignment.given_name, Conv.weights

    def counted_name(node):
        asked["names"] += 1
        return given_name(node)

    def counted_weights(self, inputs):
        asked["weights"] += 1
        return weights(self, inputs)

    monkeypatch.setattr(alignment, "given_name", counted_name)
    monkeypatch.setattr(Conv, "weights", counted_weights)
    figures_of.cache_clear()
    made(*reversed_convs(100))
    assert asked["weights"] <= 3 * 100
    # The roots are nodes too.
    assert asked["names"] <= 4 * 101


def test_changes_are_counted_as_work(spec):
    text = "input: [3, 4, 4]\nlayers:\n  - conv: [{filters}, 1]\n    repeat: 7\n"
    old, new = spec(text.format(filters=4)), spec(text.format(filters=5))
    with limits.using(Limits(work=7 * Cost.CHANGE)):
        assert len(diff(old, new).changes) == 7
    with (
        limits.using(Limits(work=7 * Cost.CHANGE - 1)),
        pytest.raises(SpecError, match="very many layers changed takes more"),
    ):
        diff(old, new)
    # Layers that did not change cost nothing.
    with limits.using(Limits(work=1)):
        assert not diff(old, spec(text.format(filters=4))).changes
