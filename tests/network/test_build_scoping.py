"""Shapes of named tensors, chosen types, recursion, shared passes and frozen weights, in networks that are built."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc import limits
from cnncalc.errors import SpecError
from cnncalc.limits import Limits
from cnncalc.network import build
from cnncalc.network.build.cache import BlockCache
from cnncalc.network.build.types import TypeChooser
from cnncalc.network.records import Layer, LayerGraph


@pytest.fixture
def built(tmp_path: Path):
    """Builds the network of a text."""

    def load(text: str, *settings: tuple[str, str]) -> LayerGraph:
        path = tmp_path / "net.yaml"
        path.write_text(text, encoding="utf-8")
        return build.load(str(path), settings)

    return load


def layer(network: LayerGraph, name: str) -> Layer:
    return next(layer for layer in network.layers if layer.name == name)


# --- shapes of named tensors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("shape('a')[0]", 4),
        ("shape(a)[0]", 4),
        ("shape('stem.inner')[0]", 6),
        ("shape('input')[0]", 3),
        ("shape(input)[0]", 3),
        # The item above, not what from names.
        ("shape('previous')[0]", 5),
        ("in_shape[0]", 4),
        ("sum(shape('a')[1:])", 14),
        ("len(shape(a)[:2])", 2),
        ("shape(words[1])[0]", 6),
        ("in_channels + shape(a)[0]", 8),
    ],
)
def test_shapes_by_the_names_of_from(text: str, filters: int, built) -> None:
    network = built(
        f"""
        input: [3, 9, 9]
        variables: {{words: ["'a'", "'stem.inner'"]}}
        layers:
          - conv: {{filters: 4, kernel: 3}}
            name: a
          - layers:
              - conv: {{filters: 6, kernel: 1}}
                name: inner
              - relu
            name: stem
          - conv: [5, 1]
          - conv: {{filters: "{text}", kernel: 1}}
            name: b
            from: a
        """
    )
    assert layer(network, "b").output_shape.channels == filters


def test_shapes_in_conditions_loops_and_names_of_inputs(built) -> None:
    network = built(
        """
        input: {left: [2, 8], right: [3, 16]}
        layers:
          - conv: {filters: "shape(right)[0]", kernel: 1}
            from: left
          - relu:
            when: shape('left')[1] < shape('right')[1]
          - sigmoid:
            when: shape('left')[1] > shape('right')[1]
          - tanh:
            repeat: shape('previous')[0]
        outputs: tanh
        """
    )
    assert [one.type for one in network.layers] == ["conv", "relu", "tanh", "tanh", "tanh"]


def test_a_branch_asks_for_the_item_above_it(built) -> None:
    network = built(
        """
        input: [3, 8]
        layers:
          - conv: [4, 1]
            name: a
          - conv: [5, 1]
          - concat:
              one: [conv: {filters: "shape('previous')[0]", kernel: 1}]
              two: [relu, conv: {filters: "shape('previous')[0]", kernel: 1}]
            from: a
        """
    )
    assert layer(network, "one.conv").output_shape == (4, 8)
    assert layer(network, "two.conv").output_shape == (4, 8)


COPIED = """
input: [3, 16, 16]
blocks:
  merge(size, like; filters=shape('like')[0]):
    - conv: {filters: "shape('size')[0]", kernel: 1}
      from: like
      name: first
    - upsample: {size: "shape(size)[1:]"}
    - conv: {filters: filters, kernel: 1}
  around:
    - merge:
      from: [input, input]
layers:
  - conv: {filters: 4, kernel: 1}
    name: a
  - max_pool: 2
    name: b
  - max_pool: 2
    name: c
  - merge:
    from: [a, b]
    name: ab
  - merge:
    from: [b, c]
    name: bc
  - merge:
    from: [a, c]
    name: ac
  - around:
    from: b
    name: one
  - around:
    from: a
    name: two
  - around:
    from: b
    name: three
