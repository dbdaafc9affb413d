from __future__ import annotations

from cnncalc.layers._groups import check_groups
from cnncalc.layers._moving import Moving
from cnncalc.layers.contract import Formulas, Remark, Role, Shapes, pointwise, remark
from cnncalc.layers.shapes import Shape, Window, quotient
from cnncalc.syntax.settings import whole


class ChannelShuffle(Moving, name="channel_shuffle"):
    """Interleaves channel groups: all first channels, then all second ones (Zhang et al. 2017, arXiv:1707.01083).

    Between two grouped convolutions it lets each group read from all others.
    """

    also_known_as = ("ShuffleChannel", "通道混洗")

    groups: int = whole("number of channel groups", example=4)

    role = Role.REARRANGEMENT
    pytorch = "ChannelShuffle"

    def output_shape(self, inputs: Shapes) -> Shape:
        check_groups("groups", self.groups, (inputs[0].channels, "channels"))
        return inputs[0]

    def windows(self, inputs: Shapes) -> tuple[Window, ...]:
        return pointwise(inputs)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        # Consecutive output channels come from consecutive groups.
        sources = min(self.groups, quotient(output.channels, self.groups))
        return (remark(self.name, sources=sources) if sources > 1 else remark("channels_stay"),)

    def formulas(self) -> Formulas:
        return {"out_channels": "in_channels"}
