"""Topologies of SCALE-Sim, a simulator of systolic arrays (github.com/scalesim-project/SCALE-Sim, 1d62b68).

A row is a convolution: the sizes of its input and filters, channels, number of filters, and one stride. SCALE-Sim knows
no padding, and computes ceil((input - filter) / stride) + 1 outputs along an axis. So the input sizes here are those
that the filters cover, padding included, with which it computes the sizes and multiply-accumulates of the network.
`unpadded` writes the input sizes themselves, as its own files do; its outputs are then smaller.

A row whose name contains DP is depthwise: SCALE-Sim makes it one convolution per channel. Groups and the matrix
products of attention are a row each, and a linear layer is a 1x1 convolution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnncalc import limits
from cnncalc.errors import Problem, RuleError, SpecError
from cnncalc.exporters import ExportedNetwork
from cnncalc.layers._products import Product
from cnncalc.layers.contract import Matrices
from cnncalc.layers.shapes import SlidingWindow
from cnncalc.network.records import Layer, inference_layers
from cnncalc.record import Record

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
# Fields are neither quoted nor escaped.
NOT_IN_NAMES = re.compile(r"[^\w./]")
DEPTHWISE = "DP"
CONVOLUTIONS = ("conv", "depthwise_conv")


class TopologyRow(Record):
    """`repeats` equal convolutions; one per channel if `depthwise`."""

    image: tuple[int, int]
    kernel: tuple[int, int]
    channels: int
    filters: int
    stride: int = 1
    repeats: int = 1
    depthwise: bool = False


def export(source: ExportedNetwork, *, unpadded: bool = False) -> Iterator[str]:
    """The lines of a topology. Raises SpecError with every layer that costs multiply-accumulates and has no row."""
    most = limits.current().layers
    rows: list[tuple[Layer, TopologyRow]] = []
    problems = []
    count = 0
    for layer in inference_layers(source.network.layers):
        if not layer.macs:
            continue
        try:
            row = _row(layer, unpadded=unpadded)
        except RuleError as error:
            problems.append(Problem(layer.span, f"{layer.name} {error.message}", error.hint))
            continue
        count += row.repeats
        if count > most:
            message = f"the topology has more than {most:,} rows, one per group or matrix product"
            raise SpecError([Problem(layer.span, message, limits.raised("layers"))])
        rows.append((layer, row))
    if problems:
        raise SpecError(problems)
    return _lines(rows)


def _lines(rows: list[tuple[Layer, TopologyRow]]) -> Iterator[str]:
    yield HEADER
    for layer, row in rows:
        name = NOT_IN_NAMES.sub("_", layer.name).replace(DEPTHWISE, "Dp")
        end = f"_{DEPTHWISE}" if row.depthwise else ""
        sizes = ",".join(map(str, (*row.image, *row.kernel, row.channels, row.filters, row.stride)))
        for number in range(row.repeats):
            yield f"{name}{f'_{number + 1}' if row.repeats > 1 else end},{sizes},"


def _row(layer: Layer, *, unpadded: bool) -> TopologyRow:
    """The row of a layer. Raises RuleError, whose message follows the layer's name."""
    kind = layer.figures.type
    matrices = kind.matrices(layer.input_shapes, layer.output_shape)
    if layer.type in CONVOLUTIONS and matrices is not None:
        return _convolution(layer, matrices, unpadded=unpadded)
    if layer.type == "linear":
        features, inner = layer.weights[0].shape
        rank, spatial = layer.output_shape.rank, layer.output_shape.spatial
        # Along the channels it is a 1x1 convolution of a map.
        positions = spatial if layer.settings["axis"] == 0 and rank == 2 else layer.output_shape[:0]
        height, width = positions or (layer.output_shape.elements // features, 1)
        return TopologyRow((height, width), (1, 1), inner, features)
    if isinstance(kind, Product) and (found := kind.as_matrices(layer.input_shapes)):
        batch, rows, inner, columns = found
        return TopologyRow((rows, 1), (1, 1), inner, columns, repeats=batch)
    raise RuleError(f"is of type {layer.type}, and SCALE-Sim has only convolutions and products of two matrices")


def _convolution(layer: Layer, matrices: Matrices, *, unpadded: bool) -> TopologyRow:
    image, output = layer.input_shapes[0], layer.output_shape
    if image.rank > 2:
        raise RuleError(f"is a convolution over {image.rank} axes, and SCALE-Sim has 2")
    if layer.settings.get("connections") is not None:
        raise RuleError("has connections, and in SCALE-Sim a filter reads all channels")
    windows = [window for window in layer.figures.type.windows(layer.input_shapes) if type(window) is SlidingWindow]
    if any(window.dilation > 1 and window.kernel > 1 for window in windows):
        raise RuleError("has a dilation, and SCALE-Sim has none")
    # Along an axis with one output, the stride does not matter.
    strides = {window.stride for window, size in zip(windows, output.spatial, strict=True) if size > 1} or {1}
    if len(strides) > 1:
        numbers = " and ".join(map(str, sorted(strides)))
        raise RuleError(f"has the strides {numbers}, and SCALE-Sim has one for both axes")
    axes = [
        (size if unpadded else (wide - 1) * window.stride + window.kernel, window.kernel)
        for window, size, wide in zip(windows, image.spatial, output.spatial, strict=True)
    ]
    (height, tall), (width, broad) = [(1, 1)] * (2 - len(axes)) + axes
    if tall > height or broad > width:
        hint = "leave out --unpadded, so that its padding counts"
        raise RuleError(f"has filters of {tall}x{broad} on an input of {height}x{width}", None, hint)
    groups, filters = matrices.products, matrices.rows
    inner = image.channels // groups
    row = TopologyRow((height, width), (tall, broad), inner, filters, strides.pop())
    if groups > 1 and inner == 1:
        return row._replace(channels=groups, depthwise=True)
    return row._replace(repeats=groups)
