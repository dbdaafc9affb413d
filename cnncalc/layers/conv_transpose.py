from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._groups import check_groups
from cnncalc.layers._windowed import Windowed, dilation_remarks, extent_formula, kernel_positions, padding_formula
from cnncalc.layers.contract import (
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
from cnncalc.layers.shapes import Shape, SpreadWindow, WholeWindow, Window, half, quotient, same_crop, times
from cnncalc.syntax.settings import PerAxis, flag, on_axes, on_sides, padding_of, per_axis, whole


class ConvTranspose(Windowed, name="conv_transpose"):
    """Transposed convolution: each input position spreads a filter over the output, `stride` apart.

    The gradient of a `conv` with the same settings, with PyTorch's rule for the output's size
    (Dumoulin & Visin 2016, arXiv:1603.07285). `padding` crops rows and columns of the output;
    `same` crops or adds rows and columns so that the output is stride x the input size, as in Keras;
    `valid` crops none. Each weight costs one multiply-accumulate per input position, cropped outputs
    included, and a bias one add per output element.
    """

    also_known_as = ("Deconvolution", "deconv", "transposed_conv", "conv_trans", "upconv", "转置卷积", "反卷积")

    filters: int = whole("number of filters, one per output channel")
    kernel: PerAxis = per_axis("size of the filters")
    stride: PerAxis = per_axis("distance between neighboring inputs in the output", default=1)
    padding: PerAxis | str = padding_of("rows and columns cropped from each side of the output")
    output_padding: PerAxis = per_axis("rows and columns added at the end of the output", default=0, minimum=0)
    dilation: PerAxis = per_axis("distance between a filter's taps", default=1)
    groups: int = whole("number of channel groups, each convolved separately", default=1)
    bias: bool = flag("whether each filter has a learnable bias", default=True)

    role = Role.CONVOLUTION
    counts_as_depth = True

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        check_groups("groups", self.groups, (image.channels, "input channels"), (self.filters, "filters"))
        windows = self.windows(inputs)
        sizes = tuple(window.slide(size) for window, size in zip(windows, image.spatial, strict=True))
        for window, size in zip(windows, sizes, strict=True):
            self._check_output_padding(window)
            if size < 1:
                # Half of the output's size without padding, so that one row or column remains.
                most = half(size + window.before + window.after - 1)
                raise RuleError(
                    f"padding {window.before} crops the whole output of the {times(image.spatial)} input",
                    "padding",
                    f"use padding of at most {most}",
                )
        return Shape((self.filters, *sizes))

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
        rank = inputs[0].rank
        kernels = on_axes(self.kernel, rank, "kernel")
        strides = on_axes(self.stride, rank, "stride")
        dilations = on_axes(self.dilation, rank, "dilation")
        added = on_axes(self.output_padding, rank, "output_padding")
        if self.padding == "same":
            if any(added):
                raise RuleError("padding same sets the output size", "output_padding", "leave output_padding at 0")
            crops = tuple(map(same_crop, kernels, strides, dilations))
            sides = tuple((before, after) for before, after, _ in crops)
            added = tuple(extra for _, _, extra in crops)
        elif isinstance(self.padding, str):
            sides = ((0, 0),) * rank
        else:
            sides = on_sides(self.padding, rank, "padding")
        return tuple(
            SpreadWindow(kernel, stride, before, after, dilation, extra)
            for kernel, stride, (before, after), dilation, extra in zip(
                kernels, strides, sides, dilations, added, strict=True
            )
        )

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(self.filters) if self.groups == 1 else None

    def formulas(self) -> Formulas:
        pairs = "in_channels * filters" if self.groups == 1 else "in_channels * (filters / groups)"
        taken = padding_formula(self.padding)
        off = f" - {taken}" if taken == "2 * padding" else f" - ({taken})" if taken else ""
        # The output padding of `same` is not among the settings.
        added = " + output_padding" if self.output_padding or self.padding == "same" else ""
        formulas = {
            "out_channels": "filters",
            "out_size": f"(in_size - 1) * stride + {extent_formula(self.dilation)}{off}{added}",
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
