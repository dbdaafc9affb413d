from __future__ import annotations

from cnncalc.layers.contract import (
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Remark,
    Role,
    Shapes,
    Weight,
    Wiring,
    remark,
    whole_axes,
)
from cnncalc.layers.shapes import Shape, WholeWindow, Window
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import target_shape, whole


class Opaque(LayerType, name="opaque"):
    """A layer of unknown type, with the figures that the spec declares.

    Output, parameters and multiply-accumulates are required, so that nothing unknown silently
    counts as 0. The layer is assumed to have no other operations, to read the whole input for each
    output, and not to count as depth.
    """

    also_known_as = ("custom", "Lambda", "PythonLayer")

    output: tuple[int, ...] = target_shape("sizes of the output, channels first")
    params: int = whole("number of learnable parameters", minimum=0)
    macs: int = whole("multiply-accumulates for one sample", minimum=0)
    buffers: int = whole("number of buffer elements, which are stored but not learnable", default=0, minimum=0)

    role = Role.OTHER

    def output_shape(self, inputs: Shapes) -> Shape:
        return Shape(self.output)

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        declared = (Weight("params", (self.params,)), Weight("buffers", (self.buffers,), learned=False))
        return tuple(weight for weight in declared if weight.size)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("opaque"),)

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(multiply_accumulates=self.macs)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        sizes = Shape(self.output).spatial
        return tuple(map(WholeWindow, sizes)) if len(sizes) == inputs[0].rank else whole_axes(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(output.channels)

    def formulas(self) -> Formulas:
        declared = {"params": "params", "buffers": "buffers", "multiply_accumulates": "macs"}
        given = {key: text for key, text in declared.items() if getattr(self, text)}
        return {"out_channels": "output[0]", "out_size": "outputs", **given}

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {**super().symbols(inputs, output), "output": self.output}
