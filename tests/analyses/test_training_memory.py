"""The memory of a training step, by hand arithmetic."""

import csv

import pytest
from reference.reading import REFERENCE

import cnncalc
from cnncalc.analyses.measures import Measures, Unmeasurable
from cnncalc.analyses.training_memory import Optimizer, training_memory

# A convolution of 8 filters on 3x10x10, batch norm, ReLU, and 5 scores of the mean of each channel.
SMALL = """\
input: [3, 10, 10]
layers:
  - {conv: {filters: 8, kernel: 3, padding: 1}, name: conv}
  - {batch_norm: , name: norm}
  - {relu: , name: relu}
  - {global_avg_pool: , name: pool}
  - {linear: 5, name: scores}
"""
PARAMS = 8 * 3 * 9 + 8 + 2 * 8 + 8 * 5 + 5
BUFFERS = 2 * 8
MAP = 8 * 10 * 10
STATISTICS = 2 * 8 * 4
# The image for the convolution, its output for the norm, the norm's output in ReLU, and the mean of each channel.
KEPT = 4 * (300 + MAP + MAP + 8)


@pytest.mark.parametrize(("optimizer", "states"), [("sgd", 0), ("momentum", 1), ("adam", 2), ("adamw", 2)], ids=str)
def test_a_step_has_weights_gradients_states_and_tensors(spec, optimizer, states):
    memory = training_memory(spec(SMALL), optimizer=Optimizer.named(optimizer))
    assert memory.params.amount(7) == memory.gradients.amount(7) == 4 * PARAMS
    assert memory.buffers.amount(7) == 4 * BUFFERS
    assert memory.optimizer_state.amount(7) == 4 * states * PARAMS
    assert memory.saved_for_backward(7) == 7 * KEPT + STATISTICS
    assert memory.amount(7) == 4 * ((2 + states) * PARAMS + BUFFERS) + 7 * KEPT + STATISTICS


def test_mixed_precision_keeps_casts_and_maps_in_float16(spec):
    """The weights of the convolution and of the linear layer are cast, and so are the image and all maps."""
    memory = training_memory(spec(SMALL), mixed=True)
    casts = 2 * (8 * 3 * 9 + 8 * 5)
    assert memory.params.amount(1) == 4 * PARAMS
    assert memory.saved_for_backward(3) == 3 * KEPT // 2 + STATISTICS + casts


def test_what_is_frozen_has_no_gradient_and_no_state(spec):
    """Without a gradient before the linear layer, its input alone is kept."""
    frozen = SMALL.replace("name: conv}", "name: conv, frozen: true}").replace(
        "name: norm}", "name: norm, frozen: true}"
    )
    memory = training_memory(spec(frozen), optimizer=Optimizer.ADAM)
    assert memory.gradients.amount(1) == 4 * (8 * 5 + 5)
    assert memory.optimizer_state.amount(1) == 2 * 4 * (8 * 5 + 5)
    assert memory.saved_for_backward(1) == 4 * 8


BLOCKS = """\
input: [4, 10, 10]
blocks:
  pair:
    - {conv: {filters: 4, kernel: 3, padding: 1, bias: false}, name: conv}
    - {relu: , name: relu}
    - {conv: {filters: 4, kernel: 3, padding: 1, bias: false}, name: again}
layers:
  - {pair: , name: one}
  - {pair: , name: two}
  - {sigmoid: , name: end}
"""
IMAGE = 4 * 4 * 10 * 10


def test_recomputed_blocks_keep_their_inputs(spec):
    """One keeps the image, two the output of one, and the sigmoid its own. The ReLU of one block is recomputed.

    When the backward pass of two starts, that of the sigmoid is over: the image, the output of one, and the ReLU.
    """
    memory = training_memory(spec(BLOCKS), checkpoints=("one", "two"))
    assert memory.all_saved.amount(1) == 5 * IMAGE
    assert [
        (block.name, block.kept.amount(1), block.kept_so_far.amount(1), block.recomputed.amount(1))
        for block in memory.blocks
    ] == [
        ("one", IMAGE, IMAGE, IMAGE),
        ("two", IMAGE, 2 * IMAGE, IMAGE),
    ]
    assert memory.kept.amount(1) == memory.saved_for_backward(1) == 3 * IMAGE
    assert memory.recomputed_macs == 4 * (100 * 4 * 4 * 9)


def test_one_recomputed_block_alone(spec):
    """The image, a ReLU, the output of one and the sigmoid are kept; in the end the ReLU of two takes its place."""
    memory = training_memory(spec(BLOCKS), checkpoints=("t*",))
    assert [block.name for block in memory.blocks] == ["two"]
    assert memory.saved_for_backward(1) == 4 * IMAGE
    assert memory.recomputed_macs == 2 * (100 * 4 * 4 * 9)


