from __future__ import annotations

from cnncalc.analyses.conventions.contract import DOUBLED, NOTHING, Convention
from cnncalc.layers.contract import Role

# `darknet ops`: `2 * weights * positions` of [convolutional] and `2 * inputs * outputs` of [connected]; [local],
# [deconvolutional], pools, batch norms, activations and shortcuts have no figure.
CONVENTION = Convention(
    name="Darknet (ops)",
    version="f6afaab",
    source="pjreddie/darknet: examples/darknet.c (numops), run by `darknet ops`",
    unit="FLOPs",
    charges={"LocallyConnected": NOTHING, "ConvTranspose": NOTHING},
    by_role={Role.CONVOLUTION: DOUBLED, Role.LINEAR: DOUBLED},
    counts_params=frozenset(),
    defects=("local_convolutions_missed",),
    tested=True,
)
