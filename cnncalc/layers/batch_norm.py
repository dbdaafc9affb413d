from __future__ import annotations

from cnncalc.layers._normalizing import ChannelNorm
from cnncalc.layers.contract import INPUT, STATISTIC_BYTES, Role, Saved, Shapes, own
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.settings import flag


class BatchNorm(ChannelNorm, name="batch_norm"):
    """Batch normalization: each channel to mean 0 and variance 1, then scaled and shifted (Ioffe & Szegedy 2015).

    At inference it uses the mean and variance tracked in training, which are buffers, and folds into
    one multiply and one add per element. Without `track_statistics` it computes them from its input:
    for one sample 3 adds (4 if `affine`) and 2 (3) multiplies per element, and per channel 1 add
    less, 3 divides and 1 exponential. `scale: false` omits the learnable scale and `center: false` the shift, as in
    Keras; `affine: false` omits both.
    """

    also_known_as = (
        "BatchNormalization",
        "bn",
        "FusedBatchNorm",
        "SyncBatchNorm",
        "norm",
        "normalization",
        "批量归一化",
        "批归一化",
    )

    affine: bool = flag("whether each channel has a learnable scale and shift", default=True)
    track_statistics: bool = flag("whether mean and variance are tracked in training", default=True)

    scale: bool = flag("whether each channel has a learnable scale, if affine", default=True)
    center: bool = flag("whether each channel has a learnable shift, if affine", default=True)

    role = Role.BATCH_NORM
    pytorch = "BatchNorm"

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        channels = inputs[0].channels
        if frozen:
            # A frozen layer is one factor and one addend per channel, computed from its buffers.
            return (own(channels, per_sample=False, needed_for=(0,)),)
        return (INPUT, own(2 * channels, STATISTIC_BYTES, per_sample=False))

    @property
    def has_scale(self) -> bool:
        return self.affine and self.scale

    @property
    def has_center(self) -> bool:
        return self.affine and self.center