def test_the_output_of_a_recomputed_block_is_made_again(spec):
    """A block that ends with ReLU keeps its output, which the convolution behind it has kept already: a second copy.

    After the forward pass, the image and the input of `last` are kept; in the backward pass of the block, also the
    second copy of its output. Its backward pass is that of the peak.
    """
    text = "input: [4, 10, 10]\nblocks:\n  one:\n    - {conv: [4, 1]}\n    - relu\nlayers:\n  - {one: , name: one}\n"
    memory = training_memory(spec(f"{text}  - {{conv: [4, 1], name: last}}\n"), checkpoints=("one",))
    assert (memory.kept.amount(1), memory.blocks[0].recomputed.amount(1)) == (2 * IMAGE, IMAGE)


RECOMPUTED = list(csv.DictReader((REFERENCE / "recomputed.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize(
    ("name", "pattern", "variables"),
    [
        ("resnet50", "conv*_*", {"stride_in_3x3": True}),
        ("resnet18", "conv*_*", {}),
        ("densenet121", "denseblock*", {}),
        ("mobilenet_v2", "stage*.block*", {}),
    ],
)
def test_recomputed_blocks_are_those_of_pytorch(name, pattern, variables):
    """Every block under torch.utils.checkpoint: what is kept by then, what its second forward pass keeps, its MACs.

    A dense block of torchvision begins with a concatenation of one map, which copies the input of the block.
    """
    memory = training_memory(cnncalc.load(name, variables=variables).facts, checkpoints=(pattern,))
    rows = [row for row in RECOMPUTED if row["network"] == name]
    figures = [(block.kept_so_far.amount(1), block.recomputed.amount(1), block.macs) for block in memory.blocks]
    copies = [block.kept.amount(1) if name == "densenet121" else 0 for block in memory.blocks]
    assert figures == [
        (int(row["kept"]), int(row["recomputed"]) - copy, int(row["macs"]))
        for row, copy in zip(rows, copies, strict=True)
    ]
    assert memory.saved_for_backward(1) == max(memory.kept.amount(1), *[kept + again for kept, again, _ in figures])


def test_a_pattern_without_a_block_is_refused(spec):
    with pytest.raises(KeyError, match="three"):
        training_memory(spec(BLOCKS), checkpoints=("one", "three"))


@pytest.mark.parametrize("checkpoints", [(), ("conv*",)], ids=["kept", "recomputed"])
@pytest.mark.parametrize("limit", [2**30, 8 * 2**30, 24 * 2**30, 24 * 2**30 + 1])
def test_the_largest_batch_fits_and_the_next_does_not(limit, checkpoints):
    memory = training_memory(cnncalc.load("resnet50").facts, optimizer=Optimizer.ADAM, checkpoints=checkpoints)
    batch = memory.fit(limit)
    assert batch
    assert memory.amount(batch) <= limit < memory.amount(batch + 1)


def test_no_batch_fits_below_one_sample(spec):
    memory = training_memory(spec(SMALL))
    one = memory.amount(1)
    assert (memory.fit(one), memory.fit(one - 1), memory.fit(0)) == (1, 0, 0)


@pytest.mark.parametrize("network", ["resnet50", "densenet121", "googlenet", "mobilenet_v2"])
def test_recomputation_never_keeps_more_and_recomputes_what_it_spares(network):
    """Of every set of blocks at one depth, the tensors are at most those without recomputation."""
    facts = cnncalc.load(network).facts
    memory = training_memory(facts)
    for pattern in ("*", "*.*"):
        if not any(group.name.count(".") == pattern.count(".") for group in facts.groups):
            continue
        spared = training_memory(facts, checkpoints=(pattern,))
        assert spared.kept.amount(4) <= spared.saved_for_backward(4) <= memory.saved_for_backward(4)
        assert spared.recomputed_macs > 0


def test_quantities_of_a_network_and_its_layers(spec):
    """Batch norm keeps the convolution's output and its statistics; of float16, statistics remain float32."""
    measures = Measures(spec(SMALL), batch=3)
    assert measures.of_network("saved_for_backward") == 3 * KEPT + STATISTICS
    assert measures.of_node(measures.nodes["norm"], "saved_for_backward") == 3 * 4 * MAP + STATISTICS
    assert measures.of_network("training_memory") == 4 * (2 * PARAMS + BUFFERS) + 3 * KEPT + STATISTICS
    half = Measures(spec(SMALL), dtype_size=2)
    assert half.of_network("saved_for_backward") == KEPT // 2 + STATISTICS
    assert half.of_network("training_memory") == 2 * (2 * PARAMS + BUFFERS) + KEPT // 2 + STATISTICS


def test_quantities_of_an_unknown_layer_are_refused(spec):
    measures = Measures(spec(f"{SMALL}  - {{opaque: {{output: 5, params: 1, macs: 0}}, name: mystery}}\n"))
    for quantity in ("saved_for_backward", "training_memory"):
        with pytest.raises(Unmeasurable, match="what 'mystery' \\(opaque\\) keeps for the backward pass is unknown"):
            measures.of_network(quantity)
    assert measures.of_node(measures.nodes["relu"], "saved_for_backward") == 4 * MAP
