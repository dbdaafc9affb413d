from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._axes import find_axis
from cnncalc.layers.contract import (
    INPUT,
    WEIGHTS,
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Role,
    Shapes,
    Weight,
    Wiring,
    whole_axes,
)
from cnncalc.layers.shapes import POINT, Shape, WholeWindow, Window
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import axis_of, flag, whole


class Linear(LayerType, name="linear"):
    """Linear (fully connected, dense) layer: every feature is a weighted sum of all inputs.

    Each weight costs one multiply-accumulate, and a bias one add per feature. With `axis`, the inputs are the
    elements along one axis of a map, and every index of the other axes uses the same weights: axis 0 is the
    channels, as in a 1x1 convolution, and -1 the last axis, as in PyTorch's Linear.
    """

    also_known_as = (
        "Dense",
        "fc",
        "FullyConnected",
        "InnerProduct",
        "Gemm",
        "connected",
        "全连接",
        "全连接层",
    )

    features: int = whole("number of outputs, each a weighted sum of all inputs", example=1000)
    bias: bool = flag("whether each feature has a learnable bias", default=True)
    flatten: bool = flag("whether to read a feature map as one vector", default=False)
    axis: int | None = axis_of(
        "axis of a feature map that holds the inputs, separately for each index of the other axes",
        default=None,
        absent="that of a vector",
    )

    role = Role.LINEAR
    pytorch = "Linear"
    keeps = (INPUT._replace(needed_for=(WEIGHTS,)),)
    counts_as_depth = True

    def output_shape(self, inputs: Shapes) -> Shape:
        if self.axis is not None:
            if self.flatten:
                raise RuleError("flatten and axis are mutually exclusive", "axis", "remove one of them")
            along = find_axis(self.axis, inputs[0])
            return Shape(self.features if axis == along else size for axis, size in enumerate(inputs[0]))
        if inputs[0].rank and not self.flatten:
            raise RuleError(
                f"expected a vector, got {inputs[0].described}",
                None,
                "add a flatten or global_avg_pool above it, or set flatten: true",
            )
        return Shape((self.features,))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        weight = Weight("weight", (self.features, self._inner(inputs[0])))
        return (weight, Weight("bias", (self.features,))) if self.bias else (weight,)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        biases = output.elements if self.bias else 0
        return Wiring(self.features * inputs[0].elements, biases)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(
            multiply_accumulates=self.features * inputs[0].elements, adds=output.elements if self.bias else 0
        )

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        if self.axis is None:
            return whole_axes(inputs)
        along = find_axis(self.axis, inputs[0])
        axes = range(1, len(inputs[0]))
        return tuple(WholeWindow(self.features) if axis == along else POINT for axis in axes)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        weighs_channels = self.axis is None or find_axis(self.axis, inputs[0]) == 0
        return WholeWindow(self.features) if weighs_channels else POINT

    def formulas(self) -> Formulas:
        formulas = {
            "out_channels": "features",
            "weight": "features * in_elements",
            "multiply_accumulates": "features * in_elements",
        }
        adds = "features"
        if self.axis is not None:
            adds = "features * in_elements / axis_size"
            formulas = {
                "out_elements": adds,
                "weight": "features * axis_size",
                "multiply_accumulates": "features * in_elements",
            }
        return {**formulas, "bias": "features", "adds": adds} if self.bias else formulas

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "axis_size": self._inner(inputs[0])}

    def _inner(self, image: Shape) -> int:
        """The number of inputs of each feature."""
        return image.elements if self.axis is None else image[find_axis(self.axis, image)]
