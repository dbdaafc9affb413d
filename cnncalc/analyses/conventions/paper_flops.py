from __future__ import annotations

from cnncalc.analyses.conventions.contract import DOUBLED, Convention
from cnncalc.layers.contract import Role

# Multiplies and adds counted apart, as in Molchanov et al. 2017 (arXiv:1611.06440), without biases.
CONVENTION = Convention(
    name="papers (2 per MAC)",
    version="Molchanov et al. 2017",
    source="arXiv:1611.06440, appendix A.1",
    unit="FLOPs",
    by_role=dict.fromkeys(Role, DOUBLED),
    counts_params=frozenset(),
)
