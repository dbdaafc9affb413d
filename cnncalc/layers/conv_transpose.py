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
    (Dumoulin & Visin 2016, arXiv:1603.07285). `padding` removes rows and columns of the output;
    `same` removes or adds as many as give stride x the input size, as Keras does; `valid`
    takes off none. `size` gives the output's size where several are possible, as PyTorch's `output_size` does, in
    place of `output_padding`. Each weight is one multiply-accumulate per input position, those whose
    result is taken off included, and a bias one add per output number.
    """

    also_known_as = ("Deconvolution", "deconv", "transposed_conv", "conv_trans", "upconv", "转置卷积", "反卷积")

    filters: int = whole("number of filters, the output's channels", example=64)
    kernel: PerAxis = per_axis("size of the filters", example=3)
    stride: PerAxis = per_axis("distance of neighboring inputs in the output", default=1)
    padding: PerAxis | str = padding_of("rows and columns taken off the output")
    output_padding: PerAxis = per_axis("rows and columns added after the output", default=0, minimum=0)
    dilation: PerAxis = per_axis("distance between a filter's taps", default=1)
    groups: int = whole("parts that the channels are split into, each convolved apart", default=1, example=4)
    bias: bool = flag("whether each filter adds a learned number", default=True)
    size: PerAxis | None = per_axis(
        "size of the output", default=None, absent="what the other settings give", example=28
    )

    role = Role.CONVOLUTION
    counts_as_depth = True

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        check_groups("groups", self.groups, (image.channels, "input channels"), (self.filters, "filters"))
        windows = self.windows(inputs)
        sizes = tuple(window.slide(size) for window, size in zip(windows, image.spatial, strict=True))
        for window, size in zip(windows, sizes, strict=True):
            if self.size is None:
                self._check_output_padding(window)
            else:
                _check_size(window, size)
            if size < 1:
                # What the output would be without the padding, halved so that one row or column is left.
                most = half(size + window.before + window.after - 1)
                raise RuleError(
                    f"padding {window.before} takes the whole output of the {times(image.spatial)} input away",
                    "padding",
                    f"padding of at most {most} would leave some",
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
                raise RuleError("padding same settles the output's size", "output_padding", "leave output_padding at 0")
            crops = tuple(map(same_crop, kernels, strides, dilations))
            sides = tuple((before, after) for before, after, _ in crops)
            added = tuple(extra for _, _, extra in crops)
        elif isinstance(self.padding, str):
            sides = ((0, 0),) * rank
        else:
            sides = on_sides(self.padding, rank, "padding")
        windows = tuple(
            SpreadWindow(kernel, stride, before, after, dilation, extra)
            for kernel, stride, (before, after), dilation, extra in zip(
                kernels, strides, sides, dilations, added, strict=True
            )
        )
        return windows if self.size is None else self._with_size(windows, inputs[0], self.size)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(self.filters) if self.groups == 1 else None

    def formulas(self) -> Formulas:
        pairs = "in_channels * filters" if self.groups == 1 else "in_channels * (filters / groups)"
        taken = padding_formula(self.padding)
        off = f" - {taken}" if taken == "2 * padding" else f" - ({taken})" if taken else ""
        # What `same` adds is not in the settings.
        added = " + output_padding" if self.output_padding or self.size or self.padding == "same" else ""
        formulas = {
            "out_channels": "filters",
            "out_size": f"(in_size - 1) * stride + {extent_formula(self.dilation)}{off}{added}",
            "weight": f"{pairs} * kernel_positions",
            "multiply_accumulates": f"in_positions * {pairs} * kernel_positions",
        }
        return {**formulas, "bias": "filters", "adds": "out_elements"} if self.bias else formulas

    def _with_size(self, windows: tuple[SpreadWindow, ...], image: Shape, size: PerAxis) -> tuple[SpreadWindow, ...]:
        """The windows with the output padding that gives an output of that size."""
        if self.padding == "same":
            raise RuleError("padding same settles the output's size", "size", "remove size")
        if any(window.output_padding for window in windows):
            raise RuleError("size and output_padding exclude each other", "size", "remove one of them")
        axes = zip(windows, image.spatial, on_axes(size, image.rank, "size"), strict=True)
        return tuple(window._replace(output_padding=wanted - window.slide(own)) for window, own, wanted in axes)

    def _check_output_padding(self, window: SpreadWindow) -> None:
        most = max(window.stride, window.dilation) - 1
        if window.output_padding > most:
            raise RuleError(
                f"output_padding {window.output_padding} is not smaller than stride {window.stride}"
                f" or dilation {window.dilation}",
                "output_padding",
                f"output_padding of at most {most} would",
            )


def _check_size(window: SpreadWindow, size: int) -> None:
    """Raises RuleError for a size that no output padding below the stride gives."""
    least = size - window.output_padding
    if not 0 <= window.output_padding < window.stride:
        most = least + window.stride - 1
        fitting = f"use {most}" if most == least else f"use a size from {max(least, 1)} to {most}"
        raise RuleError(f"the settings cannot give an output of size {size}", "size", fitting)