"""


def test_copies_know_the_shapes_that_their_blocks_ask_for(built, monkeypatch: pytest.MonkeyPatch) -> None:
    network = built(COPIED)
    assert layer(network, "ab.upsample").output_shape == (4, 16, 16)
    assert layer(network, "bc.upsample").output_shape == (4, 8, 8)
    assert layer(network, "ac.upsample").output_shape == (4, 16, 16)
    assert layer(network, "two.merge.upsample").output_shape == (4, 16, 16)
    assert layer(network, "three.merge.upsample").output_shape == (4, 8, 8)
    monkeypatch.setattr(BlockCache, "find", lambda cache, key, place: None)
    assert built(COPIED) == network


# --- types as values --------------------------------------------------------------------------------


def test_a_type_from_the_command_line(built) -> None:
    text = "input: [3, 8, 8]\nvariables: {act: relu}\nlayers:\n  - type: act\n"
    assert [one.type for one in built(text).layers] == ["relu"]
    assert [one.type for one in built(text, ("act", "silu")).layers] == ["silu"]
    with pytest.raises(SpecError, match="did you mean 'silu'"):
        built(text, ("act", "sillu"))


def test_an_argument_goes_before_set(built) -> None:
    network = built(
        """
        input: [3, 8, 8]
        blocks:
          unit(kind):
            - type: kind
              set: {filters: in_channels + 1, kernel: 3}
        layers:
          - unit: conv
          - unit: {kind: {conv: {kernel: 1, bias: false}}}
          - unit: {kind: {conv: [7]}}
        """
    )
    # 3 x 4 x 9 + 4, 4 x 5, and 5 x 7 x 9 + 7.
    assert [one.params for one in network.layers] == [112, 20, 322]


def test_values_with_equal_words_are_told_apart(built) -> None:
    network = built(
        """
        input: [3, 8, 8]
        blocks:
          unit(act): [{type: act}]
        layers:
          - unit: leaky_relu
          - unit: {act: {leaky_relu: 0.5}}
          - unit: {act: {leaky_relu: {slope: 0.25}}}
          - unit: leaky_relu
        """
    )
    slopes = [float(one.settings["slope"]) for one in network.layers]
    assert slopes == [slopes[0], 0.5, 0.25, slopes[0]]
    assert slopes[0] not in (0.5, 0.25)


def test_the_same_choice_is_made_once(built, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    call = TypeChooser._call
    monkeypatch.setattr(TypeChooser, "_call", lambda *given: made.append(given[1]) or call(*given))
    text = "input: [3, 8, 8]\nvariables: {act: relu}\nlayers:\n  - type: act\n    repeat: 100\n"
    assert len(built(text).layers) == 100
    assert made == ["relu"]


def test_a_join_and_a_block_are_types(built) -> None:
    network = built(
        """
        input: [3, 8, 8]
        blocks:
          both(a, b; join=add):
            - type: join
              from: [a, b]
        layers:
          - relu
          - both:
            from: [previous, input]
          - both: concat
            from: [previous, input]
          - type: unit
            for: {unit: [both]}
            set: multiply
            from: [input, input]
        """
    )
    assert [one.type for one in network.layers] == ["relu", "add", "concat", "multiply"]
    assert layer(network, "both_2.concat").output_shape == (6, 8, 8)


# --- recursion --------------------------------------------------------------------------------------

TREE = """
input: [3, 8, 8]
variables: {depth: 4}
blocks:
  tree(depth):
    - add:
        - [relu]
        - - tree: depth - 1
            when: depth > 1
          - sigmoid
layers:
  - tree: depth
