from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers._normalizing import ChannelNorm
from cnncalc.layers.contract import INPUT, STATISTIC_BYTES, Role, Saved, Shapes, feature_map, own
from cnncalc.layers.shapes import Shape, times
from cnncalc.syntax.settings import flag


class InstanceNorm(ChannelNorm, name="instance_norm"):
    """Instance normalization: each channel of each sample to mean 0 and variance 1 (Ulyanov et al. 2016).

    As in PyTorch, it has no parameters and tracks no statistics by default. An element costs 3 adds (4 if
    `affine`) and 2 (3) multiplies, and a channel 1 add less, 3 divides and 1 exponential. With
    `track_statistics` it folds into one multiply and one add per element, as `batch_norm` does.
    """

    also_known_as = ("InstanceNormalization", "norm", "normalization", "实例归一化")

    affine: bool = flag("whether each channel has a learnable scale and shift", default=False)
    track_statistics: bool = flag("whether mean and variance are tracked in training", default=False)

    role = Role.CHANNEL_NORM
    pytorch = "InstanceNorm"

    def output_shape(self, inputs: Shapes) -> Shape:
        image = feature_map(inputs)
        if image.positions == 1:
            raise RuleError(
                f"a {times(image.spatial)} channel has one element, which normalization always makes 0",
                None,
                "use batch_norm or layer_norm",
            )
        return image

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # PyTorch makes each channel of each sample a channel of a batch norm, and copies its weights to all of them.
        copies = (1 if self.affine else 0) + (2 if self.track_statistics else 0)
        return (INPUT, own((2 + copies) * inputs[0].channels, STATISTIC_BYTES))
