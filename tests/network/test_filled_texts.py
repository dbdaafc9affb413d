"""Numbers of a spec in texts that a layer type reads itself."""

from __future__ import annotations

import pytest

from cnncalc.analyses.explanation import explain
from cnncalc.errors import SpecError

SCALED = """
input: [16, 49]
variables: {slope: -1/2}
blocks:
  gate(beta):
    - apply: x * sigmoid({beta} * x) + {2 + 1}
layers:
  - gate: slope
  - gate: 2
  - apply: x / sqrt({in_channels})
"""


def functions(net):
    return [layer.settings["function"] for layer in net.layers]


def test_numbers_are_filled_in(spec):
    net = spec(SCALED)
    assert functions(net) == ["x * sigmoid((-0.5) * x) + (2 + 1)", "x * sigmoid((2) * x) + (2 + 1)", "x / sqrt((16))"]
    # A number that is filled in costs what a written one does: 2 multiplies, 2 adds, a divide and an exponential.
    assert [layer.flops for layer in net.layers] == [6 * 16 * 49, 6 * 16 * 49, 16 * 49]


def test_the_expression_is_shown_as_it_is_written(spec):
    net = spec(SCALED)
    (setting,) = explain(net, "apply").origin.settings
    assert setting.written == "x / sqrt({in_channels})"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x * {nonsense}", "'nonsense' is not defined here"),
        ("x * {in_shape}", "a text takes numbers in braces, not [16, 49]"),
        ("x * {1 +}", "the expression ends where a value is expected"),
        ("x * {}", "the expression ends where a value is expected"),
        ("x * {in_width", "'{' is not understood here"),
        ("x * {in_width / 0}", "49 / 0 divides by zero"),
    ],
)
def test_messages(spec, text, message):
    with pytest.raises(SpecError) as caught:
        spec(f"input: [16, 49]\nlayers:\n  - apply: '{text}'\n")
    assert message in str(caught.value)
