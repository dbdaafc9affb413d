from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._groups import check_groups
from cnncalc.layers._windowed import (
    Windowed,
    dilation_remarks,
    kernel_positions,
    spread_all,
    spread_size_formula,
    spread_windows,
)
from cnncalc.layers.contract import (
    INPUT,
    Formulas,
    Matrices,
    Operations,
    Remark,
    Role,
    Shapes,
    Weight,
    Wiring,
    feature_map,
    remark,
)
from cnncalc.layers.shapes import Shape, SpreadWindow, WholeWindow, Window, quotient
from cnncalc.syntax.settings import PerAxis, flag, padding_of, per_axis, whole


class ConvTranspose(Windowed, name="conv_transpose"):
    """Transposed convolution: each input position spreads a filter over the output, `stride` apart.

    The gradient of a `conv` with the same settings, with PyTorch's rule for the output's size
    (Dumoulin & Visin 2016, arXiv:1603.07285). `padding` crops rows and columns of the output;
    `same` crops or adds rows and columns so that the output is stride x the input size, as in Keras;
    `valid` crops none. If several output sizes are possible, `size` chooses one, like PyTorch's `output_size`;
    it replaces `output_padding`. Each weight costs one multiply-accumulate per input position, cropped
    outputs included, and a bias one add per output element.
    """

    also_known_as = ("Deconvolution", "deconv", "transposed_conv", "conv_trans", "upconv", "转置卷积", "反卷积")

    filters: int = whole("number of filters, one per output channel", example=64)
    kernel: PerAxis = per_axis("size of the filters", example=3)
    stride: PerAxis = per_axis("distance between neighboring inputs in the output", default=1)
    padding: PerAxis | str = padding_of("rows and columns cropped from each side of the output")
    output_padding: PerAxis = per_axis("rows and columns added at the end of the output", default=0, minimum=0)
    dilation: PerAxis = per_axis("distance between a filter's taps", default=1)
    groups: int = whole("number of channel groups, each convolved separately", default=1, example=4)
    bias: bool = flag("whether each filter has a learnable bias", default=True)
    size: PerAxis | None = per_axis(
        "size of the output", default=None, absent="follows from the other settings", example=28
    )

    role = Role.CONVOLUTION
    pytorch = "ConvTranspose"
    keeps = (INPUT,)
    counts_as_depth = True

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        check_groups("groups", self.groups, (image.channels, "input channels"), (self.filters, "filters"))
        windows = self.windows(inputs)
        if self.size is None:
            for window in windows:
                self._check_output_padding(window)
        return Shape((self.filters, *spread_all(windows, image, self.size)))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        kernel = tuple(window.kernel for window in self.windows(inputs))
        weight = Weight("weight", (inputs[0].channels, quotient(self.filters, self.groups), *kernel))
        return (weight, Weight("bias", (self.filters,))) if self.bias else (weight,)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        rows = quotient(self.filters, self.groups) * kernel_positions(self.windows(inputs))
        return Matrices(self.groups, rows, quotient(inputs[0].channels, self.groups), inputs[0].positions, True)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("transposed"), *dilation_remarks(self.windows(inputs)))

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        biases = output.elements if self.bias else 0
        full = ConvTranspose(**{**vars(self), "groups": 1}) if self.groups > 1 else None
        return Wiring(inputs[0].positions * self.weights(inputs)[0].size, biases, full)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(
            multiply_accumulates=inputs[0].positions * self.weights(inputs)[0].size,
            adds=output.elements if self.bias else 0,
        )

    def windows(self, inputs: Shapes) -> tuple[SpreadWindow, ...]:
        return spread_windows(
            inputs[0],
            self.kernel,
            self.stride,
            self.padding,
            dilation=self.dilation,
            output_padding=self.output_padding,
            size=self.size,
        )

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(self.filters) if self.groups == 1 else None

    def formulas(self) -> Formulas:
        pairs = "in_channels * filters" if self.groups == 1 else "in_channels * (filters / groups)"
        # The settings do not contain the rows that `same` and `size` add.
        is_added = bool(self.output_padding or self.size or self.padding == "same")
        formulas = {
            "out_channels": "filters",
            "out_size": spread_size_formula(self.padding, self.dilation, is_added=is_added),
            "weight": f"{pairs} * kernel_positions",
            "multiply_accumulates": f"in_positions * {pairs} * kernel_positions",
        }
        return {**formulas, "bias": "filters", "adds": "out_elements"} if self.bias else formulas

    def _check_output_padding(self, window: SpreadWindow) -> None:
        most = max(window.stride, window.dilation) - 1
        if window.output_padding > most:
            raise RuleError(
                f"output_padding {window.output_padding} is not smaller than stride {window.stride}"
                f" or dilation {window.dilation}",
                "output_padding",
                f"use output_padding of at most {most}",
            )
