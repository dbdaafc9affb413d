from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.contract import (
    INDEX_BYTES,
    NO_OPERATIONS,
    Formulas,
    LayerType,
    Matrices,
    Operations,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    Wiring,
    own,
    pointwise,
    remark,
)
from cnncalc.layers.shapes import Shape, WholeWindow, Window
from cnncalc.syntax.settings import whole


class Embedding(LayerType, name="embedding"):
    """A table of learnable vectors: each index of the input becomes its vector.

    The input has one channel of indices below `vocabulary`: [1, 128] is a text of 128 words. A
    lookup copies elements and needs no operations, as in PyTorch's Embedding.
    """

    also_known_as = ("lookup_table", "EmbeddingBag", "词嵌入", "嵌入层")

    vocabulary: int = whole("number of different indices", example=30522)
    features: int = whole("elements of each vector", example=768)

    is_reserved = False
    role = Role.OTHER
    pytorch = "Embedding"

    def output_shape(self, inputs: Shapes) -> Shape:
        image = inputs[0]
        if image.channels != 1:
            sizes = image.spatial or (image.channels,)
            raise RuleError(
                f"embedding needs indices in one channel, got {image.described}",
                None,
                f"declare the input as [1, {', '.join(map(str, sizes))}], one index per position",
            )
        return Shape((self.features, *image.spatial))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return (Weight("weight", (self.vocabulary, self.features)),)

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # The indices.
        return (own(inputs[0].elements, INDEX_BYTES),)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return NO_OPERATIONS

    def wiring(self, inputs: Shapes, output: Shape) -> Wiring | None:
        # A lookup selects weights without multiplying by any.
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
