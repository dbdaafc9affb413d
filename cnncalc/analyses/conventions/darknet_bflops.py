from __future__ import annotations

from cnncalc.analyses.conventions.contract import DOUBLED, NOTHING, UNMODELED, Charge, Convention, Count
from cnncalc.layers.contract import Role

# "Total BFLOPS", the sum of each layer's `l.bflops`: two per weight and position of a convolution, one per position of
# a pooling window, one per element that a shortcut adds. [connected], [local] and global pools have no figure.
POOL = (Charge(Count.WINDOWS),)
CONVENTION = Convention(
    name="Darknet (BFLOPS)",
    version="59596d7",
    source="AlexeyAB/darknet: src/convolutional_layer.c, src/maxpool_layer.c, src/shortcut_layer.c (`l.bflops`)",
    unit="FLOPs",
    charges={"LocallyConnected": NOTHING},
    by_role={
        Role.CONVOLUTION: DOUBLED,
        Role.LINEAR: NOTHING,
        Role.MAX_POOL: POOL,
        Role.AVERAGE_POOL: POOL,
        Role.SUM: (Charge(Count.FURTHER_INPUTS),),
    },
    # It has no transposed convolution.
    unmodeled=UNMODELED | {"ConvTranspose"},
    counts_params=frozenset(),
    defects=("linear_missed", "local_convolutions_missed"),
    tested=True,
)
