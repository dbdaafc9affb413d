from __future__ import annotations

from cnncalc.analyses.conventions.contract import MACS, NOTHING, Convention
from cnncalc.layers.contract import Role

# ShuffleNet (Zhang et al. 2018, arXiv:1707.01083) and others count the convolutions alone.
CONVENTION = Convention(
    name="papers (convolutions)",
    version="Zhang et al. 2018",
    source="arXiv:1707.01083, Table 2: complexity of convolutions",
    unit="MACs",
    by_role={Role.CONVOLUTION: MACS, Role.LINEAR: NOTHING},
    counts_params=frozenset(),
)