"""


def test_recursion_ends_where_its_condition_does(built) -> None:
    types = [one.type for one in built(TREE).layers]
    assert (types.count("relu"), types.count("sigmoid"), types.count("add")) == (4, 4, 4)
    assert len(built(TREE, ("depth", "1")).layers) == 3


def test_recursion_is_bounded_by_the_nesting_limit(built) -> None:
    with pytest.raises(SpecError) as error:
        built(TREE, ("depth", "1000"))
    (problem,) = error.value.problems
    assert problem.message == "the block 'tree' uses itself until blocks are nested more than 60 deep"
    with limits.using(Limits(nesting=30)), pytest.raises(SpecError, match="more than 30 deep"):
        built(TREE, ("depth", "1000"))


def test_recursion_through_a_value_is_bounded_as_well(built) -> None:
    text = "input: [3, 8, 8]\nblocks:\n  endless(next): [relu, {type: next, set: [next]}]\nlayers: [endless: endless]\n"
    with pytest.raises(SpecError, match="'endless' uses itself until blocks are nested more than 60 deep"):
        built(text)


# --- weights shared by passes, and frozen weights ---------------------------------------------------


def test_passes_share_the_weights_of_the_first_that_is_placed(built) -> None:
    network = built(
        """
        input: [3, 8, 8]
        blocks:
          unit: [{conv: [3, 1]}, batch_norm, relu]
        layers:
          - unit:
            repeat: 3
            share_weights: true
            name: u
            when: index > 0
          - conv: [3, 1]
            repeat: 2
            share_weights: true
            name: c{index}
          - layers: [{conv: [3, 1]}, {conv: [3, 1]}]
            repeat: 2
            share_weights: true
        """
    )
    shared = {one.name: one.weights_from for one in network.layers if one.weights_from}
    assert shared == {
        "u.2.conv": "u.1.conv",
        "u.2.batch_norm": "u.1.batch_norm",
        "c1": "c0",
        "layers.1.conv": "layers.0.conv",
        "layers.1.conv_2": "layers.0.conv_2",
    }
    # 3 x 3 + 3 is a conv; scale and shift of 3 channels.
    assert sum(one.params for one in network.layers) == 12 + 6 + 12 + 24


def test_frozen_weights_are_buffers(built) -> None:
    text = """
        input: [3, 8, 8]
        blocks:
          unit: [{conv: [4, 3]}, batch_norm, relu]
        layers:
          - unit:
            frozen: true
          - unit
          - conv: {filters: 4, kernel: 1}
            frozen: true
            training_only: true
        """
    network = built(text)
    # A conv of 4 x 3 x 9 + 4, and scale, shift, mean and variance of 4 channels.
    assert [(one.params, one.buffers) for one in network.layers[:3]] == [(0, 112), (0, 16), (0, 0)]
    # 4 x 4 x 9 + 4.
    assert [(one.params, one.buffers) for one in network.layers[3:6]] == [(148, 0), (8, 8), (0, 0)]
    assert [one.frozen for one in network.layers] == [True, True, False, False, False, False, True]
    assert (network.layers[6].training_only, network.layers[6].buffers) == (True, 20)


def test_frozen_may_name_the_layer_types_with_the_weights(built) -> None:
    text = """
        input: [4, 8, 8]
        blocks:
          unit: [{conv: [4, 1]}, batch_norm, {group_norm: 2}, {scale: null}]
          inner:
            - unit:
              frozen: FROZEN
        layers:
          - unit:
            frozen: batch_norm
          - inner:
            frozen: [batch_norm, group_norm]
          - unit
        """

    def learned(frozen: str) -> list[int]:
        return [layer.params for layer in built(text.replace("FROZEN", frozen)).layers]

    # A conv of 4 x 4 + 4; scale and shift of 4 channels, twice; a factor for each channel.
    assert learned("false") == [20, 0, 8, 4, 20, 0, 0, 4, 20, 8, 8, 4]
    assert learned("scale") == [20, 0, 8, 4, 20, 0, 0, 0, 20, 8, 8, 4]
    assert learned("true") == [20, 0, 8, 4, 0, 0, 0, 0, 20, 8, 8, 4]


def test_batch_norms_of_a_network_as_an_item_are_frozen_alone(built) -> None:
    text = """
        input: [3, 64, 64]
        layers:
          - network: resnet50
            frozen: batch_norm
        """
    # ResNet-50 normalizes 26,560 channels, each with scale, shift, mean and variance.
    network = built(text)
    assert sum(layer.params for layer in network.layers) == 25_557_032 - 2 * 26_560
    assert sum(layer.buffers for layer in network.layers) == 4 * 26_560


def test_a_frozen_block_is_no_copy_of_one_that_learns(built) -> None:
    text = """
        input: [4, 8, 8]
        blocks:
          unit: [{conv: [4, 1]}]
        layers:
          - {unit: null, from: input}
          - {unit: null, from: input, frozen: true}
          - {unit: null, from: input}
        outputs: [unit, unit_2, unit_3]
        """
    assert [one.params for one in built(text).layers] == [20, 0, 20]


def test_a_block_may_use_any_input_by_a_value_or_for_its_shape_alone(built) -> None:
    network = built(
        """
        input: [3, 8, 8]
        blocks:
          like:
            - conv: {filters: "shape('model')[0]", kernel: 1}
              from: input
          chosen(word):
            - relu:
              from: input
            - add:
              from: [previous, word]
        layers:
          - conv: [5, 1]
          - like:
            from: {input: previous, model: input}
          - chosen: "'second'"
            from: {input: previous, second: previous}
        """
    )
    assert layer(network, "like.conv").output_shape.channels == 3
    assert layer(network, "chosen.add").inputs == ("chosen.relu", "like.conv")


# --- inputs by name ---------------------------------------------------------------------------------


def test_a_block_with_one_named_input_reads_the_item_above(built) -> None:
    network = built(
        """
        input: [3, 8, 8]
        blocks:
          head(features; filters=2):
            - relu
            - concat:
              from: [previous, features]
        layers:
          - conv: [4, 1]
          - head
          - head: {filters: 3}
            from: conv
        """
    )
    assert layer(network, "head.concat").inputs == ("head.relu", "conv")
    assert layer(network, "head_2.concat").inputs == ("head_2.relu", "conv")
