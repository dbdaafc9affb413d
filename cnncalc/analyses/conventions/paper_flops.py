from __future__ import annotations

from cnncalc.analyses.conventions.contract import DOUBLED, Convention
from cnncalc.layers.contract import Role

# Some papers count multiplies and adds separately, and no biases.
CONVENTION = Convention(
    name="papers (2 per MAC)",
    version="by definition",
    source="2 x MACs: multiplies and adds are separate operations",
    unit="FLOPs",
    by_role=dict.fromkeys(Role, DOUBLED),
    unmodeled=frozenset(),
    counts_params=frozenset(),
)
