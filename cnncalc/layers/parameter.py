from __future__ import annotations

from cnncalc.layers._axes import check_axis_count
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import (
    Aliasing,
    Formulas,
    Matrices,
    Reading,
    Remark,
    Role,
    Shapes,
    Weight,
    Wiring,
    remark,
)
from cnncalc.layers.shapes import Shape, Window
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.settings import target_shape


class LearnedTensor(Moving, name="parameter"):
    """A learnable tensor, which reads no input.

    It starts a branch of a join, or the network: position embeddings and class tokens of a vision transformer
    (Dosovitskiy et al. 2020, arXiv:2010.11929), the position bias of window attention, a gain of one element.
    All of its elements are parameters; it has no operations, and its receptive field is empty. Its
    shape may be computed from the current tensor, as in `shape: in_shape`.
    """

    also_known_as = ("weight", "Variable", "register_parameter", "learned_tensor", "可学习参数")

    shape: tuple[int, ...] = target_shape("sizes of the tensor, channels first", example=(64, 14, 14))

    least_inputs = 0
    is_reserved = False
    role = Role.WEIGHTS
    keeps = ()
    # Its output is its weight, which is already counted.
    aliasing = Aliasing.VIEW

    def output_shape(self, inputs: Shapes) -> Shape:
        check_axis_count(self.shape)
        return Shape(self.shape)

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return (Weight("weight", self.shape),)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("parameter"),)

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        return None

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return ()

    def readings(self, inputs: Shapes, output: Shape) -> tuple[Reading, ...]:
        return ()

    def formulas(self) -> Formulas:
        sizes = " * ".join(map(str, self.shape))
        return {"out_elements": sizes, "weight": sizes}

    def symbols(self, inputs: Shapes, output: Shape) -> dict[str, Value]:
        return {"out_elements": output.elements}
