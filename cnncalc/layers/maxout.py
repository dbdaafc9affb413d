from __future__ import annotations

from cnncalc.layers._groups import check_groups
from cnncalc.layers.contract import (
    INDEX_BYTES,
    NO_WEIGHTS,
    Formulas,
    LayerType,
    Operations,
    Remark,
    Role,
    Saved,
    Shapes,
    Weight,
    own,
    pointwise,
    remark,
)
from cnncalc.layers.shapes import Shape, Window, quotient
from cnncalc.syntax.settings import whole


class Maxout(LayerType, name="maxout"):
    """The maximum of every `pieces` channels, at each position (Goodfellow et al. 2013, arXiv:1302.4389).

    A maxout unit of k pieces is a conv or linear layer with k times as many filters or features, and so
    k times the weights, followed by this layer. `pieces` - 1 comparisons per output element.
    """

    pieces: int = whole("number of input channels per output channel")

    role = Role.ACTIVATION

    def output_shape(self, inputs: Shapes) -> Shape:
        channels = inputs[0].channels
        check_groups("pieces", self.pieces, (channels, "channels"))
        return Shape((quotient(channels, self.pieces), *inputs[0].spatial))

    def weights(self, inputs: Shapes) -> tuple[Weight, ...]:
        return NO_WEIGHTS

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # The channel of each maximum.
        return (own(output.elements, INDEX_BYTES),)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        price = remark("maxout_price")._replace(of_source=True)
        # With many pieces, the formula lists only some.
        each = (f"x{number}" for number in range(1, self.pieces + 1)) if self.pieces <= 8 else ("its_pieces",)
        return (remark("maxout", f"max({', '.join(each)})"), price)

    def operations(self, inputs: Shapes, output: Shape) -> Operations:
        return Operations(compares=output.elements * (self.pieces - 1))

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels / pieces", "compares": "out_elements * (pieces - 1)"}
