from __future__ import annotations

from cnncalc.layers._elementwise import Elementwise
from cnncalc.layers.contract import Formulas, Operations, Remark, Role, Shapes, Weight, remark
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.settings import choice


class Bias(Elementwise, name="bias"):
    """Adds a learned number to each channel, or to each position or each number.

    Caffe's Bias layer over the `channels`, one number each. `positions` have one each for all channels; `all` is one
    for every number, as the position embedding of ViT (Dosovitskiy et al. 2020, arXiv:2010.11929). One add per number.
    """

    also_known_as = ("BiasLayer", "LearnedBias", "PositionEmbedding", "pos_embed", "位置编码")

    axes: str = choice("what has a learned number each", ("channels", "positions", "all"), default="channels")

    each = Operations(adds=1)
    is_reserved = False
    role = Role.SCALING

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        image = inputs[0]
        shapes = {"channels": (image.channels,), "positions": (1, *image.spatial), "all": tuple(image)}
        return (Weight("bias", shapes[self.axes]),)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark(f"bias_{self.axes}", "x + bias"),)

    def formulas(self) -> Formulas:
        learned = {"channels": "in_channels", "positions": "in_positions", "all": "in_elements"}
        return {**super().formulas(), "bias": learned[self.axes]}
