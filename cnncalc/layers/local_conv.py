from __future__ import annotations

from cnncalc.layers._windowed import Windowed, size_formula, sliding_windows
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
from cnncalc.layers.shapes import Shape, SlidingWindow, WholeWindow, Window, slide_all
from cnncalc.syntax.settings import PerAxis, flag, padding_of, per_axis, whole


class LocalConv(Windowed, name="local_conv"):
    """Locally connected layer: a `conv` without parameter sharing, with weights and bias for each output position.

    Used in face recognition (Taigman et al. 2014, DeepFace); Keras calls it LocallyConnected. It has the
    operations of a `conv` and `out_positions` times its parameters.
    """

    also_known_as = ("LocallyConnected2D", "locally_connected", "local", "局部连接层")

    filters: int = whole("number of filters at each position, one per output channel", example=64)
    kernel: PerAxis = per_axis("size of the filters", example=3)
    stride: PerAxis = per_axis("step of the filters", default=1)
    padding: PerAxis | str = padding_of("rows and columns of zeros around the input")
    bias: bool = flag("whether each output element has a learnable bias", default=True)

    role = Role.CONVOLUTION
    # PyTorch has no such module; Keras and Darknet did.
    implementation = "LocallyConnected"
    keeps = None  # PyTorch has no such layer; each way to write it keeps something else.
    counts_as_depth = True

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        return Shape((self.filters, *slide_all(self.windows(inputs), image)))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        output = self.output_shape(inputs)
        kernel = tuple(window.kernel for window in self.windows(inputs))
        weight = Weight("weight", (*output.spatial, self.filters, inputs[0].channels, *kernel))
        return (weight, Weight("bias", tuple(output))) if self.bias else (weight,)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("local_conv"),)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        biases = output.elements if self.bias else 0
        return Wiring(self.weights(inputs)[0].size, biases)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(multiply_accumulates=self.weights(inputs)[0].size, adds=output.elements if self.bias else 0)

    def windows(self, inputs: Shapes) -> tuple[SlidingWindow, ...]:
        return sliding_windows(inputs[0], self.kernel, self.stride, self.padding)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(self.filters)

    def formulas(self) -> Formulas:
        formulas = {
            "out_channels": "filters",
            "out_size": size_formula(self.padding),
            "weight": "out_elements * in_channels * kernel_positions",
            "multiply_accumulates": "out_elements * in_channels * kernel_positions",
        }
        return {**formulas, "bias": "out_elements", "adds": "out_elements"} if self.bias else formulas
