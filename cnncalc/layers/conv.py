from __future__ import annotations

from math import prod

from cnncalc.errors import RuleError
from cnncalc.layers._groups import check_groups
from cnncalc.layers._windowed import (
    Windowed,
    dilation_remarks,
    kernel_positions,
    name_padding,
    pads_same,
    saved_input,
    size_formula,
    sliding_windows,
)
from cnncalc.layers.contract import (
    STATISTIC_BYTES,
    WEIGHTS,
    Formulas,
    Matrices,
    Operations,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    Wiring,
    feature_map,
    own,
    remark,
)
from cnncalc.layers.shapes import Shape, SlidingWindow, WholeWindow, Window, quotient, slide_all
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import PerAxis, choice, flag, padding_of, per_axis, table, whole


class Conv(Windowed, name="conv"):
    """Convolution: filters that slide over the input and share their weights at every position.

    It has as many dimensions as the input: 1, 2 or 3. With `groups`, a filter reads only its
    group's channels. With `connections`, filter i reads only the input channels listed in
    row i, like C3 of LeNet-5 (LeCun et al. 1998, Table I).

    Each weight costs one multiply-accumulate per output position, and a bias one add per output element.
    With `standardize`, the weights of each filter are normalized to mean 0 and variance 1 before use (Qiao et
    al. 2019, arXiv:1903.10520): `plain` as in timm's StdConv2d, `gain` with a learnable scale for each filter, as in
    its ScaledStdConv2d (Brock et al. 2021, arXiv:2101.08692). Its operations are not counted: they do not depend on
    the input, so they can run once before inference, although timm repeats them in every pass.
    """

    also_known_as = ("Convolution", "convolutional", "atrous_conv", "dilated_conv", "pointwise_conv", "卷积", "卷积层")

    filters: int = whole("number of filters, one per output channel", example=64)
    kernel: PerAxis = per_axis("size of the filters", example=3)
    stride: PerAxis = per_axis("step of the filters", default=1)
    padding: PerAxis | str = padding_of("rows and columns of zeros around the input")
    dilation: PerAxis = per_axis("distance between a filter's taps", default=1)
    groups: int = whole("number of channel groups, each convolved separately", default=1, example=4)
    bias: bool = flag("whether each filter has a learnable bias", default=True)
    connections: tuple[tuple[int, ...], ...] | None = table(
        "input channels that each filter reads, counted from 0", default=None, absent="all of them"
    )
    standardize: str | None = choice(
        "how the weights of each filter are standardized", ("plain", "gain"), default=None, absent="not at all"
    )

    role = Role.CONVOLUTION
    pytorch = "Conv"
    counts_as_depth = True

    @property
    def implementation(self) -> str:
        """PyTorch has no module that standardizes weights: networks subclass its convolution.

        A padding that is given as `same` runs another operator than one that is given as a number.
        """
        if self.standardize is not None:
            return f"{self.pytorch}.standardized_{self.standardize}"
        return name_padding(self.pytorch, self.padding, self.stride)

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        check_groups("groups", self.groups, (image.channels, "input channels"), (self.filters, "filters"))
        if self.connections is not None:
            self._check_connections(image.channels)
        windows = self.windows(inputs)
        try:
            return Shape((self.filters, *slide_all(windows, image)))
        except RuleError as error:
            # In PyTorch's order, the filters are in the place of the kernel.
            if self.filters == image.channels and max(window.kernel for window in windows) >= self.filters:
                hint = f"{error.hint}; the positional order of conv is filters, kernel, without the input channels"
                raise RuleError(error.message, error.setting, hint) from None
            raise

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        weight = Weight("weight", self._weight_shape(inputs))
        bias = (Weight("bias", (self.filters,)),) if self.bias else ()
        gain = (Weight("gain", (self.filters,)),) if self.standardize == "gain" else ()
        return (weight, *bias, *gain)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        read = quotient(inputs[0].channels, self.groups) * kernel_positions(self.windows(inputs))
        return Matrices(self.groups, quotient(self.filters, self.groups), read, output.positions, False)

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        image = saved_input(inputs[0], self.windows(inputs), same=pads_same(self.padding, self.stride))
        if self.standardize is None:
            return (image,)
        # The weights go through a batch norm, in which each filter is a channel.
        weight = own(prod(self._weight_shape(inputs)), per_sample=False)
        statistics = (3 if self.standardize == "gain" else 2) * self.filters
        return (image, weight, own(statistics, STATISTIC_BYTES, per_sample=False, needed_for=(WEIGHTS,)))

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        windows = self.windows(inputs)
        point: tuple[Remark, ...] = ()
        if kernel_positions(windows) == 1 and self.groups > 1:
            group_in, group_out = quotient(inputs[0].channels, self.groups), quotient(self.filters, self.groups)
            point = (remark("pointwise_groups", group_in=group_in, group_out=group_out),)
        elif kernel_positions(windows) == 1 and self.connections is None:
            point = (remark("pointwise_conv"),)
        partly = (
            ()
            if self.connections is None
            else (remark("partly_connected", all_pairs=self.filters * inputs[0].channels),)
        )
        standardized = () if self.standardize is None else (remark(f"standardized_{self.standardize}"),)
        return (*point, *partly, *dilation_remarks(windows), *standardized)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        biases = output.elements if self.bias else 0
        partly = self.groups > 1 or self.connections is not None
        full = Conv(**{**vars(self), "groups": 1, "connections": None}) if partly else None
        return Wiring(output.positions * prod(self._weight_shape(inputs)), biases, full)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(
            multiply_accumulates=output.positions * prod(self._weight_shape(inputs)),
            adds=output.elements if self.bias else 0,
        )

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        return sliding_windows(inputs[0], self.kernel, self.stride, self.padding, self.dilation)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(self.filters) if self.groups == 1 and self.connections is None else None

    def formulas(self) -> Formulas:
        grouped = "filters * in_channels" if self.groups == 1 else "filters * (in_channels / groups)"
        pairs = grouped if self.connections is None else "pairs"
        formulas = {
            "out_channels": "filters",
            "out_size": size_formula(self.padding, self.dilation),
            "weight": f"{pairs} * kernel_positions",
            "multiply_accumulates": f"out_positions * {pairs} * kernel_positions",
        }
        if self.bias:
            formulas |= {"bias": "filters", "adds": "out_elements"}
        return {**formulas, "gain": "filters"} if self.standardize == "gain" else formulas

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        pairs = {} if self.connections is None else {"pairs": self._pairs}
        return {**super().symbols(inputs, output), **pairs}

    def _weight_shape(self, inputs: Shapes) -> tuple[int, ...]:
        kernel = [window.kernel for window in self.windows(inputs)]
        if self.connections is None:
            return (self.filters, quotient(inputs[0].channels, self.groups), *kernel)
        return (self._pairs, *kernel)

    @property
    def _pairs(self) -> int:
        """Pairs of an input channel and a filter that reads it."""
        return sum(map(len, self.connections or ()))

    def _check_connections(self, channels: int) -> None:
        rows = self.connections or ()
        if self.groups > 1:
            raise RuleError("connections and groups are mutually exclusive", "connections", "leave groups at 1")
        if len(rows) != self.filters:
            raise RuleError(
                f"connections has {len(rows)} rows for {self.filters} filters",
                "connections",
                "write a row per filter",
            )
        for number, row in enumerate(rows):
            if max(row) >= channels:
                raise RuleError(
                    f"row {number} of connections reads channel {max(row)}, but the input has {channels} channels",
                    "connections",
                    f"use channels 0 to {channels - 1}",
                )
            if len(set(row)) != len(row):
                raise RuleError(
                    f"row {number} of connections reads a channel twice", "connections", "list each channel once"
                )
