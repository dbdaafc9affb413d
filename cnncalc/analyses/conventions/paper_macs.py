from __future__ import annotations

from cnncalc.analyses.conventions.contract import MACS, Convention
from cnncalc.layers.contract import Role

# He et al. 2016 (arXiv:1512.03385, Table 1) print multiply-adds as FLOPs: 3.8 x 10^9 for ResNet-50.
CONVENTION = Convention(
    name="papers (MACs)",
    version="He et al. 2016",
    source="arXiv:1512.03385, Table 1: FLOPs (multiply-adds)",
    unit="FLOPs",
    by_role=dict.fromkeys(Role, MACS),
    unmodeled=frozenset(),
    counts_params=frozenset({"learned"}),
    defects=("macs_named_flops",),
)
