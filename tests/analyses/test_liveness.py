"""Memory at inference: hand-made networks, and the arenas that TensorFlow Lite Micro recorded for public ones."""

from textwrap import dedent

import pytest

from cnncalc.analyses.arena import plan
from cnncalc.analyses.inference_memory import inference_memory
from cnncalc.analyses.liveness import Liveness, liveness
from cnncalc.network import build


@pytest.fixture
def network(spec):
    """The network of an indented spec."""
    return lambda text: spec(dedent(text))


def live(found: Liveness) -> list[int]:
    return [step.live for step in found.steps]


def storage(found: Liveness) -> list[str]:
    return [step.own_storage.value for step in found.steps]


class TestHandMade:
    """Every tensor has the 100 elements of the input, if nothing else is said."""

    def test_chain(self, network):
        """The input and the output of each layer; ReLU works in place."""
        found = liveness(
            network("""
                input: [1, 10, 10]
                layers:
                  - conv: {filters: 1, kernel: 3, padding: 1}
                  - relu
                  - conv: {filters: 3, kernel: 3, padding: 1}
            """)
        )
        assert live(found) == [200, 100, 400]
        assert storage(found) == ["new", "in place", "new"]
        assert (found.peak, found.at, found.inputs, found.outputs) == (400, 2, 100, 300)
        assert [(one.tensors, one.elements) for one in found.alive] == [(("conv_2",), 300), (("conv", "relu"), 100)]
        assert [(one.name, one.first, one.last) for one in found.storages] == [
            ("input", 0, 0),
            ("conv", 0, 2),
            ("conv_2", 2, 2),
        ]

    def test_skip_connection_stays_alive(self, network):
        """The ReLU before the convolution cannot overwrite what the sum reads: 100 + 100, + 100, 300 at the sum."""
        found = liveness(
            network("""
                input: [1, 10, 10]
                layers:
                  - {conv: {filters: 1, kernel: 1}, name: a}
                  - {relu: , name: b}
                  - {conv: {filters: 1, kernel: 1}, name: c}
                  - {add: , from: [a, c], name: d}
            """)
        )
        assert live(found) == [200, 200, 300, 300]
        assert storage(found) == ["new", "new", "new", "new"]

    def test_last_reader_works_in_place(self, network):
        """ReLU is not the only reader of a, but the last one: it may overwrite it."""
        found = liveness(
            network("""
                input: [1, 10, 10]
                layers:
                  - {conv: {filters: 1, kernel: 1}, name: a}
                  - {conv: {filters: 1, kernel: 1}, name: b}
                  - {relu: , from: a, name: c}
                  - {add: , from: [b, c], name: d}
            """)
        )
        assert storage(found) == ["new", "new", "in place", "new"]
        assert live(found) == [200, 200, 200, 300]

    def test_output_of_network_is_not_overwritten(self, network):
        found = liveness(
            network("""
                input: [1, 10, 10]
                outputs: [a, b]
                layers:
                  - {conv: {filters: 1, kernel: 1}, name: a}
                  - {relu: , name: b}
                  - {conv: {filters: 1, kernel: 1}, name: c, from: b}
                  - {add: , from: [b, c], name: d}
            """)
        )
        assert storage(found)[1] == "new"
        assert found.outputs == 200

    def test_views_keep_the_whole_tensor_alive(self, network):
        """Two halves of the channels are views: the convolution has 200 + 100, the join 200 more."""
        found = liveness(
            network("""
                input: [2, 10, 10]
                layers:
                  - {slice: {stop: 1}, name: first}
                  - {slice: {start: 1}, from: input, name: second}
                  - {conv: {filters: 1, kernel: 1}, from: first, name: a}
                  - {concat: , from: [a, second]}
            """)
        )
        assert storage(found) == ["view", "view", "new", "new"]
        assert live(found) == [200, 200, 300, 500]

    def test_part_of_a_tensor_is_not_overwritten(self, network):
        """ReLU of a half needs new memory, because the other half is in use."""
        found = liveness(
            network("""
                input: [2, 10, 10]
                layers:
                  - {slice: {stop: 1}, name: first}
                  - {relu: , name: a}
            """)
        )
        assert storage(found) == ["view", "new"]
        assert live(found) == [200, 300]

    def test_dropout_does_nothing(self, network):
        """At inference, the output of dropout is its input, even if others read that."""
        found = liveness(
            network("""
                input: [1, 10, 10]
                layers:
                  - {dropout: 0.5, name: a}
                  - {conv: {filters: 1, kernel: 1}, name: b}
                  - {add: , from: [b, input]}
            """)
        )
        assert storage(found) == ["view", "new", "new"]
        assert live(found) == [100, 200, 300]

    def test_weights_are_no_tensors(self, network):
        """A parameter is a view of the weights; ReLU does not overwrite it."""
        found = liveness(
            network("""
                input: [1, 10, 10]
                layers:
                  - {parameter: {shape: [1, 10, 10]}, name: p}
                  - {relu: , name: r}
                  - {add: , from: [r, input]}
            """)
        )
        assert storage(found) == ["view", "new", "new"]
        assert live(found) == [100, 200, 300]

    def test_batch_norm_can_be_folded(self, network):
        """At inference its output is new, as PyTorch computes it; compilers fold it into the convolution."""
        graph = network("""
            input: [1, 10, 10]
            layers:
              - conv: {filters: 1, kernel: 1}
              - conv: {filters: 4, kernel: 1}
              - batch_norm
        """)
        assert live(liveness(graph)) == [200, 500, 800]
        assert live(liveness(graph, folds=True)) == [200, 500, 400]

    def test_training_only_layers_do_not_run(self):
        found = liveness(build.load("googlenet"))
        assert not [step for step in found.steps if step.layer.training_only]

    def test_softmax_needs_new_memory(self, network):
        """Sigmoid overwrites its input, as an elementwise function; softmax reads all channels for each output."""
        found = liveness(
            network("""
                input: [1, 10, 10]
                layers:
                  - conv: {filters: 3, kernel: 1}
                  - sigmoid
                  - softmax
            """)
        )
        assert storage(found) == ["new", "in place", "new"]
        assert live(found) == [400, 300, 600]

    def test_several_inputs_are_there_from_the_start(self, network):
        found = liveness(
            network("""
                input: {left: [1, 10, 10], right: [1, 10, 10]}
                layers:
                  - {conv: {filters: 1, kernel: 1}, from: left, name: a}
                  - {add: , from: [a, right]}
            """)
        )
        assert live(found) == [300, 300]
        assert found.inputs == 200


