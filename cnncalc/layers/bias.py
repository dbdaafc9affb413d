from __future__ import annotations

from cnncalc.layers._elementwise import Elementwise
from cnncalc.layers.contract import Formulas, Operations, Remark, Role, Shapes, Weight, remark
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.settings import choice


class Bias(Elementwise, name="bias"):
    """Adds a learnable bias to each channel, each position or each element.

    `channels` has one per channel, like Caffe's Bias layer; `positions` one per position, shared by all channels;
    `all` one per element, like the position embedding of ViT (Dosovitskiy et al. 2020, arXiv:2010.11929). One add per
    element.
    """

    also_known_as = ("BiasLayer", "LearnedBias", "PositionEmbedding", "pos_embed", "位置编码")

    axes: str = choice(
        "whether each channel, each position or each element has a bias",
        ("channels", "positions", "all"),
        default="channels",
    )

    each = Operations(adds=1)
    is_reserved = False
    role = Role.SCALING
    keeps = ()

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        image = inputs[0]
        shapes = {"channels": (image.channels,), "positions": (1, *image.spatial), "all": tuple(image)}
        return (Weight("bias", shapes[self.axes]),)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark(f"bias_{self.axes}", "x + bias"),)

    def formulas(self) -> Formulas:
        learned = {"channels": "in_channels", "positions": "in_positions", "all": "in_elements"}
        return {**super().formulas(), "bias": learned[self.axes]}
