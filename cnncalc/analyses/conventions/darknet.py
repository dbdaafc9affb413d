from __future__ import annotations

from cnncalc.analyses.conventions.contract import DOUBLED, Charge, Convention, Count
from cnncalc.layers.contract import Role

# BFLOPs: `2 * weights * positions` of a convolution, and one per position of a max-pool window. Linear layers
# ([connected]), average pools, batch norm and activations have no figure. Darknet counts no parameters.
CONVENTION = Convention(
    name="Darknet",
    version="AlexeyAB fork",
    source="AlexeyAB/darknet: src/convolutional_layer.c, src/maxpool_layer.c (`l.bflops`)",
    unit="FLOPs",
    by_role={Role.CONVOLUTION: DOUBLED, Role.MAX_POOL: (Charge(Count.WINDOWS),)},
    counts_params=frozenset(),
    defects=("linear_missed",),
    tested=False,
)
