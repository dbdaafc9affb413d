"""Layers that nothing comes into: how they are built, and what the analyses make of them."""

from __future__ import annotations

import pytest

from cnncalc.analyses.receptive_field import fields
from cnncalc.analyses.regions import region
from cnncalc.analyses.totals import totals, weight_layers
from cnncalc.errors import SpecError

# A class token before 4 x 4 patches of 8 x 8, and positions that are added.
TOKENS = """
input: [3, 32, 32]
layers:
  - conv: {filters: 16, kernel: 8, stride: 8}
  - flatten: 1
  - concat:
      axis: 1
      branches:
        - [parameter: [16, 1]]
        - []
  - add:
      tokens: []
      position: [parameter: {shape: in_shape}]
"""


def test_a_learned_tensor_has_parameters_and_no_input(spec):
    net = spec(TOKENS)
    token, position = (layer for layer in net.layers if layer.type == "parameter")
    assert (token.inputs, token.input_shapes, token.output_shape, token.params) == ((), (), (16, 1), 16)
    assert (position.name, position.output_shape, position.params) == ("position.parameter", (16, 17), 272)
    # 16 filters of 3 x 8 x 8 with biases, the token and the positions.
    assert totals(net).params == 16 * 3 * 64 + 16 + 16 + 272
    # A learned tensor takes no memory beside its parameters: the input, the map, the tokens and the sum do.
    assert totals(net).activations == 3 * 32 * 32 + 16 * 16 + 16 * 17 + 16 * 17


def test_its_field_is_nothing(spec):
    net = spec(TOKENS)
    found = fields(net)
    assert found.of("position.parameter") == {}
    assert found.gates == ()
    height, width = found.of("add")["input"]
    assert (height.size, width.size, height.whole, width.whole) == (8, 8, False, False)
    assert region(net, "add", (0,))["input"].boxes == ()
    # Token 6 is patch 5: row 1, column 1.
    assert region(net, "add", (6,))["input"].boxes == ((((8, 15),), ((8, 15),)),)


def test_a_learned_gain_is_no_gate(spec):
    net = spec("""
input: [4, 8, 8]
layers:
  - conv: {filters: 4, kernel: 3, padding: 1}
  - multiply:
      - []
      - [parameter: [4, 1, 1]]
""")
    found = fields(net)
    assert found.gates == ()
    assert [axis.size for axis in found.of("multiply")["input"]] == [3, 3]


def test_what_is_repeated_over_a_learned_tensor_is_no_gate_either(spec):
    net = spec("""
input: [4, 8, 8]
layers:
  - max_pool: 8
  - add:
      - []
      - [parameter: [4, 5, 5]]
""")
    assert fields(net).gates == ()
    assert [axis.whole for axis in fields(net).of("add")["input"]] == [True, True]


def test_it_starts_a_path_of_its_own(spec):
    """The longest path goes through three layers, not through those before and behind the tensor."""
    net = spec("""
input: [4]
layers:
  - linear: 4
  - linear: 4
  - linear: 4
    name: deep
  - parameter: [4]
  - linear: 4
  - add:
    from: [previous, deep]
""")
    assert weight_layers(net) == 3


def test_its_weights_can_be_shared(spec):
    net = spec("""
input: [3, 8, 8]
blocks:
  bias:
    - add:
        - []
        - [parameter: {shape: [in_channels, 1, 1]}]
layers:
  - bias:
    name: first
  - bias:
    name: second
    weights: first
""")
    assert totals(net).params == 3
    assert [layer.weights_from for layer in net.layers] == [None, None, "first.parameter", None]


def test_it_may_come_before_anything_is_read(spec):
    net = spec("""
input: {a: [3, 8], b: [3, 8]}
layers:
  - parameter: [3, 8]
    name: gain
  - multiply:
    from: [a, gain]
  - add:
    from: [previous, b]
""")
    assert net.layers[1].inputs == ("a", "gain")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("parameter: {shape: [3]}\n    from: input", "nothing comes into parameter; leave from out"),
        ("parameter", "parameter needs shape; shape: sizes of the tensor, channels first"),
        ("parameter: 0", "parameter: shape takes a list of whole numbers of at least 1, not 0"),
        ("parameter: [3, -1]", "parameter: shape takes a list of whole numbers of at least 1, not [3, -1]"),
        (f"parameter: {[1] * 65}", "shape has 65 sizes, more than 64; no framework has tensors of more axes"),
    ],
)
def test_messages(spec, item, message):
    with pytest.raises(SpecError) as caught:
        spec(f"input: [3, 8, 8]\nlayers:\n  - {item}\n")
    assert str(caught.value).endswith(message)
