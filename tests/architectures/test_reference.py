"""Every layer with weights and every pool of the bundled networks, against figures found without cnncalc."""

import pytest
from reference.reading import FIGURES, compared_rows, network_layers, read_reference

from cnncalc.network.build import load

KINDS = {"depthwise_conv": "conv", "einsum": "product", "matmul": "product"}  # what is compared as one


@pytest.mark.parametrize(
    "figures", [row for row in FIGURES if row["layers"]], ids=lambda row: f"{row['network']}-{row['layers']}"
)
def test_layers(figures):
    expected = read_reference(figures["layers"])
    found = compared_rows((layer.name, measured(layer)) for layer in network_layers(figures))
    kinds = [(row["name"], row["kind"]) for row in found]
    assert len(found) == len(expected), f"{kinds} for {[(row['name'], row['kind']) for row in expected]}"
    names = {number: row["name"] for number, row in enumerate(found, start=1)}
    for ours, theirs in zip(found, expected, strict=True):
        recorded = {key: ours[key] for key in theirs}
        assert with_names(recorded, names) == with_names({**theirs, "name": ours["name"]}, names), (
            f"{ours['name']} is not {theirs['name']} of {figures['layers']}"
        )


def with_names(row, names):
    """A row that tells by name which layers it reads, where it tells it."""
    return {**row, "reads": {names.get(read, read) for read in row["reads"]}} if "reads" in row else row


@pytest.mark.parametrize("figures", [row for row in FIGURES if row["layers"]], ids=lambda row: row["layers"])
def test_the_layers_of_a_source_add_up_to_its_totals(figures):
    rows = read_reference(figures["layers"])
    for key in ("params", "buffers", "macs"):
        if all(key in row for row in rows):
            assert sum(row[key] for row in rows) == int(figures[key])


def test_googlenet_has_the_names_of_caffe():
    names = [layer.name for layer in load("googlenet").layers]
    caffe = [row["name"].replace("/", ".") for row in read_reference("caffe/googlenet.csv")]
    modules = [name for name in caffe if name.startswith("inception")]
    assert [name for name in names if name in modules] == modules


def measured(layer):
    """All that a reference may record of a layer."""
    row = {
        "name": layer.name,
        "kind": "conv" if is_linear_at_each_position(layer) else KINDS.get(layer.type, layer.type),
        "reads": layer.inputs,
        "output": str(layer.output_shape),
        "params": layer.params,
        "buffers": layer.buffers,
        "macs": layer.macs,
    }
    if layer.type in ("conv", "depthwise_conv", "conv_transpose", "max_pool", "avg_pool", "subsample"):
        windows = layer.figures.type.windows(layer.input_shapes)
        row["kernel"] = tuple(window.kernel for window in windows)
        row["stride"] = tuple(window.stride for window in windows)
        row["padding"] = tuple(
            window.before if window.before == window.after else (window.before, window.after) for window in windows
        )
        row["dilation"] = tuple(window.dilation for window in windows)
    if layer.type in ("conv", "conv_transpose"):
        row["groups"] = layer.settings["groups"]
    if layer.type == "depthwise_conv":
        row["groups"] = layer.input_shapes[0].channels
    if layer.type == "linear" and layer.output_shape.rank:
        row["kind"] = "conv"  # at each position of a map: sources write either
        channels, *positions = layer.output_shape
        row["output"] = "x".join(map(str, (channels, *(size for size in positions if size > 1))))
    return row


def is_linear_at_each_position(layer):
    """Whether it is a linear layer over the channels of a map, which a source may have as a 1x1 convolution."""
    return layer.type == "linear" and bool(layer.output_shape.spatial)
