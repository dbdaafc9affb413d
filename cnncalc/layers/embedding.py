from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.contract import (
    NO_OPERATIONS,
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Remark,
    Role,
    Shapes,
    Weight,
    Wiring,
    pointwise,
    remark,
)
from cnncalc.layers.shapes import Shape, WholeWindow, Window
from cnncalc.syntax.settings import whole


class Embedding(LayerType, name="embedding"):
    """A learned vector for each index: the numbers of the input are looked up in a table.

    The input has one channel, whose numbers are indices below `vocabulary`: [1, 128] is a text of 128 words. A
    lookup copies numbers and needs no operations, as in PyTorch's Embedding.
    """

    also_known_as = ("lookup_table", "EmbeddingBag", "词嵌入", "嵌入层")

    vocabulary: int = whole("number of different indices", example=30522)
    features: int = whole("numbers that an index becomes", example=768)

    is_reserved = False
    role = Role.OTHER

    def output_shape(self, inputs: Shapes) -> Shape:
        image = inputs[0]
        if image.channels != 1:
            sizes = image.spatial or (image.channels,)
            raise RuleError(
                f"embedding needs indices in one channel, but {image.described} comes in",
                None,
                f"declare the input as [1, {', '.join(map(str, sizes))}]: an index at each position",
            )
        return Shape((self.features, *image.spatial))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return (Weight("weight", (self.vocabulary, self.features)),)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return NO_OPERATIONS

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        # A lookup chooses weights, and multiplies by none.
        return None

    def matrices(self, inputs: Shapes, output: Shape) -> Matrices | None:
        return None

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("embedding"),)

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def channel_window(self, inputs: Shapes, output: Shape) -> Window | None:
        return WholeWindow(self.features)

    def formulas(self) -> Formulas:
        return {"out_channels": "features", "weight": "vocabulary * features"}
