from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.contract import (
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
from cnncalc.layers.shapes import Shape, WholeWindow, Window
from cnncalc.syntax.settings import flag, whole


class Linear(LayerType, name="linear"):
    """Linear (fully connected, dense) layer: every feature is a weighted sum of all inputs.

    Each weight is one multiply-accumulate, and a bias one add per feature.
    """

    also_known_as = (
        "Dense",
        "fc",
        "FullyConnected",
        "InnerProduct",
        "Gemm",
        "MatMul",
        "connected",
        "全连接",
        "全连接层",
    )

    features: int = whole("numbers that leave, each a weighted sum of all that come in", example=1000)
    bias: bool = flag("whether each feature adds a learned number", default=True)
    flatten: bool = flag("whether a feature map is read as one long vector", default=False)

    role = Role.LINEAR
    counts_as_depth = True

    def output_shape(self, inputs: Shapes) -> Shape:
        if inputs[0].rank and not self.flatten:
            raise RuleError(
                f"a vector is needed, but {inputs[0].described} comes in",
                None,
                "a flatten or global_avg_pool above it, or flatten: true, would give one",
            )
        return Shape((self.features,))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        weight = Weight("weight", (self.features, inputs[0].elements))
        return (weight, Weight("bias", (self.features,))) if self.bias else (weight,)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring:
        biases = output.elements if self.bias else 0
        return Wiring(self.features * inputs[0].elements, biases)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(
            multiply_accumulates=self.features * inputs[0].elements, adds=self.features if self.bias else 0
        )

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return whole_axes(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(self.features)

    def formulas(self) -> Formulas:
        formulas = {
            "out_channels": "features",
            "weight": "features * in_elements",
            "multiply_accumulates": "features * in_elements",
        }
        return {**formulas, "bias": "features", "adds": "features"} if self.bias else formulas
