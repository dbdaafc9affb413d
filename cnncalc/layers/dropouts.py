"""Dropout layers, which drop elements or branches in training and do nothing at inference."""

from __future__ import annotations

from fractions import Fraction

from cnncalc.layers._elementwise import Elementwise
from cnncalc.layers.contract import NO_OPERATIONS, Aliasing, Remark, Role, Saved, Shapes, own, remark
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.expressions import Number, fraction
from cnncalc.syntax.settings import number

# PyTorch's kernel for GPUs keeps a mask in bytes, unless it works in place.
MASK_BYTES = 1


class Dropout(Elementwise, name="dropout"):
    """Sets elements to 0 at random in training (Srivastava et al. 2014); no operations at inference.

    The remaining elements are scaled in training, not at inference, as in all current frameworks.
    """

    also_known_as = ("SpatialDropout2D", "AlphaDropout", "随机失活")

    rate: Number = number("fraction of elements that are dropped", default=fraction("0.5"), low=0, high=1)

    each = NO_OPERATIONS
    role = Role.DROPOUT
    pytorch = "Dropout"
    aliasing = Aliasing.IN_PLACE

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        if not self.rate:
            return ()
        if self.rate == 1:
            return (own(1, per_sample=False),)
        return (own(inputs[0].elements)._replace(mixed_bytes=MASK_BYTES),)

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        kept = 1 - self.rate
        training = remark("dropout", rate=self.rate, kept=kept, factor=Fraction(1) / kept if kept else 0)
        return (training, remark("only_in_training"))


class DropPath(Elementwise, name="drop_path"):
    """Drops a whole branch at random in training: stochastic depth (Huang et al. 2016, arXiv:1603.09382).

    Place it last in a branch of an `add`; no operations at inference.
    """

    also_known_as = ("StochasticDepth", "drop_connect")

    rate: Number = number("fraction of samples for which the branch is dropped", low=0, high=1)

    each = NO_OPERATIONS
    role = Role.DROPOUT
    pytorch = "StochasticDepth"
    aliasing = Aliasing.IN_PLACE

    def saved(self, inputs: Shapes, output: Shape, *, frozen: bool = False) -> tuple[Saved, ...]:
        # One number for each sample.
        return (own(1),) if self.rate else ()

    def remarks(self, inputs: Shapes, output: Shape) -> tuple[Remark, ...]:
        return (remark("drop_path", rate=self.rate), remark("only_in_training"))
