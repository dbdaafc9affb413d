from __future__ import annotations

from cnncalc.analyses.conventions.contract import MACS, NOTHING, Convention
from cnncalc.layers.contract import Role

# Convolutional Neural Networks at Constrained Time Cost leaves linear layers and pools out of the complexity.
CONVENTION = Convention(
    name="papers (convolutions)",
    version="He, Sun 2015",
    source="arXiv:1412.1710, equation 1: the complexity of all convolutional layers",
    unit="MACs",
    by_role={Role.CONVOLUTION: MACS, Role.LINEAR: NOTHING},
    unmodeled=frozenset(),
    counts_params=frozenset(),
)