def test_vgg16():
    """conv1_2 reads and writes 64 x 224 x 224 elements; weights: 138,357,544 (torchvision)."""
    found = inference_memory(build.load("vgg16"))
    assert found.liveness.peak == 2 * 64 * 224 * 224
    assert found.liveness.steps[found.liveness.at].layer.name == "conv1_2"
    assert found.params == 138_357_544


# Public int8 models (person_detect of tensorflow/tflite-micro 90b983c, the others of mlcommons/tiny 1afd2c9) as specs,
# with the head of the arena that the recording allocator of TensorFlow Lite Micro reported for them.
VISUAL_WAKE_WORDS = """
    input: [3, 96, 96]
    blocks:
      separable(filters, stride=1):
        - depthwise_conv: {kernel: 3, stride: stride, padding: same}
        - relu
        - conv: {filters: filters, kernel: 1}
        - relu
    layers:
      - conv: {filters: 8, kernel: 3, stride: 2, padding: same}
      - relu
      - separable: 16
      - separable: [32, 2]
      - separable: 32
      - separable: [64, 2]
      - separable: 64
      - separable: [128, 2]
      - separable: 128
      - separable: 128
      - separable: 128
      - separable: 128
      - separable: 128
      - separable: [256, 2]
      - separable: 256
      - global_avg_pool
      - flatten
      - linear: 2
      - softmax
"""
PERSON_DETECTION = """
    input: [1, 96, 96]
    blocks:
      separable(filters, stride=1):
        - depthwise_conv: {kernel: 3, stride: stride, padding: same}
        - relu6
        - conv: {filters: filters, kernel: 1}
        - relu6
    layers:
      - depthwise_conv: {kernel: 3, stride: 2, padding: same, multiplier: 8}
      - relu6
      - separable: 16
      - separable: [32, 2]
      - separable: 32
      - separable: [64, 2]
      - separable: 64
      - separable: [128, 2]
      - separable: 128
        repeat: 5
      - separable: [256, 2]
      - separable: 256
      - global_avg_pool
      - flatten
      - linear: 2
      - softmax
"""
IMAGE_CLASSIFICATION = """
    input: [3, 32, 32]
    blocks:
      residual(filters):
        - {conv: {filters: filters, kernel: 3, stride: 2, padding: same}, name: a}
        - {relu: , name: b}
        - {conv: {filters: filters, kernel: 3, padding: same}, name: c}
        - {conv: {filters: filters, kernel: 1, stride: 2}, from: input, name: d}
        - {add: , from: [d, c]}
        - relu
    layers:
      - {conv: {filters: 16, kernel: 3, padding: same}}
      - {relu: , name: start}
      - {conv: {filters: 16, kernel: 3, padding: same}}
      - relu
      - {conv: {filters: 16, kernel: 3, padding: same}, name: end}
      - {add: , from: [start, end]}
      - relu
      - residual: 32
      - residual: 64
      - global_avg_pool
      - flatten
      - linear: 10
      - softmax
"""
WAKE_WORDS = """
    input: [40, 30, 1]
    blocks:
      separable(filters, kernel):
        - depthwise_conv: {kernel: [kernel, 1]}
        - conv: {filters: filters, kernel: 1}
        - relu
    layers:
      - separable: [128, 3]
      - separable: [128, 5]
      - separable: [128, 10]
      - separable: [32, 15]
      - flatten
      - linear: 3
      - softmax
"""
KEYWORD_SPOTTING = """
    input: [1, 49, 10]
    blocks:
      separable:
        - depthwise_conv: {kernel: 3, padding: same}
        - relu
        - conv: {filters: 64, kernel: 1}
        - relu
    layers:
      - conv: {filters: 64, kernel: [10, 4], stride: 2, padding: same}
      - relu
      - separable:
        repeat: 4
      - global_avg_pool
      - flatten
      - linear: 12
      - softmax
"""


@pytest.mark.parametrize(
    ("text", "peak", "arena"),
    [
        (KEYWORD_SPOTTING, 16_000, 16_000),
        (PERSON_DETECTION, 55_296, 55_296),
        (IMAGE_CLASSIFICATION, 49_152, 49_152),
        (WAKE_WORDS, 6_656, 6_656),
        (VISUAL_WAKE_WORDS, 55_296, 73_728),
    ],
    ids=["kws_ref_model", "person_detect", "pretrainedResnet_quant", "str_ww_ref_model", "vww_96_int8"],
)
def test_recorded_arenas(text, peak, arena, network):
    found = liveness(network(text))
    assert found.peak == peak
    assert plan(found.storages).size == arena
