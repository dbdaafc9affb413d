from __future__ import annotations

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
    remark,
)
from cnncalc.layers.conv import Conv
from cnncalc.layers.shapes import POINT, ResizeWindow, Shape, SlidingWindow, Window, slide_all
from cnncalc.syntax.settings import PerAxis, flag, padding_of, per_axis, whole


class DepthwiseConv(Windowed, name="depthwise_conv"):
    """Convolution of each channel separately, with `multiplier` filters per channel.

    Equals a `conv` with as many groups as channels (Chollet 2016, arXiv:1610.02357; Howard et al. 2017,
    arXiv:1704.04861) and has the same costs.
    """

    also_known_as = (
        "DepthwiseConv2dNative",
        "ConvolutionDepthWise",
        "depthwise",
        "dwconv",
        "dw_conv",
        "深度卷积",
        "逐通道卷积",
    )

    kernel: PerAxis = per_axis("size of the filters", example=3)
    stride: PerAxis = per_axis("step of the filters", default=1)
    padding: PerAxis | str = padding_of("rows and columns of zeros around the input")
    dilation: PerAxis = per_axis("distance between a filter's taps", default=1)
    multiplier: int = whole("filters for each input channel", default=1)
    bias: bool = flag("whether each filter has a learnable bias", default=True)

    role = Role.CONVOLUTION
    pytorch = "Conv"
    counts_as_depth = True

    @property
    def implementation(self) -> str:
        return name_padding(self.pytorch, self.padding, self.stride)

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        return Shape((image.channels * self.multiplier, *slide_all(self.windows(inputs), image)))

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        return (saved_input(inputs[0], self.windows(inputs), same=pads_same(self.padding, self.stride)),)

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        filters = inputs[0].channels * self.multiplier
        weight = Weight("weight", (filters, 1, *(window.kernel for window in self.windows(inputs))))
        return (weight, Weight("bias", (filters,))) if self.bias else (weight,)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        read = kernel_positions(self.windows(inputs))
        return Matrices(inputs[0].channels, self.multiplier, read, output.positions, False)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("depthwise"), *dilation_remarks(self.windows(inputs)))

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        biases = output.elements if self.bias else 0
        alike = {key: value for key, value in vars(self).items() if key != "multiplier"}
        full = Conv(filters=output.channels, **alike) if inputs[0].channels > 1 else None
        return Wiring(output.positions * self.weights(inputs)[0].size, biases, full)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(
            multiply_accumulates=output.positions * self.weights(inputs)[0].size,
            adds=output.elements if self.bias else 0,
        )

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        return sliding_windows(inputs[0], self.kernel, self.stride, self.padding, self.dilation)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return POINT if self.multiplier == 1 else ResizeWindow(output.channels)

    def formulas(self) -> Formulas:
        filters = "in_channels" if self.multiplier == 1 else "in_channels * multiplier"
        formulas = {
            "out_channels": filters,
            "out_size": size_formula(self.padding, self.dilation),
            "weight": f"{filters} * kernel_positions",
            "multiply_accumulates": f"out_positions * {filters} * kernel_positions",
        }
        return {**formulas, "bias": filters, "adds": "out_elements"} if self.bias else formulas
