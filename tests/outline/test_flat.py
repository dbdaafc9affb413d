"""A network written flat is the same network."""

from pathlib import Path

import pytest
from looping import bases_and_variants

from cnncalc.network.build import load
from cnncalc.outline import flat

GOOD = Path(__file__).parent.parent / "good_specs"
SPECS = [*bases_and_variants(), *(str(path) for path in sorted(GOOD.glob("*.yaml")))]


@pytest.mark.parametrize("reference", SPECS, ids=lambda reference: Path(reference).stem)
def test_the_expanded_spec_gives_the_same_network(reference, spec):
    net = load(reference)
    text = "\n".join(flat.write(net))
    again = spec(text)
    assert [layer._replace(span=None, figures=None, written={}) for layer in again.layers] == [
        layer._replace(span=None, figures=None, written={}) for layer in net.layers
    ]
    assert [layer.figures for layer in again.layers] == [layer.figures for layer in net.layers]
    assert (again.name, again.source, again.inputs, again.outputs) == (net.name, net.source, net.inputs, net.outputs)
    assert "\n".join(flat.write(again)) == text


def test_settings_that_are_defaults_are_left_out(spec):
    net = spec(
        "input: [3, 8, 8]\nlayers: [{conv: {filters: 2 * 4, kernel: 3, stride: 1}}, {dropout: 0.5}, {dropout: 1 / 3}]"
    )
    assert list(flat.write(net))[-6:] == [
        "  - conv: {filters: 8, kernel: 3}",
        "    name: conv",
        "  - dropout: {}",
        "    name: dropout",
        "  - dropout: {rate: 1/3}",
        "    name: dropout_2",
    ]


@pytest.mark.parametrize("rate", ["1e-20", "1.5e-12", "0.1234567"])
def test_decimals_with_many_digits_are_read_again(rate, spec):
    """10^20 as a denominator is above the largest number of an expression, 2^63 - 1; 1e-20 is not."""
    net = spec(f"input: [3, 8, 8]\nlayers: [{{leaky_relu: {rate}}}]")
    text = list(flat.write(net))
    assert text[-2:] == [f"  - leaky_relu: {{slope: {rate}}}", "    name: leaky_relu"]
    assert spec("\n".join(text)).layers[0].settings == net.layers[0].settings
